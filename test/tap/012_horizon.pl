# Until when a value holds: random expressions, at random instants, in zones where
# days begin oddly.  For each row, with h = valid_until(row, rule, a, zone):
#
#   never late    the value at a is the value at h minus a microsecond, and at
#                 random instants and midnights between;
#   seldom early  for one comparison of elapsed time it nearly always is another at h.
#
# HORIZON_SEED and HORIZON_STEPS choose which expressions, and how many.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{HORIZON_SEED} // int(rand(1_000_000_000));
my $steps = $ENV{HORIZON_STEPS} // 9600;
my $batch_size = 100;
srand($seed);

sub one_of { return $_[ int rand @_ ]; }
sub chance { return rand() < $_[0]; }
sub between { return $_[0] + int rand($_[1] - $_[0] + 1); }

# Zones, and instants near which something happens to their days.
my @moments = (
	[ 'Asia/Shanghai', '2026-02-28 00:00+08' ], [ 'Asia/Shanghai', '2026-12-31 12:00+08' ],
	[ 'UTC', '2024-02-29 00:00+00' ], [ 'UTC', '2025-01-31 00:00+00' ],
	[ 'America/New_York', '2026-03-08 07:00+00' ], [ 'America/New_York', '2026-11-01 06:00+00' ],
	[ 'America/St_Johns', '2010-11-07 02:31+00' ], [ 'America/St_Johns', '2010-11-07 03:30+00' ],
	[ 'America/St_Johns', '2010-03-14 03:31+00' ], [ 'America/St_Johns', '2011-11-06 02:31+00' ],
	[ 'America/Sao_Paulo', '2018-11-04 03:00+00' ], [ 'America/Sao_Paulo', '2018-02-18 02:00+00' ],
	[ 'Pacific/Apia', '2011-12-30 10:00+00' ], [ 'Asia/Kathmandu', '2028-02-28 18:15+00' ],
	[ 'Africa/Casablanca', '2026-02-15 02:00+00' ], [ 'America/Havana', '2026-03-08 05:00+00' ]);

# ---------------------------------------------------------------------------
# Expressions.  None can fail: what a failure gives is in test/sql/horizon.sql.
# ---------------------------------------------------------------------------

my $anchor_year;

sub date_literal
{
	return sprintf "date '%04d-%02d-%02d'", $anchor_year + between(-2, 2), between(1, 12), one_of(1, 15, 28, between(1, 28));
}

sub comparison { return one_of('=', '<>', '<', '<=', '>', '>='); }

sub whole { return one_of(between(-3, 3), between(-40, 400), between(0, 31)); }

sub constant { return chance(0.85) ? whole() : whole() . '.5'; }

sub instant_column { return one_of('visit', 'seen', 'booked'); }

sub day_column { return one_of('born', 'due'); }

sub moment { return chance(0.5) ? day_column() : instant_column(); }

# How long ago; a number that only time moves.
sub elapsed
{
	my $of = moment();
	my $day = $of =~ /born|due/ ? $of : "date($of)";
	return one_of("days_since($of)", "days_since($of)", "months_since($of)", "years_since($of)", "age($of)",
		"(today() - $day)", "($day - today())", "round(days_since($of))", "floor(months_since($of))");
}

sub part { return one_of('month', 'day', 'weekday') . '(today())'; }

sub part_value { return one_of(between(0, 8), between(1, 12), between(1, 31)); }

# One comparison of elapsed time.
sub solved_comparison
{
	my $kind = int rand 11;
	my $op = comparison();

	return elapsed() . " $op " . constant() if $kind <= 1;
	return constant() . " $op " . elapsed() if $kind == 2;
	return elapsed() . one_of(' between ', ' not between ') . whole() . ' and ' . whole() if $kind == 3;
	return elapsed() . one_of(' in (', ' not in (') . join(', ', map { whole() } 1 .. between(1, 6)) . ')' if $kind == 4;
	return "today() $op " . one_of(day_column(), date_literal()) if $kind == 5;
	return one_of(day_column(), date_literal()) . " $op today() " . one_of('+', '-') . ' ' . between(0, 60) if $kind == 6;
	return part() . " $op " . part_value() if $kind == 7;
	return part() . one_of(' in (', ' not in (') . join(', ', map { part_value() } 1 .. between(1, 4)) . ')' if $kind == 8;
	return chance(0.5) ? "now() $op " . instant_column() : instant_column() . " $op now()" if $kind == 9;
	return 'coalesce(' . elapsed() . ', ' . whole() . ") $op " . constant();
}

sub number
{
	my ($depth) = @_;
	my $kind = int rand($depth <= 0 ? 5 : 15);

	return one_of('n', 'spent') if $kind == 0;
	return constant() if $kind == 1;
	return elapsed() if $kind <= 3;
	return one_of('month', 'day', 'weekday') . '(' . one_of(moment(), 'today()') . ')' if $kind == 4;
	return '(' . number($depth - 1) . one_of(' + ', ' - ', ' * ') . number($depth - 1) . ')' if $kind <= 6;
	return '(' . number($depth - 1) . ' / ' . between(1, 40) . ')' if $kind == 7;
	return one_of('abs', 'floor', 'round', '-') . '(' . number($depth - 1) . ')' if $kind == 8;
	return 'coalesce(' . join(', ', map { number($depth - 1) } 1 .. between(1, 3)) . ')' if $kind == 9;
	return one_of('least', 'greatest') . '(' . join(', ', map { number($depth - 1) } 1 .. between(1, 3)) . ')' if $kind == 10;
	return '(' . day($depth - 1) . ' - ' . day($depth - 1) . ')' if $kind == 11;
	return one_of('days_since', 'months_since', 'age', 'month', 'weekday') . '(' . day($depth - 1) . ')' if $kind == 12;
	return choice($depth, \&number);
}

sub day
{
	my ($depth) = @_;
	my $kind = int rand($depth <= 0 ? 5 : 8);

	return day_column() if $kind <= 1;
	return 'today()' if $kind == 2;
	return date_literal() if $kind == 3;
	return 'date(' . instant_column() . ')' if $kind == 4;
	return day($depth - 1) . one_of(' + ', ' - ') . one_of('n', between(0, 400), 'days_since(' . moment() . ')', 'floor(' . number($depth - 1) . ' / 9)') if $kind == 5;
	return 'coalesce(' . day($depth - 1) . ', ' . day($depth - 1) . ')' if $kind == 6;
	return choice($depth, \&day);
}

sub choice
{
	my ($depth, $value) = @_;
	my $text = 'case';
	$text .= ' when ' . condition($depth - 1) . ' then ' . $value->($depth - 1) for 1 .. between(1, 3);
	$text .= ' else ' . $value->($depth - 1) if chance(0.7);
	return "$text end";
}

sub condition
{
	my ($depth) = @_;
	my $kind = int rand($depth <= 0 ? 6 : 14);

	return solved_comparison() if $kind <= 2;
	return one_of('active', "city = 'wuxi'", "city like 'n%'", 'n > 3', 'spent <= 100.5', "starts_with(city, 's')") if $kind == 3;
	return moment() . one_of(' is null', ' is not null') if $kind == 4;
	return one_of('now()', instant_column()) . ' between ' . instant_column() . ' and ' . one_of('now()', instant_column()) if $kind == 5;
	return '(' . join(one_of(' and ', ' or '), map { condition($depth - 1) } 1 .. between(2, 3)) . ')' if $kind <= 8;
	return 'not (' . condition($depth - 1) . ')' if $kind == 9;
	return number($depth - 1) . ' ' . comparison() . ' ' . number($depth - 1) if $kind == 10;
	return day($depth - 1) . ' ' . comparison() . ' ' . day($depth - 1) if $kind == 11;
	return one_of(number($depth - 1), day($depth - 1)) . one_of(' is null', ' is not null') if $kind == 12;
	return number($depth - 1) . one_of(' between ', ' not between ') . number($depth - 1) . ' and ' . number($depth - 1);
}

# ---------------------------------------------------------------------------
# The run
# ---------------------------------------------------------------------------

my $schema = <<'SQL';
CREATE EXTENSION clientele;
CREATE SCHEMA horizon;
SET search_path = horizon, clientele, public;
CREATE TABLE subject (id int, born date, due date, visit timestamptz, seen timestamp, booked timestamptz, n int, spent numeric(9,2), city text, active bool);
CREATE TABLE late (rule text, id int, zone text, as_of timestamptz, valid_until timestamptz, probe timestamptz, then_was text, probe_is text);
CREATE TABLE tally (kind text PRIMARY KEY, answers bigint NOT NULL DEFAULT 0, ends bigint NOT NULL DEFAULT 0, changed bigint NOT NULL DEFAULT 0);
INSERT INTO tally VALUES ('single'), ('any'), ('retreat');

CREATE FUNCTION some_days() RETURNS int LANGUAGE sql VOLATILE AS $$
    SELECT (CASE (random() * 4)::int WHEN 0 THEN random() * 6 - 3 WHEN 1 THEN random() * 80 - 60 ELSE random() * 1200 - 900 END)::int $$;

-- People whose days lie around that of the anchor, some at the ends of months.
CREATE FUNCTION populate(anchor timestamptz) RETURNS void LANGUAGE sql AS $$
    DELETE FROM subject;
    INSERT INTO subject SELECT g,
        CASE WHEN g % 8 = 1 THEN NULL WHEN g = 2 THEN 'infinity' WHEN g % 5 = 0 THEN date_trunc('month', anchor::date + some_days())::date - 1
             WHEN g % 7 = 0 THEN date '2000-02-29' ELSE anchor::date + some_days() - (random() * 30)::int * 365 END,
        CASE WHEN g % 9 = 1 THEN NULL WHEN g = 3 THEN '-infinity' ELSE anchor::date + some_days() END,
        CASE WHEN g % 8 = 2 THEN NULL WHEN g = 4 THEN 'infinity' ELSE anchor + some_days() * interval '1 day' + random() * interval '1 day' END,
        CASE WHEN g % 8 = 3 THEN NULL ELSE date_trunc('hour', anchor::timestamp + some_days() * interval '1 day') END,
        CASE WHEN g % 8 = 4 THEN NULL ELSE anchor + (random() - 0.3) * interval '9 days' END,
        CASE WHEN g % 6 = 5 THEN NULL ELSE (random() * 8)::int END,
        CASE WHEN g % 6 = 4 THEN NULL ELSE (random() * 200)::numeric END,
        (ARRAY['wuxi', 'ningbo', 'suzhou', NULL])[1 + g % 4], (ARRAY[true, false, NULL])[1 + g % 3]
    FROM generate_series(1, 20) AS g $$;

CREATE FUNCTION step(kind_of_rule text, rule expression, zone text, as_of timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    s subject;
    h timestamptz;
    value text;
    probe timestamptz;
    other text;
    stretch interval;
    given int := 0;
    ended int := 0;
    turned int := 0;
BEGIN
    FOR s IN SELECT * FROM subject LOOP
        h := valid_until(s, rule, as_of, zone);
        value := evaluate_text(s, rule, as_of, zone);
        given := given + 1;
        stretch := coalesce(h, as_of + interval '7 years') - as_of;
        IF h <= as_of THEN
            INSERT INTO late VALUES (rule, s.id, zone, as_of, h, NULL, 'not after', 'as_of');
        END IF;
        FOR i IN 1 .. 7 LOOP
            probe := CASE WHEN i = 1 THEN coalesce(h, as_of + stretch) - interval '1 microsecond'
                          WHEN i <= 4 THEN as_of + stretch * random() ^ (i * i)
                          ELSE ((as_of + stretch * random() ^ ((i - 4) * 3)) AT TIME ZONE zone)::date::timestamp AT TIME ZONE zone END;
            CONTINUE WHEN probe <= as_of OR probe >= h;
            other := evaluate_text(s, rule, probe, zone);
            IF other IS DISTINCT FROM value THEN
                INSERT INTO late VALUES (rule, s.id, zone, as_of, h, probe, value, other);
            END IF;
        END LOOP;
        IF h IS NOT NULL THEN
            ended := ended + 1;
            turned := turned + (evaluate_text(s, rule, h, zone) IS DISTINCT FROM value)::int;
        END IF;
    END LOOP;
    UPDATE tally AS t SET answers = t.answers + given, ends = t.ends + ended, changed = t.changed + turned
    WHERE t.kind = kind_of_rule;
EXCEPTION WHEN datetime_field_overflow THEN
    NULL;                   -- a day after the last there is: an error, which has no horizon
END $$;
SQL

note "seed $seed: HORIZON_SEED=$seed makes the same steps again";

my $node = PostgreSQL::Test::Cluster->new('horizon');
$node->init(extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ]);
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\njit = off\ntimezone = 'UTC'");
$node->start;
$node->safe_psql('postgres', $schema);

my $done = 0;
while ($done < $steps)
{
	my ($zone, $anchor) = @{ $moments[ ($done / $batch_size) % @moments ] };
	($anchor_year) = $anchor =~ /^(\d+)/;
	my $script = "SET search_path = horizon, clientele, public; SELECT setseed(" . rand() . ");\n"
		. "BEGIN; SELECT populate('$anchor');\n";
	for (1 .. $batch_size)
	{
		my $kind = chance(0.4) ? 'single' : 'any';
		my $depth = between(1, 3);
		my $rule = $kind eq 'single' ? solved_comparison() : one_of(condition($depth), number($depth), day($depth));
		redo if length($rule) > 3000;

		# while the day is going to go back, all ends are then at the latest
		$kind = 'retreat' if $zone eq 'America/St_Johns';
		my $offset = one_of("interval '0'", "interval '-1 microsecond'", "interval '" . between(-7200, 7200) . " seconds'",
			"interval '" . between(-4_000_000, 4_000_000) . " seconds'",
			"interval '" . between(-3, 3) . " days'");
		$script .= "SELECT step('$kind', \$rule\$$rule\$rule\$, '$zone', timestamptz '$anchor' + $offset);\n";
	}
	$node->safe_psql('postgres', "$script COMMIT;");
	$done += $batch_size;
}

my %share;
for my $kind ('single', 'any', 'retreat')
{
	my ($answers, $ends, $changed) = split /\|/, $node->safe_psql('postgres',
		"SELECT answers, ends, changed FROM horizon.tally WHERE kind = '$kind'");
	$share{$kind} = $changed / ($ends || 1);
	note sprintf '%s: %d answers, %d with an end, at %.1f %% of which the value changed', $kind, $answers, $ends, 100 * $share{$kind};
	cmp_ok($ends, '>=', $steps / 2, "$kind: answers have ends");
}
cmp_ok($share{single}, '>=', 0.92, 'comparisons of elapsed time are seldom early');
cmp_ok($share{any}, '>=', 0.7, 'others are not always early');
my $late = $node->safe_psql('postgres', 'SELECT count(*) FROM horizon.late');
is($late, 0, "no value changes before its time (seed $seed)");
diag $node->safe_psql('postgres',
	q{SELECT format(E'%s, row %s, %s, at %s until %s: %s; at %s: %s\n%s\n', rule, l.id, zone, as_of, valid_until, then_was, probe, probe_is, to_jsonb(s))
	  FROM horizon.late AS l JOIN horizon.subject AS s USING (id) ORDER BY length(rule) LIMIT 8}) if $late;

$node->stop;
done_testing();
