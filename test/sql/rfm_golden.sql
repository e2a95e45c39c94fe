-- The orders of R's package rfm: every customer, against what the package
-- publishes and against a second computation (test/data/README.md).
SET search_path = clientele, public;
\set data `echo "${PG_ABS_SRCDIR:-test}/data/rfm"`

CREATE TEMPORARY TABLE orders (customer_id text, order_date date, revenue int);
CREATE TEMPORARY TABLE expected (
    customer_id text, recency_days int, transaction_count int, amount int,
    recency_score int, frequency_score int, monetary_score int, rfm_score int,
    recency_score_custom int, frequency_score_custom int, monetary_score_custom int, rfm_score_custom int,
    segment_vignette text, segment_test text);
CREATE TEMPORARY TABLE published (
    customer_id text, recency_days int, transaction_count int, amount int, rfm_score int,
    recency_score int, frequency_score int, monetary_score int, segment text);
CREATE TEMPORARY TABLE published_02 (
    customer_id text, recency_days int, transaction_count int, amount int,
    recency_score int, frequency_score int, monetary_score int, rfm_score int);
CREATE TEMPORARY TABLE summary (segmentation text, segment text, customers int, orders int, revenue int, aov text);
CREATE TEMPORARY TABLE summary_recomputed (LIKE summary);
CREATE TEMPORARY TABLE definition (segmentation text, priority int, segment text, r0 int, r1 int, f0 int, f1 int, m0 int, m1 int);
CREATE TEMPORARY TABLE heat (frequency_score int, recency_score int, monetary numeric, published numeric);

-- \copy expands no variables, so the whole command is one.
\set csv ' WITH (FORMAT csv, HEADER)'
\set load '\\copy orders FROM ' '''' :data '/orders.csv''' :csv
:load
\set load '\\copy expected FROM ' '''' :data '/orders_scored.csv''' :csv
:load
\set load '\\copy published FROM ' '''' :data '/published_rows.csv''' :csv
:load
\set load '\\copy published_02 FROM ' '''' :data '/published_rows_v02.csv''' :csv
:load
\set load '\\copy summary FROM ' '''' :data '/segment_summary_published.csv''' :csv
:load
\set load '\\copy summary_recomputed FROM ' '''' :data '/segment_summary_recomputed.csv''' :csv
:load
\set load '\\copy definition FROM ' '''' :data '/segment_definitions.csv''' :csv
:load
\set load '\\copy heat FROM ' '''' :data '/heatmap.csv''' :csv
:load

\set as_of '''2006-12-31 00:00+00'''
\set zone '''UTC'''

CREATE TEMPORARY TABLE customer AS
SELECT customer_id, rfm(order_date::timestamp AT TIME ZONE 'UTC', revenue) AS summary
FROM orders GROUP BY customer_id;

-- recency, frequency, monetary of all customers
SELECT count(*) AS customers,
       count(*) FILTER (WHERE (recency(summary, :as_of, :zone), frequency(summary), monetary(summary))
                              = (recency_days, transaction_count, amount)) AS equal
FROM customer FULL JOIN expected USING (customer_id);

-- Cuts as the package finds them, from the summaries and from the numbers.
SELECT rfm_cuts(summary, :as_of, :zone, 5, 'r-rfm') AS cuts FROM customer \gset
SELECT :'cuts'::rfm_cuts AS cuts;
SELECT rfm_cuts(recency_days, transaction_count, amount, 5, 'r-rfm') = :'cuts' AS same FROM expected;
-- The package test gives thresholds by hand.
\set custom 'recency 115, 181, 297, 482; frequency 4, 5, 6, 8; monetary 256, 382, 506, 666'

CREATE TEMPORARY TABLE scored AS
SELECT customer_id, summary, s.*,
       rfm_group(score, 'r-rfm') AS segment_vignette,
       rfm_group(score, 'r-rfm-0.2') AS segment_test
FROM customer,
     LATERAL (SELECT rfm_score(summary, :as_of, :zone, :'cuts'),
                     rfm_score(summary, :as_of, :zone, :'custom')) AS s (score, score_custom);

-- scores of every customer, both ways, one axis after the other, and segments
SELECT count(*) AS customers,
       count(*) FILTER (WHERE score / 100 = recency_score) AS r,
       count(*) FILTER (WHERE score / 10 % 10 = frequency_score) AS f,
       count(*) FILTER (WHERE score % 10 = monetary_score) AS m,
       count(*) FILTER (WHERE score = rfm_score) AS rfm,
       count(*) FILTER (WHERE score_custom / 100 = recency_score_custom) AS r_custom,
       count(*) FILTER (WHERE score_custom / 10 % 10 = frequency_score_custom) AS f_custom,
       count(*) FILTER (WHERE score_custom % 10 = monetary_score_custom) AS m_custom,
       count(*) FILTER (WHERE score_custom = rfm_score_custom) AS rfm_custom,
       count(*) FILTER (WHERE score <> score_custom) AS ways_differ,
       count(*) FILTER (WHERE s.segment_vignette = e.segment_vignette) AS vignette,
       count(*) FILTER (WHERE s.segment_test = e.segment_test) AS test
FROM scored AS s FULL JOIN expected AS e USING (customer_id);

-- the same from plain numbers
SELECT count(*) AS customers,
       count(*) FILTER (WHERE clientele.rfm_score(recency_days, transaction_count, amount, :'cuts') = e.rfm_score) AS equal
FROM expected AS e;

-- the rows that the package prints
SELECT count(*) AS published, count(*) FILTER (WHERE
           (recency(summary, :as_of, :zone), frequency(summary), monetary(summary), score, s.segment_vignette)
           = (p.recency_days, p.transaction_count, p.amount, p.rfm_score, p.segment)) AS equal
FROM published AS p LEFT JOIN scored AS s USING (customer_id);
SELECT count(*) AS published, count(*) FILTER (WHERE
           (recency(summary, :as_of, :zone), frequency(summary), monetary(summary), score)
           = (p.recency_days, p.transaction_count, p.amount, p.rfm_score)) AS equal
FROM published_02 AS p
LEFT JOIN scored AS s ON s.customer_id = regexp_replace(p.customer_id, '^Mr\. | Sr\.$| PhD$', '', 'g');

-- segments: customers, orders, revenue
CREATE TEMPORARY VIEW segment AS
SELECT v.segmentation, v.segment, count(*) AS customers, sum(frequency(summary)) AS orders,
       sum(monetary(summary)) AS revenue
FROM scored, LATERAL (VALUES ('vignette', segment_vignette), ('package_test', segment_test)) AS v (segmentation, segment)
GROUP BY 1, 2;
SELECT * FROM segment ORDER BY segmentation DESC, segment COLLATE "C";
SELECT p.segmentation, count(*) AS published,
       count(*) FILTER (WHERE (s.customers, s.orders, s.revenue) = (p.customers, p.orders, p.revenue)) AS equal
FROM summary AS p LEFT JOIN segment AS s USING (segmentation, segment) GROUP BY 1 ORDER BY 1;
-- The average order is printed there to three digits.  Two of ten are printed
-- too low: the quotients of the printed revenue and orders themselves are these.
SELECT segment, round(revenue::numeric / orders, 4) AS quotient, aov AS printed
FROM summary
WHERE segmentation = 'vignette'
  AND abs(revenue::numeric / orders - rtrim(aov, '.')::numeric) > CASE WHEN aov ~ '\.\d' THEN 0.05 ELSE 0.5 END
ORDER BY segment COLLATE "C";
SELECT count(*) AS recomputed, count(*) FILTER (WHERE
           (s.customers, s.orders, s.revenue, round(s.revenue / s.orders, 2)) = (p.customers, p.orders, p.revenue, p.aov::numeric)) AS equal
FROM summary_recomputed AS p FULL JOIN segment AS s USING (segmentation, segment);

-- All 125 scores against the definitions: first match wins, else Others.
SELECT scheme, count(*) AS scores, count(*) FILTER (WHERE rfm_group(r * 100 + f * 10 + m, scheme)
    = coalesce((SELECT segment FROM definition AS d
                WHERE d.segmentation = t.segmentation
                  AND r BETWEEN r0 AND r1 AND f BETWEEN f0 AND f1 AND m BETWEEN m0 AND m1
                ORDER BY priority LIMIT 1), 'Others')) AS equal
FROM generate_series(1, 5) AS r, generate_series(1, 5) AS f, generate_series(1, 5) AS m,
     (VALUES ('r-rfm', 'vignette'), ('r-rfm-0.2', 'package_test')) AS t (scheme, segmentation)
GROUP BY 1 ORDER BY 1;

-- heat map: mean amount by frequency and recency score; three digits published,
-- a half rounded to the even digit (380.5 stands there as 380)
SELECT count(*) AS cells, count(*) FILTER (WHERE round(ours, 6) = h.monetary) AS equal,
       count(h.published) AS published, count(*) FILTER (WHERE abs(ours - h.published) <= 0.5) AS equal_published,
       round(sum(ours)) AS published_sum_is_12634
FROM heat AS h
LEFT JOIN (SELECT score / 10 % 10 AS frequency_score, score / 100 AS recency_score, avg(monetary(summary)) AS ours
           FROM scored GROUP BY 1, 2) AS s USING (frequency_score, recency_score);
