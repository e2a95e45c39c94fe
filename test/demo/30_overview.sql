-- What the clinic's director wants to see of demo.segment.
SET client_encoding = 'UTF8';
\pset footer off
\pset null ''

CREATE TEMP TABLE group_name(no, label, english) AS VALUES
    (1, '重要价值', 'key: recent, often, much'),   (2, '重要发展', 'key: recent, much, seldom'),
    (3, '重要保持', 'key: often, much, long ago'), (4, '重要挽留', 'key: much, seldom, long ago'),
    (5, '一般价值', 'recent, often, little'),      (6, '一般发展', 'recent, seldom, little'),
    (7, '一般保持', 'often, little, long ago'),  (8, '一般挽留', 'seldom, little, long ago'),
    (9, '未成交', 'never bought');
CREATE TEMP TABLE tier_name(no, tier, label) AS VALUES
    (1, 'strategic', '战略 strategic'), (2, 'value', '价值 value'), (3, 'nurture', '培育 nurture'), (4, 'wake-up', '唤醒 wake-up');
CREATE TEMP VIEW segment AS
SELECT s.*, g.no AS group_no, g.label || ' ' || g.english AS group_label, t.no AS tier_no, t.label AS tier_label
FROM demo.segment s LEFT JOIN group_name g ON starts_with(s.rfm_group, g.label) LEFT JOIN tier_name t USING (tier);

\echo
\echo '== 2  客户八分群 / The eight RFM groups, and those who never bought'
\echo
SELECT group_label AS "分群 group", count(*) FILTER (WHERE days_on = 0) AS "客户",
       round(100.0 * count(*) FILTER (WHERE days_on = 0) / sum(count(*) FILTER (WHERE days_on = 0)) OVER (), 1) AS "%",
       round(sum(paid_total) FILTER (WHERE days_on = 0) / 10000, 1) AS "累计收入 万元",
       round(100 * sum(paid_total) FILTER (WHERE days_on = 0) / sum(sum(paid_total) FILTER (WHERE days_on = 0)) OVER (), 1) AS "收入 %",
       round(avg(paid_total) FILTER (WHERE days_on = 0)) AS "人均 each 元",
       round(sum(paid_total) FILTER (WHERE days_on = 0) / nullif(sum(purchases) FILTER (WHERE days_on = 0), 0)) AS "客单 ticket 元",
       count(*) FILTER (WHERE days_on = 90) AS "90 天后"
FROM segment GROUP BY group_no, group_label ORDER BY group_no;

\echo '== 3  客户分层 / Scorecard tiers: consumption 40, need 30, interaction 20, loyalty 10; all of the last 365 days'
\echo
SELECT tier_label AS "分层 tier", count(*) AS "客户", round(100.0 * count(*) / sum(count(*)) OVER (), 1) AS "%",
       round(avg(tier_score), 1) AS "平均分 score", round(sum(paid_1y) / 10000, 1) AS "近一年 万元",
       round(100 * sum(paid_1y) / sum(sum(paid_1y)) OVER (), 1) AS "收入 %", round(avg(paid_1y)) AS "人均 each 元"
FROM segment WHERE days_on = 0 GROUP BY tier_no, tier_label ORDER BY tier_no;

\echo '九十天后，没有任何新数据：同一批客户会落到哪一层（行：今天；列：90 天后）'
\echo '90 days later without a single new fact: where the same customers fall (rows today, columns then)'
\echo
SELECT a.tier_label AS "今天 today \ 90 天后",
       count(*) FILTER (WHERE b.tier_no = 1) AS "战略 strategic", count(*) FILTER (WHERE b.tier_no = 2) AS "价值 value",
       count(*) FILTER (WHERE b.tier_no = 3) AS "培育 nurture", count(*) FILTER (WHERE b.tier_no = 4) AS "唤醒 wake-up",
       round(avg(b.tier_score - a.tier_score), 1) AS "平均变化 change"
FROM segment a JOIN segment b USING (customer_id)
WHERE a.days_on = 0 AND b.days_on = 90 GROUP BY a.tier_no, a.tier_label ORDER BY a.tier_no;

\echo '分群 × 分层，今天 → 90 天后 / Group by tier, today → in 90 days'
\echo
SELECT group_label AS "分群 group",
       CASE WHEN t1a + t1b > 0 THEN t1a || ' → ' || t1b END AS "战略 strategic", CASE WHEN t2a + t2b > 0 THEN t2a || ' → ' || t2b END AS "价值 value",
       CASE WHEN t3a + t3b > 0 THEN t3a || ' → ' || t3b END AS "培育 nurture", CASE WHEN t4a + t4b > 0 THEN t4a || ' → ' || t4b END AS "唤醒 wake-up"
FROM (SELECT group_no, group_label,
             count(*) FILTER (WHERE tier_no = 1 AND days_on = 0) AS t1a, count(*) FILTER (WHERE tier_no = 1 AND days_on = 90) AS t1b,
             count(*) FILTER (WHERE tier_no = 2 AND days_on = 0) AS t2a, count(*) FILTER (WHERE tier_no = 2 AND days_on = 90) AS t2b,
             count(*) FILTER (WHERE tier_no = 3 AND days_on = 0) AS t3a, count(*) FILTER (WHERE tier_no = 3 AND days_on = 90) AS t3b,
             count(*) FILTER (WHERE tier_no = 4 AND days_on = 0) AS t4a, count(*) FILTER (WHERE tier_no = 4 AND days_on = 90) AS t4b
      FROM segment GROUP BY group_no, group_label) counted
ORDER BY group_no;

\echo '== 4  标签 / Tags: 22 rules, kept as rows of a table, tried on each customer in one pass'
\echo
SELECT family AS "类 family", name AS "标签 tag", count(*) FILTER (WHERE days_on = 0) AS "客户",
       round(sum(paid_1y) FILTER (WHERE days_on = 0) / 10000, 1) AS "近一年 万元",
       round(avg(paid_1y) FILTER (WHERE days_on = 0)) AS "人均 元", count(*) FILTER (WHERE days_on = 90) AS "90 天后"
FROM demo.rule LEFT JOIN demo.segment ON tags @> ARRAY[rule_no]
GROUP BY rule_no, family, name ORDER BY rule_no;
