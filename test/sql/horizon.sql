-- Until when values hold: each line of the table in src/README.md, and the cases
-- that somebody has thought of.  Random expressions are in test/tap/012_horizon.pl.
SET client_min_messages = warning;
CREATE SCHEMA horizon;
SET search_path = horizon, clientele, public;
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';

CREATE TABLE patient (
    born date, gone date, visit timestamptz, seen timestamp, booked timestamptz, n int, spent numeric(9,2), none int,
    city text, active boolean, interests text[], level text, ever date, long_ago timestamptz, huge numeric);
INSERT INTO patient VALUES (
    '2000-02-29', NULL, '2026-06-01 10:00+08', '2026-06-20 09:00', '2026-07-05 09:30+08', 5, 100.50, NULL,
    'wuxi', true, '{skin}', 'gold', 'infinity', '-infinity', 9e131071);

-- A rule's value on Tuesday, 30 June 2026, 12:00 in Shanghai, and until when.
CREATE FUNCTION shanghai(VARIADIC rules text[]) RETURNS TABLE (rule text, value text, until text) LANGUAGE sql AS $$
    SELECT rule, evaluate_text(p, rule::expression, '2026-06-30 12:00+08', 'Asia/Shanghai'),
           coalesce((valid_until(p, rule::expression, '2026-06-30 12:00+08', 'Asia/Shanghai') AT TIME ZONE 'Asia/Shanghai')::text, 'never')
    FROM patient AS p, unnest(rules) AS rule $$;

-- ---------- what time does not touch ----------

SELECT * FROM shanghai('n', 'n + 1 > 3', 'spent / n', 'city like ''w%''', 'starts_with(city, ''x'')', 'contains(interests, ''skin'')',
    'level in (''gold'', ''silver'')', 'active', 'not active', 'visit', 'date(visit)', 'month(born)', 'seen', 'booked > visit', 'born + 30',
    'born - date ''2000-01-01''', 'none is null', 'least(n, none)', 'n between 1 and 9', 'n = none', '42', '''text''', 'true');

-- ---------- elapsed time itself: the next day, month, year on which it is another ----------

SELECT * FROM shanghai('today()', 'days_since(visit)', 'days_since(seen)', 'born - today()', 'today() + n', 'months_since(visit)',
    'years_since(born)', 'age(born)', 'month(today())', 'day(today())', 'weekday(today())', 'months_since(gone)', 'days_since(gone)',
    'days_since(ever)', 'months_since(ever)', 'days_since(long_ago)', 'days_since(visit) * 2 + n', 'months_since(visit) * 2 + n', 'days_since(visit) + none');

-- ---------- comparisons of it are solved ----------

SELECT * FROM shanghai('days_since(visit) > 90', 'days_since(visit) >= 90', 'days_since(visit) < 90', 'days_since(visit) <= 90',
    'days_since(visit) = 90', 'days_since(visit) <> 90', 'days_since(visit) = 29', 'days_since(visit) <> 29',
    'days_since(visit) > 29', 'days_since(visit) > 28', 'days_since(visit) < 29', 'days_since(visit) <= 28', 'days_since(visit) = 28',
    '90 < days_since(visit)', '29 >= days_since(visit)', 'days_since(visit) > 89.5', 'days_since(visit) = 89.5', 'days_since(visit) < 28.5',
    'days_since(visit) > n', 'days_since(visit) > none', 'days_since(visit) < 1e30', 'days_since(visit) > 1e30', 'days_since(visit) > -1e30',
    'days_since(booked) >= 0', 'days_since(booked) = -3', 'days_since(gone) > 90', 'days_since(ever) > 90');
SELECT * FROM shanghai('born - today() > -9700', 'date(booked) - today() <= 3', 'date(booked) - today() = 0', '3 > date(booked) - today()',
    'today() >= date ''2026-08-01''', 'date ''2026-08-01'' > today()', 'date(booked) = today()', 'today() <= born', 'today() < ever',
    'today() + 30 > date ''2026-09-01''', 'today() - 30 >= date ''2026-06-10''', 'today() + none > born', 'date(visit) + 90 < today()', 'today() + 2000000000 > born', 'today() + 2145020000 > born');
SELECT * FROM shanghai('months_since(visit) >= 6', 'months_since(born) > 316', 'age(born) >= 27', 'age(born) = 26', 'age(born) < 18', 'age(born) <= 30',
    'age(ever) > 3', 'years_since(booked) >= 0', 'round(days_since(visit)) > 34.5', 'round(days_since(visit), 2) > 34', 'floor(days_since(visit)) > 34',
    'coalesce(days_since(visit), 9999) > 90', 'coalesce(days_since(gone), 9999) > 90', 'coalesce(days_since(gone), days_since(visit)) > 90',
    'coalesce(days_since(visit), n) in (29, 30)', 'coalesce(days_since(gone), n) > 90', 'greatest(coalesce(days_since(booked), 1), days_since(visit)) > 29',
    -- where what they look at has an end of its own
    'days_since(case when days_since(visit) < 60 then born else gone end) > 9700', 'days_since(visit) < case when days_since(seen) > 20 then 0 else 99 end',
    'days_since(case when days_since(visit) < 60 then born else gone end) in (9700)', 'today() - case when days_since(visit) < 60 then n end < born');
SELECT * FROM shanghai('month(today()) = 8', 'month(born) = month(today())', 'month(today()) <> 6', 'month(today()) in (6, 7, 8)', 'month(today()) < 13',
    'day(today()) = 31', 'day(today()) >= 30', 'day(today()) = 1.5', 'weekday(today()) < 6', '6 <= weekday(today())', 'weekday(today()) not in (1, 2)', 'day(today()) = none');
SELECT * FROM shanghai('days_since(visit) in (40, 45)', 'days_since(visit) in (28, 29, 30, 40)', 'days_since(visit) not in (29, 30)', 'days_since(visit) in (1, 2.5)',
    'days_since(visit) in (29.0, 30)', 'date(booked) - today() in (5, 4, 2)', 'date(booked) - today() in (1, 2)', 'today() in (date ''2026-07-04'', date ''2026-06-01'')', 'days_since(gone) in (1)',
    'days_since(visit) between 10 and 40', 'days_since(visit) between 40 and 50', 'days_since(visit) between 1 and 5', 'days_since(visit) not between 10 and 40');
SELECT * FROM shanghai('now() < booked', 'now() <= booked', 'booked < now()', 'booked <= now()', 'now() = booked', 'now() <> booked', 'now() > visit',
    'now() >= booked', 'booked between visit and now()', 'now() between visit and booked', 'long_ago < now()', 'seen > now()', 'now() = now()');

-- ---------- logic: the latest of the sides that decide, else the soonest ----------

SELECT * FROM shanghai('days_since(visit) > 90 and n > 3', 'days_since(visit) > 90 and n > 9', 'n > 9 and days_since(visit) > 90',
    'days_since(visit) > 90 and days_since(visit) > 60', 'days_since(visit) < 90 and days_since(visit) < 60', 'days_since(visit) < 90 and days_since(visit) > 60',
    'days_since(visit) > 60 and n > 3 and days_since(visit) > 90', 'days_since(visit) < 60 or days_since(visit) < 90', 'days_since(visit) > 60 or days_since(visit) > 90',
    'days_since(visit) < 60 or n > 3', 'n > 3 or n / n = 1 or days_since(visit) < 60', 'days_since(visit) < 60 and none > 3', 'days_since(visit) > 60 and none > 3',
    'not days_since(visit) > 90', 'not (days_since(visit) > 60 or days_since(visit) > 90)', '(days_since(visit) > 90) = active', '(days_since(visit) > 90) is null', '(today() > gone) is null');

-- ---------- choices: the conditions that were asked, and what was chosen ----------

SELECT * FROM shanghai('case when n > 3 then 1 else days_since(visit) end', 'case when n > 9 then 1 else days_since(visit) end',
    'case when days_since(visit) > 90 then 1 when n > 3 then 2 else days_since(visit) end', 'case when n > 3 then 1 when days_since(visit) > 90 then 2 end',
    'case when days_since(visit) > 90 then 1 when days_since(visit) > 60 then 2 end', 'case when days_since(visit) > 9 then months_since(visit) end',
    'coalesce(n, days_since(visit))', 'coalesce(none, days_since(visit))', 'coalesce(days_since(gone), n)', 'coalesce(months_since(visit), none)',
    'coalesce(case when days_since(visit) > 90 then 1 end, none, n)', 'least(n, days_since(visit))', 'greatest(none, months_since(visit))',
    'least(coalesce(days_since(visit), 1), 20) > 25', 'days_since(visit) is null', 'days_since(gone) is not null', 'months_since(gone) is null', 'today() is null', 'abs(days_since(visit)) is null', 'today() - n is null',
    '(born - case when days_since(visit) < 60 then born end) is null', 'days_since(case when days_since(visit) < 60 then born end) is null');

-- ---------- what cannot be had is NULL here, and an error elsewhere ----------

SELECT * FROM (SELECT valid_until(p, rule::expression, '2026-06-30 12:00+08', 'Asia/Shanghai') AS until, rule FROM patient AS p,
    unnest('{n / (n - 5) > 1,huge * huge > 1,ever + n > born,born + 2147483647 > born,born + 0.5 > born,n > 9 and n / 0 > 1,today() + 2147483647 > born,days_since(visit) / 0 > 1}'::text[]) AS rule) AS each;
SELECT valid_until('{"age": "old", "visit": "2026-06-01"}'::jsonb, rule::expression, '2026-06-30 12:00+08', 'Asia/Shanghai') AS until, rule
FROM unnest('{age > 18,days_since(visit) > 90,age > 18 or days_since(visit) > 90,age > visit,days_since(absent) > 3,visit is null}'::text[]) AS rule;

-- ---------- zones: a day begins when it begins ----------

-- the first instant of the next day; of one that a week's window waits for; of the next month
SELECT zone, as_of, valid_until(ROW(), 'today()', as_of, zone) AS tomorrow,
       valid_until(ROW(as_of), 'days_since(f1) >= 7', as_of, zone) AS in_a_week,
       valid_until(ROW(as_of), 'months_since(f1) >= 1', as_of, zone) AS in_a_month
FROM (VALUES ('America/New_York', timestamptz '2026-03-08 00:30-05'), ('America/New_York', '2026-11-01 00:30-04'),
             ('America/Sao_Paulo', '2018-11-03 12:00-03'), ('America/Sao_Paulo', '2018-02-17 12:00-02'),
             ('Pacific/Apia', '2011-12-29 12:00-10'), ('UTC', '2024-01-31 00:00+00'),
             -- at 00:01 on 7 November it will be 23:01 on the 6th, so nothing is known beyond; nor from there beyond midnight
             ('America/St_Johns', '2010-11-06 12:00-02:30'), ('America/St_Johns', '2010-11-07 00:00:30-02:30'), ('America/St_Johns', '2010-11-06 23:30-03:30')) AS v(zone, as_of);

-- what is past already comes again after the retreat
SELECT rule, evaluate_text(ROW(date '2010-11-07'), rule::expression, as_of, 'America/St_Johns') AS value,
       valid_until(ROW(date '2010-11-07'), rule::expression, as_of, 'America/St_Johns') AS until
FROM unnest('{2010-11-07 00:00:30-02:30}'::timestamptz[]) AS as_of,
     unnest('{today() >= f1,days_since(f1) > -1,days_since(f1) in (0),f1 - today() < 1,age(f1) >= 0,months_since(f1) >= 0,months_since(f1),day(today()) = 7,now() > timestamp ''2010-11-06 12:00''}'::text[]) AS rule;

-- ---------- the ends of time ----------

SELECT as_of, valid_until(ROW(), 'today()', as_of, 'America/New_York') AS tomorrow,
       valid_until(ROW(as_of), 'days_since(f1) > 400', as_of, 'America/New_York') AS later,
       valid_until(ROW(date '5874897-12-31', date '4713-01-01 BC'), 'age(f1) > 3 or months_since(f2) > 1', as_of, 'America/New_York') AS far
FROM unnest('{294276-12-31 23:00+00,4714-11-25 00:00+00 BC,294276-12-01 00:00+00}'::timestamptz[]) AS as_of;

-- ---------- the call ----------

SELECT valid_until(NULL::patient, 'today()', '2026-06-30 12:00+08', 'UTC') AS no_row, valid_until(p, NULL, '2026-06-30 12:00+08', 'UTC') AS no_rule,
       valid_until(p, 'n > 3') AS no_time FROM patient AS p;
SELECT valid_until(p, 'today() > born', NULL, 'UTC') FROM patient AS p;
SELECT valid_until(p, 'today() > born', 'infinity', 'UTC') FROM patient AS p;
SELECT valid_until(p, 'now()', '2026-06-30 12:00+08', 'UTC') FROM patient AS p;

-- rows in turn, at instants in turn: nothing is kept from one that does not hold for the next
SELECT g, valid_until(ROW(date '2026-06-30' - g), 'days_since(f1) > 3', as_of, zone) AS until
FROM generate_series(1, 5) AS g, unnest('{2026-06-30 12:00+08,2026-06-29 12:00+08}'::timestamptz[]) AS as_of, unnest('{Asia/Shanghai,America/New_York}'::text[]) AS zone
ORDER BY g, as_of, zone;

DROP SCHEMA horizon CASCADE;
