# Trees and definitions as SQL that says the same by other means: one scalar
# subquery for each aggregate, and nothing of the extension.
#
# Within the query, s is the customer, e an event, _now and _today the instant and
# its day, dN what definition N answers.
package Oracle::PlainSQL;
use strict;
use warnings;
use utf8;

use Encode 'encode_utf8';
use Exporter 'import';
use Oracle::KeptLevels;
use Oracle::Language;
our @EXPORT = qw(expected_function rules_of_the_language expression_sql);

our $zone;

sub rules_of_the_language
{
	return <<'SQL';
CREATE SCHEMA oracle;

-- NaN and infinity count as unknown.
CREATE FUNCTION oracle.known(value numeric) RETURNS numeric IMMUTABLE RETURN
    CASE WHEN value NOT IN ('NaN', 'Infinity', '-Infinity') THEN value END;
CREATE FUNCTION oracle.known(value float8) RETURNS numeric IMMUTABLE RETURN
    CASE WHEN value NOT IN ('NaN', 'Infinity', '-Infinity') THEN value::numeric END;

CREATE FUNCTION oracle.quotient(a numeric, b numeric) RETURNS numeric IMMUTABLE RETURN
    CASE WHEN b <> 0 THEN a / b END;

CREATE FUNCTION oracle.rounded(value numeric, scale int) RETURNS numeric IMMUTABLE RETURN
    CASE WHEN abs(round(value, scale)) < 10::numeric ^ (28 - scale) THEN round(value, scale) END;

-- NULL where there is no such day.
CREATE FUNCTION oracle.days_later(day date, n numeric) RETURNS date IMMUTABLE STRICT LANGUAGE plpgsql AS $$
BEGIN
    IF n <> trunc(n) THEN
        RETURN NULL;
    END IF;
    RETURN day + n::int;
EXCEPTION WHEN numeric_value_out_of_range OR datetime_field_overflow THEN
    RETURN NULL;
END $$;

-- The greatest n for which the day n units before today is not before `day`.
CREATE FUNCTION oracle.units_since(day date, today date, unit interval) RETURNS numeric IMMUTABLE STRICT LANGUAGE plpgsql AS $$
DECLARE
    n int := ((today - day) / CASE unit WHEN interval '1 year' THEN 365.2425 ELSE 30.436875 END)::int - 3;
BEGIN
    WHILE (today - (n + 1) * unit)::date >= day LOOP
        n := n + 1;
    END LOOP;
    RETURN n;
END $$;

CREATE FUNCTION oracle.contains(list text[], wanted text) RETURNS boolean IMMUTABLE RETURN
    CASE WHEN list IS NOT NULL AND wanted IS NOT NULL
         THEN EXISTS (SELECT FROM unnest(list) AS element WHERE element = wanted) END;

-- What people said: of what is said of one thing, the last, until its term is over.
CREATE TABLE oracle.statement (number int GENERATED ALWAYS AS IDENTITY, key text, kind text, name text, label text, since timestamptz, until timestamptz);
CREATE FUNCTION oracle.said(of_key text, of_kind text, of_name text, at timestamptz) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT CASE WHEN until IS NULL OR at < until THEN label END FROM oracle.statement
    WHERE (key, kind, name) = (of_key, of_kind, of_name) AND since <= at ORDER BY since DESC, number DESC LIMIT 1
$$;
CREATE FUNCTION oracle.other_tags(of_key text, but text[], at timestamptz) RETURNS text[] STABLE RETURN
    ARRAY(SELECT DISTINCT name FROM oracle.statement WHERE key = of_key AND kind = 'tag' AND name <> ALL (but) AND oracle.said(of_key, kind, name, at) IS NOT NULL);
SQL
}

sub quoted { return "'" . ($_[0] =~ s/'/''/gr) . "'" }

my %sql_type = (number => 'numeric', text => 'text', date => 'date', instant => 'timestamptz', boolean => 'boolean');

# The kind of value that a tree has.
sub kind_of
{
	my ($node) = @_;
	my ($op, @args) = ($node->{op}, @{ $node->{args} });

	return 'number' if $op =~ m{^(number|parameter|[*/]|negate)$};
	return $node->{read_as} // 'text' if $op eq 'string';
	return 'date' if $op =~ /^(date|today)$/;
	return 'instant' if $op =~ /^(timestamp|now)$/;
	return $node->{column}{kind} if $op eq 'column';
	return $node->{definition}{type} if $op eq 'definition';
	return kind_of($args[0]) eq 'date' && kind_of($args[1]) eq 'number' ? 'date' : 'number' if $op =~ /^[-+]$/;
	return kind_of($args[1]) if $op eq 'case';
	if ($op eq 'aggregate')
	{
		return 'number' if $node->{function} =~ /^(count|sum|avg)$/;
		return 'instant' if $node->{function} =~ /^(earliest|latest)$/;
		return $node->{column}{kind};
	}
	if ($op eq 'call')
	{
		return kind_of($args[0]) if $node->{function} =~ /^(coalesce|least|greatest)$/;
		return 'date' if $node->{function} eq 'date';
		return 'boolean' if $node->{function} =~ /^(contains|starts_with|has_tag)$/;
		return 'number';
	}
	return 'boolean';
}

# Bytewise, where it is text.
sub ordered
{
	my ($node) = @_;
	return kind_of($node) eq 'text' ? '(' . expression_sql($node) . ' COLLATE "C")' : expression_sql($node);
}

sub local_day { return "(($_[0]) AT TIME ZONE '$zone')::date" }

sub day_sql
{
	my ($node) = @_;
	return kind_of($node) eq 'instant' ? local_day(expression_sql($node)) : expression_sql($node);
}

sub instant_literal
{
	my ($text) = @_;
	return $text =~ /[+-]\d\d(:\d\d)?$/ && $text =~ /:/ ? "timestamptz '$text'" : "(timestamp '$text' AT TIME ZONE '$zone')";
}

# Where the answer of an earlier definition stands, and what a parameter is: set
# while a query is made.
our %place;
our %parameter;

# Whether an event lies within a bound: after it (from), or not after it (to).
sub bound_sql
{
	my ($length, $unit, $operator) = @_;
	$length = $length->{op} eq 'parameter' ? $parameter{ $length->{parameter}{name} } : $length->{value};
	return "e.t $operator _now - ($length) * interval '1 hour'" if $unit eq 'hours';
	return local_day('e.t') . " $operator (_today - ($length) * interval '1 $unit')::date";
}

sub events_sql
{
	my ($node) = @_;
	my $source = $node->{source};
	my $window = $node->{window};
	my $tolerance = defined $source->{tolerance} ? " + interval '$source->{tolerance}'" : '';
	my @conditions = ('e.key = s.oracle_key', 'e.t IS NOT NULL', "e.t <= _now$tolerance");

	push @conditions, '(' . expression_sql($source->{filter}) . ')' if $source->{filter};
	push @conditions, '(' . expression_sql($node->{where}) . ')' if $node->{where};
	push @conditions, local_day('e.t') . " >= date '$window->{date}'" if $window->{kind} eq 'since';
	push @conditions, bound_sql($window->{from}, $window->{from_unit}, '>') if $window->{from};
	push @conditions, bound_sql($window->{to}, $window->{to_unit}, '<=') if $window->{to};
	return "FROM $source->{view} AS e WHERE " . join ' AND ', @conditions;
}

sub aggregate_sql
{
	my ($node) = @_;
	my $function = $node->{function};
	my $events = events_sql($node);
	my $value = $node->{column} ? $node->{column}{sql} : undef;
	my $order = $value && $node->{column}{kind} eq 'text' ? "$value COLLATE \"C\"" : $value;

	return "(SELECT min(e.t) $events)" if $function eq 'earliest';
	return "(SELECT max(e.t) $events)" if $function eq 'latest';
	return '(SELECT count(' . ($node->{distinct} ? "DISTINCT $value" : '*') . ")::numeric $events)" if $function eq 'count';
	return "(SELECT coalesce(sum($value), 0) $events)" if $function eq 'sum';
	return "(SELECT $function($order) $events)" if $function =~ /^(avg|min|max)$/;
	return "(SELECT $value $events AND $value IS NOT NULL ORDER BY e.t, $order LIMIT 1)" if $function eq 'first';
	return "(SELECT $value $events AND $value IS NOT NULL ORDER BY e.t DESC, $order DESC LIMIT 1)" if $function eq 'last';
	my $weight = $node->{by} ? "coalesce(sum($node->{by}{sql}), 0)" : 'count(*)';
	return "(SELECT $value $events AND $value IS NOT NULL GROUP BY $value ORDER BY $weight DESC, max(e.t) DESC, $order LIMIT 1)";
}

sub call_sql
{
	my ($function, @args) = @_;

	return definition_place($args[0]) if $function eq 'has_tag';
	return "$function(" . join(', ', map { ordered($_) } @args) . ')' if $function =~ /^(least|greatest)$/;
	return '(_today - ' . day_sql(@args) . ')::numeric' if $function eq 'days_since';
	return 'oracle.units_since(' . day_sql(@args) . ", _today, interval '1 month')" if $function eq 'months_since';
	return 'oracle.units_since(' . day_sql(@args) . ", _today, interval '1 year')" if $function =~ /^(age|years_since)$/;
	return "extract($function FROM " . day_sql(@args) . ')' if $function =~ /^(month|day)$/;
	return 'extract(isodow FROM ' . day_sql(@args) . ')' if $function eq 'weekday';
	return day_sql(@args) if $function eq 'date';
	my $place = $function eq 'contains' ? 'oracle.' : '';
	my @sql = map { expression_sql($_) } @args;
	# of a score, which is an integer, floor would be a float
	$sql[0] = "($sql[0])::numeric" if $function =~ /^(abs|floor|round)$/;
	$sql[1] .= '::int' if $function eq 'round' && @sql > 1;
	return "$place$function(" . join(', ', @sql) . ')';
}

sub definition_place { return $place{ $_[0]{value} } // die "no tag $_[0]{value}" }

sub expression_sql
{
	my ($node) = @_;
	my ($op, @args) = ($node->{op}, @{ $node->{args} });
	my $not = $node->{negated} ? 'NOT ' : '';

	return "$node->{value}::numeric" if $op eq 'number';
	if ($op eq 'string')
	{
		my $as = $node->{read_as} // 'text';
		return $as eq 'date' ? "date '$node->{value}'" : $as eq 'instant' ? instant_literal($node->{value}) : quoted($node->{value}) . '::text';
	}
	return "date '$node->{value}'" if $op eq 'date';
	return instant_literal($node->{value}) if $op eq 'timestamp';
	return $op if $op =~ /^(true|false)$/;
	return "_$op" if $op =~ /^(today|now)$/;
	return $node->{column}{sql} if $op eq 'column';
	return "($parameter{ $node->{parameter}{name} })::numeric" if $op eq 'parameter';
	return $node->{definition}{kind} eq 'local' ? "g.$node->{definition}{name}" : $place{ $node->{definition}{name} } if $op eq 'definition';
	return 'oracle.quotient(' . join(', ', map { expression_sql($_) . '::numeric' } @args) . ')' if $op eq '/';
	if ($op =~ /^[-+]$/ && (kind_of($args[0]) eq 'date'))
	{
		my ($a, $b) = map { expression_sql($_) } @args;
		return kind_of($args[1]) eq 'date' ? "($a - $b)::numeric" : "oracle.days_later($a, $op($b)::numeric)";
	}
	return '(' . join(" \U$op\E ", map { expression_sql($_) } @args) . ')' if $op =~ m{^(and|or)$};
	return '(' . join(" $op ", map { expression_sql($_) . '::numeric' } @args) . ')' if $op =~ m{^[-+*]$};
	return '(NOT ' . expression_sql(@args) . ')' if $op eq 'not';
	return '(- ' . expression_sql(@args) . ')' if $op eq 'negate';
	return '(' . ordered($args[0]) . " $node->{operator} " . ordered($args[1]) . ')' if $op eq 'compare';
	return '(' . ordered($args[0]) . " ${not}BETWEEN " . ordered($args[1]) . ' AND ' . ordered($args[2]) . ')' if $op eq 'between';
	return '(' . ordered(shift @args) . " ${not}IN (" . join(', ', map { expression_sql($_) } @args) . '))' if $op eq 'in';
	return '(' . expression_sql($args[0]) . " ${not}LIKE " . quoted($args[1]{value}) . ')' if $op eq 'like';
	return '(' . expression_sql($args[0]) . " IS ${not}NULL)" if $op eq 'is_null';
	return call_sql($node->{function}, @args) if $op eq 'call';
	return aggregate_sql($node) if $op eq 'aggregate';
	if ($op eq 'case')
	{
		my $sql = '(CASE';
		while (@args > 1)
		{
			$sql .= ' WHEN ' . expression_sql(shift @args) . ' THEN ' . expression_sql(shift @args);
		}
		$sql .= ' ELSE ' . expression_sql($args[0]) if @args;
		return "$sql END)";
	}
	die "no SQL for $op";
}

# ---------------------------------------------------------------------------
# Definitions: each a subquery that sees those before it
# ---------------------------------------------------------------------------

sub lateral { return "\n  CROSS JOIN LATERAL (SELECT $_[1] OFFSET 0) AS $_[0]" }

sub first_true
{
	my ($rungs) = @_;
	my ($sql, $else) = ('', 'NULL');

	for my $rung (@$rungs)
	{
		if ($rung->{when}) { $sql .= ' WHEN ' . expression_sql($rung->{when}) . ' THEN ' . quoted($rung->{label}) }
		else { $else = quoted($rung->{label}) }
	}
	return $sql eq '' ? $else : "CASE$sql ELSE $else END";
}

# The bin's number on an axis: 1 below the first cut.
sub bin_sql { my ($value, @cuts) = @_; return "1 + " . join ' + ', map { "($value >= $_)::int" } @cuts }

# A label by the rules, unless somebody has pinned one that the definition has.  Where the
# label is kept, that is asked of the kept one.
sub unless_pinned
{
	my ($d, $label) = @_;
	return "($label)::text" if $d->{keep};
	return pinned_or($d, $label);
}

sub pinned_or
{
	my ($d, $label) = @_;
	my $labels = join ', ', map { quoted($_) } labels_of($d);
	my $said = "oracle.said(s.oracle_key::text, 'pin', " . quoted($d->{name}) . ', _now)';
	return "CASE WHEN $said = ANY (ARRAY[$labels]) THEN $said ELSE ($label)::text END";
}

sub grid_sql
{
	my ($n, $d) = @_;
	my %cuts = map { $_ => [ map { points_sql($_) } @{ $d->{cuts}{$_} } ] } keys %{ $d->{cuts} };
	my $kind = kind_of($d->{recency});
	my $recency = $kind eq 'number' ? expression_sql($d->{recency}) : '(_today - ' . day_sql($d->{recency}) . ')';
	my $high = points_sql($d->{high_from} // 2);
	my $sql = lateral("v$n", "$recency AS r, " . expression_sql($d->{frequency}) . ' AS f, ' . expression_sql($d->{monetary}) . ' AS m');

	$sql .= lateral("b$n", (@{ $cuts{recency} } + 2) . ' - (' . bin_sql("v$n.r", @{ $cuts{recency} }) . ') AS r, '
		. join ', ', map { bin_sql("v$n.$_->[0]", @{ $cuts{ $_->[1] } }) . " AS $_->[0]" } [ 'f', 'frequency' ], [ 'm', 'monetary' ]);
	$sql .= lateral("g$n", "b$n.*, 100 * b$n.r + 10 * b$n.f + b$n.m AS score");
	my $label = $d->{groups} ? first_true($d->{groups}) : <<"SQL";
CASE WHEN score IS NULL THEN '未成交'
            ELSE CASE WHEN m >= $high THEN '重要' ELSE '一般' END
              || CASE WHEN r >= $high AND f >= $high THEN '价值' WHEN r >= $high THEN '发展' WHEN f >= $high THEN '保持' ELSE '挽留' END END
SQL
	return $sql . "\n  CROSS JOIN LATERAL (SELECT " . unless_pinned($d, $label) . " AS v FROM (SELECT g$n.*) AS g OFFSET 0) AS d$n";
}

sub points_sql { my ($points) = @_; return ref $points ? expression_sql($points) : "$points\::numeric" }

sub bins_sql
{
	my ($c, $value) = @_;
	my ($sql, $missing) = ('', $c->{missing} ? points_sql($c->{missing}{points}) : 'NULL::numeric');

	for my $bin (@{ $c->{bins} })
	{
		my $points = points_sql($bin->{points});
		my $when = $bin->{when} ? expression_sql($bin->{when}) : $c->{value} ? (exists $bin->{below} ? "$value < " . points_sql($bin->{below}) : "$value IS NOT NULL") : 'true';
		$sql .= " WHEN $when THEN $points";
	}
	return "CASE$sql ELSE $missing END";
}

sub card_sql
{
	my ($n, $d) = @_;
	my @c = @{ $d->{characteristics} };
	my $sql = lateral("v$n", join ', ', map { ($c[$_]{value} ? expression_sql($c[$_]{value}) : 'NULL') . " AS x$_" } 0 .. $#c);

	$sql .= lateral("b$n", join ', ', map { bins_sql($c[$_], "v$n.x$_") . " AS p$_, "
		. (exists $c[$_]{weight} ? points_sql($c[$_]{weight}) : 'NULL') . " AS w$_" } 0 .. $#c);
	if ($d->{method} eq 'weighted')
	{
		my $weights = join ' + ', map { "CASE WHEN b$n.w$_ >= 0 THEN b$n.w$_ END" } 0 .. $#c;
		$sql .= lateral("g$n", 'round(oracle.quotient(' . join(' + ', map { "b$n.w$_ * b$n.p$_" } 0 .. $#c) . ", $weights), 2) AS score");
	}
	else
	{
		$sql .= lateral("g$n", 'round(' . join(' + ', points_sql($d->{initial} // 0), map { "b$n.p$_" } 0 .. $#c) . ', 2) AS score');
	}
	my ($tiers, $else) = ('', 'NULL');
	for my $tier (@{ $d->{tiers} })
	{
		if (exists $tier->{at_least}) { $tiers .= ' WHEN score >= ' . points_sql($tier->{at_least}) . ' THEN ' . quoted($tier->{label}) }
		else { $else = quoted($tier->{label}) }
	}
	return $sql . "\n  CROSS JOIN LATERAL (SELECT " . unless_pinned($d, "CASE WHEN score IS NULL THEN NULL$tiers ELSE $else END")
		. " AS v FROM (SELECT g$n.*) AS g OFFSET 0) AS d$n";
}

sub definition_sql
{
	my ($n, $d) = @_;

	return grid_sql($n, $d) if $d->{kind} eq 'rfm';
	return card_sql($n, $d) if $d->{kind} eq 'scorecard';
	return lateral("d$n", unless_pinned($d, first_true($d->{rungs})) . ' AS v') if $d->{kind} eq 'ladder';
	my $sql = expression_sql($d->{tree});
	return lateral("d$n", "($sql) IS TRUE OR oracle.said(s.oracle_key::text, 'tag', " . quoted($d->{name}) . ", _now) IS NOT NULL AS v") if $d->{kind} eq 'tag';
	$sql = "oracle.rounded($sql, " . ($d->{scale} // 6) . ')' if $d->{type} eq 'number';
	return lateral("d$n", "($sql)::$sql_type{ $d->{type} } AS v");
}

# A parameter's value; the branch is what the first definition answers.
sub parameter_sql
{
	my ($parameter) = @_;
	my %branches = %{ $parameter->{branches} // {} };
	return $parameter->{value} unless %branches;
	return '(CASE d1.v ' . join(' ', map { 'WHEN ' . quoted($_) . " THEN $branches{$_}" } sort keys %branches) . " ELSE $parameter->{value} END)";
}

# Creates oracle.expected(instant): a row for each customer, with a key for each
# column of the view that is no clock's.
sub expected_function
{
	my ($world, $model) = @_;
	local $zone = $world->{zone};
	local %place;
	local %parameter = map { $_->{name} => parameter_sql($_) } @{ $model->{parameters} };
	my @columns = (quoted($world->{key_column}) . ', s.oracle_key');
	my ($n, $sql, $declarations, @tags, %chain, @before) = (0, '', '');

	for my $d (@{ $model->{definitions} })
	{
		$n++;
		$chain{ $d->{name} } = definition_sql($n, $d);
		$sql .= $chain{ $d->{name} };
		$place{ $d->{name} } = "d$n.v";
		if ($d->{keep})
		{
			my @needed = needed_definitions($d, @before);
			$declarations .= kept_declarations($n, $d, $zone, \%parameter);
			$sql .= kept_lateral($world, $n, $d, join('', map { $chain{ $_->{name} } } @needed), \%parameter, \&instant_literal, @needed);
			$sql .= lateral("p$n", pinned_or($d, "k$n.v") . ' AS v');
			$place{ $d->{name} } = "p$n.v";
		}
		push @before, $d;
		if ($d->{kind} eq 'tag') { push @tags, $d; next }
		push @columns, quoted($d->{name}) . ", $place{ $d->{name} }";
		for my $part ($d->{kind} eq 'rfm' ? ('score', 'r', 'f', 'm') : $d->{kind} eq 'scorecard' ? ('score') : ())
		{
			$place{"$d->{name}_$part"} = "g$n.$part";
			push @columns, quoted("$d->{name}_$part") . ", g$n.$part";
		}
	}
	my $tags = join ', ', map { "CASE WHEN $place{ $_->{name} } THEN " . quoted($_->{name}) . ' END' }
		sort { encode_utf8($a->{name}) cmp encode_utf8($b->{name}) } @tags;
	my $names = join ', ', map { quoted($_->{name}) } @{ $model->{definitions} }, @{ $model->{parameters} };
	push @columns, "'tags', array_to_string(ARRAY(SELECT t FROM unnest(ARRAY[$tags]::text[] || oracle.other_tags(s.oracle_key::text, ARRAY[$names], _now)) AS t"
		. " WHERE t IS NOT NULL ORDER BY t COLLATE \"C\"), ', ')";

	my $list = join ",\n    ", @columns;
	return <<"SQL";
CREATE OR REPLACE FUNCTION oracle.expected(_now timestamptz) RETURNS SETOF jsonb STABLE LANGUAGE plpgsql
SET jit = off SET plan_cache_mode = force_generic_plan SET join_collapse_limit = 1 SET enable_seqscan = off AS \$oracle\$
#variable_conflict use_column
DECLARE
    _today date := (_now AT TIME ZONE '$zone')::date;
${declarations}BEGIN
RETURN QUERY SELECT jsonb_build_object(
    $list)
  FROM oracle.customer AS s $sql;
END \$oracle\$;
SQL
}

1;
