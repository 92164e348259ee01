#include "cli/proof.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attest/claim.h"
#include "attest/keyset.h"
#include "base/file.h"
#include "base/limits.h"

#define PINS_MAX 64

/* ---- keys ---- */

/* Names were checked by keyset_from_json: they stay in the folder. */
static int fetch_file(struct remote *r, const char *dir, const struct keyset_file *f)
{
    char path[1200], from[128], hex[SHA3_256_HEX_BYTES];
    uint8_t digest[32];
    struct err err = {0};
    int rc;

    snprintf(from, sizeof from, "/keys/%s", f->sha3);
    rc = remote_get(r, from, (size_t)f->bytes + 1);
    if (rc != CLI_OK)
        return rc;
    sha3_256(digest, r->reply.body.data, r->reply.body.len);
    hex_encode(hex, digest, sizeof digest);
    if (strcmp(hex, f->sha3) != 0) {
        cli_error(r->cli, "%s: what came is not %s", r->server, f->name);
        return CLI_NETWORK;
    }
    snprintf(path, sizeof path, "%s/%s", dir, f->name);
    if (file_write(path, r->reply.body.data, r->reply.body.len, 0644, &err) < 0)
        return cli_fail(r->cli, &err);
    return CLI_OK;
}

static int get_manifest(struct remote *r, struct keyset *out)
{
    struct err err = {0};
    json_t *j = NULL;
    int rc = remote_json(r, "GET", "/keys", NULL, &j);

    if (rc != CLI_OK)
        return rc;
    if (!json_is_string(json_object_get(j, "keyset"))) {
        cli_error(r->cli, "%s has no keys for receipts", r->server);
        rc = CLI_REFUSED;
    } else if (keyset_from_json(out, j, &err) < 0) {
        cli_error(r->cli, "%s: its list of keys makes no sense: %s", r->server, err.msg);
        rc = CLI_NETWORK;
    }
    json_decref(j);
    return rc;
}

int proof_fetch_keys(struct remote *r, const char *dir, bool proving,
                     void (*tell)(void *arg, const char *name, uint64_t bytes), void *arg,
                     uint32_t *n)
{
    struct keyset manifest;
    struct err err = {0};
    int rc = get_manifest(r, &manifest);

    *n = 0;
    if (rc != CLI_OK)
        return rc;
    if (file_make_dirs(dir, &err) < 0)
        rc = cli_fail(r->cli, &err);
    for (uint32_t i = 0; rc == CLI_OK && i < manifest.n_files; i++) {
        if (!proving && !keyset_file_is_verifying(&manifest.files[i]))
            continue;
        if (tell)
            tell(arg, manifest.files[i].name, manifest.files[i].bytes);
        rc = fetch_file(r, dir, &manifest.files[i]);
        ++*n;
    }
    keyset_release(&manifest);
    return rc;
}

/* Of the temporary folder, whose files are NAME.avk of the ring. */
static void remove_keys(const char *dir)
{
    struct keyring ring;
    char path[1200];

    if (keyring_open(&ring, dir, NULL, 0, NULL) == VCP_OK) {
        for (uint32_t i = 0; i < ring.n; i++) {
            snprintf(path, sizeof path, "%s/%s.avk", dir, ring.entries[i].name);
            unlink(path);
        }
        keyring_release(&ring);
    }
    rmdir(dir);
}

static int read_pins(uint8_t pins[PINS_MAX][32], const struct proof_options *o, struct err *err)
{
    if (o->n_pins > PINS_MAX)
        return err_set(err, VCP_EINVAL, "more than %d pins", PINS_MAX);
    for (size_t i = 0; i < o->n_pins; i++)
        if (strlen(o->pins_hex[i]) != 64 || !hex_decode(pins[i], 32, o->pins_hex[i]))
            return err_set(err, VCP_EINVAL, "--pin %.70s is not 64 hexadecimal digits",
                           o->pins_hex[i]);
    return VCP_OK;
}

static int open_ring(struct remote *r, struct keyring *out, const struct proof_options *o)
{
    char temporary[] = "/tmp/ambient-keys-XXXXXX";
    uint8_t pins[PINS_MAX][32];
    const char *dir = o->keys_dir;
    struct err err = {0};
    uint32_t n;
    int rc = CLI_OK;

    if (read_pins(pins, o, &err) < 0) {
        cli_error(r->cli, "%s", err.msg);
        return CLI_USAGE;
    }
    if (!dir) {
        dir = mkdtemp(temporary);
        if (!dir) {
            cli_error(r->cli, "/tmp: %s", strerror(errno));
            return CLI_INTERNAL;
        }
        rc = proof_fetch_keys(r, dir, false, NULL, NULL, &n);
    }
    if (rc == CLI_OK && keyring_open(out, dir, (const uint8_t(*)[32])pins, o->n_pins, &err) < 0) {
        cli_error(r->cli, "%s", err.msg);
        rc = CLI_USAGE;
    }
    if (!o->keys_dir)
        remove_keys(dir);
    return rc;
}

/* ---- what the receipt must be about ---- */

struct evidence {
    struct arena arena;
    struct task_spec spec; /* the server's, when the caller has none */
    struct outcome outcome;
    struct buf receipt, module, input, output, error_output;
    const char *lease_id, *node_id;
};

static void evidence_init(struct evidence *e)
{
    memset(e, 0, sizeof *e);
    arena_init(&e->arena, 16u << 20);
    buf_init(&e->receipt, ZKVM_RECEIPT_BYTES_MAX + 1);
    buf_init(&e->module, 0);
    buf_init(&e->input, 0);
    buf_init(&e->output, 0);
    buf_init(&e->error_output, 0);
}

static void evidence_release(struct evidence *e)
{
    arena_release(&e->arena);
    buf_release(&e->receipt);
    buf_release(&e->module);
    buf_release(&e->input);
    buf_release(&e->output);
    buf_release(&e->error_output);
}

static int get_into(struct remote *r, struct buf *out, size_t max_bytes, const char *path)
{
    int rc = remote_get(r, path, max_bytes);

    if (rc == CLI_OK)
        buf_put(out, r->reply.body.data, r->reply.body.len);
    return rc;
}

static int get_of_task(struct remote *r, const json_t *task, const char *what, size_t max_bytes,
                       struct buf *out)
{
    char path[128];

    snprintf(path, sizeof path, "/tasks/%.64s/%s", remote_str(task, "task_id"), what);
    return get_into(r, out, max_bytes, path);
}

static int find_prover(struct remote *r, struct evidence *e, const json_t *result)
{
    json_t *node;
    size_t i;

    json_array_foreach(json_object_get(result, "nodes"), i, node)
    {
        if (strcmp(remote_str(node, "verdict"), "accepted") != 0 ||
            !json_is_object(json_object_get(node, "receipt")))
            continue;
        e->lease_id = remote_str(node, "lease_id");
        e->node_id = remote_str(node, "node_id");
        return CLI_OK;
    }
    cli_error(r->cli,
              "the task has no receipt; only results of policy proof, and some of audit, do");
    return CLI_REFUSED;
}

static int read_task(struct remote *r, struct evidence *e, const json_t *task,
                     const struct proof_known *known)
{
    struct err err = {0};

    if (outcome_from_json(&e->outcome, json_object_get(task, "result"), &err) < 0 ||
        (!known->spec &&
         task_spec_parse(&e->spec, &e->arena, json_object_get(task, "spec"), &err) < 0)) {
        cli_error(r->cli, "%s: the task makes no sense: %s", r->server, err.msg);
        return CLI_NETWORK;
    }
    if (known->spec)
        e->spec = *known->spec;
    return CLI_OK;
}

/* From here, or by its digest from the server; then it must have that. */
static int get_content(struct remote *r, struct buf *out, const struct buf *own, const char *kind,
                       const char *sha3)
{
    char path[128], hex[SHA3_256_HEX_BYTES];
    uint8_t digest[32];
    int rc;

    if (own) {
        buf_put(out, own->data, own->len);
        return CLI_OK;
    }
    snprintf(path, sizeof path, "/%s/%.64s", kind, sha3);
    rc = get_into(r, out, CLI_INPUT_BYTES_MAX, path);
    if (rc != CLI_OK)
        return rc;
    sha3_256(digest, out->data, out->len);
    hex_encode(hex, digest, sizeof digest);
    if (strcmp(hex, sha3) == 0)
        return CLI_OK;
    cli_error(r->cli, "%s: what came for %s is something else", r->server, path);
    return CLI_NETWORK;
}

static int gather(struct remote *r, struct evidence *e, const json_t *task, const json_t *result,
                  const struct proof_known *known)
{
    int rc = find_prover(r, e, result);

    if (rc == CLI_OK)
        rc = read_task(r, e, task, known);
    if (rc == CLI_OK)
        rc = get_of_task(r, task, "receipt", ZKVM_RECEIPT_BYTES_MAX, &e->receipt);
    if (rc == CLI_OK)
        rc = get_content(r, &e->module, known->module, "modules", e->spec.module_sha3);
    if (rc == CLI_OK && e->spec.inputs.stdin_sha3)
        rc = get_content(r, &e->input, known->input, "blobs", e->spec.inputs.stdin_sha3);
    if (rc == CLI_OK && e->outcome.output_bytes > 0)
        rc = get_of_task(r, task, "output", CLI_INPUT_BYTES_MAX, &e->output);
    if (rc == CLI_OK && e->outcome.error_bytes > 0)
        rc = get_of_task(r, task, "error", CLI_INPUT_BYTES_MAX, &e->error_output);
    return rc;
}

/* ---- the check ---- */

static struct stream_bytes bytes_of(const struct buf *b)
{
    return (struct stream_bytes){b->data, b->len};
}

/* The digests of what came are part of the outcome that the receipt must prove. */
static int check_outputs(const struct evidence *e, struct err *err)
{
    uint8_t digest[32];

    sha3_256(digest, e->output.data, e->output.len);
    if (memcmp(digest, e->outcome.output_sha3, 32) != 0)
        return err_set(err, VCP_EVERIFY, "the output that came is not the outcome's");
    sha3_256(digest, e->error_output.data, e->error_output.len);
    if (memcmp(digest, e->outcome.error_sha3, 32) != 0)
        return err_set(err, VCP_EVERIFY, "the error output that came is not the outcome's");
    return VCP_OK;
}

static int check(const struct evidence *e, const json_t *task, const struct keyring *ring,
                 struct proof_answer *out, struct err *err)
{
    const struct claim c = {.task_id = remote_str(task, "task_id"),
                            .lease_id = e->lease_id,
                            .node_id = e->node_id,
                            .inputs = &e->spec.inputs,
                            .limits = &e->spec.limits,
                            .outcome = &e->outcome,
                            .module = bytes_of(&e->module),
                            .input = bytes_of(&e->input),
                            .output = bytes_of(&e->output),
                            .error_output = bytes_of(&e->error_output)};
    struct claim_report report = {.n_proofs = 0};
    struct receipt receipt = {.n_proofs = 0};
    int rc = check_outputs(e, err);

    if (rc == VCP_OK)
        rc = claim_verify(&c, e->receipt.data, e->receipt.len, ring, &report, err);
    out->n_proofs = report.n_proofs;
    out->n_keys = ring->n;
    out->verify_ns = report.verify_ns;
    out->bytes = e->receipt.len;
    if (receipt_decode(&receipt, e->receipt.data, e->receipt.len, NULL) == VCP_OK &&
        (out->statement = malloc(sizeof *out->statement)))
        *out->statement = receipt.statement;
    receipt_release(&receipt);
    return rc;
}

void proof_answer_release(struct proof_answer *a)
{
    free(a->statement);
    memset(a, 0, sizeof *a);
}

int proof_check(struct remote *r, const json_t *task, const json_t *result,
                const struct proof_known *known, const struct proof_options *o,
                struct proof_answer *out)
{
    struct keyring ring = {.n = 0};
    struct evidence e;
    struct err err = {0};
    int rc;

    memset(out, 0, sizeof *out);
    evidence_init(&e);
    rc = gather(r, &e, task, result, known);
    if (rc == CLI_OK && o->output_file &&
        file_write(o->output_file, e.receipt.data, e.receipt.len, 0644, &err) < 0)
        rc = cli_fail(r->cli, &err);
    if (rc == CLI_OK)
        rc = open_ring(r, &ring, o);
    if (rc == CLI_OK) {
        int verdict = check(&e, task, &ring, out, &err);

        out->valid = verdict == VCP_OK;
        if (verdict < 0)
            snprintf(out->reason, sizeof out->reason, "%s", err.msg);
        if (verdict < 0 && verdict != VCP_EVERIFY)
            rc = cli_fail(r->cli, &err);
    }
    keyring_release(&ring);
    evidence_release(&e);
    if (rc != CLI_OK)
        proof_answer_release(out);
    return rc;
}

void proof_tell(const struct cli *cli, const struct proof_answer *a, const struct proof_options *o,
                const char *server)
{
    if (!a->valid) {
        cli_say(cli, "NOT VERIFIED: %s", a->reason);
        return;
    }
    cli_say(cli,
            "verified: the receipt (%u proofs, %zu bytes) proves this result; checked in %.1f ms",
            a->n_proofs, a->bytes, (double)a->verify_ns / 1e6);
    if (o->keys_dir || o->n_pins)
        return;
    cli_say(cli,
            "  under the keys that %s names: whoever made them could have kept their secrets; "
            "--pin or --keys for keys you trust",
            server);
}
