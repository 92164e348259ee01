/* A store: its account, its memories and tables. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/limits.h"
#include "wasm/link.h"
#include "wasm/runtime.h"

void store_restart_clock(struct store *s)
{
    s->interp.deadline_ns = s->limits.timeout_ms
                                ? clock_mono_ns() + (int64_t)s->limits.timeout_ms * 1000000
                                : 0;
}

struct store *store_new(const struct run_limits *limits, struct run_control *control)
{
    struct store *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->limits = *limits;
    arena_init(&s->arena, 0);
    if (interp_init(&s->interp, s) < 0) {
        store_delete(s);
        return NULL;
    }
    s->interp.control = control;
    store_restart_clock(s);
    return s;
}

void store_delete(struct store *s)
{
    if (!s)
        return;
    s->interp.store = s;
    interp_release(&s->interp);
    for (uint32_t i = 0; i < s->n_mems; i++)
        if (s->mems[i]->base)
            munmap(s->mems[i]->base, s->mems[i]->reserved);
    for (uint32_t i = 0; i < s->n_tabs; i++)
        free(s->tabs[i]->elems);
    for (uint32_t i = 0; i < s->n_codes; i++)
        code_free(s->codes[i]);
    free(s->mems);
    free(s->tabs);
    free(s->codes);
    arena_release(&s->arena);
    free(s);
}

void store_set_gas_max(struct store *s, uint64_t gas_max)
{
    interp_set_gas_max(&s->interp, gas_max);
}

uint64_t store_gas_used(const struct store *s)
{
    return interp_gas_used(&s->interp);
}

uint64_t store_memory_bytes_peak(const struct store *s)
{
    return s->memory_bytes_peak;
}

/* Room for one more pointer in a list; false when memory is short. */
static bool list_room(void *list, uint32_t n, uint32_t *cap)
{
    void **p = *(void ***)list;

    if (n < *cap)
        return true;
    p = realloc(p, (*cap ? *cap * 2u : 8u) * sizeof *p);
    if (!p)
        return false;
    *cap = *cap ? *cap * 2u : 8u;
    memcpy(list, &p, sizeof p);
    return true;
}

int store_adopt_code(struct store *s, struct code *code)
{
    if (!list_room(&s->codes, s->n_codes, &s->codes_cap))
        return VCP_ENOMEM;
    s->codes[s->n_codes++] = code;
    return VCP_OK;
}

static bool fits_limit(const struct store *s, uint64_t more_bytes)
{
    uint64_t used = s->memory_bytes + s->table_bytes;

    return used <= s->limits.memory_bytes_max && more_bytes <= s->limits.memory_bytes_max - used;
}

/* ---- memories -------------------------------------------------------------- */

static void count_memory(struct store *s, uint64_t more_bytes)
{
    s->memory_bytes += more_bytes;
    if (s->memory_bytes > s->memory_bytes_peak)
        s->memory_bytes_peak = s->memory_bytes;
}

int store_new_memory(struct store *s, const struct memory_type *type, struct mem **out,
                     struct err *err)
{
    struct mem *m = arena_alloc(&s->arena, sizeof *m);
    uint64_t bytes = (uint64_t)type->size.min * PAGE_BYTES, limit = s->limits.memory_bytes_max;

    if (!m || !list_room(&s->mems, s->n_mems, &s->mems_cap))
        return err_set(err, VCP_ENOMEM, "out of memory making a linear memory");
    if (!fits_limit(s, bytes))
        return err_set(err, VCP_ELIMIT,
                       "a memory of %u pages does not fit the memory limit of %llu bytes",
                       type->size.min, (unsigned long long)limit);
    m->declared = type->size;
    m->pages = type->size.min;
    m->bytes = bytes;
    m->pages_max = type->size.max < 65536 ? type->size.max : 65536;
    m->reserved = (uint64_t)m->pages_max * PAGE_BYTES;
    if (m->reserved > limit)
        m->reserved = limit / PAGE_BYTES * PAGE_BYTES;
    if (m->reserved) {
        m->base = mmap(NULL, m->reserved, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (m->base == MAP_FAILED) {
            m->base = NULL;
            return err_set(err, VCP_ENOMEM, "cannot reserve %llu bytes for a linear memory",
                           (unsigned long long)m->reserved);
        }
    }
    s->mems[s->n_mems++] = m;
    count_memory(s, bytes);
    *out = m;
    return VCP_OK;
}

uint32_t mem_grow(struct store *s, struct mem *m, uint32_t n_pages)
{
    uint64_t more = (uint64_t)n_pages * PAGE_BYTES;
    uint32_t old = m->pages;

    if (n_pages > m->pages_max - old || m->bytes + more > m->reserved || !fits_limit(s, more))
        return UINT32_MAX;
    m->pages += n_pages;
    m->bytes += more;
    count_memory(s, more);
    return old;
}

/* ---- tables ------------------------------------------------------------------ */

int store_new_table(struct store *s, const struct table_type *type, struct tab **out,
                    struct err *err)
{
    struct tab *t = arena_alloc(&s->arena, sizeof *t);
    uint32_t n = type->size.min;

    if (!t || !list_room(&s->tabs, s->n_tabs, &s->tabs_cap))
        return err_set(err, VCP_ENOMEM, "out of memory making a table");
    if (n > WASM_TABLE_ENTRIES_MAX || !fits_limit(s, (uint64_t)n * 8))
        return err_set(err, VCP_ELIMIT, "a table of %u entries is beyond the limit", n);
    t->type = type->elem;
    t->declared = type->size;
    t->n = t->cap = n;
    t->n_max = type->size.max < WASM_TABLE_ENTRIES_MAX ? type->size.max : WASM_TABLE_ENTRIES_MAX;
    t->elems = calloc(n + 1u, sizeof *t->elems);
    if (!t->elems)
        return err_set(err, VCP_ENOMEM, "out of memory making a table");
    s->tabs[s->n_tabs++] = t;
    s->table_bytes += (uint64_t)n * 8;
    *out = t;
    return VCP_OK;
}

static bool table_room(struct tab *t, uint32_t n)
{
    uint64_t *elems;
    uint32_t cap = t->cap < 8 ? 8 : t->cap;

    if (n <= t->cap)
        return true;
    while (cap < n)
        cap *= 2;
    elems = realloc(t->elems, cap * sizeof *elems);
    if (!elems)
        return false;
    t->elems = elems;
    t->cap = cap;
    return true;
}

uint32_t tab_grow(struct store *s, struct tab *t, uint32_t n, uint64_t value)
{
    uint32_t old = t->n;

    if (n > t->n_max - old || !fits_limit(s, (uint64_t)n * 8) || !table_room(t, old + n))
        return UINT32_MAX;
    for (uint32_t i = 0; i < n; i++)
        t->elems[old + i] = value;
    t->n += n;
    s->table_bytes += (uint64_t)n * 8;
    return old;
}

enum trap tab_copy(struct tab *dst_tab, struct tab *src_tab, uint32_t dst, uint32_t src, uint32_t n)
{
    if ((uint64_t)src + n > src_tab->n || (uint64_t)dst + n > dst_tab->n)
        return TRAP_TABLE_OUT_OF_BOUNDS;
    memmove(dst_tab->elems + dst, src_tab->elems + src, (size_t)n * sizeof *src_tab->elems);
    return TRAP_NONE;
}
