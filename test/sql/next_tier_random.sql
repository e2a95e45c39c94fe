-- What next_tier offers is done, and time is let pass, on random customers and thresholds,
-- against labels found in plain SQL that shares no code with the extension.
-- Another seed: psql -v seed=0.5.
SET client_min_messages = warning;
SET timezone = 'Asia/Shanghai';
SET jit = off;
\if :{?seed} \else \set seed 0.20261123 \endif
\echo seed :seed
SELECT setseed(:seed);
CREATE SCHEMA regress_offers;
SET search_path = regress_offers, clientele;

CREATE TABLE customer (id int PRIMARY KEY, city text);
CREATE TABLE payment (id int NOT NULL, paid_at timestamptz NOT NULL, net numeric(12,2), category text);
CREATE TABLE visit (id int NOT NULL, arrived_at timestamptz NOT NULL);
CREATE INDEX ON payment (id, paid_at) INCLUDE (net, category);
CREATE INDEX ON visit (id, arrived_at);

-- A few payments and visits of the last 500 days, some of them still to come.
INSERT INTO customer SELECT i, CASE WHEN random() < 0.5 THEN 'Shanghai' ELSE 'Beijing' END FROM generate_series(1, 18) AS i;
INSERT INTO payment
SELECT id, timestamptz '2026-06-12 10:00+08' + interval '10 days' - random() * interval '500 days',
    round((random() * 12000)::numeric, floor(random() * 3)::int), (ARRAY['skin', 'laser', NULL])[1 + floor(random() * 3)::int]
FROM customer, LATERAL generate_series(1, id % 7);
INSERT INTO visit
SELECT id, date_trunc('minute', timestamptz '2026-06-12 10:00+08' + interval '5 days' - random() * interval '150 days')
FROM customer, LATERAL generate_series(1, id % 5);

-- ---------------------------------------------------------------------------
-- Plain SQL
-- ---------------------------------------------------------------------------

-- thresholds of the rules of today
CREATE TABLE rule (spend_days int, visit_days int, skin_days int, low numeric, high numeric, skin numeric, quiet int);

CREATE FUNCTION day(t timestamptz) RETURNS date LANGUAGE sql STABLE AS $$ SELECT (t AT TIME ZONE 'Asia/Shanghai')::date $$;

CREATE FUNCTION facts(key int, at timestamptz, OUT spend numeric, OUT skin numeric, OUT visits bigint, OUT quiet int) LANGUAGE sql STABLE AS $$
    SELECT (SELECT coalesce(sum(net), 0) FROM payment WHERE id = key AND paid_at <= at AND day(paid_at) > day(at) - spend_days),
           (SELECT coalesce(sum(net), 0) FROM payment WHERE id = key AND paid_at <= at AND day(paid_at) > day(at) - skin_days AND category = 'skin'),
           (SELECT count(*) FROM visit WHERE id = key AND arrived_at <= at AND day(arrived_at) > day(at) - visit_days),
           (SELECT day(at) - day(max(paid_at)) FROM payment WHERE id = key AND paid_at <= at)
    FROM rule $$;

-- Each definition's label, and its place: the lower, the better.
CREATE FUNCTION truth(definition text, key int, at timestamptz, OUT label text, OUT place int) LANGUAGE sql STABLE AS $$
    WITH f AS (SELECT * FROM facts(key, at), rule AS r (spend_days, visit_days, skin_days, low, high, skin_min, quiet_max)),
    score AS (
        SELECT round((60 * CASE WHEN spend < low THEN 20 WHEN spend < high THEN 60 ELSE 100 END
                      + 40 * CASE WHEN visits < 2 THEN 0 WHEN visits < 4 THEN 50 ELSE 100 END
                      + 20 * CASE WHEN quiet < quiet_max THEN 100 WHEN quiet IS NULL THEN 0 ELSE 30 END) / 120.0, 2) AS tier,
               CASE WHEN quiet < 30 THEN 3 WHEN quiet < quiet_max + 60 THEN 2 WHEN quiet IS NOT NULL THEN 1 END
               + CASE WHEN visits < 1 THEN 1 WHEN visits < 3 THEN 2 ELSE 3 END
               + CASE WHEN spend < low THEN 1 WHEN spend < high THEN 2 ELSE 3 END AS grid
        FROM f),
    places AS (
        SELECT CASE definition
            WHEN 'tier' THEN CASE WHEN tier >= 75 THEN 0 WHEN tier >= 50 THEN 1 ELSE 2 END
            WHEN 'stage' THEN CASE WHEN spend >= high AND visits >= 3 THEN 0 WHEN skin > skin_min THEN 1
                                   WHEN quiet <= quiet_max AND (SELECT city FROM customer WHERE id = key) = 'Shanghai' THEN 2
                                   WHEN quiet <= quiet_max THEN 3 ELSE 4 END
            WHEN 'member' THEN CASE WHEN grid >= 8 THEN 0 WHEN grid >= 5 THEN 1 ELSE 2 END
            WHEN 'loyal' THEN CASE WHEN 3 * visits - 1 > 6 AND spend / 2 + 100 >= low THEN 0 ELSE 1 END
            END AS place
        FROM f, score)
    SELECT CASE definition WHEN 'tier' THEN (ARRAY['strategic', 'value', 'nurture'])[place + 1]
            WHEN 'stage' THEN (ARRAY['gold', 'skin', 'local', 'active', 'other'])[place + 1]
            WHEN 'member' THEN (ARRAY['best', 'good', 'rest'])[place + 1]
            ELSE (ARRAY['loyal'])[place + 1] END, place
    FROM places $$;

-- The same rules, for the extension.
CREATE FUNCTION define(r rule) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM rule;
    INSERT INTO rule VALUES (r.*);
    PERFORM set_parameter('regress_offers', 'spend_days', r.spend_days);
    PERFORM set_parameter('regress_offers', 'quiet_max', r.quiet);
    PERFORM define_metric('regress_offers', 'spend', 'sum(payment.net last spend_days days)', 2);
    PERFORM define_metric('regress_offers', 'visits', format('count(visit last %s days)', r.visit_days)::expression);
    PERFORM define_scorecard('regress_offers', 'tier', format('{"method": "weighted", "characteristics": [
        {"name": "consumption", "weight": 60, "value": "spend", "bins": [{"below": %s, "points": 20}, {"below": %s, "points": 60}, {"points": 100}]},
        {"name": "interaction", "weight": 40, "value": "visits", "bins": [{"below": 2, "points": 0}, {"below": 4, "points": 50}, {"points": 100}]},
        {"name": "recent", "weight": 20, "value": "days_since(latest(payment))", "bins": [{"below": %s, "points": 100}, {"points": 30}], "missing": {"points": 0}}],
        "tiers": [{"label": "strategic", "at_least": 75}, {"label": "value", "at_least": 50}, {"label": "nurture"}]}', r.low, r.high, r.quiet)::scorecard);
    PERFORM define_ladder('regress_offers', 'stage', jsonb_build_array(
        jsonb_build_object('label', 'gold', 'when', format('spend >= %s and visits >= 3', r.high)),
        jsonb_build_object('label', 'skin', 'when', format('sum(payment.net where category = ''skin'' last %s days) > %s', r.skin_days, r.skin)),
        jsonb_build_object('label', 'local', 'when', 'days_since(latest(payment)) <= quiet_max and city = ''Shanghai'''),
        jsonb_build_object('label', 'active', 'when', 'days_since(latest(payment)) <= quiet_max'),
        jsonb_build_object('label', 'other')));
    PERFORM define_rfm('regress_offers', 'member', 'latest(payment)', 'visits', 'spend',
        cuts => format('recency 30, %s; frequency 1, 3; monetary %s, %s', r.quiet + 60, r.low, r.high),
        groups => '[{"label": "best", "when": "r + f + m >= 8"}, {"label": "good", "when": "r + f + m >= 5"}, {"label": "rest"}]');
    PERFORM define_tag('regress_offers', 'loyal', format('3 * visits - 1 > 6 and spend / 2 + 100 >= %s', r.low)::expression);
    RETURN publish('regress_offers');
END
$$;

-- ---------------------------------------------------------------------------
-- Doing what is offered
-- ---------------------------------------------------------------------------

CREATE TABLE offer (definition text, key int, asked timestamptz, kind text, step int, item text, missing numeric, unit text,
                    until timestamptz, from_label text, to_label text, note text);

CREATE FUNCTION happen(key int, unit text, amount numeric, at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CASE split_part(unit, ' ', 1)
        WHEN 'visit' THEN INSERT INTO visit SELECT key, at FROM generate_series(1, amount);
        WHEN 'payment' THEN INSERT INTO payment SELECT key, at, NULL, CASE WHEN unit LIKE '%skin%' THEN 'skin' END FROM generate_series(1, amount);
        WHEN 'payment.net' THEN INSERT INTO payment VALUES (key, at, amount, CASE WHEN unit LIKE '%skin%' THEN 'skin' END);
    END CASE;
END
$$;

-- The place, and whether the view agrees, if all of a step is done then, but `less` of one row of it.
CREATE FUNCTION place_after(o offer, moment timestamptz, less numeric, OUT place int, OUT agreed boolean) LANGUAGE plpgsql AS $$
DECLARE
    seen text;
    label text;
BEGIN
    BEGIN
        PERFORM happen(o.key, p.unit, p.missing - CASE WHEN p.item = o.item THEN less ELSE 0 END, moment)
        FROM offer AS p WHERE (p.definition, p.key, p.asked, p.step, p.kind) = (o.definition, o.key, o.asked, o.step, 'gain');
        SELECT t.place, t.label INTO place, label FROM truth(o.definition, o.key, moment) AS t;
        IF o.definition <> 'loyal' THEN
            seen := profile('regress_offers', o.key, moment) ->> o.definition;
        ELSIF profile('regress_offers', o.key, moment) -> 'tags' ? 'loyal' THEN
            seen := 'loyal';
        END IF;
        agreed := seen IS NOT DISTINCT FROM label;
        RAISE EXCEPTION USING ERRCODE = 'UC001';
    EXCEPTION WHEN SQLSTATE 'UC001' THEN
        NULL;
    END;
END
$$;

CREATE FUNCTION place_of(definition text, label text) RETURNS int LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(array_position(CASE definition WHEN 'tier' THEN ARRAY['strategic', 'value', 'nurture']
        WHEN 'stage' THEN ARRAY['gold', 'skin', 'local', 'active', 'other']
        WHEN 'member' THEN ARRAY['best', 'good', 'rest'] ELSE ARRAY['loyal'] END, label) - 1, 1) $$;

CREATE TABLE checked (definition text, kind text, unit text, what text, holds boolean, key int, asked timestamptz);

CREATE FUNCTION note_check(o offer, what text, holds boolean) RETURNS void LANGUAGE sql AS $$
    INSERT INTO checked VALUES (o.definition, o.kind, o.unit, what, holds, o.key, o.asked) $$;

CREATE FUNCTION check_gain(o offer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    least numeric := CASE WHEN o.unit LIKE 'payment.net%' THEN 0.01 ELSE 1 END;
    promised int := place_of(o.definition, o.to_label);
    after record;
BEGIN
    after := place_after(o, o.asked, 0);
    PERFORM note_check(o, 'suffices', after.place = promised AND promised < place_of(o.definition, o.from_label)),
            note_check(o, 'is seen', after.agreed);
    after := place_after(o, o.asked, least);
    PERFORM note_check(o, 'less does not', after.place > promised), note_check(o, 'is seen', after.agreed);
    IF o.until IS NOT NULL THEN
        PERFORM note_check(o, 'until then', (place_after(o, o.until - interval '1 microsecond', 0)).place <= promised),
                note_check(o, 'not from then on', (place_after(o, o.until, 0)).place > promised);
    END IF;
    PERFORM note_check(o, 'in between', (place_after(o, o.asked + random() * (coalesce(o.until, o.asked + interval '5 years') - o.asked), 0)).place <= promised)
    FROM generate_series(1, 3);
END
$$;

CREATE FUNCTION check_change(o offer) RETURNS void LANGUAGE sql AS $$
    SELECT note_check(o, 'a microsecond before', (truth(o.definition, o.key, o.until - interval '1 microsecond')).label IS NOT DISTINCT FROM o.from_label),
           note_check(o, 'then', (truth(o.definition, o.key, o.until)).label IS NOT DISTINCT FROM o.to_label) $$;

-- What is not offered: more visits, or a payment of any size, do not help; and no change is left unsaid.
CREATE FUNCTION check_silence(d text, k int, t0 timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    now_place int := (truth(d, k, t0)).place;
    now_label text := (truth(d, k, t0)).label;
    o offer;
    till timestamptz := (SELECT max(p.until) FROM offer AS p WHERE (p.definition, p.key, p.asked) = (d, k, t0) AND p.kind <> 'gain');
    said text;
    t timestamptz;
BEGIN
    FOR o IN SELECT d, k, t0, 'gain', 0, 'nothing', missing, unit, NULL, NULL, NULL, NULL
             FROM (VALUES ('visit', 1), ('visit', 2), ('visit', 5), ('visit', 20), ('payment', 1),
                          ('payment.net', 10), ('payment.net', 1000), ('payment.net', 10000), ('payment.net', 1000000)) AS v (unit, missing)
             WHERE NOT EXISTS (SELECT FROM offer AS p WHERE (p.definition, p.key, p.asked, p.kind) = (d, k, t0, 'gain')
                               AND (p.unit = v.unit AND p.missing <= v.missing OR p.unit = 'payment' AND v.unit = 'payment.net')) LOOP
        INSERT INTO offer VALUES (o.*);
        PERFORM note_check(o, 'no help from less or else', (place_after(o, t0, 0)).place >= now_place);
        DELETE FROM offer WHERE step = 0;
    END LOOP;

    o := ROW(d, k, t0, 'change', 0);
    FOR i IN 1 .. 6 LOOP
        t := t0 + random() * (coalesce(till, t0 + interval '4 years') - t0);
        said := CASE WHEN till IS NULL THEN now_label ELSE
            (SELECT p.from_label FROM offer AS p WHERE (p.definition, p.key, p.asked) = (d, k, t0) AND p.kind <> 'gain' AND p.until > t
             ORDER BY p.until LIMIT 1) END;
        PERFORM note_check(o, 'no change unsaid', (truth(d, k, t)).label IS NOT DISTINCT FROM said);
    END LOOP;
END
$$;

-- ---------------------------------------------------------------------------
-- Rounds: other thresholds, the same customers
-- ---------------------------------------------------------------------------

SET clientele.clock = '2026-06-12 10:00:00+08';
SELECT create_population('regress_offers', 'customer', 'id', 'Asia/Shanghai', 'regress_offers_segments') \g /dev/null
SELECT add_source('regress_offers', 'payment', 'payment', 'id', 'paid_at', amount => 'net') \g /dev/null
SELECT add_source('regress_offers', 'visit', 'visit', 'id', 'arrived_at') \g /dev/null
CREATE PROCEDURE round() LANGUAGE plpgsql AS $$
DECLARE
    low numeric := round((500 + random() * 8000)::numeric, floor(random() * 3)::int);
BEGIN
    PERFORM define(ROW(20 + floor(random() * 400), 5 + floor(random() * 100), 10 + floor(random() * 200), low,
                       low + round((random() * 15000)::numeric, floor(random() * 3)::int) + 1, round((random() * 5000)::numeric), 10 + floor(random() * 120))::rule);
    CALL refresh('regress_offers');
    TRUNCATE offer;
    INSERT INTO offer
    SELECT q.name, q.id, q.asked, n.kind, n.step, n.item, n.missing, n.unit, n.until, n.from_label, n.to_label, n.note
    FROM (SELECT d.name, c.id, timestamptz '2026-06-12 10:00+08' + random() * interval '30 days' AS asked
          FROM customer AS c, (VALUES ('tier'), ('stage'), ('member'), ('loyal')) AS d (name)) AS q,
         LATERAL next_tier('regress_offers', q.id, q.name, q.asked) AS n;
    PERFORM check_gain(o.*) FROM offer AS o WHERE kind = 'gain' AND missing IS NOT NULL;
    PERFORM check_change(o.*) FROM offer AS o WHERE kind <> 'gain';
    PERFORM check_silence(definition, key, asked) FROM (SELECT DISTINCT definition, key, asked FROM offer) AS o;
END
$$;
CALL round();
CALL round();
CALL round();

SELECT definition, kind, what, count(*) FILTER (WHERE holds IS NOT TRUE) AS wrong
FROM checked GROUP BY 1, 2, 3 HAVING count(*) FILTER (WHERE holds IS NOT TRUE) > 0 ORDER BY 1, 2, 3;
-- enough of each has been met
SELECT what, count(*) > 30 AS often FROM checked GROUP BY 1 ORDER BY 1;
SELECT definition, count(*) FILTER (WHERE unit = 'visit') > 0 AS by_visits, count(*) FILTER (WHERE unit LIKE 'payment.net%') > 0 AS by_amounts
FROM checked WHERE what = 'suffices' GROUP BY 1 ORDER BY 1;

SELECT drop_population('regress_offers') \g /dev/null
DROP SCHEMA regress_offers CASCADE;
