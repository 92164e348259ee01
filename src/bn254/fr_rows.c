/* fr_rows.c - the portable form of fr_rows.h: row by row, divisions of all rows together. */
#include "bn254/fr_rows.h"

#include "bn254/fr_rows_c.h"
#include "bn254/kernels.h"

static size_t table_size_c(const struct fr_rows *p)
{
    (void)p;
    return 64;
}

static void prepare_c(const struct fr_rows *p, void *table)
{
    (void)p;
    (void)table;
}

static size_t scratch_size_c(const struct fr_rows *p)
{
    return (p->n_registers + (size_t)FR_ROWS_MAX * 2 * p->n_divisors) * sizeof(fr);
}

static void sum(fr r[], const struct fr_rows *p, const struct fr_rows_op *op)
{
    fr total = p->constants[op->constant], v;

    for (uint32_t i = 0; i < op->b; i++) {
        const struct fr_rows_term *t = &p->terms[op->a + i];
        fr_mul(&v, &r[t->reg], &p->coefs[t->coef]);
        fr_add(&total, &total, &v);
    }
    r[op->out] = total;
}

static void load(fr r[], const struct fr_rows *p, const uint64_t inputs[])
{
    for (uint32_t i = 0; i < p->n_inputs; i++)
        fr_from_u64(&r[i], inputs[i]);
    for (uint32_t i = 0; i < p->n_divisors; i++)
        sum(r, p, &p->ops[i]);
}

/* inverse: of this row's divisors. */
static bool finish(fr r[], const struct fr_rows *p, const fr inverse[])
{
    bool ok = true;

    for (uint32_t i = p->n_divisors; i < p->n_ops; i++) {
        const struct fr_rows_op *op = &p->ops[i];
        switch (op->how) {
        case FR_ROWS_SUM: sum(r, p, op); break;
        case FR_ROWS_MUL: fr_mul(&r[op->out], &r[op->a], &r[op->b]); break;
        default:
            ok &= !fr_is_zero(&inverse[op->b]) || fr_is_zero(&r[op->a]);
            fr_mul(&r[op->out], &r[op->a], &inverse[op->b]);
        }
    }
    return ok;
}

static void put(const struct fr_rows *p, const fr r[], size_t row, const struct fr_rows_out *out)
{
    for (uint32_t i = 0; i < p->n_pairs; i++) {
        out->a[row * p->n_pairs + i] = r[p->a[i]];
        out->b[row * p->n_pairs + i] = r[p->b[i]];
    }
    for (uint32_t i = 0; i < p->n_z; i++) {
        fr_to_bits(&out->z[row * p->n_z + i], &r[p->z[i]]);
        fr_add(&out->z_sums[i], &out->z_sums[i], &r[p->z[i]]);
    }
}

static bool run_c(const struct fr_rows *p, const void *table, const uint64_t inputs[], size_t n,
                  const struct fr_rows_out *out, void *scratch)
{
    fr *r = scratch, *inverse = r + p->n_registers;
    bool ok = true;

    (void)table;
    for (size_t row = 0; row < n; row++) {
        load(r, p, inputs + row * p->n_inputs);
        for (uint32_t i = 0; i < p->n_divisors; i++)
            inverse[row * p->n_divisors + i] = r[p->ops[i].out];
    }
    fr_inv_batch(inverse, n * p->n_divisors, inverse + (size_t)FR_ROWS_MAX * p->n_divisors);
    for (size_t row = 0; row < n; row++) {
        load(r, p, inputs + row * p->n_inputs);
        ok &= finish(r, p, inverse + row * p->n_divisors);
        put(p, r, row, out);
    }
    return ok;
}

const struct fr_rows_kernel fr_rows_kernel_c = {table_size_c, prepare_c, scratch_size_c, run_c};

/* ---- dispatch ---- */

/* A table begins with the level it is for, which may be lowered before the run. */
enum { HEADER_BYTES = 64 };

size_t fr_rows_table_size(const struct fr_rows *p)
{
    size_t most = 0;

    for (int level = BN254_C; level <= BN254_IFMA; level++) {
        const struct bn254_kernels *k = bn254_kernels_at((enum bn254_level)level);
        size_t bytes = k ? k->fr_rows->table_size(p) : 0;
        most = bytes > most ? bytes : most;
    }
    return HEADER_BYTES + ((most + 63) & ~(size_t)63);
}

size_t fr_rows_scratch_size(const struct fr_rows *p)
{
    size_t most = 0;

    for (int level = BN254_C; level <= BN254_IFMA; level++) {
        const struct bn254_kernels *k = bn254_kernels_at((enum bn254_level)level);
        size_t bytes = k ? k->fr_rows->scratch_size(p) : 0;
        most = bytes > most ? bytes : most;
    }
    return (most + 63) & ~(size_t)63;
}

void fr_rows_prepare(const struct fr_rows *p, void *table)
{
    const struct bn254_kernels *k = bn254_kernels();

    *(enum bn254_level *)table = k->level;
    k->fr_rows->prepare(p, (char *)table + HEADER_BYTES);
}

bool fr_rows_run(const struct fr_rows *p, const void *table, const uint64_t inputs[], size_t n,
                 const struct fr_rows_out *out, void *scratch)
{
    const struct bn254_kernels *k = bn254_kernels_at(*(const enum bn254_level *)table);

    return k->fr_rows->run(p, (const char *)table + HEADER_BYTES, inputs, n, out, scratch);
}
