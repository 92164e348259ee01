/* calls: a little machine dispatching through a table of functions */
#include "kernel.h"

static unsigned acc;

static unsigned op_add(unsigned x)
{
    return acc + x;
}
static unsigned op_xor(unsigned x)
{
    return acc ^ x;
}
static unsigned op_mul(unsigned x)
{
    return acc * (x | 1);
}
static unsigned op_rot(unsigned x)
{
    return acc << (x & 31) | acc >> (-x & 31);
}

static unsigned (*volatile ops[4])(unsigned) = {op_add, op_xor, op_mul, op_rot};

unsigned run(unsigned n)
{
    acc = 1;
    for (unsigned i = 0; i < n; i++)
        acc = ops[(i ^ i >> 3) & 3](i);
    return acc;
}
