-- Levels that are kept: promotion at once, demotion after some time or at a review.

SET client_min_messages = warning;
SET datestyle = 'ISO';
SET timezone = 'Asia/Shanghai';
CREATE SCHEMA kept_levels;
SET search_path = kept_levels, clientele;
SET jit = off;

-- ---------------------------------------------------------------------------
-- By hand
-- ---------------------------------------------------------------------------

CREATE TABLE customer (id int PRIMARY KEY);
CREATE TABLE payment (customer_id int, paid_at timestamptz, net numeric(12,2));
CREATE INDEX ON payment (customer_id, paid_at) INCLUDE (net);
INSERT INTO customer VALUES (1), (2), (3), (4);
INSERT INTO payment VALUES
    (1, '2026-01-31 10:00+08', 12000), (1, '2026-03-01 00:00+08', 1),
    (2, '2026-01-31 10:00+08', 2000), (2, '2026-02-03 09:30+08', 9000),      -- promoted on the third
    (3, '2024-01-01 12:00+08', 1500);                                        -- silver until 30 January
SELECT create_population('hand', 'customer', 'id', 'Asia/Shanghai', 'kept_levels');
SELECT add_source('hand', 'payment', 'payment', 'customer_id', 'paid_at', amount => 'net');
SELECT set_parameter('hand', 'keep_months', 1);
SELECT define_ladder('hand', 'plain', '[{"label": "gold", "when": "sum(payment.net last 30 days) >= 10000"},
    {"label": "silver", "when": "sum(payment.net last 30 days) >= 1000"}, {"label": "普通", "when": "count(payment) > 0"}]');
SELECT define_ladder('hand', 'month', '[{"label": "gold", "when": "sum(payment.net last 30 days) >= 10000"},
    {"label": "silver", "when": "sum(payment.net last 30 days) >= 1000"}, {"label": "普通", "when": "count(payment) > 0"}]',
    keep => '{"demote_after": "keep_months months"}');
SELECT define_ladder('hand', 'year', '[{"label": "gold", "when": "sum(payment.net last 30 days) >= 10000"},
    {"label": "silver", "when": "sum(payment.net last 30 days) >= 1000"}, {"label": "普通", "when": "count(payment) > 0"}]',
    keep => '{"review": "yearly", "on": "04-01"}');
SELECT define_scorecard('hand', 'card', '{"method": "additive", "characteristics": [{"name": "spend", "value": "sum(payment.net last 30 days)",
    "bins": [{"below": 1000, "points": 10}, {"below": 10000, "points": 50}, {"points": 90}]}],
    "tiers": [{"label": "basic"}, {"label": "top", "at_least": 80}, {"label": "middle", "at_least": 40}]}',
    keep => '{"demote_after": "1 week"}');
SELECT define_tag('hand', 'guest of honour', $$month = 'gold'$$);
SELECT publish('hand');
SET clientele.clock = '2026-02-02 12:00+08';
CALL refresh('hand');

-- The rules' gold ends at midnight of 2 March.  Its last day was the first: a month later, on
-- 1 April, that day is none of the last month any more.  The review of 1 April looks at that day.
CREATE FUNCTION levels(customer int, VARIADIC instants timestamptz[])
RETURNS TABLE (at timestamptz, plain text, month text, year text, card text, card_score numeric, tags text, due_at timestamptz) LANGUAGE sql AS $$
    SELECT at, plain, month, year, card, card_score, tags, due_at
    FROM unnest(instants) AS at, LATERAL (SELECT * FROM hand_as_of(at) WHERE id = customer) AS one ORDER BY at
$$;
SELECT * FROM levels(1, '2026-01-31 09:59:59.999999', '2026-01-31 10:00', '2026-03-01 23:59:59.999999', '2026-03-02 00:00',
    '2026-03-07 23:59:59.999999', '2026-03-08 00:00', '2026-03-31 23:59:59.999999', '2026-04-01 00:00');
-- Promotion is at once; the review keeps what was reached since the last one.
SELECT * FROM levels(2, '2026-01-31 10:00', '2026-02-03 09:29:59.999999', '2026-02-03 09:30', '2026-03-01 23:59:59.999999', '2026-03-02 00:00',
    '2026-03-05 00:00', '2026-03-31 23:59:59.999999', '2026-04-01 00:00', '2026-04-05 00:00');
-- The last day of silver is 30 January 2024.  On 29 February the month before is 30 January's
-- eve, so that it is among the last month's days until the first of March.
SELECT * FROM levels(3, '2024-01-01 12:00', '2024-01-30 23:59:59.999999', '2024-01-31 00:00', '2024-02-06 00:00', '2024-02-29 23:59:59.999999',
    '2024-03-01 00:00', '2024-03-31 23:59:59.999999', '2024-04-01 00:00');

-- Who has no label, has the lowest level, which nothing keeps.
SELECT * FROM levels(4, '2026-02-03 00:00');

-- Why, since when, and until when the level is safe.
SELECT item, value, condition, holds, valid_until FROM explain('hand', 1, 'month', '2026-03-10 12:00');
SELECT item, value, condition, holds, valid_until FROM explain('hand', 2, 'year', '2026-02-10 12:00');
SELECT item, value, condition, points, valid_until FROM explain('hand', 2, 'card', '2026-03-04 12:00');
SELECT item, value, condition, holds, valid_until FROM explain('hand', 4, 'month', '2026-03-04 12:00');

-- what would give more, and when time takes it: what is offered is offered by the rules
SELECT kind, item, value, condition, missing, unit, until, from_label, to_label FROM next_tier('hand', 1, 'month', '2026-03-10 12:00');
SELECT kind, item, value, condition, missing, unit, until, from_label, to_label FROM next_tier('hand', 2, 'card', '2026-03-04 12:00');
SELECT kind, item, value, condition, missing, unit, until, from_label, to_label FROM next_tier('hand', 2, 'card', '2026-03-08 00:00');
SELECT kind, item, value, condition, missing, unit, until, from_label, to_label FROM next_tier('hand', 4, 'month', '2026-03-04 12:00');

-- A payment that is known but has not come yet promotes when it comes; until then the level is
-- safe that is.  One that is deleted, or was forgotten, changes what the past was.
BEGIN;
INSERT INTO payment VALUES (1, '2026-05-01 08:00+08', 50000);
SELECT * FROM levels(1, '2026-03-10 12:00', '2026-04-01 00:00', '2026-05-01 07:59:59.999999', '2026-05-01 08:00');
SELECT item, value, valid_until FROM explain('hand', 1, 'month', '2026-03-10 12:00') LIMIT 3;
DELETE FROM payment WHERE customer_id = 2 AND net = 9000;
INSERT INTO payment VALUES (4, '2026-01-20 08:00+08', 50000);
SET LOCAL clientele.clock = '2026-03-10 12:00+08';
SELECT id, plain, month, year, card, tags, due_at FROM hand ORDER BY id;
ROLLBACK;

-- What the clinic sees is what is stored, and what was due is noted at its instant.
SET clientele.clock = '2026-04-02 12:00+08';
SELECT id, plain, month, year, card, due_at FROM hand ORDER BY id;
CALL refresh('hand');
SELECT id, plain, month, year, card, due_at FROM hand ORDER BY id;
SELECT id, name, from_label, to_label, effective_at, cause FROM hand_change ORDER BY id, position;
SELECT count(*) FROM verify('hand');

-- A tag that somebody gives for ten days earns the level while it lasts, and the level is kept.  A
-- pinned label stands above the level, and earns nothing.
SELECT create_population('house', 'customer', 'id', 'Asia/Shanghai', 'kept_levels');
SELECT define_tag('house', 'friend of the house', 'false');
SELECT define_ladder('house', 'friends', '[{"label": "friend", "when": "has_tag(''friend of the house'')"}, {"label": "guest"}]', '{"demote_after": "1 month"}');
SELECT publish('house');
CALL refresh('house');
SET clientele.clock = '2026-05-01 12:00+08';
SELECT tag_customer('house', 4, 'friend of the house', until => '2026-05-11 09:00+08');
SELECT pin_label('house', 3, 'friends', 'friend', until => '2026-05-11 09:00+08');
SELECT id, at, friends, tags, due_at FROM unnest('{2026-05-01 11:59:59.999999,2026-05-01 12:00,2026-05-11 09:00,2026-06-10 23:59:59.999999,2026-06-11 00:00}'::timestamptz[]) AS at,
    LATERAL (SELECT * FROM house_as_of(at)) AS v WHERE id >= 3 ORDER BY id, at;
SELECT item, value, condition, valid_until FROM explain('house', 4, 'friends', '2026-05-20 12:00');
SELECT item, value, condition, valid_until FROM explain('house', 3, 'friends', '2026-05-02 12:00');
SELECT drop_population('house');
SET clientele.clock = '2026-04-02 12:00+08';

-- ---------------------------------------------------------------------------
-- Definitions
-- ---------------------------------------------------------------------------

SELECT definition::jsonb -> 'keep' AS keep FROM definitions('hand') WHERE name IN ('month', 'year', 'card');
CREATE FUNCTION keep(keep jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('time_zone', 'UTC', 'sources', '[]'::jsonb, 'definitions', jsonb_build_array(jsonb_build_object(
        'kind', 'ladder', 'name', 'l', 'rules', '[{"label": "a"}]'::jsonb, 'keep', keep)))::text::model::text::jsonb #> '{definitions,0,keep}'
$$;
SELECT keep('{"review": "monthly", "on": "01-01"}'), keep('{"review": "quarterly", "on": "02-29"}'), keep('{"demote_after": "01 days"}'), keep('{"demote_after": "N years"}');
\set VERBOSITY terse
SELECT keep('{"demote_after": "12"}');
SELECT keep('{"demote_after": "12 hours"}');
SELECT keep('{"demote_after": "0 days"}');
SELECT keep('{"demote_after": "1.5 months"}');
SELECT keep('{"demote_after": "a + b months"}');
SELECT keep('{"demote_after": " months"}');
SELECT keep('{"demote_after": 12}');
SELECT keep('{"review": "weekly"}');
SELECT keep('{"review": "yearly", "on": "02-30"}');
SELECT keep('{"review": "yearly", "on": "1-1"}');
SELECT keep('{"review": "yearly", "on": "00-10"}');
SELECT keep('{"demote_after": "1 month", "on": "01-01"}');
SELECT keep('{"demote_after": "1 month", "review": "yearly"}');
SELECT keep('{"promote": "at once"}');
SELECT keep('{}');
SELECT keep('"yearly"');
\set VERBOSITY default
-- A kept level does not rest on another one, not even by way of a tag.
BEGIN;
SELECT define_ladder('hand', 'upper', '[{"label": "yes", "when": "has_tag(''guest of honour'')"}, {"label": "no"}]', '{"demote_after": "1 year"}');
SAVEPOINT s;
SELECT publish('hand');
ROLLBACK TO s;
SELECT drop_definition('hand', 'upper');
SELECT drop_definition('hand', 'keep_months');
SAVEPOINT s;
SELECT publish('hand');
ROLLBACK TO s;
SELECT set_parameter('hand', 'keep_months', 0);
SELECT publish('hand');
ROLLBACK;

-- More events than are read at once, and texts of them.  Most of the last five days' were of
-- kind 4 until 07:00 of 17 April, when kind 5 had as many, and later ones: 60 days later is 16 June.
CREATE TABLE busy (customer_id int, at timestamptz, kind text, score numeric);
INSERT INTO busy
SELECT c, timestamptz '2026-01-01 00:00+08' + n * interval '1 hour', 'kind ' || n / 500 || repeat(' of treatment', 3), (n % 7) * 10::numeric ^ 15 + 0.001
FROM generate_series(1, 4) AS c, generate_series(0, 2999) AS n;
SELECT create_population('busy_one', 'customer', 'id', 'Asia/Shanghai', 'kept_levels');
SELECT add_source('busy_one', 'busy', 'busy', 'customer_id', 'at');
SELECT define_ladder('busy_one', 'level', '[{"label": "four", "when": "mode(busy.kind last 5 days) = ''kind 4 of treatment of treatment of treatment''"},
    {"label": "heavy", "when": "sum(busy.score last 1 day) > 72000000000000001"}, {"label": "other"}]', '{"demote_after": "60 days"}');
SELECT publish('busy_one');
SET clientele.clock = '2026-05-06 12:00+08';
CALL refresh('busy_one');
SELECT id, level, due_at FROM busy_one ORDER BY id;
SELECT item, value, valid_until FROM explain('busy_one', 3, 'level') LIMIT 3;
SELECT drop_population('busy_one');

-- ---------------------------------------------------------------------------
-- At random, against plain SQL: what the rules give at every instant at which it can change
-- ---------------------------------------------------------------------------

CREATE TABLE place (number int, zone text, centre timestamptz);
INSERT INTO place VALUES
    (1, 'Asia/Shanghai', '2024-02-29 00:00+08'), (2, 'America/New_York', '2026-03-08 00:00-05'),
    (3, 'America/St_Johns', '2010-11-07 00:01-02:30'), (4, 'Pacific/Apia', '2011-12-30 00:00-10'), (5, 'America/Sao_Paulo', '2018-11-04 00:00-03');
SELECT setseed(0.5);
CREATE TABLE event (place int, customer_id int, at timestamptz, net numeric(12,2)) PARTITION BY LIST (place);
SELECT format('CREATE TABLE event_%s PARTITION OF event FOR VALUES IN (%s)', number, number) FROM place \gexec
INSERT INTO event
SELECT p.number, 1 + floor(random() * 30), CASE floor(random() * 4)
       WHEN 0 THEN ((p.centre AT TIME ZONE p.zone)::date + floor(random() * 60)::int - 40)::timestamp AT TIME ZONE p.zone + floor(random() * 3 - 1) * interval '1 microsecond'
       WHEN 1 THEN p.centre + (random() - 0.5) * interval '6 hours'
       ELSE p.centre + (random() * 90 - 70) * interval '1 day' END, floor(random() * 25) * 10 - 20
FROM place AS p, generate_series(1, 260);
CREATE TABLE person (id int PRIMARY KEY);
INSERT INTO person SELECT generate_series(1, 30);
CREATE INDEX ON event (customer_id, at) INCLUDE (place, net);
ANALYZE event;

-- How the ladders are kept.  Their rules are the same; in places of an even number one rests on
-- the latest event, so that no window bounds how far back events are read.
CREATE TABLE kept (name text, length interval, every interval, anchor date, text text);
INSERT INTO kept VALUES
    ('days', '3 days', NULL, NULL, '{"demote_after": "3 days"}'),
    ('month', '1 month', NULL, NULL, '{"demote_after": "1 month"}'),
    ('monthly', NULL, '1 month', '2000-01-30', '{"review": "monthly", "on": "01-30"}'),
    ('quarterly', NULL, '3 months', '2000-11-07', '{"review": "quarterly", "on": "11-07"}'),
    ('yearly', NULL, '1 year', '2000-02-29', '{"review": "yearly", "on": "02-29"}');
SELECT create_population('p' || number, 'person', 'id', zone, 'kept_levels') FROM place;
SELECT count(add_source('p' || number, 'event', ('event_' || number)::regclass, 'customer_id', 'at', amount => 'net')) FROM place;
SELECT count(define_ladder('p' || number, name, format($$[{"label": "gold", "when": "sum(event.net last 5 days) >= 250"},
    {"label": "silver", "when": "count(event last 72 hours) >= 2"}, {"label": "new", "when": "count(event last 20 days) > 0%s"}]$$,
    CASE WHEN number % 2 = 0 THEN ' and days_since(latest(event)) < 11' END)::jsonb, text::jsonb))
FROM place, kept;
SELECT count(publish('p' || number)) FROM place;

-- The instants at which a day comes: midnight, but near a change of the clock any minute.
CREATE TABLE turn AS
SELECT p.number AS place, minute AS at, (minute AT TIME ZONE zone)::date AS day
FROM place AS p, generate_series(-430, 60) AS n, LATERAL (SELECT ((centre AT TIME ZONE zone)::date + n)::timestamp AT TIME ZONE zone AS midnight) AS m,
     LATERAL generate_series(midnight - interval '3 hours', midnight + interval '3 hours', interval '1 minute') AS minute
WHERE CASE WHEN ((midnight + interval '3 hours') AT TIME ZONE zone) - ((midnight - interval '3 hours') AT TIME ZONE zone) = interval '6 hours'
           THEN minute = midnight ELSE (minute AT TIME ZONE zone)::date <> ((minute - interval '1 minute') AT TIME ZONE zone)::date END
GROUP BY 1, 2, 3;
CREATE INDEX ON turn (place, day);
ANALYZE turn;
ANALYZE kept;
ANALYZE place;
ANALYZE person;

-- The rung that holds, 4 for none.
CREATE FUNCTION rung(place int, zone text, customer int, at timestamptz) RETURNS int STABLE LANGUAGE sql AS $$
    SELECT CASE WHEN coalesce(sum(e.net) FILTER (WHERE day > today - 5), 0) >= 250 THEN 1
                WHEN count(*) FILTER (WHERE e.at > rung.at - interval '72 hours') >= 2 THEN 2
                WHEN count(*) FILTER (WHERE day > today - 20) > 0 AND (rung.place % 2 = 1 OR max(today) - (max(e.at) AT TIME ZONE zone)::date < 11) THEN 3 ELSE 4 END
    FROM (SELECT (rung.at AT TIME ZONE zone)::date) AS t(today), event AS e, LATERAL (SELECT (e.at AT TIME ZONE zone)::date) AS d(day)
    WHERE e.place = rung.place AND e.customer_id = customer AND e.at <= rung.at
$$;
CREATE FUNCTION expected(of_place int, as_of timestamptz, only_one int DEFAULT NULL) RETURNS TABLE (id int, levels text[]) STABLE LANGUAGE sql AS $$
    WITH keeps AS MATERIALIZED (
        SELECT k.name, zone, (SELECT min(turn.at) FROM turn WHERE turn.place = of_place AND turn.day >= first_day) AS begins
        FROM place AS p, kept AS k, LATERAL (SELECT (as_of AT TIME ZONE zone)::date) AS t(today),
             LATERAL (SELECT CASE WHEN length IS NOT NULL THEN (today - length)::date + 1
                                  ELSE (SELECT max(day) FROM generate_series(0, 400) AS n, LATERAL (SELECT (anchor + n * every)::date AS day) AS r WHERE day <= today) END) AS f(first_day)
        WHERE p.number = of_place),
    first AS MATERIALIZED (SELECT zone, min(begins) AS begins FROM keeps GROUP BY zone),
    found AS MATERIALIZED (
        SELECT p.id, c.at, coalesce(rung(of_place, zone, p.id, c.at), 4) AS rung
        FROM person AS p, first,
             LATERAL (SELECT k.begins AS at FROM keeps AS k UNION SELECT as_of
                      UNION SELECT e.at + after FROM event AS e, (VALUES (interval '0'), ('72 hours')) AS v(after) WHERE e.place = of_place AND e.customer_id = p.id
                      UNION SELECT turn.at
                      FROM event AS e, unnest(ARRAY[4, 5, 6, 10, 11, 12, 19, 20, 21]) AS days, turn
                      WHERE e.place = of_place AND e.customer_id = p.id AND turn.place = of_place AND turn.day = (e.at AT TIME ZONE zone)::date + days) AS c
        WHERE c.at BETWEEN first.begins AND as_of AND (only_one IS NULL OR p.id = only_one))
    SELECT best.id, array_agg((ARRAY['gold', 'silver', 'new'])[best.rung] ORDER BY best.name)
    FROM (SELECT f.id, k.name, min(f.rung) AS rung FROM found AS f JOIN keeps AS k ON f.at >= k.begins GROUP BY 1, 2) AS best
    GROUP BY best.id
$$;

-- Everyone as of an instant, and who of them is due when.
CREATE FUNCTION differences(what text, place int, at timestamptz, view text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format($q$
        SELECT format('%%s, place %%s, at %%s, customer %%s: ours %%s, plain SQL %%s', $1, $2, $3, id, a.levels, e.levels)
        FROM expected($2, $3) AS e JOIN (SELECT id, ARRAY[days, month, monthly, quarterly, yearly] AS levels FROM %s) AS a USING (id)
        WHERE a.levels IS DISTINCT FROM e.levels ORDER BY id LIMIT 3$q$, view) USING what, place, at;
END
$$;
CREATE TABLE seen (place int, at timestamptz, due_at timestamptz, id int);
CREATE FUNCTION look(place int, instant timestamptz) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    due record;
BEGIN
    RETURN QUERY SELECT differences('as of', place, instant, format('p%s_as_of(%L)', place, instant));
    EXECUTE format('SELECT id, due_at FROM p%s_as_of(%L) WHERE due_at IS NOT NULL AND due_at < (SELECT max(t.at) FROM turn AS t WHERE t.place = %s) ORDER BY md5(id || %L) LIMIT 1', place, instant, place, instant)
    INTO due;
    INSERT INTO seen VALUES (place, instant, due.due_at, due.id);
END
$$;
-- Stored, live, of one customer alone, refreshed; after deletions, backdated and future events, too.
CREATE FUNCTION alone(place int) RETURNS text LANGUAGE sql AS $$
    SELECT format('(SELECT id, p ->> ''days'' AS days, p ->> ''month'' AS month, p ->> ''monthly'' AS monthly, p ->> ''quarterly'' AS quarterly,'
                  ' p ->> ''yearly'' AS yearly FROM person, LATERAL (SELECT profile(%L, id) AS p) AS one WHERE id < 9) AS alone', 'p' || place)
$$;
SELECT format('SET clientele.clock = %L', centre), format('CALL refresh(%L)', 'p' || number),
       format('SELECT differences(''stored'', %s, %L, %L)', number, centre, 'p' || number),
       format('SET clientele.clock = %L', centre + interval '9 days'),
       format('SELECT differences(''later'', %s, %L, %L)', number, centre + interval '9 days', 'p' || number),
       format('SELECT differences(''one'', %s, %L, %L)', number, centre + interval '9 days', alone(number))
FROM place ORDER BY number \gexec

DELETE FROM event WHERE customer_id % 5 = 1 AND net > 60;
INSERT INTO event SELECT number, id, centre - id * interval '1 day', 260 FROM place, person WHERE id % 5 = 2;
INSERT INTO event SELECT number, id, centre + id * interval '12 hours', 260 FROM place, person WHERE id % 5 = 3;
SELECT format('SET clientele.clock = %L', centre + interval '9 days'),
       format('SELECT differences(''changed'', %s, %L, %L)', number, centre + interval '9 days', 'p' || number),
       format('SELECT differences(''one changed'', %s, %L, %L)', number, centre + interval '9 days', alone(number)),
       format('CALL refresh(%L)', 'p' || number),
       format('SELECT differences(''refreshed'', %s, %L, %L)', number, centre + interval '9 days', 'p' || number),
       format('SELECT count(*) FROM verify(%L)', 'p' || number)
FROM place ORDER BY number \gexec


DO $$
DECLARE
    one record;
    problem text;
BEGIN
    FOR one IN SELECT p.number, p.centre + CASE n % 4 WHEN 0 THEN n * interval '37 hours' WHEN 1 THEN -n * interval '29 hours' WHEN 2 THEN n * interval '1 microsecond'
                      ELSE -n * interval '17 minutes' END AS at
               FROM place AS p, generate_series(1, 24) AS n LOOP
        FOR problem IN SELECT look(one.number, one.at) LOOP
            RAISE WARNING '%', problem;
        END LOOP;
    END LOOP;
END
$$;
-- Not late: up to a microsecond before a row is due, its levels are what they were.  Nor early,
-- as nothing but levels makes it due: only where the calendar goes back, one looks anew.
SELECT count(*) > 80 AS looked_at,
       count(*) FILTER (WHERE before.levels IS DISTINCT FROM first.levels) AS late,
       count(*) FILTER (WHERE after.levels IS NOT DISTINCT FROM first.levels) < 3 AS seldom_early
FROM seen AS s,
     LATERAL expected(s.place, s.at, s.id) AS first,
     LATERAL expected(s.place, s.due_at - interval '1 microsecond', s.id) AS before,
     LATERAL expected(s.place, s.due_at, s.id) AS after
WHERE s.due_at IS NOT NULL;
-- The levels that the rules do not give any more are not few.
SELECT count(*) > 100 AS kept FROM place AS p, person AS c, expected(p.number, p.centre, c.id) AS e, LATERAL unnest(e.levels) AS level
WHERE level IS DISTINCT FROM (ARRAY['gold', 'silver', 'new'])[rung(p.number, p.zone, c.id, p.centre)];

RESET clientele.clock;
SELECT count(drop_population('p' || number)) FROM place;
SELECT drop_population('hand');
DROP SCHEMA kept_levels CASCADE;
