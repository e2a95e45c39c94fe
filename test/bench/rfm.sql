-- The aggregate rfm(paid_at, amount) beside max, count and sum.

SELECT setseed(0.7) \g /dev/null
CREATE UNLOGGED TABLE bench.payment AS
SELECT (random() * :customers)::int AS customer, timestamptz '2023-01-01 00:00+08' + n * (interval '3 years' / (10 * :customers)) AS paid_at,
    (random() ^ 3 * 20000)::numeric(12,2) AS amount
FROM generate_series(1, 10 * :customers) AS n;
VACUUM (ANALYZE, FREEZE) bench.payment;

\set ours 'SELECT customer, clientele.rfm(paid_at, amount) AS r FROM bench.payment GROUP BY customer'
\set theirs 'SELECT customer, max(paid_at) AS last, count(*) AS n, sum(amount) AS total FROM bench.payment GROUP BY customer'
SELECT format('SELECT 1 FROM (%s) AS a FULL JOIN (%s) AS b USING (customer)
    WHERE (clientele.last_event(r), clientele.frequency(r), clientele.monetary(r)::text) IS DISTINCT FROM (last, n, total::text)',
    :'ours', :'theirs') AS differences \gset
SELECT bench.no_rows(:'differences') \g /dev/null

CALL bench.compare('rfm(paid_at, amount), serial', :rounds, 0.9, :'ours', :'theirs');

-- Without the memory for all groups at once: a hashed aggregate that spills.
SET work_mem = '4MB';
SET enable_sort = off;
CALL bench.compare('rfm(paid_at, amount), serial, spilling', :rounds, NULL, :'ours', :'theirs');
RESET work_mem;
RESET enable_sort;

-- One worker beside the leader, and a price at which the planner takes it.
SET max_parallel_workers_per_gather = 1;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
CALL bench.compare('rfm(paid_at, amount), two processes', :rounds, 0.9, :'ours', :'theirs');
RESET max_parallel_workers_per_gather;

-- Scores of the summaries beside a CASE over the plain columns.
CREATE UNLOGGED TABLE bench.summary AS
SELECT customer, clientele.rfm(paid_at, amount) AS r, max(paid_at) AS last, count(*) AS n, sum(amount) AS total
FROM bench.payment GROUP BY customer;
VACUUM (ANALYZE, FREEZE) bench.summary;

\set ours 'SELECT customer, clientele.rfm_score(r, ''2026-06-30 12:00+08'', ''Asia/Shanghai'', ''recency 190, 240, 320, 420; frequency 6, 9, 12, 14; monetary 20000, 40000, 55000, 75000'') AS score FROM bench.summary'
\set theirs 'SELECT customer, CASE WHEN days < 190 THEN 5 WHEN days < 240 THEN 4 WHEN days < 320 THEN 3 WHEN days < 420 THEN 2 ELSE 1 END * 100 + CASE WHEN n < 6 THEN 1 WHEN n < 9 THEN 2 WHEN n < 12 THEN 3 WHEN n < 14 THEN 4 ELSE 5 END * 10 + CASE WHEN total < 20000 THEN 1 WHEN total < 40000 THEN 2 WHEN total < 55000 THEN 3 WHEN total < 75000 THEN 4 ELSE 5 END AS score FROM (SELECT customer, n, total, date ''2026-06-30'' - (last AT TIME ZONE ''Asia/Shanghai'')::date AS days FROM bench.summary OFFSET 0) AS s'
SELECT format('SELECT 1 FROM (%s) AS a FULL JOIN (%s) AS b USING (customer) WHERE a.score IS DISTINCT FROM b.score',
    :'ours', :'theirs') AS differences \gset
SELECT bench.no_rows(:'differences') \g /dev/null
CALL bench.compare('rfm_score', :rounds, NULL, :'ours', :'theirs');
DROP TABLE bench.payment, bench.summary;
