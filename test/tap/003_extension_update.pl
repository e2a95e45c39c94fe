# ALTER EXTENSION clientele UPDATE from every released version (test/released) gives the
# catalog that a fresh installation gives, with all that users have made in it.  And a
# catalog that is different, in whatever way, is found out.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Clinic qw(make_roles open_clinic is_exact is_alive is_gone);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', 'autovacuum = off');
$node->start;
make_roles($node);

# Where the server looks for the extension: see test/cluster.sh.
my $directory = $node->safe_psql(
	'postgres', q{
	SELECT CASE WHEN current_setting('extension_control_path', true) <> ''
	            THEN split_part(current_setting('extension_control_path'), ':', 1)
	            ELSE coalesce(current_setting('extension_destdir', true), '') || (SELECT setting FROM pg_config WHERE name = 'SHAREDIR')
	       END || '/extension'});

# Scripts that are put beside the installed ones for this test.
my @placed;
END { unlink @placed }

sub place
{
	my ($name, $text) = @_;
	push @placed, "$directory/$name";
	PostgreSQL::Test::Utils::append_to_file($placed[-1], $text);
	return;
}

# ---------- comparing ----------

# The catalog as pg_upgrade would write it, each member with its definition, comment, owner
# and rights; and which rows of which table are dumped.  OIDs are different everywhere.
sub catalog
{
	my ($database) = @_;
	my ($dump, $error) = run_command([ 'pg_dump', '--binary-upgrade', '--schema-only', $node->connstr($database) ]);
	die $error if $error ne '';
	my %catalog;
	for my $entry (split /^(?=-- Name: )/m, $dump)
	{
		next unless $entry =~ s/^-- (Name: .*?; Type: .*?; Schema: .*?);.*\n--\n//;
		my $name = $1;
		$entry =~ s/^(SELECT pg_catalog\.binary_upgrade_(set_next|create_empty)|UPDATE pg_catalog\.pg_class).*?;$//msg;
		$catalog{$name} = $entry =~ s/^\\(un)?restrict .*$//mr;
	}
	$catalog{'dumped rows'} = $node->safe_psql(
		$database, q{
		SELECT c.relation::regclass::text, c.condition
		FROM pg_extension AS e CROSS JOIN LATERAL unnest(e.extconfig, e.extcondition) AS c (relation, condition)
		WHERE e.extname = 'clientele' ORDER BY 1});
	return \%catalog;
}

sub differences
{
	my ($one, $other) = @_;
	my %names = map { $_ => 1 } keys %$one, keys %$other;
	return map { s/^Name: //r } grep { ($one->{$_} // '') ne ($other->{$_} // '') } sort keys %names;
}

sub database
{
	my ($name, @statements) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $name");
	$node->safe_psql($name, $_) for @statements;
	return $name;
}

my $fresh = catalog(database('fresh', 'CREATE EXTENSION clientele'));
my $current = $node->safe_psql('fresh', q{SELECT extversion FROM pg_extension WHERE extname = 'clientele'});
cmp_ok(scalar keys %$fresh, '>', 400, 'the catalog is compared, object by object');
is(join('; ', differences($fresh, catalog(database('again', 'CREATE EXTENSION clientele')))), '', 'it is equal to itself');

# ---------- faults that an update could have ----------

my $script = PostgreSQL::Test::Utils::slurp_file("$directory/clientele--$current.sql");
my %faults = (
	'a function that is missing' => [ qr/^CREATE FUNCTION clientele\.psi\(.*?;\n.*?^COMMENT ON FUNCTION clientele\.psi[^\n]*\n/ms, '', 'psi(' ],
	'a function that is otherwise' => [ qr/interval := current_setting\('lock_timeout'\)/, "interval := current_setting( 'lock_timeout')", 'lock_all(' ],
	'a search_path that is not pinned' => [ qr/(FUNCTION clientele\.lock_all.*?) SET search_path = pg_catalog, pg_temp/s, '$1', 'lock_all(' ],
	'a column that is missing' => [ qr/,\n    note text,(.*?)^COMMENT ON COLUMN clientele\.version\.note[^\n]*\n/ms, ',$1', 'version' ],
	'a comment that is otherwise' => [ qr/(COMMENT ON TABLE clientele\.link IS ')/, '$1the ', 'TABLE link' ],
	'a right that is not revoked' => [ qr/REVOKE ALL ON FUNCTION clientele\.attach\(regclass\) FROM PUBLIC;\n/, '', 'attach(' ],
	'rows that are not dumped' => [ qr/SELECT pg_extension_config_dump\('clientele\.link', ''\);\n/, '', 'dumped rows' ],
	'a view that is otherwise' => [ qr/greatest\(r\.total, r\.done\)/, 'greatest(r.done, r.total)', 'refresh_progress' ]);
my $fault_number = 0;
for my $fault (sort keys %faults)
{
	my ($pattern, $replacement, $expected) = @{ $faults{$fault} };
	my $version = '0.0.' . ++$fault_number;
	my $old = $script;
	my $found = $old =~ /$pattern/;
	my $kept = $found ? $1 // '' : '';
	$old =~ s/$pattern/$replacement =~ s{\$1}{$kept}r/e;
	place("clientele--$version.sql", $old);
	my @different = $found
	  ? differences($fresh, catalog(database("fault_$fault_number", "CREATE EXTENSION clientele VERSION '$version'")))
	  : ();
	ok(@different >= 1 && @different <= 3 && !(grep { index($_, $expected =~ s/.* //r) < 0 } @different), "$fault is found")
	  or diag("found: @different");
}

# ---------- updates ----------

# As from the first release on, with a version made up for it: the function that is missing is added.
my ($missing) = $script =~ /$faults{'a function that is missing'}[0]/ ? $& : die 'no function to leave out';
place('clientele--0.0.0.sql', $script =~ s/\Q$missing\E//r);
place("clientele--0.0.0--$current.sql", "SET LOCAL search_path = pg_catalog, pg_temp;\n$missing");

my @released = map { m{clientele--(.*)\.sql$} ? $1 : () } glob 'test/released/clientele--*.sql';
for my $version (@released)
{
	place("clientele--$version.sql", PostgreSQL::Test::Utils::slurp_file("test/released/clientele--$version.sql")) if $version ne $current;
}
for my $version ('0.0.0', grep { $_ ne $current } @released)
{
	my $name = 'from_' . $version =~ tr/./_/r;
	my @steps = ("CREATE EXTENSION clientele VERSION '$version'", 'ALTER EXTENSION clientele UPDATE');
	is(join('; ', differences($fresh, catalog(database("${name}_empty", @steps)))), '', "$version updated is equal to $current installed");

	database($name, $steps[0]);
	open_clinic($node, $name);
	$node->safe_psql($name, $steps[1]);
	is_exact($node, $name, "$version updated");
	is_alive($node, $name, "$version updated");
	is_gone($node, $name, "$version updated");
}

$node->stop;
done_testing();
