/* test_negative.c - encodings that are nearly right: refused, and the sentence says what is
 * wrong and where.  test_prove.c has the bits of uncompressed proofs, test_formats.c bytes
 * and truncations of files, attack_groth16.c what an attacker computes. */
#include "fixtures.h"

#include "groth16/field_io.h"
#include "groth16/mpc.h"
#include "groth16/ptau.h"
#include "groth16/ptau_chain.h"
#include "groth16/r1cs.h"

/* ---- sections of files ---- */

static int parse(size_t kind, const void *p, size_t n, struct err *err)
{
    struct r1cs r;
    struct wtns w;
    struct zkey k;
    struct ptau t;
    struct mpc m;
    struct ptau_chain c;
    int rc = VCP_EINVAL;

    if (kind == 0 && (rc = r1cs_parse(&r, "file", p, n, err)) == VCP_OK)
        r1cs_release(&r);
    if (kind == 1 && (rc = wtns_parse(&w, "file", p, n, err)) == VCP_OK)
        wtns_release(&w);
    if (kind == 2 && (rc = zkey_parse(&k, "file", p, n, err)) == VCP_OK) {
        if ((rc = mpc_read(&m, &k.file, err)) == VCP_OK)
            mpc_release(&m);
        zkey_release(&k);
    }
    if (kind == 3 && (rc = ptau_parse(&t, "file", p, n, err)) == VCP_OK) {
        if ((rc = ptau_chain_read(&c, &t.file, err)) == VCP_OK)
            ptau_chain_release(&c);
        ptau_release(&t);
    }
    return rc;
}

/* The file with delta bytes more or less at the end of the section whose head is at. */
static void resized(struct buf *out, const struct buf *b, size_t at, int delta)
{
    uint64_t size, changed;

    memcpy(&size, b->data + at + 4, 8);
    changed = size + (uint64_t)(int64_t)delta;
    buf_init(out, 0);
    buf_put(out, b->data, at + 4);
    buf_put(out, &changed, 8);
    buf_put(out, b->data + at + 12, (size_t)(delta < 0 ? changed : size));
    for (int i = 0; i < delta; i++)
        buf_putc(out, 0);
    buf_put(out, b->data + at + 12 + size, b->len - (at + 12 + (size_t)size));
}

static void check_resized(const char *path, size_t kind, const struct buf *b, size_t at)
{
    static const int deltas[] = {-1, 1, -32, 32, -4, 4};
    uint32_t id;
    uint64_t size;
    char word[32];

    memcpy(&id, b->data + at, 4);
    memcpy(&size, b->data + at + 4, 8);
    snprintf(word, sizeof word, "section %u", id);
    for (size_t i = 0; i < sizeof deltas / sizeof *deltas; i++) {
        struct err e = {0};
        struct buf changed;
        if (deltas[i] < 0 && size < (uint64_t)-deltas[i])
            continue;
        resized(&changed, b, at, deltas[i]);
        int rc = parse(kind, changed.data, changed.len, &e);
        if (rc == VCP_OK)
            fail_msg("%s: %s accepted with %+d bytes", path, word, deltas[i]);
        if (!strstr(e.msg, "file: ") ||
            !(strstr(e.msg, word) || strstr(e.msg, "header") || strstr(e.msg, "contribution")))
            fail_msg("%s: %s, %+d bytes: \"%s\"", path, word, deltas[i], e.msg);
        buf_release(&changed);
    }
}

/* Each section shorter and longer than it must be, the file around it being consistent:
 * the sentence has its number, or what it holds. */
static void sections_of_another_size_are_named(void **state)
{
    static const char *const paths[] = {FIXTURE("tiny.r1cs"), FIXTURE("tiny.wtns"),
                                        FIXTURE("tiny_2.zkey"), FIXTURE("tiny.ptau")};
    (void)state;
    for (size_t kind = 0; kind < sizeof paths / sizeof *paths; kind++) {
        struct buf b = fixture_bytes(paths[kind]);
        for (size_t at = 12; at < b.len;) {
            uint64_t size;
            check_resized(paths[kind], kind, &b, at);
            memcpy(&size, b.data + at + 4, 8);
            at += 12 + (size_t)size;
        }
        buf_release(&b);
    }
}

/* ---- compressed points ---- */

/* Another bit is another point or none: what decompresses compresses to the same bytes, and
 * a proof with it does not hold. */
static void every_bit_of_a_compressed_proof_matters(void **state)
{
    struct tiny t;
    uint8_t good[G1_COMPRESSED_BYTES + G2_COMPRESSED_BYTES + G1_COMPRESSED_BYTES];
    (void)state;
    tiny_open(&t);
    g1_compress(good, &t.proof.a);
    g2_compress(good + G1_COMPRESSED_BYTES, &t.proof.b);
    g1_compress(good + G1_COMPRESSED_BYTES + G2_COMPRESSED_BYTES, &t.proof.c);
    for (size_t bit = 0; bit < sizeof good * 8; bit++) {
        uint8_t b[sizeof good], again[sizeof good];
        struct groth16_proof p;
        struct err e = {0};
        memcpy(b, good, sizeof b);
        b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        const uint8_t *c = b + G1_COMPRESSED_BYTES + G2_COMPRESSED_BYTES;
        if (!g1_decompress(&p.a, b) || !g2_decompress(&p.b, b + G1_COMPRESSED_BYTES) ||
            !g1_decompress(&p.c, c))
            continue;
        g1_compress(again, &p.a);
        g2_compress(again + G1_COMPRESSED_BYTES, &p.b);
        g1_compress(again + (c - b), &p.c);
        assert_memory_equal(again, b, sizeof b);
        assert_err(groth16_verify(t.vk, t.z + 1, 2, &p, &e), VCP_EVERIFY, e, "");
    }
    tiny_close(&t);
}

/* ---- JSON ---- */

/* Every digit of every coordinate, one higher: refused by name, or the proof is false. */
static void every_digit_of_a_proof_in_json_matters(void **state)
{
    struct tiny t;
    struct buf b = fixture_bytes(FIXTURE("tiny_proof.json"));
    size_t end, n_digits = 0;
    (void)state;
    tiny_open(&t);
    end = (size_t)(strstr(buf_str(&b), "\"protocol\"") - buf_str(&b));
    for (size_t at = 0; at < end; at++) {
        struct groth16_proof p;
        struct err e = {0};
        unsigned char digit = b.data[at];
        if (digit < '0' || digit > '9')
            continue;
        n_digits++;
        b.data[at] = (unsigned char)(digit == '9' ? '0' : digit + 1);
        int rc = snarkjs_read_proof(&p, "file", b.data, b.len, &e);
        if (rc == VCP_OK)
            assert_err(groth16_verify(t.vk, t.z + 1, 2, &p, &e), VCP_EVERIFY, e, "proof");
        else
            assert_err(rc, VCP_EFORMAT, e, "file: pi_");
        b.data[at] = digit;
    }
    assert_true(n_digits > 8 * 70);
    buf_release(&b);
    tiny_close(&t);
}

/* Refused by the reader or, where it is a point of its group, by the verifier. */
static void expect_json_error(const struct tiny *t, const struct groth16_proof *p, const char *what)
{
    struct groth16_proof read;
    struct err e = {0};
    struct buf b;
    int rc;

    buf_init(&b, 0);
    snarkjs_write_proof(&b, p);
    assert_false(b.failed);
    rc = snarkjs_read_proof(&read, "file", b.data, b.len, &e);
    if (rc == VCP_OK)
        rc = groth16_verify(t->vk, t->z + 1, 2, &read, &e);
    if (rc == VCP_OK || !strstr(e.msg, what))
        fail_msg("%.*s: %s", (int)b.len, (const char *)b.data, rc ? e.msg : "accepted");
    buf_release(&b);
}

/* Infinity in each place, a point that is not on its curve, and B outside the subgroup. */
static void points_of_no_group_in_json_are_refused(void **state)
{
    struct tiny t;
    struct groth16_proof p;
    (void)state;
    tiny_open(&t);
    p = t.proof;
    memset(&p.a, 0, sizeof p.a);
    expect_json_error(&t, &p, "A is the point at infinity");
    p = t.proof;
    memset(&p.b, 0, sizeof p.b);
    expect_json_error(&t, &p, "B is the point at infinity");
    p = t.proof;
    memset(&p.c, 0, sizeof p.c);
    expect_json_error(&t, &p, "C is the point at infinity");
    p = t.proof;
    p.a.x = p.c.x;
    expect_json_error(&t, &p, "pi_a");
    p = t.proof;
    p.b.x = t.vk->beta2.x;
    expect_json_error(&t, &p, "pi_b");
    p = t.proof;
    point_outside_subgroup(&p.b);
    expect_json_error(&t, &p, "pi_b");
    tiny_close(&t);
}

/* ---- verifying keys ---- */

static void expect_key_error(const struct buf *b, const char *name)
{
    static struct vkey k;
    g1_affine ic[3];
    struct err e = {0};
    char word[32];

    snprintf(word, sizeof word, "key: %s is", name);
    assert_err(vkey_from_bytes(&k, ic, b->data, b->len, &e), VCP_EFORMAT, e, word);
}

/* Each coordinate of each point: p, 2^256 - 1, x + p and off the curve; each point infinity. */
static void bad_points_of_a_key_are_named(void **state)
{
    static const struct {
        const char *name;
        size_t bytes;
    } points[] = {{"alpha", 64}, {"beta", 128}, {"gamma", 128}, {"delta", 128},
                  {"IC[0]", 64}, {"IC[1]", 64}, {"IC[2]", 64}};
    struct tiny t;
    struct buf b;
    size_t at = 48;
    (void)state;
    tiny_open(&t);
    buf_init(&b, 0);
    vkey_put(&b, t.vk);
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        uint8_t good[128];
        memcpy(good, b.data + at, points[i].bytes);
        for (size_t x = 0; x < points[i].bytes; x += 32) {
            unsigned carry = 0;
            for (int j = 31; j >= 0; j--) {
                uint8_t p = (uint8_t)(fp_modulus[(31 - j) / 8] >> (31 - j) % 8 * 8);
                b.data[at + x + (size_t)j] = p;
            }
            expect_key_error(&b, points[i].name);
            for (int j = 31; j >= 0; j--) {
                carry += (unsigned)b.data[at + x + (size_t)j] + good[x + (size_t)j];
                b.data[at + x + (size_t)j] = (uint8_t)carry;
                carry >>= 8;
            }
            assert_int_equal(carry, 0); /* 2p < 2^256 */
            expect_key_error(&b, points[i].name);
            memset(b.data + at + x, 0xff, 32);
            expect_key_error(&b, points[i].name);
            memcpy(b.data + at + x, good + x, 32);
            b.data[at + x + 31] ^= 1;
            expect_key_error(&b, points[i].name);
            memcpy(b.data + at + x, good + x, 32);
        }
        memset(b.data + at, 0, points[i].bytes);
        expect_key_error(&b, points[i].name);
        memcpy(b.data + at, good, points[i].bytes);
        at += points[i].bytes;
    }
    assert_int_equal(at, b.len);
    buf_release(&b);
    tiny_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections_of_another_size_are_named),
        cmocka_unit_test(every_bit_of_a_compressed_proof_matters),
        cmocka_unit_test(every_digit_of_a_proof_in_json_matters),
        cmocka_unit_test(points_of_no_group_in_json_are_refused),
        cmocka_unit_test(bad_points_of_a_key_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
