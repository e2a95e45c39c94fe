-- Two clinics' populations in one database, and roles that have one privilege each, or none.  Who has none
-- learns nothing: not what a claim is, nor whether there is one; who has one learns nothing of the neighbour.
BEGIN;
SET LOCAL search_path = public, clientele;
SELECT no_plan();

CREATE ROLE rights_owner; CREATE ROLE rights_neighbour; CREATE ROLE rights_stranger; CREATE ROLE rights_till; CREATE ROLE rights_bi;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO rights_owner, rights_neighbour', current_database()); END $$;
GRANT CREATE ON SCHEMA public TO rights_owner, rights_neighbour;

CREATE FUNCTION pg_temp.open_clinic(name text, first_key int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE public.%I (id int PRIMARY KEY, class text)', name);
    EXECUTE format('INSERT INTO public.%I SELECT k, ''A'' FROM generate_series(%s, %s) AS k', name, first_key, first_key + 9);
    PERFORM clientele.create_population(name, format('public.%I', name)::regclass, 'id', 'Asia/Shanghai', target_schema => name || '_views'),
            clientele.define_metric(name, 'member', 'class'), clientele.define_tag(name, 'gold'), clientele.publish(name);
    CALL clientele.refresh(name);
END
$$;
CREATE FUNCTION pg_temp.offer(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM clientele.define_promotion(name, 'secret of ' || name, '{"term": {"from": "2020-01-01"}, "branches": "all",
        "benefit": {"kind": "stored value", "amount": 5}, "stock": {"total": 9}, "after_refund": "recompute"}'),
        clientele.publish_promotion(name, 'secret of ' || name), clientele.issue_codes(name, 'secret of ' || name, 2, 'codes');
END
$$;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pg_temp TO PUBLIC;

SET LOCAL ROLE rights_owner;
SELECT pg_temp.open_clinic('rights', 1) \g /dev/null
SELECT set_eq($$SELECT relname FROM pg_class WHERE relnamespace = 'rights_views'::regnamespace AND relkind = 'v'$$,
    ARRAY(SELECT 'rights' || s FROM unnest('{"",_at,_tag,_manual,_change,_membership,_moves,_daily,_promotion,_claim,_coupon_batch,_ledger,_plan,_promotion_report,_promotion_effect,_price,_refusal}'::text[]) AS s)::name[],
    'views of promotions are there before the first promotion, so that rights can be given');
GRANT USAGE ON SCHEMA rights_views TO rights_till, rights_bi;
GRANT INSERT ON rights_views.rights_claim TO rights_till;
GRANT SELECT ON ALL TABLES IN SCHEMA rights_views TO rights_bi;
CREATE TEMPORARY TABLE rewrite AS SELECT oid, ctid::text AS place FROM pg_rewrite WHERE ev_class::regclass::text LIKE 'rights_views.%' ORDER BY oid;
SELECT pg_temp.offer('rights') \g /dev/null
SELECT results_eq($$SELECT oid, ctid::text AS place FROM pg_rewrite WHERE ev_class::regclass::text LIKE 'rights_views.%' ORDER BY oid$$, 'SELECT * FROM rewrite',
                  'publishing a promotion leaves them as they are, so that it waits for no reader of them');
SELECT clientele.claim('rights', 2, 'secret of rights', 'r-1', '{"branch": "Pudong", "amount": 10}', true) AS ours,
       clientele.credit('rights', 3, 'points', 7, 'r-2'), clientele.record_impression('rights', 5, '{secret of rights}'), clientele.refuse_automation('rights', 6) \gset
SET LOCAL ROLE rights_neighbour;
SELECT pg_temp.open_clinic('next_door', 101), pg_temp.offer('next_door') \g /dev/null
SELECT clientele.claim('next_door', 102, 'secret of next_door', 'n-1', '{"branch": "hidden", "lines": [{"item": "hidden", "price": 10}, {"item": "hidden", "price": 12}]}', true) AS theirs,
       clientele.credit('next_door', 103, 'points', 77, 'n-2'), clientele.grant_membership('next_door', 104, 'gold', 'infinity', 'n-3'),
       clientele.record_impression('next_door', 105, '{secret of next_door}', '{"branch": "hidden", "amount": 1}'), clientele.refuse_automation('next_door', 106, 'hidden') \gset
RESET ROLE;

-- ---------- whoever has no right ----------
CREATE TEMPORARY TABLE question (n int GENERATED ALWAYS AS IDENTITY, call text, code text);
INSERT INTO question (call, code) SELECT replace(c, '%P', quote_literal('next_door')), '42501' FROM unnest(ARRAY[
    $$SELECT offers(%P, %K, '{"amount": 1}')$$, $$SELECT best_offers(%P, %K, '{"amount": 1}')$$, $$SELECT promotions(%P)$$, $$SELECT promotion_versions(%P, %N)$$,
    $$SELECT claim(%P, %K, %N, 'n-1')$$, $$SELECT try_claim(%P, %K, %N, 'n-1')$$, $$SELECT claim_best(%P, %K, 'n-1', '{"amount": 1}')$$,
    $$SELECT claim_code(%P, %K, '7NHC-3XW9-RTPV-24KF', 'n-1')$$, $$SELECT try_claim_code(%P, %K, '7NHC-3XW9-RTPV-24KF', 'n-1')$$, $$SELECT teams(%P, %N)$$,
    $$SELECT record_impression(%P, %K, ARRAY[%N])$$, $$SELECT delete_impressions(%P, now())$$, $$SELECT codes(%P, 2)$$, $$SELECT withdraw_codes(%P, 2)$$, $$SELECT issue_codes(%P, %N, 1, 'codes')$$, $$CALL issue_coupons(%P, %N, 'true', 'codes')$$,
    $$SELECT balance(%P, %K, 'points')$$, $$SELECT balances(%P, %K)$$, $$SELECT account_statement(%P, %K, 'points')$$, $$SELECT entitlements(%P, %K)$$,
    $$SELECT memberships(%P, %K)$$, $$SELECT grant_membership(%P, %K, 'gold', 'infinity', 'n-3')$$, $$SELECT end_membership(%P, %K, 'gold', 'n-3')$$,
    $$SELECT credit(%P, %K, 'points', 1, 'n-2')$$, $$SELECT spend(%P, %K, 'points', 1, 'n-2')$$, $$SELECT refund_spending(%P, 'n-2', 1, 'n-4')$$,
    $$SELECT earn(%P, %K, 'n-5', '{"amount": 1}')$$, $$SELECT refuse_automation(%P, %K)$$, $$SELECT allow_automation(%P, %K)$$,
    $$SELECT simulate_promotion(%P, %N)$$, $$SELECT promotion_effect(%P, %N)$$, $$SELECT verify_promotions(%P)$$, $$SELECT export_person(%P, %K)$$,
    $$SELECT define_promotion(%P, %N, '{"term": {"from": "2020-01-01"}, "branches": "all", "benefit": {"kind": "points", "points": 5}, "after_refund": "none"}')$$,
    $$SELECT define_earn_rule(%P, %N, '{"term": {"from": "2020-01-01"}, "branches": "all", "benefit": {"kind": "points", "points": 5}, "after_refund": "none"}')$$,
    $$SELECT publish_promotion(%P, %N)$$, $$SELECT reset_promotion(%P, %N)$$, $$SELECT drop_promotion(%P, %N)$$, $$SELECT pause_promotion(%P, %N)$$,
    $$SELECT resume_promotion(%P, %N)$$, $$SELECT end_promotion(%P, %N)$$, $$SELECT freeze_audience(%P, %N)$$, $$SELECT set_holdout(%P, %N, 5)$$,
    $$SELECT set_branch_zone(%P, 'hidden', 'UTC')$$, $$SELECT forget(%P, %K)$$]) AS c;
INSERT INTO question (call, code) VALUES
    ($$SELECT redeem(%C, 'n-9')$$, 'P0002'), ($$SELECT redeem(%C, 'n-1')$$, 'P0002'), ($$SELECT give_back(%C, 'n-9')$$, 'P0002'),
    ($$SELECT transfer_claim(%C, 104, 'n-9')$$, 'P0002'), ($$SELECT explain_claim(%C)$$, '42704');
SELECT is((SELECT count(*) FROM pg_proc AS p JOIN pg_depend AS d ON (d.classid, d.objid, d.refclassid, d.deptype) = ('pg_proc'::regclass, p.oid, 'pg_extension'::regclass, 'e')
           WHERE p.prosrc IN ('clientele_door_for_caller', 'clientele_offers', 'clientele_best_offers', 'clientele_issue_coupons')
             AND p.proargtypes[0] IN ('text'::regtype, 'bigint'::regtype) AND p.proargtypes[1] IS DISTINCT FROM 'anynonarray'::regtype
             AND (p.proargnames[1] LIKE 'claim%' OR pg_get_functiondef(p.oid) ~ 'promotion|offer|claim|code|coupon|ledger|balance|member|earn|automation|statement|entitle|spend|credit|holdout|branch_zone|freeze|export_person|teams')
             AND NOT EXISTS (SELECT FROM question AS q WHERE q.call ~ format('^(SELECT|CALL) %s\(', p.proname))), 0::bigint, 'every door of promotions is tried');

-- What is answered, as code and message with its hint and detail.
CREATE FUNCTION pg_temp.answer(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    code text; message text; detail text; hint text;
BEGIN
    EXECUTE call;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(' | ', code, message, detail, hint);
END
$$;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pg_temp TO PUBLIC;
GRANT SELECT ON question TO PUBLIC;
CREATE TEMPORARY TABLE role_without (role name);
INSERT INTO role_without VALUES ('rights_stranger'), ('rights_till'), ('rights_bi'), ('rights_owner');
GRANT SELECT ON role_without TO PUBLIC;
CREATE FUNCTION pg_temp.about(call text, key text, promotion text, claim text) RETURNS text LANGUAGE sql AS $$
    SELECT replace(pg_temp.answer(replace(replace(replace(call, '%K', key), '%N', quote_literal(promotion)), '%C', claim)), 'claim ' || claim, 'claim ...') $$;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pg_temp TO PUBLIC;
SELECT format($$
SET LOCAL ROLE %1$I;
SELECT is_empty('SELECT call, pg_temp.about(call, ''103'', ''secret of next_door'', ''%2$s'') FROM question
                 WHERE left(pg_temp.about(call, ''103'', ''secret of next_door'', ''%2$s''), 5) <> code', '%1$s is refused everything next door');
SELECT is_empty('SELECT call, pg_temp.about(call, ''103'', ''secret of next_door'', ''%2$s'') FROM question
                 WHERE pg_temp.about(call, ''103'', ''secret of next_door'', ''%2$s'') <> pg_temp.about(call, ''9999'', ''no such thing'', ''9999'')',
                '%1$s is not told whether there is such a customer, promotion or claim');
RESET ROLE;
$$, role, :'theirs') FROM role_without \gexec

-- ---------- whoever may read one clinic's views ----------
CREATE FUNCTION pg_temp.overhear(word text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$
BEGIN
    PERFORM set_config('rights.heard', concat_ws(E'\n', current_setting('rights.heard', true), word), true);
    RETURN true;
END
$$;
CREATE FUNCTION pg_temp.overheard(view text, "column" text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('rights.heard', '', true);
    EXECUTE format('SELECT FROM rights_views.%I WHERE pg_temp.overhear(%I::text)', view, "column");
    RETURN substring(current_setting('rights.heard') FROM 'n-[1-9]|10[1-9]|hidden|next_door');
END
$$;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pg_temp TO PUBLIC;
SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_indexonlyscan = off;
SET LOCAL ROLE rights_bi;
SELECT is(pg_temp.overheard(c.relname, a.attname), NULL, format('of %s.%s a function in WHERE sees nothing of the neighbour''s', c.relname, a.attname))
FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
WHERE c.relnamespace = 'rights_views'::regnamespace AND c.relname ~ '_(promotion|claim|coupon_batch|ledger|plan|promotion_report|price|refusal)$'
  AND a.attname IN ('id', 'request_id', 'definition', 'name', 'promotion', 'branch', 'item', 'note') ORDER BY c.relname, a.attnum;
SELECT isnt_empty($$SELECT FROM rights_views.rights_claim$$, 'though it reads what is its own');
SELECT is((SELECT string_agg(id, ', ') FROM rights_views.rights_refusal), '6', 'and who refuses');
SELECT is((SELECT sum(reach) FROM rights_views.rights_promotion_report), 2::numeric, 'and whom a promotion has reached: who has claimed it, and who was shown it');
SELECT throws_ok($$SELECT * FROM clientele.claim$$, '42501', NULL, 'and not the table beneath');
SELECT throws_ok($$SELECT * FROM clientele.ledger_line$$, '42501', NULL, 'nor the view beneath');
RESET ROLE;

-- ---------- one privilege, one task ----------
SET LOCAL ROLE rights_till;
SELECT lives_ok($$SELECT give_back(claim('rights', 4, 'secret of rights', 't-1', '{"amount": 10}', true), 't-2')$$, 'who may claim claims, and gives back');
SELECT is((SELECT balance FROM balances('rights', 3)), 7::numeric, 'and may ask what a customer has');
SELECT is(record_impression('rights', 4, ARRAY(SELECT promotion FROM offers('rights', 4, '{"amount": 10}') WHERE eligible), '{"branch": "Pudong", "amount": 10}'), 1, 'and says what it has shown');
SELECT is(left(pg_temp.answer(c), 5), '42501', 'no more than that: ' || c) FROM unnest(ARRAY[
    $$SELECT * FROM rights_views.rights_claim$$, $$SELECT issue_codes('rights', 'secret of rights', 1, 't-3')$$,
    $$SELECT credit('rights', 3, 'points', 1, 't-4')$$, $$SELECT end_promotion('rights', 'secret of rights')$$, $$SELECT export_person('rights', 3)$$,
    $$SELECT delete_impressions('rights', now())$$, $$SELECT * FROM rights_views.rights_promotion_report$$, $$SELECT * FROM rights_views.rights_refusal$$, $$SELECT * FROM clientele.impression$$]) AS c;
SELECT throws_ok($$INSERT INTO rights_views.rights_claim (claim_id) VALUES (1)$$, '55000', NULL, 'INSERT on the view inserts nothing');
RESET ROLE;
REVOKE USAGE ON SCHEMA rights_views FROM rights_till;
SET LOCAL ROLE rights_till;
SELECT throws_like($$SELECT claim('rights', 5, 'secret of rights', 't-5')$$, 'permission denied%', 'without the schema it is no right');
SELECT alike(pg_temp.answer($$SELECT claim('rights', 5, 'secret of rights', 't-5')$$), '%GRANT USAGE ON SCHEMA rights_views TO rights_till; GRANT INSERT ON%', 'and the hint says so');
RESET ROLE;

SELECT finish();
ROLLBACK;
