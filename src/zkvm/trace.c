/* The machine: state, cells with their times, rows. */
#include "zkvm/trace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "wasm/trap.h"
#include "zkvm/translate.h"

#define PAGE_CELLS (65536u / 4)
#define NEAR_MAX   65536u /* an age one limb holds */

struct cell {
    uint64_t value;
    uint64_t time; /* plus one; 0: nobody came here yet */
};

struct table_cells { /* of a table: its size, then the entries somebody came to */
    struct cell *cells;
    uint64_t n;
};

struct birth { /* cells [first, end) of linear memory, by a row that grows it */
    uint64_t first, end, time;
};

struct machine {
    struct program *p;
    struct catalog *chips;
    const struct trace_sink *sink;
    struct err *err;
    struct trace_end *end;
    uint64_t inputs[ROW_INPUTS];
    struct cell *frame, *globals, *functions, specials[SPECIAL_CELLS], *segments, *tapes[TAPES];
    struct cell *world[WORLD_TAPES]; /* as far as anybody came */
    struct cell **pages;             /* of linear memory, by 64 KiB */
    uint64_t *page_births;           /* when their cells begin */
    struct birth *births;
    uint32_t n_births;
    struct table_cells *tables;
    uint64_t frame_cells, frame_top;
    uint32_t n_pages, n_world[WORLD_TAPES], world_cap[WORLD_TAPES];
    uint64_t *code_counts, *range16, *range8, *and8, pow32[32], pow64[64], pop8[256];
    uint64_t wires[BUILD_WIRES_MAX];
    const struct trace_sample *sample; /* instead of cells */
    uint64_t gas_max;
    int rc;
};

static int fail(struct machine *m, int rc)
{
    if (m->rc >= 0)
        m->rc = rc;
    return rc;
}

/* ---- cells ------------------------------------------------------------------- */

static struct cell *linear_cell(struct machine *m, uint64_t at)
{
    uint64_t page = at / PAGE_CELLS;
    struct cell *cells;

    if (page >= m->n_pages)
        return NULL;
    cells = m->pages[page];
    if (!cells) {
        cells = m->pages[page] = calloc(PAGE_CELLS, sizeof *cells);
        if (!cells)
            return NULL;
    }
    return &cells[at % PAGE_CELLS];
}

/* The cells up to this one are read, or at least sunk, in the end. */
static struct cell *world_cell(struct machine *m, uint32_t index)
{
    uint32_t t = index >> WORLD_TAPE_BITS, i = index & ((1u << WORLD_TAPE_BITS) - 1), word;
    struct cell *grown;

    if (!m->p->uses_world || !world_word(&word, &m->p->world, index))
        return NULL;
    if (i >= m->world_cap[t]) {
        uint32_t cap = i + i / 2 + 64;

        if (!(grown = realloc(m->world[t], cap * sizeof *grown)))
            return NULL;
        m->world[t] = grown;
        m->world_cap[t] = cap;
    }
    for (uint32_t *n = &m->n_world[t]; *n <= i; ++*n) {
        world_word(&word, &m->p->world, (t << WORLD_TAPE_BITS) + *n);
        m->world[t][*n] = (struct cell){word, 0};
    }
    return &m->world[t][i];
}

static struct cell *special_cell(struct machine *m, uint64_t at)
{
    uint64_t segment = at - CELL_DATA(0);

    if (at < SPECIAL_CELLS)
        return &m->specials[at];
    return at >= CELL_DATA(0) && segment < m->p->n_segments ? &m->segments[segment] : NULL;
}

static struct cell *tape_cell(struct machine *m, uint64_t at)
{
    uint64_t t = at >> BUS_TAPE_BITS, i = (uint32_t)at;

    if (t == TAPE_WORLD)
        return world_cell(m, (uint32_t)i);
    return t < TAPES && i < m->p->tapes[t].n ? &m->tapes[t][i] : NULL;
}

static bool more_table_cells(struct table_cells *t, const struct program_table *p, uint64_t at)
{
    uint64_t n = t->n ? 2 * t->n : TABLE_PAGE, end = (uint64_t)p->size_max + 1;
    struct cell *cells;

    while (n <= at)
        n *= 2;
    if (n > end)
        n = end;
    cells = realloc(t->cells, n * sizeof *cells);
    if (!cells)
        return false;
    memset(cells + t->n, 0, (n - t->n) * sizeof *cells);
    t->cells = cells;
    t->n = n;
    return true;
}

static struct cell *table_cell(struct machine *m, uint64_t at)
{
    const struct program_table *p = tables_at(m->p, at);
    struct table_cells *t;

    if (!p)
        return NULL;
    t = &m->tables[p - m->p->tables.all];
    at -= (uint64_t)p->number << TABLE_SHIFT;
    if (at > p->size_max || (at >= t->n && !more_table_cells(t, p, at)))
        return NULL;
    return &t->cells[at];
}

static struct cell *function_cell(struct machine *m, uint64_t at)
{
    uint32_t n = m->p->code->module->n_funcs;
    uint64_t ref = at & UINT32_MAX;

    if (ref == 0 || ref > n || !m->p->tables.has_fact[ref - 1] ||
        tables_fact_address(m->p, (uint32_t)ref - 1) != BUS_ADDRESS(SPACE_FUNCTION, at))
        return NULL;
    return &m->functions[ref];
}

static struct cell *cell_at(struct machine *m, uint64_t address)
{
    uint64_t at = address & (((uint64_t)1 << BUS_SPACE_BITS) - 1);

    switch (address >> BUS_SPACE_BITS) {
    case SPACE_FRAME:
        if (at >= m->frame_cells)
            return NULL;
        if (at >= m->frame_top)
            m->frame_top = at + 1;
        return &m->frame[at];
    case SPACE_LINEAR: return linear_cell(m, at);
    case SPACE_GLOBAL: return at < m->p->code->module->n_globals ? &m->globals[at] : NULL;
    case SPACE_TABLE: return table_cell(m, at);
    case SPACE_FUNCTION: return function_cell(m, at);
    case SPACE_SPECIAL: return special_cell(m, at);
    case SPACE_TAPE: return tape_cell(m, at);
    default: return NULL;
    }
}

/* ---- rows ------------------------------------------------------------------------ */

static int emit(struct machine *m, uint32_t number, const struct chip *chip, uint32_t index)
{
    int rc = m->sink ? m->sink->row(m->sink->arg, number, chip, index, m->wires, m->err) : VCP_OK;

    return rc < 0 ? fail(m, rc) : VCP_OK;
}

static void count_one(struct machine *m, uint64_t *table, uint64_t n, wide i, const struct chip *c)
{
    if (i >= 0 && (uint64_t)i < n)
        table[i]++;
    else
        fail(m, err_set(m->err, VCP_ESTATE, "chip %s looks up a value outside its table at pc %u",
                        c->name, (unsigned)m->inputs[ROW_PC]));
}

static void count_tuple(struct machine *m, const struct chip *c, const struct chip_tuple *t)
{
    wide x = t->comps[0].terms ? lc_integer(&t->comps[0], m->wires, m->inputs) : 0, y;

    switch (t->kind) {
    case BUS_RANGE16: count_one(m, m->range16, 65536, x, c); break;
    case BUS_RANGE8: count_one(m, m->range8, 256, x, c); break;
    case BUS_POW32: count_one(m, m->pow32, 32, x, c); break;
    case BUS_POW64: count_one(m, m->pow64, 64, x, c); break;
    case BUS_POP8: count_one(m, m->pop8, 256, x, c); break;
    case BUS_AND8:
        y = lc_integer(&t->comps[1], m->wires, m->inputs);
        count_one(m, m->and8, 65536, x < 0 || x > 255 ? -1 : x << 8 | y, c);
        break;
    default: break;
    }
}

static void count_lookups(struct machine *m, const struct chip *c)
{
    for (uint32_t i = 0; i < c->n_tuples; i++)
        if (c->tuples[i].sign < 0)
            count_tuple(m, c, &c->tuples[i]);
}

/* A row that is no instruction, from its parameters. */
static int other(struct machine *m, enum chip_other which, uint32_t index, const uint64_t params[])
{
    uint64_t saved[BUILD_WIRES_MAX];
    const struct chip *c;
    int rc = catalog_get(&c, m->chips, CATALOG_OTHER(which), m->err);

    if (rc < 0)
        return fail(m, rc);
    memcpy(saved, m->wires, sizeof saved);
    m->end->n_other++;
    for (uint32_t i = 0; i < c->n_stage1; i++) {
        const struct chip_wire *w = &c->wires[i];

        if (w->op == RECIPE_PARAM)
            m->wires[i] = params[w->i];
        else if (w->op == RECIPE_INPUT)
            m->wires[i] = 1; /* on */
        else
            m->wires[i] = (uint64_t)(lc_integer(&w->x, m->wires, m->inputs) >> w->shift) &
                          ((1u << w->bits) - 1);
    }
    if (!c->constants)
        count_lookups(m, c);
    rc = emit(m, CATALOG_OTHER(which), c, index);
    memcpy(m->wires, saved, sizeof saved);
    return rc;
}

/* When the cell was last touched, or began. */
static uint64_t last_time(const struct machine *m, uint64_t address, const struct cell *c)
{
    uint64_t at = address - BUS_ADDRESS(SPACE_LINEAR, 0);

    if (c->time)
        return c->time - 1;
    return address >> BUS_SPACE_BITS == SPACE_LINEAR ? m->page_births[at / PAGE_CELLS] : 0;
}

/* The time before this access; a cell too old for one limb is touched first. */
static uint64_t take_time(struct machine *m, const struct chip_access *a)
{
    uint64_t address = (uint64_t)lc_integer(&a->address, m->wires, m->inputs);
    uint64_t now = m->inputs[ROW_CLOCK] * BUS_PORTS + a->port, old;
    struct cell *cell;

    if (m->sample)
        return now - 2;
    cell = cell_at(m, address);
    if (!cell)
        return 0;
    old = last_time(m, address, cell);
    if (!a->is_far && now - old - 1 >= NEAR_MAX) {
        uint64_t params[4] = {address, old, now - 1, cell->value};

        other(m, OTHER_TOUCH, 0, params);
        old = now - 1;
    }
    cell->time = now + 1;
    return old;
}

static uint64_t take_value(struct machine *m, const struct chip *c, const struct chip_access *a)
{
    uint64_t address = (uint64_t)lc_integer(&a->address, m->wires, m->inputs);
    struct cell *cell;

    if (m->sample)
        return m->sample->value(m->sample->arg, address, c, a);
    cell = cell_at(m, address);
    if (!cell) {
        fail(m, err_set(m->err, VCP_ESTATE, "chip %s accesses a cell that is not there at pc %u",
                        c->name, (unsigned)m->inputs[ROW_PC]));
        return 0;
    }
    return cell->value;
}

/* floor(sqrt(n)), n < 2^127: an estimate, improved once, then counted home. */
static uint64_t root(wide n)
{
    wide r = n > 0 ? (wide)sqrt((double)n) : 0;

    r = r > 0 ? (r + n / r) / 2 : 0;
    while (r * r > n)
        r--;
    while ((r + 1) * (r + 1) <= n)
        r++;
    return (uint64_t)r;
}

static uint64_t wire_value(struct machine *m, const struct chip *c, const struct chip_wire *w)
{
    wide x = w->x.n ? lc_integer(&w->x, m->wires, m->inputs) : 0;
    wide y = w->y.n ? lc_integer(&w->y, m->wires, m->inputs) : 0;
    unsigned __int128 v = (unsigned __int128)x;
    uint64_t mask = w->bits && w->bits < 64 ? ((uint64_t)1 << w->bits) - 1 : UINT64_MAX;

    switch (w->op) {
    case RECIPE_INPUT: return m->inputs[w->i];
    case RECIPE_BITS:
        if (w->y.n)
            v *= (unsigned __int128)y;
        return (uint64_t)(v >> w->shift) & mask;
    case RECIPE_QUOTIENT: {
        wide q = y == 0 ? 0 : x / y;

        if (x < 0 && y && q * y != x)
            q--;
        return (uint64_t)((unsigned __int128)q >> w->shift) & mask;
    }
    case RECIPE_REST: {
        wide r = y == 0 ? 0 : x % y;

        return (uint64_t)(r < 0 ? r + y : r);
    }
    case RECIPE_ROOT: return root(x) >> w->shift & mask;
    case RECIPE_ROOT_REST: {
        wide r = (wide)root(x);

        return (uint64_t)(x - r * r);
    }
    case RECIPE_IS_ZERO: return x == 0;
    case RECIPE_LESS: return x < y;
    case RECIPE_POW2: return (uint64_t)1 << (x & 63);
    case RECIPE_LOG2: return (uint64_t)x ? 63u - (unsigned)__builtin_clzll((uint64_t)x) : 0;
    case RECIPE_CTZ: return (uint64_t)x ? (unsigned)__builtin_ctzll((uint64_t)x) : 0;
    case RECIPE_POPCNT: return (unsigned)__builtin_popcountll((uint64_t)(v >> w->shift) & mask);
    case RECIPE_AND: return (uint64_t)((v & (unsigned __int128)y) >> w->shift) & mask;
    case RECIPE_MUX: return (uint64_t)(m->wires[w->i] ? y : x);
    case RECIPE_PRODUCT: return (uint64_t)(v * (unsigned __int128)y);
    case RECIPE_VALUE: return take_value(m, c, &c->accesses[w->i]);
    case RECIPE_TIME: return take_time(m, &c->accesses[w->i]);
    case RECIPE_PARAM: return m->sample ? m->sample->params[w->i] : 0;
    default: return 0;
    }
}

static void check_code(struct machine *m, const struct chip *c, const struct program_entry *e)
{
    const uint64_t fields[CODE_FIELDS] = {
        m->inputs[ROW_PC], e->op, e->a, e->b, e->rel, e->imm, e->top};

    for (uint32_t i = 0; i < c->n_tuples; i++) {
        const struct chip_tuple *t = &c->tuples[i];

        for (unsigned k = 0; k < CODE_FIELDS && t->kind == BUS_CODE; k++)
            if (lc_integer(&t->comps[k], m->wires, m->inputs) != (wide)fields[k])
                fail(m, err_set(m->err, VCP_ESTATE, "chip %s disagrees with field %u of entry %u",
                                c->name, k, (unsigned)m->inputs[ROW_PC]));
    }
}

static void write_cells(struct machine *m, const struct chip *c)
{
    for (uint32_t i = 0; i < c->n_accesses; i++) {
        const struct chip_access *a = &c->accesses[i];
        struct cell *cell;

        if (!a->is_write)
            continue;
        cell = cell_at(m, (uint64_t)lc_integer(&a->address, m->wires, m->inputs));
        if (cell)
            cell->value = (uint64_t)lc_integer(&a->new_value, m->wires, m->inputs);
    }
}

/* ---- which chip --------------------------------------------------------------------- */

static uint64_t slot(struct machine *m, uint64_t n)
{
    struct cell *c = cell_at(m, m->inputs[ROW_FP] + n);

    return c ? c->value : 0;
}

static uint64_t x_operand(struct machine *m, const struct program_entry *e, unsigned shape,
                          bool writes)
{
    bool y = shape == SHAPE_SS;

    if (shape == SHAPE_AS || shape == SHAPE_AI)
        return m->inputs[ROW_ACC];
    if (shape == SHAPE_IS || shape == SHAPE_IA)
        return e->imm;
    return slot(m, y || writes ? e->a : e->top);
}

static uint64_t y_operand(struct machine *m, const struct program_entry *e, unsigned shape,
                          bool writes)
{
    if (shape == SHAPE_SA || shape == SHAPE_IA)
        return m->inputs[ROW_ACC];
    if (shape == SHAPE_SI || shape == SHAPE_AI)
        return e->imm;
    if (!writes)
        return slot(m, e->top);
    return slot(m, shape == SHAPE_SS ? e->b : e->a);
}

static unsigned alu_variant(struct machine *m, const struct program_entry *e)
{
    unsigned alu = e->op / (4 * ZK_SHAPES), shape = e->op / 2 % ZK_SHAPES;
    bool is64 = e->op / (2 * ZK_SHAPES) % 2, writes = e->op % 2 == 0;
    uint64_t y, x;

    if (alu < ALU_DIV_U || alu > ALU_REM_S)
        return 0;
    y = y_operand(m, e, shape, writes);
    x = x_operand(m, e, shape, writes);
    if (y == 0)
        return 1;
    if (alu == ALU_DIV_S && x == (uint64_t)1 << (is64 ? 63 : 31) &&
        y == (is64 ? UINT64_MAX : UINT32_MAX))
        return 2;
    return 0;
}

static unsigned memory_variant(struct machine *m, uint64_t base, const struct program_entry *e,
                               unsigned lg)
{
    uint64_t ea = (base & UINT32_MAX) + (uint32_t)e->imm;

    if (ea + (1u << lg) > (uint64_t)m->n_pages * 65536)
        return 2;
    if (lg >= 2)
        return ea % 4 ? 1 : 0;
    return ea % 4 + (1u << lg) > 4 ? 1 : 0;
}

static unsigned load_variant(struct machine *m, const struct program_entry *e)
{
    static const uint8_t lg_of[ZK_LOADS] = {2, 3, 0, 0, 1, 1, 0, 1, 2};
    uint32_t at = e->op - ZOP_LOAD_FIRST;
    unsigned mode = at / 4 % ZK_ADDRESSES, lg = lg_of[at / (4 * ZK_ADDRESSES)];
    bool writes = at % 2 == 0;
    uint64_t acc = m->inputs[ROW_ACC], base;
    uint64_t s0 = writes ? e->a : e->top, s1 = writes ? e->b : e->top;

    switch (mode) {
    case ADDRESS_S: base = slot(m, s0); break;
    case ADDRESS_A: base = acc; break;
    case ADDRESS_X_SS: base = slot(m, e->a) + slot(m, s1); break;
    case ADDRESS_X_AS: base = acc + slot(m, s0); break;
    case ADDRESS_K_SS: base = slot(m, e->a) + (slot(m, s1) << lg); break;
    case ADDRESS_K_SA: base = slot(m, s0) + (acc << lg); break;
    case ADDRESS_K_AS: base = acc + (slot(m, s0) << lg); break;
    case ADDRESS_H_S: base = slot(m, s0) << lg; break;
    case ADDRESS_H_A: base = acc << lg; break;
    default: base = 0; break;
    }
    return memory_variant(m, base + (e->imm >> 32), e, lg);
}

static unsigned store_variant(struct machine *m, const struct program_entry *e)
{
    uint32_t at = e->op - ZOP_STORE_FIRST;
    unsigned value = at % ZK_STORED, mode = at / (2 * ZK_STORED) % 6, lg = at / (12 * ZK_STORED);
    unsigned variant;
    bool more = value == STORED_S;
    uint64_t base, v;

    switch (mode) {
    case 0: base = slot(m, more ? e->a : e->top); break;
    case 1: base = m->inputs[ROW_ACC]; break;
    case 2: base = slot(m, e->a) + slot(m, more ? e->b : e->top); break;
    case 3: base = slot(m, e->a) + (slot(m, more ? e->b : e->top) << lg); break;
    case 4: base = slot(m, more ? e->a : e->top) << lg; break;
    default: base = 0; break;
    }
    variant = memory_variant(m, base + (e->imm >> 32), e, lg);
    v = value == STORED_S ? slot(m, e->top) : value == STORED_A ? m->inputs[ROW_ACC] : e->imm >> 32;
    return variant == 0 && lg == 2 && v <= UINT32_MAX ? 3 : variant;
}

static unsigned call_variant(struct machine *m, const struct program_entry *e)
{
    if (m->inputs[ROW_FP] + e->a + 65536 > e->imm >> 32)
        return CALL_NO_SLOTS;
    return m->specials[CELL_DEPTH].value == 0 ? CALL_TOO_DEEP : CALL_GOES;
}

static const struct cell *table_cell_of(struct machine *m, const struct program_entry *e,
                                        uint64_t i)
{
    static const struct cell none;
    const struct cell *c = table_cell(m, ((e->imm & TABLE_NUMBER_MAX) << TABLE_SHIFT) + i);

    return c ? c : &none;
}

static bool is_in_table(struct machine *m, const struct program_entry *e)
{
    return slot(m, e->a) < table_cell_of(m, e, 0)->value;
}

static unsigned indirect_variant(struct machine *m, const struct program_entry *e)
{
    const struct cell *callee;
    uint64_t ref;
    bool is_host;

    if (!is_in_table(m, e))
        return CALL_BEYOND_TABLE;
    ref = table_cell_of(m, e, 1 + slot(m, e->a))->value;
    if (!ref)
        return CALL_OF_NULL;
    is_host = ref <= m->p->code->module->n_imported_funcs;
    callee = function_cell(m, ref + ((uint64_t)is_host << FACT_HOST_SHIFT));
    if (!callee) {
        fail(m, err_set(m->err, VCP_ESTATE, "a reference to nothing is called"));
        return CALL_GOES;
    }
    if (callee->value >> FACT_TYPE_SHIFT != e->imm >> CALL_TYPE_SHIFT)
        return is_host ? CALL_HOST_MISMATCH : CALL_MISMATCH;
    if (is_host)
        return CALL_HOST;
    if (m->inputs[ROW_FP] + e->b + (uint16_t)(callee->value >> FACT_FRAME_SHIFT) >
        (uint32_t)(e->imm >> CALL_LIMIT_SHIFT))
        return CALL_NO_SLOTS;
    return m->specials[CELL_DEPTH].value == 0 ? CALL_TOO_DEEP : CALL_GOES;
}

static unsigned one_variant(struct machine *m, const struct program_entry *e)
{
    switch (e->op - ZOP_ONE_FIRST) {
    case ZONE_CHARGE: return slot(m, e->top) > m->gas_max - m->end->gas;
    case ZONE_CALL: return call_variant(m, e);
    case ZONE_CALL_INDIRECT: return indirect_variant(m, e);
    case ZONE_MOVE_IN:
    case ZONE_MOVE_OUT: return slot(m, e->top + 3u) == 0;
    case ZONE_TABLE_GET:
    case ZONE_TABLE_SET: return is_in_table(m, e) ? TABLE_ACCESS : TABLE_OUT_OF_BOUNDS;
    default: return 0;
    }
}

static unsigned variant_of(struct machine *m, const struct program_entry *e)
{
    if (e->op < ZOP_UN_FIRST)
        return alu_variant(m, e);
    if (e->op >= ZOP_LOAD_FIRST && e->op < ZOP_STORE_FIRST)
        return load_variant(m, e);
    if (e->op >= ZOP_STORE_FIRST && e->op < ZOP_ONE_FIRST)
        return store_variant(m, e);
    return one_variant(m, e);
}

/* ---- a run ---------------------------------------------------------------------------- */

static void set_inputs(struct machine *m, const struct program_entry *e)
{
    m->inputs[ROW_ON] = 1;
    m->inputs[ROW_A] = e->a;
    m->inputs[ROW_B] = e->b;
    m->inputs[ROW_REL] = e->rel;
    m->inputs[ROW_IMM] = e->imm;
    m->inputs[ROW_TOP] = e->top;
}

static int row(struct machine *m, uint32_t number, const struct program_entry *e)
{
    const struct chip *c;
    int rc = catalog_get(&c, m->chips, number, m->err);

    if (rc < 0)
        return fail(m, rc == VCP_ENOTFOUND
                           ? err_set(m->err, VCP_EUNSUPPORTED,
                                     "no chip for opcode %u at entry %u of the program", e->op,
                                     (unsigned)m->inputs[ROW_PC])
                           : rc);
    for (uint32_t i = 0; i < c->n_stage1 && m->rc >= 0; i++)
        m->wires[i] = wire_value(m, c, &c->wires[i]);
    if (m->rc < 0)
        return m->rc;
    if (number != CATALOG_STOP)
        check_code(m, c, e);
    count_lookups(m, c);
    write_cells(m, c);
    m->end->n_rows++;
    if (m->rc < 0 || emit(m, number, c, 0) < 0)
        return m->rc;
    m->inputs[ROW_CLOCK]++;
    m->inputs[ROW_PC] = (uint64_t)lc_integer(&c->next_pc, m->wires, m->inputs);
    m->inputs[ROW_FP] = (uint64_t)lc_integer(&c->next_fp, m->wires, m->inputs);
    m->inputs[ROW_ACC] = (uint64_t)lc_integer(&c->next_acc, m->wires, m->inputs);
    return VCP_OK;
}

/* The row that comes now makes n pages more. */
static int add_pages(struct machine *m, uint64_t n)
{
    uint32_t all = m->n_pages + (uint32_t)n;
    struct cell **pages = realloc(m->pages, (all + 1u) * sizeof *pages);
    uint64_t *page_births = NULL;
    struct birth *births = NULL;

    if (pages) {
        m->pages = pages;
        page_births = realloc(m->page_births, (all + 1u) * sizeof *page_births);
    }
    if (page_births) {
        m->page_births = page_births;
        births = realloc(m->births, (m->n_births + 1u) * sizeof *births);
    }
    if (!births)
        return fail(m, err_set(m->err, VCP_ENOMEM, "out of memory tracing a run"));
    m->births = births;
    births = &births[m->n_births++];
    births->first = BUS_ADDRESS(SPACE_LINEAR, (uint64_t)m->n_pages * PAGE_CELLS);
    births->end = BUS_ADDRESS(SPACE_LINEAR, (uint64_t)all * PAGE_CELLS);
    births->time = m->inputs[ROW_CLOCK] * BUS_PORTS + 7;
    for (; m->n_pages < all; m->n_pages++) {
        m->pages[m->n_pages] = NULL;
        m->page_births[m->n_pages] = births->time;
    }
    return VCP_OK;
}

static int step(struct machine *m)
{
    uint32_t pc = (uint32_t)m->inputs[ROW_PC], number;
    const struct program_entry *e;

    if (m->inputs[ROW_PC] >= m->p->n_entries)
        return fail(m, err_set(m->err, VCP_ESTATE, "the run left the program at pc %u", pc));
    e = &m->p->entries[pc];
    set_inputs(m, e);
    if (e->op == ZOP_UNSUPPORTED)
        return fail(m, err_set(m->err, VCP_EUNSUPPORTED,
                               "instruction %u of the register form cannot be proven yet (entry "
                               "%u)",
                               m->p->code->infos[e->insn].op, pc));
    if (m->end->gas + e->gas > m->gas_max)
        return row(m, CATALOG_STOP, e);
    m->end->gas += e->gas;
    m->code_counts[pc]++;
    number = e->op * CHIP_VARIANTS + variant_of(m, e);
    if (number == ZOP_ONE(ZONE_CHARGE) * CHIP_VARIANTS)
        m->end->gas += slot(m, e->top);
    if (e->op == ZOP_ONE(ZONE_GROW) && add_pages(m, slot(m, e->top)) < 0)
        return m->rc;
    return row(m, number, e);
}

static void finish(struct machine *m)
{
    uint64_t pc = m->inputs[ROW_PC];
    struct trace_end *end = m->end;

    end->lists.clock_end = m->inputs[ROW_CLOCK];
    end->lists.pc_end = 0;
    end->lists.gas_rows = end->gas;
    end->lists.charge = 0;
    end->status = RUN_OK;
    if (pc == ZPC_HALT)
        return;
    if (pc == ZPC_EXIT) {
        end->status = RUN_EXIT;
        end->exit_code = (int32_t)(uint32_t)m->inputs[ROW_FP];
        return;
    }
    end->lists.pc_end = (uint32_t)(m->inputs[ROW_FP] - ZTRAP_FP_BIAS);
    if (pc == ZPC_OVER)
        end->lists.charge = m->inputs[ROW_ACC];
    end->status = pc == ZPC_STOP || pc == ZPC_OVER ? RUN_OUT_OF_GAS : RUN_TRAP;
    end->trap = end->status == RUN_OUT_OF_GAS ? TRAP_NONE : (enum trap)(pc - ZPC_TRAP(0));
}

static int execute(struct machine *m, uint64_t rows_max)
{
    m->inputs[ROW_CLOCK] = PROGRAM_CLOCK_START;
    m->inputs[ROW_PC] = 0;
    m->inputs[ROW_FP] = ZFP_START;
    m->inputs[ROW_ACC] = 0;
    while (m->inputs[ROW_PC] < ZPC_MAX && m->rc >= 0) {
        if (m->end->n_rows >= rows_max)
            return fail(m, err_set(m->err, VCP_ELIMIT, "more than %llu rows to prove",
                                   (unsigned long long)rows_max));
        step(m);
    }
    if (m->rc >= 0)
        finish(m);
    return m->rc;
}

/* ---- what comes after ------------------------------------------------------------------- */

static void sink_cell(struct machine *m, uint64_t address, const struct cell *c)
{
    uint64_t params[3] = {address, last_time(m, address, c), c->value};

    other(m, OTHER_SINK, 0, params);
}

/* Beyond it nobody came to a cell. */
static uint64_t last_used(const struct machine *m, uint64_t first, uint64_t end)
{
    const struct program_table *t;
    uint64_t last = end, n;

    switch (first >> BUS_SPACE_BITS) {
    case SPACE_FRAME: last = m->frame_top; break;
    case SPACE_TABLE:
        t = tables_at(m->p, first - BUS_ADDRESS(SPACE_TABLE, 0));
        n = m->tables[t - m->p->tables.all].n;
        last = BUS_ADDRESS(SPACE_TABLE, ((uint64_t)t->number << TABLE_SHIFT) + n);
        break;
    default: break;
    }
    return last < end ? last : end;
}

/* The cells of a region that somebody came to: a path of rising addresses, and their ends. */
static void region(struct machine *m, uint64_t first, uint64_t end, uint64_t time)
{
    uint64_t before = first - 1, last = last_used(m, first, end);

    for (uint64_t at = first; at < last && m->rc >= 0; at++) {
        const struct cell *c;
        uint64_t params[3] = {before, at, time};

        if (at >> BUS_SPACE_BITS == SPACE_LINEAR) {
            uint64_t cell = at - BUS_ADDRESS(SPACE_LINEAR, 0);

            if (!m->pages[cell / PAGE_CELLS]) { /* nobody came to this page */
                at |= PAGE_CELLS - 1;
                continue;
            }
        }
        c = cell_at(m, at);
        if (!c || !c->time)
            continue;
        other(m, OTHER_ZERO, 0, params);
        sink_cell(m, at, c);
        before = at;
    }
    other(m, OTHER_CLOSE, 0, (uint64_t[]){before, end, time});
}

/* Cells that a row made: its first two by themselves, then a region. */
static void born_region(struct machine *m, const struct birth *b)
{
    for (uint64_t at = b->first; at < b->first + 2 && m->rc >= 0; at++) {
        struct cell untouched = {0}, *c = &untouched;
        uint64_t cell = at - BUS_ADDRESS(SPACE_LINEAR, 0);

        if (m->pages[cell / PAGE_CELLS])
            c = cell_at(m, at);
        sink_cell(m, at, c);
    }
    region(m, b->first + 2, b->end, b->time);
}

static int regions(struct machine *m)
{
    uint32_t n = program_regions(m->p, NULL);
    uint64_t(*r)[2] = calloc(n, sizeof *r);

    if (!r)
        return fail(m, err_set(m->err, VCP_ENOMEM, "out of memory tracing a run"));
    program_regions(m->p, r);
    for (uint32_t i = 0; i < n && m->rc >= 0; i++)
        region(m, r[i][0], r[i][1], 0);
    free(r);
    for (uint32_t i = 0; i < m->n_births && m->rc >= 0; i++)
        born_region(m, &m->births[i]);
    return m->rc;
}

static void sink_verifiers(void *arg, uint64_t address, uint64_t value)
{
    struct machine *m = arg;
    const struct cell *c = m->rc < 0 ? NULL : cell_at(m, address);

    (void)value;
    if (address == BUS_ADDRESS(SPACE_SPECIAL, CELL_OUTPUT) ||
        address == BUS_ADDRESS(SPACE_SPECIAL, CELL_ERROR))
        return; /* the verifier receives them himself: world.h */
    if (c)
        sink_cell(m, address, c);
    else
        fail(m, err_set(m->err, VCP_ENOMEM, "out of memory tracing a run"));
}

/* The words that the run came to; the cells of the outputs the verifier receives himself. */
static void world_cells(struct machine *m)
{
    struct statement_lists *lists = &m->end->lists;
    const struct cell *output = &m->specials[CELL_OUTPUT], *error = &m->specials[CELL_ERROR];

    for (uint32_t t = 0; t < WORLD_TAPES; t++) {
        for (uint32_t i = 0; i < m->n_world[t] && m->rc >= 0; i++)
            sink_cell(m, BUS_TAPE_ADDRESS(TAPE_WORLD, (t << WORLD_TAPE_BITS) + i), &m->world[t][i]);
        lists->world_words[t] = m->n_world[t];
    }
    lists->output_time = output->time ? output->time - 1 : 0;
    lists->error_time = error->time ? error->time - 1 : 0;
}

static void table(struct machine *m, enum chip_other which, const uint64_t *counts, uint32_t n)
{
    for (uint32_t i = 0; i < n && m->rc >= 0; i++)
        if (counts[i]) /* a row without a count is all zeros */
            other(m, which, i, &counts[i]);
}

static void code_and_tables(struct machine *m)
{
    for (uint32_t pc = 0; pc < m->p->n_entries && m->rc >= 0; pc++) {
        const struct program_entry *e = &m->p->entries[pc];
        uint64_t params[] = {
            pc, e->op, e->a, e->b, e->rel, e->imm, e->top, e->gas, m->code_counts[pc]};

        other(m, OTHER_CODE, 0, params);
    }
    table(m, OTHER_RANGE16, m->range16, 65536);
    table(m, OTHER_RANGE8, m->range8, 256);
    table(m, OTHER_AND8, m->and8, 65536);
    table(m, OTHER_POW32, m->pow32, 32);
    table(m, OTHER_POW64, m->pow64, 64);
    table(m, OTHER_POP8, m->pop8, 256);
}

static bool allocate(struct machine *m)
{
    for (unsigned t = 0; t < TAPES; t++)
        if (!(m->tapes[t] = calloc(m->p->tapes[t].n + 1, sizeof *m->tapes[t])))
            return false;
    m->frame_cells = program_frame_end(m->p);
    m->frame = mmap(NULL, m->frame_cells * sizeof *m->frame, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (m->frame == MAP_FAILED)
        m->frame = NULL;
    m->globals = calloc(m->p->code->module->n_globals + 1u, sizeof *m->globals);
    m->functions = calloc(m->p->code->module->n_funcs + 1u, sizeof *m->functions);
    m->tables = calloc(m->p->tables.n + 1u, sizeof *m->tables);
    m->n_pages = m->p->pages;
    m->pages = calloc(m->n_pages + 1u, sizeof *m->pages);
    m->segments = calloc(m->p->n_segments + 1u, sizeof *m->segments);
    m->page_births = calloc(m->n_pages + 1u, sizeof *m->page_births);
    m->code_counts = calloc(m->p->n_entries + 1u, sizeof *m->code_counts);
    m->range16 = calloc(65536, sizeof *m->range16);
    m->range8 = calloc(256, sizeof *m->range8);
    m->and8 = calloc(65536, sizeof *m->and8);
    return m->frame && m->globals && m->functions && m->tables && m->pages && m->segments &&
           m->page_births && m->code_counts && m->range16 && m->range8 && m->and8;
}

static void first_value(void *arg, uint64_t address, uint64_t value)
{
    struct cell *c = cell_at(arg, address);

    if (c)
        c->value = value;
    else
        fail(arg, err_set(((struct machine *)arg)->err, VCP_ENOMEM, "out of memory tracing a run"));
}

static void release(struct machine *m)
{
    if (m->frame)
        munmap(m->frame, m->frame_cells * sizeof *m->frame);
    for (uint32_t i = 0; m->pages && i < m->n_pages; i++)
        free(m->pages[i]);
    free(m->pages);
    for (unsigned t = 0; t < TAPES; t++)
        free(m->tapes[t]);
    for (uint32_t i = 0; m->tables && i < m->p->tables.n; i++)
        free(m->tables[i].cells);
    free(m->tables);
    free(m->functions);
    for (unsigned t = 0; t < WORLD_TAPES; t++)
        free(m->world[t]);
    free(m->segments);
    free(m->page_births);
    free(m->births);
    free(m->globals);
    free(m->code_counts);
    free(m->range16);
    free(m->range8);
    free(m->and8);
    free(m);
}

int trace_run(struct trace_end *out, struct program *p, struct catalog *chips, uint64_t gas_max,
              uint64_t rows_max, const struct trace_sink *sink, struct err *err)
{
    struct machine *m = calloc(1, sizeof *m);
    int rc = VCP_ENOMEM;

    *out = (struct trace_end){0};
    if (!m)
        return err_set(err, VCP_ENOMEM, "out of memory tracing a run");
    m->p = p;
    m->chips = chips;
    m->sink = sink;
    m->err = err;
    m->end = out;
    if (!allocate(m)) {
        err_set(err, VCP_ENOMEM, "out of memory tracing a run");
        goto end;
    }
    program_cells(p, first_value, m);
    m->gas_max = gas_max;
    rc = m->rc < 0 ? m->rc : execute(m, rows_max);
    if (rc >= 0)
        rc = regions(m);
    if (rc >= 0) {
        program_cells(p, sink_verifiers, m);
        world_cells(m);
        code_and_tables(m);
        rc = m->rc;
    }
end:
    release(m);
    return rc;
}

void trace_sample_row(uint64_t wires[], const struct chip *c, const struct trace_sample *s)
{
    struct machine m = {.sample = s};

    memcpy(m.inputs, s->inputs, sizeof m.inputs);
    for (uint32_t i = 0; i < c->n_stage1; i++)
        m.wires[i] = s->is_forced && i == s->forced_wire ? s->forced_value
                                                         : wire_value(&m, c, &c->wires[i]);
    memcpy(wires, m.wires, c->n_stage1 * sizeof *wires);
}
