
-- How a population fares, whether what is stored is right, and how to repair it.

-- ---------------------------------------------------------------------------
-- status
-- ---------------------------------------------------------------------------

-- What keeps a watched table's changes from being captured; partitions have triggers of their own.
CREATE FUNCTION clientele.capture_faults(population_id int, OUT relation regclass, OUT fault text) RETURNS SETOF record
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT r.relation, CASE WHEN t.tgenabled IS NULL THEN 'has no trigger ' ELSE 'does not always fire ' END || n.name
    FROM (SELECT DISTINCT coalesce(p.relid, w.relation::regclass) AS relation
          FROM clientele.watch AS w LEFT JOIN LATERAL pg_partition_tree(w.relation) AS p ON true
          WHERE w.population_id = capture_faults.population_id) AS r
    CROSS JOIN (VALUES ('clientele_capture'::name), ('clientele_capture_truncate')) AS n (name)
    JOIN pg_class AS c ON c.oid = r.relation
    LEFT JOIN pg_trigger AS t ON t.tgrelid = r.relation AND t.tgname = n.name
    WHERE t.tgenabled IS DISTINCT FROM 'A'
    UNION ALL
    SELECT DISTINCT w.relation, format('is inherited by %s, whose changes fire nothing', i.inhrelid::regclass)
    FROM clientele.watch AS w JOIN pg_class AS c ON c.oid = w.relation JOIN pg_inherits AS i ON i.inhparent = c.oid
    WHERE w.population_id = capture_faults.population_id AND c.relkind = 'r'
    ORDER BY 1, 2
    $$;
REVOKE ALL ON FUNCTION clientele.capture_faults(int) FROM PUBLIC;
COMMENT ON FUNCTION clientele.capture_faults(int) IS 'internal: watched tables of which not all changes are captured';

CREATE FUNCTION clientele.status_for(caller regrole, population text, OUT item text, OUT value text, OUT hint text) RETURNS SETOF record
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owned clientele.population := clientele.readable_population(caller, population);
    again text;
    clock timestamptz := clientele.wall_clock();
    marks bigint;
    everyone boolean;
    stored bigint;
    due bigint;
    oldest timestamptz;
    number int;
    source clientele.source;
BEGIN
    again := format('CALL clientele.refresh(%L);', owned.name);

    item := 'live version'; value := owned.live_version; hint := NULL;
    IF owned.live_version IS NULL THEN
        hint := CASE WHEN owned.next_version IS NULL THEN format('SELECT clientele.publish(%L);', owned.name) ELSE again END;
    END IF;
    RETURN NEXT;
    IF owned.next_version IS NOT NULL THEN
        item := 'next version'; value := owned.next_version; hint := again;
        RETURN NEXT;
    END IF;

    SELECT m.n, m.everyone INTO marks, everyone
    FROM clientele.owner_query(owned.owner, format('SELECT count(*), bool_or(key IS NULL AND link IS NULL) FROM %s',
         clientele.data_table(owned.name, 'mark'))) AS m (n bigint, everyone boolean);
    item := 'marks'; value := marks::text || CASE WHEN everyone THEN ', of everyone' ELSE '' END;
    hint := CASE WHEN marks > 0 THEN again END;
    RETURN NEXT;
    -- What is deleted stays on disk while somebody may still want to see it, and each refresh has to pass it.
    SELECT 'oldest snapshot', date_trunc('second', clock - o.since), o.whose
    INTO item, value, hint
    FROM (SELECT a.xact_start AS since, format('Marks that were taken stay on disk until process %s (%s) ends its transaction.', a.pid, a.application_name) AS whose
          FROM pg_stat_activity AS a
          WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.backend_type <> 'autovacuum worker'
            AND (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL)
          UNION ALL
          SELECT p.prepared, format('Marks that were taken stay on disk until COMMIT PREPARED %1$L or ROLLBACK PREPARED %1$L.', p.gid)
          FROM pg_prepared_xacts AS p WHERE p.database = current_database()) AS o
    ORDER BY o.since LIMIT 1;
    IF value::interval > '1 minute' THEN
        RETURN NEXT;
    END IF;

    IF owned.live_version IS NOT NULL THEN
        SELECT s.* INTO stored, due, oldest
        FROM clientele.owner_query(owned.owner, format(
             'SELECT count(*), count(*) FILTER (WHERE due_at <= %1$L), min(due_at) FILTER (WHERE due_at <= %1$L) FROM %2$s',
             to_json(clock) #>> '{}', clientele.data_table(owned.name, 'stored', owned.live_version)))
             AS s (stored bigint, due bigint, oldest timestamptz);
        item := 'customers stored'; value := stored; hint := NULL;
        RETURN NEXT;
        item := 'rows due'; value := due; hint := CASE WHEN due > 0 THEN again END;
        RETURN NEXT;
        IF oldest IS NOT NULL THEN
            item := 'due since'; value := oldest; hint := again;
            RETURN NEXT;
        END IF;
    END IF;

    SELECT 'refresh', CASE WHEN r.finished_at IS NOT NULL THEN 'finished ' || r.finished_at
                           WHEN r.at_work THEN format('at work: %s, %s of %s', r.phase, r.done, r.total)
                           ELSE format('broken off: %s, %s of %s', r.phase, r.done, r.total) END,
           CASE WHEN r.finished_at IS NULL AND NOT r.at_work AND r.phase <> 'backfill' THEN again END
    INTO item, value, hint
    -- After a crash somebody else may have the number of the process.
    FROM (SELECT *, EXISTS (SELECT FROM pg_stat_get_activity(one.pid) AS a WHERE a.backend_start <= one.started_at) AS at_work
          FROM clientele.refresh_run AS one WHERE one.population_id = owned.population_id ORDER BY one.run DESC LIMIT 1) AS r;
    IF FOUND THEN
        RETURN NEXT;
    END IF;

    SELECT 'back-fill', format('not finished: from %s, %s', h.from_day, coalesce('customers from ' || h.done_from || ' on', 'no customers yet')),
           format('CALL clientele.backfill_history(%L, %L, %L, %L);', owned.name, h.from_day, h.to_day, h.every)
    INTO item, value, hint
    FROM clientele.history AS h WHERE h.population_id = owned.population_id AND h.from_day IS NOT NULL;
    IF FOUND THEN
        RETURN NEXT;
    END IF;

    SELECT 'failed values', r.failed_values,
           'A division by zero or a number too large is NULL: guard it, as in case when visits <> 0 then spend / visits end.'
    INTO item, value, hint
    FROM clientele.refresh_run AS r WHERE r.population_id = owned.population_id ORDER BY r.run DESC LIMIT 1;
    IF value <> '0' THEN
        RETURN NEXT;
    END IF;

    SELECT 'worker', CASE a.state WHEN 'idle' THEN 'idle since ' || a.state_change ELSE 'at work' END, NULL
    INTO item, value, hint
    FROM pg_stat_activity AS a WHERE a.pid = clientele.worker_pid();
    IF NOT FOUND AND clientele.worker_is_listed(current_database()) THEN
        item := 'worker'; value := 'not running'; hint := 'The server''s log says why.';
    END IF;
    IF item = 'worker' THEN
        RETURN NEXT;
    END IF;
    SELECT 'worker failed', format('%s times, last %s: %s', f.failures, f.failed_at, f.message), f.hint
    INTO item, value, hint
    FROM clientele.worker_failure AS f WHERE f.population_id = owned.population_id;
    IF FOUND THEN
        RETURN NEXT;
    END IF;

    item := 'capture'; value := CASE WHEN owned.capture_lost THEN 'lost' WHEN owned.capture_paused THEN 'paused' ELSE 'on' END;
    hint := CASE WHEN owned.capture_lost THEN format('SELECT clientele.mark_all(%L);', owned.name)
                 WHEN owned.capture_paused THEN format('SELECT clientele.resume_capture(%L);', owned.name) END;
    RETURN NEXT;
    FOR item, value, hint IN
        SELECT 'capture broken', format('%s %s', f.relation, f.fault),
               format('SELECT clientele.mark_all(%L);', owned.name)
        FROM clientele.capture_faults(owned.population_id) AS f
    LOOP
        RETURN NEXT;
    END LOOP;
    FOR item, value, hint IN SELECT f.* FROM clientele.schema_faults(owned) AS f LOOP
        RETURN NEXT;
    END LOOP;

    FOR source IN SELECT * FROM clientele.source AS s WHERE s.population_id = owned.population_id ORDER BY s.name, s.part LOOP
        BEGIN
            FOR item, value, hint IN
                SELECT 'index wanted', format('source %s, table %s', source.name, w.relation), clientele.index_command(w.relation, w.definition)
                FROM clientele.wanted_indexes(source, (SELECT v.model FROM clientele.version AS v
                     WHERE v.population_id = owned.population_id AND v.version = coalesce(owned.next_version, owned.live_version))) AS w
            LOOP
                RETURN NEXT;
            END LOOP;
        EXCEPTION WHEN undefined_column OR invalid_foreign_key THEN
            NULL; -- what is missing has been said
        END;
    END LOOP;

    FOR item, value, hint IN SELECT f.* FROM clientele.pin_faults(owned) AS f LOOP
        RETURN NEXT;
    END LOOP;

    FOREACH number IN ARRAY array_remove(ARRAY[owned.live_version, owned.next_version], NULL) LOOP
        BEGIN
            PERFORM FROM clientele.model_columns(owned.population_id, number);
        EXCEPTION WHEN OTHERS THEN
            item := format('version %s broken', number);
            GET STACKED DIAGNOSTICS value = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
            RETURN NEXT;
        END;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION clientele.status_for(regrole, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.status_for(regrole, text) IS 'internal: status, behind the door';

CREATE FUNCTION clientele.status(population text, OUT item text, OUT value text, OUT hint text) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION clientele.status(text) IS 'how a population fares: versions, marks and due rows that wait, capture, what is broken; hint: what to do';

-- ---------------------------------------------------------------------------
-- verify
-- ---------------------------------------------------------------------------

-- Recomputes by other plans than those that a refresh uses, whatever this session has kept.
CREATE FUNCTION clientele.verify_for(caller regrole, population text, OUT key text, OUT "column" text, OUT stored text, OUT expected text)
RETURNS SETOF record LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET enable_indexscan = off SET enable_indexonlyscan = off SET enable_bitmapscan = off
    AS $$
DECLARE
    owned clientele.population := clientele.readable_population(caller, population);
    comparisons text;
BEGIN
    IF owned.live_version IS NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('population "%s" shows no version yet', owned.name),
            HINT = format(CASE WHEN owned.next_version IS NULL THEN 'SELECT clientele.publish(%L);'
                          ELSE 'CALL clientele.refresh(%L);' END, owned.name);
    END IF;
    SELECT string_agg(format(', (%L, s.%I::text, a.%I::text)', c.name, c.name, c.name), '')
    INTO comparisons
    FROM clientele.model_columns(owned.population_id, owned.live_version) AS c;

    DISCARD PLANS;
    -- One statement: stored rows, marks and facts as one snapshot has them.
    RETURN QUERY SELECT v.*
    FROM clientele.owner_query(owned.owner, format($query$
        SELECT coalesce(s.key, a.key)::text, c.name, c.stored, c.expected
        FROM (SELECT t.%1$I AS key, t.* FROM %2$s AS t) AS s
        FULL JOIN (SELECT e.%1$I AS key, e.* FROM %3$s AS e WHERE e.as_of = %4$L) AS a ON a.key = s.key
        CROSS JOIN LATERAL (VALUES (%1$L, s.key::text, a.key::text), ('tags', s.tags::text, a.tags::text)%5$s) AS c (name, stored, expected)
        WHERE c.stored IS DISTINCT FROM c.expected
          AND (c.name = %1$L OR s.key IS NOT NULL AND a.key IS NOT NULL)
          AND (s.key IS NULL OR s.evaluated_at <= %4$L AND (s.due_at IS NULL OR s.due_at > %4$L))
          AND NOT EXISTS (SELECT FROM %6$s AS m WHERE m.key = coalesce(s.key, a.key))
          AND NOT EXISTS (SELECT FROM %6$s AS m WHERE m.key IS NULL)
        ORDER BY coalesce(s.key, a.key), c.name
        $query$, owned.key_column,
        clientele.data_table(owned.name, 'stored', owned.live_version),
        clientele.data_table(owned.name, 'all', owned.live_version),
        to_json(clientele.wall_clock()) #>> '{}', comparisons, clientele.data_table(owned.name, 'marked')))
        AS v (key text, "column" text, stored text, expected text);
    DISCARD PLANS;
END
$$;
REVOKE ALL ON FUNCTION clientele.verify_for(regrole, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.verify_for(regrole, text) IS 'internal: verify, behind the door';

CREATE FUNCTION clientele.verify(population text, OUT key text, OUT "column" text, OUT stored text, OUT expected text)
RETURNS SETOF record AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION clientele.verify(text) IS 'what is stored as valid and would be evaluated otherwise, by other plans, in one snapshot: no rows = all is well. Of a customer without row or mark the key is expected, of a row without customer it is stored';

-- ---------------------------------------------------------------------------
-- Marks by hand
-- ---------------------------------------------------------------------------

-- Not only partitions have a whole: children have parents.
CREATE FUNCTION clientele.wholes(relation oid) RETURNS SETOF oid
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    WITH RECURSIVE whole AS (
        SELECT relation AS oid
        UNION SELECT i.inhparent FROM whole AS w JOIN pg_inherits AS i ON i.inhrelid = w.oid
    )
    SELECT w.oid FROM whole AS w
    $$;
REVOKE ALL ON FUNCTION clientele.wholes(oid) FROM PUBLIC;
COMMENT ON FUNCTION clientele.wholes(oid) IS 'internal: a table and all that it is a part of';

-- A fault of a partition is mended with the table that is watched.
CREATE FUNCTION clientele.attach_again(population_id int) RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, pg_temp
    AS $$ SELECT clientele.attach(w.relation)
          FROM (SELECT DISTINCT w.relation FROM clientele.watch AS w
                WHERE w.population_id = attach_again.population_id
                  AND w.relation IN (SELECT o FROM clientele.capture_faults(w.population_id) AS f
                                     CROSS JOIN LATERAL clientele.wholes(f.relation) AS o)
                ORDER BY 1) AS w $$;
REVOKE ALL ON FUNCTION clientele.attach_again(int) FROM PUBLIC;
COMMENT ON FUNCTION clientele.attach_again(int) IS 'internal: puts triggers where they are missing';

CREATE FUNCTION clientele.mark_all_for(caller regrole, population text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owned clientele.population := clientele.readable_population(caller, population);
BEGIN
    -- Triggers first: from then on nothing is missed, and all before is looked at anew.
    PERFORM clientele.attach_again(owned.population_id);
    PERFORM clientele.mark_everyone(owned.population_id);
    PERFORM clientele.note_capture(owned.population_id, false);
    -- A restore of chosen schemas leaves this out, because the schema is the extension's.
    EXECUTE format('GRANT USAGE ON SCHEMA clientele_data TO %s', owned.owner);
END
$$;
REVOKE ALL ON FUNCTION clientele.mark_all_for(regrole, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.mark_all_for(regrole, text) IS 'internal: mark_all, behind the door';

CREATE FUNCTION clientele.mark_all(population text) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION clientele.mark_all(text) IS 'repairs: puts capture back on tables that have lost it, and makes the next refresh evaluate every customer; until then all are evaluated live';

-- Every session has to hear of it: those that write do with their next statement.
CREATE FUNCTION clientele.capture_switched(population_id int) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM clientele.watch_changed(w.relation)
    FROM (SELECT DISTINCT relation FROM clientele.watch AS one WHERE one.population_id = capture_switched.population_id) AS w;
    PERFORM clientele.mark_everyone(population_id);
END
$$;
REVOKE ALL ON FUNCTION clientele.capture_switched(int) FROM PUBLIC;
COMMENT ON FUNCTION clientele.capture_switched(int) IS 'internal: tells every session that capture has been switched off or on, and marks everyone';

CREATE FUNCTION clientele.set_capture_paused(caller regrole, population text, paused boolean) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owned clientele.population := clientele.population_of(caller, population);
BEGIN
    IF NOT paused THEN
        PERFORM clientele.attach_again(owned.population_id);
    END IF;
    UPDATE clientele.population AS p SET capture_paused = paused, capture_lost = false WHERE p.population_id = owned.population_id;
    PERFORM clientele.capture_switched(owned.population_id);
END
$$;
REVOKE ALL ON FUNCTION clientele.set_capture_paused(regrole, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION clientele.set_capture_paused(regrole, text, boolean) IS 'internal: switches capture off or on for every session, and marks everyone';

CREATE FUNCTION clientele.pause_capture_for(caller regrole, population text) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$ SELECT clientele.set_capture_paused(caller, population, true) $$;
REVOKE ALL ON FUNCTION clientele.pause_capture_for(regrole, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.pause_capture_for(regrole, text) IS 'internal: pause_capture, behind the door';

CREATE FUNCTION clientele.pause_capture(population text) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION clientele.pause_capture(text) IS 'before a bulk load: changes make no marks any more. Everyone is marked, so that nobody is shown as he was';

CREATE FUNCTION clientele.resume_capture_for(caller regrole, population text) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$ SELECT clientele.set_capture_paused(caller, population, false) $$;
REVOKE ALL ON FUNCTION clientele.resume_capture_for(regrole, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.resume_capture_for(regrole, text) IS 'internal: resume_capture, behind the door';

CREATE FUNCTION clientele.resume_capture(population text) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION clientele.resume_capture(text) IS 'after a bulk load: changes make marks again, and the next refresh evaluates every customer';

-- ---------------------------------------------------------------------------
-- Reading: for those who may read the population's views
-- ---------------------------------------------------------------------------

GRANT SELECT (name, target_schema) ON clientele.population TO PUBLIC;

-- A condition on the view's position cannot use the table's index, so this reads the table
-- for those who may read the view.
CREATE FUNCTION clientele.changes_since_for(caller regrole, population text, "cursor" bigint,
    OUT "position" bigint, OUT key text, OUT name text, OUT from_label text, OUT to_label text,
    OUT effective_at timestamptz, OUT recorded_at timestamptz, OUT cause text, OUT model_version int)
RETURNS SETOF record LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    owned clientele.population;
    feed regclass;
BEGIN
    SELECT * INTO owned FROM clientele.population AS p WHERE p.name = $2;
    IF NOT FOUND THEN
        RAISE undefined_object USING MESSAGE = format('population "%s" does not exist', population);
    ELSIF NOT has_schema_privilege(caller, owned.target_schema, 'USAGE') THEN
        RAISE insufficient_privilege USING MESSAGE = format('permission denied for schema %s', owned.target_schema);
    END IF;
    feed := format('%I.%I', owned.target_schema, owned.name || '_change')::regclass;
    IF NOT has_table_privilege(caller, feed, 'SELECT') THEN
        RAISE insufficient_privilege USING MESSAGE = format('permission denied for view %s', owned.name || '_change');
    END IF;
    -- The cursor may stand between two flips of one row.
    RETURN QUERY SELECT f.* FROM clientele.owner_read(owned.owner, format(
        'SELECT c.position, c.key::text, c.name, c.from_label, c.to_label, c.effective_at, c.recorded_at, c.cause, c.model_version
         FROM %s AS c WHERE c.stored_position > greatest(%2$L::bigint, 0) - 4096 AND c.position > %2$L::bigint ORDER BY c.stored_position, c.position',
        clientele.feed(owned.name), "cursor"))
        AS f ("position" bigint, key text, name text, from_label text, to_label text,
              effective_at timestamptz, recorded_at timestamptz, cause text, model_version int);
END
$$;
REVOKE ALL ON FUNCTION clientele.changes_since_for(regrole, text, bigint) FROM PUBLIC;
COMMENT ON FUNCTION clientele.changes_since_for(regrole, text, bigint) IS 'internal: changes_since, behind the door';

CREATE FUNCTION clientele.changes_since(population text, "cursor" bigint,
    OUT "position" bigint, OUT key text, OUT name text, OUT from_label text, OUT to_label text,
    OUT effective_at timestamptz, OUT recorded_at timestamptz, OUT cause text, OUT model_version int)
RETURNS SETOF record AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C STABLE;
COMMENT ON FUNCTION clientele.changes_since(text, bigint) IS 'changes of labels and tags after a position: begin with 0, then give the highest position that you have dealt with. None is ever missed, because positions come in the order of commits: only one transaction writes a population''s feed at a time. The caller needs SELECT on the view NAME_change';

-- A key is given as text or in its own type.
CREATE FUNCTION clientele.profile(population text, key text, as_of timestamptz DEFAULT NULL) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'clientele_profile' LANGUAGE C STABLE;
CREATE FUNCTION clientele.profile(population text, key anynonarray, as_of timestamptz DEFAULT NULL) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'clientele_profile' LANGUAGE C STABLE;
COMMENT ON FUNCTION clientele.profile(text, text, timestamptz) IS 'one customer with all that is defined, now or at an instant; NULL for a customer or population that does not exist or may not be seen: whoever may select from the population''s view may ask';
COMMENT ON FUNCTION clientele.profile(text, anynonarray, timestamptz) IS 'the same with the key in its own type';

-- ---------------------------------------------------------------------------
-- forget
-- ---------------------------------------------------------------------------

-- What is forgotten cannot be read from here, only recognised.
CREATE TABLE clientele.population_secret (
    population_id int PRIMARY KEY,
    secret bytea NOT NULL DEFAULT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
) USING heap;
COMMENT ON TABLE clientele.population_secret IS 'keys of the digests in clientele.forgotten; a row from the first forget on';
COMMENT ON COLUMN clientele.population_secret.population_id IS 'whose secret it is';
COMMENT ON COLUMN clientele.population_secret.secret IS 'random bytes';

CREATE TABLE clientele.forgotten (
    population_id int NOT NULL,
    digest bytea NOT NULL,
    forgotten_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (population_id, digest)
) USING heap;
COMMENT ON TABLE clientele.forgotten IS 'customers who are not evaluated, stored or shown any more';
COMMENT ON COLUMN clientele.forgotten.population_id IS 'of which population';
COMMENT ON COLUMN clientele.forgotten.digest IS 'SHA-256 of the population''s secret and the key as text in UTF-8';
COMMENT ON COLUMN clientele.forgotten.forgotten_at IS 'since when';

SELECT pg_extension_config_dump('clientele.population_secret', '');
SELECT pg_extension_config_dump('clientele.forgotten', '');

-- The key as the customer table writes it: 007 and 7 are the same integer.
CREATE FUNCTION clientele.key_text(population clientele.population, key text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT k.key FROM clientele.owner_query(population.owner, format('SELECT %L::%s::text', key,
        split_part(clientele.key_type(population), ' COLLATE ', 1))) AS k (key text)
    $$;
REVOKE ALL ON FUNCTION clientele.key_text(clientele.population, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.key_text(clientele.population, text) IS 'internal: the canonical text of a key';

CREATE FUNCTION clientele.forget_for(caller regrole, population text, key text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owned clientele.population := clientele.locked_population(caller, population);
    target text;
BEGIN
    key := clientele.key_text(owned, key);
    INSERT INTO clientele.population_secret AS s (population_id) VALUES (owned.population_id) ON CONFLICT DO NOTHING;
    INSERT INTO clientele.forgotten AS f (population_id, digest)
    SELECT s.population_id, sha256(s.secret || convert_to(forget_for.key, 'UTF8'))
    FROM clientele.population_secret AS s WHERE s.population_id = owned.population_id
    ON CONFLICT DO NOTHING;
    PERFORM clientele.forget_claims(caller, owned.population_id, key, clientele.pseudonym(owned.population_id, key));
    PERFORM clientele.uncount(owned, key);
    FOR target IN
        SELECT format('%s WHERE %I', clientele.data_table(owned.name, 'stored', v.version), owned.key_column)
        FROM clientele.version AS v
        WHERE v.population_id = owned.population_id
          AND to_regclass(clientele.data_table(owned.name, 'stored', v.version)) IS NOT NULL
        UNION ALL
        SELECT format('%s WHERE key', clientele.data_table(owned.name, k.kind))
        FROM unnest(ARRAY['change', 'manual', 'revenue', 'recount', 'mark']) AS k (kind)
    LOOP
        PERFORM FROM clientele.owner_query(owned.owner, format('DELETE FROM %s = %L RETURNING 1', target, key)) AS d (n int);
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION clientele.forget_for(regrole, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.forget_for(regrole, text, text) IS 'internal: forget, behind the door';

CREATE FUNCTION clientele.forget(population text, key text) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION clientele.forget(text, text) IS 'erases what is stored of one customer, the history and what people said of him too, and keeps the facts that remain in the clinic''s tables from being evaluated; of him only a keyed digest is kept, and what promotions gave him under a pseudonym, so that money and stock still add up. The space is free for reuse after VACUUM; backups and the server''s log are not reached';

CREATE FUNCTION clientele.forget(population text, key anynonarray) RETURNS void
    LANGUAGE sql VOLATILE STRICT SET search_path = pg_catalog, pg_temp
    AS $$ SELECT clientele.forget($1, $2::text) $$;
COMMENT ON FUNCTION clientele.forget(text, anynonarray) IS 'the same with the key in its own type';

CREATE FUNCTION clientele.unforget_for(caller regrole, population text, key text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owned clientele.population := clientele.locked_population(caller, population);
BEGIN
    key := clientele.key_text(owned, key);
    DELETE FROM clientele.forgotten AS f USING clientele.population_secret AS s
    WHERE s.population_id = owned.population_id AND f.population_id = s.population_id
      AND f.digest = sha256(s.secret || convert_to(unforget_for.key, 'UTF8'));
    PERFORM FROM clientele.owner_query(owned.owner, format('INSERT INTO %s (key) VALUES (%L) RETURNING 1',
        clientele.data_table(owned.name, 'mark'), key)) AS m (n int);
END
$$;
REVOKE ALL ON FUNCTION clientele.unforget_for(regrole, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.unforget_for(regrole, text, text) IS 'internal: unforget, behind the door';

CREATE FUNCTION clientele.unforget(population text, key text) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION clientele.unforget(text, text) IS 'lifts forget: the customer is evaluated again from the facts that are there';

CREATE FUNCTION clientele.unforget(population text, key anynonarray) RETURNS void
    LANGUAGE sql VOLATILE STRICT SET search_path = pg_catalog, pg_temp
    AS $$ SELECT clientele.unforget($1, $2::text) $$;
COMMENT ON FUNCTION clientele.unforget(text, anynonarray) IS 'the same with the key in its own type';
