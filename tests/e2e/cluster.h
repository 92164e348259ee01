/* cluster.h - a coordinator and nodes as real processes, for tests that treat them badly.
 *
 * Everything lives in one directory under TEST_BINARY_DIR that is removed when the
 * test passed and kept, with its logs, when it failed.  Every child dies with the
 * test.  Failures end the test (cmocka's fail), naming the log to read. */
#ifndef E2E_CLUSTER_H
#define E2E_CLUSTER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/json.h"
#include "http/client.h"

#define CLUSTER_NODES_MAX 8
#define CLUSTER_KEY_BYTES 64

struct cluster_node {
    char name[32], owner_key[CLUSTER_KEY_BYTES];
    bool dishonest;
    bool proves;       /* with the server's keys, fetched from it */
    const char *forge; /* how it cheats at receipts, or NULL */
    pid_t pid;
};

struct cluster {
    char dir[512], url[64];
    int port;
    pid_t server;
    char admin_key[CLUSTER_KEY_BYTES], client_key[CLUSTER_KEY_BYTES];
    struct cluster_node nodes[CLUSTER_NODES_MAX];
    int n_nodes;
    struct http_client *http; /* the test's own connection */
    struct http_reply reply;
};

/* Where the program and the example modules are; set by cluster_main. */
extern const char *cluster_ambient, *cluster_modules;
/* The keys of the server, or NULL: no proofs. */
extern const char *cluster_keys;

/* argv: program, examples directory, and if there are to be proofs the keys' directory.  Returns
 * what main returns when they are missing. */
int cluster_main(int argc, char **argv);

/* A server with an administrator and a client who has `grant` credits. */
void cluster_start(struct cluster *c, const char *name, long grant);
/* Stops everything with SIGTERM and checks that it ended well. */
void cluster_end(struct cluster *c);
/* Removes the directory: for main, when all tests passed. */
void cluster_remove(struct cluster *c);

void cluster_server_start(struct cluster *c); /* again, on the same port and data */
void cluster_server_kill(struct cluster *c);  /* kill -9 */
/* A node of a new owner, "<owner>-1"; waits until it is online. */
void cluster_add_node(struct cluster *c, const char *owner, bool dishonest);
/* One that proves, or pretends to; waits until it can be given such work. */
void cluster_add_prover(struct cluster *c, const char *owner, const char *forge);
void cluster_node_start(struct cluster *c, int i);
/* SIGTERM: it hands back what it has and ends. */
void cluster_node_stop(struct cluster *c, int i);
void cluster_node_kill(struct cluster *c, int i); /* kill -9, and its children by their own care */
/* kill -9 of one descendant of the node's process, chosen by `random`; false when it has none. */
bool cluster_worker_kill(struct cluster *c, int i, unsigned long long random);
void cluster_wait_online(struct cluster *c, const char *node);

/* One call by the test's connection with a key; *out (may be NULL) is the JSON.  0: no answer. */
int cluster_call(struct cluster *c, const char *key, const char *method, const char *path,
                 json_t *body, const char *idempotency_key, json_t **out);
/* Reads a file under the examples directory; the caller releases. */
void cluster_module(struct buf *out, const char *name);
/* PUTs a module; its hex digest in sha3. */
void cluster_upload(struct cluster *c, const char *name, char sha3[65]);

/* `ambient LINE` by the shell with the client's key: standard output in out, standard
 * error in said (both may be NULL); returns the exit code. */
int cluster_run(struct cluster *c, const char *key, const char *line, struct buf *out,
                struct buf *said);

/* Starts the program with NULL-terminated arguments; both outputs go to dir/LOG.log. */
pid_t cluster_spawn(struct cluster *c, const char *log, const char *key, const char *const *argv);

/* Server stopped or running: checks the whole ledger (ledger_check), and that nothing is
 * left in escrow. */
void cluster_check_ledger(struct cluster *c);

#endif
