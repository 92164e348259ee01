/* ntt_ifma.h - the AVX-512 IFMA transforms and vector loops; internal. */
#ifndef BN254_X86_NTT_IFMA_H
#define BN254_X86_NTT_IFMA_H

#include "bn254/kernels.h"

size_t ntt_table_size_ifma(unsigned log_n);
void ntt_init_ifma(struct ntt *t, struct threads *threads);
void ntt_run_ifma(const struct ntt *t, enum ntt_map map, fr a[], struct threads *threads);
void fr_mul_sub_ifma(fr out[], const fr a[], const fr b[], const fr c[], size_t n);
void fr_to_bits_n_ifma(fr_bits out[], const fr a[], size_t n);
void fr_from_bits_n_ifma(fr out[], const fr_bits a[], size_t n);

#endif
