/* fr_rows.h - one straight-line program over Fr, run for many rows at once.
 *
 * A row has registers, each one field element.  The first n_inputs are 64-bit integers that
 * the caller gives; the others are computed by operations in order:
 *
 *     SUM   out = constant + sum of coefficient * register
 *     MUL   out = a * b
 *     DIV   out = a / divisor, 0 when the divisor is 0
 *
 * The first n_divisors operations are sums of inputs; their results are the divisors, so
 * that those of all rows share one inversion.  What a row gives: n_pairs registers into a[] and
 * into b[], in Montgomery form, and n_z into z[], plain.  The sums over all rows of the z registers
 * are added up on the way.
 *
 * Time depends on the values in no way that matters but for a division by zero. */
#ifndef BN254_FR_ROWS_H
#define BN254_FR_ROWS_H

#include "bn254/fr.h"

enum fr_rows_how { FR_ROWS_SUM, FR_ROWS_MUL, FR_ROWS_DIV };

struct fr_rows_term {
    uint32_t reg, coef; /* coef: into coefs[], of which 0 is 1 and 1 is -1 */
};

struct fr_rows_op {
    uint8_t how; /* enum fr_rows_how */
    uint32_t out;
    uint32_t a, b;     /* SUM: first term, number of terms; MUL: factors; DIV: a, operation of the
                          divisor */
    uint32_t constant; /* SUM: into constants[] */
};

struct fr_rows {
    uint32_t n_inputs, n_registers;
    const struct fr_rows_op *ops;
    uint32_t n_ops, n_divisors;
    const struct fr_rows_term *terms;
    uint32_t n_terms;
    const fr *coefs, *constants;
    uint32_t n_coefs, n_constants;
    const uint32_t *a, *b, *z; /* registers, as are the factors of products: no inputs */
    uint32_t n_pairs, n_z;
};

enum { FR_ROWS_MAX = 128 }; /* rows of one run */

/* Row i of each: row-major. */
struct fr_rows_out {
    fr *a, *b;  /* n_pairs a row */
    fr_bits *z; /* n_z a row */
    fr *z_sums; /* n_z, Montgomery form: added to */
};

/* The program's constants in the form of the CPU level in force; table: as many bytes as
 * told, aligned to 64. */
size_t fr_rows_table_size(const struct fr_rows *p);
void fr_rows_prepare(const struct fr_rows *p, void *table);
/* For any level. */
size_t fr_rows_scratch_size(const struct fr_rows *p);
/* n rows, at most FR_ROWS_MAX, with n_inputs integers each.  False when something other than 0
 * is divided by 0; the results are then of no use. */
bool fr_rows_run(const struct fr_rows *p, const void *table, const uint64_t inputs[], size_t n,
                 const struct fr_rows_out *out, void *scratch);

struct fr_rows_kernel {
    size_t (*table_size)(const struct fr_rows *p);
    void (*prepare)(const struct fr_rows *p, void *table);
    size_t (*scratch_size)(const struct fr_rows *p);
    bool (*run)(const struct fr_rows *p, const void *table, const uint64_t inputs[], size_t n,
                const struct fr_rows_out *out, void *scratch);
};

#endif
