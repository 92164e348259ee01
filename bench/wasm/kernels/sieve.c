/* integer and memory: the sieve of Eratosthenes */
#include "kernel.h"

static unsigned char composite[1 << 20];

unsigned run(unsigned rounds)
{
    unsigned n = sizeof composite, count = 0;

    while (rounds--) {
        count = 0;
        for (unsigned i = 0; i < n; i++)
            composite[i] = 0;
        for (unsigned i = 2; i < n; i++) {
            if (composite[i])
                continue;
            count++;
            for (unsigned j = i + i; j < n; j += i)
                composite[j] = 1;
        }
    }
    return count;
}
