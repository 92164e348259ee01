/* table.h - columns for people: collected first, then printed as wide as they need to be. */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/arena.h"

#define TABLE_COLUMNS_MAX 12

struct table {
    struct arena memory;
    const char *heads[TABLE_COLUMNS_MAX];
    bool right[TABLE_COLUMNS_MAX]; /* numbers: aligned right */
    size_t n_columns;
    struct table_row *first, **last;
    size_t n_rows;
    bool failed; /* out of memory; the table then prints what it has */
};

/* heads: "ID|STATUS|>GAS"; a leading '>' aligns the column right.  Static text. */
void table_init(struct table *t, const char *heads);
void table_release(struct table *t);
/* Begins a row; cells follow from the left.  NULL and "" print as "-". */
void table_row(struct table *t);
void table_cell(struct table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void table_print(const struct table *t, FILE *out, bool color);

/* 1234567 as "1,234,567"; returns out. */
#define TABLE_COUNT_BYTES 32
const char *table_count(char out[TABLE_COUNT_BYTES], long long n);
/* Bytes as "1.5 MiB"; returns out. */
const char *table_size(char out[TABLE_COUNT_BYTES], double bytes);
/* Milliseconds as "12 ms", "3.4 s", "2 m 05 s"; returns out. */
const char *table_duration(char out[TABLE_COUNT_BYTES], double ms);

#endif
