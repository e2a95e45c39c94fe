-- A day later, and nothing has happened.
--   round (from 1)

SELECT bench.as_of() + :round * interval '1 day' AS tomorrow \gset
SET clientele.clock = :'tomorrow';
SELECT format('INSERT INTO bench.touched SELECT ''a new day'', count(*) FROM clientele_data.customer_stored_%s WHERE due_at <= %L', live_version, :'tomorrow')
FROM clientele.population WHERE name = 'customer' \gexec
SELECT clock_timestamp() AS started \gset
CALL clientele.refresh('customer');
SELECT bench.note('a new day', 'clientele', :'started') \g /dev/null
