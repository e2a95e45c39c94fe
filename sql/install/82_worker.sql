
-- The background worker: what it asks the catalog, what it leaves there, and starting it
-- by hand.

CREATE TABLE clientele.worker_failure (
    population_id int PRIMARY KEY,
    failures int NOT NULL,
    failed_at timestamptz NOT NULL,
    message text NOT NULL,
    hint text
) USING heap;
COMMENT ON TABLE clientele.worker_failure IS 'populations that the worker could not refresh when it last tried';
COMMENT ON COLUMN clientele.worker_failure.population_id IS 'what could not be refreshed';
COMMENT ON COLUMN clientele.worker_failure.failures IS 'how many times in a row';
COMMENT ON COLUMN clientele.worker_failure.failed_at IS 'when, the last time';
COMMENT ON COLUMN clientele.worker_failure.message IS 'why, the last time';
COMMENT ON COLUMN clientele.worker_failure.hint IS 'what to do about it, if the error said so';

-- A restored database has a worker of its own, which finds out.
SELECT pg_extension_config_dump('clientele.worker_failure', 'WHERE false');

CREATE FUNCTION clientele.note_worker_outcome(population_id int, failures int, message text, hint text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
BEGIN
    DELETE FROM clientele.worker_failure AS f WHERE f.population_id = $1;
    INSERT INTO clientele.worker_failure
    SELECT p.population_id, $2, clock_timestamp(), $3, $4
    FROM clientele.population AS p WHERE p.population_id = $1 AND $3 IS NOT NULL;
END
$$;
REVOKE ALL ON FUNCTION clientele.note_worker_outcome(int, int, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.note_worker_outcome(int, int, text, text) IS 'internal: why a population could not be refreshed; message NULL: it could';

CREATE FUNCTION clientele.refresh_wanted(population_id int, OUT wanted boolean, OUT due_at timestamptz)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    population clientele.population;
BEGIN
    SELECT * INTO population FROM clientele.population AS p WHERE p.population_id = $1;
    wanted := population.next_version IS NOT NULL;
    IF wanted OR population.live_version IS NULL OR population.capture_paused THEN
        RETURN;
    END IF;
    SELECT r.marked, r.due_at INTO wanted, due_at
    FROM clientele.owner_read(population.owner, format('SELECT EXISTS (SELECT FROM %s), (SELECT min(due_at) FROM %s)',
         clientele.data_table(population.name, 'mark'),
         clientele.data_table(population.name, 'stored', population.live_version))) AS r (marked boolean, due_at timestamptz);
    wanted := wanted OR coalesce(due_at <= clientele.wall_clock(), false);
END
$$;
REVOKE ALL ON FUNCTION clientele.refresh_wanted(int) FROM PUBLIC;
COMMENT ON FUNCTION clientele.refresh_wanted(int) IS 'internal: whether a refresh has something to do; if not, when time alone will give it something (NULL = never)';

CREATE FUNCTION clientele.wake_worker() RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_wake_worker' LANGUAGE C;
REVOKE ALL ON FUNCTION clientele.wake_worker() FROM PUBLIC;
COMMENT ON FUNCTION clientele.wake_worker() IS 'internal: when this transaction commits, the worker looks what there is to do';

-- ---------------------------------------------------------------------------
-- By hand
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.launch_worker(database name) RETURNS int
    AS 'MODULE_PATHNAME', 'clientele_launch_worker' LANGUAGE C STRICT;
REVOKE ALL ON FUNCTION clientele.launch_worker(name) FROM PUBLIC;
COMMENT ON FUNCTION clientele.launch_worker(name) IS 'internal: starts a worker, whether there is one or not';

CREATE FUNCTION clientele.worker_is_listed(database name) RETURNS boolean
    AS 'MODULE_PATHNAME', 'clientele_worker_is_listed' LANGUAGE C STABLE STRICT;
REVOKE ALL ON FUNCTION clientele.worker_is_listed(name) FROM PUBLIC;
COMMENT ON FUNCTION clientele.worker_is_listed(name) IS 'internal: whether the server keeps a worker in that database by itself';

CREATE FUNCTION clientele.refuse_listed() RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF clientele.worker_is_listed(current_database()) THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('the server itself keeps a worker in database "%s"', current_database()),
            HINT = 'Edit clientele.databases, where it is listed, and SELECT pg_reload_conf();';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION clientele.refuse_listed() FROM PUBLIC;
COMMENT ON FUNCTION clientele.refuse_listed() IS 'internal: an error where workers are not started and stopped by hand';

CREATE FUNCTION clientele.worker_pid() RETURNS int
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'clientele worker' LIMIT 1 $$;
REVOKE ALL ON FUNCTION clientele.worker_pid() FROM PUBLIC;
COMMENT ON FUNCTION clientele.worker_pid() IS 'internal: the process of this database''s worker; NULL = there is none';

CREATE FUNCTION clientele.start_worker() RETURNS int
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM clientele.refuse_listed();
    IF clientele.worker_pid() IS NULL THEN
        PERFORM clientele.launch_worker(current_database());
        -- A moment passes until it has connected, or has failed to.
        FOR try IN 1 .. 500 LOOP
            PERFORM pg_stat_clear_snapshot(), pg_sleep(0.02);
            EXIT WHEN clientele.worker_pid() IS NOT NULL;
        END LOOP;
        IF clientele.worker_pid() IS NULL THEN
            RAISE object_not_in_prerequisite_state USING
                MESSAGE = 'the clientele worker has not connected to the database',
                HINT = 'The server''s log says why.';
        END IF;
    END IF;
    RETURN clientele.worker_pid();
END
$$;
REVOKE ALL ON FUNCTION clientele.start_worker() FROM PUBLIC;
COMMENT ON FUNCTION clientele.start_worker() IS 'starts a background worker that keeps this database''s populations fresh, if there is none; returns its process. When the server stops or crashes it is gone: for one that comes back list the database in clientele.databases';

CREATE FUNCTION clientele.stop_worker() RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM clientele.refuse_listed();
    RETURN coalesce(pg_terminate_backend(clientele.worker_pid(), 10000), false);
END
$$;
REVOKE ALL ON FUNCTION clientele.stop_worker() FROM PUBLIC;
COMMENT ON FUNCTION clientele.stop_worker() IS 'ends the worker that start_worker has started, and waits for it (10 s at most); false: there was none';
