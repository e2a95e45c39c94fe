
-- Publishing: the draft becomes a version with tables of its own, and when these are
-- built the views of the population show it.

CREATE FUNCTION clientele.owner_query(owner oid, query text) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'clientele_owner_query' LANGUAGE C STRICT;
REVOKE ALL ON FUNCTION clientele.owner_query(oid, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.owner_query(oid, text) IS 'internal: runs a query over tables of the population''s owner with his rights';

CREATE FUNCTION clientele.owner_read(owner oid, query text) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'clientele_owner_query' LANGUAGE C STABLE STRICT;
REVOKE ALL ON FUNCTION clientele.owner_read(oid, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.owner_read(oid, text) IS 'internal: the same for a query that only reads, in the snapshot of the statement';

CREATE FUNCTION clientele.lock_population(population_id int) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_lock' LANGUAGE C STRICT;
REVOKE ALL ON FUNCTION clientele.lock_population(int) FROM PUBLIC;
COMMENT ON FUNCTION clientele.lock_population(int) IS 'internal: waits until nobody else writes the population''s stored rows, feed or versions, and keeps others out until the transaction ends';

-- Whoever writes stored rows, feed or versions locks them first and the catalog's row second.
CREATE FUNCTION clientele.locked_population(caller regrole, population text) RETURNS clientele.population
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM clientele.lock_population(p.population_id) FROM clientele.population AS p WHERE p.name = population;
    RETURN clientele.population_of(caller, population);
END
$$;
REVOKE ALL ON FUNCTION clientele.locked_population(regrole, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.locked_population(regrole, text) IS 'internal: population_of, which nobody refreshes until the transaction ends';

CREATE FUNCTION clientele.readable_population(caller regrole, population text) RETURNS clientele.population
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    found_population clientele.population;
BEGIN
    SELECT * INTO found_population FROM clientele.population AS p
    WHERE p.name = population AND pg_has_role(caller, p.owner, 'USAGE');
    IF FOUND THEN
        RETURN found_population;
    END IF;
    RETURN clientele.population_of(caller, population);
END
$$;
REVOKE ALL ON FUNCTION clientele.readable_population(regrole, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.readable_population(regrole, text) IS 'internal: population_of for those who only read: it locks nothing';

CREATE FUNCTION clientele.data_table(population name, kind text, version int DEFAULT NULL) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT format('clientele_data.%I', concat_ws('_', population, kind, version)) $$;
REVOKE ALL ON FUNCTION clientele.data_table(name, text, int) FROM PUBLIC;
COMMENT ON FUNCTION clientele.data_table(name, text, int) IS 'internal: the name of a table beneath the views';

-- A stored row of the feed is what one evaluation changed of one customer.  Each takes 4096
-- positions: its own is the one before its first flip, and flips.c sees to it that there
-- are not more.  So positions are unique, and ascend as rows do.  Of one customer, what was
-- filled in comes before all that was seen: his flips are in the order of told_at, position.
CREATE FUNCTION clientele.feed(population name) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT format('(SELECT c.position AS stored_position, c.position + f.number AS position, c.key, f.name, f.from_label, f.to_label,
                           c.effective_at, c.recorded_at, c.cause, c.model_version,
                           CASE c.cause WHEN ''backfill'' THEN c.effective_at ELSE ''infinity'' END AS told_at
                    FROM %s AS c CROSS JOIN LATERAL unnest(c.names, c.from_labels, c.to_labels)
                         WITH ORDINALITY AS f (name, from_label, to_label, number))', clientele.data_table(population, 'change'))
    $$;
REVOKE ALL ON FUNCTION clientele.feed(name) FROM PUBLIC;
COMMENT ON FUNCTION clientele.feed(name) IS 'internal: the change feed as a subquery, a row for each change';

CREATE FUNCTION clientele.key_type(population clientele.population) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT clientele.column_type(a) FROM pg_attribute AS a
          WHERE a.attrelid = population.relation AND a.attname = population.key_column $$;
REVOKE ALL ON FUNCTION clientele.key_type(clientele.population) FROM PUBLIC;
COMMENT ON FUNCTION clientele.key_type(clientele.population) IS 'internal: type and collation of the key, as CREATE TABLE takes it';

-- ---------------------------------------------------------------------------
-- The columns of the view
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.tag_list(tags text[]) RETURNS text
	AS 'MODULE_PATHNAME', 'clientele_tag_list' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientele.tag_list(text[]) IS 'tags as text, separated by commas: a column of the views; nulls are left out';

-- A view only ever gains columns, at its end: whoever built a report on it keeps it.  A
-- column that the version has no more stays, and is NULL.
CREATE FUNCTION clientele.view_columns(population clientele.population, version int, kind text,
                                       OUT column_name name, OUT type text, OUT expression text,
                                       OUT existing_type text, OUT existing int, OUT description text)
RETURNS SETOF record LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    WITH wanted AS (
        SELECT 0 AS place, 'as_of'::name AS column_name, 'timestamp with time zone' AS type, 'v.as_of' AS expression,
               'the instant of the answer; to be given: WHERE as_of = ...' AS description
        WHERE kind = 'at'
        UNION ALL
        SELECT 1, population.key_column, split_part(clientele.key_type(population), ' COLLATE ', 1),
               format('v.%I', population.key_column), format('key of the customer in %s', population.relation)
        UNION ALL
        SELECT 1 + row_number() OVER (), o.name,
               CASE o.role WHEN 'elapsed' THEN 'integer' ELSE o.type END,
               CASE o.role WHEN 'elapsed'
                    THEN format('clientele.elapsed(%L, v.%I, v.as_of, %L)', o.unit, o.name, population.time_zone)
                    ELSE format('v.%I', o.name) END,
               CASE o.role
                    WHEN 'value' THEN format('metric %s', o.definition)
                    WHEN 'elapsed' THEN format('metric %s: %s', o.definition, o.unit)
                    WHEN 'label' THEN format('label of %s', o.definition)
                    WHEN 'score' THEN format('score of %s', o.definition)
                    ELSE format('part of the score of %s', o.definition) END
        FROM clientele.model_columns(population.population_id, view_columns.version) AS o
        UNION ALL
        SELECT 10000 + place, more.column_name, more.type, more.expression, more.description
        FROM (VALUES
            (1, 'tags'::name, 'text', 'clientele.tag_list(v.tags)', 'the tags that the customer has, in order'),
            (2, 'evaluated_at', 'timestamp with time zone', 'v.evaluated_at', 'since when the row is known to be so'),
            (3, 'due_at', 'timestamp with time zone', 'v.due_at', 'until when the passing of time alone cannot change it; NULL = for ever'),
            (4, 'model_version', 'integer', format('%s', view_columns.version), 'the version of the definitions')
        ) AS more (place, column_name, type, expression, description)
        WHERE NOT (kind = 'at' AND more.column_name = 'evaluated_at')
    ), existing AS (
        SELECT attnum, attname, format_type(atttypid, atttypmod) AS type
        FROM pg_attribute
        WHERE attrelid = to_regclass(format('%I.%I', population.target_schema,
                                            population.name || CASE kind WHEN 'at' THEN '_at' ELSE '' END))
          AND attnum > 0 AND NOT attisdropped
    )
    SELECT coalesce(w.column_name, e.attname), coalesce(w.type, e.type),
           coalesce(w.expression, format('NULL::%s', e.type)), e.type, e.attnum,
           coalesce(w.description, 'not defined any more: NULL, until drop_column')
    FROM wanted AS w FULL JOIN existing AS e ON e.attname = w.column_name
    ORDER BY e.attnum NULLS LAST, w.place
    $$;
REVOKE ALL ON FUNCTION clientele.view_columns(clientele.population, int, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.view_columns(clientele.population, int, text) IS 'internal: the columns of a population''s view (kind: now, at) with a version, those that it has already first';

-- Views, rules and functions that were made on a column.
CREATE FUNCTION clientele.dependants(relation regclass, column_name name) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT string_agg(DISTINCT coalesce(r.ev_class::regclass::text, pg_describe_object(d.classid, d.objid, d.objsubid)), ', ')
    FROM pg_depend AS d
    LEFT JOIN pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
    JOIN pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = relation AND a.attname = column_name
      AND r.ev_class IS DISTINCT FROM relation::oid
    $$;
REVOKE ALL ON FUNCTION clientele.dependants(regclass, name) FROM PUBLIC;
COMMENT ON FUNCTION clientele.dependants(regclass, name) IS 'internal: what was built on a column of a view; NULL = nothing';

-- Whose changes the feed follows, beside tags, and their values in a row of a version: flips.c.
CREATE FUNCTION clientele.followed(population_id int, version int, alias text, OUT name name, OUT expression text)
RETURNS SETOF record LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT c.name, CASE WHEN c.type LIKE 'numeric%' THEN format('trim_scale(%s.%I)::text', alias, c.name)
                        ELSE format('%s.%I::text', alias, c.name) END
    FROM clientele.model_columns(population_id, version) AS c
    JOIN clientele.version AS v ON v.population_id = followed.population_id AND v.version = followed.version
    WHERE c.role = 'label' OR (c.role = 'value' AND c.definition = v.model::text::jsonb ->> 'branch')
    $$;
REVOKE ALL ON FUNCTION clientele.followed(int, int, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.followed(int, int, text) IS 'internal: what has labels in a version, and its branch, with an expression for the label in a row of that alias';

-- ---------------------------------------------------------------------------
-- The tables of a version
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.create_version_tables(population clientele.population, version int) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    stored text := clientele.data_table(population.name, 'stored', version);
    stale text := clientele.data_table(population.name, 'stale', version);
    every text := clientele.data_table(population.name, 'all', version);
    live text := clientele.data_table(population.name, 'live', version);
    marked text := clientele.data_table(population.name, 'marked');
    key text := quote_ident(population.key_column);
    key_type text := clientele.key_type(population);
    definitions text;
    outputs text;
BEGIN
    SELECT string_agg(format(', %I %s', name, type), '' ORDER BY place),
           string_agg(format(', %%1$s.%I', name), '' ORDER BY place)
    INTO definitions, outputs
    FROM (SELECT name, type, row_number() OVER () AS place
          FROM clientele.model_columns(population.population_id, version)) AS o;

    -- Its indexes are made when its rows are there: index_stored.
    EXECUTE format('CREATE TABLE %s (%s %s NOT NULL, evaluated_at timestamptz NOT NULL,
                                     due_at timestamptz%s, tags text[] NOT NULL)
                    USING heap WITH (fillfactor = 80)',
                   stored, key, key_type, definitions);
    -- Hardly any plan reads it, so a small sample is enough.
    EXECUTE format('ALTER TABLE %s ALTER %s SET STATISTICS 10, ALTER evaluated_at SET STATISTICS 10, ALTER due_at SET STATISTICS 10',
                   stored, key);
    EXECUTE format('COMMENT ON TABLE %s IS %L', stored,
                   format('customers of %s as version %s of its definitions saw them last', population.name, version));

    IF to_regclass(marked) IS NULL THEN
        EXECUTE format('CREATE FOREIGN TABLE %s (key %s) SERVER clientele OPTIONS (population %L, rows ''marked'')',
                       marked, key_type, population.name);
        EXECUTE format('COMMENT ON FOREIGN TABLE %s IS %L', marked, 'customers whose facts have changed since they were stored; NULL = everyone');
        EXECUTE format('ALTER FOREIGN TABLE %s OWNER TO %s', marked, population.owner);
    END IF;
    EXECUTE format('CREATE FOREIGN TABLE %s (as_of timestamptz, %s %s%s, tags text[], due_at timestamptz)
                    SERVER clientele OPTIONS (population %L, version %L, rows ''stale'')',
                   stale, key, key_type, definitions, population.name, version);
    EXECUTE format('COMMENT ON FOREIGN TABLE %s IS %L', stale, 'customers whose stored row does not hold at as_of, evaluated');
    EXECUTE format('CREATE FOREIGN TABLE %s (as_of timestamptz, %s %s%s, tags text[], due_at timestamptz)
                    SERVER clientele OPTIONS (population %L, version %L, rows ''all'')',
                   every, key, key_type, definitions, population.name, version);
    EXECUTE format('COMMENT ON FOREIGN TABLE %s IS %L', every, 'customers, evaluated at as_of');

    EXECUTE format('CREATE FOREIGN TABLE %s (as_of timestamptz, %s %s%s, tags text[], evaluated_at timestamptz, due_at timestamptz)
                    SERVER clientele OPTIONS (population %L, version %L, rows ''live'')',
                   live, key, key_type, definitions, population.name, version);
    EXECUTE format('COMMENT ON FOREIGN TABLE %s IS %L', live, 'every customer now: stored rows that still hold, the others evaluated');

    EXECUTE format('ALTER TABLE %s OWNER TO %s', stored, population.owner);
    EXECUTE format('ALTER FOREIGN TABLE %s OWNER TO %s', stale, population.owner);
    EXECUTE format('ALTER FOREIGN TABLE %s OWNER TO %s', every, population.owner);
    EXECUTE format('ALTER FOREIGN TABLE %s OWNER TO %s', live, population.owner);
END
$$;
REVOKE ALL ON FUNCTION clientele.create_version_tables(clientele.population, int) FROM PUBLIC;
COMMENT ON FUNCTION clientele.create_version_tables(clientele.population, int) IS 'internal: makes the tables beneath the views for a version';

CREATE FUNCTION clientele.index_stored(population_id int, version int) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    population clientele.population;
    stored text;
BEGIN
    SELECT * INTO STRICT population FROM clientele.population AS p WHERE p.population_id = index_stored.population_id;
    stored := clientele.data_table(population.name, 'stored', version);
    EXECUTE format('ALTER TABLE %s ADD PRIMARY KEY (%I)', stored, population.key_column);
    EXECUTE format('CREATE INDEX ON %s (due_at) WHERE due_at IS NOT NULL', stored);
END
$$;
REVOKE ALL ON FUNCTION clientele.index_stored(int, int) FROM PUBLIC;
COMMENT ON FUNCTION clientele.index_stored(int, int) IS 'internal: makes the indexes of a version''s stored rows; that it has them says that all are loaded';

CREATE FUNCTION clientele.drop_version_tables(population clientele.population, version int) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    EXECUTE format('DROP FOREIGN TABLE IF EXISTS %s, %s, %s',
                   clientele.data_table(population.name, 'live', version),
                   clientele.data_table(population.name, 'stale', version),
                   clientele.data_table(population.name, 'all', version));
    EXECUTE format('DROP TABLE IF EXISTS %s', clientele.data_table(population.name, 'stored', version));
END
$$;
REVOKE ALL ON FUNCTION clientele.drop_version_tables(clientele.population, int) FROM PUBLIC;
COMMENT ON FUNCTION clientele.drop_version_tables(clientele.population, int) IS 'internal: the contrary of create_version_tables';

-- Somebody may still be reading with the version before: then the next refresh tries again.
CREATE FUNCTION clientele.drop_old_versions(population_id int) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning SET lock_timeout = '1ms'
    AS $$
DECLARE
    population clientele.population;
    old int;
    live regclass;
BEGIN
    SELECT * INTO STRICT population FROM clientele.population AS p WHERE p.population_id = drop_old_versions.population_id;
    FOR old, live IN
        SELECT v.version, to_regclass(clientele.data_table(population.name, 'live', v.version))
        FROM clientele.version AS v
        WHERE v.population_id = population.population_id
          AND v.version IS DISTINCT FROM population.live_version
          AND v.version IS DISTINCT FROM population.next_version
          AND to_regclass(clientele.data_table(population.name, 'stored', v.version)) IS NOT NULL
    LOOP
        BEGIN
            PERFORM clientele.drop_version_tables(population, old);
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            NULL;
        END;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION clientele.drop_old_versions(int) FROM PUBLIC;
COMMENT ON FUNCTION clientele.drop_old_versions(int) IS 'internal: drops the tables of versions that are shown no more, unless somebody reads them';

-- ---------------------------------------------------------------------------
-- publish
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.publish_for(caller regrole, population text, note text) RETURNS int
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owned clientele.population;
    draft clientele.model;
    view regclass;
    clash record;
    wanting text;
BEGIN
    owned := clientele.locked_population(caller, population);

    draft := clientele.draft_model(owned.population_id);
    SELECT d ->> 'name' INTO wanting
    FROM jsonb_array_elements(draft::text::jsonb -> 'definitions') AS d
    WHERE d ->> 'kind' = 'rfm' AND d ->> 'cuts' IS NULL;
    IF FOUND THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('grid "%s" has no cut points yet', wanting),
            HINT = format('Find them first: SELECT * FROM clientele.calibrate(%L, %L);', owned.name, wanting);
    END IF;

    IF owned.next_version IS NOT NULL THEN
        PERFORM clientele.drop_version_tables(owned, owned.next_version);
    END IF;
    INSERT INTO clientele.version (population_id, version, model, note, author)
    SELECT owned.population_id, coalesce(max(v.version), 0) + 1, draft, publish_for.note,
           (SELECT r.rolname FROM pg_roles AS r WHERE r.oid = caller)
    FROM clientele.version AS v WHERE v.population_id = owned.population_id
    RETURNING version.version INTO owned.next_version;

    view := to_regclass(format('%I.%I', owned.target_schema, owned.name));
    FOR clash IN
        SELECT * FROM clientele.view_columns(owned, owned.next_version, 'now') AS c
        WHERE c.existing_type <> c.type
    LOOP
        RAISE datatype_mismatch USING
            MESSAGE = format('column "%s" of %s is of type %s and would become %s',
                             clash.column_name, view, clash.existing_type, clash.type),
            DETAIL = coalesce('These were built on it: ' || clientele.dependants(view, clash.column_name) || '.',
                              'Nothing in this database was built on it.'),
            HINT = 'Define it under another name, or publish without it, refresh, and drop_column before it is defined anew.';
    END LOOP;

    PERFORM clientele.set_watches(owned.population_id, draft);
    PERFORM clientele.make_wanted_indexes(s, false, draft)
    FROM clientele.source AS s WHERE s.population_id = owned.population_id ORDER BY s.name, s.part;
    PERFORM clientele.create_version_tables(owned, owned.next_version);
    UPDATE clientele.population AS p SET next_version = owned.next_version
    WHERE p.population_id = owned.population_id;
    PERFORM clientele.wake_worker();
    RETURN owned.next_version;
END
$$;
REVOKE ALL ON FUNCTION clientele.publish_for(regrole, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.publish_for(regrole, text, text) IS 'internal: publish, behind the door';

CREATE FUNCTION clientele.publish(population text, note text DEFAULT NULL) RETURNS int
    AS 'MODULE_PATHNAME', 'clientele_door_with_patience' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.publish(text, text) IS 'makes a version of the draft; CALL clientele.refresh builds it beside the one that is shown and then shows it. Returns its number. A version that was never shown is replaced';

-- ---------------------------------------------------------------------------
-- The views that people read
-- ---------------------------------------------------------------------------

-- Makes a view or gives it new columns.  Somebody else's view in its place is not touched.
CREATE FUNCTION clientele.put_view(population clientele.population, suffix text, query text, description text)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    view text := format('%I.%I', population.target_schema, population.name || suffix);
    column_comment text;
BEGIN
    IF EXISTS (SELECT FROM pg_class WHERE oid = to_regclass(view) AND (relowner <> population.owner OR relkind <> 'v')) THEN
        RAISE duplicate_table USING
            MESSAGE = format('%s is in the way of the view that population "%s" would have there', view, population.name),
            HINT = 'Rename it, or drop it.';
    END IF;
    EXECUTE format('CREATE OR REPLACE VIEW %s AS %s', view, query);
    EXECUTE format('ALTER VIEW %s OWNER TO %s', view, population.owner);
    EXECUTE format('COMMENT ON VIEW %s IS %L', view, description);
END
$$;
REVOKE ALL ON FUNCTION clientele.put_view(clientele.population, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.put_view(clientele.population, text, text, text) IS 'internal: makes or replaces one of a population''s views';

CREATE FUNCTION clientele.comment_columns(view regclass, columns name[], descriptions text[]) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    FOR i IN 1 .. cardinality(columns) LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', view, columns[i], descriptions[i]);
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION clientele.comment_columns(regclass, name[], text[]) FROM PUBLIC;
COMMENT ON FUNCTION clientele.comment_columns(regclass, name[], text[]) IS 'internal: comments on the columns of a view';

CREATE FUNCTION clientele.put_as_of(population_id int) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    population clientele.population;
BEGIN
    SELECT * INTO STRICT population FROM clientele.population AS p WHERE p.population_id = put_as_of.population_id;
    EXECUTE format($function$
        CREATE OR REPLACE FUNCTION %1$I.%2$I(as_of timestamptz) RETURNS SETOF %1$I.%3$I LANGUAGE sql STABLE PARALLEL SAFE
        AS 'SELECT v.* FROM %1$I.%3$I AS v WHERE v.as_of OPERATOR(pg_catalog.=) $1'
        $function$, population.target_schema, population.name || '_as_of', population.name || '_at');
    EXECUTE format('ALTER FUNCTION %I.%I(timestamptz) OWNER TO %s', population.target_schema, population.name || '_as_of', population.owner);
    EXECUTE format('COMMENT ON FUNCTION %I.%I(timestamptz) IS %L', population.target_schema, population.name || '_as_of',
                   'customers and their segments at an instant, by today''s facts and definitions');
END
$$;
REVOKE ALL ON FUNCTION clientele.put_as_of(int) FROM PUBLIC;
COMMENT ON FUNCTION clientele.put_as_of(int) IS 'internal: makes the function beside the view of another instant';

-- The views are made again where they are to lose a column, which a view cannot.
CREATE FUNCTION clientele.show_version(population_id int, version int, without name DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    population clientele.population;
    key text;
    live text;
    stored_feed text;
    feed text;
    families text;
    labels text;
    label_names text;
    branch text;
    manual text;
    said text;
    now record;
    at record;
BEGIN
    SELECT * INTO STRICT population FROM clientele.population AS p WHERE p.population_id = show_version.population_id;
    key := quote_ident(population.key_column);
    live := clientele.data_table(population.name, 'live', version);
    stored_feed := clientele.data_table(population.name, 'change');
    manual := clientele.data_table(population.name, 'manual');
    feed := clientele.feed(population.name);

    SELECT string_agg(format('%s AS %I', c.expression, c.column_name), ', ') AS selection,
           array_agg(c.column_name) AS columns, array_agg(c.description) AS descriptions
    INTO now
    FROM clientele.view_columns(population, version, 'now') AS c WHERE c.column_name IS DISTINCT FROM without;
    SELECT string_agg(format('%s AS %I', c.expression, c.column_name), ', ') AS selection,
           array_agg(c.column_name) AS columns, array_agg(c.description) AS descriptions
    INTO at
    FROM clientele.view_columns(population, version, 'at') AS c WHERE c.column_name IS DISTINCT FROM without;
    IF without IS NOT NULL THEN
        EXECUTE format('DROP FUNCTION %I.%I(timestamptz)', population.target_schema, population.name || '_as_of');
        EXECUTE format('DROP VIEW %1$I.%2$I, %1$I.%3$I', population.target_schema, population.name || '_at', population.name);
    END IF;

    PERFORM clientele.put_view(population, '', format('SELECT %s FROM %s AS v', now.selection, live),
                               format('customers of %s with their segments, exact at every moment', population.relation));
    PERFORM clientele.comment_columns(format('%I.%I', population.target_schema, population.name)::regclass, now.columns, now.descriptions);

    PERFORM clientele.put_view(population, '_at', format('SELECT %s FROM %s AS v', at.selection,
                                                         clientele.data_table(population.name, 'all', version)),
                               'the same at another instant: WHERE as_of = ... chooses it');
    PERFORM clientele.comment_columns(format('%I.%I', population.target_schema, population.name || '_at')::regclass, at.columns, at.descriptions);
    IF to_regprocedure(format('%I.%I(timestamptz)', population.target_schema, population.name || '_as_of')) IS NULL THEN
        PERFORM clientele.put_as_of(population_id);
    END IF;

    -- What a tag belongs to is part of the version, so it can stand in the view itself.
    SELECT string_agg(format('(%L, %L)', d ->> 'name', d ->> 'family'), ', ')
    INTO families
    FROM clientele.version AS v, jsonb_array_elements(v.model::text::jsonb -> 'definitions') AS d
    WHERE v.population_id = population.population_id AND v.version = show_version.version
      AND d ->> 'kind' = 'tag' AND d ->> 'family' IS NOT NULL;
    -- A column of the statement by which the customer has the tag; NULL = there is none.
    said := format($query$
        (SELECT CASE WHEN s.until IS NULL OR s.until > v.as_of THEN s.%%I END
         FROM %1$s AS s WHERE s.key = v.%2$s AND s.kind = 'tag' AND s.name = t.tag AND s.since <= v.as_of
         ORDER BY s.since DESC, s.number DESC LIMIT 1)$query$, manual, key);
    PERFORM clientele.put_view(population, '_tag', format($query$
        SELECT v.%1$s, t.tag, coalesce(%5$s, f.family) AS family, CASE WHEN %6$s IS NULL THEN 'rule' ELSE 'manual' END AS origin,
               coalesce(%6$s,
               (SELECT CASE WHEN c.to_labels[array_position(c.names, t.tag)] IS NOT NULL THEN c.effective_at END
                FROM %2$s AS c WHERE c.key = v.%1$s AND t.tag = ANY (c.names)
                ORDER BY c.cause = 'backfill', CASE c.cause WHEN 'backfill' THEN c.effective_at END DESC, c.position DESC LIMIT 1)) AS since
        FROM %3$s AS v CROSS JOIN LATERAL unnest(v.tags) AS t (tag)
        LEFT JOIN (VALUES (NULL::text, NULL::text)%4$s) AS f (tag, family) ON f.tag = t.tag
        $query$, key, stored_feed, live, coalesce(', ' || families, ''), format(said, 'family'), format(said, 'since')),
        'the tags that customers have, one row each');
    PERFORM clientele.comment_columns(format('%I.%I', population.target_schema, population.name || '_tag')::regclass,
        ARRAY[population.key_column, 'tag', 'family', 'origin', 'since'],
        ARRAY['key of the customer', 'name of the tag', 'what the tag belongs to', 'manual: somebody gave it; rule: only the definition does',
              'when the customer got it, or was given it last; NULL = before the feed began, or the next refresh will tell']);

    PERFORM clientele.put_view(population, '_manual', format($query$
        SELECT s.key AS %1$s, s.kind, s.name, s.label, s.family, s.note, s.author::text AS author, s.since, s.until,
               CASE WHEN s.ended THEN s.next_since END AS ended_at, CASE WHEN s.ended THEN s.next_author::text END AS ended_by,
               CASE WHEN s.ended THEN s.next_note END AS ended_note
        FROM (SELECT m.*, lead(m.since) OVER w AS next_since, lead(m.author) OVER w AS next_author, lead(m.note) OVER w AS next_note,
                     (lead(m.since) OVER w < coalesce(m.until, 'infinity')) IS TRUE AS ended
              FROM %2$s AS m WINDOW w AS (PARTITION BY m.key, m.kind, m.name ORDER BY m.since, m.number)) AS s
        WHERE s.until IS NULL OR s.until > s.since
        $query$, key, manual),
        'tags that people gave customers and labels that they pinned, also those that are over; INSERT on this view lets a role tag customers, UPDATE lets it pin labels');
    PERFORM clientele.comment_columns(format('%I.%I', population.target_schema, population.name || '_manual')::regclass,
        ARRAY[population.key_column, 'kind', 'name', 'label', 'family', 'note', 'author', 'since', 'until', 'ended_at', 'ended_by', 'ended_note'],
        ARRAY['key of the customer', 'tag or pin', 'the tag; or the definition whose label is pinned', 'the pinned label', 'what the tag belongs to',
              'what the author said about it', 'the role that gave or pinned it', 'since when', 'its term: the first instant not any more; NULL = none',
              'when somebody took it away, or said something else, before its term; NULL = nobody has', 'the role that did', 'what that role said about it']);

    PERFORM clientele.put_view(population, '_change', format(
        'SELECT position, key AS %s, name, from_label, to_label, effective_at, recorded_at, cause, model_version FROM %s AS flip', key, feed),
        'every change of a label or tag, oldest first by position');
    PERFORM clientele.comment_columns(format('%I.%I', population.target_schema, population.name || '_change')::regclass,
        ARRAY['position', population.key_column, 'name', 'from_label', 'to_label', 'effective_at', 'recorded_at', 'cause', 'model_version'],
        ARRAY['number of the change, in the order of commits', 'key of the customer', 'what gives the label; a tag''s name',
              'label before; NULL = none', 'label from then on; NULL = none', 'since when it is so', 'when it was written',
              'fact, time, publish or pin; backfill: found out later, for the time before', 'version of the definitions that gave it']);

    -- What a customer had when the feed began has no beginning there.
    SELECT string_agg(format('(%L, %s)', f.name, f.expression), ', ') INTO labels
    FROM clientele.followed(population.population_id, version, 'v') AS f;
    SELECT string_agg(quote_literal(name), ', ') INTO label_names
    FROM clientele.model_columns(population.population_id, version) WHERE role = 'label';
    PERFORM clientele.put_view(population, '_membership', format($query$
        SELECT key AS %1$s, name, label, valid_from, valid_to
        FROM (SELECT key, name, to_label AS label, effective_at AS valid_from,
                     lead(effective_at) OVER (PARTITION BY key, name ORDER BY told_at, position) AS valid_to
              FROM %2$s AS flip) AS interval
        WHERE label IS NOT NULL
        UNION ALL
        SELECT key, name, from_label, NULL, effective_at
        FROM (SELECT DISTINCT ON (key, name) * FROM %2$s AS flip ORDER BY key, name, told_at, position) AS first
        WHERE from_label IS NOT NULL
        UNION ALL
        SELECT v.%1$s, l.name, l.label, NULL, NULL
        FROM %3$s AS v CROSS JOIN LATERAL (SELECT * FROM (VALUES %4$s) AS labels (name, label)
                                           UNION ALL SELECT t, t FROM unnest(v.tags) AS t) AS l
        WHERE l.label IS NOT NULL AND NOT EXISTS (SELECT FROM %5$s AS c WHERE c.key = v.%1$s AND l.name = ANY (c.names))
        $query$, key, feed, live, coalesce(labels, '(NULL::text, NULL::text)'), stored_feed),
        'from when to when a customer had a label or tag');
    PERFORM clientele.comment_columns(format('%I.%I', population.target_schema, population.name || '_membership')::regclass,
        ARRAY[population.key_column, 'name', 'label', 'valid_from', 'valid_to'],
        ARRAY['key of the customer', 'what gives the label; a tag''s name', 'the label; a tag''s name', 'first instant; NULL = since before the feed',
              'first instant not any more; NULL = still so']);

    -- Who went away and came back within the week has not moved.  The branch is of the stored
    -- row, which refresh wrote with the feed; it is looked up only if it is asked for.
    SELECT CASE WHEN o.type LIKE 'numeric%' THEN format('trim_scale(v.%I)::text', o.name) ELSE format('v.%I::text', o.name) END
    INTO branch
    FROM clientele.version AS v, clientele.model_columns(population.population_id, show_version.version) AS o
    WHERE v.population_id = population.population_id AND v.version = show_version.version
      AND o.name = v.model::text::jsonb ->> 'branch';
    PERFORM clientele.put_view(population, '_moves', format($query$
        SELECT m.week, m.key AS %1$s, m.name, m.from_label, m.to_label, m.moved_at, m.cause, %2$s AS branch
        FROM (SELECT %3$s AS week, key, name,
                     (array_agg(from_label ORDER BY effective_at, position))[1] AS from_label,
                     (array_agg(to_label ORDER BY effective_at DESC, position DESC))[1] AS to_label,
                     max(effective_at) AS moved_at,
                     (array_agg(cause ORDER BY effective_at DESC, position DESC))[1] AS cause
              FROM %4$s AS flip WHERE name IN (%5$s) GROUP BY 1, 2, 3) AS m
        %6$s
        WHERE m.from_label IS DISTINCT FROM m.to_label
        $query$, key, coalesce(branch, 'NULL::text'), clientele.week_of('effective_at', population.time_zone), feed,
        coalesce(label_names, 'NULL'),
        CASE WHEN branch IS NOT NULL THEN format('LEFT JOIN %s AS v ON v.%s = m.key', clientele.data_table(population.name, 'stored', version), key) END),
        'who has another label at the end of a week than before it');
    PERFORM clientele.comment_columns(format('%I.%I', population.target_schema, population.name || '_moves')::regclass,
        ARRAY['week', population.key_column, 'name', 'from_label', 'to_label', 'moved_at', 'cause', 'branch'],
        ARRAY['the Monday on which the week began', 'key of the customer', 'what gives the label', 'label when the week began; NULL = none',
              'label when it ended, or now; NULL = none', 'since when it is so', 'fact, time, publish, pin or backfill: of the last change',
              'where the customer belongs now; NULL without set_branch']);
    PERFORM clientele.put_view(population, '_daily', format(
        'SELECT day, name, label, branch, customers, revenue::numeric(28,6) AS revenue FROM %s AS d', clientele.data_table(population.name, 'daily')),
        'how many customers had a label or tag at the end of each day, and what they paid on it; refresh_summaries brings it up to date');
    PERFORM clientele.comment_columns(format('%I.%I', population.target_schema, population.name || '_daily')::regclass,
        ARRAY['day', 'name', 'label', 'branch', 'customers', 'revenue'],
        ARRAY['the day, in the population''s time zone', 'what gives the label; a tag''s name', 'the label; a tag''s name',
              'where the customers belonged at the end of the day; NULL = nowhere, or set_branch has not been called',
              'how many had the label at the end of the day', 'what they paid on that day, wherever; NULL = set_revenue has not been called']);
END
$$;
REVOKE ALL ON FUNCTION clientele.show_version(int, int, name) FROM PUBLIC;
COMMENT ON FUNCTION clientele.show_version(int, int, name) IS 'internal: makes the views of a population show a version; without: leave a column out';

-- ---------------------------------------------------------------------------
-- drop_column
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.drop_column_for(caller regrole, population text, column_name text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owned clientele.population;
    view regclass;
    grants text[];
    statement text;
BEGIN
    owned := clientele.locked_population(caller, population);
    view := to_regclass(format('%I.%I', owned.target_schema, owned.name));

    IF owned.live_version IS NULL OR NOT EXISTS (
        SELECT FROM clientele.view_columns(owned, owned.live_version, 'now') AS c
        WHERE c.column_name = drop_column_for.column_name AND c.existing IS NOT NULL)
    THEN
        RAISE undefined_column USING
            MESSAGE = format('the view of population "%s" has no column "%s"', owned.name, column_name);
    END IF;
    IF EXISTS (SELECT FROM clientele.view_columns(owned, owned.live_version, 'now') AS c
               WHERE c.column_name = drop_column_for.column_name AND c.expression NOT LIKE 'NULL::%')
    THEN
        RAISE object_in_use USING
            MESSAGE = format('column "%s" of %s is defined', column_name, view),
            HINT = format('First take it out of the rules: SELECT clientele.drop_definition(%L, %L); then publish and refresh.',
                          owned.name, column_name);
    END IF;
    IF clientele.dependants(view, column_name) IS NOT NULL THEN
        RAISE dependent_objects_still_exist USING
            MESSAGE = format('cannot drop column "%s" of %s because other objects depend on it', column_name, view),
            DETAIL = format('These were built on it: %s.', clientele.dependants(view, column_name)),
            HINT = 'Drop or change them first.';
    END IF;

    -- For the same readers.
    SELECT array_agg(format('GRANT %s ON %I.%I TO %s%s', a.privilege_type, owned.target_schema, c.relname,
                            CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END,
                            CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END))
    INTO grants
    FROM pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS a
    WHERE c.oid IN (view, to_regclass(format('%I.%I', owned.target_schema, owned.name || '_at')))
      AND a.grantee <> c.relowner;
    PERFORM clientele.show_version(owned.population_id, owned.live_version, column_name);
    FOREACH statement IN ARRAY coalesce(grants, '{}') LOOP
        EXECUTE statement;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION clientele.drop_column_for(regrole, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.drop_column_for(regrole, text, text) IS 'internal: drop_column, behind the door';

CREATE FUNCTION clientele.drop_column(population text, column_name text) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_door_with_patience' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION clientele.drop_column(text, text) IS 'takes a column whose definition was dropped out of the views; an error where something was built on it';
