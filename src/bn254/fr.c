#include "bn254/fr.h"

#include <string.h>

#include "base/rng.h"
#include "bn254/constants.h"
#include "bn254/invert.h"
#include "bn254/mont.h"

#define FELEM   fr
#define F(name) fr_##name
#define MODULUS FR_MODULUS
#define NINV    FR_NINV
#define R1      FR_R
#define R2      FR_R2
#define R3      FR_R3
#include "bn254/field.inc.h"

void fr_to_bits(fr_bits *out, const fr *a)
{
    to_plain(out->l, a);
}

bool fr_from_bits(fr *out, const fr_bits *a)
{
    return from_plain(out, a->l);
}

bool fr_bits_is_canonical(const fr_bits *a)
{
    return mont_less(a->l, mod);
}

void fr_root_of_unity(fr *out, unsigned log_n)
{
    fr w = {FR_ROOT_28};

    for (; log_n < FR_TWO_ADICITY; log_n++)
        fr_sqr(&w, &w);
    *out = w;
}

void fr_random(fr *out)
{
    uint8_t b[64];

    rng_bytes(b, sizeof b);
    fr_from_wide_le(out, b);
    explicit_bzero(b, sizeof b);
}
