/* cmd_account.c - `ambient account ...`: credits, keys, and for administrators users. */
#include <string.h>

#include "base/rng.h"
#include "cli/args.h"
#include "cli/remote.h"
#include "cli/table.h"

static const struct option plain_options[] = {OPTIONS_REMOTE, OPTION_END};

/* One call; *out is its JSON. */
static int call(struct cli *cli, const struct args *args, const char *method, const char *path,
                json_t *body, json_t **out)
{
    struct remote r;
    int rc = remote_open(&r, cli, args);

    if (rc == CLI_OK) {
        rc = remote_json(&r, method, path, body, out);
        remote_close(&r);
    }
    json_decref(body);
    return rc;
}

/* --- show --- */

static int run_show(struct cli *cli, const struct args *args)
{
    json_t *account = NULL;
    char count[TABLE_COUNT_BYTES];
    int rc = call(cli, args, "GET", "/account", NULL, &account);

    if (rc != CLI_OK)
        return rc;
    if (args_flag(args, "json"))
        return cli_print_json(cli, account);
    fputs("user      ", cli->out);
    cli_put_safe(cli->out, remote_str(account, "username"));
    fprintf(cli->out, " (%.36s)\n", remote_str(account, "user_id"));
    fprintf(cli->out, "balance   %s credits\n", table_count(count, remote_int(account, "balance")));
    fprintf(cli->out, "escrow    %s credits in unfinished tasks\n",
            table_count(count, remote_int(account, "escrow")));
    fprintf(cli->out, "nodes     %lld\n", (long long)remote_int(account, "nodes"));
    fprintf(cli->out, "tasks     %lld\n", (long long)remote_int(account, "tasks"));
    json_decref(account);
    return CLI_OK;
}

static const struct command cmd_show = {
    .name = "show",
    .summary = "show your balance, escrow, nodes and tasks",
    .options = plain_options,
    .run = run_show,
};

/* --- ledger --- */

static const struct option ledger_options[] = {
    OPTIONS_REMOTE,
    {.name = "limit",
     .letter = 'n',
     .kind = OPTION_INT,
     .metavar = "N",
     .fallback = "20",
     .help = "how many postings, newest first"},
    {.name = "before", .kind = OPTION_INT, .metavar = "SEQ", .help = "the next page"},
    OPTION_END,
};

static void print_ledger(struct cli *cli, const json_t *entries)
{
    struct table t;
    json_t *e;
    size_t i;

    table_init(&t, ">SEQ|TIME|KIND|>AMOUNT|TASK|NODE");
    json_array_foreach(entries, i, e)
    {
        table_row(&t);
        table_cell(&t, "%lld", (long long)remote_int(e, "seq"));
        table_cell(&t, "%.19s", remote_str(e, "at"));
        table_cell(&t, "%s", remote_str(e, "kind"));
        table_cell(&t, "%+lld", (long long)remote_int(e, "amount"));
        table_cell(&t, "%s", remote_str(e, "task_id"));
        table_cell(&t, "%s", remote_str(e, "node_id"));
    }
    if (t.n_rows)
        table_print(&t, cli->out, cli->color_out);
    else
        cli_say(cli, "no postings");
    table_release(&t);
}

static int run_ledger(struct cli *cli, const struct args *args)
{
    int64_t before = args_int(args, "before", 0);
    char path[96], page[48] = "";
    json_t *ledger = NULL;
    int rc;

    if (before > 0)
        snprintf(page, sizeof page, "&before=%lld", (long long)before);
    snprintf(path, sizeof path, "/account/ledger?limit=%lld%s",
             (long long)args_int(args, "limit", 20), page);
    rc = call(cli, args, "GET", path, NULL, &ledger);
    if (rc != CLI_OK)
        return rc;
    if (args_flag(args, "json"))
        return cli_print_json(cli, ledger);
    print_ledger(cli, json_is_array(ledger) ? ledger : json_object_get(ledger, "postings"));
    json_decref(ledger);
    return CLI_OK;
}

static const struct command cmd_ledger = {
    .name = "ledger",
    .summary = "list what went in and out of your account",
    .options = ledger_options,
    .run = run_ledger,
};

/* --- keys --- */

static const struct option keys_options[] = {
    OPTIONS_REMOTE,
    {.name = "create", .kind = OPTION_TEXT, .metavar = "NAME", .help = "make a key of this name"},
    {.name = "scope",
     .kind = OPTION_LIST,
     .metavar = "SCOPE",
     .help = "what the new key may do (may be given again): tasks:read, tasks:write, nodes:read, "
             "nodes:write, admin; without it, what your own key may"},
    {.name = "revoke", .kind = OPTION_TEXT, .metavar = "KEY_ID", .help = "end this key"},
    OPTION_END,
};

static void print_key_list(struct cli *cli, const json_t *keys)
{
    struct table t;
    json_t *k, *scope;
    size_t i, j;

    table_init(&t, "KEY_ID|NAME|PREFIX|SCOPES|CREATED|REVOKED");
    json_array_foreach(keys, i, k)
    {
        struct buf scopes;

        buf_init(&scopes, 4096);
        json_array_foreach(json_object_get(k, "scopes"), j, scope)
            buf_printf(&scopes, "%s%s", j ? " " : "", json_string_value(scope));
        table_row(&t);
        table_cell(&t, "%s", remote_str(k, "key_id"));
        table_cell(&t, "%s", remote_str(k, "name"));
        table_cell(&t, "%s", remote_str(k, "prefix"));
        table_cell(&t, "%s", buf_str(&scopes));
        table_cell(&t, "%.19s", remote_str(k, "created_at"));
        table_cell(&t, "%.19s", remote_str(k, "revoked_at"));
        buf_release(&scopes);
    }
    table_print(&t, cli->out, cli->color_out);
    table_release(&t);
}

static int keys_list(struct cli *cli, const struct args *args)
{
    json_t *keys = NULL;
    int rc = call(cli, args, "GET", "/account/api-keys", NULL, &keys);

    if (rc != CLI_OK)
        return rc;
    if (args_flag(args, "json"))
        return cli_print_json(cli, keys);
    print_key_list(cli, json_is_array(keys) ? keys : json_object_get(keys, "api_keys"));
    json_decref(keys);
    return CLI_OK;
}

static int keys_create(struct cli *cli, const struct args *args)
{
    json_t *body = json_pack("{s:s}", "name", args_text(args, "create")), *key = NULL;
    json_t *scopes = json_array();
    int rc;

    for (const char *const *s = args_list(args, "scope", NULL); *s; s++)
        json_array_append_new(scopes, json_string(*s));
    if (json_array_size(scopes))
        json_object_set(body, "scopes", scopes);
    json_decref(scopes);
    rc = call(cli, args, "POST", "/account/api-keys", body, &key);
    if (rc != CLI_OK)
        return rc;
    if (args_flag(args, "json"))
        return cli_print_json(cli, key);
    fprintf(cli->out, "%s\n", remote_str(key, "api_key"));
    cli_say(cli, "this key is shown once; its id is %s", remote_str(key, "key_id"));
    json_decref(key);
    return CLI_OK;
}

static int keys_revoke(struct cli *cli, const struct args *args)
{
    struct buf path;
    json_t *answer = NULL;
    int rc;

    buf_init(&path, 4096);
    buf_puts(&path, "/account/api-keys/");
    remote_put_escaped(&path, args_text(args, "revoke"));
    rc = call(cli, args, "DELETE", buf_str(&path), NULL, &answer);
    buf_release(&path);
    if (rc != CLI_OK)
        return rc;
    if (args_flag(args, "json"))
        return cli_print_json(cli, answer);
    cli_say(cli, "revoked");
    json_decref(answer);
    return CLI_OK;
}

static int run_keys(struct cli *cli, const struct args *args)
{
    if (args_given(args, "create"))
        return keys_create(cli, args);
    return args_given(args, "revoke") ? keys_revoke(cli, args) : keys_list(cli, args);
}

static const struct command cmd_keys_of_account = {
    .name = "keys",
    .summary = "list, create and revoke your API keys",
    .options = keys_options,
    .run = run_keys,
};

/* --- users, for administrators --- */

static const struct option create_user_options[] = {
    OPTIONS_REMOTE,
    {.name = "grant",
     .kind = OPTION_INT,
     .metavar = "CREDITS",
     .fallback = "0",
     .help = "credits to begin with"},
    OPTION_END,
};

static int run_create_user(struct cli *cli, const struct args *args)
{
    json_t *body = json_pack("{s:s, s:I}", "username", args->operands[0], "grant",
                             (json_int_t)args_int(args, "grant", 0));
    json_t *user = NULL;
    int rc = call(cli, args, "POST", "/users", body, &user);

    if (rc != CLI_OK)
        return rc;
    if (args_flag(args, "json"))
        return cli_print_json(cli, user);
    fprintf(cli->out, "user_id %s\napi_key %s\n", remote_str(user, "user_id"),
            remote_str(user, "api_key"));
    cli_say(cli, "the key is shown once");
    json_decref(user);
    return CLI_OK;
}

static const struct command cmd_create_user = {
    .name = "create-user",
    .summary = "make a user and the first API key (administrators)",
    .operands = "NAME",
    .operands_min = 1,
    .operands_max = 1,
    .options = create_user_options,
    .run = run_create_user,
};

static const struct option grant_options[] = {
    OPTIONS_REMOTE,
    {.name = "reference",
     .kind = OPTION_TEXT,
     .metavar = "TEXT",
     .help = "names the grant: the same reference again grants nothing more"},
    OPTION_END,
};

static int run_grant(struct cli *cli, const struct args *args)
{
    const char *reference = args_text(args, "reference");
    char once[RNG_UUID_BYTES];
    struct buf path;
    json_t *answer = NULL;
    int64_t amount;
    int rc;

    if (!args_parse_int(&amount, args->operands[1]) || amount <= 0) {
        cli_error(cli, "'%.40s' is not a number of credits", args->operands[1]);
        return CLI_USAGE;
    }
    rng_uuid(once);
    buf_init(&path, 4096);
    buf_puts(&path, "/users/");
    remote_put_escaped(&path, args->operands[0]);
    buf_puts(&path, "/grant");
    rc = call(cli, args, "POST", buf_str(&path),
              json_pack("{s:I, s:s}", "amount", (json_int_t)amount, "reference",
                        reference ? reference : once),
              &answer);
    buf_release(&path);
    if (rc != CLI_OK)
        return rc;
    if (args_flag(args, "json"))
        return cli_print_json(cli, answer);
    cli_say(cli, "granted %lld credits", (long long)amount);
    json_decref(answer);
    return CLI_OK;
}

static const struct command cmd_grant = {
    .name = "grant",
    .summary = "give a user credits (administrators)",
    .operands = "USER_ID CREDITS",
    .operands_min = 2,
    .operands_max = 2,
    .options = grant_options,
    .run = run_grant,
};

static const struct command *const children[] = {
    &cmd_show, &cmd_ledger, &cmd_keys_of_account, &cmd_create_user, &cmd_grant, NULL,
};

const struct command cmd_account = {
    .name = "account",
    .group = "Work",
    .summary = "your credits and API keys; users and grants for administrators",
    .children = children,
};
