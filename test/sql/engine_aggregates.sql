-- Every aggregate in every window, against answers that were worked out without the
-- extension.  Each bound of each window has an event on it and one a microsecond before.
SET search_path = clientele, public;
SET TimeZone = 'Asia/Shanghai';
SET DateStyle = 'ISO';
SET client_min_messages = warning;
SET clientele.clock = '2026-06-30 12:00+08';

CREATE TABLE public.ea_customer (id int PRIMARY KEY);
CREATE TABLE public.ea_event (customer_id int, at timestamptz, net numeric(12,2), category text);
INSERT INTO public.ea_customer VALUES (1), (2), (3);
INSERT INTO public.ea_event VALUES
    (1, '2026-06-30 11:00', 100, 'skin'),
    (1, '2026-06-30 12:00', 50, 'laser'),               -- this very instant
    (1, '2026-06-30 12:00:00.000001', 7, 'future'),     -- not yet
    (1, '2026-06-29 12:00:00.000001', 30, 'Z'),         -- within 24 hours
    (1, '2026-06-29 12:00', NULL, 'laser'),             -- not any more
    (1, '2026-06-24 00:00', 10, 'skin'),                -- within 7 days
    (1, '2026-06-24 00:00', 10, 'Z'),
    (1, '2026-06-23 23:59:59.999999', 20, 'A'),
    (1, '2026-06-17 00:00', 5, '双眼皮'),               -- within 2 weeks
    (1, '2026-06-16 23:59:59.999999', 60, 'skin'),
    (1, '2026-05-31 00:00', 40, 'laser'),               -- within a month
    (1, '2026-05-30 23:59:59.999999', 7, NULL),
    (1, '2025-07-01 00:00', 200, 'Z'),                  -- within a year
    (1, '2025-06-30 12:00', 1, 'A'),
    (1, NULL, 1000, 'skin'),                            -- never
    (2, '2026-06-30 11:00', 1, 'other');                -- somebody else; customer 3 has none

CREATE TABLE public.ea_window (number int, words text);
INSERT INTO public.ea_window VALUES
    (1, ''), (2, ' last 24 hours'), (3, ' last 7 days'), (4, ' last 2 weeks'), (5, ' last 1 month'), (6, ' last 1 year'),
    (7, ' from 14 days ago to 7 days ago'), (8, ' from 48 hours ago to 24 hours ago'), (9, ' since date ''2026-06-17''');

-- Of customer 1, in these windows: at noon, and at the next midnight.
CREATE TABLE public.ea_wanted (as_of timestamptz, aggregate text, answers text[]);
INSERT INTO public.ea_wanted SELECT '2026-06-30 12:00+08', * FROM (VALUES
    ('count(event%s)', ARRAY['13', '3', '6', '8', '10', '12', '2', '1', '8']),
    ('count(distinct event.category%s)', ARRAY['5', '3', '3', '5', '5', '5', '2', '1', '5']),
    ('count(event where net >= 20%s)', ARRAY['7', '3', '3', '4', '6', '7', '1', '0', '4']),
    ('sum(event.net%s)', ARRAY['533', '180', '200', '225', '325', '532', '25', '0', '225']),
    ('sum(event.net where category = ''skin''%s)', ARRAY['170', '100', '110', '110', '170', '170', '0', '0', '110']),
    ('avg(event.net%s)', ARRAY['44.416667', '60', '40', '32.142857', '36.111111', '48.363636', '12.5', NULL, '32.142857']),
    ('min(event.net%s)', ARRAY['1', '30', '10', '5', '5', '5', '5', NULL, '5']),
    ('max(event.net%s)', ARRAY['200', '100', '100', '100', '100', '200', '20', NULL, '100']),
    ('min(event.category%s)', ARRAY['A', 'Z', 'Z', 'A', 'A', 'A', 'A', 'laser', 'A']),
    ('max(event.category%s)', ARRAY['双眼皮', 'skin', 'skin', '双眼皮', '双眼皮', '双眼皮', '双眼皮', 'laser', '双眼皮']),
    ('earliest(event%s)', ARRAY['2025-06-30 12:00:00', '2026-06-29 12:00:00.000001', '2026-06-24 00:00:00', '2026-06-17 00:00:00', '2026-05-31 00:00:00', '2025-07-01 00:00:00', '2026-06-17 00:00:00', '2026-06-29 12:00:00', '2026-06-17 00:00:00']),
    ('latest(event%s)', ARRAY['2026-06-30 12:00:00', '2026-06-30 12:00:00', '2026-06-30 12:00:00', '2026-06-30 12:00:00', '2026-06-30 12:00:00', '2026-06-30 12:00:00', '2026-06-23 23:59:59.999999', '2026-06-29 12:00:00', '2026-06-30 12:00:00']),
    ('first(event.category%s)', ARRAY['A', 'Z', 'Z', '双眼皮', 'laser', 'Z', '双眼皮', 'laser', '双眼皮']),
    ('last(event.category%s)', ARRAY['laser', 'laser', 'laser', 'laser', 'laser', 'laser', 'A', 'laser', 'laser']),
    ('first(event.net%s)', ARRAY['1', '30', '10', '5', '40', '200', '5', NULL, '5']),
    ('last(event.net%s)', ARRAY['50', '50', '50', '50', '50', '50', '20', NULL, '50']),
    ('mode(event.category%s)', ARRAY['laser', 'laser', 'laser', 'laser', 'laser', 'laser', 'A', 'laser', 'laser']),
    ('mode(event.category by sum(event.net)%s)', ARRAY['Z', 'skin', 'skin', 'skin', 'skin', 'Z', 'A', 'laser', 'skin'])) AS noon;
INSERT INTO public.ea_wanted SELECT '2026-07-01 00:00+08', * FROM (VALUES
    ('count(event%s)', ARRAY['14', '3', '5', '8', '10', '12', '3', '2', '9']),
    ('count(distinct event.category%s)', ARRAY['6', '3', '4', '5', '6', '6', '3', '2', '6']),
    ('count(event where net >= 20%s)', ARRAY['7', '2', '3', '4', '5', '6', '1', '1', '4']),
    ('sum(event.net%s)', ARRAY['540', '157', '187', '227', '292', '339', '40', '30', '232']),
    ('sum(event.net where category = ''skin''%s)', ARRAY['170', '100', '100', '110', '170', '170', '10', '0', '110']),
    ('avg(event.net%s)', ARRAY['41.538462', '52.333333', '46.75', '32.428571', '32.444444', '30.818182', '13.333333', '30', '29']),
    ('min(event.net%s)', ARRAY['1', '7', '7', '7', '5', '5', '10', '30', '5']),
    ('max(event.net%s)', ARRAY['200', '100', '100', '100', '100', '100', '20', '30', '100']),
    ('min(event.category%s)', ARRAY['A', 'future', 'Z', 'A', 'A', 'A', 'A', 'Z', 'A']),
    ('max(event.category%s)', ARRAY['双眼皮', 'skin', 'skin', 'skin', '双眼皮', '双眼皮', 'skin', 'laser', '双眼皮']),
    ('earliest(event%s)', ARRAY['2025-06-30 12:00:00', '2026-06-30 11:00:00', '2026-06-29 12:00:00', '2026-06-23 23:59:59.999999', '2026-06-16 23:59:59.999999', '2026-05-30 23:59:59.999999', '2026-06-23 23:59:59.999999', '2026-06-29 12:00:00', '2026-06-17 00:00:00']),
    ('latest(event%s)', ARRAY['2026-06-30 12:00:00.000001', '2026-06-30 12:00:00.000001', '2026-06-30 12:00:00.000001', '2026-06-30 12:00:00.000001', '2026-06-30 12:00:00.000001', '2026-06-30 12:00:00.000001', '2026-06-24 00:00:00', '2026-06-29 12:00:00.000001', '2026-06-30 12:00:00.000001']),
    ('first(event.category%s)', ARRAY['A', 'skin', 'laser', 'A', 'skin', 'laser', 'A', 'laser', '双眼皮']),
    ('last(event.category%s)', ARRAY['future', 'future', 'future', 'future', 'future', 'future', 'skin', 'Z', 'future']),
    ('first(event.net%s)', ARRAY['1', '100', '30', '20', '60', '7', '20', '30', '5']),
    ('last(event.net%s)', ARRAY['7', '7', '7', '7', '7', '7', '10', '30', '7']),
    ('mode(event.category%s)', ARRAY['laser', 'future', 'laser', 'laser', 'skin', 'laser', 'Z', 'Z', 'laser']),
    ('mode(event.category by sum(event.net)%s)', ARRAY['Z', 'skin', 'skin', 'skin', 'skin', 'skin', 'A', 'Z', 'skin'])) AS midnight;

SELECT create_population('ea', 'public.ea_customer', 'id', 'Asia/Shanghai');
SELECT add_source('ea', 'event', 'public.ea_event', 'customer_id', 'at');
CREATE VIEW public.ea_metric AS
    SELECT DISTINCT 'm' || dense_rank() OVER (ORDER BY aggregate COLLATE "C") || '_' || w.number AS name, aggregate, w.number, format(aggregate, w.words) AS expression
    FROM public.ea_wanted, public.ea_window AS w;
SELECT count(define_metric('ea', name, expression::expression)) FROM public.ea_metric;
SELECT publish('ea', 'all aggregates');
CALL refresh('ea');

-- What differs; numbers without zeros at their end, instants as clocks in Shanghai show them.
CREATE FUNCTION public.ea_plain(answer text) RETURNS text IMMUTABLE RETURN
    CASE WHEN answer ~ '^[0-9.]+$' THEN trim_scale(answer::numeric)::text
         WHEN answer ~ '^[0-9-]+T' THEN (answer::timestamptz AT TIME ZONE 'Asia/Shanghai')::text ELSE answer END;
CREATE FUNCTION public.ea_different(instant timestamptz, rows jsonb) RETURNS TABLE (expression text, answer text, wanted text)
    LANGUAGE sql STABLE AS $$
    SELECT m.expression, public.ea_plain(r ->> m.name), w.answers[m.number]
    FROM jsonb_array_elements(rows) AS r, public.ea_metric AS m JOIN public.ea_wanted AS w USING (aggregate)
    WHERE r ->> 'id' = '1' AND w.as_of = instant AND public.ea_plain(r ->> m.name) IS DISTINCT FROM w.answers[m.number]
    ORDER BY m.expression COLLATE "C" $$;

SELECT * FROM public.ea_different('2026-06-30 12:00+08', (SELECT jsonb_agg(v) FROM segments.ea AS v));
SELECT * FROM public.ea_different('2026-07-01 00:00+08', (SELECT jsonb_agg(v) FROM segments.ea_as_of('2026-07-01 00:00+08') AS v));

-- The event that was a microsecond ahead.
SELECT id, due_at FROM segments.ea WHERE id = 1;

-- Counts and sums of nothing are 0, all else is NULL.
SELECT DISTINCT regexp_replace(m.aggregate, '[(].*', '') AS function, to_jsonb(v) ->> m.name AS answer
FROM segments.ea AS v, public.ea_metric AS m WHERE v.id = 3 ORDER BY 1, 2;

-- The clock moves: rows that are due are evaluated live, then stored.
SET clientele.clock = '2026-07-01 00:00+08';
SELECT * FROM public.ea_different('2026-07-01 00:00+08', (SELECT jsonb_agg(v) FROM segments.ea AS v));
CALL refresh('ea');
SELECT * FROM public.ea_different('2026-07-01 00:00+08', (SELECT jsonb_agg(v) FROM segments.ea AS v));

SELECT drop_population('ea');

-- A window up to today: an event of later today counts from its own microsecond, not the second after.
SET clientele.clock = '2026-06-30 12:00+08';
SELECT create_population('ea', 'public.ea_customer', 'id', 'Asia/Shanghai');
SELECT add_source('ea', 'event', 'public.ea_event', 'customer_id', 'at');
SELECT define_metric('ea', 'until_today', 'count(event from 3 days ago to 0 days ago)');
SELECT publish('ea');
CALL refresh('ea');
SELECT id, due_at FROM segments.ea WHERE id = 1;
SELECT drop_population('ea');

-- The newest event beside a window: what is older than both is not looked at, what is still to come is not the newest.
INSERT INTO public.ea_event SELECT 2, timestamptz '2026-06-20 12:00' - n * interval '1 day', n, 'old' FROM generate_series(0, 2000) AS n;
INSERT INTO public.ea_event VALUES (3, '2026-07-02 12:00', 1, 'future'), (3, '2026-05-01 12:00', 2, 'past'), (3, '2026-04-01 12:00', 3, 'past');
SELECT create_population('ea', 'public.ea_customer', 'id', 'Asia/Shanghai');
SELECT add_source('ea', 'event', 'public.ea_event', 'customer_id', 'at');
SELECT define_metric('ea', 'newest', 'latest(event)');
SELECT define_metric('ea', 'lately', 'sum(event.net last 15 days)');
SELECT publish('ea');
CALL refresh('ea');
SELECT id, newest, lately FROM segments.ea_as_of('2026-06-30 12:00+08') ORDER BY id;
SELECT id, newest, lately FROM segments.ea_as_of('2026-07-02 12:00+08') ORDER BY id;
SELECT drop_population('ea');

-- A window that begins before time, over clocks on walls, whose order is not certain.
ALTER TABLE public.ea_event ALTER COLUMN at TYPE timestamp;
SELECT create_population('ea', 'public.ea_customer', 'id', 'Asia/Shanghai');
SELECT add_source('ea', 'event', 'public.ea_event', 'customer_id', 'at');
SELECT define_metric('ea', 'always', 'count(event last 999999 weeks)');
SELECT publish('ea');
CALL refresh('ea');
SELECT id, always FROM segments.ea_as_of('2026-06-30 12:00+08') ORDER BY id;
SELECT drop_population('ea');

DROP FUNCTION public.ea_different, public.ea_plain;
DROP VIEW public.ea_metric;
DROP TABLE public.ea_customer, public.ea_event, public.ea_window, public.ea_wanted;
