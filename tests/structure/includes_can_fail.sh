#!/bin/bash
# A check that cannot fail checks nothing: three planted arrows must each be found.
set -eu
dir=$(mktemp -d)
trap 'rm -r "$dir"' EXIT
mkdir -p "$dir/src/low" "$dir/src/high"
printf 'low: \nhigh: low\n' >"$dir/folders"
echo '#include "low/a.h"' >"$dir/src/high/h.c"
"$1" "$dir/src" "$dir/folders" >/dev/null
echo '#include "high/h.h"' >"$dir/src/low/l.c"
! "$1" "$dir/src" "$dir/folders" >/dev/null
echo '#include "h.h"' >"$dir/src/low/l.c"
! "$1" "$dir/src" "$dir/folders" >/dev/null
rm "$dir/src/low/l.c"
printf 'low: high\nhigh: low\n' >"$dir/folders"
! "$1" "$dir/src" "$dir/folders" >/dev/null
echo "planted arrows were found"
