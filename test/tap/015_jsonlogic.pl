# The published tests of JsonLogic (test/data/jsonlogic_compatible.json), as
# expressions.
#
# Each rule is translated, operator by operator, and evaluated on the test's
# data as a jsonb document; the answer must be the published one.  What cannot be
# translated is refused for a reason, and the reasons are printed: mostly that
# JavaScript turns values of one type silently into another, which this language
# does not.
use strict;
use warnings;

use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# How many tests have a translation, and how many of these are conditions.
my $translatable = 123;
my $conditions = 59;

my $json = JSON::PP->new->canonical->allow_nonref;
my $suite = do
{
	local $/;
	open my $file, '<', 'test/data/jsonlogic_compatible.json' or die "jsonlogic_compatible.json: $!";
	$json->utf8->decode(<$file>);
};
$json->utf8(0);

# ---------------------------------------------------------------------------
# Translation.  A translation is [type, text]; types are those of the language,
# and "any" for what only the data tells.
# ---------------------------------------------------------------------------

sub refuse { die { reason => $_[0] } }

sub quoted
{
	my ($text) = @_;
	refuse('text with a zero byte') if $text =~ /\0/;
	$text =~ s/'/''/g;
	return "'$text'";
}

# A number and a text differ only in a flag of Perl's; JSON::PP knows it.
sub is_number
{
	my ($value) = @_;
	return !ref $value && $json->encode($value) =~ /^-?[0-9]/;
}

sub name
{
	my ($path) = @_;
	my @parts = split /\./, $path, -1;
	refuse('var without a name is the whole document') if !@parts || $path eq '';
	refuse('var of an array element') if grep { /^[0-9]+$/ } @parts;
	return join '.', map { s/"/""/gr =~ s/(.*)/"$1"/sr } @parts;
}

sub one_type
{
	my ($why, @operands) = @_;
	my %types = map { $_->[0] => 1 } grep { $_->[0] ne 'any' } @operands;
	my @types = sort keys %types;
	refuse("$why a " . join(' and a ', @types)) if @types > 1;
	refuse('null: has no place beside a comparison') if @types && $types[0] eq 'null';
	return $types[0] // 'any';
}

sub needs_type
{
	my ($type, $why, @operands) = @_;
	for my $operand (@operands)
	{
		next if $operand->[0] eq $type || $operand->[0] eq 'any';
		refuse("$why of a $operand->[0]");
	}
}

my @truth = ('boolean', 'truthiness:');

sub arguments
{
	my ($value) = @_;
	return map { translate($_) } ref $value eq 'ARRAY' ? @$value : $value;
}

sub names_in
{
	my ($value) = @_;
	my @names = ref $value eq 'ARRAY' ? @$value : $value;
	refuse('names that are computed') if grep { ref $_ || !defined $_ } @names;
	return map { name($_) } @names;
}

my %comparison = ('==' => '=', '===' => '=', '!=' => '<>', '!==' => '<>', '<' => '<', '<=' => '<=', '>' => '>', '>=' => '>=');
my %arithmetic = ('+' => ' + ', '*' => ' * ', '-' => ' - ', '/' => ' / ');

sub translate
{
	my ($rule) = @_;

	return [ 'null', 'null' ] unless defined $rule;
	return [ 'boolean', $rule ? 'true' : 'false' ] if JSON::PP::is_bool($rule);
	return [ 'number', $json->encode($rule) ] if is_number($rule);
	return [ 'text', quoted($rule) ] unless ref $rule;
	refuse('an array as a value') if ref $rule eq 'ARRAY';
	refuse('an object as a value') if keys %$rule != 1;

	my ($operator) = keys %$rule;
	my $value = $rule->{$operator};

	if ($operator eq 'var')
	{
		my @parts = ref $value eq 'ARRAY' ? @$value : $value;
		refuse('names that are computed') if ref $parts[0];
		my $name = name($parts[0] // '');
		return [ 'any', $name ] if @parts < 2 || !defined $parts[1];
		my $default = translate($parts[1]);
		return [ $default->[0], "coalesce($name, $default->[1])" ];
	}
	if ($operator eq 'missing')
	{
		my @names = names_in($value);
		return [ 'missing', @names ? join(' or ', map { "$_ is null" } @names) : 'false' ];
	}
	if ($operator eq 'missing_some')
	{
		my ($least, $names) = @$value;
		refuse('names that are computed') if ref $names ne 'ARRAY';
		return [ 'missing', join(' + ', map { "case when $_ is null then 0 else 1 end" } names_in($names)) . " < $least" ];
	}
	if ($operator eq 'in')
	{
		my ($wanted, $list) = @$value;
		my $sought = translate($wanted);
		if (ref $list eq 'ARRAY')
		{
			my @list = map { translate($_) } @$list;
			refuse('in an empty list') unless @list;
			one_type('coercion: in with', $sought, @list);
			return [ 'boolean', "$sought->[1] in (" . join(', ', map { $_->[1] } @list) . ')' ];
		}
		my $text = translate($list);
		needs_type('text', 'in', $sought, $text);
		refuse('a pattern that is computed') if ref $wanted || $wanted =~ /[%_\\]/;
		return [ 'boolean', "$text->[1] like '%" . ($sought->[1] =~ s/^'|'$//gr) . "%'" ];
	}

	my @operands = arguments($value);

	if ($comparison{$operator})
	{
		refuse("$operator of " . @operands . ' operands') if @operands < 2 || @operands > 3;
		one_type('coercion: compares', @operands);
		my ($a, $b, $c) = map { "($_->[1])" } @operands;
		return [ 'boolean', "$a $comparison{$operator} $b" ] unless defined $c;
		return [ 'boolean', "$b between $a and $c" ] if $operator eq '<=';
		return [ 'boolean', "$a $comparison{$operator} $b and $b $comparison{$operator} $c" ];
	}
	if ($operator eq 'and' || $operator eq 'or')
	{
		needs_type(@truth, @operands);
		return [ 'boolean', join(" $operator ", map { "($_->[1])" } @operands) ];
	}
	if ($operator eq '!' || $operator eq '!!')
	{
		$_->[0] = 'boolean' for grep { $_->[0] eq 'missing' } @operands;
		needs_type(@truth, @operands);
		refuse("$operator of " . @operands . ' operands') if @operands != 1;
		return [ 'boolean', $operator eq '!' ? "not ($operands[0][1])" : $operands[0][1] ];
	}
	if ($operator eq 'if' || $operator eq '?:')
	{
		refuse('if of nothing') unless @operands;
		my (@when, @values);
		while (@operands > 1)
		{
			my ($condition, $result) = splice @operands, 0, 2;
			needs_type(@truth, $condition) unless $condition->[0] eq 'missing';
			push @when, " when $condition->[1] then $result->[1]";
			push @values, $result;
		}
		push @values, @operands;
		my $type = one_type('coercion: if with', grep { $_->[0] ne 'null' } @values);
		return $operands[0] unless @when;
		return [ $type, 'case' . join('', @when) . (@operands ? " else $operands[0][1]" : '') . ' end' ];
	}
	if ($operator eq 'min' || $operator eq 'max')
	{
		refuse("$operator of nothing") unless @operands;
		needs_type('number', "coercion: $operator", @operands);
		return [ 'number', ($operator eq 'min' ? 'least' : 'greatest') . '(' . join(', ', map { $_->[1] } @operands) . ')' ];
	}
	if ($arithmetic{$operator})
	{
		needs_type('number', 'coercion: arithmetic', @operands);
		return [ 'number', '- (' . $operands[0][1] . ')' ] if $operator eq '-' && @operands == 1;
		refuse("$operator of one operand is a cast") if @operands < 2;
		return [ 'number', join($arithmetic{$operator}, map { "($_->[1])" } @operands) ];
	}
	refuse("there is no operator $operator");
}

# ---------------------------------------------------------------------------
# The run
# ---------------------------------------------------------------------------

my $node = PostgreSQL::Test::Cluster->new('jsonlogic');
$node->init(extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ]);
$node->start;
$node->safe_psql('postgres', q{
CREATE EXTENSION clientele;
-- The value as text, and whether it matches.
CREATE FUNCTION answer(document jsonb, rule text, is_condition boolean) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN coalesce(clientele.evaluate_text(document, rule::clientele.expression), 'NULL')
        || CASE WHEN is_condition THEN ' ' || clientele.matches(document, rule::clientele.expression) ELSE '' END;
EXCEPTION WHEN OTHERS THEN
    RETURN 'error: ' || SQLERRM;
END $$;
});

my ($number, $translated, $boolean, %refused) = (0, 0, 0);
my @script;
my @wanted;

for my $test (@$suite)
{
	next unless ref $test; # a heading
	$number++;
	my $title = "$number: " . $json->encode($test->{rule});
	my $reason;
	my $translation = eval { translate($test->{rule}) };
	if (!$translation)
	{
		die $@ unless ref $@;
		$reason = $@->{reason};
	}
	elsif (exists $test->{error} || !exists $test->{result})
	{
		$reason = 'an error of JsonLogic';
	}
	elsif (defined $test->{data} && ref $test->{data} ne 'HASH')
	{
		$reason = 'the data is no object';
	}
	elsif (ref $test->{result} && !JSON::PP::is_bool($test->{result}))
	{
		$reason = 'an array as a result';
	}
	elsif ($translation->[0] eq 'missing')
	{
		$reason = 'missing as a list of names';
	}
	if (defined $reason)
	{
		push @{ $refused{$reason} }, $title;
		next;
	}

	# a name alone has no type, so its text is compared
	my $result = $test->{result};
	my $text = !defined $result ? 'NULL' : JSON::PP::is_bool($result) ? ($result ? 'true' : 'false') : is_number($result) ? $json->encode($result) : "$result";
	my $data = $json->encode($test->{data} // {});
	my $condition = JSON::PP::is_bool($result);
	push @script, "SELECT answer(\$data\$$data\$data\$, \$rule\$$translation->[1]\$rule\$, " . ($condition ? 'true' : 'false') . ');';
	push @wanted, [ "$title is $translation->[1]", $condition ? "$text $text" : $text ];
	$translated++;
	$boolean++ if JSON::PP::is_bool($result);
}

my $script = join("\n", @script);
utf8::encode($script);
my @answers = split /\n/, $node->safe_psql('postgres', $script), -1;
for my $i (0 .. $#wanted)
{
	my ($title, $wanted) = @{ $wanted[$i] };
	utf8::encode($title);
	utf8::encode($wanted);
	is($answers[$i], $wanted, $title);
}

is("$translated of $number, $boolean", "$translatable of 278, $conditions", 'tests that have a translation, and how many of them are conditions');
note 'refused:';
for my $reason (sort keys %refused)
{
	note sprintf '%4d  %s', scalar @{ $refused{$reason} }, $reason;
	for my $title (@{ $refused{$reason} })
	{
		my $bytes = $title;
		utf8::encode($bytes);
		note "            $bytes";
	}
}

$node->stop;
done_testing();
