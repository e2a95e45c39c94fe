# pause_capture, drop_population and DROP EXTENSION, in a database where people work:
# nothing is left, nobody waits for long, and what cannot be had is left whole.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('clinic');
$node->init;
$node->append_conf('postgresql.conf', 'autovacuum = off');
$node->start;

# Tables are heaps where our code reads them as such, whatever the default.
$node->safe_psql('postgres', q{
	CREATE ACCESS METHOD other TYPE TABLE HANDLER heap_tableam_handler;
	SET default_table_access_method = other;
	CREATE EXTENSION clientele;
	CREATE TABLE customer (id int PRIMARY KEY);
	CREATE TABLE payment (id int, paid_at timestamptz, amount numeric(10,2)) PARTITION BY RANGE (paid_at);
	CREATE TABLE payment_1 PARTITION OF payment FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
	CREATE TABLE payment_2 PARTITION OF payment FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
	INSERT INTO customer SELECT generate_series(1, 9);
	SELECT clientele.create_population('clinic', 'customer', 'id', 'UTC'),
	       clientele.add_source('clinic', 'payment', 'payment', 'id', 'paid_at', amount => 'amount'),
	       clientele.define_metric('clinic', 'spend', 'sum(payment.amount)', 2),
	       clientele.publish('clinic')});
$node->safe_psql('postgres', q{CALL clientele.refresh('clinic')});
is( $node->safe_psql('postgres', q{
		SELECT string_agg(c.oid::regclass::text, ' ') FROM pg_class AS c JOIN pg_am AS a ON a.oid = c.relam
		WHERE c.relnamespace IN ('clientele'::regnamespace, 'clientele_data'::regnamespace) AND c.relkind = 'r' AND a.amname <> 'heap'}),
	'', 'tables are heaps');

# A partition that leaves takes its trigger for TRUNCATE with it.
$node->safe_psql('postgres', 'ALTER TABLE payment DETACH PARTITION payment_1');
sub triggers
{
	return $node->safe_psql('postgres', q{
		SELECT coalesce(string_agg(DISTINCT tgrelid::regclass::text, ' '), 'none') FROM pg_trigger
		WHERE tgname ~ '^clientele_'});
}
is(triggers(), 'customer payment payment_1 payment_2', 'a detached partition has kept a trigger');

# A payment is being typed in: who drops does not get the table, and gives up.
my $till = $node->background_psql('postgres');
$till->query_safe(q{BEGIN; INSERT INTO payment VALUES (1, '2026-02-03', 10)});
my ($status, $out, $error) = $node->psql('postgres', q{SET lock_timeout = '100ms'; SELECT clientele.drop_population('clinic')});
like($error, qr/canceling statement due to lock timeout/, 'a writer keeps the population');
is(triggers(), 'customer payment payment_1 payment_2', 'and all of it');
$till->query_safe(q{INSERT INTO payment VALUES (2, '2026-02-03', 10)});
my $view = 'SELECT sum(spend) FROM segments.clinic';
is($till->query_safe($view), '20.00', 'the writer goes on');
$till->query_safe('COMMIT');
is($node->safe_psql('postgres', $view), '20.00', 'and so do readers');

# A refresh is at work: who drops waits for its batch.
my $refresher = $node->background_psql('postgres');
$refresher->query_safe(q{SET client_min_messages = warning; BEGIN; CALL clientele.refresh('clinic')});
($status, $out, $error) = $node->psql('postgres', q{SET lock_timeout = '100ms'; SELECT clientele.drop_population('clinic')});
like($error, qr/canceling statement due to lock timeout/, 'a refresh keeps the population');
$refresher->query_safe('COMMIT');
$refresher->quit;

# A session that has captured changes hears of a pause, and of its end.
sub marked_by_till
{
	my ($id) = @_;
	$till->query_safe(qq{INSERT INTO payment VALUES ($id, '2026-02-03', 10)});
	return $node->safe_psql('postgres', qq{SELECT count(*) FROM clientele_data.clinic_mark WHERE key = $id});
}
is(marked_by_till(4), '1', 'a mark');
$node->safe_psql('postgres', q{SELECT clientele.pause_capture('clinic')});
is(marked_by_till(5), '0', 'no mark while capture is paused');
$node->safe_psql('postgres', q{SELECT clientele.resume_capture('clinic')});
is(marked_by_till(6), '1', 'a mark again');

# A cashier whose session has captured changes goes on when nothing is captured any more.
$node->safe_psql('postgres', q{SELECT clientele.drop_population('clinic')});
is(triggers(), 'none', 'no trigger is left');
$till->query_safe(q{INSERT INTO payment VALUES (3, '2026-02-03', 10)});
$node->safe_psql('postgres', 'DROP EXTENSION clientele');
$till->query_safe(q{INSERT INTO payment VALUES (3, '2026-02-04', 10)});
$till->quit;
is( $node->safe_psql('postgres', q{
		SELECT string_agg(nspname, ' ') FROM pg_namespace WHERE nspname IN ('clientele', 'clientele_data', 'segments')}),
	'', 'nor anything else');
is($node->safe_psql('postgres', 'SELECT count(*) FROM payment'), '7', 'but the payments');

$node->stop;
done_testing();
