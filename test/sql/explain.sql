-- Why a customer has a label, until when, and how he gets further.

SET client_min_messages = warning;
SET timezone = 'Asia/Shanghai';
SET datestyle = 'ISO';
CREATE ROLE regress_explain_owner;
CREATE ROLE regress_explain_reader;
CREATE ROLE regress_explain_stranger;
CREATE SCHEMA regress_explain AUTHORIZATION regress_explain_owner;
CREATE SCHEMA regress_explain_segments AUTHORIZATION regress_explain_owner;
GRANT USAGE ON SCHEMA regress_explain_segments TO regress_explain_reader, regress_explain_stranger;
GRANT USAGE ON SCHEMA regress_explain TO regress_explain_reader;
SET search_path = regress_explain, clientele;

-- Tables that only their owner may read.
SET ROLE regress_explain_owner;
CREATE TABLE customer (customer_id int PRIMARY KEY, name text, birthday date, city text);
CREATE TABLE payment (customer_id int NOT NULL, paid_at timestamptz NOT NULL, net numeric(10,2));
CREATE INDEX ON payment (customer_id, paid_at) INCLUDE (net);
INSERT INTO customer VALUES
    (1, 'Ann', '1990-06-20', 'Shanghai'),
    (2, 'Ben', NULL, NULL),
    (3, 'Cai', '2000-02-29', 'Beijing');
INSERT INTO payment VALUES
    (1, '2026-05-20 09:00+08', 900.00),
    (1, '2026-06-01 15:00+08', 1500.00),
    (1, '2026-06-10 11:30+08', 200.50),
    (3, '2025-12-01 10:00+08', 60000.00),
    (3, '2026-06-12 18:00+08', 100.00);		-- an hour not come yet

SELECT create_population('regress_explain', 'customer', 'customer_id', 'Asia/Shanghai', 'regress_explain_segments');
SELECT add_source('regress_explain', 'payment', 'payment', 'customer_id', 'paid_at', amount => 'net');
SELECT set_parameter('regress_explain', 'dormant_days', 180);
SELECT define_metric('regress_explain', 'spend', 'sum(payment.net last 30 days)', 2);
SELECT define_metric('regress_explain', 'quiet', 'days_since(latest(payment))');
SELECT define_metric('regress_explain', 'town', 'city');
SELECT define_rfm('regress_explain', 'member', 'latest(payment)', 'count(payment last 30 days)', 'spend',
                  cuts => 'recency 7, 30, 90; frequency 1, 2, 3; monetary 500, 2000, 5000', scheme => 'eight', high_from => 3);
SELECT define_rfm('regress_explain', 'reach', 'latest(payment)', 'count(payment last 30 days)', 'spend',
                  cuts => 'recency 90; frequency 1, 2, 3; monetary 500', groups => '[{"label": "near", "when": "r > 1"}, {"label": "far"}]');
SELECT define_tag('regress_explain', 'vip',
    $$spend >= 1000 and (city = 'Shanghai' or city is null) and days_since(latest(payment)) <= 14 and not has_tag('sleeping')$$);
SELECT define_tag('regress_explain', 'sleeping', 'dormant_days < days_since(latest(payment)) or latest(payment) is null');
SELECT define_tag('regress_explain', 'birthday', 'month(birthday) = month(today())');
SELECT define_tag('regress_explain', 'odd',
    $$now() >= timestamp '2026-07-01 00:00' or name like 'A%' or 2 <= count(payment last 30 days) or city in ('Beijing', 'Xi''an')$$);
SELECT define_ladder('regress_explain', 'stage',
    '[{"label": "busy", "when": "count(payment last 30 days) >= 2"}, {"label": "local", "when": "city = ''Shanghai''"}, {"label": "other"}]');
SELECT define_scorecard('regress_explain', 'tier', '{"method": "additive", "initial": 10,
    "characteristics": [
      {"name": "spend", "value": "spend", "bins": [{"below": 1000, "points": 0, "reason": "spends little"}, {"below": 5000, "points": 20}, {"points": 40}]},
      {"name": "recent", "value": "days_since(latest(payment))", "bins": [{"below": 10, "points": 25}, {"points": 5, "reason": "long ago"}], "missing": {"points": 0, "reason": "never"}},
      {"name": "place", "bins": [{"when": "city = ''Shanghai''", "points": 10}, {"points": 3}]}],
    "tiers": [{"label": "gold", "at_least": 70}, {"label": "silver", "at_least": 40}, {"label": "basic"}]}');

-- Before the first version is live the owner learns what to do, others nothing: what
-- they put in the place of the view opens nothing.
SELECT publish('regress_explain', 'first rules');
SELECT * FROM explain('regress_explain', 1, 'vip');
RESET ROLE;
GRANT CREATE ON SCHEMA regress_explain_segments TO regress_explain_stranger;
SET ROLE regress_explain_stranger;
CREATE VIEW regress_explain_segments.regress_explain AS SELECT 1 AS customer_id;
SELECT * FROM clientele.explain('regress_explain', 1, 'vip');
DROP VIEW regress_explain_segments.regress_explain;
RESET ROLE;

SET clientele.clock = '2026-06-12 10:00:00+08';
SET ROLE regress_explain_owner;
CALL refresh('regress_explain');

-- ---------------------------------------------------------------------------
-- Every kind of definition
-- ---------------------------------------------------------------------------

SELECT item, value, condition, valid_until, depth FROM explain('regress_explain', '1', 'spend');
SELECT item, value, condition, valid_until, depth FROM explain('regress_explain', 1, 'quiet');
SELECT item, value, condition, valid_until, depth FROM explain('regress_explain', 1::bigint, 'town');
SELECT item, value, condition, valid_until, depth FROM explain('regress_explain', '1'::varchar, 'dormant_days');
SELECT item, value, condition, holds, valid_until, depth FROM explain('regress_explain', 1, 'vip');
SELECT item, value, condition, holds, valid_until, depth FROM explain('regress_explain', 2, 'vip');
SELECT item, value, condition, holds, valid_until, depth FROM explain('regress_explain', 1, 'sleeping');
SELECT item, value, condition, holds, valid_until, depth FROM explain('regress_explain', 2, 'sleeping');
SELECT item, value, condition, holds, valid_until, depth FROM explain('regress_explain', 1, 'birthday');
SELECT item, value, condition, holds, valid_until, depth FROM explain('regress_explain', 1, 'odd');
SELECT item, value, condition, holds, valid_until, depth FROM explain('regress_explain', 3, 'odd');
SELECT item, value, condition, holds, reason, valid_until, depth FROM explain('regress_explain', 1, 'stage');
SELECT item, value, condition, holds, valid_until, depth FROM explain('regress_explain', 3, 'stage');
SELECT item, value, condition, holds, points, reason, valid_until, depth FROM explain('regress_explain', 1, 'member');
SELECT item, value, condition, holds, points, reason, valid_until, depth FROM explain('regress_explain', 2, 'member');
SELECT item, value, condition, holds, points, reason, valid_until, depth FROM explain('regress_explain', 1, 'reach');
SELECT item, value, condition, holds, points, weight, contribution, reason, valid_until, depth FROM explain('regress_explain', 1, 'tier');
SELECT item, value, condition, holds, points, weight, contribution, reason, valid_until, depth FROM explain('regress_explain', 2, 'tier');


-- at another instant
SELECT item, value, condition, holds, valid_until, depth FROM explain('regress_explain', 1, 'vip', '2026-06-25 00:00:00+08');
SELECT item, value, condition, holds, points, reason, valid_until, depth FROM explain('regress_explain', 3, 'member', '2026-06-12 18:00:00+08');

-- ---------------------------------------------------------------------------
-- Until when: nothing a row decides changes before, and there it does.  From horizon to
-- horizon, for every definition and customer.
-- ---------------------------------------------------------------------------

CREATE FUNCTION pg_temp.decided(key int, name text, at timestamptz)
    RETURNS TABLE (line bigint, item text, decided text, valid_until timestamptz)
    LANGUAGE sql AS $$
    SELECT e.line, e.item, format('%s|%s|%s|%s|%s', CASE WHEN e.line = 1 OR num_nulls(e.holds, e.points) = 2 THEN e.value END, e.condition, e.holds, e.points, e.contribution),
           e.valid_until
    FROM clientele.explain('regress_explain', key, name, at)
         WITH ORDINALITY AS e (item, value, condition, holds, points, weight, contribution, reason, valid_until, depth, line)
$$;

CREATE TEMPORARY TABLE walked (key int, name text, at timestamptz, line bigint, item text, valid_until timestamptz,
                               same_before boolean, same_then boolean);
DO $$
DECLARE
    asked record;
    at timestamptz;
BEGIN
    FOR asked IN SELECT c.customer_id AS key, d.name FROM regress_explain.customer AS c, definitions('regress_explain') AS d LOOP
        at := '2026-06-12 10:00:00+08';
        FOR step IN 1 .. 12 LOOP
            INSERT INTO walked
            SELECT asked.key, asked.name, at, n.line, n.item, n.valid_until, b.decided = n.decided, t.decided = n.decided
            FROM pg_temp.decided(asked.key, asked.name, at) AS n,
                 LATERAL pg_temp.decided(asked.key, asked.name, coalesce(n.valid_until, '2036-06-12 10:00:00+08') - interval '1 microsecond') AS b,
                 LATERAL pg_temp.decided(asked.key, asked.name, coalesce(n.valid_until, '2036-06-12 10:00:00+08')) AS t
            WHERE b.line = n.line AND t.line = n.line;
            at := (SELECT min(valid_until) FROM pg_temp.decided(asked.key, asked.name, at));
            EXIT WHEN at IS NULL;
        END LOOP;
    END LOOP;
END
$$;
-- A horizon may be early: where a payment is still to come, and for "otherwise", which
-- waits for every rung.
SELECT name, count(*) AS rows, count(*) FILTER (WHERE NOT same_before) AS late, count(valid_until) AS changes,
       count(*) FILTER (WHERE same_then AND valid_until IS NOT NULL AND NOT (key = 3 AND at < '2026-06-12 18:00:00+08')) AS early
FROM walked GROUP BY name ORDER BY name;

-- ---------------------------------------------------------------------------
-- The same answers as the engine gives to views, and to the card by itself
-- ---------------------------------------------------------------------------

SELECT e.item, e.value, e.condition, e.points, e.contribution, e.reason
FROM explain('regress_explain', 3, 'tier') AS e
WHERE e.depth = 1
EXCEPT
SELECT r.item, r.value, r.condition, r.points, r.contribution, r.reason
FROM reasons(jsonb_build_object('spend', (SELECT value::numeric FROM explain('regress_explain', 3, 'spend')), 'last', '2025-12-01', 'city', 'Beijing'),
             '{"method": "additive", "initial": 10, "characteristics": [
               {"name": "spend", "value": "spend", "bins": [{"below": 1000, "points": 0, "reason": "spends little"}, {"below": 5000, "points": 20}, {"points": 40}]},
               {"name": "recent", "value": "days_since(last)", "bins": [{"below": 10, "points": 25}, {"points": 5, "reason": "long ago"}]},
               {"name": "place", "bins": [{"when": "city = ''Shanghai''", "points": 10}, {"points": 3}]}]}',
             '2026-06-12 10:00:00+08', 'Asia/Shanghai') AS r;
SELECT v.customer_id, v.spend = e.spend AS spend, v.quiet IS NOT DISTINCT FROM e.quiet AS quiet, v.town IS NOT DISTINCT FROM e.town AS town,
       v.member = e.member AS member, v.stage = e.stage AS stage, v.tier = e.tier AS tier,
       v.tags = e.tags AS tags
FROM regress_explain_segments.regress_explain AS v, LATERAL (
    SELECT max(x.value::numeric) FILTER (WHERE d.name = 'spend') AS spend, max(x.value::int) FILTER (WHERE d.name = 'quiet') AS quiet,
           max(x.value) FILTER (WHERE d.name = 'town') AS town, max(x.value) FILTER (WHERE d.name = 'member') AS member,
           max(x.value) FILTER (WHERE d.name = 'stage') AS stage, max(x.value) FILTER (WHERE d.name = 'tier') AS tier,
           coalesce(string_agg(d.name, ', ' ORDER BY d.name::text COLLATE "C") FILTER (WHERE d.kind = 'tag' AND x.holds), '') AS tags
    FROM definitions('regress_explain') AS d, LATERAL (SELECT * FROM explain('regress_explain', v.customer_id, d.name::text) LIMIT 1) AS x) AS e
ORDER BY v.customer_id;

-- what this transaction has done counts
BEGIN;
INSERT INTO payment VALUES (2, '2026-06-12 09:59+08', 777);
SELECT value FROM explain('regress_explain', 2, 'spend');
ROLLBACK;
SELECT value FROM explain('regress_explain', 2, 'spend');

-- a table that has changed
ALTER TABLE customer ALTER COLUMN city TYPE varchar(20);
SELECT value FROM explain('regress_explain', 1, 'town');

-- ---------------------------------------------------------------------------
-- What does not exist
-- ---------------------------------------------------------------------------

SELECT * FROM explain('regress_explain', 99, 'vip');
SELECT * FROM explain('regress_nobody', 1, 'vip');
SELECT * FROM explain(NULL, 1, 'vip');
SELECT * FROM explain('regress_explain', NULL, 'vip');
SELECT * FROM explain('regress_explain', 1, NULL);
SELECT * FROM explain('regress_explain', 1, 'vipp');
SELECT * FROM explain('regress_explain', 1, 'something else');
SELECT * FROM explain('regress_explain', 'one', 'vip');
SELECT * FROM explain('regress_explain', 1, 'vip', 'infinity');
SELECT * FROM next_tier('regress_explain', 1, 'ter');
SELECT * FROM next_tier('regress_explain', 1, 'spend');
SELECT * FROM next_tier('regress_explain', 99, 'tier');
SELECT * FROM next_tier('regress_explain', 2, 'tier', as_of => '-infinity');

-- whom we were told to forget
BEGIN;
SELECT forget('regress_explain', '3');
SELECT * FROM explain('regress_explain', 3, 'vip');
ROLLBACK;

-- ---------------------------------------------------------------------------
-- Who may ask: whoever may select from the population's view
-- ---------------------------------------------------------------------------

SET ROLE regress_explain_reader;
SELECT item, value FROM explain('regress_explain', 1, 'spend');
RESET ROLE;
GRANT SELECT ON regress_explain_segments.regress_explain TO regress_explain_reader;
SET ROLE regress_explain_reader;
SELECT item, value FROM explain('regress_explain', 1, 'spend');
SELECT kind, item, value, missing, unit, until FROM next_tier('regress_explain', 1, 'tier');
SELECT * FROM explain('regress_explain', 1, 'nothing');
SELECT count(*) FROM payment;
SET ROLE regress_explain_stranger;
SELECT item, value FROM explain('regress_explain', 1, 'spend');
SELECT item, value FROM explain('regress_explain', 'one', 'spend');
SELECT item, value FROM explain('regress_explain', 1, 'nothing');
SELECT * FROM next_tier('regress_explain', 1, 'tier');
RESET ROLE;

-- row security that would hide rows from the owner stops him
ALTER TABLE payment ENABLE ROW LEVEL SECURITY;
ALTER TABLE payment FORCE ROW LEVEL SECURITY;
SET ROLE regress_explain_owner;
SELECT item, value FROM explain('regress_explain', 1, 'spend');
RESET ROLE;

-- ---------------------------------------------------------------------------
-- A key of another type
-- ---------------------------------------------------------------------------

SET ROLE regress_explain_owner;
CREATE TABLE person (id uuid PRIMARY KEY, town text);
INSERT INTO person VALUES ('3f2504e0-4f89-11d3-9a0c-0305e82c3301', 'Chengdu');
SELECT create_population('regress_explain_person', 'person', 'id', 'Asia/Shanghai', 'regress_explain_segments');
SELECT define_metric('regress_explain_person', 'home', 'town');
SELECT publish('regress_explain_person', 'first rules');
RESET ROLE;
UPDATE clientele.population SET live_version = 1 WHERE name = 'regress_explain_person';
SET ROLE regress_explain_owner;
SELECT item, value FROM explain('regress_explain_person', '3F2504E0-4F89-11D3-9A0C-0305E82C3301', 'home');
SELECT item, value FROM person, explain('regress_explain_person', id, 'home');
SELECT item, value FROM explain('regress_explain_person', gen_random_uuid(), 'home');
RESET ROLE;

DROP FUNCTION pg_temp.decided(int, text, timestamptz);
DROP TABLE walked;
SELECT drop_population('regress_explain'), drop_population('regress_explain_person');
DROP SCHEMA regress_explain, regress_explain_segments CASCADE;
RESET clientele.clock;
DROP ROLE regress_explain_owner, regress_explain_reader, regress_explain_stranger;
