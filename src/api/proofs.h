/* proofs.h - the server's keys: checking receipts with them, and giving them out. */
#ifndef API_PROOFS_H
#define API_PROOFS_H

#include "attest/keyset.h"
#include "coord/coord.h"

struct proofs {
    struct keyset keys;
    bool have_keys;
};

/* Opens the folder of keys; dir NULL, or without keys when it is the default one: no proofs.  Test
 * keys are refused: their secrets are known. */
int proofs_open(struct proofs *p, const char *dir, bool required, struct err *err);
void proofs_release(struct proofs *p);
/* Zeros without keys; keeps p. */
struct coord_verifier proofs_verifier(struct proofs *p);
/* "" without keys. */
const char *proofs_keyset(const struct proofs *p);

#endif
