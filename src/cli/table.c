#include "cli/table.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#define TABLE_BYTES_MAX (64u << 20) /* of one table's text: far beyond what anyone reads */

struct table_row {
    struct table_row *next;
    const char *cells[TABLE_COLUMNS_MAX];
    size_t n_cells;
};

void table_init(struct table *t, const char *heads)
{
    char *text, *save, *head;

    memset(t, 0, sizeof *t);
    arena_init(&t->memory, TABLE_BYTES_MAX);
    t->last = &t->first;
    text = arena_strdup(&t->memory, heads);
    if (!text) {
        t->failed = true;
        return;
    }
    for (head = strtok_r(text, "|", &save); head && t->n_columns < TABLE_COLUMNS_MAX;
         head = strtok_r(NULL, "|", &save)) {
        t->right[t->n_columns] = *head == '>';
        t->heads[t->n_columns++] = head + (*head == '>');
    }
}

void table_release(struct table *t)
{
    arena_release(&t->memory);
    memset(t, 0, sizeof *t);
}

void table_row(struct table *t)
{
    struct table_row *r = arena_alloc(&t->memory, sizeof *r);

    if (!r) {
        t->failed = true;
        return;
    }
    *t->last = r;
    t->last = &r->next;
    t->n_rows++;
}

static struct table_row *last_row(const struct table *t)
{
    return t->first ? (struct table_row *)((char *)t->last - offsetof(struct table_row, next))
                    : NULL;
}

void table_cell(struct table *t, const char *fmt, ...)
{
    struct table_row *r = last_row(t);
    char text[512];
    char *kept;
    va_list ap;

    if (!r || t->failed || r->n_cells == TABLE_COLUMNS_MAX)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    for (char *p = text; *p; p++) /* what came from elsewhere may not steer a terminal */
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
    kept = arena_strdup(&t->memory, *text ? text : "-");
    if (kept)
        r->cells[r->n_cells++] = kept;
    else
        t->failed = true;
}

/* Columns on the screen: bytes that begin a UTF-8 character. */
static int width_of(const char *s)
{
    int n = 0;

    for (; *s; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

static void put_cell(FILE *out, const char *s, int width, bool right, bool last)
{
    int pad = width - width_of(s);

    fprintf(out, "%*s%s%*s", right ? pad : 0, "", s, right || last ? 0 : pad, "");
    fputs(last ? "\n" : "  ", out);
}

void table_print(const struct table *t, FILE *out, bool color)
{
    int width[TABLE_COLUMNS_MAX] = {0};

    for (size_t i = 0; i < t->n_columns; i++)
        width[i] = width_of(t->heads[i]);
    for (const struct table_row *r = t->first; r; r = r->next)
        for (size_t i = 0; i < r->n_cells; i++)
            if (width_of(r->cells[i]) > width[i])
                width[i] = width_of(r->cells[i]);
    if (color)
        fputs("\033[1m", out);
    for (size_t i = 0; i < t->n_columns; i++)
        put_cell(out, t->heads[i], width[i], t->right[i], i + 1 == t->n_columns);
    if (color)
        fputs("\033[0m", out);
    for (const struct table_row *r = t->first; r; r = r->next)
        for (size_t i = 0; i < t->n_columns; i++)
            put_cell(out, i < r->n_cells ? r->cells[i] : "-", width[i], t->right[i],
                     i + 1 == t->n_columns);
}

const char *table_count(char out[TABLE_COUNT_BYTES], long long n)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%lld", n), o = 0;

    for (int i = 0; i < len; i++) {
        out[o++] = digits[i];
        if (digits[i] != '-' && i + 1 < len && (len - 1 - i) % 3 == 0)
            out[o++] = ',';
    }
    out[o] = '\0';
    return out;
}

const char *table_size(char out[TABLE_COUNT_BYTES], double bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    int u = 0;

    while (bytes >= 1024 && u < 4) {
        bytes /= 1024;
        u++;
    }
    snprintf(out, TABLE_COUNT_BYTES, u && bytes < 100 ? "%.1f %s" : "%.0f %s", bytes, units[u]);
    return out;
}

const char *table_duration(char out[TABLE_COUNT_BYTES], double ms)
{
    if (ms < 1000)
        snprintf(out, TABLE_COUNT_BYTES, "%.0f ms", ms);
    else if (ms < 120000)
        snprintf(out, TABLE_COUNT_BYTES, "%.1f s", ms / 1000);
    else
        snprintf(out, TABLE_COUNT_BYTES, "%.0f m %02.0f s", floor(ms / 60000),
                 fmod(floor(ms / 1000), 60));
    return out;
}
