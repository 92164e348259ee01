/* mul_ifma.c - the multiplication of the IFMA level: sixteen products at once.
 *
 * v52_mul2 divides by 2^260, so a value v is kept as v 2^260 = (16 v) 2^256: the words of
 * the Montgomery form of 16 v. */
#include "mul.h"

#include "bn254/constants.h"
#include "bn254/x86/mont52.h"

static const struct m52 mp = {FP_52, FP_52_NINV, FP_52_KM, FP_52_2M, FP_52_4M};

static void slice(uint64_t out[5], const fp *a)
{
    fp t = *a;

    for (int i = 0; i < 4; i++)
        fp_dbl(&t, &t);
    out[0] = t.l[0] & V52_MASK;
    out[1] = (t.l[0] >> 52 | t.l[1] << 12) & V52_MASK;
    out[2] = (t.l[1] >> 40 | t.l[2] << 24) & V52_MASK;
    out[3] = (t.l[2] >> 28 | t.l[3] << 36) & V52_MASK;
    out[4] = t.l[3] >> 16;
}

/* Below 2^256 = 5.3 p to below p, and 16 v to v. */
static void join(fp *out, const uint64_t l[5])
{
    out->l[0] = l[0] | l[1] << 52;
    out->l[1] = l[1] >> 12 | l[2] << 40;
    out->l[2] = l[2] >> 24 | l[3] << 28;
    out->l[3] = l[3] >> 36 | l[4] << 16;
    while (!fp_is_canonical(out)) {
        unsigned __int128 d = 0;

        for (int i = 0; i < 4; i++) {
            d = (unsigned __int128)out->l[i] - fp_modulus[i] - (uint64_t)(d >> 64 & 1);
            out->l[i] = (uint64_t)d;
        }
    }
    for (int i = 0; i < 4; i++)
        fp_half(out, out);
}

static void load(v52 *out, const fp a[8])
{
    _Alignas(64) uint64_t lanes[5][8];
    uint64_t l[5];

    for (int i = 0; i < 8; i++) {
        slice(l, &a[i]);
        for (int j = 0; j < 5; j++)
            lanes[j][i] = l[j];
    }
    for (int j = 0; j < 5; j++)
        out->l[j] = _mm512_load_si512(lanes[j]);
}

static void store(fp out[8], const v52 *a)
{
    _Alignas(64) uint64_t lanes[5][8];
    uint64_t l[5];

    for (int j = 0; j < 5; j++)
        _mm512_store_si512(lanes[j], a->l[j]);
    for (int i = 0; i < 8; i++) {
        for (int j = 0; j < 5; j++)
            l[j] = lanes[j][i];
        join(&out[i], l);
    }
}

void mul_chain_ifma(fp x[MUL_CHAINS], const fp y[MUL_CHAINS], unsigned n)
{
    v52 a, b, c, d;

    load(&a, x);
    load(&b, x + 8);
    load(&c, y);
    load(&d, y + 8);
    for (; n > 0; n--)
        v52_mul2(&a, &a, &c, &b, &b, &d, &mp);
    store(x, &a);
    store(x + 8, &b);
}
