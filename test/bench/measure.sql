-- How a case is timed, and the table of results.

CREATE EXTENSION clientele;
CREATE SCHEMA bench;

CREATE TABLE bench.comparison (
    position int GENERATED ALWAYS AS IDENTITY,
    name text PRIMARY KEY,
    target float8                       -- ours / plain SQL, at most; NULL: for information
);

-- One run of one query.
CREATE TABLE bench.run (
    name text NOT NULL REFERENCES bench.comparison,
    side text NOT NULL CHECK (side IN ('clientele', 'plain SQL')),
    milliseconds float8 NOT NULL,
    plan text NOT NULL                  -- its nodes, from the top down
);

CREATE FUNCTION bench.nodes(plan json) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN concat_ws(' < ',
        concat_ws(' ', plan ->> 'Partial Mode', plan ->> 'Strategy', plan ->> 'Node Type'),
        bench.nodes(plan -> 'Plans' -> 0));
END $$;
ALTER FUNCTION bench.nodes STRICT;

-- Runs a query without sending its result: EXPLAIN ANALYZE computes every column
-- of every row, as for a client, and throws them away.
CREATE FUNCTION bench.compute(query text, OUT milliseconds float8, OUT plan text) LANGUAGE plpgsql AS $$
DECLARE
    answer json;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ' || query INTO answer;
    milliseconds := answer -> 0 ->> 'Execution Time';
    plan := bench.nodes(answer -> 0 -> 'Plan');
END $$;

-- Runs a query and writes its result as a client would get it, to nowhere.
CREATE FUNCTION bench.deliver(query text, OUT milliseconds float8, OUT plan text) LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz := clock_timestamp();
BEGIN
    EXECUTE format('COPY (%s) TO ''/dev/null''', query);
    milliseconds := extract(epoch FROM clock_timestamp() - started) * 1000;
    plan := 'Copy';
END $$;

-- Runs both sides in turn, so that whatever else the machine does meets both.
-- The first round warms up and does not count.
CREATE PROCEDURE bench.compare(name text, rounds int, target float8, ours text, theirs text, how text DEFAULT 'compute')
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO bench.comparison (name, target) VALUES (compare.name, compare.target);
    FOR round IN 0 .. rounds LOOP
        EXECUTE format('INSERT INTO bench.run SELECT $1, ''clientele'', r.* FROM bench.%I($2) AS r', how)
        USING name, ours;
        EXECUTE format('INSERT INTO bench.run SELECT $1, ''plain SQL'', r.* FROM bench.%I($2) AS r', how)
        USING name, theirs;
        IF round = 0 THEN
            DELETE FROM bench.run AS r WHERE r.name = compare.name;
        END IF;
        COMMIT;
    END LOOP;
END $$;

-- Stops the measurements where a query, which looks for differences, finds one.
CREATE FUNCTION bench.no_rows(query text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    differences bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM (%s) AS q', query) INTO differences;
    IF differences > 0 THEN
        RAISE EXCEPTION 'the two sides differ in % rows: %', differences, query;
    END IF;
END $$;

-- The most memory of its own that this backend ever had, in kilobytes, with the
-- shared memory that is mapped whether it is used or not.
CREATE FUNCTION bench.peak() RETURNS bigint LANGUAGE sql AS
    $$ SELECT substring(pg_read_file('/proc/self/status', 0, 8192) FROM 'VmPeak:\s+(\d+)')::bigint $$;
CREATE TABLE bench.memory (what text, number_of_rows int, kilobytes bigint);
