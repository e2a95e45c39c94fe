# Coupons are issued to a segment while the server is killed with kill -9, connections are cut, tills claim and
# customers come: whoever makes the same request again goes on where it was, and in the end each customer of the
# segment has one coupon, the stock has lost as many, and the batch knows it.  COUPON_CRASHES says how often,
# COUPON_SEED when.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Crash qw(crash begin_client);

my $customers = 6000;
my $crashes = $ENV{COUPON_CRASHES} // 4;
my $seed = $ENV{COUPON_SEED} // time;
srand($seed);
note "COUPON_SEED=$seed COUPON_CRASHES=$crashes";

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "restart_after_crash = off\nfsync = on\n");
$node->start;

sub sql { return $node->safe_psql('postgres', $_[0]); }

sql(qq{
	SET client_min_messages = warning;
	CREATE EXTENSION clientele;
	CREATE SCHEMA crm;
	CREATE TABLE crm.customer (id int PRIMARY KEY);
	CREATE TABLE crm.visit (id int, at timestamptz, paid int);
	CREATE INDEX ON crm.visit (id, at) INCLUDE (paid);
	INSERT INTO crm.customer SELECT g FROM generate_series(1, $customers) AS g;
	INSERT INTO crm.visit SELECT g, '2026-01-01', g % 10 FROM generate_series(1, $customers) AS g;
	SELECT clientele.create_population('customer', 'crm.customer', 'id', 'UTC');
	SELECT clientele.add_source('customer', 'visit', 'crm.visit', 'id', 'at');
	SELECT clientele.define_metric('customer', 'paid', 'sum(visit.paid)', 0);
	SELECT clientele.publish('customer')});
sql("CALL clientele.refresh('customer')");
sql(q{SELECT clientele.define_promotion('customer', 'mail', '{"term": {"from": "2020-01-01"}, "branches": "all",
	"benefit": {"kind": "amount off", "amount": 5}, "after_refund": "none", "stock": {"total": 10000, "per_customer": 2}}');
	SELECT clientele.publish_promotion('customer', 'mail')});

my $call = "CALL clientele.issue_coupons('customer', 'mail', 'paid < 7', 'mail', batch => 50)";

sub done { return sql(q{SELECT coalesce(max(done + left_out), 0) FROM clientele.coupon_batch}); }

# What is true whatever has happened so far: nobody has two coupons of the batch, each is written down, in the stock and the batch.
sub is_sound
{
	my ($when) = @_;
	is(sql(q{SELECT count(*) - count(DISTINCT key), count(*) - (SELECT coalesce(sum(done), 0) FROM clientele.coupon_batch),
			count(*) - count(s.claim_id)
		FROM clientele.claim AS c LEFT JOIN clientele.claim_step AS s USING (claim_id)
		WHERE c.origin = 'batch'}), '0|0|0', "coupons, steps and the batch agree $when");
	is(sql(q{SELECT 10000 - sum(remaining) - (SELECT count(*) FROM clientele.claim) FROM clientele.stock}), '0', "and so does the stock");
	return;
}

# Somebody at a till has claimed, and not committed: it waits for him with a range half done, every time at another place.
# Both die together: if he died first, it would no longer wait.
for my $n (1 .. $crashes)
{
	my $before = done();
	my $customer = 10 * int(($customers - ($n - 1 + rand) * $customers / ($crashes + 1)) / 10) + int(rand(7));
	my @pids = (begin_client($node, "BEGIN; SELECT clientele.claim('customer', $customer, 'mail', 'held $n'); SELECT pg_sleep(600)"));
	$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'})
		or die 'nobody stands in the way';
	push @pids, begin_client($node, $call);
	push @pids, begin_client($node, "SELECT clientele.try_claim('customer', n, 'mail', 'till $n ' || n) FROM generate_series($n, $customers, 97) AS n WHERE n <> $customer");
	$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity
		WHERE query LIKE 'CALL clientele.issue_coupons%' AND wait_event_type = 'Lock'}) or die 'it does not wait';
	if ($n % 2)
	{
		crash($node, everybody => 1);
		waitpid($_, 0) for @pids;
		$node->start;
	}
	else
	{
		sql(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'});
		waitpid($_, 0) for @pids;
	}
	my $after = done();
	note "customer $customer: $before, then $after";
	ok($after >= $before && $after < $customers * 7 / 10, "interruption $n: what was issued is there, and there is more to do");
	is_sound("after interruption $n");
}

# Two at once go on, and a third finds nothing to do.
my @both = map { begin_client($node, $call) } 1 .. 2;
waitpid($_, 0) for @both;
sql($call);
is_sound('in the end');
is(sql(q{SELECT count(*) FROM (SELECT g::text FROM crm.visit AS v (g, at, paid) WHERE paid < 7
		EXCEPT SELECT key FROM clientele.claim WHERE origin = 'batch') AS missing}), '0', 'everybody of the segment has a coupon');
is(sql(q{SELECT count(*) FROM clientele.claim WHERE origin = 'batch'}), $customers * 7 / 10, 'and nobody else');
is(sql(q{SELECT quantity = done, left_out, ended_at IS NOT NULL FROM clientele.coupon_batch}), 't|0|t', 'the batch has ended');

done_testing();
