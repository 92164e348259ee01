/* cmd_run_mock.c - `ambient run --mock-prove`: every constraint and every balance of a run's
 * proof, checked without keys and proofs, and what it would cost. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/receipts.h"
#include "zkvm/mock.h"

struct chip_use {
    const struct chip *chip;
    uint64_t rows, constraints;
};

struct mocking {
    struct execution *execution;
    struct mock *mock;
    struct trace_sink forward;
    struct trace_end end;
    struct chip_use uses[CATALOG_CHIPS];
    uint64_t constraints;
    int64_t mock_ns;
};

static int count_row(void *arg, uint32_t number, const struct chip *chip, uint32_t index,
                     const uint64_t *wires, struct err *err)
{
    struct mocking *m = arg;
    struct chip_use *u = &m->uses[number];

    u->chip = chip;
    u->rows++;
    return m->forward.row(m->forward.arg, number, chip, index, wires, err);
}

static int by_cost(const void *a, const void *b)
{
    const struct chip_use *x = a, *y = b;

    return x->constraints == y->constraints ? 0 : x->constraints < y->constraints ? 1 : -1;
}

/* Tables stand in a proof whole, whoever looks anything up. */
static void add_up(struct mocking *m)
{
    for (uint32_t i = 0; i < CATALOG_CHIPS; i++) {
        struct chip_use *u = &m->uses[i];

        if (!u->chip)
            continue;
        if (u->chip->table_rows)
            u->rows = u->chip->table_rows;
        u->constraints = u->rows * u->chip->n_constraints;
        m->constraints += u->constraints;
    }
    qsort(m->uses, CATALOG_CHIPS, sizeof *m->uses, by_cost);
}

static int check(struct mocking *m, struct err *err)
{
    struct execution *e = m->execution;
    struct terms_source terms = program_terms(e->program);
    struct trace_sink sink = {count_row, m};
    int rc = trace_run(&m->end, e->program, e->chips, e->statement.gas_max, STATEMENT_CLOCK_MAX - 2,
                       &sink, err);

    if (rc == VCP_OK)
        rc = execution_check_end(e, &m->end, err);
    if (rc == VCP_OK)
        rc = mock_terms(m->mock, &terms, &e->statement, &m->end.lists, err);
    return rc == VCP_OK ? mock_check(m->mock, NULL, err) : rc;
}

static double per_gas(const struct mocking *m)
{
    uint64_t gas = m->execution->statement.gas_used;

    return gas ? (double)m->constraints / (double)gas : 0;
}

static int print_json(struct cli *cli, const struct mocking *m)
{
    json_t *chips = json_array();

    for (uint32_t i = 0; i < CATALOG_CHIPS && m->uses[i].chip; i++)
        json_array_append_new(chips,
                              json_pack("{s:s, s:I, s:I, s:I}", "chip", m->uses[i].chip->name,
                                        "rows", (json_int_t)m->uses[i].rows, "constraints_each",
                                        (json_int_t)m->uses[i].chip->n_constraints, "constraints",
                                        (json_int_t)m->uses[i].constraints));
    return cli_print_json(
        cli, json_pack("{s:b, s:o, s:I, s:I, s:I, s:f, s:f, s:f, s:o}", "holds", 1, "statement",
                       receipts_statement_json(&m->execution->statement), "rows",
                       (json_int_t)m->end.n_rows, "other_rows", (json_int_t)m->end.n_other,
                       "constraints", (json_int_t)m->constraints, "constraints_per_gas", per_gas(m),
                       "run_ms", (double)m->execution->run_ns / 1e6, "mock_ms",
                       (double)m->mock_ns / 1e6, "chips", chips));
}

static void tell(struct cli *cli, const struct mocking *m)
{
    receipts_tell_statement(cli->out, &m->execution->statement, &m->execution->streams,
                            m->execution->code->module);
    fprintf(cli->out, "%-28s %12s %6s %14s %6s\n", "chip", "rows", "each", "constraints", "share");
    for (uint32_t i = 0; i < CATALOG_CHIPS && m->uses[i].chip; i++)
        fprintf(cli->out, "%-28s %12" PRIu64 " %6u %14" PRIu64 " %5.1f%%\n", m->uses[i].chip->name,
                m->uses[i].rows, m->uses[i].chip->n_constraints, m->uses[i].constraints,
                100.0 * (double)m->uses[i].constraints / (double)m->constraints);
    cli_say(cli,
            "all constraints hold and all tuples balance: %" PRIu64 " rows and %" PRIu64
            " of cells, code and tables, %" PRIu64 " constraints, %.1f a unit of gas; %.1f s",
            m->end.n_rows, m->end.n_other, m->constraints, per_gas(m), (double)m->mock_ns / 1e9);
}

int receipts_mock(struct cli *cli, const struct args *args, const struct execution_request *req)
{
    struct mocking *m = calloc(1, sizeof *m);
    struct err err = {0};
    int64_t start = clock_mono_ns();
    int rc;

    if (!m || !(m->mock = mock_new())) {
        free(m);
        err_set(&err, VCP_ENOMEM, "no memory for the mock prover");
        return cli_fail(cli, &err);
    }
    m->forward = mock_sink(m->mock);
    rc = execution_new(&m->execution, req, &err);
    if (rc == VCP_OK)
        rc = check(m, &err);
    m->mock_ns = clock_mono_ns() - start;
    add_up(m);
    if (rc < 0)
        rc = receipts_fail(cli, &err);
    else if (args_flag(args, "json"))
        rc = print_json(cli, m);
    else
        tell(cli, m);
    mock_free(m->mock);
    execution_free(m->execution);
    free(m);
    return rc;
}
