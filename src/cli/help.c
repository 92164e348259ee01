#include "cli/help.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LABEL_COLUMN 26 /* where explanations begin */
#define WIDTH_MIN    50
#define WIDTH_MAX    96

static int terminal_width(FILE *out)
{
    struct winsize w;
    int width = 80;

    if (!ioctl(fileno(out), TIOCGWINSZ, &w) && w.ws_col)
        width = w.ws_col;
    return width < WIDTH_MIN ? WIDTH_MIN : width > WIDTH_MAX ? WIDTH_MAX : width;
}

void help_wrap(FILE *out, const char *text, int column, int indent, int width)
{
    while (*text) {
        size_t space = strspn(text, " \n"), word;
        bool paragraph = false;

        for (size_t i = 0, n = 0; i < space; i++)
            if (text[i] == '\n' && ++n == 2)
                paragraph = true;
        text += space;
        word = strcspn(text, " \n");
        if (!word)
            break;
        if (paragraph || column + 1 + (int)word > width) {
            fprintf(out, "%s\n%*s", paragraph ? "\n" : "", indent, "");
            column = indent;
        } else if (column > indent) {
            fputc(' ', out);
            column++;
        }
        fwrite(text, 1, word, out);
        column += (int)word;
        text += word;
    }
    fputc('\n', out);
}

int help_option_label(char *out, size_t size, const struct option *o)
{
    char letter[8] = "";

    if (o->letter)
        snprintf(letter, sizeof letter, "-%c, ", o->letter);
    return snprintf(out, size, "%s--%s%s%s", letter, o->name, o->metavar ? " " : "",
                    o->metavar ? o->metavar : "");
}

static void heading(FILE *out, const char *text, bool color)
{
    fprintf(out, "\n%s%s%s\n", color ? "\033[1m" : "", text, color ? "\033[0m" : "");
}

static void entry(FILE *out, const char *label, const char *text, int width)
{
    int column = 2 + (int)strlen(label);

    fprintf(out, "  %s", label);
    if (column + 2 > LABEL_COLUMN)
        fputc('\n', out), column = 0;
    fprintf(out, "%*s", LABEL_COLUMN - column, "");
    help_wrap(out, text, LABEL_COLUMN, LABEL_COLUMN, width);
}

static void option_entry(FILE *out, const struct option *o, int width)
{
    char label[80], text[600];

    help_option_label(label, sizeof label, o);
    snprintf(text, sizeof text, "%s%s%s%s%s%s%s%s%s%s", o->help,
             o->kind == OPTION_CHOICE ? ": " : "", o->kind == OPTION_CHOICE ? o->choices : "",
             o->required ? " (required)" : "", o->fallback ? " [default: " : "",
             o->fallback ? o->fallback : "", o->fallback ? "]" : "", o->env ? " [$" : "",
             o->env ? o->env : "", o->env ? "]" : "");
    entry(out, label, text, width);
}

static void print_options(FILE *out, const struct command *c, bool color, int width)
{
    heading(out, "Options", color);
    for (const struct option *o = c->options; o && o->name; o++)
        if (!o->hidden)
            option_entry(out, o, width);
    entry(out, "-h, --help", "print this and stop", width);
    if (c->children)
        entry(out, "--version", "print the version and stop", width);
}

/* Commands under their group headings, in the order the table has them. */
static void print_children(FILE *out, const struct command *c, bool color, int width)
{
    const char *group = NULL;

    for (const struct command *const *k = c->children; *k; k++) {
        if ((*k)->hidden)
            continue;
        if (!group || ((*k)->group && strcmp(group, (*k)->group))) {
            group = (*k)->group ? (*k)->group : "Commands";
            heading(out, group, color);
        }
        entry(out, (*k)->name, (*k)->summary, width);
    }
}

/* Examples keep their lines. */
static void print_lines(FILE *out, const char *text)
{
    while (*text) {
        size_t n = strcspn(text, "\n");

        fprintf(out, "  %.*s\n", (int)n, text);
        text += n + (text[n] == '\n');
    }
}

void help_print(FILE *out, const struct command *c, const char *path, bool color)
{
    int width = terminal_width(out);
    char summary[256];

    fprintf(out, "Usage: %s%s%s%s\n\n", path, c->children ? " COMMAND" : " [OPTIONS]",
            c->operands ? " " : "", c->operands ? c->operands : "");
    snprintf(summary, sizeof summary, "%c%s.", toupper((unsigned char)*c->summary), c->summary + 1);
    help_wrap(out, summary, 0, 0, width);
    if (c->description) {
        fputc('\n', out);
        help_wrap(out, c->description, 0, 0, width);
    }
    if (c->children)
        print_children(out, c, color, width);
    print_options(out, c, color, width);
    if (c->examples) {
        heading(out, "Examples", color);
        print_lines(out, c->examples);
    }
    if (c->children)
        fprintf(out, "\n'%s COMMAND --help' tells about one command.\n", path);
}

void help_hint(FILE *out, const char *path)
{
    fprintf(out, "'%s --help' tells more.\n", path);
}
