#!/bin/bash
# headers.sh INCLUDE CC [CXX] - every public header compiles alone, as strict C11 and as C++.
set -u
include=$1 cc=$2 cxx=${3-} wrong=0
flags="-fsyntax-only -Wall -Wextra -Wundef -pedantic-errors -Werror"

case $cxx in
"" | *NOTFOUND) echo "no C++ compiler: headers are not tried as C++"; exit 1 ;;
esac
for header in "$include"/vcp/*.h; do
    name=vcp/${header##*/}
    for std in c11 c17; do
        # shellcheck disable=SC2086
        echo "#include <$name>" | $cc -std=$std $flags -Wstrict-prototypes -I"$include" -xc - ||
            { echo "$name does not compile alone as $std"; wrong=1; }
    done
    for std in c++11 c++17; do
        # shellcheck disable=SC2086
        echo "#include <$name>" | $cxx -std=$std $flags -I"$include" -xc++ - ||
            { echo "$name does not compile alone as $std"; wrong=1; }
    done
done
exit $wrong
