-- expression: conditions and values in SQL's WHERE syntax, as a type.

CREATE TYPE clientele.expression;

CREATE FUNCTION clientele.expression_in(cstring) RETURNS clientele.expression
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'clientele_expression_in';
COMMENT ON FUNCTION clientele.expression_in(cstring) IS 'I/O: parses an expression; a mistake is an error with its position';

CREATE FUNCTION clientele.expression_out(clientele.expression) RETURNS cstring
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'clientele_expression_out';
COMMENT ON FUNCTION clientele.expression_out(clientele.expression) IS 'I/O: the canonical text, which parses back to the same value';

CREATE FUNCTION clientele.expression_recv(internal) RETURNS clientele.expression
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'clientele_expression_recv';
COMMENT ON FUNCTION clientele.expression_recv(internal) IS 'I/O: a version byte and the text, parsed like any other';

CREATE FUNCTION clientele.expression_send(clientele.expression) RETURNS bytea
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'clientele_expression_send';
COMMENT ON FUNCTION clientele.expression_send(clientele.expression) IS 'I/O: a version byte and the canonical text';

CREATE TYPE clientele.expression (
    INPUT = clientele.expression_in,
    OUTPUT = clientele.expression_out,
    RECEIVE = clientele.expression_recv,
    SEND = clientele.expression_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = int4,
    STORAGE = extended
);
COMMENT ON TYPE clientele.expression IS 'a condition or a value in SQL''s WHERE syntax, checked when it is typed, for example days_since(last_visit) > 90 and gender = ''F''; doc/expression.md has the language';

CREATE FUNCTION clientele.expression(number int) RETURNS clientele.expression
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT number::text::clientele.expression $$;
COMMENT ON FUNCTION clientele.expression(int) IS 'a whole number, as an expression';

CREATE CAST (int AS clientele.expression) WITH FUNCTION clientele.expression(int) AS IMPLICIT;
COMMENT ON CAST (int AS clientele.expression) IS 'so that where a formula may stand, as in high_from => 4, a number may';

-- equality: canonical texts are the same

CREATE FUNCTION clientele.expression_eq(a clientele.expression, b clientele.expression) RETURNS boolean
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'clientele_expression_eq';
COMMENT ON FUNCTION clientele.expression_eq(clientele.expression, clientele.expression) IS 'implementation of = operator: the canonical texts are the same';

CREATE FUNCTION clientele.expression_ne(a clientele.expression, b clientele.expression) RETURNS boolean
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'clientele_expression_ne';
COMMENT ON FUNCTION clientele.expression_ne(clientele.expression, clientele.expression) IS 'implementation of <> operator';

CREATE FUNCTION clientele.expression_hash(value clientele.expression) RETURNS integer
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'clientele_expression_hash';
COMMENT ON FUNCTION clientele.expression_hash(clientele.expression) IS 'hash of the canonical text, for DISTINCT and GROUP BY';

CREATE OPERATOR clientele.= (
    LEFTARG = clientele.expression, RIGHTARG = clientele.expression,
    FUNCTION = clientele.expression_eq,
    COMMUTATOR = OPERATOR(clientele.=), NEGATOR = OPERATOR(clientele.<>),
    RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
COMMENT ON OPERATOR clientele.= (clientele.expression, clientele.expression) IS 'the same rule: the canonical texts are equal';

CREATE OPERATOR clientele.<> (
    LEFTARG = clientele.expression, RIGHTARG = clientele.expression,
    FUNCTION = clientele.expression_ne,
    COMMUTATOR = OPERATOR(clientele.<>), NEGATOR = OPERATOR(clientele.=),
    RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR clientele.<> (clientele.expression, clientele.expression) IS 'not the same rule';

CREATE OPERATOR CLASS clientele.expression_hash_ops
    DEFAULT FOR TYPE clientele.expression USING hash AS
    OPERATOR 1 clientele.= (clientele.expression, clientele.expression),
    FUNCTION 1 clientele.expression_hash(clientele.expression);
COMMENT ON OPERATOR CLASS clientele.expression_hash_ops USING hash IS 'hashing of expressions, for DISTINCT, GROUP BY and joins';
COMMENT ON OPERATOR FAMILY clientele.expression_hash_ops USING hash IS 'hashing of expressions';

CREATE FUNCTION clientele.identifiers(rule clientele.expression) RETURNS text[]
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'clientele_expression_identifiers';
CREATE FUNCTION clientele.conditions(rule clientele.expression) RETURNS text[]
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'clientele_expression_conditions';
COMMENT ON FUNCTION clientele.conditions(clientele.expression) IS 'the parts of a condition between its outermost ands, in order: all of them must hold';
COMMENT ON FUNCTION clientele.identifiers(clientele.expression) IS 'the names the rule reads, each once, sorted bytewise; columns of a source as source.column';

-- evaluation on a row, or on a jsonb object whose keys are the names

-- A call on a row with a constant rule becomes a call on the columns the rule
-- names; see src/expression/row_support.c.

CREATE FUNCTION clientele.row_support(internal) RETURNS internal
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'clientele_row_support';
COMMENT ON FUNCTION clientele.row_support(internal) IS 'internal: planner support of the functions of a row and a rule';

CREATE FUNCTION clientele.matches_columns(rule clientele.expression, as_of timestamptz, time_zone text, names text[], VARIADIC columns "any") RETURNS boolean
    LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10
    AS 'MODULE_PATHNAME', 'clientele_matches';
COMMENT ON FUNCTION clientele.matches_columns(clientele.expression, timestamptz, text, text[], "any") IS 'internal: what the planner makes of matches(row, constant rule)';

CREATE FUNCTION clientele.matching_columns(rules clientele.expression[], as_of timestamptz, time_zone text, names text[], VARIADIC columns "any") RETURNS integer[]
    LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'clientele_matching';
COMMENT ON FUNCTION clientele.matching_columns(clientele.expression[], timestamptz, text, text[], "any") IS 'internal: what the planner makes of matching(row, constant rules)';

CREATE FUNCTION clientele.evaluate_number_columns(rule clientele.expression, as_of timestamptz, time_zone text, names text[], VARIADIC columns "any") RETURNS numeric
    LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10
    AS 'MODULE_PATHNAME', 'clientele_evaluate_number';
COMMENT ON FUNCTION clientele.evaluate_number_columns(clientele.expression, timestamptz, text, text[], "any") IS 'internal: what the planner makes of evaluate_number(row, constant rule)';

CREATE FUNCTION clientele.evaluate_text_columns(rule clientele.expression, as_of timestamptz, time_zone text, names text[], VARIADIC columns "any") RETURNS text
    LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10
    AS 'MODULE_PATHNAME', 'clientele_evaluate_text';
COMMENT ON FUNCTION clientele.evaluate_text_columns(clientele.expression, timestamptz, text, text[], "any") IS 'internal: what the planner makes of evaluate_text(row, constant rule)';

CREATE FUNCTION clientele.matches(subject record, rule clientele.expression, as_of timestamptz DEFAULT NULL, time_zone text DEFAULT NULL) RETURNS boolean
    LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10
    SUPPORT clientele.row_support
    AS 'MODULE_PATHNAME', 'clientele_matches';
COMMENT ON FUNCTION clientele.matches(record, clientele.expression, timestamptz, text) IS 'whether the rule is true for the row; false where it is unknown, and where row or rule is NULL; a rule that looks at the time needs as_of and time_zone';

CREATE FUNCTION clientele.matches(subject jsonb, rule clientele.expression, as_of timestamptz DEFAULT NULL, time_zone text DEFAULT NULL) RETURNS boolean
    LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10
    AS 'MODULE_PATHNAME', 'clientele_matches';
COMMENT ON FUNCTION clientele.matches(jsonb, clientele.expression, timestamptz, text) IS 'whether the rule is true for the document; an absent key is NULL; a value of another type than the rule needs is an error';

CREATE FUNCTION clientele.matches_operator(subject record, rule clientele.expression) RETURNS boolean
    LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10
    SUPPORT clientele.row_support
    AS 'MODULE_PATHNAME', 'clientele_matches';
COMMENT ON FUNCTION clientele.matches_operator(record, clientele.expression) IS 'implementation of @@ operator';

CREATE OPERATOR clientele.@@ (
    LEFTARG = record, RIGHTARG = clientele.expression,
    FUNCTION = clientele.matches_operator,
    RESTRICT = contsel, JOIN = contjoinsel
);
COMMENT ON OPERATOR clientele.@@ (record, clientele.expression) IS 'whether the rule is true for the row, for rules that do not look at the time';

CREATE FUNCTION clientele.matching(subject record, rules clientele.expression[], as_of timestamptz DEFAULT NULL, time_zone text DEFAULT NULL) RETURNS integer[]
    LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50
    SUPPORT clientele.row_support
    AS 'MODULE_PATHNAME', 'clientele_matching';
COMMENT ON FUNCTION clientele.matching(record, clientele.expression[], timestamptz, text) IS 'the positions, from 1, of the rules that are true for the row; the row is read once for all of them; a NULL rule never holds; a NULL row matches nothing';

CREATE FUNCTION clientele.matching(subject jsonb, rules clientele.expression[], as_of timestamptz DEFAULT NULL, time_zone text DEFAULT NULL) RETURNS integer[]
    LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'clientele_matching';
COMMENT ON FUNCTION clientele.matching(jsonb, clientele.expression[], timestamptz, text) IS 'the positions, from 1, of the rules that are true for the document';

CREATE FUNCTION clientele.evaluate_number(subject record, rule clientele.expression, as_of timestamptz DEFAULT NULL, time_zone text DEFAULT NULL) RETURNS numeric
    LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10
    SUPPORT clientele.row_support
    AS 'MODULE_PATHNAME', 'clientele_evaluate_number';
COMMENT ON FUNCTION clientele.evaluate_number(record, clientele.expression, timestamptz, text) IS 'the exact value of a numeric expression for the row; NULL where it is unknown; an expression of another type is an error';

CREATE FUNCTION clientele.evaluate_number(subject jsonb, rule clientele.expression, as_of timestamptz DEFAULT NULL, time_zone text DEFAULT NULL) RETURNS numeric
    LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10
    AS 'MODULE_PATHNAME', 'clientele_evaluate_number';
COMMENT ON FUNCTION clientele.evaluate_number(jsonb, clientele.expression, timestamptz, text) IS 'the exact value of a numeric expression for the document; NULL where it is unknown';

CREATE FUNCTION clientele.evaluate_text(subject record, rule clientele.expression, as_of timestamptz DEFAULT NULL, time_zone text DEFAULT NULL) RETURNS text
    LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10
    SUPPORT clientele.row_support
    AS 'MODULE_PATHNAME', 'clientele_evaluate_text';
COMMENT ON FUNCTION clientele.evaluate_text(record, clientele.expression, timestamptz, text) IS 'the value of an expression of any type for the row, as text: true and false, plain decimals, ISO 8601 days and instants; NULL where it is unknown';

CREATE FUNCTION clientele.evaluate_text(subject jsonb, rule clientele.expression, as_of timestamptz DEFAULT NULL, time_zone text DEFAULT NULL) RETURNS text
    LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10
    AS 'MODULE_PATHNAME', 'clientele_evaluate_text';
COMMENT ON FUNCTION clientele.evaluate_text(jsonb, clientele.expression, timestamptz, text) IS 'the value of an expression of any type for the document, as text; NULL where it is unknown';

CREATE FUNCTION clientele.valid_until(subject record, rule clientele.expression, as_of timestamptz DEFAULT NULL, time_zone text DEFAULT NULL) RETURNS timestamptz
    LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10
    AS 'MODULE_PATHNAME', 'clientele_valid_until';
COMMENT ON FUNCTION clientele.valid_until(record, clientele.expression, timestamptz, text) IS 'an instant before which time alone cannot change the expression''s value for the row, found at as_of; may be early, never late; NULL where it never can';

CREATE FUNCTION clientele.valid_until(subject jsonb, rule clientele.expression, as_of timestamptz DEFAULT NULL, time_zone text DEFAULT NULL) RETURNS timestamptz
    LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10
    AS 'MODULE_PATHNAME', 'clientele_valid_until';
COMMENT ON FUNCTION clientele.valid_until(jsonb, clientele.expression, timestamptz, text) IS 'an instant before which time alone cannot change the expression''s value for the document, found at as_of; NULL where it never can';
