-- The days of zones as day_clock.c sees them, and as SQL does.  :library is
-- day_clock_probe, :seed the seed.
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
SET TimeZone = 'UTC';
SELECT setseed(:seed) \g /dev/null
CREATE FUNCTION pg_temp.day_at(timestamptz, text) RETURNS date LANGUAGE c STRICT AS :'library', 'probe_at';
CREATE FUNCTION pg_temp.day_first(date, text) RETURNS timestamptz LANGUAGE c STRICT AS :'library', 'probe_first';
CREATE FUNCTION pg_temp.day_settled(date, text) RETURNS timestamptz LANGUAGE c STRICT AS :'library', 'probe_settled';
CREATE FUNCTION pg_temp.day_comes(date, text, timestamptz) RETURNS timestamptz LANGUAGE c STRICT AS :'library', 'probe_comes';
CREATE FUNCTION pg_temp.day_retreat(timestamptz, text) RETURNS timestamptz LANGUAGE c STRICT AS :'library', 'probe_retreat';
CREATE FUNCTION pg_temp.day_since(date, int, bigint) RETURNS date LANGUAGE c STRICT AS :'library', 'probe_since';

CREATE TEMPORARY TABLE failure (what text, cases bigint, wrong bigint, example text);

-- Instants of all times in all zones, in a random and in a descending order.
CREATE TEMPORARY TABLE instant AS
SELECT name, 'epoch'::timestamptz + (random() * 2 - 0.7) * interval '250 years' AS t
FROM pg_timezone_names, generate_series(1, 100)
WHERE name ~ '/' AND name !~ '^posix|[+-]\d' ORDER BY random(); -- without a slash SQL may take it for an abbreviation
INSERT INTO instant SELECT zone, edge FROM unnest('{UTC,America/New_York,Asia/Shanghai}'::text[]) AS zone,
    unnest('{infinity,-infinity,4714-11-25 00:00+00 BC,294276-12-30 23:59:59.999999+00,1999-12-31 23:59:59.999999+00,1969-12-31 23:59:59.5+00}'::timestamptz[]) AS edge;
INSERT INTO failure
SELECT 'the day of an instant', count(*), count(*) FILTER (WHERE wrong), min(format('%s %s', name, t)) FILTER (WHERE wrong)
FROM (SELECT name, t, pg_temp.day_at(t, name) IS DISTINCT FROM (t AT TIME ZONE name)::date AS wrong FROM instant) AS each;
INSERT INTO failure
SELECT 'the day of descending instants', count(*), count(*) FILTER (WHERE wrong), min(format('%s %s', name, t)) FILTER (WHERE wrong)
FROM (SELECT name, t, pg_temp.day_at(t, name) IS DISTINCT FROM (t AT TIME ZONE name)::date AS wrong
      FROM (SELECT name, t FROM instant ORDER BY name, t DESC OFFSET 0) AS ordered) AS each;

-- Days that begin oddly, and those around them; then each minute near midnight.
CREATE TEMPORARY TABLE odd AS
SELECT zone, day::date + shift AS day
FROM (VALUES ('Asia/Shanghai', '2026-06-30'), ('UTC', '2026-01-01'), ('America/New_York', '2026-03-08'), ('America/New_York', '2026-11-01'),
             ('America/St_Johns', '2010-11-07'), ('America/St_Johns', '2011-11-06'), ('America/St_Johns', '2010-03-14'), ('America/St_Johns', '2012-11-04'),
             ('America/Sao_Paulo', '2018-11-04'), ('America/Sao_Paulo', '2018-02-18'), ('Pacific/Apia', '2011-12-30'),
             ('Pacific/Kwajalein', '1993-08-21'), ('America/Havana', '2026-11-01'),
             ('Asia/Beirut', '2022-10-30'), ('Africa/Casablanca', '2026-02-15'), ('Antarctica/Troll', '2026-03-29'), ('America/Nuuk', '2024-10-27'),
             ('Asia/Kathmandu', '1986-01-01'), ('Australia/Lord_Howe', '2026-04-05')) AS v(zone, day),
     generate_series(-2, 2) AS shift;
CREATE TEMPORARY TABLE begin AS
SELECT zone, day, min(t) FILTER (WHERE local >= day) AS first,
       max(t) FILTER (WHERE local < day) + interval '1 second' AS settled
FROM (SELECT zone, day, t, (t AT TIME ZONE zone)::date AS local
      FROM odd, generate_series(day::timestamp AT TIME ZONE 'UTC' - interval '25 hours',
                                day::timestamp AT TIME ZONE 'UTC' + interval '25 hours', interval '1 minute') AS minute,
           LATERAL (VALUES (minute), (minute + interval '59 seconds')) AS second(t)) AS minutes
GROUP BY zone, day;
INSERT INTO failure
SELECT 'the beginning of a day', count(*), count(*) FILTER (WHERE wrong), min(format('%s %s: %s %s', zone, day, first, settled)) FILTER (WHERE wrong)
FROM (SELECT zone, day, first, settled, pg_temp.day_first(day, zone) IS DISTINCT FROM first OR pg_temp.day_settled(day, zone) IS DISTINCT FROM settled AS wrong
      FROM begin) AS each;
INSERT INTO failure
SELECT 'where days have begun twice', count(*), count(*) FILTER (WHERE (zone, day) <> ('America/St_Johns', '2010-11-07')), NULL FROM begin WHERE first <> settled;

-- When a day comes, asked on earlier days.
INSERT INTO failure
SELECT 'when a day comes', count(*), count(*) FILTER (WHERE wrong), min(format('%s %s after %s', zone, day, after)) FILTER (WHERE wrong)
FROM (SELECT b.zone, b.day, after, pg_temp.day_comes(b.day, b.zone, after) IS DISTINCT FROM
             (SELECT min(t) FROM generate_series(date_trunc('minute', after), after + interval '3 days', interval '1 minute') AS t
              WHERE t > after AND (t AT TIME ZONE b.zone)::date >= b.day) AS wrong
      FROM begin AS b, unnest(ARRAY[b.first - interval '2 hours', b.first - interval '1 microsecond', b.first + interval '80 seconds', b.settled - interval '1 second']) AS after
      WHERE (after AT TIME ZONE b.zone)::date < b.day) AS each;

-- Where a day goes back, and where none does before long.
INSERT INTO failure
SELECT 'retreats', count(*), count(*) FILTER (WHERE pg_temp.day_retreat(after, zone) IS DISTINCT FROM retreat), min(zone) FILTER (WHERE pg_temp.day_retreat(after, zone) IS DISTINCT FROM retreat)
FROM (VALUES ('America/St_Johns', timestamptz '2010-06-01 00:00+00', timestamptz '2010-11-07 02:31+00'),
             ('America/St_Johns', '2010-11-07 02:30:59.999999+00', '2010-11-07 02:31+00'),
             ('America/St_Johns', '2010-11-07 02:31+00', 'infinity'),
             ('America/St_Johns', '2026-01-01 00:00+00', 'infinity'),
             ('Asia/Shanghai', '2026-01-01 00:00+00', 'infinity'), ('UTC', '2026-01-01 00:00+00', 'infinity'),
             ('America/New_York', '2026-01-01 00:00+00', 'infinity'), ('America/Sao_Paulo', '2010-01-01 00:00+00', 'infinity'),
             ('Pacific/Apia', '2011-01-01 00:00+00', 'infinity'), ('America/New_York', '294276-01-01 00:00+00', 'infinity'),
             ('America/Juneau', '1860-01-01 00:00+00', '1867-10-19 00:31:13+00')) AS v(zone, after, retreat);
-- before a retreat the day never goes back
INSERT INTO failure
SELECT 'no retreat before', count(*), count(*) FILTER (WHERE local < before), min(format('%s %s', zone, t)) FILTER (WHERE local < before)
FROM (SELECT zone, t, (t AT TIME ZONE zone)::date AS local, lag((t AT TIME ZONE zone)::date) OVER (PARTITION BY zone, after ORDER BY t) AS before
      FROM (SELECT DISTINCT zone FROM odd) AS z, unnest('{1890-01-01,1944-01-01,1968-01-01,1988-01-01,2005-01-01,2011-11-01,2026-01-01}'::timestamptz[]) AS after,
           generate_series(after, least(pg_temp.day_retreat(after, zone), after + interval '3 years') - interval '1 second', interval '30 minutes') AS t) AS each;

-- Days that do not exist, and those before and after all instants.
INSERT INTO failure
SELECT 'the ends of time', count(*), count(*) FILTER (WHERE wrong), min(format('%s %s', zone, day)) FILTER (WHERE wrong)
FROM (SELECT zone, day, (pg_temp.day_first(day, zone), pg_temp.day_settled(day, zone)) IS DISTINCT FROM (expected, expected) AS wrong
      FROM unnest('{UTC,America/New_York,Asia/Shanghai}'::text[]) AS zone,
           (VALUES (date 'infinity', timestamptz 'infinity'), ('-infinity', '-infinity'), ('5874897-12-31', 'infinity'), ('294277-01-02', 'infinity'), ('294278-01-01', 'infinity')) AS v(day, expected)) AS each;

-- The first day D with D - n units >= d, found by trying.
INSERT INTO failure
SELECT 'days since', count(*), count(*) FILTER (WHERE wrong), min(format('%s %s %s: %s', day, n, unit, ours)) FILTER (WHERE wrong)
FROM (SELECT day, n, unit, ours, ours IS DISTINCT FROM
             (SELECT min(d) FROM (SELECT (day + n * step)::date + i AS d FROM generate_series(-5, 5) AS i) AS near WHERE (d - n * step)::date >= day) AS wrong
      FROM (VALUES (1, interval '1 day'), (2, '1 week'), (3, '1 month'), (4, '1 year')) AS u(unit, step),
           generate_series(-40, 40) AS n,
           unnest('{2024-02-29,2023-02-28,2026-01-31,2026-03-31,2026-04-30,2025-12-31,1999-08-30,2000-01-01}'::date[]) AS day,
           pg_temp.day_since(day, unit, n) AS ours) AS each;
INSERT INTO failure
SELECT 'no days since', count(*), count(*) FILTER (WHERE ours IS NOT NULL), min(format('%s %s %s', day, n, unit)) FILTER (WHERE ours IS NOT NULL)
FROM (VALUES (date 'infinity', 1, 1), ('-infinity', 3, 1), ('2026-01-31', 3, 9223372036854775807), ('2026-01-31', 4, -9223372036854775807),
             ('2026-01-31', 2, 9223372036854775807), ('5874897-12-31', 3, 1), ('5874897-12-31', 4, 1), ('5874897-12-31', 1, 1), ('4713-01-01 BC', 3, -12)) AS v(day, unit, n),
     pg_temp.day_since(day, unit, n) AS ours;

SELECT format('%s: %s of %s wrong, such as %s', what, wrong, cases, example) FROM failure WHERE wrong > 0 OR cases = 0;
SELECT count(*) || ' checks, ' || sum(cases) || ' cases' FROM failure;
DO $$
BEGIN
    IF EXISTS (SELECT FROM failure WHERE wrong > 0 OR cases = 0) THEN
        RAISE EXCEPTION 'day_clock.c differs from SQL';
    END IF;
END $$;
