# Random expressions against plain SQL.
#
# Each expression is made twice from one random tree: as text of the language,
# with only the parentheses its precedence needs, and as SQL, fully bracketed,
# with every rule of the language written out by other means (see the schema
# "oracle" below).  Both are evaluated on every row of a table that has a column
# of each type and the awkward values of it; values, NULLs and SQLSTATEs must be
# the same.
#
#   ORACLE_SEED          another seed gives other expressions (default 1)
#   ORACLE_EXPRESSIONS   how many (default 3000)
use strict;
use warnings;
use utf8;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{ORACLE_SEED} // 1;
my $expressions = $ENV{ORACLE_EXPRESSIONS} // 3000;
my $batch_size = 100;
my $greatest_depth = 6;

srand($seed);

# ---------------------------------------------------------------------------
# The table, and the rules of the language in SQL
# ---------------------------------------------------------------------------

my $schema = <<'SQL';
CREATE EXTENSION clientele;
CREATE SCHEMA oracle;
SET search_path = clientele, oracle, public;

CREATE TYPE oracle.level AS ENUM ('platinum', 'gold', 'silver', '普通');
CREATE DOMAIN oracle.money AS numeric(12,2) CHECK (value IS NULL OR value > -1000000);

-- With a hole where a column was dropped, and one added later.
CREATE TABLE oracle.subject (
    id int PRIMARY KEY,
    i2 int2, gone text, i4 int4, i8 int8, n numeric, m oracle.money, big numeric, f4 float4, f8 float8,
    t text, v varchar(20), c char(8), nm name, lv oracle.level, u uuid,
    b boolean, "or" boolean,
    d date, "生日" date, ts timestamp, tz timestamptz, tz2 timestamptz,
    tags text[], "last" varchar(10)[]);
INSERT INTO oracle.subject (id, gone) SELECT i, 'x' FROM generate_series(1, 46) AS i;
ALTER TABLE oracle.subject DROP COLUMN gone;
ALTER TABLE oracle.subject ADD COLUMN doc jsonb;

-- The value of number `salt` for row `id`: a fixed shuffle of each list.  Row 1
-- has NULLs only.
CREATE FUNCTION oracle.pick(list text[], id int, salt int) RETURNS text IMMUTABLE RETURN
    CASE WHEN id = 1 THEN NULL
         ELSE list[1 + abs(hashint4(id * 31 + salt)::bigint) % array_length(list, 1)] END;

UPDATE oracle.subject SET
    i2 = oracle.pick('{0,1,-1,7,30,32767,-32768,NULL}', id, 1)::int2,
    i4 = oracle.pick('{0,1,2,-3,12,365,2147483647,-2147483648,NULL,5}', id, 2)::int4,
    i8 = oracle.pick('{0,1,-1,1000000007,9223372036854775807,-9223372036854775808,NULL,4}', id, 3)::int8,
    n = oracle.pick('{0,0.00,1.50,1.5,-2.5,2.5,0.5,-0.5,NaN,Infinity,-Infinity,12345678901234567890.123456789,1e-20,99.995,-0.005,9999999999,1e30,NULL,3,20000}', id, 4)::numeric,
    m = oracle.pick('{0,19.99,-0.01,100,9999999999.99,NULL,0.1}', id, 5)::numeric,
    big = CASE id WHEN 7 THEN 1e70000 WHEN 8 THEN -1e-3000 WHEN 9 THEN NULL ELSE id END,
    f4 = oracle.pick('{0,-0,0.1,16777217,1e30,-2.5,NaN,Infinity,NULL,3.4028235e38,1e-40}', id, 6)::float4,
    f8 = oracle.pick('{0,-0,0.1,0.30000000000000004,1e15,123456789012345678,1e300,-1e-300,NaN,Infinity,-Infinity,NULL,2.5,7}', id, 7)::float8,
    t = oracle.pick(ARRAY['', 'a', 'A', 'ab', 'a%b', 'a_b', 'a\b', '双眼皮', '皮肤', '皮', 'É', 'z ', ' z', 'it''s', '😀x', 'gold', '10', '9', NULL], id, 8),
    v = oracle.pick(ARRAY['a', 'gold', '皮肤', '', 'abc', 'ab ', NULL], id, 9),
    c = oracle.pick(ARRAY['a', 'ab', '皮肤', '', 'a b', 'gold', NULL], id, 10),
    nm = oracle.pick(ARRAY['a', 'Gold', '皮肤', '', NULL], id, 11)::name,
    lv = oracle.pick(ARRAY['platinum', 'gold', 'silver', '普通', NULL], id, 12)::oracle.level,
    u = oracle.pick(ARRAY['00000000-0000-0000-0000-000000000000', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'ffffffff-ffff-ffff-ffff-ffffffffffff', NULL], id, 13)::uuid,
    b = oracle.pick(ARRAY['t', 'f', NULL], id, 14)::boolean,
    "or" = oracle.pick(ARRAY['t', 'f', NULL], id, 15)::boolean,
    d = oracle.pick(ARRAY['2000-02-29', '1999-12-31', '2024-02-29', '2023-02-28', '2026-03-31', '2026-02-28', '2025-08-31', '2030-01-01', '0001-01-01', '9999-12-31', '0044-03-15 BC', 'infinity', '-infinity', NULL, '2011-12-30', '2010-11-07'], id, 16)::date,
    "生日" = oracle.pick(ARRAY['1984-02-29', '1990-07-01', '2001-10-31', '2008-12-25', '2026-06-30', NULL], id, 17)::date,
    ts = oracle.pick(ARRAY['2026-03-08 02:30', '2026-11-01 01:30', '2011-12-30 12:00', '2010-11-07 00:00:30', '2018-11-04 00:30', '2026-06-30 23:59:59.999999', '1901-01-01', '0100-05-05 05:05:05', '9999-12-31 23:59:59', 'infinity', '-infinity', NULL], id, 18)::timestamp,
    tz = oracle.pick(ARRAY['2026-03-08 06:59:59.999999+00', '2026-03-08 07:00+00', '2011-12-30 09:59:59+00', '2011-12-30 10:00+00', '2010-11-07 02:31+00', '2010-11-07 03:31+00', '2018-11-04 03:00+00', '1969-12-31 23:59:59.5+00', '1850-01-01 00:00+00', '0044-03-15 12:00+00 BC', '9999-12-31 23:59+00', 'infinity', '-infinity', NULL, '2026-06-30 16:00+00', '2026-06-29 15:59:59.999999+00'], id, 19)::timestamptz,
    tz2 = oracle.pick(ARRAY['2026-06-30 04:00+00', '2025-01-31 17:00+00', '2012-01-01 00:00+00', '2027-01-01 00:00+00', NULL], id, 20)::timestamptz,
    tags = oracle.pick(ARRAY['{}', '{a}', '{gold,皮肤}', '{NULL}', '{NULL,a}', '{"","z "}', '{{a,b},{ab,皮}}', NULL, '[3:4]={a,A}'], id, 21)::text[],
    "last" = oracle.pick(ARRAY['{}', '{a}', '{gold}', NULL], id, 22)::varchar[];
UPDATE oracle.subject SET doc = CASE WHEN id % 9 = 3 THEN '{}' WHEN id % 9 = 4 THEN NULL ELSE
    jsonb_build_object('n', i4, 't', v, 'b', b, 'd', "生日", 'at', ts,
                       'in', jsonb_build_object('n', m, 'last', tags)) END
WHERE id <> 1;
UPDATE oracle.subject SET doc = jsonb_set(doc, '{at}', 'null')
WHERE NOT isfinite(ts);
UPDATE oracle.subject SET doc = jsonb_set(doc, '{in,last}', 'null')
WHERE array_ndims(tags) > 1;

-- The rows that a document can say, and the document.
CREATE TABLE oracle.document AS
    SELECT s.id, NULL::jsonb AS doc FROM oracle.subject AS s
    WHERE coalesce(n NOT IN ('NaN', 'Infinity', '-Infinity'), true)
      AND coalesce(f4 NOT IN ('NaN', 'Infinity'), true)
      AND coalesce(d BETWEEN '0001-01-01' AND '9999-12-31', true)
      AND coalesce(isfinite(ts), true)
      -- without an offset, a document's day is the one it says, also one that Apia skipped
      AND coalesce(ts::date <> '2011-12-30', true)
      AND coalesce(tz BETWEEN '1901-12-31' AND '9999-01-01', true)
      AND coalesce(array_ndims(tags), 1) = 1;

-- What would fold at plan time if it were a constant: then SQL would not
-- evaluate (and not fail) where it says it does.
CREATE TABLE oracle.clock (zone text, now timestamptz, today date, zero numeric, empty text, no_days int, no_time interval,
    no_number numeric, no_text text, no_boolean boolean, no_date date, no_instant timestamptz);

-- NaN and infinity count as unknown.
CREATE FUNCTION oracle.known(value numeric) RETURNS numeric IMMUTABLE RETURN
    CASE WHEN value NOT IN ('NaN', 'Infinity', '-Infinity') THEN value END;
CREATE FUNCTION oracle.known(value float8) RETURNS numeric IMMUTABLE RETURN
    CASE WHEN value NOT IN ('NaN', 'Infinity', '-Infinity') THEN value::numeric END;
CREATE FUNCTION oracle.known(value float4) RETURNS numeric IMMUTABLE RETURN
    CASE WHEN value NOT IN ('NaN', 'Infinity', '-Infinity') THEN value::text::numeric END;

CREATE FUNCTION oracle.days(a date, b date) RETURNS numeric IMMUTABLE RETURN
    CASE WHEN isfinite(a) AND isfinite(b) THEN (a - b)::numeric END;

CREATE FUNCTION oracle.move(day date, sign text, days numeric) RETURNS date IMMUTABLE STRICT LANGUAGE plpgsql AS $$
BEGIN
    IF days <> trunc(days) THEN RAISE 'not whole' USING ERRCODE = '22023'; END IF;
    IF days NOT BETWEEN -2147483648 AND 2147483647 THEN RAISE 'too far' USING ERRCODE = '22008'; END IF;
    RETURN CASE sign WHEN '+' THEN day + days::int ELSE day - days::int END;
END $$;

-- The greatest n for which the day n units before today is not before `day`.
CREATE FUNCTION oracle.units_since(day date, today date, unit interval) RETURNS numeric IMMUTABLE STRICT LANGUAGE plpgsql AS $$
DECLARE
    n int;
BEGIN
    IF NOT isfinite(day) THEN RETURN NULL; END IF;
    -- beyond what timestamps reach; nobody's birthday
    IF day NOT BETWEEN date '4000-01-01 BC' AND date '200000-01-01' THEN RAISE 'too far' USING ERRCODE = 'OR001'; END IF;
    n := ((today - day) / CASE unit WHEN interval '1 year' THEN 365.2425 ELSE 30.436875 END)::int - 3;
    WHILE (today - (n + 1) * unit)::date >= day LOOP
        n := n + 1;
    END LOOP;
    RETURN n;
END $$;

CREATE FUNCTION oracle.part(field text, day date) RETURNS numeric IMMUTABLE RETURN
    CASE WHEN isfinite(day) THEN extract(isodow FROM day) * (field = 'weekday')::int
        + extract(month FROM day) * (field = 'month')::int + extract(day FROM day) * (field = 'day')::int END;

CREATE FUNCTION oracle.contains(list text[], wanted text) RETURNS boolean IMMUTABLE RETURN
    CASE WHEN list IS NOT NULL AND wanted IS NOT NULL
         THEN EXISTS (SELECT FROM unnest(list) AS element WHERE element = wanted) END;

CREATE TABLE oracle.outcome (rule text, sql text, kind text, id int, ours text, theirs text);
CREATE TABLE oracle.tally (compared bigint, failing bigint, errors bigint);
INSERT INTO oracle.tally VALUES (0, 0, 0);
CREATE TABLE oracle.clean (rule text, sql text);

-- Compares on all rows at once; and row by row where one of the two raises an
-- error.  Remembers what differs.
CREATE FUNCTION oracle.compare(rule_text text, ours text, theirs text, kind text, rows text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    rule clientele.expression;
    different int;
    total int;
    row_id int;
    our_value text;
    their_value text;
    our_sql text := format('SELECT (%s)::text FROM %s WHERE s.id = $2', ours, rows);
    their_sql text := format('SELECT (%s)::text FROM %s WHERE s.id = $1', theirs, rows);
BEGIN
    rule := rule_text::clientele.expression;
    IF rule::text::clientele.expression::text <> rule::text THEN
        INSERT INTO oracle.outcome VALUES (rule_text, theirs, 'canonical text', NULL, rule::text, rule::text::clientele.expression::text);
    END IF;
    BEGIN
        EXECUTE format('SELECT count(*), min(id) FILTER (WHERE ours IS DISTINCT FROM theirs)
                        FROM (SELECT s.id, %s AS ours, %s AS theirs FROM %s OFFSET 0) AS both_', ours, theirs, rows)
            INTO total, different USING rule;
        UPDATE oracle.tally SET compared = compared + total;
        IF different IS NULL THEN
            IF kind = 'matches' THEN INSERT INTO oracle.clean VALUES (rule_text, theirs); END IF;
            RETURN;
        END IF;
    EXCEPTION WHEN OTHERS THEN
        UPDATE oracle.tally SET failing = failing + 1;
    END;

    FOR row_id IN EXECUTE format('SELECT s.id FROM %s ORDER BY 1', rows) LOOP
        BEGIN
            EXECUTE our_sql INTO our_value USING rule, row_id;
        EXCEPTION WHEN OTHERS THEN
            our_value := format('error %s', SQLSTATE);
        END;
        BEGIN
            EXECUTE their_sql INTO their_value USING row_id;
        EXCEPTION WHEN OTHERS THEN
            their_value := format('error %s', SQLSTATE);
        END;
        CONTINUE WHEN their_value = 'error OR001';
        UPDATE oracle.tally SET compared = compared + 1,
            errors = errors + CASE WHEN their_value LIKE 'error%' THEN 1 ELSE 0 END;
        IF (CASE WHEN kind = 'evaluate_number' AND our_value !~ '^error' AND their_value !~ '^error'
                 THEN our_value::numeric IS DISTINCT FROM their_value::numeric
                 ELSE our_value IS DISTINCT FROM their_value END) THEN
            INSERT INTO oracle.outcome VALUES (rule_text, theirs, kind, row_id, our_value, their_value);
            RETURN;
        END IF;
    END LOOP;
EXCEPTION WHEN syntax_error OR datatype_mismatch THEN
    INSERT INTO oracle.outcome VALUES (rule_text, theirs, kind, NULL, SQLSTATE || ' ' || SQLERRM, NULL);
END $$;
SQL

# ---------------------------------------------------------------------------
# The generator.  A node is [text, level, SQL, whether it can raise an error].
# ---------------------------------------------------------------------------

use constant {
	OR => 0, AND => 1, NOT => 2, IS => 3, COMPARISON => 4, PREDICATE => 5,
	SUM => 6, TERM => 7, FACTOR => 8, PRIMARY => 9
};

# Whether the expression is for a document, where names have no type; and the zone.
my $document;
my %used;

sub one_of { return $_[ int rand @_ ] }
sub chance { return rand() < $_[0] }

# A word in any case, with any white space behind it.
sub word
{
	my ($word) = @_;
	$word = uc $word if chance(0.1);
	return $word . one_of(' ', ' ', ' ', ' ', ' ', "\n", "  ", "\t");
}

sub needs
{
	my ($node, $level) = @_;
	return $node->[0] if $node->[1] >= $level && !chance(0.07);
	return one_of("($node->[0])", "( $node->[0] )");
}

sub quoted
{
	my ($text) = @_;
	$text =~ s/'/''/g;
	return "'$text'";
}

sub safe
{
	my ($make, @arguments) = @_;
	for (1 .. 20)
	{
		my $node = $make->(@arguments);
		return $node unless $node->[3];
	}
	return $make->(0);
}

# A call whose arguments are expressions.
sub call
{
	my ($name, $sql, @arguments) = @_;
	return [
		($name . one_of('(', '(', '( ')) . join(one_of(', ', ','), map { $_->[0] } @arguments) . ')',
		PRIMARY,
		$sql->(map { $_->[2] } @arguments),
		(grep { $_->[3] } @arguments) ? 1 : 0
	];
}

# coalesce, case, greatest and least of any type.
sub conditional
{
	my ($make, $depth, $ordered, $collation) = @_;
	my $kind = int rand($ordered ? 4 : 2);

	if ($kind == 0)
	{
		my @arguments = map { $make->($depth - 1) } 1 .. 1 + int rand 3;
		return call('coalesce', sub { 'coalesce(' . join(', ', @_) . ')' }, @arguments);
	}
	if ($kind == 1)
	{
		my ($text, $sql, $fails) = (word('case'), 'CASE', 0);
		for (1 .. 1 + int rand 2)
		{
			my ($when, $then) = (condition($depth - 1, 1), $make->($depth - 1));
			$text .= word('when') . "$when->[0] " . word('then') . "$then->[0] ";
			$sql .= " WHEN $when->[2] THEN $then->[2]";
			$fails ||= $when->[3] || $then->[3];
		}
		if (chance(0.7))
		{
			my $else = $make->($depth - 1);
			$text .= word('else') . "$else->[0] ";
			$sql .= " ELSE $else->[2]";
			$fails ||= $else->[3];
		}
		return [ "${text}end", PRIMARY, "($sql END)", $fails ];
	}
	my $name = $kind == 2 ? 'least' : 'greatest';
	my @arguments = map { $make->($depth - 1) } 1 .. 1 + int rand 3;
	return call($name, sub { "$name(" . join(', ', map { "$_$collation" } @_) . ')' }, @arguments);
}

sub number_literal
{
	my $text = one_of('0', '1', '2', '3', '7', '12', '30', '365', '0.5', '2.50', '.5', '100.', '1e3', '2.5E-3',
		'0.10', '20000', '99999999999999999999', '9223372036854775807', '1.5e-20', '0.000', '007');
	my $sql = "($text + k.zero)";
	return [ "-$text", FACTOR, "(- $sql)", 0 ] if chance(0.15);
	return [ $text, PRIMARY, $sql, 0 ];
}

# `forced` says that the place demands a number, so that an open name will do.
sub number_column
{
	my ($forced) = @_;
	my %columns = (
		i2 => 's.i2::numeric', i4 => 's.i4::numeric', i8 => 's.i8::numeric', n => 'oracle.known(s.n)',
		m => 's.m::numeric', f4 => 'oracle.known(s.f4)');
	$columns{f8} = 'oracle.known(s.f8)' unless $document;
	$columns{big} = 's.big' if chance(0.1);
	my $name = one_of(sort keys %columns);
	my $sql = $columns{$name};

	if (chance(0.15))
	{
		($name, $sql) = @{ one_of([ 'doc.n', "(s.doc ->> 'n')::numeric" ], [ 'doc . "in" . n', "(s.doc -> 'in' ->> 'n')::numeric" ]) };
		return [ $name, PRIMARY, $sql, 0 ] if $forced;
		return [ "$name + 0", SUM, $sql, 0 ];
	}
	$name = one_of($name, qq{"$name"}, uc $name);
	$name =~ s/"(.*)"/"\L$1"/;
	return [ $name, PRIMARY, $sql, 0 ] if $forced || !$document;
	return [ "$name + 0", SUM, $sql, 0 ];
}

sub number
{
	my ($depth, $forced) = @_;
	my $kind = $depth <= 0 ? int rand 3 : int rand 20;

	return number_literal() if $kind == 0;
	return number_column($forced) if $kind <= 3;
	return [ 'null', PRIMARY, 'k.no_number', 0 ] if $kind == 4 && $forced;
	if ($kind <= 8)
	{
		my $operator = one_of('+', '-', '*', '/');
		my ($a, $b) = (number($depth - 1, 1), number($depth - 1, 1));
		my $level = $operator =~ m{[*/]} ? TERM : SUM;
		return [ needs($a, $level) . one_of(' ', ' ', "\n") . $operator . ' ' . needs($b, $level + 1),
			$level, "($a->[2] $operator $b->[2])", 1 ];
	}
	if ($kind == 9)
	{
		my $a = number($depth - 1, 1);
		return [ '- ' . needs($a, FACTOR), FACTOR, "(- $a->[2])", $a->[3] ];
	}
	if ($kind <= 11)
	{
		my $a = number($depth - 1, 1);
		my $places = int rand 7;
		return call('abs', sub { "abs($_[0])" }, $a) if chance(0.3);
		return call('floor', sub { "floor($_[0])" }, $a) if chance(0.4);
		return call('round', sub { "round($_[0])" }, $a) if chance(0.3);
		return [ "round($a->[0], $places)", PRIMARY, "round($a->[2], $places)", $a->[3] ];
	}
	if ($kind <= 14)
	{
		my $day = day_or_instant($depth - 1);
		my %since = (
			days_since => sub { "oracle.days(k.today, $_[0])" },
			months_since => sub { "oracle.units_since($_[0], k.today, interval '1 month')" },
			years_since => sub { "oracle.units_since($_[0], k.today, interval '1 year')" },
			age => sub { "oracle.units_since($_[0], k.today, interval '1 year')" },
			month => sub { "oracle.part('month', $_[0])" },
			day => sub { "oracle.part('day', $_[0])" },
			weekday => sub { "oracle.part('weekday', $_[0])" });
		my $name = one_of(sort keys %since);
		return call($name, $since{$name}, $day);
	}
	if ($kind == 15)
	{
		my ($a, $b) = (day($depth - 1), day($depth - 1));
		return [ needs($a, SUM) . ' - ' . needs($b, TERM), SUM, "oracle.days($a->[2], $b->[2])", $a->[3] || $b->[3] ];
	}
	return conditional(\&number, $depth, 1, '');
}

my @texts = ('', 'a', 'A', 'ab', 'a%b', '双眼皮', '皮', "it's", 'z ', 'gold', '10', 'a\\b', '😀x');

sub text
{
	my ($depth) = @_;
	my $kind = $depth <= 0 ? int rand 4 : int rand 7;

	if ($kind == 0)
	{
		my $literal = quoted(one_of(@texts));
		return [ $literal, PRIMARY, "($literal || k.empty)", 0 ];
	}
	if ($kind <= 3)
	{
		my %columns = (t => 's.t', v => 's.v::text', lv => 's.lv::text', u => 's.u::text');
		# to_jsonb keeps the blanks of char(n), and a name is no type of a document
		%columns = (%columns, c => 's.c::text', nm => 's.nm::text') unless $document;
		my $name = one_of(sort keys %columns);
		return [ 'doc.t', PRIMARY, "(s.doc ->> 't')", 0 ] if $document && chance(0.15);
		# beside these alone, a literal would be read by their own type
		return [ "coalesce($name)", PRIMARY, $columns{$name}, 0 ] if !$document && $name =~ /^(lv|u|c)$/;
		return [ $name, PRIMARY, $columns{$name}, 0 ];
	}
	return conditional(\&text, $depth, 1, ' COLLATE "C"');
}

sub day_literal
{
	my $text = quoted(one_of('2026-06-30', '2000-02-29', '1999-12-31', '0001-01-01', '2011-12-30', '2026-02-28'));
	return [ word('date') . $text, PRIMARY, "(date $text + k.no_days)", 0 ];
}

sub local_day { return "(($_[0]) AT TIME ZONE k.zone)::date" }

sub day
{
	my ($depth) = @_;
	my $kind = $depth <= 0 ? int rand 4 : int rand 10;

	return day_literal() if $kind == 0;
	if ($kind <= 2)
	{
		my ($name, $sql) = @{ one_of([ 'd', 's.d' ], [ '生日', 's."生日"' ]) };
		($name, $sql) = ('doc.d', "(s.doc ->> 'd')::date") if chance(0.1);
		return [ "date($name)", PRIMARY, $sql, 0 ] if $document || $name =~ /doc/;
		return [ $name, PRIMARY, $sql, 0 ];
	}
	return [ 'today()', PRIMARY, 'k.today', 0 ] if $kind == 3;
	if ($kind <= 5)
	{
		my ($a, $b) = (day($depth - 1), chance(0.8) ? number_literal() : number($depth - 1));
		my $operator = one_of('+', '-');
		return [ needs($b, SUM) . ' + ' . needs($a, TERM), SUM, "oracle.move($a->[2], '+', $b->[2])", 1 ] if chance(0.2);
		return [ needs($a, SUM) . " $operator " . needs($b, TERM), SUM,
			"oracle.move($a->[2], '$operator', $b->[2])", 1 ];
	}
	return call('date', \&local_day, instant($depth - 1, 1)) if $kind <= 7;
	return conditional(\&day, $depth, 1, '');
}

sub day_or_instant
{
	my ($depth) = @_;
	return day($depth) if chance(0.6);
	my $instant = instant($depth, 1);
	return [ $instant->[0], $instant->[1], local_day($instant->[2]), $instant->[3] ];
}

sub instant_literal
{
	my $text = one_of('2026-06-30 18:00', '2026-03-08 02:30', '2011-12-30 12:00', '2010-11-07 00:00:30', '2018-11-04 00:30', '2026-11-01T01:30:00.25', '2000-01-01');
	my $offset = one_of('', '', '+08:00', 'Z', '-03:30', '+0545');
	return [ word('timestamp') . quoted($text), PRIMARY, '(timestamp ' . quoted($text) . ' AT TIME ZONE k.zone)', 0 ]
		if $offset eq '' || $text !~ /:/;
	return [ word('timestamp') . quoted($text . $offset), PRIMARY,
		'(timestamptz ' . quoted($text . $offset) . ' + k.no_time)', 0 ];
}

# `forced`: the place takes an instant from an open name.
sub instant
{
	my ($depth, $forced) = @_;
	my $kind = $depth <= 0 ? int rand 4 : int rand 7;

	return instant_literal() if $kind == 0;
	if ($kind <= 4)
	{
		my ($name, $sql) = @{
			one_of([ 'ts', '(s.ts AT TIME ZONE k.zone)' ], [ 'tz', 's.tz' ], [ 'tz2', 's.tz2' ])
		};
		($name, $sql) = ('doc.at', "((s.doc ->> 'at')::timestamp AT TIME ZONE k.zone)") if chance(0.1);
		return [ $name, PRIMARY, $sql, 0 ] if $forced && $name !~ /doc/ || !$document && $name !~ /doc/;
		return [ "case when false then timestamp '2000-01-01' else $name end", PRIMARY, $sql, 0 ];
	}
	return conditional(\&instant, $depth, 1, '');
}

# Beside a comparison now() may stand, too.
sub instant_or_now
{
	my ($depth) = @_;
	return chance(0.2) ? [ 'now()', PRIMARY, 'k.now', 0 ] : instant($depth);
}

sub compared
{
	my ($a, $operator, $b, $collation) = @_;
	$collation //= '';
	my $sql_operator = $operator eq '!=' ? '<>' : $operator;
	return [ needs($a, PREDICATE) . one_of(" $operator ", "$operator ", "\n$operator ") . needs($b, PREDICATE), COMPARISON,
		"($a->[2]$collation $sql_operator $b->[2]$collation)", $a->[3] || $b->[3] ];
}

sub between
{
	my ($make, $depth, $collation) = @_;
	my ($value, $low, $high) = ($make->($depth), safe($make, $depth), safe($make, $depth));
	my $not = chance(0.3) ? 'not ' : '';
	return [
		needs($value, SUM) . " ${not}between " . needs($low, SUM) . ' and ' . needs($high, SUM), PREDICATE,
		"(($value->[2]$collation) \U$not\EBETWEEN ($low->[2]$collation) AND ($high->[2]$collation))", $value->[3] ];
}

sub in_list
{
	my ($value, $literal) = @_;
	my $not = chance(0.3) ? 'not ' : '';
	my @list = map { $literal->() } 1 .. 1 + int rand 4;
	return [
		needs($value, SUM) . ' ' . word("${not}in") . '(' . join(', ', map { $_->[0] } @list) . ')', PREDICATE,
		"($value->[2] \U$not\EIN (" . join(', ', map { $_->[2] } @list) . '))', $value->[3] ];
}

# A column whose own type reads the literal beside it.
sub column_and_string
{
	my $operator = one_of('=', '<>');
	my @any = ('=', '<>', '<', '<=', '>', '>=');
	my @choices = (
		sub { my $label = quoted(one_of('platinum', 'gold', 'silver', '普通')); return ('lv', 's.lv::text', $label, $label) },
		sub {
			my $uuid = one_of('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{A0EEBC99-9C0B4EF8-BB6D6BB9BD380A11}', 'ffffffffffffffffffffffffffffffff');
			$operator = one_of(@any);
			return ('u', 's.u', quoted($uuid), quoted($uuid) . '::uuid');
		},
		sub { my $text = quoted(one_of('a', 'ab ', '皮肤', 'a   ', '')); return ('c', 's.c', $text, "$text\::char(8)") },
		sub { my $day = quoted('2000-02-29'); $operator = one_of(@any); return ('d', 's.d', $day, "date $day") },
		sub {
			my $at = quoted('2026-06-30 16:00');
			$operator = one_of(@any);
			return ('tz', 's.tz', $at, "(timestamp $at AT TIME ZONE k.zone)");
		},
		sub { my $truth = quoted(one_of('true', 'f')); return ('b', 's.b', $truth, "$truth\::boolean") });
	my ($name, $column, $literal, $sql) = $choices[ int rand @choices ]->();

	return chance(0.7)
		? [ "$name $operator $literal", COMPARISON, "($column $operator $sql)", 0 ]
		: [ "$literal $operator $name", COMPARISON, "($sql $operator $column)", 0 ];
}

sub condition
{
	my ($depth, $forced) = @_;
	my $kind = $depth <= 0 ? int rand 10 : int rand 30;
	my $operator = one_of('=', '<>', '!=', '<', '<=', '>', '>=');

	return [ one_of(word('true') . '', 'true'), PRIMARY, '(k.zero = 0)', 0 ] if $kind == 0 && chance(0.3);
	return [ 'false', PRIMARY, '(k.zero = 1)', 0 ] if $kind == 0 && chance(0.4);
	return [ 'null', PRIMARY, 'k.no_boolean', 0 ] if $kind == 0 && $forced;
	if ($kind <= 3)
	{
		my ($name, $sql) = @{ one_of([ 'b', 's.b' ], [ '"or"', 's."or"' ]) };
		($name, $sql) = ('doc.b', "(s.doc ->> 'b')::boolean") if chance(0.1);
		return [ $name, PRIMARY, $sql, 0 ] if $forced || !$document && $name !~ /doc/;
		return [ "$name = true", COMPARISON, $sql, 0 ];
	}
	return column_and_string() if $kind <= 5 && !$document;
	return compared(number($depth - 1), $operator, number($depth - 1)) if $kind <= 8;
	return compared(text($depth - 1), $operator, text($depth - 1), ' COLLATE "C"') if $kind <= 10;
	return compared(day($depth - 1), $operator, day($depth - 1)) if $kind == 11;
	return compared(instant_or_now($depth - 1), $operator, instant_or_now($depth - 1)) if $kind == 12;
	return compared(condition($depth - 1), one_of('=', '<>'), condition($depth - 1)) if $kind == 13;
	if ($kind <= 15)
	{
		return between(\&number, $depth - 1, '') if chance(0.4);
		return between(\&text, $depth - 1, ' COLLATE "C"') if chance(0.3);
		return between(\&day, $depth - 1, '') if chance(0.5);
		return between(\&instant_or_now, $depth - 1, '');
	}
	if ($kind <= 17)
	{
		return in_list(number($depth - 1), \&number_literal) if chance(0.3);
		return in_list(day($depth - 1), \&day_literal) if chance(0.3);
		return in_list(instant($depth - 1), \&instant_literal) if chance(0.2);
		return in_list(condition($depth - 1), sub { one_of([ 'true', 9, 'true' ], [ 'false', 9, 'false' ]) }) if chance(0.1);
		# no enum or uuid alone: its literals are its own
		return in_list(call('coalesce', sub { "coalesce(" . join(', ', @_) . ")" }, text($depth - 1)),
			sub { my $text = quoted(one_of(@texts)); [ $text, PRIMARY, $text, 0 ] });
	}
	if ($kind <= 19)
	{
		my $value = text($depth - 1);
		my $not = chance(0.3) ? 'not ' : '';
		my $pattern = quoted(join('', map { one_of('%', '_', 'a', 'b', '皮', 'go', '\\%', '\\\\', '\\_', 'z', ' ') } 1 .. int rand 4));
		return [ needs($value, SUM) . " ${not}like $pattern", PREDICATE, "($value->[2] \U$not\ELIKE $pattern)", $value->[3] ];
	}
	if ($kind <= 21)
	{
		my $not = chance(0.5) ? 'not ' : '';
		my $make = one_of(\&number, \&text, \&day, \&instant, \&condition);
		my $value = $make->($depth - 1);
		return [ needs($value, IS) . " is ${not}null", IS, "($value->[2] IS \U$not\ENULL)", $value->[3] ];
	}
	if ($kind == 22)
	{
		my ($name, $sql) = @{ one_of([ 'tags', 's.tags' ], [ 'last', 's.last::text[]' ]) };
		($name, $sql) = ('doc."in"."last"', "(SELECT array_agg(e) FROM jsonb_array_elements_text(CASE jsonb_typeof(s.doc -> 'in' -> 'last') WHEN 'array' THEN nullif(s.doc -> 'in' -> 'last', '[]') END) AS e)")
			if chance(0.2);
		my $wanted = text($depth - 1);
		return [ "contains($name, $wanted->[0])", PRIMARY, "oracle.contains($sql, $wanted->[2])", $wanted->[3] ]
			unless $name =~ /doc/;
		return [ "coalesce(contains($name, $wanted->[0]), false)", PRIMARY, "coalesce(oracle.contains($sql, $wanted->[2]), false)", $wanted->[3] ];
	}
	return call('starts_with', sub { "starts_with($_[0], $_[1])" }, text($depth - 1), text($depth - 1)) if $kind == 23;
	if ($kind == 24)
	{
		my $a = condition($depth - 1, 1);
		return [ word('not') . needs($a, NOT), NOT, "(NOT $a->[2])", $a->[3] ];
	}
	return conditional(\&condition, $depth, 0, '') if $kind == 25;

	my ($word, $level) = @{ one_of([ 'and', AND ], [ 'or', OR ]) };
	my @operands = map { condition($depth - 1, 1) } 1 .. 2 + int rand 2;
	my $text = needs(shift @{ [@operands] }, $level);
	my $sql = $operands[0][2];
	for my $operand (@operands[ 1 .. $#operands ])
	{
		$text .= ' ' . word($word) . needs($operand, $level + 1);
		$sql .= " \U$word\E $operand->[2]";
	}
	return [ $text, $level, "($sql)", (grep { $_->[3] } @operands) ? 1 : 0 ];
}

# ---------------------------------------------------------------------------
# The run
# ---------------------------------------------------------------------------

my @moments = (
	[ 'Asia/Shanghai', '2026-06-30 12:00+08' ], [ 'America/New_York', '2026-03-08 12:00-04' ],
	[ 'America/St_Johns', '2010-11-07 00:00:30-02:30' ], [ 'Pacific/Apia', '2011-12-31 00:00+14' ],
	[ 'America/Sao_Paulo', '2018-11-04 01:00-02' ], [ 'UTC', '2024-02-29 00:00+00' ],
	[ 'Asia/Kathmandu', '2026-12-31 23:59:59.999999+05:45' ], [ 'Europe/London', '2026-03-31 00:30+01' ]);

sub statements
{
	my ($count) = @_;
	my @statements;

	for my $number (1 .. $count)
	{
		$document = chance(0.2);
		my $depth = 1 + int rand $greatest_depth;
		my $kind = int rand 10;
		my ($name, $node) =
			$kind <= 4 ? ('matches', condition($depth, 1))
			: $kind <= 6 ? ('evaluate_number', number($depth, 1))
			: $kind == 7 ? ('evaluate_text', text($depth))
			: $kind == 8 ? ('evaluate_text', day($depth))
			: ('evaluate_text', instant($depth));
		my ($rule, undef, $sql) = @$node;
		# a rule has a length, and so has SQL's patience
		redo if length($rule) > 4000 || length($sql) > 20000;
		my $bare = lc($rule =~ s/'(?:[^']|'')*'/''/gr);
		$used{$_}++ for $bare =~ /[a-z_]+ ?\(|\b(?:and|or|not|between|in|like|is|case|else|date|timestamp|null|true|false)\b|[-+*\/]|<=|>=|<>|!=|[=<>]/g;

		my $row = $document ? 'j.doc' : 's';
		# a constant rule lets the planner take the row apart, another one does not
		my $parameter = one_of('$1', '(SELECT $1)');
		my $ours = "clientele.$name($row, $parameter, k.now, k.zone)";
		$sql = "coalesce($sql, false)" if $name eq 'matches';
		$sql = "($sql)::text" if $name eq 'evaluate_text';
		if ($kind == 0 || $kind == 5)
		{
			# what a condition or a number is as text
			$ours = "clientele.evaluate_text($row, $parameter, k.now, k.zone)";
			$name = 'evaluate_text';
			$sql = $kind == 0 ? "($node->[2])::text" : "trim_scale($sql)::text";
		}
		my $rows = $document ? 'oracle.document AS j JOIN oracle.subject AS s USING (id), oracle.clock AS k'
			: 'oracle.subject AS s, oracle.clock AS k';
		push @statements,
			"SELECT oracle.compare(\$rule\$$rule\$rule\$, \$ours\$$ours\$ours\$, \$sql\$$sql\$sql\$, '"
			. ($document ? 'document' : $name) . "', '$rows');";
	}
	return @statements;
}

# All of the batch's conditions in one array.
my $matching = <<'SQL';
DO $$
DECLARE
    rules clientele.expression[] := (SELECT array_agg(rule::clientele.expression ORDER BY rule) FROM oracle.clean);
    positions text := (SELECT string_agg(format('CASE WHEN %s THEN %s END', sql, number), ',' ORDER BY number)
                       FROM (SELECT sql, row_number() OVER (ORDER BY rule) AS number FROM oracle.clean) AS numbered);
    total int;
    different int;
BEGIN
    IF rules IS NULL THEN RETURN; END IF;
    EXECUTE format('SELECT 2 * count(*), min(id) FILTER (WHERE split IS DISTINCT FROM by_sql OR whole IS DISTINCT FROM by_sql)
                    FROM (SELECT s.id, clientele.matching(s, $1, k.now, k.zone) AS split,
                                 clientele.matching(s, (SELECT $1), k.now, k.zone) AS whole,
                                 array_remove(ARRAY[%s]::int[], NULL) AS by_sql
                          FROM oracle.subject AS s, oracle.clock AS k) AS answers', positions)
        INTO total, different USING rules;
    UPDATE oracle.tally SET compared = compared + total * array_length(rules, 1);
    IF different IS NOT NULL THEN
        INSERT INTO oracle.outcome VALUES (rules::text, positions, 'matching', different);
    END IF;
    DELETE FROM oracle.clean;
END $$;
SQL

note "seed $seed: ORACLE_SEED=$seed makes the same expressions again";

my $node = PostgreSQL::Test::Cluster->new('oracle');
$node->init(extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ]);
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\njit = off\nclient_min_messages = warning");
$node->start;
utf8::encode($schema);
$node->safe_psql('postgres', $schema);

my $done = 0;
while ($done < $expressions)
{
	my ($zone_name, $now) = @{ $moments[ ($done / $batch_size) % @moments ] };
	my $script = "SET search_path = clientele, oracle, public; SET TimeZone = '$zone_name'; BEGIN;\n"
		. "DELETE FROM oracle.clock; INSERT INTO oracle.clock VALUES ('$zone_name', '$now', (timestamptz '$now' AT TIME ZONE '$zone_name')::date, 0, '', 0, '0');\n"
		. "UPDATE oracle.document AS j SET doc = to_jsonb(s) FROM oracle.subject AS s WHERE s.id = j.id;\n"
		. join("\n", statements($batch_size)) . "\n$matching COMMIT;";
	utf8::encode($script);
	$node->safe_psql('postgres', $script);
	$done += $batch_size;
}

my ($compared, $failing, $errors) = split /\|/, $node->safe_psql('postgres', 'SELECT * FROM oracle.tally');
my $different = $node->safe_psql('postgres', 'SELECT count(*) FROM oracle.outcome');

note "$done expressions, $compared comparisons; $failing expressions raise errors on some rows, $errors times the same error as SQL";
cmp_ok($compared, '>=', $done * 20, 'rows were compared');
cmp_ok($errors, '>=', $done / 10, 'errors were compared');
my @words = map { "$_(" } qw(abs age coalesce contains date day days_since floor greatest least month months_since
	now round starts_with today weekday years_since);
push @words, qw(and or not between in like is case else date timestamp null true false + - * / = <> != < <= > >=);
is(join(' ', grep { ($used{$_} // 0) < $done / 200 } @words), '', 'every function and operator was used often');
is($different, 0, "no difference to SQL (seed $seed)");
if ($different)
{
	my $shown = $node->safe_psql('postgres',
		q{SELECT format(E'%s, row %s:\n  %s\nSQL:\n  %s\nours:   %s\ntheirs: %s\n', kind, id, rule, sql, coalesce(left(ours, 500), 'NULL'), coalesce(left(theirs, 500), 'NULL'))
		  FROM oracle.outcome ORDER BY length(rule) LIMIT 12});
	diag $shown;
	my $row = $node->safe_psql('postgres',
		q{SELECT to_jsonb(s) FROM oracle.subject AS s JOIN oracle.outcome USING (id) ORDER BY length(rule) LIMIT 1});
	diag "the row of one of them: " . substr($row, 0, 3000);
}

$node->stop;
done_testing();
