/* server.c - starting in the order of dependence, stopping in the reverse. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/auth.h"
#include "api/sweeper.h"
#include "api/users.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "store/users.h"

int64_t api_now_ms(const struct api_server *api)
{
    return api->config.clock.now_ms ? api->config.clock.now_ms(api->config.clock.arg)
                                    : clock_wall_ms();
}

static int path_in(char out[4096], const char *dir, const char *name, struct err *err)
{
    return snprintf(out, 4096, "%s/%s", dir, name) < 4096
               ? VCP_OK
               : err_set(err, VCP_EINVAL, "%s: the path is too long", dir);
}

/* ---- the coordinator's news ---- */

static void work_ready(void *arg, const char *node_id)
{
    struct api_server *api = arg;
    char key[96];

    snprintf(key, sizeof key, "node:%s", node_id);
    if (api->http)
        http_server_wake(api->http, key);
}

static void task_changed(void *arg, const char *task_id, bool ended)
{
    struct api_server *api = arg;
    char key[96];

    snprintf(key, sizeof key, "task:%s", task_id);
    if (ended && api->http)
        http_server_wake(api->http, key);
}

static void lease_over(void *arg, const char *node_id)
{
    struct api_server *api = arg;
    char key[96];

    snprintf(key, sizeof key, "watch:%s", node_id);
    if (api->http)
        http_server_wake(api->http, key);
}

/* ---- starting ---- */

static int make_folders(struct api_server *s, struct err *err)
{
    int rc;

    if ((rc = file_make_dirs(s->config.data_dir, err)) < 0 ||
        (rc = path_in(s->spool_dir, s->config.data_dir, "spool", err)) < 0)
        return rc;
    return file_make_dirs(s->spool_dir, err);
}

/* As many readers as threads that may want one. */
static unsigned reader_count(const struct api_config *c)
{
    unsigned n = c->n_threads ? c->n_threads : 8;

    return n < STORE_READERS_MAX ? n : STORE_READERS_MAX;
}

static int open_store(struct api_server *s, struct err *err)
{
    struct store_options o = {.n_readers = reader_count(&s->config), .fast = s->config.fast_store};
    char path[4096];
    int rc = path_in(path, s->config.data_dir, "ambient.db", err);

    return rc < 0 ? rc : store_open(&s->store, path, &o, err);
}

static int open_proofs(struct api_server *s, struct err *err)
{
    char path[4096];
    int rc;

    if (s->config.keys_dir)
        return proofs_open(&s->proofs, s->config.keys_dir, true, err);
    rc = path_in(path, s->config.data_dir, "keys", err);
    return rc < 0 ? rc : proofs_open(&s->proofs, path, false, err);
}

static int open_coord(struct api_server *s, struct err *err)
{
    struct coord_hooks hooks = {s, work_ready, task_changed, lease_over};
    const struct coord_clock *clock = s->config.clock.now_ms ? &s->config.clock : NULL;
    int rc;

    s->config.coord.verifier = proofs_verifier(&s->proofs);
    rc = coord_open(&s->coord, s->store, &s->config.coord, clock, &hooks, err);
    if (rc == VCP_OK && s->config.strategy != TASK_STRATEGY_DEFAULT)
        rc = coord_set_strategy(s->coord, s->config.strategy, err);
    return rc;
}

static int start_http(struct api_server *s, struct err *err)
{
    struct http_server_config c = {.listen = s->config.listen,
                                   .n_threads = s->config.n_threads,
                                   .connections_max = s->config.connections_max,
                                   .spool_dir = s->spool_dir,
                                   .tls_cert_file = s->config.tls_cert_file,
                                   .tls_key_file = s->config.tls_key_file};

    dispatch_app(&c.app, s);
    return http_server_start(&s->http, &c, err);
}

int api_server_start(struct api_server **out, const struct api_config *config, struct err *err)
{
    struct api_server *s = calloc(1, sizeof *s);
    int rc;

    if (!s)
        return err_set(err, VCP_ENOMEM, "no memory for the server");
    s->config = *config;
    modules_init(&s->modules);
    s->rate = rate_new(config->tiers);
    if (!s->rate) {
        rc = err_set(err, VCP_ENOMEM, "no memory for the server");
        goto fail;
    }
    if ((rc = make_folders(s, err)) < 0 ||
        (rc = auth_pepper_load(s->pepper, config->data_dir, err)) < 0 ||
        (rc = open_proofs(s, err)) < 0 || (rc = open_store(s, err)) < 0 ||
        (rc = open_coord(s, err)) < 0 || (rc = start_http(s, err)) < 0 ||
        (rc = sweeper_start(&s->sweeper, s, err)) < 0)
        goto fail;
    *out = s;
    return VCP_OK;
fail:
    api_server_stop(s);
    return rc;
}

void api_server_stop(struct api_server *s)
{
    if (!s)
        return;
    sweeper_stop(s->sweeper);
    http_server_stop(s->http, s->config.drain_ms);
    coord_free(s->coord);
    store_free(s->store);
    rate_free(s->rate);
    modules_release(&s->modules);
    proofs_release(&s->proofs);
    free(s);
}

unsigned api_server_port(const struct api_server *s)
{
    return http_server_port(s->http);
}

bool api_server_is_new(struct api_server *s)
{
    struct store_tx *tx;
    int64_t n = 1;

    if (store_begin_read(s->store, &tx, NULL) < 0)
        return false;
    if (store_user_count(tx, &n, NULL) < 0)
        n = 1;
    store_rollback(tx);
    return n == 0;
}

struct coord *api_server_coord(struct api_server *s)
{
    return s->coord;
}

struct store *api_server_store(struct api_server *s)
{
    return s->store;
}

/* ---- the first administrator ---- */

int api_bootstrap(struct api_bootstrap *out, const char *data_dir, const char *username,
                  int64_t grant, struct err *err)
{
    struct new_user u = {.username = username,
                         .role = "admin",
                         .scopes = "tasks:read,tasks:write,nodes:read,nodes:write,admin",
                         .grant = grant};
    uint8_t pepper[API_PEPPER_BYTES];
    struct store *store = NULL;
    char path[4096];
    int rc;

    if ((rc = user_name_check(username, err)) < 0 || (rc = file_make_dirs(data_dir, err)) < 0 ||
        (rc = path_in(path, data_dir, "ambient.db", err)) < 0 ||
        (rc = auth_pepper_load(pepper, data_dir, err)) < 0 ||
        (rc = store_open(&store, path, NULL, err)) < 0)
        return rc;
    rc = user_create(store, &u, pepper, "bootstrap", clock_wall_ms(), err);
    store_free(store);
    if (rc == VCP_EEXIST)
        return err_set(err, rc, "there is already a user %s", username);
    if (rc < 0)
        return rc;
    memcpy(out->user_id, u.user_id, sizeof out->user_id);
    memcpy(out->api_key, u.api_key, sizeof u.api_key);
    return VCP_OK;
}
