/* test_wasi_attacks.c - lies about what a program read, found and wrote: the prover runs what suits
 * him, the verifier forms his terms of the claim.  Names as in the review of the design.
 *
 *     test_zkvm_wasi_attacks WORLD.wasm SURROUNDINGS.wasm */
#include "base/file.h"
#include "base/limits.h"
#include "play.h"
#include "zkvm/execution.h"

static struct catalog *chips;
static struct buf small, whole;

/* An honest run, and what the forger's run finds instead: the same until changed. */
struct scene {
    const struct buf *module;
    struct execution_request req;
    struct execution *honest, *forged;
    struct code *code;
    uint8_t bytes[STREAM_INPUT + 1][256]; /* the forger's arguments, environment, input */
    size_t n[STREAM_INPUT + 1];
    uint64_t seed, output_bytes_max;
    struct streams claimed;
    struct play play;
};

static struct scene sc;

static void open_scene(const struct buf *module, const char *entry, const char *arg)
{
    static const char *const env[] = {"HOME=/", "NAME=value=1"};
    static const char input[] = "the quick brown fox jumps over the lazy dog", *args[1];
    struct err e = {0};

    memset(&sc, 0, sizeof sc);
    args[0] = arg;
    sc.module = module;
    sc.req = (struct execution_request){.module = module->data,
                                        .module_bytes = module->len,
                                        .entry = entry,
                                        .args = args,
                                        .n_args = entry ? 0 : 1,
                                        .env = env,
                                        .n_env = 2,
                                        .input = (const uint8_t *)input,
                                        .input_bytes = sizeof input - 1,
                                        .seed = 5};
    assert_ok(run_limits_preset(&sc.req.limits, "default", &e), e);
    sc.req.limits.output_bytes_max = 2000;
    assert_ok(execution_new(&sc.honest, &sc.req, &e), e);
    assert_ok(code_load(&sc.code, module->data, module->len, NULL, &e), e);
    for (unsigned i = 0; i <= STREAM_INPUT; i++) {
        sc.n[i] = sc.honest->streams.of[i].n;
        assert_true(sc.n[i] + 8 <= sizeof sc.bytes[i]);
        if (sc.n[i])
            memcpy(sc.bytes[i], sc.honest->streams.of[i].data, sc.n[i]);
    }
    sc.seed = sc.req.seed;
    sc.output_bytes_max = sc.req.limits.output_bytes_max;
}

static void close_scene(void)
{
    play_release(&sc.play);
    execution_free(sc.honest);
    execution_free(sc.forged);
    code_free(sc.code);
}

static size_t split(const char *out[], enum stream which)
{
    size_t n = 0;

    for (size_t i = 0; i < sc.n[which]; i += strlen(out[n]) + 1, n += 1)
        out[n] = (const char *)sc.bytes[which] + i;
    return n;
}

/* The forger runs in his world; he claims what came of it, but the honest world. */
static void run(void)
{
    struct execution_request req = sc.req;
    const char *args[8], *env[8];
    struct statement claim;
    struct err e = {0};

    req.args = args, req.n_args = split(args, STREAM_ARGUMENTS);
    req.env = env, req.n_env = split(env, STREAM_ENVIRONMENT);
    req.input = sc.bytes[STREAM_INPUT], req.input_bytes = sc.n[STREAM_INPUT];
    req.seed = sc.seed;
    req.limits.output_bytes_max = sc.output_bytes_max;
    assert_ok(execution_new(&sc.forged, &req, &e), e);
    claim = sc.forged->statement;
    claim.arguments = sc.honest->statement.arguments;
    claim.environment = sc.honest->statement.environment;
    claim.input = sc.honest->statement.input;
    claim.seed = sc.req.seed;
    claim.output_bytes_max = sc.req.limits.output_bytes_max;
    sc.claimed = sc.forged->streams;
    memcpy(sc.claimed.of, sc.honest->streams.of, (STREAM_INPUT + 1) * sizeof *sc.claimed.of);
    play_open_run(&sc.play, sc.code, &claim, &sc.forged->statement, &sc.forged->streams);
    assert_ok(play_trace(&sc.play, chips, &e), e);
}

static struct statement_stream *digest_of(struct statement *s, enum stream which)
{
    struct statement_stream *const of[STREAMS] = {&s->arguments, &s->environment, &s->input,
                                                  &s->output, &s->error_output};

    return of[which];
}

static void claim_stream(enum stream which, const void *p, size_t n)
{
    sc.claimed.of[which] = (struct stream_bytes){p, n};
    statement_stream_set(digest_of(&sc.play.s, which), p, n);
}

/* What the verifier says to the rows, the claim in play.s and its streams. */
static int verdict(struct err *e)
{
    struct program *verifiers;
    int rc = program_new(&verifiers, sc.code, &sc.play.s, &sc.claimed, e);

    if (rc == VCP_OK) {
        rc = play_check(&sc.play, verifiers, e);
        program_free(verifiers);
    }
    return rc;
}

static void refused(const char *word)
{
    struct err e = {0};

    assert_err(verdict(&e), VCP_EVERIFY, e, word);
}

static void accepted(void)
{
    struct err e = {0};

    assert_ok(verdict(&e), e);
}

static void honest_runs_are_accepted(void **state)
{
    static const char *const entries[] = {"copy",  "chance", "strings", "leave",
                                          "flood", "close",  "edge",    "wait"};

    (void)state;
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
        open_scene(&small, entries[i], NULL);
        run();
        accepted();
        close_scene();
    }
    open_scene(&whole, NULL, "x");
    run();
    accepted();
    close_scene();
}

/* ---- I1: input ---- */

static void I1_two_words_of_input_exchanged(void **state)
{
    (void)state;
    open_scene(&whole, NULL, "c");
    memcpy(sc.bytes[STREAM_INPUT], sc.req.input + 4, 4);
    memcpy(sc.bytes[STREAM_INPUT] + 4, sc.req.input, 4);
    run();
    refused("MEM");
    close_scene();
}

static void I1_a_word_of_input_twice(void **state)
{
    (void)state;
    open_scene(&whole, NULL, "c");
    memcpy(sc.bytes[STREAM_INPUT] + 8, sc.req.input + 4, 4);
    run();
    refused("MEM");
    close_scene();
}

/* The word after the last: the claim's input ends before. */
static void I1_a_read_at_the_length(void **state)
{
    struct statement_lists lists;

    (void)state;
    open_scene(&whole, NULL, "c");
    memcpy(sc.bytes[STREAM_INPUT] + sc.n[STREAM_INPUT], "!more", 5);
    sc.n[STREAM_INPUT] += 5;
    run();
    refused("more was read than there is");
    lists = sc.play.end.lists;
    sc.play.end.lists.world_words[WORLD_INPUT] = 11; /* 43 bytes */
    assert_int_equal(lists.world_words[WORLD_INPUT], 12);
    refused("MEM");
    close_scene();
}

static void I1_a_length_that_is_not_the_inputs(void **state)
{
    (void)state;
    open_scene(&whole, NULL, "c");
    sc.n[STREAM_INPUT] = 20;
    run();
    refused("MEM");
    close_scene();
}

/* The lists may only say how much the verifier is to send. */
static void I1_other_numbers_of_words(void **state)
{
    (void)state;
    open_scene(&whole, NULL, "x");
    run();
    accepted();
    for (unsigned t = 0; t < WORLD_TAPES; t++) {
        uint32_t n = sc.play.end.lists.world_words[t];

        assert_true(n > 0);
        sc.play.end.lists.world_words[t] = n - 1;
        refused("MEM");
        sc.play.end.lists.world_words[t] = n + 1;
        refused(t == WORLD_RANDOM ? "MEM" : "more was read than there is");
        sc.play.end.lists.world_words[t] = UINT32_MAX;
        if (t != WORLD_RANDOM)
            refused("more was read than there is");
        sc.play.end.lists.world_words[t] = n;
    }
    accepted();
    close_scene();
}

static void I1_a_tape_without_end_is_cut(void **state)
{
    const uint32_t random = (uint32_t)WORLD_RANDOM << WORLD_TAPE_BITS;
    struct world *w;
    uint32_t word;

    (void)state;
    open_scene(&small, "chance", NULL);
    w = &sc.honest->program->world;
    assert_true(world_word(&word, w, random + ZKVM_RANDOM_WORDS_MAX - 1));
    assert_false(world_word(&word, w, random + ZKVM_RANDOM_WORDS_MAX));
    assert_false(world_word(&word, w, (uint32_t)WORLD_TAPES << WORLD_TAPE_BITS));
    close_scene();
}

/* ---- I2: output ---- */

static uint8_t edited[1024];

static size_t edit(enum stream which)
{
    const struct stream_bytes *s = &sc.forged->streams.of[which];

    memcpy(edited, s->data, s->n);
    return s->n;
}

static void I2_output_permuted_dropped_doubled_and_changed(void **state)
{
    size_t n;

    (void)state;
    open_scene(&small, "copy", NULL);
    run();
    for (enum stream which = STREAM_OUTPUT; which <= STREAM_ERROR; which++) {
        n = edit(which);
        assert_true(n >= 18 && n % 4);
        memmove(edited + 4, edited, 4), memcpy(edited, sc.forged->streams.of[which].data + 4, 4);
        claim_stream(which, edited, n);
        refused("OUTPUT");
        edit(which);
        claim_stream(which, edited, n - 4); /* a word short */
        refused("OUTPUT");
        memcpy(edited + n, edited + n - 4, 4); /* one more */
        claim_stream(which, edited, n + 4);
        refused("OUTPUT");
        claim_stream(which, edited, n - 1); /* less of the last word */
        refused("MEM");
        edited[n - 1] ^= 1;
        claim_stream(which, edited, n);
        refused("MEM");
        edit(which);
        edited[5] ^= 1;
        claim_stream(which, edited, n);
        refused("OUTPUT");
        claim_stream(which, edited, 0);
        refused("OUTPUT");
        claim_stream(which, sc.forged->streams.of[which].data, n);
        accepted();
    }
    close_scene();
}

static void I2_output_of_the_other_descriptor(void **state)
{
    (void)state;
    open_scene(&small, "copy", NULL);
    run();
    claim_stream(STREAM_OUTPUT, sc.forged->streams.of[STREAM_ERROR].data,
                 sc.forged->streams.of[STREAM_ERROR].n);
    claim_stream(STREAM_ERROR, sc.forged->streams.of[STREAM_OUTPUT].data,
                 sc.forged->streams.of[STREAM_OUTPUT].n);
    refused("OUTPUT");
    close_scene();
}

/* Rows of the words themselves: one left out, one twice, two exchanged. */
static void I2_rows_that_write_words(void **state)
{
    struct play_row *a, *b, kept;
    fr t;

    (void)state;
    open_scene(&small, "copy", NULL);
    run();
    a = play_row(&sc.play, "move_out", 0);
    b = play_row(&sc.play, "move_out", 1);
    kept = *a;
    *a = *b;
    refused("OUTPUT");
    *a = kept;
    accepted();
    /* The number of the word: a row that writes another would have to read it. */
    for (uint32_t i = 0; i < a->chip->n_stage1; i++) {
        t = a->wires[i];
        fr_add(&a->wires[i], &a->wires[i], &fr_one);
        refused("");
        a->wires[i] = t;
    }
    accepted();
    close_scene();
}

/* Every wire of every row that only WASI has. */
static void no_wire_of_these_rows_may_change(void **state)
{
    static const char *const names[] = {
        "move_in", "move_in done", "move_out",    "move_out done", "write_word",
        "tape",    "special.get",  "special.set", "charge",        "exit"};
    unsigned n = 0;

    (void)state;
    for (int part = 0; part < 2; part++) {
        open_scene(&small, part ? "leave" : "copy", NULL);
        run();
        for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
            struct play_row *row = NULL;

            for (uint32_t i = 0; i < sc.play.n && !row; i++)
                if (strcmp(sc.play.rows[i].chip->name, names[k]) == 0)
                    row = &sc.play.rows[i];
            for (uint32_t i = 0; row && i < row->chip->n_stage1; i++, n++) {
                fr old = row->wires[i];

                fr_add(&row->wires[i], &row->wires[i], &fr_one);
                refused("");
                row->wires[i] = old;
            }
        }
        close_scene();
    }
    assert_true(n > 100);
}

static void I2_the_time_of_the_last_touch(void **state)
{
    struct statement_lists *l = &sc.play.end.lists;

    (void)state;
    open_scene(&small, "copy", NULL);
    run();
    assert_true(l->output_time > 0 && l->error_time > l->output_time);
    l->output_time--;
    refused("MEM");
    l->output_time = 0;
    refused("MEM");
    l->output_time = BUS_PORTS * l->clock_end;
    refused("after the run's end");
    close_scene();
}

/* ---- I3: the exit code ---- */

static void I3_another_exit_code(void **state)
{
    (void)state;
    open_scene(&small, "leave", NULL);
    run();
    assert_int_equal(sc.play.s.status, RUN_EXIT);
    assert_int_equal(sc.play.s.exit_code, -7);
    sc.play.s.exit_code = -8;
    refused("STATE");
    sc.play.s.exit_code = 0;
    refused("STATE");
    sc.play.s.status = RUN_OK;
    refused("STATE");
    close_scene();
}

static void I3_an_exit_of_a_program_that_returns(void **state)
{
    (void)state;
    open_scene(&whole, NULL, "c");
    run();
    sc.play.s.status = RUN_EXIT;
    refused("STATE");
    close_scene();
}

/* ---- I4, C9: what the host says ---- */

static void I4_random_numbers_and_time_of_another_seed(void **state)
{
    (void)state;
    open_scene(&small, "chance", NULL);
    sc.seed = 6;
    run();
    refused("MEM");
    sc.play.s.seed = 6; /* then he must say so */
    accepted();
    close_scene();
}

static void C9_other_strings(void **state)
{
    (void)state;
    open_scene(&whole, NULL, "x");
    sc.bytes[STREAM_ARGUMENTS][0] = 'y';
    run();
    refused("MEM");
    close_scene();
    open_scene(&small, "strings", NULL);
    sc.bytes[STREAM_ENVIRONMENT][5] = '~';
    run();
    refused("MEM");
    close_scene();
    open_scene(&small, "strings", NULL);
    sc.n[STREAM_ENVIRONMENT] = 7; /* the first alone */
    run();
    refused("MEM");
    close_scene();
}

/* Two words where the claim has one: the same bytes, begun elsewhere. */
static void C9_strings_divided_otherwise(void **state)
{
    (void)state;
    open_scene(&small, "strings", NULL);
    sc.bytes[STREAM_ENVIRONMENT][4] = 0;
    run();
    refused("more was read than there is");
    sc.play.end.lists.world_words[WORLD_ENV_AT] = 3;
    refused("MEM");
    close_scene();
}

static void C9_other_state_at_the_beginning(void **state)
{
    (void)state;
    open_scene(&whole, NULL, "x");
    for (uint32_t cell = CELL_WORLD; cell < SPECIAL_CELLS; cell++) {
        struct err e = {0};

        play_open_run(&sc.play, sc.code, &sc.honest->statement, &sc.honest->statement,
                      &sc.honest->streams);
        sc.claimed = sc.honest->streams;
        sc.play.p->specials[cell] += cell == CELL_CLOSED ? 8 : 1;
        if (play_trace(&sc.play, chips, &e) == VCP_OK) /* or he cannot even run */
            refused("MEM");
        play_release(&sc.play);
    }
    close_scene();
}

static void C9_more_output_than_the_limit(void **state)
{
    (void)state;
    open_scene(&small, "flood", NULL);
    sc.output_bytes_max = 2500;
    run();
    assert_int_equal(sc.play.s.trap, TRAP_HOST);
    assert_int_equal(sc.claimed.of[STREAM_ERROR].n, 2500 / 33 * 33);
    refused("MEM");
    sc.play.s.output_bytes_max = 2500; /* then he must say so */
    accepted();
    close_scene();
}

/* ---- G: bytes that were moved ---- */

static void G1_bytes_charged(void **state)
{
    struct statement_lists l;
    struct play_row *row;

    (void)state;
    open_scene(&small, "copy", NULL);
    run();
    l = sc.play.end.lists;
    sc.play.s.gas_used--;
    refused("its gas is not that of its rows");
    sc.play.end.lists.gas_rows--;
    refused("GAS");
    row = play_row(&sc.play, "charge", 0);
    fr_sub(play_wire(row, "old value", 0), play_wire(row, "old value", 0), &fr_one);
    refused("MEM");
    sc.play.end.lists = l;
    close_scene();
}

/* ---- what cannot be ---- */

static void streams_that_no_run_has(void **state)
{
    struct err e = {0};

    (void)state;
    open_scene(&small, "strings", NULL);
    run();
    claim_stream(STREAM_ENVIRONMENT, "A=1", 3);
    assert_err(verdict(&e), VCP_EVERIFY, e, "has no end");
    claim_stream(STREAM_ENVIRONMENT, sc.honest->streams.of[STREAM_ENVIRONMENT].data,
                 sc.honest->streams.of[STREAM_ENVIRONMENT].n);
    claim_stream(STREAM_ARGUMENTS, "x", 2);
    assert_err(verdict(&e), VCP_EVERIFY, e, "arguments of a command");
    claim_stream(STREAM_ARGUMENTS, "", 0);
    accepted();
    sc.claimed.of[STREAM_INPUT].n--;
    assert_err(verdict(&e), VCP_EVERIFY, e, "the input is 42 bytes, the statement says 43");
    close_scene();
}

static int setup(void **state)
{
    (void)state;
    return (chips = catalog_new()) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    catalog_free(chips);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(honest_runs_are_accepted),
        cmocka_unit_test(I1_two_words_of_input_exchanged),
        cmocka_unit_test(I1_a_word_of_input_twice),
        cmocka_unit_test(I1_a_read_at_the_length),
        cmocka_unit_test(I1_a_length_that_is_not_the_inputs),
        cmocka_unit_test(I1_other_numbers_of_words),
        cmocka_unit_test(I1_a_tape_without_end_is_cut),
        cmocka_unit_test(I2_output_permuted_dropped_doubled_and_changed),
        cmocka_unit_test(I2_output_of_the_other_descriptor),
        cmocka_unit_test(I2_rows_that_write_words),
        cmocka_unit_test(I2_the_time_of_the_last_touch),
        cmocka_unit_test(I3_another_exit_code),
        cmocka_unit_test(I3_an_exit_of_a_program_that_returns),
        cmocka_unit_test(I4_random_numbers_and_time_of_another_seed),
        cmocka_unit_test(C9_other_strings),
        cmocka_unit_test(C9_strings_divided_otherwise),
        cmocka_unit_test(C9_other_state_at_the_beginning),
        cmocka_unit_test(C9_more_output_than_the_limit),
        cmocka_unit_test(G1_bytes_charged),
        cmocka_unit_test(no_wire_of_these_rows_may_change),
        cmocka_unit_test(streams_that_no_run_has),
    };
    struct err err;

    if (argc != 3 || file_read(&small, argv[1], 1 << 20, &err) < 0 ||
        file_read(&whole, argv[2], 1 << 20, &err) < 0)
        return 2;
    return cmocka_run_group_tests(tests, setup, teardown);
}
