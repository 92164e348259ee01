#include "cli/remote.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "cli/config.h"

#define API "/api/v1"

static const char *first_of(const char *a, const char *b, const char *c)
{
    return a && *a ? a : b && *b ? b : c;
}

static int set_up(struct remote *r, const struct args *args, const struct config *config)
{
    const char *ca = first_of(args_text(args, "ca-file"), config->ca_file, NULL);
    const struct http_client_options options = {.ca_file = ca};
    const char *key = first_of(args_text(args, "api-key"), config->api_key, "");
    struct err err;

    snprintf(r->server, sizeof r->server, "%s",
             first_of(args_text(args, "server"), config->server, "http://127.0.0.1:3000"));
    if (strlen(key) >= sizeof r->api_key || strpbrk(key, "\r\n")) {
        cli_error(r->cli, "that is no API key: one is vcp_ and 32 letters and digits");
        return CLI_USAGE;
    }
    snprintf(r->api_key, sizeof r->api_key, "%s", key);
    if (http_client_new(&r->http, r->server, &options, &err) < 0)
        return cli_fail(r->cli, &err);
    return CLI_OK;
}

int remote_open(struct remote *r, const struct cli *cli, const struct args *args)
{
    struct config config;
    struct err err;
    int rc;

    memset(r, 0, sizeof *r);
    r->cli = cli;
    if (config_load(&config, &err) < 0)
        return cli_fail(cli, &err);
    if (config.readable_by_others && *config.api_key)
        cli_say(cli, "note: others may read your API key: chmod 600 %s", config.path);
    rc = set_up(r, args, &config);
    if (rc == CLI_OK && !*r->api_key) {
        cli_error(cli,
                  "no API key: give --api-key, set AMBIENT_API_KEY, or write api_key = vcp_… "
                  "into %s",
                  *config.path ? config.path : "a file named by AMBIENT_CONFIG");
        rc = CLI_USAGE;
    }
    if (rc != CLI_OK)
        remote_close(r);
    return rc;
}

void remote_close(struct remote *r)
{
    http_client_free(r->http);
    http_reply_release(&r->reply);
    memset(r, 0, sizeof *r);
}

/* --- one call, repeated while the server asks for patience --- */

/* Milliseconds to wait before the call is tried again; < 0: no more tries. */
static int64_t patience_ms(const struct remote *r, int try)
{
    char after[32];

    if (try >= CLI_RETRIES_MAX || (r->reply.status != 429 && r->reply.status != 503))
        return -1;
    if (!http_reply_header(&r->reply, "retry-after", after, sizeof after))
        return r->reply.status == 429 ? 1000 : -1;
    return atoi(after) >= 0 && atoi(after) <= CLI_RETRY_SECONDS_MAX ? 1000 * atoi(after) + 50 : -1;
}

static int call_patiently(struct remote *r, struct http_call *call, struct err *err)
{
    for (int try = 0;; try++) {
        int rc = http_client_call(r->http, call, &r->reply, err);
        int64_t wait = rc < 0 ? -1 : patience_ms(r, try);

        if (wait < 0)
            return rc;
        clock_sleep_ms(wait);
    }
}

static int call(struct remote *r, struct http_call *call, const char *path, const char *header,
                const char *value, struct err *err)
{
    struct http_header headers[2] = {{"X-API-Key", r->api_key}, {header, value}};
    struct buf full;
    int rc;

    buf_init(&full, 0);
    buf_puts(&full, API);
    buf_puts(&full, path);
    call->path = buf_str(&full);
    call->headers = headers;
    call->n_headers = header ? 2 : 1;
    rc = full.failed ? err_set(err, VCP_ENOMEM, "out of memory") : call_patiently(r, call, err);
    buf_release(&full);
    return rc;
}

int remote_try(struct remote *r, const char *method, const char *path, json_t *body,
               const char *header, const char *value, int64_t timeout_ms, int *status,
               struct err *err)
{
    char *text = body ? json_text(body) : NULL;
    struct http_call c = {.method = method, .timeout_ms = timeout_ms};
    int rc;

    *status = 0;
    if (body && !text)
        return err_set(err, VCP_ENOMEM, "out of memory");
    if (text) {
        c.content_type = "application/json";
        c.body = text;
        c.body_bytes = strlen(text);
    }
    rc = call(r, &c, path, header, value, err);
    free(text);
    if (rc == VCP_OK)
        *status = r->reply.status;
    return rc;
}

/* --- telling why --- */

static const char *advice(int status)
{
    switch (status) {
    case 401: return "; check --api-key, AMBIENT_API_KEY or the config file";
    case 402: return "; 'ambient account show' tells the balance, --budget changes the price";
    default: return "";
    }
}

static int exit_of_status(int status)
{
    if (status == 401 || status == 402 || status == 403 || status == 404 || status == 409)
        return CLI_REFUSED;
    return status == 429 || status >= 500 ? (status == 501 ? CLI_USAGE : CLI_NETWORK) : CLI_USAGE;
}

int remote_explain(struct remote *r, const char *method, const char *path, int status,
                   const struct err *err)
{
    json_t *answer = NULL;
    const char *message;

    if (!status) {
        cli_error(r->cli, "%s: %s", r->server, err->msg);
        return err->code == VCP_ENOMEM ? CLI_INTERNAL : CLI_NETWORK;
    }
    if (json_parse(&answer, buf_str(&r->reply.body), r->reply.body.len, NULL) < 0)
        answer = NULL;
    message = remote_str(answer, "message");
    if (*message)
        cli_error(r->cli, "%s%s", message, advice(status));
    else
        cli_error(r->cli, "%s answered %d to %s %s%s: is that an Ambient server?", r->server,
                  status, method, path, advice(status));
    json_decref(answer);
    return exit_of_status(status);
}

/* --- what the commands use --- */

int remote_json_with(struct remote *r, const char *method, const char *path, json_t *body,
                     const char *header, const char *value, int64_t timeout_ms, json_t **out)
{
    struct err err = {0};
    json_t *answer = NULL;
    int status;

    if (remote_try(r, method, path, body, header, value, timeout_ms, &status, &err) < 0 ||
        status >= 300)
        return remote_explain(r, method, path, status, &err);
    if (!out)
        return CLI_OK;
    if (json_parse(&answer, buf_str(&r->reply.body), r->reply.body.len, &err) < 0) {
        cli_error(r->cli, "%s: the answer to %s %s is not JSON: %s", r->server, method, path,
                  err.msg);
        return CLI_NETWORK;
    }
    *out = answer;
    return CLI_OK;
}

int remote_json(struct remote *r, const char *method, const char *path, json_t *body, json_t **out)
{
    return remote_json_with(r, method, path, body, NULL, NULL, 0, out);
}

int remote_put(struct remote *r, const char *path, const void *p, size_t n,
               char sha3_hex[SHA3_256_HEX_BYTES])
{
    uint8_t digest[SHA3_256_BYTES];
    char full[128];
    struct http_call c = {.method = "PUT",
                          .content_type = "application/octet-stream",
                          .body = p,
                          .body_bytes = n,
                          .timeout_ms = CLI_TRANSFER_MS_MAX};
    struct err err = {0};

    sha3_256(digest, p, n);
    hex_encode(sha3_hex, digest, sizeof digest);
    snprintf(full, sizeof full, "%s/%s", path, sha3_hex);
    if (call(r, &c, full, NULL, NULL, &err) < 0)
        return remote_explain(r, "PUT", path, 0, &err);
    if (r->reply.status >= 300)
        return remote_explain(r, "PUT", path, r->reply.status, &err);
    return CLI_OK;
}

int remote_get(struct remote *r, const char *path, size_t max_bytes)
{
    struct http_call c = {
        .method = "GET", .timeout_ms = CLI_TRANSFER_MS_MAX, .response_max_bytes = max_bytes};
    struct err err = {0};

    if (call(r, &c, path, NULL, NULL, &err) < 0)
        return remote_explain(r, "GET", path, 0, &err);
    if (r->reply.status >= 300)
        return remote_explain(r, "GET", path, r->reply.status, &err);
    return CLI_OK;
}

const char *remote_str(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s ? s : "";
}

int64_t remote_int(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

double remote_real(const json_t *o, const char *key)
{
    return json_number_value(json_object_get(o, key));
}

void remote_put_escaped(struct buf *out, const char *s)
{
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            strchr("-_.~", c))
            buf_putc(out, c);
        else
            buf_printf(out, "%%%02X", c);
    }
}
