# src/base/decimal.c against core's numeric, byte for byte, on boundary and random
# numbers.  SEED chooses others.
set -eu

library=$PWD/test/oracle/decimal_probe
gcc -std=gnu11 -O2 -fPIC -shared -fno-strict-aliasing -fwrapv -Isrc \
    -isystem "$("${PG_CONFIG:-pg_config}" --includedir-server)" \
    -o "$library.so" "$library.c"
psql -X -qAt -v library="$library" -v seed="${SEED:-0.42}" -f test/oracle/decimal.sql
