-- The type model: strict JSON in, canonical JSON out.
SET search_path = clientele, public;

-- Every kind of definition; canonical text has one order of keys, and reads back as itself.
SELECT $${"definitions": [
 {"name": "dormant_days", "kind": "parameter", "value": 1.80e2},
 {"kind": "metric", "value": "SUM(payment.Net  last 365 days)", "scale": 2.0, "name": "spend"},
 {"kind": "metric", "name": "visits", "value": "count(visit)", "scale": 6},
 {"kind": "rfm", "name": "member", "recency": "latest(payment)", "frequency": "visits", "monetary": "spend",
  "cuts": null, "scheme": "eight", "high_from": 4},
 {"kind": "rfm", "name": "halves", "recency": "latest(payment)", "frequency": "visits", "monetary": "spend",
  "bins": 2, "method": "mean", "cuts": "recency 30;frequency 2.0; monetary 500",
  "groups": [{"when": "r=2 and score>200", "label": "best"}, {"label": "rest"}]},
 {"kind": "scorecard", "name": "tier", "card": {"method": "weighted", "characteristics": [
   {"name": "spend", "weight": "dormant_days / 2", "value": "spend", "bins": [{"below": 5000.0, "points": 20}, {"points": 100}]}]}},
 {"kind": "ladder", "name": "stage", "rules": [{"label": "new", "when": "visits=1"}, {"label": "other"}]},
 {"kind": "tag", "name": "休眠", "when": "days_since(latest(payment))>dormant_days", "family": "state"},
 {"kind": "tag", "name": "select", "when": "\"select\" = 1"}],
 "sources": [{"name": "payment", "filter": "kind<>'refund'", "branch": "bill_id.branch", "amount": "Net", "revenue": true, "future_tolerance": 0.5},
             {"name": "visit", "future_tolerance": 0}],
 "branch": "spend", "time_zone": "Asia/Shanghai"}$$::model AS model \gset
SELECT replace(:'model', '}, {', E'},\n{') AS model;
SELECT :'model'::model::text = :'model' AS same, :'model'::model = :'model' AS equal, :'model'::model <> :'model' AS unequal,
       model_hash(:'model'::model) = model_hash(:'model') AS same_hash;

-- Nothing but a time zone is needed.
SELECT '{"sources": [], "definitions": [], "time_zone": "UTC"}'::model;

-- What is wrong, and where.
CREATE FUNCTION pg_temp.refused(text) RETURNS TABLE (state text, message text, hint text, place text) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM $1::clientele.model;
    message := 'accepted';
    RETURN NEXT;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT, place = PG_EXCEPTION_CONTEXT;
    place := substring(place FROM '^.* of a model.*?$');
    IF place LIKE 'SQL%' OR place LIKE 'PL%' THEN place := NULL; END IF;
    place := split_part(place, E'\n', 1);
    RETURN NEXT;
END $$;
\x on
\pset format unaligned

-- the whole
SELECT r.* FROM unnest(ARRAY[
    '', '[]', '{', '{"time_zone": "UTC"}', '{"time_zone": "UTC", "sources": {}, "definitions": []}',
    '{"time_zone": "", "sources": [], "definitions": []}', '{"time_zone": "UTC", "sources": []}',
    '{"time_zone": "UTC", "sources": [], "definition": []}',
    '{"time_zone": "UTC", "time_zone": "UTC", "sources": [], "definitions": []}',
    '{"time_zone": "UTC", "sources": [], "definitions": [3]}'
]) AS t, pg_temp.refused(t) AS r;

-- sources
SELECT r.* FROM unnest(ARRAY[
    '3', '{}', '{"name": ""}', '{"name": 3}', '{"name": "a"}, {"name": "a"}', '{"name": "a", "filter": "x >"}',
    '{"name": "a", "filter": null}', '{"name": "a", "amount": "x + 1"}', '{"name": "a", "branch": 3}',
    '{"name": "a", "future_tolerance": -1}', '{"name": "a", "future_tolerance": 31622401}', '{"name": "a", "future_tolerance": "1 day"}',
    format('{"name": "%s"}', repeat('a', 64)), '{"name": "a", "key": "b"}', '{"name": "a", "revenue": true}',
    '{"name": "a", "amount": "net", "revenue": false}'
]) AS t, pg_temp.refused(format('{"time_zone": "UTC", "sources": [%s], "definitions": []}', t)) AS r;

-- definitions
SELECT r.* FROM unnest(ARRAY[
    -- of any kind
    '{}', '{"name": "a"}', '{"kind": "tag"}', '{"kind": "rule", "name": "a"}', '{"kind": 3, "name": "a"}',
    '{"kind": "tag", "name": "", "when": "x"}', '{"kind": "tag", "name": null, "when": "x"}',
    '{"kind": "tag", "name": "a", "name": "b", "when": "x"}',
    format('{"kind": "tag", "name": "%s", "when": "x"}', repeat('标', 22)),
    -- parameters
    '{"kind": "parameter", "name": "a"}', '{"kind": "parameter", "name": "a", "value": "3"}',
    '{"kind": "parameter", "name": "a", "value": 1, "branches": {"b": 2}}', '{"kind": "parameter", "name": "a", "value": 1, "branches": [2]}',
    '{"kind": "parameter", "name": "a", "value": 1, "branches": {"b": "2"}}', '{"kind": "parameter", "name": "a", "value": 1, "branches": {"b": 1, "b": 2}}',
    '{"kind": "parameter", "name": "a", "value": 1, "branches": {"": 2}}', '{"kind": "parameter", "name": "a", "branches": {"b": 2}}',
    '{"kind": "parameter", "name": "a", "value": 1e19}', '{"kind": "parameter", "name": "a", "value": 1, "scale": 2}',
    -- metrics
    '{"kind": "metric", "name": "a"}', '{"kind": "metric", "name": "a", "value": 3}', '{"kind": "metric", "name": "a", "value": "x +"}',
    '{"kind": "metric", "name": "a", "value": "x", "scale": 19}', '{"kind": "metric", "name": "a", "value": "x", "scale": 0.5}',
    -- tags
    '{"kind": "tag", "name": "a"}', '{"kind": "tag", "name": "a", "when": "x", "family": ""}', '{"kind": "tag", "name": "a", "when": "x", "familie": "b"}',
    -- ladders
    '{"kind": "ladder", "name": "a"}', '{"kind": "ladder", "name": "a", "rules": []}', '{"kind": "ladder", "name": "a", "rules": ["x"]}',
    '{"kind": "ladder", "name": "a", "rules": [{"label": "b"}, {"label": "c"}]}', '{"kind": "ladder", "name": "a", "rules": [{"when": "x"}]}',
    '{"kind": "ladder", "name": "a", "rules": [{"label": "b", "when": "x ="}]}', '{"kind": "ladder", "name": "a", "rules": [{"label": "b", "when": null}]}',
    '{"kind": "ladder", "name": "a", "rules": [{"label": "", "when": "x"}]}',
    -- scorecards
    '{"kind": "scorecard", "name": "a"}', '{"kind": "scorecard", "name": "a", "card": "{}"}',
    '{"kind": "scorecard", "name": "a", "card": {"method": "additive", "characteristics": [{"name": "b", "bins": [{"points": "x +"}]}]}}',
    '{"kind": "scorecard", "name": "a", "card": {"method": "additive", "characteristics": [{"name": "b", "weight": 1, "bins": [{"points": 1}]}]}}'
]) AS t, pg_temp.refused(format('{"time_zone": "UTC", "sources": [], "definitions": [%s]}', t)) AS r;

-- grids
SELECT r.* FROM unnest(ARRAY[
    '"bins": 5', '"scheme": "eight"', '"scheme": "eight", "high_from": 10', '"scheme": "nine"', '"scheme": "r-rfm", "high_from": 4',
    '"scheme": "r-rfm", "bins": 6', '"scheme": "r-rfm", "bins": 10', '"scheme": "r-rfm", "bins": 1', '"scheme": "r-rfm", "method": "mean"', '"scheme": "r-rfm", "method": "best"',
    '"scheme": "r-rfm", "groups": [{"label": "a"}]', '"high_from": 4, "groups": [{"label": "a"}]', '"groups": []', '"groups": [{"label": "a"}, {"label": "b"}]',
    '"scheme": "r-rfm", "cuts": "recency 1"', '"scheme": "r-rfm", "cuts": 3', '"scheme": "r-rfm", "cuts": ""',
    '"scheme": "eight", "bins": 2, "cuts": "recency 1, 2; frequency 1; monetary 1"',
    '"scheme": "eight", "cuts": "recency 1; frequency 1; monetary 1"'
]) AS t, pg_temp.refused(format('{"time_zone": "UTC", "sources": [], "definitions": [{"kind": "rfm", "name": "g", "recency": "1", "frequency": "2", "monetary": "3", %s}]}', t)) AS r;
SELECT r.* FROM pg_temp.refused('{"time_zone": "UTC", "sources": [], "definitions": [{"kind": "rfm", "name": "g", "recency": "1", "frequency": "2", "scheme": "r-rfm"}]}') AS r;

-- names that meet
SELECT r.* FROM unnest(ARRAY[
    '{"kind": "tag", "name": "a", "when": "x"}, {"kind": "metric", "name": "a", "value": "x"}',
    '{"kind": "metric", "name": "g_m", "value": "x"}, {"kind": "rfm", "name": "g", "recency": "1", "frequency": "2", "monetary": "3", "scheme": "r-rfm"}',
    '{"kind": "parameter", "name": "due_at", "value": 1}', '{"kind": "tag", "name": "tags", "when": "x"}', '{"kind": "metric", "name": "as_of", "value": "x"}',
    format('{"kind": "rfm", "name": "%s", "recency": "1", "frequency": "2", "monetary": "3", "scheme": "r-rfm"}', repeat('g', 58)),
    '{"kind": "metric", "name": "t_r", "value": "x"}, {"kind": "ladder", "name": "t", "rules": [{"label": "b"}]}'
]) AS t, pg_temp.refused(format('{"time_zone": "UTC", "sources": [], "definitions": [%s]}', t)) AS r;
\x off
\pset format aligned

-- What may stand in the place of a number, and values for branches: as written, in one order.
SELECT '{"time_zone": "UTC", "branch": "home", "sources": [], "definitions": [{"kind": "metric", "name": "home", "value": "city"},
 {"kind": "parameter", "branches": {"浦东": 1.50, "a\"b": 2, "B": 3, "empty": 0}, "name": "days", "value": 5.0}, {"kind": "parameter", "name": "none", "value": 1, "branches": {}},
 {"kind": "rfm", "name": "g", "recency": "1", "frequency": "2", "monetary": "3", "high_from": " (days+1 ) ", "scheme": "eight", "calibrated_at": "2026-06-30T12:00+08:00",
  "cuts": "recency days,2*days , =;frequency 1, =, \"Days; or, not\" ; monetary -1, - days, 7"},
 {"kind": "scorecard", "name": "tier", "card": {"method": "additive", "initial": "-days", "characteristics": [{"name": "c", "value": "x",
  "bins": [{"below": 1, "points": "2 *days"}, {"below": "days", "points": 0}, {"below": 0.5, "points": 1}, {"points": "x"}]}],
  "tiers": [{"label": "top", "at_least": "days"}, {"label": "next", "at_least": 90}, {"label": "rest"}]}}]}'::model AS m \gset
\echo :m
SELECT :'m'::model = :'m'::model::text::model AS same;
\pset format unaligned
\x on
SELECT r.message, r.hint FROM unnest(ARRAY[
    '"cuts": "recency days(1); frequency 1; monetary 1"', '"cuts": "recency a.b; frequency 1; monetary 1"', '"cuts": "recency days +; frequency 1; monetary 1"',
    '"cuts": "recency 2, days, 1; frequency 1; monetary 1", "scheme": "eight"', '"cuts": "recency =; frequency 1; monetary 1"',
    '"cuts": "recency 1 + 1; frequency 1; monetary 1"', '"cuts": "recency ; frequency 1; monetary 1"', '"cuts": "recency a, b, c, d, e, f, g, h, i; frequency 1; monetary 1"',
    '"scheme": "eight", "high_from": "3"', '"scheme": "eight", "high_from": "count(payment)"', '"scheme": "r-rfm", "high_from": "a"',
    '"scheme": "eight", "bins": 2, "calibrated_at": "2026-06-30 12:00:00+08"', '"cuts": "recency 1; frequency 1; monetary 1", "scheme": "eight", "calibrated_at": "2026-06-30"',
    '"cuts": "recency 1; frequency 1; monetary 1", "scheme": "eight", "calibrated_at": "2026-06-30 12:00"', '"cuts": "recency 1; frequency 1; monetary 1", "scheme": "eight", "calibrated_at": 5'
]) AS t, pg_temp.refused(format('{"time_zone": "UTC", "sources": [], "definitions": [{"kind": "rfm", "name": "g", "recency": "1", "frequency": "2", "monetary": "3", %s}]}', t)) AS r;
\x off
\pset format aligned

-- 500 tags fit; an expression beyond its own limit does not, however short the model.
SELECT length(format('{"time_zone": "UTC", "sources": [], "definitions": [%s]}',
    string_agg(format('{"kind": "tag", "name": "t%s", "when": "sum(payment.net where category in (''a'', ''b'', ''c'') last %s days) > %s and %s"}',
                      i, i, i, repeat('gender = ''F'' and ', 20) || 'true'), ', '))::model::text) > 65536 AS large
FROM generate_series(1, 500) AS i;
SELECT state, message FROM pg_temp.refused(format('{"time_zone": "UTC", "sources": [], "definitions": [{"kind": "tag", "name": "a", "when": "x in (%s)"}]}',
    (SELECT string_agg(i::text, ', ') FROM generate_series(1, 12000) AS i)));
SELECT state, message FROM pg_temp.refused(format('{"time_zone": "UTC", "sources": [], "definitions": [%s]}', repeat(' ', 4194304)));

-- binary
SELECT model_send('{"sources": [], "definitions": [], "time_zone": "UTC"}') = '\x01' || convert_to('{"time_zone": "UTC", "sources": [], "definitions": []}', 'UTF8') AS as_text;

-- The columns that it reads.
SELECT DISTINCT source COLLATE "C" AS source, array_to_string(path, '.') COLLATE "C" AS path FROM model_columns_used($${"time_zone": "UTC",
 "sources": [{"name": "payment", "amount": "net", "filter": "bill_id.status <> 'void' and kind < least_kind"}, {"name": "unused", "filter": "z"}],
 "definitions": [
 {"kind": "parameter", "name": "least_kind", "value": 1},
 {"kind": "parameter", "name": "days", "value": 1},
 {"kind": "metric", "name": "spend", "value": "sum(payment.net where product_id.category = 'a' and x > least_kind and spend > 0 last days days)"},
 {"kind": "metric", "name": "favourite", "value": "mode(payment.doctor_id by sum(payment.item_id.minutes))"},
 {"kind": "metric", "name": "visits", "value": "count(visit) + count(distinct visit.branch)"},
 {"kind": "rfm", "name": "g", "recency": "since", "frequency": "visits", "monetary": "m", "bins": 2, "scheme": "eight"},
 {"kind": "rfm", "name": "h", "recency": "1", "frequency": "2", "monetary": "3", "groups": [{"label": "a", "when": "r + f + m > 3 and score > 200 and city.name = 'b'"}]},
 {"kind": "scorecard", "name": "tier", "card": {"method": "weighted", "characteristics": [
   {"name": "c", "weight": "days + w", "value": "spend", "bins": [{"below": 5000.0, "points": 20}, {"points": 100}]},
   {"name": "d", "weight": 1, "bins": [{"when": "in_card", "points": 20}]}]}},
 {"kind": "ladder", "name": "stage", "rules": [{"label": "new", "when": "in_ladder and tier = 'x'"}]},
 {"kind": "tag", "name": "vip", "when": "vip and has_tag('vip') and case when in_case then true else false end"}]}$$)
ORDER BY source NULLS FIRST, path;
SELECT path_names('Bill_ID."Customer Id".x'), path_text(ARRAY['bill_id', 'Customer Id', 'select']);
SELECT path_names('a + 1');
RESET search_path;
