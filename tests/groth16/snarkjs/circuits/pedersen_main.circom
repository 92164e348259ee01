pragma circom 2.0.0;
include "pedersen.circom";
component main = Pedersen(64);
