/* ptau_check.c - whether powers of tau are what they claim.
 *
 * Let c be random scalars.  Powers: sum c_i [tau^(i+1)] against sum c_i [tau^i] by a
 * pairing with ([tau]2, [1]2), for each of tau1, alpha1, beta1, and across G1 and G2
 * for tau2.  Lagrange: sum c_j L_j(tau) must equal sum_i C_i tau^i where C interpolates
 * c on the domain. */
#include <string.h>

#include "base/rng.h"
#include "bn254/msm.h"
#include "bn254/ntt.h"
#include "groth16/field_io.h"
#include "groth16/mpc.h"
#include "groth16/ptau.h"
#include "groth16/ptau_make.h"

struct check {
    const struct ptau *p;
    struct work *work;
    fr_bits *c;       /* 2n random scalars, short: 128 bits */
    fr_bits *coeffs;  /* their interpolation */
    g2_affine tau2_1; /* [tau]2 */
    size_t bytes;     /* of each array */
};

static int fail(const struct ptau *p, const char *what, struct err *err)
{
    return err_set(err, VCP_EVERIFY, "%s: %s", p->file.name, what);
}

static int valid_g1(const struct check *k, const unsigned char *at, size_t n, const char *what,
                    struct err *err)
{
    size_t bad = g1_find_invalid(at, n, k->work->threads);
    if (bad == n)
        return VCP_OK;
    return err_set(err, VCP_EFORMAT, "%s: point %zu of %s is not on the curve", k->p->file.name,
                   bad, what);
}

static int msm1(g1_affine *out, const struct check *k, const unsigned char *at, const fr_bits c[],
                size_t n, struct err *err)
{
    g1 sum;
    int rc = work_msm_g1(&sum, at, c, n, k->work, WORK_REST, err);
    if (rc == VCP_OK)
        g1_to_affine(out, &sum);
    return rc;
}

static int msm2(g2_affine *out, const struct check *k, const unsigned char *at, const fr_bits c[],
                size_t n, struct err *err)
{
    g2 sum;
    int rc = work_msm_g2(&sum, at, c, n, k->work, WORK_REST, err);
    if (rc == VCP_OK)
        g2_to_affine(out, &sum);
    return rc;
}

/* p[i+1] = tau p[i] for all i < n - 1. */
static int check_powers(const struct check *k, const unsigned char *at, size_t n, const char *what,
                        struct err *err)
{
    g1_affine lo, hi;
    int rc = valid_g1(k, at, n, what, err);
    if (rc == VCP_OK)
        rc = msm1(&lo, k, at, k->c, n - 1, err);
    if (rc == VCP_OK)
        rc = msm1(&hi, k, at + G1_BYTES, k->c, n - 1, err);
    if (rc == VCP_OK && !mpc_same_ratio(&lo, &hi, &g2_generator, &k->tau2_1))
        rc = fail(k->p, what, err);
    return rc;
}

static int check_powers_g2(const struct check *k, size_t n, struct err *err)
{
    g2_affine s2;
    g1_affine s1;
    size_t bad = g2_find_invalid(k->p->tau2, n, k->work->threads);
    int rc;

    if (bad != n)
        return err_set(err, VCP_EFORMAT, "%s: power %zu of tau is not in G2", k->p->file.name, bad);
    if ((rc = msm1(&s1, k, k->p->tau1, k->c, n, err)) < 0 ||
        (rc = msm2(&s2, k, k->p->tau2, k->c, n, err)) < 0)
        return rc;
    if (!mpc_same_ratio(&g1_generator, &s1, &g2_generator, &s2))
        return fail(k->p, "the powers of tau in G1 and G2 differ", err);
    return VCP_OK;
}

static int check_lagrange(const struct check *k, const unsigned char *powers,
                          const unsigned char *lagrange, size_t n, const char *what,
                          struct err *err)
{
    g1_affine a, b;
    int rc = valid_g1(k, lagrange, n, what, err);
    if (rc == VCP_OK)
        rc = msm1(&a, k, lagrange, k->c, n, err);
    if (rc == VCP_OK)
        rc = msm1(&b, k, powers, k->coeffs, n, err);
    if (rc == VCP_OK && !g1_affine_eq(&a, &b))
        rc = err_set(err, VCP_EVERIFY, "%s: the %s does not belong to the powers", k->p->file.name,
                     what);
    return rc;
}

static int check_lagrange_g2(const struct check *k, unsigned log_n, struct err *err)
{
    size_t n = (size_t)1 << log_n;
    const unsigned char *at = ptau_lagrange(k->p->lagrange2, log_n, G2_BYTES);
    size_t bad = g2_find_invalid(at, n, k->work->threads);
    g2_affine a, b;
    int rc;

    if (bad != n)
        return err_set(err, VCP_EFORMAT, "%s: Lagrange point %zu is not in G2", k->p->file.name,
                       bad);
    if ((rc = msm2(&a, k, at, k->c, n, err)) < 0 ||
        (rc = msm2(&b, k, k->p->tau2, k->coeffs, n, err)) < 0)
        return rc;
    return g2_affine_eq(&a, &b)
               ? VCP_OK
               : fail(k->p, "the Lagrange basis in G2 does not belong to the powers", err);
}

/* coeffs = the interpolation of c on the domain 2^log_n. */
static int interpolate(struct check *k, unsigned log_n, struct err *err)
{
    size_t bytes = ntt_table_size(log_n);
    struct ntt ntt;
    void *table;
    int rc;

    if (log_n == 0) {
        k->coeffs[0] = k->c[0];
        return VCP_OK;
    }
    rc = work_alloc(&table, k->work, bytes, "the tables of the NTT", err);

    if (rc < 0)
        return rc;
    ntt_init(&ntt, log_n, table, k->work->threads);
    fr_from_bits_n((fr *)k->coeffs, k->c, (size_t)1 << log_n);
    ntt_inverse(&ntt, (fr *)k->coeffs, k->work->threads);
    fr_to_bits_n(k->coeffs, (fr *)k->coeffs, (size_t)1 << log_n);
    work_free(k->work, table, bytes);
    return VCP_OK;
}

static int check_bases(struct check *k, unsigned log_n, struct err *err)
{
    const struct ptau *p = k->p;
    size_t n = (size_t)1 << log_n;
    int rc;

    if ((rc = interpolate(k, log_n, err)) < 0 ||
        (rc = check_lagrange(k, p->tau1, ptau_lagrange(p->lagrange1, log_n, G1_BYTES), n,
                             "Lagrange basis in G1", err)) < 0 ||
        (rc = check_lagrange(k, p->alpha1, ptau_lagrange(p->lagrange_alpha1, log_n, G1_BYTES), n,
                             "Lagrange basis times alpha", err)) < 0 ||
        (rc = check_lagrange(k, p->beta1, ptau_lagrange(p->lagrange_beta1, log_n, G1_BYTES), n,
                             "Lagrange basis times beta", err)) < 0 ||
        (rc = check_lagrange_g2(k, log_n, err)) < 0)
        return rc;
    return VCP_OK;
}

/* The basis of 2n, whose odd half makes the H points.  For the whole power the file is
 * short of tau^(2n-1), and snarkjs takes that point as zero. */
static int check_h_basis(struct check *k, unsigned log_n, struct err *err)
{
    const struct ptau *p = k->p;
    size_t n2 = (size_t)2 << log_n, n_powers = ((size_t)2 << p->power) - 1;
    const unsigned char *at = ptau_lagrange(p->lagrange1, log_n + 1, G1_BYTES);
    g1_affine a, b;
    int rc;

    if ((rc = interpolate(k, log_n + 1, err)) < 0 ||
        (rc = valid_g1(k, at, n2, "double Lagrange basis", err)) < 0 ||
        (rc = msm1(&a, k, at, k->c, n2, err)) < 0 ||
        (rc = msm1(&b, k, p->tau1, k->coeffs, n2 < n_powers ? n2 : n_powers, err)) < 0)
        return rc;
    return g1_affine_eq(&a, &b)
               ? VCP_OK
               : fail(p, "the double Lagrange basis does not belong to the powers", err);
}

static int check_generators(struct check *k, struct err *err)
{
    const struct ptau *p = k->p;
    g1_affine one1, beta1;
    g2_affine one2, beta2;

    if (!g1_load(&one1, p->tau1) || !g1_affine_eq(&one1, &g1_generator) ||
        !g2_load(&one2, p->tau2) || !g2_affine_eq(&one2, &g2_generator))
        return fail(p, "power 0 of tau is not the generator", err);
    if (!g2_load(&k->tau2_1, p->tau2 + G2_BYTES) || g2_affine_is_infinity(&k->tau2_1))
        return fail(p, "[tau]2 is not a point of G2 other than infinity", err);
    if (!g1_load(&beta1, p->beta1) || !g2_load(&beta2, p->beta2) ||
        !mpc_same_ratio(&g1_generator, &beta1, &g2_generator, &beta2))
        return fail(p, "[beta]1 and [beta]2 differ", err);
    return VCP_OK;
}

/* The powers that a domain of 2^log_n uses. */
static int check_all_powers(struct check *k, unsigned log_n, struct err *err)
{
    const struct ptau *p = k->p;
    size_t n = (size_t)1 << log_n, n_powers = ((size_t)2 << p->power) - 1;
    int rc;

    if ((rc = check_generators(k, err)) < 0 ||
        (rc = check_powers(k, p->tau1, 2 * n < n_powers ? 2 * n : n_powers,
                           "the powers of tau are not powers", err)) < 0 ||
        (rc = check_powers(k, p->alpha1, n, "alpha's powers are not powers of the same tau", err)) <
            0 ||
        (rc = check_powers(k, p->beta1, n, "beta's powers are not powers of the same tau", err)) <
            0)
        return rc;
    return check_powers_g2(k, n, err);
}

/* Room for the random scalars of a domain and of twice that, drawn; check_release after. */
static int check_init(struct check *k, const struct ptau *p, unsigned log_n, struct work *work,
                      struct err *err)
{
    size_t bytes = (sizeof(fr_bits) * 2) << log_n;
    void *c = NULL, *coeffs = NULL;
    int rc;

    *k = (struct check){.p = p, .work = work};
    if (log_n >= NTT_LOG_MAX) /* the basis of twice the domain is transformed too */
        return err_set(err, VCP_ELIMIT, "%s: a domain of 2^%u, at most 2^%d", p->file.name, log_n,
                       NTT_LOG_MAX - 1);
    if ((rc = work_alloc(&c, work, bytes, "random scalars", err)) < 0)
        return rc;
    if ((rc = work_alloc(&coeffs, work, bytes, "their interpolation", err)) < 0) {
        work_free(work, c, bytes);
        return rc;
    }
    k->c = c;
    k->coeffs = coeffs;
    k->bytes = bytes;
    for (size_t i = 0; i < (size_t)2 << log_n; i++) {
        rng_bytes(k->c[i].l, 16);
        k->c[i].l[2] = k->c[i].l[3] = 0;
    }
    return VCP_OK;
}

static void check_release(struct check *k)
{
    work_free(k->work, k->c, k->bytes);
    work_free(k->work, k->coeffs, k->bytes);
}

int ptau_check_domain(const struct ptau *p, unsigned log_n, struct work *work, struct err *err)
{
    struct check k;
    int rc = ptau_check_prepared(p, err);

    if (rc < 0)
        return rc;
    if (log_n == 0 || log_n > p->power)
        return err_set(err, VCP_EINVAL, "%s: power %u has no domain of 2^%u", p->file.name,
                       p->power, log_n);
    if ((rc = check_init(&k, p, log_n, work, err)) < 0)
        return rc;
    if ((rc = check_all_powers(&k, log_n, err)) == VCP_OK &&
        (rc = check_bases(&k, log_n, err)) == VCP_OK)
        rc = check_h_basis(&k, log_n, err);
    check_release(&k);
    return rc;
}

/* ---- the whole file ---- */

/* The last contribution's points are the file's. */
static int check_last(const struct ptau *p, const struct ptau_contribution *c, struct err *err)
{
    if (memcmp(&c->tau1, p->tau1 + G1_BYTES, G1_BYTES) != 0 ||
        memcmp(&c->tau2, p->tau2 + G2_BYTES, G2_BYTES) != 0 ||
        memcmp(&c->alpha1, p->alpha1, G1_BYTES) != 0 ||
        memcmp(&c->beta1, p->beta1, G1_BYTES) != 0 || memcmp(&c->beta2, p->beta2, G2_BYTES) != 0)
        return fail(p, "its points are not those of the last contribution", err);
    return VCP_OK;
}

/* And hash to its next challenge; a file cut down lacks what was hashed. */
static int check_challenge(const struct ptau *p, const struct ptau_contribution *c, struct err *err)
{
    uint8_t challenge[BLAKE2B_DIGEST_BYTES];

    if (p->ceremony_power != p->power)
        return VCP_OK;
    ptau_challenge_of(challenge, p, c);
    if (memcmp(challenge, c->next_challenge, sizeof challenge) != 0)
        return fail(p, "its points do not hash to the last contribution's next challenge", err);
    return VCP_OK;
}

static int check_chain(const struct ptau *p, struct err *err)
{
    struct ptau_chain chain;
    int rc = ptau_chain_read(&chain, &p->file, err);

    if (rc < 0)
        return rc;
    if ((rc = ptau_chain_check(&chain, p->ceremony_power, p->file.name, err)) == VCP_OK &&
        (rc = check_last(p, &chain.list[chain.n - 1], err)) == VCP_OK)
        rc = check_challenge(p, &chain.list[chain.n - 1], err);
    ptau_chain_release(&chain);
    return rc;
}

static int check_whole_bases(struct check *k, struct err *err)
{
    unsigned power = k->p->power;
    int rc = VCP_OK;

    for (unsigned log_n = 0; log_n <= power && rc == VCP_OK; log_n++)
        if ((rc = work_progress(k->work, "bases", 400 + 500 * log_n / (power + 1), err)) == VCP_OK)
            rc = check_bases(k, log_n, err);
    return rc == VCP_OK ? check_h_basis(k, power, err) : rc;
}

int ptau_check(const struct ptau *p, struct work *work, struct err *err)
{
    struct check k;
    int rc;

    if ((rc = work_progress(work, "contributions", 0, err)) < 0 || (rc = check_chain(p, err)) < 0 ||
        (rc = work_progress(work, "powers", 200, err)) < 0 ||
        (rc = check_init(&k, p, p->power, work, err)) < 0)
        return rc;
    rc = check_all_powers(&k, p->power, err);
    if (rc == VCP_OK && p->prepared)
        rc = check_whole_bases(&k, err);
    check_release(&k);
    return rc;
}
