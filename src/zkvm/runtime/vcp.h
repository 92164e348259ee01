/* vcp.h - what routines of the proven form are written in: C for wasm32, freestanding.
 *
 * A routine takes and gives integers.  Its loads and stores are those of the guest's linear
 * memory; it has no memory, globals, tables or data of its own, calls other routines but
 * not itself, and takes no address of a local.  PRIMITIVE functions are one row each
 * (zkvm/runtime.c lists them).  `build` beside this file makes runtime_wasm.inc. */
#ifndef ZKVM_RUNTIME_VCP_H
#define ZKVM_RUNTIME_VCP_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __wasm__
#define PRIMITIVE(name) __attribute__((import_module("vcp"), import_name(name)))
#define ROUTINE(name)   __attribute__((export_name(name)))
#define memory_pages()  ((uint32_t)__builtin_wasm_memory_size(0))
#define AT(type, at)    (*(type *)(uintptr_t)(uint32_t)(at))
#else /* tests compile routines for the host and bring primitives of their own */
#define PRIMITIVE(name)
#define ROUTINE(name)
uint32_t memory_pages(void);
void *test_memory(uint32_t at);
#define AT(type, at) (*(type *)test_memory(at))
#endif

/* Dynamic gas of an instruction that weighs 1 besides: when it does not fit, that 1 was not
 * used either.  And of a host call, which stays paid. */
PRIMITIVE("charge.bulk") void charge_bulk(uint64_t gas);
PRIMITIVE("charge.host") void charge_host(uint64_t gas);

PRIMITIVE("trap.memory") _Noreturn void trap_memory(void);
PRIMITIVE("trap.table") _Noreturn void trap_table(void);
PRIMITIVE("trap.overflow") _Noreturn void trap_overflow(void);
PRIMITIVE("trap.conversion") _Noreturn void trap_conversion(void);
PRIMITIVE("trap.host") _Noreturn void trap_host(void);

#endif
