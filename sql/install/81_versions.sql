
-- What was published, what differs between versions, and definitions as a document that
-- people keep in version control and take to another database.

CREATE FUNCTION clientele.model_diff(before clientele.model, after clientele.model,
                                     OUT name text, OUT kind text, OUT change text, OUT what text, OUT old text, OUT new text)
RETURNS SETOF record AS 'MODULE_PATHNAME', 'clientele_model_diff' LANGUAGE C IMMUTABLE STRICT;
REVOKE ALL ON FUNCTION clientele.model_diff(clientele.model, clientele.model) FROM PUBLIC;
COMMENT ON FUNCTION clientele.model_diff(clientele.model, clientele.model) IS 'internal: a row for each value that two models have otherwise; name is NULL where it belongs to the population';

CREATE FUNCTION clientele.document_model(document text) RETURNS clientele.model
    AS 'MODULE_PATHNAME', 'clientele_document_model' LANGUAGE C IMMUTABLE STRICT;
REVOKE ALL ON FUNCTION clientele.document_model(text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.document_model(text) IS 'internal: the model in an exported document; an error with the place of what is wrong in it';

CREATE FUNCTION clientele.lay_out(document text) RETURNS text
    AS 'MODULE_PATHNAME', 'clientele_lay_out' LANGUAGE C IMMUTABLE STRICT;
REVOKE ALL ON FUNCTION clientele.lay_out(text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.lay_out(text) IS 'internal: a JSON document in lines that people can read';

-- ---------------------------------------------------------------------------
-- versions
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.versions_for(caller regrole, population text)
RETURNS TABLE (version int, state text, note text, author name, published_at timestamptz, shown_at timestamptz, definitions int)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owned clientele.population := clientele.population_of(caller, population, to_change => false);
BEGIN
    RETURN QUERY
    SELECT v.version,
           CASE WHEN v.version = owned.live_version THEN 'live'
                WHEN v.version = owned.next_version THEN 'to be built'
                WHEN v.shown_at IS NULL THEN 'never shown'
                ELSE 'old' END,
           v.note, v.author, v.published_at, v.shown_at,
           jsonb_array_length(v.model::text::jsonb -> 'definitions')
    FROM clientele.version AS v WHERE v.population_id = owned.population_id ORDER BY v.version DESC;
END
$$;
REVOKE ALL ON FUNCTION clientele.versions_for(regrole, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.versions_for(regrole, text) IS 'internal: versions, behind the door';

CREATE FUNCTION clientele.versions(population text)
RETURNS TABLE (version int, state text, note text, author name, published_at timestamptz, shown_at timestamptz, definitions int)
AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.versions(text) IS 'what was published, the latest first: by whom, when and with which note, since when readers saw it, and of how many definitions; state: live, to be built (by refresh), old, or never shown (another one was published before it was built)';

-- ---------------------------------------------------------------------------
-- diff_versions
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.diff_versions_for(caller regrole, population text, a int, b int)
RETURNS TABLE (name text, kind text, change text, what text, old text, new text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owned clientele.population := clientele.population_of(caller, population, to_change => false);
    draft clientele.model := CASE WHEN b IS NULL THEN clientele.draft_model(owned.population_id) END;
BEGIN
    RETURN QUERY
    SELECT coalesce(d.name, owned.name), d.kind, d.change, d.what, d.old, d.new
    FROM clientele.model_diff(clientele.version_model(owned, coalesce(a, owned.live_version, owned.next_version)),
                              coalesce(draft, clientele.version_model(owned, b))) AS d;
END
$$;
REVOKE ALL ON FUNCTION clientele.diff_versions_for(regrole, text, int, int) FROM PUBLIC;
COMMENT ON FUNCTION clientele.diff_versions_for(regrole, text, int, int) IS 'internal: diff_versions, behind the door';

CREATE FUNCTION clientele.diff_versions(population text, a int DEFAULT NULL, b int DEFAULT NULL)
RETURNS TABLE (name text, kind text, change text, what text, old text, new text)
AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.diff_versions(text, int, int) IS 'what version b (NULL = the draft) says otherwise than version a (NULL = the live one): a row for each value; change says what became of the whole definition or source (added, dropped, changed), what is the place of the value in it, such as rules[new].when or card.characteristics[spend].bins[1].below, counted from 0; without rows they say the same';

-- ---------------------------------------------------------------------------
-- export_definitions
-- ---------------------------------------------------------------------------

-- A table that is gone cannot be named.
CREATE FUNCTION clientele.source_tables(population_id int, source text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT json_agg(json_build_object('relation', format('%I.%I', n.nspname, c.relname), 'key', s.key_path,
                                      'occurred_at', s.occurred_at_path) ORDER BY s.part)
    FROM clientele.source AS s JOIN pg_class AS c ON c.oid = s.relation JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE s.population_id = source_tables.population_id AND s.name = source_tables.source
    $$;
REVOKE ALL ON FUNCTION clientele.source_tables(int, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.source_tables(int, text) IS 'internal: the tables of a source, as a document has them; NULL = there are none';

-- json, because jsonb forgets the order of keys.
CREATE FUNCTION clientele.export_definitions_for(caller regrole, population text, version int) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owned clientele.population := clientele.population_of(caller, population, to_change => false);
    model json := (CASE WHEN version IS NULL THEN clientele.draft_model(owned.population_id)
                        ELSE clientele.version_model(owned, version) END)::text;
    sources text;
    members text;
BEGIN
    SELECT string_agg(format('{%s}', (
               SELECT string_agg(format('%s: %s', to_json(m.key), m.value)
                                 || CASE m.key WHEN 'name' THEN coalesce(', "tables": ' || clientele.source_tables(owned.population_id, s.value ->> 'name'), '')
                                    ELSE '' END, ', ' ORDER BY m.ordinality)
               FROM json_each(s.value) WITH ORDINALITY AS m)), ', ' ORDER BY s.ordinality)
    INTO sources FROM json_array_elements(model -> 'sources') WITH ORDINALITY AS s;
    SELECT string_agg(format('%s: %s', to_json(m.key), CASE m.key WHEN 'sources' THEN format('[%s]', sources) ELSE m.value::text END),
                      ', ' ORDER BY m.ordinality)
    INTO members FROM json_each(model) WITH ORDINALITY AS m;
    RETURN clientele.lay_out(format('{"clientele_definitions": 1, %s}', members));
END
$$;
REVOKE ALL ON FUNCTION clientele.export_definitions_for(regrole, text, int) FROM PUBLIC;
COMMENT ON FUNCTION clientele.export_definitions_for(regrole, text, int) IS 'internal: export_definitions, behind the door';

CREATE FUNCTION clientele.export_definitions(population text, version int DEFAULT NULL) RETURNS text
    AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.export_definitions(text, int) IS 'a version (NULL = the draft) as a JSON document for import_definitions and for version control: the same definitions are the same text; with the tables that the sources read now';

-- ---------------------------------------------------------------------------
-- import_definitions
-- ---------------------------------------------------------------------------

-- What a document says of sources that are there must be so; its other ones are added.
CREATE FUNCTION clientele.import_sources(caller regrole, population clientele.population, document jsonb, model clientele.model)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    other record;
    wanted record;
    here clientele.source;
    missing text[] := '{}';
    message text;
    detail text;
    hint text;
BEGIN
    SELECT d.* INTO other FROM clientele.model_diff(clientele.draft_model(population.population_id), model) AS d
    WHERE d.kind IN ('population', 'source') AND d.change = 'changed'
      AND (d.kind, d.what) NOT IN (('population', 'branch'), ('source', 'revenue')) LIMIT 1;
    IF FOUND THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('invalid document: %s%s is %s, but of population "%s" %s', 'source "' || other.name || '": ', other.what,
                             coalesce(quote_literal(other.new), 'nothing'), population.name, coalesce(quote_literal(other.old), 'nothing')),
            HINT = CASE other.kind
                   WHEN 'source' THEN format('Make the document say the same, or first: SELECT clientele.drop_source(%L, %L); which is then added as the document has it.',
                                             population.name, other.name)
                   ELSE 'Make the document say the same, or create a population in that time zone.' END;
    END IF;

    FOR wanted IN
        SELECT s.value ->> 'name' AS name, t.ordinality - 1 AS place, t.value ->> 'relation' AS relation_name,
               to_regclass(t.value ->> 'relation') AS relation,
               clientele.path_text(clientele.path_names(t.value ->> 'key')) AS key_path,
               clientele.path_text(clientele.path_names(t.value ->> 'occurred_at')) AS occurred_at_path,
               m.value ->> 'amount' AS amount, m.value ->> 'branch' AS branch, m.value ->> 'filter' AS filter,
               make_interval(secs => coalesce((m.value ->> 'future_tolerance')::float8, 0)) AS future_tolerance
        FROM jsonb_array_elements(document -> 'sources') AS s
        JOIN jsonb_array_elements(model::text::jsonb -> 'sources') AS m ON m.value ->> 'name' = s.value ->> 'name'
        LEFT JOIN LATERAL jsonb_array_elements(s.value -> 'tables') WITH ORDINALITY AS t ON true
        ORDER BY s.value ->> 'name', t.ordinality
    LOOP
        SELECT * INTO here FROM clientele.source AS s
        WHERE s.population_id = population.population_id AND s.name = wanted.name
          AND (s.relation = wanted.relation OR wanted.place IS NULL) LIMIT 1;
        IF NOT FOUND THEN
            IF wanted.place IS NULL THEN
                missing := missing || format('source "%s", of which the document names no tables', wanted.name);
            ELSIF wanted.relation IS NULL THEN
                missing := missing || format('source "%s" of table %s, which is not there', wanted.name, wanted.relation_name);
            ELSIF NOT pg_has_role(caller, (SELECT c.relowner FROM pg_class AS c WHERE c.oid = wanted.relation), 'USAGE') THEN
                missing := missing || format('source "%s" of table %s, which belongs to role %s', wanted.name, wanted.relation,
                                             (SELECT c.relowner::regrole FROM pg_class AS c WHERE c.oid = wanted.relation));
            ELSE
                BEGIN
                    PERFORM clientele.add_source_for(caller, population.name, wanted.name, wanted.relation, wanted.key_path, wanted.occurred_at_path,
                                                     wanted.amount, wanted.branch, wanted.filter::clientele.expression, false, wanted.future_tolerance);
                EXCEPTION WHEN others THEN
                    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
                    RAISE USING
                        ERRCODE = SQLSTATE,
                        MESSAGE = format('source "%s": tables[%s]: %s', wanted.name, wanted.place, message),
                        DETAIL = detail, HINT = hint;
                END;
            END IF;
        ELSIF (here.key_path, here.occurred_at_path) <> (wanted.key_path, wanted.occurred_at_path) THEN
            RAISE object_not_in_prerequisite_state USING
                MESSAGE = format('invalid document: source "%s": tables[%s] is read by key %s and occurred_at %s, but of population "%s" by %s and %s',
                                 wanted.name, wanted.place, wanted.key_path, wanted.occurred_at_path, population.name, here.key_path, here.occurred_at_path),
                HINT = format('Make the document say the same, or first: SELECT clientele.drop_source(%L, %L, %L);',
                              population.name, wanted.name, wanted.relation);
        END IF;
    END LOOP;
    IF missing <> '{}' THEN
        RAISE undefined_table USING
            MESSAGE = format('population "%s" has not all sources that the document reads', population.name),
            DETAIL = 'Missing: ' || array_to_string(missing, '; ') || '.',
            HINT = format('Who owns the tables adds them: SELECT clientele.add_source(%L, ...); or change their names in the document.', population.name);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION clientele.import_sources(regrole, clientele.population, jsonb, clientele.model) FROM PUBLIC;
COMMENT ON FUNCTION clientele.import_sources(regrole, clientele.population, jsonb, clientele.model) IS 'internal: adds the sources of a document that are missing; an error where those that are there are read otherwise';

CREATE FUNCTION clientele.import_definitions_for(caller regrole, population text, document text)
RETURNS TABLE (name text, kind text, change text, what text, old text, new text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owned clientele.population := clientele.population_of(caller, population);
    before clientele.model := clientele.draft_model(owned.population_id);
    model clientele.model;
    kept text;
BEGIN
    model := clientele.document_model(clientele.check_given('document', document));
    PERFORM clientele.import_sources(caller, owned, document::jsonb, model);
    PERFORM clientele.check_column_name(owned, m.name, m.kind) FROM clientele.model_definitions(model) AS m;
    PERFORM clientele.replace_draft(caller, owned, model);

    SELECT string_agg(DISTINCT format('%s (%s)', s.name, s.relation), ', ') INTO kept
    FROM clientele.source AS s
    WHERE s.population_id = owned.population_id AND NOT EXISTS (
        SELECT FROM jsonb_array_elements(document::jsonb -> 'sources') AS w
        WHERE w ->> 'name' = s.name AND (NOT w ? 'tables' OR EXISTS (
            SELECT FROM jsonb_array_elements(w -> 'tables') AS t WHERE to_regclass(t ->> 'relation') = s.relation)));
    IF kept IS NOT NULL THEN
        RAISE NOTICE USING
            MESSAGE = format('population "%s" keeps sources that the document does not have: %s', owned.name, kept),
            HINT = 'What is not to be read any more is taken away by clientele.drop_source.';
    END IF;
    RETURN QUERY
    SELECT coalesce(d.name, owned.name), d.kind, d.change, d.what, d.old, d.new
    FROM clientele.model_diff(before, clientele.draft_model(owned.population_id)) AS d;
END
$$;
REVOKE ALL ON FUNCTION clientele.import_definitions_for(regrole, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.import_definitions_for(regrole, text, text) IS 'internal: import_definitions, behind the door';

CREATE FUNCTION clientele.import_definitions(population text, document text)
RETURNS TABLE (name text, kind text, change text, what text, old text, new text)
AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.import_definitions(text, text) IS 'makes the draft what a document of export_definitions says, as a whole or not at all, and returns what became other, as diff_versions does; sources that are missing are added if the caller owns their tables; those that are there must be read as the document says, and stay if it does not have them';
