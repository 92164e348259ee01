/* trap.h - why a guest stopped by its own fault.
 *
 * The texts are those of the WebAssembly specification's test suite, so that a
 * user who searches for one finds it.  Append only: the numbers are stored in
 * results and, later, in proofs. */
#ifndef WASM_TRAP_H
#define WASM_TRAP_H

enum trap {
    TRAP_NONE = 0,
    TRAP_UNREACHABLE = 1,
    TRAP_INTEGER_DIVIDE_BY_ZERO = 2,
    TRAP_INTEGER_OVERFLOW = 3,
    TRAP_INVALID_CONVERSION = 4, /* float that is NaN to an integer */
    TRAP_MEMORY_OUT_OF_BOUNDS = 5,
    TRAP_TABLE_OUT_OF_BOUNDS = 6,
    TRAP_UNDEFINED_ELEMENT = 7,     /* call_indirect beyond the table */
    TRAP_UNINITIALIZED_ELEMENT = 8, /* call_indirect of a null */
    TRAP_INDIRECT_CALL_MISMATCH = 9,
    TRAP_CALL_STACK_EXHAUSTED = 10,
    TRAP_HOST = 11, /* a host function refused; it gave the sentence */
    TRAP_COUNT
};

/* "integer divide by zero" ...; "none" for TRAP_NONE and unknown numbers. */
const char *trap_text(enum trap trap);

#endif
