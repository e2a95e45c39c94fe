-- The tables, as text that DuckDB reads; then, as output, the query for it: the same.

\set file :directory /customer.csv
SELECT clock_timestamp() AS started \gset
COPY crm.customer TO :'file' (FORMAT csv);
\set file :directory /payment.csv
COPY (SELECT customer_id, paid_at, net, category FROM pos.payment) TO :'file' (FORMAT csv);
\set file :directory /consultation.csv
COPY (SELECT customer_id, held_at, minutes, topic FROM crm.consultation) TO :'file' (FORMAT csv);
SELECT format('-- %s', extract(epoch FROM clock_timestamp() - :'started') * 1000);
SELECT bench.plain_query(bench.as_of(), 'ntile');
