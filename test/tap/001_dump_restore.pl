# A dump of a database with the extension restores into an equal database, in which the
# clinic goes on, by every road a DBA may take.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Clinic qw(make_roles open_clinic answers reads_as is_exact is_alive is_gone $now);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', 'autovacuum = off');
$node->start;
make_roles($node);
$node->safe_psql('postgres', 'CREATE DATABASE clinic');
open_clinic($node, 'clinic');
my $answers = answers($node, 'clinic');

my $directory = $PostgreSQL::Test::Utils::tmp_check;

# What the extension consists of, who may use it, what its users have registered and drafted,
# and what is captured for them.  Of refreshes only those that are finished are dumped:
# a process number means nothing elsewhere.
my $captured = q{
	SELECT tgrelid::regclass, tgname, tgenabled FROM pg_trigger
	WHERE tgfoid = 'clientele.capture'::regproc ORDER BY tgrelid::regclass::text, 2};
my $kept = join ';', q{
	SELECT pg_describe_object(d.classid, d.objid, d.objsubid)
	FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid
	WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'clientele' ORDER BY 1},
  q{SELECT nspname, nspacl FROM pg_namespace WHERE nspname LIKE 'clientele%' ORDER BY 1},
  (map { "SELECT t FROM clientele.$_ AS t ORDER BY t::text" } qw(population source definition version watch link population_secret forgotten
	offered_promotion promotion_version frozen_audience stock claim claim_step coupon_batch coupon_code ledger_entry membership refusal impression branch_zone)),
  'SELECT r FROM clientele.refresh_run AS r WHERE finished_at IS NOT NULL ORDER BY run',
  $captured;

sub dump_of
{
	my ($of, $database) = @_;
	my ($out, $err) = run_command([ 'pg_dump', '--no-sync', $of->connstr($database) ]);
	# Newer releases frame a dump with a random key.
	$out =~ s/^\\(un)?restrict .*$//mg;
	return $out;
}

sub dumps
{
	my ($name, @options) = @_;
	command_ok([ 'pg_dump', '--no-sync', "--file=$directory/$name", @options, $node->connstr('clinic') ], "pg_dump @options");
	return;
}

my $restored = 0;

sub empty_database
{
	$restored++;
	$node->safe_psql('postgres', "CREATE DATABASE restored_$restored TEMPLATE template0");
	return "restored_$restored";
}

sub by_psql
{
	my ($database, $name, %mode) = @_;
	my @command = ('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=' . ($mode{with_errors} ? 0 : 1), '-d', $node->connstr($database), '-f', "$directory/$name");
	return run_command(\@command) if $mode{with_errors};
	command_ok(\@command, "psql -f $name");
	return;
}

sub by_pg_restore
{
	my ($database, $name, @options) = @_;
	command_ok([ 'pg_restore', '--exit-on-error', @options, '-d', $node->connstr($database), "$directory/$name" ], "pg_restore @options $name");
	return;
}

dumps('plain.sql');
dumps('archive', '--format=custom');
dumps('schema.sql', '--schema-only');
dumps('data.sql', '--data-only');
dumps('clinic_only.sql', '-n', 'crm', '-n', '院 2');
dumps('all_but_clinic.sql', '-N', 'crm', '-N', '院 2');
dumps('all_but_clinic', '--format=custom', '-N', 'crm', '-N', '院 2');

# ---------- whole, in one go ----------

for my $road ([ 'plain', \&by_psql, 'plain.sql' ], [ 'parallel', \&by_pg_restore, 'archive', '-j', 4 ])
{
	my ($what, $restore, @arguments) = @$road;
	my $database = empty_database();
	$restore->($database, @arguments);
	is($node->safe_psql($database, $kept), $node->safe_psql('clinic', $kept), "$what: what is registered, allowed and captured is kept");
	is(dump_of($node, $database), dump_of($node, 'clinic'), "$what: dumps again to the same text");
	reads_as($node, $database, $answers, $what);
	is_exact($node, $database, $what);
	is_alive($node, $database, $what);
	is_gone($node, $database, $what);
}

# ---------- tables first, rows later ----------

# Capture is there before the rows are, so they may mark whom they concern: evaluated
# once more, by the next refresh, with the same result.
my $database = empty_database();
by_psql($database, 'schema.sql');
by_psql($database, 'data.sql');
is_exact($node, $database, 'rows after tables');
is_alive($node, $database, 'rows after tables');

$database = empty_database();
by_pg_restore($database, 'archive', '--schema-only');
by_pg_restore($database, 'archive', '--data-only', '--disable-triggers', '-j', 2);
is_exact($node, $database, 'rows without triggers');
# Triggers that were switched off and on again do not fire always any more.
$node->safe_psql($database, qq{
	SET client_min_messages = warning;
	SET clientele.clock = '$now';
	SELECT clientele.mark_all('customer'), clientele.mark_all('会员');
	CALL clientele.refresh('customer');
	CALL clientele.refresh('会员')});
is($node->safe_psql($database, $captured), $node->safe_psql('clinic', $captured), 'rows without triggers: mark_all has capture fire always');
is_alive($node, $database, 'rows without triggers');

# ---------- everything belongs to who restores ----------

$database = empty_database();
by_pg_restore($database, 'archive', '--no-owner', '--no-privileges');
$node->safe_psql($database, q{
	UPDATE clientele.population SET owner = current_user::regrole;
	GRANT USAGE ON SCHEMA crm TO cashier;
	GRANT INSERT ON crm.bill, crm.bill_line, crm.visit, crm.visit_2026 TO cashier;
	GRANT USAGE ON SCHEMA segments TO bi_reader, cashier;
	GRANT SELECT ON ALL TABLES IN SCHEMA segments TO bi_reader;
	GRANT INSERT ON segments.customer_claim TO cashier});
reads_as($node, $database, $answers, 'without owners');
is_exact($node, $database, 'without owners');
is_alive($node, $database, 'without owners', 'NONE');
is_gone($node, $database, 'without owners');

# ---------- the extension belongs to another superuser than before ----------

$node->safe_psql('postgres', 'CREATE ROLE "the DBA" SUPERUSER');
$database = empty_database();
by_pg_restore($database, 'archive', '--role=the DBA');
is($node->safe_psql($database, q{SELECT extowner::regrole FROM pg_extension WHERE extname = 'clientele'}), '"the DBA"', 'another superuser: has the extension');
reads_as($node, $database, $answers, 'another superuser');
is_alive($node, $database, 'another superuser');
is($node->safe_psql($database, q{SELECT relowner::regrole FROM pg_class WHERE oid = 'segments.customer_claim'::regclass}), '"the DBA"',
	'another superuser: and, once a promotion is published, its views');
is_gone($node, $database, 'another superuser');

# ---------- the clinic's tables before all else: their triggers cannot be made ----------

$database = empty_database();
by_psql($database, 'clinic_only.sql', with_errors => 1);
by_psql($database, 'all_but_clinic.sql', with_errors => 1);
is( $node->safe_psql($database, q{SELECT count(*), min(hint) FROM clientele.status('customer') WHERE item = 'capture broken'}),
	q{14|SELECT clientele.mark_all('customer');}, 'clinic first: status names the tables that have lost capture');
$node->safe_psql($database, q{SELECT clientele.mark_all('customer'), clientele.mark_all('会员')});
is($node->safe_psql($database, q{SELECT count(*) FROM clientele.status('customer') WHERE item = 'capture broken'}),
	'0', 'clinic first: mark_all puts it back');
is_exact($node, $database, 'clinic first');

# ---------- and after all else: what is registered cannot name them yet ----------

$database = empty_database();
by_psql($database, 'all_but_clinic.sql', with_errors => 1);
is($node->safe_psql($database, 'SELECT count(*) FROM clientele.population'), '0', 'clinic last: nothing is registered');
by_psql($database, 'clinic_only.sql', with_errors => 1);
by_pg_restore($database, 'all_but_clinic', '--data-only', '-n', 'clientele', '-t', 'population', '-t', 'source', '-t', 'watch', '-t', 'link');
$node->safe_psql($database, q{SELECT clientele.mark_all('customer'), clientele.mark_all('会员')});
is_exact($node, $database, 'clinic last');

# ---------- the whole cluster ----------

my $other = PostgreSQL::Test::Cluster->new('other');
$other->init;
$other->start;
$node->safe_psql('postgres', "DROP DATABASE restored_$_") for 1 .. $restored;
command_ok([ 'pg_dumpall', '--no-sync', '-f', "$directory/all.sql", '-d', $node->connstr('postgres') ], 'pg_dumpall');
command_ok([ 'psql', '-X', '-q', '-d', $other->connstr('postgres'), '-f', "$directory/all.sql" ], 'pg_dumpall: restores');
reads_as($other, 'clinic', $answers, 'pg_dumpall');
is_alive($other, 'clinic', 'pg_dumpall');
is_gone($other, 'clinic', 'pg_dumpall');

$other->stop;
$node->stop;
done_testing();
