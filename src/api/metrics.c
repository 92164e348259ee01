#include "api/metrics.h"

#include <stdio.h>
#include <unistd.h>

#include "api/routes.h"
#include "store/ledger.h"

/* Statuses this server sends; the last entry counts all others. */
static const int statuses[METRICS_STATUSES] = {200, 201, 204, 206, 400, 401, 402,
                                               403, 404, 405, 409, 411, 413, 415,
                                               416, 422, 429, 500, 501, 503, 0};
static const double bounds_s[METRICS_BUCKETS - 1] = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                                     0.1,    0.5,   2,      10,    35};

static int status_index(int status)
{
    int i;

    for (i = 0; i < METRICS_STATUSES - 1; i++)
        if (statuses[i] == status)
            return i;
    return METRICS_STATUSES - 1;
}

void metrics_count(struct metrics *m, int route, int status, int64_t duration_ns)
{
    struct route_metrics *r = &m->routes[route < 0 ? METRICS_ROUTES_MAX : route];
    double s = (double)duration_ns * 1e-9;
    int i = 0;

    while (i < METRICS_BUCKETS - 1 && s > bounds_s[i])
        i++;
    atomic_fetch_add_explicit(&r->by_status[status_index(status)], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&r->buckets[i], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&r->sum_ns, (uint64_t)duration_ns, memory_order_relaxed);
}

static uint64_t value(const atomic_uint_fast64_t *v)
{
    return atomic_load_explicit(v, memory_order_relaxed);
}

static void labels(struct buf *out, int route)
{
    if (route == METRICS_ROUTES_MAX)
        buf_puts(out, "method=\"other\",endpoint=\"unmatched\"");
    else
        buf_printf(out, "method=\"%s\",endpoint=\"%s\"", routes[route].method, routes[route].path);
}

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* ---- HTTP ---- */

static void render_counts(struct buf *out, const struct metrics *m, const char *name, int min)
{
    for (int r = 0; r <= METRICS_ROUTES_MAX; r++) {
        for (int i = 0; i < METRICS_STATUSES; i++) {
            uint64_t n = value(&m->routes[r].by_status[i]);

            if (n == 0 || statuses[i] < min)
                continue;
            buf_printf(out, "%s{", name);
            labels(out, r);
            buf_printf(out, ",status=\"%d\"} %llu\n", statuses[i], (unsigned long long)n);
        }
    }
}

static void render_histogram(struct buf *out, const struct route_metrics *m, int route)
{
    uint64_t sum = 0;

    for (int i = 0; i < METRICS_BUCKETS; i++) {
        sum += value(&m->buckets[i]);
        buf_puts(out, "http_request_duration_bucket{");
        labels(out, route);
        if (i < METRICS_BUCKETS - 1)
            buf_printf(out, ",le=\"%g\"} %llu\n", bounds_s[i], (unsigned long long)sum);
        else
            buf_printf(out, ",le=\"+Inf\"} %llu\n", (unsigned long long)sum);
    }
    buf_puts(out, "http_request_duration_sum{");
    labels(out, route);
    buf_printf(out, "} %.6f\nhttp_request_duration_count{", (double)value(&m->sum_ns) * 1e-9);
    labels(out, route);
    buf_printf(out, "} %llu\n", (unsigned long long)sum);
}

static bool was_called(const struct route_metrics *m)
{
    for (int i = 0; i < METRICS_BUCKETS; i++)
        if (value(&m->buckets[i]) > 0)
            return true;
    return false;
}

static void render_http(struct buf *out, struct api_server *api)
{
    struct metrics *m = &api->metrics;
    struct http_server_stats st = {0};

    head(out, "http_request_count", "counter", "Requests answered; status 0: the peer left");
    render_counts(out, m, "http_request_count", 0);
    head(out, "http_errors", "counter", "Answers with status 400 or more");
    render_counts(out, m, "http_errors", 400);
    head(out, "http_request_duration", "histogram",
         "Seconds from request line to end of answer, waiting of long polls included");
    for (int r = 0; r <= METRICS_ROUTES_MAX; r++)
        if (was_called(&m->routes[r]))
            render_histogram(out, &m->routes[r], r);
    http_server_stats(api->http, &st);
    head(out, "ambient_http_connections", "gauge", "Open connections");
    buf_printf(out, "ambient_http_connections %llu\n", (unsigned long long)st.connections);
    head(out, "ambient_http_long_polls", "gauge", "Requests that wait for something");
    buf_printf(out, "ambient_http_long_polls %llu\n", (unsigned long long)st.waits);
    head(out, "ambient_http_connections_timed_out", "counter", "Connections cut off for slowness");
    buf_printf(out, "ambient_http_connections_timed_out %llu\n",
               (unsigned long long)st.connections_timed_out);
    head(out, "ambient_rate_limited", "counter", "Requests answered 429");
    buf_printf(out, "ambient_rate_limited %llu\n", (unsigned long long)value(&m->rate_limited));
    head(out, "ambient_auth_failed", "counter", "Requests with missing or wrong credentials");
    buf_printf(out, "ambient_auth_failed %llu\n", (unsigned long long)value(&m->auth_failed));
}

/* ---- the network ---- */

static void gauge(struct buf *out, const char *name, const char *help, int64_t v)
{
    head(out, name, "gauge", help);
    buf_printf(out, "%s %lld\n", name, (long long)v);
}

static void counter(struct buf *out, const char *name, const char *help, int64_t v)
{
    head(out, name, "counter", help);
    buf_printf(out, "%s %lld\n", name, (long long)v);
}

static void render_network(struct buf *out, const struct coord_stats *s)
{
    head(out, "ambient_tasks", "gauge", "Tasks by status");
    buf_printf(out,
               "ambient_tasks{status=\"pending\"} %lld\nambient_tasks{status=\"running\"} %lld\n"
               "ambient_tasks{status=\"completed\"} %lld\nambient_tasks{status=\"failed\"} %lld\n"
               "ambient_tasks{status=\"cancelled\"} %lld\n",
               (long long)s->pending_tasks, (long long)s->running_tasks,
               (long long)s->completed_tasks, (long long)s->failed_tasks,
               (long long)s->cancelled_tasks);
    gauge(out, "ambient_queue_depth", "Live tasks that want more nodes", s->waiting_tasks);
    head(out, "ambient_nodes", "gauge", "Nodes by state");
    buf_printf(out,
               "ambient_nodes{state=\"registered\"} %lld\nambient_nodes{state=\"online\"} %lld\n"
               "ambient_nodes{state=\"healthy\"} %lld\nambient_nodes{state=\"safe_mode\"} %lld\n"
               "ambient_nodes{state=\"full\"} %lld\nambient_nodes{state=\"proving\"} %lld\n",
               (long long)s->total_nodes, (long long)s->online_nodes, (long long)s->healthy_nodes,
               (long long)s->safe_mode_nodes, (long long)s->full_nodes,
               (long long)s->proving_nodes);
    gauge(out, "ambient_assignments_active", "Nodes at work on tasks", s->active_assignments);
    gauge(out, "ambient_leases_live", "Leases taken and not over", s->live_leases);
    counter(out, "ambient_placements", "Nodes given a task", s->placements);
    counter(out, "ambient_placement_visits", "Nodes and tasks looked at to place",
            s->placement_visits);
    counter(out, "ambient_leases_expired", "Leases that ran out", s->leases_expired);
    counter(out, "ambient_results", "Outcomes delivered", s->results);
    counter(out, "ambient_disputes", "Results that disagreed, were forged or lacked their receipt",
            s->disputes);
    counter(out, "ambient_receipts", "Receipts verified", s->receipts);
    counter(out, "ambient_receipts_refused", "Results refused for their receipt",
            s->receipts_refused);
    counter(out, "ambient_audits", "Results drawn for an audit", s->audits);
}

static int render_ledger(struct buf *out, struct api_server *api, struct err *err)
{
    struct ledger_transfer *last;
    struct arena arena;
    struct store_tx *tx;
    int64_t issuer = 0;
    size_t n = 0;
    int rc = store_begin_read(api->store, &tx, err);

    if (rc < 0)
        return rc;
    arena_init(&arena, 1u << 20);
    if ((rc = ledger_balance(tx, &issuer, LEDGER_ISSUER, err)) == VCP_OK)
        rc = ledger_list(tx, &arena, &last, &n, NULL, NULL, 0, 1, err);
    store_rollback(tx);
    if (rc == VCP_OK) {
        gauge(out, "ambient_ledger_issued", "Credits in the hands of users and escrow", -issuer);
        counter(out, "ambient_ledger_transfers", "Transfers posted", n ? last[0].seq : 0);
    }
    arena_release(&arena);
    return rc;
}

static void render_process(struct buf *out)
{
    unsigned long total = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "re");

    if (!f)
        return;
    if (fscanf(f, "%lu %lu", &total, &resident) == 2)
        gauge(out, "process_resident_memory_bytes", "Resident memory",
              (int64_t)resident * sysconf(_SC_PAGESIZE));
    fclose(f);
}

int metrics_render(struct buf *out, struct api_server *api, struct err *err)
{
    struct coord_stats s;
    int rc;

    if ((rc = coord_stats(api->coord, &s, err)) < 0 || (rc = render_ledger(out, api, err)) < 0)
        return rc;
    render_network(out, &s);
    render_http(out, api);
    render_process(out);
    return out->failed ? err_set(err, VCP_ENOMEM, "no memory for the metrics") : VCP_OK;
}

int handle_metrics(struct call *c, struct err *err)
{
    int rc = metrics_render(&c->rs->body, c->api, err);

    if (rc < 0)
        return rc;
    c->rs->content_type = "text/plain; version=0.0.4";
    return reply_empty(c, 200);
}
