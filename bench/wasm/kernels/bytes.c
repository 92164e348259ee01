/* memory: byte strings reversed, compared and counted */
#include "kernel.h"

static unsigned char text[4096], back[4096];
static unsigned histogram[256];

unsigned run(unsigned rounds)
{
    unsigned n = sizeof text, same = 0;

    for (unsigned i = 0; i < n; i++)
        text[i] = (unsigned char)(i * i >> 3);
    while (rounds--) {
        for (unsigned i = 0; i < n; i++)
            back[n - 1 - i] = text[i];
        for (unsigned i = 0; i < n; i++)
            same += text[i] == back[i];
        for (unsigned i = 0; i < n; i++)
            histogram[back[i]]++;
        text[rounds % n]++;
    }
    return same + histogram[65] * 7;
}
