/* api.c - the public interface, include/vcp/groth16.h, over this folder's own. */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "groth16/field_io.h"
#include "groth16/prove.h"
#include "groth16/snarkjs_json.h"
#include "groth16/verify.h"
#include "groth16/wtns.h"
#include "vcp/groth16.h"

/* A key in the caller's storage: the struct, then its IC points. */
struct vcp_groth16_vkey {
    struct vkey k;
};

struct vcp_groth16_prover {
    struct zkey zkey;
    struct vkey *vkey;
};

/* ---- keys ---- */

size_t vcp_groth16_vkey_size(const void *bytes, size_t n)
{
    size_t ic = vkey_ic_size(bytes, n);
    return ic ? sizeof(struct vcp_groth16_vkey) + ic : 0;
}

int vcp_groth16_vkey_read(const struct vcp_groth16_vkey **out, void *storage, size_t storage_bytes,
                          const void *bytes, size_t n, struct err *err)
{
    struct vcp_groth16_vkey *key = storage;
    size_t want = vcp_groth16_vkey_size(bytes, n);

    if (want == 0)
        return err_set(err, VCP_EFORMAT, "%zu bytes that are no verifying key", n);
    if (storage_bytes < want || (uintptr_t)storage % 64 != 0)
        return err_set(err, VCP_EINVAL, "the key wants %zu bytes of storage aligned to 64", want);
    int rc = vkey_from_bytes(&key->k, (g1_affine *)(key + 1), bytes, n, err);
    if (rc < 0)
        return rc;
    if (key->k.committed)
        return err_set(err, VCP_EUNSUPPORTED, "a key of a committed first stage is for receipts");
    *out = key;
    return VCP_OK;
}

static int key_bytes(void **out, size_t *n_out, const struct vkey *k, struct err *err)
{
    struct buf b;
    buf_init(&b, 0);
    vkey_put(&b, k);
    if (b.failed) {
        buf_release(&b);
        return err_set(err, VCP_ENOMEM, "no memory for the verifying key's bytes");
    }
    *out = b.data; /* malloc'd: its ownership moves to the caller */
    *n_out = b.len;
    return VCP_OK;
}

int vcp_groth16_vkey_from_json(void **out, size_t *n_out, const char *json, size_t n,
                               struct err *err)
{
    struct vkey *k;
    int rc = snarkjs_read_vkey(&k, "verification key", json, n, err);
    if (rc < 0)
        return rc;
    rc = key_bytes(out, n_out, k, err);
    vkey_free(k);
    return rc;
}

int vcp_groth16_vkey_from_zkey(void **out, size_t *n_out, const char *path, struct err *err)
{
    struct zkey z;
    struct vkey *k;
    int rc = zkey_open(&z, path, err);

    if (rc < 0)
        return rc;
    rc = vkey_from_zkey(&k, &z, err);
    if (rc == VCP_OK) {
        rc = key_bytes(out, n_out, k, err);
        vkey_free(k);
    }
    zkey_release(&z);
    return rc;
}

size_t vcp_groth16_vkey_inputs(const struct vcp_groth16_vkey *key)
{
    return key->k.n_public;
}

bool vcp_groth16_vkey_is_test(const struct vcp_groth16_vkey *key)
{
    return key->k.local_test;
}

/* ---- verifying ---- */

static bool scalar_from_be(fr_bits *out, const uint8_t b[VCP_SCALAR_BYTES])
{
    fr x;
    if (!fr_from_be(&x, b))
        return false;
    fr_to_bits(out, &x);
    return true;
}

#define INPUTS_ON_STACK 64

static int decode_inputs(fr_bits out[], const uint8_t *inputs, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++)
        if (!scalar_from_be(&out[i], inputs + i * VCP_SCALAR_BYTES))
            return err_set(err, VCP_EINVAL, "public input %zu is not below r", i);
    return VCP_OK;
}

int vcp_groth16_verify(const struct vcp_groth16_vkey *key, const uint8_t *inputs, size_t n_inputs,
                       const uint8_t proof[VCP_GROTH16_PROOF_BYTES], struct err *err)
{
    struct groth16_proof p;
    struct verify_sum sum;
    fr_bits part[INPUTS_ON_STACK];
    int rc = proof_from_bytes(&p, proof, err);

    if (rc < 0)
        return rc;
    if (n_inputs != key->k.n_public)
        return err_set(err, VCP_EINVAL, "%zu public inputs, but the key wants %u", n_inputs,
                       key->k.n_public);
    verify_sum_init(&sum, &key->k);
    for (size_t i = 0; i < n_inputs; i += INPUTS_ON_STACK) {
        size_t n = n_inputs - i < INPUTS_ON_STACK ? n_inputs - i : INPUTS_ON_STACK;
        if ((rc = decode_inputs(part, inputs + i * VCP_SCALAR_BYTES, n, err)) < 0)
            return rc;
        verify_sum_add(&sum, part, n);
    }
    return groth16_verify_sum(&sum, NULL, &p, err);
}

static int verify_batch(const struct vcp_groth16_vkey *key, struct groth16_claim claims[],
                        struct groth16_proof proofs[], fr_bits values[], const uint8_t *inputs,
                        size_t n_inputs, const uint8_t *proof_bytes, size_t n, unsigned n_threads,
                        size_t *bad, struct err *err)
{
    struct threads *threads;
    int rc;

    for (size_t i = 0; i < n; i++) {
        fr_bits *in = values + i * n_inputs;
        if ((rc = decode_inputs(in, inputs + i * n_inputs * VCP_SCALAR_BYTES, n_inputs, err)) < 0 ||
            (rc = proof_from_bytes(&proofs[i], proof_bytes + i * PROOF_BYTES, err)) < 0) {
            if (bad)
                *bad = i;
            return rc;
        }
        claims[i] = (struct groth16_claim){&key->k, in, NULL, &proofs[i]};
    }
    threads = n_threads == 1 ? NULL : threads_new(n_threads);
    rc = groth16_verify_batch(claims, n, threads, bad, err);
    threads_free(threads);
    return rc;
}

int vcp_groth16_verify_batch(const struct vcp_groth16_vkey *key, const uint8_t *inputs,
                             size_t n_inputs, const uint8_t *proofs, size_t n_proofs,
                             unsigned n_threads, size_t *bad, struct err *err)
{
    size_t n_values;
    int rc;

    if (n_inputs != key->k.n_public)
        return err_set(err, VCP_EINVAL, "%zu public inputs, but the key wants %u", n_inputs,
                       key->k.n_public);
    if (__builtin_mul_overflow(n_proofs, n_inputs + 1, &n_values))
        return err_set(err, VCP_ELIMIT, "too many proofs");
    struct groth16_claim *claims = calloc(n_proofs + 1, sizeof *claims);
    struct groth16_proof *p = calloc(n_proofs + 1, sizeof *p);
    fr_bits *values = calloc(n_values + 1, sizeof *values);
    if (claims && p && values)
        rc = verify_batch(key, claims, p, values, inputs, n_inputs, proofs, n_proofs, n_threads,
                          bad, err);
    else
        rc = err_set(err, VCP_ENOMEM, "no memory for %zu proofs", n_proofs);
    free(claims);
    free(p);
    free(values);
    return rc;
}

int vcp_groth16_verify_json(const char *vkey, size_t vkey_bytes, const char *inputs,
                            size_t inputs_bytes, const char *proof, size_t proof_bytes,
                            struct err *err)
{
    struct groth16_proof p;
    struct vkey *k = NULL;
    fr_bits *values = NULL;
    size_t n = 0;
    int rc;

    if ((rc = snarkjs_read_vkey(&k, "verification key", vkey, vkey_bytes, err)) == VCP_OK &&
        (rc = snarkjs_read_public(&values, &n, "public inputs", inputs, inputs_bytes, err)) ==
            VCP_OK &&
        (rc = snarkjs_read_proof(&p, "proof", proof, proof_bytes, err)) == VCP_OK)
        rc = groth16_verify(k, values, n, &p, err);
    vkey_free(k);
    free(values);
    return rc;
}

/* ---- proving ---- */

void vcp_groth16_prover_free(struct vcp_groth16_prover *p)
{
    if (!p)
        return;
    vkey_free(p->vkey);
    zkey_release(&p->zkey);
    free(p);
}

static int open_prover(struct vcp_groth16_prover *p, const char *path, bool check, struct err *err)
{
    int rc = zkey_open(&p->zkey, path, err);
    if (rc == VCP_OK)
        rc = vkey_from_zkey(&p->vkey, &p->zkey, err);
    if (rc == VCP_OK && check) {
        struct threads *threads = threads_new(0);
        rc = zkey_check_points(&p->zkey, threads, err);
        threads_free(threads);
    }
    return rc;
}

int vcp_groth16_prover_open(struct vcp_groth16_prover **out, const char *zkey_path,
                            bool check_points, struct err *err)
{
    struct vcp_groth16_prover *p = calloc(1, sizeof *p);
    if (!p)
        return err_set(err, VCP_ENOMEM, "no memory for a prover");
    int rc = open_prover(p, zkey_path, check_points, err);
    if (rc < 0) {
        vcp_groth16_prover_free(p);
        return rc;
    }
    *out = p;
    return VCP_OK;
}

size_t vcp_groth16_prover_inputs(const struct vcp_groth16_prover *p)
{
    return p->zkey.h.n_public;
}

size_t vcp_groth16_prover_memory_min(const struct vcp_groth16_prover *p, unsigned n_threads)
{
    return groth16_prove_memory_min(&p->zkey, n_threads ? n_threads : threads_cpus());
}

static int load_witness(fr_bits **z, const struct vcp_groth16_prover *p, const void *wtns, size_t n,
                        struct err *err)
{
    struct wtns w;
    int rc = wtns_parse(&w, "witness", wtns, n, err);

    if (rc < 0)
        return rc;
    *z = malloc((size_t)w.n_wires * sizeof **z);
    if (w.n_wires != p->zkey.h.n_wires)
        rc = err_set(err, VCP_EINVAL, "the witness has %u values, the key wants %u", w.n_wires,
                     p->zkey.h.n_wires);
    else if (!*z)
        rc = err_set(err, VCP_ENOMEM, "no memory for a witness of %u values", w.n_wires);
    else
        wtns_load(*z, &w);
    wtns_release(&w);
    return rc;
}

static int prove(struct groth16_proof *out, const struct vcp_groth16_prover *p, const fr_bits z[],
                 const struct vcp_groth16_options *o, struct err *err)
{
    struct work work = {.memory_max_bytes = o->memory_max_bytes,
                        .progress = o->progress,
                        .progress_arg = o->progress_arg};
    int rc;

    work.threads = o->n_threads == 1 ? NULL : threads_new(o->n_threads);
    rc = groth16_prove(out, &p->zkey, z, &work, err);
    threads_free(work.threads);
    if (rc == VCP_OK)
        rc = groth16_verify(p->vkey, z + 1, p->vkey->n_public, out, err);
    if (rc == VCP_EVERIFY)
        return err_set(err, VCP_EVERIFY, "the witness does not satisfy the circuit of this key");
    return rc;
}

int vcp_groth16_prove(const struct vcp_groth16_prover *p, const void *wtns, size_t wtns_bytes,
                      const struct vcp_groth16_options *options,
                      uint8_t proof_out[VCP_GROTH16_PROOF_BYTES], uint8_t *inputs_out,
                      struct err *err)
{
    static const struct vcp_groth16_options defaults;
    struct groth16_proof proof;
    fr_bits *z = NULL;
    int rc = load_witness(&z, p, wtns, wtns_bytes, err);

    if (rc == VCP_OK)
        rc = prove(&proof, p, z, options ? options : &defaults, err);
    if (rc == VCP_OK) {
        proof_to_bytes(proof_out, &proof);
        for (uint32_t i = 0; inputs_out && i < p->zkey.h.n_public; i++) {
            fr x = fr_zero;
            (void)fr_from_bits(&x, &z[1 + i]);
            fr_to_be(inputs_out + (size_t)i * VCP_SCALAR_BYTES, &x);
        }
    }
    free(z);
    return rc;
}
