-- Ten thousand rows by one statement, into the table that is captured and the one that is not.

SELECT current_setting('data_directory') AS directory \gset
CALL bench.empty();
CREATE TEMPORARY TABLE turn (position serial, name text, statement text);
INSERT INTO turn (name, statement) VALUES
    ('INSERT of 10,000 rows, as many customers', format('INSERT INTO till.%%I (customer_id, paid_at, net, category) SELECT 1 + (n + $1) * 7919 %%%% %s, bench.as_of(), 100, ''skin'' FROM generate_series(1, 10000) AS n', :customers)),
    ('INSERT of 10,000 rows, a tenth as many', format('INSERT INTO till.%%I (customer_id, paid_at, net, category) SELECT 1 + (n + $1) %%%% 1000 * 7919 %%%% %s, bench.as_of(), 100, ''skin'' FROM generate_series(1, 10000) AS n', :customers)),
    ('COPY of 10,000 rows, as many customers', format('COPY till.%%I (customer_id, paid_at, net, category) FROM %L', :'directory' || '/till_many.csv')),
    ('COPY of 10,000 rows, a tenth as many', format('COPY till.%%I (customer_id, paid_at, net, category) FROM %L', :'directory' || '/till_few.csv'));
SELECT format('CALL bench.bulk(%L, %L, %L)', t.name, s.side, format(t.statement, s.relation)) AS call
FROM turn AS t, (VALUES (1, 'plain', 'plain'), (2, 'clientele', 'captured')) AS s (position, side, relation)
ORDER BY t.position, s.position \gexec
