/* The WebAssembly test suite through the mock prover: every call of an assertion, made on a
 * fresh instance by the engine and by the chips, must agree, satisfy and balance.
 *
 *     suite_runner FOLDER FILE...     names without .json; NAME/20: every 20th call of it
 *
 * Calls that need what is not built (imports, references, bulk operations) are
 * counted apart; a file named on the command line must have proven calls. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "mockrun.h"

struct suite {
    const char *folder;
    struct catalog *chips;
    struct buf module;
    unsigned every, calls; /* of a file */
    unsigned proven, unsupported, failed;
    unsigned long long rows;
};

static bool load(struct suite *s, const char *name)
{
    char path[4096];

    buf_clear(&s->module);
    snprintf(path, sizeof path, "%s/%s", s->folder, name);
    return file_read(&s->module, path, 1 << 24, NULL) == VCP_OK;
}

static const char *text(const json_t *o, const char *key)
{
    const char *t = json_string_value(json_object_get(o, key));

    return t ? t : "";
}

static void call(struct suite *s, const char *file, const json_t *command)
{
    const json_t *action = json_object_get(command, "action"), *v;
    json_t *list = json_object_get(action, "args");
    struct mockrun m = {
        .chips = s->chips, .gas_max = 2000000, .rows_max = 400000, .call_depth_max = 200};
    char texts[STATEMENT_VALUES_MAX][MOCKRUN_TEXT];
    const char *args[STATEMENT_VALUES_MAX];
    struct err e = {0};
    size_t i, n = json_array_size(list);
    int rc;

    if (strcmp(text(action, "type"), "invoke") != 0 || json_object_get(action, "module") ||
        n > STATEMENT_VALUES_MAX || !s->module.len || s->calls++ % s->every)
        return;
    json_array_foreach(list, i, v)
    {
        const char *type = text(v, "type");

        if (type[0] != 'i' && type[0] != 'f')
            return;
        mockrun_text(texts[i],
                     strcmp(type, "f32") == 0   ? VAL_F32
                     : strcmp(type, "f64") == 0 ? VAL_F64
                                                : VAL_I64,
                     strtoull(text(v, "value"), NULL, 10));
        args[i] = texts[i];
    }
    rc = mockrun(&m, s->module.data, s->module.len, text(action, "field"), args, n, &e);
    if (rc == VCP_OK) {
        s->proven++;
        s->rows += m.end.n_rows;
    } else if (rc == VCP_EUNSUPPORTED || rc == VCP_ENOTFOUND || rc == VCP_EINVAL ||
               rc == VCP_ELIMIT) {
        s->unsupported++;
    } else {
        s->failed++;
        printf("%s:%d: %s: %s\n", file, (int)json_integer_value(json_object_get(command, "line")),
               text(action, "field"), e.msg);
    }
    mockrun_release(&m);
}

static void run(struct suite *s, const char *file)
{
    char path[4096], name[64];
    const char *step = strchr(file, '/');
    json_t *root, *commands, *c;
    size_t i;

    snprintf(name, sizeof name, "%.*s", step ? (int)(step - file) : 63, file);
    s->every = step ? (unsigned)atoi(step + 1) : 1;
    s->calls = s->proven = s->unsupported = 0;
    s->rows = 0;
    s->module.len = 0;
    snprintf(path, sizeof path, "%s/%s.json", s->folder, name);
    root = json_load_file(path, JSON_ALLOW_NUL, NULL);
    commands = json_object_get(root, "commands");
    json_array_foreach(commands, i, c)
    {
        const char *type = text(c, "type");

        if (strcmp(type, "module") == 0 && !load(s, text(c, "filename")))
            s->failed++;
        else if (strcmp(type, "assert_return") == 0 || strcmp(type, "assert_trap") == 0 ||
                 strcmp(type, "action") == 0)
            call(s, name, c);
    }
    json_decref(root);
    printf("%-24s %6u proven %6u not built %10llu rows\n", name, s->proven, s->unsupported,
           s->rows);
    if (!s->proven) {
        printf("%s: nothing was proven\n", name);
        s->failed++;
    }
}

int main(int argc, char **argv)
{
    struct suite s = {.folder = argc > 1 ? argv[1] : ".", .chips = catalog_new()};

    setvbuf(stdout, NULL, _IOLBF, 0);
    buf_init(&s.module, 0);
    for (int i = 2; i < argc; i++)
        run(&s, argv[i]);
    buf_release(&s.module);
    catalog_free(s.chips);
    return s.failed || argc < 3 ? 1 : 0;
}
