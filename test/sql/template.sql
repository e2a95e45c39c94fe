-- The starter pack, on a clinic that has everything and on one that has payments alone.
\set customers 1000
\set ECHO none
\i test/clinic/clinic.sql
\set ECHO all
SET search_path = clientele, public;
SET TimeZone = 'Asia/Shanghai';
SET client_min_messages = warning;
SET clientele.clock = '2026-06-30 22:00+08';
SELECT create_population('customer', 'crm.customer', 'customer_id', 'Asia/Shanghai');
SELECT add_source('customer', 'payment', 'pos.payment', 'customer_id', 'paid_at', amount => 'net');

-- Payments alone.
CREATE TEMPORARY TABLE installed AS SELECT * FROM install_template('customer', 'medical_aesthetics', '{"payment": {"source": "payment"}}');
SELECT kind, state, count(*) FROM installed GROUP BY 1, 2 ORDER BY 1, 2;
SELECT name, message FROM installed WHERE state = 'partly' OR kind = 'rfm';
SELECT name, message FROM installed WHERE state = 'left out' AND name IN ('visits', 'consults', 'last_seen', 'interaction', 'A类客户 class A');
SELECT * FROM check_definitions('customer') WHERE severity <> 'note';
SELECT definition::jsonb ->> 'value' AS last_seen FROM definitions('customer') WHERE name = 'last_seen';

-- Everything; what was set meanwhile stays, what can be had now is there.
SELECT set_parameter('customer', 'class_a_visits', 1), set_parameter('customer', 'class_a_spend', 1000), set_parameter('customer', 'class_a_pay_days', 40), set_parameter('customer', 'class_a_days', 90), set_parameter('customer', 'spend_high', 15000);
SELECT add_source('customer', 'visit', 'crm.visit', 'customer_id', 'arrived_at'), add_source('customer', 'asked', 'crm.consultation', 'customer_id', 'asked_at'),
       add_source('customer', 'treatment', 'emr.treatment', 'customer_id', 'performed_at'), add_source('customer', 'article', 'crm.article_read', 'customer_id', 'read_at'),
       add_source('customer', 'survey', 'crm.survey', 'customer_id', 'answered_at'), add_source('customer', 'complaint', 'crm.complaint', 'customer_id', 'opened_at'),
       add_source('customer', 'referral', 'crm.referral', 'referrer_id', 'referred_on');
SELECT $${"language": "en",
 "customer": {"birthday": "birthday", "registered_at": "registered_at", "budget": "budget", "consent": "marketing_consent"},
 "payment": {"source": "payment", "amount": "net", "is_sale": "kind = 'sale'", "is_revenue": "kind in ('sale', 'refund')", "is_refund": "kind = 'refund'",
             "is_deposit": "kind = 'deposit'", "is_top_up": "kind = 'top_up'", "is_repayment": "kind = 'debt_repayment'",
             "is_surgery": "kind = 'sale' and category = 'surgery'", "list_amount": "list_amount", "owed": "owed", "category": "category",
             "sessions": "product_id.sessions"},
 "visit": {"source": "visit", "is_consult": "visit_type in ('first', 're_consult')"},
 "consultation": {"source": "asked", "named_budget": "named_budget", "is_surgery": "category = 'surgery'"},
 "reading": {"source": "article", "is_anti_ageing": "topic = 'anti-ageing'"},
 "treatment": {"source": "treatment"}, "referral": {"source": "referral"},
 "survey": {"source": "survey", "recommend": "recommend"},
 "complaint": {"source": "complaint", "is_open": "closed_at is null"}}$$ AS mapping \gset
SELECT drop_definition('customer', name) FROM definitions('customer') WHERE kind = 'tag' \g /dev/null
TRUNCATE installed;
INSERT INTO installed SELECT * FROM install_template('customer', 'medical_aesthetics', :'mapping');
SELECT kind, state, count(*) FROM installed GROUP BY 1, 2 ORDER BY 1, 2;
SELECT name, message FROM installed WHERE name IN ('class_a_visits', 'class_a_days', 'spend_high');
SELECT * FROM check_definitions('customer') WHERE severity <> 'note';
SELECT publish('customer');
CALL refresh('customer');

-- What the pack says in words, said by plain SQL.
CREATE TEMPORARY TABLE day AS SELECT date '2026-06-30' AS today, timestamptz '2026-06-30 22:00+08' AS now;
CREATE TEMPORARY TABLE expected AS
SELECT c.customer_id AS key, t.tag
FROM crm.customer AS c CROSS JOIN day
CROSS JOIN LATERAL (SELECT coalesce(sum(net) FILTER (WHERE kind IN ('sale', 'refund') AND paid_at::date > today - 365), 0) AS year,
                           coalesce(sum(net) FILTER (WHERE kind IN ('sale', 'refund') AND paid_at::date > today - 90), 0) AS quarter,
                           count(*) FILTER (WHERE kind = 'sale') AS purchases, max(paid_at) FILTER (WHERE kind = 'sale') AS last,
                           count(*) FILTER (WHERE kind = 'sale' AND paid_at::date > today - 40) AS recent,
                           count(DISTINCT category) FILTER (WHERE kind = 'sale') AS lines
                    FROM pos.payment AS p WHERE p.customer_id = c.customer_id AND p.paid_at <= now) AS p
CROSS JOIN LATERAL (SELECT count(*) AS visits, max(arrived_at) AS last, count(*) FILTER (WHERE arrived_at::date > today - 90) AS quarter
                    FROM crm.visit AS v WHERE v.customer_id = c.customer_id AND v.arrived_at <= now) AS v
CROSS JOIN LATERAL (VALUES
    ('class A', recent > 0 AND v.quarter > 1 AND p.quarter > 1000),
    ('high spender', year >= 15000),
    ('several lines', lines >= 3),
    ('second purchase due', purchases = 1 AND today - p.last::date BETWEEN 30 AND 90),
    ('new this month', today - registered_at::date <= 30),
    ('young', extract(year FROM age(today, birthday)) BETWEEN 18 AND 25),
    ('lost after first visit', visits = 1 AND purchases = 0 AND today - v.last::date > 30),
    ('lost', today - greatest(p.last, v.last)::date > 365),
    ('about to go dormant', purchases > 0 AND today - greatest(p.last, v.last)::date BETWEEN 150 AND 180),
    ('referrer', EXISTS (SELECT FROM crm.referral AS r WHERE r.referrer_id = c.customer_id AND r.referred_on <= today)),
    ('may not be contacted', marketing_consent IS NOT TRUE)) AS t (tag, holds)
WHERE t.holds;
SELECT e.tag, count(*), count(*) FILTER (WHERE s.key IS NULL) AS missing
FROM expected AS e LEFT JOIN (SELECT customer_id AS key, tag FROM segments.customer_tag) AS s USING (key, tag) GROUP BY 1 ORDER BY 1;
SELECT count(*) AS "too many" FROM segments.customer_tag AS s
WHERE s.tag IN (SELECT tag FROM expected) AND (s.customer_id, s.tag) NOT IN (SELECT key, tag FROM expected);

-- The four characteristics weigh 40, 30, 20 and 10.
SELECT count(*) AS customers, count(*) FILTER (WHERE tier_score <> expected) AS otherwise
FROM (SELECT s.tier_score,
             round((40 * CASE WHEN paid_1y < 1 THEN 0 WHEN paid_1y < 1000 THEN 30 WHEN paid_1y < 3000 THEN 50 WHEN paid_1y < 8000 THEN 70 WHEN paid_1y < 15000 THEN 85 ELSE 100 END
              + 30 * CASE WHEN budgets_1y > 0 AND consults_1y > 0 THEN 100 WHEN budgets_1y > 0 AND asked_1y > 1 THEN 75
                          WHEN budgets_1y > 0 OR asked_1y > 1 OR consults_1y > 1 THEN 50 WHEN asked_1y > 0 OR consults_1y > 0 THEN 30 ELSE 0 END
              + 20 * CASE WHEN interaction < 1 THEN 0 WHEN interaction < 4 THEN 25 WHEN interaction < 9 THEN 50 WHEN interaction < 18 THEN 75 ELSE 100 END
              + 10 * CASE WHEN purchases_1y >= 4 OR referred_1y >= 2 THEN 100 WHEN purchases_1y = 3 OR referred_1y = 1 THEN 70 WHEN purchases_1y = 2 THEN 45 WHEN purchases_1y = 1 THEN 20 ELSE 0 END) / 100.0, 2) AS expected
      FROM segments.customer AS s) AS s;
SELECT stage, count(*) FROM segments.customer GROUP BY 1 ORDER BY stage COLLATE "C";
SELECT member, count(*), min(member_score), max(member_score) FROM segments.customer GROUP BY 1 ORDER BY member COLLATE "C";
SELECT value_class, count(*) FROM segments.customer GROUP BY 1 ORDER BY value_class COLLATE "C";

-- What a mapping cannot be.
\pset format unaligned
\x on
CREATE FUNCTION pg_temp.refused(statement text, OUT state text, OUT message text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    message := 'accepted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
END $$;
SELECT r.* FROM unnest(ARRAY[
    NULL, '3', '{}', '{"visit": {"source": "visit"}}', '{"payment": "payment"}', '{"payment": {}}', '{"payment": {"amount": "net"}}',
    '{"payment": {"source": "till"}}', '{"payment": {"source": "payment"}, "vsit": {"source": "visit"}}',
    '{"payment": {"source": "payment", "is_sold": "true"}}', '{"payment": {"source": "payment", "is_sale": true}}',
    '{"payment": {"source": "payment", "is_sale": "kind ="}}', '{"payment": {"source": "payment", "amount": "net + 1"}}',
    '{"payment": {"source": "visit"}}', '{"payment": {"source": "payment"}, "language": "fr"}'
]) AS m, pg_temp.refused(format('SELECT * FROM install_template(''customer'', ''medical_aesthetics'', %L)', m)) AS r;
SELECT r.* FROM pg_temp.refused($$SELECT * FROM install_template('customer', 'dentistry', '{"payment": {"source": "payment"}}')$$) AS r;
SELECT template(NULL) IS NULL AS "null";

SELECT drop_population('customer');
DROP SCHEMA org, crm, pos, emr CASCADE;
