# The plain SQL of the comparison is code, too: here a person has computed what it
# must say.
package Oracle::FixedCases;
use strict;
use warnings;
use utf8;

use Exporter 'import';
use Oracle::PlainSQL;
our @EXPORT = qw(fixed_cases);

# Noon of 30 June 2026 in Shanghai.
my $events = <<'SQL';
CREATE VIEW oracle.source_0 (key, t, c0, c1) AS VALUES
    (1, timestamptz '2026-06-30 11:00+08', 100::numeric, 'skin'),
    (1, '2026-06-30 12:00+08', 50, 'laser'),                -- this very instant
    (1, '2026-06-30 12:00:00.000001+08', 7, 'future'),      -- not yet
    (1, '2026-06-24 00:00+08', 10, 'skin'),                 -- the first instant of the last 7 days
    (1, '2026-06-24 00:00+08', 10, 'Z'),                    -- the same
    (1, '2026-06-23 23:59:59.999999+08', 20, 'A'),          -- the last before them
    (1, '2026-06-29 12:00+08', NULL, 'laser'),              -- 24 hours ago
    (1, '2026-05-31 00:30+08', 5, 'b'),
    (1, '2026-05-30 10:00+08', 40, 'skin'),
    (1, NULL, 1000, 'skin'),                                -- never
    (2, '2026-06-30 11:00+08', 1, 'skin');                  -- somebody else
SQL

my %column = (
	net => { name => ['net'], kind => 'number', sql => 'e.c0' },
	category => { name => ['category'], kind => 'text', sql => 'e.c1' });

sub number { return { op => 'number', args => [], value => $_[0] } }
sub last_ { return { kind => 'last', from => number($_[0]), from_unit => $_[1] } }

sub from_to
{
	my ($from, $to, $unit) = @_;
	return { kind => 'between', from => number($from), from_unit => $unit, to => number($to), to_unit => $unit };
}

sub aggregate
{
	my ($function, $column, $window, %more) = @_;
	return {
		op => 'aggregate', args => [], function => $function, source => { view => 'oracle.source_0', tolerance => $more{tolerance} },
		column => $column && $column{$column}, window => $window // { kind => 'all' }, by => $more{by} && $column{ $more{by} },
		distinct => $more{distinct}, where => $more{where} };
}

sub call { my ($function, @args) = @_; return { op => 'call', function => $function, args => \@args } }
sub day { return { op => 'date', args => [], value => $_[0] } }

sub operation
{
	my ($op, @args) = @_;
	return { op => $op, args => \@args };
}

my $skin = {
	op => 'compare', operator => '=', args => [ { op => 'column', args => [], column => $column{category} }, { op => 'string', args => [], value => 'skin' } ] };

my @cases = (
	[ 'count', aggregate('count'), '8' ],
	[ 'count of a day ahead', aggregate('count', undef, undef, tolerance => '1 day'), '9' ],
	[ 'count last 7 days', aggregate('count', undef, last_(7, 'days')), '5' ],
	[ 'count last 1 weeks', aggregate('count', undef, last_(1, 'weeks')), '5' ],
	[ 'count last 24 hours', aggregate('count', undef, last_(24, 'hours')), '2' ],
	[ 'count last 1 months', aggregate('count', undef, last_(1, 'months')), '7' ],
	[ 'count last 1 years', aggregate('count', undef, last_(1, 'years')), '8' ],
	[ 'count from 7 days ago to 1 days ago', aggregate('count', undef, from_to(7, 1, 'days')), '3' ],
	[ 'count since', aggregate('count', undef, { kind => 'since', date => '2026-06-23' }), '6' ],
	[ 'count where', aggregate('count', undef, undef, where => $skin), '3' ],
	[ 'count distinct', aggregate('count', 'category', undef, distinct => 1), '5' ],
	[ 'sum', aggregate('sum', 'net'), '235' ],
	[ 'sum of nothing', aggregate('sum', 'net', from_to(9, 8, 'days')), '0' ],
	[ 'avg', aggregate('avg', 'net', last_(7, 'days')), '42.5000000000000000' ],
	[ 'avg of nothing', aggregate('avg', 'net', from_to(9, 8, 'days')), undef ],
	[ 'min', aggregate('min', 'net'), '5' ],
	[ 'max', aggregate('max', 'net'), '100' ],
	[ 'min of text', aggregate('min', 'category'), 'A' ],
	[ 'max of text', aggregate('max', 'category'), 'skin' ],
	[ 'first', aggregate('first', 'category'), 'skin' ],
	[ 'first of two', aggregate('first', 'category', last_(7, 'days')), 'Z' ],
	[ 'last', aggregate('last', 'category'), 'laser' ],
	[ 'last of two', aggregate('last', 'category', from_to(7, 6, 'days')), 'skin' ],
	[ 'last number', aggregate('last', 'net', from_to(2, 1, 'days')), undef ],
	[ 'mode', aggregate('mode', 'category'), 'skin' ],
	[ 'mode of two', aggregate('mode', 'category', last_(7, 'days')), 'laser' ],
	[ 'mode by sum', aggregate('mode', 'category', last_(7, 'days'), by => 'net'), 'skin' ],
	[ 'mode by sum of two', aggregate('mode', 'category', from_to(7, 6, 'days'), by => 'net'), 'Z' ],
	[ 'earliest', aggregate('earliest'), '2026-05-30 02:00:00+00' ],
	[ 'latest', aggregate('latest'), '2026-06-30 04:00:00+00' ],
	[ 'days_since', call('days_since', aggregate('earliest')), '31' ],
	[ 'months_since', call('months_since', day('2026-05-31')), '0' ],
	[ 'months_since the 30th', call('months_since', day('2026-05-30')), '1' ],
	[ 'age', call('age', day('1984-02-29')), '42' ],
	[ 'age on the eve', call('age', day('1990-07-01')), '35' ],
	[ 'weekday', call('weekday', day('2026-06-28')), '7' ],
	[ 'division by zero', operation('/', number(1), number(0)), undef ],
	[ 'integers', operation('/', number(7), number(2)), '3.5000000000000000' ],
	[ 'days ahead', operation('+', day('2026-02-28'), number(1)), '2026-03-01' ]);

# Statements that print the cases that come out wrong.
sub fixed_cases
{
	local $Oracle::PlainSQL::zone = 'Asia/Shanghai';
	my $sql = rules_of_the_language() . $events;

	for my $case (@cases)
	{
		my ($what, $tree, $wanted) = @$case;
		my $value = defined $wanted ? "'$wanted'" : 'NULL';
		$sql .= "SELECT '$what', got FROM (SELECT (" . expression_sql($tree) . ")::text AS got FROM (SELECT 1 AS oracle_key) AS s,"
			. " (SELECT timestamptz '2026-06-30 12:00+08' AS _now, date '2026-06-30' AS _today) AS clock) AS answer WHERE got IS DISTINCT FROM $value;\n";
	}
	return "${sql}DROP SCHEMA oracle CASCADE;\n";
}

1;
