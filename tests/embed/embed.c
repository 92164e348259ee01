/* embed.c - a program of somebody else: knows <vcp/groth16.h> and nothing of our tree.
 *
 *     embed FOLDER    with tiny_2.zkey, tiny.wtns, tiny_{vkey,public,proof}.json of snarkjs
 *
 * Verifies a proof that snarkjs made and refuses it with a changed input and a changed
 * proof; then proves by itself, verifies, and refuses every byte of the proof changed. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vcp/groth16.h>

#define KEY_BYTES_MAX 65536

struct text {
    char *bytes;
    size_t n;
};

static void need(int held, const char *what, const struct err *e)
{
    if (held)
        return;
    fprintf(stderr, "embed: %s (last error %d: %s)\n", what, e->code, e->msg);
    exit(1);
}

static struct text read_file(const char *folder, const char *name)
{
    struct err e = {0, "cannot be read"};
    struct text t = {NULL, 0};
    char path[1024];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    f = fopen(path, "rb");
    t.bytes = malloc(1 << 20);
    need(f != NULL && t.bytes != NULL, path, &e);
    t.n = fread(t.bytes, 1, 1 << 20, f);
    need(t.n > 0 && t.n < 1 << 20, path, &e);
    fclose(f);
    return t;
}

static int verify(struct text v, struct text i, struct text p, struct err *e)
{
    e->code = 0;
    return vcp_groth16_verify_json(v.bytes, v.n, i.bytes, i.n, p.bytes, p.n, e);
}

/* The last digit of the first number becomes another one. */
static void change_number(struct text t)
{
    char *quote = memchr(t.bytes, '"', t.n);
    char *end = quote ? memchr(quote + 1, '"', (size_t)(t.bytes + t.n - quote - 1)) : NULL;

    if (!end)
        exit(1);
    end[-1] = end[-1] == '3' ? '4' : '3';
}

static void files_of_snarkjs(const char *folder)
{
    struct text v = read_file(folder, "tiny_vkey.json"), i = read_file(folder, "tiny_public.json"),
                p = read_file(folder, "tiny_proof.json");
    struct err e = {0, ""};

    need(verify(v, i, p, &e) == VCP_OK, "a proof of snarkjs was refused", &e);
    change_number(i);
    need(verify(v, i, p, &e) == VCP_EVERIFY, "a changed input was not refused", &e);
    free(i.bytes);
    i = read_file(folder, "tiny_public.json");
    change_number(p);
    need(verify(v, i, p, &e) < 0 && e.msg[0], "a changed proof was not refused", &e);
    free(v.bytes);
    free(i.bytes);
    free(p.bytes);
}

static const struct vcp_groth16_vkey *read_key(struct text v)
{
    static _Alignas(64) unsigned char storage[KEY_BYTES_MAX];
    const struct vcp_groth16_vkey *key = NULL;
    struct err e = {0, ""};
    void *bytes = NULL;
    size_t n = 0, size;

    need(vcp_groth16_vkey_from_json(&bytes, &n, v.bytes, v.n, &e) == VCP_OK, "key", &e);
    size = vcp_groth16_vkey_size(bytes, n);
    need(size > 0 && size <= sizeof storage, "size of the key", &e);
    need(vcp_groth16_vkey_read(&key, storage, sizeof storage, bytes, n, &e) == VCP_OK, "read", &e);
    free(bytes);
    return key;
}

static void own_proof(const char *folder)
{
    struct text v = read_file(folder, "tiny_vkey.json"), w = read_file(folder, "tiny.wtns");
    const struct vcp_groth16_vkey *key = read_key(v);
    struct vcp_groth16_options options = {.n_threads = 2};
    uint8_t proof[VCP_GROTH16_PROOF_BYTES], inputs[2 * VCP_SCALAR_BYTES];
    struct vcp_groth16_prover *prover = NULL;
    struct err e = {0, ""};
    char path[1024];

    snprintf(path, sizeof path, "%s/tiny_2.zkey", folder);
    need(vcp_groth16_prover_open(&prover, path, true, &e) == VCP_OK, "prover", &e);
    need(vcp_groth16_prover_inputs(prover) == 2, "number of inputs", &e);
    need(vcp_groth16_vkey_inputs(key) == 2, "number of inputs of the key", &e);
    need(vcp_groth16_prove(prover, w.bytes, w.n, &options, proof, inputs, &e) == VCP_OK, "prove",
         &e);
    need(vcp_groth16_verify(key, inputs, 2, proof, &e) == VCP_OK, "own proof refused", &e);
    for (size_t i = 0; i < sizeof proof; i++) {
        proof[i] ^= 1;
        need(vcp_groth16_verify(key, inputs, 2, proof, &e) < 0, "a changed byte passed", &e);
        proof[i] ^= 1;
    }
    need(vcp_groth16_verify(key, inputs, 2, proof, NULL) == VCP_OK, "own proof, again", &e);
    vcp_groth16_prover_free(prover);
    free(v.bytes);
    free(w.bytes);
}

/* Names that the library uses inside: an embedder may have functions of the same name. */
int err_set(void);
int err_set(void)
{
    return 7;
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    files_of_snarkjs(argv[1]);
    own_proof(argv[1]);
    if (err_set() != 7)
        return 1;
    puts("embedded: proofs verified, changed ones refused");
    return 0;
}
