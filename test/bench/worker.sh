# From a payment's commit to its stored row's, with the worker; sourced by bench.sh.  A database
# of its own: a worker serves all populations of one.

in_worker() {
    sh "$ROOT/test/cluster.sh" psql -q -At -d "$database" -v ON_ERROR_STOP=1 "$@"
}

# Changes settings and starts the server again.
with_settings() {
    for setting; do
        in_worker -c "ALTER SYSTEM SET $setting"
    done
    # shellcheck disable=SC2016
    sh "$ROOT/test/cluster.sh" run sh -c 'pg_ctl -s -D "$1/data" -l "$1/log" -w restart' sh \
        "$(sh "$ROOT/test/cluster.sh" dir)"
}

# Clock ticks that the worker has used; a hundred are a second.
ticks() {
    pid=$(in_worker -c "SELECT pid FROM pg_stat_activity WHERE backend_type = 'clientele worker'")
    awk '{ print $14 + $15 }' "/proc/$pid/stat"
}

# A small run first, so that everything is compiled.
worker_run() {
    seconds=${BENCH_SECONDS:-30}
    sh "$ROOT/test/cluster.sh" run pgbench -n -c 4 -T 2 -R 20 -f test/bench/worker.pgbench "$database" >/dev/null 2>&1
    since=$(in_worker -c 'SELECT clock_timestamp()')
    before=$(ticks)
    sh "$ROOT/test/cluster.sh" run pgbench -n -c 4 -j 2 -T "$seconds" -R 100 -f test/bench/worker.pgbench "$database" |
        sed -n 's/^latency average/payment, average/p'
    until [ "$(in_worker -c 'SELECT count(*) FROM clientele_data.kept_mark')" = 0 ]; do
        sleep 1
    done
    say "worker: $((($(ticks) - before) / seconds)) % of a core"
    measure worker_report -v since="$since"
}

worker() {
    database=worker
    sh "$ROOT/test/cluster.sh" run createdb "$database"
    with_settings "shared_preload_libraries = 'clientele'" 'track_commit_timestamp = on' 'autovacuum = on'
    measure worker_setup
    with_settings "clientele.databases = '$database'"
    until [ "$(in_worker -c "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'clientele worker'")" = 1 ]; do
        sleep 1
    done
    say "== 100 payments a second"
    worker_run
    database=bench
}
