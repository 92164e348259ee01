/* tree.c - see tree.h. */
#include "coord/tree.h"

void tree_init(struct tree *t, int (*compare)(const struct tree_link *a, const struct tree_link *b),
               void (*pull)(struct tree_link *e))
{
    *t = (struct tree){.compare = compare, .pull = pull};
    prng_init(&t->random, 1); /* shape alone depends on it, never an answer */
}

static void pull(struct tree *t, struct tree_link *e)
{
    if (t->pull)
        t->pull(e);
}

/* The pointer that points at e. */
static struct tree_link **place_of(struct tree *t, struct tree_link *e)
{
    if (e->up == NULL)
        return &t->root;
    return e->up->left == e ? &e->up->left : &e->up->right;
}

/* Puts e where its parent is; the parent becomes its child. */
static void rotate_up(struct tree *t, struct tree_link *e)
{
    struct tree_link *p = e->up, *inner;

    *place_of(t, p) = e;
    e->up = p->up;
    if (p->left == e) {
        inner = e->right;
        p->left = inner;
        e->right = p;
    } else {
        inner = e->left;
        p->right = inner;
        e->left = p;
    }
    if (inner)
        inner->up = p;
    p->up = e;
    pull(t, p);
}

static void pull_upwards(struct tree *t, struct tree_link *e)
{
    for (; t->pull && e; e = e->up)
        t->pull(e);
}

void tree_insert(struct tree *t, struct tree_link *e)
{
    struct tree_link *up = NULL, **at = &t->root;

    while (*at) {
        up = *at;
        at = t->compare(e, up) < 0 ? &up->left : &up->right;
    }
    *e = (struct tree_link){.up = up, .priority = prng_next(&t->random)};
    *at = e;
    pull(t, e);
    while (e->up && e->up->priority < e->priority)
        rotate_up(t, e);
    pull_upwards(t, e);
    t->n++;
}

void tree_remove(struct tree *t, struct tree_link *e)
{
    struct tree_link *only;

    while (e->left && e->right)
        rotate_up(t, e->left->priority > e->right->priority ? e->left : e->right);
    only = e->left ? e->left : e->right;
    *place_of(t, e) = only;
    if (only)
        only->up = e->up;
    pull_upwards(t, e->up);
    *e = (struct tree_link){0};
    t->n--;
}

struct tree_link *tree_first(const struct tree *t)
{
    struct tree_link *e = t->root;

    while (e && e->left)
        e = e->left;
    return e;
}

struct tree_link *tree_next(const struct tree_link *e)
{
    if (e->right) {
        struct tree_link *r = e->right;

        while (r->left)
            r = r->left;
        return r;
    }
    while (e->up && e->up->right == e)
        e = e->up;
    return e->up;
}
