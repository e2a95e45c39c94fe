
-- rfm: a mergeable summary of one customer's events

CREATE TYPE clientele.rfm;

CREATE FUNCTION clientele.rfm_in(cstring) RETURNS clientele.rfm
	AS 'MODULE_PATHNAME', 'clientele_rfm_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION clientele.rfm_out(clientele.rfm) RETURNS cstring
	AS 'MODULE_PATHNAME', 'clientele_rfm_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION clientele.rfm_recv(internal) RETURNS clientele.rfm
	AS 'MODULE_PATHNAME', 'clientele_rfm_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION clientele.rfm_send(clientele.rfm) RETURNS bytea
	AS 'MODULE_PATHNAME', 'clientele_rfm_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- main, not extended: a value is some 40 bytes, which a wide row must not push out of line.
CREATE TYPE clientele.rfm (
	INTERNALLENGTH = VARIABLE,
	INPUT = clientele.rfm_in,
	OUTPUT = clientele.rfm_out,
	RECEIVE = clientele.rfm_recv,
	SEND = clientele.rfm_send,
	ALIGNMENT = double,
	STORAGE = main
);

COMMENT ON TYPE clientele.rfm IS 'summary of one customer''s events: first and last instant, count, exact sum of amounts; text form (first,last,count,sum) with instants in UTC; at least one event: a customer without any is NULL';
COMMENT ON FUNCTION clientele.rfm_in(cstring) IS 'I/O';
COMMENT ON FUNCTION clientele.rfm_out(clientele.rfm) IS 'I/O';
COMMENT ON FUNCTION clientele.rfm_recv(internal) IS 'I/O';
COMMENT ON FUNCTION clientele.rfm_send(clientele.rfm) IS 'I/O';

-- building and merging

CREATE FUNCTION clientele.rfm_add(summary clientele.rfm, occurred_at timestamptz, amount numeric) RETURNS clientele.rfm
	AS 'MODULE_PATHNAME', 'clientele_rfm_add' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION clientele.rfm_plus(a clientele.rfm, b clientele.rfm) RETURNS clientele.rfm
	AS 'MODULE_PATHNAME', 'clientele_rfm_plus' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE OPERATOR clientele.+ (
	LEFTARG = clientele.rfm,
	RIGHTARG = clientele.rfm,
	FUNCTION = clientele.rfm_plus,
	COMMUTATOR = OPERATOR(clientele.+)
);

CREATE AGGREGATE clientele.rfm(occurred_at timestamptz, amount numeric) (
	SFUNC = clientele.rfm_add,
	STYPE = clientele.rfm,
	SSPACE = 48,
	COMBINEFUNC = clientele.rfm_plus,
	PARALLEL = SAFE
);

CREATE AGGREGATE clientele.merge(summary clientele.rfm) (
	SFUNC = clientele.rfm_plus,
	STYPE = clientele.rfm,
	SSPACE = 48,
	COMBINEFUNC = clientele.rfm_plus,
	PARALLEL = SAFE
);

COMMENT ON FUNCTION clientele.rfm_add(clientele.rfm, timestamptz, numeric) IS 'the summary with one event more (NULL summary: the first event); an event whose occurred_at is NULL or infinite does not exist; an amount that is NULL, NaN or infinite counts as an event and adds nothing';
COMMENT ON FUNCTION clientele.rfm_plus(clientele.rfm, clientele.rfm) IS 'implementation of + operator';
COMMENT ON OPERATOR clientele.+ (clientele.rfm, clientele.rfm) IS 'summary of the events of both; NULL stands for no events, so NULL + x is x';
COMMENT ON AGGREGATE clientele.rfm(timestamptz, numeric) IS 'summary of one customer''s events; one whose occurred_at is NULL or infinite does not exist; an amount that is NULL, NaN or infinite counts as an event and adds nothing; NULL if there is no event';
COMMENT ON AGGREGATE clientele.merge(clientele.rfm) IS 'summary of the events of all summaries (branches, months, servers); NULLs are skipped; NULL if there is nothing else';

-- equality

CREATE FUNCTION clientele.rfm_eq(a clientele.rfm, b clientele.rfm) RETURNS boolean
	AS 'MODULE_PATHNAME', 'clientele_rfm_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION clientele.rfm_ne(a clientele.rfm, b clientele.rfm) RETURNS boolean
	AS 'MODULE_PATHNAME', 'clientele_rfm_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION clientele.rfm_hash(summary clientele.rfm) RETURNS integer
	AS 'MODULE_PATHNAME', 'clientele_rfm_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION clientele.rfm_hash_extended(summary clientele.rfm, seed bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'clientele_rfm_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE OPERATOR clientele.= (
	LEFTARG = clientele.rfm,
	RIGHTARG = clientele.rfm,
	FUNCTION = clientele.rfm_eq,
	COMMUTATOR = OPERATOR(clientele.=),
	NEGATOR = OPERATOR(clientele.<>),
	RESTRICT = eqsel,
	JOIN = eqjoinsel,
	HASHES
);
CREATE OPERATOR clientele.<> (
	LEFTARG = clientele.rfm,
	RIGHTARG = clientele.rfm,
	FUNCTION = clientele.rfm_ne,
	COMMUTATOR = OPERATOR(clientele.<>),
	NEGATOR = OPERATOR(clientele.=),
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);

-- Only hash: one summary is not less than another, so there is no btree class.
CREATE OPERATOR CLASS clientele.rfm_ops
	DEFAULT FOR TYPE clientele.rfm USING hash AS
	OPERATOR 1 clientele.= ,
	FUNCTION 1 clientele.rfm_hash(clientele.rfm),
	FUNCTION 2 clientele.rfm_hash_extended(clientele.rfm, bigint);

COMMENT ON FUNCTION clientele.rfm_eq(clientele.rfm, clientele.rfm) IS 'implementation of = operator';
COMMENT ON FUNCTION clientele.rfm_ne(clientele.rfm, clientele.rfm) IS 'implementation of <> operator';
COMMENT ON FUNCTION clientele.rfm_hash(clientele.rfm) IS 'hash';
COMMENT ON FUNCTION clientele.rfm_hash_extended(clientele.rfm, bigint) IS 'hash';
COMMENT ON OPERATOR clientele.= (clientele.rfm, clientele.rfm) IS 'same instants, count and sum (1.50 and 1.5 are the same sum)';
COMMENT ON OPERATOR clientele.<> (clientele.rfm, clientele.rfm) IS 'other instants, count or sum';
COMMENT ON OPERATOR FAMILY clientele.rfm_ops USING hash IS 'equality of rfm; there is no order';
COMMENT ON OPERATOR CLASS clientele.rfm_ops USING hash IS 'equality of rfm; there is no order';

-- reading

CREATE FUNCTION clientele.recency(summary clientele.rfm, as_of timestamptz, time_zone text) RETURNS integer
	AS 'MODULE_PATHNAME', 'clientele_rfm_recency' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION clientele.frequency(summary clientele.rfm) RETURNS bigint
	AS 'MODULE_PATHNAME', 'clientele_rfm_frequency' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION clientele.monetary(summary clientele.rfm) RETURNS numeric
	AS 'MODULE_PATHNAME', 'clientele_rfm_monetary' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION clientele.first_event(summary clientele.rfm) RETURNS timestamptz
	AS 'MODULE_PATHNAME', 'clientele_rfm_first_event' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION clientele.last_event(summary clientele.rfm) RETURNS timestamptz
	AS 'MODULE_PATHNAME', 'clientele_rfm_last_event' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION clientele.recency(clientele.rfm, timestamptz, text) IS 'days between the local calendar date of the last event and that of as_of, in the time zone; 0 = the same day; negative if the last event lies after as_of; NULL if any argument is NULL';
COMMENT ON FUNCTION clientele.frequency(clientele.rfm) IS 'number of events, at least 1; NULL for NULL';
COMMENT ON FUNCTION clientele.monetary(clientele.rfm) IS 'exact sum of the amounts, in their unit, with as many decimals as the amount that had most; 0 if no event had an amount; NULL for NULL';
COMMENT ON FUNCTION clientele.first_event(clientele.rfm) IS 'instant of the earliest event; NULL for NULL';
COMMENT ON FUNCTION clientele.last_event(clientele.rfm) IS 'instant of the latest event; NULL for NULL';
