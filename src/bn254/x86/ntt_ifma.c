/* Transforms with AVX-512 IFMA.
 *
 * A pass of radix R on a block of N elements sees it as R rows of C = N/R columns.  In
 * decimation in frequency, each column of R elements is transformed with constant roots
 * and row r of the result, frequency k = rev(r), multiplied by x^k, x = w_N^c (or
 * z w_N^c with z^2 = w_N for the odd coset); the rows are then blocks for the next pass.
 * Decimation in time runs the same steps backwards.  Eight columns are done at once.
 * The first pass takes the radix that leaves 16^m; below 256 elements eight blocks of 16
 * lie side by side in the lanes, and the last layers of one transform, the scaling and the
 * first layers of the next are one step.  Blocks are finished depth first.
 *
 * Twiddles are in R = 2^260, so data keep whatever form they came in.  Values stay below
 * 1.6 r in memory between passes; inside a column sums are left to grow (at most to 38 r,
 * and 84 r fit) and differences get a multiple of r that keeps them positive. */
#include "bn254/x86/ntt_ifma.h"

#include <string.h>

#include "bn254/constants.h"
#include "bn254/x86/adx.h"
#include "bn254/x86/mont52.h"

enum {
    SMALL_LOG = 6, /* up to here the ADX transforms run */
    FULL_LOG = 16, /* above, powers x^k are made from x and x^4 on the way */
    PASSES_MAX = 7,
    KINDS = 4,         /* of twiddles: w, z w, and their inverses */
    PIECE_COLUMNS = 64 /* columns of a breadth-first pass that one thread takes at a time */
};

static const struct m52 mr = {FR_52, FR_52_NINV, FR_52_KM, FR_52_2M, FR_52_4M};

/* One number for all lanes. */
struct c52 {
    uint64_t l[5];
};

enum kind { KIND_W, KIND_ZW, KIND_INVERSE = 2 };

struct pass {
    unsigned log_n, log_radix;
    const v52 *twiddle[KINDS]; /* for each eight columns: radix - 1 by position, or x, x^4 */
    bool full;
};

struct tables {
    unsigned n_passes;
    struct pass pass[PASSES_MAX];
    struct c52 root[2][8];   /* 16th roots of unity and their inverses, R = 2^260 */
    struct c52 scale[4][16]; /* by enum ntt_map, by position in a block of 16 */
};

/* ---- arithmetic modulo r ---- */

V52_INLINE v52 broadcast(const struct c52 *c)
{
    v52 o;

#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
        o.l[i] = v52_set1(c->l[i]);
    return o;
}

/* Any value the limbs can hold (84 r) to below 1.05 r; limbs need not be normalised. */
V52_INLINE void reduce(v52 *a)
{
    static const uint64_t minus[5] = FR_52_MINUS;
    __m512i q;

    v52_carry(a);
    q = _mm512_srli_epi64(v52_hi(_mm512_setzero_si512(), a->l[4], v52_set1(FR_52_RECIPROCAL)), 6);
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
        a->l[i] = v52_lo(a->l[i], q, v52_set1(minus[i]));
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++)
        a->l[i + 1] = v52_hi(a->l[i + 1], q, v52_set1(minus[i]));
    v52_carry(a);
    a->l[4] = _mm512_and_si512(a->l[4], v52_set1(V52_MASK));
}

/* Normalised and below 2 r to below r. */
V52_INLINE void canonical(v52 *a)
{
    v52 t;
    __mmask8 below;

#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
        t.l[i] = _mm512_sub_epi64(a->l[i], v52_set1(mr.m[i]));
    v52_carry(&t);
    below = _mm512_movepi64_mask(t.l[4]);
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
        a->l[i] = _mm512_mask_mov_epi64(t.l[i], below, a->l[i]);
}

/* ---- eight elements in a row ---- */

/* Lane i holds element lane_order[i]: what two shuffles give. */
static const unsigned lane_order[8] = {0, 2, 1, 3, 4, 6, 5, 7};

V52_INLINE void load_row(v52 *o, const fr *p)
{
    __m512i z0 = _mm512_loadu_si512(p), z1 = _mm512_loadu_si512(p + 2);
    __m512i z2 = _mm512_loadu_si512(p + 4), z3 = _mm512_loadu_si512(p + 6);
    __m512i a = _mm512_unpacklo_epi64(z0, z1), b = _mm512_unpacklo_epi64(z2, z3);
    __m512i c = _mm512_unpackhi_epi64(z0, z1), d = _mm512_unpackhi_epi64(z2, z3), w[4];

    w[0] = _mm512_shuffle_i64x2(a, b, 0x88);
    w[1] = _mm512_shuffle_i64x2(c, d, 0x88);
    w[2] = _mm512_shuffle_i64x2(a, b, 0xdd);
    w[3] = _mm512_shuffle_i64x2(c, d, 0xdd);
    v52_from_words(o, w);
}

V52_INLINE void store_row(fr *p, const v52 *o)
{
    const __m512i first = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
    const __m512i second = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
    __m512i w[4], lo, lo2, hi, hi2;

    v52_to_words(w, o);
    lo = _mm512_unpacklo_epi64(w[0], w[1]);
    lo2 = _mm512_unpacklo_epi64(w[2], w[3]);
    hi = _mm512_unpackhi_epi64(w[0], w[1]);
    hi2 = _mm512_unpackhi_epi64(w[2], w[3]);
    _mm512_storeu_si512(p, _mm512_permutex2var_epi64(lo, first, lo2));
    _mm512_storeu_si512(p + 2, _mm512_permutex2var_epi64(hi, first, hi2));
    _mm512_storeu_si512(p + 4, _mm512_permutex2var_epi64(lo, second, lo2));
    _mm512_storeu_si512(p + 6, _mm512_permutex2var_epi64(hi, second, hi2));
}

/* ---- columns of up to 16 with constant roots ---- */

/* What a difference gets so that it is not negative, by layer: the value subtracted is
 * below 1.6 r and doubles from layer to layer. */
static const uint64_t dif_plus[4][5] = {FR_52_2M, FR_52_4M, FR_52_7M, FR_52_13M};
static const uint64_t dit_plus[4][5] = {FR_52_2M, FR_52_4M, FR_52_8M, FR_52_16M};

V52_INLINE void sub_plus(v52 *o, const v52 *x, const v52 *y, const uint64_t plus[5])
{
    v52_sub_raw(o, x, y);
    v52_add_const(o, plus);
}

/* Multiplies t[i] and t[j]; they need not be normalised. */
V52_INLINE void mul_roots(v52 *a, const struct c52 *ra, v52 *b, const struct c52 *rb)
{
    v52 u = broadcast(ra), v = broadcast(rb);

    v52_carry(a);
    v52_carry(b);
    v52_mul2(a, a, &u, b, b, &v, &mr);
}

/* The butterflies (i, i + m) of one layer that have a root other than 1, two at a time;
 * j = i mod m has root j * 8 / m.  An odd one out is paired with itself. */
struct butterflies {
    unsigned n;
    uint8_t at[8], root[8];
};

static void list_butterflies(struct butterflies *l, unsigned rows, unsigned m)
{
    l->n = 0;
    for (unsigned i = 0; i < rows; i++)
        if ((i & m) == 0 && i % m != 0) {
            l->at[l->n] = (uint8_t)i;
            l->root[l->n++] = (uint8_t)(i % m * 8 / m);
        }
}

static void dif_columns(v52 t[16], unsigned log_rows, const struct c52 root[8])
{
    unsigned rows = 1u << log_rows, layer = 0;
    struct butterflies l;
    v52 d, spare;

    for (unsigned m = rows / 2; m > 0; m /= 2, layer++) {
        for (unsigned i = 0; i < rows; i++) {
            if (i & m)
                continue;
            sub_plus(&d, &t[i], &t[i + m], dif_plus[layer]);
            v52_add_raw(&t[i], &t[i], &t[i + m]);
            t[i + m] = d;
        }
        list_butterflies(&l, rows, m);
        for (unsigned i = 0; i + 1 < l.n; i += 2)
            mul_roots(&t[l.at[i] + m], &root[l.root[i]], &t[l.at[i + 1] + m], &root[l.root[i + 1]]);
        if (l.n % 2) {
            spare = t[l.at[l.n - 1] + m];
            mul_roots(&t[l.at[l.n - 1] + m], &root[l.root[l.n - 1]], &spare, &root[0]);
        }
    }
}

static void dit_columns(v52 t[16], unsigned log_rows, const struct c52 root[8])
{
    unsigned rows = 1u << log_rows, layer = 0;
    struct butterflies l;
    v52 d, spare;

    for (unsigned m = 1; m < rows; m *= 2, layer++) {
        list_butterflies(&l, rows, m);
        for (unsigned i = 0; i + 1 < l.n; i += 2)
            mul_roots(&t[l.at[i] + m], &root[l.root[i]], &t[l.at[i + 1] + m], &root[l.root[i + 1]]);
        if (l.n % 2) {
            spare = t[l.at[l.n - 1] + m];
            mul_roots(&t[l.at[l.n - 1] + m], &root[l.root[l.n - 1]], &spare, &root[0]);
        }
        for (unsigned i = 0; i < rows; i++) {
            if (i & m)
                continue;
            sub_plus(&d, &t[i], &t[i + m], dit_plus[layer]);
            v52_add_raw(&t[i], &t[i], &t[i + m]);
            t[i + m] = d;
        }
    }
}

/* ---- passes ---- */

static unsigned reverse_bits(unsigned v, unsigned n)
{
    unsigned out = 0;

    for (unsigned i = 0; i < n; i++)
        out |= (v >> i & 1) << (n - 1 - i);
    return out;
}

/* x^k by position from x and x^4. */
static void expand_powers(v52 by_position[16], const v52 pair[2], unsigned log_radix)
{
    static const uint8_t from[7][4] = {/* k = a + b, k' = a' + b' */
                                       {1, 1, 4, 4}, {2, 1, 4, 1}, {4, 2, 8, 1}, {4, 3, 8, 2},
                                       {8, 3, 8, 4}, {8, 5, 8, 6}, {8, 7, 8, 7}};
    v52 x[17];
    unsigned radix = 1u << log_radix;

    x[1] = pair[0];
    x[4] = pair[1];
    for (int i = 0; i < 7; i++) {
        const uint8_t *f = from[i];

        if (radix <= 8 && i > 3)
            break;
        v52_mul2(&x[f[0] + f[1]], &x[f[0]], &x[f[1]], &x[f[2] + f[3]], &x[f[2]], &x[f[3]], &mr);
    }
    for (unsigned r = 1; r < radix; r++)
        by_position[r - 1] = x[reverse_bits(r, log_radix)];
}

static const v52 *twiddles_at(v52 spare[16], const struct pass *p, enum kind kind, size_t i)
{
    size_t radix = (size_t)1 << p->log_radix;

    if (p->full)
        return p->twiddle[kind] + i * (radix - 1);
    expand_powers(spare, p->twiddle[kind] + 2 * i, p->log_radix);
    return spare;
}

/* Rows 1 and up by their twiddles; row 0 is left as it is. */
V52_INLINE void mul_rows(v52 t[16], unsigned rows, const v52 *tw)
{
    for (unsigned r = 1; r + 1 < rows; r += 2) {
        v52_carry(&t[r]);
        v52_carry(&t[r + 1]);
        v52_mul2(&t[r], &t[r], &tw[r - 1], &t[r + 1], &t[r + 1], &tw[r], &mr);
    }
    v52_carry(&t[rows - 1]);
    v52 spare = t[rows - 1];
    v52_mul2(&t[rows - 1], &t[rows - 1], &tw[rows - 2], &spare, &spare, &tw[rows - 2], &mr);
}

static void dif_pass(const struct tables *s, const struct pass *p, enum kind kind, fr *block,
                     size_t c0, size_t c1)
{
    size_t columns = (size_t)1 << (p->log_n - p->log_radix);
    unsigned rows = 1u << p->log_radix;
    v52 t[16], spare[16];

    for (size_t c = c0; c < c1; c += 8) {
        const v52 *tw = twiddles_at(spare, p, kind, c / 8);

        for (unsigned r = 0; r < rows; r++)
            load_row(&t[r], block + r * columns + c);
        dif_columns(t, p->log_radix, s->root[kind >= KIND_INVERSE]);
        mul_rows(t, rows, tw);
        reduce(&t[0]);
        for (unsigned r = 0; r < rows; r++)
            store_row(block + r * columns + c, &t[r]);
    }
}

static void dit_pass(const struct tables *s, const struct pass *p, enum kind kind, fr *block,
                     size_t c0, size_t c1, bool last)
{
    size_t columns = (size_t)1 << (p->log_n - p->log_radix);
    unsigned rows = 1u << p->log_radix;
    v52 t[16], spare[16];

    for (size_t c = c0; c < c1; c += 8) {
        const v52 *tw = twiddles_at(spare, p, kind, c / 8);

        for (unsigned r = 0; r < rows; r++)
            load_row(&t[r], block + r * columns + c);
        mul_rows(t, rows, tw);
        dit_columns(t, p->log_radix, s->root[kind >= KIND_INVERSE]);
        for (unsigned r = 0; r < rows; r++) {
            reduce(&t[r]);
            if (last)
                canonical(&t[r]);
            store_row(block + r * columns + c, &t[r]);
        }
    }
}

/* Eight blocks of 16, one to a lane: the end of the first transform, the scaling, and the
 * beginning of the second when there is one. */
static void middle_step(const struct tables *s, enum ntt_map map, fr *a)
{
    const struct c52 *scale = s->scale[map];
    bool inverse_first = map != NTT_FORWARD;
    const char *row[8];
    char *to[8];
    __m512i w[4];
    v52 t[16];

    for (int i = 0; i < 8; i++)
        row[i] = to[i] = (char *)(a + 16 * i);
    for (unsigned i = 0; i < 16; i++) {
        v52_gather(w, row, i * sizeof(fr));
        v52_from_words(&t[i], w);
    }
    dif_columns(t, 4, s->root[inverse_first]);
    for (unsigned i = 0; i < 16; i += 2)
        mul_roots(&t[i], &scale[i], &t[i + 1], &scale[i + 1]);
    if (map == NTT_TO_COSET || map == NTT_FROM_COSET)
        dit_columns(t, 4, s->root[0]);
    for (unsigned i = 0; i < 16; i++) {
        reduce(&t[i]);
        if (map == NTT_FORWARD || map == NTT_INVERSE)
            canonical(&t[i]);
        v52_to_words(w, &t[i]);
        v52_scatter(to, i * sizeof(fr), w);
    }
}

/* ---- the whole ---- */

struct run {
    const struct tables *s;
    enum ntt_map map;
    enum kind down, up; /* twiddles of the two transforms */
    bool returns;       /* there is a second transform */
    fr *a;
    unsigned log_n, depth; /* of the breadth-first pass, then of the blocks */
    bool rising;
};

static void run_block(const struct run *r, fr *block, unsigned depth)
{
    const struct pass *p = &r->s->pass[depth];
    size_t n = (size_t)1 << p->log_n, columns = n >> p->log_radix;

    dif_pass(r->s, p, r->down, block, 0, columns);
    if (depth + 1 == r->s->n_passes)
        for (size_t i = 0; i < n; i += 128)
            middle_step(r->s, r->map, block + i);
    else
        for (size_t i = 0; i < n; i += columns)
            run_block(r, block + i, depth + 1);
    if (r->returns)
        dit_pass(r->s, p, r->up, block, 0, columns, depth == 0);
}

static size_t pieces_of_block(const struct pass *p)
{
    size_t columns = (size_t)1 << (p->log_n - p->log_radix);

    return columns > PIECE_COLUMNS ? columns / PIECE_COLUMNS : 1;
}

static void pass_piece(void *arg, size_t i)
{
    const struct run *r = arg;
    const struct pass *p = &r->s->pass[r->depth];
    size_t columns = (size_t)1 << (p->log_n - p->log_radix), n = pieces_of_block(p);
    fr *block = r->a + ((i / n) << p->log_n);
    size_t c0 = columns / n * (i % n), c1 = c0 + columns / n;

    if (r->rising)
        dit_pass(r->s, p, r->up, block, c0, c1, r->depth == 0);
    else
        dif_pass(r->s, p, r->down, block, c0, c1);
}

static void block_piece(void *arg, size_t i)
{
    const struct run *r = arg;

    run_block(r, r->a + (i << r->s->pass[r->depth].log_n), r->depth);
}

/* The first passes breadth first until there are blocks for all threads, the rest depth
 * first. */
static void run_all(struct run *r, struct threads *threads)
{
    const struct tables *s = r->s;
    unsigned top = 0, n_threads = threads_count(threads);

    while (n_threads > 1 && top + 1 < s->n_passes &&
           ((size_t)1 << (r->log_n - s->pass[top].log_n)) < 2 * (size_t)n_threads)
        top++;
    for (r->depth = 0; r->depth < top; r->depth++) {
        const struct pass *p = &s->pass[r->depth];

        threads_run(threads, pieces_of_block(p) << (r->log_n - p->log_n), pass_piece, r);
    }
    r->depth = top;
    threads_run(threads, (size_t)1 << (r->log_n - s->pass[top].log_n), block_piece, r);
    r->rising = true;
    for (unsigned d = top; r->returns && d-- > 0;) {
        const struct pass *p = &s->pass[d];

        r->depth = d;
        threads_run(threads, pieces_of_block(p) << (r->log_n - p->log_n), pass_piece, r);
    }
}

static void bit_reverse(fr a[], unsigned log_n)
{
    size_t n = (size_t)1 << log_n;

    for (size_t i = 0, rev = 0; i < n; i++) {
        if (i < rev) {
            fr t = a[i];

            a[i] = a[rev];
            a[rev] = t;
        }
        for (size_t bit = n >> 1; bit > 0 && ((rev ^= bit) & bit) == 0;)
            bit >>= 1;
    }
}

void ntt_run_ifma(const struct ntt *t, enum ntt_map map, fr a[], struct threads *threads)
{
    static const enum kind down[4] = {KIND_W, KIND_INVERSE, KIND_INVERSE, KIND_INVERSE + KIND_ZW};
    static const enum kind up[4] = {KIND_W, KIND_W, KIND_ZW, KIND_W};
    struct run r = {.s = t->table,
                    .map = map,
                    .down = down[map],
                    .up = up[map],
                    .returns = map == NTT_TO_COSET || map == NTT_FROM_COSET,
                    .a = a,
                    .log_n = t->log_n};

    if (t->log_n <= SMALL_LOG) {
        ntt_run_adx(t, map, a, threads);
        return;
    }
    run_all(&r, threads);
    if (!r.returns)
        bit_reverse(a, t->log_n);
}

/* ---- tables ---- */

static size_t align64(size_t n)
{
    return (n + 63) & ~(size_t)63;
}

/* Vectors of one kind of one pass. */
static size_t pass_vectors(const struct pass *p)
{
    size_t columns = (size_t)1 << (p->log_n - p->log_radix);

    return columns / 8 * (p->full ? ((size_t)1 << p->log_radix) - 1 : 2);
}

static unsigned plan_passes(struct pass pass[PASSES_MAX], unsigned log_n)
{
    unsigned n = 0;

    while (log_n > 4) {
        unsigned radix = log_n % 4 != 0 ? log_n % 4 : 4;

        pass[n].log_n = log_n;
        pass[n].log_radix = radix;
        pass[n].full = log_n <= FULL_LOG;
        log_n -= radix;
        n++;
    }
    return n;
}

size_t ntt_table_size_ifma(unsigned log_n)
{
    struct pass pass[PASSES_MAX];
    size_t size = align64(sizeof(struct tables));
    unsigned n;

    if (log_n <= SMALL_LOG)
        return ntt_table_size_adx(log_n);
    n = plan_passes(pass, log_n);
    for (unsigned i = 0; i < n; i++)
        size += KINDS * pass_vectors(&pass[i]) * sizeof(v52);
    return size;
}

static void limbs52(uint64_t l[5], const fr *a)
{
    l[0] = a->l[0] & V52_MASK;
    l[1] = (a->l[0] >> 52 | a->l[1] << 12) & V52_MASK;
    l[2] = (a->l[1] >> 40 | a->l[2] << 24) & V52_MASK;
    l[3] = (a->l[2] >> 28 | a->l[3] << 36) & V52_MASK;
    l[4] = a->l[3] >> 16;
}

/* From R = 2^256 to R = 2^260. */
static void to_r260(uint64_t l[5], const fr *a)
{
    fr t = *a;

    for (int i = 0; i < 4; i++)
        fr_dbl(&t, &t);
    limbs52(l, &t);
}

static void set_column(v52 *o, unsigned lane, const fr *a)
{
    uint64_t l[5], row[8];

    to_r260(l, a);
    for (int i = 0; i < 5; i++) {
        memcpy(row, &o->l[i], sizeof row);
        row[lane] = l[i];
        memcpy(&o->l[i], row, sizeof row);
    }
}

struct fill {
    const struct pass *p;
    enum kind kind;
    fr step;
};

enum { FILL_VECTORS = 64 };

/* x of the 16 columns from `first` on, and what leads to the next 16. */
static void fill_start(v52 x[2], struct c52 *next, const struct fill *f, uint64_t first)
{
    uint64_t e = 2 * first + (f->kind & KIND_ZW);
    fr col[16], t, square;

    fr_pow(&t, &f->step, &e, 1); /* step = z or 1/z; x = step^(2c) or step^(2c+1) */
    fr_sqr(&square, &f->step);
    for (int i = 0; i < 16; i++) {
        col[i] = t;
        fr_mul(&t, &t, &square);
    }
    for (unsigned i = 0; i < 16; i++)
        set_column(&x[i / 8], i % 8, &col[i / 8 * 8 + lane_order[i % 8]]);
    e = 32;
    fr_pow(&t, &f->step, &e, 1);
    to_r260(next->l, &t);
}

static void store_twiddles(const struct pass *p, enum kind kind, size_t v, const v52 pair[2])
{
    size_t radix = (size_t)1 << p->log_radix;
    v52 *out = (v52 *)(uintptr_t)p->twiddle[kind], powers[16];

    if (p->full) {
        expand_powers(powers, pair, p->log_radix);
        memcpy(out + v * (radix - 1), powers, (radix - 1) * sizeof(v52));
    } else {
        memcpy(out + 2 * v, pair, 2 * sizeof(v52));
    }
}

/* The twiddles of FILL_VECTORS times eight columns; there are 16 columns or a multiple. */
static void fill_piece(void *arg, size_t piece)
{
    const struct fill *f = arg;
    const struct pass *p = f->p;
    size_t n_vectors = (size_t)1 << (p->log_n - p->log_radix) >> 3;
    size_t v = piece * FILL_VECTORS,
           end = v + FILL_VECTORS < n_vectors ? v + FILL_VECTORS : n_vectors;
    struct c52 next;
    v52 x[2], a[2], b[2], step;

    memset(x, 0, sizeof x);
    fill_start(x, &next, f, 8 * (uint64_t)v);
    step = broadcast(&next);
    for (; v < end; v += 2) {
        a[0] = x[0];
        b[0] = x[1];
        v52_sqr2(&a[1], &x[0], &b[1], &x[1], &mr);
        v52_sqr2(&a[1], &a[1], &b[1], &b[1], &mr);
        canonical(&a[1]);
        canonical(&b[1]);
        store_twiddles(p, f->kind, v, a);
        store_twiddles(p, f->kind, v + 1, b);
        v52_mul2(&x[0], &x[0], &step, &x[1], &x[1], &step, &mr);
        canonical(&x[0]);
        canonical(&x[1]);
    }
}

static void fill_constants(struct tables *s, unsigned log_n)
{
    fr w, z, z_inv, n_inv = fr_one, t;

    fr_root_of_unity(&w, 4);
    for (int inverse = 0; inverse < 2; inverse++) {
        t = fr_one;
        for (int i = 0; i < 8; i++) {
            to_r260(s->root[inverse][i].l, &t);
            fr_mul(&t, &t, &w);
        }
        fr_inv(&w, &w);
    }
    for (unsigned i = 0; i < log_n; i++)
        fr_half(&n_inv, &n_inv);
    fr_root_of_unity(&z, 5);
    fr_inv(&z_inv, &z);
    for (unsigned i = 0; i < 16; i++) {
        uint64_t k = reverse_bits(i, 4);

        to_r260(s->scale[NTT_FORWARD][i].l, &fr_one);
        to_r260(s->scale[NTT_INVERSE][i].l, &n_inv);
        fr_pow(&t, &z, &k, 1);
        fr_mul(&t, &t, &n_inv);
        to_r260(s->scale[NTT_TO_COSET][i].l, &t);
        fr_pow(&t, &z_inv, &k, 1);
        fr_mul(&t, &t, &n_inv);
        to_r260(s->scale[NTT_FROM_COSET][i].l, &t);
    }
}

void ntt_init_ifma(struct ntt *t, struct threads *threads)
{
    struct tables *s = t->table;
    char *p = (char *)t->table + align64(sizeof *s);

    if (t->log_n <= SMALL_LOG) {
        ntt_init_adx(t, threads);
        return;
    }
    s->n_passes = plan_passes(s->pass, t->log_n);
    fill_constants(s, t->log_n);
    for (unsigned i = 0; i < s->n_passes; i++)
        for (int kind = 0; kind < KINDS; kind++) {
            struct fill f = {&s->pass[i], (enum kind)kind, fr_one};
            size_t vectors = (size_t)1 << (s->pass[i].log_n - s->pass[i].log_radix) >> 3;

            s->pass[i].twiddle[kind] = (v52 *)(void *)p;
            p += pass_vectors(&s->pass[i]) * sizeof(v52);
            fr_root_of_unity(&f.step, s->pass[i].log_n + 1);
            if (kind >= KIND_INVERSE)
                fr_inv(&f.step, &f.step);
            threads_run(threads, (vectors + FILL_VECTORS - 1) / FILL_VECTORS, fill_piece, &f);
        }
}

/* ---- loops over vectors ---- */

/* a b / 2^256 - c: the product loses 2^260, the 2^4 comes back with a factor 16. */
void fr_mul_sub_ifma(fr out[], const fr a[], const fr b[], const fr c[], size_t n)
{
    size_t i = 0;

    for (; i + 16 <= n; i += 16) {
        v52 x[2], y[2], d[2];

        for (int h = 0; h < 2; h++) {
            load_row(&x[h], a + i + 8 * h);
            load_row(&y[h], b + i + 8 * h);
#pragma GCC unroll 5
            for (int l = 0; l < 5; l++)
                x[h].l[l] = _mm512_slli_epi64(x[h].l[l], 4);
            v52_carry(&x[h]);
        }
        v52_mul2(&x[0], &x[0], &y[0], &x[1], &x[1], &y[1], &mr);
        for (int h = 0; h < 2; h++) {
            if (c) {
                load_row(&d[h], c + i + 8 * h);
                sub_plus(&x[h], &x[h], &d[h], mr.m2);
            }
            reduce(&x[h]);
            canonical(&x[h]);
            store_row(out + i + 8 * h, &x[h]);
        }
    }
    fr_mul_sub_adx(out + i, a + i, b + i, c ? c + i : c, n - i);
}

/* By a constant in place of the 2^260 the multiplication divides by. */
static size_t mul_constant(fr out[], const fr a[], size_t n, const struct c52 *k)
{
    size_t i = 0;

    for (; i + 16 <= n; i += 16) {
        v52 x[2];

        load_row(&x[0], a + i);
        load_row(&x[1], a + i + 8);
        mul_roots(&x[0], k, &x[1], k);
        for (int h = 0; h < 2; h++) {
            reduce(&x[h]);
            canonical(&x[h]);
            store_row(out + i + 8 * h, &x[h]);
        }
    }
    return i;
}

/* times 2^4: a 2^256 becomes a */
void fr_to_bits_n_ifma(fr_bits out[], const fr a[], size_t n)
{
    static const struct c52 sixteen = {{16, 0, 0, 0, 0}};
    size_t i = mul_constant((fr *)(void *)out, a, n, &sixteen);

    fr_to_bits_n_adx(out + i, a + i, n - i);
}

/* times 2^516: a becomes a 2^256 */
void fr_from_bits_n_ifma(fr out[], const fr_bits a[], size_t n)
{
    static const struct c52 r516 = {FR_52_R516};
    size_t i = mul_constant(out, (const fr *)(const void *)a, n, &r516);

    fr_from_bits_n_adx(out + i, a + i, n - i);
}
