/* curve.inc.h - the group law of y^2 = x^3 + b over a field, included by g1.c and g2.c with
 *   FELEM F(name)   the field            G(name)     g1_##name or g2_##name
 *   POINT AFFINE    the point types      MUL_B3(out, a)  out = 3 b a
 *   CURVE_B FIELD_SQRT COORDINATE_TO_BE COORDINATE_FROM_BE */

bool G(is_infinity)(const POINT *a)
{
    return F(is_zero)(&a->z);
}

bool G(affine_is_infinity)(const AFFINE *a)
{
    return (int)F(is_zero)(&a->x) & (int)F(is_zero)(&a->y);
}

/* X1 Z2^2 = X2 Z1^2 and Y1 Z2^3 = Y2 Z1^3. */
bool G(eq)(const POINT *a, const POINT *b)
{
    FELEM za, zb, s, t;
    bool same;

    if (G(is_infinity)(a) || G(is_infinity)(b))
        return G(is_infinity)(a) && G(is_infinity)(b);
    F(sqr)(&za, &a->z);
    F(sqr)(&zb, &b->z);
    F(mul)(&s, &a->x, &zb);
    F(mul)(&t, &b->x, &za);
    same = F(eq)(&s, &t);
    F(mul)(&zb, &zb, &b->z);
    F(mul)(&za, &za, &a->z);
    F(mul)(&s, &a->y, &zb);
    F(mul)(&t, &b->y, &za);
    return same & F(eq)(&s, &t);
}

bool G(affine_eq)(const AFFINE *a, const AFFINE *b)
{
    return (int)F(eq)(&a->x, &b->x) & (int)F(eq)(&a->y, &b->y);
}

void G(from_affine)(POINT *out, const AFFINE *a)
{
    POINT t = {a->x, a->y, F(one)};

    if (G(affine_is_infinity)(a))
        t.z = F(zero);
    *out = t;
}

static void G(scale_by_inverse)(AFFINE *out, const POINT *a, const FELEM *z_inv)
{
    FELEM zz;

    F(sqr)(&zz, z_inv);
    F(mul)(&out->x, &a->x, &zz);
    F(mul)(&zz, &zz, z_inv);
    F(mul)(&out->y, &a->y, &zz);
}

/* The inverse of 0 is 0, so infinity comes out as (0, 0). */
void G(to_affine)(AFFINE *out, const POINT *a)
{
    FELEM z_inv;

    F(inv)(&z_inv, &a->z);
    G(scale_by_inverse)(out, a, &z_inv);
}

void G(to_affine_n)(AFFINE out[], const POINT a[], size_t n, FELEM scratch[])
{
    FELEM acc = F(one), inv;

    for (size_t i = 0; i < n; i++) {
        scratch[i] = acc;
        if (!G(is_infinity)(&a[i]))
            F(mul)(&acc, &acc, &a[i].z);
    }
    F(inv)(&acc, &acc);
    for (size_t i = n; i-- > 0;) {
        inv = F(zero);
        if (!G(is_infinity)(&a[i])) {
            F(mul)(&inv, &acc, &scratch[i]);
            F(mul)(&acc, &acc, &a[i].z);
        }
        G(scale_by_inverse)(&out[i], &a[i], &inv);
    }
}

void G(neg)(POINT *out, const POINT *a)
{
    POINT t = *a;

    F(neg)(&t.y, &t.y);
    *out = t;
}

void G(affine_neg)(AFFINE *out, const AFFINE *a)
{
    AFFINE t = *a;

    F(neg)(&t.y, &t.y);
    *out = t;
}

/* EFD dbl-2009-l.  No point of either curve has order two (-b is no cube), so a = inf
 * is the only special case and Z3 = 2 Y1 Z1 = 0 covers it. */
void G(dbl)(POINT *out, const POINT *a)
{
    FELEM A, B, C, D, E, z3;

    F(sqr)(&A, &a->x);
    F(sqr)(&B, &a->y);
    F(sqr)(&C, &B);
    F(add)(&D, &a->x, &B); /* D = 2 ((X1 + B)^2 - A - C) */
    F(sqr)(&D, &D);
    F(sub)(&D, &D, &A);
    F(sub)(&D, &D, &C);
    F(dbl)(&D, &D);
    F(dbl)(&E, &A); /* E = 3 A */
    F(add)(&E, &E, &A);
    F(mul)(&z3, &a->y, &a->z);
    F(dbl)(&out->z, &z3);
    F(sqr)(&A, &E); /* X3 = E^2 - 2 D */
    F(sub)(&A, &A, &D);
    F(sub)(&out->x, &A, &D);
    F(sub)(&D, &D, &out->x); /* Y3 = E (D - X3) - 8 C */
    F(mul)(&D, &D, &E);
    F(dbl)(&C, &C);
    F(dbl)(&C, &C);
    F(dbl)(&C, &C);
    F(sub)(&out->y, &D, &C);
}

/* The common end of both additions: H = U2 - U1, R = S2 - S1, and
 * X3 = R^2 - H^3 - 2 U1 H^2, Y3 = R (U1 H^2 - X3) - S1 H^3, Z3 given. */
static void G(add_finish)(POINT *out, const FELEM *u1, const FELEM *s1, const FELEM *h,
                          const FELEM *r, const FELEM *z3)
{
    FELEM hh, hhh, v, x3, t;

    F(sqr)(&hh, h);
    F(mul)(&hhh, &hh, h);
    F(mul)(&v, u1, &hh);
    F(sqr)(&x3, r);
    F(sub)(&x3, &x3, &hhh);
    F(sub)(&x3, &x3, &v);
    F(sub)(&x3, &x3, &v);
    F(sub)(&v, &v, &x3);
    F(mul)(&v, &v, r);
    F(mul)(&t, s1, &hhh);
    F(sub)(&out->y, &v, &t);
    out->x = x3;
    out->z = *z3;
}

void G(add)(POINT *out, const POINT *a, const POINT *b)
{
    FELEM za, zb, u1, u2, s1, s2, z3;

    if (G(is_infinity)(a)) {
        *out = *b;
        return;
    }
    if (G(is_infinity)(b)) {
        *out = *a;
        return;
    }
    F(sqr)(&za, &a->z);
    F(sqr)(&zb, &b->z);
    F(mul)(&u1, &a->x, &zb);
    F(mul)(&u2, &b->x, &za);
    F(mul)(&s1, &a->y, &zb);
    F(mul)(&s1, &s1, &b->z);
    F(mul)(&s2, &b->y, &za);
    F(mul)(&s2, &s2, &a->z);
    F(sub)(&u2, &u2, &u1);
    F(sub)(&s2, &s2, &s1);
    if (F(is_zero)(&u2)) {
        if (F(is_zero)(&s2))
            G(dbl)(out, a);
        else
            *out = G(infinity);
        return;
    }
    F(mul)(&z3, &a->z, &b->z);
    F(mul)(&z3, &z3, &u2);
    G(add_finish)(out, &u1, &s1, &u2, &s2, &z3);
}

void G(add_affine)(POINT *out, const POINT *a, const AFFINE *b)
{
    FELEM za, u2, s2, z3;
    POINT t = *a;

    if (G(affine_is_infinity)(b)) {
        *out = t;
        return;
    }
    if (G(is_infinity)(a)) {
        G(from_affine)(out, b);
        return;
    }
    F(sqr)(&za, &a->z);
    F(mul)(&u2, &b->x, &za);
    F(mul)(&s2, &b->y, &za);
    F(mul)(&s2, &s2, &a->z);
    F(sub)(&u2, &u2, &a->x);
    F(sub)(&s2, &s2, &a->y);
    if (F(is_zero)(&u2)) {
        if (F(is_zero)(&s2))
            G(dbl)(out, a);
        else
            *out = G(infinity);
        return;
    }
    F(mul)(&z3, &a->z, &u2);
    G(add_finish)(out, &t.x, &t.y, &u2, &s2, &z3);
}

/* Signed digits of width 5, most significant first: table of 1, 3, .. 15 times a. */
void G(mul_var_c)(POINT *out, const AFFINE *a, const fr_bits *k)
{
    POINT odd[8], twice, acc = G(infinity), t;
    int8_t digit[257];
    int n = scalar_wnaf(digit, k->l);

    G(from_affine)(&odd[0], a);
    G(dbl)(&twice, &odd[0]);
    for (int i = 1; i < 8; i++)
        G(add)(&odd[i], &odd[i - 1], &twice);
    while (n-- > 0) {
        G(dbl)(&acc, &acc);
        if (digit[n] > 0)
            G(add)(&acc, &acc, &odd[digit[n] / 2]);
        if (digit[n] < 0) {
            G(neg)(&t, &odd[-digit[n] / 2]);
            G(add)(&acc, &acc, &t);
        }
    }
    *out = acc;
}

/* Complete addition for a = 0 in homogeneous coordinates (X/Z, Y/Z), infinity (0, 1, 0):
 * Renes, Costello, Batina 2015, algorithm 7. */
static void G(complete_add)(POINT *out, const POINT *a, const POINT *b)
{
    FELEM t0, t1, t2, t3, t4, x3, y3, z3;

    F(mul)(&t0, &a->x, &b->x);
    F(mul)(&t1, &a->y, &b->y);
    F(mul)(&t2, &a->z, &b->z);
    F(add)(&t3, &a->x, &a->y);
    F(add)(&t4, &b->x, &b->y);
    F(mul)(&t3, &t3, &t4);
    F(add)(&t4, &t0, &t1);
    F(sub)(&t3, &t3, &t4); /* X1 Y2 + X2 Y1 */
    F(add)(&t4, &a->y, &a->z);
    F(add)(&x3, &b->y, &b->z);
    F(mul)(&t4, &t4, &x3);
    F(add)(&x3, &t1, &t2);
    F(sub)(&t4, &t4, &x3); /* Y1 Z2 + Y2 Z1 */
    F(add)(&x3, &a->x, &a->z);
    F(add)(&y3, &b->x, &b->z);
    F(mul)(&x3, &x3, &y3);
    F(add)(&y3, &t0, &t2);
    F(sub)(&y3, &x3, &y3); /* X1 Z2 + X2 Z1 */
    F(dbl)(&x3, &t0);
    F(add)(&t0, &x3, &t0); /* 3 X1 X2 */
    MUL_B3(&t2, &t2);
    F(add)(&z3, &t1, &t2);
    F(sub)(&t1, &t1, &t2);
    MUL_B3(&y3, &y3);
    F(mul)(&x3, &t4, &y3);
    F(mul)(&t2, &t3, &t1);
    F(sub)(&out->x, &t2, &x3);
    F(mul)(&y3, &y3, &t0);
    F(mul)(&t1, &t1, &z3);
    F(add)(&out->y, &t1, &y3);
    F(mul)(&t0, &t0, &t3);
    F(mul)(&z3, &z3, &t4);
    F(add)(&out->z, &z3, &t0);
}

static void G(select_point)(POINT *out, const POINT *a, uint64_t take)
{
    F(select)(&out->x, &a->x, take);
    F(select)(&out->y, &a->y, take);
    F(select)(&out->z, &a->z, take);
}

/* Fixed windows of four bits, the table read whole at every step. */
void G(mul_c)(POINT *out, const AFFINE *a, const fr_bits *k)
{
    POINT table[16] = {{F(zero), F(one), F(zero)}}, acc = table[0], t;

    table[1] = acc;
    t.x = a->x, t.y = a->y, t.z = F(one);
    G(select_point)(&table[1], &t, (uint64_t)!G(affine_is_infinity)(a));
    for (int i = 2; i < 16; i++)
        G(complete_add)(&table[i], &table[i - 1], &table[1]);
    for (int i = 252; i >= 0; i -= 4) {
        uint64_t d = k->l[i / 64] >> (i % 64) & 15;

        for (int j = 0; j < 4; j++)
            G(complete_add)(&acc, &acc, &acc);
        t = table[0];
        for (uint64_t j = 1; j < 16; j++)
            G(select_point)(&t, &table[j], ((j ^ d) - 1) >> 63);
        G(complete_add)(&acc, &acc, &t);
    }
    /* (X/Z, Y/Z) = (X Z / Z^2, Y Z^2 / Z^3) */
    F(mul)(&out->x, &acc.x, &acc.z);
    F(sqr)(&t.z, &acc.z);
    F(mul)(&out->y, &acc.y, &t.z);
    out->z = acc.z;
    explicit_bzero(table, sizeof table);
    explicit_bzero(&t, sizeof t);
    explicit_bzero(&acc, sizeof acc);
}

/* y^2 = x^3 + b */
bool G(affine_is_on_curve)(const AFFINE *a)
{
    FELEM lhs, rhs;

    if (!F(is_canonical)(&a->x) || !F(is_canonical)(&a->y))
        return false;
    if (G(affine_is_infinity)(a))
        return true;
    F(sqr)(&lhs, &a->y);
    F(sqr)(&rhs, &a->x);
    F(mul)(&rhs, &rhs, &a->x);
    F(add)(&rhs, &rhs, &CURVE_B);
    return F(eq)(&lhs, &rhs);
}

void G(compress)(uint8_t out[sizeof(FELEM)], const AFFINE *a)
{
    COORDINATE_TO_BE(out, &a->x);
    if (G(affine_is_infinity)(a))
        out[0] |= POINT_FLAG_INFINITY;
    else if (F(is_large)(&a->y))
        out[0] |= POINT_FLAG_LARGE;
}

bool G(decompress)(AFFINE *out, const uint8_t b[sizeof(FELEM)])
{
    uint8_t plain[sizeof(FELEM)];
    AFFINE p;
    FELEM rhs;

    memcpy(plain, b, sizeof plain);
    plain[0] &= (uint8_t) ~(POINT_FLAG_LARGE | POINT_FLAG_INFINITY);
    if (!COORDINATE_FROM_BE(&p.x, plain))
        return false;
    if (b[0] & POINT_FLAG_INFINITY) {
        if ((b[0] & POINT_FLAG_LARGE) || !F(is_zero)(&p.x))
            return false;
        p.y = F(zero);
        *out = p;
        return true;
    }
    F(sqr)(&rhs, &p.x);
    F(mul)(&rhs, &rhs, &p.x);
    F(add)(&rhs, &rhs, &CURVE_B);
    if (!FIELD_SQRT(&p.y, &rhs))
        return false;
    if (F(is_large)(&p.y) != ((b[0] & POINT_FLAG_LARGE) != 0))
        F(neg)(&p.y, &p.y);
    *out = p;
    return true;
}
