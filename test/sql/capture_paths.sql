-- Every way in which rows are written: after each, the view says what plain SQL says,
-- before a refresh and after it, and what is stored is what would be stored.
\set SHOW_CONTEXT never
\set VERBOSITY terse
SET client_min_messages = warning;
SET jit = off;
SET TimeZone = 'UTC';
SET clientele.clock = '2026-03-10 12:00+00';
CREATE SCHEMA paths;
SET search_path = paths;
CREATE TABLE customer (id int PRIMARY KEY, city text);
CREATE TABLE bill (bill_id int PRIMARY KEY, id int REFERENCES customer ON UPDATE CASCADE ON DELETE CASCADE, paid_at timestamptz NOT NULL DEFAULT '2026-03-01');
CREATE TABLE line (line_id int PRIMARY KEY, bill_id int REFERENCES bill ON UPDATE CASCADE ON DELETE CASCADE, net numeric(12,2) NOT NULL);
CREATE TABLE visit (visit_id int, id int REFERENCES customer ON UPDATE CASCADE ON DELETE SET NULL, at timestamptz NOT NULL DEFAULT '2026-03-01', branch int NOT NULL,
                    PRIMARY KEY (visit_id, branch)) PARTITION BY LIST (branch);
CREATE TABLE visit_1 PARTITION OF visit FOR VALUES IN (1);
CREATE TABLE visit_2 PARTITION OF visit FOR VALUES IN (2, 3) PARTITION BY RANGE (visit_id);
CREATE TABLE visit_2a PARTITION OF visit_2 FOR VALUES FROM (0) TO (100);
CREATE TABLE visit_2b (branch int NOT NULL, junk int, at timestamptz NOT NULL DEFAULT '2026-03-01', id int, visit_id int NOT NULL);
ALTER TABLE visit_2b DROP junk;
ALTER TABLE visit_2 ATTACH PARTITION visit_2b FOR VALUES FROM (100) TO (200);
INSERT INTO customer SELECT g, 'Shanghai' FROM generate_series(1, 9) AS g;
INSERT INTO bill SELECT g, g FROM generate_series(1, 9) AS g;
INSERT INTO line SELECT g, 1 + g % 9, g FROM generate_series(1, 30) AS g;
INSERT INTO visit SELECT g, 1 + g % 9, '2026-03-01', 1 + g % 3 FROM generate_series(1, 30) AS g;
SELECT clientele.create_population('paths', 'paths.customer', 'id', 'UTC', 'paths_segments');
SELECT clientele.add_source('paths', 'line', 'paths.line', 'bill_id.id', 'bill_id.paid_at');
SELECT clientele.add_source('paths', 'visit', 'paths.visit', 'id', 'at');
SELECT clientele.define_metric('paths', 'spent', 'sum(line.net)', 2);
SELECT clientele.define_metric('paths', 'visits', 'count(visit)');
SELECT clientele.define_metric('paths', 'branches', 'count(distinct visit.branch)');
SELECT clientele.define_tag('paths', 'local', $$city = 'Shanghai'$$);
SELECT clientele.publish('paths');
CALL clientele.refresh('paths');

CREATE VIEW truth AS
SELECT c.id, round(coalesce((SELECT sum(l.net) FROM line AS l JOIN bill AS b USING (bill_id) WHERE b.id = c.id), 0), 2) AS spent,
       (SELECT count(*) FROM visit AS v WHERE v.id = c.id) AS visits,
       (SELECT count(DISTINCT v.branch) FROM visit AS v WHERE v.id = c.id) AS branches,
       CASE WHEN c.city = 'Shanghai' THEN 'local' ELSE '' END AS tags
FROM customer AS c;
CREATE FUNCTION differences() RETURNS bigint LANGUAGE sql AS $$
    WITH expected AS MATERIALIZED (TABLE truth), seen AS MATERIALIZED (SELECT id, spent, visits, branches, tags FROM paths_segments.paths)
    SELECT (SELECT count(*) FROM (TABLE expected EXCEPT ALL TABLE seen) AS m) + (SELECT count(*) FROM (TABLE seen EXCEPT ALL TABLE expected) AS t)
$$;
-- How many customers were marked, then differences: live, after a refresh, of what is stored.
CREATE FUNCTION seen(what text, OUT written text, OUT marked text, OUT live bigint, OUT refreshed bigint, OUT stored bigint) LANGUAGE plpgsql AS $$
BEGIN
    written := what;
    marked := value FROM clientele.status('paths') WHERE item = 'marks';
    live := differences() + (SELECT count(*) FROM clientele.verify('paths'));
    CALL clientele.refresh('paths');
    refreshed := differences();
    stored := count(*) FROM clientele.verify('paths');
END $$;
\t on
\pset format unaligned
\pset fieldsep ' '

-- marked, then differences: live, refreshed, stored
SELECT * FROM seen('nothing');
INSERT INTO line VALUES (101, 1, 5);
SELECT * FROM seen('INSERT');
INSERT INTO line VALUES (102, 1, 5), (103, 2, 5), (104, 3, 5);
SELECT * FROM seen('INSERT, several rows');
INSERT INTO line SELECT g, 4, g FROM generate_series(105, 109) AS g;
SELECT * FROM seen('INSERT ... SELECT');
UPDATE line SET net = net + 1 WHERE line_id = 101;
SELECT * FROM seen('UPDATE');
UPDATE line SET bill_id = 5 WHERE line_id IN (102, 103);
SELECT * FROM seen('UPDATE of the way to the customer');
UPDATE bill SET id = 6 WHERE bill_id = 5;
SELECT * FROM seen('UPDATE of a header');
UPDATE customer SET city = 'Beijing' WHERE id IN (2, 4);
SELECT * FROM seen('UPDATE of customers');
DELETE FROM line WHERE line_id IN (101, 104);
SELECT * FROM seen('DELETE');
DELETE FROM visit;
SELECT * FROM seen('DELETE of all');
COPY line FROM STDIN;
110	7	7
111	8	8
\.
COPY visit (visit_id, id, branch) FROM STDIN;
1	1	1
2	2	2
103	3	3
4	1	2
\.
SELECT * FROM seen('COPY');
INSERT INTO line VALUES (110, 7, 70), (112, 9, 9) ON CONFLICT (line_id) DO UPDATE SET net = excluded.net;
SELECT * FROM seen('INSERT ... ON CONFLICT DO UPDATE');
INSERT INTO line VALUES (110, 7, 71), (113, 9, 9) ON CONFLICT DO NOTHING;
SELECT * FROM seen('INSERT ... ON CONFLICT DO NOTHING');
SELECT current_setting('server_version_num')::int >= 150000 AS has_merge \gset
\if :has_merge
MERGE INTO line AS l USING (VALUES (110, 1), (111, 2), (114, 3)) AS v (id, bill) ON v.id = l.line_id
WHEN MATCHED AND id = 110 THEN UPDATE SET bill_id = v.bill
WHEN MATCHED THEN DELETE
WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.bill, 1);
\else
INSERT INTO line VALUES (114, 3, 1);
UPDATE line SET bill_id = 1 WHERE line_id = 110;
DELETE FROM line WHERE line_id = 111;
\endif
SELECT * FROM seen('MERGE');
WITH gone AS (DELETE FROM line WHERE line_id < 5 RETURNING *), added AS (INSERT INTO visit SELECT line_id + 10, 8, '2026-03-02', 1 FROM gone RETURNING *)
UPDATE customer SET city = 'Wuhan' WHERE id IN (SELECT id FROM added);
SELECT * FROM seen('writable CTE');
UPDATE customer SET id = 11 WHERE id = 1;
SELECT * FROM seen('ON UPDATE CASCADE');
DELETE FROM customer WHERE id = 3;
SELECT * FROM seen('ON DELETE CASCADE, SET NULL');
DELETE FROM bill WHERE bill_id = 9;
SELECT * FROM seen('ON DELETE CASCADE from a header');
INSERT INTO customer VALUES (3, 'Shanghai');
SELECT * FROM seen('a new customer');

-- partitions
INSERT INTO visit VALUES (20, 5, DEFAULT, 1), (21, 5, DEFAULT, 2), (122, 5, DEFAULT, 3);
SELECT * FROM seen('INSERT by the root');
INSERT INTO visit_1 VALUES (30, 6, DEFAULT, 1);
INSERT INTO visit_2 VALUES (31, 6, DEFAULT, 2);
INSERT INTO visit_2b (visit_id, id, branch) VALUES (132, 6, 3);
SELECT * FROM seen('INSERT straight into partitions');
COPY visit_2a (visit_id, id, branch) FROM STDIN;
33	7	2
\.
SELECT * FROM seen('COPY into a partition');
UPDATE visit SET branch = 2 WHERE visit_id = 30;
SELECT * FROM seen('UPDATE that moves a row');
UPDATE visit SET visit_id = 140, id = 7 WHERE visit_id = 31;
SELECT * FROM seen('UPDATE that moves a row to another customer');
UPDATE visit_2b SET id = 8;
SELECT * FROM seen('UPDATE of a partition');
DELETE FROM visit_2a WHERE id = 7;
SELECT * FROM seen('DELETE from a partition');
TRUNCATE visit_2b;
SELECT * FROM seen('TRUNCATE of a partition');
TRUNCATE visit_2;
SELECT * FROM seen('TRUNCATE of a subtree');
CREATE TABLE visit_4 PARTITION OF visit FOR VALUES IN (4);
INSERT INTO visit VALUES (40, 5, DEFAULT, 4), (41, 6, DEFAULT, 4);
SELECT * FROM seen('a partition made later');
TRUNCATE visit_4;
SELECT * FROM seen('its TRUNCATE');
CREATE TABLE visit_5 (LIKE visit INCLUDING DEFAULTS);
INSERT INTO visit_5 VALUES (50, 5, DEFAULT, 5), (51, 6, DEFAULT, 5);
ALTER TABLE visit ATTACH PARTITION visit_5 FOR VALUES IN (5);
SELECT * FROM seen('ATTACH PARTITION');
INSERT INTO visit_5 VALUES (52, 6, DEFAULT, 5);
SELECT * FROM seen('INSERT into it');
ALTER TABLE visit DETACH PARTITION visit_5;
SELECT * FROM seen('DETACH PARTITION');
ALTER TABLE visit ATTACH PARTITION visit_5 FOR VALUES IN (5);
DROP TABLE visit_5;
SELECT * FROM seen('DROP of a partition');
ALTER TABLE visit DETACH PARTITION visit_4 CONCURRENTLY;
SELECT * FROM seen('DETACH PARTITION CONCURRENTLY, empty');
INSERT INTO visit_4 VALUES (42, 5, DEFAULT, 4);
ALTER TABLE visit ATTACH PARTITION visit_4 FOR VALUES IN (4);
SELECT * FROM seen('ATTACH again');
ALTER TABLE visit DETACH PARTITION visit_4 CONCURRENTLY;
SELECT * FROM seen('DETACH PARTITION CONCURRENTLY');
TRUNCATE line;
SELECT * FROM seen('TRUNCATE');
INSERT INTO line SELECT g, 1 + g % 2, g FROM generate_series(1, 9) AS g;
TRUNCATE bill CASCADE;
SELECT * FROM seen('TRUNCATE CASCADE');

-- transactions
INSERT INTO bill SELECT g, g FROM generate_series(4, 8) AS g;
BEGIN;
INSERT INTO line VALUES (1, 4, 1);
SAVEPOINT s;
INSERT INTO line VALUES (2, 4, 2), (3, 5, 3);
ROLLBACK TO s;
SELECT differences();
INSERT INTO line VALUES (4, 5, 4);
RELEASE s;
SELECT differences();
COMMIT;
SELECT * FROM seen('savepoint rolled back');
BEGIN;
TRUNCATE line;
SELECT differences();
ROLLBACK;
SELECT * FROM seen('rolled back');
BEGIN;
INSERT INTO line VALUES (5, 6, 5);
PREPARE TRANSACTION 'paths_1';
SELECT * FROM seen('PREPARE TRANSACTION');
COMMIT PREPARED 'paths_1';
SELECT * FROM seen('COMMIT PREPARED');
BEGIN;
INSERT INTO line VALUES (6, 6, 5);
PREPARE TRANSACTION 'paths_2';
ROLLBACK PREPARED 'paths_2';
SELECT * FROM seen('ROLLBACK PREPARED');
SET session_replication_role = replica;
INSERT INTO line VALUES (7, 7, 5);
INSERT INTO visit VALUES (60, 7, DEFAULT, 1);
TRUNCATE visit_1;
RESET session_replication_role;
SELECT * FROM seen('session_replication_role = replica');
\t off

-- ---------- registering ----------

-- Nothing is filled under a snapshot older than the trigger: only refresh fills.
\pset format aligned
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT clientele.publish('paths');
COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ;
CALL clientele.refresh('paths');
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
CALL clientele.refresh('paths');
ROLLBACK;
CALL clientele.refresh('paths');
SELECT * FROM seen('published in a REPEATABLE READ transaction');

-- What cannot be captured is refused, with a reason and a way.
\set VERBOSITY default
CREATE VIEW line_view AS TABLE line;
CREATE MATERIALIZED VIEW line_copy AS TABLE line;
CREATE TEMPORARY TABLE line_temporary (LIKE line);
CREATE UNLOGGED TABLE line_unlogged (id int, at timestamptz);
CREATE TABLE line_parent (id int, at timestamptz);
CREATE TABLE line_child () INHERITS (line_parent);
CREATE FOREIGN DATA WRAPPER paths_wrapper;
CREATE SERVER paths_server FOREIGN DATA WRAPPER paths_wrapper;
CREATE FOREIGN TABLE line_far (id int, at timestamptz) SERVER paths_server;
CREATE TABLE line_mixed (id int, at timestamptz) PARTITION BY LIST (id);
CREATE FOREIGN TABLE line_mixed_1 PARTITION OF line_mixed FOR VALUES IN (1) SERVER paths_server;
SELECT clientele.add_source('paths', 'x', 'line_view', 'id', 'at');
SELECT clientele.add_source('paths', 'x', 'line_copy', 'id', 'at');
SELECT clientele.add_source('paths', 'x', 'line_temporary', 'id', 'at');
SELECT clientele.add_source('paths', 'x', 'line_unlogged', 'id', 'at');
SELECT clientele.add_source('paths', 'x', 'line_parent', 'id', 'at');
SELECT clientele.add_source('paths', 'x', 'line_child', 'id', 'at');
SELECT clientele.add_source('paths', 'x', 'line_far', 'id', 'at');
SELECT clientele.add_source('paths', 'x', 'line_mixed', 'id', 'at');

SELECT clientele.drop_population('paths');
DROP SCHEMA paths CASCADE;
DROP FOREIGN DATA WRAPPER paths_wrapper CASCADE;
