
-- What people say of customers: tags that they give and take, labels that they pin.
--
-- A statement is a row that is never changed: of those about the same thing the one
-- made last holds, until its term is over.  So writers never wait for each other, and
-- what was so stays so at every instant of the past.

CREATE FUNCTION clientele.held_by_hand(population text, key text, OUT kind text, OUT name text) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'clientele_held_by_hand' LANGUAGE C VOLATILE STRICT;
REVOKE ALL ON FUNCTION clientele.held_by_hand(text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.held_by_hand(text, text) IS 'internal: the statements about a customer that hold now, read without predicate locks; an error if there is no such customer';

CREATE FUNCTION clientele.speak_of(population_id int, key text) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_speak_of' LANGUAGE C VOLATILE STRICT;
REVOKE ALL ON FUNCTION clientele.speak_of(int, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.speak_of(int, text) IS 'internal: until the end of the transaction the customer is not forgotten, nor his population dropped; an error if he has been';

CREATE FUNCTION clientele.check_label(model clientele.model, name text, label text) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_check_label' LANGUAGE C IMMUTABLE STRICT;
REVOKE ALL ON FUNCTION clientele.check_label(clientele.model, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.check_label(clientele.model, text, text) IS 'internal: an error unless the definition of that name gives labels, this one among them';

CREATE FUNCTION clientele.spoken_population(caller regrole, population text, privilege text) RETURNS clientele.population
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    found_population clientele.population;
    view regclass;
BEGIN
    SELECT * INTO found_population FROM clientele.population AS p
    WHERE p.name = clientele.check_given('population', spoken_population.population);
    IF NOT FOUND THEN
        RAISE undefined_object USING MESSAGE = format('population "%s" does not exist', population);
    END IF;
    SELECT c.oid INTO view FROM pg_class AS c
    WHERE c.relnamespace = to_regnamespace(quote_ident(found_population.target_schema)) AND c.relname = found_population.name || '_manual'
      AND c.relkind = 'v' AND c.relowner = found_population.owner;
    IF NOT pg_has_role(caller, found_population.owner, 'USAGE')
       AND NOT coalesce(has_schema_privilege(caller, found_population.target_schema, 'USAGE') AND has_table_privilege(caller, view, privilege), false) THEN
        RAISE insufficient_privilege USING
            MESSAGE = format(CASE privilege WHEN 'INSERT' THEN 'permission denied to tag customers of population "%s"'
                             ELSE 'permission denied to pin labels of population "%s"' END, population),
            HINT = format('GRANT %s ON %I.%I TO %s;', privilege, found_population.target_schema, found_population.name || '_manual', caller);
    END IF;
    RETURN found_population;
END
$$;
REVOKE ALL ON FUNCTION clientele.spoken_population(regrole, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.spoken_population(regrole, text, text) IS 'internal: a population of whose customers the caller may say something: its owner, and who has INSERT (tags) or UPDATE (pins) on the view NAME_manual';

-- The term of what is taken back is over when it begins.
CREATE FUNCTION clientele.say(caller regrole, population clientele.population, key text, kind text, name text, label text,
                              family text, note text, until timestamptz, taken_back boolean,
                              since timestamptz DEFAULT clientele.wall_clock()) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF NOT isfinite(until) OR until <= since THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('a term cannot end at %s', until),
            HINT = CASE WHEN until <= since THEN 'It must lie ahead: ' ELSE 'NULL means without a term; otherwise: ' END ||
                   format('until => %L', date_trunc('day', since) + interval '30 days');
    END IF;
    EXECUTE format('INSERT INTO %s (key, kind, name, label, family, note, author, since, until)
                    VALUES (%L, $1, $2, $3, $4, $5, $6, $7, $8)', clientele.data_table(population.name, 'manual'), key)
    USING kind, name, label, family, note, (SELECT r.rolname FROM pg_roles AS r WHERE r.oid = caller), since,
          CASE WHEN taken_back THEN since ELSE until END;
    EXECUTE format('INSERT INTO %s (key) VALUES (%L)', clientele.data_table(population.name, 'mark'), key);
    PERFORM clientele.wake_worker();
END
$$;
REVOKE ALL ON FUNCTION clientele.say(regrole, clientele.population, text, text, text, text, text, text, timestamptz, boolean, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION clientele.say(regrole, clientele.population, text, text, text, text, text, text, timestamptz, boolean, timestamptz) IS 'internal: writes down a statement about a customer, and marks him';

-- Takes back what holds; whether anything did.
CREATE FUNCTION clientele.take_back(caller regrole, population clientele.population, key text, kind text, name text, note text) RETURNS boolean
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM clientele.held_by_hand(population.name, key) AS h WHERE (h.kind, h.name) = (take_back.kind, take_back.name)) THEN
        RETURN false;
    END IF;
    PERFORM clientele.say(caller, population, key, kind, name, NULL, NULL, note, NULL, true);
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION clientele.take_back(regrole, clientele.population, text, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.take_back(regrole, clientele.population, text, text, text, text) IS 'internal: ends a statement about a customer';

-- ---------------------------------------------------------------------------
-- Tags
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.known_definitions(population clientele.population, OUT name text, OUT kind text)
RETURNS SETOF record LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT d.name::text, d.kind FROM clientele.definition AS d WHERE d.population_id = population.population_id
    UNION
    SELECT d.name::text, d.kind FROM clientele.version AS v CROSS JOIN LATERAL clientele.model_definitions(v.model) AS d
    WHERE v.population_id = population.population_id AND v.version = population.live_version
    $$;
REVOKE ALL ON FUNCTION clientele.known_definitions(clientele.population) FROM PUBLIC;
COMMENT ON FUNCTION clientele.known_definitions(clientele.population) IS 'internal: what the draft defines, and the version that is shown';

-- A name that a tag given by hand may have; and the customer is there, and has not too many.
CREATE FUNCTION clientele.check_tag(population clientele.population, key text, tag text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    other text;
    held int;
BEGIN
    PERFORM clientele.check_given('key', key), clientele.check_name('tag', tag);
    IF strpos(tag, ',') > 0 THEN
        RAISE invalid_name USING
            MESSAGE = format('the tag "%s" has a comma', tag),
            HINT = 'Views show tags as one text, with commas between them.';
    END IF;
    SELECT d.kind INTO other FROM clientele.known_definitions(population) AS d WHERE d.name = tag AND d.kind <> 'tag';
    IF FOUND THEN
        RAISE duplicate_object USING
            MESSAGE = format('"%s" is a %s', tag, other),
            HINT = 'Call the tag something else; pin_label pins the label of a grid, scorecard or ladder.';
    END IF;
    SELECT count(*) INTO held FROM clientele.held_by_hand(population.name, key) AS h WHERE h.kind = 'tag' AND h.name <> tag;
    IF held >= 1000 THEN
        RAISE program_limit_exceeded USING
            MESSAGE = format('customer %s has %s tags that people gave', key, held),
            HINT = 'First take some away: SELECT clientele.untag_customer(...);';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION clientele.check_tag(clientele.population, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.check_tag(clientele.population, text, text) IS 'internal: an error unless a customer can be given the tag';

CREATE FUNCTION clientele.refuse_membership(population clientele.population, key text, tag text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF EXISTS (SELECT FROM clientele.membership_terms(ARRAY(
                   SELECT m FROM clientele.fresh_memberships(population.population_id, clientele.printed_key(population, key), NULL) AS m)) AS t
               WHERE t.plan = tag AND t.until > clientele.wall_clock()) THEN
        RAISE object_in_use USING
            MESSAGE = format('the tag "%s" of customer %s is a membership', tag, key),
            HINT = 'It comes and goes by clientele.grant_membership and clientele.end_membership.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION clientele.refuse_membership(clientele.population, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.refuse_membership(clientele.population, text, text) IS 'internal: an error where the customer has the tag, or will have it, as a membership';

CREATE FUNCTION clientele.tag_customer_for(caller regrole, population text, key text, tag text, note text, until timestamptz, family text)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    spoken clientele.population := clientele.spoken_population(caller, population, 'INSERT');
BEGIN
    PERFORM clientele.speak_of(spoken.population_id, clientele.check_given('key', key));
    PERFORM clientele.check_tag(spoken, key, tag), clientele.refuse_membership(spoken, key, tag);
    PERFORM clientele.say(caller, spoken, key, 'tag', tag, NULL, family, note, until, false);
END
$$;
REVOKE ALL ON FUNCTION clientele.tag_customer_for(regrole, text, text, text, text, timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.tag_customer_for(regrole, text, text, text, text, timestamptz, text) IS 'internal: tag_customer, behind the door';

CREATE FUNCTION clientele.tag_customer(population text, key text, tag text, note text DEFAULT NULL, until timestamptz DEFAULT NULL, family text DEFAULT NULL)
RETURNS void AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.tag_customer(text, text, text, text, timestamptz, text) IS 'gives a customer a tag, beside those that rules give: with a note, until an instant (NULL = until it is taken away), and a word to group tags by (NULL = that of the definition, if there is one); once more, with another note or term. The caller needs INSERT on the view NAME_manual, or owns the population';

CREATE FUNCTION clientele.tag_customer(population text, key anynonarray, tag text, note text DEFAULT NULL, until timestamptz DEFAULT NULL, family text DEFAULT NULL)
RETURNS void LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT clientele.tag_customer($1, $2::text, $3, $4, $5, $6) $$;
COMMENT ON FUNCTION clientele.tag_customer(text, anynonarray, text, text, timestamptz, text) IS 'the same with the key in its own type';

CREATE FUNCTION clientele.untag_customer_for(caller regrole, population text, key text, tag text, note text)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    spoken clientele.population := clientele.spoken_population(caller, population, 'INSERT');
BEGIN
    PERFORM clientele.speak_of(spoken.population_id, clientele.check_given('key', key));
    PERFORM clientele.check_name('tag', tag), clientele.refuse_membership(spoken, key, tag);
    RETURN clientele.take_back(caller, spoken, key, 'tag', tag, note);
END
$$;
REVOKE ALL ON FUNCTION clientele.untag_customer_for(regrole, text, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.untag_customer_for(regrole, text, text, text, text) IS 'internal: untag_customer, behind the door';

CREATE FUNCTION clientele.untag_customer(population text, key text, tag text, note text DEFAULT NULL)
RETURNS boolean AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.untag_customer(text, text, text, text) IS 'takes away a tag that somebody gave a customer; false = nobody had. A tag that a rule gives stays while the rule holds. Rights as for tag_customer';

CREATE FUNCTION clientele.untag_customer(population text, key anynonarray, tag text, note text DEFAULT NULL)
RETURNS boolean LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT clientele.untag_customer($1, $2::text, $3, $4) $$;
COMMENT ON FUNCTION clientele.untag_customer(text, anynonarray, text, text) IS 'the same with the key in its own type';

-- ---------------------------------------------------------------------------
-- Pins
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.pin_label_for(caller regrole, population text, key text, name text, label text, note text, until timestamptz)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    spoken clientele.population := clientele.spoken_population(caller, population, 'UPDATE');
BEGIN
    PERFORM clientele.check_given('key', key), clientele.check_given('name', name), clientele.check_given('label', label);
    IF spoken.live_version IS NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('population "%s" has no live version yet', spoken.name),
            HINT = format('SELECT clientele.publish(%1$L); CALL clientele.refresh(%1$L);', spoken.name);
    END IF;
    PERFORM clientele.check_label(v.model, pin_label_for.name, pin_label_for.label) FROM clientele.version AS v
    WHERE v.population_id = spoken.population_id AND v.version = spoken.live_version;
    PERFORM clientele.speak_of(spoken.population_id, key);
    PERFORM clientele.say(caller, spoken, key, 'pin', name, label, NULL, note, until, false);
END
$$;
REVOKE ALL ON FUNCTION clientele.pin_label_for(regrole, text, text, text, text, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION clientele.pin_label_for(regrole, text, text, text, text, text, timestamptz) IS 'internal: pin_label, behind the door';

CREATE FUNCTION clientele.pin_label(population text, key text, name text, label text, note text DEFAULT NULL, until timestamptz DEFAULT NULL)
RETURNS void AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.pin_label(text, text, text, text, text, timestamptz) IS 'gives a customer a label of a grid, scorecard or ladder of the live version, whatever the rules say, until an instant (NULL = until it is taken away); views and rules see it, scores are computed as ever; once more, with another label, note or term. Where a later version cannot give the label, the pin has no effect, and status says so. The caller needs UPDATE on the view NAME_manual, or owns the population';

CREATE FUNCTION clientele.pin_label(population text, key anynonarray, name text, label text, note text DEFAULT NULL, until timestamptz DEFAULT NULL)
RETURNS void LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT clientele.pin_label($1, $2::text, $3, $4, $5, $6) $$;
COMMENT ON FUNCTION clientele.pin_label(text, anynonarray, text, text, text, timestamptz) IS 'the same with the key in its own type';

CREATE FUNCTION clientele.unpin_label_for(caller regrole, population text, key text, name text, note text)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    spoken clientele.population := clientele.spoken_population(caller, population, 'UPDATE');
BEGIN
    PERFORM clientele.speak_of(spoken.population_id, clientele.check_given('key', key));
    RETURN clientele.take_back(caller, spoken, key, 'pin', clientele.check_given('name', name), note);
END
$$;
REVOKE ALL ON FUNCTION clientele.unpin_label_for(regrole, text, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.unpin_label_for(regrole, text, text, text, text) IS 'internal: unpin_label, behind the door';

CREATE FUNCTION clientele.unpin_label(population text, key text, name text, note text DEFAULT NULL)
RETURNS boolean AS 'MODULE_PATHNAME', 'clientele_door_for_caller' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.unpin_label(text, text, text, text) IS 'takes a pin away, so that the customer has the label that the rules say; false = there was none. Rights as for pin_label';

CREATE FUNCTION clientele.unpin_label(population text, key anynonarray, name text, note text DEFAULT NULL)
RETURNS boolean LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT clientele.unpin_label($1, $2::text, $3, $4) $$;
COMMENT ON FUNCTION clientele.unpin_label(text, anynonarray, text, text) IS 'the same with the key in its own type';

-- ---------------------------------------------------------------------------
-- For status
-- ---------------------------------------------------------------------------

CREATE FUNCTION clientele.pin_faults(population clientele.population, OUT item text, OUT value text, OUT hint text) RETURNS SETOF record
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    pin record;
BEGIN
    FOR pin IN EXECUTE format($query$
        SELECT s.name, s.label, count(*) AS customers, min(s.key::text) AS key
        FROM (SELECT DISTINCT ON (m.key, m.name) m.* FROM %s AS m WHERE m.kind = 'pin' AND m.since <= $1
              ORDER BY m.key, m.name, m.since DESC, m.number DESC) AS s
        WHERE s.until IS NULL OR s.until > $1
        GROUP BY s.name, s.label ORDER BY s.name, s.label$query$, clientele.data_table(population.name, 'manual'))
        USING clientele.wall_clock()
    LOOP
        BEGIN
            PERFORM clientele.check_label(v.model, pin.name, pin.label) FROM clientele.version AS v
            WHERE v.population_id = population.population_id AND v.version = population.live_version;
        EXCEPTION WHEN undefined_object OR wrong_object_type OR invalid_parameter_value THEN
            item := 'pin without effect'; value := format('%s, customers: %s; %s', pin.name, pin.customers, SQLERRM);
            hint := format('SELECT clientele.unpin_label(%L, %L, %L);', population.name, pin.key, pin.name);
            RETURN NEXT;
        END;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION clientele.pin_faults(clientele.population) FROM PUBLIC;
COMMENT ON FUNCTION clientele.pin_faults(clientele.population) IS 'internal: pinned labels that the live version cannot give';
