# SQL that compares what the engine answers with oracle.expected, and raises an
# error with the first differences.
package Oracle::Comparison;
use strict;
use warnings;
use utf8;

use Exporter 'import';
use Oracle::World;
our @EXPORT = qw(comparison_functions compare_view compare_as_of compare_profile feed_labels feed_begins);

my $clock_columns = q('{as_of,evaluated_at,due_at,model_version}'::text[]);

sub comparison_functions
{
	my ($world) = @_;
	my $key = literal($world->{key_column});
	my $population = literal($world->{population});
	my $key_name = identifier($world->{key_column});
	my $marks = 'clientele_data.' . identifier("$world->{population}_mark");
	my ($view, $as_of) = (view_of($world), view_of($world, '_as_of'));
	return <<"SQL";
-- Sequences, because a rollback must not take back what was counted.
CREATE SEQUENCE oracle.comparisons;
CREATE SEQUENCE oracle.due_rows;
CREATE SEQUENCE oracle.early_rows;

CREATE FUNCTION oracle.compare(what text, actual text, at timestamptz DEFAULT oracle.now(), only_key text DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS \$\$
DECLARE
    expected jsonb[] := ARRAY(SELECT answer FROM oracle.expected(at) AS answer WHERE only_key IS NULL OR answer ->> $key = only_key);
    differences text;
BEGIN
    PERFORM nextval('oracle.comparisons');
    EXECUTE format(\$q\$
        WITH actual AS MATERIALIZED (SELECT to_jsonb(a) - $clock_columns AS answer FROM (%s) AS a),
             expected AS MATERIALIZED (SELECT answer FROM unnest(\$1) AS answer),
             paired AS (SELECT a.answer AS ours, e.answer AS theirs
                        FROM (SELECT answer, row_number() OVER (PARTITION BY answer -> $key) AS n FROM actual) AS a
                        FULL JOIN expected AS e ON a.answer -> $key = e.answer -> $key AND a.n = 1),
             different AS (SELECT coalesce(ours, theirs) ->> $key AS key, name, o, t
                           FROM paired, LATERAL (SELECT name, o, t FROM jsonb_each(coalesce(ours, '{}')) AS a(name, o)
                                                 FULL JOIN jsonb_each(coalesce(theirs, '{}')) AS b(name, t) USING (name)) AS pair
                           WHERE o IS DISTINCT FROM t
                           ORDER BY name, 1 LIMIT 8)
        SELECT string_agg(format(E'\\n  key %%s, column %%s: ours %%s, plain SQL %%s', key, name, coalesce(o::text, 'nothing'), coalesce(t::text, 'nothing')), '')
        FROM different\$q\$, actual) INTO differences USING expected;
    IF differences IS NOT NULL THEN
        RAISE EXCEPTION 'DIFFERENT: %, clock %, at %:%', what, oracle.now(), at, differences;
    END IF;
END \$\$;

-- How many of the plans of a session that reads everyone were parallel.
CREATE SEQUENCE oracle.parallel_plans;
CREATE FUNCTION oracle.note_plan() RETURNS void LANGUAGE plpgsql AS \$\$
DECLARE
    line text;
BEGIN
    FOR line IN EXPLAIN SELECT 1 FROM $view UNION ALL SELECT 1 FROM $as_of(current_setting('clientele.clock')::timestamptz) LOOP
        IF line ~ 'Parallel Foreign Scan' THEN
            PERFORM nextval('oracle.parallel_plans');
        END IF;
    END LOOP;
END \$\$;

CREATE FUNCTION oracle.nothing_is_stale() RETURNS void LANGUAGE plpgsql AS \$\$
BEGIN
    IF EXISTS (SELECT FROM $marks) OR EXISTS (SELECT FROM $view WHERE due_at <= oracle.now() OR evaluated_at > oracle.now()) THEN
        RAISE EXCEPTION 'DIFFERENT: marks or due rows are left after a refresh';
    END IF;
END \$\$;

-- Stored rows are right until the last microsecond before they are due; how often one does
-- not change when it is, is counted.
CREATE FUNCTION oracle.compare_horizon(salt int) RETURNS void LANGUAGE plpgsql AS \$\$
DECLARE
    present timestamptz := oracle.now();
    due record;
BEGIN
    SELECT to_jsonb($key_name) AS key, due_at, due_at - interval '1 microsecond' AS eve INTO due
    FROM $view WHERE due_at < '10000-01-01'    -- a clock is set to a year of four digits
    ORDER BY (salt % 2) * extract(epoch FROM due_at), md5(due_at::text || salt) LIMIT 1;
    IF NOT FOUND THEN RETURN; END IF;
    PERFORM set_config('clientele.clock', due.eve::text, false);
    PERFORM oracle.compare('an instant before a row is due', 'SELECT * FROM $view');
    PERFORM set_config('clientele.clock', present::text, false);
    PERFORM oracle.compare('as of an instant before a row is due', format('SELECT * FROM $as_of(%L)', due.eve), due.eve);
    PERFORM nextval('oracle.due_rows');
    IF (SELECT answer FROM oracle.expected(due.due_at) AS answer WHERE answer -> $key = due.key)
       = (SELECT answer FROM oracle.expected(due.eve) AS answer WHERE answer -> $key = due.key) THEN
        PERFORM nextval('oracle.early_rows');
    END IF;
END \$\$;

-- The labels (whose columns are listed) and tags of everybody at an instant, by plain SQL.
CREATE TABLE oracle.label (name text PRIMARY KEY);
CREATE FUNCTION oracle.labels(at timestamptz) RETURNS TABLE (key text, name text, label text) STABLE LANGUAGE plpgsql AS \$\$
#variable_conflict use_column
BEGIN
    RETURN QUERY SELECT answer ->> $key, l.name, answer ->> l.name FROM oracle.expected(at) AS answer, oracle.label AS l WHERE answer ->> l.name IS NOT NULL
    UNION ALL
    SELECT answer ->> $key, tag, tag FROM oracle.expected(at) AS answer, string_to_array(answer ->> 'tags', ', ') AS tags, unnest(tags) AS tag;
END \$\$;

-- The first version is no change: the feed goes on from the labels it gave.
CREATE TABLE oracle.first_label (key text, name text, label text);

-- The feed is a chain for each label; replayed, it ends at the present ones; and what time
-- alone has changed since the last look, it changed at that microsecond.
CREATE TABLE oracle.feed_seen AS SELECT 0::bigint AS position;
CREATE FUNCTION oracle.compare_feed() RETURNS void LANGUAGE plpgsql AS \$\$
DECLARE
    problem text;
    flip record;
BEGIN
    SELECT string_agg(format(E'\\n  key %s, column %s: position %s says from %L, the one before it to %L; at %s after %s', key, name, position, from_label, before, effective_at, before_at), '') INTO problem
    FROM (SELECT *, lag(to_label) OVER by_label AS before, lag(effective_at) OVER by_label AS before_at
          FROM oracle.feed WINDOW by_label AS (PARTITION BY key, name ORDER BY position)) AS chain
    WHERE from_label IS DISTINCT FROM before OR effective_at < before_at;
    IF problem IS NOT NULL THEN RAISE EXCEPTION 'DIFFERENT: the feed, clock %:%', oracle.now(), problem; END IF;

    SELECT string_agg(format(E'\\n  key %s, column %s: the feed says %L, plain SQL %L', key, name, f.to_label, l.label), '') INTO problem
    FROM (SELECT DISTINCT ON (key, name) key, name, to_label FROM oracle.feed ORDER BY key, name, position DESC) AS f
    FULL JOIN oracle.labels(oracle.now()) AS l USING (key, name)
    WHERE f.to_label IS DISTINCT FROM l.label;
    IF problem IS NOT NULL THEN RAISE EXCEPTION 'DIFFERENT: the feed at its end, clock %:%', oracle.now(), problem; END IF;

    FOR flip IN SELECT * FROM oracle.feed
                WHERE position > (SELECT f.position FROM oracle.feed_seen AS f) AND cause = 'time' ORDER BY position DESC LIMIT 3 LOOP
        SELECT string_agg(format('at %s the label is %L', at, label), ', ') INTO problem
        FROM (VALUES (flip.effective_at - interval '1 microsecond', flip.from_label), (flip.effective_at, flip.to_label)) AS v (at, wanted)
        LEFT JOIN LATERAL (SELECT l.label FROM oracle.labels(at) AS l WHERE l.key = flip.key AND l.name = flip.name) AS l ON true
        WHERE label IS DISTINCT FROM wanted;
        IF problem IS NOT NULL THEN
            RAISE EXCEPTION 'DIFFERENT: the instant of a change, clock %: key %, column %: % -> % at %, but %', oracle.now(), flip.key, flip.name,
                flip.from_label, flip.to_label, flip.effective_at, problem;
        END IF;
    END LOOP;
    UPDATE oracle.feed_seen SET position = coalesce((SELECT max(f.position) FROM oracle.feed AS f), 0);
END \$\$;
SQL
}

sub view_of { return 'segments.' . identifier($_[0]{population} . ($_[1] // '')) }

sub compare_view
{
	my ($world, $what) = @_;
	return 'SELECT oracle.compare(' . literal($what) . ', ' . literal('SELECT * FROM ' . view_of($world)) . ');';
}

sub compare_as_of
{
	my ($world, $instant) = @_;
	return "SELECT oracle.compare('as of', format('SELECT * FROM " . (view_of($world, '_as_of') =~ s/'/''/gr) . "(%L)', at), at) FROM (SELECT $instant AS at) AS chosen WHERE at IS NOT NULL;";
}

# One customer alone, as of now.
sub compare_profile
{
	my ($world, $salt) = @_;
	my ($population, $key) = (literal($world->{population}), identifier($world->{key_column}));
	my $row = '(jsonb_populate_record(NULL::' . view_of($world) . ", p || jsonb_build_object('tags', array_to_string(ARRAY(SELECT jsonb_array_elements_text(p -> 'tags')), ', ')))).*";

	return 'SELECT oracle.compare(\'profile\', format(' . literal("SELECT $row FROM clientele.profile(%L, %L::$world->{key_type}) AS p")
		. ", $population, $key), oracle.now(), $key\::text) FROM clinic.\"Customer\""
		. " WHERE $key = (SELECT $key FROM clinic.\"Customer\" ORDER BY md5($key\::text || '$salt') LIMIT 1);";
}

# After the first version: what the feed goes on from.
sub feed_begins
{
	my ($world) = @_;
	my ($key, $feed) = (identifier($world->{key_column}), view_of($world, '_change'));
	return "INSERT INTO oracle.first_label SELECT * FROM oracle.labels(oracle.now());\n"
		. "CREATE VIEW oracle.feed AS SELECT 0::bigint AS position, key, name, NULL::text AS from_label, label AS to_label, timestamptz '-infinity' AS effective_at, ''::text AS cause FROM oracle.first_label\n"
		. "UNION ALL SELECT position, $key\::text, name::text, from_label, to_label, effective_at, cause::text FROM $feed;\n";
}

# Notes which columns the feed follows: labels, and the branch.
sub feed_labels
{
	my ($model) = @_;
	my @names = map { $_->{name} } grep { $_->{kind} =~ /^(rfm|scorecard|ladder)$/ } @{ $model->{definitions} };
	push @names, $model->{home}{name} if $model->{home};
	return "INSERT INTO oracle.label SELECT unnest(ARRAY[" . join(q(, ), map { literal($_) } @names) . "]::text[]) ON CONFLICT DO NOTHING;\n";
}

1;
