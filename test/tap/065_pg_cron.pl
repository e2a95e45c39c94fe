# pg_cron refreshes as well as anybody: with the line of doc/freshness.md, as the
# population's owner, whom it makes a session or a background worker for; also beside our
# own worker.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('clinic');
$node->init;
$node->start;
if ($node->safe_psql('postgres', q{SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_cron'}) eq '0')
{
	$node->stop;
	plan skip_all => 'pg_cron is not installed';
}
$node->append_conf('postgresql.conf', qq{
	shared_preload_libraries = 'pg_cron, clientele'
	cron.database_name = 'postgres'
	cron.host = '@{[ $node->host ]}'
	max_worker_processes = 16
});
$node->restart;

open my $page, '<', 'doc/freshness.md' or die "doc/freshness.md: $!";
my ($line) = join('', <$page>) =~ /^(SELECT cron\.schedule\(.*?;)$/m or die 'doc/freshness.md has no line for pg_cron';
close $page;

$node->safe_psql('postgres', q{
	CREATE ROLE manager LOGIN;
	GRANT CREATE ON DATABASE postgres TO manager;
	CREATE EXTENSION pg_cron;
	GRANT USAGE ON SCHEMA cron TO manager;
	CREATE EXTENSION clientele;
	CREATE TABLE person (id int PRIMARY KEY);
	CREATE TABLE payment (id int, paid_at timestamptz, amount int);
	INSERT INTO person SELECT generate_series(1, 200);
	ALTER TABLE person OWNER TO manager;
	ALTER TABLE payment OWNER TO manager;
	SET ROLE manager;
	SELECT clientele.create_population('customer', 'person', 'id', 'UTC');
	SELECT clientele.add_source('customer', 'payment', 'payment', 'id', 'paid_at');
	SELECT clientele.define_metric('customer', 'spend', 'sum(payment.amount)', 0);
	SELECT clientele.publish('customer')});
$node->safe_psql('postgres', "SET SESSION AUTHORIZATION manager; $line");

my $ran = q{SELECT count(*) > 0 FROM cron.job_run_details WHERE status IN ('succeeded', 'failed')};
my $payments = q{INSERT INTO payment SELECT g, '2026-01-01', 1 FROM generate_series(1, 200) AS g};

sub is_right
{
	is($node->safe_psql('postgres', q{SELECT DISTINCT status || ' ' || username FROM cron.job_run_details WHERE status IN ('succeeded', 'failed')}),
		'succeeded manager', 'as the owner');
	ok($node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM clientele_data.customer_mark}), 'all marks are taken in');
	is($node->safe_psql('postgres', q{SELECT count(*) FROM clientele_data.customer_stored_1 AS s
		JOIN (SELECT id, sum(amount) AS spend FROM payment GROUP BY id) AS p USING (id) WHERE s.spend = p.spend}), '200', 'what is stored is true');
	return;
}

# pg_cron makes a session for the job.
$node->safe_psql('postgres', $payments);
ok($node->poll_query_until('postgres', $ran), 'the job has run in a session');
is_right();

# It makes a background worker for the job; and all who may refresh do, at once.
$node->safe_psql('postgres', 'ALTER SYSTEM SET cron.use_background_workers = on; TRUNCATE cron.job_run_details');
$node->restart;
$node->safe_psql('postgres', 'SELECT clientele.start_worker()');
$node->poll_query_until('postgres', 'SELECT extract(second FROM clock_timestamp()) >= 58');
my $hand = $node->background_psql('postgres', on_error_stop => 1);
for my $round (1 .. 1000)
{
	last if $node->safe_psql('postgres', $ran) eq 't';
	$node->safe_psql('postgres', $payments);
	$hand->query_safe(q{SET client_min_messages = warning; CALL clientele.refresh('customer', 50)});
}
$hand->quit;
ok($node->poll_query_until('postgres', $ran), 'the job has run in a background worker, beside our worker and a session');
is_right();
is($node->safe_psql('postgres', q{SELECT count(*) FROM clientele.verify('customer')}), '0', 'by another plan, too');
is($node->safe_psql('postgres', q{SELECT count(*) FROM clientele.worker_failure}), '0', 'and nobody has failed');

$node->stop;
done_testing();
