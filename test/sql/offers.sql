-- Promotions of a population: defined, published, and what they offer a customer on a bill.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET TimeZone = 'Asia/Shanghai';
SET DateStyle = ISO;
SET clientele.clock = '2026-07-10 12:00+08';
CREATE ROLE regress_offers_owner;
CREATE ROLE regress_offers_till;
CREATE ROLE regress_offers_staff;
CREATE ROLE regress_offers_stranger;
CREATE SCHEMA offers_shop AUTHORIZATION regress_offers_owner;
CREATE SCHEMA offers_segments AUTHORIZATION regress_offers_owner;
SET SESSION AUTHORIZATION regress_offers_owner;
CREATE TABLE offers_shop.customer (id int PRIMARY KEY, city text, birthday date);
CREATE TABLE offers_shop.payment (id int, paid_at timestamptz, amount numeric(12,2));
INSERT INTO offers_shop.customer SELECT g, CASE WHEN g % 3 = 0 THEN '上海' ELSE '北京' END, '1990-01-01'::date + g * 100 FROM generate_series(1, 12) AS g;
-- On 1 July 10:00: 1 has paid 60000, 2 40000, 3 nothing, ...; since then each has paid his number in thousands.
INSERT INTO offers_shop.payment VALUES (1, '2026-06-01 10:00+08', 60000), (2, '2026-06-15 10:00+08', 40000), (5, '2025-07-05 10:00+08', 90000);
INSERT INTO offers_shop.payment SELECT g, '2026-07-05 10:00+08', g * 1000 FROM generate_series(1, 10) AS g;
SELECT clientele.create_population('offers', 'offers_shop.customer', 'id', 'Asia/Shanghai', 'offers_segments');
SELECT clientele.add_source('offers', 'payment', 'offers_shop.payment', 'id', 'paid_at', amount => 'amount');
SELECT clientele.define_metric('offers', 'paid', 'sum(payment.amount)', 2);
SELECT clientele.define_metric('offers', 'paid_year', 'sum(payment.amount last 365 days)', 2);
SELECT clientele.define_metric('offers', 'last_paid', 'latest(payment)');
SELECT clientele.define_metric('offers', 'days', 'days_since(latest(payment))');
SELECT clientele.define_metric('offers', 'town', 'city');
SELECT clientele.define_metric('offers', 'paid_less', 'paid - 2 * coalesce(paid_year, 0)');
SELECT clientele.define_ladder('offers', 'class', '[{"label":"A","when":"paid_year >= 50000"},{"label":"B","when":"paid_year > 0"}]');
SELECT clientele.define_tag('offers', 'loyal', 'count(payment) > 1');
SELECT clientele.define_tag('offers', 'blacklist');

-- a promotion, with the parts that a test names put in their places
CREATE FUNCTION offers_shop.promotion(parts jsonb) RETURNS clientele.promotion LANGUAGE sql AS $$
    SELECT (jsonb '{"term": {"from": "2026-07-01", "to": "2026-07-31"}, "branches": "all",
                    "benefit": {"kind": "amount off", "amount": 500}, "after_refund": "none"}' || parts)::text::clientele.promotion $$;

-- nothing is published yet
SELECT clientele.define_promotion('offers', 'everybody', offers_shop.promotion('{}'));
SELECT clientele.publish_promotion('offers', 'everybody');
SELECT clientele.define_promotion('offers', 'july', offers_shop.promotion('{"audience": "class = ''A''", "audience_at": "term start"}'));
SELECT clientele.publish('offers') AS version;
CALL clientele.refresh('offers');
SELECT clientele.define_promotion('offers', 'july', offers_shop.promotion('{"audience": "class = ''A''", "audience_at": "term start"}'));
SELECT id, paid, class, tags FROM offers_segments.offers ORDER BY id;

-- ---------------------------------------------------------------------------
-- The draft
-- ---------------------------------------------------------------------------

-- what a promotion names has to be there
SELECT clientele.define_promotion('offers', 'x', offers_shop.promotion('{"audience": "clas = ''A''", "audience_at": "bill"}'));
SELECT clientele.define_promotion('offers', 'x', offers_shop.promotion('{"audience": "class > 5", "audience_at": "bill"}'));
SELECT clientele.define_promotion('offers', 'x', offers_shop.promotion('{"audience": "paid", "audience_at": "bill"}'));
SELECT clientele.define_promotion('offers', 'x', offers_shop.promotion('{"audience": "not has_tag(''blaklist'')", "audience_at": "bill"}'));
SELECT clientele.define_promotion('offers', 'x', offers_shop.promotion('{"audience": "has_tag(''loyal'') and tags = ''loyal''", "audience_at": "bill"}'));
SELECT clientele.define_promotion('offers', 'x', offers_shop.promotion('{"audience": "count(payment) > 1", "audience_at": "bill"}'));
SELECT clientele.define_promotion('offers', 'x', offers_shop.promotion('{"audience": "class.name = ''A''", "audience_at": "bill"}'));
SELECT clientele.define_promotion('offers', 'x', offers_shop.promotion('{"spend": {"at_least": 1, "measure": "pid"}}'));
SELECT clientele.define_promotion('offers', 'x', offers_shop.promotion('{"spend": {"at_least": 1, "measure": "town"}}'));
SELECT clientele.define_promotion('offers', 'x', offers_shop.promotion('{"spend": {"at_least": 1, "measure": "class"}}'));
SELECT clientele.define_promotion('offers', 'x', offers_shop.promotion('{"spend": {"at_least": 1, "measure": "id"}}'));
SELECT clientele.define_promotion('offers', 'x', offers_shop.promotion('{"audience": "paid > 5 and not class in (''A'', ''AA'')", "audience_at": "bill"}'));
SELECT clientele.define_promotion('offers', 'x', offers_shop.promotion('{"spend": {"at_least": 1, "measure": "paid_year"}}'));
SELECT clientele.define_promotion('offers', 'x', offers_shop.promotion('{"spend": {"at_least": 1, "measure": "paid_less"}}'));
SELECT clientele.define_promotion('offers', 'x', offers_shop.promotion('{"benefit": {"kind": "coupon", "coupon": "birthday", "quantity": 1}}'));
SELECT clientele.define_promotion('offers', '', offers_shop.promotion('{}'));
SELECT clientele.define_promotion('offers', repeat('长', 22), offers_shop.promotion('{}'));
SELECT clientele.define_promotion('offers', 'x', NULL);
SELECT clientele.define_promotion('offers', NULL, offers_shop.promotion('{}'));
SELECT clientele.define_promotion('nobody', 'x', offers_shop.promotion('{}'));
SELECT clientele.define_promotion('offers', 'x', '{"term": {"from": "2026-07-01"}}');
SELECT clientele.define_promotion('offers', 'x', '{"term": {"from": "2026-07-01"}}'::jsonb);

-- draft, published, changed, thrown away, published again
SELECT name, state, version, definition IS NULL AS never, draft IS NOT NULL AS has_draft FROM clientele.promotions('offers');
SELECT clientele.reset_promotion('offers', 'everybody');
SELECT clientele.publish_promotion('offers', 'everybody', 'for all');
SELECT clientele.publish_promotion('offers', 'everybody');
SELECT clientele.define_promotion('offers', 'everybody', offers_shop.promotion('{"priority": 5}'));
SELECT clientele.reset_promotion('offers', 'everybody');
SELECT clientele.publish_promotion('offers', 'everybody');
SELECT clientele.define_promotion('offers', 'everybody', offers_shop.promotion('{"priority": 3}')::text::jsonb);
SELECT clientele.publish_promotion('offers', 'everybody', 'now before others');
SELECT name, state, version, author, note, definition, draft FROM clientele.promotions('offers');
SELECT * FROM clientele.promotion_versions('offers', 'everybody');
SELECT clientele.drop_promotion('offers', 'everybody');
SELECT clientele.publish_promotion('offers', 'jul');
SELECT clientele.pause_promotion('offers', 'july');
SELECT clientele.freeze_audience('offers', 'july');
SELECT clientele.define_promotion('offers', 'over', offers_shop.promotion('{"term": {"from": "2026-06-01", "to": "2026-07-09"}}'));
SELECT clientele.publish_promotion('offers', 'over');
SELECT clientele.drop_promotion('offers', 'over');
SELECT clientele.drop_promotion('offers', 'over');
-- what gives a coupon needs what the coupon is for
SELECT clientele.define_promotion('offers', 'birthday', offers_shop.promotion('{"audience": "month(birthday) = month(today())", "audience_at": "bill"}'));
SELECT clientele.define_promotion('offers', 'birthday', offers_shop.promotion('{"audience": "town = ''上海''", "audience_at": "bill"}'));
SELECT clientele.define_promotion('offers', 'gives birthday', offers_shop.promotion('{"benefit": {"kind": "coupon", "coupon": "birthday", "quantity": 2, "valid_days": 90}}'));
SELECT clientele.publish_promotion('offers', 'gives birthday');
SELECT clientele.drop_promotion('offers', 'birthday');
SELECT clientele.drop_promotion('offers', 'gives birthday');
SELECT clientele.drop_promotion('offers', 'birthday');

-- ---------------------------------------------------------------------------
-- What is offered
-- ---------------------------------------------------------------------------

SELECT promotion, eligible, kind, amount, value, reasons, missing, remaining, to_day FROM clientele.offers('offers', 1, '{"amount": 800}');
-- a draft is offered to nobody; the key as text, or another integer; nobody; nothing
SELECT count(*) FROM clientele.offers('offers', '1', '{"amount": 800}');
SELECT count(*) FROM clientele.offers('offers', 1::bigint, '{"amount": 800}');
SELECT count(*) FROM clientele.offers('offers', '001', '{"amount": 800}');
SELECT count(*) FROM clientele.offers('offers', 99, '{"amount": 800}');
SELECT count(*) FROM clientele.offers(NULL, 1, '{"amount": 800}');
SELECT count(*) FROM clientele.offers('offers', NULL::int, '{"amount": 800}');
SELECT * FROM clientele.offers('nobody', 1, '{"amount": 800}');
SELECT * FROM clientele.offers('offers', 'one', '{"amount": 800}');
SELECT * FROM clientele.offers('offers', 1, '{"amonut": 800}');
SELECT * FROM clientele.offers('offers', 1, '{"amount": 800}', 'infinity');

-- all reasons at once
SELECT clientele.define_promotion('offers', 'hard', offers_shop.promotion($${"term": {"from": "2026-07-12", "days": [6, 7], "hours": {"from": "10:00", "to": "11:00"}},
    "branches": ["2"], "audience": "class = 'A' and has_tag('loyal') and town = '上海'", "audience_at": "bill", "bill": "channel = 'app' and amount > 5",
    "spend": {"at_least": 3000, "measure": "bill"}, "stock": {"total": 1, "per_branch": 1, "per_day": 1, "per_customer": 1}, "budget": 100, "priority": 9}$$));
SELECT clientele.publish_promotion('offers', 'hard');
SELECT clientele.refuse_automation('offers', 4, 'by telephone');
SELECT clientele.set_holdout('offers', 'hard', 100);
SELECT clientele.pause_promotion('offers', 'hard');
RESET SESSION AUTHORIZATION;
UPDATE clientele.stock SET remaining = 0 WHERE promotion_id = (SELECT promotion_id FROM clientele.offered_promotion WHERE name = 'hard');
SET SESSION AUTHORIZATION regress_offers_owner;
SELECT r.reason, r.missing FROM clientele.offers('offers', 4, '{"amount": 800, "branch": "1"}') AS o, unnest(o.reasons, o.missing) AS r (reason, missing)
WHERE o.promotion = 'hard';
SELECT eligible, amount, spend_more, given_then, remaining, to_day FROM clientele.offers('offers', 4, '{"amount": 800, "branch": "1"}') WHERE promotion = 'hard';
-- without a bill: what can be said before there is one
SELECT promotion, eligible, amount, reasons FROM clientele.offers('offers', 4, NULL);
-- the customer may change his mind; nobody is left out by 0 per cent
SELECT clientele.allow_automation('offers', 4);
SELECT clientele.set_holdout('offers', 'hard', 0);
SELECT clientele.resume_promotion('offers', 'hard');
SELECT reasons FROM clientele.offers('offers', 4, '{"amount": 800, "branch": "1"}') WHERE promotion = 'hard';
SELECT clientele.refuse_automation('offers', 99);
SELECT clientele.set_holdout('offers', 'hard', 101), clientele.set_holdout('offers', 'hard', NULL);
SELECT clientele.end_promotion('offers', 'hard');
SELECT clientele.resume_promotion('offers', 'hard');
SELECT clientele.define_promotion('offers', 'hard', offers_shop.promotion('{}'));
SELECT promotion FROM clientele.offers('offers', 4, '{"amount": 800}');

-- what is not personal is offered to who has refused
SELECT clientele.refuse_automation('offers', '005');
SELECT clientele.define_promotion('offers', 'by class', offers_shop.promotion('{"audience": "class = ''B''", "audience_at": "bill"}'));
SELECT clientele.define_promotion('offers', 'by class for all', offers_shop.promotion('{"audience": "class = ''B''", "audience_at": "bill", "personal": false}'));
SELECT clientele.publish_promotion('offers', name) FROM unnest(ARRAY['by class', 'by class for all']) AS name;
SELECT promotion, eligible, reasons FROM clientele.offers('offers', 5, '{"amount": 800}');
SELECT clientele.end_promotion('offers', name) FROM unnest(ARRAY['by class', 'by class for all']) AS name;

-- ---------------------------------------------------------------------------
-- At which instant customers are looked at
-- ---------------------------------------------------------------------------

-- 1 is of class A since June, 5 was of it until 5 July.  A bill of 50000 makes 7 one of it.
SELECT clientele.define_promotion('offers', 'at start', offers_shop.promotion('{"audience": "class = ''A''", "audience_at": "term start"}'));
SELECT clientele.define_promotion('offers', 'before', offers_shop.promotion('{"audience": "class = ''A''", "audience_at": "bill"}'));
SELECT clientele.define_promotion('offers', 'including', offers_shop.promotion('{"audience": "class = ''A''", "audience_at": "bill including it"}'));
SELECT clientele.publish_promotion('offers', name) FROM unnest(ARRAY['at start', 'before', 'including']) AS name;
SELECT c.id, string_agg(o.promotion, ', ') AS eligible
FROM offers_shop.customer AS c CROSS JOIN LATERAL clientele.offers('offers', c.id, '{"amount": 50000, "at": "2026-07-10T11:30:00+08:00"}') AS o
WHERE o.eligible AND o.promotion <> 'everybody' GROUP BY 1 ORDER BY 1;
BEGIN;
INSERT INTO offers_shop.payment VALUES (7, '2026-07-10 11:30+08', 50000);
-- the bill says when, with or without an offset; one that does not is looked at as it is now; one from the future, too
SELECT b.at, string_agg(o.promotion, ', ') AS eligible
FROM (VALUES ('"2026-07-10T11:30:00+08:00"'::jsonb), ('"2026-07-10T11:30:00"'), ('"2026-07-10T11:31:00"'), ('"2027-01-01T00:00:00"'), (NULL)) AS b (at)
CROSS JOIN LATERAL clientele.offers('offers', 7, jsonb_strip_nulls(jsonb_build_object('amount', 50000, 'at', b.at))) AS o
WHERE o.eligible AND o.promotion <> 'everybody' GROUP BY 1 ORDER BY 1;
ROLLBACK;
-- what is found out later of the time before changes a list that is not frozen
SELECT clientele.freeze_audience('offers', 'before');
INSERT INTO offers_shop.payment VALUES (8, '2026-06-30 23:59+08', 50000);
SELECT promotion FROM clientele.offers('offers', 8, '{"amount": 800}') WHERE eligible;
SELECT clientele.freeze_audience('offers', 'at start');
SELECT clientele.freeze_audience('offers', 'at start');
INSERT INTO offers_shop.payment VALUES (9, '2026-06-30 23:59+08', 50000);
SELECT c.id, o.eligible, o.missing FROM offers_shop.customer AS c CROSS JOIN LATERAL clientele.offers('offers', c.id, '{"amount": 800}') AS o WHERE o.promotion = 'at start' AND c.id IN (1, 8, 9) ORDER BY 1;
-- another text of the same list keeps it, another audience does not, nor another term
SELECT clientele.define_promotion('offers', 'at start', offers_shop.promotion('{"audience": "class = ''A''", "audience_at": "term start", "priority": 1}'));
SELECT clientele.publish_promotion('offers', 'at start');
SELECT audience_frozen_at FROM clientele.promotions('offers') WHERE name = 'at start';
SELECT clientele.define_promotion('offers', 'at start', offers_shop.promotion('{"audience": "class = ''A'' or id < 0", "audience_at": "term start", "priority": 1}'));
SELECT clientele.publish_promotion('offers', 'at start');
SELECT audience_frozen_at FROM clientele.promotions('offers') WHERE name = 'at start';
SELECT eligible FROM clientele.offers('offers', 9, '{"amount": 800}') WHERE promotion = 'at start';
SELECT clientele.freeze_audience('offers', 'at start') > 0 AS frozen;
SELECT clientele.define_promotion('offers', 'at start', offers_shop.promotion('{"term": {"from": "2026-07-02"}, "audience": "class = ''A'' or id < 0", "audience_at": "term start", "priority": 1}'));
SELECT clientele.publish_promotion('offers', 'at start');
SELECT audience_frozen_at FROM clientele.promotions('offers') WHERE name = 'at start';
-- not before the term
SELECT clientele.define_promotion('offers', 'august', offers_shop.promotion('{"term": {"from": "2026-08-01"}, "audience": "class = ''A''", "audience_at": "term start"}'));
SELECT clientele.publish_promotion('offers', 'august');
RESET SESSION AUTHORIZATION;
SET clientele.clock = '2026-07-31 23:59:59.999999+08';
SELECT clientele.freeze_audience('offers', 'august');
SET clientele.clock = '2026-07-10 12:00+08';
SET SESSION AUTHORIZATION regress_offers_owner;
SELECT eligible, reasons FROM clientele.offers('offers', 1, '{"amount": 800}') WHERE promotion = 'august';
SELECT eligible, reasons FROM clientele.offers('offers', 1, '{"amount": 800}', '2026-08-01 00:00+08') WHERE promotion = 'august';
SELECT promotion FROM clientele.offers('offers', 1, '{"amount": 800}', '2026-08-01 00:00+08');

-- what has been spent in the term
SELECT clientele.define_promotion('offers', 'collect', offers_shop.promotion('{"spend": {"at_least": 5000, "measure": "paid"}}'));
SELECT clientele.publish_promotion('offers', 'collect');
SELECT c.id, o.eligible, o.spend_more, o.given_then FROM offers_shop.customer AS c
CROSS JOIN LATERAL clientele.offers('offers', c.id, '{"amount": 800}') AS o WHERE o.promotion = 'collect' ORDER BY 1;

-- days and hours of the branch
SELECT clientele.define_promotion('offers', 'noon', offers_shop.promotion('{"term": {"from": "2026-07-01", "hours": {"from": "12:00", "to": "13:00"}}}'));
SELECT clientele.publish_promotion('offers', 'noon');
SELECT clientele.set_branch_zone('offers', 'Urumqi', 'Asia/Urumqi');
SELECT clientele.set_branch_zone('offers', 'Nowhere', 'Asia/Nowhere');
SELECT b.branch, o.eligible, o.missing FROM (VALUES ('Urumqi'), ('Beijing')) AS b (branch)
CROSS JOIN LATERAL clientele.offers('offers', 1, jsonb_build_object('amount', 800, 'branch', b.branch)) AS o WHERE o.promotion = 'noon';
SELECT o.eligible FROM clientele.offers('offers', 1, '{"amount": 800, "branch": "Urumqi"}', '2026-07-10 14:00+08') AS o WHERE o.promotion = 'noon';
SELECT clientele.set_branch_zone('offers', 'Urumqi', NULL);
SELECT o.eligible FROM clientele.offers('offers', 1, '{"amount": 800, "branch": "Urumqi"}') AS o WHERE o.promotion = 'noon';
SELECT clientele.end_promotion('offers', name) FROM clientele.promotions('offers') AS p WHERE version IS NOT NULL;

-- against plain SQL, at random instants; rows that were stored four days ago still hold
SELECT clientele.allow_automation('offers', 5);
CALL clientele.refresh('offers');
RESET SESSION AUTHORIZATION;
SET clientele.clock = '2026-07-14 12:00+08';
SET SESSION AUTHORIZATION regress_offers_owner;
SELECT setseed(0.0710);
CREATE TABLE offers_shop.bill AS
SELECT g AS number, 1 + (random() * 11)::int AS id, '2026-07-01 00:00+08'::timestamptz + random() * interval '323 hours' AS at FROM generate_series(1, 120) AS g;
SELECT clientele.define_promotion('offers', 'r' || n, offers_shop.promotion(jsonb_build_object('audience', condition, 'audience_at', at)))
FROM (VALUES (1, 'class = ''A'' and days < 9'), (2, 'has_tag(''loyal'') or town = ''上海'''), (3, 'paid_year > 8000.5 and not has_tag(''loyal'')'),
             (4, 'days_since(last_paid) >= 3')) AS c (n, condition)
CROSS JOIN (VALUES ('bill')) AS a (at);
SELECT clientele.publish_promotion('offers', 'r' || n) FROM generate_series(1, 4) AS n;
WITH asked AS (
    SELECT b.number, o.promotion, o.eligible
    FROM offers_shop.bill AS b CROSS JOIN LATERAL clientele.offers('offers', b.id, jsonb_build_object('amount', 800, 'at', b.at)) AS o
    WHERE o.promotion ~ '^r'
), plain AS (
    SELECT b.number, (sum(p.amount) FILTER (WHERE p.paid_at < b.at AND (p.paid_at AT TIME ZONE 'Asia/Shanghai')::date > d.day - 365)) AS paid_year,
           d.day - (max(p.paid_at) FILTER (WHERE p.paid_at < b.at) AT TIME ZONE 'Asia/Shanghai')::date AS days,
           count(*) FILTER (WHERE p.paid_at < b.at) > 1 AS loyal, c.city
    FROM offers_shop.bill AS b CROSS JOIN LATERAL (SELECT ((b.at - interval '1 us') AT TIME ZONE 'Asia/Shanghai')::date AS day) AS d
    JOIN offers_shop.customer AS c ON c.id = b.id LEFT JOIN offers_shop.payment AS p ON p.id = b.id
    GROUP BY b.number, c.city, d.day, b.at
)
SELECT count(*) AS asked, count(*) FILTER (WHERE a.eligible) > 40 AS many_eligible,
       count(*) FILTER (WHERE a.eligible IS DISTINCT FROM coalesce(CASE a.promotion
           WHEN 'r1' THEN p.paid_year >= 50000 AND p.days < 9
           WHEN 'r2' THEN p.loyal OR p.city = '上海'
           WHEN 'r3' THEN p.paid_year > 8000.5 AND NOT p.loyal
           WHEN 'r4' THEN p.days >= 3 END, false)) AS wrong
FROM asked AS a JOIN plain AS p USING (number);
SELECT clientele.end_promotion('offers', 'r' || n) FROM generate_series(1, 4) AS n;
RESET SESSION AUTHORIZATION;
SET clientele.clock = '2026-07-10 12:00+08';
SET SESSION AUTHORIZATION regress_offers_owner;

-- ---------------------------------------------------------------------------
-- The best
-- ---------------------------------------------------------------------------

SELECT clientele.define_promotion('offers', name, offers_shop.promotion(parts))
FROM (VALUES ('small', '{"benefit": {"kind": "amount off", "amount": 10}, "priority": 9}'::jsonb),
             ('alone', '{"benefit": {"kind": "percent off", "percent": 12}, "stacks": false}'),
             ('group 1', '{"benefit": {"kind": "amount off", "amount": 60}, "exclusive_group": "g"}'),
             ('group 2', '{"benefit": {"kind": "amount off", "amount": 70}, "exclusive_group": "g"}'),
             ('for class A', '{"benefit": {"kind": "amount off", "amount": 700}, "audience": "class = ''A''", "audience_at": "bill"}'),
             ('sold out', '{"benefit": {"kind": "amount off", "amount": 800}, "stock": {"total": 1}}'),
             ('points', '{"benefit": {"kind": "points", "per": 100, "points": 1}}')) AS p (name, parts);
SELECT clientele.publish_promotion('offers', name) FROM clientele.promotions('offers') WHERE state = 'draft' AND name <> 'july';
RESET SESSION AUTHORIZATION;
UPDATE clientele.stock SET remaining = 0 WHERE promotion_id = (SELECT promotion_id FROM clientele.offered_promotion WHERE name = 'sold out');
SET SESSION AUTHORIZATION regress_offers_owner;
SELECT p.policy, b.promotion, b.kind, b.amount, b.value, b.points
FROM unnest(ARRAY['best for customer', 'priority order', 'first']) WITH ORDINALITY AS p (policy, n)
CROSS JOIN LATERAL clientele.best_offers('offers', 3, '{"amount": 1000}', p.policy) WITH ORDINALITY AS b ORDER BY p.n, b.ordinality;
SELECT promotion, amount FROM clientele.best_offers('offers', 3, '{"amount": 1500}');
SELECT promotion, amount FROM clientele.best_offers('offers', '1', '{"amount": 1000}');
SELECT promotion FROM clientele.best_offers('offers', 1, '{"amount": 1000}', as_of => '2026-06-30 23:59+08');
SELECT * FROM clientele.best_offers('offers', 1, NULL);
SELECT * FROM clientele.best_offers('offers', 1, '{"amount": 1000}', 'cheapest');

-- ---------------------------------------------------------------------------
-- What sessions keep
-- ---------------------------------------------------------------------------

-- rolled back with its transaction, and with a savepoint
BEGIN;
SELECT clientele.end_promotion('offers', name) FROM clientele.promotions('offers') AS p WHERE state = 'published' AND name <> 'small';
SELECT promotion FROM clientele.offers('offers', 3, '{"amount": 1000}');
SAVEPOINT one;
SELECT clientele.pause_promotion('offers', 'small');
SELECT promotion, reasons FROM clientele.offers('offers', 3, '{"amount": 1000}');
ROLLBACK TO one;
SELECT promotion, reasons FROM clientele.offers('offers', 3, '{"amount": 1000}');
ROLLBACK;
SELECT count(*) FROM clientele.offers('offers', 3, '{"amount": 1000}');
-- an old snapshot sees the newest definitions, as claims do
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM offers_shop.customer;
SELECT count(*) FROM clientele.offers('offers', 3, '{"amount": 1000}') WHERE eligible;
COMMIT;
-- a label that is gone is nobody's; the others are offered as ever
SELECT clientele.drop_definition('offers', 'class');
SELECT clientele.publish('offers') AS version;
CALL clientele.refresh('offers');
SELECT eligible, missing FROM clientele.offers('offers', 1, '{"amount": 1000}') WHERE promotion = 'for class A';
SELECT clientele.drop_column('offers', 'class');
SELECT eligible, reasons, missing FROM clientele.offers('offers', 1, '{"amount": 1000}') WHERE promotion = 'for class A';
SELECT promotion, amount FROM clientele.best_offers('offers', 1, '{"amount": 1000}');
BEGIN;
CREATE TEMP TABLE filler AS SELECT 1 AS a, 2 AS b, 3 AS c;
CREATE INDEX ON filler (a);
SAVEPOINT one;
SELECT eligible, missing FROM clientele.offers('offers', 1, '{"amount": 1000}') WHERE promotion = 'for class A';
ROLLBACK;
SELECT clientele.define_ladder('offers', 'class', '[{"label":"A","when":"paid > 0"}]');
SELECT clientele.publish('offers') AS version;
CALL clientele.refresh('offers');
SELECT eligible, reasons FROM clientele.offers('offers', 1, '{"amount": 1000}') WHERE promotion = 'for class A';

-- nobody is offered anything who has been forgotten
SELECT clientele.forget('offers', 1);
SELECT count(*) FROM clientele.offers('offers', 1, '{"amount": 1000}');
SELECT clientele.unforget('offers', 1);

-- the share that chance leaves out is the one that is asked for, and what SQL says
SELECT clientele.set_holdout('offers', 'small', 30);
INSERT INTO offers_shop.customer SELECT g, '广州', NULL FROM generate_series(1001, 3000) AS g;
SELECT count(*) FILTER (WHERE o.reasons = '{held out}') BETWEEN 500 AND 700 AS about_600, count(*) AS "of"
FROM generate_series(1001, 3000) AS c (id) CROSS JOIN LATERAL clientele.offers('offers', c.id, '{"amount": 1000}') AS o WHERE o.promotion = 'small';
RESET SESSION AUTHORIZATION;
SELECT count(*) AS wrong
FROM generate_series(1001, 3000) AS c (id) CROSS JOIN LATERAL clientele.offers('offers', c.id, '{"amount": 1000}') AS o
JOIN clientele.offered_promotion AS p ON p.name = o.promotion
WHERE o.promotion = 'small' AND (o.reasons = '{held out}') <> clientele.held_out(p.promotion_id, c.id::text, p.holdout);

-- ---------------------------------------------------------------------------
-- What is offered is what can be claimed, until the last one is gone
-- ---------------------------------------------------------------------------

SELECT clientele.define_promotion('offers', 'limit ' || n, offers_shop.promotion(parts))
FROM unnest(ARRAY['{"stock": {"total": 5}}', '{"stock": {"per_branch": 3}}', '{"stock": {"per_day": 4}}', '{"stock": {"per_customer": 1}}',
                  '{"stock": {"per_customer": 5, "per_period": {"claims": 2, "period": "week"}}}', '{"budget": 2200}',
                  '{"budget": 900, "benefit": {"kind": "percent off", "percent": 20}}',
                  '{"stock": {"total": 9, "per_branch": 6, "per_customer": 2}, "audience": "paid > 3000", "audience_at": "bill", "bill": "amount > 300"}']::jsonb[])
     WITH ORDINALITY AS p (parts, n);
SELECT clientele.publish_promotion('offers', name) FROM clientele.promotions('offers') WHERE state = 'draft' AND name ~ '^limit';
SELECT setseed(0.0711);
CREATE TABLE offers_shop.asked (promotion text, eligible boolean, reasons text[], remaining int, claim_id bigint, why text[]);
DO $$
DECLARE
    customer int;
    bill jsonb;
    name text;
    offer record;
    taken record;
BEGIN
    FOR i IN 1 .. 400 LOOP
        customer := 1 + floor(random() * 12);
        bill := jsonb_strip_nulls(jsonb_build_object('amount', 100 * floor(random() * 12), 'branch', (ARRAY['1', '2', NULL])[1 + floor(random() * 3)]));
        name := 'limit ' || 1 + floor(random() * 8);
        SELECT * INTO STRICT offer FROM clientele.offers('offers', customer, bill) AS o WHERE o.promotion = name;
        SELECT * INTO STRICT taken FROM clientele.try_claim('offers', customer, name, 'request ' || i, bill, random() < 0.5);
        INSERT INTO offers_shop.asked VALUES (name, offer.eligible, offer.reasons, offer.remaining, taken.claim_id, taken.reasons);
        -- some come back
        IF taken.claim_id IS NOT NULL AND random() < 0.3 THEN
            PERFORM clientele.give_back(taken.claim_id, 'back ' || i);
        END IF;
    END LOOP;
END $$;
SELECT * FROM offers_shop.asked WHERE eligible <> (claim_id IS NOT NULL) OR (remaining = 0 AND claim_id IS NOT NULL) OR NOT coalesce(reasons, '{}') @> coalesce(why, '{}');
SELECT promotion, count(claim_id) > 0 AS some_taken, count(*) > count(claim_id) AS some_refused FROM offers_shop.asked GROUP BY 1 ORDER BY 1;
SELECT DISTINCT unnest(reasons) AS reason FROM offers_shop.asked ORDER BY 1;

-- ---------------------------------------------------------------------------
-- Asked again, in whatever order, a session says what one would say that has never been asked
-- ---------------------------------------------------------------------------

-- an audience that reads like the condition on the bill; so much is missing, but of another bill; this part is missing, or that
SELECT clientele.define_metric('offers', 'channel', 'city');
SELECT clientele.publish('offers') AS version;
CALL clientele.refresh('offers');
SELECT clientele.define_promotion('offers', 'again ' || n, offers_shop.promotion(parts))
FROM unnest(ARRAY['{"audience": "channel = ''上海''", "audience_at": "bill", "bill": "channel = ''上海''"}',
                  '{"spend": {"at_least": 8000, "measure": "paid"}, "benefit": {"kind": "percent off", "percent": 10}}',
                  '{"benefit": {"kind": "spend and reduce", "steps": [{"at_least": 500, "off": 20}, {"at_least": 1000, "off": 50}]}}',
                  '{"benefit": {"kind": "gift", "item": "mask", "quantity": 1, "value": 80}, "bill": "amount > 700"}',
                  '{"audience": "town = ''上海'' and paid > 3000", "audience_at": "bill"}']::jsonb[])
     WITH ORDINALITY AS p (parts, n);
SELECT clientele.publish_promotion('offers', name) FROM clientele.promotions('offers') WHERE state = 'draft' AND name ~ '^again';
SELECT clientele.set_branch_zone('offers', '2', 'Asia/Urumqi');
CREATE TABLE offers_shop.said (id int, bill jsonb, as_of timestamptz, kept text[], fresh text[]);
INSERT INTO offers_shop.said
SELECT id, bill, as_of FROM generate_series(1, 12) AS id
CROSS JOIN unnest(ARRAY[NULL, '{"amount": 600, "branch": "1"}', '{"amount": 600, "branch": "2"}', '{"amount": 600, "channel": "上海"}',
                        '{"amount": 800, "channel": "web"}', '{"amount": 1200}']::jsonb[]) AS bill
CROSS JOIN unnest(ARRAY[NULL, '2026-07-20 09:00+08']::timestamptz[]) AS as_of
ORDER BY md5(format('%s %s %s', id, bill, as_of));
UPDATE offers_shop.said SET kept = ARRAY(SELECT o::text FROM clientele.offers('offers', id, bill, as_of) AS o);
DO $$
DECLARE
    asked record;
BEGIN
    FOR asked IN SELECT ctid, id, bill, as_of FROM offers_shop.said LOOP
        -- all that the session has kept is out of date
        PERFORM clientele.set_branch_zone('offers', '2', 'Asia/Urumqi');
        UPDATE offers_shop.said SET fresh = ARRAY(SELECT o::text FROM clientele.offers('offers', asked.id, asked.bill, asked.as_of) AS o)
        WHERE said.ctid = asked.ctid;
    END LOOP;
END $$;
SELECT * FROM offers_shop.said WHERE kept <> fresh OR fresh IS NULL;
SELECT count(*), count(DISTINCT kept) > 100 AS differ FROM offers_shop.said;

-- ---------------------------------------------------------------------------
-- Who may
-- ---------------------------------------------------------------------------

SET SESSION AUTHORIZATION regress_offers_stranger;
SELECT * FROM clientele.offers('offers', 2, '{"amount": 1000}');
SELECT * FROM clientele.best_offers('offers', 2, '{"amount": 1000}');
SELECT * FROM clientele.promotions('offers');
SELECT * FROM clientele.promotion_versions('offers', 'small');
SELECT clientele.define_promotion('offers', 'mine', '{"term": {"from": "2026-07-01"}, "branches": "all", "benefit": {"kind": "amount off", "amount": 1}, "after_refund": "none"}');
SELECT clientele.publish_promotion('offers', 'july');
SELECT clientele.pause_promotion('offers', 'small');
SELECT clientele.end_promotion('offers', 'small');
SELECT clientele.freeze_audience('offers', 'small');
SELECT clientele.set_holdout('offers', 'small', 0);
SELECT clientele.set_branch_zone('offers', '1', 'Asia/Urumqi');
SELECT clientele.refuse_automation('offers', 2);
SELECT * FROM offers_segments.offers_promotion;
-- the population's owner hands the rights on
SET SESSION AUTHORIZATION regress_offers_owner;
GRANT USAGE ON SCHEMA offers_segments TO regress_offers_staff, regress_offers_till;
GRANT SELECT ON offers_segments.offers_promotion TO regress_offers_staff;
GRANT INSERT ON offers_segments.offers_manual TO regress_offers_staff;
SET SESSION AUTHORIZATION regress_offers_staff;
SELECT count(*) FROM clientele.offers('offers', 2, '{"amount": 1000}');
SELECT count(*) FROM clientele.promotions('offers');
SELECT clientele.refuse_automation('offers', 2, 'at the desk');
SELECT name, state, version, kind, from_day, to_day, audience, personal, priority, exclusive_group, stacks, total, remaining FROM offers_segments.offers_promotion WHERE state = 'published' AND name !~ '^(limit|again)' ORDER BY promotion_id;
SELECT * FROM offers_segments.offers;
SELECT clientele.pause_promotion('offers', 'small');
SET SESSION AUTHORIZATION regress_offers_till;
SELECT count(*) FROM clientele.offers('offers', 2, '{"amount": 1000}');

-- what came and went on one day was so at its time, also once everything stored is as it was
SET SESSION AUTHORIZATION regress_offers_owner;
SELECT clientele.define_promotion('offers', 'clean', offers_shop.promotion('{"audience": "not has_tag(''blacklist'') and paid < 5000", "audience_at": "bill"}'));
SELECT clientele.publish_promotion('offers', 'clean');
CALL clientele.refresh('offers');
SELECT clientele.tag_customer('offers', 4, 'blacklist', until => '2026-07-10 12:20+08');
INSERT INTO offers_shop.payment VALUES (4, '2026-07-10 12:05+08', 6000), (4, '2026-07-10 12:25+08', -6000);
RESET SESSION AUTHORIZATION;
SET clientele.clock = '2026-07-10 12:30+08';
CREATE FUNCTION offers_shop.clean() RETURNS TABLE (minute text, reasons text[], missing text[]) LANGUAGE sql AS $$
    SELECT m, o.reasons, o.missing
    FROM unnest('{01, 10, 22, 29}'::text[]) AS m, clientele.offers('offers', 4, format('{"at": "2026-07-10T12:%s:00+08:00", "amount": 1000}', m)::jsonb) AS o
    WHERE o.promotion = 'clean' $$;
SELECT * FROM offers_shop.clean();
CALL clientele.refresh('offers');
SELECT * FROM offers_shop.clean();
SET clientele.clock = '2026-07-10 12:00+08';

-- a view that its owner has narrowed is read as he has made it
SET SESSION AUTHORIZATION regress_offers_owner;
DO $$ BEGIN EXECUTE rtrim('CREATE OR REPLACE VIEW offers_segments.offers AS ' || pg_get_viewdef('offers_segments.offers'::regclass), ';') || ' WHERE id <> 2'; END $$;
SELECT key, count(promotion) > 0 AS offered FROM generate_series(1, 3) AS key LEFT JOIN clientele.offers('offers', key, '{"amount": 1000}') ON true GROUP BY key ORDER BY key;

RESET SESSION AUTHORIZATION;
-- what clientele has made is given to another role with the rest, and given back
CREATE ROLE regress_offers_heir;
REASSIGN OWNED BY regress_offers_owner TO regress_offers_heir;
SELECT promotion FROM clientele.offers('offers', 1, '{"amount": 1000}');
REASSIGN OWNED BY regress_offers_heir TO regress_offers_owner;
SELECT count(promotion) > 0 AS offered FROM clientele.offers('offers', 1, '{"amount": 1000}');
DROP ROLE regress_offers_heir;

-- who publishes many at once does not compile all of them each time
BEGIN;
DO $$ BEGIN FOR n IN 1..10 LOOP
    PERFORM clientele.define_promotion('offers', 'bulk ' || n, '{"term": {"from": "2026-07-01"}, "branches": "all", "audience": "class = ''A''", "audience_at": "bill", "benefit": {"kind": "amount off", "amount": 1}, "after_refund": "none"}'),
            clientele.publish_promotion('offers', 'bulk ' || n);
END LOOP; END $$;
SELECT sum(used_bytes) < count(*) * 50000 AS small FROM pg_backend_memory_contexts WHERE name = 'clientele promotions';
ROLLBACK;
SELECT clientele.drop_population('offers', with_balances => true);
SELECT count(*) FROM clientele.offered_promotion;
DROP SCHEMA offers_shop CASCADE;
DROP SCHEMA offers_segments CASCADE;
DROP ROLE regress_offers_owner, regress_offers_till, regress_offers_staff, regress_offers_stranger;
