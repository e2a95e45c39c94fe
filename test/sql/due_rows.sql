-- Rows that have come due, each at an instant of its own, are evaluated by one scan; every
-- change of a label is logged with the microsecond at which it happened.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET TimeZone = 'UTC';
CREATE ROLE regress_due_owner;
CREATE SCHEMA due_shop AUTHORIZATION regress_due_owner;
GRANT CREATE ON DATABASE :DBNAME TO regress_due_owner;
SET clientele.clock = '2026-03-10 12:00+00';
SET SESSION AUTHORIZATION regress_due_owner;
CREATE TABLE due_shop.customer (id int PRIMARY KEY);
CREATE TABLE due_shop.visit (id int, at timestamptz);
CREATE INDEX ON due_shop.visit (id, at);
INSERT INTO due_shop.customer SELECT g FROM generate_series(1, 6) AS g;
-- customers 1 and 2 a microsecond apart, 3 with 2; 4 twice; 5 at midnight in Shanghai; 6 has none
INSERT INTO due_shop.visit VALUES
    (1, '2026-03-10 09:00:00.000001+00'), (2, '2026-03-10 09:00:00.000002+00'), (3, '2026-03-10 09:00:00.000002+00'),
    (4, '2026-03-09 20:00:00.5+00'), (4, '2026-03-10 08:59:59.999999+00'), (5, '2026-03-09 16:00+00');
SELECT clientele.create_population('due', 'due_shop.customer', 'id', 'Asia/Shanghai', 'due_segments');
SELECT clientele.add_source('due', 'visit', 'due_shop.visit', 'id', 'at');
SELECT clientele.define_metric('due', 'recent', 'count(visit last 24 hours)');
SELECT clientele.define_metric('due', 'week', 'count(visit last 7 days)');
SELECT clientele.define_ladder('due', 'tier', '[{"label":"busy","when":"recent >= 2"},{"label":"here","when":"recent > 0"},{"label":"away"}]');
SELECT clientele.define_tag('due', 'lost', 'week = 0 and days_since(latest(visit)) >= 0');
SELECT clientele.publish('due');
CALL clientele.refresh('due');
SELECT id, tier, due_at FROM due_segments.due ORDER BY id;

-- all of them in one batch
RESET SESSION AUTHORIZATION;
SET clientele.clock = '2026-03-12 12:00+00';
SET SESSION AUTHORIZATION regress_due_owner;
SET client_min_messages = notice;
CALL clientele.refresh('due');
SELECT id, name, from_label, to_label, effective_at, recorded_at FROM due_segments.due_change
WHERE cause = 'time' ORDER BY position;
-- nothing is written that an evaluation now would not say
SELECT id, tier, recent, week, due_at FROM due_segments.due ORDER BY id;
SELECT a.id FROM clientele_data.due_all_1 AS a JOIN clientele_data.due_stored_1 AS s USING (id)
WHERE a.as_of = '2026-03-12 12:00+00' AND (a.tier, a.recent, a.week, a.tags, a.due_at) IS DISTINCT FROM (s.tier, s.recent, s.week, s.tags, s.due_at);

-- many customers, each first at another instant: what is stored is what one evaluation for
-- each says; events just inside the first instant's windows and the last one's
INSERT INTO due_shop.customer SELECT g FROM generate_series(11, 496) AS g;
INSERT INTO due_shop.visit SELECT c.id, v.at FROM due_shop.customer AS c JOIN due_shop.visit AS v ON v.id = 1 + c.id % 5 WHERE c.id > 10;
RESET SESSION AUTHORIZATION;
SET clientele.clock = '2026-03-10 08:00+00';
CALL clientele.refresh('due');
UPDATE clientele_data.due_stored_1 SET due_at = '2026-03-10 08:00+00'::timestamptz + id / 6 * interval '211 minutes 7.000003 seconds' WHERE id > 10;
SET clientele.clock = '2026-03-22 12:00+00';
SET SESSION AUTHORIZATION regress_due_owner;
CALL clientele.refresh('due');
SELECT count(*) AS stored, count(DISTINCT s.evaluated_at) AS instants, count(*) FILTER (WHERE s.due_at <= '2026-03-22 12:00+00') AS still_due,
       count(*) FILTER (WHERE (a.tier, a.recent, a.week, a.tags, a.due_at) IS DISTINCT FROM (s.tier, s.recent, s.week, s.tags, s.due_at)) AS wrong
FROM clientele_data.due_stored_1 AS s
LEFT JOIN LATERAL (SELECT * FROM clientele_data.due_all_1 AS e WHERE e.as_of = s.evaluated_at AND e.id = s.id) AS a ON true WHERE s.id > 10;
-- a customer who went away unnoticed: the row goes when it comes due, since now
RESET SESSION AUTHORIZATION;
DELETE FROM due_shop.customer WHERE id = 12;
DELETE FROM clientele_data.due_mark;
UPDATE clientele_data.due_stored_1 SET due_at = '2026-03-22 11:00+00', tags = '{b}' WHERE id IN (12, 13);
SET SESSION AUTHORIZATION regress_due_owner;
CALL clientele.refresh('due');
SELECT id, name, from_label, to_label, effective_at, cause FROM due_segments.due_change
WHERE id IN (12, 13) AND 'b' IN (from_label, to_label) ORDER BY position;
SELECT id, tags FROM clientele_data.due_stored_1 WHERE id IN (12, 13);

-- where the calendar goes back a day between two instants, the later one looks further back:
-- in St. John's, at one minute past midnight on the first of November 2009 it became 23:01 again
SET SESSION AUTHORIZATION regress_due_owner;
CREATE TABLE due_shop.sailor (id int PRIMARY KEY);
CREATE TABLE due_shop.voyage (id int, at timestamptz);
INSERT INTO due_shop.sailor SELECT g FROM generate_series(1, 6) AS g;
INSERT INTO due_shop.voyage SELECT g, '2009-10-30 12:00+00' FROM generate_series(1, 6) AS g;
SET client_min_messages = warning;
SELECT clientele.create_population('sailor', 'due_shop.sailor', 'id', 'America/St_Johns', 'due_segments');
SELECT clientele.add_source('sailor', 'voyage', 'due_shop.voyage', 'id', 'at');
SELECT clientele.define_metric('sailor', 'fresh', 'count(voyage last 2 days)');
SELECT clientele.define_ladder('sailor', 'state', '[{"label":"fresh","when":"fresh > 0"},{"label":"not"}]');
SELECT clientele.publish('sailor');
RESET SESSION AUTHORIZATION;
SET clientele.clock = '2009-10-31 12:00+00';
CALL clientele.refresh('sailor');
-- what each is at an instant of his own, he leaves a label for that is none; of a batch, the
-- earliest instants come first in the feed, and where they are equal the lowest keys
UPDATE clientele_data.sailor_stored_1 SET state = 'asked', due_at =
    (ARRAY['2009-11-01 02:29:59+00', '2009-11-01 02:30:30+00', '2009-11-01 02:31:00+00'])[1 + id % 3]::timestamptz;
SET clientele.clock = '2009-11-01 02:31:00+00';
SET SESSION AUTHORIZATION regress_due_owner;
CALL clientele.refresh('sailor');
SELECT id, from_label, to_label, effective_at FROM due_segments.sailor_change ORDER BY position;
SELECT id, fresh, state, evaluated_at, due_at FROM clientele_data.sailor_stored_1 ORDER BY id;

SELECT clientele.drop_population('sailor');
SELECT clientele.drop_population('due');
RESET SESSION AUTHORIZATION;
DROP SCHEMA due_shop CASCADE;
REVOKE CREATE ON DATABASE :DBNAME FROM regress_due_owner;
DROP ROLE regress_due_owner;
