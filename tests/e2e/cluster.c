#include "cluster.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "store/ledger.h"
#include "test.h"

#define UP_MS_MAX   30000 /* a loaded machine and a sanitizer */
#define DOWN_MS_MAX 30000
#define PIDS_MAX    4096

const char *cluster_ambient, *cluster_modules, *cluster_keys;

int cluster_main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: %s AMBIENT EXAMPLES_DIRECTORY [KEYS_DIRECTORY]\n", argv[0]);
        return 2;
    }
    cluster_ambient = argv[1];
    cluster_modules = argv[2];
    cluster_keys = argc > 3 ? argv[3] : NULL;
    signal(SIGPIPE, SIG_IGN);
    return 0;
}

/* --- processes --- */

pid_t cluster_spawn(struct cluster *c, const char *log, const char *key, const char *const *argv)
{
    char path[600];
    pid_t pid;

    snprintf(path, sizeof path, "%s/%s.log", c->dir, log);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
        int null = open("/dev/null", O_RDONLY);

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(null, 0);
        dup2(fd, 1);
        dup2(fd, 2);
        setenv("AMBIENT_API_KEY", key ? key : "", 1);
        setenv("AMBIENT_CONFIG", "/nonexistent", 1);
        unsetenv("AMBIENT_SERVER");
        execv(cluster_ambient, (char *const *)argv);
        _exit(127);
    }
    return pid;
}

static void reap_killed(pid_t *pid)
{
    if (*pid > 0) {
        kill(*pid, SIGKILL);
        waitpid(*pid, NULL, 0);
    }
    *pid = 0;
}

/* SIGTERM must end it with exit code 0. */
static void stop_politely(struct cluster *c, pid_t *pid, const char *what)
{
    int64_t begun = clock_mono_ns();
    int status = 0;

    if (*pid <= 0)
        return;
    kill(*pid, SIGTERM);
    while (waitpid(*pid, &status, WNOHANG) == 0) {
        if (clock_mono_ns() - begun > DOWN_MS_MAX * 1000000ll) {
            reap_killed(pid);
            fail_msg("%s does not end on SIGTERM; see %s/%s.log", what, c->dir, what);
        }
        clock_sleep_ms(5);
    }
    *pid = 0;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("%s ended with status 0x%x; see %s/%s.log", what, status, c->dir, what);
}

/* --- shell --- */

int cluster_run(struct cluster *c, const char *key, const char *line, struct buf *out,
                struct buf *said)
{
    char command[4096], err_path[600], chunk[8192];
    struct err err = {0};
    size_t n;
    FILE *p;
    int status;

    snprintf(err_path, sizeof err_path, "%s/said", c->dir);
    snprintf(command, sizeof command,
             "AMBIENT_CONFIG=/nonexistent AMBIENT_SERVER=%s AMBIENT_API_KEY=%s '%s' %s 2>'%s' "
             "</dev/null",
             c->url, key ? key : "", cluster_ambient, line, err_path);
    p = popen(command, "r");
    assert_non_null(p);
    if (out)
        buf_clear(out);
    while ((n = fread(chunk, 1, sizeof chunk, p)) > 0)
        if (out)
            buf_put(out, chunk, n);
    status = pclose(p);
    if (said) {
        buf_clear(said);
        assert_ok(file_read(said, err_path, 1 << 20, &err), err);
    }
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static json_t *run_json(struct cluster *c, const char *key, const char *line)
{
    struct buf out, said;
    struct err err = {0};
    json_t *v = NULL;
    int rc;

    buf_init(&out, 0);
    buf_init(&said, 0);
    rc = cluster_run(c, key, line, &out, &said);
    if (rc != 0)
        fail_msg("ambient %s: exit %d: %s", line, rc, buf_str(&said));
    assert_ok(json_parse(&v, buf_str(&out), out.len, &err), err);
    buf_release(&out);
    buf_release(&said);
    return v;
}

/* --- the server --- */

static void copy_key(char out[CLUSTER_KEY_BYTES], json_t *v)
{
    snprintf(out, CLUSTER_KEY_BYTES, "%s", json_string_value(json_object_get(v, "api_key")));
    assert_true(strlen(out) > 10);
    json_decref(v);
}

/* The port of the last "listening on http://127.0.0.1:PORT" of the log, or 0. */
static int logged_port(struct cluster *c)
{
    static const char words[] = "listening on http://127.0.0.1:";
    char path[600];
    struct buf text;
    int port = 0;

    snprintf(path, sizeof path, "%s/server.log", c->dir);
    buf_init(&text, 0);
    if (file_read(&text, path, 64 << 20, NULL) == VCP_OK)
        for (const char *p = buf_str(&text); (p = strstr(p, words)); p += sizeof words)
            port = atoi(p + sizeof words - 1);
    buf_release(&text);
    return port;
}

static bool server_answers(struct cluster *c)
{
    return cluster_call(c, NULL, "GET", "/ready", NULL, NULL, NULL) == 200;
}

static void connect_to(struct cluster *c)
{
    struct err err = {0};

    http_client_free(c->http);
    snprintf(c->url, sizeof c->url, "http://127.0.0.1:%d", c->port);
    assert_ok(http_client_new(&c->http, c->url, NULL, &err), err);
}

void cluster_server_start(struct cluster *c)
{
    int64_t begun = clock_mono_ns();
    char data[600], listen[64];
    const char *argv[] = {"ambient",    "server", "--data",          data,
                          "--listen",   listen,   "--no-rate-limit", cluster_keys ? "--keys" : NULL,
                          cluster_keys, NULL};

    snprintf(data, sizeof data, "%s/data", c->dir);
    snprintf(listen, sizeof listen, "127.0.0.1:%d", c->port);
    c->server = cluster_spawn(c, "server", NULL, argv);
    for (;;) {
        if (!c->port && (c->port = logged_port(c)))
            connect_to(c);
        if (c->port && server_answers(c))
            return;
        if (waitpid(c->server, NULL, WNOHANG) != 0 ||
            clock_mono_ns() - begun > UP_MS_MAX * 1000000ll)
            fail_msg("the server does not come up; see %s/server.log", c->dir);
        clock_sleep_ms(5);
    }
}

void cluster_server_kill(struct cluster *c)
{
    reap_killed(&c->server);
}

void cluster_start(struct cluster *c, const char *name, long grant)
{
    char line[1024];
    struct err err = {0};

    memset(c, 0, sizeof *c);
    snprintf(c->dir, sizeof c->dir, "%s/%s-XXXXXX", TEST_BINARY_DIR, name);
    assert_non_null(mkdtemp(c->dir));
    snprintf(line, sizeof line, "%s/data", c->dir);
    assert_ok(file_make_dirs(line, &err), err);
    snprintf(line, sizeof line, "server bootstrap --data '%s/data' --username admin --json",
             c->dir);
    copy_key(c->admin_key, run_json(c, NULL, line));
    cluster_server_start(c);
    snprintf(line, sizeof line, "account create-user client --grant %ld --json", grant);
    copy_key(c->client_key, run_json(c, c->admin_key, line));
}

void cluster_end(struct cluster *c)
{
    for (int i = 0; i < c->n_nodes; i++)
        stop_politely(c, &c->nodes[i].pid, c->nodes[i].name);
    stop_politely(c, &c->server, "server");
    http_client_free(c->http);
    http_reply_release(&c->reply);
}

void cluster_remove(struct cluster *c)
{
    char command[700];

    snprintf(command, sizeof command, "rm -rf '%s'", c->dir);
    if (*c->dir && system(command) != 0)
        fprintf(stderr, "%s could not be removed\n", c->dir);
}

/* --- nodes --- */

void cluster_node_start(struct cluster *c, int i)
{
    struct cluster_node *n = &c->nodes[i];
    char state[600];
    const char *argv[24] = {
        "ambient",       "node",  "--server",     c->url,   "--state",     state,
        "--node-id",     n->name, "--slots",      "2",      "--heartbeat", "500ms",
        "--max-latency", "60s",   "--max-errors", "100000", "--bandwidth", "1000"};
    int used = 18;

    if (n->dishonest)
        argv[used++] = "--dishonest";
    if (n->proves)
        argv[used++] = "--prove";
    if (n->forge) {
        argv[used++] = "--dishonest-receipts";
        argv[used++] = n->forge;
    }
    snprintf(state, sizeof state, "%s/%s", c->dir, n->name);
    n->pid = cluster_spawn(c, n->name, n->owner_key, argv);
}

void cluster_node_kill(struct cluster *c, int i)
{
    reap_killed(&c->nodes[i].pid);
}

void cluster_node_stop(struct cluster *c, int i)
{
    stop_politely(c, &c->nodes[i].pid, c->nodes[i].name);
}

static void wait_for_node(struct cluster *c, const char *node, bool proves)
{
    int64_t begun = clock_mono_ns();
    char path[128];

    snprintf(path, sizeof path, "/nodes/%s", node);
    for (;;) {
        json_t *v = NULL;
        int status = cluster_call(c, c->client_key, "GET", path, NULL, NULL, &v);
        const char *s = json_string_value(json_object_get(v, "status"));
        bool online = status == 200 && s && !strcmp(s, "online") &&
                      json_is_number(json_object_get(v, "health_score")) &&
                      (!proves || json_is_true(json_object_get(v, "proves")));

        json_decref(v);
        if (online)
            return;
        if (clock_mono_ns() - begun > UP_MS_MAX * 1000000ll)
            fail_msg("node %s does not come online (%d); see %s/%s.log", node, status, c->dir,
                     node);
        clock_sleep_ms(10);
    }
}

void cluster_wait_online(struct cluster *c, const char *node)
{
    wait_for_node(c, node, false);
}

static void add_node(struct cluster *c, const char *owner, bool dishonest, bool proves,
                     const char *forge)
{
    struct cluster_node *n = &c->nodes[c->n_nodes];
    char line[128];

    assert_true(c->n_nodes < CLUSTER_NODES_MAX);
    memset(n, 0, sizeof *n);
    snprintf(n->name, sizeof n->name, "%s-1", owner);
    n->dishonest = dishonest;
    n->proves = proves;
    n->forge = forge;
    snprintf(line, sizeof line, "account create-user %s --json", owner);
    copy_key(n->owner_key, run_json(c, c->admin_key, line));
    cluster_node_start(c, c->n_nodes++);
    wait_for_node(c, n->name, proves);
}

void cluster_add_node(struct cluster *c, const char *owner, bool dishonest)
{
    add_node(c, owner, dishonest, false, NULL);
}

void cluster_add_prover(struct cluster *c, const char *owner, const char *forge)
{
    add_node(c, owner, false, true, forge);
}

/* The parent of a process, 0 when it is gone. */
static pid_t parent_of(pid_t pid)
{
    char path[64], text[512];
    int parent = 0;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    f = fopen(path, "r");
    if (!f)
        return 0;
    if (fgets(text, sizeof text, f)) {
        char *close = strrchr(text, ')'); /* the name may hold anything */

        if (!close || sscanf(close + 1, " %*c %d", &parent) != 1)
            parent = 0;
    }
    fclose(f);
    return parent;
}

static bool descends(pid_t pid, pid_t ancestor)
{
    for (int depth = 0; depth < 16 && pid > 1; depth++) {
        pid = parent_of(pid);
        if (pid == ancestor)
            return true;
    }
    return false;
}

bool cluster_worker_kill(struct cluster *c, int i, unsigned long long random)
{
    pid_t found[PIDS_MAX];
    size_t n = 0;
    struct dirent *e;
    DIR *d;

    if (c->nodes[i].pid <= 0)
        return false;
    d = opendir("/proc");
    assert_non_null(d);
    while ((e = readdir(d)) && n < PIDS_MAX) {
        pid_t pid = atoi(e->d_name);

        if (pid > 0 && descends(pid, c->nodes[i].pid))
            found[n++] = pid;
    }
    closedir(d);
    return n && kill(found[random % n], SIGKILL) == 0;
}

/* --- calls --- */

int cluster_call(struct cluster *c, const char *key, const char *method, const char *path,
                 json_t *body, const char *idempotency_key, json_t **out)
{
    struct http_header headers[2] = {{"X-API-Key", key ? key : ""},
                                     {"Idempotency-Key", idempotency_key}};
    char full[512], *text = body ? json_text(body) : NULL;
    struct http_call call = {.method = method,
                             .path = full,
                             .content_type = text ? "application/json" : NULL,
                             .body = text,
                             .body_bytes = text ? strlen(text) : 0,
                             .headers = headers + !key,
                             .n_headers = (size_t)(!!key + !!idempotency_key),
                             .timeout_ms = 40000};
    int rc;

    assert_true(key || !idempotency_key);
    snprintf(full, sizeof full, "/api/v1%s", path);
    rc = http_client_call(c->http, &call, &c->reply, NULL);
    free(text);
    if (rc < 0)
        return 0;
    if (out && json_parse(out, buf_str(&c->reply.body), c->reply.body.len, NULL) < 0)
        *out = NULL;
    return c->reply.status;
}

void cluster_module(struct buf *out, const char *name)
{
    char path[1024];
    struct err err = {0};

    snprintf(path, sizeof path, "%s/%s", cluster_modules, name);
    buf_init(out, 0);
    assert_ok(file_read(out, path, 16 << 20, &err), err);
}

void cluster_upload(struct cluster *c, const char *name, char sha3[65])
{
    struct http_header key = {"X-API-Key", c->client_key};
    uint8_t digest[SHA3_256_BYTES];
    char path[128];
    struct buf module;
    struct http_call call = {.method = "PUT",
                             .path = path,
                             .content_type = "application/octet-stream",
                             .headers = &key,
                             .n_headers = 1};

    cluster_module(&module, name);
    sha3_256(digest, module.data, module.len);
    hex_encode(sha3, digest, sizeof digest);
    snprintf(path, sizeof path, "/api/v1/modules/%s", sha3);
    call.body = module.data;
    call.body_bytes = module.len;
    assert_int_equal(http_client_call(c->http, &call, &c->reply, NULL), VCP_OK);
    assert_in_range(c->reply.status, 200, 204);
    buf_release(&module);
}

/* --- the books --- */

static void find_database(struct cluster *c, char out[700])
{
    char dir[600];
    struct dirent *e;
    DIR *d;

    snprintf(dir, sizeof dir, "%s/data", c->dir);
    d = opendir(dir);
    assert_non_null(d);
    *out = '\0';
    while ((e = readdir(d))) {
        size_t n = strlen(e->d_name);

        if (n > 3 && (!strcmp(e->d_name + n - 3, ".db") || strstr(e->d_name, ".sqlite")) &&
            !strstr(e->d_name, "-wal") && !strstr(e->d_name, "-shm"))
            snprintf(out, 700, "%s/%s", dir, e->d_name);
    }
    closedir(d);
    assert_true(*out);
}

void cluster_check_ledger(struct cluster *c)
{
    struct ledger_report report;
    struct store *store = NULL;
    struct store_tx *tx = NULL;
    struct err err = {0};
    char path[700];
    json_t *account = NULL;

    assert_int_equal(cluster_call(c, c->client_key, "GET", "/account", NULL, NULL, &account), 200);
    assert_int_equal(json_integer_value(json_object_get(account, "escrow")), 0);
    json_decref(account);
    find_database(c, path);
    assert_ok(store_open(&store, path, NULL, &err), err);
    assert_ok(store_begin_read(store, &tx, &err), err);
    assert_ok(ledger_check(tx, &report, &err), err);
    store_rollback(tx);
    store_free(store);
}
