/* Real proofs in real caged processes: what is proven, what is refused, and how it is stopped. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attest/claim.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "node/cage.h"
#include "node/jail.h"
#include "node/worker.h"
#include "test.h"
#include "zkvm/keys.h"

static const char *keys_dir;
static struct buf module;
static struct keyring ring;
static struct cage *cage;

static const struct task_limits task_limits = {64 << 20, 10000, 1000000000, 1024, 1 << 20};

static void fib(struct cage_prove *job, const char *const *n)
{
    *job = (struct cage_prove){.keys_dir = keys_dir};
    job->job = (struct wire_prove){
        .memory_bytes_max = 700u << 20, .threads = 2, .timeout_ms = 120000};
    job->job.run = (struct run_request){
        .module = module.data, .module_bytes = module.len, .entry = "fib", .args = n, .n_args = 1};
    claim_limits(&job->job.run.limits, &task_limits);
    claim_context(job->job.context, "task", "lease", "node");
}

/* What the coordinator would say to it. */
static int verify(const struct cage_proof *p, const char *n, const char *values, uint64_t gas,
                  const char *node, struct err *err)
{
    const char *const args[] = {n};
    struct task_inputs inputs = {.entry = "fib", .args = args, .n_args = 1};
    struct outcome o = {.status = OUTCOME_OK, .gas_used = gas, .output_bytes = 4};
    uint32_t value = (uint32_t)strtoul(values + 4, NULL, 10);
    const uint8_t output[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                               (uint8_t)(value >> 24)};

    struct claim c = {.task_id = "task",
                      .lease_id = "lease",
                      .node_id = node,
                      .inputs = &inputs,
                      .limits = &task_limits,
                      .outcome = &o,
                      .module = {module.data, module.len},
                      .output = {output, 4}};
    snprintf(o.values, sizeof o.values, "%s", values);
    sha3_256(o.output_sha3, output, sizeof output);
    sha3_256(o.error_sha3, "", 0);
    return claim_verify(&c, p->receipt.data, p->receipt.len, &ring, NULL, err);
}

static uint64_t fib_6_gas; /* as a run says; it depends on the compiler of the module */

static void a_run_is_proven_behind_all_walls(void **state)
{
    static const char *const args[] = {"6"};
    struct cage_prove job;
    struct cage_proof p;
    struct err err = {0};

    (void)state;
    /* More than once: what a thread does at its birth must not meet the filter. */
    for (int i = 0; i < 3; i++) {
        fib(&job, args);
        job.job.threads = 1 + (uint32_t)i * 2;
        assert_ok(cage_prove(cage, &p, &job, NULL, &err), err);
        assert_string_equal(p.report.message, "");
        assert_int_equal(p.report.status, PROOF_MADE);
        assert_true((p.walls & (JAIL_LIMITS | JAIL_SECCOMP)) == (JAIL_LIMITS | JAIL_SECCOMP));
        assert_true(p.report.n_proofs > 0 && p.report.process_bytes_peak > 1000000);
        assert_ok(verify(&p, "6", "i32:8", fib_6_gas, "node", &err), err);
        cage_proof_release(&p);
    }
}

static void a_receipt_serves_one_node_one_run_and_its_true_outcome(void **state)
{
    static const char *const args[] = {"6"};
    struct cage_prove job;
    struct cage_proof p;
    struct err err = {0};

    (void)state;
    fib(&job, args);
    assert_ok(cage_prove(cage, &p, &job, NULL, &err), err);
    assert_err(verify(&p, "6", "i32:8", fib_6_gas, "thief", &err), VCP_EVERIFY, err, "the context");
    assert_err(verify(&p, "7", "i32:8", fib_6_gas, "node", &err), VCP_EVERIFY, err, "an argument");
    assert_err(verify(&p, "6", "i32:9", fib_6_gas, "node", &err), VCP_EVERIFY, err, "a result");
    assert_err(verify(&p, "6", "i32:8", fib_6_gas + 1, "node", &err), VCP_EVERIFY, err, "gas");
    p.receipt.data[p.receipt.len - 40] ^= 1;
    assert_err(verify(&p, "6", "i32:8", fib_6_gas, "node", &err), VCP_EVERIFY, err, "");
    cage_proof_release(&p);
}

static void what_no_key_has_room_for_is_a_clear_refusal(void **state)
{
    static const char *const args[] = {"100"};
    struct cage_prove job;
    struct cage_proof p;
    struct err err = {0};

    (void)state;
    fib(&job, args);
    job.job.run.entry = "primes";
    assert_ok(cage_prove(cage, &p, &job, NULL, &err), err);
    assert_int_equal(p.report.status, PROOF_UNSUPPORTED);
    assert_true(strlen(p.report.message) > 10);
    assert_int_equal(p.receipt.len, 0);
    cage_proof_release(&p);
}

static void a_ceiling_of_memory_is_kept(void **state)
{
    static const char *const args[] = {"12"};
    struct cage_prove job;
    struct cage_proof p;
    struct err err = {0};

    (void)state;
    fib(&job, args);
    job.job.memory_bytes_max = 1 << 20;
    assert_ok(cage_prove(cage, &p, &job, NULL, &err), err);
    assert_int_equal(p.report.status, PROOF_TOO_LARGE);
    cage_proof_release(&p);
}

static void keys_that_are_not_there_are_an_error(void **state)
{
    static const char *const args[] = {"6"};
    struct cage_prove job;
    struct cage_proof p;
    struct err err = {0};

    (void)state;
    fib(&job, args);
    job.keys_dir = "/nonexistent";
    assert_err(cage_prove(cage, &p, &job, NULL, &err), VCP_EIO, err, "/nonexistent");
    job.keys_dir = TEST_BINARY_DIR "/CMakeFiles"; /* a folder without keys */
    assert_err(cage_prove(cage, &p, &job, NULL, &err), VCP_EDENIED, err, "no profiles");
}

static void a_proof_ends_at_its_deadline(void **state)
{
    static const char *const args[] = {"22"};
    struct cage_prove job;
    struct cage_proof p;
    struct err err = {0};
    int64_t began = clock_mono_ns();

    (void)state;
    fib(&job, args);
    job.job.timeout_ms = 400;
    assert_err(cage_prove(cage, &p, &job, NULL, &err), VCP_ETIMEOUT, err, "in time");
    assert_true(clock_mono_ns() - began < 5000000000);
}

/* ---- stopping ---- */

struct stop {
    struct cage_cancel cancel;
    int64_t asked_ns;
    int pid;
};

static void cancel_at_first_progress(void *arg, const char *stage, unsigned permille)
{
    struct stop *s = arg;

    (void)stage, (void)permille;
    s->pid = cage_worker_pid(cage);
    s->asked_ns = clock_mono_ns();
    cage_cancel(&s->cancel);
}

static void cancelling_stops_a_proof_at_once(void **state)
{
    static const char *const args[] = {"16"};
    struct cage_prove job;
    struct cage_proof p;
    struct err err = {0};
    struct stop s = {.pid = -1};
    int64_t best = INT64_MAX;

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_ok(cage_cancel_init(&s.cancel, &err), err);
        fib(&job, args);
        job.progress = cancel_at_first_progress;
        job.progress_arg = &s;
        assert_err(cage_prove(cage, &p, &job, &s.cancel, &err), VCP_ECANCELLED, err, "cancelled");
        if (clock_mono_ns() - s.asked_ns < best)
            best = clock_mono_ns() - s.asked_ns;
        cage_cancel_release(&s.cancel);
        for (int tries = 0; kill(s.pid, 0) == 0 && tries < 500; tries++)
            clock_sleep_ms(10);
        assert_int_equal(kill(s.pid, 0), -1);
    }
    assert_true(best < 100000000); /* whatever the load: nothing is waited for */
}

static void kill_prover(void *arg, const char *stage, unsigned permille)
{
    (void)arg, (void)stage, (void)permille;
    kill(cage_worker_pid(cage), SIGKILL);
}

static void a_killed_prover_is_explained(void **state)
{
    static const char *const args[] = {"16"};
    struct cage_prove job;
    struct cage_proof p;
    struct err err = {0};

    (void)state;
    fib(&job, args);
    job.progress = kill_prover;
    assert_err(cage_prove(cage, &p, &job, NULL, &err), VCP_EIO, err, "signal 9");
}

static int setup(void **state)
{
    struct err err = {0};

    static const char *const args[] = {"6"};
    struct cage_result r;
    struct cage_prove job;

    (void)state;
    fib(&job, args);
    if (cage_open(&cage, NULL, &err) < 0 || keyring_open(&ring, keys_dir, NULL, 0, &err) < 0 ||
        cage_run(cage, &r, &job.job.run, NULL, &err) < 0)
        return -1;
    fib_6_gas = r.report.gas_used;
    cage_result_release(&r);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    keyring_release(&ring);
    cage_free(cage);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_is_proven_behind_all_walls),
        cmocka_unit_test(a_receipt_serves_one_node_one_run_and_its_true_outcome),
        cmocka_unit_test(what_no_key_has_room_for_is_a_clear_refusal),
        cmocka_unit_test(a_ceiling_of_memory_is_kept),
        cmocka_unit_test(keys_that_are_not_there_are_an_error),
        cmocka_unit_test(a_proof_ends_at_its_deadline),
        cmocka_unit_test(cancelling_stops_a_proof_at_once),
        cmocka_unit_test(a_killed_prover_is_explained),
    };
    struct err err = {0};

    if (argc > 1 && strcmp(argv[1], CAGE_WORKER_ARG) == 0)
        return worker_main();
    if (argc < 3) {
        fprintf(stderr, "usage: %s KEYS_DIRECTORY numbers.wasm\n", argv[0]);
        return 2;
    }
    keys_dir = argv[1];
    buf_init(&module, 0);
    if (file_read(&module, argv[2], WASM_MODULE_BYTES_MAX, &err) < 0) {
        fprintf(stderr, "%s\n", err.msg);
        return 2;
    }
    return cmocka_run_group_tests(tests, setup, teardown);
}
