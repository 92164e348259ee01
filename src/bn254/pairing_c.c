#include "bn254/pairing_c.h"

#include "bn254/constants.h"

static const int8_t ate_digits[ATE_LOOP_LEN] = ATE_LOOP_DIGITS;

/* The loop works on the twist y^2 = x^3 + 9 - u, which s of constants.h (in Fp) makes of the
 * curve of g2.h and where 3 b' is two small numbers; a line then takes (s^2 xP, s^3 yP).
 * Factors from Fp2 do not survive the final exponentiation. */
static const fp twist_s2 = TWIST_S2, twist_s3 = TWIST_S3;

static void to_loop_g1(g1_affine *out, const g1_affine *p)
{
    fp_mul(&out->x, &p->x, &twist_s2);
    fp_mul(&out->y, &p->y, &twist_s3);
}

static void to_loop_g2(g2_affine *out, const g2_affine *q)
{
    fp2_mul_fp(&out->x, &q->x, &twist_s2);
    fp2_mul_fp(&out->y, &q->y, &twist_s3);
}

/* T of a Miller loop in homogeneous coordinates: (X/Z, Y/Z). */
struct twist_point {
    fp2 x, y, z;
};

/* 3 b' a = (27 - 3 u) a, by conj(xi conj(3 a)). */
static void mul_twist_b3(fp2 *out, const fp2 *a)
{
    fp2 t;

    fp2_dbl(&t, a);
    fp2_add(&t, &t, a);
    fp2_conj(&t, &t);
    fp2_mul_xi(&t, &t);
    fp2_conj(out, &t);
}

/* T = 2 T and its tangent: Costello, Lange, Naehrig 2010, section 5, all coordinates times
 * four, which saves the halves. */
static void double_step(struct twist_point *t, fp2 line[3])
{
    fp2 a, b, c, e, f, g, h, j;

    fp2_mul(&a, &t->x, &t->y); /* A = 2 X Y */
    fp2_dbl(&a, &a);
    fp2_sqr(&b, &t->y);
    fp2_sqr(&c, &t->z);
    mul_twist_b3(&e, &c); /* E = 3 b' Z^2, F = 3 E */
    fp2_dbl(&f, &e);
    fp2_add(&f, &f, &e);
    fp2_add(&g, &b, &f);       /* G = B + F */
    fp2_add(&h, &t->y, &t->z); /* H = (Y + Z)^2 - B - C = 2 Y Z */
    fp2_sqr(&h, &h);
    fp2_sub(&h, &h, &b);
    fp2_sub(&h, &h, &c);
    fp2_sqr(&j, &t->x);
    fp2_neg(&line[0], &h);
    fp2_dbl(&line[1], &j);
    fp2_add(&line[1], &line[1], &j);
    fp2_sub(&line[2], &e, &b);
    fp2_sub(&c, &b, &f); /* X = A (B - F) */
    fp2_mul(&t->x, &a, &c);
    fp2_sqr(&g, &g); /* Y = G^2 - 12 E^2 */
    fp2_dbl(&e, &e);
    fp2_sqr(&e, &e);
    fp2_dbl(&c, &e);
    fp2_add(&c, &c, &e);
    fp2_sub(&t->y, &g, &c);
    fp2_mul(&t->z, &b, &h); /* Z = 4 B H */
    fp2_dbl(&t->z, &t->z);
    fp2_dbl(&t->z, &t->z);
}

/* T = T + Q and the line through both; Z becomes 0, and stays so, where T = +-Q. */
static void add_step(struct twist_point *t, const g2_affine *q, fp2 line[3])
{
    fp2 o, l, d, e, f, g, h;

    fp2_mul(&o, &q->y, &t->z); /* O = Y - yQ Z, L = X - xQ Z */
    fp2_sub(&o, &t->y, &o);
    fp2_mul(&l, &q->x, &t->z);
    fp2_sub(&l, &t->x, &l);
    fp2_sqr(&f, &o); /* F = Z O^2 */
    fp2_mul(&f, &f, &t->z);
    fp2_sqr(&d, &l);
    fp2_mul(&e, &d, &l);    /* E = L^3 */
    fp2_mul(&g, &t->x, &d); /* G = X L^2 */
    fp2_add(&h, &e, &f);    /* H = E + F - 2 G */
    fp2_sub(&h, &h, &g);
    fp2_sub(&h, &h, &g);
    fp2_mul(&f, &t->y, &e);
    fp2_mul(&t->x, &l, &h);
    fp2_sub(&g, &g, &h); /* Y = (G - H) O - Y E */
    fp2_mul(&g, &g, &o);
    fp2_sub(&t->y, &g, &f);
    fp2_mul(&t->z, &t->z, &e);
    fp2_mul(&d, &l, &q->y); /* J = xQ O - L yQ */
    fp2_mul(&f, &q->x, &o);
    line[0] = l;
    fp2_neg(&line[1], &o);
    fp2_sub(&line[2], &f, &d);
}

/* A loop over the multiples of one Q, a step a line: line[0] yP + line[1] xP w +
 * line[2] v w at P. */
struct walk {
    struct twist_point t;
    g2_affine q, minus, last; /* last: -psi^2(Q) */
};

enum step { STEP_DOUBLE, STEP_ADD, STEP_SUB, STEP_PSI, STEP_LAST };

static void walk_init(struct walk *w, const g2_affine *q)
{
    to_loop_g2(&w->q, q);
    g2_affine_neg(&w->minus, &w->q);
    w->t = (struct twist_point){w->q.x, w->q.y, fp2_one};
}

static void walk_step(struct walk *w, enum step step, fp2 line[3])
{
    if (step == STEP_DOUBLE)
        double_step(&w->t, line);
    else if (step == STEP_ADD)
        add_step(&w->t, &w->q, line);
    else if (step == STEP_SUB)
        add_step(&w->t, &w->minus, line);
    else if (step == STEP_PSI) {
        g2_affine_psi(&w->last, &w->q);
        add_step(&w->t, &w->last, line);
        g2_affine_psi(&w->last, &w->last);
        g2_affine_neg(&w->last, &w->last);
    } else {
        add_step(&w->t, &w->last, line);
    }
}

/* After the last step: whether Q is in the subgroup of order r, which is where T, which is
 * [6x + 2] Q + psi(Q) - psi^2(Q), equals -psi^3(Q).  Z is not 0 only if no step met a case
 * that its formulas leave out, so T is right.  psi^2 - t psi + p = 0 on the whole twist; its
 * resultant with X^3 - X^2 + X + 6x + 2 is divisible by r once and otherwise prime to the
 * cofactor 2p - r (constants.py), so no other point satisfies the equation. */
static bool walk_ends_in_subgroup(const struct walk *w)
{
    g2_affine want;
    fp2 x, y;

    g2_affine_psi(&want, &w->last);
    fp2_mul(&x, &want.x, &w->t.z);
    fp2_mul(&y, &want.y, &w->t.z);
    return !fp2_is_zero(&w->t.z) && fp2_eq(&x, &w->t.x) && fp2_eq(&y, &w->t.y);
}

/* The steps of the loop, in order; returns how many. */
static size_t loop_steps(uint8_t step[PAIRING_LINES_MAX])
{
    size_t n = 0;

    for (int i = ATE_LOOP_LEN - 2; i >= 0; i--) {
        step[n++] = STEP_DOUBLE;
        if (ate_digits[i] != 0)
            step[n++] = ate_digits[i] > 0 ? STEP_ADD : STEP_SUB;
    }
    step[n++] = STEP_PSI;
    step[n++] = STEP_LAST;
    return n;
}

/* Lines are kept divided by their first coefficient, never zero for Q of order r: a line
 * at P over yP is then 1 + line[0] (xP / yP) w + line[1] (1 / yP) v w. */
void g2_prepare_c(struct g2_prepared *out, const g2_affine *q)
{
    fp2 line[PAIRING_LINES_MAX][3], inv[PAIRING_LINES_MAX], scratch[PAIRING_LINES_MAX];
    uint8_t step[PAIRING_LINES_MAX];
    size_t n = loop_steps(step);
    struct walk w;

    walk_init(&w, q);
    for (size_t i = 0; i < n; i++) {
        walk_step(&w, step[i], line[i]);
        inv[i] = line[i][0];
    }
    fp2_inv_batch(inv, n, scratch);
    for (size_t i = 0; i < n; i++) {
        fp2_mul(&out->line[i][0], &line[i][1], &inv[i]);
        fp2_mul(&out->line[i][1], &line[i][2], &inv[i]);
    }
}

/* out = a (b0 + b1 v), five products. */
static void fp6_mul_01(fp6 *out, const fp6 *a, const fp2 *b0, const fp2 *b1)
{
    fp2 v0, v1, s, t, c0;

    fp2_mul(&v0, &a->c0, b0);
    fp2_mul(&v1, &a->c1, b1);
    fp2_add(&s, &a->c1, &a->c2); /* c0 = v0 + xi a2 b1 */
    fp2_mul(&s, &s, b1);
    fp2_sub(&s, &s, &v1);
    fp2_mul_xi(&s, &s);
    fp2_add(&c0, &s, &v0);
    fp2_add(&s, &a->c0, &a->c2); /* c2 = a2 b0 + v1 */
    fp2_mul(&s, &s, b0);
    fp2_sub(&s, &s, &v0);
    fp2_add(&t, &a->c0, &a->c1); /* c1 = a0 b1 + a1 b0 */
    fp2_add(&out->c2, &s, &v1);
    fp2_add(&s, b0, b1);
    fp2_mul(&t, &t, &s);
    fp2_sub(&t, &t, &v0);
    fp2_sub(&out->c1, &t, &v1);
    out->c0 = c0;
}

/* f *= 1 + (a + b v) w, ten products. */
static void mul_by_monic(fp12 *f, const fp2 *a, const fp2 *b)
{
    fp6 s, t;

    fp6_mul_01(&s, &f->c0, a, b);
    fp6_mul_01(&t, &f->c1, a, b);
    fp6_mul_v(&t, &t);
    fp6_add(&f->c0, &f->c0, &t);
    fp6_add(&f->c1, &f->c1, &s);
}

/* f *= l + (a + b v) w, thirteen products. */
static void mul_by_line(fp12 *f, const fp2 *l, const fp2 *a, const fp2 *b)
{
    fp6 s, t, u;
    fp2 la;

    fp2_mul(&s.c0, &f->c0.c0, l);
    fp2_mul(&s.c1, &f->c0.c1, l);
    fp2_mul(&s.c2, &f->c0.c2, l);
    fp6_mul_01(&t, &f->c1, a, b);
    fp6_add(&u, &f->c0, &f->c1);
    fp2_add(&la, l, a);
    fp6_mul_01(&u, &u, &la, b);
    fp6_sub(&u, &u, &s);
    fp6_sub(&f->c1, &u, &t);
    fp6_mul_v(&t, &t);
    fp6_add(&f->c0, &s, &t);
}

enum { PAIRS_AT_ONCE = 16 }; /* share their squarings */

/* What a Miller loop runs over: pairs whose lines are at hand, and the others. */
struct pairs {
    const struct g2_prepared *lines[PAIRS_AT_ONCE];
    fp x_over_y[PAIRS_AT_ONCE], inv_y[PAIRS_AT_ONCE];
    size_t n_prepared;
    struct walk walk[PAIRS_AT_ONCE];
    g1_affine p[PAIRS_AT_ONCE];
    size_t at[PAIRS_AT_ONCE]; /* which pair of the caller */
    size_t n_walks;
};

/* Leaves out the pairs that contribute 1; y is never 0 on the curve.  A Q that is not
 * known to be good is walked even if P is infinity. */
static void collect_pairs(struct pairs *s, const struct pairing_pair pairs[], size_t n)
{
    fp scratch[PAIRS_AT_ONCE];
    g1_affine p;

    s->n_prepared = s->n_walks = 0;
    for (size_t i = 0; i < n; i++) {
        if (g2_affine_is_infinity(pairs[i].q))
            continue;
        to_loop_g1(&p, &pairs[i].p);
        if (!pairs[i].lines) {
            walk_init(&s->walk[s->n_walks], pairs[i].q);
            s->p[s->n_walks] = p;
            s->at[s->n_walks++] = i;
        } else if (!g1_affine_is_infinity(&p)) {
            s->lines[s->n_prepared] = pairs[i].lines;
            s->x_over_y[s->n_prepared] = p.x;
            s->inv_y[s->n_prepared++] = p.y;
        }
    }
    fp_inv_batch(s->inv_y, s->n_prepared, scratch);
    for (size_t i = 0; i < s->n_prepared; i++)
        fp_mul(&s->x_over_y[i], &s->x_over_y[i], &s->inv_y[i]);
}

static void mul_by_lines(fp12 *f, struct pairs *s, enum step step, size_t n_line)
{
    fp2 a, b, line[3];

    for (size_t i = 0; i < s->n_prepared; i++) {
        fp2_mul_fp(&a, &s->lines[i]->line[n_line][0], &s->x_over_y[i]);
        fp2_mul_fp(&b, &s->lines[i]->line[n_line][1], &s->inv_y[i]);
        mul_by_monic(f, &a, &b);
    }
    for (size_t i = 0; i < s->n_walks; i++) {
        walk_step(&s->walk[i], step, line);
        if (g1_affine_is_infinity(&s->p[i]))
            continue;
        fp2_mul_fp(&line[0], &line[0], &s->p[i].y);
        fp2_mul_fp(&line[1], &line[1], &s->p[i].x);
        mul_by_line(f, &line[0], &line[1], &line[2]);
    }
}

/* Returns the first pair whose Q is outside the subgroup, or SIZE_MAX. */
static size_t miller_loop(fp12 *out, struct pairs *s)
{
    uint8_t step[PAIRING_LINES_MAX];
    size_t n = loop_steps(step);

    *out = fp12_one;
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && step[i] == STEP_DOUBLE)
            fp12_sqr(out, out);
        mul_by_lines(out, s, (enum step)step[i], i);
    }
    for (size_t i = 0; i < s->n_walks; i++)
        if (!walk_ends_in_subgroup(&s->walk[i]))
            return s->at[i];
    return SIZE_MAX;
}

size_t pairing_miller_c(fp12 *out, const struct pairing_pair pairs[], size_t n)
{
    size_t first_bad = n;
    fp12 part;
    struct pairs s;

    *out = fp12_one;
    for (size_t i = 0; i < n && first_bad == n; i += PAIRS_AT_ONCE) {
        collect_pairs(&s, pairs + i, n - i < PAIRS_AT_ONCE ? n - i : PAIRS_AT_ONCE);
        size_t bad = miller_loop(&part, &s);

        if (bad != SIZE_MAX)
            first_bad = i + bad;
        fp12_mul(out, out, &part);
    }
    return first_bad;
}

/* (a + b s)^2 in Fp4 = Fp2[s]/(s^2 - xi): c0 = a^2 + xi b^2, c1 = 2 a b. */
static void fp4_sqr(fp2 *c0, fp2 *c1, const fp2 *a, const fp2 *b)
{
    fp2 aa, bb, s;

    fp2_sqr(&aa, a);
    fp2_sqr(&bb, b);
    fp2_add(&s, a, b);
    fp2_sqr(&s, &s);
    fp2_sub(&s, &s, &aa);
    fp2_sub(c1, &s, &bb);
    fp2_mul_xi(&bb, &bb);
    fp2_add(c0, &aa, &bb);
}

/* out = 3 t - 2 a, or 3 t + 2 a. */
static void triple_minus(fp2 *out, const fp2 *t, const fp2 *a)
{
    fp2 d;

    fp2_sub(&d, t, a);
    fp2_dbl(&d, &d);
    fp2_add(out, &d, t);
}

static void triple_plus(fp2 *out, const fp2 *t, const fp2 *a)
{
    fp2 d;

    fp2_add(&d, t, a);
    fp2_dbl(&d, &d);
    fp2_add(out, &d, t);
}

/* Squaring in the cyclotomic subgroup: Granger and Scott 2010, section 3.2. */
static void cyclotomic_sqr(fp12 *out, const fp12 *a)
{
    fp2 t0, t1, t2, t3, t4, t5;

    fp4_sqr(&t0, &t1, &a->c0.c0, &a->c1.c1);
    fp4_sqr(&t2, &t3, &a->c1.c0, &a->c0.c2);
    fp4_sqr(&t4, &t5, &a->c0.c1, &a->c1.c2);
    fp2_mul_xi(&t5, &t5);
    triple_minus(&out->c0.c0, &t0, &a->c0.c0);
    triple_minus(&out->c0.c1, &t2, &a->c0.c1);
    triple_minus(&out->c0.c2, &t4, &a->c0.c2);
    triple_plus(&out->c1.c0, &t5, &a->c1.c0);
    triple_plus(&out->c1.c1, &t1, &a->c1.c1);
    triple_plus(&out->c1.c2, &t3, &a->c1.c2);
}

/* out = a^-x in the cyclotomic subgroup, where the inverse is the conjugate: signed
 * digits of width 4, table of a, a^3, a^5, a^7. */
static void pow_minus_x(fp12 *out, const fp12 *a)
{
    fp12 odd[4], sq, acc = fp12_one, t;
    uint64_t v = BN254_X;
    int8_t digit[66];
    int n = 0;

    for (; v != 0; v >>= 1) {
        int d = v & 1 ? (int)(v & 15) : 0;

        d = d > 7 ? d - 16 : d;
        v -= (uint64_t)(int64_t)d;
        digit[n++] = (int8_t)d;
    }
    cyclotomic_sqr(&sq, a);
    odd[0] = *a;
    for (int i = 1; i < 4; i++)
        fp12_mul(&odd[i], &odd[i - 1], &sq);
    acc = odd[digit[n - 1] / 2];
    for (n--; n-- > 0;) {
        cyclotomic_sqr(&acc, &acc);
        if (digit[n] > 0)
            fp12_mul(&acc, &acc, &odd[digit[n] / 2]);
        if (digit[n] < 0) {
            fp12_conj(&t, &odd[-digit[n] / 2]);
            fp12_mul(&acc, &acc, &t);
        }
    }
    fp12_conj(out, &acc);
}

/* a^((p^6 - 1)(p^2 + 1)) */
static void final_exp_easy(fp12 *out, const fp12 *a)
{
    fp12 inv, t;

    fp12_inv(&inv, a);
    fp12_conj(&t, a);
    fp12_mul(&t, &t, &inv);
    fp12_frobenius(&inv, &t, 2);
    fp12_mul(out, &inv, &t);
}

/* Hard part: a multiple of (p^4 - p^2 + 1)/r as l0 + l1 p + l2 p^2 + l3 p^3 with
 * l0 = 1 + 6x + 12x^2 + 12x^3, l1 = 4x + 6x^2 + 12x^3, l2 = 6x + 6x^2 + 12x^3,
 * l3 = -1 + 4x + 6x^2 + 12x^3 (Fuentes-Castaneda et al. 2011, section 5). */
void pairing_final_exp_c(fp12 *out, const fp12 *a)
{
    fp12 f, x2, x6, xx6, xxx12, l2, t;

    final_exp_easy(&f, a);
    pow_minus_x(&t, &f);
    cyclotomic_sqr(&x2, &t); /* f^-2x */
    cyclotomic_sqr(&t, &x2);
    fp12_mul(&x6, &t, &x2); /* f^-6x */
    pow_minus_x(&xx6, &x6); /* f^6x^2 */
    cyclotomic_sqr(&t, &xx6);
    pow_minus_x(&xxx12, &t); /* f^-12x^3 */
    fp12_conj(&x6, &x6);
    fp12_conj(&xxx12, &xxx12);
    fp12_mul(&t, &xxx12, &xx6);
    fp12_mul(&l2, &t, &x6);  /* 12x^3 + 6x^2 + 6x */
    fp12_mul(&x2, &l2, &x2); /* l1: - 2x */
    fp12_mul(&t, &l2, &xx6); /* l0 = l2 + 6x^2 + 1 */
    fp12_mul(&t, &t, &f);
    fp12_frobenius(&x6, &x2, 1);
    fp12_mul(&t, &t, &x6);
    fp12_frobenius(&l2, &l2, 2);
    fp12_mul(&t, &t, &l2);
    fp12_conj(&f, &f); /* l3 = l1 - 1 */
    fp12_mul(&f, &f, &x2);
    fp12_frobenius(&f, &f, 3);
    fp12_mul(out, &t, &f);
}

void pairing_gt_pow_var_c(fp12 *out, const fp12 *a, const fr_bits *k)
{
    fp12 base = *a, acc = fp12_one;

    for (int i = 255; i >= 0; i--) {
        cyclotomic_sqr(&acc, &acc);
        if (k->l[i / 64] >> (i % 64) & 1)
            fp12_mul(&acc, &acc, &base);
    }
    *out = acc;
}
