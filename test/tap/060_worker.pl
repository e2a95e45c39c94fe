# The background worker: stored rows become fresh though nobody calls refresh; it is in
# nobody's way, and comes back.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('clinic');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', q{
	shared_preload_libraries = 'clientele'
	clientele.databases = 'east, "West", absent'
	max_worker_processes = 16
	max_prepared_transactions = 5
	restart_after_crash = on
});
$node->start;

# A population in a database, whose owner is no superuser.
sub found
{
	my ($server, $database, $population) = @_;
	$server->safe_psql($database, qq{
		SET client_min_messages = warning;
		CREATE EXTENSION IF NOT EXISTS clientele;
		CREATE TABLE ${population}_person (id int PRIMARY KEY);
		CREATE TABLE ${population}_payment (id int, paid_at timestamptz, amount int);
		INSERT INTO ${population}_person SELECT generate_series(1, 200);
		ALTER TABLE ${population}_person OWNER TO manager;
		ALTER TABLE ${population}_payment OWNER TO manager;
		GRANT CREATE ON DATABASE "$database" TO manager;
		SET ROLE manager;
		SELECT clientele.create_population('$population', '${population}_person', 'id', 'UTC');
		SELECT clientele.add_source('$population', 'payment', '${population}_payment', 'id', 'paid_at');
		SELECT clientele.define_metric('$population', 'spend', 'sum(payment.amount)', 0);
		SELECT clientele.define_metric('$population', 'latest', 'count(payment last 1 hours)');
		SELECT clientele.publish('$population')});
	return;
}

# Every stored row is what plain SQL says, and they are all there.
sub becomes_fresh
{
	my ($server, $database, $population, $title) = @_;
	ok($server->poll_query_until($database, qq{
		SELECT live_version IS NOT NULL AND next_version IS NULL FROM clientele.population WHERE name = '$population'})
		&& $server->poll_query_until($database, qq{
		SELECT count(*) = 0 FROM clientele_data.${population}_stored_1 AS s
		FULL JOIN (SELECT c.id, coalesce(sum(p.amount), 0) AS spend
		           FROM ${population}_person AS c LEFT JOIN ${population}_payment AS p USING (id) GROUP BY c.id) AS f USING (id)
		WHERE s.spend IS DISTINCT FROM f.spend}), $title);
	return;
}

sub pay
{
	my ($server, $database, $population, $id) = @_;
	$server->safe_psql($database, "INSERT INTO ${population}_payment VALUES ($id, '2026-01-01', 100)");
	return;
}

# Of the worker in a database; NULL where there is none.
sub worker
{
	my ($server, $database, $what) = @_;
	return $server->safe_psql('postgres', qq{
		SELECT $what FROM pg_stat_activity WHERE datname = '$database' AND backend_type = 'clientele worker'});
}

sub worker_is
{
	my ($server, $database, $condition, $title) = @_;
	ok($server->poll_query_until('postgres', qq{
		SELECT coalesce(bool_and($condition), false) FROM pg_stat_activity
		WHERE datname = '$database' AND backend_type = 'clientele worker'}), $title);
	return;
}

sub worker_is_gone
{
	my ($server, $database, $title) = @_;
	ok($server->poll_query_until('postgres', qq{
		SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = '$database' AND backend_type = 'clientele worker'}), $title);
	return;
}

sub becomes_idle
{
	my ($server, $database, $title) = @_;
	return worker_is($server, $database, q{state = 'idle' AND query LIKE 'waiting for changes%'}, $title);
}

sub setting
{
	my ($server, $name, $value) = @_;
	$server->safe_psql('postgres', "ALTER SYSTEM SET $name = $value");
	$server->reload;
	return;
}

$node->safe_psql('postgres', $_)
	for 'CREATE ROLE manager', 'CREATE DATABASE east', 'CREATE DATABASE "West"', 'CREATE DATABASE north';

# ---------- payments, and nobody calls anything ----------

found($node, 'east', 'customer');
found($node, 'West', 'guest');
$node->reload;    # the launcher tries at once what it has waited for
becomes_fresh($node, 'east', 'customer', 'what is published is built');
becomes_fresh($node, 'West', 'guest', 'in the other database, too');
pay($node, 'east', 'customer', 7);
becomes_fresh($node, 'east', 'customer', 'a payment is taken in');
$node->safe_psql('east', q{BEGIN; INSERT INTO customer_payment VALUES (8, '2026-01-01', 50); PREPARE TRANSACTION 'till'});
becomes_idle($node, 'east', 'it rests while a transaction is prepared');
$node->safe_psql('east', q{COMMIT PREPARED 'till'});
becomes_fresh($node, 'east', 'customer', 'a prepared payment is taken in when it is committed');
like(
	$node->safe_psql('east', q{SELECT value FROM clientele.status('customer') WHERE item = 'worker'}),
	qr/^(?:at work|idle since )/, 'status knows of the worker');

# ---------- idle ----------

becomes_idle($node, 'West', 'without payments it is idle');
is(worker($node, 'West', 'xact_start IS NULL AND backend_xmin IS NULL AND backend_xid IS NULL'), 't', 'in no transaction');
my $since = worker($node, 'West', 'state_change');
my $commits = q{SELECT xact_commit FROM pg_stat_database WHERE datname = 'West'};
my $before = $node->safe_psql('postgres', $commits);
for my $i (1 .. 10)
{
	pay($node, 'east', 'customer', $i);
	becomes_fresh($node, 'east', 'customer', "payment $i");
}
is(worker($node, 'West', 'state_change'), $since, 'it has not looked while others worked');
is($node->safe_psql('postgres', $commits), $before, 'nor had a transaction');

# ---------- time ----------

$node->safe_psql('West', q{INSERT INTO guest_payment VALUES (1, clock_timestamp() - interval '59 minutes 57 seconds', 5)});
ok($node->poll_query_until('West', q{SELECT latest = 1 FROM clientele_data.guest_stored_1 WHERE id = 1}), 'a payment of the last hour');
ok($node->poll_query_until('West', q{SELECT latest = 0 FROM clientele_data.guest_stored_1 WHERE id = 1}), 'leaves the hour while nothing happens');

$node->safe_psql('West', q{INSERT INTO guest_payment VALUES (2, '2036-02-01 10:00:00Z', 5)});
ok($node->poll_query_until('West', q{SELECT due_at = '2036-02-01 10:00:00Z' FROM clientele_data.guest_stored_1 WHERE id = 2}), 'a payment of the future');
$node->safe_psql('postgres', q{ALTER DATABASE "West" SET clientele.clock = '2036-02-01 10:30:00Z'});
$node->safe_psql('postgres', q{SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
	WHERE datname = 'West' AND backend_type = 'clientele worker'});
ok($node->poll_query_until('West', q{SELECT latest = 1 FROM clientele_data.guest_stored_1 WHERE id = 2}), 'has come when the clock says so');
is($node->safe_psql('West', q{SELECT evaluated_at = '2036-02-01 10:00:00Z' FROM clientele_data.guest_stored_1 WHERE id = 2}),
	't', 'at its own instant');
$node->safe_psql('postgres', q{ALTER DATABASE "West" RESET clientele.clock});
is(worker($node, 'West', 'count(*)'), '1', 'a worker that was ended has come back');

# ---------- a population that is broken ----------

found($node, 'east', 'broken');
becomes_fresh($node, 'east', 'broken', 'a second population');
$node->safe_psql('east', 'ALTER TABLE broken_payment RENAME amount TO net; INSERT INTO broken_payment VALUES (1, now(), 3)');
my $failed = q{SELECT count(*) = 1 FROM clientele.status('broken') WHERE item = 'worker failed'};
ok($node->poll_query_until('east', $failed), 'status names what the worker cannot do');
for my $i (11 .. 30)
{
	pay($node, 'east', 'customer', $i);
	becomes_fresh($node, 'east', 'customer', "payment $i, beside a broken population");
}
cmp_ok($node->safe_psql('east', 'SELECT failures FROM clientele.worker_failure'), '<', 10, 'it is tried again after growing pauses');
$node->safe_psql('east', 'ALTER TABLE broken_payment RENAME net TO amount');
becomes_fresh($node, 'east', 'broken', 'repaired, it is taken up again');
ok($node->poll_query_until('east', $failed, 'f'), 'and status has nothing to say');
$node->safe_psql('east', q{SELECT clientele.drop_population('broken')});

# ---------- several at once ----------

my @hands = map { $node->background_psql('east') } 1 .. 3;
for my $i (1 .. 20)
{
	$node->safe_psql('east', "INSERT INTO customer_payment SELECT g, '2026-01-01', $i FROM generate_series(1, 200) AS g");
	$hands[ $i % 3 ]->query_safe(q{SET client_min_messages = warning; CALL clientele.refresh('customer', 50)});
}
$_->quit for @hands;
becomes_fresh($node, 'east', 'customer', 'worker and others refresh at once');
is($node->safe_psql('east', q{SELECT count(*) FROM clientele.verify('customer')}), '0', 'what is stored is true');

# ---------- by hand ----------

found($node, 'north', 'customer');
my $pid = $node->safe_psql('north', 'SELECT clientele.start_worker()');
worker_is($node, 'north', "pid = $pid", 'start_worker starts one');
becomes_fresh($node, 'north', 'customer', 'that works');
is($node->safe_psql('north', 'SELECT clientele.start_worker()'), $pid, 'there is one in a database');
my ($status, $out, $error) = $node->psql('east', 'SELECT clientele.stop_worker()');
like($error, qr/the server itself keeps a worker in database "east".*clientele\.databases/s, 'what the server keeps is not stopped by hand');
$node->safe_psql('postgres', 'CREATE ROLE nosy LOGIN');
for my $function ('start_worker', 'stop_worker')
{
	($status, $out, $error) = $node->psql('north', "SET ROLE nosy; SELECT clientele.$function()");
	like($error, qr/permission denied/, "$function is not for everybody");
}

# ---------- somebody wants the database ----------

$node->safe_psql('postgres', 'CREATE DATABASE north_2 TEMPLATE north');
worker_is($node, 'north', 'true', 'after a copy there is a worker again');
pay($node, 'north', 'customer', 3);
becomes_fresh($node, 'north', 'customer', 'that works');
is($node->safe_psql('north', 'SELECT clientele.stop_worker()'), 't', 'stop_worker');
is(worker($node, 'north', 'count(*)'), '0', 'ends it');
is($node->safe_psql('north', 'SELECT clientele.stop_worker()'), 'f', 'once');
$node->safe_psql('north', 'SELECT clientele.start_worker()');
worker_is($node, 'north', 'true', 'another one');
$node->safe_psql('postgres', 'DROP DATABASE north');
pass('a database with a worker is dropped');
$node->safe_psql('postgres', 'CREATE DATABASE east_2 TEMPLATE east');
pay($node, 'east', 'customer', 4);
becomes_fresh($node, 'east', 'customer', 'after a copy the launcher starts another');
is($node->safe_psql('east_2', q{SELECT count(*) FROM clientele.verify('customer')}), '0', 'the copy is whole');
$node->safe_psql('postgres', 'ALTER DATABASE "West" RENAME TO south');
setting($node, 'clientele.databases', 'east, south, absent');
pay($node, 'south', 'guest', 4);
becomes_fresh($node, 'south', 'guest', 'under a new name, too');

# ---------- whom it connects as ----------

is(worker($node, 'south', 'usename'), 'postgres', 'as the bootstrap superuser');
$node->safe_psql('postgres', 'CREATE ROLE segmenter LOGIN');
setting($node, 'clientele.worker_role', "'segmenter'");
worker_is($node, 'south', "usename = 'segmenter'", 'or another role');
pay($node, 'south', 'guest', 5);
ok($node->poll_query_until('south', q{SELECT value LIKE '%: must be owner of population "guest"%' FROM clientele.status('guest')
	WHERE item = 'worker failed'}), 'which has no rights of its own');
$node->safe_psql('postgres', 'GRANT manager TO segmenter');
becomes_fresh($node, 'south', 'guest', 'but those of the owners');
is(worker($node, 'south', 'usename'), 'segmenter', 'without being a superuser');

# ---------- the list, and who follows it ----------

my $old = worker($node, 'east', 'pid');
$node->safe_psql('postgres', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'clientele launcher'});
worker_is($node, 'east', "pid <> $old", 'with the launcher its workers end, and another launcher starts others');

setting($node, 'clientele.databases', 'east');
worker_is_gone($node, 'south', 'who is not listed loses the worker');
is(worker($node, 'east', 'count(*)'), '1', 'the others keep theirs');
$node->safe_psql('postgres', 'CREATE DATABASE later');
setting($node, 'clientele.databases', 'east, later');
worker_is($node, 'later', q{query = 'waiting for CREATE EXTENSION clientele'}, 'without the extension it waits');
found($node, 'later', 'customer');
becomes_fresh($node, 'later', 'customer', 'and begins when a version is published');
$node->safe_psql('later', q{SET client_min_messages = warning; DROP EXTENSION clientele CASCADE;
	DROP TABLE customer_person, customer_payment});
found($node, 'later', 'customer');
becomes_fresh($node, 'later', 'customer', 'and again after the extension was dropped');
($status, $out, $error) = $node->psql('postgres', q{ALTER SYSTEM SET clientele.databases = 'east,,'});
like($error, qr/list of database names/, 'a list that is none is refused');

# ---------- crash, restart, standby ----------

kill 'KILL', worker($node, 'east', 'pid');
ok($node->poll_query_until('postgres', 'SELECT true'), 'the server restarts what a crash has taken down');
pay($node, 'east', 'customer', 6);
becomes_fresh($node, 'east', 'customer', 'after the crash of a worker there is another');
pay($node, 'east', 'customer', 7);
my @pids = split /\n/, $node->safe_psql('postgres', 'SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()');
push @pids, slurp_file($node->data_dir . '/postmaster.pid') =~ /\A(\d+)/;
$node->kill9;
for my $pid (@pids)
{
	for (1 .. 100) { last unless kill 0, $pid; select undef, undef, undef, 0.1; }
}
unlink $node->data_dir . '/postmaster.pid';
$node->start;
becomes_fresh($node, 'east', 'customer', 'after a crash of the server, too');

$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby);
is($standby->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'clientele %'}), '0', 'a standby has none');
($status, $out, $error) = $standby->psql('east', 'SELECT clientele.start_worker()');
$node->stop;
unlike(slurp_file($node->logfile), qr/already has a clientele worker/, 'no worker was in the way of another');
unlike(slurp_file($node->logfile), qr/PANIC|signal (?!9)\d+|exception/, 'nothing has crashed by itself');
$standby->promote;
pay($standby, 'east', 'customer', 9);
becomes_fresh($standby, 'east', 'customer', 'until it is promoted');
$standby->stop;

# ---------- without preload ----------

my $plain = PostgreSQL::Test::Cluster->new('plain');
$plain->init;
$plain->start;
$plain->safe_psql('postgres', 'CREATE ROLE manager');
found($plain, 'postgres', 'customer');
$plain->safe_psql('postgres', 'SELECT clientele.start_worker()');
becomes_fresh($plain, 'postgres', 'customer', 'without preload it is started by hand');
pay($plain, 'postgres', 'customer', 1);
becomes_fresh($plain, 'postgres', 'customer', 'and finds a payment by itself');
becomes_idle($plain, 'postgres', 'between its looks it is idle');
$plain->safe_psql('postgres', 'DROP EXTENSION clientele CASCADE');
worker_is_gone($plain, 'postgres', 'without the extension it ends');
$plain->safe_psql('postgres', 'CREATE EXTENSION clientele');
is($plain->safe_psql('postgres', 'SELECT clientele.start_worker() > 0; SELECT clientele.stop_worker()'), "t\nt", 'it can be stopped as soon as it is started');
$plain->stop;
like(slurp_file($plain->logfile), qr/clientele worker leaves database "postgres": it has no extension clientele/, 'and says so');

done_testing();
