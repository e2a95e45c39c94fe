-- Type rfm: what it accepts and prints, how it is built, merged and read.
SET search_path = clientele, public;
SET timezone = 'Asia/Shanghai';

-- ---------------------------------------------------------------------------
-- Text form: the same whatever DateStyle and TimeZone say
-- ---------------------------------------------------------------------------

SELECT '(2024-01-05 01:30:00+00,2024-06-01 08:00:00.5+00,7,3480.50)'::rfm;
SET datestyle = 'German, DMY';
SELECT '(2024-01-05 01:30:00+00,2024-06-01 08:00:00.5+00,7,3480.50)'::rfm;
RESET datestyle;

-- What goes in comes out, at the edges too.
SELECT text, text::rfm::text = text AS same
FROM (VALUES
    ('(2024-02-29 23:59:59.999999+00,2024-02-29 23:59:59.999999+00,1,0)'),
    ('(4714-11-24 00:00:00+00 BC,294276-12-31 23:59:59.999999+00,9223372036854775807,-0.000000000000000001)'),
    ('(0001-12-31 00:00:00+00 BC,0001-01-01 00:00:00+00,2,9223372036854775807)'),
    ('(2000-01-01 00:00:00+00,2000-01-02 00:00:00+00,2,-9223372036854775808)'),
    ('(2000-01-01 00:00:00+00,2000-01-02 00:00:00+00,2,123456789012345678901234567890.00)')) AS t (text);
-- A sum is read as numeric reads it.
SELECT '(2000-01-01 00:00:00+00,2000-01-01 00:00:00+00,1,1.5e3)'::rfm;

-- mistakes
SELECT ''::rfm;
CREATE FUNCTION pg_temp.fault(text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
    hint text;
BEGIN
    RETURN 'accepted: ' || $1::clientele.rfm;
EXCEPTION WHEN invalid_text_representation THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN detail || CASE WHEN hint = '' THEN ' (no hint)' ELSE '' END;
END $$;
SELECT text, pg_temp.fault(text)
FROM (VALUES
    ('('), (' (2000-01-01 00:00:00+00,2000-01-01 00:00:00+00,1,1)'),
    ('(now,now,1,1)'), ('(infinity,infinity,1,1)'), ('(2000-01-01 00:00:00,2000-01-01 00:00:00,1,1)'),
    ('(2000-01-01 00:00+00,2000-01-01 00:00+00,1,1)'), ('(2000-01-01 00:00:00+08,2000-01-01 00:00:00+08,1,1)'),
    ('(2000-01-01 00:00:00+00:30,2000-01-01 00:00:00+00,1,1)'),
    ('(2023-02-29 00:00:00+00,2024-01-01 00:00:00+00,2,1)'), ('(2000-13-01 00:00:00+00,2024-01-01 00:00:00+00,2,1)'),
    ('(2000-01-01 24:00:00+00,2024-01-01 00:00:00+00,2,1)'), ('(2000-01-01 00:00:60+00,2024-01-01 00:00:00+00,2,1)'),
    ('(2000-01-01 00:00:00.+00,2024-01-01 00:00:00+00,2,1)'), ('(2000-01-01 00:00:00.1234567+00,2024-01-01 00:00:00+00,2,1)'),
    ('(0000-01-01 00:00:00+00,2024-01-01 00:00:00+00,2,1)'), ('(4714-11-23 00:00:00+00 BC,2024-01-01 00:00:00+00,2,1)'),
    ('(2000-01-01 00:00:00+00,294277-01-01 00:00:00+00,2,1)'), ('(2000-01-01 00:00:00+00,999999-01-01 00:00:00+00,2,1)'),
    ('(2000-01-01 00:00:00+00)'), ('(2000-01-01 00:00:00+00,2000-01-01 00:00:00+00)'),
    ('(2000-01-02 00:00:00+00,2000-01-01 00:00:00+00,2,1)'), ('(2000-01-01 00:00:00+00,2000-01-02 00:00:00+00,1,1)'),
    ('(2000-01-01 00:00:00+00,2000-01-01 00:00:00+00,0,1)'), ('(2000-01-01 00:00:00+00,2000-01-01 00:00:00+00,-1,1)'),
    ('(2000-01-01 00:00:00+00,2000-01-01 00:00:00+00,9223372036854775808,1)'),
    ('(2000-01-01 00:00:00+00,2000-01-01 00:00:00+00,1.0,1)'), ('(2000-01-01 00:00:00+00,2000-01-01 00:00:00+00,,1)'),
    ('(2000-01-01 00:00:00+00,2000-01-01 00:00:00+00,1,)'), ('(2000-01-01 00:00:00+00,2000-01-01 00:00:00+00,1,NaN)'),
    ('(2000-01-01 00:00:00+00,2000-01-01 00:00:00+00,1,-Infinity)'), ('(2000-01-01 00:00:00+00,2000-01-01 00:00:00+00,1,1e200000)'),
    ('(2000-01-01 00:00:00+00,2000-01-01 00:00:00+00,1,1e99999999999)'), ('(2000-01-01 00:00:00+00,2000-01-01 00:00:00+00,1, 1)'),
    ('(2000-01-01 00:00:00+00,2000-01-01 00:00:00+00,1,1,1)'), ('(2000-01-01 00:00:00+00,2000-01-01 00:00:00+00,1,1'),
    ('(2000-01-01 00:00:00+00,2000-01-01 00:00:00+00,1,1) '), ('(2000-01-01 00:00:00+00,2000-01-01 00:00:00+00,1,1)x'),
    ('(2000-01-01 00:00:00+00,2000-01-01 00:00:00+00,1,0x1f)'), ('(２０００-01-01 00:00:00+00,2000-01-01 00:00:00+00,1,1)')) AS t (text);

-- ---------------------------------------------------------------------------
-- The aggregate
-- ---------------------------------------------------------------------------

SELECT rfm(t, a) FROM (VALUES
    ('2024-01-05 09:30+08'::timestamptz, 200.5),
    ('2024-03-05 09:30+08', -0.25),                 -- a refund is an event with a negative amount
    ('2023-12-31 23:59:59.999999+08', 1000)) AS v (t, a);

-- No time, no event.  No amount: an event that adds nothing.
SELECT rfm(t, a) FROM (VALUES
    (NULL, 1000), ('infinity', 1000), ('-infinity', 1000),
    ('2024-01-01 00:00+00'::timestamptz, NULL), ('2024-01-02 00:00+00', 'NaN'::numeric), ('2024-01-03 00:00+00', 5)) AS v (t, a);
SELECT rfm(t, NULL) FROM (VALUES ('2024-01-01 00:00+00'::timestamptz)) AS v (t);
SELECT rfm(NULL, 1) IS NULL AS untimed, rfm(t, 1) FILTER (WHERE false) IS NULL AS none, merge(NULL) IS NULL AS merged
FROM (VALUES ('2024-01-01 00:00+00'::timestamptz)) AS v (t);

-- Long and short amounts mix, and the sum comes back to short where it fits.
SELECT rfm('2024-01-01 00:00+00', a) FROM (VALUES (1e30), (0.5), (9223372036854775807), (-1e30), (-9223372036854775807)) AS v (a);
SELECT rfm('2024-01-01 00:00+00', a), sum(a) FROM (VALUES (9223372036854775807), (1), (1.00)) AS v (a);
SELECT rfm('2024-01-01 00:00+00', a), sum(a) FROM (VALUES (1.000000000000000000000001), (1)) AS v (a);
-- Amounts that are compressed or out of line.
CREATE TEMPORARY TABLE wide (a numeric);
INSERT INTO wide SELECT ('1' || repeat('0', 10000))::numeric + 1;
INSERT INTO wide SELECT regexp_replace(string_agg(md5(i::text), ''), '[a-f]', '7', 'g')::numeric FROM generate_series(1, 600) AS i;
SELECT pg_column_size(a) < 2000 AS compressed, length(a::text) AS digits FROM wide;
SELECT monetary(rfm('2024-01-01 00:00+00', a)) = sum(a) AS equal, length(rfm('2024-01-01 00:00+00', a)::text) AS length FROM wide;

-- In a window the state goes on growing: each row shows its own.
SELECT rfm(t, a) OVER (ORDER BY t) FROM (VALUES
    ('2024-01-01 00:00+00'::timestamptz, 1), ('2024-01-02 00:00+00', 2), ('2024-01-03 00:00+00', 1e20), ('2024-01-04 00:00+00', 0.5)) AS v (t, a);
SELECT merge(r) OVER (ORDER BY frequency(r) ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
FROM (VALUES ('(2024-01-01 00:00:00+00,2024-01-01 00:00:00+00,1,1)'::rfm), ('(2024-01-02 00:00:00+00,2024-01-02 00:00:00+00,2,2)'),
             ('(2024-01-03 00:00:00+00,2024-01-03 00:00:00+00,3,4)')) AS v (r);

-- Called by hand, the transition function must not write into its argument.
CREATE TEMPORARY TABLE stored (id int, summary rfm);
INSERT INTO stored VALUES (1, '(2024-01-01 00:00:00+00,2024-01-01 00:00:00+00,1,1)'), (2, NULL),
    (3, '(2024-01-01 00:00:00+00,2024-01-01 00:00:00+00,1,1e30)');
SELECT id, summary, rfm_add(summary, '2024-05-01 00:00+00', 2.5) AS added, summary AS still FROM stored ORDER BY id;
SELECT id, summary, summary + summary AS doubled, summary AS still FROM stored ORDER BY id;
DO $$
DECLARE
    a clientele.rfm := '(2024-01-01 00:00:00+00,2024-01-01 00:00:00+00,1,1)';
    b clientele.rfm := a;
BEGIN
    a := clientele.rfm_add(a, '2024-05-01 00:00+00', 2.5);
    RAISE NOTICE '% %', a, b;
END $$;
SELECT rfm_add(summary, NULL, 5) IS NOT DISTINCT FROM summary AS untimed,
       rfm_add(summary, 'infinity', 5) IS NOT DISTINCT FROM summary AS never FROM stored ORDER BY id;

-- ---------------------------------------------------------------------------
-- Merging
-- ---------------------------------------------------------------------------

SELECT '(2024-01-01 00:00:00+00,2024-02-01 00:00:00+00,3,10.50)'::rfm + '(2023-05-01 00:00:00+00,2024-01-15 00:00:00+00,2,-0.125)';
SELECT NULL::rfm + '(2024-01-01 00:00:00+00,2024-02-01 00:00:00+00,3,10.50)' AS no_left,
       '(2024-01-01 00:00:00+00,2024-02-01 00:00:00+00,3,10.50)'::rfm + NULL AS no_right,
       NULL::rfm + NULL IS NULL AS neither;
SELECT merge(summary) FROM stored;
SELECT '(2024-01-01 00:00:00+00,2024-02-01 00:00:00+00,9223372036854775807,1)'::rfm + '(2024-01-01 00:00:00+00,2024-01-01 00:00:00+00,1,1)';

-- ---------------------------------------------------------------------------
-- Reading
-- ---------------------------------------------------------------------------

SELECT frequency(r), monetary(r), first_event(r), last_event(r)
FROM (VALUES ('(2024-01-05 01:30:00+00,2024-06-01 08:00:00+00,7,3480.50)'::rfm), (NULL)) AS v (r);
SELECT pg_typeof(recency(r, now(), 'UTC')), pg_typeof(frequency(r)), pg_typeof(monetary(r)), pg_typeof(first_event(r)), pg_typeof(last_event(r))
FROM (VALUES (NULL::rfm)) AS v (r);

-- Recency counts calendar days of the zone, not spans of 24 hours.
SELECT zone, as_of AT TIME ZONE 'UTC' AS as_of_utc, recency('(2024-03-09 10:00:00+00,2024-03-10 15:59:59.999999+00,2,1)', as_of, zone)
FROM (VALUES ('Asia/Shanghai'), ('UTC'), ('Pacific/Apia')) AS z (zone),
     (VALUES ('2024-03-10 15:59:59.999999+00'::timestamptz), ('2024-03-10 16:00+00'), ('2024-03-11 15:59+00')) AS t (as_of);
-- A day of 23 and one of 25 hours; the day that Apia left out; a zone that changes at midnight.
SELECT recency(('(' || last || '+00,' || last || '+00,1,1)')::rfm, as_of, zone) AS days, zone
FROM (VALUES
    ('2024-03-10 05:00:00', '2024-03-11 03:59:59+00'::timestamptz, 'America/New_York'),
    ('2024-03-10 05:00:00', '2024-03-11 04:00:00+00', 'America/New_York'),
    ('2024-11-03 04:00:00', '2024-11-04 04:59:59+00', 'America/New_York'),
    ('2024-11-03 04:00:00', '2024-11-04 05:00:00+00', 'America/New_York'),
    ('2011-12-30 09:59:59', '2011-12-30 10:00:00+00', 'Pacific/Apia'),
    ('2018-11-04 02:59:59', '2018-11-04 03:00:00+00', 'America/Sao_Paulo')) AS v (last, as_of, zone);
-- Later events: negative.  Nothing unknown is made up.
SELECT recency('(2024-03-10 00:00:00+00,2024-03-10 00:00:00+00,1,1)', '2024-03-07 00:00+00', 'UTC') AS later,
       recency(NULL, '2024-03-07 00:00+00', 'UTC') IS NULL AND recency('(2024-03-10 00:00:00+00,2024-03-10 00:00:00+00,1,1)', NULL, 'UTC') IS NULL
       AND recency('(2024-03-10 00:00:00+00,2024-03-10 00:00:00+00,1,1)', '2024-03-07 00:00+00', NULL) IS NULL AS strict;
SELECT recency('(2024-03-10 00:00:00+00,2024-03-10 00:00:00+00,1,1)', '2024-03-11 00:00+00', 'Asia/Nowhere');
SELECT recency('(2024-03-10 00:00:00+00,2024-03-10 00:00:00+00,1,1)', '2024-03-11 00:00+00', 'CST');
SELECT recency('(2024-03-10 00:00:00+00,2024-03-10 00:00:00+00,1,1)', '2024-03-11 00:00+00', repeat('x', 300)) IS NULL;
SELECT recency('(2024-03-10 00:00:00+00,2024-03-10 00:00:00+00,1,1)', '2024-03-11 00:00+00', '');
SELECT recency('(2024-03-10 00:00:00+00,2024-03-10 00:00:00+00,1,1)', 'infinity', 'UTC');

-- ---------------------------------------------------------------------------
-- Equality
-- ---------------------------------------------------------------------------

SELECT a = b AS eq, a <> b AS ne,
       rfm_hash(a) = rfm_hash(b) AS hash, rfm_hash_extended(a, 7) = rfm_hash_extended(b, 7) AS hash_extended,
       rfm_hash_extended(a, 0)::bit(32) = rfm_hash(a)::bit(32) AS same_family
FROM (VALUES
    ('(2024-01-01 00:00:00+00,2024-02-01 00:00:00+00,3,10.50)'::rfm, '(2024-01-01 00:00:00+00,2024-02-01 00:00:00+00,3,10.5)'::rfm),
    ('(2024-01-01 00:00:00+00,2024-02-01 00:00:00+00,3,1e20)', '(2024-01-01 00:00:00+00,2024-02-01 00:00:00+00,3,100000000000000000000.000)'),
    ('(2024-01-01 00:00:00+00,2024-02-01 00:00:00+00,3,10.5)', '(2024-01-01 00:00:00+00,2024-02-01 00:00:00+00,3,10.51)'),
    ('(2024-01-01 00:00:00+00,2024-02-01 00:00:00+00,3,10.5)', '(2024-01-01 00:00:00+00,2024-02-01 00:00:00+00,4,10.5)'),
    ('(2024-01-01 00:00:00+00,2024-02-01 00:00:00+00,3,10.5)', '(2024-01-01 00:00:01+00,2024-02-01 00:00:00+00,3,10.5)'),
    ('(2024-01-01 00:00:00+00,2024-02-01 00:00:00+00,3,10.5)', '(2024-01-01 00:00:00+00,2024-02-01 00:00:01+00,3,10.5)')) AS v (a, b);
SELECT count(*) FROM (SELECT DISTINCT summary FROM (SELECT summary FROM stored UNION ALL SELECT summary FROM stored) AS twice) AS d;

-- ---------------------------------------------------------------------------
-- As a stored column: beside values that fill the row, indexed, updated
-- ---------------------------------------------------------------------------

CREATE TEMPORARY TABLE customer (id int PRIMARY KEY, note text, summary rfm, CHECK (frequency(summary) > 0));
INSERT INTO customer SELECT i, repeat('长', i), rfm_add(NULL, timestamptz '2024-01-01 00:00+00' + i * interval '1 day', i * 1.25)
FROM generate_series(1, 3000) AS i;
UPDATE customer SET summary = rfm_add(summary, '2034-01-01 00:00+00', 0.75) WHERE id % 2 = 0;
CREATE INDEX ON customer (last_event(summary));
CREATE INDEX ON customer USING hash (summary);
SELECT count(*), sum(frequency(summary)), sum(monetary(summary)) = 3000 * 3001 / 2 * 1.25 + 1500 * 0.75 AS exact,
       count(*) FILTER (WHERE summary = summary::text::rfm) AS same, merge(summary) FROM customer;
SELECT max(pg_column_size(summary)) AS bytes FROM customer;
