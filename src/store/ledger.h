/* ledger.h - money: double entry, integer credits, append-only, hash-chained.
 *
 * A transfer has 2..LEDGER_POSTINGS_MAX postings whose amounts sum to zero, so the
 * sum of all accounts is zero at all times.  Each transfer has a unique key that
 * says what it is for ("pay:<task>:<node>"): making it again changes nothing.
 * Accounts are named "user:<id>", "escrow:<task>" and "issuer"; only the issuer,
 * where credits come from, may be below zero.
 *
 * Chain: hash[n] = SHA3-256("ambient-ledger-v1" || hash[n-1] || n || at || key ||
 * postings), integers 64-bit little-endian, strings length-prefixed; hash[0] is
 * all zeros.  The tables refuse UPDATE and DELETE. */
#ifndef STORE_LEDGER_H
#define STORE_LEDGER_H

#include "base/hash.h"
#include "store/store.h"

#define LEDGER_POSTINGS_MAX 8
#define LEDGER_ISSUER       "issuer"
#define LEDGER_NAME_BYTES   48 /* "escrow:" and a UUID, with the NUL */

/* "user:<id>" and "escrow:<id>". */
void ledger_user_account(char out[LEDGER_NAME_BYTES], const char *user_id);
void ledger_escrow_account(char out[LEDGER_NAME_BYTES], const char *task_id);

struct ledger_posting {
    const char *account;
    int64_t amount; /* > 0: into the account */
};

struct ledger_transfer {
    int64_t seq; /* 1, 2, 3 ... without gaps; set by the post */
    int64_t at_ms;
    const char *key;
    const char *kind;    /* "issue", "escrow", "pay", "refund" */
    const char *task_id; /* or NULL */
    const char *node_id; /* or NULL */
    size_t n;
    struct ledger_posting postings[LEDGER_POSTINGS_MAX];
    uint8_t hash[SHA3_256_BYTES]; /* set by the post */
};

/* VCP_OK also when the same transfer was posted before (*t then says when);
 * VCP_EEXIST when its key was used for another one, VCP_EFUNDS when an account
 * would go below zero.  Accounts come into being with their first posting. */
int ledger_post(struct store_tx *tx, struct ledger_transfer *t, struct err *err);
/* 0 for an account that was never used. */
int ledger_balance(struct store_tx *tx, int64_t *out, const char *account, struct err *err);
/* Newest first; before_seq 0: first page.  account or task_id may be NULL. */
int ledger_list(struct store_tx *tx, struct arena *a, struct ledger_transfer **out, size_t *n,
                const char *account, const char *task_id, int64_t before_seq, size_t limit,
                struct err *err);

struct ledger_report {
    int64_t n_transfers, n_accounts;
    int64_t issued; /* credits in the hands of all but the issuer */
    uint8_t head[SHA3_256_BYTES];
};

/* Reads the whole ledger: every transfer sums to zero, the chain is unbroken, each
 * balance is the sum of its postings and none but the issuer's is negative, and all
 * sum to zero.  VCP_EVERIFY names the first transfer or account that is wrong. */
int ledger_check(struct store_tx *tx, struct ledger_report *out, struct err *err);

#endif
