# Promotions over a population, as a slow, obvious model: customers and their payments, what
# is offered to them, what they have taken, what is left, what they have in their accounts.
#
# Nothing is counted before it is asked: what is left of a limit is the limit less the claims
# that count, and a balance is added up from its entries.  Instants are microseconds,
# money is millionths.  Every verb takes a step (Oracle/LifeSteps.pm) and returns the text
# that SQL must answer; "#5" in it stands for the number of the fifth claim.
package Oracle::Life;
use strict;
use warnings;
use utf8;
use integer;

use Exporter 'import';

use Oracle::Calendar;
use Oracle::Profile;
use Oracle::Promotion;

our @EXPORT = qw(branch_moment budget_left effective_state is_there held_out term_begins terms_of earn_rules balance life_verb copy_life claim_lines lot_lines people_lines stock_line claim_for_request);

sub zone_of { my ($life, $branch) = @_; return (defined $branch ? $life->{zones}{$branch} : undef) // $life->{zone}; }
sub branch_moment { my ($life, $branch, $us) = @_; return local_moment(zone_of($life, $branch), $us); }

# ---------------------------------------------------------------------------
# Terms
# ---------------------------------------------------------------------------

sub term_begins { my ($life, $p) = @_; return instant_of($life->{zone}, $p->{from}, 0); }
sub term_ends { my ($life, $p, $branch) = @_; return defined $p->{to} ? instant_of(zone_of($life, $branch), $p->{to} + 1, 0) : 'infinity'; }

sub period_of
{
	my ($day, $period) = @_;
	return $day if $period eq 'day';
	return $day - weekday($day) if $period eq 'week';
	my $text = day_text($day);
	return substr($text, 0, $period eq 'month' ? 7 : 4);
}

# The first day of the period that has this day, and the first of the next.
sub period_around
{
	my ($day, $period) = @_;
	my ($first, $next) = ($day, $day + 1);
	$first-- while period_of($first - 1, $period) eq period_of($day, $period);
	$next++ while period_of($next, $period) eq period_of($day, $period);
	return ($first, $next);
}

# ---------------------------------------------------------------------------
# Claims, and what is left
# ---------------------------------------------------------------------------

sub effective_state
{
	my ($life, $claim) = @_;
	return $claim->{state} eq 'held' && !is_before($life->{now}, $claim->{expires_at}) ? 'expired' : $claim->{state};
}

# Whether it takes of the limits.
sub counts { my ($life, $claim) = @_; return effective_state($life, $claim) =~ /^(held|redeemed)$/; }

sub claims_that_count { my ($life, $promotion) = @_; return grep { $_->{promotion} eq $promotion->{name} && counts($life, $_) } @{ $life->{claims} }; }

# Whether codes that nobody has claimed still can be.
sub can_be_had { my ($life, $batch) = @_; return !$batch->{withdrawn} && is_before($life->{now}, $batch->{until}); }

# Codes that nobody has claimed yet, and that still can be.
sub codes_to_be_had
{
	my ($life, $promotion) = @_;
	my $count = 0;
	$count += grep { !defined } @{ $_->{claims} } for grep { $_->{promotion} eq $promotion->{name} && can_be_had($life, $_) } values %{ $life->{batches} };
	return $count;
}

# Codes that nobody has claimed in time: they are free, but not counted one by one before the rest is gone.
sub has_late_codes
{
	my ($life, $promotion) = @_;
	return scalar grep { $_->{promotion} eq $promotion->{name} && !$_->{withdrawn} && !is_before($life->{now}, $_->{until}) && grep { !defined } @{ $_->{claims} } } values %{ $life->{batches} };
}

# What is left of each limit that there is; below 0 where it was lowered.
sub left_of
{
	my ($life, $promotion, $branch, $day) = @_;
	my $stock = $promotion->{p}{stock};
	my @taken = claims_that_count($life, $promotion);
	my %left;
	$left{'sold out'} = $stock->{total} - @taken - codes_to_be_had($life, $promotion) if defined $stock->{total};
	$left{'branch stock'} = $stock->{per_branch} - grep { defined $_->{branch} && $_->{branch} eq $branch } @taken if defined $stock->{per_branch} && defined $branch;
	$left{'day stock'} = $stock->{per_day} - grep { $_->{day} == $day } @taken if defined $stock->{per_day};
	return \%left;
}

sub left_of_customer
{
	my ($life, $promotion, $key, $day) = @_;
	my $stock = $promotion->{p}{stock};
	my @taken = grep { $_->{key} eq $key } claims_that_count($life, $promotion);
	my %left;
	$left{'customer limit'} = $stock->{per_customer} - @taken if defined $stock->{per_customer};
	if ($stock->{per_period})
	{
		my ($claims, $period) = @{ $stock->{per_period} };
		$left{'period limit'} = $claims - grep { period_of($_->{day}, $period) eq period_of($day, $period) } @taken;
	}
	return \%left;
}

sub budget_left
{
	my ($life, $promotion) = @_;
	return undef unless defined $promotion->{p}{budget};
	my $left = $promotion->{p}{budget};
	$left -= ($_->{value} // 0) - ($_->{value_back} // 0) for claims_that_count($life, $promotion);
	return $left;
}

# ---------------------------------------------------------------------------
# Who may have what
# ---------------------------------------------------------------------------

# The profile that decides, by audience_at.
sub deciding_profile
{
	my ($life, $customer, $p, $bill) = @_;
	my $now = $life->{now};
	return profile_at($customer, least(term_begins($life, $p), $now)) if $p->{audience_at} eq 'term start';
	return profile_at($customer, least($bill->{at_us} - 1, $now)) if $p->{audience_at} eq 'bill' && $bill && defined $bill->{at_us};
	return profile_at($customer, $now);
}

sub audience_reasons
{
	my ($life, $promotion, $key, $p, $bill) = @_;
	return () unless $p->{audience};
	return $promotion->{frozen}{$key} ? () : ('audience') if $promotion->{frozen} && $p->{audience_at} eq 'term start';
	my $profile = deciding_profile($life, $life->{customer}{$key}, $p, $bill);
	return map { $_->[1]->($profile) ? () : 'audience' } @{ $p->{audience} };
}

sub spent_of
{
	my ($life, $key, $p) = @_;
	return undef unless $p->{metric};
	my $customer = $life->{customer}{$key};
	my $now = profile_at($customer, $life->{now})->{ $p->{metric} };
	return undef unless defined $now;
	return $now - (profile_at($customer, least(term_begins($life, $p) - 1, $life->{now}))->{ $p->{metric} } // 0);
}


# What a customer has had, or holds, of a bill already; what comes by itself is beside all that.
sub claims_of_bill
{
	my ($life, $key, $bill) = @_;
	return grep { $_->{bill} && $_->{key} eq $key && $_->{bill}{bill_id} eq $bill->{bill_id} && ($_->{bill}{branch} // '') eq ($bill->{branch} // '')
			&& counts($life, $_) && !(find_promotion($life, $_->{promotion}) // {})->{automatic} } @{ $life->{claims} };
}

# What of its amount is left for others.
sub room_of
{
	my ($life, $key, $bill) = @_;
	my $room = $bill->{amount};
	$room -= $_->{given} for grep { $reduces{ $_->{p}{kind} } } claims_of_bill($life, $key, $bill);
	return most(0, $room);
}

# What a promotion gives beside what the bill has been given already.
sub weighed_beside
{
	my ($life, $promotion, $p, $key, $bill, $weighed) = @_;
	return $weighed if $promotion->{automatic};
	my @reasons = @{ $weighed->{reasons} };
	my $given = $weighed->{given};
	if ($reduces{ $p->{kind} } && !@reasons)
	{
		$given = least($given, room_of($life, $key, $bill));
		push @reasons, 'nothing' unless $given;
	}
	my @exclusive = map { may_stand_together({ p => $p }, $_) ? () : 'exclusive' } claims_of_bill($life, $key, $bill);
	return { %$weighed, given => $given, reasons => \@reasons, exclusive => \@exclusive };
}

# A word for each reason why a promotion is not to be had; the benefit; what it is counted on.
# Without a bill only what can be said without one is asked.
sub judged
{
	my ($life, $promotion, $key, $bill) = @_;
	my $p = $promotion->{p};
	my $branch = $bill ? $bill->{branch} : undef;
	my $moment = branch_moment($life, $branch, $life->{now});
	my $spent = spent_of($life, $key, $p);
	my $weighed = $bill ? weighed_beside($life, $promotion, $p, $key, $bill, weighed($p, { %$bill, %$moment }, $spent)) : { reasons => [ term_reasons($p, $moment) ] };
	my @reasons = reasons_against($life, $promotion, $key, $bill, $weighed);
	my $value = known_value($p, $bill, $weighed);
	my %left = (%{ left_of($life, $promotion, $branch, $moment->{day}) }, %{ left_of_customer($life, $promotion, $key, $moment->{day}) });
	$left{budget} = 0 if is_too_dear($life, $promotion, $value);
	my @limits = ('sold out', 'branch stock', 'day stock', 'budget', 'customer limit', 'period limit');
	push @reasons, grep { defined $left{$_} && $left{$_} <= 0 } @limits;
	my ($left) = sort { $a <=> $b } map { most(0, $_) } values %left;
	return { reasons => \@reasons, weighed => $weighed, spent => $spent, moment => $moment, left => $left, value => $value };
}

# Undefined as long as there is no bill on which it is to be had.
sub known_value
{
	my ($p, $bill, $weighed) = @_;
	return $bill && !@{ $weighed->{reasons} } ? value_of($p, $weighed->{given}) : undef;
}

# What nobody knows the value of yet is so when nothing is left at all.
# {budgets}: what was left when that was looked at, if others have taken of it since.
sub is_too_dear
{
	my ($life, $promotion, $value) = @_;
	my $left = defined $value || !$life->{budgets} ? budget_left($life, $promotion) : $life->{budgets}{ $promotion->{name} };
	return defined $left && (defined $value ? $value > 0 && $value > $left : $left <= 0);
}

# Chance has drawn a number below 10,000 for each customer of each promotion; {holdout} is in hundredths of a per cent.
sub held_out { my ($promotion, $key) = @_; return ($promotion->{draws}{$key} // 10_000) < $promotion->{holdout}; }

# All reasons but limits.
sub reasons_against
{
	my ($life, $promotion, $key, $bill, $weighed) = @_;
	my $p = $promotion->{p};
	my @reasons = (@{ $weighed->{reasons} }, @{ $weighed->{exclusive} // [] });
	push @reasons, audience_reasons($life, $promotion, $key, $p, $bill);
	push @reasons, 'refused' if $p->{personal} && $life->{customer}{$key}{refused};
	push @reasons, 'held out' if held_out($promotion, $key);
	push @reasons, $promotion->{state} if $promotion->{state} ne 'published';
	push @reasons, 'branch stock' if $bill && !defined $bill->{branch} && defined $p->{stock}{per_branch};
	return @reasons;
}

# Of a promotion claimed without a bill.
sub term_reasons
{
	my ($p, $moment) = @_;
	my @reasons;
	push @reasons, 'early' if $moment->{day} < $p->{from};
	push @reasons, 'late' if defined $p->{to} && $moment->{day} > $p->{to};
	push @reasons, 'day' unless grep { $_ == weekday($moment->{day}) } @{ $p->{days} };
	push @reasons, 'hour' if $moment->{minute} < $p->{hours}[0] || $moment->{minute} >= $p->{hours}[1];
	return @reasons;
}

sub in_order_of_priority { return sort { $b->{p}{priority} <=> $a->{p}{priority} } @_; }

sub running
{
	my ($life, $bill) = @_;
	my $day = branch_moment($life, $bill ? $bill->{branch} : undef, $life->{now})->{day};
	return in_order_of_priority(grep { $_->{state} ne 'ended' && !$_->{automatic} && (!defined $_->{p}{to} || $_->{p}{to} >= $day) } @{ $life->{promotions} });
}

sub do_offers
{
	my ($life, $step) = @_;
	my ($key, $bill) = @$step{qw(key bill)};
	return () unless is_there($life, $key);
	return map {
		my $p = $_->{p};
		my $judged = judged($life, $_, $key, $bill);
		my @reasons = @{ $judged->{reasons} };
		my $weighed = $judged->{weighed};
		row($_->{name}, @reasons ? 'f' : 't', $p->{kind}, benefit_columns($p, @reasons ? undef : $weighed->{given}), $p->{valid_days},
			defined $weighed->{more} ? number($weighed->{more}) : '', given_text($p, $weighed->{then}), words(@reasons), scalar @reasons, has_late_codes($life, $_) ? '*' : $judged->{left},
			defined $p->{to} ? day_text($p->{to}) : '')
	} running($life, $bill);
}

# What he has because of what he is: how many he may have, in which period, has used, and could have still.
sub do_entitlements
{
	my ($life, $step) = @_;
	my $key = $step->{key};
	return () unless is_there($life, $key);
	my @rows;
	for my $promotion (grep { $_->{p}{audience} } running($life, undef))
	{
		my $p = $promotion->{p};
		my $judged = judged($life, $promotion, $key, undef);
		next if grep { /^(early|late|audience|refused|held out|paused)$/ } @{ $judged->{reasons} };
		my ($claims, $period) = $p->{stock}{per_period} ? @{ $p->{stock}{per_period} } : ($p->{stock}{per_customer}, undef);
		my ($since, $renews) = defined $period ? period_around(branch_moment($life, undef, $life->{now})->{day}, $period) : (undef, undef);
		my $used = grep { $_->{key} eq $key && (!defined $since || $_->{day} >= $since) } claims_that_count($life, $promotion);
		my ($left) = sort { $a <=> $b } grep { defined } $judged->{left}, defined $claims ? $claims - $used : undef;
		push @rows, row($promotion->{name}, $p->{kind}, $claims, $period, $used, has_late_codes($life, $promotion) ? '*' : $left,
			defined $renews ? instant_text(instant_of($life->{zone}, $renews, 0)) : '', defined $p->{to} ? day_text($p->{to}) : '');
	}
	return @rows;
}

# What to take together: promotions and what of the bill each reduces.
sub chosen
{
	my ($life, $step) = @_;
	my ($key, $bill) = @$step{qw(key bill)};
	my @offers = map { my $judged = judged($life, $_, $key, $bill); @{ $judged->{reasons} } ? () : { promotion => $_, p => $_->{p}, given => $judged->{weighed}{given} } }
		grep { !$_->{p}{joiners} } running($life, $bill);
	return best_of($life, $step, @offers);
}

# Of offers in the order of their priority, by the policy; {amount} is what there is room for.
sub best_of
{
	my ($life, $step, @offers) = @_;
	my $left = room_of($life, @$step{qw(key bill)});
	my @chosen = $step->{policy} eq 'best for customer' ? best_set($left, @offers) : $step->{policy} eq 'priority order' ? in_order($left, @offers) : splice(@offers, 0, 1);
	for my $offer (@chosen)
	{
		$offer->{amount} = $reduces{ $offer->{p}{kind} } ? least($left, $offer->{given}) : $offer->{given};
		$left -= $offer->{amount} if $reduces{ $offer->{p}{kind} };
	}
	return @chosen;
}

sub do_best_offers
{
	my ($life, $step) = @_;
	return () unless is_there($life, $step->{key});
	return map { row($_->{promotion}{name}, $_->{p}{kind}, benefit_columns($_->{p}, $_->{amount}), $_->{p}{valid_days}) } chosen($life, $step);
}

# What is given, in money.
sub value_of
{
	my ($p, $given) = @_;
	return $given if $is_money{ $p->{kind} };
	return $p->{kind} eq 'gift' ? $given * $p->{worth} : undef;
}

# amount, value, points, item, coupon, quantity
sub benefit_columns
{
	my ($p, $given) = @_;
	my ($item, $coupon) = (($p->{kind} =~ /^(gift|fixed price)$/ ? $p->{item} // 'mask' : ''), $p->{coupon} // '');
	return ('', '', '', $item, $coupon, '') unless defined $given;
	my ($amount, $value, $points, $quantity) = columns($p, $given, $given);
	return ($amount, $value, $points, $item, $coupon, $quantity);
}

sub is_there { my ($life, $key) = @_; return $life->{customer}{$key} && !$life->{customer}{$key}{forgotten}; }
sub find_promotion { my ($life, $name) = @_; my ($found) = grep { $_->{name} eq $name } @{ $life->{promotions} }; return $found; }
# The last of them: what is asked again under a number that was forgotten is new.
sub claim_for_request { my ($life, $of) = @_; my ($found) = reverse grep { $_->{request} eq $of->[0] && $_->{nth} eq $of->[1] } @{ $life->{claims} }; return $found; }
sub place_of { my ($life, $claim) = @_; for my $i (0 .. $#{ $life->{claims} }) { return "#$i" if $life->{claims}[$i] == $claim; } die 'no such claim'; }


# ---------------------------------------------------------------------------
# Accounts
# ---------------------------------------------------------------------------

sub give
{
	my ($life, %entry) = @_;
	push @{ $life->{entries} }, { %entry, left => $entry{amount}, moves => [ [ $life->{now}, 'given', $entry{amount} ] ] };
	return;
}

# What comes to a lot, or goes.
sub move
{
	my ($life, $lot, $kind, $amount) = @_;
	$lot->{left} += $amount;
	push @{ $lot->{moves} }, [ $life->{now}, $kind, $amount ];
	return;
}

sub is_valid { my ($entry, $us) = @_; return !defined $entry->{until} || $entry->{until} > $us; }

sub lots_of { my ($life, $key, $account, $item) = @_; return grep { $_->{key} eq $key && $_->{account} eq $account && $_->{item} eq $item } @{ $life->{entries} }; }

sub balance
{
	my ($life, @account) = @_;
	my $sum = 0;
	$sum += $_->{left} for grep { is_valid($_, $life->{now}) } lots_of($life, @account);
	return $sum;
}

# What expires first is used first.
sub use_up
{
	my ($life, $missing, @lots) = @_;
	my @used;
	for my $lot (sort { ($a->{until} // 9e18) <=> ($b->{until} // 9e18) } @lots)
	{
		my $part = least($missing, $lot->{left});
		next unless $part;
		move($life, $lot, 'used', -$part);
		$missing -= $part;
		push @used, { lot => $lot, amount => $part };
	}
	return \@used;
}

sub do_spend
{
	my ($life, $step) = @_;
	my @account = @$step{qw(key account item)};
	return error('poor') if balance($life, @account) < $step->{amount};
	my $used = use_up($life, $step->{amount}, grep { is_valid($_, $life->{now}) } lots_of($life, @account));
	$life->{spendings}{ $step->{request} } = { account => \@account, used => $used };
	return remember($life, $step, number(balance($life, @account)));
}

sub do_credit
{
	my ($life, $step) = @_;
	return error('value') unless is_valid($step, $life->{now});
	give($life, map { $_ => $step->{$_} } qw(key account item amount until));
	return remember($life, $step, number(balance($life, @$step{qw(key account item)})));
}

# What somebody has at an instant, of what was written until then: { account, item, amount, until }.
sub lots_at
{
	my ($life, $key, $at) = @_;
	my @lots;
	for my $entry (grep { $_->{key} eq $key } @{ $life->{entries} })
	{
		my $amount = 0;
		$amount += $_->[2] for grep { $_->[0] <= $at } @{ $entry->{moves} };
		push @lots, { %$entry, amount => $amount } if $amount && is_valid($entry, $at);
	}
	for my $claim (grep { $_->{coupon} } @{ $life->{claims} })
	{
		next if !is_before($at, $claim->{expires_at}) || ($claim->{gone} && $claim->{gone}[0] <= $at);
		my ($last) = reverse grep { $_->[1] <= $at } @{ $claim->{had} };
		push @lots, { account => 'coupon', item => $claim->{promotion}, amount => $one, until => $claim->{expires_at} eq 'infinity' ? undef : $claim->{expires_at} }
			if $last && $last->[0] eq $key;
	}
	return @lots;
}

# Account, item, how much, when some of it is gone next, and how much of it.
sub do_balances
{
	my ($life, $step) = @_;
	my %of;
	push @{ $of{"$_->{account}|$_->{item}"} }, $_ for lots_at($life, $step->{key}, $step->{as_of} // $life->{now});
	return map {
		my ($sum, $expiring) = (0, 0);
		my ($next) = sort { $a <=> $b } map { $_->{until} // () } @{ $of{$_} };
		$sum += $_->{amount} for @{ $of{$_} };
		$expiring += $_->{amount} for grep { defined $_->{until} && $_->{until} == $next } @{ $of{$_} };
		row($_, number($sum), instant_text($next), defined $next ? number($expiring) : '')
	} sort keys %of;
}

# What expires last comes back first.
sub do_refund_spending
{
	my ($life, $step) = @_;
	my $spending = $life->{spendings}{ $step->{spent} } or return error('promotion');
	my $there = 0;
	$there += $_->{amount} for @{ $spending->{used} };
	return error('poor') if $there < $step->{amount};
	my $missing = $step->{amount};
	for my $part (reverse @{ $spending->{used} })
	{
		my $back = least($missing, $part->{amount});
		next unless $back;
		$part->{amount} -= $back;
		move($life, $part->{lot}, 'refunded', $back);
		$missing -= $back;
	}
	return remember($life, $step, number(balance($life, @{ $spending->{account} })));
}

# ---------------------------------------------------------------------------
# The verbs
# ---------------------------------------------------------------------------

sub row { return join '|', map { $_ // '' } @_; }
sub words { return '{' . join(',', sort map { / / ? qq("$_") : $_ } @_) . '}'; }

# Errors, as SQLSTATEs.
my %error = (eligible => 'CL001', 'sold out' => 'CL002', over => 'CL003', team => 'CL004', request => 'CL005', customer => 'P0002', promotion => '42704', state => '55000', wrong => '42809', poor => 'CL006', 'in use' => '55006', value => '22023', null => '22004');
sub error { my ($which) = @_; return 'ERROR ' . $error{$which}; }

# What a request has answered before; undef: it is new.
sub answered_before
{
	my ($life, $step) = @_;
	my $first = $life->{requests}{ $step->{request} } or return undef;
	my ($claim) = reverse grep { $_->{request} eq $step->{request} } @{ $life->{claims} };
	return error('request') if $first->{about} ne claim_meant($life, $step);
	return $first->{answer} if !$step->{changed} || ($step->{changed} eq 'key' && $claim && $claim->{transferred});
	return error('request');
}

sub remember { my ($life, $step, $answer) = @_; $life->{requests}{ $step->{request} } = { step => $step, answer => $answer, about => claim_meant($life, $step) }; return $answer; }

# The claim that a step speaks of: another one has its number where that was forgotten.
sub claim_meant { my ($life, $step) = @_; my $claim = $step->{claim} ? claim_for_request($life, $step->{claim}) : undef; return $claim ? place_of($life, $claim) : ''; }

# ---------- teams ----------

sub team_members { my ($life, $team) = @_; return grep { defined $_->{team} && $_->{team} eq $team && counts($life, $_) } @{ $life->{claims} }; }

# Why he cannot join, until when he is held, and whether that completes it; once complete, it stays so.
sub join_team
{
	my ($life, $promotion, $key, $begun, $branch) = @_;
	my @members = team_members($life, $begun->{team});
	my $size = $begun->{p}{joiners};
	my $expires_at = $begun->{claimed_at} + $begun->{p}{within_hours} * $hour_us;
	my $refused = (grep { $_->{key} eq $key } @members) || $begun->{complete} || $expires_at <= $life->{now} || !@members;
	my $completes = @members + 1 >= $size;
	return ($refused ? [ 'team', 'eligible' ] : undef, $completes ? claim_term($life, $promotion->{p}, $branch) : $expires_at, $completes);
}

# ---------- claim ----------

sub claim_term
{
	my ($life, $p, $branch) = @_;
	return $p->{claim_minutes} ? $life->{now} + $p->{claim_minutes} * $minute_us : term_ends($life, $p, $branch);
}

# What is shared and has not so much.
sub lacking
{
	my ($life, $promotion, $branch, $day, $claims, $value) = @_;
	my $left = left_of($life, $promotion, $branch, $day);
	my @lacking = grep { defined $left->{$_} && $left->{$_} < $claims } ('sold out', 'branch stock', 'day stock');
	push @lacking, 'budget' if is_too_dear($life, $promotion, $value);
	return @lacking;
}

# What a redemption takes of another promotion.
sub coupons_lacking
{
	my ($life, $p, $given) = @_;
	return () unless $p->{kind} eq 'coupon';
	my $coupon = find_promotion($life, $p->{coupon});
	return [ 'ended', 'eligible' ] if $coupon->{state} eq 'ended';
	return lacking($life, $coupon, undef, branch_moment($life, undef, $life->{now})->{day}, $given, 0) ? [ 'sold out', 'sold out' ] : ();
}

sub refused
{
	my ($step, @reasons) = @_;
	return error($reasons[0][1]) if $step->{how} !~ /^try/;
	return row(('') x 10, words(map { $_->[0] } @reasons), scalar @reasons);
}

sub do_claim
{
	my ($life, $step) = @_;
	my ($key, $bill, $now) = (@$step{qw(key bill)}, $life->{now});
	return error('null') if $step->{redeem} && !$bill;
	my $before = answered_before($life, $step);
	return $before if defined $before;
	return error('promotion') unless $step->{code} || find_promotion($life, $step->{promotion});
	return error('customer') unless is_there($life, $key);
	my $batch;
	if ($step->{code})
	{
		my ($issued, $nth) = @{ $step->{code} };
		$batch = $life->{batches}{$issued};
		my $why = !$batch || $nth >= @{ $batch->{claims} } || ($batch->{claims}[$nth] // '') eq 'forgotten' ? 'eligible' : defined $batch->{claims}[$nth] ? 'sold out' : can_be_had($life, $batch) ? undef : 'over';
		return refused($step, [ 'code', $why ]) if $why;
	}
	my $promotion = find_promotion($life, $batch ? $batch->{promotion} : $step->{promotion}) or return error('promotion');
	my $p = $promotion->{p};
	my $branch = $bill ? $bill->{branch} : undef;
	my $moment = branch_moment($life, $branch, $now);
	my $spent = spent_of($life, $key, $p);
	my $weighed = $bill ? weighed_beside($life, $promotion, $p, $key, $bill, weighed($p, { %$bill, %$moment }, $spent)) : { reasons => [ term_reasons($p, $moment) ] };
	my @refusals = reasons_against($life, $promotion, $key, $bill, $weighed);
	my $left = left_of_customer($life, $promotion, $key, $moment->{day});
	push @refusals, grep { $left->{$_} <= 0 } sort keys %$left;
	my $error = (grep { !/ limit$/ } @refusals) ? 'eligible' : 'sold out';
	my @reasons = map { [ $_, $error ] } @refusals;

	my $expires_at = claim_term($life, $p, $branch);
	my ($begun, $completes);
	if ($step->{team})
	{
		return error('value') unless $p->{joiners};
		$begun = claim_for_request($life, $step->{team});
		return error('customer') unless $begun && defined $begun->{team} && $begun->{team} eq place_of($life, $begun) && $begun->{promotion} eq $promotion->{name};
		(my $refused, $expires_at, $completes) = join_team($life, $promotion, $key, $begun, $branch);
		push @reasons, $refused // ();
	}
	elsif ($p->{joiners}) { $expires_at = $now + $p->{within_hours} * $hour_us; }
	push @reasons, [ 'team', 'team' ] if $p->{joiners} && $step->{redeem} && !$completes;

	my $given = $bill ? $weighed->{given} : undef;
	my @lacking = lacking({ %$life, budgets => $step->{budgets} }, $promotion, $branch, $moment->{day}, 1, known_value($p, $bill, $weighed));
	push @reasons, map { [ $_, 'sold out' ] } grep { !$batch || $_ ne 'sold out' } @lacking;
	my $claim = new_claim($life, $step, $promotion, $moment, $given, $spent);
	$claim->{expires_at} = $expires_at;
	@$claim{qw(origin batch transferable expires_at)} = ('code', $step->{code}[0], $batch->{transferable}, sooner($batch->{until}, term_ends($life, $p, $branch))) if $batch;
	push @{ $life->{claims} }, $claim unless @reasons;
	if ($step->{redeem} && !@reasons)
	{
		@reasons = coupons_lacking($life, $p, $given);
		pop @{ $life->{claims} } if @reasons;
	}
	return refused($step, @reasons) if @reasons;

	my $place = place_of($life, $claim);
	$claim->{team} = $begun ? $begun->{team} : $place if $p->{joiners};
	$batch->{claims}[ $step->{code}[1] ] = $place if $batch;
	if ($completes)
	{
		$begun->{complete} = 1;
		$_->{expires_at} = $expires_at for grep { $_->{state} eq 'held' } team_members($life, $begun->{team});
	}
	use_claim($life, $claim) if $step->{redeem};
	return remember($life, $step, $place) if $step->{how} !~ /^try/;
	return remember($life, $step, row($place, claim_columns($claim)));
}

# One that begins now, held; without a bill nothing is given yet.
sub new_claim
{
	my ($life, $step, $promotion, $moment, $given, $spent) = @_;
	my ($p, $bill) = ($promotion->{p}, $step->{bill});
	my $branch = $bill ? $bill->{branch} : undef;
	return { request => $step->{request}, nth => 0, promotion => $promotion->{name}, version => $promotion->{version}, p => $p, key => $step->{key},
		state => 'held', claimed_at => $life->{now}, expires_at => claim_term($life, $p, $branch), day => $moment->{day}, branch => $branch, bill => $bill, coupon => !$bill,
		had => [ [ $step->{key}, $life->{now} ] ], given => $given, value => defined $given ? value_of($p, $given) : undef, spent => $spent, refunded => 0, taken_back => 0, value_back => 0, back => [ 0, 0, 0, 0 ], origin => 'claim' };
}

# What is answered of it besides its number.
sub claim_columns
{
	my ($claim) = @_;
	my ($p, $until) = @$claim{qw(p expires_at)};
	return ($claim->{state}, $p->{kind}, benefit_columns($p, $claim->{given}), $until eq 'infinity' ? '' : instant_text($until), '{}', 0);
}

# ---------- codes ----------

sub do_issue_codes
{
	my ($life, $step) = @_;
	my $before = answered_before($life, $step);
	return $before if defined $before;
	my $promotion = find_promotion($life, $step->{promotion}) or return error('promotion');
	my $p = $promotion->{p};
	return error('state') if $promotion->{state} ne 'published' || $p->{joiners} || is_over($life, $p);
	my $left = left_of($life, $promotion, undef, 0)->{'sold out'};
	return error('sold out') if defined $left && $left < $step->{quantity};
	$life->{batches}{ $step->{request} } = { promotion => $promotion->{name}, until => $step->{until} // 'infinity', transferable => $step->{transferable}, claims => [ (undef) x $step->{quantity} ] };
	return remember($life, $step, 't');
}

# How many nobody has claimed, however often it is asked.
sub do_withdraw
{
	my ($life, $step) = @_;
	my $batch = $life->{batches}{ $step->{batch} } or return error('promotion');
	$batch->{withdrawn} = 1;
	return scalar grep { !defined } @{ $batch->{claims} };
}

# ---------- a coupon for each customer of a segment ----------

# From the greatest key down, so many customers at a time; what they have got stays, also if there is none left for others.
sub do_issue_coupons
{
	my ($life, $step) = @_;
	my $promotion = find_promotion($life, $step->{promotion}) or return error('promotion');
	return error('request') if $life->{issues}{ $step->{request} } && $step->{changed};
	if (!$life->{issues}{ $step->{request} })
	{
		return error('state') if $promotion->{state} ne 'published' || $promotion->{p}{joiners} || is_over($life, $promotion->{p});
		$life->{issues}{ $step->{request} } = { promotion => $promotion->{name}, transferable => $step->{transferable}, until => $step->{until}, done => 0, left_out => 0,
			left => [ reverse @{ $life->{keys} } ] };
		remember($life, $step, '');
	}
	my $issue = $life->{issues}{ $step->{request} };
	while (@{ $issue->{left} })
	{
		my $error = issue_range($life, $step, $issue, $promotion);
		return $error if $error;
	}
	return '';
}

sub is_over { my ($life, $p) = @_; return !is_before($life->{now}, term_ends($life, $p, undef)); }

# The next customers who are left; if there are not enough coupons, until the last who gets one.
# {said}: what people had said when they were looked for, if others have said more until they were locked.
sub issue_range
{
	my ($life, $step, $issue, $promotion) = @_;
	my @range = @{ $issue->{left} }[ 0 .. least($step->{size}, scalar @{ $issue->{left} }) - 1 ];
	my $of_segment = sub { my $profile = profile_at({ %{ $life->{customer}{ $_[0] } }, $step->{said} ? (said => $step->{said}{ $_[0] }) : () }, $life->{now}); return !grep { !$_->[1]->($profile) } @{ $step->{segment} } };
	my @members = grep { is_there($life, $_) && $of_segment->($_) } @range;
	return error('state') if @members && $promotion->{state} ne 'published';
	my $moment = branch_moment($life, undef, $life->{now});
	my @wanted = grep { !may_not_be_given($life, $promotion, $_, @{ $step->{segment} } > 0) } @members;
	my ($least) = sort { $a <=> $b } scalar @wanted, map { most(0, $_) } values %{ left_of($life, $promotion, undef, $moment->{day}) };
	my @given = @wanted[ 0 .. $least - 1 ];
	return error('sold out') if @wanted && !@given;
	return error('state') if @given && is_over($life, $promotion->{p});
	give_coupon($life, $step, $issue, $promotion, $moment, $_) for @given;
	my $last = @given < @wanted ? $given[-1] : $range[-1];
	my %passed = map { $_ => 1 } splice @{ $issue->{left} }, 0, 1 + (grep { $range[$_] eq $last } 0 .. $#range)[0];
	$issue->{left_out} += grep({ $passed{$_} } @members) - @given;
	return undef;
}

sub give_coupon
{
	my ($life, $step, $issue, $promotion, $moment, $key) = @_;
	my $claim = new_claim($life, { request => $step->{request}, key => $key }, $promotion, $moment, undef, undef);
	@$claim{qw(nth origin batch transferable expires_at)}
		= (++$issue->{done}, 'batch', $step->{request}, $step->{transferable}, sooner($step->{until} // 'infinity', term_ends($life, $promotion->{p}, undef)));
	push @{ $life->{claims} }, $claim;
	return;
}

# Of one who comes to a coupon without having claimed it.
sub may_not_be_given
{
	my ($life, $promotion, $key, $personal) = @_;
	return 'eligible' if ($personal || $promotion->{p}{personal}) && $life->{customer}{$key}{refused};
	return 'eligible' if held_out($promotion, $key) || audience_reasons($life, $promotion, $key, $promotion->{p}, undef);
	my $left = left_of_customer($life, $promotion, $key, branch_moment($life, undef, $life->{now})->{day});
	return 'sold out' if grep { $_ <= 0 } values %$left;
	return undef;
}

# ---------- handing on ----------

sub do_transfer
{
	my ($life, $step) = @_;
	my $claim = claim_for_request($life, $step->{claim}) or return error('customer');
	my $before = answered_before($life, $step);
	return $before if defined $before;
	my $key = $step->{key};
	return error('customer') unless is_there($life, $key);
	return error('over') if effective_state($life, $claim) ne 'held';
	return error('eligible') if !$claim->{transferable} || $claim->{bill};
	return error('value') if $claim->{key} eq $key;
	my $why = may_not_be_given($life, find_promotion($life, $claim->{promotion}), $key, 0);
	return error($why) if $why;
	@$claim{qw(key transferred)} = ($key, 1);
	push @{ $claim->{had} }, [ $key, $life->{now} ];
	return remember($life, $step, '');
}

# ---------- claim_best ----------

# The first has the number of the request itself.
sub nth_request { my ($step, $nth) = @_; return $nth == 1 ? $step->{request} : "$step->{request}/$nth"; }

# Of what has no other reason against it than being sold out; what turns out to be is left out.
sub do_claim_best
{
	my ($life, $step) = @_;
	my ($key, $bill, $now) = (@$step{qw(key bill)}, $life->{now});
	my @before;
	for (my $nth = 1; my $first = $life->{requests}{ nth_request($step, $nth) }; $nth++) { push @before, $first->{answer}; }
	return error('request') if @before && $step->{changed};
	return @before if @before;
	return error('customer') unless is_there($life, $key);
	my $moment = branch_moment($life, $bill->{branch}, $now);
	my @offers;
	for my $promotion (in_order_of_priority(grep { $_->{state} eq 'published' && !$_->{automatic} && !$_->{p}{joiners} } @{ $life->{promotions} }))
	{
		next if $step->{only} && !$step->{only}{ $promotion->{name} };
		my $p = $promotion->{p};
		my $spent = spent_of($life, $key, $p);
		my $weighed = weighed_beside($life, $promotion, $p, $key, $bill, weighed($p, { %$bill, %$moment }, $spent));
		next if reasons_against($life, $promotion, $key, $bill, $weighed);
		my $left = left_of_customer($life, $promotion, $key, $moment->{day});
		next if grep { $_ <= 0 } values %$left;
		push @offers, { promotion => $promotion, p => $p, given => $weighed->{given}, spent => $spent };
	}
	my (@chosen, $lacking);
	do
	{
		@chosen = map { { %$_, given => $_->{amount} } } best_of($life, $step, @offers);
		$lacking = first_lacking(copy_life($life), $step, $moment, @chosen);
		@offers = grep { $_->{promotion} != $lacking } @offers if $lacking;
	} while $lacking;

	my @rows;
	for my $offer (@chosen)
	{
		my %part = (%$step, request => nth_request($step, @rows + 1));
		my $claim = new_claim($life, \%part, $offer->{promotion}, $moment, $offer->{given}, $offer->{spent});
		push @{ $life->{claims} }, $claim;
		use_claim($life, $claim) if $step->{redeem};
		push @rows, row(place_of($life, $claim), claim_columns($claim));
		$life->{requests}{ $part{request} } = { step => $step, answer => $rows[-1], about => '' };
	}
	return @rows;
}

# Takes them, older promotions first; the first of which there is not enough.
sub first_lacking
{
	my ($life, $step, $moment, @chosen) = @_;
	my %chosen = map { $_->{promotion}{name} => $_ } @chosen;
	for my $offer (map { $chosen{ $_->{name} } // () } @{ $life->{promotions} })
	{
		my ($promotion, $p, $given) = @$offer{qw(promotion p given)};
		return $promotion if lacking($life, $promotion, $step->{bill}{branch}, $moment->{day}, 1, value_of($p, $given));
		my $claim = new_claim($life, $step, $promotion, $moment, $given, undef);
		push @{ $life->{claims} }, $claim;
		next unless $step->{redeem};
		return $promotion if coupons_lacking($life, $p, $given);
		use_claim($life, $claim);
	}
	return undef;
}

# ---------- earn rules ----------

sub earn_rules { my ($life) = @_; return map { { name => $_->{name}, group => $_->{p}{group}, stacks => $_->{p}{stacks} } } in_order_of_priority(grep { $_->{automatic} && $_->{state} eq 'published' } @{ $life->{promotions} }); }

# All that a bill meets, one after the other; of a group the first, alone where it does not stack.
# {rules}: those that there were when they were looked for, if others have been published since.
sub do_earn
{
	my ($life, $step) = @_;
	my $before = answered_before($life, $step);
	return split /\n/, $before if defined $before;
	my (@rows, %groups);
	for my $rule ($step->{rules} ? @{ $step->{rules} } : earn_rules($life))
	{
		next if $step->{only} && !$step->{only}{ $rule->{name} };
		next if defined $rule->{group} && $groups{ $rule->{group} };
		next if @rows && !$rule->{stacks};
		my $answer = do_claim($life, { do => 'claim', how => 'try_claim', promotion => $rule->{name}, redeem => 1, key => $step->{key}, bill => $step->{bill},
			request => "$step->{request}/" . (@rows + 1) });
		return $answer if $answer =~ /^ERROR/;
		my ($place) = $answer =~ /^(#\d+)/ or next;
		my ($claim) = grep { place_of($life, $_) eq $place } @{ $life->{claims} };
		my (undef, @given) = benefit_columns($claim->{p}, $claim->{given});
		push @rows, row($place, $rule->{name}, $claim->{p}{kind}, @given);
		$groups{ $rule->{group} } = 1 if defined $rule->{group};
		last unless $rule->{stacks};
	}
	remember($life, $step, join("\n", @rows)) if @rows;
	return @rows;
}

# ---------- memberships ----------

# As they are written, of a plan one after the other: each ends where the next begins.
sub terms_of
{
	my ($life, $key, $as_of) = @_;
	my @written = sort { $a->{since} <=> $b->{since} } grep { $_->{key} eq $key && (!defined $as_of || $_->{at} <= $as_of) } @{ $life->{memberships} };
	my @terms = map { { %{ $written[$_] }, until => $_ < $#written ? sooner($written[$_]{until}, $written[ $_ + 1 ]{since}) : $written[$_]{until} } } 0 .. $#written;
	return grep { is_before($_->{since}, $_->{until}) } @terms;
}

sub has_membership { my ($life, $step) = @_; return $step->{tag} eq $card && grep { is_before($life->{now}, $_->{until}) } terms_of($life, $step->{key}); }

# What is written down of it, and the tag that comes and goes with it.
sub write_membership
{
	my ($life, $step, $since, $until) = @_;
	my $ends = $since eq $until;
	push @{ $life->{memberships} }, { key => $step->{key}, since => $since, until => $until, paid => $step->{amount}, at => $life->{now} };
	push @{ $life->{customer}{ $step->{key} }{said} }, { at => $since, given => !$ends, tag => $card, until => $until eq 'infinity' ? undef : $until };
	return;
}

sub do_grant
{
	my ($life, $step) = @_;
	return error('customer') unless is_there($life, $step->{key});
	my $before = answered_before($life, $step);
	return $before if defined $before;
	my $since = $step->{since} // $life->{now};
	return error('value') if $since < $life->{now} || !is_before($since, $step->{until});
	write_membership($life, $step, $since, $step->{until});
	return remember($life, $step, '');
}

# What runs, and what is ahead.
sub do_end_membership
{
	my ($life, $step) = @_;
	my $before = answered_before($life, $step);
	return $before if defined $before;
	my @terms = grep { is_before($life->{now}, $_->{until}) } terms_of($life, $step->{key});
	write_membership($life, $step, $_, $_) for map { most($_->{since}, $life->{now}) } @terms;
	return @terms ? remember($life, $step, 't') : 'f';
}

sub do_memberships
{
	my ($life, $step) = @_;
	my $at = $step->{as_of} // $life->{now};
	return map {
		my $state = !is_before($at, $_->{until}) ? 'over' : $_->{since} <= $at ? 'running' : 'ahead';
		row($state, instant_text($_->{since}), $_->{until} eq 'infinity' ? '' : instant_text($_->{until}), defined $_->{paid} ? number($_->{paid}) : '', instant_text($_->{at}))
	} terms_of($life, $step->{key}, $at);
}

# ---------- redeem ----------

# What a claim gives goes into the accounts, or becomes claims.
sub use_claim
{
	my ($life, $claim) = @_;
	my ($p, $given, $now) = (@$claim{qw(p given)}, $life->{now});
	$claim->{state} = 'redeemed';
	$claim->{redeemed_at} = $now;
	$claim->{gone} = [ $now, 'used' ];
	my $day = branch_moment($life, undef, $now)->{day};
	my $until = $p->{valid_days} ? instant_of($life->{zone}, $day + $p->{valid_days} + 1, 0) : undef;
	give($life, key => $claim->{key}, account => $p->{kind}, item => $p->{kind} eq 'gift' ? 'mask' : '', amount => $given * ($p->{kind} eq 'stored value' ? 1 : $one),
		claim => $claim, until => $until) if $given && $p->{kind} =~ /^(stored value|points|gift)$/;
	return if $p->{kind} ne 'coupon';
	my $coupon = find_promotion($life, $p->{coupon});
	my $expires_at = sooner(term_ends($life, $coupon->{p}, undef), $until // 'infinity');
	my $by = place_of($life, $claim);
	for my $nth (1 .. $given)
	{
		push @{ $life->{claims} }, { request => $claim->{request}, nth => "$claim->{nth}/" . ++$claim->{children}, promotion => $coupon->{name}, version => $coupon->{version}, p => $coupon->{p}, key => $claim->{key},
			state => 'held', claimed_at => $now, expires_at => $expires_at, day => $day, coupon => 1, had => [ [ $claim->{key}, $now ] ], refunded => 0, taken_back => 0, value_back => 0, back => [ 0, 0, 0, 0 ],
			origin => 'benefit', origin_of => $by, given_by => [ @$claim{qw(request nth)} ] };
	}
	return;
}

sub do_redeem
{
	my ($life, $step) = @_;
	my $before = answered_before($life, $step);
	return $before if defined $before;
	my $claim = claim_for_request($life, $step->{claim}) or return error('customer');
	my ($p, $bill) = ($claim->{p}, $step->{bill});
	return error('over') if effective_state($life, $claim) ne 'held';
	if (defined $claim->{team})
	{
		my ($begun) = grep { place_of($life, $_) eq $claim->{team} } @{ $life->{claims} };
		return error('team') unless $begun->{complete};
	}
	return error('null') if !$claim->{bill} && !$bill;
	return error('value') if $claim->{bill} && $bill && $bill->{json} ne $claim->{bill}{json};
	my ($given, $value, $spent) = @$claim{qw(given value spent)};
	if (!$claim->{bill})
	{
		my $promotion = find_promotion($life, $claim->{promotion});
		$spent = spent_of($life, $claim->{key}, $p);
		my $branch = $bill->{branch};
		# days and hours are those of a coupon that was given; who has claimed it himself has done so in time
		my $weighed = weighed_beside($life, $promotion, $p, $claim->{key}, $bill,
			weighed($p, { %$bill, %{ branch_moment($life, $branch, $life->{now}) } }, $spent, $claim->{origin} eq 'claim'));
		my @reasons = (@{ $weighed->{reasons} }, @{ $weighed->{exclusive} // [] });
		push @reasons, 'branch' if $claim->{origin} eq 'claim' && $p->{branches} && !grep { defined $branch && $_ eq $branch } @{ $p->{branches} };
		push @reasons, 'branch stock' if !defined $branch && defined $p->{stock}{per_branch};
		return error('eligible') if @reasons;
		($given, $value) = ($weighed->{given}, value_of($p, $weighed->{given}));
		my $budget = budget_left($life, $promotion);
		my $left = left_of($life, $promotion, $branch, $claim->{day})->{'branch stock'};
		return error('sold out') if (defined $budget && $value && $value > $budget) || (defined $left && $left <= 0);
	}
	my ($lacking) = coupons_lacking($life, $p, $given);
	return error($lacking->[1]) if $lacking;
	if (!$claim->{bill})
	{
		@$claim{qw(bill branch given value spent)} = ($bill, $bill->{branch}, $given, $value, $spent);
	}
	use_claim($life, $claim);
	return remember($life, $step, row(place_of($life, $claim), $claim->{state}, $p->{kind}, benefit_columns($p, $given)));
}

# ---------- give back ----------

# What the claim has given and is not used, in the benefit's unit.
sub given_left
{
	my ($life, $claim) = @_;
	my $p = $claim->{p};
	return 0 if $reduces{ $p->{kind} };
	return scalar grep { effective_state($life, $_) =~ /^(held|expired)$/ } given_by($life, $claim) if $p->{kind} eq 'coupon';
	my $sum = 0;
	$sum += $_->{left} for grep { $_->{claim} && $_->{claim} == $claim } @{ $life->{entries} };
	return $p->{kind} eq 'stored value' ? $sum : $sum / $one;
}

sub given_by
{
	my ($life, $claim) = @_;
	return grep { $_->{given_by} && $_->{given_by}[0] eq $claim->{request} && $_->{given_by}[1] eq $claim->{nth} } @{ $life->{claims} };
}

# What had expired was gone before.
sub release
{
	my ($life, $claim) = @_;
	$claim->{gone} = [ $life->{now}, 'taken back' ] if effective_state($life, $claim) eq 'held';
	$claim->{state} = 'released';
	return;
}

sub take_from_balance
{
	my ($life, $claim, $amount) = @_;
	return unless $amount > 0;
	if ($claim->{p}{kind} eq 'coupon')
	{
		my @given = given_by($life, $claim);
		my @unused = map { my $state = $_; grep { effective_state($life, $_) eq $state } @given } qw(held expired);
		release($life, $_) for splice @unused, 0, $amount;
		return;
	}
	my ($lot) = grep { $_->{claim} && $_->{claim} == $claim } @{ $life->{entries} };
	move($life, $lot, 'taken back', -($claim->{p}{kind} eq 'stored value' ? $amount : $amount * $one));
	return;
}

sub looks_at_lines
{
	my ($p) = @_;
	return $p->{applies} || $p->{kind} eq 'fixed price' || grep { $_->[0] =~ /quantity|contains/ } @{ $p->{condition} // [] };
}

sub do_give_back
{
	my ($life, $step) = @_;
	my $before = answered_before($life, $step);
	return $before if defined $before;
	my $claim = claim_for_request($life, $step->{claim}) or return error('customer');
	my ($p, $bill, $place) = (@$claim{qw(p bill)}, place_of($life, $claim));
	my $state = effective_state($life, $claim);
	if ($state eq 'held' || $state eq 'expired')
	{
		release($life, $claim) if $state eq 'held';
		$claim->{state} = 'expired' if $state eq 'expired';
		return remember($life, $step, row($place, $claim->{state}, 'none', (0) x 5));
	}
	return error('over') if $state ne 'redeemed';
	my $refunded = defined $step->{amount} ? $claim->{refunded} + $step->{amount} : $step->{kept} ? $bill->{amount} - $step->{kept}{amount} : $bill->{amount};
	return error('value') if $refunded > $bill->{amount} || $refunded < $claim->{refunded};
	my $part = $refunded != 0 && $refunded != $bill->{amount};
	return error('value') if $p->{rule} eq 'recompute' && $part && ((!$step->{kept} && looks_at_lines($p)) || ($p->{metric} && !defined $claim->{spent}));

	# totals, and what of them is of this step; what a smaller bill would give more is nothing that a refund gives
	my $kept = $step->{kept} // { %$bill, amount => $bill->{amount} - $refunded };
	my @so_far = @{ $claim->{back} };
	my $back = taken_back($p, $bill, $claim->{given}, $refunded, $kept, $claim->{spent});
	my $from_balance = least($back, $so_far[1] + given_left($life, $claim));
	my $from_refund = $is_money{ $p->{kind} } ? least($back - $from_balance, $refunded) : 0;
	my @total = $back < $so_far[0] ? @so_far : ($back, $from_balance, $from_refund, $back - $from_balance - $from_refund);
	my @now = map { $total[$_] - $so_far[$_] } 0 .. 3;
	take_from_balance($life, $claim, $now[1]);
	@$claim{qw(refunded taken_back value_back back kept)} = ($refunded, $total[0], value_of($p, $total[0]) // 0, \@total, $step->{kept} // $claim->{kept});
	$claim->{state} = 'returned' if $refunded == $bill->{amount};
	return remember($life, $step, row($place, $claim->{state}, $p->{rule}, number($refunded), map { given_text($p, $_) } @now));
}

# What remains to be done without a verb: facts, people, definitions.
my %plain = (
	clock => sub { my ($life, $step) = @_; $life->{now} = $step->{to}; return ''; },
	pay => sub { my ($life, $step) = @_; push @{ $life->{customer}{ $step->{key} }{payments} }, [ @$step{qw(at amount)} ]; return ''; },
	tag => sub { return do_say(@_); },
	untag => sub { return do_say(@_); },
	refuse => sub {
		my ($life, $step) = @_;
		return error('customer') unless is_there($life, $step->{key});
		$life->{customer}{ $step->{key} }{refused} = $step->{refused};
		return '';
	},
	unforget => sub { my ($life, $step) = @_; $life->{customer}{ $step->{key} }{forgotten} = 0; return ''; },
	hold_out => sub { my ($life, $step) = @_; (find_promotion($life, $step->{name}) or return error('promotion'))->{holdout} = $step->{percent}; return ''; },
	refresh => sub { return ''; });

# A tag that somebody gives or takes back.
sub do_say
{
	my ($life, $step) = @_;
	my $given = $step->{do} eq 'tag';
	return error('in use') if has_membership($life, $step);
	return error('customer') unless is_there($life, $step->{key});
	push @{ $life->{customer}{ $step->{key} }{said} }, { at => $life->{now}, given => $given, tag => $step->{tag}, until => $step->{until} };
	return $given ? '' : 'f';
}

# ---------- what was shown ----------

# A row for each hour, on the clock of the branch, however often.
sub do_show
{
	my ($life, $step) = @_;
	my ($key, $bill, $now) = (@$step{qw(key bill)}, $life->{now});
	return error('customer') unless is_there($life, $key);
	return error('promotion') if grep { !find_promotion($life, $_) } @{ $step->{promotions} };
	my ($branch, $staff) = $bill ? @$bill{qw(branch staff)} : ();
	my $hour = $now - $now % $minute_us - branch_moment($life, $branch, $now)->{minute} % 60 * $minute_us;
	my $before = keys %{ $life->{shown} };
	$life->{shown}{ row($_, $key, $hour, $branch, $staff) } //= { promotion => $_, key => $key, hour => $hour, branch => $branch, staff => $staff } for @{ $step->{promotions} };
	return keys(%{ $life->{shown} }) - $before;
}

sub delete_shown
{
	my ($life, $is_meant) = @_;
	my @rows = grep { $is_meant->($life->{shown}{$_}) } keys %{ $life->{shown} };
	delete @{ $life->{shown} }{@rows};
	return scalar @rows;
}

# ---------- people ----------

# What stands in his place.
sub pseudonym { my ($key) = @_; return "?$key"; }

# What he holds is free; what he has had is nobody's, and nothing leads back to it.
sub do_forget
{
	my ($life, $step) = @_;
	my $key = $step->{key};
	my @his = grep { $_->{key} eq $key } @{ $life->{claims} };
	release($life, $_) for grep { effective_state($life, $_) eq 'held' } @his;
	forget_requests($life, $key, @his);
	forget_codes($life, @his);
	for my $claim (@his)
	{
		$claim->{key} = pseudonym($key);
		$claim->{forgotten} = 1;
		$claim->{bill} = { %{ $claim->{bill} }, lines => [], bill_id => undef } if $claim->{bill};
	}
	$_->{key} = pseudonym($key) for grep { $_->{key} eq $key } @{ $life->{entries} }, @{ $life->{memberships} };
	$_->[0] = pseudonym($key) for grep { $_->[0] eq $key } map { @{ $_->{had} } } @{ $life->{claims} };
	$_->{frozen} = { map { $_ => 1 } grep { $_ ne $key } keys %{ $_->{frozen} } } for grep { $_->{frozen} } @{ $life->{promotions} };
	delete_shown($life, sub { $_[0]{key} eq $key });
	@{ $life->{customer}{$key} }{qw(forgotten refused said)} = (1, 0, []);
	return '';
}

# Who asks again under such a number, asks something new.
sub forget_requests
{
	my ($life, $key, @his) = @_;
	my %his = map { ("$_->{request} $_->{nth}" => 1) } @his;
	for my $request (keys %{ $life->{requests} })
	{
		my $step = $life->{requests}{$request}{step};
		my $spending = $step->{spent} ? $life->{spendings}{ $step->{spent} } : undef;
		delete $life->{requests}{$request} if ($step->{key} // '') eq $key || $his{"$request 0"} || ($step->{claim} && $his{"@{ $step->{claim} }"})
			|| ($spending && $spending->{account}[0] eq $key);
		push @{ $life->{forgotten} }, $step unless $life->{requests}{$request};
	}
	delete $life->{spendings}{$_} for grep { $life->{spendings}{$_}{account}[0] eq $key } keys %{ $life->{spendings} };
	return;
}

# A code that he has used is none any more.
sub forget_codes
{
	my ($life, @his) = @_;
	my %his = map { (place_of($life, $_) => 1) } @his;
	for my $batch (values %{ $life->{batches} })
	{
		$batch->{claims} = [ map { defined && $his{$_} ? 'forgotten' : $_ } @{ $batch->{claims} } ];
	}
	return;
}

# What a copy of all that is known of him has: claims, what is in his accounts, whether he is shown, with which tags, memberships, what he was shown, lists.
sub do_export
{
	my ($life, $step) = @_;
	my $key = $step->{key};
	my $customer = $life->{customer}{$key};
	my $sum = 0;
	$sum += $_->{left} for grep { $_->{key} eq $key } @{ $life->{entries} };
	my @lists = map { my $promotion = $_; $promotion->{frozen} && $promotion->{frozen}{$key} ? $promotion->{name} : () } @{ $life->{promotions} };
	my $tags = is_there($life, $key) ? profile_at($customer, $life->{now})->{tag} : {};
	return row((scalar grep { $_->{key} eq $key } @{ $life->{claims} }), number($sum), is_there($life, $key) ? 't' : 'f', join(',', sort grep { $tags->{$_} } keys %$tags),
		(scalar grep { $_->{key} eq $key } @{ $life->{memberships} }), (scalar grep { $_->{key} eq $key } values %{ $life->{shown} }), join(',', @lists));
}

# ---------- definitions ----------

sub do_publish
{
	my ($life, $step) = @_;
	my ($promotion, $p) = (find_promotion($life, $step->{name}), $step->{p});
	return error('state') if $promotion && $promotion->{state} eq 'ended';
	return error('state') if defined $p->{to} && $p->{to} < local_moment($life->{zone}, $life->{now})->{day};
	if (!$promotion)
	{
		$promotion = { name => $step->{name}, state => 'published', version => 0, holdout => 0, automatic => $step->{automatic} };
		push @{ $life->{promotions} }, $promotion;
	}
	# a list that was made for another audience is made again
	my $before = $promotion->{p};
	delete $promotion->{frozen} if $before && join('|', map { $before->{keys}{$_} // '' } qw(audience audience_at)) . $before->{from}
		ne join('|', map { $p->{keys}{$_} // '' } qw(audience audience_at)) . $p->{from};
	$promotion->{p} = $p;
	return '|' . ++$promotion->{version};
}

sub do_state
{
	my ($life, $step) = @_;
	my $promotion = find_promotion($life, $step->{name}) or return error('promotion');
	my $state = { pause => 'paused', resume => 'published', end => 'ended' }->{ $step->{do} };
	return error('state') if $promotion->{state} eq 'ended' && $state ne 'ended';
	$promotion->{state} = $state;
	return '';
}

sub do_freeze
{
	my ($life, $step) = @_;
	my $promotion = find_promotion($life, $step->{name}) or return error('promotion');
	my $p = $promotion->{p};
	return error('wrong') if !$p->{audience} || $p->{audience_at} ne 'term start';
	my $begins = term_begins($life, $p);
	return error('state') if $promotion->{frozen} || $begins > $life->{now};
	my @keys = grep { my $profile = profile_at($life->{customer}{$_}, $begins); !grep { !$_->[1]->($profile) } @{ $p->{audience} } } grep { is_there($life, $_) } keys %{ $life->{customer} };
	$promotion->{frozen} = { map { $_ => 1 } @keys };
	return scalar @keys;
}

my %verb = (
	claim => \&do_claim, claim_best => \&do_claim_best, earn => \&do_earn, redeem => \&do_redeem, give_back => \&do_give_back,
	issue_codes => \&do_issue_codes, withdraw => \&do_withdraw, issue_coupons => \&do_issue_coupons, transfer => \&do_transfer,
	promote => \&do_publish, change => \&do_publish, pause => \&do_state, resume => \&do_state, end => \&do_state, freeze => \&do_freeze,
	offers => \&do_offers, best_offers => \&do_best_offers, entitlements => \&do_entitlements, forget => \&do_forget, export => \&do_export,
	show => \&do_show, delete_shown => sub { my ($life, $step) = @_; return delete_shown($life, sub { $_[0]{hour} < $step->{before} }); },
	grant => \&do_grant, end_membership => \&do_end_membership, memberships => \&do_memberships, balances => \&do_balances);
my %account_verb = (spend => \&do_spend, credit => \&do_credit, refund_spending => \&do_refund_spending);

# The lines that SQL must answer.  {lost}: by the request of its claim nothing was found when it was looked for.
sub life_verb
{
	my ($life, $step) = @_;
	my $do = $step->{do};
	return error('value') if $do eq 'give_back' && defined $step->{amount} && $step->{amount} <= 0;
	return error('customer') if $step->{lost} || ($do eq 'credit' && !is_there($life, $step->{key}));
	return answered_before($life, $step) // $account_verb{$do}->($life, $step) if $account_verb{$do};
	my $verb = $plain{$do} // $verb{$do} // die "no model of $do";
	return $verb->($life, $step);
}

# ---------------------------------------------------------------------------
# What is written
# ---------------------------------------------------------------------------

# Another life, which goes on by itself.
sub copy_life
{
	my ($life) = @_;
	my %copy = %$life;
	my %twin;
	$copy{claims} = [ map { my %claim = (%$_, had => [ map { [@$_] } @{ $_->{had} } ]); $twin{$_} = \%claim } @{ $life->{claims} } ];
	$copy{entries} = [ map { $twin{$_} = { %$_, moves => [ @{ $_->{moves} } ], claim => $_->{claim} ? $twin{ $_->{claim} } : undef } } @{ $life->{entries} } ];
	$copy{spendings} = { map { my $s = $life->{spendings}{$_}; ($_ => { %$s, used => [ map { { %$_, lot => $twin{ $_->{lot} } } } @{ $s->{used} } ] }) } keys %{ $life->{spendings} } };
	$copy{promotions} = [ map { { %$_ } } @{ $life->{promotions} } ];
	$copy{memberships} = [ map { { %$_ } } @{ $life->{memberships} } ];
	$copy{issues} = { map { ($_ => { %{ $life->{issues}{$_} }, left => [ @{ $life->{issues}{$_}{left} } ] }) } keys %{ $life->{issues} } };
	$copy{batches} = { map { ($_ => { %{ $life->{batches}{$_} }, claims => [ @{ $life->{batches}{$_}{claims} } ] }) } keys %{ $life->{batches} } };
	$copy{requests} = { %{ $life->{requests} } };
	$copy{forgotten} = [ @{ $life->{forgotten} } ];
	$copy{shown} = { %{ $life->{shown} } };
	$copy{customer} = { map { my $c = $life->{customer}{$_}; ($_ => { %$c, payments => [ @{ $c->{payments} } ], said => [ @{ $c->{said} } ] }) } keys %{ $life->{customer} } };
	return \%copy;
}

sub claim_lines
{
	my ($life) = @_;
	return map {
		my $p = $_->{p};
		'claim|' . row(place_of($life, $_), @$_{qw(key promotion version)}, effective_state($life, $_), map({ instant_text($_) } @$_{qw(claimed_at expires_at redeemed_at)}),
			day_text($_->{day}), $_->{branch}, $reduces{ $p->{kind} } && defined $_->{given} ? number($_->{given}) : '', defined $_->{value} ? number($_->{value}) : '',
			given_text($p, $_->{given}), number($_->{refunded}), given_text($p, $_->{taken_back}), @$_{qw(origin origin_of team)})
	} @{ $life->{claims} };
}

sub lot_lines
{
	my ($life) = @_;
	return map {
		'lot|' . row(@$_{qw(key account item)}, number($_->{amount}), number($_->{left}), instant_text($_->{until}), $_->{claim} ? place_of($life, $_->{claim}) : '')
	} @{ $life->{entries} };
}

# Who refuses, who is on lists that were made, who was shown what, and how many codes of each batch there are.
sub people_lines
{
	my ($life) = @_;
	my @lines = map { "refuses|$_" } grep { $life->{customer}{$_}{refused} } keys %{ $life->{customer} };
	for my $promotion (grep { $_->{frozen} } @{ $life->{promotions} }) { push @lines, map { "listed|$promotion->{name}|$_" } keys %{ $promotion->{frozen} }; }
	push @lines, map { 'shown|' . row(@$_{qw(promotion key)}, instant_text($_->{hour}), @$_{qw(branch staff)}) } values %{ $life->{shown} };
	for my $request (keys %{ $life->{batches} })
	{
		my $codes = grep { !defined || $_ ne 'forgotten' } @{ $life->{batches}{$request}{claims} };
		push @lines, "codes|$request|$codes" if $codes;
	}
	return @lines;
}

# What is left of the limit that a scope of the stock has: NAME|KIND|SCOPE.
sub stock_line
{
	my ($life, $place) = @_;
	my ($name, $kind, $scope) = split /\|/, $place, -1;
	my $promotion = find_promotion($life, $name);
	my $p = $promotion->{p};
	my @taken = claims_that_count($life, $promotion);
	my $left = $kind eq 'budget' ? budget_left($life, $promotion)
	  : $kind eq 'total' ? $p->{stock}{total} - @taken - codes_to_be_had($life, $promotion)
	  : $kind eq 'branch' ? $p->{stock}{per_branch} - grep { defined $_->{branch} && $_->{branch} eq $scope } @taken
	  : $p->{stock}{per_day} - grep { day_text($_->{day}) eq $scope } @taken;
	return "stock|$place|" . ($kind eq 'budget' ? number($left) : $left);
}

1;
