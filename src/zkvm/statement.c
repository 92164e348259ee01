/* The statement's canonical bytes. */
#include "zkvm/statement.h"

#include <string.h>

#include "base/hash.h"
#include "wasm/code.h"
#include "zkvm/runtime.h"

void statement_stream_set(struct statement_stream *out, const void *p, size_t n)
{
    sha3_256(out->sha3, p, n);
    out->bytes = n;
}

void statement_init(struct statement *s)
{
    memset(s, 0, sizeof *s);
    statement_stream_set(&s->input, "", 0);
    s->arguments = s->environment = s->output = s->error_output = s->input;
}

bool statement_stream_is(const struct statement_stream *s, const void *p, size_t n)
{
    struct statement_stream of;

    statement_stream_set(&of, p, n);
    return s->bytes == n && memcmp(s->sha3, of.sha3, sizeof of.sha3) == 0;
}

const char *stream_name(enum stream which)
{
    static const char *const names[STREAMS] = {"arguments", "environment", "input", "output",
                                               "error output"};

    return names[which];
}

const struct statement_stream *statement_stream_of(const struct statement *s, enum stream which)
{
    switch (which) {
    case STREAM_ARGUMENTS: return &s->arguments;
    case STREAM_ENVIRONMENT: return &s->environment;
    case STREAM_INPUT: return &s->input;
    case STREAM_OUTPUT: return &s->output;
    default: return &s->error_output;
    }
}

static void put_stream(struct buf *b, const struct statement_stream *s)
{
    buf_put_u64le(b, s->bytes);
    buf_put(b, s->sha3, 32);
}

static void put_values(struct buf *b, const uint64_t v[], uint32_t n)
{
    buf_put_u32le(b, n);
    for (uint32_t i = 0; i < n; i++)
        buf_put_u64le(b, v[i]);
}

void statement_encode(struct buf *b, const struct statement *s)
{
    uint32_t entry_bytes = (uint32_t)strlen(s->entry);
    uint8_t routines[32];

    buf_put_u32le(b, STATEMENT_VERSION);
    buf_put_u32le(b, CODE_FORM_VERSION);
    runtime_digest(routines);
    buf_put(b, routines, 32);
    buf_put(b, s->module, 32);
    buf_put(b, s->context, 32);
    buf_put_u32le(b, entry_bytes);
    buf_put(b, s->entry, entry_bytes);
    put_values(b, s->args, s->n_args);
    put_values(b, s->results, s->n_results);
    buf_putc(b, s->status);
    buf_putc(b, s->trap);
    buf_put_u32le(b, (uint32_t)s->exit_code);
    buf_put_u64le(b, s->gas_used);
    buf_put_u64le(b, s->gas_max);
    buf_put_u64le(b, s->memory_bytes_max);
    buf_put_u32le(b, s->call_depth_max);
    buf_put_u32le(b, s->stack_slots_max);
    buf_put_u64le(b, s->output_bytes_max);
    for (unsigned i = 0; i < STREAMS; i++)
        put_stream(b, statement_stream_of(s, (enum stream)i));
    buf_put_u64le(b, s->seed);
}

static bool get_bytes(struct cursor *in, void *out, size_t n)
{
    const unsigned char *p;

    if (!cursor_bytes(in, n, &p))
        return false;
    memcpy(out, p, n);
    return true;
}

static bool get_values(struct cursor *in, uint64_t v[], uint32_t *n)
{
    if (!cursor_u32le(in, n) || *n > STATEMENT_VALUES_MAX)
        return false;
    for (uint32_t i = 0; i < *n; i++)
        if (!cursor_u64le(in, &v[i]))
            return false;
    return true;
}

static bool get_entry(struct cursor *in, char out[STATEMENT_ENTRY_BYTES])
{
    uint32_t n;

    return cursor_u32le(in, &n) && n < STATEMENT_ENTRY_BYTES && get_bytes(in, out, n) &&
           !memchr(out, '\0', n);
}

static bool get_stream(struct cursor *in, struct statement_stream *s)
{
    return cursor_u64le(in, &s->bytes) && get_bytes(in, s->sha3, 32);
}

static bool get_fields(struct cursor *in, struct statement *s)
{
    uint32_t code = 0;
    bool ok = get_bytes(in, s->module, 32) && get_bytes(in, s->context, 32) &&
              get_entry(in, s->entry) && get_values(in, s->args, &s->n_args) &&
              get_values(in, s->results, &s->n_results) && cursor_u8(in, &s->status) &&
              cursor_u8(in, &s->trap) && cursor_u32le(in, &code) &&
              cursor_u64le(in, &s->gas_used) && cursor_u64le(in, &s->gas_max) &&
              cursor_u64le(in, &s->memory_bytes_max) && cursor_u32le(in, &s->call_depth_max) &&
              cursor_u32le(in, &s->stack_slots_max) && cursor_u64le(in, &s->output_bytes_max) &&
              get_stream(in, &s->arguments) && get_stream(in, &s->environment) &&
              get_stream(in, &s->input) && get_stream(in, &s->output) &&
              get_stream(in, &s->error_output) && cursor_u64le(in, &s->seed);

    s->exit_code = (int32_t)code;
    return ok;
}

/* An empty stream has one digest. */
static bool streams_are_sound(const struct statement *s)
{
    struct statement_stream empty;

    statement_stream_set(&empty, "", 0);
    for (unsigned i = 0; i < STREAMS; i++) {
        const struct statement_stream *x = statement_stream_of(s, (enum stream)i);

        if ((x->bytes == 0) != (memcmp(x->sha3, empty.sha3, 32) == 0))
            return false;
    }
    return true;
}

int statement_check(const struct statement *s, struct err *err)
{
    if (s->status > RUN_OUT_OF_GAS)
        return err_set(err, VCP_EFORMAT, "statement: status %u is no end of a run", s->status);
    if ((s->status == RUN_TRAP) != (s->trap != TRAP_NONE) || s->trap >= TRAP_COUNT)
        return err_set(err, VCP_EFORMAT, "statement: trap %u with status %s", s->trap,
                       run_status_name((enum run_status)s->status));
    if (s->status != RUN_EXIT && s->exit_code)
        return err_set(err, VCP_EFORMAT, "statement: an exit code without an exit");
    if (s->status != RUN_OK && s->n_results)
        return err_set(err, VCP_EFORMAT, "statement: results of a run that did not return");
    if (s->gas_used > s->gas_max)
        return err_set(err, VCP_EFORMAT, "statement: gas used %llu over the limit %llu",
                       (unsigned long long)s->gas_used, (unsigned long long)s->gas_max);
    if (!streams_are_sound(s))
        return err_set(err, VCP_EFORMAT, "statement: a stream's length contradicts its digest");
    return VCP_OK;
}

int statement_decode(struct statement *out, struct cursor *in, struct err *err)
{
    struct statement s = {0};
    size_t before = cursor_left(in);
    uint8_t routines[2][32];
    uint32_t version, form;
    int rc;

    if (!cursor_u32le(in, &version) || version != STATEMENT_VERSION)
        return err_set(err, VCP_EFORMAT, "statement: not version %d", STATEMENT_VERSION);
    if (!cursor_u32le(in, &form) || form != CODE_FORM_VERSION)
        return err_set(err, VCP_EFORMAT, "statement: not of lowering version %d",
                       CODE_FORM_VERSION);
    runtime_digest(routines[0]);
    if (!get_bytes(in, routines[1], 32) || memcmp(routines[0], routines[1], 32) != 0)
        return err_set(err, VCP_EFORMAT, "statement: made with other routines than these");
    if (!get_fields(in, &s))
        return err_set(err, VCP_EFORMAT, "statement: cut short or over a limit at byte %zu",
                       before - cursor_left(in));
    rc = statement_check(&s, err);
    if (rc == VCP_OK)
        *out = s;
    return rc;
}

void statement_digest(uint8_t out[32], const struct statement *s)
{
    struct buf b;

    buf_init(&b, 0);
    statement_encode(&b, s);
    sha3_256(out, b.data, b.len);
    buf_release(&b);
}

void statement_lists_encode(struct buf *b, const struct statement_lists *l)
{
    buf_put_u64le(b, l->clock_end);
    buf_put_u32le(b, l->pc_end);
    buf_put_u64le(b, l->gas_rows);
    buf_put_u64le(b, l->charge);
    for (unsigned i = 0; i < WORLD_TAPES; i++)
        buf_put_u32le(b, l->world_words[i]);
    buf_put_u64le(b, l->output_time);
    buf_put_u64le(b, l->error_time);
}

int statement_lists_decode(struct statement_lists *out, struct cursor *in, struct err *err)
{
    struct statement_lists l;
    bool ok = cursor_u64le(in, &l.clock_end) && cursor_u32le(in, &l.pc_end) &&
              cursor_u64le(in, &l.gas_rows) && cursor_u64le(in, &l.charge);

    for (unsigned i = 0; i < WORLD_TAPES; i++)
        ok = ok && cursor_u32le(in, &l.world_words[i]);
    if (!ok || !cursor_u64le(in, &l.output_time) || !cursor_u64le(in, &l.error_time))
        return err_set(err, VCP_EFORMAT, "lists: cut short");
    if (l.clock_end > STATEMENT_CLOCK_MAX)
        return err_set(err, VCP_EFORMAT, "lists: final clock %llu, want at most 2^44",
                       (unsigned long long)l.clock_end);
    *out = l;
    return VCP_OK;
}
