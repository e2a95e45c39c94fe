-- The demo's segments in slow, obvious SQL, from the clinic's tables alone: nothing here
-- calls clientele.  test/tap/030_demo.pl compares them with segments.customer.
--
-- oracle.calibrate(as_of) finds the cut points, once; oracle.segment(as_of) is what each
-- customer should be.  The zone is always Asia/Shanghai.

CREATE SCHEMA oracle;

CREATE FUNCTION oracle.day(t timestamptz) RETURNS date LANGUAGE sql IMMUTABLE
    AS $$SELECT (t AT TIME ZONE 'Asia/Shanghai')::date$$;
-- A window of so many calendar days, the last of which is that of as_of.
CREATE FUNCTION oracle.within(t timestamptz, as_of timestamptz, days int) RETURNS boolean LANGUAGE sql IMMUTABLE
    AS $$SELECT oracle.day(t) > oracle.day(as_of) - days AND t <= as_of$$;
CREATE FUNCTION oracle.age(birthday date, as_of timestamptz) RETURNS int LANGUAGE sql IMMUTABLE
    AS $$SELECT extract(year FROM age(oracle.day(as_of), birthday))::int$$;

-- ---------- metrics ----------

CREATE FUNCTION oracle.profile(as_of timestamptz) RETURNS TABLE (
    customer_id bigint, registered_at timestamptz, birthday date, budget numeric, wishes text[],
    purchases bigint, purchases_1y bigint, surgeries bigint, paid_total numeric, paid_1y numeric, last_paid timestamptz, discount numeric,
    owing numeric, deposits bigint, topped_up_1y numeric, refunds_1y bigint,
    visits bigint, visits_1y bigint, consults_1y bigint, last_visit timestamptz, sessions_left numeric,
    asked_1y bigint, budgets_1y bigint, surgery_asked_90d bigint, last_asked timestamptz,
    reads_1y bigint, anti_ageing_reads_180d bigint, referred bigint, referred_1y bigint, last_recommend int, complaints_open bigint)
LANGUAGE sql STABLE AS $$
SELECT c.customer_id, c.registered_at, c.birthday, c.budget, c."项目偏好",
       pay.purchases, pay.purchases_1y, pay.surgeries, pay.paid_total, pay.paid_1y, pay.last_paid, pay.discount,
       pay.owing, pay.deposits, pay.topped_up_1y, pay.refunds_1y,
       v.visits, v.visits_1y, v.consults_1y, v.last_visit, pay.sessions - t.taken,
       q.asked_1y, q.budgets_1y, q.surgery_asked_90d, q.last_asked,
       a.reads_1y, a.anti_ageing_reads_180d, r.referred, r.referred_1y, s.recommend, k.complaints_open
FROM crm.customer AS c
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE p.kind = 'sale') AS purchases,
           count(*) FILTER (WHERE p.kind = 'sale' AND oracle.within(p.paid_at, as_of, 365)) AS purchases_1y,
           count(*) FILTER (WHERE p.kind = 'sale' AND p.category = 'surgery') AS surgeries,
           coalesce(sum(p.net) FILTER (WHERE p.kind IN ('sale', 'refund')), 0) AS paid_total,
           coalesce(sum(p.net) FILTER (WHERE p.kind IN ('sale', 'refund') AND oracle.within(p.paid_at, as_of, 365)), 0) AS paid_1y,
           max(p.paid_at) FILTER (WHERE p.kind = 'sale') AS last_paid,
           round(1 - sum(p.net) FILTER (WHERE p.kind = 'sale') / sum(p.list_amount) FILTER (WHERE p.kind = 'sale'), 6) AS discount,
           coalesce(sum(p.owed) FILTER (WHERE p.kind = 'sale'), 0) - coalesce(sum(p.net) FILTER (WHERE p.kind = 'debt_repayment'), 0) AS owing,
           count(*) FILTER (WHERE p.kind = 'deposit') AS deposits,
           coalesce(sum(p.net) FILTER (WHERE p.kind = 'top_up' AND oracle.within(p.paid_at, as_of, 365)), 0) AS topped_up_1y,
           count(*) FILTER (WHERE p.kind = 'refund' AND oracle.within(p.paid_at, as_of, 365)) AS refunds_1y,
           coalesce(sum(o.sessions) FILTER (WHERE p.kind = 'sale'), 0) AS sessions
    FROM pos.payment AS p LEFT JOIN org.product AS o USING (product_id)
    WHERE p.customer_id = c.customer_id AND p.paid_at <= as_of
      -- a receipt typed in twice is one
      AND NOT EXISTS (SELECT FROM pos.payment AS first
                      WHERE p.kind = 'sale' AND first.kind = 'sale' AND first.receipt_no = p.receipt_no AND first.payment_id < p.payment_id)) AS pay
CROSS JOIN LATERAL (
    SELECT count(*) AS visits, count(*) FILTER (WHERE oracle.within(arrived_at, as_of, 365)) AS visits_1y,
           count(*) FILTER (WHERE visit_type IN ('first', 're_consult') AND oracle.within(arrived_at, as_of, 365)) AS consults_1y,
           max(arrived_at) AS last_visit
    FROM crm.visit WHERE visit.customer_id = c.customer_id AND arrived_at <= as_of) AS v
CROSS JOIN LATERAL (
    SELECT count(*) AS taken FROM emr.treatment
    WHERE treatment.customer_id = c.customer_id AND performed_at AT TIME ZONE 'Asia/Shanghai' <= as_of) AS t
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE oracle.within(asked_at, as_of, 365)) AS asked_1y,
           count(*) FILTER (WHERE named_budget AND oracle.within(asked_at, as_of, 365)) AS budgets_1y,
           count(*) FILTER (WHERE category = 'surgery' AND oracle.within(asked_at, as_of, 90)) AS surgery_asked_90d,
           max(asked_at) AS last_asked
    FROM crm.consultation WHERE consultation.customer_id = c.customer_id AND asked_at <= as_of) AS q
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE oracle.within(read_at, as_of, 365)) AS reads_1y,
           count(*) FILTER (WHERE topic = 'anti-ageing' AND oracle.within(read_at, as_of, 180)) AS anti_ageing_reads_180d
    FROM crm.article_read WHERE article_read.customer_id = c.customer_id AND read_at <= as_of) AS a
CROSS JOIN LATERAL (
    SELECT count(*) AS referred, count(*) FILTER (WHERE referred_on > oracle.day(as_of) - 365) AS referred_1y
    FROM crm.referral WHERE referrer_id = c.customer_id AND referred_on <= oracle.day(as_of)) AS r
LEFT JOIN LATERAL (
    SELECT recommend FROM crm.survey WHERE survey.customer_id = c.customer_id AND answered_at <= as_of
    ORDER BY answered_at DESC, recommend DESC LIMIT 1) AS s ON true
CROSS JOIN LATERAL (
    SELECT count(*) AS complaints_open FROM crm.complaint
    WHERE complaint.customer_id = c.customer_id AND closed_at IS NULL AND opened_at <= as_of) AS k
$$;

-- ---------- RFM: five bins of the buyers, by quantiles plus 1 ----------

CREATE TABLE oracle.cuts (axis text PRIMARY KEY, cuts numeric[] NOT NULL);
CREATE FUNCTION oracle.calibrate(as_of timestamptz) RETURNS void LANGUAGE sql AS $$
    INSERT INTO oracle.cuts
    SELECT axis, array_agg(cut::numeric + 1 ORDER BY cut)
    FROM (SELECT axis, unnest(percentile_cont('{.2,.4,.6,.8}'::float8[]) WITHIN GROUP (ORDER BY value)) AS cut
          FROM oracle.profile(as_of) AS p,
               LATERAL (VALUES ('r', (oracle.day(as_of) - oracle.day(last_paid))::float8), ('f', purchases::float8), ('m', paid_total::float8)) AS v (axis, value)
          WHERE last_paid IS NOT NULL
          GROUP BY axis) AS q
    GROUP BY axis
$$;
CREATE FUNCTION oracle.bin(value numeric, of_axis text) RETURNS int LANGUAGE sql STABLE
    AS $$SELECT width_bucket(value, cuts) + 1 FROM oracle.cuts WHERE axis = of_axis$$;

-- ---------- the segments ----------

CREATE FUNCTION oracle.segment(as_of timestamptz) RETURNS TABLE (
    customer_id bigint, purchases bigint, purchases_1y bigint, paid_total numeric, paid_1y numeric, last_paid timestamptz, discount numeric,
    owing numeric, visits bigint, visits_1y bigint, consults_1y bigint, last_visit timestamptz, sessions_left numeric,
    asked_1y bigint, budgets_1y bigint, reads_1y bigint, referred bigint, referred_1y bigint,
    rfm text, rfm_score int, tier text, tier_score numeric, stage text, tags text)
LANGUAGE sql STABLE AS $$
SELECT p.customer_id, p.purchases, p.purchases_1y, p.paid_total, p.paid_1y, p.last_paid, p.discount,
       p.owing, p.visits, p.visits_1y, p.consults_1y, p.last_visit, p.sessions_left,
       p.asked_1y, p.budgets_1y, p.reads_1y, p.referred, p.referred_1y,
       CASE WHEN p.last_paid IS NULL THEN '未成交'
            ELSE CASE WHEN g.m >= 4 THEN '重要' ELSE '一般' END ||
                 CASE WHEN g.r >= 4 AND g.f >= 4 THEN '价值' WHEN g.r >= 4 THEN '发展' WHEN g.f >= 4 THEN '保持' ELSE '挽留' END END,
       CASE WHEN p.last_paid IS NOT NULL THEN g.r * 100 + g.f * 10 + g.m END,
       CASE WHEN t.score >= 80 THEN 'strategic' WHEN t.score >= 60 THEN 'value' WHEN t.score >= 40 THEN 'nurture' ELSE 'wake-up' END,
       t.score,
       CASE WHEN p.visits > 0 AND d.since_visit > 365 THEN '流失 lost'
            WHEN p.visits > 0 AND d.since_visit > 180 THEN '沉睡 asleep'
            WHEN p.purchases_1y >= 3 OR p.referred >= 3 THEN '忠诚 loyal'
            WHEN p.purchases > 1 THEN '复购 bought again'
            WHEN p.purchases = 1 THEN '首购 bought once'
            WHEN p.visits > 0 THEN '到院 came, not bought'
            WHEN p.asked_1y > 0 THEN '咨询 asked, not come'
            ELSE '潜客 left a number' END,
       (SELECT coalesce(string_agg(tag, ', ' ORDER BY tag COLLATE "C"), '')
        FROM (VALUES
            ('高消费 high spender', p.paid_1y >= 20000),
            ('沉睡大客 sleeping VIP', p.paid_total >= 20000 AND d.since_paid > 180),
            ('储值会员 topped up', p.topped_up_1y > 0),
            ('价格敏感 price-sensitive', p.purchases >= 2 AND p.discount >= 0.25),
            ('待二次成交 due for the second', p.purchases = 1 AND d.since_paid BETWEEN 30 AND 90),
            ('新客 new this month', oracle.day(as_of) - oracle.day(p.registered_at) <= 30),
            ('咨询未到院 asked and not come', p.visits = 0 AND oracle.day(as_of) - oracle.day(p.last_asked) <= 14),
            ('手术意向 surgery intent', p.surgery_asked_90d > 0 AND p.surgeries = 0),
            ('年轻眼鼻 young and eyelid or nose', d.age BETWEEN 18 AND 25 AND ('双眼皮' = ANY (p.wishes) OR '隆鼻' = ANY (p.wishes))),
            ('抗衰读者 anti-ageing reader', p.anti_ageing_reads_180d >= 2 AND d.age >= 30),
            ('预算充足 large budget unspent', p.budget >= 20000 AND p.paid_1y < p.budget / 2),
            ('本月生日 birthday this month', extract(month FROM p.birthday) = extract(month FROM oracle.day(as_of))),
            ('疗程未完 course unfinished', p.sessions_left > 0 AND d.since_visit BETWEEN 46 AND 365),
            ('欠款未清 owes money', p.owing > 0),
            ('转介绍之星 referral star', p.referred >= 3),
            ('满意未转介 promoter without one', p.last_recommend >= 9 AND p.referred = 0),
            ('不满意 unhappy', p.last_recommend <= 6),
            ('投诉未结 complaint open', p.complaints_open > 0),
            ('首访流失 lost after first visit', p.visits = 1 AND p.purchases = 0 AND d.since_visit > 60),
            ('老客流失 buyer not seen 181-365 d', p.purchases > 0 AND d.since_visit BETWEEN 181 AND 365),
            ('定金未成交 deposit and no purchase', p.deposits > 0 AND p.purchases = 0),
            ('近一年退款 refund this year', p.refunds_1y > 0)) AS rule (tag, holds)
        WHERE holds)
FROM oracle.profile(as_of) AS p
CROSS JOIN LATERAL (
    SELECT oracle.day(as_of) - oracle.day(p.last_paid) AS since_paid, oracle.day(as_of) - oracle.day(p.last_visit) AS since_visit,
           oracle.age(p.birthday, as_of) AS age) AS d
CROSS JOIN LATERAL (
    SELECT 6 - oracle.bin(d.since_paid, 'r') AS r, oracle.bin(p.purchases, 'f') AS f, oracle.bin(p.paid_total, 'm') AS m) AS g
CROSS JOIN LATERAL (
    SELECT round((40 * CASE WHEN p.paid_1y < 1 THEN 0 WHEN p.paid_1y < 1000 THEN 30 WHEN p.paid_1y < 3000 THEN 50
                            WHEN p.paid_1y < 8000 THEN 70 WHEN p.paid_1y < 20000 THEN 85 ELSE 100 END
                + 30 * CASE WHEN p.budgets_1y > 0 AND p.consults_1y > 0 THEN 100
                            WHEN p.budgets_1y > 0 AND p.asked_1y > 1 THEN 75
                            WHEN p.budgets_1y > 0 OR p.asked_1y > 1 OR p.consults_1y > 1 THEN 50
                            WHEN p.asked_1y > 0 OR p.consults_1y > 0 THEN 30 ELSE 0 END
                + 20 * CASE WHEN i.contacts < 1 THEN 0 WHEN i.contacts < 4 THEN 25 WHEN i.contacts < 9 THEN 50 WHEN i.contacts < 18 THEN 75 ELSE 100 END
                + 10 * CASE WHEN p.purchases_1y >= 4 OR p.referred_1y >= 2 THEN 100
                            WHEN p.purchases_1y = 3 OR p.referred_1y = 1 THEN 70
                            WHEN p.purchases_1y = 2 THEN 45 WHEN p.purchases_1y = 1 THEN 20 ELSE 0 END) / 100.0, 2) AS score
    FROM (SELECT p.reads_1y + 2 * p.asked_1y + 3 * p.visits_1y AS contacts) AS i) AS t
$$;
