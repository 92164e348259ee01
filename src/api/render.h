/* render.h - tasks as the API shows them. */
#ifndef API_RENDER_H
#define API_RENDER_H

#include "api/api.h"

/* A receipt that was found good, as results and tasks show it; null without one. */
json_t *render_receipt(const struct store_receipt *r);

/* TaskInfo of a task row; reads its assignments and results in tx. */
int render_task(json_t **out, struct call *c, struct store_tx *tx, const struct store_task *t,
                struct err *err);
/* Answers with the TaskInfo of a task known to be the caller's. */
int reply_task(struct call *c, int status, const char *task_id, struct err *err);
/* The caller's task named in the path, in a read transaction left open for more;
 * VCP_ENOTFOUND when absent or another's (no transaction is open then). */
int open_own_task(struct call *c, struct store_tx **tx, struct store_task *out, struct err *err);

#endif
