# Claims of one stock, and what is offered; sourced by bench.sh.  A database of its own, which
# waits for the disk at every commit.

# claims_run COMPARISON SIDE CLIENTS FILE: the rate of one script's transactions.
claims_run() {
    comparison=$1
    side=$2
    clients=$3
    file=$4
    sh "$ROOT/test/cluster.sh" psql -q -d "$database" -c 'CALL bench.fresh()' -c CHECKPOINT
    sh "$ROOT/test/cluster.sh" run pgbench -n -c "$clients" -j 2 -M prepared -T "${BENCH_SECONDS:-10}" \
        -D customers="$customers" -f "test/bench/$file" "$database" |
        sed -n "s/^number of transactions actually processed: \([0-9]*\).*/\\\\set transactions \1/p
                s/^tps = \([0-9.]*\).*/\\\\set tps \1/p" |
        { cat; say "INSERT INTO bench.claims_run SELECT '$comparison', '$side', :tps, :transactions;"; } |
        sh "$ROOT/test/cluster.sh" psql -q -d "$database" -v ON_ERROR_STOP=1
    sh "$ROOT/test/cluster.sh" psql -q -d "$database" -v ON_ERROR_STOP=1 -c "CALL bench.check_taken('$side', '$comparison')"
}

claims() {
    database=claims
    customers=${BENCH_CUSTOMERS:-100000}
    rounds=${BENCH_ROUNDS:-5}
    sh "$ROOT/test/cluster.sh" run createdb "$database"
    with_settings 'fsync = on' 'synchronous_commit = on' 'max_connections = 100'
    for part in measure engine_data engine_model engine_population claims_setup; do
        measure "$part"
    done
    for round in $(seq "$rounds"); do
        for side in ours counter tokens anywhere; do
            claims_run 'claims, 32 clients' "$side" 32 "claims_$side.pgbench"
        done
        claims_run 'claims that expire, 32 clients' ours 32 claims_held.pgbench
        for clients in 1 8; do
            claims_run "offers, $clients clients" ours "$clients" offers_ours.pgbench
            claims_run "offers, $clients clients" key "$clients" offers_key.pgbench
        done
    done
    measure claims_report
    database=bench
}
