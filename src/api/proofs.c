/* proofs.c - GET /keys, GET /keys/{sha3}, and the verifier that the coordinator asks. */
#include "api/proofs.h"

#include <stdio.h>
#include <string.h>

#include "api/routes.h"
#include "attest/claim.h"
#include "base/file.h"
#include "base/log.h"

/* ---- the verifier ---- */

static int check(void *arg, const struct coord_claim *c, struct coord_proof *out, struct err *err)
{
    const struct proofs *p = arg;
    struct claim claim = {.task_id = c->task_id,
                          .lease_id = c->lease_id,
                          .node_id = c->node_id,
                          .inputs = &c->spec->inputs,
                          .limits = &c->spec->limits,
                          .outcome = c->outcome,
                          .module = {c->module.data, c->module.n},
                          .input = {c->input.data, c->input.n},
                          .output = {c->output.data, c->output.n},
                          .error_output = {c->error_output.data, c->error_output.n}};
    struct claim_report report;
    int rc = claim_verify(&claim, c->receipt.data, c->receipt.n, &p->keys.ring, &report, err);

    if (rc < 0)
        return rc;
    memcpy(out->statement, report.statement_digest, sizeof out->statement);
    out->n_proofs = report.n_proofs;
    out->verify_us = report.verify_ns / 1000;
    return VCP_OK;
}

struct coord_verifier proofs_verifier(struct proofs *p)
{
    if (!p->have_keys)
        return (struct coord_verifier){.check = NULL};
    return (struct coord_verifier){.check = check, .arg = p, .keyset = p->keys.id};
}

const char *proofs_keyset(const struct proofs *p)
{
    return p->have_keys ? p->keys.id : "";
}

/* ---- opening ---- */

static int refuse_test_keys(const struct keyset *k, struct err *err)
{
    for (uint32_t i = 0; i < k->ring.n; i++)
        if (k->ring.entries[i].vk->local_test)
            return err_set(err, VCP_EINVAL,
                           "%s: %s is a test key: its secrets are known, anyone can forge receipts",
                           k->dir, k->ring.entries[i].name);
    return VCP_OK;
}

int proofs_open(struct proofs *p, const char *dir, bool required, struct err *err)
{
    int rc;

    memset(p, 0, sizeof *p);
    if (!dir)
        return VCP_OK;
    rc = keyset_open(&p->keys, dir, true, err);
    if (rc == VCP_ENOTFOUND && !required)
        return VCP_OK;
    if (rc < 0)
        return rc;
    p->have_keys = true;
    rc = refuse_test_keys(&p->keys, err);
    if (rc < 0) {
        proofs_release(p);
        return rc;
    }
    log_info("server", "receipts: %u keys of %s, %.0f MB with what provers need, set %.16s",
             p->keys.ring.n, dir, (double)p->keys.bytes / 1048576, p->keys.id);
    return VCP_OK;
}

void proofs_release(struct proofs *p)
{
    if (p->have_keys)
        keyset_release(&p->keys);
    p->have_keys = false;
}

/* ---- giving them out ---- */

int handle_keys(struct call *c, struct err *err)
{
    const struct proofs *p = &c->api->proofs;

    if (p->have_keys)
        return reply_json(c, 200, keyset_to_json(&p->keys), err);
    return reply_json(
        c, 200, json_pack("{s:n, s:[], s:[], s:i}", "keyset", "keys", "files", "bytes", 0), err);
}

int handle_key_file(struct call *c, struct err *err)
{
    const struct proofs *p = &c->api->proofs;
    const struct keyset_file *f = p->have_keys ? keyset_find(&p->keys, c->params[0]) : NULL;
    const char *path;

    if (!f)
        return err_set(err, VCP_ENOTFOUND, "this server has no key file %.64s", c->params[0]);
    path = arena_printf(&c->rq->arena, "%s/%s", p->keys.dir, f->name);
    return path ? reply_file(c, path, f->bytes, err)
                : err_set(err, VCP_ENOMEM, "no memory for the answer");
}
