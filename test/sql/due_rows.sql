-- Rows that have come due, each at an instant of its own, are evaluated by one scan; every
-- change of a label is logged with the microsecond at which it happened.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET TimeZone = 'UTC';
CREATE ROLE regress_due_owner;
CREATE ROLE regress_due_other;
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

-- by itself: customers who are not there are passed, one may come more than once
SELECT as_of, id, recent, tier, tags, due_at
FROM clientele.evaluate_at(NULL::clientele_data.due_all_1, ARRAY[4, 1, 99, 4, 2, 4, 4],
     ARRAY['2026-03-10 12:00+00', '2026-03-10 12:00+00', '2026-03-10 13:00+00', '2026-03-10 20:00:00.5+00',
           '2026-03-11 09:00:00.000001+00', '2026-03-11 09:00:00.000001+00', '2026-03-20 09:00+00']::timestamptz[]) ORDER BY as_of, id;
-- the same as one scan for each; events just inside the first instant's windows and the last one's
WITH pair AS MATERIALIZED (
    SELECT c.id, '2026-03-10 08:00+00'::timestamptz + n * interval '211 minutes 7.000003 seconds' AS at
    FROM due_shop.customer AS c CROSS JOIN generate_series(0, 80) AS n
), together AS MATERIALIZED (
    SELECT e.* FROM (SELECT array_agg(id ORDER BY at, id) AS ids, array_agg(at ORDER BY at, id) AS instants FROM pair) AS l
    CROSS JOIN LATERAL clientele.evaluate_at(NULL::clientele_data.due_all_1, l.ids, l.instants) AS e
), singly AS MATERIALIZED (
    SELECT a.* FROM pair AS p CROSS JOIN LATERAL (SELECT * FROM clientele_data.due_all_1 AS e WHERE e.as_of = p.at AND e.id = p.id) AS a
)
SELECT (SELECT count(*) FROM together) AS together, (SELECT count(DISTINCT (recent, week, tags)) FROM together) AS different,
       (SELECT count(*) FROM (TABLE together EXCEPT ALL TABLE singly) AS d) AS only_together,
       (SELECT count(*) FROM (TABLE singly EXCEPT ALL TABLE together) AS d) AS only_singly;

-- what makes no pairs
SELECT count(*) FROM clientele.evaluate_at(NULL::clientele_data.due_all_1, NULL::int[], '{}');
SELECT count(*) FROM clientele.evaluate_at(NULL::clientele_data.due_all_1, '{}'::int[], '{}');
SELECT clientele.evaluate_at(NULL::clientele_data.due_all_1, ARRAY[1, 2], ARRAY[now()]);
SELECT clientele.evaluate_at(NULL::clientele_data.due_all_1, ARRAY[1, NULL], ARRAY[now(), now()]);
SELECT clientele.evaluate_at(NULL::clientele_data.due_all_1, ARRAY[1, 2], ARRAY['2026-03-02', '2026-03-01']::timestamptz[]);
SELECT clientele.evaluate_at(NULL::clientele_data.due_all_1, ARRAY[1], ARRAY['infinity']::timestamptz[]);
SELECT clientele.evaluate_at(NULL::clientele_data.due_all_1, ARRAY['1'::text], ARRAY[now()]);
SELECT clientele.evaluate_at(NULL::clientele_data.due_live_1, ARRAY[1], ARRAY[now()]);
SELECT clientele.evaluate_at(NULL::due_shop.customer, ARRAY[1], ARRAY[now()]);
SELECT clientele.evaluate_at(1, ARRAY[1], ARRAY[now()]);

-- only for the owner
RESET SESSION AUTHORIZATION;
GRANT USAGE ON SCHEMA clientele_data TO regress_due_other;
SET SESSION AUTHORIZATION regress_due_other;
SELECT clientele.evaluate_at(NULL::clientele_data.due_all_1, ARRAY[1], ARRAY[now()]);
RESET SESSION AUTHORIZATION;

-- where the calendar goes back a day between two instants, the later one looks further back:
-- in St. John's, at one minute past midnight on the first of November 2009 it became 23:01 again
SET SESSION AUTHORIZATION regress_due_owner;
CREATE TABLE due_shop.sailor (id int PRIMARY KEY);
CREATE TABLE due_shop.voyage (id int, at timestamptz);
INSERT INTO due_shop.sailor VALUES (1);
INSERT INTO due_shop.voyage VALUES (1, '2009-10-30 12:00+00');
SET client_min_messages = warning;
SELECT clientele.create_population('sailor', 'due_shop.sailor', 'id', 'America/St_Johns', 'due_segments');
SELECT clientele.add_source('sailor', 'voyage', 'due_shop.voyage', 'id', 'at');
SELECT clientele.define_metric('sailor', 'fresh', 'count(voyage last 2 days)');
SELECT clientele.publish('sailor');
SELECT as_of, id, fresh, due_at
FROM clientele.evaluate_at(NULL::clientele_data.sailor_all_1, ARRAY[1, 1, 1],
     ARRAY['2009-11-01 02:29:59+00', '2009-11-01 02:30:30+00', '2009-11-01 02:31:00+00']::timestamptz[]);
SELECT as_of, id, fresh, due_at
FROM clientele.evaluate_at(NULL::clientele_data.sailor_all_1, ARRAY[1, 1],
     ARRAY['2009-11-01 02:30:30+00', '2009-11-01 02:31:00+00']::timestamptz[]);
-- and what is known of a day does not outlast its return
SELECT as_of, id, fresh, due_at
FROM clientele.evaluate_at(NULL::clientele_data.sailor_all_1, ARRAY[1, 1],
     ARRAY['2009-11-01 02:29:59+00', '2009-11-01 02:31:00+00']::timestamptz[]);

SELECT clientele.drop_population('sailor');
SELECT clientele.drop_population('due');
RESET SESSION AUTHORIZATION;
DROP SCHEMA due_shop CASCADE;
REVOKE USAGE ON SCHEMA clientele_data FROM regress_due_other;
REVOKE CREATE ON DATABASE :DBNAME FROM regress_due_owner;
DROP ROLE regress_due_owner, regress_due_other;
