#include "wasm/decode.h"

#include <stdlib.h>
#include <string.h>

#include "wasm/decode_read.h"

static const char *const section_names[SECTION_COUNT] = {
    "custom", "type",  "import",  "function", "table", "memory",    "global",
    "export", "start", "element", "code",     "data",  "data count"};

/* The data count section stands between element and code although its id is 12. */
static const uint8_t section_rank[SECTION_COUNT] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 10};

/* --- custom sections --- */

static int read_custom_section(struct decoder *d)
{
    struct name name;
    int rc = decode_name(d, &name, "custom section name");

    if (rc < 0)
        return rc;
    if (name_eq(&name, "name", 4)) {
        d->names = d->c.p;
        d->names_end = d->c.end;
    }
    d->c.p = d->c.end;
    return VCP_OK;
}

#define NAME_SUBSECTION_FUNCTIONS 1

static void read_function_names(struct decoder *d)
{
    uint32_t n, index;
    struct name name;

    if (!leb_u32(&d->c, &n))
        return;
    while (n--) {
        if (!leb_u32(&d->c, &index) || decode_name(d, &name, "function name") < 0)
            return;
        if (index < d->m->n_funcs)
            d->m->funcs[index].name = name;
    }
}

/* Names serve messages only: a damaged name section is ignored from its first flaw. */
static void read_names(struct decoder *d)
{
    struct cursor section = {d->names, d->names_end};
    const unsigned char *p;
    uint32_t n;
    uint8_t id;

    d->err = NULL;
    while (d->names && cursor_u8(&section, &id) && leb_u32(&section, &n) &&
           cursor_bytes(&section, n, &p)) {
        d->c = (struct cursor){p, p + n};
        if (id == NAME_SUBSECTION_FUNCTIONS)
            read_function_names(d);
    }
}

/* --- the module --- */

static int read_section(struct decoder *d, unsigned *last_rank)
{
    const unsigned char *body, *end = d->c.end;
    uint32_t n;
    uint8_t id;
    int rc = decode_byte(d, &id, "a section id");

    if (rc < 0)
        return rc;
    if (id >= SECTION_COUNT)
        return decode_fail(d, VCP_EFORMAT, "malformed section id %u", id);
    if (id != SECTION_CUSTOM && section_rank[id] <= *last_rank)
        return decode_fail(d, VCP_EFORMAT,
                           "unexpected content: %s section out of order or repeated",
                           section_names[id]);
    if (id != SECTION_CUSTOM)
        *last_rank = section_rank[id];
    rc = decode_u32(d, &n, "a section size");
    if (rc < 0)
        return rc;
    if (!cursor_bytes(&d->c, n, &body))
        return decode_fail(d, VCP_EFORMAT, "length out of bounds: %s section of %u bytes",
                           section_names[id], n);
    d->c = (struct cursor){body, body + n};
    rc = id == SECTION_CUSTOM ? read_custom_section(d) : decode_section(d, id);
    if (rc == VCP_OK && d->c.p != d->c.end)
        rc = decode_fail(d, VCP_EFORMAT, "section size mismatch: %zu bytes left over",
                         cursor_left(&d->c));
    d->c.end = end;
    return rc < 0 ? err_prefix(d->err, "%s section", section_names[id]), rc : VCP_OK;
}

static int read_header(struct decoder *d)
{
    static const unsigned char version[4] = {1, 0, 0, 0};
    const unsigned char *p;

    if (!cursor_bytes(&d->c, 4, &p))
        return decode_fail(d, VCP_EFORMAT, "unexpected end: no magic header");
    if (memcmp(p, "\0asm", 4) != 0)
        return decode_fail(d, VCP_EFORMAT, "magic header not detected: not a WebAssembly module");
    if (!cursor_bytes(&d->c, 4, &p))
        return decode_fail(d, VCP_EFORMAT, "unexpected end: no binary version");
    if (memcmp(p, version, 4) != 0)
        return decode_fail(d, VCP_EFORMAT, "unknown binary version, expected 1");
    return VCP_OK;
}

static int check_counts(struct decoder *d)
{
    struct module *m = d->m;

    if (d->n_codes != m->n_funcs - m->n_imported_funcs)
        return decode_fail(d, VCP_EFORMAT,
                           "function and code section have inconsistent lengths: %u and 0",
                           m->n_funcs - m->n_imported_funcs);
    if (m->has_data_count && m->data_count != m->n_datas)
        return decode_fail(d, VCP_EFORMAT,
                           "data count and data section have inconsistent lengths: %u and %u",
                           m->data_count, m->n_datas);
    return VCP_OK;
}

static int read_module(struct decoder *d)
{
    unsigned last_rank = 0;
    int rc = read_header(d);

    while (rc == VCP_OK && d->c.p < d->c.end)
        rc = read_section(d, &last_rank);
    if (rc == VCP_OK)
        rc = check_counts(d);
    if (rc == VCP_OK)
        read_names(d);
    return rc;
}

int module_decode(struct module **out, const uint8_t *bytes, size_t n,
                  const struct module_limits *limits, struct err *err)
{
    struct decoder d = {.limits = limits ? limits : &module_limits_default, .err = err};
    int rc;

    if (n > d.limits->module_bytes_max || n > UINT32_MAX)
        return err_set(err, VCP_ELIMIT, "module of %zu bytes, the limit is %zu", n,
                       d.limits->module_bytes_max);
    d.m = calloc(1, sizeof *d.m);
    if (!d.m)
        return err_set(err, VCP_ENOMEM, "no memory for a module");
    d.m->limits = *d.limits;
    d.m->n_bytes = (uint32_t)n;
    arena_init(&d.m->arena, d.limits->arena_bytes_max);
    d.m->bytes = arena_copy(&d.m->arena, bytes, n);
    if (!d.m->bytes) {
        module_free(d.m);
        return err_set(err, VCP_ENOMEM, "no memory for a module of %zu bytes", n);
    }
    d.c = (struct cursor){d.m->bytes, d.m->bytes + n};
    rc = read_module(&d);
    if (rc < 0) {
        module_free(d.m);
        return rc;
    }
    *out = d.m;
    return VCP_OK;
}
