-- What would give a customer a better label, and what time alone will do: every kind of
-- definition, by cases worked out by hand; then what is offered is done, and time is let pass.

SET client_min_messages = warning;
SET timezone = 'Asia/Shanghai';
SET datestyle = 'ISO';
CREATE SCHEMA regress_next;
SET search_path = regress_next, clientele;

CREATE TABLE customer (id int PRIMARY KEY, city text, birthday date);
CREATE TABLE payment (id int NOT NULL, paid_at timestamptz NOT NULL, net numeric(10,2), category text);
CREATE TABLE visit (id int NOT NULL, arrived_at timestamptz NOT NULL);
CREATE INDEX ON payment (id, paid_at) INCLUDE (net, category);
CREATE INDEX ON visit (id, arrived_at);
INSERT INTO customer VALUES (1, 'Shanghai', '1990-07-04'), (2, 'Beijing', NULL), (3, 'Shanghai', '2000-02-29');
INSERT INTO payment VALUES
    (1, '2025-10-01 10:00+08', 10000, 'laser'),
    (1, '2026-03-01 10:00+08', 6800, 'skin'),
    (2, '2026-06-01 15:00+08', 25000.50, 'skin');
INSERT INTO visit VALUES
    (1, '2026-03-01 09:30+08'), (1, '2026-06-01 09:30+08'),
    (2, '2026-06-01 14:30+08'), (2, '2026-06-02 14:30+08'), (2, '2026-06-03 14:30+08');

SELECT create_population('regress_next', 'customer', 'id', 'Asia/Shanghai', 'regress_next_segments');
SELECT add_source('regress_next', 'payment', 'payment', 'id', 'paid_at', amount => 'net', filter => 'id > 0');
SELECT add_source('regress_next', 'visit', 'visit', 'id', 'arrived_at', filter => 'id > 0');
SELECT set_parameter('regress_next', 'year', 365);
SELECT set_parameter('regress_next', 'dormant_days', 90);
SELECT define_metric('regress_next', 'spend', 'sum(payment.net last year days)', 2);
SELECT define_scorecard('regress_next', 'tier', '{"method": "weighted", "characteristics": [
    {"name": "consumption", "weight": 60, "value": "spend", "bins": [{"below": 5000, "points": 20, "reason": "spends little"}, {"below": 20000, "points": 60}, {"points": 100}], "reason_code": "RC1"},
    {"name": "interaction", "weight": 40, "value": "count(visit last 90 days)", "bins": [{"below": 2, "points": 0}, {"below": 3, "points": 50}, {"points": 100}], "reason_code": "RC2"}],
    "baseline": 100,
    "tiers": [{"label": "strategic", "at_least": 75}, {"label": "value", "at_least": 50}, {"label": "nurture"}]}');
SELECT define_ladder('regress_next', 'stage', '[
    {"label": "gold",   "when": "spend >= 20000 and count(visit last 90 days) >= 3"},
    {"label": "skin",   "when": "sum(payment.net where category = ''skin'' last 30 days) > 1000 or count(visit last 7 days) between 2 and 3"},
    {"label": "local",  "when": "days_since(latest(payment)) <= dormant_days and city = ''Shanghai''"},
    {"label": "active", "when": "days_since(latest(payment)) <= dormant_days"},
    {"label": "other"}]');
SELECT define_rfm('regress_next', 'member', 'latest(payment)', 'count(visit last 90 days)', 'spend',
    cuts => 'recency 30, 120; frequency 1, 3; monetary 5000, 20000', scheme => 'eight', high_from => 3);
SELECT define_rfm('regress_next', 'reach', 'latest(payment)', 'count(visit last 90 days)', 'spend',
    cuts => 'recency 30, 120; frequency 1, 3; monetary 5000, 20000', groups => '[{"label": "best", "when": "r + f + m >= 8"}, {"label": "good", "when": "score >= 222"}, {"label": "rest"}]');
SELECT define_tag('regress_next', 'regular', $$2 * count(visit last 60 days) >= 5 and avg(payment.net) > 9000$$);
SELECT define_tag('regress_next', 'birthday', 'month(birthday) = month(today())');
SELECT define_scorecard('regress_next', 'own', '{"method": "additive", "initial": 5, "characteristics": [
    {"name": "age", "value": "age(birthday)", "bins": [{"below": 30, "points": 0}, {"below": 60, "points": 20}, {"points": 10}]},
    {"name": "place", "bins": [{"when": "city = ''Shanghai'' and birthday is not null", "points": 10}, {"when": "count(visit) >= 10", "points": 25, "reason": "a regular"}, {"points": 3}]},
    {"name": "turnover", "value": "spend", "bins": [{"below": 1000, "points": 0}, {"points": "least(spend / 1000, 12)"}]}],
    "tiers": [{"label": "high", "at_least": 40}, {"label": "middle", "at_least": 20}, {"label": "low"}]}');
SELECT publish('regress_next');
SET clientele.clock = '2026-06-12 10:00:00+08';
CALL refresh('regress_next');

-- ---------------------------------------------------------------------------
-- A card: customer 1 has paid 16,800 in a year, of which 10,000 leave on 1 October, and
-- come once in 90 days.  60 * 60 + 40 * 0 = 36 points; either 3,200 more or a second visit
-- make it 60 or 56.  Customer 2 loses his third visit on 31 August.
-- ---------------------------------------------------------------------------

SELECT item, value, condition, holds, points, weight, contribution, reason, valid_until, depth FROM explain('regress_next', 1, 'tier');
SELECT * FROM next_tier('regress_next', 1, 'tier');
SELECT * FROM next_tier('regress_next', 2, 'tier');
SELECT * FROM next_tier('regress_next', 3, 'tier');

-- what he is himself, what is computed, and what is unknown: no event is offered for it
SELECT item, value, condition, holds, points, contribution, reason, valid_until, depth FROM explain('regress_next', 1, 'own');
SELECT * FROM next_tier('regress_next', 1, 'own');
SELECT * FROM next_tier('regress_next', 2, 'own');
SELECT * FROM next_tier('regress_next', 3, 'own');

-- ---------------------------------------------------------------------------
-- A ladder: a clause alone, one of two, and two together
-- ---------------------------------------------------------------------------

SELECT item, value, condition, holds, reason, valid_until, depth FROM explain('regress_next', 1, 'stage');
SELECT * FROM next_tier('regress_next', 1, 'stage');
SELECT * FROM next_tier('regress_next', 2, 'stage');
-- in Beijing no payment makes him local
SELECT * FROM next_tier('regress_next', 2, 'stage', '2026-09-20 10:00+08');
-- on the way to gold: 3,200 and two visits
BEGIN;
INSERT INTO payment VALUES (1, '2026-06-12 09:00+08', 1000.01, 'skin');
SELECT * FROM next_tier('regress_next', 1, 'stage');
ROLLBACK;

-- ---------------------------------------------------------------------------
-- Grids: groups in their order; those of a scheme, as far as no axis falls
-- ---------------------------------------------------------------------------

SELECT item, value, condition, points, reason, valid_until, depth FROM explain('regress_next', 1, 'member');
SELECT * FROM next_tier('regress_next', 1, 'member');
SELECT * FROM next_tier('regress_next', 2, 'member');
SELECT * FROM next_tier('regress_next', 3, 'member');
SELECT item, value, condition, holds, points, reason, valid_until, depth FROM explain('regress_next', 1, 'reach');
SELECT * FROM next_tier('regress_next', 1, 'reach');

-- ---------------------------------------------------------------------------
-- Tags: both clauses together; time alone gives and takes
-- ---------------------------------------------------------------------------

SELECT item, value, condition, holds, valid_until, depth FROM explain('regress_next', 1, 'regular');
SELECT * FROM next_tier('regress_next', 1, 'regular');
SELECT * FROM next_tier('regress_next', 1, 'birthday');
SELECT * FROM next_tier('regress_next', 2, 'birthday');

-- ---------------------------------------------------------------------------
-- It is so: what is offered is done, one unit less of it, and at the last moment
-- ---------------------------------------------------------------------------

CREATE PROCEDURE pay(key int, amount numeric, kind text DEFAULT NULL) LANGUAGE sql AS $$
    INSERT INTO payment VALUES (key, current_setting('clientele.clock')::timestamptz, amount, kind) $$;
CREATE PROCEDURE come(key int, times int) LANGUAGE sql AS $$
    INSERT INTO visit SELECT key, current_setting('clientele.clock')::timestamptz FROM generate_series(1, times) $$;
CREATE VIEW labels AS SELECT id, tier, tier_score, stage, member, reach, own, tags FROM regress_next_segments.regress_next;

BEGIN; CALL pay(1, 3199.99); SELECT * FROM labels WHERE id = 1; ROLLBACK;
BEGIN; CALL pay(1, 3200); SELECT * FROM labels WHERE id = 1; ROLLBACK;
BEGIN; CALL come(1, 1); SELECT * FROM labels WHERE id = 1; ROLLBACK;
BEGIN; CALL come(1, 2); SELECT * FROM labels WHERE id = 1; ROLLBACK;
BEGIN; CALL pay(1, 1000, 'skin'); SELECT * FROM labels WHERE id = 1; ROLLBACK;
BEGIN; CALL pay(1, 1000.01, 'skin'); SELECT * FROM labels WHERE id = 1; ROLLBACK;
BEGIN; CALL come(1, 2); CALL pay(1, 10200); SELECT * FROM labels WHERE id = 1; ROLLBACK;
BEGIN; CALL come(1, 2); CALL pay(1, 10200.01); SELECT * FROM labels WHERE id = 1; ROLLBACK;
BEGIN; CALL pay(1, 1000.01, 'skin'); CALL come(1, 2); CALL pay(1, 2199.98); SELECT * FROM labels WHERE id = 1; ROLLBACK;
BEGIN; CALL pay(1, 1000.01, 'skin'); CALL come(1, 2); CALL pay(1, 2199.99); SELECT * FROM labels WHERE id = 1; ROLLBACK;

-- "by the end of 30 September"
SET clientele.clock = '2026-09-30 23:59:59.999999+08';
BEGIN; CALL pay(1, 3200); SELECT tier, tier_score FROM labels WHERE id = 1; ROLLBACK;
SET clientele.clock = '2026-10-01 00:00+08';
BEGIN; CALL pay(1, 3200); SELECT tier, tier_score FROM labels WHERE id = 1; ROLLBACK;
SET clientele.clock = '2026-08-29 23:59:59.999999+08';
BEGIN; CALL come(1, 1); SELECT tier FROM labels WHERE id = 1; CALL come(1, 1); SELECT member FROM labels WHERE id = 1; ROLLBACK;
SET clientele.clock = '2026-08-30 00:00+08';
BEGIN; CALL come(1, 1); SELECT tier FROM labels WHERE id = 1; CALL come(1, 1); SELECT member FROM labels WHERE id = 1; ROLLBACK;

-- what time takes, and gives
SET clientele.clock = '2026-06-28 23:59:59.999999+08';
SELECT id, reach FROM labels WHERE id = 1;
SET clientele.clock = '2026-06-29 00:00+08';
SELECT id, reach FROM labels WHERE id = 1;
SELECT id, member FROM labels WHERE id = 2;
SET clientele.clock = '2026-06-30 23:59:59.999999+08';
SELECT id, tags, member FROM labels WHERE id <= 2 ORDER BY id;
SET clientele.clock = '2026-07-01 00:00+08';
SELECT id, tags, member FROM labels WHERE id <= 2 ORDER BY id;
SET clientele.clock = '2026-08-29 23:59:59.999999+08';
SELECT id, stage FROM labels WHERE id = 2;
SET clientele.clock = '2026-08-30 00:00+08';
SELECT id, stage, tier FROM labels WHERE id = 2;
SET clientele.clock = '2026-08-31 00:00+08';
SELECT id, stage, tier FROM labels WHERE id = 2;

-- ---------------------------------------------------------------------------
-- Beside it
-- ---------------------------------------------------------------------------

SET clientele.clock = '2026-06-12 10:00:00+08';
-- nothing is kept of what was supposed
SELECT item, value FROM explain('regress_next', 1, 'tier') WHERE depth = 1;
-- a payment that is still to come; at the end of time
BEGIN;
INSERT INTO payment VALUES (1, '2026-06-20 10:00+08', 5000);
SELECT kind, item, value, condition, missing, unit, until, from_label, to_label FROM next_tier('regress_next', 1, 'tier');
SELECT kind, item, value, until, from_label, to_label FROM next_tier('regress_next', 1, 'tier', '294276-12-31 00:00+00');
ROLLBACK;
SELECT * FROM next_tier('regress_next', 1, 'spend');
SELECT * FROM next_tier('regress_next', 1, 'year');
SELECT * FROM next_tier('regress_next', 1, 'staged');
SELECT count(*) FROM next_tier('regress_next', 99, 'tier');

DROP VIEW labels;
SELECT drop_population('regress_next');
DROP SCHEMA regress_next CASCADE;
