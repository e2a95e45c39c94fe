
-- The history of a population: filled in for the time before its feed began, and
-- summed up by days.

-- ---------------------------------------------------------------------------
-- Filling in: src/history/backfill.c does it
-- ---------------------------------------------------------------------------

CREATE TABLE clientele.history (
    population_id int PRIMARY KEY,
    begins_at timestamptz NOT NULL,
    from_day date,
    to_day date,
    every interval,
    version int,
    first_position bigint,
    done_from text
) USING heap;
COMMENT ON TABLE clientele.history IS 'since when the change feed of a population tells of its customers, and how far a back-fill has come';
COMMENT ON COLUMN clientele.history.population_id IS 'whose feed it is';
COMMENT ON COLUMN clientele.history.begins_at IS 'from this instant on the feed knows of every change, back-fills that are not finished aside';
COMMENT ON COLUMN clientele.history.from_day IS 'first day of a back-fill that is not finished; NULL: there is none';
COMMENT ON COLUMN clientele.history.to_day IS 'last day that was asked for; NULL: up to where the feed begins';
COMMENT ON COLUMN clientele.history.every IS 'from one day to the next; NULL: from change to change';
COMMENT ON COLUMN clientele.history.version IS 'the version by which customers are evaluated';
COMMENT ON COLUMN clientele.history.first_position IS 'its rows in the feed have this position or a higher one';
COMMENT ON COLUMN clientele.history.done_from IS 'customers from this key on are done; NULL: none is yet';

SELECT pg_extension_config_dump('clientele.history', '');

-- The feed tells of all that became different since the oldest row of the first version was evaluated.
CREATE FUNCTION clientele.begin_history(population_id int, version int) RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, pg_temp
    AS $$
    INSERT INTO clientele.history (population_id, begins_at)
    SELECT p.population_id, coalesce(s.begins_at, clientele.wall_clock())
    FROM clientele.population AS p CROSS JOIN LATERAL clientele.owner_query(p.owner, format('SELECT min(evaluated_at) FROM %s',
         clientele.data_table(p.name, 'stored', version))) AS s (begins_at timestamptz)
    WHERE p.population_id = begin_history.population_id AND p.live_version IS NULL
    ON CONFLICT DO NOTHING
    $$;
REVOKE ALL ON FUNCTION clientele.begin_history(int, int) FROM PUBLIC;
COMMENT ON FUNCTION clientele.begin_history(int, int) IS 'internal: writes down where the change feed begins: with the first version that is shown';

-- A day ends with its last microsecond: a day that the zone has left out ends with the one before.
CREATE FUNCTION clientele.day_ends(from_day date, to_day date, every interval, time_zone text) RETURNS timestamptz[]
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    WITH RECURSIVE step AS (
        SELECT 0 AS n, from_day AS day WHERE from_day <= to_day
        UNION ALL
        SELECT n + 1, (from_day + (n + 1) * every)::date FROM step WHERE (from_day + (n + 1) * every)::date <= to_day
    )
    SELECT array_agg(DISTINCT one.ends ORDER BY one.ends)
    FROM (SELECT ((day + 1)::timestamp AT TIME ZONE time_zone) - interval '1 microsecond' AS ends FROM step) AS one
    $$;
REVOKE ALL ON FUNCTION clientele.day_ends(date, date, interval, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.day_ends(date, date, interval, text) IS 'internal: the last instants of days in a time zone, from the first day on; every NULL: of the first alone';

CREATE FUNCTION clientele.check_every(every interval) RETURNS void
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF every <> date_trunc('day', every) OR extract(day FROM every) < 0
       OR extract(year FROM every) * 12 + extract(month FROM every) < 0 OR every <= interval '0' THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('every %s is not a number of days, months or years', every),
            HINT = 'For example: every => ''1 month'', or ''7 days''; without it, every change is found at its instant.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION clientele.check_every(interval) FROM PUBLIC;
COMMENT ON FUNCTION clientele.check_every(interval) IS 'internal: an error unless an interval leads from a day to a later one';

-- What the feed knows first of customers, $1, whose history is being filled in: what it
-- follows, in order, and their tags.
CREATE FUNCTION clientele.first_known_query(population clientele.population, first_position bigint) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT format($query$
        SELECT k.key%1$s, ARRAY(
                   SELECT t.tag FROM (SELECT unnest(s.tags) AS tag EXCEPT SELECT jsonb_object_keys(f.labels)
                                      UNION ALL SELECT e.key FROM jsonb_each_text(f.labels) AS e WHERE e.value IS NOT NULL AND e.key = ANY (%2$L)) AS t
                   ORDER BY t.tag COLLATE "C")
        FROM unnest($1) AS k (key) LEFT JOIN %3$s AS s ON s.%4$I = k.key
        CROSS JOIN LATERAL (
            SELECT coalesce(jsonb_object_agg(one.name, one.from_label), '{}') AS labels
            FROM (SELECT DISTINCT ON (c.name) c.name, c.from_label FROM %5$s AS c
                  WHERE c.key = k.key AND (c.cause <> 'backfill' OR c.stored_position < %6$s)
                  ORDER BY c.name, c.told_at, c.position) AS one) AS f
        $query$,
        (SELECT string_agg(format(', CASE WHEN f.labels ? %1$L THEN f.labels ->> %1$L ELSE %2$s END', o.name, o.expression), '' ORDER BY o.name COLLATE "C")
         FROM clientele.followed(population.population_id, population.live_version, 's') AS o),
        (SELECT coalesce(array_agg(d.name::text), '{}') FROM clientele.version AS v CROSS JOIN LATERAL clientele.model_definitions(v.model) AS d
         WHERE v.population_id = population.population_id AND v.version = population.live_version AND d.kind = 'tag'),
        clientele.data_table(population.name, 'stored', population.live_version), population.key_column,
        clientele.feed(population.name), first_position)
    $$;
REVOKE ALL ON FUNCTION clientele.first_known_query(clientele.population, bigint) FROM PUBLIC;
COMMENT ON FUNCTION clientele.first_known_query(clientele.population, bigint) IS 'internal: a query for the labels and tags with which customers come into the feed, rows from a position on aside';

CREATE FUNCTION clientele.begin_backfill(population_id int, from_date date, to_date date, every interval,
    OUT version int, OUT owner oid, OUT begins_at timestamptz, OUT steps timestamptz[], OUT until timestamptz,
    OUT done_from text, OUT done bigint, OUT total bigint, OUT keys_query text, OUT base_query text)
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    population clientele.population;
    history clientele.history;
    key_type text;
    last_day date;
BEGIN
    SELECT * INTO STRICT population FROM clientele.population AS p WHERE p.population_id = begin_backfill.population_id;
    SELECT * INTO history FROM clientele.history AS h WHERE h.population_id = population.population_id;
    IF population.live_version IS NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('population "%s" shows no version yet', population.name),
            HINT = format(CASE WHEN population.next_version IS NULL THEN 'SELECT clientele.publish(%L);'
                          ELSE 'CALL clientele.refresh(%L);' END, population.name);
    END IF;
    PERFORM clientele.check_every(every);
    IF to_date < from_date OR NOT isfinite(from_date) THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('from %s to %s there are no days', from_date, to_date),
            HINT = 'Give the earlier day first.';
    END IF;

    last_day := least(to_date, (history.begins_at AT TIME ZONE population.time_zone)::date - 1);
    until := least((clientele.day_ends(to_date, to_date, NULL, population.time_zone))[1], history.begins_at - interval '1 microsecond');
    version := population.live_version;
    owner := population.owner;
    begins_at := history.begins_at;
    steps := coalesce(clientele.day_ends(from_date, last_day, every, population.time_zone), '{}');
    IF (history.from_day, history.to_day, history.every, history.version) IS DISTINCT FROM (from_date, to_date, every, version)
       AND history.from_day IS NOT NULL THEN
        RAISE NOTICE 'population "%": the back-fill from %, which was broken off, is taken back', population.name, history.from_day;
        PERFORM FROM clientele.owner_query(population.owner, format('DELETE FROM %s WHERE cause = ''backfill'' AND position >= %s',
            clientele.data_table(population.name, 'change'), history.first_position)) AS d (n int);
        history.from_day := NULL;
        history.done_from := NULL;
    END IF;
    IF steps = '{}' THEN
        RAISE NOTICE 'population "%": the feed tells of all from % on, so nothing is filled in', population.name,
            (history.begins_at AT TIME ZONE population.time_zone)::date;
        UPDATE clientele.history AS h SET from_day = NULL, to_day = NULL, every = NULL, version = NULL, first_position = NULL, done_from = NULL
        WHERE h.population_id = population.population_id AND history.from_day IS NULL;
        RETURN;
    END IF;
    IF history.from_day IS NULL THEN
        SELECT p.position INTO history.first_position
        FROM clientele.owner_query(population.owner, format('SELECT coalesce(max(position) + 4096, 0) FROM %s',
             clientele.data_table(population.name, 'change'))) AS p (position bigint);
        UPDATE clientele.history AS h
        SET from_day = from_date, to_day = to_date, every = begin_backfill.every, version = population.live_version,
            first_position = history.first_position, done_from = NULL
        WHERE h.population_id = population.population_id;
    END IF;

    done_from := history.done_from;
    key_type := split_part(clientele.key_type(population), ' COLLATE ', 1);
    SELECT c.total, c.done INTO total, done
    FROM clientele.owner_query(population.owner, format('SELECT count(*), count(*) FILTER (WHERE %I >= %L::%s) FROM %s',
         population.key_column, done_from, key_type, population.relation)) AS c (total bigint, done bigint);
    keys_query := format($query$
        SELECT array_agg(c.k ORDER BY c.k), (array_agg(c.k ORDER BY c.k))[1]::text, $1::%1$s
        FROM (SELECT t.%2$I AS k FROM %3$s AS t WHERE $1 IS NULL OR t.%2$I < $1::%1$s ORDER BY t.%2$I DESC LIMIT $2) AS c
        $query$, key_type, population.key_column, population.relation);
    base_query := clientele.first_known_query(population, history.first_position);
END
$$;
REVOKE ALL ON FUNCTION clientele.begin_backfill(int, date, date, interval) FROM PUBLIC;
COMMENT ON FUNCTION clientele.begin_backfill(int, date, date, interval) IS 'internal: what backfill_history is to do, or to go on with; no steps: nothing';

CREATE FUNCTION clientele.check_backfill(population_id int, version int) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM FROM clientele.population AS p JOIN clientele.history AS h USING (population_id)
    WHERE p.population_id = check_backfill.population_id AND p.live_version = check_backfill.version AND h.version = p.live_version;
    IF NOT FOUND THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('version %s of the definitions, by which history was being filled in, is not the one that is shown any more', version),
            HINT = 'CALL clientele.backfill_history again: it begins anew, with the definitions of now.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION clientele.check_backfill(int, int) FROM PUBLIC;
COMMENT ON FUNCTION clientele.check_backfill(int, int) IS 'internal: an error if a back-fill cannot go on';

CREATE FUNCTION clientele.finish_backfill(population_id int) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    UPDATE clientele.history AS h
    SET begins_at = (clientele.day_ends(h.from_day, h.from_day, h.every, p.time_zone))[1],
        from_day = NULL, to_day = NULL, every = NULL, version = NULL, first_position = NULL, done_from = NULL
    FROM clientele.population AS p
    WHERE h.population_id = finish_backfill.population_id AND p.population_id = h.population_id;
    PERFORM clientele.summarise(population_id);
END
$$;
REVOKE ALL ON FUNCTION clientele.finish_backfill(int) FROM PUBLIC;
COMMENT ON FUNCTION clientele.finish_backfill(int) IS 'internal: from now on the feed begins where a back-fill does; sums it up';

CREATE PROCEDURE clientele.backfill_history(population text, from_date date, to_date date DEFAULT NULL, every interval DEFAULT NULL, batch int DEFAULT NULL)
    AS 'MODULE_PATHNAME', 'clientele_backfill_history' LANGUAGE C;
COMMENT ON PROCEDURE clientele.backfill_history(text, date, date, interval, int) IS 'fills the change feed for the time before it began, from the end of from_date up to to_date or to where the feed begins: every change at its instant, as the live definitions and today''s facts have it; or (every => ''1 month'') what is different from the end of one day to that of another, so many days, months or years later. Commits after each batch of customers (20,000 unless the call says how many), except in a transaction block. May be stopped and killed; called again with the same dates, it goes on';

-- ---------------------------------------------------------------------------
-- Days
-- ---------------------------------------------------------------------------

CREATE TABLE clientele.summary (
    population_id int PRIMARY KEY,
    first_day date NOT NULL,
    last_day date NOT NULL,
    position bigint NOT NULL,
    basis jsonb NOT NULL
) USING heap;
COMMENT ON TABLE clientele.summary IS 'populations whose days have been summed up, and how far';
COMMENT ON COLUMN clientele.summary.population_id IS 'of which population';
COMMENT ON COLUMN clientele.summary.first_day IS 'the first day of all';
COMMENT ON COLUMN clientele.summary.last_day IS 'the last day that had ended';
COMMENT ON COLUMN clientele.summary.position IS 'the last position in the feed that is counted';
COMMENT ON COLUMN clientele.summary.basis IS 'what counts as branch and revenue; where that is another, all days are summed up anew';

SELECT pg_extension_config_dump('clientele.summary', '');

CREATE FUNCTION clientele.summary_basis(population clientele.population) RETURNS jsonb
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT jsonb_build_object(
        'first_day', (SELECT (h.begins_at AT TIME ZONE population.time_zone)::date FROM clientele.history AS h WHERE h.population_id = population.population_id),
        'branch', m.model -> 'branch',
        'revenue', (SELECT jsonb_build_object(
                        'time_zone', m.model -> 'time_zone', 'sources', jsonb_agg(s.source - 'revenue'),
                        -- filters may name parameters
                        'definitions', coalesce((SELECT jsonb_agg(jsonb_build_object('kind', 'parameter', 'name', d.value -> 'name', 'value', d.value -> 'value'))
                                                 FROM jsonb_array_elements(m.model -> 'definitions') AS d WHERE d.value ->> 'kind' = 'parameter'), '[]')
                            || jsonb_agg(jsonb_build_object('kind', 'metric', 'name', 'clientele_revenue_' || s.number,
                                                            'value', format('sum(%I.%s)', s.source ->> 'name', s.source ->> 'amount'))))
                    FROM jsonb_array_elements(m.model -> 'sources') WITH ORDINALITY AS s (source, number)
                    WHERE s.source -> 'revenue' = 'true'
                    HAVING count(*) > 0))
    FROM clientele.version AS v CROSS JOIN LATERAL (SELECT v.model::text::jsonb) AS m (model)
    WHERE v.population_id = population.population_id AND v.version = population.live_version
    $$;
REVOKE ALL ON FUNCTION clientele.summary_basis(clientele.population) FROM PUBLIC;
COMMENT ON FUNCTION clientele.summary_basis(clientele.population) IS 'internal: what sums by days rest on: the first day, the metric that is the branch, and a model of the revenue';

CREATE FUNCTION clientele.write_revenue(population_id int, population name, model clientele.model, keys text) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_write_revenue' LANGUAGE C;
REVOKE ALL ON FUNCTION clientele.write_revenue(int, name, clientele.model, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.write_revenue(int, name, clientele.model, text) IS 'internal: adds up what customers (a query for their keys, ascending; NULL: all) have paid on each day, by a model whose metrics are sums of sources';

CREATE TYPE clientele.day_sums AS (days date[], names text[], labels text[], branches text[], customers bigint[], revenue numeric[]);
COMMENT ON TYPE clientele.day_sums IS 'internal: what customers contribute to days: arrays of as many elements';

CREATE FUNCTION clientele.contribute(owner oid, flips text, stored text, followed text[], branch text, revenue text,
                                     first_day date, last_day date, sign int, before clientele.day_sums, apply text) RETURNS clientele.day_sums
    AS 'MODULE_PATHNAME', 'clientele_contribute' LANGUAGE C;
REVOKE ALL ON FUNCTION clientele.contribute(oid, text, text, text[], text, text, date, date, int, clientele.day_sums, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.contribute(oid, text, text, text[], text, text, date, date, int, clientele.day_sums, text) IS 'internal: adds up what customers contribute to days: what they were at their ends, and what they paid; from queries for their flips, rows and payments, and hands it on, or applies it by another';

-- What customers, a query for their keys (NULL: all), contribute to the days of a summary: it is
-- added (sign 1) to sums from before, or taken away (-1), and all that is applied to the days, or handed on.
CREATE FUNCTION clientele.contribute(population clientele.population, summary clientele.summary, keys text, sign int,
                                     before clientele.day_sums, apply boolean) RETURNS clientele.day_sums
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    followed text[];
    labels text;
    -- found by the index, whatever is known of the list
    listed text := 'ANY (ARRAY(' || keys || '))';
BEGIN
    SELECT array_agg(f.name::text), string_agg(f.expression, ', ') INTO followed, labels
    FROM clientele.followed(population.population_id, population.live_version, 's') AS f;
    RETURN clientele.contribute(population.owner,
        format($query$
            SELECT c.key, c.names, c.from_labels, c.to_labels, (c.effective_at AT TIME ZONE %L)::date, c.position <= %s OR c.cause = 'backfill'
            FROM %s AS c%s ORDER BY c.key, CASE c.cause WHEN 'backfill' THEN c.effective_at ELSE 'infinity' END, c.position
            $query$, population.time_zone, summary.position, clientele.data_table(population.name, 'change'), ' WHERE c.key = ' || listed),
        format('SELECT s.%1$I, ARRAY[%2$s]::text[], s.tags FROM %3$s AS s%4$s ORDER BY s.%1$I', population.key_column, labels,
               clientele.data_table(population.name, 'stored', population.live_version),
               format(' WHERE s.%I = ', population.key_column) || listed),
        coalesce(followed, '{}'), summary.basis ->> 'branch',
        CASE WHEN summary.basis ->> 'revenue' IS NOT NULL
             THEN format('SELECT r.key, r.day, r.revenue FROM %s AS r%s ORDER BY r.key, r.day',
                         clientele.data_table(population.name, 'revenue'), ' WHERE r.key = ' || listed) END,
        summary.first_day, summary.last_day, sign, before,
        CASE WHEN apply THEN format($query$
            WITH change AS MATERIALIZED (
                SELECT * FROM unnest($1, $2, $3, $4, $5, $6) AS c (day, name, label, branch, customers, revenue)
            ), level AS (
                SELECT *, sum(customers) OVER w AS level, lead(day, 1, date %2$L + 1) OVER w AS next
                FROM change WINDOW w AS (PARTITION BY name, label, branch ORDER BY day)
            ), gone AS (
                DELETE FROM %1$s AS d
                USING (SELECT name, label, coalesce(branch, '') AS branch, branch IS NULL AS nowhere, min(day) AS first FROM change GROUP BY 1, 2, 3, 4) AS c
                WHERE d.name = c.name AND d.label = c.label AND coalesce(d.branch, '') = c.branch AND (d.branch IS NULL) = c.nowhere
                  AND d.day >= c.first AND d.day >= (SELECT min(day) FROM change)
                RETURNING d.*
            )
            INSERT INTO %1$s (day, name, label, branch, customers, revenue)
            SELECT day, name, label, branch, sum(customers), sum(revenue)
            FROM (SELECT day, name, label, branch, customers, revenue FROM gone
                  UNION ALL
                  SELECT l.day + g, l.name, l.label, l.branch, l.level, CASE g WHEN 0 THEN l.revenue ELSE l.revenue * 0 END
                  FROM level AS l CROSS JOIN LATERAL generate_series(0, l.next - l.day - 1) AS g) AS one
            GROUP BY 1, 2, 3, 4 HAVING sum(customers) <> 0 OR sum(revenue) <> 0
            $query$, clientele.data_table(population.name, 'daily'), summary.last_day) END);
END
$$;
REVOKE ALL ON FUNCTION clientele.contribute(clientele.population, clientele.summary, text, int, clientele.day_sums, boolean) FROM PUBLIC;
COMMENT ON FUNCTION clientele.contribute(clientele.population, clientele.summary, text, int, clientele.day_sums, boolean) IS 'internal: what customers contribute to the days of a summary, applied or handed on';

-- Counts those anew of whom something is new: what they have contributed is taken away, and
-- what they contribute by now is added.  A customer who was counted on a day that has
-- not ended stays on the list.
CREATE FUNCTION clientele.summarise(population_id int) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    population clientele.population;
    before clientele.summary;
    now clientele.summary;
    recount text;
    touched text;
    contributed clientele.day_sums;
    statement text;
    anew boolean;
BEGIN
    SELECT * INTO STRICT population FROM clientele.population AS p WHERE p.population_id = summarise.population_id;
    SELECT * INTO before FROM clientele.summary AS s WHERE s.population_id = population.population_id;
    now.population_id := population.population_id;
    now.basis := clientele.summary_basis(population);
    now.first_day := now.basis ->> 'first_day';
    now.last_day := greatest(before.last_day, (clientele.wall_clock() AT TIME ZONE population.time_zone)::date - 1);
    SELECT p.position INTO now.position
    FROM clientele.owner_query(population.owner, format('SELECT coalesce(max(position) + 4095, -1) FROM %s',
         clientele.data_table(population.name, 'change'))) AS p (position bigint);
    anew := before.basis IS DISTINCT FROM now.basis;
    IF anew AND now.last_day < now.first_day THEN
        RETURN;
    END IF;
    recount := clientele.data_table(population.name, 'recount');
    touched := format('SELECT DISTINCT key FROM %s', recount);

    FOREACH statement IN ARRAY CASE WHEN anew THEN ARRAY[
        'DELETE FROM %1$s', 'DELETE FROM %2$s', 'DELETE FROM %3$s',
        'INSERT INTO %1$s (key) SELECT %5$I FROM %4$s UNION SELECT key FROM %6$s']
    ELSE ARRAY[
        'INSERT INTO %1$s (key) SELECT DISTINCT key FROM %6$s WHERE position > %7$s'] END
    LOOP
        PERFORM FROM clientele.owner_query(population.owner, format(statement, recount,
            clientele.data_table(population.name, 'daily'), clientele.data_table(population.name, 'revenue'),
            clientele.data_table(population.name, 'stored', population.live_version), population.key_column,
            clientele.data_table(population.name, 'change'), before.position)) AS d (n int);
    END LOOP;

    IF NOT anew THEN
        contributed := clientele.contribute(population, before, touched, -1, NULL, false);
        PERFORM FROM clientele.owner_query(population.owner, format($query$
            INSERT INTO %1$s (day, name, label, branch, customers, revenue)
            SELECT d.day + g, d.name, d.label, d.branch, d.customers, d.revenue * 0
            FROM %1$s AS d CROSS JOIN generate_series(1, date %2$L - %3$L) AS g WHERE d.day = %3$L AND d.customers <> 0
            $query$, clientele.data_table(population.name, 'daily'), now.last_day, before.last_day)) AS d (n int);
        PERFORM FROM clientele.owner_query(population.owner, format('DELETE FROM %s WHERE key = ANY (ARRAY(%s))',
            clientele.data_table(population.name, 'revenue'), touched)) AS d (n int);
    END IF;
    IF now.basis ->> 'revenue' IS NOT NULL THEN
        PERFORM clientele.write_revenue(population.population_id, population.name, (now.basis ->> 'revenue')::clientele.model,
                                        CASE WHEN NOT anew THEN touched || ' ORDER BY key' END);
    END IF;
    PERFORM clientele.contribute(population, now, CASE WHEN NOT anew THEN touched END, 1, contributed, true);

    PERFORM FROM clientele.owner_query(population.owner, format($query$
        DELETE FROM %1$s WHERE key NOT IN (
            SELECT r.key FROM %2$s AS r WHERE r.key = ANY (ARRAY(%6$s)) AND r.day > %3$L
            UNION ALL
            SELECT c.key FROM %4$s AS c WHERE c.key = ANY (ARRAY(%6$s)) AND (c.effective_at AT TIME ZONE %5$L)::date > %3$L)
        $query$, recount, clientele.data_table(population.name, 'revenue'), now.last_day,
        clientele.data_table(population.name, 'change'), population.time_zone, touched)) AS d (n int);
    INSERT INTO clientele.summary SELECT now.*
    ON CONFLICT ON CONSTRAINT summary_pkey DO UPDATE
    SET first_day = excluded.first_day, last_day = excluded.last_day, position = excluded.position, basis = excluded.basis;
END
$$;
REVOKE ALL ON FUNCTION clientele.summarise(int) FROM PUBLIC;
COMMENT ON FUNCTION clientele.summarise(int) IS 'internal: brings the sums by days up to the last day that has ended';

CREATE FUNCTION clientele.refresh_summaries_for(caller regrole, population text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owned clientele.population := clientele.readable_population(caller, population);
BEGIN
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE invalid_transaction_state USING
            MESSAGE = 'refresh_summaries must see what others commit meanwhile, which this transaction''s isolation level forbids',
            HINT = 'BEGIN ISOLATION LEVEL READ COMMITTED.';
    END IF;
    PERFORM clientele.lock_population(owned.population_id);
    owned := clientele.readable_population(caller, population);
    IF owned.live_version IS NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('population "%s" shows no version yet', owned.name),
            HINT = format(CASE WHEN owned.next_version IS NULL THEN 'SELECT clientele.publish(%L);'
                          ELSE 'CALL clientele.refresh(%L);' END, owned.name);
    END IF;
    PERFORM clientele.summarise(owned.population_id);
END
$$;
REVOKE ALL ON FUNCTION clientele.refresh_summaries_for(regrole, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.refresh_summaries_for(regrole, text) IS 'internal: refresh_summaries, behind the door';

CREATE PROCEDURE clientele.refresh_summaries(population text)
    AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C;
COMMENT ON PROCEDURE clientele.refresh_summaries(text) IS 'brings the view NAME_daily up to the last day that has ended, by what refresh has taken in: what customers were at the end of each day, and what they paid. Costs as much as there is new; the first call counts everyone';

-- Whoever is forgotten was never counted.
CREATE FUNCTION clientele.uncount(population clientele.population, key text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    summary clientele.summary;
BEGIN
    SELECT * INTO summary FROM clientele.summary AS s WHERE s.population_id = population.population_id;
    IF FOUND THEN
        PERFORM clientele.contribute(population, summary, format('SELECT %L::%s AS key', key,
            split_part(clientele.key_type(population), ' COLLATE ', 1)), -1, NULL, true);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION clientele.uncount(clientele.population, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.uncount(clientele.population, text) IS 'internal: takes one customer out of the sums by days';
