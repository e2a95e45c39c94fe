-- What expressions refuse, and what they say about it: while the text is read,
-- when names meet a row, and when a row is evaluated.
SET client_min_messages = warning;
CREATE SCHEMA expression_errors;
SET search_path = expression_errors, clientele, public;
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';

-- The error of a statement.
CREATE FUNCTION error_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text;
    hint text;
    state text;
BEGIN
    EXECUTE statement;
    RETURN '    no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT, state = RETURNED_SQLSTATE;
    RETURN format(E'    %s %s', state, left(message, 200)) || CASE WHEN hint <> '' THEN E'\n    hint: ' || hint ELSE '' END;
END $$;
-- The error of a text, or the value it is.
CREATE FUNCTION reading(rules text[]) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT format(E'%s\n', left(rule, 100)) ||
           CASE WHEN error = '    no error' THEN E'    is ' || rule::clientele.expression::text ELSE error END
    FROM unnest(rules) WITH ORDINALITY AS r(rule, n),
         LATERAL (SELECT error_of(format('SELECT %L::clientele.expression', rule)) AS error) AS e ORDER BY n
$$;
-- The error of a rule meeting a row.
CREATE FUNCTION binding(row_text text, rules text[]) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT format(E'%s\n', left(rule, 100)) ||
           error_of(format('SELECT clientele.evaluate_text(x, %L) FROM (SELECT %s) AS x', rule, row_text))
    FROM unnest(rules) WITH ORDINALITY AS r(rule, n) ORDER BY n
$$;
\pset format unaligned
\pset tuples_only on

-- ---------- the text ----------

SELECT reading(ARRAY['', '   ', E'\t\n', '()', 'a', '(a', 'a)', 'a b', 'a =', '= a', 'a = = b', 'a = b = c', 'a < b < c', 'a and', 'and a', 'not', 'a or or b',
    'a in', 'a in ()', 'a in (1', 'a in 1', 'a in (1,)', 'a in (b)', 'a in (1 + 1)', 'a in (null)', 'a in (1, null, 2)', 'a not 5',
    'a between 1', 'a between 1 or 2', 'a between 1 and', 'a is', 'a is not', 'a is true', 'a is 5', 'a like', 'a like b', 'a like 5', 'a like ''50\''', 'a like ''50\\''',
    'a like ''x'' escape ''!''', 'case end', 'case when a end', 'case when a then end', 'case a when 1 then 2 end', 'case when a then b else c', 'a.', '.a', 'a..b', 'a.5',
    'a.b.c', '5 days', '5days', '1.2.3', '0x1F', '1_000', '1e', '1e+', '"', '""', '"a', '''', '''a', 'a = ''it''s''']);
-- Comparisons that can never be true.
SELECT reading(ARRAY['a = null', 'null <> a', 'a > null', 'null = null', 'a between null and 5', 'a between 1 and null', 'null is null', 'null between 1 and 2', 'not null', 'a = (null)']);
-- Words of other languages.
SELECT reading(ARRAY['a == 5', 'a && b', 'a || b', '!a', 'a => 5', 'a =< 5', 'a = 5;', 'a = 5 -- old', 'a /* old */ = 5', '1 --1', 'a % 2', 'a ^ 2', 'a :: text', '$1', ':a', '@a', '#a', 'a ? b', 'a[1]', '{a}', 'a ~ b',
    'select 1', 'a ilike ''x''', 'a similar to ''x''', 'exists (a)', 'cast(a as text)', 'a isnull', 'interval ''1 day''', 'current_date', 'E''\n''', 'U&''x''', '$$x$$', '`a`', E'a \x01 b']);
-- Punctuation of a Chinese keyboard and of word processors.
SELECT reading(ARRAY['年龄＞18', '年龄 ＞ 18', 'age（birthday） > 5', '城市 = ‘上海’', '城市 = “上海”', 'a，b', 'a = １８', 'a　= 5', 'a × 2', 'a ÷ 2', 'a − 2', 'a – 2', 'a ≥ 5', 'a ≤ 5', 'a ≠ 5', 'a＝5', '金额。净额', 'a、b', E'a\u00a0= 5', '城市 = ''“上海”''', '"“a”" = 5', '金额 > 5；', '金额 > 5＞3', 'a = ‘x’', '5。5', 'a > 5且', '是？']);
-- Functions.
SELECT reading(ARRAY['upper(a)', 'day_since(a)', 'days_sinc(a)', 'dayssince(a)', 'contain(a, ''x'')', 'Coalesc(a)', 'x(a)', '"days_since"(a)', '"Days_Since"(a)', 'days_since()', 'days_since(a, b)', 'abs()', 'coalesce()', 'least()', 'round(a, 2, 3)',
    'round(a, b)', 'round(a, -1)', 'round(a, 1.5)', 'round(a, 101)', 'round(a, 99999999999999999999)', 'round(a, 100)', 'round(a, 2.0)', 'today(1)', 'now(a)', 'today', 'contains(a)', 'has_tag(a)', 'has_tag()', 'has_tag(5)', 'date()', 'a.days_since(b)', 'count(*)', 'COUNT ( * )']);
SELECT reading(ARRAY['coalesce(' || repeat('a, ', 99) || 'a)', 'least(' || repeat('a, ', 100) || 'a)']);
-- now() moves with every instant: only a comparison can be solved for it.
SELECT reading(ARRAY['now()', 'a > now()', 'now() < a', 'now() between a and b', 'a between now() and b', 'now() = now()', 'now() - a > 5', 'date(now()) = a', 'days_since(now())', 'coalesce(now(), a) > b', 'now() is null', 'now() in (1)', 'case when now() then 1 end', 'case when a then now() end', 'not now()', 'a and now()', 'now() or a', '- now()', '(now())', 'greatest(now(), a)', 'now() like ''x''', 'count(s where now())', 'count(s where at > now())']);
-- Aggregates.
SELECT reading(ARRAY['count(s)', 'count(s.a)', 'count(distinct s)', 'count(distinct s.a)', 'sum(s)', 'sum(5)', 'sum(s.a + 1)', 'sum(s.a, s.b)', 'sum(distinct s.a)', 'count()', 'latest(s.a)', 'latest(s)', 'mode(s.a by s.b)', 'mode(s.a by avg(s.b))', 'mode(s.a by sum(s.b last 5 days))', 'mode(s.a by sum(s.b))', 'sum(s.a by sum(s.b))',
    'count(s last 7)', 'count(s last days)', 'count(s last 7 days days)', 'count(s last -7 days)', 'count(s last 7.5 days)', 'count(s last 7 minutes)', 'count(s last (7) days)', 'count(s last a.b days)', 'count(s from 5 days)', 'count(s from 5 days ago)', 'count(s from 5 days ago to 2 days)', 'count(s since 5)', 'count(s since ''2026-01-01'')', 'count(s since date ''2026-02-30'')', 'count(s since date a)',
    'count(s last 7 days where a)', 'count(s where)', 'abs(a last 7 days)', 'coalesce(a, b where c)', 'abs(distinct a)', 'abs(a by sum(s.b))', 'count(s where count(s) > 1)', 'count(s) last 7 days']);
-- Numbers.
SELECT left(r, 200) FROM reading(ARRAY['NaN', 'a = infinity', '-infinity', '1e1000', '1e-1000', '1e999', '1e1001', '1e99999999999999999999', '-1e-99999999999999999999', '0e99999', repeat('9', 1000), repeat('9', 1001), '0.' || repeat('0', 999) || '1', '00012', '-0', '- 0.00', '--1', '+5', '+ + 5', '1.', '.', '.e5', '1.e5', '1E5', '1e05', '5.0e-1']) AS r;
-- Days and instants.
SELECT reading(ARRAY['date ''2026-02-30''', 'date ''2026-02-29''', 'date ''2024-02-29''', 'date ''1900-02-29''', 'date ''2000-02-29''', 'date ''2026-13-01''', 'date ''2026-00-01''', 'date ''2026-01-00''', 'date ''2026-04-31''', 'date ''0000-01-01''', 'date ''0001-01-01''', 'date ''9999-12-31''', 'date ''10000-01-01''', 'date ''-001-01-01''', 'date ''2026-6-30''', 'date ''2026/06/30''', 'date ''20260630''', 'date ''30.06.2026''', 'date ''infinity''', 'date ''today''', 'date ''''', 'date ''2026-06-30 ''', 'date '' 2026-06-30''', 'date ''2026-06-30 12:00''', 'date ''2026-06-30 BC''', 'date 5', 'date a', 'date ''２０２６-06-30''',
    'timestamp ''2026-06-30''', 'timestamp ''2026-06-30 18:00''', 'timestamp ''2026-06-30T18:00:05.5''', 'timestamp ''2026-06-30 24:00''', 'timestamp ''2026-06-30 23:59:60''', 'timestamp ''2026-06-30 18''', 'timestamp ''2026-06-30 1:00''', 'timestamp ''2026-06-30 18:60''', 'timestamp ''2026-06-30 18:00:00.1234567''', 'timestamp ''2026-06-30 18:00:00.''', 'timestamp ''2026-06-30 18:00+08''', 'timestamp ''2026-06-30 18:00+0830''', 'timestamp ''2026-06-30 18:00-03:30''', 'timestamp ''2026-06-30 18:00+16:00''', 'timestamp ''2026-06-30 18:00+08:60''', 'timestamp ''2026-06-30 18:00 +08''', 'timestamp ''2026-06-30 18:00+8''', 'timestamp ''2026-06-30 18:00Z''', 'timestamp ''2026-06-30 18:00 Asia/Shanghai''', 'timestamp ''2026-06-30 18:00z''', 'timestamp ''2026-06-30 18:00+''', 'timestamp ''2026-02-30 18:00''', 'timestamp ''now''']);
-- Names.
SELECT reading(ARRAY[repeat('a', 63), repeat('a', 64), '"' || repeat('a', 63) || '"', '"' || repeat('a', 64) || '"', repeat('皮', 21), repeat('皮', 22), 'select', 'end', '"end"', 'A', '"A"', 'a$b', '$a', '_a', '5a', '"5a"', 'a-b', '"a-b"', '"a""b"', 'É', '"É"', 'a.end', 'a."end"', '😀 = 1']);

-- ---------- depth and length ----------

SELECT left(r, 200) FROM reading(ARRAY[repeat('(', 200) || 'a' || repeat(')', 200), repeat('(', 201) || 'a' || repeat(')', 201), repeat('(', 60000), repeat(')', 60000), repeat('not ', 199) || 'a', repeat('not ', 200) || 'a', repeat('not ', 16000) || 'a', repeat('- ', 199) || 'a', repeat('- ', 200) || 'a', repeat('- ', 30000) || 'a', repeat('+ ', 30000) || 'a',
    repeat('case when ', 100) || 'a', repeat('case when a then ', 199) || 'a' || repeat(' end', 199), repeat('case when a then ', 200) || 'a' || repeat(' end', 200), repeat('case when a then ', 3000) || 'a', repeat('abs(', 199) || 'a' || repeat(')', 199), repeat('abs(', 200) || 'a' || repeat(')', 200), repeat('abs(', 10000),
    'a' || repeat(' + a', 199), 'a' || repeat(' + a', 200), 'a' || repeat(' is null', 200), 'a' || repeat(' is not null', 3000), 'count(s where ' || repeat('(', 190) || 'a' || repeat(')', 190) || ')', repeat('count(s where ', 200) || 'a' || repeat(' > 0)', 200)]) AS r;
-- Chains and lists are as long as they like.
SELECT length(('a' || repeat(' and a', 10000))::expression::text), length(('a' || repeat(' or (a and b)', 3000))::expression::text),
       length(('a in (1' || repeat(', 1', 20000) || ')')::expression::text), length(repeat(' ', 60000)::text || 'a')::text, (repeat(' ', 60000) || 'a')::expression::text;
-- 64 kB is the most, as it is written and as it is stored.
SELECT length(('''' || repeat('x', 65534) || '''')::expression::text);
SELECT reading(ARRAY['''' || repeat('x', 65535) || '''', repeat(' ', 65536) || 'a', 'a in (' || repeat('1,', 25000) || '1)', '''' || repeat('皮', 30000) || '''']);

-- ---------- truncation ----------

-- Cut after every byte: an error or a rule, and nothing else.  Where a character
-- is cut in two, text says so first.
CREATE FUNCTION cuts(rule text, OUT bytes int, OUT rules int, OUT errors text[], OUT cut_characters int) LANGUAGE plpgsql AS $$
DECLARE
    whole bytea := convert_to(rule, 'UTF8');
BEGIN
    bytes := length(whole);
    rules := 0;
    cut_characters := 0;
    errors := '{}';
    FOR i IN 0 .. bytes LOOP
        BEGIN
            PERFORM convert_from(substr(whole, 1, i), 'UTF8')::clientele.expression;
            rules := rules + 1;
        EXCEPTION
            WHEN character_not_in_repertoire THEN cut_characters := cut_characters + 1;
            WHEN OTHERS THEN errors := array_append(errors, SQLSTATE::text);
        END;
    END LOOP;
    SELECT array_agg(DISTINCT e ORDER BY e) INTO errors FROM unnest(errors) AS e;
END $$;
SELECT cuts(rule) FROM unnest(ARRAY[
    'gender = ''F'' and age(birthday) between 18 and 25 and "项目偏好" in (''双眼皮'', ''隆鼻'')',
    'sum(payment.amount where category = ''skin'' last 90 days) > 2 * sum(payment.amount where category = ''skin'' from 180 days ago to 90 days ago)',
    'case when days_since(last_visit) > 90 or not has_tag(''vip'') then -1.5e3 else coalesce(round(spent / 3, 2), +.5) end is not null',
    'at >= timestamp ''2026-06-30 18:00:00.25+08:00'' and day <> date ''2026-06-30'' and name not like ''%\%_''',
    'mode(article.topic by sum(article.minutes) where not (a in (1, -2) or b is null) since date ''2026-01-01'') = "it""s"."a"']) AS rule;

-- ---------- names and types ----------

CREATE TYPE level AS ENUM ('platinum', 'gold', 'silver', '普通会员');
CREATE COLLATION careless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE subject (id int, gender text, birthday date, last_visit timestamptz, booked timestamp, visits int, spent numeric, vip boolean,
    level level, card uuid, tags text[], doc jsonb, careless text COLLATE careless, span interval, price money, at time, raw json, net inet, bits bit(3), numbers int[], place point, pair int4range, levels level[], short "char", "Größe" text, who regrole);
INSERT INTO subject (id) VALUES (1);
CREATE FUNCTION asking(rules text[]) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT format(E'%s\n', left(rule, 100)) || error_of(format('SELECT clientele.evaluate_text(s, %L, ''2026-06-30 12:00+08'', ''Asia/Shanghai'') FROM expression_errors.subject AS s', rule))
    FROM unnest(rules) WITH ORDINALITY AS r(rule, n) ORDER BY n
$$;

-- Unknown names.
SELECT asking(ARRAY['visit > 5', 'Visits > 5', '"Visits" > 5', 'last_vist is null', 'zzzzzzzzzz = 1', 'x', 'gendre = ''F''', '性别 = ''F''', 'gender.code = 1', 'doc.a.b.c is null', 'ctid is null', 'oid = 1', 'subject is null', 'spent + visitors', 'größe = ''''', '"größe" = ''x''']);
SELECT binding('1 AS a', ARRAY['b = 1', 'bbbbbbb = 1']);
SELECT binding('1', ARRAY['a = 1']);
-- Types.
SELECT asking(ARRAY['gender = 5', 'visits = ''5''', 'visits = ''five''', 'visits = ''''', 'spent > ''1e3''', 'visits > true', 'vip = 1', 'vip = ''maybe''', 'vip > true', 'vip between false and true', 'gender', 'visits', 'vip and visits', 'not gender', 'not ''x''', 'case when visits then 1 end', 'case when vip then 1 else ''x'' end', 'case when vip then ''x'' else gender end', 'coalesce(visits, gender)', 'coalesce(visits, ''5'')', 'greatest(visits, birthday)', 'least(vip, vip)', 'greatest(tags, tags)', 'abs(gender)', 'abs(''-5'')', 'round(birthday)', '- gender', '- birthday', 'gender + 1', '''a'' + ''b''', 'spent * birthday', 'visits / vip', 'spent like ''1%''', 'visits in (1, ''2'')', 'visits in (1, ''x'')', 'gender in (1)', 'vip in (true)', 'birthday in (''2026-02-30'')', 'visits between 1 and gender', 'starts_with(visits, ''1'')', 'starts_with(gender, 5)', 'contains(gender, ''x'')', 'contains(tags, 5)', 'contains(''{a}'', ''a'')', 'tags = tags', 'tags = ''{a}''', 'tags in (''a'')', 'tags like ''a''', 'tags is null', 'tags']);
-- Days and instants do not mix by themselves.
SELECT asking(ARRAY['birthday = last_visit', 'birthday < now()', 'today() < now()', 'last_visit > date ''2026-01-01''', 'birthday > timestamp ''2026-01-01 00:00''', 'date(last_visit) = today()', 'booked < last_visit', 'last_visit - 5', 'last_visit + 5', 'last_visit - booked', 'now() > last_visit', 'birthday + birthday', 'birthday - 5', '5 - birthday', 'birthday - ''5''', 'birthday - ''2026-01-01''', '''2026-01-01'' - birthday', 'birthday - null', 'birthday * 2', 'birthday + gender', 'birthday + vip', 'days_since(visits)', 'days_since(gender)', 'days_since(''2026-06-29'')', 'days_since(''yesterday'')', 'days_since(''2026-02-30'')', 'month(5)', 'day(null)', 'month(vip)', 'date(''2026-06-30 12:00'')', 'last_visit = ''2026-06-30''', 'last_visit = ''yesterday''', 'birthday = ''2026-02-30''', 'birthday between ''2026-01-01'' and ''soon''', 'birthday in (''2026-01-01'', timestamp ''2026-01-01 00:00'')', 'coalesce(birthday, last_visit)', 'birthday + 1.5', 'birthday + visits / 2']);
-- Literals beside a column are of its type.
SELECT asking(ARRAY['level = ''gold''', 'level = ''Gold''', 'level = ''golden''', 'level = ''普通''', 'level = ''x''', 'level in (''gold'', ''sliver'')', 'level <> ''''', '''glod'' = level', 'level > ''gold''', 'level between ''gold'' and ''silver''', '''gold'' < level', 'level = gender', 'level like ''g%''', 'level = 5', 'card = ''x''', 'card = ''a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1''', 'card = ''a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11''', 'card in (''a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1g'')', 'card > ''zz''', 'card = ''a0ee-bc999c0b4ef8bb6d6bb9bd380a11''', 'card = ''a-0eebc999c0b4ef8bb6d6bb9bd380a11''', 'card = ''{a0eebc999c0b4ef8bb6d6bb9bd380a11''', 'card like ''a0%''', 'card between ''0'' and ''1''']);
-- Types that have no place.
SELECT asking(ARRAY['careless = ''x''', 'span is null', 'price > 5', 'at is null', 'raw is null', 'net is null', 'bits is null', 'numbers is null', 'place is null', 'pair is null', 'levels is null', 'short = ''a''', 'who is null']);
SELECT binding('''x'' AS a', ARRAY['a = ''x''']);
-- What only a population has.
SELECT asking(ARRAY['count(payment) > 5', 'visits > sum(payment.amount last 7 days)', 'has_tag(''vip'')', 'vip or has_tag(''vip'')', 'latest(visit) is null', 'mode(visit.doctor by sum(visit.minutes)) = ''x''']);
-- Names that no document can lack, and types that none can have.
SELECT error_of(s) FROM unnest(ARRAY['SELECT clientele.matches(''{}''::jsonb, ''a = b'')', 'SELECT clientele.matches(''{}''::jsonb, ''a + 1'')',
    'SELECT clientele.matches(''{}''::jsonb, ''a + 1 = ''''x'''''')', 'SELECT clientele.evaluate_number(''{}''::jsonb, ''a = 5'')']) AS s;
-- What a function answers.
SELECT error_of(s) FROM unnest(ARRAY['SELECT clientele.matches(ROW(5), ''f1'')', 'SELECT clientele.matches(ROW(5), ''f1 + 1'')', 'SELECT clientele.evaluate_number(ROW(5), ''f1 > 1'')',
    'SELECT clientele.evaluate_number(ROW(current_date), ''f1'')', 'SELECT clientele.matching(ROW(5), ''{f1 = 5,f1}'')', 'SELECT ROW(5) OPERATOR(clientele.@@) ''f1''']) AS s;

-- ---------- time ----------

SELECT format(E'%s%s\n%s', rule, left(arguments, 40), left(error_of(format('SELECT clientele.matches(ROW(current_date, now(), localtimestamp), %L%s)', rule, arguments)), 200))
FROM (VALUES ('days_since(f1) > 5', ''), ('days_since(f1) > 5', ', now()'), ('days_since(f1) > 5', ', NULL, ''UTC'''), ('f2 > now()', ''), ('f2 > now()', ', NULL, ''UTC'''), ('f2 > now()', ', now()'), ('date(f2) = f1', ', now()'), ('date(f2) = f1', ', NULL, ''UTC'''), ('f3 is null', ''), ('f3 is null', ', NULL, ''UTC'''), ('f2 > timestamp ''2026-06-30 18:00''', ''), ('f2 > timestamp ''2026-06-30 18:00+08''', ''),
    ('month(f1) = 1', ''), ('today() = f1', ', now(), ''Mars/Olympus'''), ('today() = f1', ', now(), ''''') , ('today() = f1', ', now(), ''asia/shanghai'''), ('today() = f1', ', now(), ''CST'''), ('today() = f1', ', now(), ''+08'''), ('today() = f1', ', now(), ''UTC+8'''), ('f1 is null', ', now(), ''Mars/Olympus'''),
    ('today() = f1', ', ''infinity'', ''UTC'''), ('f2 > now()', ', ''-infinity'''), ('f1 is null', ', ''infinity'', ''UTC'''), ('today() = f1', format(', now(), %L', repeat('x', 500)))) AS t(rule, arguments);
SELECT error_of('SELECT ROW(now()) OPERATOR(clientele.@@) ''f1 > now()''');

-- ---------- evaluation ----------

SELECT binding('1 AS one, 0 AS zero, 1e100000 AS huge, date ''5874897-12-31'' AS last_day, date ''4713-01-01 BC'' AS first_day, date ''infinity'' AS never, 0.5 AS half, NULL::int AS none', ARRAY['one / zero', 'zero / zero', 'one / (one - 1)', 'one / 0', 'none / zero', 'one / none', 'zero / one', 'huge * huge', 'huge * huge > 0', 'huge + huge > 0', '- huge * huge', 'last_day + 1', 'last_day + one', 'first_day - 1000', 'first_day + 9999999999', 'last_day - first_day', 'never + 9999999999', 'last_day + half', 'last_day - 1e500', 'never - last_day', 'first_day - none', 'round(huge, 2) > 0', 'abs(-huge) > 0']);

-- ---------- where the word is ----------

-- psql shows the place; characters before it count as characters.
\pset format aligned
\pset tuples_only off
SELECT 'gender = ''F'' and agee(birthday) > 5'::expression;
SELECT '"项目偏好" in (''双眼皮'', ''隆鼻'') and 性别 == ''女'''::expression;
SELECT '城市 = ''上海'' and 年龄＞18'::expression;
SELECT '姓名 = ''林晓'' and date ''2026-02-30'' = 生日'::expression;
SELECT E'a = 1\n  and b = 2\n  and 中文 c = 3'::expression;
SELECT 'a = '::expression;
SELECT 'a = ''open'::expression;
SELECT matches(s, 'gender = ''女'' and visit > 5') FROM subject AS s;
SELECT matches(s, '"Größe" = ''大'' and visits = ''many''') FROM subject AS s;
SELECT evaluate_number(ROW(5, 0), '1 + 2 * (f1 / f2)');
SELECT matches('{"姓名": 5}'::jsonb, 'length is null and 姓名 = ''林晓''');
SELECT matching(ROW(5), '{f1 = 5,"f1 > 2 and f2 = ''x''"}'::expression[]);
-- A long line is cut around the place.
SELECT (repeat('a = 1 and ', 20) || 'b == 2' || repeat(' and c = 3', 20))::expression;
-- An error leaves nothing behind: the same statement, again.
PREPARE again(int) AS SELECT evaluate_number(ROW($1, 0), 'case when f1 > 1 then f1 else f1 / f2 end');
EXECUTE again(5);
EXECUTE again(1);
EXECUTE again(5);
DEALLOCATE again;

DROP SCHEMA expression_errors CASCADE;
