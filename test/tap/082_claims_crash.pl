# The server is killed while tills claim, use and give back, some of them by transactions that
# are prepared; who gets no answer asks again when it is back.  After each recovery
# every claim that was acknowledged is there, once; none that was rolled back or refused is;
# what is left of each limit is what was not taken.  And so it is when all have been answered.
#
# CLAIMS_CYCLES chooses how often (3; 50 before a release), SALE_SEED what is ordered, and when.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Crash qw(crash);
use Sale qw(open_shop noon session notes morning_orders faults);
use Tills;

my $cycles = $ENV{CLAIMS_CYCLES} // 3;
my $seed = $ENV{SALE_SEED} // time() % 1000000;
my ($customers, $clients) = (1500, 32);
diag("SALE_SEED=$seed CLAIMS_CYCLES=$cycles");

my $node = PostgreSQL::Test::Cluster->new('shop');
$node->init;
$node->append_conf('postgresql.conf', "max_connections = 100\nmax_prepared_transactions = 100\nrestart_after_crash = on\nautovacuum = off\nlog_statement = none\n");
$node->start;
open_shop($node, 'shop', $customers);

# The server as a whole: first without its postmaster, each process until it notices; all at once; or one
# of the tills' servers, whose death the postmaster answers with a restart.
my @deaths = (
	sub { crash($node); $node->start; },
	sub { crash($node, everybody => 1); $node->start; },
	sub { kill 9, $_[0]->victim // return; });

my ($again, $prepared) = (0, 0);
for my $cycle (1 .. $cycles)
{
	srand($seed + $cycle - 1);
	$node->safe_psql('postgres', 'CREATE DATABASE sale TEMPLATE shop');
	my $notes = notes();
	my $tills = Tills->new($node, 'sale', $clients, options => sub { return session(noon()); });
	my $count = $tills->count;

	my @crashes = sort { $a <=> $b } map { int rand 1500 } 1 .. 2;
	my $trouble = sub {
		return if !@crashes || $count->{answered} + $count->{refused} < $crashes[0];
		shift @crashes;
		my $death = ($cycle + @crashes) % @deaths;
		$deaths[$death]->($tills);
		return if $death == 2;    # it will be back by itself
		$prepared += $node->safe_psql('sale', 'SELECT count(*) FROM pg_prepared_xacts');
		is(join("\n", faults($node, 'sale', $notes, noon(), is_open => 1)), '', "cycle $cycle: back again, all is there that was acknowledged");
	};
	$tills->serve([ morning_orders($notes, $tills, $customers) ], trouble => $trouble);
	is(join("\n", faults($node, 'sale', $notes, noon()), $tills->failures), '', "cycle $cycle: all were answered in the end, each once");
	$again += $count->{again};

	$tills->hang_up_all;
	$node->poll_query_until('postgres', q{SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = 'sale')});
	$node->safe_psql('postgres', 'DROP DATABASE sale');
}
diag("$again requests were made again, $prepared transactions were prepared when the server died");
cmp_ok($again, '>', $cycles, 'who got no answer asked again');

$node->stop;
done_testing();
