-- One round: both sides of everything that plain SQL can be asked, in turn.
--   customers, round and rounds (from 1)

SELECT bench.as_of() + :rounds * interval '1 day' AS today,
    bench.plain_query(bench.as_of(), 'ntile') AS plain, bench.plain_query(bench.as_of(), 'cuts') AS plain_cuts \gset
SELECT format('SELECT * FROM segments.customer_as_of(%L)', bench.as_of()) AS ours,
    'SELECT * FROM clientele_data.flat_all_1 WHERE as_of = bench.as_of()' AS our_rules,
    format('SELECT customer_id, %s FROM bench.stored', bench.tag_columns()) AS plain_rules,
    'SELECT * FROM clientele_data.unruled_all_1 WHERE as_of = bench.as_of()' AS our_reading,
    -- in another order than the table's, because otherwise its rows would be handed on unread
    format('SELECT %s, customer_id FROM bench.stored', (SELECT string_agg(quote_ident(name), ', ' ORDER BY position DESC) FROM bench.rule_column)) AS plain_reading \gset
SET clientele.clock = :'today';
SET max_parallel_workers_per_gather = 2;

-- Changed customers: pages just written, no VACUUM.
SELECT bench.change(:customers, :customers / 1000, 3 * :round, :'today') \g /dev/null
SELECT clock_timestamp() AS started \gset
CALL clientele.refresh('customer');
SELECT bench.note('1 in 1,000 customers changed', 'clientele', :'started') \g /dev/null
SELECT bench.change(:customers, :customers / 100, 3 * :round + 1, :'today') \g /dev/null
SELECT clock_timestamp() AS started \gset
CALL clientele.refresh('customer');
SELECT bench.note('1 in 100 customers changed', 'clientele', :'started') \g /dev/null
SELECT bench.change(:customers, :customers / 10, 3 * :round + 2, :'today') \g /dev/null
SELECT clock_timestamp() AS started \gset
CALL clientele.refresh('customer');
SELECT bench.note('1 in 10 customers changed', 'clientele', :'started') \g /dev/null

-- Everything again: a REFRESH answers any of these questions.
SELECT clock_timestamp() AS started \gset
REFRESH MATERIALIZED VIEW bench.segments;
SELECT bench.note(name, 'peer', :'started') FROM bench.engine_comparison
WHERE name ~ 'changed$' OR name IN ('a new day', 'full rebuild, written') \g /dev/null
SELECT clock_timestamp() AS started \gset
SELECT clientele.publish('customer') \g /dev/null
CALL clientele.refresh('customer');
SELECT bench.note(name, 'clientele', :'started') FROM bench.engine_comparison WHERE name ~ '^full rebuild, written' \g /dev/null
SET enable_hashagg = off;
SET enable_seqscan = off;
SELECT clock_timestamp() AS started \gset
REFRESH MATERIALIZED VIEW bench.segments;
SELECT bench.note('full rebuild, written; plain SQL sorted by the index', 'peer', :'started') \g /dev/null

-- Computed, and thrown away.
SELECT bench.consume('full rebuild, consumed; plain SQL sorted by the index', 'peer', :'plain') \g /dev/null
RESET enable_hashagg;
RESET enable_seqscan;
SELECT bench.consume('full rebuild, consumed', 'clientele', :'ours') \g /dev/null
SELECT bench.consume('full rebuild, consumed', 'peer', :'plain') \g /dev/null
SELECT bench.consume('full rebuild, consumed; plain SQL with fixed cuts', 'peer', :'plain_cuts') \g /dev/null
INSERT INTO bench.engine_run SELECT c.name, 'clientele', bench.latest('full rebuild, consumed', 'clientele')
FROM bench.engine_comparison AS c WHERE c.name ~ '^full rebuild, consumed; plain SQL' \g /dev/null

-- The draft with five values of a parameter, beside the live version; against reading everybody by that one.
SELECT bench.consume('five drafts simulated; a full rebuild, consumed', 'clientele', format(
    'SELECT * FROM clientele.simulate(''customer'', ''{"weight_spend": [20, 25, 30, 35, 40]}'', %L)', bench.as_of())) \g /dev/null
INSERT INTO bench.engine_run VALUES ('five drafts simulated; a full rebuild, consumed', 'peer', bench.latest('full rebuild, consumed', 'clientele')) \g /dev/null

-- Rules alone; and the same without what it takes to read the columns, which is measured by itself.
SET max_parallel_workers_per_gather = 0;
SELECT bench.consume('100 rules, end to end', 'clientele', :'our_rules') \g /dev/null
SELECT bench.consume('100 rules, end to end', 'peer', :'plain_rules') \g /dev/null
SELECT bench.consume('100 rules, their columns read alone', 'clientele', :'our_reading') \g /dev/null
SELECT bench.consume('100 rules, their columns read alone', 'peer', :'plain_reading') \g /dev/null
INSERT INTO bench.engine_run
SELECT '100 rules, evaluation alone', side, bench.latest('100 rules, end to end', side) - bench.latest('100 rules, their columns read alone', side)
FROM unnest(ARRAY['clientele', 'peer']) AS side \g /dev/null
