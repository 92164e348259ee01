#include "cli/config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"

static void find_path(struct config *c)
{
    const char *file = getenv("AMBIENT_CONFIG"), *xdg = getenv("XDG_CONFIG_HOME"),
               *home = getenv("HOME");

    if (file && *file)
        snprintf(c->path, sizeof c->path, "%s", file);
    else if (xdg && *xdg)
        snprintf(c->path, sizeof c->path, "%s/ambient/config", xdg);
    else if (home && *home)
        snprintf(c->path, sizeof c->path, "%s/.config/ambient/config", home);
}

static char *setting(struct config *c, const char *name, size_t n)
{
    if (n == 6 && !memcmp(name, "server", n))
        return c->server;
    if (n == 7 && !memcmp(name, "api_key", n))
        return c->api_key;
    if (n == 7 && !memcmp(name, "ca_file", n))
        return c->ca_file;
    return NULL;
}

/* Cuts white space off both ends of [*p, *end). */
static void trim(const char **p, const char **end)
{
    while (*p < *end && isspace((unsigned char)**p))
        ++*p;
    while (*end > *p && isspace((unsigned char)(*end)[-1]))
        --*end;
}

static int parse_line(struct config *c, const char *p, const char *end, int line, struct err *err)
{
    const char *equals, *name_end, *value;
    char *into;

    trim(&p, &end);
    if (p == end || *p == '#')
        return VCP_OK;
    equals = memchr(p, '=', (size_t)(end - p));
    if (!equals)
        return err_set(err, VCP_EFORMAT, "%s, line %d: wanted name = value", c->path, line);
    name_end = equals;
    value = equals + 1;
    trim(&p, &name_end);
    trim(&value, &end);
    into = setting(c, p, (size_t)(name_end - p));
    if (!into)
        return err_set(err, VCP_EFORMAT,
                       "%s, line %d: there is no setting '%.*s' (server, api_key, ca_file)",
                       c->path, line, (int)(name_end - p), p);
    if (end - value >= CONFIG_VALUE_BYTES || memchr(value, 0, (size_t)(end - value)))
        return err_set(err, VCP_EFORMAT, "%s, line %d: the value is too long or holds NUL bytes",
                       c->path, line);
    snprintf(into, CONFIG_VALUE_BYTES, "%.*s", (int)(end - value), value);
    return VCP_OK;
}

int config_parse(struct config *c, const char *text, size_t n, struct err *err)
{
    const char *p = text, *end = text + n;

    for (int line = 1; p < end; line++) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        const char *line_end = newline ? newline : end;
        int rc = parse_line(c, p, line_end, line, err);

        if (rc < 0)
            return rc;
        p = newline ? newline + 1 : end;
    }
    return VCP_OK;
}

int config_load(struct config *c, struct err *err)
{
    struct stat st;
    struct buf text;
    int rc;

    memset(c, 0, sizeof *c);
    find_path(c);
    if (!*c->path || stat(c->path, &st) < 0)
        return VCP_OK;
    c->exists = true;
    c->readable_by_others = (st.st_mode & 077) != 0;
    buf_init(&text, 0);
    rc = file_read(&text, c->path, CLI_CONFIG_BYTES_MAX, err);
    if (rc == VCP_OK)
        rc = config_parse(c, buf_str(&text), text.len, err);
    buf_release(&text);
    return rc;
}
