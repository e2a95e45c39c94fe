# The demo's pages, in their order: they can be printed; and what they show of each customer
# is what plain SQL makes of the same tables: today, after a payment, a week later, and
# looking ahead.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $customers = 600;
my $as_of = '2026-06-30 22:00:00+08';
my $columns = 'customer_id, purchases, purchases_1y, paid_total, paid_1y, last_paid, discount, owing, visits, visits_1y, '
  . 'consults_1y, last_visit, sessions_left, asked_1y, budgets_1y, reads_1y, referred, referred_1y, '
  . 'rfm, rfm_score, tier, tier_score, stage, tags';

my $node = PostgreSQL::Test::Cluster->new('demo');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->start;

sub read_file
{
	my ($name) = @_;
	local $/;
	open my $file, '<', $name or die "$name: $!";
	return scalar <$file>;
}

# One page of the demo, with what it needs already told.
sub page
{
	my ($name, $prelude) = @_;
	my ($output, $errors);
	my $status = $node->psql('clinic', ($prelude // '') . read_file($name), stdout => \$output, stderr => \$errors, on_error_stop => 1);

	is($status, 0, "$name runs") or diag $errors;
	is($errors, '', "$name has nothing to complain about");
	return;
}

# Whose segments are not what the oracle says.
sub differences
{
	my ($segments, $instant) = @_;

	return $node->safe_psql('clinic', qq{
		CREATE TEMP TABLE got AS SELECT $columns FROM $segments AS s;
		CREATE TEMP TABLE wanted AS SELECT $columns FROM oracle.segment($instant) AS s;
		SELECT count(*) FROM got;
		SELECT 'clientele', d.* FROM (TABLE got EXCEPT ALL TABLE wanted) AS d UNION ALL
		SELECT 'oracle', d.* FROM (TABLE wanted EXCEPT ALL TABLE got) AS d ORDER BY 2, 1 LIMIT 10});
}

$node->safe_psql('postgres', 'CREATE DATABASE clinic');
$node->safe_psql('clinic', "\\set customers $customers\n" . read_file('test/clinic/clinic.sql'));
$node->safe_psql('clinic', read_file('test/oracle/demo.sql') . "SELECT oracle.calibrate('$as_of')");

my @pages = sort glob 'test/demo/*.sql';
for my $name (@pages)
{
	page($name);
	next unless $name =~ /segments|payment|time/;
	is(differences('segments.customer', 'clientele.wall_clock()'), $customers, "after $name every customer is what plain SQL says");
}
is(differences("segments.customer_as_of('2026-10-01 09:30+08')", "'2026-10-01 09:30+08'"), $customers, 'so it is when looking ahead');
is(differences("segments.customer_as_of('2026-01-15 00:00+08')", "'2026-01-15 00:00+08'"), $customers, 'and when looking back');

isnt($node->safe_psql('clinic', "SELECT count(*) FROM segments.customer_change WHERE cause = 'time'"), 0, 'time alone has changed labels');
is($node->safe_psql('clinic', "SELECT count(*) FROM clientele.verify('customer')"), 0, 'what is stored is right');

# It can be done again, and undone.
page('test/demo/20_segments.sql');
$node->safe_psql('clinic', "SELECT clientele.drop_population('customer'); DROP EXTENSION clientele");
is($node->safe_psql('clinic', "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'clientele%'")
	  + $node->safe_psql('clinic', "SELECT count(*) FROM pg_namespace WHERE nspname ~ 'clientele|segments'"),
	0, 'nothing is left in the clinic');

$node->stop;
done_testing();
