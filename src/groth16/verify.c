/* verify.c - see verify.h. */
#include "groth16/verify.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "bn254/msm.h"

/* ---- the public inputs' point ---- */

#define STRAUS_POINTS 8 /* points whose doublings are shared; 8 tables of 15 on the stack */
#define STRAUS_BITS   4

static unsigned nibble(const fr_bits *k, unsigned i)
{
    return (unsigned)(k->l[i / 16] >> (4 * (i % 16))) & 15u;
}

/* acc = sum of k[i] p[i] for up to STRAUS_POINTS points, 4 bits of each at a time. */
static void straus(g1 *acc, const g1_affine p[], const fr_bits k[], size_t n)
{
    g1 table[STRAUS_POINTS][(1 << STRAUS_BITS) - 1];

    for (size_t i = 0; i < n; i++) {
        g1_from_affine(&table[i][0], &p[i]);
        for (unsigned j = 1; j < (1u << STRAUS_BITS) - 1; j++)
            g1_add_affine(&table[i][j], &table[i][j - 1], &p[i]);
    }
    *acc = g1_infinity;
    for (unsigned d = 64; d-- > 0;) {
        for (unsigned j = 0; j < STRAUS_BITS; j++)
            g1_dbl(acc, acc);
        for (size_t i = 0; i < n; i++)
            if (nibble(&k[i], d) != 0)
                g1_add(acc, acc, &table[i][nibble(&k[i], d) - 1]);
    }
}

void verify_sum_init(struct verify_sum *s, const struct vkey *vk)
{
    s->vk = vk;
    s->n = 0;
    g1_from_affine(&s->point, &vk->ic[0]);
}

void verify_sum_add(struct verify_sum *s, const fr_bits inputs[], size_t n)
{
    g1 part;

    assert(n <= s->vk->n_public - s->n);
    for (size_t i = 0; i < n; i += STRAUS_POINTS) {
        size_t m = n - i < STRAUS_POINTS ? n - i : STRAUS_POINTS;
        straus(&part, s->vk->ic + 1 + s->n + i, inputs + i, m);
        g1_add(&s->point, &s->point, &part);
    }
    s->n += n;
}

/* ---- checks before the equation ---- */

static int check_inputs(const struct vkey *vk, const fr_bits in[], size_t n, struct err *err)
{
    if (n != vk->n_public)
        return err_set(err, VCP_EINVAL, "%zu public inputs, but the key wants %u", n, vk->n_public);
    for (size_t i = 0; i < n; i++)
        if (!fr_bits_is_canonical(&in[i]))
            return err_set(err, VCP_EINVAL, "public input %zu is not below r", i);
    return VCP_OK;
}

static int check_g1(const g1_affine *p, char name, struct err *err)
{
    if (!g1_affine_is_on_curve(p))
        return err_set(err, VCP_EVERIFY, "proof: %c is not on the curve", name);
    if (g1_affine_is_infinity(p))
        return err_set(err, VCP_EVERIFY, "proof: %c is the point at infinity", name);
    return VCP_OK;
}

static int check_points(const struct groth16_proof *p, const g1_affine *d, struct err *err)
{
    int rc;
    if ((rc = check_g1(&p->a, 'A', err)) < 0 || (rc = check_g1(&p->c, 'C', err)) < 0 ||
        (d && (rc = check_g1(d, 'D', err)) < 0))
        return rc;
    if (!g2_affine_is_on_curve(&p->b))
        return err_set(err, VCP_EVERIFY, "proof: B is not on the curve");
    if (g2_affine_is_infinity(&p->b))
        return err_set(err, VCP_EVERIFY, "proof: B is the point at infinity");
    return VCP_OK;
}

static int check_proof(const struct groth16_proof *p, const g1_affine *d, struct err *err)
{
    int rc = check_points(p, d, err);
    if (rc == VCP_OK && !g2_affine_in_subgroup(&p->b))
        rc = err_set(err, VCP_EVERIFY, "proof: B is not in the subgroup of order r");
    return rc;
}

static int check_kind(const struct vkey *vk, const g1_affine *d, struct err *err)
{
    if (vk->committed == (d != NULL))
        return VCP_OK;
    return err_set(err, VCP_EINVAL,
                   vk->committed ? "the key wants a stage-1 commitment and there is none"
                                 : "a stage-1 commitment, but the key is plain Groth16");
}

/* ---- one proof ---- */

int groth16_verify_sum(const struct verify_sum *s, const g1_affine *d,
                       const struct groth16_proof *proof, struct err *err)
{
    const struct vkey *vk = s->vk;
    struct g2_prepared b_lines;
    const struct g2_prepared *q[4] = {&b_lines, &vk->gamma_lines, &vk->delta2_lines,
                                      &vk->delta1_lines};
    g1_affine p[4];
    fp12 f;
    int rc;

    if ((rc = check_kind(vk, d, err)) < 0 || (rc = check_proof(proof, d, err)) < 0)
        return rc;
    if (s->n != vk->n_public)
        return err_set(err, VCP_EINVAL, "%zu public inputs, but the key wants %u", s->n,
                       vk->n_public);
    g2_prepare(&b_lines, &proof->b);
    g1_affine_neg(&p[0], &proof->a);
    g1_to_affine(&p[1], &s->point);
    p[2] = proof->c;
    if (d)
        p[3] = *d;
    pairing_miller(&f, p, q, d ? 4 : 3);
    fp12_mul(&f, &f, &vk->alpha_beta);
    pairing_final_exp(&f, &f);
    if (!fp12_is_one(&f))
        return err_set(err, VCP_EVERIFY, "the proof does not hold for this key and these inputs");
    return VCP_OK;
}

static int verify_one(const struct vkey *vk, const fr_bits in[], size_t n_in, const g1_affine *d,
                      const struct groth16_proof *proof, struct err *err)
{
    struct verify_sum sum;
    int rc = check_kind(vk, d, err);

    if (rc == VCP_OK)
        rc = check_inputs(vk, in, n_in, err);
    if (rc < 0)
        return rc;
    verify_sum_init(&sum, vk);
    verify_sum_add(&sum, in, n_in);
    return groth16_verify_sum(&sum, d, proof, err);
}

int groth16_verify(const struct vkey *vk, const fr_bits public_inputs[], size_t n_public,
                   const struct groth16_proof *proof, struct err *err)
{
    return verify_one(vk, public_inputs, n_public, NULL, proof, err);
}

int groth16_verify_committed(const struct vkey *vk, const fr_bits public_inputs[], size_t n_public,
                             const g1_affine *d, const struct groth16_proof *proof, struct err *err)
{
    return verify_one(vk, public_inputs, n_public, d, proof, err);
}

/* ---- many proofs ----
 *
 * With a random rho_j for claim j, and sums over the claims of each key k:
 *
 *   prod_j e(-rho_j A_j, B_j) * prod_k e(alpha, beta)^(R_k) e(sum rho_j P_j, gamma)
 *          e(sum rho_j C_j, delta2) e(sum rho_j D_j, delta1) = 1,   R_k = sum rho_j
 *
 * e(alpha, beta)^R is one more Miller loop, with [R] alpha.  Every key's sums are
 * computed by the pieces below; a piece is a run of claims. */

#define PIECE_CLAIMS 8 /* share the squarings of one Miller loop; 18 KiB of lines each */

struct key_sums {
    const struct vkey *vk;
    g1 pub, c, d;
    fr weight; /* R_k */
};

struct batch {
    const struct groth16_claim *claims;
    size_t n;
    fr_bits *rho;
    fp12 *miller; /* one a piece */
    int *rc;      /* of the checks, one a claim */
};

static void random_rho(fr_bits *out)
{
    memset(out, 0, sizeof *out);
    do {
        rng_bytes(out->l, 16);
    } while ((out->l[0] | out->l[1]) == 0);
}

/* Everything but B's subgroup, which is checked for all claims together. */
static int check_claim(const struct groth16_claim *c)
{
    int rc = check_kind(c->vk, c->d, NULL);
    if (rc == VCP_OK)
        rc = check_inputs(c->vk, c->public_inputs, c->vk->n_public, NULL);
    if (rc == VCP_OK)
        rc = check_points(c->proof, c->d, NULL);
    return rc;
}

/* Checks the claims of one piece and multiplies their e(-rho A, B). */
static void batch_piece(void *arg, size_t piece)
{
    struct batch *b = arg;
    size_t lo = piece * PIECE_CLAIMS;
    size_t n = b->n - lo < PIECE_CLAIMS ? b->n - lo : PIECE_CLAIMS;
    struct g2_prepared *lines = malloc(n * sizeof *lines);
    const struct g2_prepared *q[PIECE_CLAIMS];
    g1 ra[PIECE_CLAIMS];
    g1_affine a[PIECE_CLAIMS];
    fp scratch[PIECE_CLAIMS];

    for (size_t i = 0; i < n; i++)
        b->rc[lo + i] = lines ? check_claim(&b->claims[lo + i]) : VCP_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        if (b->rc[lo + i] < 0) {
            free(lines);
            return; /* the batch has failed */
        }
        const struct groth16_proof *p = b->claims[lo + i].proof;
        g1_mul_var(&ra[i], &p->a, &b->rho[lo + i]);
        g1_neg(&ra[i], &ra[i]);
        g2_prepare(&lines[i], &p->b);
        q[i] = &lines[i];
    }
    g1_to_affine_n(a, ra, n, scratch);
    pairing_miller(&b->miller[piece], a, q, n);
    free(lines);
}

static void add_multiple(g1 *acc, const g1_affine *p, const fr_bits *k)
{
    g1 t;
    g1_mul_var(&t, p, k);
    g1_add(acc, acc, &t);
}

/* The three or four Miller loops of one key. */
static void finish_key(fp12 *f, const struct key_sums *s)
{
    struct g2_prepared beta_lines;
    const struct g2_prepared *q[4] = {&beta_lines, &s->vk->gamma_lines, &s->vk->delta2_lines,
                                      &s->vk->delta1_lines};
    g1 alpha;
    g1_affine p[4];
    fr_bits weight;
    fp12 m;

    fr_to_bits(&weight, &s->weight);
    g1_mul_var(&alpha, &s->vk->alpha1, &weight);
    g1_to_affine(&p[0], &alpha);
    g1_to_affine(&p[1], &s->pub);
    g1_to_affine(&p[2], &s->c);
    g1_to_affine(&p[3], &s->d);
    g2_prepare(&beta_lines, &s->vk->beta2);
    pairing_miller(&m, p, q, s->vk->committed ? 4 : 3);
    fp12_mul(f, f, &m);
}

/* sum over the claims of vk of rho (1, z): one public point for all of them. */
static void sum_publics(struct key_sums *s, const struct batch *b, fr weights[], fr_bits bits[])
{
    for (uint32_t i = 0; i < s->vk->n_public; i++)
        weights[i] = fr_zero;
    s->weight = fr_zero;
    for (size_t j = 0; j < b->n; j++) {
        fr rho, z;
        if (b->claims[j].vk != s->vk)
            continue;
        fr_from_bits(&rho, &b->rho[j]);
        fr_add(&s->weight, &s->weight, &rho);
        for (uint32_t i = 0; i < s->vk->n_public; i++) {
            fr_from_bits(&z, &b->claims[j].public_inputs[i]);
            fr_mul(&z, &z, &rho);
            fr_add(&weights[i], &weights[i], &z);
        }
    }
    fr_to_bits_n(bits, weights, s->vk->n_public);
    /* A verify_sum counts IC_0 once; it is wanted weight times. */
    struct verify_sum sum;
    fr rest;
    fr_bits rest_bits;
    fr_sub(&rest, &s->weight, &fr_one);
    fr_to_bits(&rest_bits, &rest);
    verify_sum_init(&sum, s->vk);
    verify_sum_add(&sum, bits, s->vk->n_public);
    s->pub = sum.point;
    add_multiple(&s->pub, &s->vk->ic[0], &rest_bits);
}

/* sum rho P over the claims of one key, P being C or D: gathered for one multi-scalar
 * multiplication. */
static int sum_points(g1 *out, const struct batch *b, const struct vkey *vk, bool d,
                      struct threads *threads, struct err *err)
{
    size_t n = 0, scratch_bytes = msm_g1_scratch_size(b->n, threads_count(threads));
    g1_affine *points = malloc(b->n * sizeof *points);
    fr_bits *k = malloc(b->n * sizeof *k);
    void *scratch = aligned_alloc(64, (scratch_bytes + 63) & ~(size_t)63);
    bool ok = points && k && scratch;

    for (size_t j = 0; ok && j < b->n; j++) {
        if (b->claims[j].vk != vk)
            continue;
        points[n] = d ? *b->claims[j].d : b->claims[j].proof->c;
        k[n++] = b->rho[j];
    }
    if (ok)
        msm_g1(out, points, k, n, threads, scratch);
    free(points);
    free(k);
    free(scratch);
    return ok ? VCP_OK : err_set(err, VCP_ENOMEM, "no memory for a batch of %zu proofs", b->n);
}

static int add_key(fp12 *f, const struct batch *b, const struct vkey *vk, struct threads *threads,
                   struct err *err)
{
    struct key_sums s = {.vk = vk, .pub = g1_infinity, .c = g1_infinity, .d = g1_infinity};
    fr *weights = malloc(((size_t)vk->n_public + 1) * (sizeof(fr) + sizeof(fr_bits)));
    int rc;

    if (!weights)
        return err_set(err, VCP_ENOMEM, "no memory for the sums of %u public inputs", vk->n_public);
    sum_publics(&s, b, weights, (fr_bits *)(weights + vk->n_public + 1));
    free(weights);
    rc = sum_points(&s.c, b, vk, false, threads, err);
    if (rc == VCP_OK && vk->committed)
        rc = sum_points(&s.d, b, vk, true, threads, err);
    if (rc == VCP_OK)
        finish_key(f, &s);
    return rc;
}

/* All B in the subgroup; many at once are cheaper than one by one. */
static int check_subgroups(const struct batch *b, struct threads *threads, struct err *err)
{
    g2_affine *points = malloc(b->n * sizeof *points);
    if (!points)
        return err_set(err, VCP_ENOMEM, "no memory for a batch of %zu proofs", b->n);
    for (size_t i = 0; i < b->n; i++)
        points[i] = b->claims[i].proof->b;
    size_t bad = g2_find_invalid(points, b->n, threads);
    free(points);
    return bad == b->n ? VCP_OK : VCP_EVERIFY; /* named by the caller */
}

static bool key_seen(const struct groth16_claim claims[], size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (claims[j].vk == claims[i].vk)
            return true;
    return false;
}

static int batch_product(fp12 *f, struct batch *b, struct threads *threads, struct err *err)
{
    size_t n_pieces = (b->n + PIECE_CLAIMS - 1) / PIECE_CLAIMS;

    for (size_t i = 0; i < b->n; i++)
        random_rho(&b->rho[i]);
    int rc = check_subgroups(b, threads, err);
    if (rc < 0)
        return rc;
    threads_run(threads, n_pieces, batch_piece, b);
    for (size_t i = 0; i < b->n; i++)
        if (b->rc[i] < 0)
            return b->rc[i] == VCP_ENOMEM ? err_set(err, VCP_ENOMEM, "no memory for a batch")
                                          : VCP_EVERIFY; /* found and named by the caller */
    *f = fp12_one;
    for (size_t i = 0; i < n_pieces; i++)
        fp12_mul(f, f, &b->miller[i]);
    for (size_t i = 0; i < b->n; i++) {
        rc = key_seen(b->claims, i) ? VCP_OK : add_key(f, b, b->claims[i].vk, threads, err);
        if (rc < 0)
            return rc;
    }
    pairing_final_exp(f, f);
    return fp12_is_one(f) ? VCP_OK : VCP_EVERIFY;
}

static int find_culprit(const struct groth16_claim claims[], size_t n, size_t *bad, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        const struct groth16_claim *c = &claims[i];
        int rc = verify_one(c->vk, c->public_inputs, c->vk->n_public, c->d, c->proof, err);
        if (rc == VCP_OK)
            continue;
        if (bad)
            *bad = i;
        err_prefix(err, "proof %zu of %zu", i, n);
        return rc;
    }
    return err_set(err, VCP_EVERIFY, "the batch does not hold though each proof alone does");
}

int groth16_verify_batch(const struct groth16_claim claims[], size_t n, struct threads *threads,
                         size_t *bad, struct err *err)
{
    size_t n_pieces = (n + PIECE_CLAIMS - 1) / PIECE_CLAIMS;
    struct batch b = {.claims = claims, .n = n};
    fp12 f;
    int rc;

    if (n == 0)
        return VCP_OK;
    b.rho = calloc(n, sizeof *b.rho);
    b.miller = calloc(n_pieces, sizeof *b.miller);
    b.rc = calloc(n, sizeof *b.rc);
    if (b.rho && b.miller && b.rc)
        rc = batch_product(&f, &b, threads, err);
    else
        rc = err_set(err, VCP_ENOMEM, "no memory for a batch of %zu proofs", n);
    free(b.rho);
    free(b.miller);
    free(b.rc);
    return rc == VCP_EVERIFY ? find_culprit(claims, n, bad, err) : rc;
}
