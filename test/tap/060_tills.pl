# Eight tills write at once, each transaction many rows of the same customers in an order of
# its own, while segments are refreshed and published over and over: no write fails, none
# waits, and in the end what is stored is what plain SQL says.
use strict;
use warnings;

use POSIX ':sys_wait_h';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $clients = 8;
my $transactions = 60;

my $node = PostgreSQL::Test::Cluster->new('clinic');
$node->init;
# Whoever waits for a lock for long enough to be seen is written down.
$node->append_conf('postgresql.conf', qq{
	log_lock_waits = on
	deadlock_timeout = 20ms
	log_line_prefix = '%a '
	client_min_messages = warning});
$node->start;

$node->safe_psql('postgres', q{
	CREATE EXTENSION clientele;
	CREATE TABLE customer (id int PRIMARY KEY, city text);
	CREATE TABLE bill (bill bigint PRIMARY KEY, till int, id int REFERENCES customer, paid_at timestamptz);
	CREATE TABLE line (till int, bill bigint REFERENCES bill ON DELETE CASCADE, amount numeric(12,2));
	CREATE TABLE payment (payment bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, till int, id int REFERENCES customer, paid_at timestamptz, amount numeric(12,2));
	CREATE INDEX ON line (bill);
	CREATE INDEX ON bill (till);
	CREATE INDEX ON payment (till);
	CREATE SEQUENCE bills;
	INSERT INTO customer SELECT n, 'city ' || n % 3 FROM generate_series(1, 20) AS n;
	SELECT clientele.create_population('clinic', 'customer', 'id', 'Asia/Shanghai'),
	       clientele.add_source('clinic', 'payment', 'payment', 'id', 'paid_at', amount => 'amount'),
	       clientele.add_source('clinic', 'line', 'line', 'bill.id', 'bill.paid_at', amount => 'amount'),
	       clientele.define_metric('clinic', 'paid', 'sum(payment.amount)', 2),
	       clientele.define_metric('clinic', 'payments', 'count(payment)'),
	       clientele.define_metric('clinic', 'billed', 'sum(line.amount)', 2),
	       clientele.define_tag('clinic', 'good', 'paid > 1000'),
	       clientele.publish('clinic')});
$node->safe_psql('postgres', q{CALL clientele.refresh('clinic')});

# What two tills share is customers, never rows of their own: without us they would not
# wait for each other either.
my $script = $node->basedir . '/till.sql';
append_to_file($script, q{
\set way random(0, 1) * 2 - 1
BEGIN;
INSERT INTO payment (till, id, paid_at, amount) SELECT :client_id, n, now(), n FROM generate_series(1, 20) AS n ORDER BY n * :way;
INSERT INTO bill SELECT nextval('bills'), :client_id, n, now() FROM generate_series(1, 20, 3) AS n ORDER BY n * -(:way);
INSERT INTO line SELECT :client_id, bill, 5 FROM bill WHERE till = :client_id ORDER BY bill * :way;
UPDATE bill SET id = 21 - id WHERE till = :client_id AND bill % 2 = 0;
SAVEPOINT s;
DELETE FROM payment WHERE till = :client_id AND id > 10;
ROLLBACK TO s;
UPDATE payment SET amount = amount + 1, id = 21 - id WHERE till = :client_id AND id % 4 = 0;
DELETE FROM payment WHERE till = :client_id AND payment NOT IN (SELECT payment FROM payment WHERE till = :client_id ORDER BY payment DESC LIMIT 30);
DELETE FROM bill WHERE till = :client_id AND bill NOT IN (SELECT bill FROM bill WHERE till = :client_id ORDER BY bill DESC LIMIT 10);
COMMIT;
});

my $pid = fork();
die "fork: $!" unless defined $pid;
if (!$pid)
{
	my $refused = '';
	for my $round (1 .. 5)
	{
		$node->safe_psql('postgres', "SELECT clientele.define_tag('clinic', 'round', 'payments > $round'), clientele.publish('clinic')")
			if $round % 2 == 0;
		my ($status, undef, $error) = $node->psql('postgres', q{CALL clientele.refresh('clinic')});
		# Readers in the way are no failure: the next round shows the version.
		$refused .= $error if $status && $error !~ /its views are in use/;
	}
	append_to_file($node->basedir . '/refused', $refused);
	POSIX::_exit(0);
}

my ($committed, $wanted, $errors) = (0, 0, '');
while (waitpid($pid, WNOHANG) == 0)
{
	my ($out, $error) = ('', '');
	IPC::Run::run(
		[ 'pgbench', '-n', '-c', $clients, '-j', 2, '-t', $transactions, '-f', $script, $node->connstr('postgres') . ' application_name=till' ],
		'>', \$out, '2>', \$error) or $errors .= $error;
	$committed += $1 if $out =~ /actually processed: (\d+)/;
	$wanted += $clients * $transactions;
}
is($errors, '', 'no transaction failed');
is($committed, $wanted, 'each was committed');
is(slurp_file($node->basedir . '/refused'), '', 'no refresh failed');
is($node->safe_psql('postgres', q{SELECT deadlocks FROM pg_stat_database WHERE datname = 'postgres'}), '0', 'no deadlock');
my @waits = grep { /^till / } slurp_file($node->logfile) =~ /^(.* still waiting for \S+ on (?!extension).*)$/mg;
is(join("\n", @waits), '', 'no till waited for a lock');

$node->safe_psql('postgres', q{CALL clientele.refresh('clinic')});
is($node->safe_psql('postgres', q{SELECT count(*) FROM clientele.verify('clinic')}), '0', 'what is stored is true');
is($node->safe_psql('postgres', q{
		SELECT count(*) FROM segments.clinic AS s
		LEFT JOIN (SELECT id, sum(amount) AS paid, count(*) AS payments FROM payment GROUP BY id) AS p USING (id)
		LEFT JOIN (SELECT b.id, sum(l.amount) AS billed FROM line AS l JOIN bill AS b USING (bill) GROUP BY b.id) AS b USING (id)
		WHERE (s.paid, s.payments, s.billed) IS DISTINCT FROM (coalesce(p.paid, 0), coalesce(p.payments, 0), coalesce(b.billed, 0))}),
	'0', 'by plain SQL, too');

done_testing();
