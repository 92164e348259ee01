/* chacha_rng.c - see chacha_rng.h.  The core is RFC 8439's block function. */
#include "groth16/chacha_rng.h"

#include <string.h>

static uint32_t rotl(uint32_t v, int n)
{
    return v << n | v >> (32 - n);
}

static void quarter_round(uint32_t s[16], int a, int b, int c, int d)
{
    s[a] += s[b];
    s[d] = rotl(s[d] ^ s[a], 16);
    s[c] += s[d];
    s[b] = rotl(s[b] ^ s[c], 12);
    s[a] += s[b];
    s[d] = rotl(s[d] ^ s[a], 8);
    s[c] += s[d];
    s[b] = rotl(s[b] ^ s[c], 7);
}

static void double_round(uint32_t s[16])
{
    for (int i = 0; i < 4; i++)
        quarter_round(s, i, 4 + i, 8 + i, 12 + i);
    for (int i = 0; i < 4; i++)
        quarter_round(s, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
}

static void next_block(struct chacha_rng *r)
{
    memcpy(r->block, r->state, sizeof r->block);
    for (int i = 0; i < 10; i++)
        double_round(r->block);
    for (int i = 0; i < 16; i++)
        r->block[i] += r->state[i];
    for (int i = 12; i < 16 && ++r->state[i] == 0; i++)
        continue;
    r->used = 0;
}

void chacha_rng_init(struct chacha_rng *r, const uint8_t seed[32])
{
    static const uint32_t sigma[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    memset(r, 0, sizeof *r);
    memcpy(r->state, sigma, sizeof sigma);
    for (int i = 0; i < 8; i++)
        r->state[4 + i] = (uint32_t)seed[4 * i] << 24 | (uint32_t)seed[4 * i + 1] << 16 |
                          (uint32_t)seed[4 * i + 2] << 8 | seed[4 * i + 3];
    r->used = 16;
}

uint32_t chacha_rng_u32(struct chacha_rng *r)
{
    if (r->used == 16)
        next_block(r);
    return r->block[r->used++];
}

uint64_t chacha_rng_u64(struct chacha_rng *r)
{
    uint64_t hi = chacha_rng_u32(r);
    return hi << 32 | chacha_rng_u32(r);
}

/* 254 bits, least significant word first, until below the modulus; both moduli have 254. */
static void draw_limbs(uint64_t l[4], struct chacha_rng *r)
{
    for (int i = 0; i < 4; i++)
        l[i] = chacha_rng_u64(r);
    l[3] &= (UINT64_C(1) << 62) - 1;
}

void chacha_rng_fr(fr *out, struct chacha_rng *r)
{
    do
        draw_limbs(out->l, r);
    while (!fr_is_canonical(out));
}

static void draw_fp(fp *out, struct chacha_rng *r)
{
    do
        draw_limbs(out->l, r);
    while (!fp_is_canonical(out));
}

void chacha_rng_g1(g1_affine *out, struct chacha_rng *r)
{
    fp three, y2;
    bool greatest;

    fp_from_u64(&three, 3);
    do {
        draw_fp(&out->x, r);
        greatest = chacha_rng_u32(r) & 1;
        fp_sqr(&y2, &out->x);
        fp_mul(&y2, &y2, &out->x);
        fp_add(&y2, &y2, &three);
    } while (!fp_sqrt(&out->y, &y2));
    if (fp_is_large(&out->y) != greatest)
        fp_neg(&out->y, &out->y);
}

/* The cofactor of the twist, 2p - r. */
static const uint64_t g2_cofactor[4] = {UINT64_C(0x345f2299c0f9fa8d), UINT64_C(0x06ceecda572a2489),
                                        UINT64_C(0xb85045b68181585e), UINT64_C(0x30644e72e131a029)};

/* out = cofactor p, for p anywhere on the twist: plain double and add, since the
 * multiplications of g2.h may assume the subgroup.  The cofactor is public. */
static void clear_cofactor(g2_affine *out, const g2_affine *p)
{
    g2 acc = g2_infinity;
    for (int i = 255; i >= 0; i--) {
        g2_dbl(&acc, &acc);
        if (g2_cofactor[i / 64] >> (i % 64) & 1)
            g2_add_affine(&acc, &acc, p);
    }
    g2_to_affine(out, &acc);
}

/* b = 3 / (9 + u), the constant of the twist. */
static void twist_b(fp2 *out)
{
    fp2 three = fp2_zero, xi = fp2_one;
    fp_from_u64(&three.c0, 3);
    fp2_mul_xi(&xi, &xi);
    fp2_inv(&xi, &xi);
    fp2_mul(out, &three, &xi);
}

void chacha_rng_g2(g2_affine *out, struct chacha_rng *r)
{
    g2_affine p;
    fp2 b, y2;
    bool greatest;

    twist_b(&b);
    do {
        draw_fp(&p.x.c0, r);
        draw_fp(&p.x.c1, r);
        greatest = chacha_rng_u32(r) & 1;
        fp2_sqr(&y2, &p.x);
        fp2_mul(&y2, &y2, &p.x);
        fp2_add(&y2, &y2, &b);
    } while (!fp2_sqrt_var(&p.y, &y2));
    if (fp2_is_large(&p.y) != greatest)
        fp2_neg(&p.y, &p.y);
    clear_cofactor(out, &p);
}
