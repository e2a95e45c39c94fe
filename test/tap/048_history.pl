# History: a random clinic in a random zone, whose past is filled in and whose days are
# summed up.  The feed and the days say what plain SQL says of the facts: of each day in the
# past as the facts are when it is filled in, of each day that was lived as they were at its end;
# money always as the facts are.  Payments are backdated, changed, moved and deleted meanwhile,
# customers come, go and are forgotten.  A back-fill that is broken off and called again
# writes what one does that was not, whatever was paid in between.
#
# HISTORY_SEED and HISTORY_DAYS choose which, and how many.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{HISTORY_SEED} // time;
my $days = $ENV{HISTORY_DAYS} // 12;
srand($seed);
my $zone = ('Asia/Shanghai', 'America/New_York', 'America/St_Johns', 'Australia/Lord_Howe')[ rand 4 ];
note "HISTORY_SEED=$seed HISTORY_DAYS=$days zone $zone";

my $node = PostgreSQL::Test::Cluster->new('clinic');
$node->init;
$node->start;

sub sql { return $node->safe_psql('postgres', "SET client_min_messages = warning; SET TimeZone = '$zone'; $_[0]") }

sub clock { return "DO \$clock\$ BEGIN PERFORM set_config('clientele.clock', ($_[0])::text, false); END \$clock\$; " }

# Sets the clock; a local time.
sub at { return clock("timestamptz '$_[0]'") }

# Sets it to an hour after a day has ended.
sub after { return clock("ends($_[0]) + interval '1 hour'") }

sub below { return int(rand $_[0]) }

# ---------------------------------------------------------------------------
# The clinic, and what plain SQL says of it
# ---------------------------------------------------------------------------

my $day = '2010-11-08';    # after which some of these zones change their clocks
my $customers = 40;

sql(qq{
	CREATE EXTENSION clientele;
	CREATE TABLE customer (id int PRIMARY KEY);
	CREATE TABLE payment (payment_id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id int, paid_at timestamptz, net numeric(12,2), kind text, branch int);
	CREATE TABLE topup (id int, day date, amount numeric(12,2));
	CREATE INDEX ON payment (id, paid_at);
	INSERT INTO customer SELECT generate_series(1, $customers);
	SELECT setseed(@{[ rand ]});
	INSERT INTO payment (id, paid_at, net, kind, branch)
	SELECT 1 + floor(random() * $customers), date_trunc('minute', timestamptz '$day' - random() * interval '110 days'),
	       CASE WHEN random() < 0.95 THEN floor(random() * 300) END, CASE WHEN random() < 0.8 THEN 'sale' ELSE 'deposit' END,
	       CASE WHEN random() < 0.9 THEN floor(random() * 3) END
	FROM generate_series(1, 500);
	INSERT INTO topup SELECT 1 + floor(random() * $customers), date '$day' - floor(random() * 110)::int, floor(random() * 100) FROM generate_series(1, 100);
	-- events of other days of two clocks, just before and after midnight
	INSERT INTO payment (id, paid_at, net, kind, branch)
	SELECT 1 + g % $customers, (date '$day' - g)::timestamptz + (g % 3 - 1) * interval '1 microsecond', 7, 'sale', g % 2 FROM generate_series(1, 60) AS g;

	CREATE FUNCTION spent(who int, as_of timestamptz) RETURNS numeric LANGUAGE sql STABLE AS \$\$
		SELECT coalesce(sum(p.net), 0) FROM payment AS p
		WHERE p.id = who AND p.kind = 'sale' AND p.paid_at <= as_of AND p.paid_at::date > as_of::date - 30 \$\$;
	CREATE FUNCTION home(who int, as_of timestamptz) RETURNS text LANGUAGE sql STABLE AS \$\$
		SELECT p.branch::text FROM payment AS p
		WHERE p.id = who AND p.kind = 'sale' AND p.paid_at <= as_of AND p.branch IS NOT NULL ORDER BY p.paid_at DESC, p.branch DESC LIMIT 1 \$\$;
	CREATE FUNCTION said(as_of timestamptz) RETURNS TABLE (id int, name text, label text, branch text) LANGUAGE sql STABLE AS \$\$
		SELECT c.id, l.name, l.label, home(c.id, as_of)
		FROM customer AS c CROSS JOIN LATERAL (VALUES
			('级别', CASE WHEN spent(c.id, as_of) >= 400 THEN '金' WHEN spent(c.id, as_of) > 0 THEN '银' END),
			('home', home(c.id, as_of)),
			('近期', (SELECT '近期' FROM payment AS p WHERE p.id = c.id AND p.kind = 'sale' AND p.paid_at <= as_of AND p.paid_at::date > as_of::date - 5 LIMIT 1)),
			('topped', (SELECT 'topped' FROM topup AS t WHERE t.id = c.id AND t.day::timestamptz <= as_of LIMIT 1))) AS l (name, label)
		WHERE l.label IS NOT NULL \$\$;
	CREATE FUNCTION ends(day date) RETURNS timestamptz LANGUAGE sql STABLE AS \$\$
		SELECT (day + 1)::timestamptz - interval '1 microsecond' \$\$;
	CREATE TABLE told (day date, id int, name text, label text, branch text);
	CREATE TABLE gone (id int);
	CREATE FUNCTION expected() RETURNS TABLE (day date, name text, label text, branch text, customers bigint, revenue numeric) LANGUAGE sql STABLE AS \$\$
		SELECT t.day, t.name, t.label, t.branch, count(*), coalesce(sum(p.net), 0)
		FROM told AS t LEFT JOIN (SELECT p.id, p.paid_at::date AS day, sum(p.net) AS net FROM payment AS p JOIN customer USING (id)
		                          WHERE p.kind = 'sale' GROUP BY 1, 2) AS p ON p.id = t.id AND p.day = t.day
		WHERE t.id NOT IN (SELECT g.id FROM gone AS g) GROUP BY 1, 2, 3, 4 \$\$;});

sub make_population
{
	my ($name, $table) = @_;
	sql(at("$day 12:00") . qq{
	SELECT clientele.create_population('$name', '$table', 'id', '$zone'),
	       clientele.set_parameter('$name', 'most', 1000000),
	       clientele.add_source('$name', 'payment', 'payment', 'id', 'paid_at', amount => 'net', filter => 'kind = ''sale'' and coalesce(net, 0) < most'),
	       clientele.add_source('$name', 'topup', 'topup', 'id', 'day', amount => 'amount'),
	       clientele.set_revenue('$name', 'payment'),
	       clientele.define_metric('$name', 'home', 'last(payment.branch)', 0),
	       clientele.define_metric('$name', 'spent', 'sum(payment.net last 30 days)', 2),
	       clientele.define_ladder('$name', '级别', '[{"label":"金","when":"spent >= 400"},{"label":"银","when":"spent > 0"}]'),
	       clientele.define_tag('$name', '近期', 'count(payment last 5 days) > 0'),
	       clientele.define_tag('$name', 'topped', 'count(topup) > 0'),
	       clientele.set_branch('$name', 'home'),
	       clientele.publish('$name')});
	sql(at("$day 12:00") . "CALL clientele.refresh('$name')");
	return;
}

# Days that differ, and what is wrong with the intervals of the feed.
sub differing
{
	my ($name, $which) = @_;
	return sql(qq{
	SELECT '+', e.* FROM (SELECT * FROM expected() EXCEPT ALL SELECT * FROM segments.${name}_daily) AS e WHERE $which
	UNION ALL
	SELECT '-', d.* FROM (SELECT * FROM segments.${name}_daily EXCEPT ALL SELECT * FROM expected()) AS d WHERE $which
	ORDER BY 2, 3, 4, 5, 1 LIMIT 10});
}

sub broken_chains
{
	my ($name, $now) = @_;
	return sql($now . qq{
	WITH flip AS (
		SELECT *, row_number() OVER (PARTITION BY id, name ORDER BY cause <> 'backfill', CASE cause WHEN 'backfill' THEN effective_at END, position) AS n
		FROM segments.${name}_change)
	SELECT a.id, a.name, a.position, b.position FROM flip AS a JOIN flip AS b ON b.id = a.id AND b.name = a.name AND b.n = a.n + 1
	WHERE a.to_label IS DISTINCT FROM b.from_label OR a.effective_at > b.effective_at
	UNION ALL
	SELECT m.id, m.name, 0, count(*) FROM segments.${name}_membership AS m WHERE m.valid_to IS NULL GROUP BY 1, 2 HAVING count(*) > 1
	UNION ALL
	SELECT coalesce(m.id, n.id), coalesce(m.name, n.name), 0, 0
	FROM (SELECT * FROM segments.${name}_membership WHERE valid_to IS NULL) AS m
	FULL JOIN (SELECT id, l.name, l.label FROM segments.$name AS s CROSS JOIN LATERAL (VALUES ('级别', s."级别"), ('home', s.home::text)) AS l (name, label) WHERE l.label IS NOT NULL
	           UNION ALL SELECT id, tag, tag FROM segments.${name}_tag) AS n ON n.id = m.id AND n.name = m.name
	WHERE m.label IS DISTINCT FROM n.label
	LIMIT 10});
}

# ---------------------------------------------------------------------------
# The past: every change at its instant
# ---------------------------------------------------------------------------

make_population('clinic', 'customer');
sql("INSERT INTO told SELECT d::date, s.* FROM generate_series(date '$day' - 100, date '$day' - 1, interval '1 day') AS d CROSS JOIN LATERAL said(ends(d::date)) AS s");

my $clock = at("$day 12:00");
sql("$clock CALL clientele.backfill_history('clinic', date '$day' - 60)");
is(differing('clinic', "day >= date '$day' - 60"), '', 'days of the past are what plain SQL says of each');
is(sql("SELECT min(day) = date '$day' - 60 FROM segments.clinic_daily"), 't', 'from the first day on');
sql("$clock CALL clientele.backfill_history('clinic', date '$day' - 100)");
is(differing('clinic', 'true'), '', 'and so are those before, filled in later');
is(broken_chains('clinic', $clock), '', 'what was filled in meets what was seen');
is(sql("$clock SELECT count(*) FROM clientele.verify('clinic')"), '0', 'stored rows are as they were');

my ($status, $output, $messages) = $node->psql('postgres', "SET TimeZone = '$zone'; $clock CALL clientele.backfill_history('clinic', date '$day' - 50)");
like($messages, qr/tells of all from \d+-\d+-\d+ on, so nothing is filled in/, 'what is there is not filled in again');

# ---------------------------------------------------------------------------
# The past: in steps
# ---------------------------------------------------------------------------

make_population('weeks', 'customer');
sql("$clock CALL clientele.backfill_history('weeks', date '$day' - 98, date '$day' - 14, '7 days', 7)");
is(differing('weeks', "(day - date '$day') % 7 = 0 AND day <= date '$day' - 14"), '', 'of each day that was asked for');
is(sql("SELECT count(*) FROM segments.weeks_change WHERE cause <> 'backfill' OR effective_at <> '$day 12:00'
        AND (effective_at <> ends(effective_at::date) OR (effective_at::date - date '$day') % 7 <> 0)"), '0', 'changes stand at these days, or where the feed begins');
is(broken_chains('weeks', $clock), '', 'steps meet what was seen');

# ---------------------------------------------------------------------------
# Days that are lived
# ---------------------------------------------------------------------------

sub something_happens
{
	my ($now) = @_;
	my $who = "(SELECT id FROM customer ORDER BY random() LIMIT 1)";
	my $what = "(SELECT payment_id FROM payment ORDER BY random() LIMIT 1)";
	my $pay = sub { "INSERT INTO payment (id, paid_at, net, kind, branch) VALUES ($who, date_trunc('minute', timestamptz '$now' $_[0]), @{[ below(300) ]}, 'sale', @{[ below(3) ]})" };
	my @happens = (
		sub { $pay->('') }, sub { $pay->('') }, sub { $pay->('') },
		sub { $pay->("- interval '" . below(90) . " days'") },
		sub { $pay->("+ interval '" . below(60) . " hours'") },
		sub { "UPDATE payment SET net = " . below(500) . " WHERE payment_id = $what" },
		sub { "UPDATE payment SET id = $who WHERE payment_id = $what" },
		sub { "UPDATE payment SET paid_at = paid_at - interval '1 day', kind = 'sale' WHERE payment_id = $what" },
		sub { "DELETE FROM payment WHERE payment_id = $what" },
		sub { "INSERT INTO customer VALUES (" . (++$customers) . ")" },
		sub { "DELETE FROM customer WHERE id = $who" },
		sub {
			my $id = sql("SELECT id FROM customer WHERE id NOT IN (TABLE gone) ORDER BY random() LIMIT 1");
			sql("SELECT clientele.forget('clinic', $id); INSERT INTO gone VALUES ($id)");
			return 'SELECT 1';
		});
	sql($happens[ below(scalar @happens) ]->());
	return;
}

my $wrong = '';
for my $n (0 .. $days - 1)
{
	my $today = sql("SELECT date '$day' + $n");
	for my $hour (sort { $a <=> $b } map { 13 + below(10) } 0 .. below(6))
	{
		something_happens("$today $hour:30");
		sql(at("$today $hour:31") . "CALL clientele.refresh('clinic', 1 + " . below(9) . ")") if below(2);
		sql(at("$today $hour:32") . "CALL clientele.refresh_summaries('clinic')") if below(5) == 0;
	}
	sql(clock("ends('$today')") . "CALL clientele.refresh('clinic')");
	sql("INSERT INTO told SELECT '$today', s.* FROM said(ends('$today')) AS s");
	next if below(3) == 0 && $n < $days - 1;

	# what was entered late is in it, whatever day it is of
	sql(after("'$today'") . "CALL clientele.refresh('clinic'); CALL clientele.refresh_summaries('clinic')");
	$wrong = differing('clinic', 'true');
	last if $wrong;
}
is($wrong, '', 'days that were lived are what plain SQL said at their ends, and money is what it says now');
is(broken_chains('clinic', after("date '$day' + $days - 1")), '', 'and the feed has no gap');
sql(after("date '$day' + $days - 1") . "DELETE FROM clientele.summary; CALL clientele.refresh_summaries('clinic')");
is(differing('clinic', 'true'), '', 'all summed up anew says the same');

# ---------------------------------------------------------------------------
# Broken off, and called again
# ---------------------------------------------------------------------------

sql(q{CREATE TABLE many (id int PRIMARY KEY); INSERT INTO many SELECT generate_series(1, 3000)});
make_population($_, 'many') for 'whole', 'broken', 'fresh', 'other';
my $fill = "CALL clientele.backfill_history('%s', date '$day' - 40, batch => %d)";
sql("$clock" . sprintf($fill, 'whole', 100000));

# Breaks a back-fill off in the middle.
sub break_off
{
	my ($name, $way) = @_;
	my $run = "clientele.history JOIN clientele.population USING (population_id) WHERE name = '$name'";
	my $before = sql("SELECT coalesce(done_from::int, 3001) FROM $run");
	my $filler = $node->background_psql('postgres', on_error_stop => 0);
	$filler->query_safe("SET client_min_messages = warning; SET TimeZone = '$zone'; $clock");
	my $pid = $filler->query_safe('SELECT pg_backend_pid()');
	$filler->{stdin} .= sprintf($fill, $name, 1) . ";\n";
	$filler->{run}->pump_nb;
	$node->poll_query_until('postgres', "SELECT done_from::int < $before - 20 FROM $run");
	is(sql("SELECT count(*) FROM clientele.refresh_progress WHERE population = '$name' AND phase = 'backfill' AND total = 3000 AND done > 0"), '1', 'progress is seen');
	sql(at("$day 12:30") . "INSERT INTO payment (id, paid_at, net, kind, branch) SELECT g, '$day 12:20', 500, 'sale', 1 FROM generate_series(1, 3000, 100) AS g; CALL clientele.refresh('$name')");
	sql("SELECT $way($pid)");
	$node->poll_query_until('postgres', $way eq 'pg_cancel_backend' ? "SELECT state = 'idle' FROM pg_stat_activity WHERE pid = $pid" : "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $pid)");
	is(sql("SELECT done_from::int BETWEEN 2 AND $before - 21 FROM $run"), 't', "$way: broken off in the middle");
	eval { $filler->quit };
	return;
}

sub differing_history
{
	my @changes = map { "SELECT id, name, from_label, to_label, effective_at, model_version FROM segments.${_}_change WHERE cause = 'backfill'" } @_;
	return sql("SELECT count(*) FROM (($changes[0] EXCEPT ALL $changes[1]) UNION ALL ($changes[1] EXCEPT ALL $changes[0])) AS x");
}

break_off('broken', 'pg_cancel_backend');
break_off('broken', 'pg_terminate_backend');
my ($left, $again) = split /\|/, sql("SELECT value, hint FROM clientele.status('broken') WHERE item = 'back-fill'");
like($left, qr/^not finished: from [-\d]+, customers from \d+ on$/, 'status says so');
sql("$clock $again");
is(differing_history('whole', 'broken'), '0', 'called again it writes what was missing, and nothing twice');
is(sql("SELECT count(*) > 0 FROM segments.broken_change WHERE cause = 'backfill'"), 't', 'there was something to write');
is(broken_chains('broken', at("$day 12:30")), '', 'payments in between follow on it');

break_off('other', 'pg_cancel_backend');
sql("$clock CALL clientele.backfill_history('$_', date '$day' - 20, every => '5 days')") for 'fresh', 'other';
is(differing_history('fresh', 'other'), '0', 'with other dates it begins anew');
is(broken_chains('other', at("$day 12:30")), '', 'and leaves nothing of the first');

done_testing();
