-- Somebody who may create objects prepares the database for the day on which
-- a superuser installs clientele.  He must gain nothing.
\set VERBOSITY terse
SET client_min_messages = warning;

DROP EXTENSION clientele;
DROP ROLE IF EXISTS regress_clientele_mallory;
CREATE ROLE regress_clientele_mallory;
SELECT format('GRANT CREATE ON DATABASE %I TO regress_clientele_mallory', current_database()) \gexec

-- 1. He owns a schema of that name: CREATE EXTENSION stops.
SET ROLE regress_clientele_mallory;
CREATE SCHEMA clientele;
CREATE FUNCTION clientele.version() RETURNS text LANGUAGE sql AS $$SELECT 'mine'$$;
RESET ROLE;
CREATE EXTENSION clientele;
SELECT count(*) AS installed FROM pg_extension WHERE extname = 'clientele';

-- It stops the same when the schema is empty, and a schema given by hand does
-- not help either, however it is spelt.
SET ROLE regress_clientele_mallory;
DROP FUNCTION clientele.version();
RESET ROLE;
CREATE EXTENSION clientele;
CREATE SCHEMA "has'quote$and""more";
CREATE EXTENSION clientele SCHEMA "has'quote$and""more";
DROP SCHEMA "has'quote$and""more";
DROP SCHEMA clientele;

-- 2. He fills a schema that stands first in the superuser's search_path with
-- traps: whatever the script might call or use unqualified.  Each notes who
-- ran it.
SET ROLE regress_clientele_mallory;
CREATE SCHEMA trap;
CREATE TABLE trap.sprung (by_whom name, how text);
GRANT ALL ON trap.sprung TO PUBLIC;
CREATE FUNCTION trap.spring(how text) RETURNS void LANGUAGE sql
    AS $$INSERT INTO trap.sprung VALUES (current_user, how)$$;
CREATE DOMAIN trap.text AS pg_catalog.text CHECK (trap.spring('type text') IS NULL);
CREATE DOMAIN trap.int4 AS pg_catalog.int4 CHECK (trap.spring('type int4') IS NULL);
CREATE DOMAIN trap."numeric" AS pg_catalog."numeric" CHECK (trap.spring('type numeric') IS NULL);
DO $$
DECLARE
    called record;
BEGIN
    -- Every function of pg_catalog that SQL and PL/pgSQL can imitate, taking
    -- exactly the same arguments.
    FOR called IN
        SELECT p.proname, pg_get_function_identity_arguments(p.oid) AS arguments,
               pg_get_function_result(p.oid) AS result
        FROM pg_proc AS p
        WHERE p.pronamespace = 'pg_catalog'::regnamespace
          AND p.prokind = 'f'
          AND p.proname IN ('format', 'current_setting', 'set_config', 'now', 'clock_timestamp',
                            'quote_ident', 'pg_extension_config_dump', 'lower', 'upper',
                            'to_regclass', 'unnest', 'length', 'round',
                            'jsonb_build_object', 'int4eq', 'texteq', 'numeric_eq', 'has_schema_privilege')
          AND p.proargtypes::text !~ '\y(2276|2281)\y' -- "any", internal
    LOOP
        EXECUTE format('CREATE FUNCTION trap.%I(%s) RETURNS %s LANGUAGE plpgsql AS '
                       '$f$BEGIN PERFORM trap.spring(%L); RETURN %s; END$f$',
                       called.proname, called.arguments, called.result,
                       'function ' || called.proname,
                       CASE WHEN called.result LIKE 'SETOF%' OR called.result = 'void' THEN '' ELSE 'NULL' END);
    END LOOP;
END
$$;
CREATE FUNCTION trap.equal(pg_catalog.text, pg_catalog.text) RETURNS boolean LANGUAGE plpgsql
    AS $$BEGIN PERFORM trap.spring('operator ='); RETURN true; END$$;
CREATE OPERATOR trap.= (LEFTARG = pg_catalog.text, RIGHTARG = pg_catalog.text, FUNCTION = trap.equal);
RESET ROLE;

SELECT count(*) > 20 AS traps_are_set FROM pg_proc WHERE pronamespace = 'trap'::regnamespace;

-- The traps work: this is what they look like when one is sprung.
SET search_path = trap, pg_catalog, public;
SELECT lower('x'::pg_catalog.text) IS NULL AS sprung;
SELECT how FROM trap.sprung;
DELETE FROM trap.sprung;

CREATE EXTENSION clientele;
SELECT * FROM trap.sprung;

-- No member depends on anything of his either.
SELECT pg_catalog.pg_describe_object(theirs.classid, theirs.objid, 0) AS member,
       pg_catalog.pg_describe_object(theirs.refclassid, theirs.refobjid, 0) AS depends_on
FROM pg_catalog.pg_depend AS member
JOIN pg_catalog.pg_depend AS theirs
  ON theirs.classid OPERATOR(pg_catalog.=) member.classid
 AND theirs.objid OPERATOR(pg_catalog.=) member.objid
CROSS JOIN LATERAL pg_catalog.pg_identify_object(theirs.refclassid, theirs.refobjid, 0) AS used
WHERE member.refclassid OPERATOR(pg_catalog.=) 'pg_extension'::regclass
  AND member.refobjid OPERATOR(pg_catalog.=) (SELECT oid FROM pg_catalog.pg_extension
                                              WHERE extname OPERATOR(pg_catalog.=) 'clientele')
  AND used.schema OPERATOR(pg_catalog.=) 'trap'::pg_catalog.text;

-- 3. In what is installed he can make nothing, and take nothing over.
SET ROLE regress_clientele_mallory;
CREATE FUNCTION clientele.mine() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TABLE clientele.mine (i int);
ALTER SCHEMA clientele OWNER TO regress_clientele_mallory;
DROP SCHEMA clientele CASCADE;
ALTER EXTENSION clientele ADD SCHEMA trap;
DROP EXTENSION clientele;
RESET ROLE;

-- Without superuser he cannot install it, whatever he owns.
RESET search_path;
DROP EXTENSION clientele;
SET ROLE regress_clientele_mallory;
CREATE EXTENSION clientele;
RESET ROLE;

DROP SCHEMA trap CASCADE;
SELECT format('REVOKE CREATE ON DATABASE %I FROM regress_clientele_mallory', current_database()) \gexec
DROP ROLE regress_clientele_mallory;
CREATE EXTENSION clientele;
