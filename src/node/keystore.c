/* keystore.c - see keystore.h. */
#include "node/keystore.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "attest/keyset.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"

#define PIECE_BYTES ((size_t)4 << 20)
#define PIECE_TRIES 4
#define SPARE_BYTES ((uint64_t)256 << 20) /* left to others on the disk */
#define PATH_BYTES  (KEYSTORE_PATH_BYTES + 128)

/* ---- folders ---- */

static int make_readable_dir(const char *path, struct err *err)
{
    if (mkdir(path, 0755) < 0 && errno != EEXIST)
        return err_set(err, VCP_EIO, "%s: %s", path, strerror(errno));
    if (chmod(path, 0755) < 0) /* whatever the umask was */
        return err_set(err, VCP_EIO, "%s: %s", path, strerror(errno));
    return VCP_OK;
}

int keystore_open(struct keystore *s, const char *dir, uint64_t bytes_max, struct err *err)
{
    if ((size_t)snprintf(s->dir, sizeof s->dir, "%s", dir) + 100 >= sizeof s->dir)
        return err_set(err, VCP_EINVAL, "%s: the path is too long", dir);
    s->bytes_max = bytes_max;
    return file_make_dirs(dir, err);
}

/* One level deep: sets have no folders in them. */
static void remove_dir(const char *path)
{
    DIR *d = opendir(path);
    struct dirent *e;

    while (d && (e = readdir(d)))
        unlinkat(dirfd(d), e->d_name, 0); /* . and .. stay */
    if (d)
        closedir(d);
    rmdir(path);
}

static void remove_others(const struct keystore *s, const char *id)
{
    char path[PATH_BYTES + 256];
    DIR *d = opendir(s->dir);
    struct dirent *e;

    while (d && (e = readdir(d))) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
            strcmp(e->d_name, id) == 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", s->dir, e->d_name);
        remove_dir(path);
    }
    if (d)
        closedir(d);
}

static bool others_can_read(const char *path, mode_t bits)
{
    struct stat st;

    return stat(path, &st) == 0 && (st.st_mode & bits) == bits;
}

/* Workers of an agent that runs as root do not. */
static int check_readable(const char *dir, struct err *err)
{
    char path[PATH_BYTES + 256];
    DIR *d;
    struct dirent *e;
    bool ok = geteuid() != 0 || others_can_read(dir, S_IROTH | S_IXOTH);

    d = ok ? opendir(dir) : NULL;
    while (d && ok && geteuid() == 0 && (e = readdir(d))) {
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        ok = e->d_name[0] == '.' || others_can_read(path, S_IROTH);
    }
    if (d)
        closedir(d);
    return ok ? VCP_OK
              : err_set(err, VCP_EDENIED,
                        "%s: provers run as nobody and cannot read it: chmod -R o+rX %s", dir, dir);
}

int keystore_inspect(const char *dir, char id[65], struct err *err)
{
    struct keyset k;
    int rc = check_readable(dir, err);

    if (rc < 0 || (rc = keyset_open(&k, dir, false, err)) < 0)
        return rc;
    memcpy(id, k.id, sizeof k.id);
    keyset_release(&k);
    return VCP_OK;
}

/* ---- fetching ---- */

struct fetch {
    struct keystore *store;
    struct uplink *up;
    const struct keystore_watch *watch;
    struct keyset manifest;
    char partial[PATH_BYTES];
    uint64_t done;
};

static bool stopping(const struct fetch *f)
{
    return f->watch && f->watch->stopping && f->watch->stopping(f->watch->arg);
}

static int get_manifest(struct fetch *f, const char *id, struct err *err)
{
    json_t *j = NULL;
    int rc = uplink_json(f->up, "GET", "/api/v1/keys", NULL, 30000, &j, err);

    if (rc == VCP_OK && !json_is_string(json_object_get(j, "keyset")))
        rc = err_set(err, VCP_ENOTFOUND, "the server has no keys");
    if (rc == VCP_OK)
        rc = keyset_from_json(&f->manifest, j, err);
    json_decref(j);
    if (rc == VCP_OK && strcmp(f->manifest.id, id) != 0)
        rc = err_set(err, VCP_ENOTFOUND, "the server has other keys now");
    return rc;
}

static int check_room(const struct fetch *f, struct err *err)
{
    const uint64_t bytes = f->manifest.bytes;
    struct statvfs v;

    if (bytes > f->store->bytes_max)
        return err_set(err, VCP_ELIMIT,
                       "the proving keys are %" PRIu64 " MB, more than the %" PRIu64
                       " MB allowed (--keys-size)",
                       bytes >> 20, f->store->bytes_max >> 20);
    if (statvfs(f->store->dir, &v) == 0 &&
        (uint64_t)v.f_bavail * v.f_frsize < bytes - f->done + SPARE_BYTES)
        return err_set(err, VCP_ELIMIT,
                       "the proving keys are %" PRIu64 " MB, and the disk of %s is too full",
                       bytes >> 20, f->store->dir);
    return VCP_OK;
}

static int write_at(int fd, const struct buf *b, uint64_t at, struct err *err)
{
    size_t done = 0;

    while (done < b->len) {
        ssize_t k = pwrite(fd, b->data + done, b->len - done, (off_t)(at + done));

        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return err_set(err, VCP_EIO, "keys: cannot write: %s", strerror(errno));
        done += (size_t)k;
    }
    return VCP_OK;
}

/* A piece that does not come is asked for again. */
static int get_piece(struct fetch *f, const char *path, uint64_t from, size_t n, struct buf *out,
                     struct err *err)
{
    int rc = VCP_EIO;

    for (int tries = 0; tries < PIECE_TRIES && rc < 0; tries++) {
        if (stopping(f))
            return err_set(err, VCP_ECANCELLED, "stopped");
        buf_clear(out);
        rc = uplink_get_range(f->up, path, from, n, out, err);
        if (rc < 0 && !uplink_may_retry(rc))
            return rc;
    }
    if (rc == VCP_OK && out->len != n)
        rc = err_set(err, VCP_EVERIFY, "%s: %zu bytes came, not %zu", path, out->len, n);
    return rc;
}

static int get_pieces(struct fetch *f, int fd, const struct keyset_file *file, uint64_t from,
                      struct err *err)
{
    char path[128];
    struct buf b;
    int rc = VCP_OK;

    snprintf(path, sizeof path, "/api/v1/keys/%s", file->sha3);
    buf_init(&b, PIECE_BYTES + 1);
    while (rc == VCP_OK && from < file->bytes) {
        size_t n = file->bytes - from < PIECE_BYTES ? (size_t)(file->bytes - from) : PIECE_BYTES;

        rc = get_piece(f, path, from, n, &b, err);
        if (rc == VCP_OK)
            rc = write_at(fd, &b, from, err);
        from += n;
        f->done += n;
        if (rc == VCP_OK && f->watch && f->watch->progress)
            f->watch->progress(f->watch->arg, f->done, f->manifest.bytes);
    }
    buf_release(&b);
    return rc;
}

/* A file that is not what it should be is begun anew. */
static int check_file(const char *path, const struct keyset_file *file, struct err *err)
{
    struct file_map map;
    uint8_t digest[32];
    char hex[SHA3_256_HEX_BYTES];
    int rc = file_map_open(&map, path, err);

    if (rc < 0)
        return rc;
    sha3_256(digest, map.data, map.size);
    hex_encode(hex, digest, sizeof digest);
    file_map_release(&map);
    if (strcmp(hex, file->sha3) == 0)
        return VCP_OK;
    unlink(path);
    return err_set(err, VCP_EVERIFY, "%s does not have the digest the server named", file->name);
}

static int get_file(struct fetch *f, const struct keyset_file *file, struct err *err)
{
    char path[PATH_BYTES + 128];
    struct stat st;
    uint64_t from = 0;
    int fd, rc;

    snprintf(path, sizeof path, "%s/%s", f->partial, file->name);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0 || fchmod(fd, 0644) < 0 || fstat(fd, &st) < 0) {
        rc = err_set(err, VCP_EIO, "%s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return rc;
    }
    if ((uint64_t)st.st_size <= file->bytes)
        from = (uint64_t)st.st_size;
    f->done += from;
    rc = get_pieces(f, fd, file, from, err);
    if (rc == VCP_OK && ftruncate(fd, (off_t)file->bytes) < 0)
        rc = err_set(err, VCP_EIO, "%s: %s", path, strerror(errno));
    if (rc == VCP_OK && fsync(fd) < 0)
        rc = err_set(err, VCP_EIO, "%s: %s", path, strerror(errno));
    close(fd);
    return rc < 0 ? rc : check_file(path, file, err);
}

static int get_files(struct fetch *f, struct err *err)
{
    int rc = check_room(f, err);

    if (rc == VCP_OK)
        rc = make_readable_dir(f->partial, err);
    for (uint32_t i = 0; rc == VCP_OK && i < f->manifest.n_files; i++)
        rc = get_file(f, &f->manifest.files[i], err);
    return rc;
}

/* The ring in the folder must have the id that its name will say. */
static int finish(struct fetch *f, const char *path, const char *id, struct err *err)
{
    char have[65];
    int rc = keystore_inspect(f->partial, have, err);

    if (rc == VCP_OK && strcmp(have, id) != 0) {
        remove_dir(f->partial);
        rc = err_set(err, VCP_EVERIFY, "the keys that came are not the set %.16s", id);
    }
    if (rc == VCP_OK && rename(f->partial, path) < 0)
        rc = err_set(err, VCP_EIO, "%s: %s", path, strerror(errno));
    if (rc == VCP_OK)
        remove_others(f->store, id);
    return rc;
}

int keystore_get(struct keystore *s, char path[KEYSTORE_PATH_BYTES], const char *id,
                 struct uplink *up, const struct keystore_watch *watch, struct err *err)
{
    struct fetch f = {.store = s, .up = up, .watch = watch};
    char have[65];
    int rc;

    if (!sha3_hex_is_valid(id))
        return err_set(err, VCP_EINVAL, "the server names its keys by no digest");
    snprintf(path, KEYSTORE_PATH_BYTES, "%.900s/%s", s->dir, id);
    if (keystore_inspect(path, have, NULL) == VCP_OK && strcmp(have, id) == 0)
        return VCP_OK;
    remove_dir(path);
    snprintf(f.partial, sizeof f.partial, "%s/.partial-%s", s->dir, id);
    rc = get_manifest(&f, id, err);
    if (rc == VCP_OK)
        rc = get_files(&f, err);
    if (rc == VCP_OK)
        rc = finish(&f, path, id, err);
    keyset_release(&f.manifest);
    return rc;
}
