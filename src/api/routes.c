#include "api/routes.h"

#include <string.h>

#include "base/limits.h"

#define V        "/api/v1"
#define SMALL    API_BODY_BYTES_MAX
#define BLOB_MAX STORE_BLOB_MAX_BYTES

/* clang-format off */
const struct route routes[] = {
    {"GET", V "/health", AUTH_NONE, NULL, RATE_GENERAL, BODY_NONE, 0, handle_health,
     "The process is up"},
    {"GET", V "/ready", AUTH_NONE, NULL, RATE_GENERAL, BODY_NONE, 0, handle_ready,
     "The store answers"},
    {"GET", "/metrics", AUTH_METRICS, "admin", RATE_READ, BODY_NONE, 0, handle_metrics,
     "Prometheus text"},
    {"GET", "/api-docs/openapi.json", AUTH_NONE, NULL, RATE_GENERAL, BODY_NONE, 0, handle_openapi,
     "This description"},
    {"GET", V "/cluster/stats", AUTH_USER, "nodes:read", RATE_READ, BODY_NONE, 0, handle_stats,
     "Totals of nodes and tasks"},
    {"GET", V "/probe", AUTH_ANY, NULL, RATE_WORKER, BODY_NONE, 0, handle_probe_get,
     "Bytes of noise, to measure bandwidth"},
    {"POST", V "/probe", AUTH_ANY, NULL, RATE_WORKER, BODY_BYTES, API_PROBE_BYTES_MAX,
     handle_probe_post, "Takes bytes, to measure bandwidth"},

    {"GET", V "/auth/api-key/validate", AUTH_USER, NULL, RATE_READ, BODY_NONE, 0,
     handle_key_validate, "Who this key is"},
    {"GET", V "/account", AUTH_USER, NULL, RATE_READ, BODY_NONE, 0, handle_account,
     "Balance and totals of the caller"},
    {"GET", V "/account/ledger", AUTH_USER, NULL, RATE_READ, BODY_NONE, 0, handle_ledger,
     "Postings of the caller's account, newest first"},
    {"GET", V "/account/api-keys", AUTH_USER, NULL, RATE_READ, BODY_NONE, 0, handle_key_list,
     "The caller's API keys"},
    {"POST", V "/account/api-keys", AUTH_USER, NULL, RATE_NODE, BODY_JSON, SMALL, handle_key_create,
     "Makes an API key; its text is shown once"},
    {"DELETE", V "/account/api-keys/{key_id}", AUTH_USER, NULL, RATE_NODE, BODY_NONE, 0,
     handle_key_revoke, "Revokes an API key"},
    {"POST", V "/users", AUTH_ADMIN, "admin", RATE_NODE, BODY_JSON, SMALL, handle_user_create,
     "Makes a user with a first API key"},
    {"POST", V "/users/{user_id}/grant", AUTH_ADMIN, "admin", RATE_NODE, BODY_JSON, SMALL,
     handle_user_grant, "Issues credits to a user, once for each reference"},

    {"POST", V "/nodes", AUTH_USER, "nodes:write", RATE_NODE, BODY_JSON, SMALL,
     handle_node_register, "Registers a node, or revives the caller's own"},
    {"GET", V "/nodes", AUTH_USER, "nodes:read", RATE_READ, BODY_NONE, 0, handle_node_list,
     "Nodes, newest registration first"},
    {"GET", V "/nodes/{node_id}", AUTH_USER, "nodes:read", RATE_READ, BODY_NONE, 0,
     handle_node_get, "One node"},
    {"DELETE", V "/nodes/{node_id}", AUTH_USER, "nodes:write", RATE_NODE, BODY_NONE, 0,
     handle_node_delete, "Takes a node out; its work is placed elsewhere"},
    {"POST", V "/nodes/{node_id}/reject", AUTH_USER, "nodes:write", RATE_NODE, BODY_NONE, SMALL,
     handle_node_reject, "Refuses a node further work"},
    {"PUT", V "/nodes/{node_id}/heartbeat", AUTH_ANY, "nodes:write", RATE_WORKER, BODY_OPTIONAL,
     SMALL, handle_heartbeat, "A sign of life, with telemetry and leases to renew"},
    {"GET", V "/nodes/{node_id}/heartbeat/activity", AUTH_USER, "nodes:read", RATE_READ, BODY_NONE,
     0, handle_node_activity, "The last events of a node"},
    {"POST", V "/nodes/{node_id}/lease", AUTH_NODE, NULL, RATE_WORKER, BODY_OPTIONAL, SMALL,
     handle_lease, "Takes work, waiting for some if asked to"},
    {"POST", V "/nodes/{node_id}/watch", AUTH_NODE, NULL, RATE_WORKER, BODY_JSON, SMALL,
     handle_watch, "Tells which of these leases are over, waiting until one is"},

    {"PUT", V "/modules/{sha3}", AUTH_USER, "tasks:write", RATE_TASK, BODY_BYTES, BLOB_MAX,
     handle_module_put, "Uploads a module; it is decoded and validated"},
    {"GET", V "/modules/{sha3}", AUTH_ANY, "tasks:read", RATE_WORKER, BODY_NONE, 0, handle_blob_get,
     "Downloads a module"},
    {"PUT", V "/blobs/{sha3}", AUTH_ANY, "tasks:write", RATE_TASK, BODY_BYTES, BLOB_MAX,
     handle_blob_put, "Uploads bytes"},
    {"GET", V "/blobs/{sha3}", AUTH_ANY, "tasks:read", RATE_WORKER, BODY_NONE, 0, handle_blob_get,
     "Downloads bytes"},

    {"GET", V "/keys", AUTH_ANY, NULL, RATE_WORKER, BODY_NONE, 0, handle_keys,
     "The keys that receipts are made and checked with"},
    {"GET", V "/keys/{sha3}", AUTH_ANY, NULL, RATE_WORKER, BODY_NONE, 0, handle_key_file,
     "Downloads one file of the keys"},

    {"POST", V "/tasks", AUTH_USER, "tasks:write", RATE_TASK, BODY_JSON, API_TASK_BYTES_MAX,
     handle_task_submit, "Submits a task"},
    {"GET", V "/tasks", AUTH_USER, "tasks:read", RATE_READ, BODY_NONE, 0, handle_task_list,
     "The caller's tasks, newest first"},
    {"GET", V "/tasks/{task_id}", AUTH_USER, "tasks:read", RATE_READ, BODY_NONE, 0,
     handle_task_get, "One task; with wait_ms, when it has ended"},
    {"POST", V "/tasks/{task_id}/cancel", AUTH_USER, "tasks:write", RATE_TASK, BODY_NONE, SMALL,
     handle_task_cancel, "Cancels a task and refunds its budget"},
    {"DELETE", V "/tasks/{task_id}", AUTH_USER, "tasks:write", RATE_TASK, BODY_NONE, 0,
     handle_task_delete, "Cancels a task if need be and hides it"},
    {"GET", V "/tasks/{task_id}/result", AUTH_USER, "tasks:read", RATE_READ, BODY_NONE, 0,
     handle_task_result_get, "What came of a task, and who said so"},
    {"GET", V "/tasks/{task_id}/output", AUTH_USER, "tasks:read", RATE_READ, BODY_NONE, 0,
     handle_task_output, "Standard output, raw"},
    {"GET", V "/tasks/{task_id}/error", AUTH_USER, "tasks:read", RATE_READ, BODY_NONE, 0,
     handle_task_error, "Standard error, raw"},
    {"GET", V "/tasks/{task_id}/receipt", AUTH_USER, "tasks:read", RATE_READ, BODY_NONE, 0,
     handle_task_receipt, "The receipt of the accepted result"},
    {"GET", V "/tasks/{task_id}/explain", AUTH_USER, "tasks:read", RATE_READ, BODY_NONE, 0,
     handle_task_explain, "Placement decisions and verification steps"},
    {"POST", V "/tasks/{task_id}/result", AUTH_NODE, NULL, RATE_WORKER, BODY_JSON,
     API_RESULT_BYTES_MAX, handle_task_result_post, "A node delivers an outcome, or gives up"},
};
/* clang-format on */
const size_t n_routes = sizeof routes / sizeof routes[0];

_Static_assert(sizeof routes / sizeof routes[0] <= METRICS_ROUTES_MAX, "more metrics needed");

static bool path_matches(const char *template, const char *params[CALL_PARAMS_MAX],
                         const char *const *segments, size_t n_segments)
{
    const char *p = template + 1;
    size_t i, n_params = 0;

    for (i = 0; i < n_segments; i++) {
        size_t n = strcspn(p, "/");

        if (p[0] == '{') {
            if (!segments[i][0])
                return false;
            params[n_params++] = segments[i];
        } else if (strlen(segments[i]) != n || memcmp(segments[i], p, n) != 0) {
            return false;
        }
        p += n;
        if (i + 1 < n_segments) {
            if (*p != '/')
                return false;
            p++;
        }
    }
    return *p == 0;
}

enum route_match route_find(const struct route **out, const char *params[CALL_PARAMS_MAX],
                            const char *method, const char *const *segments, size_t n_segments,
                            char allow[128])
{
    enum route_match match = ROUTE_UNKNOWN;
    size_t i;

    allow[0] = 0;
    for (i = 0; i < n_routes; i++) {
        if (!path_matches(routes[i].path, params, segments, n_segments))
            continue;
        if (strcmp(routes[i].method, method) == 0) {
            *out = &routes[i];
            return ROUTE_FOUND;
        }
        match = ROUTE_WRONG_METHOD;
        if (allow[0])
            strncat(allow, ", ", 127 - strlen(allow));
        strncat(allow, routes[i].method, 127 - strlen(allow));
    }
    return match;
}
