/* arena.h - memory with one lifetime: many allocations, one release.
 *
 * Blocks grow geometrically from 4 KiB to 1 MiB; larger requests get a block of
 * their own.  A ceiling in bytes bounds what hostile input can make us allocate.
 * Every piece is aligned to 16 and zeroed. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *head;
    size_t used_bytes; /* handed out, for the ceiling and for reports */
    size_t max_bytes;  /* 0: no ceiling */
};

void arena_init(struct arena *a, size_t max_bytes);
void arena_release(struct arena *a); /* frees everything; a zeroed arena is legal */
void arena_clear(struct arena *a);   /* as new, keeping the ceiling */

/* size bytes of zeros, or NULL when memory or the ceiling is exhausted. */
void *arena_alloc(struct arena *a, size_t size);
/* n elements of size bytes each; NULL also when n * size overflows. */
void *arena_array(struct arena *a, size_t n, size_t size);
void *arena_copy(struct arena *a, const void *p, size_t size);
char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
