/* nodes.c - registration, lists, heartbeats of nodes. */
#include <stdlib.h>
#include <string.h>

#include "api/routes.h"
#include "base/limits.h"
#include "mesh/reputation.h"
#include "store/blobs.h"
#include "store/nodes.h"

static json_t *record_json(const struct reputation *r)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:f}", "completed", (json_int_t)r->completed, "failed",
                     (json_int_t)r->failed, "disputes", (json_int_t)r->disputes, "compute_time_ms",
                     (json_int_t)r->compute_time_ms, "trust", reputation_trust(r));
}

static json_t *capabilities_json(const struct store_node *n)
{
    return json_pack("{s:f, s:i, s:f, s:b}", "bandwidth_mbps", n->bandwidth_mbps, "cpu_cores",
                     (int)n->cpu_cores, "memory_gb", n->memory_gb, "gpu_available",
                     (int)n->gpu_available);
}

static json_t *node_json(const struct call *c, const struct store_node *n)
{
    json_t *health = n->has_health ? json_real(n->health_score) : json_null();
    json_t *port = n->observability_port ? json_integer(n->observability_port) : json_null();
    json_t *telemetry = n->telemetry.timestamp ? telemetry_to_json(&n->telemetry) : json_null();

    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:b, s:i, s:o, s:f, s:o, s:o, s:o, "
        "s:b}",
        "node_id", jstr(n->node_id), "owner_id", jstr(n->owner_id), "region", jstr(n->region),
        "node_type", jstr(n->node_type), "capabilities", capabilities_json(n), "observability_port",
        port, "health_score", health, "status", store_node_status_name(n->status), "registered_at",
        jtime(n->registered_at_ms), "last_seen", jtime(n->last_heartbeat_at_ms), "safe_mode",
        (int)n->safe_mode, "slots", (int)n->slots, "telemetry", telemetry, "reputation",
        reputation_score(&n->reputation), "record", record_json(&n->reputation), "public_key",
        jhex(n->public_key, SIGN_PUBLIC_BYTES), "keyset", jstr(n->keyset), "proves",
        n->keyset && strcmp(n->keyset, proofs_keyset(&c->api->proofs)) == 0);
}

/* The node as a registered one, or VCP_ENOTFOUND. */
static int load_node(struct call *c, struct store_node *out, const char *node_id, struct err *err)
{
    struct store_tx *tx;
    int rc = store_begin_read(c->api->store, &tx, err);

    if (rc < 0)
        return rc;
    rc = store_node_get(tx, &c->rq->arena, out, node_id, err);
    store_rollback(tx);
    if (rc == VCP_ENOTFOUND || (rc == VCP_OK && out->deleted_at_ms))
        return err_set(err, VCP_ENOTFOUND, "there is no node %.64s", node_id);
    return rc;
}

/* ---- registration ---- */

static int parse_capabilities(struct coord_node_reg *r, json_t *body, struct err *err)
{
    json_t *o = json_object_get(body, "capabilities");
    int64_t cores = 0;
    int rc;

    if (!json_is_object(o))
        return err_set(err, VCP_EINVAL, "capabilities must be an object");
    if ((rc = json_need_real(&r->bandwidth_mbps, o, "bandwidth_mbps", -1e9, 1e9, err)) < 0 ||
        (rc = json_need_int(&cores, o, "cpu_cores", 0, UINT32_MAX, err)) < 0 ||
        (rc = json_need_real(&r->memory_gb, o, "memory_gb", -1e9, 1e9, err)) < 0 ||
        (rc = json_get_bool(&r->gpu_available, o, "gpu_available", err)) < 0)
        return rc;
    r->cpu_cores = (uint32_t)cores;
    return VCP_OK;
}

static int parse_registration(struct coord_node_reg *r, json_t *body, struct err *err)
{
    const char *key = NULL;
    int64_t slots = 0, port = 0;
    int rc;

    if ((rc = json_need_str(&r->node_id, body, "node_id", 64, err)) < 0 ||
        (rc = json_need_str(&r->region, body, "region", 32, err)) < 0 ||
        (rc = json_need_str(&r->node_type, body, "node_type", 32, err)) < 0 ||
        (rc = parse_capabilities(r, body, err)) < 0 ||
        (rc = json_get_int(&slots, body, "slots", 0, COORD_SLOTS_MAX, err)) < 0 ||
        (rc = json_get_int(&port, body, "observability_port", 0, 65535, err)) < 0 ||
        (rc = json_get_str(&r->keyset, body, "keyset", 64, err)) < 0 ||
        (rc = json_need_str(&key, body, "public_key", 64, err)) < 0)
        return rc;
    if (!hex_decode(r->public_key, SIGN_PUBLIC_BYTES, key))
        return err_set(err, VCP_EINVAL, "public_key must be an Ed25519 key of 64 hex digits");
    r->slots = (uint32_t)slots;
    r->observability_port = (uint16_t)port;
    return VCP_OK;
}

int handle_node_register(struct call *c, struct err *err)
{
    struct coord_node_reg r = {0};
    struct store_node node;
    int rc;

    if ((rc = parse_registration(&r, c->body, err)) < 0 ||
        (rc = coord_node_register(c->api->coord, c->caller.user_id, &r, err)) < 0 ||
        (rc = load_node(c, &node, r.node_id, err)) < 0)
        return rc;
    return reply_json(c, 201, node_json(c, &node), err);
}

/* ---- lists ---- */

/* before is "<registered_at_ms>:<node_id>" of the last row seen. */
static int node_cursor(struct call *c, int64_t *before_ms, const char **before_id, struct err *err)
{
    const char *text = uri_query(&c->rq->uri, "before");
    char *end;

    if (!text)
        return VCP_OK;
    *before_ms = strtoll(text, &end, 10);
    if (*before_ms <= 0 || *end != ':' || !end[1])
        return err_set(err, VCP_EINVAL, "before must be the X-Next-Before of the page before");
    *before_id = end + 1;
    return VCP_OK;
}

int handle_node_list(struct call *c, struct err *err)
{
    const char *before_id = NULL, *owner = uri_query(&c->rq->uri, "owner");
    int64_t limit = STORE_LIST_MAX, before_ms = 0;
    struct store_node *list;
    struct store_tx *tx;
    size_t n = 0, i;
    json_t *out;
    int rc;

    if (owner && strcmp(owner, "me") != 0)
        return err_set(err, VCP_EINVAL, "owner can only be \"me\"");
    if ((rc = query_int(c, &limit, "limit", 1, STORE_LIST_MAX, err)) < 0 ||
        (rc = node_cursor(c, &before_ms, &before_id, err)) < 0 ||
        (rc = store_begin_read(c->api->store, &tx, err)) < 0)
        return rc;
    rc = store_node_list(tx, &c->rq->arena, &list, &n, owner ? c->caller.user_id : NULL, before_ms,
                         before_id, (size_t)limit, err);
    store_rollback(tx);
    if (rc < 0)
        return rc;
    out = json_array();
    for (i = 0; i < n; i++)
        json_array_append_new(out, node_json(c, &list[i]));
    if (n == (size_t)limit)
        http_response_header(c->rs, "X-Next-Before",
                             arena_printf(&c->rq->arena, "%lld:%s",
                                          (long long)list[n - 1].registered_at_ms,
                                          list[n - 1].node_id));
    return reply_json(c, 200, out, err);
}

int handle_node_get(struct call *c, struct err *err)
{
    struct store_node node;
    int rc = load_node(c, &node, c->params[0], err);

    return rc < 0 ? rc : reply_json(c, 200, node_json(c, &node), err);
}

int handle_node_delete(struct call *c, struct err *err)
{
    int rc = coord_node_delete(c->api->coord, c->caller.user_id, c->params[0], err);

    return rc < 0 ? rc : reply_message(c, "Node deleted", "node_id", c->params[0], err);
}

int handle_node_reject(struct call *c, struct err *err)
{
    int rc = coord_node_reject(c->api->coord, c->caller.user_id, c->params[0], err);

    if (rc < 0)
        return rc;
    return reply_json(c, 200,
                      json_pack("{s:s, s:o, s:s}", "message", "Node rejected", "node_id",
                                jstr(c->params[0]), "status", "rejected"),
                      err);
}

static json_t *event_json(const struct store_heartbeat *h)
{
    json_t *detail = h->metadata ? json_loads(h->metadata, 0, NULL) : NULL;

    return json_pack("{s:o, s:o, s:o, s:o, s:i}", "event", jstr(h->event), "at", jtime(h->at_ms),
                     "metadata", detail ? detail : json_null(), "health_score",
                     h->has_health ? json_real(h->health_score) : json_null(), "active_tasks",
                     (int)h->active_tasks);
}

int handle_node_activity(struct call *c, struct err *err)
{
    struct store_heartbeat *list;
    struct store_node node;
    struct store_tx *tx;
    json_t *events;
    size_t n = 0, i;
    int rc = load_node(c, &node, c->params[0], err);

    if (rc == VCP_OK && strcmp(node.owner_id, c->caller.user_id) != 0)
        rc = err_set(err, VCP_ENOTFOUND, "there is no node %.64s", c->params[0]);
    if (rc < 0 || (rc = store_begin_read(c->api->store, &tx, err)) < 0)
        return rc;
    rc = store_heartbeat_list(tx, &c->rq->arena, &list, &n, c->params[0], NULL, 50, err);
    store_rollback(tx);
    if (rc < 0)
        return rc;
    events = json_array();
    for (i = 0; i < n; i++)
        json_array_append_new(events, event_json(&list[i]));
    return reply_json(c, 200, json_pack("{s:o}", "events", events), err);
}

/* ---- heartbeat ---- */

struct heartbeat_body {
    bool has_telemetry, leaving;
    struct telemetry telemetry;
    const char **leases;
    size_t n_leases;
    bool *over;
};

/* A list of at most COORD_HELD_MAX lease ids; absent: *out stays NULL. */
static int parse_lease_ids(struct call *c, const char *key, const char ***out, size_t *n,
                           struct err *err)
{
    json_t *list = json_object_get(c->body, key), *v;
    size_t i;

    if (!list || json_is_null(list))
        return VCP_OK;
    if (!json_is_array(list) || json_array_size(list) > COORD_HELD_MAX)
        return err_set(err, VCP_EINVAL, "%s must be a list of at most %u lease ids", key,
                       COORD_HELD_MAX);
    *n = json_array_size(list);
    *out = arena_array(&c->rq->arena, *n + 1, sizeof **out);
    if (!*out)
        return err_set(err, VCP_ENOMEM, "no memory for %s", key);
    json_array_foreach(list, i, v)
    {
        if (!json_is_string(v) || json_string_length(v) >= RNG_UUID_BYTES)
            return err_set(err, VCP_EINVAL, "%s[%zu] must be a lease id", key, i);
        (*out)[i] = json_string_value(v);
    }
    return VCP_OK;
}

static int parse_heartbeat(struct call *c, struct heartbeat_body *b, struct err *err)
{
    json_t *telemetry = json_object_get(c->body, "telemetry");
    int rc;

    if (telemetry && !json_is_null(telemetry)) {
        if ((rc = telemetry_from_json(&b->telemetry, telemetry, err)) < 0)
            return rc;
        b->has_telemetry = true;
    }
    if ((rc = parse_lease_ids(c, "leases", &b->leases, &b->n_leases, err)) < 0 ||
        (rc = json_get_bool(&b->leaving, c->body, "leaving", err)) < 0)
        return rc;
    b->over = arena_array(&c->rq->arena, b->n_leases + 1, sizeof b->over[0]);
    return b->over ? VCP_OK : err_set(err, VCP_ENOMEM, "no memory for the heartbeat");
}

static json_t *over_json(const struct heartbeat_body *b)
{
    json_t *list = json_array();
    size_t i;

    for (i = 0; i < b->n_leases; i++)
        if (b->over[i])
            json_array_append_new(list, json_string(b->leases[i]));
    return list;
}

/* The node's work in order of assignment, as ids and as objects. */
static int work_json(struct call *c, json_t *ids, json_t *tasks, struct err *err)
{
    struct store_assignment *list;
    struct store_tx *tx;
    size_t n = 0, i;
    int rc = store_begin_read(c->api->store, &tx, err);

    if (rc < 0)
        return rc;
    rc = store_assignment_of_node(tx, &c->rq->arena, &list, &n, c->params[0], err);
    for (i = 0; rc == VCP_OK && i < n; i++) {
        struct store_task task;

        rc = store_task_get(tx, &c->rq->arena, &task, list[i].task_id, err);
        if (rc < 0)
            break;
        json_array_append_new(ids, jstr(list[i].task_id));
        json_array_append_new(tasks,
                              json_pack("{s:o, s:o, s:s, s:o}", "task_id", jstr(list[i].task_id),
                                        "task_type", jstr(task.task_type), "execution_status",
                                        store_execution_name(list[i].execution), "lease_id",
                                        jstr(list[i].lease_id)));
    }
    store_rollback(tx);
    return rc;
}

/* The keys a node must have to be given work that is proven. */
static json_t *keyset_json(const struct call *c)
{
    const char *id = proofs_keyset(&c->api->proofs);

    return *id ? json_string(id) : json_null();
}

int handle_heartbeat(struct call *c, struct err *err)
{
    bool is_node = c->caller.kind == CALLER_NODE;
    const char *user_id = is_node ? NULL : c->caller.user_id;
    struct heartbeat_body b = {0};
    struct coord_heartbeat h;
    json_t *ids, *tasks;
    int rc;

    if (is_node && strcmp(c->caller.node_id, c->params[0]) != 0)
        return err_set(err, VCP_ENOTFOUND, "a node speaks only for itself");
    if ((rc = parse_heartbeat(c, &b, err)) < 0)
        return rc;
    if (b.leaving && (rc = coord_node_leave(c->api->coord, user_id, c->params[0], b.leases,
                                            b.n_leases, err)) < 0)
        return rc;
    if ((rc = coord_node_heartbeat(c->api->coord, user_id, c->params[0],
                                   b.has_telemetry ? &b.telemetry : NULL, b.leases, b.n_leases,
                                   b.over, &h, err)) < 0)
        return rc;
    ids = json_array();
    tasks = json_array();
    if ((rc = work_json(c, ids, tasks, err)) < 0) {
        json_decref(ids);
        json_decref(tasks);
        return rc;
    }
    return reply_json(c, 200,
                      json_pack("{s:s, s:o, s:o, s:o, s:s, s:b, s:o, s:i, s:o, s:o, s:b, s:o, s:o}",
                                "message", "Heartbeat recorded", "node_id", jstr(c->params[0]),
                                "timestamp", jtime(api_now_ms(c->api)), "health_score",
                                h.has_health ? json_real(h.health_score) : json_null(),
                                "node_status", store_node_status_name(h.status), "safe_mode",
                                (int)h.safe_mode, "safe_reason",
                                h.safe_mode ? jstr(h.safe_reason) : json_null(), "active_tasks",
                                (int)h.active_tasks, "assigned_task_ids", ids, "assigned_tasks",
                                tasks, "internet_active", 0, "cancelled_leases", over_json(&b),
                                "keyset", keyset_json(c)),
                      err);
}

/* ---- lease ---- */

static json_t *lease_json(struct call *c, const struct coord_lease *l, struct err *err)
{
    json_t *submission = NULL;
    struct store_blob blob = {0};
    struct task_spec spec;
    struct store_tx *tx;
    json_t *out = NULL;
    int rc;

    if (json_parse(&submission, l->spec, strlen(l->spec), err) < 0)
        return NULL;
    rc = task_spec_parse(&spec, &c->rq->arena, submission, err);
    json_decref(submission);
    if (rc < 0 || store_begin_read(c->api->store, &tx, err) < 0)
        return NULL;
    rc = spec.module_sha3 ? store_blob_get(tx, &blob, spec.module_sha3, err) : VCP_OK;
    store_rollback(tx);
    if (rc == VCP_OK)
        out = json_pack("{s:s, s:s, s:o, s:o, s:I, s:i, s:s?, s:I, s:o, s:o, s:b}", "lease_id",
                        l->lease_id, "task_id", l->task_id, "node_id", jstr(c->params[0]),
                        "expires_at", jtime(l->expires_at_ms), "lease_ms",
                        (json_int_t)(l->expires_at_ms - api_now_ms(c->api)), "attempt",
                        (int)l->attempt, "module_sha3", spec.module_sha3, "module_bytes",
                        (json_int_t)blob.size_bytes, "inputs", task_inputs_to_json(&spec.inputs),
                        "limits", task_limits_to_json(&spec.limits), "prove", (int)l->prove);
    return out;
}

/* The lease is taken only when the peer is still there to hear of it; should the answer
 * be lost all the same, the node gets the lease again by naming what it holds. */
int handle_lease(struct call *c, struct err *err)
{
    int64_t wait_ms = 0;
    const char **held = NULL, *key;
    struct coord_lease lease;
    size_t n_held = 0;
    bool may_wait;
    int rc;

    if (strcmp(c->caller.node_id, c->params[0]) != 0)
        return err_set(err, VCP_ENOTFOUND, "a node speaks only for itself");
    if ((rc = json_get_int(&wait_ms, c->body, "wait_ms", 0, API_WAIT_MS_MAX, err)) < 0 ||
        (rc = parse_lease_ids(c, "held", &held, &n_held, err)) < 0)
        return rc;
    key = arena_printf(&c->rq->arena, "node:%s", c->params[0]);
    if (!key)
        return err_set(err, VCP_ENOMEM, "no memory for the lease");
    may_wait = wait_ms > 0 && http_request_wait(c->rq, key, wait_ms);
    if (!http_request_peer_alive(c->rq))
        return reply_empty(c, 204);
    rc = coord_lease_take(c->api->coord, NULL, c->params[0], held, n_held, &c->rq->arena, &lease,
                          err);
    if (rc == VCP_EBUSY)
        return may_wait ? CALL_WAIT : reply_empty(c, 204);
    if (rc < 0)
        return rc;
    return reply_json(c, 200, lease_json(c, &lease, err), err);
}

/* ---- watching ---- */

/* Delivered ones count as live: their node hears the verdict another way. */
static bool is_live(const struct store_assignment *list, size_t n, const char *lease_id)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].lease_id && strcmp(list[i].lease_id, lease_id) == 0 &&
            (list[i].execution == STORE_IN_PROGRESS || list[i].execution == STORE_DONE))
            return true;
    return false;
}

/* Those of the ids that are no live lease of the node; NULL with *err. */
static json_t *find_over(struct call *c, const char *const *ids, size_t n_ids, struct err *err)
{
    struct store_assignment *list;
    struct store_tx *tx;
    json_t *over;
    size_t n = 0, i;
    int rc = store_begin_read(c->api->store, &tx, err);

    if (rc < 0)
        return NULL;
    rc = store_assignment_of_node(tx, &c->rq->arena, &list, &n, c->params[0], err);
    store_rollback(tx);
    if (rc < 0)
        return NULL;
    over = json_array();
    for (i = 0; i < n_ids; i++)
        if (!is_live(list, n, ids[i]))
            json_array_append_new(over, json_string(ids[i]));
    if (!over)
        err_set(err, VCP_ENOMEM, "no memory for the answer");
    return over;
}

/* Armed before it looks: a lease that ends in between is not missed. */
int handle_watch(struct call *c, struct err *err)
{
    const char **leases = NULL, *key;
    int64_t wait_ms = 0;
    size_t n_leases = 0;
    bool may_wait;
    json_t *over;
    int rc;

    if (strcmp(c->caller.node_id, c->params[0]) != 0)
        return err_set(err, VCP_ENOTFOUND, "a node speaks only for itself");
    if ((rc = json_get_int(&wait_ms, c->body, "wait_ms", 0, API_WAIT_MS_MAX, err)) < 0 ||
        (rc = parse_lease_ids(c, "leases", &leases, &n_leases, err)) < 0)
        return rc;
    key = arena_printf(&c->rq->arena, "watch:%s", c->params[0]);
    if (!key)
        return err_set(err, VCP_ENOMEM, "no memory for the watch");
    may_wait = n_leases > 0 && wait_ms > 0 && http_request_wait(c->rq, key, wait_ms);
    over = find_over(c, leases, n_leases, err);
    if (!over)
        return err->code;
    if (may_wait && json_array_size(over) == 0) {
        json_decref(over);
        return CALL_WAIT;
    }
    return reply_json(c, 200, json_pack("{s:o}", "cancelled_leases", over), err);
}
