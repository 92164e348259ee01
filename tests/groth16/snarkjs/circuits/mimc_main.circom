pragma circom 2.0.0;
include "mimcsponge.circom";
component main {public [ins]} = MiMCSponge(2, 220, 2);
