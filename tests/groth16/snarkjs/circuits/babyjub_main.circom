pragma circom 2.0.0;
include "babyjub.circom";
component main = BabyPbk();
