/* quicksort of n numbers, small pieces by insertion; 0 when they are not in order after it */
#include "program.h"

typedef unsigned u32;

enum { MAX = 1 << 16, SMALL = 12 };

static u32 v[MAX];

static void insertion(u32 *a, int n)
{
    for (int i = 1; i < n; i++) {
        u32 x = a[i];
        int j = i;

        for (; j > 0 && a[j - 1] > x; j--)
            a[j] = a[j - 1];
        a[j] = x;
    }
}

static u32 middle(u32 a, u32 b, u32 c)
{
    return a < b ? (b < c ? b : a < c ? c : a) : (a < c ? a : b < c ? c : b);
}

static void sort(u32 *a, int n)
{
    while (n > SMALL) {
        u32 pivot = middle(a[0], a[n / 2], a[n - 1]);
        int i = 0, j = n - 1;

        for (;; i++, j--) {
            while (a[i] < pivot)
                i++;
            while (a[j] > pivot)
                j--;
            if (i >= j)
                break;
            u32 t = a[i];
            a[i] = a[j], a[j] = t;
        }
        if (i < n - i) { /* the shorter side by a call, the longer by the loop */
            sort(a, i);
            a += i, n -= i;
        } else {
            sort(a + i, n - i);
            n = i;
        }
    }
    insertion(a, n);
}

unsigned run(unsigned n)
{
    u32 seed = 12345, sum = 0;

    if (n > MAX)
        return 0;
    for (u32 i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        v[i] = seed ^ seed >> 15;
    }
    sort(v, (int)n);
    for (u32 i = 0; i + 1 < n; i++) {
        if (v[i] > v[i + 1])
            return 0;
        sum = sum * 31 + v[i];
    }
    return sum;
}
