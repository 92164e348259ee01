/* cmd_nodes.c - `ambient nodes ...`: the machines of the mesh. */
#include <string.h>

#include "cli/args.h"
#include "cli/remote.h"
#include "cli/table.h"

static const struct option plain_options[] = {OPTIONS_REMOTE, OPTION_END};

/* digits after the point; "-" when the member is absent. */
static void cell_number(struct table *t, const json_t *o, const char *key, int digits)
{
    const json_t *v = json_object_get(o, key);

    if (json_is_number(v))
        table_cell(t, "%.*f", digits, json_number_value(v));
    else
        table_cell(t, "%s", "");
}

static void add_node(struct table *t, const json_t *node)
{
    const json_t *capabilities = json_object_get(node, "capabilities");

    table_row(t);
    table_cell(t, "%s", remote_str(node, "node_id"));
    table_cell(t, "%s%s", remote_str(node, "status"),
               json_is_true(json_object_get(node, "safe_mode")) ? " (safe mode)" : "");
    table_cell(t, "%s", remote_str(node, "region"));
    table_cell(t, "%s", remote_str(node, "node_type"));
    cell_number(t, capabilities, "cpu_cores", 0);
    cell_number(t, capabilities, "memory_gb", 1);
    cell_number(t, capabilities, "bandwidth_mbps", 0);
    cell_number(t, node, "health_score", 1);
    cell_number(t, node, "reputation", 2);
    cell_number(t, json_object_get(node, "record"), "completed", 0);
    cell_number(t, json_object_get(node, "record"), "disputes", 0);
    table_cell(t, "%s", json_is_true(json_object_get(node, "proves")) ? "yes" : "");
}

static int run_list(struct cli *cli, const struct args *args)
{
    struct remote r;
    struct table t;
    json_t *nodes = NULL, *node;
    size_t i;
    int rc = remote_open(&r, cli, args);

    if (rc != CLI_OK)
        return rc;
    rc = remote_json(&r, "GET", "/nodes", NULL, &nodes);
    remote_close(&r);
    if (rc != CLI_OK)
        return rc;
    if (args_flag(args, "json"))
        return cli_print_json(cli, nodes);
    table_init(
        &t, "NODE|STATUS|REGION|TYPE|>CORES|>GB|>MBPS|>HEALTH|>REPUTATION|>DONE|>DISPUTES|PROVES");
    json_array_foreach(nodes, i, node) add_node(&t, node);
    if (t.n_rows)
        table_print(&t, cli->out, cli->color_out);
    else
        cli_say(cli, "no nodes; 'ambient node' on a machine makes it one");
    table_release(&t);
    json_decref(nodes);
    return CLI_OK;
}

static const struct command cmd_list = {
    .name = "list",
    .summary = "list the nodes of the mesh",
    .options = plain_options,
    .run = run_list,
};

static void print_members(struct cli *cli, const json_t *o, int indent)
{
    const char *key;
    json_t *v;

    json_object_foreach((json_t *)o, key, v)
    {
        if (json_is_null(v))
            continue;
        fprintf(cli->out, "%*s", indent, "");
        cli_put_safe(cli->out, key);
        fprintf(cli->out, "%*s", (int)(strlen(key) < 22 ? 22 - strlen(key) : 1), "");
        if (json_is_object(v)) {
            fputc('\n', cli->out);
            print_members(cli, v, indent + 2);
            continue;
        }
        if (json_is_string(v))
            cli_put_safe(cli->out, json_string_value(v));
        else if (json_is_real(v))
            fprintf(cli->out, "%.6g", json_real_value(v));
        else
            json_dumpf(v, cli->out, JSON_COMPACT | JSON_ENCODE_ANY);
        fputc('\n', cli->out);
    }
}

static int call_node(struct cli *cli, const struct args *args, const char *method, const char *rest,
                     json_t **out)
{
    struct remote r;
    struct buf path;
    int rc = remote_open(&r, cli, args);

    if (rc != CLI_OK)
        return rc;
    buf_init(&path, 4096);
    buf_puts(&path, "/nodes/");
    remote_put_escaped(&path, args->operands[0]);
    buf_puts(&path, rest);
    rc = remote_json(&r, method, buf_str(&path), NULL, out);
    buf_release(&path);
    remote_close(&r);
    return rc;
}

static int run_show(struct cli *cli, const struct args *args)
{
    json_t *node = NULL;
    int rc = call_node(cli, args, "GET", "", &node);

    if (rc != CLI_OK)
        return rc;
    if (args_flag(args, "json"))
        return cli_print_json(cli, node);
    print_members(cli, node, 0);
    json_decref(node);
    return CLI_OK;
}

static const struct command cmd_show = {
    .name = "show",
    .summary = "show one node: capabilities, health, reputation",
    .operands = "NODE_ID",
    .operands_min = 1,
    .operands_max = 1,
    .options = plain_options,
    .run = run_show,
};

static int run_delete(struct cli *cli, const struct args *args)
{
    json_t *answer = NULL;
    int rc = call_node(cli, args, "DELETE", "", &answer);

    if (rc != CLI_OK)
        return rc;
    if (args_flag(args, "json"))
        return cli_print_json(cli, answer);
    cli_say(cli, "deleted %s; its work is placed elsewhere", args->operands[0]);
    json_decref(answer);
    return CLI_OK;
}

static const struct command cmd_delete = {
    .name = "delete",
    .summary = "take one of your nodes off the mesh",
    .operands = "NODE_ID",
    .operands_min = 1,
    .operands_max = 1,
    .options = plain_options,
    .run = run_delete,
};

static const struct command *const children[] = {&cmd_list, &cmd_show, &cmd_delete, NULL};

const struct command cmd_nodes = {
    .name = "nodes",
    .group = "Work",
    .summary = "list and show the machines of the mesh",
    .children = children,
};
