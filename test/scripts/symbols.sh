# The library shares one name space with the server and every other extension:
# what it exports begins with clientele_, or is what PostgreSQL looks for.
set -eu

foreign=$(nm -D --defined-only clientele.so |
    sed 's/.* //; /^\(pg_finfo_\)\{0,1\}clientele_/d; /^Pg_magic_func$/d; /^_PG_init$/d')
[ -z "$foreign" ] || {
    echo "exported without the prefix:" "$foreign"
    exit 1
}
