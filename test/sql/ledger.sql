-- Points, stored value and gifts: what customers have; memberships.
SET client_min_messages = warning;
SET timezone = 'Asia/Shanghai';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
CREATE ROLE regress_ledger_owner;
CREATE ROLE regress_ledger_till;
CREATE ROLE regress_ledger_stranger;
CREATE SCHEMA regress_ledger AUTHORIZATION regress_ledger_owner;
CREATE SCHEMA regress_ledger_segments AUTHORIZATION regress_ledger_owner;
SET search_path = regress_ledger, clientele;
SET clientele.clock = '2026-07-01 10:00+08';

SET ROLE regress_ledger_owner;
CREATE TABLE customer (customer_id int PRIMARY KEY, name text);
INSERT INTO customer VALUES (1, 'Ann'), (2, 'Ben'), (3, 'Cai');
SELECT create_population('ledger', 'customer', 'customer_id', 'Asia/Shanghai', 'regress_ledger_segments');
SELECT define_tag('ledger', '金卡', family => 'membership');	-- only memberships give it
SELECT define_tag('ledger', 'welcome', $$has_tag('金卡')$$);
SELECT publish('ledger');
CALL refresh('ledger');
-- Rights can be given before there is a promotion.
SELECT relname FROM pg_class WHERE relnamespace = 'regress_ledger_segments'::regnamespace AND relowner <> 'regress_ledger_owner'::regrole
   AND has_table_privilege(oid, 'INSERT WITH GRANT OPTION') ORDER BY relname COLLATE "C";
SELECT define_earn_rule('ledger', 'one for a hundred', '{"term": {"from": "2026-01-01"}, "branches": "all", "after_refund": "recompute",
    "benefit": {"kind": "points", "per": 100, "points": 1}}');
SELECT publish_promotion('ledger', 'one for a hundred');

-- ---------------------------------------------------------------------------
-- Given, used, come back
-- ---------------------------------------------------------------------------

SELECT credit('ledger', 1, 'points', 100, 'r1', valid_until => '2026-07-10 00:00+08', reason => 'welcome');
SELECT credit('ledger', '01', 'points', 50, 'r2', valid_until => '2026-07-05 00:00+08');
SELECT credit('ledger', 1::bigint, 'points', 30, 'r3');
SELECT credit('ledger', 1, 'stored value', 88.88, 'r4', valid_until => 'infinity');
SELECT credit('ledger', 1, 'gift', 2, 'r5', '面膜');
SELECT * FROM balances('ledger', 1);
-- What expires first is used first.
SELECT spend('ledger', 1, 'points', 70, 's1', reason => 'a lipstick');
SELECT * FROM balances('ledger', 1);
SELECT spend('ledger', 1, 'stored value', 80.08, 's2'), spend('ledger', 1, 'gift', 1, 's3', '面膜');
-- More than there is: nothing is used.
SELECT spend('ledger', 1, 'stored value', 8.81, 's4');
SELECT spend('ledger', 1, 'gift', 1, 's5', 'toothbrush');
SELECT spend('ledger', 2, 'points', 1, 's6');
SELECT spend('ledger', 9, 'points', 1, 's7');
SELECT balance('ledger', 1, 'stored value'), balance('ledger', 2, 'points'), balance('ledger', 9, 'points');
-- What comes back expires when it would have; what came from an expired lot is gone at once.
RESET ROLE; SET clientele.clock = '2026-07-06 10:00+08'; SET ROLE regress_ledger_owner;
SELECT balance('ledger', 1, 'points');
SELECT refund_spending('ledger', 's1', 20, 'u1', 'the lipstick was broken');
SELECT refund_spending('ledger', 's1', 50, 'u2');
SELECT refund_spending('ledger', 's1', 0.01, 'u3');
SELECT refund_spending('ledger', 's4', 1, 'u4');
SELECT refund_spending('ledger', 'r1', 1, 'u5');
SELECT * FROM balances('ledger', 1);
RESET ROLE; SET clientele.clock = '2026-07-12 10:00+08'; SET ROLE regress_ledger_owner;
SELECT * FROM account_statement('ledger', 1, 'points');
SELECT * FROM account_statement('ledger', '1', 'gift', '面膜');
-- Every instant is as it was.
SELECT t.at, balance('ledger', 1, 'points', as_of => t.at) AS then,
       (SELECT sum(l.amount) FROM regress_ledger_segments.ledger_ledger AS l WHERE l.customer_id = '1' AND l.account = 'points' AND l.at <= t.at) AS lines
FROM (VALUES (timestamptz '2026-07-01 09:59:59.999999+08'), ('2026-07-01 10:00+08'), ('2026-07-04 23:59:59.999999+08'), ('2026-07-05 00:00+08'),
             ('2026-07-06 09:00+08'), ('2026-07-06 10:00+08'), ('2026-07-09 23:59:59.999999+08'), ('2026-07-10 00:00+08')) AS t (at);
SELECT * FROM balances('ledger', 1, '2026-07-06 10:00+08');
-- A clock that goes back: what was used is used.
RESET ROLE; SET clientele.clock = '2026-07-11 10:00+08'; SET ROLE regress_ledger_owner;
SELECT spend('ledger', 1, 'points', 30, 's8');
SELECT spend('ledger', 1, 'points', 1, 's9');
SELECT at, kind, amount, balance FROM account_statement('ledger', 1, 'points') ORDER BY at DESC LIMIT 2;
-- and what was given later is used when it was there.
RESET ROLE; SET clientele.clock = '2026-07-12 10:00+08'; SET ROLE regress_ledger_owner;
SELECT credit('ledger', 2, 'points', 5, 'r10');
RESET ROLE; SET clientele.clock = '2026-07-11 10:00+08'; SET ROLE regress_ledger_owner;
SELECT spend('ledger', 2, 'points', 5, 's11');
SELECT at, kind, amount, balance FROM account_statement('ledger', 2, 'points');

-- ---------------------------------------------------------------------------
-- Once for each request
-- ---------------------------------------------------------------------------

SELECT credit('ledger', 1, 'points', 100.0, 'r1', valid_until => '2026-07-10 00:00+08', reason => 'welcome'), spend('ledger', '1', 'points', 70, 's1', reason => 'a lipstick'),
       refund_spending('ledger', 's1', 20, 'u1', 'the lipstick was broken');
SELECT spend('ledger', 1, 'points', 70, 's1');
SELECT spend('ledger', 2, 'stored value', 71, 's1', reason => 'a lipstick');
SELECT credit('ledger', 1, 'points', 70, 's1');
SELECT credit('ledger', 1, 'points', 100, 'r1', reason => 'welcome');
SELECT credit('ledger', 1, 'gift', 2, 'r5', 'toothbrush');
SELECT refund_spending('ledger', 's2', 20, 'u1', 'the lipstick was broken');
-- What was refused is asked anew.
SELECT credit('ledger', 1, 'points', 5, 'r6');
SELECT spend('ledger', 1, 'points', 1, 's9');
-- A snapshot from before sees nothing of it; who looks under the lock does.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM customer;
SELECT credit('ledger', 1, 'points', 6, 'r7'), spend('ledger', 1, 'points', 10, 's10');
SELECT spend('ledger', 1, 'points', 10, 's10');
ROLLBACK;

-- ---------------------------------------------------------------------------
-- Mistakes
-- ---------------------------------------------------------------------------

SELECT credit('ledger', 9, 'points', 1, 'x');
SELECT credit('ledger', 'Ann', 'points', 1, 'x');
SELECT credit('ledger', NULL::text, 'points', 1, 'x');
SELECT credit('ledger', 1, 'stamps', 1, 'x');
SELECT credit('ledger', 1, 'coupon', 1, 'x');
SELECT credit('ledger', 1, 'gift', 1, 'x');
SELECT credit('ledger', 1, 'gift', 1.5, 'x', 'mask');
SELECT credit('ledger', 1, 'points', 1, 'x', 'mask');
SELECT credit('ledger', 1, 'points', 0, 'x');
SELECT credit('ledger', 1, 'points', 'NaN', 'x');
SELECT credit('ledger', 1, 'points', 0.00001, 'x');
SELECT credit('ledger', 1, 'points', NULL, 'x');
SELECT credit('ledger', 1, 'points', 1, '');
SELECT credit('ledger', 1, 'points', 1, 'x', valid_until => '2026-07-11 10:00+08');
SELECT credit('nowhere', 1, 'points', 1, 'x');
SELECT balance('ledger', 1, 'points', as_of => 'infinity');
SELECT define_earn_rule('ledger', 'x', '{"term": {"from": "2026-01-01"}, "branches": "all", "after_refund": "none", "benefit": {"kind": "amount off", "amount": 5}}');
SELECT define_earn_rule('ledger', 'x', '{"term": {"from": "2026-01-01"}, "branches": "all", "after_refund": "none", "needs": {"joiners": 3, "within": {"hours": 24}},
    "benefit": {"kind": "points", "points": 1}}');
SELECT define_promotion('ledger', 'one for a hundred', '{"term": {"from": "2026-01-01"}, "branches": "all", "after_refund": "none", "benefit": {"kind": "points", "points": 1}}');
BEGIN;
SET LOCAL synchronous_commit = off;
SELECT credit('ledger', 1, 'points', 1, 'x');
ROLLBACK;

-- ---------------------------------------------------------------------------
-- Memberships
-- ---------------------------------------------------------------------------

CREATE VIEW shown AS SELECT customer_id, tags, due_at FROM regress_ledger_segments.ledger;
SELECT grant_membership('ledger', 2, '金卡', '2027-07-13 00:00+08', 'm1', 1999, '2026-07-13 00:00+08', 'paid at the desk');
SELECT grant_membership('ledger', 2, '金卡', '2027-07-13 00:00+08', 'm1', 1999.00, reason => 'paid at the desk');	-- again
SELECT grant_membership('ledger', 3, '金卡', 'infinity', 'm2');
-- He renews long before it ends.
SELECT grant_membership('ledger', 2, '金卡', '2028-07-13 00:00+08', 'm3', 1499, '2027-07-13 00:00+08');
SELECT * FROM memberships('ledger', 2);
SELECT * FROM memberships('ledger', '3');
SELECT * FROM shown ORDER BY 1;
CALL refresh('ledger');
SELECT * FROM shown ORDER BY 1;
SELECT customer_id, tags FROM regress_ledger_segments.ledger_as_of('2027-07-12 23:59:59+08') ORDER BY 1;
SELECT customer_id, tags FROM regress_ledger_segments.ledger_as_of('2028-07-13 00:00+08') ORDER BY 1;
RESET ROLE; SET clientele.clock = '2026-07-20 10:00+08'; SET ROLE regress_ledger_owner;
SELECT * FROM shown ORDER BY 1;
SELECT * FROM regress_ledger_segments.ledger_tag ORDER BY 1, 2;
-- Its tag is not anybody's to give or take.
SELECT untag_customer('ledger', 2, '金卡');
SELECT tag_customer('ledger', 2, '金卡', until => '2026-08-01');
SELECT tag_customer('ledger', 1, '金卡', until => '2026-08-01');
-- It ends, also what was to come.
SELECT end_membership('ledger', 2, '金卡', 'm4', 'moved to Dalian'), end_membership('ledger', '2', '金卡', 'm4', 'moved to Dalian'),
       end_membership('ledger', 2, '金卡', 'm5'), end_membership('ledger', 1, '金卡', 'm6');
SELECT * FROM memberships('ledger', 2);
SELECT plan, state, since, until FROM memberships('ledger', 2, '2026-07-20 09:59+08');
SELECT * FROM regress_ledger_segments.ledger_plan ORDER BY customer_id, since;
SELECT * FROM shown ORDER BY 1;
SELECT customer_id, tags FROM regress_ledger_segments.ledger_as_of('2027-07-13 00:00+08') ORDER BY 1;
CALL refresh('ledger');
SELECT * FROM verify('ledger');
SELECT key FROM clientele.membership;
RESET ROLE;
SELECT key, plan, since, until, paid, request_id, at, reason FROM clientele.membership ORDER BY number;
SET ROLE regress_ledger_owner;
SELECT grant_membership('ledger', 2, '金卡', '2027-07-13 00:00+08', 'm1', 1998, '2026-07-14 00:00+08');
SELECT end_membership('ledger', 2, '金卡', 'm1');
SELECT grant_membership('ledger', 2, '金卡', '2026-07-30', 'm7', since => '2026-07-19');
SELECT grant_membership('ledger', 2, '金卡', '2026-07-20 10:00+08', 'm7');
SELECT grant_membership('ledger', 2, '金卡', NULL, 'm7');
SELECT grant_membership('ledger', 2, '金卡', '2026-07-30', 'm7', -1);
SELECT grant_membership('ledger', 2, 'a, b', '2026-07-30', 'm7');
SELECT grant_membership('ledger', 9, '金卡', '2026-07-30', 'm7');
-- What no rule could ask for is a slip; a tag of the draft will do, and a repetition is answered whatever has become of the tag.
SELECT grant_membership('ledger', 1, '金卡 ', '2026-07-30', 'm7');
SELECT grant_membership('ledger', 1, '钻石卡', '2026-07-30', 'm7');
SELECT define_tag('ledger', '钻石卡');
SELECT grant_membership('ledger', 1, '钻石卡', '2026-07-30', 'm7');
SELECT drop_definition('ledger', '钻石卡');
SELECT grant_membership('ledger', 1, '钻石卡', '2026-07-30', 'm7');
SELECT grant_membership('ledger', 1, '钻石卡', '2026-07-31', 'm8');
-- A number is of one request, whatever it asks for.
SELECT credit('ledger', 1, 'points', 1, 'm1');
SELECT grant_membership('ledger', 3, '金卡', 'infinity', 's1');
SELECT end_membership('ledger', 3, '金卡', 's1');
SELECT earn('ledger', 1, 's1', '{"amount": 100}');
SELECT define_promotion('ledger', 'code', '{"term": {"from": "2026-01-01"}, "branches": "all", "after_refund": "none", "benefit": {"kind": "points", "points": 1}}'),
       publish_promotion('ledger', 'code');
SELECT issue_codes('ledger', 'code', 1, 's1');
CALL issue_coupons('ledger', 'code', 'true', 'm1');
SELECT issue_codes('ledger', 'code', 1, 'codes') IS NOT NULL AS issued, claim('ledger', 3, 'code', 'claimed') IS NOT NULL AS claimed;
SELECT spend('ledger', 1, 'points', 1, 'codes');
SELECT grant_membership('ledger', 3, '金卡', 'infinity', 'codes');
SELECT credit('ledger', 1, 'points', 1, 'claimed');
SELECT grant_membership('ledger', 3, '金卡', 'infinity', 'claimed');
SELECT issue_codes('ledger', 'code', 1, 'claimed');

-- ---------------------------------------------------------------------------
-- Rights
-- ---------------------------------------------------------------------------

GRANT USAGE ON SCHEMA regress_ledger_segments TO regress_ledger_till, regress_ledger_stranger;
GRANT SELECT ON regress_ledger_segments.ledger_ledger TO regress_ledger_till;
RESET ROLE; SET ROLE regress_ledger_till;
SELECT balance('ledger', 1, 'points'), (SELECT count(*) FROM account_statement('ledger', 1, 'points')), (SELECT count(*) FROM memberships('ledger', 2));
SELECT spend('ledger', 1, 'points', 1, 't1');
RESET ROLE; SET ROLE regress_ledger_owner;
GRANT INSERT ON regress_ledger_segments.ledger_ledger TO regress_ledger_till;
RESET ROLE; SET ROLE regress_ledger_till;
SELECT spend('ledger', 1, 'points', 1, 't1'), grant_membership('ledger', 1, '金卡', '2026-08-01', 't2');
SELECT define_earn_rule('ledger', 'x', '{"term": {"from": "2026-01-01"}, "branches": "all", "after_refund": "none", "benefit": {"kind": "points", "points": 1}}');
SELECT count(*) FROM clientele.ledger_entry;
INSERT INTO regress_ledger_segments.ledger_ledger (account) VALUES ('points');
SELECT * FROM regress_ledger_segments.ledger_ledger ORDER BY at DESC LIMIT 1;
RESET ROLE; SET ROLE regress_ledger_stranger;
SELECT balance('ledger', 1, 'points');
SELECT balance('nowhere', 1, 'points');
SELECT spend('ledger', 1, 'points', 1, 't3');
SELECT refund_spending('ledger', 's1', 1, 't4');
SELECT * FROM memberships('ledger', 2);
SELECT grant_membership('ledger', 1, '金卡', '2026-08-01', 't2');
RESET ROLE;

DROP VIEW shown;
SELECT drop_population('ledger');
SELECT drop_population('ledger', with_balances => true);
SELECT count(*) FROM clientele.ledger_entry;
SELECT count(*) FROM clientele.membership;
DROP SCHEMA regress_ledger CASCADE;
DROP SCHEMA regress_ledger_segments;
DROP ROLE regress_ledger_owner, regress_ledger_till, regress_ledger_stranger;
