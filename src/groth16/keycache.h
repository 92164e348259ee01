/* keycache.h - remembering which proving keys have had all their points checked.
 *
 * A folder of empty files: "id-<hex>" names a file by device, inode, size and times to
 * the nanosecond, "content-<hex>" by the digest of its bytes.  A known id is
 * believed without reading the file; a known content (a copy, a touched file) costs
 * one hash; only an unknown key costs the whole check.  Whoever can write this
 * folder, or forge a change time on this machine, can make us trust a bad key; what a
 * bad key gives is proofs that do not verify. */
#ifndef GROTH16_KEYCACHE_H
#define GROTH16_KEYCACHE_H

#include "groth16/zkey.h"

enum keycache_how { KEYCACHE_KNOWN, KEYCACHE_SAME_CONTENT, KEYCACHE_CHECKED };

/* $AMBIENT_CACHE, else $XDG_CACHE_HOME/ambient, else $HOME/.cache/ambient, each with
 * "/keys"; false when none is set or it does not fit. */
bool keycache_default_dir(char *out, size_t size);

/* k is an open key over the file path.  dir is made when missing; when it cannot be
 * (or is NULL) the check is done and not remembered. */
int keycache_check(enum keycache_how *how, const struct zkey *k, const char *path, const char *dir,
                   struct threads *threads, struct err *err);

#endif
