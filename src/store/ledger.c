/* ledger.c - see ledger.h. */
#include "store/ledger.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/limits.h"
#include "store/sql.h"

void ledger_user_account(char out[LEDGER_NAME_BYTES], const char *user_id)
{
    snprintf(out, LEDGER_NAME_BYTES, "user:%s", user_id);
}

void ledger_escrow_account(char out[LEDGER_NAME_BYTES], const char *task_id)
{
    snprintf(out, LEDGER_NAME_BYTES, "escrow:%s", task_id);
}

/* ---- the chain ---- */

static void put_u64(struct sha3 *s, uint64_t v)
{
    uint8_t b[8];

    for (int i = 0; i < 8; i++)
        b[i] = (uint8_t)(v >> (8 * i));
    sha3_update(s, b, sizeof b);
}

static void put_str(struct sha3 *s, const char *str)
{
    size_t n = str ? strlen(str) : 0;

    put_u64(s, n);
    if (n)
        sha3_update(s, str, n);
}

static int chain_hash(uint8_t out[SHA3_256_BYTES], const uint8_t prev[SHA3_256_BYTES],
                      const struct ledger_transfer *t, struct err *err)
{
    struct sha3 s;

    if (sha3_init(&s) < 0)
        return err_set(err, VCP_ENOMEM, "ledger: out of memory");
    put_str(&s, "ambient-ledger-v1");
    sha3_update(&s, prev, SHA3_256_BYTES);
    put_u64(&s, (uint64_t)t->seq);
    put_u64(&s, (uint64_t)t->at_ms);
    put_str(&s, t->key);
    put_str(&s, t->kind);
    put_str(&s, t->task_id);
    put_str(&s, t->node_id);
    put_u64(&s, t->n);
    for (size_t i = 0; i < t->n; i++) {
        put_str(&s, t->postings[i].account);
        put_u64(&s, (uint64_t)t->postings[i].amount);
    }
    sha3_final(&s, out);
    return VCP_OK;
}

/* ---- posting ---- */

static int check_shape(const struct ledger_transfer *t, struct err *err)
{
    int64_t sum = 0;

    if (t->n < 2 || t->n > LEDGER_POSTINGS_MAX)
        return err_set(err, VCP_EINVAL, "transfer %s: %zu postings, 2 to %d are wanted", t->key,
                       t->n, LEDGER_POSTINGS_MAX);
    for (size_t i = 0; i < t->n; i++) {
        int64_t v = t->postings[i].amount;

        if (v == 0 || v < -TASK_BUDGET_MAX || v > TASK_BUDGET_MAX)
            return err_set(err, VCP_EINVAL, "transfer %s: amount %lld is not in 1..%lld", t->key,
                           (long long)v, TASK_BUDGET_MAX);
        sum += v; /* 8 times the ceiling fits */
    }
    if (sum != 0)
        return err_set(err, VCP_EINVAL, "transfer %s: postings sum to %lld, not to zero", t->key,
                       (long long)sum);
    return VCP_OK;
}

static bool same(const char *a, const char *b)
{
    return (a == NULL || b == NULL) ? a == b : strcmp(a, b) == 0;
}

static int read_postings(struct store_tx *tx, struct arena *a, struct ledger_transfer *t,
                         struct err *err)
{
    struct sql q = sql_open(tx, "SELECT account, amount FROM postings WHERE seq = ? ORDER BY n");
    int rc;

    sql_int(&q, t->seq);
    t->n = 0;
    while ((rc = sql_step(&q, err)) > 0 && t->n < LEDGER_POSTINGS_MAX) {
        t->postings[t->n].account = sql_get_text(&q, a);
        t->postings[t->n++].amount = sql_get_int(&q);
    }
    sql_close(&q);
    return rc < 0 ? rc : VCP_OK;
}

/* 1 when the key exists and *t is the same transfer, 0 when it is new. */
static int posted_before(struct store_tx *tx, struct ledger_transfer *t, struct err *err)
{
    struct sql q = sql_open(tx, "SELECT seq, at, hash, kind, task_id, node_id FROM transfers"
                                " WHERE key = ?");
    struct ledger_transfer old = {0};
    struct arena a;
    bool differs = false;

    sql_text(&q, t->key);
    int rc = sql_step(&q, err);
    if (rc <= 0) {
        sql_close(&q);
        return rc;
    }
    arena_init(&a, 0);
    old.seq = sql_get_int(&q);
    old.at_ms = sql_get_int(&q);
    sql_get_blob(&q, old.hash, sizeof old.hash);
    differs |= !same(sql_peek_text(&q), t->kind);
    differs |= !same(sql_peek_text(&q), t->task_id);
    differs |= !same(sql_peek_text(&q), t->node_id);
    sql_close(&q);
    rc = read_postings(tx, &a, &old, err);
    differs |= old.n != t->n;
    for (size_t i = 0; rc == VCP_OK && !differs && i < t->n; i++)
        differs = !same(old.postings[i].account, t->postings[i].account) ||
                  old.postings[i].amount != t->postings[i].amount;
    arena_release(&a);
    if (rc < 0)
        return rc;
    if (differs)
        return err_set(err, VCP_EEXIST, "transfer %s was made before, for something else", t->key);
    t->seq = old.seq;
    t->at_ms = old.at_ms;
    memcpy(t->hash, old.hash, sizeof old.hash);
    return 1;
}

static int head(struct store_tx *tx, int64_t *seq, uint8_t hash[SHA3_256_BYTES], struct err *err)
{
    struct sql q = sql_open(tx, "SELECT seq, hash FROM transfers ORDER BY seq DESC LIMIT 1");
    int rc = sql_step(&q, err);

    *seq = 0;
    memset(hash, 0, SHA3_256_BYTES);
    if (rc > 0) {
        *seq = sql_get_int(&q);
        sql_get_blob(&q, hash, SHA3_256_BYTES);
        rc = q.rc == VCP_OK ? VCP_OK : err_set(err, q.rc, "the ledger's head cannot be read");
    }
    sql_close(&q);
    return rc;
}

static int move(struct store_tx *tx, const struct ledger_transfer *t, size_t i, struct err *err)
{
    const struct ledger_posting *p = &t->postings[i];
    struct sql q = sql_open(tx, "INSERT INTO accounts (account, balance) VALUES (?, 0)"
                                " ON CONFLICT DO NOTHING");

    sql_text(&q, p->account);
    int rc = sql_run(&q, err);
    if (rc < 0)
        return rc;
    q = sql_open(tx, "UPDATE accounts SET balance = balance + ? WHERE account = ?");
    sql_int(&q, p->amount);
    sql_text(&q, p->account);
    rc = sql_run(&q, err);
    if (rc == VCP_EINVAL) /* the CHECK on balance */
        return err_set(err, VCP_EFUNDS, "the account holds less than %lld credits",
                       (long long)-p->amount);
    if (rc < 0)
        return rc;
    q = sql_open(tx, "INSERT INTO postings (seq, n, account, amount) VALUES (?, ?, ?, ?)");
    sql_int(&q, t->seq);
    sql_int(&q, (int64_t)i);
    sql_text(&q, p->account);
    sql_int(&q, p->amount);
    return sql_run(&q, err);
}

static int insert_transfer(struct store_tx *tx, const struct ledger_transfer *t, struct err *err)
{
    struct sql q = sql_open(tx, "INSERT INTO transfers (seq, at, key, kind, task_id, node_id,"
                                " hash) VALUES (?, ?, ?, ?, ?, ?, ?)");

    sql_int(&q, t->seq);
    sql_int(&q, t->at_ms);
    sql_text(&q, t->key);
    sql_text(&q, t->kind);
    sql_text(&q, t->task_id);
    sql_text(&q, t->node_id);
    sql_blob(&q, t->hash, sizeof t->hash);
    return sql_run(&q, err);
}

/* Half a transfer must not stay behind when the caller goes on after VCP_EFUNDS. */
static int post_new(struct store_tx *tx, const struct ledger_transfer *t, struct err *err)
{
    struct sql q = sql_open(tx, "SAVEPOINT post");
    int rc = sql_run(&q, err);

    if (rc < 0)
        return rc;
    rc = insert_transfer(tx, t, err);
    for (size_t i = 0; rc == VCP_OK && i < t->n; i++)
        rc = move(tx, t, i, err);
    if (rc < 0) {
        q = sql_open(tx, "ROLLBACK TO post");
        if (sql_run(&q, NULL) < 0)
            rc = VCP_EIO; /* the whole transaction is to be rolled back */
    }
    q = sql_open(tx, "RELEASE post");
    int released = sql_run(&q, rc < 0 ? NULL : err);
    return rc < 0 ? rc : released;
}

int ledger_post(struct store_tx *tx, struct ledger_transfer *t, struct err *err)
{
    struct ledger_transfer new = *t;
    uint8_t prev[SHA3_256_BYTES];
    int rc = check_shape(t, err);

    if (rc < 0)
        return rc;
    rc = posted_before(tx, t, err);
    if (rc != 0)
        return rc < 0 ? rc : VCP_OK;
    rc = head(tx, &new.seq, prev, err);
    if (rc < 0)
        return rc;
    new.seq++;
    rc = chain_hash(new.hash, prev, &new, err);
    if (rc == VCP_OK)
        rc = post_new(tx, &new, err);
    if (rc == VCP_OK)
        *t = new;
    return rc;
}

int ledger_balance(struct store_tx *tx, int64_t *out, const char *account, struct err *err)
{
    struct sql q = sql_open(tx, "SELECT balance FROM accounts WHERE account = ?");

    sql_text(&q, account);
    int rc = sql_step(&q, err);
    if (rc >= 0)
        *out = rc > 0 ? sql_get_int(&q) : 0;
    sql_close(&q);
    return rc < 0 ? rc : VCP_OK;
}

/* ---- reading ---- */

static void read_transfer(struct sql *q, struct arena *a, struct ledger_transfer *t)
{
    t->seq = sql_get_int(q);
    t->at_ms = sql_get_int(q);
    t->key = sql_get_text(q, a);
    t->kind = sql_get_text(q, a);
    t->task_id = sql_get_text(q, a);
    t->node_id = sql_get_text(q, a);
    sql_get_blob(q, t->hash, sizeof t->hash);
}

static struct sql list_query(struct store_tx *tx, const char *account, const char *task_id)
{
    if (account)
        return sql_open(tx, "SELECT seq, at, key, kind, task_id, node_id, hash FROM transfers"
                            " WHERE seq IN (SELECT seq FROM postings WHERE account = ?3"
                            " AND seq < ?1 ORDER BY seq DESC LIMIT 8 * ?2)"
                            " AND (?4 IS NULL OR task_id = ?4) ORDER BY seq DESC LIMIT ?2");
    if (task_id)
        return sql_open(tx, "SELECT seq, at, key, kind, task_id, node_id, hash FROM transfers"
                            " WHERE seq < ?1 AND task_id = ?4 AND ?3 IS NULL"
                            " ORDER BY seq DESC LIMIT ?2");
    return sql_open(tx, "SELECT seq, at, key, kind, task_id, node_id, hash FROM transfers"
                        " WHERE seq < ?1 AND ?3 IS NULL AND ?4 IS NULL"
                        " ORDER BY seq DESC LIMIT ?2");
}

int ledger_list(struct store_tx *tx, struct arena *a, struct ledger_transfer **out, size_t *n,
                const char *account, const char *task_id, int64_t before_seq, size_t limit,
                struct err *err)
{
    struct sql q = list_query(tx, account, task_id);
    void *list = NULL;
    size_t count = 0, cap = 0;
    int rc;

    sql_int(&q, before_seq > 0 ? before_seq : INT64_MAX);
    sql_int(&q, limit < STORE_LIST_MAX ? (int64_t)limit : (int64_t)STORE_LIST_MAX);
    sql_text(&q, account);
    sql_text(&q, task_id);
    while ((rc = sql_step(&q, err)) > 0) {
        struct ledger_transfer *t = sql_grow(&q, a, &list, &count, &cap, sizeof *t);
        if (t)
            read_transfer(&q, a, t);
    }
    sql_close(&q);
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = read_postings(tx, a, (struct ledger_transfer *)list + i, err);
    if (rc < 0)
        return rc;
    *out = list;
    *n = count;
    return VCP_OK;
}

/* ---- the audit ---- */

/* One transfer against its predecessor's hash and its own sum. */
static int check_one(struct store_tx *tx, struct sql *q, struct ledger_report *r, struct arena *a,
                     struct err *err)
{
    struct ledger_transfer t = {0};
    uint8_t want[SHA3_256_BYTES];
    int64_t sum = 0;

    read_transfer(q, a, &t);
    int rc = q->rc == VCP_OK ? read_postings(tx, a, &t, err)
                             : err_set(err, q->rc, "ledger: transfer cannot be read");
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < t.n; i++)
        sum += t.postings[i].amount;
    if (t.seq != r->n_transfers + 1)
        return err_set(err, VCP_EVERIFY, "ledger: transfer %lld follows %lld", (long long)t.seq,
                       (long long)r->n_transfers);
    if (t.n < 2 || sum != 0)
        return err_set(err, VCP_EVERIFY, "ledger: transfer %lld sums to %lld", (long long)t.seq,
                       (long long)sum);
    rc = chain_hash(want, r->head, &t, err);
    if (rc < 0)
        return rc;
    if (memcmp(want, t.hash, sizeof want) != 0)
        return err_set(err, VCP_EVERIFY, "ledger: the chain breaks at transfer %lld",
                       (long long)t.seq);
    memcpy(r->head, want, sizeof want);
    r->n_transfers++;
    return VCP_OK;
}

static int check_chain(struct store_tx *tx, struct ledger_report *r, struct err *err)
{
    struct sql q = sql_open(tx, "SELECT seq, at, key, kind, task_id, node_id, hash"
                                " FROM transfers ORDER BY seq");
    struct arena a;
    int rc;

    arena_init(&a, 0);
    while ((rc = sql_step(&q, err)) > 0) {
        rc = check_one(tx, &q, r, &a, err);
        if (rc < 0)
            break;
        arena_clear(&a);
    }
    sql_close(&q);
    arena_release(&a);
    return rc;
}

static int check_balances(struct store_tx *tx, struct ledger_report *r, struct err *err)
{
    struct sql q = sql_open(
        tx, "SELECT a.account, a.balance, coalesce(sum(p.amount), 0) FROM accounts a"
            " LEFT JOIN postings p ON p.account = a.account GROUP BY a.account");
    int64_t total = 0;
    int rc;

    while ((rc = sql_step(&q, err)) > 0) {
        const char *account = sql_peek_text(&q);
        int64_t balance = sql_get_int(&q), sum = sql_get_int(&q);
        bool issuer = strcmp(account, LEDGER_ISSUER) == 0;

        if (balance != sum || (balance < 0 && !issuer)) {
            rc = err_set(err, VCP_EVERIFY, "ledger: %s holds %lld, its postings sum to %lld",
                         account, (long long)balance, (long long)sum);
            break;
        }
        r->n_accounts++;
        total += balance;
        if (issuer)
            r->issued = -balance;
    }
    sql_close(&q);
    if (rc == 0 && total != 0)
        return err_set(err, VCP_EVERIFY, "ledger: all accounts sum to %lld, not to zero",
                       (long long)total);
    return rc;
}

int ledger_check(struct store_tx *tx, struct ledger_report *out, struct err *err)
{
    struct ledger_report r = {0};
    int rc = check_chain(tx, &r, err);

    if (rc == VCP_OK)
        rc = check_balances(tx, &r, err);
    if (rc == VCP_OK)
        *out = r;
    return rc;
}
