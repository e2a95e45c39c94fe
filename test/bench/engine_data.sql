-- A chain of clinics: three years of events, for each customer ten payments and five
-- consultations on average.  Everything comes from hashes of row numbers: no random(),
-- so every run has the same rows.

CREATE SCHEMA crm;
CREATE SCHEMA pos;

CREATE TABLE crm.customer (
    customer_id int PRIMARY KEY,
    gender text NOT NULL,
    birthday date,
    city text NOT NULL,
    joined_at timestamptz NOT NULL
);
CREATE TABLE pos.payment (
    payment_id bigint PRIMARY KEY,
    customer_id int NOT NULL,
    paid_at timestamptz NOT NULL,
    net numeric(12,2) NOT NULL,
    category text NOT NULL
);
CREATE TABLE crm.consultation (
    consultation_id bigint PRIMARY KEY,
    customer_id int NOT NULL,
    held_at timestamptz NOT NULL,
    minutes int NOT NULL,
    topic text NOT NULL
);

-- The last event is at this instant, and the first run reads the data then.
CREATE FUNCTION bench.as_of() RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT timestamptz '2026-06-30 12:00+08' $$;

-- A number of 30 bits that looks random, for each number and purpose.
CREATE FUNCTION bench.hash(n bigint, purpose int) RETURNS bigint LANGUAGE sql IMMUTABLE AS
    $$ SELECT pg_catalog.hashint8extended(n, purpose) & 1073741823 $$;

-- Who an event belongs to: the busiest customers have thousands of them, half of all
-- have fewer than five.  The factor, a prime, scatters the busy ones over all keys.
CREATE FUNCTION bench.whose(n bigint, purpose int, customers int) RETURNS int LANGUAGE sql IMMUTABLE AS
    $$ SELECT (1 + (((bench.hash(n, purpose) / 1073741824.0::float8 + 0.1) ^ 4 - 0.0001) / 1.4641 * customers)::bigint * 48271 % customers)::int $$;

INSERT INTO crm.customer
SELECT n, CASE WHEN bench.hash(n, 1) % 5 = 0 THEN 'M' ELSE 'F' END,
    CASE WHEN bench.hash(n, 2) % 20 > 0 THEN date '1958-01-01' + (bench.hash(n, 3) % 18000)::int END,
    (ARRAY['shanghai', 'hangzhou', 'nanjing', 'suzhou', 'ningbo', 'wuxi'])[1 + bench.hash(n, 4) % 6],
    bench.as_of() - bench.hash(n, 5) % 1095 * interval '1 day'
FROM generate_series(1, :customers) AS n;

-- Events come in the order of time, as they happen.
INSERT INTO pos.payment
SELECT n, bench.whose(n, 6, :customers), bench.as_of() - (10 * :customers - n) * (interval '1095 days' / (10 * :customers)),
    (bench.hash(n, 7) % 1000 * (bench.hash(n, 8) % 2000) + 100)::numeric * 0.01,
    (ARRAY['skin', 'injection', 'laser', 'dental', 'hair'])[1 + bench.hash(n, 9) % 5]
FROM generate_series(1::bigint, 10 * :customers) AS n;

INSERT INTO crm.consultation
SELECT n, bench.whose(n, 10, :customers), bench.as_of() - (5 * :customers - n) * (interval '1095 days' / (5 * :customers)),
    (10 + bench.hash(n, 11) % 80)::int,
    (ARRAY['first', 'follow-up', 'complaint', 'anti-ageing'])[1 + bench.hash(n, 12) % 4]
FROM generate_series(1::bigint, 5 * :customers) AS n;

VACUUM (ANALYZE, FREEZE) crm.customer, pos.payment, crm.consultation;
