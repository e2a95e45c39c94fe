-- Three tables of payments with the indexes that any clinic has: one is captured, one is
-- not, one has a trigger that keeps count and sum.  And the history, once more, for the
-- same trigger.

CREATE TABLE bench.till_comparison (
    position int GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL,
    peer text NOT NULL CHECK (peer IN ('plain', 'summed')),
    target float8,                      -- ours / theirs, at least
    aim float8,
    PRIMARY KEY (name, peer)
);
INSERT INTO bench.till_comparison (name, peer, target, aim) VALUES
    ('one row, 2 clients', 'plain', 0.95, NULL),
    ('one row, 8 clients', 'plain', NULL, NULL),
    ('one row, 2 clients', 'summed', NULL, NULL),
    ('one row, 8 clients', 'summed', NULL, NULL),
    ('INSERT of 10,000 rows, as many customers', 'plain', 0.85, 0.92),
    ('INSERT of 10,000 rows, a tenth as many', 'plain', 0.85, 0.92),
    ('COPY of 10,000 rows, as many customers', 'plain', 0.85, 0.92),
    ('COPY of 10,000 rows, a tenth as many', 'plain', 0.85, 0.92),
    ('pay and read, 8 clients', 'summed', 0.8, NULL);
CREATE TABLE bench.till_run (
    name text NOT NULL,
    side text NOT NULL CHECK (side IN ('clientele', 'plain', 'summed')),
    speed float8 NOT NULL,              -- transactions or rows a second
    cpu float8 NOT NULL                 -- microseconds of the server's processor for each
);

-- Seconds of processor that this backend, and the backends that have ended, have taken.
CREATE FUNCTION bench.spent() RETURNS float8 LANGUAGE sql AS
    $$ SELECT (stat[14]::float8 + stat[15]::float8) / 100 FROM regexp_split_to_array(pg_read_file('/proc/self/stat'), ' ') AS stat $$;
CREATE FUNCTION bench.spent_by_others() RETURNS float8 LANGUAGE plpgsql AS $$
BEGIN
    -- Who has said goodbye may not have gone yet.
    WHILE EXISTS (SELECT FROM pg_stat_get_activity(NULL) AS a JOIN pg_database AS d ON d.oid = a.datid
                  WHERE d.datname = current_database() AND a.pid <> pg_backend_pid()) LOOP
        PERFORM pg_sleep(0.1), pg_stat_clear_snapshot();
    END LOOP;
    PERFORM pg_sleep(0.2);
    RETURN (SELECT (stat[16]::float8 + stat[17]::float8) / 100
            FROM regexp_split_to_array(pg_read_file(format('/proc/%s/stat', split_part(pg_read_file('postmaster.pid'), E'\n', 1))), ' ') AS stat);
END $$;

CREATE SCHEMA till;
CREATE SEQUENCE bench.payment_id START 1000000000;
CREATE TABLE till.plain (LIKE pos.payment);
ALTER TABLE till.plain ALTER payment_id SET DEFAULT nextval('bench.payment_id');
ALTER TABLE till.plain ADD PRIMARY KEY (payment_id);
CREATE INDEX ON till.plain (customer_id, paid_at) INCLUDE (net, category);
CREATE TABLE till.captured (LIKE till.plain INCLUDING ALL);
CREATE TABLE till.summed (LIKE till.plain INCLUDING ALL);

SELECT clientele.create_population('till', 'crm.customer', 'customer_id', 'Asia/Shanghai') \g /dev/null
SELECT clientele.add_source('till', 'payment', 'till.captured', 'customer_id', 'paid_at', amount => 'net') \g /dev/null
SELECT clientele.define_metric('till', 'spend', 'sum(payment.net)', 2) \g /dev/null
SELECT clientele.publish('till') \g /dev/null
CALL clientele.refresh('till');

-- By hand: a row for each customer with count and sum, kept by a trigger.
CREATE TABLE till.summed_sum (customer_id int PRIMARY KEY, payments bigint NOT NULL, net numeric NOT NULL);
CREATE TABLE till.paid_sum (LIKE till.summed_sum INCLUDING ALL);
CREATE FUNCTION till.sum_up_summed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO till.summed_sum AS s VALUES (new.customer_id, 1, new.net)
    ON CONFLICT (customer_id) DO UPDATE SET payments = s.payments + 1, net = s.net + excluded.net;
    RETURN NULL;
END $$;
CREATE FUNCTION till.sum_up_paid() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO till.paid_sum AS s VALUES (new.customer_id, 1, new.net)
    ON CONFLICT (customer_id) DO UPDATE SET payments = s.payments + 1, net = s.net + excluded.net;
    RETURN NULL;
END $$;
CREATE TRIGGER sum_up AFTER INSERT ON till.summed FOR EACH ROW EXECUTE FUNCTION till.sum_up_summed();

-- The history, with all that is defined over it, and once more with count and sum alone.
CREATE INDEX ON pos.payment (customer_id, paid_at) INCLUDE (net, category);
CREATE INDEX ON crm.consultation (customer_id, held_at) INCLUDE (minutes, topic);
CREATE TABLE till.paid AS TABLE pos.payment;
ALTER TABLE till.paid ADD PRIMARY KEY (payment_id);
CREATE INDEX ON till.paid (customer_id, paid_at) INCLUDE (net, category);
INSERT INTO till.paid_sum SELECT customer_id, count(*), sum(net) FROM till.paid GROUP BY customer_id;
CREATE TRIGGER sum_up AFTER INSERT ON till.paid FOR EACH ROW EXECUTE FUNCTION till.sum_up_paid();
VACUUM (ANALYZE) pos.payment, crm.consultation, till.paid, till.paid_sum;
SELECT format('ALTER DATABASE %I SET clientele.clock = %L', current_database(), bench.as_of()) \gexec
\connect
SELECT clientele.publish('customer') \g /dev/null
CALL clientele.refresh('customer');

-- Every run begins with what nobody has written to yet, and no mark waits.
CREATE PROCEDURE bench.empty() LANGUAGE plpgsql AS $$
BEGIN
    TRUNCATE till.plain, till.captured, till.summed, till.summed_sum;
    COMMIT;
    TRUNCATE clientele_data.till_mark, clientele_data.customer_mark;
END $$;

-- The rows of a COPY: of as many customers, or of a tenth as many.
SELECT current_setting('data_directory') || '/till_many.csv' AS many, current_setting('data_directory') || '/till_few.csv' AS few \gset
COPY (SELECT 1 + n * 7919 % :customers, bench.as_of(), 100, 'skin' FROM generate_series(1, 10000) AS n) TO :'many';
COPY (SELECT 1 + n % 1000 * 7919 % :customers, bench.as_of(), 100, 'skin' FROM generate_series(1, 10000) AS n) TO :'few';

-- One statement, some times over; the first does not count.
CREATE PROCEDURE bench.bulk(name text, side text, statement text) LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz;
    spent float8;
    times int := 10;
BEGIN
    FOR i IN 0 .. times LOOP
        IF i = 1 THEN
            started := clock_timestamp();
            spent := bench.spent();
        END IF;
        EXECUTE statement USING i;
        COMMIT;
    END LOOP;
    INSERT INTO bench.till_run VALUES (name, side, times * 10000 / extract(epoch FROM clock_timestamp() - started), (bench.spent() - spent) * 100 / times);
END $$;
