
-- The evaluator as tables: customers who are evaluated while they are read.

CREATE FUNCTION clientele.fdw_handler() RETURNS fdw_handler
	AS 'MODULE_PATHNAME', 'clientele_fdw_handler' LANGUAGE C STRICT;

CREATE FUNCTION clientele.fdw_validator(options text[], catalog oid) RETURNS void
	AS 'MODULE_PATHNAME', 'clientele_fdw_validator' LANGUAGE C STRICT;

CREATE FOREIGN DATA WRAPPER clientele HANDLER clientele.fdw_handler VALIDATOR clientele.fdw_validator;
CREATE SERVER clientele FOREIGN DATA WRAPPER clientele;

REVOKE ALL ON FUNCTION clientele.fdw_handler(), clientele.fdw_validator(text[], oid) FROM PUBLIC;

COMMENT ON FUNCTION clientele.fdw_handler() IS 'of foreign data wrapper clientele';
COMMENT ON FUNCTION clientele.fdw_validator(text[], oid) IS 'checks the options of foreign tables of server clientele: population, version, rows';
COMMENT ON FOREIGN DATA WRAPPER clientele IS 'shows customers as they are evaluated while they are read';
COMMENT ON SERVER clientele IS 'of the foreign tables in schema clientele_data; one shows a population with its owner''s rights to whoever may select from it, and must belong to that owner';
