-- A whole session for every type that a key can have, under names that need quotes, in
-- several schemas: what the views say is compared with plain SQL after every step.
SET client_min_messages = warning;
SET TimeZone = 'UTC';
CREATE SCHEMA key_types;

-- Customers, payments (an event table with the key) and lines (to whom a bill leads).
-- g is the number of a customer, key(g) his key.
CREATE PROCEDURE key_types.make_tables(key_type text, event_type text, key text)
LANGUAGE plpgsql AS $$
BEGIN
    CREATE SCHEMA "会员 库";
    CREATE SCHEMA "Tills";
    EXECUTE format('CREATE FUNCTION key_types.key(g int) RETURNS %s LANGUAGE sql IMMUTABLE AS $f$ SELECT (%s)::%1$s $f$',
                   split_part(key_type, ' COLLATE', 1), key);
    EXECUTE format('CREATE TABLE "会员 库"."会员 ""表""" ("会员 号" %s PRIMARY KEY, extra jsonb)', key_type);
    EXECUTE format('CREATE TABLE "Tills"."付款" (id int PRIMARY KEY, "Key" %s, "at" timestamptz, "金额" numeric(12,2))', event_type);
    EXECUTE format('CREATE TABLE "Tills".bill (bill_id int PRIMARY KEY, owner %s)', event_type);
    CREATE TABLE "Tills".line (bill_id int REFERENCES "Tills".bill, sold_at timestamptz, amount numeric(12,2));
    INSERT INTO "会员 库"."会员 ""表""" SELECT key_types.key(g), jsonb_build_object('level', g % 4) FROM generate_series(1, 40) AS g;
    -- of 1 to 10 and of 18 to 25 days ago; the last two customers are not there yet
    INSERT INTO "Tills"."付款"
    SELECT i, key_types.key(1 + i % 42), '2026-03-10 10:00+00'::timestamptz - CASE WHEN i % 2 = 0 THEN 1 + i % 10 ELSE 18 + i % 8 END * interval '1 day', i
    FROM generate_series(1, 150) AS i;
    INSERT INTO "Tills".bill SELECT b, key_types.key(1 + b % 40) FROM generate_series(1, 60) AS b;
    INSERT INTO "Tills".line SELECT 1 + i % 60, '2026-03-01 10:00+00', i FROM generate_series(1, 100) AS i;
END
$$;

CREATE PROCEDURE key_types.define(population text)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM clientele.create_population(population, '"会员 库"."会员 ""表"""', '会员 号', 'UTC', 'Segments "of" 会员');
    PERFORM clientele.add_source(population, '付款', '"Tills"."付款"', '"Key"', 'at', amount => '"金额"');
    PERFORM clientele.add_source(population, 'line', '"Tills".line', 'bill_id.owner', 'sold_at', amount => 'amount', create_index => true);
    PERFORM clientele.set_parameter(population, '门槛', 100);
    PERFORM clientele.define_metric(population, '消费 额', 'sum("付款"."金额" last 30 days)', 2);
    PERFORM clientele.define_metric(population, 'Sold', 'sum(line.amount)', 2);
    PERFORM clientele.define_ladder(population, '等 "级"', '[{"label":"高","when":"\"消费 额\" >= 门槛"},{"label":"low"}]');
    PERFORM clientele.define_tag(population, '大 客户', '"消费 额" + "Sold" > 250');
    PERFORM clientele.define_tag(population, 'level three', 'extra.level = 3');
    PERFORM clientele.publish(population, '第一');
END
$$;

-- What the view of the population says, and what plain SQL does.
CREATE FUNCTION key_types.compare(population text, view_name text, as_of timestamptz, OUT customers bigint, OUT wrong bigint)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format($query$
        WITH plain AS (
            SELECT c."会员 号", coalesce((SELECT sum(p."金额") FROM "Tills"."付款" AS p
                                         WHERE p."Key" = c."会员 号" AND p.at > $1 - interval '30 days' AND p.at <= $1), 0) AS spend,
                   coalesce((SELECT sum(l.amount) FROM "Tills".line AS l JOIN "Tills".bill AS b USING (bill_id) WHERE b.owner = c."会员 号"), 0) AS sold,
                   (c.extra ->> 'level')::int = 3 AS third
            FROM "会员 库"."会员 ""表""" AS c
        ), wanted AS (
            SELECT "会员 号", spend, sold, CASE WHEN spend >= 100 THEN '高' ELSE 'low' END,
                   concat_ws(', ', CASE WHEN third THEN 'level three' END, CASE WHEN spend + sold > 250 THEN '大 客户' END)
            FROM plain
        ), shown AS (
            SELECT "会员 号", coalesce("消费 额", 0), coalesce("Sold", 0), "等 ""级""", tags FROM "Segments ""of"" 会员".%s
        )
        SELECT (SELECT count(*) FROM shown),
               (SELECT count(*) FROM ((TABLE shown EXCEPT ALL TABLE wanted) UNION ALL (TABLE wanted EXCEPT ALL TABLE shown)) AS d)
               + (SELECT count(*) FROM clientele.verify(%L))
        $query$, view_name, population) INTO customers, wrong USING as_of;
END
$$;

CREATE PROCEDURE key_types.note(population text, step text, INOUT steps text[])
LANGUAGE plpgsql AS $$
DECLARE
    clock timestamptz := current_setting('clientele.clock');
    found_all record;
    found_one record;
BEGIN
    found_all := key_types.compare(population, quote_ident(population), clock);
    found_one := key_types.compare(population, format('%I(%L)', population || '_as_of', clock), clock);
    steps := steps || format('%s: %s%s', step, found_all.customers,
                             CASE WHEN found_all.wrong + found_one.wrong > 0 THEN format(', %s wrong, %s as of', found_all.wrong, found_one.wrong) END);
END
$$;

CREATE PROCEDURE key_types.session(population text, key_type text, event_type text, key text, INOUT steps text[] DEFAULT '{}')
LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
    one text;
BEGIN
    PERFORM set_config('clientele.clock', '2026-03-10 12:00+00', false);
    CALL key_types.make_tables(key_type, event_type, key);
    CALL key_types.define(population);
    COMMIT;
    CALL clientele.refresh(population, 7);
    CALL key_types.note(population, 'built', steps);

    INSERT INTO "Tills"."付款" VALUES (1001, key_types.key(3), '2026-03-10 11:00+00', 500);
    UPDATE "Tills"."付款" SET "Key" = key_types.key(5) WHERE id = 4;
    DELETE FROM "Tills"."付款" WHERE id IN (7, 8);
    UPDATE "Tills".bill SET owner = key_types.key(9) WHERE bill_id = 20;
    INSERT INTO "Tills".line VALUES (30, '2026-03-02', 1000);
    INSERT INTO "会员 库"."会员 ""表""" VALUES (key_types.key(41), '{"level": 3}');
    DELETE FROM "会员 库"."会员 ""表""" WHERE "会员 号" = key_types.key(11);
    UPDATE "会员 库"."会员 ""表""" SET extra = '{"level": 3}' WHERE "会员 号" = key_types.key(12);
    CALL key_types.note(population, 'facts', steps);
    COMMIT;
    CALL clientele.refresh(population, 3);
    CALL key_types.note(population, 'refreshed', steps);

    PERFORM set_config('clientele.clock', '2026-03-25 12:00+00', false);
    CALL key_types.note(population, 'later', steps);
    CALL clientele.refresh(population, 5);
    CALL key_types.note(population, 'refreshed', steps);
    EXECUTE format('SELECT count(*) FROM "Segments ""of"" 会员".%I WHERE cause = ''time''', population || '_change') INTO n;
    steps := steps || format('%s fell', n);

    -- one customer: by his key, and by its text
    one := key_types.key(3)::text;
    IF clientele.profile(population, key_types.key(3)) IS DISTINCT FROM clientele.profile(population, one)
       OR clientele.profile(population, key_types.key(3), '2026-03-25 12:00+00') ->> '消费 额' IS DISTINCT FROM clientele.profile(population, one) ->> '消费 额' THEN
        steps := steps || 'profiles differ';
    END IF;
    steps := steps || format('%s: %s', one, clientele.profile(population, one) -> 'tags');
    steps := steps || (SELECT string_agg(e.item || '=' || e.value, ' ') FROM clientele.explain(population, key_types.key(3), '大 客户') AS e);
    PERFORM clientele.forget(population, key_types.key(3));
    CALL clientele.refresh(population);
    steps := steps || coalesce(clientele.profile(population, key_types.key(3))::text, 'forgotten');
    PERFORM clientele.unforget(population, key_types.key(3));
    CALL clientele.refresh(population);
    CALL key_types.note(population, 'again', steps);

    PERFORM clientele.drop_population(population);
    SELECT count(*) INTO n FROM pg_class AS c
    WHERE relnamespace = 'clientele_data'::regnamespace AND relname ^@ (population || '_')
       OR relnamespace::regnamespace::text ~ 'Segments|会员|Tills' AND EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND t.tgname ~ 'clientele');
    steps := steps || format('%s left', n + (SELECT count(*) FROM pg_namespace WHERE nspname ^@ 'Segments'));
    DROP SCHEMA "会员 库", "Tills" CASCADE;
    DROP FUNCTION key_types.key;
END
$$;

\t on
\pset format unaligned
\pset fieldsep ' | '
CALL key_types.session('short', 'int2', 'int2', 'g');
CALL key_types.session('Mixed "int"', 'int4', 'int8', 'g * 1000003');
CALL key_types.session('会员', 'int8', 'int4', 'g - 20');
CALL key_types.session('u', 'uuid', 'uuid', 'md5(g::text)');
CALL key_types.session('t', 'text', 'text', '(ARRAY[''k'', ''K'', ''客'', ''é''])[1 + g % 4] || g');
CALL key_types.session('v', 'varchar(20)', 'varchar', '(ARRAY[''k'', ''K '', ''客'', ''é''])[1 + g % 4] || g');
CALL key_types.session('tc', 'text COLLATE "C"', 'varchar COLLATE "C"', '(ARRAY[''k'', ''K'', ''客'', ''é''])[1 + g % 4] || g');

-- Collations that not every server has, those that sort otherwise than bytes do: what
-- they show is what "C" has shown.
CREATE TABLE key_types.shown (collation_name text, steps text[]);
DO $$
DECLARE
    collation_name text;
    names text[] := ARRAY(SELECT DISTINCT c.collname FROM pg_collation AS c
                          WHERE c.collname IN ('en_US', 'en_US.utf8', 'en-x-icu', 'zh-x-icu', 'und-x-icu')
                            AND c.collencoding IN (-1, (SELECT encoding FROM pg_database WHERE datname = current_database())));
    steps text[];
BEGIN
    FOREACH collation_name IN ARRAY names || 'C'::text LOOP
        steps := '{}';
        CALL key_types.session('collated', format('text COLLATE %I', collation_name), format('varchar COLLATE %I', collation_name),
                               '(ARRAY[''k'', ''K'', ''客'', ''é''])[1 + g % 4] || g', steps);
        INSERT INTO key_types.shown VALUES (collation_name, steps);
    END LOOP;
END
$$;
SELECT s.* FROM key_types.shown AS s, key_types.shown AS c WHERE c.collation_name = 'C' AND s.steps <> c.steps;
DROP SCHEMA key_types CASCADE;
