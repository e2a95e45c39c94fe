#!/bin/sh
# Measurements: every script of test/bench, in a private cluster.
#
#   sh test/bench.sh [NAME...]    all, or test/bench/NAME.sh alone
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd -P)
. "$ROOT/test/lib.sh"

run_scripts bench "$@"
