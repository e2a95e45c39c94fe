
-- Sources: tables of events; and what their money and places mean.

-- ---------------------------------------------------------------------------
-- Sources
-- ---------------------------------------------------------------------------

-- The event's key and the population's must be of one kind, so that they can be compared by index.
CREATE FUNCTION clientele.check_event_key(population clientele.population, relation regclass, path text[]) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    own pg_attribute := clientele.find_column(population.relation, population.key_column);
    last record;
BEGIN
    SELECT * INTO STRICT last FROM clientele.follow_path(relation, path) AS k ORDER BY k.step DESC LIMIT 1;
    IF clientele.key_family(last.type, last.collation_of) IS DISTINCT FROM clientele.key_family(own.atttypid, own.attcollation) THEN
        RAISE datatype_mismatch USING
            MESSAGE = format('column "%s" of table %s is of type %s%s, but the key of population "%s" of type %s%s',
                             last.column_name, last.at, format_type(last.type, NULL),
                             CASE WHEN last.collation_of <> 0 THEN format(' with collation %s', last.collation_of::regcollation) ELSE '' END,
                             population.name, format_type(own.atttypid, NULL),
                             CASE WHEN own.attcollation <> 0 THEN format(' with collation %s', own.attcollation::regcollation) ELSE '' END),
            HINT = CASE WHEN last.collation_of <> 0 AND own.attcollation <> 0
                   THEN format('ALTER TABLE %s ALTER COLUMN %I TYPE %s COLLATE %s;', last.at, last.column_name,
                               format_type(own.atttypid, NULL), own.attcollation::regcollation)
                   ELSE format('Name a column that refers to a customer, for example after ALTER TABLE %s ADD COLUMN customer_key %s REFERENCES %s (%I);',
                               last.at, format_type(own.atttypid, NULL), population.relation, population.key_column) END;
    END IF;
END
$$;
REVOKE ALL ON FUNCTION clientele.check_event_key(clientele.population, regclass, text[]) FROM PUBLIC;
COMMENT ON FUNCTION clientele.check_event_key(clientele.population, regclass, text[]) IS 'internal: an error unless the path leads from an event to a column that can hold the population''s keys';

CREATE FUNCTION clientele.check_event_time(relation regclass, path text[]) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    last record;
BEGIN
    SELECT * INTO STRICT last FROM clientele.follow_path(relation, path) AS k ORDER BY k.step DESC LIMIT 1;
    IF last.type NOT IN ('timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype) THEN
        RAISE datatype_mismatch USING
            MESSAGE = format('column "%s" of table %s is of type %s, which is no time', last.column_name, last.at, format_type(last.type, NULL)),
            HINT = format('The time of an event is a timestamptz, timestamp or date, for example after ALTER TABLE %s ADD COLUMN occurred_at timestamptz;', last.at);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION clientele.check_event_time(regclass, text[]) FROM PUBLIC;
COMMENT ON FUNCTION clientele.check_event_time(regclass, text[]) IS 'internal: an error unless the path leads from an event to a time';

-- A column that is said to be money or a place.
CREATE FUNCTION clientele.check_event_column(relation regclass, path text) RETURNS text
    LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM clientele.follow_path(relation, clientele.path_names(path));
    RETURN clientele.path_text(clientele.path_names(path));
END
$$;
REVOKE ALL ON FUNCTION clientele.check_event_column(regclass, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.check_event_column(regclass, text) IS 'internal: a path from an event to a column, as expressions write it; NULL for NULL';

-- The indexes by which events are found in the order of customers and times; those that
-- are there already count if they begin with these columns.
CREATE FUNCTION clientele.wanted_indexes(source clientele.source, model clientele.model DEFAULT NULL,
                                         OUT relation regclass, OUT columns name[], OUT include name[], OUT definition text)
RETURNS SETOF record LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    key_path text[] := clientele.path_names(source.key_path);
    time_path text[] := clientele.path_names(source.occurred_at_path);
    step record;
    before name;
BEGIN
    FOR step IN SELECT * FROM clientele.follow_path(source.relation, key_path) LOOP
        relation := step.at;
        columns := ARRAY[step.column_name];
        include := CASE WHEN before IS NULL THEN '{}' ELSE ARRAY[before] END;
        IF cardinality(time_path) = step.step AND time_path[1:step.step - 1] = key_path[1:step.step - 1] THEN
            columns := columns || time_path[step.step]::name;
        END IF;
        IF step.step = 1 THEN
            -- what has no bound could make a row too long for the index, and a payment fail
            include := ARRAY(SELECT DISTINCT c.name
                             FROM (SELECT (clientele.path_names(p.path))[1]::name
                                   FROM unnest(ARRAY[source.amount, source.branch]) AS p (path) WHERE p.path IS NOT NULL
                                   UNION ALL
                                   SELECT u.path[1]::name FROM clientele.model_columns_used(model) AS u
                                   WHERE u.source = wanted_indexes.source.name AND u.path <> '{}') AS c (name)
                             WHERE c.name <> ALL (columns)
                               AND (SELECT a.attlen > 0 OR a.atttypid = 'numeric'::regtype
                                           OR (a.atttypid = 'varchar'::regtype AND a.atttypmod BETWEEN 0 AND 100)
                                    FROM pg_attribute AS a WHERE a.attrelid = step.at AND a.attname = c.name)
                             ORDER BY 1);
        END IF;
        IF NOT EXISTS (
            SELECT FROM pg_index AS i
            JOIN pg_class AS c ON c.oid = i.indexrelid
            JOIN pg_am AS m ON m.oid = c.relam
            WHERE i.indrelid = step.at AND m.amname = 'btree' AND i.indisvalid AND i.indpred IS NULL
              AND wanted_indexes.columns = ARRAY(
                  SELECT a.attname FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place)
                  JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
                  WHERE k.place <= least(i.indnkeyatts, cardinality(wanted_indexes.columns)) ORDER BY k.place)
              AND wanted_indexes.include <@ ARRAY(
                  SELECT a.attname FROM unnest(i.indkey::int2[]) AS k (attnum)
                  JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum))
        THEN
            definition := format('ON %s (%s)%s', relation,
                (SELECT string_agg(quote_ident(c.name), ', ' ORDER BY c.place) FROM unnest(wanted_indexes.columns) WITH ORDINALITY AS c (name, place)),
                CASE WHEN include <> '{}'
                     THEN format(' INCLUDE (%s)', (SELECT string_agg(quote_ident(c.name), ', ' ORDER BY c.place)
                                                   FROM unnest(wanted_indexes.include) WITH ORDINALITY AS c (name, place)))
                     ELSE '' END);
            RETURN NEXT;
        END IF;
        before := step.target_column;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION clientele.wanted_indexes(clientele.source, clientele.model) FROM PUBLIC;
COMMENT ON FUNCTION clientele.wanted_indexes(clientele.source, clientele.model) IS 'internal: the indexes that a source would be read by and that are not there; they include what the definitions of a model read (NULL = only amount and branch)';

-- CONCURRENTLY, where the table can be indexed so.
CREATE FUNCTION clientele.index_command(relation regclass, definition text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT format('CREATE INDEX %s%s;', CASE c.relkind WHEN 'r' THEN 'CONCURRENTLY ' ELSE '' END, definition)
    FROM pg_class AS c WHERE c.oid = relation
    $$;
REVOKE ALL ON FUNCTION clientele.index_command(regclass, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.index_command(regclass, text) IS 'internal: what to run for an index that is wanted';

CREATE FUNCTION clientele.make_wanted_indexes(source clientele.source, create_index boolean, model clientele.model DEFAULT NULL)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN SELECT * FROM clientele.wanted_indexes(source, model) LOOP
        IF coalesce(create_index, false) THEN
            EXECUTE 'CREATE INDEX ' || wanted.definition;
        ELSE
            RAISE NOTICE USING
                MESSAGE = format('source "%s" would be read faster by an index of table %s', source.name, wanted.relation),
                HINT = clientele.index_command(wanted.relation, wanted.definition);
        END IF;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION clientele.make_wanted_indexes(clientele.source, boolean, clientele.model) FROM PUBLIC;
COMMENT ON FUNCTION clientele.make_wanted_indexes(clientele.source, boolean, clientele.model) IS 'internal: makes the indexes that a source wants, or says which';

CREATE FUNCTION clientele.check_future_tolerance(tolerance interval) RETURNS interval
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF tolerance IS NULL OR tolerance < '0' OR tolerance > '366 days' OR extract(year FROM tolerance) <> 0 OR extract(month FROM tolerance) <> 0 THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('future_tolerance cannot be %s', coalesce(tolerance::text, 'null')),
            HINT = 'Give hours, minutes or days, from none to 366 days, such as ''5 minutes''.';
    END IF;
    RETURN tolerance;
END
$$;
REVOKE ALL ON FUNCTION clientele.check_future_tolerance(interval) FROM PUBLIC;
COMMENT ON FUNCTION clientele.check_future_tolerance(interval) IS 'internal: how far events may be ahead, or an error';

CREATE FUNCTION clientele.add_source_for(caller regrole, population text, name text, relation regclass, key text, occurred_at text,
                                         amount text, branch text, filter clientele.expression, create_index boolean,
                                         future_tolerance interval)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owned clientele.population := clientele.population_of(caller, population);
    source clientele.source;
    first clientele.source;
BEGIN
    source.population_id := owned.population_id;
    source.name := clientele.check_name('source', name);
    PERFORM clientele.check_attachable(caller, relation);
    PERFORM clientele.check_relation(relation, owned.owner);
    source.relation := relation;
    source.relation_name := relation;
    source.key_path := clientele.path_text(clientele.path_names(clientele.check_given('key', key)));
    source.occurred_at_path := clientele.path_text(clientele.path_names(clientele.check_given('occurred_at', occurred_at)));
    PERFORM clientele.check_event_key(owned, relation, clientele.path_names(key));
    PERFORM clientele.check_event_time(relation, clientele.path_names(occurred_at));

    -- A further table of a source is filled with what the first one said.
    SELECT * INTO first FROM clientele.source AS s
    WHERE s.population_id = owned.population_id AND s.name = source.name ORDER BY s.part LIMIT 1;
    source.amount := clientele.check_event_column(relation, coalesce(amount, first.amount));
    source.branch := clientele.check_event_column(relation, coalesce(branch, first.branch));
    source.filter := coalesce(filter::text, first.filter);
    source.future_tolerance := clientele.check_future_tolerance(future_tolerance);
    source.part := 1;
    IF first.part IS NOT NULL THEN
        IF future_tolerance = '0' THEN
            source.future_tolerance := first.future_tolerance;
        END IF;
        source.revenue := first.revenue;
        IF (source.amount, source.branch, source.filter, source.future_tolerance)
           IS DISTINCT FROM (first.amount, first.branch, first.filter, first.future_tolerance) THEN
            RAISE duplicate_object USING
                MESSAGE = format('source "%s" reads table %s with another amount, branch, filter or future_tolerance', name, first.relation),
                HINT = 'All tables of a source are read alike: leave these arguments out, or choose another name.';
        ELSIF EXISTS (SELECT FROM clientele.source AS s
                      WHERE s.population_id = owned.population_id AND s.name = source.name AND s.relation = source.relation) THEN
            RAISE duplicate_object USING
                MESSAGE = format('source "%s" reads table %s already', name, relation),
                HINT = format('To change how, first: SELECT clientele.drop_source(%L, %L, %L);', population, name, relation);
        END IF;
        source.part := 1 + max(s.part) FROM clientele.source AS s
                       WHERE s.population_id = owned.population_id AND s.name = source.name;
    END IF;

    INSERT INTO clientele.source SELECT source.*;
    PERFORM clientele.draft_model(owned.population_id);
    PERFORM clientele.sources_changed(owned);
    PERFORM clientele.make_wanted_indexes(source, create_index);
END
$$;
REVOKE ALL ON FUNCTION clientele.add_source_for(regrole, text, text, regclass, text, text, text, text, clientele.expression, boolean, interval) FROM PUBLIC;
COMMENT ON FUNCTION clientele.add_source_for(regrole, text, text, regclass, text, text, text, text, clientele.expression, boolean, interval) IS 'internal: add_source, behind the door';

CREATE FUNCTION clientele.append_mark_of_everyone(mark_relation regclass) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_append_mark_of_everyone' LANGUAGE C VOLATILE STRICT;
REVOKE ALL ON FUNCTION clientele.append_mark_of_everyone(regclass) FROM PUBLIC;
COMMENT ON FUNCTION clientele.append_mark_of_everyone(regclass) IS 'internal: marks everyone in a mark table, past the triggers that its owner may have put on it';

CREATE FUNCTION clientele.mark_everyone(population_id int) RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, pg_temp
    AS $$ SELECT clientele.append_mark_of_everyone(format('clientele_data.%I', p.name || '_mark')::regclass)
          FROM clientele.population AS p WHERE p.population_id = mark_everyone.population_id $$;
REVOKE ALL ON FUNCTION clientele.mark_everyone(int) FROM PUBLIC;
COMMENT ON FUNCTION clientele.mark_everyone(int) IS 'internal: has everyone of a population evaluated again';

-- Whoever is evaluated already may see other events now.
CREATE FUNCTION clientele.sources_changed(population clientele.population) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM clientele.set_watches(population.population_id,
                                  (SELECT v.model FROM clientele.version AS v
                                   WHERE v.population_id = population.population_id AND v.version = population.next_version));
    IF coalesce(population.live_version, population.next_version) IS NOT NULL THEN
        PERFORM clientele.mark_everyone(population.population_id);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION clientele.sources_changed(clientele.population) FROM PUBLIC;
COMMENT ON FUNCTION clientele.sources_changed(clientele.population) IS 'internal: watches what the sources now are, and has everyone evaluated again';

CREATE FUNCTION clientele.add_source(population text, name text, relation regclass, key text, occurred_at text,
                                     amount text DEFAULT NULL, branch text DEFAULT NULL, filter clientele.expression DEFAULT NULL,
                                     create_index boolean DEFAULT false, future_tolerance interval DEFAULT '0')
RETURNS void AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.add_source(text, text, regclass, text, text, text, text, clientele.expression, boolean, interval) IS 'registers a table of events and captures its changes from now on: key and occurred_at name its columns with the customer''s key and the event''s time (timestamptz, timestamp or date), or paths to them along foreign keys, such as bill_id.customer_id; amount and branch the columns with money and place (NULL = none); filter says which events count (NULL = all); future_tolerance how far ahead of the clock an event may be and count; the same name again adds a further table to the source; says which index it would like, or makes it (create_index); the caller must own the table';

CREATE FUNCTION clientele.drop_source_for(caller regrole, population text, name text, relation regclass)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owned clientele.population := clientele.population_of(caller, population);
    is_last boolean;
    reader text;
BEGIN
    IF NOT EXISTS (SELECT FROM clientele.source AS s
                   WHERE s.population_id = owned.population_id AND s.name = drop_source_for.name
                     AND s.relation = coalesce(drop_source_for.relation, s.relation)) THEN
        RAISE undefined_object USING
            MESSAGE = format('population "%s" has no source "%s"%s', population, name, ' of table ' || relation::text),
            HINT = coalesce((SELECT 'Its sources are: ' || string_agg(format('%s (%s)', s.name, s.relation), ', ' ORDER BY s.name, s.part) || '.'
                             FROM clientele.source AS s WHERE s.population_id = owned.population_id), 'It has no sources.');
    END IF;
    is_last := NOT EXISTS (SELECT FROM clientele.source AS s
                           WHERE s.population_id = owned.population_id AND s.name = drop_source_for.name
                             AND s.relation <> drop_source_for.relation);
    IF is_last THEN
        SELECT m.whose INTO reader
        FROM (SELECT 'the draft' AS whose, clientele.draft_model(owned.population_id) AS model
              UNION ALL
              SELECT format('version %s', v.version), v.model FROM clientele.version AS v
              WHERE v.population_id = owned.population_id AND v.version IN (owned.live_version, owned.next_version)) AS m
        CROSS JOIN LATERAL clientele.model_columns_used(m.model) AS u
        WHERE u.source = drop_source_for.name
          -- its own filter does not need it
          AND EXISTS (SELECT FROM jsonb_array_elements(m.model::text::jsonb -> 'definitions') AS d
                      CROSS JOIN LATERAL clientele.model_columns_used(
                          jsonb_build_object('time_zone', 'UTC', 'sources', '[]'::jsonb, 'definitions', jsonb_build_array(d))::text::clientele.model) AS one
                      WHERE one.source = drop_source_for.name)
        LIMIT 1;
        IF FOUND THEN
            RAISE dependent_objects_still_exist USING
                MESSAGE = format('source "%s" is read by %s of population "%s"', name, reader, population),
                HINT = 'Define without it what reads it, publish and refresh; then drop it.';
        END IF;
    END IF;
    DELETE FROM clientele.source AS s
    WHERE s.population_id = owned.population_id AND s.name = drop_source_for.name
      AND s.relation = coalesce(drop_source_for.relation, s.relation);
    PERFORM clientele.sources_changed(owned);
END
$$;
REVOKE ALL ON FUNCTION clientele.drop_source_for(regrole, text, text, regclass) FROM PUBLIC;
COMMENT ON FUNCTION clientele.drop_source_for(regrole, text, text, regclass) IS 'internal: drop_source, behind the door';

CREATE FUNCTION clientele.drop_source(population text, name text, relation regclass DEFAULT NULL)
RETURNS void AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.drop_source(text, text, regclass) IS 'takes a source away, or one of its tables (NULL = all); an error while a definition of the draft or of a version in use reads it';

-- ---------------------------------------------------------------------------
-- What counts as revenue, and where a customer belongs
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.set_revenue_for(caller regrole, population text, sources text[])
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owned clientele.population := clientele.population_of(caller, population);
    wrong text;
BEGIN
    PERFORM clientele.check_given('sources', sources::text);
    SELECT coalesce(one, 'null') INTO wrong FROM unnest(sources) AS one
    WHERE NOT EXISTS (SELECT FROM clientele.source AS s
                      WHERE s.population_id = owned.population_id AND s.name = one AND s.amount IS NOT NULL)
    LIMIT 1;
    IF FOUND THEN
        RAISE undefined_object USING
            MESSAGE = format('population "%s" has no source "%s" with an amount', population, wrong),
            HINT = coalesce((SELECT format('Those with an amount are: %s.', string_agg(DISTINCT s.name, ', '))
                             FROM clientele.source AS s WHERE s.population_id = owned.population_id AND s.amount IS NOT NULL),
                            format('Say which column of a source is money: SELECT clientele.add_source(%L, ..., amount => ''net'');', population));
    END IF;
    UPDATE clientele.source AS s SET revenue = s.name = ANY (sources)
    WHERE s.population_id = owned.population_id AND s.amount IS NOT NULL;
END
$$;
REVOKE ALL ON FUNCTION clientele.set_revenue_for(regrole, text, text[]) FROM PUBLIC;
COMMENT ON FUNCTION clientele.set_revenue_for(regrole, text, text[]) IS 'internal: set_revenue, behind the door';

CREATE FUNCTION clientele.set_revenue(population text, VARIADIC sources text[]) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.set_revenue(text, text[]) IS 'says which sources'' amounts are revenue, in the draft: those named, and no other. Deposits, top-ups and repayments of debts are no sales. An error for a source without an amount';

CREATE FUNCTION clientele.set_branch_for(caller regrole, population text, metric text)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owned clientele.population := clientele.population_of(caller, population);
BEGIN
    IF metric IS NOT NULL THEN
        PERFORM clientele.check_name('branch', metric);
    END IF;
    UPDATE clientele.population AS p SET branch = metric WHERE p.population_id = owned.population_id;
    PERFORM clientele.draft_model(owned.population_id);
END
$$;
REVOKE ALL ON FUNCTION clientele.set_branch_for(regrole, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.set_branch_for(regrole, text, text) IS 'internal: set_branch, behind the door';

CREATE FUNCTION clientele.set_branch(population text, metric text) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.set_branch(text, text) IS 'says which metric of the draft tells the branch that a customer belongs to, such as one defined as last(payment.branch_id), or as a column of the population''s table; NULL: none does';
