-- Whether customers have moved away from what the rules were made for.
SET client_min_messages = warning;
SET TimeZone = 'Asia/Shanghai';
SET clientele.clock = '2026-06-30 18:00+08';
CREATE TABLE drift_customer (id int PRIMARY KEY, home text);
CREATE TABLE drift_payment (customer_id int, paid_at timestamptz, net numeric(12,2));
SET search_path = clientele, public;
\set SHOW_CONTEXT never
SELECT psi_band(0), psi_band(0.0999999), psi_band(0.1), psi_band(0.2499999), psi_band(0.25), psi_band('infinity');
SELECT psi_band(0.05, 'zh'), psi_band(0.2, 'zh'), psi_band(3, 'zh'), psi_band(NULL), psi_band(1, NULL);
SELECT psi_band(-0.1);
SELECT psi_band('NaN');
SELECT psi_band(1, 'fr');

SELECT create_population('drifting', 'drift_customer', 'id', 'Asia/Shanghai', 'drifting');
SELECT add_source('drifting', 'payment', 'drift_payment', 'customer_id', 'paid_at', amount => 'net');
SELECT define_metric('drifting', 'home_branch', 'home'), define_metric('drifting', 'spend', 'sum(payment.net)'), set_branch('drifting', 'home_branch');
SELECT define_ladder('drifting', 'stage', '[{"label": "regular", "when": "count(payment) > 1"}, {"label": "new"}]');
SELECT drift('drifting');

-- 200 customers by the end of June; by the end of July 100 of the 100 in pudong have paid
-- again, 50 of the 100 in xuhui, and 50 have come who had never been there
INSERT INTO drift_customer SELECT n, CASE WHEN n <= 100 THEN 'pudong' WHEN n <= 200 THEN 'xuhui' END FROM generate_series(1, 250) AS n;
INSERT INTO drift_customer VALUES (999, 'nobody has seen her');
INSERT INTO drift_payment SELECT n, '2026-06-01 12:00+08', 100 FROM generate_series(1, 200) AS n;
INSERT INTO drift_payment SELECT n, '2026-06-02 12:00+08', 100 FROM generate_series(1, 200) AS n WHERE n % 4 = 0;
INSERT INTO drift_payment SELECT n, '2026-07-15 12:00+08', 300 FROM generate_series(1, 250) AS n WHERE n <= 150 OR n > 200;
SELECT define_scorecard('drifting', 'tier', '{"method": "additive", "characteristics": [
  {"name": "spend", "value": "spend", "bins": [{"below": 200, "points": 1}, {"below": 400, "points": 2}, {"points": 3}]},
  {"name": "large", "bins": [{"when": "count(payment where net > 200) > 0", "points": 5}, {"points": 0}]},
  {"name": "all alike", "bins": [{"points": 0}]}],
  "tiers": [{"label": "best", "at_least": 6}, {"label": "rest"}]}');
SELECT define_rfm('drifting', 'grid', recency => 'latest(payment)', frequency => 'count(payment)', monetary => 'spend', bins => 2,
                  method => 'median', scheme => 'eight');
SELECT * FROM calibrate('drifting', 'grid', '2026-06-30 18:00+08');
SELECT definition::jsonb ->> 'calibrated_at' AS calibrated_at FROM definitions('drifting') WHERE name = 'grid';
-- both know the same: when the version is published is not looked at then
SELECT publish('drifting', 'end of June');
CALL refresh('drifting');

SELECT * FROM drift_bins('drifting', 'stage', '2026-06-30 18:00+08', '2026-07-31 18:00+08');
-- all:    150 new, 50 regular of 200; then 87 and 163 of 250: 0.402 ln (0.652 / 0.25) + 0.402 ln (0.75 / 0.348) = 0.6940
-- pudong: 75, 25; then 0, 100: (1 - 0.25) ln 4 + (0.0001 - 0.75) ln (0.0001 / 0.75) = 7.7308
-- xuhui:  75, 25; then 37, 63: 0.38 ln (0.63 / 0.25) + 0.38 ln (0.75 / 0.37) = 0.6197
SELECT definition, item, branch, expected, actual, round(psi::numeric, 4) AS psi, band
FROM drift('drifting', 'stage', '2026-06-30 18:00+08', '2026-07-31 18:00+08');
SELECT definition, item, branch, expected, actual, round(psi::numeric, 4) AS psi, band
FROM drift('drifting', since => '2026-06-30 18:00+08', as_of => '2026-07-31 18:00+08', floor => 0.01, minimum => 150);
-- nothing has moved
SELECT definition, item, branch, expected, actual, psi, psi_band(psi, 'zh') AS band
FROM drift('drifting', since => '2026-06-30 18:00+08') WHERE branch IS NULL;
-- no least share for an empty bin; not so many customers
SELECT * FROM drift('drifting', 'stage', '2026-06-30 18:00+08', '2026-07-31 18:00+08', floor => 0);
SELECT psi, band FROM drift('drifting', 'stage', '2026-05-01 00:00+08', minimum => 0);

-- a grid is compared with its calibration; the others with the version that brought them as they are
SELECT definition, compared_with = (SELECT published_at FROM clientele.version AS v JOIN clientele.population USING (population_id) WHERE name = 'drifting' AND version = 1) AS with_first,
       compared_with = '2026-06-30 18:00+08' AS with_calibration
FROM drift('drifting') WHERE item IN ('label', 'tier') AND branch IS NULL;
SELECT define_tag('drifting', 'rich', 'spend > 350');
SELECT publish('drifting', 'a tag more'); CALL refresh('drifting');
SELECT define_ladder('drifting', 'stage', '[{"label": "regular", "when": "count(payment) > 2"}, {"label": "new"}]');
SELECT publish('drifting', 'another ladder'); CALL refresh('drifting');
SELECT define_ladder('drifting', 'stage', '[{"label": "regular", "when": "count(payment) > 1"}, {"label": "new"}]');
SELECT publish('drifting', 'as before'); CALL refresh('drifting');
SELECT d.definition, v.note, count(*) FROM drift('drifting') AS d
LEFT JOIN (clientele.version AS v JOIN clientele.population AS p ON (p.population_id, p.name) = (v.population_id, 'drifting')) ON v.published_at = d.compared_with
GROUP BY d.definition, v.note ORDER BY d.definition;

SELECT drift('drifting', 'spend');
SELECT drift('drifting', since => 'infinity');
SELECT drift('drifting', as_of => '-infinity');
SELECT drift('nobody');
SELECT drift('drifting', minimum => NULL);
CREATE ROLE regress_drift_stranger;
GRANT USAGE ON SCHEMA clientele TO regress_drift_stranger;
SET ROLE regress_drift_stranger;
SELECT drift('drifting');
SELECT distribution(1, NULL, now());
RESET ROLE;
REVOKE ALL ON SCHEMA clientele FROM regress_drift_stranger;
DROP ROLE regress_drift_stranger;

-- cuts that are parameters: calibrate sets these
SELECT set_parameter('drifting', 'recent', 7), set_parameter('drifting', 'often', 1), set_parameter('drifting', 'rich from', 5),
       set_parameter('drifting', 'rich from', 7, branch => 'pudong');
SELECT define_rfm('drifting', 'grid', recency => 'latest(payment)', frequency => 'count(payment)', monetary => 'spend', bins => 2,
                  method => 'mean', cuts => 'recency recent; frequency 1.5; monetary "rich from"', scheme => 'eight');
SELECT * FROM calibrate('drifting', 'grid', '2026-07-31 18:00+08');
SELECT name, definition, state FROM definitions('drifting') WHERE name IN ('recent', 'often', 'rich from', 'grid');
SELECT * FROM calibrate('drifting', 'grid', '2026-06-30 18:00+08');
-- each method gives old and new; the same by layer 1
SELECT m.method, c.axis, c.cut_no, c.new, c.old, (cuts(r, c.axis))[c.cut_no] AS layer_1
FROM unnest('{quantile,r-rfm,mean,median,width}'::text[]) WITH ORDINALITY AS m (method, no)
CROSS JOIN LATERAL (SELECT define_rfm('drifting', 'grid_' || m.no, 'latest(payment)', 'count(payment)', 'spend', bins => 2, method => m.method,
                                      cuts => 'recency recent; frequency 1; monetary 1', scheme => 'eight') OFFSET 0) AS d
CROSS JOIN LATERAL calibrate('drifting', 'grid_' || m.no || left(d::text, 0), '2026-07-31 18:00+08') AS c
CROSS JOIN LATERAL (SELECT rfm_cuts(date '2026-07-31' - v.last, v.n, v.net, 2, m.method) AS r
                    FROM (SELECT max((paid_at AT TIME ZONE 'Asia/Shanghai')::date) AS last, count(*) AS n, sum(net) AS net FROM drift_payment GROUP BY customer_id) AS v) AS l
ORDER BY m.no, array_position('{recency,frequency,monetary}', c.axis);
-- what cannot be set
SELECT define_rfm('drifting', 'grid', 'latest(payment)', 'count(payment)', 'spend', bins => 2, cuts => 'recency 2 * recent; frequency 1; monetary 1', scheme => 'eight');
SELECT calibrate('drifting', 'grid', '2026-07-31 18:00+08');
SELECT define_rfm('drifting', 'grid', 'latest(payment)', 'count(payment)', 'spend', bins => 2, cuts => 'recency recent; frequency recent; monetary 1', scheme => 'eight');
SELECT calibrate('drifting', 'grid', '2026-07-31 18:00+08');
SELECT define_rfm('drifting', 'grid', 'latest(payment)', 'count(payment)', 'spend', bins => 2, cuts => 'recency recent, 90; frequency often; monetary 1', scheme => 'eight', high_from => 2);
SELECT * FROM calibrate('drifting', 'grid', '2026-07-31 18:00+08');
SELECT definition::jsonb ->> 'cuts' AS cuts FROM definitions('drifting') WHERE name = 'grid';
SELECT define_rfm('drifting', 'grid', 'latest(payment)', 'count(payment)', 'spend', bins => 2, cuts => 'recency 7, recent; frequency often; monetary 1', scheme => 'eight', high_from => 2);
SELECT calibrate('drifting', 'grid', '2026-07-31 18:00+08');

SELECT drop_population('drifting');

-- random customers and instants, counted by plain SQL, the index by its definition; another
-- seed: psql -v seed=0.5
TRUNCATE drift_customer, drift_payment;
\if :{?seed} \else \set seed 0.42 \endif
\echo seed :seed
SELECT setseed(:seed);
INSERT INTO drift_customer SELECT n, (ARRAY['pudong', 'xuhui', 'jing''an', '静安', NULL])[1 + floor(random() * 5)] FROM generate_series(1, 400) AS n;
INSERT INTO drift_payment
SELECT n, timestamptz '2026-06-30 12:00+08' - random() ^ 2 * interval '300 days' + interval '20 days', round((random() * 400)::numeric, 2)
FROM generate_series(1, 400) AS n, generate_series(1, 6) AS k WHERE random() < 0.3;
SELECT create_population('drifting', 'drift_customer', 'id', 'Asia/Shanghai', 'drifting');
SELECT add_source('drifting', 'payment', 'drift_payment', 'customer_id', 'paid_at', amount => 'net');
SELECT define_metric('drifting', 'home_branch', 'home'), define_metric('drifting', 'spend', 'sum(payment.net)'), set_branch('drifting', 'home_branch');
SELECT set_parameter('drifting', 'recent', 40), set_parameter('drifting', 'much', 300), set_parameter('drifting', 'window', 100);
SELECT set_parameter('drifting', 'recent', 20, branch => 'xuhui'), set_parameter('drifting', 'much', 150, branch => '静安'),
       set_parameter('drifting', 'window', 200, branch => 'jing''an'), set_parameter('drifting', 'much', 200, branch => 'xuhui');
SELECT define_rfm('drifting', 'grid', recency => 'latest(payment)', frequency => 'count(payment last window days)', monetary => 'spend',
                  cuts => 'recency recent, 3 * recent; frequency 1, 2; monetary 100, much', groups => '[{"label": "best", "when": "score >= 322"}, {"label": "some", "when": "r > 1"}]');
SELECT define_scorecard('drifting', 'tier', '{"method": "additive", "initial": "recent", "characteristics": [
  {"name": "spend", "value": "spend", "bins": [{"below": "much", "points": 1}, {"below": "2 * much", "points": 20}, {"points": 40}]},
  {"name": "large", "bins": [{"when": "max(payment.net) >= much", "points": 5}, {"when": "max(payment.net) >= 100", "points": 2}]}],
  "tiers": [{"label": "best", "at_least": "recent + 22"}, {"label": "rest"}]}');
SELECT define_ladder('drifting', 'stage', '[{"label": "regular", "when": "count(payment last window days) > 1"}, {"label": "new"}]');
SELECT publish('drifting'); CALL refresh('drifting');
CREATE FUNCTION pg_temp.counted(as_of timestamptz) RETURNS TABLE (definition text, item text, branch text, bin text, customers bigint) LANGUAGE sql AS $$
    WITH facts AS (
        SELECT c.id, c.home AS branch, (as_of AT TIME ZONE 'Asia/Shanghai')::date - max((p.paid_at AT TIME ZONE 'Asia/Shanghai')::date) AS days, sum(p.net) AS spend, max(p.net) AS greatest,
               count(*) FILTER (WHERE (p.paid_at AT TIME ZONE 'Asia/Shanghai')::date > (as_of AT TIME ZONE 'Asia/Shanghai')::date - CASE c.home WHEN 'jing''an' THEN 200 ELSE 100 END) AS n,
               CASE c.home WHEN 'xuhui' THEN 20 ELSE 40 END AS recent, CASE c.home WHEN '静安' THEN 150 WHEN 'xuhui' THEN 200 ELSE 300 END AS much
        FROM drift_customer AS c JOIN drift_payment AS p ON p.customer_id = c.id AND p.paid_at <= as_of GROUP BY c.id),
    scores AS (
        SELECT *, CASE WHEN days < recent THEN 3 WHEN days < 3 * recent THEN 2 ELSE 1 END AS r, CASE WHEN n < 1 THEN 1 WHEN n < 2 THEN 2 ELSE 3 END AS f,
               CASE WHEN spend < 100 THEN 1 WHEN spend < much THEN 2 ELSE 3 END AS m,
               CASE WHEN spend < much THEN 1 WHEN spend < 2 * much THEN 2 ELSE 3 END AS spend_bin,
               CASE WHEN greatest >= much THEN 1 WHEN greatest >= 100 THEN 2 END AS large_bin FROM facts),
    labels AS (
        SELECT s.branch, i.* FROM scores AS s CROSS JOIN LATERAL (VALUES
            ('grid', 'recency', r::text), ('grid', 'frequency', f::text), ('grid', 'monetary', m::text),
            ('grid', 'label', CASE WHEN 100 * r + 10 * f + m >= 322 THEN 'best' WHEN r > 1 THEN 'some' END),
            ('tier', 'spend', spend_bin::text), ('tier', 'large', large_bin::text),
            ('tier', 'tier', CASE WHEN large_bin IS NOT NULL THEN CASE WHEN (ARRAY[1, 20, 40])[spend_bin] + (ARRAY[5, 2])[large_bin] >= 22 THEN 'best' ELSE 'rest' END END),
            ('stage', 'label', CASE WHEN n > 1 THEN 'regular' ELSE 'new' END)) AS i (definition, item, bin))
    SELECT l.definition, l.item, b.branch, l.bin, count(*) FROM labels AS l CROSS JOIN LATERAL (SELECT NULL UNION ALL SELECT l.branch WHERE l.branch IS NOT NULL) AS b (branch)
    GROUP BY l.definition, l.item, b.branch, l.bin
$$;
CREATE TEMP TABLE counted AS
SELECT i AS instant, c.* FROM unnest(ARRAY['2026-05-20 12:00+08', '2026-06-10 00:00+08', '2026-06-30 18:00+08', '2026-07-15 09:30+08']::timestamptz[]) AS i, pg_temp.counted(i) AS c;
CREATE TEMP TABLE pairs AS
SELECT a.instant AS before, b.instant AS after FROM (SELECT DISTINCT instant FROM counted) AS a, (SELECT DISTINCT instant FROM counted) AS b;
-- each bin at each pair of instants, on both sides
SELECT count(*) > 1000 AS many, count(*) FILTER (WHERE ours IS DISTINCT FROM plain) AS differences FROM (
    SELECT p.before, p.after, d.definition, d.item, d.branch, d.bin, (d.expected, d.actual)::text AS ours FROM pairs AS p, drift_bins('drifting', NULL, p.before, p.after) AS d) AS o
FULL JOIN (
    SELECT p.before, p.after, c.definition, c.item, c.branch, c.bin,
           (coalesce(sum(customers) FILTER (WHERE c.instant = p.before), 0)::bigint, coalesce(sum(customers) FILTER (WHERE c.instant = p.after), 0)::bigint)::text AS plain
    FROM pairs AS p JOIN counted AS c ON c.instant IN (p.before, p.after) GROUP BY 1, 2, 3, 4, 5, 6) AS s
ON (o.before, o.after, o.definition, o.item, coalesce(o.branch, '*'), coalesce(o.bin, '*')) = (s.before, s.after, s.definition, s.item, coalesce(s.branch, '*'), coalesce(s.bin, '*'));
-- and the index
SELECT count(*) > 100 AS many, count(*) FILTER (WHERE psi > 0.25) > 0 AS some_large, count(*) FILTER (WHERE abs(psi - plain) < 1e-12) = count(*) AS same,
       count(*) FILTER (WHERE band <> CASE WHEN plain < 0.1 THEN 'stable' WHEN plain < 0.25 THEN 'watch' ELSE 'recalibrate' END) AS other_bands
FROM (SELECT p.before, p.after, d.* FROM pairs AS p, drift('drifting', NULL, p.before, p.after, floor => 0.001, minimum => 5) AS d) AS o
JOIN (
    SELECT before, after, definition, item, branch, sum((a - e) * ln(a / e)) AS plain
    FROM (SELECT p.before, p.after, b.definition, b.item, b.branch, greatest(0.001, b.expected / sum(b.expected) OVER w)::float8 AS e, greatest(0.001, b.actual / sum(b.actual) OVER w)::float8 AS a
          FROM pairs AS p, LATERAL (SELECT c.definition, c.item, c.branch, c.bin, sum(CASE WHEN c.instant = p.before THEN customers ELSE 0 END) AS expected,
                                           sum(CASE WHEN c.instant = p.after THEN customers ELSE 0 END) AS actual
                                    FROM counted AS c WHERE c.instant IN (p.before, p.after) GROUP BY 1, 2, 3, 4) AS b
          WINDOW w AS (PARTITION BY p.before, p.after, b.definition, b.item, b.branch)) AS shares
    GROUP BY 1, 2, 3, 4, 5) AS s
ON (o.before, o.after, o.definition, o.item, coalesce(o.branch, '*')) = (s.before, s.after, s.definition, s.item, coalesce(s.branch, '*'));

-- a level that is kept counts as kept; a pinned label as what the rules say, which are in question
SELECT define_ladder('drifting', 'kept', '[{"label": "regular", "when": "count(payment last 30 days) > 1"}, {"label": "new"}]', '{"demote_after": "60 days"}');
SELECT publish('drifting'); CALL refresh('drifting');
CREATE TEMP TABLE as_they_are AS SELECT bin, expected, actual FROM drift_bins('drifting', 'kept', '2026-05-20 12:00+08', '2026-07-15 09:30+08') WHERE branch IS NULL;
SELECT count(*) AS bins, count(*) FILTER (WHERE (d.expected, d.actual) = (v.before, v.after)) AS same
FROM as_they_are AS d FULL JOIN (
    SELECT label, count(*) FILTER (WHERE at = '2026-05-20 12:00+08') AS before, count(*) FILTER (WHERE at = '2026-07-15 09:30+08') AS after
    FROM (SELECT i AS at, a.id, a.kept AS label FROM unnest(ARRAY['2026-05-20 12:00+08', '2026-07-15 09:30+08']::timestamptz[]) AS i, drifting.drifting_as_of(i) AS a) AS a
    WHERE EXISTS (SELECT FROM drift_payment AS p WHERE p.customer_id = a.id AND p.paid_at <= a.at) GROUP BY label) AS v ON v.label = d.bin;
SELECT count(*) AS pinned FROM drift_customer AS c CROSS JOIN LATERAL pin_label('drifting', c.id, 'kept', 'regular') AS p WHERE c.id <= 200;
SELECT count(*) FILTER (WHERE kept = 'regular') >= 200 AS seen FROM drifting.drifting;
SELECT count(*) AS others FROM (SELECT bin, expected, actual FROM drift_bins('drifting', 'kept', '2026-05-20 12:00+08', '2026-07-15 09:30+08') WHERE branch IS NULL EXCEPT TABLE as_they_are) AS d;

SELECT drop_population('drifting');
DROP TABLE drift_customer, drift_payment;
