
-- Refresh: builds a published version and shows it; then takes in what changed, and what
-- time alone has changed.  src/refresh/refresh.c does it; here is what it calls, and where it notes how far it is.

CREATE TABLE clientele.refresh_run (
    population_id int NOT NULL,
    run bigint GENERATED ALWAYS AS IDENTITY,
    pid int NOT NULL DEFAULT pg_backend_pid(),
    phase text NOT NULL,
    done bigint NOT NULL DEFAULT 0,
    total bigint NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    phase_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    failed_values bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (population_id, run)
) USING heap;
COMMENT ON TABLE clientele.refresh_run IS 'refreshes that had something to do: the last twenty of each population';
COMMENT ON SEQUENCE clientele.refresh_run_run_seq IS 'numbers of refreshes';
COMMENT ON COLUMN clientele.refresh_run.population_id IS 'what is refreshed';
COMMENT ON COLUMN clientele.refresh_run.run IS 'number of the refresh';
COMMENT ON COLUMN clientele.refresh_run.pid IS 'the server process at work';
COMMENT ON COLUMN clientele.refresh_run.phase IS 'the last in which there was something to do: build: a new version; facts: customers of whom something changed; time: rows that have come due; backfill: history';
COMMENT ON COLUMN clientele.refresh_run.done IS 'customers, marks or steps done in this phase';
COMMENT ON COLUMN clientele.refresh_run.total IS 'those there were when the phase began';
COMMENT ON COLUMN clientele.refresh_run.started_at IS 'when the refresh began to work';
COMMENT ON COLUMN clientele.refresh_run.phase_at IS 'when the phase began';
COMMENT ON COLUMN clientele.refresh_run.updated_at IS 'when the last batch was done';
COMMENT ON COLUMN clientele.refresh_run.finished_at IS 'when all was done; NULL: at work, or broken off';
COMMENT ON COLUMN clientele.refresh_run.failed_values IS 'values that are NULL because they could not be computed: a division by zero, a number too large';

SELECT pg_extension_config_dump('clientele.refresh_run', 'WHERE finished_at IS NOT NULL');
SELECT pg_extension_config_dump('clientele.refresh_run_run_seq', '');

CREATE VIEW clientele.refresh_progress AS
SELECT p.name AS population, r.phase, r.done, greatest(r.total, r.done) AS total,
       round((r.done / nullif(extract(epoch FROM r.updated_at - r.phase_at), 0))::numeric, 1) AS rate,
       CASE WHEN r.done > 0 THEN
           r.updated_at + (r.updated_at - r.phase_at) * (greatest(r.total - r.done, 0)::float8 / r.done) END AS eta,
       r.started_at, r.updated_at
FROM clientele.refresh_run AS r JOIN clientele.population AS p USING (population_id)
WHERE r.finished_at IS NULL
  AND EXISTS (SELECT FROM pg_stat_get_activity(r.pid) AS a WHERE (a.backend_start > r.started_at) IS NOT TRUE);
COMMENT ON VIEW clientele.refresh_progress IS 'refreshes at work, as their last commit left them';
GRANT SELECT ON clientele.refresh_progress TO PUBLIC;
COMMENT ON COLUMN clientele.refresh_progress.population IS 'what is refreshed';
COMMENT ON COLUMN clientele.refresh_progress.phase IS 'build: a new version; facts: customers of whom something changed; time: rows that have come due; backfill: history that is filled in';
COMMENT ON COLUMN clientele.refresh_progress.done IS 'customers, marks or steps done in this phase';
COMMENT ON COLUMN clientele.refresh_progress.total IS 'those there were when the phase began; steps of time may become more';
COMMENT ON COLUMN clientele.refresh_progress.rate IS 'done per second';
COMMENT ON COLUMN clientele.refresh_progress.eta IS 'when the phase will end at this rate';
COMMENT ON COLUMN clientele.refresh_progress.started_at IS 'when the refresh began to work';
COMMENT ON COLUMN clientele.refresh_progress.updated_at IS 'when the last batch was done';

CREATE FUNCTION clientele.note_progress(population_id int, run bigint, phase text, done bigint, total bigint, finished boolean)
RETURNS bigint LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    number bigint := run;
BEGIN
    IF number IS NULL THEN
        DELETE FROM clientele.refresh_run AS r
        WHERE r.population_id = $1
          AND r.run < (SELECT min(run) FROM (SELECT run FROM clientele.refresh_run AS k WHERE k.population_id = $1
                                             ORDER BY run DESC LIMIT 19) AS kept);
        PERFORM clientele.failed_values($1);
        INSERT INTO clientele.refresh_run (population_id, phase, total) VALUES ($1, $3, $5) RETURNING run INTO number;
    END IF;
    IF finished THEN
        UPDATE clientele.refresh_run AS r
        SET updated_at = clock_timestamp(), finished_at = clock_timestamp(),
            failed_values = r.failed_values + clientele.failed_values($1)
        WHERE r.population_id = $1 AND r.run = number;
    ELSE
        UPDATE clientele.refresh_run AS r
        SET phase = $3, done = $4, total = $5, updated_at = clock_timestamp(),
            failed_values = r.failed_values + clientele.failed_values($1),
            phase_at = CASE r.phase WHEN $3 THEN r.phase_at ELSE clock_timestamp() END
        WHERE r.population_id = $1 AND r.run = number;
    END IF;
    RETURN number;
END
$$;
REVOKE ALL ON FUNCTION clientele.note_progress(int, bigint, text, bigint, bigint, boolean) FROM PUBLIC;
COMMENT ON FUNCTION clientele.note_progress(int, bigint, text, bigint, bigint, boolean) IS 'internal: writes down how far a refresh has come; run NULL begins one';

-- Shows a version that is built.  Whoever is reading a view keeps its definition from
-- being replaced, and would make the others queue behind us: try, leave, try again.
CREATE FUNCTION clientele.switch_version(population_id int, version int) RETURNS boolean
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM set_config('lock_timeout', '2s', true) WHERE current_setting('lock_timeout') = '0';
    FOR try IN 1 .. 3 LOOP
        BEGIN
            PERFORM clientele.show_version(population_id, version);
            PERFORM clientele.begin_history(population_id, version);
            PERFORM clientele.need_promotion_views(p) FROM clientele.population AS p WHERE p.population_id = switch_version.population_id;
            UPDATE clientele.population AS p SET live_version = switch_version.version, next_version = NULL
            WHERE p.population_id = switch_version.population_id;
            UPDATE clientele.version AS v SET shown_at = clock_timestamp()
            WHERE (v.population_id, v.version) = (switch_version.population_id, switch_version.version);
            RETURN true;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            NULL;
        END;
    END LOOP;
    RETURN false;
END
$$;
REVOKE ALL ON FUNCTION clientele.switch_version(int, int) FROM PUBLIC;
COMMENT ON FUNCTION clientele.switch_version(int, int) IS 'internal: makes a built version the one that readers see; false: the views were in use';

CREATE PROCEDURE clientele.refresh(population text, batch int DEFAULT NULL)
    AS 'MODULE_PATHNAME', 'clientele_refresh' LANGUAGE C;
COMMENT ON PROCEDURE clientele.refresh(text, int) IS 'builds and shows a published version, takes in changed facts and what has come due; commits after each batch of customers (10,000, or 100,000 of a version being built, unless the call says how many), except in a transaction block. May be stopped, killed and called again at any time';
