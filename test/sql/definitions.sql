-- The draft: populations, sources, definitions, by an owner who is no superuser.
SET search_path = clientele, public;
\set VERBOSITY default
CREATE ROLE regress_clinic;
CREATE ROLE regress_staff IN ROLE regress_clinic;
CREATE ROLE regress_other;
CREATE SCHEMA crm AUTHORIZATION regress_clinic;
GRANT USAGE ON SCHEMA crm TO PUBLIC;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO regress_clinic', current_database()); END $$;

-- An error as its users meet it, without the places in our functions.
CREATE FUNCTION public.try(statement text) RETURNS TABLE (state text, message text, hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    message := 'done';
    RETURN NEXT;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
    RETURN NEXT;
END $$;
CREATE VIEW public.watched AS
    SELECT p.name, w.relation, w.role, w.key_column, w.columns, l.relation AS leads_to, l.unique_column, l.key_path
    FROM clientele.watch AS w JOIN clientele.population AS p USING (population_id)
    LEFT JOIN clientele.link AS l ON w.role = 'line' AND (l.population_id, l.link) = (w.population_id, w.link)
    ORDER BY p.name, w.relation::text COLLATE "C", w.role COLLATE "C", w.key_column;
CREATE VIEW public.captured AS
    SELECT tgrelid::regclass AS relation, count(*) > 0 AS captured FROM pg_trigger
    WHERE tgfoid = 'clientele.capture'::regproc GROUP BY 1 ORDER BY tgrelid::regclass::text COLLATE "C";

CREATE SCHEMA others;
SET ROLE regress_clinic;
CREATE TABLE crm.customer (customer_id bigint PRIMARY KEY, phone text, gender text, city_id int, code text COLLATE "C" NOT NULL UNIQUE);
CREATE TABLE crm.city (city_id int PRIMARY KEY, name text);
ALTER TABLE crm.customer ADD FOREIGN KEY (city_id) REFERENCES crm.city;
CREATE TABLE crm.visit (visit_id uuid PRIMARY KEY, customer_id int REFERENCES crm.customer, arrived_at timestamptz, branch_id int);
CREATE TABLE crm.bill (bill_id int PRIMARY KEY, visit_id uuid REFERENCES crm.visit, paid_on date, status text, code text);
CREATE TABLE crm.product (product_id int PRIMARY KEY, category text);
CREATE TABLE crm.item (item_id int PRIMARY KEY, bill_id int REFERENCES crm.bill, product_id int REFERENCES crm.product, net numeric(12,2), bill_no int);

\x on
\pset format unaligned
-- What a population cannot be made of.
CREATE VIEW crm.customer_view AS TABLE crm.customer;
CREATE TEMPORARY TABLE customer_now (id int PRIMARY KEY);
CREATE UNLOGGED TABLE crm.unlogged (id int PRIMARY KEY);
CREATE TABLE crm.parent (id int PRIMARY KEY);
CREATE TABLE crm.child (PRIMARY KEY (id)) INHERITS (crm.parent);
CREATE TABLE crm.guarded (id int PRIMARY KEY);
ALTER TABLE crm.guarded ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
RESET ROLE;
CREATE COLLATION crm.blind (provider = icu, locale = 'und', deterministic = false);
SET ROLE regress_clinic;
CREATE TABLE crm.odd (a text COLLATE crm.blind PRIMARY KEY, b numeric NOT NULL UNIQUE, c int NOT NULL, d int UNIQUE, e int NOT NULL UNIQUE DEFERRABLE, f char(9) NOT NULL UNIQUE, since int NOT NULL UNIQUE);
CREATE UNIQUE INDEX ON crm.odd (c) WHERE c > 0;
CREATE UNIQUE INDEX ON crm.odd (c, b);
SELECT t.* FROM unnest(ARRAY[
    $$SELECT create_population('p', 'crm.customer_view', 'customer_id', 'UTC')$$,
    $$SELECT create_population('p', 'customer_now', 'id', 'UTC')$$,
    $$SELECT create_population('p', 'crm.unlogged', 'id', 'UTC')$$,
    $$SELECT create_population('p', 'crm.parent', 'id', 'UTC')$$,
    $$SELECT create_population('p', 'crm.child', 'id', 'UTC')$$,
    $$SELECT create_population('p', 'crm.guarded', 'id', 'UTC')$$,
    $$SELECT create_population('p', 'pg_class', 'oid', 'UTC')$$,
    $$SELECT create_population('p', 'crm.customer', 'id', 'UTC')$$,
    $$SELECT create_population('p', 'crm.odd', 'a', 'UTC')$$,
    $$SELECT create_population('p', 'crm.odd', 'b', 'UTC')$$,
    $$SELECT create_population('p', 'crm.odd', 'c', 'UTC')$$,
    $$SELECT create_population('p', 'crm.odd', 'd', 'UTC')$$,
    $$SELECT create_population('p', 'crm.odd', 'e', 'UTC')$$,
    $$SELECT create_population('p', 'crm.odd', 'f', 'UTC')$$,
    $$SELECT create_population('p', 'crm.odd', 'since', 'UTC')$$,
    $$SELECT create_population('p', 'crm.customer', 'customer_id', 'Mars/Base')$$,
    $$SELECT create_population('p', 'crm.customer', 'customer_id', 'UTC+8')$$,
    $$SELECT create_population('p', 'crm.customer', 'customer_id', NULL)$$,
    $$SELECT create_population('p', 'crm.customer', NULL, 'UTC')$$,
    $$SELECT create_population('p', NULL, 'customer_id', 'UTC')$$,
    $$SELECT create_population(NULL, 'crm.customer', 'customer_id', 'UTC')$$,
    $$SELECT create_population('', 'crm.customer', 'customer_id', 'UTC')$$,
    $$SELECT create_population(repeat('p', 41), 'crm.customer', 'customer_id', 'UTC')$$,
    $$SELECT create_population('p', 'crm.customer', 'customer_id', 'UTC', 'others')$$,
    $$SELECT create_population('p', 'crm.customer', 'customer_id', 'UTC', 'clientele_data')$$,
    $$SELECT create_population('p', 'crm.customer', 'customer_id', 'UTC', NULL)$$,
    $$SELECT create_population('customer', 'crm.customer', 'customer_id', 'UTC', 'crm')$$
]) AS s, public.try(s) AS t;
\x off
\pset format aligned

-- One that can be made, and what it is made of.
SELECT create_population('customer', 'crm.customer', 'customer_id', 'Asia/Shanghai');
RESET ROLE;
SELECT name, relation, key_column, time_zone, target_schema, owner, made_schema, live_version, next_version, capture_paused FROM population;
SELECT nspname, nspowner::regrole FROM pg_namespace WHERE nspname = 'segments';
SELECT c.oid::regclass AS relation, CASE relowner WHEN (SELECT extowner FROM pg_extension WHERE extname = 'clientele') THEN 'extension' ELSE relowner::regrole::text END AS owner, EXISTS (SELECT FROM aclexplode(relacl) AS a WHERE a.grantee <> relowner) AS granted,
       obj_description(c.oid, 'pg_class') FROM pg_class AS c
WHERE relnamespace = 'clientele_data'::regnamespace AND relkind = 'r' ORDER BY 1;
SELECT indexrelid::regclass, pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class AS c ON c.oid = indrelid
WHERE relnamespace = 'clientele_data'::regnamespace ORDER BY indexrelid::regclass::text COLLATE "C";
SELECT attrelid::regclass, attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute JOIN pg_class AS c ON c.oid = attrelid
WHERE relnamespace = 'clientele_data'::regnamespace AND relkind = 'r' AND attnum > 0 ORDER BY 1, attnum;
TABLE public.watched;
TABLE public.captured;

-- The roles: the owner and his staff may, others may not, also where somebody's function is called.
SET ROLE regress_other;
SELECT * FROM public.try($$SELECT define_metric('customer', 'm', '1')$$);
SELECT * FROM public.try($$SELECT drop_population('customer')$$);
SELECT * FROM public.try($$SELECT create_population('theirs', 'crm.customer', 'customer_id', 'UTC')$$);
SELECT * FROM public.try($$SELECT * FROM definitions('customer')$$);
SELECT * FROM public.try($$SELECT define_metric('nothing', 'm', '1')$$);
SELECT * FROM public.try($$SELECT define_metric_for('regress_clinic', 'customer', 'm', '1', NULL)$$);
SELECT * FROM public.try($$INSERT INTO clientele.definition (population_id, name, kind, body) VALUES (1, 'a', 'tag', '{}')$$);
SELECT * FROM public.try($$CREATE TABLE clientele_data.mine ()$$);
SELECT * FROM public.try($$SELECT FROM clientele_data.customer_mark$$);
CREATE FUNCTION pg_temp.trap() RETURNS void LANGUAGE sql SECURITY DEFINER AS $$SELECT clientele.define_metric('customer', 'm', '1')$$;
RESET ROLE;
SELECT * FROM public.try($$SELECT pg_temp.trap()$$); -- a superuser calls it
SET ROLE regress_clinic;
SELECT * FROM public.try($$CREATE TABLE clientele_data.mine ()$$);
SELECT * FROM public.try($$INSERT INTO clientele.definition (population_id, name, kind, body) VALUES (1, 'a', 'tag', '{}')$$);
CREATE FUNCTION pg_temp.lent() RETURNS void LANGUAGE sql SECURITY DEFINER AS $$SELECT clientele.set_parameter('customer', 'lent', 1)$$;
GRANT EXECUTE ON FUNCTION pg_temp.lent() TO regress_other;
SET ROLE regress_other;
SELECT * FROM public.try($$SELECT pg_temp.lent()$$); -- what the owner lends to others
SET ROLE regress_staff;
SELECT set_parameter('customer', 'by_staff', 1);
SELECT name, author FROM definitions('customer');
SELECT drop_definition('customer', 'by_staff'), drop_definition('customer', 'lent');
SET ROLE regress_clinic;

-- Sources: what is refused.
\x on
\pset format unaligned
CREATE TABLE crm.call (phone text, code text, at timestamptz, said text);
CREATE TABLE crm.event (customer_id bigint, at timestamptz, body jsonb);
RESET ROLE;
CREATE TABLE crm.foreign_table (customer_id bigint, at timestamptz);
SET ROLE regress_clinic;
SELECT t.* FROM unnest(ARRAY[
    $$SELECT add_source('customer', 's', 'crm.foreign_table', 'customer_id', 'at')$$,
    $$SELECT add_source('customer', 's', 'crm.customer_view', 'customer_id', 'at')$$,
    $$SELECT add_source('customer', 's', 'crm.visit', 'customer', 'arrived_at')$$,
    $$SELECT add_source('customer', 's', 'crm.visit', 'customer_id', 'arrived')$$,
    $$SELECT add_source('customer', 's', 'crm.visit', 'customer_id', 'branch_id')$$,
    $$SELECT add_source('customer', 's', 'crm.visit', 'visit_id', 'arrived_at')$$,
    $$SELECT add_source('customer', 's', 'crm.call', 'phone', 'at')$$,
    $$SELECT add_source('customer', 's', 'crm.item', 'bill_no.visit_id.customer_id', 'bill_id.paid_on')$$,
    $$SELECT add_source('customer', 's', 'crm.item', 'bill_id.visit.customer_id', 'bill_id.paid_on')$$,
    $$SELECT add_source('customer', 's', 'crm.item', 'bill_id.visit_id', 'bill_id.paid_on')$$,
    $$SELECT add_source('customer', 's', 'crm.event', 'body.customer_id', 'at')$$,
    $$SELECT add_source('customer', 's', 'crm.event', 'customer_id', 'body.at.day')$$,
    $$SELECT add_source('customer', 's', 'crm.visit', 'customer_id + 1', 'arrived_at')$$,
    $$SELECT add_source('customer', 's', 'crm.visit', NULL, 'arrived_at')$$,
    $$SELECT add_source('customer', 's', 'crm.visit', 'customer_id', NULL)$$,
    $$SELECT add_source('customer', 's', NULL, 'customer_id', 'arrived_at')$$,
    $$SELECT add_source('customer', '', 'crm.visit', 'customer_id', 'arrived_at')$$,
    $$SELECT add_source('customer', repeat('s', 64), 'crm.visit', 'customer_id', 'arrived_at')$$,
    $$SELECT add_source('customer', 's', 'crm.visit', 'customer_id', 'arrived_at', amount => 'nett')$$,
    $$SELECT add_source('customer', 's', 'crm.visit', 'customer_id', 'arrived_at', branch => 'branch_id.name')$$,
    $$SELECT add_source('customer', 's', 'crm.visit', 'customer_id', 'arrived_at', filter => 'x >')$$,
    $$SELECT add_source('customer', 's', 'crm.visit', 'customer_id', 'arrived_at', future_tolerance => '1 month')$$,
    $$SELECT add_source('customer', 's', 'crm.visit', 'customer_id', 'arrived_at', future_tolerance => '-1 hour')$$,
    $$SELECT add_source(NULL, 's', 'crm.visit', 'customer_id', 'arrived_at')$$
]) AS s, public.try(s) AS t;
\x off
\pset format aligned
SELECT create_population('by_code', 'crm.customer', 'code', 'UTC', target_schema => 'crm');
SELECT * FROM public.try($$SELECT add_source('by_code', 's', 'crm.call', 'code', 'at')$$);
SELECT drop_population('by_code');

-- Sources: one by a column, one through three tables, one through one; a path's tables lead on.
SELECT add_source('customer', 'visit', 'crm.visit', 'customer_id', 'arrived_at', branch => 'Branch_ID', create_index => true);
SELECT add_source('customer', 'payment', 'crm.item', 'bill_id.visit_id.customer_id', 'bill_id.paid_on', amount => 'net',
                  filter => $$bill_id.status='paid'$$, future_tolerance => '5 minutes');
SELECT add_source('customer', 'bill', 'crm.bill', 'visit_id.customer_id', 'visit_id.arrived_at', create_index => true);
SELECT indexrelid::regclass, pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid IN ('crm.visit'::regclass, 'crm.bill'::regclass) AND NOT indisprimary
ORDER BY indexrelid::regclass::text COLLATE "C";
RESET ROLE;
SELECT name, part, relation, key_path, occurred_at_path, amount, branch, filter, future_tolerance FROM source ORDER BY name, part;
TABLE public.watched;
TABLE public.captured;
SET ROLE regress_clinic;

-- The same name again is a further table, which is read alike.
CREATE TABLE crm.visit_pudong (LIKE crm.visit INCLUDING ALL);
ALTER TABLE crm.visit_pudong ADD FOREIGN KEY (customer_id) REFERENCES crm.customer;
SELECT add_source('customer', 'visit', 'crm.visit_pudong', 'customer_id', 'arrived_at');
SELECT * FROM public.try($$SELECT add_source('customer', 'visit', 'crm.visit_pudong', 'customer_id', 'arrived_at')$$);
SELECT * FROM public.try($$SELECT add_source('customer', 'visit', 'crm.bill', 'visit_id.customer_id', 'paid_on', branch => 'bill_id')$$);
SELECT * FROM public.try($$SELECT add_source('customer', 'visit', 'crm.bill', 'visit_id.customer_id', 'paid_on')$$);
-- Two columns of a table may both lead to customers.
CREATE TABLE crm.gift (giver int REFERENCES crm.customer, taker int REFERENCES crm.customer, at timestamp, worth int);
CREATE INDEX ON crm.gift (giver, at); CREATE INDEX ON crm.gift (taker, at DESC);
SELECT add_source('customer', 'given', 'crm.gift', 'giver', 'at'), add_source('customer', 'taken', 'crm.gift', 'taker', 'at');
RESET ROLE;
SELECT name, part, relation, key_path, occurred_at_path, amount, branch, filter, future_tolerance FROM source WHERE name IN ('visit', 'given', 'taken') ORDER BY name, part;
SELECT * FROM public.watched WHERE relation IN ('crm.gift'::regclass, 'crm.visit_pudong'::regclass);
SET ROLE regress_clinic;

-- Definitions, of each kind.
SELECT set_parameter('customer', 'dormant_days', 180), define_metric('customer', 'spend', 'SUM(payment.net  last 365 days)', scale => 2),
       define_metric('customer', 'visits', 'count(visit)'),
       define_rfm('customer', 'member', 'latest(payment)', 'visits', 'spend', scheme => 'eight', high_from => 4),
       define_rfm('customer', 'halves', 'latest(payment)', 'visits', 'spend', bins => 2, method => 'mean',
                  cuts => 'recency 30; frequency 2; monetary 500', groups => '[{"label": "best", "when": "r = 2"}, {"label": "rest"}]'),
       define_scorecard('customer', 'tier', '{"method": "additive", "characteristics": [{"name": "s", "value": "spend", "bins": [{"below": 5000.0, "points": 20}, {"points": 100}]}]}'),
       define_ladder('customer', 'stage', '[{"label": "new", "when": "visits = 1"}, {"label": "other"}]'),
       define_tag('customer', 'sleeping', 'days_since(latest(payment)) > dormant_days', family => 'state'),
       define_tag('customer', 'gender', $$city_id.name = 'Suzhou' and count(payment where product_id.category = 'skin') > 0$$);
BEGIN TRANSACTION READ ONLY;
SELECT name, kind, definition, state, author FROM definitions('customer');
COMMIT;
-- The same name and kind is another definition in its place.
SELECT set_parameter('customer', 'dormant_days', 90.50), define_metric('customer', 'spend', 'sum(payment.net)');
SELECT name, kind, definition, state, author FROM definitions('customer') LIMIT 2;

-- What is revenue, and where a customer belongs.
SELECT set_revenue('customer', 'payment'), set_branch('customer', 'visits');
SELECT set_branch('customer', NULL);
SELECT set_branch('customer', 'visits');

-- What is refused where it is typed, and leaves the draft as it was.
\x on
\pset format unaligned
SELECT t.* FROM unnest(ARRAY[
    $$SELECT define_tag('customer', 'spend', 'true')$$,
    $$SELECT define_metric('customer', 'phone', '1')$$,
    $$SELECT define_metric('customer', 'customer_id', '1')$$,
    $$SELECT define_metric('customer', 'tags', '1')$$,
    $$SELECT define_metric('customer', 'member_r', '1')$$,
    $$SELECT define_metric('customer', '', '1')$$,
    $$SELECT define_metric('customer', NULL, '1')$$,
    $$SELECT define_metric('customer', repeat('m', 64), '1')$$,
    $$SELECT define_metric('customer', 'm', NULL)$$,
    $$SELECT define_metric('customer', 'm', '1 +')$$,
    $$SELECT define_metric('customer', 'm', '1', 19)$$,
    $$SELECT set_parameter('customer', 'p', NULL)$$,
    $$SELECT set_parameter('customer', 'p', 'NaN')$$,
    $$SELECT define_rfm('customer', 'g', '1', '2', '3')$$,
    $$SELECT define_rfm('customer', 'g', '1', '2', '3', scheme => 'eight')$$,
    $$SELECT define_ladder('customer', 'l', '[{"label": "a"}, {"label": "b"}]')$$,
    $$SELECT define_ladder('customer', 'l', '[{"label": "a", "when": null}]')$$,
    $$SELECT define_ladder('customer', 'l', NULL)$$,
    $$SELECT define_tag('customer', 't', 'true', '')$$,
    $$SELECT set_revenue('customer', 'payment', 'visit')$$,
    $$SELECT set_revenue('customer', NULL)$$,
    $$SELECT set_branch('customer', 'stage')$$,
    $$SELECT set_branch('customer', 'nothing')$$,
    $$SELECT drop_definition('customer', 'visits')$$,
    $$SELECT drop_definition('customer', 'nothing')$$,
    $$SELECT drop_definition('customer', NULL)$$,
    $$SELECT reset_draft('customer')$$,
    $$SELECT reset_draft('customer', 7)$$,
    $$SELECT drop_source('customer', 'payment')$$,
    $$SELECT drop_source('customer', 'nothing')$$,
    $$SELECT drop_source('customer', 'visit', 'crm.item')$$
]) AS s, public.try(s) AS t;
\x off
\pset format aligned
SELECT count(*) FROM definitions('customer');
RESET ROLE;
SELECT replace(draft_model(population_id)::text, '}, {', E'},\n{') AS model FROM population;

-- What a model reads is watched from its publication on, on the way to the customer or as a lookup;
-- what neither it nor the live version reads is watched no more.
SELECT set_watches(population_id, draft_model(population_id)) FROM population;
TABLE public.watched;
TABLE public.captured;
SELECT DISTINCT link, relation, unique_column, key_path FROM link ORDER BY link;

-- Back to what was published, and what is otherwise now.
INSERT INTO version (population_id, version, model) SELECT population_id, 1, draft_model(population_id) FROM population;
UPDATE population SET live_version = 1;
SET ROLE regress_staff;
SELECT set_branch('customer', NULL);
SELECT set_parameter('customer', 'dormant_days', 91), drop_definition('customer', 'visits'), define_tag('customer', 'new', 'true');
SELECT name, state, author FROM definitions('customer');
SELECT reset_draft('customer');
SELECT name, state, author FROM definitions('customer');
SET ROLE regress_clinic;
SELECT count(*) FROM clientele_data.customer_mark;
SELECT drop_source('customer', 'visit', 'crm.visit_pudong');
SELECT count(*) FROM clientele_data.customer_mark WHERE num_nonnulls(key, link, link_key) = 0; -- everyone sees fewer events
SELECT drop_definition('customer', name) FROM unnest(ARRAY['member', 'halves', 'spend', 'sleeping', 'gender', 'tier']) AS name;
SELECT * FROM public.try($$SELECT drop_source('customer', 'payment')$$); -- the live version reads it
SELECT drop_source('customer', 'bill'), drop_source('customer', 'given');
RESET ROLE;
SELECT name, relation FROM source ORDER BY name;
SELECT * FROM public.watched WHERE relation IN ('crm.gift'::regclass, 'crm.visit_pudong'::regclass, 'crm.bill'::regclass);
TABLE public.captured;

-- A table that the owner may not have captured; a table that would hide rows.
ALTER TABLE crm.product OWNER TO regress_other;
GRANT SELECT ON crm.product TO regress_clinic;
SELECT * FROM public.try($$SELECT set_watches(population_id, NULL) FROM population$$);
GRANT TRIGGER ON crm.product TO regress_clinic;
ALTER TABLE crm.product ENABLE ROW LEVEL SECURITY;
SELECT * FROM public.try($$SELECT set_watches(population_id, NULL) FROM population$$);
ALTER TABLE crm.product DISABLE ROW LEVEL SECURITY;
REVOKE SELECT ON crm.product FROM regress_clinic;
SELECT * FROM public.try($$SELECT set_watches(population_id, NULL) FROM population$$);
GRANT SELECT ON crm.product TO regress_clinic;
-- A column that is gone is named.
BEGIN;
ALTER TABLE crm.product RENAME category TO kind;
SELECT * FROM public.try($$SELECT set_watches(population_id, NULL) FROM population$$);
ROLLBACK;

-- Away: what others built on it stops it and is named; nothing of ours is left.
CREATE VIEW public.readers_view AS SELECT count(*) FROM clientele_data.customer_change;
SET ROLE regress_clinic;
DO $$ BEGIN PERFORM clientele.drop_population('customer');
EXCEPTION WHEN dependent_objects_still_exist THEN RAISE NOTICE '%', SQLERRM; END $$;
RESET ROLE;
DROP VIEW public.readers_view;
SET ROLE regress_clinic;
CREATE VIEW segments.customer AS TABLE crm.customer; -- as publish makes one
CREATE VIEW segments.customer_tag AS TABLE segments.customer;
SELECT create_population('customer_vip', 'crm.customer', 'customer_id', 'UTC');
SELECT * FROM public.try($$SELECT create_population('customer_vip_tag', 'crm.customer', 'customer_id', 'UTC')$$);
SELECT * FROM public.try($$SELECT create_population('customer', 'crm.customer', 'customer_id', 'UTC')$$);
SELECT drop_population('customer');
SELECT count(*) FROM pg_class WHERE relnamespace = 'segments'::regnamespace;
RESET ROLE;
SELECT name, made_schema FROM population;
TABLE public.watched;
TABLE public.captured;
SELECT relname FROM pg_class WHERE relnamespace = 'clientele_data'::regnamespace AND relkind = 'r' ORDER BY 1;

-- The last rows and the feed can stay.
CREATE TABLE clientele_data.customer_vip_stored_3 AS SELECT 1 AS customer_id;
CREATE TABLE clientele_data.customer_vip_stored_2 ();
ALTER TABLE clientele_data.customer_vip_stored_3 OWNER TO regress_clinic;
UPDATE population SET live_version = 3;
INSERT INTO clientele_data.customer_vip_change (key, names, from_labels, to_labels, effective_at, recorded_at, cause, model_version)
VALUES (1, '{a}', '{NULL}', '{a}', now(), now(), 'fact', 3);
SET ROLE regress_clinic;
SELECT drop_population('customer_vip', keep_tables => true);
TABLE segments.customer_vip;
SELECT key, names, cause FROM segments.customer_vip_change;
RESET ROLE;
SELECT count(*) FROM pg_class WHERE relnamespace = 'clientele_data'::regnamespace;
TABLE public.captured;
SELECT nspacl::text LIKE '%regress_clinic%' AS still_granted FROM pg_namespace WHERE nspname = 'clientele_data';
DROP SCHEMA segments CASCADE;

-- A schema that we made goes with the last population in it, and DROP EXTENSION needs no CASCADE.
SET ROLE regress_clinic;
SELECT create_population('a', 'crm.customer', 'customer_id', 'UTC'), create_population('b', 'crm.customer', 'customer_id', 'UTC');
SELECT drop_population('a');
SELECT count(*) FROM pg_namespace WHERE nspname = 'segments';
SELECT drop_population('b');
SELECT count(*) FROM pg_namespace WHERE nspname = 'segments';
RESET ROLE;
DROP VIEW public.watched, public.captured;
DROP EXTENSION clientele;
CREATE EXTENSION clientele;
DROP FUNCTION public.try(text);
SET client_min_messages = warning;
DROP SCHEMA crm, others CASCADE;
DROP OWNED BY regress_clinic, regress_other CASCADE;
DROP ROLE regress_staff, regress_clinic, regress_other;
RESET client_min_messages;
RESET search_path;
