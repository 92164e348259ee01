#!/bin/bash
# make.sh AMBIENT MODULES DIR - proving keys for the tests that make real receipts.
#
# Made once (some seconds) and kept in the build tree; made anew when this file or the program's
# circuits have changed, which the prover notices.  Fitted to MODULES/numbers.wasm, function fib.
set -eu
ambient=$1 modules=$2 dir=$3

works() {
    cmp -s "$0" "$dir/.made-by" && "$ambient" prove "$modules/numbers.wasm" --entry fib 3 --keys "$dir" --quiet \
        --proof "$dir.receipt" 2>/dev/null
}

works && exit 0
rm -rf "$dir"
mkdir -p "$dir"
chmod 755 "$dir" # provers of a node that runs as root read it as nobody
"$ambient" keys profiles setup range --keys "$dir" --quiet
"$ambient" keys profiles setup --fit "$modules/numbers.wasm" --entry fib 18 --size 16 --keys "$dir" --quiet
cp "$0" "$dir/.made-by"
works
