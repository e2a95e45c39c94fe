# What check_definitions says of random rules, against all points tried one by one.
#
# A world has three things that rules can compare: whole numbers, money, floats, days, texts, an
# enum or a boolean, some of which may be missing.  Its ladders and tags are made of random
# conditions over them, and name each other.  Perl evaluates every rule at every point that could
# make a difference, in three-valued logic, and knows from that alone which rules are
# never reached, which points no rule matches or several do, and how many cells they are.
#
#   CHECK_SEED     another seed gives other rules (default 1)
#   CHECK_WORLDS   how many worlds (default 25)
use strict;
use warnings;
use utf8;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Encode qw(encode_utf8);
use JSON::PP;

my $seed = $ENV{CHECK_SEED} // 1;
my $worlds = $ENV{CHECK_WORLDS} // 25;
srand($seed);
diag("CHECK_SEED=$seed CHECK_WORLDS=$worlds");

sub pick { return $_[ int(rand(@_)) ]; }

# ---------------------------------------------------------------------------
# What can be compared.  A value is a number, a text, or undef where it is missing.
# ---------------------------------------------------------------------------

my @numbers = (1, 2, 2.5, 3, 5);
my %fine = map { $_ => 1 } (-7, 0, 4, 6, 99, map { ($_ - 0.1, $_ - 0.05, $_, $_ + 0.05, $_ + 0.1) } @numbers);
for my $low (@numbers) { $fine{ ($low + $_) / 2 } = 1 for @numbers; }
my @fine = sort { $a <=> $b } keys %fine;

my %dimension = (
	a => { type => 'int NOT NULL', kind => 'number', step => 1, values => [ -1 .. 7 ] },
	b => { type => 'bigint', kind => 'number', step => 1, null => 1, values => [ -1 .. 7 ] },
	d => { type => 'numeric(6,1) NOT NULL', kind => 'number', step => 0.1, null => 1, values => [ grep { abs($_ * 10 - int($_ * 10 + ($_ < 0 ? -0.5 : 0.5))) < 1e-6 } @fine ] },
	x => { type => 'float8', kind => 'number', null => 1, values => [@fine] },
	day => { type => 'date NOT NULL', kind => 'date', step => 1, values => [ 0 .. 9 ] },
	t => { type => 'text', kind => 'text', null => 1, literals => [ 'p', 'q', '金卡' ], values => [ 'p', 'q', '金卡', 'else' ] },
	e => { type => 'level NOT NULL', kind => 'text', closed => 1, literals => [ 'gold', '银卡' ], values => [ 'gold', '银卡', 'none' ] },
	g => { type => 'boolean NOT NULL', kind => 'boolean', values => [ 0, 1 ] },
	h => { type => 'boolean', kind => 'boolean', null => 1, values => [ 0, 1 ] });

my %parameter = (limit_1 => 2, limit_2 => 2.5);

sub date_text { return sprintf("date '2026-06-%02d'", $_[0]); }

# ---------------------------------------------------------------------------
# Random conditions, as trees
# ---------------------------------------------------------------------------

my @ladders;    # { name, rules => [ { label, when } ] }
my @tags;       # { name, when }

sub constant
{
	my ($kind) = @_;
	return { value => 1 + int(rand(7)) } if $kind eq 'date';
	return { value => pick(@numbers) } if rand() < 0.8;
	my $parameter = pick(sort keys %parameter);
	return { name => $parameter, value => $parameter{$parameter} };
}

sub atom
{
	my ($names, $may_nest) = @_;
	if ($may_nest && rand() < 0.15 && @tags)
	{
		return { op => 'tag', tag => pick(@tags) };
	}
	if ($may_nest && rand() < 0.15 && @ladders)
	{
		my $ladder = pick(@ladders);
		return { op => 'label', ladder => $ladder, label => pick(map { $_->{label} } @{ $ladder->{rules} }), cmp => pick('=', '<>') };
	}
	my $name = pick(@$names);
	my $kind = $dimension{$name}{kind};
	return { op => 'null', name => $name, negated => pick(0, 1) } if rand() < 0.15;
	return { op => 'truth', name => $name } if $kind eq 'boolean';
	if ($kind eq 'text')
	{
		my @literals = @{ $dimension{$name}{literals} };
		return { op => 'text', name => $name, cmp => pick('=', '<>'), list => [ pick(@literals) ] } if rand() < 0.6;
		return { op => 'text', name => $name, cmp => pick('in', 'not in'), list => [ @literals[ 0, 1 ] ] };
	}
	return { op => 'between', name => $name, negated => rand() < 0.2 ? 1 : 0, low => constant($kind), high => constant($kind) } if rand() < 0.3;
	return { op => 'compare', name => $name, cmp => pick('<', '<=', '>', '>=', '=', '<>'), constant => constant($kind), mirrored => rand() < 0.2 };
}

sub condition
{
	my ($names, $depth, $may_nest) = @_;
	my $what = rand();
	return atom($names, $may_nest) if $depth == 0 || $what < 0.3;
	return { op => 'not', of => [ condition($names, $depth - 1, $may_nest) ] } if $what < 0.4;
	return { op => $what < 0.8 ? 'and' : 'or', of => [ map { condition($names, $depth - 1, $may_nest) } 1 .. 2 + int(rand(2)) ] };
}

# ---------------------------------------------------------------------------
# As text
# ---------------------------------------------------------------------------

my %mirror = ('<' => '>', '<=' => '>=', '>' => '<', '>=' => '<=', '=' => '=', '<>' => '<>');

sub constant_text
{
	my ($c, $kind) = @_;
	return $c->{name} // ($kind eq 'date' ? date_text($c->{value}) : $c->{value});
}

sub text
{
	my ($c) = @_;
	my $op = $c->{op};
	my $kind = $c->{name} ? $dimension{ $c->{name} }{kind} : '';
	return '(' . join(" $op ", map { text($_) } @{ $c->{of} }) . ')' if $op eq 'and' || $op eq 'or';
	return 'not (' . text($c->{of}[0]) . ')' if $op eq 'not';
	return "has_tag('$c->{tag}{name}')" if $op eq 'tag';
	return "$c->{ladder}{name} $c->{cmp} '$c->{label}'" if $op eq 'label';
	return "$c->{name} is " . ($c->{negated} ? 'not ' : '') . 'null' if $op eq 'null';
	return $c->{name} if $op eq 'truth';
	return "$c->{name} $c->{cmp} " . ($c->{cmp} =~ /in/ ? '(' : '') . join(', ', map { "'$_'" } @{ $c->{list} }) . ($c->{cmp} =~ /in/ ? ')' : '')
	  if $op eq 'text';
	return "$c->{name} " . ($c->{negated} ? 'not ' : '') . 'between ' . constant_text($c->{low}, $kind) . ' and ' . constant_text($c->{high}, $kind)
	  if $op eq 'between';
	return $c->{mirrored} ? constant_text($c->{constant}, $kind) . " $mirror{$c->{cmp}} $c->{name}" :
	  "$c->{name} $c->{cmp} " . constant_text($c->{constant}, $kind);
}

# ---------------------------------------------------------------------------
# At a point: 1, 0, or undef where it is unknown
# ---------------------------------------------------------------------------

sub negated { return defined $_[0] ? 1 - $_[0] : undef; }

sub compared
{
	my ($value, $cmp, $constant) = @_;
	return undef unless defined $value;
	my $order = abs($value - $constant) < 1e-9 ? 0 : $value <=> $constant;
	return { '<' => $order < 0, '<=' => $order <= 0, '>' => $order > 0, '>=' => $order >= 0, '=' => $order == 0, '<>' => $order != 0 }->{$cmp} ? 1 : 0;
}

sub label_at
{
	my ($ladder, $point) = @_;
	for my $rule (@{ $ladder->{rules} })
	{
		return $rule->{label} if !$rule->{when} || (holds($rule->{when}, $point) // 0);
	}
	return undef;
}

sub holds
{
	my ($c, $point) = @_;
	my $op = $c->{op};
	my $value = $c->{name} ? $point->{ $c->{name} } : undef;
	my $truth;
	if ($op eq 'and' || $op eq 'or')
	{
		my $decisive = $op eq 'or' ? 1 : 0;
		my $unknown = 0;
		for my $operand (@{ $c->{of} })
		{
			my $side = holds($operand, $point);
			return $decisive if defined $side && $side == $decisive;
			$unknown = 1 unless defined $side;
		}
		return $unknown ? undef : 1 - $decisive;
	}
	return negated(holds($c->{of}[0], $point)) if $op eq 'not';
	return holds($c->{tag}{when}, $point) // 0 if $op eq 'tag';
	if ($op eq 'label')
	{
		my $label = label_at($c->{ladder}, $point);
		return undef unless defined $label;
		return ($label eq $c->{label}) == ($c->{cmp} eq '=') ? 1 : 0;
	}
	return (defined $value ? 0 : 1) == ($c->{negated} ? 0 : 1) ? 1 : 0 if $op eq 'null';
	return undef unless defined $value;
	return $value if $op eq 'truth';
	if ($op eq 'text')
	{
		my $found = grep { $_ eq $value } @{ $c->{list} };
		return ($found ? 1 : 0) == ($c->{cmp} eq '=' || $c->{cmp} eq 'in' ? 1 : 0) ? 1 : 0;
	}
	if ($op eq 'between')
	{
		$truth = compared($value, '>=', $c->{low}{value}) && compared($value, '<=', $c->{high}{value}) ? 1 : 0;
		return $c->{negated} ? 1 - $truth : $truth;
	}
	return compared($value, $c->{cmp}, $c->{constant}{value});
}

# ---------------------------------------------------------------------------
# Cells: what of a dimension no comparison tells apart
# ---------------------------------------------------------------------------

# Notes where the comparisons in a condition cut each dimension.
sub note_cuts
{
	my ($c, $cuts) = @_;
	my $op = $c->{op};
	if ($c->{of}) { note_cuts($_, $cuts) for @{ $c->{of} }; return; }
	if ($op eq 'tag') { note_cuts($c->{tag}{when}, $cuts); return; }
	if ($op eq 'label') { note_cuts($_->{when}, $cuts) for grep { $_->{when} } @{ $c->{ladder}{rules} }; return; }
	my $seen = $cuts->{ $c->{name} } //= {};
	if ($op eq 'text') { $seen->{$_} = 1 for @{ $c->{list} }; return; }
	my @sides =
	  $op eq 'between' ? ([ $c->{low}{value}, 0 ], [ $c->{high}{value}, 1 ]) :
	  $op ne 'compare' ? () :
	  $c->{cmp} =~ /^(<|>=)$/ ? ([ $c->{constant}{value}, 0 ]) :
	  $c->{cmp} =~ /^(<=|>)$/ ? ([ $c->{constant}{value}, 1 ]) : ([ $c->{constant}{value}, 0 ], [ $c->{constant}{value}, 1 ]);
	for my $side (@sides)
	{
		my ($at, $after) = @$side;
		my $step = $dimension{ $c->{name} }{step};
		if ($step)
		{
			# the first number of the grid that is on the other side
			my $units = $at / $step;
			my $whole = int($units + 1e-6);
			$at = sprintf('%.6f', ($after || abs($units - $whole) > 1e-6 ? $whole + 1 : $whole) * $step);
			$after = 0;
		}
		$seen->{ sprintf('%.6f', $at) . ($after ? '+' : '') } = 1;
	}
}

sub class_of
{
	my ($name, $value, $seen) = @_;
	my $kind = $dimension{$name}{kind};
	return $value if $kind eq 'boolean';
	return $dimension{$name}{closed} || $seen->{$value} ? $value : 'another' if $kind eq 'text';
	my $class = 0;
	for my $cut (keys %$seen)
	{
		my ($at, $after) = $cut =~ /^(-?[\d.]+)(\+?)$/;
		my $order = abs($value - $at) < 1e-9 ? 0 : $value <=> $at;
		$class++ if $order > 0 || ($order == 0 && !$after);
	}
	return $class;
}

sub classes
{
	my ($name, $seen) = @_;
	my %classes = map { class_of($name, $_, $seen) => 1 } @{ $dimension{$name}{values} };
	return scalar keys %classes;
}

sub cell
{
	my ($point, $cuts) = @_;
	return join('|', map { class_of($_, $point->{$_}, $cuts->{$_}) } sort keys %$cuts);
}

# Whether a point meets a condition that check_definitions has written.
sub meets
{
	my ($point, $condition) = @_;
	for my $part (split / and /, $condition)
	{
		$part =~ s/date '2026-06-(\d\d)'/$1 + 0/e;
		$part =~ s/date '2026-05-31'/0/;
		if ($part eq 'true') { next; }
		elsif ($part =~ /^(\w+) is null$/) { return 0 if defined $point->{$1}; }
		elsif ($part =~ /^(\w+) is not null$/) { return 0 unless defined $point->{$1}; }
		elsif ($part =~ /^(not )?(\w+)$/) { return 0 unless defined $point->{$2} && $point->{$2} == ($1 ? 0 : 1); }
		elsif ($part =~ /^(\w+) (not in|in|=|<>) \(?('.*')\)?$/)
		{
			my ($name, $cmp, $literals) = ($1, $2, $3);
			my %list = map { $_ => 1 } $literals =~ /'([^']*)'/g;
			return 0 unless defined $point->{$name} && ($list{ $point->{$name} } // 0) == ($cmp eq '=' || $cmp eq 'in' ? 1 : 0);
		}
		elsif ($part =~ /^(\w+) (<|<=|>|>=|=) (-?[\d.]+)$/) { return 0 unless compared($point->{$1}, $2, $3); }
		else { die "what is \"$part\"?"; }
	}
	return 1;
}

# ---------------------------------------------------------------------------
# What must be said of a list of rules
# ---------------------------------------------------------------------------

sub points
{
	my (@names) = @_;
	my @points = ({});
	for my $name (@names)
	{
		my @values = (@{ $dimension{$name}{values} }, $dimension{$name}{null} ? (undef) : ());
		@points = map { my $point = $_; map { { %$point, $name => $_ } } @values } @points;
	}
	return @points;
}

my $findings = 0;
my $wrong = 0;

sub agree
{
	my ($got, $wanted, $what, $context) = @_;
	$findings++;
	return if $got eq $wanted;
	$wrong++;
	diag(encode_utf8("$what: says \"$got\", should \"$wanted\"\n$context")) if $wrong <= 5;
}

sub check_ladder
{
	my ($ladder, $said, @points) = @_;
	my @rules = @{ $ladder->{rules} };
	my $context = JSON::PP->new->canonical->encode([ map { { label => $_->{label}, $_->{when} ? (when => text($_->{when})) : () } } @rules ]) . "\n" .
	  join("\n", map { "$_->{severity}: $_->{message} [" . ($_->{hint} // '') . ']' } @$said);
	my (%cuts, @matches, @reached, @together, @known_together, %gap_cells, %overlap_cells);
	my (@gap, @gap_missing);

	note_cuts($_->{when}, \%cuts) for grep { $_->{when} } @rules;
	for my $point (@points)
	{
		my @true = map { !$rules[$_]{when} || (holds($rules[$_]{when}, $point) // 0) ? 1 : 0 } 0 .. $#rules;
		my $is_known = !grep { !defined $point->{$_} } keys %cuts;
		my ($first) = grep { $true[$_] } 0 .. $#rules;
		my @conditions = grep { $true[$_] && $rules[$_]{when} } 0 .. $#rules;
		my %labels = map { $rules[$_]{label} => 1 } @conditions;

		$reached[$first] = 1 if defined $first;
		for my $i (0 .. $#rules)
		{
			$matches[$i] = 1 if $true[$i];
			for my $j ($i + 1 .. $#rules)
			{
				$together[$i][$j][ $true[$i] ][ $true[$j] ] = 1;
				$known_together[$i][$j] = 1 if $is_known && $true[$i] && $true[$j];
			}
		}
		if (!defined $first)
		{
			push @{ $is_known ? \@gap : \@gap_missing }, $point;
			$gap_cells{ cell($point, \%cuts) } = 1 if $is_known;
		}
		$overlap_cells{ cell($point, \%cuts) } = 1 if $is_known && keys %labels > 1;
	}

	# rules that never count
	for my $i (0 .. $#rules)
	{
		my $name = $rules[$i]{said};
		my $says = join(';', map { $_->{message} =~ /^\Q$name\E(, for all others,)? can never (hold|be reached)/ ? $2 : () } @$said);
		agree($says, $reached[$i] ? '' : $matches[$i] ? 'be reached' : 'hold', "$ladder->{name}, $name", $context);
	}

	# cells that nobody matches
	my $width = grep { classes($_, $cuts{$_}) > 1 } keys %cuts;
	my $total = 1;
	$total *= classes($_, $cuts{$_}) for keys %cuts;
	my @says = map { $_->{message} =~ /^(\d+ of \d+) cells are matched by no rule, for example (.*)$/ ? [ $1, $2, $_->{hint} ] :
		  $_->{message} =~ /^no rule matches (?!customers of whom)(.*)$/ ? [ 'some', $1, $_->{hint} ] : () } @$said;
	my $is_nobody = @gap + @gap_missing == @points;
	agree(join(';', map { $_->[0] } @says),
		@gap + @gap_missing == 0 || (@gap == 0 && !$is_nobody) ? '' : $is_nobody || $width < 2 ? 'some' : keys(%gap_cells) . " of $total", "$ladder->{name}, gap", $context);
	if (@says == 1 && !$is_nobody)
	{
		my %is_known_gap = map { $_ => 1 } @gap;
		my %in_gap = map { $_ => 1 } @gap, @gap_missing;
		my $condition = JSON::PP->new->allow_nonref->decode('"' . ($says[0][2] =~ /"when": "(.*?)"\}/)[0] . '"');
		for my $text ($says[0][1], $condition)
		{
			my @example = grep { meets($_, $text) } @points;
			agree((grep { $is_known_gap{$_} } @example) && !(grep { !$in_gap{$_} } @example) ? 'a gap' : 'no gap', 'a gap', "$ladder->{name}, example $text", $context);
		}
	}
	my @missing = map { $_->{message} =~ /^no rule matches customers of whom (.*)$/ ? $1 : () } @$said;
	agree(scalar @missing, !$is_nobody && @gap_missing ? 1 : 0, "$ladder->{name}, missing", $context);
	if (@missing)
	{
		my %in_gap = map { $_ => 1 } @gap_missing;
		my @example = grep { meets($_, $missing[0]) } @points;
		agree((@example > 0 && !grep { !$in_gap{$_} } @example) ? 'a gap' : 'no gap', 'a gap', "$ladder->{name}, example $missing[0]", $context);
	}

	# cells that several match
	my $cross = 0;
	for my $i (0 .. $#rules)
	{
		for my $j ($i + 1 .. $#rules)
		{
			my $t = $together[$i][$j];
			$cross = 1 if $rules[$j]{when} && $rules[$i]{label} ne $rules[$j]{label} && $known_together[$i][$j] && $t->[1][0] && $t->[0][1];
		}
	}
	@says = map { $_->{message} =~ /^(\d+ of \d+) cells are matched by more than one rule, for example (.*?) by (.*)$/ ? [ $1, $2, $3 ] :
		  $_->{message} =~ /^some customers are matched by more than one rule, for example (.*?) by (.*)$/ ? [ 'some', $1, $2 ] : () } @$said;
	agree(join(';', map { $_->[0] } @says), !$cross ? '' : $width < 2 ? 'some' : keys(%overlap_cells) . " of $total",
		"$ladder->{name}, overlap", $context);
	if (@says == 1)
	{
		my @example = grep { meets($_, $says[0][1]) } @points;
		my @holding = grep { my $when = $_->{when}; $when && !grep { !holds($when, $_) } @example } @rules;
		agree($says[0][2], @example ? join(' and ', map { $_->{said} } @holding) : 'nothing', "$ladder->{name}, overlap at $says[0][1]", $context);
	}
}

# ---------------------------------------------------------------------------
# The worlds
# ---------------------------------------------------------------------------

my $node = PostgreSQL::Test::Cluster->new('check');
$node->init;
$node->start;
$node->safe_psql('postgres', q{
CREATE EXTENSION clientele;
CREATE TYPE level AS ENUM ('gold', '银卡', 'none');
CREATE TABLE customer (id int PRIMARY KEY, } . join(', ', map { "$_ $dimension{$_}{type}" } sort keys %dimension) . ');');

sub quoted { my ($text) = @_; $text =~ s/'/''/g; return "'$text'"; }

for my $world (1 .. $worlds)
{
	my @all = sort keys %dimension;
	my @names = map { splice(@all, int(rand(@all)), 1) } 1 .. 3;
	my @points = points(@names);
	my $json = JSON::PP->new->utf8(0)->canonical;

	@ladders = ();
	@tags = ();
	for my $number (1 .. 8)
	{
		my @own = @names[ 0 .. int(rand(3)) ];
		push @tags, { name => "tag_$number", when => condition(\@own, 2, 1) };
		my @rules = map { { label => rand() < 0.1 ? 'again' : "rule_$_", when => condition(\@own, pick(0, 1, 1, 2), 1) } } 1 .. 1 + int(rand(4));
		push @rules, { label => 'rest' } if rand() < 0.3;
		my %labels;
		$labels{ $_->{label} }++ for @rules;
		$rules[$_]{said} = "rule \"$rules[$_]{label}\"" . ($labels{ $rules[$_]{label} } > 1 ? ' (number ' . ($_ + 1) . ')' : '') for 0 .. $#rules;
		push @ladders, { name => "ladder_$number", rules => \@rules };
	}

	my $sql = "SET client_min_messages = warning; SET search_path = clientele, public;\n";
	$sql .= "SELECT create_population('world', 'customer', 'id', 'Asia/Shanghai', 'world');\n";
	$sql .= "SELECT set_parameter('world', '$_', $parameter{$_});\n" for sort keys %parameter;
	$sql .= "SELECT define_tag('world', '$_->{name}', " . quoted(text($_->{when})) . ");\n" for @tags;
	for my $ladder (@ladders)
	{
		my @rules = map { { label => $_->{label}, $_->{when} ? (when => text($_->{when})) : () } } @{ $ladder->{rules} };
		$sql .= "SELECT define_ladder('world', '$ladder->{name}', " . quoted($json->encode(\@rules)) . ");\n";
	}
	$sql .= "SELECT 'found ' || coalesce(json_agg(c), '[]') FROM check_definitions('world') AS c;\nSELECT drop_population('world');\n";
	my $out = $node->safe_psql('postgres', $sql);
	my ($found) = $out =~ /^found (.*\])/ms;
	my %said;
	push @{ $said{ $_->{object} // '' } }, $_ for @{ decode_json($found) };

	for my $tag (@tags)
	{
		my %truths = map { (holds($tag->{when}, $_) // 0) => 1 } @points;
		my $says = join(';', map { $_->{message} =~ /^by the rules (nobody|everybody)/ ? $1 : () } @{ $said{ $tag->{name} } // [] });
		agree($says, !$truths{1} ? 'nobody' : !$truths{0} ? 'everybody' : '', $tag->{name}, text($tag->{when}));
	}
	check_ladder($_, $said{ $_->{name} } // [], @points) for @ladders;
}

is($wrong, 0, "$findings findings about random rules are what trying every point says");
cmp_ok($findings, '>', 30 * $worlds, 'and there were enough of them');
$node->stop;
done_testing();
