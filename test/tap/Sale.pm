# A shop with a promotion for every limit there is, the orders of a day of sale, and what
# must hold after it, in plain SQL over the tables and the views.
#
# Whoever orders notes what was answered: a request that was acknowledged stands in the tables
# once, with that claim, and one that was refused or rolled back nowhere.
package Sale;
use strict;
use warnings;

use List::Util qw(shuffle);
use Exporter 'import';

our @EXPORT_OK = qw(open_shop noon later session notes morning_orders evening_orders last_orders faults);

sub noon { return '2026-07-01T12:00:00+08'; }
sub later { return '2026-07-01T13:31:00+08'; }

my @levels = ('read\\ committed', 'repeatable\\ read', 'serializable');    # as options are written

# The settings of a till's session at an instant; one level of isolation or another.
sub session
{
	my ($clock, $level) = @_;
	$level //= $levels[rand @levels];
	return "-c search_path=planted,clientele,public -c clientele.clock=$clock -c TimeZone=Asia/Shanghai"
	  . " -c default_transaction_isolation=$level";
}

my %promotions = (
	# what all want, but for the tenth of the customers whom it is not for
	flash => q{"benefit": {"kind": "amount off", "amount": 100}, "after_refund": "recompute", "stock": {"total": 500, "per_customer": 1},
		"audience": "has_tag(''meant'')", "audience_at": "bill"},
	cents => q{"benefit": {"kind": "percent off", "percent": 7.5, "at_most": 60}, "after_refund": "proportional", "budget": 3000},
	places => q{"benefit": {"kind": "amount off", "amount": 10}, "after_refund": "none",
		"stock": {"per_branch": 20, "per_day": 45, "per_customer": 2, "per_period": {"claims": 1, "period": "day"}}},
	unpaid => q{"benefit": {"kind": "amount off", "amount": 30}, "after_refund": "none", "stock": {"total": 50, "per_customer": 1}, "budget": 1500,
		"claim_term": {"minutes": 30}},
	points => q{"benefit": {"kind": "points", "per": 10, "points": 1}, "after_refund": "proportional", "stock": {"total": 80}},
	money => q{"benefit": {"kind": "stored value", "amount": 50}, "spend": {"at_least": 300, "measure": "bill"}, "after_refund": "recompute",
		"stock": {"total": 60}, "budget": 2000},
	mask => q{"benefit": {"kind": "gift", "item": "mask", "value": 15}, "after_refund": "none", "stock": {"total": 30, "per_customer": 3}},
	# whose limit is changed, up and down, while it is sold
	resized => q{"benefit": {"kind": "amount off", "amount": 5}, "after_refund": "none", "stock": {"total": 40, "per_day": 70}},
	# only given by presents
	voucher => q{"benefit": {"kind": "amount off", "amount": 20}, "after_refund": "none", "stock": {"total": 60}, "bill": "amount > 10000"},
	present => q{"benefit": {"kind": "coupon", "coupon": "voucher", "quantity": 2, "valid_days": 30}, "after_refund": "none", "stock": {"total": 40}},
	# three quarters of them by codes
	code => q{"benefit": {"kind": "amount off", "amount": 25}, "after_refund": "none", "stock": {"total": 40, "per_customer": 2}},
	team => q{"benefit": {"kind": "amount off", "amount": 40}, "after_refund": "none", "stock": {"total": 30, "per_customer": 1},
		"needs": {"joiners": 3, "within": {"hours": 1}}});

sub definition
{
	my ($name) = @_;
	return qq({"term": {"from": "2026-07-01"}, "branches": "all", $promotions{$name}});
}

# In a database of its own, which others are copied from.
sub open_shop
{
	my ($node, $database, $customers) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql(
		$database, qq{
		SET client_min_messages = warning;
		SET clientele.clock = '2026-06-30 12:00+08';
		CREATE EXTENSION clientele;
		CREATE EXTENSION amcheck;
		CREATE FUNCTION index_fault(index regclass) RETURNS text LANGUAGE plpgsql AS \$\$
		BEGIN
			PERFORM bt_index_check(index, true);
			RETURN NULL;
		EXCEPTION WHEN OTHERS THEN
			RETURN sqlerrm;
		END \$\$;
		CREATE TABLE customer (id int PRIMARY KEY, level int NOT NULL);
		CREATE TABLE payment (id int, paid_at timestamptz, amount numeric(12,2));
		CREATE INDEX ON payment (id, paid_at) INCLUDE (amount);
		INSERT INTO customer SELECT n, n % 10 FROM generate_series(1, $customers) AS n;
		INSERT INTO payment SELECT n, '2026-06-01 12:00+08', n % 500 FROM generate_series(1, $customers) AS n;
		SELECT clientele.create_population('shop', 'customer', 'id', 'Asia/Shanghai'),
		       clientele.add_source('shop', 'payment', 'payment', 'id', 'paid_at', amount => 'amount'),
		       clientele.define_metric('shop', 'paid', 'sum(payment.amount)', 2),
		       clientele.define_tag('shop', 'meant', 'level < 9'),
		       clientele.publish('shop')});
	$node->safe_psql($database, "SET clientele.clock = '2026-06-30 12:00+08'; CALL clientele.refresh('shop')");
	# The coupons that one gives are there before it.
	for my $name (sort { ($a eq 'present') - ($b eq 'present') } sort keys %promotions)
	{
		$node->safe_psql($database, "SET clientele.clock = '2026-06-30 12:00+08';
			SELECT clientele.define_promotion('shop', '$name', '" . definition($name) . "')");
	}
	$node->safe_psql($database, "SET clientele.clock = '2026-06-30 12:00+08';
		SELECT clientele.publish_promotion('shop', name) FROM clientele.offered_promotion ORDER BY name = 'present', name;
		SELECT clientele.issue_codes('shop', 'code', 30, 'printed', transferable => true) AS batch \\gset
		CREATE TABLE code AS SELECT row_number() OVER (ORDER BY code)::int AS n, code FROM clientele.codes('shop', :batch);
		VACUUM ANALYZE");
	return;
}

# ---------- orders ----------

sub bill
{
	my ($amount, %more) = @_;
	my $branch = $more{branch} // 1 + int rand 4;
	my $at = $more{at} // noon();
	my $channel = $more{channel} ? qq("channel": "$more{channel}", ) : '';
	return qq('{"at": "$at", "branch": "$branch", $channel"amount": $amount}');
}

# Notes of a day: what was acknowledged, points that were spent, what was refused, what nobody can know,
# and what waits for an answer.
sub notes { return { acknowledged => {}, spent => {}, refused => {}, unknown => {}, waits => {}, complaints => [] }; }

# In one way or another, all that a till may do around a statement.
my $prepared = 0;
my %ways = (
	alone => sub { return $_[0]; },
	block => sub { return ('BEGIN', $_[0], 'COMMIT'); },
	# the snapshot of a transaction that is isolated is older than the claim's locks
	look => sub { return ('BEGIN', 'SELECT paid FROM segments.shop WHERE id = 7', 'SELECT pg_sleep(0.002)', $_[0], 'COMMIT'); },
	savepoint => sub { return ('BEGIN', 'SAVEPOINT s', $_[0], 'ROLLBACK TO s', $_[0], 'COMMIT'); },
	twice => sub { return ('BEGIN', $_[0], $_[0], 'COMMIT'); },
	prepare => sub { my $gid = 'g' . ++$prepared; return ('BEGIN', $_[0], "PREPARE TRANSACTION '$gid'", 'SELECT pg_sleep(0.01)', "COMMIT PREPARED '$gid'"); },
	rollback => sub { return ('BEGIN', $_[0], 'ROLLBACK'); },
	prepare_rollback => sub { my $gid = 'g' . ++$prepared; return ('BEGIN', $_[0], "PREPARE TRANSACTION '$gid'", 'SELECT pg_sleep(0.01)', "ROLLBACK PREPARED '$gid'"); });
my @ways = (('alone') x 6, ('block') x 4, ('look') x 2, 'savepoint', 'twice', ('prepare') x 2, 'rollback', 'prepare_rollback');

# then: called with what was answered, a claim's number, if it was.  spends: or so many points.
sub order
{
	my ($notes, $request, $statement, $then, %mode) = @_;
	my $way = $mode{way} // $ways[rand @ways];
	my $is_kept = $way !~ /rollback/;
	my $order = { say => sub { return $ways{$way}->($statement); } };
	$notes->{waits}{$request}++;
	$order->{hear} = sub {
		my ($refused, @rows) = @_;
		$notes->{waits}{$request}--;
		my @answers = $refused ? () : map { $_->[0] } grep { @$_ == 2 } @rows;
		splice @answers, 0, -1 if $way eq 'savepoint';    # the first was rolled back
		@answers = grep { defined } @answers;
		$refused ||= 'CL002' if !@answers;
		push @{ $notes->{complaints} }, "$request, repeated as it was: $rows[0]" if $refused eq 'CL005';
		if ($refused || !$is_kept)
		{
			# An attempt whose connection was lost may begin after this one has ended.
			$notes->{ $is_kept && $order->{attempt} > 1 ? 'unknown' : 'refused' }{$request} = 1;
			return;
		}
		if ($mode{spends})
		{
			$notes->{spent}{$request} = $mode{spends};
			return;
		}
		my $claim = $notes->{acknowledged}{$request} //= $answers[0];
		push @{ $notes->{complaints} }, "$request: $_ instead of $claim" for grep { $_ != $claim } @answers;
		$then->($claim) if $then && !$notes->{followed}{$request}++;
	};
	return $order;
}

# A request's number that was used for something else.
sub misuse
{
	my ($notes, $request, $statement) = @_;
	return {
		say => sub { return $statement; },
		hear => sub { push @{ $notes->{complaints} }, "$request, misused: $_[0]" if $_[0] ne 'CL005'; } };
}

sub resize
{
	my $definition = definition('resized') =~ s/"total": 40/'"total": ' . (20 + int rand 60)/er;
	# Who publishes does not wait for long, so that nobody waits for him.
	return {
		again => '55P03',
		say => sub {
			return ('BEGIN ISOLATION LEVEL READ COMMITTED', "SELECT define_promotion('shop', 'resized', '$definition')",
				"SELECT publish_promotion('shop', 'resized')", 'COMMIT');
		} };
}

# All that is best on a bill: its parts are requests of their own, the first is the request itself.
sub best
{
	my ($notes, $request, $customer, $bill) = @_;
	my $way = (qw(alone block look twice prepare rollback))[rand 6];
	my $order = {
		say => sub { return $ways{$way}->("SELECT claim_id, row_number() OVER () FROM claim_best('shop', $customer, '$request', $bill)"); } };
	$order->{hear} = sub {
		my ($refused, @rows) = @_;
		my $is_kept = $way ne 'rollback';
		my %claims = map { $_->[1] => $_->[0] } $refused ? () : grep { @$_ == 2 } @rows;
		for my $nth (1 .. 12)
		{
			my $part = $nth == 1 ? $request : "$request/$nth";
			my $claim = delete $claims{$nth};
			if ($is_kept && defined $claim) { $notes->{acknowledged}{$part} = $claim }
			else { $notes->{ $is_kept && $order->{attempt} > 1 ? 'unknown' : 'refused' }{$part} = 1 }
		}
		push @{ $notes->{complaints} }, "$request has too many parts" if %claims;
	};
	return $order;
}

sub claim
{
	my ($promotion, $customer, $request, $bill, %mode) = @_;
	my $arguments = "'shop', $customer, '$promotion', '$request', " . ($bill // 'NULL')
	  . ($mode{redeem} ? ', redeem => true' : '') . ($mode{team} ? ", team => $mode{team}" : '');
	return $mode{try} ? "SELECT claim_id, 'claim' FROM try_claim($arguments)" : "SELECT claim($arguments), 'claim'";
}

sub redeem
{
	my ($claim, $request, $bill) = @_;
	return "SELECT claim_id, 'claim' FROM redeem($claim, '$request'" . ($bill ? ", bill => $bill)" : ')');
}

sub give_back
{
	my ($claim, $request, $amount) = @_;
	return "SELECT claim_id, 'claim' FROM give_back($claim, '$request'" . ($amount ? ", amount => $amount" : '') . ", reason => 'a change of mind')";
}

sub spending
{
	my ($notes, $request, $customer, $points) = @_;
	return order($notes, $request, "SELECT spend('shop', $customer, 'points', $points, '$request'), 'balance'", undef, spends => $points);
}

sub cents { my ($from, $to) = @_; return sprintf '%.2f', $from + rand($to - $from); }

# One coupon for each who is fast enough: with a bill or without, used, given back,
# or both at once.  Some press twice, some ask for two.
sub flash_orders
{
	my ($notes, $more, $customers) = @_;
	my @orders;
	for my $customer (shuffle 1 .. $customers)
	{
		my $request = "flash $customer";
		my $bill = rand() < 0.5 ? bill(cents(100, 900)) : undef;
		my $redeem = $bill && rand() < 0.2;
		my $statement = claim('flash', $customer, $request, $bill, redeem => $redeem, try => rand() < 0.2);
		my $then = sub {
			my ($claim) = @_;
			my $lot = rand();
			my $use = order($notes, "$request used", redeem($claim, "$request used", $bill ? undef : bill(cents(100, 900))));
			my $back = order($notes, "$request back", give_back($claim, "$request back"));
			if ($lot < 0.05) { $more->(misuse($notes, $request, $statement =~ s/$customer, 'flash'/0, 'flash'/r)) }
			elsif ($lot < 0.35) { $more->($redeem ? $back : $use) }
			elsif ($lot < 0.45) { $more->($back, $use) }
			elsif ($lot < 0.55) { $more->($use, order($notes, "$request again", redeem($claim, "$request again", $bill ? undef : bill(500)))) }
			elsif ($lot < 0.65) { $more->($back, order($notes, "$request back", give_back($claim, "$request back"))) }
		};
		push @orders, order($notes, $request, $statement, $then);
		push @orders, order($notes, $request, $statement, $then) if rand() < 0.03;
		push @orders, order($notes, "$request too", claim('flash', $customer, "$request too", undef)) if rand() < 0.03;
	}
	return @orders;
}

sub cents_orders
{
	my ($notes, $more) = @_;
	my @orders;
	for my $n (1 .. 300)
	{
		my $amount = cents(100.01, 1500);
		push @orders, order($notes, "cents $n", claim('cents', $n % 50 + 1, "cents $n", bill($amount), redeem => rand() < 0.5),
			sub {
				my ($claim) = @_;
				my $part = sprintf '%.2f', $amount / (2.5 + rand);
				$more->(order($notes, "cents $n used", redeem($claim, "cents $n used"))) if rand() < 0.3;
				$more->(map { order($notes, "cents $n part $_", give_back($claim, "cents $n part $_", $part)) } 1 .. 2) if rand() < 0.3;
			});
	}
	return @orders;
}

sub places_orders
{
	my ($notes) = @_;
	my @orders;
	for my $n (1 .. 360)
	{
		my $at = $n % 2 ? noon() : '2026-07-02T12:00:00+08';
		my $order = order($notes, "places $n", claim('places', $n % 63 + 1, "places $n", bill(100, at => $at), redeem => rand() < 0.3));
		my $say = $order->{say};
		$order->{say} = sub {
			my @statements = $say->();
			return ($statements[0] eq 'BEGIN' ? shift @statements : 'BEGIN', "SET LOCAL clientele.clock = '$at'", @statements,
				$statements[-1] =~ /^(COMMIT|ROLLBACK)/ ? () : 'COMMIT');
		};
		push @orders, $order;
	}
	return @orders;
}

# The first hundred customers want all the rest; four of them spend their points at many tills at once.
sub hundred_orders
{
	my ($notes, $more, $later) = @_;
	my @orders;
	for my $n (1 .. 100)
	{
		push @orders, order($notes, "unpaid $n", claim('unpaid', $n, "unpaid $n", bill(200)),
			sub {
				my ($claim) = @_;
				$notes->{unpaid}{$n} = $claim;
				$more->(order($notes, "unpaid $n used", redeem($claim, "unpaid $n used"), sub { delete $notes->{unpaid}{$n} }, way => 'block')) if rand() < 0.3;
			});
		my ($points, $money) = (cents(100, 900), cents(250, 900));
		push @orders, order($notes, "points $n", claim('points', $n % 4 + 1, "points $n", bill($points), redeem => 1),
			sub {
				my ($claim) = @_;
				$more->(map { order($notes, "points $n part $_", give_back($claim, "points $n part $_", sprintf '%.2f', $points / 3)) } 1 .. 2) if rand() < 0.5;
				$later->(map { spending($notes, "points $n spent $_", $n % 4 + 1, 1 + int rand($points / 5)) } 1 .. 2);
			});
		push @orders, order($notes, "money $n", claim('money', $n % 20 + 1, "money $n", bill($money), redeem => rand() < 0.8),
			sub {
				my ($claim) = @_;
				$more->(map { order($notes, "money $n part $_", give_back($claim, "money $n part $_", sprintf '%.2f', $money / 3)) } 1 .. 2) if rand() < 0.5;
				$more->(order($notes, "money $n back", give_back($claim, "money $n back"))) if rand() < 0.2;
			});
		push @orders, order($notes, "mask $n", claim('mask', $n % 20 + 1, "mask $n", bill(100), redeem => rand() < 0.7),
			sub { $more->(order($notes, "mask $n back", give_back($_[0], "mask $n back"))) if rand() < 0.3; });
		push @orders, order($notes, "present $n", claim('present', $n, "present $n", bill(100)),
			sub { $more->(order($notes, "present $n used", redeem($_[0], "present $n used"))); });
	}
	return @orders;
}

# Each code has been sent to four, who pass on what they have got, and use it, and both.
sub code_orders
{
	my ($notes, $more) = @_;
	my @orders;
	for my $n (1 .. 120)
	{
		push @orders, order($notes, "code $n", "SELECT claim_code('shop', $n, code, 'code $n'), 'claim' FROM code WHERE n = $n % 30 + 1",
			sub {
				my ($claim) = @_;
				$more->(map { order($notes, "code $n to $_", "SELECT $claim, 'claim' FROM transfer_claim($claim, $_, 'code $n to $_')") } 200 + $n % 7, 210 + $n % 7)
				  if rand() < 0.7;
				$more->(order($notes, "code $n used", redeem($claim, "code $n used", bill(100)))) if rand() < 0.5;
			});
		push @orders, order($notes, "code $n without", claim('code', $n, "code $n without")) if $n % 4 == 0;
	}
	return @orders;
}

sub resized_orders
{
	my ($notes, $more) = @_;
	my @orders;
	for my $n (1 .. 120)
	{
		push @orders, order($notes, "resized $n", claim('resized', $n, "resized $n", bill(50)),
			sub { $more->(order($notes, "resized $n back", give_back($_[0], "resized $n back"))) if rand() < 0.3; });
		push @orders, resize() if $n % 12 == 0;
	}
	return @orders;
}

# What follows from an order comes at any moment after it, or last of all.
sub morning_orders
{
	my ($notes, $tills, $customers) = @_;
	my $queue = $tills->{queue};
	my $more = sub { splice @$queue, rand(@$queue + 1), 0, $_ for @_; };
	my $later = sub { push @$queue, @_; };
	my @orders = (
		cents_orders($notes, $more), places_orders($notes), hundred_orders($notes, $more, $later), code_orders($notes, $more),
		resized_orders($notes, $more), team_orders($notes, $more, 1 .. 14),
		map { best($notes, "best $_", 10 * ($_ % 40) + 9, bill(cents(300, 900), channel => 'best')) } 1 .. 80);
	# Most of the crowd comes when there is nothing left.
	my @flash = shuffle flash_orders($notes, $more, $customers);
	return ((shuffle @orders, splice @flash, 0, 2500), @flash);
}

# One begins, five want to join: two may.  Of every fourth team there is only one other.
sub team_orders
{
	my ($notes, $more, @teams) = @_;
	return map {
		my $n = $_;
		order($notes, "team $n", claim('team', 100 * $n, "team $n", bill(90)),
			sub {
				my ($claim) = @_;
				$more->(map {
					my $request = "team $n with $_";
					order($notes, $request, claim('team', 100 * $n + $_, $request, bill(90), team => $claim),
						sub { $more->(order($notes, "$request used", redeem($_[0], "$request used"))); })
				} 1 .. ($n % 4 == 0 ? 1 : 5));
				$more->(order($notes, "team $n used", redeem($claim, "team $n used")));
			})
	} @teams;
}

# Later what was not paid is free again, while some still want to pay it.
sub evening_orders
{
	my ($notes, $tills) = @_;
	my $more = sub { push @{ $tills->{queue} }, @_; };
	my @late = map {
		my $n = $_;
		order($notes, "unpaid $n late", redeem($notes->{unpaid}{$n}, "unpaid $n late"),
			sub { push @{ $notes->{complaints} }, "unpaid $n was redeemed when it had expired" }, way => 'block')
	} sort { $a <=> $b } keys %{ $notes->{unpaid} };
	return shuffle @late, team_orders($notes, $more, 15 .. 26), map {
		my $n = $_;
		order($notes, "unpaid $n", claim('unpaid', $n, "unpaid $n", bill(200, at => later())),
			sub { $more->(order($notes, "unpaid $n used", redeem($_[0], "unpaid $n used"))) if rand() < 0.3; })
	} 101 .. 200;
}

# Whoever still wants one, of what has come back meanwhile: all is sold.
sub last_orders
{
	my ($notes, $customers, %left) = @_;
	my @flash = shuffle grep { $_ % 10 < 9 && !$notes->{acknowledged}{"flash $_"} && !$notes->{acknowledged}{"flash $_ too"} } 1 .. $customers;
	return (
		(map { order($notes, "flash $_ last", claim('flash', $_, "flash $_ last", undef), undef, way => 'alone') } @flash[ 0 .. $left{flash} + 20 ]),
		(map { order($notes, "unpaid $_ last", claim('unpaid', $_, "unpaid $_ last", undef), undef, way => 'alone') } 1001 .. 1020 + $left{unpaid}),
		map { order($notes, "points $_ last", claim('points', $_, "points $_ last", bill(10)), undef, way => 'alone') } 1 .. 20 + $left{points});
}

# ---------- what must be ----------

# Everything that is not as it should be, in words.
my $faults = q{
WITH promotion AS (
	SELECT o.promotion_id, o.name, v.definition::text::jsonb AS d
	FROM clientele.offered_promotion AS o JOIN clientele.promotion_version AS v USING (promotion_id, version)
), claim AS (
	SELECT c.*, p.name, p.d, state = 'redeemed' OR state = 'held' AS is_taken, state = 'redeemed' OR state = 'held' AND expires_at > clientele.wall_clock() AS is_live
	FROM clientele.claim AS c JOIN promotion AS p USING (promotion_id)
), step AS (
	SELECT claim_id, count(*) FILTER (WHERE step = 'claim') AS claimed, count(*) FILTER (WHERE step = 'redeem' OR redeemed) AS redeemed,
	       count(*) FILTER (WHERE step = 'give back') AS given_back, count(*) FILTER (WHERE step = 'expire') AS expired,
	       coalesce(sum(amount) FILTER (WHERE step = 'give back'), 0) AS refunded
	FROM clientele.claim_step GROUP BY claim_id
), allowed AS (
	SELECT promotion_id, name, 'total' AS kind, '' AS scope, (d#>>'{stock,total}')::numeric AS allowed FROM promotion WHERE d->'stock' ? 'total'
	UNION ALL SELECT promotion_id, name, 'budget', '', (d->>'budget')::numeric FROM promotion WHERE d ? 'budget'
	UNION ALL SELECT promotion_id, name, 'branch', b::text, (d#>>'{stock,per_branch}')::numeric FROM promotion, generate_series(1, 4) AS b WHERE d->'stock' ? 'per_branch'
	UNION ALL SELECT promotion_id, name, 'day', day, (d#>>'{stock,per_day}')::numeric FROM promotion, unnest('{2026-07-01,2026-07-02}'::text[]) AS day WHERE d->'stock' ? 'per_day'
), taken AS (
	SELECT a.*, (SELECT CASE WHEN kind = 'budget' THEN coalesce(sum(c.value - c.taken_back), 0) ELSE count(*) END
	             FROM claim AS c WHERE c.promotion_id = a.promotion_id AND c.is_taken
	               AND (kind NOT IN ('branch', 'day') OR scope = CASE kind WHEN 'branch' THEN c.branch ELSE c.day::text END))
	            + (SELECT count(*) FROM clientele.coupon_code JOIN clientele.coupon_batch AS b USING (batch_id)
	               WHERE b.promotion_id = a.promotion_id AND a.kind = 'total' AND claim_id IS NULL) AS taken,
	       (SELECT sum(remaining) - sum(owed) FROM clientele.stock AS s WHERE (s.promotion_id, s.kind, s.scope) = (a.promotion_id, a.kind, a.scope)) AS remaining
	FROM allowed AS a
)
SELECT format('%s: %s %s: more is taken than there is: %s of %s', name, kind, scope, taken, allowed) FROM taken WHERE taken > allowed AND name <> 'resized'
UNION ALL SELECT format('%s: %s %s: %s are taken of %s, but %s are left', name, kind, scope, taken, allowed, remaining)
	FROM taken WHERE coalesce(remaining, allowed) <> allowed - taken
UNION ALL SELECT format('stock of no limit: %s', s) FROM clientele.stock AS s
	WHERE NOT EXISTS (SELECT FROM allowed AS a WHERE (s.promotion_id, s.kind, s.scope) = (a.promotion_id, a.kind, a.scope))
UNION ALL SELECT format('%s: customer %s has %s', name, key, count(*)) FROM claim WHERE is_live
	GROUP BY promotion_id, name, d, key HAVING count(*) > (d#>>'{stock,per_customer}')::int
UNION ALL SELECT format('%s: customer %s has %s on %s', name, key, count(*), day) FROM claim WHERE is_live
	GROUP BY promotion_id, name, d, key, day HAVING count(*) > (d#>>'{stock,per_period,claims}')::int
UNION ALL SELECT format('%s: customer %s is not meant', name, key) FROM claim WHERE name = 'flash' AND key::int % 10 = 9

-- what was answered
UNION ALL SELECT format('%s was answered %s, and has %s', a.request_id, a.claim_id, coalesce(string_agg(s.claim_id::text, ' '), 'nothing'))
	FROM acknowledged AS a LEFT JOIN clientele.claim_step AS s USING (request_id)
	GROUP BY a.request_id, a.claim_id HAVING count(s.claim_id) <> 1 OR min(s.claim_id) <> a.claim_id
UNION ALL SELECT format('%s was refused or rolled back, and has %s', r.request_id, s.claim_id) FROM refused AS r JOIN clientele.claim_step AS s USING (request_id)
UNION ALL SELECT format('%s was refused or rolled back, and has %s', r.request_id, e) FROM refused AS r JOIN clientele.ledger_entry AS e USING (request_id)
UNION ALL SELECT format('%s has spent %s points, and the ledger has %s', s.request_id, points, sum(amount)) FROM spent AS s LEFT JOIN clientele.ledger_entry AS e USING (request_id)
	GROUP BY s.request_id, points HAVING sum(amount) IS DISTINCT FROM -points

-- steps and states
UNION ALL SELECT format('claim %s of %s is %s after %s', c.claim_id, name, state, s) FROM claim AS c LEFT JOIN step AS s USING (claim_id)
	WHERE (s.claimed, coalesce(s.redeemed, 0), coalesce(s.given_back, 0) > 0, coalesce(s.expired, 0)) IS DISTINCT FROM
	      (CASE origin WHEN 'benefit' THEN s.claimed ELSE 1 END, (state IN ('redeemed', 'returned'))::int,
	       state IN ('released', 'returned') OR state = 'redeemed' AND c.refunded > 0, (state = 'expired')::int)
	   OR (redeemed_at IS NOT NULL) <> (state IN ('redeemed', 'returned'))
UNION ALL SELECT format('a step of no claim: %s', s) FROM clientele.claim_step AS s WHERE NOT EXISTS (SELECT FROM claim AS c WHERE c.claim_id = s.claim_id)
UNION ALL SELECT format('%s: claim %s was refunded %s in steps of %s', name, claim_id, c.refunded, s.refunded)
	FROM claim AS c JOIN step AS s USING (claim_id) WHERE state = 'redeemed' AND c.refunded <> s.refunded

-- money, points, gifts, coupons
UNION ALL SELECT format('%s: claim %s gives %s, %s on %s', name, claim_id, amount, given, bill)
	FROM claim, LATERAL (SELECT CASE name WHEN 'cents' THEN least(60, round((bill->>'amount')::numeric * 0.075, 2)) WHEN 'points' THEN floor((bill->>'amount')::numeric / 10)
	            WHEN 'money' THEN 50 WHEN 'present' THEN 2 WHEN 'mask' THEN 1 ELSE (d#>>'{benefit,amount}')::numeric END AS due) AS b
	WHERE bill->>'channel' IS NULL AND (given <> due OR amount <> CASE WHEN d#>>'{benefit,kind}' IN ('amount off', 'percent off') THEN due ELSE 0 END) OR (bill IS NULL) <> (given IS NULL)
UNION ALL SELECT format('%s: claim %s took back %s of %s', name, claim_id, taken_back, given) FROM claim WHERE taken_back NOT BETWEEN 0 AND coalesce(given, 0)
UNION ALL SELECT format('%s: claim %s (%s) gave %s and took back %s, but the ledger has %s', name, claim_id, state, c.given, taken_back, l)
	FROM claim AS c, LATERAL (
		SELECT coalesce(sum(amount), 0) AS amount, count(*) FILTER (WHERE lot IS NULL) AS lots,
		       coalesce(sum(amount) FILTER (WHERE lot IS NULL), 0) AS given, bool_and(e.key = c.key) AS is_hers FROM clientele.ledger_entry AS e WHERE e.claim_id = c.claim_id) AS l
	WHERE d#>>'{benefit,kind}' IN ('points', 'stored value', 'gift')
	  AND CASE WHEN state NOT IN ('redeemed', 'returned') THEN l.lots > 0
	      WHEN name = 'points' THEN l.amount NOT BETWEEN c.given - c.taken_back AND c.given OR l.lots <> 1 OR l.given <> c.given OR NOT is_hers -- some are spent
	      ELSE (l.amount, l.lots, l.given, is_hers) IS DISTINCT FROM (c.given - c.taken_back, 1::bigint, c.given, true) END
UNION ALL SELECT format('%s: customer %s has less than nothing of lot %s', min(account), key, coalesce(lot, entry_id)) FROM clientele.ledger_entry
	GROUP BY population_id, key, coalesce(lot, entry_id) HAVING sum(amount) < 0 OR count(*) FILTER (WHERE lot IS NULL) <> 1
UNION ALL SELECT format('present %s (%s) gave %s vouchers', claim_id, state, vouchers)
	FROM (SELECT c.*, (SELECT count(*) FROM claim AS v WHERE v.origin = 'benefit' AND v.origin_id = c.claim_id AND v.name = 'voucher' AND v.key = c.key) AS vouchers
	      FROM claim AS c WHERE name = 'present') AS c
	WHERE vouchers <> CASE state WHEN 'redeemed' THEN 2 ELSE 0 END
UNION ALL SELECT format('voucher %s comes from nowhere', claim_id) FROM claim WHERE name = 'voucher' AND (origin <> 'benefit' OR origin_id IS NULL)

-- the views
UNION ALL SELECT format('%s: the view says %s of %s are left', v.name, v.remaining, v.total)
	FROM segments.shop_promotion AS v JOIN taken AS a ON a.promotion_id = v.promotion_id AND a.kind = 'total'
	WHERE (v.total, v.remaining) IS DISTINCT FROM
	      (a.allowed::int, (a.allowed - a.taken)::int + (SELECT count(*)::int FROM claim AS c WHERE c.promotion_id = a.promotion_id AND c.is_taken AND NOT c.is_live))
UNION ALL SELECT format('code %s: %s, but %s', code, k.claim_id, c) FROM clientele.coupon_code AS k LEFT JOIN claim AS c USING (claim_id)
	WHERE (c.claim_id, c.origin, c.origin_id, c.name::text) IS DISTINCT FROM (k.claim_id, CASE WHEN k.claim_id > 0 THEN 'code' END, CASE WHEN k.claim_id > 0 THEN batch_id END, CASE WHEN k.claim_id > 0 THEN 'code' END)
UNION ALL SELECT format('claims %s of one code', string_agg(claim_id::text, ' ')) FROM clientele.coupon_code WHERE claim_id IS NOT NULL GROUP BY claim_id HAVING count(*) > 1
UNION ALL SELECT format('claim %s comes from no code', claim_id) FROM claim AS c WHERE origin = 'code' AND NOT EXISTS (SELECT FROM clientele.coupon_code AS k WHERE k.claim_id = c.claim_id)
UNION ALL SELECT format('claim %s was passed on to %s, but %s has it', claim_id, passed_on, key)
	FROM (SELECT c.*, (SELECT array_agg(reason) FROM clientele.claim_step AS s WHERE s.claim_id = c.claim_id AND step = 'transfer') AS passed_on FROM claim AS c) AS c
	WHERE key <> ALL (passed_on)
UNION ALL SELECT format('claim %s: the view says %s', claim_id, v)
	FROM segments.shop_claim AS v FULL JOIN claim AS c USING (claim_id)
	WHERE (v.id, v.promotion, v.state IN ('held', 'redeemed'), v.amount, v.value, v.given, v.taken_back) IS DISTINCT FROM (c.key, c.name::text, c.is_live, c.amount, c.value, c.given, c.taken_back)
UNION ALL SELECT format('report of %s: %s instead of %s', name, r, c)
	FROM (SELECT promotion COLLATE "C" AS name, sum(claims)::bigint, sum(confirmed)::bigint, sum(unpaid)::bigint, sum(released)::bigint, sum(expired)::bigint, sum(returned)::bigint,
	             sum(revenue), sum(cost), sum(points), sum(reserved)
	      FROM segments.shop_promotion_report GROUP BY promotion) AS r
	FULL JOIN (SELECT name::text COLLATE "C" AS name, count(*), count(*) FILTER (WHERE state = 'redeemed'), count(*) FILTER (WHERE state = 'held' AND is_live),
	                  count(*) FILTER (WHERE state = 'released'), count(*) FILTER (WHERE state = 'expired' OR state = 'held' AND NOT is_live), count(*) FILTER (WHERE state = 'returned'),
	                  coalesce(sum((bill->>'amount')::numeric - refunded - CASE WHEN d#>>'{benefit,kind}' LIKE '% off' THEN given - taken_back ELSE 0 END) FILTER (WHERE redeemed_at IS NOT NULL), 0),
	                  coalesce(sum(CASE WHEN d#>>'{benefit,kind}' NOT IN ('points', 'coupon') THEN (given - taken_back) * coalesce((d#>>'{benefit,value}')::numeric, 1) END) FILTER (WHERE redeemed_at IS NOT NULL), 0),
	                  coalesce(sum(CASE d#>>'{benefit,kind}' WHEN 'points' THEN given - taken_back END) FILTER (WHERE redeemed_at IS NOT NULL), 0),
	                  coalesce(sum(CASE WHEN d#>>'{benefit,kind}' NOT IN ('points', 'coupon') THEN given * coalesce((d#>>'{benefit,value}')::numeric, 1) END) FILTER (WHERE state = 'held' AND is_live), 0)
	           FROM claim GROUP BY name) AS c USING (name)
	WHERE r IS DISTINCT FROM c
UNION ALL SELECT format('%s of customer %s: the view has %s, the ledger %s', account, id, v.amount, e.amount)
	FROM (SELECT id, account, item, sum(amount) AS amount FROM segments.shop_ledger GROUP BY 1, 2, 3) AS v
	FULL JOIN (SELECT id, account, item, sum(amount) AS amount
	           FROM (SELECT key AS id, account, item, amount FROM clientele.ledger_entry
	                 UNION ALL SELECT key, 'coupon', name, 1 FROM claim WHERE bill IS NULL AND state = 'held' AND is_live) AS e GROUP BY 1, 2, 3) AS e
	     USING (id, account, item)
	WHERE coalesce(v.amount, 0) <> coalesce(e.amount, 0)

-- who buys together
UNION ALL SELECT format('team %s: %s live, %s redeemed', team, count(*) FILTER (WHERE is_live), count(*) FILTER (WHERE state = 'redeemed')) FROM claim WHERE name = 'team'
	GROUP BY team HAVING count(*) FILTER (WHERE is_live) > 3 OR count(*) FILTER (WHERE state = 'redeemed') > 0 AND count(*) FILTER (WHERE is_live) <> 3 OR team IS NULL

-- indexes, which are written without the executor: each row is in those that are of it
UNION ALL SELECT index_fault(i.indexrelid) FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
	WHERE c.relnamespace = 'clientele'::regnamespace AND index_fault(i.indexrelid) IS NOT NULL
};

# What is so only as long as some wait for an answer.
my $unfinished = q{
UNION ALL SELECT format('nobody ends the prepared %s', gid) FROM pg_prepared_xacts WHERE database = current_database()
UNION ALL SELECT format('%s was never answered, but done', s.request_id) FROM clientele.claim_step AS s
	WHERE request_id IS NOT NULL AND NOT EXISTS (SELECT FROM acknowledged AS a WHERE a.request_id = s.request_id)
	  AND NOT EXISTS (SELECT FROM unknown AS u WHERE u.request_id = s.request_id)
UNION ALL SELECT format('%s was never answered, but done', e.request_id) FROM clientele.ledger_entry AS e WHERE claim_id IS NULL
	  AND NOT EXISTS (SELECT FROM spent AS s WHERE s.request_id = e.request_id) AND NOT EXISTS (SELECT FROM unknown AS u WHERE u.request_id = e.request_id)
};

# is_open: some have not been answered yet.
sub faults
{
	my ($node, $database, $notes, $clock, %mode) = @_;
	my $copy = sub {
		my ($table, $value, @rows) = @_;
		return "CREATE TEMP TABLE $table (request_id text COLLATE \"C\", $value bigint);\nCOPY $table FROM STDIN;\n" . join('', map { "$_\n" } @rows) . "\\.\n";
	};
	my ($answered, $spent, $refused, $unknown) = @$notes{qw(acknowledged spent refused unknown)};
	my $script = "SET clientele.clock = '$clock';\n"
	  . $copy->('acknowledged', 'claim_id', map { "$_\t$answered->{$_}" } keys %$answered)
	  . $copy->('spent', 'points', map { "$_\t$spent->{$_}" } keys %$spent)
	  . $copy->('refused', 'nothing', map { "$_\t\\N" } grep { !$answered->{$_} && !$spent->{$_} && !$unknown->{$_} && !$notes->{waits}{$_} } keys %$refused)
	  . $copy->('unknown', 'nothing', map { "$_\t\\N" } keys %$unknown);
	$script .= "ANALYZE acknowledged, spent, refused, unknown, clientele.claim, clientele.claim_step;\n$faults";
	$script .= $unfinished if !$mode{is_open};
	return (@{ $notes->{complaints} }, split /\n/, $node->safe_psql($database, $script));
}

1;
