# Random trees of the expression language, and random definitions made of them.
#
# A node is {op, args, ...}.  A scope says what names there are: columns,
# parameters, and for a customer, not for an event, sources, earlier definitions,
# and the time.
package Oracle::Generator;
use strict;
use warnings;
use utf8;

use Exporter 'import';
use Oracle::KeptLevels;
use Oracle::Language;
use Oracle::Random;
our @EXPORT = qw(make_model change_model values_of event_scope condition);

# What columns may hold, and literals say.  The data's values are made of the same.
my %values = (
	number => [ 0, 1, 2, 3, 5, 10, '19.99', '99.995', 100, '2500.50', 20000, '0.5', '-5', '1.25' ],
	text => [ '', 'skin', 'laser', '双眼皮', '皮', 'z ', 'A', "it's", 'a%b', 'ab' ],
	level => [ 'platinum', 'gold', 'silver', '普通' ],
	uuid => [ '00000000-0000-0000-0000-000000000000', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'ffffffff-ffff-ffff-ffff-ffffffffffff' ],
	date => [ '2010-03-14', '2010-11-07', '2011-12-29', '2011-12-31', '2018-02-18', '2018-11-04', '2024-02-29', '2026-03-08', '2026-06-01', '2026-06-30', '2026-11-01' ],
	birthday => [ '1984-02-29', '1990-07-01', '1999-12-31', '2000-02-29', '2001-10-31', '1979-11-07', '1988-03-08' ],
	instant => [ '2010-11-07 00:00:30', '2011-12-31 00:00', '2018-11-04 00:30', '2024-02-29 12:00+00', '2026-03-08 02:30', '2026-06-29T18:00:00.25+08:00', '2026-11-01 01:30' ]);

# Some of the values that tell a branch.
my @branches = ('skin', 'laser', '双眼皮', 'A', "it's", 'nowhere');

sub values_of { return @{ $values{ $_[0] } } }

sub node
{
	my ($op, $args, %more) = @_;
	return { op => $op, args => $args, %more };
}

sub call { my ($function, @args) = @_; return node('call', \@args, function => $function) }

sub columns_of { my ($scope, $kind) = @_; return grep { $_->{kind} eq $kind } @{ $scope->{columns} } }

# The numbers beside a label: of a grid grid_score, grid_r, grid_f, grid_m.
sub parts_of
{
	my ($definition) = @_;
	my @parts = $definition->{kind} eq 'rfm' ? ('score', 'r', 'f', 'm') : $definition->{kind} eq 'scorecard' ? ('score') : ();
	return map { { kind => 'part', name => "$definition->{name}_$_", type => 'number' } } @parts;
}

# A name that is of this kind: a column, or an earlier definition.
sub named
{
	my ($scope, $kind) = @_;
	my @definitions = grep { $_->{type} eq $kind } map { $_, parts_of($_) } @{ $scope->{definitions} };
	my @columns = columns_of($scope, $kind);

	return node('definition', [], definition => one_of(@definitions)) if @definitions && (!@columns || chance(0.5));
	return undef unless @columns;
	my $column = one_of(@columns);
	my $node = node('column', [], column => $column);
	# beside these alone, a literal would be read by their own type
	return call('coalesce', $node) if $column->{type} =~ /level|uuid/;
	return $node;
}

# ---------------------------------------------------------------------------
# Aggregates
# ---------------------------------------------------------------------------

sub event_scope
{
	my ($source, $parameters) = @_;
	return { columns => $source->{columns}, parameters => $parameters, definitions => [] };
}

sub window_length
{
	my ($scope, $greatest) = @_;
	my @parameters = grep { $_->{length} } @{ $scope->{parameters} };

	return node('parameter', [], parameter => one_of(@parameters)) if @parameters && chance(0.2);
	return node('number', [], value => between(1, $greatest));
}

my %greatest = (hours => 72, days => 40, weeks => 6, months => 13, years => 3);

sub window
{
	my ($scope) = @_;
	my @units = ('hours', 'days', 'days', 'days', 'weeks', 'months', 'years');
	my $kind = int rand 10;

	return { kind => 'all' } if $kind <= 2;
	if ($kind <= 6)
	{
		my $unit = one_of(@units);
		return { kind => 'last', from => window_length($scope, $greatest{$unit}), from_unit => $unit };
	}
	if ($kind <= 8)
	{
		my ($from_unit, $to_unit) = (one_of(@units), one_of(@units));
		$to_unit = $from_unit if chance(0.7);
		my $to = chance(0.15) ? node('number', [], value => 0) : window_length($scope, int($greatest{$to_unit} / 2));
		return { kind => 'between', from => window_length($scope, $greatest{$from_unit}), from_unit => $from_unit, to => $to, to_unit => $to_unit };
	}
	return { kind => 'since', date => one_of(values_of('date')) };
}

sub aggregate
{
	my ($scope, $function, $source, $column, %more) = @_;
	my $where = chance(0.3) ? condition(event_scope($source, $scope->{parameters}), one_of(0, 0, 1, 2)) : undef;

	return node('aggregate', [], function => $function, source => $source, column => $column, where => $where, window => window($scope), %more);
}

# An aggregate with values of a kind, or nothing if no source has a column for it.
sub aggregate_of
{
	my ($scope, $kind) = @_;
	my $source = one_of(@{ $scope->{sources} });
	my @all = grep { $_->{kind} ne 'array' } @{ $source->{columns} };
	my @numbers = columns_of($source, 'number');

	return aggregate($scope, 'count', $source) if $kind eq 'number' && chance(0.3);
	return aggregate($scope, 'count', $source, one_of(@all), distinct => 1) if $kind eq 'number' && chance(0.2);
	return aggregate($scope, one_of('sum', 'sum', 'avg'), $source, one_of(@numbers)) if $kind eq 'number' && chance(0.5);
	return aggregate($scope, one_of('earliest', 'latest', 'latest'), $source) if $kind eq 'instant' && (chance(0.6) || $source->{lines});

	my @columns = columns_of($source, $kind) or return undef;
	my $column = one_of(@columns);
	my @functions = ('first', 'last', 'mode', 'mode');
	push @functions, 'min', 'max' if $kind ne 'boolean' && $column->{type} !~ /level/;
	my $function = one_of(@functions);
	my %by = $function eq 'mode' && chance(0.5) ? (by => one_of(@numbers)) : ();
	my $node = aggregate($scope, $function, $source, $column, %by);
	return $column->{type} =~ /level|uuid/ ? call('coalesce', $node) : $node;
}

# ---------------------------------------------------------------------------
# Values
# ---------------------------------------------------------------------------

sub conditional
{
	my ($make, $scope, $depth, $ordered) = @_;
	my $kind = int rand($ordered ? 4 : 2);

	if ($kind == 0)
	{
		my @args;
		for (1 .. between(1, 2))
		{
			push @args, condition($scope, $depth - 1), $make->($scope, $depth - 1);
		}
		push @args, $make->($scope, $depth - 1) if chance(0.7);
		return node('case', \@args);
	}
	return call($kind == 1 ? 'coalesce' : $kind == 2 ? 'least' : 'greatest', map { $make->($scope, $depth - 1) } 1 .. between(1, 3));
}

sub number_literal
{
	my $value = one_of(values_of('number'));
	return $value =~ /^-(.*)/ ? node('negate', [ node('number', [], value => $1) ]) : node('number', [], value => $value);
}

sub number
{
	my ($scope, $depth) = @_;
	my $kind = $depth <= 0 ? int rand 11 : int rand 29;

	return number_literal() if $kind <= 1 || $kind == 2 && !@{ $scope->{parameters} };
	return node('parameter', [], parameter => one_of(@{ $scope->{parameters} })) if $kind == 2;
	return named($scope, 'number') if $kind <= 6 || !$scope->{sources} && $kind <= 10;
	return aggregate_of($scope, 'number') if $kind <= 10;
	if ($kind <= 14)
	{
		my $operator = one_of('+', '-', '*', '/');
		return node($operator, [ number($scope, $depth - 1), number($scope, $depth - 1) ]);
	}
	return node('negate', [ number($scope, $depth - 1) ]) if $kind == 15;
	if ($kind == 16 || $kind >= 26)
	{
		my $places = chance(0.5) ? [ node('number', [], value => between(0, 4)) ] : [];
		return call('round', number($scope, $depth - 1), @$places) if chance(0.3);
		return call(one_of('abs', 'abs', 'floor'), number($scope, $depth - 1));
	}
	if ($kind <= 22)
	{
		my @parts = ('month', 'day', 'weekday');
		return call(one_of(@parts), day_or_instant($scope, $depth - 1)) if chance(0.3) || !$scope->{sources};
		return call(one_of('days_since', 'days_since', 'months_since', 'years_since', 'age'), day_or_instant($scope, $depth - 1));
	}
	return node('-', [ day($scope, $depth - 1), day($scope, $depth - 1) ]) if $kind == 23;
	return conditional(\&number, $scope, $depth, 1);
}

sub text_literal { return node('string', [], value => one_of(values_of('text'), 'gold', '普通')) }

sub text
{
	my ($scope, $depth) = @_;
	my $kind = $depth <= 0 ? int rand 8 : int rand 10;

	return text_literal() if $kind == 0;
	return named($scope, 'text') if $kind <= 4 || !$scope->{sources} && $kind <= 7;
	return aggregate_of($scope, 'text') if $kind <= 7;
	return conditional(\&text, $scope, $depth, 1);
}

sub day
{
	my ($scope, $depth) = @_;
	my $kind = $depth <= 0 ? int rand 6 : int rand 12;

	return node('date', [], value => one_of(values_of('date'))) if $kind == 0;
	return node('today', []) if $kind == 1 && $scope->{sources};
	if ($kind <= 4 || !$scope->{sources} && $kind <= 5)
	{
		return named($scope, 'date') // call('date', instant($scope, 0));
	}
	return aggregate_of($scope, 'date') // day($scope, $depth) if $kind == 5;
	if ($kind <= 7)
	{
		my $days = chance(0.7) ? node('number', [], value => between(0, 40)) : whole($scope);
		return node(one_of('+', '-'), [ day($scope, $depth - 1), $days ]);
	}
	return call('date', instant($scope, $depth - 1)) if $kind <= 10;
	return conditional(\&day, $scope, $depth, 1);
}

# A number without decimals, not large.
sub whole
{
	my ($scope) = @_;
	return aggregate($scope, 'count', one_of(@{ $scope->{sources} })) if $scope->{sources} && chance(0.5);
	return call('floor', named($scope, 'number')) if chance(0.3);
	my ($column) = grep { $_->{type} eq 'int' } @{ $scope->{columns} };
	return node('column', [], column => $column);
}

sub instant
{
	my ($scope, $depth) = @_;
	my $kind = $depth <= 0 ? int rand 6 : int rand 8;

	return node('timestamp', [], value => one_of(values_of('instant'))) if $kind == 0;
	if ($kind <= 2 || !$scope->{sources} && $kind <= 5)
	{
		return named($scope, 'instant') // node('timestamp', [], value => one_of(values_of('instant')));
	}
	return aggregate_of($scope, 'instant') // instant($scope, $depth) if $kind <= 5;
	return conditional(\&instant, $scope, $depth, 1);
}

sub instant_or_now
{
	my ($scope, $depth) = @_;
	return $scope->{sources} && chance(0.3) ? node('now', []) : instant($scope, $depth);
}

sub day_or_instant
{
	my ($scope, $depth) = @_;
	return chance(0.45) ? day($scope, $depth) : instant($scope, $depth);
}

# ---------------------------------------------------------------------------
# Conditions
# ---------------------------------------------------------------------------

sub compared
{
	my ($kind, $a, $operator, $b) = @_;
	return node('compare', [ $a, $b ], operator => $operator, kind => $kind);
}

my %makes = (number => \&number, text => \&text, date => \&day, instant => \&instant_or_now, boolean => \&condition);

# A column whose own type reads the literal beside it.
sub own_literal
{
	my ($scope) = @_;
	my @columns = grep { $_->{type} =~ /level|uuid|^date$|^timestamp|^numeric|^varchar/ } @{ $scope->{columns} };
	my $column = one_of(@columns);
	my $pool = $column->{type} =~ /level/ ? 'level' : $column->{type} eq 'uuid' ? 'uuid' : $column->{kind};
	my $operator = $pool eq 'level' ? one_of('=', '<>') : one_of('=', '<>', '<', '>=');
	my $value = one_of(values_of($pool));
	my $literal = $pool eq 'number' ? node('number', [], value => abs $value) : node('string', [], value => $value, read_as => $column->{kind});

	return compared($column->{kind}, node('column', [], column => $column), $operator, $literal);
}

sub in_list
{
	my ($scope, $depth) = @_;
	my $kind = one_of('number', 'text', 'text', 'date', 'instant');
	my %literal = (
		number => sub { number_literal() }, text => sub { text_literal() },
		date => sub { node('date', [], value => one_of(values_of('date'))) },
		instant => sub { node('timestamp', [], value => one_of(values_of('instant'))) });
	my $value = $kind eq 'instant' ? instant($scope, $depth - 1) : $makes{$kind}->($scope, $depth - 1);
	return node('in', [ $value, map { $literal{$kind}->() } 1 .. between(1, 4) ], kind => $kind, negated => chance(0.3));
}

# The kind of condition that decides when time alone changes an answer.
sub temporal
{
	my ($scope) = @_;
	my $kind = int rand 9;
	my $operator = one_of('=', '<>', '<', '<=', '>', '>=', '>', '>=');
	my $source = one_of(@{ $scope->{sources} });
	my @money = columns_of($source, 'number');

	return compared('number', aggregate($scope, 'count', $source), $operator, node('number', [], value => between(0, 4))) if $kind <= 1;
	return compared('number', aggregate($scope, 'sum', $source, one_of(@money)), $operator, number_literal()) if $kind <= 3;
	return compared('number', call(one_of('days_since', 'months_since', 'age'), day_or_instant($scope, 0)), $operator, node('number', [], value => between(0, 40)))
		if $kind <= 5;
	return compared('instant', aggregate_of($scope, 'instant'), $operator, node('now', [])) if $kind == 6;
	return compared('number', call(one_of('month', 'day'), named($scope, 'date')), '=', call(one_of('month', 'day'), node('today', []))) if $kind == 7;
	return compared('number', call('days_since', aggregate($scope, 'latest', $source)), $operator,
		chance(0.5) ? node('number', [], value => between(0, 30)) : number($scope, 0));
}

sub condition
{
	my ($scope, $depth) = @_;
	my $kind = $depth <= 0 ? int rand 14 : int rand 30;
	my $operator = one_of('=', '<>', '<', '<=', '>', '>=');

	return node(one_of('true', 'false'), []) if $kind == 0 && chance(0.2);
	return named($scope, 'boolean') // own_literal($scope) if $kind <= 2;
	return own_literal($scope) if $kind <= 4;
	if ($kind == 5 && $scope->{sources})
	{
		my @tags = grep { $_->{kind} eq 'tag' } @{ $scope->{definitions} };
		return call('has_tag', node('string', [], value => one_of(@tags)->{name})) if @tags;
	}
	return temporal($scope) if $kind <= 9 && $scope->{sources};
	return compared('number', number($scope, $depth - 1), $operator, number($scope, $depth - 1)) if $kind <= 12;
	if ($kind <= 15)
	{
		my $what = one_of('number', 'text', 'date', 'instant', 'instant');
		return compared($what, $makes{$what}->($scope, $depth - 1), $operator, $makes{$what}->($scope, $depth - 1));
	}
	return compared('boolean', condition($scope, $depth - 1), one_of('=', '<>'), condition($scope, $depth - 1)) if $kind == 16;
	if ($kind <= 18)
	{
		my $what = one_of('number', 'text', 'date', 'instant');
		return node('between', [ map { $makes{$what}->($scope, $depth - 1) } 1 .. 3 ], kind => $what, negated => chance(0.3));
	}
	return in_list($scope, $depth) if $kind == 19;
	if ($kind == 20)
	{
		my $what = one_of('number', 'text', 'date', 'boolean');
		return node('is_null', [ $makes{$what}->($scope, $depth - 1) ], negated => chance(0.5));
	}
	if ($kind == 21)
	{
		return call('starts_with', text($scope, $depth - 1), text($scope, 0)) if chance(0.3);
		my @arrays = columns_of($scope, 'array');
		return call('contains', node('column', [], column => one_of(@arrays)), text($scope, 0)) if @arrays && chance(0.5);
		my $pattern = join '', map { one_of('%', '_', 'a', 'b', '皮', 's', '\\%') } 1 .. between(1, 3);
		return node('like', [ text($scope, $depth - 1), node('string', [], value => $pattern) ], negated => chance(0.3));
	}
	return node('not', [ condition($scope, $depth - 1) ]) if $kind <= 23;
	return conditional(\&condition, $scope, $depth, 0) if $kind == 24;
	return node(one_of('and', 'or'), [ map { condition($scope, $depth - 1) } 1 .. between(2, 3) ]);
}

# ---------------------------------------------------------------------------
# Definitions
# ---------------------------------------------------------------------------

my @labels = ('new', 'active', '沉睡', 'lost', "o'clock", 'strategic', '价值', 'nurture');

sub metric
{
	my ($scope, $name) = @_;
	my $kind = int rand 12;
	my ($type, $tree) = ('number');

	if ($kind <= 4) { $tree = aggregate_of($scope, 'number') }
	elsif ($kind == 5)
	{
		# stored as the day from which it counts
		$tree = call(one_of('days_since', 'months_since', 'years_since', 'age'),
			chance(0.5) ? aggregate_of($scope, 'instant') : one_of(map { node('column', [], column => $_) } columns_of($scope, 'date'), columns_of($scope, 'instant')));
	}
	elsif ($kind <= 7) { $tree = number($scope, between(1, 3)) }
	elsif ($kind == 8) { ($type, $tree) = ('text', text($scope, between(0, 2))) }
	elsif ($kind == 9) { ($type, $tree) = ('instant', instant($scope, between(0, 2))) }
	elsif ($kind == 10) { ($type, $tree) = ('date', day($scope, between(0, 2))) }
	else { ($type, $tree) = ('boolean', condition($scope, between(1, 2))) }

	my $scale = $type eq 'number' && chance(0.3) ? between(0, 8) : undef;
	# what decides the type of its column, which later versions keep
	my $column = $type;
	$column = $tree->{function} if $tree->{op} eq 'aggregate' && $tree->{function} eq 'count';
	$column = 'part' if $tree->{op} eq 'call' && $tree->{function} =~ /^(month|day|weekday)$/;
	$column = 'elapsed' if $tree->{op} eq 'call' && $tree->{function} =~ /^(days_since|months_since|years_since|age)$/;
	return { kind => 'metric', name => $name, type => $type, column => $column, tree => $tree, scale => $scale };
}

sub cuts
{
	my ($bins, @pool) = @_;
	return [ sort { $a <=> $b } some_of($bins - 1, @pool) ];
}

# The same, or parameters in their place, whose values ascend in every branch, too.
sub bounds
{
	my ($scope, $count, @pool) = @_;
	my @general = @{ cuts($count + 1, @pool) };
	return \@general unless $scope->{model} && chance(0.3);

	my $parameters = $scope->{model}{parameters};
	my @bounds = map { { name => 'bound_' . ++$scope->{model}{bounds}, value => $_ } } @general;
	for my $branch ($scope->{model}{home} ? some_of(between(0, 3), @branches) : ())
	{
		my $other = cuts($count + 1, @pool);
		$bounds[$_]{branches}{$branch} = $other->[$_] for 0 .. $#bounds;
	}
	push @$parameters, @bounds;
	return [ map { node('parameter', [], parameter => $_) } @bounds ];
}

sub grid
{
	my ($scope, $name) = @_;
	my $bins = between(2, 5);
	my $recency = chance(0.7) ? aggregate($scope, 'latest', one_of(@{ $scope->{sources} })) : chance(0.4) ? day($scope, 0) : number($scope, 1);
	my $kind = $recency->{op} eq 'aggregate' && $recency->{function} eq 'latest' ? 'instant' : undef;
	my $grid = {
		kind => 'rfm', name => $name, type => 'text', bins => $bins, recency => $recency,
		frequency => chance(0.6) ? aggregate($scope, 'count', one_of(@{ $scope->{sources} })) : number($scope, 1),
		monetary => number($scope, 1),
		cuts => {
			recency => bounds($scope, $bins - 1, 1, 2, 3, 7, 10, 14, 30, 90), frequency => bounds($scope, $bins - 1, 1, 2, 3, 4, '1.5', 5, 8),
			monetary => bounds($scope, $bins - 1, 0, 10, '19.99', 100, 1000, '2500.5', 20000) } };

	if (chance(0.6))
	{
		$grid->{scheme} = 'eight';
		($grid->{high_from}) = @{ bounds($scope, 1, 2 .. $bins) } if $bins > 2 || chance(0.3);
	}
	else
	{
		my $parts = { columns => [], parameters => $scope->{parameters}, definitions => [ map { { kind => 'local', name => $_, type => 'number' } } 'r', 'f', 'm', 'score' ] };
		my @groups = some_of(between(2, 4), @labels);
		$grid->{groups} = [ map { { label => $_, when => compared('number', named($parts, 'number'), one_of('>', '<=', '='), node('number', [], value => one_of(1 .. $bins, 211))) } } @groups ];
		delete $grid->{groups}[-1]{when} if chance(0.4);
	}
	return $grid;
}

# A number that often rises and falls within days, so that levels come and go.
sub restless
{
	my ($scope) = @_;
	my $source = one_of(@{ $scope->{sources} });
	my $node = chance(0.5) ? aggregate($scope, 'count', $source) : aggregate($scope, 'sum', $source, one_of(columns_of($source, 'number')));
	my $unit = one_of('hours', 'days', 'days');

	$node->{window} = { kind => 'last', from => node('number', [], value => between(1, $unit eq 'hours' ? 72 : 9)), from_unit => $unit };
	return $node;
}

sub ladder
{
	my ($scope, $name, $kept) = @_;
	my @rungs = map { { label => $_, when => $kept && chance(0.7) ? compared('number', restless($scope), one_of('>=', '>', '<'), number_literal())
		: condition($scope, between(0, 2)) } } some_of(between(1, 4), @labels);

	delete $rungs[-1]{when} if @rungs > 1 && chance(0.5);
	return { kind => 'ladder', name => $name, type => 'text', rungs => \@rungs };
}

sub card
{
	my ($scope, $name, $kept) = @_;
	my $weighted = chance(0.5);
	my @characteristics;

	for my $i (1 .. between(1, 4))
	{
		my $points = sub { $weighted ? (@{ bounds($scope, 1, 0 .. 100) })[0] : one_of(between(-20, 80), '12.5', '0.005') };
		my $c = { name => "c$i" };

		$c->{weight} = $i == 1 ? (@{ bounds($scope, 1, 1 .. 50) })[0] : chance(0.2) ? call('coalesce', number($scope, 0)) : one_of(0, '0.5', between(1, 60)) if $weighted;
		if (chance(0.6))
		{
			$c->{value} = $kept && chance(0.7) ? restless($scope) : number($scope, between(0, 1));
			my $limits = bounds($scope, between(0, 3), 0, 1, 2, 5, '19.99', 100, 20000);
			$c->{bins} = [ (map { { below => $_, points => $points->() } } @$limits), { points => $points->() } ];
		}
		else
		{
			$c->{bins} = [ map { { when => condition($scope, between(0, 1)), points => $points->() } } 1 .. between(1, 3) ];
			if (chance(0.4)) { push @{ $c->{bins} }, { points => $points->() }; $c->{closed} = 1 }
		}
		if (!$weighted && chance(0.2)) { $c->{bins}[0]{points} = number($scope, 0) }
		$c->{missing} = { points => $points->() } if !$c->{closed} && chance(0.6);
		push @characteristics, $c;
	}

	my @from = reverse @{ bounds($scope, between(1, 3), 10, 20, '33.33', 40, 60, '66.67', 80) };
	my @tiers = map { { label => $_ } } some_of(@from + (chance(0.5) ? 1 : 0), @labels);
	$tiers[$_]{at_least} = $from[$_] for 0 .. $#from;
	return {
		kind => 'scorecard', name => $name, type => 'text', method => $weighted ? 'weighted' : 'additive',
		characteristics => \@characteristics, tiers => \@tiers, initial => $weighted ? undef : one_of(undef, 10, '-2.5', @{ bounds($scope, 1, 5, '7.5') }) };
}

sub tag
{
	my ($scope, $name) = @_;
	# without a rule, only people give it
	return { kind => 'tag', name => $name, type => 'tag', tree => chance(0.15) ? node('false', []) : condition($scope, between(0, 3)) };
}

# What is interesting about one aggregate, alone in a world: its value, and a comparison
# of it. Nothing else makes a row due, so no other horizon hides one that is late.
sub alone
{
	my ($scope) = @_;
	my ($source) = some_of(1, grep { !$_->{lines} } @{ $scope->{sources} });
	my $function = one_of('mode', 'mode', 'sum', 'sum', 'avg', 'count', 'distinct', 'min', 'max', 'first', 'last');
	my $kind = $function =~ /^(sum|avg|count|distinct)$/ ? 'number' : one_of('number', 'number', 'text');
	my @columns = $function eq 'distinct' ? grep { $_->{kind} ne 'array' } @{ $source->{columns} } : grep { $_->{type} !~ /level|uuid/ } columns_of($source, $kind);
	my @by = $function eq 'mode' && chance(0.6) ? (by => one_of(columns_of($source, 'number'))) : ();
	my $tree;

	do
	{
		$tree = aggregate($scope, $function eq 'distinct' ? 'count' : $function, $source, $function eq 'count' ? undef : one_of(@columns), @by,
			$function eq 'distinct' ? (distinct => 1) : ());
	} while $tree->{window}{kind} eq 'all';
	my $column = $function =~ /count|distinct/ ? 'count' : $kind;
	my $metric = { kind => 'metric', name => 'alone', type => $kind, column => $column, tree => $tree };
	my $literal = $kind eq 'text' ? text_literal() : $function =~ /count|distinct/ ? node('number', [], value => between(0, 5)) : number_literal();
	my $operator = $kind eq 'text' ? one_of('=', '<>') : one_of('=', '<>', '<', '<=', '>', '>=', '>', '>=');
	my $compared = { kind => 'tag', name => 'compared', type => 'tag', tree => compared($kind, $tree, $operator, $literal) };

	# The value itself holds no longer than the next event that counts; a comparison may.
	return chance(0.4) ? $metric : $compared;
}

my %makers = (metric => \&metric, rfm => \&grid, ladder => \&ladder, scorecard => \&card, tag => \&tag);

sub customer_scope
{
	my ($world, $model, @definitions) = @_;
	return { columns => $world->{columns}, sources => $world->{sources}, parameters => $model->{parameters}, definitions => \@definitions, model => $model };
}

# Values that a parameter has in some branches.
sub values_in_branches
{
	my ($value) = @_;
	return { map { $_ => $value->() } some_of(between(0, 3), @branches) };
}

# Definitions in an order in which each names only earlier ones.
sub make_model
{
	my ($world) = @_;
	my $model = {
		parameters => [
			{ name => 'threshold', value => one_of(values_of('number')) }, { name => '天数', value => between(1, 30), length => 1 },
			{ name => 'Limit', value => between(1, 12), length => 1 } ] };

	# A row is due when the first of its definitions is, so that among many of them a
	# horizon that is late goes unnoticed: half of the worlds have one or two.
	my @kinds = shuffled(('metric') x 12, ('rfm') x 2, ('scorecard') x 2, ('ladder') x 2, ('tag') x 5);
	@kinds = some_of(between(1, 2), 'metric', 'tag', 'tag', 'tag', one_of('rfm', 'scorecard', 'ladder')) if chance(0.5);
	@kinds = () if chance(0.25);
	@kinds = some_of(between(1, 3), 'kept ladder', 'kept ladder', 'kept scorecard', 'metric', 'tag') if $world->{number} % 5 == 4;

	my %number;

	if (chance(0.5))
	{
		my ($city) = grep { $_->{name}[-1] eq one_of('city', 'region') } @{ $world->{columns} };
		$city //= (columns_of($world, 'text'))[0];
		$model->{home} = { kind => 'metric', name => 'Home', type => 'text', column => 'text', tree => node('column', [], column => $city) };
		$model->{definitions} = [ $model->{home} ];
		$model->{parameters}[0]{branches} = values_in_branches(sub { one_of(values_of('number')) }) if chance(0.7);
		# not the third, by which levels are kept
		$model->{parameters}[1]{branches} = values_in_branches(sub { between(1, 30) });
	}
	for my $source (@{ $world->{sources} })
	{
		next unless $source->{filtered};
		$source->{filter} = condition(event_scope($source, []), 1);
	}
	for my $kind (@kinds)
	{
		my $keep = $kind =~ s/^kept // || ($kind =~ /^(ladder|scorecard)$/ && chance(0.15)) ? some_keep($world) : undef;
		my $n = ++$number{$kind};
		my $name = { metric => one_of("metric_$n", "指标$n", "Metric $n"), rfm => "grid_$n", scorecard => one_of("card_$n", "Card $n"),
			ladder => one_of("stage_$n", "阶段$n"), tag => one_of("tag $n", "标签$n", "Tag_$n") }->{$kind};
		push @{ $model->{definitions} }, fitting($world, $model, $kind, $name, undef, $keep, @{ $model->{definitions} });
	}
	push @{ $model->{definitions} }, alone(customer_scope($world, $model)) unless @kinds;
	$model->{definitions} = [ without_nested_keeps(@{ $model->{definitions} }) ];
	return $model;
}

# A definition of this kind, whose text is not overly long.
sub fitting
{
	my ($world, $model, $kind, $name, $column, $keep, @before) = @_;
	while (1)
	{
		my $definition = $makers{$kind}->(customer_scope($world, $model, @before), $name, defined $keep);
		next if $column && ($definition->{column} // '') ne $column;
		$definition->{keep} = $keep if $keep;
		return $definition if length(definition_text($definition)) < 1500;
	}
}

# Another version: other parameters, and some definitions written anew.
sub change_model
{
	my ($world, $old) = @_;
	my $model = { parameters => [ map { { %$_ } } @{ $old->{parameters} } ], home => $old->{home}, bounds => $old->{bounds} };

	delete $_->{dropped} for @{ $model->{parameters} };
	if ($model->{home} && chance(0.7))
	{
		my $parameter = $model->{parameters}[1];
		$parameter->{dropped} = $parameter->{branches};
		$parameter->{branches} = values_in_branches(sub { between(1, 30) });
	}
	$model->{parameters}[1]{value} = between(1, 30) if chance(0.7);
	$model->{parameters}[0]{value} = one_of(values_of('number')) if chance(0.7);
	for my $definition (@{ $old->{definitions} })
	{
		my $new = $definition;
		if (chance(0.15) && !($old->{home} && $definition->{name} eq $old->{home}{name}))
		{
			$new = fitting($world, $model, $definition->{kind}, $definition->{name}, $definition->{column},
				$definition->{keep} && chance(0.8) ? some_keep($world) : undef, @{ $model->{definitions} });
			$new->{scale} = $definition->{scale} if $definition->{kind} eq 'metric';
		}
		push @{ $model->{definitions} }, $new;
	}
	$model->{definitions} = [ without_nested_keeps(@{ $model->{definitions} }) ];
	return $model;
}

1;
