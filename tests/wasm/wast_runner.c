/* wast_runner.c - the official test suite, from wast2json's output.
 *
 *     wast_runner DIR          every *.json there
 *     wast_runner A.json ...   just these
 *
 * Every command counts.  Each module is instantiated and each function called in the
 * engine and in the oracle of plain.h; they must agree on outcome, values, memory and gas,
 * and the engine must give what the suite expects.  Malformed modules in text
 * form test the assembler, not us; they are counted apart. */
#include <dirent.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "pair.h"

#define MODULES_MAX 4096
#define VALUES_MAX  256
#define PATH_BYTES  4096
#define GAS_MAX     UINT64_C(10000000000)

struct named {
    char *name; /* "$M"; NULL when it has none */
    struct pair_instance inst;
};

struct runner {
    const char *path;
    char folder[PATH_BYTES];
    struct pair pair;
    struct named *modules;
    size_t n_modules;
    int current; /* index of the last module that was instantiated; -1: none */
    int line;
    unsigned passed, failed, text;
    uint64_t gas;
};

__attribute__((format(printf, 2, 3))) static bool fail(struct runner *r, const char *fmt, ...)
{
    va_list ap;

    fprintf(stderr, "%s:%d: ", r->path, r->line);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    return false;
}

static const char *get_text(json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s ? s : "";
}

/* --- modules --- */

static const struct pair_instance *find_module(struct runner *r, json_t *o, const char *key)
{
    const char *name = json_string_value(json_object_get(o, key));

    if (!name)
        return r->current < 0 ? NULL : &r->modules[r->current].inst;
    for (size_t i = r->n_modules; i > 0; i--)
        if (r->modules[i - 1].name && strcmp(r->modules[i - 1].name, name) == 0)
            return &r->modules[i - 1].inst;
    return NULL;
}

static bool read_module(struct runner *r, json_t *command, struct buf *out)
{
    char path[2 * PATH_BYTES];
    struct err err;

    buf_init(out, 0);
    snprintf(path, sizeof path, "%s/%s", r->folder, get_text(command, "filename"));
    if (file_read(out, path, (size_t)64 << 20, &err) < 0)
        return fail(r, "%s", err.msg);
    return true;
}

/* Instantiates the command's module; false when engine and oracle disagree. */
static bool instantiate(struct runner *r, json_t *command, struct pair_instance *inst, int *rc,
                        struct outcome *outcome, struct err *err)
{
    struct buf bytes;
    bool same;

    if (!read_module(r, command, &bytes))
        return false;
    *outcome = (struct outcome){0};
    pair_set_gas_max(&r->pair, GAS_MAX);
    same = pair_instantiate(&r->pair, inst, bytes.data, bytes.len, rc, outcome, err);
    r->gas += pair_gas_used(&r->pair);
    buf_release(&bytes);
    return same || fail(r, "engine and oracle disagree: %s", r->pair.why);
}

static bool run_module_command(struct runner *r, json_t *command)
{
    struct pair_instance inst;
    struct outcome outcome;
    struct err err;
    const char *name = json_string_value(json_object_get(command, "name"));
    int rc;

    r->current = -1;
    if (!instantiate(r, command, &inst, &rc, &outcome, &err))
        return false;
    if (rc < 0)
        return fail(r, "module refused: %s", err.msg);
    if (outcome.status != RUN_OK)
        return fail(r, "start: %s", outcome.message);
    if (r->n_modules == MODULES_MAX)
        return fail(r, "more than %d modules", MODULES_MAX);
    r->modules[r->n_modules] = (struct named){name ? strdup(name) : NULL, inst};
    r->current = (int)r->n_modules++;
    return true;
}

static bool run_register(struct runner *r, json_t *command)
{
    const struct pair_instance *inst = find_module(r, command, "name");

    if (!inst)
        return fail(r, "no module to register");
    return pair_register(&r->pair, get_text(command, "as"), inst) || fail(r, "cannot register");
}

/* --- values --- */

static uint8_t type_of(const char *s)
{
    static const uint8_t types[] = {VAL_I32, VAL_I64, VAL_F32, VAL_F64, VAL_FUNCREF, VAL_EXTERNREF};

    for (size_t i = 0; i < sizeof types; i++)
        if (strcmp(s, val_type_name(types[i])) == 0)
            return types[i];
    return VAL_ANY;
}

static struct wasm_value value_of(json_t *o)
{
    struct wasm_value v = {.type = type_of(get_text(o, "type"))};
    const char *text = get_text(o, "value");

    if (strcmp(text, "null") == 0)
        v.bits = 0;
    else if (v.type == VAL_EXTERNREF)
        v = value_externref((uint32_t)strtoul(text, NULL, 10));
    else
        v.bits = strtoull(text, NULL, 10);
    return v;
}

static bool is_nan(const struct wasm_value *v, bool canonical)
{
    uint64_t bits = v->bits, quiet;

    if (v->type == VAL_F32) {
        bits &= 0x7fffffff;
        quiet = 0x7fc00000;
    } else {
        bits &= ~(UINT64_C(1) << 63);
        quiet = UINT64_C(0x7ff8000000000000);
    }
    return canonical ? bits == quiet : (bits & quiet) == quiet;
}

static bool value_is_expected(const struct wasm_value *v, json_t *want)
{
    const char *text = json_string_value(json_object_get(want, "value"));

    if (v->type != type_of(get_text(want, "type")))
        return false;
    if (!text)
        return v->bits != 0; /* any reference but null */
    if (strncmp(text, "nan:", 4) == 0)
        return is_nan(v, strcmp(text, "nan:canonical") == 0);
    return v->bits == value_of(want).bits;
}

static bool values_are_expected(struct runner *r, const struct wasm_value *got, size_t n,
                                json_t *expected)
{
    if (n != json_array_size(expected))
        return fail(r, "%zu results, expected %zu", n, json_array_size(expected));
    for (size_t i = 0; i < n; i++)
        if (!value_is_expected(&got[i], json_array_get(expected, i)))
            return fail(r, "result %zu is %s 0x%llx, expected %s", i, val_type_name(got[i].type),
                        (unsigned long long)got[i].bits,
                        get_text(json_array_get(expected, i), "value"));
    return true;
}

/* --- actions --- */

static bool call(struct runner *r, const struct pair_instance *inst, const char *name, size_t len,
                 json_t *json_args, struct wasm_value *results, size_t *n, struct outcome *outcome)
{
    const struct func_type *type = pair_func_type(inst, name, len);
    struct wasm_value args[VALUES_MAX];

    if (!type || type->n_params != json_array_size(json_args))
        return fail(r, "no function %s with %zu parameters", name, json_array_size(json_args));
    for (size_t i = 0; i < type->n_params; i++)
        args[i] = value_of(json_array_get(json_args, i));
    pair_set_gas_max(&r->pair, GAS_MAX);
    *n = type->n_results;
    if (!pair_call(&r->pair, inst, name, len, args, results, outcome))
        return fail(r, "%s: engine and oracle disagree: %s", name, r->pair.why);
    r->gas += pair_gas_used(&r->pair);
    return true;
}

static bool act(struct runner *r, json_t *action, struct wasm_value *results, size_t *n,
                struct outcome *outcome)
{
    const struct pair_instance *inst = find_module(r, action, "module");
    json_t *field = json_object_get(action, "field"); /* may contain NUL */
    const char *name = json_string_value(field);
    size_t len = json_string_length(field);
    struct err err = {0};
    bool ok;

    *outcome = (struct outcome){0};
    if (!inst || !name)
        ok = fail(r, "action without module or field");
    else if (strcmp(get_text(action, "type"), "invoke") == 0)
        ok = call(r, inst, name, len, json_object_get(action, "args"), results, n, outcome);
    else {
        *n = 1;
        ok = instance_global(inst->inst, name, len, &results[0], &err) == VCP_OK ||
             fail(r, "%s", err.msg);
    }
    return ok;
}

static bool run_return(struct runner *r, json_t *command)
{
    struct wasm_value results[VALUES_MAX];
    struct outcome outcome;
    size_t n;

    if (!act(r, json_object_get(command, "action"), results, &n, &outcome))
        return false;
    if (outcome.status != RUN_OK)
        return fail(r, "%s", outcome.message);
    return values_are_expected(r, results, n, json_object_get(command, "expected"));
}

static bool run_action(struct runner *r, json_t *command)
{
    struct wasm_value results[VALUES_MAX];
    struct outcome outcome;
    size_t n;

    if (!act(r, json_object_get(command, "action"), results, &n, &outcome))
        return false;
    return outcome.status == RUN_OK || fail(r, "%s", outcome.message);
}

/* The suite sometimes says more ("uninitialized element 2") and sometimes less than we do. */
static bool is_prefix_either_way(const char *a, const char *b)
{
    size_t n = strlen(a) < strlen(b) ? strlen(a) : strlen(b);

    return n && strncmp(a, b, n) == 0;
}

static bool check_trap(struct runner *r, json_t *command, const struct outcome *outcome)
{
    const char *want = get_text(command, "text");

    if (outcome->status != RUN_TRAP)
        return fail(r, "%s, expected a trap: %s", run_status_name(outcome->status), want);
    if (!is_prefix_either_way(trap_text(outcome->trap), want))
        return fail(r, "trap \"%s\", expected \"%s\"", trap_text(outcome->trap), want);
    if (!strstr(outcome->message, trap_text(outcome->trap)))
        return fail(r, "message \"%s\" does not name the trap", outcome->message);
    return true;
}

static bool run_trap(struct runner *r, json_t *command)
{
    struct wasm_value results[VALUES_MAX];
    struct outcome outcome;
    size_t n;

    return act(r, json_object_get(command, "action"), results, &n, &outcome) &&
           check_trap(r, command, &outcome);
}

static bool run_uninstantiable(struct runner *r, json_t *command)
{
    struct pair_instance inst;
    struct outcome outcome;
    struct err err;
    int rc;

    if (!instantiate(r, command, &inst, &rc, &outcome, &err))
        return false;
    if (rc < 0)
        return fail(r, "module refused: %s", err.msg);
    return check_trap(r, command, &outcome);
}

static bool run_unlinkable(struct runner *r, json_t *command)
{
    const char *want = get_text(command, "text");
    struct pair_instance inst;
    struct outcome outcome;
    struct err err = {0};
    int rc;

    if (!instantiate(r, command, &inst, &rc, &outcome, &err))
        return false;
    if (rc != (strcmp(want, "unknown import") == 0 ? VCP_ENOTFOUND : VCP_EINVAL))
        return fail(r, "code %d (%s), expected: %s", rc, err.msg, want);
    return strstr(err.msg, want) || fail(r, "error \"%s\", expected \"%s\"", err.msg, want);
}

/* Loading must fail with exactly this code: invalid and malformed are different findings. */
static bool run_refused(struct runner *r, json_t *command, int want)
{
    struct pair_instance inst;
    struct outcome outcome;
    struct err err = {0};
    int rc;

    if (!instantiate(r, command, &inst, &rc, &outcome, &err))
        return false;
    if (rc != want)
        return fail(r, "code %d (%s), expected %d: %s", rc, err.msg, want,
                    get_text(command, "text"));
    return err.msg[0] != 0 || fail(r, "refused without a reason");
}

static void run_command(struct runner *r, json_t *command)
{
    const char *type = get_text(command, "type");
    bool ok;

    r->line = (int)json_integer_value(json_object_get(command, "line"));
    if (strcmp(type, "assert_malformed") == 0 &&
        strcmp(get_text(command, "module_type"), "text") == 0) {
        r->text++;
        return;
    }
    if (strcmp(type, "module") == 0)
        ok = run_module_command(r, command);
    else if (strcmp(type, "register") == 0)
        ok = run_register(r, command);
    else if (strcmp(type, "action") == 0)
        ok = run_action(r, command);
    else if (strcmp(type, "assert_return") == 0)
        ok = run_return(r, command);
    else if (strcmp(type, "assert_trap") == 0 || strcmp(type, "assert_exhaustion") == 0)
        ok = run_trap(r, command);
    else if (strcmp(type, "assert_invalid") == 0)
        ok = run_refused(r, command, VCP_EINVAL);
    else if (strcmp(type, "assert_malformed") == 0)
        ok = run_refused(r, command, VCP_EFORMAT);
    else if (strcmp(type, "assert_unlinkable") == 0)
        ok = run_unlinkable(r, command);
    else if (strcmp(type, "assert_uninstantiable") == 0)
        ok = run_uninstantiable(r, command);
    else
        ok = fail(r, "unknown command %s", type);
    if (ok)
        r->passed++;
    else
        r->failed++;
}

/* --- files --- */

static bool open_pair(struct runner *r)
{
    struct run_limits limits;

    if (run_limits_preset(&limits, "default", NULL) < 0)
        return false;
    limits.timeout_ms = 0;
    return pair_init(&r->pair, &limits) && pair_define_spectest(&r->pair);
}

static void run_file(struct runner *r, const char *path)
{
    const char *slash = strrchr(path, '/');
    json_error_t e;
    json_t *root = json_load_file(path, JSON_ALLOW_NUL, &e), *commands, *command;
    size_t i;

    *r = (struct runner){.path = path, .current = -1};
    snprintf(r->folder, sizeof r->folder, "%.*s", slash ? (int)(slash - path) : 1,
             slash ? path : ".");
    r->modules = calloc(MODULES_MAX, sizeof *r->modules);
    commands = json_object_get(root, "commands");
    if (!json_is_array(commands) || !r->modules || !open_pair(r)) {
        fail(r, "cannot run: %s", root ? "no commands, or no memory" : e.text);
        r->failed++;
    } else {
        json_array_foreach(commands, i, command) run_command(r, command);
    }
    pair_release(&r->pair);
    for (i = 0; i < r->n_modules; i++)
        free(r->modules[i].name);
    free(r->modules);
    json_decref(root);
}

struct total {
    unsigned files, passed, failed, text;
    unsigned long long gas;
};

static void run_and_print(struct total *t, const char *path)
{
    const char *slash = strrchr(path, '/');
    static struct runner r;

    run_file(&r, path);
    printf("%-32s %7u %7u %7u %12llu\n", slash ? slash + 1 : path, r.passed, r.failed, r.text,
           (unsigned long long)r.gas);
    fflush(stdout);
    t->files++;
    t->passed += r.passed;
    t->failed += r.failed;
    t->text += r.text;
    t->gas += r.gas;
}

static int is_json(const struct dirent *e)
{
    size_t n = strlen(e->d_name);

    return n > 5 && strcmp(e->d_name + n - 5, ".json") == 0;
}

static void run_folder(struct total *t, const char *folder)
{
    struct dirent **list;
    char path[PATH_BYTES];
    int n = scandir(folder, &list, is_json, alphasort);

    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, list[i]->d_name);
        run_and_print(t, path);
        free(list[i]);
    }
    if (n >= 0)
        free(list);
}

int main(int argc, char **argv)
{
    struct total t = {0};

    printf("%-32s %7s %7s %7s %12s\n", "file", "passed", "failed", "text", "gas");
    for (int i = 1; i < argc; i++) {
        size_t n = strlen(argv[i]);

        if (n > 5 && strcmp(argv[i] + n - 5, ".json") == 0)
            run_and_print(&t, argv[i]);
        else
            run_folder(&t, argv[i]);
    }
    printf("%-32s %7u %7u %7u %12llu\n", "total", t.passed, t.failed, t.text, t.gas);
    if (!t.files)
        fprintf(stderr, "no test file found\n");
    return t.failed || !t.files ? 1 : 0;
}
