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
my $rights = q{SELECT nspname, nspacl FROM pg_namespace WHERE nspname = 'clientele'};

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
	is(dump_of($restored), dump_of('clinic'), "$format: dumps again to the same text");
}

isnt($node->safe_psql('clinic', $members), '', 'there are members to compare');

$node->stop;
done_testing();
