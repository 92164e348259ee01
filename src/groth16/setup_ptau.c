/* setup_ptau.c - the initial key of a circuit over given powers of tau; see setup.h.
 *
 * With L_j(tau) the Lagrange basis of the domain:
 *     A_i = [u_i]1   B1_i = [v_i]1   B2_i = [v_i]2   u_i = sum_j A[j][i] L_j(tau), v alike
 *     IC_i, C_i = [beta u_i + alpha v_i + w_i]1      (gamma = delta = 1)
 *     H_i = [L'_{2i+1}(tau)]1 over the basis L' of twice the domain
 *
 * The circuit hash is BLAKE2b-512 over the header points and the sections IC, H, C, A,
 * B1, B2 in plain form, each after its count in big-endian; for H it takes
 * [tau^(n+i) - tau^i]1 instead, in chunks of 2^14 of which snarkjs hashes the last whole
 * (one point more than n - 1 for n > 2^14); we must do the same. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "groth16/compose.h"
#include "groth16/field_io.h"
#include "groth16/overread.h"
#include "groth16/setup.h"
#include "groth16/setup_parts.h"

#define CHUNK_POINTS 16384u /* also snarkjs's, see above */

struct maker {
    const struct cs *cs;
    const struct ptau *p;
    struct work *work;
    struct binfile_writer w;
    crypto_generichash_blake2b_state hash;
    struct cs_columns cols[3];
    void *points; /* room for CHUNK_POINTS points of G2 */
    unsigned done_permille;
};

#define POINTS_BYTES ((size_t)CHUNK_POINTS * sizeof(g2_affine))

static void hash_u32be(struct maker *m, uint32_t v)
{
    unsigned char b[4] = {(unsigned char)(v >> 24), (unsigned char)(v >> 16),
                          (unsigned char)(v >> 8), (unsigned char)v};
    crypto_generichash_blake2b_update(&m->hash, b, sizeof b);
}

static void hash_g1(struct maker *m, const g1_affine *p)
{
    unsigned char b[G1_BYTES];
    g1_to_plain(b, p);
    crypto_generichash_blake2b_update(&m->hash, b, sizeof b);
}

static void hash_g2(struct maker *m, const g2_affine *p)
{
    unsigned char b[G2_BYTES];
    g2_to_plain(b, p);
    crypto_generichash_blake2b_update(&m->hash, b, sizeof b);
}

static int put_header(struct maker *m, struct err *err)
{
    struct zkey_header h = {.n_wires = m->cs->n_wires,
                            .n_public = m->cs->n_public,
                            .domain = 1u << m->cs->log_domain,
                            .gamma2 = g2_generator,
                            .delta1 = g1_generator,
                            .delta2 = g2_generator};

    if (!g1_load(&h.alpha1, m->p->alpha1) || !g1_load(&h.beta1, m->p->beta1) ||
        !g2_load(&h.beta2, m->p->beta2))
        return err_set(err, VCP_EFORMAT, "%s: alpha or beta is not in its group", m->p->file.name);
    zkey_put_header(&m->w, &h);
    hash_g1(m, &h.alpha1);
    hash_g1(m, &h.beta1);
    hash_g2(m, &h.beta2);
    hash_g2(m, &h.gamma2);
    hash_g1(m, &h.delta1);
    hash_g2(m, &h.delta2);
    return VCP_OK;
}

static int compose_section(struct maker *m, uint32_t id, const struct compose_part parts[],
                           unsigned n_parts, uint32_t first, uint32_t n, struct err *err)
{
    g1_affine *out = m->points;

    hash_u32be(m, n);
    binfile_begin(&m->w, id);
    for (uint32_t i = 0; i < n; i += CHUNK_POINTS) {
        uint32_t count = n - i < CHUNK_POINTS ? n - i : CHUNK_POINTS;
        int rc = compose_g1(out, m->cs, parts, n_parts, first + i, count, m->work, err);
        if (rc == VCP_OK)
            rc = work_progress(m->work, "points", m->done_permille, err);
        if (rc < 0)
            return rc;
        binfile_put(&m->w, out, count * sizeof *out);
        for (uint32_t j = 0; j < count; j++)
            hash_g1(m, &out[j]);
    }
    binfile_end(&m->w);
    m->done_permille += 150;
    return VCP_OK;
}

static int compose_section_g2(struct maker *m, uint32_t id, const struct compose_part *part,
                              uint32_t n, struct err *err)
{
    g2_affine *out = m->points;

    hash_u32be(m, n);
    binfile_begin(&m->w, id);
    for (uint32_t i = 0; i < n; i += CHUNK_POINTS) {
        uint32_t count = n - i < CHUNK_POINTS ? n - i : CHUNK_POINTS;
        int rc = compose_g2(out, m->cs, part, 1, i, count, m->work, err);
        if (rc == VCP_OK)
            rc = work_progress(m->work, "points", m->done_permille, err);
        if (rc < 0)
            return rc;
        binfile_put(&m->w, out, count * sizeof *out);
        for (uint32_t j = 0; j < count; j++)
            hash_g2(m, &out[j]);
    }
    binfile_end(&m->w);
    return VCP_OK;
}

/* ---- H ---- */

static void put_h(struct maker *m)
{
    const unsigned char *at = ptau_lagrange(m->p->lagrange1, m->cs->log_domain + 1, G1_BYTES);

    binfile_begin(&m->w, 9);
    for (size_t i = 0; i < (size_t)1 << m->cs->log_domain; i++)
        binfile_put(&m->w, at + (2 * i + 1) * G1_BYTES, G1_BYTES);
    binfile_end(&m->w);
}

static int hash_h_chunk(struct maker *m, size_t first, size_t count, g1 diff[], fp scratch[],
                        struct err *err)
{
    size_t n = (size_t)1 << m->cs->log_domain, n_powers = ((size_t)2 << m->p->power) - 1;
    g1_affine hi, lo, *out = m->points;

    for (size_t i = 0; i < count; i++) {
        if (!ptau_h_point(&hi, &lo, m->p, n, first + i))
            return err_set(err, VCP_EFORMAT, "%s: ends before the powers the circuit hash needs",
                           m->p->file.name);
        if (n + first + i >= n_powers) {
            overread_subtract(&diff[i], &hi, &lo);
            continue;
        }
        g1_affine_neg(&lo, &lo);
        g1_from_affine(&diff[i], &hi);
        g1_add_affine(&diff[i], &diff[i], &lo);
    }
    g1_to_affine_n(out, diff, count, scratch);
    for (size_t i = 0; i < count; i++)
        hash_g1(m, &out[i]);
    return VCP_OK;
}

static int hash_h(struct maker *m, struct err *err)
{
    size_t n = ((size_t)1 << m->cs->log_domain) - 1;
    size_t count = n < CHUNK_POINTS ? n : CHUNK_POINTS;
    g1 *diff = malloc(count * sizeof *diff);
    fp *scratch = malloc(count * sizeof *scratch);
    int rc = diff && scratch ? VCP_OK : err_set(err, VCP_ENOMEM, "no memory to hash H");

    hash_u32be(m, (uint32_t)n);
    for (size_t i = 0; i < n && rc == VCP_OK; i += CHUNK_POINTS)
        rc = hash_h_chunk(m, i, count, diff, scratch, err);
    free(diff);
    free(scratch);
    return rc;
}

/* ---- the whole ---- */

static void put_coef(struct binfile_writer *w, uint32_t matrix, uint32_t row, uint32_t wire,
                     const fr *stored)
{
    unsigned char b[ZKEY_COEF_BYTES];
    memcpy(b, &matrix, 4);
    memcpy(b + 4, &row, 4);
    memcpy(b + 8, &wire, 4);
    memcpy(b + 12, stored, sizeof *stored);
    binfile_put(w, b, sizeof b);
}

/* v R^2, the form coefficients are stored in. */
static fr *stored_coefs(const struct cs *c)
{
    fr *out = malloc((size_t)c->n_coefs * sizeof *out);
    fr_bits r_plain;
    fr r2;

    memcpy(&r_plain, &fr_one, sizeof r_plain); /* limbs of R mod r */
    fr_from_bits(&r2, &r_plain);
    for (uint32_t i = 0; out && i < c->n_coefs; i++)
        fr_mul(&out[i], &c->coefs[i], &r2);
    return out;
}

int setup_put_coefs(struct binfile_writer *w, const struct cs *c, struct err *err)
{
    fr *stored = stored_coefs(c);

    if (!stored)
        return err_set(err, VCP_ENOMEM, "no memory for %u coefficients", c->n_coefs);
    if ((uint64_t)c->m[CS_A].n_terms + c->m[CS_B].n_terms > UINT32_MAX) {
        free(stored);
        return err_set(err, VCP_ELIMIT, "more than 2^32 coefficients do not fit a .zkey");
    }
    binfile_begin(w, 4);
    binfile_put_u32(w, c->m[CS_A].n_terms + c->m[CS_B].n_terms);
    for (uint32_t row = 0; row < c->n_rows; row++)
        for (uint32_t m = CS_A; m <= CS_B; m++)
            for (uint32_t i = c->m[m].row_start[row]; i < c->m[m].row_start[row + 1]; i++)
                put_coef(w, m, row, c->m[m].wire[i], &stored[c->m[m].coef[i]]);
    binfile_end(w);
    free(stored);
    return VCP_OK;
}

static int put_sections(struct maker *m, struct mpc *mpc, struct err *err)
{
    const struct cs *c = m->cs;
    unsigned log_n = c->log_domain;
    const unsigned char *l1 = ptau_lagrange(m->p->lagrange1, log_n, G1_BYTES);
    struct compose_part key[3] = {
        {&m->cols[CS_A], ptau_lagrange(m->p->lagrange_beta1, log_n, G1_BYTES)},
        {&m->cols[CS_B], ptau_lagrange(m->p->lagrange_alpha1, log_n, G1_BYTES)},
        {&m->cols[CS_C], l1}};
    struct compose_part a = {&m->cols[CS_A], l1}, b1 = {&m->cols[CS_B], l1};
    struct compose_part b2 = {&m->cols[CS_B], ptau_lagrange(m->p->lagrange2, log_n, G2_BYTES)};
    uint32_t n_in = c->n_public + 1;
    int rc;

    if ((rc = put_header(m, err)) < 0 || (rc = setup_put_coefs(&m->w, c, err)) < 0 ||
        (rc = compose_section(m, 3, key, 3, 0, n_in, err)) < 0)
        return rc;
    put_h(m);
    if ((rc = hash_h(m, err)) < 0 ||
        (rc = compose_section(m, 8, key, 3, n_in, c->n_wires - n_in, err)) < 0 ||
        (rc = compose_section(m, 5, &a, 1, 0, c->n_wires, err)) < 0 ||
        (rc = compose_section(m, 6, &b1, 1, 0, c->n_wires, err)) < 0 ||
        (rc = compose_section_g2(m, 7, &b2, c->n_wires, err)) < 0)
        return rc;
    crypto_generichash_blake2b_final(&m->hash, mpc->circuit_hash, MPC_HASH_BYTES);
    mpc_put(&m->w, mpc);
    return VCP_OK;
}

static int make(struct maker *m, const char *out_path, struct mpc *mpc, struct err *err)
{
    int rc = VCP_OK;

    for (unsigned i = 0; i < 3 && rc == VCP_OK; i++)
        rc = cs_columns_init(&m->cols[i], m->cs, i, err);
    if (rc == VCP_OK)
        rc = work_alloc(&m->points, m->work, POINTS_BYTES, "a chunk of points", err);
    if (rc == VCP_OK)
        rc = binfile_create(&m->w, out_path, "zkey", 1, 10, err);
    if (rc == VCP_OK) {
        rc = put_sections(m, mpc, err);
        if (rc == VCP_OK)
            rc = binfile_commit(&m->w, err);
        else
            binfile_abort(&m->w);
    }
    work_free(m->work, m->points, POINTS_BYTES);
    for (unsigned i = 0; i < 3; i++)
        cs_columns_release(&m->cols[i]);
    return rc;
}

int groth16_setup_ptau(const char *out_path, const struct r1cs *r, const struct ptau *p,
                       uint8_t circuit_hash[MPC_HASH_BYTES], struct work *work, struct err *err)
{
    struct maker m = {.p = p, .work = work};
    struct mpc mpc = {.n = 0};
    struct cs cs;
    int rc = ptau_check_prepared(p, err);

    if (rc < 0 || (rc = cs_from_r1cs(&cs, r, err)) < 0)
        return rc;
    m.cs = &cs;
    crypto_generichash_blake2b_init(&m.hash, NULL, 0, MPC_HASH_BYTES);
    if (cs.log_domain > p->power)
        rc = err_set(err, VCP_EINVAL, "%s: %u rows need power %u, %s has %u", r->file.name,
                     cs.n_rows, cs.log_domain, p->file.name, p->power);
    else
        rc = make(&m, out_path, &mpc, err);
    if (rc == VCP_OK && circuit_hash)
        memcpy(circuit_hash, mpc.circuit_hash, MPC_HASH_BYTES);
    cs_release(&cs);
    return rc;
}
