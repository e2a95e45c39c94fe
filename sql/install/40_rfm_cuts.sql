
-- rfm_cuts: where the bins of an RFM grid begin

CREATE TYPE clientele.rfm_cuts;

CREATE FUNCTION clientele.rfm_cuts_in(cstring) RETURNS clientele.rfm_cuts
	AS 'MODULE_PATHNAME', 'clientele_rfm_cuts_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION clientele.rfm_cuts_out(clientele.rfm_cuts) RETURNS cstring
	AS 'MODULE_PATHNAME', 'clientele_rfm_cuts_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION clientele.rfm_cuts_recv(internal) RETURNS clientele.rfm_cuts
	AS 'MODULE_PATHNAME', 'clientele_rfm_cuts_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION clientele.rfm_cuts_send(clientele.rfm_cuts) RETURNS bytea
	AS 'MODULE_PATHNAME', 'clientele_rfm_cuts_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE TYPE clientele.rfm_cuts (
	INTERNALLENGTH = VARIABLE,
	INPUT = clientele.rfm_cuts_in,
	OUTPUT = clientele.rfm_cuts_out,
	RECEIVE = clientele.rfm_cuts_recv,
	SEND = clientele.rfm_cuts_send,
	ALIGNMENT = int4,
	STORAGE = extended
);

COMMENT ON TYPE clientele.rfm_cuts IS 'thresholds of an RFM grid, 1 to 8 for each axis, ascending, exact; n cuts make n + 1 bins [low, high); text form: recency 30, 90; frequency 2, 4; monetary 500, 2000; a cut written = repeats the one before it (the bin between stays empty); recency in days, monetary in the unit of the amounts';
COMMENT ON FUNCTION clientele.rfm_cuts_in(cstring) IS 'I/O';
COMMENT ON FUNCTION clientele.rfm_cuts_out(clientele.rfm_cuts) IS 'I/O';
COMMENT ON FUNCTION clientele.rfm_cuts_recv(internal) IS 'I/O';
COMMENT ON FUNCTION clientele.rfm_cuts_send(clientele.rfm_cuts) IS 'I/O';

CREATE FUNCTION clientele.rfm_cuts_eq(a clientele.rfm_cuts, b clientele.rfm_cuts) RETURNS boolean
	AS 'MODULE_PATHNAME', 'clientele_rfm_cuts_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION clientele.rfm_cuts_ne(a clientele.rfm_cuts, b clientele.rfm_cuts) RETURNS boolean
	AS 'MODULE_PATHNAME', 'clientele_rfm_cuts_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION clientele.rfm_cuts_hash(grid clientele.rfm_cuts) RETURNS integer
	AS 'MODULE_PATHNAME', 'clientele_rfm_cuts_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION clientele.cuts(grid clientele.rfm_cuts, axis text) RETURNS numeric[]
	AS 'MODULE_PATHNAME', 'clientele_rfm_cuts_of_axis' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE OPERATOR clientele.= (
	LEFTARG = clientele.rfm_cuts,
	RIGHTARG = clientele.rfm_cuts,
	FUNCTION = clientele.rfm_cuts_eq,
	COMMUTATOR = OPERATOR(clientele.=),
	NEGATOR = OPERATOR(clientele.<>),
	RESTRICT = eqsel,
	JOIN = eqjoinsel,
	HASHES
);
CREATE OPERATOR clientele.<> (
	LEFTARG = clientele.rfm_cuts,
	RIGHTARG = clientele.rfm_cuts,
	FUNCTION = clientele.rfm_cuts_ne,
	COMMUTATOR = OPERATOR(clientele.<>),
	NEGATOR = OPERATOR(clientele.=),
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);
CREATE OPERATOR CLASS clientele.rfm_cuts_ops
	DEFAULT FOR TYPE clientele.rfm_cuts USING hash AS
	OPERATOR 1 clientele.= ,
	FUNCTION 1 clientele.rfm_cuts_hash(clientele.rfm_cuts);

COMMENT ON FUNCTION clientele.rfm_cuts_eq(clientele.rfm_cuts, clientele.rfm_cuts) IS 'implementation of = operator';
COMMENT ON FUNCTION clientele.rfm_cuts_ne(clientele.rfm_cuts, clientele.rfm_cuts) IS 'implementation of <> operator';
COMMENT ON FUNCTION clientele.rfm_cuts_hash(clientele.rfm_cuts) IS 'hash';
COMMENT ON FUNCTION clientele.cuts(clientele.rfm_cuts, text) IS 'the cuts of one axis (recency, frequency or monetary), ascending, repeated ones repeated';
COMMENT ON OPERATOR clientele.= (clientele.rfm_cuts, clientele.rfm_cuts) IS 'the same numbers on all axes';
COMMENT ON OPERATOR clientele.<> (clientele.rfm_cuts, clientele.rfm_cuts) IS 'another number on some axis';
COMMENT ON OPERATOR FAMILY clientele.rfm_cuts_ops USING hash IS 'equality of rfm_cuts; there is no order';
COMMENT ON OPERATOR CLASS clientele.rfm_cuts_ops USING hash IS 'equality of rfm_cuts; there is no order';

-- calibration

CREATE FUNCTION clientele.rfm_cuts_add(internal, numeric, numeric, numeric, integer, text) RETURNS internal
	AS 'MODULE_PATHNAME', 'clientele_rfm_cuts_add' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION clientele.rfm_cuts_add(internal, clientele.rfm, timestamptz, text, integer, text) RETURNS internal
	AS 'MODULE_PATHNAME', 'clientele_rfm_cuts_add_rfm' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION clientele.rfm_cuts_final(internal) RETURNS clientele.rfm_cuts
	AS 'MODULE_PATHNAME', 'clientele_rfm_cuts_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;

-- The final function sorts, once: such a state can serve neither two aggregates nor a window.
CREATE AGGREGATE clientele.rfm_cuts(recency numeric, frequency numeric, monetary numeric, bins integer, method text) (
	SFUNC = clientele.rfm_cuts_add,
	STYPE = internal,
	FINALFUNC = clientele.rfm_cuts_final,
	FINALFUNC_MODIFY = READ_WRITE,
	PARALLEL = SAFE
);
CREATE AGGREGATE clientele.rfm_cuts(summary clientele.rfm, as_of timestamptz, time_zone text, bins integer, method text) (
	SFUNC = clientele.rfm_cuts_add,
	STYPE = internal,
	FINALFUNC = clientele.rfm_cuts_final,
	FINALFUNC_MODIFY = READ_WRITE,
	PARALLEL = SAFE
);

COMMENT ON FUNCTION clientele.rfm_cuts_add(internal, numeric, numeric, numeric, integer, text) IS 'transition function of rfm_cuts';
COMMENT ON FUNCTION clientele.rfm_cuts_add(internal, clientele.rfm, timestamptz, text, integer, text) IS 'transition function of rfm_cuts';
COMMENT ON FUNCTION clientele.rfm_cuts_final(internal) IS 'final function of rfm_cuts';
COMMENT ON AGGREGATE clientele.rfm_cuts(numeric, numeric, numeric, integer, text) IS 'cuts of 2 to 9 bins from one row per customer; method quantile (type 7), r-rfm (quantile + 1), median, mean (both 2 bins) or width; a cut between values is rounded to 6 decimals more than they have; a row with a value that is NULL, NaN or infinite is left out; NULL if none is left';
COMMENT ON AGGREGATE clientele.rfm_cuts(clientele.rfm, timestamptz, text, integer, text) IS 'the same from summaries: recency in local days as of as_of; a row whose summary, as_of or time_zone is NULL is left out';

-- scores and groups

CREATE FUNCTION clientele.rfm_score(recency numeric, frequency numeric, monetary numeric, grid clientele.rfm_cuts) RETURNS integer
	AS 'MODULE_PATHNAME', 'clientele_rfm_score' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION clientele.rfm_score(summary clientele.rfm, as_of timestamptz, time_zone text, grid clientele.rfm_cuts) RETURNS integer
	AS 'MODULE_PATHNAME', 'clientele_rfm_score_rfm' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION clientele.rfm_group(score integer, scheme text, high_from integer DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME', 'clientele_rfm_group' LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION clientele.rfm_score(numeric, numeric, numeric, clientele.rfm_cuts) IS 'R * 100 + F * 10 + M, each 1 to the number of its bins; few days of recency score high; a value equal to a cut lies above it; NULL if an argument is NULL, NaN or infinite';
COMMENT ON FUNCTION clientele.rfm_score(clientele.rfm, timestamptz, text, clientele.rfm_cuts) IS 'the same from a summary: recency in local days as of as_of; NULL if any argument is NULL';
COMMENT ON FUNCTION clientele.rfm_group(integer, text, integer) IS 'name of the group of a score; scheme eight: the eight customer groups with their Chinese labels (key or ordinary by monetary value; of value, to keep, to develop, to win back by recency and frequency), with high_from (2 to 9) the lowest score that is high, required if there are more than two bins, and the label of those who never bought for a NULL score; schemes r-rfm and r-rfm-0.2: the segments of R''s package rfm, five bins, Others if none matches, NULL for a NULL score';
