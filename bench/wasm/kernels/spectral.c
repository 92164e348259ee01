/* float: spectral norm, divisions and calls, f64 */
#include "kernel.h"

enum { N = 200 };
static double u[N], v[N], t[N];

static double a(int i, int j)
{
    return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1);
}

static void times(double out[N], const double in[N], int transposed)
{
    for (int i = 0; i < N; i++) {
        double s = 0;

        for (int j = 0; j < N; j++)
            s += (transposed ? a(j, i) : a(i, j)) * in[j];
        out[i] = s;
    }
}

unsigned run(unsigned rounds)
{
    double vbv = 0, vv = 0;

    for (int i = 0; i < N; i++)
        u[i] = 1;
    while (rounds--) {
        times(t, u, 0), times(v, t, 1);
        times(t, v, 0), times(u, t, 1);
    }
    for (int i = 0; i < N; i++)
        vbv += u[i] * v[i], vv += v[i] * v[i];
    return (unsigned)(__builtin_sqrt(vbv / vv) * 1e9);
}
