-- Values that cannot be had are NULL, are counted, and stop nobody.
SET client_min_messages = warning;
CREATE SCHEMA failing;
CREATE TABLE failing.customer (id int PRIMARY KEY, visits numeric, spend numeric, day date);
INSERT INTO failing.customer VALUES (1, 0, 100, '2026-01-01'), (2, 4, 100, '2026-01-01'), (3, 1, 9e130, '2026-01-01'), (4, 2, 10, '5874897-12-31');
CREATE TABLE failing.payment (id int, at timestamptz, net numeric);
INSERT INTO failing.payment SELECT 3, timestamptz '2026-06-01 12:00+08' + n * interval '1 hour', 9e131071::numeric FROM generate_series(1, 2) n;
SET search_path = clientele, public;
SET clientele.clock = '2026-06-30 18:00+08';
\set SHOW_CONTEXT never
SELECT create_population('failing', 'failing.customer', 'id', 'Asia/Shanghai', 'failing');
SELECT add_source('failing', 'payment', 'failing.payment', 'id', 'at');
SELECT define_metric('failing', 'each', 'spend / visits', 2);
SELECT define_metric('failing', 'far', 'day + 1');
SELECT define_metric('failing', 'total', 'sum(payment.net)');
SELECT define_tag('failing', 'dear', 'spend / visits > 20');
SELECT define_tag('failing', 'guarded', 'visits <> 0 and spend / visits > 20');
SELECT define_tag('failing', 'good, cheap', 'spend < 20');
SELECT publish('failing');
CALL refresh('failing');
SELECT id, each, far, total, tags FROM failing.failing ORDER BY id;
SELECT item, value, hint FROM status('failing') WHERE item LIKE 'failed%';
SELECT * FROM verify('failing');

-- and the next refresh, which finds none, says none
UPDATE failing.customer SET visits = 5 WHERE id = 2;
CALL refresh('failing');
SELECT id, each, tags FROM failing.failing WHERE id = 2;
SELECT item, value FROM status('failing') WHERE item LIKE 'failed%';
SELECT drop_population('failing', keep_tables => false);
DROP SCHEMA failing CASCADE;
