#!/bin/sh
# A private, throw-away PostgreSQL cluster with this checkout's clientele in it.
#
#   sh test/cluster.sh start            build, install privately, start; again: only what changed
#   sh test/cluster.sh psql [ARG...]    psql in it, as superuser
#   sh test/cluster.sh run COMMAND...   run a command in the copy of the tree it was built in
#   sh test/cluster.sh env              eval "$(sh test/cluster.sh env)": psql, createdb ... go there
#   sh test/cluster.sh dir              where it is (the copy of the tree is build/ in there)
#   sh test/cluster.sh stop             stop and remove it
#
# CLUSTER=name tells several apart (default: dev).  PG_CONFIG chooses the server.
# Nothing is installed into the system and no other cluster is touched: sources
# are copied, built and installed in one temporary directory, which belongs to
# the server's user, listens on a socket only, and is closed to everyone else.
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd -P)
. "$ROOT/test/lib.sh"

# What a build makes in the tree: not copied from the checkout, kept in the copy.
PRODUCTS='*.o *.bc *.d *.so ./src/*_gram.[ch] ./src/*_scan.c ./sql/clientele--*.sql'

# A Unix socket's path is short by law, so a deep temporary directory will not do.
base_directory() {
    for base in "${TMPDIR:-/tmp}" /tmp; do
        if [ "${#base}" -le 45 ] && as_server test -w "$base" -a -x "$base"; then
            say "$base"
            return
        fi
    done
    die "No temporary directory that the server's user can write to: set TMPDIR."
}

# The directory's name can be guessed, so make sure that it is ours.
claim_directory() {
    as_server mkdir -m 700 "$W" 2>/dev/null ||
        [ -n "$(find "$W" -prune -type d -user "$(as_server id -u)" -perm 700)" ] ||
        die "$W is in the way: it belongs to somebody else."
}

# Sets BINDIR to the programs that the cluster was made with.
recall_programs() {
    BINDIR=$(as_server cat "$W/bindir" 2>/dev/null)
}

started() {
    [ -d "$W/data" ] && as_server "$BINDIR/pg_ctl" -D "$W/data" status >/dev/null 2>&1
}

copy_tree() {
    as_server mkdir -p "$W/build"
    set -f
    excludes=
    keeps=
    for product in $PRODUCTS; do
        excludes="$excludes --exclude=$product"
        keeps="$keeps ! -path $product"
    done
    # shellcheck disable=SC2016,SC2086
    as_server sh -c 'cd "$1" && shift && exec find . "$@" -delete' sh "$W/build" \
        ! -type d $keeps
    # Times to the fraction of a second (posix), or an edit in the second of the last
    # build would look older than what was built.
    # shellcheck disable=SC2086
    tar -C "$ROOT" --format=posix -cf - --exclude=./.git $excludes . |
        as_server tar -C "$W/build" -xf - --no-same-owner --no-same-permissions
    set +f
}

# Sets EXTENSION_SETTINGS: how the server is told to look into our directory.
choose_settings() {
    settings=$(as_server "$BINDIR/postgres" --describe-config)
    libdir=$W/install$("$PG_CONFIG" --pkglibdir)
    sharedir=$W/install$("$PG_CONFIG" --sharedir)
    case $settings in
    *extension_control_path*)
        EXTENSION_SETTINGS="extension_control_path = '$sharedir:\$system'
dynamic_library_path = '$libdir:\$libdir'"
        ;;
    *extension_destdir*)
        EXTENSION_SETTINGS="extension_destdir = '$W/install'
dynamic_library_path = '$libdir:\$libdir'"
        ;;
    *)
        # PostgreSQL finds its files relative to its program: run a copy of it.
        EXTENSION_SETTINGS=
        if [ ! -d "$W/install" ]; then
            say "This server cannot load extensions from elsewhere: working with a copy of it."
            for directory in --bindir --sharedir --pkglibdir; do
                directory=$("$PG_CONFIG" "$directory")
                as_server mkdir -p "$W/install$directory"
                as_server cp -R "$directory/." "$W/install$directory/"
            done
        fi
        BINDIR=$W/install$BINDIR
        ;;
    esac
}

build() {
    copy_tree
    as_server make -s -C "$W/build" -j"$(getconf _NPROCESSORS_ONLN)" \
        with_llvm=no "PG_CONFIG=$PG_CONFIG" "DESTDIR=$W/install" all install >"$LOG" 2>&1 || {
        cat "$LOG"
        die "The build failed."
    }
    # Warnings are worth reading; the installer's chatter is not.
    grep -v '^/.*install\|^/bin/mkdir' "$LOG" || :
}

make_cluster() {
    as_server "$BINDIR/initdb" -D "$W/data" -U postgres -A trust --no-sync \
        -E UTF8 --locale=C.UTF-8 >"$LOG" 2>&1 || {
        cat "$LOG"
        die "initdb failed."
    }
    # Also read by the clusters that the TAP tests make.
    printf '%s\n' "$EXTENSION_SETTINGS" | as_server tee "$W/extension.conf" >/dev/null
    as_server tee -a "$W/data/postgresql.conf" >/dev/null <<CONF
include '$W/extension.conf'
listen_addresses = ''
unix_socket_directories = '$W'
port = $PORT
fsync = off
full_page_writes = off
max_prepared_transactions = 20
CONF
    # A purpose may have settings of its own.
    own_settings=$ROOT/test/${CLUSTER%%[0-9]*}/postgresql.conf
    [ ! -f "$own_settings" ] || as_server tee -a "$W/data/postgresql.conf" <"$own_settings" >/dev/null
}

start() {
    find_server || die "No PostgreSQL server with headers: run sh test/setup.sh first."
    version=$("$PG_CONFIG" --version)
    claim_directory
    if [ "$(as_server cat "$W/version" 2>/dev/null)" != "$version" ]; then
        # Objects and data of another release are of no use.
        (remove)
        claim_directory
        say "$version" | as_server tee "$W/version" >/dev/null
    fi
    choose_settings
    say "$BINDIR" | as_server tee "$W/bindir" >/dev/null
    build
    [ -f "$W/data/PG_VERSION" ] || make_cluster
    if ! started; then
        as_server "$BINDIR/pg_ctl" -D "$W/data" -l "$W/log" -w start >/dev/null </dev/null || {
            as_server tail -n 20 "$W/log"
            die "The server did not start."
        }
    fi
}

remove() {
    [ -d "$W" ] || return 0
    claim_directory
    if recall_programs && started; then
        as_server "$BINDIR/pg_ctl" -D "$W/data" -m immediate -w stop >/dev/null
    fi
    as_server rm -rf "$W"
}

attach() {
    find_server || die "No PostgreSQL server with headers: run sh test/setup.sh first."
    if ! recall_programs || ! started; then
        die "The cluster \"$CLUSTER\" is not running: sh test/cluster.sh start"
    fi
    PATH=$BINDIR:$PATH PGHOST=$W PGPORT=$PORT PGUSER=postgres PGDATABASE=postgres
    PGCLIENTENCODING=UTF8
    export PATH PGHOST PGPORT PGUSER PGDATABASE PGCLIENTENCODING PG_CONFIG
}

clean_environment
: "${CLUSTER:=dev}"
PORT=5432
W=$(base_directory)/clientele-$(printf '%s %s' "$ROOT" "$(id -u)" | cksum | cut -d' ' -f1)-$CLUSTER
command=${1:-help}
[ $# = 0 ] || shift

case $command in
start)
    LOG=$(mktemp)
    trap 'rm -f "$LOG"' EXIT
    trap 'exit 130' INT TERM HUP
    start
    ;;
psql)
    attach
    exec psql -X "$@"
    ;;
run)
    attach
    TMPDIR=$W TEMP_CONFIG=$W/extension.conf HOME=$W
    export TMPDIR TEMP_CONFIG HOME
    # shellcheck disable=SC2016
    as_server sh -c 'cd "$1" && shift && exec "$@"' sh "$W/build" "$@"
    ;;
env)
    attach
    for variable in PATH PGHOST PGPORT PGUSER PGDATABASE PGCLIENTENCODING PG_CONFIG; do
        eval "say \"export $variable='\$$variable'\""
    done
    ;;
dir)
    say "$W"
    ;;
stop)
    remove
    ;;
*)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
    ;;
esac
