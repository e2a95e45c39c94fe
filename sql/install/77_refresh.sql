
-- Refresh: builds a published version and shows it; then takes in what changed, and what
-- time alone has changed.  src/refresh.c drives the statements that are written here.

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
COMMENT ON COLUMN clientele.refresh_run.phase IS 'the last in which there was something to do: build: a new version; facts: customers of whom something changed; time: rows that have come due';
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
COMMENT ON COLUMN clientele.refresh_progress.phase IS 'build: a new version; facts: customers of whom something changed; time: rows that have come due';
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

-- ---------------------------------------------------------------------------
-- The statements of a refresh
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.flips(labelled text[], old_labels text[], new_labels text[], old_tags text[], new_tags text[],
    OUT names text[], OUT from_labels text[], OUT to_labels text[])
    AS 'MODULE_PATHNAME', 'clientele_flips' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clientele.flips(text[], text[], text[], text[], text[]) IS 'what is different between two rows of a customer, by name; NULL = nothing. Of what has labels the names and labels; the tags; names and tags in bytewise order, NULL = none';

-- Not for callers, but executed by the population's owner.
CREATE FUNCTION clientele.evaluate_at(table_row anyelement, keys anycompatiblearray, instants timestamptz[])
    RETURNS SETOF anyelement AS 'MODULE_PATHNAME', 'clientele_evaluate_at' LANGUAGE C STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION clientele.evaluate_at(anyelement, anycompatiblearray, timestamptz[]) IS 'internal: rows of the foreign table whose row type is given, each key at the instant beside it; only for the population''s owner';

-- What a refresh does to one version's tables, as statements for the owner to run:
--   build   $1 clock: the rows of customers, to which the caller adds key bounds $2, $3
--   facts   $1 keys, $2 clock: evaluates these customers now
--   time    $1 number of rows, $2 clock: the rows that came due first, each at its own instant
-- The last two, in one statement and so in one snapshot, evaluate, write the rows that
-- became different and log the flips; they return how many were asked for, written, logged.
CREATE FUNCTION clientele.refresh_statement(population_id int, version int, kind text) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    population clientele.population;
    stored text;
    every text;
    key text;
    columns text;           -- , "a", "b"
    evaluated text;         -- , a."a", a."b"
    fresh text;             -- , f."a" AS n1, f."b" AS n2
    new text;               -- , p.n1, p.n2
    overwrite text;         -- "a" = excluded."a", ...
    differ text;            -- OR w.o1 IS DISTINCT FROM f."a" ...
    old text;               -- , s."a" AS o1, s."b" AS o2
    old_labels text;        -- , w.o2
    labels text;            -- '{b}', ARRAY[p.o2]::text[], ARRAY[p.n2]::text[]
    wanted text;
    source text;
BEGIN
    SELECT * INTO STRICT population FROM clientele.population AS p WHERE p.population_id = refresh_statement.population_id;
    stored := clientele.data_table(population.name, 'stored', version);
    every := clientele.data_table(population.name, 'all', version);
    key := quote_ident(population.key_column);
    SELECT string_agg(format(', %I', name), '' ORDER BY i),
           string_agg(format(', a.%I', name), '' ORDER BY i),
           string_agg(format(', f.%I AS n%s', name, i), '' ORDER BY i),
           string_agg(format(', p.n%s', i), '' ORDER BY i),
           string_agg(format('%1$I = excluded.%1$I, ', name), '' ORDER BY i),
           string_agg(format(' OR w.o%s IS DISTINCT FROM f.%I', i, name), '' ORDER BY i),
           string_agg(format(', s.%I AS o%s', name, i), '' ORDER BY i),
           string_agg(format(', w.o%s', i), '' ORDER BY i) FILTER (WHERE role = 'label'),
           format('%L, ARRAY[%s]::text[], ARRAY[%s]::text[]',
                  array_agg(definition ORDER BY definition COLLATE "C") FILTER (WHERE role = 'label'),
                  string_agg(format('p.o%s', i), ', ' ORDER BY definition COLLATE "C") FILTER (WHERE role = 'label'),
                  string_agg(format('p.n%s', i), ', ' ORDER BY definition COLLATE "C") FILTER (WHERE role = 'label'))
    INTO columns, evaluated, fresh, new, overwrite, differ, old, old_labels, labels
    FROM (SELECT *, row_number() OVER () AS i
          FROM clientele.model_columns(population.population_id, refresh_statement.version)) AS c;

    IF kind = 'build' THEN
        RETURN format('INSERT INTO %s (%s%s, tags, evaluated_at, due_at) SELECT a.%s%s, a.tags, a.as_of, a.due_at FROM %s AS a WHERE a.as_of = $1',
                      stored, key, columns, key, evaluated, every);
    ELSIF kind = 'facts' THEN
        wanted := format('SELECT k.key, $2::timestamptz AS at, s.%2$s IS NOT NULL AS stored%3$s, s.tags, s.due_at FROM unnest($1) AS k (key)
                          LEFT JOIN (SELECT * FROM %1$s AS t WHERE t.%2$s = ANY ($1)) AS s ON s.%2$s = k.key', stored, key, old);
        source := format('SELECT a.* FROM %s AS a WHERE a.as_of = $2 AND a.%s = ANY ($1)', every, key);
    ELSE
        wanted := format('SELECT s.%2$s AS key, s.due_at AS at, true AS stored%3$s, s.tags, s.due_at
                          FROM %1$s AS s WHERE s.due_at <= $2 ORDER BY s.due_at LIMIT $1', stored, key, old);
        source := format('SELECT a.* FROM (SELECT array_agg(w.key ORDER BY w.at) AS keys, array_agg(w.at ORDER BY w.at) AS instants
                                           FROM wanted AS w) AS l
                          CROSS JOIN LATERAL clientele.evaluate_at(NULL::%s, l.keys, l.instants) AS a', every);
    END IF;
    RETURN format($statement$
WITH wanted AS MATERIALIZED (%1$s),
fresh AS MATERIALIZED (%2$s),
pair AS MATERIALIZED (
    SELECT w.key, w.at, f.%5$s IS NULL AS gone%6$s, f.tags AS new_tags, f.due_at AS new_due_at%7$s, w.tags AS old_tags
    FROM wanted AS w LEFT JOIN fresh AS f ON f.%5$s = w.key
    WHERE CASE WHEN f.%5$s IS NULL THEN w.stored
               ELSE NOT w.stored OR w.due_at IS DISTINCT FROM f.due_at OR w.tags IS DISTINCT FROM f.tags%8$s END
), written AS (
    INSERT INTO %3$s (%5$s%9$s, tags, evaluated_at, due_at)
    SELECT p.key%10$s, p.new_tags, p.at, p.new_due_at FROM pair AS p WHERE NOT p.gone
    ON CONFLICT (%5$s) DO UPDATE
    SET %11$stags = excluded.tags, evaluated_at = excluded.evaluated_at, due_at = excluded.due_at
), removed AS (
    DELETE FROM %3$s AS s WHERE s.%5$s = ANY (ARRAY(SELECT p.key FROM pair AS p WHERE p.gone))
), logged AS (
    INSERT INTO %4$s (key, names, from_labels, to_labels, effective_at, recorded_at, cause, model_version)
    SELECT p.key, f.names, f.from_labels, f.to_labels, CASE WHEN p.gone THEN $2 ELSE p.at END, $2,
           CASE WHEN p.gone THEN 'fact' ELSE %12$L END, %13$s
    FROM pair AS p CROSS JOIN LATERAL clientele.flips(%14$s, p.old_tags, p.new_tags) AS f
    WHERE f.names IS NOT NULL
    ORDER BY p.at, p.key
    RETURNING cardinality(names) AS flips
)
SELECT (SELECT count(*) FROM wanted), (SELECT count(*) FROM pair), (SELECT coalesce(sum(flips), 0) FROM logged)
$statement$,
        wanted, source, stored, clientele.data_table(population.name, 'change'), key, fresh, coalesce(old_labels, ''),
        differ, columns, new, overwrite, CASE kind WHEN 'facts' THEN 'fact' ELSE 'time' END, version,
        labels);
END
$$;
REVOKE ALL ON FUNCTION clientele.refresh_statement(int, int, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.refresh_statement(int, int, text) IS 'internal: what a refresh is to execute';

-- Flips between two versions' stored rows; returns how many.
CREATE FUNCTION clientele.publish_statement(population_id int, old_version int, new_version int) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    population clientele.population;
    labels text;
    differ text;
    old_columns name[];
BEGIN
    SELECT * INTO STRICT population FROM clientele.population AS p WHERE p.population_id = publish_statement.population_id;
    -- A version that cannot be compiled any more still has its columns.
    SELECT array_agg(attname) INTO old_columns
    FROM pg_attribute
    WHERE attrelid = to_regclass(clientele.data_table(population.name, 'stored', old_version)) AND attnum > 0 AND NOT attisdropped;
    SELECT format('%L, ARRAY[%s]::text[], ARRAY[%s]::text[]', array_agg(l.name ORDER BY l.name COLLATE "C"),
                  string_agg(l.old, ', ' ORDER BY l.name COLLATE "C"), string_agg(l.new, ', ' ORDER BY l.name COLLATE "C")),
           string_agg(format(' OR %s IS DISTINCT FROM %s', l.old, l.new), '')
    INTO labels, differ
    FROM (SELECT d.name,
                 CASE WHEN d.name = ANY (old_columns) AND bool_or(d.version = old_version) THEN format('o.%I', d.name) ELSE 'NULL::text' END AS old,
                 CASE WHEN bool_or(d.version = new_version) THEN format('n.%I', d.name) ELSE 'NULL::text' END AS new
          FROM (SELECT v.version, e ->> 'name' AS name
                FROM clientele.version AS v, jsonb_array_elements(v.model::text::jsonb -> 'definitions') AS e
                WHERE v.population_id = population.population_id AND v.version IN (old_version, new_version)
                  AND e ->> 'kind' IN ('rfm', 'scorecard', 'ladder')) AS d
          GROUP BY d.name) AS l;
    RETURN format($statement$
WITH logged AS (
    INSERT INTO %1$s (key, names, from_labels, to_labels, effective_at, recorded_at, cause, model_version)
    SELECT coalesce(n.%2$s, o.%2$s), f.names, f.from_labels, f.to_labels, coalesce(n.evaluated_at, $1), $1, 'publish', %3$s
    FROM %4$s AS o FULL JOIN %5$s AS n ON n.%2$s = o.%2$s
    CROSS JOIN LATERAL clientele.flips(%6$s, o.tags, n.tags) AS f
    WHERE f.names IS NOT NULL AND (o.tags IS DISTINCT FROM n.tags%7$s)
    RETURNING cardinality(names) AS flips
)
SELECT coalesce(sum(flips), 0) FROM logged
$statement$, clientele.data_table(population.name, 'change'), quote_ident(population.key_column), new_version,
        clientele.data_table(population.name, 'stored', old_version),
        clientele.data_table(population.name, 'stored', new_version),
        labels, coalesce(differ, ''));
END
$$;
REVOKE ALL ON FUNCTION clientele.publish_statement(int, int, int) FROM PUBLIC;
COMMENT ON FUNCTION clientele.publish_statement(int, int, int) IS 'internal: logs what a new version changes';

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
            UPDATE clientele.population AS p SET live_version = switch_version.version, next_version = NULL
            WHERE p.population_id = switch_version.population_id;
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

CREATE PROCEDURE clientele.refresh(population text, batch int DEFAULT 10000)
    AS 'MODULE_PATHNAME', 'clientele_refresh' LANGUAGE C;
COMMENT ON PROCEDURE clientele.refresh(text, int) IS 'builds and shows a published version, takes in changed facts and what has come due; commits after each batch of customers, except in a transaction block. May be stopped, killed and called again at any time';
