#!/bin/sh
# Every test there is, in a private cluster of its own.
#
#   sh test/check.sh                      everything; ends with the line "N passed, N failed"
#   sh test/check.sh LAYER [TEST...]      one layer, or some of its tests
#   CLUSTER=dev sh test/check.sh LAYER    the same in the cluster that test/cluster.sh keeps: quick
#
# Layers: compile, regress, isolation, tap, pgtap, scripts, fuzz.  A test is a file's
# name without its ending.
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd -P)
. "$ROOT/test/lib.sh"

passed=0
failed=0

# cluster.sh COMMAND in the cluster of this run.
cluster() {
    sh "$ROOT/test/cluster.sh" "$@"
}

# The names of a layer's tests: those asked for, else every file DIRECTORY/*ENDING.
tests() {
    directory=$ROOT/test/$1
    ending=$2
    shift 2
    if [ $# -gt 0 ]; then
        say "$@"
    else
        names_in "$directory" "$ending"
    fi
}

# Runs a command, shows what it says, and keeps it for count.
shown() {
    rm -f "$TEMPORARY/succeeded"
    if "$@" </dev/null 2>&1; then : >"$TEMPORARY/succeeded"; fi | tee "$TEMPORARY/output"
    [ -e "$TEMPORARY/succeeded" ]
}

# count STATUS NAME counts the results in the last output: lines of TAP, or of a
# pg_regress before 16.  What went wrong counts at least once, also when no
# result says so.
count() {
    status=$1
    results=$(awk '
        /^(not )?ok [0-9]/ {
            if (/# (SKIP|skip)/) next
            if (/^ok/ || /# (TODO|todo)/) good++; else bad++
            next
        }
        / \.\.\. ok / { good++ }
        / \.\.\. (FAILED|failed)/ { bad++ }
        END { print good + 0, bad + 0 }' "$TEMPORARY/output")
    good=${results% *}
    bad=${results#* }
    [ "$status" = 0 ] || [ "$bad" -gt 0 ] || bad=1
    [ "$bad" = 0 ] || {
        say "$2"
        grep '^not ok [0-9]\| \.\.\. FAILED' "$TEMPORARY/output" || :
    } >>"$TEMPORARY/failures"
    passed=$((passed + good))
    failed=$((failed + bad))
    [ "$bad" = 0 ]
}

# single NAME COMMAND...: one test that is a command; its exit status decides.
single() {
    title=$1
    shift
    if shown "$@"; then
        passed=$((passed + 1))
        say "ok - $title"
    else
        failed=$((failed + 1))
        say "not ok - $title" | tee -a "$TEMPORARY/failures"
    fi
}

# counted NAME COMMAND...: several tests that are one command; false if any failed.
counted() {
    title=$1
    shift
    if shown "$@"; then
        count 0 "$title"
    else
        count 1 "$title"
    fi
}

# PGXS's installcheck is what a DBA runs after installing; it is also our test.
installcheck() {
    diffs=$1
    shift
    if ! counted "$layer" cluster run make -s installcheck "PG_CONFIG=$PG_CONFIG" "$@"; then
        cluster run cat "$diffs" 2>/dev/null || :
    fi
}

layer_compile() {
    # Our code may not draw one warning; PostgreSQL's headers may.
    headers=$("$PG_CONFIG" --includedir-server)
    # shellcheck disable=SC2016
    compile='for file in src/*.c src/*/*.c; do
        "$@" -std=c11 -O2 -Wall -Wextra -Werror -fPIC -D_GNU_SOURCE -Isrc \
            -isystem "$0" -c "$file" -o /dev/null || exit 1
    done'
    single "as a DBA builds it, bitcode included" cluster run make -s "PG_CONFIG=$PG_CONFIG"
    for compiler in gcc clang; do
        single "$compiler without a warning" cluster run sh -c "$compile" "$headers" "$compiler"
    done
    # Headers of recent minor releases declare mul_size wherever there is palloc; older ones need what compat.h includes.
    # shellcheck disable=SC2016
    declared='for file in $(grep -l "[^_]mul_size(" src/*.c src/*/*.c); do
        gcc -std=c11 -D_GNU_SOURCE -Isrc -isystem "$0" -M "$file" | grep -q storage/shmem.h ||
            { echo "$file: mul_size without compat.h"; exit 1; }
    done'
    single "mul_size as older headers have it" cluster run sh -c "$declared" "$headers"
}

layer_regress() {
    names=$(tests sql .sql "$@")
    [ -z "$names" ] || installcheck regression.diffs "REGRESS=$names" ISOLATION=
}

layer_isolation() {
    names=$(tests isolation/specs .spec "$@")
    [ -z "$names" ] || installcheck output_iso/regression.diffs REGRESS= "ISOLATION=$names"
}

layer_tap() {
    library=$(dirname "$("$PG_CONFIG" --pgxs)")/../test/perl
    regress=$(dirname "$("$PG_CONFIG" --pgxs)")/../test/regress/pg_regress
    cluster run rm -rf tmp_check # a test that failed leaves its servers there
    for name in $(tests tap .pl "$@"); do
        # A failed run leaves its servers' directories behind, to be looked at.  A seed chooses
        # the same things in every run: Perl is to go through its hashes in the same order.
        cluster run rm -rf tmp_check
        if ! counted "tap: $name" cluster run env PERL_HASH_SEED=0 \
            TESTDIR=. TESTDATADIR=tmp_check TESTLOGDIR=tmp_check/log "PG_REGRESS=$regress" \
            prove -v -I "$library" -I test/tap -I test/tap/older "test/tap/$name.pl"; then
            cluster run tail -n 40 "tmp_check/log/regress_log_$name" 2>/dev/null || :
        fi
    done
}

layer_pgtap() {
    names=$(tests pgtap .sql "$@")
    [ -n "$names" ] || return 0
    cluster run env PGOPTIONS='-c client_min_messages=warning' dropdb --if-exists pgtap || :
    cluster run createdb pgtap || :
    cluster psql -q -d pgtap -c 'CREATE EXTENSION pgtap' -c 'CREATE EXTENSION clientele' || :
    for name in $names; do
        counted "pgtap: $name" cluster run prove -v \
            --exec 'psql -XqAt -v ON_ERROR_STOP=1 -d pgtap -f' "test/pgtap/$name.sql" || :
    done
}

layer_scripts() {
    for name in $(tests scripts .sh "$@"); do
        single "$name" cluster run sh "test/scripts/$name.sh"
    done
}

# What the fuzzers found interesting, once more; make fuzz looks for new things.
layer_fuzz() {
    counted "fuzz: corpus" sh "$ROOT/test/fuzz.sh" replay "$@" || :
}

layers='compile regress isolation tap pgtap scripts fuzz'
layer=
if [ $# -gt 0 ]; then
    layer=$1
    shift
    case " $layers " in
    *" $layer "*) layers=$layer ;;
    *) die "There is no layer \"$layer\", only: $layers" ;;
    esac
fi

clean_environment
TEMPORARY=$(mktemp -d)
cleanup=
trap 'trap "" INT TERM HUP; rm -rf "$TEMPORARY"; $cleanup' EXIT
trap 'exit 130' INT TERM HUP

if ! sh "$ROOT/test/setup.sh" check || ! find_server; then
    say "The set-up failed, so nothing could be tested."
    say "0 passed, 1 failed"
    exit 1
fi
export PG_CONFIG

if [ -z "${CLUSTER:-}" ]; then
    CLUSTER=check$$
    cleanup='cluster stop'
fi
export CLUSTER

say "== cluster"
if ! shown cluster start; then
    say "Without a cluster nothing can be tested."
    say "0 passed, 1 failed"
    exit 1
fi
for layer in $layers; do
    say "== $layer"
    "layer_$layer" "$@"
done

if [ -s "$TEMPORARY/failures" ]; then
    say "== what failed"
    cat "$TEMPORARY/failures"
fi
say "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
