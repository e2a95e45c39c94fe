-- Claims: what is checked is taken, once, and comes back.
\set VERBOSITY terse
SET client_min_messages = warning;
SET search_path = clientele, public;
SET timezone = 'Asia/Shanghai';
SET datestyle = 'ISO, YMD';
CREATE SCHEMA till;
CREATE TABLE till.customer (id int PRIMARY KEY, name text);
CREATE TABLE till.payment (no int PRIMARY KEY, customer int NOT NULL, paid_at timestamptz NOT NULL, net numeric(12,2) NOT NULL);
INSERT INTO till.customer SELECT n, 'customer ' || n FROM generate_series(1, 40) AS n;
INSERT INTO till.payment SELECT n, n, '2026-06-15 10:00', n * 1000 FROM generate_series(1, 40) AS n;
SELECT create_population('guest', 'till.customer', 'id', 'Asia/Shanghai', target_schema => 'till_segments');
SELECT add_source('guest', 'payment', 'till.payment', 'customer', 'paid_at', amount => 'net');
SELECT define_metric('guest', 'spent', 'sum(payment.net)');
SELECT define_metric('guest', 'visits', 'count(payment)');
SELECT define_ladder('guest', 'class', '[{"label": "A", "when": "spent >= 20000"}, {"label": "B"}]');
SET clientele.clock = '2026-07-01 09:00+08';
SELECT publish('guest', 'first rules');
CALL refresh('guest');

-- publishes a promotion that runs in July
CREATE FUNCTION till.offer(name text, rest jsonb) RETURNS int LANGUAGE sql
    AS $$ SELECT clientele.define_promotion('guest', name, jsonb_build_object('term', '{"from": "2026-07-01", "to": "2026-07-31"}'::jsonb, 'branches', 'all') || rest);
          SELECT clientele.publish_promotion('guest', name, 'test') $$;
-- what is left, and what is owed
CREATE FUNCTION till.stock(name text, OUT kind text, OUT scope text, OUT "left" numeric, OUT owed numeric) RETURNS SETOF record LANGUAGE sql
    AS $$ SELECT s.kind, s.scope, sum(s.remaining), sum(s.owed) FROM clientele.stock AS s JOIN clientele.offered_promotion AS o USING (promotion_id)
          WHERE o.name = stock.name GROUP BY 1, 2 ORDER BY 1, 2 $$;
-- the same, from the claims
CREATE FUNCTION till.wrong_stock() RETURNS SETOF record LANGUAGE sql
    AS $$ WITH kept AS (SELECT s.promotion_id, s.kind, s.scope, sum(s.remaining) - sum(s.owed) AS stock FROM clientele.stock AS s GROUP BY 1, 2, 3),
               claimed AS (SELECT k.*, d.d, (SELECT coalesce(sum(CASE k.kind WHEN 'budget' THEN coalesce(c.value, 0) - coalesce(c.value * c.taken_back / nullif(c.given, 0), 0) ELSE 1 END), 0)
                                             FROM clientele.claim AS c
                                             WHERE c.promotion_id = k.promotion_id AND c.state IN ('held', 'redeemed')
                                               AND (k.kind <> 'branch' OR c.branch = k.scope) AND (k.kind <> 'day' OR c.day::text = k.scope))
                                          + (SELECT count(*) FROM clientele.coupon_code AS n JOIN clientele.coupon_batch AS b USING (batch_id)
                                             WHERE b.promotion_id = k.promotion_id AND k.kind = 'total' AND b.returned IS NULL AND n.claim_id IS NULL) AS taken
                           FROM kept AS k JOIN clientele.offered_promotion AS o USING (promotion_id)
                           JOIN clientele.promotion_version AS v ON v.promotion_id = o.promotion_id AND v.version = o.version
                           CROSS JOIN LATERAL (SELECT v.definition::text::jsonb AS d) AS d)
          SELECT promotion_id, kind, scope, stock, taken FROM claimed
          WHERE stock + taken <> (CASE kind WHEN 'total' THEN d #>> '{stock,total}' WHEN 'branch' THEN d #>> '{stock,per_branch}'
                                  WHEN 'day' THEN d #>> '{stock,per_day}' ELSE d ->> 'budget' END)::numeric $$;

-- ---------------------------------------------------------------------------
-- Claim, redeem, give back; and asked again
-- ---------------------------------------------------------------------------

SELECT till.offer('voucher', '{"benefit": {"kind": "amount off", "amount": 50}, "after_refund": "recompute", "stock": {"total": 3, "per_customer": 1}, "budget": 1000, "claim_term": {"minutes": 30}}');
SELECT claim('guest', 1, 'voucher', 'v1', '{"branch": "1", "amount": 600}');
SELECT claim('guest', '1', 'voucher', 'v1', '{"amount": 600.00, "branch": "1"}');
SELECT * FROM try_claim('guest', 1, 'voucher', 'v1', '{"branch": "1", "amount": 600}');
SELECT claim('guest', 2, 'voucher', 'v1', '{"branch": "1", "amount": 600}');
SELECT claim('guest', 1, 'voucher', 'v1', '{"branch": "1", "amount": 601}');
SELECT claim('guest', 1, 'voucher', 'v1');
SELECT claim('guest', 1, 'voucher', 'v1', '{"branch": "1", "amount": 600}', redeem => true);
SELECT claim('guest', 1, 'voucher', 'v1', '{"branch": "1", "amount": 600}', team => 1);
SELECT claim('guest', 1, 'voucher', '');
SELECT give_back(1, repeat('v', 1001));
SELECT redeem(1, 'v1');
SELECT claim('guest', 1, 'voucher', 'v2', '{"branch": "1", "amount": 600}');
SELECT * FROM redeem(1, 'v3');
SELECT * FROM redeem(1, 'v3');
SELECT redeem(1, 'v3', '{"branch": "1", "amount": 600}');
SELECT redeem(1, 'v4');
SELECT * FROM give_back(1, 'v5', 580, 'all but the cream');
SELECT * FROM give_back(1, 'v5', 580.0, 'all but the cream');
SELECT give_back(1, 'v5', 581, 'all but the cream');
SELECT give_back(1, 'v5', 580);
SELECT give_back(1, 'v5');
SELECT give_back(1, 'v6', 21);
SELECT give_back(1, 'v6', 0);
SELECT * FROM till.stock('voucher');
SELECT * FROM give_back(1, 'v7');
SELECT * FROM till.stock('voucher');
SELECT give_back(1, 'v8');
SELECT step, request_id, redeemed, amount, reason, bill, answer FROM claim_step WHERE claim_id = 1 ORDER BY request_id;

-- who has given it back may have another; one who holds it may not
SELECT claim('guest', 1, 'voucher', 'v9', '{"branch": "1", "amount": 600}', redeem => true);
SELECT claim('guest', 2, 'voucher', 'v10', '{"branch": "1", "amount": 600}');
SELECT claim('guest', 3, 'voucher', 'v11', '{"branch": "1", "amount": 600}');
SELECT * FROM try_claim('guest', 4, 'voucher', 'v12', '{"branch": "1", "amount": 600}');
SELECT claim('guest', 4, 'voucher', 'v12', '{"branch": "1", "amount": 600}');

-- a refusal is decided anew; what is held and not used is back the moment its time is over
SET clientele.clock = '2026-07-01 09:29:59.999999+08';
SELECT (try_claim('guest', 4, 'voucher', 'v12', '{"branch": "1", "amount": 600}')).reasons;
SET clientele.clock = '2026-07-01 09:30+08';
SELECT remaining FROM offers('guest', 4, '{"branch": "1", "amount": 600}') WHERE promotion = 'voucher';
SELECT redeem(3, 'v13');
SELECT claim('guest', 4, 'voucher', 'v12', '{"branch": "1", "amount": 600}');
SELECT claim('guest', 5, 'voucher', 'v14', '{"branch": "1", "amount": 600}');
SELECT * FROM give_back(3, 'v15');
SELECT * FROM give_back(5, 'v16', 600);
SELECT state FROM give_back(5, 'v16', 600.0);
SELECT give_back(5, 'v16');
SELECT redeem(5, 'v17');
SELECT give_back(5, 'v17');
SELECT claim_id, state, expires_at FROM till_segments.guest_claim ORDER BY claim_id;
SELECT * FROM till.wrong_stock() AS w (promotion_id int, kind text, scope text, stock numeric, taken numeric);

-- the clock goes back: what has expired stays so
SET clientele.clock = '2026-07-01 09:10+08';
SELECT redeem(3, 'v18');
SET clientele.clock = '2026-07-01 09:00+08';

-- ---------------------------------------------------------------------------
-- Every limit
-- ---------------------------------------------------------------------------

SELECT till.offer('limits', '{"benefit": {"kind": "percent off", "percent": 10}, "after_refund": "proportional", "stock": {"total": 6, "per_branch": 2, "per_day": 4, "per_period": {"claims": 1, "period": "week"}}, "budget": 365}');
SELECT n, claim_id IS NOT NULL AS claimed, t.amount, reasons, missing
FROM (VALUES (1, 11, '1', 1000), (2, 12, '1', 1000), (3, 13, '1', 1000), (4, 14, '2', 1700), (5, 15, '2', 1500), (6, 16, '3', 100), (7, 11, '4', 10), (8, 17, NULL, 10), (9, 19, '4', 10)) AS c (n, key, branch, amount)
CROSS JOIN LATERAL try_claim('guest', key, 'limits', 'l' || n, jsonb_strip_nulls(jsonb_build_object('branch', branch, 'amount', c.amount))) AS t ORDER BY n;
SELECT * FROM till.stock('limits');
-- Thursday and Sunday are of the same week, Monday is not
SET clientele.clock = '2026-07-02 23:59:59+08';
SELECT reasons FROM try_claim('guest', 11, 'limits', 'l19', '{"branch": "4", "amount": 10}');
SELECT claim('guest', 18, 'limits', 'l10', '{"branch": "4", "amount": 1}');
SET clientele.clock = '2026-07-05 23:59:59+08';
SELECT reasons FROM try_claim('guest', 11, 'limits', 'l19', '{"branch": "4", "amount": 10}');
SET clientele.clock = '2026-07-06 00:00+08';
SELECT claim('guest', 11, 'limits', 'l11', '{"branch": "4", "amount": 0.1}');
SELECT * FROM till.stock('limits');
SELECT * FROM till.wrong_stock() AS w (promotion_id int, kind text, scope text, stock numeric, taken numeric);
SET clientele.clock = '2026-07-01 09:00+08';

-- limits that are published anew: more, fewer than are taken, none, some again
SELECT till.offer('limits', '{"benefit": {"kind": "percent off", "percent": 10}, "after_refund": "proportional", "stock": {"total": 4, "per_branch": 1}, "budget": 1000}');
SELECT * FROM till.stock('limits');
SELECT reasons FROM try_claim('guest', 20, 'limits', 'l12', '{"branch": "9", "amount": 100}');
SELECT state FROM give_back((SELECT claim_id FROM claim_step WHERE request_id = 'l1'), 'l13');
SELECT state FROM give_back((SELECT claim_id FROM claim_step WHERE request_id = 'l2'), 'l14');
SELECT * FROM till.stock('limits');
SELECT reasons FROM try_claim('guest', 20, 'limits', 'l12', '{"branch": "9", "amount": 100}');
SELECT state FROM give_back((SELECT claim_id FROM claim_step WHERE request_id = 'l5'), 'l15');
SELECT claim_id IS NOT NULL AS claimed FROM try_claim('guest', 20, 'limits', 'l12', '{"branch": "9", "amount": 100}');
SELECT till.offer('limits', '{"benefit": {"kind": "percent off", "percent": 10}, "after_refund": "proportional"}');
SELECT * FROM till.stock('limits');
SELECT claim_id IS NOT NULL AS claimed FROM try_claim('guest', 21, 'limits', 'l16', '{"branch": "9", "amount": 100}');
SELECT till.offer('limits', '{"benefit": {"kind": "percent off", "percent": 10}, "after_refund": "proportional", "stock": {"total": 100, "per_day": 10}, "budget": 12.34}');
SELECT * FROM till.stock('limits');
SELECT * FROM till.wrong_stock() AS w (promotion_id int, kind text, scope text, stock numeric, taken numeric);

-- the stock of a savepoint that is rolled back is there again
SELECT till.offer('last one', '{"benefit": {"kind": "amount off", "amount": 5}, "after_refund": "none", "stock": {"total": 1}}');
BEGIN;
SAVEPOINT before;
SELECT claim_id IS NOT NULL AS claimed FROM try_claim('guest', 1, 'last one', 's1', '{"amount": 10}');
ROLLBACK TO before;
SELECT claim_id IS NOT NULL AS claimed FROM try_claim('guest', 2, 'last one', 's1', '{"amount": 10}');
SELECT reasons FROM try_claim('guest', 3, 'last one', 's2', '{"amount": 10}');
COMMIT;
SELECT c.key, c.state FROM clientele.claim AS c JOIN offered_promotion USING (promotion_id) WHERE name = 'last one';

-- ---------------------------------------------------------------------------
-- Who is meant, and when
-- ---------------------------------------------------------------------------

SELECT till.offer('class a', '{"audience": "class = ''A'' and spent < 39000", "audience_at": "bill", "bill": "amount > 100", "spend": {"at_least": 300, "measure": "bill"}, "benefit": {"kind": "amount off", "amount": 20}, "after_refund": "recompute"}');
SELECT c.key, a.amount, a.reasons, a.missing FROM (VALUES (19), (20), (39)) AS c (key) CROSS JOIN LATERAL try_claim('guest', c.key, 'class a', 'a' || c.key, '{"amount": 90}') AS a;
SELECT claim_id IS NOT NULL AS claimed, amount FROM try_claim('guest', 20, 'class a', 'a-20', '{"amount": 300}');
SELECT evidence FROM claim_step WHERE request_id = 'a-20';
SELECT claim('guest', 4711, 'class a', 'a1', '{"amount": 300}');
SELECT claim('guest', 'x', 'class a', 'a1', '{"amount": 300}');
SELECT claim('guest', 20, 'class b', 'a1', '{"amount": 300}');
SELECT claim('guests', 20, 'class a', 'a1', '{"amount": 300}');
SELECT claim('guest', 20, 'class a', 'a1', '{"amont": 300}');
SELECT claim('guest', 20, 'class a', NULL);
SELECT claim('guest', 20, 'class a', '');
SELECT claim('guest', 20, 'class a', 'a1', redeem => true);
SELECT redeem(4711, 'a1');
SELECT redeem(NULL, 'a1');
SELECT pause_promotion('guest', 'class a');
SELECT reasons FROM try_claim('guest', 21, 'class a', 'a2', '{"amount": 300}');
SELECT state FROM redeem((SELECT claim_id FROM claim_step WHERE request_id = 'a-20'), 'a3');
SELECT end_promotion('guest', 'class a');
SELECT reasons FROM try_claim('guest', 21, 'class a', 'a2', '{"amount": 300}');
SELECT state, taken_back FROM give_back((SELECT claim_id FROM claim_step WHERE request_id = 'a-20'), 'a4', 1);

-- by the version of the claim, whatever is published since
SELECT till.offer('changing', '{"benefit": {"kind": "percent off", "percent": 50}, "after_refund": "proportional", "stock": {"total": 10}}');
SELECT claim_id AS changing FROM try_claim('guest', 7, 'changing', 'c1') \gset
SELECT till.offer('changing', '{"benefit": {"kind": "percent off", "percent": 10}, "after_refund": "none", "bill": "amount > 1000", "stock": {"total": 10}}');
SELECT kind, amount FROM redeem(:changing, 'c2', '{"amount": 100}');
SELECT rule, taken_back FROM give_back(:changing, 'c3', 40);

-- ---------------------------------------------------------------------------
-- Coupons: claimed without a bill
-- ---------------------------------------------------------------------------

SELECT till.offer('coupon', '{"term": {"from": "2026-07-01", "to": "2026-07-31", "days": [3]}, "bill": "channel = ''store''", "benefit": {"kind": "percent off", "percent": 10, "at_most": 30}, "after_refund": "proportional", "stock": {"total": 20, "per_branch": 1}, "budget": 50}');
SELECT claim_id AS first FROM try_claim('guest', 8, 'coupon', 'k1') \gset
SELECT state, kind, amount, expires_at FROM try_claim('guest', 8, 'coupon', 'k1');
SELECT claim_id AS second FROM try_claim('guest', 9, 'coupon', 'k2') \gset
SELECT * FROM till.stock('coupon');
-- asked for on a Wednesday, it is good on every day; what the bill lacks is said
SET clientele.clock = '2026-07-02 09:00+08';
SELECT reasons FROM try_claim('guest', 10, 'coupon', 'k3');
SELECT redeem(:first, 'k4');
\set VERBOSITY default
SELECT redeem(:first, 'k4', '{"amount": 100, "channel": "web"}');
\set VERBOSITY terse
SELECT amount FROM redeem(:first, 'k4', '{"amount": 1000, "channel": "store", "branch": "1"}');
SELECT value, condition, holds FROM explain_claim(:first) WHERE item = 'term' OR NOT holds;
SELECT * FROM till.stock('coupon');
SELECT redeem(:second, 'k5', '{"amount": 100, "channel": "store", "branch": "1"}');
SELECT redeem(:second, 'k5', '{"amount": 300, "channel": "store", "branch": "2"}');
SELECT amount FROM redeem(:second, 'k5', '{"amount": 200, "channel": "store", "branch": "2"}');
SELECT redeem(:first, 'k5', '{"amount": 200, "channel": "store", "branch": "2"}');
SELECT state, refunded_total, taken_back FROM give_back(:first, 'k6', 500);
SELECT give_back(:second, 'k6', 500);
SELECT state, refunded_total, taken_back FROM give_back(:first, 'k7');
SELECT * FROM till.stock('coupon');
SET clientele.clock = '2026-07-01 09:00+08';

-- ---------------------------------------------------------------------------
-- What is given beside the bill
-- ---------------------------------------------------------------------------

-- 50,000 paid, 5,000 given and spent, 20,000 refunded, under each rule
SELECT till.offer('july ' || rule, format('{"spend": {"at_least": 50000, "measure": "bill"}, "benefit": {"kind": "stored value", "amount": 5000}, "after_refund": %s, "budget": 10000, "stock": {"total": 5}}', to_json(rule))::jsonb)
FROM unnest(ARRAY['recompute', 'proportional', 'none']) AS rule;
SELECT rule, c.state, c.kind, c.amount, c.value, g.*
FROM unnest(ARRAY['recompute', 'proportional', 'none']) WITH ORDINALITY AS r (rule, n)
CROSS JOIN LATERAL try_claim('guest', 30 + n::int, 'july ' || rule, 'j1 ' || rule, '{"branch": "1", "amount": 50000}', redeem => true) AS c
CROSS JOIN LATERAL (SELECT clientele.balance('guest', 30 + n::int, 'stored value') AS balance) AS g;
SELECT clientele.spend('guest', 30 + n, 'stored value', 5000, 'j2 ' || n) FROM generate_series(1, 3) AS n;
SELECT s.request_id, g.* FROM claim_step AS s CROSS JOIN LATERAL give_back(s.claim_id, replace(s.request_id, 'j1', 'j3'), 20000) AS g
WHERE s.request_id LIKE 'j1 %' ORDER BY 1;
-- the rest: what was not covered is by now
SELECT s.request_id, g.* FROM claim_step AS s CROSS JOIN LATERAL give_back(s.claim_id, replace(s.request_id, 'j1', 'j4')) AS g
WHERE s.request_id LIKE 'j1 %' ORDER BY 1;
SELECT * FROM till.stock('july recompute');

-- unspent, and spent in part: from the balance first
SELECT claim_id AS july FROM try_claim('guest', 34, 'july recompute', 'j5', '{"branch": "1", "amount": 50000}', redeem => true) \gset
SELECT clientele.spend('guest', 34, 'stored value', 2000, 'j6');
SELECT * FROM give_back(:july, 'j7', 1000);
SELECT clientele.balance('guest', 34, 'stored value');
SELECT * FROM give_back(:july, 'j8', 49000);
SELECT * FROM till.wrong_stock() AS w (promotion_id int, kind text, scope text, stock numeric, taken numeric);

-- accumulated in the term: what the metric said is kept, and reckoned with after a refund
SELECT till.offer('accumulated', '{"spend": {"at_least": 50000, "measure": "spent"}, "benefit": {"kind": "stored value", "amount": 500}, "after_refund": "recompute"}');
SELECT reasons, missing FROM try_claim('guest', 30, 'accumulated', 'm1', '{"amount": 20000}', redeem => true);
INSERT INTO till.payment VALUES (101, 30, '2026-07-01 08:30', 40000), (102, 30, '2026-07-01 09:00', 20000);
SELECT claim_id AS accumulated, value FROM try_claim('guest', 30, 'accumulated', 'm1', '{"amount": 20000}', redeem => true) \gset
SELECT :'value' AS value;
SELECT evidence -> 'spent' AS spent FROM claim_step WHERE request_id = 'm1';
SELECT taken_back, from_balance FROM give_back(:accumulated, 'm2', 10000);
SELECT taken_back, from_balance FROM give_back(:accumulated, 'm3', 0.01);

-- points and gifts
SELECT till.offer('points', '{"benefit": {"kind": "points", "per": 100, "points": 1}, "after_refund": "proportional"}');
SELECT till.offer('mask', '{"benefit": {"kind": "gift", "item": "mask", "quantity": 3, "value": 80}, "bill": "amount >= 200", "after_refund": "recompute", "budget": 500}');
SELECT kind, amount, value, points, item, quantity FROM try_claim('guest', 35, 'points', 'p1', '{"amount": 1234}', redeem => true);
SELECT kind, amount, value, points, item, quantity FROM try_claim('guest', 35, 'mask', 'p2', '{"amount": 300}', redeem => true);
SELECT claim_id IS NOT NULL AS claimed FROM try_claim('guest', 36, 'mask', 'p3', '{"amount": 300}', redeem => true);
SELECT reasons, missing FROM try_claim('guest', 36, 'mask', 'p4', '{"amount": 300}', redeem => true);
SELECT s.request_id, g.rule, g.taken_back, g.from_balance, g.from_refund, g.uncovered
FROM claim_step AS s CROSS JOIN LATERAL give_back(s.claim_id, 'back ' || s.request_id, CASE s.request_id WHEN 'p1' THEN 617 ELSE 150 END) AS g
WHERE s.request_id IN ('p1', 'p2') ORDER BY 1;
SELECT clientele.balance('guest', 35, 'points'), clientele.balance('guest', 35, 'gift', 'mask');
SELECT * FROM till.stock('mask');

-- coupons: claims by themselves, out of the stock of theirs
SELECT till.offer('next time', '{"term": {"from": "2026-07-10", "to": "2026-08-31"}, "benefit": {"kind": "amount off", "amount": 30}, "after_refund": "recompute", "stock": {"total": 5}}');
SELECT till.offer('two coupons', '{"benefit": {"kind": "coupon", "coupon": "next time", "quantity": 2, "valid_days": 14}, "bill": "amount >= 80", "after_refund": "recompute", "stock": {"total": 9}}');
SELECT claim_id AS giver, state, kind, coupon, quantity FROM try_claim('guest', 37, 'two coupons', 'g1', '{"amount": 100}', redeem => true) \gset
SELECT :'state' AS state, :'kind' AS kind, :'coupon' AS coupon, :'quantity' AS quantity;
SELECT claim_id AS held FROM try_claim('guest', 38, 'two coupons', 'g2', '{"amount": 100}') \gset
SELECT state, quantity FROM redeem(:held, 'g3');
SELECT reasons, missing FROM try_claim('guest', 39, 'two coupons', 'g4', '{"amount": 100}', redeem => true);
SELECT "left" FROM till.stock('two coupons') UNION ALL SELECT "left" FROM till.stock('next time');
SELECT key, origin, origin_id = :giver AS of_this, state, expires_at FROM clientele.claim WHERE origin = 'benefit' ORDER BY claim_id;
-- they were given, not asked for: good in their term only
SELECT min(claim_id) AS coupon FROM clientele.claim WHERE origin_id = :giver \gset
SELECT redeem(:coupon, 'g5', '{"amount": 100}');
SET clientele.clock = '2026-07-10 00:00+08';
SELECT amount FROM redeem(:coupon, 'g5', '{"amount": 100}');
SELECT rule, taken_back, from_balance, from_refund, uncovered FROM give_back(:giver, 'g6', 10);
SELECT rule, taken_back, from_balance, from_refund, uncovered FROM give_back(:giver, 'g6b', 40);
SELECT rule, taken_back, from_balance, from_refund, uncovered, state FROM give_back(:giver, 'g7');
SELECT state FROM clientele.claim WHERE origin_id = :giver ORDER BY claim_id;
SET clientele.clock = '2026-07-16 00:00+08';
SELECT taken_back, from_balance, uncovered, state FROM give_back(:held, 'g8', 50);
SELECT taken_back, from_balance, uncovered, state FROM give_back(:held, 'g9', 50);
SELECT "left" FROM till.stock('two coupons') UNION ALL SELECT "left" FROM till.stock('next time');
SELECT * FROM till.wrong_stock() AS w (promotion_id int, kind text, scope text, stock numeric, taken numeric);
SET clientele.clock = '2026-07-01 09:00+08';

-- ---------------------------------------------------------------------------
-- Lines: what is kept says what it would give
-- ---------------------------------------------------------------------------

SELECT till.offer('skin', '{"benefit": {"kind": "percent off", "percent": 10, "applies_to": "category = ''skin''"}, "after_refund": "recompute"}');
SELECT claim_id AS skin, amount FROM try_claim('guest', 5, 'skin', 'x1', '{"lines": [{"item": "peel", "category": "skin", "amount": 300}, {"item": "lift", "category": "surgery", "amount": 700}]}', redeem => true) \gset
SELECT :'amount' AS amount;
SELECT give_back(:skin, 'x2', 700);
SELECT taken_back FROM give_back(:skin, 'x2', 700, kept => '{"lines": [{"item": "peel", "category": "skin", "amount": 300}]}');
SELECT taken_back FROM give_back(:skin, 'x2', 700, kept => '{"lines": [{"item": "peel", "category": "skin", "amount": 300}]}');
SELECT give_back(:skin, 'x2', 700, kept => '{"lines": [{"item": "peel", "category": "skin", "amount": 301}]}');
SELECT give_back(:skin, 'x3', kept => '{"lines": [{"item": "peel", "category": "skin", "amount": 301}]}');
SELECT refunded_total, taken_back FROM give_back(:skin, 'x3', kept => '{"lines": [{"item": "peel", "category": "skin", "amount": 100}]}');
SELECT refunded_total, taken_back, state FROM give_back(:skin, 'x4');

-- ---------------------------------------------------------------------------
-- Teams
-- ---------------------------------------------------------------------------

SELECT till.offer('three', '{"benefit": {"kind": "fixed price", "item": "peel", "price": 99}, "after_refund": "recompute", "stock": {"total": 4, "per_customer": 1}, "claim_term": {"minutes": 60}, "needs": {"joiners": 3, "within": {"hours": 24}}}');
\set peel '{"lines": [{"item": "peel", "quantity": 1, "price": 199}]}'
SELECT claim_id AS team, expires_at, amount FROM try_claim('guest', 1, 'three', 't1', :'peel') \gset
SELECT :'expires_at' AS expires_at, :'amount' AS amount;
SELECT redeem(:team, 't2');
SELECT reasons, missing FROM try_claim('guest', 1, 'three', 't3', :'peel', team => :team);
SELECT reasons, missing FROM try_claim('guest', 2, 'three', 't4', :'peel', team => :team, redeem => true);
SELECT claim('guest', 2, 'three', 't4', :'peel', team => 1);
SELECT claim('guest', 2, 'skin', 't4', :'peel', team => :team);
SELECT expires_at FROM try_claim('guest', 2, 'three', 't4', :'peel', team => :team);
SELECT promotion_name, state, customers, wanted, began_at, ends_at FROM teams('guest');
SET clientele.clock = '2026-07-02 08:59:59+08';
SELECT state, expires_at FROM try_claim('guest', 3, 'three', 't5', :'peel', team => :team, redeem => true);
SELECT state, expires_at FROM try_claim('guest', 3, 'three', 't5', :'peel', team => :team, redeem => true);
SELECT reasons, missing FROM try_claim('guest', 4, 'three', 't6', :'peel', team => :team);
SELECT state FROM redeem(:team, 't2');
-- complete is complete, also when one of it gives back
SELECT state FROM give_back(:team, 't10');
SELECT missing FROM try_claim('guest', 4, 'three', 't6', :'peel', team => :team);
SELECT state FROM redeem((SELECT claim_id FROM claim_step WHERE request_id = 't4'), 't11');
SELECT key, state, expires_at FROM clientele.claim WHERE team = :team ORDER BY claim_id;
-- too few: all of it is back
SELECT claim_id AS lonely FROM try_claim('guest', 5, 'three', 't7', :'peel') \gset
SET clientele.clock = '2026-07-03 09:00+08';
SELECT missing FROM try_claim('guest', 6, 'three', 't8', :'peel', team => :lonely);
SELECT promotion_name, state, customers, wanted FROM teams('guest', 'three');
SELECT claim_id IS NOT NULL AS begins FROM try_claim('guest', 6, 'three', 't9', :'peel');
-- a refresh tidies up, which nobody has to wait for
SELECT count(*) > 0 AS expired FROM clientele.claim WHERE state = 'held' AND expires_at <= wall_clock();
CALL refresh('guest');
SELECT count(*) > 0 AS expired FROM clientele.claim WHERE state = 'held' AND expires_at <= wall_clock();
SELECT * FROM till.wrong_stock() AS w (promotion_id int, kind text, scope text, stock numeric, taken numeric);
SET clientele.clock = '2026-07-01 09:00+08';

-- ---------------------------------------------------------------------------
-- All at once
-- ---------------------------------------------------------------------------

SELECT end_promotion('guest', o.name) FROM offered_promotion AS o JOIN clientele.population AS p USING (population_id) WHERE p.name = 'guest' AND o.state = 'published';
SELECT till.offer('best', '{"priority": 5, "benefit": {"kind": "amount off", "amount": 70}, "after_refund": "recompute", "stock": {"total": 1}, "budget": 100}'),
       till.offer('second', '{"priority": 4, "benefit": {"kind": "percent off", "percent": 20}, "after_refund": "recompute", "exclusive_group": "g"}'),
       till.offer('third', '{"priority": 3, "benefit": {"kind": "percent off", "percent": 10}, "after_refund": "recompute", "exclusive_group": "g"}'),
       till.offer('extra', '{"benefit": {"kind": "points", "points": 9}, "after_refund": "none"}');
SELECT promotion, amount, value, points FROM best_offers('guest', 1, '{"amount": 80}');
SELECT claim_id IS NOT NULL AS claimed, promotion, state, kind, amount, value, points, reasons FROM claim_best('guest', 1, 'b1', '{"amount": 80}');
SELECT claim_id IS NOT NULL AS claimed, promotion, state, kind, amount, value, points, reasons FROM claim_best('guest', 1, 'b1', '{"amount": 80}');
SELECT claim_best('guest', 1, 'b1', '{"amount": 81}');
SELECT claim_best('guest', 2, 'b1', '{"amount": 80}');
SELECT claim_best('guest', 1, 'b1', '{"amount": 80}', 'first');
SELECT claim_best('guest', 1, 'b1', '{"amount": 80}', redeem => true);
-- as a claim, and the other way round; and where earn has its numbers
SELECT claim('guest', 1, 'best', 'b1', '{"amount": 80}');
SELECT claim('guest', 1, 'extra', 'once-1', '{"amount": 80}') IS NOT NULL AS claimed;
SELECT claim_best('guest', 1, 'once-1', '{"amount": 80}');
SELECT claim('guest', 1, 'extra', 'once-2/1', '{"amount": 80}') IS NOT NULL AS claimed;
SELECT claim_best('guest', 1, 'once-2', '{"amount": 80}');
SELECT earn('guest', 1, 'b1', '{"amount": 80}');
SELECT o.name, c.key, c.amount, c.value, s.request_id FROM claim_step AS s JOIN clientele.claim AS c USING (claim_id) JOIN offered_promotion AS o USING (promotion_id)
WHERE s.request_id ~ '^b1(/|$)' ORDER BY s.request_id;
SELECT state, kind, amount, points FROM claim_best('guest', 2, 'b2', '{"amount": 80}', redeem => true);
SELECT count(*) FROM claim_best('guest', 3, 'b3', '{"amount": 0}', 'first');
SELECT * FROM till.wrong_stock() AS w (promotion_id int, kind text, scope text, stock numeric, taken numeric);

-- what was taken of one when another turns out to be sold out is put back, and what it would give
SELECT till.offer('second', '{"priority": 4, "benefit": {"kind": "percent off", "percent": 20}, "after_refund": "recompute", "exclusive_group": "g", "stock": {"total": 100}}') AS again;
SELECT till.offer('two', '{"bill": "channel = ''none''", "benefit": {"kind": "amount off", "amount": 1}, "after_refund": "none", "stock": {"total": 5}}'),
       till.offer('gives two', '{"bill": "channel = ''store''", "benefit": {"kind": "coupon", "coupon": "two", "quantity": 2}, "after_refund": "none", "stock": {"total": 5}}'),
       till.offer('one', '{"bill": "channel = ''store''", "benefit": {"kind": "amount off", "amount": 5}, "after_refund": "none", "stock": {"total": 1, "per_customer": 1}}');
SELECT kind, amount, quantity FROM claim_best('guest', 4, 'b4', '{"amount": 80, "channel": "store"}', 'priority order', redeem => true);
SELECT kind, amount, quantity FROM claim_best('guest', 5, 'b5', '{"amount": 80, "channel": "store"}', 'priority order', redeem => true);
SELECT of, s.* FROM unnest(ARRAY['second', 'two', 'gives two']) AS of CROSS JOIN LATERAL till.stock(of) AS s ORDER BY of;
-- and who has had it once is not to have it again
SELECT till.offer('one', '{"bill": "channel = ''store''", "benefit": {"kind": "amount off", "amount": 5}, "after_refund": "none", "stock": {"total": 3, "per_customer": 1}}');
SELECT c.key, b.promotion FROM generate_series(4, 5) AS c (key) CROSS JOIN LATERAL claim_best('guest', c.key, 'b6 ' || c.key, '{"amount": 80, "channel": "store"}', 'priority order') AS b WHERE b.promotion = 'one';
-- a coupon that has expired is back in stock once, also if what gave it is given back
SELECT till.offer('short', '{"benefit": {"kind": "amount off", "amount": 1}, "after_refund": "none", "stock": {"total": 2}}'),
       till.offer('gives short', '{"bill": "channel = ''store''", "benefit": {"kind": "coupon", "coupon": "short", "quantity": 2, "valid_days": 1}, "after_refund": "recompute"}');
SELECT claim('guest', 6, 'gives short', 'b7', '{"amount": 80, "channel": "store"}', redeem => true) AS gives_short \gset
SET clientele.clock = '2026-07-03 00:00+08';
SELECT claim('guest', 7, 'short', 'b8') IS NOT NULL AS claimed;
SELECT state, taken_back, from_balance FROM give_back(:gives_short, 'b9');
SELECT * FROM till.stock('short');
SET clientele.clock = '2026-07-01 09:00+08';

-- a customer who is gone uses what was decided for him; for anything else nobody is there
SELECT claim_id AS decided FROM try_claim('guest', 40, 'extra', 'd1', '{"amount": 10}') \gset
SELECT claim_id AS undecided FROM try_claim('guest', 40, 'extra', 'd2') \gset
DELETE FROM till.customer WHERE id = 40;
SELECT state, points FROM redeem(:decided, 'd3');
SELECT redeem(:undecided, 'd4', '{"amount": 10}');
SELECT claim('guest', 40, 'extra', 'd5');
SELECT state FROM give_back(:undecided, 'd6');

-- ---------------------------------------------------------------------------
-- Rights, and transactions that are not fit for it
-- ---------------------------------------------------------------------------

CREATE ROLE clientele_test_till;
GRANT USAGE ON SCHEMA clientele, till_segments TO clientele_test_till;
SET ROLE clientele_test_till;
SELECT claim('guest', 10, 'best', 'r1', '{"amount": 80}');
SELECT redeem(2, 'r1');
SELECT give_back(2, 'r1');
SELECT redeem(4711, 'r1');
SELECT count(*) FROM clientele.claim;
RESET ROLE;
GRANT INSERT ON till_segments.guest_claim TO clientele_test_till;
SET ROLE clientele_test_till;
SELECT missing FROM try_claim('guest', 10, 'best', 'r1', '{"amount": 80}');
SELECT claim_id AS ours FROM try_claim('guest', 10, 'extra', 'r2', '{"amount": 80}') \gset
SELECT state FROM redeem(:ours, 'r3');
SELECT state FROM give_back(:ours, 'r4');
SELECT count(*) FROM clientele.claim;
SELECT count(*) FROM till_segments.guest_claim;
RESET ROLE;
SELECT actor FROM claim_step WHERE claim_id = :ours;
REVOKE ALL ON till_segments.guest_claim FROM clientele_test_till;
REVOKE USAGE ON SCHEMA clientele, till_segments FROM clientele_test_till;
DROP ROLE clientele_test_till;

SET synchronous_commit = off;
SELECT claim('guest', 11, 'extra', 'n1', '{"amount": 80}');
RESET synchronous_commit;
BEGIN READ ONLY;
SELECT claim('guest', 11, 'extra', 'n1', '{"amount": 80}');
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT claim_id IS NOT NULL AS claimed FROM try_claim('guest', 11, 'extra', 'n1', '{"amount": 80}', redeem => true);
SELECT claim_id IS NOT NULL AS claimed FROM try_claim('guest', 11, 'extra', 'n1', '{"amount": 80}', redeem => true);
SELECT points FROM try_claim('guest', 11, 'extra', 'n1', '{"amount": 80}', redeem => true);
SELECT count(*) FROM pg_locks WHERE mode = 'SIReadLock' AND relation::regclass::text LIKE 'clientele.%';
COMMIT;

-- ---------------------------------------------------------------------------
-- All reasons, as offers has them
-- ---------------------------------------------------------------------------

SELECT till.offer('all of them', '{"audience": "class = ''A''", "audience_at": "bill", "bill": "amount >= 300", "benefit": {"kind": "percent off", "percent": 10}, "after_refund": "none", "stock": {"total": 3, "per_branch": 1, "per_customer": 1}, "budget": 60, "claim_term": {"minutes": 30}}');
CREATE FUNCTION till.reasons(name text, OUT n int, OUT reasons text, OUT missing text, OUT offered text) RETURNS SETOF record LANGUAGE sql VOLATILE
    AS $$ SELECT c.n, t.reasons::text, t.missing::text,
                 CASE WHEN o.reasons = t.reasons AND o.missing = t.missing AND o.eligible = (t.claim_id IS NOT NULL) THEN 'the same' ELSE o.reasons::text END
          FROM (VALUES (1, 30, '1', 300), (2, 30, '1', 200), (3, 2, '1', 300), (4, 31, '2', 400), (5, 31, NULL, 200), (6, 2, NULL, NULL), (7, 31, NULL, NULL)) AS c (n, key, branch, amount)
          CROSS JOIN LATERAL (SELECT CASE WHEN c.amount IS NOT NULL THEN jsonb_strip_nulls(jsonb_build_object('branch', c.branch, 'amount', c.amount)) END AS bill) AS b
          CROSS JOIN LATERAL clientele.offers('guest', c.key, b.bill) AS o
          CROSS JOIN LATERAL clientele.try_claim('guest', c.key, name, o.promotion || c.n, b.bill) AS t
          WHERE o.promotion = name ORDER BY c.n $$;
SELECT * FROM till.reasons('all of them');
-- the rest of the money is gone: nobody gets a coupon for nothing, until some of it is back
SELECT claim_id IS NOT NULL AS claimed FROM try_claim('guest', 33, 'all of them', 'of 1', '{"branch": "2", "amount": 300}');
SELECT * FROM till.stock('all of them');
SELECT reasons, missing FROM try_claim('guest', 34, 'all of them', 'of 2');
SELECT eligible, reasons, remaining FROM offers('guest', 34, NULL) WHERE promotion = 'all of them';
SELECT till.offer('all of them', '{"audience": "class = ''A''", "audience_at": "bill", "benefit": {"kind": "percent off", "percent": 10}, "after_refund": "none", "budget": 60, "claim_term": {"minutes": 30}}');
SELECT claim('guest', 34, 'all of them', 'of 2');
SELECT * FROM till.reasons('all of them') WHERE n = 6;
SET clientele.clock = '2026-07-03 23:59+08';
SELECT eligible, reasons, remaining FROM offers('guest', 34, NULL) WHERE promotion = 'all of them';
SELECT claim('guest', 34, 'all of them', 'of 2') IS NOT NULL AS claimed;
-- a code waits for the money, too
SELECT issue_codes('guest', 'all of them', 2, 'of 3') IS NOT NULL AS issued;
SELECT claim_id IS NOT NULL AS claimed FROM try_claim('guest', 35, 'all of them', 'of 4', '{"amount": 600}');
SELECT reasons, missing FROM try_claim_code('guest', 36, (SELECT code FROM coupon_code AS k JOIN coupon_batch AS b USING (batch_id) WHERE b.request_id = 'of 3' ORDER BY code LIMIT 1), 'of 5');
SELECT * FROM till.wrong_stock() AS w (promotion_id int, kind text, scope text, stock numeric, taken numeric);

-- What has expired is free in its branch, on its day, and for its customer
SET clientele.clock = '2026-07-03 12:00+08';
SELECT till.offer('branches', '{"benefit": {"kind": "amount off", "amount": 1}, "after_refund": "none", "stock": {"per_branch": 2, "per_day": 4, "per_customer": 1}, "claim_term": {"minutes": 30}}');
SELECT n, claim('guest', n, 'branches', 'e' || n, jsonb_build_object('branch', (n % 2)::text, 'amount', 5)) IS NOT NULL AS claimed FROM generate_series(11, 13) AS n;
SELECT branch, reasons, remaining FROM generate_series(0, 2) AS branch, offers('guest', 14, jsonb_build_object('branch', branch::text, 'amount', 5)) WHERE promotion = 'branches';
SELECT reasons, remaining FROM offers('guest', 11, '{"branch": "2", "amount": 5}') WHERE promotion = 'branches';
SET clientele.clock = '2026-07-03 12:30+08';
SELECT reasons, remaining FROM offers('guest', 11, '{"branch": "2", "amount": 5}') WHERE promotion = 'branches';
SELECT branch, reasons, remaining FROM generate_series(0, 2) AS branch, offers('guest', 14, jsonb_build_object('branch', branch::text, 'amount', 5)) WHERE promotion = 'branches';

-- A limit that is divided, and lowered below what is taken: what comes back pays what is owed, wherever it comes back to
SELECT till.offer('owing', '{"benefit": {"kind": "amount off", "amount": 1}, "after_refund": "none", "stock": {"total": 600}}');
SELECT issue_codes('guest', 'owing', 299, 'o1') IS NOT NULL AS issued;
SELECT claim('guest', 11, 'owing', 'o2', '{"amount": 5}') AS owing \gset
SELECT till.offer('owing', '{"benefit": {"kind": "amount off", "amount": 1}, "after_refund": "none", "stock": {"total": 298}}');
SELECT * FROM till.stock('owing');
SELECT state FROM give_back(:owing, 'o3');
SELECT * FROM till.stock('owing');
SELECT reasons FROM try_claim('guest', 11, 'owing', 'o4', '{"amount": 5}');

-- ---------------------------------------------------------------------------
-- A coupon of an older version, which counts by another metric
-- ---------------------------------------------------------------------------

SET clientele.clock = '2026-07-02 12:00+08';
SELECT till.offer('loyal', '{"spend": {"at_least": 500, "measure": "spent"}, "benefit": {"kind": "amount off", "amount": 30}, "after_refund": "recompute"}');
SELECT claim('guest', 25, 'loyal', 'old 25') AS old_25 \gset
SELECT claim('guest', 26, 'loyal', 'old 26') AS old_26 \gset
SELECT till.offer('loyal', '{"spend": {"at_least": 2, "measure": "visits"}, "benefit": {"kind": "amount off", "amount": 40}, "after_refund": "recompute"}');
SELECT claim('guest', 25, 'loyal', 'new 25') AS new_25 \gset
SELECT claim('guest', 27, 'loyal', 'new 27') AS new_27 \gset
-- in the term: one visit that is dear, two that are cheap
INSERT INTO till.payment VALUES (201, 25, '2026-07-02 10:00', 400), (202, 27, '2026-07-02 10:00', 10), (203, 27, '2026-07-02 11:00', 10), (204, 26, '2026-07-02 11:00', 900);
SELECT redeem(:old_25, 'old 25 used', '{"amount": 50}');
SELECT redeem(:new_25, 'new 25 used', '{"amount": 50}');
SELECT state, amount FROM redeem(:new_27, 'new 27 used', '{"amount": 50}');
INSERT INTO till.payment VALUES (205, 25, '2026-07-02 11:30', 100);
SELECT state, amount FROM redeem(:old_25, 'old 25 used', '{"amount": 50}');
SELECT state, amount FROM redeem(:new_25, 'new 25 used', '{"amount": 50}');
-- and when the version in force asks nothing of the customer
SELECT till.offer('loyal', '{"benefit": {"kind": "amount off", "amount": 50}, "after_refund": "recompute"}');
SELECT state, amount FROM redeem(:old_26, 'old 26 used', '{"amount": 50}');
SELECT request_id, evidence -> 'spent' AS spent FROM claim_step WHERE request_id LIKE '% used' AND step = 'redeem' AND evidence ? 'spent' AND at = wall_clock() ORDER BY 1;
SET clientele.clock = '2026-07-01 09:00+08';

-- ---------------------------------------------------------------------------
-- Counted anew
-- ---------------------------------------------------------------------------

SELECT * FROM verify_promotions('guest');
BEGIN;
UPDATE stock SET remaining = remaining + 1 FROM offered_promotion AS o
WHERE stock.promotion_id = o.promotion_id AND o.name = 'voucher' AND kind = 'total' AND stripe = 0;
UPDATE claim SET given = given + 1 FROM offered_promotion AS o
WHERE claim.promotion_id = o.promotion_id AND o.name = 'extra' AND claim.state = 'redeemed' AND claim.key = '11';
DELETE FROM claim_step USING claim AS c JOIN offered_promotion AS o USING (promotion_id)
WHERE claim_step.claim_id = c.claim_id AND o.name = 'voucher' AND c.state = 'redeemed' AND c.key = '1';
SELECT promotion, item, regexp_replace(scope, '[0-9]+', 'N') AS scope, expected - kept AS difference FROM verify_promotions('guest');
ROLLBACK;

-- many for one customer in one statement
SET clientele.clock = '2026-07-01 09:00+08';
SELECT till.offer('again', '{"benefit": {"kind": "points", "points": 1}, "after_refund": "none"}');
SELECT count(claim('guest', 7, 'again', 'many ' || n)) FROM generate_series(1, 3) AS n;
SELECT DISTINCT c.key FROM claim_step AS s JOIN claim AS c USING (claim_id) WHERE s.request_id LIKE 'many %';
-- a number is of one request: of the ledger or of a claim
SELECT credit('guest', 7, 'points', 5, 'order 1');
SELECT claim('guest', 7, 'again', 'order 1', '{"amount": 5}', redeem => true);
SELECT credit('guest', 7, 'points', 5, 'order 1');
SELECT claim('guest', 7, 'again', 'order 2', '{"amount": 5}', redeem => true) IS NOT NULL AS claimed;
SELECT credit('guest', 7, 'points', 5, 'order 2');

-- ---------------------------------------------------------------------------
-- Indexes that somebody makes, and drops, while we write
-- ---------------------------------------------------------------------------

SELECT till.offer('indexed', '{"benefit": {"kind": "amount off", "amount": 5}, "after_refund": "none"}');
SELECT claim('guest', 1, 'indexed', 'index 1', '{"amount": 10, "staff": "bo"}') IS NOT NULL AS claimed;
CREATE INDEX by_staff ON claim (staff, (amount + 1)) WHERE staff = 'bo';
CREATE INDEX by_bill ON claim USING gin (bill);
CREATE INDEX by_time ON claim USING brin (claimed_at);
SELECT count(claim('guest', n, 'indexed', 'index ' || n, jsonb_build_object('amount', 10 + n, 'staff', CASE WHEN n % 2 = 0 THEN 'bo' ELSE 'an' END)))
FROM generate_series(2, 9) AS n;
SET enable_seqscan = off;
SELECT count(*) FROM claim WHERE staff = 'bo' AND amount + 1 = 6;
SELECT count(*) FROM claim WHERE bill @> '{"staff": "an"}';
SELECT count(*) FROM claim JOIN offered_promotion USING (promotion_id) WHERE name = 'indexed' AND claimed_at BETWEEN wall_clock() AND wall_clock();
RESET enable_seqscan;
DROP INDEX by_staff, by_bill, by_time;
SELECT claim('guest', 10, 'indexed', 'index 10', '{"amount": 10, "staff": "bo"}') IS NOT NULL AS claimed;

-- ---------------------------------------------------------------------------
-- For a birthday, on a bill of nothing: all of that is all of it
-- ---------------------------------------------------------------------------

SELECT till.offer('birthday', '{"benefit": {"kind": "stored value", "amount": 100}, "after_refund": "proportional", "budget": 150}');
SELECT claim_id AS birthday FROM try_claim('guest', 37, 'birthday', 'birthday 1', '{"amount": 0}', redeem => true) \gset
SELECT state, refunded_total, taken_back, from_balance, uncovered FROM give_back(:birthday, 'birthday 2');
SELECT clientele.balance('guest', 37, 'stored value');
SELECT * FROM till.stock('birthday');
SELECT * FROM till.wrong_stock() AS w (promotion_id int, kind text, scope text, stock numeric, taken numeric);

-- ---------------------------------------------------------------------------
-- Claims for one bill know of each other
-- ---------------------------------------------------------------------------

SELECT till.offer('alone', '{"benefit": {"kind": "amount off", "amount": 50}, "stacks": false, "after_refund": "none"}');
SELECT till.offer('beside', '{"benefit": {"kind": "amount off", "amount": 50}, "after_refund": "recompute"}');
SELECT till.offer('group 1', '{"benefit": {"kind": "gift", "item": "mask", "quantity": 1, "value": 5}, "exclusive_group": "g", "after_refund": "none"}');
SELECT till.offer('group 2', '{"benefit": {"kind": "percent off", "percent": 10}, "exclusive_group": "g", "after_refund": "none"}');
CREATE FUNCTION till.on_bill(key int, promotion text, request text, bill_id text, bill jsonb DEFAULT '{"amount": 60, "branch": "1"}', redeem boolean DEFAULT false,
                             OUT had boolean, OUT amount numeric, OUT reasons text[], OUT missing text[]) LANGUAGE sql
    AS $$ SELECT c.claim_id IS NOT NULL, c.amount, c.reasons, (SELECT array_agg(regexp_replace(m, 'claim [0-9]+', 'claim N')) FROM unnest(c.missing) AS m)
          FROM clientele.try_claim('guest', key, promotion, request, bill || CASE WHEN bill_id IS NULL THEN '{}' ELSE jsonb_build_object('bill_id', bill_id) END, redeem) AS c $$;
-- together to nothing at most; a bill is known by its number in its branch, and one without a number is another each time
SELECT n, b.* FROM generate_series(1, 3) AS n, till.on_bill(21, 'beside', 'one bill ' || n, 'A') AS b ORDER BY n;
SELECT b.* FROM till.on_bill(21, 'beside', 'another bill', 'B') AS b
UNION ALL SELECT b.* FROM till.on_bill(21, 'beside', 'another branch', 'A', '{"amount": 60, "branch": "2"}') AS b
UNION ALL SELECT b.* FROM till.on_bill(21, 'beside', 'no branch', 'A', '{"amount": 60}') AS b
UNION ALL SELECT b.* FROM till.on_bill(22, 'beside', 'another customer', 'A') AS b;
SELECT n, b.* FROM generate_series(1, 2) AS n, till.on_bill(21, 'alone', 'no number ' || n, NULL) AS b ORDER BY n;
-- what stands alone, and what is of one group
SELECT b.* FROM till.on_bill(21, 'alone', 'alone 1', 'A') AS b;
SELECT b.* FROM till.on_bill(23, 'alone', 'alone 2', 'A') AS b;
SELECT b.* FROM till.on_bill(23, 'beside', 'alone 3', 'A') AS b;
SELECT b.* FROM till.on_bill(24, 'group 1', 'group 1', 'A') AS b;
SELECT b.* FROM till.on_bill(24, 'group 2', 'group 2', 'A') AS b;
SELECT b.* FROM till.on_bill(24, 'group 1', 'group 3', 'A') AS b;
SELECT b.* FROM till.on_bill(24, 'beside', 'group 4', 'A') AS b;
-- who asks beforehand is told the same, and what is best is what is best beside it
SELECT promotion, eligible, amount, reasons FROM offers('guest', 24, '{"bill_id": "A", "amount": 60, "branch": "1"}') WHERE promotion IN ('alone', 'beside', 'group 1', 'group 2') ORDER BY promotion;
SELECT promotion, amount FROM best_offers('guest', 24, '{"bill_id": "A", "amount": 60, "branch": "1"}') WHERE kind = 'amount off';
SELECT sum(amount) AS in_all FROM claim_best('guest', 24, 'group 5', '{"bill_id": "A", "amount": 60, "branch": "1"}');
SELECT sum(amount) AS in_all FROM claim WHERE key = '24' AND bill_id = 'A' AND state = 'held';
-- coupons, one by one
SELECT claim('guest', 25, 'alone', 'coupon ' || n) > 0 AS coupon FROM generate_series(1, 2) AS n;
CREATE FUNCTION till.coupon(nth int) RETURNS bigint LANGUAGE sql STABLE
    AS $$ SELECT claim_id FROM clientele.claim JOIN clientele.offered_promotion USING (promotion_id) WHERE key = '25' AND name = 'alone' ORDER BY claim_id OFFSET nth - 1 LIMIT 1 $$;
SELECT state, amount FROM redeem(till.coupon(1), 'coupon 3', '{"bill_id": "A", "amount": 60}');
SELECT redeem(till.coupon(2), 'coupon 4', '{"bill_id": "A", "amount": 60}');
-- what is given back is off the bill again
SELECT state FROM give_back(till.coupon(1), 'coupon 5');
SELECT state, amount FROM redeem(till.coupon(2), 'coupon 6', '{"bill_id": "A", "amount": 60}');
SELECT * FROM till.wrong_stock() AS w (promotion_id int, kind text, scope text, stock numeric, taken numeric);

-- ---------------------------------------------------------------------------
-- A key column that the clinic has renamed
-- ---------------------------------------------------------------------------

ALTER TABLE till.customer RENAME COLUMN id TO guest_id;
SELECT claim('guest', 1, 'indexed', 'renamed 1', '{"amount": 10}');
SELECT promotion FROM offers('guest', 1, NULL);
SELECT credit('guest', 1, 'points', 5, 'renamed 2');
ALTER TABLE till.customer RENAME COLUMN guest_id TO id;
SELECT claim('guest', 1, 'indexed', 'renamed 1', '{"amount": 10}') IS NOT NULL AS claimed;

SELECT drop_population('guest', with_balances => true);
DROP SCHEMA till CASCADE;
