-- Random cards on random customers, against SQL that was written from the
-- card's meaning and shares no code with it.  Another seed: psql -v seed=0.5.
SET search_path = clientele, pg_catalog;
\if :{?seed} \else \set seed 0.20261122 \endif
\echo seed :seed
SELECT setseed(:seed);

-- ---------------------------------------------------------------------------
-- Cards: 1 to 5 characteristics on the columns x1 to x5, by ranges or by
-- conditions that are SQL too
-- ---------------------------------------------------------------------------

CREATE TEMPORARY TABLE characteristic AS
SELECT card_no, n, card_no % 2 = 0 AS weighted,
    CASE WHEN random() < 0.2 AND n > 1 THEN 0 ELSE round((random() * 50 + 0.01)::numeric, floor(random() * 4)::int) + 0.001 END AS weight,
    random() < 0.7 AS by_range,
    CASE WHEN random() < 0.7 THEN round((random() * 100)::numeric, floor(random() * 4)::int) END AS missing
FROM generate_series(1, 120) AS card_no, LATERAL generate_series(1, 1 + (card_no * 7 % 5)) AS n;

-- Limits: some of them are values that customers have.
CREATE TEMPORARY TABLE bin AS
SELECT card_no, n, row_number() OVER (PARTITION BY card_no, n ORDER BY below) AS bin,
    below, points, by_range,
    format('x%s %s %s', n, (ARRAY['<', '<=', '>', '=', '<>'])[1 + floor(random() * 5)::int], below)
        || CASE WHEN random() < 0.3 THEN format(' and x%s is not null', 1 + floor(random() * 5)::int) ELSE '' END
        || CASE WHEN random() < 0.2 THEN format(' or x%s is null', 1 + floor(random() * 5)::int) ELSE '' END AS condition
FROM (SELECT DISTINCT ON (card_no, n, below) *
      FROM (SELECT card_no, n, by_range, round((random() * 20 - 5)::numeric, floor(random() * 2)::int) AS below,
                CASE WHEN weighted THEN round((random() * 100)::numeric, floor(random() * 4)::int)
                     ELSE round((random() * 100 - 50)::numeric, floor(random() * 4)::int) END AS points
            FROM characteristic, generate_series(1, 4) WHERE random() < 0.8 OR generate_series = 1) AS all_limits
      ORDER BY card_no, n, below) AS limits;

-- The points of values above all limits; conditions have such a bin if nothing is said about missing.
CREATE TEMPORARY TABLE open_bin AS
SELECT card_no, n, round((random() * 100)::numeric, floor(random() * 4)::int) AS points
FROM characteristic WHERE by_range OR (missing IS NULL AND random() < 0.8);

CREATE TEMPORARY TABLE tier AS
SELECT card_no, n, 'tier ' || n AS label, CASE WHEN n > 1 OR card_no % 3 > 0 THEN n * 20 + round(random()::numeric, 2) END AS at_least
FROM generate_series(1, 120) AS card_no, generate_series(1, 4) AS n;

CREATE TEMPORARY TABLE card AS
SELECT card_no,
    format('{"method": "%s"%s, "characteristics": [%s], "tiers": [%s]}',
        CASE WHEN bool_or(c.weighted) THEN 'weighted' ELSE 'additive' END,
        CASE WHEN bool_or(c.weighted) THEN '' ELSE ', "initial": ' || card_no % 10 END,
        string_agg(format('{"name": "x%s"%s, "value": "x%s", "bins": [%s]%s}', c.n,
            CASE WHEN c.weighted THEN ', "weight": ' || c.weight ELSE '' END, c.n,
            concat_ws(', ',
                (SELECT string_agg(CASE WHEN b.by_range THEN format('{"below": %s, "points": %s}', b.below, b.points)
                                        ELSE format('{"when": "%s", "points": %s}', b.condition, b.points) END, ', ' ORDER BY b.bin)
                 FROM bin AS b WHERE b.card_no = c.card_no AND b.n = c.n),
                (SELECT format('{"points": %s}', o.points) FROM open_bin AS o WHERE o.card_no = c.card_no AND o.n = c.n)),
            CASE WHEN c.missing IS NOT NULL THEN format(', "missing": {"points": %s}', c.missing) ELSE '' END), ', ' ORDER BY c.n),
        (SELECT string_agg(CASE WHEN t.at_least IS NULL THEN format('{"label": "%s"}', t.label)
                                ELSE format('{"label": "%s", "at_least": %s}', t.label, t.at_least) END, ', ' ORDER BY random())
         FROM tier AS t WHERE t.card_no = c.card_no))::scorecard AS card
FROM characteristic AS c GROUP BY card_no;

CREATE TEMPORARY TABLE customer AS
SELECT id, v[1] AS x1, v[2] AS x2, v[3] AS x3, v[4] AS x4, v[5] AS x5
FROM generate_series(1, 100) AS id,
    LATERAL (SELECT array_agg(CASE WHEN random() < 0.12 THEN NULL ELSE round((random() * 22 - 6)::numeric, floor(random() * 3)::int) END) AS v
             FROM generate_series(id * 10 + 1, id * 10 + 5)) AS s;

-- ---------------------------------------------------------------------------
-- The oracle: each characteristic as CASE
-- ---------------------------------------------------------------------------

CREATE FUNCTION pg_temp.points_sql(card_no int, n int) RETURNS text LANGUAGE sql AS $$
    SELECT format('CASE %s %s END',
        string_agg(CASE WHEN b.by_range THEN format('WHEN x%s < %s THEN %s', b.n, b.below, b.points)
                        ELSE format('WHEN %s THEN %s', b.condition, b.points) END, ' ' ORDER BY b.bin),
        CASE WHEN bool_and(b.by_range)
             THEN format('WHEN x%s IS NULL THEN %s ELSE %s', $2, coalesce(max(c.missing)::text, 'NULL'), max(o.points))
             ELSE format('ELSE %s', coalesce(max(o.points)::text, max(c.missing)::text, 'NULL')) END)
    FROM bin AS b
    JOIN characteristic AS c ON c.card_no = b.card_no AND c.n = b.n
    LEFT JOIN open_bin AS o ON o.card_no = b.card_no AND o.n = b.n
    WHERE b.card_no = $1 AND b.n = $2
$$;

CREATE TEMPORARY TABLE expected (card_no int, id int, score numeric, exact_sum numeric);

DO $$
DECLARE
    the record;
BEGIN
    FOR the IN
        SELECT card_no, bool_or(weighted) AS weighted, sum(weight) AS weights,
            string_agg(CASE WHEN weighted THEN weight::text ELSE '1' END || ' * ' || coalesce(pg_temp.points_sql(card_no, n), 'NULL'), ' + ' ORDER BY n) AS points
        FROM characteristic GROUP BY card_no
    LOOP
        -- Half up, exactly: floor(100 * points / weights + 1/2) as a division of integers, free of rounding.
        EXECUTE format(
            CASE WHEN the.weighted
                 THEN 'INSERT INTO expected SELECT %1$s, id, div(200 * p + %3$s, 2 * %3$s) / 100.00, p / %3$s FROM (SELECT id, %2$s AS p FROM customer) AS s'
                 ELSE 'INSERT INTO expected SELECT %1$s, id, round(p + %1$s %% 10, 2), p + %1$s %% 10 FROM (SELECT id, %2$s AS p FROM customer) AS s' END,
            the.card_no, the.points, the.weights);
    END LOOP;
END
$$;

CREATE TEMPORARY VIEW compared AS
SELECT card_no, id, e.score AS expected_score, e.exact_sum, card, c, score(c, card),
    (SELECT t.label FROM tier AS t WHERE t.card_no = e.card_no AND (t.at_least <= e.score OR t.at_least IS NULL AND e.score IS NOT NULL)
     ORDER BY t.at_least DESC NULLS LAST LIMIT 1) AS expected_tier,
    tier(c, card) AS tier
FROM expected AS e JOIN card USING (card_no) JOIN customer AS c USING (id);

-- The test is worth something: scores, no scores, many values, every tier.
SELECT count(*) AS rows, count(expected_score) BETWEEN 3000 AND 11500 AS some_without, count(DISTINCT expected_score) > 2000 AS many_scores,
    count(DISTINCT expected_tier) AS tiers, count(*) FILTER (WHERE expected_tier IS NULL AND expected_score IS NOT NULL) > 100 AS some_below
FROM compared;

SELECT count(*) AS wrong_scores FROM compared WHERE score IS DISTINCT FROM expected_score;
SELECT count(*) AS wrong_tiers FROM compared WHERE tier IS DISTINCT FROM expected_tier;

-- The first ones, should there be any.
SELECT card_no, id, expected_score, score, expected_tier, tier, c, card
FROM compared WHERE (score, tier) IS DISTINCT FROM (expected_score, expected_tier) ORDER BY card_no, id LIMIT 3;

-- Contributions add up to the exact sum, cut after six decimals, and so to the score.
SELECT count(*) AS wrong_sums
FROM compared, LATERAL (SELECT sum(contribution) AS total FROM reasons(c, card)) AS r
WHERE round(total, 2) IS DISTINCT FROM score
   OR total IS DISTINCT FROM CASE WHEN card_no % 2 = 0 THEN trunc(exact_sum, 6) ELSE exact_sum END;

-- jsonb, the canonical text and parallel workers change nothing.
SELECT count(*) AS differences FROM compared WHERE score IS DISTINCT FROM score(to_jsonb(c), card::text::scorecard);

-- ---------------------------------------------------------------------------
-- next_tier does what it says: on the customer with the one value changed
-- ---------------------------------------------------------------------------

CREATE TEMPORARY TABLE step AS
SELECT card_no, id, card, to_jsonb(c) AS j, score(c, card) AS old_score, n.*
FROM compared, LATERAL next_tier(c, card) AS n;

CREATE TEMPORARY VIEW taken AS
SELECT s.*, j || jsonb_build_object(item, required_value - CASE WHEN note IS NULL THEN 0 ELSE 0.000001 END) AS changed
FROM step AS s WHERE required_value IS NOT NULL;

SELECT count(*) > 300 AS many, count(*) FILTER (WHERE note IS NULL) > 100 AS up, count(*) FILTER (WHERE note IS NOT NULL) > 30 AS down FROM taken;
SELECT count(*) AS wrong_steps FROM taken
WHERE tier(changed, card) IS NULL OR score(changed, card) <> next_score OR score(changed, card) < score
   OR next_tier IS NULL OR NOT EXISTS (SELECT FROM tier AS t WHERE t.card_no = taken.card_no AND t.label = taken.next_tier AND t.at_least <= next_score AND t.at_least > score);

-- It is the next tier that is aimed at, not one above it.
SELECT count(*) AS wrong_tiers FROM step AS s
WHERE next_tier IS NOT NULL
  AND next_tier <> (SELECT t.label FROM tier AS t WHERE t.card_no = s.card_no AND t.at_least > s.score ORDER BY t.at_least LIMIT 1);

-- One unit less of change does not suffice.
SELECT count(*) AS too_far FROM taken
WHERE score(j || jsonb_build_object(item, required_value + CASE WHEN note IS NULL THEN -0.000001 ELSE 0 END), card)
      >= (SELECT t.at_least FROM tier AS t WHERE t.card_no = taken.card_no AND t.label = taken.next_tier);

-- No characteristic is left out that would suffice: try every limit of ranges, from both sides.
CREATE TEMPORARY TABLE tried AS
SELECT m.card_no, m.id, 'x' || b.n AS item
FROM compared AS m
JOIN bin AS b ON b.card_no = m.card_no AND b.by_range,
     LATERAL (VALUES (b.below), (b.below - 0.000001)) AS v (value),
     LATERAL (SELECT t.at_least FROM tier AS t WHERE t.card_no = m.card_no AND t.at_least > m.score ORDER BY t.at_least LIMIT 1) AS target
WHERE NOT EXISTS (SELECT FROM characteristic AS other JOIN bin AS ob USING (card_no, n)
                  WHERE other.card_no = m.card_no AND NOT other.by_range AND ob.condition ~ ('x' || b.n))
  AND score(to_jsonb(c) || jsonb_build_object('x' || b.n, v.value), card) >= target.at_least;
SELECT count(*) > 300 AS many FROM tried;
SELECT count(*) AS left_out FROM (TABLE tried EXCEPT SELECT card_no, id, item FROM step) AS missing;
