pragma circom 2.0.0;
include "poseidon.circom";
include "switcher.circom";
// Membership in a Poseidon Merkle tree of depth 20.
template Merkle(depth) {
    signal input leaf;
    signal input side[depth];
    signal input sibling[depth];
    signal output root;
    signal level[depth + 1];
    component sw[depth];
    component h[depth];
    level[0] <== leaf;
    for (var i = 0; i < depth; i++) {
        side[i] * (side[i] - 1) === 0;
        sw[i] = Switcher();
        sw[i].sel <== side[i];
        sw[i].L <== level[i];
        sw[i].R <== sibling[i];
        h[i] = Poseidon(2);
        h[i].inputs[0] <== sw[i].outL;
        h[i].inputs[1] <== sw[i].outR;
        level[i + 1] <== h[i].out;
    }
    root <== level[depth];
}
component main = Merkle(20);
