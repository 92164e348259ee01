#include "cli/args.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

/* --- numbers --- */

struct suffix {
    const char *text;
    double factor;
};

/* The suffix after digits[.digits], or NULL when s does not begin so. */
static const char *suffix_of(const char *s)
{
    size_t digits;

    s += *s == '-';
    digits = strspn(s, "0123456789");
    if (!digits)
        return NULL;
    s += digits;
    return *s == '.' ? s + 1 + strspn(s + 1, "0123456789") : s;
}

static const struct suffix *find_suffix(const struct suffix *list, const char *text)
{
    while (list->text && strcmp(list->text, text))
        list++;
    return list->text ? list : NULL;
}

/* A number and one suffix of the list, when the product is a whole number of 64 bits.
 * Without a point all is done in integers, exactly. */
static bool parse_scaled(int64_t *out, const char *s, const struct suffix *suffixes)
{
    const char *tail = suffix_of(s);
    const struct suffix *suffix = tail ? find_suffix(suffixes, tail) : NULL;
    double scaled;

    if (!suffix)
        return false;
    if (!memchr(s, '.', (size_t)(tail - s))) {
        errno = 0;
        return !__builtin_mul_overflow(strtoll(s, NULL, 10), (int64_t)suffix->factor, out) &&
               !errno;
    }
    scaled = strtod(s, NULL) * suffix->factor;
    if (!(fabs(scaled) < 9e18) || scaled != floor(scaled))
        return false;
    *out = (int64_t)scaled;
    return true;
}

bool args_parse_int(int64_t *out, const char *s)
{
    static const struct suffix all[] = {{"", 1},    {"k", 1e3},  {"K", 1e3}, {"M", 1e6},
                                        {"G", 1e9}, {"T", 1e12}, {NULL, 0}};

    return parse_scaled(out, s, all);
}

bool args_parse_bytes(int64_t *out, const char *s)
{
    static const struct suffix all[] = {{"", 1},           {"B", 1},         {"K", 1 << 10},
                                        {"k", 1 << 10},    {"KiB", 1 << 10}, {"M", 1 << 20},
                                        {"MiB", 1 << 20},  {"MB", 1 << 20},  {"G", 1u << 30},
                                        {"GiB", 1u << 30}, {"GB", 1u << 30}, {NULL, 0}};

    return parse_scaled(out, s, all) && *out >= 0;
}

bool args_parse_ms(int64_t *out, const char *s)
{
    static const struct suffix all[] = {{"", 1000},   {"ms", 1},      {"s", 1000},
                                        {"m", 60000}, {"h", 3600000}, {NULL, 0}};

    return parse_scaled(out, s, all) && *out >= 0;
}

static bool parse_real(double *out, const char *s)
{
    char *end;

    *out = strtod(s, &end);
    return end != s && !*end && isfinite(*out);
}

/* --- names --- */

/* Edits (insert, delete, change, swap neighbours) from a to b, for short names. */
static size_t distance(const char *a, const char *b)
{
    enum { LONGEST = 40 };
    size_t d[LONGEST + 1][LONGEST + 1], n = strlen(a), m = strlen(b);

    if (n > LONGEST || m > LONGEST)
        return LONGEST;
    for (size_t i = 0; i <= n; i++)
        d[i][0] = i;
    for (size_t j = 0; j <= m; j++)
        d[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        for (size_t j = 1; j <= m; j++) {
            size_t best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

            if (d[i - 1][j] + 1 < best)
                best = d[i - 1][j] + 1;
            if (d[i][j - 1] + 1 < best)
                best = d[i][j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                d[i - 2][j - 2] + 1 < best)
                best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    }
    return d[n][m];
}

const char *args_nearest(const char *typed, const char *const *names, size_t n)
{
    const char *best = NULL;
    size_t best_distance = strlen(typed) / 3 + 2; /* farther is not a slip of the finger */

    for (size_t i = 0; i < n; i++) {
        size_t d = distance(typed, names[i]);

        if (strlen(typed) >= 3 && !strncmp(typed, names[i], strlen(typed)))
            d = 0;
        if (d < best_distance && d < strlen(names[i])) {
            best = names[i];
            best_distance = d;
        }
    }
    return best;
}

/* --- parsing --- */

struct parser {
    struct args *a;
    struct arena *memory;
    const struct option *options;
    size_t n_options;
    struct err *err;
};

static const struct option no_options[] = {OPTION_END};

static size_t count_options(const struct option *o)
{
    size_t n = 0;

    while (o[n].name)
        n++;
    return n;
}

static const char *command_hint(const struct parser *p, const char *typed)
{
    const char *names[64];
    size_t n = 0;

    for (size_t i = 0; i < p->n_options && n < 63; i++)
        if (!p->options[i].hidden)
            names[n++] = p->options[i].name;
    names[n++] = "help";
    return args_nearest(typed, names, n);
}

static bool choice_fits(const char *choices, const char *value)
{
    size_t n = strlen(value);

    while (choices) {
        const char *bar = strchr(choices, '|');
        size_t len = bar ? (size_t)(bar - choices) : strlen(choices);

        if (len == n && !memcmp(choices, value, n))
            return true;
        choices = bar ? bar + 1 : NULL;
    }
    return false;
}

/* NULL when the value has the option's form, else what would have. */
static const char *value_wanted(const struct option *o, const char *value)
{
    int64_t i;
    double d;

    switch (o->kind) {
    case OPTION_FLAG:
    case OPTION_TEXT:
    case OPTION_LIST: return NULL;
    case OPTION_CHOICE: return choice_fits(o->choices, value) ? NULL : o->choices;
    case OPTION_INT: return args_parse_int(&i, value) ? NULL : "a whole number, e.g. 1000 or 10M";
    case OPTION_REAL: return parse_real(&d, value) ? NULL : "a number, e.g. 0.5";
    case OPTION_SIZE:
        return args_parse_bytes(&i, value) ? NULL : "a size, e.g. 64M or 1G (or bytes)";
    case OPTION_DURATION:
        return args_parse_ms(&i, value) ? NULL : "a duration, e.g. 500ms, 30s or 2m";
    }
    return NULL;
}

static int add_value(struct parser *p, size_t i, const char *value)
{
    const struct option *o = &p->options[i];
    const char *wanted = value_wanted(o, value);
    const char *const *old = p->a->values[i];
    const char **list;
    size_t n = 0;

    if (wanted)
        return err_set(p->err, VCP_EINVAL, "--%s: '%.80s' is not %s%s", o->name, value,
                       o->kind == OPTION_CHOICE ? "one of " : "", wanted);
    while (o->kind == OPTION_LIST && old && old[n])
        n++;
    list = arena_array(p->memory, n + 2, sizeof *list);
    if (!list)
        return err_set(p->err, VCP_ENOMEM, "out of memory");
    if (n)
        memcpy(list, old, n * sizeof *list);
    list[n] = value;
    p->a->values[i] = list;
    return VCP_OK;
}

/* word is "name" or "name=value"; takes *next when the value is the next word. */
static int parse_long(struct parser *p, const char *word, char ***next, char **end)
{
    size_t len = strcspn(word, "=");
    const char *value = word[len] ? word + len + 1 : NULL;
    const char *hint;
    char *name;

    for (size_t i = 0; i < p->n_options; i++) {
        const struct option *o = &p->options[i];

        if (strlen(o->name) != len || memcmp(o->name, word, len))
            continue;
        if (o->kind == OPTION_FLAG && value)
            return err_set(p->err, VCP_EINVAL, "--%s takes no value", o->name);
        if (o->kind != OPTION_FLAG && !value && *next == end)
            return err_set(p->err, VCP_EINVAL, "--%s wants a value: --%s %s", o->name, o->name,
                           o->metavar ? o->metavar : "VALUE");
        if (o->kind != OPTION_FLAG && !value)
            value = *(*next)++;
        return add_value(p, i, value ? value : "");
    }
    if (len == 4 && !memcmp(word, "help", 4)) {
        p->a->help = true;
        return VCP_OK;
    }
    name = arena_printf(p->memory, "%.*s", (int)len, word);
    hint = name ? command_hint(p, name) : NULL;
    if (hint)
        return err_set(p->err, VCP_EINVAL, "there is no option --%.*s; did you mean --%s?",
                       (int)len, word, hint);
    return err_set(p->err, VCP_EINVAL, "there is no option --%.*s", (int)len, word);
}

static int parse_short(struct parser *p, const char *letters, char ***next, char **end)
{
    while (*letters) {
        char c = *letters++;
        size_t i = 0;
        const char *value = "";
        int rc;

        while (i < p->n_options && p->options[i].letter != c)
            i++;
        if (i == p->n_options && c == 'h') {
            p->a->help = true;
            continue;
        }
        if (i == p->n_options)
            return err_set(p->err, VCP_EINVAL, "there is no option -%c", c);
        if (p->options[i].kind != OPTION_FLAG) {
            if (!*letters && *next == end)
                return err_set(p->err, VCP_EINVAL, "-%c wants a value: -%c %s", c, c,
                               p->options[i].metavar ? p->options[i].metavar : "VALUE");
            value = *letters ? letters : *(*next)++;
            letters = "";
        }
        rc = add_value(p, i, value);
        if (rc < 0)
            return rc;
    }
    return VCP_OK;
}

static bool is_number(const char *w)
{
    return w[0] == '-' && ((w[1] >= '0' && w[1] <= '9') || w[1] == '.');
}

static int parse_words(struct parser *p, int argc, char **argv)
{
    char **next = argv, **end = argv + argc;
    bool options_over = false;

    while (next < end) {
        char *word = *next++;
        int rc = VCP_OK;

        if (options_over || word[0] != '-' || !word[1] || is_number(word)) {
            p->a->operands[p->a->n_operands++] = word;
            options_over = options_over || p->a->command->operands_last;
        } else if (!strcmp(word, "--")) {
            options_over = true;
        } else if (word[1] == '-') {
            rc = parse_long(p, word + 2, &next, end);
        } else {
            rc = parse_short(p, word + 1, &next, end);
        }
        if (rc < 0)
            return rc;
    }
    return VCP_OK;
}

static int take_environment(struct parser *p)
{
    for (size_t i = 0; i < p->n_options; i++) {
        const struct option *o = &p->options[i];
        const char *value = o->env ? getenv(o->env) : NULL;

        if (p->a->values[i] || !value || !*value)
            continue;
        if (add_value(p, i, value) < 0)
            return err_prefix(p->err, "environment variable %s", o->env);
    }
    return VCP_OK;
}

static int check_complete(const struct parser *p)
{
    const struct command *c = p->a->command;
    int n = (int)p->a->n_operands;

    for (size_t i = 0; i < p->n_options; i++)
        if (p->options[i].required && !p->a->values[i])
            return err_set(p->err, VCP_EINVAL, "--%s %s is required", p->options[i].name,
                           p->options[i].metavar ? p->options[i].metavar : "");
    if (n < c->operands_min)
        return err_set(p->err, VCP_EINVAL, "%s wanted: %s %s", n ? "more is" : "an argument is",
                       c->name, c->operands ? c->operands : "");
    if (c->operands_max >= 0 && n > c->operands_max)
        return err_set(p->err, VCP_EINVAL, "'%.80s' is one argument too many",
                       p->a->operands[c->operands_max]);
    return VCP_OK;
}

int args_parse(struct args *out, const struct command *command, int argc, char **argv,
               struct err *err)
{
    struct arena *memory = calloc(1, sizeof *memory);
    struct parser p = {.a = out, .memory = memory, .err = err};
    int rc;

    memset(out, 0, sizeof *out);
    if (!memory)
        return err_set(err, VCP_ENOMEM, "out of memory");
    arena_init(memory, 0);
    out->memory = memory;
    out->command = command;
    p.options = command->options ? command->options : no_options;
    p.n_options = count_options(p.options);
    out->values = arena_array(memory, p.n_options + 1, sizeof *out->values);
    out->operands = arena_array(memory, (size_t)argc + 1, sizeof *out->operands);
    rc = out->values && out->operands ? VCP_OK : err_set(err, VCP_ENOMEM, "out of memory");
    if (rc == VCP_OK)
        rc = parse_words(&p, argc, argv);
    if (rc == VCP_OK && !out->help)
        rc = take_environment(&p);
    if (rc == VCP_OK && !out->help)
        rc = check_complete(&p);
    if (rc < 0)
        args_release(out);
    return rc;
}

void args_release(struct args *a)
{
    if (a->memory) {
        arena_release(a->memory);
        free(a->memory);
    }
    memset(a, 0, sizeof *a);
}

/* --- accessors --- */

static size_t find(const struct args *a, const char *name)
{
    const struct option *o = a->command->options ? a->command->options : no_options;

    for (size_t i = 0; o[i].name; i++)
        if (!strcmp(o[i].name, name))
            return i;
    assert(!"an option that is not in the command's table");
    abort();
}

bool args_given(const struct args *a, const char *name)
{
    return a->values[find(a, name)] != NULL;
}

bool args_flag(const struct args *a, const char *name)
{
    return args_given(a, name);
}

const char *args_text(const struct args *a, const char *name)
{
    size_t i = find(a, name);

    return a->values[i] ? a->values[i][0] : a->command->options[i].fallback;
}

const char *const *args_list(const struct args *a, const char *name, size_t *n)
{
    static const char *const empty[] = {NULL};
    const char *const *list = a->values[find(a, name)];

    if (!list)
        list = empty;
    if (n)
        for (*n = 0; list[*n];)
            ++*n;
    return list;
}

int64_t args_int(const struct args *a, const char *name, int64_t absent)
{
    const char *s = args_text(a, name);
    int64_t v;

    return s && args_parse_int(&v, s) ? v : absent;
}

double args_real(const struct args *a, const char *name, double absent)
{
    const char *s = args_text(a, name);
    double v;

    return s && parse_real(&v, s) ? v : absent;
}

int64_t args_bytes(const struct args *a, const char *name, int64_t absent)
{
    const char *s = args_text(a, name);
    int64_t v;

    return s && args_parse_bytes(&v, s) ? v : absent;
}

int64_t args_ms(const struct args *a, const char *name, int64_t absent)
{
    const char *s = args_text(a, name);
    int64_t v;

    return s && args_parse_ms(&v, s) ? v : absent;
}
