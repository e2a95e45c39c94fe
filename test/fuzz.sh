#!/bin/sh
# Hostile input, generated: every fuzzer of test/fuzz, in a private cluster.
# What a fuzzer found once is kept in its corpus and replayed by check.sh.
#
#   sh test/fuzz.sh [NAME...]     all, or test/fuzz/NAME.sh alone
#
# FUZZ_SECONDS says how long each one runs (60).
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd -P)
. "$ROOT/test/lib.sh"

FUZZ_SECONDS=${FUZZ_SECONDS:-60}
export FUZZ_SECONDS

run_scripts fuzz "$@"
