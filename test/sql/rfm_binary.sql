-- Binary input of rfm and rfm_cuts: what send wrote is read back, and bytes
-- that it did not write are an error, wherever they are cut or changed.
SET search_path = clientele, public;
SET client_min_messages = warning;

-- receive(type, bytes): through COPY, the only SQL that reads binary values.
-- Answers the value as text, or the SQLSTATE.
CREATE TEMPORARY TABLE received (row int DEFAULT 0, summary rfm, cuts rfm_cuts);
CREATE FUNCTION pg_temp.receive(col name, value bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    stream bytea := '\x5047434f50590aff0d0a0000000000000000000001'::bytea || int4send(length(value)) || value || '\xffff'::bytea;
    octal text := '';
    result text;
BEGIN
    FOR i IN 0 .. length(stream) - 1 LOOP
        octal := octal || format('\%s%s%s', get_byte(stream, i) >> 6, get_byte(stream, i) >> 3 & 7, get_byte(stream, i) & 7);
    END LOOP;
    TRUNCATE received;
    EXECUTE format('COPY received (%I) FROM PROGRAM %L WITH (FORMAT binary)', col, format('printf ''%s''', octal));
    EXECUTE format('SELECT %I::text FROM received', col) INTO result;
    RETURN result;
EXCEPTION WHEN data_exception OR protocol_violation OR internal_error THEN
    RETURN sqlstate;
END $$;

CREATE TEMPORARY TABLE sample (col name, n int, value text, bytes bytea);
INSERT INTO sample SELECT 'summary', n, v::text, rfm_send(v) FROM (VALUES
    (1, '(2024-01-05 01:30:00+00,2024-06-01 08:00:00.5+00,7,3480.50)'::rfm),
    (2, '(2024-01-05 01:30:00+00,2024-06-01 08:00:00.5+00,7,1e30)'),
    (3, '(4714-11-24 00:00:00+00 BC,294276-12-31 23:59:59.999999+00,9223372036854775807,0)')) AS t (n, v);
INSERT INTO sample SELECT 'cuts', n, v::text, rfm_cuts_send(v) FROM (VALUES
    (1, 'recency 30, 90; frequency 2, =; monetary -0.5, 1e30'::rfm_cuts),
    (2, 'recency 1, 2, 3, 4, 5, 6, 7, 8; frequency 0; monetary 0')) AS t (n, v);

SELECT col, n, length(bytes), bytes FROM sample ORDER BY col DESC, n;
SELECT col, n, pg_temp.receive(col, bytes) = value AS same FROM sample ORDER BY col DESC, n;

-- cut after each byte
SELECT col, n, pg_temp.receive(col, substr(bytes, 1, cut)) AS answer, count(*) AS cuts
FROM sample, generate_series(0, length(bytes) - 1) AS cut GROUP BY 1, 2, 3 ORDER BY 1 DESC, 2, 3;
-- one byte too many
SELECT col, n, pg_temp.receive(col, bytes || '\x00'::bytea) FROM sample ORDER BY 1 DESC, 2;

-- each byte replaced by four others: an error, or another value that prints
-- and reads the same
SELECT col, n, count(*) AS changed, count(*) FILTER (WHERE answer ~ '^[0-9A-Z]{5}$') > 0 AS some_errors,
       string_agg(DISTINCT answer, ' ') FILTER (WHERE answer ~ '^[0-9A-Z]{5}$') AS errors,
       bool_and(CASE WHEN answer ~ '^[0-9A-Z]{5}$' THEN true
                     WHEN col = 'summary' THEN answer::rfm::text = answer
                     ELSE answer::rfm_cuts::text = answer END) AS others_are_values
FROM (SELECT col, n, pg_temp.receive(col, set_byte(bytes, i, byte)) AS answer
      FROM sample, generate_series(0, length(bytes) - 1) AS i, unnest('{0,1,127,255}'::int[]) AS byte
      WHERE n < 3) AS mutants
GROUP BY 1, 2 ORDER BY 1 DESC, 2;

-- what the parts may not say
CREATE FUNCTION pg_temp.parts(version int, first int8, last int8, count int8, sum numeric) RETURNS bytea LANGUAGE sql AS
    'SELECT int2send(version::int2) || int8send(first) || int8send(last) || int8send(count) || numeric_send(sum)';
SELECT what, pg_temp.receive('summary', bytes) FROM (VALUES
    (1, 'good', pg_temp.parts(1, 0, 1000000, 2, 1.50)),
    (2, 'version 0', pg_temp.parts(0, 0, 0, 1, 1)),
    (3, 'version 2', pg_temp.parts(2, 0, 0, 1, 1)),
    (4, 'first after last', pg_temp.parts(1, 1, 0, 2, 1)),
    (5, 'no event', pg_temp.parts(1, 0, 0, 0, 1)),
    (6, 'negative count', pg_temp.parts(1, 0, 0, -1, 1)),
    (7, 'one event at two instants', pg_temp.parts(1, 0, 1, 1, 1)),
    (8, 'infinity', pg_temp.parts(1, 0, 9223372036854775807, 2, 1)),
    (9, '-infinity', pg_temp.parts(1, -9223372036854775808, 0, 2, 1)),
    (10, 'beyond the calendar', pg_temp.parts(1, -211813488000000001, 0, 2, 1)),
    (11, 'NaN', pg_temp.parts(1, 0, 0, 1, 'NaN'))) AS t (n, what, bytes) ORDER BY n;
SELECT what, pg_temp.receive('cuts', bytes) FROM (VALUES
    (1, 'good', int2send(1::int2) || '\x02'::bytea || numeric_send(1.0) || numeric_send(2) || '\x01'::bytea || numeric_send(3) || '\x01'::bytea || numeric_send(4)),
    (2, 'version 2', int2send(2::int2) || '\x01'::bytea || numeric_send(1) || '\x01'::bytea || numeric_send(3) || '\x01'::bytea || numeric_send(4)),
    (3, 'no cut', int2send(1::int2) || '\x01'::bytea || numeric_send(1) || '\x00'::bytea || '\x01'::bytea || numeric_send(4)),
    (4, '9 cuts', int2send(1::int2) || '\x09'::bytea || numeric_send(1)),
    (5, 'descending', int2send(1::int2) || '\x02'::bytea || numeric_send(2) || numeric_send(1) || '\x01'::bytea || numeric_send(3) || '\x01'::bytea || numeric_send(4)),
    (6, 'NaN', int2send(1::int2) || '\x01'::bytea || numeric_send('NaN') || '\x01'::bytea || numeric_send(3) || '\x01'::bytea || numeric_send(4))) AS t (n, what, bytes) ORDER BY n;
