
-- The draft: populations, their sources and definitions, as their owners write them.
--
-- What users call is a door: f(...) hands the caller's role on to f_for(caller, ...), which
-- runs with the extension owner's rights (src/door.c).

-- ---------------------------------------------------------------------------
-- Names and paths
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.check_time_zone(time_zone text) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_check_time_zone' LANGUAGE C STABLE STRICT;
REVOKE ALL ON FUNCTION clientele.check_time_zone(text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.check_time_zone(text) IS 'internal: an error unless the server knows the zone';

CREATE FUNCTION clientele.path_names(path text) RETURNS text[]
    AS 'MODULE_PATHNAME', 'clientele_path_names' LANGUAGE C IMMUTABLE STRICT;
REVOKE ALL ON FUNCTION clientele.path_names(text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.path_names(text) IS 'internal: the names in a path such as bill_id.customer_id; an error for what is no path';

CREATE FUNCTION clientele.model_columns_used(model clientele.model, OUT source text, OUT path text[]) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'clientele_model_columns_used' LANGUAGE C IMMUTABLE STRICT ROWS 100;
REVOKE ALL ON FUNCTION clientele.model_columns_used(clientele.model) FROM PUBLIC;
COMMENT ON FUNCTION clientele.model_columns_used(clientele.model) IS 'internal: every column that a model reads, repeats included: of the events of a source, or (source NULL) of the population''s table; a path of no names says that the source is read';

CREATE FUNCTION clientele.path_text(path text[]) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT string_agg('"' || replace(p.name, '"', '""') || '"', '.' ORDER BY p.step)::clientele.expression::text
          FROM unnest(path) WITH ORDINALITY AS p (name, step) $$;
REVOKE ALL ON FUNCTION clientele.path_text(text[]) FROM PUBLIC;
COMMENT ON FUNCTION clientele.path_text(text[]) IS 'internal: a path as expressions write it';

-- Integers of any width hold the same keys; texts do under one collation.
CREATE FUNCTION clientele.key_family(type oid, collation_of oid) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT CASE
        WHEN type IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) THEN 'integer'
        WHEN type = 'uuid'::regtype THEN 'uuid'
        WHEN type IN ('text'::regtype, 'varchar'::regtype)
             AND (SELECT c.collisdeterministic FROM pg_collation AS c WHERE c.oid = collation_of)
            THEN format('text of collation %s', collation_of::regcollation)
        END
    $$;
REVOKE ALL ON FUNCTION clientele.key_family(oid, oid) FROM PUBLIC;
COMMENT ON FUNCTION clientele.key_family(oid, oid) IS 'internal: what kind of key a column of that type and collation can hold; NULL = none';

CREATE FUNCTION clientele.base_type(type oid) RETURNS oid
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT CASE t.typtype WHEN 'd' THEN clientele.base_type(t.typbasetype) ELSE t.oid END
          FROM pg_type AS t WHERE t.oid = type $$;
REVOKE ALL ON FUNCTION clientele.base_type(oid) FROM PUBLIC;
COMMENT ON FUNCTION clientele.base_type(oid) IS 'internal: the type beneath a domain, or the type itself';

CREATE FUNCTION clientele.column_type(a pg_attribute) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT format_type(a.atttypid, NULL) ||
           coalesce((SELECT format(' COLLATE %I.%I', n.nspname, c.collname)
                     FROM pg_collation AS c JOIN pg_namespace AS n ON n.oid = c.collnamespace
                     WHERE c.oid = a.attcollation), '')
    $$;
REVOKE ALL ON FUNCTION clientele.column_type(pg_attribute) FROM PUBLIC;
COMMENT ON FUNCTION clientele.column_type(pg_attribute) IS 'internal: type and collation of a column, as CREATE TABLE takes them';

-- A name as people write it in our functions; "name" would cut a long one in silence.
CREATE FUNCTION clientele.check_name(what text, name text, longest int DEFAULT 63) RETURNS name
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF name IS NULL OR name = '' THEN
        RAISE invalid_name USING
            MESSAGE = format('the %s needs a name', what),
            HINT = format('Names have 1 to %s bytes.', longest);
    ELSIF octet_length(name) > longest THEN
        RAISE name_too_long USING
            MESSAGE = format('the name "%s" of the %s has %s bytes', name, what, octet_length(name)),
            HINT = format('Names have 1 to %s bytes.', longest);
    END IF;
    RETURN name;
END
$$;
REVOKE ALL ON FUNCTION clientele.check_name(text, text, int) FROM PUBLIC;
COMMENT ON FUNCTION clientele.check_name(text, text, int) IS 'internal: the name, or an error where it is missing or longer than so many bytes';

CREATE FUNCTION clientele.check_given(argument text, value text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF value IS NULL THEN
        RAISE null_value_not_allowed USING MESSAGE = format('%s must not be null', argument);
    END IF;
    RETURN value;
END
$$;
REVOKE ALL ON FUNCTION clientele.check_given(text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.check_given(text, text) IS 'internal: the value of an argument, or an error where it is missing';

CREATE FUNCTION clientele.find_column(relation regclass, column_name text) RETURNS pg_attribute
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    found_column pg_attribute;
BEGIN
    SELECT * INTO found_column FROM pg_attribute AS a
    WHERE a.attrelid = relation AND a.attname = column_name AND a.attnum > 0 AND NOT a.attisdropped;
    IF NOT FOUND THEN
        RAISE undefined_column USING
            MESSAGE = format('table %s has no column "%s"', relation, column_name),
            HINT = (SELECT format('Its columns are %s.', string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum))
                    FROM pg_attribute AS a
                    WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped);
    END IF;
    RETURN found_column;
END
$$;
REVOKE ALL ON FUNCTION clientele.find_column(regclass, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.find_column(regclass, text) IS 'internal: a column of a table, or an error that lists those there are';

-- Where a path leads: at each step a column; every step but the last is a foreign key,
-- which must be declared, because it promises that there is one row to go to.  A jsonb
-- column ends the path: what follows are keys in its documents.
CREATE FUNCTION clientele.follow_path(relation regclass, path text[],
                                      OUT step int, OUT at regclass, OUT column_name name, OUT type oid, OUT collation_of oid,
                                      OUT target regclass, OUT target_column name)
RETURNS SETOF record LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    found_column pg_attribute;
BEGIN
    at := relation;
    FOR i IN 1 .. cardinality(path) LOOP
        found_column := clientele.find_column(at, path[i]);
        step := i;
        column_name := found_column.attname;
        type := found_column.atttypid;
        collation_of := found_column.attcollation;
        target := NULL;
        target_column := NULL;
        IF i < cardinality(path) AND clientele.base_type(type) <> 'jsonb'::regtype THEN
            SELECT c.confrelid, a.attname INTO target, target_column
            FROM pg_constraint AS c
            JOIN pg_attribute AS a ON a.attrelid = c.confrelid AND a.attnum = c.confkey[1]
            WHERE c.contype = 'f' AND c.conrelid = at AND c.conkey = ARRAY[found_column.attnum] AND c.convalidated
              -- a key to a partitioned table has a constraint for each partition beside its own
              AND NOT EXISTS (SELECT FROM pg_constraint AS p WHERE p.oid = c.conparentid AND p.conrelid = c.conrelid)
            ORDER BY c.oid LIMIT 1;
            IF NOT FOUND THEN
                RAISE invalid_foreign_key USING
                    MESSAGE = format('column "%s" of table %s is no foreign key, so "%s" leads nowhere',
                                     column_name, at, array_to_string(path, '.')),
                    HINT = format('Declare where it points to, for example: ALTER TABLE %s ADD FOREIGN KEY (%I) REFERENCES ...;',
                                  at, column_name);
            END IF;
        END IF;
        RETURN NEXT;
        EXIT WHEN target IS NULL;
        at := target;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION clientele.follow_path(regclass, text[]) FROM PUBLIC;
COMMENT ON FUNCTION clientele.follow_path(regclass, text[]) IS 'internal: the columns along a path of foreign keys, the last of which is the one that is meant';

-- ---------------------------------------------------------------------------
-- Whom and what we work for
-- ---------------------------------------------------------------------------

-- Who is to change something keeps other changes waiting until his is committed.
CREATE FUNCTION clientele.population_of(caller regrole, population text, to_change boolean DEFAULT true) RETURNS clientele.population
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    found_population clientele.population;
BEGIN
    PERFORM clientele.check_given('population', population);
    IF to_change THEN
        PERFORM FROM clientele.population AS p
        WHERE p.name = population AND pg_has_role(caller, p.owner, 'USAGE') FOR NO KEY UPDATE;
    END IF;
    SELECT * INTO found_population FROM clientele.population AS p WHERE p.name = population;
    IF NOT FOUND THEN
        RAISE undefined_object USING
            MESSAGE = format('population "%s" does not exist', population),
            HINT = coalesce((SELECT 'Yours are: ' || string_agg(p.name, ', ' ORDER BY p.name) || '.'
                             FROM clientele.population AS p WHERE pg_has_role(caller, p.owner, 'USAGE')),
                            'Make one: SELECT clientele.create_population(''customer'', ''crm.customer'', ''customer_id'', ''Asia/Shanghai'');');
    ELSIF NOT pg_has_role(caller, found_population.owner, 'USAGE') THEN
        RAISE insufficient_privilege USING
            MESSAGE = format('must be owner of population "%s"', population),
            HINT = format('It belongs to role %s.', found_population.owner);
    END IF;
    RETURN found_population;
END
$$;
REVOKE ALL ON FUNCTION clientele.population_of(regrole, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION clientele.population_of(regrole, text, boolean) IS 'internal: the population of that name, for whose owner the caller must be allowed to act; locked against other editors until the transaction ends, unless it is only read';

CREATE FUNCTION clientele.check_attachable(caller regrole, relation regclass) RETURNS oid
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owner oid := (SELECT c.relowner FROM pg_class AS c WHERE c.oid = relation);
BEGIN
    PERFORM clientele.check_given('relation', relation::text);
    IF owner IS NULL THEN
        RAISE undefined_table USING MESSAGE = format('there is no table with OID %s', relation::oid);
    ELSIF NOT pg_has_role(caller, owner, 'USAGE') THEN
        RAISE insufficient_privilege USING
            MESSAGE = format('must be owner of table %s', relation),
            HINT = format('Only the role %s may have its changes captured.', owner::regrole);
    END IF;
    RETURN owner;
END
$$;
REVOKE ALL ON FUNCTION clientele.check_attachable(regrole, regclass) FROM PUBLIC;
COMMENT ON FUNCTION clientele.check_attachable(regrole, regclass) IS 'internal: the owner of a table, who must be the caller or a role of his';

CREATE FUNCTION clientele.check_relation(relation regclass, owner oid) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    class pg_class;
BEGIN
    SELECT * INTO STRICT class FROM pg_class AS c WHERE c.oid = relation;
    IF class.relkind = 'f' THEN
        RAISE wrong_object_type USING
            MESSAGE = format('%s is a foreign table', relation),
            DETAIL = 'What changes at the other server fires no trigger here.',
            HINT = 'Keep a local copy, for example by logical replication, and name that.';
    ELSIF class.relkind NOT IN ('r', 'p') THEN
        RAISE wrong_object_type USING
            MESSAGE = format('%s is not a table', relation),
            DETAIL = 'Changes can be captured only where rows are stored: in ordinary and partitioned tables.',
            HINT = 'Name the table beneath the view.';
    ELSIF class.relpersistence <> 'p' THEN
        RAISE wrong_object_type USING
            MESSAGE = format('table %s is %s', relation, CASE class.relpersistence WHEN 't' THEN 'temporary' ELSE 'unlogged' END),
            DETAIL = CASE class.relpersistence WHEN 't' THEN 'Only one session sees it.' ELSE 'A crash empties it, and nothing tells of that.' END,
            HINT = CASE class.relpersistence WHEN 't' THEN 'Use a permanent table.' ELSE format('ALTER TABLE %s SET LOGGED;', relation) END;
    ELSIF relation < 16384 OR class.relnamespace IN ('clientele'::regnamespace, 'clientele_data'::regnamespace) THEN
        RAISE wrong_object_type USING MESSAGE = format('%s is not a table of the clinic', relation);
    ELSIF EXISTS (SELECT FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhparent
                  WHERE c.relkind = 'r' AND relation IN (i.inhparent, i.inhrelid)) THEN
        RAISE wrong_object_type USING
            MESSAGE = format('table %s is part of an inheritance tree', relation),
            HINT = 'Use a partitioned table, or a table without children or parents.';
    ELSIF NOT has_table_privilege(owner, relation, 'SELECT') THEN
        RAISE insufficient_privilege USING
            MESSAGE = format('role %s, the owner of the population, may not read table %s', owner::regrole, relation),
            HINT = format('GRANT SELECT ON %s TO %s;', relation, owner::regrole);
    ELSIF class.relrowsecurity
          AND NOT (SELECT r.rolsuper OR r.rolbypassrls FROM pg_roles AS r WHERE r.oid = owner)
          AND (class.relforcerowsecurity OR NOT pg_has_role(owner, class.relowner, 'USAGE')) THEN
        RAISE feature_not_supported USING
            MESSAGE = format('row security of table %s would hide rows from role %s', relation, owner::regrole),
            HINT = CASE WHEN class.relforcerowsecurity AND pg_has_role(owner, class.relowner, 'USAGE')
                   THEN format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY;', relation)
                   ELSE format('ALTER ROLE %s BYPASSRLS;', owner::regrole) END;
    END IF;
END
$$;
REVOKE ALL ON FUNCTION clientele.check_relation(regclass, oid) FROM PUBLIC;
COMMENT ON FUNCTION clientele.check_relation(regclass, oid) IS 'internal: an error unless every change of the table can be captured and every row be read by the population''s owner';

-- ---------------------------------------------------------------------------
-- Capture: what is watched
-- ---------------------------------------------------------------------------

-- A table of the clinic is locked for a moment only; not to get it is not worth a queue at the till.
CREATE FUNCTION clientele.attach(relation regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    lock_timeout text := current_setting('lock_timeout');
BEGIN
    IF NOT EXISTS (SELECT FROM pg_class AS c WHERE c.oid = relation) THEN
        RETURN; -- dropped, and its triggers with it
    END IF;
    IF lock_timeout = '0' THEN
        PERFORM set_config('lock_timeout', '2s', true);
    END IF;
    IF EXISTS (SELECT FROM clientele.watch AS w WHERE w.relation = attach.relation) THEN
        PERFORM clientele.install_capture(relation);
    ELSE
        PERFORM clientele.remove_capture(relation);
    END IF;
    PERFORM clientele.watch_changed(relation);
    PERFORM set_config('lock_timeout', lock_timeout, true);
END
$$;
REVOKE ALL ON FUNCTION clientele.attach(regclass) FROM PUBLIC;
COMMENT ON FUNCTION clientele.attach(regclass) IS 'internal: puts capture on a table, or takes it off, as clientele.watch has it; waits 2 seconds for the table unless lock_timeout says otherwise';

-- The number of a link; one that was given is never taken back, because marks carry it.
CREATE FUNCTION clientele.link_number(population_id int, relation regclass, unique_column name, key_path text) RETURNS smallint
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    number smallint;
BEGIN
    SELECT l.link INTO number FROM clientele.link AS l
    WHERE (l.population_id, l.relation, l.unique_column, l.key_path)
        = (link_number.population_id, link_number.relation, link_number.unique_column, link_number.key_path);
    IF NOT FOUND THEN
        number := coalesce((SELECT max(l.link) FROM clientele.link AS l
                            WHERE l.population_id = link_number.population_id), 0) + 1;
        INSERT INTO clientele.link VALUES (population_id, number, relation, unique_column, key_path);
    END IF;
    RETURN number;
END
$$;
REVOKE ALL ON FUNCTION clientele.link_number(int, regclass, name, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.link_number(int, regclass, name, text) IS 'internal: the number of a link, which is made where it is missing';

-- Adds columns to what is watched in a role.
CREATE FUNCTION clientele.watch_columns(population_id int, relation regclass, role text, link smallint, key_column name, columns name[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    free_link smallint := link;
BEGIN
    -- Two columns of a table may lead to customers in the same way: who paid, and for whom.
    IF role <> 'line' THEN
        SELECT coalesce(min(w.link) FILTER (WHERE w.key_column IS NOT DISTINCT FROM watch_columns.key_column),
                        max(w.link) + 1, 0)
        INTO free_link
        FROM clientele.watch AS w
        WHERE (w.population_id, w.relation, w.role) = (watch_columns.population_id, watch_columns.relation, watch_columns.role);
    END IF;
    INSERT INTO clientele.watch AS w (relation, population_id, role, link, key_column, columns)
    SELECT watch_columns.relation, watch_columns.population_id, watch_columns.role, free_link, watch_columns.key_column,
           coalesce(array_agg(DISTINCT c.name ORDER BY c.name), '{}')
    FROM unnest(watch_columns.columns) AS c (name) WHERE c.name IS DISTINCT FROM watch_columns.key_column
    ON CONFLICT ON CONSTRAINT watch_pkey DO UPDATE
    SET columns = ARRAY(SELECT DISTINCT c.name FROM unnest(w.columns || EXCLUDED.columns) AS c (name) ORDER BY c.name);
END
$$;
REVOKE ALL ON FUNCTION clientele.watch_columns(int, regclass, text, smallint, name, name[]) FROM PUBLIC;
COMMENT ON FUNCTION clientele.watch_columns(int, regclass, text, smallint, name, name[]) IS 'internal: adds columns to what is watched of a relation in a role';

-- The tables that a path passes, beyond its first: those on the way to the customer
-- lead to him, any other is a lookup.
CREATE FUNCTION clientele.watch_path(population clientele.population, relation regclass, key_path text[], path text[]) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    step record;
    before record;
    on_the_way boolean;
    key_step record;
BEGIN
    FOR step IN SELECT * FROM clientele.follow_path(relation, path) LOOP
        IF step.step > 1 THEN
            on_the_way := path[1:step.step - 1] = key_path[1:step.step - 1];
            IF on_the_way AND step.step <= cardinality(key_path) THEN
                SELECT * INTO STRICT key_step FROM clientele.follow_path(relation, key_path) AS k WHERE k.step = step.step;
                PERFORM clientele.watch_columns(population.population_id, step.at,
                    CASE WHEN key_step.target IS NULL THEN 'header' ELSE 'line' END,
                    CASE WHEN key_step.target IS NULL THEN 0
                         ELSE clientele.link_number(population.population_id, key_step.target, key_step.target_column,
                                                    clientele.path_text(key_path[step.step + 1:])) END::smallint,
                    key_step.column_name, ARRAY[step.column_name, before.target_column]);
            ELSIF on_the_way AND step.at = population.relation AND before.target_column = population.key_column THEN
                PERFORM clientele.watch_columns(population.population_id, step.at, 'population', 0::smallint,
                                                population.key_column, ARRAY[step.column_name]);
            ELSE
                PERFORM clientele.watch_columns(population.population_id, step.at, 'lookup', 0::smallint,
                                                NULL, ARRAY[step.column_name, before.target_column]);
            END IF;
        END IF;
        before := step;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION clientele.watch_path(clientele.population, regclass, text[], text[]) FROM PUBLIC;
COMMENT ON FUNCTION clientele.watch_path(clientele.population, regclass, text[], text[]) IS 'internal: watches the tables that a path from an event, or (key path empty) from the population''s table, passes beyond its first';

-- What readers see now stays exact while a new version is built, so both count.
CREATE FUNCTION clientele.columns_read(population clientele.population, model clientele.model, source text)
RETURNS SETOF text[] LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT DISTINCT u.path
    FROM (SELECT model
          UNION ALL
          SELECT v.model FROM clientele.version AS v
          WHERE v.population_id = population.population_id AND v.version = population.live_version) AS m (model)
    CROSS JOIN LATERAL clientele.model_columns_used(m.model) AS u
    WHERE u.source IS NOT DISTINCT FROM columns_read.source AND u.path <> '{}'
    $$;
REVOKE ALL ON FUNCTION clientele.columns_read(clientele.population, clientele.model, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.columns_read(clientele.population, clientele.model, text) IS 'internal: paths to the columns that the live version or a model (NULL = none) reads of a source, or (source NULL) of the population''s table';

CREATE FUNCTION clientele.set_watches(population_id int, model clientele.model) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    population clientele.population;
    source clientele.source;
    key_path text[];
    path text[];
    first record;
    before regclass[];
    one regclass;
BEGIN
    SELECT * INTO STRICT population FROM clientele.population AS p WHERE p.population_id = set_watches.population_id;
    before := ARRAY(SELECT w.relation FROM clientele.watch AS w WHERE w.population_id = population.population_id);
    DELETE FROM clientele.watch AS w WHERE w.population_id = population.population_id;

    PERFORM clientele.watch_columns(population.population_id, population.relation, 'population', 0::smallint, population.key_column, '{}');
    FOR path IN SELECT r FROM clientele.columns_read(population, model, NULL) AS r LOOP
        PERFORM clientele.watch_columns(population.population_id, population.relation, 'population', 0::smallint,
                                        population.key_column, ARRAY[(clientele.find_column(population.relation, path[1])).attname]);
        PERFORM clientele.watch_path(population, population.relation, '{}', path);
    END LOOP;

    -- A table that is gone can be replaced: by another one first, then by leaving it out.
    FOR source IN
        SELECT * FROM clientele.source AS s
        WHERE s.population_id = population.population_id AND EXISTS (SELECT FROM pg_class AS c WHERE c.oid = s.relation)
    LOOP
        key_path := clientele.path_names(source.key_path);
        SELECT * INTO STRICT first FROM clientele.follow_path(source.relation, key_path) AS k WHERE k.step = 1;
        FOR path IN
            SELECT key_path
            UNION SELECT clientele.path_names(source.occurred_at_path)
            UNION SELECT r FROM clientele.columns_read(population, model, source.name) AS r
        LOOP
            PERFORM clientele.watch_columns(population.population_id, source.relation,
                CASE WHEN first.target IS NULL THEN 'event' ELSE 'line' END,
                CASE WHEN first.target IS NULL THEN 0
                     ELSE clientele.link_number(population.population_id, first.target, first.target_column,
                                                clientele.path_text(key_path[2:])) END::smallint,
                first.column_name, ARRAY[(clientele.find_column(source.relation, path[1])).attname]);
            PERFORM clientele.watch_path(population, source.relation, key_path, path);
        END LOOP;
    END LOOP;

    FOR one IN SELECT DISTINCT w.relation FROM clientele.watch AS w WHERE w.population_id = population.population_id LOOP
        PERFORM clientele.check_relation(one, population.owner);
        IF NOT has_table_privilege(population.owner, one, 'TRIGGER') THEN
            RAISE insufficient_privilege USING
                MESSAGE = format('role %s, the owner of the population, may not have changes of table %s captured', population.owner, one),
                HINT = format('GRANT TRIGGER ON %s TO %s;', one, population.owner);
        END IF;
    END LOOP;
    -- in one order, so that two who do this at once do not wait for each other
    FOR one IN
        SELECT w.relation FROM clientele.watch AS w WHERE w.population_id = population.population_id
        UNION SELECT unnest(before)
        ORDER BY 1
    LOOP
        PERFORM clientele.attach(one);
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION clientele.set_watches(int, clientele.model) FROM PUBLIC;
COMMENT ON FUNCTION clientele.set_watches(int, clientele.model) IS 'internal: watches what the population''s sources, the live version and this model (NULL = none) read, and nothing else; an error names a column that is not there';

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
          FROM unnest(ARRAY['', '_at', '_tag', '_manual', '_change', '_membership', '_moves', '_daily']) AS suffix $$;
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

-- A till may have written a mark and then look at a view, or the other way round: who locks
-- such tables one after the other meets it half-way, and one of the two has to die.  So
-- all are locked before anything is done, and if one is not to be had at once, none is
-- held: long before the till's server begins to look for deadlocks.
CREATE FUNCTION clientele.lock_all(relations regclass[]) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    names text := (SELECT string_agg(r::text, ', ' ORDER BY r::oid) FROM unnest(relations) AS r);
    patience interval := current_setting('lock_timeout')::interval;
    begun timestamptz := clock_timestamp();
BEGIN
    WHILE names IS NOT NULL LOOP
        BEGIN
            PERFORM set_config('lock_timeout', '50ms', true);
            EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', names);
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

CREATE FUNCTION clientele.drop_population_for(caller regrole, name text, keep_tables boolean)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    population clientele.population;
    relations regclass[];
    one record;
    heir int;
BEGIN
    -- Readers and tills wait for us a moment at most.
    IF current_setting('lock_timeout') = '0' THEN
        PERFORM set_config('lock_timeout', '2s', true);
    END IF;
    population := clientele.locked_population(caller, name);
    relations := ARRAY(SELECT w.relation FROM clientele.watch AS w WHERE w.population_id = population.population_id);
    PERFORM clientele.lock_all(ARRAY(
        SELECT c.oid::regclass FROM pg_class AS c
        WHERE c.oid = ANY (relations) AND c.relkind IN ('r', 'p')
           OR c.oid IN (SELECT d.oid FROM clientele.data_relations(population.name) AS d WHERE d.relkind IN ('r', 'v'))
           OR (c.relnamespace = to_regnamespace(quote_ident(population.target_schema)) AND c.relkind = 'v'
               AND c.relname IN (SELECT clientele.view_names(population.name)))));

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
REVOKE ALL ON FUNCTION clientele.drop_population_for(regrole, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION clientele.drop_population_for(regrole, text, boolean) IS 'internal: drop_population, behind the door';

CREATE FUNCTION clientele.drop_population(name text, keep_tables boolean DEFAULT false)
RETURNS void AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.drop_population(text, boolean) IS 'takes a population away: its views, tables, definitions, versions, and the triggers that no other population needs; an error names what others built on its views; with keep_tables the last stored segments stay as table <name> and the change feed, a row for each evaluation of a customer with arrays of what it changed, as <name>_change in the schema of the views';

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

-- ---------------------------------------------------------------------------
-- Definitions
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.draft_model(population_id int) RETURNS clientele.model
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT (CASE WHEN p.branch IS NULL THEN '{}' ELSE jsonb_build_object('branch', p.branch) END || jsonb_build_object(
        'time_zone', p.time_zone,
        'sources', coalesce(
            (SELECT jsonb_agg((SELECT jsonb_object_agg(m.key, m.value)
                               FROM jsonb_each(jsonb_build_object('name', s.name, 'amount', s.amount, 'revenue', nullif(s.revenue, false), 'branch', s.branch, 'filter', s.filter,
                                                                  'future_tolerance', extract(epoch FROM s.future_tolerance))) AS m
                               WHERE m.value <> 'null')
                              ORDER BY s.name COLLATE "C")
             FROM clientele.source AS s WHERE s.population_id = p.population_id AND s.part =
                  (SELECT min(one.part) FROM clientele.source AS one WHERE one.population_id = s.population_id AND one.name = s.name)), '[]'),
        'definitions', coalesce(
            (SELECT jsonb_agg(d.body || jsonb_build_object('kind', d.kind, 'name', d.name) ORDER BY d.position)
             FROM clientele.definition AS d WHERE d.population_id = p.population_id), '[]')))::text::clientele.model
    FROM clientele.population AS p WHERE p.population_id = draft_model.population_id
    $$;
REVOKE ALL ON FUNCTION clientele.draft_model(int) FROM PUBLIC;
COMMENT ON FUNCTION clientele.draft_model(int) IS 'internal: a population''s draft as a model; an error says what does not fit together';

-- Every definition of a model, as the draft keeps it.
CREATE FUNCTION clientele.model_definitions(model clientele.model, OUT name name, OUT kind text, OUT body jsonb, OUT place bigint)
RETURNS SETOF record LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT d.value ->> 'name', d.value ->> 'kind', d.value - 'name' - 'kind', d.place
    FROM jsonb_array_elements(model::text::jsonb -> 'definitions') WITH ORDINALITY AS d (value, place)
    $$;
REVOKE ALL ON FUNCTION clientele.model_definitions(clientele.model) FROM PUBLIC;
COMMENT ON FUNCTION clientele.model_definitions(clientele.model) IS 'internal: the definitions in a model, in its order';

-- A definition has columns in the view, and is named like those of the customer table.
CREATE FUNCTION clientele.check_column_name(population clientele.population, name text, kind text) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF kind <> 'tag' AND EXISTS (
        SELECT FROM pg_attribute AS a
        WHERE a.attrelid = population.relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attname = check_column_name.name)
    THEN
        RAISE duplicate_column USING
            MESSAGE = format('"%s" is a column of table %s', name, population.relation),
            HINT = 'In expressions the name would mean both: choose another one.';
    ELSIF population.key_column = ANY (CASE kind
        WHEN 'rfm' THEN ARRAY[name || '_score', name || '_r', name || '_f', name || '_m']
        WHEN 'scorecard' THEN ARRAY[name || '_score'] ELSE '{}' END)
    THEN
        RAISE duplicate_column USING
            MESSAGE = format('a column of %s "%s" would be named like the key "%s"', kind, name, population.key_column),
            HINT = 'Choose another name.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION clientele.check_column_name(clientele.population, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.check_column_name(clientele.population, text, text) IS 'internal: an error if a definition of that name and kind would be mistaken for a column of the customer table';

-- The model's own parser judges the definition, beside all others of the draft.
CREATE FUNCTION clientele.define(caller regrole, population text, name text, kind text, body jsonb) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owned clientele.population := clientele.population_of(caller, population);
    defined clientele.definition;
BEGIN
    PERFORM clientele.check_name(kind, name);
    SELECT * INTO defined FROM clientele.definition AS d
    WHERE d.population_id = owned.population_id AND d.name = define.name;
    IF defined.kind <> define.kind THEN
        RAISE duplicate_object USING
            MESSAGE = format('"%s" is a %s already', name, defined.kind),
            HINT = format('Choose another name, or first: SELECT clientele.drop_definition(%L, %L);', population, name);
    END IF;
    PERFORM clientele.check_column_name(owned, name, kind);

    INSERT INTO clientele.definition AS d (population_id, name, kind, body, author)
    VALUES (owned.population_id, define.name, define.kind,
            (SELECT coalesce(jsonb_object_agg(m.key, m.value), '{}') FROM jsonb_each(define.body) AS m WHERE m.value <> 'null'),
            (SELECT r.rolname FROM pg_roles AS r WHERE r.oid = caller))
    ON CONFLICT ON CONSTRAINT definition_pkey DO UPDATE
    SET body = EXCLUDED.body, author = EXCLUDED.author, changed_at = clock_timestamp();
    UPDATE clientele.definition AS d SET body = m.body
    FROM clientele.model_definitions(clientele.draft_model(owned.population_id)) AS m
    WHERE d.population_id = owned.population_id AND d.name = define.name AND m.name = d.name;
END
$$;
REVOKE ALL ON FUNCTION clientele.define(regrole, text, text, text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION clientele.define(regrole, text, text, text, jsonb) IS 'internal: puts a definition into the draft, or in the place of one of its name and kind';

CREATE FUNCTION clientele.define_metric_for(caller regrole, population text, name text, expression clientele.expression, scale int)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM clientele.define(caller, population, name, 'metric', jsonb_build_object('value', clientele.check_given('expression', expression::text), 'scale', scale));
END
$$;
REVOKE ALL ON FUNCTION clientele.define_metric_for(regrole, text, text, clientele.expression, int) FROM PUBLIC;
COMMENT ON FUNCTION clientele.define_metric_for(regrole, text, text, clientele.expression, int) IS 'internal: define_metric, behind the door';

CREATE FUNCTION clientele.define_metric(population text, name text, expression clientele.expression, scale int DEFAULT NULL)
RETURNS void AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.define_metric(text, text, clientele.expression, int) IS 'puts a metric into the draft, or in the place of the metric of that name: an expression, whose value becomes a column of the view; scale is its number of decimals, 0 to 18 (NULL = 6; counts have none)';

CREATE FUNCTION clientele.define_rfm_for(caller regrole, population text, name text, recency clientele.expression, frequency clientele.expression, monetary clientele.expression, bins int, method text, cuts text, scheme text, groups jsonb, high_from clientele.expression)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM clientele.define(caller, population, name, 'rfm', jsonb_build_object('recency', clientele.check_given('recency', recency::text), 'frequency', clientele.check_given('frequency', frequency::text),
                                                'monetary', clientele.check_given('monetary', monetary::text), 'bins', bins, 'method', method,
                                                'cuts', cuts, 'scheme', scheme, 'groups', groups,
                                                -- a number stays one
                                                'high_from', CASE WHEN high_from::text ~ '^[0-9]+$' THEN to_jsonb(high_from::text::numeric) ELSE to_jsonb(high_from::text) END));
END
$$;
REVOKE ALL ON FUNCTION clientele.define_rfm_for(regrole, text, text, clientele.expression, clientele.expression, clientele.expression, int, text, text, text, jsonb, clientele.expression) FROM PUBLIC;
COMMENT ON FUNCTION clientele.define_rfm_for(regrole, text, text, clientele.expression, clientele.expression, clientele.expression, int, text, text, text, jsonb, clientele.expression) IS 'internal: define_rfm, behind the door';

CREATE FUNCTION clientele.define_rfm(population text, name text, recency clientele.expression, frequency clientele.expression, monetary clientele.expression, bins int DEFAULT 5, method text DEFAULT 'quantile', cuts text DEFAULT NULL, scheme text DEFAULT NULL, groups jsonb DEFAULT NULL, high_from clientele.expression DEFAULT NULL)
RETURNS void AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.define_rfm(text, text, clientele.expression, clientele.expression, clientele.expression, int, text, text, text, jsonb, clientele.expression) IS 'puts an RFM grid into the draft, or in the place of the grid of that name: three expressions (recency an instant, a date or a number of days), the number of bins (2 to 9) and the method (quantile, r-rfm, median, mean, width) by which calibrate finds the cut points, or these (cuts: numbers, or formulas over parameters, as in recency 30, dormant_days; frequency 2, 4; monetary 500, 2000); and how scores become labels: a scheme (eight, with high_from, a number or a formula, where there are more than 2 bins; r-rfm; r-rfm-0.2) or groups, a list of {"label", "when"} whose conditions may name r, f, m and score, the last without "when" for all others';

CREATE FUNCTION clientele.define_scorecard_for(caller regrole, population text, name text, scorecard clientele.scorecard, keep jsonb)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM clientele.define(caller, population, name, 'scorecard', jsonb_build_object('card', clientele.check_given('scorecard', scorecard::text)::jsonb, 'keep', keep));
END
$$;
REVOKE ALL ON FUNCTION clientele.define_scorecard_for(regrole, text, text, clientele.scorecard, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION clientele.define_scorecard_for(regrole, text, text, clientele.scorecard, jsonb) IS 'internal: define_scorecard, behind the door';

CREATE FUNCTION clientele.define_scorecard(population text, name text, scorecard clientele.scorecard, keep jsonb DEFAULT NULL)
RETURNS void AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.define_scorecard(text, text, clientele.scorecard, jsonb) IS 'puts a scorecard into the draft, or in the place of the scorecard of that name; the view has the label of its tier, and the score as <name>_score; keep says how long a tier that was reached is kept, as for define_ladder (the score is always that of now)';

CREATE FUNCTION clientele.define_ladder_for(caller regrole, population text, name text, rules jsonb, keep jsonb)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM clientele.define(caller, population, name, 'ladder', jsonb_build_object('rules', clientele.check_given('rules', rules::text)::jsonb, 'keep', keep));
END
$$;
REVOKE ALL ON FUNCTION clientele.define_ladder_for(regrole, text, text, jsonb, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION clientele.define_ladder_for(regrole, text, text, jsonb, jsonb) IS 'internal: define_ladder, behind the door';

CREATE FUNCTION clientele.define_ladder(population text, name text, rules jsonb, keep jsonb DEFAULT NULL)
RETURNS void AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.define_ladder(text, text, jsonb, jsonb) IS 'puts a ladder into the draft, or in the place of the ladder of that name: a list of {"label", "when"}, of which the first that holds gives the label; the last may have no "when" and takes all others; keep (NULL: not at all) says how long a level is kept, the first label being the highest: {"demote_after": "12 months"} for the best of the last 12 months (days, weeks, months, years; a parameter may be the number), or {"review": "yearly", "on": "01-01"} for the best since the last review (yearly, quarterly, monthly)';

CREATE FUNCTION clientele.define_tag_for(caller regrole, population text, name text, expression clientele.expression, family text)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM clientele.define(caller, population, name, 'tag', jsonb_build_object('when', clientele.check_given('expression', expression::text), 'family', family));
END
$$;
REVOKE ALL ON FUNCTION clientele.define_tag_for(regrole, text, text, clientele.expression, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.define_tag_for(regrole, text, text, clientele.expression, text) IS 'internal: define_tag, behind the door';

CREATE FUNCTION clientele.define_tag(population text, name text, expression clientele.expression DEFAULT 'false', family text DEFAULT NULL)
RETURNS void AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.define_tag(text, text, clientele.expression, text) IS 'puts a tag into the draft, or in the place of the tag of that name: customers have it while the expression holds, and while somebody has given it to them (tag_customer); left out, only people give it; family is a word to group tags by (NULL = none)';

-- A value for a branch stands beside the general one, which must be there.
CREATE FUNCTION clientele.set_parameter_for(caller regrole, population text, name text, value numeric, branch text)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owned clientele.population := clientele.population_of(caller, population);
    before jsonb := (SELECT d.body FROM clientele.definition AS d
                     WHERE d.population_id = owned.population_id AND d.name = set_parameter_for.name AND d.kind = 'parameter');
    branches jsonb := coalesce(before -> 'branches', '{}');
BEGIN
    IF branch IS NULL THEN
        PERFORM clientele.check_given('value', value::text);
    ELSIF before IS NULL THEN
        RAISE undefined_object USING
            MESSAGE = format('the draft of population "%s" has no parameter "%s"', population, name),
            HINT = format('First say what holds where no branch has a value of its own: SELECT clientele.set_parameter(%L, %L, 30);', population, name);
    ELSIF owned.branch IS NULL AND value IS NOT NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('nothing says which branch a customer of population "%s" belongs to', population),
            HINT = format('Name a metric that does: SELECT clientele.set_branch(%L, ''home_branch'');', population);
    ELSIF value IS NULL AND NOT branches ? branch THEN
        RAISE undefined_object USING
            MESSAGE = format('parameter "%s" has no value for branch "%s"', name, branch),
            HINT = coalesce((SELECT 'It has for: ' || string_agg(b, ', ' ORDER BY b COLLATE "C") || '.' FROM jsonb_object_keys(branches) AS b),
                            'It has none for any branch.');
    ELSE
        branches := CASE WHEN value IS NULL THEN branches - branch ELSE branches || jsonb_build_object(branch, value) END;
        value := (before ->> 'value')::numeric;
    END IF;
    PERFORM clientele.define(caller, population, name, 'parameter',
                             jsonb_build_object('value', value, 'branches', nullif(branches, '{}')));
END
$$;
REVOKE ALL ON FUNCTION clientele.set_parameter_for(regrole, text, text, numeric, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.set_parameter_for(regrole, text, text, numeric, text) IS 'internal: set_parameter, behind the door';

CREATE FUNCTION clientele.set_parameter(population text, name text, value numeric, branch text DEFAULT NULL)
RETURNS void AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.set_parameter(text, text, numeric, text) IS 'puts a number with a name into the draft, or another number in its place; expressions name it wherever a number may stand, also as the length of a window, a limit of a bin, a cut, or where a tier begins. With branch, the number for customers of that branch (which set_branch tells); NULL takes it away again. All others have the general one. NaN and infinity are errors';

CREATE FUNCTION clientele.drop_definition_for(caller regrole, population text, name text)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owned clientele.population := clientele.population_of(caller, population);
BEGIN
    IF owned.branch = name THEN
        RAISE dependent_objects_still_exist USING
            MESSAGE = format('metric "%s" tells the branch that a customer belongs to', name),
            HINT = format('Name another one first, or none: SELECT clientele.set_branch(%L, NULL);', population);
    END IF;
    DELETE FROM clientele.definition AS d WHERE d.population_id = owned.population_id AND d.name = drop_definition_for.name;
    IF NOT FOUND THEN
        RAISE undefined_object USING
            MESSAGE = format('the draft of population "%s" has no definition "%s"', population, name),
            HINT = format('SELECT * FROM clientele.definitions(%L); lists what there is.', population);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION clientele.drop_definition_for(regrole, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.drop_definition_for(regrole, text, text) IS 'internal: drop_definition, behind the door';

CREATE FUNCTION clientele.drop_definition(population text, name text)
RETURNS void AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.drop_definition(text, text) IS 'takes a definition of any kind out of the draft; an error if there is none of that name';

CREATE FUNCTION clientele.definitions_for(caller regrole, population text)
RETURNS TABLE (name text, kind text, definition text, state text, author name, changed_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owned clientele.population := clientele.population_of(caller, population, to_change => false);
BEGIN
    RETURN QUERY
    SELECT coalesce(d.name, l.name)::text, coalesce(d.kind, l.kind), coalesce(d.body, l.body)::text,
           CASE WHEN l.name IS NULL THEN 'draft'
                WHEN d.name IS NULL THEN 'dropped'
                WHEN (d.kind, d.body) = (l.kind, l.body) THEN 'live'
                ELSE 'changed' END,
           d.author, d.changed_at
    FROM (SELECT * FROM clientele.definition AS one WHERE one.population_id = owned.population_id) AS d
    FULL JOIN (SELECT one.* FROM clientele.version AS v CROSS JOIN LATERAL clientele.model_definitions(v.model) AS one
               WHERE v.population_id = owned.population_id AND v.version = owned.live_version) AS l ON l.name = d.name
    ORDER BY d.position NULLS LAST, l.place;
END
$$;
REVOKE ALL ON FUNCTION clientele.definitions_for(regrole, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.definitions_for(regrole, text) IS 'internal: definitions, behind the door';

CREATE FUNCTION clientele.definitions(population text)
RETURNS TABLE (name text, kind text, definition text, state text, author name, changed_at timestamptz)
AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.definitions(text) IS 'the definitions of the draft in the order in which they were first made, then those that only the live version has; definition is JSON; state: draft (not live), live (the same as live), changed (live otherwise) or dropped (only live)';

CREATE FUNCTION clientele.version_model(population clientele.population, version int) RETURNS clientele.model
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    model clientele.model;
BEGIN
    SELECT v.model INTO model FROM clientele.version AS v
    WHERE (v.population_id, v.version) = (population.population_id, version_model.version);
    IF NOT FOUND THEN
        RAISE undefined_object USING
            MESSAGE = coalesce(format('population "%s" has no version ', population.name) || version,
                               format('nothing of population "%s" is published yet', population.name)),
            HINT = coalesce((SELECT 'Its versions are 1 to ' || max(v.version) || '.' FROM clientele.version AS v
                             WHERE v.population_id = population.population_id),
                            'Publish the draft first: ' || format('SELECT clientele.publish(%L);', population.name));
    END IF;
    RETURN model;
END
$$;
REVOKE ALL ON FUNCTION clientele.version_model(clientele.population, int) FROM PUBLIC;
COMMENT ON FUNCTION clientele.version_model(clientele.population, int) IS 'internal: what a version says; an error if there is none of that number (NULL = nothing is published)';

CREATE FUNCTION clientele.replace_draft(caller regrole, population clientele.population, model clientele.model) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    before clientele.definition[];
    earning text[] := ARRAY(SELECT s ->> 'name' FROM jsonb_array_elements(model::text::jsonb -> 'sources') AS s
                            WHERE (s -> 'revenue')::boolean);
BEGIN
    -- What does not change keeps its author.
    before := ARRAY(SELECT d FROM clientele.definition AS d WHERE d.population_id = population.population_id);
    DELETE FROM clientele.definition AS d WHERE d.population_id = population.population_id;
    INSERT INTO clientele.definition (population_id, name, kind, body, author, changed_at)
    SELECT population.population_id, m.name, m.kind, m.body,
           coalesce(b.author, (SELECT r.rolname FROM pg_roles AS r WHERE r.oid = caller)), coalesce(b.changed_at, clock_timestamp())
    FROM clientele.model_definitions(model) AS m
    LEFT JOIN unnest(before) AS b ON (b.name, b.kind, b.body) = (m.name, m.kind, m.body)
    ORDER BY m.place;

    -- A model in which nothing is revenue does not say that nothing shall be.
    UPDATE clientele.source AS s SET revenue = CASE WHEN earning <> '{}' THEN s.name = ANY (earning) END
    WHERE s.population_id = population.population_id AND s.amount IS NOT NULL;
    UPDATE clientele.population AS p SET branch = model::text::jsonb ->> 'branch'
    WHERE p.population_id = population.population_id;
    PERFORM clientele.draft_model(population.population_id);
END
$$;
REVOKE ALL ON FUNCTION clientele.replace_draft(regrole, clientele.population, clientele.model) FROM PUBLIC;
COMMENT ON FUNCTION clientele.replace_draft(regrole, clientele.population, clientele.model) IS 'internal: makes the draft say what a model says: definitions, revenue and branch; sources are read as before';

CREATE FUNCTION clientele.reset_draft_for(caller regrole, population text, version int)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owned clientele.population := clientele.population_of(caller, population);
BEGIN
    PERFORM clientele.replace_draft(caller, owned, clientele.version_model(owned, coalesce(version, owned.live_version, owned.next_version)));
END
$$;
REVOKE ALL ON FUNCTION clientele.reset_draft_for(regrole, text, int) FROM PUBLIC;
COMMENT ON FUNCTION clientele.reset_draft_for(regrole, text, int) IS 'internal: reset_draft, behind the door';

CREATE FUNCTION clientele.reset_draft(population text, version int DEFAULT NULL)
RETURNS void AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.reset_draft(text, int) IS 'makes the draft what a version was (NULL = the live one): definitions, branch, and which amounts are revenue; the tables of sources, and how they are read, stay as they are';
