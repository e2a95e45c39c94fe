#!/bin/sh
# Installs what is missing, asking nothing; silent when nothing is.
#
#   sh test/setup.sh          what the tests need
#   sh test/setup.sh demo     what building needs, and the demo
#   sh test/setup.sh bench    the same
#   sh test/setup.sh fuzz     what the fuzzers need
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd -P)
. "$ROOT/test/lib.sh"

missing=

# need PACKAGE COMMAND...: the package is missing unless the command succeeds.
need() {
    package=$1
    shift
    "$@" >/dev/null 2>&1 || missing="$missing $package"
}

links_a_fuzzer() {
    echo 'int LLVMFuzzerTestOneInput(const char *data, unsigned long size) { return data && size > 9; }' |
        clang -fsanitize=fuzzer,address -x c - -o /dev/null
}

# The major to install: that of the newest server here, else the distribution's.
choose_major() {
    if find_server; then
        major=$("$PG_CONFIG" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
        return
    fi
    # shellcheck disable=SC2012
    major=$(ls -d /usr/lib/postgresql/*/bin/postgres 2>/dev/null |
        sed 's#.*/postgresql/\([0-9]*\)/.*#\1#' | sort -n | tail -n 1)
    [ -n "$major" ] || major=$(apt-cache depends postgresql 2>/dev/null |
        sed -n 's/.*Depends: postgresql-\([0-9]*\)$/\1/p' | head -n 1)
    : "${major:=15}"
    missing="$missing postgresql-$major postgresql-server-dev-$major"
}

list_missing() {
    missing=
    choose_major
    need make command -v make
    need gcc command -v gcc
    need libc6-dev test -f /usr/include/stdio.h
    need flex command -v flex
    need bison command -v bison
    case $purpose in demo | bench) return 0 ;; esac
    need clang command -v clang
    if [ "$purpose" = fuzz ]; then
        need libclang-rt-dev links_a_fuzzer
        return 0
    fi
    # Elsewhere clang brings its own, and without it the corpus of the fuzzers is skipped.
    if apt-cache show libclang-rt-dev >/dev/null 2>&1; then
        need libclang-rt-dev links_a_fuzzer
    fi
    # Elsewhere its test is skipped.
    if apt-cache show "postgresql-$major-cron" >/dev/null 2>&1; then
        need "postgresql-$major-cron" test -f "$("${PG_CONFIG:-pg_config}" --sharedir 2>/dev/null)/extension/pg_cron.control"
    fi
    need perl command -v prove
    need libipc-run-perl perl -MIPC::Run -e 1
    need "postgresql-$major-pgtap" test -f "$("${PG_CONFIG:-pg_config}" --sharedir 2>/dev/null)/extension/pgtap.control"
}

# apt-get is talkative: let it speak only when it fails.
apt() {
    as_root apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@" >"$log" 2>&1 || {
        cat "$log"
        return 1
    }
}

# Debian's server package would make and start a cluster of its own; ours is
# private, so do not leave one behind on a machine that had none.
prevent_main_cluster() {
    case " $missing " in *" postgresql-$major "*) ;; *) return 0 ;; esac
    ! ls -d /etc/postgresql/*/*/ >/dev/null 2>&1 || return 0
    configuration=/etc/postgresql-common/createcluster.conf
    ! grep -qs '^[[:space:]]*create_main_cluster' "$configuration" || return 0
    apt install -y --no-install-recommends postgresql-common
    say 'create_main_cluster = false' | as_root tee -a "$configuration" >/dev/null
}

# The fuzzers' corpus is replayed where this is to be had, and skipped elsewhere.
want_fuzzer() {
    [ "$purpose" = check ] || return 0
    ! links_a_fuzzer >/dev/null 2>&1 || return 0
    if ! as_root apt-get --version >/dev/null 2>&1 ||
        ! apt install -y --no-install-recommends libclang-rt-dev >/dev/null; then
        say "Without libclang-rt-dev the fuzzers' corpus cannot be replayed."
    fi
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        env DEBIAN_FRONTEND=noninteractive "$@"
    else
        sudo -n env DEBIAN_FRONTEND=noninteractive "$@"
    fi
}

purpose=${1:-check}
if [ -n "${PG_CONFIG:-}" ] && ! usable_pg_config "$PG_CONFIG"; then
    die "PG_CONFIG=$PG_CONFIG knows no server with headers.  Install them, or leave PG_CONFIG unset."
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
trap 'exit 130' INT TERM HUP

list_missing
if [ -z "$missing" ]; then
    want_fuzzer
    exit 0
fi

if ! command -v apt-get >/dev/null; then
    die "Please install these, under whatever names your system has for them:$missing
and, if PostgreSQL's pg_config is not in PATH, set PG_CONFIG to it."
fi
if ! as_root true 2>/dev/null; then
    die "Please run this as root, or as a user whom sudo asks for no password:
    apt-get install$missing"
fi

apt update || :
[ -n "${PG_CONFIG:-}" ] || list_missing
say "Installing (this can take a minute):$missing"
prevent_main_cluster
# shellcheck disable=SC2086
apt install -y --no-install-recommends $missing

list_missing
[ -z "$missing" ] || die "Still missing:$missing"
want_fuzzer
