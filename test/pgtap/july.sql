-- "July, all branches, class A, 满 50000 送 5000": from the first sum to the last refund, as the cashier,
-- the manager and the customer see it.  What must be true at each step is said by plain SQL.
\set QUIET on
\set customers 300
\o /dev/null
\i test/clinic/clinic.sql
SET search_path = clientele, public;
SET TimeZone = 'Asia/Shanghai';
SET client_min_messages = warning;
SET clientele.clock = '2026-06-28 20:00+08';

INSERT INTO org.branch VALUES (9, '天山院', '乌鲁木齐', 'Asia/Urumqi', '2026-06-01');
SELECT create_population('customer', 'crm.customer', 'customer_id', 'Asia/Shanghai');
SELECT add_source('customer', 'payment', 'pos.payment', 'customer_id', 'paid_at', amount => 'net', branch => 'branch_id', filter => 'kind in (''sale'', ''refund'')', create_index => true);
SELECT set_revenue('customer', 'payment');
SELECT define_metric('customer', 'spend', 'sum(payment.net last 12 months)', 2),
       define_ladder('customer', 'class', '[{"label": "A", "when": "spend >= 10000"}, {"label": "B"}]');
SELECT publish('customer', 'classes of 2026');
CALL refresh('customer');
CREATE ROLE july_till;
GRANT USAGE ON SCHEMA segments, clientele TO july_till;

-- The same in plain SQL: who was class A on the evening before July.
CREATE TABLE crm.class_a AS
SELECT c.customer_id, row_number() OVER (ORDER BY c.customer_id) AS n FROM crm.customer AS c
WHERE (SELECT sum(net) FROM pos.payment AS p WHERE p.customer_id = c.customer_id AND kind IN ('sale', 'refund')
         AND (paid_at AT TIME ZONE 'Asia/Shanghai')::date > date '2025-06-28' AND paid_at <= '2026-06-28 20:00+08') >= 10000;
\o
SELECT no_plan();

-- ---------- three promotions, alike but for what becomes of them after a refund ----------
CREATE FUNCTION pg_temp.july(rule text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT format('{"term": {"from": "2026-07-01", "to": "2026-07-31"}, "branches": "all", "audience": "class = ''A''", "audience_at": "bill",
                    "spend": {"at_least": 50000, "measure": "bill"}, "benefit": {"kind": "stored value", "amount": 5000},
                    "stock": {"total": 100, "per_customer": 1}, "budget": 500000, "after_refund": %s}', to_json(rule))::jsonb $$;
CREATE TEMPORARY TABLE rule (n int PRIMARY KEY, name text, taken_back numeric, paid_out numeric);
INSERT INTO rule VALUES (1, 'recompute', 5000, 15000), (2, 'proportional', 2000, 18000), (3, 'none', 0, 20000);
SELECT define_promotion('customer', 'july_' || name, pg_temp.july(name)) FROM rule \g /dev/null

SELECT is((SELECT audience FROM simulate_promotion('customer', 'july_none', at_take_up => '{100}')), (SELECT count(*) FROM crm.class_a), 'so many are class A');
SELECT results_eq($$SELECT qualify, claims, cost, liability FROM simulate_promotion('customer', 'july_none', since => '2025-06-29', at_take_up => '{100}')$$,
    $$SELECT count(DISTINCT customer_id), count(DISTINCT customer_id), round(5000.0 * count(DISTINCT customer_id), 2), (SELECT round(5000.0 * least(count(*), 100), 2) FROM crm.class_a)
      FROM (SELECT customer_id FROM pos.payment JOIN crm.class_a USING (customer_id) WHERE kind IN ('sale', 'refund')
            AND (paid_at AT TIME ZONE 'Asia/Shanghai')::date BETWEEN '2025-06-29' AND '2025-07-29'
            GROUP BY customer_id, (paid_at AT TIME ZONE 'Asia/Shanghai')::date HAVING sum(net) >= 50000) AS day$$,
    'what last July would have cost, and what can be owed at most');
SELECT is(publish_promotion('customer', 'july_' || name, 'board of 20 June'), 1, 'published: ' || name) FROM rule;
SELECT set_branch_zone('customer', branch_id::text, time_zone) FROM org.branch WHERE time_zone <> 'Asia/Shanghai' \g /dev/null

-- ---------- the till: functions, and no table ----------
GRANT INSERT ON segments.customer_claim, segments.customer_ledger TO july_till;
CREATE FUNCTION pg_temp.bill(branch text, amount numeric) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('bill_id', 'B-' || branch || '-' || amount, 'branch', branch, 'staff', '007',
        'lines', jsonb_build_array(jsonb_build_object('item', '双眼皮', 'category', 'surgery', 'price', amount - 12000),
                                   jsonb_build_object('item', '光子嫩肤', 'category', 'skin', 'price', 12000))) $$;
GRANT SELECT ON crm.class_a, org.branch, rule TO july_till;
GRANT USAGE ON SCHEMA crm, org TO july_till;

-- One class A customer for each rule, the last of them in Urumqi.
CREATE TEMPORARY TABLE she AS
SELECT r.n, r.name, a.customer_id AS key, CASE r.n WHEN 3 THEN '9' ELSE r.n::text END AS branch
FROM rule AS r JOIN crm.class_a AS a USING (n);
GRANT SELECT ON she TO july_till;
SELECT cmp_ok((SELECT count(*) FROM crm.class_a), '>', 10::bigint, 'there are customers of class A');

SET clientele.clock = '2026-07-03 14:05+08';
SET ROLE july_till;
SELECT throws_ok('SELECT count(*) FROM clientele.claim', '42501', NULL, 'the till reads no table of claims');
SELECT is((SELECT (eligible, value, reasons) FROM she, offers('customer', key, pg_temp.bill(branch, 50000)) AS o WHERE n = 1 AND o.promotion = 'july_recompute'),
          (true, 5000::numeric, '{}'::text[]), 'with 50,000 she gets 5,000');
SELECT is((SELECT (eligible, spend_more, given_then, reasons) FROM she, offers('customer', key, pg_temp.bill(branch, 47000)) AS o WHERE n = 1 AND o.promotion = 'july_recompute'),
          (false, 3000::numeric, 5000::numeric, '{spend}'::text[]), 'with 47,000 she is told what is missing');
RESET ROLE;

-- Who is class B by all that he has bought so far is not class A on this bill, whatever it makes of him.
SELECT throws_ok(format('SELECT claim(''customer'', %s, ''july_recompute'', ''R-B'', pg_temp.bill(''1'', 50000))',
    (SELECT min(customer_id) FROM crm.customer WHERE customer_id NOT IN (SELECT customer_id FROM crm.class_a))), 'CL001', NULL, 'class B is refused');

-- Paying and claiming are one transaction, and a retry after a lost answer is the same claim.
CREATE TEMPORARY TABLE taken (n int, claim_id bigint);
GRANT INSERT, SELECT ON taken TO july_till;
BEGIN;
INSERT INTO pos.payment (receipt_no, customer_id, branch_id, kind, paid_at, recorded_at, net, product_id, category, method)
SELECT gen_random_uuid(), key, branch::int, 'sale', '2026-07-03 14:04+08', '2026-07-03 14:04+08', 50000, product_id, category, method
FROM she, LATERAL (SELECT product_id, category, method FROM pos.payment WHERE kind = 'sale' AND product_id IS NOT NULL LIMIT 1) AS p;
SET LOCAL ROLE july_till;
INSERT INTO taken SELECT n, claim('customer', key, 'july_' || name, 'R-' || n, pg_temp.bill(branch, 50000), redeem => true) FROM she;
COMMIT;
SET ROLE july_till;
SELECT results_eq($$SELECT n, claim('customer', key, 'july_' || name, 'R-' || n, pg_temp.bill(branch, 50000), redeem => true) FROM she ORDER BY n$$,
                  'SELECT n, claim_id FROM taken ORDER BY n', 'a retry is answered with the same claim');
SELECT throws_ok($$SELECT claim('customer', key, 'july_' || name, 'R-1', pg_temp.bill(branch, 60000), redeem => true) FROM she WHERE n = 1$$, 'CL005', NULL, 'but not on another bill');
SELECT throws_ok($$SELECT claim('customer', key, 'july_' || name, 'R-again', pg_temp.bill(branch, 90000)) FROM she WHERE n = 1$$, 'CL002', NULL, 'once for each customer');
SELECT is((SELECT array_agg(balance('customer', key, 'stored value') ORDER BY n) FROM she), '{5000,5000,5000}', 'three times 5,000 in the accounts');

-- ---------- spent ----------
RESET ROLE;
SET clientele.clock = '2026-07-10 11:00+08';
SET ROLE july_till;
SELECT is((SELECT array_agg(spend('customer', key, 'stored value', 5000, 'S-' || n) ORDER BY n) FROM she), '{0,0,0}', 'and spent');
SELECT throws_ok($$SELECT spend('customer', key, 'stored value', 0.01, 'S-more') FROM she WHERE n = 1$$, 'CL006', NULL, 'to the last cent');
RESET ROLE;

-- ---------- the report before the refunds ----------
SELECT results_eq($$SELECT promotion, branch, staff, claims, confirmed, unpaid, revenue, cost FROM segments.customer_promotion_report ORDER BY 1$$,
    $$SELECT 'july_' || name, branch, '007', 1::bigint, 1::bigint, 0::bigint, 50000.000000, 5000.000000 FROM she ORDER BY 1$$, 'by promotion, branch and staff member');
SELECT is((SELECT array_agg(hour ORDER BY promotion) FROM segments.customer_promotion_report),
          (SELECT array_agg(timestamp '2026-07-03 14:00' - CASE n WHEN 3 THEN interval '2 hours' ELSE '0' END ORDER BY name) FROM she), 'each hour on the clock of its branch');

-- ---------- 20,000 refunded ----------
SET clientele.clock = '2026-07-20 16:30+08';
SET ROLE july_till;
CREATE FUNCTION pg_temp.refund_all() RETURNS TABLE (n int, state text, rule text, refunded_total numeric, taken_back numeric, from_balance numeric, from_refund numeric, uncovered numeric) LANGUAGE sql AS $$
    SELECT t.n, g.state, g.rule, g.refunded_total, g.taken_back, g.from_balance, g.from_refund, g.uncovered
    FROM taken AS t CROSS JOIN LATERAL give_back(t.claim_id, 'G-' || t.n, 20000, 'one treatment less') AS g ORDER BY t.n $$;
SELECT results_eq('SELECT * FROM pg_temp.refund_all()',
    $$SELECT n, 'redeemed', name, 20000::numeric, taken_back, 0::numeric, taken_back, 0::numeric FROM rule ORDER BY n$$, 'each rule takes back what it says, from the refund, because it is spent');
SELECT results_eq('SELECT * FROM pg_temp.refund_all()',
    $$SELECT n, 'redeemed', name, 20000::numeric, taken_back, 0::numeric, taken_back, 0::numeric FROM rule ORDER BY n$$, 'asked again, the same is answered');
SELECT is((SELECT array_agg(20000 - from_refund ORDER BY n) FROM pg_temp.refund_all()), (SELECT array_agg(paid_out ORDER BY n) FROM rule), 'so much is paid out: 15,000, 18,000, 20,000');
SELECT is((SELECT array_agg(balance('customer', key, 'stored value') ORDER BY n) FROM she), '{0,0,0}', 'nobody has less than nothing');
RESET ROLE;
SELECT results_eq($$SELECT promotion, confirmed, returned, revenue, cost FROM segments.customer_promotion_report ORDER BY 1$$,
    $$SELECT 'july_' || name, 1::bigint, 0::bigint, 30000.000000, 5000.000000 - taken_back FROM rule ORDER BY 1$$, 'the report: 30,000 of revenue each, at a cost of 0, 3,000 and 5,000');
SELECT results_eq($$SELECT o.name::text COLLATE "default", 500000 - sum(s.remaining - s.owed) FROM clientele.stock AS s JOIN clientele.offered_promotion AS o USING (promotion_id)
                    WHERE kind = 'budget' GROUP BY 1 ORDER BY 1$$,
    'SELECT promotion, sum(cost + reserved) FROM segments.customer_promotion_report GROUP BY 1 ORDER BY 1', 'and the budgets say the same to the cent');
SELECT results_eq($$SELECT o.name::text COLLATE "default", 100 - sum(s.remaining - s.owed) FROM clientele.stock AS s JOIN clientele.offered_promotion AS o USING (promotion_id)
                    WHERE kind = 'total' GROUP BY 1 ORDER BY 1$$,
    'SELECT promotion, sum(confirmed + unpaid)::numeric FROM segments.customer_promotion_report GROUP BY 1 ORDER BY 1', 'so does the stock');

-- ---------- the rest comes back as well ----------
SELECT results_eq($$SELECT n, g.state, g.refunded_total, g.taken_back, g.from_refund FROM taken, give_back(claim_id, 'W-' || n, NULL, 'all of it') AS g ORDER BY n$$,
    $$SELECT n, 'returned', 50000::numeric, CASE name WHEN 'none' THEN 0 ELSE 5000 - taken_back END, CASE name WHEN 'none' THEN 0 ELSE 5000 - taken_back END FROM rule ORDER BY n$$,
    'a bill that is refunded whole takes back the rest, but for "none"');
SELECT results_eq($$SELECT promotion, confirmed, returned, revenue, cost FROM segments.customer_promotion_report ORDER BY 1$$,
    $$SELECT 'july_' || name, 0::bigint, 1::bigint, 0.000000, CASE name WHEN 'none' THEN 5000.000000 ELSE 0 END FROM rule ORDER BY 1$$, 'returned, without revenue; what "none" has given is a cost');

-- ---------- the last evening ----------
SET clientele.clock = '2026-08-01 01:30+08';
CREATE TEMPORARY TABLE late AS SELECT a.customer_id AS key, (SELECT branch FROM she WHERE she.n = 3) AS branch FROM crm.class_a AS a WHERE a.n = 4;
SELECT throws_ok($$SELECT claim('customer', key, 'july_none', 'L-1', pg_temp.bill('1', 50000)) FROM late$$, 'CL001', NULL, 'July is over in Shanghai');
SELECT lives_ok($$SELECT claim('customer', key, 'july_none', 'L-2', pg_temp.bill(branch, 50000)) FROM late$$, 'in Urumqi it is not');
SELECT results_eq($$SELECT unpaid, reserved FROM segments.customer_promotion_report WHERE confirmed + returned = 0$$, 'SELECT 1::bigint, 5000.000000', 'held, and not paid yet');
SET clientele.clock = '2026-08-01 02:00+08';
SELECT results_eq($$SELECT unpaid, expired, reserved FROM segments.customer_promotion_report WHERE confirmed + returned = 0$$, 'SELECT 0::bigint, 1::bigint, 0.000000', 'at midnight there it has expired by itself');

-- ---------- why? ----------
CREATE TEMPORARY TABLE told AS SELECT e.* FROM taken, explain_claim(claim_id) AS e WHERE n = 2;
SELECT is((SELECT array_agg(item) FROM told), '{state,promotion,personal,audience,term,branch,spend,benefit,claim,"give back","give back","taken back"}', 'she is told what was asked, and what became of it');
SELECT ok((SELECT bool_and(holds) FROM told WHERE item IN ('audience', 'term', 'branch', 'spend', 'benefit')), 'every condition held');
SELECT ok((SELECT value LIKE 'class = A (as of 2026-07-03 %' AND condition = 'class = ''A''' FROM told WHERE item = 'audience'), 'she was class A before the bill');
SELECT define_ladder('customer', 'class', '[{"label": "A", "when": "spend >= 1000000"}, {"label": "B"}]'), publish('customer', 'nobody is A any more') \g /dev/null
CALL refresh('customer');
SELECT is((SELECT count(*) FROM segments.customer WHERE class = 'A'), 0::bigint, 'later nobody is class A');
SELECT results_eq('SELECT e.* FROM taken, explain_claim(claim_id) AS e WHERE n = 2', 'SELECT * FROM told', 'what decided then is what is told');
GRANT SELECT ON told TO july_till;
SET ROLE july_till;
SELECT throws_ok('SELECT explain_claim(claim_id) FROM taken WHERE n = 2', '42704', NULL, 'not to the till, which may not read claims');
RESET ROLE;

-- ---------- who may ask what ----------
GRANT SELECT ON segments.customer_promotion_report, segments.customer_promotion_effect, segments.customer_price TO july_till;
CREATE TEMPORARY TABLE of_owner AS SELECT * FROM segments.customer_promotion_effect;
GRANT SELECT ON of_owner TO july_till;
SET ROLE july_till;
SELECT results_eq('SELECT * FROM segments.customer_promotion_effect', 'SELECT * FROM of_owner', 'whoever may read the view of effects sees what its owner sees');
SELECT is((SELECT sum(customers) FROM segments.customer_promotion_effect WHERE "group" = 'takers'), 0::numeric, 'nobody has kept what he took');
SELECT is((SELECT sum(claims) FROM segments.customer_promotion_report), 4::numeric, 'and the report');
SELECT throws_ok($$SELECT simulate_promotion('customer', 'july_none')$$, '42501', NULL, 'what a promotion would cost is the owner''s to ask');
SELECT throws_ok($$SELECT export_person('customer', key) FROM she WHERE n = 1$$, '42501', NULL, 'so is a copy of somebody''s data');
RESET ROLE;
GRANT SELECT ON segments.customer_claim TO july_till;
SET ROLE july_till;
SELECT results_eq('SELECT e.* FROM taken, explain_claim(claim_id) AS e WHERE n = 2', 'SELECT * FROM told', 'whoever may read claims may have them explained');
RESET ROLE;

-- ---------- forgotten ----------
SELECT define_promotion('customer', 'august', '{"term": {"from": "2026-08-01"}, "branches": "all", "benefit": {"kind": "amount off", "amount": 100},
    "stock": {"total": 10}, "after_refund": "none"}'), publish_promotion('customer', 'august') \g /dev/null
SELECT claim('customer', key, 'august', 'A-' || n) FROM she \g /dev/null
SELECT define_promotion('customer', 'autumn', '{"term": {"from": "2026-08-01"}, "branches": "all", "benefit": {"kind": "amount off", "amount": 100}, "after_refund": "proportional"}'),
       publish_promotion('customer', 'autumn') \g /dev/null
SELECT claim('customer', key, 'autumn', 'U-2', pg_temp.bill('1', 20000), redeem => true) AS autumn FROM she WHERE n = 2 \gset
SELECT is((SELECT taken_back FROM give_back(:autumn, 'V-2', 6000)), 30.00, 'three tenths are refunded');
CREATE TEMPORARY TABLE before AS SELECT * FROM segments.customer_promotion_report;
SELECT is((SELECT jsonb_array_length(export_person('customer', key) -> 'claims') FROM she WHERE n = 2), 3, 'a copy of her data has all three claims');
SELECT forget('customer', key) FROM she WHERE n = 2 \g /dev/null
SELECT is((SELECT remaining FROM segments.customer_promotion WHERE name = 'august'), 8, 'what she held is free again');
SELECT results_eq($$SELECT * FROM segments.customer_promotion_report WHERE promotion NOT IN ('august', 'autumn') ORDER BY 1, 4$$, $$SELECT * FROM before WHERE promotion NOT IN ('august', 'autumn') ORDER BY 1, 4$$,
                  'what has happened, the report counts as before');
SELECT throws_ok($$SELECT claim('customer', key, 'august', 'A-again') FROM she WHERE n = 2$$, 'P0002', NULL, 'there is no such customer any more');
SELECT is((SELECT export_person('customer', key) -> 'claims' FROM she WHERE n = 2), '[]', 'nothing is stored of her');
SELECT is((SELECT count(*) FROM clientele.ledger_entry, she WHERE ledger_entry.key = she.key::text AND n = 2), 0::bigint, 'not in the ledger either');
SELECT is((SELECT sum(amount) FROM clientele.ledger_entry), 0::numeric, 'whose sum is right');

SELECT is((SELECT (taken_back, refunded_total) FROM give_back(:autumn, 'V-3', 4000)), (20.00, 10000.00), 'what is refunded afterwards is reckoned as before');

SELECT finish();
SELECT drop_population('customer', with_balances => true) \g /dev/null
DROP SCHEMA org, crm, pos, emr CASCADE;
DROP OWNED BY july_till;
DROP ROLE july_till;
