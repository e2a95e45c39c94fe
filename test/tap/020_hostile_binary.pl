# Hostile binary values over a real connection: each is refused with an error or
# becomes a value that keeps its text and its bytes, and the server lives on.
#
# HOSTILE_VALUES says how many values there are (240000), HOSTILE_SEED repeats a run.
use strict;
use warnings;

use IO::Socket::UNIX;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $values = $ENV{HOSTILE_VALUES} // 240_000;
my $seed   = $ENV{HOSTILE_SEED}   // time;
srand($seed);
note "HOSTILE_SEED=$seed";

# Values of each type whose bytes are spoiled.
my %valid = (
	expression => [
		'a = 1',
		q{days_since(last_visit) > 90 and (city in ('Suzhou', '上海') or spend / 12 >= 1.50)},
		q{case when vip then 'gold' else coalesce(level, 'none') end like 'g_ld%'},
		q{count(visits where doctor is not null last 90 days) >= 2 and "Odd ""Name""" <> 'it''s'},
		q{paid_at >= timestamp '2026-06-30 18:00:00.5+08:00' and not (b between -1 and .5e3)},
		q{mode(items.category by sum(items.amount) from 2 years ago to 3 months ago) = 'skin'},
	],
	scorecard => [
		q({"method": "additive", "characteristics": [{"name": "a", "bins": [{"points": 1}]}]}),
		q({"method": "weighted", "characteristics": [
		   {"name": "消费", "weight": 40, "value": "spend", "bins": [{"below": 5000.50, "points": 20, "reason": "little"},
		    {"below": 1e5, "points": 50}, {"points": 100}], "missing": {"points": 0}},
		   {"name": "loyalty", "weight": "visits / 2", "bins": [{"when": "visits >= 5 and city = 'Suzhou'", "points": 100,
		    "reason": "R1"}, {"points": 0}]}],
		   "tiers": [{"label": "high", "at_least": 80}, {"label": "rest"}]}),
		q({"method": "additive", "initial": -2.5, "baseline": 10, "reason_code_algorithm": "points_above",
		   "characteristics": [{"name": "b \"c\"", "value": "x", "baseline": 3, "reason_code": "B", "bins": [{"points": "x * 2"}]}]}),
	],
	model => [
		q({"time_zone": "UTC", "sources": [], "definitions": []}),
		q({"time_zone": "Asia/Shanghai", "sources": [{"name": "payment", "amount": "net", "filter": "kind <> 'x'", "future_tolerance": 0.5}],
		   "definitions": [{"kind": "parameter", "name": "days", "value": 1.80e2}, {"kind": "metric", "name": "spend", "value": "sum(payment.net)", "scale": 2},
		   {"kind": "rfm", "name": "g", "recency": "latest(payment)", "frequency": "2", "monetary": "spend", "bins": 2, "method": "mean",
		    "cuts": "recency 30; frequency 2; monetary 500", "groups": [{"label": "best", "when": "r = 2"}, {"label": "rest"}]},
		   {"kind": "scorecard", "name": "tier", "card": {"method": "additive", "characteristics": [{"name": "a", "bins": [{"points": 1}]}]}},
		   {"kind": "ladder", "name": "l", "rules": [{"label": "new", "when": "spend = 1"}]}, {"kind": "tag", "name": "贵宾", "when": "spend > days", "family": "价值"}]}),
	],
	promotion => [
		q({"term": {"from": "2026-07-01"}, "branches": "all", "benefit": {"kind": "amount off", "amount": 5}, "after_refund": "none"}),
		q({"term": {"from": "2026-07-01", "to": "2026-07-31", "days": [6, 7], "hours": {"from": "10:00", "to": "21:00"}}, "branches": ["1", "十"],
		   "audience": "tier in ('a', 'b') and not has_tag('x')", "audience_at": "bill including it", "bill": "amount > 100 and channel = 'store'",
		   "spend": {"at_least": 50000.5, "measure": "spend"}, "benefit": {"kind": "percent off", "percent": 12.5, "at_most": 2e3, "applies_to": "category = '皮肤'"},
		   "rounding": {"decimals": 1, "mode": "half even"}, "stock": {"total": 500, "per_period": {"claims": 1, "period": "month"}}, "budget": 1000000,
		   "priority": -10, "exclusive_group": "july", "stacks": false, "claim_term": {"minutes": 30}, "after_refund": "recompute",
		   "needs": {"joiners": 3, "within": {"hours": 24}}}),
		q({"term": {"from": "2026-07-01"}, "branches": "all", "after_refund": "proportional", "benefit": {"kind": "spend and reduce",
		   "steps": [{"at_least": 300, "off": 50}, {"at_least": 1000, "off": 200}]}}),
	],
	rfm => [
		'(2024-01-05 01:30:00+00,2024-06-01 08:00:00+00,7,3480.50)',
		'(2024-01-05 01:30:00.000001+00,2024-01-05 01:30:00.000001+00,1,0)',
		'(4713-01-01 00:00:00+00 BC,294276-12-31 23:59:59.999999+00,9223372036854775807,-0.01)',
		'(2024-02-29 00:00:00+00,2024-03-01 00:00:00+00,2,123456789012345678901234567890.1234567890123456789012345)',
		'(2024-02-29 00:00:00+00,2024-03-01 00:00:00+00,2,-9223372036854775808)',
		'(2024-02-29 00:00:00+00,2024-03-01 00:00:00+00,2,1e100)',
	],
	rfm_cuts => [
		'recency 30, 90, 180, 365; frequency 2, 4, 8, 12; monetary 500, 2000, 8000, 20000',
		'recency 1; frequency 1, =, =; monetary -1.5, 0, 12345678901234567890.5',
		'recency 1, 2, 3, 4, 5, 6, 7, 8; frequency 0.000001; monetary 1e-30, 1e30',
	]);

# ---------- the protocol: what psql cannot send ----------

my ($socket, $received);

sub message
{
	my ($type, $body) = @_;
	return $type . pack('N', 4 + length $body) . $body;
}

sub send_bytes
{
	my ($bytes) = @_;
	while (length $bytes)
	{
		my $n = syswrite($socket, $bytes);
		die "the server is gone: $!" unless $n;
		substr($bytes, 0, $n) = '';
	}
	return;
}

sub next_message
{
	until (length $received >= 5 && length $received >= 1 + unpack('x N', $received))
	{
		sysread($socket, $received, 65536, length $received) or die "the server hung up";
	}
	my $length = unpack('x N', $received);
	my $message = substr($received, 0, 1 + $length, '');
	return (substr($message, 0, 1), substr($message, 5));
}

# The answers up to the next ReadyForQuery: an SQLSTATE, and the row's fields.
sub answer
{
	my ($error, @fields) = ('');
	while (1)
	{
		my ($type, $body) = next_message();
		if ($type eq 'E')
		{
			($error) = $body =~ /C(.....)\0/;
			die "fatal: $body" if $body =~ /^S(FATAL|PANIC)/;
		}
		elsif ($type eq 'D')
		{
			my $at = 2;
			for (1 .. unpack('n', $body))
			{
				my $length = unpack('N', substr($body, $at, 4));
				push @fields, substr($body, $at + 4, $length);
				$at += 4 + $length;
			}
		}
		return ($error, @fields) if $type eq 'Z';
	}
}

sub connect_to
{
	my ($node) = @_;
	$socket = IO::Socket::UNIX->new(Peer => $node->host . '/.s.PGSQL.' . $node->port)
	  or die "cannot connect: $!";
	$received = '';
	my $user = getpwuid($<);
	my $startup = pack('N', 196608) . "user\0$user\0database\0postgres\0client_encoding\0UTF8\0\0";
	send_bytes(pack('N', 4 + length $startup) . $startup);
	answer();
	return;
}

# Prepares a statement of one parameter, without a name for its type.
sub prepare
{
	my ($name, $query) = @_;
	send_bytes(message('P', "$name\0$query\0" . pack('n', 0)) . message('S', ''));
	my ($error) = answer();
	die "$error: $query" if $error;
	return;
}

sub execution
{
	my ($name, $format, $value) = @_;
	return message('B', "\0$name\0" . pack('nnnN', 1, $format, 1, length $value) . $value . pack('nn', 1, 0))
	  . message('E', "\0" . pack('N', 0))
	  . message('S', '');
}

# Executes for each value; answers come to the callback, in the same order.
# What is under way stays small, or both sides could wait for each other.
sub execute_all
{
	my ($name, $format, $list, $callback) = @_;
	my $next = 0;
	while ($next < @$list)
	{
		my $first = $next;
		my $batch = '';
		do
		{
			$batch .= execution($name, $format, $list->[ $next++ ]);
		} while ($next < @$list && $next - $first < 100 && length($batch) + length($list->[$next]) < 30_000);
		send_bytes($batch);
		$callback->($list->[$_], answer()) for $first .. $next - 1;
	}
	return;
}

# ---------- spoiling ----------

my @interesting = map { pack('H*', $_) } qw(00 01 7f 80 ff 0000 7fff 8000 ffff 7fffffff 80000000 ffffffff
  c0a8 e4bd f8 eda080 f4908080 efbc8c c000 4000 27 22 5c 28 29 7b 5b 2c 20 3d 2d 2e 65 39 61);

# Cut at each byte, and each byte changed in three ways.
sub each_byte
{
	my ($bytes) = @_;
	my @spoiled;
	for my $at (0 .. length($bytes) - 1)
	{
		push @spoiled, substr($bytes, 0, $at);
		for my $byte ("\0", "\xff", chr(ord(substr($bytes, $at, 1)) ^ 0xff))
		{
			my $changed = $bytes;
			substr($changed, $at, 1) = $byte;
			push @spoiled, $changed;
		}
	}
	return @spoiled;
}

sub each_version
{
	my ($bytes) = @_;
	return (map { chr($_) . substr($bytes, 1) } 0 .. 255), (map { pack('n', $_) . substr($bytes, 2) } 0 .. 255);
}

# Half of them ASCII: other bytes are seldom text, and text goes deeper.
sub random_byte
{
	return chr(rand() < 0.5 ? 32 + rand 95 : rand 256);
}

# Up to four changes, each somewhere.
sub spoiled
{
	my ($bytes, $other) = @_;
	for (0 .. int rand 4)
	{
		my $at    = int rand(1 + length $bytes);
		my $count = int rand(1 + rand(20));
		my $way   = int rand 7;
		if ($way == 0) { substr($bytes, $at, 1) = random_byte() if $at < length $bytes }
		elsif ($way == 1) { substr($bytes, $at, $count) = '' if $at < length $bytes }
		elsif ($way == 2) { substr($bytes, $at, 0) = substr($bytes, $at, $count) if $at < length $bytes }
		elsif ($way == 3) { substr($bytes, $at, 0) = $interesting[ rand @interesting ] }
		elsif ($way == 4) { substr($bytes, $at) = substr($other, int rand(1 + length $other)) }
		elsif ($way == 5)
		{
			my $new = $interesting[ rand @interesting ];
			substr($bytes, $at, length $new) = $new if $at + length($new) <= length $bytes;
		}
		else { $bytes ^= "\0" x $at . chr(1 << int rand 8) if $at < length $bytes }
	}
	return $bytes;
}

sub random_bytes
{
	return join '', map { random_byte() } 1 .. rand 60;
}

sub hostile_values
{
	my ($count, @bytes) = @_;
	my @list = ('', "\0", "\x01", "\0\x01");
	push @list, each_byte($_) for @bytes;
	push @list, each_version($bytes[0]);
	push @list, random_bytes() for 1 .. $count / 20;
	push @list, spoiled($bytes[ rand @bytes ], $bytes[ rand @bytes ]) while @list < $count;
	return @list;
}

# ---------- the test ----------

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);

# Errors are what we want; what would be worth a line in the log is worse.
$node->append_conf('postgresql.conf', 'log_min_messages = log');
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION clientele');

my $life  = 'SELECT pg_postmaster_start_time()';
my $start = $node->safe_psql('postgres', $life);
my $total = 0;
connect_to($node);

for my $type (sort keys %valid)
{
	prepare("text_$type",   "SELECT clientele.${type}_send((\$1::text)::clientele.$type), (\$1::text)::clientele.${type}::text");
	prepare("binary_$type", "SELECT x::text, clientele.${type}_send(x) FROM (SELECT \$1::clientele.$type) AS s (x)");

	my @bytes;
	execute_all("text_$type", 0, $valid{$type},
		sub { my ($text, $error, $sent) = @_; die "$error: $text" if $error; push @bytes, pack('H*', substr($sent, 2)) });

	# What is accepted, by its text, with its bytes; and the errors.
	my %accepted;
	my %errors;
	my @list = hostile_values($values / 4, @bytes);
	execute_all("binary_$type", 1, [ @bytes, @list ],
		sub {
			my ($value, $error, $text, $sent) = @_;
			if ($error) { $errors{$error}++ }
			else { $accepted{$text} = pack('H*', substr($sent, 2)) }
		});
	$total += @list;

	# A value's own bytes and its own text give it back.
	my @changed;
	my @texts = sort keys %accepted;
	execute_all("binary_$type", 1, [ @accepted{@texts} ],
		sub { my ($value, $error, $text) = @_; push @changed, $value if $error || ($accepted{$text} // '') ne $value });
	execute_all("text_$type", 0, \@texts,
		sub { my ($value, $error, $sent, $text) = @_; push @changed, $value if $error || $text ne $value });

	is(join("\n", @changed), '', "$type: what is accepted keeps its text and its bytes");
	is(join(' ', grep { /^XX/ } keys %errors), '', "$type: no internal error");
	cmp_ok(scalar @texts, '>', @bytes, "$type: some spoiled values are values");
	note sprintf '%s: %d values, %d texts accepted, errors: %s', $type, scalar @list, scalar @texts,
	  join ', ', map { "$_ $errors{$_}" } sort keys %errors;
}

# A rule may be 65,536 bytes long, and not one more, whatever it is.
for my $type ('expression', 'scorecard')
{
	my %text = (expression => "a = '%s'", scorecard => $valid{scorecard}[0] =~ s/"a"/"%s"/r);
	my $frame = length($text{$type}) - 2;
	my @lengths = (65_535, 65_536, 65_537, 1_000_000, 20_000_000);
	my @answers;
	execute_all("binary_$type", 1, [ map { "\x01" . sprintf $text{$type}, 'x' x ($_ - $frame) } @lengths ],
		sub { my ($value, $error) = @_; push @answers, $error });
	is("@answers", ' ' . ' 54000 54000 54000', "$type: too long is too long");

	@answers = ();
	execute_all("binary_$type", 1, [ map { "\x01" . $_ x 60_000 } '(', '[', '{', '-', 'not ', 'f(' ],
		sub { my ($value, $error) = @_; push @answers, $error || "a value" });
	is(join(' ', grep { !/^(42601|54001|54000|22P02)$/ } @answers), '', "$type: too deep is too deep");
}

is($node->safe_psql('postgres', $life), $start, "after $total values the server is the one that was started");
unlike(slurp_file($node->logfile),
	qr/PANIC|FATAL|TRAP|terminated by signal|server process/, 'the log has nothing worse than errors');
cmp_ok($total, '>=', $values * 0.9, "$total hostile values");

send_bytes(message('X', ''));
$node->stop;
done_testing();
