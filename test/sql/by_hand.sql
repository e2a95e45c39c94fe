-- What people say of customers: tags that they give and take, labels that they pin.
SET client_min_messages = warning;
SET timezone = 'Asia/Shanghai';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
CREATE ROLE regress_hand_owner;
CREATE ROLE regress_hand_desk;
CREATE ROLE regress_hand_director;
CREATE ROLE regress_hand_stranger;
CREATE SCHEMA regress_hand AUTHORIZATION regress_hand_owner;
CREATE SCHEMA regress_hand_segments AUTHORIZATION regress_hand_owner;
SET search_path = regress_hand, clientele;

SET ROLE regress_hand_owner;
CREATE TABLE customer (customer_id int PRIMARY KEY, name text);
CREATE TABLE payment (customer_id int NOT NULL, paid_at timestamptz NOT NULL, net numeric(10,2));
CREATE INDEX ON payment (customer_id, paid_at) INCLUDE (net);
INSERT INTO customer VALUES (1, 'Ann'), (2, 'Ben'), (3, 'Cai');
INSERT INTO payment VALUES (1, '2026-05-20 09:00+08', 900), (1, '2026-06-01 15:00+08', 1500), (3, '2025-12-01 10:00+08', 60000);
SELECT create_population('hand', 'customer', 'customer_id', 'Asia/Shanghai', 'regress_hand_segments');
SELECT add_source('hand', 'payment', 'payment', 'customer_id', 'paid_at', amount => 'net');
SELECT define_metric('hand', 'spend', 'sum(payment.net last 30 days)', 2);
SELECT define_tag('hand', 'vip', 'spend >= 2000', 'value');
SELECT define_tag('hand', '怕针', family => 'care');	-- only people give it
SELECT define_tag('hand', 'call first', $$has_tag('vip') and has_tag('怕针')$$);
SELECT define_rfm('hand', 'member', 'latest(payment)', 'count(payment last 30 days)', 'spend',
                  cuts => 'recency 7, 30, 90; frequency 1, 2, 3; monetary 500, 2000, 5000', scheme => 'eight', high_from => 3);
SELECT define_rfm('hand', 'reach', 'latest(payment)', 'count(payment last 30 days)', 'spend',
                  cuts => 'recency 90; frequency 1, 2, 3; monetary 500', groups => '[{"label": "near", "when": "r > 1"}, {"label": "far"}]');
SELECT define_scorecard('hand', 'tier', '{"method": "additive", "characteristics": [
      {"name": "spend", "value": "spend", "bins": [{"below": 1000, "points": 0, "reason": "spends little"}, {"points": 40}]}],
    "tiers": [{"label": "strategic", "at_least": 70}, {"label": "value", "at_least": 40}, {"label": "basic"}]}');
SELECT define_ladder('hand', 'stage', $$[{"label": "keep", "when": "tier = 'strategic'"}, {"label": "win", "when": "member = '重要挽留'"}, {"label": "let go"}]$$);

-- Before there is a version nobody can be spoken of but by the owner, and no label be pinned.
RESET ROLE; SET clientele.clock = '2026-06-12 10:00:00+08'; SET ROLE regress_hand_owner;
SELECT pin_label('hand', 1, 'tier', 'strategic');
SELECT publish('hand', 'first rules');
CALL refresh('hand');

CREATE VIEW shown AS SELECT customer_id AS id, member, reach, tier, tier_score, stage, tags, due_at FROM regress_hand_segments.hand;
-- What is stored, evaluated and asked of one is the same, and so at another instant.
CREATE FUNCTION differing() RETURNS TABLE (what text, n bigint) LANGUAGE sql AS $$
    SELECT 'as of', count(*) FROM (
        (SELECT customer_id, spend, member, reach, tier, stage, tags FROM regress_hand_segments.hand
         EXCEPT SELECT customer_id, spend, member, reach, tier, stage, tags FROM regress_hand_segments.hand_as_of(clientele.wall_clock()))
        UNION ALL
        (SELECT customer_id, spend, member, reach, tier, stage, tags FROM regress_hand_segments.hand_as_of(clientele.wall_clock())
         EXCEPT SELECT customer_id, spend, member, reach, tier, stage, tags FROM regress_hand_segments.hand)) AS a
    UNION ALL
    SELECT 'profile', count(*) FROM regress_hand_segments.hand AS v, clientele.profile('hand', v.customer_id) AS p
    WHERE (p ->> 'tier', p ->> 'stage', p ->> 'member', p ->> 'reach', (SELECT coalesce(string_agg(t, ', '), '') FROM jsonb_array_elements_text(p -> 'tags') AS t), (p ->> 'due_at')::timestamptz)
          IS DISTINCT FROM (v.tier, v.stage, v.member, v.reach, v.tags, v.due_at)
    UNION ALL
    SELECT 'verify', count(*) FROM clientele.verify('hand')
$$;
SELECT * FROM shown ORDER BY id;

-- ---------------------------------------------------------------------------
-- Tags
-- ---------------------------------------------------------------------------

SELECT tag_customer('hand', 1, '怕针', 'sat down pale', '2026-06-20 18:30:00.000001+08');
SELECT tag_customer('hand', '2', 'knows the owner', family => 'front desk');
SELECT tag_customer('hand', 2::bigint, 'vip', 'the landlord''s wife');
SELECT tag_customer('hand', 1, 'vip');
SELECT * FROM shown ORDER BY id;
SELECT * FROM regress_hand_segments.hand_tag ORDER BY customer_id, tag;
SELECT * FROM differing();
CALL refresh('hand');
SELECT * FROM shown ORDER BY id;
SELECT * FROM differing();
-- Both by a rule and by hand it is one tag, and stays when one of them goes.
SELECT untag_customer('hand', 1, 'vip', 'a slip'), untag_customer('hand', 1, 'vip'), untag_customer('hand', 1, 'sleeping');
SELECT * FROM regress_hand_segments.hand_tag WHERE customer_id = 1 ORDER BY tag;
-- Once more: with another term, of which the last one counts.
SELECT tag_customer('hand', 2, 'knows the owner', 'until he moves', '2026-07-01 00:00+08');
SELECT tag_customer('hand', 2, 'knows the owner', 'until he moves', '2026-06-15 00:00+08');
CALL refresh('hand');
SELECT * FROM shown ORDER BY id;
SELECT customer_id, kind, name, family, note, author, since, until, ended_at, ended_by, ended_note FROM regress_hand_segments.hand_manual ORDER BY customer_id, name, since, until;

-- To the microsecond.
RESET ROLE; SET clientele.clock = '2026-06-20 18:30:00.000000+08'; SET ROLE regress_hand_owner;
SELECT * FROM shown ORDER BY id;
SELECT * FROM differing();
RESET ROLE; SET clientele.clock = '2026-06-20 18:30:00.000001+08'; SET ROLE regress_hand_owner;
SELECT * FROM shown ORDER BY id;
SELECT * FROM differing();
CALL refresh('hand');
SELECT * FROM differing();
SELECT customer_id, name, from_label, to_label, effective_at, cause FROM regress_hand_segments.hand_change ORDER BY position;
-- The past stays: what was said later was not said then.
SELECT customer_id, tags FROM regress_hand_segments.hand_as_of('2026-06-12 09:59:59.999999+08') ORDER BY 1;
SELECT customer_id, tags FROM regress_hand_segments.hand_as_of('2026-06-12 10:00+08') ORDER BY 1;
SELECT profile('hand', 2, '2026-06-12 09:59+08') -> 'due_at' AS due_at;

-- What cannot be.
SELECT tag_customer('hand', 4, 'vip');
SELECT untag_customer('hand', 4, 'vip');
SELECT tag_customer('hand', 'four', 'vip');
SELECT tag_customer('hand', 1, 'a, b');
SELECT tag_customer('hand', 1, '');
SELECT tag_customer('hand', 1, repeat('x', 64));
SELECT tag_customer('hand', 1, 'tier');
SELECT tag_customer('hand', 1, 'vip', until => '2026-06-20 18:30:00.000001+08');
SELECT tag_customer('hand', 1, 'vip', until => 'infinity');
SELECT tag_customer('hand', NULL::text, 'vip');
SELECT tag_customer('hands', 1, 'vip');
SELECT define_tag('hand', 'typo', $$has_tag('call frist')$$);
SELECT publish('hand');
SELECT drop_definition('hand', 'typo');
SELECT tag_customer('hand', 3, 'tag ' || n) FROM generate_series(1, 1001) AS n;

-- A savepoint, a rollback: what was not said has no effect.
BEGIN;
SELECT tag_customer('hand', 3, 'one');
SAVEPOINT s;
SELECT tag_customer('hand', 3, 'two');
SELECT tags FROM shown WHERE id = 3;
ROLLBACK TO s;
SELECT profile('hand', 3) ->> 'tags' AS tags;
ROLLBACK;
SELECT tags FROM shown WHERE id = 3;
-- A till: pays, tags, reads, in one transaction.
BEGIN ISOLATION LEVEL SERIALIZABLE;
INSERT INTO payment VALUES (2, '2026-06-20 18:00+08', 2500);
SELECT tag_customer('hand', 2, '怕针', until => '2026-06-21 00:00+08');
SELECT profile('hand', 2) ->> 'tags' AS tags, profile('hand', 2) ->> 'due_at' AS due_at;
SELECT untag_customer('hand', 2, '怕针');
SELECT profile('hand', 2) ->> 'tags' AS tags;
COMMIT;

-- ---------------------------------------------------------------------------
-- Pins
-- ---------------------------------------------------------------------------

CALL refresh('hand');
SELECT * FROM shown ORDER BY id;
SELECT pin_label('hand', 3, 'tier', 'strategic', 'the director wants her', '2026-06-30 00:00+08');
SELECT pin_label('hand', 3, 'member', '重要挽留');
SELECT pin_label('hand', 2, 'reach', 'far', until => '2026-06-25 12:00+08');
SELECT pin_label('hand', 1, 'stage', 'keep');
SELECT * FROM shown ORDER BY id;
SELECT * FROM differing();
SELECT * FROM explain('hand', 3, 'tier');
SELECT item, value, condition, reason, valid_until FROM explain('hand', 3, 'member');
SELECT item, value, condition, reason, valid_until FROM explain('hand', 2, 'reach');
SELECT item, value, condition, holds, reason, valid_until FROM explain('hand', 1, 'stage');
SELECT item, value, condition, holds, reason, valid_until FROM explain('hand', 2, 'vip');
SELECT kind, item, value, condition, missing, unit, until, from_label, to_label, note FROM next_tier('hand', 3, 'tier');
SELECT kind, item, value, condition, missing, unit, until, from_label, to_label, note FROM next_tier('hand', 2, 'vip');
SELECT item, value, condition, holds, reason, valid_until FROM explain('hand', 1, '怕针', '2026-06-13 10:00+08');
INSERT INTO payment VALUES (3, '2026-06-20 18:10+08', 7000);	-- the score follows, the label does not
CALL refresh('hand');
SELECT * FROM shown ORDER BY id;
SELECT * FROM differing();
-- One evaluation, two causes.
SELECT customer_id, name, from_label, to_label, effective_at, cause FROM regress_hand_segments.hand_change WHERE effective_at >= '2026-06-20 18:30:00.000001+08' ORDER BY position;
-- Over at its term; and taken away before.
RESET ROLE; SET clientele.clock = '2026-06-30 00:00+08'; SET ROLE regress_hand_owner;
SELECT unpin_label('hand', 1, 'stage', 'enough'), unpin_label('hand', 1, 'stage'), unpin_label('hand', 1, 'tier');
SELECT * FROM differing();
CALL refresh('hand');
SELECT * FROM shown ORDER BY id;
SELECT * FROM differing();
SELECT customer_id, name, from_label, to_label, effective_at, cause FROM regress_hand_segments.hand_change WHERE effective_at > '2026-06-20 18:30:00.000001+08' ORDER BY position;
SELECT customer_id, name, label, note, author, since, until, ended_at, ended_by, ended_note FROM regress_hand_segments.hand_manual WHERE kind = 'pin' ORDER BY customer_id, name;
SELECT name, label, valid_from, valid_to FROM regress_hand_segments.hand_membership WHERE customer_id = 3 AND name = 'tier' ORDER BY valid_from NULLS FIRST;

-- What cannot be pinned.
SELECT pin_label('hand', 1, 'tier', 'strategci');
SELECT pin_label('hand', 1, 'member', 'gold');
SELECT pin_label('hand', 1, 'tie', 'strategic');
SELECT pin_label('hand', 1, 'spend', 'high');
SELECT pin_label('hand', 1, 'vip', 'true');
SELECT pin_label('hand', 4, 'tier', 'strategic');
SELECT pin_label('hand', 1, 'tier', NULL);

-- A version that cannot give the label: the pin has no effect, and status says so.
SELECT pin_label('hand', 1, 'tier', 'strategic'), pin_label('hand', 2, 'stage', 'win'), tag_customer('hand', 1, 'loyal');
CALL refresh('hand');
SELECT define_scorecard('hand', 'tier', '{"method": "additive", "characteristics": [
      {"name": "spend", "value": "spend", "bins": [{"below": 1000, "points": 0, "reason": "spends little"}, {"points": 40}]}],
    "tiers": [{"label": "key", "at_least": 70}, {"label": "value", "at_least": 40}, {"label": "basic"}]}');
SELECT drop_definition('hand', 'stage');
SELECT define_metric('hand', 'loyal', '1');	-- a name means one thing: the definition
SELECT publish('hand', 'other tiers');
CALL refresh('hand');
SELECT customer_id, loyal, tier, tags FROM regress_hand_segments.hand ORDER BY 1;
SELECT * FROM status('hand') WHERE item LIKE 'pin%';
SELECT count(*) FROM verify('hand');
SELECT reset_draft('hand', 1);
SELECT publish('hand', 'back');
CALL refresh('hand');
SELECT customer_id, tier, stage, tags FROM regress_hand_segments.hand ORDER BY 1;
SELECT * FROM status('hand') WHERE item LIKE 'pin%';

-- ---------------------------------------------------------------------------
-- Rights
-- ---------------------------------------------------------------------------

GRANT USAGE ON SCHEMA regress_hand_segments TO regress_hand_desk, regress_hand_director, regress_hand_stranger;
GRANT INSERT ON regress_hand_segments.hand_manual TO regress_hand_desk;
GRANT INSERT, UPDATE ON regress_hand_segments.hand_manual TO regress_hand_director;
GRANT SELECT ON regress_hand_segments.hand TO regress_hand_stranger;
SET ROLE regress_hand_desk;
SELECT clientele.tag_customer('hand', 1, 'loud', 'came with six friends');
SELECT clientele.tag_customer('hand', 4, 'loud');
SELECT clientele.pin_label('hand', 1, 'tier', 'basic');
SELECT clientele.unpin_label('hand', 1, 'tier');
INSERT INTO regress_hand_segments.hand_manual (customer_id, kind, name) VALUES (1, 'tag', 'by force');
INSERT INTO clientele_data.hand_manual (key, kind, name, author, since) VALUES (1, 'tag', 'by force', 'me', now());
SET ROLE regress_hand_director;
SELECT clientele.pin_label('hand', 1, 'tier', 'basic', 'loud');
SELECT clientele.untag_customer('hand', 1, 'loud', 'nonsense');
SET ROLE regress_hand_stranger;
SELECT clientele.tag_customer('hand', 1, 'loud');
SELECT clientele.tag_customer('hand', 4, 'loud');
SELECT clientele.untag_customer('hand', 1, 'loud');
SELECT clientele.pin_label('hand', 1, 'tier', 'basic');
SELECT clientele.held_by_hand('hand', '1');
SELECT customer_id, tier, tags FROM regress_hand_segments.hand ORDER BY 1;
SELECT * FROM regress_hand_segments.hand_manual;
SET ROLE regress_hand_owner;
INSERT INTO clientele_data.hand_manual (key, kind, name, author, since) VALUES (1, 'tag', 'by force', 'me', now());
SELECT name, author, ended_by, ended_note FROM regress_hand_segments.hand_manual WHERE customer_id = 1 AND (name = 'loud' OR kind = 'pin') ORDER BY since, author, name, label;

-- ---------------------------------------------------------------------------
-- Forgetting, emptying, leaving
-- ---------------------------------------------------------------------------

SELECT forget('hand', 2);
SELECT count(*) FROM regress_hand_segments.hand_manual WHERE customer_id = 2;
SELECT tag_customer('hand', 2, 'vip');
SELECT unforget('hand', 2);
CALL refresh('hand');
SELECT customer_id, tier, tags FROM regress_hand_segments.hand ORDER BY 1;
-- Who is gone and comes again, comes again with her tags.
SELECT tag_customer('hand', 3, '怕针');
CREATE TABLE customer_before AS SELECT * FROM customer;
TRUNCATE customer;
SELECT count(*) FROM regress_hand_segments.hand;
CALL refresh('hand');
SELECT tag_customer('hand', 3, 'vip');
INSERT INTO customer SELECT * FROM customer_before;
SELECT customer_id, tier, tags FROM regress_hand_segments.hand ORDER BY 1;
CALL refresh('hand');
SELECT * FROM differing();
DROP VIEW shown;
SELECT drop_population('hand');
SELECT relname FROM pg_class WHERE relnamespace IN ('clientele_data'::regnamespace, 'regress_hand_segments'::regnamespace) AND relname LIKE 'hand%';

-- Keys of other types.
CREATE TABLE person (id text COLLATE "C" PRIMARY KEY);
INSERT INTO person VALUES ('a'), ('客户"1');
CREATE TABLE thing (id uuid PRIMARY KEY);
INSERT INTO thing VALUES ('00000000-0000-0000-0000-000000000001');
SELECT create_population('hand', 'person', 'id', 'UTC', 'regress_hand_segments'), create_population('hand "2"', 'thing', 'id', 'UTC', 'regress_hand_segments');
SELECT define_tag('hand', 'x'), define_tag('hand "2"', 'x');
SELECT publish('hand'), publish('hand "2"');
CALL refresh('hand');
CALL refresh('hand "2"');
SELECT tag_customer('hand', '客户"1', 'y'), tag_customer('hand', 'a'::varchar, 'x'), tag_customer('hand "2"', '00000000-0000-0000-0000-000000000001'::uuid, 'x');
SELECT id, tags FROM regress_hand_segments.hand ORDER BY id;
SELECT id, tags FROM regress_hand_segments."hand ""2""";
CALL refresh('hand');
CALL refresh('hand "2"');
SELECT id, tag, origin FROM regress_hand_segments.hand_tag ORDER BY id;
SELECT count(*) FROM verify('hand');
SELECT drop_population('hand'), drop_population('hand "2"');

RESET ROLE;
SET client_min_messages = warning;
DROP SCHEMA regress_hand, regress_hand_segments CASCADE;
DROP ROLE regress_hand_owner, regress_hand_desk, regress_hand_director, regress_hand_stranger;
