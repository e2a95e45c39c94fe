-- The type: reading, printing, equality, storage, and the way over the wire.
--
-- From PostgreSQL 16 on a bad text can be a soft error (pg_input_is_valid, COPY
-- ... ON_ERROR); the releases that all tests run on do not have it, so that is
-- not tested here.
SET client_min_messages = warning;
CREATE SCHEMA expression_type;
SET search_path = expression_type, clientele, public;
\pset null NULL

-- ---------- canonical text ----------

-- What is printed is read as the same value, and printed the same again.
CREATE TABLE sample (n int GENERATED ALWAYS AS IDENTITY, text text, rule expression);
INSERT INTO sample (text, rule) SELECT text, text::expression FROM unnest(ARRAY[
    -- spaces and case
    '  GENDER=''F''AND  Visits>=5 ', E'a\n\t=\r\n1', 'a<>1', 'a!=1', 'NOT a', 'Not Not a', 'a IS NULL', 'a Is nOt NULL', 'TRUE', 'False', 'nUll is null',
    -- precedence, with and without brackets
    'a or b and c', '(a or b) and c', 'a or (b and c)', '(a and b) or c', 'a and b and c', '(a and b) and c', 'a and (b and c)', 'a or (b or c)', 'a and (b or c or (d and e))',
    'not a and b', 'not (a and b)', '(not a) and b', 'not (not a)', 'not a = b', '(not a) = b', 'not (a = b)', 'not a is null', '(not a) is null', 'not (a is null)',
    'a = b is null', '(a = b) is null', 'a = (b is null)', 'a is null is not null', '(a is null) = b', '(a = b) = c', 'a = (b = c)', '(a and b) = (c or d)',
    'a + b + c', '(a + b) + c', 'a + (b + c)', 'a - b - c', 'a - (b - c)', 'a - b + c', 'a * b / c', 'a / (b * c)', 'a * (b / c)', 'a + b * c', '(a + b) * c', 'a * b + c', 'a * (b + c)', 'a / (b - c) / d',
    '-a', '- - a', '-(-(-a))', '-(a + b)', '-a * b', '-(a * b)', '(-a) * b', 'a * -b', 'a - -b', 'a - -1', 'a - (-1)', '-1', '- -1', '-(-(1))', '-(1 + 2)', '+a', '+(-a)', '-a.b', '(a) + ((b))',
    'a + b = c * d', 'a + (b = c)', 'a between b and c', 'a not between b + 1 and c * 2', '(a between b and c) and d', 'a between b and c and d', '(a between b and c) = d', 'a between (b and c) and d', '(a = b) between c and d', 'not a between b and c',
    'a in (1)', 'a in (1, -2, +3, ''x'', true, false, date ''2026-01-01'', timestamp ''2026-01-01 00:00'')', 'a not in (''x'')', '(a in (1)) = b', 'not a in (1)', 'a + 1 in (2)', '(a and b) in (true)', 'a in (1, 1, 1)',
    'a like ''x''', 'a not like ''%x_''', '(a like ''x'') and b', 'a like (''x'')', 'case when a then b end like ''x''', '(a or b) is null',
    -- conditional values
    'case when a then b end', 'case when a or b then c and d else e or f end', 'case when a then b when c then d when e then f end', 'case when case when a then b end then case when c then d else e end else f end + 1', '(case when a then 1 end)', '- case when a then 1 end',
    -- calls
    'coalesce(a)', 'coalesce(a, b or c, d = e)', 'least(1,2,3)', 'greatest( a , ( b ) )', 'round(a)', 'round(a, 2)', 'round(a + 1, 00)', 'abs(-a)', 'floor(a)', 'today()', 'now () > a', 'a <= now()', 'month(today())', 'days_since(a)', 'months_since(a)', 'years_since(a)', 'age(a)', 'day(a)', 'weekday(a)', 'date(a)', 'contains(a, ''x'')', 'starts_with(a, b)', 'has_tag(''vip'')', 'AGE(a)', '"age"(a)', 'not has_tag(''it''''s'')',
    -- aggregates and windows
    'count(s)', 'count(distinct s.a)', 'sum(s.a)', 'avg(s.a)', 'min(s.a)', 'max(s.a)', 'earliest(s)', 'latest(s)', 'first(s.a)', 'last(s.a)', 'mode(s.a)', 'mode(s.a by sum(s.b))', 'count(s where a)', 'count(s where a or b and c)', 'count(s where (a = 1) last 7 days)',
    'count(s last 1 hour)', 'count(s last 1 hours)', 'count(s last 24 hour)', 'count(s last 1 day)', 'count(s last 1.0 days)', 'count(s last 7 day)', 'count(s last 2 week)', 'count(s last 1 weeks)', 'count(s last 3 month)', 'count(s last 1 months)', 'count(s last 5 year)', 'count(s last 01 years)', 'count(s from 180 days ago to 90 days ago)', 'count(s from 1 year ago to 1 day ago)', 'count(s since date ''2026-01-01'')',
    'count(s last dormant_days days)', 'count(s last "Dormant days" day)', 'count(s from a months ago to b weeks ago)', 'count(s last days days)', 'count(s last last years)', 'count(s from ago day ago to since hour ago)', 'mode(s.a by sum(s.b) where c in (1) from 2 years ago to x years ago)', 'count(distinct s.a where b last 7 days) > 1 and sum(s.a) / count(s) > 2 * avg(s.a last 90 days)',
    -- names
    'a.b.c.d', 'A."B".c', '"a"."b"', '"and"', '"AND"', 'a."or"', 'a."select".b', 'select', '"a b"', '"a""b"', '"1a"', '_x$1', '"$x"', '姓名', '"姓 名"', '"项目＞"', '"，"', '客户."级别".名称', 'É', '"É"', '😀', '"a.b"', '"a.b".c', '"''"', 'a$', '"a-b" - "a"-"b"',
    -- numbers
    '0', '00', '1', '1.', '.5', '0.50', '007', '1e3', '1E+3', '1.5e1', '1.50e-3', '12e-1', '0e5', '0.0e3', '0e-3', '-0', '-0.00', '1e-3', '123456789012345678901234567890.123456789012345678901234567890', '1e-999',
    -- text
    '''''', '''a''', '''it''''s''', '''''''''', '''a"b''', E'\'a\\b\'', E'\'tab\there\'', E'\'new\nline\'', '''双眼皮''', '''--''', '''/* */''', ''' ''',
    -- days and instants
    'date ''2026-06-30''', 'DATE''0001-01-01''', 'date ''9999-12-31''', 'timestamp ''2026-06-30''', 'timestamp ''2026-06-30T18:00''', 'timestamp ''2026-06-30 18:00:05''', 'timestamp ''2026-06-30 18:00:05.500000''', 'timestamp ''2026-06-30 18:00:05.000000''', 'timestamp ''2026-06-30 18:00:05.000001''', 'timestamp ''2026-06-30 18:00Z''', 'timestamp ''2026-06-30 18:00+0800''', 'timestamp ''2026-06-30 18:00-03:30''', 'timestamp ''2026-06-30 18:00+00''', 'timestamp ''2026-06-30 18:00-00:00''',
    -- the brief itself
    'count(payment last 7 days) > 0 and count(visit last 30 days) > 4 and sum(payment.amount last 30 days) > 20000',
    'gender = ''F'' and age(birthday) between 18 and 25 and "项目偏好" in (''双眼皮'', ''隆鼻'')',
    'sum(payment.amount where category = ''skin'' last 90 days) > 2 * sum(payment.amount where category = ''skin'' from 180 days ago to 90 days ago)',
    'month(birthday) = month(today()) and not has_tag(''blacklist'') and tier = ''strategic''',
    'days_since(latest(payment)) > dormant_days and mode(article.topic last 180 days) = ''anti-ageing'''
    ]) AS text;
SELECT count(*) AS rules, count(*) FILTER (WHERE rule::text::expression::text <> rule::text) AS printed_otherwise,
       count(*) FILTER (WHERE rule::text::expression <> rule) AS unequal FROM sample;
SELECT text, rule FROM sample WHERE text <> rule::text ORDER BY n;

-- Every keyword and every name of a function as the name of a column, in each
-- place where a name may stand: SQL's own words need quotes.
CREATE TABLE word AS SELECT unnest('{ago,and,between,by,case,date,day,days,distinct,else,end,false,from,hour,hours,in,is,last,like,month,months,not,"null",or,since,then,timestamp,to,true,week,weeks,when,where,year,years,abs,age,coalesce,contains,floor,days_since,greatest,has_tag,least,months_since,now,round,starts_with,today,weekday,years_since,avg,count,earliest,first,latest,max,min,mode,sum,select,exists,any,escape}'::text[]) AS word;
CREATE TABLE place AS SELECT unnest(ARRAY['%s', '%1$s.%1$s', 'a.%s + 1', '%1$s between %1$s and %1$s', '%s in (1)', '%s is null', 'not %s', '- %s', 'case when %1$s then %1$s else %1$s end', 'case when a then b end = %s', '%s like ''x''', 'coalesce(%1$s, %1$s)', 'count(%s)', 'count(%s last 7 days)', 'count(distinct %1$s.%1$s)', 'mode(%1$s.%1$s by sum(%1$s.%1$s) where %1$s = %1$s last %1$s days)', 'count(s where %1$s from %1$s days ago to %1$s years ago)', 'sum(%1$s.%1$s where %1$s since date ''2026-01-01'')', '%1$s + %1$s * %1$s', 'date ''2026-01-01'' = %s', '%1$s = timestamp ''2026-01-01 00:00''']) AS place;
SELECT count(*) AS rules,
       count(*) FILTER (WHERE format(place, '"' || word || '"')::expression::text::expression::text <> format(place, '"' || word || '"')::expression::text) AS printed_otherwise,
       count(*) FILTER (WHERE format(place, '"' || word || '"')::expression::text LIKE '%"%') AS quoted
FROM word, place;
SELECT string_agg(word, ' ' ORDER BY word) AS need_quotes FROM word WHERE ('"' || word || '"')::expression::text <> word;
-- The others mean the same without.
CREATE FUNCTION differs(quoted text, plain text) RETURNS boolean LANGUAGE plpgsql AS
    $$BEGIN RETURN quoted::clientele.expression::text <> plain::clientele.expression::text; EXCEPTION WHEN syntax_error THEN RETURN true; END$$;
SELECT word, place FROM word, place
WHERE ('"' || word || '"')::expression::text = word
  AND differs(format(place, '"' || word || '"'), format(place, word));

-- ---------- equality ----------

-- Equal is what has the same canonical text.
SELECT a, b, a = b AS equal, a <> b AS unequal, expression_hash(a) = expression_hash(b) AS same_hash
FROM (VALUES ('a=1'::expression, '"a" = (1)'::expression), ('A and (b and c)', 'a and b and c'), ('a = 1', 'a = 1.0'), ('a = 1', '1 = a'), ('a < b', 'b > a'), ('count(s last 1 week)', 'count(s last 1 weeks)'), ('a', '"A"')) AS pair(a, b);
SELECT NULL::expression = 'a'::expression AS unknown, 'a'::expression = 'a' AS literal, NULL::expression IS NOT DISTINCT FROM NULL AS both_null;
SELECT count(*), count(DISTINCT rule::text) AS texts, (SELECT count(*) FROM (SELECT DISTINCT rule FROM sample) AS d) AS rules FROM sample;
SELECT rule, count(*) FROM (VALUES ('a=1'::expression), ('a =1'), ('a = 2'), (NULL), (NULL)) AS v(rule) GROUP BY rule ORDER BY rule::text;
SET enable_nestloop = off;
SET enable_mergejoin = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM sample AS a JOIN sample AS b ON a.rule = b.rule;
SELECT count(*) FROM sample AS a JOIN sample AS b ON a.rule = b.rule WHERE a.rule IS NULL OR a.rule <> b.rule;
RESET enable_nestloop;
RESET enable_mergejoin;
CREATE INDEX ON sample USING hash (rule);
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT n FROM sample WHERE rule = 'a or b and c';
SELECT count(*) FROM sample WHERE rule = 'a or  (b and c)';
RESET enable_seqscan;
-- There is no order.
SELECT 'a'::expression < 'b'::expression;
SELECT rule FROM sample ORDER BY rule;

-- ---------- identifiers ----------

SELECT rule, identifiers(rule) FROM (VALUES
    ('b = a and a > B'::expression), ('1 = 1'), ('a.b.c is null'), ('"Größe" > 姓名'), ('count(payment where category = ''x'' and amount > 5 last n days) > m'),
    ('mode(s.a by sum(s.b) where c.d = 1 from x days ago to y days ago)'), ('count(s) + count(s last 5 days)'), ('has_tag(''vip'') or today() = born'),
    ('case when a then b else coalesce(c, d) end in (1)'), ('z not between y and x'), ('count(s since date ''2026-01-01'')'), ('a like ''b'' or not (c is not null) or -d > e * f / g')) AS v(rule);
SELECT identifiers(NULL), identifiers((string_agg('c' || i, ' + ') || ' > 0')::expression) = array_agg('c' || i ORDER BY ('c' || i) COLLATE "C") AS many FROM generate_series(1, 199) AS i;

-- ---------- storage ----------

-- Short, compressed, and out of line.
CREATE TABLE stored (n int, rule expression, rules expression[] DEFAULT '{a,"b = 1"}');
INSERT INTO stored SELECT n, rule FROM sample;
INSERT INTO stored VALUES (1001, ('a in (1' || repeat(', 1', 20000) || ')')::expression);
INSERT INTO stored SELECT 1002, ('a in (' || string_agg('''' || md5(i::text) || '''', ', ') || ')')::expression FROM generate_series(1, 1500) AS i;
INSERT INTO stored VALUES (1003, NULL, NULL);
SELECT n, length(rule::text), pg_column_size(rule) < 10000 AS compressed, md5(rule::text), rule = rule::text::expression AS equal FROM stored WHERE n > 1000 ORDER BY n;
SELECT n, matches(r, rule) AS holds, matching(r, ARRAY[rule, 'a is null', rule]) AS positions
FROM stored, (SELECT md5('7') AS a) AS r WHERE n = 1002;
SELECT n, matches(r, rule) AS holds FROM stored, (SELECT 1 AS a) AS r WHERE n = 1001;
SELECT count(*) FROM stored JOIN sample USING (n, rule);
SELECT rules, rules[2], cardinality(rules) FROM stored WHERE n = 1;
-- Columns with a default, a domain, a composite, an array; a function with one.
CREATE DOMAIN condition AS expression CHECK (value::text NOT LIKE '%secret%');
CREATE TABLE used (rule condition DEFAULT 'visits > 5', pair stored);
INSERT INTO used (pair) VALUES (ROW(1, 'a = 1', '{b}'));
INSERT INTO used VALUES ('secret = 1');
INSERT INTO used VALUES ('a =', NULL);
SELECT rule, pair, matches(ROW(6), 'f1 > 5') AS holds, matches(v, rule) AS default_holds FROM used, (SELECT 6 AS visits) AS v;

-- ---------- COPY ----------

COPY (SELECT rule FROM sample WHERE n <= 5 ORDER BY n) TO STDOUT;
COPY (SELECT rule FROM sample WHERE n <= 5 ORDER BY n) TO STDOUT (FORMAT csv);
CREATE TABLE copied (rule expression);
COPY copied FROM STDIN;
  A =1
name = 'it''s'
name = 'tab\there'
\N
"双眼皮">5
\.
COPY copied FROM STDIN (FORMAT csv);
"a in ('x', 'y')"
"""Größe"" > 5"
\.
SELECT rule FROM copied ORDER BY ctid;
COPY copied FROM STDIN;
a = 1
a == 1
\.

-- Text out, text in; binary out, binary in.
\copy sample (n, rule) to 'results/expression_type.txt'
\copy sample (n, rule) to 'results/expression_type.bin' with (format binary)
CREATE TABLE by_text (n int, rule expression);
CREATE TABLE by_binary (n int, rule expression);
\copy by_text from 'results/expression_type.txt'
\copy by_binary from 'results/expression_type.bin' with (format binary)
SELECT count(*) FROM sample JOIN by_text USING (n, rule) JOIN by_binary USING (n, rule);
\copy (select rule from stored where n > 1000) to 'results/expression_type.bin' with (format binary)
CREATE TABLE long_binary (rule expression);
\copy long_binary from 'results/expression_type.bin' with (format binary)
SELECT count(*) FROM stored JOIN long_binary USING (rule) WHERE n > 1000;
SELECT substr(expression_send('a=1'), 1, 1) AS version, convert_from(substr(expression_send(' 姓名=1'), 2), 'UTF8') AS text;
\! rm -f results/expression_type.txt results/expression_type.bin

-- Hostile bytes: a message of one column, of the given length and content.
\set VERBOSITY terse
\copy by_binary (rule) from program 'printf "PGCOPY\\n\\377\\r\\n\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\001\\000\\000\\000\\006\\001a = 1\\377\\377"' with (format binary)
-- Above the length is right. Now: no byte, no text, version 2, version 0, a rule cut short.
\copy by_binary (rule) from program 'printf "PGCOPY\\n\\377\\r\\n\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\001\\000\\000\\000\\000\\377\\377"' with (format binary)
\copy by_binary (rule) from program 'printf "PGCOPY\\n\\377\\r\\n\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\001\\000\\000\\000\\001\\001\\377\\377"' with (format binary)
\copy by_binary (rule) from program 'printf "PGCOPY\\n\\377\\r\\n\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\001\\000\\000\\000\\002\\002a\\377\\377"' with (format binary)
\copy by_binary (rule) from program 'printf "PGCOPY\\n\\377\\r\\n\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\001\\000\\000\\000\\002\\000a\\377\\377"' with (format binary)
\copy by_binary (rule) from program 'printf "PGCOPY\\n\\377\\r\\n\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\001\\000\\000\\000\\004\\001a =\\377\\377"' with (format binary)
-- a character cut in two, a byte that is none, a zero byte, more rule than fits
\copy by_binary (rule) from program 'printf "PGCOPY\\n\\377\\r\\n\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\001\\000\\000\\000\\003\\001\\345\\247\\377\\377"' with (format binary)
\copy by_binary (rule) from program 'printf "PGCOPY\\n\\377\\r\\n\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\001\\000\\000\\000\\003\\001a\\377\\377\\377"' with (format binary)
\copy by_binary (rule) from program 'printf "PGCOPY\\n\\377\\r\\n\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\001\\000\\000\\000\\004\\001a\\000b\\377\\377"' with (format binary)
\copy by_binary (rule) from program 'printf "PGCOPY\\n\\377\\r\\n\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\001\\000\\001\\000\\012\\001"; head -c 65545 /dev/zero | tr "\\000" " "; printf "\\377\\377"' with (format binary)
SELECT rule FROM by_binary WHERE n IS NULL;

DROP SCHEMA expression_type CASCADE;
