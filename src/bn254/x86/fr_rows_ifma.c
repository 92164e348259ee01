/* Rows with AVX-512 IFMA: eight to a vector, two vectors in step.
 *
 * Registers are in R = 2^260, below 3.2 r.  Inputs are two limbs of 52 bits; a sum of
 * them times coefficients c 2^364 is gathered in seven columns and reduced once, by two
 * steps, so that it comes out in R = 2^260.  Divisors are multiplied up along each lane,
 * through all rows of the run; the 16 lanes' products are inverted together.  */
#include "bn254/x86/fr_rows_ifma.h"

#include <stdbool.h>
#include <string.h>

#include "bn254/constants.h"
#include "bn254/x86/mont52.h"

enum { UNIT = 16, UNITS_MAX = FR_ROWS_MAX / UNIT, SUM_COLUMNS = 7 };

static const struct m52 mr = {FR_52, FR_52_NINV, FR_52_KM, FR_52_2M, FR_52_4M};

struct c52 {
    uint64_t l[5];
};

struct table {
    const struct c52 *of_inputs; /* coefs times 2^364 */
    const struct c52 *coefs;     /* times 2^260, as are constants */
    const struct c52 *constants;
};

/* An input of 16 rows. */
struct input {
    __m512i lo[2], hi[2];
};

/* A register of 16 rows. */
struct reg {
    v52 h[2];
};

struct divisor {
    struct reg d, before; /* the divisor, and the product of those before it; then its inverse */
    __mmask8 zero[2];     /* lanes where it is 0, and d is 1 */
};

struct run {
    const struct fr_rows *p;
    struct table t;
    struct input *in;
    struct reg *r; /* of registers behind the inputs */
    struct divisor *divisors;
    v52 *z_sums;
    const struct fr_rows_out *out;
    size_t n;
    __mmask8 live[2]; /* lanes of the unit at hand that are rows */
    bool failed;
    unsigned char nowhere[64];
};

static size_t align64(size_t n)
{
    return (n + 63) & ~(size_t)63;
}

static size_t table_size(const struct fr_rows *p)
{
    return align64(2 * p->n_coefs * sizeof(struct c52)) +
           align64(p->n_constants * sizeof(struct c52));
}

static struct table table_at(const struct fr_rows *p, const void *memory)
{
    struct table t;

    t.of_inputs = memory;
    t.coefs = t.of_inputs + p->n_coefs;
    t.constants = (const struct c52 *)(const void *)((const char *)memory +
                                                     align64(2 * p->n_coefs * sizeof *t.coefs));
    return t;
}

/* a 2^e as limbs of 52 bits, for e from 256 on: power is 2^(e - 256). */
static void put_constant(struct c52 *out, const fr *a, const fr *power)
{
    const uint64_t mask = V52_MASK;
    fr x;

    fr_mul(&x, a, power);
    out->l[0] = x.l[0] & mask;
    out->l[1] = (x.l[0] >> 52 | x.l[1] << 12) & mask;
    out->l[2] = (x.l[1] >> 40 | x.l[2] << 24) & mask;
    out->l[3] = (x.l[2] >> 28 | x.l[3] << 36) & mask;
    out->l[4] = x.l[3] >> 16;
}

static void prepare(const struct fr_rows *p, void *memory)
{
    struct table t = table_at(p, memory);
    fr sixteen, power;

    fr_from_u64(&sixteen, 16);
    power = sixteen;
    for (int i = 0; i < 26; i++) /* 2^4 2^104 */
        fr_mul(&power, &power, &sixteen);
    for (uint32_t i = 0; i < p->n_coefs; i++) {
        put_constant((struct c52 *)(uintptr_t)&t.of_inputs[i], &p->coefs[i], &power);
        put_constant((struct c52 *)(uintptr_t)&t.coefs[i], &p->coefs[i], &sixteen);
    }
    for (uint32_t i = 0; i < p->n_constants; i++)
        put_constant((struct c52 *)(uintptr_t)&t.constants[i], &p->constants[i], &sixteen);
}

static size_t scratch_size(const struct fr_rows *p)
{
    return align64(sizeof(struct run)) + p->n_inputs * sizeof(struct input) +
           p->n_registers * sizeof(struct reg) +
           (size_t)UNITS_MAX * p->n_divisors * align64(sizeof(struct divisor)) +
           p->n_z * sizeof(v52);
}

/* ---- arithmetic ---- */

V52_INLINE v52 broadcast(const struct c52 *c)
{
    v52 o;

#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
        o.l[i] = v52_set1(c->l[i]);
    return o;
}

/* Any value the limbs can hold (84 r) to below 1.05 r. */
static void reduce(v52 *a)
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

static void multiply(struct reg *o, const struct reg *a, const struct reg *b)
{
    v52_mul2(&o->h[0], &a->h[0], &b->h[0], &o->h[1], &a->h[1], &b->h[1], &mr);
}

/* Columns below 2^(52 i + 62) each to a value below 2.1 r, by 2^104. */
V52_INLINE void reduce_columns(v52 *o, __m512i s[SUM_COLUMNS])
{
    const __m512i mask = v52_set1(V52_MASK), zero = _mm512_setzero_si512();
    __m512i x = _mm512_and_si512(s[0], mask);

    s[1] = _mm512_add_epi64(s[1], _mm512_srli_epi64(s[0], 52));
#pragma GCC unroll 5
    for (int j = 0; j < 5; j++)
        s[1 + j] = v52_lo(s[1 + j], x, v52_set1(mr.km[j]));
#pragma GCC unroll 5
    for (int j = 0; j < 5; j++)
        s[2 + j] = v52_hi(s[2 + j], x, v52_set1(mr.km[j]));
    x = v52_lo(zero, s[1], v52_set1(mr.ninv));
#pragma GCC unroll 5
    for (int j = 0; j < 5; j++)
        s[1 + j] = v52_lo(s[1 + j], x, v52_set1(mr.m[j]));
#pragma GCC unroll 5
    for (int j = 0; j < 5; j++)
        s[2 + j] = v52_hi(s[2 + j], x, v52_set1(mr.m[j]));
    s[2] = _mm512_add_epi64(s[2], _mm512_srli_epi64(s[1], 52));
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
        o->l[i] = s[2 + i];
    v52_carry(o);
}

V52_INLINE void add_input(__m512i s[SUM_COLUMNS], __m512i lo, __m512i hi, const struct c52 *c)
{
#pragma GCC unroll 5
    for (int j = 0; j < 5; j++)
        s[j] = v52_lo(s[j], lo, v52_set1(c->l[j]));
#pragma GCC unroll 5
    for (int j = 0; j < 5; j++)
        s[j + 1] = v52_hi(s[j + 1], lo, v52_set1(c->l[j]));
#pragma GCC unroll 5
    for (int j = 0; j < 5; j++)
        s[j + 1] = v52_lo(s[j + 1], hi, v52_set1(c->l[j]));
#pragma GCC unroll 5
    for (int j = 0; j < 5; j++)
        s[j + 2] = v52_hi(s[j + 2], hi, v52_set1(c->l[j]));
}

/* ---- operations ---- */

static const struct reg *reg_of(const struct run *u, uint32_t i)
{
    return &u->r[i - u->p->n_inputs];
}

/* Terms that are registers: rare, and one at a time. */
static void add_registers(const struct run *u, const struct fr_rows_op *op, struct reg *o)
{
    static const uint64_t m8[5] = FR_52_8M;

    for (uint32_t i = 0; i < op->b; i++) {
        const struct fr_rows_term *t = &u->p->terms[op->a + i];
        struct reg v, k;

        if (t->reg < u->p->n_inputs)
            continue;
        v = *reg_of(u, t->reg);
        if (t->coef > 1) {
            k.h[0] = k.h[1] = broadcast(&u->t.coefs[t->coef]);
            multiply(&v, &v, &k);
        }
        for (int h = 0; h < 2; h++) {
            if (t->coef == 1) {
                v52_sub_raw(&o->h[h], &o->h[h], &v.h[h]);
                v52_add_const(&o->h[h], m8);
            } else {
                v52_add_raw(&o->h[h], &o->h[h], &v.h[h]);
            }
            reduce(&o->h[h]);
        }
    }
}

/* The sum over inputs; *others: there are terms that are none. */
V52_INLINE void sum_inputs(const struct run *u, const struct fr_rows_op *op, struct reg *o,
                           bool *others)
{
    const struct c52 *constant = &u->t.constants[op->constant];
    __m512i s[SUM_COLUMNS], t[SUM_COLUMNS];

    s[0] = s[1] = t[0] = t[1] = _mm512_setzero_si512();
#pragma GCC unroll 5
    for (int j = 0; j < 5; j++)
        s[2 + j] = t[2 + j] = v52_set1(constant->l[j]);
    *others = false;
    for (uint32_t i = 0; i < op->b; i++) {
        const struct fr_rows_term *term = &u->p->terms[op->a + i];
        const struct input *in = &u->in[term->reg];

        if (term->reg >= u->p->n_inputs) {
            *others = true;
            continue;
        }
        add_input(s, in->lo[0], in->hi[0], &u->t.of_inputs[term->coef]);
        add_input(t, in->lo[1], in->hi[1], &u->t.of_inputs[term->coef]);
    }
    reduce_columns(&o->h[0], s);
    reduce_columns(&o->h[1], t);
}

static void sum(struct run *u, const struct fr_rows_op *op)
{
    struct reg *o = &u->r[op->out - u->p->n_inputs];
    bool others;

    sum_inputs(u, op, o, &others);
    if (others)
        add_registers(u, op, o);
}

/* ---- divisions ---- */

/* Lanes that are 0 modulo r, of a value below 4 r. */
static __mmask8 zero_lanes(const v52 *a)
{
    __mmask8 zero = 0;
    v52 m = {{_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(),
              _mm512_setzero_si512(), _mm512_setzero_si512()}};

    for (int k = 0; k < 4; k++) {
        __mmask8 equal = _mm512_cmpeq_epi64_mask(a->l[0], m.l[0]);

        for (int i = 1; i < 5 && equal; i++)
            equal &= _mm512_cmpeq_epi64_mask(a->l[i], m.l[i]);
        zero |= equal;
        v52_add_const(&m, mr.m);
        v52_carry(&m);
    }
    return zero;
}

static void one_where(v52 *a, __mmask8 lanes)
{
    static const uint64_t one[5] = FR_52_R;

    for (int i = 0; i < 5; i++)
        a->l[i] = _mm512_mask_mov_epi64(a->l[i], lanes, v52_set1(one[i]));
}

static void zero_where(v52 *a, __mmask8 lanes)
{
    for (int i = 0; i < 5; i++)
        a->l[i] = _mm512_mask_mov_epi64(a->l[i], lanes, _mm512_setzero_si512());
}

/* The divisors of one unit, and the products before them; acc: of all so far. */
static void collect(struct run *u, struct divisor *d, struct reg *acc)
{
    for (uint32_t i = 0; i < u->p->n_divisors; i++) {
        const struct fr_rows_op *op = &u->p->ops[i];

        sum(u, op);
        d[i].d = *reg_of(u, op->out);
        d[i].before = *acc;
        for (int h = 0; h < 2; h++) {
            d[i].zero[h] = zero_lanes(&d[i].d.h[h]);
            if (d[i].zero[h])
                one_where(&d[i].d.h[h], d[i].zero[h]);
        }
        multiply(acc, acc, &d[i].d);
    }
}

/* Inverses of all 16 lanes, R = 2^260 to R = 2^260. */
static void invert(struct reg *acc)
{
    fr lane[UNIT], scratch[UNIT], k;
    char *row[8];
    __m512i w[4];

    for (int h = 0; h < 2; h++) {
        for (int i = 0; i < 8; i++)
            row[i] = (char *)&lane[8 * h + i];
        reduce(&acc->h[h]);
        canonical(&acc->h[h]);
        v52_to_words(w, &acc->h[h]);
        v52_scatter(row, 0, w);
    }
    fr_from_u64(&k, 256); /* 2^4 on the way in, and again on the way out */
    fr_inv_batch(lane, UNIT, scratch);
    for (int i = 0; i < UNIT; i++)
        fr_mul(&lane[i], &lane[i], &k);
    for (int h = 0; h < 2; h++) {
        for (int i = 0; i < 8; i++)
            row[i] = (char *)&lane[8 * h + i];
        v52_gather(w, (const char *const *)row, 0);
        v52_from_words(&acc->h[h], w);
    }
}

/* Each divisor's inverse in place of `before`; the divisors back in their registers. */
static void distribute(struct run *u, struct divisor *d, struct reg *acc)
{
    for (uint32_t i = u->p->n_divisors; i-- > 0;) {
        struct reg *r = &u->r[u->p->ops[i].out - u->p->n_inputs];

        multiply(&d[i].before, &d[i].before, acc);
        multiply(acc, acc, &d[i].d);
        *r = d[i].d;
        for (int h = 0; h < 2; h++)
            if (d[i].zero[h]) {
                zero_where(&d[i].before.h[h], d[i].zero[h]);
                zero_where(&r->h[h], d[i].zero[h]);
            }
    }
}

static void divide(struct run *u, const struct fr_rows_op *op, const struct divisor *d)
{
    const struct divisor *by = &d[op->b];
    const struct reg *a = reg_of(u, op->a);

    for (int h = 0; h < 2; h++)
        if (by->zero[h] & u->live[h] & ~zero_lanes(&a->h[h]))
            u->failed = true;
    multiply(&u->r[op->out - u->p->n_inputs], a, &by->before);
}

/* ---- rows in and out ---- */

static void load(struct run *u, const uint64_t inputs[], size_t first)
{
    const __m512i mask = v52_set1(V52_MASK);
    size_t n = u->p->n_inputs;

    for (int h = 0; h < 2; h++) {
        size_t at = first + 8 * (size_t)h, live = at < u->n ? u->n - at : 0;
        __mmask8 lanes = live >= 8 ? 0xff : (__mmask8)((1u << live) - 1);
        u->live[h] = lanes;
        __m512i index = _mm512_mullo_epi64(_mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7), v52_set1(n));

        for (size_t i = 0; i < n; i++) {
            __m512i v = _mm512_mask_i64gather_epi64(_mm512_setzero_si512(), lanes, index,
                                                    inputs + (lanes ? at * n : 0) + i, 8);
            u->in[i].lo[h] = _mm512_and_si512(v, mask);
            u->in[i].hi[h] = _mm512_srli_epi64(v, 52);
        }
    }
}

/* Where 16 rows of an output begin; rows there are none of go nowhere. */
static void rows_of(char *row[UNIT], const struct run *u, void *out, size_t row_bytes, size_t first)
{
    for (size_t i = 0; i < UNIT; i++)
        row[i] = first + i < u->n ? (char *)out + (first + i) * row_bytes : NULL;
}

V52_INLINE void store(struct run *u, char *const row[8], size_t offset, const v52 *a)
{
    __m512i w[4];
    char *to[8];

    v52_to_words(w, a);
    if (row[7]) {
        v52_scatter(row, offset, w);
        return;
    }
    for (int i = 0; i < 8; i++)
        to[i] = row[i] ? row[i] + offset : (char *)u->nowhere;
    v52_scatter(to, 0, w);
}

static void put_pairs(struct run *u, const uint32_t reg[], fr *out, size_t first)
{
    static const struct c52 to_64 = {FR_52_TO_64};
    char *row[UNIT];
    struct reg k, v;

    k.h[0] = k.h[1] = broadcast(&to_64);
    rows_of(row, u, out, u->p->n_pairs * sizeof *out, first);
    for (uint32_t i = 0; i < u->p->n_pairs; i++) {
        multiply(&v, reg_of(u, reg[i]), &k);
        for (int h = 0; h < 2; h++) {
            canonical(&v.h[h]);
            store(u, row + 8 * h, i * sizeof *out, &v.h[h]);
        }
    }
}

V52_INLINE void widen(v52_wide *o, const v52 *a)
{
    for (int i = 0; i < 5; i++) {
        o->c[i] = a->l[i];
        o->c[5 + i] = _mm512_setzero_si512();
    }
}

static void put_z(struct run *u, size_t first)
{
    const struct fr_rows *p = u->p;
    char *row[UNIT];

    rows_of(row, u, u->out->z, p->n_z * sizeof *u->out->z, first);
    for (uint32_t i = 0; i < p->n_z; i++) {
        const struct reg *r = reg_of(u, p->z[i]);
        v52_wide a, b;
        struct reg v;

        widen(&a, &r->h[0]);
        widen(&b, &r->h[1]);
        v52_reduce2(&v.h[0], &a, &v.h[1], &b, &mr);
        for (int h = 0; h < 2; h++) {
            canonical(&v.h[h]);
            store(u, row + 8 * h, i * sizeof *u->out->z, &v.h[h]);
            zero_where(&v.h[h], (__mmask8)~u->live[h]);
            v52_add_raw(&u->z_sums[i], &u->z_sums[i], &v.h[h]);
        }
    }
}

/* Adds the lanes' sums, at most 16 r each, to the caller's. */
static void put_sums(struct run *u)
{
    fr_bits lane[8];
    char *row[8];
    __m512i w[4];
    fr v;

    for (int i = 0; i < 8; i++)
        row[i] = (char *)&lane[i];
    for (uint32_t i = 0; i < u->p->n_z; i++) {
        reduce(&u->z_sums[i]);
        canonical(&u->z_sums[i]);
        v52_to_words(w, &u->z_sums[i]);
        v52_scatter(row, 0, w);
        for (int j = 0; j < 8; j++) {
            fr_from_bits(&v, &lane[j]);
            fr_add(&u->out->z_sums[i], &u->out->z_sums[i], &v);
        }
    }
}

/* ---- a run ---- */

static struct run *lay_out(const struct fr_rows *p, void *scratch)
{
    char *at = scratch;
    struct run *u = scratch;

    at += align64(sizeof *u);
    u->in = (struct input *)(void *)at;
    at += p->n_inputs * sizeof *u->in;
    u->r = (struct reg *)(void *)at;
    at += p->n_registers * sizeof *u->r;
    u->z_sums = (v52 *)(void *)at;
    at += p->n_z * sizeof *u->z_sums;
    u->divisors = (struct divisor *)(void *)at;
    memset(u->z_sums, 0, p->n_z * sizeof *u->z_sums);
    return u;
}

static void finish_unit(struct run *u, const struct divisor *d, size_t first)
{
    const struct fr_rows *p = u->p;

    for (uint32_t i = p->n_divisors; i < p->n_ops; i++) {
        const struct fr_rows_op *op = &p->ops[i];

        switch (op->how) {
        case FR_ROWS_SUM: sum(u, op); break;
        case FR_ROWS_MUL:
            multiply(&u->r[op->out - p->n_inputs], reg_of(u, op->a), reg_of(u, op->b));
            break;
        default: divide(u, op, d);
        }
    }
    put_pairs(u, p->a, u->out->a, first);
    put_pairs(u, p->b, u->out->b, first);
    put_z(u, first);
}

static bool run(const struct fr_rows *p, const void *table, const uint64_t inputs[], size_t n,
                const struct fr_rows_out *out, void *scratch)
{
    static const struct c52 one = {FR_52_R};
    struct run *u = lay_out(p, scratch);
    size_t units = (n + UNIT - 1) / UNIT;
    struct reg acc;

    u->p = p;
    u->t = table_at(p, table);
    u->out = out;
    u->n = n;
    u->failed = false;
    acc.h[0] = acc.h[1] = broadcast(&one);
    for (size_t i = 0; i < units; i++) {
        load(u, inputs, UNIT * i);
        collect(u, u->divisors + i * p->n_divisors, &acc);
    }
    if (p->n_divisors)
        invert(&acc);
    for (size_t i = units; i-- > 0;) {
        struct divisor *d = u->divisors + i * p->n_divisors;

        if (i + 1 < units) /* the last one's are still there */
            load(u, inputs, UNIT * i);
        distribute(u, d, &acc);
        finish_unit(u, d, UNIT * i);
    }
    put_sums(u);
    return !u->failed;
}

const struct fr_rows_kernel fr_rows_kernel_ifma = {table_size, prepare, scratch_size, run};
