
-- The views of promotions, beside those of the profiles.
--
-- They read our own tables, on which nobody has a right, so they belong to the extension's
-- owner.  The population's owner has all rights on them, and hands them on: they say who may do what.

CREATE FUNCTION clientele.put_own_view(population clientele.population, suffix text, query text, description text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    view text := format('%I.%I', population.target_schema, population.name || suffix);
BEGIN
    IF EXISTS (SELECT FROM pg_class
               WHERE oid = to_regclass(view)
                 AND (relkind <> 'v' OR relowner <> (SELECT e.extowner FROM pg_extension AS e WHERE e.extname = 'clientele'))) THEN
        RAISE duplicate_table USING
            MESSAGE = format('%s is in the way of the view that population "%s" would have there', view, population.name),
            HINT = 'Rename it, or drop it.';
    END IF;
    EXECUTE format('CREATE OR REPLACE VIEW %s AS %s', view, query);
    EXECUTE format('GRANT ALL ON %s TO %s WITH GRANT OPTION', view, population.owner);
    EXECUTE format('COMMENT ON VIEW %s IS %L', view, description);
END
$$;
REVOKE ALL ON FUNCTION clientele.put_own_view(clientele.population, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.put_own_view(clientele.population, text, text, text) IS 'internal: makes or replaces a view over our own tables, whose privileges are the population owner''s to give';

-- Run by the extension's owner; once more is no harm.
CREATE FUNCTION clientele.put_promotion_views(population clientele.population) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM clientele.put_report_views(population);
END
$$;
REVOKE ALL ON FUNCTION clientele.put_promotion_views(clientele.population) FROM PUBLIC;
COMMENT ON FUNCTION clientele.put_promotion_views(clientele.population) IS 'internal: makes the views of a population''s promotions';
