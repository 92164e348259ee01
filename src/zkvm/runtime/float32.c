/* Arithmetic of f32. */
#include "zkvm/runtime/float.h"

#define F(name)  f32_##name
#define UINT     uint32_t
#define INT      int32_t
#define FRACTION 23
#define BIAS     127u

#define WIDE_PRODUCT(x, y) ((uint64_t)(x) * (y))
/* floor(2^(FRACTION + 2) x / y) */
#define WIDE_QUOTIENT(x, y) ((uint32_t)(((uint64_t)(x) << 25) / (y)))

#include "zkvm/runtime/float.inc.h"

#define I32(name, sign) i32_##name##_f32_##sign
#define I64(name, sign) i64_##name##_f32_##sign
#define CONVERT_32      F(of_magnitude)

#include "zkvm/runtime/float_convert.inc.h"
