-- Segments from the clinic's own tables, kept by clientele: from CREATE EXTENSION
-- to fresh segments.
--
-- Variable as_of: the instant that counts as now (default: the evening with which
-- the clinic's history ends).  The clock of the database is set to it; without that
-- everything below would be the same with the wall clock.
\if :{?as_of} \else \set as_of '2026-06-30 22:00:00+08' \endif
SET client_encoding = 'UTF8';
SET client_min_messages = warning;
SET TimeZone = 'Asia/Shanghai';

CREATE EXTENSION IF NOT EXISTS clientele;
SET search_path = clientele, public;
SELECT format('ALTER DATABASE %I SET clientele.clock = %L', current_database(), :'as_of') \gexec
SET clientele.clock = :'as_of';
\o /dev/null
SELECT drop_population(name::text) FROM population WHERE name = 'customer';

-- A receipt typed in twice is one: the cashier voids the copy.
ALTER TABLE pos.payment ADD COLUMN IF NOT EXISTS voided boolean NOT NULL DEFAULT false;
UPDATE pos.payment AS p SET voided = true
WHERE kind = 'sale' AND EXISTS (SELECT FROM pos.payment AS o
                                WHERE o.kind = 'sale' AND o.receipt_no = p.receipt_no AND o.payment_id < p.payment_id);

----------------------------------------------------------------------------
-- Whom, and what happens to them

SELECT create_population('customer', 'crm.customer', 'customer_id', 'Asia/Shanghai');
SELECT add_source('customer', 'payment',   'pos.payment',      'customer_id', 'paid_at', amount => 'net', branch => 'branch_id',
                  filter => 'not voided', create_index => true);
SELECT add_source('customer', 'visit',     'crm.visit',        'customer_id', 'arrived_at', branch => 'branch_id', create_index => true);
SELECT add_source('customer', 'asked',     'crm.consultation', 'customer_id', 'asked_at', create_index => true);
SELECT add_source('customer', 'treatment', 'emr.treatment',    'customer_id', 'performed_at', create_index => true);
SELECT add_source('customer', 'article',   'crm.article_read', 'customer_id', 'read_at', create_index => true);
SELECT add_source('customer', 'survey',    'crm.survey',       'customer_id', 'answered_at', create_index => true);
SELECT add_source('customer', 'complaint', 'crm.complaint',    'customer_id', 'opened_at', create_index => true);
SELECT add_source('customer', 'referral',  'crm.referral',     'referrer_id', 'referred_on', create_index => true);

----------------------------------------------------------------------------
-- Metrics: numbers that the rules share.  365 days are today and the 364 before.
-- Revenue is sales and refunds; deposits, top-ups and repayments are money on its way.

SELECT define_metric('customer', name, value::expression) FROM (VALUES
    ('purchases',     $$count(payment where kind = 'sale')$$),
    ('purchases_1y',  $$count(payment where kind = 'sale' last 365 days)$$),
    ('paid_total',    $$sum(payment.net where kind in ('sale', 'refund'))$$),
    ('paid_1y',       $$sum(payment.net where kind in ('sale', 'refund') last 365 days)$$),
    ('last_paid',     $$latest(payment where kind = 'sale')$$),
    ('discount',      $$case when purchases > 0 then 1 - sum(payment.net where kind = 'sale') / sum(payment.list_amount where kind = 'sale') end$$),
    ('owing',         $$sum(payment.owed where kind = 'sale') - sum(payment.net where kind = 'debt_repayment')$$),
    ('visits',        $$count(visit)$$),
    ('visits_1y',     $$count(visit last 365 days)$$),
    ('consults_1y',   $$count(visit where visit_type in ('first', 're_consult') last 365 days)$$),
    ('last_visit',    $$latest(visit)$$),
    ('sessions_left', $$sum(payment.product_id.sessions where kind = 'sale') - count(treatment)$$),
    ('asked_1y',      $$count(asked last 365 days)$$),
    ('budgets_1y',    $$count(asked where named_budget last 365 days)$$),
    ('reads_1y',      $$count(article last 365 days)$$),
    ('referred',      $$count(referral)$$),
    ('referred_1y',   $$count(referral last 365 days)$$)) AS metric (name, value);

----------------------------------------------------------------------------
-- RFM.  Two buyers in three bought once, so the lower quantiles of the frequency are
-- all 1: r-rfm cuts above a quantile, so that once is the lowest score.

SELECT define_rfm('customer', 'rfm', recency => 'last_paid', frequency => 'purchases', monetary => 'paid_total',
                  bins => 5, method => 'r-rfm', scheme => 'eight', high_from => 4);
SELECT * FROM calibrate('customer', 'rfm');

----------------------------------------------------------------------------
-- Tiers: four characteristics, all of the last year

SELECT define_scorecard('customer', 'tier', $$
{"method": "weighted",
 "characteristics": [
  {"name": "消费 consumption", "weight": 40, "value": "paid_1y",
   "bins": [{"below": 1, "points": 0}, {"below": 1000, "points": 30}, {"below": 3000, "points": 50},
            {"below": 8000, "points": 70}, {"below": 20000, "points": 85}, {"points": 100}]},
  {"name": "需求 need clarity", "weight": 30,
   "bins": [{"when": "budgets_1y > 0 and consults_1y > 0", "points": 100},
            {"when": "budgets_1y > 0 and asked_1y > 1", "points": 75},
            {"when": "budgets_1y > 0 or asked_1y > 1 or consults_1y > 1", "points": 50},
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
-- The journey: the first stage that is true

SELECT define_ladder('customer', 'stage', $$[
    {"label": "流失 lost",               "when": "visits > 0 and days_since(last_visit) > 365"},
    {"label": "沉睡 asleep",             "when": "visits > 0 and days_since(last_visit) > 180"},
    {"label": "忠诚 loyal",              "when": "purchases_1y >= 3 or referred >= 3"},
    {"label": "复购 bought again",       "when": "purchases > 1"},
    {"label": "首购 bought once",        "when": "purchases = 1"},
    {"label": "到院 came, not bought",   "when": "visits > 0"},
    {"label": "咨询 asked, not come",    "when": "asked_1y > 0"},
    {"label": "潜客 left a number"}]$$);

----------------------------------------------------------------------------
-- Tags

SELECT define_tag('customer', name, rule::expression, family) FROM (VALUES
    ('价值 value',   '高消费 high spender',             $$paid_1y >= 20000$$),
    ('价值 value',   '沉睡大客 sleeping VIP',           $$paid_total >= 20000 and days_since(last_paid) > 180$$),
    ('价值 value',   '储值会员 topped up',              $$sum(payment.net where kind = 'top_up' last 365 days) > 0$$),
    ('价值 value',   '价格敏感 price-sensitive',        $$purchases >= 2 and discount >= 0.25$$),
    ('价值 value',   '待二次成交 due for the second',   $$purchases = 1 and days_since(last_paid) between 30 and 90$$),
    ('需求 need',    '新客 new this month',             $$days_since(registered_at) <= 30$$),
    ('需求 need',    '咨询未到院 asked and not come',   $$visits = 0 and days_since(latest(asked)) <= 14$$),
    ('需求 need',    '手术意向 surgery intent',
        $$count(asked where category = 'surgery' last 90 days) > 0 and count(payment where kind = 'sale' and category = 'surgery') = 0$$),
    ('需求 need',    '年轻眼鼻 young and eyelid or nose',
        $$age(birthday) between 18 and 25 and (contains("项目偏好", '双眼皮') or contains("项目偏好", '隆鼻'))$$),
    ('需求 need',    '抗衰读者 anti-ageing reader',     $$count(article where topic = 'anti-ageing' last 180 days) >= 2 and age(birthday) >= 30$$),
    ('需求 need',    '预算充足 large budget unspent',   $$budget >= 20000 and paid_1y < budget / 2$$),
    ('服务 service', '本月生日 birthday this month',    $$month(birthday) = month(today())$$),
    ('服务 service', '疗程未完 course unfinished',      $$sessions_left > 0 and days_since(last_visit) between 46 and 365$$),
    ('服务 service', '欠款未清 owes money',             $$owing > 0$$),
    ('口碑 voice',   '转介绍之星 referral star',        $$referred >= 3$$),
    ('口碑 voice',   '满意未转介 promoter without one', $$last(survey.recommend) >= 9 and referred = 0$$),
    ('口碑 voice',   '不满意 unhappy',                  $$last(survey.recommend) <= 6$$),
    ('风险 risk',    '投诉未结 complaint open',         $$count(complaint where closed_at is null) > 0$$),
    ('风险 risk',    '首访流失 lost after first visit', $$visits = 1 and purchases = 0 and days_since(last_visit) > 60$$),
    ('风险 risk',    '老客流失 buyer not seen 181-365 d', $$purchases > 0 and days_since(last_visit) between 181 and 365$$),
    ('风险 risk',    '定金未成交 deposit and no purchase', $$count(payment where kind = 'deposit') > 0 and purchases = 0$$),
    ('风险 risk',    '近一年退款 refund this year',     $$count(payment where kind = 'refund' last 365 days) > 0$$)
    ) AS tag (family, name, rule);

----------------------------------------------------------------------------
-- A version of all that, built and shown

SELECT publish('customer', '第一版 first version');
\o
CALL refresh('customer');
