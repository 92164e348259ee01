/* Real modules in real worker processes: what they come to, and what becomes of those that do
 * not end. */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "node/cage.h"
#include "node/jail.h"
#include "node/modules.h"
#include "node/worker.h"
#include "test.h"

static struct cage *cage;

static int open_cage(void **state)
{
    struct err err;

    (void)state;
    return cage_open(&cage, NULL, &err);
}

static int free_cage(void **state)
{
    (void)state;
    cage_free(cage);
    return 0;
}

static void funcs(struct run_request *job, const char *entry, const char *const *args, size_t n)
{
    *job = (struct run_request){.module = funcs_module,
                                .module_bytes = sizeof funcs_module,
                                .entry = entry,
                                .args = args,
                                .n_args = n};
    assert_int_equal(run_limits_preset(&job->limits, "strict", NULL), VCP_OK);
}

static void echo(struct run_request *job, const void *input, size_t n)
{
    *job = (struct run_request){.module = echo_module,
                                .module_bytes = sizeof echo_module,
                                .input = input,
                                .input_bytes = n};
    assert_int_equal(run_limits_preset(&job->limits, "default", NULL), VCP_OK);
}

static void an_exported_function_returns_its_values(void **state)
{
    static const char *const args[] = {"40", "2"};
    struct run_request job;
    struct cage_result r;
    struct err err;

    (void)state;
    funcs(&job, "add", args, 2);
    assert_ok(cage_run(cage, &r, &job, NULL, &err), err);
    assert_false(r.report.refused);
    assert_int_equal(r.report.status, RUN_OK);
    assert_string_equal(r.report.values, "i32:42");
    assert_int_equal(r.output.len, 4);
    assert_memory_equal(r.output.data, "\x2a\0\0\0", 4);
    assert_true(r.report.gas_used > 0 && r.report.process_bytes_peak > 100000);
    assert_true((r.walls & (JAIL_LIMITS | JAIL_SECCOMP)) == (JAIL_LIMITS | JAIL_SECCOMP));
    cage_result_release(&r);
    funcs(&job, "two", NULL, 0);
    assert_ok(cage_run(cage, &r, &job, NULL, &err), err);
    assert_string_equal(r.report.values, "i64:-5 f64:0.5");
    cage_result_release(&r);
}

static void a_command_reads_and_writes_megabytes(void **state)
{
    size_t i, n = 5 << 20;
    uint8_t *input = malloc(n);
    struct run_request job;
    struct cage_result r;
    struct err err;

    (void)state;
    for (i = 0; i < n; i++)
        input[i] = (uint8_t)(i * 2654435761u >> 13);
    echo(&job, input, n);
    assert_ok(cage_run(cage, &r, &job, NULL, &err), err);
    assert_string_equal(r.report.message, "");
    assert_int_equal(r.output.len, n);
    assert_memory_equal(r.output.data, input, n);
    cage_result_release(&r);
    free(input);
}

static void output_stops_at_its_limit(void **state)
{
    static char input[8192];
    struct run_request job;
    struct cage_result r;
    struct err err;

    (void)state;
    echo(&job, input, sizeof input);
    job.limits.output_bytes_max = 1000;
    assert_ok(cage_run(cage, &r, &job, NULL, &err), err);
    assert_true(r.output.len <= 1000);
    cage_result_release(&r);
}

static void outcomes_are_reported(void **state)
{
    static const char *const three[] = {"3"};
    static const struct {
        const char *entry;
        size_t n_args;
        enum run_status status;
        const char *trap;
    } cases[] = {
        {"trap", 0, RUN_TRAP, "unreachable"},
        {"exit", 1, RUN_EXIT, ""},
        {"spin", 0, RUN_OUT_OF_GAS, ""},
    };
    struct run_request job;
    struct cage_result r;
    struct err err;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        funcs(&job, cases[i].entry, three, cases[i].n_args);
        job.limits.gas_max = 100000;
        assert_ok(cage_run(cage, &r, &job, NULL, &err), err);
        assert_int_equal(r.report.status, cases[i].status);
        assert_string_equal(r.report.trap, cases[i].trap);
        if (cases[i].status == RUN_EXIT)
            assert_int_equal(r.report.exit_code, 3);
        if (cases[i].status == RUN_OUT_OF_GAS)
            assert_int_equal(r.report.gas_used, 100000);
        cage_result_release(&r);
    }
}

static void what_cannot_run_is_refused_with_a_sentence(void **state)
{
    struct run_request job;
    struct cage_result r;
    struct err err;

    (void)state;
    funcs(&job, "no_such_function", NULL, 0);
    assert_ok(cage_run(cage, &r, &job, NULL, &err), err);
    assert_true(r.report.refused);
    assert_non_null(strstr(r.report.message, "no_such_function"));
    cage_result_release(&r);
    funcs(&job, "trap", NULL, 0);
    job.module_bytes = 20;
    assert_ok(cage_run(cage, &r, &job, NULL, &err), err);
    assert_true(r.report.refused && r.report.message[0]);
    cage_result_release(&r);
    job.module_bytes = (size_t)WASM_MODULE_BYTES_MAX + 1;
    assert_err(cage_run(cage, &r, &job, NULL, &err), VCP_ELIMIT, err, "module");
}

static void a_task_may_use_all_its_memory_and_no_more(void **state)
{
    static const char *const most[] = {"16383"}, *const more[] = {"16384"};
    struct run_request job;
    struct cage_result r;
    struct err err;

    (void)state;
    funcs(&job, "grow", most, 1);
    job.limits.memory_bytes_max = 16384ull << 16; /* 1 GiB, of which one page is there already */
    assert_ok(cage_run(cage, &r, &job, NULL, &err), err);
    assert_string_equal(r.report.values, "i32:1");
    assert_true(r.report.memory_bytes_peak == 16384ull << 16);
    assert_true(r.report.process_bytes_peak >= 16383ull * 4096);
    cage_result_release(&r);
    job.args = more;
    assert_ok(cage_run(cage, &r, &job, NULL, &err), err);
    assert_string_equal(r.report.values, "i32:-1");
    cage_result_release(&r);
}

static void time_is_up_when_it_is_up(void **state)
{
    struct run_request job;
    struct cage_result r;
    struct err err;
    int64_t began = clock_mono_ns();

    (void)state;
    funcs(&job, "spin", NULL, 0);
    job.limits.timeout_ms = 100;
    job.limits.gas_max = UINT64_MAX / 4;
    assert_ok(cage_run(cage, &r, &job, NULL, &err), err);
    assert_int_equal(r.report.status, RUN_TIMEOUT);
    assert_true(clock_mono_ns() - began < 1000000000);
    cage_result_release(&r);
}

/* ---- from another thread ---- */

struct background {
    struct run_request job;
    struct cage_result r;
    struct cage_cancel cancel;
    struct err err;
    int rc;
    int64_t ended_ns;
};

static void *run_in_background(void *arg)
{
    struct background *b = arg;

    b->rc = cage_run(cage, &b->r, &b->job, &b->cancel, &b->err);
    b->ended_ns = clock_mono_ns();
    return NULL;
}

static pthread_t start_spin(struct background *b)
{
    pthread_t thread;

    memset(b, 0, sizeof *b);
    funcs(&b->job, "spin", NULL, 0);
    b->job.limits.gas_max = UINT64_MAX / 4;
    assert_ok(cage_cancel_init(&b->cancel, &b->err), b->err);
    assert_int_equal(pthread_create(&thread, NULL, run_in_background, b), 0);
    while (cage_worker_pid(cage) < 0)
        clock_sleep_ms(1);
    clock_sleep_ms(100);
    return thread;
}

static void a_cancelled_run_ends_at_once(void **state)
{
    struct background b;
    pthread_t thread = start_spin(&b);
    int64_t asked = clock_mono_ns();

    (void)state;
    cage_cancel(&b.cancel);
    pthread_join(thread, NULL);
    assert_err(b.rc, VCP_ECANCELLED, b.err, "cancelled");
#ifndef VCP_SANITIZED
    assert_true(b.ended_ns - asked < 50000000); /* 10 ms on a machine that is not busy */
#else
    (void)asked;
#endif
    cage_cancel_release(&b.cancel);
}

static void a_killed_worker_is_a_failure_with_its_reason(void **state)
{
    struct background b;
    pthread_t thread = start_spin(&b);

    (void)state;
    assert_int_equal(kill(cage_worker_pid(cage), SIGKILL), 0);
    pthread_join(thread, NULL);
    assert_err(b.rc, VCP_EIO, b.err, "signal 9");
    cage_cancel_release(&b.cancel);
    outcomes_are_reported(state); /* and the next one runs */
}

/* The parent of a worker, from /proc/PID/stat. */
static pid_t parent_of(pid_t pid)
{
    char path[64], text[256] = "";
    int parent = -1;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    f = fopen(path, "r");
    if (f && fgets(text, sizeof text, f) && strrchr(text, ')'))
        sscanf(strrchr(text, ')'), ") %*c %d", &parent);
    if (f)
        fclose(f);
    return parent;
}

/* Neither gone nor a zombie that waits for its new parent. */
static bool is_alive(pid_t pid)
{
    char path[64], text[256] = "", state = 'Z';
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    f = fopen(path, "r");
    if (!f)
        return false;
    if (fgets(text, sizeof text, f) && strrchr(text, ')'))
        sscanf(strrchr(text, ')'), ") %c", &state);
    fclose(f);
    return state != 'Z' && state != 'X';
}

static void a_killed_keeper_takes_its_workers_along_and_is_replaced(void **state)
{
    struct background b;
    pthread_t thread = start_spin(&b);
    pid_t worker = cage_worker_pid(cage), keeper = parent_of(worker);
    int i;

    (void)state;
    assert_true(keeper > 0 && keeper != getpid());
    assert_int_equal(kill(keeper, SIGKILL), 0);
    pthread_join(thread, NULL);
    assert_int_equal(b.rc, VCP_EIO);
    cage_cancel_release(&b.cancel);
    for (i = 0; i < 500 && is_alive(worker); i++)
        clock_sleep_ms(10);
    assert_true(i < 500);
    outcomes_are_reported(state);
}

/* The agent's death, by whatever cause, is its workers' death: nobody computes for nobody. */
static void a_killed_agent_leaves_no_worker_behind(void **state)
{
    int pipe_fds[2], i;
    pid_t agent, worker = -1;

    (void)state;
    assert_int_equal(pipe(pipe_fds), 0);
    agent = fork();
    assert_true(agent >= 0);
    if (agent == 0) {
        char arg[] = "--spin", *argv[] = {arg, NULL}, *envp[] = {NULL};

        dup2(pipe_fds[1], STDOUT_FILENO);
        execve("/proc/self/exe", argv, envp);
        _exit(1);
    }
    close(pipe_fds[1]);
    assert_int_equal(read(pipe_fds[0], &worker, sizeof worker), sizeof worker);
    assert_true(worker > 0 && kill(worker, 0) == 0);
    assert_int_equal(kill(agent, SIGKILL), 0);
    assert_int_equal(waitpid(agent, NULL, 0), agent);
    for (i = 0; i < 500 && is_alive(worker); i++)
        clock_sleep_ms(10);
    assert_true(i < 500);
    close(pipe_fds[0]);
}

/* The agent of the test above: runs something endless and tells the worker's pid. */
static int spin_and_tell(void)
{
    struct background b;
    pthread_t thread;
    int32_t pid;

    if (open_cage(NULL) < 0)
        return 1;
    thread = start_spin(&b);
    pid = cage_worker_pid(cage);
    if (write(STDOUT_FILENO, &pid, sizeof pid) != (ssize_t)sizeof pid)
        return 1;
    pthread_join(thread, NULL);
    return 0;
}

#define THREADS 4
static void *run_many(void *arg)
{
    static const char *const args[] = {"7", "8"};
    int i, *failures = arg;

    for (i = 0; i < 25; i++) {
        struct run_request job;
        struct cage_result r;
        struct err err;

        funcs(&job, "add", args, 2);
        if (cage_run(cage, &r, &job, NULL, &err) < 0 || strcmp(r.report.values, "i32:15") != 0)
            ++*failures;
        else
            cage_result_release(&r);
    }
    return NULL;
}

static void one_cage_serves_many_threads(void **state)
{
    pthread_t threads[THREADS];
    int failures[THREADS] = {0}, i;

    (void)state;
    for (i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, run_many, &failures[i]);
    for (i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (i = 0; i < THREADS; i++)
        assert_int_equal(failures[i], 0);
}

static size_t open_descriptors(void)
{
    DIR *d = opendir("/proc/self/fd");
    size_t n = 0;

    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n;
}

static void no_descriptor_is_lost(void **state)
{
    size_t before;

    outcomes_are_reported(state);
    before = open_descriptors();
    outcomes_are_reported(state);
    what_cannot_run_is_refused_with_a_sentence(state);
    assert_int_equal(open_descriptors(), before);
}

static void the_cage_tells_its_walls(void **state)
{
    unsigned walls = 0;
    struct err err;

    (void)state;
    assert_ok(cage_check(cage, &walls, &err), err);
    assert_true(walls & JAIL_LIMITS && walls & JAIL_SECCOMP);
}

static void a_program_that_is_not_there_is_named(void **state)
{
    struct cage *c = NULL;
    struct err err;

    (void)state;
    assert_err(cage_open(&c, "/no/such/program", &err), VCP_EIO, err, "/no/such/program");
    assert_null(c);
}

/* A program that is no keeper ends, and the run says so instead of hanging. */
static void a_program_that_is_no_keeper_is_an_error(void **state)
{
    struct run_request job;
    struct cage_result r;
    struct cage *c = NULL;
    struct err err;

    (void)state;
    if (cage_open(&c, "/bin/false", &err) < 0)
        return;
    funcs(&job, "trap", NULL, 0);
    assert_true(cage_run(c, &r, &job, NULL, &err) < 0);
    cage_free(c);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_exported_function_returns_its_values),
        cmocka_unit_test(a_command_reads_and_writes_megabytes),
        cmocka_unit_test(output_stops_at_its_limit),
        cmocka_unit_test(outcomes_are_reported),
        cmocka_unit_test(what_cannot_run_is_refused_with_a_sentence),
        cmocka_unit_test(a_task_may_use_all_its_memory_and_no_more),
        cmocka_unit_test(time_is_up_when_it_is_up),
        cmocka_unit_test(a_cancelled_run_ends_at_once),
        cmocka_unit_test(a_killed_worker_is_a_failure_with_its_reason),
        cmocka_unit_test(a_killed_keeper_takes_its_workers_along_and_is_replaced),
        cmocka_unit_test(a_killed_agent_leaves_no_worker_behind),
        cmocka_unit_test(one_cage_serves_many_threads),
        cmocka_unit_test(no_descriptor_is_lost),
        cmocka_unit_test(the_cage_tells_its_walls),
        cmocka_unit_test(a_program_that_is_not_there_is_named),
        cmocka_unit_test(a_program_that_is_no_keeper_is_an_error),
    };

    if (argc > 1 && strcmp(argv[1], CAGE_WORKER_ARG) == 0)
        return worker_main();
    if (strcmp(argv[0], "--spin") == 0)
        return spin_and_tell();
    return cmocka_run_group_tests(tests, open_cage, free_cage);
}
