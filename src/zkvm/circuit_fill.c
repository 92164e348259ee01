/* circuit_fill.c - stage 2 of an instance, and its A z and B z; see circuit.h.
 *
 * Pieces of FR_ROWS_MAX rows run through their part's program.  The shares of S are linear,
 * so a part's are those of the sums of its wires over all rows.  A row of zeros has all
 * wires 0, so A z and B z of padding are the constants of each combination. */
#include <stdlib.h>
#include <string.h>

#include "zkvm/circuit_parts.h"

struct ready_part {
    struct fr_rows rows; /* with its constants */
    fr *constants;
    fr *padding; /* A of each constraint, then B */
    void *table;
};

struct circuit_ready {
    const struct circuit *circuit;
    fr challenges[BUS_CHALLENGES];
    struct ready_part *parts;
    size_t scratch_bytes, inputs_bytes; /* the most any part takes */
};

/* ---- making ready ---- */

static size_t align64(size_t n)
{
    return (n + 63) & ~(size_t)63;
}

/* Rows of tables are never padding: each has constants of its own. */
static void find_padding(struct ready_part *r)
{
    const struct fr_rows *p = &r->rows;
    const struct fr_rows_op *by_register = NULL;

    for (uint32_t i = 0; i < 2 * p->n_pairs; i++) {
        uint32_t reg = i < p->n_pairs ? p->a[i] : p->b[i - p->n_pairs];

        r->padding[i] = fr_zero;
        for (uint32_t k = 0; k < p->n_ops; k++) {
            by_register = &p->ops[k];
            if (by_register->out == reg && by_register->how == FR_ROWS_SUM)
                r->padding[i] = r->constants[by_register->constant];
        }
    }
}

static int ready_part(struct circuit_ready *r, uint32_t i, struct err *err)
{
    const struct circuit_rows *from = &r->circuit->parts[i];
    const struct fr_rows *p = &from->program.rows;
    struct ready_part *to = &r->parts[i];
    size_t scratch = fr_rows_scratch_size(p), inputs = FR_ROWS_MAX * p->n_inputs * sizeof(uint64_t);

    to->constants = calloc(p->n_constants + 2u * p->n_pairs + 1u, sizeof *to->constants);
    to->table = aligned_alloc(64, align64(fr_rows_table_size(p)));
    if (!to->constants || !to->table)
        return err_set(err, VCP_ENOMEM, "no memory for the constants of a circuit");
    to->padding = to->constants + p->n_constants;
    circuit_program_constants(to->constants, &from->program, r->challenges);
    to->rows = *p;
    to->rows.constants = to->constants;
    fr_rows_prepare(&to->rows, to->table);
    find_padding(to);
    if (scratch > r->scratch_bytes)
        r->scratch_bytes = scratch;
    if (inputs > r->inputs_bytes)
        r->inputs_bytes = align64(inputs);
    return VCP_OK;
}

int circuit_ready_new(struct circuit_ready **out, const struct circuit *c,
                      const fr challenges[BUS_CHALLENGES], struct err *err)
{
    struct circuit_ready *r = calloc(1, sizeof *r);
    int rc = VCP_OK;

    if (!r || !(r->parts = calloc(c->n_parts + 1u, sizeof *r->parts))) {
        free(r);
        return err_set(err, VCP_ENOMEM, "no memory for the constants of a circuit");
    }
    r->circuit = c;
    memcpy(r->challenges, challenges, sizeof r->challenges);
    for (uint32_t i = 0; i < c->n_parts && rc == VCP_OK; i++)
        rc = ready_part(r, i, err);
    if (rc < 0)
        circuit_ready_free(r);
    else
        *out = r;
    return rc;
}

void circuit_ready_free(struct circuit_ready *r)
{
    if (!r)
        return;
    for (uint32_t i = 0; i < r->circuit->n_parts; i++) {
        free(r->parts[i].constants);
        free(r->parts[i].table);
    }
    free(r->parts);
    free(r);
}

/* ---- filling ---- */

struct shares {
    fr count, classes[BUS_CLASSES];
};

struct fill {
    const struct circuit_ready *r;
    fr_bits *z;
    fr *a, *b;
    const uint32_t *live;
    uint32_t *first_piece; /* of each part, and the end */
    struct shares *shares; /* one a piece */
    int *rc;               /* one a piece */
};

/* What one piece works with. */
struct piece {
    const struct circuit_rows *p;
    const struct ready_part *ready;
    uint32_t first, n;
    uint64_t *inputs;
    fr *sums; /* of all wires over the rows; then of the row constants */
    void *scratch;
};

static void load_rows(struct piece *k, const fr_bits z[])
{
    uint32_t n1 = k->p->chip->n_stage1, width = k->ready->rows.n_inputs;
    const fr_bits *from = z + circuit_wire(k->p, k->first, 0);

    for (uint32_t row = 0; row < k->n; row++, from += n1) {
        uint64_t *to = k->inputs + (size_t)row * width;

        for (uint32_t i = 0; i < n1; i++)
            to[i] = from[i].l[0];
        if (width > n1)
            circuit_row_constants(to + n1, k->p, k->first + row);
    }
}

/* Sums of the inputs that shares name. */
static void sum_inputs(struct piece *k, const struct lc *x)
{
    uint32_t n1 = k->p->chip->n_stage1, width = k->ready->rows.n_inputs;

    for (uint32_t i = 0; i < x->n; i++) {
        int32_t wire = x->terms[i].wire;
        unsigned __int128 sum = 0;
        fr high, shift;

        if (wire >= (int32_t)n1 || wire < 0)
            continue;
        for (uint32_t row = 0; row < k->n; row++)
            sum += k->inputs[(size_t)row * width + (uint32_t)wire];
        fr_from_u64(&k->sums[wire], (uint64_t)sum);
        fr_from_u64(&high, (uint64_t)(sum >> 64));
        bus_pow2(&shift, 64);
        fr_mul(&high, &high, &shift);
        fr_add(&k->sums[wire], &k->sums[wire], &high);
    }
}

/* Shares have terms in wires alone: a chip whose rows of zeros shared would be refused. */
static void share(fr *out, struct piece *k, const struct lc *x)
{
    sum_inputs(k, x);
    lc_field(out, x, k->sums, NULL, NULL);
}

static int run_rows(const struct fill *f, struct piece *k, struct shares *shares)
{
    const struct chip *chip = k->p->chip;
    size_t first_row = k->p->first_row + (size_t)k->first * chip->n_constraints;
    struct fr_rows_out out = {f->a + first_row, f->b + first_row,
                              f->z + circuit_wire(k->p, k->first, chip->n_stage1),
                              k->sums + chip->n_stage1};

    load_rows(k, f->z);
    memset(k->sums, 0, chip->n_wires * sizeof *k->sums);
    if (!fr_rows_run(&k->ready->rows, k->ready->table, k->inputs, k->n, &out, k->scratch))
        return VCP_EVERIFY;
    share(&shares->count, k, &chip->count_share);
    for (unsigned cls = 0; cls < BUS_CLASSES; cls++)
        share(&shares->classes[cls], k, &chip->class_share[cls]);
    return VCP_OK;
}

static void pad_rows(const struct fill *f, const struct piece *k, uint32_t first, uint32_t n)
{
    uint32_t width = k->p->chip->n_constraints;
    size_t at = k->p->first_row + (size_t)first * width;

    for (uint32_t row = 0; row < n; row++, at += width) {
        memcpy(f->a + at, k->ready->padding, width * sizeof *f->a);
        memcpy(f->b + at, k->ready->padding + width, width * sizeof *f->b);
    }
}

static void fill_piece(void *arg, size_t piece)
{
    const struct fill *f = arg;
    struct piece k;
    uint32_t part = 0, live, n;
    size_t sums_bytes;
    char *memory;

    while (piece >= f->first_piece[part + 1])
        part++;
    k.p = &f->r->circuit->parts[part];
    k.ready = &f->r->parts[part];
    k.first = ((uint32_t)piece - f->first_piece[part]) * FR_ROWS_MAX;
    n = k.p->rows - k.first < FR_ROWS_MAX ? k.p->rows - k.first : FR_ROWS_MAX;
    live = f->live && !k.p->chip->constants ? f->live[part] : k.p->rows;
    k.n = live <= k.first ? 0 : live - k.first < n ? live - k.first : n;
    pad_rows(f, &k, k.first + k.n, n - k.n);
    if (k.n == 0)
        return;
    sums_bytes = align64(k.p->chip->n_wires * sizeof *k.sums);
    memory = aligned_alloc(64, f->r->scratch_bytes + f->r->inputs_bytes + sums_bytes);
    if (!memory) {
        f->rc[piece] = VCP_ENOMEM;
        return;
    }
    k.scratch = memory;
    k.inputs = (uint64_t *)(void *)(memory + f->r->scratch_bytes);
    k.sums = (fr *)(void *)(memory + f->r->scratch_bytes + f->r->inputs_bytes);
    f->rc[piece] = run_rows(f, &k, &f->shares[piece]);
    free(memory);
}

static int check_pieces(const struct fill *f, uint32_t n, struct err *err)
{
    for (uint32_t i = 0; i < n; i++) {
        if (f->rc[i] == VCP_ENOMEM)
            return err_set(err, VCP_ENOMEM, "no memory to fill rows of an instance");
        if (f->rc[i] < 0)
            return err_set(err, VCP_EVERIFY, "a row's key meets a challenge, or breaks its chip");
    }
    return VCP_OK;
}

/* The rows behind those of chips: class sums, S, one for each public wire, zeros. */
static void put_sums(const struct fill *f, uint32_t n)
{
    const struct circuit *c = f->r->circuit;
    struct shares all = {fr_zero, {{{0}}}};
    size_t row = c->n_rows - (c->n_sums + 1 + 1 + CIRCUIT_PUBLIC);
    size_t domain = (size_t)1 << c->log_domain;
    fr weighted;

    for (uint32_t i = 0; i < n; i++) {
        fr_add(&all.count, &all.count, &f->shares[i].count);
        for (unsigned k = 0; k < BUS_CLASSES; k++)
            fr_add(&all.classes[k], &all.classes[k], &f->shares[i].classes[k]);
    }
    for (uint32_t i = 0; i < c->n_sums; i++, row++) {
        f->a[row] = all.classes[c->sums[i]];
        f->b[row] = f->r->challenges[BUS_WEIGHT(c->sums[i])];
        fr_mul(&weighted, &f->a[row], &f->b[row]);
        fr_add(&all.count, &all.count, &weighted);
        fr_to_bits(&f->z[c->first_sum + i], &weighted);
    }
    f->a[row] = all.count;
    f->b[row++] = fr_one;
    fr_to_bits(&f->z[CIRCUIT_PUBLIC], &all.count);
    memset(f->a + row, 0, (domain - row) * sizeof *f->a);
    memset(f->b + row, 0, (domain - row) * sizeof *f->b);
    fr_from_bits_n(f->a + row, f->z, 1 + CIRCUIT_PUBLIC);
}

static int fill_all(struct fill *f, struct threads *threads, struct err *err)
{
    const struct circuit *c = f->r->circuit;
    uint32_t n = 0;
    int rc;

    for (uint32_t i = 0; i < c->n_parts; i++) {
        f->first_piece[i] = n;
        n += (c->parts[i].rows + FR_ROWS_MAX - 1) / FR_ROWS_MAX;
    }
    f->first_piece[c->n_parts] = n;
    f->shares = calloc((size_t)n + 1, sizeof *f->shares);
    f->rc = calloc((size_t)n + 1, sizeof *f->rc);
    if (!f->shares || !f->rc)
        return err_set(err, VCP_ENOMEM, "no memory for the sums of an instance");
    threads_run(threads, n, fill_piece, f);
    rc = check_pieces(f, n, err);
    if (rc == VCP_OK)
        put_sums(f, n);
    return rc;
}

int circuit_fill(const struct circuit_ready *r, fr_bits z[], fr a[], fr b[], const uint32_t live[],
                 struct threads *threads, struct err *err)
{
    struct fill f = {.r = r, .z = z, .a = a, .b = b, .live = live};
    int rc;

    fr_to_bits_n(z + 1, r->challenges, BUS_CHALLENGES);
    f.first_piece = malloc(((size_t)r->circuit->n_parts + 1) * sizeof *f.first_piece);
    rc = f.first_piece ? fill_all(&f, threads, err)
                       : err_set(err, VCP_ENOMEM, "no memory for the parts of an instance");
    free(f.first_piece);
    free(f.shares);
    free(f.rc);
    return rc;
}
