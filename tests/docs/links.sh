#!/bin/bash
# links.sh ROOT AMBIENT: every relative link of the documents leads to a file, and every
# `ambient COMMAND` they name is one.
set -u
root=$1 ambient=$2 wrong=0

for page in "$root"/*.md "$root"/docs/*.md "$root"/examples/*.md; do
    while read -r link; do
        [ -e "$(dirname "$page")/${link%%#*}" ] ||
            { echo "${page#"$root"/}: no such file: $link"; wrong=1; }
    done < <(grep -o '](\([^)]*\))' "$page" | sed 's/^](//; s/)$//' | grep -v -e '^https\?:' -e '^#')
    while read -r command; do
        "$ambient" "$command" --help >/dev/null 2>&1 ||
            { echo "${page#"$root"/}: no such command: ambient $command"; wrong=1; }
    done < <(grep -o '`ambient [a-z]\+' "$page" | cut -d' ' -f2 | sort -u)
done
exit $wrong
