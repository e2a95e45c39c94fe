-- decimal.c must give what numeric gives, byte for byte: digits, display scale
-- and stored form.  :library is decimal_probe, :seed the seed.
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
SELECT set_config('probe.library', :'library', false) AS library, setseed(:seed) AS seeded \gset
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY '{add,subtract,multiply,divide}'::text[] LOOP
        EXECUTE format('CREATE FUNCTION pg_temp.%I(numeric, numeric) RETURNS numeric LANGUAGE c STRICT AS %L, %L',
                       'probe_' || name, current_setting('probe.library'), 'probe_' || name);
    END LOOP;
    FOREACH name IN ARRAY '{same,negate,absolute,floor,trim,sign,scale,is_short}'::text[] LOOP
        EXECUTE format('CREATE FUNCTION pg_temp.%I(numeric) RETURNS numeric LANGUAGE c STRICT AS %L, %L',
                       'probe_' || name, current_setting('probe.library'), 'probe_' || name);
    END LOOP;
END $$;
CREATE FUNCTION pg_temp.probe_round(numeric, int) RETURNS numeric LANGUAGE c STRICT AS :'library', 'probe_round';
CREATE FUNCTION pg_temp.probe_compare(numeric, numeric) RETURNS int LANGUAGE c STRICT AS :'library', 'probe_compare';
CREATE FUNCTION pg_temp.probe_from_float8(float8) RETURNS numeric LANGUAGE c STRICT AS :'library', 'probe_from_float8';
CREATE FUNCTION pg_temp.probe_from_string(cstring) RETURNS numeric LANGUAGE c STRICT AS :'library', 'probe_from_string';
CREATE FUNCTION pg_temp.probe_to_string(numeric) RETURNS cstring LANGUAGE c STRICT AS :'library', 'probe_to_string';

-- Stored, so that values have the one-byte header they have in tables.
CREATE TEMPORARY TABLE number AS
SELECT DISTINCT ON (x::text) x FROM (
    SELECT round((random() * 2 - 1)::numeric * 10::numeric ^ (random() * 22)::int, (random() * 20)::int) AS x FROM generate_series(1, 500)
    UNION ALL SELECT text::numeric FROM unnest('{
        0,0.0,0.00,0.0000,0.00000000,0.000000000000000000,0.0000000000000000000,1,-1,1.5,1.50,1.500000000000000000,
        9223372036854775807,-9223372036854775807,-9223372036854775808,9223372036854775808,9.223372036854775807,
        9.223372036854775808,-9.223372036854775808,922337203685477580.7,100000000000000000.5,9999,10000,10001,100000000,
        0.0001,0.00001,0.12345678,1e-18,1e-19,1e100,-1e100,1e-100,5000,0.5,-0.5,2.5,-2.5,0.05,0.005}'::text[]) AS text
    UNION ALL SELECT 10::numeric ^ i * f FROM generate_series(0, 25) AS i, unnest('{1,-1,5,4.9}'::numeric[]) AS f
    UNION ALL SELECT round(f / 10::numeric ^ i, i + 2) FROM generate_series(0, 25) AS i, unnest('{1,-1,5,4.9}'::numeric[]) AS f) AS x;
CREATE TEMPORARY TABLE pair AS SELECT a.x AS a, b.x AS b FROM number AS a, number AS b;

CREATE TEMPORARY TABLE failure (what text, cases bigint, wrong bigint, example text);
CREATE FUNCTION pg_temp.expect(what text, source text, ours text, theirs text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('INSERT INTO failure
        SELECT %1$L, count(*), count(*) FILTER (WHERE differs), min(row::text) FILTER (WHERE differs)
        FROM (SELECT row, %2$s IS DISTINCT FROM %3$s AS differs FROM %4$s AS row) AS r', what, ours, theirs, source);
END $$;
SELECT pg_temp.expect(what, source, ours, theirs) FROM (VALUES
    ('read', 'number', 'numeric_send(pg_temp.probe_same(x))', 'numeric_send(x)'),
    ('read, long header', 'number', 'numeric_send(pg_temp.probe_same(x + 0))', 'numeric_send(x)'),
    ('stored size', 'number', 'pg_column_size(pg_temp.probe_same(x))', 'pg_column_size(x + 0)'),
    ('short', 'number', 'pg_temp.probe_is_short(x) = 1', 'scale(x) <= 18 AND abs(x) * 10::numeric ^ scale(x) <= 9223372036854775807'),
    ('negate', 'number', 'numeric_send(pg_temp.probe_negate(x))', 'numeric_send(-x)'),
    ('absolute', 'number', 'numeric_send(pg_temp.probe_absolute(x))', 'numeric_send(abs(x))'),
    ('floor', 'number', 'numeric_send(pg_temp.probe_floor(x))', 'numeric_send(floor(x))'),
    ('trim', 'number', 'numeric_send(pg_temp.probe_trim(x))', 'numeric_send(trim_scale(x))'),
    ('sign', 'number', 'pg_temp.probe_sign(x)', 'sign(x)'),
    ('scale', 'number', 'pg_temp.probe_scale(x)', 'scale(x)'),
    ('to_string', 'number', 'pg_temp.probe_to_string(x)::text', 'trim_scale(x)::text'),
    ('from_string', 'number', 'numeric_send(pg_temp.probe_from_string(x::text::cstring))', 'numeric_send(x)'),
    ('round', '(SELECT x, p FROM number, generate_series(-25, 25) AS p)', 'numeric_send(pg_temp.probe_round(x, p))', 'numeric_send(round(x, p))'),
    ('from_float8', '(SELECT (random() * 2 - 1) * 10.0::float8 ^ (random() * 40 - 20)::int AS f FROM generate_series(1, 20000)
                      UNION ALL SELECT i * 1e13::float8 FROM generate_series(-200, 200) AS i UNION ALL SELECT i / 4.0::float8 FROM generate_series(-20, 20) AS i)',
        'numeric_send(pg_temp.probe_from_float8(f))', 'numeric_send(f::numeric)'),
    ('add', 'pair', 'numeric_send(pg_temp.probe_add(a, b))', 'numeric_send(a + b)'),
    ('subtract', 'pair', 'numeric_send(pg_temp.probe_subtract(a, b))', 'numeric_send(a - b)'),
    ('multiply', 'pair', 'numeric_send(pg_temp.probe_multiply(a, b))', 'numeric_send(a * b)'),
    ('divide', 'pair', 'numeric_send(pg_temp.probe_divide(a, b))', 'numeric_send(a / nullif(b, 0))'),
    ('compare', 'pair', 'pg_temp.probe_compare(a, b)', 'CASE WHEN a < b THEN -1 WHEN a > b THEN 1 ELSE 0 END')) AS t (what, source, ours, theirs) \g /dev/null

-- Texts, also those of numeric_in that are refused on purpose, or too large.
INSERT INTO failure SELECT 'text ' || text, 1, count(*), min(pg_temp.probe_from_string(text::cstring)::text)
FROM (VALUES (' +1.50 ', 1.50), ('1.', 1), ('.5', 0.5), ('-.5e3', -500), ('1e3', 1000), ('1e-3', 0.001), ('00012', 12),
    ('nan', NULL), ('Infinity', NULL), ('', NULL), (' ', NULL), ('.', NULL), ('-', NULL), ('1e', NULL), ('1e+', NULL), ('1 2', NULL),
    ('--1', NULL), ('1e999999999999', NULL), ('1e131072', NULL), ('1e-16384', NULL), ('0x1f', NULL), ('1_0', NULL), ('1,5', NULL)) AS t (text, value)
WHERE numeric_send(pg_temp.probe_from_string(text::cstring)) IS DISTINCT FROM numeric_send(value) GROUP BY text;
-- NaN and infinity are unknown; what overflows or divides by zero says so.
INSERT INTO failure SELECT 'unknown', 1, 1, '' WHERE NOT (
    pg_temp.probe_same('NaN') IS NULL AND pg_temp.probe_from_float8('NaN') IS NULL AND pg_temp.probe_from_float8('-Infinity') IS NULL
    AND pg_temp.probe_divide(1, 0.00) IS NULL AND pg_temp.probe_multiply('1e131071'::numeric, 10) IS NULL
    AND pg_temp.probe_add(('9' || repeat('9', 131071))::numeric, 1) IS NULL);

SELECT what, cases || ' cases', wrong || ' wrong', example FROM failure WHERE wrong > 0;
SELECT sum(cases) || ' cases, seed ' || :seed FROM failure;
SELECT 1 / (count(*) = 0)::int AS "1 = all equal" FROM failure WHERE wrong > 0;
