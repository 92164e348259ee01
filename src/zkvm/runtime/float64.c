/* Arithmetic of f64. */
#include "zkvm/runtime/float.h"

#define F(name)  f64_##name
#define UINT     uint64_t
#define INT      int64_t
#define FRACTION 52
#define BIAS     1023u

#define WIDE_PRODUCT(x, y) mul_wide(x, y)
/* floor(2^(FRACTION + 2) x / y) */
#define WIDE_QUOTIENT(x, y) div_wide(x, (y) << 8)

#include "zkvm/runtime/float.inc.h"

#define I32(name, sign) i32_##name##_f64_##sign
#define I64(name, sign) i64_##name##_f64_##sign
#define CONVERT_32      F(of_exact)

#include "zkvm/runtime/float_convert.inc.h"
