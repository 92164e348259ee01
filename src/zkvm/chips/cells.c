/* Rows that are no instructions: cells' beginnings and ends, tables, the program. */
#include "zkvm/chips/chips.h"

/* A row's parameters, in the order of build_param. */
static struct lin param(struct build *b, const char *name, unsigned i)
{
    return lin_wire(build_param(b, name, i));
}

static int begin(struct build *b, const char *name, struct err *err)
{
    int rc = build_init(b, name, err);

    if (rc == VCP_OK)
        build_begin(b);
    return rc;
}

/* Parameters: address, old time, new time, value.  The address is one unknown of a key
 * whose other end is the same plus a range-checked time, as in lemma B. */
static void touch(struct build *b)
{
    struct lin in[2], out[2], value, on = lin_wire(b->on);

    in[1] = out[1] = param(b, "address", 0);
    in[0] = param(b, "old time", 1);
    out[0] = param(b, "new time", 2);
    value = param(b, "value", 3);
    build_range(b, lin_sub(lin_sub(out[0], in[0]), on), 32);
    build_pair(b, BUS_MEM, in, &value, out, &value);
}

/* Parameters: address before, address, time.  Addresses of a region rise from the start
 * token to the end token, both the verifier's. */
static void zero_cell(struct build *b)
{
    struct lin before = param(b, "before", 0), at = param(b, "address", 1),
               time = param(b, "time", 2), on = lin_wire(b->on), cell[2], zero = lin_zero();

    build_range(b, lin_sub(lin_sub(at, before), on), 32);
    build_pair(b, BUS_SORT, &before, &time, &at, &time);
    cell[0] = time;
    cell[1] = at;
    build_tuple(b, BUS_MEM, 1, on, cell, &zero);
}

/* Parameters: the last address of a region, its end, time.  The end's token has its own
 * mark in the value, so that no cell can be made there. */
static void close_region(struct build *b)
{
    struct lin before = param(b, "before", 0), at = param(b, "end", 1), time = param(b, "time", 2),
               on = lin_wire(b->on), mark;

    mark = lin_add(time, lin_shl(on, REGION_END_SHIFT));
    build_range(b, lin_sub(lin_sub(at, before), on), 32);
    build_pair(b, BUS_SORT, &before, &time, &at, &mark);
}

/* Parameters: address, time, value of a cell nobody reads again. */
static void sink(struct build *b)
{
    struct lin cell[2], value;

    cell[1] = param(b, "address", 0);
    cell[0] = param(b, "time", 1);
    value = param(b, "value", 2);
    build_tuple(b, BUS_MEM, -1, lin_wire(b->on), cell, &value);
}

/* Parameters: the fields of an entry, its weight, its count. */
static void code_entry(struct build *b)
{
    static const char *const names[CODE_FIELDS] = {"pc", "op", "a", "b", "rel", "imm", "top"};
    struct lin fields[CODE_FIELDS], weight, count;

    for (unsigned i = 0; i < CODE_FIELDS; i++)
        fields[i] = param(b, names[i], i);
    weight = param(b, "weight", CODE_FIELDS);
    count = param(b, "count", CODE_FIELDS + 1);
    build_count(b, count.t[0].wire);
    build_tuple(b, BUS_LIST, -1, lin_wire(b->on), fields, &weight);
    build_tuple(b, BUS_CODE, 1, count, fields, NULL);
    build_tuple(b, BUS_GAS, 1, count, NULL, &weight);
}

static void constants_and(uint64_t out[CHIP_ROW_CONSTANTS], uint32_t row)
{
    out[0] = row >> 8;
    out[1] = row & 255;
    out[2] = (row >> 8) & row & 255;
}

static void constants_range(uint64_t out[CHIP_ROW_CONSTANTS], uint32_t row)
{
    out[0] = row;
}

static void constants_power(uint64_t out[CHIP_ROW_CONSTANTS], uint32_t row)
{
    out[0] = row;
    out[1] = (uint64_t)1 << row;
}

static void constants_ones(uint64_t out[CHIP_ROW_CONSTANTS], uint32_t row)
{
    out[0] = row;
    out[1] = (uint64_t)__builtin_popcount(row);
}

/* Row i of a constant table, sent as often as the parameter says. */
static void table(struct build *b, enum bus_kind kind, uint32_t rows,
                  void (*constants)(uint64_t[CHIP_ROW_CONSTANTS], uint32_t))
{
    struct lin comps[CHIP_ROW_CONSTANTS];

    for (int i = 0; i < CHIP_ROW_CONSTANTS; i++)
        comps[i] = lin_wire(CHIP_ROW(i));
    b->chip->constants = constants;
    b->chip->table_rows = rows;
    build_tuple(b, kind, 1, param(b, "count", 0), comps, NULL);
}

int chip_other(struct chip **out, enum chip_other which, struct err *err)
{
    static const char *const names[CHIP_OTHERS] = {
        "touch",  "zero cell", "close region", "sink",  "code entry", "range16",
        "range8", "and8",      "pow32",        "pow64", "pop8"};
    struct build b;
    int rc = which >= OTHER_RANGE16 ? build_init(&b, names[which], err)
                                    : begin(&b, names[which], err);

    if (rc < 0)
        return rc;
    if (which >= OTHER_RANGE16)
        b.on = BUILD_ALWAYS_ON;
    switch (which) {
    case OTHER_TOUCH: touch(&b); break;
    case OTHER_ZERO: zero_cell(&b); break;
    case OTHER_CLOSE: close_region(&b); break;
    case OTHER_SINK: sink(&b); break;
    case OTHER_CODE: code_entry(&b); break;
    case OTHER_RANGE16: table(&b, BUS_RANGE16, 65536, constants_range); break;
    case OTHER_RANGE8: table(&b, BUS_RANGE8, 256, constants_range); break;
    case OTHER_AND8: table(&b, BUS_AND8, 65536, constants_and); break;
    case OTHER_POW32: table(&b, BUS_POW32, 32, constants_power); break;
    case OTHER_POW64: table(&b, BUS_POW64, 64, constants_power); break;
    default: table(&b, BUS_POP8, 256, constants_ones); break;
    }
    return build_finish(out, &b, err);
}
