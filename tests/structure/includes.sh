#!/bin/bash
# includes.sh SRC FOLDERS - fails when an include arrow of SRC points up or sideways.
#
# FOLDERS has one line a folder, lowest first: "wasm: base".  A file in
# SRC/wasm may include "wasm/..." and "base/..." (and "vcp/..."), nothing else;
# and a folder may only name folders that stand above its own line.
set -u
src=$1 folders=$2 bad=0

declare -A allowed rank
n=0
while IFS=: read -r folder deps; do
    rank[$folder]=$n
    n=$((n + 1))
    allowed[$folder]=" $deps "
    for dep in $deps; do
        if [ -z "${rank[$dep]+x}" ] || [ "$dep" = "$folder" ]; then
            echo "$folder names $dep, which does not stand below it"
            bad=1
        fi
    done
done <"$folders"

while IFS=: read -r file line text; do
    from=${file#"$src"/}
    from=${from%%/*}
    to=${text#*\"}
    to=${to%%\"*}
    case $to in
    */*) to=${to%%/*} ;;
    *) echo "$file:$line: includes \"$to\" without its folder"; bad=1; continue ;;
    esac
    [ "$to" = vcp ] || [ "$to" = "$from" ] && continue
    case "${allowed[$from]-}" in
    *" $to "*) ;;
    *) echo "$file:$line: $from may not include $to (its vcp_library line names:${allowed[$from]-nothing})"; bad=1 ;;
    esac
done < <(grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' "$src" --include='*.c' --include='*.h')

[ $bad = 0 ] && echo "all includes point down: $n folders"
exit $bad
