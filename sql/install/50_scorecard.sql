
-- scorecard: values become points, points a score, the score a tier

CREATE TYPE clientele.scorecard;

CREATE FUNCTION clientele.scorecard_in(cstring) RETURNS clientele.scorecard
    AS 'MODULE_PATHNAME', 'clientele_scorecard_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION clientele.scorecard_out(clientele.scorecard) RETURNS cstring
    AS 'MODULE_PATHNAME', 'clientele_scorecard_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION clientele.scorecard_recv(internal) RETURNS clientele.scorecard
    AS 'MODULE_PATHNAME', 'clientele_scorecard_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION clientele.scorecard_send(clientele.scorecard) RETURNS bytea
    AS 'MODULE_PATHNAME', 'clientele_scorecard_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE TYPE clientele.scorecard (
    INTERNALLENGTH = VARIABLE,
    INPUT = clientele.scorecard_in,
    OUTPUT = clientele.scorecard_out,
    RECEIVE = clientele.scorecard_recv,
    SEND = clientele.scorecard_send,
    ALIGNMENT = int4,
    STORAGE = extended
);

COMMENT ON TYPE clientele.scorecard IS 'scorecard: characteristics whose bins award points, weighted or added up to a score, and tiers of that score; input is strict JSON, output its canonical text';
COMMENT ON FUNCTION clientele.scorecard_in(cstring) IS 'I/O';
COMMENT ON FUNCTION clientele.scorecard_out(clientele.scorecard) IS 'I/O';
COMMENT ON FUNCTION clientele.scorecard_recv(internal) IS 'I/O';
COMMENT ON FUNCTION clientele.scorecard_send(clientele.scorecard) IS 'I/O';

-- equality

CREATE FUNCTION clientele.scorecard_eq(a clientele.scorecard, b clientele.scorecard) RETURNS boolean
    AS 'MODULE_PATHNAME', 'clientele_scorecard_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION clientele.scorecard_ne(a clientele.scorecard, b clientele.scorecard) RETURNS boolean
    AS 'MODULE_PATHNAME', 'clientele_scorecard_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION clientele.scorecard_hash(card clientele.scorecard) RETURNS integer
    AS 'MODULE_PATHNAME', 'clientele_scorecard_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE OPERATOR clientele.= (
    LEFTARG = clientele.scorecard,
    RIGHTARG = clientele.scorecard,
    FUNCTION = clientele.scorecard_eq,
    COMMUTATOR = OPERATOR(clientele.=),
    NEGATOR = OPERATOR(clientele.<>),
    RESTRICT = eqsel,
    JOIN = eqjoinsel,
    HASHES
);
CREATE OPERATOR clientele.<> (
    LEFTARG = clientele.scorecard,
    RIGHTARG = clientele.scorecard,
    FUNCTION = clientele.scorecard_ne,
    COMMUTATOR = OPERATOR(clientele.<>),
    NEGATOR = OPERATOR(clientele.=),
    RESTRICT = neqsel,
    JOIN = neqjoinsel
);
CREATE OPERATOR CLASS clientele.scorecard_hash_ops DEFAULT FOR TYPE clientele.scorecard USING hash AS
    OPERATOR 1 clientele.= (clientele.scorecard, clientele.scorecard),
    FUNCTION 1 clientele.scorecard_hash(clientele.scorecard);

COMMENT ON FUNCTION clientele.scorecard_eq(clientele.scorecard, clientele.scorecard) IS 'implementation of = operator';
COMMENT ON FUNCTION clientele.scorecard_ne(clientele.scorecard, clientele.scorecard) IS 'implementation of <> operator';
COMMENT ON FUNCTION clientele.scorecard_hash(clientele.scorecard) IS 'hash of the canonical text';
COMMENT ON OPERATOR clientele.= (clientele.scorecard, clientele.scorecard) IS 'same canonical text';
COMMENT ON OPERATOR clientele.<> (clientele.scorecard, clientele.scorecard) IS 'different canonical text';
COMMENT ON OPERATOR CLASS clientele.scorecard_hash_ops USING hash IS 'equality of scorecards, for DISTINCT, GROUP BY and IN';
COMMENT ON OPERATOR FAMILY clientele.scorecard_hash_ops USING hash IS 'equality of scorecards, for DISTINCT, GROUP BY and IN';

-- a customer's score and tier, from a row of any type or from a jsonb object

-- As for expressions, a call on a row with a constant card becomes a call on the
-- columns the card names; see src/expression/row_support.c.

CREATE FUNCTION clientele.card_support(internal)
    RETURNS internal
    AS 'MODULE_PATHNAME', 'clientele_card_support' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientele.card_support(internal) IS 'internal: planner support of score and tier';

CREATE FUNCTION clientele.score_columns(card clientele.scorecard, as_of timestamptz, time_zone text, names text[], VARIADIC columns "any")
    RETURNS numeric
    AS 'MODULE_PATHNAME', 'clientele_score' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50;
COMMENT ON FUNCTION clientele.score_columns(clientele.scorecard, timestamptz, text, text[], "any") IS 'internal: what the planner makes of score(row, constant card)';

CREATE FUNCTION clientele.tier_columns(card clientele.scorecard, as_of timestamptz, time_zone text, names text[], VARIADIC columns "any")
    RETURNS text
    AS 'MODULE_PATHNAME', 'clientele_tier' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50;
COMMENT ON FUNCTION clientele.tier_columns(clientele.scorecard, timestamptz, text, text[], "any") IS 'internal: what the planner makes of tier(row, constant card)';

CREATE FUNCTION clientele.score(subject record, card clientele.scorecard, as_of timestamptz DEFAULT NULL, time_zone text DEFAULT NULL)
    RETURNS numeric
    AS 'MODULE_PATHNAME', 'clientele_score' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50
    SUPPORT clientele.card_support;
CREATE FUNCTION clientele.score(subject jsonb, card clientele.scorecard, as_of timestamptz DEFAULT NULL, time_zone text DEFAULT NULL)
    RETURNS numeric
    AS 'MODULE_PATHNAME', 'clientele_score' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50;

CREATE FUNCTION clientele.tier(subject record, card clientele.scorecard, as_of timestamptz DEFAULT NULL, time_zone text DEFAULT NULL)
    RETURNS text
    AS 'MODULE_PATHNAME', 'clientele_tier' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50
    SUPPORT clientele.card_support;
CREATE FUNCTION clientele.tier(subject jsonb, card clientele.scorecard, as_of timestamptz DEFAULT NULL, time_zone text DEFAULT NULL)
    RETURNS text
    AS 'MODULE_PATHNAME', 'clientele_tier' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50;

COMMENT ON FUNCTION clientele.score(record, clientele.scorecard, timestamptz, text) IS 'score of a row, rounded half up to 2 decimals: 0 to 100 on a weighted card, any number on an additive one; NULL if a characteristic has no points (no bin applies and the card has no "missing" for it), or the row or the card is NULL; error if a name is no column, or a number is too large';
COMMENT ON FUNCTION clientele.score(jsonb, clientele.scorecard, timestamptz, text) IS 'score of a jsonb object, whose keys are the names; a key that is absent is unknown; otherwise as for a row';
COMMENT ON FUNCTION clientele.tier(record, clientele.scorecard, timestamptz, text) IS 'label of the tier that the score of a row belongs to: the highest whose at_least is not above the rounded score; NULL if there is no score, or the score is below all tiers and none is without at_least, or the card has no tiers';
COMMENT ON FUNCTION clientele.tier(jsonb, clientele.scorecard, timestamptz, text) IS 'label of the tier that the score of a jsonb object belongs to; as for a row';

-- why

CREATE FUNCTION clientele.reasons(subject record, card clientele.scorecard, as_of timestamptz DEFAULT NULL, time_zone text DEFAULT NULL)
    RETURNS TABLE (item text, value text, condition text, points numeric, weight numeric, contribution numeric, reason text)
    AS 'MODULE_PATHNAME', 'clientele_reasons' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50 ROWS 5;
CREATE FUNCTION clientele.reasons(subject jsonb, card clientele.scorecard, as_of timestamptz DEFAULT NULL, time_zone text DEFAULT NULL)
    RETURNS TABLE (item text, value text, condition text, points numeric, weight numeric, contribution numeric, reason text)
    AS 'MODULE_PATHNAME', 'clientele_reasons' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50 ROWS 5;

CREATE FUNCTION clientele.reason_codes(subject record, card clientele.scorecard, as_of timestamptz DEFAULT NULL, time_zone text DEFAULT NULL)
    RETURNS text[]
    AS 'MODULE_PATHNAME', 'clientele_reason_codes' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50;
CREATE FUNCTION clientele.reason_codes(subject jsonb, card clientele.scorecard, as_of timestamptz DEFAULT NULL, time_zone text DEFAULT NULL)
    RETURNS text[]
    AS 'MODULE_PATHNAME', 'clientele_reason_codes' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50;

COMMENT ON FUNCTION clientele.reasons(record, clientele.scorecard, timestamptz, text) IS 'how the score of a row came about, one row per characteristic in the card''s order: its value, the bin that applies (condition), the bin''s points, the weight, and what it adds to the score (contribution, 6 decimals); contributions add up to the score before rounding, and are NULL if there is no score; an additive card''s initial score is a row of its own unless it is 0';
COMMENT ON FUNCTION clientele.reasons(jsonb, clientele.scorecard, timestamptz, text) IS 'how the score of a jsonb object came about; as for a row';
COMMENT ON FUNCTION clientele.reason_codes(record, clientele.scorecard, timestamptz, text) IS 'reason codes of a row, the largest distance to the baseline first (PMML Scorecard); only those on the bad side of it, so {} = none; NULL if there is no score, or the card has no reason codes';
COMMENT ON FUNCTION clientele.reason_codes(jsonb, clientele.scorecard, timestamptz, text) IS 'reason codes of a jsonb object; as for a row';

-- how to get further

CREATE FUNCTION clientele.next_tier(subject record, card clientele.scorecard, as_of timestamptz DEFAULT NULL, time_zone text DEFAULT NULL)
    RETURNS TABLE (item text, value text, condition text, required_value numeric, points numeric, points_needed numeric, score numeric, tier text, next_score numeric, next_tier text, note text)
    AS 'MODULE_PATHNAME', 'clientele_next_tier' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50 ROWS 3;
CREATE FUNCTION clientele.next_tier(subject jsonb, card clientele.scorecard, as_of timestamptz DEFAULT NULL, time_zone text DEFAULT NULL)
    RETURNS TABLE (item text, value text, condition text, required_value numeric, points numeric, points_needed numeric, score numeric, tier text, next_score numeric, next_tier text, note text)
    AS 'MODULE_PATHNAME', 'clientele_next_tier' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50 ROWS 3;

COMMENT ON FUNCTION clientele.next_tier(record, clientele.scorecard, timestamptz, text) IS 'how a row reaches the next tier: one row per characteristic that suffices alone, fewest points first, with the bin that takes the smallest change of the value (condition), the limit to reach (required_value) and the points to gain; note says why there is no such limit; without a score, the characteristics that are unknown; nothing in the highest tier';
COMMENT ON FUNCTION clientele.next_tier(jsonb, clientele.scorecard, timestamptz, text) IS 'how a jsonb object reaches the next tier; as for a row';
