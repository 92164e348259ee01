/* msm_equal.c - equal scalars found by hashing, their points summed in batches.
 *
 * Finding: the scalars are dealt by the top bits of a hash to parts, each with a table of
 * its own that stays in the cache.  Equality is checked on the scalars themselves.
 * Gathering: pieces of singles are copied; the points of some thousand group members are
 * copied side by side and neighbours of one group added pairwise until one is left, so
 * that batches have no two additions to one cell. */
#include "bn254/msm_equal.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include "bn254/kernels.h"

enum {
    HASH_SLICE = 1 << 14,         /* scalars hashed together */
    PIECE = 1 << 12,              /* singles copied, or members summed, together */
    CELLS = PIECE + MSM_EQUAL_MAX /* of one piece: groups are not cut */
};

static size_t align64(size_t n)
{
    return (n + 63) & ~(size_t)63;
}

/* ---- finding ---- */

struct finder {
    struct msm_equal *e;
    const fr_bits *k;
    size_t n, n_slices;
    uint32_t *hash;                      /* of each scalar; 0: the scalar is 0 */
    uint32_t (*counts)[MSM_EQUAL_PARTS]; /* of each slice */
    uint32_t *wires, *starts;            /* the parts' */
    size_t part_first[MSM_EQUAL_PARTS + 1];
    atomic_uint next;
    unsigned char *work; /* of each thread */
    size_t work_bytes;
    size_t part_max; /* scalars of the largest part */
};

struct slot {
    uint32_t hash, group;
};

/* Memory of one thread that groups a part of n scalars. */
struct grouping {
    struct slot *table; /* open addressing */
    uint32_t mask;
    uint32_t *index;         /* of the part's scalars */
    uint32_t *group;         /* of each of them */
    uint32_t *count, *first; /* of each group, members and where they begin */
};

static size_t table_slots(size_t n)
{
    size_t slots = 64;

    while (slots < 2 * n)
        slots *= 2;
    return slots;
}

static size_t work_size(size_t n)
{
    return align64(table_slots(n) * sizeof(struct slot)) + 4 * align64((n + 1) * sizeof(uint32_t));
}

size_t msm_equal_size(size_t n)
{
    return align64(n * sizeof(uint32_t)) +
           align64((n / 2 + 2 * MSM_EQUAL_PARTS) * sizeof(uint32_t));
}

static size_t slices_of(size_t n)
{
    return (n + HASH_SLICE - 1) / HASH_SLICE;
}

/* All in one part would take much memory; a part over this is left as singles. */
static size_t part_ceiling(size_t n)
{
    return n / 2 + 1024;
}

static size_t workers_of(unsigned n_threads)
{
    return n_threads < MSM_EQUAL_PARTS ? n_threads : MSM_EQUAL_PARTS;
}

size_t msm_equal_scratch_size(size_t n, unsigned n_threads)
{
    return align64(n * sizeof(uint32_t)) +
           align64(slices_of(n) * MSM_EQUAL_PARTS * sizeof(uint32_t)) +
           workers_of(n_threads) * work_size(part_ceiling(n));
}

static inline uint32_t hash_scalar(const fr_bits *k)
{
    uint64_t h = k->l[0] * 0x9e3779b97f4a7c15u ^ k->l[1] * 0xc2b2ae3d27d4eb4fu ^
                 k->l[2] * 0x165667b19e3779f9u ^ k->l[3] * 0xd6e8feb86659fd93u;

    if ((k->l[0] | k->l[1] | k->l[2] | k->l[3]) == 0)
        return 0;
    h ^= h >> 29;
    h *= 0xbf58476d1ce4e5b9u;
    return (uint32_t)(h >> 32) | 1;
}

static inline unsigned part_of(uint32_t hash)
{
    return hash >> 29; /* MSM_EQUAL_PARTS of them */
}

static void hash_slice(void *arg, size_t slice)
{
    struct finder *f = arg;
    size_t lo = slice * HASH_SLICE, hi = lo + HASH_SLICE < f->n ? lo + HASH_SLICE : f->n;
    uint32_t counts[MSM_EQUAL_PARTS] = {0};

    for (size_t i = lo; i < hi; i++) {
        f->hash[i] = hash_scalar(&f->k[i]);
        counts[part_of(f->hash[i])] += f->hash[i] != 0;
    }
    memcpy(f->counts[slice], counts, sizeof counts);
}

static void place_parts(struct finder *f)
{
    size_t total = 0;

    f->part_max = 0;
    for (unsigned p = 0; p < MSM_EQUAL_PARTS; p++) {
        f->part_first[p] = total;
        for (size_t s = 0; s < f->n_slices; s++)
            total += f->counts[s][p];
        if (total - f->part_first[p] > f->part_max)
            f->part_max = total - f->part_first[p];
    }
    f->part_first[MSM_EQUAL_PARTS] = total;
    f->e->n_wires = total;
}

static inline bool equal(const fr_bits *a, const fr_bits *b)
{
    return ((a->l[0] ^ b->l[0]) | (a->l[1] ^ b->l[1]) | (a->l[2] ^ b->l[2]) |
            (a->l[3] ^ b->l[3])) == 0;
}

/* The group of scalar i among the n_groups so far, or n_groups itself. */
static uint32_t find_group(const struct finder *f, struct grouping *g, uint32_t i,
                           uint32_t n_groups)
{
    uint32_t hash = f->hash[i], at = hash * 0x9e3779b1u >> 7 & g->mask;

    for (; g->table[at].hash; at = (at + 1) & g->mask)
        if (g->table[at].hash == hash && equal(&f->k[g->first[g->table[at].group]], &f->k[i]))
            return g->table[at].group;
    g->table[at] = (struct slot){hash, n_groups};
    g->first[n_groups] = i;
    g->count[n_groups] = 0;
    return n_groups;
}

/* Groups the m scalars of g->index; how many groups. */
static uint32_t group_part(const struct finder *f, struct grouping *g, uint32_t m)
{
    uint32_t n_groups = 0;

    for (uint32_t j = 0; j < m; j++) {
        uint32_t group = find_group(f, g, g->index[j], n_groups);

        n_groups += group == n_groups;
        g->group[j] = group;
        g->count[group]++;
    }
    return n_groups;
}

/* Where each group's members go; groups of one are singles.  The starts of groups. */
static void lay_out(struct msm_equal_part *p, struct grouping *g, uint32_t n_groups)
{
    uint32_t at = 0;

    p->n_single = p->n_groups = 0;
    for (uint32_t i = 0; i < n_groups; i++)
        p->n_single += g->count[i] == 1;
    for (uint32_t i = 0, members = p->n_single; i < n_groups; i++) {
        if (g->count[i] == 1) {
            g->first[i] = at++;
            continue;
        }
        g->first[i] = members;
        for (uint32_t left = g->count[i]; left > 0;) {
            /* never a last group of one: it would be a single */
            uint32_t take = left <= MSM_EQUAL_MAX       ? left
                            : left == MSM_EQUAL_MAX + 1 ? MSM_EQUAL_MAX - 1
                                                        : MSM_EQUAL_MAX;
            p->start[p->n_groups++] = members;
            members += take;
            left -= take;
        }
    }
}

static void list_part(const struct finder *f, uint32_t index[], unsigned part)
{
    size_t n = 0;

    for (size_t i = 0; i < f->n; i++)
        if (f->hash[i] && part_of(f->hash[i]) == part)
            index[n++] = (uint32_t)i;
}

static void find_part(struct finder *f, unsigned part, unsigned char *work)
{
    struct msm_equal_part *p = &f->e->part[part];
    uint32_t m = (uint32_t)(f->part_first[part + 1] - f->part_first[part]), n_groups;
    struct grouping g;
    size_t slots = table_slots(m), list = align64(((size_t)m + 1) * sizeof(uint32_t));

    p->wire = f->wires + f->part_first[part];
    p->start = f->starts + f->part_first[part] / 2 + 2 * part;
    if (m > part_ceiling(f->n)) { /* hashes that were chosen to fall so: no grouping */
        list_part(f, p->wire, part);
        for (uint32_t j = 0; j < m; j++)
            p->wire[j] += f->e->first;
        p->n_single = m;
        p->n_groups = 0;
        p->start[0] = m;
        return;
    }
    g.table = (struct slot *)(void *)work;
    g.mask = (uint32_t)slots - 1;
    work += align64(slots * sizeof *g.table);
    g.index = (uint32_t *)(void *)work;
    g.group = (uint32_t *)(void *)(work + list);
    g.count = (uint32_t *)(void *)(work + 2 * list);
    g.first = (uint32_t *)(void *)(work + 3 * list);
    memset(g.table, 0, slots * sizeof *g.table);
    list_part(f, g.index, part);
    n_groups = group_part(f, &g, m);
    lay_out(p, &g, n_groups);
    for (uint32_t j = 0; j < m; j++)
        p->wire[g.first[g.group[j]]++] = g.index[j] + f->e->first;
    p->start[p->n_groups] = m;
}

static void find_worker(void *arg, size_t thread)
{
    struct finder *f = arg;
    unsigned part;

    while ((part = atomic_fetch_add(&f->next, 1)) < MSM_EQUAL_PARTS)
        find_part(f, part, f->work + thread * f->work_bytes);
}

void msm_equal_find(struct msm_equal *e, const fr_bits k[], uint32_t first, size_t n,
                    struct threads *threads, void *memory, void *scratch)
{
    unsigned char *p = scratch;
    struct finder f = {.e = e, .k = k, .n = n, .n_slices = slices_of(n)};

    e->first = first;
    f.wires = memory;
    f.starts = (uint32_t *)(void *)((unsigned char *)memory + align64(n * sizeof(uint32_t)));
    f.hash = (uint32_t *)(void *)p;
    p += align64(n * sizeof(uint32_t));
    f.counts = (uint32_t(*)[MSM_EQUAL_PARTS])(void *)p;
    p += align64(f.n_slices * sizeof *f.counts);
    f.work = p;
    f.work_bytes = work_size(part_ceiling(n));
    threads_run(threads, f.n_slices, hash_slice, &f);
    place_parts(&f);
    atomic_init(&f.next, 0);
    threads_run(threads, workers_of(threads_count(threads)), find_worker, &f);
    e->n_terms = 0;
    for (unsigned i = 0; i < MSM_EQUAL_PARTS; i++)
        e->n_terms += e->part[i].n_single + e->part[i].n_groups;
}

/* ---- gathering ---- */

struct gatherer {
    const struct msm_kernel *kernel;
    const struct msm_points *points;
    const fr_bits *z;
    const struct msm_equal *e;
    unsigned char *out;
    fr_bits *out_k;
    atomic_size_t n_out, next;
    unsigned char *work;
    size_t work_bytes;
};

struct gather_work {
    uint32_t wire[CELLS];  /* of singles; the scalar's wire of each group */
    uint32_t count[CELLS]; /* cells each group still has */
    struct msm_pair pair[MSM_BATCH];
};

static size_t gather_work_size(const struct msm_kernel *k)
{
    return align64(sizeof(struct gather_work)) + 2 * align64(CELLS * k->cell_bytes) +
           align64(k->scratch_bytes);
}

/* NULL for a wire that has none. */
static inline const unsigned char *point_of(const struct gatherer *g, uint32_t wire)
{
    const struct msm_points *p = g->points;
    size_t i = wire - p->first;

    if (p->live) {
        uint64_t word = p->live[i / 64], bit = (uint64_t)1 << i % 64;
        if (!(word & bit))
            return NULL;
        i = p->before[i / 64] + (size_t)__builtin_popcountll(word & (bit - 1));
    }
    return (const unsigned char *)p->points + i * g->kernel->point_bytes;
}

static inline void prefetch_point(const struct gatherer *g, uint32_t wire)
{
    const unsigned char *p = point_of(g, wire);

    if (p)
        __builtin_prefetch(p);
}

static bool is_infinity(const unsigned char *point, size_t n_bytes)
{
    uint64_t any = 0, v;

    for (size_t i = 0; i < n_bytes; i += 8) {
        memcpy(&v, point + i, 8);
        any |= v;
    }
    return any == 0;
}

static void copy_singles(struct gatherer *g, const uint32_t wire[], size_t n, struct gather_work *w)
{
    size_t bytes = g->kernel->point_bytes, live = 0, at;

    for (size_t i = 0; i < n; i++) {
        const unsigned char *p = point_of(g, wire[i]);

        if (i + 16 < n)
            prefetch_point(g, wire[i + 16]);
        w->wire[live] = wire[i];
        live += p && !is_infinity(p, bytes);
    }
    at = atomic_fetch_add(&g->n_out, live);
    for (size_t i = 0; i < live; i++) {
        memcpy(g->out + (at + i) * bytes, point_of(g, w->wire[i]), bytes);
        g->out_k[at + i] = g->z[w->wire[i]];
    }
}

struct adder {
    const struct msm_kernel *kernel;
    unsigned char *to;
    const unsigned char *from;
    struct msm_pair *pair;
    size_t n;
    unsigned char *scratch;
};

static void flush(struct adder *a)
{
    if (a->n > 0)
        a->kernel->add_cells(a->to, a->from, a->from, a->pair, a->n, a->scratch);
    a->n = 0;
}

/* One round: neighbours of each group are added, from one side to the other. */
static bool halve(struct adder *a, uint32_t count[], size_t n_groups)
{
    uint32_t from = 0, to = 0;
    bool more = false;

    for (size_t i = 0; i < n_groups; i++) {
        uint32_t pairs = count[i] / 2;

        for (uint32_t j = 0; j < pairs; j++) {
            a->pair[a->n++] = (struct msm_pair){to + j, from + 2 * j, from + 2 * j + 1};
            if (a->n == MSM_BATCH)
                flush(a);
        }
        if (count[i] % 2)
            memcpy(a->to + (size_t)(to + pairs) * a->kernel->cell_bytes,
                   a->from + (size_t)(from + count[i] - 1) * a->kernel->cell_bytes,
                   a->kernel->cell_bytes);
        from += count[i];
        count[i] -= pairs;
        to += count[i];
        more |= count[i] > 1;
    }
    flush(a);
    return more;
}

/* Groups first .. last of part p: their points summed, and put out. */
static void sum_groups(struct gatherer *g, const struct msm_equal_part *p, uint32_t first,
                       uint32_t last, struct gather_work *w)
{
    size_t bytes = g->kernel->point_bytes, n_groups = 0, n_cells = 0, at;
    unsigned char *side[2];
    struct adder a = {.kernel = g->kernel, .pair = w->pair};
    unsigned now = 0;

    side[0] = (unsigned char *)w + align64(sizeof *w);
    side[1] = side[0] + align64(CELLS * bytes);
    a.scratch = side[1] + align64(CELLS * bytes);
    for (uint32_t i = first; i < last; i++) {
        size_t before = n_cells;

        for (uint32_t j = p->start[i]; j < p->start[i + 1]; j++) {
            const unsigned char *point = point_of(g, p->wire[j]);

            if (j + 16 < p->start[last])
                prefetch_point(g, p->wire[j + 16]);
            if (!point || is_infinity(point, bytes))
                continue;
            memcpy(side[0] + n_cells * bytes, point, bytes);
            n_cells++;
        }
        if (n_cells == before)
            continue;
        w->wire[n_groups] = p->wire[p->start[i]];
        w->count[n_groups++] = (uint32_t)(n_cells - before);
    }
    if (n_groups == 0)
        return;
    for (bool more = n_cells > n_groups; more; now ^= 1) {
        a.from = side[now];
        a.to = side[now ^ 1];
        more = halve(&a, w->count, n_groups);
    }
    at = atomic_fetch_add(&g->n_out, n_groups);
    for (size_t i = 0; i < n_groups; i++) {
        g->kernel->cell_to_affine(g->out + (at + i) * bytes, side[now] + i * bytes);
        g->out_k[at + i] = g->z[w->wire[i]];
    }
}

/* The first group that begins at or behind member `at`. */
static uint32_t group_at(const struct msm_equal_part *p, uint32_t at)
{
    uint32_t lo = 0, hi = p->n_groups;

    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (p->start[mid] < at)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static uint32_t piece_end(uint32_t from, uint32_t end)
{
    return end - from < PIECE ? end : from + PIECE;
}

static size_t pieces_of(uint32_t n)
{
    return ((size_t)n + PIECE - 1) / PIECE;
}

/* Piece number i of all parts, singles before groups in each; false behind the last. */
static bool gather_piece(struct gatherer *g, size_t i, struct gather_work *w)
{
    for (unsigned part = 0; part < MSM_EQUAL_PARTS; part++) {
        const struct msm_equal_part *p = &g->e->part[part];
        uint32_t end = p->start[p->n_groups], from;
        size_t singles = pieces_of(p->n_single), groups = pieces_of(end - p->n_single);

        if (i < singles) {
            from = (uint32_t)i * PIECE;
            copy_singles(g, p->wire + from, piece_end(from, p->n_single) - from, w);
            return true;
        }
        i -= singles;
        if (i < groups) {
            from = p->n_single + (uint32_t)i * PIECE;
            sum_groups(g, p, group_at(p, from), group_at(p, piece_end(from, end)), w);
            return true;
        }
        i -= groups;
    }
    return false;
}

static void gather_worker(void *arg, size_t thread)
{
    struct gatherer *g = arg;
    struct gather_work *w = (void *)(g->work + thread * g->work_bytes);

    while (gather_piece(g, atomic_fetch_add(&g->next, 1), w))
        continue;
}

static size_t gather(struct gatherer *g, struct threads *threads)
{
    assert(g->kernel->cell_bytes == g->kernel->point_bytes);
    g->work_bytes = align64(gather_work_size(g->kernel));
    atomic_init(&g->n_out, 0);
    atomic_init(&g->next, 0);
    threads_run(threads, threads_count(threads), gather_worker, g);
    return atomic_load(&g->n_out);
}

/* Enough at any level, as in msm.inc.h. */
static size_t largest_work(bool is_g2)
{
    size_t most = 0;

    for (int level = BN254_C; level <= BN254_IFMA; level++) {
        const struct bn254_kernels *k = bn254_kernels_at((enum bn254_level)level);
        size_t bytes = k ? gather_work_size(is_g2 ? k->msm_g2 : k->msm_g1) : 0;

        if (bytes > most)
            most = bytes;
    }
    return align64(most);
}

size_t msm_equal_g1_scratch_size(unsigned n_threads)
{
    return n_threads * largest_work(false);
}

size_t msm_equal_g2_scratch_size(unsigned n_threads)
{
    return n_threads * largest_work(true);
}

size_t msm_equal_g1(g1_affine out[], fr_bits out_k[], const struct msm_points *points,
                    const fr_bits z[], const struct msm_equal *e, struct threads *threads,
                    void *scratch)
{
    struct gatherer g = {.kernel = bn254_kernels()->msm_g1,
                         .points = points,
                         .z = z,
                         .e = e,
                         .out = (unsigned char *)out,
                         .out_k = out_k,
                         .work = scratch};

    return gather(&g, threads);
}

size_t msm_equal_g2(g2_affine out[], fr_bits out_k[], const struct msm_points *points,
                    const fr_bits z[], const struct msm_equal *e, struct threads *threads,
                    void *scratch)
{
    struct gatherer g = {.kernel = bn254_kernels()->msm_g2,
                         .points = points,
                         .z = z,
                         .e = e,
                         .out = (unsigned char *)out,
                         .out_k = out_k,
                         .work = scratch};

    return gather(&g, threads);
}
