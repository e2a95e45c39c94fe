# A publication FOR ALL TABLES has clientele's tables in it: refresh works beside it, and
# the subscriber is a copy that goes on by itself when it takes over.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $publisher = PostgreSQL::Test::Cluster->new('publisher');
$publisher->init(allows_streaming => 'logical');
$publisher->start;
$publisher->safe_psql('postgres', q{
	CREATE TABLE customer (id int PRIMARY KEY);
	CREATE TABLE payment (payment_id int PRIMARY KEY, id int, paid_at timestamptz, amount numeric(10,2));
	CREATE EXTENSION clientele;
	SET clientele.clock = '2026-02-10 12:00Z';
	INSERT INTO customer SELECT generate_series(1, 9);
	SELECT clientele.create_population('clinic', 'customer', 'id', 'UTC'),
	       clientele.add_source('clinic', 'payment', 'payment', 'id', 'paid_at', amount => 'amount'),
	       clientele.define_metric('clinic', 'spend', 'sum(payment.amount)', 2),
	       clientele.define_ladder('clinic', 'tier', '[{"label":"good","when":"spend >= 20"},{"label":"new"}]'),
	       clientele.publish('clinic')});
my $refresh = q{SET clientele.clock = '2026-02-10 12:00Z'; CALL clientele.refresh('clinic')};
$publisher->safe_psql('postgres', $refresh);

my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init(allows_streaming => 1);
$subscriber->start;
my $schema = "$PostgreSQL::Test::Utils::tmp_check/schema.sql";
command_ok([ 'pg_dump', '--no-sync', '--schema-only', "--file=$schema", $publisher->connstr('postgres') ], 'dumps the schema');
command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $subscriber->connstr('postgres'), '-f', $schema ], 'restores it');

$publisher->safe_psql('postgres', 'CREATE PUBLICATION everything FOR ALL TABLES');
my $connection = $publisher->connstr . ' dbname=postgres';
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION everything CONNECTION '$connection' PUBLICATION everything");
$subscriber->wait_for_subscription_sync($publisher, 'everything');

# Marks are made, taken, made again; a mark of everyone among them.
$publisher->safe_psql('postgres', q{INSERT INTO payment VALUES (1, 1, '2026-02-01', 10), (2, 2, '2026-02-01', 30)});
$publisher->safe_psql('postgres', $refresh);
$publisher->safe_psql('postgres', q{SELECT clientele.mark_all('clinic')});
$publisher->safe_psql('postgres', $refresh);
is( $publisher->safe_psql('postgres', q{SELECT count(*) FROM clientele_data.clinic_mark}), '0', 'marks are taken');
my $sum = q{SET clientele.clock = '2026-02-13 12:00Z'; CALL clientele.refresh_summaries('clinic')};
$publisher->safe_psql('postgres', $sum);
$publisher->safe_psql('postgres', q{SELECT clientele.mark_all('clinic')});
$publisher->safe_psql('postgres', $refresh);
$publisher->safe_psql('postgres', $sum);
$publisher->safe_psql('postgres', q{INSERT INTO payment VALUES (3, 1, '2026-02-02', 15)});
$publisher->wait_for_catchup('everything');

my $shown = q{SET clientele.clock = '2026-02-10 12:00Z'; SELECT string_agg(id || ' ' || spend || ' ' || tier, ', ' ORDER BY id) FROM segments.clinic WHERE spend > 0};
my $expected = '1 25.00 good, 2 30.00 good';
is($publisher->safe_psql('postgres', $shown), $expected, 'the publisher shows');
is($subscriber->safe_psql('postgres', $shown), $expected, 'the subscriber shows the same');
my $days = 'SELECT * FROM segments.clinic_daily ORDER BY day, name, label';
isnt($publisher->safe_psql('postgres', $days), '', 'days are summed up');
is($subscriber->safe_psql('postgres', $days), $publisher->safe_psql('postgres', $days), 'there, too');

# It takes over.  Sequences are not replicated: whoever takes over sets them, all that there are.
$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION everything');
$subscriber->safe_psql('postgres', q{
	DO $$
	DECLARE
		one record;
		next bigint;
	BEGIN
		FOR one IN SELECT d.refobjid::regclass AS relation, a.attname AS column, d.objid::regclass AS sequence
				   FROM pg_depend AS d JOIN pg_attribute AS a ON (a.attrelid, a.attnum) = (d.refobjid, d.refobjsubid)
				   WHERE d.classid = 'pg_class'::regclass AND d.deptype = 'i' AND a.attidentity <> ''
		LOOP
			EXECUTE format('SELECT coalesce(max(%I), 0) + 1 FROM %s', one.column, one.relation) INTO next;
			PERFORM setval(one.sequence, next, false);
		END LOOP;
	END
	$$});
$publisher->stop;
$subscriber->safe_psql('postgres', q{INSERT INTO payment VALUES (4, 3, '2026-02-02', 5)});
is($subscriber->safe_psql('postgres', $shown), "$expected, 3 5.00 new", 'a payment counts there');
$subscriber->safe_psql('postgres', $refresh);
is($subscriber->safe_psql('postgres', $shown), "$expected, 3 5.00 new", 'and after a refresh');
is($subscriber->safe_psql('postgres', q{SET clientele.clock = '2026-02-10 12:00Z'; SELECT count(*) FROM clientele.verify('clinic')}), '0', 'verified');
$subscriber->stop;

done_testing();
