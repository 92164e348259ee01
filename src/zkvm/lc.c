/* Linear combinations: building, and their values in the integers and in the field. */
#include "zkvm/build.h"

#include <stdlib.h>

struct lin lin_zero(void)
{
    return (struct lin){0};
}

static struct lin one_term(int32_t wire, int64_t m, int shift)
{
    struct lin x;

    x.n = m != 0;
    x.t[0] = (struct chip_term){wire, (int16_t)shift, m};
    return x;
}

struct lin lin_const(int64_t m)
{
    return one_term(CHIP_ONE, m, 0);
}

struct lin lin_pow2(int shift)
{
    return one_term(CHIP_ONE, 1, shift);
}

struct lin lin_wire(int32_t wire)
{
    return one_term(wire, 1, 0);
}

/* Terms of one wire and shift are merged; other shifts of it stay terms of their own. */
static void add_term(struct lin *x, const struct chip_term *t)
{
    for (uint32_t i = 0; i < x->n; i++) {
        if (x->t[i].wire != t->wire || x->t[i].shift != t->shift)
            continue;
        x->t[i].m += t->m;
        if (x->t[i].m == 0)
            x->t[i] = x->t[--x->n];
        return;
    }
    if (x->n == LIN_TERMS_MAX)
        abort(); /* a chip of ours is too wide: nothing hostile comes here */
    x->t[x->n++] = *t;
}

struct lin lin_add(struct lin a, struct lin b)
{
    for (uint32_t i = 0; i < b.n; i++)
        add_term(&a, &b.t[i]);
    return a;
}

struct lin lin_sub(struct lin a, struct lin b)
{
    return lin_add(a, lin_mul(b, -1));
}

struct lin lin_mul(struct lin a, int64_t m)
{
    if (m == 0)
        return lin_zero();
    for (uint32_t i = 0; i < a.n; i++)
        a.t[i].m *= m;
    return a;
}

struct lin lin_shl(struct lin a, int shift)
{
    for (uint32_t i = 0; i < a.n; i++)
        a.t[i].shift = (int16_t)(a.t[i].shift + shift);
    return a;
}

/* ---- values -------------------------------------------------------------- */

static wide shifted(wide v, int shift)
{
    return shift >= 0 ? (wide)((unsigned __int128)v << shift) : v;
}

static wide integer_of(int32_t wire, const uint64_t stage1[], const uint64_t inputs[])
{
    if (wire == CHIP_ONE)
        return 1;
    return wire >= 0 ? (wide)stage1[wire] : (wide)inputs[-64 - wire];
}

wide lc_integer(const struct lc *x, const uint64_t stage1[], const uint64_t inputs[])
{
    int low = 0;
    wide sum = 0;

    for (uint32_t i = 0; i < x->n; i++)
        if (x->terms[i].shift < low)
            low = x->terms[i].shift;
    for (uint32_t i = 0; i < x->n; i++) {
        const struct chip_term *t = &x->terms[i];
        wide v = integer_of(t->wire, stage1, inputs);

        sum = (wide)((unsigned __int128)sum +
                     (unsigned __int128)shifted(
                         (wide)((unsigned __int128)v * (unsigned __int128)(wide)t->m),
                         t->shift - low));
    }
    return low < 0 ? sum >> -low : sum;
}

/* Powers of two by exponent, from -128 on. */
#define POWERS_LOW  128
#define POWERS_HIGH 256

static const fr *power(int shift)
{
    static _Thread_local fr powers[POWERS_LOW + POWERS_HIGH];
    static _Thread_local bool made;

    if (!made) {
        bus_pow2(&powers[0], -POWERS_LOW);
        for (unsigned i = 1; i < POWERS_LOW + POWERS_HIGH; i++)
            fr_dbl(&powers[i], &powers[i - 1]);
        made = true;
    }
    return &powers[shift + POWERS_LOW];
}

void chip_coefficient(fr *out, const struct chip_term *t)
{
    fr_from_u64(out, t->m < 0 ? (uint64_t)-t->m : (uint64_t)t->m);
    if (t->m < 0)
        fr_neg(out, out);
    if (t->shift)
        fr_mul(out, out, power(t->shift));
}

static void wire_value(fr *out, int32_t wire, const fr wires[],
                       const uint64_t row[CHIP_ROW_CONSTANTS], const fr challenges[])
{
    if (wire >= 0)
        *out = wires[wire];
    else if (wire == CHIP_ONE)
        *out = fr_one;
    else if (wire > CHIP_CHALLENGE(0))
        fr_from_u64(out, row[-2 - wire]);
    else
        *out = challenges[-16 - wire];
}

void lc_field(fr *out, const struct lc *x, const fr wires[], const uint64_t row[CHIP_ROW_CONSTANTS],
              const fr challenges[])
{
    fr sum = fr_zero, v, m;

    for (uint32_t i = 0; i < x->n; i++) {
        const struct chip_term *t = &x->terms[i];

        wire_value(&v, t->wire, wires, row, challenges);
        if (t->m == 1 || t->m == -1) {
            if (t->shift)
                fr_mul(&v, &v, power(t->shift));
            if (t->m == 1)
                fr_add(&sum, &sum, &v);
            else
                fr_sub(&sum, &sum, &v);
            continue;
        }
        chip_coefficient(&m, t);
        fr_mul(&v, &v, &m);
        fr_add(&sum, &sum, &v);
    }
    *out = sum;
}
