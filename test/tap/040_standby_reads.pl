# What is read live on the primary is read live on a hot standby, and writes nothing.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', "clientele.clock = '2026-06-01 12:00:00+00'");
$primary->start;
$primary->safe_psql(
	'postgres', q{
	CREATE EXTENSION clientele;
	CREATE TABLE customer (customer_id int PRIMARY KEY);
	CREATE TABLE payment (customer_id int, paid_at timestamptz, net numeric(10,2));
	INSERT INTO customer SELECT generate_series(1, 100);
	INSERT INTO payment SELECT customer_id, '2026-05-30 00:00+00', customer_id FROM customer;

	INSERT INTO clientele.population (name, relation, key_column, time_zone, target_schema, owner, live_version)
	VALUES ('p', 'customer', 'customer_id', 'UTC', 'segments', current_user::regrole, 1);
	INSERT INTO clientele.source (population_id, name, part, relation, key_path, occurred_at_path)
	SELECT population_id, 'payment', 1, 'payment', 'customer_id', 'paid_at' FROM clientele.population;
	INSERT INTO clientele.version (population_id, version, model)
	SELECT population_id, 1, '{"time_zone": "UTC", "sources": [{"name": "payment"}],
		"definitions": [{"kind": "metric", "name": "spend", "value": "sum(payment.net last 10 days)", "scale": 2}]}'
	FROM clientele.population;

	CREATE TABLE clientele_data.p_mark (key int, link smallint, link_key text);
	CREATE INDEX ON clientele_data.p_mark (key);
	CREATE TABLE clientele_data.p_stored_1 (customer_id int PRIMARY KEY, spend numeric, tags text[],
		evaluated_at timestamptz, due_at timestamptz);
	CREATE FOREIGN TABLE clientele_data.p_all_1 (as_of timestamptz, customer_id int, spend numeric(28,2), tags text[], due_at timestamptz)
		SERVER clientele OPTIONS (population 'p', version '1', rows 'all');
	CREATE FOREIGN TABLE clientele_data.p_stale_1 (as_of timestamptz, customer_id int, spend numeric(28,2), tags text[], due_at timestamptz)
		SERVER clientele OPTIONS (population 'p', version '1', rows 'stale');
	CREATE FOREIGN TABLE clientele_data.p_marked (key int)
		SERVER clientele OPTIONS (population 'p', rows 'marked');
	INSERT INTO clientele_data.p_stored_1
	SELECT customer_id, spend, tags, as_of, due_at FROM clientele_data.p_all_1 WHERE as_of = '2026-06-01 12:00+00'::timestamptz;
	INSERT INTO payment VALUES (7, '2026-05-31 00:00+00', 1000);
	INSERT INTO clientele_data.p_mark (key) VALUES (7);
});

$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

my $live = q{
	WITH clock AS MATERIALIZED (SELECT clientele.wall_clock() AS at)
	SELECT count(*), sum(spend), string_agg(customer_id::text, ',') FILTER (WHERE NOT is_stored)
	FROM (SELECT s.customer_id, s.spend, true AS is_stored
		  FROM clock JOIN clientele_data.p_stored_1 AS s
			ON (s.due_at IS NULL OR s.due_at > clock.at) AND s.evaluated_at <= clock.at
		  WHERE NOT EXISTS (SELECT FROM clientele_data.p_marked AS m WHERE m.key = s.customer_id)
			AND NOT EXISTS (SELECT FROM clientele_data.p_marked AS m WHERE m.key IS NULL)
		  UNION ALL
		  SELECT l.customer_id, l.spend, false
		  FROM clock JOIN clientele_data.p_stale_1 AS l ON l.as_of = clock.at) AS customers};

$primary->wait_for_catchup($standby);
is($primary->safe_psql('postgres', $live), '100|6050.00|7', 'the primary evaluates who is marked');
is($standby->safe_psql('postgres', $live), '100|6050.00|7', 'a standby does, too');

$primary->safe_psql('postgres', q{INSERT INTO clientele_data.p_mark DEFAULT VALUES});
$primary->wait_for_catchup($standby);
is($standby->safe_psql('postgres', "SELECT count(*) FROM clientele_data.p_stale_1 WHERE as_of = '2026-06-01 12:00+00'::timestamptz"),
	'100', 'and everyone, when everyone is marked');
is( $standby->safe_psql(
		'postgres',
		q{BEGIN;
		  DECLARE c CURSOR FOR SELECT customer_id, spend FROM clientele_data.p_all_1
			WHERE as_of = '2026-06-01 12:00+00'::timestamptz AND customer_id >= 7 AND customer_id < 9 ORDER BY 1;
		  FETCH 1 FROM c;
		  FETCH 1 FROM c;
		  COMMIT}),
	"7|1007.00\n8|8.00",
	'by a cursor');

# Marks are read without predicate locks, or every payment would conflict with every reader.
is( $primary->safe_psql(
		'postgres',
		qq{BEGIN ISOLATION LEVEL SERIALIZABLE;
		   SELECT FROM ($live) AS live;
		   SELECT count(*) FILTER (WHERE relation::regclass::text LIKE '%p_mark%'), count(*) FILTER (WHERE relation = 'payment'::regclass) > 0
		   FROM pg_locks WHERE mode = 'SIReadLock';
		   COMMIT}),
	'0|t',
	'a serializable reader locks no marks');

done_testing();
