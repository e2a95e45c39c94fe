-- The model, as definitions for clientele and as plain SQL.  Both are made from the
-- same tables, so that neither side has a rule that the other has not.

CREATE TABLE bench.metric (
    position int GENERATED ALWAYS AS IDENTITY,
    name text PRIMARY KEY,
    source text NOT NULL,
    aggregate text NOT NULL,
    argument text,                      -- NULL: the event
    condition text,                     -- the same words in both languages
    days int,                           -- last ... days
    hours int,                          -- last ... hours
    from_days int,                      -- from ... days ago
    to_days int                         -- to ... days ago
);
INSERT INTO bench.metric (name, source, aggregate, argument, condition, days, hours, from_days, to_days) VALUES
    ('paid_7', 'payment', 'sum', 'net', NULL, 7, NULL, NULL, NULL),
    ('paid_30', 'payment', 'sum', 'net', NULL, 30, NULL, NULL, NULL),
    ('paid_90', 'payment', 'sum', 'net', NULL, 90, NULL, NULL, NULL),
    ('paid_180', 'payment', 'sum', 'net', NULL, 180, NULL, NULL, NULL),
    ('paid_365', 'payment', 'sum', 'net', NULL, 365, NULL, NULL, NULL),
    ('payments_7', 'payment', 'count', NULL, NULL, 7, NULL, NULL, NULL),
    ('payments_30', 'payment', 'count', NULL, NULL, 30, NULL, NULL, NULL),
    ('payments_90', 'payment', 'count', NULL, NULL, 90, NULL, NULL, NULL),
    ('payments_180', 'payment', 'count', NULL, NULL, 180, NULL, NULL, NULL),
    ('payments_365', 'payment', 'count', NULL, NULL, 365, NULL, NULL, NULL),
    ('largest_90', 'payment', 'max', 'net', NULL, 90, NULL, NULL, NULL),
    ('largest_365', 'payment', 'max', 'net', NULL, 365, NULL, NULL, NULL),
    ('skin_90', 'payment', 'sum', 'net', 'category = ''skin''', 90, NULL, NULL, NULL),
    ('skin_365', 'payment', 'count', NULL, 'category = ''skin''', 365, NULL, NULL, NULL),
    ('injection_365', 'payment', 'sum', 'net', 'category = ''injection''', 365, NULL, NULL, NULL),
    ('laser_180', 'payment', 'count', NULL, 'category = ''laser''', 180, NULL, NULL, NULL),
    ('big_365', 'payment', 'count', NULL, 'net > 10000', 365, NULL, NULL, NULL),
    ('payments_48h', 'payment', 'count', NULL, NULL, NULL, 48, NULL, NULL),
    ('paid_before', 'payment', 'sum', 'net', NULL, NULL, NULL, 180, 90),
    ('payments_before', 'payment', 'count', NULL, NULL, NULL, NULL, 365, 180),
    ('visits_7', 'consultation', 'count', NULL, NULL, 7, NULL, NULL, NULL),
    ('visits_30', 'consultation', 'count', NULL, NULL, 30, NULL, NULL, NULL),
    ('visits_90', 'consultation', 'count', NULL, NULL, 90, NULL, NULL, NULL),
    ('visits_180', 'consultation', 'count', NULL, NULL, 180, NULL, NULL, NULL),
    ('visits_365', 'consultation', 'count', NULL, NULL, 365, NULL, NULL, NULL),
    ('minutes_365', 'consultation', 'sum', 'minutes', NULL, 365, NULL, NULL, NULL),
    ('longest_180', 'consultation', 'max', 'minutes', NULL, 180, NULL, NULL, NULL),
    ('complaints_180', 'consultation', 'count', NULL, 'topic = ''complaint''', 180, NULL, NULL, NULL),
    ('visits_72h', 'consultation', 'count', NULL, NULL, NULL, 72, NULL, NULL),
    ('visits_before', 'consultation', 'count', NULL, NULL, NULL, NULL, 180, 90);

CREATE TABLE bench.tag (position int GENERATED ALWAYS AS IDENTITY, rule text NOT NULL);
INSERT INTO bench.tag (rule) VALUES
    ('paid_7 > 0'), ('paid_30 > 20000'), ('paid_90 > 50000'), ('paid_180 > 80000'), ('paid_365 >= 100000'),
    ('payments_7 > 0'), ('payments_30 >= 2'), ('payments_90 >= 4'), ('payments_180 between 1 and 3'), ('payments_365 = 0'),
    ('largest_90 > 15000'), ('largest_365 > 18000'), ('skin_90 > 5000'), ('skin_365 >= 2'), ('injection_365 > 10000'),
    ('laser_180 > 0'), ('big_365 >= 3'), ('payments_48h > 0'), ('paid_before > 30000'), ('payments_before >= 3'),
    ('visits_7 > 0'), ('visits_30 > 1'), ('visits_90 between 2 and 5'), ('visits_180 > 4'), ('visits_365 = 0'),
    ('minutes_365 > 300'), ('longest_180 > 80'), ('complaints_180 > 0'), ('visits_72h > 0'), ('visits_before > 1'),
    ('days_since(latest(payment)) > 30'), ('days_since(latest(payment)) > 60'), ('days_since(latest(payment)) > 90'),
    ('days_since(latest(payment)) > 180'), ('days_since(latest(payment)) > 365'), ('days_since(latest(payment)) <= 7'),
    ('days_since(latest(payment)) between 30 and 90'), ('days_since(latest(consultation)) > 60'), ('days_since(latest(consultation)) > 180'),
    ('days_since(latest(consultation)) <= 14'), ('latest(payment) is null'), ('days_since(joined_at) <= 90'), ('days_since(joined_at) > 730'),
    ('gender = ''F'''), ('gender = ''M'' and paid_365 > 20000'), ('age(birthday) < 25'), ('age(birthday) between 25 and 34'),
    ('age(birthday) between 35 and 49'), ('age(birthday) >= 50'), ('gender = ''F'' and age(birthday) between 18 and 25'),
    ('gender = ''F'' and age(birthday) >= 30 and paid_365 > 30000'), ('birthday is null'), ('city = ''shanghai'''),
    ('city in (''hangzhou'', ''suzhou'', ''ningbo'')'), ('city = ''nanjing'' and visits_90 > 0'),
    ('paid_365 > 50000 and days_since(latest(payment)) > 90'), ('paid_365 > 20000 and days_since(latest(payment)) > 180'),
    ('paid_365 = 0 and visits_365 > 0'), ('payments_365 > 0 and visits_365 = 0'), ('payments_7 > 0 and visits_30 > 0 and paid_30 > 10000'),
    ('paid_90 > paid_before'), ('paid_90 > 2 * paid_before'), ('paid_90 < paid_before and paid_before > 10000'),
    ('payments_180 > payments_before'), ('payments_before > 0 and payments_180 = 0'), ('visits_90 = 0 and visits_before > 0'),
    ('visits_90 > visits_before'), ('paid_180 - paid_90 > 20000'), ('paid_365 - paid_180 > paid_180'), ('payments_365 - payments_90 > 5'),
    ('skin_90 > 0 and injection_365 > 0'), ('skin_365 > 3 or laser_180 > 2'), ('skin_365 > 0 and laser_180 > 0 and injection_365 > 0'),
    ('injection_365 > 20000 and gender = ''F'''), ('injection_365 > 0.5 * paid_365'), ('skin_365 * 2 > payments_365'),
    ('big_365 > 0 and payments_365 < 3'), ('big_365 * 2 > payments_365'), ('largest_365 > 15000 or paid_365 > 60000'),
    ('largest_90 = largest_365'), ('largest_365 is null'), ('complaints_180 > 0 and paid_180 > 10000'),
    ('complaints_180 > 1 or (complaints_180 = 1 and visits_180 = 1)'), ('complaints_180 = 0 and visits_365 > 3'),
    ('minutes_365 > 60 and payments_365 = 0'), ('minutes_365 > 200 and paid_365 < 5000'), ('longest_180 > 60 and visits_30 = 0'),
    ('visits_7 > 0 and payments_7 = 0'), ('visits_30 >= 2 and payments_30 = 0 and days_since(latest(payment)) > 30'),
    ('visits_72h > 0 and payments_48h = 0'), ('days_since(latest(payment)) > 90 and days_since(latest(consultation)) <= 30'),
    ('days_since(latest(payment)) <= 30 or days_since(latest(consultation)) <= 30'),
    ('days_since(latest(payment)) > 365 and days_since(latest(consultation)) > 365'), ('days_since(joined_at) > 365 and payments_365 = 0'),
    ('days_since(joined_at) <= 180 and payments_180 >= 2'), ('city = ''shanghai'' and paid_365 > 40000 and age(birthday) < 40'),
    ('city = ''wuxi'' and gender = ''M'''), ('not gender = ''F'' and visits_365 > 2'), ('paid_30 > 0 and paid_7 = 0 and paid_90 > 30000'),
    ('(paid_7 > 0 or visits_7 > 0) and (gender = ''F'' or age(birthday) > 40) and paid_365 > 1000');

-- ---------------------------------------------------------------------------
-- In clientele
-- ---------------------------------------------------------------------------

CREATE FUNCTION bench.metric_expression(m bench.metric) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT format('%s(%s)', m.aggregate, concat_ws(' ', m.source || coalesce('.' || m.argument, ''), 'where ' || m.condition,
        'last ' || m.days || ' days', 'last ' || m.hours || ' hours', 'from ' || m.from_days || ' days ago to ' || m.to_days || ' days ago')) $$;

CREATE FUNCTION bench.cuts() RETURNS text LANGUAGE sql IMMUTABLE AS
    $$ SELECT 'recency 30, 90, 180, 365; frequency 1, 2, 3, 5; monetary 1000, 10000, 30000, 60000' $$;
CREATE FUNCTION bench.card() RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT '{"method": "weighted", "characteristics": [
    {"name": "spend", "weight": "weight_spend", "value": "paid_365", "bins": [{"below": 5000, "points": 10}, {"below": 20000, "points": 40}, {"below": 60000, "points": 70}, {"points": 100}]},
    {"name": "visits", "weight": 25, "value": "visits_365", "bins": [{"below": 1, "points": 0}, {"below": 3, "points": 50}, {"points": 100}]},
    {"name": "silence", "weight": 20, "value": "days_since(latest(payment))", "bins": [{"below": 31, "points": 100}, {"below": 181, "points": 60}, {"points": 10}], "missing": {"points": 0}},
    {"name": "rhythm", "weight": 15, "value": "payments_90", "bins": [{"below": 1, "points": 0}, {"below": 4, "points": 60}, {"points": 100}]},
    {"name": "age", "weight": 10, "value": "age(birthday)", "bins": [{"below": 25, "points": 40}, {"below": 45, "points": 100}, {"points": 60}], "missing": {"points": 50}}],
    "tiers": [{"label": "strategic", "at_least": 80}, {"label": "key", "at_least": 60}, {"label": "regular", "at_least": 30}, {"label": "other", "at_least": 0}]}' $$;

-- ---------------------------------------------------------------------------
-- In plain SQL: one pass over each source; the bounds of windows are written out
-- ---------------------------------------------------------------------------

CREATE FUNCTION bench.today(as_of timestamptz) RETURNS date LANGUAGE sql STABLE AS
    $$ SELECT (as_of AT TIME ZONE 'Asia/Shanghai')::date $$;

-- The midnight with which the day began that many days ago.
CREATE FUNCTION bench.midnight(as_of timestamptz, days int) RETURNS timestamptz LANGUAGE sql STABLE AS
    $$ SELECT (bench.today(as_of) - days)::timestamp AT TIME ZONE 'Asia/Shanghai' $$;

CREATE FUNCTION bench.metric_column(m bench.metric, at text, as_of timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT format('%s(%s) FILTER (WHERE %s) AS %I', m.aggregate, coalesce(m.argument, '*'), concat_ws(' AND ', m.condition,
        at || ' >= timestamptz ' || quote_literal(bench.midnight(as_of, coalesce(m.days, m.from_days) - 1)),
        at || ' < timestamptz ' || quote_literal(bench.midnight(as_of, m.to_days - 1)),
        at || ' > timestamptz ' || quote_literal(as_of - m.hours * interval '1 hour')), m.name) $$;

CREATE FUNCTION bench.source_query(source text, relation regclass, at text, as_of timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT format('SELECT customer_id, max(%s) AS latest, %s FROM %s WHERE %1$s <= timestamptz %4$L GROUP BY customer_id',
                  at, string_agg(bench.metric_column(m, at, as_of), ', ' ORDER BY m.position), relation::text, as_of)
    FROM bench.metric AS m WHERE m.source = source_query.source $$;

CREATE FUNCTION bench.plain(rule text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT replace(replace(replace(replace(replace(rule, 'days_since(latest(payment))', 'pay_days'), 'days_since(latest(consultation))', 'visit_days'),
                                   'latest(payment)', 'pay_days'), 'days_since(joined_at)', 'joined_days'), 'age(birthday)', 'age') $$;

-- The metrics, and what rules need beside them, one row for each customer.
CREATE FUNCTION bench.metrics_query(as_of timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT format('SELECT b.customer_id, b.gender, b.birthday, b.city, %s,
        date %2$L - (p.latest AT TIME ZONE ''Asia/Shanghai'')::date AS pay_days, date %2$L - (v.latest AT TIME ZONE ''Asia/Shanghai'')::date AS visit_days,
        date %2$L - (b.joined_at AT TIME ZONE ''Asia/Shanghai'')::date AS joined_days, date_part(''year'', age(date %2$L, b.birthday))::int AS age
        FROM crm.customer AS b LEFT JOIN (%3$s) AS p USING (customer_id) LEFT JOIN (%4$s) AS v USING (customer_id) OFFSET 0',
        (SELECT string_agg(CASE WHEN aggregate = 'max' THEN name ELSE format('coalesce(%I, 0) AS %1$I', name) END, ', ' ORDER BY position) FROM bench.metric),
        bench.today(as_of), bench.source_query('payment', 'pos.payment', 'paid_at', as_of), bench.source_query('consultation', 'crm.consultation', 'held_at', as_of)) $$;

CREATE FUNCTION bench.tag_columns() RETURNS text LANGUAGE sql STABLE AS
    $$ SELECT string_agg(format('%s AS tag_%s', bench.plain(rule), to_char(position, 'FM000')), ', ' ORDER BY position) FROM bench.tag $$;

-- Grades of the grid: by ntile, as is usual; or by the cuts, for the same answer.
CREATE FUNCTION bench.plain_query(as_of timestamptz, grades text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT format('SELECT z.*, r * 100 + f * 10 + m AS member_score,
        CASE WHEN r IS NULL THEN ''未成交'' WHEN r >= 4 AND f >= 4 AND m >= 4 THEN ''重要价值'' WHEN f >= 4 AND m >= 4 THEN ''重要保持''
             WHEN r >= 4 AND m >= 4 THEN ''重要发展'' WHEN m >= 4 THEN ''重要挽留''
             WHEN r >= 4 AND f >= 4 THEN ''一般价值'' WHEN f >= 4 THEN ''一般保持''
             WHEN r >= 4 THEN ''一般发展'' ELSE ''一般挽留'' END AS member,
        CASE WHEN value_score >= 80 THEN ''strategic'' WHEN value_score >= 60 THEN ''key'' WHEN value_score >= 30 THEN ''regular'' ELSE ''other'' END AS value,
        %s FROM (SELECT y.*, %s, round((30 * CASE WHEN paid_365 < 5000 THEN 10 WHEN paid_365 < 20000 THEN 40 WHEN paid_365 < 60000 THEN 70 ELSE 100 END
            + 25 * CASE WHEN visits_365 < 1 THEN 0 WHEN visits_365 < 3 THEN 50 ELSE 100 END
            + 20 * CASE WHEN pay_days IS NULL THEN 0 WHEN pay_days < 31 THEN 100 WHEN pay_days < 181 THEN 60 ELSE 10 END
            + 15 * CASE WHEN payments_90 < 1 THEN 0 WHEN payments_90 < 4 THEN 60 ELSE 100 END
            + 10 * CASE WHEN age IS NULL THEN 50 WHEN age < 25 THEN 40 WHEN age < 45 THEN 100 ELSE 60 END) / 100.0, 2) AS value_score
            FROM (%s) AS y OFFSET 0) AS z',
        bench.tag_columns(),
        CASE grades WHEN 'ntile' THEN 'ntile(5) OVER (ORDER BY pay_days DESC NULLS FIRST) AS r, ntile(5) OVER (ORDER BY visits_365) AS f, ntile(5) OVER (ORDER BY paid_365) AS m'
        ELSE 'CASE WHEN pay_days < 30 THEN 5 WHEN pay_days < 90 THEN 4 WHEN pay_days < 180 THEN 3 WHEN pay_days < 365 THEN 2 WHEN pay_days IS NOT NULL THEN 1 END AS r,
              CASE WHEN visits_365 < 1 THEN 1 WHEN visits_365 < 2 THEN 2 WHEN visits_365 < 3 THEN 3 WHEN visits_365 < 5 THEN 4 ELSE 5 END AS f,
              CASE WHEN paid_365 < 1000 THEN 1 WHEN paid_365 < 10000 THEN 2 WHEN paid_365 < 30000 THEN 3 WHEN paid_365 < 60000 THEN 4 ELSE 5 END AS m' END,
        bench.metrics_query(as_of)) $$;
