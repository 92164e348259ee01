/* float: a 32-tap filter, f32 */
#include "kernel.h"

static float in[4096 + 32], out[4096], taps[32];

unsigned run(unsigned rounds)
{
    float sum = 0;

    for (int i = 0; i < 32; i++)
        taps[i] = (float)(i - 16) / 64.0f;
    for (int i = 0; i < 4096 + 32; i++)
        in[i] = (float)((i * 37) % 101) / 101.0f;
    while (rounds--) {
        for (int i = 0; i < 4096; i++) {
            float s = 0;

            for (int t = 0; t < 32; t++)
                s += taps[t] * in[i + t];
            out[i] = s;
        }
        in[rounds % 4096] += 0.001f;
        sum += out[rounds % 4096];
    }
    return (unsigned)(int)(sum * 1000.0f);
}
