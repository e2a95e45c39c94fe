
-- Looking at the draft: does it fit the tables, and where should a grid be cut?

CREATE FUNCTION clientele.check_model(population_id int, model clientele.model) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_check_model' LANGUAGE C STABLE STRICT;
REVOKE ALL ON FUNCTION clientele.check_model(int, clientele.model) FROM PUBLIC;
COMMENT ON FUNCTION clientele.check_model(int, clientele.model) IS 'internal: an error where a model does not fit the population''s tables';

CREATE FUNCTION clientele.grid_values(population_id int, model clientele.model, grid text, as_of timestamptz,
                                      OUT recency numeric, OUT frequency numeric, OUT monetary numeric) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'clientele_grid_values' LANGUAGE C STABLE STRICT;
REVOKE ALL ON FUNCTION clientele.grid_values(int, clientele.model, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION clientele.grid_values(int, clientele.model, text, timestamptz) IS 'internal: the values of a grid''s axes for every customer at an instant';

-- ---------------------------------------------------------------------------
-- check_definitions
-- ---------------------------------------------------------------------------

-- A mistake stops the compiler, so what it is about is left out and the rest tried again.
CREATE FUNCTION clientele.check_definitions_for(caller regrole, population text,
                                                OUT severity text, OUT object text, OUT message text, OUT hint text)
RETURNS SETOF record LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owned clientele.population := clientele.population_of(caller, population, false);
    rest jsonb := clientele.draft_model(owned.population_id)::text::jsonb;
    context text;
BEGIN
    LOOP
        BEGIN
            PERFORM clientele.check_model(owned.population_id, rest::text::clientele.model);
            RETURN;
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
        EXIT WHEN object IS NULL;
        rest := jsonb_set(rest, '{definitions}',
                          (SELECT coalesce(jsonb_agg(d.value ORDER BY d.ordinality), '[]')
                           FROM jsonb_array_elements(rest -> 'definitions') WITH ORDINALITY AS d WHERE d.value ->> 'name' <> object));
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION clientele.check_definitions_for(regrole, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.check_definitions_for(regrole, text) IS 'internal: check_definitions, behind the door';

CREATE FUNCTION clientele.check_definitions(population text, OUT severity text, OUT object text, OUT message text, OUT hint text)
    RETURNS SETOF record AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.check_definitions(text) IS 'what is wrong with the draft: unknown names, types that do not fit, circles, grids without cut points; no rows = it can be published. severity is error; object the definition, NULL where it is a source';

-- ---------------------------------------------------------------------------
-- calibrate
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.calibrate_for(caller regrole, population text, name text, as_of timestamptz,
                                        OUT axis text, OUT cut_no int, OUT old numeric, OUT new numeric)
RETURNS SETOF record LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owned clientele.population := clientele.population_of(caller, population);
    grid clientele.definition;
    found_cuts clientele.rfm_cuts;
BEGIN
    SELECT * INTO grid FROM clientele.definition AS d
    WHERE d.population_id = owned.population_id AND d.name = calibrate_for.name AND d.kind = 'rfm';

    -- of a name that is no grid's, the compiler knows what may be meant
    SELECT clientele.rfm_cuts(v.recency, v.frequency, v.monetary, coalesce((grid.body ->> 'bins')::int, 5),
                              coalesce(grid.body ->> 'method', 'quantile'))
    INTO found_cuts
    FROM clientele.grid_values(owned.population_id, clientele.draft_model(owned.population_id), calibrate_for.name,
                               coalesce(as_of, clientele.wall_clock())) AS v;
    IF found_cuts IS NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('no customer has a recency, a frequency and a monetary value for grid "%s"', grid.name),
            HINT = 'Calibrate when there are payments, or give the cut points: define_rfm(..., cuts => ...).';
    END IF;

    UPDATE clientele.definition AS d
    SET body = d.body || jsonb_build_object('cuts', found_cuts::text), changed_at = clock_timestamp(),
        author = (SELECT r.rolname FROM pg_roles AS r WHERE r.oid = caller)
    WHERE d.population_id = owned.population_id AND d.name = grid.name;

    RETURN QUERY
    SELECT a.axis, i::int, (clientele.cuts((grid.body ->> 'cuts')::clientele.rfm_cuts, a.axis))[i], (clientele.cuts(found_cuts, a.axis))[i]
    FROM unnest(ARRAY['recency', 'frequency', 'monetary']) WITH ORDINALITY AS a (axis, place),
         generate_series(1, greatest(cardinality(clientele.cuts(found_cuts, a.axis)),
                                     cardinality(clientele.cuts((grid.body ->> 'cuts')::clientele.rfm_cuts, a.axis)))) AS i
    ORDER BY a.place, i;
END
$$;
REVOKE ALL ON FUNCTION clientele.calibrate_for(regrole, text, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION clientele.calibrate_for(regrole, text, text, timestamptz) IS 'internal: calibrate, behind the door';

CREATE FUNCTION clientele.calibrate(population text, name text, as_of timestamptz DEFAULT NULL,
                                    OUT axis text, OUT cut_no int, OUT old numeric, OUT new numeric)
    RETURNS SETOF record AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.calibrate(text, text, timestamptz) IS 'finds the cut points of an RFM grid from the customers as they are at an instant (NULL = now), by the grid''s method and number of bins, and puts them into the draft; shows each old and new cut. Customers without a recency, frequency or monetary value do not count. Labels change when the draft is published';
