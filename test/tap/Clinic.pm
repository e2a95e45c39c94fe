# A small clinic with populations in every state that a database may be in when it is
# dumped, upgraded, copied or killed: several versions, of which one is half built, a feed,
# history that was filled in, days that are summed up, marks that wait, rows that are due, somebody forgotten,
# somebody tagged and pinned, a draft nobody has published; a promotion that has been paid with, claimed and
# given as codes, a balance, a membership, a refusal.
# And what must hold of them wherever they have come to.
package Clinic;
use strict;
use warnings;

use List::Util qw(max);
use Test::More;
use Exporter 'import';

our @EXPORT_OK = qw(make_roles open_clinic answers reads_as is_exact is_alive is_gone plain_sql $now);

our $now = '2026-06-30 12:00:00+08';

# Roles belong to the cluster, not to a database of it.
sub make_roles
{
	my ($node) = @_;
	$node->safe_psql('postgres', 'CREATE ROLE analyst; CREATE ROLE bi_reader; CREATE ROLE cashier');
	return;
}

sub open_clinic
{
	my ($node, $database) = @_;
	$node->safe_psql(
		$database, qq{
	SET client_min_messages = warning;
	SET TimeZone = 'Asia/Shanghai';
	SET clientele.clock = '2026-05-01 12:00+08';
	CREATE EXTENSION IF NOT EXISTS clientele;
	GRANT CREATE ON SCHEMA clientele TO analyst;
	CREATE SCHEMA crm AUTHORIZATION analyst;
	CREATE SCHEMA "院 2" AUTHORIZATION analyst;
	SET ROLE analyst;
	GRANT USAGE ON SCHEMA crm TO cashier;

	CREATE TABLE crm.branch (branch_id int PRIMARY KEY, region text);
	CREATE TABLE crm.customer (customer_id bigint PRIMARY KEY, name text, birthday date);
	CREATE TABLE crm.bill (bill_id int PRIMARY KEY, customer_id bigint, branch_id int REFERENCES crm.branch, paid_at timestamptz);
	CREATE TABLE crm.bill_line (bill_id int REFERENCES crm.bill, net numeric(12,2), voided boolean NOT NULL DEFAULT false);
	CREATE TABLE crm.visit (customer_id bigint, arrived_at timestamp) PARTITION BY RANGE (arrived_at);
	CREATE TABLE crm.visit_2025 PARTITION OF crm.visit FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
	CREATE TABLE crm.visit_2026 PARTITION OF crm.visit FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
	CREATE TABLE "院 2"."member's" ("会员 code" text COLLATE "C" PRIMARY KEY, joined date);
	CREATE TABLE "院 2"."Order" ("会员 code" varchar(20) COLLATE "C", "at" date, n int);
	GRANT INSERT ON crm.bill, crm.bill_line, crm.visit, crm.visit_2026 TO cashier;

	INSERT INTO crm.branch VALUES (1, '华东'), (2, '华南');
	INSERT INTO crm.customer SELECT g, 'C' || g, date '1980-01-01' + g * 97 FROM generate_series(1, 60) AS g;
	INSERT INTO crm.bill SELECT g, 1 + g % 60, 1 + g % 2, timestamptz '2025-06-01 10:00+08' + g * interval '31 hours' FROM generate_series(1, 250) AS g;
	INSERT INTO crm.bill_line SELECT 1 + g % 250, (g * 37) % 400 * 10, g % 11 = 0 FROM generate_series(1, 600) AS g;
	INSERT INTO crm.visit SELECT 1 + g % 57, timestamp '2025-03-01 10:00' + g * interval '50 hours' FROM generate_series(1, 200) AS g;
	INSERT INTO "院 2"."member's" SELECT 'm-' || g, date '2026-01-01' + g FROM generate_series(1, 20) AS g;
	INSERT INTO "院 2"."Order" SELECT 'm-' || 1 + g % 20, date '2026-02-01' + g, g FROM generate_series(1, 70) AS g;

	SELECT clientele.create_population('customer', 'crm.customer', 'customer_id', 'Asia/Shanghai');
	SELECT clientele.add_source('customer', 'line', 'crm.bill_line', 'bill_id.customer_id', 'bill_id.paid_at',
	                            amount => 'net', filter => 'not voided');
	SELECT clientele.add_source('customer', 'visit', 'crm.visit', 'customer_id', 'arrived_at', create_index => true);
	SELECT clientele.set_parameter('customer', 'big', 20000);
	SELECT clientele.define_metric('customer', 'spent', 'sum(line.net)', 2);
	SELECT clientele.define_metric('customer', 'spent_90', 'sum(line.net last 90 days)', 2);
	SELECT clientele.define_metric('customer', 'visits', 'count(visit last 365 days)');
	SELECT clientele.define_metric('customer', 'away', 'days_since(latest(visit))');
	SELECT clientele.define_metric('customer', 'south', \$\$sum(line.net where bill_id.branch_id.region = '华南')\$\$, 2);
	SELECT clientele.define_metric('customer', 'passing', 'count(line)');
	SELECT clientele.define_metric('customer', 'shop', 'last(line.bill_id.branch_id)');
	SELECT clientele.set_branch('customer', 'shop');
	SELECT clientele.set_revenue('customer', 'line');
	SELECT clientele.define_rfm('customer', 'member', recency => 'latest(line)', frequency => 'visits', monetary => 'spent',
	                            bins => 2, cuts => 'recency 60; frequency 3; monetary 20000', scheme => 'eight');
	SELECT clientele.define_ladder('customer', 'stage', '[{"label": "沉睡", "when": "away > 60"},
	                               {"label": "成交", "when": "spent > 0"}, {"label": "潜客"}]');
	SELECT clientele.define_scorecard('customer', 'tier', '{"method": "weighted",
		"characteristics": [
			{"name": "money", "weight": 60, "value": "spent_90", "bins": [{"below": 1, "points": 0}, {"below": 5000, "points": 60}, {"points": 100}]},
			{"name": "visits", "weight": 40, "value": "visits", "bins": [{"below": 1, "points": 0}, {"below": 3, "points": 50}, {"points": 100}]}],
		"tiers": [{"label": "strategic", "at_least": 80}, {"label": "value", "at_least": 50}, {"label": "wake-up"}]}');
	SELECT clientele.define_tag('customer', 'vip', 'spent >= big', family => '价值');
	SELECT clientele.set_revenue('customer', 'line');
	SELECT clientele.publish('customer', 'first');
	CALL clientele.refresh('customer');

	SELECT clientele.create_population('会员', '"院 2"."member''s"', '会员 code', 'UTC', target_schema => 'Seg 2');
	SELECT clientele.add_source('会员', 'order', '"院 2"."Order"', '"会员 code"', '"at"');
	SELECT clientele.define_metric('会员', 'total', 'sum("order".n)', 0);
	SELECT clientele.define_tag('会员', '新''客', 'days_since(joined) < 170');
	SELECT clientele.define_tag('会员', '老友');
	SELECT clientele.publish('会员');
	CALL clientele.refresh('会员');
	CALL clientele.backfill_history('会员', '2026-02-10');

	GRANT USAGE ON SCHEMA segments TO bi_reader;
	GRANT SELECT ON ALL TABLES IN SCHEMA segments TO bi_reader;

	RESET ROLE; SET clientele.clock = '2026-05-20 12:00+08'; SET ROLE analyst;
	INSERT INTO crm.bill VALUES (1000, 3, 1, '2026-05-20 11:00+08');
	INSERT INTO crm.bill_line VALUES (1000, 60000);
	DELETE FROM crm.customer WHERE customer_id = 11;
	SELECT clientele.tag_customer('customer', 8, 'friend', 'of the house', '2026-07-10 00:00+08'), clientele.tag_customer('customer', 7, 'friend');
	SELECT clientele.pin_label('customer', 9, 'stage', '潜客', 'she only looks');
	CALL clientele.refresh('customer');
	CALL clientele.refresh_summaries('customer');
	SELECT clientele.forget('customer', 7);
	SELECT clientele.drop_definition('customer', 'passing');
	SELECT clientele.define_tag('customer', 'quiet', 'away > 30', family => '阶段');
	SELECT clientele.publish('customer', 'second');
	CALL clientele.refresh('customer');
	SELECT clientele.drop_column('customer', 'passing');

	-- a third version, whose building has failed half way
	RESET ROLE; SET clientele.clock = '$now'; SET ROLE analyst;
	SELECT clientele.define_metric('customer', 'visits_30', 'count(visit last 30 days)');
	SELECT clientele.publish('customer', 'third');
	ALTER TABLE clientele_data.customer_stored_3 ADD CONSTRAINT obstacle CHECK (customer_id <> 33);
	\\set ON_ERROR_STOP 0
	CALL clientele.refresh('customer', 10);
	\\set ON_ERROR_STOP 1
	ALTER TABLE clientele_data.customer_stored_3 DROP CONSTRAINT obstacle;

	-- marks of every kind, and a draft
	INSERT INTO crm.bill VALUES (1001, 5, 2, '2026-06-30 11:00+08');
	INSERT INTO crm.bill_line VALUES (1001, 70000), (20, 300);
	UPDATE crm.bill SET customer_id = 9 WHERE bill_id = 40;
	DELETE FROM crm.visit WHERE customer_id = 12;
	INSERT INTO "院 2"."Order" VALUES ('m-3', '2026-06-29', 1000);
	SELECT clientele.tag_customer('会员', 'm-4', '老友'), clientele.untag_customer('customer', 10, 'friend');
	SELECT clientele.set_parameter('customer', 'big', 15000);
	SELECT clientele.define_tag('customer', 'fresh', 'visits_30 > 0 or spent_90 > 0');

	SELECT clientele.define_promotion('customer', '六月', '{"term": {"from": "2026-06-01"}, "branches": "all", "audience": "spent > 0", "audience_at": "term start",
		"benefit": {"kind": "stored value", "amount": 100}, "stock": {"total": 50, "per_branch": 40, "per_customer": 2}, "budget": 3000,
		"claim_term": {"minutes": 90}, "after_refund": "recompute"}');
	SELECT clientele.publish_promotion('customer', '六月', 'first'), clientele.freeze_audience('customer', '六月'), clientele.set_branch_zone('customer', '2', 'Asia/Urumqi');
	GRANT INSERT ON segments.customer_claim TO cashier;
	GRANT USAGE ON SCHEMA segments TO cashier;
	GRANT SELECT ON segments.customer_promotion, segments.customer_claim, segments.customer_ledger, segments.customer_coupon_batch TO bi_reader;
	SELECT clientele.claim('customer', 5, '六月', 'paid', '{"branch": "1", "amount": 500}', true), clientele.claim('customer', 6, '六月', 'held', '{"branch": "2", "amount": 200}'),
	       clientele.issue_codes('customer', '六月', 3, 'print'), clientele.spend('customer', 5, 'stored value', 30, 'used'), clientele.refuse_automation('customer', 13),
	       clientele.record_impression('customer', 5, '{六月}', '{"branch": "1", "staff": "007", "amount": 90}'), clientele.record_impression('customer', 13, '{六月}');
	SELECT clientele.grant_membership('会员', 'm-5', '老友', '2026-12-31 00:00Z', 'card', 99);
	SELECT clientele.define_promotion('customer', '六月', '{"term": {"from": "2026-06-01"}, "branches": "all", "benefit": {"kind": "points", "points": 1}, "after_refund": "none"}')});
	is( $node->safe_psql(
			$database, q{
			SELECT (SELECT count(*) FROM clientele.version), (SELECT count(*) > 0 FROM clientele_data.customer_change),
			       (SELECT count(*) FROM clientele_data.customer_stored_3), (SELECT count(*) > 2 FROM clientele_data.customer_mark),
			       (SELECT count(*) FROM clientele.refresh_run WHERE finished_at IS NULL), (SELECT count(*) FROM clientele.forgotten)}),
		'4|t|20|t|1|1', "$database: the clinic is in every state");
	return;
}

# What the second version's rows are, by plain SQL.
sub plain_sql
{
	my ($as_of) = @_;
	return qq{
	SELECT c.customer_id, coalesce(l.spent, 0)::numeric(28,2) AS spent, coalesce(l.spent_90, 0)::numeric(28,2) AS spent_90,
	       coalesce(v.visits, 0) AS visits, today.day - v.last::date AS away, coalesce(l.south, 0)::numeric(28,2) AS south,
	       CASE WHEN c.customer_id = 9 AND said THEN '潜客'
	            WHEN today.day - v.last::date > 60 THEN '沉睡' WHEN l.spent > 0 THEN '成交' ELSE '潜客' END AS stage,
	       concat_ws(', ', CASE WHEN c.customer_id = 8 AND said THEN 'friend' END, CASE WHEN today.day - v.last::date > 30 THEN 'quiet' END, CASE WHEN l.spent >= 20000 THEN 'vip' END) AS tags
	FROM crm.customer AS c
	CROSS JOIN (SELECT ('$as_of'::timestamptz AT TIME ZONE 'Asia/Shanghai')::date AS day,
	                   '$as_of'::timestamptz >= '2026-05-20 12:00+08' AND '$as_of'::timestamptz < '2026-07-10 00:00+08' AS said) AS today
	LEFT JOIN LATERAL (
		SELECT sum(i.net) AS spent, sum(i.net) FILTER (WHERE r.region = '华南') AS south,
		       sum(i.net) FILTER (WHERE (b.paid_at AT TIME ZONE 'Asia/Shanghai')::date > today.day - 90) AS spent_90
		FROM crm.bill AS b JOIN crm.bill_line AS i USING (bill_id) LEFT JOIN crm.branch AS r USING (branch_id)
		WHERE b.customer_id = c.customer_id AND NOT i.voided AND b.paid_at <= '$as_of') AS l ON true
	LEFT JOIN LATERAL (
		SELECT max(arrived_at) AS last, count(*) FILTER (WHERE arrived_at::date > today.day - 365) AS visits
		FROM crm.visit AS e
		WHERE e.customer_id = c.customer_id AND e.arrived_at AT TIME ZONE 'Asia/Shanghai' <= '$as_of') AS v ON true
	WHERE c.customer_id <> 7 ORDER BY 1};
}

# What a reader is answered is the same wherever the database is.
sub answers
{
	my ($node, $database) = @_;
	return [ split /\n/, $node->safe_psql(
		$database, qq{
	SET TimeZone = 'Asia/Shanghai';
	SET clientele.clock = '$now';
	SET ROLE bi_reader;
	SELECT * FROM segments.customer ORDER BY 1;
	SELECT * FROM segments.customer_tag ORDER BY 1, 2;
	SELECT * FROM segments.customer_manual ORDER BY 1, 2, 3;
	SELECT * FROM segments.customer_change ORDER BY 1;
	SELECT * FROM segments.customer_membership ORDER BY 1, 2, 3, 4;
	SELECT * FROM segments.customer_moves ORDER BY 1, 2, 3;
	SELECT * FROM segments.customer_daily ORDER BY 1, 2, 3, 4;
	SELECT * FROM segments.customer_as_of('2026-03-01 12:00+08') ORDER BY customer_id;
	SELECT clientele.profile('customer', customer_id), clientele.profile('customer', customer_id, '2026-08-01 00:00+08')
	FROM segments.customer ORDER BY customer_id;
	SELECT * FROM segments.customer AS c, clientele.explain('customer', c.customer_id, 'stage') AS e WHERE c.customer_id < 14
	ORDER BY c.customer_id, e.item, e.depth, e.condition;
	SELECT n.* FROM segments.customer AS c, clientele.next_tier('customer', c.customer_id, 'tier') AS n WHERE c.customer_id < 14
	ORDER BY c.customer_id, n.kind, n.step;
	SELECT * FROM clientele.changes_since('customer', 0);
	SELECT * FROM segments.customer_promotion;
	SELECT * FROM segments.customer_claim ORDER BY 1;
	SELECT * FROM segments.customer_ledger ORDER BY at, amount;
	SELECT * FROM segments.customer_coupon_batch;
	SELECT c.customer_id, o.* FROM segments.customer AS c, clientele.offers('customer', c.customer_id, '{"branch": "1", "amount": 900}') AS o ORDER BY 1, 2;
	RESET ROLE;
	SELECT * FROM clientele.promotions('customer');
	SELECT * FROM clientele.memberships('会员', 'm-5');
	SELECT * FROM clientele.codes('customer', 1) ORDER BY 1;
	SELECT e.* FROM clientele.claim AS c, clientele.explain_claim(c.claim_id) AS e ORDER BY c.claim_id;
	SELECT * FROM clientele.versions('customer');
	SELECT * FROM clientele.diff_versions('customer', 1);
	SELECT clientele.export_definitions('customer');
	SELECT * FROM "Seg 2"."会员" ORDER BY 1;
	SELECT * FROM "Seg 2"."会员_tag" ORDER BY 1, 2;
	SELECT * FROM "Seg 2"."会员_change" ORDER BY 1;
	SELECT * FROM "Seg 2"."会员_daily" ORDER BY 1, 2, 3, 4}) ];
}

sub reads_as
{
	my ($node, $database, $expected, $what) = @_;
	my $got = answers($node, $database);
	my @different = grep { ($got->[$_] // '') ne ($expected->[$_] // '') } 0 .. max($#$got, $#$expected);
	ok(@$got > 400 && !@different, "$what: readers are answered the same")
	  or diag(@$got . ' lines, ' . @different . ' differ, the first: ' . ($got->[ $different[0] ] // 'none') . ' instead of ' . ($expected->[ $different[0] ] // 'none'));
	return;
}

# Marked or due or neither: what is read is what plain SQL says.
sub is_exact
{
	my ($node, $database, $what) = @_;
	for my $as_of ($now, '2026-04-01 09:00+08')
	{
		is( $node->safe_psql(
				$database,
				"SET clientele.clock = '$now'; SELECT customer_id, spent, spent_90, visits, away, south, stage, tags FROM "
				  . ($as_of eq $now ? 'segments.customer' : "segments.customer_as_of('$as_of')") . ' ORDER BY 1'),
			$node->safe_psql($database, plain_sql($as_of)),
			"$what: as of $as_of what is read is what plain SQL says");
	}
	is($node->safe_psql($database, "SET clientele.clock = '$now'; SELECT * FROM clientele.verify('customer') UNION ALL SELECT * FROM clientele.verify('会员')"),
		'', "$what: verify finds nothing");
	return;
}

# The clinic goes on: payments are captured, refresh and publish work, rights are what they were.
sub is_alive
{
	my ($node, $database, $what, $owner) = @_;
	$owner //= 'analyst';
	my $marks = 'SELECT key, link, link_key FROM clientele_data.customer_mark';
	my $before = $node->safe_psql($database, $marks);
	$node->safe_psql(
		$database, q{
		SET ROLE cashier;
		INSERT INTO crm.bill VALUES (2000, 21, 1, '2026-06-30 11:30+08');
		INSERT INTO crm.bill_line VALUES (2000, 81000);
		INSERT INTO crm.visit_2026 VALUES (22, '2026-06-30 11:40');
		INSERT INTO crm.visit VALUES (23, '2026-06-30 11:40')});
	is($node->safe_psql($database, $marks), join("\n", grep { $_ ne '' } $before, '21||', '|1|2000', '22||', '23||'),
		"$what: what the till types in makes marks, in partitions, too");
	is_exact($node, $database, "$what, marked");

	$node->safe_psql($database, "SET client_min_messages = warning; SET clientele.clock = '$now'; SET ROLE $owner;
		CALL clientele.refresh('customer'); CALL clientele.refresh('会员')");
	is($node->safe_psql($database, $marks), '', "$what: a refresh takes them in");
	is($node->safe_psql($database, q{SELECT live_version, next_version FROM clientele.population ORDER BY name}),
		"3|\n1|", "$what: and builds the version that was half built");
	is_exact($node, $database, "$what, refreshed");
	my $days = 'SELECT * FROM segments.customer_daily ORDER BY 1, 2, 3, 4';
	my $sum = "SET client_min_messages = warning; SET clientele.clock = '$now'; SET ROLE $owner; CALL clientele.refresh_summaries('customer')";
	$node->safe_psql($database, $sum);
	my $followed = $node->safe_psql($database, $days);
	$node->safe_psql($database, "DELETE FROM clientele.summary; $sum");
	is($node->safe_psql($database, $days), $followed, "$what: days are summed up from where they were");
	is( $node->safe_psql(
			$database, qq{SET client_min_messages = warning; SET clientele.clock = '$now'; SET ROLE $owner;
			SELECT clientele.publish('customer', 'fourth'); CALL clientele.refresh('customer')}),
		'4', "$what: a new version is published");
	is( $node->safe_psql(
			$database, qq{SET clientele.clock = '$now'; SELECT count(*) FROM segments.customer WHERE tags LIKE '%fresh%' AND spent_90 <= 0 AND visits_30 = 0;
			SELECT count(*) > 0 FROM segments.customer WHERE tags LIKE '%fresh%';
			SELECT count(*) FROM clientele.verify('customer');
			SELECT count(*) > 0 FROM segments.customer WHERE tags LIKE '%vip%' AND spent < 20000}),
		"0\nt\n0\nt", "$what: with what was in the draft");
	is( $node->safe_psql(
			$database, q{
			SELECT count(*) FROM (SELECT from_label, lag(to_label) OVER steps AS before, row_number() OVER steps AS step
			                      FROM segments.customer_change WINDOW steps AS (PARTITION BY customer_id, name ORDER BY position)) AS c
			WHERE step > 1 AND from_label IS DISTINCT FROM before}),
		'0', "$what: the feed goes on from where it was");
	is( $node->safe_psql(
			$database, qq{SET clientele.clock = '$now';
			SELECT code FROM clientele.codes('customer', 1) ORDER BY 1 LIMIT 1 \\gset
			SET ROLE cashier;
			SELECT clientele.claim('customer', 5, '六月', 'paid', '{"branch": "1", "amount": 500}', true), (clientele.redeem(2, 'held/paid')).state,
			       clientele.claim('customer', 14, '六月', 'new', '{"branch": "1", "amount": 700}', true) > 2,
			       clientele.claim_code('customer', 15, :'code', 'by code', '{"branch": "2", "amount": 800}', true) > 3;
			SELECT remaining FROM clientele.offers('customer', 16, '{"branch": "1", "amount": 900}');
			RESET ROLE;
			SELECT clientele.balance('customer', k, 'stored value') FROM unnest('{5, 6, 14, 15}'::bigint[]) AS k;
			SELECT name, remaining FROM segments.customer_promotion;
			SELECT count(*) FROM clientele.verify_promotions('customer');
			SET ROLE $owner;
			SELECT clientele.publish_promotion('customer', '六月', 'second'), clientele.issue_codes('customer', '六月', 1, 'more') > 1}),
		"1|redeemed|t|t\n2\n70\n100\n100\n100\n六月|44\n0\n2|t", "$what: promotions go on: what was answered, held, and left");
	my ($status, $out, $error) = $node->psql($database, q{SET ROLE bi_reader; SELECT count(*) FROM segments.customer; SELECT * FROM crm.bill});
	is($out, '58', "$what: the BI role reads the views");
	like($error, qr/permission denied for schema crm/, "$what: and nothing else");
	return;
}

# All of it can be taken away, by name, without CASCADE.
sub is_gone
{
	my ($node, $database, $what) = @_;
	$node->safe_psql(
		$database, q{
		SELECT clientele.drop_population('customer', with_balances => true), clientele.drop_population('会员', with_balances => true)});
	is( $node->safe_psql(
			$database, q{
			SELECT string_agg(c.oid::regclass::text, ' ') FROM pg_class AS c
			WHERE c.relnamespace = 'clientele'::regnamespace AND c.relkind = 'r'
			  AND xpath_exists('//row', query_to_xml(format('SELECT FROM %s LIMIT 1', c.oid::regclass), false, false, ''))}),
		'', "$what: a population goes with all its rows");
	$node->safe_psql($database, 'DROP EXTENSION clientele');
	is( $node->safe_psql(
			$database, q{
			SELECT (SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'clientele%'), (SELECT count(*) FROM pg_event_trigger),
			       (SELECT string_agg(nspname, ' ') FROM pg_namespace WHERE nspname ~ 'clientele|segments|Seg')}),
		'0|0|', "$what: and goes without a trace");
	return;
}

1;
