
-- Capture: a change in a clinic's table becomes a mark in a population's mark table.

-- PUBLIC may execute it, because who adds a partition to a captured table makes
-- its trigger.  Where nothing is watched it does nothing.
CREATE FUNCTION clientele.capture() RETURNS trigger
    AS 'MODULE_PATHNAME', 'clientele_capture' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION clientele.capture() IS 'trigger function: marks the customers whose data a change concerns, as clientele.watch says for the relation; it never fails or waits because of a definition';

CREATE FUNCTION clientele.install_capture(relation regclass) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_install_capture' LANGUAGE C VOLATILE STRICT;
REVOKE ALL ON FUNCTION clientele.install_capture(regclass) FROM PUBLIC;
COMMENT ON FUNCTION clientele.install_capture(regclass) IS 'puts the capture triggers on a table and its partitions, where they are missing or do not fire always; the caller must own the table; waits for its writers, as lock_timeout allows';

CREATE FUNCTION clientele.remove_capture(relation regclass) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_remove_capture' LANGUAGE C VOLATILE STRICT;
REVOKE ALL ON FUNCTION clientele.remove_capture(regclass) FROM PUBLIC;
COMMENT ON FUNCTION clientele.remove_capture(regclass) IS 'takes the capture triggers off a table and its partitions, where clientele.watch no longer names them; the caller must own the table';

CREATE FUNCTION clientele.watch_changed(relation regclass) RETURNS void
    AS 'MODULE_PATHNAME', 'clientele_watch_changed_sql' LANGUAGE C VOLATILE STRICT;
REVOKE ALL ON FUNCTION clientele.watch_changed(regclass) FROM PUBLIC;
COMMENT ON FUNCTION clientele.watch_changed(regclass) IS 'makes every session read anew what to capture for a table, from its next change after commit on; to be called whenever a row of clientele.watch, or capture_paused of its population, has changed';

CREATE FUNCTION clientele.pending_marks(mark_relation regclass, OUT key text, OUT link smallint, OUT link_key text) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'clientele_pending_marks' LANGUAGE C STABLE STRICT;
REVOKE ALL ON FUNCTION clientele.pending_marks(regclass) FROM PUBLIC;
COMMENT ON FUNCTION clientele.pending_marks(regclass) IS 'the marks of a mark table, in no order: of a customer, of all to whom a link leads, or (all NULL) of everyone; read without predicate locks';

CREATE FUNCTION clientele.is_marked(mark_relation regclass, key text) RETURNS boolean
    AS 'MODULE_PATHNAME', 'clientele_is_marked' LANGUAGE C STABLE STRICT;
REVOKE ALL ON FUNCTION clientele.is_marked(regclass, text) FROM PUBLIC;
COMMENT ON FUNCTION clientele.is_marked(regclass, text) IS 'whether a mark table has a mark of this customer, or of everyone; read without predicate locks';
