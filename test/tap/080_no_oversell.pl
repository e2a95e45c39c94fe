# 500 coupons, 10,000 customers, 64 tills.  They claim, use, give back and change their minds, at
# every level of isolation, in blocks, behind savepoints, in transactions that are
# prepared, and hang up before they are answered; their servers are ended and cancelled in the midst of it.  Who gets no answer
# asks again.  In the end exactly 500 have one, every other limit holds to the cent, what
# was acknowledged is there, and what was not is not.
#
# SALE_ROUNDS chooses how often (5; 200 before a release), SALE_SEED what is ordered.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);
use Sale qw(open_shop noon later session notes morning_orders evening_orders last_orders faults);
use Tills;

my $rounds = $ENV{SALE_ROUNDS} // 5;
my $seed = $ENV{SALE_SEED} // time() % 1000000;
my ($customers, $clients) = (10000, 64);
diag("SALE_SEED=$seed SALE_ROUNDS=$rounds");

my $node = PostgreSQL::Test::Cluster->new('shop');
$node->init;
$node->append_conf('postgresql.conf', "max_connections = 200\nmax_prepared_transactions = 200\nautovacuum = off\nlog_statement = none\n");
$node->start;
open_shop($node, 'shop', $customers);

# Every 20 ms some till's server is told to end, or its statement to stop.
my $trouble_at = 0;
sub trouble
{
	my ($tills) = @_;
	return if time() < $trouble_at;
	$trouble_at = time() + 0.02;
	my $pid = $tills->victim // return;
	$tills->errand('SELECT ' . (rand() < 0.3 ? 'pg_cancel_backend' : 'pg_terminate_backend') . "($pid)");
	return;
}

my %total;
for my $round (1 .. $rounds)
{
	srand($seed + $round - 1);
	$node->safe_psql('postgres', "CREATE DATABASE sale TEMPLATE shop");
	my $clock = noon();
	my $notes = notes();
	my $tills = Tills->new($node, 'sale', $clients, options => sub { return session($clock); }, hang_up => 0.02);

	$tills->serve([ morning_orders($notes, $tills, $customers) ], trouble => \&trouble);
	is(join("\n", faults($node, 'sale', $notes, $clock)), '', "round $round: at noon all limits hold, and all is there that was acknowledged");

	$clock = later();
	$tills->hang_up_all;
	$tills->serve([ evening_orders($notes, $tills) ], trouble => \&trouble);
	is(join("\n", faults($node, 'sale', $notes, $clock)), '', "round $round: what was not paid in time is had by others");

	my %left = map { split /\|/ } split /\n/, $node->safe_psql('sale', "SELECT o.name, sum(remaining)
		FROM clientele.stock AS s JOIN clientele.offered_promotion AS o USING (promotion_id) WHERE kind = 'total' GROUP BY o.name");
	$tills->serve([ last_orders($notes, $customers, %left) ]);
	is(join("\n", faults($node, 'sale', $notes, $clock)), '', "round $round: and when it is quiet");
	is( $node->safe_psql('sale', "SET clientele.clock = '$clock'; SELECT o.name, count(*) FROM clientele.claim AS c JOIN clientele.offered_promotion AS o USING (promotion_id)
			WHERE o.name IN ('flash', 'points', 'unpaid') AND c.state IN ('held', 'redeemed') AND (c.state = 'redeemed' OR c.expires_at > clientele.wall_clock())
			GROUP BY o.name ORDER BY o.name"),
		"flash|500\npoints|80\nunpaid|50", "round $round: exactly as many were sold as there were");

	is(join("\n", $tills->failures), '', "round $round: nothing else went wrong");
	$total{$_} += $tills->count->{$_} for keys %{ $tills->count };
	$tills->hang_up_all;
	$node->poll_query_until('postgres', q{SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = 'sale')});
	is($node->safe_psql('postgres', q{SELECT deadlocks FROM pg_stat_database WHERE datname = 'sale'}), '0', "round $round: no deadlock");
	$node->safe_psql('postgres', 'DROP DATABASE sale');
}
diag(join ', ', map { "$_: $total{$_}" } sort keys %total);
cmp_ok($total{lost_inside}, '>', 0, 'connections were lost in the midst of transactions');

# Would it be noticed?  Who counts and then inserts, as one would write it, and forgets that who asks
# again has asked before.
$node->safe_psql('postgres', 'CREATE DATABASE planted TEMPLATE shop');
$node->safe_psql(
	'planted', q{
	CREATE SCHEMA planted;
	CREATE FUNCTION planted.claim(population text, customer int, promotion text, request text, bill jsonb, redeem boolean DEFAULT false) RETURNS bigint
	LANGUAGE plpgsql AS $$
	DECLARE
		number bigint;
	BEGIN
		IF (SELECT count(*) FROM clientele.claim AS c JOIN clientele.offered_promotion AS o USING (promotion_id) WHERE o.name = promotion) >= 500 THEN
			RAISE EXCEPTION 'sold out' USING ERRCODE = 'CL002';
		END IF;
		INSERT INTO clientele.claim (population_id, promotion_id, version, key, state, claimed_at, expires_at, day)
		SELECT population_id, promotion_id, 1, customer, 'held', clientele.wall_clock(), 'infinity', '2026-07-01'
		FROM clientele.offered_promotion AS o WHERE o.name = promotion
		RETURNING claim_id INTO number;
		INSERT INTO clientele.claim_step (population_id, claim_id, step, at, actor) SELECT population_id, number, 'claim', now(), current_user FROM clientele.population;
		RETURN number;
	END $$});
srand($seed);
my $notes = notes();
my $tills = Tills->new($node, 'planted', $clients, options => sub { return session(noon(), 'read\\ committed'); });
$tills->serve([ map { Sale::order($notes, "planted $_", Sale::claim('flash', $_, "planted $_"), undef, way => 'block') } grep { $_ % 10 < 9 } 1 .. 800 ]);
my $faults = join "\n", faults($node, 'planted', $notes, noon());
like($faults, qr/^flash: total : more is taken than there is: 5\d\d of 500$/m, 'who counts and then inserts is found out: more are sold');
like($faults, qr/^flash: total : 5\d\d are taken of 500, but/m, 'and the stock does not know');
like($faults, qr/was answered \d+, and has nothing$/m, 'who does not note what was asked is found out');
$tills->hang_up_all;

$node->stop;
done_testing();
