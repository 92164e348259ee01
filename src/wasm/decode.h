/* decode.h - bytes to struct module: sections, types, names, segments, body boundaries.
 *
 * Function bodies are split into locals and code but their instructions are read
 * by validate.h, so every byte is looked at once.  Linear in the module's size. */
#ifndef WASM_DECODE_H
#define WASM_DECODE_H

#include "wasm/module.h"

/* On success *out is a new module (module_free it) that owns a copy of bytes.
 * limits may be NULL for module_limits_default.  Errors name the byte offset:
 *   VCP_EFORMAT       malformed: these bytes are no module
 *   VCP_EINVAL        well-formed, but a constant expression is not constant
 *   VCP_ELIMIT        beyond a ceiling, which the sentence names
 *   VCP_EUNSUPPORTED  a proposal outside WebAssembly 2.0 without SIMD
 *   VCP_ENOMEM */
int module_decode(struct module **out, const uint8_t *bytes, size_t n,
                  const struct module_limits *limits, struct err *err);

#endif
