# What is read on the primary is read on a hot standby, exact and without a write: with marks
# that wait and rows that are due, while versions come and go.  Promoted, it captures and
# refreshes.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Clinic qw(make_roles open_clinic answers reads_as is_exact is_alive is_gone $now);

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', "clientele.clock = '$now'\nautovacuum = off");
$primary->start;
make_roles($primary);
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->append_conf('postgresql.conf', 'max_standby_streaming_delay = 100ms');
$standby->start;

sub primary { return $primary->safe_psql('postgres', $_[0]); }
sub standby { return $standby->safe_psql('postgres', $_[0]); }

sub caught_up
{
	$primary->wait_for_catchup($standby);
	return;
}

open_clinic($primary, 'postgres');
caught_up();
like(standby(q{SELECT string_agg(item || ' ' || value, ', ') FROM clientele.status('customer')}),
	qr/marks [1-9].*rows due [1-9]/, 'marks wait and rows are due');
reads_as($standby, 'postgres', answers($primary, 'postgres'), 'standby');
is_exact($standby, 'postgres', 'standby');
primary(q{SELECT clientele.set_revenue('customer', VARIADIC '{}')});
caught_up();
for my $call ('status', 'definitions', 'check_definitions', 'simulate')
{
	my $query = "SELECT * FROM clientele.$call('customer')";
	is(standby($query), primary($query), "$call says the same");
}

# What customers are offered, the same; and what is paused, at once.
primary(q{
	SELECT clientele.define_promotion('customer', 'standby', '{"term": {"from": "2020-01-01"}, "branches": "all", "audience": "spent > 20000",
		"audience_at": "bill", "benefit": {"kind": "points", "points": 5}, "stock": {"total": 3, "per_customer": 1}, "after_refund": "none"}');
	SELECT clientele.publish_promotion('customer', 'standby')});
my $offers = q{SELECT string_agg(concat_ws(' ', c, o.eligible, o.reasons, o.remaining), ', ' ORDER BY c)
	FROM generate_series(1, 12) AS c CROSS JOIN LATERAL clientele.offers('customer', c, '{"amount": 5}') AS o};
caught_up();
my $offered = primary($offers);
like($offered, qr/ t .* f /, 'an offer for some');
is(standby($offers), $offered, 'the same offers');
primary(q{SELECT clientele.pause_promotion('customer', 'standby')});
caught_up();
is(standby($offers), primary($offers), 'the same when it is paused');
primary(q{SELECT clientele.end_promotion('customer', 'standby')});

# One customer, one after the other, through all that reads, by cursor and by plan.
is( standby(q{
		BEGIN ISOLATION LEVEL REPEATABLE READ;
		DECLARE c CURSOR FOR SELECT customer_id, clientele.profile('customer', customer_id) ->> 'spent' = spent::text FROM segments.customer WHERE customer_id IN (5, 6);
		FETCH 2 FROM c;
		COMMIT}),
	"5|t\n6|t", 'by a cursor, evaluated in one snapshot');

# ---------- who comes to the wrong server is told so ----------

for my $write (
	q{CALL clientele.refresh('customer')},
	(map { "SELECT $_" } q{clientele.publish('customer')}, q{clientele.mark_all('customer')}, q{clientele.forget('customer', 3)},
		q{clientele.define_tag('customer', 'x', 'spent > 1')}, q{clientele.pause_capture('customer')}, q{clientele.drop_population('customer')}))
{
	my ($status, $out, $error) = $standby->psql('postgres', $write);
	like($error, qr/ERROR:  cannot (execute|acquire|set|assign) .*(read-only transaction|recovery)/, "refused: $write");
}

# ---------- while the primary goes on ----------

my $reader = $standby->background_psql('postgres');
my $sees = q{SELECT model_version, spent FROM segments.customer WHERE customer_id = 25};
my $before = $reader->query_safe($sees);
like($before, qr/^2\|/, 'a session reads the second version');
primary(q{INSERT INTO crm.bill VALUES (3000, 25, 1, '2026-06-30 10:00+08'); INSERT INTO crm.bill_line VALUES (3000, 5)});
caught_up();
is($reader->query_safe($sees), $before =~ s/\|(.*)/sprintf '|%.2f', $1 + 5/er, 'a payment is seen when it has come');
primary(q{SELECT clientele.mark_all('customer')});
caught_up();
is_exact($standby, 'postgres', 'everyone marked');

# What is asked for goes away: that is an error at once, and nothing worse.
my $log = $PostgreSQL::Test::Utils::tmp_check . '/asked_for_long';
my $pid = fork() // die "fork: $!";
if (!$pid)
{
	open(STDOUT, '>', $log);
	open(STDERR, '>&', \*STDOUT);
	exec('psql', '-X', '-q', '-d', $standby->connstr('postgres'),
		'-c', q{SELECT count(c.spent) FROM generate_series(1, 100000000) AS g, LATERAL (SELECT spent FROM segments.customer WHERE customer_id = 1 + g % 60) AS c});
}
$standby->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_locks WHERE relation = 'segments.customer'::regclass AND pid <> pg_backend_pid()})
  or die 'nobody is asking';
primary(q{SET client_min_messages = warning; CALL clientele.refresh('customer'); CALL clientele.refresh('customer')});
is(primary(q{SELECT to_regclass('clientele_data.customer_stored_2') IS NULL}), 't', 'the second version is dropped');
caught_up();
waitpid($pid, 0);
like(PostgreSQL::Test::Utils::slurp_file($log), qr/(ERROR:  canceling statement|FATAL:  terminating connection) due to conflict with recovery/,
	'who reads it on the standby is told to ask again');
like($reader->query_safe($sees), qr/^3\|/, 'a session that has read the second version reads the third');
$reader->quit;
is_exact($standby, 'postgres', 'third version');

# ---------- promoted ----------

primary(q{INSERT INTO crm.bill_line VALUES (3000, 7)});
caught_up();
$primary->stop;
$standby->promote;
is(standby(q{SELECT count(*) FROM clientele_data.customer_mark}), '1', 'a mark has come along');
is_exact($standby, 'postgres', 'promoted');
is( standby(q{
		SET client_min_messages = warning;
		INSERT INTO crm.bill_line VALUES (3000, 8);
		SELECT count(*) FROM clientele_data.customer_mark;
		CALL clientele.refresh('customer');
		SELECT count(*) FROM clientele_data.customer_mark;
		SELECT clientele.publish('customer');
		CALL clientele.refresh('customer');
		SELECT live_version FROM clientele.population WHERE name = 'customer'}),
	"2\n0\n4\n4", 'promoted: payments are captured, refresh and publish work');
is(standby(q{SELECT count(*) FROM clientele.verify('customer')}), '0', 'promoted: what is stored is true');
is_gone($standby, 'postgres', 'promoted');

$standby->stop;
done_testing();
