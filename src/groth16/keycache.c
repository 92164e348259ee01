/* keycache.c - see keycache.h. */
#include "groth16/keycache.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"

#define PATH_BYTES 4096

bool keycache_default_dir(char *out, size_t size)
{
    const char *own = getenv("AMBIENT_CACHE"), *xdg = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    int n = -1;

    if (own && *own)
        n = snprintf(out, size, "%s/keys", own);
    else if (xdg && *xdg)
        n = snprintf(out, size, "%s/ambient/keys", xdg);
    else if (home && *home)
        n = snprintf(out, size, "%s/.cache/ambient/keys", home);
    return n > 0 && (size_t)n < size;
}

/* "dir/kind-hex"; false when it does not fit. */
static bool marker_path(char out[PATH_BYTES], const char *dir, const char *kind,
                        const uint8_t digest[32])
{
    char hex[65];
    hex_encode(hex, digest, 32);
    int n = snprintf(out, PATH_BYTES, "%s/%s-%s", dir, kind, hex);
    return n > 0 && n < PATH_BYTES;
}

static bool marked(const char *dir, const char *kind, const uint8_t digest[32])
{
    char path[PATH_BYTES];
    return marker_path(path, dir, kind, digest) && access(path, F_OK) == 0;
}

/* Failing to remember is not an error. */
static void mark(const char *dir, const char *kind, const uint8_t digest[32])
{
    char path[PATH_BYTES];
    if (!marker_path(path, dir, kind, digest))
        return;
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
}

static bool file_id(uint8_t out[32], const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return false;
    const int64_t id[] = {1, /* of this layout */
                          (int64_t)st.st_dev,
                          (int64_t)st.st_ino,
                          (int64_t)st.st_size,
                          (int64_t)st.st_mtim.tv_sec,
                          (int64_t)st.st_mtim.tv_nsec,
                          (int64_t)st.st_ctim.tv_sec,
                          (int64_t)st.st_ctim.tv_nsec};
    crypto_generichash(out, 32, (const unsigned char *)id, sizeof id, NULL, 0);
    return true;
}

int keycache_check(enum keycache_how *how, const struct zkey *k, const char *path, const char *dir,
                   struct threads *threads, struct err *err)
{
    uint8_t id[32], content[BINFILE_DIGEST_BYTES];
    bool remember = dir && file_make_dirs(dir, NULL) == VCP_OK && file_id(id, path);

    *how = KEYCACHE_KNOWN;
    if (remember && marked(dir, "id", id))
        return VCP_OK;
    *how = KEYCACHE_SAME_CONTENT;
    if (remember) {
        binfile_digest(content, &k->file, threads);
        if (marked(dir, "content", content)) {
            mark(dir, "id", id);
            return VCP_OK;
        }
    }
    *how = KEYCACHE_CHECKED;
    int rc = zkey_check_points(k, threads, err);
    if (rc == VCP_OK && remember) {
        mark(dir, "content", content);
        mark(dir, "id", id);
    }
    return rc;
}
