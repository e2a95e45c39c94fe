-- What a clinic's DDL does to a population: its writes go on, status names what is broken
-- and the way back, and what is read is right or refused.
\set SHOW_CONTEXT never
\set VERBOSITY terse
SET client_min_messages = error;
SET jit = off;
SET TimeZone = 'UTC';
SET clientele.clock = '2026-03-10 12:00+00';
CREATE SCHEMA shop;
SET search_path = shop;
CREATE TYPE level AS ENUM ('gold', 'silver');
CREATE TABLE customer (id int PRIMARY KEY, level level);
CREATE TABLE product (product_id int PRIMARY KEY, category text);
CREATE TABLE payment (id int, paid_at timestamptz, net numeric(12,2), product_id int REFERENCES product, branch int) PARTITION BY LIST (branch);
CREATE TABLE payment_1 PARTITION OF payment FOR VALUES IN (1);
CREATE TABLE payment_2 PARTITION OF payment FOR VALUES IN (2) PARTITION BY LIST (branch);
CREATE TABLE payment_2a PARTITION OF payment_2 FOR VALUES IN (2);
CREATE TABLE refund (id int, paid_at timestamptz, net numeric(12,2));
CREATE TABLE spare (id int, paid_at timestamptz, net numeric(12,2), product_id int, branch int);
CREATE TABLE other_customer (id int PRIMARY KEY, level level);
CREATE TABLE other_product (product_id int PRIMARY KEY, category text);
INSERT INTO customer SELECT g, CASE WHEN g = 1 THEN 'gold' ELSE 'silver' END::level FROM generate_series(1, 5) AS g;
INSERT INTO other_customer SELECT g, 'gold' FROM generate_series(1, 5) AS g;
INSERT INTO product VALUES (1, 'skin'), (2, 'eye');
INSERT INTO other_product VALUES (1, 'eye'), (2, 'skin');
INSERT INTO payment SELECT g, '2026-03-01', g * 10, 1 + g % 2, 1 + g % 2 FROM generate_series(1, 4) AS g;
INSERT INTO refund VALUES (1, '2026-03-02', 3), (5, '2026-03-02', 4);
INSERT INTO spare VALUES (1, '2026-03-02', 7, 1, 3), (2, '2026-03-02', 7, 1, 3);
SELECT clientele.create_population('shop', 'shop.customer', 'id', 'UTC', 'shop_segments');
SELECT clientele.add_source('shop', 'payment', 'shop.payment', 'id', 'paid_at');
SELECT clientele.add_source('shop', 'refund', 'shop.refund', 'id', 'paid_at');
SELECT clientele.define_metric('shop', 'paid', 'sum(payment.net)', 2);
SELECT clientele.define_metric('shop', 'skin', $$sum(payment.net where product_id.category = 'skin')$$, 2);
SELECT clientele.define_metric('shop', 'back', 'sum(refund.net)', 2);
SELECT clientele.define_tag('shop', 'vip', $$level = 'gold'$$);
SELECT clientele.publish('shop');
CALL clientele.refresh('shop');

-- The view against plain SQL, in which a name may be replaced by what it is now.
CREATE TABLE plain AS SELECT $$SELECT c.id, round(coalesce((SELECT sum(p.net) FROM payment AS p WHERE p.id = c.id), 0), 2) AS paid,
       round(coalesce((SELECT sum(p.net) FROM payment AS p JOIN product USING (product_id) WHERE p.id = c.id AND category = 'skin'), 0), 2) AS skin,
       round(coalesce((SELECT sum(r.net) FROM refund AS r WHERE r.id = c.id), 0), 2) AS back, CASE WHEN c.level::text = 'gold' THEN 'vip' ELSE '' END AS tags
FROM customer AS c$$ AS sql;
SELECT 'CREATE TABLE before AS ' || sql FROM plain \gexec
CREATE FUNCTION look(replaced text DEFAULT '', by text DEFAULT '') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    views text := coalesce(to_regclass('shop_segments.shop')::text, 'moved.shop');
    truth text;
    differs boolean;
BEGIN
    SELECT CASE replaced WHEN 'all' THEN 'TABLE before' ELSE replace(sql, replaced, by) END INTO truth FROM plain;
    EXECUTE format('WITH expected AS (%s), seen AS (SELECT id, paid, skin, back, tags FROM %s)
                    SELECT EXISTS ((TABLE expected EXCEPT ALL TABLE seen) UNION ALL (TABLE seen EXCEPT ALL TABLE expected))',
                   truth, views) INTO differs;
    RETURN CASE WHEN differs THEN 'WRONG' ELSE 'right' END;
EXCEPTION WHEN OTHERS THEN
    RETURN 'refused: ' || SQLERRM;
END $$;
CREATE FUNCTION refreshed() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    CALL clientele.refresh('shop');
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    RETURN 'refused: ' || SQLERRM;
END $$;
-- What is said to be wrong, and what to run.
CREATE FUNCTION faults(OUT fault text, OUT hint text) RETURNS SETOF record LANGUAGE sql AS $$
    SELECT item || ': ' || value, hint FROM clientele.status('shop')
    WHERE item NOT IN ('live version', 'marks', 'customers stored', 'rows due', 'refresh', 'index wanted')
      AND NOT (item = 'capture' AND value = 'on') $$;

-- One case: commands, then a write by the clinic, then what is seen; a refresh, and what is seen
-- then; then the hints are pasted, as far as they are whole.  All of it is rolled back.
CREATE FUNCTION outcome(commands text, write text, replaced text DEFAULT '', by text DEFAULT '',
                        OUT written text, OUT read text, OUT refresh text, OUT read_later text, OUT status text, OUT mended text)
LANGUAGE plpgsql AS $$
DECLARE
    one record;
BEGIN
    EXECUTE commands;
    BEGIN
        EXECUTE write;
        written := 'yes';
    EXCEPTION WHEN OTHERS THEN
        written := SQLERRM;
    END;
    read := look(replaced, by);
    SELECT regexp_replace(string_agg(f.fault || coalesce(' -> ' || f.hint, ''), E'\n'), '''\d{5,}''', '''OID''', 'g')
    INTO status FROM faults() AS f;
    refresh := refreshed();
    read_later := look(replaced, by);
    BEGIN
        FOR one IN SELECT DISTINCT ON (f.hint) f.hint FROM faults() AS f WHERE f.hint ~ '^(SELECT|ALTER) ' AND f.hint NOT LIKE '%...%' LOOP
            EXECUTE one.hint;
            mended := 'yes';
        END LOOP;
        -- and names are what they were
        mended := format('%s: %s, %s, %s', mended, refreshed(), CASE WHEN mended = 'yes' THEN look() ELSE look(replaced, by) END,
                         (SELECT count(*) FROM clientele.verify('shop')));
    EXCEPTION WHEN OTHERS THEN
        mended := SQLERRM;
    END;
    RAISE division_by_zero;
EXCEPTION WHEN division_by_zero THEN
    RETURN;
END $$;
\x
\pset format unaligned

-- ---------- parts ----------

\set pay 'INSERT INTO payment VALUES (5, ''2026-03-05'', 1, 1, 1), (4, ''2026-03-05'', 1, 1, 2)'
SELECT * FROM outcome('', :'pay');
SELECT * FROM outcome('ALTER TABLE payment ATTACH PARTITION spare FOR VALUES IN (3)', :'pay');
SELECT * FROM outcome('ALTER TABLE payment ATTACH PARTITION spare FOR VALUES IN (3)', 'TRUNCATE spare');
SELECT * FROM outcome('ALTER TABLE payment DETACH PARTITION payment_1', 'INSERT INTO payment_1 VALUES (5, ''2026-03-05'', 1, 1, 1)');
SELECT * FROM outcome('ALTER TABLE payment DETACH PARTITION payment_2', 'TRUNCATE payment_2');
SELECT * FROM outcome('ALTER TABLE payment_2 DETACH PARTITION payment_2a', 'SELECT');
SELECT * FROM outcome('DROP TABLE payment_1', 'SELECT');
SELECT * FROM outcome('DROP TABLE payment_2', 'SELECT');
SELECT * FROM outcome('DROP TABLE payment_2a', 'SELECT');
-- new and empty: nobody is looked at again
SELECT * FROM outcome('CREATE TABLE payment_4 PARTITION OF payment FOR VALUES IN (4)', 'SELECT');
SELECT * FROM outcome('CREATE TABLE payment_4 PARTITION OF payment FOR VALUES IN (4); INSERT INTO payment VALUES (3, ''2026-03-05'', 1, 1, 4); SELECT refreshed()',
                      'TRUNCATE payment_4');
SELECT * FROM outcome('CREATE SCHEMA more CREATE TABLE payment_4 PARTITION OF shop.payment FOR VALUES IN (4)
                       PARTITION BY LIST (id); CREATE TABLE more.payment_4a PARTITION OF more.payment_4 DEFAULT;
                       INSERT INTO payment VALUES (3, ''2026-03-05'', 1, 1, 4); SELECT refreshed()', 'TRUNCATE more.payment_4a');
BEGIN;
CREATE TABLE payment_4 PARTITION OF payment FOR VALUES IN (4);
SELECT value AS "marks after an empty partition" FROM clientele.status('shop') WHERE item = 'marks';
ROLLBACK;
-- a table that is watched by itself, too
SELECT * FROM outcome('SELECT clientele.add_source(''shop'', ''more'', ''shop.spare'', ''id'', ''paid_at''); SELECT refreshed();
                       ALTER TABLE payment ATTACH PARTITION spare FOR VALUES IN (3)', 'INSERT INTO payment VALUES (5, ''2026-03-05'', 1, 1, 3)');
SELECT * FROM outcome('SELECT clientele.add_source(''shop'', ''refund'', ''shop.payment_2a'', ''id'', ''paid_at''); SELECT refreshed();
                       ALTER TABLE payment_2 DETACH PARTITION payment_2a', 'INSERT INTO payment_2a VALUES (5, ''2026-03-05'', 1, 1, 2)',
                      'FROM refund', 'FROM (SELECT id, net FROM refund UNION ALL SELECT id, net FROM payment_2a)');
SELECT * FROM outcome('CREATE TABLE child () INHERITS (refund)', 'INSERT INTO child VALUES (3, ''2026-03-05'', 8)');
SELECT * FROM outcome('CREATE TABLE child (LIKE refund); ALTER TABLE child INHERIT refund', 'INSERT INTO child VALUES (3, ''2026-03-05'', 8)');
SELECT * FROM outcome('CREATE TABLE child () INHERITS (refund); INSERT INTO child VALUES (3, ''2026-03-05'', 8); SELECT refreshed();
                       ALTER TABLE child NO INHERIT refund', 'INSERT INTO child VALUES (3, ''2026-03-05'', 8)');
SELECT * FROM outcome('CREATE TABLE child () INHERITS (refund); INSERT INTO child VALUES (3, ''2026-03-05'', 8); DROP TABLE child', 'SELECT');
SELECT * FROM outcome('ALTER TABLE payment DROP CONSTRAINT payment_product_id_fkey; CREATE FOREIGN DATA WRAPPER shop_wrapper; CREATE SERVER shop_server FOREIGN DATA WRAPPER shop_wrapper;
                       CREATE FOREIGN TABLE far PARTITION OF payment FOR VALUES IN (9) SERVER shop_server', 'INSERT INTO refund VALUES (2, ''2026-03-05'', 2)');

-- ---------- triggers ----------

SELECT * FROM outcome('ALTER TABLE payment DISABLE TRIGGER ALL', :'pay');
SELECT * FROM outcome('ALTER TABLE payment_2a DISABLE TRIGGER USER', 'INSERT INTO payment VALUES (4, ''2026-03-05'', 1, 1, 2)');
SELECT * FROM outcome('ALTER TABLE payment DISABLE TRIGGER clientele_capture_truncate', 'TRUNCATE payment');
SELECT * FROM outcome('DROP TRIGGER clientele_capture ON refund', 'INSERT INTO refund VALUES (2, ''2026-03-05'', 2)');
SELECT * FROM outcome('ALTER TABLE refund DISABLE TRIGGER ALL; INSERT INTO refund VALUES (2, ''2026-03-05'', 2); ALTER TABLE refund ENABLE TRIGGER ALL',
                      'SET LOCAL session_replication_role = replica; INSERT INTO refund VALUES (3, ''2026-03-05'', 2)');
SELECT * FROM outcome('ALTER TABLE payment DISABLE TRIGGER ALL; INSERT INTO payment VALUES (2, ''2026-03-05'', 2, 1, 2); ALTER TABLE payment ENABLE TRIGGER ALL',
                      'SET LOCAL session_replication_role = replica; INSERT INTO payment VALUES (3, ''2026-03-05'', 2, 1, 2)');
SELECT * FROM outcome('SELECT clientele.pause_capture(''shop''); ALTER TABLE refund DISABLE TRIGGER ALL; ALTER TABLE refund ENABLE TRIGGER ALL', :'pay');
SELECT * FROM outcome('SELECT clientele.pause_capture(''shop''); ALTER TABLE refund DISABLE TRIGGER ALL', 'INSERT INTO refund VALUES (2, ''2026-03-05'', 2)');
SELECT * FROM outcome('ALTER TABLE refund ADD CHECK (net > 0); ALTER TABLE refund ENABLE ALWAYS TRIGGER clientele_capture', 'SELECT');

-- ---------- columns ----------

SELECT * FROM outcome('ALTER TABLE payment RENAME net TO amount', 'INSERT INTO payment VALUES (5, ''2026-03-05'', 1, 1, 1)', 'p.net', 'p.amount');
SELECT * FROM outcome('ALTER TABLE payment RENAME net TO a; ALTER TABLE payment RENAME a TO b', :'pay', 'p.net', 'p.b');
SELECT * FROM outcome('ALTER TABLE refund ADD other numeric DEFAULT 1; ALTER TABLE refund RENAME net TO old; ALTER TABLE refund RENAME other TO net', 'SELECT');
SELECT * FROM outcome('ALTER TABLE refund RENAME id TO customer', 'INSERT INTO refund VALUES (2, ''2026-03-05'', 2)', 'FROM refund', 'FROM (SELECT customer AS id, net FROM refund)');
SELECT * FROM outcome('ALTER TABLE customer RENAME id TO customer_id', 'INSERT INTO customer VALUES (6, ''gold'')', 'FROM customer', 'FROM (SELECT customer_id AS id, level FROM customer)');
SELECT * FROM outcome('ALTER TABLE customer RENAME level TO grade', 'INSERT INTO customer VALUES (6, ''gold'')', 'level', 'grade');
SELECT * FROM outcome('ALTER TABLE refund DROP net', 'INSERT INTO refund VALUES (2, ''2026-03-05'')', 'all');
SELECT * FROM outcome('ALTER TABLE refund DROP net; ALTER TABLE refund ADD net numeric(12,2) DEFAULT 5', 'INSERT INTO refund VALUES (2, ''2026-03-05'')');
SELECT * FROM outcome('SET LOCAL session_replication_role = replica; ALTER TABLE refund ALTER net TYPE numeric USING net + 1; RESET session_replication_role', 'SELECT');
SELECT * FROM outcome('ALTER TABLE refund DROP paid_at', 'INSERT INTO refund (id, net) VALUES (2, 3)', 'all');
SELECT * FROM outcome('ALTER TABLE refund ALTER paid_at TYPE text', 'INSERT INTO refund VALUES (2, ''2026-03-05'', 2)');
SELECT * FROM outcome('ALTER TABLE customer DROP id CASCADE', 'INSERT INTO customer VALUES (''gold'')', 'all');
SELECT * FROM outcome('ALTER TABLE refund ALTER net TYPE bigint USING net * 100', :'pay');
SELECT * FROM outcome('ALTER TABLE refund ALTER net TYPE text', :'pay', 'r.net', 'r.net::numeric');
SELECT * FROM outcome('ALTER TABLE refund ALTER paid_at TYPE date', 'INSERT INTO refund VALUES (2, ''2026-03-05'', 2)');
SELECT * FROM outcome('ALTER TABLE refund ALTER id TYPE bigint', 'INSERT INTO refund VALUES (2, ''2026-03-05'', 2)');
SELECT * FROM outcome('ALTER TABLE refund ALTER id TYPE text', 'INSERT INTO refund VALUES (2, ''2026-03-05'', 2)', 'r.id', 'r.id::int');
SELECT * FROM outcome('ALTER TABLE customer ALTER id TYPE bigint', 'INSERT INTO customer VALUES (5000000000, ''gold'')');
SELECT * FROM outcome('ALTER TABLE customer ALTER id TYPE bigint', 'INSERT INTO customer VALUES (6, ''gold'')');
SELECT * FROM outcome('ALTER TABLE product DROP category', 'SELECT', 'all');
SELECT * FROM outcome('ALTER TYPE level RENAME VALUE ''gold'' TO ''top''', 'SELECT');
SELECT * FROM outcome('ALTER TYPE level RENAME VALUE ''gold'' TO ''top''; ALTER TYPE level RENAME VALUE ''silver'' TO ''gold''', 'SELECT');
SELECT * FROM outcome('ALTER TABLE payment DROP CONSTRAINT payment_product_id_fkey', 'SELECT');
SELECT * FROM outcome('ALTER TABLE payment DROP CONSTRAINT payment_product_id_fkey; ALTER TABLE payment ADD FOREIGN KEY (product_id) REFERENCES other_product',
                      'INSERT INTO payment VALUES (5, ''2026-03-05'', 1, 1, 1)', 'JOIN product', 'JOIN other_product');
SELECT * FROM outcome('ALTER TABLE refund ADD note text; ALTER TABLE refund ALTER net SET STATISTICS 100; CREATE INDEX ON refund (net)', 'INSERT INTO refund VALUES (2, ''2026-03-05'', 2)');

-- ---------- tables ----------

SELECT * FROM outcome('ALTER TABLE refund RENAME TO refunds', 'INSERT INTO refunds VALUES (2, ''2026-03-05'', 2)', 'refund', 'refunds');
SELECT * FROM outcome('CREATE SCHEMA ledger; ALTER TABLE refund SET SCHEMA ledger', 'INSERT INTO ledger.refund VALUES (2, ''2026-03-05'', 2)', 'refund', 'ledger.refund');
SELECT * FROM outcome('ALTER TABLE customer RENAME TO client', 'INSERT INTO client VALUES (6, ''gold'')', 'FROM customer', 'FROM client');
-- swapped: the table that was registered is followed, and it is said that another has its name
SELECT * FROM outcome('ALTER TABLE refund RENAME TO refund_old; CREATE TABLE refund (LIKE refund_old); INSERT INTO refund VALUES (3, ''2026-03-02'', 8)',
                      'INSERT INTO refund_old VALUES (2, ''2026-03-05'', 2)', 'FROM refund', 'FROM refund_old');
SELECT * FROM outcome('ALTER TABLE refund RENAME TO refund_old; CREATE TABLE refund (LIKE refund_old); INSERT INTO refund VALUES (3, ''2026-03-02'', 8)',
                      'INSERT INTO refund VALUES (2, ''2026-03-05'', 2)');
SELECT * FROM outcome('ALTER TABLE customer RENAME TO customer_old; ALTER TABLE other_customer RENAME TO customer',
                      'INSERT INTO customer_old VALUES (6, ''gold'')', 'FROM customer', 'FROM customer_old');
SELECT * FROM outcome('DROP TABLE refund', 'INSERT INTO payment VALUES (5, ''2026-03-05'', 1, 1, 1)', 'all');
SELECT * FROM outcome('DROP TABLE refund; CREATE TABLE refund (id int, paid_at timestamptz, net numeric(12,2)); INSERT INTO refund VALUES (3, ''2026-03-02'', 8)',
                      'INSERT INTO refund VALUES (2, ''2026-03-05'', 2)');
SELECT * FROM outcome('DROP TABLE customer', :'pay', 'all');
SELECT * FROM outcome('DROP TABLE customer; ALTER TABLE other_customer RENAME TO customer', :'pay');
SELECT * FROM outcome('DROP TABLE product CASCADE', :'pay', 'all');
SELECT * FROM outcome('ALTER TABLE refund SET UNLOGGED', 'INSERT INTO refund VALUES (2, ''2026-03-05'', 2)');
SELECT * FROM outcome('ALTER SCHEMA shop_segments RENAME TO moved', :'pay');
-- behind the event trigger's back
ALTER EVENT TRIGGER clientele_after DISABLE;
SELECT * FROM outcome('ALTER SCHEMA shop_segments RENAME TO moved', :'pay');
SELECT * FROM outcome('ALTER TABLE payment ATTACH PARTITION spare FOR VALUES IN (3)', 'SELECT');
SELECT * FROM outcome('ALTER TABLE refund RENAME net TO amount', 'INSERT INTO refund VALUES (2, ''2026-03-05'', 2)', 'r.net', 'r.amount');
ALTER EVENT TRIGGER clientele_after ENABLE ALWAYS;

-- ---------- for good: a schema that has moved goes on ----------

ALTER SCHEMA shop_segments RENAME TO moved;
SELECT id, paid FROM moved.shop_as_of('2026-03-10 12:00+00') ORDER BY id LIMIT 1;
SELECT clientele.publish('shop');
CALL clientele.refresh('shop');
SELECT look(), (SELECT count(*) FROM clientele.changes_since('shop', 0)) AS changes;

-- ---------- a command goes on whatever happens to us ----------

SET client_min_messages = warning;
ALTER FUNCTION clientele.watchers(oid) RENAME TO watchers_gone;
ALTER TABLE refund ADD more numeric;
ALTER TABLE clientele_data.shop_mark RENAME TO elsewhere;
ALTER TABLE refund DROP more;
ALTER TABLE refund ADD more numeric;
ALTER TABLE clientele_data.elsewhere RENAME TO shop_mark;
ALTER FUNCTION clientele.watchers_gone(oid) RENAME TO watchers;
SELECT value FROM clientele.status('shop') WHERE item = 'marks';
SELECT clientele.schema_changes();

\x
\pset format aligned
SELECT clientele.drop_population('shop');
DROP SCHEMA shop CASCADE;
