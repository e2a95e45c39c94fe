-- Monday's list: who has another label at the end of a week than before it.
CREATE SCHEMA moves;
SET search_path = clientele, moves, public;
SET clientele.clock = '2026-06-01 09:00+08'; -- a Monday
CREATE TABLE moves.client (id int PRIMARY KEY, home text);
CREATE TABLE moves.bill (client_id int, paid_at timestamptz, net numeric(12,2));
CREATE INDEX ON moves.bill (client_id, paid_at) INCLUDE (net);
INSERT INTO moves.client VALUES (1, '静安'), (2, '浦东'), (3, NULL), (4, '静安');
INSERT INTO moves.bill SELECT i, '2026-05-20 12:00+08', 100 FROM generate_series(1, 4) AS i;
SELECT create_population('person', 'moves.client', 'id', 'Asia/Shanghai', 'moves');
SELECT add_source('person', 'bill', 'moves.bill', 'client_id', 'paid_at', amount => 'net');
SELECT define_metric('person', 'spent', 'sum(bill.net)', 2), define_metric('person', 'shop', 'home'),
       define_ladder('person', 'value', '[{"label": "金", "when": "spent >= 1000"}, {"label": "银", "when": "spent >= 500"}, {"label": "普通"}]'),
       define_ladder('person', 'stage', '[{"label": "away", "when": "days_since(latest(bill)) >= 25"}]'),
       define_tag('person', 'big', 'spent >= 1000');
SELECT publish('person');
CALL refresh('person');
TABLE moves.person_moves;

-- 1 climbs twice in a week and falls again, all at one instant but the first, which is one move; 2 climbs, and is back before the week ends; 3 climbs on
-- Sunday night, who in UTC would have climbed on Sunday's afternoon; and 4 not at all.
SET clientele.clock = '2026-06-02 10:00+08';
INSERT INTO moves.bill VALUES (1, '2026-06-02 10:00+08', 400), (2, '2026-06-02 10:00+08', 400);
CALL refresh('person');
SET clientele.clock = '2026-06-03 10:00+08';
INSERT INTO moves.bill VALUES (1, '2026-06-03 10:00+08', 500);
DELETE FROM moves.bill WHERE client_id = 2 AND net = 400;
CALL refresh('person');
UPDATE moves.bill SET net = 450 WHERE client_id = 1 AND net = 500;
CALL refresh('person');
SET clientele.clock = '2026-06-07 23:59:59+08';
INSERT INTO moves.bill VALUES (3, '2026-06-07 23:59:59+08', 900);
CALL refresh('person');
-- Monday: a new week, in which 3 falls, and time moves 2 and 4 on its Sunday, whom a refresh meets only the week after.
SET clientele.clock = '2026-06-08 00:00+08';
UPDATE moves.bill SET net = 500 WHERE client_id = 3 AND net = 900;
CALL refresh('person');
SET clientele.clock = '2026-06-16 09:00+08';
CALL refresh('person');
SELECT week, id, name, from_label, to_label, moved_at AT TIME ZONE 'Asia/Shanghai' AS moved_at, cause, branch FROM moves.person_moves ORDER BY week, id, name;
SELECT count(*) AS changes FROM moves.person_change;

-- The same by plain SQL over the feed: the first and the last label of each week.
CREATE FUNCTION moves.expected() RETURNS TABLE (week date, id int, name text, from_label text, to_label text) LANGUAGE sql AS $$
    SELECT w.week, c.id, n.name, before.label, after.label
    FROM (SELECT d::date AS week FROM generate_series(timestamp '2026-05-04', '2026-07-06', '7 days') AS d) AS w, moves.client AS c,
         (VALUES ('value'), ('stage')) AS n (name),
         LATERAL (SELECT m.* FROM moves.person_change AS m WHERE m.id = c.id AND m.name = n.name
                    AND m.effective_at >= w.week::timestamp AT TIME ZONE 'Asia/Shanghai'
                    AND m.effective_at < (w.week + 7)::timestamp AT TIME ZONE 'Asia/Shanghai' ORDER BY position LIMIT 1) AS first,
         LATERAL (SELECT first.from_label) AS before (label),
         LATERAL (SELECT m.to_label FROM moves.person_change AS m WHERE m.id = c.id AND m.name = n.name
                    AND m.effective_at < (w.week + 7)::timestamp AT TIME ZONE 'Asia/Shanghai' ORDER BY position DESC LIMIT 1) AS after (label)
    WHERE before.label IS DISTINCT FROM after.label $$;
SELECT count(*) FROM moves.expected();
SELECT * FROM moves.expected() EXCEPT SELECT week, id, name, from_label, to_label FROM moves.person_moves;
SELECT week, id, name, from_label, to_label FROM moves.person_moves EXCEPT SELECT * FROM moves.expected();

-- The branch is a customer's own, as text; numbers without zeros after the point.
SELECT set_branch('person', 'shop');
SELECT publish('person');
CALL refresh('person');
SELECT DISTINCT id, branch FROM moves.person_moves ORDER BY id;
SELECT set_branch('person', 'spent');
SELECT publish('person');
CALL refresh('person');
SELECT DISTINCT id, branch FROM moves.person_moves ORDER BY id;
-- A new version moves people, too; who is not defined any more has no moves.
SELECT define_ladder('person', 'value', '[{"label": "金", "when": "spent >= 500"}, {"label": "普通"}]'), drop_definition('person', 'stage'), set_branch('person', NULL);
SELECT publish('person');
CALL refresh('person');
SELECT week, id, name, from_label, to_label, cause, branch FROM moves.person_moves ORDER BY week, id, name;
-- Who is deleted keeps his moves, and belongs nowhere; who is forgotten has none.
SELECT set_branch('person', 'shop');
SELECT publish('person');
CALL refresh('person');
DELETE FROM moves.client WHERE id = 3;
CALL refresh('person');
SELECT forget('person', 1);
CALL refresh('person');
SELECT week, id, name, from_label, to_label, cause, branch FROM moves.person_moves ORDER BY week, id, name;

-- Only types that every reporting tool reads; a reader of the view needs nothing else; neither the
-- branch nor another week is looked at for nothing.
SELECT attname, format_type(atttypid, atttypmod), col_description(attrelid, attnum) FROM pg_attribute WHERE attrelid = 'moves.person_moves'::regclass AND attnum > 0 ORDER BY attnum;
CREATE ROLE regress_reader;
GRANT USAGE ON SCHEMA moves TO regress_reader;
GRANT SELECT ON moves.person_moves TO regress_reader;
SET ROLE regress_reader;
SELECT count(*) FROM moves.person_moves;
RESET ROLE;
INSERT INTO clientele_data.person_change (key, names, from_labels, to_labels, effective_at, recorded_at, cause, model_version)
SELECT i % 1000, '{value}', '{普通}', '{金}', t, t, 'fact', 1
FROM generate_series(1, 20000) AS i, LATERAL (SELECT timestamptz '2024-01-01' + i * interval '1 hour') AS l (t);
VACUUM ANALYZE clientele_data.person_change;
SET enable_seqscan = off;
CREATE FUNCTION moves.reads(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        RETURN QUERY SELECT m[1] FROM regexp_matches(line, '(?:Index.* using|Bitmap Index Scan on|Seq Scan on) (\w+)') AS m;
    END LOOP;
END $$;
SELECT * FROM moves.reads($$SELECT id, from_label, to_label FROM moves.person_moves WHERE week = '2025-06-02'$$);
SELECT * FROM moves.reads($$SELECT id, branch FROM moves.person_moves WHERE week = '2025-06-02'$$);
SELECT * FROM moves.reads($$SELECT id, from_label, to_label FROM moves.person_moves WHERE id = 7$$);
SELECT count(*), count(DISTINCT id) FROM moves.person_moves WHERE week = '2025-06-02';
RESET enable_seqscan;

SELECT drop_population('person');
SET client_min_messages = warning;
DROP SCHEMA moves CASCADE;
DROP ROLE regress_reader;
