
-- What would be if the draft were published: who would get which label, and what they are worth.

CREATE FOREIGN TABLE clientele.simulation (
    as_of timestamptz,
    question jsonb,
    draft int,
    definition text,
    from_label text,
    to_label text,
    customers bigint,
    revenue numeric,
    key text
) SERVER clientele OPTIONS (rows 'simulated');
COMMENT ON FOREIGN TABLE clientele.simulation IS 'internal: answers the question that a query asks of it, in parts that are to be added up';
COMMENT ON COLUMN clientele.simulation.as_of IS 'the instant of the answer; to be given';
COMMENT ON COLUMN clientele.simulation.question IS 'population, live (a model), drafts (models), revenue (an expression), name (of one definition), moves (whether customers are listed); to be given';
COMMENT ON COLUMN clientele.simulation.draft IS 'which of the drafts, from 1 on';
COMMENT ON COLUMN clientele.simulation.definition IS 'what gives the label; a tag''s name';
COMMENT ON COLUMN clientele.simulation.from_label IS 'label by the live model; NULL = none';
COMMENT ON COLUMN clientele.simulation.to_label IS 'label by the draft; NULL = none';
COMMENT ON COLUMN clientele.simulation.customers IS 'how many have the one and would have the other';
COMMENT ON COLUMN clientele.simulation.revenue IS 'what they have paid; NULL = not asked for';
COMMENT ON COLUMN clientele.simulation.key IS 'of the customer, where customers are listed';

-- ---------------------------------------------------------------------------
-- The question
-- ---------------------------------------------------------------------------

-- The draft with other parameters: each combination of the values that are given.
CREATE FUNCTION clientele.vary_model(population text, model clientele.model, vary jsonb,
                                     OUT number int, OUT variant jsonb, OUT draft clientele.model)
RETURNS SETOF record LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    most CONSTANT int := 100;
    example CONSTANT text := 'For example: vary => ''{"weight_consumption": [35, 40, 45]}''.';
    definitions CONSTANT jsonb := model::text::jsonb -> 'definitions';
    variants jsonb[] := '{"{}"}';
    parameter record;
    wrong jsonb;
BEGIN
    IF vary IS NULL THEN
        RETURN QUERY SELECT 1, NULL::jsonb, model;
        RETURN;
    END IF;
    IF jsonb_typeof(vary) <> 'object' OR vary = '{}' THEN
        RAISE invalid_parameter_value USING
            MESSAGE = 'vary must be an object of parameters and their values', HINT = example;
    END IF;
    FOR parameter IN SELECT key AS name, CASE jsonb_typeof(value) WHEN 'array' THEN value ELSE jsonb_build_array(value) END AS values FROM jsonb_each(vary) LOOP
        IF NOT EXISTS (SELECT FROM jsonb_array_elements(definitions) AS d WHERE d ->> 'kind' = 'parameter' AND d ->> 'name' = parameter.name) THEN
            RAISE undefined_object USING
                MESSAGE = format('the draft of population "%s" has no parameter "%s"', population, parameter.name),
                HINT = coalesce((SELECT 'It has: ' || string_agg(d ->> 'name', ', ') || '.'
                                 FROM jsonb_array_elements(definitions) AS d WHERE d ->> 'kind' = 'parameter'),
                                format('Make it one: SELECT clientele.set_parameter(%L, %L, 40); and name it in a definition.', population, parameter.name));
        END IF;
        SELECT value INTO wrong FROM jsonb_array_elements(parameter.values) WHERE jsonb_typeof(value) <> 'number' LIMIT 1;
        IF FOUND THEN
            RAISE invalid_parameter_value USING
                MESSAGE = format('parameter "%s" cannot be %s', parameter.name, wrong), HINT = 'Its values are numbers. ' || example;
        END IF;
        SELECT value INTO wrong FROM jsonb_array_elements(parameter.values) GROUP BY value HAVING count(*) > 1 LIMIT 1;
        IF FOUND THEN
            RAISE invalid_parameter_value USING
                MESSAGE = format('parameter "%s" is given %s twice', parameter.name, wrong), HINT = example;
        END IF;
        IF jsonb_array_length(parameter.values) = 0 THEN
            RAISE invalid_parameter_value USING
                MESSAGE = format('parameter "%s" is given no value', parameter.name), HINT = example;
        END IF;
        IF cardinality(variants) * jsonb_array_length(parameter.values) > most THEN
            RAISE program_limit_exceeded USING
                MESSAGE = format('more than %s variants at once', most),
                DETAIL = 'There is one for each combination of the values.',
                HINT = 'Give fewer values, or ask twice.';
        END IF;
        variants := ARRAY(SELECT v.one || jsonb_build_object(parameter.name, p.value)
                          FROM unnest(variants) WITH ORDINALITY AS v (one, place)
                          CROSS JOIN jsonb_array_elements(parameter.values) WITH ORDINALITY AS p (value, place)
                          ORDER BY v.place, p.place);
    END LOOP;
    RETURN QUERY
    SELECT v.number::int, v.one, jsonb_set(model::text::jsonb, '{definitions}',
        (SELECT jsonb_agg(CASE WHEN d.value ->> 'kind' = 'parameter' AND v.one ? (d.value ->> 'name')
                               THEN d.value || jsonb_build_object('value', v.one -> (d.value ->> 'name')) ELSE d.value END ORDER BY d.place)
         FROM jsonb_array_elements(definitions) WITH ORDINALITY AS d (value, place)))::text::clientele.model
    FROM unnest(variants) WITH ORDINALITY AS v (one, number);
END
$$;
REVOKE ALL ON FUNCTION clientele.vary_model(text, clientele.model, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION clientele.vary_model(text, clientele.model, jsonb) IS 'internal: a model with each combination of some parameters'' values; with none, itself';

-- What a customer has paid for in a window: one choice that nobody can make for the clinic.
CREATE FUNCTION clientele.revenue_expression(population_id int, population text, revenue_window text) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    example CONSTANT text := 'For example: ''last 12 months'', ''from 24 months ago to 12 months ago'', ''since date ''''2026-01-01''''''; NULL: all time.';
BEGIN
    BEGIN
        IF NOT concat('count(x ', revenue_window, ')')::clientele.expression::text ~ '^count\(x( (last|from|since) [^()]*)?\)$' AND revenue_window IS NOT NULL THEN
            RAISE syntax_error;
        END IF;
    EXCEPTION WHEN syntax_error THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('"%s" is no window of time', revenue_window), HINT = example;
    END;
    IF EXISTS (SELECT FROM clientele.source AS s
               WHERE s.population_id = revenue_expression.population_id AND s.amount IS NOT NULL AND s.revenue IS NULL) THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('nobody has said yet which amounts of population "%s" are revenue', population),
            DETAIL = 'Deposits, top-ups and repayments of debts are no sales.',
            HINT = (SELECT format('Of %s name those that are: SELECT clientele.set_revenue(%L, ...);', string_agg(DISTINCT s.name, ', '), population)
                    FROM clientele.source AS s WHERE s.population_id = revenue_expression.population_id AND s.amount IS NOT NULL);
    END IF;
    RETURN (SELECT string_agg(format('sum(%s.%s%s)', '"' || replace(s.name, '"', '""') || '"', s.amount, ' ' || revenue_window), ' + ' ORDER BY s.name)
            FROM clientele.source AS s
            WHERE s.population_id = revenue_expression.population_id AND s.revenue
              AND s.part = (SELECT min(one.part) FROM clientele.source AS one WHERE one.population_id = s.population_id AND one.name = s.name));
END
$$;
REVOKE ALL ON FUNCTION clientele.revenue_expression(int, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.revenue_expression(int, text, text) IS 'internal: the expression of what a customer has paid in a window (NULL = ever), by the sources that are revenue; NULL where none is';

-- The live model; before the first publish, one without definitions.
CREATE FUNCTION clientele.live_model(population clientele.population) RETURNS clientele.model
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT coalesce((SELECT v.model FROM clientele.version AS v
                     WHERE v.population_id = (population).population_id AND v.version = (population).live_version),
                    jsonb_build_object('time_zone', (population).time_zone, 'sources', '[]'::jsonb, 'definitions', '[]'::jsonb)::text::clientele.model)
    $$;
REVOKE ALL ON FUNCTION clientele.live_model(clientele.population) FROM PUBLIC;
COMMENT ON FUNCTION clientele.live_model(clientele.population) IS 'internal: the model that readers see; without definitions before there is one';

CREATE FUNCTION clientele.check_instant(as_of timestamptz) RETURNS timestamptz
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF NOT isfinite(as_of) THEN
        RAISE datetime_field_overflow USING
            MESSAGE = 'as_of cannot be infinite',
            HINT = 'Give an instant, such as ''2026-06-12 10:00:00+08'', or NULL for now.';
    END IF;
    RETURN coalesce(as_of, clientele.wall_clock());
END
$$;
REVOKE ALL ON FUNCTION clientele.check_instant(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION clientele.check_instant(timestamptz) IS 'internal: an instant that is asked about, NULL = now; an error for eternity';

-- Labels and tags of the drafts, and those that only the live model has.
CREATE FUNCTION clientele.simulated_definitions(live clientele.model, draft clientele.model, OUT name name, OUT kind text, OUT place bigint)
RETURNS SETOF record LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT one.name, one.kind, row_number() OVER (ORDER BY one.is_old, one.place)
    FROM (SELECT d.name, d.kind, d.place, false AS is_old FROM clientele.model_definitions(draft) AS d
          UNION ALL
          SELECT l.name, l.kind, l.place, true FROM clientele.model_definitions(live) AS l
          WHERE l.name NOT IN (SELECT d.name FROM clientele.model_definitions(draft) AS d)) AS one
    WHERE one.kind NOT IN ('parameter', 'metric')
    $$;
REVOKE ALL ON FUNCTION clientele.simulated_definitions(clientele.model, clientele.model) FROM PUBLIC;
COMMENT ON FUNCTION clientele.simulated_definitions(clientele.model, clientele.model) IS 'internal: what gives labels and tags in a draft, then what does only in the live model';

-- ---------------------------------------------------------------------------
-- simulate
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.simulate_for(caller regrole, population text, vary jsonb, as_of timestamptz, revenue_window text)
RETURNS TABLE (variant jsonb, kind text, definition text, from_label text, to_label text, customers bigint, revenue numeric)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owned clientele.population := clientele.population_of(caller, population, to_change => false);
    live clientele.model := clientele.live_model(owned);
    proposed clientele.model := clientele.draft_model(owned.population_id);
    variants jsonb[];
    drafts text[];
    sums clientele.simulation[];
BEGIN
    SELECT array_agg(v.variant ORDER BY v.number), array_agg(v.draft::text ORDER BY v.number)
    INTO variants, drafts
    FROM clientele.vary_model(population, proposed, vary) AS v;

    -- a query of its own, which several processes can answer; of a constant question, so that the planner knows whether to
    EXECUTE format($query$
        SELECT array_agg(s)
        FROM (SELECT NULL::timestamptz AS as_of, NULL::jsonb AS question, draft, definition, from_label, to_label,
                     sum(customers)::bigint AS customers, sum(revenue) AS revenue, NULL::text AS key
              FROM clientele.simulation WHERE as_of = %L AND question = %L
              GROUP BY draft, definition, from_label, to_label) AS s
        $query$, to_json(clientele.check_instant(as_of)) #>> '{}',
        jsonb_build_object('population', owned.name, 'live', live::text, 'drafts', drafts,
                           'revenue', clientele.revenue_expression(owned.population_id, population, revenue_window)))
    INTO sums;

    RETURN QUERY
    SELECT variants[s.draft], d.kind, s.definition, s.from_label, s.to_label, s.customers, s.revenue
    FROM unnest(sums) AS s JOIN clientele.simulated_definitions(live, proposed) AS d ON d.name = s.definition::name
    ORDER BY s.draft, d.place, s.from_label COLLATE "C" NULLS FIRST, s.to_label COLLATE "C" NULLS FIRST;
END
$$;
REVOKE ALL ON FUNCTION clientele.simulate_for(regrole, text, jsonb, timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.simulate_for(regrole, text, jsonb, timestamptz, text) IS 'internal: simulate, behind the door';

CREATE FUNCTION clientele.simulate(population text, vary jsonb DEFAULT NULL, as_of timestamptz DEFAULT NULL, revenue_window text DEFAULT 'last 12 months')
RETURNS TABLE (variant jsonb, kind text, definition text, from_label text, to_label text, customers bigint, revenue numeric)
AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.simulate(text, jsonb, timestamptz, text) IS 'the draft beside the live version, on the facts as they are, at an instant (NULL = now); nothing is written. For every grid, scorecard and ladder, how many customers have which label (NULL = none) and would have which, and what they have paid; of a tag the label is its name, and who neither has nor gets it does not count. vary: parameters and the values that they are to have in turn, such as {"weight_consumption": [35, 40, 45]}; variant says which combination a row is about. revenue_window: over which time the amounts of the sources that set_revenue has named are added up (NULL = ever); without such sources revenue is NULL';

CREATE FUNCTION clientele.simulate_summary(population text, vary jsonb DEFAULT NULL, as_of timestamptz DEFAULT NULL, revenue_window text DEFAULT 'last 12 months')
RETURNS TABLE (variant jsonb, kind text, definition text, label text, customers_before bigint, customers_after bigint, revenue_before numeric, revenue_after numeric)
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT m.variant, m.kind, m.definition, l.label,
           (coalesce(sum(m.customers) FILTER (WHERE l.before), 0))::bigint, (coalesce(sum(m.customers) FILTER (WHERE NOT l.before), 0))::bigint,
           coalesce(sum(m.revenue) FILTER (WHERE l.before), 0 * sum(m.revenue)), coalesce(sum(m.revenue) FILTER (WHERE NOT l.before), 0 * sum(m.revenue))
    FROM clientele.simulate(population, vary, as_of, revenue_window)
         WITH ORDINALITY AS m (variant, kind, definition, from_label, to_label, customers, revenue, place)
    CROSS JOIN LATERAL (VALUES (m.from_label, true), (m.to_label, false)) AS l (label, before)
    WHERE m.kind <> 'tag' OR l.label IS NOT NULL
    GROUP BY m.variant, m.kind, m.definition, l.label
    ORDER BY min(min(m.place)) OVER (PARTITION BY m.variant, m.definition), l.label COLLATE "C" NULLS FIRST
    $$;
COMMENT ON FUNCTION clientele.simulate_summary(text, jsonb, timestamptz, text) IS 'the rows of simulate, added up: members and revenue of each label now and by the draft';

-- ---------------------------------------------------------------------------
-- simulate_moves
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.explain_model(population_id int, model clientele.model, key text, name text, as_of timestamptz)
    RETURNS TABLE (item text, value text, condition text, holds boolean, points numeric, weight numeric, contribution numeric, reason text, valid_until timestamptz, depth integer)
    AS 'MODULE_PATHNAME', 'clientele_explain_model' LANGUAGE C STABLE STRICT PARALLEL UNSAFE ROWS 5;
REVOKE ALL ON FUNCTION clientele.explain_model(int, clientele.model, text, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION clientele.explain_model(int, clientele.model, text, text, timestamptz) IS 'internal: the rows of explain by any model; none where it has no such definition';

-- One item of explain, now and then.  Of a condition it is the truth that counts, of what gives points these, else the value.
CREATE FUNCTION clientele.move_reason(item text, old_value text, old_condition text, old_holds boolean, old_points numeric,
                                      new_value text, new_condition text, new_holds boolean, new_points numeric) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT CASE
        WHEN old_holds IS NOT NULL AND new_holds IS NULL THEN format('%s was %s', old_condition, old_holds::text)
        WHEN old_holds IS NULL AND new_holds IS NOT NULL THEN format('%s is %s', new_condition, new_holds::text)
        WHEN old_holds <> new_holds THEN
            format('%s %s -> %s%s', old_condition, old_holds::text, nullif(new_condition, old_condition) || ' ', new_holds::text) || by_value
        WHEN old_holds IS NOT NULL THEN NULL
        WHEN round(old_points, 2) IS DISTINCT FROM round(new_points, 2) THEN
            format('%s %s -> %s points', item, coalesce(trim_scale(round(old_points, 2))::text, 'no'), coalesce(trim_scale(round(new_points, 2))::text, 'no')) || by_value
        WHEN old_points IS NULL AND new_points IS NULL AND (old_value, old_condition) IS DISTINCT FROM (new_value, new_condition) THEN
            format('%s %s -> %s', item, coalesce(nullif(concat_ws(', ', old_value, nullif(old_condition, new_condition)), ''), 'nothing'),
                   coalesce(nullif(concat_ws(', ', new_value, nullif(new_condition, old_condition)), ''), 'nothing'))
        END
    FROM (SELECT CASE WHEN old_value <> new_value THEN format(' (%s -> %s)', old_value, new_value) ELSE '' END AS by_value) AS beside
    $$;
REVOKE ALL ON FUNCTION clientele.move_reason(text, text, text, boolean, numeric, text, text, boolean, numeric) FROM PUBLIC;
COMMENT ON FUNCTION clientele.move_reason(text, text, text, boolean, numeric, text, text, boolean, numeric) IS 'internal: how one item of explain differs between two models, in words; NULL where it decides the same';

CREATE FUNCTION clientele.simulate_moves_for(caller regrole, population text, name text, vary jsonb, as_of timestamptz, revenue_window text, max_rows int)
RETURNS TABLE (variant jsonb, customer text, kind text, definition text, from_label text, to_label text, revenue numeric, reason text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owned clientele.population := clientele.population_of(caller, population, to_change => false);
    live clientele.model := clientele.live_model(owned);
    proposed clientele.model := clientele.draft_model(owned.population_id);
    instant timestamptz := clientele.check_instant(as_of);
    variants jsonb[];
    drafts clientele.model[];
    moves clientele.simulation[];
BEGIN
    IF name IS NOT NULL AND NOT EXISTS (SELECT FROM clientele.simulated_definitions(live, proposed) AS d WHERE d.name = simulate_moves_for.name) THEN
        RAISE undefined_object USING
            MESSAGE = format('nothing of population "%s" that gives labels or tags is called "%s"', population, name),
            HINT = coalesce((SELECT 'There is: ' || string_agg(d.name, ', ' ORDER BY d.place) || '.' FROM clientele.simulated_definitions(live, proposed) AS d),
                            'Define a grid, a scorecard, a ladder or a tag first.');
    END IF;
    IF max_rows < 0 THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('max_rows cannot be %s', max_rows), HINT = 'For example: max_rows => 20; NULL: all.';
    END IF;
    SELECT array_agg(v.variant ORDER BY v.number), array_agg(v.draft ORDER BY v.number)
    INTO variants, drafts
    FROM clientele.vary_model(population, proposed, vary) AS v;

    -- a query of its own: to explain is not for several processes
    EXECUTE format($query$
        SELECT array_agg(s ORDER BY revenue DESC NULLS LAST, key COLLATE "C", draft, definition)
        FROM (SELECT NULL::timestamptz AS as_of, NULL::jsonb AS question, draft, definition, from_label, to_label, customers, revenue, key
              FROM clientele.simulation WHERE as_of = %L AND question = %L
              ORDER BY revenue DESC NULLS LAST, key COLLATE "C", draft, definition LIMIT %L) AS s
        $query$, to_json(instant) #>> '{}',
        jsonb_build_object('population', owned.name, 'live', live::text, 'drafts', drafts::text[], 'name', name, 'moves', true,
                           'revenue', clientele.revenue_expression(owned.population_id, population, revenue_window)),
        max_rows)
    INTO moves;

    RETURN QUERY
    SELECT variants[m.draft], m.key, d.kind, m.definition, m.from_label, m.to_label, m.revenue, r.reason
    FROM unnest(moves) WITH ORDINALITY AS m (as_of, question, draft, definition, from_label, to_label, customers, revenue, key, place)
    JOIN clientele.simulated_definitions(live, proposed) AS d ON d.name = m.definition::name
    CROSS JOIN LATERAL (
        SELECT coalesce(string_agg(clientele.move_reason(i.item, i.old_value, i.old_condition, i.old_holds, i.old_points,
                                                         i.new_value, i.new_condition, i.new_holds, i.new_points), '; ' ORDER BY i.place, i.is_new),
                        CASE WHEN bool_or(i.item = 'kept') THEN 'kept from other levels before' END) AS reason
        FROM (SELECT x.item, min(x.place) AS place, bool_and(x.is_new) AS is_new, count(*) = 2 AS on_both_sides,
                     min(x.value) FILTER (WHERE NOT x.is_new) AS old_value, min(x.value) FILTER (WHERE x.is_new) AS new_value,
                     min(x.condition) FILTER (WHERE NOT x.is_new) AS old_condition, min(x.condition) FILTER (WHERE x.is_new) AS new_condition,
                     bool_and(x.holds) FILTER (WHERE NOT x.is_new) AS old_holds, bool_and(x.holds) FILTER (WHERE x.is_new) AS new_holds,
                     min(x.points) FILTER (WHERE NOT x.is_new) AS old_points, min(x.points) FILTER (WHERE x.is_new) AS new_points
              FROM (SELECT e.is_new, e.item, e.value, CASE WHEN e.by_hand THEN e.item || ' ' || e.condition ELSE e.condition END AS condition, e.holds,
                           coalesce(e.contribution, e.points) AS points, e.ordinality AS place,
                           row_number() OVER (PARTITION BY e.is_new, e.item ORDER BY e.ordinality) AS again,
                           row_number() OVER (PARTITION BY e.is_new, e.by_hand ORDER BY e.ordinality) = 1 AND NOT e.by_hand AS is_answer
                    FROM (SELECT false AS is_new, o.*, o.item IN ('pin', 'by hand') AND o.ordinality = 1 AS by_hand
                          FROM clientele.explain_model(owned.population_id, live, m.key, m.definition, instant) WITH ORDINALITY AS o WHERE o.depth <= 1
                          UNION ALL
                          SELECT true, n.*, n.item IN ('pin', 'by hand') AND n.ordinality = 1
                          FROM clientele.explain_model(owned.population_id, drafts[m.draft], m.key, m.definition, instant) WITH ORDINALITY AS n WHERE n.depth <= 1) AS e) AS x
              -- the answer itself stands in the labels
              WHERE NOT x.is_answer
              GROUP BY x.item, x.again) AS i
        -- a rung that is not there decides nothing
        WHERE d.kind <> 'ladder' OR i.on_both_sides OR coalesce(i.old_holds, i.new_holds, true)) AS r
    ORDER BY m.place;
END
$$;
REVOKE ALL ON FUNCTION clientele.simulate_moves_for(regrole, text, text, jsonb, timestamptz, text, int) FROM PUBLIC;
COMMENT ON FUNCTION clientele.simulate_moves_for(regrole, text, text, jsonb, timestamptz, text, int) IS 'internal: simulate_moves, behind the door';

CREATE FUNCTION clientele.simulate_moves(population text, name text DEFAULT NULL, vary jsonb DEFAULT NULL, as_of timestamptz DEFAULT NULL,
                                         revenue_window text DEFAULT 'last 12 months', max_rows int DEFAULT 100)
RETURNS TABLE (variant jsonb, customer text, kind text, definition text, from_label text, to_label text, revenue numeric, reason text)
AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.simulate_moves(text, text, jsonb, timestamptz, text, int) IS 'customers whose label or tag the draft would change, those who paid most first, at most so many (NULL = all); name: only of this definition; reason: the items of explain that decide otherwise, each as it is by the live version and as it would be; the other arguments as of simulate';
