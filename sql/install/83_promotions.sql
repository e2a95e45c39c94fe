
-- Promotions of a population: defined, published, paused, ended; and what they offer a customer.

-- ---------------------------------------------------------------------------
-- What sessions keep, and who may ask
-- ---------------------------------------------------------------------------

-- Sessions keep promotions compiled (src/offer/offered.c).
CREATE FUNCTION clientele.offers_changed() RETURNS trigger
    AS 'MODULE_PATHNAME', 'clientele_offers_changed' LANGUAGE C;
REVOKE ALL ON FUNCTION clientele.offers_changed() FROM PUBLIC;
COMMENT ON FUNCTION clientele.offers_changed() IS 'internal: trigger that makes every session read its promotions anew after commit';

-- Also where a subscription brings the rows, which fires what is always enabled, and of rows alone.
CREATE TRIGGER offers_changed AFTER INSERT OR UPDATE OR DELETE ON clientele.offered_promotion
    FOR EACH ROW EXECUTE FUNCTION clientele.offers_changed();
COMMENT ON TRIGGER offers_changed ON clientele.offered_promotion IS 'sessions read their promotions anew';
ALTER TABLE clientele.offered_promotion ENABLE ALWAYS TRIGGER offers_changed;
CREATE TRIGGER offers_changed AFTER INSERT OR UPDATE OR DELETE ON clientele.branch_zone
    FOR EACH ROW EXECUTE FUNCTION clientele.offers_changed();
COMMENT ON TRIGGER offers_changed ON clientele.branch_zone IS 'sessions read their promotions anew';
ALTER TABLE clientele.branch_zone ENABLE ALWAYS TRIGGER offers_changed;

CREATE FUNCTION clientele.check_allowed(caller regrole, population text, rights text[]) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_check_allowed_sql' LANGUAGE C STABLE STRICT;
REVOKE ALL ON FUNCTION clientele.check_allowed(regrole, text, text[]) FROM PUBLIC;
COMMENT ON FUNCTION clientele.check_allowed(regrole, text, text[]) IS 'internal: an error unless the caller acts as the population''s owner or has one of the rights, such as claim INSERT: that privilege on the view NAME_claim';

CREATE FUNCTION clientele.allowed_population(caller regrole, population text, VARIADIC rights text[]) RETURNS clientele.population
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    found_population clientele.population;
BEGIN
    PERFORM clientele.check_allowed(caller, clientele.check_given('population', population), rights);
    SELECT * INTO STRICT found_population FROM clientele.population AS p WHERE p.name = allowed_population.population;
    RETURN found_population;
END
$$;
REVOKE ALL ON FUNCTION clientele.allowed_population(regrole, text, text[]) FROM PUBLIC;
COMMENT ON FUNCTION clientele.allowed_population(regrole, text, text[]) IS 'internal: a population of whose promotions the caller may know or take something: its owner, and who has one of the rights (see check_allowed); the last of them is what the error asks for';

-- ---------------------------------------------------------------------------
-- The draft
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.check_audience(population text, definition clientele.promotion) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_check_audience' LANGUAGE C STABLE STRICT;
REVOKE ALL ON FUNCTION clientele.check_audience(text, clientele.promotion) FROM PUBLIC;
COMMENT ON FUNCTION clientele.check_audience(text, clientele.promotion) IS 'internal: an error unless all conditions of a promotion compile, its audience and metric against the population''s view';

CREATE FUNCTION clientele.customers_where(population text, condition text, as_of timestamptz DEFAULT NULL, OUT key text, OUT model_version int) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'clientele_customers_where' LANGUAGE C STABLE;
REVOKE ALL ON FUNCTION clientele.customers_where(text, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION clientele.customers_where(text, text, timestamptz) IS 'internal: the customers of whom a condition, written as an audience is, is true now or at an instant, in no order';

-- Not STABLE: who has waited for the population's lock is to see what others have made of it meanwhile.
CREATE FUNCTION clientele.named_promotion(population clientele.population, name text) RETURNS clientele.offered_promotion
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    named clientele.offered_promotion;
BEGIN
    SELECT * INTO named FROM clientele.offered_promotion AS o
    WHERE o.population_id = population.population_id AND o.name = clientele.check_given('name', named_promotion.name);
    IF NOT FOUND THEN
        RAISE undefined_object USING
            MESSAGE = format('population "%s" has no promotion "%s"', population.name, name),
            HINT = coalesce('Perhaps you mean "' || clientele.nearest_name(named_promotion.name, ARRAY(
                                SELECT o.name::text FROM clientele.offered_promotion AS o
                                WHERE o.population_id = population.population_id ORDER BY o.promotion_id)) || '".',
                            format('SELECT name FROM clientele.promotions(%L); lists them.', population.name));
    END IF;
    RETURN named;
END
$$;
REVOKE ALL ON FUNCTION clientele.named_promotion(clientele.population, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.named_promotion(clientele.population, text) IS 'internal: the promotion of that name, or an error that says which one is perhaps meant';

CREATE FUNCTION clientele.compared_words(rule clientele.expression, OUT name text, OUT word text) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'clientele_expression_words' LANGUAGE C IMMUTABLE STRICT;
REVOKE ALL ON FUNCTION clientele.compared_words(clientele.expression) FROM PUBLIC;
COMMENT ON FUNCTION clientele.compared_words(clientele.expression) IS 'internal: the words that names in a rule are compared with';

-- As with tags: a label that nobody can have would make its opposite mean everybody.
CREATE FUNCTION clientele.check_labels(population clientele.population, condition text) RETURNS void
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT clientele.check_label(v.model, w.name, w.word)
    FROM clientele.version AS v
    CROSS JOIN clientele.compared_words(condition::clientele.expression) AS w
    JOIN LATERAL clientele.model_definitions(v.model) AS d ON d.name = w.name AND d.kind IN ('rfm', 'scorecard', 'ladder')
    WHERE v.population_id = population.population_id AND v.version = population.live_version
    $$;
REVOKE ALL ON FUNCTION clientele.check_labels(clientele.population, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.check_labels(clientele.population, text) IS 'internal: an error unless the words with which a condition over the profile compares labels are labels';

CREATE FUNCTION clientele.forgets(rule clientele.expression) RETURNS boolean
    AS 'MODULE_PATHNAME', 'clientele_expression_forgets' LANGUAGE C IMMUTABLE STRICT;
REVOKE ALL ON FUNCTION clientele.forgets(clientele.expression) FROM PUBLIC;
COMMENT ON FUNCTION clientele.forgets(clientele.expression) IS 'internal: whether it counts something for some days only, as sum(payment.amount last 365 days) does';

-- What a promotion measures begins with its term; less what has left a window since then, that would be anything.
CREATE FUNCTION clientele.check_measure(population clientele.population, measure text) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    rules text[];
    rule text;
BEGIN
    WITH RECURSIVE metric AS (
        SELECT d.name, d.body ->> 'value' AS rule
        FROM clientele.version AS v CROSS JOIN LATERAL clientele.model_definitions(v.model) AS d
        WHERE v.population_id = population.population_id AND v.version = population.live_version AND d.kind = 'metric'
    ), read AS (
        SELECT m.name, m.rule FROM metric AS m WHERE m.name = measure
        UNION
        SELECT m.name, m.rule FROM read AS r JOIN metric AS m ON m.name = ANY (clientele.identifiers(r.rule::clientele.expression))
    )
    SELECT array_agg(r.rule) INTO rules FROM read AS r;
    IF rules IS NULL THEN
        RAISE wrong_object_type USING
            MESSAGE = format('"%s" is no metric, so nothing is spent by it', measure),
            HINT = format('SELECT clientele.define_metric(%L, ''spent'', ''sum(payment.amount)''); then publish and refresh.', population.name);
    END IF;
    SELECT r INTO rule FROM unnest(rules) AS r WHERE clientele.forgets(r::clientele.expression) LIMIT 1;
    IF FOUND THEN
        RAISE wrong_object_type USING
            MESSAGE = format('"%s" does not accumulate, so what is spent in the term cannot be told from it', measure),
            DETAIL = format('What has left a window would count as less: %s.', rule),
            HINT = 'Name a metric of all time, such as ''sum(payment.amount)'': what was spent before the term is taken off it.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION clientele.check_measure(clientele.population, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.check_measure(clientele.population, text) IS 'internal: an error unless that is a metric that accumulates';

CREATE FUNCTION clientele.check_promotion(population clientele.population, definition clientele.promotion) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    written jsonb := definition::text::jsonb;
    measure text := written #>> '{spend,measure}';
    coupon text := written #>> '{benefit,coupon}';
BEGIN
    PERFORM clientele.check_audience(population.name, definition);
    PERFORM clientele.check_labels(population, written ->> 'audience');
    IF measure <> 'bill' THEN
        PERFORM clientele.check_measure(population, measure);
    END IF;
    IF coupon IS NOT NULL AND NOT EXISTS (
        SELECT FROM clientele.offered_promotion AS o WHERE o.population_id = population.population_id AND o.name = coupon)
    THEN
        RAISE undefined_object USING
            MESSAGE = format('the coupon is for promotion "%s", which population "%s" does not have', coupon, population.name),
            HINT = format('First define what the coupon gives: SELECT clientele.define_promotion(%L, %L, ...);', population.name, coupon);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION clientele.check_promotion(clientele.population, clientele.promotion) FROM PUBLIC;
COMMENT ON FUNCTION clientele.check_promotion(clientele.population, clientele.promotion) IS 'internal: an error unless all that a promotion names is there';

-- What a definition is in JSON may be given as jsonb, too.
CREATE CAST (jsonb AS clientele.promotion) WITH INOUT AS IMPLICIT;
COMMENT ON CAST (jsonb AS clientele.promotion) IS 'reads a promotion, which is JSON';

-- Not a door: earn rules are defined by others, too.
CREATE FUNCTION clientele.draft_promotion(caller regrole, population clientele.population, name text, definition clientele.promotion, automatic boolean) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    state text;
    was_automatic boolean;
BEGIN
    PERFORM clientele.check_name('promotion', draft_promotion.name), clientele.check_given('definition', definition::text);
    SELECT o.state, o.automatic INTO state, was_automatic FROM clientele.offered_promotion AS o
    WHERE o.population_id = population.population_id AND o.name = draft_promotion.name;
    IF state = 'ended' THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('promotion "%s" has ended', draft_promotion.name),
            HINT = 'What has ended stays as it was, so that its claims can be explained. Choose another name.';
    ELSIF was_automatic <> draft_promotion.automatic THEN
        RAISE wrong_object_type USING
            MESSAGE = format(CASE WHEN was_automatic THEN '"%s" is an earn rule' ELSE '"%s" is a promotion, not an earn rule' END, draft_promotion.name),
            HINT = 'Choose another name.';
    END IF;
    PERFORM clientele.check_promotion(population, draft_promotion.definition);
    INSERT INTO clientele.offered_promotion AS o (population_id, name, draft, draft_author, drafted_at, automatic)
    VALUES (population.population_id, draft_promotion.name, draft_promotion.definition,
            (SELECT r.rolname FROM pg_roles AS r WHERE r.oid = caller), clientele.wall_clock(), draft_promotion.automatic)
    ON CONFLICT (population_id, name) DO UPDATE
    SET draft = excluded.draft, draft_author = excluded.draft_author, drafted_at = excluded.drafted_at;
END
$$;
REVOKE ALL ON FUNCTION clientele.draft_promotion(regrole, clientele.population, text, clientele.promotion, boolean) FROM PUBLIC;
COMMENT ON FUNCTION clientele.draft_promotion(regrole, clientele.population, text, clientele.promotion, boolean) IS 'internal: writes the draft of a promotion or an earn rule';

CREATE FUNCTION clientele.define_promotion_for(caller regrole, population text, name text, definition clientele.promotion) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM clientele.draft_promotion(caller, clientele.population_of(caller, population), name, definition, false);
END
$$;
REVOKE ALL ON FUNCTION clientele.define_promotion_for(regrole, text, text, clientele.promotion) FROM PUBLIC;
COMMENT ON FUNCTION clientele.define_promotion_for(regrole, text, text, clientele.promotion) IS 'internal: define_promotion, behind the door';

CREATE FUNCTION clientele.define_promotion(population text, name text, definition clientele.promotion) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.define_promotion(text, text, clientele.promotion) IS 'writes the draft of a promotion, new or another one of that name, which publish_promotion puts into force; the caller acts as the population''s owner';

CREATE FUNCTION clientele.reset_promotion_for(caller regrole, population text, name text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    edited clientele.offered_promotion := clientele.named_promotion(clientele.population_of(caller, population), name);
BEGIN
    IF edited.version IS NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('promotion "%s" was never published, so there is nothing to go back to', name),
            HINT = format('SELECT clientele.drop_promotion(%L, %L);', population, name);
    END IF;
    UPDATE clientele.offered_promotion AS o SET draft = NULL, draft_author = NULL, drafted_at = NULL
    WHERE o.promotion_id = edited.promotion_id;
END
$$;
REVOKE ALL ON FUNCTION clientele.reset_promotion_for(regrole, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.reset_promotion_for(regrole, text, text) IS 'internal: reset_promotion, behind the door';

CREATE FUNCTION clientele.reset_promotion(population text, name text) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.reset_promotion(text, text) IS 'throws the draft of a published promotion away; what is in force stays';

CREATE FUNCTION clientele.drop_promotion_for(caller regrole, population text, name text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owned clientele.population := clientele.population_of(caller, population);
    edited clientele.offered_promotion := clientele.named_promotion(owned, name);
    user_of_it name;
BEGIN
    IF edited.version IS NOT NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('promotion "%s" has been published, so it stays to be accounted for', name),
            HINT = format('End it: SELECT clientele.end_promotion(%L, %L); or throw its draft away with reset_promotion.', population, name);
    END IF;
    SELECT o.name INTO user_of_it
    FROM clientele.offered_promotion AS o LEFT JOIN clientele.promotion_version AS v ON (v.promotion_id, v.version) = (o.promotion_id, o.version)
    WHERE o.population_id = owned.population_id AND o.promotion_id <> edited.promotion_id
      AND drop_promotion_for.name IN (v.definition::text::jsonb #>> '{benefit,coupon}', o.draft::text::jsonb #>> '{benefit,coupon}')
    ORDER BY o.name LIMIT 1;
    IF FOUND THEN
        RAISE dependent_objects_still_exist USING
            MESSAGE = format('promotion "%s" gives coupons for promotion "%s"', user_of_it, name),
            HINT = 'Drop or change that one first.';
    END IF;
    DELETE FROM clientele.offered_promotion AS o WHERE o.promotion_id = edited.promotion_id;
END
$$;
REVOKE ALL ON FUNCTION clientele.drop_promotion_for(regrole, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.drop_promotion_for(regrole, text, text) IS 'internal: drop_promotion, behind the door';

CREATE FUNCTION clientele.drop_promotion(population text, name text) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.drop_promotion(text, text) IS 'drops a promotion that was never published';

-- ---------------------------------------------------------------------------
-- What is in force
-- ---------------------------------------------------------------------------

-- Taking and giving back share it, so who has it knows that nothing is under way any more.
CREATE FUNCTION clientele.lock_stock(population_id int, promotion_id int) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_lock_stock' LANGUAGE C VOLATILE STRICT;
REVOKE ALL ON FUNCTION clientele.lock_stock(int, int) FROM PUBLIC;
COMMENT ON FUNCTION clientele.lock_stock(int, int) IS 'internal: waits until nobody takes of a promotion or gives back, and keeps everybody waiting until the transaction ends';

CREATE FUNCTION clientele.keep_claims_waiting(promotion clientele.offered_promotion) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    lock_timeout text := current_setting('lock_timeout');
BEGIN
    IF lock_timeout = '0' THEN
        PERFORM set_config('lock_timeout', '2s', true);
    END IF;
    PERFORM clientele.lock_stock(promotion.population_id, promotion.promotion_id);
    PERFORM set_config('lock_timeout', lock_timeout, true);
EXCEPTION WHEN lock_not_available THEN
    RAISE lock_not_available USING
        MESSAGE = format('somebody is taking promotion "%s" in a transaction that does not end', promotion.name),
        HINT = 'Try again, with more patience: SET lock_timeout = ''1min''; meanwhile nobody else can claim it. pg_locks, with locktype object, shows who.';
END
$$;
REVOKE ALL ON FUNCTION clientele.keep_claims_waiting(clientele.offered_promotion) FROM PUBLIC;
COMMENT ON FUNCTION clientele.keep_claims_waiting(clientele.offered_promotion) IS 'internal: lock_stock, which waits 2 seconds unless lock_timeout says otherwise';

CREATE FUNCTION clientele.publish_promotion_for(caller regrole, population text, name text, note text) RETURNS int
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    owned clientele.population := clientele.population_of(caller, population);
    edited clientele.offered_promotion := clientele.named_promotion(owned, publish_promotion_for.name);
    written jsonb := edited.draft::text::jsonb;
    before clientele.promotion;
    next_version int := coalesce(edited.version, 0) + 1;
    fits_frozen boolean;
BEGIN
    IF edited.state = 'ended' THEN
        RAISE object_not_in_prerequisite_state USING MESSAGE = format('promotion "%s" has ended', edited.name);
    ELSIF edited.draft IS NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('promotion "%s" has no draft: nothing has changed since version %s', edited.name, edited.version),
            HINT = format('SELECT clientele.define_promotion(%L, %L, ...);', owned.name, edited.name);
    ELSIF owned.live_version IS NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('population "%s" has no live version yet', owned.name),
            HINT = format('SELECT clientele.publish(%1$L, ''first rules''); then CALL clientele.refresh(%1$L);', owned.name);
    ELSIF (written #>> '{term,to}')::date < (clientele.wall_clock() AT TIME ZONE owned.time_zone)::date THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('the term of promotion "%s" is over: it ends on %s', edited.name, written #>> '{term,to}'),
            HINT = 'Define it with a later "to".';
    END IF;
    PERFORM clientele.check_promotion(owned, edited.draft);
    IF NOT EXISTS (SELECT FROM clientele.offered_promotion AS o
                   WHERE o.population_id = owned.population_id AND (o.version IS NOT NULL OR o.promotion_id = edited.promotion_id)
                     AND o.name = coalesce(written #>> '{benefit,coupon}', edited.name)) THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('promotion "%s", for which "%s" gives coupons, is only a draft', written #>> '{benefit,coupon}', edited.name),
            HINT = format('Publish it first: SELECT clientele.publish_promotion(%L, %L);', owned.name, written #>> '{benefit,coupon}');
    END IF;
    SELECT v.definition INTO before FROM clientele.promotion_version AS v
    WHERE v.promotion_id = edited.promotion_id AND v.version = edited.version;
    PERFORM clientele.keep_claims_waiting(edited);
    PERFORM clientele.put_stock(owned.population_id, edited.promotion_id, before, edited.draft);

    -- A list that was made for another audience is made again.
    fits_frozen := (SELECT bool_and(before::text::jsonb #> p.path IS NOT DISTINCT FROM written #> p.path)
                    FROM (VALUES ('{audience}'::text[]), ('{audience_at}'), ('{term,from}')) AS p (path));
    IF NOT fits_frozen THEN
        DELETE FROM clientele.frozen_audience AS f WHERE f.promotion_id = edited.promotion_id;
    END IF;
    INSERT INTO clientele.promotion_version (population_id, promotion_id, version, definition, note, author, published_at)
    VALUES (owned.population_id, edited.promotion_id, next_version, edited.draft, publish_promotion_for.note,
            (SELECT r.rolname FROM pg_roles AS r WHERE r.oid = caller), clientele.wall_clock());
    UPDATE clientele.offered_promotion AS o
    SET version = next_version, draft = NULL, draft_author = NULL, drafted_at = NULL,
        state = CASE o.state WHEN 'draft' THEN 'published' ELSE o.state END,
        audience_frozen_at = CASE WHEN fits_frozen THEN o.audience_frozen_at END
    WHERE o.promotion_id = edited.promotion_id;
    PERFORM clientele.need_promotion_views(owned);
    RETURN next_version;
END
$$;
REVOKE ALL ON FUNCTION clientele.publish_promotion_for(regrole, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.publish_promotion_for(regrole, text, text, text) IS 'internal: publish_promotion, behind the door';

CREATE FUNCTION clientele.publish_promotion(population text, name text, note text DEFAULT NULL) RETURNS int
    AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.publish_promotion(text, text, text) IS 'puts the draft of a promotion into force as its next version, whose number is returned: from the end of this transaction every till goes by it. What was claimed by an older version is redeemed and refunded by that one; what is left of changed limits is adjusted by the difference. A paused promotion stays paused';

CREATE FUNCTION clientele.set_promotion_state(caller regrole, population text, name text, wanted text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    edited clientele.offered_promotion := clientele.named_promotion(clientele.population_of(caller, population), name);
BEGIN
    IF edited.version IS NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('promotion "%s" is only a draft', name),
            HINT = format('SELECT clientele.publish_promotion(%1$L, %2$L); or SELECT clientele.drop_promotion(%1$L, %2$L);', population, name);
    ELSIF edited.state = 'ended' AND wanted <> 'ended' THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('promotion "%s" has ended', name),
            HINT = 'Define another one.';
    END IF;
    -- What is being claimed is claimed before, or not at all.
    IF wanted <> 'published' THEN
        PERFORM clientele.keep_claims_waiting(edited);
    END IF;
    UPDATE clientele.offered_promotion AS o SET state = wanted WHERE o.promotion_id = edited.promotion_id AND o.state <> wanted;
END
$$;
REVOKE ALL ON FUNCTION clientele.set_promotion_state(regrole, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.set_promotion_state(regrole, text, text, text) IS 'internal: pauses, resumes or ends a promotion';

CREATE FUNCTION clientele.pause_promotion_for(caller regrole, population text, name text) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$ SELECT clientele.set_promotion_state(caller, population, name, 'paused') $$;
REVOKE ALL ON FUNCTION clientele.pause_promotion_for(regrole, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.pause_promotion_for(regrole, text, text) IS 'internal: pause_promotion, behind the door';

CREATE FUNCTION clientele.pause_promotion(population text, name text) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.pause_promotion(text, text) IS 'nothing of the promotion is claimed any more once this is committed, until resume_promotion: claims under way are waited for; what has been claimed is redeemed and given back as ever';

CREATE FUNCTION clientele.resume_promotion_for(caller regrole, population text, name text) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$ SELECT clientele.set_promotion_state(caller, population, name, 'published') $$;
REVOKE ALL ON FUNCTION clientele.resume_promotion_for(regrole, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.resume_promotion_for(regrole, text, text) IS 'internal: resume_promotion, behind the door';

CREATE FUNCTION clientele.resume_promotion(population text, name text) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.resume_promotion(text, text) IS 'a paused promotion can be claimed again';

CREATE FUNCTION clientele.end_promotion_for(caller regrole, population text, name text) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$ SELECT clientele.set_promotion_state(caller, population, name, 'ended') $$;
REVOKE ALL ON FUNCTION clientele.end_promotion_for(regrole, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.end_promotion_for(regrole, text, text) IS 'internal: end_promotion, behind the door';

CREATE FUNCTION clientele.end_promotion(population text, name text) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.end_promotion(text, text) IS 'ends a promotion for good: nothing of it is offered or claimed any more once this is committed: claims under way are waited for; what has been claimed is redeemed and given back as ever';

-- ---------------------------------------------------------------------------
-- Who is meant
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.freeze_audience_for(caller regrole, population text, name text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    owned clientele.population := clientele.population_of(caller, population);
    edited clientele.offered_promotion := clientele.named_promotion(owned, freeze_audience_for.name);
    written jsonb := (SELECT v.definition::text::jsonb FROM clientele.promotion_version AS v
                      WHERE v.promotion_id = edited.promotion_id AND v.version = edited.version);
    begins timestamptz := (written #>> '{term,from}')::date::timestamp AT TIME ZONE owned.time_zone;
    customers bigint;
BEGIN
    IF edited.version IS NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('promotion "%s" is only a draft', edited.name),
            HINT = format('SELECT clientele.publish_promotion(%L, %L);', owned.name, edited.name);
    ELSIF written ->> 'audience_at' IS DISTINCT FROM 'term start' THEN
        RAISE wrong_object_type USING
            MESSAGE = format('promotion "%s" has no audience at term start, so there is no list to make', edited.name);
    ELSIF edited.audience_frozen_at IS NOT NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('the audience of promotion "%s" was frozen at %s', edited.name, edited.audience_frozen_at);
    ELSIF begins > clientele.wall_clock() THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('the term of promotion "%s" begins at %s', edited.name, begins),
            HINT = 'Call it then, or later: the list is of that instant. Until it is made, each customer is looked at as he was then.';
    END IF;
    INSERT INTO clientele.frozen_audience (population_id, promotion_id, key)
    SELECT owned.population_id, edited.promotion_id, clientele.check_length('key', c.key) FROM clientele.customers_where(owned.name, written ->> 'audience', begins) AS c;
    GET DIAGNOSTICS customers = ROW_COUNT;
    UPDATE clientele.offered_promotion AS o SET audience_frozen_at = clientele.wall_clock() WHERE o.promotion_id = edited.promotion_id;
    RETURN customers;
END
$$;
REVOKE ALL ON FUNCTION clientele.freeze_audience_for(regrole, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.freeze_audience_for(regrole, text, text) IS 'internal: freeze_audience, behind the door';

CREATE FUNCTION clientele.freeze_audience(population text, name text) RETURNS bigint
    AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.freeze_audience(text, text) IS 'once the term of a promotion whose audience is looked at at term start has begun: writes down who they are, so that what is found out later changes nothing; returns how many';

-- The share that is left out: a customer is always in it or never, in each promotion by another draw.
CREATE FUNCTION clientele.held_out(promotion_id int, key text, holdout numeric) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT (hashtextextended(key COLLATE "C", promotion_id) & 9223372036854775807) % 10000 < holdout * 100 $$;
REVOKE ALL ON FUNCTION clientele.held_out(int, text, numeric) FROM PUBLIC;
COMMENT ON FUNCTION clientele.held_out(int, text, numeric) IS 'internal: whether chance leaves a customer out of a promotion of which so many per cent are held out';

CREATE FUNCTION clientele.set_holdout_for(caller regrole, population text, name text, percent numeric) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    edited clientele.offered_promotion := clientele.named_promotion(clientele.population_of(caller, population), name);
BEGIN
    PERFORM clientele.check_given('percent', percent::text);
    IF percent NOT BETWEEN 0 AND 100 OR percent <> round(percent, 2) THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('a holdout cannot be %s per cent', percent),
            HINT = 'It is a number from 0 to 100 with two decimals at most; 0 = nobody is left out.';
    END IF;
    PERFORM clientele.keep_claims_waiting(edited);
    UPDATE clientele.offered_promotion AS o SET holdout = percent WHERE o.promotion_id = edited.promotion_id;
END
$$;
REVOKE ALL ON FUNCTION clientele.set_holdout_for(regrole, text, text, numeric) FROM PUBLIC;
COMMENT ON FUNCTION clientele.set_holdout_for(regrole, text, text, numeric) IS 'internal: set_holdout, behind the door';

CREATE FUNCTION clientele.set_holdout(population text, name text, percent numeric) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.set_holdout(text, text, numeric) IS 'leaves so many per cent of customers out of a promotion, by chance but always the same ones, to be compared with the others afterwards';

CREATE FUNCTION clientele.set_branch_zone_for(caller regrole, population text, branch text, time_zone text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    owned clientele.population := clientele.population_of(caller, population);
BEGIN
    PERFORM clientele.check_length('branch', clientele.check_given('branch', set_branch_zone_for.branch)), clientele.check_time_zone(set_branch_zone_for.time_zone);
    IF set_branch_zone_for.time_zone IS NULL THEN
        DELETE FROM clientele.branch_zone AS b WHERE (b.population_id, b.branch) = (owned.population_id, set_branch_zone_for.branch);
    ELSE
        INSERT INTO clientele.branch_zone AS b (population_id, branch, time_zone)
        VALUES (owned.population_id, set_branch_zone_for.branch, set_branch_zone_for.time_zone)
        ON CONFLICT (population_id, branch) DO UPDATE SET time_zone = excluded.time_zone;
    END IF;
END
$$;
REVOKE ALL ON FUNCTION clientele.set_branch_zone_for(regrole, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.set_branch_zone_for(regrole, text, text, text) IS 'internal: set_branch_zone, behind the door';

CREATE FUNCTION clientele.set_branch_zone(population text, branch text, time_zone text) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.set_branch_zone(text, text, text) IS 'says by which clock the days and hours of promotions count in a branch, as bills name it; NULL = by the population''s again';

-- ---------------------------------------------------------------------------
-- Who does not want to be decided about
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.note_refusal(caller regrole, population text, key text, refused boolean, note text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    allowed clientele.population := clientele.allowed_population(caller, population, 'manual INSERT');
    printed text := clientele.printed_key(allowed, key);
BEGIN
    -- What is being claimed for him is claimed before; and nobody forgets him meanwhile.
    PERFORM clientele.lock_customer(allowed.population_id, printed), clientele.check_customer(allowed.population_id, printed);
    INSERT INTO clientele.refusal (population_id, key, refused, at, actor, note)
    VALUES (allowed.population_id, printed, note_refusal.refused, clientele.wall_clock(),
            (SELECT r.rolname FROM pg_roles AS r WHERE r.oid = caller), note_refusal.note);
END
$$;
REVOKE ALL ON FUNCTION clientele.note_refusal(regrole, text, text, boolean, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.note_refusal(regrole, text, text, boolean, text) IS 'internal: writes down whether a customer wants automated decisions';

CREATE FUNCTION clientele.refuse_automation_for(caller regrole, population text, key text, note text) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$ SELECT clientele.note_refusal(caller, population, key, true, note) $$;
REVOKE ALL ON FUNCTION clientele.refuse_automation_for(regrole, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.refuse_automation_for(regrole, text, text, text) IS 'internal: refuse_automation, behind the door';

CREATE FUNCTION clientele.refuse_automation(population text, key text, note text DEFAULT NULL) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
CREATE FUNCTION clientele.refuse_automation(population text, key anynonarray, note text DEFAULT NULL) RETURNS void
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT clientele.refuse_automation($1, $2::text, $3) $$;
COMMENT ON FUNCTION clientele.refuse_automation(text, text, text) IS 'writes down that a customer does not want automated decisions about him: from then on he is offered what is not personal. The caller needs INSERT on the view NAME_manual, or owns the population';
COMMENT ON FUNCTION clientele.refuse_automation(text, anynonarray, text) IS 'the same with the key in its own type';

CREATE FUNCTION clientele.allow_automation_for(caller regrole, population text, key text, note text) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$ SELECT clientele.note_refusal(caller, population, key, false, note) $$;
REVOKE ALL ON FUNCTION clientele.allow_automation_for(regrole, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.allow_automation_for(regrole, text, text, text) IS 'internal: allow_automation, behind the door';

CREATE FUNCTION clientele.allow_automation(population text, key text, note text DEFAULT NULL) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
CREATE FUNCTION clientele.allow_automation(population text, key anynonarray, note text DEFAULT NULL) RETURNS void
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT clientele.allow_automation($1, $2::text, $3) $$;
COMMENT ON FUNCTION clientele.allow_automation(text, text, text) IS 'takes back what refuse_automation has written down; both stay to be read';
COMMENT ON FUNCTION clientele.allow_automation(text, anynonarray, text) IS 'the same with the key in its own type';

-- ---------------------------------------------------------------------------
-- What there is
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.promotions_for(caller regrole, population text,
    OUT name text, OUT state text, OUT version int, OUT published_at timestamptz, OUT author text, OUT note text,
    OUT automatic boolean, OUT holdout numeric, OUT audience_frozen_at timestamptz, OUT definition clientele.promotion, OUT draft clientele.promotion)
RETURNS SETOF record LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT o.name::text, o.state, o.version, v.published_at, v.author::text, v.note, o.automatic, o.holdout, o.audience_frozen_at, v.definition, o.draft
    FROM clientele.allowed_population($1, $2, 'claim INSERT', 'promotion SELECT') AS p
    JOIN clientele.offered_promotion AS o ON o.population_id = p.population_id
    LEFT JOIN clientele.promotion_version AS v ON (v.promotion_id, v.version) = (o.promotion_id, o.version)
    ORDER BY o.promotion_id
    $$;
REVOKE ALL ON FUNCTION clientele.promotions_for(regrole, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.promotions_for(regrole, text) IS 'internal: promotions, behind the door';

CREATE FUNCTION clientele.promotions(population text,
    OUT name text, OUT state text, OUT version int, OUT published_at timestamptz, OUT author text, OUT note text,
    OUT automatic boolean, OUT holdout numeric, OUT audience_frozen_at timestamptz, OUT definition clientele.promotion, OUT draft clientele.promotion)
RETURNS SETOF record AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C STABLE;
COMMENT ON FUNCTION clientele.promotions(text) IS 'the promotions of a population, oldest first: their state, the version in force and who published it when and why, and the draft of the next one. The caller needs SELECT on the view NAME_promotion or INSERT on NAME_claim, or owns the population';

CREATE FUNCTION clientele.promotion_versions_for(caller regrole, population text, name text,
    OUT version int, OUT published_at timestamptz, OUT author text, OUT note text, OUT definition clientele.promotion)
RETURNS SETOF record LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    named clientele.offered_promotion := clientele.named_promotion(clientele.allowed_population($1, $2, 'claim INSERT', 'promotion SELECT'), $3);
BEGIN
    RETURN QUERY
    SELECT v.version, v.published_at, v.author::text, v.note, v.definition
    FROM clientele.promotion_version AS v WHERE v.promotion_id = named.promotion_id ORDER BY v.version;
END
$$;
REVOKE ALL ON FUNCTION clientele.promotion_versions_for(regrole, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.promotion_versions_for(regrole, text, text) IS 'internal: promotion_versions, behind the door';

CREATE FUNCTION clientele.promotion_versions(population text, name text,
    OUT version int, OUT published_at timestamptz, OUT author text, OUT note text, OUT definition clientele.promotion)
RETURNS SETOF record AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C STABLE;
COMMENT ON FUNCTION clientele.promotion_versions(text, text) IS 'every version of a promotion, oldest first: who published it when and why. Rights as for promotions';

-- ---------------------------------------------------------------------------
-- What a customer is offered
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.offers(population text, key text, bill jsonb, as_of timestamptz DEFAULT NULL,
    OUT promotion text, OUT eligible boolean, OUT kind text, OUT amount numeric, OUT value numeric, OUT points numeric, OUT item text, OUT coupon text,
    OUT quantity numeric, OUT valid_days int, OUT spend_more numeric, OUT given_then numeric, OUT reasons text[], OUT missing text[],
    OUT remaining int, OUT to_day date)
RETURNS SETOF record AS 'MODULE_PATHNAME', 'clientele_offers' LANGUAGE C VOLATILE COST 100 ROWS 20;
CREATE FUNCTION clientele.offers(population text, key anynonarray, bill jsonb, as_of timestamptz DEFAULT NULL,
    OUT promotion text, OUT eligible boolean, OUT kind text, OUT amount numeric, OUT value numeric, OUT points numeric, OUT item text, OUT coupon text,
    OUT quantity numeric, OUT valid_days int, OUT spend_more numeric, OUT given_then numeric, OUT reasons text[], OUT missing text[],
    OUT remaining int, OUT to_day date)
RETURNS SETOF record AS 'MODULE_PATHNAME', 'clientele_offers' LANGUAGE C VOLATILE COST 100 ROWS 20;
COMMENT ON FUNCTION clientele.offers(text, text, jsonb, timestamptz) IS 'every promotion whose term is not over, the larger priority first: whether the customer may have it on this bill, and what it gives; if not, all reasons, in a word and a sentence each; spend_more is what the next threshold lacks and given_then what would be given there; remaining, how many he could still have of what is limited (NULL = any number); to_day, the last day of its term in the bill''s branch (NULL = without end). bill NULL: what can be said before there is one. as_of: at another instant, with what is known and left today. No rows for a customer who is not there. The caller needs SELECT on the view NAME_promotion or INSERT on NAME_claim, or owns the population';
COMMENT ON FUNCTION clientele.offers(text, anynonarray, jsonb, timestamptz) IS 'the same with the key in its own type';

CREATE FUNCTION clientele.best_offers(population text, key text, bill jsonb, policy text DEFAULT 'best for customer', as_of timestamptz DEFAULT NULL,
    OUT promotion text, OUT kind text, OUT amount numeric, OUT value numeric, OUT points numeric, OUT item text, OUT coupon text, OUT quantity numeric, OUT valid_days int)
RETURNS SETOF record AS 'MODULE_PATHNAME', 'clientele_best_offers' LANGUAGE C VOLATILE COST 200 ROWS 3;
CREATE FUNCTION clientele.best_offers(population text, key anynonarray, bill jsonb, policy text DEFAULT 'best for customer', as_of timestamptz DEFAULT NULL,
    OUT promotion text, OUT kind text, OUT amount numeric, OUT value numeric, OUT points numeric, OUT item text, OUT coupon text, OUT quantity numeric, OUT valid_days int)
RETURNS SETOF record AS 'MODULE_PATHNAME', 'clientele_best_offers' LANGUAGE C VOLATILE COST 200 ROWS 3;
COMMENT ON FUNCTION clientele.best_offers(text, text, jsonb, text, timestamptz) IS 'which of the promotions that offers calls eligible to take together on a bill, in the order in which they apply: best for customer (exact among up to 20), priority order, or first; amount is what the bill has room for. Rights as for offers';
COMMENT ON FUNCTION clientele.best_offers(text, anynonarray, jsonb, text, timestamptz) IS 'the same with the key in its own type';
