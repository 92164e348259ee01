/* test_args.c - the command line: what is understood, what is refused and with which words. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "cli/args.h"

static const struct option options[] = {
    {.name = "entry", .letter = 'e', .kind = OPTION_TEXT, .metavar = "NAME", .help = "h"},
    {.name = "env", .kind = OPTION_LIST, .metavar = "N=V", .help = "h"},
    {.name = "gas", .letter = 'g', .kind = OPTION_INT, .metavar = "N", .help = "h"},
    {.name = "memory", .kind = OPTION_SIZE, .metavar = "SIZE", .fallback = "64M", .help = "h"},
    {.name = "timeout", .kind = OPTION_DURATION, .metavar = "TIME", .help = "h"},
    {.name = "ratio", .kind = OPTION_REAL, .metavar = "R", .help = "h", .env = "TEST_ARGS_RATIO"},
    {.name = "limits", .kind = OPTION_CHOICE, .metavar = "P", .choices = "a|bc", .help = "h"},
    {.name = "json", .letter = 'j', .kind = OPTION_FLAG, .help = "h"},
    {.name = "quiet", .letter = 'q', .kind = OPTION_FLAG, .help = "h"},
    OPTION_END,
};

static const struct command command = {
    .name = "try", .operands = "FILE...", .operands_max = 3, .options = options};

#define MAX_WORDS 16

/* The words of a line, split at blanks. */
static int parse(struct args *a, const struct command *c, const char *line, struct err *err)
{
    static char copy[512];
    char *words[MAX_WORDS], *save;
    int n = 0;

    snprintf(copy, sizeof copy, "%s", line);
    for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
        words[n++] = w;
    return args_parse(a, c, n, words, err);
}

static void options_and_operands_mix(void **state)
{
    struct args a;
    struct err e = {0};
    size_t n;

    (void)state;
    assert_ok(parse(&a, &command, "f --entry main -5 -jq --env=A=1 --env B=2 -g10M x", &e), e);
    assert_int_equal(a.n_operands, 3);
    assert_string_equal(a.operands[0], "f");
    assert_string_equal(a.operands[1], "-5");
    assert_string_equal(a.operands[2], "x");
    assert_string_equal(args_text(&a, "entry"), "main");
    assert_true(args_flag(&a, "json"));
    assert_true(args_flag(&a, "quiet"));
    assert_int_equal(args_int(&a, "gas", 0), 10000000);
    assert_string_equal(args_list(&a, "env", &n)[1], "B=2");
    assert_int_equal(n, 2);
    args_release(&a);
}

static void two_dashes_end_the_options(void **state)
{
    struct args a;
    struct err e = {0};

    (void)state;
    assert_ok(parse(&a, &command, "f -- --entry -x", &e), e);
    assert_int_equal(a.n_operands, 3);
    assert_string_equal(a.operands[1], "--entry");
    assert_null(args_text(&a, "entry"));
    args_release(&a);
}

static void defaults_and_environment_fill_in(void **state)
{
    struct args a;
    struct err e = {0};

    (void)state;
    setenv("TEST_ARGS_RATIO", "0.25", 1);
    assert_ok(parse(&a, &command, "", &e), e);
    assert_int_equal(args_bytes(&a, "memory", 0), 64 << 20);
    assert_false(args_given(&a, "memory"));
    assert_true(args_real(&a, "ratio", 0) == 0.25);
    assert_int_equal(args_ms(&a, "timeout", 7), 7);
    args_release(&a);
    assert_ok(parse(&a, &command, "--ratio 2", &e), e);
    assert_true(args_real(&a, "ratio", 0) == 2);
    args_release(&a);
    setenv("TEST_ARGS_RATIO", "much", 1);
    assert_err(parse(&a, &command, "", &e), VCP_EINVAL, e, "TEST_ARGS_RATIO");
    unsetenv("TEST_ARGS_RATIO");
}

static void mistakes_are_named(void **state)
{
    static const struct {
        const char *line, *words;
    } cases[] = {
        {"--entri x", "did you mean --entry"},
        {"--jsno", "did you mean --json"},
        {"--tim 3", "did you mean --timeout"},
        {"--completely-else", "there is no option --completely-else"},
        {"-x", "no option -x"},
        {"-jx", "no option -x"},
        {"--entry", "--entry wants a value"},
        {"-e", "-e wants a value"},
        {"--json=1", "takes no value"},
        {"--gas many", "'many' is not a whole number"},
        {"--gas 1.5", "not a whole number"},
        {"--gas 99999999999999999999", "not a whole number"},
        {"--gas 10000000000G", "not a whole number"},
        {"--memory 5X", "is not a size"},
        {"--memory -5", "is not a size"},
        {"--timeout 5y", "is not a duration"},
        {"--ratio 1e999", "is not a number"},
        {"--ratio nan", "is not a number"},
        {"--limits b", "not one of a|bc"},
        {"--limits a|bc", "not one of a|bc"},
        {"a b c d", "'d' is one argument too many"},
    };
    struct args a;
    struct err e = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_err(parse(&a, &command, cases[i].line, &e), VCP_EINVAL, e, cases[i].words);
}

static void numbers_take_their_units(void **state)
{
    static const struct {
        const char *text;
        int64_t bytes, ms;
    } cases[] = {
        {"0", 0, 0},           {"10", 10, 10000},   {"1.5K", 1536, -1}, {"2G", 2ll << 30, -1},
        {"1MiB", 1 << 20, -1}, {"250ms", -1, 250},  {"1.5s", -1, 1500}, {"2m", -1, 120000},
        {"1h", -1, 3600000},   {"0.0001s", -1, -1}, {"", -1, -1},       {"K", -1, -1},
        {"1 K", -1, -1},       {"+1", -1, -1},      {"0x10", -1, -1},
    };
    int64_t v;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool bytes = args_parse_bytes(&v, cases[i].text);

        assert_int_equal(bytes ? v : -1, cases[i].bytes);
        assert_int_equal(args_parse_ms(&v, cases[i].text) ? v : -1, cases[i].ms);
    }
    assert_true(args_parse_int(&v, "-9223372036854775808") && v == INT64_MIN);
}

static void required_things_are_asked_for(void **state)
{
    static const struct option needs[] = {
        {.name = "key", .kind = OPTION_TEXT, .metavar = "K", .help = "h", .required = true},
        OPTION_END,
    };
    static const struct command c = {
        .name = "c", .operands = "FILE", .operands_min = 1, .operands_max = 1, .options = needs};
    struct args a;
    struct err e = {0};

    (void)state;
    assert_err(parse(&a, &c, "f", &e), VCP_EINVAL, e, "--key K is required");
    assert_err(parse(&a, &c, "--key k", &e), VCP_EINVAL, e, "an argument is wanted: c FILE");
    assert_ok(parse(&a, &c, "--help", &e), e);
    assert_true(a.help);
    args_release(&a);
}

static void operands_last_leaves_the_rest_alone(void **state)
{
    static const struct command c = {
        .name = "c", .operands_max = -1, .options = options, .operands_last = true};
    struct args a;
    struct err e = {0};

    (void)state;
    assert_ok(parse(&a, &c, "-j prog --json -z", &e), e);
    assert_int_equal(a.n_operands, 3);
    assert_string_equal(a.operands[2], "-z");
    args_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_and_operands_mix),
        cmocka_unit_test(two_dashes_end_the_options),
        cmocka_unit_test(defaults_and_environment_fill_in),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(numbers_take_their_units),
        cmocka_unit_test(required_things_are_asked_for),
        cmocka_unit_test(operands_last_leaves_the_rest_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
