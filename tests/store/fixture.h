/* fixture.h - a store in a fresh folder, removed at the end. */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/store.h"
#include "store/users.h"
#include "test.h"

struct fixture {
    char folder[64], path[96];
    struct store *s;
    struct err e;
    struct arena a;
};

static inline int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *f)
{
    (void)st, (void)flag, (void)f;
    return remove(path);
}

static inline void fixture_open(struct fixture *f, bool fast)
{
    struct store_options o = {.fast = fast};

    memset(f, 0, sizeof *f);
    strcpy(f->folder, "/tmp/vcp-store-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/vcp.db", f->folder);
    assert_ok(store_open(&f->s, f->path, &o, &f->e), f->e);
    arena_init(&f->a, 0);
}

static inline void fixture_close(struct fixture *f)
{
    store_free(f->s);
    arena_release(&f->a);
    nftw(f->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void fixture_user(struct fixture *f, const char *id)
{
    struct store_user u = {id, id, "user", 1000, 0};
    struct store_tx *tx;

    assert_ok(store_begin_write(f->s, &tx, &f->e), f->e);
    assert_ok(store_user_insert(tx, &u, &f->e), f->e);
    assert_ok(store_commit(tx, &f->e), f->e);
}

#endif
