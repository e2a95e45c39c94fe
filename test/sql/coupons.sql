-- Coupons: codes, batches for codes and segments, claiming by a code, handing on.
SET client_min_messages = warning;
SET timezone = 'Asia/Shanghai';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
SET search_path = clientele, public;

-- ---------------------------------------------------------------------------
-- Codes
-- ---------------------------------------------------------------------------

-- Sixteen characters of 23 that do not look alike; new ones are right, different, and use all characters in all places evenly.
CREATE TEMP TABLE made AS SELECT clientele.random_code() AS code FROM generate_series(1, 20000);
SELECT count(DISTINCT code) AS different, bool_and(check_code(code)) AS right, bool_and(code ~ '^[23456789CDFHJKMNPRTVWXY]{16}$') AS plain FROM made;
-- 16 x 22 degrees of freedom: the sum is above 474 once in a hundred thousand times
SELECT sum((n - 20000 / 23.0) ^ 2 / (20000 / 23.0)) < 474 AS even
FROM (SELECT count(c.code) AS n FROM generate_series(1, 16) AS i CROSS JOIN regexp_split_to_table('23456789CDFHJKMNPRTVWXY', '') AS a
      LEFT JOIN made AS c ON substr(c.code, i, 1) = a GROUP BY i, a) AS counted;

-- Every single wrong character, and every two that are exchanged, in all places and for all characters: a code is made right
-- by the only character of another place that makes it so.
CREATE TEMP TABLE letter AS SELECT a FROM regexp_split_to_table('23456789CDFHJKMNPRTVWXY', '') AS a;
CREATE FUNCTION pg_temp.with_letter(code text, place int, letter text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT overlay(code PLACING letter FROM place) $$;
CREATE TEMP TABLE pair AS
SELECT i, j, a.a, b.a AS b, f.code AS code, f.ways
FROM generate_series(1, 16) AS i CROSS JOIN generate_series(i + 1, 16) AS j CROSS JOIN letter AS a CROSS JOIN letter AS b
CROSS JOIN LATERAL (
    SELECT max(c) AS code, count(*) AS ways
    FROM letter AS l CROSS JOIN LATERAL pg_temp.with_letter(pg_temp.with_letter(pg_temp.with_letter('7NHC3XW9RTPV24KF', i, a.a), j, b.a),
                                                           CASE WHEN i > 1 THEN 1 WHEN j < 16 THEN 16 ELSE 8 END, l.a) AS c
    WHERE check_code(c)) AS f
WHERE j = i + 1 OR (a.a, b.a) IN (('2', '3'), ('Y', '2'), ('D', 'K'));
SELECT count(*) AS pairs, count(*) FILTER (WHERE ways = 1) AS one_way FROM pair;
SELECT count(*) AS exchanged, count(*) FILTER (WHERE check_code(pg_temp.with_letter(pg_temp.with_letter(code, i, b), j, a))) AS undetected
FROM pair WHERE a <> b;
SELECT count(*) AS wrong, count(*) FILTER (WHERE check_code(pg_temp.with_letter(code, place, l.a))) AS undetected
FROM (SELECT code, i AS place, a FROM pair WHERE j = i + 1 AND b = '2' UNION ALL SELECT code, 16, b FROM pair WHERE (i, a) = (15, '2')) AS one
CROSS JOIN letter AS l WHERE l.a <> one.a;

-- What people type: capitals, hyphens, spaces and full width do not matter, letters count as what they look like; nothing else does.
SELECT typed, check_code(typed)
FROM (VALUES ('7NHC-3XW9-RTPV-24KF'), ('7nhc 3xw9 rtpv 24kf'), (' 7NHC3XW9RTPV24KF' || E'\n'), (U&'\FF17\FF4E\FF28\FF23\FF0D3XW9\3000RTPV\201424KF'),
             ('7NHC-3XW9-RTPU-Z4KF'), ('7NHC-3XW9-RTPV-24K'), ('7NHC-3XW9-RTPV-24KFF'), ('7NHC-3XW9-RTPV-24KA'), ('7NHC-3XW9-RTPV-240F'),
             ('7NHC-3XW9-RTPV-24K码'), (''), ('-'), (NULL)) AS t (typed);

-- ---------------------------------------------------------------------------
-- A clinic: 60 customers, who have visited or not
-- ---------------------------------------------------------------------------
CREATE ROLE regress_coupon_owner;
CREATE ROLE regress_coupon_stranger;
CREATE SCHEMA regress_coupon AUTHORIZATION regress_coupon_owner;
CREATE SCHEMA regress_coupon_segments AUTHORIZATION regress_coupon_owner;
SET search_path = regress_coupon, clientele;
SET clientele.clock = '2026-06-12 10:00:00+08';
SET ROLE regress_coupon_owner;
CREATE TABLE customer (customer_id int PRIMARY KEY);
CREATE TABLE visit (customer_id int NOT NULL, at timestamptz NOT NULL, net numeric(10,2));
CREATE INDEX ON visit (customer_id, at) INCLUDE (net);
INSERT INTO customer SELECT generate_series(1, 60);
-- n visited 5 n days ago and paid 100 n; every seventh never came
INSERT INTO visit SELECT n, timestamptz '2026-06-12 09:00+08' - n * interval '5 days', 100 * n FROM generate_series(1, 60) AS n WHERE n % 7 <> 0;
SELECT create_population('coupon', 'customer', 'customer_id', 'Asia/Shanghai', 'regress_coupon_segments');
SELECT add_source('coupon', 'visit', 'visit', 'customer_id', 'at', amount => 'net');
SELECT define_metric('coupon', 'spend', 'sum(visit.net)', 2);
SELECT define_metric('coupon', 'days_since_visit', 'days_since(latest(visit))');
SELECT define_ladder('coupon', 'tier', $$[{"label": "value", "when": "spend >= 2000"}, {"label": "basic"}]$$);
SELECT define_tag('coupon', 'round', 'spend = 1000 or spend = 2000 or spend = 3000 or spend = 4000 or spend = 5000');
SELECT define_tag('coupon', '怕针');
CREATE FUNCTION promote(name text, more text DEFAULT '', benefit text DEFAULT '{"kind": "amount off", "amount": 200}') RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    PERFORM define_promotion('coupon', name, format('{"term": {"from": "2026-06-15", "to": "2026-06-30"}, "branches": "all", "benefit": %s, "after_refund": "recompute"%s}', benefit, more)::promotion);
    RETURN publish_promotion('coupon', name);
END $$;
SELECT promote('early');
CALL issue_coupons('coupon', 'early', 'true', 'too early');
SELECT publish('coupon', 'first rules');
CALL refresh('coupon');
SELECT tag_customer('coupon', 8, '怕针'), tag_customer('coupon', 9, '怕针');
SELECT promote('codes', ', "stock": {"total": 25}'), promote('back'), promote('once', ', "stock": {"total": 40, "per_customer": 1}'),
       promote('spenders', ', "audience": "spend > 3000", "audience_at": "bill"'), promote('team', ', "needs": {"joiners": 3, "within": {"hours": 24}}'),
       promote('a', ', "stock": {"per_day": 10}');
CREATE FUNCTION stock(promotion text) RETURNS numeric LANGUAGE sql SECURITY DEFINER AS
$$ SELECT sum(s.remaining) FROM clientele.stock AS s JOIN clientele.offered_promotion AS o USING (promotion_id) WHERE o.name = $1 AND s.kind = 'total' $$;
RESET ROLE;
ALTER FUNCTION regress_coupon.stock(text) OWNER TO CURRENT_USER;
CREATE VIEW given AS SELECT b.request_id, c.key::int AS key, c.state, c.expires_at, c.transferable, c.origin, s.evidence, s.actor
FROM clientele.coupon_batch AS b JOIN clientele.claim AS c ON c.origin_id = b.batch_id AND c.origin = 'batch' JOIN clientele.claim_step AS s USING (claim_id);
GRANT SELECT ON given TO regress_coupon_owner;
SET ROLE regress_coupon_owner;

-- ---------------------------------------------------------------------------
-- Batches of codes
-- ---------------------------------------------------------------------------
SELECT issue_codes('coupon', 'codes', 20, 'print', '2026-06-20', true, 'for the newspaper') AS batch \gset
SELECT issue_codes('coupon', 'codes', 20, 'print', '2026-06-20', true, 'for the newspaper') = :batch AS same, stock('codes');
SELECT count(*), count(DISTINCT code) AS different, bool_and(check_code(code)) AS right, count(claim_id) AS claimed, min(length(code)) FROM codes('coupon', :batch);
-- A request says the same, or is another one; what there is not cannot be issued.
SELECT issue_codes('coupon', 'codes', 21, 'print', '2026-06-20', true, 'for the newspaper');
SELECT issue_codes('coupon', 'back', 20, 'print', '2026-06-20', true, 'for the newspaper');
SELECT issue_codes('coupon', 'codes', 20, 'print', '2026-06-21', true, 'for the newspaper');
SELECT issue_codes('coupon', 'codes', 20, 'print', '2026-06-20', false, 'for the newspaper');
SELECT issue_codes('coupon', 'codes', 20, 'print', '2026-06-20', true);
SELECT issue_codes('coupon', 'codes', 6, 'too many');
SELECT issue_codes('coupon', 'codes', 0, 'none');
SELECT issue_codes('coupon', 'codes', NULL, 'none');
SELECT issue_codes('coupon', 'codes', 1000001, 'millions');
SELECT issue_codes('coupon', 'codes', 1, NULL);
SELECT issue_codes('coupon', 'codes', 1, '');
SELECT issue_codes('coupon', 'codes', 1, 'past', '2026-06-12 10:00+08');
SELECT issue_codes('coupon', 'code', 1, 'typo');
SELECT issue_codes('coupon', 'team', 1, 'team');
SELECT issue_codes('coupons', 'codes', 1, 'typo');
SELECT * FROM codes('coupon', -1);
SET synchronous_commit = off;
SELECT issue_codes('coupon', 'codes', 1, 'unsafe');
RESET synchronous_commit;
SET ROLE regress_coupon_stranger;
SELECT clientele.issue_codes('coupon', 'codes', 1, 'stranger');
SELECT clientele.codes('coupon', 1);
CALL clientele.issue_coupons('coupon', 'back', 'true', 'stranger');
SELECT clientele.random_code();
SET ROLE regress_coupon_owner;
SELECT stock('codes');

-- ---------------------------------------------------------------------------
-- Segments
-- ---------------------------------------------------------------------------
-- What is given is what plain SQL says, whatever the ranges.
CREATE FUNCTION differs(request text, expected text) RETURNS TABLE (what text, key int) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT ''missing'', k FROM (%2$s EXCEPT ALL SELECT key FROM given WHERE request_id = %1$L) AS m (k)
        UNION ALL SELECT ''too many'', k FROM (SELECT key FROM given WHERE request_id = %1$L EXCEPT ALL (%2$s)) AS m (k) ORDER BY 1, 2', request, expected);
END $$;
CALL issue_coupons('coupon', 'back', $$tier = 'value' and days_since_visit > 90$$, 'sleepers', '2026-06-25', batch => 7);
SELECT count(*) FROM given WHERE request_id = 'sleepers';
SELECT * FROM differs('sleepers', 'SELECT customer_id FROM visit WHERE 100 * customer_id >= 2000 AND customer_id * 5 > 90');
SELECT DISTINCT state, expires_at, transferable, origin, actor FROM given WHERE request_id = 'sleepers';
SELECT key, evidence FROM given WHERE request_id = 'sleepers' ORDER BY key LIMIT 2;
-- Once more: nothing; with something else: an error.
CALL issue_coupons('coupon', 'back', $$tier = 'value' and days_since_visit > 90$$, 'sleepers', '2026-06-25', batch => 1000);
SELECT count(*) FROM given WHERE request_id = 'sleepers';
CALL issue_coupons('coupon', 'back', $$tier = 'value' and days_since_visit > 91$$, 'sleepers', '2026-06-25');
CALL issue_coupons('coupon', 'back', $$tier = 'value' and days_since_visit > 90$$, 'print', '2026-06-25');
CALL issue_coupons('coupon', 'back', $$tier = 'value' and days_since_visit > 90$$, 'sleepers');

-- Tags, by rule and by hand; also those of customers of whom something has changed.
INSERT INTO visit VALUES (14, '2026-06-12 09:30+08', 5000);
CALL issue_coupons('coupon', 'back', $$has_tag('round') and not has_tag('怕针') or has_tag('怕针') and spend > 800$$, 'tags', transferable => true);
SELECT * FROM differs('tags', 'SELECT unnest(ARRAY[10, 20, 30, 40, 50, 14, 9])');
SELECT DISTINCT expires_at, transferable FROM given WHERE request_id = 'tags';
SELECT evidence -> 'values' AS values FROM given WHERE request_id = 'tags' AND key = 9;
CALL issue_coupons('coupon', 'back', $$not has_tag('roundd')$$, 'typo');
CALL issue_coupons('coupon', 'back', $$tier <> 'vlaue'$$, 'typo');
CALL issue_coupons('coupon', 'back', $$tiers = 'value'$$, 'typo');
CALL issue_coupons('coupon', 'back', $$spend$$, 'typo');
CALL issue_coupons('coupon', 'back', $$spend >$$, 'typo');
CALL issue_coupons('coupon', 'back', NULL, 'nobody');
CALL issue_coupons('coupon', 'team', 'true', 'team');
CALL issue_coupons('coupon', 'back', 'true', 'batch', batch => 0);

-- Who refuses automated decisions is left out where segment or promotion look at him, and nowhere else; so are those
-- who are held out, and those who are not of the audience.
SELECT refuse_automation('coupon', 41), refuse_automation('coupon', 42), refuse_automation('coupon', 43), allow_automation('coupon', 43);
CALL issue_coupons('coupon', 'a', 'customer_id between 40 and 44', 'personal');
SELECT * FROM differs('personal', 'SELECT unnest(ARRAY[40, 43, 44])');
CALL issue_coupons('coupon', 'back', 'true', 'everybody');
SELECT * FROM differs('everybody', 'SELECT customer_id FROM customer');
CALL issue_coupons('coupon', 'spenders', 'true', 'spenders');
SELECT * FROM differs('spenders', 'SELECT customer_id FROM visit WHERE customer_id NOT IN (41, 42) GROUP BY 1 HAVING sum(net) > 3000');
SELECT evidence FROM given WHERE request_id = 'spenders' AND key = 40;
SELECT set_holdout('coupon', 'back', 50);
CALL issue_coupons('coupon', 'back', 'true', 'half');
SELECT * FROM differs('half', 'SELECT customer_id FROM customer') WHERE what <> 'missing';
RESET ROLE;
SELECT count(*) FILTER (WHERE held) BETWEEN 5 AND 55 AS about_half, bool_and(held = (key IS NULL)) AS those
FROM (SELECT clientele.held_out(o.promotion_id, c.customer_id::text, 50) AS held, g.key FROM regress_coupon.customer AS c
      CROSS JOIN clientele.offered_promotion AS o LEFT JOIN given AS g ON g.key = c.customer_id AND g.request_id = 'half' WHERE o.name = 'back') AS one;
SET ROLE regress_coupon_owner;
SELECT set_holdout('coupon', 'back', 0);

-- One customer's limit; the stock runs out, and comes: then it goes on where it was.
CALL issue_coupons('coupon', 'once', 'spend > 2900', 'first', batch => 10);
SELECT count(*), stock('once') FROM given WHERE request_id = 'first';
CALL issue_coupons('coupon', 'once', 'true', 'rest', batch => 10);
SELECT count(*), stock('once') FROM given WHERE request_id = 'rest';
SELECT quantity, done, left_out, ended_at IS NULL AS goes_on FROM regress_coupon_segments.coupon_coupon_batch WHERE request_id = 'rest';
-- what there was went to the greatest keys; nobody below the last of them has been looked at
SELECT bool_and(c.key > o.last) AS the_first FROM given AS c CROSS JOIN (
    SELECT max(customer_id) AS last FROM customer WHERE customer_id NOT IN (SELECT key FROM given WHERE request_id IN ('first', 'rest'))) AS o
WHERE c.request_id = 'rest';
CALL issue_coupons('coupon', 'once', 'true', 'rest', batch => 10);
BEGIN;
CALL issue_coupons('coupon', 'a', 'true', 'in a block');
ROLLBACK;
SELECT pause_promotion('coupon', 'once');
CALL issue_coupons('coupon', 'once', 'true', 'rest', batch => 10);
SELECT resume_promotion('coupon', 'once');
SELECT promote('once', ', "stock": {"total": 60, "per_customer": 1}');
INSERT INTO customer VALUES (61);	-- behind what is done
CALL issue_coupons('coupon', 'once', 'true', 'rest', batch => 10);
SELECT * FROM differs('rest', 'SELECT customer_id FROM customer WHERE customer_id <> 61 EXCEPT SELECT key FROM given WHERE request_id = ''first''');
SELECT stock('once');
SELECT promotion, kind, segment, quantity, done, left_out, claimed, redeemed, transferable, valid_until, author, request_id, note, ended_at
FROM regress_coupon_segments.coupon_coupon_batch WHERE request_id <> 'half' ORDER BY batch_id;

-- In a transaction block all or nothing; elsewhere than at READ COMMITTED not at all.
BEGIN;
CALL issue_coupons('coupon', 'back', 'spend > 5000', 'block', batch => 5);
SELECT count(*) FROM given WHERE request_id = 'block';
ROLLBACK;
SELECT count(*) FROM given WHERE request_id = 'block';
BEGIN ISOLATION LEVEL REPEATABLE READ;
CALL issue_coupons('coupon', 'back', 'spend > 5000', 'block', batch => 5);
ROLLBACK;
SET default_transaction_isolation = 'serializable';
CALL issue_coupons('coupon', 'back', 'spend > 5000', 'serializable', batch => 5);
RESET default_transaction_isolation;
SELECT count(*) FROM given WHERE request_id = 'serializable';
SET synchronous_commit = off;
CALL issue_coupons('coupon', 'back', 'spend > 5000', 'unsafe');
RESET synchronous_commit;

-- ---------------------------------------------------------------------------
-- Claiming by a code
-- ---------------------------------------------------------------------------
RESET ROLE; SET clientele.clock = '2026-06-16 12:00:00+08'; SET ROLE regress_coupon_owner;
CREATE TABLE code AS SELECT row_number() OVER (ORDER BY code) AS n, code FROM codes('coupon', :batch);
CREATE FUNCTION code(n int) RETURNS text LANGUAGE sql AS $$ SELECT code FROM code WHERE n = $1 $$;
CREATE FUNCTION hide(message text) RETURNS text LANGUAGE sql AS $$ SELECT regexp_replace($1, '([2-9CDFHJKMNPRTVWXY]{4}-?){4}', '<code>', 'g') $$;
-- What a statement raises, without what is different each time.
CREATE FUNCTION refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    EXECUTE statement;
    RETURN 'not refused';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN hide(regexp_replace(concat_ws(' ', SQLSTATE, SQLERRM, detail), '(claim|on) \d+', '\1 <n>', 'g'));
END $$;
\set bill '{"branch": "1", "amount": 1000.00}'
-- Kept for later: it takes no stock again.
SELECT claim_code('coupon', 1, lower(code(1)), 'c1') AS c1 \gset
SELECT claim_code('coupon', '1', code(1), 'c1') = :c1 AS same, stock('codes');
RESET ROLE;
SELECT key, state, origin, origin_id = :batch AS of_batch, transferable, expires_at, day, c.amount, evidence
FROM clientele.claim AS c JOIN clientele.claim_step USING (claim_id) WHERE claim_id = :c1;
SET ROLE regress_coupon_owner;
-- At the till, with the bill.
SELECT state, kind, amount, value, expires_at, reasons, missing, promotion FROM try_claim_code('coupon', 2, code(2), 'c2', :'bill', true);
SELECT state, amount, promotion FROM try_claim_code('coupon', 2, code(2), 'c2', :'bill', true);
SELECT state, amount FROM redeem(:c1, 'c1 used', :'bill');
-- Once each, by one customer, in one request.
SELECT refused(s) FROM unnest(ARRAY[
    format('SELECT claim_code(''coupon'', 3, %L, ''c3'')', code(1)),
    format('SELECT claim_code(''coupon'', 3, %L, ''c1'')', code(1)), format('SELECT claim_code(''coupon'', 1, %L, ''c1'')', code(3)),
    format('SELECT claim_code(''coupon'', 1, %L, ''c1'', %L)', code(1), :'bill'), format('SELECT claim_code(''coupon'', 2, %L, ''c2'', %L)', code(2), :'bill'),
    format('SELECT claim_code(''coupon'', 1, ''x'', ''c1'')'), format('SELECT claim(''coupon'', ''1'', ''codes'', ''c1'')'),
    format('SELECT claim_code(''coupon'', 3, ''7NHC-3XW9-RTPV-24KA'', ''c3'')'), format('SELECT claim_code(''coupon'', 3, ''7NHC-3XW9-RTPV-24KF'', ''c3'')'),
    format('SELECT claim_code(''coupon'', 99, %L, ''c3'')', code(3)), format('SELECT claim_code(''coupon'', 3, %L, ''c3'', redeem => true)', code(3)),
    format('SELECT claim_code(''coupon'', 3, NULL, ''c3'')'), format('SELECT claim_code(''coupon'', 3, %L, NULL)', code(3))]) AS s;
SELECT claim_id, state, amount, reasons, hide(missing::text) AS missing, promotion FROM try_claim_code('coupon', 3, code(1), 'c3')
UNION ALL SELECT claim_id, state, amount, reasons, hide(missing::text), promotion FROM try_claim_code('coupon', 3, 'rubbish', 'c3');
SET ROLE regress_coupon_stranger;
SELECT clientele.claim_code('coupon', 3, '7NHC-3XW9-RTPV-24KF', 'c3');
SET ROLE regress_coupon_owner;
-- Given back, its stock is everybody's; the code is used.
SELECT claim_code('coupon', 4, code(4), 'c4') AS c4 \gset
SELECT state FROM give_back(:c4, 'c4 back');
SELECT stock('codes'), refused(format('SELECT claim_code(''coupon'', 4, %L, ''c4 again'')', code(4)));
-- What else limits holds as ever: the customer's number, audience, the budget, the day, the branch.
SELECT promote('narrow', ', "audience": "spend > 3000", "audience_at": "bill", "stock": {"total": 20, "per_customer": 2, "per_day": 4, "per_branch": 2}, "budget": 700');
SELECT issue_codes('coupon', 'narrow', 10, 'narrow') AS narrow \gset
TRUNCATE code; INSERT INTO code SELECT row_number() OVER (ORDER BY code) AS n, code FROM codes('coupon', :narrow);
SELECT reasons, missing FROM try_claim_code('coupon', 10, code(1), 'n0', :'bill');
SELECT reasons, missing FROM try_claim_code('coupon', 41, code(1), 'n0', :'bill');
SELECT customer, state, amount, reasons, missing
FROM (VALUES (1, 40, '1'), (2, 40, '1'), (3, 40, '2'), (4, 43, '1'), (5, 43, '2'), (6, 44, '2')) AS t (n, customer, branch)
CROSS JOIN LATERAL try_claim_code('coupon', customer, code(n), 'n' || n, format('{"branch": "%s", "amount": 1000}', branch)::jsonb, true) AS c ORDER BY n;
SELECT claimed, redeemed FROM regress_coupon_segments.coupon_coupon_batch WHERE batch_id = :narrow;
RESET ROLE;
SELECT kind, scope, sum(remaining) FROM clientele.stock JOIN clientele.offered_promotion USING (promotion_id) WHERE name = 'narrow' GROUP BY 1, 2 ORDER BY 1, 2;
SET ROLE regress_coupon_owner;
-- What gives coupons of which there are too few is not used up: the day is as it was.
SELECT promote('scarce', ', "stock": {"total": 1}'), promote('chain', ', "stock": {"per_day": 5}', '{"kind": "coupon", "coupon": "scarce", "quantity": 2}');
SELECT issue_codes('coupon', 'chain', 1, 'chain') AS chain \gset
SELECT reasons, missing FROM codes('coupon', :chain) AS k CROSS JOIN LATERAL try_claim_code('coupon', 40, k.code, 'ch1', :'bill', true);
SELECT remaining FROM offers('coupon', 40, NULL) WHERE promotion = 'chain';

-- A stock that changes knows of codes that nobody has claimed yet.
SELECT promote('codes', ', "stock": {"total": 30}'), stock('codes');
-- In time nobody has claimed them, and they are back: all 30 can be had, but those that have been used.
SELECT issue_codes('coupon', 'codes', 2, 'last two', '2026-06-22') IS NOT NULL AS issued, stock('codes');
SELECT promote('unread', ', "stock": {"total": 2}'), issue_codes('coupon', 'unread', 2, 'unread', '2026-06-20') IS NOT NULL AS issued;
SELECT eligible, reasons, remaining FROM offers('coupon', 5, NULL) WHERE promotion = 'unread';
RESET ROLE; SET clientele.clock = '2026-06-20 00:00:00+08'; SET ROLE regress_coupon_owner;
SELECT eligible, reasons, remaining FROM offers('coupon', 5, NULL) WHERE promotion = 'unread';
TRUNCATE code; INSERT INTO code SELECT row_number() OVER (ORDER BY claim_id NULLS FIRST, code) AS n, code FROM codes('coupon', :batch);
SELECT refused(format('SELECT claim_code(''coupon'', 5, %L, ''c5'')', code(1)));
SELECT count(claim_id), array_agg(DISTINCT reasons) FILTER (WHERE claim_id IS NULL) AS refused
FROM generate_series(1, 40) AS n CROSS JOIN LATERAL try_claim('coupon', n, 'codes', 'after ' || n);
SELECT stock('codes'), returned FROM regress_coupon_segments.coupon_coupon_batch WHERE batch_id = :batch;
SELECT refused(format('SELECT claim_code(''coupon'', 5, %L, ''c5'')', code(1)));
-- Withdrawn: at once.
SELECT promote('leak', ', "stock": {"total": 10}'), issue_codes('coupon', 'leak', 10, 'leak') AS leak \gset
TRUNCATE code; INSERT INTO code SELECT row_number() OVER (ORDER BY code) AS n, code FROM codes('coupon', :leak);
SELECT claim_code('coupon', 1, code(1), 'l1') AS l1 \gset
SELECT withdraw_codes('coupon', :leak), withdraw_codes('coupon', :leak), stock('leak');
SELECT refused(format('SELECT claim_code(''coupon'', 5, %L, ''l5'')', code(2)));
SELECT state FROM redeem(:l1, 'l1 used', :'bill');
SELECT withdraw_codes('coupon', -1);
SET ROLE regress_coupon_stranger;
SELECT clientele.withdraw_codes('coupon', 1);
SELECT clientele.transfer_claim(1, '2', 't1');
SET ROLE regress_coupon_owner;

-- ---------------------------------------------------------------------------
-- Handing on
-- ---------------------------------------------------------------------------
SELECT promote('gift', ', "audience": "spend > 1000", "audience_at": "bill", "stock": {"total": 40, "per_customer": 1}');
CALL issue_coupons('coupon', 'gift', 'customer_id in (20, 22)', 'gift', transferable => true);
RESET ROLE;
CREATE FUNCTION regress_coupon.claim_of(request text, customer int) RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$
    SELECT c.claim_id FROM clientele.coupon_batch AS b JOIN clientele.claim AS c ON c.origin_id = b.batch_id AND c.origin = 'batch' WHERE b.request_id = $1 AND c.key = $2::text $$;
SET ROLE regress_coupon_owner;
SELECT claim_of('gift', 20) AS g20, claim_of('sleepers', 20) AS s20 \gset
SELECT refused(s) FROM unnest(ARRAY[
    format('SELECT transfer_claim(%s, 22, ''t'')', :g20), format('SELECT transfer_claim(%s, 20, ''t'')', :g20), format('SELECT transfer_claim(%s, 41, ''t'')', :g20),
    format('SELECT transfer_claim(%s, 2, ''t'')', :g20), format('SELECT transfer_claim(%s, 99, ''t'')', :g20), format('SELECT transfer_claim(%s, 30, ''t'')', :s20),
    format('SELECT transfer_claim(%s, 30, ''t'')', -1)]) AS s;
SELECT transfer_claim(:g20, 30, 't20');
SELECT transfer_claim(:g20, '30', 't20');
SELECT refused(format('SELECT transfer_claim(%s, 30, ''t20'')', :s20)), refused(format('SELECT transfer_claim(%s, 31, ''t20'')', :g20)), refused(format('SELECT transfer_claim(%s, 31, ''c1'')', :g20));
RESET ROLE;
SELECT c.key, s.step, s.reason, s.evidence - 'model_version' AS evidence FROM clientele.claim AS c JOIN clientele.claim_step AS s USING (claim_id)
WHERE c.claim_id = :g20 ORDER BY s.step;
SET ROLE regress_coupon_owner;
-- Who gave it away may have one again; who has it uses it, once.
SELECT state FROM try_claim('coupon', 20, 'gift', 'again');
SELECT state FROM redeem(:g20, 'g20 used', :'bill');
SELECT refused(format('SELECT transfer_claim(%s, 31, ''t31'')', :g20));
SELECT refused(format('SELECT transfer_claim(%s, 31, ''t31'')', claim('coupon', 33, 'gift', 'own')));
RESET ROLE; SET clientele.clock = '2026-06-26 00:00:00+08'; SET ROLE regress_coupon_owner;
SELECT refused(format('SELECT transfer_claim(%s, 31, ''t31'')', :s20));

-- After the term.
RESET ROLE; SET clientele.clock = '2026-07-01 00:00:00+08'; SET ROLE regress_coupon_owner;
CALL issue_coupons('coupon', 'back', 'true', 'late');
SELECT end_promotion('coupon', 'back');
CALL issue_coupons('coupon', 'back', 'true', 'late');

-- What it leaves nowhere.
SELECT drop_population('coupon');
SELECT drop_population('coupon', with_balances => true);
RESET ROLE;
DROP VIEW given;
SELECT count(*) FROM clientele.coupon_batch;
SELECT count(*) FROM clientele.coupon_code;
DROP SCHEMA regress_coupon, regress_coupon_segments CASCADE;
DROP ROLE regress_coupon_owner, regress_coupon_stranger;
