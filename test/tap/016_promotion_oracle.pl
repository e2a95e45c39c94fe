# Random promotions on random bills against a slow, obvious model.
#
# Money is counted here in whole millionths, so that nothing is rounded but where a
# promotion says so; the best combination is found by trying every set.  What benefit,
# best_promotions and refund answer must be the same, text for text.
#
#   ORACLE_SEED     another seed gives other promotions (default: the time)
#   ORACLE_BILLS    how many bills (default 600), each with up to nine promotions
use strict;
use warnings;
use utf8;
use integer;

use List::Util qw(shuffle);
use Math::BigInt;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{ORACLE_SEED} // time;
my $bills = $ENV{ORACLE_BILLS} // 600;

srand($seed);
note "ORACLE_SEED=$seed";

my $one = 1_000_000;    # millionths of a unit of money

# ---------------------------------------------------------------------------
# Chance
# ---------------------------------------------------------------------------

sub any  { return int(rand($_[0])); }
sub pick { return $_[ any(scalar @_) ]; }
sub often { my ($percent) = @_; return any(100) < $percent; }

# Millionths as SQL prints the number, and as JSON may spell it.
sub number
{
	my ($units) = @_;
	my $sign = $units < 0 ? '-' : '';
	$units = abs $units;
	my $text = sprintf('%d.%06d', $units / $one, $units % $one);
	$text =~ s/\.?0+$//;
	return $sign . $text;
}
sub spelled { my ($units) = @_; my $text = number($units); return often(20) ? $text . ($text =~ /\./ ? '0' : '.00') : $text; }
sub quoted { my ($text) = @_; return qq("$text"); }

# Money with so many decimals; mostly round.
sub money
{
	my ($greatest, $decimals) = @_;
	my $unit = $one;
	$unit /= 10 for 1 .. $decimals;
	return $one * (1 + any($greatest)) if often(60);
	return $unit * (1 + any($greatest * ($one / $unit)));
}

# ---------------------------------------------------------------------------
# A bill, as a structure and as JSON
# ---------------------------------------------------------------------------

my @items = ('facial', '双眼皮', 'mask', 'laser');
my %category_of = (facial => 'skin', '双眼皮' => 'surgery', laser => 'skin');

sub random_line
{
	my $item = pick(@items);
	my %line = (item => $item, category => $category_of{$item}, quantity => often(60) ? $one : pick(500_000, 2 * $one, 3 * $one));
	$line{price} = money(pick(10, 300, 5000), 2) if often(70);
	$line{amount} = often(5) ? 0 : money(pick(10, 600, 9000), pick(2, 2, 2, 3));
	my $product = defined $line{price} ? $line{price} / 10 * ($line{quantity} / 100_000) : undef;
	$line{amount} = $product if defined $product && often(50);
	my @json = ('"item": ' . quoted($item));
	push @json, '"category": ' . quoted($line{category}) if defined $line{category};
	push @json, '"quantity": ' . spelled($line{quantity}) if $line{quantity} != $one || often(50);
	push @json, '"price": ' . spelled($line{price}) if defined $line{price};
	push @json, '"amount": ' . spelled($line{amount}) unless defined $product && $product == $line{amount} && often(50);
	$line{json} = '{' . join(', ', @json) . '}';
	return \%line;
}

# Two days of June, July 2026, two days of August; the wall clock of Shanghai.
sub day_text
{
	my ($day) = @_;    # 1 = 1 July, a Wednesday
	return sprintf('2026-06-%02d', 30 + $day) if $day < 1;
	return sprintf('2026-07-%02d', $day)      if $day <= 31;
	return sprintf('2026-08-%02d', $day - 31);
}
sub weekday { my ($day) = @_; return 1 + ($day + 8) % 7; }

sub at_text
{
	my ($day, $minute) = @_;
	my $form = any(3);
	if ($form == 2)
	{
		# eight hours earlier in UTC
		$minute -= 480;
		if ($minute < 0) { $minute += 1440; $day--; }
	}
	return sprintf('%sT%02d:%02d:59.999%s', day_text($day), $minute / 60, $minute % 60, ('', '+08:00', 'Z')[$form]);
}

sub bill_json
{
	my ($bill) = @_;
	my @json = ('"at": ' . quoted(at_text($bill->{day}, $bill->{minute})));
	push @json, map { qq("$_": ) . quoted($bill->{$_}) } grep { defined $bill->{$_} } qw(branch channel staff);
	push @json, '"lines": [' . join(', ', map { $_->{json} } @{ $bill->{lines} }) . ']' if @{ $bill->{lines} };
	push @json, '"amount": ' . spelled($bill->{amount}) if !@{ $bill->{lines} } || often(50);
	return '{' . join(', ', @json) . '}';
}

sub add_up
{
	my ($bill) = @_;
	return $bill unless @{ $bill->{lines} };
	$bill->{amount} = $bill->{quantity} = 0;
	for my $line (@{ $bill->{lines} })
	{
		$bill->{amount} += $line->{amount};
		$bill->{quantity} += $line->{quantity};
	}
	return $bill;
}

sub random_bill
{
	return add_up({
		day => often(80) ? 1 + any(31) : any(34) - 1, minute => any(1440),
		branch => pick(undef, '1', '2', '3'), channel => pick(undef, 'store', 'app'), staff => pick(undef, '007'),
		lines => [ map { random_line() } 1 .. pick(0, 1, 2, 3, 20) ], amount => often(5) ? 0 : money(3000, 3)
	});
}

# ---------------------------------------------------------------------------
# Conditions: text, and what is true, false or unknown (undef) of it
# ---------------------------------------------------------------------------

sub compared { my ($a, $op, $b) = @_; return undef unless defined $a; return $op eq '>' ? $a > $b : $op eq '<=' ? $a <= $b : $a == $b; }
sub equals { my ($a, $b) = @_; return defined $a ? $a eq $b : undef; }
sub has { my ($bill, $key, $value) = @_; return @{ $bill->{lines} } ? scalar grep { defined $_->{$key} && $_->{$key} eq $value } @{ $bill->{lines} } : undef; }

sub random_part
{
	my $limit = pick(50, 500, 5000);
	my $channel = pick('store', 'app');
	my $item = pick(@items);
	my $op = pick('>', '<=');
	my @parts = (
		["amount $op $limit", sub { compared($_[0]{amount}, $op, $limit * $one) }],
		["channel = '$channel'", sub { equals($_[0]{channel}, $channel) }],
		["branch in ('1', '2')", sub { defined $_[0]{branch} ? $_[0]{branch} ne '3' : undef }],
		["staff is null", sub { !defined $_[0]{staff} }],
		["quantity $op 2", sub { compared(@{ $_[0]{lines} } ? $_[0]{quantity} : undef, $op, 2 * $one) }],
		["contains(items, '$item')", sub { has($_[0], item => $item) }],
		["contains(categories, 'skin')", sub { has($_[0], category => 'skin') }]);
	return pick(@parts);
}

# An "or" is one part; "not" of unknown is unknown.
sub random_condition
{
	my @parts = map {
		my ($a, $b) = (random_part(), random_part());
		my $kind = any(6);
		$kind == 0 ? ["($a->[0] or $b->[0])", sub { my ($x, $y) = ($a->[1]->(@_), $b->[1]->(@_)); $x || $y ? 1 : defined $x && defined $y ? 0 : undef }]
		  : $kind == 1 ? ["not ($a->[0])", sub { my $x = $a->[1]->(@_); defined $x ? !$x : undef }]
		  : $a;
	} 1 .. 1 + any(3);
	# alone, it is not an "and", and an "or" needs no parentheses
	return \@parts;
}

sub random_applies_to
{
	my $limit = pick(20, 200, 2000);
	my $item = pick(@items);
	return pick(
		["category = 'skin'", sub { equals($_[0]{category}, 'skin') }],
		["item <> '$item'", sub { $_[0]{item} ne $item }],
		["price > $limit", sub { compared($_[0]{price}, '>', $limit * $one) }],
		["amount > $limit and quantity <= 1", sub { $_[0]{amount} > $limit * $one && $_[0]{quantity} <= $one }],
		["category is null or amount <= $limit", sub { !defined $_[0]{category} || $_[0]{amount} <= $limit * $one }]);
}

# ---------------------------------------------------------------------------
# A promotion
# ---------------------------------------------------------------------------

my @kinds = ('amount off', 'percent off', 'fixed price', 'spend and reduce', 'gift', 'coupon', 'stored value', 'points');
my %reduces = map { $_ => 1 } @kinds[ 0 .. 3 ];
my %is_money = (%reduces, 'stored value' => 1);

sub random_benefit
{
	my ($p) = @_;
	my $d = $p->{decimals};
	my @json = ('"kind": ' . quoted($p->{kind}));
	my $kind = $p->{kind};
	if ($kind eq 'amount off' || $kind eq 'stored value')
	{
		$p->{amount} = money(pick(50, 2000), $d);
		push @json, '"amount": ' . spelled($p->{amount});
	}
	elsif ($kind eq 'percent off')
	{
		$p->{percent} = pick(10, 12, 33, 100, 1 + any(100)) * 100 - pick(0, 0, 50, 25);    # hundredths of a percent
		push @json, '"percent": ' . spelled($p->{percent} * ($one / 100));
		if (often(30)) { $p->{at_most} = money(200, $d); push @json, '"at_most": ' . spelled($p->{at_most}); }
	}
	elsif ($kind eq 'fixed price')
	{
		$p->{item} = pick(@items);
		$p->{price} = money(pick(10, 500), $d);
		push @json, '"item": ' . quoted($p->{item}), '"price": ' . spelled($p->{price});
	}
	elsif ($kind eq 'spend and reduce')
	{
		$p->{repeat} = often(40);
		my ($at_least, $off) = (0, 0);
		my @steps;
		for (1 .. $p->{repeat} ? 1 : 1 + any(4))
		{
			my $more = money(pick(100, 1000), $d);
			$at_least += $more + $one;
			$off += 1 + any(10) == 1 ? $more : $one;
			push @steps, [ $at_least, $off ];
		}
		$p->{steps} = \@steps;
		push @json, '"steps": [' . join(', ', map { '{"at_least": ' . spelled($_->[0]) . ', "off": ' . spelled($_->[1]) . '}' } @steps) . ']';
		push @json, '"repeat": ' . ($p->{repeat} ? 'true' : 'false') if $p->{repeat} || often(30);
	}
	elsif ($kind eq 'gift' || $kind eq 'coupon')
	{
		$p->{pieces} = pick(1, 1, 2, 7);
		push @json, '"quantity": ' . $p->{pieces} if $p->{pieces} > 1 || often(50);
		if ($kind eq 'gift') { $p->{worth} = money(300, $d); push @json, '"item": "mask"', '"value": ' . spelled($p->{worth}); }
		else { push @json, '"coupon": "autumn"'; }
	}
	else
	{
		$p->{points} = 1 + any(100);
		push @json, '"points": ' . $p->{points};
		if (often(60)) { $p->{per} = money(pick(3, 100, 2000), 2); push @json, '"per": ' . spelled($p->{per}); }
	}
	if (often(35))
	{
		$p->{applies} = random_applies_to();
		push @json, '"applies_to": ' . quoted($p->{applies}[0]);
	}
	return '{' . join(', ', @json) . '}';
}

sub random_promotion
{
	my ($easy) = @_;    # in percent: how seldom there are conditions
	my %p = (kind => pick(@kinds), decimals => pick(0, 1, 2, 2, 2, 4), half_even => often(40), from => 1, to => undef,
		days => [ 1 .. 7 ], hours => [ 0, 1440 ], stacks => 1, priority => 0);
	my (@term, @json);
	if (!often($easy))
	{
		$p{from} = -1 + any(20);
		$p{to} = $p{from} + any(30) if often(70);
		if (often(40)) { $p{days} = [ grep { often(60) } 1 .. 7 ]; $p{days} = [6] unless @{ $p{days} }; }
		if (often(40)) { my $from = any(1440); $p{hours} = [ $from, $from + 1 + any(1440 - $from) ]; }
		$p{branches} = pick([qw(1)], [qw(3 2)], [qw(1 2 3)]) if often(40);
		$p{condition} = random_condition() if often(50);
	}
	push @term, '"from": ' . quoted(day_text($p{from}));
	push @term, '"to": ' . quoted(day_text($p{to})) if defined $p{to};
	push @term, '"days": [' . join(', ', reverse @{ $p{days} }) . ']' if @{ $p{days} } < 7;
	push @term, sprintf('"hours": {"from": "%02d:%02d", "to": "%02d:%02d"}', map { ($_ / 60, $_ % 60) } @{ $p{hours} });
	push @json, '"term": {' . join(', ', @term) . '}';
	push @json, '"branches": ' . ($p{branches} ? '[' . join(', ', map { quoted($_) } @{ $p{branches} }) . ']' : '"all"');
	if ($p{condition})
	{
		my @parts = map { $_->[0] } @{ $p{condition} };
		push @json, '"bill": ' . quoted(join ' and ', @parts);
	}
	if (often(30))
	{
		$p{at_least} = money(pick(20, 2000), 2);
		$p{metric} = often(30);
		push @json, '"spend": {"at_least": ' . spelled($p{at_least}) . ', "measure": "' . ($p{metric} ? 'spent' : 'bill') . '"}';
	}
	push @json, qq("rounding": {"decimals": $p{decimals}, "mode": ) . ($p{half_even} ? '"half even"}' : '"half up"}');
	push @json, '"benefit": ' . random_benefit(\%p);
	if (often(40)) { $p{priority} = any(5) - 2; push @json, '"priority": ' . $p{priority}; }
	if (often(40)) { $p{group} = pick(qw(a b)); push @json, '"exclusive_group": ' . quoted($p{group}); }
	if (often(15)) { $p{stacks} = 0; push @json, '"stacks": false'; }
	$p{rule} = $p{kind} eq 'gift' || $p{kind} eq 'coupon' ? pick(qw(recompute none)) : pick(qw(recompute proportional none));
	push @json, '"after_refund": ' . quoted($p{rule});
	@json = shuffle(@json);
	$p{json} = '{' . join(', ', @json) . '}';
	return \%p;
}

# ---------------------------------------------------------------------------
# The model
# ---------------------------------------------------------------------------

sub least { my ($a, $b) = @_; return $a < $b ? $a : $b; }
sub most { my ($a, $b) = @_; return $a > $b ? $a : $b; }

# numerator / denominator, in units of 10^-decimals, as millionths
sub rounded
{
	my ($numerator, $denominator, $decimals, $half_even) = @_;
	my $unit = $one;
	$unit /= 10 for 1 .. $decimals;
	my $step = $denominator * $unit;
	my ($units, $rest) = ($numerator / $step, $numerator % $step);
	$units++ if 2 * $rest > $step || (2 * $rest == $step && (!$half_even || $units % 2));
	return $units * $unit;
}

# What is given on so much money, in its own unit: millionths of money, or points, or pieces.
sub given_on
{
	my ($p, $lines, $base) = @_;
	my $kind = $p->{kind};
	return least($p->{amount}, $base) if $kind eq 'amount off';
	return $p->{amount} if $kind eq 'stored value';
	return $p->{pieces} if $kind eq 'gift' || $kind eq 'coupon';
	return defined $p->{per} ? $base / $p->{per} * $p->{points} : $p->{points} if $kind eq 'points';
	if ($kind eq 'percent off')
	{
		my $off = rounded($base * $p->{percent}, 10_000, $p->{decimals}, $p->{half_even});
		$off = least($off, $p->{at_most}) if defined $p->{at_most};
		return least($off, $base);
	}
	if ($kind eq 'fixed price')
	{
		my $off = 0;
		for my $line (@$lines)
		{
			# of a tenth of a piece, because the product must be exact
			my $price = $p->{price} / 100 * ($line->{quantity} / 10_000);
			$off += most(0, $line->{amount} - $price);
		}
		return least(rounded($off, 1, $p->{decimals}, $p->{half_even}), $base);
	}
	return $base / $p->{steps}[0][0] * $p->{steps}[0][1] if $p->{repeat};
	my $off = 0;
	for my $step (@{ $p->{steps} }) { $off = $step->[1] if $base >= $step->[0]; }
	return $off;
}

# Whether the promotion is to be had, why not, what it gives, what is ahead.
sub weighed
{
	my ($p, $bill, $spent, $anytime) = @_;
	my @reasons;
	if (!$anytime)
	{
		push @reasons, 'early' if $bill->{day} < $p->{from};
		push @reasons, 'late' if defined $p->{to} && $bill->{day} > $p->{to};
		push @reasons, 'day' unless grep { $_ == weekday($bill->{day}) } @{ $p->{days} };
		push @reasons, 'hour' if $bill->{minute} < $p->{hours}[0] || $bill->{minute} >= $p->{hours}[1];
		push @reasons, 'branch' if $p->{branches} && !grep { defined $bill->{branch} && $_ eq $bill->{branch} } @{ $p->{branches} };
	}
	for my $part (@{ $p->{condition} // [] }) { push @reasons, 'bill' unless $part->[1]->($bill); }

	my @lines = grep { (!$p->{applies} || $p->{applies}[1]->($_)) && ($p->{kind} ne 'fixed price' || $_->{item} eq $p->{item}) } @{ $bill->{lines} };
	my $base = $bill->{amount};
	my $some = $p->{applies} || $p->{kind} eq 'fixed price';
	if ($some)
	{
		$base = 0;
		$base += $_->{amount} for @lines;
		push @reasons, 'lines' unless @lines;
	}
	my $given = given_on($p, \@lines, $base);

	my (@missing, $next);
	if (defined $p->{at_least})
	{
		my $measured = $p->{metric} ? $spent // 0 : $bill->{amount};
		push @missing, $p->{at_least} - $measured if $measured < $p->{at_least};
	}
	my @thresholds =
	    $p->{repeat} ? ($base / $p->{steps}[0][0] + 1) * $p->{steps}[0][0]
	  : $p->{steps} ? map { $_->[0] } @{ $p->{steps} }
	  : defined $p->{per} ? ($base / $p->{per} + 1) * $p->{per} : ();
	($next) = grep { $_ > $base } @thresholds;
	push @missing, $next - $base if defined $next && $given == 0;
	push @reasons, 'spend' if @missing;
	@missing = ($next - $base) if defined $next && !@missing;
	my ($more) = sort { $b <=> $a } @missing;
	my $then = defined $more && !$p->{applies} && $p->{kind} ne 'fixed price' ? given_on($p, \@lines, $base + $more) : undef;
	push @reasons, 'nothing' if $given == 0 && !grep { $_ eq 'lines' || $_ eq 'spend' } @reasons;
	my $eligible = !@reasons;
	return { eligible => $eligible, reasons => \@reasons, given => $eligible ? $given : 0, more => $more, then => $then };
}

# Units of a benefit as text.
sub given_text { my ($p, $given) = @_; return !defined $given ? '' : $is_money{ $p->{kind} } ? number($given) : $given; }

# amount, value, points, quantity
sub columns
{
	my ($p, $given, $amount) = @_;
	my $kind = $p->{kind};
	return (
		$reduces{$kind} ? number($amount) : '',
		$reduces{$kind} ? number($amount) : $kind eq 'stored value' ? number($given) : $kind eq 'gift' ? number($given * $p->{worth}) : '',
		$kind eq 'points' ? $given : '', $kind eq 'gift' || $kind eq 'coupon' ? $given : '');
}

sub may_stand_together
{
	my (@set) = @_;
	return 1 if @set < 2;
	my %groups;
	for my $offer (@set)
	{
		return 0 unless $offer->{p}{stacks};
		return 0 if defined $offer->{p}{group} && $groups{ $offer->{p}{group} }++;
	}
	return 1;
}

sub worth
{
	my ($limit, @set) = @_;
	my ($off, $other, $points, $coupons) = (0, 0, 0, 0);
	for my $offer (@set)
	{
		my $kind = $offer->{p}{kind};
		$off += $offer->{given} if $reduces{$kind};
		$other += $offer->{given} if $kind eq 'stored value';
		$other += $offer->{given} * $offer->{p}{worth} if $kind eq 'gift';
		$points += $offer->{given} if $kind eq 'points';
		$coupons += $offer->{given} if $kind eq 'coupon';
	}
	return [ least($off, $limit) + $other, $points, $coupons, -@set ];
}

sub is_better
{
	my ($a, $b) = @_;
	for (0 .. $#$a) { return $a->[$_] > $b->[$_] if $a->[$_] != $b->[$_]; }
	return 0;
}

# The offers come in their order; sets are tried with the earlier ones first.
sub best_set
{
	my ($limit, @offers) = @_;
	my ($best, $best_worth) = ([], worth($limit));
	for my $set (reverse 1 .. (1 << @offers) - 1)
	{
		my @set = map { $offers[$_] } grep { $set & (1 << ($#offers - $_)) } 0 .. $#offers;
		next unless may_stand_together(@set);
		my $worth = worth($limit, @set);
		($best, $best_worth) = (\@set, $worth) if is_better($worth, $best_worth);
	}
	return @$best;
}

sub in_order
{
	my ($limit, @offers) = @_;
	my @set;
	for my $offer (@offers)
	{
		next if $reduces{ $offer->{p}{kind} } && $limit == 0;
		next unless may_stand_together(@set, $offer);
		push @set, $offer;
		$limit -= least($limit, $offer->{given}) if $reduces{ $offer->{p}{kind} };
	}
	return @set;
}

sub taken_back
{
	my ($p, $bill, $given, $refunded, $kept, $spent) = @_;
	return 0 if $p->{rule} eq 'none' || $refunded == 0;
	return $given if $refunded == $bill->{amount};
	return most(0, $given - weighed($p, $kept, defined $spent ? $spent - $refunded : undef, 1)->{given}) if $p->{rule} eq 'recompute';
	my $decimals = $is_money{ $p->{kind} } ? $p->{decimals} : 0;

	# the products are too large for 64 bits
	my $share = Math::BigInt->new($given * ($is_money{ $p->{kind} } ? 1 : $one))->bmul($refunded);
	my $unit = $one;
	$unit /= 10 for 1 .. $decimals;
	my ($units, $rest) = $share->bdiv(Math::BigInt->new($bill->{amount})->bmul($unit));
	my $half = $rest->bmul(2)->bcmp(Math::BigInt->new($bill->{amount})->bmul($unit));
	$units->binc() if $half > 0 || ($half == 0 && (!$p->{half_even} || $units->is_odd()));
	my $back = $units->bmul($unit)->numify();
	return least($is_money{ $p->{kind} } ? $back : $back / $one, $given);
}

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
	my $bill = random_bill();
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
