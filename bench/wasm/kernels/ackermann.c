/* calls: Ackermann's function, deep recursion */
#include "kernel.h"

__attribute__((noinline)) static unsigned ack(unsigned m, unsigned n)
{
    if (m == 0)
        return n + 1;
    return n == 0 ? ack(m - 1, 1) : ack(m - 1, ack(m, n - 1));
}

unsigned run(unsigned rounds)
{
    unsigned sum = 0;

    while (rounds--)
        sum += ack(2, 400 + (rounds & 15)) + ack(3, 5);
    return sum;
}
