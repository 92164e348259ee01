/* numbers.c - plain exported functions: scalars in, scalars out, no libc, nothing imported.
 *
 *   ambient run numbers.wasm --entry fib 30 */
#include <stdint.h>

/* Deliberately the slow way: a workload of calls. */
__attribute__((export_name("fib"))) uint32_t fib(uint32_t n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

__attribute__((export_name("gcd"))) uint64_t gcd(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t r = a % b;

        a = b;
        b = r;
    }
    return a;
}

__attribute__((export_name("factorial"))) uint64_t factorial(uint32_t n)
{
    uint64_t f = 1;

    for (; n > 1; n--)
        f *= n;
    return f;
}

#define SIEVE_MAX 10000000u

static uint8_t composite[SIEVE_MAX + 1];

/* How many primes there are up to n (at most 10,000,000; beyond that it traps). */
__attribute__((export_name("primes"))) uint32_t primes(uint32_t n)
{
    uint32_t count = 0;

    if (n > SIEVE_MAX)
        __builtin_trap();
    for (uint32_t i = 2; i <= n; i++)
        composite[i] = 0;
    for (uint32_t i = 2; i <= n; i++) {
        if (composite[i])
            continue;
        count++;
        for (uint64_t j = (uint64_t)i * i; j <= n; j += i)
            composite[j] = 1;
    }
    return count;
}

/* The area under sqrt(1 - x^2) in [0, 1] by n midpoints: a quarter of pi, in floats. */
__attribute__((export_name("quarter_pi"))) double quarter_pi(uint32_t n)
{
    double sum = 0;

    for (uint32_t i = 0; i < n; i++) {
        double x = (i + 0.5) / n;

        sum += __builtin_sqrt(1 - x * x);
    }
    return sum / n;
}
