-- A payment at the till, and what it changes: in its own transaction, before commit.
SET client_encoding = 'UTF8';
SET client_min_messages = warning;
SET TimeZone = 'Asia/Shanghai';
SET search_path = clientele, public;
\pset footer off
\pset null ''

-- A customer who spent much, long ago.
SELECT customer_id AS customer, clientele.wall_clock() AS clock
FROM segments.customer_tag WHERE tag = '沉睡大客 sleeping VIP' ORDER BY customer_id LIMIT 1 \gset

\echo
\echo '== 6  收银台：一笔付款，同一事务内画像即变 / At the till: a payment, and the profile in the same transaction'
\echo
BEGIN;
CREATE TEMP TABLE profile_before ON COMMIT DROP AS SELECT * FROM jsonb_each(profile('customer', :customer));

INSERT INTO pos.payment (receipt_no, customer_id, branch_id, product_id, category, kind, paid_at, recorded_at, list_amount, net, owed, method)
SELECT gen_random_uuid(), :customer, branch_id, product_id, category, 'sale', :'clock', :'clock', 32800, 26800, 0, '微信'
FROM crm.customer, org.product WHERE customer_id = :customer AND category = 'anti-ageing' ORDER BY product_id LIMIT 1;

SELECT key AS "项 item", b.value #>> '{}' AS "付款前 before", a.value #>> '{}' AS "付款后 after"
FROM profile_before AS b FULL JOIN jsonb_each(profile('customer', :customer)) AS a USING (key)
WHERE a.value IS DISTINCT FROM b.value AND key NOT IN ('evaluated_at', 'due_at')
ORDER BY key COLLATE "C";
COMMIT;

\echo '刷新只动有变化的客户；变化记入流水 / A refresh touches whom something changed for; the feed remembers'
\echo
CALL refresh('customer');
SELECT name AS "项 item", from_label AS "从 from", to_label AS "到 to", cause AS "起因 cause"
FROM segments.customer_change WHERE customer_id = :customer ORDER BY position;

\echo '为什么在这一层、到何时；离下一层还差什么 / Why this tier, and until when; what is missing for the next'
\echo
SELECT item AS "项 item", value AS "值 value", condition AS "条件 condition", points AS "得分 points", weight AS "权重 weight",
       contribution AS "贡献 contribution", to_char(valid_until, 'YYYY-MM-DD HH24:MI') AS "至 until"
FROM explain('customer', :customer, 'tier') WHERE depth <= 1;
SELECT kind AS "类 kind", item AS "项 item", value AS "值 value", condition AS "条件 condition", missing AS "还差 missing", unit AS "单位 unit",
       to_char(until, 'YYYY-MM-DD HH24:MI') AS "至 until", to_label AS "变为 to"
FROM next_tier('customer', :customer, 'tier');
