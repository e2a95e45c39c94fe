-- The generator of test/clinic: does it make the clinic it promises, and the
-- same one each time?  In a database of its own, because its schemas have the
-- names that a clinic's would have.
\set home :DBNAME
SET client_min_messages = warning;
DROP DATABASE IF EXISTS clientele_test_clinic;
CREATE DATABASE clientele_test_clinic TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';
\c clientele_test_clinic
SET client_min_messages = warning;
SET client_encoding = 'UTF8';
SET TimeZone = 'Asia/Shanghai';
SET DateStyle = 'ISO';

\set customers 2000
\set seed 20260101
\set today 2026-06-30
\set ECHO none
\i test/clinic/clinic.sql
\set ECHO all

-- Rows, their order on disk, and every byte in them.
CREATE FUNCTION checksum(relation regclass, OUT rows bigint, OUT sum text) LANGUAGE plpgsql
    SET TimeZone = 'UTC' SET DateStyle = 'ISO' AS $$
BEGIN
    EXECUTE format('SELECT count(*), left(encode(sha256(convert_to(coalesce(string_agg(t::text, E''\n'' ORDER BY ctid), ''''), ''UTF8'')), ''hex''), 16)
                    FROM %s t', relation) INTO rows, sum;
END $$;
CREATE VIEW made AS
SELECT c.oid::regclass::text AS relation, rows, sum
FROM pg_class c, checksum(c.oid)
WHERE relkind = 'r' AND relnamespace IN ('org'::regnamespace, 'crm'::regnamespace, 'pos'::regnamespace, 'emr'::regnamespace);
CREATE TABLE first_time AS SELECT * FROM made;
SELECT * FROM first_time ORDER BY relation COLLATE "C";

-- What the trade says, and what makes the figures believable.
CREATE VIEW sale AS
SELECT p.*, extract(year FROM age(paid_at::date, birthday))::int AS age, row_number() OVER (PARTITION BY receipt_no ORDER BY payment_id) > 1 AS doubled
FROM pos.payment p JOIN crm.customer USING (customer_id) WHERE kind = 'sale';

CREATE VIEW decided AS      -- days from the question, or from walking in, to the sale
SELECT category, (SELECT max(paid_at::date - asked_at::date) FROM crm.consultation c
                  WHERE c.customer_id = s.customer_id AND c.product_id = s.product_id
                        AND paid_at::date - asked_at::date <@ decide_days) AS days,
       (SELECT paid_at::date - registered_at::date FROM crm.customer c
        WHERE c.customer_id = s.customer_id AND channel = 'walk_in' AND paid_at::date - registered_at::date <@ decide_days) AS days_walk_in
FROM sale s JOIN org.product USING (product_id, category);

SELECT what, round(figure, 4) AS figure, least, most, figure BETWEEN least AND most AS holds
FROM (VALUES
    ('paid leads', (SELECT avg((channel = 'paid')::int) FROM crm.customer), .67, .73),
    ('walk-ins', (SELECT avg((channel = 'walk_in')::int) FROM crm.customer), .08, .12),
    ('referred', (SELECT avg((channel = 'referral')::int) FROM crm.customer), .17, .23),
    ('women', (SELECT avg((gender = 'F')::int) FROM crm.customer), .88, .95),
    ('youngest today', (SELECT min(extract(year FROM age(:'today'::date, birthday)))::numeric FROM crm.customer), 18, 18),
    ('youngest when registered', (SELECT min(extract(year FROM age(registered_at::date, birthday)))::numeric FROM crm.customer), 18, 18),
    ('oldest today', (SELECT max(extract(year FROM age(:'today'::date, birthday)))::numeric FROM crm.customer), 50, 55),
    ('surgery, of all sales', (SELECT avg((category = 'surgery')::int) FROM sale), .02, .06),
    ('skin, of all sales', (SELECT avg((category = 'skin')::int) FROM sale), .35, .5),
    ('eyelid and nose, of surgery to 25', (SELECT avg((product_id IN (1, 2, 3))::int) FROM sale WHERE category = 'surgery' AND age <= 25), .75, 1),
    ('injections and lasers to 25', (SELECT avg((category IN ('injection', 'laser'))::int) FROM sale WHERE age <= 25), .25, .45),
    ('injections and lasers from 26 to 35', (SELECT avg((category IN ('injection', 'laser'))::int) FROM sale WHERE age BETWEEN 26 AND 35), .4, .6),
    ('anti-ageing to 25', (SELECT avg((category = 'anti-ageing')::int) FROM sale WHERE age <= 25), 0, .03),
    ('anti-ageing from 26 to 35', (SELECT avg((category = 'anti-ageing')::int) FROM sale WHERE age BETWEEN 26 AND 35), .04, .15),
    ('anti-ageing from 46', (SELECT avg((category = 'anti-ageing')::int) FROM sale WHERE age >= 46), .25, .5),
    ('sales decided in the usual time', (SELECT avg((coalesce(days, days_walk_in) IS NOT NULL)::int) FROM decided), 1, 1),
    ('surgery: fewest days', (SELECT min(days) FROM decided WHERE category = 'surgery'), 15, 18),
    ('surgery: most days', (SELECT max(days) FROM decided WHERE category = 'surgery'), 27, 30),
    ('skin: fewest days', (SELECT min(days) FROM decided WHERE category = 'skin'), 1, 1),
    ('skin: most days', (SELECT max(days) FROM decided WHERE category = 'skin'), 3, 3),
    ('customers who ever came', (SELECT count(DISTINCT customer_id) FROM crm.visit)::numeric / :customers, .5, .65),
    ('customers who ever bought', (SELECT count(DISTINCT customer_id) FROM sale)::numeric / :customers, .3, .45),
    ('buyers who bought again', (SELECT avg((n > 1)::int) FROM (SELECT count(*) AS n FROM sale GROUP BY customer_id) b), .3, .5),
    ('visits of the median visitor', (SELECT percentile_disc(.5) WITHIN GROUP (ORDER BY n) FROM (SELECT count(*) AS n FROM crm.visit GROUP BY customer_id) v), 1, 2),
    ('visits of the most frequent one', (SELECT max(n) FROM (SELECT count(*) AS n FROM crm.visit GROUP BY customer_id) v), 15, 80),
    ('money from the first fifth of buyers', (SELECT sum(m) FILTER (WHERE fifth = 1) / sum(m)
        FROM (SELECT sum(net) AS m, ntile(5) OVER (ORDER BY sum(net) DESC, customer_id) AS fifth FROM sale GROUP BY customer_id) b), .5, .75),
    ('average ticket', (SELECT avg(net) FROM sale), 3000, 5000),
    ('refunds, of sales', (SELECT count(*) FILTER (WHERE kind = 'refund')::numeric / count(*) FILTER (WHERE kind = 'sale') FROM pos.payment), .03, .07),
    ('refunds, of money', (SELECT -sum(net) FILTER (WHERE kind = 'refund') / sum(net) FILTER (WHERE kind = 'sale') FROM pos.payment), .02, .06),
    ('payments typed in late', (SELECT avg((recorded_at > paid_at + interval '2 minutes')::int) FROM pos.payment), .02, .04),
    ('sales typed in twice', (SELECT avg(doubled::int) FROM sale), .001, .008),
    ('kinds of payment', (SELECT count(DISTINCT kind) FROM pos.payment), 5, 5),
    ('kinds of visit', (SELECT count(DISTINCT visit_type) FROM crm.visit), 4, 4),
    ('birthdays unknown', (SELECT avg((birthday IS NULL)::int) FROM crm.customer), .04, .08),
    ('consent given', (SELECT avg((marketing_consent IS TRUE)::int) FROM crm.customer), .6, .68),
    ('consent never asked', (SELECT avg((marketing_consent IS NULL)::int) FROM crm.customer), .12, .18),
    ('wishes never asked', (SELECT avg(("项目偏好" IS NULL)::int) FROM crm.customer), .07, .13),
    ('referred by somebody known', (SELECT count(*) FROM crm.referral) / (SELECT count(*) FROM crm.customer WHERE channel = 'referral')::numeric, .9, 1),
    ('brought by the best referrer', (SELECT max(n) FROM (SELECT count(*) AS n FROM crm.referral GROUP BY referrer_id) r), 5, 60)
) expectation(what, figure, least, most);

-- What may never be.  All zero.
SELECT (SELECT count(*) FROM pos.payment r LEFT JOIN pos.payment s ON s.payment_id = r.refund_of
        WHERE r.kind = 'refund' AND (s.kind, s.customer_id, s.product_id) IS DISTINCT FROM ('sale'::pos.payment_kind, r.customer_id, r.product_id)) AS strange_refunds,
       (SELECT count(*) FROM (SELECT s.net + sum(r.net) AS kept, min(r.paid_at) > s.paid_at AS later
                              FROM pos.payment r JOIN pos.payment s ON s.payment_id = r.refund_of GROUP BY s.payment_id) x
        WHERE kept < 0 OR NOT later) AS refunds_too_large_or_early,
       (SELECT count(*) FROM (SELECT visit_type = 'first' AS first, row_number() OVER (PARTITION BY customer_id ORDER BY arrived_at) = 1 AS earliest
                              FROM crm.visit) v WHERE first <> earliest) AS wrong_first_visits,
       (SELECT count(*) FROM crm.visit JOIN crm.customer USING (customer_id) WHERE arrived_at::date < registered_at::date) AS visits_before_registration,
       (SELECT count(*) FROM pos.payment p JOIN crm.visit v USING (visit_id) WHERE p.customer_id <> v.customer_id OR p.paid_at < v.arrived_at) AS paid_elsewhere,
       (SELECT count(*) FROM emr.treatment t JOIN pos.payment p USING (payment_id) WHERE t.performed_at::date < p.paid_at::date) AS treated_before_paid,
       (SELECT count(*) FROM crm.referral r JOIN crm.customer c ON c.customer_id = r.referrer_id
                             JOIN crm.customer d ON d.customer_id = r.referred_id WHERE c.registered_at > d.registered_at) AS referred_by_later,
       (SELECT count(*) FROM crm.article_read JOIN crm.article USING (article_id, topic) WHERE read_at::date < published_on) AS read_before_written \gx

-- Nothing after the last evening.
SELECT max(at) < timestamptz '2026-06-30 22:00:00+08' AS history_has_ended, max(at) > timestamptz '2026-06-30 00:00:00+08' AS on_the_last_day
FROM (SELECT max(recorded_at) FROM pos.payment UNION ALL SELECT max(paid_at) FROM pos.payment
      UNION ALL SELECT max(recorded_at) FROM crm.visit UNION ALL SELECT max(asked_at) FROM crm.consultation
      UNION ALL SELECT max(read_at) FROM crm.article_read UNION ALL SELECT max(answered_at) FROM crm.survey
      UNION ALL SELECT max(greatest(opened_at, closed_at)) FROM crm.complaint
      UNION ALL SELECT max(performed_at) AT TIME ZONE 'Asia/Shanghai' FROM emr.treatment
      UNION ALL SELECT max(registered_at) FROM crm.customer) event(at);

-- Rows can be added by hand.
BEGIN;
INSERT INTO crm.visit (customer_id, branch_id, doctor_id, visit_type, arrived_at, recorded_at)
SELECT 1, 1, 11, 're_consult', '2026-07-01 10:00+08', '2026-07-01 10:00+08';
ROLLBACK;

-- Once more, with other plans and in another place of the world: the same bytes.
DROP SCHEMA org, crm, pos, emr CASCADE;
SET enable_hashjoin = off;
SET enable_hashagg = off;
SET TimeZone = 'America/New_York';
SET DateStyle = 'SQL, DMY';
SET extra_float_digits = 0;
\set ECHO none
\i test/clinic/clinic.sql
\set ECHO all
CREATE OR REPLACE VIEW made AS
SELECT c.oid::regclass::text AS relation, rows, sum
FROM pg_class c, checksum(c.oid)
WHERE relkind = 'r' AND relnamespace IN ('org'::regnamespace, 'crm'::regnamespace, 'pos'::regnamespace, 'emr'::regnamespace);
(TABLE made EXCEPT TABLE first_time) UNION ALL (TABLE first_time EXCEPT TABLE made);

-- Another seed is another clinic of the same kind.
DROP SCHEMA org, crm, pos, emr CASCADE;
RESET ALL;
SET client_min_messages = warning;
\set customers 1000
\set seed 7
\set today 2024-02-29
\set ECHO none
\i test/clinic/clinic.sql
\set ECHO all
SELECT count(*) AS customers, max(registered_at) < timestamptz '2024-02-29 22:00:00+08' AS ended FROM crm.customer;
SELECT count(*) AS alike FROM crm.customer c JOIN first_time f ON f.relation = 'crm.customer' AND f.sum = (checksum('crm.customer')).sum;

\c :home
DROP DATABASE clientele_test_clinic;
