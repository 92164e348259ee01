/* wasi.h - WASI preview 1 for a task: arguments, environment, three streams, nothing else.
 *
 * All 46 functions of wasi_snapshot_preview1 exist, so what wasi-libc links loads.
 * Those that would touch files, sockets or signals answer EBADF, ENOTDIR,
 * ENOTSOCK or ENOSYS.  Nothing here reads the machine: time and randomness follow from the
 * seed, so a run can be repeated anywhere.
 *
 *   Clock    all clocks read one virtual time: 2020-01-01 plus up to 2^26 seconds drawn
 *            from the seed for the realtime clock, 1 second for the others.  Each reading
 *            advances it by WASI_CLOCK_STEP_NS, a poll_oneoff by the shortest
 *            timeout asked for; nobody waits.
 *   Random   xoshiro256** seeded by the task's seed, little-endian.
 *   Gas      beyond the call instruction's weight, ceil(bytes / 16) for the bytes moved between
 *            guest and host (docs/gas.md).
 *   Output   beyond output_bytes_max, both streams together, the guest traps.
 *
 * Guest pointers out of bounds give EFAULT.
 * Source: WebAssembly/WASI, legacy/preview1/docs.md. */
#ifndef WASM_WASI_H
#define WASM_WASI_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/rng.h"
#include "wasm/instance.h"

#define WASI_MODULE        "wasi_snapshot_preview1"
#define WASI_CLOCK_STEP_NS 1000u

/* The strings and the input must outlive the struct wasi. */
struct wasi_config {
    const char *const *args; /* argv, the program's name included */
    size_t n_args;
    const char *const *env; /* "NAME=value" */
    size_t n_env;
    const uint8_t *input;
    size_t input_bytes;
    uint64_t seed;
    uint64_t output_bytes_max; /* standard output and error together; 0: nothing may be written */
};

struct wasi {
    struct wasi_config config;
    size_t input_at; /* bytes of the input consumed */
    uint8_t closed;  /* bit per descriptor 0, 1, 2 */
    uint64_t clock_ns, epoch_ns;
    struct prng random;
    struct buf output, error_output; /* the caller may take them after the run */
};

/* VCP_ELIMIT when arguments or environment exceed WASI_STRINGS_MAX or WASI_STRINGS_BYTES_MAX. */
int wasi_init(struct wasi *w, const struct wasi_config *config, struct err *err);
void wasi_release(struct wasi *w);

/* What the realtime clock reads at the start, by seed. */
uint64_t wasi_epoch_ns(uint64_t seed);

/* Defines every function in s under WASI_MODULE; w must outlive s. */
int wasi_define(struct wasi *w, struct store *s, struct err *err);

#endif
