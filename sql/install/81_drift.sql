
-- Have the customers moved away from what the rules were made for?

CREATE FUNCTION clientele.distribution(population_id int, model clientele.model, as_of timestamptz,
                                       OUT name text, OUT item text, OUT branch text, OUT bin text, OUT customers bigint) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'clientele_distribution' LANGUAGE C STABLE STRICT;
REVOKE ALL ON FUNCTION clientele.distribution(int, clientele.model, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION clientele.distribution(int, clientele.model, timestamptz) IS 'internal: how many customers who have had an event are in each bin of the model''s grids, scorecards and ladders at an instant, by branch';

-- Since when a definition has been as it is: its calibration, else the first of the
-- versions that have had it so without a break.
CREATE FUNCTION clientele.definition_since(population_id int, live_version int, OUT name name, OUT since timestamptz) RETURNS SETOF record
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    WITH published AS (
        SELECT v.version, v.published_at, d.name, d.kind, d.body
        FROM clientele.version AS v CROSS JOIN LATERAL clientele.model_definitions(v.model) AS d
        WHERE v.population_id = definition_since.population_id AND v.version <= live_version)
    SELECT l.name, coalesce((l.body ->> 'calibrated_at')::timestamptz,
                            (SELECT min(p.published_at) FROM published AS p
                             WHERE p.name = l.name AND p.version > coalesce(
                                 (SELECT max(v.version) FROM clientele.version AS v
                                  WHERE v.population_id = definition_since.population_id AND v.version < live_version
                                    AND NOT EXISTS (SELECT FROM published AS same WHERE same.version = v.version
                                                    AND (same.name, same.kind, same.body) = (l.name, l.kind, l.body))), 0)))
    FROM published AS l
    WHERE l.version = live_version AND l.kind IN ('rfm', 'scorecard', 'ladder')
    $$;
REVOKE ALL ON FUNCTION clientele.definition_since(int, int) FROM PUBLIC;
COMMENT ON FUNCTION clientele.definition_since(int, int) IS 'internal: the instant with which drift compares each definition of the live version that has bins';

CREATE FUNCTION clientele.drift_bins_for(caller regrole, population text, name text, since timestamptz, as_of timestamptz)
RETURNS TABLE (definition text, item text, branch text, bin text, compared_with timestamptz, expected bigint, actual bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owned clientele.population := clientele.population_of(caller, population, to_change => false);
    live clientele.model := (SELECT v.model FROM clientele.version AS v
                             WHERE v.population_id = owned.population_id AND v.version = owned.live_version);
    instant timestamptz := coalesce(as_of, clientele.wall_clock());
BEGIN
    IF live IS NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('population "%s" has no live version yet', population),
            HINT = format('Run SELECT clientele.publish(%L, ''first rules''); then CALL clientele.refresh(%L);', population, population);
    ELSIF NOT isfinite(coalesce(since, instant)) OR NOT isfinite(instant) THEN
        RAISE invalid_parameter_value USING
            MESSAGE = 'customers cannot be looked at in eternity', HINT = 'Give instants such as ''2026-06-30 12:00+08''.';
    ELSIF name IS NOT NULL AND NOT EXISTS (SELECT FROM clientele.definition_since(owned.population_id, owned.live_version) AS d
                                           WHERE d.name = drift_bins_for.name) THEN
        RAISE undefined_object USING
            MESSAGE = format('the live version of population "%s" has no grid, scorecard or ladder "%s"', population, name),
            HINT = coalesce((SELECT 'It has: ' || string_agg(d.name, ', ' ORDER BY d.name) || '.'
                             FROM clientele.definition_since(owned.population_id, owned.live_version) AS d), 'It has none at all.');
    END IF;

    RETURN QUERY
    WITH base AS MATERIALIZED (
        SELECT d.name::text, coalesce(drift_bins_for.since, d.since) AS since
        FROM clientele.definition_since(owned.population_id, owned.live_version) AS d
        WHERE d.name = drift_bins_for.name OR drift_bins_for.name IS NULL),
    counted AS (
        SELECT b.name, b.since, d.item, d.branch, d.bin, d.customers AS expected, 0 AS actual
        FROM (SELECT DISTINCT one.since FROM base AS one) AS s
        CROSS JOIN LATERAL clientele.distribution(owned.population_id, live, s.since) AS d
        JOIN base AS b ON (b.name, b.since) = (d.name, s.since)
        UNION ALL
        SELECT b.name, b.since, d.item, d.branch, d.bin, 0, d.customers
        FROM clientele.distribution(owned.population_id, live, instant) AS d JOIN base AS b ON b.name = d.name)
    SELECT c.name, c.item, c.branch, c.bin, c.since, sum(c.expected)::bigint, sum(c.actual)::bigint
    FROM counted AS c
    GROUP BY c.name, c.since, c.item, c.bin, GROUPING SETS ((), (c.branch))
    HAVING grouping(c.branch) = 1 OR c.branch IS NOT NULL
    ORDER BY c.name COLLATE "C", c.item COLLATE "C", c.branch COLLATE "C" NULLS FIRST, c.bin COLLATE "C";
END
$$;
REVOKE ALL ON FUNCTION clientele.drift_bins_for(regrole, text, text, timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION clientele.drift_bins_for(regrole, text, text, timestamptz, timestamptz) IS 'internal: drift_bins, behind the door';

CREATE FUNCTION clientele.drift_bins(population text, name text DEFAULT NULL, since timestamptz DEFAULT NULL, as_of timestamptz DEFAULT NULL)
RETURNS TABLE (definition text, item text, branch text, bin text, compared_with timestamptz, expected bigint, actual bigint)
AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.drift_bins(text, text, timestamptz, timestamptz) IS 'how many customers are in each bin of what drift compares, then (expected, as of compared_with) and as of as_of (actual): bin is a score of an axis, the number of a characteristic''s bin from 1, or a label; NULL where none applies. branch NULL = all customers. Arguments as of drift';

CREATE FUNCTION clientele.drift_for(caller regrole, population text, name text, since timestamptz, as_of timestamptz, floor double precision, minimum bigint)
RETURNS TABLE (definition text, item text, branch text, compared_with timestamptz, expected bigint, actual bigint, psi double precision, band text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM clientele.check_given('floor', floor::text), clientele.check_given('minimum', minimum::text);
    RETURN QUERY
    SELECT i.definition, i.item, i.branch, i.compared_with, i.expected, i.actual, p.psi, clientele.psi_band(p.psi)
    FROM (SELECT b.definition, b.item, b.branch, b.compared_with, sum(b.expected)::bigint AS expected, sum(b.actual)::bigint AS actual,
                 array_agg(b.expected ORDER BY b.bin COLLATE "C") AS before, array_agg(b.actual ORDER BY b.bin COLLATE "C") AS after
          FROM clientele.drift_bins_for(caller, population, name, since, as_of) AS b
          GROUP BY b.definition, b.item, b.branch, b.compared_with) AS i
    CROSS JOIN LATERAL (SELECT CASE WHEN least(i.expected, i.actual) >= greatest(minimum, 1)
                                    THEN clientele.psi(i.before, i.after, floor) END AS psi) AS p
    ORDER BY i.definition COLLATE "C", i.item COLLATE "C", i.branch COLLATE "C" NULLS FIRST;
END
$$;
REVOKE ALL ON FUNCTION clientele.drift_for(regrole, text, text, timestamptz, timestamptz, double precision, bigint) FROM PUBLIC;
COMMENT ON FUNCTION clientele.drift_for(regrole, text, text, timestamptz, timestamptz, double precision, bigint) IS 'internal: drift, behind the door';

CREATE FUNCTION clientele.drift(population text, name text DEFAULT NULL, since timestamptz DEFAULT NULL, as_of timestamptz DEFAULT NULL,
                                floor double precision DEFAULT 0.0001, minimum bigint DEFAULT 100)
RETURNS TABLE (definition text, item text, branch text, compared_with timestamptz, expected bigint, actual bigint, psi double precision, band text)
AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.drift(text, text, timestamptz, timestamptz, double precision, bigint) IS 'whether customers have moved away from what the live rules were made for: the population stability index of every axis and label of its grids (of one definition, if name is given), every tier and characteristic of its scorecards and every ladder''s label, for all customers (branch NULL) and for each branch. Compared with since (NULL = the calibration of a grid, else the version that brought the definition as it is), as of as_of (NULL = now), by the live model and today''s facts as of each instant; who had had no event by then is not counted. floor is what an empty bin is given (0: an error where one is), minimum how many there must be on both sides, or else psi is NULL. band as of psi_band';
