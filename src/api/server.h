/* server.h - the whole server: store, coordinator, HTTP and timers behind one start and stop. */
#ifndef API_SERVER_H
#define API_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "coord/coord.h"

struct api_server;

struct rate_tier {
    double per_minute, burst;
};

/* Who is charged for what.  Each caller (key, node, or address when nobody) has one
 * bucket of each tier. */
enum rate_kind {
    RATE_AUTH,    /* failed authentication, by address */
    RATE_GENERAL, /* calls without credentials, by address */
    RATE_READ,
    RATE_TASK,   /* submissions, cancels, uploads */
    RATE_NODE,   /* registrations and other changes of nodes by their owners */
    RATE_WORKER, /* what a node does with its own signature */
    RATE_KINDS
};

struct api_config {
    const char *listen;   /* "127.0.0.1:3000" */
    const char *data_dir; /* database, blobs, pepper, spool; made when missing */
    unsigned n_threads, connections_max;
    const char *tls_cert_file, *tls_key_file;
    const char *cors_origins;    /* comma-separated; NULL: none */
    const char *keys_dir;        /* for receipts; NULL: "<data_dir>/keys", if it has any */
    enum task_strategy strategy; /* TASK_STRATEGY_DEFAULT: as stored, else weighted */
    int64_t blob_quota_bytes;    /* stored by one user; <= 0: none */
    int64_t sweep_interval_ms;   /* at least this often */
    int64_t drain_ms;            /* for requests under way when stopping */
    bool fast_store;             /* store_options.fast */
    bool rate_limits;
    struct rate_tier tiers[RATE_KINDS];
    struct coord_config coord;
    struct coord_clock clock; /* now_ms NULL: the system's */
};

/* Defaults; then api_config_from_env reads PORT, API_HOST, RATE_LIMIT_<TIER>_RPM and _BURST,
 * CORS_ALLOWED_ORIGINS, NODE_OFFLINE_SWEEP_INTERVAL_SECONDS and the coordinator's variables.
 * VCP_EINVAL names the variable; listen may point into buf. */
void api_config_default(struct api_config *c);
int api_config_from_env(struct api_config *c, char buf[300], struct err *err);

/* VCP_EBUSY: another server runs on this folder.  Strings of config must outlive it. */
int api_server_start(struct api_server **out, const struct api_config *config, struct err *err);
/* Answers what waits, finishes what runs, closes the store.  NULL is legal. */
void api_server_stop(struct api_server *s);
unsigned api_server_port(const struct api_server *s);
/* Nobody has been made a user yet. */
bool api_server_is_new(struct api_server *s);
struct coord *api_server_coord(struct api_server *s);
struct store *api_server_store(struct api_server *s);

/* The first administrator: made directly in the data folder, with or without a server
 * running on it.  key is written once and stored nowhere. */
struct api_bootstrap {
    char user_id[37];
    char api_key[48];
};
int api_bootstrap(struct api_bootstrap *out, const char *data_dir, const char *username,
                  int64_t grant, struct err *err);

#endif
