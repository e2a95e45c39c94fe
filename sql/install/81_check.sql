
-- Looking at the draft: does it fit the tables, and is it what was meant?

CREATE FUNCTION clientele.check_model(population_id int, model clientele.model) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_check_model' LANGUAGE C STABLE STRICT;
REVOKE ALL ON FUNCTION clientele.check_model(int, clientele.model) FROM PUBLIC;
COMMENT ON FUNCTION clientele.check_model(int, clientele.model) IS 'internal: an error where a model does not fit the population''s tables';

CREATE FUNCTION clientele.lint_model(population_id int, model clientele.model, draft clientele.model,
                                     OUT severity text, OUT object text, OUT message text, OUT hint text) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'clientele_lint_model' LANGUAGE C STABLE STRICT;
REVOKE ALL ON FUNCTION clientele.lint_model(int, clientele.model, clientele.model) FROM PUBLIC;
COMMENT ON FUNCTION clientele.lint_model(int, clientele.model, clientele.model) IS 'internal: warnings and notes about what compiles of a draft; the whole draft says what is used';

-- A mistake stops the compiler, so what it is about is left out and the rest tried again.
-- What compiles in the end is looked at for what may not be meant.
CREATE FUNCTION clientele.check_definitions_for(caller regrole, population text,
                                                OUT severity text, OUT object text, OUT message text, OUT hint text)
RETURNS SETOF record LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owned clientele.population := clientele.population_of(caller, population, false);
    draft clientele.model := clientele.draft_model(owned.population_id);
    rest jsonb := draft::text::jsonb;
    context text;
BEGIN
    LOOP
        BEGIN
            PERFORM clientele.check_model(owned.population_id, rest::text::clientele.model);
            EXIT;
        EXCEPTION WHEN query_canceled OR insufficient_resources THEN
            RAISE;
        WHEN others THEN
            GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT;
        END;
        severity := 'error';
        hint := nullif(hint, '');
        object := (SELECT d ->> 'name' FROM jsonb_array_elements(rest -> 'definitions') AS d
                   WHERE starts_with(context, format('definition "%s"', d ->> 'name')));
        RETURN NEXT;
        IF object IS NULL THEN
            RETURN;
        END IF;
        rest := jsonb_set(rest, '{definitions}',
                          (SELECT coalesce(jsonb_agg(d.value ORDER BY d.ordinality), '[]')
                           FROM jsonb_array_elements(rest -> 'definitions') WITH ORDINALITY AS d WHERE d.value ->> 'name' <> object));
    END LOOP;
    RETURN QUERY
    SELECT f.severity, f.object, f.message, f.hint
    FROM clientele.lint_model(owned.population_id, rest::text::clientele.model, draft) WITH ORDINALITY
         AS f (severity, object, message, hint, place)
    ORDER BY f.severity = 'note', f.place;
END
$$;
REVOKE ALL ON FUNCTION clientele.check_definitions_for(regrole, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.check_definitions_for(regrole, text) IS 'internal: check_definitions, behind the door';

CREATE FUNCTION clientele.check_definitions(population text, OUT severity text, OUT object text, OUT message text, OUT hint text)
    RETURNS SETOF record AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.check_definitions(text) IS 'what is wrong with the draft (errors: it cannot be published: unknown names, types that do not fit, circles, grids without cut points), and what may not be meant (warnings: rules that nobody can reach, customers whom no rule matches, tags that nobody or everybody has, tiers that no score reaches, values that the data does not have; notes: what is only worth a look). object is the definition, NULL where it is a source';
