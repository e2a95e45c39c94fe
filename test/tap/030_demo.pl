# The demo's segments, customer by customer, are what plain SQL makes of the same
# tables; and its pages can be printed.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $customers = 600;

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

# Fills a database and segments it with the clientele that `prelude` brings.
sub segments
{
	my ($database, $prelude) = @_;
	my $script = read_file('test/demo/20_segments.sql');

	$script =~ s/^CREATE EXTENSION IF NOT EXISTS clientele;$//m or die 'the demo does not create the extension';
	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, "\\set customers $customers\n" . read_file('test/clinic/clinic.sql'));
	$node->safe_psql($database, $prelude);
	$node->safe_psql($database, $script);
	return $node->safe_psql($database, 'SELECT * FROM demo.segment ORDER BY customer_id, days_on');
}

my $ours = segments('with_extension', 'CREATE EXTENSION clientele');
my $plain = segments('plain', read_file('test/oracle/plain_clientele.sql'));

is(scalar(split /\n/, $ours), 2 * $customers, 'every customer has a segment, today and in 90 days');
is($ours, $plain, 'RFM scores, groups, tier scores, tiers and tags are those of plain SQL');

for my $page (sort glob 'test/demo/*.sql')
{
	my ($output, $errors);
	my $status = $node->psql('with_extension', read_file($page), stdout => \$output, stderr => \$errors, on_error_stop => 1);

	is($status, 0, "$page runs") or diag $errors;
}

done_testing();
