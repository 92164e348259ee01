pragma circom 2.0.0;
include "mux4.circom";
include "gates.circom";
template Choose() {
    signal input c[16];
    signal input s[4];
    signal output out;
    signal output all;
    component m = Mux4();
    component and = MultiAND(4);
    for (var i = 0; i < 16; i++)
        m.c[i] <== c[i];
    for (var i = 0; i < 4; i++) {
        s[i] * (s[i] - 1) === 0;
        m.s[i] <== s[i];
        and.in[i] <== s[i];
    }
    out <== m.out;
    all <== and.out;
}
component main {public [c]} = Choose();
