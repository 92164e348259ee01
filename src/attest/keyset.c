/* keyset.c - see keyset.h. */
#include "attest/keyset.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/limits.h"

static const char *const suffixes[] = {".profile", ".avck", ".avk"};
#define SUFFIXES (sizeof suffixes / sizeof suffixes[0])

static bool ends_with(const char *s, const char *tail)
{
    size_t n = strlen(s), k = strlen(tail);

    return n > k && strcmp(s + n - k, tail) == 0;
}

/* Of the form that zkvm/keys.h writes, so it can be no path. */
static bool is_file_name(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-.");

    if (n == 0 || s[n] || n >= KEYSET_FILE_NAME_BYTES || s[0] == '.')
        return false;
    for (size_t i = 0; i < SUFFIXES; i++)
        if (ends_with(s, suffixes[i]))
            return true;
    return false;
}

bool keyset_file_is_verifying(const struct keyset_file *f)
{
    return ends_with(f->name, ".avk");
}

static int by_digest(const void *a, const void *b)
{
    return memcmp(a, b, 32);
}

int keyset_id(char out[SHA3_256_HEX_BYTES], const struct keyring *r, struct err *err)
{
    static const char domain[] = "ambient-keyset-v1";
    uint8_t(*digests)[32] = calloc(r->n + 1, sizeof *digests), id[32];
    struct sha3 s;

    if (!digests || sha3_init(&s) != VCP_OK) {
        free(digests);
        return err_set(err, VCP_ENOMEM, "no memory for the id of a key set");
    }
    for (uint32_t i = 0; i < r->n; i++)
        memcpy(digests[i], r->entries[i].digest, 32);
    qsort(digests, r->n, sizeof *digests, by_digest);
    sha3_update(&s, domain, sizeof domain);
    sha3_update(&s, digests, (size_t)r->n * sizeof *digests);
    sha3_final(&s, id);
    hex_encode(out, id, sizeof id);
    free(digests);
    return VCP_OK;
}

/* ---- a folder ---- */

static struct keyset_file *new_file(struct keyset *k, struct err *err)
{
    struct keyset_file *grown;

    if (k->n_files == SUFFIXES * ZKVM_RING_KEYS_MAX) {
        err_set(err, VCP_ELIMIT, "a key set has at most %zu files", SUFFIXES * ZKVM_RING_KEYS_MAX);
        return NULL;
    }
    grown = realloc(k->files, (k->n_files + 1) * sizeof *grown);
    if (!grown) {
        err_set(err, VCP_ENOMEM, "no memory for the files of a key set");
        return NULL;
    }
    k->files = grown;
    memset(&grown[k->n_files], 0, sizeof *grown);
    return &grown[k->n_files++];
}

static int add_file(struct keyset *k, const char *name, struct err *err)
{
    struct keyset_file *f;
    struct file_map map;
    char path[1200];
    uint8_t digest[32];
    int rc;

    if (!is_file_name(name))
        return VCP_OK; /* other files may lie there */
    if (!(f = new_file(k, err)))
        return err ? err->code : VCP_ENOMEM;
    snprintf(path, sizeof path, "%s/%s", k->dir, name);
    if ((rc = file_map_open(&map, path, err)) < 0)
        return rc;
    sha3_256(digest, map.data, map.size);
    hex_encode(f->sha3, digest, sizeof digest);
    snprintf(f->name, sizeof f->name, "%s", name);
    f->bytes = map.size;
    k->bytes += map.size;
    file_map_release(&map);
    return VCP_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct keyset_file *)a)->name, ((const struct keyset_file *)b)->name);
}

static int read_folder(struct keyset *k, struct err *err)
{
    DIR *d = opendir(k->dir);
    struct dirent *e;
    int rc = VCP_OK;

    if (!d)
        return err_set(err, VCP_EIO, "%s: %s", k->dir, strerror(errno));
    while (rc == VCP_OK && (e = readdir(d)))
        rc = add_file(k, e->d_name, err);
    closedir(d);
    if (rc == VCP_OK && k->n_files > 1)
        qsort(k->files, k->n_files, sizeof *k->files, by_name);
    return rc;
}

int keyset_open(struct keyset *k, const char *dir, bool files, struct err *err)
{
    int rc;

    memset(k, 0, sizeof *k);
    if ((size_t)snprintf(k->dir, sizeof k->dir, "%s", dir) >= sizeof k->dir)
        return err_set(err, VCP_EINVAL, "the folder's name is too long: %.200s", dir);
    rc = keyring_open(&k->ring, dir, NULL, 0, err);
    if (rc == VCP_OK && k->ring.n == 0)
        rc = err_set(err, VCP_ENOTFOUND,
                     "%s holds no keys (ambient keys profiles setup makes them)", dir);
    if (rc == VCP_OK)
        rc = keyset_id(k->id, &k->ring, err);
    if (rc == VCP_OK && files)
        rc = read_folder(k, err);
    if (rc < 0)
        keyset_release(k);
    return rc;
}

void keyset_release(struct keyset *k)
{
    keyring_release(&k->ring);
    free(k->files);
    memset(k, 0, sizeof *k);
}

const struct keyset_file *keyset_find(const struct keyset *k, const char *sha3)
{
    for (uint32_t i = 0; i < k->n_files; i++)
        if (strcmp(k->files[i].sha3, sha3) == 0)
            return &k->files[i];
    return NULL;
}

/* ---- the manifest ---- */

json_t *keyset_to_json(const struct keyset *k)
{
    json_t *keys = json_array(), *files = json_array();
    char hex[SHA3_256_HEX_BYTES];

    for (uint32_t i = 0; i < k->ring.n; i++) {
        const struct key_entry *e = &k->ring.entries[i];

        hex_encode(hex, e->digest, sizeof e->digest);
        json_array_append_new(keys, json_pack("{s:s, s:s, s:b}", "name", e->name, "digest", hex,
                                              "test", (int)e->vk->local_test));
    }
    for (uint32_t i = 0; i < k->n_files; i++)
        json_array_append_new(files,
                              json_pack("{s:s, s:I, s:s}", "name", k->files[i].name, "bytes",
                                        (json_int_t)k->files[i].bytes, "sha3", k->files[i].sha3));
    return json_pack("{s:s, s:o, s:o, s:I}", "keyset", k->id, "keys", keys, "files", files, "bytes",
                     (json_int_t)k->bytes);
}

static int need_digest(char out[SHA3_256_HEX_BYTES], json_t *j, const char *key, struct err *err)
{
    const char *s = NULL;
    int rc = json_need_str(&s, j, key, SHA3_256_HEX_BYTES - 1, err);

    if (rc == VCP_OK && !sha3_hex_is_valid(s))
        rc = err_set(err, VCP_EINVAL, "%s must be 64 lower-case hex digits", key);
    if (rc == VCP_OK)
        memcpy(out, s, SHA3_256_HEX_BYTES);
    return rc;
}

static int file_from_json(struct keyset *k, json_t *j, struct err *err)
{
    struct keyset_file *f;
    const char *name = NULL;
    int64_t bytes = 0;
    int rc;

    if (!json_is_object(j))
        return err_set(err, VCP_EINVAL, "files[%u] must be an object", k->n_files);
    if ((rc = json_need_str(&name, j, "name", KEYSET_FILE_NAME_BYTES - 1, err)) < 0 ||
        (rc = json_need_int(&bytes, j, "bytes", 0, KEYSET_FILE_BYTES_MAX, err)) < 0)
        return rc;
    if (!is_file_name(name))
        return err_set(err, VCP_EINVAL, "files[%u]: \"%.80s\" is no file of a key set", k->n_files,
                       name);
    for (uint32_t i = 0; i < k->n_files; i++)
        if (strcmp(k->files[i].name, name) == 0)
            return err_set(err, VCP_EINVAL, "files[%u]: %s is there twice", k->n_files, name);
    if (!(f = new_file(k, err)))
        return err ? err->code : VCP_ENOMEM;
    snprintf(f->name, sizeof f->name, "%s", name);
    f->bytes = (uint64_t)bytes;
    k->bytes += f->bytes;
    return need_digest(f->sha3, j, "sha3", err);
}

int keyset_from_json(struct keyset *out, json_t *j, struct err *err)
{
    json_t *files = json_object_get(j, "files"), *v;
    struct keyset k = {.bytes = 0};
    size_t i;
    int rc;

    if (!json_is_object(j) || !json_is_array(files))
        return err_set(err, VCP_EINVAL, "a key set must be an object with a list of files");
    rc = need_digest(k.id, j, "keyset", err);
    json_array_foreach(files, i, v)
    {
        if (rc == VCP_OK)
            rc = file_from_json(&k, v, err);
    }
    if (rc < 0)
        keyset_release(&k);
    else
        *out = k;
    return rc;
}
