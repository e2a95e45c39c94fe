-- A walk through everything the extension consists of: each member is held to
-- what its users and administrators rely on.
BEGIN;

-- ---------------------------------------------------------------------------
-- The functions that PUBLIC may execute, by name, and how much they depend on:
-- 'immutable' for those that compute from their arguments alone, 'stable' for
-- those that also read the clock, the time zone or the catalog, 'volatile' for the
-- clock itself and for the doors: they look at the caller's rights themselves, so
-- that nobody is tempted to grant what is behind them.  Add a line for a door, for a
-- pure function, its operators' and its types' functions.  The one trigger function
-- is here because who adds a partition to a table makes its trigger.
-- ---------------------------------------------------------------------------

CREATE TEMPORARY TABLE public_function (name name, volatility text, PRIMARY KEY (name, volatility));
INSERT INTO public_function
SELECT name, volatility
FROM (VALUES
    ('expression_in', 'immutable'),
    ('expression_out', 'immutable'),
    ('expression_recv', 'immutable'),
    ('expression_send', 'immutable'),
    ('expression_eq', 'immutable'),
    ('expression_ne', 'immutable'),
    ('expression_hash', 'immutable'),
    ('expression', 'immutable'),
    ('identifiers', 'immutable'),
    ('conditions', 'immutable'),
    ('row_support', 'immutable'),
    ('matches', 'immutable'),
    ('matches_operator', 'immutable'),
    ('matches_columns', 'immutable'),
    ('matching', 'immutable'),
    ('matching_columns', 'immutable'),
    ('evaluate_number_columns', 'immutable'),
    ('evaluate_text_columns', 'immutable'),
    ('card_support', 'immutable'),
    ('score_columns', 'immutable'),
    ('tier_columns', 'immutable'),
    ('evaluate_number', 'immutable'),
    ('evaluate_text', 'immutable'),
    ('valid_until', 'immutable'),
    ('scorecard_in', 'immutable'),
    ('scorecard_out', 'immutable'),
    ('scorecard_recv', 'immutable'),
    ('scorecard_send', 'immutable'),
    ('scorecard_eq', 'immutable'),
    ('scorecard_ne', 'immutable'),
    ('scorecard_hash', 'immutable'),
    ('model_in', 'immutable'),
    ('model_out', 'immutable'),
    ('model_recv', 'immutable'),
    ('model_send', 'immutable'),
    ('model_eq', 'immutable'),
    ('model_ne', 'immutable'),
    ('model_hash', 'immutable'),
    ('promotion_in', 'immutable'),
    ('promotion_out', 'immutable'),
    ('promotion_recv', 'immutable'),
    ('promotion_send', 'immutable'),
    ('promotion_eq', 'immutable'),
    ('promotion_ne', 'immutable'),
    ('promotion_hash', 'immutable'),
    ('check_bill', 'immutable'),
    ('bill_amount', 'immutable'),
    ('bill_lines', 'immutable'),
    ('in_term', 'immutable'),
    ('benefit', 'immutable'),
    ('reason_label', 'immutable'),
    ('best_promotions', 'immutable'),
    ('refund', 'immutable'),
    ('score', 'immutable'),
    ('tier', 'immutable'),
    ('reasons', 'immutable'),
    ('reason_codes', 'immutable'),
    ('next_tier', 'immutable'),
    ('rfm_in', 'immutable'),
    ('rfm_out', 'immutable'),
    ('rfm_recv', 'immutable'),
    ('rfm_send', 'immutable'),
    ('rfm_add', 'immutable'),
    ('rfm_plus', 'immutable'),
    ('rfm', 'immutable'),
    ('merge', 'immutable'),
    ('rfm_eq', 'immutable'),
    ('rfm_ne', 'immutable'),
    ('rfm_hash', 'immutable'),
    ('rfm_hash_extended', 'immutable'),
    ('recency', 'immutable'),
    ('frequency', 'immutable'),
    ('monetary', 'immutable'),
    ('first_event', 'immutable'),
    ('last_event', 'immutable'),
    ('rfm_cuts_in', 'immutable'),
    ('rfm_cuts_out', 'immutable'),
    ('rfm_cuts_recv', 'immutable'),
    ('rfm_cuts_send', 'immutable'),
    ('rfm_cuts_eq', 'immutable'),
    ('rfm_cuts_ne', 'immutable'),
    ('rfm_cuts_hash', 'immutable'),
    ('cuts', 'immutable'),
    ('rfm_cuts_add', 'immutable'),
    ('rfm_cuts_final', 'immutable'),
    ('rfm_cuts', 'immutable'),
    ('rfm_score', 'immutable'),
    ('rfm_group', 'immutable'),
    ('psi', 'immutable'),
    ('psi_band', 'immutable'),
    ('capture', 'volatile'),
    ('wall_clock', 'volatile'),
    ('elapsed', 'immutable'),
    ('tag_list', 'immutable'),
    ('create_population', 'volatile'),
    ('drop_population', 'volatile'),
    ('add_source', 'volatile'),
    ('drop_source', 'volatile'),
    ('define_metric', 'volatile'),
    ('define_rfm', 'volatile'),
    ('define_scorecard', 'volatile'),
    ('define_ladder', 'volatile'),
    ('define_tag', 'volatile'),
    ('set_branch', 'volatile'),
    ('set_parameter', 'volatile'),
    ('set_revenue', 'volatile'),
    ('drop_definition', 'volatile'),
    ('definitions', 'volatile'),
    ('reset_draft', 'volatile'),
    ('template', 'immutable'),
    ('install_template', 'volatile'),
    ('versions', 'volatile'),
    ('diff_versions', 'volatile'),
    ('export_definitions', 'volatile'),
    ('import_definitions', 'volatile'),
    ('check_definitions', 'volatile'),
    ('calibrate', 'volatile'),
    ('drift', 'volatile'),
    ('drift_bins', 'volatile'),
    ('simulate', 'volatile'),
    ('simulate_summary', 'volatile'),
    ('simulate_moves', 'volatile'),
    ('publish', 'volatile'),
    ('drop_column', 'volatile'),
    ('refresh', 'volatile'),
    ('refresh_summaries', 'volatile'),
    ('backfill_history', 'volatile'),
    ('status', 'volatile'),
    ('verify', 'volatile'),
    ('mark_all', 'volatile'),
    ('pause_capture', 'volatile'),
    ('resume_capture', 'volatile'),
    ('forget', 'volatile'),
    ('simulate_promotion', 'volatile'),
    ('promotion_effect', 'volatile'),
    ('record_impression', 'volatile'),
    ('delete_impressions', 'volatile'),
    ('explain_claim', 'stable, in no worker'),
    ('export_person', 'stable, in no worker'),
    ('unforget', 'volatile'),
    ('tag_customer', 'volatile'),
    ('untag_customer', 'volatile'),
    ('pin_label', 'volatile'),
    ('unpin_label', 'volatile'),
    ('changes_since', 'stable, in no worker'),
    ('profile', 'stable, in no worker'),
    ('explain', 'stable, in no worker'),
    ('next_tier', 'stable, in no worker'),
    ('define_promotion', 'volatile'),
    ('reset_promotion', 'volatile'),
    ('drop_promotion', 'volatile'),
    ('publish_promotion', 'volatile'),
    ('pause_promotion', 'volatile'),
    ('resume_promotion', 'volatile'),
    ('end_promotion', 'volatile'),
    ('freeze_audience', 'volatile'),
    ('set_holdout', 'volatile'),
    ('set_branch_zone', 'volatile'),
    ('refuse_automation', 'volatile'),
    ('allow_automation', 'volatile'),
    ('offers', 'volatile'),
    ('claim', 'volatile'),
    ('try_claim', 'volatile'),
    ('claim_best', 'volatile'),
    ('redeem', 'volatile'),
    ('give_back', 'volatile'),
    ('teams', 'volatile'),
    ('best_offers', 'volatile'),
    ('credit', 'volatile'),
    ('spend', 'volatile'),
    ('refund_spending', 'volatile'),
    ('balance', 'stable, in no worker'),
    ('balances', 'stable, in no worker'),
    ('account_statement', 'stable, in no worker'),
    ('grant_membership', 'volatile'),
    ('end_membership', 'volatile'),
    ('memberships', 'stable, in no worker'),
    ('define_earn_rule', 'volatile'),
    ('earn', 'volatile'),
    ('entitlements', 'volatile'),
    ('verify_promotions', 'volatile'),
    ('promotions', 'stable, in no worker'),
    ('promotion_versions', 'stable, in no worker'),
    ('check_code', 'immutable'),
    ('issue_codes', 'volatile'),
    ('codes', 'stable, in no worker'),
    ('withdraw_codes', 'volatile'),
    ('claim_code', 'volatile'),
    ('try_claim_code', 'volatile'),
    ('issue_coupons', 'volatile'),
    ('transfer_claim', 'volatile')
) AS list (name, volatility);

-- ---------------------------------------------------------------------------
-- The members, and the functions among them
-- ---------------------------------------------------------------------------

CREATE TEMPORARY VIEW member AS
SELECT d.classid, d.objid, o.type, o.identity
FROM pg_depend AS d
CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, d.objsubid) AS o
WHERE d.refclassid = 'pg_extension'::regclass
  AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'clientele')
  AND d.deptype = 'e';

CREATE TEMPORARY VIEW member_function AS
SELECT m.identity, p.*, l.lanname,
       EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS acl
               WHERE acl.grantee = 0 AND acl.privilege_type = 'EXECUTE') AS is_public,
       -- called by PostgreSQL, never by name: type input, output and the like
       EXISTS (SELECT FROM pg_type AS t
               WHERE p.oid IN (t.typinput, t.typoutput, t.typreceive, t.typsend, t.typmodin, t.typmodout))
       OR p.proargtypes::oid[] && ARRAY['internal'::regtype::oid] AS is_plumbing
FROM member AS m
JOIN pg_proc AS p ON p.oid = m.objid
JOIN pg_language AS l ON l.oid = p.prolang
WHERE m.classid = 'pg_proc'::regclass;

SELECT no_plan();

SELECT isnt_empty('TABLE member', 'there are members to walk');

-- ---------------------------------------------------------------------------
-- Everything says what it is: \dx+, \df+, \dT+ and \d+ show these comments.
-- Array and row types are PostgreSQL's doing (members from 17 on).
-- ---------------------------------------------------------------------------

SELECT is_empty(
    $$SELECT type, identity FROM member
      WHERE obj_description(objid, (SELECT relname FROM pg_class WHERE oid = classid)) IS NULL
        AND NOT (classid = 'pg_type'::regclass
                 AND EXISTS (SELECT FROM pg_type AS t LEFT JOIN pg_class AS c ON c.oid = t.typrelid
                             WHERE t.oid = objid AND (t.typcategory = 'A' OR c.relkind <> 'c')))$$,
    'every member has a comment');

SELECT is_empty(
    $$SELECT m.identity, a.attname
      FROM member AS m JOIN pg_attribute AS a ON a.attrelid = m.objid
      WHERE m.classid = 'pg_class'::regclass
        AND (SELECT relkind FROM pg_class WHERE oid = m.objid) IN ('r', 'p', 'v', 'm')
        AND a.attnum > 0 AND NOT a.attisdropped
        AND col_description(m.objid, a.attnum) IS NULL$$,
    'every column of a table or view has a comment');

-- ---------------------------------------------------------------------------
-- Functions
-- ---------------------------------------------------------------------------

SELECT is_empty(
    $$SELECT identity FROM member_function
      WHERE pronargs > 0 AND NOT is_plumbing
        AND (proargnames IS NULL OR '' = ANY (proargnames[1:pronargs]))$$,
    'every function names its arguments, so that it can be called by name');

SELECT is_empty(
    $$SELECT identity, proconfig FROM member_function
      WHERE prosecdef
        AND NOT EXISTS (SELECT FROM unnest(proconfig) AS setting
                        WHERE setting ~ '^search_path=((pg_catalog|clientele), )*pg_temp$')$$,
    'every SECURITY DEFINER function pins a search_path that ends with pg_temp');

SELECT is_empty(
    $$SELECT identity FROM member_function
      WHERE lanname NOT IN ('c', 'internal') AND prosqlbody IS NULL
        AND NOT EXISTS (SELECT FROM unnest(proconfig) AS setting WHERE setting LIKE 'search\_path=%')$$,
    'every function whose body is text pins its search_path');

SELECT is_empty(
    'SELECT identity FROM member_function WHERE proleakproof',
    'nothing is LEAKPROOF');

SELECT is_empty(
    $$SELECT identity FROM member_function
      WHERE is_public AND (prosecdef OR proname NOT IN (SELECT name FROM public_function))$$,
    'PUBLIC executes only what public_function names, and nothing with another''s rights');

SELECT is_empty(
    'SELECT name FROM public_function EXCEPT SELECT proname FROM member_function WHERE is_public',
    'all that public_function names is there, and PUBLIC may execute it');

SELECT is_empty(
    $$SELECT f.identity, f.provolatile, f.proparallel
      FROM member_function AS f
      WHERE f.is_public AND NOT EXISTS (
          SELECT FROM public_function AS p
          WHERE p.name = f.proname AND f.provolatile = left(p.volatility, 1)::"char"
            AND f.proparallel = CASE WHEN p.volatility <> ALL ('{immutable,stable}') AND p.name <> 'wall_clock' THEN 'u' ELSE 's' END::"char")$$,
    'public functions are as volatile as written, and parallel safe but for doors');

-- ---------------------------------------------------------------------------
-- Relations and the schema
-- ---------------------------------------------------------------------------

SELECT is_empty(
    $$SELECT m.identity, acl.privilege_type
      FROM member AS m JOIN pg_class AS c ON c.oid = m.objid
      CROSS JOIN LATERAL aclexplode(coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))) AS acl
      WHERE m.classid = 'pg_class'::regclass AND acl.grantee = 0
        AND NOT (acl.privilege_type = 'SELECT' AND c.relkind = 'v')$$,
    'PUBLIC reads views at most');

SELECT is_empty(
    $$SELECT identity FROM member AS m JOIN pg_class AS c ON c.oid = m.objid
      WHERE m.classid = 'pg_class'::regclass AND c.relkind = 'r'
        AND c.oid <> ALL (SELECT unnest(extconfig) FROM pg_extension WHERE extname = 'clientele')$$,
    'the rows of every table are dumped');

SELECT is_empty(
    $$SELECT identity FROM member AS m JOIN pg_constraint AS c ON c.conrelid = m.objid
      WHERE m.classid = 'pg_class'::regclass AND c.contype = 'f'$$,
    'no foreign key minds in which order pg_restore -j loads them');

SELECT schema_owner_is('clientele', 'postgres'::name);
SELECT ok(NOT has_schema_privilege('public', 'clientele', 'CREATE'), 'PUBLIC creates nothing in the schema');

SELECT * FROM finish();
ROLLBACK;
