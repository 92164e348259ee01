/* ntt_c.h - the portable transforms behind ntt.h; internal. */
#ifndef BN254_NTT_C_H
#define BN254_NTT_C_H

#include "bn254/kernels.h"

size_t ntt_table_size_c(unsigned log_n);
void ntt_init_c(struct ntt *t, struct threads *threads);
void ntt_run_c(const struct ntt *t, enum ntt_map map, fr a[], struct threads *threads);
void fr_mul_sub_c(fr out[], const fr a[], const fr b[], const fr c[], size_t n);
void fr_to_bits_n_c(fr_bits out[], const fr a[], size_t n);
void fr_from_bits_n_c(fr out[], const fr_bits a[], size_t n);

#endif
