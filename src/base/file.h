/* file.h - whole files: read with a ceiling, written so that a crash leaves old or new. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* Appends the file's content to out; "-" reads standard input.  A larger file
 * than max_bytes is VCP_ELIMIT. */
int file_read(struct buf *out, const char *path, size_t max_bytes, struct err *err);

/* Writes to a temporary name in the same folder, syncs and renames; mode as in
 * chmod.  "-" writes standard output. */
int file_write(const char *path, const void *p, size_t n, unsigned mode, struct err *err);

/* The same without syncing: survives our death, not the machine's.  For what is checked when
 * it is read again; "-" is a name like any other. */
int file_write_unsynced(const char *path, const void *p, size_t n, unsigned mode, struct err *err);

/* mkdir -p with mode 0700 for what is made. */
int file_make_dirs(const char *path, struct err *err);

/* A read-only mapping of a whole file. */
struct file_map {
    const unsigned char *data; /* NULL for an empty file */
    size_t size;
};

int file_map_open(struct file_map *m, const char *path, struct err *err);
void file_map_release(struct file_map *m);

/* For programs, once, at their start: from then on a page of a mapped file that cannot be
 * read, because the file was cut short meanwhile or its disk failed, ends the process with
 * a sentence on stderr and this exit code instead of by SIGBUS.  Other causes of that signal
 * keep their effect. */
void file_map_guard(const char *program, int exit_code);

#endif
