/* float: the Mandelbrot set, f64 */
#include "kernel.h"

unsigned run(unsigned size)
{
    unsigned total = 0;

    for (unsigned py = 0; py < size; py++)
        for (unsigned px = 0; px < size; px++) {
            double cr = 3.0 * px / size - 2.0, ci = 2.0 * py / size - 1.0, r = 0, i = 0;
            unsigned n = 0;

            while (n < 100 && r * r + i * i <= 4.0) {
                double t = r * r - i * i + cr;

                i = 2.0 * r * i + ci;
                r = t;
                n++;
            }
            total += n;
        }
    return total;
}
