-- Each customer has paid once, so the row that is stored was committed by the refresh that
-- took this payment in; and the server has kept when both were committed.
SELECT count(*) AS payments,
       count(*) FILTER (WHERE delay > 1000) AS "later than 1 s",
       round((percentile_cont(0.5) WITHIN GROUP (ORDER BY delay))::numeric) AS "median ms",
       round((percentile_cont(0.99) WITHIN GROUP (ORDER BY delay))::numeric) AS "99th percentile ms",
       round(max(delay)::numeric) AS "longest ms"
FROM (SELECT 1000 * extract(epoch FROM pg_xact_commit_timestamp(s.xmin) - pg_xact_commit_timestamp(p.xmin)) AS delay
      FROM kept.payment AS p JOIN clientele_data.kept_stored_1 AS s USING (id)
      WHERE p.id <= (SELECT last_value FROM kept.next_customer) AND p.paid_at >= :'since') AS d;
