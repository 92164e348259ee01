/* ckey.h - Groth16 with a committed first stage: its proving key, prover and setup.
 *
 * Wires are z = (1, public, stage 1, stage 2).  The prover commits to stage 1, draws a
 * challenge from a transcript that holds the commitment, fills stage 2 and finishes:
 *
 *     D = sum_1 z_i [K_i/d1] + kappa [d2]                K_i = beta u_i + alpha v_i + w_i
 *     A = alpha + sum z_i [u_i] + r d2                   B = beta + sum z_i [v_i] + s d2
 *     C = sum_2 z_i [K_i/d2] + [hZ/d2] + s A + r B1 - r s d2 - kappa d1
 *     e(A, B) = e(alpha, beta) e(IC(public), gamma) e(C, d2) e(D, d1)
 *
 * D has its own trapdoor d1, so the equation itself proves knowledge of its opening; a
 * commitment used outside this equation would need a proof of its own.
 *
 * The quotient takes four transforms.  With c(X) = C z on the domain and d(X) the
 * interpolation of (A z)(B z) on the odd coset g<w>, g^n = -1, h = (c - d) / 2, so
 *
 *     [hZ/d2] = sum z_k [w_k Z / 2 d2] - sum_i d_i [L_i(tau) Z / 2 d2]
 *
 * where the first sum is inside L for stage 2 (L_k = [(K_k + w_k Z / 2) / d2]) and the
 * X points carry the few public and stage-1 wires with w_k not 0.
 *
 * File ("avck" version 2, binfile.h; points in memory form): 1 header: p, r, wires,
 * public, stage 1, rows, log2 of the domain, X points, then [alpha]1 [beta]1 [d1]1 [d2]1
 * [beta]2 [d2]2; 2 the verifying key's canonical bytes; 3 A, 4 B1, 5 B2: the points of wires
 * that occur in the matrix, all others are at infinity; 6 D: a point a stage-1 wire; 7 L: a
 * point a stage-2 wire; 8 the wires (u32) of the X points, 9 the X points; 10 H: a point a row
 * of the domain; 11, 12: which wires have points in A, and in B: a bit a wire, in words of 64
 * bits, low bits first.  The constraint system itself is not in the file: its digest is in
 * the verifying key. */
#ifndef GROTH16_CKEY_H
#define GROTH16_CKEY_H

#include "groth16/cs.h"
#include "groth16/proof.h"
#include "groth16/vkey.h"
#include "groth16/work.h"

struct ckey {
    struct binfile file;
    struct vkey *vk; /* owned, prepared */
    uint32_t n_wires, n_public, n_stage1, n_rows, n_x;
    unsigned log_domain;
    g1_affine alpha1, beta1, d1_1, d2_1;
    g2_affine beta2, d2_2;
    /* memory form, any alignment */
    const unsigned char *a, *b1, *b2, *d, *l, *x_wires, *x, *h;
    struct ckey_index {
        uint64_t *live;   /* owned; a bit a wire */
        uint32_t *before; /* owned; see struct msm_points */
        uint32_t n;       /* bits that are set */
    } of_a, of_b;
};

/* Checks sizes, the header's points, the verifying key, and that the two belong
 * together; the points of the sections are ckey_check_points's. */
int ckey_open(struct ckey *k, const char *path, struct err *err);
int ckey_parse(struct ckey *k, const char *name, const void *p, size_t n, struct err *err);
void ckey_release(struct ckey *k);
int ckey_check_points(const struct ckey *k, struct threads *threads, struct err *err);
/* The key was made for such a circuit. */
int ckey_check_circuit(const struct ckey *k, const struct cs_shape *shape, struct err *err);

/* The secret that hides stage 1 in D; from commit to prove, then wiped by prove. */
struct ckey_opening {
    fr_bits kappa;
};

/* z1: the n_stage1 values of stage 1, canonical. */
int ckey_commit(g1_affine *d, struct ckey_opening *opening, const struct ckey *k,
                const fr_bits z1[], struct work *work, struct err *err);

/* Where A z and B z come from: fills a and b, 2^log_domain values each in Montgomery
 * form, zero from n_rows on.  z is plain; what of it is not stage 1 may be filled here. */
struct ckey_rows {
    int (*eval)(void *arg, fr a[], fr b[], fr_bits z[], struct threads *threads, struct err *err);
    void *arg;
    uint32_t n_wires, n_rows; /* of what evaluates: ckey_prove compares them with the key's, */
    unsigned log_domain;      /* whose arrays it fills and reads */
};
/* Rows of a constraint system, which should be the key's (ckey_check_circuit); z is whole. */
struct ckey_rows ckey_rows_of(const struct cs *c);

/* z: all n_wires values, canonical, z[0] = 1, with the same stage 1 as was committed; what rows
 * fills of it may be anything before. */
int ckey_prove(struct groth16_proof *out, const struct ckey *k, struct ckey_rows rows, fr_bits z[],
               struct ckey_opening *opening, struct work *work, struct err *err);

/* Makes a key.  seed NULL: trapdoors from the operating system, wiped; else from the 32
 * bytes, for tests, and the key says so (vkey.local_test) and is refused by default. */
int ckey_setup(const char *out_path, const struct cs *c, const uint8_t seed[32], struct work *work,
               struct err *err);

#endif
