-- What the draft would do: counted, valued, listed; nothing is written.

SET client_min_messages = warning;
SET timezone = 'Asia/Shanghai';
SET datestyle = 'ISO';
SET clientele.clock = '2026-06-30 12:00+08';
\set SHOW_CONTEXT never
CREATE ROLE regress_simulate_owner;
CREATE ROLE regress_simulate_reader;
CREATE SCHEMA regress_simulate AUTHORIZATION regress_simulate_owner;
GRANT USAGE ON SCHEMA regress_simulate TO regress_simulate_reader;
SET search_path = regress_simulate, clientele;

SET ROLE regress_simulate_owner;
CREATE TABLE customer (customer_id int PRIMARY KEY);
CREATE TABLE payment (customer_id int NOT NULL, paid_at timestamptz NOT NULL, net numeric(10,2));
CREATE TABLE deposit (customer_id int NOT NULL, paid_at timestamptz NOT NULL, amount numeric(10,2));
CREATE INDEX ON payment (customer_id, paid_at) INCLUDE (net);
CREATE INDEX ON deposit (customer_id, paid_at) INCLUDE (amount);
INSERT INTO customer SELECT generate_series(1, 6);
INSERT INTO payment SELECT customer_id, '2026-06-30 10:00+08'::timestamptz - days * interval '1 day', net
FROM (VALUES (1, 10, 100), (1, 40, 250.50), (2, 100, 300), (3, 5, 50), (4, 400, 1000), (6, 20, 299.99)) AS v (customer_id, days, net);
INSERT INTO deposit VALUES (6, '2026-06-01 10:00+08', 500);

SELECT create_population('regress_simulate', 'customer', 'customer_id', 'Asia/Shanghai', 'regress_simulate');
SELECT add_source('regress_simulate', 'payment', 'payment', 'customer_id', 'paid_at', amount => 'net');
SELECT add_source('regress_simulate', 'deposit', 'deposit', 'customer_id', 'paid_at', amount => 'amount');
SELECT set_parameter('regress_simulate', 'away_days', 90);
SELECT define_metric('regress_simulate', 'spend', 'sum(payment.net last 365 days)', 2);
SELECT define_ladder('regress_simulate', 'level', '[{"label": "至尊", "when": "spend > 300"}, {"label": "会员", "when": "spend > 0"}]');
SELECT define_tag('regress_simulate', 'away', 'days_since(latest(payment)) > away_days');
SELECT define_tag('regress_simulate', 'loyal', 'count(payment) >= 2');

-- Somebody has to say what revenue is.
SELECT * FROM simulate('regress_simulate');
SELECT set_revenue('regress_simulate', 'payment');

-- Before there is a live version, everybody comes from nowhere.
SELECT * FROM simulate('regress_simulate');
SELECT customer, definition, to_label, revenue, reason FROM simulate_moves('regress_simulate', max_rows => 3);
SELECT publish('regress_simulate', 'first rules');
CALL refresh('regress_simulate');

-- Where no source has an amount there is no money.
SELECT create_population('regress_simulate_bare', 'customer', 'customer_id', 'Asia/Shanghai', 'regress_simulate');
SELECT define_tag('regress_simulate_bare', 'even', 'customer_id in (2, 4, 6)');
SELECT * FROM simulate('regress_simulate_bare');
SELECT * FROM simulate_summary('regress_simulate_bare');
SELECT drop_population('regress_simulate_bare');

-- The draft is as the live version: nobody moves.
SELECT * FROM simulate('regress_simulate');
SELECT * FROM simulate_moves('regress_simulate');

-- ---------------------------------------------------------------------------
-- The matrix
-- ---------------------------------------------------------------------------

SELECT set_parameter('regress_simulate', 'away_days', 120);
SELECT set_parameter('regress_simulate', 'top_from', 300);
SELECT define_ladder('regress_simulate', 'level', '[{"label": "至尊", "when": "spend >= top_from"}, {"label": "会员", "when": "spend > 0"}, {"label": "潜客"}]');
SELECT define_tag('regress_simulate', 'recent', 'count(payment last 7 days) > 0');
SELECT drop_definition('regress_simulate', 'loyal');

-- By hand: they have spent 350.50, 300, 50, 0 (1000 long ago), 0 and 299.99.
SELECT * FROM simulate('regress_simulate');
SELECT * FROM simulate_summary('regress_simulate');
SELECT * FROM simulate_moves('regress_simulate');
SELECT customer, from_label, to_label FROM simulate_moves('regress_simulate', 'level', max_rows => 2);
SELECT count(*) FROM simulate_moves('regress_simulate', max_rows => NULL);

-- Other money: of all time; of two sources; of a window.
SELECT from_label, to_label, customers, revenue FROM simulate('regress_simulate', revenue_window => NULL) WHERE definition = 'level';
SELECT set_revenue('regress_simulate', 'payment', 'deposit');
SELECT from_label, to_label, customers, revenue FROM simulate('regress_simulate', revenue_window => 'last 25 days') WHERE definition = 'level';
SELECT from_label, to_label, customers, revenue FROM simulate('regress_simulate', revenue_window => 'last away_days days') WHERE definition = 'level';
SELECT set_revenue('regress_simulate', VARIADIC '{}');
SELECT from_label, to_label, customers, revenue FROM simulate('regress_simulate') WHERE definition = 'level';
SELECT set_revenue('regress_simulate', 'payment');

-- At another instant: half a year before, the 300 and the 50 had not been paid.
SELECT definition, from_label, to_label, customers, revenue FROM simulate('regress_simulate', as_of => '2026-01-01 00:00+08');

-- A filter of the draft's source is not that of the live version's.
SELECT drop_source('regress_simulate', 'deposit');
SELECT add_source('regress_simulate', 'deposit', 'deposit', 'customer_id', 'paid_at', amount => 'amount', filter => 'amount > 600');
SELECT define_tag('regress_simulate', 'recent', 'count(deposit) > 0');
SELECT set_revenue('regress_simulate', 'payment');
SELECT definition, from_label, to_label, customers FROM simulate('regress_simulate') WHERE definition = 'recent';
SELECT drop_definition('regress_simulate', 'recent');

-- ---------------------------------------------------------------------------
-- Variants
-- ---------------------------------------------------------------------------

SELECT variant, from_label, to_label, customers, revenue
FROM simulate('regress_simulate', vary => '{"top_from": [250, 300, 351]}') WHERE definition = 'level';
SELECT variant, definition, label, customers_before, customers_after
FROM simulate_summary('regress_simulate', '{"top_from": [299.99, 300], "away_days": [90, 120]}');
SELECT variant, customer, definition, from_label, to_label, reason
FROM simulate_moves('regress_simulate', vary => '{"top_from": 250}', max_rows => 3);

SELECT * FROM simulate('regress_simulate', vary => '{"tip_from": [250]}');
SELECT * FROM simulate('regress_simulate', vary => '{"top_from": []}');
SELECT * FROM simulate('regress_simulate', vary => '{"top_from": [250, "300"]}');
SELECT * FROM simulate('regress_simulate', vary => '{"top_from": [300, 300.0]}');
SELECT * FROM simulate('regress_simulate', vary => '[250]');
SELECT * FROM simulate('regress_simulate', vary => '{}');
SELECT * FROM simulate('regress_simulate', jsonb_build_object('top_from', (SELECT jsonb_agg(n) FROM generate_series(1, 11) AS n),
                                                               'away_days', (SELECT jsonb_agg(n) FROM generate_series(1, 10) AS n)));

-- ---------------------------------------------------------------------------
-- What people have said counts on both sides
-- ---------------------------------------------------------------------------

SELECT pin_label('regress_simulate', 3, 'level', '至尊', 'for the opening', '2026-08-01');
SELECT tag_customer('regress_simulate', 2, 'away');
SELECT tag_customer('regress_simulate', 5, 'loyal');
SELECT tag_customer('regress_simulate', 6, 'guest');
SELECT define_tag('regress_simulate', 'guest', 'spend > 300');

-- 3 is pinned; 2 stays away by hand; 5 keeps what no rule gives any more; guest is given already to 6, and by the rule to 1.
SELECT definition, from_label, to_label, customers, revenue FROM simulate('regress_simulate');
SELECT customer, definition, from_label, to_label, reason FROM simulate_moves('regress_simulate');

-- A ladder without the pinned label.
SELECT define_ladder('regress_simulate', 'level', '[{"label": "会员", "when": "spend > 0"}, {"label": "潜客"}]');
SELECT customer, from_label, to_label, reason FROM simulate_moves('regress_simulate', 'level');

-- At an instant after the term, if nothing happens.
SELECT from_label, to_label, customers FROM simulate('regress_simulate', as_of => '2026-08-01') WHERE definition = 'level';

-- ---------------------------------------------------------------------------
-- What is refused
-- ---------------------------------------------------------------------------

SELECT * FROM simulate('regress_simulate', revenue_window => 'last year');
SELECT * FROM simulate('regress_simulate', revenue_window => 'where net > 3 last 2 years');
SELECT * FROM simulate('regress_simulate', revenue_window => 'last 2 years) + count(x');
SELECT * FROM simulate('regress_simulate', revenue_window => 'last 1.5 years');
SELECT * FROM simulate('regress_simulate', as_of => 'infinity');
SELECT * FROM simulate_moves('regress_simulate', 'lavel');
SELECT * FROM simulate_moves('regress_simulate', 'spend');
SELECT * FROM simulate_moves('regress_simulate', max_rows => -1);
SELECT * FROM simulate('regress_simulation');
SELECT define_tag('regress_simulate', 'broken', 'spent > 3');
SELECT * FROM simulate('regress_simulate');
SELECT drop_definition('regress_simulate', 'broken');
RESET ROLE;
SELECT * FROM simulation;
SELECT * FROM simulation WHERE as_of = now() AND question = (SELECT '{"population": "regress_simulate"}'::jsonb);

-- Readers of the view may not ask what is only planned.
GRANT SELECT ON regress_simulate.regress_simulate TO regress_simulate_reader;
SET ROLE regress_simulate_reader;
SELECT * FROM simulate('regress_simulate');
SELECT * FROM simulate_moves('regress_simulate');
SELECT * FROM simulation WHERE as_of = now() AND question = '{"population": "regress_simulate"}';
RESET ROLE;

-- ---------------------------------------------------------------------------
-- Nothing is written
-- ---------------------------------------------------------------------------

SET ROLE regress_simulate_owner;
BEGIN READ ONLY;
SELECT count(*) FROM simulate('regress_simulate', vary => '{"top_from": [250, 300]}');
SELECT count(*) FROM simulate_summary('regress_simulate');
SELECT count(*) FROM simulate_moves('regress_simulate');
COMMIT;
SELECT name, definition FROM definitions('regress_simulate') WHERE kind = 'parameter';
RESET ROLE;

-- However the session writes instants: where it writes CST, it reads America's.
CREATE TEMPORARY TABLE in_iso AS SELECT * FROM simulate('regress_simulate', vary => '{"away_days": 10}', as_of => '2026-06-30 12:00+08');
SET datestyle = 'Postgres, MDY';
SELECT * FROM simulate('regress_simulate', vary => '{"away_days": 10}', as_of => '2026-06-30 12:00+08') EXCEPT SELECT * FROM in_iso;
SET datestyle = 'ISO';

SELECT drop_population('regress_simulate');
DROP SCHEMA regress_simulate CASCADE;
DROP ROLE regress_simulate_owner, regress_simulate_reader;
