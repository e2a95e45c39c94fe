-- The planner turns matches(row, constant rule) into a call on the columns that
-- the rule names.  The answer must be the same as for a rule that is no
-- constant, which is never turned; and where the row itself may be missing, the
-- call stays.
SET search_path = clientele, public;

CREATE SCHEMA row_support;
CREATE TABLE row_support.client (id int PRIMARY KEY, city text, spend numeric(10,2), gone int, birthday date);
ALTER TABLE row_support.client DROP COLUMN gone;
INSERT INTO row_support.client VALUES (1, '上海', 100, '1990-01-01'), (2, NULL, NULL, NULL), (3, '北京', 2500.50, '2001-05-05');
CREATE TABLE row_support.visit (client int, arrived_at timestamptz);
INSERT INTO row_support.visit VALUES (1, '2026-01-01 10:00+08'), (4, '2026-01-02 10:00+08');
CREATE TABLE row_support.rule (rule expression);
INSERT INTO row_support.rule VALUES ('spend > 50 or city is null'), ('spend is null'), ('birthday >= date ''2000-01-01'' and city <> ''上海''');

-- true if the plan calls the function on columns
CREATE FUNCTION row_support.is_split(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE line text; split boolean := false;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || query LOOP
        split := split OR line ~ '_columns';
    END LOOP;
    RETURN split;
END $$;

-- what becomes of it
EXPLAIN (VERBOSE, COSTS OFF) SELECT id, matches(c, 'spend > 50 or city is null') FROM row_support.client AS c;
EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM row_support.client AS c WHERE c @@ 'spend > 50';
EXPLAIN (VERBOSE, COSTS OFF)
SELECT matching(c, ARRAY['spend > 50', 'age(birthday) > 30']::expression[], '2026-06-30 12:00+08', 'Asia/Shanghai')
FROM row_support.client AS c;

-- the same answers
SELECT rule, count(*) FILTER (WHERE matches(c, rule)) AS whole,
       CASE rule::text
           WHEN 'spend > 50 or city is null' THEN (SELECT count(*) FROM row_support.client AS d WHERE matches(d, 'spend > 50 or city is null'))
           WHEN 'spend is null' THEN (SELECT count(*) FROM row_support.client AS d WHERE d @@ 'spend is null')
           ELSE (SELECT count(*) FROM row_support.client AS d WHERE matching(d, ARRAY['birthday >= date ''2000-01-01'' and city <> ''上海''']::expression[]) = '{1}')
       END AS split
FROM row_support.rule, row_support.client AS c GROUP BY rule ORDER BY rule::text;

-- numbers, texts and cards likewise
EXPLAIN (VERBOSE, COSTS OFF)
SELECT evaluate_number(c, 'spend * 2'), evaluate_text(c, 'days_since(birthday)', '2026-06-30 12:00+08', 'Asia/Shanghai'),
       score(c, card), tier(c, '{"method": "additive", "characteristics": [{"name": "spend", "value": "spend", "bins": [{"below": 500, "points": 1}, {"points": 2}]}], "tiers": [{"label": "low", "at_least": 0}]}')
FROM row_support.client AS c, LATERAL (SELECT '{"method": "weighted", "characteristics": [{"name": "spend", "weight": 1, "value": "spend", "bins": [{"below": 500, "points": 10}, {"points": 90}], "missing": {"points": 0}}, {"name": "place", "weight": 1, "bins": [{"when": "city = ''上海''", "points": 50}, {"points": 0}]}]}'::scorecard AS card) AS k;
SELECT id, evaluate_number(c, 'spend * 2') AS number, score(c, constant.card), score(c, stored.card) AS whole, tier(c, constant.card), tier(c, stored.card) AS whole
FROM row_support.client AS c,
     LATERAL (SELECT '{"method": "weighted", "characteristics": [{"name": "spend", "weight": 1, "value": "spend", "bins": [{"below": 500, "points": 10}, {"points": 90}], "missing": {"points": 0}}, {"name": "place", "weight": 1, "bins": [{"when": "city = ''上海''", "points": 50}, {"points": 0}]}], "tiers": [{"label": "high", "at_least": 30}, {"label": "low"}]}'::scorecard AS card) AS constant,
     (SELECT '{"method": "weighted", "characteristics": [{"name": "spend", "weight": 1, "value": "spend", "bins": [{"below": 500, "points": 10}, {"points": 90}], "missing": {"points": 0}}, {"name": "place", "weight": 1, "bins": [{"when": "city = ''上海''", "points": 50}, {"points": 0}]}], "tiers": [{"label": "high", "at_least": 30}, {"label": "low"}]}'::scorecard AS card OFFSET 0) AS stored
ORDER BY id;

-- an alias renames the columns of the query, not those of the row
SELECT matches(c, 'spend > 50') FROM row_support.client AS c (spend, city) ORDER BY 1;
SELECT row_support.is_split($$SELECT matches(c, 'spend > 50') FROM row_support.client AS c (spend, city)$$);

-- a subquery's columns
SELECT matches(s, 'twice > 300') FROM (SELECT id, spend * 2 AS twice FROM row_support.client OFFSET 0) AS s ORDER BY 1;
SELECT row_support.is_split($$SELECT matches(s, 'twice > 300') FROM (SELECT id, spend * 2 AS twice FROM row_support.client OFFSET 0) AS s$$) AS kept,
       row_support.is_split($$SELECT matches(s, 'twice > 300') FROM (SELECT id, spend * 2 AS twice FROM row_support.client) AS s$$) AS pulled_up,
       row_support.is_split($$SELECT matches(s, 'twice > 300') FROM (SELECT id, random() AS twice FROM row_support.client) AS s$$) AS volatile;

-- a value that has an effect is computed even where the rule does not name it
CREATE SEQUENCE row_support.counter;
SELECT matches(ROW(nextval('row_support.counter'), id), 'f2 > 1') FROM row_support.client ORDER BY 1;
SELECT last_value FROM row_support.counter;

-- the far side of an outer join: a missing row matches nothing, a row of NULLs may
SELECT v.client, c.id, matches(c, 'spend is null') FROM row_support.visit AS v LEFT JOIN row_support.client AS c ON c.id = v.client ORDER BY 1;
SELECT v.client, s.id, matches(s, 'spend is null')
FROM row_support.visit AS v LEFT JOIN (SELECT id, spend FROM row_support.client) AS s ON s.id = v.client ORDER BY 1;
SELECT row_support.is_split($$SELECT matches(c, 'spend is null') FROM row_support.visit AS v LEFT JOIN row_support.client AS c ON c.id = v.client$$);

-- grouping sets make rows NULL, too
SELECT c.id, matches(c, 'spend is null') FROM row_support.client AS c GROUP BY GROUPING SETS ((c, c.id), ()) ORDER BY 1;
SELECT c.id, matches(c, 'spend > 0') FROM row_support.client AS c GROUP BY GROUPING SETS ((c, c.id), ()) ORDER BY 1;
SELECT c.id, matches(c, 'spend is null'), count(*) FROM row_support.client AS c GROUP BY c, c.id ORDER BY 1;
SELECT DISTINCT ON (matches(c, 'spend is null')) matches(c, 'spend is null') AS unknown, id FROM row_support.client AS c ORDER BY 1, 2;

-- writing statements, partitions, inheritance
UPDATE row_support.client AS c SET spend = 60 WHERE matches(c, 'spend between 100 and 200') RETURNING id, matches(c, 'spend = 60');
INSERT INTO row_support.client VALUES (1, '杭州', 9, NULL)
ON CONFLICT (id) DO UPDATE SET spend = CASE WHEN matches(excluded, 'city = ''杭州''') THEN excluded.spend END
RETURNING id, spend, matches(client, 'spend = 9');
CREATE TABLE row_support.parted (id int, city text, spend numeric) PARTITION BY LIST (id);
CREATE TABLE row_support.part_b (spend numeric, extra int, city text, id int);
ALTER TABLE row_support.part_b DROP COLUMN extra;
CREATE TABLE row_support.part_a PARTITION OF row_support.parted FOR VALUES IN (1);
ALTER TABLE row_support.parted ATTACH PARTITION row_support.part_b FOR VALUES IN (2);
INSERT INTO row_support.parted VALUES (1, 'a', 10), (2, 'b', 20);
SELECT id, matches(p, 'spend >= 20 and city = ''b''') FROM row_support.parted AS p ORDER BY id;

-- errors are those of the whole row, and a dropped column is no column
SELECT matches(c, 'speend > 1') FROM row_support.client AS c;
SELECT matches(c, 'gone > 1') FROM row_support.client AS c;
SELECT matches(c, 'city > 1') FROM row_support.client AS c;
SELECT matches(c, 'sum(payment.amount) > 1') FROM row_support.client AS c;
SELECT matches(c, 'days_since(birthday) > 1') FROM row_support.client AS c;
SELECT matches(c, 'speend > 1') FROM row_support.client AS c WHERE false;

-- a rule that is a parameter is planned once for all of them
PREPARE by_rule(expression) AS SELECT count(*) FROM row_support.client AS c WHERE matches(c, $1);
SET plan_cache_mode = force_generic_plan;
EXECUTE by_rule('spend > 1');
EXECUTE by_rule('spend is null');
SET plan_cache_mode = force_custom_plan;
EXECUTE by_rule('spend > 1');
RESET plan_cache_mode;

-- more columns than a call has arguments
SELECT format('CREATE TABLE row_support.wide (%s)', string_agg('c' || n || ' int DEFAULT ' || n, ', ')) FROM generate_series(1, 120) AS n \gexec
INSERT INTO row_support.wide DEFAULT VALUES;
SELECT format($$SELECT matches(w, %L) FROM row_support.wide AS w$$, string_agg('c' || n || ' = ' || n, ' and ')) FROM generate_series(1, 120) AS n \gexec
SELECT format($$SELECT matches(w, %L) FROM row_support.wide AS w$$, string_agg('c' || n || ' = ' || n, ' and ')) FROM generate_series(1, 96) AS n \gexec

-- a column that the rule does not name is not read: here it would fail
CREATE FUNCTION row_support.fails(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RAISE EXCEPTION ''read''; END';
SELECT matches(s, 'spend > 50') FROM (SELECT spend, row_support.fails(id) AS other FROM row_support.client) AS s ORDER BY 1;

-- called by hand
SELECT matches_columns('a > b', NULL, NULL, '{a,b}', 2, 1);
SELECT matches_columns('a > b', NULL, NULL, '{a,b}', 2);
SELECT matches_columns('a > b', NULL, NULL, NULL, 2, 1);
SELECT matches_columns('a > b', NULL, NULL, '{a,NULL}', 2, 1);
SELECT matches_columns('a > b', NULL, NULL, '{a,b}', VARIADIC ARRAY[2, 1]);
SELECT matches_columns(NULL, NULL, NULL, '{a}', 2), matching_columns(NULL, NULL, NULL, '{a}', 2);

DROP SCHEMA row_support CASCADE;
