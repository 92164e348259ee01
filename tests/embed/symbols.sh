#!/bin/bash
# symbols.sh LIST SHARED STATIC SONAME - both libraries define the names of LIST for others to
# see and nothing else; the shared one has its SONAME.
set -u
list=$1 shared=$2 static=$3 soname=$4 wrong=0

check() { # WHAT NAMES
    [ -n "$2" ] || { echo "$1: no names at all"; wrong=1; }
    diff <(sort "$list") <(printf '%s\n' "$2" | sort) >/dev/null || {
        echo "$1 (>) does not define what $list (<) names:"
        diff <(sort "$list") <(printf '%s\n' "$2" | sort)
        wrong=1
    }
}

check "$shared" "$(nm -D --defined-only "$shared" | awk 'NF == 3 { print $3 }')"
check "$static" "$(nm -g --defined-only "$static" | awk 'NF == 3 { print $3 }')"
readelf -d "$shared" | grep -q "SONAME.*\[$soname\]" || { echo "$shared: not $soname"; wrong=1; }
# Every function that a header declares is in the list, and the other way round.
declared=$(grep -oh '\bvcp_[a-z0-9_]*(' "$(dirname "$list")"/../../include/vcp/*.h | tr -d '(' | sort -u)
check "the headers" "$declared"
exit $wrong
