/* float_costs.h - what each float instruction costs in a proof, printed as a table. */
#ifndef BENCH_FLOAT_COSTS_H
#define BENCH_FLOAT_COSTS_H

#include "base/err.h"

int print_float_costs(struct err *err);

#endif
