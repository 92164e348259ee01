/* remote.h - the coordinator as the commands see it: a call, an answer or an exit code.
 *
 * Server and key come from the options, the environment, then the config file.
 * A failed call has told the person why (what was asked, what came back, what to
 * do about it) before it returns its enum cli_exit.  429 and 503 are waited out,
 * a few times, as long as the server's Retry-After says. */
#ifndef CLI_REMOTE_H
#define CLI_REMOTE_H

#include "base/buf.h"
#include "base/hash.h"
#include "base/json.h"
#include "cli/args.h"
#include "cli/command.h"
#include "http/client.h"

struct remote {
    const struct cli *cli;
    struct http_client *http;
    struct http_reply reply; /* of the last call */
    char server[1024], api_key[256];
};

/* Wants the options OPTIONS_REMOTE in the table.  CLI_OK, or told why not. */
int remote_open(struct remote *r, const struct cli *cli, const struct args *args);
void remote_close(struct remote *r); /* a zeroed one is legal */

/* path is behind /api/v1, e.g. "/tasks".  body (may be NULL) is left to the
 * caller; *out (may be NULL) is the answer's JSON, to be decref'd. */
int remote_json(struct remote *r, const char *method, const char *path, json_t *body, json_t **out);
/* A call that may take timeout_ms, with a header of its own (name NULL: none). */
int remote_json_with(struct remote *r, const char *method, const char *path, json_t *body,
                     const char *header, const char *value, int64_t timeout_ms, json_t **out);
/* PUTs bytes to path + "/" + their SHA3-256, whose hex is put into sha3_hex. */
int remote_put(struct remote *r, const char *path, const void *p, size_t n,
               char sha3_hex[SHA3_256_HEX_BYTES]);
/* GETs bytes, at most max_bytes, into r->reply.body. */
int remote_get(struct remote *r, const char *path, size_t max_bytes);

/* As remote_json, but says nothing: *status is the HTTP status, or 0 with err
 * filled when no answer came. For callers that know what to do about a refusal. */
int remote_try(struct remote *r, const char *method, const char *path, json_t *body,
               const char *header, const char *value, int64_t timeout_ms, int *status,
               struct err *err);
/* Tells why the last remote_try failed; returns the exit code. */
int remote_explain(struct remote *r, const char *method, const char *path, int status,
                   const struct err *err);

/* Members for printing: "" / 0 when absent or of another type. */
const char *remote_str(const json_t *o, const char *key);
int64_t remote_int(const json_t *o, const char *key);
double remote_real(const json_t *o, const char *key);

/* Appends s percent-encoded for a path segment or a query value. */
void remote_put_escaped(struct buf *out, const char *s);

#endif
