/* witness.h - circom's generated witness calculator (circuit.wasm) on our own engine.
 *
 * circuit.wasm + input.json gives z, ready for groth16_prove, with no JavaScript.  The
 * module is untrusted: it runs under the given limits, deterministically, and what it
 * writes is checked (below r, z[0] = 1).  Modules of circom 2.0 and later. */
#ifndef CIRCOM_WITNESS_H
#define CIRCOM_WITNESS_H

#include "base/err.h"
#include "bn254/fr.h"
#include "circom/inputs.h"
#include "wasm/limits.h"

struct circom_witness {
    fr_bits *z; /* malloc'd */
    uint32_t n_wires;
    uint64_t gas_used;
};

/* Limits that fit circuits of millions of wires: the "relaxed" preset with more
 * memory and no timeout. */
void circom_limits(struct run_limits *out);

/* VCP_EINVAL: the inputs are not the circuit's, or break an assertion of it (the
 * sentence has circom's own message); VCP_EFORMAT: no circom module; VCP_ELIMIT,
 * VCP_ETIMEOUT, VCP_ECANCELLED: stopped.  control may be NULL. */
int circom_witness(struct circom_witness *out, const void *module, size_t module_bytes,
                   const struct circom_inputs *inputs, const struct run_limits *limits,
                   struct run_control *control, struct err *err);
void circom_witness_release(struct circom_witness *w);

#endif
