\echo Use "CREATE EXTENSION clientele" to load this file. \quit

-- Nothing below may find an object through a caller's search_path.
SET LOCAL search_path = pg_catalog, pg_temp;

-- No IF NOT EXISTS: in a schema that somebody else made, he could put objects
-- beside ours, drop ours, or take them over.
CREATE SCHEMA clientele;
COMMENT ON SCHEMA clientele IS 'segments of customers: types, functions and views of the extension clientele';
GRANT USAGE ON SCHEMA clientele TO PUBLIC;
