/* keys.c - folders of profile keys, and rings of trusted ones; see keys.h. */
#include "zkvm/keys.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/limits.h"
#include "groth16/keycache.h"

#define PATH_BYTES 1024

/* ---- names ---- */

static bool name_is_valid(const char *name)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.");
    return n > 0 && name[n] == '\0' && n < KEY_NAME_BYTES && name[0] != '.';
}

static int path_of(char out[PATH_BYTES], const char *dir, const char *name, const char *suffix,
                   struct err *err)
{
    if (!name_is_valid(name))
        return err_set(err, VCP_EINVAL, "'%.80s' is no name of a key", name);
    if (snprintf(out, PATH_BYTES, "%s/%s%s", dir, name, suffix) >= PATH_BYTES)
        return err_set(err, VCP_EINVAL, "the folder's name is too long: %.200s", dir);
    return VCP_OK;
}

bool keys_default_dir(char *out, size_t size)
{
    const char *env = getenv("AMBIENT_KEYS");
    char cache[PATH_BYTES];

    if (env && *env)
        return (size_t)snprintf(out, size, "%s", env) < size;
    return keycache_default_dir(cache, sizeof cache) &&
           (size_t)snprintf(out, size, "%s/poe", cache) < size;
}

/* ---- rings ---- */

void keyring_release(struct keyring *r)
{
    for (uint32_t i = 0; i < r->n; i++)
        vkey_free(r->entries[i].vk);
    free(r->entries);
    memset(r, 0, sizeof *r);
}

const struct key_entry *keyring_find(const struct keyring *r, const uint8_t digest[32])
{
    for (uint32_t i = 0; i < r->n; i++)
        if (memcmp(r->entries[i].digest, digest, 32) == 0)
            return &r->entries[i];
    return NULL;
}

int keyring_add(struct keyring *r, const char *name, struct vkey *vk, struct err *err)
{
    struct key_entry e = {.vk = vk}, *grown;
    uint32_t at = r->n;
    int rc = vkey_digest(e.digest, vk, err);

    if (rc < 0)
        return rc;
    if (!name_is_valid(name))
        return err_set(err, VCP_EINVAL, "'%.80s' is no name of a key", name);
    if (r->n == ZKVM_RING_KEYS_MAX)
        return err_set(err, VCP_ELIMIT, "more than %u keys", ZKVM_RING_KEYS_MAX);
    if (keyring_find(r, e.digest))
        return err_set(err, VCP_EEXIST, "%s is there already under another name", name);
    grown = realloc(r->entries, (r->n + 1) * sizeof *grown);
    if (!grown)
        return err_set(err, VCP_ENOMEM, "no memory for %u keys", r->n + 1);
    r->entries = grown;
    snprintf(e.name, sizeof e.name, "%s", name);
    for (; at > 0 && strcmp(grown[at - 1].name, name) > 0; at--)
        grown[at] = grown[at - 1];
    grown[at] = e;
    r->n++;
    return VCP_OK;
}

static int read_vkey(struct vkey **out, const char *path, struct err *err)
{
    struct vkey *k = NULL;
    struct buf b;
    size_t ic_bytes;
    int rc;

    buf_init(&b, 0);
    rc = file_read(&b, path, ZKVM_VKEY_BYTES_MAX, err);
    if (rc == VCP_OK && (ic_bytes = vkey_ic_size(b.data, b.len)) == 0)
        rc = err_set(err, VCP_EFORMAT, "%s is no verifying key", path);
    if (rc == VCP_OK && !(k = vkey_new((uint32_t)(ic_bytes / sizeof(g1_affine)) - 1)))
        rc = err_set(err, VCP_ENOMEM, "no memory for %s", path);
    if (rc == VCP_OK && (rc = vkey_from_bytes(k, k->ic, b.data, b.len, err)) < 0)
        err_prefix(err, "%s", path);
    buf_release(&b);
    if (rc < 0)
        vkey_free(k);
    else
        *out = k;
    return rc;
}

static bool is_pinned(const uint8_t digest[32], const uint8_t (*pins)[32], size_t n_pins)
{
    for (size_t i = 0; i < n_pins; i++)
        if (memcmp(pins[i], digest, 32) == 0)
            return true;
    return n_pins == 0;
}

static int add_file(struct keyring *r, const char *dir, const char *file, const uint8_t (*pins)[32],
                    size_t n_pins, struct err *err)
{
    char name[KEY_NAME_BYTES], path[PATH_BYTES];
    uint8_t digest[32];
    struct vkey *k;
    size_t len = strlen(file);
    int rc;

    if (len < 5 || len - 4 >= sizeof name || strcmp(file + len - 4, ".avk") != 0)
        return VCP_OK; /* other files may lie there */
    memcpy(name, file, len - 4);
    name[len - 4] = '\0';
    if ((rc = path_of(path, dir, name, ".avk", err)) < 0 || (rc = read_vkey(&k, path, err)) < 0)
        return rc;
    bool kept = false;
    rc = vkey_digest(digest, k, err);
    if (rc == VCP_OK && is_pinned(digest, pins, n_pins)) {
        rc = keyring_add(r, name, k, err);
        kept = rc == VCP_OK;
    }
    if (!kept)
        vkey_free(k);
    return rc;
}

static int check_pins(const struct keyring *r, const char *dir, const uint8_t (*pins)[32],
                      size_t n_pins, struct err *err)
{
    char hex[65];

    for (size_t i = 0; i < n_pins; i++) {
        if (keyring_find(r, pins[i]))
            continue;
        hex_encode(hex, pins[i], 32);
        return err_set(err, VCP_ENOTFOUND, "%s holds no key with the pinned digest %s", dir, hex);
    }
    return VCP_OK;
}

int keyring_open(struct keyring *r, const char *dir, const uint8_t (*pins)[32], size_t n_pins,
                 struct err *err)
{
    DIR *d = opendir(dir);
    struct dirent *f;
    int rc = VCP_OK;

    memset(r, 0, sizeof *r);
    if (!d)
        return err_set(err, errno == ENOENT ? VCP_ENOTFOUND : VCP_EIO,
                       "keys: %s: %s (ambient keys profiles setup makes them)", dir,
                       strerror(errno));
    while (rc == VCP_OK && (f = readdir(d)))
        rc = add_file(r, dir, f->d_name, pins, n_pins, err);
    closedir(d);
    if (rc == VCP_OK)
        rc = check_pins(r, dir, pins, n_pins, err);
    if (rc < 0)
        keyring_release(r);
    return rc;
}

/* ---- making and opening ---- */

static int write_vkey(const char *path, const struct vkey *vk, struct err *err)
{
    struct buf b;
    int rc;

    buf_init(&b, 0);
    vkey_put(&b, vk);
    rc = b.failed ? err_set(err, VCP_ENOMEM, "no memory for a verifying key")
                  : file_write(path, b.data, b.len, 0644, err);
    buf_release(&b);
    return rc;
}

int keys_setup(uint8_t digest[32], const char *dir, const char *name, const struct cs *cs,
               const uint8_t seed[32], struct work *work, struct err *err)
{
    char key[PATH_BYTES], vkey[PATH_BYTES];
    struct ckey k;
    int rc;

    if ((rc = path_of(key, dir, name, ".avck", err)) < 0 ||
        (rc = path_of(vkey, dir, name, ".avk", err)) < 0 || (rc = file_make_dirs(dir, err)) < 0 ||
        (rc = ckey_setup(key, cs, seed, work, err)) < 0 || (rc = ckey_open(&k, key, err)) < 0)
        return rc;
    if ((rc = vkey_digest(digest, k.vk, err)) == VCP_OK)
        rc = write_vkey(vkey, k.vk, err);
    ckey_release(&k);
    return rc;
}

int keys_open(struct ckey *k, const char *dir, const char *name, const struct cs_shape *shape,
              struct err *err)
{
    char path[PATH_BYTES];
    int rc = path_of(path, dir, name, ".avck", err);

    if (rc < 0)
        return rc;
    if ((rc = ckey_open(k, path, err)) < 0) {
        err_prefix(err, "the key of profile %s (ambient keys profiles setup makes it)", name);
        return rc;
    }
    if ((rc = ckey_check_circuit(k, shape, err)) < 0)
        ckey_release(k);
    return rc;
}
