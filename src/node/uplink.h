/* uplink.h - one connection to the server, on which a node speaks as itself.
 *
 * Requests are signed with the node's key (mesh/sign.h); the server's error
 * bodies become struct err.  One uplink belongs to one thread at a time, except
 * uplink_cancel. */
#ifndef NODE_UPLINK_H
#define NODE_UPLINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "mesh/sign.h"

struct uplink;

/* key and node_id are kept by reference. */
int uplink_new(struct uplink **out, const char *server, const char *ca_file,
               const struct sign_key *key, const char *node_id, struct err *err);
void uplink_free(struct uplink *u);

/* JSON in (NULL: no body) and out (*out may be NULL afterwards: no body came; out itself
 * may be NULL: not wanted).  A status from 400 on is an error:
 *   400 EINVAL, 401 EAUTH, 402 EFUNDS, 403 EDENIED, 404 ENOTFOUND, 409 ESTATE, 413 ELIMIT,
 *   501 EUNSUPPORTED; 429 and 5xx EBUSY; no answer at all: EIO, ETIMEOUT, ECANCELLED. */
int uplink_json(struct uplink *u, const char *method, const char *path, json_t *body,
                int64_t timeout_ms, json_t **out, struct err *err);
/* As a user: with the owner's API key instead of a signature. */
int uplink_json_as_owner(struct uplink *u, const char *api_key, const char *method,
                         const char *path, json_t *body, json_t **out, struct err *err);
/* Raw bytes; get appends at most bytes_max to *out. */
int uplink_get(struct uplink *u, const char *path, size_t bytes_max, struct buf *out,
               struct err *err);
/* n bytes from the one at from; a server that knows no ranges answers with all, which is
 * VCP_EINVAL unless that is what was asked for. */
int uplink_get_range(struct uplink *u, const char *path, uint64_t from, size_t n, struct buf *out,
                     struct err *err);
/* method is PUT or POST. */
int uplink_send(struct uplink *u, const char *method, const char *path, const void *p, size_t n,
                struct err *err);

/* Of the call that ended last. */
int uplink_status(const struct uplink *u);             /* 0: no answer */
int64_t uplink_time_ns(const struct uplink *u);        /* how long it took */
int64_t uplink_retry_after_ms(const struct uplink *u); /* 0: the server did not say */
/* How far this clock is ahead of the server's Date header, which has whole seconds; 0 unknown. */
int64_t uplink_clock_ahead_ms(const struct uplink *u);

/* See http_client_cancel. */
void uplink_cancel(struct uplink *u);
void uplink_rearm(struct uplink *u);

/* Worth trying again: the request was not judged, or the verdict may change. */
bool uplink_may_retry(int rc);

#endif
