-- The clock moves on, and nothing else: whom time alone changes, and how few rows that is.
SET client_encoding = 'UTF8';
SET client_min_messages = warning;
SET TimeZone = 'Asia/Shanghai';
SET search_path = clientele, public;
\pset footer off
\pset null ''

CREATE TEMP TABLE night (no int, clock timestamptz, due bigint, touched bigint, customers bigint, labels bigint);
SELECT coalesce(max(position), 0) AS position FROM segments.customer_change \gset
DO $$
DECLARE
    before timestamptz;
    clock timestamptz := clientele.wall_clock();
    first bigint;
    due bigint;
BEGIN
    FOR evening IN 1 .. 7 LOOP
        before := clock;
        clock := clock + interval '1 day';
        first := coalesce(max(position), 0) FROM segments.customer_change;
        PERFORM set_config('clientele.clock', clock::text, false);
        due := value FROM status('customer') WHERE item = 'rows due';
        CALL refresh('customer');
        INSERT INTO night
        SELECT evening, clock, due, (SELECT count(*) FROM segments.customer WHERE evaluated_at > before), count(DISTINCT customer_id), count(*)
        FROM segments.customer_change WHERE position > first;
    END LOOP;
    EXECUTE format('ALTER DATABASE %I SET clientele.clock = %L', current_database(), clock);
END
$$;

\echo
\echo '== 7  时间流逝：没有新数据的七夜 / Seven nights without a new fact: whom time alone changes'
\echo '      第一夜换月，生日标签整月翻转 / the first is the end of a month, when birthdays of the month turn'
\echo
SELECT to_char(clock, 'YYYY-MM-DD HH24:MI') AS "时钟 clock", (SELECT count(*) FROM segments.customer) AS "客户 customers",
       due AS "到期行 due", touched AS "改写行 touched", customers AS "有变化 changed", labels AS "变化项 labels"
FROM night ORDER BY no;

\echo '七夜里最多的变化 / The most frequent changes of the week'
\echo
SELECT name AS "项 item", from_label AS "从 from", to_label AS "到 to", count(*) AS "客户",
       to_char(min(effective_at), 'MM-DD HH24:MI') AS "最早 first", to_char(max(effective_at), 'MM-DD HH24:MI') AS "最晚 last"
FROM segments.customer_change WHERE position > :position AND cause = 'time'
GROUP BY name, from_label, to_label ORDER BY count(*) DESC, name, from_label LIMIT 15;

\echo '核对：重算每一行，差异应为 0 / verify() evaluates everybody anew: differences'
\echo
SELECT count(*) AS "差异 differences" FROM verify('customer');

\echo '== 8  九十天后会怎样：只读，不写任何数据 / In 90 days, if nobody comes: only read, nothing written (rows now, columns then)'
\echo
SELECT n.tier AS "现在 now \ 90 天后", count(*) FILTER (WHERE t.tier = 'strategic') AS "战略 strategic", count(*) FILTER (WHERE t.tier = 'value') AS "价值 value",
       count(*) FILTER (WHERE t.tier = 'nurture') AS "培育 nurture", count(*) FILTER (WHERE t.tier = 'wake-up') AS "唤醒 wake-up",
       round(avg(t.tier_score - n.tier_score), 1) AS "平均变化 change"
FROM segments.customer AS n JOIN segments.customer_as_of(clientele.wall_clock() + interval '90 days') AS t USING (customer_id)
GROUP BY n.tier ORDER BY avg(n.tier_score) DESC;
