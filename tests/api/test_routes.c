/* The description and the routes say the same, both ways. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/routes.h"
#include "api/shape.h"
#include "base/limits.h"
#include "schema.h"

static json_t *openapi;

static int load(void **state)
{
    (void)state;
    openapi = json_load_file(TEST_SOURCE_DIR "/../../src/api/openapi.json", JSON_REJECT_DUPLICATES,
                             NULL);
    return openapi ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    json_decref(openapi);
    return 0;
}

static json_t *operation(const struct route *r)
{
    json_t *path = json_object_get(json_object_get(openapi, "paths"), r->path);
    char method[16];
    size_t i;

    for (i = 0; r->method[i]; i++)
        method[i] = (char)(r->method[i] | 32);
    method[i] = 0;
    return json_object_get(path, method);
}

static void every_route_is_described(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < n_routes; i++) {
        json_t *op = operation(&routes[i]);

        if (!op)
            fail_msg("%s %s is not in openapi.json", routes[i].method, routes[i].path);
        assert_string_equal(json_string_value(json_object_get(op, "summary")), routes[i].summary);
        assert_true(json_is_object(json_object_get(op, "responses")));
    }
}

static void everything_described_is_a_route(void **state)
{
    const char *path, *method;
    json_t *item, *op;
    size_t n = 0;

    (void)state;
    json_object_foreach(json_object_get(openapi, "paths"), path, item)
    {
        json_object_foreach(item, method, op)
        {
            bool found = false;
            size_t i;

            for (i = 0; i < n_routes && !found; i++)
                found = strcmp(routes[i].path, path) == 0 && operation(&routes[i]) == op;
            if (!found)
                fail_msg("openapi.json has %s %s, which is no route", method, path);
            n++;
        }
    }
    assert_int_equal(n, n_routes);
}

static bool has_security(json_t *op, const char *scheme)
{
    json_t *s;
    size_t i;

    json_array_foreach(json_object_get(op, "security"), i, s)
    {
        if (json_object_get(s, scheme))
            return true;
    }
    return false;
}

static void who_may_call_is_described(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < n_routes; i++) {
        const struct route *r = &routes[i];
        json_t *op = operation(r), *scope = json_object_get(op, "x-scope");

        assert_int_equal(has_security(op, "apiKey"), r->auth != AUTH_NONE && r->auth != AUTH_NODE);
        assert_int_equal(has_security(op, "nodeSignature"),
                         r->auth == AUTH_NODE || r->auth == AUTH_ANY);
        if (r->scope)
            assert_string_equal(json_string_value(scope), r->scope);
        else
            assert_null(scope);
    }
}

static void bodies_are_described(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < n_routes; i++) {
        json_t *body = json_object_get(operation(&routes[i]), "requestBody");
        json_t *content = json_object_get(body, "content");

        assert_int_equal(body != NULL, routes[i].body != BODY_NONE);
        if (!body)
            continue;
        assert_int_equal(json_is_true(json_object_get(body, "required")),
                         routes[i].body != BODY_OPTIONAL);
        assert_non_null(json_object_get(content, routes[i].body == BODY_BYTES
                                                     ? "application/octet-stream"
                                                     : "application/json"));
        assert_true(routes[i].body_max_bytes > 0);
    }
}

/* Every {…} of a template is a path parameter, in number and name. */
static void path_parameters_are_described(void **state)
{
    size_t i, k;

    (void)state;
    for (i = 0; i < n_routes; i++) {
        json_t *p;
        size_t n = 0, braces = 0;
        const char *c;

        for (c = routes[i].path; *c; c++)
            braces += *c == '{';
        json_array_foreach(json_object_get(operation(&routes[i]), "parameters"), k, p)
        {
            char brace[80];

            if (strcmp(json_string_value(json_object_get(p, "in")), "path") != 0)
                continue;
            snprintf(brace, sizeof brace, "{%s}", json_string_value(json_object_get(p, "name")));
            assert_non_null(strstr(routes[i].path, brace));
            n++;
        }
        assert_int_equal(n, braces);
        assert_true(braces <= CALL_PARAMS_MAX);
    }
}

static size_t check_refs(json_t *v)
{
    const char *key;
    json_t *m;
    size_t i, n = 0;

    json_object_foreach(v, key, m)
    {
        if (strcmp(key, "$ref") == 0) {
            if (!schema_resolve(openapi, json_string_value(m)))
                fail_msg("dangling %s", json_string_value(m));
            n++;
        }
        n += check_refs(m);
    }
    json_array_foreach(v, i, m) n += check_refs(m);
    return n;
}

static void references_resolve(void **state)
{
    (void)state;
    assert_true(check_refs(openapi) > 100);
}

static enum route_match find(const char *method, const char *target, const struct route **r,
                             const char *params[CALL_PARAMS_MAX], struct arena *a, char allow[128])
{
    struct uri u;

    assert_int_equal(uri_parse(&u, a, target, NULL), VCP_OK);
    return route_find(r, params, method, u.segments, u.n_segments, allow);
}

static void the_router_finds_what_it_should(void **state)
{
    static const char *const unknown[] = {"/",
                                          "/api",
                                          "/api/v1",
                                          "/api/v1/",
                                          "/api/v1/health/",
                                          "/api/v1//health",
                                          "/api/v1/nodes/",
                                          "/api/v1/nodes//lease",
                                          "/api/v1/nodes/a/lease/b",
                                          "/api/v2/health",
                                          "/API/v1/health",
                                          "/api/v1/health%2F"};
    const char *params[CALL_PARAMS_MAX];
    const struct route *r = NULL;
    char allow[128];
    struct arena a;
    size_t i;

    (void)state;
    arena_init(&a, 0);
    assert_int_equal(find("GET", "/api/v1/tasks/x%2Fy/result?z", &r, params, &a, allow),
                     ROUTE_FOUND);
    assert_ptr_equal(r->handle, handle_task_result_get);
    assert_string_equal(params[0], "x/y");
    assert_int_equal(find("PATCH", "/api/v1/tasks/x/result", &r, params, &a, allow),
                     ROUTE_WRONG_METHOD);
    assert_string_equal(allow, "GET, POST");
    for (i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        assert_int_equal(find("GET", unknown[i], &r, params, &a, allow), ROUTE_UNKNOWN);
    arena_release(&a);
}

/* Filled with itself, every template finds its own route. */
static void every_template_finds_its_route(void **state)
{
    const char *params[CALL_PARAMS_MAX];
    const struct route *r;
    char allow[128];
    struct arena a;
    size_t i;

    (void)state;
    arena_init(&a, 0);
    for (i = 0; i < n_routes; i++) {
        assert_int_equal(find(routes[i].method, routes[i].path, &r, params, &a, allow),
                         ROUTE_FOUND);
        assert_ptr_equal(r, &routes[i]);
    }
    arena_release(&a);
}

static void shapes_have_ceilings(void **state)
{
    char *deep = malloc(2 * API_JSON_VALUES_MAX + 64);
    size_t i;

    (void)state;
    assert_int_equal(shape_check("{\"a\": [1, \"[[[[\\\"[[\", {}]}", 27, NULL), VCP_OK);
    memset(deep, '[', API_JSON_DEPTH_MAX);
    assert_int_equal(shape_check(deep, API_JSON_DEPTH_MAX, NULL), VCP_OK);
    deep[API_JSON_DEPTH_MAX] = '{';
    assert_int_equal(shape_check(deep, API_JSON_DEPTH_MAX + 1, NULL), VCP_ELIMIT);
    deep[0] = '[';
    for (i = 1; i < 2 * API_JSON_VALUES_MAX; i += 2)
        memcpy(deep + i, "1,", 2);
    assert_int_equal(shape_check(deep, 2 * API_JSON_VALUES_MAX - 2, NULL), VCP_OK);
    assert_int_equal(shape_check(deep, 2 * API_JSON_VALUES_MAX + 1, NULL), VCP_ELIMIT);
    assert_int_equal(shape_check("\"\\", 2, NULL), VCP_OK);
    free(deep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_is_described),
        cmocka_unit_test(everything_described_is_a_route),
        cmocka_unit_test(who_may_call_is_described),
        cmocka_unit_test(bodies_are_described),
        cmocka_unit_test(path_parameters_are_described),
        cmocka_unit_test(references_resolve),
        cmocka_unit_test(the_router_finds_what_it_should),
        cmocka_unit_test(every_template_finds_its_route),
        cmocka_unit_test(shapes_have_ceilings),
    };

    return cmocka_run_group_tests(tests, load, unload);
}
