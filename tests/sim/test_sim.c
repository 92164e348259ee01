/* test_sim.c - the simulation, with crashes in the process and by kill -9.
 *
 * test_sim [seed [steps]]: replays a seed.  Without one a few fixed seeds and one
 * fresh seed run; what fails prints the seed and the step. */
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/sim.h"
#include "test.h"

static uint64_t steps = 500;
static uint64_t only_seed;
static unsigned kill_rounds = 12;

struct folder {
    char folder[64], path[96];
};

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *f)
{
    (void)st, (void)flag, (void)f;
    return remove(path);
}

static void folder_make(struct folder *f)
{
    strcpy(f->folder, "/tmp/vcp-sim-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/vcp.db", f->folder);
}

static void folder_remove(struct folder *f)
{
    nftw(f->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void need(struct sim *s, int rc)
{
    if (rc < 0)
        fail_msg("%s", s->said);
}

static void run_seed(uint64_t seed)
{
    struct folder f;
    struct sim s;

    folder_make(&f);
    need(&s, sim_open(&s, f.path, seed));
    for (uint64_t i = 0; i < steps; i++) {
        need(&s, sim_step(&s));
        need(&s, sim_check(&s));
    }
    need(&s, sim_drain(&s));
    print_message("seed %llu: %llu steps, %llu tasks, %llu results, %llu receipts, %llu refused,"
                  " %llu crashes, %llu failures of the disk\n",
                  (unsigned long long)seed, (unsigned long long)s.n_steps,
                  (unsigned long long)s.n_submitted, (unsigned long long)s.n_delivered,
                  (unsigned long long)s.n_receipts, (unsigned long long)s.n_refused,
                  (unsigned long long)s.n_crashes, (unsigned long long)s.n_failed_io);
    /* A run in which little happened shows little. */
    assert_true(s.n_submitted > steps / 30 && s.n_delivered > steps / 30);
    assert_true(s.n_receipts > steps / 100);
    sim_close(&s);
    folder_remove(&f);
}

static void the_invariants_hold_whatever_happens(void **state)
{
    uint64_t fresh;

    (void)state;
    if (only_seed) {
        run_seed(only_seed);
        return;
    }
    run_seed(1);
    run_seed(2);
    rng_bytes(&fresh, sizeof fresh);
    run_seed(fresh | 1);
}

/* Plays until killed.  Round by round the seed changes, the database stays. */
static void play_until_killed(const char *path, uint64_t seed, int64_t now_ms, const int p[2])
{
    struct sim s;

    close(p[0]);
    if (sim_open(&s, path, seed) < 0) {
        fprintf(stderr, "%s\n", s.said);
        _exit(2);
    }
    for (s.now_ms = now_ms;;) {
        if (sim_step(&s) < 0) {
            fprintf(stderr, "%s\n", s.said);
            _exit(3);
        }
        if (write(p[1], &s.now_ms, sizeof s.now_ms) != sizeof s.now_ms)
            _exit(4);
    }
}

static void kill_nine_at_random_points_loses_nothing(void **state)
{
    int64_t now_ms = 1000000000, told;
    struct folder f;
    struct prng random;
    uint64_t seed = only_seed;
    struct sim s;

    (void)state;
    if (!seed)
        rng_bytes(&seed, sizeof seed);
    print_message("seed %llu\n", (unsigned long long)seed);
    prng_init(&random, seed);
    folder_make(&f);
    for (unsigned round = 0; round < kill_rounds; round++) {
        int p[2], status;

        assert_int_equal(pipe(p), 0);
        uint64_t round_seed = prng_next(&random);
        pid_t pid = fork();
        if (pid == 0)
            play_until_killed(f.path, round_seed, now_ms, p);
        close(p[1]);
        /* Some steps, so that things happen on any machine, and then any moment. */
        for (uint64_t i = 5 + prng_below(&random, 80);
             i > 0 && read(p[0], &told, sizeof told) == sizeof told; i--)
            now_ms = told;
        usleep((useconds_t)prng_below(&random, 4000));
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        assert_true(WIFSIGNALED(status));
        while (read(p[0], &told, sizeof told) == sizeof told)
            now_ms = told;
        close(p[0]);
        need(&s, sim_open(&s, f.path, round));
        s.now_ms = now_ms;
        need(&s, sim_check(&s));
        sim_close(&s);
    }
    need(&s, sim_open(&s, f.path, 1));
    s.now_ms = now_ms;
    need(&s, sim_drain(&s));
    struct coord_stats st;
    assert_int_equal(coord_stats(s.coord, &st, &s.err), VCP_OK);
    print_message("%u kills, %lld tasks, all ended\n", kill_rounds, (long long)st.total_tasks);
    assert_true(st.total_tasks > kill_rounds);
    sim_close(&s);
    folder_remove(&f);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_invariants_hold_whatever_happens),
        cmocka_unit_test(kill_nine_at_random_points_loses_nothing),
    };

    if (argc > 1)
        only_seed = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        steps = strtoull(argv[2], NULL, 10);
    if (argc > 3)
        kill_rounds = (unsigned)strtoul(argv[3], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
