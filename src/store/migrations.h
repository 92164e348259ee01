/* migrations.h - the steps from an empty database to today's schema, in order.
 *
 * Step n is src/store/migrations/000n_*.sql, embedded by the build.  A step that
 * was released is never edited; the next one corrects it. */
#ifndef STORE_MIGRATIONS_H
#define STORE_MIGRATIONS_H

struct migration {
    const char *name, *sql;
};

extern const struct migration migrations[];
extern const int n_migrations;

#endif
