-- One transaction marks many customers: most marks wait until it reads them, or ends.
\set VERBOSITY terse
SET client_min_messages = warning;

CREATE SCHEMA many;
SET search_path = many;

-- ---------- exact while they wait ----------

CREATE TABLE customer (id int PRIMARY KEY);
CREATE TABLE payment (id int, paid_at timestamptz, amount int);
CREATE INDEX ON payment (id, paid_at);
INSERT INTO customer SELECT generate_series(1, 500);
SELECT clientele.create_population('many', 'customer', 'id', 'UTC', 'many_segments') \g /dev/null
SELECT clientele.add_source('many', 'payment', 'payment', 'id', 'paid_at') \g /dev/null
SELECT clientele.define_metric('many', 'spend', 'sum(payment.amount)', 0) \g /dev/null
SELECT clientele.publish('many') \g /dev/null
CALL clientele.refresh('many');

-- Whom the view shows otherwise than plain SQL would.
CREATE FUNCTION wrong() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT count(*) FROM many_segments.many AS s
    LEFT JOIN (SELECT id, sum(amount) AS spend FROM many.payment GROUP BY id) AS p USING (id) WHERE s.spend <> coalesce(p.spend, 0) $$;
CREATE FUNCTION marked() RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT count(DISTINCT key) FROM clientele.pending_marks('clientele_data.many_mark') $$;
CREATE PROCEDURE pay(amount int) LANGUAGE sql AS $$
    INSERT INTO many.payment SELECT 1 + n * 7 % 500, '2026-01-01', amount FROM generate_series(0, 399) AS n $$;

BEGIN;
CALL pay(1);
SELECT count(*) < 400 AS some_wait FROM clientele_data.many_mark;
SELECT sum(spend), wrong(), marked() FROM many_segments.many;
CALL pay(2);
SELECT sum(spend), wrong(), marked() FROM many_segments.many;
COMMIT;
SELECT sum(spend), wrong(), marked() FROM many_segments.many;
CALL clientele.refresh('many');
SELECT sum(spend), wrong(), marked() FROM many_segments.many;

-- Nobody reads them, and the end writes them.
CALL pay(3);
SELECT marked();
CALL clientele.refresh('many');
BEGIN;
CALL pay(4);
PREPARE TRANSACTION 'capture_many';
SELECT marked();
COMMIT PREPARED 'capture_many';
SELECT marked(), wrong();
CALL clientele.refresh('many');

-- One who has a snapshot already goes on as he was.
BEGIN;
DECLARE before CURSOR FOR SELECT sum(spend) FROM many_segments.many;
CALL pay(5);
DECLARE after CURSOR FOR SELECT sum(spend) FROM many_segments.many;
CALL pay(6);
FETCH after;
FETCH before;
COMMIT;
CALL clientele.refresh('many');

-- Read inside a savepoint, which is then rolled back: what was paid before it is still marked.
BEGIN;
CALL pay(7);
SAVEPOINT s;
SELECT wrong(), marked();
ROLLBACK TO s;
SELECT wrong(), marked();
SAVEPOINT s;
SELECT wrong();
SAVEPOINT t;
CALL pay(8);
SELECT wrong();
RELEASE t;
ROLLBACK TO s;
COMMIT;
SELECT wrong(), marked();
CALL clientele.refresh('many');
SELECT wrong(), marked();

-- Refreshed inside a savepoint, which is then rolled back.
BEGIN;
CALL pay(9);
SAVEPOINT s;
CALL clientele.refresh('many');
SELECT wrong(), marked();
CALL pay(10);
SELECT wrong();
ROLLBACK TO s;
SELECT wrong(), marked();
CALL pay(11);
CALL clientele.refresh('many');
SELECT wrong(), marked();
COMMIT;
SELECT wrong(), marked();

-- All is taken back.
BEGIN;
CALL pay(12);
ROLLBACK;
SELECT wrong(), marked();

-- More than may wait.
INSERT INTO customer SELECT generate_series(501, 66500);
SELECT marked();
BEGIN;
SAVEPOINT s;
INSERT INTO payment SELECT id, '2026-01-02', 1 FROM customer;
RELEASE s;
COMMIT;
SELECT marked();
CALL clientele.refresh('many');
SELECT wrong(), marked();
SELECT clientele.drop_population('many') \g /dev/null

-- ---------- keys of other types ----------

CREATE TABLE person (id uuid PRIMARY KEY);
CREATE TABLE card (number text PRIMARY KEY);
CREATE TABLE small (id int2 PRIMARY KEY);
SELECT clientele.create_population('person', 'person', 'id', 'UTC', 'many_segments'), clientele.create_population('card', 'card', 'number', 'UTC', 'many_segments'),
    clientele.create_population('small', 'small', 'id', 'UTC', 'many_segments') \g /dev/null
SELECT clientele.define_tag(name, 'there', 'true'), clientele.publish(name) FROM unnest(ARRAY['person', 'card', 'small']) AS name \g /dev/null
CALL clientele.refresh('person');
CALL clientele.refresh('card');
CALL clientele.refresh('small');
INSERT INTO person SELECT md5(n::text)::uuid FROM generate_series(1, 300) AS n;
INSERT INTO card SELECT repeat('card ', n % 9) || n FROM generate_series(1, 300) AS n;
INSERT INTO small SELECT n FROM generate_series(-150, 149) AS n;
SELECT (SELECT count(*) FROM clientele_data.person_mark AS m JOIN person AS p ON p.id = m.key) AS person,
    (SELECT count(*) FROM clientele_data.card_mark AS m JOIN card AS c ON c.number = m.key) AS card,
    (SELECT count(*) FROM clientele_data.small_mark AS m JOIN small AS s ON s.id = m.key) AS small;
SELECT clientele.is_marked('clientele_data.person_mark', md5('300')::uuid::text), clientele.is_marked('clientele_data.person_mark', md5('301')::uuid::text),
    clientele.is_marked('clientele_data.card_mark', '297'), clientele.is_marked('clientele_data.card_mark', '298');

-- The table of marks goes before the transaction ends.
BEGIN;
DELETE FROM person;
SELECT clientele.drop_population('person') \g /dev/null
COMMIT;
SELECT clientele.drop_population('card'), clientele.drop_population('small') \g /dev/null
DROP SCHEMA many CASCADE;
