-- Parameters wherever a number stands, and with values of their own for branches.
SET client_min_messages = warning;
SET TimeZone = 'Asia/Shanghai';
SET clientele.clock = '2026-06-30 18:00+08';
CREATE TABLE parameters_customer (id int PRIMARY KEY, home text);
CREATE TABLE parameters_payment (customer_id int, paid_at timestamptz, net numeric(12,2));
INSERT INTO parameters_customer VALUES (1, 'pudong'), (2, 'xuhui'), (3, NULL), (4, 'jing''an'), (5, '静安');
-- each customer alike, but for the branch: 100 yuan 20, 50, 100 and 200 days ago
INSERT INTO parameters_payment
SELECT c.id, timestamptz '2026-06-30 12:00+08' - d * interval '1 day', 100
FROM parameters_customer AS c, unnest('{20,50,100,200}'::int[]) AS d;

SET search_path = clientele, public;
\set SHOW_CONTEXT never
\set population '''parametric'''
SELECT create_population(:population, 'parameters_customer', 'id', 'Asia/Shanghai', 'parametric');
SELECT add_source(:population, 'payment', 'parameters_payment', 'customer_id', 'paid_at', amount => 'net');
SELECT define_metric(:population, 'home_branch', 'home');

-- everywhere the same: windows, weights, points, limits, cuts, tiers, high_from
SELECT set_parameter(:population, 'window', 60), set_parameter(:population, 'low', 2), set_parameter(:population, 'weight_visits', 40),
       set_parameter(:population, 'best', 90), set_parameter(:population, 'strategic_from', 80), set_parameter(:population, 'recent', 30),
       set_parameter(:population, 'high', 2), set_parameter(:population, 'large_from', 100);
SELECT define_metric(:population, 'large', 'count(payment where net >= large_from)'), define_metric(:population, 'spend', 'sum(payment.net last window days)'),
       define_metric(:population, 'waiting', 'days_since(latest(payment where net >= low))');
SELECT define_scorecard(:population, 'tier', '{"method": "weighted", "characteristics": [
  {"name": "payments", "weight": "weight_visits", "value": "count(payment last window days)",
   "bins": [{"below": "low", "points": 20}, {"below": "low + 2", "points": "best"}, {"points": 100}]},
  {"name": "recency", "weight": "100 - weight_visits", "value": "waiting",
   "bins": [{"below": "recent", "points": 100}, {"points": 0}]}],
  "tiers": [{"label": "strategic", "at_least": "strategic_from"}, {"label": "value", "at_least": 60}, {"label": "rest"}]}');
SELECT define_rfm(:population, 'grid', recency => 'latest(payment)', frequency => 'count(payment)', monetary => 'sum(payment.net)',
                  cuts => 'recency recent, 2 * recent; frequency low, 4; monetary 250, 1000', scheme => 'eight', high_from => 'high');
SELECT name, definition FROM definitions(:population) WHERE name IN ('tier', 'grid');
SELECT severity, message FROM check_definitions(:population) WHERE severity = 'error';
SELECT publish(:population, 'the same everywhere');
CALL refresh(:population);
SELECT id, large, spend, waiting, tier, tier_score, grid, grid_score FROM parametric.parametric ORDER BY id;
SELECT * FROM explain(:population, 1, 'tier');
SELECT * FROM explain(:population, 1, 'grid');
SELECT * FROM next_tier(:population, 1, 'tier');

-- of a branch: only where somebody says which branch a customer belongs to
SELECT set_parameter(:population, 'window', 365, branch => 'pudong');
SELECT set_branch(:population, 'home_branch');
SELECT set_parameter(:population, 'unheard_of', 1, branch => 'pudong');
SELECT set_parameter(:population, 'window', 365, branch => 'pudong'), set_parameter(:population, 'window', 30, branch => '静安'),
       set_parameter(:population, 'low', 1, branch => 'pudong'), set_parameter(:population, 'recent', 10, branch => 'jing''an'),
       set_parameter(:population, 'strategic_from', 95.5, branch => 'pudong'), set_parameter(:population, 'weight_visits', 0, branch => 'xuhui'),
       set_parameter(:population, 'best', 50, branch => '静安'), set_parameter(:population, 'high', 3, branch => 'xuhui'),
       set_parameter(:population, 'large_from', 100.01, branch => '静安');
SELECT name, definition FROM definitions(:population) WHERE kind = 'parameter' AND definition ~ 'branches' ORDER BY name;
SELECT severity, message FROM check_definitions(:population) WHERE severity = 'error';
SELECT publish(:population, 'by branch');
CALL refresh(:population);
SELECT id, home_branch, large, spend, waiting, tier, tier_score, grid, grid_score FROM parametric.parametric ORDER BY id;
-- the same by another way: one customer alone, and all of them evaluated at another instant
SELECT id, profile(:population, id) ->> 'tier_score' AS tier_score, profile(:population, id) ->> 'grid' AS grid FROM parameters_customer ORDER BY id;
SELECT count(*) FROM verify(:population);
-- who moves to another branch is judged by its rules, at once
BEGIN;
UPDATE parameters_customer SET home = 'pudong' WHERE id = 3;
SELECT id, home_branch, spend, tier, tier_score, grid_score FROM parametric.parametric WHERE id IN (1, 3) ORDER BY id;
ROLLBACK;

-- why: her own numbers
SELECT item, value, condition, points, weight, reason FROM explain(:population, 1, 'tier');
SELECT item, value, condition, points FROM explain(:population, 4, 'grid');
SELECT item, value FROM explain(:population, 1, 'window') UNION ALL SELECT item, value FROM explain(:population, 2, 'window');
SELECT kind, item, value, condition, missing, unit, from_label, to_label, from_score, to_score FROM next_tier(:population, 5, 'tier');

-- horizons know the branch's window: the payment that leaves it first
SELECT c.id, e.value, e.valid_until FROM parameters_customer AS c, explain(:population, c.id, 'spend') AS e ORDER BY id;
-- and elapsed time is still stored as the day from which it counts
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
WHERE attrelid = 'clientele_data.parametric_stored_2'::regclass AND attname = 'waiting';

-- taken away again; what there is not cannot be
SELECT set_parameter(:population, 'window', NULL, branch => '静安'), set_parameter(:population, 'high', NULL, branch => 'xuhui');
SELECT set_parameter(:population, 'window', NULL, branch => '静安');
SELECT set_parameter(:population, 'high', NULL, branch => 'pudong');
SELECT set_parameter(:population, 'window', NULL);
SELECT set_parameter(:population, 'window', 'NaN', branch => 'pudong');
SELECT name, definition, state FROM definitions(:population) WHERE name IN ('window', 'high');
-- the general value changes beside them
SELECT set_parameter(:population, 'window', 61);
SELECT definition FROM definitions(:population) WHERE name = 'window';

-- back to what was published last month, branch and all, and to before
SELECT reset_draft(:population, 2);
SELECT name, definition, state FROM definitions(:population) WHERE name IN ('window', 'high');
SELECT reset_draft(:population, 1);
SELECT name, definition FROM definitions(:population) WHERE name IN ('window', 'high');
SELECT publish(:population, 'as in the beginning');
CALL refresh(:population);
SELECT id, large, spend, waiting, tier, tier_score, grid, grid_score FROM parametric.parametric ORDER BY id;
SELECT set_branch(:population, 'home_branch'), reset_draft(:population, 2), set_branch(:population, 'home_branch');
SELECT set_branch(:population, NULL);
SELECT publish(:population, 'by branch, again');
CALL refresh(:population);
SELECT id, spend, tier_score, grid FROM parametric.parametric ORDER BY id;

-- mistakes, each said where it is made or when it is published
CREATE FUNCTION pg_temp.fault(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE message text; hint text;
BEGIN
    EXECUTE command;
    PERFORM clientele.publish('parametric');
    RAISE 'none' USING HINT = 'none';
EXCEPTION WHEN others THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
    RETURN format(E'%s\n -> %s', message, hint);
END $$;
\pset format unaligned
\pset tuples_only on
SELECT pg_temp.fault(c) FROM unnest(ARRAY[
    $$SELECT set_parameter('parametric', 'low', 5, branch => 'xuhui'), set_parameter('parametric', 'recent', -1, branch => 'xuhui')$$,
    $$SELECT set_parameter('parametric', 'strategic_from', 59.99, branch => 'xuhui')$$,
    $$SELECT set_parameter('parametric', 'strategic_from', 60, branch => 'xuhui')$$,
    $$SELECT set_parameter('parametric', 'strategic_from', 100.01)$$,
    $$SELECT set_parameter('parametric', 'strategic_from', 99.005)$$,
    $$SELECT set_parameter('parametric', 'best', 101, branch => 'pudong')$$,
    $$SELECT set_parameter('parametric', 'weight_visits', 101, branch => 'pudong')$$,
    $$SELECT set_parameter('parametric', 'high', 2.5)$$,
    $$SELECT set_parameter('parametric', 'window', 2.5, branch => 'pudong')$$,
    $$SELECT set_parameter('parametric', 'window', -7, branch => 'pudong')$$,
    $$SELECT drop_definition('parametric', 'low')$$,
    $$SELECT define_metric('parametric', 'home_branch', 'case when spend > 5 then home end')$$,
    $$SELECT define_metric('parametric', 'home_branch', 'last(payment.net last window days)')$$,
    $$SELECT define_metric('parametric', 'home_branch', 'home is null')$$,
    $$SELECT define_metric('parametric', 'home_branch', 'id')$$,
    $$SELECT define_metric('parametric', 'home_branch', 'id'), set_parameter('parametric', d.name, NULL, branch => b)
      FROM definitions('parametric') AS d, jsonb_object_keys(d.definition::jsonb -> 'branches') AS b WHERE d.kind = 'parameter';
      SELECT set_parameter('parametric', 'low', 7, branch => '7.0')$$,
    $$SELECT add_source('parametric', 'big', 'parameters_payment', 'customer_id', 'paid_at', filter => 'net > low'),
             define_tag('parametric', 'big', 'count(big) > 0')$$,
    $$SELECT define_scorecard('parametric', 'tier', '{"method": "additive", "characteristics": [
        {"name": "n", "value": "count(payment)", "bins": [{"below": "1 / (low - 2)", "points": 1}, {"points": 2}]}]}')$$,
    $$SELECT define_scorecard('parametric', 'tier', '{"method": "additive", "characteristics": [
        {"name": "n", "value": "count(payment)", "bins": [{"below": "count(payment)", "points": 1}, {"points": 2}]}]}')$$,
    $$SELECT define_scorecard('parametric', 'tier', '{"method": "weighted", "characteristics": [
        {"name": "n", "weight": 1, "value": "count(payment)", "bins": [{"points": "abs(low)"}]}]}')$$,
    $$SELECT define_scorecard('parametric', 'tier', '{"method": "additive", "characteristics": [{"name": "n", "value": "1", "bins": [{"points": 1}]}],
        "tiers": [{"label": "rest"}, {"label": "best", "at_least": "best"}]}')$$,
    $$SELECT define_scorecard('parametric', 'tier', '{"method": "weighted", "initial": "low", "characteristics": [
        {"name": "n", "weight": 1, "value": "1", "bins": [{"points": 1}]}]}')$$,
    $$SELECT define_rfm('parametric', 'grid', 'id', 'id', 'id', cuts => 'recency home; frequency 1; monetary 1', scheme => 'eight')$$,
    $$SELECT define_rfm('parametric', 'grid', 'id', 'id', 'id', cuts => 'recency count(payment); frequency 1; monetary 1', scheme => 'eight')$$,
    $$SELECT define_rfm('parametric', 'grid', 'id', 'id', 'id', cuts => 'recency 5, low; frequency 1, 2; monetary 1, 2', scheme => 'eight', high_from => 2)$$,
    $$SELECT define_rfm('parametric', 'grid', 'id', 'id', 'id', cuts => 'recency 5; frequency 1, 2; monetary 1, 2', scheme => 'eight', high_from => 'home')$$]) AS c;
-- more choices than anybody has
SELECT pg_temp.fault($$SELECT set_parameter('parametric', 'low', n / 100.0, branch => 'branch ' || n) FROM generate_series(1, 101) AS n$$);
\pset tuples_only off
\pset format aligned
-- so many branches of few kinds are nothing
SELECT count(set_parameter(:population, 'window', n % 3 + 1, branch => 'branch ' || n)) FROM generate_series(1, 300) AS n;
SELECT severity, message FROM check_definitions(:population) WHERE severity = 'error';
SELECT reset_draft(:population);

-- a branch that is a number; a parameter and a metric of the names that our own texts use
SELECT create_population('numbered', 'parameters_customer', 'id', 'Asia/Shanghai', 'parametric');
SELECT define_metric('numbered', 'number', 'id'), set_branch('numbered', 'number'), set_parameter('numbered', 'value', 3),
       set_parameter('numbered', 'score', 4), define_metric('numbered', 'variant', '7'),
       define_metric('numbered', 'variant_', '1'), define_tag('numbered', 'like variant__', 'variant = value + score and variant_ = 1');
SELECT set_parameter('numbered', 'value', 4, branch => '2'), set_parameter('numbered', 'score', 3, branch => '2'),
       set_parameter('numbered', 'score', 5, branch => '3'), set_parameter('numbered', 'value', 3, branch => '4');
SELECT define_scorecard('numbered', 'tier', '{"method": "additive", "initial": "score", "characteristics": [
  {"name": "n", "value": "number + value", "bins": [{"below": "value + score", "points": "10 * value"}, {"points": 1}]}]}');
SELECT define_rfm('numbered', 'grid', 'number', 'value', 'score', cuts => 'recency value; frequency score; monetary value', groups => '[{"label": "odd", "when": "score = 111"}, {"label": "even"}]');
SELECT publish('numbered');
CALL refresh('numbered');
SELECT id, tier_score, grid, grid_score, tags FROM parametric.numbered ORDER BY id;
SELECT count(*) FROM verify('numbered');
SELECT drop_population('numbered');

-- layer 1 has rows and columns, but no parameters
SELECT score(c, '{"method": "additive", "characteristics": [{"name": "n", "value": "id", "bins": [{"below": "low", "points": 1}, {"points": 2}]}]}')
FROM parameters_customer AS c;
SELECT score(c, '{"method": "additive", "characteristics": [{"name": "n", "value": "id", "bins": [{"below": "2 * 2", "points": "id"}, {"points": 2}]}]}')
FROM parameters_customer AS c;
SELECT score(c, '{"method": "weighted", "characteristics": [{"name": "n", "weight": "id", "value": "id", "bins": [{"points": "id"}]}]}')
FROM parameters_customer AS c;
SELECT score(c, '{"method": "weighted", "characteristics": [{"name": "n", "weight": "2 * id", "value": "id", "bins": [{"below": 4, "points": 50}, {"points": 100}]}]}')
FROM parameters_customer AS c;

SELECT drop_population(:population);
DROP TABLE parameters_customer, parameters_payment;
