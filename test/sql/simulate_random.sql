-- Random facts, models and drafts: what simulate says, and what comes out where the draft is
-- published, in another population over the same tables.  Money by plain SQL.

SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET clientele.clock = '2026-06-30 03:30+00';
\set SHOW_CONTEXT never
CREATE SCHEMA regress_simulate;
SET search_path = regress_simulate, public, clientele;

-- Another seed, another run: change it here.
\set seed 0.20260630
SELECT setseed(:seed) \g /dev/null
\echo seed :seed

CREATE TABLE customer (customer_id int PRIMARY KEY, born date, city text);
CREATE TABLE payment (customer_id int, paid_at timestamptz, net numeric, kind text);
CREATE TABLE visit (customer_id int, at date, fee int);
INSERT INTO customer
SELECT n, date '1960-01-01' + (random() * 18000)::int, (ARRAY['上海', '苏州', NULL])[1 + floor(random() * 3)]
FROM generate_series(1, 500) AS n;
INSERT INTO payment
SELECT 1 + floor(random() * 520), timestamptz '2026-07-05 00:00+00' - random() * random() * interval '900 days',
       CASE WHEN random() < 0.03 THEN NULL
            WHEN random() < 0.003 THEN 12345678901234567890.125
            WHEN random() < 0.3 THEN round((random() * 3000)::numeric, 3)
            ELSE floor(random() * 3000 - 300) END,
       (ARRAY['sale', 'sale', 'gift'])[1 + floor(random() * 3)]
FROM generate_series(1, 4000);
INSERT INTO visit SELECT 1 + floor(random() * 520), date '2026-07-05' - (random() * 500)::int, 30 * floor(random() * 5) FROM generate_series(1, 3000);
CREATE INDEX ON payment (customer_id, paid_at) INCLUDE (net, kind);
CREATE INDEX ON visit (customer_id, at) INCLUDE (fee);
ANALYZE customer, payment, visit;

CREATE PROCEDURE make(population text) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM create_population(population, 'customer', 'customer_id', 'Asia/Shanghai', 'regress_simulate');
    PERFORM add_source(population, 'payment', 'payment', 'customer_id', 'paid_at', amount => 'net', filter => 'kind = ''sale''');
    PERFORM add_source(population, 'visit', 'visit', 'customer_id', 'at', amount => 'fee');
    PERFORM set_revenue(population, 'payment', 'visit');
END $$;
CALL make('now');
CALL make('then');

CREATE FUNCTION pick(VARIADIC words text[]) RETURNS text LANGUAGE sql AS $$ SELECT words[1 + floor(random() * cardinality(words))] $$;

-- A definition of a name, one of several that it may have; it may name those before it.
CREATE PROCEDURE define(population text, name text) LANGUAGE plpgsql AS $$
DECLARE
    amount text := pick('500', '1000', '2500', 'big', '2 * big');
BEGIN
    CASE name
        WHEN 'big' THEN PERFORM set_parameter(population, name, floor(random() * 3000)::int);
        WHEN 'weight' THEN PERFORM set_parameter(population, name, 10 + floor(random() * 50)::int);
        WHEN 'days' THEN PERFORM set_parameter(population, name, 20 + floor(random() * 400)::int);
        WHEN 'home' THEN PERFORM define_metric(population, name, pick('city', 'coalesce(city, ''苏州'')')::expression);
        WHEN 'spend' THEN PERFORM define_metric(population, name, pick('sum(payment.net last days days)', 'sum(payment.net last 365 days)',
                                                                        'sum(payment.net where net > big) + sum(visit.fee last 90 days)')::expression, 2);
        WHEN 'away' THEN PERFORM define_metric(population, name, pick('days_since(latest(payment))', 'days_since(latest(visit))')::expression);
        WHEN 'member' THEN PERFORM define_rfm(population, name, pick('latest(payment)', 'away')::expression, pick('count(visit last days days)', 'count(payment)')::expression, 'spend',
            cuts => format('recency %s, days + 300; frequency 1, %s; monetary 100, %s', 20 + floor(random() * 100)::int, 2 + floor(random() * 6)::int, 200 + floor(random() * 4000)::int),
            scheme => 'eight', high_from => pick('2', '3')::expression);
        WHEN 'tier' THEN PERFORM define_scorecard(population, name, format($card${"method": "weighted", "characteristics": [
                {"name": "spend", "weight": %s, "value": "spend", "bins": [{"below": %s, "points": 10}, {"below": 9000, "points": 60}, {"points": 100}]},
                {"name": "silence", "weight": 20, "value": "away", "bins": [{"below": 60, "points": 100}, {"points": %s}], "missing": {"points": 0}}],
            "tiers": [{"label": "金", "at_least": %s}, {"label": "银", "at_least": 30}, {"label": "铜", "at_least": 0}]}$card$,
            pick('"weight"', '40', '25'), 1000 + floor(random() * 1000)::int, floor(random() * 50)::int, 60 + floor(random() * 30)::int)::scorecard);
        WHEN 'level' THEN PERFORM define_ladder(population, name, format('[{"label": "top", "when": "tier = ''金'' and spend > %s"}, {"label": "mid", "when": "member_f >= 2 or has_tag(''%s'')"}%s]',
            amount, pick('rich', 'quiet'), pick('', ', {"label": "rest"}', ', {"label": "young", "when": "age(born) < 40"}'))::jsonb,
            keep => pick(NULL, '{"demote_after": "3 weeks"}', '{"demote_after": "weight days"}')::jsonb);
        WHEN 'rich' THEN PERFORM define_tag(population, name, format('spend > %s', amount)::expression);
        WHEN 'quiet' THEN PERFORM define_tag(population, name, pick('away > days', 'away > 100', 'count(visit last days days) = 0')::expression);
        WHEN '本地' THEN PERFORM define_tag(population, name, pick('city = ''上海''', 'city is null', 'tier_score > 50 and city <> ''苏州''')::expression);
        WHEN 'extra' THEN PERFORM define_tag(population, name, pick('has_tag(''rich'')', 'has_tag(''rich'') and not has_tag(''quiet'')', 'level = ''top''', 'spend / (away - 30) > 5')::expression);
    END CASE;
END $$;

CREATE PROCEDURE define_all(population text) LANGUAGE plpgsql AS $$
DECLARE
    one text;
BEGIN
    FOREACH one IN ARRAY '{home,big,weight,days,spend,away,member,tier,rich,quiet,level,本地,extra}'::text[] LOOP
        CALL define(population, one);
    END LOOP;
END $$;

-- What either population shows of everybody: labels, and a tag as a label of its own.
CREATE FUNCTION shown(population text) RETURNS TABLE (customer_id int, definition text, label text) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format($q$
        SELECT v.customer_id, l.definition, l.label FROM %1$I AS v, LATERAL (VALUES ('member', v.member), ('tier', v.tier), ('level', v.level)) AS l (definition, label)
        UNION ALL SELECT t.customer_id, t.tag, t.tag FROM %2$I AS t$q$, population, population || '_tag');
END $$;

-- In plain SQL: 12 months up to this moment in Shanghai.
CREATE TABLE money AS
SELECT c.customer_id,
       coalesce((SELECT sum(net) FROM payment AS p WHERE p.customer_id = c.customer_id AND kind = 'sale' AND paid_at <= '2026-06-30 03:30+00'
                 AND (paid_at AT TIME ZONE 'Asia/Shanghai')::date > date '2025-06-30'), 0)
       + coalesce((SELECT sum(fee) FROM visit AS v WHERE v.customer_id = c.customer_id AND at <= '2026-06-30' AND at > '2025-06-30'), 0) AS revenue
FROM customer AS c;
ALTER TABLE money ADD PRIMARY KEY (customer_id);

CREATE TABLE simulated (round int, variant jsonb, definition text, from_label text, to_label text, customers bigint, revenue numeric);
CREATE TABLE in_parallel (LIKE simulated);
CREATE TABLE published (LIKE simulated);
CREATE TABLE move (round int, variant jsonb, customer_id int, definition text, from_label text, to_label text, revenue numeric, reason text);
CREATE TABLE published_move (LIKE move);
ALTER TABLE published_move DROP COLUMN reason;

CREATE PROCEDURE publish_then(round int, variant jsonb) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_parameter('then', key, value::numeric) FROM jsonb_each_text(variant);
    PERFORM publish('then');
    CALL refresh('then');
    CREATE TEMPORARY TABLE both_sides AS
    SELECT customer_id, definition, a.label AS from_label, b.label AS to_label, m.revenue
    FROM shown('now') AS a FULL JOIN shown('then') AS b USING (customer_id, definition) JOIN money AS m USING (customer_id);
    INSERT INTO published SELECT publish_then.round, publish_then.variant, definition, from_label, to_label, count(*), sum(revenue)
    FROM both_sides GROUP BY definition, from_label, to_label;
    INSERT INTO published_move SELECT publish_then.round, publish_then.variant, customer_id, definition, from_label, to_label, revenue
    FROM both_sides WHERE from_label IS DISTINCT FROM to_label;
    DROP TABLE both_sides;
END $$;

SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT count(*) FROM clientele.simulation WHERE as_of = '2026-06-30' AND question = '{"population": "now"}';

CREATE PROCEDURE play(round int) LANGUAGE plpgsql AS $$
DECLARE
    varied jsonb := jsonb_build_object('days', jsonb_build_array(30 + floor(random() * 100)::int, 200), 'weight', jsonb_build_array(15, 30 + floor(random() * 40)::int));
    a int;
    b int;
BEGIN
    CALL define_all('now');
    PERFORM set_branch('now', 'home'), set_parameter('now', 'days', 300, branch => '上海');
    PERFORM publish('now');
    CALL refresh('now');

    FOR i IN 1 .. 25 LOOP
        PERFORM tag_customer('now', 1 + floor(random() * 500)::int, pick('rich', '本地', 'extra')),
                pin_label('now', 1 + floor(random() * 500)::int, 'level', pick('top', 'mid')),
                pin_label('now', 1 + floor(random() * 500)::int, 'tier', '银');
    END LOOP;

    -- the draft is the live version but for some definitions
    FOR i IN 1 .. round LOOP
        CALL define('now', pick('home', 'big', 'spend', 'away', 'member', 'tier', 'rich', 'quiet', 'level', '本地', 'extra'));
    END LOOP;
    IF round % 2 = 0 THEN
        PERFORM drop_definition('now', 'extra');
    END IF;

    SET LOCAL max_parallel_workers_per_gather = 0;
    INSERT INTO simulated SELECT round, variant, definition, from_label, to_label, customers, revenue FROM simulate('now', varied);
    INSERT INTO move SELECT round, variant, customer::int, definition, from_label, to_label, revenue, reason
    FROM simulate_moves('now', vary => jsonb_set(varied, '{days}', varied #> '{days,0}'), max_rows => NULL);
    SET LOCAL max_parallel_workers_per_gather = 2;
    INSERT INTO in_parallel SELECT round, variant, definition, from_label, to_label, customers, revenue FROM simulate('now', varied);
    SET LOCAL max_parallel_workers_per_gather = 0;

    -- the same draft, and the same said by people
    DELETE FROM clientele_data.then_manual;
    INSERT INTO clientele_data.then_manual OVERRIDING SYSTEM VALUE TABLE clientele_data.now_manual;
    UPDATE clientele.population SET branch = 'home' WHERE name = 'then';
    DELETE FROM clientele.definition WHERE population_id = (SELECT population_id FROM clientele.population WHERE name = 'then');
    INSERT INTO clientele.definition (population_id, name, kind, body, author, changed_at)
    SELECT t.population_id, d.name, d.kind, d.body, d.author, d.changed_at
    FROM clientele.definition AS d, clientele.population AS t
    WHERE t.name = 'then' AND d.population_id = (SELECT population_id FROM clientele.population WHERE name = 'now') ORDER BY d.position;
    FOR a IN SELECT jsonb_array_elements(varied -> 'days') LOOP
        FOR b IN SELECT jsonb_array_elements(varied -> 'weight') LOOP
            CALL publish_then(round, jsonb_build_object('days', a, 'weight', b));
        END LOOP;
    END LOOP;
    DELETE FROM published_move AS p WHERE p.round = play.round AND p.variant -> 'days' <> varied #> '{days,0}';
END $$;

CALL play(1);
CALL play(2);
CALL play(3);
CALL play(6);

-- How much there was to compare; and what differs, either way.
SELECT round, count(DISTINCT variant) AS variants, count(DISTINCT definition) AS definitions, sum(customers) > 4 * 3 * 500 AS enough,
       count(*) FILTER (WHERE from_label IS DISTINCT FROM to_label) > 5 AS many_moves FROM simulated GROUP BY round ORDER BY round;
SELECT 'simulated' AS only, * FROM (TABLE simulated EXCEPT ALL TABLE published) AS a
UNION ALL SELECT 'published', * FROM (TABLE published EXCEPT ALL TABLE simulated) AS b LIMIT 10;
SELECT 'alone' AS only, * FROM (TABLE simulated EXCEPT ALL TABLE in_parallel) AS a
UNION ALL SELECT 'in parallel', * FROM (TABLE in_parallel EXCEPT ALL TABLE simulated) AS b LIMIT 10;
SELECT 'simulated' AS only, * FROM (SELECT round, variant, customer_id, definition, from_label, to_label, revenue FROM move EXCEPT ALL TABLE published_move) AS a
UNION ALL SELECT 'published', * FROM (TABLE published_move EXCEPT ALL SELECT round, variant, customer_id, definition, from_label, to_label, revenue FROM move) AS b LIMIT 10;
SELECT count(*) > 400 AS many, count(*) FILTER (WHERE reason IS NULL) AS for_no_reason FROM move;

-- What is summed up is what there is.
SELECT count(*) > 100 AS many, count(*) FILTER (WHERE s.customers_before IS DISTINCT FROM coalesce(a.customers, 0) OR s.revenue_before IS DISTINCT FROM coalesce(a.revenue, 0)) AS wrong
FROM simulate_summary('now', '{"days": [50, 60, 70, 80], "weight": [15, 40]}') AS s
LEFT JOIN (SELECT definition, label, count(*) AS customers, sum(revenue) AS revenue FROM shown('now') JOIN money USING (customer_id) GROUP BY 1, 2) AS a
    ON a.definition = s.definition AND a.label IS NOT DISTINCT FROM s.label;

SELECT drop_population('now'), drop_population('then');
DROP SCHEMA regress_simulate CASCADE;
