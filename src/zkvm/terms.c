/* terms.c - sums and text of the verifier's own terms; see terms.h. */
#include "zkvm/terms.h"

#include <stdlib.h>

#include "base/limits.h"

#define GROUP 1024 /* terms that share an inversion */

struct sum {
    const fr *challenges;
    uint64_t n;
    fr total;
    unsigned n_waiting;
    fr numerators[GROUP], denominators[GROUP], scratch[GROUP];
};

static void flush(struct sum *s)
{
    fr t;

    fr_inv_batch(s->denominators, s->n_waiting, s->scratch);
    for (unsigned i = 0; i < s->n_waiting; i++) {
        fr_mul(&t, &s->numerators[i], &s->denominators[i]);
        fr_add(&s->total, &s->total, &t);
    }
    s->n_waiting = 0;
}

/* count * (1 + sum of weight * value), the 1 for kinds with a key. */
static void numerator(fr *out, const struct bus_tuple *t, const fr challenges[])
{
    const struct bus_kind_info *info = &bus_kinds[t->kind];
    fr p;

    *out = info->form == BUS_KEYLESS ? fr_zero : fr_one;
    for (unsigned i = 0; i < info->n_values; i++) {
        fr_mul(&p, &challenges[BUS_WEIGHT(info->classes[i])], &t->values[i]);
        fr_add(out, out, &p);
    }
    fr_mul(out, out, &t->count);
}

static int add(void *arg, const struct bus_tuple *t, struct err *err)
{
    struct sum *s = arg;
    unsigned i = s->n_waiting;

    if (++s->n > ZKVM_TERMS_MAX)
        return err_set(err, VCP_ELIMIT, "the verifier's own terms are more than %u",
                       ZKVM_TERMS_MAX);
    bus_denominator(&s->denominators[i], t, s->challenges);
    if (fr_is_zero(&s->denominators[i]))
        return err_set(err, VCP_EVERIFY, "a challenge meets the key of a %s term",
                       bus_kinds[t->kind].name);
    numerator(&s->numerators[i], t, s->challenges);
    if (++s->n_waiting == GROUP)
        flush(s);
    return VCP_OK;
}

int terms_sum(fr *out, uint64_t *n_terms, const struct terms_source *source,
              const struct statement *st, const struct statement_lists *lists,
              const fr challenges[BUS_CHALLENGES], struct err *err)
{
    struct sum *s = malloc(sizeof *s);
    int rc;

    if (!s)
        return err_set(err, VCP_ENOMEM, "no memory for the verifier's own terms");
    s->challenges = challenges;
    s->n = s->n_waiting = 0;
    s->total = fr_zero;
    rc = source->emit(source->arg, st, lists, &(struct terms_sink){add, s}, err);
    flush(s);
    if (n_terms)
        *n_terms = s->n;
    if (rc >= 0)
        *out = s->total;
    free(s);
    return rc < 0 ? rc : VCP_OK;
}

/* ---- text ---- */

static void print_list(FILE *out, const fr v[], unsigned n)
{
    char text[FR_DEC_BYTES];

    fputc(' ', out);
    if (n == 0)
        fputc('-', out);
    for (unsigned i = 0; i < n; i++) {
        fr_to_dec(text, &v[i]);
        fprintf(out, "%s%s", i ? "," : "", text);
    }
}

static int print(void *arg, const struct bus_tuple *t, struct err *err)
{
    const struct bus_kind_info *info = &bus_kinds[t->kind];
    FILE *out = arg;

    fputs(info->name, out);
    print_list(out, &t->count, 1);
    print_list(out, t->comps, info->n_comps);
    print_list(out, t->values, info->n_values);
    fputc('\n', out);
    return ferror(out) ? err_set(err, VCP_EIO, "terms cannot be written") : VCP_OK;
}

int terms_dump(FILE *out, const struct terms_source *source, const struct statement *s,
               const struct statement_lists *lists, struct err *err)
{
    return source->emit(source->arg, s, lists, &(struct terms_sink){print, out}, err);
}
