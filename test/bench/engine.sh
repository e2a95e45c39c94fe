# The engine beside its peers; sourced by bench.sh, whose measure() runs a file of SQL.

# one COMPARISON SIDE SCRIPT: questions about single customers, two at a time.
one() {
    tps=$(sh "$ROOT/test/cluster.sh" run pgbench -n -c 2 -j 2 -M prepared -T "${BENCH_SECONDS:-10}" \
        -D customers="$customers" -f "test/bench/$3" bench | sed -n 's/^tps = \([0-9.]*\).*/\1/p')
    sh "$ROOT/test/cluster.sh" psql -q -d bench -c "INSERT INTO bench.engine_run VALUES ('$1', '$2', $tps)"
}

both() {
    for round in $(seq "$rounds"); do
        one "$1" clientele engine_one_ours.pgbench
        one "$1" peer engine_one_plain.pgbench
    done
}

# DuckDB comes from npm into a directory of its own, and goes with it.
duckdb() {
    modules=$(mktemp -d)
    if command -v npm >/dev/null && npm install --silent --no-audit --no-fund --prefix "$modules" @duckdb/node-api; then
        export_directory=$(sh "$ROOT/test/cluster.sh" dir)/duckdb
        sh "$ROOT/test/cluster.sh" run mkdir -p "$export_directory"
        cp "$ROOT/test/bench/engine_duckdb.mjs" "$modules"
        for round in $(seq "$rounds"); do
            sh "$ROOT/test/cluster.sh" psql -q -At -d bench -v directory="$export_directory" -f "$ROOT/test/bench/engine_export.sql" >"$modules/query.sql"
            (cd "$modules" && node engine_duckdb.mjs "$export_directory" <query.sql >times.sql)
            sh "$ROOT/test/cluster.sh" psql -q -d bench -f "$modules/times.sql"
        done
    else
        say "Without npm and a registry, DuckDB is left out."
    fi
    rm -rf "$modules"
}

engine() {
    customers=${BENCH_CUSTOMERS:-1000000}
    rounds=${BENCH_ROUNDS:-5}
    for part in data model population setup; do
        measure "engine_$part"
    done
    for round in $(seq "$rounds"); do
        measure engine_day -v round="$round"
    done
    for round in $(seq "$rounds"); do
        measure engine_round -v round="$round"
    done
    duckdb
    measure engine_mark
    both 'one customer, recomputed'
    measure engine_taken
    both 'one customer, valid'
    measure engine_report
}
