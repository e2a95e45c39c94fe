-- The type promotion: strict JSON in, canonical JSON out; bills; what promotions give on them.
SET search_path = clientele, public;

-- Every key; canonical text has one order of keys, sorted lists and no defaults, and reads back as itself.
SELECT $${"needs": {"within": {"hours": 24}, "joiners": 3}, "after_refund": "recompute", "claim_term": {"minutes": 3e1},
 "stacks": false, "exclusive_group": "七月", "priority": 10.0, "budget": 1000000.50,
 "stock": {"per_period": {"period": "month", "claims": 1}, "per_customer": 2, "per_day": 50, "per_branch": 100, "total": 500},
 "rounding": {"mode": "half even", "decimals": 1},
 "benefit": {"applies_to": "Category='skin' and NOT (price<10)", "at_most": 2000.0, "percent": 10.50, "kind": "percent off"},
 "spend": {"measure": "july spend", "at_least": 5e4}, "bill": "amount>100 AND channel='store'", "personal": false,
 "audience_at": "term start", "audience": "tier in ('a','b') and not has_tag('blacklist')", "branches": ["3", "1", "十"],
 "term": {"hours": {"to": "24:00", "from": "09:30"}, "days": [7, 6], "to": "2026-07-31", "from": "2026-07-01"}}$$::promotion AS p \gset
SELECT replace(:'p', ', "', E',\n"') AS promotion;
SELECT :'p'::promotion::text = :'p' AS same, :'p'::promotion = :'p' AS equal, :'p'::promotion <> :'p' AS unequal,
       promotion_hash(:'p'::promotion) = promotion_hash(:'p') AS same_hash;

-- What is left out, and what says no more than that.
CREATE FUNCTION pg_temp.promotion(benefit text, more text DEFAULT '') RETURNS promotion LANGUAGE sql IMMUTABLE AS $$
    SELECT format('{"term": {"from": "2026-07-01", "to": "2026-07-31"}, "branches": "all", "after_refund": "recompute", "benefit": {%s}%s}', benefit, more)::promotion $$;
SELECT pg_temp.promotion('"kind": "amount off", "amount": 5');
SELECT pg_temp.promotion('"kind": "gift", "item": "面膜", "quantity": 1, "value": 300.00', ', "stacks": true, "priority": 0, "stock": {}, "personal": false,
    "rounding": {"decimals": 2, "mode": "half up"}') AS gift;

-- Every kind of benefit.
SELECT pg_temp.promotion(b)::text::jsonb->>'benefit' AS benefit FROM unnest(ARRAY[
    '"kind": "amount off", "amount": 5000', '"kind": "percent off", "percent": 100', '"kind": "fixed price", "item": "双眼皮", "price": 9800',
    '"kind": "spend and reduce", "steps": [{"at_least": 300, "off": 50}, {"at_least": 1000, "off": 200}], "repeat": false',
    '"kind": "spend and reduce", "steps": [{"off": 50, "at_least": 300}], "repeat": true', '"kind": "gift", "item": "mask", "quantity": 2, "value": 300',
    '"kind": "coupon", "coupon": "autumn", "quantity": 3, "valid_days": 90', '"kind": "stored value", "amount": 500.5', '"kind": "points", "points": 1000',
    '"kind": "points", "per": 100, "points": 1, "applies_to": "item like ''a%''"'
]) AS b;

-- What is wrong, and where.
CREATE FUNCTION pg_temp.refused(command text) RETURNS TABLE (state text, message text, hint text, place text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE command;
    message := 'accepted';
    RETURN NEXT;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT, place = PG_EXCEPTION_CONTEXT;
    place := substring(split_part(place, E'\n', 1) FROM '^.* of a promotion.*$');
    RETURN NEXT;
END $$;
CREATE FUNCTION pg_temp.refused_promotion(text) RETURNS TABLE (state text, message text, hint text, place text) LANGUAGE sql AS $$
    SELECT * FROM pg_temp.refused(format('SELECT %L::clientele.promotion', $1)) $$;
-- The same promotion with keys of its own in place of some.
CREATE FUNCTION pg_temp.refused_with(keys text, VARIADIC removed text[] DEFAULT '{}') RETURNS TABLE (state text, message text, hint text, place text) LANGUAGE sql AS $$
    SELECT * FROM pg_temp.refused_promotion('{' || concat_ws(', ', keys,
        (SELECT string_agg(format('"%s": %s', key, value), ', ' ORDER BY key)
         FROM jsonb_each('{"term": {"from": "2026-07-01"}, "branches": "all", "benefit": {"kind": "amount off", "amount": 5}, "after_refund": "none"}')
         WHERE key <> ALL (removed) AND position(format('"%s"', key) IN split_part(coalesce(keys, ''), ':', 1)) = 0)) || '}') $$;
\x on
\pset format unaligned

-- the whole
SELECT r.* FROM unnest(ARRAY['', '[]', '{', '{}', '3']) AS t, pg_temp.refused_promotion(t) AS r;
SELECT r.* FROM unnest(ARRAY['term', 'branches', 'benefit', 'after_refund']) AS t, pg_temp.refused_with(NULL, t) AS r;
SELECT r.* FROM unnest(ARRAY['"priority": 1, "priority": 1', '"budgett": 3', '"name": "july"']) AS t, pg_temp.refused_with(t) AS r;

-- term
SELECT r.* FROM unnest(ARRAY['"2026-07-01"', '{}', '{"from": "1 July"}', '{"from": "2026-02-30"}', '{"from": "2026-07-01", "to": "2026-06-30"}',
    '{"from": "2026-07-01", "to": null}', '{"from": "2026-07-01T10:00"}', '{"from": "2026-07-01", "days": []}', '{"from": "2026-07-01", "days": [0]}', '{"from": "2026-07-01", "days": [1, 8]}',
    '{"from": "2026-07-01", "days": ["Monday"]}', '{"from": "2026-07-01", "days": [1.5]}', '{"from": "2026-07-01", "days": [2, 1, 2]}', '{"from": "2026-07-01", "hours": {"from": "10:00"}}',
    '{"from": "2026-07-01", "hours": {"from": "10", "to": "21"}}', '{"from": "2026-07-01", "hours": {"from": "22:00", "to": "02:00"}}', '{"from": "2026-07-01", "hours": {"from": "10:60", "to": "21:00"}}',
    '{"from": "2026-07-01", "hours": {"from": "10:00", "to": "24:01"}}', '{"from": "2026-07-01", "zone": "UTC"}'
]) AS t, pg_temp.refused_with('"term": ' || t) AS r;

-- branches, audience, conditions
SELECT r.* FROM unnest(ARRAY['"branches": []', '"branches": ["a", "b", "a"]', '"branches": [1]', '"branches": "1"', '"branches": [""]',
    '"audience": "x = 1"', '"audience": "x =", "audience_at": "bill"', '"audience": "x = 1", "audience_at": "later"', '"audience_at": "bill"', '"personal": "no"',
    '"bill": "amont > 3"', '"bill": "item = ''a''"', '"bill": "items.a = 1"', '"bill": "amount > 3 and today() > date ''2026-01-01''"', '"bill": "has_tag(''vip'')"', '"bill": "sum(payment.net) > 3"', '"bill": 3',
    '"spend": 5', '"spend": {"at_least": 5}', '"spend": {"measure": "bill"}', '"spend": {"at_least": 0, "measure": "bill"}', '"spend": {"at_least": -1, "measure": "bill"}',
    '"spend": {"at_least": 1e12, "measure": "bill"}', '"spend": {"at_least": 0.0000001, "measure": "bill"}', '"spend": {"at_least": 1, "measure": ""}'
]) AS t, pg_temp.refused_with(t) AS r;

-- benefits
SELECT r.* FROM unnest(ARRAY['3', '{}', '{"kind": "discount"}', '{"kind": "amount off"}', '{"kind": "amount off", "amount": 0}', '{"kind": "amount off", "amount": 5, "percent": 3}', '{"kind": "amount off", "amount": "5"}',
    '{"kind": "amount off", "amount": 5.005}', '{"kind": "amount off", "amount": 5, "applies_to": "amount > channel"}', '{"kind": "amount off", "amount": 5, "applies_to": "chanel = ''a''"}',
    '{"kind": "percent off", "percent": 100.01}', '{"kind": "percent off", "percent": 10, "at_most": 0}', '{"kind": "fixed price", "price": 5}', '{"kind": "fixed price", "item": "", "price": 5}',
    '{"kind": "spend and reduce", "steps": []}', '{"kind": "spend and reduce", "steps": [{"at_least": 3}]}', '{"kind": "spend and reduce", "steps": [{"at_least": 3, "off": 4}]}',
    '{"kind": "spend and reduce", "steps": [{"at_least": 30, "off": 4}, {"at_least": 20, "off": 5}]}', '{"kind": "spend and reduce", "steps": [{"at_least": 30, "off": 4}, {"at_least": 40, "off": 4}]}',
    '{"kind": "spend and reduce", "steps": [{"at_least": 30, "off": 4}, {"at_least": 40, "off": 5}], "repeat": true}', '{"kind": "spend and reduce", "steps": [{"at_least": 30, "off": 4}], "repeat": 1}',
    '{"kind": "gift", "item": "mask"}', '{"kind": "gift", "item": "mask", "value": 3, "quantity": 0}', '{"kind": "coupon"}', '{"kind": "coupon", "coupon": "a", "valid_days": 1.5}', '{"kind": "coupon", "coupon": "a", "quantity": 1001}',
    '{"kind": "stored value"}', '{"kind": "points"}', '{"kind": "points", "points": 1.5}', '{"kind": "points", "points": 1, "per": 0}'
]) AS t, pg_temp.refused_with('"benefit": ' || t) AS r;

-- limits and the rest
SELECT r.* FROM unnest(ARRAY['"rounding": 2', '"rounding": {"decimals": 5}', '"rounding": {"mode": "up"}', '"rounding": {"decimals": 0}, "benefit": {"kind": "amount off", "amount": 0.5}', '"stock": {"total": 0}', '"stock": {"perday": 5}',
    '"stock": {"per_period": {"claims": 1}}', '"stock": {"per_period": {"claims": 1, "period": "quarter"}}', '"budget": 0', '"budget": 5, "benefit": {"kind": "points", "points": 1}',
    '"budget": 5, "benefit": {"kind": "coupon", "coupon": "a"}', '"priority": 0.5', '"exclusive_group": ""', '"stacks": 0', '"claim_term": {"minutes": 0}', '"claim_term": 30',
    '"after_refund": "all"', '"after_refund": "proportional", "benefit": {"kind": "gift", "item": "a", "value": 1}', '"needs": {"joiners": 3}', '"needs": {"joiners": 1, "within": {"hours": 24}}', '"needs": {"joiners": 3, "within": {"days": 1}}'
]) AS t, pg_temp.refused_with(t, VARIADIC CASE WHEN t LIKE '%benefit%' THEN '{benefit}'::text[] ELSE '{}' END) AS r;

-- types of a condition are checked where it is compiled
SELECT r.* FROM unnest(ARRAY['amount', 'amount = ''x''', 'items = ''a''', 'branch + 1 > 2', 'amount > 1 and channel']) AS t,
    pg_temp.refused(format('SELECT clientele.benefit(''{"amount": 5, "at": "2026-07-01 12:00"}'', %L)', pg_temp.promotion('"kind": "amount off", "amount": 5', format(', "bill": "%s"', t)))) AS r;
SELECT r.* FROM pg_temp.refused(format('SELECT clientele.benefit(''{"amount": 5, "at": "2026-07-01 12:00"}'', %L)', pg_temp.promotion('"kind": "amount off", "amount": 5, "applies_to": "item > 3"'))) AS r;

-- bills
SELECT r.* FROM unnest(ARRAY['3', '[]', '{}', '{"amount": "5"}', '{"amount": -5}', '{"amount": 1e12}', '{"amount": 0.0000001}', '{"amount": 5, "total": 5}', '{"amount": 5, "branch": 1}', '{"amount": 5, "branch": ""}',
    '{"amount": 5, "channel": null}', '{"amount": 5, "at": "2026-07-03"}', '{"amount": 5, "at": "yesterday"}', '{"amount": 5, "at": 3}', '{"lines": []}', '{"lines": {}}', '{"lines": [3]}', '{"lines": [{}]}',
    '{"lines": [{"item": "a"}]}', '{"lines": [{"item": "a", "price": 5, "quantity": 0}]}', '{"lines": [{"item": "a", "amount": 5}, {"item": "b", "amount": -5}]}', '{"lines": [{"item": "a", "price": 0.0001, "quantity": 0.001}]}',
    '{"lines": [{"item": "a", "price": 9e11, "quantity": 9e11}]}', '{"lines": [{"item": "a", "amount": 9e11}, {"item": "a", "amount": 9e11}]}', '{"lines": [{"item": "a", "amount": 5, "discount": 3}]}',
    '{"lines": [{"item": "a", "amount": 5}], "amount": 5.01}'
]) AS t, pg_temp.refused(format('SELECT clientele.check_bill(%L)', t)) AS r;
SELECT r.* FROM pg_temp.refused(format('SELECT clientele.check_bill(jsonb_build_object(''lines'', (SELECT jsonb_agg(''{"item": "a", "amount": 1}''::jsonb) FROM generate_series(1, 1001))))')) AS r;
\x off
\pset format aligned
SELECT check_bill('{"bill_id": "B-1001", "at": "2026-07-03T14:05:00+08:00", "branch": "1", "channel": "store", "staff": "007", "amount": 12800.00,
    "lines": [{"item": "双眼皮", "category": "surgery", "quantity": 1, "price": 12800.00, "amount": 12800.00}]}'), check_bill('{"amount": 0}'), check_bill(NULL);

-- In its term: days, weekdays and hours of the branch's zone, the end of an hour excluded.
SELECT at, in_term(:'p', at, 'Asia/Shanghai') AS shanghai, in_term(:'p', at, 'America/New_York') AS new_york
FROM unnest('{2026-07-03 15:59:59+00, 2026-07-04 01:29:59.999999+00, 2026-07-04 01:30+00, 2026-07-04 15:59:59.999999+00, 2026-07-04 16:00+00, 2026-07-05 01:30+00, 2026-08-01 01:30+00, 2025-07-05 01:30+00}'::timestamptz[]) AS at;
SELECT in_term(:'p', 'infinity', 'UTC');
SELECT in_term(:'p', now(), 'UTC+8');

-- What each kind gives on the same bill.
SELECT '{"at": "2026-07-04T12:00", "branch": "1", "channel": "store", "lines": [{"item": "双眼皮", "category": "surgery", "price": 12800.50},
    {"item": "面部护理", "category": "skin", "quantity": 3, "price": 299.99}, {"item": "面膜", "quantity": 0.5, "amount": 33.335}]}' AS bill \gset
CREATE FUNCTION pg_temp.given(bill text, benefit text, more text DEFAULT '', OUT eligible boolean, OUT amount numeric, OUT value numeric, OUT points numeric, OUT quantity numeric,
    OUT spend_more numeric, OUT given_then numeric, OUT missing text) LANGUAGE sql AS $$
    SELECT b.eligible, b.amount, b.value, b.points, b.quantity, b.spend_more, b.given_then,
        (SELECT string_agg(r || ': ' || m, '; ') FROM unnest(b.reasons, b.missing) AS u (r, m))
    FROM clientele.benefit(bill::jsonb, pg_temp.promotion(benefit, more)) AS b $$;
SELECT b, g.* FROM unnest(ARRAY[
    '"kind": "amount off", "amount": 5000', '"kind": "amount off", "amount": 50000', '"kind": "amount off", "amount": 5000, "applies_to": "category = ''skin''"', '"kind": "amount off", "amount": 5000, "applies_to": "category <> ''skin''"',
    '"kind": "percent off", "percent": 15', '"kind": "percent off", "percent": 15, "at_most": 2000', '"kind": "percent off", "percent": 100, "applies_to": "category is null"', '"kind": "percent off", "percent": 10, "applies_to": "item = ''x''"',
    '"kind": "fixed price", "item": "面部护理", "price": 199.99', '"kind": "fixed price", "item": "面部护理", "price": 300', '"kind": "fixed price", "item": "x", "price": 300', '"kind": "fixed price", "item": "面部护理", "price": 1, "applies_to": "quantity < 2"',
    '"kind": "spend and reduce", "steps": [{"at_least": 1000, "off": 100}, {"at_least": 10000, "off": 1500}, {"at_least": 20000, "off": 4000}]',
    '"kind": "spend and reduce", "steps": [{"at_least": 20000, "off": 4000}]', '"kind": "spend and reduce", "steps": [{"at_least": 3000, "off": 300}], "repeat": true',
    '"kind": "spend and reduce", "steps": [{"at_least": 1000, "off": 100}], "applies_to": "category = ''skin''"',
    '"kind": "gift", "item": "mask", "value": 300, "quantity": 2', '"kind": "coupon", "coupon": "autumn", "quantity": 3', '"kind": "stored value", "amount": 500', '"kind": "points", "points": 1000', '"kind": "points", "points": 2, "per": 100',
    '"kind": "points", "points": 2, "per": 100000'
]) AS b, pg_temp.given(:'bill', b) AS g;

-- What is just reached is not ahead any more.
SELECT a, g.amount, g.spend_more, g.given_then FROM unnest('{999.99, 1000, 9999.99, 10000}'::numeric[]) AS a,
    pg_temp.given(format('{"at": "2026-07-04T12:00", "amount": %s}', a), '"kind": "spend and reduce", "steps": [{"at_least": 1000, "off": 100}, {"at_least": 10000, "off": 1500}]') AS g;

-- All that is missing at once; a bill that does not say so does not meet a condition.
SELECT u.* FROM benefit('{"at": "2026-06-30T08:00", "branch": "2", "channel": "app", "amount": 900}',
    $${"term": {"from": "2026-07-04", "days": [6, 7], "hours": {"from": "10:00", "to": "21:00"}}, "branches": ["1", "3"],
       "bill": "channel = 'store' and (amount > 1000 or staff is not null) and quantity > 1 and not contains(items, 'x')",
       "spend": {"at_least": 1000, "measure": "bill"}, "benefit": {"kind": "amount off", "amount": 50, "applies_to": "item = 'a'"}, "after_refund": "none"}$$) AS b,
    unnest(b.reasons, b.missing) AS u (reason, missing);
SELECT b.reasons, b.missing FROM benefit('{"at": "2026-08-01T00:00", "amount": 900}', pg_temp.promotion('"kind": "stored value", "amount": 5', ', "personal": true')) AS b;

-- A metric that is accumulated; unknown is not enough.
SELECT spent, b.eligible, b.value, b.spend_more, b.given_then, b.missing
FROM unnest('{NULL, 0, 499.99, 500, 1000}'::numeric[]) AS spent, benefit('{"at": "2026-07-04T12:00", "amount": 100}', pg_temp.promotion('"kind": "stored value", "amount": 5', ', "spend": {"measure": "spent", "at_least": 500}'), spent) AS b;
SELECT benefit('{"at": "2026-07-04T12:00", "amount": 100}', pg_temp.promotion('"kind": "points", "points": 5'), 'NaN');

-- When: the bill's own instant, or as_of; in the branch's zone, or as the bill writes it.
SELECT b.eligible, b.reasons FROM (VALUES
    ('{"amount": 5, "at": "2026-07-31T23:59:59"}', NULL::timestamptz, NULL), ('{"amount": 5, "at": "2026-07-31T23:59:59+08:00"}', NULL, 'Asia/Shanghai'),
    ('{"amount": 5, "at": "2026-07-31T15:59:59Z"}', NULL, 'Asia/Shanghai'), ('{"amount": 5, "at": "2026-07-31T16:00:00Z"}', NULL, 'Asia/Shanghai'),
    ('{"amount": 5}', '2026-07-31 16:00+00', 'UTC'), ('{"amount": 5, "at": "2026-07-31T23:59:59"}', '2026-07-31 16:00+00', 'Asia/Shanghai')
    ) AS v (bill, as_of, zone), benefit(bill::jsonb, pg_temp.promotion('"kind": "points", "points": 5'), as_of => v.as_of, time_zone => v.zone) AS b;
SELECT r.message, r.hint FROM unnest(ARRAY['''{"amount": 5}'', p', '''{"amount": 5, "at": "2026-07-31T23:59:59Z"}'', p', '''{"amount": 5}'', p, as_of => ''2026-07-01 00:00+00''',
    '''{"amount": 5, "at": "2026-07-31T23:59:59Z"}'', p, time_zone => ''Asia/Suzhou''']) AS a,
    pg_temp.refused(format('SELECT clientele.benefit(%s) FROM (SELECT %L::clientele.promotion) AS s (p)', a, pg_temp.promotion('"kind": "points", "points": 5'))) AS r;
SELECT benefit(NULL, :'p') IS NULL AS no_bill, benefit('{"amount": 5}', NULL) IS NULL AS no_promotion;

-- Rounding, once, up or to the even unit; what takes all takes it to the last decimal.
SELECT mode, decimals, array_agg(b.amount ORDER BY bill) AS amounts
FROM unnest('{half up, half even}'::text[]) AS mode, unnest('{0, 1, 2, 4}'::int[]) AS decimals, unnest('{0.05, 0.15, 0.25, 0.35, 0.45, 1, 3, 5.01, 100.05, 12345678901.05}'::numeric[]) AS bill,
    benefit(jsonb_build_object('amount', bill, 'at', '2026-07-01 12:00'), pg_temp.promotion('"kind": "percent off", "percent": 50', format(', "rounding": {"decimals": %s, "mode": "%s"}', decimals, mode))) AS b
GROUP BY mode, decimals ORDER BY mode, decimals;
SELECT b.amount FROM benefit('{"amount": 33.335, "at": "2026-07-01 12:00"}', pg_temp.promotion('"kind": "percent off", "percent": 100')) AS b;

-- Many lines, in blocks.
SELECT b.amount FROM benefit((SELECT jsonb_build_object('at', '2026-07-01 12:00', 'lines', jsonb_agg(jsonb_build_object('item', 'i' || i, 'amount', i))) FROM generate_series(1, 100) AS i),
    pg_temp.promotion('"kind": "percent off", "percent": 1, "applies_to": "amount > 49 and item <> ''i60''"')) AS b;

-- Several on one bill of 1,000.
CREATE FUNCTION pg_temp.off(amount numeric, more text DEFAULT '') RETURNS promotion LANGUAGE sql AS $$ SELECT pg_temp.promotion(format('"kind": "amount off", "amount": %s', amount), more) $$;
CREATE FUNCTION pg_temp.chosen(VARIADIC offers promotion[]) RETURNS TABLE (policy text, chosen text) LANGUAGE sql AS $$
    SELECT p, (SELECT string_agg(format('%s: %s', position, coalesce(amount, value, points, quantity)), ', ' ORDER BY ordinality)
               FROM clientele.best_promotions('{"at": "2026-07-04T12:00", "amount": 1000}', offers, p) WITH ORDINALITY)
    FROM unnest('{best for customer, priority order, first}'::text[]) AS p $$;
-- all that stack; the bill's amount is the limit, in the order of priority, then position
SELECT * FROM pg_temp.chosen(pg_temp.off(100), pg_temp.off(200, ', "priority": 5'), pg_temp.promotion('"kind": "percent off", "percent": 10'));
SELECT * FROM pg_temp.chosen(pg_temp.off(600), pg_temp.off(700, ', "priority": 5'), pg_temp.off(1), pg_temp.promotion('"kind": "points", "points": 3', ', "priority": -1'));
-- one of a group; alone
SELECT * FROM pg_temp.chosen(pg_temp.off(100, ', "exclusive_group": "g", "priority": 1'), pg_temp.off(150, ', "exclusive_group": "g"'), pg_temp.off(20));
SELECT * FROM pg_temp.chosen(pg_temp.off(200, ', "stacks": false'), pg_temp.off(110), pg_temp.off(100));
SELECT * FROM pg_temp.chosen(pg_temp.off(220, ', "stacks": false'), pg_temp.off(110), pg_temp.off(100));
SELECT * FROM pg_temp.chosen(pg_temp.off(110), pg_temp.off(220, ', "stacks": false'), pg_temp.off(100));
-- ties: fewer, then the earlier; what has no value in money comes after what has
SELECT * FROM pg_temp.chosen(pg_temp.off(500), pg_temp.off(500), pg_temp.off(1000, ', "priority": -5'));
SELECT * FROM pg_temp.chosen(pg_temp.off(300, ', "exclusive_group": "g"'), pg_temp.off(300, ', "exclusive_group": "g"'));
SELECT * FROM pg_temp.chosen(pg_temp.off(300, ', "stacks": false'), pg_temp.promotion('"kind": "gift", "item": "a", "value": 301'), pg_temp.promotion('"kind": "coupon", "coupon": "b"'));
SELECT * FROM pg_temp.chosen(pg_temp.promotion('"kind": "points", "points": 999', ', "stacks": false'), pg_temp.off(0.01));
-- what is not to be had, NULLs, nothing
SELECT * FROM pg_temp.chosen(pg_temp.off(5, ', "bill": "amount > 1000"'), NULL, pg_temp.off(3));
SELECT * FROM pg_temp.chosen(VARIADIC '{}'::promotion[]);
SELECT count(*) FROM best_promotions('{"amount": 3}', NULL);
SELECT position, value FROM best_promotions('{"at": "2026-07-04T12:00", "amount": 1000}',
    ARRAY[pg_temp.promotion('"kind": "stored value", "amount": 5', ', "spend": {"measure": "m", "at_least": 5}'), pg_temp.off(3)], spent => '{7, NULL}');
SELECT best_promotions('{"at": "2026-07-04T12:00", "amount": 1000}', ARRAY[pg_temp.off(3)], spent => '{7, NULL}');
SELECT best_promotions('{"at": "2026-07-04T12:00", "amount": 1000}', ARRAY[pg_temp.off(3)], 'best');
-- more than twenty: the twenty that are worth most
SELECT count(*), min(amount), sum(amount) FROM best_promotions('{"at": "2026-07-04T12:00", "amount": 1000}', (SELECT array_agg(pg_temp.off(i)) FROM generate_series(1, 30) AS i));

-- After a refund: July, all branches, class A, 50,000 give 5,000; 50,000 paid, the 5,000 spent, 20,000 refunded.
CREATE FUNCTION pg_temp.july(benefit text, rule text) RETURNS promotion LANGUAGE sql AS $$
    SELECT format('{"term": {"from": "2026-07-01", "to": "2026-07-31"}, "branches": "all", "audience": "member = ''A''", "audience_at": "bill",
        "spend": {"at_least": 50000, "measure": "bill"}, "benefit": {%s}, "after_refund": "%s"}', benefit, rule)::promotion $$;
SELECT kind, f.* FROM (VALUES ('stored value', '"kind": "stored value", "amount": 5000'), ('amount off', '"kind": "amount off", "amount": 5000'), ('points', '"kind": "points", "points": 5000')) AS b (kind, benefit),
    unnest('{recompute, proportional, none}'::text[]) AS r, refund('{"amount": 50000}', pg_temp.july(benefit, r), 5000, refunded => 20000, used => 5000) AS f;
-- nothing used yet; a small refund that loses all; nearly all; all; nothing
SELECT v.used, f.* FROM (VALUES (20000, 0), (1000, 4500), (49000, 4500), (50000, 4500), (0, 100)) AS v (refunded, used), refund('{"amount": 50000}', pg_temp.july('"kind": "stored value", "amount": 5000', 'recompute'), 5000, v.refunded, used => v.used) AS f;
-- a third, and a third, and a third
SELECT f.refunded_total, f.taken_back, f.taken_back - lag(f.taken_back, 1, 0.0) OVER (ORDER BY v) AS now
FROM unnest('{100, 200, 300}'::int[]) AS v, refund('{"amount": 300}', pg_temp.july('"kind": "stored value", "amount": 10', 'proportional'), 10, v) AS f;
-- lines: what is left must be said
SELECT f.* FROM refund('{"lines": [{"item": "a", "amount": 600}, {"item": "b", "amount": 500}]}',
    pg_temp.promotion('"kind": "spend and reduce", "steps": [{"at_least": 300, "off": 30}, {"at_least": 600, "off": 100}], "applies_to": "item = ''a''"'), 100,
    kept => '{"lines": [{"item": "a", "amount": 400}, {"item": "b", "amount": 500}]}') AS f;
SELECT a, r.message, r.hint FROM unnest(ARRAY['p, 10', 'p, 10, 101', 'p, 10, -1', 'p, 10, 50', 'p, 10, 50, ''{"amount": 60}''', 'p, 10, kept => ''{"amount": 101}''', 'p, -10, 50', 'p, 10, 50, used => 11', 'm, 10, 50']) AS a,
    pg_temp.refused(format('SELECT clientele.refund(''{"amount": 100}'', %s) FROM (SELECT %L::clientele.promotion, %L::clientele.promotion) AS s (p, m)', a,
        pg_temp.promotion('"kind": "amount off", "amount": 10', ', "bill": "quantity > 3"'), pg_temp.promotion('"kind": "stored value", "amount": 10', ', "spend": {"at_least": 60, "measure": "m"}'))) AS r;
SELECT least, f.taken_back FROM unnest('{60, 61}'::int[]) AS least, refund('{"amount": 100}', pg_temp.promotion('"kind": "stored value", "amount": 10', format(', "spend": {"at_least": %s, "measure": "m"}', least)), 10, 50, spent => 110) AS f;

-- binary
SELECT promotion_send(:'p') = '\x01' || convert_to(:'p', 'UTF8') AS as_text;

-- hash join, and a call site that meets more promotions than it keeps
CREATE TEMPORARY TABLE kept AS SELECT :'p'::promotion AS p;
SELECT count(*) FROM kept AS a JOIN kept AS b USING (p);
SELECT count(*), sum(b.amount) FROM generate_series(1, 2500) AS i, pg_temp.off(1 + i % 1300) AS o, benefit('{"at": "2026-07-04T12:00", "amount": 1000}', o) AS b;

-- what people read for a reason
SELECT word, reason_label(word) AS label, reason_label(word, 'zh') AS chinese
FROM (SELECT b.reasons FROM benefit('{"at": "2026-09-01T12:00", "branch": "9", "amount": 10}',
        '{"term": {"from": "2026-07-01", "to": "2026-07-31"}, "branches": ["1"], "bill": "amount > 100", "spend": {"at_least": 300, "measure": "bill"}, "benefit": {"kind": "amount off", "amount": 5}, "after_refund": "none"}') AS b) AS s, unnest(s.reasons) AS word;
SELECT reason_label(NULL), reason_label('late', NULL);
SELECT a, r.message, r.hint FROM unnest(ARRAY['''sold-out''', '''x''', '''''', '''late'', ''fr''']) AS a, pg_temp.refused(format('SELECT clientele.reason_label(%s)', a)) AS r;
