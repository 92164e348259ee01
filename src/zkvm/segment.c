/* segment.c - dealing rows to instances; see segment.h. */
#include "zkvm/segment.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "zkvm/build.h"
#include "zkvm/packed.h"

/* ---- the plan ---- */

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint32_t constraints_of(const struct segment_profile *p, uint32_t part)
{
    return circuit_part_chip(p->circuit, part)->n_constraints;
}

/* Constraints of what an instance of p would take. */
static uint64_t gain(const struct segment_profile *p, const uint64_t left[])
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < p->profile->n_parts; i++) {
        const struct profile_part *part = &p->profile->parts[i];
        sum += smaller(part->rows, left[part->chip]) * constraints_of(p, i);
    }
    return sum;
}

/* The better bargain: of what is paid for, the larger share used; whole instances first. */
static bool is_better(uint64_t gain_a, uint64_t paid_a, uint64_t gain_b, uint64_t paid_b)
{
    return (unsigned __int128)gain_a * paid_b > (unsigned __int128)gain_b * paid_a;
}

static uint64_t price(const struct segment_profile *p)
{
    return (uint64_t)1 << p->circuit->log_domain;
}

static uint32_t choose(const struct segment *s, const uint64_t left[])
{
    uint32_t best = UINT32_MAX;
    uint64_t best_gain = 0;

    for (uint32_t i = 0; i < s->n_profiles; i++) {
        uint64_t g = gain(&s->profiles[i], left);
        if (g > 0 && (best == UINT32_MAX ||
                      is_better(g, price(&s->profiles[i]), best_gain, price(&s->profiles[best])))) {
            best = i;
            best_gain = g;
        }
    }
    return best;
}

static int add_instance(struct segment *s, uint32_t profile, struct err *err)
{
    if (s->n_instances == ZKVM_PROOFS_MAX)
        return err_set(err, VCP_ELIMIT, "the run needs more than %u proofs", ZKVM_PROOFS_MAX);
    if ((s->n_instances & (s->n_instances - 1)) == 0) { /* a power of two: full */
        size_t cap = s->n_instances ? 2 * (size_t)s->n_instances : 1;
        uint32_t *grown = realloc(s->plan, cap * sizeof *grown);
        if (!grown)
            return err_set(err, VCP_ENOMEM, "no memory for a plan of %zu instances", cap);
        s->plan = grown;
    }
    s->plan[s->n_instances++] = profile;
    return VCP_OK;
}

static int make_plan(struct segment *s, uint64_t left[], struct err *err)
{
    for (uint32_t i = 0; i < CATALOG_CHIPS; i++)
        left[i] = s->rows[i].n;
    for (;;) {
        uint32_t best = choose(s, left);
        if (best == UINT32_MAX)
            break;
        const struct segment_profile *p = &s->profiles[best];
        int rc = add_instance(s, best, err);
        if (rc < 0)
            return rc;
        s->constraints_used += gain(p, left);
        s->constraints_paid += price(p);
        for (uint32_t i = 0; i < p->profile->n_parts; i++)
            left[p->profile->parts[i].chip] -= smaller(p->profile->parts[i].rows,
                                                       left[p->profile->parts[i].chip]);
    }
    for (uint32_t i = 0; i < CATALOG_CHIPS; i++)
        if (left[i] > 0)
            return err_set(
                err, VCP_EUNSUPPORTED,
                "no profile has room for %llu rows of chip %u: fit a profile to runs like this one",
                (unsigned long long)left[i], i);
    return VCP_OK;
}

static uint32_t most_wires(const struct segment *s)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < s->n_profiles; i++)
        if (s->profiles[i].circuit->n_wires > n)
            n = s->profiles[i].circuit->n_wires;
    return n;
}

int segment_init(struct segment *s, const struct segment_profile profiles[], uint32_t n_profiles,
                 const struct segment_rows rows[], struct threads *threads, struct err *err)
{
    int rc = VCP_OK;

    memset(s, 0, sizeof *s);
    s->profiles = profiles;
    s->n_profiles = n_profiles;
    s->rows = rows;
    s->threads = threads;
    s->taken = calloc(CATALOG_CHIPS, sizeof *s->taken);
    s->z = calloc((size_t)most_wires(s) + 1, sizeof *s->z);
    s->live = calloc(PROFILE_PARTS_MAX, sizeof *s->live);
    s->ready = calloc(n_profiles + 1u, sizeof *s->ready);
    if (!s->taken || !s->z || !s->live || !s->ready)
        rc = err_set(err, VCP_ENOMEM, "no memory for an instance of %u wires", most_wires(s));
    if (rc == VCP_OK)
        rc = make_plan(s, s->taken, err);
    if (rc < 0)
        segment_release(s);
    return rc;
}

static void forget_challenges(struct segment *s)
{
    for (uint32_t i = 0; s->ready && i < s->n_profiles; i++) {
        circuit_ready_free(s->ready[i]);
        s->ready[i] = NULL;
    }
}

void segment_release(struct segment *s)
{
    forget_challenges(s);
    free(s->ready);
    free(s->live);
    free(s->plan);
    free(s->taken);
    free(s->z);
    memset(s, 0, sizeof *s);
}

/* ---- the passes ---- */

static int begin(void *arg, const fr *challenges, struct err *err)
{
    struct segment *s = arg;

    (void)err;
    forget_challenges(s);
    memset(s->taken, 0, CATALOG_CHIPS * sizeof *s->taken);
    s->at = 0;
    s->challenges = challenges;
    return VCP_OK;
}

struct dealing {
    const struct segment *s;
    const struct segment_profile *p;
};

enum { DEALT_AT_ONCE = 16 }; /* rows */

static void deal_part(void *arg, size_t i)
{
    const struct dealing *d = arg;
    const struct chip *c = circuit_part_chip(d->p->circuit, (uint32_t)i);
    uint32_t number = d->p->profile->parts[i].chip, n;
    size_t row_bytes = packed_row_bytes(c);
    const uint8_t *from = d->s->rows[number].packed;
    uint64_t values[DEALT_AT_ONCE * BUILD_WIRES_MAX];

    if (d->s->live[i] > 0)
        from += d->s->taken[number] * row_bytes;
    for (uint32_t done = 0; done < d->s->live[i]; done += n) {
        n = (uint32_t)smaller(d->s->live[i] - done, DEALT_AT_ONCE);
        packed_get(values, c, from, n);
        circuit_put_rows(d->p->circuit, d->s->z, (uint32_t)i, done, n, values);
        from += n * row_bytes;
    }
}

static void deal(struct segment *s, const struct segment_profile *p)
{
    struct dealing d = {s, p};

    for (uint32_t i = 0; i < p->profile->n_parts; i++) {
        const struct profile_part *part = &p->profile->parts[i];
        s->live[i] = (uint32_t)smaller(part->rows, s->rows[part->chip].n - s->taken[part->chip]);
    }
    circuit_clear(p->circuit, s->z, s->threads);
    threads_run(s->threads, p->profile->n_parts, deal_part, &d);
    for (uint32_t i = 0; i < p->profile->n_parts; i++)
        s->taken[p->profile->parts[i].chip] += s->live[i];
}

/* struct ckey_rows of the instance at hand. */
static int fill(void *arg, fr a[], fr b[], fr_bits z[], struct threads *threads, struct err *err)
{
    struct segment *s = arg;
    uint32_t profile = s->plan[s->at - 1];
    int rc = VCP_OK;

    if (!s->ready[profile])
        rc = circuit_ready_new(&s->ready[profile], s->profiles[profile].circuit, s->challenges,
                               err);
    return rc < 0 ? rc : circuit_fill(s->ready[profile], z, a, b, s->live, threads, err);
}

static int next(void *arg, struct prove_instance *out, struct err *err)
{
    struct segment *s = arg;
    const struct circuit *c;

    (void)err;
    if (s->at == s->n_instances)
        return 0;
    c = s->profiles[s->plan[s->at]].circuit;
    *out = (struct prove_instance){
        s->plan[s->at++], s->z, {fill, s, c->n_wires, c->n_rows, c->log_domain}};
    deal(s, &s->profiles[out->key]);
    return 1;
}

struct prove_source segment_source(struct segment *s)
{
    return (struct prove_source){begin, next, s};
}
