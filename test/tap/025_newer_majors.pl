# What only newer majors have: errors of input that are saved, not thrown (16),
# and rows that a statement may not have: MERGE ... BY SOURCE (17), old and new
# in RETURNING, virtual generated columns (18).
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
my $major = int($node->safe_psql('postgres', 'SHOW server_version_num') / 10000);
plan skip_all => 'nothing new before 16' if $major < 16;

$node->safe_psql('postgres', 'CREATE EXTENSION clientele');

sub answers
{
	my ($query, $expected, $name) = @_;
	is($node->safe_psql('postgres', "SET search_path = public, clientele;\n$query"), $expected, $name);
}

# ---------- saved errors ----------

sub is_saved
{
	my ($type, $input, $expected) = @_;
	answers("SELECT message, sql_error_code FROM pg_input_error_info(\$in\$$input\$in\$, '$type')",
		$expected, "$type: $expected");
}

is_saved('expression', 'a >', 'expression ends too early|42601');
is_saved('expression', q{a = 'x}, 'unterminated string|42601');
is_saved('expression', 'foo(a) > 1', 'there is no function foo|42883');
is_saved('expression', q{d > date '2020-02-31'}, '"2020-02-31" is not a date|22007');
is_saved('expression', 'a > 1', '|');
is_saved('scorecard', '{', 'invalid input syntax for type scorecard: not JSON at line 1|22P02');
is_saved('scorecard', '{"method": "x"}', 'invalid scorecard: method: unknown word "x"|22023');
is_saved(
	'scorecard',
	'{"method": "additive", "characteristics": [{"name": "a", "value": "b >", "bins": [{"points": 1}]}], "tiers": [{"label": "x"}]}',
	'invalid scorecard: characteristics[0].value, character 4: expression ends too early|42601');
is_saved('promotion', '{', 'invalid input syntax for type promotion: not JSON at line 1|22P02');
is_saved(
	'promotion',
	'{"term": {"from": "2026-07-01"}, "branches": "all", "bill": "amount >"}',
	'invalid promotion: bill, character 9: expression ends too early|42601');
is_saved('rfm', '(,,', 'invalid input syntax for type rfm: "(,,"|22P02');
is_saved('rfm_cuts', 'recency 2, 1', 'invalid input syntax for type rfm_cuts: "recency 2, 1"|22P02');

# Whatever is wrong with a text, asking whether it is valid does not fail.
my %valid = (
	expression => q{"a" between 1.5e3 and -2 and coalesce(b, 'x''y') like '%z' or age(c) not in (1, 2) and d > date '2020-02-29' - 3 months},
	scorecard => q({"method": "weighted", "characteristics": [{"name": "a", "weight": 100, "value": "b + 1", "bins": [{"below": 1e2, "points": 2}, {"points": 99.5, "reason": "\u4e2d"}], "missing": {"points": 0}}], "tiers": [{"label": "x", "at_least": 5}, {"label": "y"}]}),
	promotion => q({"term": {"from": "2026-07-01", "days": [6, 7], "hours": {"from": "10:00", "to": "21:00"}}, "branches": ["1", "3"], "audience": "tier = 'a'", "audience_at": "bill", "bill": "amount > 1e2 and contains(items, 'x')", "benefit": {"kind": "percent off", "percent": 12.5, "applies_to": "category = '皮'"}, "stock": {"total": 500}, "after_refund": "none"}),
	rfm => '(2024-01-05 01:30:00+00,2024-06-01 08:00:00.123456+00,7,3480.50)',
	rfm_cuts => 'recency 30, 90; frequency 2, 4.5; monetary 500, 2000');
for my $type (sort keys %valid)
{
	my ($valid, $invalid) = split /\|/, $node->safe_psql(
		'postgres', qq{
		SET search_path = clientele, public;
		SELECT setseed(0.5) \\g /dev/null
		WITH text(t) AS (SELECT \$in\$$valid{$type}\$in\$),
		broken AS (
			SELECT overlay(t PLACING
				CASE n % 3 WHEN 0 THEN ''
					WHEN 1 THEN substr(t, (random() * length(t))::int, (random() * 12)::int)
					ELSE (ARRAY['9', '99999999999999999999', 'e', '1e131072', '-', '.', '(', ')', '[', '{', '}', ',', '"', '''', '\\', '\\ud800', ' ', '>', 'not', 'null', 'infinity', 'NaN', '294277-01-01', repeat('(', 300), '皮'])[1 + (random() * 24)::int] END
				FROM 1 + (random() * length(t))::int FOR (random() * 6)::int) AS t
			FROM text, generate_series(1, 5000) AS n)
		SELECT count(*) FILTER (WHERE pg_input_is_valid(t, '$type')),
			   count(*) FILTER (WHERE NOT pg_input_is_valid(t, '$type')) FROM broken});
	cmp_ok($invalid, '>', 1000, "$type: asked of $valid valid and $invalid invalid texts");
}

# ---------- rows that are missing ----------

SKIP:
{
	skip 'before 17', 1 if $major < 17;
	answers(q{
		CREATE TABLE kept (id int, spend numeric); CREATE TABLE source (id int, spend numeric);
		INSERT INTO kept VALUES (1, 5), (2, NULL), (3, 7); INSERT INTO source VALUES (1, NULL), (4, NULL);
		WITH merged AS (
		MERGE INTO kept AS k USING source AS s ON s.id = k.id
		WHEN MATCHED AND matches(s, 'spend is null') THEN UPDATE SET spend = 6
		WHEN NOT MATCHED AND matches(s, 'spend is null') THEN INSERT VALUES (s.id, 8)
		WHEN NOT MATCHED BY SOURCE AND matches(k, 'spend is null') THEN DELETE
		RETURNING merge_action(), k.id, matches(s, 'spend is null') AS source, matches(k, 'spend is null') AS target)
		SELECT * FROM merged ORDER BY id},
		"UPDATE|1|t|f\nDELETE|2|f|t\nINSERT|4|t|f", 'MERGE: a source row that is missing matches nothing');
}

SKIP:
{
	skip 'before 18', 5 if $major < 18;
	my $returning = q{RETURNING matches(old, 'spend is null'), matches(new, 'spend is null'), matches(r, 'spend is null')};
	answers("CREATE TABLE r (id int PRIMARY KEY, spend numeric); INSERT INTO r VALUES (1, NULL) $returning",
		'f|t|t', 'INSERT: there is no old row, and it matches nothing');
	answers("UPDATE r SET spend = 4 $returning", 't|f|f', 'UPDATE: old and new row');
	answers("INSERT INTO r VALUES (1, 0) ON CONFLICT (id) DO UPDATE SET spend = NULL $returning", 'f|t|t', 'ON CONFLICT: old and new row');
	answers("DELETE FROM r $returning", 't|f|t', 'DELETE: there is no new row');
	answers(q{
		CREATE TABLE g (id int, spend numeric, twice numeric GENERATED ALWAYS AS (spend * 2) VIRTUAL,
						thrice numeric GENERATED ALWAYS AS (spend * 3) STORED);
		INSERT INTO g VALUES (1, 5), (2, NULL);
		SELECT n, matches(g, 'twice = 10'), matches(g, 'twice is null'), matches(g, 'spend = 5 and thrice = 15')
		FROM generate_series(1, 3) AS n LEFT JOIN g ON g.id = n ORDER BY n;
		SELECT id, matches(g, 'twice = 10'), matches(g, 'twice is null'), matches(g, 'spend = 5 and thrice = 15') FROM g ORDER BY id},
		"1|t|f|t\n2|f|t|f\n3|f|f|f\n1|t|f|t\n2|f|t|f", 'virtual generated columns are computed');
}

done_testing();
