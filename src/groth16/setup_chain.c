/* setup_chain.c - contributions to a key, and the check of all of them; see setup.h. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rng.h"
#include "groth16/field_io.h"
#include "groth16/setup.h"

#define CHUNK_POINTS 4096u
#define PIECE_POINTS 64u

/* ---- one contribution ---- */

struct scale_job {
    const unsigned char *in;
    g1_affine *out;
    size_t n;
    fr_bits k;
};

static void scale_piece(void *arg, size_t piece)
{
    const struct scale_job *job = arg;
    size_t lo = piece * PIECE_POINTS;
    size_t n = job->n - lo < PIECE_POINTS ? job->n - lo : PIECE_POINTS;
    fr_bits k[PIECE_POINTS];

    memcpy(job->out + lo, job->in + lo * G1_BYTES, n * G1_BYTES);
    for (size_t i = 0; i < n; i++)
        k[i] = job->k;
    g1_mul_n(job->out + lo, job->out + lo, k, n);
    explicit_bzero(k, sizeof k);
}

/* Section id of w: the n points at `in`, each times k. */
static int put_scaled(struct binfile_writer *w, uint32_t id, const unsigned char *in, size_t n,
                      const fr_bits *k, struct work *work, unsigned permille, struct err *err)
{
    g1_affine *out = malloc(CHUNK_POINTS * sizeof *out);
    int rc = out ? VCP_OK : err_set(err, VCP_ENOMEM, "no memory for a chunk of points");

    binfile_begin(w, id);
    for (size_t i = 0; i < n && rc == VCP_OK; i += CHUNK_POINTS) {
        size_t m = n - i < CHUNK_POINTS ? n - i : CHUNK_POINTS;
        struct scale_job job = {in + i * G1_BYTES, out, m, *k};
        threads_run(work->threads, (m + PIECE_POINTS - 1) / PIECE_POINTS, scale_piece, &job);
        binfile_put(w, out, m * sizeof *out);
        explicit_bzero(&job.k, sizeof job.k);
        rc = work_progress(work, id == 8 ? "L" : "H", permille + (unsigned)(450 * i / n), err);
    }
    binfile_end(w);
    free(out);
    return rc;
}

static void copy_section(struct binfile_writer *w, const struct zkey *k, unsigned id)
{
    binfile_begin(w, id);
    binfile_put(w, k->file.sections[id].data, k->file.sections[id].size);
    binfile_end(w);
}

static int write_contributed(const char *out_path, const struct zkey *k, const struct mpc *mpc,
                             const fr *x, struct work *work, struct err *err)
{
    struct zkey_header h = k->h;
    struct binfile_writer w;
    fr inv;
    fr_bits x_bits, inv_bits;
    g2 d2;
    int rc = binfile_create(&w, out_path, "zkey", 1, 10, err);

    if (rc < 0)
        return rc;
    fr_inv(&inv, x);
    fr_to_bits(&x_bits, x);
    fr_to_bits(&inv_bits, &inv);
    h.delta1 = mpc->list[mpc->n - 1].delta_after;
    g2_mul(&d2, &k->h.delta2, &x_bits);
    g2_to_affine(&h.delta2, &d2);
    zkey_put_header(&w, &h);
    for (unsigned id = 3; id <= 7; id++)
        copy_section(&w, k, id);
    rc = put_scaled(&w, 8, k->c, h.n_wires - h.n_public - 1, &inv_bits, work, 50, err);
    if (rc == VCP_OK)
        rc = put_scaled(&w, 9, k->hpts, h.domain, &inv_bits, work, 500, err);
    if (rc == VCP_OK) {
        mpc_put(&w, mpc);
        rc = binfile_commit(&w, err);
    } else {
        binfile_abort(&w);
    }
    explicit_bzero(&inv, sizeof inv);
    explicit_bzero(&x_bits, sizeof x_bits);
    explicit_bzero(&inv_bits, sizeof inv_bits);
    return rc;
}

static int contribute(const char *out_path, const struct zkey *k, const struct mpc_label *label,
                      const uint8_t seed[32], uint8_t hash[MPC_HASH_BYTES], struct work *work,
                      struct err *err)
{
    struct mpc mpc;
    fr x = fr_zero;
    int rc;

    if (zkey_is_local_test(k))
        return err_set(err, VCP_ESTATE, "%s: a local test key takes no contributions",
                       k->file.name);
    rc = mpc_read(&mpc, &k->file, err);
    if (rc < 0)
        return rc;
    rc = mpc_append(&mpc, label, seed, &k->h.delta1, &x, err);
    if (rc == VCP_OK)
        rc = write_contributed(out_path, k, &mpc, &x, work, err);
    if (rc == VCP_OK && hash)
        mpc_contribution_hash(hash, &mpc.list[mpc.n - 1]);
    explicit_bzero(&x, sizeof x);
    mpc_release(&mpc);
    return rc;
}

int groth16_contribute(const char *out_path, const struct zkey *k, const char *name,
                       const char *entropy, uint8_t hash[MPC_HASH_BYTES], struct work *work,
                       struct err *err)
{
    struct mpc_label label;
    uint8_t seed[32];
    int rc = mpc_label_init(&label, name, err);

    if (rc < 0)
        return rc;
    mpc_fresh_seed(seed, entropy);
    rc = contribute(out_path, k, &label, seed, hash, work, err);
    explicit_bzero(seed, sizeof seed);
    return rc;
}

int groth16_beacon(const char *out_path, const struct zkey *k, const char *name,
                   const uint8_t *beacon, size_t beacon_bytes, unsigned log,
                   uint8_t hash[MPC_HASH_BYTES], struct work *work, struct err *err)
{
    struct mpc_label label;
    uint8_t seed[32];
    int rc = mpc_label_init_beacon(&label, name, beacon, beacon_bytes, log, err);

    if (rc < 0)
        return rc;
    mpc_label_seed(seed, &label);
    return contribute(out_path, k, &label, seed, hash, work, err);
}

/* ---- checking a key against its initial form ---- */

static int differ(const struct zkey *k, const char *what, struct err *err)
{
    return err_set(err, VCP_EVERIFY, "%s: %s", k->file.name, what);
}

static int check_same(const struct zkey *k, const struct zkey *init, struct err *err)
{
    static const struct {
        unsigned id;
        const char *what;
    } fixed[] = {{3, "IC differs from the initial key"},
                 {4, "the coefficients differ from the initial key"},
                 {5, "A differs from the initial key"},
                 {6, "B1 differs from the initial key"},
                 {7, "B2 differs from the initial key"}};
    const struct zkey_header *a = &k->h, *b = &init->h;

    if (a->n_wires != b->n_wires || a->n_public != b->n_public || a->domain != b->domain)
        return differ(k, "is of another circuit size than the initial key", err);
    if (!g1_affine_eq(&a->alpha1, &b->alpha1) || !g1_affine_eq(&a->beta1, &b->beta1) ||
        !g2_affine_eq(&a->beta2, &b->beta2) || !g2_affine_eq(&a->gamma2, &b->gamma2))
        return differ(k, "alpha, beta or gamma differ from the initial key", err);
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        const struct binfile_section *s = &k->file.sections[fixed[i].id];
        const struct binfile_section *t = &init->file.sections[fixed[i].id];
        if (s->size != t->size || memcmp(s->data, t->data, s->size) != 0)
            return differ(k, fixed[i].what, err);
    }
    return VCP_OK;
}

/* sum c_i P_i of the key, times delta, is that of the initial key, times its delta. */
static int check_ratio(const struct zkey *k, const unsigned char *points, const struct zkey *init,
                       const unsigned char *init_points, size_t n, const char *what,
                       struct work *work, struct err *err)
{
    size_t bytes = n * sizeof(fr_bits);
    void *c;
    g1 sum, init_sum;
    g1_affine a, b;
    int rc;

    if (n == 0)
        return VCP_OK;
    if ((rc = work_alloc(&c, work, bytes, "random scalars", err)) < 0)
        return rc;
    memset(c, 0, bytes);
    for (size_t i = 0; i < n; i++)
        rng_bytes((fr_bits *)c + i, 16);
    rc = work_msm_g1(&sum, points, c, n, work, WORK_REST, err);
    if (rc == VCP_OK)
        rc = work_msm_g1(&init_sum, init_points, c, n, work, WORK_REST, err);
    work_free(work, c, bytes);
    if (rc < 0)
        return rc;
    g1_to_affine(&a, &sum);
    g1_to_affine(&b, &init_sum);
    if (g1_affine_is_infinity(&a) && g1_affine_is_infinity(&b))
        return VCP_OK; /* a circuit whose private wires all vanish */
    return mpc_same_ratio(&a, &b, &init->h.delta2, &k->h.delta2) ? VCP_OK : differ(k, what, err);
}

static int check_chain(const struct zkey *k, const struct zkey *init, struct err *err)
{
    struct mpc mpc, mpc_init = {.n = 0};
    int rc = mpc_read(&mpc, &k->file, err);

    if (rc < 0)
        return rc;
    rc = mpc_read(&mpc_init, &init->file, err);
    if (rc == VCP_OK && memcmp(mpc.circuit_hash, mpc_init.circuit_hash, MPC_HASH_BYTES) != 0)
        rc = differ(k, "its circuit hash is not that of this circuit and these powers of tau", err);
    if (rc == VCP_OK)
        rc = mpc_check_chain(&mpc, &k->h.delta1, k->file.name, err);
    mpc_release(&mpc);
    mpc_release(&mpc_init);
    return rc;
}

int groth16_check_key_from_init(const struct zkey *k, const struct zkey *init, struct work *work,
                                struct err *err)
{
    size_t n_private = (size_t)k->h.n_wires - k->h.n_public - 1;
    int rc;

    if ((rc = check_chain(k, init, err)) < 0 || (rc = check_same(k, init, err)) < 0 ||
        (rc = work_progress(work, "points", 500, err)) < 0 ||
        (rc = zkey_check_points(k, work->threads, err)) < 0 ||
        (rc = work_progress(work, "L", 800, err)) < 0 ||
        (rc = check_ratio(k, k->c, init, init->c, n_private, "L does not follow from its delta",
                          work, err)) < 0 ||
        (rc = work_progress(work, "H", 900, err)) < 0)
        return rc;
    return check_ratio(k, k->hpts, init, init->hpts, k->h.domain,
                       "H does not follow from its delta", work, err);
}

int groth16_check_key(const struct zkey *k, const struct r1cs *r, const struct ptau *p,
                      const char *scratch_path, struct work *work, struct err *err)
{
    struct zkey init;
    int rc = ptau_check_domain(p, k->log_domain, work, err);

    if (rc < 0)
        return rc;
    rc = groth16_setup_ptau(scratch_path, r, p, NULL, work, err);
    if (rc < 0)
        return rc;
    rc = zkey_open(&init, scratch_path, err);
    if (rc == VCP_OK) {
        rc = groth16_check_key_from_init(k, &init, work, err);
        zkey_release(&init);
    }
    unlink(scratch_path);
    return rc;
}
