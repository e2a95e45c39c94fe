-- A tenth of the customers has just paid: whoever asks for one is answered live.
--   customers, rounds

SELECT format('ALTER DATABASE %I SET clientele.clock = %L', current_database(), bench.as_of() + :rounds * interval '1 day') \gexec
\connect
CALL clientele.refresh('customer');
VACUUM ANALYZE pos.payment;
INSERT INTO pos.payment
SELECT nextval('bench.payment_id'), n, clientele.wall_clock(), 100, 'skin' FROM generate_series(1, :customers / 10) AS n;
