-- Promotions, claims, coupons, the ledger and reports answer the same, however the session writes dates and intervals.
SET client_min_messages = warning;
SET search_path = clientele, public;
SET timezone = 'Asia/Shanghai';
SET datestyle = 'ISO, YMD';
CREATE SCHEMA style_shop;
CREATE TABLE style_shop.customer (id int PRIMARY KEY, branch text);
CREATE TABLE style_shop.payment (no int PRIMARY KEY, customer int NOT NULL, paid_at timestamptz NOT NULL, net numeric(12,2) NOT NULL);
INSERT INTO style_shop.customer SELECT n, n % 3 FROM generate_series(1, 20) AS n;
-- on days whose day and month can be taken for each other, and on others
INSERT INTO style_shop.payment SELECT 20 * d + n, n, timestamptz '2026-03-04 10:00+08' + d * interval '9 days', 100 * n + d
FROM generate_series(1, 20) AS n CROSS JOIN generate_series(0, 13) AS d;
SELECT create_population('style', 'style_shop.customer', 'id', 'Asia/Shanghai', target_schema => 'style_segments');
SELECT add_source('style', 'payment', 'style_shop.payment', 'customer', 'paid_at', amount => 'net');
SELECT define_metric('style', 'spent', 'sum(payment.net)');
SELECT define_ladder('style', 'class', '[{"label": "A", "when": "spent >= 10000"}, {"label": "B"}]');
SELECT define_tag('style', 'card');
SELECT set_revenue('style', 'payment');
SET clientele.clock = '2026-07-05 09:00+08';
SELECT publish('style', 'first rules');
CALL refresh('style');

-- A summer, as documents, in which instants are ISO whatever the style.  What is made in it goes with its transaction.
CREATE FUNCTION style_shop.summer() RETURNS TABLE (what text, answer jsonb) LANGUAGE plpgsql SET search_path = clientele, pg_catalog AS $$
DECLARE
    rest text := '"term": {"from": "2026-07-04", "to": "2026-09-08", "days": [1, 2, 3, 4, 5, 6, 7], "hours": {"from": "08:00", "to": "22:00"}}, "branches": "all", "after_refund": "proportional"';
    daily text := '"audience": "class = ''A''", "audience_at": "term start", "spend": {"at_least": 100, "measure": "spent"}, "benefit": {"kind": "percent off", "percent": 10}, ' || rest;
    codes bigint;
BEGIN
    PERFORM set_branch_zone('style', '1', 'Asia/Tokyo'),
            define_promotion('style', 'daily', format('{"stock": {"total": 20, "per_period": {"claims": 2, "period": "week"}}, %s}', daily)::promotion),
            define_promotion('style', 'points', format('{"benefit": {"kind": "points", "points": 7, "valid_days": 40}, %s}', rest)::promotion),
            define_earn_rule('style', 'earned', format('{"benefit": {"kind": "points", "per": 100, "points": 1}, %s}', rest)::promotion);
    RETURN QUERY SELECT 'simulated', to_jsonb(s) FROM simulate_promotion('style', 'daily') AS s;
    PERFORM publish_promotion('style', 'daily'), publish_promotion('style', 'points'), publish_promotion('style', 'earned');
    INSERT INTO style_shop.payment SELECT 1000 + n, n, '2026-07-05 08:30+08', 300 FROM generate_series(1, 20) AS n;
    RETURN QUERY SELECT 'frozen', to_jsonb(freeze_audience('style', 'daily'));

    FOR day IN 0 .. 3 LOOP
        PERFORM set_config('clientele.clock', to_jsonb(timestamptz '2026-07-05 09:00+08' + day * interval '1 day 30 minutes') #>> '{}', true);
        RETURN QUERY SELECT 'claimed', to_jsonb(c) FROM generate_series(18, 20) AS n
            CROSS JOIN LATERAL try_claim('style', n, 'daily', format('d %s %s', day, n),
                                         jsonb_build_object('branch', (n % 3)::text, 'amount', 500, 'at', wall_clock()), true) AS c ORDER BY n;
        RETURN QUERY SELECT 'offered', to_jsonb(o) FROM offers('style', 19, '{"branch": "1", "amount": 300}') AS o;
    END LOOP;
    -- a limit by days, of days that have passed
    PERFORM define_promotion('style', 'daily', format('{"stock": {"total": 20, "per_day": 5}, "budget": 1000, %s}', daily)::promotion),
            publish_promotion('style', 'daily');
    RETURN QUERY SELECT 'left', to_jsonb(s) - 'population_id' FROM (SELECT kind, scope, sum(remaining) AS "left" FROM clientele.stock GROUP BY 1, 2 ORDER BY 1, 2) AS s;
    RETURN QUERY SELECT 'wrong', to_jsonb(v) FROM verify_promotions('style') AS v;
    RETURN QUERY SELECT 'given back', to_jsonb(g) FROM give_back((SELECT min(claim_id) FROM clientele.claim WHERE state = 'redeemed'), 'back', 100) AS g;

    codes := issue_codes('style', 'points', 3, 'codes', '2026-08-09 10:11:12.5+08');
    RETURN QUERY SELECT 'by code', to_jsonb(c) FROM (SELECT code FROM codes('style', codes) LIMIT 1) AS k
        CROSS JOIN LATERAL try_claim_code('style', 3, k.code, 'code', '{"amount": 1}', true) AS c;
    PERFORM credit('style', 2, 'stored value', 500, 'topup', valid_until => '2026-08-03 10:00+08', reason => 'paid in'),
            spend('style', 2, 'stored value', 120.5, 'used'), grant_membership('style', 2, 'card', '2026-12-11 00:00+08', 'member', 99),
            earn('style', 4, 'earned', '{"amount": 450}');
    RETURN QUERY SELECT 'balance', to_jsonb(b) FROM balances('style', 2) AS b;
    RETURN QUERY SELECT 'later', to_jsonb(balance('style', 2, 'stored value', as_of => '2026-08-03 10:00+08'));
    RETURN QUERY SELECT 'statement', to_jsonb(s) FROM account_statement('style', 2, 'stored value') AS s;
    RETURN QUERY SELECT 'membership', to_jsonb(m) FROM memberships('style', 2) AS m;
    RETURN QUERY SELECT 'entitled', to_jsonb(e) FROM entitlements('style', 20) AS e;
    RETURN QUERY SELECT 'promotion', to_jsonb(p) FROM promotions('style') AS p;
    RETURN QUERY SELECT 'explained', to_jsonb(e) FROM clientele.claim AS c CROSS JOIN LATERAL explain_claim(c.claim_id) AS e ORDER BY c.claim_id;
    RETURN QUERY SELECT 'view', to_jsonb(v) FROM style_segments.style_promotion AS v ORDER BY v.promotion_id;
    RETURN QUERY SELECT 'reported', to_jsonb(r) FROM style_segments.style_promotion_report AS r ORDER BY 2;
    RETURN QUERY SELECT 'effect', to_jsonb(e) FROM promotion_effect('style', 'daily') AS e;
    RETURN QUERY SELECT 'price', to_jsonb(p) FROM style_segments.style_price AS p ORDER BY 2;
    RETURN QUERY SELECT 'exported', export_person('style', 20);
    RETURN QUERY SELECT 'simulated', to_jsonb(s) FROM simulate_promotion('style', 'daily', as_of => '2026-07-04 10:00+08', since => '2026-05-06') AS s;
    RETURN QUERY SELECT 'wrong', to_jsonb(v) FROM verify_promotions('style') AS v;
END $$;

-- Numbers begin anew, and chance draws by them.
\set begin_anew 'ALTER SEQUENCE clientele.claim_claim_id_seq RESTART 900001; ALTER SEQUENCE clientele.coupon_batch_batch_id_seq RESTART 900001; ALTER SEQUENCE clientele.ledger_entry_entry_id_seq RESTART 900001; ALTER SEQUENCE clientele.offered_promotion_promotion_id_seq RESTART 900001;'
BEGIN;
:begin_anew
SELECT string_agg(concat_ws(' ', s.what, s.answer), E'\n') AS iso, count(*) AS rows FROM style_shop.summer() AS s \gset
ROLLBACK;
SELECT split_part(line, ' ', 1) COLLATE "C" AS what, count(*) FROM unnest(string_to_array(:'iso', E'\n')) AS line GROUP BY 1 ORDER BY 1;
SELECT line FROM unnest(string_to_array(:'iso', E'\n')) AS line WHERE line ~ '^(left|wrong|simulated)';

CREATE FUNCTION style_shop.differs(iso text) RETURNS TABLE (n bigint, line text) LANGUAGE sql AS $$
    WITH these AS (SELECT row_number() OVER () AS n, concat_ws(' ', s.what, s.answer) AS line FROM style_shop.summer() AS s)
    SELECT coalesce(t.n, i.n), coalesce(t.line, 'missing: ' || i.line) FROM these AS t
    FULL JOIN unnest(string_to_array(iso, E'\n')) WITH ORDINALITY AS i (line, n) USING (n) WHERE t.line IS DISTINCT FROM i.line ORDER BY 1 $$;
BEGIN;
:begin_anew
SET LOCAL datestyle = 'SQL, DMY';
SET LOCAL intervalstyle = 'sql_standard';
SELECT * FROM style_shop.differs(:'iso');
ROLLBACK;
BEGIN;
:begin_anew
SET LOCAL datestyle = 'German';
SET LOCAL intervalstyle = 'iso_8601';
SELECT * FROM style_shop.differs(:'iso');
ROLLBACK;
BEGIN;
:begin_anew
SET LOCAL datestyle = 'Postgres, MDY';
SET LOCAL intervalstyle = 'postgres_verbose';
SELECT * FROM style_shop.differs(:'iso');
ROLLBACK;

SELECT drop_population('style', with_balances => true);
DROP SCHEMA style_shop CASCADE;
