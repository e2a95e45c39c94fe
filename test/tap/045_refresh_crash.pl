# A refresh may be killed anywhere, with kill -9, and begun again: what is stored is then
# what the facts say, and the feed has each change once.  Also while a version is being
# built: what was built stays, and nobody has seen half a version.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Crash qw(crash begin_client);

my $customers = 4000;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "autovacuum = off\nrestart_after_crash = off\n");
$node->start;

sub sql { return $node->safe_psql('postgres', $_[0]); }

sql(qq{
	SET client_min_messages = warning;
	CREATE EXTENSION clientele;
	CREATE SCHEMA crm;
	CREATE TABLE crm.customer (id int PRIMARY KEY);
	CREATE TABLE crm.payment (id int, paid_at timestamptz, amount int);
	CREATE INDEX ON crm.payment (id, paid_at) INCLUDE (amount);
	INSERT INTO crm.customer SELECT g FROM generate_series(1, $customers) AS g;
	INSERT INTO crm.payment SELECT g, '2026-01-01', g % 300 FROM generate_series(1, $customers) AS g;
	SELECT clientele.create_population('customer', 'crm.customer', 'id', 'UTC');
	SELECT clientele.add_source('customer', 'payment', 'crm.payment', 'id', 'paid_at');
	SELECT clientele.define_metric('customer', 'spend', 'sum(payment.amount)', 0);
	SELECT clientele.define_ladder('customer', 'tier', '[{"label":"gold","when":"spend >= 200"},{"label":"silver"}]');
	SELECT clientele.define_tag('customer', 'round', 'spend = 100 or spend = 200');
	SELECT clientele.publish('customer')});

# Who is in the way and who waits die together: if the former died first, the latter would no longer wait.
sub kill_now
{
	my (@clients) = @_;
	crash($node, everybody => 1);
	waitpid($_, 0) for @clients;
	$node->start;
	return;
}

# A stored row that waits for somebody before it is written.
sub wait_at
{
	my ($table, $id) = @_;
	sql(qq{CREATE OR REPLACE FUNCTION crm.waited() RETURNS boolean LANGUAGE plpgsql AS
	         'BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN true; END';
	       ALTER TABLE clientele_data.$table ADD CONSTRAINT waits CHECK (id <> $id OR crm.waited())});
	return 'SELECT pg_advisory_xact_lock(1)';
}

# The server dies while a refresh waits for somebody who has locked what it comes to
# write: in small batches, so that some are committed and one is half done.
sub kill_during_refresh
{
	my ($obstacle, $batch) = @_;
	my @pids = (begin_client($node, "BEGIN; $obstacle; SELECT pg_sleep(600)"));
	$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'})
		or die 'nobody stands in the way';
	push @pids, begin_client($node, "SET lock_timeout = '10min'", "CALL clientele.refresh('customer', $batch)");
	$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity
		WHERE wait_event_type = 'Lock' AND application_name LIKE 'clientele refresh customer %'})
		or die 'the refresh is not at work';
	kill_now(@pids);
	return;
}

# The feed must lead to what is stored, each change from where the one before led to:
# neither lost nor doubled.
my $feed = q{
	WITH labels AS (
		SELECT id, 'tier' AS name, tier AS label FROM segments.customer
		UNION ALL SELECT id, tag, tag FROM segments.customer_tag)
	SELECT (SELECT count(*) FROM labels AS l
	        FULL JOIN (SELECT * FROM segments.customer_membership WHERE valid_to IS NULL) AS m USING (id, name)
	        WHERE m.label IS DISTINCT FROM l.label)
	       || ' ' ||
	       (SELECT count(*) FROM (SELECT from_label, lag(to_label) OVER steps AS before, row_number() OVER steps AS step
	                              FROM segments.customer_change WINDOW steps AS (PARTITION BY id, name ORDER BY position)) AS c
	        WHERE step > 1 AND from_label IS DISTINCT FROM before)};

sub is_right
{
	my ($what) = @_;
	sql(q{SET client_min_messages = warning; CALL clientele.refresh('customer')});
	is(sql(q{SELECT count(*) FROM clientele.verify('customer')}), '0', "$what: what is stored is true");
	is(sql(q{SELECT count(*) FROM segments.customer AS s JOIN
	         (SELECT id, sum(amount) AS spend FROM crm.payment GROUP BY id) AS p USING (id) WHERE s.spend <> p.spend}),
		'0', "$what: by plain SQL, too");
	is(sql($feed), '0 0', "$what: the feed has each change once");
	is(sql(q{SELECT count(*) FROM clientele_data.customer_mark}), '0', "$what: no mark is left");
	return;
}

# within a batch, of which many rows have been written; and at the first row of one
for my $case ([3000, 800, 800], [2400, 800, 1600], [1, 100, 3900])
{
	my ($id, $batch, $built) = @$case;
	kill_during_refresh(wait_at('customer_stored_1', $id), $batch);
	is(sql(q{SELECT live_version IS NULL FROM clientele.population}), 't', "killed at $id while it builds: nothing is shown");
	is(sql(q{SELECT count(*) || ' ' || count(DISTINCT id) FROM clientele_data.customer_stored_1}), "$built $built", 'what was built stays');
	sql('ALTER TABLE clientele_data.customer_stored_1 DROP CONSTRAINT waits');
}
is( sql(q{UPDATE clientele.refresh_run SET pid = pg_backend_pid();
		SELECT split_part(value, ',', 1), hint FROM clientele.status('customer') WHERE item = 'refresh'; SELECT count(*) FROM clientele.refresh_progress}),
	"broken off: build|CALL clientele.refresh('customer');\n0", 'it is said to be broken off, though another has the number of its process');
is_right('first version');
is(sql(q{SELECT count(*) FROM segments.customer}), $customers, 'everyone is there');
is(sql(q{SELECT count(*) FROM pg_index WHERE indrelid = 'clientele_data.customer_stored_1'::regclass}), '2', 'and found by indexes');

for my $i (1 .. 6)
{
	sql(qq{INSERT INTO crm.payment SELECT g, '2026-01-01', 100 FROM generate_series(1, $customers) AS g;
	       DELETE FROM crm.customer WHERE id % 500 = $i});
	kill_during_refresh('SELECT FROM clientele_data.customer_stored_1 WHERE id = ' . ($i + 600 * $i) . ' FOR UPDATE', 50);
	# while it lies half done, readers see the truth
	is(sql(q{SELECT count(*) FROM segments.customer AS s JOIN
	         (SELECT id, sum(amount) AS spend FROM crm.payment GROUP BY id) AS p USING (id) WHERE s.spend <> p.spend}),
		'0', "kill $i: readers are not deceived");
	is_right("kill $i");
}

sql(q{SELECT clientele.define_tag('customer', 'small', 'spend < 50'); SELECT clientele.publish('customer')});
kill_during_refresh(wait_at('customer_stored_2', 10), 50);
is(sql(q{SELECT live_version FROM clientele.population}), '1', 'the version before is shown until the new one is built');
sql('ALTER TABLE clientele_data.customer_stored_2 DROP CONSTRAINT waits');
# it stands ready with its indexes, and waits for the feed
kill_during_refresh('LOCK TABLE clientele_data.customer_change IN SHARE MODE', 50);
is(sql(q{SELECT count(*) FROM pg_index WHERE indrelid = 'clientele_data.customer_stored_2'::regclass AND indisprimary}), '1', 'killed when it is built: it is not built again');
is_right('second version');
is(sql(q{SELECT live_version FROM clientele.population}), '2', 'then the new one is');

# Somebody reads the view that the switch is to replace.
sql(q{SELECT clientele.drop_definition('customer', 'small'); SELECT clientele.define_metric('customer', 'payments', 'count(payment)');
      SELECT clientele.publish('customer')});
kill_during_refresh('LOCK TABLE segments.customer IN ACCESS SHARE MODE', 50);
is(sql(q{SELECT live_version FROM clientele.population}), '2', 'killed while it switches: the version before is shown');
is(sql(q{SELECT count(*) FROM clientele_data.customer_stored_3}), sql('SELECT count(*) FROM crm.customer'), 'the new one is built');
is_right('third version');
is(sql(q{SELECT live_version, (SELECT count(*) FROM pg_attribute WHERE attrelid = 'segments.customer'::regclass AND attname = 'payments')
         FROM clientele.population}), '3|1', 'and shown, whole');

$node->stop;
done_testing();
