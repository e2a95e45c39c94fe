# What the views that people and their reports read must show of a life (Oracle/Life.pm): claims, what
# is claimed by branch, staff and hour, accounts, batches of coupons, memberships.
package Oracle::LifeReports;
use strict;
use warnings;
use utf8;
use integer;

use Exporter 'import';

use Oracle::Calendar;
use Oracle::Life;
use Oracle::Promotion;

our @EXPORT = qw(@reports);

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
		line($_->{id}, @$_{qw(key promotion)}, effective_state($life, $_), $_->{branch}, staff_of($_), $_->{bill} ? $_->{bill}{bill_id} : '', $p->{kind},
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
	my ($life, $claim) = @_;
	my $state = effective_state($life, $claim);
	return ($one, map({ $state eq $_ ? $one : 0 } qw(redeemed held released expired returned)), $state =~ /^re(deemed|turned)$/ ? money_of($claim) : (0, 0, 0),
		$state eq 'held' ? $claim->{value} // 0 : 0);
}

sub report_shown
{
	my ($life) = @_;
	return grouped(sub { my ($claim) = @_; return (@$claim{qw(promotion branch)}, staff_of($claim), hour_of($life, $claim)) }, sub { return columns_of_report($life, @_) }, @{ $life->{claims} });
}

sub is_valid { my ($life, $lot) = @_; return !defined $lot->{until} || $lot->{until} > $life->{now}; }

# Accounts, and coupons that can still be used.
sub balances_shown
{
	my ($life) = @_;
	my @lots = map { { key => $_->{key}, account => $_->{account}, item => $_->{item}, left => is_valid($life, $_) ? $_->{left} : 0 } } @{ $life->{entries} };
	my @coupons = map { { key => $_->{key}, account => 'coupon', item => $_->{promotion}, left => effective_state($life, $_) eq 'held' ? $one : 0 } } grep { $_->{coupon} } @{ $life->{claims} };
	return grep { !/\|0$/ } grouped(sub { return @{ $_[0] }{qw(key account item)} }, sub { return $_[0]{left} }, @lots, @coupons);
}

sub batches_shown
{
	my ($life) = @_;
	my $redeemed = sub { my ($request, $origin) = @_; return scalar grep { $_->{origin} eq $origin && ($_->{batch} // '') eq $request && effective_state($life, $_) eq 'redeemed' } @{ $life->{claims} } };
	return ((map {
		my $batch = $life->{batches}{$_};
		my $codes = @{ $batch->{claims} };
		line($_, 'codes', $batch->{promotion}, $codes, 0, $codes - grep({ !defined } @{ $batch->{claims} }), $redeemed->($_, 'code'), $batch->{transferable} ? 't' : 'f')
	} keys %{ $life->{batches} }), (map {
		my $issue = $life->{issues}{$_};
		line($_, 'segment', @$issue{qw(promotion done left_out done)}, $redeemed->($_, 'batch'), $issue->{transferable} ? 't' : 'f')
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

# Name, SQL, and what must be answered, in any order.
our @reports = (
	[ claim => 'SELECT claim_id, who(id), promotion, state, branch, staff, bill_id, kind, trim_scale(amount), trim_scale(value), trim_scale(given), trim_scale(refunded), trim_scale(taken_back),
		origin, transferable FROM segments.clinic_claim', \&claims_shown ],
	[ promotion_report => q{SELECT promotion, branch, staff, to_char(hour, 'YYYY-MM-DD HH24'), sum(claims), sum(confirmed), sum(unpaid), sum(released), sum(expired), sum(returned),
		trim_scale(sum(revenue)), trim_scale(sum(cost)), trim_scale(sum(points)), trim_scale(sum(reserved)) FROM segments.clinic_promotion_report GROUP BY 1, 2, 3, 4}, \&report_shown ],
	[ ledger => 'SELECT who(id), account, item, trim_scale(sum(amount)) FROM segments.clinic_ledger GROUP BY 1, 2, 3 HAVING sum(amount) <> 0', \&balances_shown ],
	[ coupon_batch => 'SELECT request_id, kind, promotion, done, left_out, claimed, redeemed, transferable FROM segments.clinic_coupon_batch', \&batches_shown ],
	[ plan => 'SELECT who(id), since, until, trim_scale(paid) FROM segments.clinic_plan', \&memberships_shown ]);

1;
