/* fixtures.h - a three-constraint circuit as snarkjs made it (fixtures/make.sh): wires
 * 1, out, pub, a, b, c, bit; two public inputs, domain 8. */
#ifndef TESTS_GROTH16_FIXTURES_H
#define TESTS_GROTH16_FIXTURES_H

#include <stdlib.h>
#include <string.h>

#include "test.h"

#include "base/buf.h"
#include "base/file.h"
#include "groth16/prove.h"
#include "groth16/snarkjs_json.h"
#include "groth16/verify.h"
#include "groth16/wtns.h"
#include "groth16/zkey.h"

#define FIXTURE(name) TEST_SOURCE_DIR "/fixtures/" name
#define SCRATCH(name) TEST_BINARY_DIR "/" name

/* A fixture's bytes, to be spoiled and parsed; buf_release it. */
static inline struct buf fixture_bytes(const char *path)
{
    struct buf b;
    struct err e = {0};
    buf_init(&b, 0);
    assert_ok(file_read(&b, path, 64u << 20, &e), e);
    return b;
}

struct tiny {
    struct zkey key;
    struct vkey *vk;
    struct groth16_proof proof; /* snarkjs's */
    fr_bits z[7];
};

static inline void tiny_open(struct tiny *t)
{
    struct err e = {0};
    struct wtns w;
    struct buf text = fixture_bytes(FIXTURE("tiny_proof.json"));

    assert_ok(zkey_open(&t->key, FIXTURE("tiny_2.zkey"), &e), e);
    assert_ok(vkey_from_zkey(&t->vk, &t->key, &e), e);
    assert_ok(snarkjs_read_proof(&t->proof, "proof", text.data, text.len, &e), e);
    assert_ok(wtns_open(&w, FIXTURE("tiny.wtns"), &e), e);
    assert_int_equal(w.n_wires, 7);
    wtns_load(t->z, &w);
    wtns_release(&w);
    buf_release(&text);
}

static inline void tiny_close(struct tiny *t)
{
    vkey_free(t->vk);
    zkey_release(&t->key);
}

/* A G2 point of the twist outside the subgroup of order r, in memory form. */
static inline void point_outside_subgroup(g2_affine *out)
{
    fp2 b = fp2_zero, xi = fp2_one, y2;
    fp_from_u64(&b.c0, 3);
    fp2_mul_xi(&xi, &xi);
    fp2_inv(&xi, &xi);
    fp2_mul(&b, &b, &xi);
    for (uint64_t x = 1;; x++) {
        out->x = fp2_zero;
        fp_from_u64(&out->x.c0, x);
        fp2_sqr(&y2, &out->x);
        fp2_mul(&y2, &y2, &out->x);
        fp2_add(&y2, &y2, &b);
        if (fp2_sqrt_var(&out->y, &y2) && !g2_affine_in_subgroup(out))
            return;
    }
}

#endif
