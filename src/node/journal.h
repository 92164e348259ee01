/* journal.h - leases taken and results not yet delivered, on disk, so that a node
 * killed at any moment neither forgets a result nor sits on a lease.
 *
 * One file a lease, <lease_id>.json: {"task_id", "lease_id", "node_id", "result": null | {...}}.
 * It appears when the lease is taken, is replaced when the result is ready, and
 * goes when the server has answered.  Written by rename, so it is old or new;
 * not synced to the platter: what a power cut loses, the lease's expiry repairs.
 * Thread-safe between different leases. */
#ifndef NODE_JOURNAL_H
#define NODE_JOURNAL_H

#include "base/err.h"
#include "base/json.h"

struct journal {
    char *dir;
};

int journal_open(struct journal *j, const char *dir, struct err *err);
void journal_release(struct journal *j);

/* result is the body of POST /tasks/{id}/result, or NULL while the task runs. */
int journal_put(const struct journal *j, const char *task_id, const char *lease_id,
                const char *node_id, json_t *result, struct err *err);
void journal_remove(const struct journal *j, const char *lease_id);

/* An array of the entries on disk; files that do not parse are removed.  The caller decrefs. */
json_t *journal_load(const struct journal *j, struct err *err);

#endif
