# The aggregate rfm against the built-in aggregates it stands for.  Target: at
# most 0.9 of their time.  PAYMENTS (10 per customer) and RUNS choose the size.
set -eu

payments=${PAYMENTS:-10000000}
customers=$((payments / 10))
runs=${RUNS:-5}

psql -X -q -v ON_ERROR_STOP=1 <<SQL
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS clientele;
DROP TABLE IF EXISTS bench_payment;
SELECT setseed(0.1) \g /dev/null
CREATE TABLE bench_payment AS
SELECT (random() * $customers)::int AS customer, timestamptz '2024-01-01' + random() * interval '700 days' AS t,
       (random() * 5000)::numeric(12,2) AS amount
FROM generate_series(1, $payments);
CREATE INDEX ON bench_payment (customer, t) INCLUDE (amount);
VACUUM ANALYZE bench_payment;
SQL

# once SETTINGS QUERY: milliseconds
once() {
    psql -X -qAt <<SQL | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p'
SET jit = off;
$1
\timing on
CREATE TEMPORARY TABLE result AS $2;
SQL
}

median() {
    sort -n "$1" | sed -n "$(((runs + 1) / 2))p"
}

# compare NAME SETTINGS BUILT_IN OURS: interleaved runs, medians
compare() {
    : >"$work/built_in"
    : >"$work/ours"
    for _ in $(seq "$runs"); do
        once "$2" "$3" >>"$work/built_in"
        once "$2" "$4" >>"$work/ours"
    done
    paste -d ' ' - - <<MEDIANS | awk -v name="$1" '{printf "%s: max, count, sum %d ms, rfm %d ms, ratio %.2f\n", name, $1, $2, $2 / $1}'
$(median "$work/built_in")
$(median "$work/ours")
MEDIANS
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
built_in='SELECT customer, max(t), count(*), sum(amount) FROM bench_payment GROUP BY customer'
ours='SELECT customer, clientele.rfm(t, amount) FROM bench_payment GROUP BY customer'
no_index='SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off;'
serial='SET max_parallel_workers_per_gather = 0;'

echo "$payments payments of $customers customers, median of $runs runs"
compare 'hash, spilling, serial' "$serial $no_index SET work_mem = '4MB'; SET enable_sort = off;" "$built_in" "$ours"
compare 'hash, in memory, serial' "$serial $no_index SET work_mem = '1GB';" "$built_in" "$ours"
compare 'hash, in memory, parallel' "$no_index SET work_mem = '1GB'; SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;" "$built_in" "$ours"
compare 'by index, serial' "$serial SET enable_hashagg = off; SET enable_seqscan = off;" "$built_in" "$ours"
compare 'one customer after the other' "$serial" \
    "SELECT v.* FROM generate_series(1, $customers / 5) AS g (i), LATERAL (SELECT max(t), count(*), sum(amount) FROM bench_payment WHERE customer = g.i OFFSET 0) AS v" \
    "SELECT v.* FROM generate_series(1, $customers / 5) AS g (i), LATERAL (SELECT clientele.rfm(t, amount) FROM bench_payment WHERE customer = g.i OFFSET 0) AS v"
psql -X -q -c 'DROP TABLE bench_payment'
