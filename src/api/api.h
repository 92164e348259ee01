/* api.h - what the files of this folder share: the server's state and one call.
 *
 * A request becomes a struct call (dispatch.c): its route is found, the caller
 * authenticated and charged by the rate limiter before the body is read; then the
 * body is parsed and the route's handler runs.  A handler fills the response with
 * reply_*, or returns a negative code with its sentence in err, which reply_error
 * turns into status and body; or it arms a wait and returns CALL_WAIT, and is called
 * again.  Handlers therefore do nothing before their wait that may not be repeated. */
#ifndef API_API_H
#define API_API_H

#include <jansson.h>
#include <stdatomic.h>

#include "api/metrics.h"
#include "api/modules.h"
#include "api/proofs.h"
#include "api/rate.h"
#include "api/server.h"
#include "base/json.h"
#include "coord/coord.h"
#include "http/server.h"
#include "store/store.h"

#define API_PEPPER_BYTES 32

struct api_server {
    struct api_config config;
    struct store *store;
    struct coord *coord;
    struct http_server *http;
    struct rate *rate;
    struct metrics metrics;
    struct modules modules;
    struct proofs proofs;
    uint8_t pepper[API_PEPPER_BYTES];
    char spool_dir[4096];
    struct sweeper *sweeper;
};

int64_t api_now_ms(const struct api_server *api);

enum caller_kind { CALLER_NOBODY, CALLER_USER, CALLER_NODE };

struct caller {
    enum caller_kind kind;
    const char *user_id;  /* of a node: its owner */
    const char *username; /* users only, as the next three */
    const char *role;
    const char *key_id;
    const char *scopes;
    const char *node_id; /* nodes only */
    uint8_t public_key[32];
    uint8_t signature[64];
    int64_t timestamp_ms;
};

#define CALL_PARAMS_MAX 3
#define CALL_WAIT       1

struct call {
    struct api_server *api;
    struct http_request *rq;
    struct http_response *rs;
    const struct route *route;
    const char *params[CALL_PARAMS_MAX]; /* {…} of the path, in order */
    struct caller caller;
    json_t *body;  /* of routes that take JSON; an object, or NULL when there is none */
    bool prepared; /* signature checked and body parsed: done once, also when waiting */
};

typedef int (*call_handler)(struct call *c, struct err *err);

/* ---- reply.c ---- */

/* Takes the reference; NULL is out of memory. */
int reply_json(struct call *c, int status, json_t *v, struct err *err);
int reply_empty(struct call *c, int status);
/* {"message": text, key: value} with status 200. */
int reply_message(struct call *c, const char *text, const char *key, const char *value,
                  struct err *err);
/* An error whose status does not follow from a code. */
void reply_status(struct http_response *rs, int status, const char *message);
/* The status and body of a code; sentences of internal failures go to the log only. */
void reply_error(struct call *c, const struct err *err);
/* The word for "error" in a body of that status. */
const char *reply_error_word(int status);
/* JSON null for NULL; broken UTF-8 is replaced, never refused. */
json_t *jstr(const char *s);
json_t *jtime(int64_t wall_ms); /* null for 0 */
json_t *jhex(const void *p, size_t n);

/* ---- dispatch.c ---- */

void dispatch_app(struct http_app *out, struct api_server *api);
/* True when the caller's key has the scope (admin scope counts as all of them only for admins). */
bool caller_has_scope(const struct caller *c, const char *scope);

/* blobs.c: the stored bytes as application/octet-stream. */
int reply_blob(struct call *c, const char *sha3, int64_t size_bytes, struct err *err);
/* The file's bytes, or the range of them that the request asks for. */
int reply_file(struct call *c, const char *path, uint64_t bytes, struct err *err);

/* ---- reading a request ---- */

/* Absent leaves *out; VCP_EINVAL otherwise when it is no integer in [min, max]. */
int query_int(struct call *c, int64_t *out, const char *name, int64_t min, int64_t max,
              struct err *err);
/* limit and before of lists. */
int query_page(struct call *c, int64_t *limit, int64_t *before, struct err *err);

#endif
