/* submit.c - tasks: coming in, being cancelled, being deleted. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/limits.h"
#include "coord/op.h"
#include "store/blobs.h"
#include "store/ledger.h"

/* ---- loading ---- */

int op_load_task(struct coord *c, const struct store_task *row, struct ctask **out, struct err *err)
{
    struct task_spec spec;
    struct arena a;
    json_t *j = NULL;

    arena_init(&a, 0);
    int rc = json_parse(&j, row->spec, strlen(row->spec), err);
    if (rc == VCP_OK)
        rc = task_spec_parse(&spec, &a, j, err);
    if (rc == VCP_OK) {
        *out = index_add_task(&c->index, row, &spec, c->config.lease_grace_ms);
        if (*out == NULL)
            rc = err_set(err, VCP_ENOMEM, "coordinator: cannot load task %s", row->task_id);
    }
    json_decref(j);
    arena_release(&a);
    return rc;
}

/* ---- checks ---- */

static int check_spec(const struct coord *c, const struct task_spec *s, const char *key,
                      struct err *err)
{
    if (s->policy == TASK_POLICY_PROOF && c->config.verifier.keyset == NULL)
        return err_set(err, VCP_EUNSUPPORTED,
                       "this server has no keys for receipts (its operator makes them with "
                       "'ambient keys profiles setup'): use another policy");
    if (s->policy == TASK_POLICY_AUDIT && !(s->audit_p > 0 && s->audit_p <= 1))
        return err_set(err, VCP_EINVAL, "policy.p must be above 0 and at most 1");
    if (s->requirements.min_nodes < 1 || s->requirements.min_nodes > TASK_REPLICAS_MAX)
        return err_set(err, VCP_EINVAL, "min_nodes must be between 1 and %u", TASK_REPLICAS_MAX);
    if (s->budget < 0 || s->budget > TASK_BUDGET_MAX)
        return err_set(err, VCP_EINVAL, "budget must be between 0 and %lld", TASK_BUDGET_MAX);
    if (s->limits.output_bytes > STORE_BLOB_MAX_BYTES - RUN_RESULT_BYTES_MAX)
        return err_set(err, VCP_EINVAL, "limits.output_bytes cannot exceed %u",
                       STORE_BLOB_MAX_BYTES - RUN_RESULT_BYTES_MAX);
    if (s->requirements.node_type && !coord_node_type_is_valid(s->requirements.node_type))
        return err_set(err, VCP_EINVAL, "preferred_node_type \"%.32s\" is not known",
                       s->requirements.node_type);
    if (key && (key[0] == '\0' || strlen(key) > COORD_KEY_BYTES_MAX))
        return err_set(err, VCP_EINVAL, "an idempotency key has 1 to %u bytes",
                       COORD_KEY_BYTES_MAX);
    return VCP_OK;
}

/* Knowing a digest is no right to the content: whoever names it must have put it. */
static int check_blob(struct op *op, const char *user_id, const char *what, const char *sha3)
{
    bool readable = false;

    if (sha3 == NULL)
        return VCP_OK;
    int rc = store_blob_readable(op->tx, &readable, user_id, sha3, op->err);
    if (rc == VCP_OK && !readable)
        rc = err_set(op->err, VCP_ENOTFOUND, "%s %s is not stored: upload it first", what, sha3);
    return rc;
}

/* ---- submission ---- */

struct submission {
    const char *user_id, *key;
    const struct task_spec *spec;
    char *text; /* the spec as JSON */
    struct coord_submitted *out;
};

static int escrow(struct op *op, const struct store_task *row)
{
    char user[LEDGER_NAME_BYTES], hold[LEDGER_NAME_BYTES];
    struct ledger_transfer t = {
        .at_ms = op->now_ms, .kind = "escrow", .task_id = row->task_id, .n = 2};

    if (row->budget == 0)
        return VCP_OK;
    ledger_user_account(user, row->creator_id);
    ledger_escrow_account(hold, row->task_id);
    t.key = arena_printf(&op->arena, "escrow:%s", row->task_id);
    if (t.key == NULL)
        return op_no_memory(op);
    t.postings[0] = (struct ledger_posting){user, -row->budget};
    t.postings[1] = (struct ledger_posting){hold, row->budget};
    int rc = ledger_post(op->tx, &t, op->err);
    if (rc == VCP_EFUNDS)
        err_set(op->err, rc, "your account does not hold the budget of %lld credits",
                (long long)row->budget);
    return rc;
}

static int link_blobs(struct op *op, const char *task_id, const struct task_spec *s)
{
    int rc = VCP_OK;

    if (s->module_sha3)
        rc = store_blob_link(op->tx, task_id, s->module_sha3, "module", op->err);
    if (rc == VCP_OK && s->inputs.stdin_sha3)
        rc = store_blob_link(op->tx, task_id, s->inputs.stdin_sha3, "input", op->err);
    return rc;
}

/* The task of the same key, when there is one: VCP_ENOTFOUND otherwise. */
static int find_existing(struct op *op, const struct submission *s)
{
    struct store_task old;
    int rc = store_task_by_key(op->tx, &op->arena, &old, s->user_id, s->key, op->err);

    if (rc < 0)
        return rc;
    if (strcmp(old.spec, s->text) != 0)
        return err_set(op->err, VCP_EEXIST,
                       "this idempotency key was used before, for another task");
    strcpy(s->out->task_id, old.task_id);
    s->out->status = old.status;
    s->out->existing = true;
    return VCP_OK;
}

static int insert(struct op *op, const struct submission *s, struct ctask **out)
{
    struct store_task row = {.task_id = s->out->task_id,
                             .creator_id = s->user_id,
                             .task_type = s->spec->type->name,
                             .spec = s->text,
                             .module_sha3 = s->spec->module_sha3,
                             .min_nodes = s->spec->requirements.min_nodes,
                             .shares = task_spec_shares(s->spec),
                             .budget = s->spec->budget,
                             .idempotency_key = s->key,
                             .created_at_ms = op->now_ms,
                             .updated_at_ms = op->now_ms};

    task_spec_inputs_digest(row.inputs_sha3, &s->spec->inputs, &s->spec->limits);
    int rc = store_task_insert(op->tx, &row, op->err);
    if (rc == VCP_OK)
        rc = escrow(op, &row);
    if (rc == VCP_OK)
        rc = link_blobs(op, row.task_id, s->spec);
    if (rc < 0)
        return rc;
    op->touched = true;
    *out = index_add_task(op->x, &row, s->spec, op->c->config.lease_grace_ms);
    return *out ? VCP_OK : op_no_memory(op);
}

static int do_submit(struct op *op, const struct submission *s)
{
    struct ctask *t;
    int rc = s->key ? find_existing(op, s) : VCP_ENOTFOUND;

    if (rc != VCP_ENOTFOUND)
        return rc;
    rc = check_blob(op, s->user_id, "module", s->spec->module_sha3);
    if (rc == VCP_OK)
        rc = check_blob(op, s->user_id, "input", s->spec->inputs.stdin_sha3);
    if (rc < 0)
        return rc;
    rng_uuid(s->out->task_id);
    rc = insert(op, s, &t);
    if (rc == VCP_OK)
        rc = op_place(op, t, "submitted");
    if (rc == VCP_OK)
        s->out->status = t->status;
    return rc;
}

int coord_task_submit(struct coord *c, const char *user_id, const struct task_spec *spec,
                      const char *idempotency_key, struct coord_submitted *out, struct err *err)
{
    struct coord_submitted done = {0};
    struct submission s = {user_id, idempotency_key, spec, NULL, &done};
    struct op op;
    int rc = check_spec(c, spec, idempotency_key, err);

    if (rc < 0)
        return rc;
    json_t *j = task_spec_to_json(spec);
    s.text = j ? json_text(j) : NULL;
    json_decref(j);
    if (s.text == NULL)
        return err_set(err, VCP_ENOMEM, "coordinator: out of memory");
    rc = op_begin(c, &op, err);
    if (rc == VCP_OK)
        rc = op_end(&op, do_submit(&op, &s));
    if (rc == VCP_OK)
        *out = done;
    free(s.text);
    return rc;
}

/* ---- cancelling ---- */

static int stored_task(struct op *op, const char *user_id, const char *task_id,
                       struct store_task *out)
{
    int rc = store_task_get(op->tx, &op->arena, out, task_id, op->err);

    if (rc == VCP_OK && user_id && strcmp(out->creator_id, user_id) != 0)
        rc = err_set(op->err, VCP_ENOTFOUND, "no task %s", task_id);
    return rc;
}

static int note_cleared(struct op *op, const struct ctask *t, const struct store_task *row)
{
    int rc = VCP_OK;

    for (const struct catt *m = t->atts; rc == VCP_OK && m; m = m->task_next) {
        struct store_heartbeat h = {.at_ms = op->now_ms,
                                    .active_tasks = m->node->n_active,
                                    .event = "task_cleared",
                                    .telemetry = m->node->row.telemetry};

        h.metadata = arena_printf(&op->arena,
                                  "{\"task_id\":\"%s\",\"task_type\":\"%s\","
                                  "\"event\":\"task_cleared\"}",
                                  t->id, row->task_type);
        rc = h.metadata ? store_heartbeat_add(op->tx, m->node->id, &h, op->err) : op_no_memory(op);
    }
    return rc;
}

static int do_cancel(struct op *op, const char *user_id, const char *task_id)
{
    struct store_task row;
    int rc = stored_task(op, user_id, task_id, &row);

    if (rc < 0 || row.status == STORE_TASK_CANCELLED)
        return rc;
    struct ctask *t = index_task(op->x, task_id);
    if (store_task_ended(row.status) || t == NULL)
        return err_set(op->err, VCP_ESTATE, "task %s has already %s", task_id,
                       store_task_status_name(row.status));
    rc = note_cleared(op, t, &row);
    if (rc == VCP_OK)
        rc = op_audit(op, user_id, "task.cancel", task_id);
    return rc < 0 ? rc : op_end_task(op, t, STORE_TASK_CANCELLED, "cancelled by its creator");
}

int coord_task_cancel(struct coord *c, const char *user_id, const char *task_id, struct err *err)
{
    struct op op;
    int rc = op_begin(c, &op, err);

    return rc < 0 ? rc : op_end(&op, do_cancel(&op, user_id, task_id));
}

static int do_delete(struct op *op, const char *user_id, const char *task_id)
{
    struct store_task row;
    int rc = stored_task(op, user_id, task_id, &row);

    if (rc == VCP_OK && row.hidden_at_ms)
        return err_set(op->err, VCP_ENOTFOUND, "no task %s", task_id);
    if (rc == VCP_OK && !store_task_ended(row.status))
        rc = do_cancel(op, user_id, task_id);
    return rc < 0 ? rc : store_task_hide(op->tx, task_id, op->now_ms, op->err);
}

int coord_task_delete(struct coord *c, const char *user_id, const char *task_id, struct err *err)
{
    struct op op;
    int rc = op_begin(c, &op, err);

    return rc < 0 ? rc : op_end(&op, do_delete(&op, user_id, task_id));
}
