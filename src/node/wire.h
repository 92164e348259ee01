/* wire.h - the bytes between the agent and a worker process.
 *
 * A stream of frames: u32 magic, u32 kind, u64 length, then length bytes; all
 * integers little-endian.  To the worker go JOB, MODULE, INPUT; back come READY
 * (when the process stands in its cage), then REPORT, OUTPUT, ERROR.  To one that
 * proves go PROVE, MODULE, INPUT; back come READY, any number of PROGRESS, then PROOF, and
 * RECEIPT when there is one.  The worker runs code we
 * do not trust, so the agent reads its frames as hostile bytes: every length has
 * a ceiling known beforehand and every field is checked. */
#ifndef NODE_WIRE_H
#define NODE_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "mesh/outcome.h"
#include "wasm/limits.h"
#include "wasm/run.h"

#define WIRE_HEADER_BYTES 16
#define WIRE_MAGIC        0x31574341u /* "ACW1" */

enum wire_kind {
    WIRE_READY = 1,
    WIRE_JOB,
    WIRE_MODULE,
    WIRE_INPUT,
    WIRE_REPORT,
    WIRE_OUTPUT,
    WIRE_ERROR,
    WIRE_PROVE,
    WIRE_PROGRESS,
    WIRE_PROOF,
    WIRE_RECEIPT,
};

struct wire_header {
    uint32_t kind;
    uint64_t length;
};

void wire_header_encode(uint8_t out[WIRE_HEADER_BYTES], const struct wire_header *h);
/* The kind must be want and the length at most length_max. */
int wire_header_decode(struct wire_header *out, const uint8_t in[WIRE_HEADER_BYTES],
                       enum wire_kind want, uint64_t length_max, struct err *err);

/* Everything of a request but the bytes of module and input, whose lengths it has. */
void wire_job_encode(struct buf *out, const struct run_request *job);
/* Strings live in the arena; module and input are NULL with their lengths set. */
int wire_job_decode(struct run_request *out, struct arena *a, const uint8_t *p, size_t n,
                    struct err *err);

/* How a run ended.  With refused set nothing ran and message says why: the module,
 * entry or arguments are bad. */
struct wire_report {
    bool refused;
    enum run_status status;
    int32_t exit_code;
    char trap[OUTCOME_TRAP_BYTES];     /* "" unless status is RUN_TRAP */
    char values[OUTCOME_VALUES_BYTES]; /* "i32:7 i64:-1" */
    char message[512];                 /* one sentence, or "" */
    uint64_t gas_used;
    uint64_t memory_bytes_peak;  /* linear memory */
    uint64_t process_bytes_peak; /* resident set of the worker, as it says itself */
    int64_t load_ns, run_ns;
    uint64_t output_bytes, error_bytes; /* what follows */
};

/* READY: which walls stand (enum jail_wall), or in message why one could not be built. */
struct wire_ready {
    uint32_t walls;
    char message[256];
};

void wire_ready_encode(struct buf *out, const struct wire_ready *r);
int wire_ready_decode(struct wire_ready *out, const uint8_t *p, size_t n, struct err *err);

void wire_report_encode(struct buf *out, const struct wire_report *r);
/* output_bytes_max bounds what is written to both outputs together; the results of a function
 * come on top. */
int wire_report_decode(struct wire_report *out, const uint8_t *p, size_t n,
                       uint64_t output_bytes_max, struct err *err);

/* A run to be proven; of run, module and input have their lengths only. */
struct wire_prove {
    struct run_request run;
    uint8_t context[32];
    uint64_t memory_bytes_max; /* for proving, beyond the run's own */
    uint32_t threads, timeout_ms;
};

void wire_prove_encode(struct buf *out, const struct wire_prove *p);
int wire_prove_decode(struct wire_prove *out, struct arena *a, const uint8_t *p, size_t n,
                      struct err *err);

struct wire_progress {
    char stage[32];
    uint32_t permille;
};

void wire_progress_encode(struct buf *out, const struct wire_progress *p);
int wire_progress_decode(struct wire_progress *out, const uint8_t *p, size_t n, struct err *err);

enum wire_proof_status {
    PROOF_MADE,
    PROOF_UNSUPPORTED, /* something in this run cannot be proven */
    PROOF_TOO_LARGE,   /* beyond this node's ceiling of memory */
    PROOF_FAILED,
};

struct wire_proof {
    enum wire_proof_status status;
    char message[512]; /* one sentence unless it was made */
    uint32_t n_proofs;
    uint64_t n_rows, process_bytes_peak, receipt_bytes;
    int64_t open_ns, run_ns, trace_ns, prove_ns;
};

void wire_proof_encode(struct buf *out, const struct wire_proof *p);
int wire_proof_decode(struct wire_proof *out, const uint8_t *p, size_t n, struct err *err);

/* Fills a report from a finished run, the texts of its values included. */
void wire_report_of(struct wire_report *out, const struct run_result *r);

#endif
