-- Foreign tables: customers who are evaluated while they are read.

SET client_min_messages = warning;
CREATE ROLE regress_foreign_owner;
CREATE ROLE regress_foreign_reader;
CREATE SCHEMA regress_foreign AUTHORIZATION regress_foreign_owner;
SET search_path = regress_foreign;

-- A clinic's tables, which only their owner may read.
SET ROLE regress_foreign_owner;
CREATE TABLE customer (customer_id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE payment (customer_id int NOT NULL, paid_at timestamptz NOT NULL, net numeric(10,2));
CREATE INDEX ON payment (customer_id, paid_at) INCLUDE (net);
CREATE TABLE bill (bill_id bigint PRIMARY KEY, customer_id int);
INSERT INTO customer SELECT g, 'customer ' || g FROM generate_series(1, 1000) AS g;
INSERT INTO payment
SELECT 1 + g % 1000, timestamptz '2026-05-01 00:00+00' + g * interval '10 minutes', g
FROM generate_series(0, 4999) AS g;
INSERT INTO bill SELECT g, g FROM generate_series(1, 1000) AS g;
RESET ROLE;

-- What publishing makes of it.
INSERT INTO clientele.population (name, relation, key_column, time_zone, target_schema, owner, live_version)
VALUES ('regress_foreign', 'customer', 'customer_id', 'Asia/Shanghai', 'regress_foreign', 'regress_foreign_owner', 1);
INSERT INTO clientele.source (population_id, name, part, relation, key_path, occurred_at_path)
SELECT population_id, 'payment', 1, 'payment', 'customer_id', 'paid_at' FROM clientele.population WHERE name = 'regress_foreign';
INSERT INTO clientele.link (population_id, link, relation, unique_column, key_path)
SELECT population_id, 1, 'bill', 'bill_id', 'customer_id' FROM clientele.population WHERE name = 'regress_foreign';
INSERT INTO clientele.version (population_id, version, model)
SELECT population_id, 1, '{"time_zone": "Asia/Shanghai", "sources": [{"name": "payment", "amount": "net"}],
    "definitions": [{"kind": "metric", "name": "visits", "value": "count(payment)", "scale": 0},
                    {"kind": "metric", "name": "spend", "value": "sum(payment.net last 10 days)", "scale": 2},
                    {"kind": "tag", "name": "big", "when": "spend >= 4000"}]}'
FROM clientele.population WHERE name = 'regress_foreign';


CREATE TABLE clientele_data.regress_foreign_mark (key int, link smallint, link_key text);
CREATE INDEX ON clientele_data.regress_foreign_mark (key);
CREATE TABLE clientele_data.regress_foreign_stored_1 (customer_id int PRIMARY KEY, visits bigint, spend numeric(28,2),
    tags text[] NOT NULL, evaluated_at timestamptz NOT NULL, due_at timestamptz);
CREATE INDEX ON clientele_data.regress_foreign_stored_1 (due_at) WHERE due_at IS NOT NULL;
CREATE FOREIGN TABLE clientele_data.regress_foreign_all_1 (as_of timestamptz, customer_id int, visits bigint,
    spend numeric(28,2), tags text[], due_at timestamptz)
    SERVER clientele OPTIONS (population 'regress_foreign', version '1', rows 'all');
CREATE FOREIGN TABLE clientele_data.regress_foreign_stale_1 (as_of timestamptz, customer_id int, visits bigint,
    spend numeric(28,2), tags text[], due_at timestamptz)
    SERVER clientele OPTIONS (population 'regress_foreign', version '1', rows 'stale');
CREATE FOREIGN TABLE clientele_data.regress_foreign_marked (key int)
    SERVER clientele OPTIONS (population 'regress_foreign', rows 'marked');
GRANT USAGE ON SCHEMA clientele_data TO regress_foreign_owner;
GRANT SELECT ON clientele_data.regress_foreign_stored_1 TO regress_foreign_owner;

CREATE VIEW live AS
WITH clock AS MATERIALIZED (SELECT clientele.wall_clock() AS at)
SELECT s.customer_id, s.visits, s.spend, s.tags, s.due_at, true AS is_stored
FROM clock
JOIN clientele_data.regress_foreign_stored_1 AS s
  ON (s.due_at IS NULL OR s.due_at > clock.at) AND s.evaluated_at <= clock.at
WHERE NOT EXISTS (SELECT FROM clientele_data.regress_foreign_marked AS m WHERE m.key = s.customer_id)
  AND NOT EXISTS (SELECT FROM clientele_data.regress_foreign_marked AS m WHERE m.key IS NULL)
UNION ALL
SELECT l.customer_id, l.visits, l.spend, l.tags, l.due_at, false
FROM clock
JOIN clientele_data.regress_foreign_stale_1 AS l ON l.as_of = clock.at;

GRANT USAGE ON SCHEMA regress_foreign TO regress_foreign_reader;
GRANT SELECT ON live TO regress_foreign_reader;

-- A refresh at noon.
SET clientele.clock = '2026-06-01 12:00:00+00';
INSERT INTO clientele_data.regress_foreign_stored_1
SELECT customer_id, visits, spend, tags, as_of, due_at
FROM clientele_data.regress_foreign_all_1 WHERE as_of = timestamptz '2026-06-01 12:00:00+00';
SELECT count(*), sum(visits) AS visits, sum(spend) AS spend, count(*) FILTER (WHERE tags = '{big}') AS big, count(due_at) AS due
FROM clientele_data.regress_foreign_stored_1;
SELECT sum(net) AS spend, count(DISTINCT customer_id) FILTER (WHERE net >= 4000) AS big FROM payment WHERE paid_at >= '2026-05-22 16:00+00' AND paid_at <= '2026-06-01 12:00+00';
ANALYZE customer;
ANALYZE clientele_data.regress_foreign_stored_1;

-- ---------------------------------------------------------------------------
-- Who reads the view reads all of it, with no right on anything beneath.
-- ---------------------------------------------------------------------------

SET ROLE regress_foreign_reader;
SELECT count(*), count(*) FILTER (WHERE is_stored) AS stored FROM live;
SELECT * FROM live WHERE customer_id = 5;
SELECT count(*) FROM payment;
SELECT count(*) FROM clientele_data.regress_foreign_all_1;
RESET ROLE;

-- ---------------------------------------------------------------------------
-- Marked: the facts of 5 and 6 have changed; there is no customer 2000.
-- ---------------------------------------------------------------------------

INSERT INTO payment VALUES (5, '2026-06-01 11:00+00', 100000), (2000, '2026-06-01 11:00+00', 1);
INSERT INTO clientele_data.regress_foreign_mark (key) VALUES (6), (5), (2000), (5);
SELECT * FROM clientele_data.regress_foreign_marked;
SELECT * FROM clientele_data.regress_foreign_marked WHERE key = 5;
SELECT * FROM clientele_data.regress_foreign_marked WHERE key = 7;
SELECT * FROM clientele_data.regress_foreign_marked WHERE key IS NULL;
SELECT key FROM clientele_data.regress_foreign_marked WHERE key >= 6 AND key < 2000;

SET ROLE regress_foreign_reader;
SELECT count(*), count(*) FILTER (WHERE is_stored) AS stored FROM live;
SELECT customer_id, visits, spend, tags, is_stored FROM live WHERE NOT is_stored ORDER BY 1;

-- keys in every form reach the scan; a value of another integer type, too
SELECT customer_id, visits, is_stored FROM live WHERE customer_id = 5;
SELECT customer_id, visits, is_stored FROM live WHERE 5::bigint = customer_id;
SELECT customer_id, visits, is_stored FROM live WHERE customer_id = 7;
SELECT customer_id, is_stored FROM live WHERE customer_id IN (4, 5, 6, 7) ORDER BY 1;
SELECT customer_id, is_stored FROM live WHERE customer_id = ANY ('{6,NULL,6,5000000000}'::bigint[]);
SELECT customer_id, is_stored FROM live WHERE customer_id >= 4 AND customer_id < 6 ORDER BY 1;
SELECT count(*) FROM live WHERE customer_id >= 5000000000;
SELECT count(*) FROM live WHERE customer_id < 5000000000 AND NOT is_stored;
SELECT count(*) FROM live WHERE customer_id >= -5000000000 AND NOT is_stored;
SELECT count(*) FROM live WHERE customer_id < -5000000000;
SELECT customer_id FROM live WHERE customer_id = 2000;
SELECT customer_id FROM live WHERE customer_id = 5000000000;
SELECT customer_id FROM live WHERE customer_id = NULL;
SELECT customer_id FROM live WHERE customer_id IS NULL;
SELECT customer_id FROM live WHERE customer_id = ANY (NULL::int[]);
SELECT customer_id FROM live WHERE customer_id = ANY ('{}'::int[]);
SELECT customer_id, is_stored FROM live WHERE customer_id = 5 AND customer_id = ANY ('{6,7}');
PREPARE one (int) AS SELECT customer_id, is_stored FROM live WHERE customer_id = $1;
SET plan_cache_mode = force_generic_plan;
EXECUTE one (5);
EXECUTE one (7);
RESET plan_cache_mode;
DEALLOCATE one;
SELECT k, (SELECT is_stored FROM live WHERE customer_id = k) FROM generate_series(4, 7) AS k;
RESET ROLE;

-- ---------------------------------------------------------------------------
-- Plans: WHERE key, GROUP BY, LIMIT, while marks are pending
-- ---------------------------------------------------------------------------

-- What every release shows alike: nodes, and how their rows are found.
CREATE FUNCTION plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        IF line ~ '(Scan|Append|Join|Loop|Limit|Aggregate)( |$)|(Found By|Index Cond|Cond): ' AND line !~ 'Join Filter' THEN
            RETURN NEXT line;
        END IF;
    END LOOP;
END
$$;
SELECT plan_of('SELECT * FROM live WHERE customer_id = 5');
-- how the marks are joined differs between majors
SELECT trim(p) AS plan FROM plan_of('SELECT tags, count(*) FROM live GROUP BY tags') AS p WHERE p ~ 'Aggregate|Append|_stale_|as_of|IS NULL';
SELECT trim(p) AS plan FROM plan_of('SELECT * FROM live LIMIT 10') AS p WHERE p ~ 'Limit|Append|_stale_|as_of|IS NULL';
SELECT plan_of('SELECT * FROM live WHERE customer_id IN (5, 6) AND customer_id >= 3 AND customer_id < 9');
SELECT plan_of('SELECT * FROM (VALUES (1), (5)) AS v (k)
                JOIN clientele_data.regress_foreign_all_1 AS a ON a.customer_id = v.k AND a.as_of = now()');
EXPLAIN (COSTS OFF) SELECT * FROM clientele_data.regress_foreign_stale_1 WHERE as_of = now() AND customer_id = ANY ('{1,2}');

-- a scan begins anew for each row outside
SELECT v.k, a.as_of = v.at AS at, a.visits
FROM (VALUES (1, timestamptz '2026-05-02 00:00+00'), (5, '2026-05-10 00:00+00'), (1, '2026-06-01 00:00+00'), (2000, '2026-06-01 00:00+00')) AS v (k, at)
JOIN clientele_data.regress_foreign_all_1 AS a ON a.customer_id = v.k AND a.as_of = v.at;

-- ---------------------------------------------------------------------------
-- A payment is seen before it is committed, by the transaction that makes it.
-- ---------------------------------------------------------------------------

BEGIN;
INSERT INTO clientele.watch (relation, population_id, role, key_column, columns)
SELECT 'payment', population_id, 'event', 'customer_id', '{paid_at,net}' FROM clientele.population WHERE name = 'regress_foreign';
SELECT clientele.install_capture('payment');
SELECT visits, spend, is_stored FROM live WHERE customer_id = 8;
INSERT INTO payment VALUES (8, '2026-06-01 11:30+00', 0.5);
SELECT visits, spend, is_stored FROM live WHERE customer_id = 8;
SAVEPOINT s;
DELETE FROM payment WHERE customer_id = 8;
SELECT visits, spend, is_stored FROM live WHERE customer_id = 8;
ROLLBACK TO s;
SELECT visits, spend, is_stored FROM live WHERE customer_id = 8;
ROLLBACK;
SELECT visits, spend, is_stored FROM live WHERE customer_id = 8;

-- ---------------------------------------------------------------------------
-- Links lead from a changed row to customers, whoever they are by now.
-- ---------------------------------------------------------------------------

BEGIN;
DELETE FROM clientele_data.regress_foreign_mark;
INSERT INTO bill VALUES (9001, NULL);
INSERT INTO clientele_data.regress_foreign_mark (link, link_key) VALUES (1, '9'), (1, '9'), (1, '9001'), (1, '77777');
SELECT * FROM clientele_data.regress_foreign_marked;
SELECT customer_id FROM live WHERE NOT is_stored;
UPDATE bill SET customer_id = 10 WHERE bill_id = 9;
SELECT customer_id FROM live WHERE NOT is_stored;
SELECT customer_id, is_stored FROM live WHERE customer_id IN (9, 10) ORDER BY 1;
SELECT customer_id, is_stored FROM live WHERE customer_id = 10;
ALTER TABLE bill RENAME customer_id TO patient_id;
SELECT customer_id FROM live WHERE customer_id = 1;
ROLLBACK;

-- ---------------------------------------------------------------------------
-- Everyone
-- ---------------------------------------------------------------------------

BEGIN;
INSERT INTO clientele_data.regress_foreign_mark DEFAULT VALUES;
SELECT * FROM clientele_data.regress_foreign_marked WHERE key IS NULL;
SELECT count(*), count(*) FILTER (WHERE is_stored) AS stored FROM live;
SELECT customer_id, is_stored FROM live WHERE customer_id = 7;
SET LOCAL clientele.live_limit = 999;
SELECT count(*) FROM live;
ROLLBACK;

-- ---------------------------------------------------------------------------
-- Time: a row that is due, and rows younger than the clock
-- ---------------------------------------------------------------------------

SELECT min(due_at) AT TIME ZONE 'UTC' AS first_due FROM clientele_data.regress_foreign_stored_1;
SET clientele.clock = '2026-06-01 15:59:59+00';
SELECT count(*) FILTER (WHERE NOT is_stored) AS live FROM live;
SET clientele.clock = '2026-06-01 16:00:00+00';
SELECT count(*), count(*) FILTER (WHERE NOT is_stored) AS live FROM live;
SELECT count(*) FROM live AS l JOIN clientele_data.regress_foreign_stored_1 AS s USING (customer_id) WHERE NOT l.is_stored AND s.due_at <= clientele.wall_clock();
SELECT count(*) FROM live AS l JOIN clientele_data.regress_foreign_all_1 AS a USING (customer_id, visits, spend, tags)
WHERE a.as_of = timestamptz '2026-06-01 16:00:00+00';
SET clientele.clock = '2026-06-01 11:59:59+00';
SELECT count(*), count(*) FILTER (WHERE is_stored) AS stored FROM live;
SELECT customer_id, is_stored FROM live WHERE customer_id = 7;
SET clientele.clock = '2026-06-01 12:00:00+00';

-- ---------------------------------------------------------------------------
-- A limit turns a silent mass evaluation into an error.
-- ---------------------------------------------------------------------------

SET ROLE regress_foreign_reader;
SET clientele.live_limit = 2;
SELECT count(*) FROM live;
SELECT count(*) FROM live WHERE customer_id < 100;
SET clientele.live_limit = 3;
SELECT count(*) FROM live;
RESET clientele.live_limit;

-- ---------------------------------------------------------------------------
-- Cursors; an error puts the reader back into his own rights.
-- ---------------------------------------------------------------------------

BEGIN;
DECLARE c CURSOR FOR SELECT customer_id, is_stored FROM live WHERE customer_id < 7 AND NOT is_stored;
FETCH 1 FROM c;
SELECT current_user;
SAVEPOINT s;
FETCH 1 FROM c;
SELECT count(*) FROM payment;
ROLLBACK TO s;
SELECT current_user;
FETCH 1 FROM c;
COMMIT;
RESET ROLE;

BEGIN;
ALTER TABLE payment RENAME net TO amount;
SET ROLE regress_foreign_reader;
SAVEPOINT s;
SELECT count(*) FROM live;
ROLLBACK TO s;
SELECT current_user;
SELECT count(*) FROM payment;
ROLLBACK;

-- names and operators of the reader's are not those of our queries
BEGIN;
CREATE SCHEMA regress_trap AUTHORIZATION regress_foreign_reader;
SET ROLE regress_foreign_reader;
GRANT USAGE ON SCHEMA regress_trap TO PUBLIC;
CREATE FUNCTION regress_trap.equal(int, int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped as %', current_user; END $$;
CREATE FUNCTION regress_trap.earlier(timestamptz, timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped as %', current_user; END $$;
CREATE OPERATOR regress_trap.= (LEFTARG = int, RIGHTARG = int, PROCEDURE = regress_trap.equal);
CREATE OPERATOR regress_trap.<= (LEFTARG = timestamptz, RIGHTARG = timestamptz, PROCEDURE = regress_trap.earlier);
SET LOCAL search_path = regress_trap, pg_catalog, regress_foreign;
SELECT count(*), count(*) FILTER (WHERE is_stored) AS stored FROM live;
ROLLBACK;

-- half of the facts is an error, not a segment
BEGIN;
ALTER TABLE payment ENABLE ROW LEVEL SECURITY;
ALTER TABLE payment FORCE ROW LEVEL SECURITY;
SELECT count(*) FROM live;
ROLLBACK;

-- ---------------------------------------------------------------------------
-- What is refused
-- ---------------------------------------------------------------------------

SELECT * FROM clientele_data.regress_foreign_all_1;
SELECT * FROM clientele_data.regress_foreign_all_1 WHERE as_of = clientele.wall_clock();
SELECT * FROM clientele_data.regress_foreign_all_1 WHERE as_of > now();
SELECT count(*) FROM clientele_data.regress_foreign_all_1 WHERE as_of = NULL;
SELECT count(*) FROM clientele_data.regress_foreign_all_1 WHERE as_of = (SELECT timestamptz '2026-06-01 12:00+00');
DELETE FROM clientele_data.regress_foreign_all_1;
CREATE FOREIGN TABLE refused (key int) SERVER clientele;
CREATE FOREIGN TABLE refused (key int) SERVER clientele OPTIONS (population 'p', version '1', rows 'some');
CREATE FOREIGN TABLE refused (key int) SERVER clientele OPTIONS (population 'p', version 'one', rows 'all');
CREATE FOREIGN TABLE refused (key int) SERVER clientele OPTIONS (population 'p', version '0', rows 'all');
CREATE FOREIGN TABLE refused (key int) SERVER clientele OPTIONS (population 'p', rows 'all');
CREATE FOREIGN TABLE refused (key int) SERVER clientele OPTIONS (population 'p', rows 'marked', version '1');
CREATE FOREIGN TABLE refused (key int) SERVER clientele OPTIONS (population 'p', rows 'marked', colour 'red');
CREATE SERVER refused FOREIGN DATA WRAPPER clientele OPTIONS (host 'localhost');
SET ROLE regress_foreign_reader;
CREATE FOREIGN TABLE pg_temp.refused (key int) SERVER clientele OPTIONS (population 'regress_foreign', rows 'marked');
RESET ROLE;
-- who may change the table's options could name a population that is not his
BEGIN;
ALTER FOREIGN TABLE clientele_data.regress_foreign_all_1 OWNER TO regress_foreign_reader;
GRANT USAGE ON SCHEMA clientele_data TO regress_foreign_reader;
SET ROLE regress_foreign_reader;
SAVEPOINT s;
SELECT count(*) FROM clientele_data.regress_foreign_all_1 WHERE as_of = now();
ROLLBACK TO s;
RESET ROLE;
ALTER FOREIGN TABLE clientele_data.regress_foreign_all_1 OWNER TO regress_foreign_owner;
GRANT SELECT ON clientele_data.regress_foreign_all_1 TO regress_foreign_reader;
SET ROLE regress_foreign_reader;
SELECT count(*) FROM clientele_data.regress_foreign_all_1 WHERE as_of = now();
ROLLBACK;
BEGIN;
CREATE FOREIGN TABLE missing (key int) SERVER clientele OPTIONS (population 'no_such_population', rows 'marked');
EXPLAIN (COSTS OFF) SELECT * FROM missing;
SELECT * FROM missing;
ROLLBACK;
BEGIN;
ALTER FOREIGN TABLE clientele_data.regress_foreign_all_1 ALTER COLUMN visits TYPE text;
SELECT * FROM clientele_data.regress_foreign_all_1 WHERE as_of = now();
ROLLBACK;
BEGIN;
CREATE FOREIGN TABLE misread (key text) SERVER clientele OPTIONS (population 'regress_foreign', rows 'marked');
SELECT * FROM misread;
ROLLBACK;

-- ---------------------------------------------------------------------------
-- Keys of other types
-- ---------------------------------------------------------------------------

CREATE FUNCTION regress_foreign.another(key_type text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE other (id %s PRIMARY KEY)', key_type);
    ALTER TABLE other OWNER TO regress_foreign_owner;
    INSERT INTO clientele.population (name, relation, key_column, time_zone, target_schema, owner, live_version)
    VALUES ('regress_other', 'other', 'id', 'UTC', 'regress_foreign', 'regress_foreign_owner', 1);
    INSERT INTO clientele.version (population_id, version, model)
    SELECT population_id, 1, '{"time_zone": "UTC", "sources": [], "definitions": []}' FROM clientele.population WHERE name = 'regress_other';
    EXECUTE format('CREATE TABLE clientele_data.regress_other_mark (key %s, link smallint, link_key text)', key_type);
    CREATE INDEX ON clientele_data.regress_other_mark (key);
    EXECUTE format('CREATE TABLE clientele_data.regress_other_stored_1 (id %s PRIMARY KEY, tags text[], evaluated_at timestamptz, due_at timestamptz)', key_type);
    GRANT SELECT ON clientele_data.regress_other_stored_1 TO regress_foreign_owner;
    EXECUTE format('CREATE FOREIGN TABLE clientele_data.regress_other_stale_1 (as_of timestamptz, id %s, tags text[], due_at timestamptz) SERVER clientele OPTIONS (population ''regress_other'', version ''1'', rows ''stale'')', key_type);
END
$$;
BEGIN;
SELECT regress_foreign.another('uuid');
INSERT INTO other VALUES ('00000000-0000-0000-0000-00000000000a'), ('00000000-0000-0000-0000-00000000000b');
INSERT INTO clientele_data.regress_other_mark (key) SELECT id FROM other;
SELECT id FROM clientele_data.regress_other_stale_1 WHERE as_of = now() AND id = '00000000-0000-0000-0000-00000000000b';
SELECT count(*) FROM clientele_data.regress_other_stale_1 WHERE as_of = now();
ROLLBACK;
BEGIN;
SELECT regress_foreign.another('varchar(20)');
INSERT INTO other VALUES ('C-1'), ('C-2'), ('D-1');
INSERT INTO clientele_data.regress_other_mark (key) SELECT id FROM other;
EXPLAIN (COSTS OFF) SELECT id FROM clientele_data.regress_other_stale_1 WHERE as_of = now() AND id = 'C-2';
SELECT id FROM clientele_data.regress_other_stale_1 WHERE as_of = now() AND id = 'C-2';
SELECT id FROM clientele_data.regress_other_stale_1 WHERE as_of = now() AND id = ANY ('{D-1,C-1,E}') ORDER BY id;
SELECT count(*) FROM clientele_data.regress_other_stale_1 WHERE as_of = now() AND id >= 'C-2' AND id < 'D-2';
EXPLAIN (COSTS OFF) SELECT id FROM clientele_data.regress_other_stale_1 WHERE as_of = now() AND id >= 'C-2' COLLATE "POSIX";
SELECT count(*) FROM clientele_data.regress_other_stale_1 WHERE as_of = now() AND id >= 'C-2' COLLATE "POSIX";
ROLLBACK;
BEGIN;
SELECT regress_foreign.another('smallint');
INSERT INTO other VALUES (1), (2);
INSERT INTO clientele_data.regress_other_mark (key) SELECT id FROM other;
SELECT id FROM clientele_data.regress_other_stale_1 WHERE as_of = now() AND id = 2::bigint;
SELECT id FROM clientele_data.regress_other_stale_1 WHERE as_of = now() AND id = 65538;
SELECT count(*) FROM clientele_data.regress_other_stale_1 WHERE as_of = now() AND id >= -40000 AND id < 40000;
ROLLBACK;

-- Leave the database as it was.
RESET clientele.clock;
RESET search_path;
DROP VIEW regress_foreign.live;
DROP FOREIGN TABLE clientele_data.regress_foreign_all_1, clientele_data.regress_foreign_stale_1, clientele_data.regress_foreign_marked;
DROP TABLE clientele_data.regress_foreign_stored_1, clientele_data.regress_foreign_mark;
REVOKE ALL ON SCHEMA clientele_data FROM regress_foreign_owner;
DELETE FROM clientele.population WHERE name = 'regress_foreign';
DROP SCHEMA regress_foreign CASCADE;
DROP ROLE regress_foreign_owner, regress_foreign_reader;
