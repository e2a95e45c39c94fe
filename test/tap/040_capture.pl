# Capture where changes come from another server, where they may only be read, and
# where the server dies: logical replication marks at the subscriber, marks are read
# on a standby and from prepared transactions there, survive a crash, and a dump
# brings the triggers back.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $tables = q{
	CREATE TABLE payment (payment_id int PRIMARY KEY, customer_id int, net numeric, note text);
	CREATE TABLE ord (ord_id int, customer_id int, branch int, PRIMARY KEY (ord_id, branch)) PARTITION BY LIST (branch);
	CREATE TABLE ord_1 PARTITION OF ord FOR VALUES IN (1);
	CREATE TABLE ord_2 (customer_id int, branch int NOT NULL, ord_id int NOT NULL);
	ALTER TABLE ord ATTACH PARTITION ord_2 FOR VALUES IN (2);
};
my $capture = q{
	CREATE EXTENSION clientele;
	CREATE TABLE clientele_data.clinic_mark (key bigint, link int2, link_key text);
	CREATE INDEX ON clientele_data.clinic_mark (key);
	INSERT INTO clientele.population (name, relation, key_column, time_zone, target_schema, owner)
	VALUES ('clinic', 'payment', 'customer_id', 'UTC', 'segments', current_user::regrole);
	INSERT INTO clientele.watch
	SELECT r, population_id, 'event', 0, 'customer_id', CASE r::text WHEN 'payment' THEN '{net}' ELSE '{}' END::name[]
	FROM clientele.population, unnest('{payment,ord}'::text[]::regclass[]) AS r;
	SELECT clientele.install_capture('payment'), clientele.install_capture('ord');
};
my $pending = q{
	SELECT coalesce(string_agg(coalesce(key, 'everyone'), ' ' ORDER BY key::int), 'none')
	FROM clientele.pending_marks('clientele_data.clinic_mark')};

# The marks since the last look, which takes them.
sub marks
{
	my ($node) = @_;
	my $marks = $node->safe_psql('postgres', $pending);
	$node->safe_psql('postgres', 'DELETE FROM clientele_data.clinic_mark');
	return $marks;
}

my $publisher = PostgreSQL::Test::Cluster->new('publisher');
$publisher->init(allows_streaming => 'logical');
$publisher->start;
$publisher->safe_psql('postgres', $tables);
$publisher->safe_psql('postgres', q{
	INSERT INTO payment SELECT n, n, n FROM generate_series(1, 3) AS n;
	CREATE PUBLICATION clinic FOR TABLE payment, ord});

my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init(allows_streaming => 1);
$subscriber->append_conf('postgresql.conf', "max_prepared_transactions = 5\nautovacuum = off");
$subscriber->start;
$subscriber->safe_psql('postgres', $tables . $capture);

# ---------- logical replication ----------

my $connection = $publisher->connstr . ' dbname=postgres';
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION clinic CONNECTION '$connection' PUBLICATION clinic");
$subscriber->wait_for_subscription_sync($publisher, 'clinic');
is(marks($subscriber), '1 2 3', 'initial copy');

sub replicated
{
	my ($query, $expected, $name) = @_;
	$publisher->safe_psql('postgres', $query);
	$publisher->wait_for_catchup('clinic');
	is(marks($subscriber), $expected, "replicated: $name");
}

replicated('INSERT INTO payment VALUES (4, 4, 4)', '4', 'insert');
replicated('UPDATE payment SET net = 5 WHERE payment_id = 4', '4', 'update');
replicated(q{UPDATE payment SET note = 'x' WHERE payment_id = 4}, 'none', 'update of an unwatched column');
replicated('UPDATE payment SET customer_id = 5 WHERE payment_id = 4', '4 5', 'update of the key');
replicated('DELETE FROM payment WHERE payment_id = 4', '5', 'delete');
replicated('INSERT INTO ord VALUES (1, 6, 1), (2, 7, 2)', '6 7', 'insert into partitions');
replicated('TRUNCATE payment', 'everyone', 'truncate');
replicated('TRUNCATE ord_1', 'everyone', 'truncate of a partition');

# ---------- a standby ----------

$subscriber->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($subscriber, 'base', has_streaming => 1);
$standby->start;

sub on_standby
{
	my ($query, $pending_there, $name) = @_;
	$subscriber->safe_psql('postgres', $query);
	$subscriber->wait_for_catchup($standby);
	is($standby->safe_psql('postgres', $pending), $pending_there, "standby: $name");
}

on_standby('INSERT INTO payment VALUES (10, 10, 1), (11, 11, 1)', '10 11', 'marks');
is( $standby->safe_psql('postgres', q{
		SELECT clientele.is_marked('clientele_data.clinic_mark', '10'), clientele.is_marked('clientele_data.clinic_mark', '12')}),
	't|f', 'standby: one mark');
on_standby(q{BEGIN; INSERT INTO payment VALUES (12, 12, 1); PREPARE TRANSACTION 'capture'}, '10 11', 'prepared');

# ---------- a crash ----------

$subscriber->stop('immediate');
$subscriber->start;
is($subscriber->safe_psql('postgres', $pending), '10 11', 'crash: marks are there');
on_standby(q{COMMIT PREPARED 'capture'}, '10 11 12', 'prepared before the crash, committed after it');
on_standby('DELETE FROM clientele_data.clinic_mark WHERE key = 11', '10 12', 'taken');
$standby->stop;

# ---------- marks that have been taken ----------

# Nobody walks twice over those that are dead to everyone.
my $probe = q{SELECT clientele.is_marked('clientele_data.clinic_mark', '50')};
my $plans = $subscriber->safe_psql(
	'postgres', qq{
	INSERT INTO clientele_data.clinic_mark SELECT 50 FROM generate_series(1, 20000);
	DELETE FROM clientele_data.clinic_mark WHERE key = 50;
	SELECT clientele.is_marked('clientele_data.clinic_mark', '1');
	EXPLAIN (ANALYZE, BUFFERS, COSTS off, TIMING off) $probe;
	EXPLAIN (ANALYZE, BUFFERS, COSTS off, TIMING off) $probe});
my ($before, $after) = map { my $sum = 0; $sum += $_ for /(?:hit|read)=(\d+)/g; $sum } $plans =~ /(Buffers:.*)/g;
cmp_ok($after, '<', $before / 2, "$before blocks read to find no mark among 20,000 taken ones, then $after");

# ---------- dump and restore ----------

$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION clinic');
my $file = "$PostgreSQL::Test::Utils::tmp_check/clinic.dump";
command_ok([ 'pg_dump', '--no-sync', '-Fc', "--file=$file", $subscriber->connstr('postgres') ], 'dumps');
$subscriber->safe_psql('postgres', 'CREATE DATABASE restored TEMPLATE template0');
command_ok([ 'pg_restore', '--exit-on-error', '-d', $subscriber->connstr('restored'), $file ], 'restores');
is( $subscriber->safe_psql(
		'restored', qq{
		$pending;
		DELETE FROM clientele_data.clinic_mark;
		SET session_replication_role = replica;
		INSERT INTO payment VALUES (20, 20, 1);
		INSERT INTO ord VALUES (3, 21, 1), (4, 22, 2);
		CREATE TABLE ord_3 PARTITION OF ord FOR VALUES IN (3);
		INSERT INTO ord VALUES (5, 23, 3);
		$pending}),
	"10 12\n20 21 22 23", 'the marks, and the triggers, which fire always');

$publisher->stop;
$subscriber->stop;
done_testing();
