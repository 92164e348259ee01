/* wasi.h - the primitives of the WASI routines. */
#ifndef ZKVM_RUNTIME_WASI_H
#define ZKVM_RUNTIME_WASI_H

#include "zkvm/runtime/vcp.h"

/* State cells: X(name) read and written, Y(name) constant.  64 bits each. */
#define WASI_CELLS(X, Y)                                                                           \
    X(closed)       /* bit per descriptor 0, 1, 2 */                                               \
    X(input_at)     /* bytes of the input consumed */                                              \
    Y(input_bytes)  /* all there are */                                                            \
    X(output_state) /* bytes written | last, incomplete word << 32 */                              \
    X(error_state)  /* the same for descriptor 2 */                                                \
    Y(output_max)   /* bytes of both together */                                                   \
    X(clock)        /* nanoseconds since the start */                                              \
    Y(epoch)        /* of the realtime clock at the start */                                       \
    X(draws)        /* 64-bit random numbers drawn */                                              \
    Y(args)         /* number of strings | their bytes << 32 */                                    \
    Y(env)          /* the same */                                                                 \
    Y(has_memory)   /* 1 when the module has a memory, of 0 pages perhaps */

#define GET(name)     PRIMITIVE("get." #name) uint64_t get_##name(void);
#define GET_SET(name) GET(name) PRIMITIVE("set." #name) void set_##name(uint64_t value);
WASI_CELLS(GET_SET, GET)
#undef GET
#undef GET_SET

/* Word i of tape t is at TAPE_AT(t) + i; bytes stand in words little-endian. */
#define TAPE_AT(t) ((uint32_t)(t) << 29)
enum wasi_tape {
    TAPE_INPUT,
    TAPE_ARGS,    /* the strings, each with its NUL */
    TAPE_ARGS_AT, /* where each begins, and where the last one ends */
    TAPE_ENV,
    TAPE_ENV_AT,
    TAPE_RANDOM, /* two words a draw, the lower first */
};
PRIMITIVE("tape.world") uint32_t tape(uint32_t index);

/* Words written, by number; those of descriptor 2 from ERROR_WORDS on. */
#define ERROR_WORDS (1u << 31)
PRIMITIVE("write.word") void write_word(uint32_t index, uint32_t word);

/* n words x of a tape to memory, or of memory to output.  What is written is the low word of
 * carry + power x, whose high word is the carry of the next one, and in the end the result.
 * Addresses of memory are in words. */
PRIMITIVE("move.in")
uint32_t move_in(uint32_t carry, uint32_t to, uint32_t tape, uint32_t n, uint32_t power);
PRIMITIVE("move.out")
uint32_t move_out(uint32_t carry, uint32_t output, uint32_t from, uint32_t n, uint32_t power);

PRIMITIVE("exit") _Noreturn void exit(uint32_t code);

/* The guest's memory, at any address. */
typedef uint32_t any_u32 __attribute__((aligned(1)));
typedef uint64_t any_u64 __attribute__((aligned(1)));

static inline uint32_t load8(uint32_t at)
{
    return AT(uint8_t, at);
}

static inline uint32_t load32(uint32_t at)
{
    return AT(any_u32, at);
}

static inline uint64_t load64(uint32_t at)
{
    return AT(any_u64, at);
}

static inline void store8(uint32_t at, uint32_t v)
{
    AT(uint8_t, at) = (uint8_t)v;
}

static inline void store32(uint32_t at, uint32_t v)
{
    AT(any_u32, at) = v;
}

static inline void store64(uint32_t at, uint64_t v)
{
    AT(any_u64, at) = v;
}

#endif
