/* keys.h - the keys of circuit profiles: made once, kept in a folder, named by digest.
 *
 * A folder holds for each profile NAME.avck, the proving key (groth16/ckey.h), and
 * NAME.avk, the canonical bytes of its verifying key (groth16/vkey.h).  A verifier needs
 * only the latter.  A keyring is the set of keys one verifier accepts: all of a folder, or,
 * with pins, those whose digests he was given by someone he trusts.  Whoever made a key
 * could have kept its secrets: a ring is a list of parties believed not to have. */
#ifndef ZKVM_KEYS_H
#define ZKVM_KEYS_H

#include "base/err.h"
#include "groth16/ckey.h"
#include "groth16/vkey.h"

#define KEY_NAME_BYTES 64 /* lower-case letters, digits, - and . */

struct key_entry {
    char name[KEY_NAME_BYTES];
    uint8_t digest[32];
    struct vkey *vk; /* prepared */
};

struct keyring {
    struct key_entry *entries; /* by name */
    uint32_t n;
};

/* All NAME.avk of dir, checked.  With n_pins > 0 every other key is left out, and a pin
 * without its key is VCP_ENOTFOUND. */
int keyring_open(struct keyring *r, const char *dir, const uint8_t (*pins)[32], size_t n_pins,
                 struct err *err);
/* For rings made in memory: takes vk, prepared, over; on failure the caller keeps it. */
int keyring_add(struct keyring *r, const char *name, struct vkey *vk, struct err *err);
void keyring_release(struct keyring *r);
const struct key_entry *keyring_find(const struct keyring *r, const uint8_t digest[32]);

/* $AMBIENT_KEYS, else the folder of groth16/keycache.h followed by "/poe". */
bool keys_default_dir(char *out, size_t size);

/* Makes dir/NAME.avck and dir/NAME.avk for the circuit cs, replacing what is there only when
 * both are complete.  seed as in ckey_setup: NULL but in tests. */
int keys_setup(uint8_t digest[32], const char *dir, const char *name, const struct cs *cs,
               const uint8_t seed[32], struct work *work, struct err *err);

/* Opens dir/NAME.avck; VCP_ENOTFOUND says how to make it, VCP_EFORMAT when it is of another
 * circuit (e.g. of an older version of the program). */
int keys_open(struct ckey *k, const char *dir, const char *name, const struct cs_shape *shape,
              struct err *err);

#endif
