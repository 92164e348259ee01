#include "http/body.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/limits.h"

static int open_unnamed(const char *dir, struct err *err)
{
    char path[4096];
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd >= 0)
        return fd;
    /* Not every file system has O_TMPFILE. */
    if (snprintf(path, sizeof path, "%s/body.XXXXXX", dir) >= (int)sizeof path)
        return err_set(err, VCP_EINVAL, "%s: the path is too long", dir);
    fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return err_set(err, VCP_EIO, "%s: cannot make a temporary file: %s", dir, strerror(errno));
    unlink(path);
    return fd;
}

int body_init(struct body *b, uint64_t size, const char *spool_dir, bool want_sha3, struct err *err)
{
    memset(b, 0, sizeof *b);
    b->fd = -1;
    b->size = (size_t)size;
    if (want_sha3) {
        if (sha3_init(&b->sha3) < 0)
            return err_set(err, VCP_ENOMEM, "no memory for a digest");
        b->hashing = true;
    }
    if (size == 0)
        return VCP_OK;
    if (size <= HTTP_BODY_MEMORY_BYTES) {
        b->data = malloc(b->size + 1);
        return b->data ? VCP_OK : err_set(err, VCP_ENOMEM, "no memory for the request's body");
    }
    b->fd = open_unnamed(spool_dir, err);
    return b->fd < 0 ? b->fd : VCP_OK;
}

static int write_file(struct body *b, const unsigned char *p, size_t n, struct err *err)
{
    while (n > 0) {
        ssize_t k = write(b->fd, p, n);

        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return err_set(err, VCP_EIO, "cannot keep the request's body: %s", strerror(errno));
        p += k;
        n -= (size_t)k;
    }
    return VCP_OK;
}

int body_append(struct body *b, const void *p, size_t n, struct err *err)
{
    int rc = VCP_OK;

    if (n > b->size - b->received)
        return err_set(err, VCP_ELIMIT, "the body is longer than its Content-Length");
    if (b->hashing)
        sha3_update(&b->sha3, p, n);
    if (b->fd >= 0)
        rc = write_file(b, p, n, err);
    else if (n > 0)
        memcpy(b->data + b->received, p, n);
    b->received += n;
    return rc;
}

int body_finish(struct body *b, uint8_t sha3[SHA3_256_BYTES], struct err *err)
{
    if (b->received != b->size)
        return err_set(err, VCP_EFORMAT, "the body ended after %zu of %zu bytes", b->received,
                       b->size);
    if (b->hashing) {
        sha3_final(&b->sha3, sha3);
        b->hashing = false;
    }
    if (b->fd >= 0) {
        void *map = mmap(NULL, b->size, PROT_READ, MAP_PRIVATE, b->fd, 0);

        if (map == MAP_FAILED)
            return err_set(err, VCP_EIO, "cannot map the request's body: %s", strerror(errno));
        b->data = map;
        b->mapped = true;
    } else if (b->data) {
        b->data[b->size] = 0;
    }
    return VCP_OK;
}

void body_release(struct body *b)
{
    if (b->hashing)
        sha3_release(&b->sha3);
    if (b->mapped)
        munmap(b->data, b->size);
    else
        free(b->data);
    if (b->size > HTTP_BODY_MEMORY_BYTES && b->fd >= 0)
        close(b->fd);
    memset(b, 0, sizeof *b);
    b->fd = -1;
}
