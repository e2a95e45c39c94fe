-- One stock that is never sold out, taken in four ways; and 101 promotions that run.

CREATE TABLE bench.claims_comparison (
    position int GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL,
    peer text NOT NULL,
    peer_name text,                     -- its runs are of that comparison; NULL: of the same
    target float8,                      -- ours / theirs, at least
    aim float8,
    PRIMARY KEY (name, peer)
);
INSERT INTO bench.claims_comparison (name, peer, target, aim) VALUES
    ('claims, 32 clients', 'counter', 2, NULL),
    ('claims, 32 clients', 'tokens', 1, 1.8),
    ('claims, 32 clients', 'anywhere', 1, 1.8),
    ('offers, 1 clients', 'key', 0.5, NULL),
    ('offers, 8 clients', 'key', 0.5, NULL);
INSERT INTO bench.claims_comparison (name, peer, peer_name) VALUES ('claims that expire, 32 clients', 'tokens', 'claims, 32 clients');
CREATE TABLE bench.claims_run (
    name text NOT NULL,
    side text NOT NULL CHECK (side IN ('ours', 'counter', 'tokens', 'anywhere', 'key')),
    speed float8 NOT NULL,              -- transactions a second
    transactions bigint NOT NULL
);

CREATE INDEX ON pos.payment (customer_id, paid_at) INCLUDE (net, category);
CREATE INDEX ON crm.consultation (customer_id, held_at) INCLUDE (minutes, topic);
VACUUM (ANALYZE) pos.payment, crm.consultation;
SELECT format('ALTER DATABASE %I SET clientele.clock = %L', current_database(), bench.as_of()) \gexec
\connect
SELECT clientele.publish('customer') \g /dev/null
CALL clientele.refresh('customer');

-- By hand, as it is mostly done: one counter; or a row for each coupon.
CREATE TABLE bench.counter (campaign int PRIMARY KEY, "left" int NOT NULL) WITH (fillfactor = 10);
CREATE TABLE bench.taken (taken_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, campaign int NOT NULL, customer_id int NOT NULL, taken_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX ON bench.taken (customer_id, campaign);
CREATE TABLE bench.token (token_id int PRIMARY KEY, campaign int NOT NULL, customer_id int, taken_at timestamptz) WITH (fillfactor = 50);
CREATE INDEX token_free ON bench.token (token_id) WHERE customer_id IS NULL;

-- Ours: the same stock, for those who have paid anything yet, on bills of the shop.
SELECT clientele.define_promotion('customer', 'flash', '{"term": {"from": "2026-06-01"}, "branches": "all",
    "audience": "paid_365 >= 0", "audience_at": "bill", "bill": "amount >= 100",
    "benefit": {"kind": "amount off", "amount": 50}, "stock": {"total": 100000000, "per_customer": 1000}, "after_refund": "none"}') \g /dev/null
SELECT clientele.publish_promotion('customer', 'flash') \g /dev/null

-- The same, held for a quarter of an hour: entered in the indexes of what expires.  The peers have nothing of the kind.
SELECT clientele.define_promotion('customer', 'held flash', v.definition::text::jsonb || '{"claim_term": {"minutes": 15}}')
FROM clientele.offered_promotion AS o JOIN clientele.promotion_version AS v USING (promotion_id) WHERE o.name = 'flash' \g /dev/null
SELECT clientele.publish_promotion('customer', 'held flash') \g /dev/null

-- Beside them 99 that run: a third for a tag, a third for a label, a third on the bill alone; every fifth has a stock.
SELECT clientele.define_promotion('customer', 'running ' || n, jsonb_build_object(
        'term', '{"from": "2026-06-01", "to": "2026-07-31"}'::jsonb, 'branches', 'all'::text, 'priority', n % 7, 'after_refund', 'none',
        'benefit', CASE WHEN n % 2 = 0 THEN jsonb_build_object('kind', 'amount off', 'amount', n) ELSE jsonb_build_object('kind', 'points', 'points', n) END)
    || CASE n % 3 WHEN 0 THEN jsonb_build_object('audience', format('has_tag(''tag_%s'')', to_char(1 + n % 50, 'FM000')), 'audience_at', 'bill')
                  WHEN 1 THEN jsonb_build_object('audience', 'paid_365 >= ' || n * 100, 'audience_at', 'bill')
                  ELSE jsonb_build_object('bill', 'amount >= ' || n * 20) END
    || CASE WHEN n % 5 = 0 THEN jsonb_build_object('stock', '{"total": 5000, "per_customer": 2}'::jsonb) ELSE '{}' END)
FROM generate_series(1, 99) AS n \g /dev/null
SELECT clientele.publish_promotion('customer', 'running ' || n) FROM generate_series(1, 99) AS n \g /dev/null

-- Every run begins alike.
CREATE PROCEDURE bench.fresh() LANGUAGE plpgsql AS $$
BEGIN
    TRUNCATE bench.counter, bench.taken, bench.token, clientele.claim, clientele.claim_step;
    UPDATE clientele.stock SET remaining = 100000000 / n.stripes
    FROM (SELECT s.promotion_id, count(*) AS stripes FROM clientele.stock AS s JOIN clientele.offered_promotion AS o USING (promotion_id)
          WHERE o.name LIKE '%flash' AND s.kind = 'total' GROUP BY s.promotion_id) AS n
    WHERE stock.promotion_id = n.promotion_id AND stock.kind = 'total';
    INSERT INTO bench.counter VALUES (1, 100000000);
    INSERT INTO bench.token SELECT n, 1 FROM generate_series(1, 200000) AS n;
    COMMIT;
END $$;

-- What was sold is what is missing.
CREATE PROCEDURE bench.check_taken(side text, comparison text) LANGUAGE plpgsql AS $$
DECLARE
    transactions bigint;
    taken bigint;
    missing bigint;
BEGIN
    IF comparison NOT LIKE 'claims%' THEN
        RETURN;
    END IF;
    SELECT r.transactions INTO transactions FROM bench.claims_run AS r WHERE r.name = comparison AND r.side = check_taken.side ORDER BY ctid DESC LIMIT 1;
    CASE side
        WHEN 'ours' THEN
            SELECT count(*) INTO taken FROM clientele.claim;
            SELECT sum(p.missing) INTO missing
            FROM (SELECT 100000000 / count(*) * count(*) - sum(s.remaining) AS missing FROM clientele.stock AS s JOIN clientele.offered_promotion AS o USING (promotion_id)
                  WHERE o.name LIKE '%flash' AND s.kind = 'total' GROUP BY s.promotion_id) AS p;
        WHEN 'counter' THEN
            SELECT count(*) INTO taken FROM bench.taken;
            SELECT 100000000 - c."left" INTO missing FROM bench.counter AS c;
        ELSE
            SELECT count(*) INTO taken FROM bench.token WHERE customer_id IS NOT NULL;
            missing := taken;
    END CASE;
    IF taken < transactions OR taken <> missing THEN
        RAISE '% of %: % transactions, % taken, % missing', comparison, side, transactions, taken, missing;
    END IF;
END $$;
