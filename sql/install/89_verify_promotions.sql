
-- verify_promotions: what is kept so that tills need not count, counted.

CREATE FUNCTION clientele.verify_promotions_for(caller regrole, population text,
    OUT promotion text, OUT item text, OUT scope text, OUT kept numeric, OUT expected numeric)
RETURNS SETOF record LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    owned clientele.population := clientele.readable_population(caller, population);
BEGIN
    RETURN QUERY
    WITH promotion AS (
        SELECT o.promotion_id, o.name::text AS name, v.definition::text::jsonb AS said
        FROM clientele.offered_promotion AS o JOIN clientele.promotion_version AS v USING (promotion_id, version)
        WHERE o.population_id = owned.population_id
    ), allowed AS (
        SELECT p.promotion_id, p.name, l.kind, (p.said #>> l.path)::numeric AS size
        FROM promotion AS p CROSS JOIN (VALUES ('total', '{stock,total}'::text[]), ('branch', '{stock,per_branch}'),
                                               ('day', '{stock,per_day}'), ('budget', '{budget}')) AS l (kind, path)
        WHERE p.said #> l.path IS NOT NULL
    ), active AS (
        SELECT c.promotion_id, c.branch, c.day, c.value - CASE WHEN c.taken_back = 0 OR c.given = 0 THEN 0
                                                               ELSE trim_scale(round(c.value * c.taken_back / c.given, 6)) END AS value
        FROM clientele.claim AS c WHERE c.population_id = owned.population_id AND c.state IN ('held', 'redeemed')
    ), taken AS (
        SELECT t.promotion_id, t.kind, t.scope, sum(t.size) AS size
        FROM (SELECT a.promotion_id, l.kind, l.scope, l.size
              FROM active AS a CROSS JOIN LATERAL (VALUES ('total', '', 1), ('branch', a.branch, 1), ('day', to_char(a.day, 'YYYY-MM-DD'), 1),
                                                          ('budget', '', a.value)) AS l (kind, scope, size)
              UNION ALL
              SELECT b.promotion_id, 'total', '', 1 FROM clientele.coupon_batch AS b JOIN clientele.coupon_code AS k USING (batch_id)
              WHERE b.population_id = owned.population_id AND b.returned IS NULL AND k.claim_id IS NULL) AS t
        WHERE t.scope IS NOT NULL AND t.size IS NOT NULL
        GROUP BY t.promotion_id, t.kind, t.scope
    ), kept AS (
        SELECT s.promotion_id, s.kind, s.scope, sum(s.remaining) - sum(s.owed) AS size
        FROM clientele.stock AS s WHERE s.population_id = owned.population_id
        GROUP BY s.promotion_id, s.kind, s.scope
    ), given AS (
        SELECT c.promotion_id, c.claim_id, c.given,
               (SELECT sum(e.amount) FROM clientele.ledger_entry AS e WHERE e.claim_id = c.claim_id AND e.lot IS NULL) AS in_ledger
        FROM clientele.claim AS c JOIN clientele.promotion_version AS v USING (promotion_id, version)
        WHERE c.population_id = owned.population_id AND c.state IN ('redeemed', 'returned') AND c.given > 0
          AND v.definition::text::jsonb #>> '{benefit,kind}' IN ('points', 'stored value', 'gift')
    ), lot AS (
        SELECT g.account, g.item, g.key, g.entry_id, g.amount + coalesce(sum(u.amount), 0) AS size
        FROM clientele.ledger_entry AS g LEFT JOIN clientele.ledger_entry AS u ON u.lot = g.entry_id
        WHERE g.population_id = owned.population_id AND g.lot IS NULL
        GROUP BY g.entry_id
    )
    SELECT a.name, 'left of ' || a.kind, s.scope, k.size, a.size - coalesce(t.size, 0)
    FROM allowed AS a
    JOIN (SELECT k.promotion_id, k.kind, k.scope FROM kept AS k UNION SELECT t.promotion_id, t.kind, t.scope FROM taken AS t) AS s USING (promotion_id, kind)
    LEFT JOIN kept AS k USING (promotion_id, kind, scope) LEFT JOIN taken AS t USING (promotion_id, kind, scope)
    WHERE k.size IS DISTINCT FROM a.size - coalesce(t.size, 0)
    UNION ALL
    SELECT p.name, 'left of ' || k.kind, k.scope, k.size, NULL
    FROM kept AS k JOIN promotion AS p USING (promotion_id) LEFT JOIN allowed AS a USING (promotion_id, kind)
    WHERE a.size IS NULL
    UNION ALL
    SELECT p.name, 'given', format('claim %s', g.claim_id), coalesce(g.in_ledger, 0), g.given
    FROM given AS g JOIN promotion AS p USING (promotion_id) WHERE g.in_ledger IS DISTINCT FROM g.given
    UNION ALL
    SELECT NULL, 'balance below zero', concat_ws(' ', l.account, nullif(l.item, ''), 'of', l.key), l.size, 0
    FROM lot AS l WHERE l.size < 0
    UNION ALL
    SELECT p.name, 'claim without a step', format('claim %s', c.claim_id), NULL, NULL
    FROM clientele.claim AS c JOIN promotion AS p USING (promotion_id)
    WHERE NOT EXISTS (SELECT FROM clientele.claim_step AS s WHERE s.claim_id = c.claim_id AND s.step = 'claim')
      AND c.origin <> 'benefit'
    ORDER BY 1, 2, 3;
END
$$;
REVOKE ALL ON FUNCTION clientele.verify_promotions_for(regrole, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.verify_promotions_for(regrole, text) IS 'internal: verify_promotions, behind the door';

CREATE FUNCTION clientele.verify_promotions(population text, OUT promotion text, OUT item text, OUT scope text, OUT kept numeric, OUT expected numeric)
RETURNS SETOF record AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION clientele.verify_promotions(text) IS 'what is kept of promotions and does not agree with the claims, counted in one snapshot: no rows = all is well. What is left of limits and budgets (scope: the branch or day), what claims have given to the ledger, balances, claims without a step. Owners only';
