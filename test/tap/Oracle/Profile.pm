# A customer's profile, as it is at an instant by what is written now: what he has paid, his labels, his
# tags; and conditions on it by chance.
package Oracle::Profile;
use strict;
use warnings;
use utf8;
use integer;

use Exporter 'import';

use Oracle::Calendar;
use Oracle::Promotion;

our @EXPORT = qw($card profile_at random_audience);

our $card = '金卡';    # a membership, and the tag of its name

sub profile_at
{
	my ($customer, $us) = @_;
	my %profile = (member => $customer->{member}, paid => 0, visits => 0, recent => 0, largest => undef, tag => {});
	for my $payment (@{ $customer->{payments} })
	{
		my ($at, $amount) = @$payment;
		next if $at > $us;
		$profile{paid} += $amount;
		$profile{visits} += $one;
		$profile{recent} += $amount if $at > $us - 72 * $hour_us;
		$profile{largest} = $amount if !defined $profile{largest} || $amount > $profile{largest};
	}
	$profile{tier} = $profile{paid} >= 3000 * $one ? 'gold' : $profile{paid} >= 1000 * $one ? 'silver' : 'basic';
	for my $said (sort { $a->{at} <=> $b->{at} } @{ $customer->{said} })
	{
		next if $said->{at} > $us;
		$profile{tag}{ $said->{tag} } = $said->{given} && (!defined $said->{until} || $said->{until} > $us);
	}
	$profile{tag}{vip} ||= $profile{paid} > 2000 * $one;
	return \%profile;
}

# A condition as parts between its ANDs: text, and what is true, false or unknown of it.
sub audience_part
{
	my $limit = pick(500, 1500, 2500);
	my $few = 1 + any(4);
	return pick(
		["member = 'A'", sub { my $m = $_[0]{member}; defined $m ? $m eq 'A' : undef }],
		["member in ('A', 'B')", sub { my $m = $_[0]{member}; defined $m ? $m =~ /^[AB]$/ : undef }],
		['member is null', sub { !defined $_[0]{member} }],
		["tier in ('gold', 'silver')", sub { $_[0]{tier} ne 'basic' }],
		["tier = 'basic'", sub { $_[0]{tier} eq 'basic' }],
		["has_tag('vip')", sub { $_[0]{tag}{vip} ? 1 : 0 }],
		["not has_tag('guest')", sub { !$_[0]{tag}{guest} }],
		["has_tag('guest')", sub { $_[0]{tag}{guest} ? 1 : 0 }],
		["has_tag('$card')", sub { $_[0]{tag}{$card} ? 1 : 0 }],
		["not has_tag('$card')", sub { !$_[0]{tag}{$card} }],
		["paid >= $limit", sub { $_[0]{paid} >= $limit * $one }],
		["recent < $limit", sub { $_[0]{recent} < $limit * $one }],
		["recent > $limit", sub { $_[0]{recent} > $limit * $one }],
		["largest > $limit", sub { my $m = $_[0]{largest}; defined $m ? $m > $limit * $one : undef }],
		["visits <= $few", sub { $_[0]{visits} <= $few * $one }],
		["visits > $few", sub { $_[0]{visits} > $few * $one }]);
}

sub random_audience
{
	return [ map {
		my ($a, $b) = (audience_part(), audience_part());
		my $kind = any(6);
		$kind == 0 ? ["($a->[0] or $b->[0])", sub { my ($x, $y) = ($a->[1]->(@_), $b->[1]->(@_)); $x || $y ? 1 : defined $x && defined $y ? 0 : undef }]
		  : $kind == 1 && $a->[0] !~ /^not/ ? ["not ($a->[0])", sub { my $x = $a->[1]->(@_); defined $x ? !$x : undef }]
		  : $a;
	} 1 .. pick(1, 1, 1, 2, 3) ];
}

1;
