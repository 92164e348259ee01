#!/bin/sh
# runtime.sh FOLDER - the committed routines are what their sources compile to, where the
# compiler is the one that made them (77: it is another, or none for wasm32).
set -eu
folder=$1
clang=${CLANG:-clang}
made_by=$(sed -n 's/^ \* with \(.*\)\. \*\/$/\1/p' "$folder/runtime_wasm.inc")
here=$("$clang" --version 2>/dev/null | head -n 1) || exit 77
[ "$here" = "$made_by" ] || { echo "made by $made_by, here is $here"; exit 77; }
command -v wasm-ld >/dev/null || exit 77
tmp=$(mktemp)
trap 'rm -f "$tmp"' EXIT
"$folder/build" "$tmp"
cmp "$tmp" "$folder/runtime_wasm.inc"
