/* interp_dispatch.h - how a handler receives the machine's state and passes it on.
 *
 * IP the instruction, FP the frame, MEM memory 0, ACC/FA/DA the accumulators, GAS what is
 * left of the slice, CTX everything else.  Normally a handler tail-calls the next one
 * and the state stays in registers: clang guarantees it, gcc does it when it
 * optimises and nothing instruments the code.  Elsewhere a loop calls the handlers and
 * the state is a struct: slower, same behaviour.
 *
 * GO runs the instruction at IP, TO(h) runs another handler for it, STOP leaves the
 * interpreter after SAVE. */
#ifndef WASM_INTERP_DISPATCH_H
#define WASM_INTERP_DISPATCH_H

#include "wasm/interp.h"

#if defined(__clang__) || (defined(__OPTIMIZE__) && !defined(VCP_SANITIZED))
#define INTERP_TAIL_CALLS 1
#ifdef __clang__
#define TAIL __attribute__((musttail)) return
#else
#define TAIL return
#endif

typedef void interp_fn(const struct insn *ip, uint64_t *fp, uint8_t *mem, uint64_t acc, int64_t gas,
                       struct interp *x, float fa, double da);

#define HANDLER(name)                                                                              \
    static void h_##name(const struct insn *ip, uint64_t *fp, uint8_t *mem, uint64_t acc,          \
                         int64_t gas, struct interp *x, float fa, double da)
#define IP    ip
#define FP    fp
#define MEM   mem
#define ACC   acc
#define GAS   gas
#define CTX   x
#define FA    fa
#define DA    da
#define STATE ip, fp, mem, acc, gas, x, fa, da
#define GO    TAIL((interp_fn *)ip->handler)(STATE)
#define TO(h) TAIL h_##h(STATE)
#define STOP                                                                                       \
    do {                                                                                           \
        (void)mem, (void)acc, (void)fa, (void)da;                                                  \
        return;                                                                                    \
    } while (0)

#else

struct interp_state {
    const struct insn *ip_;
    uint64_t *fp_;
    uint8_t *mem_;
    uint64_t acc_;
    int64_t gas_;
    struct interp *x_;
    float fa_;
    double da_;
};

typedef void interp_fn(struct interp_state *state);

#define HANDLER(name) static void h_##name(struct interp_state *state)
#define IP            state->ip_
#define FP            state->fp_
#define MEM           state->mem_
#define ACC           state->acc_
#define GAS           state->gas_
#define CTX           state->x_
#define FA            state->fa_
#define DA            state->da_
#define GO            return
#define TO(h)                                                                                      \
    do {                                                                                           \
        h_##h(state);                                                                              \
        return;                                                                                    \
    } while (0)
#define STOP                                                                                       \
    do {                                                                                           \
        IP = NULL;                                                                                 \
        return;                                                                                    \
    } while (0)

#endif

/* Never inlined into a hot handler: it needs a stack frame. */
#define COLD_HANDLER(name) __attribute__((noinline, cold)) HANDLER(name)

#define NEXT                                                                                       \
    do {                                                                                           \
        IP++;                                                                                      \
        GO;                                                                                        \
    } while (0)

/* Entry into a strip: its gas is paid here, at once. */
#ifdef VCP_UNMETERED /* bench/wasm: what metering costs */
#define ENTER                                                                                      \
    do {                                                                                           \
        if (0)                                                                                     \
            TO(slow_gas);                                                                          \
        GO;                                                                                        \
    } while (0)
#else
#define ENTER                                                                                      \
    do {                                                                                           \
        GAS -= IP->gas;                                                                            \
        if (__builtin_expect(GAS < 0, 0))                                                          \
            TO(slow_gas);                                                                          \
        GO;                                                                                        \
    } while (0)
#endif

#define JUMP_BY(bytes)                                                                             \
    do {                                                                                           \
        IP = (const struct insn *)((const char *)IP + (bytes));                                    \
        ENTER;                                                                                     \
    } while (0)

#define SAVE                                                                                       \
    do {                                                                                           \
        CTX->ip = IP;                                                                              \
        CTX->fp = FP;                                                                              \
        CTX->gas = GAS;                                                                            \
    } while (0)

#define TRAP(t)                                                                                    \
    do {                                                                                           \
        CTX->trap = (t);                                                                           \
        TO(trap);                                                                                  \
    } while (0)

#endif
