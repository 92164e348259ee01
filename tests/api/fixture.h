/* fixture.h - a whole server in this process, on a temporary folder and a clock that can be
 * moved; users, and nodes that sign.  Every answer is held against openapi.json: its
 * status must be listed for the call, and its JSON must fit the schema. */
#ifndef TESTS_API_FIXTURE_H
#define TESTS_API_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdatomic.h>

#include "api/server.h"
#include "http/client.h"
#include "mesh/outcome.h"
#include "mesh/sign.h"
#include "mesh/task_spec.h"

struct api_test {
    char dir[64], url[64];
    struct api_config config;
    struct api_server *server;
    atomic_llong ahead_ms; /* the server's clock before the machine's */
    json_t *openapi;
    bool unchecked; /* for benchmarks: answers are not held against it */
    char admin_key[48], admin_id[37];
    struct tester *main; /* the caller of the main thread */
};

/* One thread's connection and its last answer. */
struct tester {
    struct api_test *t;
    struct http_client *http;
    struct http_reply reply;
    json_t *json; /* of the last answer; NULL when it was none */
    int status;
};

/* change (may be NULL) alters the configuration before the start. */
struct api_test *api_test_start(void (*change)(struct api_config *c));
void api_test_stop(struct api_test *t);
/* Stops the server and starts it again on the same folder. */
void api_test_restart(struct api_test *t);

struct tester *tester_new(struct api_test *t);
void tester_free(struct tester *x);

/* key NULL: no credentials.  body NULL: none; else JSON text.  Returns the status. */
int call(struct tester *x, const char *key, const char *method, const char *path, const char *body);
/* Formats path. */
int callf(struct tester *x, const char *key, const char *method, const char *body, const char *fmt,
          ...) __attribute__((format(printf, 5, 6)));
int call_bytes(struct tester *x, const char *key, const char *method, const char *path,
               const void *p, size_t n);
/* No check against the description; headers as given. */
int call_raw(struct tester *x, const char *method, const char *path, const char *content_type,
             const void *body, size_t n, const struct http_header *headers, size_t n_headers);
/* As call, with one header more. */
int call_with(struct tester *x, const char *key, const char *method, const char *path,
              const char *body, const char *header, const char *value);

/* Members of the last answer; fail the test when absent or of another type. */
const char *str(struct tester *x, const char *key);
int64_t num(struct tester *x, const char *key);
/* The answer's status and, when error is not NULL, its "error" must be these. */
#define expect(x, want, error) expect_at(x, want, error, __FILE__, __LINE__)
void expect_at(struct tester *x, int want, const char *error, const char *file, int line);

/* A user with credits; his key. */
struct user {
    char id[37], key[48];
};
void user_make(struct user *u, struct tester *x, const char *name, int64_t grant);

struct node {
    char id[65];
    struct sign_key key;
    int64_t ahead_ms; /* its clock before the machine's */
};
/* Registers a small `any` node. */
void node_make(struct node *n, struct tester *x, const struct user *owner, const char *id);
int node_call(struct tester *x, const struct node *n, const char *method, const char *path,
              const char *body);
int node_call_bytes(struct tester *x, const struct node *n, const char *method, const char *path,
                    const void *p, size_t bytes);
int node_heartbeat(struct tester *x, const struct node *n);
/* The lease (to be decref'd), or NULL on 204. */
json_t *node_lease(struct tester *x, const struct node *n, int wait_ms);
/* The body of a result: status ok with this output. */
char *result_body(const struct node *n, json_t *lease, const char *output, const char *error);
int node_deliver(struct tester *x, const struct node *n, json_t *lease, const char *output);

/* A module whose function "f" returns an i32, and a command; both valid. */
extern const unsigned char module_f[], module_start[];
extern const size_t module_f_bytes, module_start_bytes;
/* Uploads one; its digest. */
const char *module_put(struct tester *x, const struct user *u, const unsigned char *p, size_t n);
/* Submission of module_f as JSON text (to be freed); extra is put into the object, e.g.
 * "\"budget\": 5, " or "". */
char *submission(const char *sha3, const char *extra);
/* Submits and returns the task's id (to be freed). */
char *task_make(struct tester *x, const struct user *u, const char *extra);

#endif
