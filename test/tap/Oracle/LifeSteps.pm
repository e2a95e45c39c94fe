# Clinics with promotions by chance, what happens in them step by step, and the SQL of both.
#
# A step is plain data that says all of itself (a claim by the request that made it), so that
# a history can be run again, also with steps left out.
package Oracle::LifeSteps;
use strict;
use warnings;
use utf8;
use integer;

use Exporter 'import';

use Oracle::Calendar;
use Oracle::Life;
use Oracle::LifeReports;
use Oracle::Profile;
use Oracle::Promotion;

our @EXPORT = qw(random_world world_sql random_step burst_step step_sql sql_text);

sub sql_text { my ($text) = @_; return defined $text ? "'" . ($text =~ s/'/''/gr) . "'" : 'NULL'; }
sub sql_instant { my ($us) = @_; return defined $us ? sql_text(instant_text($us)) : 'NULL'; }
sub sql_number { my ($units) = @_; return defined $units ? number($units) : 'NULL'; }

my @branches = ('1', '2', '3');

# ---------------------------------------------------------------------------
# A clinic
# ---------------------------------------------------------------------------

# How often what is done, in the average clinic.
my %weights = (
	claim => 34, offers => 10, best_offers => 8, claim_best => 7, issue_codes => 4, transfer => 5, redeem => 14, give_back => 16, again => 7, clock => 10, pay => 8, tag => 3, untag => 2,
	refuse => 2, promote => 4, change => 5, pause => 2, resume => 3, end => 1, freeze => 3, hold_out => 2, spend => 4, credit => 3, refund_spending => 2, refresh => 2,
	earn => 8, withdraw => 1, issue_coupons => 4, grant => 4, end_membership => 3, memberships => 2, forget => 2, unforget => 4, export => 3, entitlements => 6, balances => 4, show => 5, delete_shown => 1, view => 4);
my %burst_weights = (claim => 60, redeem => 15, give_back => 15, transfer => 4, spend => 5, credit => 2, refund_spending => 3, claim_best => 8, earn => 5, issue_codes => 2, withdraw => 2,
	issue_coupons => 3, pause => 3, resume => 5, end => 1, change => 5, hold_out => 2, refuse => 2, grant => 2, end_membership => 1, forget => 2, unforget => 2, show => 3);

# Each clinic does some things more, some less, and some not at all.
sub liked { my ($weights) = @_; return { map { ($_ => $weights->{$_} * (/^(claim|redeem|resume|clock)$/ ? pick(1, 2) : pick(0, 1, 1, 1, 4))) } keys %$weights }; }

# Days near the ends of months and of years, and where clocks are changed.
sub random_day { return pick(1 + any(40), 1 + any(40), 112 + any(6), 178 + any(7)); }

sub random_world
{
	my %zones = (often(50) ? ('2' => 'Asia/Urumqi') : (), often(50) ? ('3' => pick('Pacific/Auckland', 'Asia/Kolkata', 'America/New_York')) : ());
	my $zone = pick('Asia/Shanghai', 'Asia/Shanghai', 'UTC', 'Europe/Berlin');
	my %life = (zone => $zone, zones => \%zones, key_type => pick('int', 'text'),
		now => instant_of($zone, random_day(), any(1440)) + any(60_000_000), customer => {}, promotions => [], claims => [], requests => {}, batches => {}, issues => {}, spendings => {}, entries => [],
		memberships => [], forgotten => [], shown => {}, number => 0, weights => liked(\%weights), burst_weights => liked(\%burst_weights), rare => { map { ($_ => pick(5, 15, 40)) } qw(automatic team alone period) });
	my @names = $life{key_type} eq 'int' ? map { 10 * $_ + 1 } 1 .. 5 : ('a', 'b b', "c'c", 'zz', '陈');
	$life{keys} = \@names;    # ascending
	for my $key (@names)
	{
		$life{customer}{$key} = { member => pick('A', 'A', 'B', 'C', undef), said => [],
			payments => [ map { [ $life{now} - any(60 * 24) * $hour_us - any(3_600_000_000), 10_000 * (1 + any(150_000)) ] } 1 .. any(5) ] };
	}
	return \%life;
}

sub world_sql
{
	my ($life) = @_;
	my $sql = "SET clientele.clock = '" . instant_text($life->{now}) . "';
CREATE TABLE customer (id $life->{key_type} PRIMARY KEY, kind text);
CREATE TABLE payment (id $life->{key_type} REFERENCES customer, at timestamptz, amount numeric(12,2));
CREATE INDEX ON payment (id, at) INCLUDE (amount);
SELECT clientele.create_population('clinic', 'customer', 'id', '$life->{zone}');
SELECT clientele.add_source('clinic', 'payment', 'payment', 'id', 'at', amount => 'amount');
SELECT clientele.define_metric('clinic', 'paid', 'sum(payment.amount)', 2);
SELECT clientele.define_metric('clinic', 'visits', 'count(payment)');
SELECT clientele.define_metric('clinic', 'recent', 'sum(payment.amount last 72 hours)', 2);
SELECT clientele.define_metric('clinic', 'largest', 'max(payment.amount)', 2);
SELECT clientele.define_ladder('clinic', 'tier', '[{\"label\": \"gold\", \"when\": \"paid >= 3000\"}, {\"label\": \"silver\", \"when\": \"paid >= 1000\"}, {\"label\": \"basic\"}]');
SELECT clientele.define_ladder('clinic', 'member', '[{\"label\": \"A\", \"when\": \"kind = ''A''\"}, {\"label\": \"B\", \"when\": \"kind = ''B''\"}, {\"label\": \"C\", \"when\": \"kind = ''C''\"}]');
SELECT clientele.define_tag('clinic', 'vip', 'paid > 2000');
SELECT clientele.define_tag('clinic', 'guest');
SELECT clientele.define_tag('clinic', '$card');
SELECT clientele.set_revenue('clinic', 'payment');
SELECT clientele.publish('clinic');
";
	for my $key (sort keys %{ $life->{customer} })
	{
		my $customer = $life->{customer}{$key};
		$sql .= 'INSERT INTO customer VALUES (' . sql_text($key) . ', ' . sql_text($customer->{member}) . ");\n";
		$sql .= payment_sql($key, @$_) for @{ $customer->{payments} };
	}
	$sql .= "CALL clientele.refresh('clinic');\n";
	$sql .= "SELECT clientele.set_branch_zone('clinic', '$_', '$life->{zones}{$_}');\n" for sort keys %{ $life->{zones} };
	return $sql;
}

sub payment_sql { my ($key, $at, $amount) = @_; return 'INSERT INTO payment VALUES (' . sql_text($key) . ', ' . sql_instant($at) . ', ' . number($amount) . ");\n"; }

# Claims in the order in which they came to be; expired is what expires, noticed or not.  And codes by their places.
our $state_function = q{
CREATE TABLE known_code (request text, nth int, code text, PRIMARY KEY (request, nth));
CREATE FUNCTION who(key text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN CASE WHEN key LIKE 'forgotten:%' THEN (
		SELECT '?' || c.id FROM customer AS c CROSS JOIN clientele.population AS p WHERE clientele.pseudonym(p.population_id, c.id::text) = key) ELSE key END;
END $$;
CREATE FUNCTION state() RETURNS SETOF text LANGUAGE sql SET TimeZone = 'UTC' AS $$
	SELECT t FROM (
		SELECT 1 AS part, c.claim_id AS place, format('claim|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s', c.claim_id, who(c.key), p.name, c.version,
			   CASE WHEN c.state = 'held' AND c.expires_at <= clientele.wall_clock() THEN 'expired' ELSE c.state END,
			   c.claimed_at, c.expires_at, c.redeemed_at, c.day, c.branch, trim_scale(c.amount), trim_scale(c.value), trim_scale(c.given),
			   trim_scale(c.refunded), trim_scale(c.taken_back), c.origin, CASE WHEN c.origin = 'benefit' THEN c.origin_id END, c.team) AS t
		FROM clientele.claim AS c JOIN clientele.offered_promotion AS p USING (promotion_id)
		UNION ALL
		SELECT 2, l.entry_id, format('lot|%s|%s|%s|%s|%s|%s|%s', who(l.key), l.account, l.item, trim_scale(l.amount),
			   trim_scale(l.amount + coalesce((SELECT sum(u.amount) FROM clientele.ledger_entry AS u WHERE u.lot = l.entry_id), 0)), l.valid_until, l.claim_id)
		FROM clientele.ledger_entry AS l WHERE l.lot IS NULL
		UNION ALL
		SELECT 3, 0, format('stock|%s|%s|%s|%s', p.name, s.kind, s.scope, trim_scale(sum(s.remaining) - sum(s.owed) + coalesce((
			   SELECT sum(CASE WHEN s.kind = 'budget' THEN coalesce(c.value, 0) ELSE 1 END)
			   FROM clientele.claim AS c
			   WHERE c.promotion_id = s.promotion_id AND c.state = 'held' AND c.expires_at <= clientele.wall_clock()
				 AND CASE s.kind WHEN 'branch' THEN c.branch = s.scope WHEN 'day' THEN c.day::text = s.scope ELSE true END), 0) + CASE WHEN s.kind = 'total' THEN (
			   SELECT count(*) FROM clientele.coupon_code AS k JOIN clientele.coupon_batch AS b USING (batch_id)
			   WHERE b.promotion_id = s.promotion_id AND b.returned IS NULL AND b.valid_until <= clientele.wall_clock() AND k.claim_id IS NULL) ELSE 0 END))
		FROM clientele.stock AS s JOIN clientele.offered_promotion AS p USING (promotion_id)
		GROUP BY s.promotion_id, p.name, s.kind, s.scope) AS a
	ORDER BY part, place $$;
CREATE FUNCTION people() RETURNS SETOF text LANGUAGE sql SET TimeZone = 'UTC' AS $$
	SELECT format('refuses|%s', r.key) FROM clientele.population AS p CROSS JOIN LATERAL clientele.refusing_customers(p.population_id) AS r (key)
	UNION ALL
	SELECT format('listed|%s|%s', o.name, f.key) FROM clientele.frozen_audience AS f JOIN clientele.offered_promotion AS o USING (promotion_id)
	UNION ALL
	SELECT format('shown|%s|%s|%s|%s|%s', o.name, i.key, i.hour, i.branch, i.staff) FROM clientele.impression AS i JOIN clientele.offered_promotion AS o USING (promotion_id)
	UNION ALL
	SELECT format('codes|%s|%s', n.request, count(*)) FROM known_code AS n JOIN clientele.coupon_code AS k USING (code) GROUP BY n.request $$;
};

# ---------------------------------------------------------------------------
# Promotions
# ---------------------------------------------------------------------------

sub random_offer
{
	my ($life, $automatic) = @_;
	my $today = local_moment($life->{zone}, $life->{now})->{day};
	my @others = map { $_->{name} } @{ $life->{promotions} };
	my $p;
	do { $p = random_promotion(85); } while ($p->{kind} eq 'coupon' && !@others) || ($automatic && $reduces{ $p->{kind} });
	my $keys = $p->{keys};
	if (often(80)) { $p->{from} = $today - any(8); $p->{to} = often(70) ? $today + 3 + any(20) : undef; }
	else { $p->{from} = $today - 3 + any(6); $p->{to} = $p->{from} + any(10); }
	@$p{qw(at_least metric)} = (money(pick(20, 2000), 2), 1) if often(10);
	$p->{metric} = pick('paid', 'paid', 'visits', 'largest') if $p->{metric};
	if ($p->{kind} eq 'coupon')
	{
		$p->{coupon} = pick(@others);
		my $name = quoted($p->{coupon});
		$keys->{benefit} =~ s/"autumn"/$name/;
	}
	if (!$reduces{ $p->{kind} } && often(50))
	{
		$p->{valid_days} = pick(1, 3, 30);
		$keys->{benefit} =~ s/\}$/, "valid_days": $p->{valid_days}}/;
	}
	if ($automatic)
	{
		# that meet each other
		$p->{group} = 'a' if often(30);
		priority($p) if often(70);
	}
	$p->{stacks} = 0 if often($life->{rare}{alone});
	audience($p) if often(35);
	if (often(20)) { $p->{personal} = any(2); $keys->{personal} = $p->{personal} ? 'true' : 'false'; }
	limit($p, $life->{rare}{period});
	if (often(60))
	{
		$p->{claim_minutes} = pick(1, 30, 90, 1440, 10_000);
		$keys->{claim_term} = qq({"minutes": $p->{claim_minutes}});
	}
	if (often($life->{rare}{team}) && !$automatic)
	{
		$p->{joiners} = 2 + any(2);
		$p->{within_hours} = pick(1, 5, 48);
		$keys->{needs} = qq({"joiners": $p->{joiners}, "within": {"hours": $p->{within_hours}}});
	}
	return promotion_json($p);
}

# Another place among the others.
sub priority { my ($p) = @_; $p->{priority} = any(5) - 2; delete $p->{keys}{priority}; return; }

# Another audience.
sub audience
{
	my ($p) = @_;
	$p->{audience} = random_audience();
	$p->{audience_at} = pick('term start', 'bill', 'bill', 'bill including it');
	$p->{personal} = 1 unless $p->{keys}{personal};
	$p->{keys}{audience} = quoted(join ' and ', map { $_->[0] } @{ $p->{audience} });
	$p->{keys}{audience_at} = quoted($p->{audience_at});
	return;
}

# Other limits.
sub limit
{
	my ($p, $period) = @_;
	my %stock;
	$stock{total} = 1 + any(7) if often(50);
	$stock{per_branch} = 1 + any(3) if often(20);
	$stock{per_day} = 1 + any(4) if often(20);
	$stock{per_customer} = 1 + any(3) if often(40);
	$stock{per_period} = [ 1 + any(2), pick(qw(day week month year)) ] if often($period);
	$p->{stock} = \%stock;
	my @json = map { qq("$_": $stock{$_}) } grep { defined $stock{$_} } qw(total per_branch per_day per_customer);
	push @json, qq("per_period": {"claims": $stock{per_period}[0], "period": "$stock{per_period}[1]"}) if $stock{per_period};
	delete $p->{keys}{stock};
	$p->{keys}{stock} = '{' . join(', ', @json) . '}' if @json;
	delete @$p{'budget'};
	delete $p->{keys}{budget};
	if (often(30) && $p->{kind} !~ /^(points|coupon)$/)
	{
		my $value = $p->{kind} eq 'gift' ? $p->{worth} * $p->{pieces} : $p->{amount};
		$p->{budget} = $value && often(50) ? $value * (1 + any(4)) : money(pick(300, 5000), 2);
		$p->{keys}{budget} = number($p->{budget});
	}
	return;
}

# The next version of a promotion: other limits, perhaps another term or threshold.
sub changed_offer
{
	my ($life, $promotion) = @_;
	my %p = %{ $promotion->{p} };
	$p{keys} = { %{ $p{keys} } };
	limit(\%p, $life->{rare}{period}) if often(80);
	$p{to} = defined $p{to} ? $p{to} + any(5) : $p{from} + 30 if often(30);
	$p{from} += pick(-1, 1, 2) if often(10) && (!defined $p{to} || $p{to} > $p{from} + 2);
	audience(\%p) if often(10);
	priority(\%p) if often(20);
	if (often(15)) { delete @p{qw(at_least metric)}; delete $p{keys}{spend}; }
	if ($p{kind} ne 'coupon' && often(30))
	{
		delete @p{qw(amount percent at_most item price repeat steps pieces worth points per applies valid_days)};
		$p{keys}{benefit} = random_benefit(\%p);
	}
	if (often(15)) { $p{claim_minutes} = pick(5, 60, 600); $p{keys}{claim_term} = qq({"minutes": $p{claim_minutes}}); }
	return promotion_json(\%p);
}

# ---------------------------------------------------------------------------
# Bills
# ---------------------------------------------------------------------------

sub life_bill
{
	my ($life, $key) = @_;
	my $bill = random_bill(2);
	# so small that reductions are alike
	@$bill{qw(lines amount)} = ([], $one * (1 + any(30))), delete $bill->{quantity} if often(12);
	$bill->{branch} = pick(undef, @branches, @branches);
	$bill->{at} = undef;
	if (often(60))
	{
		my $at = $life->{now};
		$at -= any(pick(60, 3_600, 200_000)) * 1_000_000 if often(50);
		# the payments of a moment count, or just do not
		my @payments = defined $key && $life->{customer}{$key} ? @{ $life->{customer}{$key}{payments} } : ();
		$at = pick(@payments)->[0] + pick(0, 0, 1) if @payments && often(30);
		$bill->{at_us} = $at;
		$bill->{at} = instant_text($at) =~ s/ /T/r =~ s/\+00$/Z/r;
	}
	my $number = ++$life->{number};
	$bill->{bill_id} = "B$number";
	$bill->{json} = bill_json($bill);
	# another question about a bill that is there already
	my @before = grep { $_->{bill} && $_->{key} eq ($key // '') } @{ $life->{claims} };
	return { %{ pick(@before)->{bill} } } if @before && often(20);
	return $bill;
}

# What is left of a bill, and how much of it is refunded.
sub kept_bill
{
	my ($bill) = @_;
	my @lines = @{ $bill->{lines} };
	return undef if @lines < 2;
	my $gone = any(scalar @lines);
	my $kept = add_up({ %$bill, lines => [ @lines[ grep { $_ != $gone } 0 .. $#lines ] ] });
	$kept->{json} = bill_json($kept);
	return $kept;
}

# ---------------------------------------------------------------------------
# Steps
# ---------------------------------------------------------------------------

sub soon { my ($life, $minutes) = @_; return $life->{now} + (1 + any($minutes)) * $minute_us; }
sub any_key { my ($life) = @_; return often(2) ? ($life->{key_type} eq 'int' ? 999 : 'nobody') : pick(sort keys %{ $life->{customer} }); }
sub any_promotion { my ($life) = @_; return pick(@{ $life->{promotions} })->{name}; }
sub request { my ($life) = @_; return 'r' . ++$life->{number}; }

sub random_step
{
	my ($life) = @_;
	return promote_step($life) if @{ $life->{promotions} } < 4;
	while (1)
	{
		my $do = weighed_pick(%{ $life->{weights} });
		my $step = make_step($life, $do) or next;
		$step->{do} //= $do;
		$step->{transaction} = pick('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE')
			if $do =~ /^(claim|claim_best|earn|issue_codes|withdraw|transfer|redeem|give_back|offers|spend|credit|refund_spending|grant|end_membership|show)$/ && ($step->{pay} || often(20));
		$step->{rollback} = 1 if $step->{transaction} && often(25);
		return $step;
	}
}

# Some are earn rules.
sub promote_step
{
	my ($life) = @_;
	my $automatic = often($life->{rare}{automatic});
	return { do => 'promote', name => 'p' . ++$life->{number}, p => random_offer($life, $automatic), automatic => $automatic };
}

# An earlier request again, perhaps with something else in it.
sub step_again
{
	my ($life, $first, $other) = @_;
	my %again = %$first;
	delete @again{qw(pay transaction rollback hold only said rules budgets lost)};
	my $is = sub { return $other eq $_[0] && ($again{changed} = $other); };
	($again{key}) = grep { $_ ne $first->{key} } sort keys %{ $life->{customer} } if defined $again{key} && $is->('key');
	($again{promotion}) = grep { $_ ne $first->{promotion} } map { $_->{name} } @{ $life->{promotions} } if defined $again{promotion} && $is->('promotion');
	$again{bill} = { %{ $again{bill} }, bill_id => $again{bill}{bill_id} =~ s/^B/C/r, json => $again{bill}{json} =~ s/"B(\d+)"/"C$1"/r } if $again{bill} && $is->('bill');
	$again{redeem} = !$again{redeem} if $again{do} =~ /^claim/ && $again{bill} && $is->('redeem');
	$again{amount} += $one if $again{amount} && $is->('amount');
	($again{policy}) = grep { $_ ne $first->{policy} } 'best for customer', 'priority order', 'first' if $again{policy} && $is->('policy');
	@again{qw(do promotion how policy)} = $again{do} eq 'claim' ? ('claim_best', undef, undef, 'first') : ('claim', pick(@{ $life->{promotions} })->{name}, 'try_claim')
		if $again{do} =~ /^claim(_best)?$/ && $again{bill} && !$again{team} && !$again{code} && $is->('verb');
	$again{reason} = 'another' if $again{do} eq 'give_back' && $is->('reason');
	return \%again;
}

sub any_claim
{
	my ($life, @states) = @_;
	my @claims = @{ $life->{claims} };
	my %wanted = map { $_ => 1 } @states;
	my @better = grep { $wanted{ effective_state($life, $_) } } @claims;
	@claims = @better if @better && often(85);
	return @claims ? [ @{ pick(@claims) }{qw(request nth)} ] : undef;
}

# What changes a row of the catalog is not for REPEATABLE READ.
my $of_definitions = qr/^(pause|resume|end|change|hold_out|refuse|forget|unforget)$/;

# When a day begins, somewhere: tomorrow, or the first of a week, a month.
sub day_begins
{
	my ($life) = @_;
	my $zone = pick($life->{zone}, values %{ $life->{zones} });
	my $day = local_moment($zone, $life->{now})->{day} + 1;
	my $wanted = pick('day', 'week', 'month');
	$day++ while ($wanted eq 'week' && weekday($day) != 1) || ($wanted eq 'month' && day_text($day) !~ /-01$/ && often(97));
	return instant_of($zone, $day, 0);
}

# An instant at which something has happened, will, or just has not yet.
sub moment_of
{
	my ($life) = @_;
	my @moments = grep { defined && $_ ne 'infinity' } map({ @$_{qw(claimed_at expires_at redeemed_at)} } @{ $life->{claims} }), map({ ($_->{until}, $_->{moves}[-1][0]) } @{ $life->{entries} }),
		map { @$_{qw(since until at)} } @{ $life->{memberships} };
	return @moments ? pick(@moments) - any(2) : $life->{now} - any(100) * $minute_us;
}

# One of several at the same time: of the claims that these requests make, too.
sub burst_step
{
	my ($life, @claimed) = @_;
	while (1)
	{
		my $do = weighed_pick(%{ $life->{burst_weights} });
		my $step = make_step($life, $do) or next;
		$step->{do} = $do;
		delete $step->{pay};
		$step->{claim} = [ pick(@claimed), 0 ] if $step->{claim} && @claimed && often(50);
		$step->{size} = 10 if $do eq 'issue_coupons';
		$step->{transaction} = $do =~ /$of_definitions|^issue_/ || often(30) ? 'READ COMMITTED' : pick('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE');
		$step->{hold} = 1 if $do =~ $of_definitions && often(50);
		$step->{rollback} = 1 if often(10);
		return $step;
	}
}

sub coupons_step
{
	my ($life) = @_;
	return { promotion => any_promotion($life), segment => often(40) ? [] : random_audience(), request => request($life), until => often(60) ? soon($life, 10_000) : undef,
		transferable => any(2), size => pick(1, 2, 10) };
}

sub weighed_pick
{
	my (%weights) = @_;
	my $total = 0;
	$total += $_ for values %weights;
	my $at = any($total);
	for my $name (sort keys %weights) { return $name if ($at -= $weights{$name}) < 0; }
}

sub random_claim
{
	my ($life) = @_;
	my $promotion = pick(@{ $life->{promotions} });
	my %step = (do => 'claim', how => pick('claim', 'try_claim', 'try_claim'), key => any_key($life), promotion => $promotion->{name});
	$step{bill} = often(70) ? life_bill($life, $step{key}) : undef;
	$step{redeem} = 1 if $step{bill} ? often(40) : often(3);
	$step{promotion} = 'nothing', $step{redeem} = 0 if often(1);
	my @batches = sort keys %{ $life->{batches} };
	if (@batches && often(20))
	{
		my $batch = often(2) ? 'none' : pick(@batches);
		$step{code} = [ $batch, $batch eq 'none' || often(40) ? 0 : any(scalar @{ $life->{batches}{$batch}{claims} }) ];
		$step{how} = pick('claim_code', 'try_claim_code');
		delete $step{promotion};
		return \%step;
	}
	if ($promotion->{p}{joiners} ? often(60) : often(2))
	{
		my @begun = grep { defined $_->{team} && (often(10) || $_->{promotion} eq $promotion->{name}) } @{ $life->{claims} };
		$step{team} = [ @{ often(50) ? $begun[-1] : pick(@begun) }{qw(request nth)} ] if @begun;
	}
	$step{pay} = random_payment() if $step{bill} && often(15) && exists $life->{customer}{ $step{key} };
	return \%step;
}

sub random_payment { return 10_000 * (1 + any(200_000)); }
sub is_to_be_had { my ($life, $step) = @_; return life_verb(copy_life($life), { %$step, how => 'claim', request => 'nobody asks' }) =~ /^#/; }

sub earn_step
{
	my ($life) = @_;
	my $key = any_key($life);
	return { key => $key, bill => life_bill($life, $key), pay => often(30) && exists $life->{customer}{$key} ? random_payment() : undef };
}

sub earns { my ($life, $step) = @_; return scalar grep { /^#/ } life_verb(copy_life($life), { %$step, do => 'earn', request => 'nobody asks' }); }

# Of two transfers at one instant nobody could say which was first.
sub was_just_handed_on { my ($life, $of) = @_; my $had = claim_for_request($life, $of)->{had}; return @$had > 1 && $had->[-1][1] == $life->{now}; }

# Two of what is offered, at least.
sub has_choice { my ($life, $step) = @_; return 1 < grep { /^[^|]*\|t\|/ } life_verb($life, { %$step, do => 'offers' }); }

sub make_step
{
	my ($life, $do) = @_;
	if ($do eq 'claim')
	{
		# mostly one that is to be had
		my $step = random_claim($life);
		my $tries = often(70) ? 8 : 0;
		$step = random_claim($life) while $tries-- && !is_to_be_had($life, $step);
		return { %$step, request => request($life) };
	}
	if ($do eq 'offers' || $do eq 'best_offers' || $do eq 'claim_best')
	{
		my $key = any_key($life);
		my %step = (key => $key, bill => $do eq 'offers' && often(20) ? undef : life_bill($life, $key), policy => pick('best for customer', 'priority order', 'first'));
		if ($do ne 'offers')
		{
			# mostly there is something to choose
			my $tries = often(70) ? 5 : 0;
			@step{qw(key bill)} = map { ($_, life_bill($life, $_)) } any_key($life) while $tries-- && !has_choice($life, \%step);
		}
		$step{redeem} = any(2), $step{request} = request($life) if $do eq 'claim_best';
		return \%step;
	}
	if ($do eq 'earn')
	{
		my $step = earn_step($life);
		my $tries = often(70) ? 5 : 0;
		$step = earn_step($life) while $tries-- && !earns($life, $step);
		return { %$step, request => request($life) };
	}
	if ($do eq 'issue_codes')
	{
		return { promotion => any_promotion($life), quantity => 1 + any(3), request => request($life), transferable => any(2),
			until => often(60) ? soon($life, 10_000) : undef };
	}
	if ($do eq 'withdraw')
	{
		my @batches = sort keys %{ $life->{batches} };
		return @batches ? { batch => pick(@batches) } : undef;
	}
	return coupons_step($life) if $do eq 'issue_coupons';
	if ($do eq 'transfer')
	{
		my $state = often(90) ? 'held' : 'expired';
		my @codes = grep { $_->{transferable} && !$_->{bill} && effective_state($life, $_) eq $state } @{ $life->{claims} };
		my $of = @codes && often(85) ? [ @{ pick(@codes) }{qw(request nth)} ] : any_claim($life, 'held') or return undef;
		return undef if was_just_handed_on($life, $of) || ($life->{at_once} && $life->{at_once}{"@$of"}++);
		return { claim => $of, key => any_key($life), request => request($life) };
	}
	if ($do eq 'redeem')
	{
		my $of = any_claim($life, 'held') or return undef;
		my $claim = claim_for_request($life, $of);
		return { claim => $of, request => request($life), bill => $claim->{bill} ? (often(5) ? life_bill($life) : undef) : often(95) ? life_bill($life, $claim->{key}) : undef };
	}
	if ($do eq 'give_back')
	{
		my @begun = grep { $_->{state} eq 'redeemed' && $_->{refunded} } @{ $life->{claims} };
		my $of = @begun && often(30) ? [ @{ pick(@begun) }{qw(request nth)} ] : any_claim($life, 'redeemed', 'redeemed', 'held') or return undef;
		my $claim = claim_for_request($life, $of);
		my %step = (claim => $of, request => request($life), reason => pick(undef, 'came back', '不满意'));
		my $bill = $claim->{bill};
		$step{amount} = $one * (1 + any(50)) if $claim->{state} ne 'redeemed' && often(20);
		if ($claim->{state} eq 'redeemed' && $bill && often(65))
		{
			my $kept = kept_bill($claim->{kept} // $bill);
			if ($kept) { $step{kept} = $kept; }
			else { $step{amount} = often(20) ? $bill->{amount} : $bill->{amount} > 20_000 ? 10_000 * (1 + any($bill->{amount} / pick(1, 3, 6) / 10_000)) : $one; }
		}
		return \%step;
	}
	if ($do eq 'again')
	{
		my @forgotten = grep { $_->{do} ne 'transfer' || !was_just_handed_on($life, $_->{claim}) } @{ $life->{forgotten} };
		return step_again($life, pick(@forgotten), '') if @forgotten && often(30);
		my @requests = sort keys %{ $life->{requests} };
		return @requests ? step_again($life, $life->{requests}{ pick(@requests) }{step}, often(40) ? pick('key', 'promotion', 'bill', 'redeem', 'amount', 'reason', 'policy', 'verb') : '') : undef;
	}
	if ($do eq 'clock')
	{
		my @ends = grep { defined && $_ ne 'infinity' && $_ > $life->{now} } map({ $_->{expires_at} } grep { $_->{state} eq 'held' } @{ $life->{claims} }),
			map({ $_->{until} } grep { $_->{left} } @{ $life->{entries} }), map({ @$_{qw(since until)} } @{ $life->{memberships} }), map { $_->{until} } values %{ $life->{batches} };
		my $to = $life->{now} + pick(1_000_000, any(100) * $minute_us, any(100) * $minute_us, any(30) * $hour_us, any(3) * $day_us);
		if (@ends && often(50))
		{
			my ($next) = sort { $a <=> $b } @ends;
			$to = $next - pick(0, 0, 1) if $next < $life->{now} + 20 * $day_us;
		}
		elsif (often(40)) { $to = day_begins($life) - pick(0, 0, 1); }
		return { to => $to };
	}
	if ($do eq 'pay')
	{
		my @terms = grep { $_ <= $life->{now} } map { $_->{p}{metric} || $_->{p}{audience} ? term_begins($life, $_->{p}) : () } @{ $life->{promotions} };
		my $at = @terms && often(40) ? pick(@terms) - any(2) : $life->{now} - (often(60) ? 0 : any(pick(3_600, 86_400 * 10)) * 1_000_000);
		return { key => pick(sort keys %{ $life->{customer} }), at => $at, amount => 10_000 * (1 + any(150_000)) };
	}
	return { key => pick(sort keys %{ $life->{customer} }), tag => pick('vip', 'guest', $card), until => often(50) ? soon($life, 3000) : undef } if $do eq 'tag';
	return { key => pick(sort keys %{ $life->{customer} }), tag => pick('vip', 'guest', $card) } if $do eq 'untag';
	return { key => any_key($life), request => request($life), until => often(20) ? 'infinity' : soon($life, 20_000), since => often(40) ? soon($life, 5000) : undef,
		amount => often(50) ? random_payment() : undef } if $do eq 'grant';
	return { key => any_key($life), request => request($life) } if $do eq 'end_membership';
	return { key => any_key($life) } if $do eq 'export';
	if ($do eq 'show')
	{
		my $key = any_key($life);
		return { key => $key, bill => often(70) ? life_bill($life, $key) : undef, promotions => [ map { often(2) ? 'nothing' : any_promotion($life) } 1 .. any(4) ] };
	}
	return { before => moment_of($life) } if $do eq 'delete_shown';
	return { key => any_key($life), as_of => often(50) ? moment_of($life) : undef } if $do eq 'memberships' || $do eq 'balances';
	return { view => pick(sort keys %reports) } if $do eq 'view';
	if ($do eq 'entitlements')
	{
		my ($tries, $key) = (often(80) ? 4 : 0, any_key($life));
		$key = any_key($life) while $tries-- && !life_verb($life, { do => 'entitlements', key => $key });
		return { key => $key };
	}
	return { key => pick(sort keys %{ $life->{customer} }) } if $do eq 'forget';
	return { key => pick(grep { $life->{customer}{$_}{forgotten} || often(5) } sort keys %{ $life->{customer} }) // return undef } if $do eq 'unforget';
	return { key => any_key($life), refused => any(2) } if $do eq 'refuse';
	if ($do eq 'promote')
	{
		return undef if @{ $life->{promotions} } >= 9;
		return promote_step($life);
	}
	if ($do eq 'change')
	{
		my $promotion = pick(@{ $life->{promotions} });
		return undef if $promotion->{state} eq 'ended' && often(90);
		return { name => $promotion->{name}, p => changed_offer($life, $promotion), automatic => $promotion->{automatic} };
	}
	return { name => any_promotion($life) } if $do eq 'pause' || $do eq 'resume' || $do eq 'end' || $do eq 'freeze';
	return { name => any_promotion($life), percent => pick(0, 10_000, 2_000, 5_000, 1 + any(9_999)) } if $do eq 'hold_out';
	if ($do eq 'spend' || $do eq 'credit')
	{
		my $account = pick('points', 'stored value', 'gift');
		my @mine = map { [ @$_{qw(key account item)} ] } grep { $life->{customer}{ $_->{key} } } @{ $life->{entries} };
		my $place = @mine && often(80) ? pick(@mine) : [ any_key($life), $account, $account eq 'gift' ? 'mask' : '' ];
		my $unit = $place->[1] eq 'stored value' ? 10_000 : $one;
		my $there = $do eq 'spend' && often(75) ? balance($life, @$place) * 5 / 4 / $unit : 0;
		return { key => $place->[0], account => $place->[1], item => $place->[2], request => request($life),
			amount => $unit * (1 + any($there || ($place->[1] eq 'gift' ? 3 : 30_000))), until => $do eq 'credit' && often(50) ? soon($life, 5000) : undef };
	}
	if ($do eq 'refund_spending')
	{
		my @spent = sort keys %{ $life->{spendings} };
		return undef unless @spent;
		my $spent = pick(@spent);
		my $is_money = $life->{spendings}{$spent}{account}[1] eq 'stored value';
		return { spent => $spent, request => request($life), amount => $is_money ? 10_000 * (1 + any(20_000)) : $one * (1 + any(3)) };
	}
	return {};
}


# ---------------------------------------------------------------------------
# Their SQL
# ---------------------------------------------------------------------------

sub sql_bill { my ($bill) = @_; return $bill ? sql_text($bill->{json}) . '::jsonb' : 'NULL'; }
sub sql_bool { my ($bool) = @_; return $bool ? 'true' : 'false'; }
sub sql_list { my (@terms) = @_; return join(', ', "'clinic'", @terms); }

# The number of a claim, once it is known.
sub sql_claim
{
	my ($life, $of) = @_;
	my $claim = claim_for_request($life, $of) or return $life->{at_once} ? ':claim' : undef;
	return $claim->{id};
}

# Of batches that are new.
our $know_codes = q{
	INSERT INTO known_code
	SELECT b.request_id, row_number() OVER (PARTITION BY b.batch_id ORDER BY k.code) - 1, k.code
	FROM clientele.coupon_code AS k JOIN clientele.coupon_batch AS b USING (batch_id)
	WHERE b.request_id NOT IN (SELECT n.request FROM known_code AS n);
};

# The n-th code of a batch, or one that there is not.
sub sql_code
{
	my ($request, $nth) = @_;
	return 'coalesce((SELECT k.code FROM known_code AS k WHERE k.request = ' . sql_text($request) . " AND k.nth = $nth), clientele.random_code())";
}

my %select = (
	claim => 'c.claim_id FROM (SELECT %s AS claim_id) AS c',
	try_claim => 'c.claim_id, c.state, c.kind, trim_scale(c.amount), trim_scale(c.value), c.points, c.item, c.coupon, c.quantity, c.expires_at, c.reasons, cardinality(c.missing) FROM %s AS c',
	redeem => 'c.claim_id, c.state, c.kind, trim_scale(c.amount), trim_scale(c.value), c.points, c.item, c.coupon, c.quantity FROM %s AS c',
	give_back => 'c.claim_id, c.state, c.rule, trim_scale(c.refunded_total), trim_scale(c.taken_back), trim_scale(c.from_balance), trim_scale(c.from_refund), trim_scale(c.uncovered) FROM %s AS c',
	offers => 'o.promotion, o.eligible, o.kind, trim_scale(o.amount), trim_scale(o.value), o.points, o.item, o.coupon, o.quantity, o.valid_days, trim_scale(o.spend_more), trim_scale(o.given_then), o.reasons, cardinality(o.missing), o.remaining, o.to_day FROM %s AS o',
	earn => 'e.claim_id, e.promotion, e.kind, trim_scale(e.value), e.points, e.item, e.coupon, e.quantity FROM %s AS e',
	balances => 'b.account, b.item, trim_scale(b.balance), b.expires_at, trim_scale(b.expiring) FROM %s AS b',
	memberships => 'm.state, m.since, m.until, trim_scale(m.paid), m.granted_at FROM %s AS m',
	entitlements => 'e.promotion, e.kind, e.limit, e.period, e.used, e.remaining, e.renews_at, e.to_day FROM %s AS e',
	export => q{jsonb_array_length(e->'claims'), (SELECT trim_scale(coalesce(sum((l->>'amount')::numeric), 0)) FROM jsonb_array_elements(e->'ledger') AS l), jsonb_typeof(e->'profile') = 'object',
		(SELECT string_agg(t, ',' ORDER BY t COLLATE "C") FROM jsonb_array_elements_text(e #> '{profile,tags}') AS t),
		jsonb_array_length(e->'memberships'), jsonb_array_length(e->'impressions'), (SELECT string_agg(a, ',') FROM jsonb_array_elements_text(e->'audiences') AS a) FROM %s AS e},
	best_offers => 'o.promotion, o.kind, trim_scale(o.amount), trim_scale(o.value), o.points, o.item, o.coupon, o.quantity, o.valid_days FROM %s AS o');

# Customers by a condition, some at a time.
sub segment_sql { my ($segment) = @_; return sql_text(@$segment ? join(' and ', map { $_->[0] } @$segment) : 'true'); }

# What is asked; undef: it speaks of a claim that there is not.
sub verb_sql
{
	my ($life, $step) = @_;
	my $do = $step->{do};
	my @key = map { sql_text($_) } grep { defined } $step->{key};
	my $request = sql_text($step->{request});
	if ($do eq 'claim')
	{
		my $team = $step->{team} ? sql_claim($life, $step->{team}) // return undef : 'NULL';
		my @what = $step->{code} ? sql_code(@{ $step->{code} }) : sql_text($step->{promotion});
		my $call = "clientele.$step->{how}(" . sql_list(@key, @what, $request, sql_bill($step->{bill}), sql_bool($step->{redeem}), $step->{code} ? () : $team) . ')';
		return 'SELECT ' . sprintf($select{ $step->{how} =~ /^try/ ? 'try_claim' : 'claim' }, $call);
	}
	return "SELECT clientele.issue_codes('clinic', " . join(', ', sql_text($step->{promotion}), $step->{quantity}, $request, sql_instant($step->{until}), sql_bool($step->{transferable}))
		. ') IS NOT NULL' if $do eq 'issue_codes';
	return "SELECT clientele.withdraw_codes('clinic', (SELECT b.batch_id FROM clientele.coupon_batch AS b WHERE b.request_id = " . sql_text($step->{batch}) . '))' if $do eq 'withdraw';
	return 'CALL clientele.issue_coupons(' . sql_list(sql_text($step->{promotion}), segment_sql($step->{segment}), $request, sql_instant($step->{until}),
		sql_bool($step->{transferable})) . ", batch => $step->{size})" if $do eq 'issue_coupons';
	if ($do eq 'transfer')
	{
		my $claim = sql_claim($life, $step->{claim}) // return undef;
		return "SELECT clientele.transfer_claim($claim, $key[0], $request)";
	}
	if ($do eq 'redeem')
	{
		my $claim = sql_claim($life, $step->{claim}) // return undef;
		return 'SELECT ' . sprintf($select{redeem}, "clientele.redeem($claim, $request, " . sql_bill($step->{bill}) . ')');
	}
	if ($do eq 'give_back')
	{
		my $claim = sql_claim($life, $step->{claim}) // return undef;
		return 'SELECT ' . sprintf($select{give_back}, "clientele.give_back($claim, $request, " . sql_number($step->{amount}) . ', '
			. sql_text($step->{reason}) . ', ' . sql_bill($step->{kept}) . ')');
	}
	return 'SELECT ' . sprintf($select{offers}, 'clientele.offers(' . sql_list(@key, sql_bill($step->{bill})) . ')') if $do eq 'offers';
	return 'SELECT ' . sprintf($select{best_offers}, 'clientele.best_offers(' . sql_list(@key, sql_bill($step->{bill}), sql_text($step->{policy})) . ')') if $do eq 'best_offers';
	return 'SELECT ' . sprintf($select{try_claim}, 'clientele.claim_best(' . sql_list(@key, $request, sql_bill($step->{bill}), sql_text($step->{policy}), sql_bool($step->{redeem})) . ')')
		if $do eq 'claim_best';
	return 'SELECT ' . sprintf($select{earn}, 'clientele.earn(' . sql_list(@key, $request, sql_bill($step->{bill})) . ')') if $do eq 'earn';
	return 'SELECT clientele.grant_membership(' . sql_list(@key, sql_text($card), sql_instant($step->{until}), $request, sql_number($step->{amount}), sql_instant($step->{since})) . ')'
		if $do eq 'grant';
	return 'SELECT clientele.end_membership(' . sql_list(@key, sql_text($card), $request) . ')' if $do eq 'end_membership';
	return 'SELECT ' . sprintf($select{$do}, "clientele.$do(" . sql_list(@key, sql_instant($step->{as_of})) . ')') if $do eq 'memberships' || $do eq 'balances';
	return $reports{ $step->{view} }[0] if $do eq 'view';
	return 'SELECT ' . sprintf($select{entitlements}, 'clientele.entitlements(' . sql_list(@key) . ')') if $do eq 'entitlements';
	return "SELECT clientele.$do(" . sql_list(@key) . ')' if $do eq 'forget' || $do eq 'unforget';
	return 'SELECT ' . sprintf($select{export}, 'clientele.export_person(' . sql_list(@key) . ')') if $do eq 'export';
	return 'SELECT clientele.record_impression(' . sql_list(@key, 'ARRAY[' . join(', ', map { sql_text($_) } @{ $step->{promotions} }) . ']::text[]', sql_bill($step->{bill})) . ')'
		if $do eq 'show';
	return "SELECT clientele.delete_impressions('clinic', " . sql_instant($step->{before}) . ')' if $do eq 'delete_shown';
	return "SET clientele.clock = '" . instant_text($step->{to}) . "'" if $do eq 'clock';
	return payment_sql($step->{key}, $step->{at}, $step->{amount}) =~ s/;\n//r if $do eq 'pay';
	return 'SELECT clientele.tag_customer(' . sql_list(@key, sql_text($step->{tag})) . ', until => ' . sql_instant($step->{until}) . ')' if $do eq 'tag';
	return 'SELECT clientele.untag_customer(' . sql_list(@key, sql_text($step->{tag})) . ') IS NULL' if $do eq 'untag';
	return 'SELECT clientele.' . ($step->{refused} ? 'refuse' : 'allow') . '_automation(' . sql_list(@key) . ')' if $do eq 'refuse';
	my $name = sql_text($step->{name});
	my $define = $step->{automatic} ? 'define_earn_rule' : 'define_promotion';
	return "SELECT clientele.$define(" . sql_list($name, sql_text($step->{p}{json})) . "), clientele.publish_promotion('clinic', $name)" if $do eq 'promote' || $do eq 'change';
	return "SELECT clientele.${do}_promotion('clinic', $name)" if $do eq 'pause' || $do eq 'resume' || $do eq 'end';
	return "SELECT clientele.freeze_audience('clinic', $name)" if $do eq 'freeze';
	return "SELECT clientele.set_holdout('clinic', $name, " . number($step->{percent} * $one / 100) . ')' if $do eq 'hold_out';
	return "CALL clientele.refresh('clinic')" if $do eq 'refresh';
	return 'SELECT trim_scale(clientele.spend(' . sql_list(@key, map({ sql_text($_) } @$step{qw(account)}), number($step->{amount}), $request, 'item => ' . sql_text($step->{item})) . '))' if $do eq 'spend';
	return 'SELECT trim_scale(clientele.credit(' . sql_list(@key, map({ sql_text($_) } @$step{qw(account)}), number($step->{amount}), $request, 'item => ' . sql_text($step->{item}),
			'valid_until => ' . sql_instant($step->{until})) . '))' if $do eq 'credit';
	return "SELECT trim_scale(clientele.refund_spending('clinic', " . sql_text($step->{spent}) . ', ' . number($step->{amount}) . ", $request))" if $do eq 'refund_spending';
	die "no SQL for $do";
}

# With what is around it: the payment in the same transaction, its isolation level, its end.
sub step_sql
{
	my ($life, $step) = @_;
	my $verb = verb_sql($life, $step) // return undef;
	return "$verb;\n" unless $step->{transaction};
	my $pay = $step->{pay} ? payment_sql($step->{key}, $life->{now}, $step->{pay}) : '';
	# others are to meet its locks
	my $hold = $step->{hold} ? "SELECT pg_sleep(0.004);\n" : '';
	my $done = defined $step->{place} ? "INSERT INTO done VALUES ($step->{place}, pg_current_xact_id_if_assigned() IS NOT NULL);\n" : '';
	return "BEGIN ISOLATION LEVEL $step->{transaction};\n$pay$verb;\n$hold$done" . ($step->{rollback} ? 'ROLLBACK' : 'COMMIT') . ";\n";
}

1;
