/* binfile.c - see binfile.h. */
#include "groth16/binfile.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int split_sections(struct binfile *f, struct cursor *c, uint32_t n_sections, struct err *err)
{
    for (uint32_t i = 0; i < n_sections; i++) {
        uint32_t id;
        uint64_t size;
        const unsigned char *data;
        if (!cursor_u32le(c, &id) || !cursor_u64le(c, &size))
            return err_set(err, VCP_EFORMAT, "%s: ends inside the header of section %u of %u",
                           f->name, i + 1, n_sections);
        if (id == 0 || id >= BINFILE_IDS)
            return err_set(err, VCP_EFORMAT, "%s: unknown section id %u", f->name, id);
        if (f->sections[id].present)
            return err_set(err, VCP_EFORMAT, "%s: section %u appears twice", f->name, id);
        if (size > cursor_left(c) || !cursor_bytes(c, (size_t)size, &data))
            return err_set(err, VCP_EFORMAT,
                           "%s: section %u claims %" PRIu64 " bytes but only %zu follow", f->name,
                           id, size, cursor_left(c));
        f->sections[id] = (struct binfile_section){data, (size_t)size, true};
    }
    if (cursor_left(c) != 0)
        return err_set(err, VCP_EFORMAT, "%s: %zu bytes after the last section", f->name,
                       cursor_left(c));
    return VCP_OK;
}

int binfile_parse(struct binfile *f, const char *name, const void *p, size_t n, const char *magic,
                  uint32_t version_max, struct err *err)
{
    struct cursor c = {p, (const unsigned char *)p + n};
    const unsigned char *m;
    uint32_t n_sections;

    memset(f, 0, sizeof *f);
    snprintf(f->name, sizeof f->name, "%s", name);
    f->data = p;
    f->size = n;
    if (n < 4 || !cursor_bytes(&c, 4, &m) || memcmp(m, magic, 4) != 0)
        return err_set(err, VCP_EFORMAT, "%s: not a .%s file (the first bytes are not \"%s\")",
                       f->name, magic, magic);
    if (!cursor_u32le(&c, &f->version) || !cursor_u32le(&c, &n_sections))
        return err_set(err, VCP_EFORMAT, "%s: ends inside the file header", f->name);
    if (f->version < 1 || f->version > version_max)
        return err_set(err, VCP_EUNSUPPORTED, "%s: .%s version %u, this build reads 1 to %u",
                       f->name, magic, f->version, version_max);
    return split_sections(f, &c, n_sections, err);
}

int binfile_open(struct binfile *f, const char *path, const char *magic, uint32_t version_max,
                 struct err *err)
{
    struct file_map map;
    int rc = file_map_open(&map, path, err);

    memset(f, 0, sizeof *f);
    if (rc < 0)
        return rc;
    rc = binfile_parse(f, path, map.data ? map.data : (const unsigned char *)"", map.size, magic,
                       version_max, err);
    if (rc < 0) {
        file_map_release(&map);
        memset(f, 0, sizeof *f);
        return rc;
    }
    f->map = map;
    return VCP_OK;
}

void binfile_release(struct binfile *f)
{
    file_map_release(&f->map);
    memset(f, 0, sizeof *f);
}

int binfile_section(struct cursor *out, const struct binfile *f, unsigned id, const char *what,
                    struct err *err)
{
    assert(id > 0 && id < BINFILE_IDS);
    const struct binfile_section *s = &f->sections[id];
    if (!s->present)
        return err_set(err, VCP_EFORMAT, "%s: section %u (%s) is missing", f->name, id, what);
    *out = (struct cursor){s->data, s->data + s->size};
    return VCP_OK;
}

int binfile_section_sized(const unsigned char **out, const struct binfile *f, unsigned id,
                          const char *what, uint64_t size, struct err *err)
{
    struct cursor c;
    int rc = binfile_section(&c, f, id, what, err);
    if (rc < 0)
        return rc;
    if (cursor_left(&c) != size)
        return err_set(err, VCP_EFORMAT, "%s: section %u (%s) has %zu bytes, want %" PRIu64,
                       f->name, id, what, cursor_left(&c), size);
    *out = c.p;
    return VCP_OK;
}

/* ---- identity ---- */

#define DIGEST_PIECE_BYTES ((size_t)1 << 20)

struct digest_job {
    const struct binfile *f;
    uint8_t (*leaves)[BINFILE_DIGEST_BYTES];
};

static void hash_piece(uint8_t out[BINFILE_DIGEST_BYTES], const struct binfile *f, size_t i)
{
    size_t at = i * DIGEST_PIECE_BYTES, left = f->size - at;
    crypto_generichash(out, BINFILE_DIGEST_BYTES, f->data + at,
                       left < DIGEST_PIECE_BYTES ? left : DIGEST_PIECE_BYTES, NULL, 0);
}

static void digest_piece(void *arg, size_t i)
{
    struct digest_job *job = arg;
    hash_piece(job->leaves[i], job->f, i);
}

void binfile_digest(uint8_t out[BINFILE_DIGEST_BYTES], const struct binfile *f,
                    struct threads *threads)
{
    size_t n = (f->size + DIGEST_PIECE_BYTES - 1) / DIGEST_PIECE_BYTES;
    struct digest_job job = {f, malloc(n * sizeof *job.leaves + 1)};
    crypto_generichash_state st;

    crypto_generichash_init(&st, NULL, 0, BINFILE_DIGEST_BYTES);
    if (job.leaves) {
        threads_run(threads, n, digest_piece, &job);
        crypto_generichash_update(&st, (const unsigned char *)job.leaves, n * sizeof *job.leaves);
    } else { /* without memory for the leaves: one at a time */
        for (size_t i = 0; i < n; i++) {
            uint8_t leaf[BINFILE_DIGEST_BYTES];
            hash_piece(leaf, f, i);
            crypto_generichash_update(&st, leaf, sizeof leaf);
        }
    }
    crypto_generichash_final(&st, out, BINFILE_DIGEST_BYTES);
    free(job.leaves);
}

/* ---- writing ---- */

static void fail(struct binfile_writer *w)
{
    if (!w->failed)
        w->saved_errno = errno;
    w->failed = true;
}

int binfile_create(struct binfile_writer *w, const char *path, const char *magic, uint32_t version,
                   uint32_t n_sections, struct err *err)
{
    memset(w, 0, sizeof *w);
    if (strlen(path) + 16 > sizeof w->tmp)
        return err_set(err, VCP_ELIMIT, "%.64s...: path longer than %d bytes", path,
                       BINFILE_PATH_BYTES - 16);
    snprintf(w->path, sizeof w->path, "%s", path);
    snprintf(w->tmp, sizeof w->tmp, "%.*s.tmp%ld", BINFILE_PATH_BYTES - 32, path, (long)getpid());
    w->fp = fopen(w->tmp, "wbx");
    if (!w->fp)
        return err_set(err, VCP_EIO, "%s: %s", w->tmp, strerror(errno));
    setvbuf(w->fp, NULL, _IOFBF, 1 << 20);
    w->n_sections = n_sections;
    binfile_put(w, magic, 4);
    binfile_put_u32(w, version);
    binfile_put_u32(w, n_sections);
    return VCP_OK;
}

void binfile_put(struct binfile_writer *w, const void *p, size_t n)
{
    if (!w->failed && n > 0 && fwrite(p, 1, n, w->fp) != n)
        fail(w);
}

void binfile_put_u32(struct binfile_writer *w, uint32_t v)
{
    unsigned char b[4] = {(unsigned char)v, (unsigned char)(v >> 8), (unsigned char)(v >> 16),
                          (unsigned char)(v >> 24)};
    binfile_put(w, b, sizeof b);
}

void binfile_put_u64(struct binfile_writer *w, uint64_t v)
{
    binfile_put_u32(w, (uint32_t)v);
    binfile_put_u32(w, (uint32_t)(v >> 32));
}

void binfile_begin(struct binfile_writer *w, uint32_t id)
{
    assert(w->section_size_at == 0 && id > 0 && id < BINFILE_IDS);
    w->n_begun++;
    binfile_put_u32(w, id);
    w->section_size_at = ftello(w->fp);
    binfile_put_u64(w, 0);
}

void binfile_end(struct binfile_writer *w)
{
    off_t end = ftello(w->fp), at = w->section_size_at;

    assert(at != 0);
    w->section_size_at = 0;
    if (w->failed)
        return;
    if (end < 0 || fseeko(w->fp, at, SEEK_SET) != 0) {
        fail(w);
        return;
    }
    binfile_put_u64(w, (uint64_t)(end - at - 8));
    if (fseeko(w->fp, end, SEEK_SET) != 0)
        fail(w);
}

int binfile_map_written(struct file_map *out, struct binfile_writer *w, struct err *err)
{
    assert(w->section_size_at == 0);
    if (!w->failed && fflush(w->fp) != 0)
        fail(w);
    if (w->failed)
        return err_set(err, VCP_EIO, "%s: %s", w->path, strerror(w->saved_errno));
    return file_map_open(out, w->tmp, err);
}

int binfile_commit(struct binfile_writer *w, struct err *err)
{
    assert(w->section_size_at == 0 && w->n_begun == w->n_sections);
    if (!w->failed && (fflush(w->fp) != 0 || fsync(fileno(w->fp)) != 0))
        fail(w);
    if (fclose(w->fp) != 0)
        fail(w);
    w->fp = NULL;
    errno = w->saved_errno;
    if (w->failed || rename(w->tmp, w->path) != 0) {
        int e = errno;
        unlink(w->tmp);
        return err_set(err, VCP_EIO, "%s: %s", w->path, strerror(e));
    }
    return VCP_OK;
}

void binfile_abort(struct binfile_writer *w)
{
    if (!w->fp)
        return;
    fclose(w->fp);
    unlink(w->tmp);
    w->fp = NULL;
}
