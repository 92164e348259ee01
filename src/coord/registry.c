/* registry.c - nodes: coming, showing signs of life, leaving. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/limits.h"
#include "coord/op.h"
#include "store/users.h"

/* ---- registration ---- */

static bool id_char(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

static int check_id(const char *id, struct err *err)
{
    size_t n = strlen(id);

    if (n == 0)
        return err_set(err, VCP_EINVAL, "node_id cannot be empty");
    if (n > 64)
        return err_set(err, VCP_EINVAL, "node_id cannot exceed 64 characters");
    for (size_t i = 0; i < n; i++)
        if (!id_char((unsigned char)id[i]))
            return err_set(err, VCP_EINVAL,
                           "node_id may have letters, digits, '.', '-' and '_' only");
    return VCP_OK;
}

static int check_reg(const struct coord_node_reg *r, struct err *err)
{
    size_t region = strlen(r->region);
    int rc = check_id(r->node_id, err);

    if (rc < 0)
        return rc;
    if (region < 1 || region > 32)
        return err_set(err, VCP_EINVAL, "region must be 1 to 32 characters");
    if (!coord_node_type_is_valid(r->node_type))
        return err_set(err, VCP_EINVAL, "node_type \"%.32s\" is not known", r->node_type);
    if (!(r->bandwidth_mbps >= 10 && r->bandwidth_mbps <= 100000))
        return err_set(err, VCP_EINVAL, "bandwidth_mbps must be between 10 and 100000");
    if (r->cpu_cores < 1 || r->cpu_cores > 256)
        return err_set(err, VCP_EINVAL, "cpu_cores must be between 1 and 256");
    if (!(r->memory_gb >= 1 && r->memory_gb <= 2048))
        return err_set(err, VCP_EINVAL, "memory_gb must be between 1 and 2048");
    if (r->keyset && !sha3_hex_is_valid(r->keyset))
        return err_set(err, VCP_EINVAL, "keyset must be 64 lower-case hex digits");
    if (r->slots > COORD_SLOTS_MAX)
        return err_set(err, VCP_EINVAL, "slots cannot exceed %u", COORD_SLOTS_MAX);
    return VCP_OK;
}

/* The row as registered; what it had before (record, telemetry, turn) stays. */
static void apply_reg(const struct op *op, struct store_node *row, const char *user_id,
                      const struct coord_node_reg *r)
{
    row->node_id = r->node_id;
    row->owner_id = user_id;
    row->region = r->region;
    row->node_type = r->node_type;
    row->bandwidth_mbps = r->bandwidth_mbps;
    row->memory_gb = r->memory_gb;
    row->cpu_cores = r->cpu_cores;
    row->gpu_available = r->gpu_available;
    row->slots = r->slots;
    row->keyset = r->keyset;
    row->observability_port = r->observability_port;
    memcpy(row->public_key, r->public_key, sizeof row->public_key);
    row->status = STORE_NODE_ONLINE;
    row->error_count = 0; /* its owner looked after it: the circuit closes */
    row->registered_at_ms = row->registered_at_ms ? row->registered_at_ms : op->now_ms;
    row->last_heartbeat_at_ms = op->now_ms;
    row->deleted_at_ms = 0;
    op_judge_node(op, row);
}

static int log_event(struct op *op, const struct cnode *n, const char *event, const char *metadata)
{
    struct store_heartbeat h = {.at_ms = op->now_ms,
                                .has_health = n->row.has_health,
                                .health_score = n->row.health_score,
                                .active_tasks = n->n_active,
                                .event = event,
                                .metadata = metadata,
                                .telemetry = n->row.telemetry};

    return store_heartbeat_add(op->tx, n->id, &h, op->err);
}

static int put_registered(struct op *op, struct cnode *n, const struct store_node *row)
{
    op->touched = true;
    if (n)
        return op_put_node(op, n, row);
    int rc = store_node_put(op->tx, row, op->err);
    if (rc == VCP_OK && index_add_node(op->x, row) == NULL)
        rc = op_no_memory(op);
    return rc;
}

static int do_register(struct op *op, const char *user_id, const struct coord_node_reg *r)
{
    struct store_node row = {0};
    struct store_user user;
    int rc = store_user_get(op->tx, &op->arena, &user, user_id, op->err);

    if (rc < 0)
        return rc;
    telemetry_init(&row.telemetry);
    rc = store_node_get(op->tx, &op->arena, &row, r->node_id, op->err);
    if (rc < 0 && rc != VCP_ENOTFOUND)
        return rc;
    if (rc == VCP_OK && strcmp(row.owner_id, user_id) != 0)
        return err_set(op->err, VCP_EEXIST, "node_id %s is taken", r->node_id);
    apply_reg(op, &row, user_id, r);
    rc = put_registered(op, index_node(op->x, r->node_id), &row);
    if (rc < 0)
        return rc;
    struct cnode *n = index_node(op->x, r->node_id);
    rc = log_event(op, n, "registered", NULL);
    return rc < 0 ? rc : op_fill(op, n);
}

int coord_node_register(struct coord *c, const char *user_id, const struct coord_node_reg *r,
                        struct err *err)
{
    struct op op;
    int rc = check_reg(r, err);

    if (rc == VCP_OK)
        rc = op_begin(c, &op, err);
    return rc < 0 ? rc : op_end(&op, do_register(&op, user_id, r));
}

/* ---- heartbeats ---- */

static void report(const struct op *op, const struct cnode *n, struct coord_heartbeat *out)
{
    const char *reason = NULL;

    *out = (struct coord_heartbeat){.status = n->row.status,
                                    .has_health = n->row.has_health,
                                    .health_score = n->row.health_score,
                                    .safe_mode = n->row.safe_mode,
                                    .active_tasks = n->n_active};
    if (safety_tripped(&op->c->config.safety, &n->row.telemetry, n->row.error_count, &reason) &&
        reason)
        snprintf(out->safe_reason, sizeof out->safe_reason, "%s", reason);
}

static int do_heartbeat(struct op *op, const char *user_id, const char *node_id,
                        const struct telemetry *t, struct cnode **out)
{
    struct cnode *n;
    int rc = op_node(op, &n, user_id, node_id);

    if (rc < 0)
        return rc;
    if (n->row.status == STORE_NODE_REJECTED)
        return err_set(op->err, VCP_ESTATE, "node %s was rejected: register it again", node_id);
    struct store_node row = n->row;
    bool back = row.status == STORE_NODE_OFFLINE;
    row.status = STORE_NODE_ONLINE;
    row.last_heartbeat_at_ms = op->now_ms;
    if (t) {
        row.telemetry = *t;
        if (row.telemetry.timestamp == 0)
            row.telemetry.timestamp = op->now_ms / 1000;
    }
    op_judge_node(op, &row);
    rc = op_put_node(op, n, &row);
    if (rc == VCP_OK)
        rc = log_event(op, n, back ? "online" : "heartbeat", NULL);
    *out = n;
    return rc;
}

int coord_node_heartbeat(struct coord *c, const char *user_id, const char *node_id,
                         const struct telemetry *t, const char *const *leases, size_t n_leases,
                         bool *over, struct coord_heartbeat *out, struct err *err)
{
    struct cnode *n = NULL;
    struct op op;

    if (n_leases > COORD_HELD_MAX)
        return err_set(err, VCP_EINVAL, "leases cannot have more than %u ids", COORD_HELD_MAX);
    int rc = op_begin(c, &op, err);
    if (rc < 0)
        return rc;
    rc = do_heartbeat(&op, user_id, node_id, t, &n);
    for (size_t i = 0; rc == VCP_OK && i < n_leases; i++)
        rc = op_renew(&op, n, leases[i], &over[i], NULL);
    if (rc == VCP_OK)
        rc = op_fill(&op, n);
    if (rc == VCP_OK && out)
        report(&op, n, out);
    return op_end(&op, rc);
}

/* ---- leaving ---- */

static int do_leave(struct op *op, const char *user_id, const char *node_id,
                    const char *const *held, size_t n_held)
{
    struct cnode *n;
    int rc = op_node(op, &n, user_id, node_id);

    if (rc == VCP_OK)
        rc = log_event(op, n, "leaving", NULL);
    return rc < 0 ? rc : op_node_leaves(op, n, held, n_held);
}

int coord_node_leave(struct coord *c, const char *user_id, const char *node_id,
                     const char *const *held, size_t n_held, struct err *err)
{
    struct op op;

    if (n_held > COORD_HELD_MAX)
        return err_set(err, VCP_EINVAL, "held cannot have more than %u leases", COORD_HELD_MAX);
    int rc = op_begin(c, &op, err);
    return rc < 0 ? rc : op_end(&op, do_leave(&op, user_id, node_id, held, n_held));
}

static int do_remove(struct op *op, const char *user_id, const char *node_id, bool delete)
{
    struct cnode *n;
    int rc = op_node(op, &n, user_id, node_id);

    if (rc < 0)
        return rc;
    struct store_node row = n->row;
    row.status = delete ? STORE_NODE_OFFLINE : STORE_NODE_REJECTED;
    row.deleted_at_ms = delete ? op->now_ms : 0;
    row.updated_at_ms = op->now_ms;
    rc = op_put_node(op, n, &row);
    if (rc == VCP_OK)
        rc = log_event(op, n, delete ? "deleted" : "rejected", NULL);
    if (rc == VCP_OK)
        rc = op_audit(op, user_id, delete ? "node.delete" : "node.reject", node_id);
    return rc < 0 ? rc : op_node_gone(op, n, delete ? "node deleted" : "node rejected");
}

int coord_node_delete(struct coord *c, const char *user_id, const char *node_id, struct err *err)
{
    struct op op;
    int rc = op_begin(c, &op, err);

    return rc < 0 ? rc : op_end(&op, do_remove(&op, user_id, node_id, true));
}

int coord_node_reject(struct coord *c, const char *user_id, const char *node_id, struct err *err)
{
    struct op op;
    int rc = op_begin(c, &op, err);

    return rc < 0 ? rc : op_end(&op, do_remove(&op, user_id, node_id, false));
}
