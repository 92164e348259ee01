pragma circom 2.0.0;
include "comparators.circom";
template Compare() {
    signal input a;
    signal input b;
    signal output out[5];
    out[0] <== LessThan(64)([a, b]);
    out[1] <== GreaterEqThan(64)([a, b]);
    out[2] <== IsEqual()([a, b]);
    out[3] <== IsZero()(a - b);
    out[4] <== LessEqThan(32)([3, 4]);
}
component main {public [a]} = Compare();
