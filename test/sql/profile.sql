-- profile(): the row of a customer in the population's view, as jsonb.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET TimeZone = 'Asia/Shanghai';
CREATE ROLE regress_profile_owner;
CREATE ROLE regress_profile_reader;
CREATE ROLE regress_profile_stranger;
CREATE SCHEMA profile_shop AUTHORIZATION regress_profile_owner;
CREATE SCHEMA profile_segments AUTHORIZATION regress_profile_owner;
SET clientele.clock = '2026-03-10 12:00+00';
SET SESSION AUTHORIZATION regress_profile_owner;
CREATE TABLE profile_shop.customer (id int PRIMARY KEY, city text, birthday date);
CREATE TABLE profile_shop.payment (id int, paid_at timestamptz, amount numeric(12,2));
INSERT INTO profile_shop.customer SELECT g, CASE WHEN g <> 3 THEN '上"海\' || g END, '1990-01-01'::date + g FROM generate_series(1, 9) AS g;
INSERT INTO profile_shop.payment SELECT 1 + g % 6, '2026-03-10 10:00+00'::timestamptz - g * interval '1 day', g * 10.5 FROM generate_series(0, 40) AS g;
SELECT clientele.create_population('profile', 'profile_shop.customer', 'id', 'Asia/Shanghai', 'profile_segments');
SELECT clientele.add_source('profile', 'payment', 'profile_shop.payment', 'id', 'paid_at', amount => 'amount');
SELECT clientele.define_metric('profile', 'visits', 'count(payment last 30 days)');
SELECT clientele.define_metric('profile', 'spend', 'sum(payment.amount last 10 days)', 2);
SELECT clientele.define_metric('profile', 'town', 'city');
SELECT clientele.define_metric('profile', 'born', 'birthday');
SELECT clientele.define_metric('profile', 'last_paid', 'latest(payment)');
SELECT clientele.define_metric('profile', 'days', 'days_since(latest(payment))');
SELECT clientele.define_metric('profile', 'good', 'spend > 20');
SELECT clientele.define_ladder('profile', 'tier', '[{"label":"高","when":"spend > 100"},{"label":"low","when":"spend > 0"}]');
SELECT clientele.define_tag('profile', 'came', 'visits > 0');
SELECT clientele.define_tag('profile', 'came often', 'visits > 4');

SELECT clientele.profile('profile', 1);
SELECT clientele.publish('profile') AS version;
SELECT clientele.profile('profile', 1);
CALL clientele.refresh('profile');

-- what the views say, of everybody: stored rows, and some evaluated while they are read
INSERT INTO profile_shop.payment VALUES (2, '2026-03-10 11:00+00', 1000), (8, '2026-03-10 11:30+00', 0.01);
CREATE FUNCTION profile_shop.differing(at timestamptz) RETURNS TABLE (id int, profile jsonb, shown jsonb) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format($query$
        SELECT v.id, clientele.profile('profile', v.id, $1), jsonb_set(to_jsonb(v), '{tags}', to_jsonb(string_to_array(v.tags, ', ')))
        FROM %s AS v WHERE clientele.profile('profile', v.id, $1) IS DISTINCT FROM jsonb_set(to_jsonb(v), '{tags}', to_jsonb(string_to_array(v.tags, ', ')))
        $query$, CASE WHEN at IS NULL THEN 'profile_segments.profile' ELSE 'profile_segments.profile_as_of($1)' END) USING at;
END
$$;
SELECT * FROM profile_shop.differing(NULL);
SELECT * FROM profile_shop.differing('2026-02-20 08:00+08');
SELECT jsonb_pretty(clientele.profile('profile', 2));
SELECT clientele.profile('profile', 9) -> 'tags' AS none, clientele.profile('profile', 3) -> 'town' AS null,
       clientele.profile('profile', 2, '2026-03-01 00:00+08') -> 'spend' AS spend_then;

-- the key as text, or as any integer; nobody; nothing
SELECT clientele.profile('profile', '2') = clientele.profile('profile', 2) AS by_text,
       clientele.profile('profile', 2::bigint) = clientele.profile('profile', 2::smallint) AS by_others,
       clientele.profile('profile', 99) AS unknown, clientele.profile('nobody', 2) AS nobody,
       clientele.profile(NULL, 2) IS NULL AND clientele.profile('profile', NULL::int) IS NULL AS nothing;
SELECT clientele.profile('profile', 'two');
SELECT clientele.profile('profile', 3000000000);
SELECT clientele.profile('profile', 2, 'infinity');

-- who may select from the view may ask, at any instant
RESET SESSION AUTHORIZATION;
GRANT SELECT ON profile_segments.profile TO regress_profile_reader;
SET SESSION AUTHORIZATION regress_profile_reader;
SELECT clientele.profile('profile', 2) -> 'spend' AS spend, clientele.profile('profile', 2, '2026-03-01 00:00+08') -> 'spend' AS spend_then;
SET SESSION AUTHORIZATION regress_profile_stranger;
SELECT clientele.profile('profile', 2), clientele.profile('profile', 2, '2026-03-01 00:00+08');
RESET SESSION AUTHORIZATION;
REVOKE SELECT ON profile_segments.profile FROM regress_profile_reader;
SET SESSION AUTHORIZATION regress_profile_reader;
SELECT clientele.profile('profile', 2);
SET SESSION AUTHORIZATION regress_profile_owner;

-- one session, while the view gets a column, loses it, and goes
SELECT clientele.define_metric('profile', 'total', 'sum(payment.amount)', 2);
SELECT clientele.publish('profile') AS version;
CALL clientele.refresh('profile');
SELECT clientele.profile('profile', 2) -> 'total' AS total;
SELECT * FROM profile_shop.differing(NULL);
SELECT clientele.drop_definition('profile', 'total');
SELECT clientele.publish('profile') AS version;
CALL clientele.refresh('profile');
SELECT clientele.profile('profile', 2) -> 'total' AS total;
SELECT clientele.drop_column('profile', 'total');
SELECT clientele.profile('profile', 2) ? 'total' AS has_total;
SELECT * FROM profile_shop.differing(NULL);
SELECT clientele.drop_population('profile');
SELECT clientele.profile('profile', 2);

-- and the name stands for another population, whose keys are texts
ALTER TABLE profile_shop.customer ALTER COLUMN id TYPE text;
SELECT clientele.create_population('profile', 'profile_shop.customer', 'id', 'Asia/Shanghai', 'profile_segments');
SELECT clientele.define_metric('profile', 'town', 'city');
SELECT clientele.publish('profile') AS version;
CALL clientele.refresh('profile');
SELECT clientele.profile('profile', 2) -> 'id' AS id, clientele.profile('profile', '02') AS other, clientele.profile('profile', '2'::varchar) ->> 'town' AS town;
SELECT clientele.drop_population('profile');

-- what somebody has put in the place of the view is not shown
SELECT clientele.create_population('profile', 'profile_shop.customer', 'id', 'Asia/Shanghai', 'profile_segments');
SELECT clientele.publish('profile') AS version;
CALL clientele.refresh('profile');
RESET SESSION AUTHORIZATION;
ALTER VIEW profile_segments.profile RENAME TO mine;
CREATE VIEW profile_segments.profile AS SELECT '2'::text AS id, 'forged'::text AS tags;
ALTER VIEW profile_segments.profile OWNER TO regress_profile_stranger;
SELECT clientele.profile('profile', '2');
DROP VIEW profile_segments.profile;
ALTER VIEW profile_segments.mine RENAME TO profile;
SELECT clientele.drop_population('profile');
DROP SCHEMA profile_segments, profile_shop CASCADE;
DROP ROLE regress_profile_owner, regress_profile_reader, regress_profile_stranger;
