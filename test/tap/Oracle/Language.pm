# Trees and definitions as a user types them.
package Oracle::Language;
use strict;
use warnings;
use utf8;

use Exporter 'import';
use JSON::PP;
use Math::BigFloat;
use Oracle::KeptLevels;
use Oracle::Random;
our @EXPORT = qw(expression_text definition_text definition_call draft_calls labels_of);

my $json = JSON::PP->new->canonical->allow_bignum;

sub quoted { return "'" . ($_[0] =~ s/'/''/gr) . "'" }

# A name, in double quotes where it needs them.
sub name
{
	my ($name) = @_;
	return $name if $name =~ /^[\p{Han}a-z_][\p{Han}a-z0-9_]*$/;
	return '"' . ($name =~ s/"/""/gr) . '"';
}

sub path { return join '.', map { name($_) } @_ }

sub operand
{
	my ($node) = @_;
	my $text = expression_text($node);
	return $text if $node->{op} =~ /^(number|string|column|parameter|definition|aggregate|call|today|now|true|false)$/;
	return "($text)";
}

sub window_text
{
	my ($window) = @_;
	return '' if $window->{kind} eq 'all';
	return " since date '$window->{date}'" if $window->{kind} eq 'since';
	my $from = expression_text($window->{from});
	return " last $from $window->{from_unit}" if $window->{kind} eq 'last';
	return " from $from $window->{from_unit} ago to " . expression_text($window->{to}) . " $window->{to_unit} ago";
}

sub aggregate_text
{
	my ($node) = @_;
	my $source = $node->{source}{name};
	my $text = "$node->{function}(";

	$text .= 'distinct ' if $node->{distinct};
	$text .= $node->{column} ? path($source, @{ $node->{column}{name} }) : name($source);
	$text .= ' by sum(' . path($source, @{ $node->{by}{name} }) . ')' if $node->{by};
	$text .= ' where ' . expression_text($node->{where}) if $node->{where};
	return $text . window_text($node->{window}) . ')';
}

sub expression_text
{
	my ($node) = @_;
	my ($op, @args) = ($node->{op}, @{ $node->{args} });
	my $not = $node->{negated} ? 'not ' : '';

	return "$node->{value}" if $op eq 'number';
	return quoted($node->{value}) if $op eq 'string';
	return "$op " . quoted($node->{value}) if $op =~ /^(date|timestamp)$/;
	return $op if $op =~ /^(true|false)$/;
	return "$op()" if $op =~ /^(today|now)$/;
	return path(@{ $node->{column}{name} }) if $op eq 'column';
	return name($node->{$op}{name}) if $op =~ /^(parameter|definition)$/;
	return join " $op ", map { operand($_) } @args if $op =~ m{^(and|or|[-+*/])$};
	return 'not ' . operand(@args) if $op eq 'not';
	return '-' . operand(@args) if $op eq 'negate';
	return operand($args[0]) . " $node->{operator} " . operand($args[1]) if $op eq 'compare';
	return operand($args[0]) . " ${not}between " . operand($args[1]) . ' and ' . operand($args[2]) if $op eq 'between';
	return operand(shift @args) . " ${not}in (" . join(', ', map { expression_text($_) } @args) . ')' if $op eq 'in';
	return operand($args[0]) . " ${not}like " . expression_text($args[1]) if $op eq 'like';
	return operand($args[0]) . " is ${not}null" if $op eq 'is_null';
	return "$node->{function}(" . join(', ', map { expression_text($_) } @args) . ')' if $op eq 'call';
	return aggregate_text($node) if $op eq 'aggregate';
	if ($op eq 'case')
	{
		my $text = 'case';
		while (@args > 1)
		{
			$text .= ' when ' . expression_text(shift @args) . ' then ' . expression_text(shift @args);
		}
		$text .= ' else ' . expression_text($args[0]) if @args;
		return "$text end";
	}
	die "no text for $op";
}

sub json_number { my ($text) = @_; return Math::BigFloat->new($text) }

# Points and weights are numbers, or trees.
sub points { my ($points) = @_; return ref $points ? expression_text($points) : json_number($points) }

# Other numbers are so, too, or parameters.
sub bound_text { my ($bound) = @_; return ref $bound ? expression_text($bound) : $bound }

sub card_json
{
	my ($card) = @_;
	my @characteristics;

	for my $c (@{ $card->{characteristics} })
	{
		my @bins;
		for my $bin (@{ $c->{bins} })
		{
			my %bin = (points => points($bin->{points}));
			$bin{below} = points($bin->{below}) if exists $bin->{below};
			$bin{when} = expression_text($bin->{when}) if $bin->{when};
			push @bins, \%bin;
		}
		my %c = (name => $c->{name}, bins => \@bins);
		$c{value} = expression_text($c->{value}) if $c->{value};
		$c{weight} = points($c->{weight}) if exists $c->{weight};
		$c{missing} = { points => points($c->{missing}{points}) } if $c->{missing};
		push @characteristics, \%c;
	}
	my @tiers = map { { label => $_->{label}, exists $_->{at_least} ? (at_least => points($_->{at_least})) : () } } @{ $card->{tiers} };
	my %card = (method => $card->{method}, characteristics => \@characteristics, tiers => \@tiers);
	$card{initial} = points($card->{initial}) if defined $card->{initial};
	return $json->encode(\%card);
}

sub rungs_json
{
	return $json->encode([ map { { label => $_->{label}, $_->{when} ? (when => expression_text($_->{when})) : () } } @{ $_[0] } ]);
}

# The arguments of the call that makes a definition, after the population.
sub definition_text
{
	my ($d) = @_;
	my ($kind, $name) = ($d->{kind}, quoted($d->{name}));

	return "$name, " . quoted(expression_text($d->{tree})) . (defined $d->{scale} ? ", scale => $d->{scale}" : '') if $kind eq 'metric';
	return "$name, " . quoted(expression_text($d->{tree})) if $kind eq 'tag';
	my $keep = $d->{keep} ? ', keep => ' . quoted(keep_json($d->{keep})) : '';
	return "$name, " . quoted(rungs_json($d->{rungs})) . $keep if $kind eq 'ladder';
	return "$name, " . quoted(card_json($d)) . $keep if $kind eq 'scorecard';

	my $cuts = join '; ', map { "$_ " . join(', ', map { bound_text($_) } @{ $d->{cuts}{$_} }) } qw(recency frequency monetary);
	my $text = "$name, " . join ', ', map { "$_ => " . quoted(expression_text($d->{$_})) } qw(recency frequency monetary);
	$text .= ", cuts => '$cuts'";
	$text .= $d->{scheme} ? ", scheme => '$d->{scheme}'" : ', groups => ' . quoted(rungs_json($d->{groups}));
	$text .= ', high_from => ' . (ref $d->{high_from} ? quoted(bound_text($d->{high_from})) : $d->{high_from}) if $d->{high_from};
	return $text;
}

sub definition_call
{
	my ($population, $d) = @_;
	return "SELECT clientele.define_$d->{kind}(" . quoted($population) . ', ' . definition_text($d) . ');';
}

# The labels that a definition can give; a tag or a metric, none.
sub labels_of
{
	my ($d) = @_;
	my @rungs = map { @{ $d->{$_} // [] } } qw(rungs groups tiers);

	return map { $_->{label} } @rungs if @rungs || !$d->{scheme};
	return ('未成交', map { my $who = $_; map { "$who$_" } qw(价值 发展 保持 挽留) } qw(重要 一般));
}

sub parameter_call
{
	my ($population, $p) = @_;
	my $call = 'SELECT clientele.set_parameter(' . quoted($population) . ', ' . quoted($p->{name});
	my %branches = %{ $p->{branches} // {} };
	my @dropped = grep { !exists $branches{$_} } sort keys %{ $p->{dropped} // {} };

	return join "\n", "$call, $p->{value});", (map { "$call, NULL, branch => " . quoted($_) . ');' } @dropped),
		map { "$call, $branches{$_}, branch => " . quoted($_) . ');' } sort keys %branches;
}

# Writes a model into the draft: the branch first, because parameters may have values for some.
sub draft_calls
{
	my ($population, $model) = @_;
	my $home = $model->{home};

	return (($home ? (definition_call($population, $home), 'SELECT clientele.set_branch(' . quoted($population) . ', ' . quoted($home->{name}) . ');') : ()),
		(map { parameter_call($population, $_) } @{ $model->{parameters} }),
		map { definition_call($population, $_) } shuffled(@{ $model->{definitions} }));
}

1;
