
-- Where should a grid be cut?

CREATE FUNCTION clientele.grid_values(population_id int, model clientele.model, grid text, as_of timestamptz,
                                      OUT recency numeric, OUT frequency numeric, OUT monetary numeric) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'clientele_grid_values' LANGUAGE C STABLE STRICT;
REVOKE ALL ON FUNCTION clientele.grid_values(int, clientele.model, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION clientele.grid_values(int, clientele.model, text, timestamptz) IS 'internal: the values of a grid''s axes for every customer at an instant';

CREATE FUNCTION clientele.grid_cuts(model clientele.model, grid text, OUT axis text, OUT cut_no int, OUT value numeric,
                                    OUT formula text, OUT is_parameter boolean) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'clientele_grid_cuts' LANGUAGE C STABLE STRICT;
REVOKE ALL ON FUNCTION clientele.grid_cuts(clientele.model, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.grid_cuts(clientele.model, text) IS 'internal: the cuts of a grid as they are in a model, by its general values of parameters; what stands there where it is no number, and whether that is one parameter';

-- ---------------------------------------------------------------------------
-- calibrate
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.calibrate_for(caller regrole, population text, name text, as_of timestamptz,
                                        OUT axis text, OUT cut_no int, OUT old numeric, OUT new numeric)
RETURNS SETOF record LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owned clientele.population := clientele.population_of(caller, population);
    draft clientele.model := clientele.draft_model(owned.population_id);
    instant timestamptz := coalesce(as_of, clientele.wall_clock());
    grid clientele.definition;
    found_cuts clientele.rfm_cuts;
    editor name := (SELECT r.rolname FROM pg_roles AS r WHERE r.oid = caller);
    cuts jsonb;
    wrong record;
BEGIN
    SELECT * INTO grid FROM clientele.definition AS d
    WHERE d.population_id = owned.population_id AND d.name = calibrate_for.name AND d.kind = 'rfm';

    -- of a name that is no grid's, the compiler knows what may be meant
    SELECT clientele.rfm_cuts(v.recency, v.frequency, v.monetary, coalesce((grid.body ->> 'bins')::int, 5),
                              coalesce(grid.body ->> 'method', 'quantile'))
    INTO found_cuts
    FROM clientele.grid_values(owned.population_id, draft, calibrate_for.name, instant) AS v;
    IF found_cuts IS NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('no customer has a recency, a frequency and a monetary value for grid "%s"', grid.name),
            HINT = 'Calibrate when there are payments, or give the cut points: define_rfm(..., cuts => ...).';
    END IF;

    -- each cut: what it is, and what it is to be
    cuts := (SELECT jsonb_agg(jsonb_build_object('axis', coalesce(o.axis, n.axis), 'no', coalesce(o.cut_no, n.no), 'old', o.value, 'new', n.value,
                                                 'formula', o.formula, 'is_parameter', o.is_parameter)
                              ORDER BY array_position('{recency,frequency,monetary}', coalesce(o.axis, n.axis)), coalesce(o.cut_no, n.no))
             FROM clientele.grid_cuts(draft, grid.name) AS o
             FULL JOIN (SELECT a.axis, c.ordinality::int AS no, c.value FROM unnest(ARRAY['recency', 'frequency', 'monetary']) AS a (axis),
                             unnest(clientele.cuts(found_cuts, a.axis)) WITH ORDINALITY AS c (value)) AS n ON (n.axis, n.no) = (o.axis, o.cut_no));

    SELECT c ->> 'axis' AS axis, c ->> 'no' AS no, c ->> 'formula' AS formula, c ->> 'new' AS new INTO wrong
    FROM jsonb_array_elements(cuts) AS c
    WHERE c ->> 'formula' IS NOT NULL
      AND (NOT (c ->> 'is_parameter')::boolean OR c ->> 'new' IS NULL
           OR EXISTS (SELECT FROM jsonb_array_elements(cuts) AS other
                      WHERE other ->> 'formula' = c ->> 'formula' AND other -> 'new' <> c -> 'new'))
    LIMIT 1;
    IF FOUND THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('cut %s of %s of grid "%s" is %s, which cannot be set to %s', wrong.no, wrong.axis, grid.name, wrong.formula,
                             coalesce(wrong.new, 'nothing')),
            HINT = 'Cuts that calibrate is to find are numbers, or parameters that each stand for one cut; bins is one more than their number.';
    END IF;

    UPDATE clientele.definition AS d SET body = d.body || jsonb_build_object('value', c -> 'new'), changed_at = clock_timestamp(), author = editor
    FROM jsonb_array_elements(cuts) AS c
    WHERE d.population_id = owned.population_id AND d.kind = 'parameter'
      AND (c ->> 'is_parameter')::boolean AND (clientele.path_names(c ->> 'formula'))[1] = d.name;
    UPDATE clientele.definition AS d
    SET body = d.body || jsonb_build_object(
            'cuts', (SELECT string_agg(format('%s %s', a.axis, a.items), '; ' ORDER BY array_position('{recency,frequency,monetary}', a.axis))
                     FROM (SELECT i.axis, string_agg(i.item, ', ' ORDER BY i.no) AS items
                           FROM (SELECT c ->> 'axis' AS axis, (c ->> 'no')::int AS no,
                                        -- two numbers that are equal, one after the other
                                        coalesce(c ->> 'formula', CASE WHEN c -> 'new' = lag(c -> 'new') OVER w AND lag(c ->> 'formula') OVER w IS NULL
                                                                       THEN '=' ELSE c ->> 'new' END) AS item
                                 FROM jsonb_array_elements(cuts) AS c WHERE c ->> 'new' IS NOT NULL
                                 WINDOW w AS (PARTITION BY c ->> 'axis' ORDER BY (c ->> 'no')::int)) AS i
                           GROUP BY i.axis) AS a),
            'calibrated_at', to_char(instant AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00:00')),
        changed_at = clock_timestamp(), author = editor
    WHERE d.population_id = owned.population_id AND d.name = grid.name;
    UPDATE clientele.definition AS d SET body = m.body
    FROM clientele.model_definitions(clientele.draft_model(owned.population_id)) AS m
    WHERE d.population_id = owned.population_id AND d.name = m.name AND d.body <> m.body;

    RETURN QUERY
    SELECT c ->> 'axis', (c ->> 'no')::int, (c ->> 'old')::numeric, (c ->> 'new')::numeric
    FROM jsonb_array_elements(cuts) AS c;
END
$$;
REVOKE ALL ON FUNCTION clientele.calibrate_for(regrole, text, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION clientele.calibrate_for(regrole, text, text, timestamptz) IS 'internal: calibrate, behind the door';

CREATE FUNCTION clientele.calibrate(population text, name text, as_of timestamptz DEFAULT NULL,
                                    OUT axis text, OUT cut_no int, OUT old numeric, OUT new numeric)
    RETURNS SETOF record AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.calibrate(text, text, timestamptz) IS 'finds the cut points of an RFM grid from the customers as they are at an instant (NULL = now), by the grid''s method and number of bins, and puts them into the draft, a cut that is a parameter into that; shows each old and new cut. Customers without a recency, frequency or monetary value do not count. Labels change when the draft is published';
