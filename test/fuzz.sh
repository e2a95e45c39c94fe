#!/bin/sh
# Hostile input, generated, for every type's input and receive functions.
#
#   sh test/fuzz.sh [TARGET...]           run each fuzzer for FUZZ_SECONDS (60)
#   sh test/fuzz.sh replay [TARGET...]    only what was found before: the corpus, once
#   sh test/fuzz.sh keep TARGET DIRECTORY...   add what is new there to the corpus
#   sh test/fuzz.sh targets               their names
#
# FUZZ_DIRECTORY keeps the programs, what they find (found/TARGET) and the inputs
# that fail (crash-*); without it all of that is gone at the end, but for an
# input that fails, which is printed.  FUZZ_RUNS and FUZZ_LENGTH bound the number
# of runs and the length of an input; FUZZ_SEED repeats a run.
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd -P)
. "$ROOT/test/lib.sh"

FUZZ_SECONDS=${FUZZ_SECONDS:-60}
TARGETS='expression expression_recv scorecard scorecard_recv model model_recv promotion promotion_recv rfm rfm_recv rfm_cuts rfm_cuts_recv'

# What the sanitizers are to do: a signed overflow is an error in C, whatever
# flags the server was compiled with.
SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=undefined'

# Core's headers index flexible arrays beyond what their type says, and the
# palloc of a type's value need not be aligned to the whole structure.
SANITIZE="$SANITIZE -fno-sanitize=bounds,alignment"

# All of src/ in one library, from which each fuzzer takes what its type needs.
build_library() {
    mkdir -p "$WORK/src" "$WORK/objects"
    cp -R "$ROOT"/src/. "$WORK/src/"
    (cd "$WORK/src/expression" && bison -d -o expression_gram.c expression_gram.y &&
        flex -o expression_scan.c expression_scan.l)
    headers=$("$PG_CONFIG" --includedir-server)
    COMPILE="clang -std=gnu11 -g -O1 -fno-omit-frame-pointer -D_GNU_SOURCE -DUSE_ASSERT_CHECKING \
        -I$WORK/src -I$ROOT/test/fuzz -isystem $headers"
    # The fuzzer is to look for new ways through our code, not through the server's.
    for file in "$WORK"/src/*.c "$WORK"/src/*/*.c "$ROOT"/test/fuzz/server*.c; do
        case $file in
        */server*.c) watch= ;;
        *) watch=-fsanitize=fuzzer-no-link ;;
        esac
        # shellcheck disable=SC2086
        $COMPILE $SANITIZE $watch -c "$file" -o "$WORK/objects/$(basename "$file" .c).o"
    done
    rm -f "$WORK/clientele.a"
    ar rcs "$WORK/clientele.a" "$WORK"/objects/*.o
}

# Of what server*.c and libpgcommon both have, the first is taken, ours.  A function
# that is in neither is left unresolved:
# calling it would be a crash to look into.
build_target() {
    type=${1%_recv}
    macros="-DTYPE=$type"
    case $1 in *_recv) macros="$macros -DBINARY" ;; esac
    case $type in expression) macros="$macros -DREADER=clientele_expression_identifiers" ;; esac
    library=$("$PG_CONFIG" --pkglibdir)
    # shellcheck disable=SC2086
    $COMPILE $SANITIZE -fsanitize=fuzzer $macros "$ROOT/test/fuzz/fuzz_type.c" -Wl,--start-group "$WORK/clientele.a" \
        -Wl,--end-group -L"$library" -L"$("$PG_CONFIG" --libdir)" -lpgcommon -lpgport -lm \
        -no-pie -Wl,--unresolved-symbols=ignore-all,--allow-multiple-definition -o "$WORK/$1"
}

# Inputs that are found are kept apart from the corpus.
run_target() {
    target=$1
    shift
    mkdir -p "$WORK/found/$target" "$WORK/failed"
    dictionary=$ROOT/test/fuzz/${target%_recv}.dict
    [ ! -f "$dictionary" ] || set -- "-dict=$dictionary" "$@"
    [ -z "${FUZZ_RUNS:-}" ] || set -- "-runs=$FUZZ_RUNS" "$@"
    [ -z "${FUZZ_SEED:-}" ] || set -- "-seed=$FUZZ_SEED" "$@"
    "$WORK/$target" -max_len="${FUZZ_LENGTH:-2048}" -timeout=10 -rss_limit_mb=2048 \
        -artifact_prefix="$WORK/failed/$target-" "$@"
}

fuzz() {
    say "== $1"
    run_target "$1" -max_total_time="$FUZZ_SECONDS" -print_final_stats=1 -verbosity=0 \
        "$WORK/found/$1" "$ROOT/test/fuzz/corpus/$1" >"$WORK/$1.log" 2>&1 || {
        tail -n 60 "$WORK/$1.log"
        for input in "$WORK/failed/$1-"*; do
            say "The input, in base64:" "$(base64 "$input")"
        done
        return 1
    }
    sed -n 's/^stat::number_of_executed_units: *\(.*\)/\1 runs/p' "$WORK/$1.log"
}

replay() {
    if run_target "$1" -runs=0 "$ROOT/test/fuzz/corpus/$1" >"$WORK/$1.log" 2>&1; then
        say "ok $number - $1: $(find "$ROOT/test/fuzz/corpus/$1" -type f | wc -l) inputs"
    else
        say "not ok $number - $1"
        sed 's/^/# /' "$WORK/$1.log" | tail -n 60
        return 1
    fi
}

can_fuzz() {
    echo 'int LLVMFuzzerTestOneInput(const char *data, unsigned long size) { return data && size > 9; }' |
        clang -fsanitize=fuzzer,address -x c - -o /dev/null 2>/dev/null
}

command=fuzz
case ${1:-} in
targets)
    say "$TARGETS"
    exit
    ;;
replay | keep)
    command=$1
    shift
    ;;
esac

if [ "$command" = replay ] && ! can_fuzz; then
    say "1..0 # SKIP clang cannot link a fuzzer here (Debian: libclang-rt-dev)"
    exit
fi
[ "$command" = replay ] || sh "$ROOT/test/setup.sh" fuzz
find_server || die "No PostgreSQL server with headers: run sh test/setup.sh first."

if [ -n "${FUZZ_DIRECTORY:-}" ]; then
    WORK=$FUZZ_DIRECTORY
    mkdir -p "$WORK"
else
    WORK=$(mktemp -d)
    trap 'rm -rf "$WORK"' EXIT
    trap 'exit 130' INT TERM HUP
fi
build_library

if [ "$command" = keep ]; then
    target=$1
    shift
    build_target "$target"
    mkdir -p "$ROOT/test/fuzz/corpus/$target"
    run_target "$target" -merge=1 "$ROOT/test/fuzz/corpus/$target" "$@"
    exit
fi

# shellcheck disable=SC2086
[ $# -gt 0 ] || set -- $TARGETS
[ "$command" = fuzz ] || say "1..$#"
number=0
failed=0
for target in "$@"; do
    number=$((number + 1))
    mkdir -p "$ROOT/test/fuzz/corpus/$target"
    build_target "$target"
    "$command" "$target" || failed=$((failed + 1))
done
[ "$failed" = 0 ]
