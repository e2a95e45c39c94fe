
-- The views of promotions, beside those of the profiles.
--
-- They read our own tables, on which nobody has a right, so they belong to the extension's
-- owner.  The population's owner has the rights on them, and hands them on: they say who may do what,
-- so they are there from the first version on that is shown, before there is any promotion.
-- These tables have the rows of all populations, so nothing of a caller's may run before a view has chosen its own.

CREATE FUNCTION clientele.put_own_view(population clientele.population, suffix text, query text, description text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    view text := format('%I.%I', population.target_schema, population.name || suffix);
    us regrole := quote_ident(current_user);
    there record;
BEGIN
    SELECT c.relkind, c.relowner, r.rolsuper INTO there
    FROM pg_class AS c JOIN pg_roles AS r ON r.oid = c.relowner WHERE c.oid = to_regclass(view);
    IF there.relkind <> 'v' OR there.relowner <> us AND NOT there.rolsuper THEN
        RAISE duplicate_table USING
            MESSAGE = format('%s is in the way of the view that population "%s" would have there', view, population.name),
            HINT = 'Rename it, or drop it.';
    END IF;
    -- Restored by another superuser, the extension is his, and the view still whose it was.
    IF there.relowner <> us THEN
        EXECUTE format('ALTER VIEW %s OWNER TO %s', view, us);
    END IF;
    EXECUTE format('CREATE OR REPLACE VIEW %s WITH (security_barrier) AS %s', view, query);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %s TO %s WITH GRANT OPTION', view, population.owner);
    EXECUTE format('COMMENT ON VIEW %s IS %L', view, description);
END
$$;
REVOKE ALL ON FUNCTION clientele.put_own_view(clientele.population, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.put_own_view(clientele.population, text, text, text) IS 'internal: makes or replaces a view over our own tables, whose privileges are the population owner''s to give';

CREATE FUNCTION clientele.put_promotion_view(population clientele.population) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM clientele.put_own_view(population, '_promotion', format($query$
        SELECT o.promotion_id, o.name::text AS name, o.state, o.version, d.d #>> '{benefit,kind}' AS kind,
               (d.d #>> '{term,from}')::date AS from_day, (d.d #>> '{term,to}')::date AS to_day,
               d.d ->> 'audience' AS audience, d.d ->> 'audience_at' AS audience_at,
               coalesce((d.d ->> 'personal')::boolean, d.d ? 'audience') AS personal,
               coalesce((d.d ->> 'priority')::int, 0) AS priority, d.d ->> 'exclusive_group' AS exclusive_group,
               coalesce((d.d ->> 'stacks')::boolean, true) AS stacks, (d.d #>> '{stock,total}')::int AS total,
               (coalesce((SELECT sum(s.remaining) - sum(s.owed) FROM clientele.stock AS s
                          WHERE s.promotion_id = o.promotion_id AND s.kind = 'total'), (d.d #>> '{stock,total}')::numeric)
                + (SELECT count(*) FROM clientele.claim AS c
                   WHERE c.promotion_id = o.promotion_id AND c.state = 'held' AND c.expires_at <= clientele.wall_clock())
                + (SELECT count(*) FROM clientele.coupon_batch AS b JOIN clientele.coupon_code AS k ON k.batch_id = b.batch_id
                   WHERE b.promotion_id = o.promotion_id AND b.returned IS NULL AND b.valid_until <= clientele.wall_clock() AND k.claim_id IS NULL))::int AS remaining,
               (d.d ->> 'budget')::numeric(28,6) AS budget, o.holdout::numeric(5,2) AS holdout, o.automatic,
               o.audience_frozen_at, v.published_at, v.author::text AS author, v.note, v.definition::text AS definition
        FROM clientele.offered_promotion AS o
        JOIN clientele.promotion_version AS v ON v.promotion_id = o.promotion_id AND v.version = o.version
        CROSS JOIN LATERAL (SELECT v.definition::text::jsonb AS d) AS d
        WHERE o.population_id = %s
        $query$, population.population_id),
        'promotions that have been published; SELECT on this view lets a role ask what is offered to whom');
    PERFORM clientele.comment_columns(format('%I.%I', population.target_schema, population.name || '_promotion')::regclass,
        ARRAY['promotion_id', 'name', 'state', 'version', 'kind', 'from_day', 'to_day', 'audience', 'audience_at', 'personal', 'priority',
              'exclusive_group', 'stacks', 'total', 'remaining', 'budget', 'holdout', 'automatic', 'audience_frozen_at', 'published_at',
              'author', 'note', 'definition'],
        ARRAY['number of the promotion', 'what functions call it', 'published, paused or ended', 'the version in force', 'what it gives',
              'first day', 'last day; NULL = without end', 'whom it is for; NULL = everybody', 'at which instant customers are looked at',
              'an automated decision about a person', 'the larger comes first', 'of one group a bill has at most one', 'false: alone on its bill',
              'how many there are; NULL = any number', 'how many are left', 'money that it may cost; NULL = any', 'per cent who are left out',
              'an earn rule: given without being asked for', 'when the list of its audience was made', 'when this version was published',
              'by whom', 'and why', 'all of it']);
END
$$;
REVOKE ALL ON FUNCTION clientele.put_promotion_view(clientele.population) FROM PUBLIC;
COMMENT ON FUNCTION clientele.put_promotion_view(clientele.population) IS 'internal: makes the view NAME_promotion';

CREATE FUNCTION clientele.put_claim_view(population clientele.population) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM clientele.put_own_view(population, '_claim', format($query$
        SELECT c.claim_id, c.key AS %I, o.name::text AS promotion, c.version,
               CASE WHEN c.state = 'held' AND c.expires_at <= clientele.wall_clock() THEN 'expired' ELSE c.state END AS state,
               c.claimed_at, nullif(c.expires_at, 'infinity') AS expires_at, c.redeemed_at, c.day, c.branch, c.staff,
               c.bill ->> 'bill_id' AS bill_id, v.definition::text::jsonb #>> '{benefit,kind}' AS kind,
               c.amount::numeric(28,6) AS amount, c.value::numeric(28,6) AS value, c.given::numeric(28,6) AS given,
               c.refunded::numeric(28,6) AS refunded, c.taken_back::numeric(28,6) AS taken_back, c.origin, c.origin_id, c.transferable, c.team
        FROM clientele.claim AS c
        JOIN clientele.offered_promotion AS o ON o.promotion_id = c.promotion_id
        JOIN clientele.promotion_version AS v ON v.promotion_id = c.promotion_id AND v.version = c.version
        WHERE c.population_id = %s
        $query$, population.key_column, population.population_id),
        'what customers have taken of promotions. INSERT on this view lets a role claim, redeem and give back; UPDATE: issue codes and coupons, and transfer them');
    PERFORM clientele.comment_columns(format('%I.%I', population.target_schema, population.name || '_claim')::regclass,
        ARRAY['claim_id', population.key_column, 'promotion', 'version', 'state', 'claimed_at', 'expires_at', 'redeemed_at', 'day', 'branch', 'staff',
              'bill_id', 'kind', 'amount', 'value', 'given', 'refunded', 'taken_back', 'origin', 'origin_id', 'transferable', 'team'],
        ARRAY['number of the claim', 'key of the customer, as text', 'the promotion', 'its version that decided',
              'held, redeemed, released, expired or returned', 'when it was taken', 'until when it is, or was, held; NULL = without end',
              'when it was used', 'the day in its branch when it was taken', 'branch of its bill', 'staff member of its bill', 'number of its bill',
              'what it gives', 'what the bill is reduced by', 'what that is worth in money', 'in its own unit: money, points, pieces',
              'money of the bill that has been refunded', 'what of given was taken back',
              'claim: by the customer; benefit: given by another claim; batch: given to many at once; code: by a code',
              'the claim or the batch that gave it', 'whether the customer may give it to another', 'group buy: the claim that began the team']);
END
$$;
REVOKE ALL ON FUNCTION clientele.put_claim_view(clientele.population) FROM PUBLIC;
COMMENT ON FUNCTION clientele.put_claim_view(clientele.population) IS 'internal: makes the view NAME_claim';

CREATE FUNCTION clientele.put_ledger_view(population clientele.population) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM clientele.put_own_view(population, '_ledger', format($query$
        SELECT l.key AS %I, l.account, l.item, l.at, l.kind, l.amount::numeric(28,6) AS amount, l.valid_until, l.claim_id, l.request_id,
               l.actor::text AS actor, l.reason
        FROM clientele.ledger_line AS l WHERE l.population_id = %s
        $query$, population.key_column, population.population_id),
        'every change of what customers have: points, stored value, gifts, coupons; together they are the balances. INSERT on this view lets a role give and use them, and grant memberships');
    PERFORM clientele.comment_columns(format('%I.%I', population.target_schema, population.name || '_ledger')::regclass,
        ARRAY[population.key_column, 'account', 'item', 'at', 'kind', 'amount', 'valid_until', 'claim_id', 'request_id', 'actor', 'reason'],
        ARRAY['key of the customer, as text', 'points, stored value, gift or coupon', 'gift: which; coupon: the promotion; else empty', 'when',
              'given, used, refunded (what was used has come back), taken back, handed on, expired', 'what came, or went where it is below 0',
              'given, expired: when what is left of it is gone; NULL = it stays', 'the claim that gave it, took it back, or is the coupon',
              'the request; NULL = nobody asked', 'the role that asked', 'why']);

    PERFORM clientele.put_own_view(population, '_plan', format($query$
        SELECT m.key AS %I, m.plan, m.since, nullif(m.ends, 'infinity') AS until, m.paid::numeric(28,6) AS paid, m.at AS granted_at,
               m.request_id, m.actor::text AS actor, m.reason
        FROM (SELECT o.*, least(o.until, lead(o.since) OVER (PARTITION BY o.key, o.plan ORDER BY o.since, o.number)) AS ends
              FROM clientele.membership AS o WHERE o.population_id = %s) AS m
        WHERE m.ends > m.since
        $query$, population.key_column, population.population_id),
        'paid memberships: those that run, that are over, and that are to come');
    PERFORM clientele.comment_columns(format('%I.%I', population.target_schema, population.name || '_plan')::regclass,
        ARRAY[population.key_column, 'plan', 'since', 'until', 'paid', 'granted_at', 'request_id', 'actor', 'reason'],
        ARRAY['key of the customer, as text', 'which membership; also the tag', 'from when on', 'until when; NULL = for good', 'what was paid for it; NULL = not said',
              'when it was written', 'the request', 'the role that asked', 'why']);
END
$$;
REVOKE ALL ON FUNCTION clientele.put_ledger_view(clientele.population) FROM PUBLIC;
COMMENT ON FUNCTION clientele.put_ledger_view(clientele.population) IS 'internal: makes the views NAME_ledger and NAME_plan';

-- Since when: from the first refusal on after which he has not allowed them.
CREATE FUNCTION clientele.put_refusal_view(population clientele.population) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM clientele.put_own_view(population, '_refusal', format($query$
        SELECT s.key AS %I, s.since, s.at AS noted_at, s.actor::text AS noted_by, s.note
        FROM (SELECT r.*, min(r.at) FILTER (WHERE r.refused) OVER (PARTITION BY r.key, r.allowed) AS since,
                     lead(r.number) OVER (PARTITION BY r.key ORDER BY r.number) IS NULL AS holds
              FROM (SELECT f.*, count(*) FILTER (WHERE NOT f.refused) OVER (PARTITION BY f.key ORDER BY f.number) AS allowed
                    FROM clientele.refusal AS f WHERE f.population_id = %s) AS r) AS s
        WHERE s.holds AND s.refused
        $query$, population.key_column, population.population_id),
        'customers who do not want automated decisions about them');
    PERFORM clientele.comment_columns(format('%I.%I', population.target_schema, population.name || '_refusal')::regclass,
        ARRAY[population.key_column, 'since', 'noted_at', 'noted_by', 'note'],
        ARRAY['key of the customer, as text', 'since when the customer refuses', 'when that was noted last', 'the role that noted it', 'and what it has noted']);
END
$$;
REVOKE ALL ON FUNCTION clientele.put_refusal_view(clientele.population) FROM PUBLIC;
COMMENT ON FUNCTION clientele.put_refusal_view(clientele.population) IS 'internal: makes the view NAME_refusal';

-- Run by the extension's owner; once more is no harm.
CREATE FUNCTION clientele.put_promotion_views(population clientele.population) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM clientele.put_promotion_view(population);
    PERFORM clientele.put_claim_view(population);
    PERFORM clientele.put_ledger_view(population);
    PERFORM clientele.put_coupon_view(population);
    PERFORM clientele.put_report_views(population);
    PERFORM clientele.put_refusal_view(population);
END
$$;
REVOKE ALL ON FUNCTION clientele.put_promotion_views(clientele.population) FROM PUBLIC;
COMMENT ON FUNCTION clientele.put_promotion_views(clientele.population) IS 'internal: makes or replaces the views of a population''s promotions';

-- Whoever reads a view, a long report or a dump, keeps it from being replaced: what is there is left alone.
CREATE FUNCTION clientele.need_promotion_views(population clientele.population) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF EXISTS (SELECT FROM clientele.view_names(population.name) AS v
               LEFT JOIN pg_class AS c ON c.oid = to_regclass(format('%I.%I', population.target_schema, v))
               WHERE coalesce(c.relowner NOT IN (quote_ident(current_user)::regrole, population.owner), true)) THEN
        PERFORM clientele.put_promotion_views(population);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION clientele.need_promotion_views(clientele.population) FROM PUBLIC;
COMMENT ON FUNCTION clientele.need_promotion_views(clientele.population) IS 'internal: makes the views of a population''s promotions where one is missing, or another''s';
