/* keyset.h - the keys a network proves and verifies with, as one thing with one name.
 *
 * A key set is a folder of zkvm/keys.h and zkvm/prover.h: NAME.profile, NAME.avck and NAME.avk
 * for each profile.  Its id is SHA3-256 over "ambient-keyset-v1" and the digests of its
 * verifying keys, sorted: whoever holds proving keys of the same id makes receipts that a
 * verifier with this ring accepts.  The manifest lists the files by digest, so that others can
 * fetch them from anywhere and know that they have them. */
#ifndef ATTEST_KEYSET_H
#define ATTEST_KEYSET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/json.h"
#include "zkvm/keys.h"

#define KEYSET_FILE_NAME_BYTES (KEY_NAME_BYTES + 16)

struct keyset_file {
    char name[KEYSET_FILE_NAME_BYTES];
    uint64_t bytes;
    char sha3[SHA3_256_HEX_BYTES];
};

struct keyset {
    char id[SHA3_256_HEX_BYTES];
    char dir[1024];
    struct keyring ring;
    struct keyset_file *files; /* by name */
    uint32_t n_files;
    uint64_t bytes; /* of all files */
};

/* Opens dir: the ring, the id and, when files are wanted, all files with their digests (which
 * reads them whole).  VCP_ENOTFOUND: no folder, or no key in it. */
int keyset_open(struct keyset *k, const char *dir, bool files, struct err *err);
void keyset_release(struct keyset *k);
/* The id of a ring alone. */
int keyset_id(char out[SHA3_256_HEX_BYTES], const struct keyring *r, struct err *err);
/* NULL when none has that digest. */
const struct keyset_file *keyset_find(const struct keyset *k, const char *sha3);

/* {"keyset", "keys": [{name, digest, test}], "files": [{name, bytes, sha3}], "bytes"}.  The
 * caller decrefs; NULL when out of memory. */
json_t *keyset_to_json(const struct keyset *k);

/* The files of a manifest that came from somewhere else: names that stay inside a folder,
 * sizes and counts under their ceilings.  Only id, files, n_files and bytes are filled. */
int keyset_from_json(struct keyset *out, json_t *j, struct err *err);

/* True for the files a verifier needs. */
bool keyset_file_is_verifying(const struct keyset_file *f);

#endif
