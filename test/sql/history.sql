-- History: the change feed of the time before it began is filled in, and days are summed up.
-- One small clinic whose rows, intervals and days can be told by hand.  The clock is told.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET TimeZone = 'Asia/Shanghai';
CREATE ROLE regress_history_owner;
CREATE ROLE regress_history_reader;
CREATE SCHEMA history_shop AUTHORIZATION regress_history_owner;
GRANT CREATE ON DATABASE :DBNAME TO regress_history_owner;
SET clientele.clock = '2026-03-10 12:00+08';
SET SESSION AUTHORIZATION regress_history_owner;
CREATE TABLE history_shop.customer (id int PRIMARY KEY);
CREATE TABLE history_shop.payment (id int, paid_at timestamptz, net numeric(12,2), branch int);
CREATE TABLE history_shop.deposit (id int, paid_at timestamptz, amount numeric(12,2));
CREATE INDEX ON history_shop.payment (id, paid_at) INCLUDE (net, branch);
CREATE INDEX ON history_shop.deposit (id, paid_at) INCLUDE (amount);
INSERT INTO history_shop.customer VALUES (1), (2), (3);
INSERT INTO history_shop.payment VALUES
    (1, '2026-01-05 10:00+08', 100, 1), (1, '2026-02-20 10:00+08', 300, 2),
    (2, '2026-03-01 09:00+08', 50, 1), (2, '2026-03-09 23:30+08', 70, 1);
INSERT INTO history_shop.deposit VALUES (2, '2026-03-09 23:30+08', 5000);
SELECT clientele.create_population('history', 'history_shop.customer', 'id', 'Asia/Shanghai', 'history_segments');
SELECT clientele.add_source('history', 'payment', 'history_shop.payment', 'id', 'paid_at', amount => 'net', branch => 'branch');
SELECT clientele.add_source('history', 'deposit', 'history_shop.deposit', 'id', 'paid_at', amount => 'amount');
SELECT clientele.define_metric('history', 'home', 'last(payment.branch)');
SELECT clientele.define_metric('history', 'spent', 'sum(payment.net last 30 days)', 2);
SELECT clientele.define_ladder('history', '级别', '[{"label":"金","when":"spent >= 200"},{"label":"银","when":"spent > 0"},{"label":"铁"}]');
SELECT clientele.define_tag('history', 'recent', 'count(payment last 7 days) > 0');
SET client_min_messages = notice;

-- nothing to tell of yet
CALL clientele.backfill_history('history', '2025-12-31');
CALL clientele.refresh_summaries('history');
SELECT clientele.publish('history');
CALL clientele.backfill_history('history', '2025-12-31');
CALL clientele.refresh_summaries('history');
CALL clientele.refresh('history');
SELECT * FROM history_segments.history_change;

-- what cannot be filled in
CALL clientele.backfill_history('history', '2026-03-10');
CALL clientele.backfill_history('history', '2026-01-31', '2025-12-31');
CALL clientele.backfill_history('history', 'infinity');
CALL clientele.backfill_history('history', '2025-12-31', every => '36 hours');
CALL clientele.backfill_history('history', '2025-12-31', every => '-1 month');
CALL clientele.backfill_history('history', '2025-12-31', batch => 0);
CALL clientele.backfill_history('history', NULL);
CALL clientele.backfill_history('nobody', '2025-12-31');
BEGIN ISOLATION LEVEL REPEATABLE READ;
CALL clientele.backfill_history('history', '2025-12-31');
ROLLBACK;
BEGIN ISOLATION LEVEL REPEATABLE READ;
CALL clientele.refresh_summaries('history');
ROLLBACK;
SET SESSION AUTHORIZATION regress_history_reader;
CALL clientele.backfill_history('history', '2025-12-31');
CALL clientele.refresh_summaries('history');
SET SESSION AUTHORIZATION regress_history_owner;

-- month by month: the ends of 31 December, 31 January and 28 February; then the feed begins
BEGIN;
CALL clientele.backfill_history('history', '2025-12-31', every => '1 month');
SELECT id, name, from_label, to_label, effective_at, cause FROM history_segments.history_change ORDER BY id, effective_at, name;
ROLLBACK;

-- every change at its instant, in two transactions
CALL clientele.backfill_history('history', '2025-12-31', batch => 2);
SELECT id, name, from_label, to_label, effective_at, cause, model_version FROM history_segments.history_change ORDER BY id, effective_at, name;
SELECT * FROM history_segments.history_membership ORDER BY id, name, valid_from NULLS FIRST;
SELECT id, tag, since FROM history_segments.history_tag ORDER BY id, tag;
-- who follows the feed reads of it, once
SELECT count(*), min(cause), max(cause) FROM clientele.changes_since('history', 0);
-- days: without set_revenue no money, without set_branch no place
SELECT * FROM history_segments.history_daily WHERE day IN ('2025-12-31', '2026-01-05', '2026-03-09') ORDER BY day, name, label;
SELECT min(day), max(day), count(DISTINCT day) FROM history_segments.history_daily;

-- what is money, and where; from then on the branch is followed
SELECT clientele.set_revenue('history', 'payment');
SELECT clientele.set_branch('history', 'home');
SELECT clientele.publish('history');
CALL clientele.refresh('history');
SELECT id, name, from_label, to_label, effective_at, cause FROM history_segments.history_change WHERE cause = 'publish' ORDER BY id;
RESET SESSION AUTHORIZATION;
SET clientele.clock = '2026-03-12 09:00+08';
SET SESSION AUTHORIZATION regress_history_owner;
CALL clientele.refresh('history');
CALL clientele.refresh_summaries('history');
SELECT * FROM history_segments.history_daily WHERE day IN ('2026-01-05', '2026-03-01', '2026-03-09', '2026-03-10') ORDER BY day, name, label;

-- yesterday's payment is typed in today, one of last month was of somebody else, and she moves to another branch
INSERT INTO history_shop.payment VALUES (2, '2026-03-11 20:00+08', 400, 2);
UPDATE history_shop.payment SET id = 3 WHERE net = 300;
CALL clientele.refresh('history');
CALL clientele.refresh_summaries('history');
SELECT day, label, branch, customers, revenue FROM history_segments.history_daily
WHERE name = '级别' AND day IN ('2026-02-20', '2026-03-11') ORDER BY day, label;
RESET SESSION AUTHORIZATION;
SET clientele.clock = '2026-03-13 09:00+08';
SET SESSION AUTHORIZATION regress_history_owner;
CALL clientele.refresh('history');
CALL clientele.refresh_summaries('history');
SELECT day, label, branch, customers, revenue FROM history_segments.history_daily
WHERE name = '级别' AND day = '2026-03-12' ORDER BY day, label;
-- all summed up anew says the same
CREATE TEMPORARY TABLE before AS TABLE history_segments.history_daily;
RESET SESSION AUTHORIZATION;
BEGIN;
DELETE FROM clientele.summary;
CALL clientele.refresh_summaries('history');
(TABLE before EXCEPT ALL TABLE history_segments.history_daily) UNION ALL (TABLE history_segments.history_daily EXCEPT ALL TABLE before);
ROLLBACK;

-- rights are those of the other views
GRANT USAGE ON SCHEMA history_segments TO regress_history_reader;
SET SESSION AUTHORIZATION regress_history_reader;
SELECT * FROM history_segments.history_daily;
RESET SESSION AUTHORIZATION;
GRANT SELECT ON history_segments.history_daily TO regress_history_reader;
SET SESSION AUTHORIZATION regress_history_reader;
SELECT day, sum(revenue) FROM history_segments.history_daily WHERE name = '级别' GROUP BY day HAVING sum(revenue) > 0 ORDER BY day;

-- who is forgotten has no history, and was never counted
SET SESSION AUTHORIZATION regress_history_owner;
SELECT clientele.forget('history', 1);
SELECT count(*) FROM history_segments.history_change WHERE id = 1;
SELECT day, label, branch, customers, revenue FROM history_segments.history_daily
WHERE name = '级别' AND day IN ('2026-01-05', '2026-03-12') ORDER BY day, label;
SELECT count(*) FROM clientele_data.history_revenue WHERE key = 1;
-- and none that is filled in later
CALL clientele.backfill_history('history', '2025-12-01', '2025-12-15');
SELECT count(*) FROM history_segments.history_change WHERE id = 1;
-- who has come since has a past as the rules have it, up to where the feed begins
INSERT INTO history_shop.customer VALUES (4);
CALL clientele.refresh('history');
CALL clientele.backfill_history('history', '2025-11-01');
SELECT name, from_label, to_label, effective_at, cause FROM history_segments.history_change WHERE id = 4 ORDER BY position;
SELECT * FROM clientele.verify('history');

-- a back-fill that was broken off is taken back where another one is asked for, or the definitions are others
RESET SESSION AUTHORIZATION;
CREATE TEMPORARY TABLE feed AS SELECT * FROM history_segments.history_change;
BEGIN;
CALL clientele.backfill_history('history', '2025-06-01');
UPDATE clientele.history AS h SET begins_at = '2025-11-01 23:59:59.999999+08', from_day = '2025-06-01', done_from = '3', version = 2,
    first_position = (SELECT max(position) FROM feed)
WHERE population_id = (SELECT population_id FROM clientele.population WHERE name = 'history');
CALL clientele.backfill_history('history', '2025-06-02');
ROLLBACK;
-- one that the feed is all of needs nothing
CALL clientele.backfill_history('history', '2025-11-01');
(TABLE feed EXCEPT ALL SELECT * FROM history_segments.history_change) UNION ALL (SELECT * FROM history_segments.history_change EXCEPT ALL TABLE feed);

-- nothing is left
SET client_min_messages = warning;
SELECT clientele.drop_population('history');
SELECT relname FROM pg_class WHERE relname LIKE 'history\_%' AND relnamespace IN ('clientele_data'::regnamespace);
SELECT (SELECT count(*) FROM clientele.history) AS histories, (SELECT count(*) FROM clientele.summary) AS summaries;
DROP SCHEMA history_shop CASCADE;
DROP TABLE before, feed;
REVOKE CREATE ON DATABASE :DBNAME FROM regress_history_owner;
DROP ROLE regress_history_owner, regress_history_reader;
