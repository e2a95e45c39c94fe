-- What capture costs who writes: ours as a share of theirs, round by round.

SELECT format('%s customers, %s rounds', :customers, :rounds) AS size, split_part(version(), ' (', 1) AS server \gx

CREATE TEMPORARY VIEW median AS
SELECT name, side, percentile_cont(0.5) WITHIN GROUP (ORDER BY speed) AS speed, percentile_cont(0.5) WITHIN GROUP (ORDER BY cpu) AS cpu
FROM bench.till_run GROUP BY name, side;

SELECT c.name AS comparison, c.peer, round(o.speed) AS "clientele /s", round(p.speed) AS "peer /s",
    round((o.speed / p.speed)::numeric, 2) AS "times as fast",
    round(o.cpu::numeric, 2) AS "clientele CPU us", round(p.cpu::numeric, 2) AS "peer CPU us",
    round((p.cpu / o.cpu)::numeric, 2) AS "times by CPU",
    c.target, c.aim, CASE WHEN c.target IS NULL THEN '' WHEN o.speed / p.speed >= c.target THEN 'met' ELSE 'MISSED' END AS "target is"
FROM bench.till_comparison AS c
JOIN median AS o ON o.name = c.name AND o.side = 'clientele'
JOIN median AS p ON p.name = c.name AND p.side = c.peer
ORDER BY c.position;
