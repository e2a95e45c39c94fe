-- Every mistake in a scorecard is refused, with its place, the value and a hint.
SET search_path = clientele, pg_catalog;

-- What a text is refused with.
CREATE FUNCTION pg_temp.refusal(card text, OUT state text, OUT message text, OUT hint text, OUT context text)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM card::clientele.scorecard;
    message := 'accepted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT,
        context = PG_EXCEPTION_CONTEXT;
    -- Which statement it was is no concern of this test.
    context := substring(context FROM '(?n)^.* of a scorecard.*$');
END
$$;

-- A card around the part that is at fault.
CREATE FUNCTION pg_temp.weighted(bins text, more text DEFAULT '') RETURNS text LANGUAGE sql AS
$$ SELECT format('{"method": "weighted", "characteristics": [{"name": "a", "weight": 1, "value": "x", "bins": %s%s}]}', bins, more) $$;
CREATE FUNCTION pg_temp.additive(bins text, more text DEFAULT '') RETURNS text LANGUAGE sql AS
$$ SELECT format('{"method": "additive", "characteristics": [{"name": "a", "value": "x", "bins": %s%s}]}', bins, more) $$;
CREATE FUNCTION pg_temp.tiers(tiers text, method text DEFAULT 'weighted') RETURNS text LANGUAGE sql AS
$$ SELECT format('{"method": "%s", "characteristics": [{"name": "a", %s "value": "x", "bins": [{"points": 1}]}], "tiers": %s}',
                 method, CASE method WHEN 'weighted' THEN '"weight": 1,' ELSE '' END, tiers) $$;

CREATE TEMPORARY TABLE bad (no serial, card text);

-- not JSON, or not a card
INSERT INTO bad (card) VALUES
    (''),
    ('weighted'),
    ('{"method": "weighted",}'),
    (E'{"method": "weighted",\n "characteristics" []}'),
    ('{"method": "weighted"} {}'),
    ('{"method": "\u0000"}'),
    ('{"method": "weighted", "initial": NaN}'),
    ('[]'),
    ('null'),
    ('17'),
    ('{}'),
    ('{"method": "wieghted", "characteristics": []}'),
    ('{"method": true}'),
    ('{"Method": "weighted"}'),
    ('{"method": "weighted", "method": "additive"}'),
    ('{"method": "weighted"}'),
    ('{"method": "weighted", "characteristics": {}}'),
    ('{"method": "weighted", "characteristics": []}'),
    ('{"method": "weighted", "initial": 5, "characteristics": []}'),
    ('{"method": "additive", "initial": "5", "characteristics": []}'),
    ('{"method": "additive", "initial": null, "characteristics": []}'),
    ('{"method": "additive", "baseline": "low", "characteristics": []}'),
    ('{"method": "additive", "reason_code_algorithm": "pointsBelow", "characteristics": []}'),
    ('{"method": "additive", "reason_code_algorithm": 1, "characteristics": []}');

-- characteristics
INSERT INTO bad (card) VALUES
    ('{"method": "weighted", "characteristics": ["a"]}'),
    ('{"method": "weighted", "characteristics": [{"weight": 1}]}'),
    ('{"method": "weighted", "characteristics": [{"name": ""}]}'),
    ('{"method": "weighted", "characteristics": [{"name": 7}]}'),
    ('{"method": "weighted", "characteristics": [{"name": "a", "weigth": 1}]}'),
    ('{"method": "weighted", "characteristics": [{"name": "a", "weight": 1, "weight": 2}]}'),
    ('{"method": "weighted", "characteristics": [{"name": "a"}]}'),
    ('{"method": "weighted", "characteristics": [{"name": "a", "weight": -0.5}]}'),
    ('{"method": "weighted", "characteristics": [{"name": "a", "weight": true}]}'),
    ('{"method": "weighted", "characteristics": [{"name": "a", "weight": 1}]}'),
    ('{"method": "weighted", "characteristics": [{"name": "a", "weight": 0, "value": "x", "bins": [{"points": 1}]}]}'),
    ('{"method": "weighted", "characteristics": [{"name": "a", "weight": 1, "value": "x", "bins": [{"points": 1}]}, {"name": "a"}]}'),
    ('{"method": "weighted", "characteristics": [{"name": "a", "weight": 1, "bins": [{"below": 5, "points": 1}, {"points": 2}]}]}'),
    ('{"method": "weighted", "characteristics": [{"name": "a", "weight": 1, "value": 5, "bins": [{"points": 1}]}]}'),
    ('{"method": "additive", "characteristics": [{"name": "a", "weight": 1, "value": "x", "bins": [{"points": 1}]}]}'),
    (pg_temp.weighted('[{"points": 1}]', ', "baseline": "x"')),
    (pg_temp.weighted('[{"points": 1}]', ', "reason_code": ""')),
    (pg_temp.weighted('[{"points": 1}]', ', "reason_code": 12')),
    (pg_temp.weighted('[{"points": 1}]', ', "missing": null')),
    (pg_temp.weighted('[{"points": 1}]', ', "missing": {}')),
    (pg_temp.weighted('[{"points": 1}]', ', "missing": {"points": 0, "below": 3}')),
    (pg_temp.weighted('[{"points": 1}]', ', "missing": {"points": 0, "when": "true"}')),
    (pg_temp.weighted('[{"points": 1}]', ', "missing": {"points": 101}')),
    (pg_temp.weighted('[{"when": "y", "points": 1}, {"points": 2}]', ', "missing": {"points": 0}'));

-- bins
INSERT INTO bad (card) VALUES
    (pg_temp.weighted('{}')),
    (pg_temp.weighted('[]')),
    (pg_temp.weighted('[5]')),
    (pg_temp.weighted('[{}]')),
    (pg_temp.weighted('[{"points": null}]')),
    (pg_temp.weighted('[{"point": 1}]')),
    (pg_temp.weighted('[{"points": 1, "points": 2}]')),
    (pg_temp.weighted('[{"points": 1, "reason": 5}]')),
    (pg_temp.weighted('[{"points": 1, "reason": ""}]')),
    (pg_temp.weighted('[{"points": -1}]')),
    (pg_temp.weighted('[{"points": 100.01}]')),
    (pg_temp.weighted('[{"points": "abs(x)"}]')),
    (pg_temp.weighted('[{"below": "5", "points": 1}, {"points": 2}]')),
    (pg_temp.weighted('[{"below": 5, "when": "y", "points": 1}, {"points": 2}]')),
    (pg_temp.weighted('[{"below": 5, "points": 1}, {"when": "y", "points": 2}]')),
    (pg_temp.weighted('[{"when": "y", "points": 1}, {"below": 5, "points": 2}]')),
    (pg_temp.weighted('[{"below": 5, "points": 1}]')),
    (pg_temp.weighted('[{"below": 5, "points": 1}, {"below": 5.0, "points": 2}, {"points": 3}]')),
    (pg_temp.weighted('[{"below": 5, "points": 1}, {"below": 4.999, "points": 2}, {"points": 3}]')),
    (pg_temp.weighted('[{"points": 1}, {"below": 5, "points": 2}]')),
    (pg_temp.weighted('[{"below": 5, "points": 1}, {"points": 2}, {"points": 3}]')),
    (pg_temp.weighted('[{"points": 2}, {"when": "y", "points": 3}]'));

-- numbers
INSERT INTO bad (card) VALUES
    (pg_temp.additive('[{"points": 1e400}]')),
    (pg_temp.additive('[{"points": 1e999999999999999999999}]')),
    (pg_temp.additive('[{"points": -1e-19}]')),
    (pg_temp.additive('[{"points": 1234567890123456789}]')),
    (pg_temp.additive('[{"points": 0.0000000000000000001}]')),
    (pg_temp.additive('[{"points": ' || repeat('9', 100) || '}]')),
    (pg_temp.additive('[{"points": 0x10}]')),
    (pg_temp.additive('[{"points": 007}]')),
    (pg_temp.additive('[{"points": Infinity}]'));

-- tiers
INSERT INTO bad (card) VALUES
    (pg_temp.tiers('{}')),
    (pg_temp.tiers('[]')),
    (pg_temp.tiers('["gold"]')),
    (pg_temp.tiers('[{"at_least": 5}]')),
    (pg_temp.tiers('[{"label": "", "at_least": 5}]')),
    (pg_temp.tiers('[{"label": null, "at_least": 5}]')),
    (pg_temp.tiers('[{"label": "gold", "atleast": 5}]')),
    (pg_temp.tiers('[{"label": "gold", "at_least": "5"}]')),
    (pg_temp.tiers('[{"label": "gold", "at_least": 79.995}]')),
    (pg_temp.tiers('[{"label": "gold", "at_least": 100.01}]')),
    (pg_temp.tiers('[{"label": "gold", "at_least": -1}]')),
    (pg_temp.tiers('[{"label": "gold", "at_least": 5}, {"label": "gold", "at_least": 6}]')),
    (pg_temp.tiers('[{"label": "gold", "at_least": 5}, {"label": "iron", "at_least": 5.00}]')),
    (pg_temp.tiers('[{"label": "gold"}, {"label": "iron"}]'));

-- reason codes
INSERT INTO bad (card) VALUES
    (pg_temp.additive('[{"points": 1}]', ', "reason_code": "RC1"')),
    (pg_temp.additive('[{"below": 3, "points": 1, "reason_code": "RC1"}, {"points": 2}]', ', "baseline": 5')),
    (pg_temp.additive('[{"points": 1, "reason_code": "RC1"}]', ', "baseline": 5, "missing": {"points": 0}')),
    ('{"method": "additive", "baseline": 5, "characteristics": [
        {"name": "a", "value": "x", "reason_code": "RC1", "bins": [{"points": 1}]},
        {"name": "b", "value": "x", "bins": [{"points": 1}]}]}');

-- expressions inside
INSERT INTO bad (card) VALUES
    (pg_temp.weighted('[{"when": "x >", "points": 1}]')),
    (pg_temp.weighted('[{"when": "", "points": 1}]')),
    (pg_temp.additive('[{"points": "1 +"}]')),
    ('{"method": "weighted", "characteristics": [{"name": "a", "weight": "w w", "value": "x", "bins": [{"points": 1}]}]}'),
    ('{"method": "weighted", "characteristics": [{"name": "a", "weight": 1, "value": "x )", "bins": [{"points": 1}]}]}');

\pset format unaligned
SELECT b.no, r.state, r.message, r.context FROM bad AS b, pg_temp.refusal(b.card) AS r ORDER BY b.no;

-- Each refusal has a hint (those of expressions are theirs).
SELECT count(*) FROM bad AS b, pg_temp.refusal(b.card) AS r WHERE r.hint = '' AND r.context IS NULL;
SELECT DISTINCT r.hint COLLATE "C" AS hint FROM bad AS b, pg_temp.refusal(b.card) AS r WHERE r.hint <> '' AND r.context IS NULL ORDER BY hint;

-- The cards that the hints show are good.
SELECT (pg_temp.refusal($c${"method": "weighted", "characteristics": [{"name": "loyalty", "weight": 10, "value": "visits", "bins": [{"below": 5, "points": 20}, {"points": 100}]}], "tiers": [{"label": "strategic", "at_least": 80}]}$c$)).message;
SELECT (pg_temp.refusal(pg_temp.weighted($c$[{"below": 10, "points": 20}, {"below": 50, "points": 60}, {"points": 100}]$c$))).message;
SELECT (pg_temp.refusal(pg_temp.weighted($c$[{"when": "city = 'Suzhou'", "points": 60}, {"points": 20}]$c$))).message;

-- An error inside an expression points into it.
SELECT '{"method": "weighted", "characteristics": [{"name": "a", "weight": 1, "bins": [{"when": "city = 5 and", "points": 1}]}]}'::scorecard;

-- What only the row can tell points there too.
SELECT score('{}'::jsonb, '{"method": "additive", "characteristics": [{"name": "a", "bins": [{"when": "count(payment) > 1", "points": 1}]}]}');
SELECT score(s, '{"method": "additive", "characteristics": [{"name": "a", "value": "city", "bins": [{"points": 1}]}]}') FROM (SELECT 'Suzhou' AS city) AS s;
SELECT score(s, '{"method": "additive", "characteristics": [{"name": "a", "bins": [{"when": "city = ''Wuxi''", "points": 1}, {"when": "ctiy = ''Suzhou''", "points": 1}]}]}') FROM (SELECT 'Suzhou' AS city) AS s;
SELECT score(s, '{"method": "additive", "characteristics": [{"name": "a", "bins": [{"when": "city", "points": 1}]}]}') FROM (SELECT 'Suzhou' AS city) AS s;
SELECT score(s, '{"method": "additive", "characteristics": [{"name": "a", "bins": [{"points": "city"}]}]}') FROM (SELECT 'Suzhou' AS city) AS s;
SELECT score(s, '{"method": "additive", "characteristics": [{"name": "a", "value": "days_since(d)", "bins": [{"points": 1}]}]}') FROM (SELECT date '2026-01-01' AS d) AS s;
SELECT score(s, '{"method": "additive", "characteristics": [{"name": "a", "value": "days_since(d)", "bins": [{"below": 9, "points": 1}, {"points": 2}]}]}', '2026-01-09 23:00+08', 'Asia/Shanghai'),
       score(s, '{"method": "additive", "characteristics": [{"name": "a", "value": "days_since(d)", "bins": [{"below": 9, "points": 1}, {"points": 2}]}]}', '2026-01-10 00:00+08', 'Asia/Shanghai')
FROM (SELECT date '2026-01-01' AS d) AS s;

-- The longest card, and a longer one.
SELECT length(card::scorecard::text) > 60000 AS long
FROM (SELECT pg_temp.additive('[' || string_agg('{"below": ' || i || ', "points": 1}, ', '' ORDER BY i) || '{"points": 2}]') AS card
      FROM generate_series(1, 2200) AS i) AS s;
SELECT (pg_temp.refusal(pg_temp.additive('[' || string_agg('{"below": ' || i || ', "points": 1}, ', '' ORDER BY i) || '{"points": 2}]'))).state
FROM generate_series(1, 3000) AS i;

-- A text that fits, but whose canonical form would not.
SELECT length(card) < 65536 AS fits, (pg_temp.refusal(card)).state
FROM (SELECT pg_temp.additive('[' || string_agg('{"below":' || i || ',"points":1},', '' ORDER BY i) || '{"points":2}]') AS card
      FROM generate_series(1, 2450) AS i) AS s;

-- Nesting does no harm.
SELECT (pg_temp.refusal(repeat('[', 60000))).state IN ('22P02', '54001') AS refused;
SELECT (pg_temp.refusal(repeat('[', 2000) || repeat(']', 2000))).message;
