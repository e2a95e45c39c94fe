# The ledger against an obvious model: every single point is a thing of its own, which is given,
# lies in an account until it expires, is used and may come back.  Random credits, spendings,
# refunds and repetitions, while time passes: what each answers, and what was in every account
# at random instants of the past.  Then many sessions spend from few accounts at once, at all
# isolation levels: nobody spends what he has not, and nothing is lost.
#
# ORACLE_SEED and ORACLE_STEPS choose which, and how many.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{ORACLE_SEED} // time;
my $steps = $ENV{ORACLE_STEPS} // 400;
srand($seed);
note "ORACLE_SEED=$seed ORACLE_STEPS=$steps";

my $node = PostgreSQL::Test::Cluster->new('ledger');
$node->init;
$node->append_conf('postgresql.conf', "client_min_messages = warning\nTimeZone = 'UTC'\nmax_connections = 40");
$node->start;

my $customers = 2;
$node->safe_psql('postgres', qq{
	CREATE EXTENSION clientele;
	CREATE TABLE customer (id int PRIMARY KEY);
	INSERT INTO customer SELECT generate_series(1, 8);
	SELECT clientele.create_population('clinic', 'customer', 'id', 'Asia/Shanghai');
	-- What a call answers, or why it does not.
	CREATE TABLE answer (step int, value text);
	CREATE FUNCTION ask(at int, step int, call text) RETURNS void LANGUAGE plpgsql AS \$\$
	DECLARE
		value text;
	BEGIN
		PERFORM set_config('clientele.clock', (timestamptz '2026-01-01 00:00Z' + at * interval '1 hour')::text, false);
		BEGIN
			EXECUTE 'SELECT ' || call INTO value;
		EXCEPTION WHEN SQLSTATE 'CL005' OR SQLSTATE 'CL006' OR undefined_object THEN
			value := SQLSTATE;
		END;
		INSERT INTO answer VALUES (step, trim_scale(value::numeric)::text);
	EXCEPTION WHEN invalid_text_representation THEN
		INSERT INTO answer VALUES (step, value);
	END \$\$});

sub below { return int(rand $_[0]) }
sub pick { return $_[ rand @_ ] }

# ---------------------------------------------------------------------------
# The model.  A unit is {account, given, expires, order, history => [[at, is there], ...]}; one of stored value is a cent.
# ---------------------------------------------------------------------------

my @accounts = map { my $c = $_; map { [ $c, @$_ ] } ([ 'points', '' ], [ 'stored value', '' ], [ 'gift', 'mask' ], [ 'gift', '面霜' ]) } 1 .. $customers;
my %units;       # by account's number
my %requests;    # {call, account, units, refunded, balance}
my $given = 0;
my $now = 0;

sub is_there
{
	my ($unit, $at) = @_;
	my $there = 0;
	return 0 if $at >= $unit->{expires};
	for my $moment (@{ $unit->{history} })
	{
		$there = $moment->[1] if $moment->[0] <= $at;
	}
	return $there;
}

sub balance { my ($a, $at) = @_; return scalar grep { is_there($_, $at) } @{ $units{$a} // [] } }

sub soonest { return sort { $a->{expires} <=> $b->{expires} || $a->{order} <=> $b->{order} } @_ }

sub credit
{
	my ($request, $a, $n, $expires) = @_;
	$given++;
	push @{ $units{$a} }, map { { expires => $expires, order => $given, history => [ [ $now, 1 ] ] } } 1 .. $n;
	$requests{$request}{units} = [];
	return balance($a, $now);
}

sub spend
{
	my ($request, $a, $n) = @_;
	my @there = soonest(grep { is_there($_, $now) } @{ $units{$a} // [] });
	return 'CL006' if @there < $n;
	my @used = @there[ 0 .. $n - 1 ];
	push @{ $_->{history} }, [ $now, 0 ] for @used;
	$requests{$request}{units} = \@used;
	return balance($a, $now);
}

sub refund
{
	my ($request, $spent, $n) = @_;
	my $of = $requests{$spent};
	return '42704' if !$of || $of->{verb} ne 'spend';
	my @left = reverse soonest(@{ $of->{units} });
	return 'CL006' if @left < $n;
	my @back = @left[ 0 .. $n - 1 ];
	push @{ $_->{history} }, [ $now, 1 ] for @back;
	$of->{units} = [ @left[ $n .. $#left ] ];
	$requests{$request}{units} = [];
	return balance($of->{account}, $now);
}

# ---------------------------------------------------------------------------
# Calls
# ---------------------------------------------------------------------------

# As that account counts.
sub amount { my ($a, $n) = @_; return $accounts[$a][1] eq 'stored value' ? sprintf('%.2f', $n / 100) : $n }

sub is_error { return $_[0] =~ /^(CL00\d|42704)$/ }

sub shown
{
	my ($a, $value) = @_;
	return $value if is_error($value);
	my $text = amount($a, $value);
	$text =~ s/\.?0+$// if $text =~ /\./;
	return $text;
}

sub hour { return sprintf q{timestamptz '2026-01-01 00:00Z' + interval '%d hours'}, $_[0] }

my (@script, @expected);

sub call
{
	my ($request, $verb, $a, $n, $other) = @_;
	my ($customer, $account, $item) = @{ $accounts[$a] };
	my $of = "'clinic', $customer, '$account', " . amount($a, $n) . ", '$request', item => '$item'";
	return "clientele.credit($of, valid_until => @{[ $other == 9**9 ? 'NULL' : hour($other) ]})" if $verb eq 'credit';
	return "clientele.spend($of)" if $verb eq 'spend';
	return "clientele.refund_spending('clinic', '$other', @{[ amount($a, $n) ]}, '$request')";
}

sub ask
{
	my ($call, $value) = @_;
	push @expected, [ $value, $call ];
	push @script, "SELECT ask($now, $#expected, \$call\$$call\$call\$);";
	return;
}

my @made;
for my $step (1 .. $steps)
{
	my $request = "r$step";
	my $verb = pick('credit', 'credit', 'credit', 'spend', 'spend', 'refund', 'refund');
	my $a = below(scalar @accounts);
	my $n = 1 + below($verb eq 'credit' ? 12 : pick(5, 30));
	my ($other, $value);

	# some time on, or to the instant at which something expires
	my ($next) = grep { $_->{expires} > $now } soonest(map { @$_ } values %units);
	$now = $next && $next->{expires} < 9**9 && rand() < 0.4 ? $next->{expires} : $now + pick(0, 0, 1, 7, 40) if rand() < 0.7;
	if (@made && rand() < 0.15)    # a repetition, or nearly one
	{
		my $again = pick(@made);
		my ($id, $v, $ac, $amount, $o) = @$again;
		$amount++ if rand() < 0.3;
		ask(call($id, $v, $ac, $amount, $o), $amount == $again->[3] ? $requests{$id}{balance} : 'CL005');
		next;
	}
	if ($verb eq 'refund')
	{
		my @spent = grep { rand() < 0.05 || ($_->[1] eq 'spend' && @{ $requests{ $_->[0] }{units} }) } @made;
		$other = @spent && rand() < 0.95 ? pick(map { $_->[0] } @spent) : 'never';
		$a = $requests{$other}{account} // $a;
		$n = 1 + below(scalar(@{ $requests{$other}{units} // [] }) + 1) if rand() < 0.9;
	}
	$requests{$request} = { verb => $verb, account => $a };
	if ($verb eq 'credit')
	{
		$other = rand() < 0.3 ? 9**9 : $now + pick(1, 7, 40, 80, 1 + below(300));
		$value = credit($request, $a, $n, $other);
	}
	elsif ($verb eq 'spend') { $value = spend($request, $a, $n) }
	else { $value = refund($request, $other, $n) }
	$value = shown($a, $value);
	ask(call($request, $verb, $a, $n, $other), $value);
	if (is_error($value)) { delete $requests{$request} }
	else { $requests{$request}{balance} = $value; push @made, [ $request, $verb, $a, $n, $other ] }
}

# What was there at random instants, and at those at which something happened.
my @instants = (map { below($now + 200) } 1 .. 200);
for my $at (@instants)
{
	my $a = below(scalar @accounts);
	my ($customer, $account, $item) = @{ $accounts[$a] };
	ask("clientele.balance('clinic', '$customer', '$account', '$item', @{[ hour($at) ]})", shown($a, balance($a, $at)));
}
$now += 100;
for my $a (0 .. $#accounts)
{
	my ($customer, $account, $item) = @{ $accounts[$a] };
	my $there = shown($a, balance($a, $now));
	my @next = soonest(grep { $_->{expires} < 9**9 && is_there($_, $now) } @{ $units{$a} // [] });
	my $expiring = shown($a, scalar grep { $_->{expires} == $next[0]{expires} } @next);
	ask("clientele.balance('clinic', $customer, '$account', '$item')", $there);
	ask("coalesce((SELECT b.balance FROM clientele.balances('clinic', $customer) AS b WHERE (b.account, b.item) = ('$account', '$item')), 0)", $there);
	ask("coalesce((SELECT b.expiring FROM clientele.balances('clinic', $customer) AS b WHERE (b.account, b.item) = ('$account', '$item')), 0)", $expiring);
	# The statement adds up, line by line, and is never below nothing.
	ask("coalesce((SELECT l.balance FROM clientele.account_statement('clinic', $customer, '$account', '$item')
	      WITH ORDINALITY AS l (at, kind, amount, balance) ORDER BY ordinality DESC LIMIT 1), 0)", $there);
	ask("count(*) FROM clientele.account_statement('clinic', $customer, '$account', '$item') WHERE balance < 0", 0);
	for my $at (map { pick(@instants) } 1 .. 3)
	{
		ask("coalesce((SELECT sum(l.amount) FROM clientele.account_statement('clinic', $customer, '$account', '$item') AS l
		      WHERE l.at <= @{[ hour($at) ]}), 0)", shown($a, balance($a, $at)));
	}
}

$node->safe_psql('postgres', join("\n", 'BEGIN;', @script, 'COMMIT;'));
my @answers = split /\n/, $node->safe_psql('postgres', 'SELECT value FROM answer ORDER BY step');
is(scalar @answers, scalar @expected, 'every call is answered');
my @differ = grep { ($answers[$_] // '') ne $expected[$_][0] } 0 .. $#expected;
is(scalar @differ, 0, 'as the model says: ' . scalar(@expected) . ' answers')
  or diag join "\n", map { "$expected[$_][1]: $answers[$_], not $expected[$_][0]" } @differ[ 0 .. ($#differ < 9 ? $#differ : 9) ];
my %kinds;
$kinds{ is_error($_->[0]) ? $_->[0] : 'value' }++ for @expected;
note join ', ', map { "$_: $kinds{$_}" } sort keys %kinds;

# ---------------------------------------------------------------------------
# Many at once
# ---------------------------------------------------------------------------

$node->safe_psql('postgres', qq{
	CREATE TABLE acknowledged (customer int, verb text, request text, amount numeric);
	CREATE SEQUENCE request;
	CREATE FUNCTION try(customer int, verb text, amount numeric) RETURNS void LANGUAGE plpgsql AS \$\$
	DECLARE
		id text := customer || '/' || nextval('request');
	BEGIN
		IF verb = 'credit' THEN
			PERFORM clientele.credit('clinic', customer, 'stored value', amount, id);
		ELSIF verb = 'spend' THEN
			PERFORM clientele.spend('clinic', customer, 'stored value', amount, id);
		ELSE
			-- perhaps there is one of that number
			PERFORM clientele.refund_spending('clinic', customer || '/' || floor(random() * lastval())::int, amount, id);
		END IF;
		INSERT INTO acknowledged VALUES (customer, verb, id, amount);
	EXCEPTION WHEN SQLSTATE 'CL006' OR undefined_object THEN
	END \$\$;
	SELECT clientele.credit('clinic', 4 + n, 'stored value', 3.00, 'first ' || n) FROM generate_series(1, 4) AS n});

for my $level ('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE')
{
	my $script = $node->basedir . '/till.sql';
	# Each transaction has its snapshot long before it spends.
	append_to_file($script, join "\n", "\\set customer random(5, 8)", '\set amount random(1, 200)', '\set verb random(1, 6)',
		"BEGIN ISOLATION LEVEL $level;", 'SELECT count(*) FROM pg_class;', '\sleep 2 ms',
		q{SELECT try(:customer, (ARRAY['credit', 'spend', 'spend', 'spend', 'refund', 'refund'])[:verb], round(:amount / 100.0, 2));}, 'COMMIT;', '');
	$node->command_checks_all(
		[ 'pgbench', '-n', '-c', 12, '-j', 2, '-t', 40, '-f', $script, $node->connstr('postgres') ],
		0, [qr/number of transactions actually processed: 480\/480/], [qr/^(?!.*(aborted|failed))/s], "$level: nobody fails");
	unlink $script;
	is($node->safe_psql('postgres', q{
		SELECT count(*) FILTER (WHERE l.balance < 0) FROM generate_series(5, 8) AS c, clientele.account_statement('clinic', c, 'stored value') AS l}),
		'0', "$level: nobody has spent what he had not");
	is($node->safe_psql('postgres', q{
		SELECT string_agg((clientele.balance('clinic', c, 'stored value') - 3 -
			(SELECT coalesce(sum(CASE a.verb WHEN 'spend' THEN -a.amount ELSE a.amount END), 0) FROM acknowledged AS a WHERE a.customer = c))::text, ' ')
		FROM generate_series(5, 8) AS c}), '0.00 0.00 0.00 0.00', "$level: what was acknowledged is what is there");
}
note $node->safe_psql('postgres', q{SELECT string_agg(verb || ' ' || n, ', ') FROM (SELECT verb, count(*) AS n FROM acknowledged GROUP BY 1 ORDER BY 1) AS v});

# The same request from many at once is one.
my $script = $node->basedir . '/same.sql';
append_to_file($script, qq{SELECT clientele.credit('clinic', 5, 'points', 10, 'same ' || n) FROM generate_series(1, 20) AS n;
SELECT clientele.spend('clinic', 5, 'points', 7, 'same spending');\n});
$node->command_checks_all([ 'pgbench', '-n', '-c', 10, '-j', 2, '-t', 2, '-f', $script, $node->connstr('postgres') ],
	0, [qr/processed: 20\/20/], [qr/^(?!.*(aborted|failed))/s], 'one request, ten sessions');
is($node->safe_psql('postgres', q{SELECT clientele.balance('clinic', 5, 'points'), count(*) FROM clientele.ledger_entry WHERE request_id LIKE 'same %'}),
	'193|21', 'each is done once') or diag $node->safe_psql('postgres', q{SELECT * FROM clientele.ledger_entry WHERE request_id LIKE 'same %'});

# Earning and memberships, at every isolation level: each bill comes from about four of ten sessions at once.
$node->safe_psql('postgres', q{SELECT clientele.define_tag('clinic', 'plan ' || n) FROM generate_series(0, 2) AS n; SELECT clientele.publish('clinic')});
$node->safe_psql('postgres', q{CALL clientele.refresh('clinic')});
$node->safe_psql('postgres', q{
	SELECT clientele.define_earn_rule('clinic', 'points', '{"term": {"from": "2000-01-01"}, "branches": "all", "after_refund": "recompute",
		"benefit": {"kind": "points", "per": 10, "points": 1}}');
	SELECT clientele.publish_promotion('clinic', 'points');
	CREATE SEQUENCE bill});
for my $level ('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE')
{
	my $script = $node->basedir . '/earn.sql';
	append_to_file($script, join "\n", qq{SELECT nextval('bill') / 4 AS bill \\gset}, '\set customer 6 + :bill % 3',
		"BEGIN ISOLATION LEVEL $level;", 'SELECT count(*) FROM pg_class;',
			q{SELECT count(*) FROM clientele.earn('clinic', :customer, 'bill ' || :bill, jsonb_build_object('amount', 95 + :bill % 10));},
			q{SELECT clientele.grant_membership('clinic', :customer, 'plan ' || :bill % 3, 'infinity', 'plan ' || :bill);}, 'COMMIT;', '');
	$node->command_checks_all(
		[ 'pgbench', '-n', '-c', 10, '-j', 2, '-t', 20, '-f', $script, $node->connstr('postgres') ],
		0, [qr/number of transactions actually processed: 200\/200/], [qr/^(?!.*(aborted|failed))/s], "$level: nobody who earns fails");
	unlink $script;
}
is($node->safe_psql('postgres', q{
	SELECT sum(clientele.balance('clinic', c, 'points')), (SELECT sum((95 + n % 10) / 10) FROM generate_series(0, 150) AS n),
	       (SELECT count(*) FROM clientele.membership) FROM generate_series(6, 8) AS c}), '1434|1434|151', 'each bill has earned once');

$node->stop;
done_testing();
