/* cluster.c - the server about itself: health, statistics, its description, probes. */
#include <stdlib.h>

#include "api/routes.h"
#include "base/limits.h"

extern const char openapi_json[];
extern const size_t openapi_json_bytes;

static json_t *health(const struct call *c, const char *status)
{
    return json_pack("{s:s, s:s, s:o}", "status", status, "version", VCP_VERSION, "timestamp",
                     jtime(api_now_ms(c->api)));
}

int handle_health(struct call *c, struct err *err)
{
    return reply_json(c, 200, health(c, "healthy"), err);
}

int handle_ready(struct call *c, struct err *err)
{
    struct store_tx *tx;
    int version, rc = store_begin_read(c->api->store, &tx, err);

    if (rc == VCP_OK) {
        rc = store_schema_version(tx, &version, err);
        store_rollback(tx);
    }
    return rc < 0 ? rc : reply_json(c, 200, health(c, "ready"), err);
}

int handle_openapi(struct call *c, struct err *err)
{
    buf_put(&c->rs->body, openapi_json, openapi_json_bytes);
    if (c->rs->body.failed)
        return err_set(err, VCP_ENOMEM, "no memory for the answer");
    c->rs->content_type = "application/json";
    return reply_empty(c, 200);
}

int handle_stats(struct call *c, struct err *err)
{
    struct coord_stats s;
    int rc = coord_stats(c->api->coord, &s, err);

    if (rc < 0)
        return rc;
    return reply_json(
        c, 200,
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:s}",
                  "total_nodes", (json_int_t)s.total_nodes, "online_nodes",
                  (json_int_t)s.online_nodes, "healthy_nodes", (json_int_t)s.healthy_nodes,
                  "safe_mode_nodes", (json_int_t)s.safe_mode_nodes, "total_tasks",
                  (json_int_t)s.total_tasks, "pending_tasks", (json_int_t)s.pending_tasks,
                  "running_tasks", (json_int_t)s.running_tasks, "completed_tasks",
                  (json_int_t)s.completed_tasks, "failed_tasks", (json_int_t)s.failed_tasks,
                  "cancelled_tasks", (json_int_t)s.cancelled_tasks, "avg_health_score",
                  s.avg_health_score, "total_compute_capacity", s.total_compute_capacity,
                  "strategy", task_strategy_name(coord_strategy(c->api->coord))),
        err);
}

/* ---- probes: bytes nobody can compress on the way ---- */

int handle_probe_get(struct call *c, struct err *err)
{
    int64_t n = 65536;
    struct prng r;
    int rc = query_int(c, &n, "bytes", 0, API_PROBE_BYTES_MAX, err);

    if (rc < 0)
        return rc;
    if (!buf_reserve(&c->rs->body, (size_t)n + 8))
        return err_set(err, VCP_ENOMEM, "no memory for the probe");
    prng_init(&r, (uint64_t)api_now_ms(c->api));
    while (c->rs->body.len < (size_t)n)
        buf_put_u64le(&c->rs->body, prng_next(&r));
    c->rs->body.len = (size_t)n;
    c->rs->content_type = "application/octet-stream";
    return reply_empty(c, 200);
}

int handle_probe_post(struct call *c, struct err *err)
{
    return reply_json(c, 200, json_pack("{s:I}", "bytes", (json_int_t)c->rq->body_bytes), err);
}
