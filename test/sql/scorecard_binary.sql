-- The binary form of a scorecard: what goes out comes in, and nothing else does.
SET search_path = clientele, pg_catalog;

CREATE TEMPORARY TABLE card (card scorecard);
INSERT INTO card VALUES ('{"method": "weighted", "characteristics": [{"name": "消费", "weight": 1, "value": "spent", "bins": [{"below": 10, "points": 20}, {"points": 30}]}]}');

-- A version byte, then the text.
SELECT get_byte(scorecard_send(card), 0) AS version, convert_from(substr(scorecard_send(card), 2), 'UTF8') = card::text AS text FROM card;

-- Feeds bytes to the type's receive function, through COPY.
CREATE FUNCTION pg_temp.receive(bytes bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message bytea := '\x5047434f50590aff0d0a00'::bytea || int4send(0) || int4send(0)
        || int2send(1::int2) || int4send(length(bytes)) || bytes || int2send((-1)::int2);
    octal text;
    result text;
BEGIN
    SELECT string_agg('\' || lpad(get_byte(message, i) / 64 || '', 1, '0') || get_byte(message, i) / 8 % 8 || get_byte(message, i) % 8, '' ORDER BY i)
    INTO octal FROM generate_series(0, length(message) - 1) AS i;
    CREATE TEMPORARY TABLE received (card clientele.scorecard);
    EXECUTE format('COPY received FROM PROGRAM %L WITH (FORMAT binary)', format('printf ''%s''', octal));
    SELECT card::text INTO result FROM received;
    DROP TABLE received;
    RETURN result;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;

SELECT pg_temp.receive(scorecard_send(card)) = card::text AS same FROM card;

-- Text that is not canonical becomes so.
SELECT pg_temp.receive('\x01' || convert_to('{"characteristics":[{"bins":[{"points":1.0}],"value":"x","name":"a"}],"method":"additive"}', 'UTF8'));

-- Hostile bytes.
SELECT pg_temp.receive('');
SELECT pg_temp.receive('\x01');
SELECT pg_temp.receive('\x00' || convert_to('{}', 'UTF8'));
SELECT pg_temp.receive('\x02' || convert_to('{}', 'UTF8'));
SELECT pg_temp.receive('\x01' || convert_to('{}', 'UTF8'));
SELECT pg_temp.receive('\x01c328');
SELECT pg_temp.receive('\x017b00');
SELECT pg_temp.receive('\x01' || convert_to('{"method": "weighted", "characteristics": [{"name": "a", "weight": -1}]}', 'UTF8'));

-- Any byte of a card changed, any part of it cut off: an error or a card, never a crash.
SELECT count(*) AS tried, count(*) FILTER (WHERE answer IS NULL) AS without_answer
FROM card, generate_series(0, length(scorecard_send(card)) - 1, 3) AS i,
     LATERAL (VALUES (set_byte(scorecard_send(card), i, 34)), (set_byte(scorecard_send(card), i, 255)), (substr(scorecard_send(card), 1, i))) AS b (bytes),
     LATERAL pg_temp.receive(b.bytes) AS answer;
