-- The clock that tests move, and what has passed on it.

-- without the setting, time passes
SELECT clientele.wall_clock() BETWEEN now() AND clock_timestamp() AS is_now;
SELECT count(DISTINCT clientele.wall_clock()) > 1 AS passes FROM generate_series(1, 100000);

-- set, it stands; in whatever time zone the session is
SET clientele.clock = '2026-06-12 10:00:00+08';
SELECT clientele.wall_clock() AT TIME ZONE 'UTC' AS utc;
SET TIME ZONE 'America/New_York';
SELECT clientele.wall_clock() AT TIME ZONE 'UTC' AS utc;
RESET TIME ZONE;
BEGIN;
SET LOCAL clientele.clock = '2027-01-01T00:00:00.000001Z';
SELECT clientele.wall_clock() AT TIME ZONE 'UTC' AS utc;
ROLLBACK;
SELECT clientele.wall_clock() AT TIME ZONE 'UTC' AS utc;
SET clientele.clock = '';
SELECT clientele.wall_clock() > '2026-06-12 10:00:00+08' AS is_now;
RESET clientele.clock;

-- an instant has an offset
SET clientele.clock = '2026-06-12 10:00:00';
SET clientele.clock = '2026-06-12';
SET clientele.clock = 'tomorrow';
SHOW clientele.clock;

-- only superusers move time
CREATE ROLE regress_clock;
SET ROLE regress_clock;
SET clientele.clock = '2026-06-12 10:00:00+08';
SET clientele.live_limit = 100;
SELECT clientele.wall_clock() BETWEEN now() AND clock_timestamp() AS is_now;
RESET clientele.live_limit;
RESET ROLE;
DROP ROLE regress_clock;
SET clientele.live_limit = -1;

-- elapsed: as the expression language counts
SELECT unit, since, clientele.elapsed(unit, since, '2026-03-31 16:30+00', 'Asia/Shanghai') AS shanghai,
       clientele.elapsed(unit, since, '2026-03-31 16:30+00', 'America/New_York') AS new_york
FROM unnest(ARRAY['days', 'months', 'years']) AS unit,
     unnest(ARRAY['2026-03-31', '2026-02-28', '2025-04-01', '2024-02-29', '2026-05-15', '2027-06-01']::date[]) AS since
ORDER BY unit, since;
SELECT count(*) AS differ
FROM generate_series(date '2023-12-25', date '2028-03-05', interval '1 day') AS day,
     unnest(ARRAY['Asia/Shanghai', 'America/St_Johns', 'Pacific/Apia']) AS zone,
     LATERAL (SELECT date(day) AS since, timestamptz '2026-02-28 23:30+00' AS as_of) AS given
WHERE clientele.elapsed('days', since, as_of, zone) IS DISTINCT FROM
          clientele.evaluate_number(jsonb_build_object('since', since), 'days_since(date(since))', as_of, zone)
   OR clientele.elapsed('months', since, as_of, zone) IS DISTINCT FROM
          clientele.evaluate_number(jsonb_build_object('since', since), 'months_since(date(since))', as_of, zone)
   OR clientele.elapsed('years', since, as_of, zone) IS DISTINCT FROM
          clientele.evaluate_number(jsonb_build_object('since', since), 'years_since(date(since))', as_of, zone);

SELECT clientele.elapsed(NULL, '2026-01-01', '2026-03-31', 'UTC') AS no_unit,
       clientele.elapsed('days', NULL, '2026-03-31', 'UTC') AS no_date,
       clientele.elapsed('days', '2026-01-01', NULL, 'UTC') AS no_instant,
       clientele.elapsed('days', '2026-01-01', '2026-03-31', NULL) AS no_zone,
       clientele.elapsed('days', 'infinity', '2026-03-31', 'UTC') AS never,
       clientele.elapsed('years', '-infinity', '2026-03-31', 'UTC') AS always;
SELECT clientele.elapsed('weeks', '2026-01-01', '2026-03-31', 'UTC');
SELECT clientele.elapsed('day', '2026-01-01', '2026-03-31', 'UTC');
SELECT clientele.elapsed('days', '2026-01-01', 'infinity', 'UTC');
SELECT clientele.elapsed('days', '2026-01-01', '2026-03-31', 'Asia/Shanghia');
