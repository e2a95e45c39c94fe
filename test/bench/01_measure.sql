-- How a case is timed, and the table of results.

CREATE EXTENSION clientele;
CREATE SCHEMA bench;

-- One run of one query.
CREATE TABLE bench.run (
    case_name text NOT NULL,
    side text NOT NULL CHECK (side IN ('clientele', 'plain SQL')),
    milliseconds float8 NOT NULL
);

-- The time of a query without sending its result: EXPLAIN ANALYZE computes
-- every column of every row, as for a client, and throws them away.
CREATE FUNCTION bench.milliseconds(query text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ' || query INTO plan;
    RETURN plan -> 0 ->> 'Execution Time';
END $$;

-- Runs both sides in turn: whatever else the machine does meets both.
CREATE PROCEDURE bench.compare(case_name text, rounds int, ours text, theirs text) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM bench.milliseconds(ours), bench.milliseconds(theirs);
    FOR round IN 1 .. rounds LOOP
        INSERT INTO bench.run VALUES (case_name, 'clientele', bench.milliseconds(ours));
        INSERT INTO bench.run VALUES (case_name, 'plain SQL', bench.milliseconds(theirs));
        COMMIT;
    END LOOP;
END $$;
