# Random promotions on random bills against a slow, obvious model.
#
# What benefit, best_promotions and refund answer must be what the model (Oracle/Promotion.pm) says,
# text for text.
#
#   ORACLE_SEED     another seed gives other promotions (default: the time)
#   ORACLE_BILLS    how many bills (default 600), each with up to nine promotions
use strict;
use warnings;
use utf8;
use integer;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Oracle::Promotion;

my $seed = $ENV{ORACLE_SEED} // time;
my $bills = $ENV{ORACLE_BILLS} // 600;

srand($seed);
note "ORACLE_SEED=$seed";

# ---------------------------------------------------------------------------
# Cases: SQL, and the lines it must answer
# ---------------------------------------------------------------------------

my (@benefit_rows, @offer_rows, @refund_rows, @expected);

sub sql_text { my ($text) = @_; return defined $text ? "'" . ($text =~ s/'/''/gr) . "'" : 'NULL'; }

sub expect { my (@fields) = @_; push @expected, join('|', @fields); return; }

sub add_refund
{
	my ($case, $position, $p, $bill, $bill_json, $given, $spent) = @_;
	return if $bill->{amount} == 0 || ($p->{metric} && !defined $spent);
	my ($refunded, $kept);
	my $lines = @{ $bill->{lines} };
	if ($lines > 1)
	{
		my $gone = any($lines);
		$kept = add_up({ %$bill, lines => [ @{ $bill->{lines} }[ grep { $_ != $gone } 0 .. $lines - 1 ] ] });
		$refunded = $bill->{amount} - $kept->{amount};
	}
	else
	{
		return if $lines && ($p->{applies} || $p->{kind} eq 'fixed price' || $p->{condition});
		$refunded = often(20) ? $bill->{amount} : 1000 * any($bill->{amount} / 1000 + 1);
		$kept = { %$bill, amount => $bill->{amount} - $refunded };

		# nothing but the amount is known of what is left
		my $blind = $p->{applies} || $p->{kind} eq 'fixed price' || grep { $_->[0] =~ /quantity|contains/ } @{ $p->{condition} // [] };
		return if $blind;
	}
	my $unit = $is_money{ $p->{kind} };
	my $used = $reduces{ $p->{kind} } ? $given : $unit ? $given / 1000 * any(1001) : any($given + 1);
	my $back = taken_back($p, $bill, $given, $refunded, $kept, $spent);
	my $from_balance = $reduces{ $p->{kind} } ? 0 : least($back, $given - $used);
	my $from_refund = $unit ? least($back - $from_balance, $refunded) : 0;
	my $key = "refund $case $position";
	push @refund_rows, sprintf("(%s, %s, %s, %s, %s, %s, %s, %s)", sql_text($key), sql_text($bill_json), sql_text($p->{json}), given_text($p, $given),
		number($refunded), $lines > 1 ? sql_text(bill_json($kept)) : 'NULL', given_text($p, $used), defined $spent ? number($spent) : 'NULL');
	expect($key, $p->{rule}, number($refunded), map { given_text($p, $_) } $back, $from_balance, $from_refund, $back - $from_balance - $from_refund);
	return;
}

sub add_case
{
	my ($case) = @_;
	my $bill = random_bill(20);
	my $json = bill_json($bill);
	my $easy = often(50) ? 90 : 30;
	my @promotions = map { random_promotion($easy) } 1 .. any(10);
	my @spent = map { $_->{metric} && often(80) ? money(2000, 2) : undef } @promotions;
	my @offers;
	for my $i (0 .. $#promotions)
	{
		my ($p, $spent) = ($promotions[$i], $spent[$i]);
		my $position = $i + 1;
		my $weighed = weighed($p, $bill, $spent);
		my $key = "benefit $case $position";
		push @benefit_rows, sprintf('(%s, %s, %s, %s)', sql_text($key), sql_text($json), sql_text($p->{json}), defined $spent ? number($spent) : 'NULL');
		expect($key, $weighed->{eligible} ? 't' : 'f', $weighed->{eligible} ? columns($p, $weighed->{given}, $weighed->{given}) : ('') x 4,
			defined $weighed->{more} ? number($weighed->{more}) : '', given_text($p, $weighed->{then}), '{' . join(',', @{ $weighed->{reasons} }) . '}',
			scalar @{ $weighed->{reasons} });
		next unless $weighed->{eligible};
		push @offers, { p => $p, position => $position, given => $weighed->{given} };
		add_refund($case, $position, $p, $bill, $json, $weighed->{given}, $spent);
	}
	@offers = sort { $b->{p}{priority} <=> $a->{p}{priority} || $a->{position} <=> $b->{position} } @offers;
	my %chosen = (
		'best for customer' => [ best_set($bill->{amount}, @offers) ], 'priority order' => [ in_order($bill->{amount}, @offers) ],
		first => [ @offers ? $offers[0] : () ]);
	push @offer_rows, sprintf('(%s, %s, ARRAY[%s]::text[]::clientele.promotion[], ARRAY[%s]::numeric[])', sql_text("offers $case"), sql_text($json),
		join(', ', map { sql_text($_->{json}) } @promotions), join(', ', map { defined $_ ? number($_) : 'NULL' } @spent));
	for my $policy (sort keys %chosen)
	{
		my $left = $bill->{amount};
		my $row = 0;
		for my $offer (@{ $chosen{$policy} })
		{
			my $amount = $reduces{ $offer->{p}{kind} } ? least($left, $offer->{given}) : 0;
			$left -= $amount;
			expect("offers $case", $policy, ++$row, $offer->{position}, columns($offer->{p}, $offer->{given}, $amount));
		}
	}
	return;
}

add_case($_) for 1 .. $bills;

# ---------------------------------------------------------------------------
# The answers
# ---------------------------------------------------------------------------

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION clientele');

sub answers
{
	my ($columns, $rows, $query) = @_;
	return () unless @$rows;
	my $sql = "SET client_encoding = 'UTF8'; WITH c ($columns) AS (VALUES " . join(",\n", @$rows) . ") $query";
	utf8::encode($sql);
	return split /\n/, $node->safe_psql('postgres', $sql);
}

my @answered = (
	answers('key, bill, promotion, spent', \@benefit_rows, q{
		SELECT key, b.eligible, b.amount, b.value, b.points, b.quantity, b.spend_more, b.given_then, b.reasons, cardinality(b.missing)
		FROM c, clientele.benefit(bill::jsonb, promotion::clientele.promotion, spent::numeric, time_zone => 'Asia/Shanghai') AS b}),
	answers('key, bill, promotions, spent', \@offer_rows, q{
		SELECT key, policy, o.ordinality, o.position, o.amount, o.value, o.points, o.quantity
		FROM c, unnest('{best for customer, priority order, first}'::text[]) AS policy,
			clientele.best_promotions(bill::jsonb, promotions, policy, spent, time_zone => 'Asia/Shanghai') WITH ORDINALITY AS o}),
	answers('key, bill, promotion, given, refunded, kept, used, spent', \@refund_rows, q{
		SELECT key, r.* FROM c, clientele.refund(bill::jsonb, promotion::clientele.promotion, given, refunded, kept::jsonb, used, spent::numeric) AS r}));

# JSON of what differs, by the first fields of a line.
sub shown
{
	my ($line) = @_;
	my ($key) = split /\|/, $line;
	return join "\n", grep { index($_, "('$key',") == 0 } @benefit_rows, @offer_rows, @refund_rows;
}

my %answered = map { $_ => 1 } @answered;
my %expected = map { $_ => 1 } @expected;
my @missing = grep { !$answered{$_} } @expected;
my @surplus = grep { !$expected{$_} } @answered;
for my $line (splice(@missing, 0, 5)) { diag "expected: $line\n" . shown($line); }
for my $line (splice(@surplus, 0, 5)) { diag "answered: $line"; }
my %kinds;
$kinds{ /^benefit [^|]*\|t/ ? 'benefit that is given' : (split / /)[0] }++ for @expected;
note join ', ', map { "$kinds{$_} of $_" } sort keys %kinds;
is_deeply([ sort @answered ], [ sort @expected ], "seed $seed: " . @expected . ' answers') if @answered == @expected && !@missing && !@surplus
  or fail("seed $seed: " . @answered . ' answers, ' . @expected . ' expected');

$node->stop;
done_testing();
