-- Earn rules, coupons as an account, and what a level entitles to.
SET client_min_messages = warning;
SET timezone = 'Asia/Shanghai';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
CREATE ROLE regress_earn_owner;
CREATE ROLE regress_earn_till;
CREATE SCHEMA regress_earn AUTHORIZATION regress_earn_owner;
CREATE SCHEMA regress_earn_segments AUTHORIZATION regress_earn_owner;
SET search_path = regress_earn, clientele;
SET clientele.clock = '2026-07-01 10:00+08';

SET ROLE regress_earn_owner;
CREATE TABLE customer (customer_id int PRIMARY KEY, name text);
CREATE TABLE payment (customer_id int, paid_at timestamptz, net numeric(12,2));
CREATE INDEX ON payment (customer_id, paid_at) INCLUDE (net);
INSERT INTO customer VALUES (1, 'Ann'), (2, 'Ben'), (3, 'Cai');
INSERT INTO payment VALUES (1, '2026-03-02 15:00+08', 52000), (2, '2026-04-11 11:00+08', 6800);
SELECT create_population('earn', 'customer', 'customer_id', 'Asia/Shanghai', 'regress_earn_segments');
SELECT add_source('earn', 'payment', 'payment', 'customer_id', 'paid_at', amount => 'net');
SELECT define_metric('earn', 'spend', 'sum(payment.net last 365 days)', 2);
SELECT define_ladder('earn', 'tier', '[{"label": "strategic", "when": "spend >= 50000"}, {"label": "value", "when": "spend >= 5000"}, {"label": "basic"}]');
SELECT define_tag('earn', '金卡');
SELECT publish('earn', 'first rules');
CALL refresh('earn');

-- Of the group, who has a card gets the better one; whoever spends much comes again.
CREATE FUNCTION rule(benefit text, more text DEFAULT '') RETURNS promotion LANGUAGE sql AS $$
    SELECT ('{"term": {"from": "2026-01-01", "to": "2026-12-31"}, "branches": "all", "after_refund": "recompute", ' || more || '"benefit": ' || benefit || '}')::promotion $$;
SELECT define_promotion('earn', 'mask', rule('{"kind": "gift", "item": "mask", "quantity": 1, "value": 30}')),
       define_earn_rule('earn', 'base', rule('{"kind": "points", "per": 100, "points": 1}', '"exclusive_group": "points", ')),
       define_earn_rule('earn', 'card', rule('{"kind": "points", "per": 100, "points": 2}', '"exclusive_group": "points", "priority": 10, "audience": "has_tag(''金卡'')", "audience_at": "bill", ')),
       define_earn_rule('earn', 'again', rule('{"kind": "coupon", "coupon": "mask", "quantity": 2, "valid_days": 30}', '"bill": "amount >= 1000", ')),
       define_earn_rule('earn', 'lonely', rule('{"kind": "stored value", "amount": 88}', '"bill": "amount >= 88888", "stacks": false, "priority": 20, ')),
       define_promotion('earn', 'facial', rule('{"kind": "gift", "item": "facial", "quantity": 1, "value": 300}',
           '"audience": "tier = ''strategic'' or has_tag(''金卡'')", "audience_at": "bill", "stock": {"per_period": {"claims": 2, "period": "month"}}, ')),
       define_promotion('earn', 'parking', rule('{"kind": "amount off", "amount": 10}', '"audience": "tier <> ''basic''", "audience_at": "bill", ')),
       define_promotion('earn', 'once', rule('{"kind": "amount off", "amount": 100}', '"audience": "tier = ''value''", "audience_at": "bill", "stock": {"per_customer": 1}, '));
SELECT publish_promotion('earn', p) FROM unnest('{mask,base,card,again,lonely,facial,parking,once}'::text[]) AS p;
SELECT grant_membership('earn', 3, '金卡', '2026-08-15 00:00+08', 'card 17', paid => 1999);

-- ---------------------------------------------------------------------------
-- Earning
-- ---------------------------------------------------------------------------

SELECT promotion, kind, value, points, item, coupon, quantity FROM earn('earn', 1, 'bill 1', '{"bill_id": "1", "amount": 580}');
SELECT promotion, kind, value, points, item, coupon, quantity FROM earn('earn', 3, 'bill 2', '{"bill_id": "2", "amount": 1280}');
SELECT promotion, kind, value, points, item, coupon, quantity FROM earn('earn', '2', 'bill 3', '{"bill_id": "3", "amount": 99999}');
SELECT promotion, kind, value, points, item, coupon, quantity FROM earn('earn', 2, 'bill 4', '{"bill_id": "4", "amount": 58}');
SELECT promotion, kind, value, points, item, coupon, quantity FROM earn('earn', 9, 'bill 5', '{"bill_id": "5", "amount": 5800}');
-- A repetition answers the same, also when rules have come and gone; another bill is an error.
SELECT pause_promotion('earn', 'again');
SELECT promotion, kind, value, points, item, coupon, quantity FROM earn('earn', 3, 'bill 2', '{"bill_id": "2", "amount": 1280}');
SELECT promotion, kind, value, points, item, coupon, quantity FROM earn('earn', 3, 'bill 2', '{"bill_id": "2", "amount": 1281}');
SELECT promotion, kind, value, points, item, coupon, quantity FROM earn('earn', 1, 'bill 2', '{"bill_id": "2", "amount": 1280}');
SELECT resume_promotion('earn', 'again');
SELECT promotion, kind, value, points, item, coupon, quantity FROM earn('earn', 3, NULL, '{"bill_id": "2", "amount": 1280}');
SELECT promotion, kind, value, points, item, coupon, quantity FROM earn('earn', 3, 'bill 6', NULL);
SELECT * FROM balances('earn', 3);
-- Earn rules are not offered.
SELECT promotion FROM offers('earn', 1, '{"amount": 1280}') ORDER BY 1;

-- ---------------------------------------------------------------------------
-- Coupons: given, used, taken back, expired
-- ---------------------------------------------------------------------------

SELECT claim_id AS first FROM account_statement('earn', 3, 'coupon', 'mask') LIMIT 1 \gset
RESET ROLE; SET clientele.clock = '2026-07-05 10:00+08'; SET ROLE regress_earn_owner;
SELECT state, item, quantity FROM redeem(:first, 'mask 1', '{"bill_id": "6", "amount": 10}');
SELECT claim('earn', 3, 'mask', 'mask 2') AS second \gset
SELECT claim('earn', 3, 'mask', 'mask 3') AS third \gset
SELECT claim('earn', 3, 'mask', 'no coupon: it has its bill', '{"bill_id": "7", "amount": 10}') > 0 AS claimed;
SELECT balance('earn', 3, 'coupon', 'mask'), balance('earn', 3, 'coupon', 'mask', '2026-07-01 10:00+08');
RESET ROLE; SET clientele.clock = '2026-07-06 10:00+08'; SET ROLE regress_earn_owner;
SELECT state FROM give_back(:third, 'mask 4', reason => 'not wanted');
SELECT * FROM balances('earn', 3);
RESET ROLE; SET clientele.clock = '2026-08-02 10:00+08'; SET ROLE regress_earn_owner;
SELECT at, kind, amount, balance, valid_until, claim_id - :first AS claim, request_id, reason FROM account_statement('earn', 3, 'coupon', 'mask');
SELECT t.at, balance('earn', 3, 'coupon', 'mask', t.at),
       (SELECT sum(l.amount) FROM regress_earn_segments.earn_ledger AS l WHERE (l.customer_id, l.account, l.item) = ('3', 'coupon', 'mask') AND l.at <= t.at) AS lines
FROM generate_series(timestamptz '2026-06-30 10:00+08', '2026-08-02 10:00+08', '1 day') AS t (at)
WHERE t.at < '2026-07-08' OR t.at > '2026-07-29' ORDER BY 1;

-- One that is handed on: it was his, then it was hers.  What a customer claims himself he cannot hand on.
\set VERBOSITY sqlstate
SELECT transfer_claim(:second, 1, 'hand on 1');
\set VERBOSITY default
CALL issue_coupons('earn', 'mask', $$has_tag('金卡')$$, 'batch 1', transferable => true);
SELECT claim_id AS handed FROM account_statement('earn', 3, 'coupon', 'mask') ORDER BY at DESC, claim_id DESC LIMIT 1 \gset
RESET ROLE; SET clientele.clock = '2026-08-03 10:00+08'; SET ROLE regress_earn_owner;
SELECT transfer_claim(:handed, 1, 'hand on 2');
RESET ROLE; SET clientele.clock = '2026-08-04 10:00+08'; SET ROLE regress_earn_owner;
SELECT transfer_claim(:handed, 2, 'hand on 3');
SELECT state FROM redeem(:handed, 'mask 5', '{"bill_id": "8", "amount": 10}');
SELECT c AS customer, l.at, l.kind, l.amount, l.balance, l.valid_until, l.request_id FROM generate_series(1, 3) AS c, account_statement('earn', c, 'coupon', 'mask') AS l
WHERE l.claim_id = :handed ORDER BY 1, 2;
SELECT t.at, c AS customer, balance('earn', c, 'coupon', 'mask', t.at)
FROM generate_series(timestamptz '2026-08-02 10:00+08', '2026-08-04 10:00+08', '1 day') AS t (at), generate_series(1, 3) AS c ORDER BY 2, 1;

-- ---------------------------------------------------------------------------
-- Refunds: what was earned goes back as far as it is there
-- ---------------------------------------------------------------------------

SELECT spend('earn', 3, 'points', 20, 'a lipstick');
SELECT e.promotion, g.state, g.taken_back, g.from_balance, g.uncovered
FROM earn('earn', 3, 'bill 2', '{"bill_id": "2", "amount": 1280}') AS e, give_back(e.claim_id, 'refund 2/' || e.claim_id, 1000) AS g;
SELECT kind, amount, balance FROM account_statement('earn', 3, 'points');
-- What is given for some days is gone at the end of the last.
SELECT define_earn_rule('earn', 'spring', rule('{"kind": "points", "points": 7, "valid_days": 10}', '"bill": "amount = 7", "exclusive_group": "points", "priority": 20, '));
SELECT publish_promotion('earn', 'spring');
SELECT promotion, points FROM earn('earn', 3, 'bill 7', '{"bill_id": "7", "amount": 7}');
SELECT at, amount, valid_until FROM account_statement('earn', 3, 'points') WHERE request_id = 'bill 7/1';
-- Whatever has happened: at every instant the lines add up to the balance, of coupons that were refunded when they had expired, too.
SELECT count(*) AS compared, count(*) FILTER (WHERE b.balance IS DISTINCT FROM b.lines) AS differ
FROM (SELECT t.at, a.customer_id, a.account, a.item, balance('earn', a.customer_id, a.account, a.item, t.at) AS balance,
             (SELECT coalesce(sum(l.amount), 0) FROM regress_earn_segments.earn_ledger AS l
              WHERE (l.customer_id, l.account, l.item) = (a.customer_id, a.account, a.item) AND l.at <= t.at) AS lines
      FROM (SELECT DISTINCT customer_id, account, item FROM regress_earn_segments.earn_ledger) AS a,
           generate_series(timestamptz '2026-07-01 00:00+08', clientele.wall_clock(), '4 hours') AS t (at)) AS b;

-- ---------------------------------------------------------------------------
-- Entitlements
-- ---------------------------------------------------------------------------

SELECT * FROM entitlements('earn', 1);
SELECT * FROM entitlements('earn', 2);
SELECT * FROM entitlements('earn', '3');
SELECT * FROM entitlements('earn', 9);
SELECT claim('earn', 3, 'facial', 'facial 1', '{"amount": 10}', true) > 0 AS used, claim('earn', 3, 'facial', 'facial 2') AS held \gset
SELECT promotion, "limit", used, remaining, renews_at FROM entitlements('earn', 3);
SELECT state FROM give_back(:held, 'facial 3');
SELECT promotion, "limit", used, remaining, renews_at FROM entitlements('earn', 3);
RESET ROLE; SET clientele.clock = '2026-08-16 10:00+08'; SET ROLE regress_earn_owner;
-- The membership is over; then it was not.
SELECT promotion, "limit", used, remaining, renews_at FROM entitlements('earn', 3);
SELECT promotion, "limit", used, remaining, renews_at FROM entitlements('earn', 3, '2026-08-14 10:00+08');
SELECT promotion, "limit", used, remaining, renews_at FROM entitlements('earn', 3, '2026-07-14 10:00+08');
SELECT grant_membership('earn', 3, '金卡', '2027-08-15 00:00+08', 'card 18');
SELECT promotion, "limit", used, remaining, renews_at FROM entitlements('earn', 3);

-- ---------------------------------------------------------------------------
-- Rights
-- ---------------------------------------------------------------------------

GRANT USAGE ON SCHEMA regress_earn_segments TO regress_earn_till;
RESET ROLE; SET ROLE regress_earn_till;
SELECT promotion, kind, value, points, item, coupon, quantity FROM earn('earn', 1, 'bill 9', '{"bill_id": "9", "amount": 580}');
SELECT * FROM entitlements('earn', 1);
RESET ROLE; SET ROLE regress_earn_owner;
GRANT INSERT ON regress_earn_segments.earn_claim TO regress_earn_till;
RESET ROLE; SET ROLE regress_earn_till;
SELECT promotion, points FROM earn('earn', 1, 'bill 9', '{"bill_id": "9", "amount": 580}');
SELECT promotion, "limit" FROM entitlements('earn', 1);
RESET ROLE;

SELECT drop_population('earn', with_balances => true);
DROP SCHEMA regress_earn CASCADE;
DROP SCHEMA regress_earn_segments;
DROP ROLE regress_earn_owner, regress_earn_till;
