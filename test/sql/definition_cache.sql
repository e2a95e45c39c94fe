-- What a session has compiled and prepared, when tables change beneath it.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET TimeZone = 'UTC';
SET clientele.clock = '2026-03-10 12:00+00';
CREATE SCHEMA cache_shop;
SET search_path = cache_shop;

CREATE FUNCTION open_shop(key_type text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CREATE TABLE project (project_id int PRIMARY KEY, kind text);
    EXECUTE format('CREATE TABLE customer (id %s PRIMARY KEY)', key_type);
    EXECUTE format('CREATE TABLE payment (id %s, paid_at timestamptz, amount int, colour text, project_id int REFERENCES project)', key_type);
    INSERT INTO project SELECT g, 'kind ' || g FROM generate_series(1, 3) AS g;
    EXECUTE format('INSERT INTO customer SELECT g::text::%1$s FROM generate_series(1, 20) AS g', key_type);
    EXECUTE format('INSERT INTO payment SELECT (1 + g %% 20)::text::%1$s, ''2026-03-10 11:00+00'', g, ''red'', 2 FROM generate_series(1, 60) AS g', key_type);
    PERFORM clientele.create_population('cache', 'cache_shop.customer', 'id', 'Asia/Shanghai', 'cache_segments');
    PERFORM clientele.add_source('cache', 'payment', 'cache_shop.payment', 'id', 'paid_at', amount => 'amount');
    PERFORM clientele.define_metric('cache', 'spend', 'sum(payment.amount last 7 days)');
    PERFORM clientele.define_metric('cache', 'colour', 'mode(payment.colour last 7 days)');
    PERFORM clientele.define_metric('cache', 'kind', 'mode(payment.project_id.kind last 7 days)');
    PERFORM clientele.publish('cache');
END
$$;
CREATE FUNCTION close_shop() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM clientele.drop_population('cache');
    DROP TABLE customer, payment, project;
END
$$;
SELECT open_shop('int');
CALL clientele.refresh('cache');

-- ---------------------------------------------------------------------------
-- A scan fails in a transaction in which what it runs has become out of date.
-- ---------------------------------------------------------------------------

CREATE FUNCTION touch_and_fail(customer int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'GRANT SELECT ON payment TO PUBLIC';
    RAISE EXCEPTION 'no further';
END
$$;
CREATE FUNCTION read_and_fail(view text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SELECT touch_and_fail(id) FROM %s', view);
END
$$;
UPDATE payment SET amount = amount + 1;
SELECT read_and_fail('cache_segments.cache_as_of(''2026-03-10 12:00+00'')');
SELECT read_and_fail('cache_segments.cache');
SELECT count(*), sum(spend) FROM cache_segments.cache;

-- ---------------------------------------------------------------------------
-- A column of a table that a foreign key leads to gets another type.
-- ---------------------------------------------------------------------------

ALTER TABLE project ALTER COLUMN kind TYPE varchar(20);
SELECT kind, count(*) FROM cache_segments.cache GROUP BY kind;

-- what a metric answers, too: then its column does not fit any more
ALTER TABLE project ALTER COLUMN kind TYPE boolean USING true;
SELECT kind, count(*) FROM cache_segments.cache GROUP BY kind;
ALTER TABLE project ALTER COLUMN kind TYPE text USING 'kind 2';
ALTER TABLE payment ALTER COLUMN colour TYPE boolean USING true;
SELECT colour, count(*) FROM cache_segments.cache GROUP BY colour;
SELECT colour FROM cache_segments.cache WHERE id = 1;
ALTER TABLE payment ALTER COLUMN colour TYPE text USING 'blue';
SELECT kind, colour, count(*) FROM cache_segments.cache GROUP BY kind, colour;

-- ---------------------------------------------------------------------------
-- Another population of that name, whose keys are of another type.
-- ---------------------------------------------------------------------------

CALL clientele.refresh('cache');
SELECT count(*) FROM cache_segments.cache;
SELECT id, spend FROM cache_segments.cache WHERE id = ANY ('{1,2}') ORDER BY id;
SELECT id, spend FROM cache_segments.cache WHERE id >= 19 ORDER BY id;
SELECT close_shop();
SELECT open_shop('bigint');
CALL clientele.refresh('cache');
SELECT count(*) FROM cache_segments.cache;
SELECT id, spend FROM cache_segments.cache WHERE id = ANY ('{1,2}') ORDER BY id;
SELECT id, spend FROM cache_segments.cache WHERE id >= 19 ORDER BY id;
SELECT close_shop();
SELECT open_shop('text');
CALL clientele.refresh('cache');
SELECT count(*) FROM cache_segments.cache;
SELECT id, spend FROM cache_segments.cache WHERE id = ANY ('{1,2}') ORDER BY id;
SELECT id, spend FROM cache_segments.cache WHERE id >= '8' ORDER BY id;

-- ---------------------------------------------------------------------------
-- Stored rows whose columns are not as they were made.
-- ---------------------------------------------------------------------------

BEGIN;
ALTER TABLE clientele_data.cache_stored_1 ALTER id TYPE bigint USING id::bigint;
SAVEPOINT altered;
SELECT id FROM cache_segments.cache WHERE id = '8';
ROLLBACK TO altered;
SELECT count(*) FROM cache_segments.cache;
ROLLBACK;
BEGIN;
ALTER TABLE clientele_data.cache_stored_1 RENAME colour TO c;
ALTER TABLE clientele_data.cache_stored_1 RENAME spend TO colour;
ALTER TABLE clientele_data.cache_stored_1 RENAME c TO spend;
SELECT id, colour FROM cache_segments.cache WHERE id = ANY ('{1,2}');
ROLLBACK;

SELECT close_shop();
DROP SCHEMA cache_shop CASCADE;
RESET search_path;
