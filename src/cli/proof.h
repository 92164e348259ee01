/* proof.h - the client's own check of a receipt that the network handed out.
 *
 * Nothing is taken from the server at its word: the statement wanted is made here from what
 * was asked for, the outcome is what the receipt must prove, and the proofs are verified here.
 * What remains is who is trusted with the keys: the digests one pins, a folder of one's own, or,
 * when neither is given, whoever made those that the server names. */
#ifndef CLI_PROOF_H
#define CLI_PROOF_H

#include "cli/remote.h"
#include "mesh/task_spec.h"

struct statement; /* zkvm/statement.h */

/* What the caller has himself; what is NULL is asked of the server. */
struct proof_known {
    const struct task_spec *spec; /* of the submission, so that the server cannot choose it */
    const struct buf *module, *input;
};

struct proof_options {
    const char *output_file;     /* where the receipt goes; NULL: nowhere */
    const char *keys_dir;        /* NULL: the server's verifying keys */
    const char *const *pins_hex; /* only these keys count; none: all of the folder */
    size_t n_pins;
};

struct proof_answer {
    bool valid;
    char reason[512];            /* "" when valid */
    struct statement *statement; /* what it claims; NULL when it cannot be read */
    size_t bytes;
    uint32_t n_proofs, n_keys;
    int64_t verify_ns;
};

/* Fetches the receipt of an ended task, whose TaskInfo and Result these are, writes it and checks
 * it.  CLI_OK: *out has the answer, which may be no, and is released; else told why there is none.
 */
int proof_check(struct remote *r, const json_t *task, const json_t *result,
                const struct proof_known *known, const struct proof_options *o,
                struct proof_answer *out);

void proof_answer_release(struct proof_answer *a);

/* "verified: ..." or "NOT VERIFIED: ...", on standard error. */
void proof_tell(const struct cli *cli, const struct proof_answer *a, const struct proof_options *o,
                const char *server);

/* Writes the verifying keys of the server into dir, or with proving all of its key files; tell
 * (may be NULL) is called before each.  *n is how many. */
int proof_fetch_keys(struct remote *r, const char *dir, bool proving,
                     void (*tell)(void *arg, const char *name, uint64_t bytes), void *arg,
                     uint32_t *n);

#endif
