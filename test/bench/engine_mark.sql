-- A tenth of the customers has just paid: whoever asks for one is answered live.

SET clientele.clock = '2026-12-31 12:00+08';
ALTER DATABASE bench SET clientele.clock = '2026-12-31 12:00+08';
CALL clientele.refresh('customer');
VACUUM ANALYZE pos.payment;
INSERT INTO pos.payment
SELECT nextval('bench.payment_id'), n, clientele.wall_clock(), 100, 'skin' FROM generate_series(1, :customers / 10) AS n;
