# Segments of a clinic whose rows arrive from elsewhere: by logical replication, its initial
# copy included, and from a dump whose restore disables triggers.  After each the view says
# what plain SQL says, before a refresh and after it, and what is stored is right.  Then what
# event triggers must not be in the way of.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $tables = q{
	CREATE TABLE customer (id int PRIMARY KEY, city text);
	CREATE TABLE payment (payment_id int, id int, paid_at timestamptz DEFAULT '2026-01-01', net numeric(10,2), branch int,
		PRIMARY KEY (payment_id, branch)) PARTITION BY LIST (branch);
	CREATE TABLE payment_1 PARTITION OF payment FOR VALUES IN (1);
	CREATE TABLE payment_2 PARTITION OF payment FOR VALUES IN (2);
	CREATE TABLE visit (visit_id int PRIMARY KEY, id int, at timestamptz DEFAULT '2026-01-01');
};

my $publisher = PostgreSQL::Test::Cluster->new('publisher');
$publisher->init(allows_streaming => 'logical');
$publisher->append_conf('postgresql.conf', "max_prepared_transactions = 5\nautovacuum = off");
$publisher->start;
$publisher->safe_psql('postgres', $tables . q{
	INSERT INTO customer SELECT g, 'Shanghai' FROM generate_series(1, 6) AS g;
	INSERT INTO payment SELECT g, 1 + g % 6, '2026-01-01', g, 1 + g % 2 FROM generate_series(1, 20) AS g;
	INSERT INTO visit SELECT g, 1 + g % 6 FROM generate_series(1, 20) AS g;
	CREATE PUBLICATION clinic FOR TABLE customer, payment, visit;
	CREATE PUBLICATION by_root FOR TABLE customer, payment, visit WITH (publish_via_partition_root = true)});

my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init;
$subscriber->append_conf('postgresql.conf', "max_prepared_transactions = 5\nautovacuum = off\njit = off\nclient_min_messages = error");
$subscriber->start;
$subscriber->safe_psql('postgres', $tables . q{
	CREATE EXTENSION clientele;
	SELECT clientele.create_population('clinic', 'customer', 'id', 'UTC'),
		clientele.add_source('clinic', 'payment', 'payment', 'id', 'paid_at'),
		clientele.add_source('clinic', 'visit', 'visit', 'id', 'at'),
		clientele.define_metric('clinic', 'spent', 'sum(payment.net)', 2),
		clientele.define_metric('clinic', 'visits', 'count(visit)'),
		clientele.define_tag('clinic', 'local', 'city = ''Shanghai'''),
		clientele.publish('clinic')});
$subscriber->safe_psql('postgres', q{CALL clientele.refresh('clinic')});

my $plain = q{SELECT c.id, coalesce((SELECT sum(p.net) FROM payment AS p WHERE p.id = c.id), 0)::numeric(10,2),
	(SELECT count(*) FROM visit AS v WHERE v.id = c.id), CASE city WHEN 'Shanghai' THEN 'local' ELSE '' END
	FROM customer AS c ORDER BY c.id};
my $ours = 'SELECT id, spent, visits, tags FROM segments.clinic ORDER BY id';
my $wrong = q{SELECT * FROM clientele.verify('clinic')};

# What differs: live, then what is stored after a refresh.
sub right
{
	my ($name) = @_;
	my $truth = $subscriber->safe_psql('postgres', $plain);
	my $live = $subscriber->safe_psql('postgres', "$ours; $wrong");
	$subscriber->safe_psql('postgres', q{CALL clientele.refresh('clinic')});
	my $refreshed = $subscriber->safe_psql('postgres', "$ours; $wrong");
	is("$live\n--\n$refreshed", "$truth\n--\n$truth", $name);
	return $truth;
}

# ---------- logical replication ----------

my $connection = $publisher->connstr . ' dbname=postgres';
# Prepared transactions come as such from 15 on; before, when they are committed.
my $two_phase = $subscriber->safe_psql('postgres', 'SHOW server_version_num') >= 150000 ? ' WITH (two_phase = on)' : '';
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION clinic CONNECTION '$connection' PUBLICATION clinic$two_phase");
$subscriber->wait_for_subscription_sync($publisher, 'clinic');
like(right('the initial copy'), qr/^1\|36\.00\|3\|local$/m, 'has brought rows');

sub replicated
{
	my ($query, $name) = @_;
	my $before = $subscriber->safe_psql('postgres', $plain);
	$publisher->safe_psql('postgres', $query);
	$publisher->wait_for_catchup('clinic');
	isnt(right("replicated: $name"), $before, "$name: has changed something");
}

replicated(q{INSERT INTO payment VALUES (21, 1, DEFAULT, 5, 1), (22, 2, DEFAULT, 5, 2)}, 'INSERT');
replicated(q{INSERT INTO customer VALUES (7, 'Wuhan'); INSERT INTO visit VALUES (21, 7)}, 'INSERT of a customer');
replicated(q{UPDATE payment SET net = net + 1, id = 7 WHERE payment_id = 21}, 'UPDATE');
replicated(q{UPDATE payment SET branch = 2 WHERE payment_id = 21; UPDATE payment SET id = 3 WHERE payment_id = 21}, 'UPDATE that moves a row');
replicated(q{UPDATE customer SET city = 'Wuhan' WHERE id < 4}, 'UPDATE of customers');
replicated(q{DELETE FROM visit WHERE visit_id < 8; DELETE FROM customer WHERE id = 6}, 'DELETE');
replicated(q{BEGIN; INSERT INTO visit VALUES (30, 1); SAVEPOINT s; INSERT INTO visit VALUES (31, 2); ROLLBACK TO s;
	INSERT INTO visit VALUES (32, 3); COMMIT}, 'savepoints');
replicated(q{BEGIN; INSERT INTO visit VALUES (33, 1); PREPARE TRANSACTION 'p'; COMMIT PREPARED 'p'}, 'COMMIT PREPARED');
replicated(q{TRUNCATE payment_1}, 'TRUNCATE of a partition');
$subscriber->safe_psql('postgres', 'ALTER SUBSCRIPTION clinic SET PUBLICATION by_root WITH (refresh = true, copy_data = false)');
$subscriber->wait_for_subscription_sync($publisher, 'clinic');
replicated(q{INSERT INTO payment VALUES (41, 1, DEFAULT, 5, 1), (42, 2, DEFAULT, 5, 2)}, 'INSERT by the root');
replicated(q{TRUNCATE payment}, 'TRUNCATE by the root');
$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION clinic');

# ---------- all of a database, with our own tables ----------

$_->safe_psql('postgres', 'CREATE DATABASE whole') for $publisher, $subscriber;
$publisher->safe_psql('whole', q{
	CREATE EXTENSION clientele;
	CREATE TABLE guest (id int PRIMARY KEY);
	INSERT INTO guest VALUES (1);
	SELECT clientele.create_population('guest', 'guest', 'id', 'UTC'), clientele.publish('guest')});
$publisher->safe_psql('whole', q{CALL clientele.refresh('guest')});
$publisher->safe_psql('whole', q{
	SELECT clientele.define_promotion('guest', name, '{"term": {"from": "2020-01-01"}, "branches": "all", "benefit": {"kind": "points", "points": 5},
		"after_refund": "none"}') FROM unnest('{first,second}'::text[]) AS name;
	SELECT clientele.publish_promotion('guest', 'first');
	SELECT clientele.claim('guest', 1, 'first', 'r-1', '{"amount": 5}', redeem => true);
	CREATE PUBLICATION whole FOR ALL TABLES});
my $schema = "$PostgreSQL::Test::Utils::tmp_check/whole.sql";
command_ok([ 'pg_dump', '--no-sync', '--schema-only', '--no-publications', "--file=$schema", $publisher->connstr('whole') ], 'its definitions');
command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $subscriber->connstr('whole'), '-f', $schema ], 'are those of another');
$subscriber->safe_psql('whole', "CREATE SUBSCRIPTION whole CONNECTION '" . $publisher->connstr . " dbname=whole' PUBLICATION whole");
$subscriber->poll_query_until('whole', q{SELECT bool_and(srsubstate IN ('r', 's')) FROM pg_subscription_rel}) or die 'not copied';

# A session that asks before and after: what was published and paused elsewhere meanwhile is so here.
my $ask = q{SELECT string_agg(concat_ws(' ', promotion, eligible), ', ' ORDER BY promotion) FROM clientele.offers('guest', 1, '{"amount": 5}')};
my $there = 'psql -Xq -o /dev/null -d "' . $publisher->connstr('whole') . '" -c';
is( $subscriber->safe_psql('whole', qq{
		$ask;
		\\! $there "SELECT clientele.pause_promotion('guest', 'first'), clientele.publish_promotion('guest', 'second')"
		DO 'BEGIN WHILE (SELECT count(*) FROM clientele.promotion_version) < 2 LOOP PERFORM pg_sleep(0.02); END LOOP; END';
		$ask}),
	"first t\nfirst f, second t", 'promotions of a database that is replicated whole');
$subscriber->safe_psql('whole', 'DROP SUBSCRIPTION whole');
$publisher->stop;

# It takes over: as doc/operations.md says.
my ($takeover) = slurp_file('doc/operations.md') =~ /^(    SELECT format\('SELECT setval.*?\\gexec\n)/ms or die 'not on the page';
is( $subscriber->safe_psql('whole', "\\o /dev/null\n$takeover\\o\n" . q{
		SELECT clientele.claim('guest', 1, 'first', 'r-1', '{"amount": 5}', redeem => true);
		SELECT clientele.claim('guest', 1, 'second', 'r-2', '{"amount": 5}', redeem => true);
		SELECT clientele.balance('guest', 1, 'points');
		SELECT count(*) FROM clientele.verify_promotions('guest')}),
	"1\n2\n10\n0", 'goes on where the other was');

# ---------- a restore of data that disables triggers ----------

my $file = "$PostgreSQL::Test::Utils::tmp_check/visit.dump";
command_ok([ 'pg_dump', '--no-sync', '-Fc', '--table=visit', '--table=payment*', "--file=$file", $subscriber->connstr('postgres') ], 'dumps');
$subscriber->safe_psql('postgres', q{DELETE FROM visit; CALL clientele.refresh('clinic')});
command_ok([ 'pg_restore', '--data-only', '--disable-triggers', '-d', $subscriber->connstr('postgres'), $file ], 'restores');
isnt($subscriber->safe_psql('postgres', 'SELECT count(*) FROM visit'), '0', 'there are rows');
right('restored with triggers disabled');
is( $subscriber->safe_psql('postgres', q{
		SELECT value FROM clientele.status('clinic') WHERE item LIKE 'capture%';
		SELECT count(*) FROM pg_trigger WHERE tgfoid = 'clientele.capture()'::regprocedure AND tgenabled <> 'A'}),
	"on\n0", 'and captured as before');

# ---------- event triggers are in nobody's way ----------

# Commands in single-user mode are followed by nobody; verify and status are the net.
$subscriber->stop;
my ($out, $err);
IPC::Run::run([ 'postgres', '--single', '-D', $subscriber->data_dir, 'postgres' ],
	'<', \"ALTER TABLE visit RENAME TO visit_old;\nDROP TABLE payment_1;\n", '>', \$out, '2>', \$err);
unlike($err, qr/ERROR|FATAL|PANIC/, 'single-user mode');
$subscriber->start;
is($subscriber->safe_psql('postgres', q{SELECT to_regclass('payment_1') IS NULL AND to_regclass('visit_old') IS NOT NULL}), 't', 'has done it');
$plain =~ s/FROM visit/FROM visit_old/;
$subscriber->safe_psql('postgres', q{SELECT clientele.mark_all('clinic')});
right('looked at anew');

# A role without any right to us changes its own tables, and nothing is said.
$subscriber->safe_psql('postgres', 'CREATE ROLE stranger LOGIN; CREATE SCHEMA strange AUTHORIZATION stranger');
my ($status) = $subscriber->psql('postgres', q{
	SET client_min_messages = notice;
	SET SESSION AUTHORIZATION stranger;
	SET search_path = strange;
	CREATE TABLE a (x int) PARTITION BY LIST (x);
	CREATE TABLE b PARTITION OF a FOR VALUES IN (1);
	CREATE TEMPORARY TABLE t (x int);
	ALTER TABLE a ADD y int;
	ALTER TABLE a RENAME y TO z;
	ALTER TABLE a DETACH PARTITION b;
	ALTER TABLE b DISABLE TRIGGER USER;
	DROP TABLE a, b, t;
	DROP SCHEMA strange},
	stdout => \$out, stderr => \$err, on_error_stop => 1);
is("$status$out$err", '0', 'a stranger');

$subscriber->safe_psql('postgres', q{SELECT clientele.drop_population('clinic'); DROP EXTENSION clientele});
is($subscriber->safe_psql('postgres', 'SELECT count(*) FROM pg_event_trigger'), '0', 'gone with the extension');

$subscriber->stop;
done_testing();
