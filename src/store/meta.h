/* meta.h - settings of the cluster and the record of who changed what. */
#ifndef STORE_META_H
#define STORE_META_H

#include "store/store.h"

/* VCP_ENOTFOUND when it was never set. */
int store_setting_get(struct store_tx *tx, struct arena *a, const char **out, const char *key,
                      struct err *err);
int store_setting_put(struct store_tx *tx, const char *key, const char *value, int64_t at_ms,
                      struct err *err);

struct store_audit {
    int64_t seq, at_ms;
    const char *actor;  /* user id, node id or "server" */
    const char *action; /* "node.delete", "task.cancel", "account.grant", ... */
    const char *subject;
    const char *detail; /* JSON or NULL */
};

/* Keeps the newest STORE_AUDIT_MAX. */
int store_audit_add(struct store_tx *tx, const struct store_audit *e, struct err *err);
/* Newest first. */
int store_audit_list(struct store_tx *tx, struct arena *a, struct store_audit **out, size_t *n,
                     int64_t before_seq, size_t limit, struct err *err);

#endif
