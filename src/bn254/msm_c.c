#include "bn254/msm_c.h"

#include <string.h>

#include "bn254/g1.h"
#include "bn254/g2.h"

#define LEVEL(name)  LEVEL_(name)
#define LEVEL_(name) name##_c

#define FELEM             fp
#define F(name)           fp_##name
#define POINT             g1
#define AFFINE            g1_affine
#define G(name)           g1_##name
#define POINT_IS_VALID(p) g1_affine_is_on_curve(p)
#include "bn254/msm_add.inc.h"
#undef FELEM
#undef F
#undef POINT
#undef AFFINE
#undef G
#undef POINT_IS_VALID

#define FELEM             fp2
#define F(name)           fp2_##name
#define POINT             g2
#define AFFINE            g2_affine
#define G(name)           g2_##name
#define POINT_IS_VALID(p) g2_affine_is_valid(p)
#include "bn254/msm_add.inc.h"
