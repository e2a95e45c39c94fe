# The managed engine against plain SQL, on random clinics.
#
# A world is a clinic with random definitions and a random history.  After each
# step the view must answer what oracle.expected answers, a function of plain SQL
# made from the same trees (Oracle/PlainSQL.pm): before a refresh, when it
# evaluates live what is stale; after it, from stored rows; after everything was
# built anew; at other instants; and for one customer.
#
#   ORACLE_SEED    another seed gives other worlds (default 1)
#   ORACLE_STEPS   how many steps in all (default 3000; a night's: 200000)
#   ORACLE_WORLD   only the world of this number
use strict;
use warnings;
use utf8;

use Encode 'encode_utf8';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Oracle::Comparison;
use Oracle::FixedCases;
use Oracle::Generator;
use Oracle::History;
use Oracle::KeptLevels;
use Oracle::Language;
use Oracle::PlainSQL;
use Oracle::Random;
use Oracle::World;

my $seed = $ENV{ORACLE_SEED} // 1;
my $steps = $ENV{ORACLE_STEPS} // 3000;
my $steps_in_world = 100;
my $steps_in_session = 25;
my %used;

# What is left of a definition when it is taken as words.
sub count_words
{
	my ($model) = @_;
	for my $definition (@{ $model->{definitions} })
	{
		my $bare = lc(definition_text($definition) =~ s/''(?:[^']|'''')*''/''''/gr);
		$used{$_}++ for $bare =~ /[a-z_]+\(|\b(?:and|or|not|between|in|like|is|case|distinct|by|where|last|from|since|hours|days|weeks|months|years)\b|[-+*\/]|<=|>=|<>|[=<>]/g;
	}
}

sub publish
{
	my ($world, $model, $note) = @_;
	my $population = literal($world->{population});
	my @calls = draft_calls($world->{population}, $model);

	count_words($model);
	return join("\n", @calls) . "\nSELECT clientele.publish($population, '$note');\n"
		. compare_view_if_live($world, $note)
		. "CALL clientele.refresh($population);\n"
		. expected_function($world, $model)
		. feed_labels($model)
		. compare_view($world, "after $note") . "\n";
}

# Until refresh has built a new version, readers see the one before.
sub compare_view_if_live
{
	my ($world, $note) = @_;
	return $note eq 'first version' ? '' : compare_view($world, 'published, not yet built') . "\n";
}

sub beginning
{
	my ($world, $model) = @_;
	return rules_of_the_language() . kept_functions($world->{zone}) . world_tables($world) . helpers($world) . comparison_functions($world)
		. "CREATE TABLE oracle.clock AS SELECT timestamptz '$world->{clock}' AS at;\n"
		. "SELECT set_config('clientele.clock', at::text, false) FROM oracle.clock;\n"
		. first_rows($world) . "\nCREATE EXTENSION clientele;\n" . ($world->{number} % 5 ? analyze($world) : '')
		. world_registration($world)
		. publish($world, $model, 'first version')
		. feed_begins($world);
}

# What the planner knows of keys and sizes, until they have changed.
sub analyze
{
	my ($world) = @_;
	my @relations = map { @{ $_->{relations} // [ 'bill', 'line' ] } } @{ $world->{sources} };
	return 'ANALYZE ' . join(', ', map { 'clinic.' . identifier($_) } 'Customer', @relations) . ";\n";
}

# In two of five sessions plans are parallel wherever they can be; in one the leader takes no part.
sub session_settings
{
	my ($session) = @_;
	my $leader = [ '', 'on', '', 'off', '' ]->[ $session % 5 ];

	return '' if $leader eq '';
	return "SET parallel_setup_cost = 0;\nSET parallel_tuple_cost = 0;\nSET min_parallel_table_scan_size = 0;\n"
		. "SET parallel_leader_participation = $leader;\n";
}

sub step
{
	my ($world, $model, $number) = @_;
	my $population = literal($world->{population});
	my $batch = chance(0.3) ? ', batch => ' . between(1, 5) : '';
	my $refresh = "CALL clientele.refresh($population$batch);";
	my $sql = "\\echo step $number\n";

	$world->{model} = $model;
	$sql .= analyze($world) if $number % 10 == 0;
	$sql .= change($world, compare_view($world, 'live, inside the transaction')) if chance(0.8);
	$sql .= clock_move($world) . "\n" if chance(0.5);
	$sql .= compare_view($world, 'live') . "\n";
	if (chance(0.5))
	{
		$sql .= "$refresh\n" . compare_view($world, 'refreshed') . "\nSELECT oracle.nothing_is_stale();\nSELECT oracle.compare_feed();\n";
		$sql .= 'SELECT oracle.compare_horizon(' . int(rand 10000) . ");\n" if chance(0.5);
	}
	$sql .= compare_as_of($world, "oracle.now() + interval '" . between(-500, 500) . " hours'") . "\n" if chance(0.2);
	$sql .= compare_profile($world, int rand 10000) . "\n" if chance(0.2);
	$sql .= "SELECT clientele.mark_all($population);\n" . compare_view($world, 'everyone marked') . "\n$refresh\n" . compare_view($world, 'rebuilt') . "\n"
		if chance(0.04);
	if (chance(0.03))
	{
		$_[1] = change_model($world, $model);
		$sql .= publish($world, $_[1], 'another version');
	}
	return $sql;
}

sub show { diag encode_utf8($_[0]) }

# What to look at when a world has failed.
sub explain_failure
{
	my ($world, $model, $script, $output, $errors) = @_;
	my ($step) = $output =~ /step (\d+)\s*\z/ ? $1 : $output =~ /.*step (\d+)/s ? $1 : 'before the first';
	my ($line) = $errors =~ /\.sql:(\d+):/;
	my @lines = split /\n/, $script;
	my ($message) = $errors =~ /((?:ERROR|FATAL).*)/s;
	my %columns = map { $_ => 1 } ($errors // '') =~ /column (.+?): ours/g;

	$message = defined $message ? substr($message, 0, 3000) : $errors;
	diag "seed $seed, world $world->{number} ($world->{zone}, keys $world->{key_type}), step $step: ORACLE_SEED=$seed ORACLE_WORLD=$world->{number} does it again";
	show($message);
	show('at: ' . substr($lines[ $line - 1 ] // '', 0, 1000)) if $line;
	for my $d (@{ $model->{definitions} })
	{
		show(definition_call($world->{population}, $d)) if grep { /^\Q$d->{name}\E(_score|_[rfm])?$/ || $_ eq 'tags' && $d->{kind} eq 'tag' } keys %columns;
	}
	show('parameters: ' . join ', ', map { "$_->{name} = $_->{value}" . join '', %{ $_->{branches} // {} } } @{ $model->{parameters} });
}

sub run_world
{
	my ($node, $number, $count) = @_;
	srand($seed * 1000003 + $number);
	my $world = make_world($number);
	my $model = make_model($world);
	$node->safe_psql('postgres', "CREATE DATABASE world_$number");
	for (my $done = 0; $done < $count; $done += $steps_in_session)
	{
		my $script = session_settings($number + $done / $steps_in_session);

		$script .= $done ? "SELECT set_config('clientele.clock', at::text, false) FROM oracle.clock;\n" : beginning($world, $model);
		my ($output, $errors);

		$script .= step($world, $model, $_) for $done + 1 .. $done + $steps_in_session;
		$script .= "UPDATE oracle.clock SET at = oracle.now();\nSELECT oracle.note_plan();\n";
		# psql stops at the first error, without reading the rest: so not from a pipe
		my $file = "$PostgreSQL::Test::Utils::log_path/world_${number}_$done.sql";
		append_to_file($file, encode_utf8($script));
		my $status = $node->psql("world_$number", "\\i $file", stdout => \$output, stderr => \$errors, on_error_stop => 1);
		next if $status == 0;

		utf8::decode($errors);
		explain_failure($world, $model, $script, $output, $errors);
		return;
	}
	my @counts = split /\|/, $node->safe_psql("world_$number",
		"SELECT last_value, (SELECT last_value FROM oracle.due_rows), (SELECT last_value FROM oracle.early_rows),
			(SELECT last_value FROM oracle.parallel_plans WHERE is_called) FROM oracle.comparisons");
	$node->safe_psql('postgres', "DROP DATABASE world_$number");
	return @counts;
}

my $node = PostgreSQL::Test::Cluster->new('engine');
$node->init(extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ]);
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\njit = off\nclient_min_messages = warning\nTimeZone = UTC\nDateStyle = ISO");
$node->start;

is($node->safe_psql('postgres', encode_utf8(fixed_cases())), '', 'plain SQL says what was computed by hand');

note "seed $seed: ORACLE_SEED=$seed makes the same worlds again";
my @worlds = defined $ENV{ORACLE_WORLD} ? ($ENV{ORACLE_WORLD}) : (0 .. int(($steps - 1) / $steps_in_world));
my ($compared, $due, $early, $parallel) = (0, 0, 0, 0);
for my $number (@worlds)
{
	my @counts = run_world($node, $number, $steps_in_world);

	ok(scalar @counts, "world $number: stored, live, rebuilt and plain SQL agree") or last;
	$compared += $counts[0];
	$due += $counts[1];
	$early += $counts[2];
	$parallel += $counts[3] || 0;
}
note sprintf '%d comparisons; of %d due rows looked at, %d did not change when they were due; %d plans of sessions were parallel',
	$compared, $due, $early, $parallel;

if (!defined $ENV{ORACLE_WORLD})
{
	my @words = map { "$_(" } qw(abs age avg coalesce contains count date day days_since earliest first floor greatest has_tag last
		latest least max min mode month months_since now round starts_with sum today weekday years_since);
	push @words, qw(and or not between in like is case distinct by where last from since hours days weeks months years + - * / = <> < <= > >=);
	cmp_ok($parallel, '>', 0, 'some plans were parallel');
	is(join(' ', grep { !$used{$_} } @words), '', 'every aggregate, window, function and operator was used');
}

$node->stop;
done_testing();
