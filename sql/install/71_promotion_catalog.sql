
-- Promotions as they are offered, what customers have taken of them, and what they were given.
-- Rows are written by the functions alone.  A customer's key is text here, as its type prints it:
-- these rows are kept when the table of customers is not, and a claim's number alone leads to its population.

CREATE TABLE clientele.offered_promotion (
    population_id int NOT NULL,
    promotion_id int GENERATED ALWAYS AS IDENTITY UNIQUE,
    name name NOT NULL,
    state text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'published', 'paused', 'ended')),
    version int,
    draft clientele.promotion,
    draft_author name,
    drafted_at timestamptz,
    automatic boolean NOT NULL DEFAULT false,
    holdout numeric NOT NULL DEFAULT 0 CHECK (holdout BETWEEN 0 AND 100),
    audience_frozen_at timestamptz,
    PRIMARY KEY (population_id, name)
) USING heap;
COMMENT ON TABLE clientele.offered_promotion IS 'promotions of a population';
COMMENT ON SEQUENCE clientele.offered_promotion_promotion_id_seq IS 'numbers of promotions';
COMMENT ON COLUMN clientele.offered_promotion.population_id IS 'whose customers it is for';
COMMENT ON COLUMN clientele.offered_promotion.promotion_id IS 'number of the promotion, over all populations; smaller ones are older';
COMMENT ON COLUMN clientele.offered_promotion.name IS 'what functions call it';
COMMENT ON COLUMN clientele.offered_promotion.state IS 'draft: never published; published; paused: nothing new is claimed, what is claimed is redeemed; ended: for good';
COMMENT ON COLUMN clientele.offered_promotion.version IS 'the version that applies; NULL: never published';
COMMENT ON COLUMN clientele.offered_promotion.draft IS 'what publish_promotion would make the next version; NULL: nothing has changed since';
COMMENT ON COLUMN clientele.offered_promotion.draft_author IS 'the role that wrote the draft';
COMMENT ON COLUMN clientele.offered_promotion.drafted_at IS 'when it was written';
COMMENT ON COLUMN clientele.offered_promotion.automatic IS 'an earn rule: given with every bill that meets it, without being asked for';
COMMENT ON COLUMN clientele.offered_promotion.holdout IS 'per cent of customers who are left out, by chance but always the same, to measure what it brings';
COMMENT ON COLUMN clientele.offered_promotion.audience_frozen_at IS 'when the list of an audience at term start was made; NULL: not yet, or no such audience';

CREATE TABLE clientele.promotion_version (
    population_id int NOT NULL,
    promotion_id int NOT NULL,
    version int NOT NULL,
    definition clientele.promotion NOT NULL,
    note text,
    author name NOT NULL,
    published_at timestamptz NOT NULL,
    PRIMARY KEY (promotion_id, version)
) USING heap;
COMMENT ON TABLE clientele.promotion_version IS 'published promotions; a version never changes';
COMMENT ON COLUMN clientele.promotion_version.population_id IS 'whose customers it is for';
COMMENT ON COLUMN clientele.promotion_version.promotion_id IS 'the promotion';
COMMENT ON COLUMN clientele.promotion_version.version IS 'number of the version, from 1 in each promotion';
COMMENT ON COLUMN clientele.promotion_version.definition IS 'the promotion as one value';
COMMENT ON COLUMN clientele.promotion_version.note IS 'what the publisher said about it';
COMMENT ON COLUMN clientele.promotion_version.author IS 'the role in whose name it was published';
COMMENT ON COLUMN clientele.promotion_version.published_at IS 'when it was published';

CREATE TABLE clientele.frozen_audience (
    population_id int NOT NULL,
    promotion_id int NOT NULL,
    key text COLLATE "C" NOT NULL,
    PRIMARY KEY (promotion_id, key)
) USING heap;
COMMENT ON TABLE clientele.frozen_audience IS 'lists of customers who were the audience when the term began';
COMMENT ON COLUMN clientele.frozen_audience.population_id IS 'whose customers they are';
COMMENT ON COLUMN clientele.frozen_audience.promotion_id IS 'the promotion';
COMMENT ON COLUMN clientele.frozen_audience.key IS 'the customer';

-- What is left of what all customers share.  A scope has several rows, so that tills do not
-- wait for each other; what it has left is their sum, less what it owes (a limit that was lowered
-- beneath what had been taken), which its first row knows.  Rows are written all the time: pages keep
-- most of their room for versions (quiet_read.c tidies them), and entries of the index that are dead are to be marked
-- one by one, not only when all of a posting list are.
CREATE TABLE clientele.stock (
    population_id int NOT NULL,
    promotion_id int NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('total', 'branch', 'day', 'budget')),
    scope text COLLATE "C" NOT NULL,
    stripe smallint NOT NULL,
    remaining numeric NOT NULL CHECK (remaining >= 0),
    owed numeric NOT NULL DEFAULT 0 CHECK (owed >= 0 AND (owed = 0 OR stripe = 0)),
    PRIMARY KEY (promotion_id, kind, scope, stripe) WITH (deduplicate_items = off)
) USING heap WITH (fillfactor = 10);
COMMENT ON TABLE clientele.stock IS 'what is left of the limits that customers share';
COMMENT ON COLUMN clientele.stock.population_id IS 'whose customers it is for';
COMMENT ON COLUMN clientele.stock.promotion_id IS 'the promotion';
COMMENT ON COLUMN clientele.stock.kind IS 'which limit: total, branch, day (in claims) or budget (in money)';
COMMENT ON COLUMN clientele.stock.scope IS 'the branch, or the day of the branch as YYYY-MM-DD; empty for total and budget';
COMMENT ON COLUMN clientele.stock.stripe IS 'number of the row in its scope, from 0; together they have what is left';
COMMENT ON COLUMN clientele.stock.remaining IS 'what is left in this row';
COMMENT ON COLUMN clientele.stock.owed IS 'in row 0: by how much more is taken than a lowered limit allows; what comes back pays this first';

CREATE TABLE clientele.claim (
    claim_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    population_id int NOT NULL,
    promotion_id int NOT NULL,
    version int NOT NULL,
    key text COLLATE "C" NOT NULL,
    state text NOT NULL CHECK (state IN ('held', 'redeemed', 'released', 'expired', 'returned')),
    claimed_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    redeemed_at timestamptz,
    day date NOT NULL,
    branch text,
    staff text,
    bill jsonb,
    amount numeric,
    value numeric,
    given numeric,
    refunded numeric NOT NULL DEFAULT 0,
    taken_back numeric NOT NULL DEFAULT 0,
    origin text NOT NULL DEFAULT 'claim' CHECK (origin IN ('claim', 'benefit', 'batch', 'code')),
    origin_id bigint,
    transferable boolean NOT NULL DEFAULT false,
    team bigint,
    bill_id text COLLATE "C"
) USING heap WITH (fillfactor = 80);
CREATE INDEX claim_of_customer ON clientele.claim (key, population_id, promotion_id, bill_id);
CREATE INDEX claim_expiring ON clientele.claim (promotion_id, expires_at) WHERE state = 'held' AND expires_at < 'infinity';
CREATE INDEX claim_held ON clientele.claim (population_id, expires_at) WHERE state = 'held' AND expires_at < 'infinity';
CREATE INDEX claim_in_team ON clientele.claim (team) WHERE team IS NOT NULL;
CREATE INDEX claim_by_origin ON clientele.claim (origin_id) WHERE origin_id IS NOT NULL;
COMMENT ON TABLE clientele.claim IS 'what customers have taken of promotions, as it is now; how it came to be is in claim_step';
COMMENT ON SEQUENCE clientele.claim_claim_id_seq IS 'numbers of claims';
COMMENT ON INDEX clientele.claim_of_customer IS 'the claims of a customer; of a bill, without looking at the others'' rows';
COMMENT ON INDEX clientele.claim_expiring IS 'what is held of a promotion and expires, by when';
COMMENT ON INDEX clientele.claim_held IS 'what is held of all promotions and expires, by when';
COMMENT ON INDEX clientele.claim_in_team IS 'who buys together';
COMMENT ON INDEX clientele.claim_by_origin IS 'what a claim or a batch has given';
COMMENT ON COLUMN clientele.claim.claim_id IS 'number of the claim, over all populations';
COMMENT ON COLUMN clientele.claim.population_id IS 'whose customer';
COMMENT ON COLUMN clientele.claim.promotion_id IS 'the promotion';
COMMENT ON COLUMN clientele.claim.version IS 'the version that decided, and that decides about its bill and refunds';
COMMENT ON COLUMN clientele.claim.key IS 'the customer';
COMMENT ON COLUMN clientele.claim.state IS 'held: taken, and not used yet, until expires_at, even where this still says held; redeemed; released: given back before it was used; expired; returned: redeemed, and given back whole';
COMMENT ON COLUMN clientele.claim.claimed_at IS 'when it was taken';
COMMENT ON COLUMN clientele.claim.expires_at IS 'until when it is held; infinity: without end';
COMMENT ON COLUMN clientele.claim.redeemed_at IS 'when it was used';
COMMENT ON COLUMN clientele.claim.day IS 'the day in its branch when it was taken';
COMMENT ON COLUMN clientele.claim.branch IS 'branch of its bill; NULL: not said';
COMMENT ON COLUMN clientele.claim.staff IS 'staff member of its bill; NULL: not said';
COMMENT ON COLUMN clientele.claim.bill IS 'the bill that it was claimed for, or redeemed on; NULL: a coupon that has not met a bill';
COMMENT ON COLUMN clientele.claim.amount IS 'what the bill is reduced by; NULL: nothing, or no bill yet';
COMMENT ON COLUMN clientele.claim.value IS 'what the benefit is worth in money; NULL: points, coupons, or no bill yet';
COMMENT ON COLUMN clientele.claim.given IS 'the benefit in its own unit: money, points, pieces; NULL: no bill yet';
COMMENT ON COLUMN clientele.claim.refunded IS 'money of the bill that has been refunded in all';
COMMENT ON COLUMN clientele.claim.taken_back IS 'what of given was taken back in all';
COMMENT ON COLUMN clientele.claim.origin IS 'claim: by the customer; benefit: given by another claim; batch: given to many at once; code: by a code';
COMMENT ON COLUMN clientele.claim.origin_id IS 'the claim or the batch that gave it';
COMMENT ON COLUMN clientele.claim.transferable IS 'whether the customer may give it to another';
COMMENT ON COLUMN clientele.claim.team IS 'group buy: the claim that began the team';
COMMENT ON COLUMN clientele.claim.bill_id IS 'number of its bill, in its branch; NULL: not said';

CREATE TABLE clientele.claim_step (
    population_id int NOT NULL,
    claim_id bigint NOT NULL,
    step text NOT NULL CHECK (step IN ('claim', 'redeem', 'give back', 'expire', 'transfer')),
    request_id text COLLATE "C",
    at timestamptz NOT NULL,
    actor name NOT NULL,
    redeemed boolean,
    amount numeric,
    reason text,
    bill jsonb,
    answer jsonb,
    evidence jsonb
) USING heap;
CREATE UNIQUE INDEX claim_step_request ON clientele.claim_step (request_id, population_id) WHERE request_id IS NOT NULL;
CREATE INDEX claim_step_of_claim ON clientele.claim_step (claim_id);
CREATE INDEX claim_step_of_giver ON clientele.claim_step (population_id, (evidence ->> 'from') COLLATE "C") WHERE step = 'transfer';
COMMENT ON TABLE clientele.claim_step IS 'every step of every claim, never changed: who, when, why, on what evidence, and what was answered';
COMMENT ON INDEX clientele.claim_step_request IS 'a request is answered once';
COMMENT ON INDEX clientele.claim_step_of_giver IS 'who has handed what on';
COMMENT ON INDEX clientele.claim_step_of_claim IS 'the steps of a claim';
COMMENT ON COLUMN clientele.claim_step.population_id IS 'whose customer';
COMMENT ON COLUMN clientele.claim_step.claim_id IS 'the claim';
COMMENT ON COLUMN clientele.claim_step.step IS 'claim, redeem, give back (also the release of what was not used), expire, transfer';
COMMENT ON COLUMN clientele.claim_step.request_id IS 'the application''s own number of the request, by which a repetition is known; NULL: nobody asked (expiry)';
COMMENT ON COLUMN clientele.claim_step.at IS 'when';
COMMENT ON COLUMN clientele.claim_step.actor IS 'the role that asked; of an expiry, the one that noticed it';
COMMENT ON COLUMN clientele.claim_step.redeemed IS 'claim: whether it was redeemed at once';
COMMENT ON COLUMN clientele.claim_step.amount IS 'give back: money of the bill that is refunded now';
COMMENT ON COLUMN clientele.claim_step.reason IS 'why, as the application says; transfer: to whom';
COMMENT ON COLUMN clientele.claim_step.bill IS 'the bill of the request; give back: what is left of it';
COMMENT ON COLUMN clientele.claim_step.answer IS 'what was answered';
COMMENT ON COLUMN clientele.claim_step.evidence IS 'the values that decided: of the audience, of the metric spent, the model''s version and the instant';

CREATE TABLE clientele.coupon_batch (
    batch_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    population_id int NOT NULL,
    promotion_id int NOT NULL,
    kind text NOT NULL CHECK (kind IN ('codes', 'segment')),
    segment text,
    quantity int NOT NULL,
    done int NOT NULL DEFAULT 0,
    left_out int NOT NULL DEFAULT 0,
    last_key text COLLATE "C",
    transferable boolean NOT NULL DEFAULT false,
    valid_until timestamptz NOT NULL,
    author name NOT NULL,
    request_id text COLLATE "C" NOT NULL,
    began_at timestamptz NOT NULL,
    updated_at timestamptz,
    ended_at timestamptz,
    returned int,
    note text,
    UNIQUE (request_id, population_id)
) USING heap;
CREATE INDEX coupon_batch_expiring ON clientele.coupon_batch (promotion_id, valid_until) WHERE kind = 'codes' AND returned IS NULL;
COMMENT ON INDEX clientele.coupon_batch_expiring IS 'batches of codes that have stock, by when they expire';
COMMENT ON TABLE clientele.coupon_batch IS 'coupons that were issued many at once';
COMMENT ON SEQUENCE clientele.coupon_batch_batch_id_seq IS 'numbers of batches';
COMMENT ON COLUMN clientele.coupon_batch.batch_id IS 'number of the batch, over all populations';
COMMENT ON COLUMN clientele.coupon_batch.population_id IS 'whose customers they are for';
COMMENT ON COLUMN clientele.coupon_batch.promotion_id IS 'the promotion';
COMMENT ON COLUMN clientele.coupon_batch.kind IS 'codes: printed or sent, whoever has one; segment: one for each customer of a segment';
COMMENT ON COLUMN clientele.coupon_batch.segment IS 'segment: the condition';
COMMENT ON COLUMN clientele.coupon_batch.quantity IS 'codes: how many there are to be; segment: how many customers it had when the batch began';
COMMENT ON COLUMN clientele.coupon_batch.done IS 'how many there are';
COMMENT ON COLUMN clientele.coupon_batch.left_out IS 'segment: customers who got none: because of a limit, the audience, the hold-out group, or because they refuse automated decisions';
COMMENT ON COLUMN clientele.coupon_batch.last_key IS 'segment: the customer served last; after an interruption it goes on behind him';
COMMENT ON COLUMN clientele.coupon_batch.transferable IS 'whether a customer may give his to another';
COMMENT ON COLUMN clientele.coupon_batch.valid_until IS 'until when they can be used; infinity: as long as the promotion';
COMMENT ON COLUMN clientele.coupon_batch.author IS 'the role that asked for it';
COMMENT ON COLUMN clientele.coupon_batch.request_id IS 'the application''s own number of the request';
COMMENT ON COLUMN clientele.coupon_batch.began_at IS 'when it was begun';
COMMENT ON COLUMN clientele.coupon_batch.updated_at IS 'when the last of them were issued; NULL: none has been';
COMMENT ON COLUMN clientele.coupon_batch.ended_at IS 'when all were there; NULL: not yet';
COMMENT ON COLUMN clientele.coupon_batch.returned IS 'codes: how many nobody had claimed in time, whose stock has come back; NULL: it has not yet';
COMMENT ON COLUMN clientele.coupon_batch.note IS 'what the author said about it';

CREATE TABLE clientele.coupon_code (
    population_id int NOT NULL,
    code text COLLATE "C" NOT NULL,
    batch_id bigint NOT NULL,
    claim_id bigint,
    PRIMARY KEY (code, population_id)
) USING heap;
CREATE INDEX coupon_code_of_batch ON clientele.coupon_code (batch_id);
COMMENT ON INDEX clientele.coupon_code_of_batch IS 'the codes of a batch';
COMMENT ON TABLE clientele.coupon_code IS 'codes by which a coupon is claimed, once each';
COMMENT ON COLUMN clientele.coupon_code.population_id IS 'whose customers they are for';
COMMENT ON COLUMN clientele.coupon_code.code IS 'the code, in capitals, without hyphens';
COMMENT ON COLUMN clientele.coupon_code.batch_id IS 'the batch that it came with';
COMMENT ON COLUMN clientele.coupon_code.claim_id IS 'the claim that it has become; NULL: it is still to be had';

CREATE TABLE clientele.ledger_entry (
    entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    population_id int NOT NULL,
    key text COLLATE "C" NOT NULL,
    account text COLLATE "C" NOT NULL CHECK (account IN ('points', 'stored value', 'gift')),
    item text COLLATE "C" NOT NULL DEFAULT '',
    amount numeric NOT NULL CHECK (amount <> 0),
    lot bigint,
    valid_until timestamptz,
    claim_id bigint,
    request_id text COLLATE "C",
    at timestamptz NOT NULL,
    actor name NOT NULL,
    reason text,
    refund_of text COLLATE "C"
) USING heap;
CREATE INDEX ledger_entry_of_customer ON clientele.ledger_entry (key, population_id, account, item);
CREATE INDEX ledger_entry_of_lot ON clientele.ledger_entry (lot) WHERE lot IS NOT NULL;
CREATE INDEX ledger_entry_of_claim ON clientele.ledger_entry (claim_id) WHERE claim_id IS NOT NULL;
CREATE INDEX ledger_entry_of_request ON clientele.ledger_entry (request_id, population_id) WHERE request_id IS NOT NULL;
COMMENT ON TABLE clientele.ledger_entry IS 'points, stored value and gifts: what customers were given and what they have used; never changed, only added to (coupons are claims, whose steps are their entries)';
COMMENT ON SEQUENCE clientele.ledger_entry_entry_id_seq IS 'numbers of entries';
COMMENT ON INDEX clientele.ledger_entry_of_customer IS 'the accounts of a customer';
COMMENT ON INDEX clientele.ledger_entry_of_lot IS 'what was used of a lot';
COMMENT ON INDEX clientele.ledger_entry_of_claim IS 'what a claim has given';
COMMENT ON INDEX clientele.ledger_entry_of_request IS 'the entries of a request';
COMMENT ON COLUMN clientele.ledger_entry.entry_id IS 'number of the entry, over all populations';
COMMENT ON COLUMN clientele.ledger_entry.population_id IS 'whose customer';
COMMENT ON COLUMN clientele.ledger_entry.key IS 'the customer';
COMMENT ON COLUMN clientele.ledger_entry.account IS 'points, stored value (money) or gift (pieces)';
COMMENT ON COLUMN clientele.ledger_entry.item IS 'gift: which; else empty';
COMMENT ON COLUMN clientele.ledger_entry.amount IS 'given, or used where it is below 0; above 0 with a lot: what was used has come back';
COMMENT ON COLUMN clientele.ledger_entry.lot IS 'used, or come back: the entry that had given it; NULL: this entry gives, and is a lot by itself';
COMMENT ON COLUMN clientele.ledger_entry.valid_until IS 'given: from then on what is left of it is gone; NULL: it stays';
COMMENT ON COLUMN clientele.ledger_entry.claim_id IS 'the claim that gave it, took it back, or used it';
COMMENT ON COLUMN clientele.ledger_entry.request_id IS 'the application''s own number of the request; one request may have several entries';
COMMENT ON COLUMN clientele.ledger_entry.at IS 'when';
COMMENT ON COLUMN clientele.ledger_entry.actor IS 'the role that asked';
COMMENT ON COLUMN clientele.ledger_entry.reason IS 'why';
COMMENT ON COLUMN clientele.ledger_entry.refund_of IS 'what was used comes back to its lot: the request that had used it; else NULL';

CREATE TABLE clientele.membership (
    population_id int NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    key text COLLATE "C" NOT NULL,
    plan text COLLATE "C" NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    paid numeric,
    request_id text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL,
    actor name NOT NULL,
    reason text,
    PRIMARY KEY (population_id, number)
) USING heap;
CREATE INDEX membership_of_customer ON clientele.membership (key, population_id, plan);
CREATE INDEX membership_of_request ON clientele.membership (request_id, population_id);
COMMENT ON TABLE clientele.membership IS 'paid memberships, never changed: of those of one plan that one holds which began last, until its term is over';
COMMENT ON SEQUENCE clientele.membership_number_seq IS 'order of what was written';
COMMENT ON INDEX clientele.membership_of_request IS 'what a request has written';
COMMENT ON INDEX clientele.membership_of_customer IS 'the memberships of a customer';
COMMENT ON COLUMN clientele.membership.population_id IS 'whose customer';
COMMENT ON COLUMN clientele.membership.number IS 'order of what was written; of two that begin together the later one holds';
COMMENT ON COLUMN clientele.membership.key IS 'the customer';
COMMENT ON COLUMN clientele.membership.plan IS 'which membership; also the tag that the customer has meanwhile';
COMMENT ON COLUMN clientele.membership.since IS 'from when on';
COMMENT ON COLUMN clientele.membership.until IS 'until when; infinity: for good; equal to since: taken back';
COMMENT ON COLUMN clientele.membership.paid IS 'what was paid for it; NULL: not said';
COMMENT ON COLUMN clientele.membership.request_id IS 'the application''s own number of the request; to end a membership it may have written several';
COMMENT ON COLUMN clientele.membership.at IS 'when it was written';
COMMENT ON COLUMN clientele.membership.actor IS 'the role that asked';
COMMENT ON COLUMN clientele.membership.reason IS 'why';

CREATE TABLE clientele.refusal (
    population_id int NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    key text COLLATE "C" NOT NULL,
    refused boolean NOT NULL,
    at timestamptz NOT NULL,
    actor name NOT NULL,
    note text,
    PRIMARY KEY (population_id, key, number)
) USING heap;
COMMENT ON TABLE clientele.refusal IS 'customers who do not want automated decisions about them, or want them again: what each said last holds';
COMMENT ON SEQUENCE clientele.refusal_number_seq IS 'order of what was said';
COMMENT ON COLUMN clientele.refusal.population_id IS 'whose customer';
COMMENT ON COLUMN clientele.refusal.number IS 'order of what was said';
COMMENT ON COLUMN clientele.refusal.key IS 'the customer';
COMMENT ON COLUMN clientele.refusal.refused IS 'true: no automated decisions; false: they are welcome again';
COMMENT ON COLUMN clientele.refusal.at IS 'when it was written';
COMMENT ON COLUMN clientele.refusal.actor IS 'the role that wrote it';
COMMENT ON COLUMN clientele.refusal.note IS 'how it was said, in which form';

CREATE TABLE clientele.impression (
    population_id int NOT NULL,
    key text COLLATE "C" NOT NULL,
    promotion_id int NOT NULL,
    hour timestamptz NOT NULL,
    branch text COLLATE "C" NOT NULL,
    staff text COLLATE "C" NOT NULL,
    PRIMARY KEY (population_id, key, promotion_id, hour, branch, staff)
) USING heap;
COMMENT ON TABLE clientele.impression IS 'who was shown a promotion: once for each hour, branch and staff member, however often';
COMMENT ON COLUMN clientele.impression.population_id IS 'whose customer';
COMMENT ON COLUMN clientele.impression.key IS 'the customer';
COMMENT ON COLUMN clientele.impression.promotion_id IS 'the promotion';
COMMENT ON COLUMN clientele.impression.hour IS 'when the hour began in which it was shown, on the clock of the branch';
COMMENT ON COLUMN clientele.impression.branch IS 'branch of the bill; empty: not said';
COMMENT ON COLUMN clientele.impression.staff IS 'staff member of the bill; empty: not said';

CREATE TABLE clientele.branch_zone (
    population_id int NOT NULL,
    branch text COLLATE "C" NOT NULL,
    time_zone text NOT NULL,
    PRIMARY KEY (population_id, branch)
) USING heap;
COMMENT ON TABLE clientele.branch_zone IS 'branches whose clock is not that of their population';
COMMENT ON COLUMN clientele.branch_zone.population_id IS 'whose branch it is';
COMMENT ON COLUMN clientele.branch_zone.branch IS 'the branch, as bills name it';
COMMENT ON COLUMN clientele.branch_zone.time_zone IS 'the zone whose days and hours count there';

SELECT pg_extension_config_dump('clientele.offered_promotion', '');
SELECT pg_extension_config_dump('clientele.offered_promotion_promotion_id_seq', '');
SELECT pg_extension_config_dump('clientele.promotion_version', '');
SELECT pg_extension_config_dump('clientele.frozen_audience', '');
SELECT pg_extension_config_dump('clientele.stock', '');
SELECT pg_extension_config_dump('clientele.claim', '');
SELECT pg_extension_config_dump('clientele.claim_claim_id_seq', '');
SELECT pg_extension_config_dump('clientele.claim_step', '');
SELECT pg_extension_config_dump('clientele.coupon_batch', '');
SELECT pg_extension_config_dump('clientele.coupon_batch_batch_id_seq', '');
SELECT pg_extension_config_dump('clientele.coupon_code', '');
SELECT pg_extension_config_dump('clientele.ledger_entry', '');
SELECT pg_extension_config_dump('clientele.ledger_entry_entry_id_seq', '');
SELECT pg_extension_config_dump('clientele.membership', '');
SELECT pg_extension_config_dump('clientele.membership_number_seq', '');
SELECT pg_extension_config_dump('clientele.refusal', '');
SELECT pg_extension_config_dump('clientele.refusal_number_seq', '');
SELECT pg_extension_config_dump('clientele.impression', '');
SELECT pg_extension_config_dump('clientele.branch_zone', '');
