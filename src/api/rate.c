#include "api/rate.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/rng.h"

#define WHO_BYTES 72
#define CHAINS    8192u

struct bucket {
    struct bucket *next;
    double tokens;
    int64_t at_ns;
    enum rate_kind kind;
    char who[WHO_BYTES];
};

struct rate {
    pthread_mutex_t lock;
    struct rate_tier tiers[RATE_KINDS];
    uint64_t seed;
    unsigned n;
    struct bucket shared[RATE_KINDS];
    struct bucket *chains[CHAINS];
};

struct rate *rate_new(const struct rate_tier tiers[RATE_KINDS])
{
    struct rate *r = calloc(1, sizeof *r);
    int i;

    if (!r)
        return NULL;
    pthread_mutex_init(&r->lock, NULL);
    memcpy(r->tiers, tiers, sizeof r->tiers);
    rng_bytes(&r->seed, sizeof r->seed);
    for (i = 0; i < RATE_KINDS; i++) {
        r->shared[i].kind = (enum rate_kind)i;
        r->shared[i].tokens = tiers[i].burst;
    }
    return r;
}

void rate_free(struct rate *r)
{
    size_t i;

    if (!r)
        return;
    for (i = 0; i < CHAINS; i++) {
        struct bucket *b, *next;

        for (b = r->chains[i]; b; b = next) {
            next = b->next;
            free(b);
        }
    }
    pthread_mutex_destroy(&r->lock);
    free(r);
}

static size_t chain_of(const struct rate *r, enum rate_kind kind, const char *who)
{
    uint64_t h = r->seed ^ kind;

    for (; *who; who++)
        h = (h ^ (unsigned char)*who) * 0x100000001b3u;
    return (h ^ h >> 29) % CHAINS;
}

static void refill(const struct rate *r, struct bucket *b, int64_t now_ns)
{
    const struct rate_tier *t = &r->tiers[b->kind];

    if (now_ns > b->at_ns)
        b->tokens += (double)(now_ns - b->at_ns) * 1e-9 * t->per_minute / 60;
    if (b->tokens > t->burst)
        b->tokens = t->burst;
    b->at_ns = now_ns;
}

static struct bucket *bucket_of(struct rate *r, enum rate_kind kind, const char *who,
                                int64_t now_ns)
{
    struct bucket **chain = &r->chains[chain_of(r, kind, who)], *b;

    for (b = *chain; b; b = b->next)
        if (b->kind == kind && strncmp(b->who, who, WHO_BYTES - 1) == 0)
            return b;
    b = r->n < API_RATE_BUCKETS_MAX ? calloc(1, sizeof *b) : NULL;
    if (!b)
        return &r->shared[kind];
    b->kind = kind;
    b->tokens = r->tiers[kind].burst;
    b->at_ns = now_ns;
    memcpy(b->who, who, strnlen(who, WHO_BYTES - 1));
    b->next = *chain;
    *chain = b;
    r->n++;
    return b;
}

unsigned rate_take(struct rate *r, enum rate_kind kind, const char *who, int64_t now_ns)
{
    struct bucket *b;
    unsigned wait_s = 0;

    pthread_mutex_lock(&r->lock);
    b = bucket_of(r, kind, who, now_ns);
    refill(r, b, now_ns);
    if (b->tokens >= 1)
        b->tokens -= 1;
    else
        wait_s = (unsigned)fmin(ceil((1 - b->tokens) * 60 / r->tiers[kind].per_minute), 3600);
    pthread_mutex_unlock(&r->lock);
    return wait_s;
}

void rate_sweep(struct rate *r, int64_t now_ns)
{
    size_t i;

    pthread_mutex_lock(&r->lock);
    for (i = 0; i < CHAINS; i++) {
        struct bucket **link = &r->chains[i];

        while (*link) {
            struct bucket *b = *link;

            refill(r, b, now_ns);
            if (b->tokens < r->tiers[b->kind].burst) {
                link = &b->next;
                continue;
            }
            *link = b->next;
            free(b);
            r->n--;
        }
    }
    pthread_mutex_unlock(&r->lock);
}

unsigned rate_buckets(struct rate *r)
{
    unsigned n;

    pthread_mutex_lock(&r->lock);
    n = r->n;
    pthread_mutex_unlock(&r->lock);
    return n;
}
