/* test_formats.c - the readers of circom's files, on good files and on spoiled ones. */
#include "fixtures.h"

#include <stdio.h>

#include "base/hash.h"
#include "groth16/cs.h"
#include "groth16/field_io.h"
#include "groth16/mpc.h"
#include "groth16/overread.h"
#include "groth16/ptau.h"
#include "groth16/r1cs.h"

/* ---- good files ---- */

static void r1cs_of_snarkjs_reads(void **state)
{
    struct err e = {0};
    struct r1cs r;
    (void)state;
    assert_ok(r1cs_open(&r, FIXTURE("tiny.r1cs"), &e), e);
    assert_int_equal(r.n_wires, 7);
    assert_int_equal(r.n_rows, 3);
    assert_int_equal(r.n_public, 2);
    r1cs_release(&r);
}

static void witness_of_snarkjs_satisfies_the_constraints(void **state)
{
    struct err e = {0};
    struct r1cs r;
    struct cs cs;
    struct wtns w;
    fr_bits z[7];
    fr zm[7];
    (void)state;

    assert_ok(r1cs_open(&r, FIXTURE("tiny.r1cs"), &e), e);
    assert_ok(cs_from_r1cs(&cs, &r, &e), e);
    assert_ok(wtns_open(&w, FIXTURE("tiny.wtns"), &e), e);
    wtns_load(z, &w);
    fr_from_bits_n(zm, z, 7);
    assert_int_equal(cs_first_unsatisfied(&cs, zm), cs.n_rows);
    fr_add(&zm[5], &zm[5], &fr_one);
    assert_true(cs_first_unsatisfied(&cs, zm) < 3);
    wtns_release(&w);
    cs_release(&cs);
    r1cs_release(&r);
}

static void witness_writes_as_it_was_read(void **state)
{
    struct err e = {0};
    struct tiny t;
    (void)state;
    tiny_open(&t);
    assert_ok(wtns_write(SCRATCH("copy.wtns"), t.z, 7, &e), e);
    struct buf a = fixture_bytes(FIXTURE("tiny.wtns")), b = fixture_bytes(SCRATCH("copy.wtns"));
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.data, b.data, a.len);
    buf_release(&a);
    buf_release(&b);
    tiny_close(&t);
}

static void zkey_of_snarkjs_passes_every_check(void **state)
{
    struct err e = {0};
    struct tiny t;
    (void)state;
    tiny_open(&t);
    assert_ok(zkey_check_points(&t.key, NULL, &e), e);
    assert_int_equal(t.key.h.domain, 8);
    assert_true(t.key.coefs_sorted);
    assert_false(zkey_is_local_test(&t.key));
    tiny_close(&t);
}

static void vkey_json_is_what_snarkjs_exports(void **state)
{
    struct tiny t;
    struct buf want = fixture_bytes(FIXTURE("tiny_vkey.json")), got;
    (void)state;
    tiny_open(&t);
    buf_init(&got, 0);
    snarkjs_write_vkey(&got, t.vk);
    assert_string_equal(buf_str(&got), buf_str(&want));
    buf_release(&want);
    buf_release(&got);
    tiny_close(&t);
}

static void proof_and_public_json_round_trip(void **state)
{
    struct tiny t;
    struct buf proof = fixture_bytes(FIXTURE("tiny_proof.json"));
    struct buf public = fixture_bytes(FIXTURE("tiny_public.json")), got;
    (void)state;
    tiny_open(&t);
    buf_init(&got, 0);
    snarkjs_write_proof(&got, &t.proof);
    assert_string_equal(buf_str(&got), buf_str(&proof));
    buf_clear(&got);
    snarkjs_write_public(&got, t.z + 1, 2);
    assert_string_equal(buf_str(&got), buf_str(&public));
    buf_release(&proof);
    buf_release(&public);
    buf_release(&got);
    tiny_close(&t);
}

static void ptau_of_snarkjs_passes_every_check(void **state)
{
    struct err e = {0};
    struct ptau p;
    (void)state;
    assert_ok(ptau_open(&p, FIXTURE("tiny.ptau"), &e), e);
    assert_int_equal(p.power, 4);
    for (unsigned log_n = 1; log_n <= 4; log_n++) {
        struct work work = {0};
        assert_ok(ptau_check_domain(&p, log_n, &work, &e), e);
        assert_int_equal(work.memory_now_bytes, 0);
    }
    ptau_release(&p);
}

static void contributions_of_snarkjs_check(void **state)
{
    struct err e = {0};
    struct tiny t;
    struct mpc m;
    (void)state;
    tiny_open(&t);
    assert_ok(mpc_read(&m, &t.key.file, &e), e);
    assert_int_equal(m.n, 2);
    assert_string_equal(m.list[0].label.name, "first");
    assert_true(m.list[1].label.is_beacon);
    assert_ok(mpc_check_chain(&m, &t.key.h.delta1, "tiny", &e), e);
    m.list[0].transcript[5] ^= 1;
    assert_err(mpc_check_chain(&m, &t.key.h.delta1, "tiny", &e), VCP_EVERIFY, e, "transcript");
    m.list[0].transcript[5] ^= 1;
    m.list[1].label.beacon[0] ^= 1;
    assert_err(mpc_check_chain(&m, &t.key.h.delta1, "tiny", &e), VCP_EVERIFY, e, "beacon");
    memcpy(m.list[1].label.name, "\033[2J\n\xc3\xa9",
           m.list[1].label.name_bytes = 7); /* a terminal obeys */
    assert_err(mpc_check_chain(&m, &t.key.h.delta1, "tiny", &e), VCP_EVERIFY, e,
               "contribution 2 (\\x1b[2J\\x0a\\xc3\\xa9)");
    m.list[1].label.beacon[0] ^= 1;
    m.n = 1;
    assert_err(mpc_check_chain(&m, &t.key.h.delta1, "tiny", &e), VCP_EVERIFY, e, "delta");
    mpc_release(&m);
    tiny_close(&t);
}

/* A file must not be able to keep its reader busy: 65,536 beacons of 2^30 hashes are years. */
static void the_work_of_beacons_has_a_ceiling(void **state)
{
    struct mpc_contribution list[5] = {
        {.label = {.is_beacon = true, .beacon_log = 30}},
        {.label = {.beacon_log = 63}}, /* of no beacon: not read */
        {.label = {.is_beacon = true, .beacon_log = 29}},
        {.label = {.is_beacon = true, .beacon_log = 29}},
        {.label = {.is_beacon = true, .beacon_log = 10}},
    };
    struct mpc m = {.n = 5, .list = list};
    struct err e = {0};
    uint64_t total = 0;
    (void)state;
    for (uint32_t i = 0; i < 4; i++)
        assert_ok(mpc_label_count(&total, &list[i].label, i, "k", &e), e);
    assert_int_equal(total, UINT64_C(1) << 31);
    assert_err(mpc_check_chain(&m, &g1_generator, "k", &e), VCP_ELIMIT, e,
               "up to contribution 5 ask for 2147484672 hashes");
    list[2].label.beacon_log = 31;
    assert_err(mpc_check_chain(&m, &g1_generator, "k", &e), VCP_ELIMIT, e,
               "2^31 hashes, at most 2^30");
}

/* What snarkjs makes of 64 bytes past a section: a vector taken from ffjavascript. */
static void overread_wraps_as_snarkjs_does(void **state)
{
    static const char bytes_hex[] =
        "0300000000004000000000002620bc02d1b5838e72017b493519ebdcdf1a8197"
        "4726b8fb3b5096af4138571940614ca87d73b4afc4d802585add4360862fa052";
    static const char point_hex[] =
        "5948ff3f9b5fea54ada241581e4ad9272fd005fd6aa2a148f7caeceba935e307"
        "3c1001f793fdd6f883dc2306917476726bc21ea0a4bc45eec35080eeb3d1201f";
    static const char want_hex[] =
        "cef619a28db1c53e4f5c17dfb3067bb84c0d0e16ee0dbdc3a4dbe8b77bd47219"
        "69833dba47fb2bb4c47e81699fcf86c8f32b3d81a20bb901381b3ef6c3cd4e2b";
    g1_affine bytes, point, want, got;
    g1 r;
    (void)state;
    assert_true(hex_decode(&bytes, sizeof bytes, bytes_hex));
    assert_true(hex_decode(&point, sizeof point, point_hex));
    assert_true(hex_decode(&want, sizeof want, want_hex));
    assert_true(g1_affine_is_on_curve(&point));
    assert_false(g1_affine_is_on_curve(&bytes));
    overread_subtract(&r, &bytes, &point);
    g1_to_affine(&got, &r);
    assert_memory_equal(&got, &want, sizeof got);
    /* On numbers below p it is the plain difference of points. */
    overread_subtract(&r, &g1_generator, &point);
    g1 plain;
    g1_affine minus, a, b;
    g1_affine_neg(&minus, &point);
    g1_from_affine(&plain, &g1_generator);
    g1_add_affine(&plain, &plain, &minus);
    g1_to_affine(&a, &plain);
    g1_to_affine(&b, &r);
    assert_true(g1_affine_eq(&a, &b));
}

/* ---- spoiled files ---- */

typedef int (*parse_fn)(const void *p, size_t n, struct err *err);

static int parse_r1cs(const void *p, size_t n, struct err *err)
{
    struct r1cs r;
    int rc = r1cs_parse(&r, "x.r1cs", p, n, err);
    r1cs_release(&r);
    return rc;
}

static int parse_wtns(const void *p, size_t n, struct err *err)
{
    struct wtns w;
    int rc = wtns_parse(&w, "x.wtns", p, n, err);
    wtns_release(&w);
    return rc;
}

static int parse_zkey(const void *p, size_t n, struct err *err)
{
    struct zkey k;
    struct mpc m;
    int rc = zkey_parse(&k, "x.zkey", p, n, err);
    if (rc == VCP_OK)
        rc = zkey_check_points(&k, NULL, err);
    if (rc == VCP_OK && (rc = mpc_read(&m, &k.file, err)) == VCP_OK)
        mpc_release(&m);
    zkey_release(&k);
    return rc;
}

static int parse_ptau(const void *p, size_t n, struct err *err)
{
    struct ptau t;
    int rc = ptau_parse(&t, "x.ptau", p, n, err);
    ptau_release(&t);
    return rc;
}

static const struct {
    const char *path;
    parse_fn parse;
} files[] = {{FIXTURE("tiny.r1cs"), parse_r1cs},
             {FIXTURE("tiny.wtns"), parse_wtns},
             {FIXTURE("tiny_2.zkey"), parse_zkey},
             {FIXTURE("tiny.ptau"), parse_ptau}};
#define N_FILES (sizeof files / sizeof *files)

static void every_truncation_is_refused(void **state)
{
    (void)state;
    for (size_t f = 0; f < N_FILES; f++) {
        struct buf b = fixture_bytes(files[f].path);
        struct err e = {0};
        assert_ok(files[f].parse(b.data, b.len, &e), e);
        size_t step = b.len > 4096 ? 97 : 1;
        for (size_t n = 0; n < b.len; n += step) {
            unsigned char *exact = malloc(n + !n); /* so that a sanitizer sees any overrun */
            memcpy(exact, b.data, n);
            int rc = files[f].parse(exact, n, &e);
            if (rc == VCP_OK)
                fail_msg("%s: %zu of %zu bytes accepted", files[f].path, n, b.len);
            free(exact);
        }
        buf_release(&b);
    }
}

static void bytes_after_the_end_are_refused(void **state)
{
    (void)state;
    for (size_t f = 0; f < N_FILES; f++) {
        struct buf b = fixture_bytes(files[f].path);
        struct err e = {0};
        buf_putc(&b, 0);
        assert_err(files[f].parse(b.data, b.len, &e), VCP_EFORMAT, e, "after the last section");
        buf_release(&b);
    }
}

static void a_section_given_twice_is_refused(void **state)
{
    (void)state;
    for (size_t f = 0; f < N_FILES; f++) {
        struct buf b = fixture_bytes(files[f].path);
        struct err e = {0};
        uint32_t n;
        memcpy(&n, b.data + 8, 4);
        n++;
        memcpy(b.data + 8, &n, 4);
        buf_put_u32le(&b, 1);
        buf_put_u64le(&b, 0);
        assert_err(files[f].parse(b.data, b.len, &e), VCP_EFORMAT, e, "twice");
        buf_release(&b);
    }
}

/* Offset of section id's data. */
static size_t section_at(const struct buf *b, uint32_t want, size_t *size)
{
    size_t at = 12;
    for (;;) {
        uint32_t id;
        uint64_t n;
        assert_true(at + 12 <= b->len);
        memcpy(&id, b->data + at, 4);
        memcpy(&n, b->data + at + 4, 8);
        if (id == want) {
            if (size)
                *size = n;
            return at + 12;
        }
        at += 12 + n;
    }
}

struct spoil {
    size_t file;
    uint32_t section, offset;
    unsigned char xor_mask;
    int code;
    const char *word;
};

/* One changed byte each, with what the refusal must say. */
static const struct spoil spoils[] = {
    {0, 1, 0, 0x40, VCP_EUNSUPPORTED, "want 32"},
    {0, 1, 4, 0x01, VCP_EUNSUPPORTED, "prime"},
    {0, 1, 36, 0x06, VCP_EFORMAT, "wires"},               /* 1 wire */
    {0, 1, 39, 0x80, VCP_ELIMIT, "at most"},              /* 2^31 wires */
    {0, 1, 60, 0x01, VCP_EFORMAT, "after the last row"},  /* 2 rows */
    {0, 2, 0, 0x80, VCP_EFORMAT, "ends inside row 0"},    /* 129 terms */
    {0, 2, 4, 0x70, VCP_EFORMAT, "wire"},                 /* wire out of range */
    {0, 2, 4 + 4 + 31, 0xff, VCP_EFORMAT, "coefficient"}, /* not below r */
    {1, 1, 36, 0x0f, VCP_EFORMAT, "section 2"},           /* 8 values */
    {1, 2, 0, 0x02, VCP_EFORMAT, "wire 0"},               /* z_0 = 3 */
    {1, 2, 63, 0xff, VCP_EFORMAT, "wire 1"},              /* not below r */
    {2, 1, 0, 0x02, VCP_EUNSUPPORTED, "protocol"},        /* 3 */
    {2, 2, 4, 0x01, VCP_EUNSUPPORTED, "prime"},           /* p */
    {2, 2, 40, 0x01, VCP_EUNSUPPORTED, "prime"},          /* r */
    {2, 2, 72, 0x05, VCP_EFORMAT, "public inputs"},       /* 2 wires, 2 public */
    {2, 2, 80, 0x01, VCP_EFORMAT, "domain"},              /* 9 */
    {2, 2, 84, 0x01, VCP_EFORMAT, "[alpha]1"},            /* off the curve */
    {2, 2, 212, 0x01, VCP_EFORMAT, "[beta]2"},            /* off the curve */
    {2, 2, 240, 0xff, VCP_EFORMAT, "[beta]2"},            /* not canonical */
    {2, 3, 64, 0x01, VCP_EFORMAT, "IC"},                  /* off the curve */
    {2, 4, 4, 0x02, VCP_EFORMAT, "coefficient 0"},        /* matrix 2 */
    {2, 4, 8, 0x10, VCP_EFORMAT, "coefficient 0"},        /* row 16 */
    {2, 4, 12, 0x10, VCP_EFORMAT, "coefficient 0"},       /* wire 16 */
    {2, 4, 4 + 43, 0xff, VCP_EFORMAT, "coefficient 0"},   /* not below r */
    {2, 9, 5 * 64 + 3, 0x01, VCP_EFORMAT, "point 5 of section H"},
    {2, 10, 64, 0x0f, VCP_EFORMAT, "contribution"},   /* 13 contributions */
    {2, 10, 68, 0x01, VCP_EFORMAT, "contribution 1"}, /* delta off the curve */
    {3, 1, 4, 0x01, VCP_EUNSUPPORTED, "prime"},
    {3, 1, 36, 0x01, VCP_EFORMAT, "power"}, /* power 5 of a ceremony of 4 */
};

static void every_spoiled_byte_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof spoils / sizeof *spoils; i++) {
        const struct spoil *s = &spoils[i];
        struct buf b = fixture_bytes(files[s->file].path);
        struct err e = {0};
        b.data[section_at(&b, s->section, NULL) + s->offset] ^= s->xor_mask;
        int rc = files[s->file].parse(b.data, b.len, &e);
        if (rc != s->code || !strstr(e.msg, s->word))
            fail_msg("spoil %zu: %s, \"%s\"; wanted %s saying \"%s\"", i, err_code_name(rc), e.msg,
                     err_code_name(s->code), s->word);
        buf_release(&b);
    }
}

static void keys_of_another_protocol_or_magic_are_refused(void **state)
{
    struct err e = {0};
    struct buf b = fixture_bytes(FIXTURE("tiny.wtns"));
    (void)state;
    assert_err(parse_zkey(b.data, b.len, &e), VCP_EFORMAT, e, "not a .zkey");
    b.data[4] = 9;
    assert_err(parse_wtns(b.data, b.len, &e), VCP_EUNSUPPORTED, e, "version 9");
    buf_release(&b);
    assert_int_equal(parse_wtns("", 0, &e), VCP_EFORMAT);
}

static void points_outside_the_subgroup_are_refused(void **state)
{
    struct err e = {0};
    struct buf b = fixture_bytes(FIXTURE("tiny_2.zkey"));
    g2_affine q;
    size_t at;
    (void)state;

    point_outside_subgroup(&q);
    at = section_at(&b, 7, NULL) + 2 * G2_BYTES;
    memcpy(b.data + at, &q, sizeof q);
    assert_err(parse_zkey(b.data, b.len, &e), VCP_EFORMAT, e, "point 2 of section B2");
    at = section_at(&b, 2, NULL) + 84 + 2 * G1_BYTES; /* [beta]2 */
    memcpy(b.data + at, &q, sizeof q);
    assert_err(parse_zkey(b.data, b.len, &e), VCP_EFORMAT, e, "[beta]2");
    buf_release(&b);
}

/* ---- JSON ---- */

static void json_is_strict(void **state)
{
    static const struct {
        const char *from, *to, *word;
    } cases[] = {
        {"groth16", "plonk", "protocol"},
        {"bn128", "bls12381", "curve"},
        {"\"pi_a\": [\n  \"", "\"pi_a\": [\n  \"0", "pi_a"},
        {"\"pi_a\": [\n  \"", "\"pi_a\": [\n  \"+", "pi_a"},
        {"\"pi_a\": [\n  \"", "\"pi_a\": [\n  \" ", "pi_a"},
        {"\"pi_a\": [\n  \"", "\"pi_a\": [\n  \"9999", "pi_a"},
        {"\"pi_c\"", "\"pi_d\"", "pi_c"},
        {"\"1\"\n ],\n \"pi_b\"", "\"2\"\n ],\n \"pi_b\"", "pi_a"},
    };
    struct buf text = fixture_bytes(FIXTURE("tiny_proof.json"));
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct groth16_proof p;
        struct err e = {0};
        struct buf out;
        const char *at = strstr(buf_str(&text), cases[i].from);
        assert_non_null(at);
        buf_init(&out, 0);
        buf_put(&out, text.data, (size_t)(at - buf_str(&text)));
        buf_puts(&out, cases[i].to);
        buf_puts(&out, at + strlen(cases[i].from));
        int rc = snarkjs_read_proof(&p, "p.json", out.data, out.len, &e);
        if (rc == VCP_OK || !strstr(e.msg, cases[i].word) || !strstr(e.msg, "p.json"))
            fail_msg("case %zu: %s, \"%s\"", i, err_code_name(rc), e.msg);
        buf_release(&out);
    }
    buf_release(&text);
}

static void public_json_wants_canonical_scalars(void **state)
{
    /* r itself is the first value that must not pass. */
    static const char r_text[] =
        "[\"21888242871839275222246405745257275088548364400416034343698204186575808495617\"]";
    fr_bits *v = NULL;
    size_t n = 0;
    struct err e = {0};
    (void)state;
    assert_err(snarkjs_read_public(&v, &n, "x", r_text, strlen(r_text), &e), VCP_EFORMAT, e,
               "public input 0");
    assert_err(snarkjs_read_public(&v, &n, "x", "[1]", 3, &e), VCP_EFORMAT, e, "public input 0");
    assert_err(snarkjs_read_public(&v, &n, "x", "{}", 2, &e), VCP_EFORMAT, e, "array");
    assert_ok(snarkjs_read_public(&v, &n, "x", "[]", 2, &e), e);
    assert_int_equal(n, 0);
    free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(r1cs_of_snarkjs_reads),
        cmocka_unit_test(witness_of_snarkjs_satisfies_the_constraints),
        cmocka_unit_test(witness_writes_as_it_was_read),
        cmocka_unit_test(zkey_of_snarkjs_passes_every_check),
        cmocka_unit_test(vkey_json_is_what_snarkjs_exports),
        cmocka_unit_test(proof_and_public_json_round_trip),
        cmocka_unit_test(ptau_of_snarkjs_passes_every_check),
        cmocka_unit_test(contributions_of_snarkjs_check),
        cmocka_unit_test(the_work_of_beacons_has_a_ceiling),
        cmocka_unit_test(overread_wraps_as_snarkjs_does),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(bytes_after_the_end_are_refused),
        cmocka_unit_test(a_section_given_twice_is_refused),
        cmocka_unit_test(every_spoiled_byte_is_named),
        cmocka_unit_test(keys_of_another_protocol_or_magic_are_refused),
        cmocka_unit_test(points_outside_the_subgroup_are_refused),
        cmocka_unit_test(json_is_strict),
        cmocka_unit_test(public_json_wants_canonical_scalars),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
