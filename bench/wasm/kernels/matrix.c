/* memory: product of integer matrices */
#include "kernel.h"

enum { N = 128 };
static int a[N][N], b[N][N], c[N][N];

unsigned run(unsigned rounds)
{
    unsigned sum = 0;

    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            a[i][j] = i * 3 + j, b[i][j] = i - j * 5;
    while (rounds--) {
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) {
                int s = 0;

                for (int l = 0; l < N; l++)
                    s += a[i][l] * b[l][j];
                c[i][j] = s;
            }
        a[rounds % N][rounds / N % N]++;
        sum += (unsigned)c[rounds % N][5];
    }
    return sum;
}
