-- Random payments: the aggregate against max, min, count and sum; merged in
-- any split; on any plan.
SET search_path = clientele, public;

-- Another seed, another run: change it here.
\set seed 0.20240601
SELECT setseed(:seed);
\echo seed :seed

CREATE TABLE random_payment AS
SELECT (random() * 499)::int AS customer,
       CASE WHEN random() < 0.02 THEN NULL
            WHEN random() < 0.01 THEN '-infinity'
            ELSE timestamptz '2020-01-01 00:00+00' + random() * interval '1500 days' END AS t,
       CASE WHEN random() < 0.05 THEN NULL
            WHEN random() < 0.01 THEN 'NaN'
            WHEN random() < 0.80 THEN round((random() * 5000 - 500)::numeric, 2)
            ELSE round(((random() - 0.5)::numeric * 10::numeric ^ (random() * 24)::int), (random() * 22)::int) END AS amount,
       (random() * 6)::int AS branch,
       random() AS shuffle
FROM generate_series(1, 60000);
-- one customer without events
INSERT INTO random_payment VALUES (500, NULL, 10, 1, 0);
ANALYZE random_payment;

-- What SQL says: exact, display scale included.
CREATE TEMPORARY TABLE truth AS
SELECT customer, min(t) AS first, max(t) AS last, count(*) AS n,
       coalesce(sum(amount) FILTER (WHERE amount <> 'NaN'), 0) AS sum
FROM random_payment WHERE isfinite(t) GROUP BY customer;

CREATE FUNCTION pg_temp.compare(query text) RETURNS TABLE (customers bigint, equal bigint) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format($q$
        SELECT count(*), count(*) FILTER (WHERE s IS NOT DISTINCT FROM CASE WHEN n IS NULL THEN NULL ELSE
            format('(%%s,%%s,%%s,%%s)', first, last, n, sum) END)
        FROM (SELECT customer, summary::text AS s FROM (%s) AS q) AS ours FULL JOIN truth USING (customer)$q$, query);
END $$;
SET timezone = 'UTC';
SET datestyle = 'ISO';

SET max_parallel_workers_per_gather = 0;
SELECT * FROM pg_temp.compare('SELECT customer, rfm(t, amount) AS summary FROM random_payment GROUP BY customer');
SET enable_hashagg = off;
SELECT * FROM pg_temp.compare('SELECT customer, rfm(t, amount) AS summary FROM random_payment GROUP BY customer');
RESET enable_hashagg;
SET work_mem = '64kB';
SELECT * FROM pg_temp.compare('SELECT customer, rfm(t, amount) AS summary FROM random_payment GROUP BY customer');
RESET work_mem;
SELECT * FROM pg_temp.compare('SELECT customer, rfm(t, amount ORDER BY shuffle) AS summary FROM random_payment GROUP BY customer');

-- merged: per branch, per month, at random; then again
SELECT * FROM pg_temp.compare('SELECT customer, merge(part) AS summary FROM
    (SELECT customer, rfm(t, amount) AS part FROM random_payment GROUP BY customer, branch) AS p GROUP BY customer');
SELECT * FROM pg_temp.compare('SELECT customer, merge(part) AS summary FROM
    (SELECT customer, rfm(t, amount) AS part FROM random_payment GROUP BY customer, date_trunc(''month'', t)) AS p GROUP BY customer');
SELECT * FROM pg_temp.compare('SELECT customer, merge(part) AS summary FROM
    (SELECT customer, merge(part) AS part FROM
        (SELECT customer, rfm(t, amount) AS part, (shuffle * 40)::int AS i FROM random_payment GROUP BY customer, i) AS p
     GROUP BY customer, i % 7) AS p GROUP BY customer');
-- one event after the other, by the transition function and by +
CREATE FUNCTION pg_temp.one_by_one(customer int, by_plus boolean) RETURNS rfm LANGUAGE plpgsql AS $$
DECLARE
    summary rfm;
    payment record;
BEGIN
    FOR payment IN SELECT t, amount FROM random_payment AS p WHERE p.customer = one_by_one.customer ORDER BY shuffle LOOP
        IF by_plus THEN
            summary := rfm_add(NULL, payment.t, payment.amount) + summary;
        ELSE
            summary := rfm_add(summary, payment.t, payment.amount);
        END IF;
    END LOOP;
    RETURN summary;
END $$;
SELECT * FROM pg_temp.compare('SELECT c AS customer, pg_temp.one_by_one(c, false) AS summary FROM generate_series(0, 500) AS c');
SELECT * FROM pg_temp.compare('SELECT c AS customer, pg_temp.one_by_one(c, true) AS summary FROM generate_series(0, 500) AS c');

-- ---------------------------------------------------------------------------
-- Parallel: the plan aggregates in the workers, the answer is the same.
-- ---------------------------------------------------------------------------

SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET cpu_operator_cost = 1;
SET min_parallel_table_scan_size = 0;
SET enable_sort = off;
EXPLAIN (COSTS off) SELECT customer, rfm(t, amount) FROM random_payment GROUP BY customer;
SELECT * FROM pg_temp.compare('SELECT customer, rfm(t, amount) AS summary FROM random_payment GROUP BY customer');
EXPLAIN (COSTS off) SELECT rfm(t, amount) FROM random_payment;
SELECT rfm(t, amount)::text = (SELECT format('(%s,%s,%s,%s)', min(first), max(last), sum(n), sum(sum)) FROM truth) AS all_equal FROM random_payment;
CREATE TABLE random_part AS SELECT customer, branch, rfm(t, amount) AS part FROM random_payment GROUP BY customer, branch;
ANALYZE random_part;
EXPLAIN (COSTS off) SELECT customer, merge(part) FROM random_part GROUP BY customer;
SELECT * FROM pg_temp.compare('SELECT customer, merge(part) AS summary FROM random_part GROUP BY customer');

-- recency against SQL, in zones with and without changes
SELECT zone, count(*) AS instants,
       count(*) FILTER (WHERE recency(rfm_add(NULL, a.t, 0), b.t, zone)
                              = (b.t AT TIME ZONE zone)::date - (a.t AT TIME ZONE zone)::date) AS equal
FROM (SELECT * FROM random_payment WHERE isfinite(t) ORDER BY shuffle LIMIT 2000) AS a
JOIN (SELECT *, lag(shuffle) OVER (ORDER BY shuffle) AS before FROM random_payment WHERE isfinite(t) ORDER BY shuffle LIMIT 2000) AS b
     ON a.shuffle = b.before,
     (VALUES ('Asia/Shanghai'), ('America/St_Johns'), ('Pacific/Apia'), ('America/New_York'), ('UTC')) AS z (zone)
GROUP BY zone ORDER BY zone;

DROP TABLE random_payment, random_part;
