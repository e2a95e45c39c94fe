
-- Schema change: what DDL does to tables that are watched, and how to mend it.

CREATE FUNCTION clientele.schema_changes() RETURNS event_trigger
    AS 'MODULE_PATHNAME', 'clientele_schema_changes' LANGUAGE C;
REVOKE ALL ON FUNCTION clientele.schema_changes() FROM PUBLIC;
COMMENT ON FUNCTION clientele.schema_changes() IS 'event trigger function: a command that changes what a watched table holds, or how it is captured, is followed; none ever fails because of it';

CREATE FUNCTION clientele.former_wholes(relation oid) RETURNS oid[]
    AS 'MODULE_PATHNAME', 'clientele_former_wholes' LANGUAGE C STABLE STRICT;
REVOKE ALL ON FUNCTION clientele.former_wholes(oid) FROM PUBLIC;
COMMENT ON FUNCTION clientele.former_wholes(oid) IS 'internal: a table that has just been dropped, and all that it was a part of';

-- ---------------------------------------------------------------------------
-- Following
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.watchers(relation oid) RETURNS SETOF int
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT DISTINCT w.population_id FROM clientele.watch AS w
          WHERE w.relation IN (SELECT o FROM clientele.wholes(watchers.relation) AS o) ORDER BY 1 $$;
REVOKE ALL ON FUNCTION clientele.watchers(oid) FROM PUBLIC;
COMMENT ON FUNCTION clientele.watchers(oid) IS 'internal: populations that watch a table, or one that it is a part of';

CREATE FUNCTION clientele.watches_column(population_id int, relation oid, name text) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT EXISTS (SELECT FROM clientele.watch AS w
                         WHERE w.population_id = $1 AND w.relation IN (SELECT o FROM clientele.wholes($2) AS o)
                           AND (w.key_column = $3 OR $3 = ANY (w.columns))) $$;
REVOKE ALL ON FUNCTION clientele.watches_column(int, oid, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.watches_column(int, oid, text) IS 'internal: whether a population looks at a column of that name';

-- Where nothing tells us of changes, everybody is evaluated live and nothing is stored.
CREATE FUNCTION clientele.note_capture(population_id int, may_be_lost boolean) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    population clientele.population;
    fault record;
BEGIN
    SELECT * INTO STRICT population FROM clientele.population AS p WHERE p.population_id = note_capture.population_id;
    SELECT * INTO fault FROM clientele.capture_faults(population_id) LIMIT 1;
    IF FOUND AND may_be_lost AND NOT population.capture_paused THEN
        UPDATE clientele.population AS p SET capture_paused = true, capture_lost = true WHERE p.population_id = population.population_id;
        RAISE WARNING USING
            MESSAGE = format('population "%s" is not told of all changes any more: %s %s', population.name, fault.relation, fault.fault),
            DETAIL = 'Until it is, customers are evaluated whenever they are read, and refresh refuses.',
            HINT = format('SELECT clientele.mark_all(%L);', population.name);
    ELSIF fault IS NULL AND population.capture_lost THEN
        UPDATE clientele.population AS p SET capture_paused = false, capture_lost = false WHERE p.population_id = population.population_id;
    ELSE
        RETURN;
    END IF;
    PERFORM clientele.capture_switched(population_id);
END
$$;
REVOKE ALL ON FUNCTION clientele.note_capture(int, boolean) FROM PUBLIC;
COMMENT ON FUNCTION clientele.note_capture(int, boolean) IS 'internal: pauses a population that has lost triggers, and resumes one that has them again';

-- The owner has wished them to fire: then always.
CREATE FUNCTION clientele.fire_always(relation regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT t.tgrelid::regclass AS relation, t.tgname FROM pg_trigger AS t
        WHERE t.tgfoid = 'clientele.capture()'::regprocedure AND t.tgenabled IN ('O', 'R')
          AND t.tgrelid IN (SELECT p.relid FROM pg_partition_tree(fire_always.relation) AS p UNION SELECT fire_always.relation)
        ORDER BY t.tgrelid, t.tgname
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', one.relation, one.tgname);
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION clientele.fire_always(regclass) FROM PUBLIC;
COMMENT ON FUNCTION clientele.fire_always(regclass) IS 'internal: has triggers of ours that were enabled fire on replicas too';

-- A part has come, or gone.  Its own triggers may have gone with the whole's.
CREATE FUNCTION clientele.follow_part(whole oid, part oid) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    number int;
    trouble text;
BEGIN
    BEGIN
        IF EXISTS (SELECT FROM clientele.watchers(part)) THEN
            PERFORM clientele.install_capture(part);
        END IF;
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS trouble = PG_EXCEPTION_DETAIL;
        RAISE WARNING USING MESSAGE = SQLERRM, DETAIL = trouble;
    END;
    FOR number IN SELECT w FROM clientele.watchers(whole) AS w UNION SELECT w FROM clientele.watchers(part) AS w ORDER BY 1 LOOP
        IF EXISTS (SELECT FROM (SELECT part AS relid UNION SELECT t.relid FROM pg_partition_tree(part) AS t) AS t
                   JOIN pg_class AS c ON c.oid = t.relid WHERE c.relkind = 'f' OR pg_relation_size(c.oid) > 0) THEN
            PERFORM clientele.mark_everyone(number);
        END IF;
        PERFORM clientele.note_capture(number, true);
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION clientele.follow_part(oid, oid) FROM PUBLIC;
COMMENT ON FUNCTION clientele.follow_part(oid, oid) IS 'internal: captures a new part of a table, and has everyone evaluated again if it holds rows';

CREATE FUNCTION clientele.follow_column(relation oid, name text, former text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    number int;
BEGIN
    FOR number IN SELECT w FROM clientele.watchers(relation) AS w LOOP
        IF clientele.watches_column(number, relation, name) THEN
            PERFORM clientele.mark_everyone(number);
        END IF;
        IF clientele.watches_column(number, relation, former) THEN
            INSERT INTO clientele.renamed_column AS r VALUES (follow_column.relation, former, follow_column.name)
            ON CONFLICT ON CONSTRAINT renamed_column_pkey DO UPDATE SET new_name = excluded.new_name;
        END IF;
    END LOOP;
    UPDATE clientele.renamed_column AS r SET new_name = follow_column.name
    WHERE r.relation = follow_column.relation AND r.new_name = former;
    DELETE FROM clientele.renamed_column AS r
    WHERE r.relation = follow_column.relation AND r.name = follow_column.name;
END
$$;
REVOKE ALL ON FUNCTION clientele.follow_column(oid, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.follow_column(oid, text, text) IS 'internal: a column has other values, or (former not NULL) another name than before';

-- Another table behind a foreign key: other values at the end of the path.
CREATE FUNCTION clientele.follow_reference(relation oid) RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT clientele.mark_everyone(w.population_id)
    FROM (SELECT DISTINCT w AS population_id
          FROM pg_constraint AS c
          JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
          CROSS JOIN LATERAL clientele.watchers(c.conrelid) AS w
          WHERE c.conrelid = follow_reference.relation AND c.contype = 'f' AND clientele.watches_column(w, c.conrelid, a.attname)
            AND NOT EXISTS (SELECT FROM clientele.watch AS o
                            WHERE o.population_id = w AND o.relation IN (SELECT s FROM clientele.wholes(c.confrelid) AS s))) AS w
    $$;
REVOKE ALL ON FUNCTION clientele.follow_reference(oid) FROM PUBLIC;
COMMENT ON FUNCTION clientele.follow_reference(oid) IS 'internal: a table has got a foreign key; if it leads a watched column to a table that is not watched yet, a path may end elsewhere now';

CREATE FUNCTION clientele.follow_label(type oid) RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT clientele.mark_everyone(w.population_id)
    FROM (SELECT DISTINCT w AS population_id
          FROM pg_attribute AS a CROSS JOIN LATERAL clientele.watchers(a.attrelid) AS w
          WHERE a.attrelid IN (SELECT o.relation FROM clientele.watch AS o) AND a.attnum > 0 AND NOT a.attisdropped
            AND clientele.base_type(a.atttypid) = follow_label.type AND clientele.watches_column(w, a.attrelid, a.attname)) AS w
    $$;
REVOKE ALL ON FUNCTION clientele.follow_label(oid) FROM PUBLIC;
COMMENT ON FUNCTION clientele.follow_label(oid) IS 'internal: a label of an enum was renamed, with which definitions compare';

-- Views follow their schema; what names them does not.
CREATE FUNCTION clientele.follow_schema(name text, former text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    one record;
BEGIN
    FOR one IN
        UPDATE clientele.population AS p SET target_schema = follow_schema.name WHERE p.target_schema = follow_schema.former
        RETURNING p.*
    LOOP
        IF to_regprocedure(format('%I.%I(timestamptz)', one.target_schema, one.name || '_as_of')) IS NOT NULL THEN
            PERFORM clientele.put_as_of(one.population_id);
        END IF;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION clientele.follow_schema(text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.follow_schema(text, text) IS 'internal: a schema was renamed; populations whose views are in it go with it';

CREATE FUNCTION clientele.follow_triggers(relation oid, enabled boolean) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    number int;
BEGIN
    FOR number IN SELECT w FROM clientele.watchers(relation) AS w LOOP
        IF enabled THEN
            PERFORM clientele.fire_always(relation);
        END IF;
        -- a restore enables one trigger after the other: none of them was lost
        PERFORM clientele.note_capture(number, NOT enabled);
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION clientele.follow_triggers(oid, boolean) FROM PUBLIC;
COMMENT ON FUNCTION clientele.follow_triggers(oid, boolean) IS 'internal: triggers of a table have been enabled or disabled';

CREATE FUNCTION clientele.follow_drop() RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    number int;
BEGIN
    FOR number IN
        SELECT DISTINCT w.population_id
        FROM pg_event_trigger_dropped_objects() AS d
        JOIN clientele.watch AS w ON w.relation = ANY (clientele.former_wholes(d.objid))
        WHERE d.classid = 'pg_class'::regclass AND d.objsubid = 0 AND d.object_type IN ('table', 'foreign table')
        ORDER BY 1
    LOOP
        PERFORM clientele.mark_everyone(number);
        PERFORM clientele.note_capture(number, false);
    END LOOP;
    -- What is gone need not be watched; that a source is without its table is seen there.
    DELETE FROM clientele.watch AS w USING pg_event_trigger_dropped_objects() AS d
    WHERE d.classid = 'pg_class'::regclass AND d.objsubid = 0 AND d.objid = w.relation;
    FOR number IN
        SELECT DISTINCT w
        FROM pg_event_trigger_dropped_objects() AS d
        CROSS JOIN LATERAL clientele.watchers(to_regclass(format('%I.%I', d.address_names[1], d.address_names[2]))) AS w
        WHERE d.object_type = 'trigger' AND d.address_names[3] IN ('clientele_capture', 'clientele_capture_truncate')
        ORDER BY 1
    LOOP
        PERFORM clientele.note_capture(number, true);
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION clientele.follow_drop() FROM PUBLIC;
COMMENT ON FUNCTION clientele.follow_drop() IS 'internal: follows what an event trigger says has been dropped';

CREATE FUNCTION clientele.follow_schema_change(effect text, object oid, name text, former text, part oid) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET lock_timeout = '100ms'
    AS $$
DECLARE
    population clientele.population;
BEGIN
    CASE effect
        WHEN 'drop' THEN PERFORM clientele.follow_drop();
        WHEN 'part' THEN PERFORM clientele.follow_part(object, part);
        WHEN 'column' THEN PERFORM clientele.follow_column(object, name, former);
        WHEN 'reference' THEN PERFORM clientele.follow_reference(object);
        WHEN 'label' THEN PERFORM clientele.follow_label(object);
        WHEN 'schema' THEN PERFORM clientele.follow_schema(name, former);
        WHEN 'enabled', 'disabled' THEN PERFORM clientele.follow_triggers(object, effect = 'enabled');
    END CASE;
EXCEPTION WHEN OTHERS THEN
    RAISE WARNING USING
        MESSAGE = format('clientele could not follow this command: %s', SQLERRM),
        HINT = 'It is done. SELECT * FROM clientele.status(...) says whether anything of a population is broken by it.';
    FOR population IN SELECT * FROM clientele.population LOOP
        BEGIN
            PERFORM clientele.mark_everyone(population.population_id);
        EXCEPTION WHEN OTHERS THEN
            RAISE WARNING USING
                MESSAGE = format('population "%s" may show what was before this command: %s', population.name, SQLERRM),
                HINT = format('SELECT clientele.mark_all(%L);', population.name);
        END;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION clientele.follow_schema_change(text, oid, text, text, oid) FROM PUBLIC;
COMMENT ON FUNCTION clientele.follow_schema_change(text, oid, text, text, oid) IS 'internal: what event triggers call, for each effect of a command: part (comes or goes), column (has other values, or another name), reference (a foreign key), enabled, disabled (triggers), label (of an enum), schema, drop; what goes wrong becomes a warning, and everyone is evaluated again';

CREATE EVENT TRIGGER clientele_before ON ddl_command_start
    WHEN tag IN ('ALTER TABLE') EXECUTE FUNCTION clientele.schema_changes();
COMMENT ON EVENT TRIGGER clientele_before IS 'clientele: lets a table be attached that has a capture trigger of its own';
ALTER EVENT TRIGGER clientele_before ENABLE ALWAYS;

CREATE EVENT TRIGGER clientele_after ON ddl_command_end
    WHEN tag IN ('ALTER TABLE', 'CREATE TABLE', 'CREATE FOREIGN TABLE', 'CREATE SCHEMA', 'ALTER SCHEMA', 'ALTER TYPE')
    EXECUTE FUNCTION clientele.schema_changes();
COMMENT ON EVENT TRIGGER clientele_after IS 'clientele: partitions, columns, triggers and schemas that come, go or change';
ALTER EVENT TRIGGER clientele_after ENABLE ALWAYS;

CREATE EVENT TRIGGER clientele_dropped ON sql_drop
    WHEN tag IN ('DROP TABLE', 'DROP FOREIGN TABLE', 'DROP SCHEMA', 'DROP OWNED', 'DROP TRIGGER')
    EXECUTE FUNCTION clientele.schema_changes();
COMMENT ON EVENT TRIGGER clientele_dropped IS 'clientele: watched tables, their partitions and triggers that are dropped';
ALTER EVENT TRIGGER clientele_dropped ENABLE ALWAYS;

-- ---------------------------------------------------------------------------
-- What status says of it
-- ---------------------------------------------------------------------------

-- Whom we follow is the table that was registered, whatever it is called now.
CREATE FUNCTION clientele.replaced_table(relation regclass, relation_name text, OUT value text, OUT successor text)
    RETURNS SETOF record LANGUAGE sql STABLE ROWS 1 SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT CASE WHEN c.oid IS NULL THEN format('table %s was dropped%s', coalesce(relation_name, relation::oid::text),
                                               CASE WHEN n.oid IS NOT NULL THEN '; another has its name' ELSE '' END)
                ELSE format('it is table %s, which was called %s; another has that name now', relation, relation_name) END,
           coalesce(relation_name, '...')
    FROM (SELECT to_regclass(relation_name) AS oid) AS n
    LEFT JOIN pg_class AS c ON c.oid = relation
    WHERE c.oid IS NULL OR n.oid <> c.oid
    $$;
REVOKE ALL ON FUNCTION clientele.replaced_table(regclass, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.replaced_table(regclass, text) IS 'internal: whether a registered table is gone, or another has its name; no row = neither';

CREATE FUNCTION clientele.schema_faults(population clientele.population, OUT item text, OUT value text, OUT hint text)
    RETURNS SETOF record LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    source clientele.source;
    one record;
BEGIN
    IF to_regnamespace(quote_ident(population.target_schema)) IS NULL THEN
        item := 'schema missing';
        value := format('%s, in which the views were', population.target_schema);
        hint := format('ALTER SCHEMA ... RENAME TO %I;', population.target_schema);
        RETURN NEXT;
    END IF;

    SELECT 'table of the population', r.value,
           format('SELECT clientele.drop_population(%L, keep_tables => true); SELECT clientele.create_population(%L, %L, %L, %L, ...);',
                  population.name, population.name, r.successor, population.key_column, population.time_zone)
    INTO item, value, hint FROM clientele.replaced_table(population.relation, population.relation_name) AS r;
    IF FOUND THEN
        RETURN NEXT;
    END IF;
    FOR source IN SELECT * FROM clientele.source AS s WHERE s.population_id = population.population_id ORDER BY s.name, s.part LOOP
        SELECT format('table of source %s', source.name), r.value,
               format('SELECT clientele.add_source(%L, %L, %L, %L, %L); SELECT clientele.drop_source(%L, %L, %L);',
                      population.name, source.name, r.successor, source.key_path, source.occurred_at_path,
                      population.name, source.name, source.relation::text)
        INTO item, value, hint FROM clientele.replaced_table(source.relation, source.relation_name) AS r;
        IF FOUND THEN
            RETURN NEXT;
        END IF;
    END LOOP;

    FOR item, value, hint IN
        SELECT 'column missing', format('%I of table %s', c.name, w.relation),
               coalesce((SELECT format('ALTER TABLE %s RENAME COLUMN %I TO %I;', w.relation, r.new_name, r.name)
                         FROM clientele.renamed_column AS r JOIN pg_attribute AS n ON n.attrelid = r.relation AND n.attname = r.new_name
                         WHERE r.relation = w.relation AND r.name = c.name AND NOT n.attisdropped),
                        format('ALTER TABLE %s ADD COLUMN %I ...; or define without it what reads it: SELECT clientele.publish(%L);',
                               w.relation, c.name, population.name))
        FROM clientele.watch AS w
        JOIN pg_class AS t ON t.oid = w.relation
        CROSS JOIN LATERAL (SELECT w.key_column AS name WHERE w.key_column IS NOT NULL UNION SELECT unnest(w.columns)) AS c
        WHERE w.population_id = population.population_id
          AND NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = w.relation AND a.attname = c.name AND NOT a.attisdropped)
        GROUP BY w.relation, c.name ORDER BY w.relation::text, c.name
    LOOP
        RETURN NEXT;
    END LOOP;

    SELECT 'key retyped', format('%I of table %s is of type %s, and was of type %s', population.key_column, population.relation,
                                 clientele.column_type(now), clientele.column_type(was)),
           format('ALTER TABLE %s ALTER COLUMN %I TYPE %s;', population.relation, population.key_column, clientele.column_type(was))
    INTO item, value, hint
    FROM pg_attribute AS now, pg_attribute AS was
    WHERE now.attrelid = population.relation AND now.attname = population.key_column
      AND was.attrelid = to_regclass(clientele.data_table(population.name, 'mark')) AND was.attnum = 1
      AND (now.atttypid, now.attcollation) <> (was.atttypid, was.attcollation);
    IF FOUND THEN
        RETURN NEXT;
    END IF;

    FOR one IN SELECT DISTINCT w.relation FROM clientele.watch AS w JOIN pg_class AS c ON c.oid = w.relation
               WHERE w.population_id = population.population_id ORDER BY 1
    LOOP
        BEGIN
            PERFORM clientele.check_relation(one.relation, population.owner);
        EXCEPTION WHEN OTHERS THEN
            item := 'table unfit';
            GET STACKED DIAGNOSTICS value = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
            RETURN NEXT;
        END;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION clientele.schema_faults(clientele.population) FROM PUBLIC;
COMMENT ON FUNCTION clientele.schema_faults(clientele.population) IS 'internal: what of the clinic''s schema is not any more as a population needs it, and what to run';
