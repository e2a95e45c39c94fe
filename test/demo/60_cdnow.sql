-- The same functions on a log everybody knows: CDNOW, 2,357 buyers of music.
-- To be run from the top of the tree (see test/data/README.md).
SET client_encoding = 'UTF8';
SET search_path = clientele, public;
\pset footer off

CREATE TEMP TABLE purchase (master_id int, customer_id int, day date, discs int, amount numeric(10,2));
\copy purchase FROM 'test/data/cdnow_sample_transactions.csv' WITH (FORMAT csv, HEADER true)

CREATE TEMP TABLE buyer AS
SELECT customer_id, rfm(day::timestamp AT TIME ZONE 'UTC', amount) AS summary FROM purchase GROUP BY customer_id;
CREATE TEMP TABLE calibration AS
SELECT rfm_cuts(summary, '1998-06-30 23:59:59+00', 'UTC', 5, 'r-rfm') AS cuts FROM buyer;
CREATE TEMP TABLE scored AS
SELECT customer_id, recency(summary, '1998-06-30 23:59:59+00', 'UTC') AS r, frequency(summary) AS f, monetary(summary) AS m,
       rfm_score(summary, '1998-06-30 23:59:59+00', 'UTC', cuts) AS score
FROM buyer, calibration;

\echo
\echo '== 9  公开数据 CDNOW / The public CDNOW log, until 1998-06-30, in US dollars'
\echo
SELECT count(*) AS "客户 customers", sum(f) AS "购买 purchases", sum(m) AS "收入 revenue", round(avg(m), 2) AS "人均 each",
       count(*) FILTER (WHERE f = 1) AS "只买一次 once", percentile_disc(.5) WITHIN GROUP (ORDER BY r) AS "R 中位 median days"
FROM scored;

SELECT rfm_group(score, 'eight', high_from => 4) AS "分群 group", count(*) AS "客户", round(100.0 * count(*) / sum(count(*)) OVER (), 1) AS "%",
       round(avg(r)) AS "R 天 days", round(avg(f), 1) AS "F 次 times", round(avg(m), 2) AS "M 元 dollars",
       round(100 * sum(m) / sum(sum(m)) OVER (), 1) AS "收入 revenue %", min(score) AS "RFM 最低 from", max(score) AS "最高 to"
FROM scored GROUP BY 1 ORDER BY sum(m) DESC;
