
-- Why a customer has a label, until when, and what is missing for the next tier.

-- A key is given as text or in its own type.
CREATE FUNCTION clientele.explain(population text, key text, name text, as_of timestamptz DEFAULT NULL)
    RETURNS TABLE (item text, value text, condition text, holds boolean, points numeric, weight numeric, contribution numeric, reason text, valid_until timestamptz)
    AS 'MODULE_PATHNAME', 'clientele_explain' LANGUAGE C STABLE PARALLEL UNSAFE ROWS 5;
CREATE FUNCTION clientele.explain(population text, key anynonarray, name text, as_of timestamptz DEFAULT NULL)
    RETURNS TABLE (item text, value text, condition text, holds boolean, points numeric, weight numeric, contribution numeric, reason text, valid_until timestamptz)
    AS 'MODULE_PATHNAME', 'clientele_explain' LANGUAGE C STABLE PARALLEL UNSAFE ROWS 5;

CREATE FUNCTION clientele.next_tier(population text, key text, name text, as_of timestamptz DEFAULT NULL)
    RETURNS TABLE (item text, value text, condition text, required_value numeric, points numeric, points_needed numeric, score numeric, tier text, next_score numeric, next_tier text, note text, by timestamptz)
    AS 'MODULE_PATHNAME', 'clientele_explain_next_tier' LANGUAGE C STABLE PARALLEL UNSAFE ROWS 3;
CREATE FUNCTION clientele.next_tier(population text, key anynonarray, name text, as_of timestamptz DEFAULT NULL)
    RETURNS TABLE (item text, value text, condition text, required_value numeric, points numeric, points_needed numeric, score numeric, tier text, next_score numeric, next_tier text, note text, by timestamptz)
    AS 'MODULE_PATHNAME', 'clientele_explain_next_tier' LANGUAGE C STABLE PARALLEL UNSAFE ROWS 3;

COMMENT ON FUNCTION clientele.explain(text, text, text, timestamptz) IS 'why a definition of the live version answers for one customer as it does: first the answer, then what it rests on: the conditions of a tag or a ladder, the axes of a grid, the characteristics of a scorecard, each with its value now; valid_until says when time alone will next change what a row decides (the condition that applies, whether it holds, its points; the value where it decides nothing): NULL = never; nothing for a customer or population that does not exist or may not be seen: whoever may select from the population''s view may ask; as_of NULL = now';
COMMENT ON FUNCTION clientele.explain(text, anynonarray, text, timestamptz) IS 'the same with the key in its own type';
COMMENT ON FUNCTION clientele.next_tier(text, text, text, timestamptz) IS 'how a customer reaches the next tier of a scorecard of the live version: a row per characteristic that suffices alone, as next_tier of a row; by = when time alone will next change the present score or a part of it, NULL = never; nothing in the highest tier, and for a customer or population that does not exist or may not be seen; as_of NULL = now';
COMMENT ON FUNCTION clientele.next_tier(text, anynonarray, text, timestamptz) IS 'the same with the key in its own type';
