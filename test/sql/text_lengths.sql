-- Texts by which something is looked up: 800 bytes of each are enough for everything, and one more is
-- refused before anything is done with it.  They are random, so that no index can make them shorter.
SET client_min_messages = warning;
SET search_path = clientele, public;
SET clientele.clock = '2026-06-30 12:00+08';
CREATE SCHEMA longest;
CREATE FUNCTION longest.of(bytes int, what text) RETURNS text LANGUAGE sql
    AS $$ SELECT left(string_agg(md5(what || n), ''), bytes) FROM generate_series(1, bytes / 32 + 1) AS n $$;
CREATE TABLE longest.customer (id text COLLATE "C" PRIMARY KEY);
INSERT INTO longest.customer SELECT longest.of(800, 'key ' || n) FROM generate_series(1, 3) AS n;
INSERT INTO longest.customer VALUES (longest.of(801, 'key'));
SELECT create_population('longest', 'longest.customer', 'id', 'Asia/Shanghai', target_schema => 'longest_segments');
SELECT define_tag('longest', 'good'), define_tag('longest', repeat('m', 63));
SELECT publish('longest');
CALL refresh('longest');
CREATE FUNCTION longest.offer(name text, rest jsonb) RETURNS int LANGUAGE sql
    AS $$ SELECT clientele.define_promotion('longest', name, jsonb_build_object('term', '{"from": "2026-07-01"}'::jsonb, 'branches', 'all', 'after_refund', 'none') || rest);
          SELECT clientele.publish_promotion('longest', name) $$;
SELECT longest.offer('branches', jsonb_build_object('benefit', '{"kind": "amount off", "amount": 1}'::jsonb, 'stock', '{"per_branch": 5}'::jsonb,
                                                    'branches', jsonb_build_array(longest.of(800, 'branch'), '1'))),
       longest.offer('gift', jsonb_build_object('benefit', jsonb_build_object('kind', 'gift', 'item', longest.of(800, 'item'), 'quantity', 1, 'value', 5))),
       longest.offer('coupon', '{"benefit": {"kind": "amount off", "amount": 1}, "audience": "has_tag(''good'')", "audience_at": "term start", "stock": {"total": 99}}');
SELECT longest.offer('each', '{"benefit": {"kind": "amount off", "amount": 1}, "stock": {"per_branch": 5}, "exclusive_group": "none", "priority": -1}');
SELECT define_earn_rule('longest', 'points', '{"term": {"from": "2026-07-01"}, "branches": "all", "after_refund": "none", "benefit": {"kind": "points", "points": 1}}');
SELECT publish_promotion('longest', 'points');

-- Every call once with the longest that there may be.
CREATE FUNCTION longest.key(n int) RETURNS text LANGUAGE sql AS $$ SELECT longest.of(800, 'key ' || n) $$;
CREATE FUNCTION longest.id(what text) RETURNS text LANGUAGE sql AS $$ SELECT longest.of(800, 'request ' || what) $$;
CREATE FUNCTION longest.bill() RETURNS jsonb LANGUAGE sql AS $$ SELECT jsonb_build_object('amount', 50, 'branch', longest.of(800, 'branch'), 'staff', longest.of(800, 'staff')) $$;
SELECT set_branch_zone('longest', longest.of(800, 'branch'), 'Asia/Tokyo');
SELECT tag_customer('longest', longest.key(1), 'good'), refuse_automation('longest', longest.key(2)), allow_automation('longest', longest.key(2));
SET clientele.clock = '2026-07-01 12:00+08';
SELECT freeze_audience('longest', 'coupon');
SELECT claim('longest', longest.key(1), 'branches', longest.id('claim'), longest.bill()) IS NOT NULL AS claimed;
SELECT state FROM redeem((SELECT max(claim_id) FROM claim), longest.id('redeem'));
SELECT state FROM give_back((SELECT max(claim_id) FROM claim), longest.id('give back'));
SELECT state FROM try_claim('longest', longest.key(1), 'gift', longest.id('gift'), longest.bill(), true);
SELECT count(*) FROM earn('longest', longest.key(1), longest.of(790, 'earn'), longest.bill());
SELECT count(*) FROM claim_best('longest', longest.key(1), longest.of(790, 'best'), longest.bill());
SELECT credit('longest', longest.key(1), 'gift', 2, longest.id('credit'), longest.of(800, 'item'));
SELECT spend('longest', longest.key(1), 'gift', 1, longest.id('spend'), longest.of(800, 'item'));
SELECT refund_spending('longest', longest.id('spend'), 1, longest.id('refund'));
SELECT grant_membership('longest', longest.key(1), repeat('m', 63), 'infinity', longest.id('grant'));
SELECT end_membership('longest', longest.key(1), repeat('m', 63), longest.id('end'));
SELECT issue_codes('longest', 'coupon', 1, longest.id('codes'), transferable => true) IS NOT NULL AS issued;
SELECT claim_code('longest', longest.key(1), (SELECT max(code) FROM coupon_code), longest.id('code')) IS NOT NULL AS claimed;
SELECT record_impression('longest', longest.key(1), '{gift}', longest.bill());
CALL issue_coupons('longest', 'gift', 'has_tag(''good'')', longest.id('coupons'), transferable => true);
-- once more; and of a segment whose condition is too long for a page
CALL issue_coupons('longest', 'gift', 'has_tag(''good'')', longest.id('coupons'), transferable => true);
SELECT format('CALL issue_coupons(''longest'', ''gift'', %L, ''long'', transferable => true)', format('has_tag(''good'') and id <> %L', longest.of(20000, 'segment'))) AS call \gset
:call;
SELECT transfer_claim((SELECT max(claim_id) FROM claim WHERE origin = 'batch'), longest.key(3), longest.id('transfer'));
SELECT forget('longest', longest.key(1));

-- One more.
\pset format unaligned
CREATE FUNCTION longest.refused(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
    hint text;
BEGIN
    EXECUTE 'SELECT ' || call;
    RETURN 'not refused';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(' | ', SQLSTATE, left(SQLERRM, 90), left(detail, 90), left(hint, 90));
END $$;
CREATE FUNCTION longest.more(what text) RETURNS text LANGUAGE sql AS $$ SELECT longest.of(801, what) $$;
SELECT call, longest.refused(call) FROM unnest(ARRAY[
    $$claim('longest', longest.key(3), 'gift', longest.more('id'), '{"amount": 1}')$$,
    $$claim('longest', longest.more('key'), 'gift', 'a1', '{"amount": 1}')$$,
    $$offers('longest', longest.more('key'), '{"amount": 1}')$$,
    $$best_offers('longest', longest.more('key'), '{"amount": 1}')$$,
    $$claim('longest', longest.key(3), 'gift', 'a2', jsonb_build_object('amount', 50, 'bill_id', longest.more('bill')))$$,
    $$claim('longest', longest.key(3), 'branches', 'a2', jsonb_build_object('amount', 50, 'branch', longest.more('branch')))$$,
    $$try_claim('longest', longest.key(3), 'branches', longest.more('id'))$$,
    $$claim('longest', longest.key(3), 'gift', 'a2', jsonb_build_object('amount', 50, 'staff', longest.more('staff')))$$,
    $$redeem((SELECT max(claim_id) FROM claim WHERE state = 'held'), longest.more('id'), '{"amount": 1}')$$,
    $$redeem((SELECT max(claim_id) FROM claim WHERE state = 'held'), 'a3', jsonb_build_object('amount', 50, 'branch', longest.more('branch')))$$,
    $$give_back((SELECT max(claim_id) FROM claim WHERE state = 'held'), longest.more('id'))$$,
    $$transfer_claim((SELECT max(claim_id) FROM claim WHERE state = 'held'), longest.key(2), longest.more('id'))$$,
    $$transfer_claim((SELECT max(claim_id) FROM claim WHERE state = 'held'), longest.more('key'), 'a4')$$,
    $$claim_code('longest', longest.key(3), 'X', longest.more('id'))$$,
    $$claim_best('longest', longest.key(3), longest.more('id'), '{"amount": 1}')$$,
    $$claim_best('longest', longest.key(3), longest.of(799, 'id'), '{"amount": 1}')$$,
    $$earn('longest', longest.key(3), longest.more('id'), '{"amount": 1}')$$,
    $$earn('longest', longest.key(3), longest.of(799, 'id'), '{"amount": 1}')$$,
    $$credit('longest', longest.key(3), 'points', 1, longest.more('id'))$$,
    $$credit('longest', longest.more('key'), 'points', 1, 'a5')$$,
    $$credit('longest', longest.key(3), 'gift', 1, 'a6', longest.more('item'))$$,
    $$spend('longest', longest.key(3), 'gift', 1, 'a7', longest.more('item'))$$,
    $$refund_spending('longest', 'spent', 1, longest.more('id'))$$,
    $$grant_membership('longest', longest.key(3), 'plan', 'infinity', longest.more('id'))$$,
    $$grant_membership('longest', longest.more('key'), 'plan', 'infinity', 'a8')$$,
    $$end_membership('longest', longest.key(3), 'plan', longest.more('id'))$$,
    $$issue_codes('longest', 'coupon', 1, longest.more('id'))$$,
    $$set_branch_zone('longest', longest.more('branch'), 'Asia/Tokyo')$$,
    $$tag_customer('longest', longest.more('key'), 'good')$$,
    $$refuse_automation('longest', longest.more('key'))$$,
    $$define_promotion('longest', 'more', jsonb_build_object('term', '{"from": "2026-07-01"}'::jsonb, 'branches', jsonb_build_array(longest.more('branch')), 'after_refund', 'none', 'benefit', '{"kind": "points", "points": 1}'::jsonb))$$,
    $$define_promotion('longest', 'more', jsonb_build_object('term', '{"from": "2026-07-01"}'::jsonb, 'branches', 'all', 'after_refund', 'none', 'benefit', jsonb_build_object('kind', 'gift', 'item', longest.more('item'), 'quantity', 1, 'value', 5)))$$,
    $$benefit(jsonb_build_object('amount', 50, 'branch', longest.more('branch')), '{"term": {"from": "2026-07-01"}, "branches": "all", "after_refund": "none", "benefit": {"kind": "points", "points": 1}}')$$]) AS call;
CALL issue_coupons('longest', 'gift', 'true', longest.of(801, 'id'));
-- what no index would take
SELECT longest.refused($$claim('longest', longest.key(3), 'each', 'a9', jsonb_build_object('amount', 50, 'branch', longest.of(5000, 'branch')))$$),
       longest.refused($$issue_codes('longest', 'coupon', 1, longest.of(5000, 'id'))$$);
-- characters are not cut
SELECT longest.refused($$claim('longest', longest.key(3), 'gift', repeat('长', 267), '{"amount": 1}')$$);

SELECT drop_population('longest', with_balances => true);
DROP SCHEMA longest CASCADE;
