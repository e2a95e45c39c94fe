-- What the clinic's director wants to see of segments.customer.
SET client_encoding = 'UTF8';
SET client_min_messages = warning;
SET TimeZone = 'Asia/Shanghai';
\pset footer off
\pset null ''

CREATE TEMP TABLE group_name(no, label, english) AS VALUES
    (1, '重要价值', 'key: recent, often, much'),   (2, '重要发展', 'key: recent, much, seldom'),
    (3, '重要保持', 'key: often, much, long ago'), (4, '重要挽留', 'key: much, seldom, long ago'),
    (5, '一般价值', 'recent, often, little'),      (6, '一般发展', 'recent, seldom, little'),
    (7, '一般保持', 'often, little, long ago'),    (8, '一般挽留', 'seldom, little, long ago'),
    (9, '未成交', 'never bought');
CREATE TEMP TABLE tier_name(no, tier, label) AS VALUES
    (1, 'strategic', '战略 strategic'), (2, 'value', '价值 value'), (3, 'nurture', '培育 nurture'), (4, 'wake-up', '唤醒 wake-up');
CREATE TEMP TABLE segment AS
SELECT s.*, g.no AS group_no, g.label || ' ' || g.english AS group_label, t.no AS tier_no, t.label AS tier_label
FROM segments.customer AS s LEFT JOIN group_name AS g ON g.label = s.rfm LEFT JOIN tier_name AS t USING (tier);

\echo
\echo '== 2  客户八分群 / The eight RFM groups, and those who never bought'
\echo
SELECT group_label AS "分群 group", count(*) AS "客户",
       round(100.0 * count(*) / sum(count(*)) OVER (), 1) AS "%",
       round(sum(paid_total) / 10000, 1) AS "累计收入 万元",
       round(100 * sum(paid_total) / sum(sum(paid_total)) OVER (), 1) AS "收入 %",
       round(avg(paid_total)) AS "人均 each 元",
       round(sum(paid_total) / nullif(sum(purchases), 0)) AS "客单 ticket 元"
FROM segment GROUP BY group_no, group_label ORDER BY group_no;

\echo '== 3  客户分层 / Scorecard tiers: consumption 40, need 30, interaction 20, loyalty 10; all of the last 365 days'
\echo
SELECT tier_label AS "分层 tier", count(*) AS "客户", round(100.0 * count(*) / sum(count(*)) OVER (), 1) AS "%",
       round(avg(tier_score), 1) AS "平均分 score", round(sum(paid_1y) / 10000, 1) AS "近一年 万元",
       round(100 * sum(paid_1y) / sum(sum(paid_1y)) OVER (), 1) AS "收入 %", round(avg(paid_1y)) AS "人均 each 元"
FROM segment GROUP BY tier_no, tier_label ORDER BY tier_no;

\echo '== 4  旅程 × 分层 / Stages of the journey, by tier'
\echo
SELECT stage AS "阶段 stage", count(*) AS "客户", round(100.0 * count(*) / sum(count(*)) OVER (), 1) AS "%",
       count(*) FILTER (WHERE tier_no = 1) AS "战略 strategic", count(*) FILTER (WHERE tier_no = 2) AS "价值 value",
       count(*) FILTER (WHERE tier_no = 3) AS "培育 nurture", count(*) FILTER (WHERE tier_no = 4) AS "唤醒 wake-up"
FROM segment GROUP BY stage ORDER BY count(*) DESC;

\echo '== 5  标签 / Tags'
\echo
SELECT t.family AS "类 family", t.tag AS "标签 tag", count(*) AS "客户",
       round(sum(s.paid_1y) / 10000, 1) AS "近一年 万元", round(avg(s.paid_1y)) AS "人均 元"
FROM segments.customer_tag AS t JOIN segment AS s USING (customer_id)
GROUP BY t.family, t.tag ORDER BY t.family, count(*) DESC;
