
-- Coupons by the batch: codes that are printed or sent, and one for each customer of a segment.

-- ---------------------------------------------------------------------------
-- Codes
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.check_code(code text) RETURNS boolean
    AS 'MODULE_PATHNAME', 'clientele_check_code' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clientele.check_code(text) IS 'whether a text could be a code: false where any one character is wrong, or two are exchanged; capitals, hyphens, spaces and full width do not matter. Whether there is such a code, claim_code says';

CREATE FUNCTION clientele.random_code() RETURNS text
    AS 'MODULE_PATHNAME', 'clientele_random_code' LANGUAGE C VOLATILE PARALLEL SAFE;
REVOKE ALL ON FUNCTION clientele.random_code() FROM PUBLIC;
COMMENT ON FUNCTION clientele.random_code() IS 'internal: a new code, from random numbers that cannot be guessed';

CREATE FUNCTION clientele.issue_codes_for(caller regrole, population text, promotion text, quantity int, request_id text,
                                          valid_until timestamptz, transferable boolean, note text)
RETURNS bigint AS 'MODULE_PATHNAME', 'clientele_issue_codes' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
REVOKE ALL ON FUNCTION clientele.issue_codes_for(regrole, text, text, int, text, timestamptz, boolean, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.issue_codes_for(regrole, text, text, int, text, timestamptz, boolean, text) IS 'internal: issue_codes, behind the door';

CREATE FUNCTION clientele.issue_codes(population text, promotion text, quantity int, request_id text, valid_until timestamptz DEFAULT NULL,
                                      transferable boolean DEFAULT false, note text DEFAULT NULL)
RETURNS bigint AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.issue_codes(text, text, int, text, timestamptz, boolean, text) IS 'makes so many codes of a promotion and takes their stock; the number of the batch. The same request_id once more: the same batch. Codes can be claimed and used until an instant (NULL = as long as the promotion); transferable: a coupon claimed by one may be given to another customer. The caller needs UPDATE on the view NAME_claim, or owns the population';

CREATE FUNCTION clientele.codes_for(caller regrole, population text, batch bigint, OUT code text, OUT claim_id bigint)
RETURNS SETOF record LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    allowed clientele.population := clientele.allowed_population(caller, population, 'claim UPDATE');
BEGIN
    PERFORM clientele.check_given('batch', batch::text);
    PERFORM FROM clientele.coupon_batch AS b WHERE (b.population_id, b.batch_id, b.kind) = (allowed.population_id, batch, 'codes');
    IF NOT FOUND THEN
        RAISE undefined_object USING
            MESSAGE = format('population "%s" has no batch of codes %s', population, batch),
            HINT = format('SELECT * FROM %I.%I;', allowed.target_schema, allowed.name || '_coupon_batch');
    END IF;
    RETURN QUERY
        SELECT concat_ws('-', substr(c.code, 1, 4), substr(c.code, 5, 4), substr(c.code, 9, 4), substr(c.code, 13)), c.claim_id
        FROM clientele.coupon_code AS c WHERE c.population_id = allowed.population_id AND c.batch_id = batch;
END
$$;
REVOKE ALL ON FUNCTION clientele.codes_for(regrole, text, bigint) FROM PUBLIC;
COMMENT ON FUNCTION clientele.codes_for(regrole, text, bigint) IS 'internal: codes, behind the door';

CREATE FUNCTION clientele.codes(population text, batch bigint, OUT code text, OUT claim_id bigint)
RETURNS SETOF record AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C STABLE;
COMMENT ON FUNCTION clientele.codes(text, bigint) IS 'the codes of a batch, to be printed or sent, and the claims that they have become (NULL: still to be had). Rights as for issue_codes';

CREATE FUNCTION clientele.withdraw_codes_for(caller regrole, population text, batch bigint) RETURNS int
    AS 'MODULE_PATHNAME', 'clientele_withdraw_codes' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
REVOKE ALL ON FUNCTION clientele.withdraw_codes_for(regrole, text, bigint) FROM PUBLIC;
COMMENT ON FUNCTION clientele.withdraw_codes_for(regrole, text, bigint) IS 'internal: withdraw_codes, behind the door';

CREATE FUNCTION clientele.withdraw_codes(population text, batch bigint) RETURNS int
    AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.withdraw_codes(text, bigint) IS 'the codes of a batch that nobody has claimed cannot be claimed any more, and their stock comes back; how many they are. Coupons that codes have become stay. Rights as for issue_codes';

CREATE FUNCTION clientele.claim_code_for(caller regrole, population text, key text, code text, request_id text, bill jsonb, redeem boolean)
    RETURNS bigint AS 'MODULE_PATHNAME', 'clientele_claim_code' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
REVOKE ALL ON FUNCTION clientele.claim_code_for(regrole, text, text, text, text, jsonb, boolean) FROM PUBLIC;
COMMENT ON FUNCTION clientele.claim_code_for(regrole, text, text, text, text, jsonb, boolean) IS 'internal: claim_code, behind the door';

CREATE FUNCTION clientele.claim_code(population text, key text, code text, request_id text, bill jsonb DEFAULT NULL, redeem boolean DEFAULT false)
    RETURNS bigint AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.claim_code(text, text, text, text, jsonb, boolean) IS 'as claim, by a code: its coupon becomes the customer''s, once. Its stock was taken when the code was issued; audience and limits of a customer hold as ever. Errors: CL001 (not a code, or not eligible), CL002 (used already, or a limit is reached), CL003 (not valid any more), CL005. Rights as for claim';

CREATE FUNCTION clientele.claim_code(population text, key anynonarray, code text, request_id text, bill jsonb DEFAULT NULL, redeem boolean DEFAULT false)
    RETURNS bigint AS 'MODULE_PATHNAME', 'clientele_door_for_key' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.claim_code(text, anynonarray, text, text, jsonb, boolean) IS 'the same with the key in its own type';

CREATE FUNCTION clientele.try_claim_code_for(caller regrole, population text, key text, code text, request_id text, bill jsonb, redeem boolean,
                                             OUT claim_id bigint, OUT state text, OUT kind text, OUT amount numeric, OUT value numeric, OUT points numeric,
                                             OUT item text, OUT coupon text, OUT quantity numeric, OUT expires_at timestamptz, OUT reasons text[], OUT missing text[], OUT promotion text)
    AS 'MODULE_PATHNAME', 'clientele_try_claim_code' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
REVOKE ALL ON FUNCTION clientele.try_claim_code_for(regrole, text, text, text, text, jsonb, boolean) FROM PUBLIC;
COMMENT ON FUNCTION clientele.try_claim_code_for(regrole, text, text, text, text, jsonb, boolean) IS 'internal: try_claim_code, behind the door';

CREATE FUNCTION clientele.try_claim_code(population text, key text, code text, request_id text, bill jsonb DEFAULT NULL, redeem boolean DEFAULT false,
                                         OUT claim_id bigint, OUT state text, OUT kind text, OUT amount numeric, OUT value numeric, OUT points numeric,
                                         OUT item text, OUT coupon text, OUT quantity numeric, OUT expires_at timestamptz, OUT reasons text[], OUT missing text[], OUT promotion text)
    AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.try_claim_code(text, text, text, text, jsonb, boolean) IS 'as claim_code, but a refusal is no error, so that a paying transaction goes on without a savepoint: claim_id is NULL then, reasons has a word for each reason, missing a sentence; promotion is that of the code, NULL if there is no such code';

CREATE FUNCTION clientele.try_claim_code(population text, key anynonarray, code text, request_id text, bill jsonb DEFAULT NULL, redeem boolean DEFAULT false,
                                         OUT claim_id bigint, OUT state text, OUT kind text, OUT amount numeric, OUT value numeric, OUT points numeric,
                                         OUT item text, OUT coupon text, OUT quantity numeric, OUT expires_at timestamptz, OUT reasons text[], OUT missing text[], OUT promotion text)
    AS 'MODULE_PATHNAME', 'clientele_door_for_key' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.try_claim_code(text, anynonarray, text, text, jsonb, boolean) IS 'the same with the key in its own type';

-- ---------------------------------------------------------------------------
-- Segments
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.segment_condition(segment clientele.expression) RETURNS text
    AS 'MODULE_PATHNAME', 'clientele_segment_condition' LANGUAGE C IMMUTABLE STRICT;
REVOKE ALL ON FUNCTION clientele.segment_condition(clientele.expression) FROM PUBLIC;
COMMENT ON FUNCTION clientele.segment_condition(clientele.expression) IS 'internal: an expression over the profile as one over a row whose column tags is an array';

CREATE FUNCTION clientele.segment_tags(segment clientele.expression) RETURNS text[]
    AS 'MODULE_PATHNAME', 'clientele_segment_tags' LANGUAGE C IMMUTABLE STRICT;
REVOKE ALL ON FUNCTION clientele.segment_tags(clientele.expression) FROM PUBLIC;
COMMENT ON FUNCTION clientele.segment_tags(clientele.expression) IS 'internal: the tags that an expression over the profile asks for; NULL: none';

-- What issue_coupons runs as the population's owner: $1 is the instant, $2 its text, $3 the least key of a
-- range of customers, $4 the key below which they are.
CREATE FUNCTION clientele.segment_queries(population clientele.population, segment clientele.expression,
    OUT range_query text, OUT segment_query text, OUT below text, OUT count_query text, OUT is_personal boolean)
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    key_type text;
    tags text[] := clientele.segment_tags(segment);
    missing text;
    columns text;
    answers text;
    members text;
BEGIN
    IF population.live_version IS NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('population "%s" shows no version yet', population.name),
            HINT = format(CASE WHEN population.next_version IS NULL THEN 'SELECT clientele.publish(%L);'
                          ELSE 'CALL clientele.refresh(%L);' END, population.name);
    END IF;
    SELECT t INTO missing FROM unnest(tags) AS t
    WHERE NOT EXISTS (SELECT FROM clientele.version AS v CROSS JOIN LATERAL clientele.model_definitions(v.model) AS d
                      WHERE (v.population_id, v.version) = (population.population_id, population.live_version) AND (d.kind, d.name) = ('tag', t));
    IF FOUND THEN
        RAISE undefined_object USING
            MESSAGE = format('there is no tag "%s"', missing),
            HINT = format('Define it, without a rule if only people give it: SELECT clientele.define_tag(%L, %L); then publish and refresh.',
                          population.name, missing);
    END IF;
    PERFORM clientele.check_labels(population, segment::text);
    key_type := split_part(clientele.key_type(population), ' COLLATE ', 1);
    SELECT string_agg(CASE a.attname WHEN 'tags' THEN 'string_to_array(v.tags, '', '') AS tags' ELSE format('v.%I', a.attname) END, ', ' ORDER BY a.attnum),
           string_agg(format('%L, s.%I', a.attname, a.attname), ', ' ORDER BY a.attnum)
               FILTER (WHERE a.attname = ANY (clientele.identifiers(segment)) OR a.attname = 'tags' AND tags IS NOT NULL)
    INTO columns, answers
    FROM pg_attribute AS a
    WHERE a.attrelid = to_regclass(format('%I.%I', population.target_schema, population.name)) AND a.attnum > 0 AND NOT a.attisdropped;
    members := format('(SELECT %s FROM %I.%I AS v) AS s WHERE clientele.matches(s, %L::clientele.expression, $1, %L)', columns,
                      population.target_schema, population.name, clientele.segment_condition(segment), population.time_zone);

    range_query := format($query$
        SELECT (array_agg(c.k ORDER BY c.k))[1]::text
        FROM (SELECT t.%2$I AS k FROM %3$s AS t WHERE $1 IS NULL OR t.%2$I < $1::%1$s ORDER BY t.%2$I DESC LIMIT $2) AS c
        $query$, key_type, population.key_column, population.relation);
    segment_query := format($query$
        SELECT s.%1$I::text, s.%1$I, jsonb_build_object('as_of', $2, 'model_version', s.model_version, 'values', jsonb_build_object(%2$s))
        FROM %3$s AND s.%1$I >= $3::%4$s$query$, population.key_column, answers, members, key_type);
    below := format(' AND s.%I < $4::%s', population.key_column, key_type);
    count_query := 'SELECT count(*) FROM ' || members;
    is_personal := answers IS NOT NULL;
END
$$;
REVOKE ALL ON FUNCTION clientele.segment_queries(clientele.population, clientele.expression) FROM PUBLIC;
COMMENT ON FUNCTION clientele.segment_queries(clientele.population, clientele.expression) IS 'internal: the queries by which customers of a segment are found, range by range';

CREATE PROCEDURE clientele.issue_coupons(population text, promotion text, segment clientele.expression, request_id text,
                                         valid_until timestamptz DEFAULT NULL, transferable boolean DEFAULT false, note text DEFAULT NULL, batch int DEFAULT NULL)
    AS 'MODULE_PATHNAME', 'clientele_issue_coupons' LANGUAGE C;
COMMENT ON PROCEDURE clientele.issue_coupons(text, text, clientele.expression, text, timestamptz, boolean, text, int) IS 'gives every customer of a segment, an expression over the profile, a coupon of a promotion; commits after each thousand customers (unless the call says how many), except in a transaction block. May be stopped, killed and called again at any time: with the same request_id it goes on where it was. A stock that does not suffice goes to the greatest keys; then there is an error, CL002, which says how many went without. Left out are those who have what one customer may have, are not of the promotion''s audience or held out, and, where promotion or segment look at the person, those who refuse automated decisions. Rights as for issue_codes';

-- ---------------------------------------------------------------------------
-- Handing on
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.transfer_claim_for(caller regrole, claim_id bigint, to_key text, request_id text) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_transfer_claim' LANGUAGE C VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
REVOKE ALL ON FUNCTION clientele.transfer_claim_for(regrole, bigint, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.transfer_claim_for(regrole, bigint, text, text) IS 'internal: transfer_claim, behind the door';

CREATE FUNCTION clientele.transfer_claim(claim_id bigint, to_key text, request_id text) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.transfer_claim(bigint, text, text) IS 'gives a coupon that is transferable, and has not met a bill, to another customer, of whom audience and limits are asked as if he claimed it. Errors: CL001 (not eligible, or not transferable), CL002 (a limit is reached), CL003 (over), CL005. The caller needs UPDATE on the view NAME_claim, or owns the population';

CREATE FUNCTION clientele.transfer_claim(claim_id bigint, to_key anynonarray, request_id text) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_door_for_key' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.transfer_claim(bigint, anynonarray, text) IS 'the same with the key in its own type';

-- ---------------------------------------------------------------------------
-- How far they are
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.put_coupon_view(population clientele.population) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM clientele.put_own_view(population, '_coupon_batch', format($query$
        SELECT b.batch_id, o.name::text AS promotion, b.kind, b.segment, b.quantity, b.done, b.left_out,
               CASE b.kind WHEN 'codes' THEN (SELECT count(k.claim_id)::int FROM clientele.coupon_code AS k WHERE k.batch_id = b.batch_id)
                    ELSE b.done END AS claimed,
               (SELECT count(*)::int FROM clientele.claim AS c
                WHERE c.origin_id = b.batch_id AND c.origin IN ('batch', 'code') AND c.state = 'redeemed') AS redeemed,
               b.returned, b.transferable, nullif(b.valid_until, 'infinity') AS valid_until, b.author::text AS author, b.request_id, b.note,
               b.began_at, b.updated_at, b.ended_at,
               round((b.done + b.left_out) / nullif(extract(epoch FROM b.updated_at - b.began_at), 0), 1)::numeric(12,1) AS rate,
               CASE WHEN b.ended_at IS NULL AND b.done + b.left_out > 0 THEN
                   b.updated_at + (b.updated_at - b.began_at) * (greatest(b.quantity - b.done - b.left_out, 0)::float8 / (b.done + b.left_out)) END AS eta
        FROM clientele.coupon_batch AS b JOIN clientele.offered_promotion AS o USING (promotion_id)
        WHERE b.population_id = %s
        $query$, population.population_id),
        'coupons that were issued many at once, and how far that is');
    PERFORM clientele.comment_columns(format('%I.%I', population.target_schema, population.name || '_coupon_batch')::regclass,
        ARRAY['batch_id', 'promotion', 'kind', 'segment', 'quantity', 'done', 'left_out', 'claimed', 'redeemed', 'returned', 'transferable', 'valid_until',
              'author', 'request_id', 'note', 'began_at', 'updated_at', 'ended_at', 'rate', 'eta'],
        ARRAY['number of the batch', 'the promotion', 'codes, or segment: one for each customer of it', 'the segment''s condition',
              'codes: how many there are to be; segment: customers it had when the batch began', 'how many there are',
              'customers of the segment who got none: a limit, the audience, the hold-out group, a refusal of automated decisions',
              'how many customers have', 'how many have been used',
              'codes: how many were withdrawn, or not claimed in time, whose stock has come back', 'whether a customer may give his to another',
              'until when they can be used; NULL = as long as the promotion', 'the role that asked for it',
              'the application''s own number of the request; made once more, it goes on where it was', 'what the author said about it',
              'when it was begun', 'when the last of them were issued; NULL = none has been', 'when all were there; NULL = at work, or broken off',
              'customers or codes per second, pauses included', 'when it will end at this rate']);
END
$$;
REVOKE ALL ON FUNCTION clientele.put_coupon_view(clientele.population) FROM PUBLIC;
COMMENT ON FUNCTION clientele.put_coupon_view(clientele.population) IS 'internal: makes the view NAME_coupon_batch';
