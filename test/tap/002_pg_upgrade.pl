# pg_upgrade by link: the clinic is in the new cluster as it was in the old one, and goes
# on.  From a major to itself; and between majors where UPGRADE_TO names the pg_config of
# another PostgreSQL, in which this clientele is installed.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Clinic qw(make_roles open_clinic answers reads_as is_exact is_alive is_gone);

# Where a PostgreSQL has its programs.
sub programs
{
	my ($pg_config) = @_;
	chomp(my $directory = `'$pg_config' --bindir`);
	return $directory;
}

sub node_of
{
	my ($name, $pg_config) = @_;
	chomp(my $prefix = $pg_config =~ s{/bin/pg_config$}{}r);
	my $node = PostgreSQL::Test::Cluster->new($name, $pg_config eq 'pg_config' ? () : (install_path => $prefix));
	$node->init;
	return $node;
}

my $number = 0;
for my $target (grep { defined } 'pg_config', $ENV{UPGRADE_TO})
{
	$number++;
	my $what = $target eq 'pg_config' ? 'the same major' : "to $target";
	my $old = node_of("old_$number", 'pg_config');
	my $new = node_of("new_$number", $target);
	$old->start;
	make_roles($old);
	$old->safe_psql('postgres', 'CREATE DATABASE clinic');
	open_clinic($old, 'clinic');
	my $answers = answers($old, 'clinic');
	# 17 has one more right, which an owner has by himself.
	my $relations = q{
		SELECT c.oid::regclass::text, c.relkind, c.relowner::regrole, a.grantee::regrole, a.privilege_type
		FROM pg_class AS c CROSS JOIN LATERAL aclexplode(coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))) AS a
		WHERE c.relnamespace::regnamespace::text ~ 'clientele|segments|Seg' AND a.privilege_type <> 'MAINTAIN' ORDER BY 1, 2, 3, 4, 5};
	my $expected = $old->safe_psql('clinic', $relations);
	$old->stop;

	command_ok(
		[   programs($target) . '/pg_upgrade', '--link', '--old-datadir', $old->data_dir, '--new-datadir', $new->data_dir,
			'--old-bindir', programs('pg_config'), '--new-bindir', programs($target), '--socketdir', $old->host,
			'--old-port', $old->port, '--new-port', $new->port, '--username', scalar getpwuid($<) ],
		"$what: pg_upgrade --link");
	$new->start;
	is($new->safe_psql('clinic', $relations), $expected, "$what: the same tables belong to the same roles");
	is($new->safe_psql('clinic', q{SELECT count(*) FROM clientele.status('customer') WHERE item IN ('capture broken', 'version 2 broken', 'version 3 broken')}),
		'0', "$what: nothing is broken");
	reads_as($new, 'clinic', $answers, $what);
	is_exact($new, 'clinic', $what);
	is_alive($new, 'clinic', $what);
	is_gone($new, 'clinic', $what);
	$new->stop;
}
done_testing();
