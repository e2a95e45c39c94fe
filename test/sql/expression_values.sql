-- What expressions are worth: logic, guards, time, and every kind of column.
-- Random expressions are compared with SQL in test/tap/010_expression_oracle.pl;
-- here stand the cases that somebody has thought of.
SET client_min_messages = warning;
CREATE SCHEMA expression_values;
SET search_path = expression_values, clientele, public;
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';

-- ---------- logic ----------

-- SQL's three values; `as_sql` says whether SQL thinks the same.
CREATE TABLE truth AS
    SELECT a, b FROM (VALUES (true), (false), (NULL)) AS x(a), (VALUES (true), (false), (NULL)) AS y(b);
SELECT a, b, evaluate_text(t, 'a and b') AS "and", evaluate_text(t, 'a or b') AS "or", evaluate_text(t, 'not a') AS "not a",
       evaluate_text(t, 'a = b') AS "=", evaluate_text(t, 'a <> b') AS "<>", evaluate_text(t, 'a is null') AS "a is null",
       evaluate_text(t, 'coalesce(a, b)') AS "coalesce", evaluate_text(t, 'case when a then b else not b end') AS "case",
       (evaluate_text(t, 'a and b'), evaluate_text(t, 'a or b'), evaluate_text(t, 'not a'), evaluate_text(t, 'a = b'),
        evaluate_text(t, 'a <> b'), evaluate_text(t, 'coalesce(a, b)'), evaluate_text(t, 'case when a then b else not b end'))
       IS NOT DISTINCT FROM
       ((a AND b)::text, (a OR b)::text, (NOT a)::text, (a = b)::text,
        (a <> b)::text, coalesce(a, b)::text, CASE WHEN a THEN b ELSE NOT b END::text) AS as_sql
FROM truth AS t ORDER BY a DESC NULLS LAST, b DESC NULLS LAST;

-- Unknown is not true: matches says no to a rule and to its negation.
SELECT matches(t, 'a') AS rule, matches(t, 'not a') AS negated, t @@ 'a is null' AS unknown
FROM truth AS t WHERE b ORDER BY a DESC NULLS LAST;

-- Chains of three, every combination, against SQL.
SELECT count(*) AS combinations,
       count(*) FILTER (WHERE evaluate_text(ROW(x.a, y.a, z.a), 'f1 and (f2 or not f3)') IS DISTINCT FROM (x.a AND (y.a OR NOT z.a))::text
                           OR evaluate_text(ROW(x.a, y.a, z.a), 'not (f1 or f2 and f3)') IS DISTINCT FROM (NOT (x.a OR y.a AND z.a))::text
                           OR evaluate_text(ROW(x.a, y.a, z.a), 'f1 and f2 and f3') IS DISTINCT FROM (x.a AND y.a AND z.a)::text
                           OR evaluate_text(ROW(x.a, y.a, z.a), 'f1 or f2 or f3') IS DISTINCT FROM (x.a OR y.a OR z.a)::text) AS different
FROM (SELECT DISTINCT a FROM truth) AS x, (SELECT DISTINCT a FROM truth) AS y, (SELECT DISTINCT a FROM truth) AS z;

-- NULL in comparisons, lists, ranges and patterns.
SELECT rule, evaluate_text(ROW(NULL::int, NULL::text, NULL::text[], 5), rule)
FROM unnest('{f1 = 5,f1 <> 5,f1 in (1),f1 not in (1),f1 between 1 and 5,5 between 1 and f1,7 between f1 and 6,f2 like ''%'',f2 not like ''%'',starts_with(f2\,''''),"contains(f3,'''')",f1 + 1 is null,"least(f1,f4)","greatest(f1,f4)","coalesce(f1,f4)"}'::expression[]) AS rule;

-- ---------- guards ----------

-- What SQL would not evaluate is not evaluated: no row here divides by zero.
CREATE TABLE ratio (a int, b int);
INSERT INTO ratio VALUES (10, 2), (10, 0), (10, NULL), (NULL, 0);
SELECT a, b,
       matches(r, 'b <> 0 and a / b > 2') AS "and",
       matches(r, 'b = 0 or a / b > 2') AS "or",
       matches(r, 'not (b = 0 or not (a / b > 2))') AS nested,
       evaluate_text(r, 'case when b = 0 then 0 when b is null then -1 else a / b end') AS "case",
       evaluate_text(r, 'case when b <> 0 then a / b end') AS "case without else",
       evaluate_text(r, 'coalesce(case when b = 0 then 0 end, a / b)') AS "coalesce",
       matches(r, 'b <> 0 and (a > 100 or a / b > 2 and a / b < 7)') AS deep
FROM ratio AS r ORDER BY a, b;
-- Below its lower end, between does not ask for the upper one.
SELECT matches('{"a": 0}'::jsonb, 'a between 1 and 5 / a') AS below, matches('{"a": 2}'::jsonb, 'a between 1 and 5 / a') AS inside,
       matches('{"a": 0}'::jsonb, 'a not between 1 and 5 / a') AS outside;
-- AND and OR read from left to right, so here the guard comes too late.
SELECT matches(r, 'a / b > 2 and b <> 0') FROM ratio AS r;
-- An unknown guard decides nothing.
SELECT matches(ROW(NULL::boolean, 0), 'f1 and 1 / f2 > 0');
SELECT matches(ROW(false, 0), 'f1 and 1 / f2 > 0'), matches(ROW(true, 0), 'f1 or 1 / f2 > 0');
-- A condition guards what it needs of a document.
SELECT doc, matches(doc, 'kind = ''n'' and value > 5') FROM (VALUES
    ('{"kind": "n", "value": 6}'::jsonb), ('{"kind": "t", "value": "six"}'), ('{"kind": "", "value": []}'), ('{}')) AS d(doc);
SELECT matches('{"kind": "n", "value": "six"}'::jsonb, 'kind = ''n'' and value > 5');

-- ---------- numbers ----------

SELECT rule, evaluate_number(ROW(), rule), evaluate_text(ROW(), rule)
FROM unnest('{1/3,2/3,10/4,7/2*2,1.50,1.50*2,-7/2,floor(-3.5),floor(3.5),round(2.5),round(-2.5),"round(2.345,2)","round(-2.345,2)","round(1.5,0)","round(12,3)",abs(-3.50),- -3,1 - - 1,2+3*4,(2+3)*4,10-4-3,100/10/5,1e3,.5,5.,0.1+0.2,9223372036854775807+1,-9223372036854775807-2,99999999999999999999*99999999999999999999,1/7*7,0.1*0.1,1e-20*1e20}'::expression[]) WITH ORDINALITY AS r(rule, n) ORDER BY n;
SELECT matches(ROW(0.1, 0.2), 'f1 + f2 = 0.3') AS exact, matches(ROW(0.1::float8, 0.2::float8), 'f1 + f2 = 0.3') AS from_floats,
       matches(ROW(1.50), 'f1 = 1.5') AS scale, matches(ROW(1e30, 1e30 + 1), 'f1 < f2') AS huge;
SELECT rule, evaluate_text(ROW('b'::text, 3, date '2026-01-05', true, NULL::text), rule)
FROM unnest('{"least(f2,5,1)","greatest(f2,5,1)","least(''z'',f1,''皮'')","greatest(''z'',f1,''皮'')","least(f3,date ''2026-01-04'')","greatest(f3,date ''2026-01-04'')","least(f5,f1)","greatest(f5,f5)","coalesce(f5,f1,''x'')",least(f2),"case when f4 then ''yes'' else ''no'' end"}'::expression[]) AS rule;

-- ---------- text ----------

-- Bytewise order, whatever the collation of the column.
CREATE TABLE word (a text COLLATE "C", b text COLLATE "und-x-icu");
INSERT INTO word VALUES ('a', 'B');
SELECT matches(w, 'a > b') AS bytewise, matches(w, 'a > ''B''') AS bytewise_too, matches(w, 'b < ''a''') AS here_too FROM word AS w;
SELECT matches(ROW('皮肤'::text), 'f1 like ''_肤''') AS one_character, matches(ROW('皮肤'::text), 'f1 like ''__''') AS two,
       matches(ROW('50%'::text), 'f1 like ''50\%''') AS escaped, matches(ROW('50x'::text), 'f1 like ''50\%''') AS not_escaped,
       matches(ROW('a\b'::text), 'f1 like ''a\\b''') AS backslash, matches(ROW('双眼皮'::text), 'starts_with(f1, ''双'')') AS starts,
       matches(ROW(''::text), 'starts_with(f1, '''')') AS empty, matches(ROW('a'::text), 'starts_with(f1, ''ab'')') AS longer;

-- ---------- days, months, years ----------

-- months: the greatest n for which today minus n months is not before the day.
-- By hand; then the whole of SQL's calendar below.
CREATE TABLE since (day date, today date, days int, months int, years int, why text);
INSERT INTO since VALUES
    ('2000-02-29', '2001-02-28', 365, 11, 0, 'born on a leap day: not yet a year'),
    ('2000-02-29', '2001-03-01', 366, 12, 1, 'born on a leap day: a year'),
    ('2000-02-29', '2004-02-28', 1460, 47, 3, 'the day before'),
    ('2000-02-29', '2004-02-29', 1461, 48, 4, 'the leap day itself'),
    ('2003-02-28', '2004-02-29', 366, 12, 1, 'end of February, a leap year'),
    ('2026-01-31', '2026-02-28', 28, 0, 0, 'the end of a shorter month'),
    ('2026-01-31', '2026-03-01', 29, 1, 0, 'the day after'),
    ('2026-02-28', '2026-03-28', 28, 1, 0, 'from a shorter month'),
    ('2026-02-28', '2026-03-31', 31, 1, 0, 'from a shorter month, its end'),
    ('2026-03-31', '2026-04-30', 30, 0, 0, '31st to 30th'),
    ('2026-03-30', '2026-04-30', 31, 1, 0, '30th to 30th'),
    ('2026-06-30', '2026-06-30', 0, 0, 0, 'today'),
    ('2026-07-01', '2026-06-30', -1, -1, -1, 'tomorrow'),
    ('2026-07-30', '2026-06-30', -30, -1, -1, 'in a month'),
    ('2026-07-31', '2026-06-30', -31, -2, -1, 'in a month and a day'),
    ('2027-06-30', '2026-06-30', -365, -12, -1, 'in a year'),
    ('2027-07-01', '2026-06-30', -366, -13, -2, 'in a year and a day'),
    ('infinity', '2026-06-30', NULL, NULL, NULL, 'never'),
    ('-infinity', '2026-06-30', NULL, NULL, NULL, 'always'),
    (NULL, '2026-06-30', NULL, NULL, NULL, 'unknown');
SELECT *,
       (evaluate_number(s, 'days_since(day)', today, 'UTC'), evaluate_number(s, 'months_since(day)', today, 'UTC'),
        evaluate_number(s, 'years_since(day)', today, 'UTC')) IS NOT DISTINCT FROM
       (days::numeric, months::numeric, years::numeric)
       AND evaluate_number(s, 'age(day)', today, 'UTC') IS NOT DISTINCT FROM years AS right
FROM since AS s;

-- Every day of five years against every fourteenth of the next, by SQL's intervals.
SELECT count(*) AS pairs, count(*) FILTER (WHERE months IS DISTINCT FROM by_sql) AS different
FROM generate_series(date '2023-01-01', date '2027-12-31', '1 day') AS d(day),
     generate_series(date '2024-01-31', date '2028-12-31', '14 days') AS t(today),
     LATERAL (SELECT evaluate_number(ROW(day::date), 'months_since(f1)', today, 'UTC') AS months) AS ours,
     LATERAL (SELECT max(n) AS by_sql FROM generate_series(-50, 75) AS n
              WHERE n BETWEEN (today::date - day::date) / 30.436875 - 3 AND (today::date - day::date) / 30.436875 + 3
                AND (today::date - n * interval '1 month')::date >= day::date) AS theirs
WHERE extract(day FROM day) IN (1, 28, 29, 30, 31) OR extract(day FROM day) = 15;

-- ISO weekdays, from Monday.
SELECT string_agg(evaluate_text(ROW(day::date), 'weekday(f1)'), ' ' ORDER BY day) AS weekdays,
       bool_and(evaluate_number(ROW(day::date), 'weekday(f1)') = extract(isodow FROM day)
            AND evaluate_number(ROW(day::date), 'month(f1)') = extract(month FROM day)
            AND evaluate_number(ROW(day::date), 'day(f1)') = extract(day FROM day)) AS as_sql
FROM generate_series(date '2024-02-26', date '2024-03-03', '1 day') AS day;

-- Days can be added and subtracted; eternity stays what it is.
SELECT rule, evaluate_text(ROW(date '2024-02-28', date 'infinity', 1.0, '-infinity'::date), rule, '2024-03-01 00:00+00', 'UTC')
FROM unnest('{f1 + 1,f1 + 2,1 + f1,f1 - 59,f1 + f3,today() - f1,f1 - today(),today() - 366,f2 + 1,f2 - f1,f4 - 1,f1 < f2,f4 < f1,month(f2),weekday(f4),days_since(f2)}'::expression[]) AS rule;

-- ---------- zones ----------

-- Instants around four nights on which clocks were changed: the local day of
-- every half minute of two days, against SQL.
CREATE TABLE night (zone text, around timestamptz);
INSERT INTO night VALUES
    ('America/St_Johns', '2010-11-07 02:31+00'),    -- at 00:01 back to 23:01 of the day before
    ('America/St_Johns', '2010-03-14 03:31+00'),    -- at 00:01 on to 01:01
    ('Pacific/Apia', '2011-12-30 10:00+00'),        -- the day that there was not
    ('America/Sao_Paulo', '2018-11-04 03:00+00'),   -- no midnight
    ('America/Sao_Paulo', '2018-02-18 02:00+00'),   -- two
    ('America/New_York', '2026-03-08 07:00+00'),
    ('America/New_York', '2026-11-01 06:00+00'),
    ('Asia/Shanghai', '2026-06-30 16:00+00'),
    ('Africa/Monrovia', '1972-01-07 00:44:30+00');  -- an offset of seconds
SELECT zone, around::date AS night, count(*) AS instants,
       count(*) FILTER (WHERE evaluate_text(ROW(t), 'date(f1)', around, zone)::date IS DISTINCT FROM (t AT TIME ZONE zone)::date) AS other_date,
       count(*) FILTER (WHERE evaluate_number(ROW(t), 'days_since(f1)', around, zone)
                        IS DISTINCT FROM (around AT TIME ZONE zone)::date - (t AT TIME ZONE zone)::date) AS other_days,
       count(*) FILTER (WHERE evaluate_number(ROW(around), 'days_since(f1)', t, zone)
                        IS DISTINCT FROM (t AT TIME ZONE zone)::date - (around AT TIME ZONE zone)::date) AS other_today
FROM night, generate_series(around - interval '1 day', around + interval '1 day', '30 seconds') AS t
GROUP BY zone, around ORDER BY zone, around;
-- The same nights by the clock on the wall: timestamps without a zone.
SELECT zone, count(*) AS readings,
       count(*) FILTER (WHERE evaluate_text(ROW(t), 'f1', around, zone)::timestamptz IS DISTINCT FROM (t AT TIME ZONE zone)) AS other_instant,
       count(*) FILTER (WHERE matches(ROW(t), format('f1 = timestamp %L', to_char(t, 'YYYY-MM-DD HH24:MI:SS'))::expression, around, zone) IS NOT TRUE) AS other_literal
FROM night, generate_series((around AT TIME ZONE zone) - interval '1 day', (around AT TIME ZONE zone) + interval '1 day', '15 minutes') AS t
WHERE zone <> 'Africa/Monrovia'
GROUP BY zone ORDER BY zone;
-- What that looks like: one instant, four zones; and one reading that Apia never had.
SELECT zone, evaluate_text(ROW(timestamptz '2011-12-30 10:00+00'), 'date(f1)', '2026-01-01', zone) AS day,
       evaluate_text(ROW(timestamp '2011-12-30 12:00'), 'f1', '2026-01-01', zone) AS reading,
       evaluate_text(ROW(), 'timestamp ''2011-12-30 12:00''', '2026-01-01', zone) AS literal,
       evaluate_text(ROW(), 'timestamp ''2011-12-30 12:00+00''', '2026-01-01', zone) AS with_offset
FROM unnest('{Asia/Shanghai,America/St_Johns,Pacific/Apia,UTC}'::text[]) AS zone;
-- A day is a day in any zone: dates are never moved.
SELECT zone, evaluate_text(ROW(date '2011-12-30'), 'f1', '2026-01-01', zone), evaluate_text(ROW(), 'today()', '2026-06-30 23:30+00', zone)
FROM unnest('{Asia/Shanghai,Pacific/Apia,America/Sao_Paulo}'::text[]) AS zone;
-- now() is as_of, and the server's setting of TimeZone has no say.
SET TimeZone = 'America/New_York';
SELECT matches(ROW(timestamptz '2026-06-30 12:00+08'), 'f1 = now()', '2026-06-30 04:00+00', 'Asia/Shanghai') AS instant,
       evaluate_text(ROW(timestamptz '2026-06-30 12:00+08'), 'f1', NULL, 'Asia/Shanghai') AS in_the_zone,
       evaluate_text(ROW(timestamptz '2026-06-30 12:00+08'), 'f1') AS without_one;
SET TimeZone = 'UTC';
-- One call site, many zones and instants.
SELECT zone, as_of, evaluate_text(ROW(timestamp '2026-03-08 02:30'), 'days_since(f1)', as_of, zone) AS days,
       evaluate_text(ROW(timestamp '2026-03-08 02:30'), 'f1 < timestamp ''2026-03-08 03:15''', as_of, zone) AS earlier
FROM unnest('{America/New_York,Asia/Shanghai}'::text[]) AS zone, unnest('{2026-03-09 03:59+00,2026-03-09 04:00+00}'::timestamptz[]) AS as_of
ORDER BY as_of, zone;

-- ---------- columns of every type ----------

CREATE TYPE level AS ENUM ('platinum', 'gold', '普通');
CREATE DOMAIN phone AS text CHECK (value ~ '^[0-9+]+$');
CREATE DOMAIN mobile AS phone;
CREATE DOMAIN rank AS level;
CREATE TABLE everything (
    bo boolean, i2 int2, i4 int4, i8 int8, f4 float4, f8 float8, n numeric, t text, v varchar(10), c char(6), nm name,
    e level, u uuid, d date, ts timestamp, tz timestamptz, a text[], va varchar[], j jsonb, ph mobile, r rank);
INSERT INTO everything VALUES
    (true, 32767, -2147483648, 9223372036854775807, 0.1, 0.1, 1.50, '皮肤', 'gold', 'ab', 'Name', 'gold',
     'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '2026-06-30', '2026-06-30 18:00', '2026-06-30 18:00+08', '{a,NULL,皮肤}', '{b}',
     '{"n": 1.50, "t": "皮肤", "in": {"b": true}, "a": ["x", null]}', '13800000000', '普通'),
    (false, -32768, 0, -9223372036854775808, 'NaN', 'Infinity', 'NaN', '', '', '', '', 'platinum',
     '00000000-0000-0000-0000-000000000000', 'infinity', '-infinity', 'infinity', '{}', '{}', '{}', '0', 'gold'),
    (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (true, 0, 16777217, 0, 16777217, 1e30, 12345678901234567890.123456789012345678901234567890, 'x', 'ab ', 'a b', 'x', '普通',
     'ffffffff-ffff-ffff-ffff-ffffffffffff', '0044-03-15 BC', '0044-03-15 12:00 BC', '0044-03-15 12:00+00 BC', '{{a,b},{c,d}}', '{NULL}',
     'null', '1', 'platinum');
SELECT name, string_agg(coalesce(evaluate_text(x, quote_ident(name)::expression, NULL, 'Asia/Shanghai'), 'NULL'), ' | ' ORDER BY x.ctid) AS values
FROM everything AS x,
     (SELECT attname AS name, attnum FROM pg_attribute WHERE attrelid = 'everything'::regclass AND attnum > 0) AS attribute
GROUP BY name, attnum ORDER BY attnum;

-- Literals beside a column are read by the column's own type.
SELECT rule, count(*) FILTER (WHERE matches(x, rule, NULL, 'Asia/Shanghai')) AS rows
FROM everything AS x, unnest(ARRAY['bo', 'bo = ''yes''', 'i2 > 0', 'f4 = 0.1', 'f4 = 16777216', 'f4 is null', 'f8 is null', 'n is null', 'n = 1.5',
    'v = ''ab ''', 'v = ''ab''', 'c = ''ab''', 'c = ''ab    ''', 'c like ''ab''', 'c in (''ab '', ''zz'')', 'nm = ''Name''',
    'e = ''gold''', 'e in (''gold'', ''普通'')', 'e <> ''gold''', 'e like ''g%''', 'r = ''普通''', '''gold'' = e',
    'u = ''{a0eebc999c0b4ef8bb6d6bb9bd380a11}''', 'u in (''A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'')', 'u > ''00000000-0000-0000-0000-000000000000''',
    'd = ''2026-06-30''', 'd < date ''2026-06-30''', 'd > date ''9999-12-31''', 'ts = ''2026-06-30 18:00''', 'tz = ''2026-06-30 10:00Z''',
    'tz = ts', 'tz > timestamp ''9999-12-31''', 'contains(a, ''皮肤'')', 'contains(a, ''c'')', 'contains(va, ''b'')', 'not contains(a, ''zz'')', 'a is null',
    'ph = ''13800000000''', 'starts_with(ph, ''138'')', 'j.n = 1.5', 'j."in".b', 'j.t = t', 'contains(j.a, ''x'')', 'j is null', 'j.nothing.at.all is null',
    'v = t', 'n + i2 > f8', 'e = r'])
    WITH ORDINALITY AS r(rule_text, line), LATERAL (SELECT rule_text::expression AS rule) AS parsed
GROUP BY rule, line ORDER BY line;

-- A jsonb column without a path is its document: a scalar, or an array of texts.
CREATE TABLE extra (id int, j jsonb, k jsonb);
INSERT INTO extra VALUES (1, '5', '5.0'), (2, '"text"', '"text"'), (3, '["a", "皮肤"]', '[]'), (4, 'null', NULL), (5, '{"a": 1}', '{}'), (6, 'true', 'false');
SELECT id, evaluate_text(x, 'j') AS text, matches(x, 'j is null') AS is_null,
       matches(x, 'id in (1, 2, 6) and j = k') AS equal, matches(x, 'id = 1 and j > 4') AS number, matches(x, 'id = 2 and j = ''text''') AS "string",
       matches(x, 'id = 3 and contains(j, ''皮肤'')') AS "array", matches(x, 'id = 6 and j') AS truth,
       matches(x, 'coalesce(j, k) is null') AS both_null, matches(x, 'least(j, k) is null') AS least_null
FROM extra AS x ORDER BY id;
SELECT matches(x, 'j > 4') FROM extra AS x WHERE id = 5;
SELECT matches(x, 'j = ''text''') FROM extra AS x WHERE id = 3;
SELECT matches(x, 'contains(j, ''a'')') FROM extra AS x WHERE id = 5;
SELECT matches(x, 'j = k') FROM extra AS x WHERE id = 5;
SELECT evaluate_number(x, 'j') FROM extra AS x WHERE id = 2;

-- Long values come out of line and compressed.
CREATE TABLE long_values (t text, n numeric, a text[], j jsonb);
ALTER TABLE long_values ALTER t SET STORAGE external, ALTER a SET STORAGE extended;
INSERT INTO long_values SELECT repeat('皮', 5000) || 'end', ('1' || repeat('0', 5000))::numeric + 1, array_agg(i::text), jsonb_object_agg('k' || i, i)
FROM generate_series(1, 3000) AS i;
SELECT matches(l, 't like ''%end''') AS text, matches(l, 'n > 1e900') AS number, matches(l, 'contains(a, ''2999'')') AS "array",
       evaluate_number(l, 'j.k2999') AS document, evaluate_number(l, 'n - n + 1') AS exact, length(evaluate_text(l, 't')) AS length
FROM long_values AS l;

-- ---------- rows of every kind ----------

SELECT matches(ROW(5, 'x'::text), 'f1 > 4 and f2 = ''x''') AS anonymous,
       (SELECT matches(s, 'total > 4') FROM (SELECT 5 AS total) AS s) AS subquery,
       (SELECT matches(s, 'total > 4') FROM (VALUES (5)) AS s(total)) AS "values",
       matches(NULL::record, 'f1 > 4') AS null_row, matches(NULL::jsonb, 'f1 > 4') AS null_document,
       matches(ROW(5), NULL) AS null_rule, matching(NULL::record, ARRAY['f1 > 4']::expression[]) AS matching_null_row,
       matching(ROW(5), NULL) AS matching_no_rules, evaluate_number(NULL::record, 'f1') AS number, evaluate_text(ROW(1), NULL) AS text;
SELECT matches(r, 'true') FROM (SELECT NULL::ratio AS r) AS n;
-- A row of NULLs is a row.
SELECT matches(ROW(NULL, NULL), 'true'), matches(ROW(NULL::int), 'f1 is null');
-- An outer join's missing row is none.
SELECT r.a, matches(s, 'true') AS there FROM (VALUES (1), (2)) AS r(a) LEFT JOIN (VALUES (1)) AS s(b) ON b = a ORDER BY 1;
-- Two rows that differ in type take turns at one call site.
SELECT i, matches(CASE WHEN i % 2 = 0 THEN ROW(i, 'x'::text) ELSE ROW(i::numeric, 'y'::text) END, 'f1 > 2 and f2 = ''x''')
FROM generate_series(1, 4) AS i;
-- A composite value in a column, also after its type has changed.
CREATE TYPE person AS (name text, gone int, age int);
CREATE TABLE card (p person, ps person[]);
INSERT INTO card VALUES (ROW('林晓', 0, 27), ARRAY[ROW('陈静', 1, 41)]::person[]), (NULL, NULL);
SELECT matches(p, 'age < 30') AS stored, matches(ps[1], 'age < 30') AS element FROM card;
ALTER TYPE person DROP ATTRIBUTE gone;
ALTER TYPE person ADD ATTRIBUTE city text;
SELECT matches(p, 'age < 30 and city is null') AS stored, matches(ps[1], 'name = ''陈静''') AS element FROM card;
-- And while a call site holds a rule compiled for what it was.
CREATE TYPE changing AS (a int);
DO $$
DECLARE
    row record;
    rule expression := 'a > 5';
BEGIN
    FOR i IN 1 .. 3 LOOP
        EXECUTE 'SELECT s FROM (SELECT ROW(5.5)::expression_values.changing) AS s(s)' INTO row;
        RAISE INFO '% is more than five: %', row.s, matches(row.s, rule);
        IF i = 1 THEN ALTER TYPE expression_values.changing ALTER ATTRIBUTE a TYPE numeric; END IF;
        IF i = 2 THEN ALTER TYPE expression_values.changing ALTER ATTRIBUTE a TYPE float4; END IF;
    END LOOP;
END $$;
CREATE DOMAIN adult AS person CHECK ((value).age >= 18);
SELECT matches(ROW('a', 27, 'b')::adult, 'age = 27') AS domain_over_composite;

-- A table changes between two executions of a prepared statement.
CREATE TABLE customer (id int, gone int, amount int);
INSERT INTO customer SELECT i, -1, i * 10 FROM generate_series(1, 3) AS i;
PREPARE over_15 AS SELECT id FROM customer AS c WHERE matches(c, 'amount > 15') ORDER BY id;
PREPARE by_rule(expression) AS SELECT id FROM customer AS c WHERE matches(c, $1) ORDER BY id;
EXECUTE over_15;
EXECUTE by_rule('amount > 25');
ALTER TABLE customer DROP COLUMN gone;
EXECUTE over_15;
EXECUTE by_rule('amount > 25');
ALTER TABLE customer ADD COLUMN city text DEFAULT '上海', ALTER COLUMN amount TYPE numeric USING amount / 10.0;
EXECUTE over_15;
EXECUTE by_rule('amount > 2.5 and city = ''上海''');
ALTER TABLE customer RENAME COLUMN amount TO spent;
EXECUTE over_15;
EXECUTE by_rule('spent > 2.5');
EXECUTE by_rule('gone = -1');
-- Generic plans do not know the rule: it may change with each execution.
SET plan_cache_mode = force_generic_plan;
EXECUTE by_rule('spent > 1.5');
EXECUTE by_rule('spent < 1.5');
RESET plan_cache_mode;
DEALLOCATE ALL;
-- Inside PL/pgSQL a call site lives as long as the session.
CREATE FUNCTION ask(rule expression) RETURNS int[] LANGUAGE plpgsql AS
    $$DECLARE c customer; answer int[] := '{}';
    BEGIN
        FOR c IN SELECT * FROM customer ORDER BY id LOOP
            IF matches(c, rule) THEN answer := answer || c.id; END IF;
        END LOOP;
        RETURN answer;
    END$$;
SELECT ask('spent >= 2'), ask('city = ''上海'' and id < 3');
ALTER TABLE customer DROP COLUMN city;
SELECT ask('spent >= 2');
-- An enum's labels can be renamed and added.
CREATE TABLE leveled (l level);
INSERT INTO leveled VALUES ('gold');
SELECT matches(x, 'l = ''gold''') FROM leveled AS x;
ALTER TYPE level RENAME VALUE 'gold' TO '金卡';
SELECT matches(x, 'l = ''金卡''') FROM leveled AS x;
SELECT matches(x, 'l = ''gold''') FROM leveled AS x;

-- ---------- many rules ----------

-- More rules than a call site keeps, met in turn, twice over.
CREATE TABLE rule AS
    SELECT i AS id, format('spent > %s and id <> %s', i / 100.0, i % 4)::expression AS condition, i / 100.0 AS least, i % 4 AS other
    FROM generate_series(1, 300) AS i;
SELECT count(*) AS pairs, count(*) FILTER (WHERE matches(c, condition)) AS matching,
       count(*) FILTER (WHERE matches(c, condition) IS DISTINCT FROM (spent > least AND c.id <> other)) AS different
FROM customer AS c, rule AS r, generate_series(1, 2);
SELECT count(*) FILTER (WHERE matches(c, condition) IS DISTINCT FROM (spent > least AND c.id <> other)) AS different
FROM (SELECT * FROM rule ORDER BY id % 7, id) AS r, customer AS c;
-- All of them in one pass.
SELECT c.id, cardinality(matching(c, rules)) AS matching,
       matching(c, rules) = (SELECT array_agg(r.id ORDER BY r.id) FROM rule AS r WHERE spent > least AND c.id <> other) AS right
FROM customer AS c, (SELECT array_agg(condition ORDER BY id) AS rules FROM rule) AS r ORDER BY c.id;
SELECT matching(ROW(5), ARRAY['f1 = 5', NULL, 'f1 = 6', 'f1 > 4', 'f1 is null', 'null']::expression[]) AS with_null,
       matching(ROW(5), '{}'::expression[]) AS empty, matching(ROW(5), ARRAY[NULL]::expression[]) AS only_null,
       matching(ROW(5), '[5:6]={f1 = 5,f1 = 5}'::expression[]) AS positions_from_one,
       matching('{"a": 5}'::jsonb, ARRAY['a = 5', 'b = 5', 'b is null']::expression[]) AS document;
SELECT matching(ROW(5), ARRAY[ARRAY['f1 = 5'], ARRAY['f1 = 6']]::expression[]);
-- One rule that fails stops all: it is wrong for every row.
SELECT matching(ROW(5), ARRAY['f1 = 5', 'f2 = 6']::expression[]);
-- Named and defaulted arguments.
SELECT matches(rule => 'today() = date ''2026-06-30''', subject => ROW(1), time_zone => 'UTC', as_of => '2026-06-30'),
       matches(ROW(1), 'f1 = 1', time_zone => 'UTC'), ROW(1) @@ 'f1 = 1' AS operator;

-- ---------- documents ----------

CREATE TABLE document (id int, doc jsonb);
INSERT INTO document VALUES
    (1, '{"name": "林晓", "age": 27, "vip": true, "born": "1999-03-12", "seen": "2026-06-21T14:00:00+08:00", "tags": ["皮肤", null], "home": {"city": "上海", "级别": {"n": 3}}}'),
    (2, '{"name": null, "age": 41.50, "vip": false, "born": "1984-11-02 08:00", "seen": "2026-01-05 10:30", "tags": [], "home": {}}'),
    (3, '{}');
SELECT id, evaluate_text(doc, 'name') AS name, evaluate_number(doc, 'age') AS age, evaluate_text(doc, 'vip') AS vip,
       evaluate_text(doc, 'home.city') AS city, evaluate_text(doc, 'home."级别".n + 1') AS n, evaluate_text(doc, 'home') AS object,
       evaluate_text(doc, 'tags') AS tags, matches(doc, 'contains(tags, ''皮肤'')') AS skin, matches(doc, 'home.city.street is null') AS deeper,
       evaluate_number(doc, 'age(born)', '2026-06-30', 'Asia/Shanghai') AS years,
       evaluate_number(doc, 'days_since(seen)', '2026-06-30', 'Asia/Shanghai') AS days,
       evaluate_text(doc, 'seen < now()', '2026-06-30', 'Asia/Shanghai') AS seen
FROM document ORDER BY id;
-- Two keys are compared as what they are.
SELECT doc, evaluate_text(doc, 'a = b') AS equal, evaluate_text(doc, 'a <> b') AS different
FROM (VALUES ('{"a": 1, "b": 1.0}'::jsonb), ('{"a": "x", "b": "y"}'), ('{"a": true, "b": true}'), ('{"a": 1}'), ('{"a": null, "b": null}')) AS d(doc);
SELECT evaluate_text('{"a": "10", "b": "9"}'::jsonb, 'a < b') AS as_text, evaluate_text('{"a": 10, "b": 9}'::jsonb, 'a < b') AS as_numbers;
-- Another type than the rule needs is an error, not a coercion.
SELECT matches('{"a": "5"}'::jsonb, 'a > 4');
SELECT matches('{"a": 5}'::jsonb, 'a = ''5''');
SELECT matches('{"a": 5, "b": "5"}'::jsonb, 'a = b');
SELECT matches('{"a": 1, "b": 2}'::jsonb, 'a');
SELECT matches('{"a": [1]}'::jsonb, 'contains(a, ''1'')');
SELECT matches('{"a": {"b": {"c": "x"}}}'::jsonb, 'a.b.c > 4');
SELECT matches('{"a": true, "b": false}'::jsonb, 'a < b');
SELECT matches('{"a": "30/06/2026"}'::jsonb, 'month(a) = 6');
SELECT matches('{"a": "2026-06-30 25:00"}'::jsonb, 'a > timestamp ''2026-06-30 00:00+00''');
SELECT matches('{"a": "2026-06-30T12:00:00+08:00"}'::jsonb, 'month(a) = 6');
SELECT matches('{"a": "2026-06-30"}'::jsonb, 'month(a) = 6') AS no_zone_needed;
-- What is no object has no keys.
SELECT matches('5'::jsonb, 'a is null') AS number, matches('[{"a": 1}]'::jsonb, 'a is null') AS "array", matches('null'::jsonb, 'a is null') AS "null";
-- A document answers as the row it was made of.
SELECT count(*) AS rows, count(*) FILTER (WHERE matches(c, condition) IS DISTINCT FROM matches(to_jsonb(c), condition)) AS different
FROM customer AS c, rule AS r;

-- ---------- plans ----------

CREATE TABLE many AS SELECT i AS id, i % 100 AS amount, CASE i % 3 WHEN 0 THEN 'F' WHEN 1 THEN 'M' END AS gender,
    timestamptz '2026-01-01 00:00+08' + i * interval '1 minute' AS seen FROM generate_series(1, 50000) AS i;
ANALYZE many;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF)
SELECT count(*) FROM many AS m WHERE matches(m, 'gender = ''F'' and amount > 50 and days_since(seen) > 10', '2026-01-31 12:00+08', 'Asia/Shanghai');
SELECT count(*) FROM many AS m WHERE matches(m, 'gender = ''F'' and amount > 50 and days_since(seen) > 10', '2026-01-31 12:00+08', 'Asia/Shanghai');
SELECT sum(evaluate_number(m, 'amount / 4')) AS total, count(*) FILTER (WHERE m @@ 'amount = 7') AS sevens,
       sum(cardinality(matching(m, ARRAY['gender = ''F''', 'gender is null', 'amount > 98']::expression[]))) AS matched FROM many AS m;
SET max_parallel_workers_per_gather = 0;
SELECT count(*) FROM many AS m WHERE matches(m, 'gender = ''F'' and amount > 50 and days_since(seen) > 10', '2026-01-31 12:00+08', 'Asia/Shanghai');
SELECT sum(evaluate_number(m, 'amount / 4')) AS total, count(*) FILTER (WHERE m @@ 'amount = 7') AS sevens,
       sum(cardinality(matching(m, ARRAY['gender = ''F''', 'gender is null', 'amount > 98']::expression[]))) AS matched FROM many AS m;
SELECT count(*) FROM many WHERE gender = 'F' AND amount > 50 AND date '2026-01-31' - (seen AT TIME ZONE 'Asia/Shanghai')::date > 10;

-- A rule can stand in an index, a check and a generated column: it depends on
-- nothing but its arguments.
CREATE TABLE checked (amount int, vip boolean GENERATED ALWAYS AS (matches(ROW(amount), 'f1 > 100')) STORED,
    CONSTRAINT small CHECK (matches(ROW(amount), 'f1 < 1000')));
INSERT INTO checked VALUES (50), (500);
SELECT * FROM checked ORDER BY amount;
CREATE INDEX ON checked ((matches(ROW(amount), 'f1 > 100')));
-- An index over a rule, or over the rows for which it holds, is used by the
-- queries that ask the same.
CREATE INDEX many_sevens ON many (id) WHERE matches(many, 'amount = 7 and gender is null');
CREATE INDEX many_rule ON many (matches(many, 'amount = 8'));
CREATE INDEX many_row ON many (matches(ROW(amount), 'f1 = 9'));
CREATE INDEX many_value ON many (evaluate_number(many, 'amount * 2'));
ANALYZE many;
EXPLAIN (COSTS OFF) SELECT id FROM many WHERE matches(many, 'amount = 7 and gender is null');
EXPLAIN (COSTS OFF) SELECT id FROM many AS m WHERE matches(m, 'amount = 8') ORDER BY id;
EXPLAIN (COSTS OFF) SELECT id FROM many WHERE matches(ROW(amount), 'f1 = 9') ORDER BY id;
EXPLAIN (COSTS OFF) SELECT id FROM many AS m WHERE evaluate_number(m, 'amount * 2') = 20 ORDER BY id;
INSERT INTO many VALUES (-7, 7), (-8, 8), (-9, 9), (-10, 10);
UPDATE many SET amount = 8, gender = 'F' WHERE id = -7;
SELECT (SELECT count(*) FROM many WHERE matches(many, 'amount = 7 and gender is null')) AS sevens,
       (SELECT count(*) FROM many WHERE amount = 7 AND gender IS NULL) AS by_sql,
       (SELECT count(*) FROM many AS m WHERE matches(m, 'amount = 8')) AS eights,
       (SELECT count(*) FROM many WHERE matches(ROW(amount), 'f1 = 9')) AS nines,
       (SELECT count(*) FROM many AS m WHERE evaluate_number(m, 'amount * 2') = 20) AS tens;
CREATE TABLE whole (amount int, vip boolean, CONSTRAINT not_huge CHECK (matches(whole, 'amount < 1000 and vip is null')));
INSERT INTO whole VALUES (500);
INSERT INTO whole VALUES (5000);
ALTER TABLE whole ADD COLUMN late int DEFAULT 5, ADD CHECK (matches(whole, 'late = 5'));
INSERT INTO whole VALUES (7, NULL, 6);
SELECT *, matches(w, 'amount = 500 and late = 5') FROM whole AS w;

\set VERBOSITY terse
DROP SCHEMA expression_values CASCADE;
