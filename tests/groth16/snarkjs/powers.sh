#!/bin/sh
# powers.sh AMBIENT WORKDIR [POWER] - powers of tau both ways with snarkjs.
#
# What draws no secret (new, beacon, prepare) must be snarkjs's byte for byte; a ceremony
# goes ours, theirs, ours, theirs, and each side verifies the other's files and refuses a
# spoiled one.  Above power 13 the points are hashed in more than one chunk.
set -eu
ambient=$1
work=$2
power=${3:-8}
mkdir -p "$work"
cd "$work"
[ -d node_modules/snarkjs ] || {
    [ -f package.json ] || npm init -y >/dev/null
    npm install --silent snarkjs@0.7.6
}
PATH=$work/node_modules/.bin:$PATH
quiet() { "$@" >log.txt 2>&1 || { cat log.txt; echo "FAILED: $*"; exit 1; }; }
refused() { if "$@" >log.txt 2>&1; then echo "ACCEPTED but should not be: $*"; exit 1; fi; }
# snarkjs's exit code does not tell.
their_verify() { snarkjs powersoftau verify "$1" >log.txt 2>&1; grep -q 'Powers of Tau Ok!' log.txt; }
beacon=0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f

quiet "$ambient" keys powers new "$power" -o ours_0.ptau
quiet snarkjs powersoftau new bn128 "$power" theirs_0.ptau
cmp ours_0.ptau theirs_0.ptau
refused "$ambient" keys powers verify ours_0.ptau
quiet "$ambient" keys powers contribute ours_0.ptau -o p1.ptau --name "ours, the first" -e dice
quiet snarkjs powersoftau contribute p1.ptau p2.ptau --name=theirs -e=coins
quiet "$ambient" keys powers contribute p2.ptau -o p3.ptau
quiet their_verify p3.ptau
quiet "$ambient" keys powers verify p3.ptau
quiet "$ambient" keys powers beacon p3.ptau -o ours_4.ptau --beacon $beacon --iterations 11 --name end
quiet snarkjs powersoftau beacon p3.ptau theirs_4.ptau $beacon 11 --name=end
cmp ours_4.ptau theirs_4.ptau
quiet "$ambient" keys powers prepare ours_4.ptau -o ours.ptau
quiet snarkjs powersoftau prepare phase2 theirs_4.ptau theirs.ptau
cmp ours.ptau theirs.ptau
quiet their_verify ours.ptau
quiet "$ambient" keys powers verify theirs.ptau
# One bit of a point in the middle of section 2: refused by both.
cp ours.ptau spoiled.ptau
printf '\377' | dd of=spoiled.ptau bs=1 seek=3000 conv=notrunc 2>/dev/null
refused "$ambient" keys powers verify spoiled.ptau
refused their_verify spoiled.ptau
echo "powers of tau agree, up to 2^$power"
