/* commands.c - every command of the program, in the order `ambient --help` shows them. */
#include "cli/args.h"
#include "cli/command.h"
#include "cli/man.h"

extern const struct command cmd_submit, cmd_task, cmd_nodes, cmd_account, cmd_server, cmd_node,
    cmd_run, cmd_prove, cmd_verify, cmd_keys, cmd_bench;
extern const struct command cmd_worker; /* hidden: what a node runs for each task */

static int run_man(struct cli *cli, const struct args *args)
{
    struct err err;

    return man_write_all(&cmd_root, args->operands[0], &err) < 0 ? cli_fail(cli, &err) : CLI_OK;
}

static const struct command cmd_man = {
    .name = "__man",
    .summary = "write the manual pages into a directory",
    .operands = "DIRECTORY",
    .operands_min = 1,
    .operands_max = 1,
    .run = run_man,
    .hidden = true,
};

static const struct command *const children[] = {
    &cmd_submit, &cmd_task,   &cmd_nodes, &cmd_account, &cmd_server, &cmd_node, &cmd_run,
    &cmd_prove,  &cmd_verify, &cmd_keys,  &cmd_bench,   &cmd_worker, &cmd_man,  NULL,
};

const struct command cmd_root = {
    .name = "ambient",
    .summary = "a compute network: WebAssembly tasks on other people's machines, checked and paid",
    .children = children,
    .examples = "ambient run program.wasm < input          # here, no network\n"
                "ambient submit program.wasm --stdin input # on the network, waits for the result\n"
                "ambient node --server https://example.org # lend this machine",
};
