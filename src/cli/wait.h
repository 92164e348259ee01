/* wait.h - waiting for a task with something to look at, and telling what came of it. */
#ifndef CLI_WAIT_H
#define CLI_WAIT_H

#include "cli/remote.h"

struct wait_options {
    int64_t timeout_ms; /* < 0: as long as it takes */
    bool quiet;         /* no progress on standard error */
};

/* Until the task has ended.  *task (to be decref'd) is its TaskInfo.  CLI_LIMIT,
 * told, when the timeout came first. */
int wait_for_task(struct remote *r, const char *task_id, const struct wait_options *o,
                  json_t **task);

/* How an ended task and its outcome map onto enum cli_exit. */
int wait_exit_code(const json_t *task);

struct wait_report {
    const char *output_file; /* NULL: standard output */
    bool json, quiet;
};

/* Fetches the result of an ended task: its output goes to standard output or the
 * file, the rest to standard error; with json all of it is one object.  Returns
 * wait_exit_code, or why it could not. */
int wait_report(struct remote *r, struct cli *cli, json_t *task, const struct wait_report *o);

/* One line a person understands: "completed", "failed: no majority ...". */
void wait_print_status(const struct cli *cli, const json_t *task);

#endif
