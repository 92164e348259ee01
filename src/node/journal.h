/* journal.h - results not yet delivered, on disk, so that a node killed at any moment
 * forgets none.
 *
 * One file a lease, <lease_id>.json: {"task_id", "lease_id", "node_id", "result": {...}}, where
 * result is the body of POST /tasks/{id}/result.  It appears before the first attempt at delivery
 * and goes when the server has answered.  Written by rename, so it is whole or absent; not synced
 * to the platter: what a power cut loses, the lease's expiry repairs.  A lease whose task was still
 * running leaves no file: the server hands it out again to a node that asks for work without naming
 * it.  Thread-safe between leases. */
#ifndef NODE_JOURNAL_H
#define NODE_JOURNAL_H

#include "base/err.h"
#include "base/json.h"

struct journal {
    char *dir;
};

int journal_open(struct journal *j, const char *dir, struct err *err);
void journal_release(struct journal *j);

int journal_put(const struct journal *j, const char *task_id, const char *lease_id,
                const char *node_id, json_t *result, struct err *err);
void journal_remove(const struct journal *j, const char *lease_id);

/* An array of the entries on disk; files that do not parse are removed.  The caller
 * decrefs; NULL with err set when the folder cannot be read. */
json_t *journal_load(const struct journal *j, struct err *err);

#endif
