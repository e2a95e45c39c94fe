-- What CREATE EXTENSION makes, and that DROP EXTENSION takes it all away.

-- The schema is fixed, and the extension's own.
SELECT extversion ~ '^\d+\.\d+\.\d+$' AS has_version, extrelocatable, extnamespace::regnamespace
FROM pg_extension WHERE extname = 'clientele';
ALTER EXTENSION clientele SET SCHEMA public;
DROP SCHEMA clientele CASCADE;
DROP EXTENSION clientele;
CREATE EXTENSION clientele SCHEMA public;
CREATE EXTENSION clientele;

-- What of it does not live in the schema clientele.
SELECT o.type, o.identity
FROM pg_depend AS d
CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, d.objsubid) AS o
WHERE d.refclassid = 'pg_extension'::regclass
  AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'clientele')
  AND d.deptype = 'e'
  AND o.schema IS DISTINCT FROM 'clientele'
ORDER BY 1, 2;

-- What is in the database, object by object, without the extension and after
-- it has come and gone.
CREATE TEMPORARY VIEW objects AS
    SELECT 'pg_class' AS catalog, oid::bigint FROM pg_class
    UNION ALL SELECT 'pg_proc', oid FROM pg_proc
    UNION ALL SELECT 'pg_type', oid FROM pg_type
    UNION ALL SELECT 'pg_operator', oid FROM pg_operator
    UNION ALL SELECT 'pg_opclass', oid FROM pg_opclass
    UNION ALL SELECT 'pg_cast', oid FROM pg_cast
    UNION ALL SELECT 'pg_namespace', oid FROM pg_namespace
    UNION ALL SELECT 'pg_event_trigger', oid FROM pg_event_trigger
    UNION ALL SELECT 'pg_trigger', oid FROM pg_trigger
    UNION ALL SELECT 'pg_default_acl', oid FROM pg_default_acl
    UNION ALL SELECT 'pg_description', objoid FROM pg_description
    UNION ALL SELECT 'pg_init_privs', objoid FROM pg_init_privs
    UNION ALL SELECT 'pg_depend', objid FROM pg_depend;

CREATE TEMPORARY TABLE before (catalog text, oid bigint);

DROP EXTENSION clientele;
INSERT INTO before TABLE objects;
CREATE EXTENSION clientele;
DROP EXTENSION clientele;
SELECT catalog, count(*) FROM (TABLE objects EXCEPT TABLE before) AS left_behind GROUP BY catalog;

CREATE EXTENSION clientele;
