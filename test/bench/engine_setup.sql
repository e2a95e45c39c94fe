-- Both sides, ready to be measured: what runs once, and the measurements that need
-- tables without their indexes.

CREATE TABLE bench.engine_comparison (
    position int GENERATED ALWAYS AS IDENTITY,
    name text PRIMARY KEY,
    unit text NOT NULL DEFAULT 'ms' CHECK (unit IN ('ms', 'tps')),
    target float8,                      -- times as fast as the other side; NULL: for information
    aim float8
);
INSERT INTO bench.engine_comparison (name, unit, target, aim) VALUES
    ('full rebuild, written', 'ms', 6, 9),
    ('full rebuild, written; plain SQL sorted by the index', 'ms', NULL, NULL),
    ('full rebuild, consumed', 'ms', 10, 15),
    ('full rebuild, consumed; plain SQL sorted by the index', 'ms', NULL, NULL),
    ('full rebuild, consumed; plain SQL with fixed cuts', 'ms', NULL, NULL),
    ('full rebuild, consumed; no covering index', 'ms', NULL, NULL),
    ('first build, written', 'ms', NULL, NULL),
    ('five drafts simulated; a full rebuild, consumed', 'ms', 1 / 1.5, 1),
    ('1 in 1,000 customers changed', 'ms', 400, NULL),
    ('1 in 100 customers changed', 'ms', 80, NULL),
    ('1 in 10 customers changed', 'ms', 8, NULL),
    ('a new day', 'ms', 20, 25),
    ('100 rules, end to end', 'ms', 5, 10),
    ('100 rules, their columns read alone', 'ms', NULL, NULL),
    ('100 rules, evaluation alone', 'ms', 5, 10),
    ('one customer, recomputed', 'tps', 1.0, NULL),
    ('one customer, valid', 'tps', 1.4, NULL),
    ('DuckDB: export, import, query', 'ms', 1, NULL),
    ('DuckDB: query alone', 'ms', NULL, NULL);

CREATE TABLE bench.engine_run (
    name text NOT NULL REFERENCES bench.engine_comparison,
    side text NOT NULL CHECK (side IN ('clientele', 'peer')),
    amount float8 NOT NULL
);
CREATE TABLE bench.touched (what text NOT NULL, customers bigint NOT NULL);

CREATE FUNCTION bench.note(name text, side text, started timestamptz) RETURNS void LANGUAGE sql AS
    $$ INSERT INTO bench.engine_run VALUES (name, side, extract(epoch FROM clock_timestamp() - started) * 1000) $$;
CREATE FUNCTION bench.consume(name text, side text, query text) RETURNS void LANGUAGE sql AS
    $$ INSERT INTO bench.engine_run SELECT name, side, milliseconds FROM bench.compute(query) $$;
CREATE FUNCTION bench.latest(name text, side text) RETURNS float8 LANGUAGE sql AS
    $$ SELECT r.amount FROM bench.engine_run AS r WHERE (r.name, r.side) = ($1, $2) ORDER BY r.ctid DESC LIMIT 1 $$;

-- A payment for every one of a share of the customers, scattered over all keys and heap pages.
CREATE SEQUENCE bench.payment_id START 1000000000;
CREATE FUNCTION bench.change(customers bigint, changed bigint, round bigint, at timestamptz) RETURNS void LANGUAGE sql AS $$
    INSERT INTO pos.payment
    SELECT nextval('bench.payment_id'), 1 + ((n + 37 * round) * 7919) % customers, at - n % 3600 * interval '1 second', 100 + n % 5000, 'skin'
    FROM generate_series(1, changed) AS n $$;

-- Without the indexes that both sides would like: another table's plan is what a read of all needs.
SELECT clientele.publish('customer', 'first') \g /dev/null
SELECT bench.plain_query(bench.as_of(), 'ntile') AS plain, bench.plain_query(bench.as_of(), 'cuts') AS plain_cuts,
    format('SELECT * FROM clientele_data.customer_all_1 WHERE as_of = %L', bench.as_of()) AS ours \gset
SET max_parallel_workers_per_gather = 2;
SELECT bench.consume('full rebuild, consumed; no covering index', 'clientele', :'ours') \g /dev/null
SELECT bench.consume('full rebuild, consumed; no covering index', 'peer', :'plain') \g /dev/null

CREATE INDEX ON pos.payment (customer_id, paid_at) INCLUDE (net, category);
CREATE INDEX ON crm.consultation (customer_id, held_at) INCLUDE (minutes, topic);
VACUUM ANALYZE pos.payment, crm.consultation;

-- Both give the same answer, row by row.
SELECT format('SELECT 1 FROM (%s) AS o FULL JOIN (SELECT *, array_remove(ARRAY[%s], NULL) AS tags FROM (%s) AS s) AS p USING (customer_id)
    WHERE (o.tags, o.member, o.member_score, o.value, o.value_score, %s) IS DISTINCT FROM (p.tags, p.member, p.member_score, p.value, p.value_score, %s)',
    :'ours', (SELECT string_agg(format('CASE WHEN tag_%1$s THEN ''tag_%1$s'' END', to_char(position, 'FM000')), ', ' ORDER BY position) FROM bench.tag),
    :'plain_cuts',
    (SELECT string_agg(format('o.%I', name), ', ' ORDER BY position) FROM bench.metric), (SELECT string_agg(format('p.%I', name), ', ' ORDER BY position) FROM bench.metric)) AS differences \gset
SELECT bench.no_rows(:'differences') \g /dev/null

SET clientele.clock = '2026-06-30 12:00+08';
SELECT clock_timestamp() AS started \gset
CALL clientele.refresh('customer');
SELECT bench.note('first build, written', 'clientele', :'started') \g /dev/null
SELECT clock_timestamp() AS started \gset
CREATE MATERIALIZED VIEW bench.segments AS :plain;
SELECT bench.note('first build, written', 'peer', :'started') \g /dev/null

-- Stored metrics, for rules alone.
CREATE TABLE bench.stored AS SELECT * FROM bench.segments;
ALTER TABLE bench.stored ADD PRIMARY KEY (customer_id);
SELECT format('ALTER TABLE bench.stored %s', string_agg(format('DROP COLUMN tag_%s', to_char(position, 'FM000')), ', ')) FROM bench.tag \gexec
VACUUM (FULL, ANALYZE, FREEZE) bench.stored;
SELECT clientele.create_population('flat', 'bench.stored', 'customer_id', 'Asia/Shanghai') \g /dev/null
SELECT clientele.define_tag('flat', to_char(position, '"tag_"FM000'), bench.plain(rule)::clientele.expression) FROM bench.tag ORDER BY position \g /dev/null
SELECT clientele.publish('flat') \g /dev/null

-- The columns that rules read, and a population that reads them, but has nothing to evaluate: no key is null.
CREATE TABLE bench.rule_column AS
SELECT a.attname AS name, a.attnum AS position FROM pg_attribute AS a
WHERE a.attrelid = 'bench.stored'::regclass AND a.attnum > 0 AND NOT a.attisdropped
  AND EXISTS (SELECT FROM bench.tag AS t WHERE bench.plain(t.rule) ~ format('\m%s\M', a.attname));
SELECT clientele.create_population('unruled', 'bench.stored', 'customer_id', 'Asia/Shanghai') \g /dev/null
SELECT clientele.define_tag('unruled', 'none', format('case when customer_id is null then %s end', string_agg(name || ' is null', ' or '))::clientele.expression)
FROM bench.rule_column \g /dev/null
SELECT clientele.publish('unruled') \g /dev/null
