#include "cli/man.h"

#include <ctype.h>
#include <string.h>

#include "base/file.h"
#include "cli/help.h"

/* Text as roff: a leading dot or quote is no request, a backslash and a dash are themselves. */
static void put_text(struct buf *out, const char *s)
{
    bool line_start = true;

    for (; *s; s++) {
        if (line_start && (*s == '.' || *s == '\''))
            buf_puts(out, "\\&");
        if (*s == '\\')
            buf_puts(out, "\\e");
        else if (*s == '-')
            buf_puts(out, "\\-");
        else
            buf_putc(out, (unsigned char)*s);
        line_start = *s == '\n';
    }
}

static void put_paragraphs(struct buf *out, const char *s)
{
    const char *blank;

    while ((blank = strstr(s, "\n\n"))) {
        char piece[2048];

        snprintf(piece, sizeof piece, "%.*s", (int)(blank - s), s);
        put_text(out, piece);
        buf_puts(out, "\n.PP\n");
        s = blank + 2;
    }
    put_text(out, s);
    buf_puts(out, "\n");
}

static void put_option(struct buf *out, const struct option *o)
{
    char label[96];

    help_option_label(label, sizeof label, o);
    buf_puts(out, ".TP\n.B ");
    put_text(out, label);
    buf_puts(out, "\n");
    put_text(out, o->help);
    if (o->kind == OPTION_CHOICE)
        buf_printf(out, ": %s", o->choices);
    buf_puts(out, o->required ? " (required).\n" : ".\n");
    if (o->fallback) {
        buf_puts(out, "Default: ");
        put_text(out, o->fallback);
        buf_puts(out, ".\n");
    }
    if (o->env)
        buf_printf(out, "Environment: %s.\n", o->env);
}

static void put_synopsis(struct buf *out, const struct command *c, const char *path)
{
    buf_puts(out, ".B ");
    put_text(out, path);
    buf_puts(out, "\n");
    put_text(out, c->children ? "COMMAND" : "[OPTIONS]");
    buf_puts(out, " ");
    put_text(out, c->operands ? c->operands : "");
    buf_puts(out, "\n");
}

static void put_options(struct buf *out, const struct command *c)
{
    for (const struct option *o = c->options; o && o->name; o++)
        if (!o->hidden)
            put_option(out, o);
    buf_puts(out, ".TP\n.B \\-h, \\-\\-help\nPrint a summary and stop.\n");
}

static void put_examples(struct buf *out, const struct command *c)
{
    if (!c->examples)
        return;
    buf_puts(out, ".nf\n");
    put_text(out, c->examples);
    buf_puts(out, "\n.fi\n");
}

static void put_children(struct buf *out, const struct command *c, const char *path)
{
    for (const struct command *const *k = c->children; k && *k; k++) {
        char child[128];

        if ((*k)->hidden)
            continue;
        snprintf(child, sizeof child, "%s %s", path, (*k)->name);
        buf_puts(out, ".SS ");
        put_text(out, child);
        buf_puts(out, "\n");
        put_synopsis(out, *k, child);
        buf_puts(out, ".PP\n");
        put_text(out, (*k)->summary);
        buf_puts(out, ".\n");
        if ((*k)->description) {
            buf_puts(out, ".PP\n");
            put_paragraphs(out, (*k)->description);
        }
        put_options(out, *k);
        put_examples(out, *k);
    }
}

static void put_root_commands(struct buf *out, const struct command *c)
{
    for (const struct command *const *k = c->children; *k; k++) {
        if ((*k)->hidden)
            continue;
        buf_printf(out, ".TP\n.BR ambient\\-%s (1)\n", (*k)->name);
        put_text(out, (*k)->summary);
        buf_puts(out, ".\n");
    }
}

static const char exit_codes[] =
    ".SH EXIT STATUS\n"
    ".TP\n.B 0\nDone, and the answer is yes.\n"
    ".TP\n.B 1\nDone, and the answer is no: the task failed, the module trapped or exited with\n"
    "another code than 0, the check was negative.\n"
    ".TP\n.B 2\nWrong use: options, or an input file that cannot be read or is malformed.\n"
    ".TP\n.B 3\nNo answer from the server, or an error on its side.\n"
    ".TP\n.B 4\nA limit stopped it: gas, time, memory, output.\n"
    ".TP\n.B 5\nThe server refused: credentials, rights, funds, unknown id.\n"
    ".TP\n.B 70\nOut of memory, or a fault of this program.\n";

static const char files[] =
    ".SH FILES\n.TP\n.I ~/.config/ambient/config\n"
    "Lines \"name = value\" that stand in for options: server, api_key, ca_file.\n"
    "$XDG_CONFIG_HOME is honoured; AMBIENT_CONFIG names another file.\n";

void man_page(struct buf *out, const struct command *c, const char *path)
{
    char title[128];
    bool root = !strchr(path, ' ');

    snprintf(title, sizeof title, "%s", path);
    for (char *p = title; *p; p++)
        *p = *p == ' ' ? '-' : (char)toupper((unsigned char)*p);
    buf_printf(out, ".TH %s 1 \"\" \"ambient %s\" \"Ambient VCP\"\n.SH NAME\n", title, VCP_VERSION);
    for (const char *p = path; *p; p++)
        buf_puts(out, *p == ' ' || *p == '-' ? "\\-" : (char[]){*p, 0});
    buf_puts(out, " \\- ");
    put_text(out, c->summary);
    buf_puts(out, "\n.SH SYNOPSIS\n");
    put_synopsis(out, c, path);
    if (c->description) {
        buf_puts(out, ".SH DESCRIPTION\n");
        put_paragraphs(out, c->description);
    }
    if (c->children) {
        buf_puts(out, ".SH COMMANDS\n");
        if (root)
            put_root_commands(out, c);
        else
            put_children(out, c, path);
    } else {
        buf_puts(out, ".SH OPTIONS\n");
        put_options(out, c);
    }
    if (c->examples) {
        buf_puts(out, ".SH EXAMPLES\n");
        put_examples(out, c);
    }
    buf_puts(out, exit_codes);
    buf_puts(out, files);
}

static int write_page(const struct command *c, const char *path, const char *dir, struct err *err)
{
    struct buf page;
    char name[512];
    int rc;

    snprintf(name, sizeof name, "%s/%s.1", dir, path);
    for (char *p = name + strlen(dir); *p; p++)
        if (*p == ' ')
            *p = '-';
    buf_init(&page, 0);
    man_page(&page, c, path);
    rc = page.failed ? err_set(err, VCP_ENOMEM, "out of memory")
                     : file_write(name, page.data, page.len, 0644, err);
    buf_release(&page);
    return rc;
}

int man_write_all(const struct command *root, const char *dir, struct err *err)
{
    int rc = write_page(root, root->name, dir, err);

    for (const struct command *const *k = root->children; rc == VCP_OK && *k; k++) {
        char path[128];

        snprintf(path, sizeof path, "%s %s", root->name, (*k)->name);
        if (!(*k)->hidden)
            rc = write_page(*k, path, dir, err);
    }
    return rc;
}
