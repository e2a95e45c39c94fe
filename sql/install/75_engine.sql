
-- The compiled model

CREATE FUNCTION clientele.model_columns(population_id integer, version integer)
    RETURNS TABLE (name name, definition name, role text, type text, unit text)
    AS 'MODULE_PATHNAME', 'clientele_model_columns' LANGUAGE C STABLE STRICT;
REVOKE ALL ON FUNCTION clientele.model_columns(integer, integer) FROM PUBLIC;
COMMENT ON FUNCTION clientele.model_columns(integer, integer) IS 'internal: compiles a version against the clinic''s tables; the columns of its profiles beside key, tags and due_at: role is value, elapsed (a day to count from, in unit), label, score or part';

CREATE FUNCTION clientele.failed_values(population_id integer) RETURNS bigint
    AS 'MODULE_PATHNAME', 'clientele_failed_values' LANGUAGE C VOLATILE STRICT;
REVOKE ALL ON FUNCTION clientele.failed_values(integer) FROM PUBLIC;
COMMENT ON FUNCTION clientele.failed_values(integer) IS 'internal: values that this session could not compute (a division by zero, a number too large) and that are NULL for it, since the last call';
