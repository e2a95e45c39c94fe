
-- What promotions cost and bring, before and during; and what each was given for.

-- ---------------------------------------------------------------------------
-- Whom a promotion is for, all at once; and what they have paid
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.refusing_customers(population_id int) RETURNS SETOF text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT said.key FROM (SELECT DISTINCT ON (r.key) r.key, r.refused FROM clientele.refusal AS r
                          WHERE r.population_id = refusing_customers.population_id ORDER BY r.key, r.number DESC) AS said
    WHERE said.refused
    $$;
REVOKE ALL ON FUNCTION clientele.refusing_customers(int) FROM PUBLIC;
COMMENT ON FUNCTION clientele.refusing_customers(int) IS 'internal: customers who do not want automated decisions about them';

CREATE FUNCTION clientele.revenue_by_day(population_id int, model clientele.model, from_day date, to_day date)
    RETURNS TABLE (key text, day date, revenue numeric)
    AS 'MODULE_PATHNAME', 'clientele_revenue_by_day' LANGUAGE C STABLE STRICT ROWS 100000;
REVOKE ALL ON FUNCTION clientele.revenue_by_day(int, clientele.model, date, date) FROM PUBLIC;
COMMENT ON FUNCTION clientele.revenue_by_day(int, clientele.model, date, date) IS 'internal: what customers have paid on these days, both included, as the tables say now; a customer and a day may come more than once';

CREATE FUNCTION clientele.paid_on_days(population clientele.population, from_day date, to_day date)
    RETURNS TABLE (key text, day date, revenue numeric)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    model text := clientele.summary_basis(population) ->> 'revenue';
BEGIN
    IF model IS NULL THEN
        PERFORM clientele.revenue_expression(population.population_id, population.name, NULL);
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('of population "%s" no payments are known', population.name),
            HINT = format('Name the sources that are, SELECT clientele.set_revenue(%L, ...), then publish and refresh.', population.name);
    END IF;
    RETURN QUERY
    SELECT r.key, r.day, sum(r.revenue) FROM clientele.revenue_by_day(population.population_id, model::clientele.model, from_day, to_day) AS r
    GROUP BY r.key, r.day;
END
$$;
REVOKE ALL ON FUNCTION clientele.paid_on_days(clientele.population, date, date) FROM PUBLIC;
COMMENT ON FUNCTION clientele.paid_on_days(clientele.population, date, date) IS 'internal: what each customer has paid on each day, by the sources that are revenue';

-- Who could have had it at an instant (NULL = now); where a list was frozen, those on it.
CREATE FUNCTION clientele.promotion_customers(population clientele.population, promotion_id int, definition jsonb, holdout numeric, as_of timestamptz)
    RETURNS TABLE (key text, held_out boolean)
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    personal CONSTANT boolean := coalesce((definition ->> 'personal')::boolean, definition ? 'audience');
    frozen CONSTANT boolean := definition ->> 'audience_at' = 'term start' AND EXISTS (
        SELECT FROM clientele.offered_promotion AS o
        WHERE o.promotion_id = promotion_customers.promotion_id AND o.audience_frozen_at IS NOT NULL);
BEGIN
    RETURN QUERY
    SELECT m.key, holdout > 0 AND clientele.held_out(promotion_customers.promotion_id, m.key, holdout)
    FROM (SELECT f.key FROM clientele.frozen_audience AS f WHERE frozen AND f.promotion_id = promotion_customers.promotion_id
          UNION ALL
          SELECT c.key FROM clientele.customers_where(population.name, coalesce(definition ->> 'audience', 'true'), as_of) AS c WHERE NOT frozen) AS m
    WHERE NOT (personal AND m.key IN (SELECT clientele.refusing_customers(population.population_id)));
END
$$;
REVOKE ALL ON FUNCTION clientele.promotion_customers(clientele.population, int, jsonb, numeric, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION clientele.promotion_customers(clientele.population, int, jsonb, numeric, timestamptz) IS 'internal: the customers whom a promotion is for at an instant, without those who refuse automated decisions where it is one, and whether chance leaves them out';

-- ---------------------------------------------------------------------------
-- simulate_promotion
-- ---------------------------------------------------------------------------

-- What is being prepared, or else what applies.
CREATE FUNCTION clientele.promotion_definition(population clientele.population, promotion text,
                                               OUT promotion_id int, OUT definition jsonb, OUT holdout numeric)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    named clientele.offered_promotion;
BEGIN
    IF clientele.check_given('promotion', promotion) LIKE '{%' THEN
        definition := promotion::clientele.promotion::text::jsonb;
        holdout := 0;
        RETURN;
    END IF;
    named := clientele.named_promotion(population, promotion);
    promotion_id := named.promotion_id;
    holdout := named.holdout;
    definition := coalesce(named.draft, (SELECT v.definition FROM clientele.promotion_version AS v
                                         WHERE (v.promotion_id, v.version) = (named.promotion_id, named.version)))::text::jsonb;
END
$$;
REVOKE ALL ON FUNCTION clientele.promotion_definition(clientele.population, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.promotion_definition(clientele.population, text) IS 'internal: the draft, or else the version that applies, of a promotion; or a definition itself';

CREATE FUNCTION clientele.coupon_definition(population clientele.population, benefit jsonb) RETURNS jsonb
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT coalesce(o.draft, v.definition)::text::jsonb
    FROM clientele.offered_promotion AS o
    LEFT JOIN clientele.promotion_version AS v ON v.promotion_id = o.promotion_id AND v.version = o.version
    WHERE o.population_id = population.population_id AND o.name = benefit ->> 'coupon'
    $$;
REVOKE ALL ON FUNCTION clientele.coupon_definition(clientele.population, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION clientele.coupon_definition(clientele.population, jsonb) IS 'internal: the draft, or else the version that applies, of the promotion that coupons of a benefit are for';

-- What one claim can cost at most, in money; NULL: there is no bound, or it is not money.
CREATE FUNCTION clientele.most_of_claim(population clientele.population, benefit jsonb) RETURNS numeric
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT CASE benefit ->> 'kind'
        WHEN 'amount off' THEN (benefit ->> 'amount')::numeric
        WHEN 'stored value' THEN (benefit ->> 'amount')::numeric
        WHEN 'percent off' THEN (benefit ->> 'at_most')::numeric
        WHEN 'gift' THEN (benefit ->> 'value')::numeric * coalesce((benefit ->> 'quantity')::numeric, 1)
        WHEN 'spend and reduce' THEN
            CASE WHEN (benefit ->> 'repeat')::boolean IS NOT TRUE
                 THEN (SELECT max((s ->> 'off')::numeric) FROM jsonb_array_elements(benefit -> 'steps') AS s) END
        WHEN 'coupon' THEN
            (SELECT clientele.most_of_claim(population, given.benefit)
             FROM (SELECT clientele.coupon_definition(population, most_of_claim.benefit) -> 'benefit' AS benefit) AS given
             -- a coupon for coupons would be worth what its own are worth: nobody can say
             WHERE given.benefit ->> 'kind' <> 'coupon') * coalesce((benefit ->> 'quantity')::numeric, 1)
        END
    $$;
REVOKE ALL ON FUNCTION clientele.most_of_claim(clientele.population, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION clientele.most_of_claim(clientele.population, jsonb) IS 'internal: the most money that one claim of a benefit can cost; NULL: unbounded, or not to be said in money';

CREATE FUNCTION clientele.most_of_promotion(population clientele.population, definition jsonb) RETURNS numeric
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT least((definition ->> 'budget')::numeric,
                 (definition #>> '{stock,total}')::numeric * clientele.most_of_claim(population, definition -> 'benefit'))
    $$;
REVOKE ALL ON FUNCTION clientele.most_of_promotion(clientele.population, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION clientele.most_of_promotion(clientele.population, jsonb) IS 'internal: the most money that all claims of a promotion together can cost, by its budget and its total; NULL: unbounded, or not to be said in money';

-- How often one customer can claim it in a term; NULL: as often as he likes.
CREATE FUNCTION clientele.claims_of_customer(stock jsonb, from_day date, to_day date) RETURNS numeric
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT least((stock ->> 'per_customer')::numeric,
                 (stock #>> '{per_period,claims}')::numeric *
                 CASE WHEN to_day IS NOT NULL THEN
                      (SELECT count(DISTINCT date_trunc(stock #>> '{per_period,period}', d)) FROM generate_series(from_day::timestamp, to_day, '1 day') AS d) END)
    $$;
REVOKE ALL ON FUNCTION clientele.claims_of_customer(jsonb, date, date) FROM PUBLIC;
COMMENT ON FUNCTION clientele.claims_of_customer(jsonb, date, date) IS 'internal: how many claims of one customer a stock allows in a term; NULL: any number';

CREATE FUNCTION clientele.simulate_promotion_for(caller regrole, population text, promotion text, as_of timestamptz, since date, bill jsonb, at_take_up numeric[])
RETURNS TABLE (take_up numeric, audience bigint, qualify bigint, claims bigint, given numeric, revenue numeric, cost numeric, liability numeric, limited_by text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    owned clientele.population := clientele.readable_population(caller, population);
    instant timestamptz := clientele.check_instant(as_of);
    today date := (instant AT TIME ZONE owned.time_zone)::date;
    offered record;
    stock jsonb;
    from_day date;
    to_day date;
    first_day date := since;
    days int;
    replayed jsonb;
    most numeric;
    most_of_coupons numeric;
    noon CONSTANT text := 'YYYY-MM-DD"T"12:00:00';
BEGIN
    SELECT * INTO offered FROM clientele.promotion_definition(owned, promotion);
    stock := coalesce(offered.definition -> 'stock', '{}');
    from_day := offered.definition #>> '{term,from}';
    to_day := offered.definition #>> '{term,to}';
    days := least(coalesce(to_day - from_day + 1, 28), 366);
    -- Whole weeks before the term, so that Sundays are Sundays.
    first_day := coalesce(since, from_day - 7 * greatest(0, ceil((from_day + days - today) / 7.0)::int));
    PERFORM clientele.check_given('at_take_up', at_take_up::text);
    IF NOT EXISTS (SELECT FROM unnest(at_take_up) AS t) OR EXISTS (SELECT FROM unnest(at_take_up) AS t WHERE t IS NULL OR t < 0 OR t > 100) THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('at_take_up %s is not a list of percentages', at_take_up),
            HINT = 'For example: at_take_up => ''{25, 50, 100}''.';
    END IF;

    -- A payment says neither hour nor branch nor items, so what would ask for them is left out.
    replayed := offered.definition #- '{term,hours}';
    IF bill IS NOT NULL THEN
        PERFORM clientele.check_bill(bill);
        replayed := jsonb_set(replayed, '{term}', jsonb_build_object('from', from_day));
        IF bill -> 'branch' IS NULL THEN
            replayed := jsonb_set(replayed, '{branches}', '"all"');
        END IF;
    ELSIF replayed #>> '{benefit,kind}' = 'fixed price' THEN
        RAISE invalid_parameter_value USING
            MESSAGE = 'payments do not say what was bought, which the benefit "fixed price" asks',
            HINT = 'Say what a customer will buy: bill => ''{"lines": [{"item": "facial", "price": 600}]}''.';
    ELSE
        replayed := (jsonb_set(replayed, '{branches}', '"all"') - 'bill') #- '{benefit,applies_to}';
    END IF;

    most := coalesce(clientele.most_of_claim(owned, offered.definition -> 'benefit'),
                     (clientele.benefit(bill || jsonb_build_object('at', to_char(from_day, noon)), replayed::text::clientele.promotion, clientele.bill_amount(bill))).value);
    most_of_coupons := clientele.most_of_promotion(owned, clientele.coupon_definition(owned, offered.definition -> 'benefit'));

    RETURN QUERY
    WITH meant AS MATERIALIZED (
        SELECT m.key FROM clientele.promotion_customers(owned, offered.promotion_id, offered.definition, offered.holdout, as_of) AS m
        WHERE NOT m.held_out
    ), purchase AS (
        SELECT p.key, p.day + (from_day - first_day) AS day, p.revenue AS amount,
               sum(p.revenue) OVER (PARTITION BY p.key ORDER BY p.day) AS spent,
               jsonb_build_object('amount', p.revenue) AS bill
        FROM clientele.paid_on_days(owned, first_day, first_day + days - 1) AS p
        WHERE bill IS NULL AND p.revenue > 0 AND p.key IN (SELECT m.key FROM meant AS m)
        UNION ALL
        SELECT m.key, from_day, clientele.bill_amount(bill), clientele.bill_amount(bill), bill FROM meant AS m WHERE bill IS NOT NULL
    ), eligible AS (
        SELECT p.key, p.day, p.amount, b.value, coalesce(b.points, b.quantity, b.value) AS given,
               row_number() OVER (PARTITION BY p.key ORDER BY p.day) AS nth,
               row_number() OVER (PARTITION BY p.key, date_trunc(stock #>> '{per_period,period}', p.day::timestamp) ORDER BY p.day) AS nth_in_period
        FROM purchase AS p
        CROSS JOIN LATERAL clientele.benefit(p.bill || jsonb_build_object('at', to_char(p.day, noon)), replayed::text::clientele.promotion, p.spent) AS b
        WHERE b.eligible
    ), taken AS (
        SELECT e.* FROM eligible AS e
        WHERE e.nth <= coalesce((stock ->> 'per_customer')::int, e.nth)
          AND e.nth_in_period <= coalesce((stock #>> '{per_period,claims}')::int, e.nth_in_period)
    ), by_day AS (
        SELECT count(*) AS claims, sum(e.amount) AS revenue, sum(e.value) AS cost, sum(e.given) AS given,
               CASE WHEN bill IS NULL THEN (stock ->> 'per_day')::numeric / count(*) END AS most
        FROM taken AS e GROUP BY e.day
    ), wanted AS (
        SELECT t.share, coalesce(sum(d.claims * d.part), 0) AS claims, coalesce(sum(d.revenue * d.part), 0) AS revenue,
               coalesce(sum(d.cost * d.part), 0) AS cost, coalesce(sum(d.given * d.part), 0) AS given, bool_or(d.part < t.share / 100) AS by_day
        FROM unnest(at_take_up) AS t (share) LEFT JOIN LATERAL (SELECT b.*, least(t.share / 100, b.most) AS part FROM by_day AS b) AS d ON true
        GROUP BY t.share
    ), stocked AS (
        SELECT w.*, least(1, (stock ->> 'total')::numeric / nullif(w.claims, 0)) AS by_stock FROM wanted AS w
    ), paid AS (
        SELECT s.*, least(1, (offered.definition ->> 'budget')::numeric / nullif(s.cost * s.by_stock, 0)) AS by_budget FROM stocked AS s
    )
    SELECT p.share, m.customers, q.customers, round(p.claims * p.by_stock * p.by_budget)::bigint,
           round(p.given * p.by_stock * p.by_budget, 2), round(p.revenue * p.by_stock * p.by_budget, 2),
           CASE WHEN offered.definition #>> '{benefit,kind}' NOT IN ('points', 'coupon') THEN round(p.cost * p.by_stock * p.by_budget, 2) END,
           round(least((offered.definition ->> 'budget')::numeric, most_of_coupons,
                       most * least((stock ->> 'total')::numeric, (stock ->> 'per_day')::numeric * (to_day - from_day + 1),
                                    m.customers * p.share / 100 * clientele.claims_of_customer(stock, from_day, to_day))), 2),
           nullif(concat_ws(', ', CASE WHEN p.by_day THEN 'stock per day' END, CASE WHEN p.by_stock < 1 THEN 'stock' END,
                            CASE WHEN p.by_budget < 1 THEN 'budget' END), '')
    FROM paid AS p CROSS JOIN (SELECT count(*) AS customers FROM meant) AS m
    CROSS JOIN (SELECT count(DISTINCT e.key) AS customers FROM eligible AS e) AS q
    ORDER BY p.share;
END
$$;
REVOKE ALL ON FUNCTION clientele.simulate_promotion_for(regrole, text, text, timestamptz, date, jsonb, numeric[]) FROM PUBLIC;
COMMENT ON FUNCTION clientele.simulate_promotion_for(regrole, text, text, timestamptz, date, jsonb, numeric[]) IS 'internal: simulate_promotion, behind the door';

CREATE FUNCTION clientele.simulate_promotion(population text, promotion text, as_of timestamptz DEFAULT NULL, since date DEFAULT NULL, bill jsonb DEFAULT NULL, at_take_up numeric[] DEFAULT '{25,50,100}')
RETURNS TABLE (take_up numeric, audience bigint, qualify bigint, claims bigint, given numeric, revenue numeric, cost numeric, liability numeric, limited_by text)
AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.simulate_promotion(text, text, timestamptz, date, jsonb, numeric[]) IS 'what a promotion (a name, whose draft counts if there is one; or a definition) would cost if so many per cent of those who can take it do: the audience as of an instant buys once more what it bought on the days from since on (left out: whole weeks before the term; each customer''s payments of a day are one bill), or bill each; qualify: customers who could take it; claims, given (money, points or pieces), revenue (of these bills), cost: as far as stock and budget allow, which limited_by names; liability: the most that can be owed to so many per cent of the audience; NULL: without bound, or not to be said in money';

-- ---------------------------------------------------------------------------
-- promotion_effect
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.promotion_effect_for(caller regrole, population text, promotion text, days int)
RETURNS TABLE ("group" text, customers bigint, from_day date, to_day date, buyers bigint, revenue numeric, revenue_each numeric,
               lift numeric, lift_error numeric, later_buyers bigint, later_revenue numeric)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    owned clientele.population := clientele.allowed_population(caller, population, 'promotion SELECT', 'promotion_effect SELECT');
    now CONSTANT timestamptz := clientele.wall_clock();
    today CONSTANT date := (now AT TIME ZONE owned.time_zone)::date;
    offered record;
    began date;
    until date;
BEGIN
    PERFORM clientele.check_given('days', days::text);
    IF days < 1 THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('days cannot be %s', days), HINT = 'For example: days => 30.';
    END IF;
    SELECT o.promotion_id, o.holdout, v.definition::text::jsonb AS definition INTO offered
    FROM clientele.offered_promotion AS o JOIN clientele.promotion_version AS v ON v.promotion_id = o.promotion_id AND v.version = o.version
    WHERE o.population_id = owned.population_id AND o.name = promotion;
    IF NOT FOUND THEN
        PERFORM clientele.promotion_definition(owned, promotion);
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('promotion "%s" has not been published', promotion),
            HINT = format('What it would cost: SELECT * FROM clientele.simulate_promotion(%L, %L);', population, promotion);
    END IF;
    began := offered.definition #>> '{term,from}';
    until := least((offered.definition #>> '{term,to}')::date + days, today);

    RETURN QUERY
    WITH meant AS MATERIALIZED (
        SELECT m.key, m.held_out FROM clientele.promotion_customers(owned, offered.promotion_id, offered.definition, offered.holdout,
            least(now, began::timestamp AT TIME ZONE owned.time_zone)) AS m
    ), taker AS MATERIALIZED (
        SELECT c.key, min((c.redeemed_at AT TIME ZONE owned.time_zone)::date) AS day
        FROM clientele.claim AS c
        WHERE c.population_id = owned.population_id AND c.promotion_id = offered.promotion_id AND c.state = 'redeemed'
        GROUP BY c.key
    ), payment AS MATERIALIZED (
        -- a later version may begin after the first have taken it
        SELECT p.* FROM clientele.paid_on_days(owned, least(began, (SELECT min(t.day) FROM taker AS t)), greatest(until, (SELECT max(t.day) FROM taker AS t) + days)) AS p
        WHERE p.revenue <> 0
    ), spent AS (
        SELECT p.key, sum(p.revenue) FILTER (WHERE p.day BETWEEN began AND until) AS revenue FROM payment AS p GROUP BY p.key
    ), later AS (
        SELECT t.key, sum(p.revenue) AS revenue FROM taker AS t JOIN payment AS p ON p.key = t.key AND p.day > t.day AND p.day <= least(t.day + days, today)
        GROUP BY t.key
    ), one AS (
        SELECT CASE WHEN m.held_out THEN 'held out' ELSE 'reached' END AS name, m.key FROM meant AS m
        UNION ALL
        SELECT 'takers', t.key FROM taker AS t
    ), summed AS (
        SELECT o.name, count(*) AS customers, count(*) FILTER (WHERE s.revenue > 0) AS buyers, coalesce(sum(s.revenue), 0) AS revenue,
               avg(coalesce(s.revenue, 0)) AS mean, var_samp(coalesce(s.revenue, 0)) / count(*) AS variance_of_mean,
               count(*) FILTER (WHERE l.revenue > 0) AS later_buyers, coalesce(sum(l.revenue), 0) AS later_revenue
        FROM one AS o LEFT JOIN spent AS s ON s.key = o.key LEFT JOIN later AS l ON l.key = o.key AND o.name = 'takers'
        GROUP BY o.name
    )
    SELECT g.name, coalesce(s.customers, 0), began, until, coalesce(s.buyers, 0), coalesce(s.revenue, 0), round(s.mean, 2),
           CASE g.name WHEN 'reached' THEN round(s.mean - h.mean, 2) END,
           CASE g.name WHEN 'reached' THEN round(sqrt(s.variance_of_mean + h.variance_of_mean), 2) END,
           CASE g.name WHEN 'takers' THEN coalesce(s.later_buyers, 0) END, CASE g.name WHEN 'takers' THEN coalesce(s.later_revenue, 0) END
    FROM unnest('{reached,held out,takers}'::text[]) WITH ORDINALITY AS g (name, place)
    LEFT JOIN summed AS s ON s.name = g.name LEFT JOIN summed AS h ON h.name = 'held out'
    ORDER BY g.place;
END
$$;
REVOKE ALL ON FUNCTION clientele.promotion_effect_for(regrole, text, text, int) FROM PUBLIC;
COMMENT ON FUNCTION clientele.promotion_effect_for(regrole, text, text, int) IS 'internal: promotion_effect, behind the door';

CREATE FUNCTION clientele.promotion_effect(population text, promotion text, days int DEFAULT 30)
RETURNS TABLE ("group" text, customers bigint, from_day date, to_day date, buyers bigint, revenue numeric, revenue_each numeric,
               lift numeric, lift_error numeric, later_buyers bigint, later_revenue numeric)
AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.promotion_effect(text, text, int) IS 'what a promotion has brought: reached (the audience when the term began, but for those held out), held out, and takers (who have redeemed it); what each group paid from the first day of the term to so many days after its last, or today; lift: what is paid more by each who was reached than by each held out, and the standard error of that; later: of takers, who paid again on the so many days after the day of their first redemption, and how much. The caller needs SELECT on the view NAME_promotion_effect or NAME_promotion, or owns the population';

-- ---------------------------------------------------------------------------
-- What was shown
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.record_impression_for(caller regrole, population text, key text, promotions text[], bill jsonb) RETURNS int
    AS 'MODULE_PATHNAME', 'clientele_record_impression' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
REVOKE ALL ON FUNCTION clientele.record_impression_for(regrole, text, text, text[], jsonb) FROM PUBLIC;
COMMENT ON FUNCTION clientele.record_impression_for(regrole, text, text, text[], jsonb) IS 'internal: record_impression, behind the door';

CREATE FUNCTION clientele.record_impression(population text, key text, promotions text[], bill jsonb DEFAULT NULL) RETURNS int
    AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.record_impression(text, text, text[], jsonb) IS 'writes down that a customer has been shown these promotions, in the branch and by the staff member of the bill (left out: not said), in this hour; returns how many of them he had not been shown so before. It is what the column reach of the view NAME_promotion_report counts, beside claims. Once more is no harm; an empty list is nothing. Rights as for claim';

CREATE FUNCTION clientele.record_impression(population text, key anynonarray, promotions text[], bill jsonb DEFAULT NULL) RETURNS int
    AS 'MODULE_PATHNAME', 'clientele_door_for_key' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.record_impression(text, anynonarray, text[], jsonb) IS 'the same with the key in its own type';

CREATE FUNCTION clientele.delete_impressions_for(caller regrole, population text, before timestamptz) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owned clientele.population := clientele.locked_population(caller, population);
    deleted bigint;
BEGIN
    PERFORM clientele.check_given('before', before::text);
    DELETE FROM clientele.impression AS i WHERE i.population_id = owned.population_id AND i.hour < before;
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN deleted;
END
$$;
REVOKE ALL ON FUNCTION clientele.delete_impressions_for(regrole, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION clientele.delete_impressions_for(regrole, text, timestamptz) IS 'internal: delete_impressions, behind the door';

CREATE FUNCTION clientele.delete_impressions(population text, before timestamptz) RETURNS bigint
    AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.delete_impressions(text, timestamptz) IS 'deletes what customers were shown in hours that began before an instant, and returns how many rows; reach counts their claims alone from then on. The caller acts as the population''s owner';

-- ---------------------------------------------------------------------------
-- The views of reports
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.put_report_views(population clientele.population) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    -- versions, once each: of a promotion as it decided
    versions CONSTANT text := format($query$
        (SELECT o.name::text COLLATE "default" AS promotion, v.promotion_id, v.version, v.definition, d.j #>> '{benefit,kind}' AS kind,
                coalesce((d.j ->> 'personal')::boolean, d.j ? 'audience') AS personal,
                concat_ws('; ', 'audience: ' || (d.j ->> 'audience'), 'bill: ' || (d.j ->> 'bill'),
                          'spend: at least ' || (d.j #>> '{spend,at_least}'),
                          CASE WHEN jsonb_typeof(d.j -> 'branches') = 'array'
                               THEN 'branches: ' || (SELECT string_agg(b, ', ') FROM jsonb_array_elements_text(d.j -> 'branches') AS b) END) AS conditions
         FROM clientele.promotion_version AS v JOIN clientele.offered_promotion AS o ON o.promotion_id = v.promotion_id
         CROSS JOIN LATERAL (SELECT v.definition::text::jsonb) AS d (j)
         WHERE v.population_id = %s OFFSET 0)$query$, population.population_id);
BEGIN
    -- Beside the claims, those to whom it was shown: rows without a state, which nothing but reach counts.
    PERFORM clientele.put_own_view(population, '_promotion_report', format($query$
        SELECT r.promotion, r.branch, r.staff, r.hour, count(DISTINCT r.key) AS reach, count(r.state) AS claims,
               count(DISTINCT r.key) FILTER (WHERE r.state IS NOT NULL) AS customers,
               count(*) FILTER (WHERE r.state = 'redeemed') AS confirmed,
               count(*) FILTER (WHERE r.state = 'held') AS unpaid,
               count(*) FILTER (WHERE r.state = 'released') AS released,
               count(*) FILTER (WHERE r.state = 'expired') AS expired,
               count(*) FILTER (WHERE r.state = 'returned') AS returned,
               coalesce(sum(r.revenue) FILTER (WHERE r.is_given), 0)::numeric(28,6) AS revenue,
               coalesce(sum(r.cost) FILTER (WHERE r.is_given), 0)::numeric(28,6) AS cost,
               coalesce(sum(r.points) FILTER (WHERE r.is_given), 0)::numeric(28,6) AS points,
               coalesce(sum(r.value) FILTER (WHERE r.state = 'held'), 0)::numeric(28,6) AS reserved
        FROM (SELECT v.promotion, c.branch, c.staff, date_trunc('hour', c.claimed_at AT TIME ZONE coalesce(z.time_zone, %1$L)) AS hour, c.key,
                     CASE WHEN c.state = 'held' AND c.expires_at <= clientele.wall_clock() THEN 'expired' ELSE c.state END AS state,
                     c.state IN ('redeemed', 'returned') AS is_given, c.value,
                     clientele.bill_amount(c.bill) - c.refunded - CASE WHEN c.amount IS NULL THEN 0 ELSE c.amount - c.taken_back END AS revenue,
                     c.value - CASE WHEN c.given > 0 THEN c.value * c.taken_back / c.given ELSE 0 END AS cost,
                     CASE WHEN v.kind = 'points' THEN c.given - c.taken_back END AS points
              FROM clientele.claim AS c
              JOIN %2$s AS v ON v.promotion_id = c.promotion_id AND v.version = c.version
              LEFT JOIN clientele.branch_zone AS z ON z.population_id = c.population_id AND z.branch = c.branch
              WHERE c.population_id = %3$s
              UNION ALL
              SELECT o.name::text COLLATE "default", nullif(i.branch, '') COLLATE "default", nullif(i.staff, '') COLLATE "default",
                     date_trunc('hour', i.hour AT TIME ZONE coalesce(z.time_zone, %1$L)), i.key, NULL AS state, false AS is_given, NULL AS value, NULL AS revenue, NULL AS cost, NULL AS points
              FROM clientele.impression AS i
              JOIN clientele.offered_promotion AS o ON o.promotion_id = i.promotion_id
              LEFT JOIN clientele.branch_zone AS z ON z.population_id = i.population_id AND z.branch = i.branch
              WHERE i.population_id = %3$s) AS r
        GROUP BY 1, 2, 3, 4
        $query$, population.time_zone, versions, population.population_id),
        'promotions by branch, staff member and hour: whom they have reached, and their claims as they are at this moment');
    PERFORM clientele.comment_columns(format('%I.%I', population.target_schema, population.name || '_promotion_report')::regclass,
        ARRAY['promotion', 'branch', 'staff', 'hour', 'reach', 'claims', 'customers', 'confirmed', 'unpaid', 'released', 'expired', 'returned',
              'revenue', 'cost', 'points', 'reserved'],
        ARRAY['name of the promotion', 'branch of the bills; NULL: not said', 'staff member of the bills; NULL: not said',
              'the hour in which they were shown and claimed, on the clock of the branch',
              'how many customers were shown it, or claimed it; not to be added up over rows', 'how many were claimed: confirmed to returned together',
              'how many customers claimed; not to be added up over rows', 'redeemed, and not given back whole', 'held, and neither redeemed nor expired yet',
              'given back before they were redeemed', 'held until they expired', 'redeemed, and given back whole',
              'money of the bills on which they were redeemed, less what reduced them and what was refunded',
              'what was given, in money, less what was taken back; points and coupons cost nothing yet', 'points given, less those taken back',
              'what unpaid claims are worth, in money: the budget keeps it for them']);

    PERFORM clientele.put_own_view(population, '_promotion_effect', format($query$
        SELECT o.name::text COLLATE "default" AS promotion, e."group", e.customers, e.from_day, e.to_day, e.buyers, e.revenue::numeric(28,6) AS revenue,
               e.revenue_each::numeric(28,2) AS revenue_each, e.lift::numeric(28,2) AS lift, e.lift_error::numeric(28,2) AS lift_error,
               e.later_buyers, e.later_revenue::numeric(28,6) AS later_revenue
        FROM clientele.offered_promotion AS o CROSS JOIN LATERAL clientele.promotion_effect(%L, o.name) AS e
        WHERE o.population_id = %s AND o.version IS NOT NULL
        $query$, population.name, population.population_id),
        'what promotions have brought: those reached, those held out, those who took it');
    PERFORM clientele.comment_columns(format('%I.%I', population.target_schema, population.name || '_promotion_effect')::regclass,
        ARRAY['promotion', 'group', 'customers', 'from_day', 'to_day', 'buyers', 'revenue', 'revenue_each', 'lift', 'lift_error', 'later_buyers', 'later_revenue'],
        ARRAY['name of the promotion', 'reached: the audience when the term began, but for those held out; held out: left out by chance; takers: who have redeemed it',
              'how many customers', 'first day of the term', 'thirty days after its last day, or today', 'customers of the group who paid in between', 'what the group paid in between',
              'the same for each customer of the group', 'reached: by how much they paid more, each, than those held out; NULL: nobody is', 'standard error of that: twice as much may be chance',
              'takers: who paid again in the thirty days after the day of their first redemption', 'takers: how much']);

    -- The claims on one bill reduce its lines together.
    PERFORM clientele.put_own_view(population, '_price', format($query$
        SELECT p.item, p.category, p.branch, p.list_price, p.unit_price, p.unit_benefit, p.reason, p.personal,
               p.customers, p.sales, p.quantity, p.first_at, p.last_at
        FROM (SELECT l.item, l.category, l.branch, l.list_price, l.unit_price, l.unit_benefit, l.reason, l.personal,
                     count(DISTINCT l.key) AS customers, count(*) AS sales, sum(l.quantity)::numeric(28,6) AS quantity,
                     min(l.at) AS first_at, max(l.at) AS last_at,
                     min(min(l.unit_price - l.unit_benefit)) OVER w AS lowest, max(max(greatest(l.list_price, l.unit_price))) OVER w AS highest
              FROM (SELECT b.item, b.category, c.branch, c.key, b.quantity, min(c.redeemed_at) AS at,
                           coalesce(b.price, b.amount / b.quantity)::numeric(28,4) AS list_price,
                           ((b.amount - coalesce(sum(b.share) FILTER (WHERE c.amount IS NOT NULL), 0)) / b.quantity)::numeric(28,4) AS unit_price,
                           (coalesce(sum(b.share) FILTER (WHERE c.amount IS NULL), 0) / b.quantity)::numeric(28,4) AS unit_benefit,
                           nullif(concat_ws('; ', CASE WHEN b.amount < b.price * b.quantity THEN 'by hand' END,
                               string_agg(format('%%s version %%s%%s', v.promotion, v.version, ' (' || nullif(v.conditions, '') || ')'), '; '
                                          ORDER BY v.promotion, v.version) FILTER (WHERE b.share > 0)), '') AS reason,
                           coalesce(bool_or(v.personal) FILTER (WHERE b.share > 0), false) AS personal
                    FROM clientele.claim AS c
                    JOIN %1$s AS v ON v.promotion_id = c.promotion_id AND v.version = c.version
                    CROSS JOIN LATERAL clientele.bill_lines(c.bill, v.definition,
                        c.value * CASE WHEN c.given > 0 THEN greatest(0, c.given - c.taken_back) / c.given ELSE 0 END) AS b
                    WHERE c.population_id = %2$s AND c.state = 'redeemed'
                    GROUP BY c.key, c.bill, c.branch, b.line, b.item, b.category, b.quantity, b.price, b.amount) AS l
              GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
              WINDOW w AS (PARTITION BY l.item)) AS p
        WHERE p.lowest < p.highest
        $query$, versions, population.population_id),
        'items that were sold at different prices on bills with promotions, and why: a row for each price and reason');
    PERFORM clientele.comment_columns(format('%I.%I', population.target_schema, population.name || '_price')::regclass,
        ARRAY['item', 'category', 'branch', 'list_price', 'unit_price', 'unit_benefit', 'reason', 'personal', 'customers', 'sales', 'quantity', 'first_at', 'last_at'],
        ARRAY['what was sold', 'its category on the bill', 'branch of the bill; NULL: not said',
              'price of one unit on the bill, or what a line without a price comes to for each',
              'what was paid for one unit, after discounts by hand and what promotions took off the line',
              'what else promotions gave for one unit, in money: gifts and stored value, divided among the lines that they were given for',
              'by hand; promotions with their versions and conditions; NULL: nothing was taken off',
              'whether a promotion among them is an automated decision about a person', 'how many customers paid it',
              'how many lines of bills', 'units sold', 'when it was sold so first', 'when it was sold so last']);
END
$$;
REVOKE ALL ON FUNCTION clientele.put_report_views(clientele.population) FROM PUBLIC;
COMMENT ON FUNCTION clientele.put_report_views(clientele.population) IS 'internal: makes the views that sum up claims and prices';

-- ---------------------------------------------------------------------------
-- explain_claim
-- ---------------------------------------------------------------------------

-- A claim that is not there and one that may not be seen look the same.
CREATE FUNCTION clientele.claim_to_explain(caller regrole, claim_id bigint) RETURNS clientele.claim
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    claim clientele.claim;
BEGIN
    SELECT c.* INTO claim FROM clientele.claim AS c WHERE c.claim_id = claim_to_explain.claim_id;
    IF NOT FOUND THEN
        RAISE insufficient_privilege;
    END IF;
    PERFORM clientele.allowed_population(caller, (SELECT p.name FROM clientele.population AS p WHERE p.population_id = claim.population_id),
                                         'ledger SELECT', 'claim SELECT');
    RETURN claim;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE undefined_object USING
        MESSAGE = format('claim %s does not exist, or may not be seen', coalesce(claim_id::text, 'NULL')),
        HINT = 'Who has SELECT on the view NAME_claim of its population may see it.';
END
$$;
REVOKE ALL ON FUNCTION clientele.claim_to_explain(regrole, bigint) FROM PUBLIC;
COMMENT ON FUNCTION clientele.claim_to_explain(regrole, bigint) IS 'internal: a claim that the caller may see';

CREATE FUNCTION clientele.benefit_words(benefit jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT concat_ws(' ', benefit ->> 'kind', CASE benefit ->> 'kind'
        WHEN 'percent off' THEN (benefit ->> 'percent') || coalesce(', at most ' || (benefit ->> 'at_most'), '')
        WHEN 'fixed price' THEN (benefit ->> 'item') || ' at ' || (benefit ->> 'price')
        WHEN 'spend and reduce' THEN (SELECT string_agg(format('%s off from %s', s ->> 'off', s ->> 'at_least'), ', ' ORDER BY n)
                                             || CASE WHEN (benefit ->> 'repeat')::boolean THEN ', again for every multiple' ELSE '' END
                                      FROM jsonb_array_elements(benefit -> 'steps') WITH ORDINALITY AS x (s, n))
        WHEN 'gift' THEN (benefit ->> 'item') || ' x ' || coalesce(benefit ->> 'quantity', '1')
        WHEN 'coupon' THEN (benefit ->> 'coupon') || ' x ' || coalesce(benefit ->> 'quantity', '1')
        WHEN 'points' THEN (benefit ->> 'points') || coalesce(' for each ' || (benefit ->> 'per'), '')
        ELSE benefit ->> 'amount' END,
        'on lines with ' || (benefit ->> 'applies_to'))
    $$;
REVOKE ALL ON FUNCTION clientele.benefit_words(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION clientele.benefit_words(jsonb) IS 'internal: a benefit in a few words';

-- From what is stored with the claim alone: today's profile has no say in what was decided then.
CREATE FUNCTION clientele.explain_claim_for(caller regrole, claim_id bigint, OUT item text, OUT value text, OUT condition text, OUT holds boolean)
RETURNS SETOF record LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    claim clientele.claim := clientele.claim_to_explain(caller, explain_claim_for.claim_id);
    version clientele.promotion_version;
    definition jsonb;
    batch clientele.coupon_batch;
    evidence jsonb;
    decided_at text;
    zone text;
    home text;
    at timestamptz;
    again record;
    local CONSTANT text := 'YYYY-MM-DD HH24:MI:SS';
BEGIN
    SELECT v.* INTO STRICT version FROM clientele.promotion_version AS v WHERE v.promotion_id = claim.promotion_id AND v.version = claim.version;
    definition := version.definition::text::jsonb;
    SELECT coalesce((SELECT z.time_zone FROM clientele.branch_zone AS z WHERE z.population_id = p.population_id AND z.branch = claim.branch), p.time_zone), p.time_zone
    INTO STRICT zone, home FROM clientele.population AS p WHERE p.population_id = claim.population_id;

    SELECT b.* INTO batch FROM clientele.coupon_batch AS b WHERE b.batch_id = claim.origin_id AND claim.origin IN ('batch', 'code');
    RETURN QUERY
    SELECT 'state', s.state, CASE WHEN s.state IN ('held', 'expired') AND isfinite(claim.expires_at) THEN 'until ' || to_char(claim.expires_at AT TIME ZONE zone, local) END, NULL::boolean
    FROM (SELECT CASE WHEN claim.state = 'held' AND claim.expires_at <= clientele.wall_clock() THEN 'expired' ELSE claim.state END) AS s (state)
    UNION ALL
    SELECT 'promotion', o.name, format('version %s, published %s by %s%s', version.version,
                                       to_char(version.published_at AT TIME ZONE zone, local), version.author, ': ' || version.note), NULL
    FROM clientele.offered_promotion AS o WHERE o.promotion_id = claim.promotion_id
    UNION ALL
    SELECT 'origin', claim.origin, CASE claim.origin WHEN 'benefit' THEN format('given by claim %s', claim.origin_id)
                                                     ELSE format('batch %s', claim.origin_id) || coalesce(': ' || batch.note, '') END, NULL
    WHERE claim.origin <> 'claim'
    UNION ALL
    SELECT 'personal', CASE WHEN p.personal THEN 'yes' ELSE 'no' END,
           CASE WHEN p.personal THEN 'an automated decision about a person: not offered to who refuses such decisions' ELSE 'the same for everybody' END, NULL
    FROM (SELECT coalesce((definition ->> 'personal')::boolean, definition ? 'audience')) AS p (personal);

    -- What was found of the customer, when it was decided; without it there would be no claim.
    -- Of a coupon that somebody else has given him, what was found when he got it.
    SELECT s.evidence, s.step INTO evidence, decided_at FROM clientele.claim_step AS s
    WHERE s.claim_id = claim.claim_id AND s.step IN ('claim', 'transfer') AND s.evidence IS NOT NULL ORDER BY s.at DESC LIMIT 1;
    RETURN QUERY
    SELECT r.item, f.found || format(' (as of %s, version %s of the profile)', evidence ->> 'as_of', evidence ->> 'model_version'), c.part, true
    FROM (VALUES ('segment', 1, batch.segment), ('audience', 2, definition ->> 'audience')) AS r (item, place, rule)
    CROSS JOIN LATERAL unnest(clientele.conditions(r.rule::clientele.expression)) WITH ORDINALITY AS c (part, place)
    CROSS JOIN LATERAL (
        SELECT CASE WHEN r.item = 'audience' AND evidence -> 'frozen' = 'true' THEN 'on the list that was frozen'
                    ELSE (SELECT string_agg(concat(e.key, ' = ', coalesce(e.value, 'unknown')), ', ' ORDER BY e.key COLLATE "C")
                          FROM jsonb_each_text(evidence -> 'values') AS e
                          WHERE e.key = ANY (clientele.identifiers(c.part::clientele.expression)) OR e.key LIKE 'has\_tag(%' AND strpos(c.part, e.key) > 0
                             OR e.key = 'tags' AND clientele.segment_tags(c.part::clientele.expression) IS NOT NULL) END) AS f (found)
    WHERE evidence IS NOT NULL AND (r.item = 'audience' OR decided_at = 'claim') ORDER BY r.place, c.place;

    -- The bill is asked again, as it was, at the instant at which it was asked.
    SELECT s.at, s.evidence, s.step INTO at, evidence, decided_at FROM clientele.claim_step AS s
    WHERE s.claim_id = claim.claim_id AND s.step IN ('claim', 'redeem') AND s.bill IS NOT NULL ORDER BY s.at LIMIT 1;
    IF FOUND AND claim.bill IS NOT NULL THEN
        -- Who has claimed it before there was a bill was asked for the term then, when no branch was known.
        IF decided_at = 'redeem' AND claim.origin = 'claim' THEN
            at := claim.claimed_at;
        ELSE
            home := zone;
        END IF;
        again := clientele.benefit(claim.bill, version.definition, (evidence ->> 'spent')::numeric, at, home);
        RETURN QUERY
        SELECT 'term', to_char(at AT TIME ZONE home, local),
               concat_ws(', ', format('from %s', definition #>> '{term,from}'), 'to ' || (definition #>> '{term,to}'),
                         'weekdays ' || (SELECT string_agg(d, ' ') FROM jsonb_array_elements_text(definition #> '{term,days}') AS d),
                         (definition #>> '{term,hours,from}') || '-' || (definition #>> '{term,hours,to}')),
               NOT again.reasons && '{early,late,day,hour}'
        UNION ALL
        SELECT 'branch', claim.bill ->> 'branch', CASE WHEN definition -> 'branches' = '"all"' THEN 'all'
               ELSE (SELECT string_agg(b, ', ') FROM jsonb_array_elements_text(definition -> 'branches') AS b) END, NOT 'branch' = ANY (again.reasons)
        UNION ALL
        (SELECT 'bill', (SELECT string_agg(concat(n, ' = ', coalesce(f.found, 'unknown')), ', ')
                         FROM unnest(clientele.identifiers(c.part::clientele.expression)) AS n
                         CROSS JOIN LATERAL (SELECT CASE n WHEN 'amount' THEN clientele.bill_amount(claim.bill)::text
                             WHEN 'quantity' THEN (SELECT sum(l.quantity)::text FROM clientele.bill_lines(claim.bill) AS l)
                             WHEN 'items' THEN (SELECT string_agg(l.item, ', ' ORDER BY l.line) FROM clientele.bill_lines(claim.bill) AS l)
                             WHEN 'categories' THEN (SELECT string_agg(l.category, ', ' ORDER BY l.line) FROM clientele.bill_lines(claim.bill) AS l)
                             ELSE claim.bill ->> n END) AS f (found)),
                c.part, c.part <> ALL (again.missing)
         FROM unnest(clientele.conditions((definition ->> 'bill')::clientele.expression)) WITH ORDINALITY AS c (part, place) ORDER BY c.place)
        UNION ALL
        SELECT 'spend', coalesce(evidence ->> 'spent', clientele.bill_amount(claim.bill)::text),
               format('at least %s %s', definition #>> '{spend,at_least}',
                      CASE definition #>> '{spend,measure}' WHEN 'bill' THEN 'on the bill' ELSE format('of %s since the term began', definition #>> '{spend,measure}') END), NOT 'spend' = ANY (again.reasons)
        WHERE definition ? 'spend'
        UNION ALL
        SELECT 'benefit', trim_scale(claim.given)::text, clientele.benefit_words(definition -> 'benefit'),
               claim.given <= coalesce(again.points, again.quantity, again.value);
    END IF;

    RETURN QUERY
    SELECT s.step, concat_ws(' ', to_char(s.at AT TIME ZONE zone, local), 'by', s.actor, trim_scale(s.amount)), s.reason, NULL::boolean
    FROM clientele.claim_step AS s WHERE s.claim_id = claim.claim_id ORDER BY s.at;
    RETURN QUERY
    SELECT 'taken back', trim_scale(claim.taken_back)::text, format('of %s, after %s of the bill were refunded: %s', trim_scale(claim.given),
           trim_scale(claim.refunded), definition ->> 'after_refund'), NULL::boolean
    WHERE claim.refunded > 0;
END
$$;
REVOKE ALL ON FUNCTION clientele.explain_claim_for(regrole, bigint) FROM PUBLIC;
COMMENT ON FUNCTION clientele.explain_claim_for(regrole, bigint) IS 'internal: explain_claim, behind the door';

CREATE FUNCTION clientele.explain_claim(claim_id bigint, OUT item text, OUT value text, OUT condition text, OUT holds boolean)
RETURNS SETOF record AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C STABLE STRICT;
COMMENT ON FUNCTION clientele.explain_claim(bigint) IS 'why a customer got a benefit, and what became of it, from what was stored when it was decided: the version of the promotion, what was found of the customer, each condition and what the bill said to it, the benefit, and every step';

-- ---------------------------------------------------------------------------
-- A person's rights: a copy, and being forgotten
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.pseudonym(population_id int, word text) RETURNS text
    LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT 'forgotten:' || left(encode(sha256(s.secret || convert_to('pseudonym:' || word, 'UTF8')), 'hex'), 32)
    FROM clientele.population_secret AS s WHERE s.population_id = pseudonym.population_id
    $$;
REVOKE ALL ON FUNCTION clientele.pseudonym(int, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.pseudonym(int, text) IS 'internal: what stands in the place of a word that is forgotten; the same for the same word, and nothing leads back';

-- What is left of a bill whose customer is forgotten: the money, and who sold.
CREATE FUNCTION clientele.anonymous_bill(bill jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT jsonb_object_agg(b.key, b.value)
    FROM jsonb_each(bill || jsonb_build_object('amount', clientele.bill_amount(bill))) AS b WHERE b.key IN ('amount', 'branch', 'channel', 'staff')
    $$;
REVOKE ALL ON FUNCTION clientele.anonymous_bill(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION clientele.anonymous_bill(jsonb) IS 'internal: amount, branch, channel and staff of a bill; not its number, its time, or what was bought';

CREATE FUNCTION clientele.forget_claims(caller regrole, population_id int, key text, pseudonym text) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_forget_claims' LANGUAGE C VOLATILE STRICT;
REVOKE ALL ON FUNCTION clientele.forget_claims(regrole, int, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.forget_claims(regrole, int, text, text) IS 'internal: what a customer holds is released; what he has claimed, was given and has paid stands under a pseudonym from now on; what was said of him is erased';

-- As people want to read it; what is not there is an empty list.
CREATE FUNCTION clientele.export_person_for(caller regrole, population text, key text) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owned clientele.population := clientele.readable_population(caller, population);
    document jsonb;
    one record;
    lists CONSTANT text := $query$SELECT coalesce(jsonb_agg(to_jsonb(t) - '{population_id,key}'::text[] ORDER BY %3$s), '[]') FROM %1$s AS t WHERE t.key = %2$L$query$;
    listed jsonb;
BEGIN
    key := clientele.key_text(owned, key);
    document := jsonb_build_object('population', owned.name, 'key', key, 'at', clientele.wall_clock(),
        'profile', CASE WHEN owned.live_version IS NOT NULL THEN clientele.profile(owned.name, key) END);

    -- What belongs to the population's owner is read with his rights.
    FOR one IN
        SELECT * FROM (VALUES ('manual', 'statements', 'number'), ('change', 'changes', 'position'), ('revenue', 'paid_on_days', 'day')) AS t (kind, name, place)
    LOOP
        SELECT l.list INTO listed FROM clientele.owner_read(owned.owner,
            format(lists, clientele.data_table(owned.name, one.kind), key, one.place)) AS l (list jsonb);
        document := document || jsonb_build_object(one.name, listed);
    END LOOP;
    FOR one IN SELECT * FROM (VALUES ('ledger_entry', 'ledger', 'entry_id'), ('membership', 'memberships', 'at, request_id'), ('refusal', 'refusals', 'number')) AS t (kind, name, place) LOOP
        EXECUTE format(lists || ' AND t.population_id = %4$s', 'clientele.' || one.kind, key, one.place, owned.population_id) INTO listed;
        document := document || jsonb_build_object(one.name, listed);
    END LOOP;
    RETURN document || jsonb_build_object(
        'claims', (SELECT coalesce(jsonb_agg(to_jsonb(c) - '{population_id,key,promotion_id}'::text[] || jsonb_build_object(
                       'promotion', o.name,
                       'code', (SELECT d.code FROM clientele.coupon_code AS d WHERE d.population_id = c.population_id AND d.claim_id = c.claim_id),
                       -- who gave her a coupon, and what was found of him, is his
                       'steps', (SELECT jsonb_agg(to_jsonb(s) - '{population_id,claim_id}'::text[] #- '{evidence,from}' ORDER BY s.at)
                                 FROM clientele.claim_step AS s
                                 WHERE s.claim_id = c.claim_id
                                   AND s.at >= coalesce((SELECT max(t.at) FROM clientele.claim_step AS t WHERE t.claim_id = c.claim_id AND t.step = 'transfer'), '-infinity')))
                       ORDER BY c.claim_id), '[]')
                   FROM clientele.claim AS c JOIN clientele.offered_promotion AS o USING (promotion_id)
                   WHERE c.population_id = owned.population_id AND c.key = export_person_for.key),
        'impressions', (SELECT coalesce(jsonb_agg(jsonb_build_object('promotion', o.name, 'hour', i.hour, 'branch', nullif(i.branch, ''), 'staff', nullif(i.staff, ''))
                                                  ORDER BY i.hour, i.promotion_id, i.branch, i.staff), '[]')
                        FROM clientele.impression AS i JOIN clientele.offered_promotion AS o USING (promotion_id)
                        WHERE i.population_id = owned.population_id AND i.key = export_person_for.key),
        'audiences', (SELECT coalesce(jsonb_agg(o.name ORDER BY o.promotion_id), '[]')
                      FROM clientele.frozen_audience AS f JOIN clientele.offered_promotion AS o USING (promotion_id)
                      WHERE f.population_id = owned.population_id AND f.key = export_person_for.key));
END
$$;
REVOKE ALL ON FUNCTION clientele.export_person_for(regrole, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.export_person_for(regrole, text, text) IS 'internal: export_person, behind the door';

CREATE FUNCTION clientele.export_person(population text, key text) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C STABLE STRICT;
COMMENT ON FUNCTION clientele.export_person(text, text) IS 'a copy of all that is stored of a customer: the profile as it is now; statements of people, changes, payments by days; claims with every step and its evidence, ledger, memberships, refusals, the promotions that he was shown, and those on whose frozen lists he stands. What the clinic''s own tables have is the clinic''s to add';

CREATE FUNCTION clientele.export_person(population text, key anynonarray) RETURNS jsonb
    LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp
    AS $$ SELECT clientele.export_person($1, $2::text) $$;
COMMENT ON FUNCTION clientele.export_person(text, anynonarray) IS 'the same with the key in its own type';
