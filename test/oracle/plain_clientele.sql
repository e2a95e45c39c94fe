-- A stand-in for the extension in slow, obvious SQL: as much of it as the demo
-- uses, and no more.  test/tap/030_demo.pl runs the demo with it and with the
-- extension, and compares.
--
-- A rule is pasted into a query as it stands: SQL is its own oracle.  as_of is
-- handed over in the setting oracle.as_of; the zone is always Asia/Shanghai.

CREATE SCHEMA clientele;
SET search_path = clientele, public;

-- ---------- rules ----------

CREATE DOMAIN expression AS text;
CREATE DOMAIN scorecard AS jsonb;

CREATE FUNCTION today() RETURNS date LANGUAGE sql STABLE
    AS $$SELECT (current_setting('oracle.as_of')::timestamptz AT TIME ZONE 'Asia/Shanghai')::date$$;
CREATE FUNCTION days_since(t timestamptz) RETURNS int LANGUAGE sql STABLE
    AS $$SELECT clientele.today() - (t AT TIME ZONE 'Asia/Shanghai')::date$$;
CREATE FUNCTION month(day date) RETURNS int LANGUAGE sql
    AS $$SELECT extract(month FROM day)::int$$;
CREATE FUNCTION age(birthday date) RETURNS int LANGUAGE sql STABLE
    AS $$SELECT extract(year FROM pg_catalog.age(clientele.today(), birthday))::int$$;
CREATE FUNCTION contains(list text[], item text) RETURNS boolean LANGUAGE sql
    AS $$SELECT item = ANY (list)$$;

-- The value of a query over the columns of one row.
-- (Functions of a record cannot be SQL functions.)
CREATE FUNCTION value_of(subject record, as_of timestamptz, expression text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    PERFORM set_config('oracle.as_of', as_of::text, true);
    EXECUTE format('SELECT (%s)::text FROM (SELECT ($1).*) AS subject', expression) INTO result USING subject;
    RETURN result;
END $$ SET search_path = clientele, public;

CREATE FUNCTION matching(subject record, rules expression[], as_of timestamptz, time_zone text) RETURNS int[] LANGUAGE plpgsql AS $$
BEGIN
    RETURN (
    SELECT coalesce(clientele.value_of(subject, as_of,
               'ARRAY(SELECT n FROM (VALUES ' || string_agg(format('(%s, (%s))', n, rule), ', ') || ') AS rules (n, holds) WHERE holds ORDER BY n)')::int[], '{}')
    FROM unnest(rules) WITH ORDINALITY AS r (rule, n));
END $$;

-- ---------- scorecards: weighted, without missing ----------

CREATE FUNCTION points_of(bins jsonb, value text) RETURNS text LANGUAGE sql AS $$
    SELECT 'CASE ' || string_agg(CASE WHEN bin ? 'below' THEN format('WHEN (%s) < %s THEN ', value, bin ->> 'below')
                                      WHEN bin ? 'when' THEN format('WHEN %s THEN ', bin ->> 'when')
                                      ELSE 'ELSE ' END || (bin ->> 'points'), ' ' ORDER BY n) || ' END'
    FROM jsonb_array_elements(bins) WITH ORDINALITY AS b (bin, n) $$;

CREATE FUNCTION score(subject record, card scorecard, as_of timestamptz, time_zone text) RETURNS numeric LANGUAGE plpgsql AS $$
BEGIN
    RETURN (
    SELECT clientele.value_of(subject, as_of,
               format('round((%s) / %s.0, 2)',
                      string_agg(format('%s * %s', c -> 'weight', clientele.points_of(c -> 'bins', c ->> 'value')), ' + '),
                      sum((c ->> 'weight')::numeric)))::numeric
    FROM jsonb_array_elements(card -> 'characteristics') AS c);
END $$;

CREATE FUNCTION tier(subject record, card scorecard, as_of timestamptz, time_zone text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN (
    SELECT t ->> 'label' FROM jsonb_array_elements(card -> 'tiers') AS t
    WHERE (t ->> 'at_least')::numeric <= clientele.score(subject, card, as_of, time_zone)
    ORDER BY (t ->> 'at_least')::numeric DESC LIMIT 1);
END $$;

-- ---------- RFM: five bins ----------

CREATE TYPE rfm AS (last_event timestamptz, events bigint, total numeric);
CREATE FUNCTION rfm_add(summary rfm, t timestamptz, amount numeric) RETURNS rfm LANGUAGE sql
    AS $$SELECT ROW(greatest((summary).last_event, t), coalesce((summary).events, 0) + 1, coalesce((summary).total, 0) + amount)::clientele.rfm$$;
CREATE AGGREGATE rfm(timestamptz, numeric) (SFUNC = rfm_add, STYPE = rfm);
CREATE FUNCTION recency(summary rfm, as_of timestamptz, time_zone text) RETURNS int LANGUAGE sql
    AS $$SELECT (as_of AT TIME ZONE time_zone)::date - ((summary).last_event AT TIME ZONE time_zone)::date$$;
CREATE FUNCTION frequency(summary rfm) RETURNS bigint LANGUAGE sql AS $$SELECT (summary).events$$;
CREATE FUNCTION monetary(summary rfm) RETURNS numeric LANGUAGE sql AS $$SELECT (summary).total$$;

CREATE TYPE rfm_cuts AS (recency numeric[], frequency numeric[], monetary numeric[]);
CREATE FUNCTION cuts_add(seen rfm_cuts, summary rfm, as_of timestamptz, time_zone text, bins int, method text) RETURNS rfm_cuts LANGUAGE sql AS $$
    SELECT ROW((seen).recency || clientele.recency(summary, as_of, time_zone)::numeric,
               (seen).frequency || (summary).events::numeric, (seen).monetary || (summary).total)::clientele.rfm_cuts $$;
-- method r-rfm: quantiles plus 1
CREATE FUNCTION quintiles(seen numeric[]) RETURNS numeric[] LANGUAGE sql AS $$
    SELECT array_agg(cut::numeric + 1 ORDER BY cut)
    FROM (SELECT unnest(percentile_cont('{.2,.4,.6,.8}'::float8[]) WITHIN GROUP (ORDER BY x)) AS cut FROM unnest(seen) AS x) AS q $$;
CREATE FUNCTION cuts_final(seen rfm_cuts) RETURNS rfm_cuts LANGUAGE sql
    AS $$SELECT ROW(clientele.quintiles((seen).recency), clientele.quintiles((seen).frequency), clientele.quintiles((seen).monetary))::clientele.rfm_cuts$$;
CREATE AGGREGATE rfm_cuts(rfm, timestamptz, text, int, text) (SFUNC = cuts_add, STYPE = rfm_cuts, FINALFUNC = cuts_final);

CREATE FUNCTION rfm_score(summary rfm, as_of timestamptz, time_zone text, cuts rfm_cuts) RETURNS int LANGUAGE sql AS $$
    SELECT CASE WHEN summary IS NOT NULL THEN
               (5 - width_bucket(clientele.recency(summary, as_of, time_zone)::numeric, (cuts).recency)) * 100
               + (width_bucket((summary).events::numeric, (cuts).frequency) + 1) * 10
               + width_bucket((summary).total, (cuts).monetary) + 1 END $$;
CREATE FUNCTION rfm_group(score int, scheme text, high_from int) RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN score IS NULL THEN '未成交' ELSE
               CASE WHEN score % 10 >= high_from THEN '重要' ELSE '一般' END ||
               CASE (score / 100 >= high_from, score / 10 % 10 >= high_from)
                   WHEN (true, true) THEN '价值' WHEN (true, false) THEN '发展'
                   WHEN (false, true) THEN '保持' ELSE '挽留' END END $$;
