/* trace.h - running a program row by row: the stage-1 wires of every row of every chip.
 *
 * The chips themselves say how each wire follows from the state and the cells, so the
 * trace is their execution; what it does is checked against the engine's own run.  Rows
 * come in the order of time, then cells' beginnings and ends, then the program and the
 * tables with their counts. */
#ifndef ZKVM_TRACE_H
#define ZKVM_TRACE_H

#include "zkvm/catalog.h"
#include "zkvm/program.h"

struct trace_sink {
    /* A row of chip `number`; wires are chip->n_stage1 values, valid during the call.
     * index: of the row within a table, else 0.  < 0 stops. */
    int (*row)(void *arg, uint32_t number, const struct chip *chip, uint32_t index,
               const uint64_t *wires, struct err *err);
    void *arg;
};

struct trace_end {
    enum run_status status;
    enum trap trap;
    int32_t exit_code;
    uint64_t gas; /* of all rows */
    struct statement_lists lists;
    uint64_t n_rows;  /* instructions */
    uint64_t n_other; /* touches, cells, code and table rows */
};

/* VCP_EUNSUPPORTED when the run reaches an instruction without a chip, VCP_ELIMIT after
 * rows_max rows.  gas_max as in the statement. */
int trace_run(struct trace_end *out, struct program *p, struct catalog *chips, uint64_t gas_max,
              uint64_t rows_max, const struct trace_sink *sink, struct err *err);

/* One row out of nowhere, for tests of chips: inputs (instructions) or params (others) as
 * given, cells as `value` says, last touched just before.  The row need not be valid. */
struct trace_sample {
    uint64_t inputs[ROW_INPUTS];
    uint64_t params[16];
    uint64_t (*value)(void *arg, uint64_t address, const struct chip *c,
                      const struct chip_access *a);
    void *arg;
    /* A wire with another value than its recipe's; what is computed from it follows. */
    bool is_forced;
    uint32_t forced_wire;
    uint64_t forced_value;
};
void trace_sample_row(uint64_t wires[], const struct chip *c, const struct trace_sample *s);

#endif
