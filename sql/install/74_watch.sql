
-- Which changes of which tables are captured, as populations, sources and models want it.

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
