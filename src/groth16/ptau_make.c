/* ptau_make.c - see ptau_make.h. */
#include "groth16/ptau_make.h"

#include <stdlib.h>
#include <string.h>

#include "bn254/msm.h"
#include "groth16/field_io.h"
#include "groth16/point_dft.h"

/* snarkjs's pieces: how the points are cut decides what the written state of the hash holds
 * past its bytes. */
#define CHUNK_BYTES ((size_t)1 << 20)
#define PIECE       64u

/* The points of a file, in order. */
struct section {
    unsigned id;
    bool in_g2;
    size_t n;
    const unsigned char *at;
};

enum { POINT_SECTIONS = 5 };

static void point_sections(struct section s[POINT_SECTIONS], const struct ptau *p)
{
    size_t n = (size_t)1 << p->power;

    s[0] = (struct section){2, false, 2 * n - 1, p->tau1};
    s[1] = (struct section){3, true, n, p->tau2};
    s[2] = (struct section){4, false, n, p->alpha1};
    s[3] = (struct section){5, false, n, p->beta1};
    s[4] = (struct section){6, true, 1, p->beta2};
}

static size_t point_bytes(const struct section *s)
{
    return s->in_g2 ? G2_BYTES : G1_BYTES;
}

static void put_header(struct binfile_writer *w, unsigned power, unsigned ceremony_power)
{
    binfile_begin(w, 1);
    field_put_modulus(w, FIELD_FP);
    binfile_put_u32(w, power);
    binfile_put_u32(w, ceremony_power);
    binfile_end(w);
}

void ptau_challenge_of(uint8_t out[BLAKE2B_DIGEST_BYTES], const struct ptau *p,
                       const struct ptau_contribution *c)
{
    struct section s[POINT_SECTIONS];
    unsigned char plain[G2_BYTES];
    struct blake2b h;

    point_sections(s, p);
    ptau_response(out, c);
    blake2b_init(&h);
    blake2b_update(&h, out, BLAKE2B_DIGEST_BYTES);
    for (int i = 0; i < POINT_SECTIONS; i++)
        for (size_t j = 0; j < s[i].n; j++) {
            const unsigned char *at = s[i].at + j * point_bytes(&s[i]);
            g1_affine q1;
            g2_affine q2;

            if (s[i].in_g2) {
                memcpy(&q2, at, sizeof q2);
                g2_to_plain(plain, &q2);
            } else {
                memcpy(&q1, at, sizeof q1);
                g1_to_plain(plain, &q1);
            }
            blake2b_update(&h, plain, point_bytes(&s[i]));
        }
    blake2b_final(&h, out);
}

/* ---- new ---- */

static void put_generators(struct binfile_writer *w, unsigned id, size_t n, bool twist)
{
    binfile_begin(w, id);
    for (size_t i = 0; i < n; i++)
        binfile_put(w, twist ? (const void *)&g2_generator : &g1_generator,
                    twist ? G2_BYTES : G1_BYTES);
    binfile_end(w);
}

int ptau_new(const char *out_path, unsigned power, uint8_t challenge[BLAKE2B_DIGEST_BYTES],
             struct work *work, struct err *err)
{
    const struct ptau_chain none = {0};
    size_t n = (size_t)1 << power;
    struct binfile_writer w;
    int rc;

    if (power < 1 || power > PTAU_POWER_MAX)
        return err_set(err, VCP_EINVAL, "power %u, want 1 to %u", power, PTAU_POWER_MAX);
    if ((rc = work_progress(work, "powers of 1", 0, err)) < 0 ||
        (rc = binfile_create(&w, out_path, "ptau", 1, 7, err)) < 0)
        return rc;
    put_header(&w, power, power);
    put_generators(&w, 2, 2 * n - 1, false);
    put_generators(&w, 3, n, true);
    put_generators(&w, 4, n, false);
    put_generators(&w, 5, n, false);
    put_generators(&w, 6, 1, true);
    ptau_chain_put(&w, &none);
    ptau_first_challenge(challenge, power);
    return binfile_commit(&w, err);
}

/* ---- contributions ---- */

/* A contribution in the making. */
struct making {
    const struct ptau *p;
    struct binfile_writer w;
    struct work *work;
    struct blake2b response;
    fr secret[PTAU_SECRETS];
    /* one chunk: points, their scalars, and their compressed form */
    unsigned char *points, *compressed;
    fr_bits *k;
};

struct chunk {
    const struct section *s;
    const struct making *m;
    size_t n;
};

static void multiply_g1(g1_affine p[], const fr_bits k[], size_t n, unsigned char *compressed)
{
    g1_mul_n(p, p, k, n);
    for (size_t i = 0; i < n; i++)
        g1_compress(compressed + i * G1_COMPRESSED_BYTES, &p[i]);
}

static void multiply_g2(g2_affine p[], const fr_bits k[], size_t n, unsigned char *compressed)
{
    g2 t[PIECE] = {g2_infinity};
    fp2 scratch[PIECE];

    for (size_t i = 0; i < n; i++)
        g2_mul(&t[i], &p[i], &k[i]);
    g2_to_affine_n(p, t, n, scratch);
    for (size_t i = 0; i < n; i++)
        g2_compress(compressed + i * G2_COMPRESSED_BYTES, &p[i]);
}

static void chunk_piece(void *arg, size_t piece)
{
    const struct chunk *c = arg;
    size_t lo = piece * PIECE, n = c->n - lo < PIECE ? c->n - lo : PIECE;
    size_t bytes = point_bytes(c->s);
    unsigned char *points = c->m->points + lo * bytes,
                  *compressed = c->m->compressed + lo * bytes / 2;

    if (c->s->in_g2)
        multiply_g2((g2_affine *)(void *)points, c->m->k + lo, n, compressed);
    else
        multiply_g1((g1_affine *)(void *)points, c->m->k + lo, n, compressed);
}

/* The section's points times first, first tau, first tau^2, ...; the first two go to out. */
static int put_scaled(struct making *m, const struct section *s, const fr *first, void *out,
                      unsigned permille, struct err *err)
{
    size_t bytes = point_bytes(s), at_once = CHUNK_BYTES / bytes;
    fr t = *first;
    int rc = VCP_OK;

    binfile_begin(&m->w, s->id);
    for (size_t i = 0; i < s->n && rc == VCP_OK; i += at_once) {
        struct chunk c = {s, m, s->n - i < at_once ? s->n - i : at_once};

        memcpy(m->points, s->at + i * bytes, c.n * bytes);
        for (size_t j = 0; j < c.n; j++) {
            fr_to_bits(&m->k[j], &t);
            fr_mul(&t, &t, &m->secret[PTAU_TAU]);
        }
        threads_run(m->work->threads, (c.n + PIECE - 1) / PIECE, chunk_piece, &c);
        if (i == 0)
            memcpy(out, m->points, c.n < 2 ? bytes : 2 * bytes);
        binfile_put(&m->w, m->points, c.n * bytes);
        blake2b_update(&m->response, m->compressed, c.n * bytes / 2);
        rc = work_progress(m->work, "points", permille + (unsigned)(200 * i / s->n), err);
    }
    binfile_end(&m->w);
    explicit_bzero(&t, sizeof t);
    return rc;
}

static int put_points(struct making *m, struct ptau_contribution *c, struct err *err)
{
    struct section s[POINT_SECTIONS];
    g1_affine tau1[2], alpha1[2], beta1[2];
    g2_affine tau2[2], beta2[2];
    const fr *alpha = &m->secret[PTAU_ALPHA], *beta = &m->secret[PTAU_BETA];
    int rc;

    point_sections(s, m->p);
    if ((rc = put_scaled(m, &s[0], &fr_one, tau1, 0, err)) < 0 ||
        (rc = put_scaled(m, &s[1], &fr_one, tau2, 200, err)) < 0 ||
        (rc = put_scaled(m, &s[2], alpha, alpha1, 400, err)) < 0 ||
        (rc = put_scaled(m, &s[3], beta, beta1, 600, err)) < 0 ||
        (rc = put_scaled(m, &s[4], beta, beta2, 800, err)) < 0)
        return rc;
    c->tau1 = tau1[1];
    c->tau2 = tau2[1];
    c->alpha1 = alpha1[0];
    c->beta1 = beta1[0];
    c->beta2 = beta2[0];
    return VCP_OK;
}

/* The challenge of what was just written, read back from the unfinished file. */
static int hash_written(struct making *m, struct ptau_contribution *c, struct err *err)
{
    size_t n = (size_t)1 << m->p->power;
    struct ptau written = {.power = m->p->power};
    const unsigned char *at;
    struct file_map map;
    int rc = binfile_map_written(&map, &m->w, err);

    if (rc < 0)
        return rc;
    /* section 1 and its header, then the five sections of points with 12 bytes before each */
    at = map.data + 12 + 12 + 44 + 12;
    written.tau1 = at;
    written.tau2 = (at += (2 * n - 1) * G1_BYTES + 12);
    written.alpha1 = (at += n * G2_BYTES + 12);
    written.beta1 = (at += n * G1_BYTES + 12);
    written.beta2 = at + n * G1_BYTES + 12;
    ptau_challenge_of(c->next_challenge, &written, c);
    file_map_release(&map);
    return VCP_OK;
}

static int write_contribution(struct making *m, struct ptau_chain *chain,
                              uint8_t response[BLAKE2B_DIGEST_BYTES], struct err *err)
{
    struct ptau_contribution *c = &chain->list[chain->n - 1];
    int rc;

    put_header(&m->w, m->p->power, m->p->power);
    if ((rc = put_points(m, c, err)) < 0)
        return rc;
    blake2b_save(&m->response, c->state);
    ptau_response(response, c);
    if ((rc = work_progress(m->work, "hash", 900, err)) < 0 || (rc = hash_written(m, c, err)) < 0)
        return rc;
    ptau_chain_put(&m->w, chain);
    return binfile_commit(&m->w, err);
}

/* A secret must not meet a point outside its group. */
static int check_points(const struct ptau *p, struct work *work, struct err *err)
{
    struct section s[POINT_SECTIONS];

    point_sections(s, p);
    for (int i = 0; i < POINT_SECTIONS; i++) {
        size_t bad = s[i].in_g2 ? g2_find_invalid(s[i].at, s[i].n, work->threads)
                                : g1_find_invalid(s[i].at, s[i].n, work->threads);
        if (bad != s[i].n)
            return err_set(err, VCP_EFORMAT, "%s: point %zu of section %u is not in its group",
                           p->file.name, bad, s[i].id);
    }
    return VCP_OK;
}

static int making_init(struct making *m, const struct ptau *p, struct work *work, struct err *err)
{
    void *points, *compressed, *k;
    int rc;

    memset(m, 0, sizeof *m);
    m->p = p;
    m->work = work;
    if ((rc = work_alloc(&points, work, CHUNK_BYTES, "a chunk of points", err)) < 0)
        return rc;
    m->points = points;
    if ((rc = work_alloc(&compressed, work, CHUNK_BYTES / 2, "a chunk of points", err)) < 0)
        return rc;
    m->compressed = compressed;
    if ((rc = work_alloc(&k, work, CHUNK_BYTES / 2, "a chunk of scalars", err)) < 0)
        return rc;
    m->k = k;
    return VCP_OK;
}

static void making_release(struct making *m)
{
    binfile_abort(&m->w);
    if (m->k)
        explicit_bzero(m->k, CHUNK_BYTES / 2);
    work_free(m->work, m->points, CHUNK_BYTES);
    work_free(m->work, m->compressed, CHUNK_BYTES / 2);
    work_free(m->work, m->k, CHUNK_BYTES / 2);
    explicit_bzero(m, sizeof *m);
}

static int contribute(const char *out_path, const struct ptau *p, const struct mpc_label *label,
                      const uint8_t seed[32], uint8_t response[BLAKE2B_DIGEST_BYTES],
                      struct work *work, struct err *err)
{
    uint8_t challenge[BLAKE2B_DIGEST_BYTES];
    struct ptau_contribution *c;
    struct ptau_chain chain;
    struct making m;
    int rc;

    if (p->power != p->ceremony_power)
        return err_set(err, VCP_ESTATE,
                       "%s: cut down to 2^%u of 2^%u powers, it takes no contributions",
                       p->file.name, p->power, p->ceremony_power);
    if ((rc = check_points(p, work, err)) < 0 || (rc = ptau_chain_read(&chain, &p->file, err)) < 0)
        return rc;
    rc = making_init(&m, p, work, err);
    if (rc == VCP_OK)
        rc = binfile_create(&m.w, out_path, "ptau", 1, 7, err);
    ptau_next_challenge(challenge, &chain, p->power);
    if (rc == VCP_OK && (rc = ptau_chain_grow(&c, &chain, err)) == VCP_OK) {
        c->label = *label;
        ptau_draw(m.secret, &c->key, challenge, seed);
        blake2b_init(&m.response);
        blake2b_update(&m.response, challenge, sizeof challenge);
        rc = write_contribution(&m, &chain, response, err);
    }
    making_release(&m);
    ptau_chain_release(&chain);
    return rc;
}

int ptau_contribute(const char *out_path, const struct ptau *p, const char *name,
                    const char *entropy, uint8_t response[BLAKE2B_DIGEST_BYTES], struct work *work,
                    struct err *err)
{
    struct mpc_label label;
    uint8_t seed[32];
    int rc = mpc_label_init(&label, name, err);

    if (rc < 0)
        return rc;
    mpc_fresh_seed(seed, entropy);
    rc = contribute(out_path, p, &label, seed, response, work, err);
    explicit_bzero(seed, sizeof seed);
    return rc;
}

int ptau_beacon(const char *out_path, const struct ptau *p, const char *name, const uint8_t *beacon,
                size_t beacon_bytes, unsigned log, uint8_t response[BLAKE2B_DIGEST_BYTES],
                struct work *work, struct err *err)
{
    struct mpc_label label;
    uint8_t seed[32];
    int rc = mpc_label_init_beacon(&label, name, beacon, beacon_bytes, log, err);

    if (rc < 0)
        return rc;
    mpc_label_seed(seed, &label);
    return contribute(out_path, p, &label, seed, response, work, err);
}

/* ---- Lagrange bases ---- */

/* Domain 2^log_n of one section; the point that the doubled domain lacks is zero. */
static int put_basis(struct binfile_writer *w, const struct section *s, unsigned log_n,
                     struct work *work, struct err *err)
{
    size_t n = (size_t)1 << log_n, bytes = n * point_bytes(s);
    void *a;
    int rc = work_alloc(&a, work, bytes, "a Lagrange basis", err);

    if (rc < 0)
        return rc;
    memset(a, 0, bytes);
    memcpy(a, s->at, (n < s->n ? n : s->n) * point_bytes(s));
    rc = s->in_g2 ? point_dft_g2(a, log_n, work, err) : point_dft_g1(a, log_n, work, err);
    if (rc == VCP_OK)
        binfile_put(w, a, bytes);
    work_free(work, a, bytes);
    return rc;
}

static int put_bases(struct binfile_writer *w, const struct section *s, unsigned power,
                     struct work *work, unsigned permille, struct err *err)
{
    unsigned last = s->id == 2 ? power + 1 : power;
    int rc = VCP_OK;

    binfile_begin(w, s->id + 10);
    for (unsigned log_n = 0; log_n <= last && rc == VCP_OK; log_n++) {
        rc = work_progress(work, "Lagrange basis", permille + 250 * log_n / (last + 1), err);
        if (rc == VCP_OK)
            rc = put_basis(w, s, log_n, work, err);
    }
    binfile_end(w);
    return rc;
}

int ptau_prepare(const char *out_path, const struct ptau *p, struct work *work, struct err *err)
{
    struct section s[POINT_SECTIONS];
    struct binfile_writer w;
    int rc;

    if (p->power + 1 > FR_TWO_ADICITY)
        return err_set(err, VCP_ELIMIT, "%s: power %u, at most %d can be prepared", p->file.name,
                       p->power, FR_TWO_ADICITY - 1);
    if ((rc = check_points(p, work, err)) < 0 ||
        (rc = binfile_create(&w, out_path, "ptau", 1, 11, err)) < 0)
        return rc;
    put_header(&w, p->power, p->ceremony_power);
    for (unsigned id = 2; id <= 7; id++) {
        binfile_begin(&w, id);
        binfile_put(&w, p->file.sections[id].data, p->file.sections[id].size);
        binfile_end(&w);
    }
    point_sections(s, p);
    for (unsigned i = 0; i < 4 && rc == VCP_OK; i++)
        rc = put_bases(&w, &s[i], p->power, work, 250 * i, err);
    if (rc == VCP_OK)
        return binfile_commit(&w, err);
    binfile_abort(&w);
    return rc;
}
