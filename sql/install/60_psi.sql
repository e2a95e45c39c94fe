
-- psi: has a distribution moved?

CREATE FUNCTION clientele.psi(expected bigint[], actual bigint[], floor double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'clientele_psi' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION clientele.psi(bigint[], bigint[], double precision) IS 'population stability index of two counts per bin: sum of (actual share - expected share) * ln(actual share / expected share); 0 = same shares, no upper limit; floor (0 to less than 1) is the least share a bin is given: with 0 a bin that is empty on one side only is an error; NULL if an argument is NULL';

CREATE FUNCTION clientele.psi_band(psi double precision, language text DEFAULT 'en') RETURNS text
	AS 'MODULE_PATHNAME', 'clientele_psi_band' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION clientele.psi_band(double precision, text) IS 'what a population stability index means by the usual bands: stable below 0.10, watch from there on, recalibrate from 0.25 on; language is en or zh; NULL if an argument is NULL';
