-- Cuts, scores and groups.
SET search_path = clientele, public;

-- ---------------------------------------------------------------------------
-- Text form
-- ---------------------------------------------------------------------------

SELECT 'recency 30, 90, 180, 365; frequency 2, 4, 8, 12; monetary 500, 2000, 8000, 20000'::rfm_cuts;
-- Canonical: spaces, zeros and exponents go; axes may differ in bins.
SELECT E'  recency\t30.00 ,1e2; frequency -1,+0.50,.75;monetary 1e30 '::rfm_cuts;
-- A bin that stays empty on purpose.
SELECT 'recency 30, =; frequency 1, =, =, 2; monetary 0, 0.000000000000000001'::rfm_cuts;
SELECT cuts('recency 30, =; frequency 1, =, =, 2; monetary 0.50', axis) FROM unnest('{recency,frequency,monetary}'::text[]) AS axis;
SELECT cuts('recency 30; frequency 1; monetary 0.50', 'r');

SELECT 'recency 30; frequency 2, 2; monetary 500'::rfm_cuts;
CREATE FUNCTION pg_temp.fault(text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
    hint text;
BEGIN
    RETURN 'accepted: ' || $1::clientele.rfm_cuts;
EXCEPTION WHEN invalid_text_representation THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN detail || CASE WHEN hint = '' THEN ' (no hint)' ELSE '' END;
END $$;
SELECT text, pg_temp.fault(text) FROM (VALUES
    (''), ('recency'), ('recency 30'), ('recency 30;'), ('recency; frequency 2; monetary 500'), ('recency30; frequency 2; monetary 500'),
    ('frequency 2; recency 30; monetary 500'), ('Recency 30; frequency 2; monetary 500'),
    ('recency 30; frequency 2; monetary 500;'), ('recency 30; frequency 2; monetary 500 x'), ('recency 30; frequency 2; monetary 500; recency 30'),
    ('recency 30,; frequency 2; monetary 500'), ('recency 30,,90; frequency 2; monetary 500'), ('recency 30 90; frequency 2; monetary 500'),
    ('recency 90, 30; frequency 2; monetary 500'), ('recency 30, 30.0; frequency 2; monetary 500'), ('recency 30, =, 30; frequency 2; monetary 500'),
    ('recency =; frequency 2; monetary 500'), ('recency NaN; frequency 2; monetary 500'), ('recency 30; frequency 2; monetary Infinity'),
    ('recency 30; frequency two; monetary 500'), ('recency 30; frequency 1e999999; monetary 500'),
    ('recency 1,2,3,4,5,6,7,8,9; frequency 2; monetary 500'), ('recency ３０; frequency 2; monetary 500')) AS t (text);

SELECT a::rfm_cuts = b::rfm_cuts AS eq, a::rfm_cuts <> b::rfm_cuts AS ne, rfm_cuts_hash(a::rfm_cuts) = rfm_cuts_hash(b::rfm_cuts) AS hash
FROM (VALUES ('recency 30; frequency 2; monetary 500', 'recency 30.0; frequency 2.00; monetary 5e2'),
             ('recency 30; frequency 2; monetary 500', 'recency 30; frequency 2; monetary 501'),
             ('recency 30; frequency 2; monetary 500', 'recency 30; frequency 2; monetary 500, =')) AS t (a, b);

-- ---------------------------------------------------------------------------
-- Calibration
-- ---------------------------------------------------------------------------

SELECT method, bins, rfm_cuts(x, x * x, x / 4.0, bins, method)
FROM generate_series(1, 11) AS x,
     (VALUES ('quantile', 2), ('quantile', 4), ('quantile', 5), ('quantile', 9), ('r-rfm', 5), ('median', 2), ('mean', 2), ('width', 2), ('width', 4)) AS m (method, bins)
GROUP BY method, bins ORDER BY method, bins;

-- Any number of rows, any order; unknown values take no part.
SELECT rfm_cuts(7, 7, 7, 3, 'quantile') AS one_row, rfm_cuts(7, 7, 7, 3, 'width') AS one_row;
SELECT rfm_cuts(r, f, m, 2, 'mean') FROM (VALUES (1.0, 10.0, 100), (3, 30, 300.5), (NULL, 99, 99), (99, NULL, 99), (99, 99, NULL),
    ('NaN', 99, 99), (99, 'NaN', 99)) AS v (r, f, m);
SELECT rfm_cuts(NULL, 1, 1, 5, 'quantile') IS NULL AS nobody, rfm_cuts(1, 1, 1, 5, 'quantile') FILTER (WHERE false) IS NULL AS no_row;
SELECT rfm_cuts(NULL::rfm, now(), 'UTC', 5, 'quantile') IS NULL AS nobody;
-- A cut between two values stays between them, however close they are.
SELECT bins, rfm_cuts(x, x, x, bins, 'quantile') FROM (VALUES (1.0), (1.0000000000000000000001)) AS v (x), generate_series(3, 9, 6) AS bins GROUP BY bins ORDER BY bins;
-- exact where floats are not, also beyond 64 bits
SELECT rfm_cuts(x, x / 10.0, x * 1e20, 2, 'mean') AS mean, rfm_cuts(x, x / 10.0, x * 1e20, 4, 'quantile') AS quantile,
       rfm_cuts(x, x / 10.0, x * 1e20, 4, 'width') AS width FROM generate_series(1, 6) AS x;

-- Most customers came once: cuts meet, bins between stay empty, the top keeps
-- its meaning.
SELECT rfm_cuts(x, CASE WHEN x <= 70 THEN 1 WHEN x <= 90 THEN 2 ELSE x END, 0, 5, 'quantile') AS cuts FROM generate_series(1, 100) AS x \gset
SELECT :'cuts'::rfm_cuts AS cuts;
SELECT frequency, rfm_score(50, frequency, 0, :'cuts') / 10 % 10 AS score FROM unnest('{0,1,2,50,100}'::int[]) AS frequency;

-- against the definition, in SQL: random values with ties, all bins
SELECT setseed(0.7);
CREATE TEMPORARY TABLE value AS
SELECT (random() * 20)::int AS r, (random() * random() * 300)::int::numeric / 7 AS f, round((random() * 1e6)::numeric, 2) AS m FROM generate_series(1, 997);
CREATE FUNCTION pg_temp.quantile(sorted numeric[], k int, bins int) RETURNS numeric LANGUAGE sql AS $$
    SELECT trim_scale(lo + round((hi - lo) * rest / bins, greatest(scale(lo), scale(hi)) + 6))
    FROM (SELECT sorted[h + 1] AS lo, sorted[least(h + 2, n)] AS hi, (n - 1) * k % bins AS rest
          FROM (SELECT array_length(sorted, 1) AS n, (array_length(sorted, 1) - 1) * k / bins AS h) AS p) AS q
$$;
SELECT bins, limit_rows,
       cuts(ours, 'recency') = (SELECT array_agg(pg_temp.quantile(rs, k, bins) ORDER BY k) FROM generate_series(1, bins - 1) AS k) AS recency,
       cuts(ours, 'frequency') = (SELECT array_agg(pg_temp.quantile(fs, k, bins) ORDER BY k) FROM generate_series(1, bins - 1) AS k) AS frequency,
       cuts(ours, 'monetary') = (SELECT array_agg(pg_temp.quantile(ms, k, bins) ORDER BY k) FROM generate_series(1, bins - 1) AS k) AS monetary,
       percentiles_agree
FROM generate_series(2, 9) AS bins, unnest('{1,2,3,5,10,997}'::int[]) AS limit_rows,
     LATERAL (SELECT rfm_cuts(r, f, m, bins, 'quantile') AS ours, array_agg(r::numeric ORDER BY r) AS rs, array_agg(f ORDER BY f) AS fs, array_agg(m ORDER BY m) AS ms,
                     abs(percentile_cont(1.0 / bins) WITHIN GROUP (ORDER BY m::float8) - (cuts(rfm_cuts(r, f, m, bins, 'quantile'), 'monetary'))[1]::float8) < 1e-7 AS percentiles_agree
              FROM (SELECT * FROM value LIMIT limit_rows) AS v) AS c
WHERE NOT (cuts(ours, 'recency') = (SELECT array_agg(pg_temp.quantile(rs, k, bins) ORDER BY k) FROM generate_series(1, bins - 1) AS k)
       AND cuts(ours, 'frequency') = (SELECT array_agg(pg_temp.quantile(fs, k, bins) ORDER BY k) FROM generate_series(1, bins - 1) AS k)
       AND cuts(ours, 'monetary') = (SELECT array_agg(pg_temp.quantile(ms, k, bins) ORDER BY k) FROM generate_series(1, bins - 1) AS k)
       AND percentiles_agree);
SELECT rfm_cuts(r, f, m, 2, 'mean')::text = format('recency %s; frequency %s; monetary %s', trim_scale(round(avg(r), 6)), trim_scale(round(avg(f), max(scale(f)) + 6)), trim_scale(round(avg(m), 8))) AS mean,
       rfm_cuts(r, f, m, 2, 'median') = rfm_cuts(r, f, m, 2, 'quantile') AS median,
       (cuts(rfm_cuts(r, f, m, 3, 'width'), 'monetary'))[2] = min(m) + round((max(m) - min(m)) * 2 / 3, 8) AS width FROM value;

-- The same with sorts on disk.
SET work_mem = '64kB';
SELECT rfm_cuts(x, x % 1000, x / 8.0, 4, 'quantile') FROM generate_series(1, 200001) AS x;
RESET work_mem;
-- Groups side by side; a rescan ends the sorts of the scan before.
SELECT g, (SELECT rfm_cuts(x * g, x, x, 2, 'median') FROM generate_series(1, 101) AS x) FROM generate_series(1, 3) AS g;
SELECT x % 3 AS g, rfm_cuts(x, x, x, 3, 'quantile') FROM generate_series(1, 1000) AS x GROUP BY 1 ORDER BY 1;
-- Two aggregates of the same input must not sort the same state twice.
SELECT rfm_cuts(x, x, x, 3, 'quantile') = rfm_cuts(x, x, x, 3, 'quantile') AS same FROM generate_series(1, 100) AS x;

-- mistakes
SELECT rfm_cuts(1, 1, 1, 5, 'kmeans');
SELECT rfm_cuts(1, 1, 1, 1, 'quantile');
SELECT rfm_cuts(1, 1, 1, 10, 'width');
SELECT rfm_cuts(1, 1, 1, 5, 'mean');
SELECT rfm_cuts(1, 1, 1, NULL, 'mean');
SELECT rfm_cuts(1, 1, 1, 5, NULL);
SELECT rfm_cuts(x, x, x, x, 'quantile') FROM generate_series(3, 4) AS x;
SELECT rfm_cuts(x, x, x, 2, CASE x WHEN 3 THEN 'mean' ELSE 'median' END) FROM generate_series(3, 4) AS x;
SELECT rfm_cuts(x, x, x, 2, 'mean') OVER (ORDER BY x) FROM generate_series(3, 4) AS x;

-- ---------------------------------------------------------------------------
-- Scores
-- ---------------------------------------------------------------------------

-- Equality at a cut counts as high: of recency that is the older side.
SELECT v, rfm_score(v, v, v, 'recency 10, 20; frequency 10, 20, 30; monetary 10')
FROM unnest('{-1e30,9.999999999999999999,10,10.00,19,20,29.99999999999999999999,30,1e30}'::numeric[]) AS v;
SELECT rfm_score(1, 1, 1, 'recency 2,3,4,5,6,7,8,9; frequency 1; monetary 1'), rfm_score(99, 99, 99, 'recency 2,3,4,5,6,7,8,9; frequency 2,3,4,5,6,7,8,9; monetary 2,3,4,5,6,7,8,9');
SELECT rfm_score(NULL, 1, 1, c) IS NULL AND rfm_score(1, NULL, 1, c) IS NULL AND rfm_score(1, 1, NULL, c) IS NULL AND rfm_score(1, 1, 1, NULL) IS NULL
       AND rfm_score('NaN', 1, 1, c) IS NULL AND rfm_score(1, 'NaN', 1, c) IS NULL AND rfm_score(1, 1, 'NaN', c) IS NULL AS unknown
FROM (VALUES ('recency 1; frequency 1; monetary 1'::rfm_cuts)) AS v (c);
-- Numbers that 64 bits hold, but not with the decimals of the other.
SELECT v, rfm_score(v, v, v, 'recency 0.000000000000000001; frequency 0.000000000000000001, 9000000000000000000; monetary -0.5, 9223372036854775807.5')
FROM unnest('{-9000000000000000000,-100,-18,0,18,100,5000000000000000001,9000000000000000000,9223372036854775807,9223372036854775808}'::numeric[]) AS v;
-- A grid per row: the one kept by the call must not answer for another.
SELECT x, c, rfm_score(x, x, x, c) FROM generate_series(1, 2) AS x,
     (VALUES ('recency 1; frequency 1; monetary 1'::rfm_cuts), ('recency 2; frequency 2; monetary 2'), ('recency 2, =; frequency 2; monetary 1, 2')) AS v (c) ORDER BY x, c::text;
-- From summaries, in local days.
SELECT zone, rfm_score('(2024-01-01 00:00:00+00,2024-03-10 15:00:00+00,5,100.00)', '2024-03-10 16:00+00', zone, 'recency 1; frequency 5; monetary 100.01'),
       rfm_score(NULL::rfm, '2024-03-10 16:00+00', zone, 'recency 1; frequency 5; monetary 100.01') IS NULL AS none
FROM (VALUES ('UTC'), ('Asia/Shanghai')) AS z (zone);
-- Stored, and long: detoasted where it must be.
CREATE TEMPORARY TABLE grid (id int, c rfm_cuts);
INSERT INTO grid VALUES (1, 'recency 1; frequency 1; monetary 1'),
    (2, ('recency 1, ' || repeat('9', 9000) || '; frequency 1; monetary 1')::rfm_cuts);
SELECT id, rfm_score(1, 1, 1, c), rfm_score(repeat('9', 9000)::numeric, 1, 1, c), c::text::rfm_cuts = c AS same FROM grid, generate_series(1, 2) ORDER BY id;

-- ---------------------------------------------------------------------------
-- Groups
-- ---------------------------------------------------------------------------

SELECT score, rfm_group(score, 'eight') AS two_bins, rfm_group(score * 2, 'eight', 3) AS four_bins
FROM (SELECT r * 100 + f * 10 + m AS score FROM generate_series(1, 2) AS r, generate_series(1, 2) AS f, generate_series(1, 2) AS m) AS s ORDER BY score;
SELECT rfm_group(NULL, 'eight'), rfm_group(NULL, 'eight', 4), rfm_group(NULL, 'r-rfm') IS NULL AS r_rfm, rfm_group(555, NULL) IS NULL AS no_scheme;
SELECT high_from, rfm_group(445, 'eight', high_from), rfm_group(991, 'eight', high_from) FROM generate_series(2, 9) AS high_from;
-- Every score of five bins has one of eight groups; each group is reached.
SELECT rfm_group(r * 100 + f * 10 + m, 'eight', 4) COLLATE "C" AS label, count(*)
FROM generate_series(1, 5) AS r, generate_series(1, 5) AS f, generate_series(1, 5) AS m GROUP BY 1 ORDER BY 1;

SELECT rfm_group(333, 'eight');
SELECT rfm_group(122, 'eight', 1);
SELECT rfm_group(122, 'eight', 10);
SELECT rfm_group(122, 'acht');
SELECT rfm_group(122, 'r-rfm', 4);
SELECT rfm_group(116, 'r-rfm');
SELECT rfm_group(0, 'eight');
SELECT rfm_group(101, 'eight');
SELECT rfm_group(1111, 'eight');
SELECT rfm_group(-111, 'eight');
SELECT rfm_group(-2147483648, 'r-rfm');
