-- The draft looked at: what compiles, and may yet not be meant.
SET client_min_messages = warning;
SET TimeZone = 'Asia/Shanghai';
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
\pset fieldsep ' | '
\pset null '-'
CREATE TYPE check_level AS ENUM ('platinum', 'gold', '普通');
CREATE TABLE check_product (product_id int PRIMARY KEY, category char(8));
CREATE TABLE check_customer (id int PRIMARY KEY, city text, level check_level NOT NULL, gender text, interests text[],
    age_group varchar, agreed boolean NOT NULL, birthday date, budget numeric(12,2), visits int NOT NULL, doc jsonb, nothing text);
CREATE TABLE check_payment (id int, customer_id int, paid_at timestamptz, net numeric(12,2), kind text,
    product_id int REFERENCES check_product);
INSERT INTO check_product VALUES (1, 'skin'), (2, '注射');
INSERT INTO check_customer (id, city, level, gender, interests, agreed, visits)
VALUES (1, '上海', 'gold', 'F', '{皮肤,skin}', true, 3), (2, '杭州', '普通', 'M', NULL, false, 0);
INSERT INTO check_payment VALUES (1, 1, '2026-06-01 12:00+08', 100, 'sale', 1), (2, 1, '2026-06-02 12:00+08', 50, 'deposit', 2);

SET search_path = clientele, public;
SELECT create_population('checked', 'check_customer', 'id', 'Asia/Shanghai', 'checked');
SELECT add_source('checked', 'payment', 'check_payment', 'customer_id', 'paid_at', amount => 'net');
SELECT add_source('checked', 'sale', 'check_payment', 'customer_id', 'paid_at', filter => $$kind = 'sale'$$);

-- ---------- published tables, with their known faults ----------

-- R package rfm: a table of segments, each with the scores it reaches from and to
CREATE FUNCTION pg_temp.groups(VARIADIC segments text[]) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_agg(jsonb_build_object('label', s.part[1], 'when',
        format('r between %s and %s and f between %s and %s and m between %s and %s', s.part[2], s.part[3], s.part[4], s.part[5],
               s.part[6], s.part[7])) ORDER BY s.place)
    FROM (SELECT regexp_split_to_array(segment, ';'), place FROM unnest(segments) WITH ORDINALITY AS u (segment, place)) AS s (part, place)
$$;
SELECT define_rfm('checked', 'r_rfm_0_3', recency => 'visits', frequency => 'count(payment)', monetary => 'sum(payment.net)',
    cuts => 'recency 30, 90, 180, 365; frequency 2, 4, 8, 12; monetary 500, 2000, 8000, 20000', groups => pg_temp.groups(
    'Champions;5;5;5;5;5;5', 'Potential Loyalist;3;5;3;5;2;5', 'Loyal Customers;2;4;2;4;2;4', 'Promising;3;4;1;3;3;5',
    'New Customers;4;5;1;3;1;5', 'Can''t Lose Them;1;2;3;4;4;5', 'At Risk;1;2;2;5;4;5', 'Need Attention;1;3;3;5;3;5',
    'About To Sleep;2;3;1;3;1;4', 'Lost;1;1;1;5;1;5'));
SELECT define_rfm('checked', 'r_rfm_0_2', recency => 'visits', frequency => 'count(payment)', monetary => 'sum(payment.net)',
    cuts => 'recency 30, 90, 180, 365; frequency 2, 4, 8, 12; monetary 500, 2000, 8000, 20000', groups => pg_temp.groups(
    'Champions;4;5;4;5;4;5', 'Loyal Customers;2;5;3;5;3;5', 'Potential Loyalist;3;5;1;3;1;3', 'New Customers;4;5;1;1;1;1',
    'Promising;3;4;1;1;1;1', 'Need Attention;2;3;2;3;2;3', 'About To Sleep;2;3;1;2;1;2', 'At Risk;1;2;2;5;2;5',
    'Can''t Lose Them;1;1;4;5;4;5', 'Lost;1;2;1;2;1;2'));

-- the tiering plan's rule table, by contact and interactions, and then with ticket and need
SELECT define_metric('checked', 'months_away', 'months_since(latest(payment))');
SELECT define_metric('checked', 'contacts', 'count(payment)');
SELECT define_ladder('checked', 'plan', '[
    {"label": "strategic", "when": "months_away < 3 and contacts >= 3"},
    {"label": "value", "when": "months_away < 6 and contacts between 2 and 3"},
    {"label": "nurture", "when": "months_away < 12 and contacts between 1 and 2"},
    {"label": "wake-up", "when": "months_away >= 12 and contacts <= 1"}]');
SELECT * FROM check_definitions('checked');

-- the same groups as built-in schemes leave nobody out: who has no segment is one of the Others
SELECT define_rfm('checked', 'r_rfm_0_2', recency => 'visits', frequency => 'count(payment)', monetary => 'sum(payment.net)',
    cuts => 'recency 30, 90, 180, 365; frequency 2, 4, 8, 12; monetary 500, 2000, 8000, 20000', scheme => 'r-rfm-0.2');
SELECT define_tag('checked', 'new', 'r_rfm_0_2 = ''New Customers''');
SELECT define_tag('checked', 'new_by_mistake', 'r_rfm_0_2 in (''New Customer'', ''Others'') or plan = ''wakeup''');
SELECT define_tag('checked', 'champion_who_pays_little', 'r_rfm_0_2 = ''Champions'' and r_rfm_0_2_m <= 3');
SELECT * FROM check_definitions('checked') WHERE object LIKE 'new%' OR object LIKE 'champion%';
SELECT drop_definition('checked', d) FROM unnest('{new,new_by_mistake,champion_who_pays_little,r_rfm_0_2,r_rfm_0_3,plan,months_away,contacts}'::text[]) d;

-- ---------- ladders ----------
SELECT set_parameter('checked', 'high', 500);
SELECT define_metric('checked', 'spend', 'sum(payment.net)', scale => 2);
SELECT define_metric('checked', 'days_away', 'days_since(latest(payment))');
-- money has two decimals, so that nothing lies between 499.99 and 500; at 500 nobody is asked
SELECT define_ladder('checked', 'by_spend', '[{"label": "low", "when": "spend <= 499.99"}, {"label": "high", "when": "spend > high"}]');
SELECT define_ladder('checked', 'whole', '[{"label": "low", "when": "visits < 3"}, {"label": "high", "when": "visits > 2"}, {"label": "never"}]');
SELECT define_ladder('checked', 'cascade', '[{"label": "a", "when": "spend >= 1000"}, {"label": "b", "when": "spend >= 500"}, {"label": "c"}]');
SELECT define_ladder('checked', 'upside_down', '[{"label": "b", "when": "spend >= 500"}, {"label": "a", "when": "spend >= 1000"}, {"label": "c"}]');
SELECT define_ladder('checked', 'together', '[{"label": "a", "when": "visits < 5"}, {"label": "b", "when": "visits >= 5"}, {"label": "c", "when": "visits between 4 and 6"}]');
SELECT define_ladder('checked', 'contradiction', '[{"label": "a", "when": "visits > 5 and visits < 6"}, {"label": "b", "when": "days_away < 0"}, {"label": "c"}]');
-- one day, however it is written
SELECT define_ladder('checked', 'days', '[{"label": "a", "when": "days_away < 30"}, {"label": "b", "when": "date(latest(payment)) <= today() - 30"}, {"label": "c", "when": "latest(payment) is null"}]');
SELECT define_ladder('checked', 'born', '[{"label": "old", "when": "birthday < date ''1990-01-01''"}, {"label": "young", "when": "birthday > date ''1990-01-01''"}]');
-- two things against each other
SELECT define_ladder('checked', 'against', '[{"label": "more", "when": "spend > 2 * sum(payment.net last 90 days)"}, {"label": "less", "when": "2 * sum(payment.net last 90 days) > spend"}]');
-- an enum has no other values, a text has
SELECT define_ladder('checked', 'enum', '[{"label": "a", "when": "level = ''gold''"}, {"label": "b", "when": "level in (''platinum'', ''普通'')"}]');
SELECT define_ladder('checked', 'text', '[{"label": "a", "when": "gender = ''F''"}, {"label": "b", "when": "gender = ''M''"}]');
SELECT define_ladder('checked', 'boolean', '[{"label": "a", "when": "agreed"}, {"label": "b", "when": "not agreed"}]');
-- what is no interval: nothing is claimed
SELECT define_ladder('checked', 'opaque', '[{"label": "a", "when": "city like ''上%''"}, {"label": "b", "when": "city not like ''上%''"}]');
SELECT define_ladder('checked', 'guarded', '[{"label": "a", "when": "city like ''上%'' or visits > 2"}, {"label": "b", "when": "contains(interests, ''skin'') and visits > 5"}, {"label": "c", "when": "visits <= 2"}]');
SELECT define_ladder('checked', 'document', '[{"label": "a", "when": "doc.budget >= 100"}, {"label": "b", "when": "doc.budget < 100"}, {"label": "c", "when": "doc.budget is null"}]');
SELECT * FROM check_definitions('checked');
SELECT drop_definition('checked', d) FROM unnest('{by_spend,cascade,upside_down,together,contradiction,days,born,against,enum,text,boolean,opaque,guarded,document}'::text[]) d;

-- ---------- tags, through what they name ----------
SELECT define_ladder('checked', 'stage', '[{"label": "new", "when": "visits <= 1"}, {"label": "regular", "when": "visits >= 5"}, {"label": "often", "when": "visits > 5"}]');
SELECT define_tag('checked', 'never', 'stage = ''often''');
SELECT define_tag('checked', 'never_either', 'has_tag(''never'') or stage = ''new'' and visits = 3');
SELECT define_tag('checked', 'always', 'not has_tag(''never'')');
SELECT define_tag('checked', 'given');
SELECT define_tag('checked', 'given_and_new', 'has_tag(''given'') and stage = ''new''');
SELECT define_tag('checked', 'nobody_knows', 'city like ''%海'' and not city like ''%海''');
SELECT define_tag('checked', 'in_between', 'stage is null and visits not in (2, 3, 4)');
SELECT define_tag('checked', 'refund', 'count(sale where kind = ''deposit'') > 0 or sum(payment.net where net > 5 and net < 3) > 0');
SELECT define_tag('checked', 'week', 'days_away <= 7 and 30 >= days_since(birthday) and days_away >= 7 and months_since(birthday) <= 7');
SELECT * FROM check_definitions('checked');
SELECT drop_definition('checked', d) FROM unnest('{given_and_new,given,nobody_knows,in_between,never_either,always,never,refund,week,whole,stage}'::text[]) d;

-- ---------- scorecards ----------
SELECT set_parameter('checked', 'weight_of_visits', 60);
SELECT define_scorecard('checked', 'tier', '{"method": "weighted", "characteristics": [
    {"name": "visits", "weight": "weight_of_visits", "value": "count(payment)", "bins": [{"below": 0, "points": 100}, {"below": 3, "points": 30}, {"points": 70}]},
    {"name": "recency", "weight": 40, "value": "days_away", "bins": [{"below": 30, "points": 80}, {"points": 0}]},
    {"name": "need", "weight": 0, "bins": [{"when": "visits > 3", "points": 1}, {"when": "visits > 5", "points": 2}, {"when": "visits < 2 and agreed", "points": 3}]}],
    "tiers": [{"label": "strategic", "at_least": 80}, {"label": "value", "at_least": 60}, {"label": "between", "at_least": 55}, {"label": "low", "at_least": 20}]}');
SELECT define_tag('checked', 'strategic', 'tier = ''strategic''');
SELECT define_tag('checked', 'high_and_low', 'tier = ''value'' and tier_score < 60');
SELECT * FROM check_definitions('checked');
SELECT drop_definition('checked', d) FROM unnest('{high_and_low,strategic,tier,weight_of_visits}'::text[]) d;

-- ---------- the data ----------
SELECT define_metric('checked', 'favourite', 'mode(payment.product_id.category)');
SELECT define_tag('checked', 'words', 'city in (''上海市'', ''杭州'') or level = ''platinum'' or contains(interests, ''skim'') or age_group = ''18-25'' or nothing = ''x''');
SELECT define_tag('checked', 'paths', 'count(payment where product_id.category = ''注涉'') > 0 or favourite = ''skin'' or last(payment.kind) = ''refund''');
SELECT * FROM check_definitions('checked');

-- of a column with many values none is offered; what is not there, is not there all the same
INSERT INTO check_customer (id, city, level, agreed, visits) SELECT n, '城' || n, 'gold', true, 1 FROM generate_series(10, 1020) n;
SELECT * FROM check_definitions('checked') WHERE message LIKE '%city%';
SELECT drop_definition('checked', d) FROM unnest('{words,paths,favourite}'::text[]) d;

-- ---------- errors first; what they leave is looked at, and what they use is used ----------
SELECT define_tag('checked', 'wrong', 'spendd > high');
SELECT define_tag('checked', 'odd', 'visits > 5 and visits < 3');
SELECT * FROM check_definitions('checked');
SELECT drop_definition('checked', 'wrong');

-- ---------- numbers that differ by branch, and stand in for others ----------
SELECT define_metric('checked', 'home', 'city');
SELECT set_branch('checked', 'home');
SELECT set_parameter('checked', 'vip_from', 200), set_parameter('checked', 'vip_from', 100, branch => '杭州');
SELECT set_parameter('checked', 'top', 70);
SELECT define_ladder('checked', 'class', '[{"label": "rich", "when": "spend >= 500"}, {"label": "vip", "when": "spend >= vip_from / 2 and spend < 500"}, {"label": "small", "when": "spend < 100"}]');
SELECT define_scorecard('checked', 'tier', '{"method": "weighted", "characteristics": [
    {"name": "spend", "weight": 1, "value": "spend", "bins": [{"below": "vip_from", "points": 30}, {"below": 500, "points": "top - 10"}, {"points": 60}]}],
    "tiers": [{"label": "strategic", "at_least": "top"}, {"label": "other"}]}');
SELECT define_rfm('checked', 'grid', recency => 'days_away', frequency => 'visits', monetary => 'spend',
    cuts => 'recency 30, =; frequency 2, 5; monetary vip_from, 1000', scheme => 'eight', high_from => 3);
SELECT severity, object, message FROM check_definitions('checked') WHERE object IN ('class', 'tier', 'grid', 'top', 'vip_from', 'home');

-- ---------- a level that is kept may be any ----------
SELECT define_ladder('checked', 'class', '[{"label": "rich", "when": "spend >= 500"}, {"label": "rest"}]', keep => '{"demote_after": "12 months"}');
SELECT define_tag('checked', 'kept', 'class = ''rich'' and spend < 500');
SELECT define_tag('checked', 'both', 'class = ''rich'' and class = ''rest''');
SELECT severity, object, message FROM check_definitions('checked') WHERE object IN ('kept', 'both');
SELECT drop_definition('checked', d) FROM unnest('{kept,both,tier,grid,class}'::text[]) d;

-- ---------- too much to compare: it says so, and in time ----------
SELECT define_tag('checked', 'odd', (string_agg(format('visits + %s * spend > 0', n), ' and ') || ' or ' ||
    string_agg(format('visits + %s * spend > 0 and budget + %s * spend > 0', n, n), ' or '))::expression)
FROM generate_series(1, 40) n;
SELECT severity, object, message FROM check_definitions('checked') WHERE object = 'odd';

-- warnings stop nobody
SELECT define_tag('checked', 'odd', 'visits > 5 and visits < 3');
SELECT publish('checked');
SELECT drop_population('checked');
DROP TABLE check_payment, check_customer, check_product;
DROP TYPE check_level;
