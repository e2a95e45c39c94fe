
-- model: all definitions of a population in one value

CREATE TYPE clientele.model;

CREATE FUNCTION clientele.model_in(cstring) RETURNS clientele.model
    AS 'MODULE_PATHNAME', 'clientele_model_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION clientele.model_out(clientele.model) RETURNS cstring
    AS 'MODULE_PATHNAME', 'clientele_model_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION clientele.model_recv(internal) RETURNS clientele.model
    AS 'MODULE_PATHNAME', 'clientele_model_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION clientele.model_send(clientele.model) RETURNS bytea
    AS 'MODULE_PATHNAME', 'clientele_model_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE TYPE clientele.model (
    INTERNALLENGTH = VARIABLE,
    INPUT = clientele.model_in,
    OUTPUT = clientele.model_out,
    RECEIVE = clientele.model_recv,
    SEND = clientele.model_send,
    ALIGNMENT = int4,
    STORAGE = extended
);

COMMENT ON TYPE clientele.model IS 'model: all definitions of a population in one value, to be evaluated, compared and kept; input is strict JSON, output its canonical text, at most 4 MiB';
COMMENT ON FUNCTION clientele.model_in(cstring) IS 'I/O';
COMMENT ON FUNCTION clientele.model_out(clientele.model) IS 'I/O';
COMMENT ON FUNCTION clientele.model_recv(internal) IS 'I/O';
COMMENT ON FUNCTION clientele.model_send(clientele.model) IS 'I/O';

-- equality

CREATE FUNCTION clientele.model_eq(a clientele.model, b clientele.model) RETURNS boolean
    AS 'MODULE_PATHNAME', 'clientele_model_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION clientele.model_ne(a clientele.model, b clientele.model) RETURNS boolean
    AS 'MODULE_PATHNAME', 'clientele_model_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION clientele.model_hash(model clientele.model) RETURNS integer
    AS 'MODULE_PATHNAME', 'clientele_model_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE OPERATOR clientele.= (
    LEFTARG = clientele.model,
    RIGHTARG = clientele.model,
    FUNCTION = clientele.model_eq,
    COMMUTATOR = OPERATOR(clientele.=),
    NEGATOR = OPERATOR(clientele.<>),
    RESTRICT = eqsel,
    JOIN = eqjoinsel,
    HASHES
);
CREATE OPERATOR clientele.<> (
    LEFTARG = clientele.model,
    RIGHTARG = clientele.model,
    FUNCTION = clientele.model_ne,
    COMMUTATOR = OPERATOR(clientele.<>),
    NEGATOR = OPERATOR(clientele.=),
    RESTRICT = neqsel,
    JOIN = neqjoinsel
);
CREATE OPERATOR CLASS clientele.model_hash_ops DEFAULT FOR TYPE clientele.model USING hash AS
    OPERATOR 1 clientele.= (clientele.model, clientele.model),
    FUNCTION 1 clientele.model_hash(clientele.model);

COMMENT ON FUNCTION clientele.model_eq(clientele.model, clientele.model) IS 'implementation of = operator';
COMMENT ON FUNCTION clientele.model_ne(clientele.model, clientele.model) IS 'implementation of <> operator';
COMMENT ON FUNCTION clientele.model_hash(clientele.model) IS 'hash of the canonical text';
COMMENT ON OPERATOR clientele.= (clientele.model, clientele.model) IS 'same canonical text';
COMMENT ON OPERATOR clientele.<> (clientele.model, clientele.model) IS 'different canonical text';
COMMENT ON OPERATOR CLASS clientele.model_hash_ops USING hash IS 'equality of models, for DISTINCT, GROUP BY and IN';
COMMENT ON OPERATOR FAMILY clientele.model_hash_ops USING hash IS 'equality of models, for DISTINCT, GROUP BY and IN';
