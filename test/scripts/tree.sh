# What must agree between files that no other test looks at together.
set -eu

version=$(sed -n "s/^default_version = '\(.*\)'/\1/p" clientele.control)
status=0

agree() {
    [ "$2" = "$version" ] || {
        echo "$1 says \"$2\", clientele.control says \"$version\""
        status=1
    }
}

agree 'META.json (version)' "$(sed -n 's/^    "version": "\(.*\)",/\1/p' META.json)"
agree 'META.json (provides)' "$(sed -n 's/^            "version": "\(.*\)"/\1/p' META.json)"
agree 'META.json (file)' "$(sed -n 's/.*clientele--\(.*\)\.sql".*/\1/p' META.json)"
agree CHANGELOG.md "$(sed -n 's/^## \([^ ]*\).*/\1/p' CHANGELOG.md | head -n 1)"
agree debian/changelog "$(sed -n '1s/.*(\(.*\)-[^-]*).*/\1/p' debian/changelog)"

# Every fragment is in the install script, and every one listed exists.
listed=$(sed 's/#.*//; /^[[:space:]]*$/d' sql/install_order.list | sort)
present=$(cd sql/install && printf '%s\n' *.sql | sort)
if [ "$listed" != "$present" ]; then
    echo "sql/install_order.list lists: $listed"
    echo "sql/install has: $present"
    status=1
fi

# CREATE EXTENSION reads the install script in the database's encoding, whichever it is.
if LC_ALL=C grep -n "[^ -~$(printf '\t')]" sql/install/*.sql clientele.control; then
    echo "the install script must be ASCII"
    status=1
fi

# Every expected output belongs to a test.
for file in expected/*.out test/isolation/expected/*.out; do
    name=$(basename "$file" .out)
    case $file in
    expected/*) [ -f "test/sql/$name.sql" ] ;;
    *) [ -f "test/isolation/specs/$name.spec" ] ;;
    esac || {
        echo "$file: there is no such test"
        status=1
    }
done

exit $status
