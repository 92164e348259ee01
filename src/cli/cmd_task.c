/* cmd_task.c - `ambient task ...`: looking at, waiting for and ending tasks; the child
 * explain is cmd_task_explain.c. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "cli/args.h"
#include "cli/remote.h"
#include "cli/table.h"
#include "cli/wait.h"

extern const struct command cmd_task_explain;
extern const struct command cmd_task_receipt;

#define TASK_ID_OPERAND .operands = "TASK_ID", .operands_min = 1, .operands_max = 1

/* "/tasks/<id><rest>", the id as typed but harmless; the caller releases. */
static const char *task_path(struct buf *out, const struct args *args, const char *rest)
{
    buf_init(out, 4096);
    buf_puts(out, "/tasks/");
    remote_put_escaped(out, args->operands[0]);
    buf_puts(out, rest);
    return buf_str(out);
}

/* GET or POST of one task's path, answer in *out. */
static int call_task(struct cli *cli, const struct args *args, const char *method, const char *rest,
                     json_t **out)
{
    struct remote r;
    struct buf path;
    int rc = remote_open(&r, cli, args);

    if (rc != CLI_OK)
        return rc;
    rc = remote_json(&r, method, task_path(&path, args, rest), NULL, out);
    buf_release(&path);
    remote_close(&r);
    return rc;
}

/* "2026-01-02T03:04:05.678+00:00" as "2026-01-02 03:04:05"; returns out. */
static const char *short_time(char out[20], const json_t *o, const char *key)
{
    const char *s = remote_str(o, key);

    snprintf(out, 20, "%.10s %.8s", s, strlen(s) > 19 ? s + 11 : "");
    return *s ? out : "";
}

static const char *policy_text(char out[40], const json_t *task)
{
    const json_t *policy = json_object_get(task, "policy");
    const char *kind = remote_str(policy, "kind");

    if (remote_int(policy, "k"))
        snprintf(out, 40, "%s:%lld", kind, (long long)remote_int(policy, "k"));
    else if (remote_real(policy, "p") > 0)
        snprintf(out, 40, "%s:%g", kind, remote_real(policy, "p"));
    else
        snprintf(out, 40, "%s", kind);
    return out;
}

/* --- list --- */

static const struct option list_options[] = {
    OPTIONS_REMOTE,
    {.name = "status",
     .kind = OPTION_CHOICE,
     .metavar = "STATUS",
     .choices = "pending|running|completed|failed|cancelled",
     .help = "only these"},
    {.name = "limit",
     .letter = 'n',
     .kind = OPTION_INT,
     .metavar = "N",
     .fallback = "20",
     .help = "how many, newest first"},
    {.name = "before", .kind = OPTION_TEXT, .metavar = "CURSOR", .help = "the next page"},
    OPTION_END,
};

static void print_list(struct cli *cli, const json_t *tasks)
{
    struct table t;
    json_t *task;
    size_t i;
    char time[20], policy[40];

    table_init(&t, "TASK|STATUS|SUBMITTED|POLICY|>PAID|>BUDGET|REASON");
    json_array_foreach(tasks, i, task)
    {
        table_row(&t);
        table_cell(&t, "%s", remote_str(task, "task_id"));
        table_cell(&t, "%s", remote_str(task, "status"));
        table_cell(&t, "%s", short_time(time, task, "created_at"));
        table_cell(&t, "%s", policy_text(policy, task));
        table_cell(&t, "%lld", (long long)remote_int(task, "paid"));
        table_cell(&t, "%lld", (long long)remote_int(task, "budget"));
        table_cell(&t, "%s", remote_str(task, "reason"));
    }
    if (t.n_rows)
        table_print(&t, cli->out, cli->color_out);
    else
        cli_say(cli, "no tasks");
    table_release(&t);
}

static int run_list(struct cli *cli, const struct args *args)
{
    const char *status = args_text(args, "status"), *before = args_text(args, "before");
    struct remote r;
    struct buf path;
    json_t *tasks = NULL;
    int rc = remote_open(&r, cli, args);

    if (rc != CLI_OK)
        return rc;
    buf_init(&path, 4096);
    buf_printf(&path, "/tasks?limit=%lld", (long long)args_int(args, "limit", 20));
    if (status)
        buf_printf(&path, "&status=%s", status);
    if (before) {
        buf_puts(&path, "&before=");
        remote_put_escaped(&path, before);
    }
    rc = remote_json(&r, "GET", buf_str(&path), NULL, &tasks);
    buf_release(&path);
    remote_close(&r);
    if (rc != CLI_OK)
        return rc;
    if (args_flag(args, "json"))
        return cli_print_json(cli, tasks);
    print_list(cli, json_is_array(tasks) ? tasks : json_object_get(tasks, "tasks"));
    json_decref(tasks);
    return CLI_OK;
}

static const struct command cmd_list = {
    .name = "list",
    .summary = "list your tasks, newest first",
    .options = list_options,
    .run = run_list,
};

/* --- show --- */

static const struct option plain_options[] = {OPTIONS_REMOTE, OPTION_END};

static void field(struct cli *cli, const char *name, const char *value)
{
    if (!*value)
        return;
    fprintf(cli->out, "%-11s ", name);
    cli_put_safe(cli->out, value);
    fputc('\n', cli->out);
}

static void names_field(struct cli *cli, const char *name, const json_t *list)
{
    json_t *v;
    size_t i;

    if (!json_array_size(list))
        return;
    fprintf(cli->out, "%-11s ", name);
    json_array_foreach(list, i, v)
    {
        fputs(i ? ", " : "", cli->out);
        cli_put_safe(cli->out, json_is_string(v) ? json_string_value(v) : "?");
    }
    fputc('\n', cli->out);
}

static void outcome_fields(struct cli *cli, const json_t *outcome)
{
    char count[TABLE_COUNT_BYTES];

    if (!json_is_object(outcome))
        return;
    field(cli, "outcome", remote_str(outcome, "status"));
    field(cli, "trap", remote_str(outcome, "trap"));
    field(cli, "values", remote_str(outcome, "values"));
    if (remote_int(outcome, "exit_code"))
        fprintf(cli->out, "%-11s %lld\n", "exit code", (long long)remote_int(outcome, "exit_code"));
    field(cli, "gas", table_count(count, remote_int(outcome, "gas_used")));
    fprintf(cli->out, "%-11s %s\n", "output",
            table_size(count, (double)remote_int(outcome, "output_bytes")));
}

static void receipt_fields(struct cli *cli, const json_t *receipt)
{
    char size[TABLE_COUNT_BYTES], made[TABLE_COUNT_BYTES], checked[TABLE_COUNT_BYTES];

    if (!json_is_object(receipt))
        return;
    fprintf(cli->out, "%-11s %lld proofs, %s, made in %s, checked in %s\n", "receipt",
            (long long)remote_int(receipt, "proofs"),
            table_size(size, (double)remote_int(receipt, "bytes")),
            table_duration(made, (double)remote_int(receipt, "prove_ms")),
            table_duration(checked, remote_real(receipt, "verify_ms")));
    field(cli, "proof id", remote_str(receipt, "statement_sha3"));
}

static void print_task(struct cli *cli, const json_t *task)
{
    char text[40];

    field(cli, "task", remote_str(task, "task_id"));
    field(cli, "status", remote_str(task, "status"));
    field(cli, "reason", remote_str(task, "reason"));
    field(cli, "policy", policy_text(text, task));
    field(cli, "submitted", short_time(text, task, "created_at"));
    field(cli, "completed", short_time(text, task, "completed_at"));
    names_field(cli, "nodes", json_object_get(task, "assigned_nodes"));
    names_field(cli, "were on", json_object_get(task, "former_assigned_nodes"));
    fprintf(cli->out, "%-11s %lld, paid %lld, refunded %lld\n", "budget",
            (long long)remote_int(task, "budget"), (long long)remote_int(task, "paid"),
            (long long)remote_int(task, "refunded"));
    outcome_fields(cli, json_object_get(task, "result"));
    field(cli, "audit", remote_str(task, "audit"));
    receipt_fields(cli, json_object_get(task, "receipt"));
}

static int run_show(struct cli *cli, const struct args *args)
{
    json_t *task = NULL;
    int rc = call_task(cli, args, "GET", "", &task);

    if (rc != CLI_OK)
        return rc;
    if (args_flag(args, "json"))
        return cli_print_json(cli, task);
    print_task(cli, task);
    json_decref(task);
    return CLI_OK;
}

static const struct command cmd_show = {
    .name = "show",
    .summary = "show one task: status, nodes, cost, outcome",
    TASK_ID_OPERAND,
    .options = plain_options,
    .run = run_show,
};

/* --- cancel --- */

static const struct option cancel_options[] = {
    OPTIONS_REMOTE,
    {.name = "delete", .kind = OPTION_FLAG, .help = "and take it out of the lists"},
    OPTION_END,
};

static int run_cancel(struct cli *cli, const struct args *args)
{
    bool delete = args_flag(args, "delete");
    json_t *task = NULL;
    int rc = call_task(cli, args, delete ? "DELETE" : "POST", delete ? "" : "/cancel", &task);

    if (rc != CLI_OK)
        return rc;
    if (args_flag(args, "json"))
        return cli_print_json(cli, task);
    cli_say(cli, "%s %s", delete ? "deleted" : "cancelled", args->operands[0]);
    json_decref(task);
    return CLI_OK;
}

static const struct command cmd_cancel = {
    .name = "cancel",
    .summary = "stop a task and get its budget back",
    TASK_ID_OPERAND,
    .options = cancel_options,
    .run = run_cancel,
};

/* --- wait and result --- */

static const struct option wait_options[] = {
    OPTIONS_REMOTE,
    {.name = "wait",
     .letter = 'w',
     .kind = OPTION_DURATION,
     .metavar = "TIME",
     .help = "stop waiting after this time; the task goes on"},
    {.name = "output",
     .letter = 'o',
     .kind = OPTION_TEXT,
     .metavar = "FILE",
     .help = "write the task's output there instead of to standard output"},
    {.name = "quiet", .letter = 'q', .kind = OPTION_FLAG, .help = "say nothing but the result"},
    OPTION_END,
};

static int wait_then_report(struct cli *cli, const struct args *args, int64_t timeout_ms)
{
    bool quiet = args_flag(args, "quiet");
    struct wait_options wait = {.timeout_ms = timeout_ms, .quiet = quiet};
    struct wait_report report = {
        .output_file = args_text(args, "output"), .json = args_flag(args, "json"), .quiet = quiet};
    struct remote r;
    json_t *task = NULL;
    int rc = remote_open(&r, cli, args);

    if (rc != CLI_OK)
        return rc;
    rc = wait_for_task(&r, args->operands[0], &wait, &task);
    if (rc == CLI_OK)
        rc = wait_report(&r, cli, task, &report);
    json_decref(task);
    remote_close(&r);
    return rc;
}

static int run_wait(struct cli *cli, const struct args *args)
{
    return wait_then_report(cli, args, args_ms(args, "wait", -1));
}

static const struct command cmd_wait = {
    .name = "wait",
    .summary = "wait for a task to end and print its result, as submit does",
    TASK_ID_OPERAND,
    .options = wait_options,
    .run = run_wait,
};

static int run_result(struct cli *cli, const struct args *args)
{
    return wait_then_report(cli, args, args_ms(args, "wait", 0));
}

static const struct command cmd_result = {
    .name = "result",
    .summary = "print the result of a task that has ended",
    TASK_ID_OPERAND,
    .options = wait_options,
    .run = run_result,
};

static const struct command *const children[] = {
    &cmd_list,         &cmd_show,         &cmd_wait,   &cmd_result,
    &cmd_task_receipt, &cmd_task_explain, &cmd_cancel, NULL,
};

const struct command cmd_task = {
    .name = "task",
    .group = "Work",
    .summary = "list, show, wait for, explain and cancel tasks",
    .children = children,
};
