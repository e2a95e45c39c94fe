-- A scorecard beside a CASE that computes the same, over the rows of rules.sql.

\set card '{"method": "weighted", "characteristics": [{"name": "consumption", "weight": 40, "value": "spend", "bins": [{"below": 5000, "points": 20}, {"below": 20000, "points": 50}, {"below": 50000, "points": 80}, {"points": 100}]}, {"name": "recency", "weight": 30, "value": "days_since(last_visit)", "bins": [{"below": 30, "points": 100}, {"below": 90, "points": 70}, {"below": 180, "points": 30}, {"points": 0}]}, {"name": "interaction", "weight": 20, "value": "visits_year", "bins": [{"below": 3, "points": 10}, {"below": 10, "points": 60}, {"points": 100}]}, {"name": "loyalty", "weight": 10, "bins": [{"when": "referrals >= 2 and member", "points": 100}, {"when": "referrals = 1 or level in (''gold'', ''platinum'', ''diamond'')", "points": 60}, {"points": 0}]}], "tiers": [{"label": "strategic", "at_least": 80}, {"label": "value", "at_least": 60}, {"label": "nurture", "at_least": 40}, {"label": "wake-up"}]}'
SELECT format('SELECT id, clientele.score(c, %1$L::clientele.scorecard, %2$L, %3$L) AS score FROM bench.client AS c',
        :'card', '2026-06-30 12:00+08', 'Asia/Shanghai') AS ours,
    format('SELECT id, clientele.score(c, %1$L::clientele.scorecard, %2$L, %3$L) AS score, clientele.tier(c, %1$L::clientele.scorecard, %2$L, %3$L) AS tier FROM bench.client AS c',
        :'card', '2026-06-30 12:00+08', 'Asia/Shanghai') AS ours_with_tier \gset

\set theirs 'SELECT id, round((40 * CASE WHEN spend < 5000 THEN 20 WHEN spend < 20000 THEN 50 WHEN spend < 50000 THEN 80 ELSE 100 END + 30 * CASE WHEN date ''2026-06-30'' - last_visit < 30 THEN 100 WHEN date ''2026-06-30'' - last_visit < 90 THEN 70 WHEN date ''2026-06-30'' - last_visit < 180 THEN 30 ELSE 0 END + 20 * CASE WHEN visits_year < 3 THEN 10 WHEN visits_year < 10 THEN 60 ELSE 100 END + 10 * CASE WHEN referrals >= 2 AND member THEN 100 WHEN referrals = 1 OR level IN (''gold'', ''platinum'', ''diamond'') THEN 60 ELSE 0 END) / 100.0, 2) AS score FROM bench.client'
SELECT format('SELECT id, score, CASE WHEN score >= 80 THEN ''strategic'' WHEN score >= 60 THEN ''value'' WHEN score >= 40 THEN ''nurture'' ELSE ''wake-up'' END AS tier FROM (%s OFFSET 0) AS s', :'theirs') AS theirs_with_tier \gset
SELECT format('SELECT 1 FROM (%s) AS a FULL JOIN (%s) AS b USING (id) WHERE (a.score, a.tier) IS DISTINCT FROM (b.score, b.tier)',
    :'ours_with_tier', :'theirs_with_tier') AS differences \gset
SELECT bench.no_rows(:'differences') \g /dev/null

CALL bench.compare('scorecard: score', :rounds, NULL, :'ours', :'theirs');
CALL bench.compare('scorecard: score and tier', :rounds, NULL, :'ours_with_tier', :'theirs_with_tier');
