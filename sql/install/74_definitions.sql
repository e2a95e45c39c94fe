
-- The draft: definitions, as their owners write them.

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
