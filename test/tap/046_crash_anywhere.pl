# The server is killed at random moments while tills write, customers come and go, a refresh
# is at work and versions are published.  After each recovery what is read is what plain SQL
# says of the facts that were committed, so no mark was lost; and after one refresh it is
# stored, nothing waits, and the feed leads there.
#
# CRASH_CYCLES chooses how often; CRASH_SEED repeats the moments, as far as they can be.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Crash qw(crash);

my $cycles = $ENV{CRASH_CYCLES} // 20;
my $seed = $ENV{CRASH_SEED} // time() % 1000000;
my $customers = 200;
srand($seed);
diag("CRASH_SEED=$seed CRASH_CYCLES=$cycles");

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "autovacuum = off\nrestart_after_crash = off\nclient_min_messages = warning\nlog_statement = none\n");
$node->start;

sub sql { return $node->safe_psql('postgres', $_[0]); }

sql(qq{
	CREATE EXTENSION clientele;
	CREATE SCHEMA crm;
	CREATE TABLE crm.customer (id int PRIMARY KEY, level int);
	CREATE TABLE crm.payment (payment_id serial PRIMARY KEY, id int, paid_at timestamptz, amount int);
	CREATE TABLE crm.bill (bill_id int PRIMARY KEY, id int, paid_at timestamptz);
	CREATE TABLE crm.line (bill_id int REFERENCES crm.bill, amount int);
	CREATE INDEX ON crm.payment (id, paid_at) INCLUDE (amount);
	CREATE INDEX ON crm.bill (id, paid_at) INCLUDE (bill_id);
	CREATE INDEX ON crm.line (bill_id) INCLUDE (amount);
	INSERT INTO crm.customer SELECT g, g % 3 FROM generate_series(1, $customers) AS g;
	INSERT INTO crm.payment (id, paid_at, amount) SELECT 1 + g % $customers, timestamptz '2026-01-01' - g * interval '1 hour', g % 300
	FROM generate_series(1, 5 * $customers) AS g;
	INSERT INTO crm.bill SELECT g, 1 + g % $customers, '2025-12-01' FROM generate_series(1, $customers) AS g;
	INSERT INTO crm.line SELECT g, g FROM generate_series(1, $customers) AS g;
	SELECT clientele.create_population('customer', 'crm.customer', 'id', 'UTC');
	SELECT clientele.add_source('customer', 'payment', 'crm.payment', 'id', 'paid_at');
	SELECT clientele.add_source('customer', 'line', 'crm.line', 'bill_id.id', 'bill_id.paid_at');
	SELECT clientele.define_metric('customer', 'spend', 'sum(payment.amount)', 0);
	SELECT clientele.define_metric('customer', 'recent', 'sum(payment.amount last 10 days)', 0);
	SELECT clientele.define_metric('customer', 'billed', 'sum(line.amount last 60 days)', 0);
	SELECT clientele.define_ladder('customer', 'tier', '[{"label":"gold","when":"spend >= 1500"},{"label":"silver","when":"billed > 100"},{"label":"new"}]');
	SELECT clientele.define_tag('customer', 'quiet', 'recent = 0');
	SELECT clientele.define_tag('customer', 'high', 'level = 2');
	SELECT clientele.publish('customer')});
sql("SET clientele.clock = '2026-01-01 00:00+00'; CALL clientele.refresh('customer')");

# ---------- who is at work ----------

my $directory = $PostgreSQL::Test::Utils::tmp_check;

my %tills = (
	pay => 'INSERT INTO crm.payment (id, paid_at, amount) VALUES (:id, :now - :days * interval $$1 day$$, :amount);',
	pay_and_look => 'BEGIN; INSERT INTO crm.payment (id, paid_at, amount) VALUES (:id, :now, :amount), (:other, :now, 1);
		SELECT tier FROM segments.customer WHERE id = :id; SAVEPOINT s;
		UPDATE crm.payment SET amount = amount + 1 WHERE id = :id; ROLLBACK TO s;
		INSERT INTO crm.line VALUES (:bill, :amount); COMMIT;',
	give_back => 'DELETE FROM crm.payment WHERE payment_id IN (SELECT payment_id FROM crm.payment WHERE id = :id ORDER BY payment_id LIMIT 6);',
	void => 'DELETE FROM crm.line WHERE bill_id = :bill;',
	pass_on => 'UPDATE crm.payment SET id = :other WHERE payment_id = (SELECT max(payment_id) FROM crm.payment WHERE id = :id);',
	bill_of_another => 'UPDATE crm.bill SET id = :other, paid_at = :now - :days * interval $$1 day$$ WHERE bill_id = :bill;',
	leave => 'DELETE FROM crm.customer WHERE id = :id;',
	come => 'INSERT INTO crm.customer VALUES (:id, :days % 3) ON CONFLICT (id) DO UPDATE SET level = excluded.level;');
my %weights = (pay => 6, pay_and_look => 3, give_back => 2, pass_on => 2, bill_of_another => 2, void => 2, leave => 1, come => 2);
for my $name (keys %tills)
{
	PostgreSQL::Test::Utils::append_to_file("$directory/$name.sql", (join "\n",
		"\\set id random(1, $customers)", "\\set other random(1, $customers)", "\\set bill random(1, $customers)",
		'\set amount random(1, 300)', '\set days random(0, 70)',
		$tills{$name} =~ s/:now/current_setting('clientele.clock')::timestamptz/gr =~ s/\n\s*/ /gr =~ s/; /;\n/gr) . "\n");
}

sub in_background
{
	my ($name, @command) = @_;
	my $pid = fork();
	die "fork: $!" unless defined $pid;
	return $pid if $pid;
	open(STDOUT, '>', "$directory/$name.out");
	open(STDERR, '>', "$directory/$name.err");
	exec(@command);
}

sub psql { return ('psql', '-X', '-q', '-d', $node->connstr('postgres'), '-f', $_[0]); }

PostgreSQL::Test::Utils::append_to_file("$directory/refresh.sql", "CALL clientele.refresh('customer', 30);\n" x 2000);
sub publish_script
{
	my ($name) = @_;
	unlink $name;
	PostgreSQL::Test::Utils::append_to_file(
		$name, join '', map {
			sprintf "SELECT clientele.define_tag('customer', 'passing', 'spend > %d');\nSELECT clientele.publish('customer');\nSELECT pg_sleep(%.2f);\n",
			  rand(2000), rand(0.1)
		} 1 .. 200);
	return $name;
}

# ---------- what must be ----------

my $plain = q{
	SELECT c.id, coalesce(p.spend, 0) AS spend, coalesce(p.recent, 0) AS recent, coalesce(l.billed, 0) AS billed,
	       CASE WHEN p.spend >= 1500 THEN 'gold' WHEN l.billed > 100 THEN 'silver' ELSE 'new' END AS tier,
	       concat_ws(', ', CASE WHEN c.level = 2 THEN 'high' END, CASE WHEN coalesce(p.recent, 0) = 0 THEN 'quiet' END) AS tags
	FROM crm.customer AS c CROSS JOIN (SELECT current_setting('clientele.clock')::timestamptz AS at) AS now
	LEFT JOIN LATERAL (
		SELECT sum(amount) AS spend, sum(amount) FILTER (WHERE (paid_at AT TIME ZONE 'UTC')::date > (at AT TIME ZONE 'UTC')::date - 10) AS recent
		FROM crm.payment AS p WHERE p.id = c.id AND paid_at <= at) AS p ON true
	LEFT JOIN LATERAL (
		SELECT sum(amount) AS billed FROM crm.bill AS b JOIN crm.line AS i USING (bill_id)
		WHERE b.id = c.id AND paid_at <= at AND (paid_at AT TIME ZONE 'UTC')::date > (at AT TIME ZONE 'UTC')::date - 60) AS l ON true};
my $view = q{SELECT id, spend, recent, billed, tier, array_to_string(array_remove(string_to_array(tags, ', '), 'passing'), ', ') AS tags FROM segments.customer};
my $wrong = "(SELECT count(*) FROM (($view EXCEPT ALL $plain) UNION ALL ($plain EXCEPT ALL $view)) AS different)";
my $feed = q{
	(SELECT count(*) FROM (
		SELECT id, 'tier' AS name, tier AS label FROM segments.customer
		UNION ALL SELECT id, tag, tag FROM segments.customer_tag) AS l
	 FULL JOIN (SELECT * FROM segments.customer_membership WHERE valid_to IS NULL) AS m USING (id, name)
	 WHERE m.label IS DISTINCT FROM l.label)
	+ (SELECT count(*) FROM (SELECT from_label, lag(to_label) OVER steps AS before, row_number() OVER steps AS step
	                         FROM segments.customer_change WINDOW steps AS (PARTITION BY id, name ORDER BY position)) AS c
	   WHERE step > 1 AND from_label IS DISTINCT FROM before)};
my $unverified = q{(SELECT count(*) FROM clientele.verify('customer'))};
my $waiting = q{(SELECT count(*) FROM clientele_data.customer_mark)};

my ($marked, $building, $broken_off, $payments_failed, $publishings_failed) = (0, 0, 0, '', '');
for my $cycle (1 .. $cycles)
{
	# What grows with every version and every flip would make the checks slow in the long run.
	sql('TRUNCATE clientele_data.customer_change; VACUUM ANALYZE') if $cycle % 10 == 0;
	my $clock = sql("SELECT to_char(timestamptz '2026-01-01' + $cycle * interval '7 hours', 'YYYY-MM-DD\"T\"HH24:MI:SS+00')");
	local $ENV{PGOPTIONS} = "-c clientele.clock=$clock -c TimeZone=UTC";
	my @pids = (
		in_background('tills', 'pgbench', '-n', '-c', 4, '-T', 600, (map { ('-f', "$directory/$_.sql\@$weights{$_}") } sort keys %tills), $node->connstr('postgres')),
		in_background('refresh', psql("$directory/refresh.sql")),
		in_background('publish', psql(publish_script("$directory/publish.sql"))));
	select(undef, undef, undef, 0.1 + rand(0.7));
	crash($node, everybody => $cycle % 2);
	waitpid($_, 0) for @pids;
	$node->start;

	my ($wrong_live, $unverified_live, $marks, $half_built, $runs) = split /\|/, sql("
		SELECT $wrong, $unverified, $waiting, (SELECT next_version IS NOT NULL FROM clientele.population)::int,
		       (SELECT finished_at IS NULL FROM clientele.refresh_run ORDER BY run DESC LIMIT 1)::int");
	$marked += $marks > 0;
	$building += $half_built;
	$broken_off += $runs;
	sql(q{CALL clientele.refresh('customer')});
	my $stored = sql("SELECT $wrong, $unverified, $waiting, $feed");
	is("$wrong_live $unverified_live $stored", '0 0 0|0|0|0', "cycle $cycle: the facts are read, and one refresh later stored");
	my $errors = join '', grep { !/server closed|connection|terminat|crash|abnormal/i } map { "$_\n" } split /\n/, PostgreSQL::Test::Utils::slurp_file("$directory/tills.err");
	$payments_failed .= $1 while $errors =~ /(ERROR:.*\n)/g;
	my $refusals = PostgreSQL::Test::Utils::slurp_file("$directory/publish.err") . PostgreSQL::Test::Utils::slurp_file("$directory/refresh.err");
	$publishings_failed .= $1 while $refusals =~ /(ERROR:.*\n)/g;
}
diag("of $cycles crashes $marked left marks, $building a version that was being built, $broken_off a refresh that was at work");
is($payments_failed, '', 'no payment failed for another reason');
is($publishings_failed, '', 'nor did a refresh or a publish');
cmp_ok($marked, '>', 0, 'there were marks to be lost');

$node->stop;
done_testing();
