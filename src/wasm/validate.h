/* validate.h - the type system of WebAssembly 2.0, chapter 3 and the algorithm of its appendix.
 *
 * One pass over every function body with an explicit control stack; nothing
 * recurses.  Also fills the per-function facts of struct function and
 * module->exports_by_name. */
#ifndef WASM_VALIDATE_H
#define WASM_VALIDATE_H

#include "wasm/module.h"

/* VCP_EINVAL: invalid; the sentence names byte offset, function, instruction, expected and
 * found types.  VCP_EFORMAT: an instruction is malformed.  VCP_EUNSUPPORTED: SIMD
 * and other proposals.  VCP_ELIMIT, VCP_ENOMEM.  A module that failed may only be
 * freed. */
int module_validate(struct module *m, struct err *err);

#endif
