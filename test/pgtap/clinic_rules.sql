-- What the clinic's managers have agreed on, one sentence a line.
BEGIN;
SET LOCAL search_path = clientele, public;
SELECT no_plan();

CREATE TEMPORARY TABLE now_is (as_of timestamptz, zone text);
INSERT INTO now_is VALUES ('2026-06-30 20:00+08', 'Asia/Shanghai');
CREATE FUNCTION pg_temp.holds(document text, rule text) RETURNS boolean LANGUAGE sql AS
    $$SELECT matches(document::jsonb, rule::expression, as_of, zone) FROM now_is$$;

-- ---------- calendar days ----------
SELECT ok(pg_temp.holds('{"last_visit": "2026-06-30 00:05"}', 'days_since(last_visit) = 0'), 'a visit just after midnight was today');
SELECT ok(pg_temp.holds('{"last_visit": "2026-06-29 23:55"}', 'days_since(last_visit) = 1'), 'ten minutes earlier it was yesterday');
SELECT ok(pg_temp.holds('{"last_visit": "2026-06-29T16:05:00Z"}', 'days_since(last_visit) = 0'), 'an instant in another zone counts by our calendar');
SELECT ok(pg_temp.holds('{"birthday": "2008-06-30"}', 'age(birthday) = 18'), 'she is of age on her birthday');
SELECT ok(NOT pg_temp.holds('{"birthday": "2008-07-01"}', 'age(birthday) >= 18'), 'and not the day before');
SELECT ok(pg_temp.holds('{"birthday": "1990-06-01"}', 'month(birthday) = month(today())'), 'her birthday is this month');
SELECT ok(pg_temp.holds('{"first_visit": "2026-05-31"}', 'months_since(first_visit) = 0'), '31 May is not yet a month ago on 30 June');
SELECT ok(pg_temp.holds('{"first_visit": "2026-05-30"}', 'months_since(first_visit) = 1'), '30 May is');

-- ---------- what is unknown is nobody ----------
SELECT ok(NOT pg_temp.holds('{}', 'budget >= 0'), 'who has no budget does not match a budget');
SELECT ok(NOT pg_temp.holds('{}', 'not (budget >= 0)'), 'nor its opposite');
SELECT ok(NOT pg_temp.holds('{}', 'city not in (''上海'', ''杭州'')'), 'who has no city is not "elsewhere"');
SELECT ok(pg_temp.holds('{}', 'budget is null'), 'to find him, ask whether it is null');
SELECT ok(NOT pg_temp.holds('{"last_visit": null}', 'days_since(last_visit) > 90'), 'who never came has not been away for long');

-- ---------- money is exact ----------
SELECT ok(pg_temp.holds('{"a": 0.1, "b": 0.2}', 'a + b = 0.3'), 'ten fen and twenty fen are thirty');
SELECT ok(pg_temp.holds('{"paid": 20000.00}', 'paid >= 20000'), 'exactly the threshold is enough');
SELECT ok(NOT pg_temp.holds('{"paid": 19999.99}', 'paid >= 20000'), 'a fen less is not');

-- ---------- the eight groups ----------
SELECT is(rfm_group(score, 'eight'), label, format('%s is %s', score, label))
FROM (VALUES (222, '重要价值'), (212, '重要发展'), (122, '重要保持'), (112, '重要挽留'),
             (221, '一般价值'), (211, '一般发展'), (121, '一般保持'), (111, '一般挽留')) AS g (score, label);
SELECT is(rfm_group(NULL, 'eight'), '未成交', 'who never paid is in no group of payers');
SELECT is(rfm_score(30, 5, 9000, 'recency 30; frequency 3; monetary 5000'), 122, 'thirty days at a cut of thirty is the older side');
SELECT is(rfm_score(29, 3, 5000, 'recency 30; frequency 3; monetary 5000'), 222, 'a count or a sum at its cut is high');

-- ---------- the four tiers ----------
CREATE TEMPORARY TABLE agreed AS SELECT '{"method": "weighted", "characteristics": [
    {"name": "consumption", "weight": 40, "value": "consumption", "bins": [{"below": 50, "points": 0}, {"points": 100}], "missing": {"points": 0}},
    {"name": "need", "weight": 30, "value": "need", "bins": [{"below": 50, "points": 0}, {"points": 100}], "missing": {"points": 0}},
    {"name": "interaction", "weight": 20, "value": "interaction", "bins": [{"below": 50, "points": 0}, {"points": 100}], "missing": {"points": 0}},
    {"name": "loyalty", "weight": 10, "value": "loyalty", "bins": [{"below": 50, "points": 0}, {"points": 100}], "missing": {"points": 0}}],
  "tiers": [{"label": "strategic", "at_least": 80}, {"label": "value", "at_least": 60}, {"label": "nurture", "at_least": 40}, {"label": "wake-up"}]}'::scorecard AS card;
SELECT is(tier(document::jsonb, card), label, format('%s points are %s', score(document::jsonb, card), label))
FROM agreed, (VALUES
    ('{"consumption": 50, "need": 50, "loyalty": 50}', 'strategic'),
    ('{"consumption": 50, "need": 50}', 'value'),
    ('{"consumption": 50, "interaction": 50}', 'value'),
    ('{"consumption": 50}', 'nurture'),
    ('{"need": 50}', 'wake-up'),
    ('{}', 'wake-up')) AS customer (document, label);
SELECT is((SELECT sum(contribution) FROM agreed, reasons('{"consumption": 50, "need": 50}'::jsonb, card)), 70::numeric,
          'the reasons add up to the score');
SELECT is((SELECT array_agg(item ORDER BY item) FROM agreed, next_tier('{"consumption": 50, "need": 50}'::jsonb, card)), '{interaction,loyalty}',
          'from value to strategic, more visits or more loyalty would do');

SELECT * FROM finish();
ROLLBACK;
