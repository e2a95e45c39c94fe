# src/base/day_clock.c against AT TIME ZONE, minute by minute where days begin oddly, and
# at random instants in every zone.  SEED chooses others.
set -eu

library=$PWD/test/oracle/day_clock_probe
gcc -std=gnu11 -O2 -fPIC -shared -fno-strict-aliasing -fwrapv -Isrc \
    -isystem "$("${PG_CONFIG:-pg_config}" --includedir-server)" \
    -o "$library.so" "$library.c"
psql -X -qAt -v library="$library" -v seed="${SEED:-0.42}" -f test/oracle/day_clock.sql
