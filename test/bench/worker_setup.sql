-- A population to keep fresh: ten payments of each customer, metrics over several windows,
-- a ladder and tags.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS clientele;
CREATE SCHEMA kept;
CREATE TABLE kept.customer (id int PRIMARY KEY);
CREATE TABLE kept.payment (id int, paid_at timestamptz, amount numeric(10,2));
INSERT INTO kept.customer SELECT generate_series(1, 100000);
INSERT INTO kept.payment
SELECT g % 100000 + 1, now() - g % 1000 * interval '1 day', g % 900 + 100
FROM generate_series(1, 1000000) AS g;
CREATE INDEX ON kept.payment (id, paid_at) INCLUDE (amount);
CREATE SEQUENCE kept.next_customer;
VACUUM ANALYZE kept.customer, kept.payment;

\o /dev/null
SELECT clientele.create_population('kept', 'kept.customer', 'id', 'Asia/Shanghai', 'kept_segments');
SELECT clientele.add_source('kept', 'payment', 'kept.payment', 'id', 'paid_at');
SELECT clientele.define_metric('kept', 'spend_' || days, format('sum(payment.amount last %s days)', days)::clientele.expression, 2)
FROM unnest('{7,30,90,180,365}'::int[]) AS days;
SELECT clientele.define_metric('kept', 'count_' || days, format('count(payment last %s days)', days)::clientele.expression)
FROM unnest('{7,30,90,180,365}'::int[]) AS days;
SELECT clientele.define_metric('kept', 'total', 'sum(payment.amount)', 2);
SELECT clientele.define_ladder('kept', 'tier', '[{"label":"gold","when":"spend_365 >= 3000"},{"label":"silver","when":"spend_365 > 0"},{"label":"new"}]');
SELECT clientele.define_tag('kept', 'above_' || amount, format('spend_90 > %s', amount)::clientele.expression)
FROM generate_series(100, 2000, 100) AS amount;
SELECT clientele.publish('kept');
CALL clientele.refresh('kept');
