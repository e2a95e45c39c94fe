-- Claims and offers: ours as a share of theirs, medians of the rounds.

SELECT format('%s customers, %s rounds', :customers, :rounds) AS size, split_part(version(), ' (', 1) AS server \gx

CREATE TEMPORARY VIEW median AS
SELECT name, side, percentile_cont(0.5) WITHIN GROUP (ORDER BY speed) AS speed, min(speed) AS slowest, max(speed) AS fastest
FROM bench.claims_run GROUP BY name, side;

SELECT c.name AS comparison, c.peer, format('%s (%s-%s)', round(o.speed), round(o.slowest), round(o.fastest)) AS "clientele /s",
    format('%s (%s-%s)', round(p.speed), round(p.slowest), round(p.fastest)) AS "peer /s", round((o.speed / p.speed)::numeric, 2) AS "times as fast",
    c.target, c.aim, CASE WHEN c.target IS NULL THEN '' WHEN o.speed / p.speed >= c.target THEN 'met' ELSE 'MISSED' END AS "target is"
FROM bench.claims_comparison AS c
JOIN median AS o ON o.name = c.name AND o.side = 'ours'
JOIN median AS p ON p.name = coalesce(c.peer_name, c.name) AND p.side = c.peer
ORDER BY c.position;
