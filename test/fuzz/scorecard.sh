#!/bin/sh
# Cards with pieces cut out, doubled and put in: each is refused with an error of
# the right class, or is a card whose text is stable and which can be asked.
set -eu

createdb fuzz_scorecard
trap 'dropdb fuzz_scorecard' EXIT
psql -XqAt -v ON_ERROR_STOP=1 -v seconds="${FUZZ_SECONDS:-60}" -d fuzz_scorecard <<'SQL'
SET client_min_messages = warning;
CREATE EXTENSION clientele;
SET search_path = public, clientele;

CREATE TABLE seed (no serial, card text);
INSERT INTO seed (card) VALUES
    ('{"method": "weighted", "characteristics": [{"name": "a", "weight": 40, "value": "x", "bins": [{"below": 5, "points": 20, "reason": "低"}, {"below": 20.5, "points": 50}, {"points": 100}], "missing": {"points": 0}}, {"name": "b", "weight": "w", "value": "y", "bins": [{"when": "y >= 5 and city = ''Suzhou''", "points": 100}, {"when": "y >= 3", "points": 60}, {"points": 0}]}], "tiers": [{"label": "high", "at_least": 80}, {"label": "low"}]}'),
    ('{"method": "additive", "initial": 2.5, "baseline": 10, "reason_code_algorithm": "points_above", "characteristics": [{"name": "a", "reason_code": "A", "bins": [{"when": "y = 0", "points": -4, "reason_code": "Z"}, {"when": "x > 0", "points": "x / y"}], "missing": {"points": "coalesce(w, 1)"}}, {"name": "b", "value": "x", "baseline": 3, "reason_code": "B", "bins": [{"below": 0, "points": -1.005}, {"points": "x * 2"}]}], "tiers": [{"label": "up", "at_least": 0}, {"label": "down", "at_least": -2}]}');
CREATE TABLE piece AS SELECT unnest(ARRAY['{', '}', '[', ']', ',', ':', '"', '\', 'null', 'true', '1e9', '-', '0', '.5', '"points"', '"below"', '"when"',
    '"missing"', 'x +', '''', '水', '(', ')', '"weight": 0', E'\n', '""', '[[', '{}', '\u0000', '\ud800', 'e', '99999999999999999999']) AS piece;
CREATE TABLE answer (state text PRIMARY KEY, times bigint);

-- One to three changes at random places.
CREATE FUNCTION damaged(card text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    at int;
    width int;
    put text;
BEGIN
    FOR change IN 1 .. 1 + floor(random() * 3)::int LOOP
        at := floor(random() * length(card))::int;
        width := floor(random() * 6)::int;
        put := CASE floor(random() * 3)::int
            WHEN 0 THEN ''
            WHEN 1 THEN substr(card, 1 + floor(random() * length(card))::int, width * 5)
            ELSE (SELECT piece FROM piece ORDER BY random() LIMIT 1) END;
        card := left(card, at) || put || substr(card, at + 1 + width);
    END LOOP;
    RETURN card;
END
$$;

CREATE FUNCTION ask(text text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    card scorecard;
    customer jsonb := '{"x": 7, "y": 3, "w": 1, "city": "Suzhou"}';
BEGIN
    card := text;
    IF card::text::scorecard::text <> card::text THEN
        RAISE EXCEPTION 'not canonical' USING ERRCODE = 'XX000';
    END IF;
    PERFORM score(customer, card), tier(customer, card), reason_codes(customer, card);
    PERFORM FROM reasons(customer, card);
    PERFORM FROM next_tier(customer, card);
    RETURN 'a card';
EXCEPTION WHEN OTHERS THEN
    -- What a user may do wrong, and nothing else.
    IF SQLSTATE !~ '^(22|42|54)' THEN
        RAISE EXCEPTION '% % for %', SQLSTATE, SQLERRM, text;
    END IF;
    RETURN SQLSTATE;
END
$$;

SELECT set_config('fuzz.until', (clock_timestamp() + make_interval(secs => :seconds))::text, false) \g /dev/null
DO $$
DECLARE
    until timestamptz := current_setting('fuzz.until');
BEGIN
    WHILE clock_timestamp() < until LOOP
        INSERT INTO answer
        SELECT ask(damaged(card)) AS state, count(*) FROM seed, generate_series(1, 500) GROUP BY state
        ON CONFLICT (state) DO UPDATE SET times = answer.times + excluded.times;
    END LOOP;
END
$$;
SELECT state, times FROM answer ORDER BY times DESC;
SQL
