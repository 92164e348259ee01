/* blob_cache.c - see blob_cache.h.  The index is in memory, rebuilt from the folder at
 * opening, ordered by a counter that files inherit from their modification time. */
#include "node/blob_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"

struct entry {
    char hex[SHA3_256_HEX_BYTES];
    uint64_t bytes;
    int64_t used; /* larger is later */
};

struct blob_cache {
    pthread_mutex_t lock;
    char *dir;
    uint64_t bytes, bytes_max;
    int64_t clock; /* the next `used` */
    struct entry *entries;
    size_t n_entries, cap;
};

static char *blob_path(const struct blob_cache *c, const char *hex)
{
    char *path = NULL;

    return asprintf(&path, "%s/%s", c->dir, hex) < 0 ? NULL : path;
}

static struct entry *find(struct blob_cache *c, const char *hex)
{
    size_t i;

    for (i = 0; i < c->n_entries; i++)
        if (strcmp(c->entries[i].hex, hex) == 0)
            return &c->entries[i];
    return NULL;
}

static void drop(struct blob_cache *c, struct entry *e)
{
    char *path = blob_path(c, e->hex);

    if (path)
        unlink(path);
    free(path);
    c->bytes -= e->bytes;
    *e = c->entries[--c->n_entries];
}

static bool add(struct blob_cache *c, const char *hex, uint64_t bytes, int64_t used)
{
    struct entry *e;

    if (c->n_entries == c->cap) {
        size_t cap = c->cap ? 2 * c->cap : 64;

        e = realloc(c->entries, cap * sizeof *e);
        if (!e)
            return false;
        c->entries = e;
        c->cap = cap;
    }
    e = &c->entries[c->n_entries++];
    memcpy(e->hex, hex, sizeof e->hex);
    e->bytes = bytes;
    e->used = used;
    c->bytes += bytes;
    return true;
}

/* Oldest first until n more bytes fit. */
static void make_room(struct blob_cache *c, uint64_t n)
{
    while (c->n_entries > 0 &&
           (c->bytes + n > c->bytes_max || c->n_entries >= NODE_CACHE_FILES_MAX)) {
        struct entry *oldest = &c->entries[0];
        size_t i;

        for (i = 1; i < c->n_entries; i++)
            if (c->entries[i].used < oldest->used)
                oldest = &c->entries[i];
        drop(c, oldest);
    }
}

/* Files of a blob's name are blobs, and ".tmp" leftovers of a crash go. */
static int scan(struct blob_cache *c, struct err *err)
{
    DIR *d = opendir(c->dir);
    struct dirent *f;
    int rc = VCP_OK;

    if (!d)
        return err_set(err, VCP_EIO, "%s: %s", c->dir, strerror(errno));
    while (rc == VCP_OK && (f = readdir(d))) {
        char *path = blob_path(c, f->d_name);
        struct stat st;

        if (path && stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
            if (!sha3_hex_is_valid(f->d_name))
                unlink(path);
            else if (!add(c, f->d_name, (uint64_t)st.st_size, st.st_mtime))
                rc = err_set(err, VCP_ENOMEM, "no memory for the cache's index");
        }
        free(path);
    }
    closedir(d);
    return rc;
}

int blob_cache_open(struct blob_cache **out, const char *dir, uint64_t bytes_max, struct err *err)
{
    struct blob_cache *c;
    int rc = file_make_dirs(dir, err);
    size_t i;

    if (rc < 0)
        return rc;
    c = calloc(1, sizeof *c);
    if (!c)
        return err_set(err, VCP_ENOMEM, "no memory for the cache");
    pthread_mutex_init(&c->lock, NULL);
    c->bytes_max = bytes_max;
    c->dir = strdup(dir);
    rc = c->dir ? scan(c, err) : err_set(err, VCP_ENOMEM, "no memory for the cache");
    if (rc < 0) {
        blob_cache_free(c);
        return rc;
    }
    for (i = 0; i < c->n_entries; i++)
        if (c->entries[i].used >= c->clock)
            c->clock = c->entries[i].used + 1;
    make_room(c, 0);
    *out = c;
    return VCP_OK;
}

void blob_cache_free(struct blob_cache *c)
{
    if (!c)
        return;
    pthread_mutex_destroy(&c->lock);
    free(c->entries);
    free(c->dir);
    free(c);
}

static bool matches(const char *hex, const void *p, size_t n)
{
    uint8_t digest[SHA3_256_BYTES];
    char text[SHA3_256_HEX_BYTES];

    sha3_256(digest, p, n);
    hex_encode(text, digest, sizeof digest);
    return strcmp(text, hex) == 0;
}

/* The entry, marked as used; false when there is none. */
static bool touch(struct blob_cache *c, const char *hex)
{
    struct entry *e;

    pthread_mutex_lock(&c->lock);
    e = find(c, hex);
    if (e)
        e->used = c->clock++;
    pthread_mutex_unlock(&c->lock);
    return e != NULL;
}

static void forget(struct blob_cache *c, const char *hex)
{
    struct entry *e;

    pthread_mutex_lock(&c->lock);
    e = find(c, hex);
    if (e)
        drop(c, e);
    pthread_mutex_unlock(&c->lock);
}

/* Reading and hashing hold no lock: the file may go meanwhile, which is being absent. */
int blob_cache_get(struct blob_cache *c, struct buf *out, const char *sha3_hex, struct err *err)
{
    size_t before = out->len;
    char *path;
    int rc;

    if (!sha3_hex_is_valid(sha3_hex) || !touch(c, sha3_hex))
        return err_set(err, VCP_ENOTFOUND, "blob %.64s is not in the cache", sha3_hex);
    path = blob_path(c, sha3_hex);
    rc = path ? file_read(out, path, STORE_BLOB_MAX_BYTES, err)
              : err_set(err, VCP_ENOMEM, "no memory");
    if (rc == VCP_OK)
        utimensat(AT_FDCWD, path, NULL, 0); /* the order survives a restart, to the second */
    free(path);
    if (rc == VCP_OK && matches(sha3_hex, out->data + before, out->len - before))
        return VCP_OK;
    out->len = before;
    forget(c, sha3_hex);
    return err_set(err, VCP_ENOTFOUND, "blob %s was damaged in the cache and is removed", sha3_hex);
}

static int put(struct blob_cache *c, const char *hex, const void *p, size_t n, struct err *err)
{
    char *path;
    int rc;

    if (n > c->bytes_max || find(c, hex))
        return VCP_OK;
    make_room(c, n);
    path = blob_path(c, hex);
    rc = path ? file_write_unsynced(path, p, n, 0600, err) : err_set(err, VCP_ENOMEM, "no memory");
    if (rc == VCP_OK && !add(c, hex, n, c->clock++)) {
        unlink(path);
        rc = err_set(err, VCP_ENOMEM, "no memory for the cache's index");
    }
    free(path);
    return rc;
}

int blob_cache_put(struct blob_cache *c, const char *sha3_hex, const void *p, size_t n,
                   struct err *err)
{
    int rc;

    if (!sha3_hex_is_valid(sha3_hex) || !matches(sha3_hex, p, n))
        return err_set(err, VCP_EVERIFY, "the bytes do not have the digest %.64s", sha3_hex);
    pthread_mutex_lock(&c->lock);
    rc = put(c, sha3_hex, p, n, err);
    pthread_mutex_unlock(&c->lock);
    return rc;
}

uint64_t blob_cache_bytes(struct blob_cache *c)
{
    uint64_t bytes;

    pthread_mutex_lock(&c->lock);
    bytes = c->bytes;
    pthread_mutex_unlock(&c->lock);
    return bytes;
}
