/* profile.c - profiles as text, as circuits, and fitted to a run; see profile.h. */
#include "zkvm/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

/* ---- text ---- */

void profile_write(struct buf *out, const struct profile *p)
{
    for (uint32_t i = 0; i < p->n_parts; i++)
        buf_printf(out, "chip %u %u\n", p->parts[i].chip, p->parts[i].rows);
}

/* Digits without a leading zero, 1 .. UINT32_MAX, then the terminator. */
static bool read_number(uint32_t *out, struct cursor *c, char terminator)
{
    uint64_t v = 0;
    unsigned n = 0;
    uint8_t d;

    while (cursor_u8(c, &d) && d >= '0' && d <= '9') {
        if (n++ == 10 || (n > 1 && v == 0))
            return false;
        v = 10 * v + (d - '0');
    }
    *out = (uint32_t)v;
    return n > 0 && v <= UINT32_MAX && d == (uint8_t)terminator;
}

static bool read_part(struct profile_part *out, struct cursor *c)
{
    const unsigned char *word;

    return cursor_bytes(c, 5, &word) && memcmp(word, "chip ", 5) == 0 &&
           read_number(&out->chip, c, ' ') && read_number(&out->rows, c, '\n');
}

int profile_read(struct profile *out, const char *name, const void *text, size_t n, struct err *err)
{
    struct cursor c = {text, (const unsigned char *)text + n};
    struct profile p = {.n_parts = 0};

    if (strlen(name) >= sizeof p.name)
        return err_set(err, VCP_EINVAL, "'%.80s' is no name of a profile", name);
    strcpy(p.name, name);
    while (cursor_left(&c) > 0) {
        struct profile_part part;
        if (p.n_parts == PROFILE_PARTS_MAX)
            return err_set(err, VCP_ELIMIT, "profile %s: more than %u parts", name,
                           PROFILE_PARTS_MAX);
        if (!read_part(&part, &c))
            return err_set(err, VCP_EFORMAT, "profile %s: line %u is not 'chip NUMBER ROWS'", name,
                           p.n_parts + 1);
        if (part.chip >= CATALOG_CHIPS || part.rows == 0 ||
            (p.n_parts > 0 && part.chip <= p.parts[p.n_parts - 1].chip))
            return err_set(err, VCP_EFORMAT,
                           "profile %s: line %u: chip %u, %u rows: out of order "
                           "or range",
                           name, p.n_parts + 1, part.chip, part.rows);
        p.parts[p.n_parts++] = part;
    }
    if (p.n_parts == 0)
        return err_set(err, VCP_EFORMAT, "profile %s is empty", name);
    *out = p;
    return VCP_OK;
}

/* ---- circuits ---- */

/* Rows that are nobody's: S, the class sums, those of public inputs. */
#define ROWS_OF_ITS_OWN (1 + BUS_CLASSES + CIRCUIT_PUBLIC + 1)

static int find_chip(const struct chip **out, const struct profile *p, uint32_t part,
                     struct catalog *c, struct err *err)
{
    int rc = catalog_get(out, c, p->parts[part].chip, err);

    if (rc < 0)
        return err_set(err, rc, "profile %s: there is no chip %u", p->name, p->parts[part].chip);
    return VCP_OK;
}

int profile_constraints(uint64_t *out, const struct profile *p, struct catalog *c, struct err *err)
{
    const struct chip *chip;
    uint64_t n = ROWS_OF_ITS_OWN;
    int rc;

    for (uint32_t i = 0; i < p->n_parts; i++) {
        if ((rc = find_chip(&chip, p, i, c, err)) < 0)
            return rc;
        n += (uint64_t)p->parts[i].rows * chip->n_constraints;
    }
    *out = n;
    return VCP_OK;
}

int profile_circuit(struct circuit *out, const struct profile *p, struct catalog *c,
                    struct err *err)
{
    struct circuit_part *parts = calloc(p->n_parts, sizeof *parts);
    int rc = parts ? VCP_OK : err_set(err, VCP_ENOMEM, "no memory for profile %s", p->name);

    for (uint32_t i = 0; i < p->n_parts && rc == VCP_OK; i++) {
        rc = find_chip(&parts[i].chip, p, i, c, err);
        parts[i].rows = p->parts[i].rows;
    }
    if (rc == VCP_OK && (rc = circuit_init(out, parts, p->n_parts, err)) < 0)
        err_prefix(err, "profile %s", p->name);
    free(parts);
    return rc;
}

/* ---- builtin and fitted ---- */

void profile_range(struct profile *out)
{
    static const struct profile_part parts[] = {
        {CATALOG_OTHER(OTHER_RANGE16), 1u << 16}, {CATALOG_OTHER(OTHER_RANGE8), 1u << 8},
        {CATALOG_OTHER(OTHER_POW32), 32},         {CATALOG_OTHER(OTHER_POW64), 64},
        {CATALOG_OTHER(OTHER_POP8), 1u << 8},
    };

    memset(out, 0, sizeof *out);
    strcpy(out->name, "range");
    memcpy(out->parts, parts, sizeof parts);
    out->n_parts = sizeof parts / sizeof *parts;
}

void profile_bits(struct profile *out)
{
    memset(out, 0, sizeof *out);
    strcpy(out->name, "bits");
    out->parts[0] = (struct profile_part){CATALOG_OTHER(OTHER_AND8), 1u << 16};
    out->n_parts = 1;
}

#define CODE_ROWS_WHOLE 1024u

/* Parts in proportion: counts times scale / 2^16, at least 1. */
static int scale_parts(struct profile *p, const uint64_t counts[], uint64_t scale, struct err *err)
{
    p->n_parts = 0;
    for (uint32_t chip = 0; chip < CATALOG_CHIPS; chip++) {
        if (counts[chip] == 0 || chip >= CATALOG_OTHER(OTHER_RANGE16))
            continue;
        /* Rounded up: a chip of few rows must not run out instances before the others. */
        unsigned __int128 rows = ((unsigned __int128)counts[chip] * scale + 65535) >> 16;
        /* A program has as many entries however short its run. */
        if (chip == CATALOG_OTHER(OTHER_CODE) && rows < counts[chip] &&
            counts[chip] <= CODE_ROWS_WHOLE)
            rows = counts[chip];
        if (p->n_parts == PROFILE_PARTS_MAX)
            return err_set(err, VCP_ELIMIT, "profile %s: more than %u chips", p->name,
                           PROFILE_PARTS_MAX);
        p->parts[p->n_parts++] = (struct profile_part){chip, rows < 1 ? 1
                                                             : rows > GROTH16_WIRES_MAX
                                                                 ? GROTH16_WIRES_MAX
                                                                 : (uint32_t)rows};
    }
    return p->n_parts ? VCP_OK : err_set(err, VCP_EINVAL, "profile %s: no rows", p->name);
}

static int scaled_size(uint64_t *out, struct profile *p, const uint64_t counts[], uint64_t scale,
                       struct catalog *c, struct err *err)
{
    int rc = scale_parts(p, counts, scale, err);
    return rc < 0 ? rc : profile_constraints(out, p, c, err);
}

#define SCALE_ONE ((uint64_t)1 << 16)
#define SCALE_MAX (SCALE_ONE << 10)

int profile_fit(struct profile *out, const char *name, const uint64_t counts[CATALOG_CHIPS],
                unsigned log_rows, struct catalog *c, struct err *err)
{
    struct profile p = {.n_parts = 0};
    uint64_t size, lo = 0, hi = SCALE_MAX;
    int rc;

    if (strlen(name) >= sizeof p.name)
        return err_set(err, VCP_EINVAL, "'%.80s' is no name of a profile", name);
    strcpy(p.name, name);
    if ((rc = scaled_size(&size, &p, counts, SCALE_ONE, c, err)) < 0)
        return rc;
    while (log_rows > 10 && size <= (uint64_t)1 << (log_rows - 1))
        log_rows--; /* the run is smaller than the size asked for */
    if ((rc = scaled_size(&size, &p, counts, 0, c, err)) < 0)
        return rc;
    if (size > (uint64_t)1 << log_rows)
        return err_set(err, VCP_ELIMIT, "profile %s: a row of each chip alone is %llu constraints",
                       name, (unsigned long long)size);
    while (hi - lo > 1) { /* lo fits */
        uint64_t mid = lo + (hi - lo) / 2;
        if ((rc = scaled_size(&size, &p, counts, mid, c, err)) < 0)
            return rc;
        if (size <= (uint64_t)1 << log_rows)
            lo = mid;
        else
            hi = mid;
    }
    if ((rc = scaled_size(&size, &p, counts, lo, c, err)) == VCP_OK)
        *out = p;
    return rc;
}

/* Fitted to rows(chip, number) of each chip that is no table. */
static int fit_all(struct profile *out, const char *name,
                   uint64_t (*rows)(const struct chip *chip, uint32_t number), unsigned log_rows,
                   struct catalog *c, struct err *err)
{
    uint64_t *counts = calloc(CATALOG_CHIPS, sizeof *counts);
    const struct chip *chip;
    struct err why;
    int rc = counts ? VCP_OK : err_set(err, VCP_ENOMEM, "no memory for profile %s", name);

    for (uint32_t i = 0; i < CATALOG_OTHER(OTHER_RANGE16) && rc == VCP_OK; i++) {
        int found = catalog_get(&chip, c, i, &why);
        if (found == VCP_OK)
            counts[i] = rows(chip, i);
        else if (found != VCP_ENOTFOUND)
            rc = err_set(err, found, "%s", why.msg);
    }
    if (rc == VCP_OK)
        rc = profile_fit(out, name, counts, log_rows, c, err);
    free(counts);
    return rc;
}

static uint64_t any_rows(const struct chip *chip, uint32_t number)
{
    (void)chip;
    return number < CATALOG_OTHERS ? 1 : 1u << 10;
}

int profile_any(struct profile *out, unsigned log_rows, struct catalog *c, struct err *err)
{
    return fit_all(out, "any", any_rows, log_rows, c, err);
}

static const struct typical_part {
    const char *chip;
    uint32_t rows;
} typical[] = {
#include "zkvm/typical.inc"
};

static uint64_t typical_rows(const struct chip *chip, uint32_t number)
{
    (void)number;
    for (size_t i = 0; i < sizeof typical / sizeof *typical; i++)
        if (strcmp(typical[i].chip, chip->name) == 0)
            return typical[i].rows;
    return 0;
}

int profile_typical(struct profile *out, unsigned log_rows, struct catalog *c, struct err *err)
{
    return fit_all(out, "typical", typical_rows, log_rows, c, err);
}
