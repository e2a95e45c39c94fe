-- A customer's tags as the views show them: what array_to_string would say.

SELECT clientele.tag_list('{gold,new,"out of town"}') AS three, clientele.tag_list('{gold}') AS one,
       clientele.tag_list('{}') AS none, clientele.tag_list(NULL) AS unknown;

-- nulls, elements of every length and alignment, empty ones, more than one dimension
SELECT count(*) AS lists, count(*) FILTER (WHERE clientele.tag_list(tags) IS DISTINCT FROM array_to_string(tags, ', ')) AS differ
FROM (SELECT array_agg(CASE WHEN (place * seed) % 7 > 0 THEN repeat(chr(97 + place), (place * seed) % 11) END) AS tags
      FROM generate_series(1, 200) AS seed, generate_series(0, 20) AS place WHERE place < seed % 22
      GROUP BY seed
      UNION ALL VALUES ('{{a,bb},{ccc,NULL}}'::text[]), ('[3:4]={gold,new}'), ('{NULL}'), ('{"",""}'), (ARRAY[repeat('x', 200), repeat('y', 3000)])) AS list;

-- as they come from a table: packed, compressed
CREATE TEMP TABLE kept AS SELECT n, array_agg(format('tag %s of %s', i, n)) AS tags FROM generate_series(1, 400, 57) AS n, generate_series(1, n) AS i GROUP BY n;
SELECT count(*) AS lists, count(*) FILTER (WHERE clientele.tag_list(tags) IS DISTINCT FROM array_to_string(tags, ', ')) AS differ FROM kept;
