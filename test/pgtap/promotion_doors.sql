-- What all functions of promotions have in common: an argument that is missing is named, so is a promotion that is not
-- there, and whoever has called one has his settings as they were.  And nobody loses by a slip what customers own.
BEGIN;
SET LOCAL search_path = public, clientele;
SET LOCAL client_min_messages = warning;
SELECT no_plan();

CREATE TABLE public.doors (id int PRIMARY KEY);
CREATE TABLE public.doors_paid (id int, at timestamptz, net numeric(10,2));
INSERT INTO public.doors SELECT generate_series(1, 9);
SELECT create_population('doors', 'public.doors', 'id', 'Asia/Shanghai', target_schema => 'doors_views'),
       add_source('doors', 'paid', 'public.doors_paid', 'id', 'at', amount => 'net'), set_revenue('doors', 'paid'),
       define_metric('doors', 'spend', 'sum(paid.net)', 2), define_metric('doors', 'visits', 'count(paid)'), define_tag('doors', 'gold'), publish('doors') \g /dev/null
CALL refresh('doors');
CREATE FUNCTION pg_temp.promotion(more jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT '{"term": {"from": "2020-01-01"}, "branches": "all", "benefit": {"kind": "amount off", "amount": 5}, "after_refund": "recompute"}' || more $$;
SELECT define_promotion('doors', 'july', pg_temp.promotion('{"audience": "spend >= 0 or spend is null", "audience_at": "term start"}')), publish_promotion('doors', 'july'),
       define_promotion('doors', 'july', pg_temp.promotion('{"audience": "true", "audience_at": "term start"}')),
       define_promotion('doors', 'team', pg_temp.promotion('{"needs": {"joiners": 2, "within": {"hours": 24}}}')), publish_promotion('doors', 'team'),
       define_promotion('doors', 'draft', pg_temp.promotion('{}')),
       define_promotion('doors', 'coupons', pg_temp.promotion('{}')), publish_promotion('doors', 'coupons') \g /dev/null
SELECT claim('doors', 1, 'july', 'claimed', '{"amount": 10}') AS claim, claim('doors', 1, 'team', 'begun', '{"amount": 10}') AS team,
       issue_codes('doors', 'coupons', 2, 'codes', transferable => true) AS batch,
       credit('doors', 1, 'gift', 5, 'credited', item => 'mask'), spend('doors', 1, 'gift', 2, 'spent', item => 'mask') \gset
SELECT code FROM codes('doors', :batch) LIMIT 1 \gset
SELECT claim_code('doors', 1, (SELECT max(code) FROM codes('doors', :batch) WHERE code <> :'code'), 'from a code') AS coupon \gset

-- What may be NULL is followed by a question mark: that is its default, or said so.
CREATE TEMPORARY TABLE door (name text, arguments jsonb);
INSERT INTO door VALUES
    ('define_promotion', jsonb_build_object('population', 'doors', 'name', 'x', 'definition', pg_temp.promotion('{}'))),
    ('define_earn_rule', jsonb_build_object('population', 'doors', 'name', 'x', 'definition', pg_temp.promotion('{"benefit": {"kind": "points", "points": 5}}'))),
    ('publish_promotion', '{"population": "doors", "name": "july", "note?": "x"}'),
    ('reset_promotion', '{"population": "doors", "name": "july"}'),
    ('drop_promotion', '{"population": "doors", "name": "draft"}'),
    ('pause_promotion', '{"population": "doors", "name": "july"}'),
    ('resume_promotion', '{"population": "doors", "name": "july"}'),
    ('end_promotion', '{"population": "doors", "name": "july"}'),
    ('freeze_audience', '{"population": "doors", "name": "july"}'),
    ('set_holdout', '{"population": "doors", "name": "july", "percent": 5}'),
    ('set_branch_zone', '{"population": "doors", "branch": "b", "time_zone?": "UTC"}'),
    ('refuse_automation', '{"population": "doors", "key": "1", "note?": "x"}'),
    ('allow_automation', '{"population": "doors", "key": "1", "note?": "x"}'),
    ('promotions', '{"population": "doors"}'),
    ('promotion_versions', '{"population": "doors", "name": "july"}'),
    ('claim', jsonb_build_object('population', 'doors', 'key', '2', 'promotion', 'team', 'request_id', 'q', 'bill?', '{"amount": 10}'::jsonb, 'redeem?', false, 'team?', :team)),
    ('try_claim', jsonb_build_object('population', 'doors', 'key', '2', 'promotion', 'team', 'request_id', 'q', 'bill?', '{"amount": 10}'::jsonb, 'redeem?', false, 'team?', :team)),
    ('redeem', jsonb_build_object('claim_id', :claim, 'request_id', 'q', 'bill?', '{"amount": 10}'::jsonb)),
    ('give_back', jsonb_build_object('claim_id', :claim, 'request_id', 'q', 'amount?', 1, 'reason?', 'x', 'kept?', '{"amount": 9}'::jsonb)),
    ('record_impression', '{"population": "doors", "key": "1", "promotions": "{july}", "bill?": {"amount": 10}}'),
    ('claim_best', '{"population": "doors", "key": "3", "request_id": "q", "bill": {"amount": 10}, "policy?": "first", "redeem?": false}'),
    ('teams', '{"population": "doors", "promotion?": "team"}'),
    ('issue_codes', '{"population": "doors", "promotion": "coupons", "quantity": 2, "request_id": "q", "valid_until?": "2100-01-01", "transferable?": true, "note?": "x"}'),
    ('codes', jsonb_build_object('population', 'doors', 'batch', :batch)),
    ('withdraw_codes', jsonb_build_object('population', 'doors', 'batch', :batch)),
    ('claim_code', jsonb_build_object('population', 'doors', 'key', '2', 'code', :'code', 'request_id', 'q', 'bill?', '{"amount": 10}'::jsonb, 'redeem?', false)),
    ('try_claim_code', jsonb_build_object('population', 'doors', 'key', '2', 'code', :'code', 'request_id', 'q', 'bill?', '{"amount": 10}'::jsonb, 'redeem?', false)),
    ('issue_coupons', '{"population": "doors", "promotion": "coupons", "segment": "id < 4", "request_id": "q", "valid_until?": "2100-01-01", "transferable?": true, "note?": "x", "batch?": 10}'),
    ('transfer_claim', jsonb_build_object('claim_id', :coupon, 'to_key', '2', 'request_id', 'q')),
    ('credit', '{"population": "doors", "key": "1", "account": "points", "amount": 1, "request_id": "q", "item?": "", "valid_until?": "2100-01-01", "reason?": "x"}'),
    ('spend', '{"population": "doors", "key": "1", "account": "gift", "amount": 1, "request_id": "q", "item": "mask", "reason?": "x"}'),
    ('refund_spending', '{"population": "doors", "spent": "spent", "amount": 1, "request_id": "q", "reason?": "x"}'),
    ('balance', '{"population": "doors", "key": "1", "account": "points", "item?": "", "as_of?": "now"}'),
    ('balances', '{"population": "doors", "key": "1", "as_of?": "now"}'),
    ('account_statement', '{"population": "doors", "key": "1", "account": "gift", "item": "mask"}'),
    ('grant_membership', '{"population": "doors", "key": "1", "plan": "gold", "until": "2100-01-01", "request_id": "q", "paid?": 1, "since?": "2099-01-01", "reason?": "x"}'),
    ('end_membership', '{"population": "doors", "key": "1", "plan": "gold", "request_id": "q", "reason?": "x"}'),
    ('memberships', '{"population": "doors", "key": "1", "as_of?": "now"}'),
    ('earn', '{"population": "doors", "key": "1", "request_id": "q", "bill": {"amount": 1}}'),
    ('entitlements', '{"population": "doors", "key": "1", "as_of?": "now"}'),
    ('simulate_promotion', '{"population": "doors", "promotion": "july", "as_of?": "now", "since?": "2026-01-01", "bill?": {"amount": 10}, "at_take_up": "{50}"}'),
    ('promotion_effect', '{"population": "doors", "promotion": "july", "days": 3}');

-- These answer NULL by NULL, or by no rows, as they do a customer who is not there.
CREATE TEMPORARY TABLE reader (name text);
INSERT INTO reader VALUES ('offers'), ('best_offers'), ('explain_claim'), ('export_person'), ('verify_promotions');

CREATE FUNCTION pg_temp.call(name text, arguments jsonb, missing text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT format('%s %I(%s)', CASE name WHEN 'issue_coupons' THEN 'CALL' ELSE 'SELECT FROM' END, name,
                  string_agg(format('%I => %s', rtrim(a.key, '?'), CASE WHEN a.key = missing THEN 'NULL' ELSE quote_literal(a.value) END
                                                                   || CASE a.key WHEN 'key' THEN '::text' ELSE '' END), ', '))
    FROM jsonb_each_text(arguments) AS a $$;
-- The error, or what of the settings is not as it was; nothing is left of the call.
CREATE FUNCTION pg_temp.answer(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    settings CONSTANT text := 'SELECT string_agg(format(''%s = %s'', name, setting), '', '' ORDER BY name) FROM pg_settings';
    before text; after text;
BEGIN
    EXECUTE settings INTO before;
    EXECUTE call;
    EXECUTE settings INTO after;
    RAISE EXCEPTION USING ERRCODE = 'ZZ000', MESSAGE =
        coalesce((SELECT string_agg(s, ', ') FROM (SELECT unnest(string_to_array(after, ', ')) EXCEPT SELECT unnest(string_to_array(before, ', '))) AS changed (s)), 'nothing');
EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
    RETURN SQLERRM;
WHEN OTHERS THEN
    RETURN concat_ws(' | ', SQLSTATE, SQLERRM);
END
$$;

SELECT is(current_setting('lock_timeout'), '0', 'publishing rules and promotions has left lock_timeout as it was');
SET LOCAL lock_timeout = 0;
SELECT set_eq($$SELECT name, array_agg(rtrim(a, '?') ORDER BY rtrim(a, '?')) FROM door, jsonb_object_keys(arguments) AS a GROUP BY name$$,
    $$SELECT p.proname::text, array_agg(a.name ORDER BY a.name)
      FROM pg_proc AS p CROSS JOIN unnest(p.proargnames[:p.pronargs]) AS a (name)
      WHERE p.pronamespace = 'clientele'::regnamespace AND p.prosrc IN ('clientele_door_for_caller', 'clientele_issue_coupons')
        AND p.proargtypes[0] IN ('text'::regtype, 'bigint'::regtype) AND NOT p.proisstrict
        AND (p.proargnames[1] LIKE 'claim%' OR pg_get_functiondef(p.oid) ~ 'promotion|offer|claim|code|coupon|ledger|balance|member|earn|automation|statement|entitle|spend|credit|holdout|branch_zone|freeze|teams')
      GROUP BY p.oid$$, 'every argument of every function is tried');
SELECT is_empty($$SELECT d.name, pg_temp.answer(pg_temp.call(d.name, d.arguments)) FROM door AS d WHERE pg_temp.answer(pg_temp.call(d.name, d.arguments)) <> 'nothing'$$,
                'the calls are right, and leave settings as they were');

-- ---------- what is missing ----------
SELECT is(pg_temp.answer(pg_temp.call(d.name, d.arguments, a)),
          CASE WHEN a LIKE '%?' THEN 'nothing'
               WHEN d.name LIKE 'define%' AND a = 'name' THEN '42602 | the promotion needs a name'
               WHEN a = 'plan' THEN '42602 | the membership needs a name'
               WHEN a = 'item' THEN '22023 | which gift is not said'
               ELSE format('22004 | %s must not be null', a) END,
          format('%s without %s', d.name, a))
FROM door AS d CROSS JOIN jsonb_object_keys(d.arguments) AS a ORDER BY d.name, a;
SELECT is(p.proisstrict OR p.prosrc IN ('clientele_offers', 'clientele_best_offers'), true, 'a reader: ' || r.name)
FROM reader AS r JOIN pg_proc AS p ON p.proname = r.name AND p.pronamespace = 'clientele'::regnamespace AND p.proargtypes[1] IS DISTINCT FROM 'anynonarray'::regtype;

-- ---------- what is not there ----------
SELECT is(pg_temp.answer(pg_temp.call(d.name, d.arguments || jsonb_build_object(a, 'jully'))), '42704 | population "doors" has no promotion "jully"', d.name || ' of an unknown promotion')
FROM door AS d CROSS JOIN jsonb_object_keys(d.arguments) AS a
WHERE a IN ('promotion', 'promotion?') OR a = 'name' AND d.name NOT LIKE 'define%' ORDER BY d.name;
SELECT is(pg_temp.answer(format('SELECT %s(''doors'', ''1'', ''coupon'', ''jully'')', f)), '42704 | population "doors" has no promotion "jully"', f || ' of coupons for an unknown promotion')
FROM unnest('{balance,account_statement}'::text[]) AS f;
CREATE FUNCTION pg_temp.hint(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    hint text;
BEGIN
    EXECUTE call;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN hint;
END
$$;
SELECT is(pg_temp.hint(c), 'Perhaps you mean "july".', c) FROM unnest(ARRAY[$$SELECT teams('doors', 'jully')$$, $$SELECT claim('doors', 1, 'jully', 'q')$$]) AS c;
SELECT is(pg_temp.hint($$SELECT promotion_versions('doors', 'nonsense')$$), $$SELECT name FROM clientele.promotions('doors'); lists them.$$, 'or where they are listed');

-- ---------- settings ----------
SELECT is(pg_temp.answer(c), 'nothing', 'settings are as they were after ' || c)
FROM unnest(ARRAY[$$SELECT publish('doors')$$, $$SELECT FROM verify('doors')$$, $$CALL refresh('doors')$$,
                  $$SELECT drop_definition('doors', 'visits'), publish('doors'); CALL refresh('doors'); SELECT drop_column('doors', 'visits')$$]) AS c;
SET LOCAL lock_timeout = '1min'; -- a vacuum of claims, which it has to wait for, may take a while
SELECT is(pg_temp.answer($$SELECT drop_population('doors', with_balances => true)$$), 'nothing', 'and after drop_population');

-- ---------- what customers have ----------
CREATE FUNCTION pg_temp.detail(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    EXECUTE call;
    RAISE EXCEPTION SQLSTATE 'ZZ000' USING DETAIL = 'dropped';
EXCEPTION WHEN dependent_objects_still_exist OR SQLSTATE 'ZZ000' THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN detail;
END
$$;
SELECT credit('doors', 2, 'stored value', 88.50, 'paid in'), credit('doors', 3, 'stored value', 11.50, 'paid in, too'), spend('doors', 3, 'stored value', 10, 'used'),
       credit('doors', 2, 'points', 7, 'until 2090', valid_until => '2090-01-01'), grant_membership('doors', 4, 'gold', '2090-01-01', 'card') \g /dev/null
SELECT is(pg_temp.detail($$SELECT drop_population('doors')$$),
          'It would be gone: 1 claims of promotion "coupons", 1 claims of promotion "july", 1 claims of promotion "team", 1 codes for promotion "coupons", 3 gift "mask", 1 memberships "gold", 7 points, 90 stored value.',
          'a population is not dropped with what customers have');
SELECT matches(pg_temp.hint(c), 'drop_population\(''doors'', with_balances => true\)', 'the hint says how: ' || c)
FROM unnest(ARRAY[$$SELECT drop_population('doors')$$, $$SELECT drop_population('doors', true)$$, $$SELECT drop_population('doors', with_balances => NULL)$$]) AS c;
SELECT is(pg_temp.detail($$SELECT drop_population('doors', with_balances => true)$$), 'dropped', 'unless it is said');
SET LOCAL clientele.clock = '2095-01-01 00:00+08';
SELECT is(pg_temp.detail($$SELECT drop_population('doors')$$),
          'It would be gone: 1 claims of promotion "coupons", 1 claims of promotion "july", 1 codes for promotion "coupons", 3 gift "mask", 90 stored value.',
          'what has expired nobody has');
SELECT give_back(:claim, 'back'), give_back(:coupon, 'back, too'), withdraw_codes('doors', :batch), spend('doors', 1, 'gift', 3, 'all masks', item => 'mask'),
       spend('doors', 2, 'stored value', 88.5, 'all'), spend('doors', 3, 'stored value', 1.5, 'the rest') \g /dev/null
SELECT is(pg_temp.detail($$SELECT drop_population('doors')$$), 'dropped', 'and where nobody has anything it goes as ever');

SELECT finish();
ROLLBACK;
