/* settle.c - the verdict on a task's results, and the money that follows.
 *
 * A majority is more than half of the replicas wanted (k), whether or not all came.
 * Each node of the majority earns its owner floor(budget / k); what is left, the
 * shares of dissenters among it, goes back to the creator.  Without a majority
 * nobody is paid and all of it goes back: with two answers that differ there is no
 * telling who lied, so nobody's record is touched either, but both answers stay on
 * record.  Every transfer is named for what it is for (pay:<task>:<node>,
 * refund:<task>), so that none can happen twice.
 *
 * Of an audited task two runs must agree.  When the first two do not, a third is asked: one
 * of the two will not be paid, so its share pays for that. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "coord/op.h"
#include "store/blobs.h"
#include "store/ledger.h"

/* ---- money ---- */

static int transfer(struct op *op, const struct ctask *t, const char *kind, const char *key,
                    const char *node_id, const char *to_user, int64_t amount)
{
    char hold[LEDGER_NAME_BYTES], user[LEDGER_NAME_BYTES];
    struct ledger_transfer x = {.at_ms = op->now_ms,
                                .key = key,
                                .kind = kind,
                                .task_id = t->id,
                                .node_id = node_id,
                                .n = 2};

    if (amount == 0)
        return VCP_OK;
    if (key == NULL)
        return op_no_memory(op);
    ledger_escrow_account(hold, t->id);
    ledger_user_account(user, to_user);
    x.postings[0] = (struct ledger_posting){hold, -amount};
    x.postings[1] = (struct ledger_posting){user, amount};
    return ledger_post(op->tx, &x, op->err);
}

static int pay(struct op *op, const struct ctask *t, const struct store_result *r, int64_t share)
{
    return transfer(op, t, "pay", arena_printf(&op->arena, "pay:%s:%s", t->id, r->node_id),
                    r->node_id, r->owner_id, share);
}

static int refund(struct op *op, const struct ctask *t, int64_t amount)
{
    return transfer(op, t, "refund", arena_printf(&op->arena, "refund:%s", t->id), NULL,
                    t->creator_id, amount);
}

/* ---- the end of a task ---- */

/* Frees the nodes and fills them again; t is gone afterwards. */
static int leave_index(struct op *op, struct ctask *t)
{
    size_t n = t->n_active;
    char(*ids)[NODE_ID_BYTES] = calloc(n + 1, sizeof *ids);
    int rc = VCP_OK;

    if (ids == NULL)
        return op_no_memory(op);
    n = 0;
    for (const struct catt *m = t->atts; m; m = m->task_next) {
        strcpy(ids[n++], m->node->id);
        if (rc == VCP_OK && m->execution == STORE_IN_PROGRESS)
            rc = op_lease_over(op, m->node->id);
    }
    index_drop_task(op->x, t);
    for (size_t i = 0; rc == VCP_OK && i < n; i++) {
        struct cnode *node = index_node(op->x, ids[i]);

        if (node)
            rc = op_fill(op, node);
    }
    free(ids);
    return rc;
}

static int close_task(struct op *op, struct ctask *t, enum store_task_status status,
                      const char *reason, const char *result, int64_t paid)
{
    struct store_task row = {.task_id = t->id,
                             .status = status,
                             .reason = reason,
                             .paid = paid,
                             .attempts = t->attempts,
                             .result = result,
                             .updated_at_ms = op->now_ms,
                             .completed_at_ms = op->now_ms};

    op->touched = true;
    int rc = refund(op, t, t->budget - paid);
    if (rc == VCP_OK)
        rc = store_task_update(op->tx, &row, op->err);
    if (rc == VCP_OK)
        rc = store_assignment_disconnect_all(op->tx, t->id, op->now_ms, op->err);
    if (rc == VCP_OK)
        rc = op_task_ended(op, t->id);
    return rc < 0 ? rc : leave_index(op, t);
}

/* ---- verdicts ---- */

struct ballot {
    struct store_result *results; /* those without a verdict */
    size_t n;
    const struct store_result *winner; /* one of the majority, or NULL */
};

static bool agree(const struct store_result *a, const struct store_result *b)
{
    return memcmp(a->digest, b->digest, sizeof a->digest) == 0;
}

/* The only possible majority by Boyer and Moore's vote, then counted. */
static void count_votes(struct ballot *b, uint32_t k)
{
    const struct store_result *candidate = NULL;
    size_t lead = 0, votes = 0;

    for (size_t i = 0; i < b->n; i++) {
        if (lead == 0)
            candidate = &b->results[i];
        lead = agree(candidate, &b->results[i]) ? lead + 1 : lead - 1;
    }
    for (size_t i = 0; i < b->n; i++)
        votes += agree(candidate, &b->results[i]);
    b->winner = votes > k / 2 ? candidate : NULL;
}

static int read_ballot(struct op *op, const struct ctask *t, struct ballot *b)
{
    size_t n = 0;
    int rc = store_result_list(op->tx, &op->arena, &b->results, &n, t->id, op->err);

    for (size_t i = 0; rc == VCP_OK && i < n; i++)
        if (b->results[i].verdict == STORE_VERDICT_PENDING)
            b->results[b->n++] = b->results[i];
    if (rc == VCP_OK && b->n)
        count_votes(b, t->min_nodes);
    return rc;
}

/* A node that was deleted meanwhile and is not in the index any more has no record to add to. */
int op_judge_result(struct op *op, const struct store_result *r, bool accepted)
{
    struct cnode *n = index_node(op->x, r->node_id);

    if (n == NULL)
        return VCP_OK;
    struct store_node row = n->row;
    int64_t updated = row.updated_at_ms;
    if (accepted) {
        row.reputation.completed++;
        row.reputation.compute_time_ms += (uint64_t)r->execution_time_ms;
        row.error_count = 0;
    } else {
        row.reputation.failed++;
        row.reputation.disputes++;
        row.error_count++;
    }
    op_judge_node(op, &row);
    if (row.status == STORE_NODE_OFFLINE)
        row.updated_at_ms = updated; /* how long it has been offline */
    return op_put_node(op, n, &row);
}

json_t *op_signed_statement(const struct store_result *r)
{
    char digest[SHA3_256_HEX_BYTES], signature[2 * SIGN_BYTES + 1];
    char key[2 * SIGN_PUBLIC_BYTES + 1];

    hex_encode(digest, r->digest, sizeof r->digest);
    hex_encode(signature, r->signature, sizeof r->signature);
    hex_encode(key, r->public_key, sizeof r->public_key);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s?}", "node_id", r->node_id, "lease_id",
                     r->lease_id, "outcome_sha3", digest, "signature", signature, "public_key", key,
                     "receipt_sha3", r->receipt.sha3);
}

/* Both signed statements: who doubts the verdict can check it. */
static int dispute(struct op *op, const struct ctask *t, const struct store_result *r,
                   const struct store_result *other, const char *kind)
{
    struct store_dispute d = {
        .task_id = t->id, .node_id = r->node_id, .kind = kind, .at_ms = op->now_ms};
    char inputs[SHA3_256_HEX_BYTES], module[SHA3_256_HEX_BYTES];

    hex_encode(inputs, t->inputs_sha3, sizeof t->inputs_sha3);
    hex_encode(module, t->module_sha3, sizeof t->module_sha3);
    json_t *j = json_pack("{s:s, s:s, s:o, s:o?}", "module_sha3", module, "inputs_sha3", inputs,
                          "said", op_signed_statement(r), "majority",
                          other ? op_signed_statement(other) : NULL);
    char *text = j ? json_text(j) : NULL;
    json_decref(j);
    d.evidence = text;
    int rc = text ? store_dispute_add(op->tx, &d, op->err) : op_no_memory(op);
    free(text);
    op->c->disputes++;
    return rc;
}

static int accept_one(struct op *op, const struct ctask *t, const struct store_result *r,
                      int64_t share)
{
    int rc = pay(op, t, r, share);

    if (rc == VCP_OK)
        rc = store_result_judge(op->tx, t->id, r->node_id, STORE_VERDICT_ACCEPTED, share, op->err);
    return rc < 0 ? rc : op_judge_result(op, r, true);
}

static int refuse_one(struct op *op, const struct ctask *t, const struct store_result *r,
                      const struct store_result *winner)
{
    int rc = dispute(op, t, r, winner, "outcome_mismatch");

    if (rc == VCP_OK)
        rc = store_result_judge(op->tx, t->id, r->node_id, STORE_VERDICT_REJECTED, 0, op->err);
    return rc < 0 ? rc : op_judge_result(op, r, false);
}

/* The digests of both outputs of a stored outcome. */
struct outputs {
    char hex[2][SHA3_256_HEX_BYTES];
};

static int read_outputs(struct op *op, const char *outcome, struct outputs *out)
{
    struct outcome o;
    json_t *j = NULL;
    int rc = json_parse(&j, outcome, strlen(outcome), op->err);

    if (rc == VCP_OK)
        rc = outcome_from_json(&o, j, op->err);
    json_decref(j);
    if (rc < 0)
        return rc;
    hex_encode(out->hex[0], o.output_sha3, sizeof o.output_sha3);
    hex_encode(out->hex[1], o.error_sha3, sizeof o.error_sha3);
    return VCP_OK;
}

static int link_outputs(struct op *op, const char *task_id, const struct outputs *out)
{
    struct store_blob b;
    int rc = VCP_OK;

    for (int i = 0; i < 2 && rc == VCP_OK; i++) {
        rc = store_blob_get(op->tx, &b, out->hex[i], op->err);
        if (rc == VCP_OK)
            rc = store_blob_link(op->tx, task_id, out->hex[i], "output", op->err);
        else if (rc == VCP_ENOTFOUND) /* an empty output need not be stored */
            rc = VCP_OK;
    }
    return rc;
}

/* They are the task's now.  Those of others than the majority stay charged to their owners. */
static int release_outputs(struct op *op, const char *owner_id, const struct outputs *out)
{
    int rc = store_blob_accept_output(op->tx, owner_id, out->hex[0], op->err);

    return rc < 0 ? rc : store_blob_accept_output(op->tx, owner_id, out->hex[1], op->err);
}

static int link_receipt(struct op *op, const struct ctask *t, const struct store_result *r)
{
    if (r->receipt.sha3 == NULL)
        return VCP_OK;
    int rc = store_blob_link(op->tx, t->id, r->receipt.sha3, "receipt", op->err);
    return rc < 0 ? rc : store_blob_accept_output(op->tx, r->owner_id, r->receipt.sha3, op->err);
}

/* A share a run; whoever answered an audit with his receipt did the audit's work, and has its
 * share too. */
static int64_t earned(const struct ctask *t, const struct store_result *r)
{
    int64_t share = t->budget / t->shares;

    return t->policy == TASK_POLICY_AUDIT && r->receipt.sha3 ? 2 * share : share;
}

static int accept_result(struct op *op, struct ctask *t, const struct store_result *r,
                         const struct outputs *out, int64_t *paid)
{
    int64_t amount = earned(t, r);
    int rc = release_outputs(op, r->owner_id, out);

    if (rc == VCP_OK)
        rc = link_receipt(op, t, r);
    if (rc == VCP_OK)
        rc = accept_one(op, t, r, amount);
    *paid += amount;
    return rc;
}

static int accept(struct op *op, struct ctask *t, const struct ballot *b)
{
    int64_t paid = 0;
    struct outputs out;
    int rc = read_outputs(op, b->winner->outcome, &out);

    if (rc == VCP_OK)
        rc = link_outputs(op, t->id, &out);
    for (size_t i = 0; rc == VCP_OK && i < b->n; i++) {
        if (agree(&b->results[i], b->winner))
            rc = accept_result(op, t, &b->results[i], &out, &paid);
        else
            rc = refuse_one(op, t, &b->results[i], b->winner);
    }
    return rc < 0 ? rc : close_task(op, t, STORE_TASK_COMPLETED, NULL, b->winner->outcome, paid);
}

static int void_results(struct op *op, const struct ctask *t, const struct ballot *b, bool disputed)
{
    int rc = VCP_OK;

    for (size_t i = 0; rc == VCP_OK && i < b->n; i++) {
        if (disputed)
            rc = dispute(op, t, &b->results[i], NULL, "no_majority");
        if (rc == VCP_OK)
            rc = store_result_judge(op->tx, t->id, b->results[i].node_id, STORE_VERDICT_VOID, 0,
                                    op->err);
    }
    return rc;
}

int op_settle(struct op *op, struct ctask *t, const char *reason)
{
    struct ballot b = {0};
    bool all = t->n_done == t->min_nodes;
    int rc = read_ballot(op, t, &b);

    if (rc < 0)
        return rc;
    op->touched = true;
    if (b.winner)
        return accept(op, t, &b);
    if (all && t->audit == STORE_AUDIT_RERUN && t->min_nodes == 2)
        return op_ask_rerun(op, t);
    rc = void_results(op, t, &b, all);
    if (rc == VCP_OK && all)
        reason = arena_printf(&op->arena, "the %u nodes gave outcomes of which none has a majority",
                              t->min_nodes);
    return rc < 0 ? rc : close_task(op, t, STORE_TASK_FAILED, reason, NULL, 0);
}

int op_end_task(struct op *op, struct ctask *t, enum store_task_status status, const char *reason)
{
    struct ballot b = {0};
    int rc = read_ballot(op, t, &b);

    op->touched = true;
    if (rc == VCP_OK)
        rc = void_results(op, t, &b, false);
    return rc < 0 ? rc : close_task(op, t, status, reason, NULL, 0);
}
