
-- promotion: who may have what on which bill, and what it gives

CREATE TYPE clientele.promotion;

CREATE FUNCTION clientele.promotion_in(cstring) RETURNS clientele.promotion
    AS 'MODULE_PATHNAME', 'clientele_promotion_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION clientele.promotion_out(clientele.promotion) RETURNS cstring
    AS 'MODULE_PATHNAME', 'clientele_promotion_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION clientele.promotion_recv(internal) RETURNS clientele.promotion
    AS 'MODULE_PATHNAME', 'clientele_promotion_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION clientele.promotion_send(clientele.promotion) RETURNS bytea
    AS 'MODULE_PATHNAME', 'clientele_promotion_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE TYPE clientele.promotion (
    INTERNALLENGTH = VARIABLE,
    INPUT = clientele.promotion_in,
    OUTPUT = clientele.promotion_out,
    RECEIVE = clientele.promotion_recv,
    SEND = clientele.promotion_send,
    ALIGNMENT = int4,
    STORAGE = extended
);

COMMENT ON TYPE clientele.promotion IS 'promotion: its term, branches, audience, conditions, benefit, limits and what becomes of it after a refund; input is strict JSON, output its canonical text, at most 64 KiB';
COMMENT ON FUNCTION clientele.promotion_in(cstring) IS 'I/O';
COMMENT ON FUNCTION clientele.promotion_out(clientele.promotion) IS 'I/O';
COMMENT ON FUNCTION clientele.promotion_recv(internal) IS 'I/O';
COMMENT ON FUNCTION clientele.promotion_send(clientele.promotion) IS 'I/O';

-- equality

CREATE FUNCTION clientele.promotion_eq(a clientele.promotion, b clientele.promotion) RETURNS boolean
    AS 'MODULE_PATHNAME', 'clientele_promotion_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION clientele.promotion_ne(a clientele.promotion, b clientele.promotion) RETURNS boolean
    AS 'MODULE_PATHNAME', 'clientele_promotion_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION clientele.promotion_hash(promotion clientele.promotion) RETURNS integer
    AS 'MODULE_PATHNAME', 'clientele_promotion_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE OPERATOR clientele.= (
    LEFTARG = clientele.promotion,
    RIGHTARG = clientele.promotion,
    FUNCTION = clientele.promotion_eq,
    COMMUTATOR = OPERATOR(clientele.=),
    NEGATOR = OPERATOR(clientele.<>),
    RESTRICT = eqsel,
    JOIN = eqjoinsel,
    HASHES
);
CREATE OPERATOR clientele.<> (
    LEFTARG = clientele.promotion,
    RIGHTARG = clientele.promotion,
    FUNCTION = clientele.promotion_ne,
    COMMUTATOR = OPERATOR(clientele.<>),
    NEGATOR = OPERATOR(clientele.=),
    RESTRICT = neqsel,
    JOIN = neqjoinsel
);
CREATE OPERATOR CLASS clientele.promotion_hash_ops DEFAULT FOR TYPE clientele.promotion USING hash AS
    OPERATOR 1 clientele.= (clientele.promotion, clientele.promotion),
    FUNCTION 1 clientele.promotion_hash(clientele.promotion);

COMMENT ON FUNCTION clientele.promotion_eq(clientele.promotion, clientele.promotion) IS 'implementation of = operator';
COMMENT ON FUNCTION clientele.promotion_ne(clientele.promotion, clientele.promotion) IS 'implementation of <> operator';
COMMENT ON FUNCTION clientele.promotion_hash(clientele.promotion) IS 'hash of the canonical text';
COMMENT ON OPERATOR clientele.= (clientele.promotion, clientele.promotion) IS 'same canonical text';
COMMENT ON OPERATOR clientele.<> (clientele.promotion, clientele.promotion) IS 'different canonical text';
COMMENT ON OPERATOR CLASS clientele.promotion_hash_ops USING hash IS 'equality of promotions, for DISTINCT, GROUP BY and IN';
COMMENT ON OPERATOR FAMILY clientele.promotion_hash_ops USING hash IS 'equality of promotions, for DISTINCT, GROUP BY and IN';

-- bills, and what promotions give on them

CREATE FUNCTION clientele.check_bill(bill jsonb) RETURNS boolean
    AS 'MODULE_PATHNAME', 'clientele_check_bill' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION clientele.check_bill(jsonb) IS 'true, or an error that says what is wrong with a bill, and where';

CREATE FUNCTION clientele.in_term(promotion clientele.promotion, at timestamptz, time_zone text) RETURNS boolean
    AS 'MODULE_PATHNAME', 'clientele_in_term' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION clientele.in_term(clientele.promotion, timestamptz, text) IS 'whether an instant lies on one of the promotion''s days, in its hours, as the clock of a branch in that zone has it';

CREATE FUNCTION clientele.benefit(bill jsonb, promotion clientele.promotion, spent numeric DEFAULT NULL, as_of timestamptz DEFAULT NULL, time_zone text DEFAULT NULL,
    OUT eligible boolean, OUT kind text, OUT amount numeric, OUT value numeric, OUT points numeric, OUT item text, OUT coupon text, OUT quantity numeric, OUT valid_days integer,
    OUT spend_more numeric, OUT given_then numeric, OUT reasons text[], OUT missing text[])
    AS 'MODULE_PATHNAME', 'clientele_benefit' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 20;
COMMENT ON FUNCTION clientele.benefit(jsonb, clientele.promotion, numeric, timestamptz, text) IS 'what a promotion gives on a bill, as far as bill and instant decide: amount is what the bill is reduced by, value what the benefit is worth in money (NULL for points and coupons); spend_more is what the next threshold lacks and given_then what would be given there; reasons and missing say in a word and a sentence each all that is not met; spent is what the metric of its "spend" says, as_of the instant where it is not that of the bill; time_zone may be left out where the "at" of the bill has no offset';

CREATE FUNCTION clientele.best_promotions(bill jsonb, promotions clientele.promotion[], policy text DEFAULT 'best for customer', spent numeric[] DEFAULT NULL, as_of timestamptz DEFAULT NULL, time_zone text DEFAULT NULL)
    RETURNS TABLE ("position" integer, kind text, amount numeric, value numeric, points numeric, item text, coupon text, quantity numeric, valid_days integer)
    AS 'MODULE_PATHNAME', 'clientele_best_promotions' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 200 ROWS 3;
COMMENT ON FUNCTION clientele.best_promotions(jsonb, clientele.promotion[], text, numeric[], timestamptz, text) IS 'which of the promotions to take together on a bill, in the order in which they apply: best for customer (exact among up to 20 that are eligible), priority order, or first; position is that in the array, amount what the bill has room for; the rest as for benefit';

CREATE FUNCTION clientele.refund(bill jsonb, promotion clientele.promotion, given numeric, refunded numeric DEFAULT NULL, kept jsonb DEFAULT NULL, used numeric DEFAULT 0, spent numeric DEFAULT NULL,
    OUT rule text, OUT refunded_total numeric, OUT taken_back numeric, OUT from_balance numeric, OUT from_refund numeric, OUT uncovered numeric)
    AS 'MODULE_PATHNAME', 'clientele_refund' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 20;
COMMENT ON FUNCTION clientele.refund(jsonb, clientele.promotion, numeric, numeric, jsonb, numeric, numeric) IS 'what is taken back of a benefit, in its own unit (money, points, pieces), once so much of its bill is refunded in all: from what is not used yet, from the money that is paid out, and what neither covers; kept is what is left of the bill, needed where the promotion looks at lines; spent is what the metric of its "spend" said with the whole bill';

-- the money of a bill

CREATE FUNCTION clientele.bill_amount(bill jsonb) RETURNS numeric
    AS 'MODULE_PATHNAME', 'clientele_bill_amount' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION clientele.bill_amount(jsonb) IS 'what a bill comes to before promotions';

CREATE FUNCTION clientele.bill_lines(bill jsonb, promotion clientele.promotion DEFAULT NULL, given numeric DEFAULT NULL)
    RETURNS TABLE (line integer, item text, category text, quantity numeric, price numeric, amount numeric, share numeric)
    AS 'MODULE_PATHNAME', 'clientele_bill_lines' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50 ROWS 5;
COMMENT ON FUNCTION clientele.bill_lines(jsonb, clientele.promotion, numeric) IS 'the lines of a bill; share: what of the money that a promotion has given on it falls on the line, divided among the lines that it applies to by their amounts (of a fixed price: by what they are above it); the shares add up to it';

-- why not, for people

CREATE FUNCTION clientele.reason_label(reason text, language text DEFAULT 'en') RETURNS text
    AS 'MODULE_PATHNAME', 'clientele_reason_label' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientele.reason_label(text, text) IS 'what a customer is shown for a word of "reasons" (of benefit, offers, try_claim); language is en or zh; NULL if an argument is NULL; an error for any other word';
