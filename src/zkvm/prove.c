/* prove.c - the two passes over the instances of a run; see prove.h. */
#include "zkvm/prove.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"

/* Of an instance's stage 1, so that a second pass that differs is noticed before the proof is
 * made in vain.  Both passes are our own and a proof of other values would not verify: this
 * need not withstand an attacker. */
struct fingerprint {
    uint64_t h[4];
};

/* What pass 1 leaves of an instance. */
struct committed {
    uint32_t key;
    g1_affine d;
    struct ckey_opening opening;
    struct fingerprint stage1;
};

struct job {
    const struct ckey *const *keys;
    uint32_t n_keys;
    const struct prove_source *source;
    struct work *work;
    struct committed *done;
    uint32_t n, cap;
    /* the caller's progress, and how far the whole job is */
    bool (*progress)(void *arg, const char *stage, unsigned permille);
    void *progress_arg;
    unsigned from, to; /* permille of the instance at work */
};

/* The prover tells of one proof; the caller wants the whole. */
static bool forward_progress(void *arg, const char *stage, unsigned permille)
{
    struct job *j = arg;
    return j->progress(j->progress_arg, stage, j->from + (j->to - j->from) * permille / 1000);
}

static int tell(struct job *j, const char *stage, struct err *err)
{
    if (j->progress && !j->progress(j->progress_arg, stage, j->from))
        return err_set(err, VCP_ECANCELLED, "proving was cancelled");
    return VCP_OK;
}

/* ---- pass 1 ---- */

static int check_instance(const struct job *j, const struct prove_instance *in, uint32_t i,
                          struct err *err)
{
    if (in->key < j->n_keys)
        return VCP_OK;
    return err_set(err, VCP_EINVAL, "instance %u names key %u of %u", i, in->key, j->n_keys);
}

static struct fingerprint fingerprint_of(const struct ckey *k, const fr_bits z[])
{
    struct fingerprint f = {{1, 2, 3, 4}};

    for (const fr_bits *p = z + 1 + k->n_public, *end = p + k->n_stage1; p < end; p++)
        for (unsigned i = 0; i < 4; i++) {
            f.h[i] = (f.h[i] ^ p->l[i]) * 0x9e3779b97f4a7c15u;
            f.h[i] ^= f.h[i] >> 32;
        }
    return f;
}

static int grow(struct job *j, struct err *err)
{
    uint32_t cap = j->cap ? 2 * j->cap : 64;
    struct committed *p;

    if (j->n < j->cap)
        return VCP_OK;
    if (j->n == ZKVM_PROOFS_MAX)
        return err_set(err, VCP_ELIMIT, "the run needs more than %u proofs", ZKVM_PROOFS_MAX);
    p = calloc(cap, sizeof *p);
    if (!p)
        return err_set(err, VCP_ENOMEM, "no memory for %u commitments", cap);
    if (j->done) {
        memcpy(p, j->done, j->n * sizeof *p);
        explicit_bzero(j->done, j->n * sizeof *p); /* openings */
        free(j->done);
    }
    j->done = p;
    j->cap = cap;
    return VCP_OK;
}

static int commit(struct job *j, const struct prove_instance *in, struct err *err)
{
    struct committed *c;
    const struct ckey *k;
    int rc;

    if ((rc = check_instance(j, in, j->n, err)) < 0 || (rc = grow(j, err)) < 0 ||
        (rc = tell(j, "commit", err)) < 0)
        return rc;
    c = &j->done[j->n];
    k = j->keys[in->key];
    c->key = in->key;
    c->stage1 = fingerprint_of(k, in->z);
    rc = ckey_commit(&c->d, &c->opening, k, in->z + 1 + k->n_public, j->work, err);
    j->n += rc == VCP_OK;
    return rc;
}

static int pass1(struct job *j, struct err *err)
{
    struct prove_instance in;
    int rc = j->source->begin(j->source->arg, NULL, err);

    if (rc < 0)
        return rc;
    while ((rc = j->source->next(j->source->arg, &in, err)) > 0)
        if ((rc = commit(j, &in, err)) < 0)
            return err_prefix(err, "instance %u", j->n);
    if (rc == 0 && j->n == 0)
        return err_set(err, VCP_EINVAL, "a run without instances");
    return rc;
}

/* ---- between ---- */

/* Key digests in order of first use, commitments in place. */
static int fill_receipt(struct receipt *r, const struct job *j, struct err *err)
{
    uint32_t index[ZKVM_KEYS_MAX], n_used = 0;
    int rc;

    for (uint32_t k = 0; k < j->n_keys; k++)
        index[k] = UINT32_MAX;
    for (uint32_t i = 0; i < j->n; i++)
        if (index[j->done[i].key] == UINT32_MAX)
            index[j->done[i].key] = n_used++;
    if ((rc = receipt_init(r, n_used, j->n, err)) < 0)
        return rc;
    for (uint32_t k = 0; k < j->n_keys && rc == VCP_OK; k++)
        if (index[k] != UINT32_MAX)
            rc = vkey_digest(r->keys[index[k]], j->keys[k]->vk, err);
    for (uint32_t i = 0; i < j->n; i++) {
        r->proofs[i].key = index[j->done[i].key];
        r->proofs[i].d = j->done[i].d;
    }
    return rc;
}

/* ---- pass 2 ---- */

static int finish(struct job *j, struct receipt_proof *out, const struct prove_instance *in,
                  uint32_t i, struct err *err)
{
    const struct ckey *key;
    struct committed *c = &j->done[i];
    struct fingerprint stage1;
    int rc = check_instance(j, in, i, err);

    if (rc < 0)
        return rc;
    key = j->keys[in->key];
    stage1 = fingerprint_of(key, in->z);
    if (in->key != c->key || memcmp(&stage1, &c->stage1, sizeof stage1) != 0)
        return err_set(err, VCP_ESTATE, "the second pass differs from the first");
    j->from = 300 + 700 * i / j->n;
    j->to = 300 + 700 * (i + 1) / j->n;
    rc = ckey_prove(&out->proof, key, in->rows, in->z, &c->opening, j->work, err);
    out->s = in->z[key->n_public];
    return rc;
}

static int pass2(struct job *j, struct receipt *r, const fr challenges[], struct err *err)
{
    struct prove_instance in;
    uint32_t i = 0;
    int rc = j->source->begin(j->source->arg, challenges, err);

    if (rc < 0)
        return rc;
    while ((rc = j->source->next(j->source->arg, &in, err)) > 0) {
        if (i == j->n)
            return err_set(err, VCP_ESTATE, "the second pass has more than %u instances", j->n);
        if ((rc = finish(j, &r->proofs[i], &in, i, err)) < 0)
            return err_prefix(err, "instance %u", i);
        i++;
    }
    if (rc == 0 && i < j->n)
        return err_set(err, VCP_ESTATE, "the second pass has %u instances, the first %u", i, j->n);
    return rc;
}

/* ---- the job ---- */

static int check_keys(const struct ckey *const keys[], uint32_t n_keys, struct err *err)
{
    if (n_keys == 0 || n_keys > ZKVM_KEYS_MAX)
        return err_set(err, VCP_ELIMIT, "%u keys, want 1 to %u", n_keys, ZKVM_KEYS_MAX);
    for (uint32_t i = 0; i < n_keys; i++)
        if (keys[i]->n_public != RECEIPT_PUBLIC_INPUTS)
            return err_set(err, VCP_EINVAL, "key %u has %u public inputs, want %d", i,
                           keys[i]->n_public, RECEIPT_PUBLIC_INPUTS);
    return VCP_OK;
}

static int run(struct job *j, struct receipt *r, const struct statement *s,
               const struct statement_lists *lists, struct prove_times *times, struct err *err)
{
    fr challenges[BUS_CHALLENGES];
    int64_t t0 = clock_mono_ns(), t1;
    int rc;

    if ((rc = pass1(j, err)) < 0 || (rc = statement_check(s, err)) < 0 ||
        (rc = fill_receipt(r, j, err)) < 0)
        return rc;
    t1 = clock_mono_ns();
    r->statement = *s;
    r->lists = *lists;
    if ((rc = receipt_challenges(challenges, r, err)) == VCP_OK)
        rc = pass2(j, r, challenges, err);
    if (times)
        *times = (struct prove_times){t1 - t0, clock_mono_ns() - t1};
    return rc;
}

int receipt_prove(struct receipt *out, const struct statement *s,
                  const struct statement_lists *lists, const struct ckey *const keys[],
                  uint32_t n_keys, const struct prove_source *source, struct work *work,
                  struct prove_times *times, struct err *err)
{
    struct job j = {.keys = keys, .n_keys = n_keys, .source = source, .work = work};
    struct receipt r = {0};
    int rc = check_keys(keys, n_keys, err);

    if (rc < 0)
        return rc;
    j.progress = work->progress;
    j.progress_arg = work->progress_arg;
    if (work->progress) {
        work->progress = forward_progress;
        work->progress_arg = &j;
    }
    work_keep(work);
    rc = run(&j, &r, s, lists, times, err);
    work_drop(work);
    work->progress = j.progress;
    work->progress_arg = j.progress_arg;
    if (j.done)
        explicit_bzero(j.done, j.cap * sizeof *j.done);
    free(j.done);
    if (rc < 0)
        receipt_release(&r);
    else
        *out = r;
    return rc;
}
