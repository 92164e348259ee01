/* mul.h - chains of field multiplications, one file for each CPU level. */
#ifndef BENCH_BN254_MUL_H
#define BENCH_BN254_MUL_H

#include "bn254/fp.h"

/* As many independent chains as the widest level works on at once. */
enum { MUL_CHAINS = 16 };

/* x[i] = x[i] y[i]^n; canonical results. */
void mul_chain_c(fp x[MUL_CHAINS], const fp y[MUL_CHAINS], unsigned n);
void mul_chain_adx(fp x[MUL_CHAINS], const fp y[MUL_CHAINS], unsigned n);
void mul_chain_ifma(fp x[MUL_CHAINS], const fp y[MUL_CHAINS], unsigned n);

#endif
