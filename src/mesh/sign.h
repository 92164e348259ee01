/* sign.h - a node's Ed25519 identity and the two things it signs: requests and results.
 *
 * Ed25519 by libsodium (RFC 8032).  Every signed message begins with its own
 * domain string and length-prefixes its fields, so that no message of one kind
 * can be read as another. */
#ifndef MESH_SIGN_H
#define MESH_SIGN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"

#define SIGN_PUBLIC_BYTES 32
#define SIGN_SECRET_BYTES 64
#define SIGN_BYTES        64

struct sign_key {
    uint8_t public_key[SIGN_PUBLIC_BYTES];
    uint8_t secret_key[SIGN_SECRET_BYTES]; /* seed and public key, libsodium's form */
};

void sign_key_new(struct sign_key *k);
void sign_key_wipe(struct sign_key *k);
/* The file holds one line: 64 hex digits of seed.  Loading refuses a file that
 * others may read; saving writes mode 0600. */
int sign_key_load(struct sign_key *k, const char *path, struct err *err);
int sign_key_save(const struct sign_key *k, const char *path, struct err *err);

/* What a node signs to make a request as itself:
 * headers X-Node-Id, X-Node-Timestamp (decimal ms since 1970), X-Node-Signature (hex). */
struct sign_request {
    const char *node_id, *method, *path; /* path with query, as sent */
    int64_t timestamp_ms;
    uint8_t body_sha3[SHA3_256_BYTES];
};

#define SIGN_REQUEST_SKEW_MS 60000 /* how far the timestamp may be from the server's clock */

/* What a node signs to stand for a result. */
struct sign_result {
    const char *task_id, *lease_id, *node_id;
    uint8_t module_sha3[SHA3_256_BYTES];  /* of the module that was run */
    uint8_t inputs_sha3[SHA3_256_BYTES];  /* task_spec_inputs_digest() */
    uint8_t outcome_sha3[SHA3_256_BYTES]; /* outcome_digest() */
    /* Of the bytes of the receipt that comes with it, 32 of them; NULL: there is none. */
    const uint8_t *receipt_sha3;
};

void sign_request(uint8_t sig[SIGN_BYTES], const struct sign_request *m, const struct sign_key *k);
void sign_result(uint8_t sig[SIGN_BYTES], const struct sign_result *m, const struct sign_key *k);
/* VCP_OK, or VCP_EAUTH with a sentence (VCP_ENOMEM when it could not be checked). */
int sign_request_verify(const uint8_t sig[SIGN_BYTES], const struct sign_request *m,
                        const uint8_t public_key[SIGN_PUBLIC_BYTES], struct err *err);
int sign_result_verify(const uint8_t sig[SIGN_BYTES], const struct sign_result *m,
                       const uint8_t public_key[SIGN_PUBLIC_BYTES], struct err *err);

#endif
