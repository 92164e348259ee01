/* nodes.c - see nodes.h. */
#include "store/nodes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/limits.h"
#include "store/sql.h"

#define NODE_COLUMNS                                                                               \
    "node_id, owner_id, region, node_type, bandwidth_mbps, memory_gb, cpu_cores, gpu_available, "  \
    "slots, observability_port, public_key, status, health_score, telemetry, completed, failed, "  \
    "disputes, compute_time_ms, error_count, safe_mode, turn, registered_at, last_heartbeat_at, "  \
    "updated_at, deleted_at, keyset"

static const char *const status_names[] = {"online", "offline", "rejected"};

const char *store_node_status_name(enum store_node_status s)
{
    return status_names[s];
}

static void put_columns(struct sql *q, const struct store_node *n, const char *telemetry)
{
    sql_text(q, n->node_id);
    sql_text(q, n->owner_id);
    sql_text(q, n->region);
    sql_text(q, n->node_type);
    sql_real(q, n->bandwidth_mbps);
    sql_real(q, n->memory_gb);
    sql_int(q, n->cpu_cores);
    sql_int(q, n->gpu_available);
    sql_int(q, n->slots);
    sql_int(q, n->observability_port);
    sql_blob(q, n->public_key, sizeof n->public_key);
    sql_text(q, status_names[n->status]);
    sql_real(q, n->has_health ? n->health_score : (double)NAN);
    sql_text(q, telemetry);
    sql_int(q, (int64_t)n->reputation.completed);
    sql_int(q, (int64_t)n->reputation.failed);
    sql_int(q, (int64_t)n->reputation.disputes);
    sql_int(q, (int64_t)n->reputation.compute_time_ms);
    sql_int(q, n->error_count);
    sql_int(q, n->safe_mode);
    sql_int(q, (int64_t)n->turn);
    sql_int(q, n->registered_at_ms);
    sql_int(q, n->last_heartbeat_at_ms);
    sql_int(q, n->updated_at_ms);
    sql_time(q, n->deleted_at_ms);
    sql_text(q, n->keyset);
}

/* Malloc'd JSON, or NULL in *out without a sample. */
static int telemetry_text(char **out, const struct telemetry *t, struct err *err)
{
    *out = NULL;
    if (t->timestamp == 0)
        return VCP_OK;
    json_t *j = telemetry_to_json(t);
    *out = j ? json_text(j) : NULL;
    json_decref(j);
    return *out ? VCP_OK : err_set(err, VCP_ENOMEM, "store: out of memory");
}

int store_node_put(struct store_tx *tx, const struct store_node *n, struct err *err)
{
    char *telemetry;
    int rc = telemetry_text(&telemetry, &n->telemetry, err);

    if (rc < 0)
        return rc;
    struct sql q = sql_open(
        tx, "INSERT INTO nodes (" NODE_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
            " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (node_id) DO UPDATE SET"
            " owner_id = excluded.owner_id, region = excluded.region,"
            " node_type = excluded.node_type, bandwidth_mbps = excluded.bandwidth_mbps,"
            " memory_gb = excluded.memory_gb, cpu_cores = excluded.cpu_cores,"
            " gpu_available = excluded.gpu_available, slots = excluded.slots,"
            " observability_port = excluded.observability_port, public_key = excluded.public_key,"
            " status = excluded.status, health_score = excluded.health_score,"
            " telemetry = excluded.telemetry, completed = excluded.completed,"
            " failed = excluded.failed, disputes = excluded.disputes,"
            " compute_time_ms = excluded.compute_time_ms, error_count = excluded.error_count,"
            " safe_mode = excluded.safe_mode, turn = excluded.turn,"
            " registered_at = excluded.registered_at,"
            " last_heartbeat_at = excluded.last_heartbeat_at, updated_at = excluded.updated_at,"
            " deleted_at = excluded.deleted_at, keyset = excluded.keyset");
    put_columns(&q, n, telemetry);
    rc = sql_run(&q, err);
    free(telemetry);
    if (rc == VCP_EEXIST)
        return err_set(err, rc, "another node has this public key");
    return rc;
}

static void read_telemetry(struct sql *q, struct telemetry *t)
{
    const char *text = sql_peek_text(q);
    json_t *j = NULL;

    telemetry_init(t);
    if (text == NULL)
        return;
    if (json_parse(&j, text, strlen(text), NULL) < 0 || telemetry_from_json(t, j, NULL) < 0)
        q->rc = VCP_EIO;
    json_decref(j);
}

/* With a NULL arena strings point into the row. */
static const char *text_of(struct sql *q, struct arena *a)
{
    return a ? sql_get_text(q, a) : sql_peek_text(q);
}

static void read_node(struct sql *q, struct arena *a, struct store_node *n)
{
    n->node_id = text_of(q, a);
    n->owner_id = text_of(q, a);
    n->region = text_of(q, a);
    n->node_type = text_of(q, a);
    n->bandwidth_mbps = sql_get_real(q);
    n->memory_gb = sql_get_real(q);
    n->cpu_cores = (uint32_t)sql_get_int(q);
    n->gpu_available = sql_get_int(q) != 0;
    n->slots = (uint32_t)sql_get_int(q);
    n->observability_port = (uint16_t)sql_get_int(q);
    sql_get_blob(q, n->public_key, sizeof n->public_key);
    n->status = (enum store_node_status)sql_get_name(q, status_names, 3);
    n->has_health = !sql_get_is_null(q);
    n->health_score = sql_get_real(q);
    if (!n->has_health)
        n->health_score = 0;
    read_telemetry(q, &n->telemetry);
    n->reputation.completed = (uint64_t)sql_get_int(q);
    n->reputation.failed = (uint64_t)sql_get_int(q);
    n->reputation.disputes = (uint64_t)sql_get_int(q);
    n->reputation.compute_time_ms = (uint64_t)sql_get_int(q);
    n->error_count = (uint32_t)sql_get_int(q);
    n->safe_mode = sql_get_int(q) != 0;
    n->turn = (uint64_t)sql_get_int(q);
    n->registered_at_ms = sql_get_int(q);
    n->last_heartbeat_at_ms = sql_get_int(q);
    n->updated_at_ms = sql_get_int(q);
    n->deleted_at_ms = sql_get_int(q);
    n->keyset = text_of(q, a);
}

int store_node_get(struct store_tx *tx, struct arena *a, struct store_node *out,
                   const char *node_id, struct err *err)
{
    struct sql q = sql_open(tx, "SELECT " NODE_COLUMNS " FROM nodes WHERE node_id = ?");
    struct store_node n;

    sql_text(&q, node_id);
    int rc = sql_step(&q, err);
    if (rc > 0) {
        read_node(&q, a, &n);
        rc = q.rc == VCP_OK ? VCP_OK : err_set(err, q.rc, "node %s cannot be read", node_id);
        if (rc == VCP_OK)
            *out = n;
    } else if (rc == 0) {
        rc = err_set(err, VCP_ENOTFOUND, "no node %s", node_id);
    }
    sql_close(&q);
    return rc;
}

static struct sql list_query(struct store_tx *tx, const char *owner_id)
{
    if (owner_id == NULL)
        return sql_open(tx, "SELECT " NODE_COLUMNS " FROM nodes WHERE deleted_at IS NULL"
                            " AND status <> 'rejected' AND (registered_at, node_id) < (?, ?)"
                            " ORDER BY registered_at DESC, node_id DESC LIMIT ?");
    return sql_open(tx, "SELECT " NODE_COLUMNS " FROM nodes INDEXED BY nodes_by_owner"
                        " WHERE deleted_at IS NULL AND status <> 'rejected'"
                        " AND (registered_at, node_id) < (?, ?) AND owner_id = ?4"
                        " ORDER BY registered_at DESC, node_id DESC LIMIT ?3");
}

int store_node_list(struct store_tx *tx, struct arena *a, struct store_node **out, size_t *n,
                    const char *owner_id, int64_t before_ms, const char *before_id, size_t limit,
                    struct err *err)
{
    struct sql q = list_query(tx, owner_id);
    void *list = NULL;
    size_t count = 0, cap = 0;
    int rc;

    sql_int(&q, before_id ? before_ms : INT64_MAX);
    sql_text(&q, before_id ? before_id : "");
    sql_int(&q, limit < STORE_LIST_MAX ? (int64_t)limit : (int64_t)STORE_LIST_MAX);
    if (owner_id)
        sql_text(&q, owner_id);
    while ((rc = sql_step(&q, err)) > 0) {
        struct store_node *e = sql_grow(&q, a, &list, &count, &cap, sizeof *e);
        if (e)
            read_node(&q, a, e);
    }
    sql_close(&q);
    if (rc < 0)
        return rc;
    *out = list;
    *n = count;
    return VCP_OK;
}

int store_node_each(struct store_tx *tx, int (*each)(void *arg, const struct store_node *n),
                    void *arg, struct err *err)
{
    struct sql q = sql_open(tx, "SELECT " NODE_COLUMNS " FROM nodes WHERE deleted_at IS NULL"
                                " ORDER BY node_id");
    struct store_node n;
    int rc, stop = VCP_OK;

    while (stop == VCP_OK && (rc = sql_step(&q, err)) > 0) {
        read_node(&q, NULL, &n);
        if (q.rc == VCP_OK)
            stop = each(arg, &n);
    }
    sql_close(&q);
    return stop < 0 ? stop : rc;
}

/* ---- heartbeats ---- */

int store_heartbeat_add(struct store_tx *tx, const char *node_id, const struct store_heartbeat *h,
                        struct err *err)
{
    struct sql q = sql_open(
        tx, "INSERT INTO node_heartbeats (node_id, seq, at, event, metadata, health_score,"
            " active_tasks, cpu, memory, latency, temperature) VALUES (?1, 1 + coalesce((SELECT"
            " max(seq) FROM node_heartbeats WHERE node_id = ?1), 0), ?, ?, ?, ?, ?, ?, ?, ?, ?)");

    sql_text(&q, node_id);
    sql_int(&q, h->at_ms);
    sql_text(&q, h->event);
    sql_text(&q, h->metadata);
    sql_real(&q, h->has_health ? h->health_score : (double)NAN);
    sql_int(&q, h->active_tasks);
    sql_real(&q, h->telemetry.cpu_usage_percent);
    sql_real(&q, h->telemetry.memory_usage_percent);
    sql_real(&q, h->telemetry.avg_latency_ms);
    sql_real(&q, h->telemetry.temperature_c);
    int rc = sql_run(&q, err);
    if (rc < 0)
        return rc;
    q = sql_open(tx, "DELETE FROM node_heartbeats WHERE node_id = ?1 AND seq <= (SELECT max(seq)"
                     " FROM node_heartbeats WHERE node_id = ?1) - ?2");
    sql_text(&q, node_id);
    sql_int(&q, STORE_HEARTBEATS_MAX);
    return sql_run(&q, err);
}

static void read_heartbeat(struct sql *q, struct arena *a, struct store_heartbeat *h)
{
    telemetry_init(&h->telemetry);
    h->at_ms = sql_get_int(q);
    h->event = sql_get_text(q, a);
    h->metadata = sql_get_text(q, a);
    h->has_health = !sql_get_is_null(q);
    h->health_score = sql_get_real(q);
    h->active_tasks = (uint32_t)sql_get_int(q);
    h->telemetry.cpu_usage_percent = sql_get_real(q);
    h->telemetry.memory_usage_percent = sql_get_real(q);
    h->telemetry.avg_latency_ms = sql_get_real(q);
    h->telemetry.temperature_c = sql_get_real(q);
}

int store_heartbeat_list(struct store_tx *tx, struct arena *a, struct store_heartbeat **out,
                         size_t *n, const char *node_id, const char *event, size_t limit,
                         struct err *err)
{
    struct sql q = sql_open(tx, "SELECT at, event, metadata, health_score, active_tasks, cpu,"
                                " memory, latency, temperature FROM node_heartbeats"
                                " WHERE node_id = ?1 AND (?2 IS NULL OR event = ?2)"
                                " ORDER BY seq DESC LIMIT ?3");
    void *list = NULL;
    size_t count = 0, cap = 0;
    int rc;

    sql_text(&q, node_id);
    sql_text(&q, event);
    sql_int(&q, limit < STORE_LIST_MAX ? (int64_t)limit : (int64_t)STORE_LIST_MAX);
    while ((rc = sql_step(&q, err)) > 0) {
        struct store_heartbeat *h = sql_grow(&q, a, &list, &count, &cap, sizeof *h);
        if (h)
            read_heartbeat(&q, a, h);
    }
    sql_close(&q);
    if (rc < 0)
        return rc;
    *out = list;
    *n = count;
    return VCP_OK;
}
