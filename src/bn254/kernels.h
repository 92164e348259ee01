/* kernels.h - the table of whole kernels that a CPU level provides; internal.
 *
 * kernels_c is complete.  x86/ fills kernels_adx and kernels_ifma; bn254_kernels()
 * hands out the one in force. */
#ifndef BN254_KERNELS_H
#define BN254_KERNELS_H

#include "bn254/cpu.h"
#include "bn254/fr_rows.h"
#include "bn254/msm.h"
#include "bn254/msm_kernel.h"
#include "bn254/ntt.h"
#include "bn254/pairing.h"

enum ntt_map { NTT_FORWARD, NTT_INVERSE, NTT_TO_COSET, NTT_FROM_COSET };

struct bn254_kernels {
    enum bn254_level level;
    const struct msm_kernel *msm_g1, *msm_g2;

    /* The transforms of ntt.h, in the tables' own form; ntt_init fills t->table. */
    size_t (*ntt_table_size)(unsigned log_n);
    void (*ntt_init)(struct ntt *t, struct threads *threads);
    void (*ntt_run)(const struct ntt *t, enum ntt_map map, fr a[], struct threads *threads);
    /* One piece of fr_mul_sub_n and of the conversions. */
    void (*fr_mul_sub)(fr out[], const fr a[], const fr b[], const fr c[], size_t n);
    void (*fr_to_bits)(fr_bits out[], const fr a[], size_t n);
    void (*fr_from_bits)(fr out[], const fr_bits a[], size_t n);
    const struct fr_rows_kernel *fr_rows;

    /* First bad point of a piece, or n. */
    size_t (*g1_find_invalid)(const void *points, size_t n);
    size_t (*g2_find_invalid)(const void *points, size_t n);

    void (*g1_mul)(g1 *out, const g1_affine *a, const fr_bits *k);
    void (*g1_mul_var)(g1 *out, const g1_affine *a, const fr_bits *k);
    void (*g1_mul_sum)(g1 *out, const g1_affine a[], const fr_bits k[], size_t n);
    void (*g1_mul_n)(g1_affine out[], const g1_affine a[], const fr_bits k[], size_t n);
    void (*g1_mul_n_var)(g1_affine out[], const g1_affine a[], const fr_bits k[], size_t n);
    void (*g2_mul)(g2 *out, const g2_affine *a, const fr_bits *k);
    void (*g2_mul_var)(g2 *out, const g2_affine *a, const fr_bits *k);

    void (*g2_prepare)(struct g2_prepared *out, const g2_affine *q);
    size_t (*miller)(fp12 *out, const struct pairing_pair pairs[], size_t n);
    void (*final_exp)(fp12 *out, const fp12 *a);
    void (*gt_pow)(fp12 *out, const fp12 *a, const fr_bits *k);
};

extern const struct bn254_kernels kernels_c;

const struct bn254_kernels *bn254_kernels(void);
/* The table of one level; NULL when this build or machine lacks it. */
const struct bn254_kernels *bn254_kernels_at(enum bn254_level level);

#endif
