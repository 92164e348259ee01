/* binfile.h - the container of .r1cs, .wtns, .zkey and .ptau (iden3 binary format).
 *
 *     magic[4]  version u32  n_sections u32   then n_sections times
 *     id u32    size u64     size bytes                           (little-endian)
 *
 * The reader takes a whole file in memory, usually a mapping, and splits it: no
 * section may leave the file or appear twice, ids stay below BINFILE_IDS, nothing
 * may follow the last section.  Section data has no alignment.  The writer goes
 * through a temporary name and renames, so a crash leaves the old file or the new. */
#ifndef GROTH16_BINFILE_H
#define GROTH16_BINFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/threads.h"

#define BINFILE_IDS        16 /* the formats number their sections from 1 to 15 */
#define BINFILE_NAME_BYTES 160
#define BINFILE_PATH_BYTES 4096

struct binfile_section {
    const unsigned char *data;
    size_t size;
    bool present;
};

struct binfile {
    char name[BINFILE_NAME_BYTES]; /* for messages */
    uint32_t version;
    const unsigned char *data; /* the whole file */
    size_t size;
    struct binfile_section sections[BINFILE_IDS];
    struct file_map map; /* empty when the bytes are the caller's */
};

/* magic is four characters; versions 1..version_max are accepted.  The bytes stay
 * the caller's and must outlive f. */
int binfile_parse(struct binfile *f, const char *name, const void *p, size_t n, const char *magic,
                  uint32_t version_max, struct err *err);
/* The same over a mapping that binfile_release ends. */
int binfile_open(struct binfile *f, const char *path, const char *magic, uint32_t version_max,
                 struct err *err);
void binfile_release(struct binfile *f);

/* A cursor over section id; VCP_EFORMAT naming `what` when it is missing. */
int binfile_section(struct cursor *out, const struct binfile *f, unsigned id, const char *what,
                    struct err *err);
/* The same where the section must have exactly size bytes. */
int binfile_section_sized(const unsigned char **out, const struct binfile *f, unsigned id,
                          const char *what, uint64_t size, struct err *err);

/* BLAKE2b-256 over the digests of 1 MiB pieces: identifies the file's content. */
#define BINFILE_DIGEST_BYTES 32
void binfile_digest(uint8_t out[BINFILE_DIGEST_BYTES], const struct binfile *f,
                    struct threads *threads);

struct binfile_writer {
    FILE *fp;
    char path[BINFILE_PATH_BYTES], tmp[BINFILE_PATH_BYTES];
    off_t section_size_at; /* 0: no section open */
    uint32_t n_sections, n_begun;
    bool failed;
    int saved_errno;
};

/* Write errors are remembered and reported by binfile_commit. */
int binfile_create(struct binfile_writer *w, const char *path, const char *magic, uint32_t version,
                   uint32_t n_sections, struct err *err);
void binfile_begin(struct binfile_writer *w, uint32_t id);
void binfile_put(struct binfile_writer *w, const void *p, size_t n);
void binfile_put_u32(struct binfile_writer *w, uint32_t v);
void binfile_put_u64(struct binfile_writer *w, uint64_t v);
void binfile_end(struct binfile_writer *w);
/* What has been written so far, between sections; file_map_release it. */
int binfile_map_written(struct file_map *out, struct binfile_writer *w, struct err *err);
/* Syncs and renames; on failure the temporary file is removed. */
int binfile_commit(struct binfile_writer *w, struct err *err);
/* Drops an unfinished file; legal after commit and on a zeroed writer. */
void binfile_abort(struct binfile_writer *w);

#endif
