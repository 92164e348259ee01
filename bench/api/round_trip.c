/* round_trip.c - one task over loopback: submit, lease, result, wait; alone and many at once.
 *
 * The server runs in this process; the nodes are threads that hold a long poll and
 * deliver a signed outcome at once, so what is measured is the server and HTTP, not the
 * sandbox.  Each round trip checks that the task completed. */
#include "fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"

#define NODES_MAX   2000
#define CLIENTS_MAX 16

static struct api_test *t;
static struct user owner, submitter;
static char module_sha3[SHA3_256_HEX_BYTES];
static atomic_bool stopping;

struct worker {
    pthread_t thread;
    struct node node;
};

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    struct tester *x = tester_new(t);

    while (!atomic_load(&stopping)) {
        json_t *lease = node_lease(x, &w->node, 20000);

        if (lease && node_deliver(x, &w->node, lease, "seven") != 200)
            fprintf(stderr, "deliver: %d %s\n", x->status, buf_str(&x->reply.body));
        json_decref(lease);
    }
    tester_free(x);
    return NULL;
}

struct client {
    pthread_t thread;
    int n;
    double *ms;
};

/* One round trip in milliseconds; stops the program when the task did not complete. */
static double round_trip(struct tester *x)
{
    char *body = submission(module_sha3, "\"budget\": 1, ");
    int64_t start = clock_mono_ns();
    char id[64];

    call(x, submitter.key, "POST", "/api/v1/tasks", body);
    expect(x, 201, NULL);
    snprintf(id, sizeof id, "%s", str(x, "task_id"));
    callf(x, submitter.key, "GET", NULL, "/api/v1/tasks/%s?wait_ms=20000", id);
    expect(x, 200, NULL);
    if (strcmp(str(x, "status"), "completed") != 0) {
        fprintf(stderr, "task %s is %s\n", id, str(x, "status"));
        exit(1);
    }
    free(body);
    return (double)(clock_mono_ns() - start) * 1e-6;
}

static void *client_main(void *arg)
{
    struct client *c = arg;
    struct tester *x = tester_new(t);
    int i;

    for (i = 0; i < c->n; i++)
        c->ms[i] = round_trip(x);
    tester_free(x);
    return NULL;
}

static int compare(const void *a, const void *b)
{
    double d = *(const double *)a - *(const double *)b;

    return d < 0 ? -1 : d > 0;
}

/* Of the whole process: server, nodes and clients; little touched by other load. */
static double cpu_s(void)
{
    struct rusage r;

    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
           (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1e-6;
}

static void run(int n_clients, int n_each)
{
    static struct client clients[CLIENTS_MAX];
    int n = n_clients * n_each, i;
    double *ms = calloc((size_t)n, sizeof ms[0]), s, cpu = cpu_s();
    int64_t start = clock_mono_ns();

    for (i = 0; i < n_clients; i++) {
        clients[i] = (struct client){.n = n_each, .ms = ms + i * n_each};
        pthread_create(&clients[i].thread, NULL, client_main, &clients[i]);
    }
    for (i = 0; i < n_clients; i++)
        pthread_join(clients[i].thread, NULL);
    s = (double)(clock_mono_ns() - start) * 1e-9;
    cpu = cpu_s() - cpu;
    qsort(ms, (size_t)n, sizeof ms[0], compare);
    printf("%2d at once: median %6.2f ms, 95 %% %6.2f, 99 %% %6.2f, worst %6.2f; %5.0f tasks/s, "
           "%.2f ms CPU each\n",
           n_clients, ms[n / 2], ms[n * 95 / 100], ms[n * 99 / 100], ms[n - 1], n / s,
           cpu / n * 1e3);
    free(ms);
}

static void durable(struct api_config *c)
{
    c->fast_store = false;
}

static void bench(bool fast, int n_nodes)
{
    static struct worker workers[NODES_MAX];
    char name[16];
    int i;

    t = api_test_start(fast ? NULL : durable);
    t->unchecked = true;
    atomic_store(&stopping, false);
    user_make(&owner, t->main, "owner", 0);
    user_make(&submitter, t->main, "submitter", 1000000);
    strcpy(module_sha3, module_put(t->main, &submitter, module_f, module_f_bytes));
    for (i = 0; i < n_nodes; i++) {
        snprintf(name, sizeof name, "n%d", i);
        node_make(&workers[i].node, t->main, &owner, name);
        node_heartbeat(t->main, &workers[i].node);
        pthread_create(&workers[i].thread, NULL, worker_main, &workers[i]);
    }
    clock_sleep_ms(100);
    printf("%d nodes waiting, %s\n", n_nodes,
           fast ? "synchronous=NORMAL (--fast)" : "synchronous=FULL (the default)");
    run(1, 300);
    run(4, 100);
    run(16, 50);
    atomic_store(&stopping, true);
    api_server_stop(t->server); /* answers the polls */
    for (i = 0; i < n_nodes; i++)
        pthread_join(workers[i].thread, NULL);
    t->server = NULL;
    api_test_stop(t);
}

int main(int argc, char **argv)
{
    int n_nodes = argc > 1 ? atoi(argv[1]) : 8;

    if (n_nodes < 1 || n_nodes > NODES_MAX) {
        fprintf(stderr, "usage: %s [NODES]   (1 to %d)\n", argv[0], NODES_MAX);
        return 2;
    }
    bench(false, n_nodes);
    bench(true, n_nodes);
    return 0;
}
