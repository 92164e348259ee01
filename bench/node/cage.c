/* cage.c - what the cage costs: a task that does nothing in a worker of its own, against the same
 * in this process; and how soon a cancelled run is gone. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "node/cage.h"
#include "node/modules.h"
#include "node/worker.h"

#define RUNS    300
#define CANCELS 30

static struct cage *cage;

static void die(const char *what, const struct err *err)
{
    fprintf(stderr, "%s: %s\n", what, err->msg);
    exit(1);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void print(const char *what, double *ms, size_t n)
{
    qsort(ms, n, sizeof ms[0], compare);
    printf("%-46s median %7.3f ms   90 %% %7.3f ms   most %7.3f ms\n", what, ms[n / 2],
           ms[n * 9 / 10], ms[n - 1]);
}

static void request(struct run_request *job, const char *entry)
{
    static const char *const args[] = {"40", "2"};

    *job = (struct run_request){.module = funcs_module,
                                .module_bytes = sizeof funcs_module,
                                .entry = entry,
                                .args = args,
                                .n_args = strcmp(entry, "add") == 0 ? 2 : 0};
    run_limits_preset(&job->limits, "default", NULL);
}

static double caged(int64_t pause_ms)
{
    struct run_request job;
    struct cage_result r;
    struct err err;
    double ms;

    request(&job, "add");
    if (cage_run(cage, &r, &job, NULL, &err) < 0)
        die("run", &err);
    if (strcmp(r.report.values, "i32:42") != 0)
        exit(1);
    ms = (double)r.wall_ns / 1e6;
    cage_result_release(&r);
    clock_sleep_ms(pause_ms);
    return ms;
}

static double here(void)
{
    struct run_request job;
    struct run_result r = {0};
    struct err err;
    int64_t began = clock_mono_ns();

    request(&job, "add");
    if (run_module(&r, &job, NULL, &err) < 0)
        die("run", &err);
    run_result_release(&r);
    return (double)(clock_mono_ns() - began) / 1e6;
}

static void *spin(void *arg)
{
    struct cage_cancel *cancel = arg;
    struct run_request job;
    struct cage_result r;

    request(&job, "spin");
    job.limits.gas_max = UINT64_MAX / 4;
    if (cage_run(cage, &r, &job, cancel, NULL) != VCP_ECANCELLED)
        exit(1);
    return NULL;
}

static double cancelled(void)
{
    struct cage_cancel cancel;
    pthread_t thread;
    int64_t asked;

    cage_cancel_init(&cancel, NULL);
    pthread_create(&thread, NULL, spin, &cancel);
    clock_sleep_ms(30);
    asked = clock_mono_ns();
    cage_cancel(&cancel);
    pthread_join(thread, NULL);
    cage_cancel_release(&cancel);
    return (double)(clock_mono_ns() - asked) / 1e6;
}

int main(int argc, char **argv)
{
    double ms[RUNS];
    struct err err;
    int i;

    if (argc > 1 && strcmp(argv[1], CAGE_WORKER_ARG) == 0)
        return worker_main();
    if (cage_open(&cage, NULL, &err) < 0)
        die("cage", &err);
    clock_sleep_ms(50);
    for (i = 0; i < RUNS; i++)
        ms[i] = here();
    print("in this process", ms, RUNS);
    for (i = 0; i < RUNS; i++)
        ms[i] = caged(5);
    print("in a worker, a spare one waiting", ms, RUNS);
    for (i = 0; i < RUNS; i++)
        ms[i] = caged(0);
    print("in workers back to back", ms, RUNS);
    for (i = 0; i < CANCELS; i++)
        ms[i] = cancelled();
    print("from cancel to gone", ms, CANCELS);
    cage_free(cage);
    return 0;
}
