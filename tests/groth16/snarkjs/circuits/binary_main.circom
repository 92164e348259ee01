pragma circom 2.0.0;
include "bitify.circom";
include "binsum.circom";
template Binary() {
    signal input a;
    signal input b;
    signal output sum;
    signal output strict[254];
    component sa = Num2Bits(64);
    component sb = Num2Bits(64);
    component add = BinSum(64, 2);
    component back = Bits2Num(65);
    component s = Num2Bits_strict();
    sa.in <== a;
    sb.in <== b;
    for (var i = 0; i < 64; i++) {
        add.in[0][i] <== sa.out[i];
        add.in[1][i] <== sb.out[i];
    }
    for (var i = 0; i < 65; i++)
        back.in[i] <== add.out[i];
    sum <== back.out;
    s.in <== a * b;
    for (var i = 0; i < 254; i++)
        strict[i] <== s.out[i];
}
component main = Binary();
