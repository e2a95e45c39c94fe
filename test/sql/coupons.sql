-- Coupons: codes, batches for codes and segments, claiming by a code, handing on.
SET client_min_messages = warning;
SET timezone = 'Asia/Shanghai';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
SET search_path = clientele, public;

-- ---------------------------------------------------------------------------
-- Codes
-- ---------------------------------------------------------------------------

-- Sixteen characters of 23 that do not look alike; new ones are right, different, and use all characters in all places evenly.
CREATE TEMP TABLE made AS SELECT clientele.random_code() AS code FROM generate_series(1, 20000);
SELECT count(DISTINCT code) AS different, bool_and(check_code(code)) AS right, bool_and(code ~ '^[23456789CDFHJKMNPRTVWXY]{16}$') AS plain FROM made;
-- 16 x 22 degrees of freedom: the sum is above 474 once in a hundred thousand times
SELECT sum((n - 20000 / 23.0) ^ 2 / (20000 / 23.0)) < 474 AS even
FROM (SELECT count(c.code) AS n FROM generate_series(1, 16) AS i CROSS JOIN regexp_split_to_table('23456789CDFHJKMNPRTVWXY', '') AS a
      LEFT JOIN made AS c ON substr(c.code, i, 1) = a GROUP BY i, a) AS counted;

-- Every single wrong character, and every two that are exchanged, in all places and for all characters: a code is made right
-- by the only character of another place that makes it so.
CREATE TEMP TABLE letter AS SELECT a FROM regexp_split_to_table('23456789CDFHJKMNPRTVWXY', '') AS a;
CREATE FUNCTION pg_temp.with_letter(code text, place int, letter text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT overlay(code PLACING letter FROM place) $$;
CREATE TEMP TABLE pair AS
SELECT i, j, a.a, b.a AS b, f.code AS code, f.ways
FROM generate_series(1, 16) AS i CROSS JOIN generate_series(i + 1, 16) AS j CROSS JOIN letter AS a CROSS JOIN letter AS b
CROSS JOIN LATERAL (
    SELECT max(c) AS code, count(*) AS ways
    FROM letter AS l CROSS JOIN LATERAL pg_temp.with_letter(pg_temp.with_letter(pg_temp.with_letter('7NHC3XW9RTPV24KF', i, a.a), j, b.a),
                                                           CASE WHEN i > 1 THEN 1 WHEN j < 16 THEN 16 ELSE 8 END, l.a) AS c
    WHERE check_code(c)) AS f
WHERE j = i + 1 OR (a.a, b.a) IN (('2', '3'), ('Y', '2'), ('D', 'K'));
SELECT count(*) AS pairs, count(*) FILTER (WHERE ways = 1) AS one_way FROM pair;
SELECT count(*) AS exchanged, count(*) FILTER (WHERE check_code(pg_temp.with_letter(pg_temp.with_letter(code, i, b), j, a))) AS undetected
FROM pair WHERE a <> b;
SELECT count(*) AS wrong, count(*) FILTER (WHERE check_code(pg_temp.with_letter(code, place, l.a))) AS undetected
FROM (SELECT code, i AS place, a FROM pair WHERE j = i + 1 AND b = '2' UNION ALL SELECT code, 16, b FROM pair WHERE (i, a) = (15, '2')) AS one
CROSS JOIN letter AS l WHERE l.a <> one.a;

-- What people type: capitals, hyphens, spaces and full width do not matter, letters count as what they look like; nothing else does.
SELECT typed, check_code(typed), read_code(typed)
FROM (VALUES ('7NHC-3XW9-RTPV-24KF'), ('7nhc 3xw9 rtpv 24kf'), (' 7NHC3XW9RTPV24KF' || E'\n'), (U&'\FF17\FF4E\FF28\FF23\FF0D3XW9\3000RTPV\201424KF'),
             ('7NHC-3XW9-RTPU-Z4KF'), ('7NHC-3XW9-RTPV-24K'), ('7NHC-3XW9-RTPV-24KFF'), ('7NHC-3XW9-RTPV-24KA'), ('7NHC-3XW9-RTPV-240F'),
             ('7NHC-3XW9-RTPV-24K码'), (''), ('-'), (NULL)) AS t (typed);
