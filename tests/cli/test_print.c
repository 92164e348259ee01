/* test_print.c - what people see: tables, help, manual pages; and the config file. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "cli/config.h"
#include "cli/help.h"
#include "cli/man.h"
#include "cli/table.h"

/* What print writes to its stream, malloc'd. */
static char *captured(void (*print)(FILE *out))
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);

    assert_non_null(f);
    print(f);
    fclose(f);
    return text;
}

static void print_table(FILE *out)
{
    struct table t;

    table_init(&t, "NAME|>N");
    table_row(&t);
    table_cell(&t, "%s", "höhe");
    table_cell(&t, "%d", 7);
    table_row(&t);
    table_cell(&t, "%s", "\033[31mred\n");
    table_cell(&t, "%s", "");
    table_row(&t);
    table_print(&t, out, false);
    table_release(&t);
}

static void tables_align_and_defuse_control_characters(void **state)
{
    char *text = captured(print_table);

    (void)state;
    assert_string_equal(text, "NAME       N\n"
                              "höhe       7\n"
                              "?[31mred?  -\n"
                              "-          -\n");
    free(text);
}

static void numbers_read_well(void **state)
{
    char s[TABLE_COUNT_BYTES];

    (void)state;
    assert_string_equal(table_count(s, 0), "0");
    assert_string_equal(table_count(s, 999), "999");
    assert_string_equal(table_count(s, -1234567), "-1,234,567");
    assert_string_equal(table_count(s, INT64_MIN), "-9,223,372,036,854,775,808");
    assert_string_equal(table_size(s, 1023), "1023 bytes");
    assert_string_equal(table_size(s, 1536), "1.5 KiB");
    assert_string_equal(table_duration(s, 12), "12 ms");
    assert_string_equal(table_duration(s, 125000), "2 m 05 s");
}

static const struct option options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = OPTION_TEXT,
     .metavar = "FILE",
     .fallback = "out-file",
     .help = "where .it goes"},
    {.name = "secret", .kind = OPTION_FLAG, .help = "x", .hidden = true},
    OPTION_END,
};
static const struct command leaf = {.name = "leaf",
                                    .summary = "do the thing",
                                    .operands = "FILE",
                                    .description = "First.\n\n.Second starts with a dot.",
                                    .examples = "tool leaf -o x",
                                    .options = options};
static const struct command *const children[] = {&leaf, NULL};
static const struct command group = {
    .name = "tool", .group = "G", .summary = "a tool", .children = children};

static void print_help(FILE *out)
{
    help_print(out, &leaf, "tool leaf", false);
    help_print(out, &group, "tool", false);
}

static void help_tells_what_the_table_holds(void **state)
{
    char *text = captured(print_help);

    (void)state;
    assert_non_null(strstr(text, "Usage: tool leaf [OPTIONS] FILE\n"));
    assert_non_null(strstr(text, "Do the thing."));
    assert_non_null(strstr(text, "  -o, --output FILE       where .it goes [default: out-file]\n"));
    assert_non_null(strstr(text, "  tool leaf -o x\n"));
    assert_non_null(strstr(text, "  leaf                    do the thing\n"));
    assert_null(strstr(text, "secret"));
    for (const char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL)
        assert_true(strcspn(line, "\n") <= 96);
    free(text);
}

static void man_pages_escape_what_roff_would_read(void **state)
{
    struct buf page;

    (void)state;
    buf_init(&page, 0);
    man_page(&page, &leaf, "tool leaf");
    assert_non_null(strstr(buf_str(&page), ".TH TOOL-LEAF 1"));
    assert_non_null(strstr(buf_str(&page), "tool\\-leaf \\- do the thing\n"));
    assert_non_null(strstr(buf_str(&page), "\n\\&.Second"));
    assert_non_null(strstr(buf_str(&page), "\\-o, \\-\\-output FILE"));
    assert_non_null(strstr(buf_str(&page), "EXIT STATUS"));
    assert_null(strstr(buf_str(&page), "secret"));
    buf_release(&page);
}

static int parse_config(struct config *c, const char *text, struct err *err)
{
    memset(c, 0, sizeof *c);
    snprintf(c->path, sizeof c->path, "conf");
    return config_parse(c, text, strlen(text), err);
}

static void config_lines_are_read(void **state)
{
    struct config c;
    struct err e = {0};

    (void)state;
    assert_ok(
        parse_config(&c, "# mine\n\n  server =  http://h:1 \r\napi_key=vcp_a=b\nca_file =", &e), e);
    assert_string_equal(c.server, "http://h:1");
    assert_string_equal(c.api_key, "vcp_a=b");
    assert_string_equal(c.ca_file, "");
}

static void config_mistakes_name_the_line(void **state)
{
    struct config c;
    struct err e = {0};
    char longer[CONFIG_VALUE_BYTES + 32];

    (void)state;
    assert_err(parse_config(&c, "server = x\nnonsense\n", &e), VCP_EFORMAT, e, "conf, line 2");
    assert_err(parse_config(&c, "sever = x\n", &e), VCP_EFORMAT, e, "no setting 'sever'");
    memset(longer, 'x', sizeof longer);
    memcpy(longer, "server=", 7);
    longer[sizeof longer - 1] = '\0';
    assert_err(parse_config(&c, longer, &e), VCP_EFORMAT, e, "too long");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_align_and_defuse_control_characters),
        cmocka_unit_test(numbers_read_well),
        cmocka_unit_test(help_tells_what_the_table_holds),
        cmocka_unit_test(man_pages_escape_what_roff_would_read),
        cmocka_unit_test(config_lines_are_read),
        cmocka_unit_test(config_mistakes_name_the_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
