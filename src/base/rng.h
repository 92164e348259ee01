/* rng.h - random bytes from the operating system, and a seeded generator for tests,
 * simulations and the deterministic `random_get` of a task. */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

/* Uniform bytes from the kernel; never fails (it stops the process instead). */
void rng_bytes(void *out, size_t n);

/* A random (version 4) UUID, lower case, with its NUL. */
#define RNG_UUID_BYTES 37
void rng_uuid(char out[RNG_UUID_BYTES]);

/* n characters of [A-Za-z0-9], uniform, and a NUL: the body of keys and tokens. */
void rng_alphanumeric(char *out, size_t n);

/* xoshiro256** (Blackman, Vigna 2018), seeded by splitmix64: repeatable, not secret. */
struct prng {
    uint64_t s[4];
};

void prng_init(struct prng *r, uint64_t seed);
uint64_t prng_next(struct prng *r);
/* Uniform in [0, n), n > 0. */
uint64_t prng_below(struct prng *r, uint64_t n);

#endif
