
-- Names, paths and rights: what the functions that users call look at first.
--
-- What users call is a door: f(...) hands the caller's role on to f_for(caller, ...), which
-- runs with the extension owner's rights (src/population/door.c).

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

CREATE FUNCTION clientele.check_length(what text, value text) RETURNS text
    AS 'MODULE_PATHNAME', 'clientele_check_length' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
REVOKE ALL ON FUNCTION clientele.check_length(text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.check_length(text, text) IS 'internal: a text by which something is looked up, or an error where it is longer than 800 bytes';

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

CREATE FUNCTION clientele.nearest_name(wanted text, known text[]) RETURNS text
    AS 'MODULE_PATHNAME', 'clientele_nearest_name' LANGUAGE C IMMUTABLE STRICT;
REVOKE ALL ON FUNCTION clientele.nearest_name(text, text[]) FROM PUBLIC;
COMMENT ON FUNCTION clientele.nearest_name(text, text[]) IS 'internal: the known name that is perhaps meant; NULL: none is near';

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
