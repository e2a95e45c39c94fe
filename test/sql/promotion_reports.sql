-- What promotions would cost and have brought, why prices differ, and forgetting: against plain SQL.
-- Claims are written by hand here, in states and amounts that a clinic would need months for;
-- test/pgtap/july.sql has one that is lived through.
\set VERBOSITY terse
SET client_min_messages = warning;
SET TimeZone = 'Asia/Shanghai';
SET clientele.clock = '2026-07-20 15:00+08';
CREATE SCHEMA shop;
CREATE TABLE shop.customer (id text COLLATE "C" PRIMARY KEY, class text, home text);
CREATE TABLE shop.payment (customer text COLLATE "C" REFERENCES shop.customer (id), at timestamptz, amount numeric(12,2), kind text);
CREATE INDEX ON shop.payment (customer, at);
INSERT INTO shop.customer SELECT format('K%sx', 1000 + n), chr(65 + n % 3), (1 + n % 2)::text FROM generate_series(1, 200) AS n;
-- Two payments on some days; a top-up is no revenue.
INSERT INTO shop.payment
SELECT format('K%sx', 1000 + n), timestamptz '2026-05-20 09:00+08' + (n * 13 + k * 29) % 61 * interval '1 day' + k * interval '67 minutes',
       (n * 7919 + k * 104729) % 100000 / 100.0 + CASE WHEN n % 10 = 0 THEN 400 ELSE 0 END, CASE WHEN (n + k) % 17 = 0 THEN 'top-up' ELSE 'sale' END
FROM generate_series(1, 200) AS n, generate_series(1, 6) AS k;
INSERT INTO shop.payment SELECT customer, at + interval '2 hours', amount / 2, kind FROM shop.payment WHERE amount > 700;

SELECT clientele.create_population('shopper', 'shop.customer', 'id', 'Asia/Shanghai', 'shop_segments'),
       clientele.add_source('shopper', 'payment', 'shop.payment', 'customer', 'at', amount => 'amount', filter => 'kind = ''sale'''),
       clientele.set_revenue('shopper', 'payment'),
       clientele.define_metric('shopper', 'member', 'class'),
       clientele.define_tag('shopper', 'regular', 'count(payment last 30 days) >= 2') \g /dev/null
SELECT clientele.publish('shopper', 'first') \g /dev/null
CALL clientele.refresh('shopper');
SELECT population_id, clientele.put_promotion_views(p) AS nothing FROM clientele.population AS p WHERE name = 'shopper' \gset

-- What each bought on each day, as anybody would say it.
CREATE VIEW shop.day AS
SELECT customer, (at AT TIME ZONE 'Asia/Shanghai')::date AS day, sum(amount) AS amount FROM shop.payment WHERE kind = 'sale' GROUP BY 1, 2;

-- ---------- simulate_promotion ----------
-- What was bought in other weeks is bought again in August.
\set august '{"term": {"from": "2026-08-01", "to": "2026-08-31"}, "branches": "all", "after_refund": "recompute", '
SELECT * FROM clientele.simulate_promotion('shopper', :'august' || $$"audience": "member = 'A'", "audience_at": "bill",
    "spend": {"at_least": 500, "measure": "bill"}, "benefit": {"kind": "stored value", "amount": 50}, "stock": {"per_customer": 1}}$$, since => '2026-06-15');
SELECT count(DISTINCT customer) AS qualify, count(DISTINCT customer) * 50 AS cost,
       (SELECT count(*) FROM shop.customer WHERE class = 'A') AS audience, (SELECT count(*) FROM shop.customer WHERE class = 'A') * 50 AS liability
FROM shop.day JOIN shop.customer ON id = customer
WHERE class = 'A' AND day BETWEEN '2026-06-15' AND '2026-07-15' AND amount >= 500;

-- Ten per cent, at most 60, twice a customer, 40 in all: more would come than there are.
SELECT * FROM clientele.simulate_promotion('shopper', :'august' || $$"benefit": {"kind": "percent off", "percent": 10, "at_most": 60},
    "stock": {"per_customer": 2, "total": 40}}$$, since => '2026-06-06', at_take_up => '{100}');
WITH bought AS (SELECT customer, amount, row_number() OVER (PARTITION BY customer ORDER BY day) AS nth FROM shop.day WHERE day BETWEEN '2026-06-06' AND '2026-07-06')
SELECT least(40, count(*)) AS claims, round(sum(least(round(amount * 0.1, 2), 60)) * least(1, 40.0 / count(*)), 2) AS cost, 40 * 60 AS liability,
       (SELECT count(DISTINCT customer) FROM bought) AS qualify
FROM bought WHERE nth <= 2;

-- Weekends alone, six on a day; a budget that ends first.
SELECT * FROM clientele.simulate_promotion('shopper', replace(:'august', '"2026-08-31"', '"2026-08-31", "days": [6, 7], "hours": {"from": "10:00", "to": "11:00"}') ||
    $$"benefit": {"kind": "spend and reduce", "steps": [{"at_least": 100, "off": 10}, {"at_least": 600, "off": 80}]}, "stock": {"per_day": 6}, "budget": 500}$$,
    since => '2026-06-06', at_take_up => '{50,100}');
WITH bought AS (SELECT day, count(*) AS n, sum(CASE WHEN amount >= 600 THEN 80 ELSE 10 END) AS off
                FROM shop.day WHERE day BETWEEN '2026-06-06' AND '2026-07-06' AND extract(isodow FROM day) IN (6, 7) AND amount >= 100 GROUP BY day)
SELECT t AS take_up, round(sum(n * p) * least(1, 500 / sum(off * p)))::int AS claims, round(least(500, sum(off * p)), 2) AS cost
FROM unnest('{50,100}'::numeric[]) AS t, LATERAL (SELECT b.*, least(t / 100, 6.0 / n) AS p FROM bought AS b) AS d GROUP BY t ORDER BY t;

-- Points for all that is spent once 800 are reached; one claim a week.
SELECT * FROM clientele.simulate_promotion('shopper', :'august' || $$"audience": "has_tag('regular')", "audience_at": "bill",
    "spend": {"at_least": 800, "measure": "spent"}, "benefit": {"kind": "points", "per": 100, "points": 3}, "stock": {"per_period": {"claims": 1, "period": "week"}}}$$,
    since => '2026-06-06', at_take_up => '{100}');
WITH bought AS (SELECT d.*, sum(amount) OVER (PARTITION BY customer ORDER BY day) AS spent FROM shop.day AS d
                WHERE day BETWEEN '2026-06-06' AND '2026-07-06'
                  AND (SELECT count(*) FROM shop.payment AS p WHERE p.customer = d.customer AND kind = 'sale' AND (at AT TIME ZONE 'Asia/Shanghai')::date > '2026-06-20' AND at <= '2026-07-20 15:00+08') >= 2),
     first AS (SELECT DISTINCT ON (customer, date_trunc('week', day + 56)) * FROM bought WHERE spent >= 800 AND amount >= 100 ORDER BY customer, date_trunc('week', day + 56), day)
SELECT count(DISTINCT customer) AS qualify, count(*) AS claims, sum(floor(amount / 100) * 3) AS given FROM first;

-- What payments cannot say, a bill can.
SELECT take_up, qualify, claims, cost, liability FROM clientele.simulate_promotion('shopper', :'august' || $$"audience": "member = 'B'", "audience_at": "bill",
    "benefit": {"kind": "fixed price", "item": "facial", "price": 480}, "stock": {"per_customer": 1}}$$,
    bill => '{"lines": [{"item": "facial", "price": 600}, {"item": "cream", "price": 90}]}', at_take_up => '{10,100}');
SELECT * FROM clientele.simulate_promotion('shopper', :'august' || '"benefit": {"kind": "fixed price", "item": "facial", "price": 480}}');
SELECT * FROM clientele.simulate_promotion('shopper', 'summer');
SELECT * FROM clientele.simulate_promotion('shopper', :'august' || '"benefit": {"kind": "points", "points": 5}}', at_take_up => '{110}');

-- Coupons can cost what they are for, and all of them no more than it has.
SELECT clientele.define_promotion('shopper', 'ticket', (:'august' || '"benefit": {"kind": "amount off", "amount": 20}}')::jsonb);
\set tickets '"benefit": {"kind": "coupon", "coupon": "ticket", "quantity": 3}, "stock": {"per_customer": 1}}'
\set liability 'SELECT take_up, liability FROM clientele.simulate_promotion(''shopper'', :''august'' || :''tickets'', at_take_up => ''{1,100}'');'
:liability
SELECT clientele.define_promotion('shopper', 'ticket', (:'august' || '"benefit": {"kind": "amount off", "amount": 20}, "stock": {"total": 100}}')::jsonb);
:liability
SELECT clientele.define_promotion('shopper', 'ticket', (:'august' || '"benefit": {"kind": "percent off", "percent": 20}, "budget": 1500}')::jsonb);
:liability
SELECT clientele.define_promotion('shopper', 'ticket', (:'august' || '"benefit": {"kind": "percent off", "percent": 20}}')::jsonb);
:liability
SELECT clientele.drop_promotion('shopper', 'ticket');

-- ---------- what has happened ----------
-- Promotions, claims in every state, with money that comes back in part.
INSERT INTO clientele.offered_promotion (population_id, name, state, version, holdout)
VALUES (:population_id, 'june', 'published', 1, 30), (:population_id, 'skin', 'published', 2, 0), (:population_id, 'points', 'published', 1, 0), (:population_id, 'new', 'draft', NULL, 0);
INSERT INTO clientele.promotion_version (population_id, promotion_id, version, definition, author, published_at)
SELECT o.population_id, o.promotion_id, d.version, format('{"term": {"from": "2026-06-10", "to": "2026-06-20"}, "branches": "all", "after_refund": "proportional", %s}', d.keys)::clientele.promotion, current_user, '2026-06-09'
FROM clientele.offered_promotion AS o JOIN (VALUES
    ('june', 1, '"audience": "member <> ''C''", "audience_at": "bill", "benefit": {"kind": "stored value", "amount": 50}'),
    ('skin', 1, '"benefit": {"kind": "percent off", "percent": 10, "applies_to": "category = ''skin''"}'),
    ('skin', 2, '"bill": "channel = ''app''", "benefit": {"kind": "percent off", "percent": 20, "applies_to": "category = ''skin''"}'),
    ('points', 1, '"benefit": {"kind": "points", "points": 7}')) AS d (name, version, keys) USING (name)
WHERE o.population_id = :population_id;
INSERT INTO clientele.branch_zone VALUES (:population_id, '2', 'Asia/Urumqi'), (:population_id, '3', 'Asia/Kathmandu');

INSERT INTO clientele.claim (population_id, promotion_id, version, key, state, claimed_at, expires_at, redeemed_at, day, branch, staff, bill, amount, value, given, refunded, taken_back)
SELECT o.population_id, o.promotion_id, v.version, format('K%sx', 1000 + n), s.state, c.at, c.at + interval '30 minutes' + CASE WHEN n % 3 = 0 THEN interval '60 days' ELSE '0' END,
       CASE WHEN s.used THEN c.at END, c.at::date, b.branch, CASE WHEN n % 5 > 0 THEN 'S' || n % 4 END,
       CASE WHEN n % 13 > 0 OR s.used THEN jsonb_strip_nulls(jsonb_build_object('bill_id', 'B-' || n, 'branch', b.branch, 'channel', 'app', 'lines', jsonb_build_array(
           jsonb_build_object('item', 'facial', 'category', 'skin', 'quantity', 1 + n % 2, 'price', 300),
           jsonb_build_object('item', 'vitamins', 'price', 45.50, 'quantity', 3, 'amount', CASE WHEN n % 7 = 0 THEN 130 ELSE 136.50 END)))) END,
       g.amount, g.value, g.given, CASE WHEN s.used THEN CASE s.state WHEN 'returned' THEN 1000 WHEN 'redeemed' THEN n % 6 * 10 END ELSE 0 END,
       CASE WHEN s.used THEN CASE s.state WHEN 'returned' THEN g.given WHEN 'redeemed' THEN CASE WHEN n % 6 > 3 THEN 1.25 ELSE 0 END END ELSE 0 END
FROM generate_series(1, 200) AS n
CROSS JOIN LATERAL (SELECT (ARRAY['redeemed', 'held', 'redeemed', 'released', 'expired', 'returned', 'redeemed'])[1 + n % 7], n % 7 IN (0, 2, 5, 6)) AS s (state, used)
CROSS JOIN LATERAL (SELECT timestamptz '2026-06-10 22:30+08' + n % 37 * interval '5 hours 17 minutes') AS c (at)
CROSS JOIN LATERAL (SELECT nullif((n % 3)::text, '0')) AS b (branch)
JOIN clientele.offered_promotion AS o ON o.population_id = :population_id AND o.name = (ARRAY['june', 'skin', 'points'])[1 + n % 3]
JOIN clientele.promotion_version AS v ON v.promotion_id = o.promotion_id AND (v.version = 1 OR n % 2 = 0) AND (v.version = 2 OR o.name <> 'skin' OR n % 2 = 1)
CROSS JOIN LATERAL (SELECT CASE o.name WHEN 'skin' THEN 30.0 * v.version * (1 + n % 2) END, CASE o.name WHEN 'skin' THEN 30.0 * v.version * (1 + n % 2) WHEN 'june' THEN 50 END,
                           CASE o.name WHEN 'skin' THEN 30.0 * v.version * (1 + n % 2) WHEN 'june' THEN 50 ELSE 7 END) AS g (amount, value, given);
SELECT state, count(*) FROM clientele.claim WHERE population_id = :population_id GROUP BY 1 ORDER BY 1;

-- The report, and the same in plain SQL, cell by cell; what was shown is written down here as well.
CREATE FUNCTION shop.hour(at timestamptz, branch text) RETURNS timestamp LANGUAGE sql STABLE AS $$
    SELECT date_trunc('hour', at AT TIME ZONE CASE branch WHEN '2' THEN 'Asia/Urumqi' WHEN '3' THEN 'Asia/Kathmandu' ELSE 'Asia/Shanghai' END) $$;
CREATE TABLE shop.shown (key text COLLATE "C", name text, branch text, staff text, at timestamptz);
CREATE VIEW shop.claimed AS
SELECT o.name::text COLLATE "default" AS name, branch, staff, shop.hour(claimed_at, branch) AS hour,
       count(*) AS claims, count(DISTINCT key) AS customers,
       sum((c.state = 'redeemed')::int) AS confirmed, sum((c.state = 'held' AND expires_at > '2026-07-20 15:00+08')::int) AS unpaid,
       sum((c.state = 'released')::int) AS released, sum((c.state = 'expired' OR c.state = 'held' AND expires_at <= '2026-07-20 15:00+08')::int) AS expired,
       sum((c.state = 'returned')::int) AS returned,
       sum(CASE WHEN c.state IN ('redeemed', 'returned') THEN bill_is - refunded - CASE WHEN o.name = 'skin' THEN given - taken_back ELSE 0 END ELSE 0 END) AS revenue,
       sum(CASE WHEN c.state IN ('redeemed', 'returned') AND o.name <> 'points' THEN given - taken_back ELSE 0 END) AS cost,
       sum(CASE WHEN c.state IN ('redeemed', 'returned') AND o.name = 'points' THEN given - taken_back ELSE 0 END) AS points,
       sum(CASE WHEN c.state = 'held' AND expires_at > '2026-07-20 15:00+08' AND o.name <> 'points' THEN given ELSE 0 END) AS reserved
FROM clientele.claim AS c JOIN clientele.offered_promotion AS o USING (promotion_id)
CROSS JOIN LATERAL (SELECT sum(coalesce((l ->> 'amount')::numeric, (l ->> 'price')::numeric * (l ->> 'quantity')::numeric)) AS bill_is FROM jsonb_array_elements(bill -> 'lines') AS l) AS b
GROUP BY 1, 2, 3, 4;
CREATE VIEW shop.report AS
WITH reached AS (
    SELECT name, branch, staff, hour, count(DISTINCT key) AS reach
    FROM (SELECT o.name::text COLLATE "default", branch, staff, shop.hour(claimed_at, branch), key FROM clientele.claim JOIN clientele.offered_promotion AS o USING (promotion_id)
          UNION ALL SELECT name, branch, staff, shop.hour(at, branch), key FROM shop.shown) AS r (name, branch, staff, hour, key)
    GROUP BY 1, 2, 3, 4)
SELECT r.*, coalesce(claims, 0) AS claims, coalesce(customers, 0) AS customers, coalesce(confirmed, 0) AS confirmed, coalesce(unpaid, 0) AS unpaid, coalesce(released, 0) AS released,
       coalesce(expired, 0) AS expired, coalesce(returned, 0) AS returned, coalesce(revenue, 0) AS revenue, coalesce(cost, 0) AS cost, coalesce(points, 0) AS points, coalesce(reserved, 0) AS reserved
FROM reached AS r LEFT JOIN shop.claimed AS c
     ON c.name = r.name AND c.branch IS NOT DISTINCT FROM r.branch AND c.staff IS NOT DISTINCT FROM r.staff AND c.hour = r.hour;
CREATE FUNCTION shop.compared() RETURNS TABLE (rows bigint, missing bigint, wrong bigint) LANGUAGE sql AS $$
    SELECT (SELECT count(*) FROM shop_segments.shopper_promotion_report),
           (SELECT count(*) FROM (SELECT * FROM shop.report EXCEPT SELECT * FROM shop_segments.shopper_promotion_report) AS x),
           (SELECT count(*) FROM (SELECT * FROM shop_segments.shopper_promotion_report EXCEPT SELECT * FROM shop.report) AS x) $$;
SELECT * FROM shop.compared();
SELECT count(*) FROM shop_segments.shopper_promotion_report WHERE reach <> customers;

-- Shown: to who claims soon after, or an hour too late; by another, elsewhere; to others on the same bill's terms; where nobody claims.
INSERT INTO shop.shown
SELECT CASE n % 7 WHEN 0 THEN format('K%sx', 1000 + n % 200 + 1) ELSE key END, CASE n % 9 WHEN 0 THEN 'points' ELSE o.name END,
       CASE n % 11 WHEN 0 THEN '2' WHEN 5 THEN '3' ELSE branch END, CASE n % 6 WHEN 0 THEN 'S9' ELSE staff END, claimed_at - n % 4 * interval '13 minutes'
FROM (SELECT *, substr(key, 2, 4)::int - 1000 AS n FROM clientele.claim WHERE population_id = :population_id) AS c JOIN clientele.offered_promotion AS o USING (promotion_id)
WHERE n % 8 <> 1;
INSERT INTO shop.shown SELECT * FROM shop.shown WHERE key > 'K1100x' UNION ALL SELECT key, name, branch, staff, at + interval '20 minutes' FROM shop.shown WHERE key < 'K1050x';
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT key, branch, staff, at, array_agg(name) AS names FROM shop.shown GROUP BY key, branch, staff, at LOOP
        PERFORM set_config('clientele.clock', to_char(one.at, 'YYYY-MM-DD HH24:MI:SS+08'), false),
                clientele.record_impression('shopper', one.key, one.names, CASE WHEN one.branch IS NOT NULL OR one.staff IS NOT NULL THEN
                    jsonb_strip_nulls(jsonb_build_object('amount', 1, 'branch', one.branch, 'staff', one.staff)) END);
    END LOOP;
END $$;
SET clientele.clock = '2026-07-20 15:00+08';
SELECT * FROM shop.compared();
SELECT count(*) FILTER (WHERE claims = 0) AS only_shown, count(*) FILTER (WHERE customers > 0 AND reach > customers) AS beside_claims,
       count(*) FILTER (WHERE branch IS NULL AND reach > customers) AS nowhere FROM shop_segments.shopper_promotion_report;
SELECT count(*) - count(DISTINCT (key, name, branch, staff, shop.hour(at, branch))) AS again FROM shop.shown;
SELECT count(*) - (SELECT count(DISTINCT (key, name, branch, staff, shop.hour(at, branch))) FROM shop.shown) AS more_rows FROM clientele.impression;
-- How many are new is told; strict with names, customers and bills.
BEGIN;
SELECT clientele.record_impression('shopper', 'K1001x', '{skin,june,skin}', '{"amount": 5, "branch": "1", "staff": "S1"}') AS new;
SELECT clientele.record_impression('shopper', 'K1001x', '{june,skin,points}', '{"amount": 9, "branch": "1", "staff": "S1"}') AS new;
SELECT clientele.record_impression('shopper', 'K1001x', '{june}') AS new, clientele.record_impression('shopper', 'K1001x'::text, '{}') AS nothing;
ROLLBACK;
\set VERBOSITY default
SELECT clientele.record_impression('shopper', 'K1001x', '{june,poinst}');
SELECT clientele.record_impression('shopper', 'K1001x', '{new}');
SELECT clientele.record_impression('shopper', 'K1001x', NULL);
SELECT clientele.record_impression('shopper', 'K1001x', '{june,NULL}');
\set VERBOSITY terse
SELECT clientele.record_impression('shopper', 'nobody', '{june}');
SELECT clientele.record_impression('shopper', NULL::text, '{june}');
SELECT clientele.record_impression('shopper', 'K1001x', '{june}', '{"amount": 5, "store": "1"}');
SELECT clientele.record_impression('shoppers', 'K1001x', '{june}');
BEGIN READ ONLY;
SELECT clientele.record_impression('shopper', 'K1001x', '{june}');
ROLLBACK;
-- What is old can go.
SELECT clientele.delete_impressions('shopper', NULL);
BEGIN;
-- another population's stay
SAVEPOINT before;
INSERT INTO clientele.impression SELECT 0, i.key, i.promotion_id, i.hour, i.branch, i.staff FROM clientele.impression AS i WHERE i.hour < '2026-06-14 00:00+08' LIMIT 1;
SELECT clientele.delete_impressions('shopper', 'infinity') > 0 AS deleted, clientele.delete_impressions('shopper', 'infinity') AS again;
SELECT population_id, count(*) FROM clientele.impression GROUP BY 1;
ROLLBACK TO before;
SELECT clientele.delete_impressions('shopper', '2026-06-14 00:00+08') AS deleted, (SELECT count(*) FROM clientele.impression WHERE hour < '2026-06-14 00:00+08') AS were;
DELETE FROM shop.shown WHERE shop.hour(at, branch) < '2026-06-14 00:00' AND branch IS DISTINCT FROM '2' OR shop.hour(at, branch) < '2026-06-13 22:00';
SELECT missing, wrong FROM shop.compared();
ROLLBACK;
SELECT promotion, sum(claims) AS claims, sum(confirmed) AS confirmed, sum(unpaid) AS unpaid, sum(revenue) AS revenue, sum(cost) AS cost, sum(points) AS points
FROM shop_segments.shopper_promotion_report GROUP BY 1 ORDER BY 1;
-- Live: what is unpaid has expired a moment later, and nobody had to write anything.
SET clientele.clock = '2027-07-20 15:00+08';
SELECT sum(unpaid) AS unpaid, sum(expired) AS expired FROM shop_segments.shopper_promotion_report;
SET clientele.clock = '2026-07-20 15:00+08';

-- Different prices for the same, and why.
SELECT item, branch, list_price, unit_price, unit_benefit, reason, personal, customers, sales, quantity FROM shop_segments.shopper_price ORDER BY 1, 2, 4, 5, 6;

-- What is divided among lines adds up to the last cent, however it is rounded; each share is within a cent of the exact one.
SELECT count(*) AS divided, count(*) FILTER (WHERE s.sum <> g.given) AS lost, count(*) FILTER (WHERE s.off > 0.0100001) AS far, count(*) FILTER (WHERE s.elsewhere <> 0) AS elsewhere
FROM generate_series(1, 500) AS n
CROSS JOIN LATERAL (SELECT jsonb_build_object('amount', sum(a), 'lines', jsonb_agg(jsonb_build_object('item', 'i' || k, 'category', CASE WHEN k % 3 < 2 THEN 'skin' ELSE 'body' END, 'amount', a))) AS bill,
                           sum(a) FILTER (WHERE k % 3 < 2) AS meant
                    FROM generate_series(1, 1 + n % 9) AS k, LATERAL (SELECT (n * 7919 * k % 99991) / 100.0 AS a) AS one) AS b
CROSS JOIN LATERAL (SELECT round(b.meant * (n % 100) / 100, 2) AS given) AS g
CROSS JOIN LATERAL (SELECT sum(share) AS sum, max(abs(share - g.given * amount / b.meant)) FILTER (WHERE category = 'skin') AS off, sum(share) FILTER (WHERE category = 'body') AS elsewhere
                    FROM clientele.bill_lines(b.bill, format('{"term": {"from": "2026-06-10"}, "branches": "all", "after_refund": "none", "rounding": {"mode": "half %s"},
                        "benefit": {"kind": "percent off", "percent": 10, "applies_to": "category = ''skin''"}}', (ARRAY['up', 'even'])[1 + n % 2])::clientele.promotion, g.given)) AS s;
-- Of a fixed price each line gets back what it is above it.
SELECT line, item, amount, share FROM clientele.bill_lines('{"lines": [{"item": "facial", "quantity": 2, "price": 300}, {"item": "cream", "price": 90}, {"item": "facial", "price": 250}, {"item": "facial", "price": 200}]}',
    '{"term": {"from": "2026-06-10"}, "branches": "all", "after_refund": "none", "benefit": {"kind": "fixed price", "item": "facial", "price": 220}}', 190);
SELECT clientele.conditions('member = ''A'' and (visits > 3 or has_tag(''vip'')) and not x is null'), clientele.conditions('a = 1 or b = 2');

-- ---------- promotion_effect ----------
-- Who is held out depends on the promotion's number, so the answers are compared, not shown.
CREATE TABLE shop.effect AS SELECT * FROM clientele.promotion_effect('shopper', 'june', 10);
SELECT "group", from_day::text, to_day::text, customers > 20 AS many, lift IS NULL AS no_lift, later_buyers IS NULL AS no_later FROM shop.effect;
WITH one AS (
    SELECT id, (hashtextextended(id, promotion_id) & 9223372036854775807) % 10000 < 3000 AS held_out,
           coalesce((SELECT sum(amount) FROM shop.day WHERE customer = id AND day BETWEEN '2026-06-10' AND '2026-06-30'), 0) AS paid
    FROM shop.customer, clientele.offered_promotion WHERE class <> 'C' AND name = 'june')
SELECT CASE WHEN held_out THEN 'held out' ELSE 'reached' END, count(*), count(*) FILTER (WHERE paid > 0), sum(paid), round(avg(paid), 2),
       round(avg(paid) - lead(avg(paid)) OVER (ORDER BY held_out), 2),
       round(sqrt(variance(paid) / count(*) + lead(variance(paid) / count(*)) OVER (ORDER BY held_out)), 2)
FROM one GROUP BY held_out
EXCEPT SELECT "group", customers, buyers, revenue, revenue_each, lift, lift_error FROM shop.effect;
SELECT 'takers' AS "group", count(DISTINCT key) AS customers, count(DISTINCT customer) AS later_buyers, sum(amount) AS later_revenue
FROM (SELECT key, min(redeemed_at)::date AS day FROM clientele.claim JOIN clientele.offered_promotion AS o USING (promotion_id)
      WHERE name = 'june' AND claim.state = 'redeemed' GROUP BY 1) AS t
LEFT JOIN shop.day AS d ON d.customer = t.key AND d.day > t.day AND d.day <= t.day + 10
UNION SELECT "group", customers, later_buyers, later_revenue FROM shop.effect WHERE "group" = 'takers';
-- Of a version that begins later, after some had taken it: what they pay after that counts all the same.
BEGIN;
UPDATE clientele.promotion_version SET definition = replace(definition::text, '"from": "2026-06-10"', '"from": "2026-06-18"')::clientele.promotion
WHERE promotion_id = (SELECT promotion_id FROM clientele.offered_promotion WHERE name = 'june');
SELECT n.from_day::text, n.revenue < o.revenue AS less, n.later_revenue - o.later_revenue AS difference
FROM shop.effect AS o JOIN clientele.promotion_effect('shopper', 'june', 10) AS n USING ("group") WHERE "group" = 'takers';
ROLLBACK;
SELECT * FROM clientele.promotion_effect('shopper', 'new');
SELECT * FROM clientele.promotion_effect('shopper', 'old');
SELECT * FROM clientele.promotion_effect('shopper', 'june', 0);

-- Simulated by its name: without those whom chance leaves out; of a list that was frozen, those on it.
SELECT audience - (SELECT count(*) FROM shop.customer, clientele.offered_promotion WHERE class <> 'C' AND name = 'june'
                   AND (hashtextextended(id, promotion_id) & 9223372036854775807) % 10000 >= 3000) AS difference
FROM clientele.simulate_promotion('shopper', 'june', at_take_up => '{100}');
INSERT INTO clientele.offered_promotion (population_id, name, state, version, audience_frozen_at) VALUES (:population_id, 'listed', 'published', 1, '2026-06-10');
INSERT INTO clientele.promotion_version (population_id, promotion_id, version, definition, author, published_at)
SELECT population_id, promotion_id, 1, '{"term": {"from": "2026-06-10", "to": "2026-06-20"}, "branches": "all", "audience": "member = ''C''", "audience_at": "term start",
    "benefit": {"kind": "points", "points": 1}, "after_refund": "none"}', current_user, '2026-06-09' FROM clientele.offered_promotion WHERE name = 'listed';
INSERT INTO clientele.frozen_audience SELECT population_id, promotion_id, 'K' || n || 'x' FROM clientele.offered_promotion, generate_series(1001, 1017) AS n WHERE name = 'listed';
SELECT audience, (SELECT customers FROM clientele.promotion_effect('shopper', 'listed') WHERE "group" = 'reached') AS reached
FROM clientele.simulate_promotion('shopper', 'listed', at_take_up => '{100}');

-- Who refuses automated decisions is not reached by one.
INSERT INTO clientele.refusal (population_id, key, refused, at, actor, note)
SELECT :population_id, id, r, now(), current_user, 'by phone, ' || id FROM shop.customer, unnest(ARRAY[true, class <> 'A']) AS r WHERE home = '1';
SELECT sum(customers) FILTER (WHERE "group" <> 'takers') AS meant, (SELECT count(*) FROM shop.customer WHERE class = 'A' OR class = 'B' AND home <> '1') AS meant_in_sql
FROM clientele.promotion_effect('shopper', 'june');

-- The view of refusals: the last word of each holds, from the first of the same on.
SELECT clientele.refuse_automation('shopper', 'K1002x', 'a'), clientele.allow_automation('shopper', 'K1002x', 'b') \g /dev/null
SET clientele.clock = '2026-07-21 10:00+08';
SELECT clientele.refuse_automation('shopper', 'K1002x', 'c') \g /dev/null
SET clientele.clock = '2026-07-22 11:00+08';
SELECT clientele.refuse_automation('shopper', 'K1002x', 'in writing'), clientele.refuse_automation('shopper', 'K1004x'), clientele.allow_automation('shopper', 'K1006x') \g /dev/null
SELECT id, since, noted_at, noted_by = current_user AS by_us, note FROM shop_segments.shopper_refusal WHERE since > '2026-07-01' AND noted_at < '2026-08-01' ORDER BY id;
SELECT count(*) FROM ((SELECT id FROM shop_segments.shopper_refusal EXCEPT SELECT r.key FROM clientele.refusal AS r WHERE r.refused AND NOT EXISTS (SELECT FROM clientele.refusal AS l WHERE l.key = r.key AND l.number > r.number))
    UNION ALL (SELECT r.key FROM clientele.refusal AS r WHERE r.refused AND NOT EXISTS (SELECT FROM clientele.refusal AS l WHERE l.key = r.key AND l.number > r.number) EXCEPT SELECT id FROM shop_segments.shopper_refusal)) AS x;
SET clientele.clock = '2026-07-20 15:00+08';

-- ---------- forget ----------
-- A customer who has left traces everywhere.
\set key K1030x
INSERT INTO clientele.claim_step (population_id, claim_id, step, request_id, at, actor, reason, bill, answer, evidence)
SELECT population_id, claim_id, s.step, format('%s/%s/%s', s.step, key, claim_id), claimed_at, current_user, 'because of ' || key, bill, '{"state": "redeemed"}',
       jsonb_build_object('as_of', claimed_at, 'model_version', 1, 'values', jsonb_build_object('nickname', key))
FROM clientele.claim, unnest(ARRAY['claim', 'redeem']) AS s (step) WHERE population_id = :population_id;
-- One coupon came to her from K1001x and went on to K1040x; one she claimed, and K1041x has it.
INSERT INTO clientele.claim_step (population_id, claim_id, step, request_id, at, actor, reason, evidence)
SELECT population_id, claim_id, 'transfer', 'gift ' || to_key || claim_id, claimed_at + after, current_user, to_key,
       jsonb_build_object('from', from_key, 'values', jsonb_build_object('nickname', to_key))
FROM clientele.claim JOIN (VALUES ('K1040x', 'K1001x', :'key', interval '1 h'), ('K1040x', :'key', 'K1040x', '2 h'), ('K1041x', :'key', 'K1041x', '1 h')) AS t (key, from_key, to_key, after) USING (key)
WHERE population_id = :population_id;
UPDATE clientele.claim_step SET evidence = jsonb_set(evidence, '{values,nickname}', to_jsonb(:'key'::text)), reason = NULL, request_id = NULL
WHERE step = 'claim' AND claim_id = (SELECT claim_id FROM clientele.claim WHERE key = 'K1041x');
INSERT INTO clientele.coupon_batch (population_id, promotion_id, kind, quantity, valid_until, author, request_id, began_at, updated_at, ended_at, last_key)
SELECT population_id, promotion_id, 'segment', 5, 'infinity', current_user, 'batch', now(), now(), now(), :'key' FROM clientele.offered_promotion WHERE name = 'june';
INSERT INTO clientele.coupon_code SELECT population_id, 'CODE' || key, 1, claim_id FROM clientele.claim WHERE population_id = :population_id;
INSERT INTO clientele.ledger_entry (population_id, key, account, amount, claim_id, request_id, at, actor, reason, refund_of)
SELECT population_id, key, 'points', 7, claim_id, 'ledger ' || key, claimed_at, current_user, 'for ' || key, 'bought by ' || key FROM clientele.claim WHERE population_id = :population_id;
INSERT INTO clientele.membership (population_id, key, plan, since, until, paid, request_id, at, actor, reason)
SELECT :population_id, id, 'gold', now(), 'infinity', 999, 'gold ' || id, now(), current_user, 'of ' || id FROM shop.customer;
INSERT INTO clientele.frozen_audience SELECT :population_id, promotion_id, id FROM shop.customer, clientele.offered_promotion WHERE name = 'june';
SELECT clientele.tag_customer('shopper', :'key', 'regular', 'said ' || :'key');
-- She was shown what she claimed, when and where she did, and another hour something else.
SELECT to_char(claimed_at, 'YYYY-MM-DD HH24:MI:SS+08') AS then FROM clientele.claim WHERE key = :'key' \gset
SET clientele.clock = :'then';
SELECT clientele.record_impression('shopper', :'key', '{june}');
SET clientele.clock = '2026-07-20 15:00+08';
SELECT clientele.record_impression('shopper', :'key', '{skin}', '{"amount": 1, "branch": "2", "staff": "S1"}');

CREATE FUNCTION shop.traces(word text) RETURNS TABLE (relation text, rows bigint) LANGUAGE plpgsql AS $$
BEGIN
    FOR relation IN SELECT c.oid::regclass::text FROM pg_class AS c WHERE c.relkind = 'r' AND c.relnamespace IN ('clientele'::regnamespace, 'clientele_data'::regnamespace) ORDER BY 1
    LOOP
        EXECUTE format('SELECT count(*) FROM %s AS t WHERE strpos(t::text, %L) > 0', relation, word) INTO rows;
        IF rows > 0 THEN RETURN NEXT; END IF;
    END LOOP;
END $$;
SELECT relation, rows FROM shop.traces(:'key');
CREATE TABLE shop.before AS SELECT * FROM shop_segments.shopper_promotion_report;
CREATE TABLE shop.money AS SELECT account, sum(amount) FROM clientele.ledger_entry GROUP BY 1 UNION ALL SELECT plan, sum(paid) FROM clientele.membership GROUP BY 1;
SELECT (e #- '{profile,due_at}' #- '{profile,evaluated_at}') - '{at,claims,ledger,statements,memberships,refusals,changes,paid_on_days}'::text[] AS person,
       jsonb_array_length(e -> 'claims') AS claims, jsonb_array_length(e #> '{claims,0,steps}') AS steps, e #>> '{claims,0,promotion}' AS promotion, e #>> '{claims,0,code}' AS code,
       jsonb_array_length(e -> 'ledger') AS ledger, jsonb_array_length(e -> 'memberships') AS memberships, jsonb_array_length(e -> 'statements') AS statements
FROM clientele.export_person('shopper', :'key') AS e;

SELECT clientele.forget('shopper', :'key');
SELECT relation, rows FROM shop.traces(:'key');
-- Her bill cannot be found by its number either.
SELECT count(*) FROM clientele.claim WHERE bill ->> 'bill_id' = 'B-30' OR key LIKE 'forgotten:%' AND (bill ? 'lines' OR bill ? 'at');
-- What is counted is counted as before, but for what she was only shown; and she is one customer still.
SELECT promotion, branch, staff, hour, reach, claims FROM (SELECT * FROM shop.before EXCEPT SELECT * FROM shop_segments.shopper_promotion_report) AS x;
SELECT * FROM shop.money EXCEPT SELECT account, sum(amount) FROM clientele.ledger_entry GROUP BY 1 EXCEPT SELECT plan, sum(paid) FROM clientele.membership GROUP BY 1;
SELECT count(DISTINCT key) FROM (SELECT key FROM clientele.claim UNION ALL SELECT key FROM clientele.ledger_entry UNION ALL SELECT key FROM clientele.membership) AS k WHERE key LIKE 'forgotten:%';
SELECT clientele.export_person('shopper', :'key') - 'at' AS nothing;
-- Nobody else has lost anything.
SELECT count(*) FROM clientele.claim_step WHERE request_id IS NULL AND step <> 'transfer';
SELECT count(*) FROM clientele.refusal WHERE note LIKE '%K1032x%';

SELECT clientele.drop_population('shopper', with_balances => true);
DROP SCHEMA shop CASCADE;
