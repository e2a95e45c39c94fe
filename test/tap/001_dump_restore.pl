# A dump of a database with the extension restores into an equal database.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;

# What the extension consists of, and who may use it.
my $members = q{
    SELECT pg_describe_object(d.classid, d.objid, d.objsubid)
    FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid
    WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'clientele'
    ORDER BY 1};
my $rights = q{SELECT nspname, nspacl FROM pg_namespace WHERE nspname LIKE 'clientele%' ORDER BY 1};

# What its users have registered and drafted, and what is captured for them.
my $registered = join ';', map { "SELECT t FROM clientele.$_ AS t ORDER BY t::text" }
  qw(population source definition version watch link);
my $captured = q{
    SELECT tgrelid::regclass, tgname, tgenabled FROM pg_trigger
    WHERE tgfoid = 'clientele.capture'::regproc ORDER BY tgrelid::regclass::text, 2};

sub dump_of
{
	my ($database) = @_;
	my ($out, $err) = run_command([ 'pg_dump', '--no-sync', $node->connstr($database) ]);
	# Newer releases frame a dump with a random key.
	$out =~ s/^\\(un)?restrict .*$//mg;
	return $out;
}

$node->safe_psql('postgres', 'CREATE DATABASE clinic');
$node->safe_psql('postgres', 'CREATE ROLE analyst');
$node->safe_psql(
	'clinic', q{
	CREATE EXTENSION clientele;
	GRANT CREATE ON SCHEMA clientele TO analyst;
	CREATE TABLE customer (customer_id int PRIMARY KEY, name text);
	INSERT INTO customer VALUES (1, '李雷'), (2, 'O''Hara');
	CREATE TABLE bill (bill_id int PRIMARY KEY, customer_id int REFERENCES customer, paid_at timestamptz);
	CREATE TABLE item (bill_id int REFERENCES bill, net numeric);
	INSERT INTO bill VALUES (7, 2, '2026-06-01 10:00+08');
	ALTER TABLE customer OWNER TO analyst;
	ALTER TABLE bill OWNER TO analyst;
	ALTER TABLE item OWNER TO analyst;
	SELECT clientele.create_population('customer', 'customer', 'customer_id', 'Asia/Shanghai');
	SELECT clientele.add_source('customer', 'payment', 'item', 'bill_id.customer_id', 'bill_id.paid_at', amount => 'net',
	                            filter => 'net > 0', future_tolerance => '5 minutes');
	SELECT clientele.define_metric('customer', 'spend', 'sum(payment.net)', 2);
	SELECT clientele.define_tag('customer', '贵宾', 'spend > 50000', family => '价值');
	INSERT INTO clientele.version (population_id, version, model, note)
	SELECT population_id, 1, clientele.draft_model(population_id), 'first' FROM clientele.population;
	DELETE FROM clientele_data.customer_mark;
	INSERT INTO item VALUES (7, 10);
});

for my $format ('plain', 'custom')
{
	my $file = "$PostgreSQL::Test::Utils::tmp_check/clinic.$format";
	my $restored = "restored_$format";

	command_ok(
		[ 'pg_dump', '--no-sync', "--format=$format", "--file=$file", $node->connstr('clinic') ],
		"$format: dumps");
	$node->safe_psql('postgres', "CREATE DATABASE $restored TEMPLATE template0");
	command_ok(
		$format eq 'plain'
		? [ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($restored), '-f', $file ]
		: [ 'pg_restore', '--exit-on-error', '-d', $node->connstr($restored), $file ],
		"$format: restores without an error");

	is($node->safe_psql($restored, $members), $node->safe_psql('clinic', $members),
		"$format: the same members");
	is($node->safe_psql($restored, $rights), $node->safe_psql('clinic', $rights),
		"$format: rights granted on a member are kept");
	is($node->safe_psql($restored, $registered), $node->safe_psql('clinic', $registered),
		"$format: what is registered and drafted is kept");
	is($node->safe_psql($restored, $captured), $node->safe_psql('clinic', $captured),
		"$format: changes are captured as before");
	is(dump_of($restored), dump_of('clinic'), "$format: dumps again to the same text");
	is($node->safe_psql($restored, q{
		BEGIN;
		INSERT INTO item VALUES (7, 20);
		SELECT key, link, link_key FROM clientele_data.customer_mark;
		ROLLBACK}), "|1|7\n|1|7", "$format: and make marks beside those that were there");
	is($node->safe_psql($restored, q{
		SET client_min_messages = warning;
		SELECT clientele.create_population('other', 'customer', 'customer_id', 'UTC');
		SELECT clientele.set_parameter('other', 'p', 1);
		SELECT clientele.drop_population('other');
		SELECT clientele.drop_population('customer');
		DROP EXTENSION clientele}) =~ s/\s//gr, '', "$format: numbers go on, and all of it can be taken away");
}

isnt($node->safe_psql('clinic', $members), '', 'there are members to compare');

$node->stop;
done_testing();
