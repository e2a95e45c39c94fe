-- The type scorecard, and scoring by weights and by addition.
SET search_path = clientele, pg_catalog;

CREATE TEMPORARY TABLE card (name text PRIMARY KEY, card scorecard);

-- The clinic's card.
INSERT INTO card VALUES ('clinic', '{
  "method": "weighted",
  "characteristics": [
    {"name": "consumption", "weight": 40, "value": "spent",
     "bins": [{"below": 5000, "points": 20, "reason": "spends little"}, {"below": 20000, "points": 50},
              {"below": 50000, "points": 80}, {"points": 100, "reason": "spends most"}],
     "missing": {"points": 0, "reason": "never paid"}},
    {"name": "need clarity", "weight": 30, "value": "clarity",
     "bins": [{"below": 2, "points": 20}, {"below": 4, "points": 60}, {"points": 100}],
     "missing": {"points": 0}},
    {"name": "interaction", "weight": 20, "value": "contacts",
     "bins": [{"below": 3, "points": 10}, {"below": 10, "points": 60}, {"points": 100}],
     "missing": {"points": 0}},
    {"name": "loyalty", "weight": 10, "value": "visits",
     "bins": [{"when": "visits >= 5 and city = ''Suzhou''", "points": 100, "reason": "regular of the first clinic"},
              {"when": "visits >= 3", "points": 60}, {"points": 0}]}
  ],
  "tiers": [{"label": "wake-up"}, {"label": "nurture", "at_least": 40}, {"label": "strategic", "at_least": 80},
            {"label": "value", "at_least": 60}]
}');

-- Canonical text: one order of keys, tiers from the highest down.  It is its own canonical text.
SELECT card FROM card;
SELECT card::text::scorecard::text = card::text AS same_text, card::text::scorecard = card AS equal FROM card;

CREATE TEMPORARY TABLE customer (id int, city text, spent numeric, clarity int, contacts int, visits int);
INSERT INTO customer VALUES
    (1, 'Suzhou', 60000, 4, 12, 6),
    (2, 'Suzhou', 50000, 4, 3, 6),
    (3, 'Wuxi', 49999.99, 4, 3, 5),
    (4, 'Wuxi', 5000, 2, 3, 0),
    (5, 'Wuxi', 4999.99, 1, 2, 2),
    (6, NULL, NULL, NULL, NULL, NULL);

SELECT c.id, score(c, card), tier(c, card) FROM customer AS c, card ORDER BY id;
SELECT c.id, r.* FROM customer AS c, card, reasons(c, card) AS r WHERE c.id IN (2, 6) ORDER BY id;
SELECT c.id, n.* FROM customer AS c, card, next_tier(c, card) AS n ORDER BY id;

-- A jsonb object answers as the row it was made of.
SELECT count(*) AS differences
FROM customer AS c, card, to_jsonb(c) AS j
WHERE (score(c, card), tier(c, card)) IS DISTINCT FROM (score(j, card), tier(j, card))
   OR ARRAY(SELECT r FROM reasons(c, card) AS r) IS DISTINCT FROM ARRAY(SELECT r FROM reasons(j, card) AS r)
   OR ARRAY(SELECT n FROM next_tier(c, card) AS n) IS DISTINCT FROM ARRAY(SELECT n FROM next_tier(j, card) AS n);

-- Also an unnamed row, and columns that are added by a join.
SELECT score(s, card), tier(s, card)
FROM card, (SELECT 30000 AS spent, 3 AS clarity, 4::bigint AS contacts, 7::smallint AS visits, 'Suzhou'::varchar AS city) AS s;

-- A value exactly at a limit belongs to the bin above it.
SELECT x, score(jsonb_build_object('x', x), '{"method": "weighted", "characteristics": [{"name": "a", "weight": 1, "value": "x",
    "bins": [{"below": -1.5, "points": 1}, {"below": 0, "points": 2}, {"below": 1e1, "points": 3}, {"points": 4}]}]}')
FROM unnest(ARRAY[-1.500001, -1.5, -1.499999, -0.000001, 0, 9.999999999999, 10, 10.0000, 1e30]) AS x;

-- The score is rounded first and compared then, half a hundredth upwards.
SELECT x, score(jsonb_build_object('x', x), card), tier(jsonb_build_object('x', x), card)
FROM (VALUES (scorecard '{"method": "weighted", "characteristics": [
        {"name": "a", "weight": 1000, "value": "x", "bins": [{"below": 1, "points": 79.994}, {"below": 2, "points": 79.995},
         {"below": 3, "points": 79.99499999999999999}, {"below": 4, "points": 80}, {"points": 59.995}]}],
        "tiers": [{"label": "high", "at_least": 80}, {"label": "middle", "at_least": 60}]}')) AS c (card),
    generate_series(0, 4) AS x;

-- A quotient just below the half: 79.99499999999999999999999999990 is not 80.
SELECT score('{}'::jsonb, card), tier('{}'::jsonb, card), (SELECT sum(contribution) FROM reasons('{}'::jsonb, card))
FROM (VALUES
    (scorecard '{"method": "weighted", "characteristics": [
      {"name": "a", "weight": 799949999999999999, "bins": [{"points": 100}]},
      {"name": "b", "weight": 200050000000000001, "bins": [{"points": 0}]}], "tiers": [{"label": "high", "at_least": 80}]}'),
    ('{"method": "weighted", "characteristics": [
      {"name": "a", "weight": 799950000000000000, "bins": [{"points": 100}]},
      {"name": "b", "weight": 200050000000000000, "bins": [{"points": 0}]}], "tiers": [{"label": "high", "at_least": 80}]}'),
    ('{"method": "weighted", "characteristics": [
      {"name": "a", "weight": 799949999999999999.999999999999999999, "bins": [{"points": 99.999999999999999999}]},
      {"name": "b", "weight": 200050000000000000.000000000000000001, "bins": [{"points": 0}]}], "tiers": [{"label": "high", "at_least": 80}]}')
) AS c (card);

-- Weights need not sum up to 100, may be fractions, and one may be 0.
SELECT score('{"x": 5}'::jsonb, '{"method": "weighted", "characteristics": [
    {"name": "a", "weight": 0.1, "value": "x", "bins": [{"points": 100}]},
    {"name": "b", "weight": 0.2, "value": "x", "bins": [{"points": 50}]},
    {"name": "c", "weight": 0, "value": "x", "bins": [{"points": 0}]}]}');

-- Thirds: contributions add up to the score before rounding.
SELECT r.*, sum(contribution) OVER () AS score
FROM reasons('{"x": 1}'::jsonb, '{"method": "weighted", "characteristics": [
    {"name": "a", "weight": 1, "value": "x", "bins": [{"points": 100}]},
    {"name": "b", "weight": 1, "value": "x", "bins": [{"points": 100}]},
    {"name": "c", "weight": 1, "value": "x", "bins": [{"points": 50}]}]}') AS r;

-- Fail closed: a value that is missing, and no word about it, means no score and no tier.
SELECT score(j, card), tier(j, card), reason_codes(j, card)
FROM (VALUES ('{"x": 1, "y": 1}'::jsonb), ('{"x": 1, "y": null}'), ('{"x": null, "y": 1}'), ('{}')) AS d (j),
     (VALUES (scorecard '{"method": "additive", "baseline": 10, "characteristics": [
        {"name": "a", "value": "x", "bins": [{"points": 1}], "missing": {"points": 0}, "reason_code": "A"},
        {"name": "b", "value": "y", "bins": [{"points": 1}], "reason_code": "B"}], "tiers": [{"label": "all"}]}')) AS c (card);
-- Neither does a condition that is unknown hold, nor is it a bin of its own.
SELECT j, score(j, card), tier(j, card)
FROM (VALUES ('{"x": 1}'::jsonb), ('{"x": 5}'), ('{"x": null}')) AS d (j),
     (VALUES (scorecard '{"method": "additive", "characteristics": [{"name": "a", "bins": [{"when": "x > 3", "points": 1}]}], "tiers": [{"label": "all"}]}')) AS c (card);
-- reasons and next_tier say where it fails.
SELECT * FROM reasons('{"x": 1}'::jsonb, '{"method": "weighted", "characteristics": [
    {"name": "a", "weight": 1, "value": "x", "bins": [{"points": 1}]}, {"name": "b", "weight": 1, "value": "y", "bins": [{"points": 1}]}]}');
SELECT * FROM next_tier('{"x": 1}'::jsonb, '{"method": "weighted", "characteristics": [
    {"name": "a", "weight": 1, "value": "x", "bins": [{"points": 1}]}, {"name": "b", "weight": 1, "value": "y", "bins": [{"points": 1}]}]}');
-- No row, no card.
SELECT score(NULL::customer, card), tier(NULL::jsonb, card), reason_codes(NULL::customer, card), score(c, NULL), tier(c, NULL)
FROM card, customer AS c WHERE c.id = 1;
SELECT count(*) FROM card, reasons(NULL::customer, card);
SELECT count(*) FROM card, next_tier(NULL::jsonb, card);
SELECT count(*) FROM customer AS c, reasons(c, NULL);
-- Below the lowest tier, without one that takes the rest; and without tiers.
SELECT x, tier(jsonb_build_object('x', x), '{"method": "additive", "characteristics": [{"name": "a", "bins": [{"points": "x"}]}],
    "tiers": [{"label": "low", "at_least": -0.01}, {"label": "high", "at_least": 1000000}]}')
FROM unnest(ARRAY[-0.02, -0.015, -0.0149, -0.01, -0.004, 0, 999999.994, 999999.995]) AS x;
SELECT score('{"x": 1}'::jsonb, card), tier('{"x": 1}'::jsonb, card)
FROM (VALUES (scorecard '{"method": "additive", "characteristics": [{"name": "a", "bins": [{"points": 7}]}]}')) AS c (card);

-- Additive: initial score, computed points, points of a missing value; half goes away from zero.
INSERT INTO card VALUES ('additive', '{"method": "additive", "initial": 2.5, "baseline": 10,
  "characteristics": [
    {"name": "ratio", "bins": [{"when": "d = 0", "points": -4, "reason_code": "no d"}, {"when": "n > 0", "points": "n / d"}],
     "missing": {"points": "coalesce(fallback, 1)", "reason": "no n"}, "reason_code": "ratio"},
    {"name": "size", "value": "n", "baseline": 3, "bins": [{"below": 0, "points": -1.005}, {"points": "n * 2"}], "missing": {"points": 0}, "reason_code": "size"}],
  "tiers": [{"label": "up", "at_least": 0}, {"label": "down", "at_least": -2}]}');
SELECT card FROM card WHERE name = 'additive';
SELECT j, score(j, card), tier(j, card), reason_codes(j, card)
FROM card, (VALUES (1, '{"n": 3, "d": 2, "fallback": null}'::jsonb), (2, '{"n": 3, "d": 0, "fallback": null}'),
                   (3, '{"n": -1, "d": 0, "fallback": null}'), (4, '{"n": null, "d": 1, "fallback": 20}'), (5, '{"n": null, "d": 1, "fallback": null}'),
                   (6, '{"n": 3, "d": null, "fallback": null}')) AS d (no, j)
WHERE name = 'additive' ORDER BY no;
-- A bin that applies keeps those after it from being evaluated, conditions and points; nothing else does.
SELECT x, score(jsonb_build_object('x', x), '{"method": "additive", "characteristics": [{"name": "a", "bins": [
    {"when": "x = 0", "points": 1}, {"when": "1 / x > 0.5", "points": "10 / x"}], "missing": {"points": "100 / x"}}]}')
FROM unnest(ARRAY[0, 1, 4]) AS x;
SELECT score('{"x": 0}'::jsonb, '{"method": "additive", "characteristics": [{"name": "a", "bins": [{"when": "1 / x > 0.5", "points": 1}]}]}');
SELECT score('{"x": 0}'::jsonb, '{"method": "additive", "characteristics": [{"name": "a", "value": "x", "bins": [{"below": 1, "points": "10 / x"}, {"points": 1}]}]}');
-- The initial score is an item of its own, so that contributions add up; computed points cannot be inverted.
SELECT r.* FROM card, reasons('{"n": 3, "d": 2, "fallback": null}'::jsonb, card) AS r WHERE name = 'additive';
SELECT n.* FROM card, next_tier('{"n": -1, "d": 0, "fallback": null}'::jsonb, card) AS n WHERE name = 'additive';

-- A weight may be computed; below 0 or unknown it is no weight, and all 0 is no score.
SELECT w, score(jsonb_build_object('w', w), '{"method": "weighted", "characteristics": [
    {"name": "a", "weight": "w", "bins": [{"points": 80}]}, {"name": "b", "weight": "w + 1 - 1", "bins": [{"points": 40}]}]}')
FROM unnest(ARRAY[1, 0.5, 0, -1, NULL]) AS w;

-- Reason codes: by distance, ties in the card's order, shared codes together, none where nothing was lost.
SELECT j, reason_codes(j, card) AS below, reason_codes(j, replace(card::text, '"additive"', '"additive", "reason_code_algorithm": "points_above"')::scorecard) AS above
FROM (VALUES (scorecard '{"method": "additive", "baseline": 10, "characteristics": [
        {"name": "a", "bins": [{"points": "a"}], "reason_code": "A"},
        {"name": "b", "bins": [{"points": "b"}], "reason_code": "B"},
        {"name": "c", "bins": [{"when": "c > 100", "points": "c", "reason_code": "A"}, {"points": "c"}], "reason_code": "C"},
        {"name": "d", "bins": [{"points": "d"}], "reason_code": "B", "baseline": 0}]}')) AS k (card),
     (VALUES (1, '{"a": 5, "b": 5, "c": 5, "d": 0}'::jsonb), (2, '{"a": 5, "b": 9, "c": 4, "d": -5}'), (3, '{"a": 10, "b": 10, "c": 10, "d": 0}'),
             (4, '{"a": 11, "b": 0, "c": 101, "d": 10}'), (5, '{"a": 4, "b": 5, "c": 5.5, "d": 0.5}')) AS d (no, j)
ORDER BY no;
-- On a weighted card the distance counts by its weight.
SELECT reason_codes('{}'::jsonb, '{"method": "weighted", "baseline": 100, "characteristics": [
    {"name": "a", "weight": 10, "bins": [{"points": 0}], "reason_code": "A"},
    {"name": "b", "weight": 30, "bins": [{"points": 50}], "reason_code": "B"}]}');

-- The next tier: the smallest change of the value, up or down, and what stands in the way.
INSERT INTO card VALUES ('steps', '{"method": "additive", "characteristics": [
    {"name": "up", "value": "up", "bins": [{"below": 10, "points": 0}, {"below": 20, "points": 4}, {"below": 30, "points": 10}, {"points": 30}], "missing": {"points": 0}},
    {"name": "down", "value": "down", "bins": [{"below": 5, "points": 12}, {"below": 8, "points": 6}, {"points": 0}]},
    {"name": "middle", "value": "middle", "bins": [{"below": 10, "points": 11}, {"below": 20, "points": 0}, {"points": 14}]},
    {"name": "place", "value": "city", "bins": [{"when": "city = ''Suzhou''", "points": 20}, {"when": "city = ''Wuxi''", "points": 10}, {"points": 0}]},
    {"name": "computed", "bins": [{"when": "up > 1000", "points": "up / 100"}, {"points": 0}]},
    {"name": "too little", "value": "up", "bins": [{"below": 99, "points": 0}, {"points": 9.99}], "missing": {"points": 0}}],
    "tiers": [{"label": "low", "at_least": 0}, {"label": "high", "at_least": 10}, {"label": "top", "at_least": 1000}]}');
SELECT n.* FROM card, next_tier('{"up": 7, "down": 9, "middle": 14, "city": "Nanjing"}'::jsonb, card) AS n WHERE name = 'steps';
-- Equally far both ways: up.  No value: the fewest points.
SELECT n.* FROM card, next_tier('{"up": null, "down": 8, "middle": 15, "city": null}'::jsonb, card) AS n WHERE name = 'steps' AND item IN ('up', 'middle');
-- Nothing suffices alone but what cannot be inverted; and the highest tier.
SELECT n.* FROM card, next_tier('{"up": 25, "down": 3, "middle": 5, "city": "Suzhou"}'::jsonb, card) AS n WHERE name = 'steps';
SELECT n.* FROM card, next_tier('{"up": 2000000, "down": 3, "middle": 5, "city": "Suzhou"}'::jsonb, card) AS n WHERE name = 'steps';

-- A name that is no column of the row.
SELECT score(c, '{"method": "additive", "characteristics": [{"name": "a", "value": "spend", "bins": [{"points": 1}]}]}') FROM customer AS c;

-- Too large for a number: one error, no wrong answer.
SELECT score(jsonb_build_object('x', 1e131000), '{"method": "additive", "characteristics": [
    {"name": "a", "bins": [{"points": "x * x"}]}]}');

SELECT score(s, '{"method": "additive", "characteristics": [
    {"name": "a", "bins": [{"points": "x"}]}, {"name": "b", "bins": [{"points": "x"}]}]}')
FROM (SELECT 9e131071 AS x) AS s;

-- Texts in any language, quotes and backslashes survive.
SELECT '{"method": "additive", "characteristics": [{"name": "消费\"\\\u0007", "value": "\"金额\"", "bins": [{"points": 1.50, "reason": "\ud83d\ude00"}]}], "tiers": [{"label": "战略客户"}]}'::scorecard AS card \gset
\pset format unaligned
SELECT :'card'::scorecard AS card, :'card'::scorecard::text = :'card' AS same;
\pset format aligned
SELECT tier('{"金额": 1}'::jsonb, :'card');

-- Equality is that of the canonical text: spelling, order of keys and of tiers, and defaults do not count.
SELECT scorecard '{"method": "weighted", "characteristics": [{"name": "a", "weight": 1.0, "value": "x", "bins": [{"below": 1e1, "points": 5}, {"points": 6}]}], "tiers": [{"label": "b", "at_least": 2}, {"label": "a", "at_least": 3.50}]}'
     = '{"tiers": [{"at_least": 3.5, "label": "a"}, {"at_least": 2.00, "label": "b"}], "initial": 0, "reason_code_algorithm": "points_below",
         "characteristics": [{"bins": [{"points": 5.0, "below": 10}, {"points": 6}], "value": " x ", "weight": 1, "name": "a"}], "method": "weighted"}' AS equal;
SELECT a.name, b.name FROM card AS a, card AS b WHERE a.card = b.card ORDER BY 1;
SELECT count(*) FROM card AS a, card AS b WHERE a.card <> b.card;
SELECT count(*) FROM (SELECT DISTINCT card FROM (TABLE card UNION ALL TABLE card) AS twice) AS once;
SELECT count(*) FROM (SELECT card FROM (TABLE card UNION ALL TABLE card) AS twice GROUP BY card) AS grouped;

-- Stored, compressed and toasted.
CREATE TEMPORARY TABLE stored (card scorecard);
INSERT INTO stored SELECT ('{"method": "additive", "characteristics": [{"name": "a", "value": "x", "bins": ['
    || string_agg('{"below": ' || i || ', "points": ' || i * 1.5 || '}, ', '' ORDER BY i) || '{"points": 0}]}]}')::scorecard
FROM generate_series(1, 1500) AS i;
SELECT pg_column_size(card) < length(card::text) AS compressed, score('{"x": 777}'::jsonb, card) FROM stored;
