/* routes.h - every route, declared once: what openapi.json is held against.
 *
 * A template's segments match literally, or are "{name}": any one segment. */
#ifndef API_ROUTES_H
#define API_ROUTES_H

#include "api/api.h"

enum route_auth {
    AUTH_NONE,
    AUTH_USER,    /* API key */
    AUTH_NODE,    /* the node's signature */
    AUTH_ANY,     /* either */
    AUTH_ADMIN,   /* API key of an administrator with scope admin */
    AUTH_METRICS, /* AUTH_ADMIN, or a direct call from this machine */
};

enum route_body {
    BODY_NONE,     /* taken and ignored up to a few bytes */
    BODY_JSON,     /* an object, required */
    BODY_OPTIONAL, /* an object, or nothing */
    BODY_BYTES,    /* application/octet-stream, with its digest */
};

struct route {
    const char *method, *path;
    enum route_auth auth;
    const char *scope; /* of the API key; NULL: any */
    enum rate_kind rate;
    enum route_body body;
    uint64_t body_max_bytes;
    call_handler handle;
    const char *summary;
};

extern const struct route routes[];
extern const size_t n_routes;

enum route_match { ROUTE_FOUND, ROUTE_UNKNOWN, ROUTE_WRONG_METHOD };

/* params get the {…} parts.  When the path exists but not with this method, allow
 * (128 bytes) gets the methods it has. */
enum route_match route_find(const struct route **out, const char *params[CALL_PARAMS_MAX],
                            const char *method, const char *const *segments, size_t n_segments,
                            char allow[128]);

/* The handlers, by file. */
int handle_health(struct call *c, struct err *err);
int handle_ready(struct call *c, struct err *err);
int handle_metrics(struct call *c, struct err *err);
int handle_openapi(struct call *c, struct err *err);
int handle_stats(struct call *c, struct err *err);
int handle_probe_get(struct call *c, struct err *err);
int handle_probe_post(struct call *c, struct err *err);

int handle_key_validate(struct call *c, struct err *err);
int handle_account(struct call *c, struct err *err);
int handle_ledger(struct call *c, struct err *err);
int handle_key_list(struct call *c, struct err *err);
int handle_key_create(struct call *c, struct err *err);
int handle_key_revoke(struct call *c, struct err *err);
int handle_user_create(struct call *c, struct err *err);
int handle_user_grant(struct call *c, struct err *err);

int handle_node_register(struct call *c, struct err *err);
int handle_node_list(struct call *c, struct err *err);
int handle_node_get(struct call *c, struct err *err);
int handle_node_delete(struct call *c, struct err *err);
int handle_node_reject(struct call *c, struct err *err);
int handle_node_activity(struct call *c, struct err *err);
int handle_heartbeat(struct call *c, struct err *err);

int handle_lease(struct call *c, struct err *err);
int handle_watch(struct call *c, struct err *err);
int handle_task_result_post(struct call *c, struct err *err);

int handle_module_put(struct call *c, struct err *err);
int handle_blob_put(struct call *c, struct err *err);
int handle_blob_get(struct call *c, struct err *err);

int handle_keys(struct call *c, struct err *err);
int handle_key_file(struct call *c, struct err *err);

int handle_task_submit(struct call *c, struct err *err);
int handle_task_list(struct call *c, struct err *err);
int handle_task_get(struct call *c, struct err *err);
int handle_task_cancel(struct call *c, struct err *err);
int handle_task_delete(struct call *c, struct err *err);
int handle_task_result_get(struct call *c, struct err *err);
int handle_task_output(struct call *c, struct err *err);
int handle_task_error(struct call *c, struct err *err);
int handle_task_receipt(struct call *c, struct err *err);
int handle_task_explain(struct call *c, struct err *err);

#endif
