-- What was published, what versions say otherwise, and definitions as a document.
CREATE SCHEMA shop;
SET search_path = clientele, shop, public;
SET clientele.clock = '2026-06-15 09:00+08';
CREATE ROLE regress_owner;
CREATE ROLE regress_assistant IN ROLE regress_owner;
CREATE ROLE regress_stranger;
GRANT USAGE ON SCHEMA shop TO PUBLIC;
GRANT CREATE ON SCHEMA shop TO regress_owner;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO regress_owner', current_database()); END $$;

CREATE FUNCTION shop.refused(statement text) RETURNS TABLE (state text, message text, detail text, hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    message := 'done';
    RETURN NEXT;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN NEXT;
END $$;
-- Definitions as a model, to be compared.
CREATE FUNCTION shop.model(definitions text, sources text DEFAULT '', more text DEFAULT '') RETURNS clientele.model LANGUAGE sql AS
$$ SELECT format('{"time_zone": "UTC", %s"sources": [%s], "definitions": [%s]}', more, sources, definitions)::clientele.model $$;

-- ---------------------------------------------------------------------------
-- Two models, value by value
-- ---------------------------------------------------------------------------

-- nothing; of the population; of sources, which may have nothing but a name
SELECT * FROM model_diff(shop.model('{"kind": "parameter", "name": "a", "value": 1}'), shop.model('{"kind": "parameter", "name": "a", "value": 1}'));
SELECT * FROM model_diff(shop.model('{"kind": "metric", "name": "a", "value": "1"}'), replace(shop.model('{"kind": "metric", "name": "a", "value": "1"}', more => '"branch": "a", ')::text, 'UTC', 'Asia/Shanghai')::model);
SELECT * FROM model_diff(shop.model('', '{"name": "a", "amount": "net", "filter": "x > 1"}, {"name": "b"}, {"name": "c", "branch": "d"}'),
                         shop.model('', '{"name": "a", "amount": "gross", "revenue": true, "future_tolerance": 300}, {"name": "c", "branch": "e"}, {"name": "d"}'));
-- the order of definitions is not compared; a name that changes its kind is another definition
SELECT * FROM model_diff(shop.model('{"kind": "parameter", "name": "a", "value": 1}, {"kind": "metric", "name": "b", "value": "2"}, {"kind": "tag", "name": "c", "when": "true"}'),
                         shop.model('{"kind": "tag", "name": "c", "when": "true"}, {"kind": "parameter", "name": "b", "value": 2}, {"kind": "parameter", "name": "a", "value": 1.5}'));
-- values that come and go in what stays
SELECT * FROM model_diff(shop.model('{"kind": "tag", "name": "c", "when": "x > 1", "family": "价值"}, {"kind": "metric", "name": "m", "value": "x"}'),
                         shop.model('{"kind": "tag", "name": "c", "when": "x > 2"}, {"kind": "metric", "name": "m", "value": "x", "scale": 2}'));
-- rules: one put in at the front, one with another condition, one that goes, two that change places, the last renamed
SELECT * FROM model_diff(
    shop.model('{"kind": "ladder", "name": "l", "rules": [{"label": "新", "when": "v = 1"}, {"label": "活跃", "when": "v > 5"}, {"label": "沉睡", "when": "d > 90"}, {"label": "流失", "when": "d > 365"}, {"label": "其他"}]}'),
    shop.model('{"kind": "ladder", "name": "l", "rules": [{"label": "潜客", "when": "v = 0"}, {"label": "沉睡", "when": "d > 90"}, {"label": "活跃", "when": "v > 4"}, {"label": "新", "when": "v = 1"}, {"label": "其余"}]}'));
-- labels that stand more than once: by number
SELECT * FROM model_diff(
    shop.model('{"kind": "ladder", "name": "l", "rules": [{"label": "a", "when": "x = 1"}, {"label": "b", "when": "x = 2"}, {"label": "a", "when": "x = 3"}, {"label": "a"}]}'),
    shop.model('{"kind": "ladder", "name": "l", "rules": [{"label": "b", "when": "x = 2"}, {"label": "a", "when": "x = 4"}, {"label": "a"}]}'));
-- a card: bins are matched by where they stand
\set card '{"kind": "scorecard", "name": "t", "card": {"method": "weighted", "characteristics": [%s], "tiers": [{"label": "gold", "at_least": 60}, {"label": "basic"}]}}'
SELECT * FROM model_diff(
    shop.model(format(:'card', '{"name": "spend", "weight": 40, "value": "s", "bins": [{"below": 1000, "points": 0}, {"below": 5000, "points": 50}, {"points": 100}]}, {"name": "often", "weight": "w", "value": "f", "bins": [{"below": 2, "points": 0}, {"points": 100}]}')),
    shop.model(format(:'card', '{"name": "spend", "weight": "w", "value": "s", "bins": [{"below": 1200, "points": 0}, {"below": 5000, "points": 50}, {"below": 20000, "points": 80}, {"points": 100}], "missing": {"points": 0}}, {"name": "kin", "weight": 60, "value": "k", "bins": [{"below": 2, "points": 0}, {"points": 100}]}')));
-- groups and cuts of a grid
\set grid '{"kind": "rfm", "name": "g", "recency": "1", "frequency": "2", "monetary": "3", "bins": 2, "method": "mean", "cuts": "%s", "groups": [%s]}'
SELECT * FROM model_diff(shop.model(format(:'grid', 'recency 30; frequency 2; monetary 500', '{"label": "best", "when": "r = 2"}, {"label": "rest"}')),
                         shop.model(format(:'grid', 'recency 31; frequency 2; monetary 500', '{"label": "best", "when": "r = 2 and f = 2"}, {"label": "rest"}')));

-- ---------------------------------------------------------------------------
-- Versions, and back
-- ---------------------------------------------------------------------------

SET ROLE regress_owner;
CREATE TABLE shop.client (id int PRIMARY KEY, gender text, home int);
CREATE TABLE shop.bill (bill_id int PRIMARY KEY, client_id int REFERENCES shop.client, paid_at timestamptz);
CREATE TABLE shop."Line" (bill_id int REFERENCES shop.bill, net numeric(12,2), "Kind" text, branch int);
CREATE TABLE shop.line_old (LIKE shop."Line");
ALTER TABLE shop.line_old ADD FOREIGN KEY (bill_id) REFERENCES shop.bill;
CREATE TABLE shop.visit (client_id int, at timestamp);
CREATE INDEX ON shop.bill (client_id, paid_at) INCLUDE (bill_id);
CREATE INDEX ON shop."Line" (bill_id) INCLUDE (branch, net);
CREATE INDEX ON shop.line_old (bill_id) INCLUDE (branch, net);
CREATE INDEX ON shop.visit (client_id, at);
INSERT INTO shop.client SELECT i, 'F', i % 2 FROM generate_series(1, 4) AS i;
INSERT INTO shop.bill SELECT i, i, timestamptz '2026-06-01 12:00+08' - i * interval '100 days' FROM generate_series(1, 4) AS i;
INSERT INTO shop."Line" SELECT i, 1000 * i, 'sale', 1 FROM generate_series(1, 4) AS i;
SELECT create_population('client', 'shop.client', 'id', 'Asia/Shanghai', 'shop_segments');
SELECT add_source('client', 'payment', 'shop."Line"', 'bill_id.client_id', 'bill_id.paid_at', amount => 'net', branch => 'branch',
                  filter => $$"Kind" <> 'void'$$, future_tolerance => '90 seconds');
SELECT add_source('client', 'payment', 'shop.line_old', 'bill_id.client_id', 'bill_id.paid_at');
SELECT add_source('client', 'visit', 'shop.visit', 'client_id', 'at');
SELECT * FROM versions('client');
SELECT * FROM shop.refused($$SELECT * FROM diff_versions('client')$$);
SELECT set_parameter('client', 'dormant_days', 180), define_metric('client', 'spend', 'sum(payment.net)', 2), define_metric('client', 'branch_no', 'home'),
       define_ladder('client', 'stage', '[{"label": "沉睡", "when": "days_since(latest(payment)) > dormant_days"}, {"label": "成交", "when": "spend > 0"}, {"label": "潜客"}]'),
       define_tag('client', 'vip', 'spend >= 3000', 'value');
SELECT set_revenue('client', 'payment'), set_branch('client', 'branch_no');
SELECT publish('client', 'spring');
SELECT version, state, note, author, definitions, shown_at FROM versions('client');
CALL refresh('client');
SET ROLE regress_assistant;
SELECT set_parameter('client', 'dormant_days', 90), drop_definition('client', 'vip'), set_branch('client', NULL), set_revenue('client', VARIADIC '{}');
SELECT publish('client', '六月例会');
SELECT publish('client');
CALL refresh('client');
SELECT version, state, note, author, definitions, published_at < shown_at AS shown_later FROM versions('client');
SELECT * FROM diff_versions('client', 1, 3);
SELECT * FROM diff_versions('client', 3, 1);
SELECT * FROM diff_versions('client', 2, 3);
SELECT * FROM diff_versions('client');
SELECT set_parameter('client', 'dormant_days', 120);
SELECT * FROM diff_versions('client');
SELECT * FROM diff_versions('client', 1);
SELECT * FROM shop.refused($$SELECT * FROM diff_versions('client', 1, 9)$$);
SELECT id, stage FROM shop_segments.client ORDER BY id;

-- Rollback: the draft of an old version, published.
SELECT reset_draft('client', 1);
SELECT * FROM diff_versions('client', 1);
SELECT publish('client', 'back to spring');
CALL refresh('client');
SELECT * FROM diff_versions('client', 1, 4);
SELECT id, stage FROM shop_segments.client ORDER BY id;
SELECT version, state, note, author FROM versions('client');
RESET ROLE;
SELECT count(DISTINCT model) FROM version AS v WHERE v.version IN (1, 4);
SELECT name, author FROM definitions('client');

-- Nobody else sees them.
SET ROLE regress_stranger;
SELECT s, r.* FROM unnest(ARRAY['versions(''client'')', 'diff_versions(''client'')', 'export_definitions(''client'')', 'import_definitions(''client'', ''{}'')',
                                'versions_for(''regress_owner'', ''client'')', 'document_model(''{}'')']) AS s, shop.refused(format('SELECT * FROM %s', s)) AS r;
RESET ROLE;

-- ---------------------------------------------------------------------------
-- The document
-- ---------------------------------------------------------------------------

SET ROLE regress_owner;
\pset format unaligned
\pset tuples_only on
SELECT export_definitions('client');
SELECT export_definitions('client') AS document \gset
\pset format aligned
\pset tuples_only off
SELECT export_definitions('client', 1) = :'document' AS version_1, export_definitions('client', 4) = :'document' AS version_4,
       export_definitions('client', 3) = :'document' AS version_3;
SELECT * FROM shop.refused($$SELECT export_definitions('client', 9)$$);

-- Into the same draft it changes nothing, whoever wrote it; into a changed one what was changed.
SET ROLE regress_assistant;
SELECT * FROM import_definitions('client', :'document');
SELECT name, author FROM definitions('client');
SELECT set_parameter('client', 'dormant_days', 90), drop_definition('client', 'vip'), define_tag('client', 'poor', 'spend < 10'), set_revenue('client', VARIADIC '{}'), set_branch('client', NULL);
SELECT * FROM import_definitions('client', :'document');
SELECT name, state, author FROM definitions('client');
SELECT export_definitions('client') = :'document' AS same;
-- The live version's leaves the draft as it is live, and so do spaces and keys in another order.
SELECT set_parameter('client', 'dormant_days', 91);
SELECT count(*) FROM import_definitions('client', export_definitions('client', 4));
SELECT * FROM diff_versions('client');
SELECT count(*) FROM import_definitions('client', :'document'::jsonb::text);
SELECT export_definitions('client') = :'document' AS same;

-- Into another population, which gets the sources; and what is no revenue there is not said.
SET ROLE regress_owner;
SELECT create_population('other', 'shop.client', 'id', 'Asia/Shanghai', 'shop_segments');
SELECT * FROM import_definitions('other', :'document');
SELECT export_definitions('other') = :'document' AS same;
RESET ROLE;
SELECT s.name, part, s.relation, key_path, occurred_at_path, amount, s.branch, filter, future_tolerance, revenue
FROM source AS s JOIN population AS p USING (population_id) WHERE p.name = 'other' ORDER BY s.name, part;
SET ROLE regress_owner;
SELECT publish('other', 'as elsewhere');
CALL refresh('other');
SELECT count(*) AS others FROM (SELECT id, spend, stage, tags FROM shop_segments.client EXCEPT SELECT id, spend, stage, tags FROM shop_segments.other) AS d;

-- Sources that the document does not have stay, and are named; those that it has without tables must be there.
SELECT add_source('other', 'call', 'shop.visit', 'client_id', 'at');
SELECT count(*) FROM import_definitions('other', :'document');
SELECT drop_source('other', 'call');
SELECT count(*) FROM import_definitions('other', (SELECT jsonb_set(:'document', '{sources}', jsonb_agg(s - 'tables'))::text FROM jsonb_array_elements(:'document'::jsonb -> 'sources') AS s));
SELECT export_definitions('other') = :'document' AS same;
-- A table that is gone cannot be named.
SELECT drop_source('other', 'payment', 'shop.line_old');
SELECT count(*) FROM import_definitions('other', :'document');
SELECT export_definitions('other') = :'document' AS same;

-- What is refused, with the place; and then nothing has changed.
SELECT drop_source('other', 'visit');
CREATE TABLE shop.empty (x int);
RESET ROLE;
CREATE TABLE shop.theirs (client_id int, at timestamp);
SET ROLE regress_owner;
SELECT export_definitions('other') AS before \gset
\pset format unaligned
\x on
SELECT r.* FROM (VALUES
    (1, NULL), (2, ''), (3, '[]'), (4, '{'), (5, '{"time_zone": "UTC", "sources": [], "definitions": []}'),
    (6, replace(:'document', '"clientele_definitions": 1', '"clientele_definitions": 2')),
    (7, replace(:'document', '"clientele_definitions": 1', '"clientele_definitions": 1, "clientele_definitions": 1')),
    (8, replace(:'document', '"time_zone"', '"zone"')),
    (9, replace(:'document', 'Asia/Shanghai', 'UTC')),
    (10, replace(:'document', '"branch": "branch_no"', '"branch": "stage"')),
    -- sources
    (11, replace(:'document', '"tables"', '"table"')),
    (12, replace(:'document', '"tables": [', '"tables": [], "tables": [')),
    (13, replace(:'document', '"key": "client_id"', '"key": "client_id", "time": "at"')),
    (14, replace(:'document', ', "occurred_at": "at"', '')),
    (15, replace(:'document', '"occurred_at": "at"', '"occurred_at": "at + 1"')),
    (16, replace(:'document', '"relation": "shop.visit"', '"relation": 3')),
    (17, replace(:'document', '"occurred_at": "at"', '"occurred_at": "of"')),
    (18, replace(:'document', '"amount": "net"', '"amount": "gross"')),
    (19, replace(:'document', '"future_tolerance": 90', '"future_tolerance": 91')),
    (20, replace(:'document', 'bill_id.paid_at', 'bill_id.due_at')),
    (21, replace(replace(:'document', 'shop.visit', 'shop.theirs'), 'shop.line_old', 'shop.line_new')),
    (22, replace(:'document', 'shop.visit', 'shop.empty')),
    (23, replace(:'document', '{"name": "visit", "tables": [{"relation": "shop.visit", "key": "client_id", "occurred_at": "at"}]}', '{"name": "visit"}')),
    -- definitions
    (24, replace(:'document', '"when": "spend > 0"', '"when": "spend >"')),
    (25, replace(:'document', '{"label": "潜客"}', '{"label": "潜客"}, {"label": "其他"}')),
    (26, replace(:'document', '"name": "vip"', '"name": "spend"')),
    (27, replace(:'document', '"name": "dormant_days"', '"name": "gender"')),
    (28, replace(:'document', '"kind": "tag"', '"kind": "mark"'))
) AS t (number, document), shop.refused(format('SELECT FROM clientele.import_definitions(''other'', %L)', t.document)) AS r ORDER BY number;
\x off
\pset format aligned
SELECT import_definitions('other', replace(:'document', '"when": "spend > 0"', '"when": "spend >"'));
SELECT export_definitions('other') = :'before' AS same;

-- Nothing at all is a draft, too.
SELECT create_population('none', 'shop.client', 'id', 'UTC', 'shop_segments');
SELECT export_definitions('none');
SELECT count(*) FROM import_definitions('none', export_definitions('none'));

SELECT drop_population('client'), drop_population('other'), drop_population('none');
RESET ROLE;
SET client_min_messages = warning;
DROP SCHEMA shop CASCADE;
DO $$ BEGIN EXECUTE format('REVOKE ALL ON DATABASE %I FROM regress_owner', current_database()); END $$;
DROP ROLE regress_owner, regress_assistant, regress_stranger;
