-- status, verify, marks by hand, the feed, profiles, and what it means to be forgotten
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET TimeZone = 'UTC';
CREATE ROLE regress_status_owner;
CREATE ROLE regress_status_reader;
GRANT CREATE ON DATABASE :DBNAME TO regress_status_owner;
SET clientele.clock = '2026-03-10 12:00+00';
SET SESSION AUTHORIZATION regress_status_owner;
CREATE SCHEMA status_shop;
CREATE TABLE status_shop.customer (id int PRIMARY KEY);
CREATE TABLE status_shop.payment (id int, paid_at timestamptz, amount numeric(12,2)) PARTITION BY RANGE (paid_at);
CREATE TABLE status_shop.payment_2026 PARTITION OF status_shop.payment FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO status_shop.customer SELECT g FROM generate_series(1, 5) AS g;
INSERT INTO status_shop.payment SELECT g, '2026-03-10 10:00+00'::timestamptz - g * interval '1 day', g * 60 FROM generate_series(1, 3) AS g;
SELECT clientele.create_population('status', 'status_shop.customer', 'id', 'UTC', 'status_segments');
SELECT clientele.add_source('status', 'payment', 'status_shop.payment', 'id', 'paid_at');
SELECT clientele.define_metric('status', 'spend', 'sum(payment.amount last 7 days)', 2);
SELECT clientele.define_tag('status', 'paid', 'count(payment) > 0');
SELECT clientele.define_tag('status', 'lately', 'count(payment last 3 days) > 0');
SET client_min_messages = notice;

SELECT * FROM clientele.status('status');
SELECT * FROM clientele.verify('status');
SELECT clientele.publish('status');
SELECT * FROM clientele.status('status');
CALL clientele.refresh('status');
SELECT item, CASE item WHEN 'refresh' THEN regexp_replace(value, ' .*', '') ELSE value END, hint FROM clientele.status('status');

-- what waits
INSERT INTO status_shop.payment VALUES (4, '2026-03-10 11:00+00', 9), (4, '2026-03-10 11:30+00', 9);
RESET SESSION AUTHORIZATION;
SET clientele.clock = '2026-03-12 12:00+00';
SET SESSION AUTHORIZATION regress_status_owner;
SELECT * FROM clientele.status('status') WHERE item IN ('marks', 'rows due', 'due since');
-- what waits is not wrong
SELECT * FROM clientele.verify('status');
CALL clientele.refresh('status');
SELECT * FROM clientele.verify('status');

-- what is wrong is found: a value, tags, a row too few, a row too many
UPDATE clientele_data.status_stored_1 SET spend = 7 WHERE id = 1;
UPDATE clientele_data.status_stored_1 SET tags = '{none}' WHERE id = 2;
DELETE FROM clientele_data.status_stored_1 WHERE id = 3;
INSERT INTO clientele_data.status_stored_1 (id, spend, tags, evaluated_at, due_at) SELECT 77, spend, tags, evaluated_at, due_at FROM clientele_data.status_stored_1 WHERE id = 5;
SELECT * FROM clientele.verify('status');
SELECT clientele.mark_all('status');
SELECT * FROM clientele.status('status') WHERE item = 'marks';
SELECT * FROM clientele.verify('status');
SELECT id, spend, tags FROM status_segments.status ORDER BY id;
CALL clientele.refresh('status');
SELECT * FROM clientele.verify('status');

-- capture that somebody switched off, on a partition, too (only a superuser can before 15)
RESET SESSION AUTHORIZATION;
ALTER EVENT TRIGGER clientele_after DISABLE; -- behind our back
ALTER TABLE status_shop.payment_2026 DISABLE TRIGGER clientele_capture;
SET SESSION AUTHORIZATION regress_status_owner;
SELECT * FROM clientele.status('status') WHERE item = 'capture broken';
INSERT INTO status_shop.payment VALUES (5, '2026-03-12 11:00+00', 5);
SELECT * FROM clientele.verify('status');
RESET SESSION AUTHORIZATION;
ALTER TABLE status_shop.payment_2026 ENABLE ALWAYS TRIGGER clientele_capture;
ALTER EVENT TRIGGER clientele_after ENABLE ALWAYS;
SET SESSION AUTHORIZATION regress_status_owner;
SELECT clientele.mark_all('status');
CALL clientele.refresh('status');
SELECT * FROM clientele.status('status') WHERE item = 'capture broken';

-- a bulk load
SELECT clientele.pause_capture('status');
INSERT INTO status_shop.payment SELECT id, '2026-03-12 11:00+00', 1000 FROM status_shop.customer;
SELECT * FROM clientele.status('status') WHERE item IN ('capture', 'marks');
SELECT sum(spend) FROM status_segments.status;
CALL clientele.refresh('status');
SELECT clientele.resume_capture('status');
CALL clientele.refresh('status');
SELECT sum(spend) FROM status_segments.status;
SELECT * FROM clientele.verify('status');

-- a version that does not fit the tables any more
ALTER TABLE status_shop.payment RENAME amount TO net;
SELECT item, value FROM clientele.status('status') WHERE item LIKE '%broken';
ALTER TABLE status_shop.payment RENAME net TO amount;

-- the feed, from where one has read it to
SELECT max(position) AS cursor FROM status_segments.status_change \gset
UPDATE status_shop.payment SET paid_at = paid_at - interval '20 days' WHERE id = 5;
CALL clientele.refresh('status');
SELECT key, name, from_label, to_label, effective_at, cause FROM clientele.changes_since('status', :cursor);
-- a cursor may stand between two changes of one customer that were written at once
SELECT count(*) AS between, count(*) FILTER (WHERE (SELECT count(*) FROM clientele.changes_since('status', c.position)) <> c.later) AS wrong
FROM (SELECT position, lead(id) OVER w = id AND lead(recorded_at) OVER w = recorded_at AS between, count(*) OVER w - row_number() OVER w AS later
      FROM status_segments.status_change WINDOW w AS (ORDER BY position ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)) AS c
WHERE between;
SELECT (SELECT count(*) FROM clientele.changes_since('status', NULL)) AS unknown,
       (SELECT count(*) FROM clientele.changes_since('status', 9223372036854775807)) AS beyond_all,
       (SELECT count(*) FROM clientele.changes_since('status', -9223372036854775808))
       - (SELECT count(*) FROM clientele.changes_since('status', 0)) AS before_all;
SELECT count(*) FROM clientele.changes_since('nobody', 0);

-- one customer, by a key of any type; readers with the view's rights only
SELECT clientele.profile('status', 4);
SELECT clientele.profile('status', '4', '2026-03-10 11:15+00');
SELECT clientele.profile('status', 99), clientele.profile('nobody', 1);
GRANT USAGE ON SCHEMA status_segments TO regress_status_reader;
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_status_reader;
SELECT clientele.profile('status', 4);
SELECT clientele.profile('status', 99);
SELECT * FROM clientele.changes_since('status', 0);
SELECT * FROM clientele.status('status');
SELECT * FROM clientele.verify('status');
SELECT clientele.forget('status', '4');
RESET SESSION AUTHORIZATION;
GRANT SELECT ON status_segments.status TO regress_status_reader;
SET SESSION AUTHORIZATION regress_status_reader;
SELECT clientele.profile('status', 4) -> 'spend' AS spend;
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_status_owner;

-- forgotten: neither stored nor evaluated, whoever asks, whatever is paid
SELECT clientele.forget('status', '04');
SELECT (SELECT count(*) FROM clientele_data.status_stored_1 WHERE id = 4) AS stored,
       (SELECT count(*) FROM status_segments.status_change WHERE id = 4) AS changes,
       (SELECT count(*) FROM status_segments.status WHERE id = 4) AS shown,
       (SELECT count(*) FROM status_segments.status_as_of('2026-03-10 12:00+00') WHERE id = 4) AS shown_then;
INSERT INTO status_shop.payment VALUES (4, '2026-03-12 11:00+00', 5), (1, '2026-03-12 11:00+00', 5);
SELECT count(*) FROM status_segments.status WHERE id = 4;
SELECT clientele.mark_all('status');
CALL clientele.refresh('status');
SELECT id, spend FROM status_segments.status ORDER BY id;
SELECT * FROM clientele.verify('status');
SELECT clientele.publish('status');
CALL clientele.refresh('status');
SELECT count(*) FROM status_segments.status WHERE id = 4;
SELECT clientele.unforget('status', '4');
SELECT id, spend FROM status_segments.status WHERE id = 4;
CALL clientele.refresh('status');
SELECT * FROM clientele.verify('status');
SELECT clientele.forget('status', 'not a number');
RESET SESSION AUTHORIZATION;
SELECT count(*) AS digests, min(octet_length(digest)) FROM clientele.forgotten;

SET client_min_messages = warning;
SELECT clientele.drop_population('status');
DROP SCHEMA status_shop CASCADE;
REVOKE CREATE ON DATABASE :DBNAME FROM regress_status_owner;
DROP ROLE regress_status_owner, regress_status_reader;
