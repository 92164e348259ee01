/* table.c - see table.h. */
#include "coord/table.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/rng.h"

void idtable_init(struct idtable *t)
{
    *t = (struct idtable){0};
    rng_bytes(t->key, sizeof t->key);
}

void idtable_release(struct idtable *t)
{
    free(t->chains);
    *t = (struct idtable){0};
}

static uint64_t hash_of(const struct idtable *t, const char *name)
{
    uint64_t h;

    crypto_shorthash((unsigned char *)&h, (const unsigned char *)name, strlen(name), t->key);
    return h;
}

static struct table_link **chain_of(const struct idtable *t, uint64_t hash)
{
    return &t->chains[hash & (t->n_chains - 1)];
}

struct table_link *idtable_find(const struct idtable *t, const char *name)
{
    if (t->n_chains == 0)
        return NULL;
    uint64_t h = hash_of(t, name);
    for (struct table_link *e = *chain_of(t, h); e; e = e->next)
        if (e->hash == h && strcmp(e->name, name) == 0)
            return e;
    return NULL;
}

static int grow(struct idtable *t)
{
    struct idtable bigger = *t;

    bigger.n_chains = t->n_chains ? t->n_chains * 2 : 64;
    bigger.chains = calloc(bigger.n_chains, sizeof bigger.chains[0]);
    if (bigger.chains == NULL)
        return VCP_ENOMEM;
    for (size_t i = 0; i < t->n_chains; i++)
        for (struct table_link *e = t->chains[i], *next; e; e = next) {
            struct table_link **chain = chain_of(&bigger, e->hash);

            next = e->next;
            e->next = *chain;
            *chain = e;
        }
    free(t->chains);
    *t = bigger;
    return VCP_OK;
}

int idtable_insert(struct idtable *t, struct table_link *e, const char *name)
{
    if (t->n == t->n_chains && grow(t) < 0)
        return VCP_ENOMEM;
    e->name = name;
    e->hash = hash_of(t, name);
    struct table_link **chain = chain_of(t, e->hash);
    e->next = *chain;
    *chain = e;
    t->n++;
    return VCP_OK;
}

void idtable_remove(struct idtable *t, struct table_link *e)
{
    struct table_link **at = chain_of(t, e->hash);

    while (*at != e)
        at = &(*at)->next;
    *at = e->next;
    t->n--;
}
