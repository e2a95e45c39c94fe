-- Capture: which change makes which marks.  Catalog rows are made by hand.
SET search_path = public, clientele;
\set VERBOSITY terse

-- A population with the given type of key, and its mark table.
CREATE FUNCTION pg_temp.make_population(population name, table_name regclass, key_type text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    id int;
BEGIN
    EXECUTE format('CREATE TABLE clientele_data.%I (key %s, link int2, link_key text)', population || '_mark', key_type);
    EXECUTE format('CREATE INDEX ON clientele_data.%I (key)', population || '_mark');
    INSERT INTO clientele.population (name, relation, key_column, time_zone, target_schema, owner)
    VALUES (population, table_name, 'customer_id', 'UTC', 'segments', current_user::regrole)
    RETURNING population_id INTO id;
    RETURN id;
END $$;
CREATE FUNCTION pg_temp.watch(population name, table_name regclass, role text, key_column name, columns name[] DEFAULT '{}', link int DEFAULT 0)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO clientele.watch
    SELECT table_name, p.population_id, watch.role, watch.link, watch.key_column, watch.columns
    FROM clientele.population AS p WHERE p.name = population;
    PERFORM clientele.install_capture(table_name);
END $$;
CREATE FUNCTION pg_temp.unwatch(table_name regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM clientele.watch WHERE relation = table_name;
    PERFORM clientele.remove_capture(table_name);
END $$;
-- The marks since the last look, which takes them.
CREATE FUNCTION pg_temp.marks(population name DEFAULT 'c') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found text;
BEGIN
    SELECT string_agg(coalesce(key, link || '=' || link_key, 'everyone'), ' ' ORDER BY key COLLATE "C", link, link_key COLLATE "C")
    INTO found FROM clientele.pending_marks(format('clientele_data.%I', population || '_mark')::regclass);
    EXECUTE format('DELETE FROM clientele_data.%I', population || '_mark');
    RETURN coalesce(found, 'none');
END $$;
CREATE VIEW pg_temp.trigger AS
SELECT tgrelid::regclass AS relation, tgname AS name, tgenabled AS fires, tgparentid <> 0 AS inherited
FROM pg_trigger WHERE tgfoid = 'clientele.capture'::regproc ORDER BY tgrelid::regclass::text COLLATE "C", tgname;

CREATE TABLE customer (customer_id int PRIMARY KEY, name text, city text, phone text);
CREATE TABLE payment (payment_id int PRIMARY KEY, note text, customer_id int REFERENCES customer ON UPDATE CASCADE ON DELETE CASCADE, net numeric, paid_at timestamptz);
SELECT pg_temp.make_population('c', 'customer', 'int') > 0 AS made;
SELECT pg_temp.watch('c', 'customer', 'population', 'customer_id', '{city}');
SELECT pg_temp.watch('c', 'payment', 'event', 'customer_id', '{net,paid_at}');
SELECT * FROM pg_temp.trigger;

-- ---------- rows ----------

INSERT INTO customer SELECT n, 'name ' || n, 'Shanghai' FROM generate_series(1, 9) AS n;
SELECT pg_temp.marks() AS "insert";
INSERT INTO payment SELECT n, repeat(md5(n::text), 100), 1 + n % 3, n, now() FROM generate_series(1, 9) AS n;
SELECT pg_temp.marks() AS "insert, each customer once";
INSERT INTO payment VALUES (10, NULL, NULL, 5, now());
SELECT pg_temp.marks() AS "insert without a customer";
UPDATE payment SET note = 'other' WHERE payment_id = 1;
SELECT pg_temp.marks() AS "update of an unwatched column";
UPDATE payment SET net = net;
SELECT pg_temp.marks() AS "update that changes nothing";
UPDATE payment SET net = net + 1 WHERE payment_id IN (1, 4);
SELECT pg_temp.marks() AS "update of a watched column";
UPDATE payment SET paid_at = NULL WHERE payment_id = 1;
SELECT pg_temp.marks() AS "update to null";
UPDATE payment SET paid_at = NULL, net = net WHERE payment_id = 1;
SELECT pg_temp.marks() AS "update of null to null";
UPDATE payment SET paid_at = now() WHERE payment_id = 1;
SELECT pg_temp.marks() AS "update of null";
UPDATE payment SET customer_id = 7 WHERE payment_id = 1;
SELECT pg_temp.marks() AS "update of the key: both";
UPDATE payment SET customer_id = NULL WHERE payment_id = 1;
SELECT pg_temp.marks() AS "update of the key to null";
UPDATE payment SET customer_id = 8 WHERE payment_id = 1;
SELECT pg_temp.marks() AS "update of the key from null";
DELETE FROM payment WHERE payment_id = 1;
SELECT pg_temp.marks() AS "delete";
-- A long value lies elsewhere and is only pointed to.
CREATE TABLE letter (letter_id int, customer_id int, body text);
ALTER TABLE letter ALTER body SET STORAGE EXTERNAL;
SELECT pg_temp.watch('c', 'letter', 'event', 'customer_id', '{body}');
INSERT INTO letter VALUES (1, 1, repeat('a', 10000)), (2, 2, NULL);
SELECT pg_temp.marks() AS "long value";
UPDATE letter SET letter_id = letter_id + 10;
SELECT pg_temp.marks() AS "long value that stays";
UPDATE letter SET body = repeat('b', 10000) WHERE letter_id = 11;
SELECT pg_temp.marks() AS "long value that changes";
UPDATE customer SET phone = '139' WHERE customer_id = 5;
SELECT pg_temp.marks() AS "population, unwatched column";
UPDATE customer SET city = 'Beijing' WHERE customer_id = 5;
SELECT pg_temp.marks() AS "population, watched column";
UPDATE customer SET customer_id = 22 WHERE customer_id = 2;
SELECT pg_temp.marks() AS "cascading update";
DELETE FROM customer WHERE customer_id = 22;
SELECT pg_temp.marks() AS "cascading delete";
COPY payment (payment_id, customer_id) FROM STDIN;
20	4
21	6
\.
SELECT pg_temp.marks() AS "copy";
INSERT INTO payment VALUES (20, NULL, 9, 1, now()), (23, NULL, 3, 1, now())
ON CONFLICT (payment_id) DO UPDATE SET net = excluded.net;
SELECT pg_temp.marks() AS "on conflict do update";
INSERT INTO payment VALUES (20, NULL, 9, 1, now()) ON CONFLICT DO NOTHING;
SELECT pg_temp.marks() AS "on conflict do nothing";
SELECT current_setting('server_version_num')::int >= 150000 AS has_merge \gset
\if :has_merge
MERGE INTO payment AS p USING (VALUES (20, 5), (21, 5), (24, 5)) AS v (id, customer) ON v.id = p.payment_id
WHEN MATCHED AND id = 20 THEN UPDATE SET customer_id = v.customer
WHEN MATCHED THEN DELETE
WHEN NOT MATCHED THEN INSERT (payment_id, customer_id) VALUES (v.id, v.customer);
\else
BEGIN;
UPDATE payment SET customer_id = 5 WHERE payment_id = 20;
DELETE FROM payment WHERE payment_id = 21;
INSERT INTO payment (payment_id, customer_id) VALUES (24, 5);
COMMIT;
\endif
SELECT pg_temp.marks() AS "merge";
TRUNCATE payment;
SELECT pg_temp.marks() AS "truncate";
TRUNCATE customer CASCADE;
SELECT pg_temp.marks() AS "truncate cascade, one mark";
SET session_replication_role = replica;
INSERT INTO payment VALUES (1, NULL, 3, 1, now());
SELECT pg_temp.marks() AS "session_replication_role = replica";
RESET session_replication_role;
CREATE FUNCTION pg_temp.pay(id int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO customer VALUES (id);
    BEGIN
        INSERT INTO payment VALUES (id, NULL, id, 1, now());
        PERFORM 1 / 0;
    EXCEPTION WHEN division_by_zero THEN
        NULL;
    END;
    UPDATE customer SET city = 'x' WHERE customer_id = id;
END $$;
SELECT pg_temp.pay(11);
SELECT pg_temp.marks() AS "in a function; what is rolled back is forgotten";

-- ---------- one transaction ----------

INSERT INTO customer VALUES (1), (2), (3);
SELECT pg_temp.marks() IS NOT NULL AS taken;
BEGIN;
UPDATE customer SET city = 'a' WHERE customer_id = 1;
SAVEPOINT s;
UPDATE customer SET city = 'b' WHERE customer_id IN (1, 2);
SELECT string_agg(key, ' ' ORDER BY key) AS "once each" FROM pending_marks('clientele_data.c_mark');
ROLLBACK TO s;
SELECT string_agg(key, ' ' ORDER BY key) AS "rolled back" FROM pending_marks('clientele_data.c_mark');
UPDATE customer SET city = 'b' WHERE customer_id = 2;
SAVEPOINT s;
UPDATE customer SET city = 'c' WHERE customer_id = 3;
RELEASE s;
UPDATE customer SET city = 'd' WHERE customer_id = 3;
COMMIT;
SELECT pg_temp.marks() AS "marked again after the savepoint; once after release";
BEGIN;
TRUNCATE payment;
TRUNCATE payment;
ROLLBACK;
SELECT pg_temp.marks() AS "rolled back";
BEGIN;
UPDATE customer SET city = 'e' WHERE customer_id = 1;
PREPARE TRANSACTION 'capture';
SELECT pg_temp.marks() AS "prepared";
UPDATE customer SET city = 'e' WHERE customer_id = 2;
SELECT pg_temp.marks() AS "after a prepared transaction";
COMMIT PREPARED 'capture';
SELECT pg_temp.marks() AS "commit prepared";
-- A transaction that marks more customers than it remembers marks some twice.
INSERT INTO customer (customer_id) SELECT n FROM generate_series(1000, 70000) AS n;
SELECT count(DISTINCT key), count(*) FROM pending_marks('clientele_data.c_mark');
BEGIN;
UPDATE customer SET city = 'f' WHERE customer_id >= 1000;
UPDATE customer SET city = 'g' WHERE customer_id >= 69000;
UPDATE customer SET city = 'g' WHERE customer_id < 1500 AND customer_id >= 1000;
COMMIT;
SELECT count(DISTINCT key), count(*) FROM pending_marks('clientele_data.c_mark') WHERE key::int >= 1000;
DELETE FROM clientele_data.c_mark;

-- ---------- reading ----------

INSERT INTO clientele_data.c_mark VALUES (5, NULL, NULL), (5, NULL, NULL), (NULL, 2, 'x');
SELECT is_marked('clientele_data.c_mark', '5') AS marked, is_marked('clientele_data.c_mark', '6') AS unmarked;
INSERT INTO clientele_data.c_mark VALUES (NULL, NULL, NULL);
SELECT is_marked('clientele_data.c_mark', '6') AS everyone;
SELECT pg_temp.marks();
SELECT is_marked('clientele_data.c_mark', '5') AS taken;
DROP INDEX clientele_data.c_mark_key_idx;
SELECT is_marked('clientele_data.c_mark', '5');
UPDATE customer SET city = 'x' WHERE customer_id = 1;
CREATE INDEX ON clientele_data.c_mark (key);
SELECT pg_temp.marks() AS "a missing index is not the clinic's problem";

-- ---------- partitions: other column numbers, partitions of partitions ----------

CREATE TABLE ord (ord_id int, customer_id int, net numeric, junk int, branch int) PARTITION BY LIST (branch);
CREATE TABLE ord_1 (branch int, dropped int, net numeric, ord_id int, junk int, customer_id int);
ALTER TABLE ord_1 DROP dropped;
ALTER TABLE ord ATTACH PARTITION ord_1 FOR VALUES IN (1);
ALTER TABLE ord DROP junk;
CREATE TABLE ord_23 PARTITION OF ord FOR VALUES IN (2, 3) PARTITION BY LIST (branch);
CREATE TABLE ord_2 PARTITION OF ord_23 FOR VALUES IN (2);
-- One partition is registered first, by itself; then the whole.
SELECT pg_temp.watch('c', 'ord_2', 'event', 'customer_id', '{net}');
INSERT INTO ord VALUES (1, 1, 1, 1), (2, 2, 2, 2);
SELECT pg_temp.marks() AS "a partition by itself";
SELECT pg_temp.watch('c', 'ord', 'event', 'customer_id', '{net}');
CREATE TABLE ord_3 PARTITION OF ord_23 FOR VALUES IN (3);
SELECT * FROM pg_temp.trigger WHERE relation::text LIKE 'ord%';
INSERT INTO ord VALUES (3, 3, 3, 1), (4, 4, 4, 2), (5, 5, 5, 3);
SELECT pg_temp.marks() AS "through the parent";
INSERT INTO ord_1 (customer_id, branch) VALUES (6, 1);
COPY ord_3 FROM STDIN;
7	7	7	3
\.
SELECT pg_temp.marks() AS "straight into partitions";
UPDATE ord SET ord_id = 30 WHERE ord_id = 3;
SELECT pg_temp.marks() AS "unwatched column";
UPDATE ord SET net = 0 WHERE ord_id = 30;
SELECT pg_temp.marks() AS "watched column";
BEGIN;
UPDATE clientele.watch SET columns = '{ord_id}' WHERE relation = 'ord'::regclass;
SELECT watch_changed('ord');
UPDATE ord SET ord_id = ord_id WHERE ord_id = 4;
UPDATE ord SET ord_id = 50 WHERE ord_id = 5;
SELECT key AS "what is watched of the whole has changed" FROM pending_marks('clientele_data.c_mark');
ROLLBACK;
UPDATE ord SET branch = 2, customer_id = 8 WHERE ord_id = 30;
SELECT pg_temp.marks() AS "a row that moves";
TRUNCATE ord_1;
SELECT pg_temp.marks() AS "truncate of a partition";
TRUNCATE ord;
SELECT pg_temp.marks() AS "truncate of all";
ALTER TABLE ord DETACH PARTITION ord_1;
INSERT INTO ord_1 (customer_id, branch) VALUES (6, 1);
SELECT pg_temp.marks() AS "detached";
ALTER TABLE ord ATTACH PARTITION ord_1 FOR VALUES IN (1);
INSERT INTO ord_1 (customer_id, branch) VALUES (6, 1);
SELECT pg_temp.marks() AS "attached";
-- Again the partition alone, then nothing.
SELECT pg_temp.unwatch('ord');
SELECT * FROM pg_temp.trigger WHERE relation::text LIKE 'ord%';
INSERT INTO ord VALUES (3, 3, 3, 1), (4, 4, 4, 2);
SELECT pg_temp.marks() AS "the partition only";
SELECT pg_temp.unwatch('ord_2');
SELECT * FROM pg_temp.trigger WHERE relation::text LIKE 'ord%';

-- A partition that is made by somebody with no right to anything of ours.
CREATE ROLE capture_owner;
GRANT CREATE ON SCHEMA public TO capture_owner;
SELECT pg_temp.watch('c', 'ord', 'event', 'customer_id', '{net}');
ALTER TABLE ord OWNER TO capture_owner;
SET ROLE capture_owner;
CREATE TABLE ord_4 PARTITION OF ord FOR VALUES IN (4);
INSERT INTO ord VALUES (9, 9, 9, 4);
RESET ROLE;
SELECT pg_temp.marks() AS "new partition, no rights";

-- A cashier has INSERT and nothing else.
CREATE ROLE capture_cashier;
GRANT INSERT ON payment TO capture_cashier;
SET ROLE capture_cashier;
INSERT INTO payment VALUES (100, NULL, 3, 1, now());
TABLE clientele_data.c_mark;
SELECT * FROM clientele.pending_marks('clientele_data.c_mark');
RESET ROLE;
SELECT pg_temp.marks() AS "cashier";

-- ---------- lines, headers, lookups ----------

CREATE TABLE bill (bill_id int PRIMARY KEY, customer_id int, at timestamptz);
CREATE TABLE line (line_id int, bill_id int, item uuid, code varchar(2100), amount numeric);
CREATE TABLE item (item_id uuid, category text, price numeric);
SELECT pg_temp.watch('c', 'bill', 'header', 'customer_id', '{at}');
SELECT pg_temp.watch('c', 'line', 'line', 'bill_id', '{amount}', 1);
SELECT pg_temp.watch('c', 'line', 'line', 'item', '{}', 2);
SELECT pg_temp.watch('c', 'line', 'line', 'code', '{}', 3);
SELECT pg_temp.watch('c', 'item', 'lookup', 'item_id', '{category}');
INSERT INTO bill VALUES (1, 3, now());
SELECT pg_temp.marks() AS "header";
INSERT INTO line VALUES (1, 1, '00000000-0000-0000-0000-00000000000a', 'a b', 5), (2, 1, NULL, NULL, 5), (3, NULL, NULL, NULL, 5);
SELECT pg_temp.marks() AS "line: every link, once";
UPDATE line SET amount = 6 WHERE line_id = 1;
SELECT pg_temp.marks() AS "line: its watched column, of one link";
UPDATE line SET bill_id = 2 WHERE line_id = 1;
SELECT pg_temp.marks() AS "line: link changed, both";
UPDATE line SET code = repeat('x', 2001) WHERE line_id = 2;
SELECT pg_temp.marks() AS "line: too long a value";
DELETE FROM line WHERE line_id = 1;
SELECT pg_temp.marks() AS "line: delete";
INSERT INTO item VALUES (gen_random_uuid(), 'skin', 10), (gen_random_uuid(), 'eye', 10);
SELECT pg_temp.marks() AS "lookup: insert, once";
UPDATE item SET price = 20;
SELECT pg_temp.marks() AS "lookup: unwatched column";
UPDATE item SET category = 'skin';
SELECT pg_temp.marks() AS "lookup: watched column";
UPDATE item SET item_id = gen_random_uuid();
SELECT pg_temp.marks() AS "lookup: its key";
TRUNCATE line;
SELECT pg_temp.marks() AS "line: truncate";

-- ---------- keys of every type; a column of another type of the family ----------

CREATE DOMAIN card AS varchar(30);
CREATE TABLE visit (i2 int2, i4 int4, i8 int8, u uuid, t text, v varchar(40), d card, n numeric);
DO $$
DECLARE
    pair text[];
BEGIN
    FOREACH pair SLICE 1 IN ARRAY ARRAY[['i2', 'int2'], ['i4', 'int2'], ['i2', 'int8'], ['i8', 'int4'], ['i4', 'int8'], ['u', 'uuid'],
        ['t', 'text'], ['v', 'text'], ['t', 'varchar(40)'], ['d', 'text'], ['n', 'int8'], ['t', 'int4'], ['gone', 'int4']] LOOP
        PERFORM pg_temp.make_population(pair[1] || ' to ' || pair[2], 'customer', pair[2]);
        PERFORM pg_temp.watch(pair[1] || ' to ' || pair[2], 'visit', 'event', pair[1]);
    END LOOP;
END $$;
INSERT INTO visit VALUES (1, 40000, -5000000000, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '皮肤', '皮肤', 'D1', 1);
INSERT INTO visit VALUES (-1, 7, 8, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12', '', 'ab', 'D 2', 2), (-1, 7, 8, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12', '', 'ab', 'D 2', 2);
SELECT name, pg_temp.marks(name) FROM clientele.population WHERE relation = 'customer'::regclass AND name LIKE '% to %' ORDER BY name COLLATE "C";
INSERT INTO visit (t) VALUES (repeat('k', 1999)), (repeat('k', 2000));
SELECT length(pg_temp.marks('t to text')) AS "two long keys";
INSERT INTO visit (t) VALUES (repeat('k', 2001));
SELECT pg_temp.marks('t to text') AS "too long a key";
SELECT pg_temp.unwatch('visit');

-- ---------- what is broken stays the definition's affair ----------

ALTER TABLE payment RENAME net TO amount;
UPDATE payment SET note = 'x';
SELECT pg_temp.marks() AS "a watched column is not there: every update counts";
ALTER TABLE payment RENAME amount TO net;
UPDATE payment SET note = 'y';
SELECT pg_temp.marks() AS "it is back";
ALTER TABLE payment RENAME customer_id TO client_id;
INSERT INTO payment VALUES (101, NULL, 3, 1, now()), (102, NULL, 2, 1, now());
SELECT pg_temp.marks() AS "the key is not there: everyone";
ALTER TABLE payment RENAME client_id TO customer_id;
ALTER TABLE clientele_data.c_mark RENAME TO elsewhere;
SELECT watch_changed('payment');
INSERT INTO payment VALUES (103, NULL, 3, 1, now());
SELECT count(*) AS "no mark table" FROM clientele_data.elsewhere;
ALTER TABLE clientele_data.elsewhere RENAME TO c_mark;
SELECT watch_changed('payment');
INSERT INTO payment VALUES (104, NULL, 3, 1, now());
SELECT pg_temp.marks() AS "it is back";
-- Whatever an owner has made of the mark table: no mark, no error, no crash.
CREATE FUNCTION pg_temp.with_mark_table(change text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text := 'read';
BEGIN
    BEGIN
        INSERT INTO payment VALUES (999, NULL, 2, 1, now());
        EXECUTE 'DELETE FROM clientele_data.c_mark';
        EXECUTE change;
        INSERT INTO payment VALUES (1000, NULL, 3, 1, now());
        TRUNCATE payment;
        IF to_regclass('clientele_data.c_mark_kept') IS NULL THEN
            EXECUTE 'SELECT count(*) FROM clientele_data.c_mark' INTO message;
        END IF;
        PERFORM is_marked('clientele_data.c_mark', '3');
        RAISE division_by_zero;
    EXCEPTION
        WHEN division_by_zero THEN NULL;
        WHEN OTHERS THEN message := message || ' marks, ' || SQLERRM;
    END;
    RETURN message;
END $$;
SELECT change, pg_temp.with_mark_table(replace(change, 'MARK', 'clientele_data.c_mark')) FROM (VALUES
    ('ANALYZE MARK'), ('ALTER TABLE MARK ADD more int'), ('ALTER TABLE MARK DROP link_key'), ('ALTER TABLE MARK DROP link, ADD link smallint'),
    ('ALTER TABLE MARK ALTER key TYPE text'), ('ALTER TABLE MARK ALTER link TYPE int'), ('ALTER TABLE MARK ALTER key TYPE numeric'),
    ('CREATE INDEX ON MARK (upper(link_key))'), ('CREATE INDEX ON MARK (key) WHERE link > 0'), ('CREATE UNIQUE INDEX ON MARK (key)'), ('CREATE INDEX ON MARK (link, key)'),
    ('ALTER TABLE MARK RENAME TO c_mark_kept; CREATE VIEW MARK AS SELECT 1 AS key, 1::int2 AS link, ''''::text AS link_key; SELECT clientele.watch_changed(''payment'')')) AS v (change);
SELECT pending_marks('payment');
INSERT INTO payment VALUES (105, NULL, 3, 1, now());
SELECT pg_temp.marks() AS "as it was";
TRUNCATE payment;
DELETE FROM clientele_data.c_mark;
UPDATE clientele.population SET capture_paused = true WHERE name = 'c';
SELECT watch_changed('payment');
INSERT INTO payment VALUES (105, NULL, 3, 1, now());
TRUNCATE payment;
SELECT pg_temp.marks() AS "paused";
UPDATE clientele.population SET capture_paused = false WHERE name = 'c';
SELECT watch_changed('payment');
INSERT INTO payment VALUES (105, NULL, 3, 1, now());
SELECT pg_temp.marks() AS "resumed";
-- The definition is rolled back, and so is what the session knows of it.
BEGIN;
SAVEPOINT s;
UPDATE clientele.watch SET columns = '{note}' WHERE relation = 'payment'::regclass;
SELECT watch_changed('payment');
UPDATE payment SET note = 'z';
SELECT count(*) AS marked FROM pending_marks('clientele_data.c_mark');
ROLLBACK TO s;
UPDATE payment SET note = 'zz';
SELECT count(*) AS unmarked FROM pending_marks('clientele_data.c_mark');
COMMIT;
SELECT watch_changed(0);

-- ---------- putting on and taking off ----------

ALTER TABLE payment DISABLE TRIGGER clientele_capture;
ALTER TABLE payment ENABLE TRIGGER clientele_capture_truncate;
SELECT install_capture('payment');
SELECT * FROM pg_temp.trigger WHERE relation = 'payment'::regclass;
SELECT remove_capture('payment');
SELECT count(*) AS "still watched" FROM pg_temp.trigger WHERE relation = 'payment'::regclass;
-- What is there already makes nobody wait.
BEGIN;
SELECT install_capture('payment');
SELECT mode FROM pg_locks WHERE relation = 'payment'::regclass AND pid = pg_backend_pid();
COMMIT;
GRANT EXECUTE ON FUNCTION install_capture, remove_capture TO capture_cashier;
SET ROLE capture_cashier;
SELECT clientele.install_capture('payment');
SELECT clientele.remove_capture('payment');
RESET ROLE;
GRANT EXECUTE ON FUNCTION install_capture TO capture_owner;
SET ROLE capture_owner;
CREATE TABLE owned (customer_id int);
SELECT clientele.install_capture('owned');
SELECT * FROM clientele.pending_marks('owned');
DROP TABLE owned;
RESET ROLE;
SELECT install_capture(0);
SELECT remove_capture(0);
CREATE VIEW seen AS SELECT 1 AS a;
CREATE TEMPORARY TABLE passing (a int);
CREATE UNLOGGED TABLE light (a int);
CREATE TABLE parent (a int);
CREATE TABLE child () INHERITS (parent);
CREATE TABLE ruled (a int);
CREATE RULE r AS ON INSERT TO ruled DO ALSO NOTIFY x;
CREATE FOREIGN DATA WRAPPER capture_wrapper;
CREATE SERVER capture_server FOREIGN DATA WRAPPER capture_wrapper;
CREATE FOREIGN TABLE far (a int) SERVER capture_server;
CREATE TABLE mixed (a int) PARTITION BY LIST (a);
CREATE FOREIGN TABLE mixed_1 PARTITION OF mixed FOR VALUES IN (1) SERVER capture_server;
\set VERBOSITY default
SELECT install_capture('seen');
SELECT install_capture('passing');
SELECT install_capture('light');
SELECT install_capture('parent');
SELECT install_capture('child');
SELECT install_capture('ruled');
SELECT install_capture('far');
SELECT install_capture('mixed');
SELECT install_capture('pg_class');
SELECT install_capture('clientele.watch');
\set VERBOSITY terse

CREATE TRIGGER wrong BEFORE INSERT ON light FOR EACH ROW EXECUTE FUNCTION clientele.capture();
INSERT INTO light VALUES (1);

-- A table that nobody inherits from any more.
DROP TABLE child;
SELECT install_capture('parent');

-- ---------- nothing is left ----------

DROP VIEW seen;
DROP TABLE light, parent, ruled, mixed;
DROP FOREIGN DATA WRAPPER capture_wrapper CASCADE;
CREATE TEMPORARY TABLE captured AS SELECT DISTINCT relation FROM clientele.watch;
DELETE FROM clientele.population;
SELECT remove_capture(relation) FROM captured ORDER BY relation::text COLLATE "C";
TABLE pg_temp.trigger;
INSERT INTO payment VALUES (200, NULL, 3, 1, now());
SELECT pg_temp.marks() AS "no longer captured";
DROP TABLE letter, payment, customer, ord, line, bill, item, visit;
DROP DOMAIN card;
REVOKE CREATE ON SCHEMA public FROM capture_owner;
DROP OWNED BY capture_cashier, capture_owner;
DROP ROLE capture_owner, capture_cashier;
DO $$
DECLARE
    relation regclass;
BEGIN
    FOR relation IN SELECT oid FROM pg_class WHERE relnamespace = 'clientele_data'::regnamespace AND relkind = 'r' LOOP
        EXECUTE 'DROP TABLE ' || relation;
    END LOOP;
END $$;
