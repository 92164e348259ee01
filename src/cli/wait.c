#include "cli/wait.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/limits.h"
#include "cli/table.h"

#define POLL_MS         20000 /* of one long poll when nobody watches */
#define POLL_WATCHED_MS 500   /* when the line on the terminal moves */
#define LOST_SERVER_MS  60000 /* a server that restarts is waited for */
#define RETRY_MS        500
#define EARLY_PAUSE_MS  100

static bool has_ended(const json_t *task)
{
    const char *s = remote_str(task, "status");

    return !strcmp(s, "completed") || !strcmp(s, "failed") || !strcmp(s, "cancelled");
}

static bool is_task(const json_t *task)
{
    const char *s = remote_str(task, "status");

    return has_ended(task) || !strcmp(s, "pending") || !strcmp(s, "running");
}

/* --- the line that moves --- */

struct progress {
    bool live;
    int64_t begun_ns;
    unsigned turn;
};

static void put_nodes(FILE *out, const json_t *nodes)
{
    json_t *node;
    size_t i;

    json_array_foreach(nodes, i, node)
    {
        fputs(i ? ", " : " on ", out);
        if (i == 4 && json_array_size(nodes) > 5) {
            fprintf(out, "%zu more", json_array_size(nodes) - i);
            break;
        }
        cli_put_safe(out, json_is_string(node) ? json_string_value(node) : "?");
    }
}

static void progress_show(struct progress *p, const json_t *task)
{
    static const char *const frames[] = {"⠋", "⠙", "⠸", "⠴", "⠦", "⠇"};
    double seconds = (double)(clock_mono_ns() - p->begun_ns) / 1e9;
    int64_t needed = remote_int(task, "replicas_needed");

    if (!p->live)
        return;
    fprintf(stderr, "\r\033[K%s ", frames[p->turn++ % 6]);
    cli_put_safe(stderr, remote_str(task, "status"));
    put_nodes(stderr, json_object_get(task, "assigned_nodes"));
    if (needed > 1)
        fprintf(stderr, ", %lld of %lld results", (long long)remote_int(task, "replicas_done"),
                (long long)needed);
    fprintf(stderr, " %.1f s", seconds);
    fflush(stderr);
}

static void progress_end(const struct progress *p)
{
    if (p->live)
        fputs("\r\033[K", stderr);
}

/* --- waiting --- */

/* One poll.  1: *task is new; 0: no answer, try again; else told. */
static int poll_once(struct remote *r, const char *task_id, int64_t wait_ms, int64_t *lost_ns,
                     json_t **task, int *exit_code)
{
    char path[160];
    struct err err = {0};
    json_t *answer;
    int status;

    snprintf(path, sizeof path, "/tasks/%.64s?wait_ms=%lld", task_id, (long long)wait_ms);
    if (remote_try(r, "GET", path, NULL, NULL, NULL, wait_ms + 10000, &status, &err) < 0 ||
        status == 502 || status == 503) {
        if (!*lost_ns)
            *lost_ns = clock_mono_ns();
        if (clock_mono_ns() - *lost_ns < LOST_SERVER_MS * 1000000ll) {
            clock_sleep_ms(RETRY_MS);
            return 0;
        }
    }
    *lost_ns = 0;
    if (status == 200 &&
        json_parse(&answer, buf_str(&r->reply.body), r->reply.body.len, &err) == VCP_OK) {
        json_decref(*task);
        *task = answer;
        if (is_task(answer))
            return 1;
        err_set(&err, VCP_EFORMAT, "it has no status of a task");
    }
    if (status == 200)
        cli_error(r->cli, "%s: the answer to GET %s makes no sense: %s", r->server, path, err.msg);
    *exit_code = status == 200 ? CLI_NETWORK : remote_explain(r, "GET", path, status, &err);
    return -1;
}

/* A server that answers long polls at once (draining, or not ours) is not asked in a rush. */
static void pause_if_early(int64_t begun_ns, int64_t wait_ms)
{
    if ((clock_mono_ns() - begun_ns) / 1000000 < wait_ms / 2)
        clock_sleep_ms(EARLY_PAUSE_MS);
}

int wait_for_task(struct remote *r, const char *task_id, const struct wait_options *o,
                  json_t **task)
{
    struct progress p = {.live = !o->quiet && isatty(2), .begun_ns = clock_mono_ns()};
    int64_t lost_ns = 0, begun_ns;
    int exit_code = CLI_OK, got = 0;

    *task = NULL;
    while (got >= 0 && !(got == 1 && has_ended(*task))) {
        int64_t spent_ms = (clock_mono_ns() - p.begun_ns) / 1000000;
        int64_t wait_ms = p.live ? POLL_WATCHED_MS : POLL_MS;

        if (o->timeout_ms >= 0 && spent_ms >= o->timeout_ms && got == 1) {
            progress_end(&p);
            cli_error(r->cli,
                      "task %s is still %s after %.1f s; it goes on, and 'ambient task explain' "
                      "tells what it waits for",
                      task_id, remote_str(*task, "status"), (double)spent_ms / 1000);
            return CLI_LIMIT;
        }
        if (o->timeout_ms >= 0 && o->timeout_ms - spent_ms < wait_ms)
            wait_ms = o->timeout_ms > spent_ms ? o->timeout_ms - spent_ms : 0;
        begun_ns = clock_mono_ns();
        got = poll_once(r, task_id, wait_ms, &lost_ns, task, &exit_code);
        if (got == 1 && !has_ended(*task))
            pause_if_early(begun_ns, wait_ms);
        if (*task)
            progress_show(&p, *task);
    }
    progress_end(&p);
    return exit_code;
}

/* --- what came of it --- */

int wait_exit_code(const json_t *task)
{
    const char *status = remote_str(task, "status"), *reason = remote_str(task, "reason");
    const json_t *outcome = json_object_get(task, "result");
    const char *how = remote_str(outcome, "status");

    if (!strcmp(status, "completed"))
        return !strcmp(how, "ok") ? CLI_OK : !strcmp(how, "out_of_gas") ? CLI_LIMIT : CLI_FAILED;
    if (!strcmp(status, "failed") && (strstr(reason, "timeout") || strstr(reason, "memory")))
        return CLI_LIMIT;
    return CLI_FAILED;
}

void wait_print_status(const struct cli *cli, const json_t *task)
{
    const json_t *outcome = json_object_get(task, "result");
    const char *status = remote_str(task, "status"), *reason = remote_str(task, "reason");
    const char *how = remote_str(outcome, "status");
    char gas[TABLE_COUNT_BYTES], what[128] = "";

    if (!strcmp(how, "exit"))
        snprintf(what, sizeof what, ", exit code %lld",
                 (long long)remote_int(outcome, "exit_code"));
    else if (!strcmp(how, "trap"))
        snprintf(what, sizeof what, ", trapped: %.64s", remote_str(outcome, "trap"));
    else if (!strcmp(how, "out_of_gas"))
        snprintf(what, sizeof what, ", out of gas");
    if (json_is_object(outcome))
        cli_say(cli, "%s%s, gas %s, paid %lld of %lld", status, what,
                table_count(gas, remote_int(outcome, "gas_used")),
                (long long)remote_int(task, "paid"), (long long)remote_int(task, "budget"));
    else
        cli_say(cli, "%s%s%s", status, *reason ? ": " : "", reason);
}

static void print_receipt(const struct cli *cli, const json_t *task)
{
    const json_t *receipt = json_object_get(task, "receipt");
    char size[TABLE_COUNT_BYTES], made[TABLE_COUNT_BYTES], checked[TABLE_COUNT_BYTES];

    if (!json_is_object(receipt))
        return;
    cli_say(cli, "proven: %lld proofs, %s, made in %s; the server checked it in %s",
            (long long)remote_int(receipt, "proofs"),
            table_size(size, (double)remote_int(receipt, "bytes")),
            table_duration(made, (double)remote_int(receipt, "prove_ms")),
            table_duration(checked, remote_real(receipt, "verify_ms")));
}

static void print_nodes(const json_t *result)
{
    struct table t;
    json_t *node;
    size_t i;
    char gas[TABLE_COUNT_BYTES], time[TABLE_COUNT_BYTES];

    table_init(&t, "  NODE|VERDICT|>GAS|>TIME|>PAID");
    json_array_foreach(json_object_get(result, "nodes"), i, node)
    {
        table_row(&t);
        table_cell(&t, "  %s", remote_str(node, "node_id"));
        table_cell(&t, "%s", remote_str(node, "verdict"));
        table_cell(&t, "%s", table_count(gas, remote_int(node, "gas_used")));
        table_cell(&t, "%s", table_duration(time, remote_real(node, "execution_time_ms")));
        table_cell(&t, "%lld", (long long)remote_int(node, "paid"));
    }
    if (t.n_rows)
        table_print(&t, stderr, false);
    table_release(&t);
}

/* Bytes of the results that stand at the output's end when an export was called. */
static size_t values_bytes(const char *values)
{
    size_t n = 0;

    for (const char *p = values; (p = strchr(p, ':')); p++)
        n += p - values >= 3 && p[-2] == '6' ? 8 : 4;
    return n;
}

/* The task's output into *out: inline, or fetched when it is large. */
static int fetch_output(struct remote *r, const json_t *task, const json_t *result,
                        const char *what, struct buf *out)
{
    char key[32], path[128];
    const char *text;
    int rc;

    snprintf(key, sizeof key, "%s_base64", what);
    text = remote_str(result, key);
    if (json_is_string(json_object_get(result, key))) {
        size_t n = 0;

        if (buf_reserve(out, strlen(text)) && base64_decode(out->data, &n, text, strlen(text)))
            out->len = n;
        return CLI_OK;
    }
    snprintf(path, sizeof path, "/tasks/%.64s/%s", remote_str(task, "task_id"), what);
    rc = remote_get(r, path, CLI_INPUT_BYTES_MAX);
    if (rc == CLI_OK)
        buf_put(out, r->reply.body.data, r->reply.body.len);
    return rc;
}

static int write_output(struct cli *cli, const json_t *outcome, const struct buf *output,
                        const struct wait_report *o)
{
    const char *values = remote_str(outcome, "values");
    size_t shown = output->len, tail = values_bytes(values);
    struct err err;

    if (o->output_file)
        return file_write(o->output_file, output->data, output->len, 0644, &err) < 0
                   ? cli_fail(cli, &err)
                   : CLI_OK;
    if (*values && tail <= shown)
        shown -= tail;
    if (shown)
        fwrite(output->data, 1, shown, cli->out);
    if (*values) {
        cli_put_safe(cli->out, values);
        fputc('\n', cli->out);
    }
    return CLI_OK;
}

static int report_output(struct remote *r, struct cli *cli, json_t *task, json_t *result,
                         const struct wait_report *o)
{
    const json_t *outcome = json_object_get(task, "result");
    struct buf output, errors;
    int rc = CLI_OK;

    buf_init(&output, 0);
    buf_init(&errors, 0);
    if (json_is_object(outcome)) {
        if (remote_int(outcome, "output_bytes") > 0)
            rc = fetch_output(r, task, result, "output", &output);
        if (rc == CLI_OK && remote_int(outcome, "error_bytes") > 0)
            rc = fetch_output(r, task, result, "error", &errors);
        if (rc == CLI_OK && (!o->json || o->output_file))
            rc = write_output(cli, outcome, &output, o);
        fflush(cli->out);
        if (rc == CLI_OK && !o->json && errors.len)
            fwrite(errors.data, 1, errors.len, stderr);
    }
    buf_release(&output);
    buf_release(&errors);
    return rc;
}

int wait_report(struct remote *r, struct cli *cli, json_t *task, const struct wait_report *o)
{
    char path[128];
    json_t *result = NULL;
    int rc = CLI_OK;

    snprintf(path, sizeof path, "/tasks/%.64s/result", remote_str(task, "task_id"));
    if (json_is_object(json_object_get(task, "result")) ||
        !strcmp(remote_str(task, "status"), "failed"))
        rc = remote_json(r, "GET", path, NULL, &result);
    if (rc == CLI_OK)
        rc = report_output(r, cli, task, result, o);
    if (rc == CLI_OK && o->json)
        rc = cli_print_json(cli, json_pack("{s:O, s:O?}", "task", task, "result", result));
    if (rc == CLI_OK && !o->json && !o->quiet) {
        wait_print_status(cli, task);
        print_receipt(cli, task);
        print_nodes(result);
    }
    json_decref(result);
    return rc == CLI_OK ? wait_exit_code(task) : rc;
}
