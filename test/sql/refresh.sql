-- Publish and refresh: a draft becomes a version, which is built and shown; then changed
-- facts and the passing of time are taken in.  The clock is told, so every step is seen.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET TimeZone = 'UTC';
CREATE ROLE regress_refresh_owner;
CREATE ROLE regress_refresh_reader;
CREATE SCHEMA refresh_shop AUTHORIZATION regress_refresh_owner;
GRANT CREATE ON DATABASE :DBNAME TO regress_refresh_owner;
SET clientele.clock = '2026-03-10 12:00+00';
SET SESSION AUTHORIZATION regress_refresh_owner;
CREATE TABLE refresh_shop.customer (id int PRIMARY KEY, gender text);
CREATE TABLE refresh_shop.payment (payment_id int, id int, paid_at timestamptz, amount numeric(12,2));
CREATE INDEX ON refresh_shop.payment (id, paid_at) INCLUDE (amount);
INSERT INTO refresh_shop.customer SELECT g, 'F' FROM generate_series(1, 7) AS g;
INSERT INTO refresh_shop.payment SELECT g, g, '2026-03-10 10:00+00'::timestamptz - g * interval '1 day', g * 60 FROM generate_series(1, 5) AS g;
SELECT clientele.create_population('refresh', 'refresh_shop.customer', 'id', 'Asia/Shanghai', 'refresh_segments');
SELECT clientele.add_source('refresh', 'payment', 'refresh_shop.payment', 'id', 'paid_at', amount => 'amount');
SELECT clientele.define_metric('refresh', 'spend', 'sum(payment.amount last 7 days)', 2);
SELECT clientele.define_metric('refresh', 'last_paid', 'days_since(latest(payment))');
SELECT clientele.define_ladder('refresh', 'tier', '[{"label":"gold","when":"spend >= 200"},{"label":"silver","when":"spend > 0"}]');
SELECT clientele.define_tag('refresh', 'big', 'spend >= 250', 'money');
SELECT clientele.define_tag('refresh', 'paid', 'count(payment) > 0');
SET client_min_messages = notice;

-- before there is a version
CALL clientele.refresh('refresh');
CALL clientele.refresh('nobody');
CALL clientele.refresh('refresh', 0);
CALL clientele.refresh(NULL);

-- a grid without cut points is not published; nothing is left of the attempt
SELECT clientele.define_rfm('refresh', 'grid', recency => 'latest(payment)', frequency => 'count(payment)', monetary => 'spend', scheme => 'eight', high_from => 4);
SELECT clientele.publish('refresh');
SELECT clientele.drop_definition('refresh', 'grid');

SELECT clientele.publish('refresh', 'never built');
SELECT clientele.publish('refresh', 'first');
-- three customers a batch, each a transaction
CALL clientele.refresh('refresh', 3);
SELECT * FROM refresh_segments.refresh ORDER BY id;
SELECT * FROM refresh_segments.refresh_tag ORDER BY id, tag;
SELECT id, name, label, valid_from, valid_to FROM refresh_segments.refresh_membership ORDER BY id, name;
-- nothing more to do
CALL clientele.refresh('refresh');

-- facts: a payment, one that is taken back, one who leaves, one who comes
INSERT INTO refresh_shop.payment VALUES (10, 6, '2026-03-10 11:00+00', 300);
DELETE FROM refresh_shop.payment WHERE payment_id = 1;
DELETE FROM refresh_shop.customer WHERE id = 5;
INSERT INTO refresh_shop.customer VALUES (8, 'M');
-- readers need not wait
SELECT id, spend, tier, tags FROM refresh_segments.refresh WHERE id IN (1, 5, 6, 8) ORDER BY id;
CALL clientele.refresh('refresh', 2);
SELECT id, spend, tier, tags FROM refresh_segments.refresh WHERE id IN (1, 5, 6, 8) ORDER BY id;
SELECT id, name, from_label, to_label, effective_at, cause, model_version
FROM refresh_segments.refresh_change WHERE cause <> 'publish' ORDER BY id, name;
-- in a transaction block all is one transaction
BEGIN;
INSERT INTO refresh_shop.payment VALUES (11, 7, '2026-03-10 11:00+00', 300);
CALL clientele.refresh('refresh');
INSERT INTO refresh_shop.payment VALUES (12, 7, '2026-03-10 11:30+00', 1);
SELECT spend, evaluated_at FROM refresh_segments.refresh WHERE id = 7;
ROLLBACK;
SELECT spend FROM refresh_segments.refresh WHERE id = 7;
CALL clientele.refresh('refresh');

-- everyone: a table that is emptied
BEGIN;
TRUNCATE refresh_shop.payment;
SELECT count(*) FILTER (WHERE spend > 0) AS spenders, count(*) FROM refresh_segments.refresh;
CALL clientele.refresh('refresh', 2);
SELECT count(*) FILTER (WHERE spend > 0) AS spenders, count(*) FROM clientele_data.refresh_stored_2;
ROLLBACK;

-- time: nobody has refreshed for a fortnight.  Each label left at its own instant.
RESET SESSION AUTHORIZATION;
SET clientele.clock = '2026-03-24 12:00+00';
SET SESSION AUTHORIZATION regress_refresh_owner;
SELECT id, last_paid, tier, tags FROM refresh_segments.refresh ORDER BY id;
CALL clientele.refresh('refresh', 2);
SELECT id, last_paid, tier, tags, due_at FROM refresh_segments.refresh ORDER BY id;
SELECT id, name, from_label, to_label, effective_at, recorded_at, cause
FROM refresh_segments.refresh_change WHERE cause = 'time' ORDER BY position;

-- another instant
SELECT id, spend, last_paid, tier, tags FROM refresh_segments.refresh_as_of('2026-03-11 12:00+08') ORDER BY id;
SELECT count(*) FROM refresh_segments.refresh_at;

-- a version with other columns: the old ones stay in their places
SELECT clientele.drop_definition('refresh', 'tier');
SELECT clientele.define_ladder('refresh', 'stage', '[{"label":"new","when":"count(payment) < 2"},{"label":"known"}]');
SELECT clientele.publish('refresh', 'stages for tiers');
CALL clientele.refresh('refresh');
SELECT * FROM refresh_segments.refresh WHERE id = 6;
SELECT name, from_label, to_label, cause, model_version, count(*) FROM refresh_segments.refresh_change
WHERE model_version = 3 GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3;
SELECT count(*) AS tables_of_version_2 FROM pg_class WHERE relname ~ '^refresh_(stored|stale|all|live)_2$';

-- a column keeps its type while it is there, and is there while somebody uses it
SELECT clientele.define_metric('refresh', 'tier', 'count(payment)');
SELECT clientele.publish('refresh');
CREATE VIEW refresh_shop.report AS SELECT id, tier FROM refresh_segments.refresh;
SELECT clientele.publish('refresh');
SELECT clientele.drop_column('refresh', 'tier');
DROP VIEW refresh_shop.report;
SELECT clientele.drop_column('refresh', 'spend');
SELECT clientele.drop_column('refresh', 'nonsense');
GRANT USAGE ON SCHEMA refresh_segments TO regress_refresh_reader;
GRANT SELECT ON refresh_segments.refresh TO regress_refresh_reader;
SELECT clientele.drop_column('refresh', 'tier');
SELECT clientele.publish('refresh');
CALL clientele.refresh('refresh');
SELECT attname, format_type(atttypid, atttypmod), col_description(attrelid, attnum)
FROM pg_attribute WHERE attrelid = 'refresh_segments.refresh'::regclass AND attnum > 0 ORDER BY attnum;
SELECT clientele.publish('refresh', 'nothing new');

-- one customer is found by his key in both branches
CREATE FUNCTION refresh_shop.plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    SET LOCAL enable_seqscan = off;
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        IF line ~ 'Scan on refresh|Scan using|Index Cond|Found By' THEN
            RETURN NEXT regexp_replace(line, '^[ >-]*', '');
        END IF;
    END LOOP;
END
$$;
SELECT * FROM refresh_shop.plan('SELECT id, tier FROM refresh_segments.refresh WHERE id = 6');
SELECT * FROM refresh_shop.plan('SELECT * FROM refresh_segments.refresh_as_of(''2026-03-11 12:00+08'') WHERE id = 6');

-- what the view shows needs no right but on the view
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_refresh_reader;
SELECT id, spend FROM refresh_segments.refresh WHERE id = 6;
SELECT * FROM clientele_data.refresh_stored_5;
SELECT clientele.publish('refresh');
CALL clientele.refresh('refresh');
RESET SESSION AUTHORIZATION;

-- progress is told when a batch is committed; the name of the application is given back
SET application_name = 'till';
CALL clientele.refresh('refresh');
SHOW application_name;
SELECT phase, done, total, finished_at IS NOT NULL AS finished FROM clientele.refresh_run
WHERE population_id = (SELECT population_id FROM clientele.population WHERE name = 'refresh') ORDER BY run;
SELECT * FROM clientele.refresh_progress WHERE population = 'refresh';
RESET application_name;

-- a broken source stops its refresh, and nobody else
SET SESSION AUTHORIZATION regress_refresh_owner;
ALTER TABLE refresh_shop.payment RENAME amount TO net;
INSERT INTO refresh_shop.payment VALUES (20, 7, '2026-03-24 11:00+00', 5);
CALL clientele.refresh('refresh');
ALTER TABLE refresh_shop.payment RENAME net TO amount;
CALL clientele.refresh('refresh');
SELECT spend FROM refresh_segments.refresh WHERE id = 7;
RESET SESSION AUTHORIZATION;

SET client_min_messages = warning;
SELECT clientele.drop_population('refresh');
DROP SCHEMA refresh_shop CASCADE;
REVOKE CREATE ON DATABASE :DBNAME FROM regress_refresh_owner;
DROP ROLE regress_refresh_owner, regress_refresh_reader;
