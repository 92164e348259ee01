/* vectors/vectors.txt: other people's results, made by vectors/generate.mjs. */
#include "tests/bn254/sample.h"

#include "base/hash.h"
#include "bn254/pairing.h"

enum { LINE_MAX_BYTES = 8192, FIELD_MAX_BYTES = 2048, PAIRS_MAX = 8 };

struct vector {
    char kind[16];
    uint8_t in[FIELD_MAX_BYTES], out[FIELD_MAX_BYTES];
    size_t n_in, n_out;
};

static bool read_g1(g1_affine *p, const uint8_t *b)
{
    return fp_from_be(&p->x, b) && fp_from_be(&p->y, b + 32) && g1_affine_is_on_curve(p);
}

static bool read_g2(g2_affine *q, const uint8_t *b)
{
    return fp_from_be(&q->x.c1, b) && fp_from_be(&q->x.c0, b + 32) &&
           fp_from_be(&q->y.c1, b + 64) && fp_from_be(&q->y.c0, b + 96) && g2_affine_is_valid(q);
}

static void write_g1(uint8_t *b, const g1 *p)
{
    g1_affine a;

    g1_to_affine(&a, p);
    fp_to_be(b, &a.x);
    fp_to_be(b + 32, &a.y);
}

static void write_g2(uint8_t *b, const g2 *p)
{
    g2_affine a;

    g2_to_affine(&a, p);
    fp_to_be(b, &a.x.c1);
    fp_to_be(b + 32, &a.x.c0);
    fp_to_be(b + 64, &a.y.c1);
    fp_to_be(b + 96, &a.y.c0);
}

/* 256 bits, reduced. */
static fr_bits read_scalar(const uint8_t *be)
{
    uint8_t le[64] = {0};
    fr_bits k;
    fr a;

    for (int i = 0; i < 32; i++)
        le[i] = be[31 - i];
    fr_from_wide_le(&a, le);
    fr_to_bits(&k, &a);
    return k;
}

static void check_add(const struct vector *v)
{
    g1_affine a, b;
    uint8_t got[64];
    g1 p, q;

    assert_true(read_g1(&a, v->in) && read_g1(&b, v->in + 64));
    g1_from_affine(&p, &a);
    g1_from_affine(&q, &b);
    g1_add(&q, &p, &q);
    write_g1(got, &q);
    assert_memory_equal(got, v->out, 64);
    g1_add_affine(&q, &p, &b);
    write_g1(got, &q);
    assert_memory_equal(got, v->out, 64);
}

static void check_mul(const struct vector *v)
{
    fr_bits k = read_scalar(v->in + 64);
    uint8_t got[64];
    g1_affine a;
    g1 p;

    assert_true(read_g1(&a, v->in));
    g1_mul(&p, &a, &k);
    write_g1(got, &p);
    assert_memory_equal(got, v->out, 64);
    g1_mul_var(&p, &a, &k);
    write_g1(got, &p);
    assert_memory_equal(got, v->out, 64);
}

static void check_mul2(const struct vector *v)
{
    fr_bits k = read_scalar(v->in + 128);
    uint8_t got[128];
    g2_affine a;
    g2 p;

    assert_true(read_g2(&a, v->in));
    g2_mul(&p, &a, &k);
    write_g2(got, &p);
    assert_memory_equal(got, v->out, 128);
    g2_mul_var(&p, &a, &k);
    write_g2(got, &p);
    assert_memory_equal(got, v->out, 128);
}

static void check_pairing_at_level(void *arg)
{
    static struct g2_prepared prepared[PAIRS_MAX];
    struct pairing_pair pairs[PAIRS_MAX] = {{.q = NULL}};
    const struct vector *v = arg;
    size_t n = v->n_in / 192;
    g2_affine q[PAIRS_MAX];

    for (size_t i = 0; i < n; i++) {
        assert_true(read_g1(&pairs[i].p, v->in + 192 * i));
        assert_true(read_g2(&q[i], v->in + 192 * i + 64));
        pairs[i].q = &q[i];
        pairs[i].lines = NULL;
    }
    assert_int_equal(pairing_check(pairs, n), v->out[0]);
    for (size_t i = 0; i < n; i++) {
        g2_prepare(&prepared[i], &q[i]);
        pairs[i].lines = &prepared[i];
    }
    assert_int_equal(pairing_check(pairs, n), v->out[0]);
}

static void check_compress(const struct vector *v)
{
    g1_affine a, b;
    uint8_t got[32];

    assert_true(read_g1(&a, v->in));
    g1_compress(got, &a);
    assert_memory_equal(got, v->out, 32);
    assert_true(g1_decompress(&b, v->out));
    assert_true(g1_affine_eq(&a, &b));
}

static void check_compress2(const struct vector *v)
{
    g2_affine a, b;
    uint8_t got[64];

    assert_true(read_g2(&a, v->in));
    g2_compress(got, &a);
    assert_memory_equal(got, v->out, 64);
    assert_true(g2_decompress(&b, v->out));
    assert_true(g2_affine_eq(&a, &b));
}

static void check_root(const struct vector *v)
{
    fr want, got;

    assert_true(fr_from_be(&want, v->out));
    fr_root_of_unity(&got, v->in[0]);
    assert_true(fr_eq(&want, &got));
}

/* Bytes that are no point: a coordinate of p or more, off the curve, out of the subgroup. */
static void check_bad(const struct vector *v)
{
    g1_affine a;

    assert_int_equal(v->n_in, 64);
    assert_false(read_g1(&a, v->in));
}

static void check_bad2(const struct vector *v)
{
    g2_affine a;

    assert_int_equal(v->n_in, 128);
    assert_false(read_g2(&a, v->in));
}

static void check_vector(struct vector *v)
{
    if (strcmp(v->kind, "add") == 0)
        check_add(v);
    else if (strcmp(v->kind, "mul") == 0)
        check_mul(v);
    else if (strcmp(v->kind, "mul2") == 0)
        check_mul2(v);
    else if (strcmp(v->kind, "pairing") == 0)
        at_every_level(check_pairing_at_level, v);
    else if (strcmp(v->kind, "compress") == 0)
        check_compress(v);
    else if (strcmp(v->kind, "compress2") == 0)
        check_compress2(v);
    else if (strcmp(v->kind, "bad") == 0)
        check_bad(v);
    else if (strcmp(v->kind, "bad2") == 0)
        check_bad2(v);
    else if (strcmp(v->kind, "root") == 0)
        check_root(v);
    else
        fail_msg("vectors.txt: unknown kind %s", v->kind);
}

/* "kind hex hex"; "-" is no bytes, "0" and "1" a byte. */
static size_t field(uint8_t *out, const char *text)
{
    size_t n = strlen(text);

    if (strcmp(text, "-") == 0)
        return 0;
    if (n == 1) {
        out[0] = (uint8_t)(text[0] - '0');
        return 1;
    }
    assert_true(n % 2 == 0 && n / 2 <= FIELD_MAX_BYTES && hex_decode(out, n / 2, text));
    return n / 2;
}

static void every_vector_agrees(void **state)
{
    static char line[LINE_MAX_BYTES], in[LINE_MAX_BYTES], out[LINE_MAX_BYTES];
    FILE *f = fopen(TEST_SOURCE_DIR "/vectors/vectors.txt", "r");
    int n = 0;

    (void)state;
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        static struct vector v;

        assert_int_equal(sscanf(line, "%15s %8191s %8191s", v.kind, in, out), 3);
        v.n_in = field(v.in, in);
        v.n_out = field(v.out, out);
        n++;
        print_message("vector %d: %s\n", n, v.kind);
        check_vector(&v);
    }
    fclose(f);
    assert_int_equal(n, 165);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_vector_agrees)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
