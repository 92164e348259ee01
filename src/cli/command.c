/* command.c - finding the command that was typed, and what all commands say alike. */
#include "cli/command.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/help.h"

#define CHILDREN_MAX 64

void cli_put_safe(FILE *out, const char *s)
{
    for (; *s; s++)
        fputc((unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s, out);
}

static void put_message(bool color, const char *path, const char *fmt, va_list ap)
{
    char text[1024];

    vsnprintf(text, sizeof text, fmt, ap);
    if (path)
        fprintf(stderr, "%s%s:%s ", color ? "\033[1;31m" : "", path, color ? "\033[0m" : "");
    cli_put_safe(stderr, text);
    fputc('\n', stderr);
}

void cli_error(const struct cli *cli, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    put_message(cli->color_err, cli->path, fmt, ap);
    va_end(ap);
}

void cli_say(const struct cli *cli, const char *fmt, ...)
{
    va_list ap;

    (void)cli;
    va_start(ap, fmt);
    put_message(false, NULL, fmt, ap);
    va_end(ap);
}

int cli_exit_of(int vcp_code)
{
    switch (vcp_code) {
    case VCP_OK: return CLI_OK;
    case VCP_EVERIFY: return CLI_FAILED;
    case VCP_ELIMIT:
    case VCP_ETIMEOUT: return CLI_LIMIT;
    case VCP_EAUTH:
    case VCP_EDENIED:
    case VCP_EFUNDS:
    case VCP_ENOTFOUND:
    case VCP_EEXIST:
    case VCP_ESTATE: return CLI_REFUSED;
    case VCP_EBUSY: return CLI_NETWORK;
    case VCP_ENOMEM: return CLI_INTERNAL;
    default: return CLI_USAGE;
    }
}

int cli_fail(const struct cli *cli, const struct err *err)
{
    cli_error(cli, "%s", err->msg);
    return cli_exit_of(err->code);
}

int cli_print_json(struct cli *cli, json_t *v)
{
    int rc = v ? json_dumpf(v, cli->out, JSON_INDENT(2) | JSON_ENCODE_ANY) : -1;

    json_decref(v);
    if (rc < 0) {
        cli_error(cli, "the result could not be printed");
        return CLI_INTERNAL;
    }
    fputc('\n', cli->out);
    return CLI_OK;
}

static const struct command *find_child(const struct command *c, const char *name)
{
    for (const struct command *const *k = c->children; *k; k++)
        if (!strcmp((*k)->name, name))
            return *k;
    return NULL;
}

static int unknown_command(const struct cli *cli, const struct command *c, const char *name)
{
    const char *names[CHILDREN_MAX], *near;
    size_t n = 0;

    for (const struct command *const *k = c->children; k && *k && n < CHILDREN_MAX; k++)
        if (!(*k)->hidden)
            names[n++] = (*k)->name;
    near = n ? args_nearest(name, names, n) : NULL;
    if (near)
        cli_error(cli, "there is no command '%.80s'; did you mean '%s'?", name, near);
    else
        cli_error(cli, "there is no command '%.80s'", name);
    help_hint(stderr, cli->path);
    return CLI_USAGE;
}

static int run_leaf(struct cli *cli, const struct command *c, int argc, char **argv)
{
    struct args args;
    struct err err;
    int rc = args_parse(&args, c, argc, argv, &err);

    if (rc < 0) {
        cli_error(cli, "%s", err.msg);
        help_hint(stderr, cli->path);
        return rc == VCP_ENOMEM ? CLI_INTERNAL : CLI_USAGE;
    }
    if (args.help) {
        help_print(cli->out, c, cli->path, cli->color_out);
        rc = CLI_OK;
    } else {
        rc = c->run(cli, &args);
    }
    args_release(&args);
    return rc;
}

static bool is_help(const char *word)
{
    return !strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help");
}

/* `ambient help task show` */
static int help_of(struct cli *cli, const struct command *c, int argc, char **argv)
{
    char path[256];

    snprintf(path, sizeof path, "%s", cli->path);
    cli->path = path;
    for (int i = 0; i < argc; i++) {
        const struct command *child = c->children ? find_child(c, argv[i]) : NULL;

        if (!child)
            return unknown_command(cli, c, argv[i]);
        c = child;
        snprintf(path + strlen(path), sizeof path - strlen(path), " %s", c->name);
    }
    help_print(cli->out, c, path, cli->color_out);
    cli->path = "ambient";
    return CLI_OK;
}

static int run_group(struct cli *cli, const struct command *c, int argc, char **argv)
{
    const struct command *child;
    char path[256];

    if (!argc) {
        help_print(stderr, c, cli->path, cli->color_err);
        return CLI_USAGE;
    }
    if (!strcmp(argv[0], "--version")) {
        fprintf(cli->out, "ambient %s\n", VCP_VERSION);
        return CLI_OK;
    }
    if (is_help(argv[0]) && argc == 1) {
        help_print(cli->out, c, cli->path, cli->color_out);
        return CLI_OK;
    }
    if (!strcmp(argv[0], "help"))
        return help_of(cli, c, argc - 1, argv + 1);
    child = find_child(c, argv[0]);
    if (!child)
        return unknown_command(cli, c, argv[0]);
    snprintf(path, sizeof path, "%s %s", cli->path, child->name);
    cli->path = path;
    return child->children ? run_group(cli, child, argc - 1, argv + 1)
                           : run_leaf(cli, child, argc - 1, argv + 1);
}

/* Colour only where somebody looks at it (https://no-color.org). */
static bool wants_color(FILE *f)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

    return isatty(fileno(f)) && !(no && *no) && !(term && !strcmp(term, "dumb"));
}

int cli_main(const struct command *root, int argc, char **argv)
{
    struct cli cli = {.out = stdout, .path = root->name};
    int rc;

    cli.color_out = wants_color(stdout);
    cli.color_err = wants_color(stderr);
    rc = run_group(&cli, root, argc > 0 ? argc - 1 : 0, argv + 1);
    if (fflush(stdout) || ferror(stdout)) {
        cli_error(&cli, "writing the result failed: is the disk full, or the reader gone?");
        return rc == CLI_OK ? CLI_INTERNAL : rc;
    }
    return rc;
}
