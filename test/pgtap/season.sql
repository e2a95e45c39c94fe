-- A season with the rules: what a clinic's manager does with them, from a proposal to the
-- review of the quarter, with what must be true at each step.  doc/season.md tells the
-- same story for readers.
\set QUIET on
\set customers 1000
\o /dev/null
\i test/clinic/clinic.sql
SET search_path = clientele, public;
SET TimeZone = 'Asia/Shanghai';
SET client_min_messages = warning;
SET clientele.clock = '2026-06-30 22:00+08';

SELECT create_population('customer', 'crm.customer', 'customer_id', 'Asia/Shanghai');
SELECT add_source('customer', 'payment', 'pos.payment', 'customer_id', 'paid_at', amount => 'net', branch => 'branch_id', create_index => true),
       add_source('customer', 'visit', 'crm.visit', 'customer_id', 'arrived_at', create_index => true);
SELECT set_revenue('customer', 'payment');
SELECT * FROM install_template('customer', 'medical_aesthetics', $${"payment": {"source": "payment", "is_sale": "kind = 'sale'",
    "is_revenue": "kind in ('sale', 'refund')"}, "visit": {"source": "visit"}, "language": "en"}$$);
SELECT define_metric('customer', 'home', 'branch_id'), set_branch('customer', 'home');
SELECT publish('customer', 'starter pack');
CALL refresh('customer');
\o
SELECT no_plan();

-- ---------- a proposal ----------
-- The market department wants a warning rung before "dormant", and customers asleep earlier.
CREATE FUNCTION pg_temp.propose(nodding_days int) RETURNS void LANGUAGE sql AS $$
    SELECT set_parameter('customer', 'dormant_days', 120), set_parameter('customer', 'nodding_days', nodding_days),
           define_ladder('customer', 'stage', '[{"label": "dormant", "when": "days_since(last_seen) > dormant_days"},
               {"label": "nodding off", "when": "days_since(last_seen) > nodding_days"},
               {"label": "re-purchase", "when": "purchases > 1"}, {"label": "dealt", "when": "purchases = 1"},
               {"label": "re-consult", "when": "visits > 1"}, {"label": "first consult", "when": "visits = 1"}, {"label": "lead"}]') $$;
SELECT pg_temp.propose(150) \g /dev/null
SELECT is((SELECT count(*) FROM segments.customer WHERE stage = 'nodding off'), 0::bigint, 'nobody sees a draft');

-- ---------- check ----------
SELECT is((SELECT message FROM check_definitions('customer') WHERE object = 'stage' AND severity = 'warning' AND message LIKE '%nodding off%'),
          'rule "nodding off" can never be reached: rule "dormant", which comes before it, matches all that it matches',
          'a rung behind a wider one is found before anybody is missing in it');
SELECT pg_temp.propose(90) \g /dev/null
SELECT is((SELECT count(*) FROM check_definitions('customer') WHERE severity <> 'note'), 0::bigint, 'with 90 days nothing is odd');
SELECT set_eq($$SELECT DISTINCT name, change FROM diff_versions('customer')$$,
              $$VALUES ('dormant_days', 'changed'), ('nodding_days', 'added'), ('stage', 'changed')$$, 'the minutes of the meeting list what changes');

-- ---------- simulate ----------
-- What plain SQL says of the draft: days since the last visit or purchase.
CREATE TEMPORARY TABLE quiet AS
SELECT c.customer_id, date '2026-06-30' - greatest((SELECT max(paid_at) FROM pos.payment AS p WHERE p.customer_id = c.customer_id AND kind = 'sale'),
                                                   (SELECT max(arrived_at) FROM crm.visit AS v WHERE v.customer_id = c.customer_id))::date AS days,
       (SELECT coalesce(sum(net), 0) FROM pos.payment AS p WHERE p.customer_id = c.customer_id AND paid_at::date > date '2026-06-30' - interval '12 months') AS revenue
FROM crm.customer AS c;
SELECT is((SELECT ROW(customers_before, customers_after) FROM simulate_summary('customer') WHERE definition = 'stage' AND label = 'dormant'),
          (SELECT ROW(count(*) FILTER (WHERE days > 180), count(*) FILTER (WHERE days > 120)) FROM quiet), 'so many are asleep, and so many would be');
SELECT is((SELECT revenue_after FROM simulate_summary('customer') WHERE definition = 'stage' AND label = 'nodding off'),
          (SELECT sum(revenue) FROM quiet WHERE days > 90 AND days <= 120), 'and so much money is nodding off, to the cent');
SELECT results_eq($$SELECT (variant ->> 'dormant_days')::int, customers_after FROM simulate_summary('customer', vary => '{"dormant_days": [100, 120, 140, 160]}')
                    WHERE definition = 'stage' AND label = 'dormant' ORDER BY 1$$,
                  $$SELECT n, (SELECT count(*) FROM quiet WHERE days > n) FROM generate_series(100, 160, 20) AS n$$, 'four answers to "and if it were 140?" at once');
SELECT ok((SELECT bool_and(reason LIKE '%days_since(last_seen)%') FROM simulate_moves('customer', 'stage', max_rows => 20)), 'each who moves is listed with the reason');
SELECT is((SELECT count(*) FROM segments.customer WHERE stage = 'nodding off'), 0::bigint, 'and nothing has happened yet');

-- ---------- publish ----------
SELECT publish('customer', 'meeting of 30 June: asleep after 120 days') \g /dev/null
CALL refresh('customer');
SELECT is((SELECT count(*) FROM segments.customer WHERE stage = 'nodding off'), (SELECT count(*) FROM quiet WHERE days > 90 AND days <= 120),
          'what was simulated has come about');
SELECT results_eq($$SELECT version, state, note FROM versions('customer')$$,
                  $$VALUES (2, 'live', 'meeting of 30 June: asleep after 120 days'), (1, 'old', 'starter pack')$$, 'who decided what is kept');
SELECT is((SELECT count(*) FROM segments.customer_moves WHERE name = 'stage' AND to_label = 'nodding off' AND cause = 'publish' AND branch IS NOT NULL),
          (SELECT count(*) FROM quiet WHERE days > 90 AND days <= 120), 'Monday''s list names everybody whom the new rules moved, with the branch');

-- ---------- a customer complains ----------
-- One of the second-best tier, whom more money on her latest purchase would lift.
CREATE TEMPORARY TABLE she AS
SELECT s.customer_id AS key, o.missing, (SELECT max(payment_id) FROM pos.payment AS p WHERE p.customer_id = s.customer_id AND p.paid_at = s.last_paid) AS payment_id
FROM segments.customer AS s CROSS JOIN LATERAL next_tier('customer', s.customer_id, 'tier') AS o
WHERE s.tier = 'value' AND o.kind = 'gain' AND o.to_label = 'strategic' AND o.unit LIKE 'payment.net %' AND o.missing > 1 AND s.last_paid > '2026-01-01'
ORDER BY s.customer_id LIMIT 1;
SELECT is((SELECT count(*) FROM she), 1::bigint, 'the front desk can tell her what is missing');
SELECT is((SELECT round(sum(contribution) / sum(weight) * 100, 2) FROM she, explain('customer', key, 'tier') WHERE weight IS NOT NULL),
          (SELECT round(s.tier_score * 100 / (SELECT sum(weight) FROM she, explain('customer', key, 'tier')), 2) FROM she, segments.customer AS s WHERE s.customer_id = she.key),
          'why: the contributions add up to her score');
UPDATE pos.payment AS p SET net = net + missing - 0.01 FROM she WHERE p.payment_id = she.payment_id;
SELECT is((SELECT tier FROM segments.customer, she WHERE customer_id = key), 'value', 'a cent less than she was told is not enough');
UPDATE pos.payment AS p SET net = net + 0.01 FROM she WHERE p.payment_id = she.payment_id;
SELECT is((SELECT tier FROM segments.customer, she WHERE customer_id = key), 'strategic', 'what she was told is, and the cashier sees it before any refresh');
UPDATE pos.payment AS p SET net = net - missing FROM she WHERE p.payment_id = she.payment_id;

-- The director keeps her there until the end of August.
SELECT pin_label('customer', key, 'tier', 'strategic', 'complaint of 30 June', '2026-09-01 00:00+08') FROM she \g /dev/null
SELECT is((SELECT ROW(item, value, reason) FROM she, explain('customer', key, 'tier') LIMIT 1), ROW('pin'::text, 'strategic'::text, 'complaint of 30 June'::text), 'the pin is explained first, with its note');
SELECT is((SELECT tier FROM profile('customer', (SELECT key FROM she), '2026-08-31 23:59:59+08') AS p, jsonb_to_record(p) AS r (tier text)), 'strategic', 'it holds until its last second');
SELECT isnt((SELECT tier FROM profile('customer', (SELECT key FROM she), '2026-09-01 00:00+08') AS p, jsonb_to_record(p) AS r (tier text)), 'strategic', 'and not a moment longer');
SELECT is((SELECT sum(customers) FROM simulate('customer') WHERE definition = 'tier' AND to_label = 'strategic'),
          (SELECT count(*)::numeric FROM segments.customer WHERE tier = 'strategic'), 'a simulation counts her as pinned');

-- ---------- the quarter's review ----------
-- Three months later prices have doubled, and buyers have bought again at the new ones.
SET clientele.clock = '2026-09-30 22:00+08';
INSERT INTO pos.payment (receipt_no, customer_id, branch_id, kind, paid_at, recorded_at, net, product_id, category, method)
SELECT gen_random_uuid(), customer_id, branch_id, 'sale', paid_at + interval '85 days', paid_at + interval '85 days', 3 * net, product_id, category, method
FROM pos.payment WHERE kind = 'sale' AND paid_at > '2026-04-05' AND paid_at < '2026-07-01';
CALL refresh('customer');
SELECT ok((SELECT count(*) > 0 FROM segments.customer_change WHERE cause = 'time' AND name = 'stage'), 'customers have fallen asleep by time alone, each at a midnight');
SELECT is((SELECT count(*) FROM segments.customer_change WHERE cause = 'time' AND name = 'stage' AND effective_at AT TIME ZONE 'Asia/Shanghai' <> date_trunc('day', effective_at AT TIME ZONE 'Asia/Shanghai')),
          0::bigint, 'at a midnight indeed, however late the refresh');
SELECT ok((SELECT psi > 0.1 FROM drift('customer', 'member') WHERE item = 'label' AND branch IS NULL), 'the groups have drifted from what they were calibrated on');
SELECT is((SELECT band FROM drift('customer', 'member', since => '2026-09-30 22:00+08') WHERE item = 'label' AND branch IS NULL), 'stable', 'compared with themselves they have not');

-- ---------- recalibrate ----------
CREATE TEMPORARY TABLE cut AS SELECT * FROM calibrate('customer', 'member');
SELECT ok((SELECT bool_or(old IS DISTINCT FROM new) FROM cut), 'new cuts, shown beside the old ones');
SELECT is((SELECT count(*) FROM diff_versions('customer') WHERE name <> 'member'), 0::bigint, 'and nothing else is touched');
CREATE TEMPORARY TABLE would_be AS SELECT to_label AS label, sum(customers) AS customers FROM simulate('customer') WHERE definition = 'member' GROUP BY 1;
SELECT publish('customer', 'review of the third quarter') \g /dev/null
CALL refresh('customer');
SELECT set_eq('SELECT member, count(*)::numeric FROM segments.customer GROUP BY 1', 'SELECT * FROM would_be', 'as simulated');
SELECT is((SELECT band FROM drift('customer', 'member') WHERE item = 'label' AND branch IS NULL), 'stable', 'measured against the new calibration, all is quiet');

-- ---------- second thoughts ----------
SELECT reset_draft('customer', 2) \g /dev/null
SELECT publish('customer', 'back to the cuts of June') \g /dev/null
CALL refresh('customer');
SELECT is((SELECT count(*) FROM diff_versions('customer', 2, 4)), 0::bigint, 'the rules of June are live again, as a version of their own');
SELECT is((SELECT count(*) FROM verify('customer')), 0::bigint, 'and every stored row is what the facts say');

SELECT finish();
SELECT drop_population('customer') \g /dev/null
DROP SCHEMA org, crm, pos, emr CASCADE;
