-- Segments from the clinic's own tables, by clientele's types and functions
-- alone: materialized views anybody can read.
--
-- Variable as_of: the instant to judge at (default: the evening with which the
-- clinic's history ends).  Everything is worked out a second time as of 90 days
-- later, from the same facts: what changes then, time alone has changed.
\if :{?as_of} \else \set as_of '2026-06-30 22:00:00+08' \endif
SET client_encoding = 'UTF8';
SET client_min_messages = warning;
SET TimeZone = 'Asia/Shanghai';
SET jit = off;             -- compiling the queries takes longer than running them

CREATE EXTENSION IF NOT EXISTS clientele;

BEGIN;
DROP SCHEMA IF EXISTS demo CASCADE;
CREATE SCHEMA demo;
SET LOCAL search_path = demo, clientele, public;

CREATE TABLE instant (days_on int PRIMARY KEY, as_of timestamptz NOT NULL);
INSERT INTO instant SELECT d, timestamptz :'as_of' + d * interval '1 day' FROM (VALUES (0), (90)) v(d);

----------------------------------------------------------------------------
-- Revenue: what is left of each sale.  Deposits, top-ups and repayments are
-- money on its way; a refund takes from its sale (it is no purchase, and not
-- recent); a receipt typed in twice is one.

CREATE VIEW revenue AS
SELECT s.payment_id, s.customer_id, s.paid_at, s.category, s.product_id, s.list_amount, s.net + coalesce(r.given_back, 0) AS net
FROM (SELECT DISTINCT ON (receipt_no) * FROM pos.payment WHERE kind = 'sale' ORDER BY receipt_no, payment_id) s
     LEFT JOIN (SELECT refund_of, sum(net) AS given_back FROM pos.payment WHERE kind = 'refund' GROUP BY refund_of) r
               ON r.refund_of = s.payment_id
WHERE s.net + coalesce(r.given_back, 0) > 0;

----------------------------------------------------------------------------
-- RFM: one summary per buyer, cuts calibrated once and kept

CREATE MATERIALIZED VIEW buyer AS
SELECT customer_id, rfm(paid_at, net) AS summary FROM revenue GROUP BY customer_id;

-- Two buyers in three bought once, so the lower quantiles of the frequency are
-- all 1.  r-rfm cuts above a quantile, so that once is the lowest score.
CREATE TABLE calibration AS
SELECT rfm_cuts(summary, as_of, 'Asia/Shanghai', 5, 'r-rfm') AS cuts
FROM buyer, instant WHERE days_on = 0 GROUP BY as_of;

----------------------------------------------------------------------------
-- Profile: one row of plain columns per customer and instant, for the rules.
-- Windows are calendar days in the clinic's time zone: 365 days are today and
-- the 364 before.

CREATE FUNCTION within(t timestamptz, as_of timestamptz, days int) RETURNS boolean LANGUAGE sql STABLE
    AS $$SELECT (t AT TIME ZONE 'Asia/Shanghai')::date > (as_of AT TIME ZONE 'Asia/Shanghai')::date - days AND t <= as_of$$;

CREATE MATERIALIZED VIEW profile AS
SELECT i.days_on, i.as_of, c.customer_id, c.name, c.gender, c.birthday, c.channel, c.registered_at, c.marketing_consent, c.budget, c."项目偏好",
       coalesce(purchases, 0) AS purchases, coalesce(paid_total, 0) AS paid_total, last_paid, coalesce(surgeries, 0) AS surgeries,
       coalesce(purchases_1y, 0) AS purchases_1y, coalesce(paid_1y, 0) AS paid_1y, discount,
       coalesce(deposits, 0) AS deposits, coalesce(topped_up_1y, 0) AS topped_up_1y, coalesce(refunds_1y, 0) AS refunds_1y,
       coalesce(owing, 0) AS owing,
       coalesce(visits, 0) AS visits, last_visit, coalesce(visits_1y, 0) AS visits_1y, coalesce(consults_1y, 0) AS consults_1y,
       coalesce(sessions_left, 0) AS sessions_left,
       last_asked, coalesce(asked_1y, 0) AS asked_1y, coalesce(named_budget_1y, false) AS named_budget_1y,
       coalesce(surgery_asked_90d, 0) AS surgery_asked_90d,
       coalesce(reads_1y, 0) AS reads_1y, coalesce(anti_ageing_reads_180d, 0) AS anti_ageing_reads_180d,
       coalesce(referred, 0) AS referred, coalesce(referred_1y, 0) AS referred_1y, last_recommend, coalesce(complaints_open, 0) AS complaints_open
FROM instant i
     CROSS JOIN crm.customer c
     LEFT JOIN (SELECT days_on, customer_id, count(*) AS purchases, sum(net) AS paid_total, max(paid_at) AS last_paid,
                       count(*) FILTER (WHERE category = 'surgery') AS surgeries,
                       count(*) FILTER (WHERE within(paid_at, as_of, 365)) AS purchases_1y,
                       sum(net) FILTER (WHERE within(paid_at, as_of, 365)) AS paid_1y,
                       1 - sum(net) / sum(list_amount) AS discount
                FROM instant JOIN revenue ON paid_at <= as_of GROUP BY 1, 2) AS bought USING (days_on, customer_id)
     LEFT JOIN (SELECT days_on, customer_id, count(*) FILTER (WHERE kind = 'deposit') AS deposits,
                       sum(net) FILTER (WHERE kind = 'top_up' AND within(paid_at, as_of, 365)) AS topped_up_1y,
                       count(*) FILTER (WHERE kind = 'refund' AND within(paid_at, as_of, 365)) AS refunds_1y,
                       sum(CASE kind WHEN 'sale' THEN owed WHEN 'debt_repayment' THEN -net ELSE 0 END) AS owing
                FROM instant JOIN pos.payment ON paid_at <= as_of GROUP BY 1, 2) AS till USING (days_on, customer_id)
     LEFT JOIN (SELECT days_on, customer_id, count(*) AS visits, max(arrived_at) AS last_visit,
                       count(*) FILTER (WHERE within(arrived_at, as_of, 365)) AS visits_1y,
                       count(*) FILTER (WHERE visit_type IN ('first', 're_consult') AND within(arrived_at, as_of, 365)) AS consults_1y
                FROM instant JOIN crm.visit ON arrived_at <= as_of GROUP BY 1, 2) AS came USING (days_on, customer_id)
     LEFT JOIN (SELECT customer_id, sum(sessions - taken) AS sessions_left
                FROM revenue JOIN org.product USING (product_id)
                     JOIN (SELECT payment_id, count(*) AS taken FROM emr.treatment GROUP BY payment_id) t USING (payment_id)
                GROUP BY customer_id) AS course USING (customer_id)
     LEFT JOIN (SELECT days_on, customer_id, max(asked_at) AS last_asked,
                       count(*) FILTER (WHERE within(asked_at, as_of, 365)) AS asked_1y,
                       bool_or(named_budget AND within(asked_at, as_of, 365)) AS named_budget_1y,
                       count(*) FILTER (WHERE category = 'surgery' AND within(asked_at, as_of, 90)) AS surgery_asked_90d
                FROM instant JOIN crm.consultation ON asked_at <= as_of GROUP BY 1, 2) AS asked USING (days_on, customer_id)
     LEFT JOIN (SELECT days_on, customer_id, count(*) FILTER (WHERE within(read_at, as_of, 365)) AS reads_1y,
                       count(*) FILTER (WHERE topic = 'anti-ageing' AND within(read_at, as_of, 180)) AS anti_ageing_reads_180d
                FROM instant JOIN crm.article_read ON read_at <= as_of GROUP BY 1, 2) AS reading USING (days_on, customer_id)
     LEFT JOIN (SELECT days_on, referrer_id AS customer_id, count(*) AS referred,
                       count(*) FILTER (WHERE referred_on > as_of::date - 365) AS referred_1y
                FROM instant JOIN crm.referral ON referred_on <= as_of::date GROUP BY 1, 2) AS brought USING (days_on, customer_id)
     LEFT JOIN (SELECT DISTINCT ON (customer_id) customer_id, recommend AS last_recommend
                FROM crm.survey ORDER BY customer_id, answered_at DESC, survey_id DESC) AS said USING (customer_id)
     LEFT JOIN (SELECT customer_id, count(*) AS complaints_open FROM crm.complaint WHERE closed_at IS NULL GROUP BY customer_id) AS complained
               USING (customer_id);

----------------------------------------------------------------------------
-- Tiers: four characteristics, all of the last year

CREATE TABLE tier_card (card scorecard NOT NULL);
INSERT INTO tier_card VALUES ($$
{"method": "weighted",
 "characteristics": [
  {"name": "消费 consumption", "weight": 40, "value": "paid_1y",
   "bins": [{"below": 1, "points": 0}, {"below": 1000, "points": 30}, {"below": 3000, "points": 50},
            {"below": 8000, "points": 70}, {"below": 20000, "points": 85}, {"points": 100}]},
  {"name": "需求 need clarity", "weight": 30,
   "bins": [{"when": "named_budget_1y and consults_1y > 0", "points": 100},
            {"when": "named_budget_1y and asked_1y > 1", "points": 75},
            {"when": "named_budget_1y or asked_1y > 1 or consults_1y > 1", "points": 50},
            {"when": "asked_1y > 0 or consults_1y > 0", "points": 30},
            {"points": 0}]},
  {"name": "互动 interaction", "weight": 20, "value": "reads_1y + 2 * asked_1y + 3 * visits_1y",
   "bins": [{"below": 1, "points": 0}, {"below": 4, "points": 25}, {"below": 9, "points": 50},
            {"below": 18, "points": 75}, {"points": 100}]},
  {"name": "忠诚 loyalty", "weight": 10,
   "bins": [{"when": "purchases_1y >= 4 or referred_1y >= 2", "points": 100},
            {"when": "purchases_1y = 3 or referred_1y = 1", "points": 70},
            {"when": "purchases_1y = 2", "points": 45},
            {"when": "purchases_1y = 1", "points": 20},
            {"points": 0}]}],
 "tiers": [{"label": "strategic", "at_least": 80}, {"label": "value", "at_least": 60},
           {"label": "nurture", "at_least": 40}, {"label": "wake-up", "at_least": 0}]}
$$);

----------------------------------------------------------------------------
-- Tags: the clinic's rules are rows, numbered from 1 without a gap, so that a
-- position that matching answers is a rule's number.

CREATE TABLE rule (
    rule_no int PRIMARY KEY,
    family  text NOT NULL,
    name    text NOT NULL,
    rule    expression NOT NULL
);
INSERT INTO rule VALUES
    ( 1, '价值 value',   '高消费 high spender',              $$paid_1y >= 20000$$),
    ( 2, '价值 value',   '沉睡大客 sleeping VIP',            $$paid_total >= 20000 and days_since(last_paid) > 180$$),
    ( 3, '价值 value',   '储值会员 topped up',               $$topped_up_1y > 0$$),
    ( 4, '价值 value',   '价格敏感 price-sensitive',         $$purchases >= 2 and discount >= 0.25$$),
    ( 5, '价值 value',   '待二次成交 due for the second',    $$purchases = 1 and days_since(last_paid) between 30 and 90$$),
    ( 6, '需求 need',    '新客 new this month',              $$days_since(registered_at) <= 30$$),
    ( 7, '需求 need',    '咨询未到院 asked, has not come',   $$visits = 0 and days_since(last_asked) <= 14$$),
    ( 8, '需求 need',    '手术意向 surgery intent',          $$surgery_asked_90d > 0 and surgeries = 0$$),
    ( 9, '需求 need',    '年轻眼鼻 young, eyelid or nose',   $$age(birthday) between 18 and 25 and (contains("项目偏好", '双眼皮') or contains("项目偏好", '隆鼻'))$$),
    (10, '需求 need',    '抗衰读者 anti-ageing reader',      $$anti_ageing_reads_180d >= 2 and age(birthday) >= 30$$),
    (11, '需求 need',    '预算充足 large budget unspent',    $$budget >= 20000 and paid_1y < budget / 2$$),
    (12, '服务 service', '本月生日 birthday this month',     $$month(birthday) = month(today())$$),
    (13, '服务 service', '疗程未完 course unfinished',       $$sessions_left > 0 and days_since(last_visit) between 46 and 365$$),
    (14, '服务 service', '欠款未清 owes money',              $$owing > 0$$),
    (15, '口碑 voice',   '转介绍之星 referral star',         $$referred >= 3$$),
    (16, '口碑 voice',   '满意未转介 promoter, brought none', $$last_recommend >= 9 and referred = 0$$),
    (17, '口碑 voice',   '不满意 unhappy',                   $$last_recommend <= 6$$),
    (18, '风险 risk',    '投诉未结 complaint open',          $$complaints_open > 0$$),
    (19, '风险 risk',    '首访流失 lost after first visit',  $$visits = 1 and purchases = 0 and days_since(last_visit) > 60$$),
    (20, '风险 risk',    '老客流失 buyer not seen 181-365 d', $$purchases > 0 and days_since(last_visit) between 181 and 365$$),
    (21, '风险 risk',    '定金未成交 deposit, no purchase',  $$deposits > 0 and purchases = 0$$),
    (22, '风险 risk',    '近一年退款 refund this year',      $$refunds_1y > 0$$);

----------------------------------------------------------------------------
-- And all of it together: one row per customer and instant

CREATE MATERIALIZED VIEW segment AS
SELECT p.days_on, p.customer_id, p.paid_total, p.paid_1y, p.purchases,
       s.score AS rfm_score, rfm_group(s.score, 'eight', high_from => 4) AS rfm_group,
       score(p, t.card, p.as_of, 'Asia/Shanghai') AS tier_score, tier(p, t.card, p.as_of, 'Asia/Shanghai') AS tier,
       matching(p, r.rules, p.as_of, 'Asia/Shanghai') AS tags
FROM profile p
     CROSS JOIN tier_card t
     CROSS JOIN (SELECT array_agg(rule ORDER BY rule_no) AS rules FROM rule) r
     CROSS JOIN calibration k
     LEFT JOIN buyer b USING (customer_id)
     CROSS JOIN LATERAL (SELECT rfm_score(b.summary, p.as_of, 'Asia/Shanghai', k.cuts) AS score) s;

CREATE UNIQUE INDEX ON segment (customer_id, days_on);
CREATE INDEX ON segment USING gin (tags);
COMMIT;
ANALYZE demo.segment;
