
-- Claims: what is checked is taken, once, and comes back.

-- ---------------------------------------------------------------------------
-- Stock
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.put_stock(population_id int, promotion_id int, before clientele.promotion, after clientele.promotion) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_put_stock' LANGUAGE C VOLATILE;
REVOKE ALL ON FUNCTION clientele.put_stock(int, int, clientele.promotion, clientele.promotion) FROM PUBLIC;
COMMENT ON FUNCTION clientele.put_stock(int, int, clientele.promotion, clientele.promotion) IS 'internal: the stock of a promotion as its new version limits it, less what is taken; before is NULL with the first version';

-- ---------------------------------------------------------------------------
-- claim
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.claim_for(caller regrole, population text, key text, promotion text, request_id text, bill jsonb, redeem boolean, team bigint)
    RETURNS bigint AS 'MODULE_PATHNAME', 'clientele_claim' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
REVOKE ALL ON FUNCTION clientele.claim_for(regrole, text, text, text, text, jsonb, boolean, bigint) FROM PUBLIC;
COMMENT ON FUNCTION clientele.claim_for(regrole, text, text, text, text, jsonb, boolean, bigint) IS 'internal: claim, behind the door';

CREATE FUNCTION clientele.claim(population text, key text, promotion text, request_id text, bill jsonb DEFAULT NULL, redeem boolean DEFAULT false, team bigint DEFAULT NULL)
    RETURNS bigint AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.claim(text, text, text, text, jsonb, boolean, bigint) IS 'takes one of a promotion for a customer, and returns the number of the claim: checks everything and takes it, in one step, in this transaction. With a bill its benefit is fixed; without one it is a coupon, which meets its bill when it is redeemed. It is held until its term ends, and then free again by itself; redeem: it is used at once. team: joins the group purchase that this claim began. The same request_id asked again has the same answer. Refused: error CL001 (not eligible), CL002 (sold out, or a limit is reached), CL005 (the request_id was something else). The caller needs INSERT on the view NAME_claim, or owns the population';

CREATE FUNCTION clientele.claim(population text, key anynonarray, promotion text, request_id text, bill jsonb DEFAULT NULL, redeem boolean DEFAULT false, team bigint DEFAULT NULL)
    RETURNS bigint AS 'MODULE_PATHNAME', 'clientele_door_for_key' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.claim(text, anynonarray, text, text, jsonb, boolean, bigint) IS 'the same with the key in its own type';

CREATE FUNCTION clientele.try_claim_for(caller regrole, population text, key text, promotion text, request_id text, bill jsonb, redeem boolean, team bigint,
                                        OUT claim_id bigint, OUT state text, OUT kind text, OUT amount numeric, OUT value numeric, OUT points numeric,
                                        OUT item text, OUT coupon text, OUT quantity numeric, OUT expires_at timestamptz, OUT reasons text[], OUT missing text[])
    AS 'MODULE_PATHNAME', 'clientele_try_claim' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
REVOKE ALL ON FUNCTION clientele.try_claim_for(regrole, text, text, text, text, jsonb, boolean, bigint) FROM PUBLIC;
COMMENT ON FUNCTION clientele.try_claim_for(regrole, text, text, text, text, jsonb, boolean, bigint) IS 'internal: try_claim, behind the door';

CREATE FUNCTION clientele.try_claim(population text, key text, promotion text, request_id text, bill jsonb DEFAULT NULL, redeem boolean DEFAULT false, team bigint DEFAULT NULL,
                                    OUT claim_id bigint, OUT state text, OUT kind text, OUT amount numeric, OUT value numeric, OUT points numeric,
                                    OUT item text, OUT coupon text, OUT quantity numeric, OUT expires_at timestamptz, OUT reasons text[], OUT missing text[])
    AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.try_claim(text, text, text, text, jsonb, boolean, bigint) IS 'as claim, but a refusal is no error, so that a paying transaction goes on without a savepoint: claim_id is NULL then, reasons has a word for each reason, missing a sentence';

CREATE FUNCTION clientele.try_claim(population text, key anynonarray, promotion text, request_id text, bill jsonb DEFAULT NULL, redeem boolean DEFAULT false, team bigint DEFAULT NULL,
                                    OUT claim_id bigint, OUT state text, OUT kind text, OUT amount numeric, OUT value numeric, OUT points numeric,
                                    OUT item text, OUT coupon text, OUT quantity numeric, OUT expires_at timestamptz, OUT reasons text[], OUT missing text[])
    AS 'MODULE_PATHNAME', 'clientele_door_for_key' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.try_claim(text, anynonarray, text, text, jsonb, boolean, bigint) IS 'the same with the key in its own type';

-- ---------------------------------------------------------------------------
-- redeem, give_back
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.redeem_for(caller regrole, INOUT claim_id bigint, request_id text, bill jsonb,
                                     OUT state text, OUT kind text, OUT amount numeric, OUT value numeric, OUT points numeric,
                                     OUT item text, OUT coupon text, OUT quantity numeric, OUT promotion text)
    AS 'MODULE_PATHNAME', 'clientele_redeem' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
REVOKE ALL ON FUNCTION clientele.redeem_for(regrole, bigint, text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION clientele.redeem_for(regrole, bigint, text, jsonb) IS 'internal: redeem, behind the door';

CREATE FUNCTION clientele.redeem(INOUT claim_id bigint, request_id text, bill jsonb DEFAULT NULL,
                                 OUT state text, OUT kind text, OUT amount numeric, OUT value numeric, OUT points numeric,
                                 OUT item text, OUT coupon text, OUT quantity numeric, OUT promotion text)
    AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.redeem(bigint, text, jsonb) IS 'uses what a claim holds, by the version of the promotion that it was claimed by: the bill is reduced, points, stored value, gifts and coupons are given; promotion is its name. A claim that was made without a bill needs it now. The same request_id asked again has the same answer. Errors: CL001 (the bill does not fit), CL002 (no budget is left), CL003 (expired, or over otherwise), CL004 (the team is not complete), CL005. Rights as for claim';

CREATE FUNCTION clientele.give_back_for(caller regrole, INOUT claim_id bigint, request_id text, amount numeric, reason text, kept jsonb,
                                        OUT state text, OUT rule text, OUT refunded_total numeric, OUT taken_back numeric,
                                        OUT from_balance numeric, OUT from_refund numeric, OUT uncovered numeric)
    AS 'MODULE_PATHNAME', 'clientele_give_back' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
REVOKE ALL ON FUNCTION clientele.give_back_for(regrole, bigint, text, numeric, text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION clientele.give_back_for(regrole, bigint, text, numeric, text, jsonb) IS 'internal: give_back, behind the door';

CREATE FUNCTION clientele.give_back(INOUT claim_id bigint, request_id text, amount numeric DEFAULT NULL, reason text DEFAULT NULL, kept jsonb DEFAULT NULL,
                                    OUT state text, OUT rule text, OUT refunded_total numeric, OUT taken_back numeric,
                                    OUT from_balance numeric, OUT from_refund numeric, OUT uncovered numeric)
    AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.give_back(bigint, text, numeric, text, jsonb) IS 'releases a claim that is held, so that it is free for others; or refunds a claim that was redeemed: amount is the money of the bill that is refunded now (NULL = all that is left of it), kept the bill without what was refunded, where the promotion looks at lines. What is taken back of the benefit follows its "after_refund": from what is not used of it, from the money that is paid out, and what neither covers. A whole refund puts it back into the stock. The same request_id asked again has the same answer. Rights as for claim';

-- ---------------------------------------------------------------------------
-- claim_best
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.claim_best_for(caller regrole, population text, key text, request_id text, bill jsonb, policy text, redeem boolean,
                                         OUT claim_id bigint, OUT state text, OUT kind text, OUT amount numeric, OUT value numeric, OUT points numeric,
                                         OUT item text, OUT coupon text, OUT quantity numeric, OUT expires_at timestamptz, OUT reasons text[], OUT missing text[], OUT promotion text)
    RETURNS SETOF record AS 'MODULE_PATHNAME', 'clientele_claim_best' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
REVOKE ALL ON FUNCTION clientele.claim_best_for(regrole, text, text, text, jsonb, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION clientele.claim_best_for(regrole, text, text, text, jsonb, text, boolean) IS 'internal: claim_best, behind the door';

CREATE FUNCTION clientele.claim_best(population text, key text, request_id text, bill jsonb, policy text DEFAULT 'best for customer', redeem boolean DEFAULT false,
                                     OUT claim_id bigint, OUT state text, OUT kind text, OUT amount numeric, OUT value numeric, OUT points numeric,
                                     OUT item text, OUT coupon text, OUT quantity numeric, OUT expires_at timestamptz, OUT reasons text[], OUT missing text[], OUT promotion text)
    RETURNS SETOF record AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.claim_best(text, text, text, jsonb, text, boolean) IS 'takes the best combination of promotions for a bill, as best_offers would say it, one row for each, with its promotion: all of it, or what is best without what has just been sold out. No row: there is nothing to be had. The claims have the request ids request_id, request_id/2, request_id/3 ...; asked again, the answer is the same';

CREATE FUNCTION clientele.claim_best(population text, key anynonarray, request_id text, bill jsonb, policy text DEFAULT 'best for customer', redeem boolean DEFAULT false,
                                     OUT claim_id bigint, OUT state text, OUT kind text, OUT amount numeric, OUT value numeric, OUT points numeric,
                                     OUT item text, OUT coupon text, OUT quantity numeric, OUT expires_at timestamptz, OUT reasons text[], OUT missing text[], OUT promotion text)
    RETURNS SETOF record AS 'MODULE_PATHNAME', 'clientele_door_for_key' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.claim_best(text, anynonarray, text, jsonb, text, boolean) IS 'the same with the key in its own type';

-- ---------------------------------------------------------------------------
-- Teams
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.teams_for(caller regrole, population text, promotion text,
                                    OUT promotion_name text, OUT team bigint, OUT state text, OUT customers int, OUT wanted int,
                                    OUT began_at timestamptz, OUT ends_at timestamptz)
RETURNS SETOF record LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    allowed clientele.population := clientele.allowed_population(caller, population, 'claim SELECT', 'claim INSERT');
    now timestamptz := clientele.wall_clock();
    named clientele.offered_promotion;
BEGIN
    IF promotion IS NOT NULL THEN
        named := clientele.named_promotion(allowed, promotion);
    END IF;
    RETURN QUERY
    SELECT t.name, t.team, CASE WHEN t.complete THEN 'complete' WHEN t.customers > 0 AND t.ends_at > now THEN 'open' ELSE 'over' END,
           t.customers, t.wanted, t.began_at, t.ends_at
    FROM (SELECT o.name::text AS name, first.claim_id AS team, first.claimed_at AS began_at,
                 first.claimed_at + make_interval(hours => (v.definition::text::jsonb #>> '{needs,within,hours}')::int) AS ends_at,
                 (v.definition::text::jsonb #>> '{needs,joiners}')::int AS wanted,
                 EXISTS (SELECT FROM clientele.claim AS c JOIN clientele.claim_step AS s USING (claim_id)
                         WHERE c.team = first.claim_id AND s.answer ? 'completes_team') AS complete,
                 (SELECT count(*)::int FROM clientele.claim AS c
                  WHERE c.team = first.claim_id AND (c.state = 'redeemed' OR c.state = 'held' AND c.expires_at > now)) AS customers
          FROM clientele.offered_promotion AS o
          JOIN clientele.claim AS first ON first.promotion_id = o.promotion_id AND first.team = first.claim_id
          JOIN clientele.promotion_version AS v ON v.promotion_id = first.promotion_id AND v.version = first.version
          WHERE o.population_id = allowed.population_id AND o.promotion_id = coalesce(named.promotion_id, o.promotion_id)) AS t
    ORDER BY t.began_at, t.team;
END
$$;
REVOKE ALL ON FUNCTION clientele.teams_for(regrole, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.teams_for(regrole, text, text) IS 'internal: teams, behind the door';

CREATE FUNCTION clientele.teams(population text, promotion text DEFAULT NULL,
                                OUT promotion_name text, OUT team bigint, OUT state text, OUT customers int, OUT wanted int,
                                OUT began_at timestamptz, OUT ends_at timestamptz)
    RETURNS SETOF record AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.teams(text, text) IS 'the group purchases of a promotion (NULL = of all): complete, open (others can join until ends_at), or over. team is the number to join with. The caller needs SELECT or INSERT on the view NAME_claim, or owns the population';
