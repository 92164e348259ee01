/* field.inc.h - the functions fp.h and fr.h share, included by fp.c and fr.c with
 *   FELEM      the type            F(name)     fp_##name or fr_##name
 *   MODULUS    four limbs          NINV, R1, R2, R3 as in constants.h
 * There is nothing here that depends on which of the two primes it is. */

const uint64_t F(modulus)[4] = MODULUS;
const FELEM F(zero) = {{0, 0, 0, 0}};
const FELEM F(one) = {R1};

static const uint64_t mod[4] = MODULUS;
static const FELEM mont_r2 = {R2}, mont_r3 = {R3};

void F(add)(FELEM *out, const FELEM *a, const FELEM *b)
{
    mont_add(out->l, a->l, b->l, mod);
}

void F(sub)(FELEM *out, const FELEM *a, const FELEM *b)
{
    mont_sub(out->l, a->l, b->l, mod);
}

void F(neg)(FELEM *out, const FELEM *a)
{
    mont_sub(out->l, F(zero).l, a->l, mod);
}

void F(dbl)(FELEM *out, const FELEM *a)
{
    mont_add(out->l, a->l, a->l, mod);
}

void F(half)(FELEM *out, const FELEM *a)
{
    mont_half(out->l, a->l, mod);
}

void F(mul)(FELEM *out, const FELEM *a, const FELEM *b)
{
    mont_mul(out->l, a->l, b->l, mod, NINV);
}

void F(sqr)(FELEM *out, const FELEM *a)
{
    mont_mul(out->l, a->l, a->l, mod, NINV);
}

void F(pow)(FELEM *out, const FELEM *a, const uint64_t e[], size_t n_limbs)
{
    FELEM base = *a, acc = F(one);

    for (size_t i = 64 * n_limbs; i-- > 0;) {
        F(sqr)(&acc, &acc);
        if (e[i / 64] >> (i % 64) & 1)
            F(mul)(&acc, &acc, &base);
    }
    *out = acc;
}

void F(inv)(FELEM *out, const FELEM *a)
{
    FELEM t;

    invert_mod(t.l, a->l, mod, NINV);
    F(mul)(out, &t, &mont_r3);
}

void F(inv_batch)(FELEM a[], size_t n, FELEM scratch[])
{
    FELEM acc = F(one), t;

    for (size_t i = 0; i < n; i++) {
        scratch[i] = acc;
        if (!F(is_zero)(&a[i]))
            F(mul)(&acc, &acc, &a[i]);
    }
    F(inv)(&acc, &acc);
    for (size_t i = n; i-- > 0;) {
        if (F(is_zero)(&a[i]))
            continue;
        F(mul)(&t, &acc, &scratch[i]);
        F(mul)(&acc, &acc, &a[i]);
        a[i] = t;
    }
}

bool F(is_zero)(const FELEM *a)
{
    return (a->l[0] | a->l[1] | a->l[2] | a->l[3]) == 0;
}

bool F(eq)(const FELEM *a, const FELEM *b)
{
    return ((a->l[0] ^ b->l[0]) | (a->l[1] ^ b->l[1]) | (a->l[2] ^ b->l[2]) |
            (a->l[3] ^ b->l[3])) == 0;
}

bool F(is_canonical)(const FELEM *a)
{
    return mont_less(a->l, mod);
}

void F(select)(FELEM *out, const FELEM *a, uint64_t take)
{
    mont_select(out->l, a->l, take);
}

/* Between the plain value and its Montgomery form. */
static void to_plain(uint64_t out[4], const FELEM *a)
{
    static const uint64_t one[4] = {1, 0, 0, 0};

    mont_mul(out, a->l, one, mod, NINV);
}

static bool from_plain(FELEM *out, const uint64_t v[4])
{
    if (!mont_less(v, mod))
        return false;
    mont_mul(out->l, v, mont_r2.l, mod, NINV);
    return true;
}

void F(from_u64)(FELEM *out, uint64_t v)
{
    uint64_t t[4] = {v, 0, 0, 0};

    (void)from_plain(out, t);
}

static uint64_t read_le(const uint8_t *b)
{
    uint64_t v = 0;

    for (int i = 0; i < 8; i++)
        v |= (uint64_t)b[i] << (8 * i);
    return v;
}

bool F(from_le)(FELEM *out, const uint8_t b[32])
{
    uint64_t t[4] = {read_le(b), read_le(b + 8), read_le(b + 16), read_le(b + 24)};

    return from_plain(out, t);
}

bool F(from_be)(FELEM *out, const uint8_t b[32])
{
    uint8_t t[32];

    for (int i = 0; i < 32; i++)
        t[i] = b[31 - i];
    return F(from_le)(out, t);
}

void F(to_le)(uint8_t b[32], const FELEM *a)
{
    uint64_t t[4];

    to_plain(t, a);
    for (int i = 0; i < 32; i++)
        b[i] = (uint8_t)(t[i / 8] >> (8 * (i % 8)));
}

void F(to_be)(uint8_t b[32], const FELEM *a)
{
    uint8_t t[32];

    F(to_le)(t, a);
    for (int i = 0; i < 32; i++)
        b[i] = t[31 - i];
}

/* lo + 2^256 hi.  The second factor of mont_mul may be any 256-bit number when the first
 * is below m: every row ends below a + m, and so does the product. */
void F(from_wide_le)(FELEM *out, const uint8_t b[64])
{
    FELEM lo = {{read_le(b), read_le(b + 8), read_le(b + 16), read_le(b + 24)}};
    FELEM hi = {{read_le(b + 32), read_le(b + 40), read_le(b + 48), read_le(b + 56)}};

    mont_mul(lo.l, mont_r2.l, lo.l, mod, NINV);
    mont_mul(hi.l, mont_r3.l, hi.l, mod, NINV);
    F(add)(out, &lo, &hi);
}

/* v = v * 10 + digit; v stays below 10^77 < 2^256 for 77 digits. */
static void append_digit(uint64_t v[4], unsigned digit)
{
    mont_u128 carry = digit;

    for (int i = 0; i < 4; i++) {
        carry += (mont_u128)v[i] * 10;
        v[i] = (uint64_t)carry;
        carry >>= 64;
    }
}

bool F(from_dec)(FELEM *out, const char *s, size_t len)
{
    uint64_t v[4] = {0, 0, 0, 0};

    if (len == 0 || len > 77 || (s[0] == '0' && len > 1))
        return false;
    for (size_t i = 0; i < len; i++) {
        if (s[i] < '0' || s[i] > '9')
            return false;
        append_digit(v, (unsigned)(s[i] - '0'));
    }
    return from_plain(out, v);
}

/* v /= 10, returns the remainder. */
static unsigned take_digit(uint64_t v[4])
{
    mont_u128 rest = 0;

    for (int i = 4; i-- > 0;) {
        rest = rest << 64 | v[i];
        v[i] = (uint64_t)(rest / 10);
        rest %= 10;
    }
    return (unsigned)rest;
}

size_t F(to_dec)(char out[78], const FELEM *a)
{
    char digits[78];
    uint64_t v[4];
    size_t n = 0;

    to_plain(v, a);
    do
        digits[n++] = (char)('0' + take_digit(v));
    while (v[0] | v[1] | v[2] | v[3]);
    for (size_t i = 0; i < n; i++)
        out[i] = digits[n - 1 - i];
    out[n] = '\0';
    return n;
}
