-- What test/clinic/clinic.sql made, in a few lines.
SET client_encoding = 'UTF8';
SET TimeZone = 'Asia/Shanghai';
\pset footer off

\echo
\echo '== 1  一家连锁医美机构三年的数据 / Three years of a chain of aesthetic clinics'
\echo
SELECT (SELECT count(*) FROM org.branch) AS "门店 branches",
       count(*) AS "客户 customers",
       count(v.customer_id) AS "到院 came",
       count(s.customer_id) AS "成交 bought",
       count(*) FILTER (WHERE s.bills > 1) AS "复购 again",
       (SELECT count(*) FROM crm.visit) AS "到院次数 visits",
       (SELECT max(paid_at)::date FROM pos.payment) AS "截止 until"
FROM crm.customer c
     LEFT JOIN (SELECT DISTINCT customer_id FROM crm.visit) v USING (customer_id)
     LEFT JOIN (SELECT customer_id, count(*) AS bills FROM pos.payment WHERE kind = 'sale' GROUP BY customer_id) s USING (customer_id);

SELECT label AS "项目 sales", count(*) AS "单数 bills", round(sum(net) / 10000, 1) AS "金额 万元",
       round(100 * sum(net) / sum(sum(net)) OVER (), 1) AS "占比 %", round(avg(net)) AS "客单价 ticket 元"
FROM pos.payment
     JOIN (VALUES ('surgery', '手术 surgery'), ('injection', '注射 injection'), ('laser', '光电 laser'), ('skin', '皮肤 skin'),
                  ('anti-ageing', '抗衰 anti-ageing')) name(category, label) ON name.category = payment.category::text
WHERE kind = 'sale'
GROUP BY label ORDER BY sum(net) DESC;

\echo '收银台上并不都是收入：储值、定金、还款不重复计入，退款冲减。'
\echo 'Not all money at the till is revenue: top-ups, deposits and repayments would count twice; refunds reduce.'
\echo
SELECT label AS "收银 at the till", count(*) AS "笔数 rows", round(sum(net) / 10000, 1) AS "金额 万元", counted AS "计入收入 revenue"
FROM pos.payment
     JOIN (VALUES (1, 'sale', '销售 sale', '是 yes'), (2, 'refund', '退款 refund', '是 yes'), (3, 'deposit', '定金 deposit', '否 no'),
                  (4, 'top_up', '储值 top-up', '否 no'), (5, 'debt_repayment', '还款 debt repayment', '否 no')) name(no, kind, label, counted)
     ON name.kind = payment.kind::text
GROUP BY no, label, counted ORDER BY no;
