-- What was measured.

\pset footer off
SELECT format('%s customers, %s rounds', :customers, :rounds) AS size, split_part(version(), ' (', 1) AS server,
    string_agg(name || ' ' || current_setting(name), ', ' ORDER BY name) AS settings
FROM unnest(ARRAY['shared_buffers', 'work_mem', 'jit', 'max_parallel_workers_per_gather']) AS name \gx

SELECT c.name AS comparison, o.times AS "clientele ms", p.times AS "plain SQL ms",
    round((o.median / p.median)::numeric, 2) AS ratio,
    CASE WHEN c.target IS NULL THEN '' ELSE '<= ' || c.target || CASE WHEN round((o.median / p.median)::numeric, 2) <= c.target THEN '  met' ELSE '  MISSED' END END AS target
FROM bench.comparison AS c,
    LATERAL (SELECT median, format('%s (%s-%s)', round(median), round(least), round(greatest)) AS times
             FROM (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY milliseconds) AS median, min(milliseconds) AS least, max(milliseconds) AS greatest
                   FROM bench.run AS r WHERE r.name = c.name AND side = 'clientele') AS m) AS o,
    LATERAL (SELECT median, format('%s (%s-%s)', round(median), round(least), round(greatest)) AS times
             FROM (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY milliseconds) AS median, min(milliseconds) AS least, max(milliseconds) AS greatest
                   FROM bench.run AS r WHERE r.name = c.name AND side = 'plain SQL') AS m) AS p
ORDER BY c.position;

SELECT name AS comparison, side, string_agg(DISTINCT plan, ' or ') AS plan FROM bench.run JOIN bench.comparison USING (name)
GROUP BY position, name, side ORDER BY position, side;

SELECT what AS "memory of one backend", min(kilobytes) FILTER (WHERE number_of_rows < :customers) AS "kB at a tenth of the rows",
    min(kilobytes) FILTER (WHERE number_of_rows = :customers) AS "kB at all rows",
    min(kilobytes) FILTER (WHERE number_of_rows = :customers) - min(kilobytes) FILTER (WHERE number_of_rows < :customers) AS "growth kB (<= 1024)"
FROM bench.memory GROUP BY what ORDER BY what;
