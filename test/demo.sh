#!/bin/sh
# A clinic chain in a private cluster, to look at.
#
#   sh test/demo.sh         set up, build, fill, show; the cluster stays for you
#   sh test/demo.sh stop    stop and remove it
#
# CUSTOMERS and SEED choose how many customers the chain has, and which.
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd -P)
. "$ROOT/test/lib.sh"

CLUSTER=demo
export CLUSTER

cluster() {
    sh "$ROOT/test/cluster.sh" "$@"
}

clinic() {
    cluster psql -d clinic -q -v ON_ERROR_STOP=1 -P pager=off "$@"
}

case ${1:-} in
stop)
    cluster stop
    exit
    ;;
?*)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
    exit 1
    ;;
esac

say "== setting up"
sh "$ROOT/test/setup.sh" demo

say "== building clientele, starting a private cluster"
cluster stop
cluster start
cluster run createdb clinic

if [ -f "$ROOT/test/clinic/clinic.sql" ]; then
    say "== opening the clinics: ${CUSTOMERS:=20000} customers"
    clinic -v customers="$CUSTOMERS" -v seed="${SEED:-1}" -f "$ROOT/test/clinic/clinic.sql"
fi

for step in "$ROOT"/test/demo/*.sql; do
    say "== $(basename "$step" .sql | tr _ ' ')"
    clinic -f "$step"
done

cat <<END

The cluster is still running, and its clock stands at the last evening that was shown
(ALTER DATABASE clinic RESET clientele.clock lets it go).  To look further:
    psql -h $(cluster dir) -U postgres clinic
    SELECT * FROM segments.customer LIMIT 5;
    SELECT * FROM clientele.explain('customer', 7, 'tier');
When you have seen enough:
    sh $ROOT/test/demo.sh stop
END
