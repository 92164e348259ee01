/* client.c - one easy handle driven by a multi handle of its own, because only
 * curl_multi_wakeup lets another thread end a call at once. */
#include "http/client.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"

struct http_client {
    CURL *easy;
    CURLM *multi;
    char *base_url;
    char *user_agent, *ca_file;
    bool insecure;
    int64_t connect_timeout_ms;
    atomic_bool cancelled;
    char message[CURL_ERROR_SIZE];
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void global_init(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static bool url_is_valid(const char *url)
{
    const char *host = strncmp(url, "http://", 7) == 0    ? url + 7
                       : strncmp(url, "https://", 8) == 0 ? url + 8
                                                          : NULL;

    return host && host[0] && host[0] != '/' && strlen(url) < 1024 && !strpbrk(url, " ?#\r\n\t");
}

int http_client_new(struct http_client **out, const char *base_url,
                    const struct http_client_options *options, struct err *err)
{
    static const struct http_client_options none = {0};
    const struct http_client_options *o = options ? options : &none;
    struct http_client *c;
    size_t n;

    if (!url_is_valid(base_url))
        return err_set(err, VCP_EINVAL, "\"%.128s\" is no server address; write http://host:port",
                       base_url);
    pthread_once(&once, global_init);
    c = calloc(1, sizeof *c);
    if (!c)
        return err_set(err, VCP_ENOMEM, "no memory for an HTTP client");
    c->base_url = strdup(base_url);
    c->user_agent = strdup(o->user_agent ? o->user_agent : "ambient/" VCP_VERSION);
    c->ca_file = o->ca_file ? strdup(o->ca_file) : NULL;
    c->insecure = o->insecure;
    c->connect_timeout_ms = o->connect_timeout_ms ? o->connect_timeout_ms : 10000;
    c->easy = curl_easy_init();
    c->multi = curl_multi_init();
    if (!c->base_url || !c->user_agent || (o->ca_file && !c->ca_file) || !c->easy || !c->multi) {
        http_client_free(c);
        return err_set(err, VCP_ENOMEM, "no memory for an HTTP client");
    }
    for (n = strlen(c->base_url); n > 0 && c->base_url[n - 1] == '/'; n--)
        c->base_url[n - 1] = 0;
    *out = c;
    return VCP_OK;
}

void http_client_free(struct http_client *c)
{
    if (!c)
        return;
    curl_easy_cleanup(c->easy);
    curl_multi_cleanup(c->multi);
    free(c->base_url);
    free(c->user_agent);
    free(c->ca_file);
    free(c);
}

void http_client_cancel(struct http_client *c)
{
    atomic_store(&c->cancelled, true);
    curl_multi_wakeup(c->multi);
}

void http_client_rearm(struct http_client *c)
{
    atomic_store(&c->cancelled, false);
}

/* ---- the reply ---- */

void http_reply_release(struct http_reply *r)
{
    buf_release(&r->body);
    buf_release(&r->headers);
}

bool http_reply_header(const struct http_reply *r, const char *name, char *out, size_t n)
{
    size_t name_bytes = strlen(name), len;
    const char *p = buf_str(&r->headers);

    for (; *p; p += strcspn(p, "\n") + 1) {
        if (strncmp(p, name, name_bytes) != 0 || strncmp(p + name_bytes, ": ", 2) != 0)
            continue;
        p += name_bytes + 2;
        len = strcspn(p, "\n");
        if (len >= n)
            len = n - 1;
        memcpy(out, p, len);
        out[len] = 0;
        return true;
    }
    return false;
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
    struct http_reply *r = arg;

    buf_put(&r->body, p, size * n);
    return r->body.failed ? 0 : size * n;
}

/* "Name: value\r\n" becomes "name: value\n"; a status line starts the headers anew
 * (an interim 100 Continue comes first). */
static size_t on_header(char *p, size_t size, size_t n, void *arg)
{
    struct http_reply *r = arg;
    size_t len = size * n, i;
    const char *colon = memchr(p, ':', len);

    while (len > 0 && (p[len - 1] == '\r' || p[len - 1] == '\n'))
        len--;
    if (len >= 5 && memcmp(p, "HTTP/", 5) == 0)
        buf_clear(&r->headers);
    if (len == 0 || !colon || colon >= p + len)
        return size * n;
    for (i = 0; p + i < colon; i++)
        buf_putc(&r->headers, (unsigned char)(p[i] >= 'A' && p[i] <= 'Z' ? p[i] + 32 : p[i]));
    for (i++; i < len && (p[i] == ' ' || p[i] == '\t');)
        i++;
    buf_puts(&r->headers, ": ");
    buf_put(&r->headers, p + i, len - i);
    buf_putc(&r->headers, '\n');
    return r->headers.failed ? 0 : size * n;
}

/* ---- the call ---- */

static struct curl_slist *header_list(const struct http_call *call, struct err *err)
{
    struct curl_slist *list = curl_slist_append(NULL, "Expect:"), *more;
    struct buf line;
    size_t i;

    buf_init(&line, 0);
    if (call->content_type) {
        buf_printf(&line, "Content-Type: %s", call->content_type);
        more = curl_slist_append(list, buf_str(&line));
        list = more ? more : list;
    }
    for (i = 0; i < call->n_headers; i++) {
        buf_clear(&line);
        buf_printf(&line, "%s: %s", call->headers[i].name, call->headers[i].value);
        more = line.failed ? NULL : curl_slist_append(list, buf_str(&line));
        if (!more) {
            err_set(err, VCP_ENOMEM, "no memory for the request's headers");
            curl_slist_free_all(list);
            list = NULL;
            break;
        }
        list = more;
    }
    buf_release(&line);
    return list;
}

static void set_body(CURL *e, const struct http_call *call)
{
    bool get = strcmp(call->method, "GET") == 0;

    if (get && call->body_bytes == 0) {
        curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
        return;
    }
    if (strcmp(call->method, "HEAD") == 0) {
        curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
        return;
    }
    curl_easy_setopt(e, CURLOPT_POSTFIELDS, call->body ? call->body : "");
    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body_bytes);
    curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, call->method);
}

static void set_options(struct http_client *c, const struct http_call *call, const char *url,
                        struct curl_slist *headers, struct http_reply *out)
{
    CURL *e = c->easy;

    curl_easy_reset(e); /* keeps the connections */
    curl_easy_setopt(e, CURLOPT_URL, url);
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(e, CURLOPT_NOPROXY, "127.0.0.1,localhost,::1");
    curl_easy_setopt(e, CURLOPT_USERAGENT, c->user_agent);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->message);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)c->connect_timeout_ms);
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)(call->timeout_ms ? call->timeout_ms : 30000));
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, out);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, out);
    if (c->ca_file)
        curl_easy_setopt(e, CURLOPT_CAINFO, c->ca_file);
    if (c->insecure) {
        curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    set_body(e, call);
}

/* Runs the transfer; *cancelled when another thread ended it. */
static CURLcode drive(struct http_client *c, bool *cancelled)
{
    CURLcode result = CURLE_OUT_OF_MEMORY;
    CURLMsg *m;
    int running = 1, left;

    *cancelled = false;
    if (curl_multi_add_handle(c->multi, c->easy) != CURLM_OK)
        return CURLE_OUT_OF_MEMORY;
    while (running) {
        if (atomic_load(&c->cancelled)) {
            *cancelled = true;
            break;
        }
        if (curl_multi_perform(c->multi, &running) != CURLM_OK)
            break;
        if (running)
            curl_multi_poll(c->multi, NULL, 0, 1000, NULL);
    }
    while ((m = curl_multi_info_read(c->multi, &left)))
        if (m->msg == CURLMSG_DONE)
            result = m->data.result;
    curl_multi_remove_handle(c->multi, c->easy);
    return result;
}

static int explain(const struct http_client *c, CURLcode code, const struct http_reply *r,
                   const char *url, struct err *err)
{
    const char *why = c->message[0] ? c->message : curl_easy_strerror(code);

    if (r->body.failed)
        return err_set(err, VCP_ELIMIT, "%s: the answer is larger than %zu bytes", url,
                       r->body.max_bytes);
    if (code == CURLE_OPERATION_TIMEDOUT)
        return err_set(err, VCP_ETIMEOUT, "%s: %s", url, why);
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
        return err_set(err, VCP_EAUTH, "%s: the server's certificate does not verify: %s", url,
                       why);
    if (code == CURLE_OUT_OF_MEMORY)
        return err_set(err, VCP_ENOMEM, "%s: no memory for the call", url);
    return err_set(err, VCP_EIO, "%s: %s", url, why);
}

static int perform(struct http_client *c, const char *url, struct http_reply *out, struct err *err)
{
    int64_t start = clock_mono_ns();
    bool cancelled;
    long status = 0;
    CURLcode code;

    c->message[0] = 0;
    code = drive(c, &cancelled);
    out->time_ns = clock_mono_ns() - start;
    if (cancelled)
        return err_set(err, VCP_ECANCELLED, "%s: the call was cancelled", url);
    if (code != CURLE_OK)
        return explain(c, code, out, url, err);
    curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
    out->status = (int)status;
    return VCP_OK;
}

int http_client_call(struct http_client *c, const struct http_call *call, struct http_reply *out,
                     struct err *err)
{
    struct curl_slist *headers = header_list(call, err);
    struct buf url;
    int rc;

    if (!headers)
        return err && err->code ? err->code : VCP_ENOMEM;
    buf_clear(&out->body);
    buf_clear(&out->headers);
    out->body.max_bytes = call->response_max_bytes ? call->response_max_bytes
                                                   : HTTP_REPLY_BYTES_MAX;
    out->headers.max_bytes = HTTP_HEADER_BYTES_MAX * 4;
    out->status = 0;
    buf_init(&url, 0);
    buf_printf(&url, "%s%s", c->base_url, call->path);
    if (url.failed) {
        rc = err_set(err, VCP_ENOMEM, "no memory for the call");
    } else {
        set_options(c, call, buf_str(&url), headers, out);
        rc = perform(c, buf_str(&url), out, err);
    }
    curl_slist_free_all(headers);
    buf_release(&url);
    return rc;
}
