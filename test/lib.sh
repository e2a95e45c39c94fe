# What the shell scripts share: finding a PostgreSQL, and acting as its user.
# To be sourced; ROOT must name the checkout.

say() {
    printf '%s\n' "$*"
}

die() {
    printf '%s\n' "$*" >&2
    exit 1
}

# A server can be built against if its headers are there, and run if it is.
usable_pg_config() {
    [ -f "$("$1" --includedir-server 2>/dev/null)/postgres.h" ] &&
        [ -x "$("$1" --bindir)/postgres" ]
}

# Sets PG_CONFIG and BINDIR: the one that was asked for, else the one in PATH,
# else the newest where Debian's and PostgreSQL's own packages put theirs.
# shellcheck disable=SC2012,SC2034
find_server() {
    for candidate in ${PG_CONFIG:-pg_config \
        $(ls -d /usr/lib/postgresql/*/bin/pg_config /usr/pgsql-*/bin/pg_config 2>/dev/null | sort -rV)}; do
        if usable_pg_config "$candidate"; then
            PG_CONFIG=$(command -v "$candidate")
            BINDIR=$("$candidate" --bindir)
            return 0
        fi
    done
    return 1
}

# PostgreSQL refuses to run as root, so root hands over to the user postgres.
as_server() {
    if [ "$(id -u)" = 0 ]; then
        (cd / && exec runuser -u postgres -- "$@")
    else
        "$@"
    fi
}

# The names of the files DIRECTORY/*ENDING, without the ending, on one line.
names_in() {
    for file in "$1"/*"$2"; do
        [ ! -e "$file" ] || basename "$file" "$2"
    done | paste -sd ' ' -
}

# Nothing in the caller's environment may steer psql, make or a server of ours.
clean_environment() {
    for variable in $(env | sed -n 's/^\(PG[A-Z]*\)=.*/\1/p'); do
        unset "$variable"
    done
    unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES DESTDIR CDPATH
    LC_ALL=C.UTF-8
    export LC_ALL
}
