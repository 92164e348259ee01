/* cmd_task_explain.c - `ambient task explain`: the story of one task, from the record the
 * coordinator kept: where it was placed and why, what each node did, what was decided, who
 * was paid.  --json has all of it. */
#include <string.h>

#include "cli/args.h"
#include "cli/remote.h"
#include "cli/table.h"

static const struct option options[] = {OPTIONS_REMOTE, OPTION_END};

/* "07:50:48.129" of an RFC 3339 time; "" when there is none. */
static const char *clock_time(const json_t *o, const char *key)
{
    const char *s = remote_str(o, key);

    return strlen(s) > 23 ? s + 11 : "";
}

static void heading(struct cli *cli, const char *text)
{
    fprintf(cli->out, "\n%s%s%s\n", cli->color_out ? "\033[1m" : "", text,
            cli->color_out ? "\033[0m" : "");
}

static void print_head(struct cli *cli, const json_t *story)
{
    const char *reason = remote_str(story, "reason");

    fputs("task ", cli->out);
    cli_put_safe(cli->out, remote_str(story, "task_id"));
    fputs(": ", cli->out);
    cli_put_safe(cli->out, remote_str(story, "status"));
    fputs(*reason ? ": " : "", cli->out);
    cli_put_safe(cli->out, reason);
    fprintf(cli->out, "\nwants %lld node(s); budget %lld, paid %lld; %lld run(s) lost\n",
            (long long)remote_int(story, "min_nodes"), (long long)remote_int(story, "budget"),
            (long long)remote_int(story, "paid"), (long long)remote_int(story, "attempts"));
}

/* --- placements --- */

static bool is_chosen(const json_t *decision, const char *node)
{
    json_t *chosen;
    size_t i;

    json_array_foreach(json_object_get(decision, "chosen"), i,
                       chosen) if (json_is_string(chosen) &&
                                   !strcmp(json_string_value(chosen), node)) return true;
    return false;
}

static void candidate_row(struct table *t, const json_t *decision, const json_t *node)
{
    const char *excluded = remote_str(node, "excluded"), *id = remote_str(node, "node_id");

    table_row(t);
    table_cell(t, "  %s", id);
    if (json_is_number(json_object_get(node, "score")))
        table_cell(t, "%.1f", remote_real(node, "score"));
    else
        table_cell(t, "%s", "");
    table_cell(t, "%lld", (long long)remote_int(node, "active_tasks"));
    table_cell(t, "%s%s",
               *excluded                 ? "excluded: "
               : is_chosen(decision, id) ? "chosen"
                                         : "candidate",
               excluded);
}

/* {"region": 3, "cap": 1}: nodes that are not listed one by one. */
static void print_excluded(struct cli *cli, const json_t *counts)
{
    const char *why;
    json_t *n;
    bool first = true;

    json_object_foreach((json_t *)counts, why, n)
    {
        fputs(first ? "  excluded: " : ", ", cli->out);
        cli_put_safe(cli->out, why);
        fprintf(cli->out, " %lld", (long long)json_integer_value(n));
        first = false;
    }
    if (!first)
        fputc('\n', cli->out);
}

/* The draw of an audit. */
static void print_draw(struct cli *cli, const json_t *draw)
{
    const char *by = remote_str(draw, "by");

    fprintf(cli->out, "%.12s audit of ", clock_time(draw, "at"));
    cli_put_safe(cli->out, remote_str(draw, "node_id"));
    fprintf(cli->out, ": chance %.3f (p %.3f, trust %.3f), ", remote_real(draw, "chance"),
            remote_real(draw, "p"), remote_real(draw, "trust"));
    if (!json_is_true(json_object_get(draw, "drawn")))
        fputs("not drawn\n", cli->out);
    else
        fprintf(cli->out, "drawn: %s\n",
                strcmp(by, "proof") == 0 ? "its receipt is wanted"
                                         : "a run of another owner's node is wanted");
}

static void print_decision(struct cli *cli, const json_t *decision)
{
    struct table t;
    json_t *node;
    size_t i;

    if (json_object_get(decision, "drawn")) {
        print_draw(cli, decision);
        return;
    }
    fprintf(cli->out, "%.12s ", clock_time(decision, "at"));
    cli_put_safe(cli->out, remote_str(decision, "trigger"));
    fputs(", strategy ", cli->out);
    cli_put_safe(cli->out, remote_str(decision, "strategy"));
    fprintf(cli->out, ": wanted %lld, chose %zu of %lld open among %lld known\n",
            (long long)remote_int(decision, "wanted"),
            json_array_size(json_object_get(decision, "chosen")),
            (long long)remote_int(decision, "nodes_open"),
            (long long)remote_int(decision, "nodes_known"));
    print_excluded(cli, json_object_get(decision, "excluded"));
    table_init(&t, "  NODE|>SCORE|>ACTIVE|CANDIDATES");
    json_array_foreach(json_object_get(decision, "nodes"), i, node)
        candidate_row(&t, decision, node);
    if (t.n_rows)
        table_print(&t, cli->out, false);
    table_release(&t);
}

/* --- runs, verdicts, money --- */

static void print_runs(struct cli *cli, const json_t *list)
{
    struct table t;
    json_t *a;
    size_t i;

    table_init(&t, "  NODE|EXECUTION|>LEASES|ASSIGNED|STARTED|ENDED|NOTE");
    json_array_foreach(list, i, a)
    {
        table_row(&t);
        table_cell(&t, "  %s", remote_str(a, "node_id"));
        table_cell(&t, "%s", remote_str(a, "execution_status"));
        table_cell(&t, "%lld", (long long)remote_int(a, "attempts"));
        table_cell(&t, "%.12s", clock_time(a, "assigned_at"));
        table_cell(&t, "%.12s", clock_time(a, "started_at"));
        table_cell(&t, "%.12s", clock_time(a, "finished_at"));
        table_cell(&t, "%s", remote_str(a, "note"));
    }
    if (t.n_rows)
        table_print(&t, cli->out, false);
    table_release(&t);
}

static void receipt_cell(struct table *t, const json_t *receipt)
{
    char size[TABLE_COUNT_BYTES], made[TABLE_COUNT_BYTES], checked[TABLE_COUNT_BYTES];

    if (json_is_object(receipt))
        table_cell(t, "%lld proofs, %s, made in %s, checked in %s",
                   (long long)remote_int(receipt, "proofs"),
                   table_size(size, (double)remote_int(receipt, "bytes")),
                   table_duration(made, (double)remote_int(receipt, "prove_ms")),
                   table_duration(checked, remote_real(receipt, "verify_ms")));
    else
        table_cell(t, "%s", "");
}

static void print_results(struct cli *cli, const json_t *list)
{
    struct table t;
    json_t *r;
    size_t i;
    char gas[TABLE_COUNT_BYTES];

    table_init(&t, "  NODE|VERDICT|ENDED|>GAS|OUTCOME|>PAID|RECEIPT");
    json_array_foreach(list, i, r)
    {
        const json_t *outcome = json_object_get(r, "outcome");

        table_row(&t);
        table_cell(&t, "  %s", remote_str(r, "node_id"));
        table_cell(&t, "%s", remote_str(r, "verdict"));
        table_cell(&t, "%s", remote_str(outcome, "status"));
        table_cell(&t, "%s", table_count(gas, remote_int(outcome, "gas_used")));
        table_cell(&t, "%.16s", remote_str(r, "outcome_sha3"));
        table_cell(&t, "%lld", (long long)remote_int(r, "paid"));
        receipt_cell(&t, json_object_get(r, "receipt"));
    }
    table_print(&t, cli->out, false);
    table_release(&t);
}

/* Why, and where the receipt that was refused can be had. */
static void print_evidence(struct cli *cli, const json_t *evidence)
{
    const char *reason = remote_str(evidence, "reason");
    const char *receipt = remote_str(evidence, "receipt_sha3");

    if (*reason)
        fputs(": ", cli->out);
    cli_put_safe(cli->out, reason);
    if (*receipt) {
        fputs("\n    the receipt is kept: GET /api/v1/blobs/", cli->out);
        cli_put_safe(cli->out, receipt);
    }
    fputc('\n', cli->out);
}

static void print_disputes(struct cli *cli, const json_t *list)
{
    json_t *d;
    size_t i;

    json_array_foreach(list, i, d)
    {
        fputs("  ", cli->out);
        cli_put_safe(cli->out, remote_str(d, "node_id"));
        fputs(": ", cli->out);
        cli_put_safe(cli->out, remote_str(d, "kind"));
        print_evidence(cli, json_object_get(d, "evidence"));
    }
}

static void print_payments(struct cli *cli, const json_t *list)
{
    struct table t;
    json_t *p, *posting;
    size_t i, j;

    table_init(&t, "  TIME|KIND|>AMOUNT|TO|FOR NODE");
    json_array_foreach(list, i, p)
    {
        json_array_foreach(json_object_get(p, "postings"), j, posting)
        {
            if (remote_int(posting, "amount") <= 0)
                continue;
            table_row(&t);
            table_cell(&t, "  %.12s", clock_time(p, "at"));
            table_cell(&t, "%s", remote_str(p, "kind"));
            table_cell(&t, "%lld", (long long)remote_int(posting, "amount"));
            table_cell(&t, "%s", remote_str(posting, "account"));
            table_cell(&t, "%s", remote_str(p, "node_id"));
        }
    }
    table_print(&t, cli->out, false);
    table_release(&t);
}

static void print_story(struct cli *cli, const json_t *story)
{
    json_t *decision;
    size_t i;

    print_head(cli, story);
    heading(cli, "Placements");
    json_array_foreach(json_object_get(story, "decisions"), i, decision)
        print_decision(cli, decision);
    heading(cli, "Runs");
    print_runs(cli, json_object_get(story, "assignments"));
    if (json_array_size(json_object_get(story, "results"))) {
        heading(cli, "Results");
        print_results(cli, json_object_get(story, "results"));
    }
    if (json_array_size(json_object_get(story, "disputes"))) {
        heading(cli, "Disputes");
        print_disputes(cli, json_object_get(story, "disputes"));
    }
    heading(cli, "Payments");
    print_payments(cli, json_object_get(story, "payments"));
}

static int run(struct cli *cli, const struct args *args)
{
    struct remote r;
    struct buf path;
    json_t *story = NULL;
    int rc = remote_open(&r, cli, args);

    if (rc != CLI_OK)
        return rc;
    buf_init(&path, 4096);
    buf_puts(&path, "/tasks/");
    remote_put_escaped(&path, args->operands[0]);
    buf_puts(&path, "/explain");
    rc = remote_json(&r, "GET", buf_str(&path), NULL, &story);
    buf_release(&path);
    remote_close(&r);
    if (rc != CLI_OK)
        return rc;
    if (args_flag(args, "json"))
        return cli_print_json(cli, story);
    print_story(cli, story);
    json_decref(story);
    return CLI_OK;
}

const struct command cmd_task_explain = {
    .name = "explain",
    .summary = "tell how a task was placed, checked and paid",
    .operands = "TASK_ID",
    .operands_min = 1,
    .operands_max = 1,
    .options = options,
    .run = run,
    .description = "For each placement the candidates, their scores and why others were left out; "
                   "then every run, result, verdict, dispute and payment.",
};
