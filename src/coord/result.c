/* result.c - what a node delivers: checked, kept, and the verdict that follows.
 *
 * A receipt is verified before the turn at the mutex, against a snapshot; it is bound to the
 * lease by its context, so that what was found there holds as long as the lease is the same. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/limits.h"
#include "coord/op.h"
#include "store/blobs.h"

struct delivery {
    const struct coord_result *r;
    const char *user_id;
    uint8_t digest[SHA3_256_BYTES];
    char *outcome; /* JSON */
    struct coord_verdict *out;
    enum { RECEIPT_UNCHECKED, RECEIPT_GOOD, RECEIPT_BAD } receipt;
    struct coord_proof proof; /* of a good one */
    struct err why;           /* it is bad */
};

static int lease_over(struct op *op)
{
    return err_set(op->err, VCP_ESTATE,
                   "the lease is over: the task was given to another node, "
                   "was cancelled or has ended");
}

static int report(struct op *op, const struct delivery *d)
{
    struct store_result row;
    struct store_task task;
    int rc = store_result_get(op->tx, &op->arena, &row, d->r->task_id, d->r->node_id, op->err);

    if (rc == VCP_OK)
        rc = store_task_get(op->tx, &op->arena, &task, d->r->task_id, op->err);
    if (rc == VCP_OK)
        *d->out = (struct coord_verdict){row.verdict, task.status, row.paid};
    return rc;
}

/* The answer to a repetition: 1 when the same outcome is on record, 0 when none is. */
static int delivered_before(struct op *op, const struct delivery *d)
{
    struct store_result row;
    int rc = store_result_get(op->tx, &op->arena, &row, d->r->task_id, d->r->node_id, op->err);

    if (rc == VCP_ENOTFOUND)
        return 0;
    if (rc < 0)
        return rc;
    if (memcmp(row.digest, d->digest, sizeof row.digest) != 0)
        return err_set(op->err, VCP_ESTATE,
                       "node %s has already delivered another outcome of task %s", d->r->node_id,
                       d->r->task_id);
    rc = report(op, d);
    return rc < 0 ? rc : 1;
}

/* Content that the node did not send and its owner may not read is not this node's to name. */
static int check_output(struct op *op, const char *owner_id, bool seen, const char *what,
                        const uint8_t sha3[SHA3_256_BYTES], uint64_t bytes)
{
    char hex[SHA3_256_HEX_BYTES];
    struct store_blob b;
    bool readable = true;

    if (bytes == 0)
        return VCP_OK;
    hex_encode(hex, sha3, SHA3_256_BYTES);
    int rc = store_blob_get(op->tx, &b, hex, op->err);
    if (rc == VCP_OK && !seen)
        rc = store_blob_readable(op->tx, &readable, owner_id, hex, op->err);
    if (rc == VCP_ENOTFOUND || !readable)
        return err_set(op->err, VCP_EINVAL, "%s %s is not stored: upload it first", what, hex);
    if (rc == VCP_OK && (uint64_t)b.size_bytes != bytes)
        rc = err_set(op->err, VCP_EINVAL, "%s %s has %lld bytes, the outcome says %llu", what, hex,
                     (long long)b.size_bytes, (unsigned long long)bytes);
    return rc;
}

/* An outcome that the task's limits do not allow cannot be one of it. */
static int check_outcome(struct op *op, const struct catt *m, const struct coord_result *r)
{
    const struct outcome *o = &r->outcome;
    const struct ctask *t = m->task;
    const char *owner = m->node->owner_id;

    if (o->gas_used > t->gas_max)
        return err_set(op->err, VCP_EINVAL, "gas_used %llu is more than the limit of %llu",
                       (unsigned long long)o->gas_used, (unsigned long long)t->gas_max);
    uint64_t bytes_max = t->output_bytes_max + RUN_RESULT_BYTES_MAX; /* wasm/run.h */
    if (o->output_bytes > bytes_max || o->error_bytes > bytes_max - o->output_bytes)
        return err_set(op->err, VCP_EINVAL,
                       "the outputs are together larger than the limit of %llu bytes",
                       (unsigned long long)t->output_bytes_max);
    int rc = check_output(op, owner, r->output_seen, "output", o->output_sha3, o->output_bytes);
    return rc < 0 ? rc
                  : check_output(op, owner, r->error_seen, "error output", o->error_sha3,
                                 o->error_bytes);
}

static int check_signature(const struct delivery *d, const uint8_t module_sha3[],
                           const uint8_t inputs_sha3[], const uint8_t public_key[], struct err *err)
{
    struct sign_result s = {
        .task_id = d->r->task_id, .lease_id = d->r->lease_id, .node_id = d->r->node_id};
    uint8_t receipt[SHA3_256_BYTES];

    memcpy(s.module_sha3, module_sha3, sizeof s.module_sha3);
    memcpy(s.inputs_sha3, inputs_sha3, sizeof s.inputs_sha3);
    memcpy(s.outcome_sha3, d->digest, sizeof s.outcome_sha3);
    if (d->r->receipt_sha3) {
        if (!hex_decode(receipt, sizeof receipt, d->r->receipt_sha3))
            return err_set(err, VCP_EINVAL, "receipt_sha3 must be 64 hex digits");
        s.receipt_sha3 = receipt;
    }
    return sign_result_verify(d->r->signature, &s, public_key, err);
}

static int verify(struct op *op, const struct delivery *d, const struct catt *m)
{
    int rc = check_signature(d, m->task->module_sha3, m->task->inputs_sha3, m->node->row.public_key,
                             op->err);
    if (rc != VCP_EAUTH)
        return rc;
    return err_set(op->err, VCP_EAUTH,
                   "the signature does not verify over this task's module and inputs and this "
                   "outcome with the key of node %s",
                   m->node->id);
}

/* The refusal is what the caller hears; that it happened is committed. */
static int bad_signature(struct op *op, const struct delivery *d, struct catt *m)
{
    struct err said = {0};
    char signature[2 * SIGN_BYTES + 1], digest[SHA3_256_HEX_BYTES];
    struct store_dispute dispute = {.task_id = d->r->task_id,
                                    .node_id = d->r->node_id,
                                    .kind = "bad_signature",
                                    .at_ms = op->now_ms};

    if (op->err)
        said = *op->err;
    hex_encode(signature, d->r->signature, SIGN_BYTES);
    hex_encode(digest, d->digest, sizeof d->digest);
    dispute.evidence = arena_printf(
        &op->arena, "{\"lease_id\":\"%s\",\"outcome_sha3\":\"%s\",\"signature\":\"%s\"}",
        m->lease_id, digest, signature);
    if (dispute.evidence == NULL)
        return op_no_memory(op);
    int rc = store_dispute_add(op->tx, &dispute, op->err);
    op->c->disputes++;
    if (rc == VCP_OK)
        rc = op_lose(op, m, "bad signature", true);
    if (rc < 0)
        return rc;
    op->reply = VCP_EAUTH;
    if (op->err)
        *op->err = said;
    return VCP_OK;
}

static void fill_row(struct op *op, const struct delivery *d, const struct catt *m,
                     struct store_result *row)
{
    *row = (struct store_result){.task_id = m->task->id,
                                 .node_id = m->node->id,
                                 .lease_id = m->lease_id,
                                 .owner_id = m->node->owner_id,
                                 .outcome = d->outcome,
                                 .execution_time_ms = d->r->execution_time_ms,
                                 .submitted_at_ms = op->now_ms};
    /* Not more than the time it had. */
    if (row->execution_time_ms < 0)
        row->execution_time_ms = 0;
    if (row->execution_time_ms > op->now_ms - m->started_ms)
        row->execution_time_ms = op->now_ms - m->started_ms;
    memcpy(row->digest, d->digest, sizeof row->digest);
    memcpy(row->signature, d->r->signature, sizeof row->signature);
    memcpy(row->public_key, m->node->row.public_key, sizeof row->public_key);
    if (d->receipt != RECEIPT_GOOD)
        return;
    row->receipt = (struct store_receipt){.sha3 = d->r->receipt_sha3,
                                          .bytes = (int64_t)d->r->receipt_bytes,
                                          .n_proofs = d->proof.n_proofs,
                                          .prove_ms = d->r->prove_ms,
                                          .verify_us = d->proof.verify_us};
    memcpy(row->receipt.statement, d->proof.statement, sizeof row->receipt.statement);
}

static int keep_result(struct op *op, const struct delivery *d, struct catt *m)
{
    struct store_result row;

    fill_row(op, d, m, &row);
    op->touched = true;
    int rc = op_is_audit_proof(m) ? store_result_prove(op->tx, &row, op->err)
                                  : store_result_insert(op->tx, &row, op->err);
    if (rc < 0)
        return rc;
    op->c->results++;
    m->finished_ms = op->now_ms;
    att_set(op->x, m, STORE_DONE, 0);
    return op_put_att(op, m);
}

/* ---- receipts ---- */

/* What the verifier is given; everything in it is released with the inspection. */
struct inspection {
    struct arena arena;
    struct store_task task;
    struct task_spec spec;
    struct file_map module, input, output, error_output;
};

static void inspection_release(struct inspection *in)
{
    file_map_release(&in->module);
    file_map_release(&in->input);
    file_map_release(&in->output);
    file_map_release(&in->error_output);
    arena_release(&in->arena);
}

/* *wanted: this is a live lease whose result needs a receipt, and the node signed it. */
static int look_up(struct inspection *in, const struct delivery *d, struct store_tx *tx,
                   bool *wanted, struct err *err)
{
    struct store_assignment a;
    uint8_t module[SHA3_256_BYTES] = {0};
    struct store_node node;
    json_t *j = NULL;
    int rc;

    if ((rc = store_assignment_get(tx, &in->arena, &a, d->r->task_id, d->r->node_id, err)) < 0 ||
        (rc = store_task_get(tx, &in->arena, &in->task, d->r->task_id, err)) < 0 ||
        (rc = store_node_get(tx, &in->arena, &node, d->r->node_id, err)) < 0)
        return rc == VCP_ENOTFOUND ? VCP_OK : rc;
    if (a.disconnected_at_ms || a.execution != STORE_IN_PROGRESS || !a.lease_id ||
        strcmp(a.lease_id, d->r->lease_id) != 0 || store_task_ended(in->task.status))
        return VCP_OK;
    if (in->task.module_sha3)
        hex_decode(module, sizeof module, in->task.module_sha3);
    rc = check_signature(d, module, in->task.inputs_sha3, node.public_key, NULL);
    if (rc < 0)
        return VCP_OK; /* found out again, and acted upon, in the turn at the mutex */
    if ((rc = json_parse(&j, in->task.spec, strlen(in->task.spec), err)) == VCP_OK)
        rc = task_spec_parse(&in->spec, &in->arena, j, err);
    json_decref(j);
    *wanted = rc == VCP_OK &&
              (in->spec.policy == TASK_POLICY_PROOF || in->task.audit == STORE_AUDIT_PROOF);
    return rc;
}

/* VCP_ENOTFOUND when the content is not stored, or not of this length. */
static int map_output(struct coord *c, struct file_map *out, const uint8_t sha3[SHA3_256_BYTES],
                      uint64_t bytes, struct err *err)
{
    char hex[SHA3_256_HEX_BYTES];
    int rc;

    if (bytes == 0)
        return VCP_OK;
    hex_encode(hex, sha3, SHA3_256_BYTES);
    rc = store_blob_map(c->store, out, hex, err);
    return rc == VCP_OK && out->size != bytes ? VCP_ENOTFOUND : rc;
}

/* *whole: all of it is here; an output that is not is refused in the turn at the mutex. */
static int map_contents(struct inspection *in, struct coord *c, const struct outcome *o,
                        bool *whole, struct err *err)
{
    int rc = store_blob_map(c->store, &in->module, in->task.module_sha3, err);

    if (rc == VCP_OK && in->spec.inputs.stdin_bytes > 0)
        rc = store_blob_map(c->store, &in->input, in->spec.inputs.stdin_sha3, err);
    if (rc < 0)
        return rc;
    rc = map_output(c, &in->output, o->output_sha3, o->output_bytes, err);
    if (rc == VCP_OK)
        rc = map_output(c, &in->error_output, o->error_sha3, o->error_bytes, err);
    *whole = rc == VCP_OK;
    return rc == VCP_ENOTFOUND ? VCP_OK : rc;
}

static struct coord_content content(const struct file_map *m)
{
    return (struct coord_content){m->data, m->size};
}

static int ask_verifier(struct coord *c, struct delivery *d, const struct inspection *in,
                        struct err *err)
{
    const struct coord_verifier *v = &c->config.verifier;
    struct coord_claim claim = {.task_id = d->r->task_id,
                                .lease_id = d->r->lease_id,
                                .node_id = d->r->node_id,
                                .spec = &in->spec,
                                .outcome = &d->r->outcome,
                                .module = content(&in->module),
                                .input = content(&in->input),
                                .output = content(&in->output),
                                .error_output = content(&in->error_output),
                                .receipt = {d->r->receipt, d->r->receipt_bytes}};
    int rc = v->check(v->arg, &claim, &d->proof, &d->why);

    if (rc == VCP_OK)
        d->receipt = RECEIPT_GOOD;
    else if (rc == VCP_EVERIFY)
        d->receipt = RECEIPT_BAD;
    else
        return err_set(err, rc, "the receipt could not be checked: %s", d->why.msg);
    return VCP_OK;
}

/* Outside of every lock and transaction. */
static int check_receipt(struct coord *c, struct delivery *d, struct err *err)
{
    struct inspection in = {.task = {0}};
    bool wanted = false, whole = false;
    struct store_tx *tx;
    int rc;

    if (!d->r->receipt || !d->r->receipt_sha3 || !c->config.verifier.check)
        return VCP_OK;
    rc = store_begin_read(c->store, &tx, err);
    if (rc < 0)
        return rc;
    arena_init(&in.arena, 0);
    rc = look_up(&in, d, tx, &wanted, err);
    store_rollback(tx);
    if (rc == VCP_OK && wanted)
        rc = map_contents(&in, c, &d->r->outcome, &whole, err);
    if (rc == VCP_OK && whole)
        rc = ask_verifier(c, d, &in, err);
    inspection_release(&in);
    atomic_fetch_add(&c->receipts, d->receipt == RECEIPT_GOOD);
    return rc;
}

static char *evidence(const struct delivery *d, const struct store_result *row)
{
    json_t *said = op_signed_statement(row);
    json_t *j = json_pack("{s:o, s:O, s:s, s:s?, s:I}", "said", said, "outcome", json_null(),
                          "reason", d->why.msg, "receipt_sha3", d->r->receipt_sha3, "receipt_bytes",
                          (json_int_t)d->r->receipt_bytes);
    json_t *outcome = NULL;
    char *text;

    if (json_parse(&outcome, d->outcome, strlen(d->outcome), NULL) == VCP_OK)
        json_object_set_new(j, "outcome", outcome);
    text = j ? json_text(j) : NULL;
    json_decref(j);
    return text;
}

/* The bytes stay with the task, for whoever doubts the verdict. */
static int keep_evidence(struct op *op, const struct delivery *d, const struct store_result *row,
                         const char *kind)
{
    char *text = evidence(d, row);
    struct store_dispute dispute = {.task_id = row->task_id,
                                    .node_id = row->node_id,
                                    .kind = kind,
                                    .evidence = text,
                                    .at_ms = op->now_ms};
    struct store_blob blob;
    int rc = text ? store_dispute_add(op->tx, &dispute, op->err) : op_no_memory(op);

    free(text);
    op->c->disputes++;
    if (rc < 0 || !d->r->receipt_sha3)
        return rc;
    rc = store_blob_get(op->tx, &blob, d->r->receipt_sha3, op->err);
    if (rc == VCP_ENOTFOUND)
        return VCP_OK;
    return rc < 0 ? rc
                  : store_blob_link(op->tx, row->task_id, d->r->receipt_sha3, "evidence", op->err);
}

/* The result is on record as false, and its node does not get this task again. */
static int refuse(struct op *op, const struct delivery *d, struct catt *m, const char *kind)
{
    struct store_result row;
    struct ctask *t = m->task;
    int rc = VCP_OK;

    fill_row(op, d, m, &row);
    row.receipt.sha3 = d->r->receipt_sha3; /* part of what is signed */
    op->touched = true;
    op->c->receipts_refused++;
    rc = keep_evidence(op, d, &row, kind);
    row.receipt = (struct store_receipt){.sha3 = NULL};
    if (rc == VCP_OK && !op_is_audit_proof(m))
        rc = store_result_insert(op->tx, &row, op->err);
    if (rc == VCP_OK)
        rc = store_result_judge(op->tx, t->id, row.node_id, STORE_VERDICT_REJECTED, 0, op->err);
    if (rc == VCP_OK)
        rc = op_judge_result(op, &row, false);
    if (rc == VCP_OK)
        rc = op_audit_clear(op, t);
    const char *note = arena_printf(&op->arena, "%s: %.200s", kind, d->why.msg);
    if (note == NULL)
        rc = op_no_memory(op);
    return rc < 0 ? rc : op_expel(op, m, note);
}

/* VCP_OK with *kind: what is wrong with the receipt, or its absence; NULL: nothing. */
static int judge_receipt(struct op *op, struct delivery *d, const struct catt *m,
                         const struct store_result *before, const char **kind)
{
    *kind = NULL;
    if (!task_wants_receipt(m->task))
        return VCP_OK;
    if (op->c->config.verifier.check == NULL)
        return err_set(op->err, VCP_EBUSY, "this server has no keys to check receipts with now");
    if (!d->r->receipt || !d->r->receipt_sha3) {
        err_set(&d->why, VCP_EVERIFY, "the task wants a receipt and none came");
        *kind = "missing_receipt";
    } else if (d->receipt == RECEIPT_BAD) {
        *kind = "bad_receipt";
    } else if (d->receipt == RECEIPT_UNCHECKED) {
        return err_set(op->err, VCP_EBUSY, "the receipt was not checked: deliver it again");
    } else if (before && memcmp(before->digest, d->digest, sizeof d->digest) != 0) {
        err_set(&d->why, VCP_EVERIFY, "the receipt proves another outcome than was delivered");
        *kind = "audit_mismatch";
    }
    return VCP_OK;
}

/* The live lease this result is for. */
static int find_lease(struct op *op, const struct delivery *d, struct catt **out)
{
    struct cnode *n;
    int rc = op_node(op, &n, d->user_id, d->r->node_id);

    if (rc < 0)
        return rc;
    struct ctask *t = index_task(op->x, d->r->task_id);
    struct catt *m = t ? index_att(t, n) : NULL;
    if (m == NULL || m->execution != STORE_IN_PROGRESS ||
        strcmp(m->lease_id, d->r->lease_id) != 0 || m->deadline_ms <= op->now_ms) {
        struct store_task row;

        rc = store_task_get(op->tx, &op->arena, &row, d->r->task_id, op->err);
        return rc < 0 ? rc : lease_over(op);
    }
    *out = m;
    return VCP_OK;
}

/* When the lease is there for the receipt of a result that is kept, *before is that result. */
static int known_result(struct op *op, const struct delivery *d, const struct cnode *n,
                        struct store_result **before)
{
    const struct ctask *t = index_task(op->x, d->r->task_id);
    const struct catt *m = t ? index_att(t, n) : NULL;
    struct store_result *row;

    *before = NULL;
    if (m == NULL || !op_is_audit_proof(m) || strcmp(m->lease_id, d->r->lease_id) != 0)
        return delivered_before(op, d);
    row = arena_array(&op->arena, 1, sizeof *row);
    if (row == NULL)
        return op_no_memory(op);
    int rc = store_result_get(op->tx, &op->arena, row, t->id, n->id, op->err);
    if (rc == VCP_OK && strcmp(row->lease_id, d->r->lease_id) == 0)
        return delivered_before(op, d); /* with this lease: the draw has been */
    *before = row;
    return rc;
}

static int decide(struct op *op, struct catt *m)
{
    struct ctask *t = m->task;

    if (t->policy == TASK_POLICY_AUDIT && t->audit == STORE_AUDIT_NONE)
        return op_draw_audit(op, m);
    return t->n_done == t->min_nodes ? op_settle(op, t, NULL) : VCP_OK;
}

static int do_result(struct op *op, struct delivery *d)
{
    struct store_result *before = NULL;
    const char *kind = NULL;
    struct catt *m = NULL;
    struct cnode *n;
    int rc = op_node(op, &n, d->user_id, d->r->node_id);

    if (rc == VCP_OK)
        rc = known_result(op, d, n, &before);
    if (rc != 0)
        return rc < 0 ? rc : VCP_OK;
    rc = find_lease(op, d, &m);
    if (rc < 0)
        return rc;
    rc = verify(op, d, m);
    if (rc == VCP_EAUTH)
        return bad_signature(op, d, m);
    if (rc == VCP_OK)
        rc = check_outcome(op, m, d->r);
    if (rc == VCP_OK)
        rc = judge_receipt(op, d, m, before, &kind);
    if (rc == VCP_OK && kind)
        rc = refuse(op, d, m, kind);
    else if (rc == VCP_OK && (rc = keep_result(op, d, m)) == VCP_OK)
        rc = decide(op, m);
    n = index_node(op->x, d->r->node_id);
    if (rc == VCP_OK && n)
        rc = op_fill(op, n);
    return rc < 0 ? rc : report(op, d);
}

int coord_result_submit(struct coord *c, const char *user_id, const struct coord_result *r,
                        struct coord_verdict *out, struct err *err)
{
    struct coord_verdict verdict = {0};
    struct delivery d = {.r = r, .user_id = user_id, .out = &verdict};
    json_t *j = outcome_to_json(&r->outcome);
    struct op op;

    d.outcome = j ? json_text(j) : NULL;
    json_decref(j);
    if (d.outcome == NULL)
        return err_set(err, VCP_ENOMEM, "coordinator: out of memory");
    outcome_digest(d.digest, &r->outcome);
    int rc = check_receipt(c, &d, err);
    if (rc == VCP_OK)
        rc = op_begin(c, &op, err);
    if (rc == VCP_OK)
        rc = op_end(&op, do_result(&op, &d));
    if (rc == VCP_OK)
        *out = verdict;
    free(d.outcome);
    return rc;
}
