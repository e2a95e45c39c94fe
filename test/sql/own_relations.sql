-- A session that knows our tables and indexes by name learns that they are others.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE SCHEMA shop;
CREATE TABLE shop.guest (id int PRIMARY KEY);
CREATE TABLE shop.visit (guest int NOT NULL, at timestamptz NOT NULL);
INSERT INTO shop.guest VALUES (1);
SET clientele.clock = '2026-07-01 09:00+08';
CREATE PROCEDURE shop.set_up() LANGUAGE plpgsql AS $$
BEGIN
    PERFORM clientele.create_population('guest', 'shop.guest', 'id', 'Asia/Shanghai', target_schema => 'shop_segments');
    PERFORM clientele.publish('guest');
    CALL clientele.refresh('guest');
    PERFORM clientele.define_promotion('guest', 'gift', '{"term": {"from": "2026-07-01", "to": "2026-07-31"}, "branches": "all",
        "benefit": {"kind": "amount off", "amount": 10}, "stock": {"total": 5, "per_customer": 3}, "after_refund": "none"}');
    PERFORM clientele.publish_promotion('guest', 'gift');
END $$;
CREATE FUNCTION shop.claim(request text, OUT claimed boolean, OUT claims bigint, OUT remaining int) LANGUAGE plpgsql AS $$
BEGIN
    claimed := clientele.claim('guest', 1, 'gift', request, '{"bill_id": "A", "amount": 100}') > 0;
    claims := (SELECT count(*) FROM clientele.claim);
    remaining := (SELECT o.remaining FROM clientele.offers('guest', 1, NULL) AS o);
END $$;
CALL shop.set_up();
SELECT * FROM shop.claim('1');

-- indexes that a DBA has made anew are others of the same name
REINDEX TABLE CONCURRENTLY clientele.claim;
REINDEX TABLE CONCURRENTLY clientele.stock;
SELECT * FROM shop.claim('2');

-- what an older version did not have
BEGIN;
ALTER INDEX clientele.claim_of_customer RENAME TO claim_of_old;
\set VERBOSITY default
SELECT clientele.claim('guest', 1, 'gift', 'older');
ROLLBACK;
\set VERBOSITY terse

-- a function behind a door that is not there any more, and is again
SELECT * FROM shop.claim('2');
BEGIN;
ALTER FUNCTION clientele.claim_for(regrole, text, text, text, text, jsonb, boolean, bigint) RENAME TO claim_of_old;
SELECT clientele.claim('guest', 1, 'gift', '2', '{"bill_id": "A", "amount": 100}');
ROLLBACK;
SELECT * FROM shop.claim('2');

-- the extension dropped and made again, for a while
BEGIN;
DROP EXTENSION clientele CASCADE;
CREATE EXTENSION clientele;
DROP SCHEMA IF EXISTS shop_segments CASCADE;
SELECT clientele.create_population('guest', 'shop.guest', 'id', 'Asia/Shanghai', target_schema => 'shop_segments');
SELECT clientele.add_source('guest', 'visit', 'shop.visit', 'guest', 'at');
ROLLBACK;
SELECT * FROM shop.claim('3');

-- for good
DROP EXTENSION clientele CASCADE;
DROP SCHEMA IF EXISTS shop_segments CASCADE;
CREATE EXTENSION clientele;
CALL shop.set_up();
SELECT * FROM shop.claim('1');

SELECT clientele.drop_population('guest', with_balances => true);
DROP SCHEMA shop CASCADE;
