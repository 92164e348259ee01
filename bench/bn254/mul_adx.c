/* mul_adx.c - the multiplication of the ADX level. */
#include "mul.h"

#include "bn254/x86/adx_fields.h"

void mul_chain_adx(fp x[MUL_CHAINS], const fp y[MUL_CHAINS], unsigned n)
{
    for (; n > 0; n--)
        for (int i = 0; i < MUL_CHAINS; i++)
            fp_mul(&x[i], &x[i], &y[i]);
}
