#include "zkvm/world.h"

#include <string.h>

#include "base/limits.h"
#include "wasm/wasi.h"

#define TAPE_WORDS_MAX       (1u << WORLD_TAPE_BITS)
#define WORLD_INDEX(tape, i) (((uint32_t)(tape) << WORLD_TAPE_BITS) + (i))

/* ---- what follows from statement and streams ---- */

static int no_memory(struct err *err)
{
    return err_set(err, VCP_ENOMEM, "no memory for what a program finds around it");
}

/* Strings to a tape, where each begins to the next; *cell: their number, and bytes << 32. */
static int make_strings(struct world *w, enum world_tape tape, uint64_t *cell, enum stream which,
                        const char *first, struct err *err)
{
    const struct stream_bytes *s = &w->streams.of[which];
    struct buf *text = &w->text[tape], *at = &w->text[tape + 1];
    uint32_t n = 0;

    if (s->n && s->data[s->n - 1] != 0)
        return err_set(err, VCP_EVERIFY, "the last string of the %s has no end",
                       stream_name(which));
    if (first)
        buf_put(text, first, strlen(first) + 1);
    if (s->n <= WASI_STRINGS_BYTES_MAX)
        buf_put(text, s->data, s->n);
    for (size_t i = 0; i < text->len; n++) {
        buf_put_u32le(at, (uint32_t)i);
        i += strlen((const char *)text->data + i) + 1;
    }
    buf_put_u32le(at, (uint32_t)text->len);
    if (s->n > WASI_STRINGS_BYTES_MAX || text->len > WASI_STRINGS_BYTES_MAX || n > WASI_STRINGS_MAX)
        return err_set(err, VCP_EVERIFY, "the %s is over the limits of a run", stream_name(which));
    *cell = n | (uint64_t)text->len << 32;
    return text->failed || at->failed ? no_memory(err) : VCP_OK;
}

static int make_all_strings(struct world *w, const struct statement *s, struct err *err)
{
    int rc;

    if (s->entry[0] && s->arguments.bytes)
        return err_set(err, VCP_EVERIFY, "arguments of a command, but it is entered at \"%s\"",
                       s->entry);
    rc = make_strings(w, WORLD_ARGS, &w->first[CELL_ARGS], STREAM_ARGUMENTS, "main", err);
    if (rc == VCP_OK)
        rc = make_strings(w, WORLD_ENV, &w->first[CELL_ENV], STREAM_ENVIRONMENT, NULL, err);
    return rc;
}

int world_init(struct world *w, const struct statement *s, const struct streams *streams,
               bool has_memory, struct err *err)
{
    int rc;

    memset(w, 0, sizeof *w);
    w->streams = *streams;
    if (s->input.bytes > (uint64_t)TAPE_WORDS_MAX * 4)
        return err_set(err, VCP_ELIMIT, "input of more than 2 GiB cannot be proven");
    if (s->output.bytes > RUN_OUTPUT_BYTES_MAX || s->error_output.bytes > RUN_OUTPUT_BYTES_MAX)
        return err_set(err, VCP_EVERIFY, "more output than a run may have");
    w->first[CELL_INPUT_BYTES] = s->input.bytes;
    w->first[CELL_OUTPUT_MAX] = s->output_bytes_max;
    w->first[CELL_EPOCH] = wasi_epoch_ns(s->seed);
    w->first[CELL_HAS_MEMORY] = has_memory;
    prng_init(&w->random, s->seed);
    rc = make_all_strings(w, s, err);
    if (rc < 0)
        world_release(w);
    return rc;
}

void world_release(struct world *w)
{
    for (unsigned i = 0; i < WORLD_TAPES; i++)
        buf_release(&w->text[i]);
}

/* ---- words ---- */

static uint32_t word_of(const uint8_t *p, uint64_t n)
{
    uint32_t w = 0;

    for (unsigned i = 0; i < 4 && i < n; i++)
        w |= (uint32_t)p[i] << 8 * i;
    return w;
}

static void draw_up_to(struct world *w, uint32_t words)
{
    struct buf *b = &w->text[WORLD_RANDOM];

    while (b->len < 4 * (size_t)words && !b->failed)
        buf_put_u64le(b, prng_next(&w->random));
    w->failed |= b->failed;
}

bool world_word(uint32_t *out, struct world *w, uint32_t index)
{
    uint32_t tape = index / TAPE_WORDS_MAX;
    size_t at = 4 * (size_t)(index % TAPE_WORDS_MAX), n;
    const uint8_t *bytes;

    if (tape >= WORLD_TAPES ||
        (tape == WORLD_RANDOM && index % TAPE_WORDS_MAX >= ZKVM_RANDOM_WORDS_MAX))
        return false;
    if (tape == WORLD_RANDOM)
        draw_up_to(w, index % TAPE_WORDS_MAX + 1);
    bytes = tape == WORLD_INPUT ? w->streams.of[STREAM_INPUT].data : w->text[tape].data;
    n = tape == WORLD_INPUT ? w->streams.of[STREAM_INPUT].n : w->text[tape].len;
    if (at >= n)
        return false;
    *out = word_of(bytes + at, n - at);
    return true;
}

/* ---- the verifier's terms ---- */

struct emitter {
    const struct terms_sink *sink;
    struct err *err;
    int rc;
};

static void put(struct emitter *x, enum bus_kind kind, int sign, const uint64_t comps[],
                uint64_t value)
{
    struct bus_tuple t = {.kind = (uint8_t)kind, .count = fr_one};

    if (x->rc < 0)
        return;
    if (sign < 0)
        fr_neg(&t.count, &t.count);
    for (unsigned i = 0; i < bus_kinds[kind].n_comps; i++)
        fr_from_u64(&t.comps[i], comps[i]);
    fr_from_u64(&t.values[0], value);
    x->rc = x->sink->put(x->sink->arg, &t, x->err);
}

static void cell(struct emitter *x, int sign, uint64_t time, uint64_t address, uint64_t value)
{
    put(x, BUS_MEM, sign, (uint64_t[]){time, address}, value);
}

static void words_read(struct emitter *x, struct world *w, const struct statement_lists *lists)
{
    uint32_t word;

    for (uint32_t tape = 0; tape < WORLD_TAPES; tape++)
        for (uint32_t i = 0; i < lists->world_words[tape] && x->rc >= 0; i++) {
            if (i < TAPE_WORDS_MAX && world_word(&word, w, WORLD_INDEX(tape, i)))
                cell(x, 1, 0, BUS_TAPE_ADDRESS(TAPE_WORLD, WORLD_INDEX(tape, i)), word);
            else
                x->rc = err_set(x->err, VCP_EVERIFY,
                                "the statement cannot be: more was read than there is");
        }
}

/* Whole words, once each.  The rest, and how many bytes there are, is what the state cell ends
 * with. */
static void words_written(struct emitter *x, const struct stream_bytes *s, uint32_t first,
                          enum special_cell state, uint64_t time)
{
    uint64_t whole = s->n / 4, last = 0;

    for (uint64_t i = 0; i < whole && x->rc >= 0; i++)
        put(x, BUS_OUTPUT, -1, (uint64_t[]){first + i}, word_of(s->data + 4 * i, 4));
    if (s->n % 4)
        last = word_of(s->data + 4 * whole, s->n % 4);
    cell(x, -1, time, BUS_ADDRESS(SPACE_SPECIAL, state), last << 32 | s->n);
}

int world_emit(struct world *w, const struct statement_lists *lists, const struct terms_sink *sink,
               struct err *err)
{
    uint64_t end = BUS_PORTS * lists->clock_end;
    struct emitter x = {sink, err, VCP_OK};

    if (lists->output_time >= end || lists->error_time >= end)
        return err_set(err, VCP_EVERIFY, "the statement cannot be: output after the run's end");
    words_read(&x, w, lists);
    words_written(&x, &w->streams.of[STREAM_OUTPUT], 0, CELL_OUTPUT, lists->output_time);
    words_written(&x, &w->streams.of[STREAM_ERROR], WORLD_ERROR_WORDS, CELL_ERROR,
                  lists->error_time);
    if (w->failed)
        return no_memory(err);
    return x.rc < 0 ? x.rc : VCP_OK;
}
