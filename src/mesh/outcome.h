/* outcome.h - what a run of a module came to, in the form that is compared, signed and paid.
 *
 * Two honest nodes produce equal outcomes for one task: everything here is
 * determined by module, inputs, limits and seed.  Wall time, memory peaks and
 * node failures (timeout, lost worker) are not outcomes and stand elsewhere. */
#ifndef MESH_OUTCOME_H
#define MESH_OUTCOME_H

#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/json.h"

#define OUTCOME_TRAP_BYTES   64  /* name of the trap, as the WebAssembly suite spells it */
#define OUTCOME_VALUES_BYTES 512 /* "i32:7 i64:-1", results of an exported function */

enum outcome_status {
    OUTCOME_OK,         /* an exported function returned, or a command ended with code 0 */
    OUTCOME_EXIT,       /* proc_exit with a code other than 0 */
    OUTCOME_TRAP,       /* the module trapped: trap[] says why */
    OUTCOME_OUT_OF_GAS, /* the gas limit was reached */
};

struct outcome {
    enum outcome_status status;
    int32_t exit_code;
    char trap[OUTCOME_TRAP_BYTES]; /* "" unless status is OUTCOME_TRAP */
    char values[OUTCOME_VALUES_BYTES];
    uint64_t gas_used;
    uint64_t output_bytes, error_bytes; /* standard output and standard error */
    uint8_t output_sha3[SHA3_256_BYTES], error_sha3[SHA3_256_BYTES];
};

/* "ok", "exit", "trap", "out_of_gas". */
const char *outcome_status_name(enum outcome_status s);

/* SHA3-256 over "ambient-outcome-v1" and every field, integers little-endian,
 * strings length-prefixed: equal digests mean equal outcomes. */
void outcome_digest(uint8_t out[SHA3_256_BYTES], const struct outcome *o);

/* The caller decrefs; NULL when out of memory. */
json_t *outcome_to_json(const struct outcome *o);
int outcome_from_json(struct outcome *out, json_t *j, struct err *err);

#endif
