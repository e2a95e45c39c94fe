
-- Points, stored value, gifts, coupons: what customers have; earn rules and memberships.

-- ---------------------------------------------------------------------------
-- Once, and seen as it is
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.lock_request(population_id int, request_id text, key text) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_lock_request' LANGUAGE C VOLATILE STRICT;
REVOKE ALL ON FUNCTION clientele.lock_request(int, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.lock_request(int, text, text) IS 'internal: until the end of the transaction nobody else is answered this request, nor takes anything for this customer';

CREATE FUNCTION clientele.lock_customer(population_id int, key text) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_lock_customer' LANGUAGE C VOLATILE STRICT;
REVOKE ALL ON FUNCTION clientele.lock_customer(int, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.lock_customer(int, text) IS 'internal: until the end of the transaction nobody else takes anything for this customer, nor forgets him';

CREATE FUNCTION clientele.check_customer(population_id int, key text) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_check_customer' LANGUAGE C VOLATILE STRICT;
REVOKE ALL ON FUNCTION clientele.check_customer(int, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.check_customer(int, text) IS 'internal: an error unless there is such a customer this moment, whatever the snapshot; within his lock';

CREATE FUNCTION clientele.fresh_memberships(population_id int, key text, request_id text) RETURNS SETOF clientele.membership
    AS 'MODULE_PATHNAME', 'clientele_fresh_memberships' LANGUAGE C VOLATILE;
REVOKE ALL ON FUNCTION clientele.fresh_memberships(int, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.fresh_memberships(int, text, text) IS 'internal: what is written of memberships of a customer, or (key NULL) by a request, as committed now, read without predicate locks';

CREATE FUNCTION clientele.earned(population_id int, request_id text, OUT place int, OUT promotion_id int) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'clientele_earned' LANGUAGE C VOLATILE STRICT;
REVOKE ALL ON FUNCTION clientele.earned(int, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.earned(int, text) IS 'internal: the promotions by which a request of earn has given something, in their order, as committed now, read without predicate locks';

-- Of text that a type reads in several ways ('007' as an integer), the one that it prints.
CREATE FUNCTION clientele.printed_key(population clientele.population, key text) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    printed text;
BEGIN
    EXECUTE (SELECT format('SELECT $1::%s::text', format_type(a.atttypid, NULL))
             FROM pg_attribute AS a
             WHERE a.attrelid = clientele.data_table(population.name, 'manual')::regclass AND a.attname = 'key')
    INTO printed USING clientele.check_given('key', key);
    RETURN clientele.check_length('key', printed);
END
$$;
REVOKE ALL ON FUNCTION clientele.printed_key(clientele.population, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.printed_key(clientele.population, text) IS 'internal: a customer''s key as the type of keys prints it';

CREATE FUNCTION clientele.check_request(request_id text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF clientele.check_given('request_id', request_id) = '' THEN
        RAISE invalid_parameter_value USING
            MESSAGE = 'request_id must not be empty',
            HINT = 'Use the number that the application gives the request, and the same one if it has to repeat it: request_id => ''till-7/4711''.';
    END IF;
    RETURN clientele.check_length('request_id', request_id);
END
$$;
REVOKE ALL ON FUNCTION clientele.check_request(text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.check_request(text) IS 'internal: the id of a request, or an error where it is missing';

-- ---------------------------------------------------------------------------
-- Writing by hand
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.write_ledger(population_id int, caller oid, verb text, request_id text, key text, account text, item text,
                                       amount numeric, valid_until timestamptz, refund_of text, reason text) RETURNS numeric
    AS 'MODULE_PATHNAME', 'clientele_write_ledger' LANGUAGE C VOLATILE;
REVOKE ALL ON FUNCTION clientele.write_ledger(int, oid, text, text, text, text, text, numeric, timestamptz, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.write_ledger(int, oid, text, text, text, text, text, numeric, timestamptz, text, text) IS 'internal: credit, spend or refund, once for each request; what is left in the account right after it';

-- The item of an account: empty where accounts of that name have none.
CREATE FUNCTION clientele.check_account(account text, item text, reading boolean DEFAULT false) RETURNS text
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM clientele.check_given('account', account);
    IF account = 'coupon' AND NOT reading THEN
        RAISE invalid_parameter_value USING
            MESSAGE = 'coupons are given and used by their claims',
            HINT = 'clientele.claim gives one, clientele.redeem uses it, clientele.issue_coupons gives many.';
    ELSIF account NOT IN ('points', 'stored value', 'gift', 'coupon') THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('there is no account "%s"', account),
            HINT = 'Accounts are ''points'', ''stored value'', ''gift'' and ''coupon''.';
    ELSIF account IN ('gift', 'coupon') AND coalesce(item, '') = '' THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('which %s is not said', account),
            HINT = 'Name it: item => ''mask''; of coupons it is the promotion.';
    ELSIF account NOT IN ('gift', 'coupon') AND item <> '' THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('%s has no items, "%s" is too much', account, item),
            HINT = 'Leave item out; only gifts and coupons have one.';
    END IF;
    RETURN clientele.check_length('item', coalesce(item, ''));
END
$$;
REVOKE ALL ON FUNCTION clientele.check_account(text, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION clientele.check_account(text, text, boolean) IS 'internal: the item of an account, or an error that says which there are';

CREATE FUNCTION clientele.check_amount(account text, amount numeric) RETURNS numeric
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    decimals int := CASE account WHEN 'gift' THEN 0 ELSE 4 END;
BEGIN
    PERFORM clientele.check_given('amount', amount::text);
    IF amount <= 0 OR amount >= 1e15 OR amount = 'NaN' OR amount <> round(amount, decimals) THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('%s is no amount of %s', amount, account),
            HINT = CASE decimals WHEN 0 THEN 'Gifts are counted in pieces: 1, 2, ...'
                   ELSE 'Amounts are above 0, below 10^15, and have at most 4 decimals: 12.50.' END;
    END IF;
    RETURN amount;
END
$$;
REVOKE ALL ON FUNCTION clientele.check_amount(text, numeric) FROM PUBLIC;
COMMENT ON FUNCTION clientele.check_amount(text, numeric) IS 'internal: the amount, or an error where the ledger has no such';

CREATE FUNCTION clientele.credit_for(caller regrole, population text, key text, account text, amount numeric, request_id text, item text,
                                     valid_until timestamptz, reason text)
RETURNS numeric LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    allowed clientele.population := clientele.allowed_population(caller, population, 'ledger INSERT');
BEGIN
    PERFORM FROM clientele.held_by_hand(allowed.name, clientele.check_given('key', key));
    RETURN clientele.write_ledger(allowed.population_id, caller, 'credit', clientele.check_request(request_id), clientele.printed_key(allowed, key),
                                  account, clientele.check_account(account, item), clientele.check_amount(account, amount),
                                  nullif(valid_until, 'infinity'), NULL, reason);
END
$$;
REVOKE ALL ON FUNCTION clientele.credit_for(regrole, text, text, text, numeric, text, text, timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.credit_for(regrole, text, text, text, numeric, text, text, timestamptz, text) IS 'internal: credit, behind the door';

CREATE FUNCTION clientele.credit(population text, key text, account text, amount numeric, request_id text, item text DEFAULT NULL,
                                 valid_until timestamptz DEFAULT NULL, reason text DEFAULT NULL)
RETURNS numeric AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.credit(text, text, text, numeric, text, text, timestamptz, text) IS 'gives a customer points, stored value or (with item) gifts by hand, until an instant (NULL = they stay); answers what is in the account then. Repeated with the same request_id it gives nothing more, and answers the same. The caller needs INSERT on the view NAME_ledger, or owns the population';

CREATE FUNCTION clientele.credit(population text, key anynonarray, account text, amount numeric, request_id text, item text DEFAULT NULL,
                                 valid_until timestamptz DEFAULT NULL, reason text DEFAULT NULL)
RETURNS numeric LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT clientele.credit($1, $2::text, $3, $4, $5, $6, $7, $8) $$;
COMMENT ON FUNCTION clientele.credit(text, anynonarray, text, numeric, text, text, timestamptz, text) IS 'the same with the key in its own type';

CREATE FUNCTION clientele.spend_for(caller regrole, population text, key text, account text, amount numeric, request_id text, item text, reason text)
RETURNS numeric LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    allowed clientele.population := clientele.allowed_population(caller, population, 'ledger INSERT');
BEGIN
    RETURN clientele.write_ledger(allowed.population_id, caller, 'spend', clientele.check_request(request_id), clientele.printed_key(allowed, key),
                                  account, clientele.check_account(account, item), clientele.check_amount(account, amount), NULL, NULL, reason);
END
$$;
REVOKE ALL ON FUNCTION clientele.spend_for(regrole, text, text, text, numeric, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.spend_for(regrole, text, text, text, numeric, text, text, text) IS 'internal: spend, behind the door';

CREATE FUNCTION clientele.spend(population text, key text, account text, amount numeric, request_id text, item text DEFAULT NULL, reason text DEFAULT NULL)
RETURNS numeric AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.spend(text, text, text, numeric, text, text, text) IS 'uses points, stored value or (with item) gifts of a customer, what expires first first; answers what is left. Where there is not so much, nothing is used, and it is an error (CL006). Repeated with the same request_id it uses nothing more, and answers the same. The caller needs INSERT on the view NAME_ledger, or owns the population';

CREATE FUNCTION clientele.spend(population text, key anynonarray, account text, amount numeric, request_id text, item text DEFAULT NULL, reason text DEFAULT NULL)
RETURNS numeric LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT clientele.spend($1, $2::text, $3, $4, $5, $6, $7) $$;
COMMENT ON FUNCTION clientele.spend(text, anynonarray, text, numeric, text, text, text) IS 'the same with the key in its own type';

CREATE FUNCTION clientele.refund_spending_for(caller regrole, population text, spent text, amount numeric, request_id text, reason text)
RETURNS numeric LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    allowed clientele.population := clientele.allowed_population(caller, population, 'ledger INSERT');
BEGIN
    RETURN clientele.write_ledger(allowed.population_id, caller, 'refund', clientele.check_request(request_id), NULL, NULL, NULL,
                                  clientele.check_amount('what was spent', amount), NULL, clientele.check_given('spent', spent), reason);
END
$$;
REVOKE ALL ON FUNCTION clientele.refund_spending_for(regrole, text, text, numeric, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.refund_spending_for(regrole, text, text, numeric, text, text) IS 'internal: refund_spending, behind the door';

CREATE FUNCTION clientele.refund_spending(population text, spent text, amount numeric, request_id text, reason text DEFAULT NULL)
RETURNS numeric AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.refund_spending(text, text, numeric, text, text) IS 'puts back what a request (spent) has used, whole or a part: to where it came from, so that it expires when it would have; answers what is in the account then. More than was spent is an error (CL006). Repeated with the same request_id it puts nothing more back, and answers the same. The caller needs INSERT on the view NAME_ledger, or owns the population';

-- ---------------------------------------------------------------------------
-- Reading
-- ---------------------------------------------------------------------------

-- A coupon is a claim that was made without a bill; the steps of the claim are its entries.  One that
-- was handed on has a row for each customer who has had it.
CREATE VIEW clientele.coupon AS
    SELECT c.population_id, c.key, o.name::text AS promotion, c.claim_id, coalesce(t.at, f.at) AS at, NULL::timestamptz AS gone_at,
           nullif(c.expires_at, 'infinity') AS valid_until,
           CASE WHEN t.at IS NULL THEN f.request_id ELSE t.request_id END AS request_id, coalesce(t.actor, f.actor) AS actor
    FROM clientele.claim AS c
         JOIN clientele.claim_step AS f ON f.claim_id = c.claim_id AND f.step = 'claim' AND f.bill IS NULL AND f.redeemed IS NOT TRUE
         JOIN clientele.offered_promotion AS o ON o.promotion_id = c.promotion_id
         LEFT JOIN LATERAL (SELECT s.at, s.request_id, s.actor FROM clientele.claim_step AS s
                            WHERE s.claim_id = c.claim_id AND s.step = 'transfer' ORDER BY s.at DESC LIMIT 1) AS t ON true
    UNION ALL
    SELECT t.population_id, (t.evidence ->> 'from') COLLATE "C", o.name::text, c.claim_id, coalesce(b.at, f.at), t.at, nullif(c.expires_at, 'infinity'),
           CASE WHEN b.at IS NULL THEN f.request_id ELSE b.request_id END, coalesce(b.actor, f.actor)
    FROM clientele.claim_step AS t
         JOIN clientele.claim AS c ON c.claim_id = t.claim_id
         JOIN clientele.claim_step AS f ON f.claim_id = t.claim_id AND f.step = 'claim' AND f.bill IS NULL AND f.redeemed IS NOT TRUE
         JOIN clientele.offered_promotion AS o ON o.promotion_id = c.promotion_id
         LEFT JOIN LATERAL (SELECT s.at, s.request_id, s.actor FROM clientele.claim_step AS s
                            WHERE s.claim_id = t.claim_id AND s.step = 'transfer' AND s.at < t.at ORDER BY s.at DESC LIMIT 1) AS b ON true
    WHERE t.step = 'transfer';
REVOKE ALL ON clientele.coupon FROM PUBLIC;
COMMENT ON VIEW clientele.coupon IS 'coupons that customers have been given';
COMMENT ON COLUMN clientele.coupon.population_id IS 'whose customer';
COMMENT ON COLUMN clientele.coupon.key IS 'the customer';
COMMENT ON COLUMN clientele.coupon.promotion IS 'what it is for';
COMMENT ON COLUMN clientele.coupon.claim_id IS 'the claim that it is';
COMMENT ON COLUMN clientele.coupon.at IS 'since when';
COMMENT ON COLUMN clientele.coupon.gone_at IS 'when he has handed it on; NULL: he has not';
COMMENT ON COLUMN clientele.coupon.valid_until IS 'when it expires, if it is not used; NULL: never';
COMMENT ON COLUMN clientele.coupon.request_id IS 'the request by which it came to him; NULL: it came with something else';
COMMENT ON COLUMN clientele.coupon.actor IS 'the role that asked';

-- Every change of every account.  What expires is a line of its own, at that instant; what comes to or
-- is taken from what has expired already is taken out again by a line beside it.  So at every
-- instant the lines until then add up to the balance.
CREATE VIEW clientele.ledger_line AS
    SELECT e.population_id, e.key, e.account, e.item, e.at, e.entry_id AS number,
           CASE WHEN e.lot IS NULL THEN 'given' WHEN e.amount > 0 THEN 'refunded' WHEN e.claim_id IS NOT NULL THEN 'taken back' ELSE 'used' END AS kind,
           e.amount, e.valid_until, e.claim_id, e.request_id, e.actor, e.reason
    FROM clientele.ledger_entry AS e
    UNION ALL
    SELECT l.population_id, l.key, l.account, l.item, greatest(l.valid_until, e.at), max(e.entry_id), 'expired', -sum(e.amount), l.valid_until,
           l.claim_id, NULL, NULL, NULL
    FROM clientele.ledger_entry AS l JOIN clientele.ledger_entry AS e
         ON (e.population_id, e.key, e.account, e.item) = (l.population_id, l.key, l.account, l.item) AND coalesce(e.lot, e.entry_id) = l.entry_id
    WHERE l.lot IS NULL AND l.valid_until <= (SELECT clientele.wall_clock())
    GROUP BY l.entry_id, greatest(l.valid_until, e.at), CASE WHEN e.at >= l.valid_until THEN e.entry_id END
    HAVING sum(e.amount) <> 0
    UNION ALL
    SELECT c.population_id, c.key, 'coupon', c.promotion, l.at, c.claim_id, l.kind, l.amount, c.valid_until, c.claim_id, l.request_id, l.actor, l.reason
    FROM clientele.coupon AS c
         LEFT JOIN LATERAL (SELECT s.* FROM clientele.claim_step AS s
                            WHERE s.claim_id = c.claim_id AND s.at >= c.at AND coalesce(s.at < c.valid_until, true)
                              AND CASE WHEN c.gone_at IS NULL THEN s.step IN ('redeem', 'give back') ELSE s.step = 'transfer' AND s.at = c.gone_at END
                            ORDER BY s.at, s.step DESC LIMIT 1) AS gone ON true
         CROSS JOIN LATERAL (
             SELECT c.at, 'given' AS kind, 1::numeric AS amount, c.request_id, c.actor, NULL::text AS reason
             UNION ALL
             SELECT gone.at, CASE gone.step WHEN 'redeem' THEN 'used' WHEN 'transfer' THEN 'handed on' ELSE 'taken back' END, -1, gone.request_id, gone.actor,
                    CASE WHEN gone.step <> 'transfer' THEN gone.reason END
             WHERE gone.at IS NOT NULL
             UNION ALL
             SELECT c.valid_until, 'expired', -1, NULL, NULL, NULL WHERE gone.at IS NULL AND c.valid_until <= (SELECT clientele.wall_clock())) AS l;
REVOKE ALL ON clientele.ledger_line FROM PUBLIC;
COMMENT ON VIEW clientele.ledger_line IS 'every change of what customers have, also by expiry; together they are the balances';
COMMENT ON COLUMN clientele.ledger_line.population_id IS 'whose customer';
COMMENT ON COLUMN clientele.ledger_line.key IS 'the customer';
COMMENT ON COLUMN clientele.ledger_line.account IS 'points, stored value, gift or coupon';
COMMENT ON COLUMN clientele.ledger_line.item IS 'gift: which; coupon: the promotion; else empty';
COMMENT ON COLUMN clientele.ledger_line.at IS 'when';
COMMENT ON COLUMN clientele.ledger_line.number IS 'orders lines of one instant: number of the entry, or of the last one that it concerns; of a coupon, its claim';
COMMENT ON COLUMN clientele.ledger_line.kind IS 'given, used, refunded (what was used has come back), taken back (what a claim had given), handed on (a coupon, to another customer), expired';
COMMENT ON COLUMN clientele.ledger_line.amount IS 'what came, or went where it is below 0';
COMMENT ON COLUMN clientele.ledger_line.valid_until IS 'given, expired: when what is left of it is gone; NULL: it stays';
COMMENT ON COLUMN clientele.ledger_line.claim_id IS 'the claim that gave it, took it back, or is the coupon';
COMMENT ON COLUMN clientele.ledger_line.request_id IS 'the request; NULL: nobody asked (expiry)';
COMMENT ON COLUMN clientele.ledger_line.actor IS 'the role that asked';
COMMENT ON COLUMN clientele.ledger_line.reason IS 'why';

-- What is left of each lot at an instant, of what was written until then.  In PL/pgSQL, which keeps its plans.
CREATE FUNCTION clientele.lots(population_id int, key text, as_of timestamptz,
                               OUT account text, OUT item text, OUT remaining numeric, OUT valid_until timestamptz)
RETURNS SETOF record LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT e.account, e.item, sum(e.amount), max(e.valid_until)
    FROM clientele.ledger_entry AS e
    WHERE e.population_id = lots.population_id AND e.key = lots.key AND e.at <= as_of
    GROUP BY e.account, e.item, coalesce(e.lot, e.entry_id)
    HAVING sum(e.amount) <> 0 AND coalesce(max(e.valid_until) > as_of, true);
    RETURN QUERY
    SELECT 'coupon', c.promotion, 1::numeric, c.valid_until
    FROM clientele.coupon AS c
    WHERE c.population_id = lots.population_id AND c.key = lots.key AND c.at <= as_of AND coalesce(c.gone_at > as_of, true) AND coalesce(c.valid_until > as_of, true)
      AND NOT EXISTS (SELECT FROM clientele.claim_step AS s WHERE s.claim_id = c.claim_id AND s.step IN ('redeem', 'give back') AND s.at <= as_of);
END
$$;
REVOKE ALL ON FUNCTION clientele.lots(int, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION clientele.lots(int, text, timestamptz) IS 'internal: what a customer has of each lot, and his coupons, at an instant';

CREATE FUNCTION clientele.ledger_reader(caller regrole, population text) RETURNS clientele.population
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT clientele.allowed_population(caller, population, 'claim INSERT', 'claim SELECT', 'ledger INSERT', 'ledger SELECT') $$;
REVOKE ALL ON FUNCTION clientele.ledger_reader(regrole, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.ledger_reader(regrole, text) IS 'internal: a population of whose customers the caller may ask what they have';

CREATE FUNCTION clientele.account_item(population clientele.population, account text, item text) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    item := clientele.check_account(account, item, true);
    IF account = 'coupon' THEN
        PERFORM clientele.named_promotion(population, item);
    END IF;
    RETURN item;
END
$$;
REVOKE ALL ON FUNCTION clientele.account_item(clientele.population, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.account_item(clientele.population, text, text) IS 'internal: the item of an account that is to be read, or an error where there is no such account';

CREATE FUNCTION clientele.balance_for(caller regrole, population text, key text, account text, item text, as_of timestamptz)
RETURNS numeric LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    allowed clientele.population := clientele.ledger_reader(caller, population);
BEGIN
    item := clientele.account_item(allowed, account, item);
    RETURN (SELECT coalesce(sum(l.remaining), 0)
            FROM clientele.lots(allowed.population_id, clientele.printed_key(allowed, key), clientele.check_instant(as_of)) AS l
            WHERE (l.account, l.item) = (balance_for.account, balance_for.item));
END
$$;
REVOKE ALL ON FUNCTION clientele.balance_for(regrole, text, text, text, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION clientele.balance_for(regrole, text, text, text, text, timestamptz) IS 'internal: balance, behind the door';

CREATE FUNCTION clientele.balance(population text, key text, account text, item text DEFAULT NULL, as_of timestamptz DEFAULT NULL)
RETURNS numeric AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C STABLE;
COMMENT ON FUNCTION clientele.balance(text, text, text, text, timestamptz) IS 'what a customer has in an account (points, stored value, gift with its item, coupon with its promotion as item), now or at an instant; in the past, what was valid then, of what had been written until then. The caller needs SELECT or INSERT on one of the views NAME_ledger and NAME_claim, or owns the population';

CREATE FUNCTION clientele.balance(population text, key anynonarray, account text, item text DEFAULT NULL, as_of timestamptz DEFAULT NULL)
RETURNS numeric LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT clientele.balance($1, $2::text, $3, $4, $5) $$;
COMMENT ON FUNCTION clientele.balance(text, anynonarray, text, text, timestamptz) IS 'the same with the key in its own type';

CREATE FUNCTION clientele.balances_for(caller regrole, population text, key text, as_of timestamptz,
                                       OUT account text, OUT item text, OUT balance numeric, OUT expires_at timestamptz, OUT expiring numeric)
RETURNS SETOF record LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    allowed clientele.population := clientele.ledger_reader(caller, population);
BEGIN
    RETURN QUERY
    SELECT l.account, l.item, sum(l.remaining), min(l.valid_until), sum(l.remaining) FILTER (WHERE l.valid_until = l.soonest)
    FROM (SELECT o.*, min(o.valid_until) OVER (PARTITION BY o.account, o.item) AS soonest
          FROM clientele.lots(allowed.population_id, clientele.printed_key(allowed, key), clientele.check_instant(as_of)) AS o) AS l
    GROUP BY l.account, l.item ORDER BY l.account, l.item;
END
$$;
REVOKE ALL ON FUNCTION clientele.balances_for(regrole, text, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION clientele.balances_for(regrole, text, text, timestamptz) IS 'internal: balances, behind the door';

CREATE FUNCTION clientele.balances(population text, key text, as_of timestamptz DEFAULT NULL,
                                   OUT account text, OUT item text, OUT balance numeric, OUT expires_at timestamptz, OUT expiring numeric)
RETURNS SETOF record AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C STABLE ROWS 10;
COMMENT ON FUNCTION clientele.balances(text, text, timestamptz) IS 'all that a customer has, now or at an instant: account and item; balance; when some of it expires next (NULL = never), and how much. Rights as for balance';

CREATE FUNCTION clientele.balances(population text, key anynonarray, as_of timestamptz DEFAULT NULL,
                                   OUT account text, OUT item text, OUT balance numeric, OUT expires_at timestamptz, OUT expiring numeric)
RETURNS SETOF record LANGUAGE sql STABLE ROWS 10 SET search_path = pg_catalog, pg_temp
    AS $$ SELECT * FROM clientele.balances($1, $2::text, $3) $$;
COMMENT ON FUNCTION clientele.balances(text, anynonarray, timestamptz) IS 'the same with the key in its own type';

CREATE FUNCTION clientele.account_statement_for(caller regrole, population text, key text, account text, item text,
                                                OUT at timestamptz, OUT kind text, OUT amount numeric, OUT balance numeric, OUT valid_until timestamptz,
                                                OUT claim_id bigint, OUT request_id text, OUT actor text, OUT reason text)
RETURNS SETOF record LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    allowed clientele.population := clientele.ledger_reader(caller, population);
BEGIN
    item := clientele.account_item(allowed, account, item);
    RETURN QUERY
    SELECT l.at, l.kind, l.amount, sum(l.amount) OVER (ORDER BY l.at, l.number, l.kind = 'expired', l.amount < 0 ROWS UNBOUNDED PRECEDING), l.valid_until,
           l.claim_id, l.request_id, l.actor::text, l.reason
    FROM clientele.ledger_line AS l
    WHERE (l.population_id, l.key, l.account, l.item)
          = (allowed.population_id, clientele.printed_key(allowed, account_statement_for.key), account_statement_for.account, account_statement_for.item)
    ORDER BY l.at, l.number, l.kind = 'expired', l.amount < 0;
END
$$;
REVOKE ALL ON FUNCTION clientele.account_statement_for(regrole, text, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.account_statement_for(regrole, text, text, text, text) IS 'internal: account_statement, behind the door';

CREATE FUNCTION clientele.account_statement(population text, key text, account text, item text DEFAULT NULL,
                                            OUT at timestamptz, OUT kind text, OUT amount numeric, OUT balance numeric, OUT valid_until timestamptz,
                                            OUT claim_id bigint, OUT request_id text, OUT actor text, OUT reason text)
RETURNS SETOF record AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C STABLE;
COMMENT ON FUNCTION clientele.account_statement(text, text, text, text) IS 'how an account of a customer came to be what it is, line by line, with the balance after each: given, used, refunded, taken back, and what expired, at the instant when it did. Rights as for balance';

CREATE FUNCTION clientele.account_statement(population text, key anynonarray, account text, item text DEFAULT NULL,
                                            OUT at timestamptz, OUT kind text, OUT amount numeric, OUT balance numeric, OUT valid_until timestamptz,
                                            OUT claim_id bigint, OUT request_id text, OUT actor text, OUT reason text)
RETURNS SETOF record LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT * FROM clientele.account_statement($1, $2::text, $3, $4) $$;
COMMENT ON FUNCTION clientele.account_statement(text, anynonarray, text, text) IS 'the same with the key in its own type';

-- ---------------------------------------------------------------------------
-- Memberships
-- ---------------------------------------------------------------------------

-- A membership is a dated entitlement, and the tag of its name, of the same term: so rules see it,
-- and come due when it begins and ends.  Terms follow each other as statements by hand do.
CREATE FUNCTION clientele.membership_terms(written clientele.membership[],
                                           OUT plan text, OUT since timestamptz, OUT until timestamptz, OUT paid numeric,
                                           OUT at timestamptz, OUT actor name, OUT reason text)
RETURNS SETOF record LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT t.plan, t.since, t.until, t.paid, t.at, t.actor, t.reason
    FROM (SELECT m.plan, m.since, least(m.until, lead(m.since) OVER (PARTITION BY m.plan ORDER BY m.since, m.number)) AS until,
                 m.paid, m.at, m.actor, m.reason
          FROM unnest(written) AS m) AS t
    WHERE t.until > t.since
    $$;
REVOKE ALL ON FUNCTION clientele.membership_terms(clientele.membership[]) FROM PUBLIC;
COMMENT ON FUNCTION clientele.membership_terms(clientele.membership[]) IS 'internal: the terms of a customer''s memberships, each as far as the next one of its plan does not replace it';

-- Within the locks of lock_request.
CREATE FUNCTION clientele.write_membership(caller regrole, population clientele.population, request_id text, key text, plan text,
                                           since timestamptz, until timestamptz, paid numeric, reason text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    INSERT INTO clientele.membership (population_id, key, plan, since, until, paid, request_id, at, actor, reason)
    VALUES (population.population_id, clientele.printed_key(population, key), plan, since, until, paid, request_id, clientele.wall_clock(),
            (SELECT r.rolname FROM pg_roles AS r WHERE r.oid = caller), reason);
    PERFORM clientele.say(caller, population, key, 'tag', plan, NULL, NULL, reason,
                          CASE WHEN until > since THEN nullif(until, 'infinity') END, until = since, since);
END
$$;
REVOKE ALL ON FUNCTION clientele.write_membership(regrole, clientele.population, text, text, text, timestamptz, timestamptz, numeric, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.write_membership(regrole, clientele.population, text, text, text, timestamptz, timestamptz, numeric, text) IS 'internal: writes down a term of a membership, and gives the tag for as long';

-- What a request has written, if it has; an error where it was something else.
CREATE FUNCTION clientele.membership_request(population_id int, request_id text, wanted jsonb) RETURNS jsonb
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    written jsonb := (
        SELECT jsonb_build_object('call', CASE WHEN m.until = m.since THEN 'end' ELSE 'grant' END, 'key', m.key, 'plan', m.plan, 'until', m.until,
                                  'paid', m.paid, 'since', m.since, 'reason', m.reason)
        FROM clientele.fresh_memberships(population_id, NULL, request_id) AS m ORDER BY m.number LIMIT 1);
    differs text;
BEGIN
    SELECT string_agg(w.key, ', ' ORDER BY w.key) INTO differs FROM jsonb_each(wanted) AS w WHERE w.value IS DISTINCT FROM written -> w.key;
    IF written IS NOT NULL AND differs IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'CL005',
            MESSAGE = format('request "%s" was something else', request_id),
            DETAIL = format('Different: %s.', differs),
            HINT = 'A repetition says the same; what is new needs an id of its own.';
    END IF;
    RETURN written;
END
$$;
REVOKE ALL ON FUNCTION clientele.membership_request(int, text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION clientele.membership_request(int, text, jsonb) IS 'internal: what a request about memberships has written; NULL: nothing yet';

-- What no rule can ask for is hardly what has been sold.
CREATE FUNCTION clientele.check_plan(population clientele.population, plan text) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    plans text[] := ARRAY(SELECT d.name FROM clientele.known_definitions(population) AS d WHERE d.kind = 'tag' ORDER BY d.name);
BEGIN
    IF plan <> ALL (plans) THEN
        RAISE undefined_object USING
            MESSAGE = format('population "%s" has no tag "%s", so no membership of that name', population.name, plan),
            HINT = coalesce('Perhaps you mean "' || clientele.nearest_name(plan, plans) || '".',
                            format('Define it, without a rule if only memberships give it: SELECT clientele.define_tag(%L, %L);', population.name, plan));
    END IF;
END
$$;
REVOKE ALL ON FUNCTION clientele.check_plan(clientele.population, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.check_plan(clientele.population, text) IS 'internal: an error unless rules can ask for a membership of that name';

CREATE FUNCTION clientele.grant_membership_for(caller regrole, population text, key text, plan text, until timestamptz, request_id text,
                                               paid numeric, since timestamptz, reason text)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    allowed clientele.population := clientele.allowed_population(caller, population, 'ledger INSERT');
    now timestamptz;
BEGIN
    PERFORM clientele.check_name('membership', plan), clientele.check_tag(allowed, key, plan), clientele.check_request(request_id),
            clientele.check_given('until', until::text);
    IF paid <> 0 THEN
        PERFORM clientele.check_amount('money', paid);
    END IF;
    PERFORM clientele.lock_request(allowed.population_id, request_id, clientele.printed_key(allowed, key));
    IF clientele.membership_request(allowed.population_id, request_id,
           jsonb_build_object('call', 'grant', 'key', clientele.printed_key(allowed, key), 'plan', plan, 'until', until, 'paid', paid, 'reason', reason)
           || CASE WHEN since IS NULL THEN '{}' ELSE jsonb_build_object('since', since) END) IS NOT NULL THEN
        RETURN;
    END IF;
    PERFORM clientele.check_customer(allowed.population_id, clientele.printed_key(allowed, key)), clientele.check_plan(allowed, plan);
    now := clientele.wall_clock();
    since := coalesce(since, now);
    IF since < now OR NOT isfinite(since) THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('a membership cannot begin at %s', since),
            HINT = 'It begins now (leave since out) or later: what was so stays so at every instant of the past.';
    ELSIF until <= since THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('a membership that begins at %s cannot end at %s', since, until),
            HINT = format('until => %L; ''infinity'' is for good.', date_trunc('day', since) + interval '1 year');
    END IF;
    PERFORM clientele.write_membership(caller, allowed, request_id, key, plan, since, until, paid, reason);
END
$$;
REVOKE ALL ON FUNCTION clientele.grant_membership_for(regrole, text, text, text, timestamptz, text, numeric, timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.grant_membership_for(regrole, text, text, text, timestamptz, text, numeric, timestamptz, text) IS 'internal: grant_membership, behind the door';

CREATE FUNCTION clientele.grant_membership(population text, key text, plan text, until timestamptz, request_id text, paid numeric DEFAULT NULL,
                                           since timestamptz DEFAULT NULL, reason text DEFAULT NULL)
RETURNS void AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.grant_membership(text, text, text, timestamptz, text, numeric, timestamptz, text) IS 'gives a customer a membership until an instant (infinity = for good), for what was paid (NULL = not said), from now on or from a later instant (since): meanwhile he has the tag of its name, which must be defined, so that rules and audiences ask has_tag(''plan''). Once more: from its beginning on the later one counts, so a renewal begins where the running one ends. Repeated with the same request_id it grants nothing more. The caller needs INSERT on the view NAME_ledger, or owns the population';

CREATE FUNCTION clientele.grant_membership(population text, key anynonarray, plan text, until timestamptz, request_id text, paid numeric DEFAULT NULL,
                                           since timestamptz DEFAULT NULL, reason text DEFAULT NULL)
RETURNS void LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT clientele.grant_membership($1, $2::text, $3, $4, $5, $6, $7, $8) $$;
COMMENT ON FUNCTION clientele.grant_membership(text, anynonarray, text, timestamptz, text, numeric, timestamptz, text) IS 'the same with the key in its own type';

CREATE FUNCTION clientele.end_membership_for(caller regrole, population text, key text, plan text, request_id text, reason text)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    allowed clientele.population := clientele.allowed_population(caller, population, 'ledger INSERT');
    now timestamptz;
    begins timestamptz[];
    printed text := clientele.printed_key(allowed, key);
BEGIN
    PERFORM clientele.check_name('membership', plan), clientele.check_request(request_id);
    PERFORM clientele.lock_request(allowed.population_id, request_id, printed);
    IF clientele.membership_request(allowed.population_id, request_id,
                                    jsonb_build_object('call', 'end', 'key', printed, 'plan', plan, 'reason', reason)) IS NOT NULL THEN
        RETURN true;
    END IF;
    now := clientele.wall_clock();
    begins := ARRAY(SELECT greatest(t.since, now)
                    FROM clientele.membership_terms(ARRAY(SELECT m FROM clientele.fresh_memberships(allowed.population_id, printed, NULL) AS m)) AS t
                    WHERE t.plan = end_membership_for.plan AND t.until > now ORDER BY t.since);
    PERFORM clientele.write_membership(caller, allowed, request_id, key, plan, b.at, b.at, NULL, reason)
    FROM unnest(begins) WITH ORDINALITY AS b (at, place) ORDER BY b.place;
    RETURN begins <> '{}';
END
$$;
REVOKE ALL ON FUNCTION clientele.end_membership_for(regrole, text, text, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.end_membership_for(regrole, text, text, text, text, text) IS 'internal: end_membership, behind the door';

CREATE FUNCTION clientele.end_membership(population text, key text, plan text, request_id text, reason text DEFAULT NULL)
RETURNS boolean AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.end_membership(text, text, text, text, text) IS 'ends a membership of a customer now, and takes back what had been granted of it for later; false = there was none. Rights as for grant_membership';

CREATE FUNCTION clientele.end_membership(population text, key anynonarray, plan text, request_id text, reason text DEFAULT NULL)
RETURNS boolean LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT clientele.end_membership($1, $2::text, $3, $4, $5) $$;
COMMENT ON FUNCTION clientele.end_membership(text, anynonarray, text, text, text) IS 'the same with the key in its own type';

CREATE FUNCTION clientele.memberships_for(caller regrole, population text, key text, as_of timestamptz,
                                          OUT plan text, OUT state text, OUT since timestamptz, OUT until timestamptz, OUT paid numeric,
                                          OUT granted_at timestamptz, OUT actor text, OUT reason text)
RETURNS SETOF record LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    allowed clientele.population := clientele.ledger_reader(caller, population);
BEGIN
    as_of := clientele.check_instant(as_of);
    RETURN QUERY
    SELECT t.plan, CASE WHEN t.until <= as_of THEN 'over' WHEN t.since <= as_of THEN 'running' ELSE 'ahead' END,
           t.since, nullif(t.until, 'infinity'), t.paid, t.at, t.actor::text, t.reason
    FROM clientele.membership_terms(ARRAY(SELECT m FROM clientele.membership AS m
                                          WHERE m.population_id = allowed.population_id AND m.key = clientele.printed_key(allowed, memberships_for.key)
                                            AND m.at <= as_of)) AS t
    ORDER BY t.plan, t.since;
END
$$;
REVOKE ALL ON FUNCTION clientele.memberships_for(regrole, text, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION clientele.memberships_for(regrole, text, text, timestamptz) IS 'internal: memberships, behind the door';

CREATE FUNCTION clientele.memberships(population text, key text, as_of timestamptz DEFAULT NULL,
                                      OUT plan text, OUT state text, OUT since timestamptz, OUT until timestamptz, OUT paid numeric,
                                      OUT granted_at timestamptz, OUT actor text, OUT reason text)
RETURNS SETOF record AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C STABLE ROWS 10;
COMMENT ON FUNCTION clientele.memberships(text, text, timestamptz) IS 'the memberships of a customer, running, ahead and over, now or as they were at an instant; until NULL = for good. Rights as for balance';

CREATE FUNCTION clientele.memberships(population text, key anynonarray, as_of timestamptz DEFAULT NULL,
                                      OUT plan text, OUT state text, OUT since timestamptz, OUT until timestamptz, OUT paid numeric,
                                      OUT granted_at timestamptz, OUT actor text, OUT reason text)
RETURNS SETOF record LANGUAGE sql STABLE ROWS 10 SET search_path = pg_catalog, pg_temp
    AS $$ SELECT * FROM clientele.memberships($1, $2::text, $3) $$;
COMMENT ON FUNCTION clientele.memberships(text, anynonarray, timestamptz) IS 'the same with the key in its own type';

-- ---------------------------------------------------------------------------
-- Earn rules
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.define_earn_rule_for(caller regrole, population text, name text, definition clientele.promotion)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owned clientele.population := clientele.population_of(caller, population);
    kind text := definition::text::jsonb #>> '{benefit,kind}';
BEGIN
    IF kind NOT IN ('points', 'stored value', 'gift', 'coupon') THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('an earn rule cannot give %s', kind),
            HINT = 'It gives something that stays with the customer: points, stored value, a gift or a coupon. What reduces the bill is a promotion.';
    ELSIF definition::text::jsonb ? 'needs' THEN
        RAISE invalid_parameter_value USING
            MESSAGE = 'an earn rule cannot wait for joiners',
            HINT = 'Group buys are promotions, which customers claim: clientele.define_promotion.';
    END IF;
    PERFORM clientele.draft_promotion(caller, owned, name, definition, true);
END
$$;
REVOKE ALL ON FUNCTION clientele.define_earn_rule_for(regrole, text, text, clientele.promotion) FROM PUBLIC;
COMMENT ON FUNCTION clientele.define_earn_rule_for(regrole, text, text, clientele.promotion) IS 'internal: define_earn_rule, behind the door';

CREATE FUNCTION clientele.define_earn_rule(population text, name text, definition clientele.promotion) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.define_earn_rule(text, text, clientele.promotion) IS 'writes the draft of an earn rule, new or another one of that name: a promotion that gives points, stored value, gifts or coupons with every bill that meets it (clientele.earn), without being asked for; publish_promotion puts it into force. The caller acts as the population''s owner';

-- What a repetition of earn has to answer is what its claims were answered: they have its id, and a number.
CREATE FUNCTION clientele.earn_for(caller regrole, population text, key text, request_id text, bill jsonb,
                                   OUT promotion text, OUT claim_id bigint, OUT kind text, OUT value numeric, OUT points numeric,
                                   OUT item text, OUT coupon text, OUT quantity numeric)
RETURNS SETOF record LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_variable
DECLARE
    allowed clientele.population := clientele.allowed_population(caller, population, 'claim INSERT');
    answered int[];
    rule record;
    answer record;
    given int := 0;
    groups text[] := '{}';
    alone boolean := false;
BEGIN
    PERFORM clientele.check_request(request_id), clientele.check_given('bill', bill::text);
    PERFORM clientele.lock_request(allowed.population_id, request_id, clientele.printed_key(allowed, key));
    answered := ARRAY(SELECT e.promotion_id FROM clientele.earned(allowed.population_id, request_id) AS e ORDER BY e.place);
    FOR rule IN
        SELECT o.name, NULL::text AS exclusive_group, true AS stacks, a.place
        FROM unnest(answered) WITH ORDINALITY AS a (promotion_id, place) JOIN clientele.offered_promotion AS o ON o.promotion_id = a.promotion_id
        UNION ALL
        SELECT o.name, d ->> 'exclusive_group', coalesce((d ->> 'stacks')::boolean, true),
               row_number() OVER (ORDER BY coalesce((d ->> 'priority')::int, 0) DESC, o.promotion_id)
        FROM clientele.offered_promotion AS o
             JOIN clientele.promotion_version AS v ON v.promotion_id = o.promotion_id AND v.version = o.version
             CROSS JOIN LATERAL CAST(v.definition::text AS jsonb) AS d
        WHERE o.population_id = allowed.population_id AND o.automatic AND o.state = 'published' AND answered = '{}'
        ORDER BY place
    LOOP
        CONTINUE WHEN rule.exclusive_group = ANY (groups) OR (given > 0 AND NOT rule.stacks);
        EXIT WHEN alone;
        answer := clientele.try_claim_for(caller, population, key, rule.name, format('%s/%s', request_id, given + 1), bill, true, NULL);
        CONTINUE WHEN answer.claim_id IS NULL;
        given := given + 1;
        groups := groups || rule.exclusive_group;
        alone := NOT rule.stacks;
        promotion := rule.name;
        claim_id := answer.claim_id; kind := answer.kind; value := answer.value; points := answer.points;
        item := answer.item; coupon := answer.coupon; quantity := answer.quantity;
        RETURN NEXT;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION clientele.earn_for(regrole, text, text, text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION clientele.earn_for(regrole, text, text, text, jsonb) IS 'internal: earn, behind the door';

CREATE FUNCTION clientele.earn(population text, key text, request_id text, bill jsonb,
                               OUT promotion text, OUT claim_id bigint, OUT kind text, OUT value numeric, OUT points numeric,
                               OUT item text, OUT coupon text, OUT quantity numeric)
RETURNS SETOF record AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE ROWS 3;
COMMENT ON FUNCTION clientele.earn(text, text, text, jsonb) IS 'gives a customer what earn rules give with a bill, the larger priority first; of one exclusive group the first, and what does not stack alone. Each is a claim, which give_back takes back when the bill is refunded. Repeated with the same request_id it gives nothing more, and answers the same. Rights as for claim';

CREATE FUNCTION clientele.earn(population text, key anynonarray, request_id text, bill jsonb,
                               OUT promotion text, OUT claim_id bigint, OUT kind text, OUT value numeric, OUT points numeric,
                               OUT item text, OUT coupon text, OUT quantity numeric)
RETURNS SETOF record LANGUAGE sql VOLATILE ROWS 3 SET search_path = pg_catalog, pg_temp
    AS $$ SELECT * FROM clientele.earn($1, $2::text, $3, $4) $$;
COMMENT ON FUNCTION clientele.earn(text, anynonarray, text, jsonb) IS 'the same with the key in its own type';

-- ---------------------------------------------------------------------------
-- What all customers have
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.owed(population_id int, OUT what text, OUT amount numeric)
RETURNS SETOF record LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT l.account || CASE l.item WHEN '' THEN '' ELSE format(' "%s"', l.item) END, sum(l.remaining)
    FROM (SELECT e.account, e.item, sum(e.amount) AS remaining FROM clientele.ledger_entry AS e
          WHERE e.population_id = owed.population_id
          GROUP BY e.account, e.item, coalesce(e.lot, e.entry_id)
          HAVING coalesce(max(e.valid_until) > clientele.wall_clock(), true)) AS l
    GROUP BY l.account, l.item HAVING sum(l.remaining) <> 0
    UNION ALL
    SELECT format('claims of promotion "%s"', o.name), count(*)
    FROM clientele.claim AS c JOIN clientele.offered_promotion AS o USING (promotion_id)
    WHERE c.population_id = owed.population_id AND c.state = 'held' AND c.expires_at > clientele.wall_clock() GROUP BY o.name
    UNION ALL
    SELECT format('codes for promotion "%s"', o.name), count(*)
    FROM clientele.coupon_batch AS b JOIN clientele.offered_promotion AS o USING (promotion_id) JOIN clientele.coupon_code AS k USING (batch_id)
    WHERE b.population_id = owed.population_id AND b.returned IS NULL AND b.valid_until > clientele.wall_clock() AND k.claim_id IS NULL GROUP BY o.name
    UNION ALL
    SELECT format('memberships "%s"', t.plan), count(DISTINCT t.key)
    FROM (SELECT m.key, m.plan, m.since, least(m.until, lead(m.since) OVER (PARTITION BY m.key, m.plan ORDER BY m.since, m.number)) AS until
          FROM clientele.membership AS m WHERE m.population_id = owed.population_id) AS t
    WHERE t.until > t.since AND t.until > clientele.wall_clock() GROUP BY t.plan
    $$;
REVOKE ALL ON FUNCTION clientele.owed(int) FROM PUBLIC;
COMMENT ON FUNCTION clientele.owed(int) IS 'internal: what all customers of a population have at this moment, added up';

-- ---------------------------------------------------------------------------
-- What a level gives
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.entitlements_for(caller regrole, population text, key text, as_of timestamptz,
                                           OUT promotion text, OUT because text, OUT kind text, OUT "limit" int, OUT period text,
                                           OUT used int, OUT remaining int, OUT renews_at timestamptz, OUT to_day date)
RETURNS SETOF record LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    allowed clientele.population := clientele.ledger_reader(caller, population);
    printed text := clientele.printed_key(allowed, key);
    instant timestamptz := clientele.check_instant(as_of);
    today date := (instant AT TIME ZONE allowed.time_zone)::date;
BEGIN
    RETURN QUERY
    SELECT f.promotion, d ->> 'audience', f.kind, l.claims, l.period, u.used, least(f.remaining, l.claims - u.used),
           CASE WHEN l.period IS NOT NULL THEN (l.since + ('1 ' || l.period)::interval) AT TIME ZONE allowed.time_zone END, f.to_day
    FROM clientele.offers(population, printed, NULL, as_of) WITH ORDINALITY AS f
         JOIN clientele.offered_promotion AS o ON o.population_id = allowed.population_id AND o.name = f.promotion
         JOIN clientele.promotion_version AS v ON v.promotion_id = o.promotion_id AND v.version = o.version
         CROSS JOIN LATERAL CAST(v.definition::text AS jsonb) AS d
         CROSS JOIN LATERAL (
             SELECT coalesce((d #>> '{stock,per_period,claims}')::int, (d #>> '{stock,per_customer}')::int) AS claims, d #>> '{stock,per_period,period}' AS period,
                    coalesce(date_trunc(d #>> '{stock,per_period,period}', today::timestamp), '-infinity') AS since) AS l
         CROSS JOIN LATERAL (
             SELECT count(*)::int AS used FROM clientele.claim AS c
             WHERE c.population_id = allowed.population_id AND c.key = printed AND c.promotion_id = o.promotion_id AND c.day >= l.since
               AND c.claimed_at <= instant AND (c.redeemed_at <= instant OR c.expires_at > instant)
               AND NOT (c.state IN ('released', 'returned')
                        AND (SELECT max(s.at) FROM clientele.claim_step AS s WHERE s.claim_id = c.claim_id AND s.step = 'give back') <= instant)) AS u
    WHERE d ? 'audience' AND NOT f.reasons && ARRAY['early', 'late', 'audience', 'refused', 'held out', 'paused']
    ORDER BY f.ordinality;
END
$$;
REVOKE ALL ON FUNCTION clientele.entitlements_for(regrole, text, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION clientele.entitlements_for(regrole, text, text, timestamptz) IS 'internal: entitlements, behind the door';

CREATE FUNCTION clientele.entitlements(population text, key text, as_of timestamptz DEFAULT NULL,
                                       OUT promotion text, OUT because text, OUT kind text, OUT "limit" int, OUT period text,
                                       OUT used int, OUT remaining int, OUT renews_at timestamptz, OUT to_day date)
RETURNS SETOF record AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE ROWS 10;
COMMENT ON FUNCTION clientele.entitlements(text, text, timestamptz) IS 'what a customer has because of what he is, in the order of offers: promotions whose audience (because) he belongs to, by a level, a tag or a membership, now or at an instant; how many he may have (limit; NULL = any number) in each calendar period (NULL = in all), how many he has used, how many remain (also of what all share), when a new period begins, and the promotion''s last day. Rights as for balance';

CREATE FUNCTION clientele.entitlements(population text, key anynonarray, as_of timestamptz DEFAULT NULL,
                                       OUT promotion text, OUT because text, OUT kind text, OUT "limit" int, OUT period text,
                                       OUT used int, OUT remaining int, OUT renews_at timestamptz, OUT to_day date)
RETURNS SETOF record LANGUAGE sql VOLATILE ROWS 10 SET search_path = pg_catalog, pg_temp
    AS $$ SELECT * FROM clientele.entitlements($1, $2::text, $3) $$;
COMMENT ON FUNCTION clientele.entitlements(text, anynonarray, timestamptz) IS 'the same with the key in its own type';
