#include "wasm/trap.h"

static const char *const texts[TRAP_COUNT] = {
    [TRAP_NONE] = "none",
    [TRAP_UNREACHABLE] = "unreachable",
    [TRAP_INTEGER_DIVIDE_BY_ZERO] = "integer divide by zero",
    [TRAP_INTEGER_OVERFLOW] = "integer overflow",
    [TRAP_INVALID_CONVERSION] = "invalid conversion to integer",
    [TRAP_MEMORY_OUT_OF_BOUNDS] = "out of bounds memory access",
    [TRAP_TABLE_OUT_OF_BOUNDS] = "out of bounds table access",
    [TRAP_UNDEFINED_ELEMENT] = "undefined element",
    [TRAP_UNINITIALIZED_ELEMENT] = "uninitialized element",
    [TRAP_INDIRECT_CALL_MISMATCH] = "indirect call type mismatch",
    [TRAP_CALL_STACK_EXHAUSTED] = "call stack exhausted",
    [TRAP_HOST] = "host function failed",
};

const char *trap_text(enum trap trap)
{
    return (unsigned)trap < TRAP_COUNT ? texts[trap] : texts[TRAP_NONE];
}
