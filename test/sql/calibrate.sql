-- The draft looked at: check_definitions and calibrate.
SET client_min_messages = warning;
SET TimeZone = 'Asia/Shanghai';
SET clientele.clock = '2026-06-30 18:00+08';
CREATE TABLE calibrate_customer (id int PRIMARY KEY);
CREATE TABLE calibrate_payment (customer_id int, paid_at timestamptz, net numeric(12,2));
INSERT INTO calibrate_customer SELECT generate_series(1, 100);
-- customer n paid n % 5 + 1 times, last n % 40 days ago, n yuan each; the last ten never did
INSERT INTO calibrate_payment
SELECT n, timestamptz '2026-06-30 12:00+08' - (n % 40 + k * 7) * interval '1 day', n
FROM generate_series(1, 90) n, generate_series(0, 4) k WHERE k <= n % 5;

SET search_path = clientele, public;
\set SHOW_CONTEXT never
SELECT create_population('calibrated', 'calibrate_customer', 'id', 'Asia/Shanghai', 'calibrated');
SELECT add_source('calibrated', 'payment', 'calibrate_payment', 'customer_id', 'paid_at', amount => 'net');
SELECT define_metric('calibrated', 'spend', 'sum(payment.net last 365 days)', scale => 2);
SELECT define_rfm('calibrated', 'member', recency => 'latest(payment)', frequency => 'count(payment last 365 days)',
                  monetary => 'spend', bins => 3, scheme => 'eight', high_from => 3);
SELECT define_tag('calibrated', 'wrong_name', 'spendd > 3');
SELECT define_tag('calibrated', 'wrong_type', 'spend = ''much''');
SELECT define_tag('calibrated', 'round', 'has_tag(''and_round'')');
SELECT define_tag('calibrated', 'and_round', 'has_tag(''round'')');
SELECT * FROM check_definitions('calibrated') ORDER BY object;
SELECT publish('calibrated');
SELECT drop_definition('calibrated', d) FROM unnest('{wrong_name,wrong_type,round,and_round}'::text[]) d;

-- the cuts are those of layer 1 over the same values
SELECT * FROM calibrate('calibrated', 'member');
SELECT rfm_cuts(recency, frequency, monetary, 3, 'quantile')
FROM (SELECT date '2026-06-30' - max((paid_at AT TIME ZONE 'Asia/Shanghai')::date), count(*), sum(net)
      FROM calibrate_payment GROUP BY customer_id) AS v (recency, frequency, monetary);
SELECT * FROM check_definitions('calibrated');

-- anew: old beside new; another instant, other values
UPDATE calibrate_payment SET net = net * 2;
SELECT * FROM calibrate('calibrated', 'member') WHERE axis = 'monetary';
SELECT * FROM calibrate('calibrated', 'member', '2026-07-10 12:00+08') WHERE axis = 'recency';

-- refused
SELECT * FROM calibrate('calibrated', 'membr');
SELECT * FROM calibrate('calibrated', 'spend');
SELECT * FROM calibrate('nobody', 'member');
DELETE FROM calibrate_payment;
SELECT * FROM calibrate('calibrated', 'member');

SELECT drop_population('calibrated');
DROP TABLE calibrate_customer, calibrate_payment;
