# Random payments in several sessions at once, at all isolation levels, with savepoints,
# locks on customers and refreshes in between, one step after the other: at every step the
# view, profile and explain say of a customer what a model of the transactions says, and for
# all customers what plain SQL says under the same snapshot.  No step waits or fails.
#
# TILL_SEED and TILL_STEPS choose which, and how many.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{TILL_SEED} // time;
my $steps = $ENV{TILL_STEPS} // 400;
my $customers = 6;
my $sessions = 4;
my @levels = ('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE');
srand($seed);
note "TILL_SEED=$seed TILL_STEPS=$steps";

my $node = PostgreSQL::Test::Cluster->new('clinic');
$node->init;
$node->start;
$node->safe_psql('postgres', qq{
	CREATE EXTENSION clientele;
	CREATE TABLE customer (id int PRIMARY KEY);
	CREATE TABLE payment (id int REFERENCES customer, paid_at timestamptz, amount int);
	CREATE INDEX ON payment (id, paid_at);
	INSERT INTO customer SELECT generate_series(1, $customers);
	SELECT clientele.create_population('clinic', 'customer', 'id', 'UTC'),
	       clientele.add_source('clinic', 'payment', 'payment', 'id', 'paid_at'),
	       clientele.define_metric('clinic', 'spend', 'sum(payment.amount)', 0),
	       clientele.define_ladder('clinic', 'tier', '[{"label":"gold","when":"spend >= 1000"},{"label":"none"}]'),
	       clientele.publish('clinic')});
$node->safe_psql('postgres', q{CALL clientele.refresh('clinic')});
$node->safe_psql('postgres', q{
	CREATE FUNCTION look(int) RETURNS text LANGUAGE sql STABLE AS $$
		SELECT concat_ws(' ', s.spend, clientele.profile('clinic', s.id) ->> 'spend', s.tier,
			(SELECT e.item FROM clientele.explain('clinic', s.id, 'tier') AS e WHERE e.holds AND e.depth = 1 ORDER BY e.item LIMIT 1))
		FROM segments.clinic AS s WHERE s.id = $1 $$;
	CREATE FUNCTION wrong() RETURNS bigint LANGUAGE sql STABLE AS $$
		SELECT count(*) FROM segments.clinic AS s
		WHERE s.spend <> (SELECT coalesce(sum(amount), 0) FROM payment AS p WHERE p.id = s.id) $$});

# The model: what is committed of each customer, and of each session what it has seen
# committed (in a transaction with a snapshot), what it has added, and its savepoint.
my @committed = (0) x ($customers + 1);
my @tills = map { { psql => $node->background_psql('postgres'), number => $_ } } 1 .. $sessions;
$_->{psql}->query_safe(q{SET statement_timeout = '20s'; SET lock_timeout = '1s'; SET client_min_messages = warning; SET enable_seqscan = off}) for @tills;

my @history;
my $failed;

sub run_step
{
	my ($till, $sql) = @_;
	push @history, "$till->{number}: $sql";
	my $answer = eval { $till->{psql}->query_safe($sql) };
	$failed //= $@ if $@;
	return $answer;
}

sub visible
{
	my ($till, $customer) = @_;
	return ($till->{snapshot} // \@committed)->[$customer] + ($till->{added}{$customer} // 0);
}

# Whether plain SQL would wait, or fail: another transaction has the customer for itself, or
# (at a level with snapshots) had it since ours began.
sub locked_by_other
{
	my ($till, $customer) = @_;
	return scalar grep { $_ != $till && $_->{locked}{$customer} } @tills;
}

sub touched_by_other
{
	my ($till, $customer) = @_;
	return scalar grep { $_ != $till && $_->{touched}{$customer} } @tills;
}

sub begin
{
	my ($till) = @_;
	my $level = $levels[int rand @levels];
	run_step($till, "BEGIN ISOLATION LEVEL $level; SELECT 1");
	@$till{qw(level added locked touched saved)} = ($level, {}, {}, {}, undef);
	$till->{snapshot} = [@committed] if $level ne 'READ COMMITTED';
	return;
}

sub finish
{
	my ($till, $word) = @_;
	run_step($till, $word);
	if ($word eq 'COMMIT')
	{
		$committed[$_] += $till->{added}{$_} for keys %{ $till->{added} };
	}
	@$till{qw(level added locked touched saved snapshot refreshed)} = ();
	return;
}

sub look
{
	my ($till, $customer) = @_;
	my $spend = visible($till, $customer);
	my $tier = $spend >= 1000 ? 'gold' : 'none';
	my $seen = run_step($till, "SELECT look($customer)");
	$failed //= "customer $customer: $seen, should be $spend $spend $tier $tier" if defined $seen && $seen ne "$spend $spend $tier $tier";
	# Plain SQL at SERIALIZABLE would make tills depend on each other.
	if (($till->{level} // '') ne 'SERIALIZABLE' && rand() < 0.3)
	{
		my $wrong = run_step($till, 'SELECT wrong()');
		$failed //= "$wrong customers are wrong" if defined $wrong && $wrong ne '0';
	}
	return;
}

sub step
{
	my $till = $tills[int rand @tills];
	my $customer = 1 + int rand $customers;
	my $way = rand;

	if (!$till->{level})
	{
		# A refresh waits for another's, as it says.
		if ($way < 0.2 && !grep { $_->{refreshed} } @tills) { run_step($till, q{CALL clientele.refresh('clinic')}) }
		elsif ($way < 0.4) { look($till, $customer) }
		else { begin($till) }
	}
	elsif ($way < 0.3)
	{
		return if locked_by_other($till, $customer);
		my $amount = int rand 500;
		my @rows = ("($customer, now(), $amount)");
		$till->{added}{$customer} += $amount;
		$till->{touched}{$customer} = 1;
		if (rand() < 0.3)
		{
			for my $other (reverse 1 .. $customers)
			{
				next if locked_by_other($till, $other);
				push @rows, "($other, now(), 7)";
				$till->{added}{$other} += 7;
				$till->{touched}{$other} = 1;
			}
		}
		run_step($till, 'INSERT INTO payment VALUES ' . join(', ', @rows));
	}
	elsif ($way < 0.65) { look($till, $customer) }
	elsif ($way < 0.72)
	{
		return if locked_by_other($till, $customer) || touched_by_other($till, $customer);
		$till->{locked}{$customer} = 1;
		run_step($till, "SELECT id FROM customer WHERE id = $customer FOR UPDATE");
	}
	elsif ($way < 0.79)
	{
		$till->{saved} = { %{ $till->{added} } };
		run_step($till, 'SAVEPOINT s');
	}
	elsif ($way < 0.86)
	{
		return if !$till->{saved};
		$till->{added} = { %{ $till->{saved} } };
		run_step($till, 'ROLLBACK TO s');
	}
	elsif ($way < 0.92)
	{
		return if $till->{level} ne 'READ COMMITTED' || grep { $_ != $till && $_->{refreshed} } @tills;
		$till->{refreshed} = 1;
		run_step($till, q{CALL clientele.refresh('clinic')});
	}
	else { finish($till, rand() < 0.75 ? 'COMMIT' : 'ROLLBACK') }
	return;
}

for (1 .. $steps)
{
	step();
	last if defined $failed;
}
if (!defined $failed)
{
	$_->{level} and finish($_, 'COMMIT') for @tills;
	run_step($tills[0], q{CALL clientele.refresh('clinic')});
	look($tills[0], $_) for 1 .. $customers;
}
ok(!defined $failed, 'each step saw what it should, and none waited or failed')
	or diag(join("\n", "TILL_SEED=$seed TILL_STEPS=$steps", @history[($#history > 60 ? $#history - 60 : 0) .. $#history], $failed));
is($node->safe_psql('postgres', q{SELECT count(*) FROM clientele.verify('clinic')}), '0', 'what is stored is true') if !defined $failed;
is($node->safe_psql('postgres', q{SELECT deadlocks FROM pg_stat_database WHERE datname = 'postgres'}), '0', 'no deadlock');
$_->{psql}->quit for @tills;

done_testing();
