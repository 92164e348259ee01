#include "http/uri.h"

#include <string.h>

#include "base/limits.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool uri_decode(char *out, const char *text, size_t n, bool plus_is_space)
{
    size_t i = 0;

    while (i < n) {
        int hi, lo;

        if (text[i] != '%') {
            *out++ = plus_is_space && text[i] == '+' ? ' ' : text[i];
            i++;
            continue;
        }
        if (n - i < 3 || (hi = hex_digit(text[i + 1])) < 0 || (lo = hex_digit(text[i + 2])) < 0 ||
            hi * 16 + lo == 0)
            return false;
        *out++ = (char)(hi * 16 + lo);
        i += 3;
    }
    *out = 0;
    return true;
}

static const char *decoded(struct arena *a, const char *text, size_t n, bool form, struct err *err)
{
    char *s = arena_alloc(a, n + 1);

    if (!s) {
        err_set(err, VCP_ENOMEM, "no memory for the request target");
        return NULL;
    }
    if (!uri_decode(s, text, n, form)) {
        err_set(err, VCP_EINVAL, "the request target has a broken percent escape");
        return NULL;
    }
    return s;
}

static size_t count(const char *s, size_t n, char c)
{
    size_t i, k = 0;

    for (i = 0; i < n; i++)
        k += s[i] == c;
    return k;
}

static int parse_segments(struct uri *u, struct arena *a, const char *p, size_t n, struct err *err)
{
    const char *end = p + n;
    size_t max = count(p, n, '/');
    const char **segments;

    if (max > HTTP_SEGMENTS_MAX)
        return err_set(err, VCP_ELIMIT, "the path has more than %u segments", HTTP_SEGMENTS_MAX);
    segments = arena_array(a, max + 1, sizeof segments[0]);
    if (!segments)
        return err_set(err, VCP_ENOMEM, "no memory for the request target");
    for (p++;; p++) {
        const char *slash = memchr(p, '/', (size_t)(end - p));
        size_t len = (size_t)((slash ? slash : end) - p);

        segments[u->n_segments] = decoded(a, p, len, false, err);
        if (!segments[u->n_segments++])
            return err ? err->code : VCP_EINVAL;
        if (!slash)
            break;
        p = slash;
    }
    u->segments = segments;
    return VCP_OK;
}

static int parse_member(struct uri_query *q, struct arena *a, const char *p, size_t n,
                        struct err *err)
{
    const char *eq = memchr(p, '=', n);
    size_t name_bytes = eq ? (size_t)(eq - p) : n;

    q->name = decoded(a, p, name_bytes, true, err);
    q->value = q->name && eq ? decoded(a, eq + 1, n - name_bytes - 1, true, err) : "";
    if (!q->name || !q->value)
        return err ? err->code : VCP_EINVAL;
    return VCP_OK;
}

static int parse_query(struct uri *u, struct arena *a, const char *p, struct err *err)
{
    size_t max = count(p, strlen(p), '&') + 1;
    struct uri_query *query;

    if (max > HTTP_QUERY_MAX)
        return err_set(err, VCP_ELIMIT, "the query has more than %u members", HTTP_QUERY_MAX);
    query = arena_array(a, max, sizeof query[0]);
    if (!query)
        return err_set(err, VCP_ENOMEM, "no memory for the request target");
    while (*p) {
        size_t n = strcspn(p, "&");

        if (n > 0) {
            int rc = parse_member(&query[u->n_query], a, p, n, err);

            if (rc < 0)
                return rc;
            u->n_query++;
        }
        p += n + (p[n] == '&');
    }
    u->query = query;
    return VCP_OK;
}

int uri_parse(struct uri *out, struct arena *a, const char *target, struct err *err)
{
    size_t n = strcspn(target, "?");
    struct uri u = {0};
    char *path;
    int rc;

    if (target[0] != '/')
        return err_set(err, VCP_EINVAL, "the request target must begin with '/'");
    path = arena_alloc(a, n + 1);
    if (!path)
        return err_set(err, VCP_ENOMEM, "no memory for the request target");
    memcpy(path, target, n);
    u.path = path;
    rc = parse_segments(&u, a, path, n, err);
    if (rc == VCP_OK && target[n] == '?')
        rc = parse_query(&u, a, target + n + 1, err);
    if (rc == VCP_OK)
        *out = u;
    return rc;
}

const char *uri_query(const struct uri *u, const char *name)
{
    size_t i;

    for (i = 0; i < u->n_query; i++)
        if (strcmp(u->query[i].name, name) == 0)
            return u->query[i].value;
    return NULL;
}

int uri_split_listen(char host[256], char port[8], const char *text, struct err *err)
{
    const char *colon = strrchr(text, ':');
    size_t n = colon ? (size_t)(colon - text) : 0, digits = colon ? strlen(colon + 1) : 0;

    if (!colon || digits < 1 || digits > 5 || strspn(colon + 1, "0123456789") != digits || n >= 256)
        return err_set(err, VCP_EINVAL,
                       "\"%.64s\" is no address to listen on; write host:port, e.g. 127.0.0.1:3000",
                       text);
    if (n >= 2 && text[0] == '[' && text[n - 1] == ']') {
        text++;
        n -= 2;
    } else if (memchr(text, ':', n)) {
        return err_set(err, VCP_EINVAL, "\"%.64s\": write an IPv6 address in brackets", text);
    }
    memcpy(host, text, n);
    host[n] = 0;
    memcpy(port, colon + 1, digits + 1);
    return VCP_OK;
}
