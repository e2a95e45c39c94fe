#!/bin/sh
# Measurements, as ratios to plain SQL, in a private cluster.
#
#   sh test/bench.sh [NAME...]    all (rfm, rules, scorecard, engine, till, worker, claims), or some; scorecard needs rules
#
# BENCH_CUSTOMERS (1000000) customers with ten payments each; BENCH_ROUNDS (5)
# interleaved runs of each side; BENCH_SECONDS (10) of each run of single questions.
# test/bench/README.md explains the figures.
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd -P)
. "$ROOT/test/lib.sh"

# measure NAME [ARG...]: runs a file of SQL, with further arguments of psql.
measure() {
    name=$1
    shift
    say "== $name"
    sh "$ROOT/test/cluster.sh" psql -q -d "${database:-bench}" -v ON_ERROR_STOP=1 -P pager=off \
        -v customers="${BENCH_CUSTOMERS:-1000000}" -v rounds="${BENCH_ROUNDS:-5}" \
        "$@" -f "$ROOT/test/bench/$name.sql"
}

. "$ROOT/test/bench/engine.sh"
. "$ROOT/test/bench/till.sh"
. "$ROOT/test/bench/worker.sh"
. "$ROOT/test/bench/claims.sh"

CLUSTER=bench$$
export CLUSTER
trap 'trap "" INT TERM HUP; sh "$ROOT/test/cluster.sh" stop' EXIT
trap 'exit 130' INT TERM HUP

sh "$ROOT/test/setup.sh" bench
sh "$ROOT/test/cluster.sh" start
sh "$ROOT/test/cluster.sh" run createdb bench
[ $# -gt 0 ] || set -- rfm rules scorecard engine till worker claims
measure measure
for what; do
    case $what in
    engine | till | worker | claims) "$what" ;;
    *) measure "$what" ;;
    esac
done
case " $* " in
*" rfm "* | *" rules "* | *" scorecard "*) measure report ;;
esac
