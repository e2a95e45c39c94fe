# Promotions and bills by chance, and what a promotion gives: the slow, obvious model.
#
# Money is counted in whole millionths, so that nothing is rounded but where a promotion
# says so; the best combination is found by trying every set.
package Oracle::Promotion;
use strict;
use warnings;
use utf8;
use integer;

use Exporter 'import';
use List::Util 'shuffle';
use Math::BigInt;
use POSIX 'strftime';

our @EXPORT = qw($one any pick often number spelled quoted money day_text weekday bill_json add_up random_bill
	%reduces %is_money random_promotion random_benefit promotion_json least most weighed given_text columns may_stand_together worth is_better
	best_set in_order taken_back);

our $one = 1_000_000;    # millionths of a unit of money

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

# Days are counted from 1 July 2026, a Wednesday, which is 1.
sub day_text { my ($day) = @_; return strftime('%Y-%m-%d', gmtime(1_782_777_600 + 86_400 * $day)); }
sub weekday { my ($day) = @_; return 1 + (($day + 8) % 7 + 7) % 7; }

# The wall clock of Shanghai.
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
	my @json;
	push @json, '"at": ' . quoted($bill->{at} // at_text($bill->{day}, $bill->{minute})) unless exists $bill->{at} && !defined $bill->{at};
	push @json, map { qq("$_": ) . quoted($bill->{$_}) } grep { defined $bill->{$_} } qw(bill_id branch channel staff);
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
	my ($most) = @_;    # lines
	return add_up({
		day => often(80) ? 1 + any(31) : any(34) - 1, minute => any(1440),
		branch => pick(undef, '1', '2', '3'), channel => pick(undef, 'store', 'app'), staff => pick(undef, '007'),
		lines => [ map { random_line() } 1 .. pick(0, 1, 2, 3, $most) ], amount => often(5) ? 0 : money(3000, 3)
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

our @kinds = ('amount off', 'percent off', 'fixed price', 'spend and reduce', 'gift', 'coupon', 'stored value', 'points');
our %reduces = map { $_ => 1 } @kinds[ 0 .. 3 ];
our %is_money = (%reduces, 'stored value' => 1);

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
		for (1 .. ($p->{repeat} ? 1 : 1 + any(4)))
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
	if (!often($easy))
	{
		$p{from} = -1 + any(20);
		$p{to} = $p{from} + any(30) if often(70);
		if (often(40)) { $p{days} = [ grep { often(60) } 1 .. 7 ]; $p{days} = [6] unless @{ $p{days} }; }
		if (often(40)) { my $from = any(1440); $p{hours} = [ $from, $from + 1 + any(1440 - $from) ]; }
		$p{branches} = pick([qw(1)], [qw(3 2)], [qw(1 2 3)]) if often(40);
		$p{condition} = random_condition() if often(50);
	}
	if (often(30))
	{
		$p{at_least} = money(pick(20, 2000), 2);
		$p{metric} = 'spent' if often(30);
	}
	$p{keys}{benefit} = random_benefit(\%p);
	$p{priority} = any(5) - 2 if often(40);
	$p{group} = pick(qw(a b)) if often(40);
	$p{stacks} = 0 if often(15);
	$p{rule} = $p{kind} eq 'gift' || $p{kind} eq 'coupon' ? pick(qw(recompute none)) : pick(qw(recompute proportional none));
	return promotion_json(\%p);
}

# Sets keys and json of a promotion, from all else; what {keys} has besides (and the benefit) is not touched.
sub promotion_json
{
	my ($p) = @_;
	my $keys = $p->{keys};
	my @term = ('"from": ' . quoted(day_text($p->{from})));
	push @term, '"to": ' . quoted(day_text($p->{to})) if defined $p->{to};
	push @term, '"days": [' . join(', ', reverse @{ $p->{days} }) . ']' if @{ $p->{days} } < 7;
	push @term, sprintf('"hours": {"from": "%02d:%02d", "to": "%02d:%02d"}', map { ($_ / 60, $_ % 60) } @{ $p->{hours} });
	$keys->{term} = '{' . join(', ', @term) . '}';
	$keys->{branches} = $p->{branches} ? '[' . join(', ', map { quoted($_) } @{ $p->{branches} }) . ']' : '"all"';
	$keys->{bill} = quoted(join ' and ', map { $_->[0] } @{ $p->{condition} }) if $p->{condition};
	$keys->{spend} = '{"at_least": ' . spelled($p->{at_least}) . ', "measure": ' . quoted($p->{metric} // 'bill') . '}' if defined $p->{at_least};
	$keys->{rounding} = qq({"decimals": $p->{decimals}, "mode": ) . ($p->{half_even} ? '"half even"}' : '"half up"}');
	$keys->{priority} = $p->{priority} if $p->{priority};
	$keys->{exclusive_group} = quoted($p->{group}) if defined $p->{group};
	$keys->{stacks} = 'false' unless $p->{stacks};
	$keys->{after_refund} = quoted($p->{rule});
	$p->{json} = '{' . join(', ', shuffle(map { qq("$_": $keys->{$_}) } sort keys %$keys)) . '}';
	return $p;
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
	return 0 if $p->{rule} eq 'none';
	return $given if $refunded == $bill->{amount};
	return 0 if $refunded == 0;
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

1;
