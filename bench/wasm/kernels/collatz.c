/* integer, 64 bits: steps of the Collatz sequence, branches nobody predicts */
#include "kernel.h"

unsigned run(unsigned n)
{
    unsigned long long sum = 0;

    for (unsigned i = 1; i <= n; i++) {
        unsigned long long v = i;

        while (v != 1) {
            v = v & 1 ? 3 * v + 1 : v >> 1;
            sum++;
        }
    }
    return (unsigned)(sum ^ sum >> 32);
}
