# Definitions as a document: out of one database, into another, and back.
#
# The definitions are those of random clinics (Oracle/Generator.pm) and those of the demo.
# What two versions say otherwise is checked, too: take the old values from a definition's
# values, add the new ones, and the other version's are there.
#
#   EXPORT_SEED     another seed gives other clinics (default 1)
#   EXPORT_WORLDS   how many (default 12)
use strict;
use warnings;
use utf8;

use Encode qw(decode_utf8 encode_utf8);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Oracle::Generator;
use Oracle::Language;
use Oracle::PlainSQL;
use Oracle::Random;
use Oracle::World;

my $seed = $ENV{EXPORT_SEED} // 1;
my $worlds = $ENV{EXPORT_WORLDS} // 12;

# Every value in a definition, however deep, by the key that it stands at. Names and labels
# are left out: an element that comes or goes shows its own only in its place.
my $differences = q{
	CREATE SCHEMA diff;
	CREATE FUNCTION diff.leaves(at text, body json) RETURNS TABLE (key text, value text) LANGUAGE plpgsql AS $$
	BEGIN
		IF json_typeof(body) = 'object' THEN
			RETURN QUERY SELECT l.* FROM json_each(body) AS m, diff.leaves(m.key, m.value) AS l;
		ELSIF json_typeof(body) = 'array' THEN
			RETURN QUERY SELECT l.* FROM json_array_elements(body) AS m, diff.leaves(at, m) AS l;
		ELSIF at NOT IN ('kind', 'name', 'label') THEN
			RETURN QUERY SELECT at, body #>> '{}';
		END IF;
	END $$;
	CREATE FUNCTION diff.parts(model clientele.model) RETURNS TABLE (kind text, name text, body json) LANGUAGE sql AS $$
		SELECT coalesce(d ->> 'kind', 'source'), d ->> 'name', d
		FROM (SELECT json_array_elements(model::text::json -> 'sources') UNION ALL
			  SELECT json_array_elements(model::text::json -> 'definitions')) AS all_of_them (d)
	$$;
	-- The values of a, without those that the difference takes away, with those that it adds, are those of b.
	CREATE FUNCTION diff.wrong(a clientele.model, b clientele.model) RETURNS SETOF record LANGUAGE sql AS $$
		WITH d AS (SELECT kind, name, substring(what FROM '([^.\[\]]+)(\[\d+\])?$') AS key, old, new FROM clientele.model_diff(a, b)
				   WHERE kind <> 'population')
		SELECT kind, name, key, value, sum(n)
		FROM (SELECT p.kind, p.name, l.*, 1 AS n FROM diff.parts(a) AS p, diff.leaves('', p.body) AS l
			  UNION ALL SELECT kind, name, key, old, -1 FROM d WHERE old IS NOT NULL
			  UNION ALL SELECT kind, name, key, new, 1 FROM d WHERE new IS NOT NULL
			  UNION ALL SELECT p.kind, p.name, l.*, -1 FROM diff.parts(b) AS p, diff.leaves('', p.body) AS l) AS all_of_them
		WHERE key NOT IN ('name', 'label', 'rules', 'groups', 'characteristics', 'tiers', 'bins')
		GROUP BY 1, 2, 3, 4 HAVING sum(n) <> 0
	$$;
	-- Which definitions it is about, and what became of them.
	CREATE FUNCTION diff.misnamed(a clientele.model, b clientele.model) RETURNS SETOF record LANGUAGE sql AS $$
		SELECT coalesce(t.kind, d.kind), coalesce(t.name, d.name), t.change, d.change
		FROM (SELECT kind, name, CASE WHEN x.body IS NULL THEN 'added' WHEN y.body IS NULL THEN 'dropped' ELSE 'changed' END AS change
			  FROM diff.parts(a) AS x FULL JOIN diff.parts(b) AS y USING (kind, name) WHERE x.body::text IS DISTINCT FROM y.body::text) AS t
		FULL JOIN (SELECT DISTINCT kind, name, change FROM clientele.model_diff(a, b) WHERE kind <> 'population') AS d USING (kind, name)
		WHERE t.change IS DISTINCT FROM d.change
	$$;
};

my $node = PostgreSQL::Test::Cluster->new('export');
$node->init(extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ]);
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\nclient_min_messages = warning\nTimeZone = UTC");
$node->start;

sub sql { my ($database, $sql) = @_; return decode_utf8($node->safe_psql($database, encode_utf8($sql))) }

for my $database ('here', 'there')
{
	sql('postgres', "CREATE DATABASE $database");
	sql($database, 'CREATE EXTENSION clientele');
}
sql('here', $differences);

# The draft, as the model that would be published.
sub draft { return "(SELECT clientele.draft_model(population_id) FROM clientele.population)" }

sub definitions
{
	my ($world, $model) = @_;
	my $population = $world->{population};
	my @metrics = grep { $_->{kind} eq 'metric' } @{ $model->{definitions} };
	my @sql = draft_calls($population, $model);

	push @sql, 'SELECT clientele.set_branch(' . literal($population) . ', ' . literal(one_of(@metrics)->{name}) . ');' if @metrics && chance(0.5);
	push @sql, 'SELECT clientele.set_revenue(' . literal($population) . ", 'treatment');" if chance(0.5);
	return join("\n", @sql) . "\n";
}

note "seed $seed: EXPORT_SEED=$seed makes the same clinics again";
my ($last_model, $differing) = (undef, 0);
for my $number (1 .. $worlds)
{
	srand($seed * 1000003 + $number);
	my $world = make_world($number);
	my $model = make_model($world);
	my $tables = rules_of_the_language() . world_tables($world);
	my $population = literal($world->{population});
	my ($created, $sources) = world_registration($world) =~ /^([^;]*;\n)(.*)$/s;

	sql('here', $tables . $created . $sources . definitions($world, $model));
	sql('there', $tables . $created);

	my $document = sql('here', "SELECT clientele.export_definitions($population)");
	sql('there', "SELECT clientele.import_definitions($population, " . literal($document) . ')');
	is(sql('there', "SELECT clientele.export_definitions($population)"), $document, "world $number: there as it was here")
	  or diag "EXPORT_SEED=$seed";
	my $text = sql('here', 'SELECT ' . draft());
	is(sql('there', 'SELECT ' . draft()), $text, "world $number: the same model");
	is(sql('here', "SELECT count(*) FROM clientele.import_definitions($population, " . literal($document) . ')'), '0', "world $number: back here it changes nothing");

	# Another version, and one that has nothing to do with it; each way.
	sql('here', definitions($world, change_model($world, $model)));
	my $changed = sql('here', 'SELECT ' . draft());
	my @others = ($text, $changed, grep { defined } $last_model);
	for my $other (@others)
	{
		for my $pair ([ $text, $other ], [ $other, $text ])
		{
			my $models = join ', ', map { literal($_) } @$pair;
			my $wrong = sql('here', "SELECT * FROM diff.wrong($models) AS d (kind text, name text, key text, value text, n bigint)");
			my $misnamed = sql('here', "SELECT * FROM diff.misnamed($models) AS d (kind text, name text, wanted text, got text)");

			is($wrong . $misnamed, '', "world $number: all values that differ") or diag "EXPORT_SEED=$seed";
			$differing += sql('here', "SELECT count(*) FROM clientele.model_diff($models)");
		}
	}
	# What was changed comes there by the document, too; what it changed there is what is other here.
	$document = sql('here', "SELECT clientele.export_definitions($population)");
	is(sql('there', "SELECT * FROM clientele.import_definitions($population, " . literal($document) . ')'),
		sql('here', 'SELECT coalesce(name, ' . $population . '), kind, change, what, old, new FROM clientele.model_diff(' . literal($text) . ', ' . literal($changed) . ')'),
		"world $number: what came otherwise");
	is(sql('there', "SELECT clientele.export_definitions($population)"), $document, "world $number: there as it is here now");
	$last_model = $text;
	sql($_, "SELECT clientele.drop_population($population); DROP SCHEMA clinic, oracle CASCADE") for 'here', 'there';
}
cmp_ok($differing, '>', 20 * $worlds, 'there were differences');

# The demo's definitions, in another clinic of the chain: published there, they answer what they do here of the same people.
for my $database ('demo', 'branch')
{
	sql('postgres', "CREATE DATABASE $database");
	sql($database, "\\set customers 60\n\\i test/clinic/clinic.sql");
}
sql('demo', '\i test/demo/20_segments.sql');
sql('branch', "ALTER TABLE pos.payment ADD voided boolean NOT NULL DEFAULT false;
	UPDATE pos.payment AS p SET voided = true
	WHERE kind = 'sale' AND EXISTS (SELECT FROM pos.payment AS o WHERE o.kind = 'sale' AND o.receipt_no = p.receipt_no AND o.payment_id < p.payment_id);
	CREATE EXTENSION clientele;
	SELECT clientele.create_population('customer', 'crm.customer', 'customer_id', 'Asia/Shanghai');
	ALTER DATABASE branch SET clientele.clock = '2026-06-30 22:00:00+08'");
my $document = sql('demo', "SELECT clientele.export_definitions('customer')");
sql('branch', "SELECT clientele.import_definitions('customer', " . literal($document) . ')');
is(sql('branch', "SELECT clientele.export_definitions('customer')"), $document, 'the demo: there as it was here');
sql('branch', "SELECT clientele.publish('customer', 'from the demo'); CALL clientele.refresh('customer')");
is(sql('branch', "SELECT clientele.export_definitions('customer', 1)"), $document, 'the demo: published there');
my $segments = "SELECT to_jsonb(c) - 'evaluated_at' - 'model_version' FROM segments.customer AS c ORDER BY customer_id";
my $here = sql('demo', $segments);
is(sql('branch', $segments), $here, 'the demo: the same segments');
cmp_ok(length($here), '>', 1000, 'of all people');

done_testing();
