-- The engine beside its peers: how many times as fast.

SELECT format('%s customers, %s rounds', :customers, :rounds) AS size, split_part(version(), ' (', 1) AS server,
    (SELECT string_agg(customers::text, ', ') FROM bench.touched) AS "customers due on a new day" \gx

-- What is asked of DuckDB is a full rebuild.
INSERT INTO bench.engine_run SELECT c.name, 'clientele', r.amount
FROM bench.engine_comparison AS c JOIN bench.engine_run AS r ON r.side = 'clientele' AND r.name =
    CASE c.name WHEN 'DuckDB: export, import, query' THEN 'full rebuild, written' WHEN 'DuckDB: query alone' THEN 'full rebuild, consumed' END;

CREATE TEMPORARY VIEW median AS
SELECT name, side, percentile_cont(0.5) WITHIN GROUP (ORDER BY amount) AS amount, min(amount) AS least, max(amount) AS greatest
FROM bench.engine_run GROUP BY name, side;

SELECT c.name AS comparison, c.unit,
    format('%s (%s-%s)', round(o.amount), round(o.least), round(o.greatest)) AS clientele,
    format('%s (%s-%s)', round(p.amount), round(p.least), round(p.greatest)) AS peer,
    round((CASE c.unit WHEN 'tps' THEN o.amount / p.amount ELSE p.amount / o.amount END)::numeric, 1) AS "times as fast",
    round(c.target::numeric, 2)::float8 AS target, c.aim,
    CASE WHEN c.target IS NULL THEN '' WHEN CASE c.unit WHEN 'tps' THEN o.amount / p.amount ELSE p.amount / o.amount END >= c.target THEN 'met' ELSE 'MISSED' END AS "target is"
FROM bench.engine_comparison AS c
LEFT JOIN median AS o ON o.name = c.name AND o.side = 'clientele'
LEFT JOIN median AS p ON p.name = c.name AND p.side = 'peer'
ORDER BY c.position;
