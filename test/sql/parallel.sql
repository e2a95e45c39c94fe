-- Foreign scans of everyone by several processes: every row, once, as one process reads it.
SET client_min_messages = warning;
SET TimeZone = 'UTC';
SET clientele.clock = '2026-06-30 12:00+00';
\set SHOW_CONTEXT never
CREATE SCHEMA parallel;

-- A population of 300 under keys of one type; n is a customer's number, parallel.key(n) his key.
CREATE PROCEDURE parallel.make(key_type text, key text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE FUNCTION parallel.key(n int) RETURNS %s IMMUTABLE RETURN (%s)::%1$s', split_part(key_type, ' COLLATE', 1), key);
    EXECUTE format('CREATE TABLE parallel.customer (id %s PRIMARY KEY, level int)', key_type);
    EXECUTE format('CREATE TABLE parallel.payment (customer_id %s, at timestamptz, net numeric(12,2))', key_type);
    CREATE INDEX ON parallel.payment (customer_id, at) INCLUDE (net);
    INSERT INTO parallel.customer SELECT parallel.key(n), n % 7 FROM generate_series(1, 300) AS n;
    INSERT INTO parallel.payment SELECT parallel.key(1 + i * i % 311), '2026-06-30 12:00+00'::timestamptz - i % 97 * interval '11 hours', i
    FROM generate_series(1, 3000) AS i;
    PERFORM clientele.create_population('parallel', 'parallel.customer', 'id', 'UTC', 'parallel');
    PERFORM clientele.add_source('parallel', 'payment', 'parallel.payment', 'customer_id', 'at', amount => 'net');
    PERFORM clientele.define_metric('parallel', 'spend', 'sum(payment.net last 20 days)', 2);
    PERFORM clientele.define_metric('parallel', 'visits', 'count(payment)');
    PERFORM clientele.define_metric('parallel', 'share', 'spend / level', 2);
    PERFORM clientele.define_metric('parallel', 'away', 'days_since(latest(payment))');
    PERFORM clientele.define_tag('parallel', 'big', 'spend > 9000');
    PERFORM clientele.define_tag('parallel', 'level three', 'level = 3');
    PERFORM clientele.publish('parallel');
    CALL clientele.refresh('parallel');
    ANALYZE parallel.customer, parallel.payment;
END
$$;

CREATE PROCEDURE parallel.unmake()
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM clientele.drop_population('parallel', keep_tables => false);
    DROP TABLE parallel.customer, parallel.payment;
    DROP FUNCTION parallel.key;
END
$$;

-- Plans are serial, or parallel wherever they can be; the leader takes part in them, or not.
CREATE PROCEDURE parallel.force(workers int, leader boolean DEFAULT true)
LANGUAGE sql AS $$
    SELECT set_config('parallel_setup_cost', '0', false), set_config('parallel_tuple_cost', '0', false),
           set_config('min_parallel_table_scan_size', '0', false), set_config('max_parallel_workers_per_gather', workers::text, false),
           set_config('parallel_leader_participation', leader::text, false)
$$;

CREATE FUNCTION parallel.is_parallel(query text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN ' || query LOOP
        IF line LIKE '%Parallel Foreign Scan%' THEN RETURN true; END IF;
    END LOOP;
    RETURN false;
END
$$;

-- The rows of a query, and how many are others in a parallel plan, with its leader and without.
CREATE FUNCTION parallel.compare(query text, OUT parallel boolean, OUT rows bigint, OUT wrong bigint)
LANGUAGE plpgsql AS $$
DECLARE
    more bigint;
BEGIN
    CALL parallel.force(0);
    EXECUTE 'CREATE TEMP TABLE serial AS SELECT q::text AS line FROM (' || query || ') AS q';
    parallel := true;
    wrong := 0;
    FOR leader IN 0 .. 1 LOOP
        CALL parallel.force(2, leader = 1);
        parallel := parallel AND parallel.is_parallel(query);
        EXECUTE 'CREATE TEMP TABLE divided AS SELECT q::text AS line FROM (' || query || ') AS q';
        SELECT count(*) INTO more
        FROM ((TABLE serial EXCEPT ALL TABLE divided) UNION ALL (TABLE divided EXCEPT ALL TABLE serial)) AS d;
        wrong := wrong + more;
        DROP TABLE divided;
    END LOOP;
    CALL parallel.force(0);
    rows := (SELECT count(*) FROM serial);
    DROP TABLE serial;
END
$$;

-- What the planner takes for the bounds between which there are as many customers.
CREATE PROCEDURE parallel.pretend(bounds text)
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE pg_statistic SET stavalues1 = array_in(textout(bounds), 'bigint'::regtype, -1)
    WHERE starelid = 'parallel.customer'::regclass AND staattnum = 1 AND stakind1 = 2;
    IF NOT FOUND THEN RAISE 'the statistics have another form'; END IF;
END
$$;

-- Everyone, and ranges, in every way in which keys and statistics can be.
CREATE FUNCTION parallel.questions(OUT question text, OUT parallel boolean, OUT rows bigint, OUT wrong bigint) RETURNS SETOF record
LANGUAGE plpgsql AS $$
DECLARE
    range text := (SELECT format('id >= %L AND id < %L', min(id::text) FILTER (WHERE place = 41), min(id::text) FILTER (WHERE place = 221))
                   FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM parallel.customer) AS c);
    place text;
BEGIN
    FOR place IN SELECT unnest(ARRAY['parallel.parallel', 'parallel.parallel_as_of(''2026-06-21 03:00+00'')',
                                     'parallel.parallel_at WHERE as_of = (SELECT timestamptz ''2026-06-01'')']) LOOP
        question := place;
        SELECT c.* INTO parallel, rows, wrong FROM parallel.compare('SELECT * FROM ' || place) AS c;
        RETURN NEXT;
        question := place || ', 180 keys';
        SELECT c.* INTO parallel, rows, wrong
        FROM parallel.compare(format('SELECT * FROM %s %s %s', place, CASE WHEN place LIKE '%WHERE%' THEN 'AND' ELSE 'WHERE' END, range)) AS c;
        parallel := CASE WHEN place LIKE '%as_of%' THEN parallel END; -- a few stored rows, majors may divide or not
        RETURN NEXT;
    END LOOP;
END
$$;

CREATE FUNCTION parallel.wrong() RETURNS bigint
LANGUAGE sql AS 'SELECT sum(wrong) FROM parallel.questions()';

CALL parallel.make('bigint', 'n * 1000000007::bigint');
SELECT * FROM parallel.questions();

-- a summary is counted where customers are evaluated
CALL parallel.force(2);
EXPLAIN (COSTS OFF) SELECT count(*), sum(spend) FROM parallel.parallel_as_of('2026-06-21');
SELECT * FROM parallel.compare('SELECT tags, count(*), sum(spend), min(due_at) FROM parallel.parallel_as_of(''2026-06-21'') GROUP BY 1');
SELECT * FROM parallel.compare('SELECT tags, count(*), sum(spend), min(due_at) FROM parallel.parallel GROUP BY 1');
SELECT * FROM parallel.compare('SELECT a.id, a.spend, b.spend FROM parallel.parallel_as_of(''2026-06-21'') AS a JOIN parallel.parallel AS b USING (id)');

-- again and again
SET enable_material = off;
SELECT * FROM parallel.compare('SELECT * FROM generate_series(1, 3) AS g LEFT JOIN LATERAL
    (SELECT count(*), sum(spend), max(id) FROM parallel.parallel_as_of(''2026-06-21'') OFFSET 0) AS a ON g > 0');
SELECT * FROM parallel.compare('SELECT * FROM generate_series(1, 3) AS g LEFT JOIN LATERAL
    (SELECT count(*), sum(spend), max(id) FROM parallel.parallel OFFSET 0) AS a ON g > 0');
RESET enable_material;

-- some of it
SELECT * FROM parallel.compare('SELECT count(*), count(DISTINCT id) FROM (SELECT * FROM parallel.parallel_as_of(''2026-06-21'') LIMIT 17) AS l');
SELECT * FROM parallel.compare('SELECT count(*) FROM parallel.parallel_as_of(''2026-06-21'') WHERE id < 0');
SELECT * FROM parallel.compare('SELECT count(*) FROM parallel.parallel_as_of(''2026-06-21'') WHERE id >= 290000002030 AND id < 9000000000000000000');
SELECT rows, wrong FROM parallel.compare('SELECT count(*) FROM parallel.parallel_as_of(''2026-06-21'') WHERE id >= 5 AND id < NULL::bigint');
CALL parallel.force(2, false);
BEGIN;
DECLARE c CURSOR FOR SELECT id, visits FROM parallel.parallel_as_of('2026-06-21') ORDER BY id;
FETCH 2 FROM c;
COMMIT;

-- whose bounds are known only when it is run
SET plan_cache_mode = force_generic_plan;
PREPARE portion(timestamptz, bigint) AS SELECT count(*), sum(visits) FROM clientele_data.parallel_all_1 WHERE as_of = $1 AND id >= $2;
EXPLAIN (COSTS OFF) EXECUTE portion('2026-06-21', 50000000000);
EXECUTE portion('2026-06-21', 50000000351);
EXECUTE portion('2026-06-21', 9000000000000000000);
EXECUTE portion('2026-06-21', NULL);
CALL parallel.force(0);
DEALLOCATE portion;
PREPARE portion(timestamptz, bigint) AS SELECT count(*), sum(visits) FROM clientele_data.parallel_all_1 WHERE as_of = $1 AND id >= $2;
EXECUTE portion('2026-06-21', 50000000351);
DEALLOCATE portion;
RESET plan_cache_mode;

-- Values that could not be had are counted, whoever could not have them.
SELECT population_id AS this FROM clientele.population WHERE name = 'parallel' \gset
SELECT clientele.failed_values(:this) \g /dev/null
SELECT count(share) FROM parallel.parallel_as_of('2026-06-21');
SELECT clientele.failed_values(:this);
CALL parallel.force(2, false);
SELECT count(share) FROM parallel.parallel_as_of('2026-06-21');
SELECT clientele.failed_values(:this);
CALL parallel.force(2);
SELECT count(share) FROM parallel.parallel_as_of('2026-06-21');
SELECT clientele.failed_values(:this);

-- Facts that changed: of one's own transaction, too, and in one instant for all.
BEGIN ISOLATION LEVEL SERIALIZABLE;
DELETE FROM parallel.customer WHERE id % 5 = 0;
INSERT INTO parallel.payment SELECT id, '2026-06-30 11:00+00', 500 FROM parallel.customer WHERE id % 3 = 0;
SELECT * FROM parallel.questions();
CALL parallel.force(2, false);
RESET clientele.clock;
SELECT count(DISTINCT evaluated_at) FROM parallel.parallel WHERE evaluated_at <> '2026-06-30 12:00+00';
ROLLBACK;

-- How many stale customers one query may evaluate is told by all of them.
UPDATE parallel.customer SET level = level + 1 WHERE id < 100000000000;
CALL parallel.force(2, false);
SET clientele.live_limit = 99;
SELECT count(*) FROM parallel.parallel;
SET clientele.live_limit = 98;
SELECT count(*) FROM parallel.parallel;
SELECT clientele.mark_all('parallel') \g /dev/null
SELECT count(*) FROM parallel.parallel;
RESET clientele.live_limit;
SELECT parallel.wrong();

-- What a worker finds wrong is the caller's error; the next query goes on.
CALL parallel.force(2, false);
SELECT count(*) FROM parallel.parallel_as_of('2026-06-21') WHERE 1 / (visits - visits) = 1;
SELECT count(*) FROM parallel.parallel_as_of('2026-06-21');

-- Whoever may read the view.
CREATE ROLE regress_parallel_reader;
GRANT USAGE ON SCHEMA parallel TO regress_parallel_reader;
GRANT SELECT ON parallel.parallel, parallel.parallel_at TO regress_parallel_reader;
SET ROLE regress_parallel_reader;
SELECT count(*), sum(visits) FROM parallel.parallel_as_of('2026-06-21');
SELECT count(*), sum(visits) FROM parallel.parallel;
RESET ROLE;

-- Statistics: old, of other customers, of hardly any, out of order; and none.
DELETE FROM parallel.customer WHERE id BETWEEN 30000000000 AND 200000000000;
INSERT INTO parallel.customer SELECT parallel.key(n), n % 7 FROM generate_series(-100, 0) AS n;
INSERT INTO parallel.customer SELECT parallel.key(n), n % 7 FROM generate_series(301, 500) AS n;
SELECT parallel.wrong();
CALL parallel.pretend('{-5,-4,-3,-2}');
SELECT parallel.wrong();
CALL parallel.pretend('{1,400000002800,900000000000000000}');
SELECT parallel.wrong();
CALL parallel.pretend('{400000002800,9,250000001750,9,250000001750,9,-7,300000002100,10,400000002800}');
SELECT parallel.wrong();
CALL parallel.pretend('{7,7}');
SELECT parallel, rows FROM parallel.questions();
DELETE FROM pg_statistic WHERE starelid = 'parallel.customer'::regclass;
SELECT parallel, rows FROM parallel.questions();

-- Without an index to find a range's events, each process reads them all, once.
ANALYZE parallel.customer;
SET enable_indexscan = off;
SET enable_indexonlyscan = off;
SET enable_bitmapscan = off;
SELECT * FROM parallel.questions();
CALL parallel.force(2);
SELECT * FROM clientele.verify('parallel');
RESET enable_indexscan;
RESET enable_indexonlyscan;
RESET enable_bitmapscan;
CALL parallel.unmake();
DROP OWNED BY regress_parallel_reader;
DROP ROLE regress_parallel_reader;

-- Other keys.
CALL parallel.make('uuid', 'md5(n::text)');
SELECT * FROM parallel.questions();
CALL parallel.unmake();
CALL parallel.make('int', 'n - 150');
SELECT parallel.wrong();
CALL parallel.unmake();

-- Text under collations that not every server has, which sort otherwise than bytes do.
CREATE TABLE parallel.shown (collation_name text, parallel boolean, rows bigint, wrong bigint);
DO $$
DECLARE
    collation_name text;
    names text[] := ARRAY(SELECT DISTINCT c.collname FROM pg_collation AS c
                          WHERE c.collname IN ('en_US', 'en_US.utf8', 'en-x-icu', 'zh-x-icu')
                            AND c.collencoding IN (-1, (SELECT encoding FROM pg_database WHERE datname = current_database())));
BEGIN
    FOREACH collation_name IN ARRAY names || 'C'::text LOOP
        CALL parallel.make(format('text COLLATE %I', collation_name), '(ARRAY[''k'', ''K'', ''客'', ''é'', ''e''])[1 + n % 5] || n');
        INSERT INTO parallel.shown SELECT collation_name, bool_or(q.parallel), sum(q.rows), sum(q.wrong) FROM parallel.questions() AS q;
        CALL parallel.unmake();
    END LOOP;
END
$$;
SELECT DISTINCT parallel, rows, wrong FROM parallel.shown;
DROP SCHEMA parallel CASCADE;
