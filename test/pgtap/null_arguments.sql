-- No function in C of this extension crashes, whatever is NULL, and whoever calls it: each is called with nothing
-- but NULL, with the first of its arguments only, and with all of them but one.  (What takes internal values SQL
-- cannot call.)
BEGIN;
SELECT plan(3);

-- A value of each type that arguments have; of the others there is only NULL.
CREATE TEMPORARY TABLE sample (type regtype PRIMARY KEY, value text NOT NULL);
INSERT INTO sample VALUES
    ('text', '''x'''), ('name', '''x'''), ('cstring', '''x'''), ('bytea', '''\x00'''), ('int4', '1'), ('int8', '1'), ('int2', '1'), ('numeric', '1'), ('float8', '1'),
    ('boolean', 'true'), ('oid', format('%L::oid', 'pg_class'::regclass::oid)), ('regclass', '''pg_class'''), ('regrole', 'current_user::regrole'),
    ('date', '''2026-07-01'''), ('timestamptz', '''2026-07-01 12:00+08'''), ('interval', '''1 day'''), ('jsonb', '''{"amount": 1}'''),
    ('text[]', '''{x}'''), ('numeric[]', '''{1}'''), ('int4[]', '''{1}'''), ('anynonarray', '1'), ('"any"', '1'), ('record', 'ROW(1)'),
    ('clientele.expression', '''true'''), ('clientele.expression[]', '''{true}'''),
    ('clientele.scorecard', '''{"characteristics": [{"name": "c", "bins": [{"when": "true", "points": 1}]}]}'''),
    ('clientele.promotion', '''{"term": {"from": "2026-07-01"}, "branches": "all", "after_refund": "none", "benefit": {"kind": "points", "points": 1}}''');

-- As an argument in its place; of what has no values or is of any type, that is not said.
CREATE FUNCTION pg_temp.written(value text, type regtype, function pg_proc, place bigint) RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN function.provariadic NOT IN (0, '"any"'::regtype) AND place = function.pronargs THEN 'VARIADIC ' ELSE '' END || value ||
           CASE WHEN value <> 'NULL' AND type = 'record'::regtype THEN ''
                WHEN type IN ('"any"'::regtype, 'anynonarray'::regtype) THEN '::int' ELSE '::' || format_type(type, NULL) END
$$;
CREATE TEMPORARY TABLE called AS
SELECT p.oid AS function, p.oid::regprocedure::text AS name, p.prokind = 'p' AS is_procedure, p.pronargs AS nargs,
       ARRAY(SELECT pg_temp.written('NULL', a.type, p, a.place) FROM unnest(p.proargtypes) WITH ORDINALITY AS a (type, place) ORDER BY a.place) AS nothing,
       ARRAY(SELECT pg_temp.written(s.value, a.type, p, a.place)
             FROM unnest(p.proargtypes) WITH ORDINALITY AS a (type, place) LEFT JOIN sample AS s ON s.type = a.type ORDER BY a.place) AS something
FROM pg_depend AS d JOIN pg_extension AS e ON (d.refclassid, d.refobjid) = ('pg_extension'::regclass, e.oid) AND e.extname = 'clientele'
     JOIN pg_proc AS p ON (d.classid, d.objid) = ('pg_proc'::regclass, p.oid) JOIN pg_language AS l ON l.oid = p.prolang
WHERE d.deptype = 'e' AND l.lanname = 'c' AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
  AND 'internal'::regtype <> ALL (p.proargtypes);

-- What came of it: 'nothing' (NULL, false, an empty list), 'value', or the SQLSTATE.  Nothing is left of it.
CREATE FUNCTION pg_temp.outcome(name text, is_procedure boolean, arguments text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    call text := format('%s(%s)', split_part(name, '(', 1), array_to_string(arguments, ', '));
    answer text;
BEGIN
    IF is_procedure THEN
        EXECUTE 'CALL ' || call;
    ELSE
        EXECUTE format('SELECT format(''%%s'', %s)', call) INTO answer;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'ZZZZZ', MESSAGE = CASE WHEN coalesce(answer, '') IN ('', 'f', '{}') THEN 'nothing' ELSE 'value' END;
EXCEPTION
    WHEN SQLSTATE 'ZZZZZ' THEN RETURN SQLERRM;
    WHEN OTHERS THEN RETURN SQLSTATE;
END $$;

CREATE TEMPORARY TABLE answered AS
SELECT c.name, 'nothing' AS how, pg_temp.outcome(c.name, c.is_procedure, c.nothing) AS outcome
FROM called AS c WHERE c.nargs > 0 ORDER BY c.name;
INSERT INTO answered
SELECT c.name, 'first ' || n, pg_temp.outcome(c.name, c.is_procedure,
    ARRAY(SELECT CASE WHEN i <= n THEN coalesce(c.something[i], c.nothing[i]) ELSE c.nothing[i] END FROM generate_series(1, c.nargs) AS i ORDER BY i))
FROM called AS c CROSS JOIN LATERAL generate_series(1, c.nargs - 1) AS n ORDER BY c.name, n;
INSERT INTO answered
SELECT c.name, 'all but ' || n, pg_temp.outcome(c.name, c.is_procedure,
    ARRAY(SELECT CASE WHEN i <> n THEN coalesce(c.something[i], c.nothing[i]) ELSE c.nothing[i] END FROM generate_series(1, c.nargs) AS i ORDER BY i))
FROM called AS c CROSS JOIN LATERAL generate_series(1, c.nargs) AS n ORDER BY c.name, n;

SELECT cmp_ok((SELECT count(*)::int FROM called), '>', 200, 'there are functions in C');
SELECT is((SELECT count(DISTINCT name) FROM answered), (SELECT count(*) FROM called WHERE nargs > 0), 'each of them has answered');
SELECT is_empty($$SELECT name, how, outcome FROM answered WHERE how = 'nothing' AND outcome = 'value'$$, 'of nothing but NULL comes nothing, or an error');
SELECT * FROM finish();
ROLLBACK;
