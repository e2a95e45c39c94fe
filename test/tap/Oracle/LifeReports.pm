# What the views that people and their reports read must show of a life (Oracle/Life.pm): promotions, claims, what
# is shown and claimed by branch, staff and hour, what that has brought, accounts, batches of coupons, memberships.
package Oracle::LifeReports;
use strict;
use warnings;
use utf8;
use integer;

use Exporter 'import';

use Oracle::Calendar;
use Oracle::Life;
use Oracle::Profile;
use Oracle::Promotion;

our @EXPORT = qw(%reports view_shown);

sub line { return join '|', map { $_ // '' } @_; }

sub staff_of { my ($claim) = @_; return $claim->{bill} ? $claim->{bill}{staff} : undef; }
sub number_or_nothing { my ($units) = @_; return defined $units ? number($units) : ''; }

# A line for each group: sums of what {columns} has of its members.
sub grouped
{
	my ($group_of, $columns_of, @members) = @_;
	my %sums;
	for my $member (@members)
	{
		my @columns = $columns_of->($member);
		my $sums = $sums{ line($group_of->($member)) } //= [ (0) x @columns ];
		$sums->[$_] += $columns[$_] for 0 .. $#columns;
	}
	return map { line($_, map { number($_) } @{ $sums{$_} }) } keys %sums;
}

sub claims_shown
{
	my ($life) = @_;
	return map {
		my ($p, $given) = @$_{qw(p given)};
		my $units = $is_money{ $p->{kind} } ? 1 : $one;
		my $until = $_->{expires_at};
		line($_->{id}, @$_{qw(key promotion version)}, effective_state($life, $_), instant_text($_->{claimed_at}), $until eq 'infinity' ? '' : instant_text($until), instant_text($_->{redeemed_at}),
			day_text($_->{day}), $_->{branch}, staff_of($_), $_->{bill} ? $_->{bill}{bill_id} : '', $p->{kind},
			$reduces{ $p->{kind} } ? number_or_nothing($given) : '', number_or_nothing($_->{value}), defined $given ? number($given * $units) : '', number($_->{refunded}),
			number($_->{taken_back} * $units), $_->{origin}, $_->{transferable} ? 't' : 'f')
	} @{ $life->{claims} };
}

sub hour_of
{
	my ($life, $claim) = @_;
	my $moment = branch_moment($life, $claim->{branch}, $claim->{claimed_at});
	return sprintf '%s %02d', day_text($moment->{day}), $moment->{minute} / 60;
}

# revenue, cost and points of a claim that has been redeemed
sub money_of
{
	my ($claim) = @_;
	my ($p, $given, $back) = @$claim{qw(p given taken_back)};
	my $kept = $given - $back;
	return ($claim->{bill}{amount} - $claim->{refunded} - ($reduces{ $p->{kind} } ? $kept : 0), ($claim->{value} // 0) - $claim->{value_back},
		$p->{kind} eq 'points' ? $kept * $one : 0);
}

sub columns_of_report
{
	my ($life, $claim, $is_first) = @_;
	my $state = effective_state($life, $claim);
	return ($one, $is_first ? $one : 0, map({ $state eq $_ ? $one : 0 } qw(redeemed held released expired returned)), $state =~ /^re(deemed|turned)$/ ? money_of($claim) : (0, 0, 0),
		$state eq 'held' ? $claim->{value} // 0 : 0);
}

# Who was shown it is reached, as who has claimed it is.
sub report_shown
{
	my ($life) = @_;
	my (%reached, %seen);
	my $group_of = sub { my ($row) = @_; return (@$row{qw(promotion branch)}, $row->{shown} ? $row->{staff} : staff_of($row), hour_of($life, $row)) };
	my $columns_of = sub {
		my ($row) = @_;
		my $who = line($group_of->($row), $row->{key});
		return ($reached{$who}++ ? 0 : $one, $row->{shown} ? (0) x 11 : columns_of_report($life, $row, !$seen{$who}++));
	};
	return grouped($group_of, $columns_of, @{ $life->{claims} }, map { { %$_, shown => 1, claimed_at => $_->{hour} } } values %{ $life->{shown} });
}

# What comes and goes of a lot: [ at, kind, amount ]; what expires is taken out then, and what comes to or goes from what has expired at once.
sub lines_of_lot
{
	my ($life, $lot) = @_;
	my @moves = @{ $lot->{moves} };
	return @moves if !defined $lot->{until} || $lot->{until} > $life->{now};
	my $left = 0;
	$left += $_->[2] for grep { $_->[0] < $lot->{until} } @moves;
	return (@moves, [ $lot->{until}, 'expired', -$left ], map { [ $_->[0], 'expired', -$_->[2] ] } grep { $_->[0] >= $lot->{until} } @moves);
}

# Of a coupon, with whose it is before: it is given, handed on to the next, and gone.
sub lines_of_coupon
{
	my ($life, $claim) = @_;
	my @lines;
	for my $place (0 .. $#{ $claim->{had} })
	{
		my ($key, $at) = @{ $claim->{had}[$place] };
		push @lines, [ $claim->{had}[ $place - 1 ][0], $at, 'handed on', -$one ] if $place > 0;
		push @lines, [ $key, $at, 'given', $one ];
	}
	my $gone = $claim->{gone} // (is_before($life->{now}, $claim->{expires_at}) ? undef : [ $claim->{expires_at}, 'expired' ]);
	push @lines, [ $claim->{had}[-1][0], @$gone, -$one ] if $gone;
	return @lines;
}

# Every change of an account, and of coupons.
sub ledger_shown
{
	my ($life) = @_;
	my @lines = map { my $lot = $_; map { [ @$lot{qw(key account item)}, @$_ ] } lines_of_lot($life, $lot) } @{ $life->{entries} };
	push @lines, map { my $claim = $_; map { my ($key, @line) = @$_; [ $key, 'coupon', $claim->{promotion}, @line ] } lines_of_coupon($life, $claim) } grep { $_->{coupon} } @{ $life->{claims} };
	return grep { !/\|0$/ } grouped(sub { my @line = @{ $_[0] }; return (@line[ 0 .. 2, 4 ], instant_text($line[3])) }, sub { return $_[0][5] }, @lines);
}

sub batches_shown
{
	my ($life) = @_;
	my $redeemed = sub { my ($request, $origin) = @_; return scalar grep { $_->{origin} eq $origin && ($_->{batch} // '') eq $request && effective_state($life, $_) eq 'redeemed' } @{ $life->{claims} } };
	return ((map {
		my $batch = $life->{batches}{$_};
		my $codes = @{ $batch->{claims} };
		line($_, 'codes', $batch->{promotion}, $codes, 0, $codes - grep({ !defined } @{ $batch->{claims} }), $redeemed->($_, 'code'), $batch->{transferable} ? 't' : 'f',
			$batch->{until} eq 'infinity' ? '' : instant_text($batch->{until}))
	} keys %{ $life->{batches} }), (map {
		my $issue = $life->{issues}{$_};
		line($_, 'segment', @$issue{qw(promotion done left_out done)}, $redeemed->($_, 'batch'), $issue->{transferable} ? 't' : 'f', instant_text($issue->{until}))
	} keys %{ $life->{issues} }));
}

sub memberships_shown
{
	my ($life) = @_;
	my %keys = map { $_->{key} => 1 } @{ $life->{memberships} };
	return map {
		my $key = $_;
		map { line($key, instant_text($_->{since}), $_->{until} eq 'infinity' ? '' : instant_text($_->{until}), number_or_nothing($_->{paid})) } terms_of($life, $key)
	} keys %keys;
}

# Promotions as they are now, with what is left of them.
sub promotions_shown
{
	my ($life) = @_;
	my $text = sub { my ($life, $p) = @_; return join ' and ', map { $_->[0] } @{ $p->{audience} } };
	return map {
		my $p = $_->{p};
		my $left = stock_line($life, "$_->{name}|total|") =~ s/.*\|//r if defined $p->{stock}{total};
		line(@$_{qw(name state version)}, $p->{kind}, day_text($p->{from}), defined $p->{to} ? day_text($p->{to}) : '', $p->{audience_at}, $p->{personal} ? 't' : 'f', $p->{priority}, $p->{group},
			$p->{stacks} ? 't' : 'f', $p->{stock}{total}, $left, number_or_nothing($p->{budget}), number($_->{holdout} * ($one / 100)), $_->{automatic} ? 't' : 'f', $_->{frozen} ? 't' : 'f')
	} @{ $life->{promotions} };
}

# What a customer has paid on days of the population, the first and the last included.
sub paid_on
{
	my ($life, $key, $from, $to) = @_;
	return 0 unless is_there($life, $key);
	my $sum = 0;
	for my $payment (@{ $life->{customer}{$key}{payments} })
	{
		my $day = local_moment($life->{zone}, $payment->[0])->{day};
		$sum += $payment->[1] if $day >= $from && $day <= $to;
	}
	return $sum;
}

# Whom a promotion was for when its term began, of those who do not refuse.
sub meant
{
	my ($life, $promotion) = @_;
	my $p = $promotion->{p};
	my $at = least(term_begins($life, $p), $life->{now});
	return grep {
		my $profile = profile_at($life->{customer}{$_}, $at);
		is_there($life, $_) && !($p->{personal} && $life->{customer}{$_}{refused})
			&& ($promotion->{frozen} ? $promotion->{frozen}{$_} : !grep { !$_->[1]->($profile) } @{ $p->{audience} // [] })
	} keys %{ $life->{customer} };
}

# The day of the first redemption of each who has redeemed it.
sub taken_on
{
	my ($life, $promotion) = @_;
	my %taken;
	for my $claim (grep { $_->{promotion} eq $promotion->{name} && $_->{state} eq 'redeemed' } @{ $life->{claims} })
	{
		my $day = local_moment($life->{zone}, $claim->{redeemed_at})->{day};
		$taken{ $claim->{key} } = least($day, $taken{ $claim->{key} } // $day);
	}
	return \%taken;
}

# How many of these have paid something, and what together.
sub summed
{
	my (@paid) = @_;
	my $sum = 0;
	$sum += $_ for @paid;
	return (scalar grep({ $_ } @paid), number($sum));
}

# A group until so many days after the term: how many, when, who of them has paid, how much; takers: who has again so many days after.
sub effect_on
{
	my ($life, $promotion, $days, $name, $taken, @group) = @_;
	my ($from, $to) = @{ $promotion->{p} }{qw(from to)};
	my $today = local_moment($life->{zone}, $life->{now})->{day};
	my $until = defined $to ? least($to + $days, $today) : $today;
	return line($days, $promotion->{name}, $name, scalar @group, day_text($from), day_text($until), summed(map { paid_on($life, $_, $from, $until) } @group),
		$name eq 'takers' ? summed(map { paid_on($life, $_, $taken->{$_} + 1, least($taken->{$_} + $days, $today)) } @group) : ('', ''));
}

# Of whom it was for, of whom chance has left out, and of who has redeemed it.
sub effects_shown
{
	my ($life) = @_;
	return map {
		my $promotion = $_;
		my $taken = taken_on($life, $promotion);
		my @meant = meant($life, $promotion);
		map {
			my $days = $_;
			(effect_on($life, $promotion, $days, 'reached', $taken, grep { !held_out($promotion, $_) } @meant),
				effect_on($life, $promotion, $days, 'held out', $taken, grep { held_out($promotion, $_) } @meant), effect_on($life, $promotion, $days, 'takers', $taken, keys %$taken))
		} 1, 30
	} @{ $life->{promotions} };
}

# Of each view SQL, and what must be answered, in any order.
our %reports = (
	claim => [ 'SELECT claim_id, who(id), promotion, version, state, claimed_at, expires_at, redeemed_at, day, branch, staff, bill_id, kind, trim_scale(amount), trim_scale(value), trim_scale(given),
		trim_scale(refunded), trim_scale(taken_back), origin, transferable FROM segments.clinic_claim', \&claims_shown ],
	promotion => [ 'SELECT name, state, version, kind, from_day, to_day, audience_at, personal, priority, exclusive_group, stacks, total, remaining, trim_scale(budget), trim_scale(holdout),
		automatic, audience_frozen_at IS NOT NULL FROM segments.clinic_promotion', \&promotions_shown ],
	promotion_report => [ q{SELECT promotion, branch, staff, to_char(hour, 'YYYY-MM-DD HH24'), sum(reach), sum(claims), sum(customers), sum(confirmed), sum(unpaid), sum(released), sum(expired), sum(returned),
		trim_scale(sum(revenue)), trim_scale(sum(cost)), trim_scale(sum(points)), trim_scale(sum(reserved)) FROM segments.clinic_promotion_report GROUP BY 1, 2, 3, 4}, \&report_shown ],
	ledger => [ 'SELECT who(id), account, item, kind, at, trim_scale(sum(amount)) FROM segments.clinic_ledger GROUP BY 1, 2, 3, 4, 5 HAVING sum(amount) <> 0', \&ledger_shown ],
	coupon_batch => [ 'SELECT request_id, kind, promotion, done, left_out, claimed, redeemed, transferable, valid_until FROM segments.clinic_coupon_batch', \&batches_shown ],
	promotion_effect => [ q{SELECT e.days, e.promotion, e."group", e.customers, e.from_day, e.to_day, e.buyers, trim_scale(e.revenue), e.later_buyers, trim_scale(e.later_revenue)
		FROM (SELECT 30 AS days, v.* FROM segments.clinic_promotion_effect AS v UNION ALL
			SELECT 1, p.name, f.* FROM segments.clinic_promotion AS p CROSS JOIN LATERAL clientele.promotion_effect('clinic', p.name, 1) AS f) AS e}, \&effects_shown ],
	plan => [ 'SELECT who(id), since, until, trim_scale(paid) FROM segments.clinic_plan', \&memberships_shown ]);

sub view_shown { my ($life, $view) = @_; return sort $reports{$view}[1]->($life); }

1;
