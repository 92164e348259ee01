/* tree.h - an ordered set of elements that carry their own links: a treap.
 *
 * Expected depth is O(log n) whatever the order of keys, because priorities are
 * random (Seidel, Aragon 1996).  An owner may keep sums over subtrees: pull(e) is
 * called, children first, whenever what stands below e has changed.  Keys may not
 * change while an element is in a tree: remove, change, insert. */
#ifndef COORD_TREE_H
#define COORD_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"

struct tree_link {
    struct tree_link *left, *right, *up;
    uint64_t priority;
};

struct tree {
    struct tree_link *root;
    int (*compare)(const struct tree_link *a, const struct tree_link *b); /* total */
    void (*pull)(struct tree_link *e);                                    /* may be NULL */
    struct prng random;
    size_t n;
};

void tree_init(struct tree *t, int (*compare)(const struct tree_link *a, const struct tree_link *b),
               void (*pull)(struct tree_link *e));
void tree_insert(struct tree *t, struct tree_link *e);
void tree_remove(struct tree *t, struct tree_link *e);
struct tree_link *tree_first(const struct tree *t); /* NULL when empty */
struct tree_link *tree_next(const struct tree_link *e);

/* The struct that holds link as its member. */
#define tree_entry(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

#endif
