pragma circom 2.0.0;
include "smt/smtverifier.circom";
component main {public [root, key, value]} = SMTVerifier(10);
