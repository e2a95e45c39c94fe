-- One customer is read past the executor, by the index alone where it has all columns; what
-- is evaluated is what a read of everyone says, whatever the index and its pages are.
SET client_min_messages = warning;
CREATE SCHEMA one_customer;
SET search_path = one_customer;
SET clientele.clock = '2026-06-30 12:00+08';
CREATE TABLE customer (id bigint PRIMARY KEY, born date, note text);
CREATE TABLE payment (unused int, customer_id int, paid_at timestamptz, net numeric(12,2), kind text, remark text) WITH (autovacuum_enabled = off);
CREATE TABLE visit (customer_id bigint, day date, minutes int) WITH (autovacuum_enabled = off);
CREATE TABLE visit_before (customer_id bigint, day date, minutes int) WITH (autovacuum_enabled = off);
INSERT INTO customer SELECT g, date '1990-01-01' + g::int, CASE WHEN g % 3 > 0 THEN repeat('note ' || g, 1000 * (g % 3)::int) END FROM generate_series(1, 20) AS g;
INSERT INTO payment (customer_id, paid_at, net, kind)
SELECT 1 + g % 23, timestamptz '2026-06-30 11:00+08' - g * interval '5 hours', g * 1.25, CASE WHEN g % 5 > 0 THEN 'kind ' || g % 7 END FROM generate_series(0, 999) AS g;
INSERT INTO payment (customer_id, paid_at, net, kind) VALUES (1, NULL, 10, 'x'), (NULL, '2026-06-01', 10, 'x'), (2, 'infinity', 1, 'x'), (3, '2026-07-10', 5, 'later');
INSERT INTO visit SELECT 1 + g % 19, date '2026-06-30' - g % 90, g FROM generate_series(0, 299) AS g;
INSERT INTO visit_before SELECT 1 + g % 17, date '2026-06-30' - g % 95, g FROM generate_series(0, 299) AS g;
ALTER TABLE payment DROP COLUMN unused, ADD COLUMN till int NOT NULL DEFAULT 7;

SELECT clientele.create_population('one', 'customer', 'id', 'Asia/Shanghai', 'one_customer');
SELECT clientele.add_source('one', 'payment', 'payment', 'customer_id', 'paid_at', amount => 'net');
SELECT clientele.add_source('one', 'recent', 'payment', 'customer_id', 'paid_at');
SELECT clientele.add_source('one', 'visit', 'visit', 'customer_id', 'day');
SELECT clientele.add_source('one', 'visit', 'visit_before', 'customer_id', 'day');
SELECT clientele.define_metric('one', 'paid', 'sum(payment.net)', 2);
SELECT clientele.define_metric('one', 'paid_30', 'sum(payment.net last 30 days)', 2);
SELECT clientele.define_metric('one', 'latest_kind', 'last(payment.kind)');
SELECT clientele.define_metric('one', 'of_kind', 'count(payment where kind = ''kind 3'')');
SELECT clientele.define_metric('one', 'tills', 'sum(recent.till last 20 days)', 0);
SELECT clientele.define_metric('one', 'biggest', 'max(recent.net last 40 days)', 2);
SELECT clientele.define_metric('one', 'minutes', 'sum(visit.minutes last 60 days)', 0);
SELECT clientele.define_metric('one', 'age', 'age(born)');
SELECT clientele.define_tag('one', 'noted', 'note is not null');
SELECT clientele.publish('one');
CALL clientele.refresh('one');

-- Customers whose row, asked for by itself, is not as it is among all; and how many there are.
CREATE FUNCTION differing(OUT customers bigint, OUT differing bigint, OUT md5 text) LANGUAGE plpgsql AS $$
DECLARE
    everyone jsonb;
    alone jsonb := '{}';
    row jsonb;
BEGIN
    SELECT jsonb_object_agg(a.id, to_jsonb(a)) INTO everyone FROM clientele_data.one_all_1 AS a WHERE a.as_of = '2026-06-30 12:00+08';
    FOR key IN 0 .. 21 LOOP
        EXECUTE 'SELECT to_jsonb(a) FROM clientele_data.one_all_1 AS a WHERE a.as_of = ''2026-06-30 12:00+08'' AND a.id = $1' INTO row USING key;
        alone := alone || CASE WHEN row IS NULL THEN '{}' ELSE jsonb_build_object(key, row) END;
    END LOOP;
    SELECT count(*), count(*) FILTER (WHERE e.value IS DISTINCT FROM alone -> e.key) INTO customers, differing FROM jsonb_each(everyone) AS e;
    md5 := left(pg_catalog.md5(alone::text), 8);
END
$$;

-- Every kind of index; none changes what is said.
CREATE TABLE index_kind (number int, definition text);
INSERT INTO index_kind VALUES
    (1, NULL),
    (2, 'INDEX ON payment (customer_id)'),
    (3, 'INDEX ON payment (customer_id, paid_at)'),
    (4, 'INDEX ON payment (customer_id, paid_at DESC)'),
    (5, 'INDEX ON payment (customer_id DESC, paid_at NULLS FIRST) INCLUDE (net, kind, till)'),
    (6, 'INDEX ON payment (customer_id, paid_at DESC NULLS LAST, kind) INCLUDE (net, till)'),
    (7, 'INDEX ON payment (customer_id, net, paid_at) INCLUDE (kind, till)'),
    (8, 'INDEX ON payment (customer_id, paid_at) INCLUDE (net, kind, till) WHERE net > 100'),
    (9, 'INDEX ON payment USING hash (customer_id)'),
    (10, 'INDEX ON payment ((customer_id + 0), paid_at)');
CREATE FUNCTION with_each_index() RETURNS TABLE (number int, customers bigint, differing bigint, md5 text) LANGUAGE plpgsql AS $$
DECLARE
    definition text;
BEGIN
    FOR number, definition IN SELECT k.number, k.definition FROM index_kind AS k ORDER BY k.number LOOP
        IF definition IS NOT NULL THEN
            EXECUTE replace(definition, 'INDEX', 'CREATE INDEX tried');
        END IF;
        SELECT d.* INTO customers, differing, md5 FROM differing() AS d;
        RETURN NEXT;
        DROP INDEX IF EXISTS tried;
    END LOOP;
END
$$;
SELECT * FROM with_each_index();

-- Pages that everybody sees all of, and rows that have changed since.
CREATE INDEX ON payment (customer_id, paid_at) INCLUDE (net, kind, till);
CREATE INDEX ON visit (customer_id, day) INCLUDE (minutes);
CREATE INDEX ON visit_before (customer_id, day) INCLUDE (minutes);
VACUUM (FREEZE) payment, visit, visit_before, customer;
SELECT * FROM differing();
UPDATE payment SET remark = 'same to the index' WHERE customer_id = 4;
UPDATE payment SET net = net + 1 WHERE customer_id = 5;
DELETE FROM payment WHERE customer_id = 6 AND net > 300;
BEGIN;
DELETE FROM payment WHERE customer_id = 7;
INSERT INTO payment (customer_id, paid_at, net) VALUES (8, '2026-06-29 10:00+08', 1000000);
SAVEPOINT here;
UPDATE visit SET minutes = 1 WHERE customer_id = 9;
UPDATE payment SET paid_at = paid_at - interval '1 year', till = 3 WHERE customer_id = 10;
SELECT * FROM differing();
ROLLBACK TO here;
SELECT * FROM differing();
ROLLBACK;
SELECT * FROM differing();

-- Customers of whose rows many are dead, one after the other: what a scan of an index has
-- allocated stays until its end, and the clinic's index is left as it is.
INSERT INTO customer SELECT n, '1990-01-01', NULL FROM generate_series(1001, 1040) AS n;
INSERT INTO payment (customer_id, paid_at, net) SELECT 1001 + n % 40, '2026-06-29 10:00+08', n FROM generate_series(1, 4000) AS n;
UPDATE payment SET paid_at = paid_at - interval '1 day' WHERE customer_id > 1000;
UPDATE payment SET paid_at = paid_at - interval '1 day' WHERE customer_id > 1000;
DELETE FROM payment WHERE customer_id > 1000 AND net % 3 = 0;
DELETE FROM customer WHERE id > 1000;
INSERT INTO customer SELECT n, '1990-01-01', NULL FROM generate_series(1001, 1040) AS n;
DO $$
BEGIN
    FOR key IN 1001 .. 1040 LOOP
        EXECUTE 'SELECT FROM clientele_data.one_all_1 AS a WHERE a.as_of = ''2026-06-30 12:00+08'' AND a.id = $1' USING key;
    END LOOP;
END $$;
SELECT count(a) FROM generate_series(1001, 1040) AS n
CROSS JOIN LATERAL (SELECT * FROM clientele_data.one_all_1 AS a WHERE a.as_of = '2026-06-30 12:00+08' AND a.id = n) AS a;
INSERT INTO customer VALUES (1001);
SELECT count(*), count(DISTINCT id) FROM customer WHERE id > 1000;
DELETE FROM payment WHERE customer_id > 1000;
DELETE FROM customer WHERE id > 1000;

-- In a serializable transaction, also where there is no index.
BEGIN ISOLATION LEVEL SERIALIZABLE;
DELETE FROM customer WHERE id = 11;
DROP INDEX payment_customer_id_paid_at_net_kind_till_idx;
SELECT * FROM differing();
ROLLBACK;

-- A population that comes, goes and comes again is another one each time.
BEGIN;
SELECT clientele.create_population('again', 'customer', 'id', 'UTC', 'one_customer');
SELECT clientele.define_tag('again', 'young', 'age(born) < 40');
SELECT clientele.publish('again');
SELECT tags FROM clientele_data.again_all_1 WHERE as_of = '2026-06-30 12:00+08' AND id = 3;
ROLLBACK;
SELECT clientele.profile('again', 3);
SELECT clientele.create_population('again', 'customer', 'id', 'UTC', 'one_customer');
SELECT clientele.define_tag('again', 'old', 'age(born) > 30');
SELECT clientele.publish('again');
CALL clientele.refresh('again');
SELECT clientele.profile('again', 3) -> 'tags' AS tags;
SELECT clientele.drop_population('again');
SELECT clientele.profile('again', 3);

SELECT clientele.drop_population('one');
DROP SCHEMA one_customer CASCADE;
