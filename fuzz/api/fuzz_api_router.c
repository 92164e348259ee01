/* Method and target of a request: parsed, routed, and held against what that promises. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/routes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_route(const struct uri *u, const char *method)
{
    const char *params[CALL_PARAMS_MAX] = {0};
    const struct route *r = NULL;
    char allow[128];
    size_t i, want = 0;

    if (route_find(&r, params, method, u->segments, u->n_segments, allow) != ROUTE_FOUND)
        return;
    if (strcmp(r->method, method) != 0)
        abort();
    for (i = 0; r->path[i]; i++)
        want += r->path[i] == '{';
    for (i = 0; i < want; i++)
        if (!params[i] || !params[i][0])
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "DELETE", "PATCH"};
    char host[256], port[8], *target;
    struct arena a;
    struct err err;
    struct uri u;
    size_t i;

    if (n < 1)
        return 0;
    target = malloc(n);
    memcpy(target, data + 1, n - 1);
    target[n - 1] = 0;
    arena_init(&a, 1u << 20);
    if (uri_parse(&u, &a, target, &err) == VCP_OK) {
        for (i = 0; i < u.n_segments; i++)
            if (strlen(u.segments[i]) > n)
                abort();
        for (i = 0; i < u.n_query; i++)
            if (!uri_query(&u, u.query[i].name))
                abort();
        check_route(&u, methods[data[0] % 5]);
    } else if (err.code >= 0 || !err.msg[0]) {
        abort(); /* a refusal says why */
    }
    if (uri_split_listen(host, port, target, &err) == VCP_OK && strlen(port) > 5)
        abort();
    arena_release(&a);
    free(target);
    return 0;
}
