
-- Populations: customer tables that are kept segmented.

-- ---------------------------------------------------------------------------
-- Populations
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.check_key(relation regclass, key text) RETURNS name
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    key_column pg_attribute := clientele.find_column(relation, key);
BEGIN
    -- Every column that a view of ours has beside the key.
    IF key IN ('as_of', 'tags', 'evaluated_at', 'due_at', 'model_version', 'tag', 'family', 'origin', 'since', 'position', 'name',
               'from_label', 'to_label', 'effective_at', 'recorded_at', 'cause', 'label', 'valid_from', 'valid_to',
               'week', 'moved_at', 'branch', 'kind', 'note', 'author', 'until', 'ended_at', 'ended_by', 'ended_note') THEN
        RAISE duplicate_column USING
            MESSAGE = format('the views of a population have a column "%s", so its key cannot be called so', key),
            HINT = format('ALTER TABLE %s RENAME COLUMN %I TO %I;', relation, key, 'customer_' || key);
    ELSIF clientele.key_family(key_column.atttypid, key_column.attcollation) IS NULL THEN
        RAISE datatype_mismatch USING
            MESSAGE = format('column "%s" of table %s is of type %s%s, which cannot be the key of a population', key, relation,
                             format_type(key_column.atttypid, key_column.atttypmod),
                             CASE WHEN key_column.attcollation <> 0
                                  THEN format(' with collation %s', key_column.attcollation::regcollation) ELSE '' END),
            HINT = format('Keys are integers, uuids, or texts whose collation is deterministic, for example after ALTER TABLE %s ALTER COLUMN %I TYPE text%s;',
                          relation, key, CASE WHEN key_column.attcollation <> 0 THEN ' COLLATE "C"' ELSE '' END);
    ELSIF NOT key_column.attnotnull THEN
        RAISE not_null_violation USING
            MESSAGE = format('column "%s" of table %s may be null, so it cannot be the key of a population', key, relation),
            HINT = format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL;', relation, key);
    ELSIF NOT EXISTS (SELECT FROM pg_index AS i
                      WHERE i.indrelid = relation AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL
                        AND i.indnkeyatts = 1 AND i.indkey[0] = key_column.attnum)
    THEN
        RAISE invalid_column_reference USING
            MESSAGE = format('column "%s" of table %s is not unique, so it cannot be the key of a population', key, relation),
            HINT = format('CREATE UNIQUE INDEX %sON %s (%I);',
                          CASE WHEN (SELECT c.relkind = 'r' FROM pg_class AS c WHERE c.oid = relation) THEN 'CONCURRENTLY ' ELSE '' END,
                          relation, key);
    END IF;
    RETURN key_column.attname;
END
$$;
REVOKE ALL ON FUNCTION clientele.check_key(regclass, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.check_key(regclass, text) IS 'internal: the column by which customers are told apart, or an error with what to run';

-- What a population has in its target schema, beside functions.
CREATE FUNCTION clientele.view_names(population name) RETURNS SETOF name
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT (population || suffix)::name
          FROM unnest(ARRAY['', '_at', '_tag', '_manual', '_change', '_membership', '_moves', '_daily',
                             '_promotion', '_claim', '_coupon_batch', '_ledger', '_plan', '_promotion_report', '_promotion_effect', '_price', '_refusal']) AS suffix $$;
REVOKE ALL ON FUNCTION clientele.view_names(name) FROM PUBLIC;
COMMENT ON FUNCTION clientele.view_names(name) IS 'internal: the names of a population''s views';

-- What a population has in clientele_data.
CREATE FUNCTION clientele.data_relations(population name) RETURNS SETOF pg_class
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT c.* FROM pg_class AS c
    WHERE c.relnamespace = 'clientele_data'::regnamespace AND starts_with(c.relname, population)
      AND substr(c.relname, length(population) + 1) ~ '^_(mark|change|manual|marked|daily|revenue|recount|(stored|stale|all|live)_[0-9]+)$'
    $$;
REVOKE ALL ON FUNCTION clientele.data_relations(name) FROM PUBLIC;
COMMENT ON FUNCTION clientele.data_relations(name) IS 'internal: tables and views of a population in clientele_data';

CREATE FUNCTION clientele.make_target_schema(target_schema name, owner regrole) RETURNS boolean
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM clientele.check_given('target_schema', target_schema);
    IF target_schema IN ('clientele', 'clientele_data') OR target_schema LIKE 'pg\_%' OR target_schema = 'information_schema' THEN
        RAISE reserved_name USING
            MESSAGE = format('views of a population cannot be made in schema "%s"', target_schema),
            HINT = 'Use a schema of your own, such as ''segments''.';
    ELSIF NOT EXISTS (SELECT FROM pg_namespace AS n WHERE n.nspname = target_schema) THEN
        EXECUTE format('CREATE SCHEMA %I AUTHORIZATION %s', target_schema, owner);
        EXECUTE format('COMMENT ON SCHEMA %I IS %L', target_schema, 'segments of customers, as clientele keeps them');
        RETURN true;
    ELSIF NOT has_schema_privilege(owner, target_schema, 'CREATE') THEN
        RAISE insufficient_privilege USING
            MESSAGE = format('role %s, the owner of the population, may not make views in schema "%s"', owner, target_schema),
            HINT = format('GRANT USAGE, CREATE ON SCHEMA %I TO %s;', target_schema, owner);
    END IF;
    RETURN false;
END
$$;
REVOKE ALL ON FUNCTION clientele.make_target_schema(name, regrole) FROM PUBLIC;
COMMENT ON FUNCTION clientele.make_target_schema(name, regrole) IS 'internal: makes the schema where it is missing, and says whether it was';

CREATE FUNCTION clientele.week_of(instant text, time_zone text) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT format('date_trunc(''week'', timezone(%L, %s))::date', time_zone, instant) $$;
REVOKE ALL ON FUNCTION clientele.week_of(text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.week_of(text, text) IS 'internal: the Monday on which the calendar week of an instant began, as an expression';

CREATE FUNCTION clientele.make_data_tables(population clientele.population) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    key_column pg_attribute := clientele.find_column(population.relation, population.key_column);
    key_type text := clientele.column_type(key_column);
    mark text := format('clientele_data.%I', population.name || '_mark');
    change text := format('clientele_data.%I', population.name || '_change');
    manual text := format('clientele_data.%I', population.name || '_manual');
    daily text := format('clientele_data.%I', population.name || '_daily');
    revenue text := format('clientele_data.%I', population.name || '_revenue');
    recount text := format('clientele_data.%I', population.name || '_recount');
BEGIN
    -- Marks that can be read no more, or were deleted by hand, would be changes lost in
    -- silence: so their table is not the owner's, and is a heap whatever the default.
    EXECUTE format('CREATE TABLE %s (key %s, link smallint, link_key text) USING heap', mark, key_type);
    EXECUTE format('CREATE INDEX ON %s (key)', mark);
    -- A publication FOR ALL TABLES would make refresh fail, or subscribers keep every mark.
    EXECUTE format('ALTER TABLE %s REPLICA IDENTITY FULL', mark);
    EXECUTE format('COMMENT ON TABLE %s IS %L', mark,
                   format('customers of %s whose facts have changed since they were evaluated; all columns NULL: everyone', population.name));
    EXECUTE format($table$
        CREATE TABLE %s (
            position bigint GENERATED ALWAYS AS IDENTITY (MINVALUE 0 START 0 INCREMENT 4096) PRIMARY KEY,
            key %s NOT NULL,
            names text[] NOT NULL,
            from_labels text[] NOT NULL,
            to_labels text[] NOT NULL,
            effective_at timestamptz NOT NULL,
            recorded_at timestamptz NOT NULL,
            cause text NOT NULL CHECK (cause IN ('fact', 'time', 'publish', 'pin', 'backfill')),
            model_version int NOT NULL
        ) USING heap$table$, change, key_type);
    EXECUTE format('CREATE INDEX ON %s (key, position)', change);
    -- Rows come as weeks pass, so where a week's rows are takes a page to say.
    EXECUTE format('CREATE INDEX ON %s USING brin ((%s))', change, clientele.week_of('effective_at', population.time_zone));
    EXECUTE format('COMMENT ON TABLE %s IS %L', change,
                   format('what changed of customers of %s: a row is what one evaluation changed of one, its arrays the changes', population.name));
    -- A statement without a mark would be a change lost in silence: this table is not the owner's either.
    EXECUTE format($table$
        CREATE TABLE %s (
            number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            key %s NOT NULL,
            kind text COLLATE "C" NOT NULL CHECK (kind IN ('tag', 'pin')),
            name text COLLATE "C" NOT NULL,
            label text COLLATE "C" CHECK (label IS NULL OR kind = 'pin'),
            family text,
            note text,
            author name NOT NULL,
            since timestamptz NOT NULL,
            until timestamptz
        ) USING heap$table$, manual, key_type);
    EXECUTE format('CREATE INDEX ON %s (key, since)', manual);
    EXECUTE format('COMMENT ON TABLE %s IS %L', manual,
                   format('what people said of customers of %s: tags and pinned labels. Of rows about one thing the latest holds, until its term is over; until = since takes back', population.name));
    EXECUTE format('CREATE TABLE %s (day date NOT NULL, name text NOT NULL, label text NOT NULL, branch text,
                                     customers bigint NOT NULL, revenue numeric) USING heap', daily);
    EXECUTE format('CREATE INDEX ON %s (day)', daily);
    EXECUTE format('COMMENT ON TABLE %s IS %L', daily,
                   format('customers of %s at the end of each day, by label and branch, and what they paid on it', population.name));
    EXECUTE format('CREATE TABLE %s (key %s NOT NULL, day date NOT NULL, revenue numeric NOT NULL) USING heap', revenue, key_type);
    EXECUTE format('CREATE INDEX ON %s (key)', revenue);
    EXECUTE format('COMMENT ON TABLE %s IS %L', revenue,
                   format('what customers of %s have paid on each day, as far as the sums by days know', population.name));
    EXECUTE format('CREATE TABLE %s (key %s NOT NULL) USING heap', recount, key_type);
    EXECUTE format('COMMENT ON TABLE %s IS %L', recount,
                   format('customers of %s whom the sums by days are to count anew', population.name));
    EXECUTE format('ALTER TABLE %s REPLICA IDENTITY FULL', daily);
    EXECUTE format('ALTER TABLE %s REPLICA IDENTITY FULL', revenue);
    EXECUTE format('ALTER TABLE %s REPLICA IDENTITY FULL', recount);
    EXECUTE format('REVOKE ALL ON %s, %s, %s, %s, %s, %s FROM PUBLIC', mark, change, manual, daily, revenue, recount);
    EXECUTE format('GRANT SELECT, INSERT, DELETE ON %s TO %s', mark, population.owner);
    -- Who locks a view locks what is beneath with its owner's rights; SELECT would not do.
    EXECUTE format('GRANT SELECT, DELETE ON %s TO %s', manual, population.owner);
    EXECUTE format('ALTER TABLE %s OWNER TO %s', change, population.owner);
    EXECUTE format('ALTER TABLE %s OWNER TO %s', daily, population.owner);
    EXECUTE format('ALTER TABLE %s OWNER TO %s', revenue, population.owner);
    EXECUTE format('ALTER TABLE %s OWNER TO %s', recount, population.owner);
    EXECUTE format('GRANT USAGE ON SCHEMA clientele_data TO %s', population.owner);
END
$$;
REVOKE ALL ON FUNCTION clientele.make_data_tables(clientele.population) FROM PUBLIC;
COMMENT ON FUNCTION clientele.make_data_tables(clientele.population) IS 'internal: makes the tables that a population has whatever its version';

CREATE FUNCTION clientele.create_population_for(caller regrole, name text, relation regclass, key text, time_zone text, target_schema name)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    population clientele.population;
    clash text;
BEGIN
    population.name := clientele.check_name('population', name, 40);
    population.relation := relation;
    population.owner := clientele.check_attachable(caller, relation);
    PERFORM clientele.check_relation(relation, population.owner);
    population.key_column := clientele.check_key(relation, clientele.check_given('key', key));
    PERFORM clientele.check_time_zone(clientele.check_given('time_zone', time_zone));
    population.time_zone := time_zone;
    population.target_schema := target_schema;
    IF EXISTS (SELECT FROM clientele.population AS p WHERE p.name = population.name) THEN
        RAISE duplicate_object USING
            MESSAGE = format('population "%s" exists already', name),
            HINT = format('Drop it first: SELECT clientele.drop_population(%L);', name);
    END IF;
    population.made_schema := clientele.make_target_schema(target_schema, population.owner);

    SELECT format('%I.%I', target_schema, v) INTO clash
    FROM clientele.view_names(population.name) AS v
    WHERE to_regclass(format('%I.%I', target_schema, v)) IS NOT NULL
       OR v IN (SELECT clientele.view_names(p.name) FROM clientele.population AS p WHERE p.target_schema = population.target_schema);
    IF FOUND THEN
        RAISE duplicate_table USING
            MESSAGE = format('%s is in the way of a view of population "%s"', clash, name),
            HINT = 'Choose another name, or another target_schema.';
    END IF;

    INSERT INTO clientele.population AS p (name, relation, key_column, time_zone, target_schema, owner, made_schema, relation_name)
    VALUES (population.name, population.relation, population.key_column, population.time_zone, population.target_schema,
            population.owner, population.made_schema, population.relation)
    RETURNING p.* INTO population;
    PERFORM clientele.make_data_tables(population);
    PERFORM clientele.set_watches(population.population_id, NULL);
END
$$;
REVOKE ALL ON FUNCTION clientele.create_population_for(regrole, text, regclass, text, text, name) FROM PUBLIC;
COMMENT ON FUNCTION clientele.create_population_for(regrole, text, regclass, text, text, name) IS 'internal: create_population, behind the door';

CREATE FUNCTION clientele.create_population(name text, relation regclass, key text, time_zone text, target_schema name DEFAULT 'segments')
RETURNS void AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.create_population(text, regclass, text, text, name) IS 'registers a customer table and captures its changes from now on: name of the population (at most 40 bytes), the table, its column with the customer''s key (not null, unique, an integer, uuid or text), the time zone whose calendar days count (such as Asia/Shanghai), and the schema for the views, which is made where it is missing; the caller must own the table; no argument may be NULL';

-- A partition that was detached keeps its trigger, on which the extension then depends.
CREATE FUNCTION clientele.forsaken_relations() RETURNS SETOF regclass
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT DISTINCT t.tgrelid::regclass FROM pg_trigger AS t
    WHERE t.tgfoid = 'clientele.capture()'::regprocedure AND NOT EXISTS (
        SELECT FROM clientele.watch AS w
        WHERE w.relation = t.tgrelid OR w.relation IN (SELECT a.relid FROM pg_partition_ancestors(t.tgrelid) AS a))
    $$;
REVOKE ALL ON FUNCTION clientele.forsaken_relations() FROM PUBLIC;
COMMENT ON FUNCTION clientele.forsaken_relations() IS 'internal: tables with a capture trigger of which nothing is watched';

CREATE FUNCTION clientele.lock_view(relation regclass) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_lock_view' LANGUAGE C VOLATILE STRICT;
REVOKE ALL ON FUNCTION clientele.lock_view(regclass) FROM PUBLIC;
COMMENT ON FUNCTION clientele.lock_view(regclass) IS 'internal: locks a view for good, and none of the tables that it reads';

-- A till may have written a mark and then look at a view, or the other way round: who locks
-- such tables one after the other meets it half-way, and one of the two has to die.  So
-- all are locked before anything is done, and if one is not to be had at once, none is
-- held: long before the till's server begins to look for deadlocks.  Views alone are locked, and not what they
-- read: tables of ours are of all populations, whose tills are not to wait.
CREATE FUNCTION clientele.lock_all(relations regclass[]) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    views regclass[] := ARRAY(SELECT c.oid FROM pg_class AS c WHERE c.oid = ANY (relations) AND c.relkind = 'v' ORDER BY c.oid);
    names text := (SELECT string_agg(r::text, ', ' ORDER BY r::oid) FROM unnest(relations) AS r WHERE r <> ALL (views));
    patience interval := current_setting('lock_timeout')::interval;
    begun timestamptz := clock_timestamp();
BEGIN
    WHILE names IS NOT NULL LOOP
        BEGIN
            PERFORM set_config('lock_timeout', '50ms', true);
            EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', names);
            PERFORM clientele.lock_view(v) FROM unnest(views) AS v;
            EXIT;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            IF clock_timestamp() - begun > patience THEN
                RAISE;
            END IF;
        END;
        PERFORM pg_sleep(0.02);
    END LOOP;
    PERFORM set_config('lock_timeout', extract(epoch FROM patience) * 1000 || 'ms', true);
END
$$;
REVOKE ALL ON FUNCTION clientele.lock_all(regclass[]) FROM PUBLIC;
COMMENT ON FUNCTION clientele.lock_all(regclass[]) IS 'internal: locks tables and views for good, all of them or none, for as long as lock_timeout allows';

CREATE FUNCTION clientele.owed_now(population_id int) RETURNS text
    AS 'MODULE_PATHNAME', 'clientele_owed_now' LANGUAGE C VOLATILE STRICT;
REVOKE ALL ON FUNCTION clientele.owed_now(int) FROM PUBLIC;
COMMENT ON FUNCTION clientele.owed_now(int) IS 'internal: what all customers of a population have, in words, as committed now, whatever the snapshot; NULL: nothing';

CREATE FUNCTION clientele.refuse_owed(population clientele.population) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owed text := clientele.owed_now(population.population_id);
BEGIN
    IF owed IS NOT NULL THEN
        RAISE dependent_objects_still_exist USING
            MESSAGE = format('customers of population "%s" still have something', population.name),
            DETAIL = format('It would be gone: %s.', owed),
            HINT = format('The views %1$I.%2$I and %1$I.%3$I say who. To drop it all the same: SELECT clientele.drop_population(%4$L, with_balances => true);',
                          population.target_schema, population.name || '_ledger', population.name || '_claim', population.name);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION clientele.refuse_owed(clientele.population) FROM PUBLIC;
COMMENT ON FUNCTION clientele.refuse_owed(clientele.population) IS 'internal: an error while customers have something that would be gone with their population';

CREATE FUNCTION clientele.drop_population_for(caller regrole, name text, keep_tables boolean, with_balances boolean)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    population clientele.population;
    relations regclass[];
    one record;
    heir int;
BEGIN
    population := clientele.locked_population(caller, name);
    relations := ARRAY(SELECT w.relation FROM clientele.watch AS w WHERE w.population_id = population.population_id);
    -- Counting takes time: first while tills can go on, then what they have given meanwhile.
    PERFORM clientele.refuse_owed(population) WHERE with_balances IS NOT TRUE;
    PERFORM clientele.lock_all(ARRAY(
        SELECT c.oid::regclass FROM pg_class AS c
        WHERE c.oid = ANY (relations) AND c.relkind IN ('r', 'p')
           OR c.oid IN (SELECT d.oid FROM clientele.data_relations(population.name) AS d WHERE d.relkind IN ('r', 'v'))
           OR (c.relnamespace = to_regnamespace(quote_ident(population.target_schema)) AND c.relkind = 'v'
               AND c.relname IN (SELECT clientele.view_names(population.name)))));
    PERFORM clientele.refuse_owed(population) WHERE with_balances IS NOT TRUE;

    -- Nothing is cascaded: what others built on our views is named, and stops us.
    IF to_regprocedure(format('%I.%I(timestamptz)', population.target_schema, population.name || '_as_of')) IS NOT NULL THEN
        EXECUTE format('DROP FUNCTION %I.%I(timestamptz)', population.target_schema, population.name || '_as_of');
    END IF;
    FOR one IN
        SELECT CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'MATERIALIZED VIEW' END AS kind,
               string_agg(format('%I.%I', population.target_schema, c.relname), ', ') AS names
        FROM pg_class AS c
        WHERE c.relnamespace = to_regnamespace(quote_ident(population.target_schema)) AND c.relkind IN ('v', 'm')
          AND c.relname IN (SELECT clientele.view_names(population.name))
        GROUP BY c.relkind ORDER BY c.relkind
    LOOP
        EXECUTE format('DROP %s %s', one.kind, one.names);
    END LOOP;

    -- Views first, then what they read.
    FOR one IN
        SELECT CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END AS kind,
               string_agg(c.oid::regclass::text, ', ') AS names
        FROM clientele.data_relations(population.name) AS c
        WHERE c.relkind IN ('v', 'f', 'r')
          AND NOT (coalesce(keep_tables, false)
                   AND c.relname IN (population.name || '_change', population.name || '_stored_' || population.live_version))
        GROUP BY c.relkind ORDER BY c.relkind = 'r', c.relkind = 'f'
    LOOP
        EXECUTE format('DROP %s %s', one.kind, one.names);
    END LOOP;
    -- What is left is to be kept: the last segments under the name of the view, and the feed.
    FOR one IN
        SELECT c.oid::regclass AS relation, c.relname,
               CASE WHEN c.relname = population.name || '_change' THEN c.relname ELSE population.name END AS new_name
        FROM clientele.data_relations(population.name) AS c WHERE c.relkind = 'r'
    LOOP
        EXECUTE format('ALTER TABLE %s SET SCHEMA %I', one.relation, population.target_schema);
        IF one.new_name <> one.relname THEN
            EXECUTE format('ALTER TABLE %I.%I RENAME TO %I', population.target_schema, one.relname, one.new_name);
        END IF;
    END LOOP;

    DELETE FROM clientele.population AS p WHERE p.population_id = population.population_id;
    FOR one IN
        SELECT unnest(relations) AS relation UNION SELECT clientele.forsaken_relations() ORDER BY 1
    LOOP
        PERFORM clientele.attach(one.relation);
    END LOOP;
    IF NOT EXISTS (SELECT FROM clientele.population AS p WHERE p.owner = population.owner) THEN
        EXECUTE format('REVOKE USAGE ON SCHEMA clientele_data FROM %s', population.owner);
    END IF;

    -- The schema goes with the last population in it, if we made it and nobody else uses it.
    IF population.made_schema THEN
        SELECT min(p.population_id) INTO heir FROM clientele.population AS p
        WHERE p.target_schema = population.target_schema;
        IF heir IS NOT NULL THEN
            UPDATE clientele.population AS p SET made_schema = true WHERE p.population_id = heir;
        ELSIF NOT EXISTS (SELECT FROM pg_depend AS d
                          WHERE d.refclassid = 'pg_namespace'::regclass AND d.deptype IN ('n', 'a')
                            AND d.refobjid = to_regnamespace(quote_ident(population.target_schema))) THEN
            EXECUTE format('DROP SCHEMA IF EXISTS %I', population.target_schema);
        END IF;
    END IF;
END
$$;
REVOKE ALL ON FUNCTION clientele.drop_population_for(regrole, text, boolean, boolean) FROM PUBLIC;
COMMENT ON FUNCTION clientele.drop_population_for(regrole, text, boolean, boolean) IS 'internal: drop_population, behind the door';

CREATE FUNCTION clientele.drop_population(name text, keep_tables boolean DEFAULT false, with_balances boolean DEFAULT false)
RETURNS void AS 'MODULE_PATHNAME', 'clientele_door_with_patience' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.drop_population(text, boolean, boolean) IS 'takes a population away: its views, tables, definitions, versions, promotions with all claims and codes, and the triggers that no other population needs; an error names what others built on its views, and what customers still have (points, stored value, gifts, coupons and other claims that are held, codes, memberships), unless with_balances says that this may go, too; with keep_tables the last stored segments stay as table <name> and the change feed, a row for each evaluation of a customer with arrays of what it changed, as <name>_change in the schema of the views';
