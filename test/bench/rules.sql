-- 100 rules over rows of 40 columns: matching() beside the same rules as 100
-- columns of one SELECT.  (The id is a column more on both sides.)

CREATE UNLOGGED TABLE bench.client (
    id int, clinic int, age int, visits int, visits_year int, no_shows int,
    points int, referrals int, treatments int, complaints int, photos int, minutes int,
    spend numeric(12,2), spend_year numeric(12,2), balance numeric(12,2), deposit numeric(12,2),
    ticket numeric(12,2), discount numeric(12,2), refunded numeric(12,2), largest numeric(12,2),
    gender text, city text, channel text, level text, skin text,
    doctor text, consultant text, interest text, campaign text, referrer text,
    first_visit date, last_visit date, birthday date, last_contact date, next_visit date,
    member boolean, wechat boolean, phone_ok boolean, allergic boolean, vip boolean
);

-- A value, or NULL in `share` of the rows.
CREATE FUNCTION bench.maybe(value anyelement, share float8) RETURNS anyelement LANGUAGE sql VOLATILE AS
    'SELECT CASE WHEN random() >= share THEN value END';

SELECT setseed(0.2026) \g /dev/null
INSERT INTO bench.client
SELECT n, n % 37, 18 + random() * 50, random() ^ 3 * 40, random() ^ 3 * 12, random() ^ 4 * 6,
    random() ^ 2 * 9000, random() ^ 4 * 5, random() ^ 3 * 60, random() ^ 9 * 3, random() * 20, random() * 180,
    random() ^ 3 * 90000, random() ^ 3 * 30000, bench.maybe((random() ^ 3 * 8000)::numeric, 0.1), random() ^ 4 * 5000,
    random() ^ 2 * 6000, bench.maybe((random() * 30)::numeric, 0.3), random() ^ 9 * 4000, random() ^ 2 * 20000,
    (ARRAY['F', 'F', 'F', 'M'])[1 + (random() * 4)::int % 4],
    (ARRAY['shanghai', 'hangzhou', 'nanjing', 'suzhou', 'ningbo', 'wuxi'])[1 + (random() * 6)::int % 6],
    (ARRAY['walk-in', 'wechat', 'referral', 'search', 'partner'])[1 + (random() * 5)::int % 5],
    (ARRAY['basic', 'silver', 'gold', 'platinum', 'diamond'])[1 + (random() ^ 2 * 5)::int % 5],
    bench.maybe((ARRAY['dry', 'oily', 'mixed', 'sensitive'])[1 + (random() * 4)::int % 4], 0.3),
    'doctor ' || (random() * 90)::int, 'consultant ' || (random() * 200)::int,
    (ARRAY['skin', 'injection', 'laser', 'dental', 'hair'])[1 + (random() * 5)::int % 5],
    bench.maybe('campaign ' || (random() * 30)::int, 0.5), bench.maybe('client ' || (random() * 1e6)::int, 0.6),
    date '2026-06-30' - 300 - (random() * 2000)::int, date '2026-06-30' - (random() ^ 2 * 700)::int,
    bench.maybe(date '2008-06-30' - (random() * 18000)::int, 0.1),
    bench.maybe(date '2026-06-30' - (random() ^ 2 * 300)::int, 0.2),
    bench.maybe(date '2026-06-30' + (random() * 60)::int, 0.7),
    random() < 0.6, random() < 0.8, random() < 0.7, random() < 0.05, random() < 0.02
FROM generate_series(1, :customers) AS n;
VACUUM (ANALYZE, FREEZE) bench.client;

-- The rules, in the language; days_since is the one word SQL has not.
CREATE TABLE bench.rule (position int GENERATED ALWAYS AS IDENTITY, rule text NOT NULL);
INSERT INTO bench.rule (rule) VALUES
    ('spend > 10000'),
    ('spend_year >= 5000 and visits_year >= 3'),
    ('days_since(last_visit) > 90'),
    ('days_since(last_visit) between 60 and 180 and spend > 20000'),
    ('level in (''gold'', ''platinum'', ''diamond'')'),
    ('gender = ''F'' and age between 25 and 40'),
    ('city = ''shanghai'' and channel in (''wechat'', ''referral'')'),
    ('coalesce(balance, 0) > 1000'),
    ('balance is null or balance < 100'),
    ('spend - refunded > 15000'),
    ('member and not allergic'),
    ('vip or spend > 50000'),
    ('next_visit is null and days_since(last_visit) > 30 and phone_ok'),
    ('days_since(first_visit) < 365 and visits >= 2'),
    ('days_since(last_contact) > 14 or last_contact is null'),
    ('skin in (''dry'', ''sensitive'') and interest = ''skin'''),
    ('no_shows >= 2 and visits < 10'),
    ('no_shows * 3 > visits'),
    ('complaints = 0 and referrals > 0'),
    ('points >= 5000 and level in (''basic'', ''silver'')'),
    ('largest > 8000'),
    ('largest > spend * 0.5'),
    ('ticket between 500 and 1500'),
    ('discount > 20 or discount is null'),
    ('age < 25'),
    ('age >= 50 and gender = ''M'''),
    ('city in (''hangzhou'', ''suzhou'', ''wuxi'', ''ningbo'')'),
    ('campaign is not null and days_since(last_visit) < 30'),
    ('campaign = ''campaign 7'''),
    ('referrer is not null and spend > 3000'),
    ('treatments > 20'),
    ('treatments > 5 and treatments < 15'),
    ('photos >= 4 and interest in (''laser'', ''injection'')'),
    ('minutes > 60 and visits > 1'),
    ('deposit > 0 and next_visit is null'),
    ('deposit + coalesce(balance, 0) > 2000'),
    ('refunded > 500'),
    ('refunded > spend * 0.1'),
    ('wechat and phone_ok and member'),
    ('not wechat and not phone_ok'),
    ('clinic = 12'),
    ('clinic in (1, 2, 3, 5, 8, 13, 21, 34)'),
    ('clinic between 10 and 19 and level = ''diamond'''),
    ('doctor = ''doctor 7'' and days_since(last_visit) > 120'),
    ('consultant <> ''consultant 11'' and spend_year > 20000'),
    ('last_visit >= date ''2026-01-01'''),
    ('first_visit < date ''2023-01-01'' and last_visit >= date ''2026-04-01'''),
    ('birthday is not null and birthday < date ''1990-01-01'''),
    ('next_visit between date ''2026-07-01'' and date ''2026-07-07'''),
    ('days_since(last_visit) >= 365'),
    ('days_since(last_visit) > 180 and days_since(last_visit) <= 365 and spend > 10000 and wechat'),
    ('spend_year = 0'),
    ('spend_year < spend * 0.2 and spend > 8000'),
    ('spend_year > spend * 0.8'),
    ('visits = 1 and days_since(first_visit) between 300 and 600'),
    ('visits >= 2 and visits_year = 0'),
    ('visits_year * 2 >= visits and visits > 3'),
    ('level = ''platinum'' and days_since(last_visit) > 45'),
    ('level = ''diamond'' and (days_since(last_visit) > 30 or complaints > 0)'),
    ('interest = ''dental'' or interest = ''hair'''),
    ('interest = ''injection'' and spend > 12000 and age >= 30'),
    ('skin is null'),
    ('skin = ''oily'' and age < 30 and gender = ''F'''),
    ('channel = ''search'' and spend < 1000'),
    ('channel <> ''walk-in'' and visits = 0'),
    ('channel = ''partner'' and (ticket > 2000 or largest > 6000)'),
    ('points between 1000 and 2000'),
    ('points > 3000 and days_since(last_contact) > 30'),
    ('referrals >= 2'),
    ('referrals > 0 and vip'),
    ('complaints > 0'),
    ('complaints > 0 and refunded = 0'),
    ('allergic and interest in (''injection'', ''skin'')'),
    ('coalesce(discount, 0) >= 10 and coalesce(discount, 0) < 25'),
    ('coalesce(skin, ''mixed'') = ''mixed'''),
    ('ticket * 4 > largest and largest > 3000'),
    ('(spend - refunded) / 12 > 1200'),
    ('spend / 40 > 600'),
    ('deposit > 1000 and days_since(last_visit) > 60'),
    ('deposit = 0 and balance is null and spend < 500'),
    ('gender = ''M'' and spend > 30000'),
    ('gender = ''F'' and city in (''shanghai'', ''nanjing'') and level in (''silver'', ''gold'')'),
    ('age between 18 and 22 and channel = ''wechat'''),
    ('age > 60 or allergic'),
    ('minutes between 30 and 45'),
    ('minutes < 15 and visits > 2'),
    ('photos = 0 and treatments > 3'),
    ('photos > 10 or treatments > 30 or visits > 20'),
    ('days_since(first_visit) > 1500 and member'),
    ('days_since(first_visit) > 1000 and visits_year > 0 and not vip'),
    ('days_since(last_contact) between 7 and 21 and next_visit is not null'),
    ('last_contact < last_visit'),
    ('last_contact >= last_visit + 7'),
    ('next_visit - last_visit > 120'),
    ('phone_ok and days_since(last_visit) > 200 and spend > 5000 and balance > 0'),
    ('city = ''ningbo'' and doctor = ''doctor 41'''),
    ('campaign in (''campaign 1'', ''campaign 2'', ''campaign 3'') and wechat'),
    ('largest - ticket > 10000'),
    ('spend > 40000 and spend_year > 10000 and days_since(last_visit) < 60 and complaints = 0'),
    ('coalesce(balance, deposit) > 3000 and member');

-- The same in plain SQL, with the day written out.
CREATE FUNCTION bench.plain(rule text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT regexp_replace(rule, 'days_since\((\w+)\)', '(date ''2026-06-30'' - \1)', 'g') $$;

CREATE FUNCTION bench.matching_query(rules text, condition text DEFAULT 'true') RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT c.id, clientele.matching(c, %s, ''2026-06-30 12:00+08'', ''Asia/Shanghai'') AS matched FROM bench.client AS c WHERE %s',
                  rules, condition) $$;
CREATE FUNCTION bench.constant_rules() RETURNS text LANGUAGE sql AS $$
    SELECT format('%L::clientele.expression[]', array_agg(rule ORDER BY position)) FROM bench.rule $$;
CREATE FUNCTION bench.table_rules() RETURNS text LANGUAGE sql AS $$
    SELECT '(SELECT array_agg(rule::clientele.expression ORDER BY position) FROM bench.rule)' $$;
CREATE FUNCTION bench.columns_query(condition text DEFAULT 'true') RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT c.id, %s FROM bench.client AS c WHERE %s',
                  string_agg(bench.plain(rule), ', ' ORDER BY position), condition)
    FROM bench.rule $$;

-- The same answer in plain SQL: the positions of the rules that hold.
CREATE FUNCTION bench.positions_query() RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT c.id, array_remove(ARRAY[%s], NULL) AS matched FROM bench.client AS c',
                  string_agg(format('CASE WHEN %s THEN %s END', bench.plain(rule), position), ', ' ORDER BY position))
    FROM bench.rule $$;

SELECT bench.matching_query(bench.constant_rules()) AS constant, bench.matching_query(bench.table_rules()) AS from_table,
    bench.columns_query() AS columns, bench.positions_query() AS positions \gset
SELECT format('SELECT 1 FROM (%s) AS a FULL JOIN (%s) AS b USING (id) FULL JOIN (%s) AS c USING (id)
    WHERE a.matched IS DISTINCT FROM c.matched OR b.matched IS DISTINCT FROM c.matched',
    :'constant', :'from_table', :'positions') AS differences \gset
SELECT bench.no_rows(:'differences') \g /dev/null

CALL bench.compare('100 rules, computed', :rounds, 0.5, :'constant', :'columns');
SET jit = on;
CALL bench.compare('100 rules, computed, jit on', :rounds, NULL, :'constant', :'columns');
RESET jit;
CALL bench.compare('100 rules, delivered', :rounds, NULL, :'constant', :'columns', 'deliver');
CALL bench.compare('100 rules, positions in both', :rounds, NULL, :'constant', :'positions');
CALL bench.compare('100 rules from a table, computed', :rounds, NULL, :'from_table', :'columns');

-- Memory must not grow with the rows.
\set tenth 'id <= ' :customers ' / 10'
SELECT bench.matching_query(bench.constant_rules(), :'tenth') AS constant_tenth,
    bench.matching_query(bench.table_rules(), :'tenth') AS from_table_tenth, bench.columns_query(:'tenth') AS columns_tenth \gset
\connect
INSERT INTO bench.memory SELECT '100 rules', :customers / 10, bench.peak() FROM bench.compute(:'constant_tenth');
\connect
INSERT INTO bench.memory SELECT '100 rules', :customers, bench.peak() FROM bench.compute(:'constant');
\connect
INSERT INTO bench.memory SELECT '100 rules from a table', :customers / 10, bench.peak() FROM bench.compute(:'from_table_tenth');
\connect
INSERT INTO bench.memory SELECT '100 rules from a table', :customers, bench.peak() FROM bench.compute(:'from_table');
\connect
INSERT INTO bench.memory SELECT '100 columns of plain SQL', :customers / 10, bench.peak() FROM bench.compute(:'columns_tenth');
\connect
INSERT INTO bench.memory SELECT '100 columns of plain SQL', :customers, bench.peak() FROM bench.compute(:'columns');
