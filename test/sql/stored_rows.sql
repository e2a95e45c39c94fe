-- Stored rows: written where they differ and only there; what flips is logged, from one
-- evaluation to the next and from one version to the next.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET TimeZone = 'UTC';
SET clientele.clock = '2026-03-10 12:00+00';
CREATE SCHEMA stored_shop;
CREATE TABLE stored_shop.customer (id int PRIMARY KEY, wish_b text, wish_d text, wish_x text);
CREATE TABLE stored_shop.payment (id int, paid_at timestamptz, amount numeric(12,2), long text);
CREATE INDEX ON stored_shop.payment (id, paid_at);
INSERT INTO stored_shop.customer SELECT g FROM generate_series(1, 1000) AS g;
INSERT INTO stored_shop.payment SELECT g, '2026-03-01', g, repeat(g::text, 2000) FROM generate_series(1, 1000) AS g;
SELECT clientele.create_population('stored', 'stored_shop.customer', 'id', 'UTC', 'stored_segments') \g /dev/null
SELECT clientele.add_source('stored', 'payment', 'stored_shop.payment', 'id', 'paid_at', amount => 'amount') \g /dev/null
SELECT clientele.define_metric('stored', 'spend', 'sum(payment.amount)', 2) \g /dev/null
SELECT clientele.define_metric('stored', 'long', 'last(payment.long)') \g /dev/null
SELECT clientele.define_metric('stored', 'fortnight', 'count(payment last 14 days)') \g /dev/null
SELECT clientele.define_ladder('stored', 'f', '[{"label":"first","when":"true"}]') \g /dev/null
SELECT clientele.define_ladder('stored', 'b', '[{"label":"new","when":"wish_b = ''label''"}]') \g /dev/null
SELECT clientele.define_ladder('stored', 'd', '[{"label":"same","when":"true"}]') \g /dev/null
SELECT clientele.define_ladder('stored', 'x', '[{"label":"x","when":"wish_x = ''label''"}]') \g /dev/null
SELECT clientele.define_tag('stored', t, format('wish_d = %L', t)::clientele.expression) FROM unnest(ARRAY['a', 'b2', 'e', 'g']) AS t \g /dev/null
SELECT clientele.publish('stored');
CALL clientele.refresh('stored', 64);
SELECT count(*), sum(spend), count(due_at), min(due_at) FROM clientele_data.stored_stored_1;
SELECT indexdef FROM pg_indexes WHERE tablename = 'stored_stored_1' ORDER BY 1;
SELECT * FROM clientele.verify('stored');
SELECT count(*) AS changes FROM stored_segments.stored_change;

-- everyone is evaluated, long values and all: nobody is written
CREATE TABLE stored_shop.before AS SELECT id, xmin::text AS writer FROM clientele_data.stored_stored_1;
SET clientele.clock = '2026-03-10 13:00+00';
SELECT clientele.mark_all('stored');
SET client_min_messages = notice;
CALL clientele.refresh('stored');
SELECT count(*) AS written FROM stored_shop.before AS b JOIN clientele_data.stored_stored_1 AS s USING (id) WHERE s.xmin::text <> b.writer;

-- one value is different; only the last letter of a long one; only the horizon; a row too few, and too many
UPDATE clientele_data.stored_stored_1 SET spend = spend + 0.01 WHERE id = 1;
UPDATE clientele_data.stored_stored_1 SET long = left(long, -1) || 'x' WHERE id = 2;
UPDATE clientele_data.stored_stored_1 SET due_at = due_at - interval '1 hour' WHERE id = 3;
UPDATE clientele_data.stored_stored_1 SET due_at = NULL WHERE id = 4;
UPDATE clientele_data.stored_stored_1 SET long = NULL WHERE id = 5;
DELETE FROM clientele_data.stored_stored_1 WHERE id = 6;
INSERT INTO clientele_data.stored_stored_1 (id, evaluated_at, tags) VALUES (1001, now(), '{}');
SELECT clientele.mark_all('stored');
CALL clientele.refresh('stored');
SELECT * FROM clientele.verify('stored');
SELECT id, evaluated_at FROM clientele_data.stored_stored_1 WHERE evaluated_at <> '2026-03-10 12:00+00' ORDER BY id;
SELECT id, name, from_label, to_label, cause FROM stored_segments.stored_change ORDER BY position;

-- what is different between two rows: by name, labels and tags alike
TRUNCATE clientele_data.stored_change;
UPDATE clientele_data.stored_stored_1 SET b = 'old', f = NULL, tags = '{a,c,e}' WHERE id = 7;
UPDATE clientele_data.stored_stored_1 SET tags = '{b,x}' WHERE id = 8;
UPDATE stored_shop.customer SET wish_b = 'label', wish_d = 'g', wish_x = 'label' WHERE id IN (7, 8);
CALL clientele.refresh('stored');
SELECT key, names, from_labels, to_labels, effective_at, cause, model_version FROM clientele_data.stored_change ORDER BY position;
-- a row of the feed has places for 4096
UPDATE clientele_data.stored_stored_1 SET tags = (SELECT array_agg(to_char(i, 'FM0000') ORDER BY i) FROM generate_series(1, 4096) AS i) WHERE id = 9;
UPDATE stored_shop.customer SET wish_b = 'other' WHERE id IN (9, 10);
UPDATE clientele_data.stored_stored_1 SET tags = '{a}' WHERE id = 10;
CALL clientele.refresh('stored');
SELECT key, cardinality(names) FROM clientele_data.stored_change WHERE key IN (9, 10) ORDER BY position;
SELECT count(DISTINCT position), max(position) - min(position) AS last FROM stored_segments.stored_change WHERE id IN (9, 10);
UPDATE clientele_data.stored_stored_1 SET tags = (SELECT array_agg(to_char(i, 'FM0000') ORDER BY i) FROM generate_series(1, 4097) AS i) WHERE id = 9;
UPDATE stored_shop.customer SET wish_b = 'another' WHERE id = 9;
CALL clientele.refresh('stored');
UPDATE clientele_data.stored_stored_1 SET tags = '{}' WHERE id = 9;
CALL clientele.refresh('stored');

-- The next version: a label that becomes a tag is one change, and none where it reads the same;
-- who comes and goes while it is built; who is marked, or due, is compared as stored.
SELECT clientele.drop_definition('stored', n) FROM unnest(ARRAY['b', 'x', 'f', 'a']) AS n \g /dev/null
SELECT clientele.define_tag('stored', 'b', 'wish_b = ''label''') \g /dev/null
SELECT clientele.define_tag('stored', 'x', 'wish_x = ''label''') \g /dev/null
SELECT clientele.define_ladder('stored', 'a', '[{"label":"late","when":"days_since(latest(payment)) > 9"},{"label":"a"}]') \g /dev/null
UPDATE stored_shop.customer SET wish_d = 'a' WHERE id = 10;
CALL clientele.refresh('stored');
TRUNCATE clientele_data.stored_change;
SELECT clientele.publish('stored');
UPDATE stored_shop.customer SET wish_d = 'g' WHERE id = 11;
DELETE FROM stored_shop.customer WHERE id = 12;
INSERT INTO stored_shop.customer VALUES (0, 'label', 'e');
SET clientele.clock = '2026-03-12 12:00+00';
CALL clientele.refresh('stored', 300);
SELECT names, from_labels, to_labels, effective_at, cause, model_version, count(*), min(key), max(key)
FROM clientele_data.stored_change GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY min(position);
SELECT bool_and(key < before) AS in_order FROM (SELECT key, lag(key) OVER (ORDER BY position) AS before
    FROM clientele_data.stored_change WHERE cause = 'publish') AS c;
SELECT * FROM clientele.verify('stored');

-- whoever hangs something on these tables is told that it would not happen
CREATE FUNCTION stored_shop.told() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER told AFTER INSERT ON clientele_data.stored_change FOR EACH ROW EXECUTE FUNCTION stored_shop.told();
UPDATE stored_shop.customer SET wish_d = 'e' WHERE id = 11;
CALL clientele.refresh('stored');
DROP TRIGGER told ON clientele_data.stored_change;
CREATE RULE told AS ON INSERT TO clientele_data.stored_stored_2 DO ALSO NOTIFY told;
CALL clientele.refresh('stored');
DROP RULE told ON clientele_data.stored_stored_2;
-- and what is not as it was made is not misread
SELECT id, d FROM stored_segments.stored WHERE id = 20;
BEGIN;
ALTER TABLE clientele_data.stored_stored_2 ADD extra int;
SELECT id, d FROM stored_segments.stored WHERE id = 20;
ROLLBACK;
SELECT id, d FROM stored_segments.stored WHERE id = 20;
ALTER TABLE clientele_data.stored_stored_2 ADD extra int;
CALL clientele.refresh('stored');
ALTER TABLE clientele_data.stored_stored_2 DROP extra;
CALL clientele.refresh('stored');
-- until there is another version; what it changes is known all the same
UPDATE clientele_data.stored_stored_2 SET d = 'none' WHERE id = 20;
SELECT clientele.publish('stored');
CALL clientele.refresh('stored');

SET client_min_messages = warning;
SELECT clientele.drop_population('stored');
DROP SCHEMA stored_shop CASCADE;
