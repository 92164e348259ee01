/* verify_batch.c - many proofs at once; see verify.h.
 *
 * With a random rho_j for claim j, and sums over the claims of each key k:
 *
 *   prod_j e(-rho_j A_j, B_j) * prod_k e(R_k alpha, beta) e(sum rho_j P_j, gamma)
 *          e(sum rho_j C_j, delta2) e(sum rho_j D_j, delta1) = 1,   R_k = sum rho_j
 *
 * The first half of the work checks the claims and makes the points of G1; the second is
 * one product of n + 3 or 4 Miller loops a key, cut into pieces for the threads. */
#include <stdlib.h>

#include "base/rng.h"
#include "bn254/msm.h"
#include "groth16/verify_checks.h"

/* Claims of one piece of the checks, and Miller loops that share their squarings. */
enum { PIECE = 32, PAIRS_OF_KEY = 4 };

struct batch {
    const struct groth16_claim *claims;
    size_t n;
    fr_bits *rho;
    int *rc;                    /* of the checks, one a claim */
    struct pairing_pair *pairs; /* one a claim, then those of the keys */
    size_t n_pairs, pairs_of_piece;
    fp12 *miller; /* one a piece */
    bool *bad;    /* likewise: some B is outside the subgroup */
};

static size_t pieces(size_t n, size_t size)
{
    return (n + size - 1) / size;
}

/* 128 random bits each, never 0. */
static void random_rhos(fr_bits out[], size_t n)
{
    uint64_t random[PIECE][2];

    for (size_t i = 0; i < n; i++) {
        if (i % PIECE == 0)
            rng_bytes(random, sizeof random);
        while ((random[i % PIECE][0] | random[i % PIECE][1]) == 0)
            rng_bytes(random[i % PIECE], sizeof random[0]);
        out[i] = (fr_bits){{random[i % PIECE][0], random[i % PIECE][1], 0, 0}};
    }
}

/* ---- the claims ---- */

/* Everything but B's subgroup, which the Miller loop tells. */
static int check_claim(const struct groth16_claim *c)
{
    int rc = verify_check_kind(c->vk, c->d, NULL);

    if (rc == VCP_OK)
        rc = verify_check_inputs(c->vk, c->public_inputs, c->vk->n_public, NULL);
    if (rc == VCP_OK)
        rc = verify_check_points(c->proof, c->d, NULL);
    return rc;
}

/* Checks the claims of one piece and makes their pairs (-rho A, B). */
static void claims_piece(void *arg, size_t piece)
{
    struct batch *b = arg;
    size_t lo = piece * PIECE, n = b->n - lo < PIECE ? b->n - lo : PIECE;
    g1_affine a[PIECE] = {{fp_zero, fp_zero}};

    for (size_t i = 0; i < n; i++) {
        b->rc[lo + i] = check_claim(&b->claims[lo + i]);
        if (b->rc[lo + i] < 0)
            return; /* the batch has failed */
        g1_affine_neg(&a[i], &b->claims[lo + i].proof->a);
    }
    g1_mul_n_var(a, a, b->rho + lo, n);
    for (size_t i = 0; i < n; i++)
        b->pairs[lo + i] = (struct pairing_pair){a[i], &b->claims[lo + i].proof->b, NULL};
}

static int check_claims(struct batch *b, struct threads *threads)
{
    threads_run(threads, pieces(b->n, PIECE), claims_piece, b);
    for (size_t i = 0; i < b->n; i++)
        if (b->rc[i] < 0)
            return VCP_EVERIFY; /* named by the caller */
    return VCP_OK;
}

/* ---- the sums of one key ---- */

/* k = sum over the claims of vk of rho (1, z): R and the multiples of IC. */
static void sum_inputs(fr_bits k[], fr sum[], const struct batch *b, const struct vkey *vk)
{
    for (uint32_t i = 0; i <= vk->n_public; i++)
        sum[i] = fr_zero;
    for (size_t j = 0; j < b->n; j++) {
        fr rho, z;
        if (b->claims[j].vk != vk)
            continue;
        fr_from_bits(&rho, &b->rho[j]);
        fr_add(&sum[0], &sum[0], &rho);
        for (uint32_t i = 0; i < vk->n_public; i++) {
            fr_from_bits(&z, &b->claims[j].public_inputs[i]);
            fr_mul(&z, &z, &rho);
            fr_add(&sum[i + 1], &sum[i + 1], &z);
        }
    }
    fr_to_bits_n(k, sum, (size_t)vk->n_public + 1);
}

/* R alpha and the public inputs' point. */
static int sum_publics(g1_affine *alpha, g1_affine *publics, const struct batch *b,
                       const struct vkey *vk, struct err *err)
{
    size_t n = (size_t)vk->n_public + 1;
    fr *sum = malloc(n * (sizeof(fr) + sizeof(fr_bits)));
    fr_bits *k = (fr_bits *)(sum + n);
    g1 t;

    if (!sum)
        return err_set(err, VCP_ENOMEM, "no memory for the sums of %u public inputs", vk->n_public);
    sum_inputs(k, sum, b, vk);
    g1_mul_var(&t, &vk->alpha1, &k[0]);
    g1_to_affine(alpha, &t);
    g1_mul_sum_var(&t, vk->ic, k, n);
    g1_to_affine(publics, &t);
    free(sum);
    return VCP_OK;
}

/* sum rho P over the claims of one key, P being C or D: gathered for one multi-scalar
 * multiplication. */
static int sum_points(g1_affine *out, const struct batch *b, const struct vkey *vk, bool d,
                      struct threads *threads, struct err *err)
{
    size_t n = 0, scratch_bytes = msm_g1_scratch_size(b->n, threads_count(threads));
    g1_affine *points = malloc(b->n * sizeof *points);
    fr_bits *k = malloc(b->n * sizeof *k);
    void *scratch = aligned_alloc(64, (scratch_bytes + 63) & ~(size_t)63);
    bool ok = points && k && scratch;
    g1 sum;

    for (size_t j = 0; ok && j < b->n; j++) {
        if (b->claims[j].vk != vk)
            continue;
        points[n] = d ? *b->claims[j].d : b->claims[j].proof->c;
        k[n++] = b->rho[j];
    }
    if (ok) {
        msm_g1(&sum, points, k, n, threads, scratch);
        g1_to_affine(out, &sum);
    }
    free(points);
    free(k);
    free(scratch);
    return ok ? VCP_OK : err_set(err, VCP_ENOMEM, "no memory for a batch of %zu proofs", b->n);
}

/* The three or four pairs of one key. */
static int add_key(struct batch *b, const struct vkey *vk, struct threads *threads, struct err *err)
{
    struct pairing_pair *pair = b->pairs + b->n_pairs;
    int rc;

    pair[0] = (struct pairing_pair){.q = &vk->beta2};
    pair[1] = (struct pairing_pair){.q = &vk->gamma2, .lines = &vk->gamma_lines};
    pair[2] = (struct pairing_pair){.q = &vk->delta2, .lines = &vk->delta2_lines};
    pair[3] = (struct pairing_pair){.q = &vk->delta1, .lines = &vk->delta1_lines};
    b->n_pairs += vk->committed ? 4 : 3;
    if ((rc = sum_publics(&pair[0].p, &pair[1].p, b, vk, err)) < 0 ||
        (rc = sum_points(&pair[2].p, b, vk, false, threads, err)) < 0)
        return rc;
    return vk->committed ? sum_points(&pair[3].p, b, vk, true, threads, err) : VCP_OK;
}

static bool key_seen(const struct batch *b, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (b->claims[j].vk == b->claims[i].vk)
            return true;
    return false;
}

/* ---- the product ---- */

static void miller_piece(void *arg, size_t piece)
{
    struct batch *b = arg;
    size_t lo = piece * b->pairs_of_piece, n = b->n_pairs - lo;

    if (n > b->pairs_of_piece)
        n = b->pairs_of_piece;
    b->bad[piece] = pairing_miller(&b->miller[piece], b->pairs + lo, n) < n;
}

/* Whether the product of all pairs is 1, every B being in its subgroup. */
static bool product_is_one(struct batch *b, struct threads *threads)
{
    size_t share = pieces(b->n_pairs, threads_count(threads));
    fp12 f = fp12_one;

    b->pairs_of_piece = share < PIECE ? (share + 7) & ~(size_t)7 : PIECE;
    threads_run(threads, pieces(b->n_pairs, b->pairs_of_piece), miller_piece, b);
    for (size_t i = 0; i < pieces(b->n_pairs, b->pairs_of_piece); i++) {
        if (b->bad[i])
            return false;
        fp12_mul(&f, &f, &b->miller[i]);
    }
    pairing_final_exp(&f, &f);
    return fp12_is_one(&f);
}

static int batch_holds(struct batch *b, struct threads *threads, struct err *err)
{
    int rc;

    random_rhos(b->rho, b->n);
    rc = check_claims(b, threads);
    b->n_pairs = b->n;
    for (size_t i = 0; i < b->n && rc == VCP_OK; i++)
        if (!key_seen(b, i))
            rc = add_key(b, b->claims[i].vk, threads, err);
    if (rc < 0)
        return rc;
    return product_is_one(b, threads) ? VCP_OK : VCP_EVERIFY;
}

static int find_culprit(const struct groth16_claim claims[], size_t n, size_t *bad, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        const struct groth16_claim *c = &claims[i];
        int rc = c->d ? groth16_verify_committed(c->vk, c->public_inputs, c->vk->n_public, c->d,
                                                 c->proof, err)
                      : groth16_verify(c->vk, c->public_inputs, c->vk->n_public, c->proof, err);
        if (rc == VCP_OK)
            continue;
        if (bad)
            *bad = i;
        err_prefix(err, "proof %zu of %zu", i, n);
        return rc;
    }
    return err_set(err, VCP_EVERIFY, "the batch does not hold though each proof alone does");
}

static size_t count_keys(const struct batch *b)
{
    size_t n = 0;

    for (size_t i = 0; i < b->n; i++)
        n += !key_seen(b, i);
    return n;
}

int groth16_verify_batch(const struct groth16_claim claims[], size_t n, struct threads *threads,
                         size_t *bad, struct err *err)
{
    struct batch b = {.claims = claims, .n = n};
    int rc;

    if (n == 0)
        return VCP_OK;
    size_t n_pairs = n + PAIRS_OF_KEY * count_keys(&b);
    size_t n_pieces = pieces(n_pairs, 8); /* at most: pieces have eight or more */
    b.rho = calloc(n, sizeof *b.rho);
    b.rc = calloc(n, sizeof *b.rc);
    b.pairs = calloc(n_pairs, sizeof *b.pairs);
    b.miller = calloc(n_pieces, sizeof *b.miller);
    b.bad = calloc(n_pieces, sizeof *b.bad);
    if (b.rho && b.rc && b.pairs && b.miller && b.bad)
        rc = batch_holds(&b, threads, err);
    else
        rc = err_set(err, VCP_ENOMEM, "no memory for a batch of %zu proofs", n);
    free(b.rho);
    free(b.rc);
    free(b.pairs);
    free(b.miller);
    free(b.bad);
    return rc == VCP_EVERIFY ? find_culprit(claims, n, bad, err) : rc;
}
