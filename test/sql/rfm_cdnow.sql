-- The CDNOW sample: purchases, spells and means of all customers up to
-- 1997-09-30, against the summary that comes with the data.
SET search_path = clientele, public;
SET timezone = 'UTC';
\set data `echo "${PG_ABS_SRCDIR:-test}/data"`

CREATE TEMPORARY TABLE line (master_id int, customer_id int, day date, cds int, amount numeric);
CREATE TEMPORARY TABLE cbs (customer_id int, x int, t_x numeric, t numeric, zbar numeric);
\set csv ' WITH (FORMAT csv, HEADER)'
\set load '\\copy line FROM ' '''' :data '/cdnow_sample_transactions.csv''' :csv
:load
\set load '\\copy cbs FROM ' '''' :data '/cdnow/customer_by_sufficient_statistic.csv''' :csv
:load

\set as_of '''1997-09-30'''

-- Several lines of one customer on one day are one purchase there.
CREATE TEMPORARY TABLE purchase AS
SELECT customer_id, day::timestamp AT TIME ZONE 'UTC' AS t, sum(amount) AS amount
FROM line WHERE day <= :as_of GROUP BY customer_id, day;

CREATE TEMPORARY TABLE customer AS
SELECT customer_id, rfm(t, amount) AS summary, min(amount) FILTER (WHERE nth = 1) AS first_amount
FROM (SELECT *, row_number() OVER (PARTITION BY customer_id ORDER BY t) AS nth FROM purchase) AS p
GROUP BY customer_id;

SELECT count(*) AS customers,
       sum(frequency(summary)) AS purchases,
       sum(monetary(summary)) AS revenue,
       (SELECT sum(amount) FROM line WHERE day <= :as_of) = sum(monetary(summary)) AS exact,
       count(*) FILTER (WHERE frequency(summary) - 1 = x) AS x,
       -- Weeks are days / 7, there rounded to 2 decimals, also t and t_x apart.
       count(*) FILTER (WHERE abs(recency(summary, :as_of, 'UTC')::numeric / 7 - (t - t_x)) <= 0.01) AS recency,
       count(*) FILTER (WHERE round(((last_event(summary) AT TIME ZONE 'UTC')::date
                                     - (first_event(summary) AT TIME ZONE 'UTC')::date)::numeric / 7, 2) = t_x) AS t_x,
       count(*) FILTER (WHERE round((date :as_of - (first_event(summary) AT TIME ZONE 'UTC')::date)::numeric / 7, 2) = cbs.t) AS t,
       count(*) FILTER (WHERE CASE WHEN x = 0 THEN zbar = 0
                              ELSE round((monetary(summary) - first_amount) / x, 2) = zbar END) AS zbar
FROM customer FULL JOIN cbs USING (customer_id);

-- One year's purchases month by month, merged in any order, is the year.
SELECT count(*) AS customers, count(*) FILTER (WHERE c.summary = m.summary) AS equal
FROM customer AS c
FULL JOIN (SELECT customer_id, merge(part ORDER BY md5(part::text)) AS summary
           FROM (SELECT customer_id, rfm(t, amount) AS part
                 FROM purchase GROUP BY customer_id, date_trunc('month', t)) AS monthly
           GROUP BY customer_id) AS m USING (customer_id);
