\echo Use "CREATE EXTENSION clientele" to load this file. \quit

-- Nothing below may find an object through a caller's search_path.
SET LOCAL search_path = pg_catalog, pg_temp;
