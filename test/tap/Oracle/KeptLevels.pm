# Levels that are kept, by plain SQL: what the rules give is asked at every instant at
# which it could change, and the best answer is taken.
#
# Those instants are few, because rules look at the clock in few ways: a day begins; an
# event happens, or is as many hours old as a window is long; now() passes an instant
# that stands in a column or in a rule; somebody says something, or its term is over.
package Oracle::KeptLevels;
use strict;
use warnings;
use utf8;

use Exporter 'import';
use Oracle::Random;
our @EXPORT = qw(some_keep without_nested_keeps needed_definitions keep_json kept_functions kept_declarations kept_lateral);

# ---------------------------------------------------------------------------
# Making
# ---------------------------------------------------------------------------

# Short, as every day of it is looked at.
sub some_keep
{
	my ($world) = @_;
	return { number => between(1, 9), unit => 'days' } if chance(0.4);
	return { number => 1, unit => one_of('weeks', 'months') } if chance(0.3);
	return { parameter => 'Limit', unit => 'days' } if chance(0.3);
	my ($month, $day) = $world->{clock} =~ /^\d+-(\d+)-(\d+)/;
	return { review => one_of('monthly', 'monthly', 'quarterly', 'yearly'), on => sprintf('%s-%02d', $month, one_of($day, 1 .. 28, 28)) };
}

my %every = (monthly => '1 month', quarterly => '3 months', yearly => '1 year');

# The definitions that a tree, or anything with trees in it, names.
sub names_in
{
	my ($what) = @_;

	return map { names_in($_) } @$what if ref $what eq 'ARRAY';
	return () unless ref $what eq 'HASH';
	my $op = $what->{op} // '';
	return $what->{definition}{name} if $op eq 'definition';
	return $what->{args}[0]{value} if $op eq 'call' && $what->{function} eq 'has_tag';
	return map { names_in($what->{$_}) } grep { $_ !~ /^(source|column|window|parameter|where|by)$/ } keys %$what;
}

# What definition d rests on, in the order of the model, itself the last.
sub needed_definitions
{
	my ($d, @definitions) = @_;
	my %needed = ($d->{name} => 1);

	for my $earlier (reverse @definitions, $d)
	{
		next unless grep { $needed{ "$earlier->{name}$_" } } '', '_score', '_r', '_f', '_m';
		$needed{ $earlier->{name} } = 1;
		$needed{$_} = 1 for names_in($earlier);
	}
	return grep { $needed{ $_->{name} } } @definitions, $d;
}

# A kept level may not rest on another one.
sub without_nested_keeps
{
	my @result;

	for my $d (@_)
	{
		my @needed = needed_definitions($d, @result);
		pop @needed;
		my %copy = %$d;
		delete $copy{keep} if grep { $_->{keep} } @needed;
		push @result, \%copy;
	}
	return @result;
}

sub keep_json
{
	my ($keep) = @_;
	return qq({"review": "$keep->{review}", "on": "$keep->{on}"}) if $keep->{review};
	my $number = $keep->{number} // qq(\\"$keep->{parameter}\\");
	return qq({"demote_after": "$number $keep->{unit}"});
}

# ---------------------------------------------------------------------------
# Plain SQL
# ---------------------------------------------------------------------------

sub kept_functions
{
	my ($zone) = @_;
	return <<"SQL";
-- The instants at which another day comes, on these days and those around them.  Where the
-- clock is not changed near midnight, it is midnight; else every minute is looked at.
CREATE FUNCTION oracle.turns(first date, last date) RETURNS SETOF timestamptz STABLE LANGUAGE sql AS \$\$
    SELECT DISTINCT minute
    FROM generate_series(first - 1, last + 1, interval '1 day') AS d,
         LATERAL (SELECT d::timestamp AT TIME ZONE '$zone' AS midnight) AS m,
         LATERAL generate_series(midnight - interval '3 hours', midnight + interval '3 hours', interval '1 minute') AS minute
    WHERE CASE WHEN ((midnight + interval '3 hours') AT TIME ZONE '$zone') - ((midnight - interval '3 hours') AT TIME ZONE '$zone') = interval '6 hours'
               THEN minute = midnight
               ELSE (minute AT TIME ZONE '$zone')::date <> ((minute - interval '1 minute') AT TIME ZONE '$zone')::date END
\$\$;

-- When a day, or a later one, came for the first time.
CREATE FUNCTION oracle.comes(day date) RETURNS timestamptz STABLE LANGUAGE sql AS \$\$
    SELECT min(at) FROM oracle.turns(day, day) AS at WHERE (at AT TIME ZONE '$zone')::date >= day
\$\$;

-- The last of the days that are so many months from one of them.
CREATE FUNCTION oracle.last_review(first date, every interval, today date) RETURNS date IMMUTABLE LANGUAGE sql AS \$\$
    SELECT max(day) FROM generate_series(-2000, 8000) AS n, LATERAL (SELECT (first + n * every)::date AS day) AS one WHERE day <= today
\$\$;
SQL
}

# Variables of oracle.expected for definition number n: from when on levels count, and the
# days that begin since then.
sub kept_declarations
{
	my ($n, $d, $zone, $parameter) = @_;
	my $keep = $d->{keep};
	my $first_day = $keep->{review} ? "oracle.last_review(date '2000-$keep->{on}', interval '$every{ $keep->{review} }', _today)"
		: "(_today - interval '" . ($keep->{number} // $parameter->{ $keep->{parameter} }) . " $keep->{unit}')::date + 1";
	return <<"SQL";
    _from_$n timestamptz := oracle.comes($first_day);
    _turns_$n timestamptz[] := ARRAY(SELECT oracle.turns((_from_$n AT TIME ZONE '$zone')::date, _today));
SQL
}

# Lengths in hours, and literal instants.
sub time_in
{
	my ($what, $parameter, $hours, $literals, $instant) = @_;

	if (ref $what eq 'ARRAY') { time_in($_, $parameter, $hours, $literals, $instant) for @$what }
	return unless ref $what eq 'HASH';
	$literals->{ $instant->($what->{value}) } = 1 if ($what->{op} // '') eq 'timestamp' || ($what->{read_as} // '') eq 'instant';
	if (my $window = $what->{window})
	{
		for my $end ('from', 'to')
		{
			my $length = $window->{$end} or next;
			next unless $window->{"${end}_unit"} eq 'hours';
			$hours->{ $length->{op} eq 'parameter' ? $parameter->{ $length->{parameter}{name} } : $length->{value} } = 1;
		}
	}
	time_in($what->{$_}, $parameter, $hours, $literals, $instant) for grep { $_ !~ /^(source|column|window|parameter|where|by|definition)$/ } keys %$what;
}

# A subquery k<n>: the label of definition n that is kept.  $chain are the definitions it
# rests on and the rules' own label, d<n>.v, with _now and _today of each instant.
sub kept_lateral
{
	my ($world, $n, $d, $chain, $parameter, $instant, @needed) = @_;
	my @labels = map { $_->{label} } @{ $d->{rungs} // $d->{tiers} };
	my $labels = 'ARRAY[' . join(', ', map { "'" . s/'/''/gr . "'" } @labels) . ']::text[]';
	my (%hours, %literals, @instants);

	time_in(\@needed, $parameter, \%hours, \%literals, $instant);
	push @instants, 'SELECT unnest(ARRAY[since, until]) FROM oracle.statement WHERE key = s.oracle_key::text';
	unshift @instants, "SELECT _from_$n AS at", "SELECT unnest(_turns_$n)", map { "SELECT $_" } sort keys %literals;
	push @instants, map { "SELECT $_->{sql}" } grep { $_->{kind} eq 'instant' } @{ $world->{columns} };
	for my $source (@{ $world->{sources} })
	{
		my $columns = join ', ', map { "($_->{sql})" } grep { $_->{kind} eq 'instant' } @{ $source->{columns} };
		my @shifts = ("'0'", (map { "'$_ hours'" } sort keys %hours), defined $source->{tolerance} ? "'-$source->{tolerance}'" : ());
		push @instants, "SELECT e.t + shift FROM $source->{view} AS e, unnest(ARRAY[" . join(', ', @shifts) . "]::interval[]) AS shift WHERE e.key = s.oracle_key";
		push @instants, "SELECT one.at FROM $source->{view} AS e, LATERAL (VALUES $columns) AS one (at) WHERE e.key = s.oracle_key" if $columns;
	}
	my $list = join "\n      UNION ALL ", @instants;
	return <<"SQL";

  CROSS JOIN LATERAL (SELECT ($labels)[min(level)] AS v FROM (
      SELECT DISTINCT at + later AS _now, ((at + later) AT TIME ZONE '$world->{zone}')::date AS _today
      FROM ($list) AS one, (VALUES (interval '0'), ('1 microsecond')) AS v (later)
      WHERE at > '-infinity' AND at < 'infinity' AND at + later BETWEEN _from_$n AND _now) AS clock $chain
      CROSS JOIN LATERAL (SELECT coalesce(array_position($labels, d$n.v), @{[ @labels + 1 ]}) AS level) AS found OFFSET 0) AS k$n
SQL
}

1;
