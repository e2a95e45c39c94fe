# What capture costs who writes; sourced by bench.sh.  A database of its own: the engine's
# measurements leave theirs as they like.

# write COMPARISON SIDE CLIENTS ARGUMENTS...: transactions of several tills, a run of pgbench.
write() {
    comparison=$1
    side=$2
    clients=$3
    shift 3
    sh "$ROOT/test/cluster.sh" psql -q -d "$database" -c 'CALL bench.empty()'
    before=$(sh "$ROOT/test/cluster.sh" psql -q -At -d "$database" -c 'SELECT bench.spent_by_others()')
    sh "$ROOT/test/cluster.sh" run pgbench -n -c "$clients" -j 2 -M prepared -T "${BENCH_SECONDS:-10}" \
        -D customers="$customers" -D clients="$clients" "$@" "$database" |
        sed -n "s/^number of transactions actually processed: \([0-9]*\).*/\\\\set transactions \1/p
                s/^tps = \([0-9.]*\).*/\\\\set tps \1/p" |
        { cat; say "INSERT INTO bench.till_run SELECT '$comparison', '$side', :tps, (bench.spent_by_others() - $before) * 1e6 / :transactions;"; } |
        sh "$ROOT/test/cluster.sh" psql -q -d "$database" -v ON_ERROR_STOP=1
}

till() {
    database=till
    customers=${BENCH_CUSTOMERS:-1000000}
    rounds=${BENCH_ROUNDS:-5}
    sh "$ROOT/test/cluster.sh" run createdb "$database"
    for part in measure engine_data engine_model engine_population till_setup; do
        measure "$part"
    done
    for round in $(seq "$rounds"); do
        measure till_bulk
        for clients in 2 8; do
            write "one row, $clients clients" clientele "$clients" -f test/bench/till_insert_captured.pgbench
            write "one row, $clients clients" plain "$clients" -f test/bench/till_insert_plain.pgbench
            write "one row, $clients clients" summed "$clients" -f test/bench/till_insert_summed.pgbench
        done
        write 'pay and read, 8 clients' clientele 8 -f test/bench/till_pay_ours.pgbench
        write 'pay and read, 8 clients' summed 8 -f test/bench/till_pay_summed.pgbench
    done
    measure till_report
    database=bench
}
