/* adx_mont.h - the Montgomery multiplication of mont.h with mulx, adcx and adox.
 *
 * Two carry chains run side by side: adcx adds the low halves of a row, adox the high
 * ones.  Five registers hold the sum and change roles from row to row instead of moving. */
#ifndef BN254_X86_ADX_MONT_H
#define BN254_X86_ADX_MONT_H

#include <stdint.h>

/* t0..t3, t4 = t0..t3 + b a; t4 is written first. */
#define ADX_ROW(b, t0, t1, t2, t3, t4)                                                             \
    "movq " b ", %%rdx\n\t"                                                                        \
    "xorl %k[" t4 "], %k[" t4 "]\n\t"                                                              \
    "mulxq 0(%[a]), %[lo], %[hi]\n\t"                                                              \
    "adcxq %[lo], %[" t0 "]\n\t"                                                                   \
    "adoxq %[hi], %[" t1 "]\n\t"                                                                   \
    "mulxq 8(%[a]), %[lo], %[hi]\n\t"                                                              \
    "adcxq %[lo], %[" t1 "]\n\t"                                                                   \
    "adoxq %[hi], %[" t2 "]\n\t"                                                                   \
    "mulxq 16(%[a]), %[lo], %[hi]\n\t"                                                             \
    "adcxq %[lo], %[" t2 "]\n\t"                                                                   \
    "adoxq %[hi], %[" t3 "]\n\t"                                                                   \
    "mulxq 24(%[a]), %[lo], %[hi]\n\t"                                                             \
    "adcxq %[lo], %[" t3 "]\n\t"                                                                   \
    "adoxq %[hi], %[" t4 "]\n\t"                                                                   \
    "movl $0, %k[lo]\n\t"                                                                          \
    "adcxq %[lo], %[" t4 "]\n\t"

/* Adds the multiple of m that clears t0, which is then free: it was zero. */
#define ADX_REDUCE(t0, t1, t2, t3, t4)                                                             \
    "movq %[" t0 "], %%rdx\n\t"                                                                    \
    "imulq %[ninv], %%rdx\n\t"                                                                     \
    "xorl %k[lo], %k[lo]\n\t"                                                                      \
    "mulxq 0(%[m]), %[lo], %[hi]\n\t"                                                              \
    "adcxq %[lo], %[" t0 "]\n\t"                                                                   \
    "adoxq %[hi], %[" t1 "]\n\t"                                                                   \
    "mulxq 8(%[m]), %[lo], %[hi]\n\t"                                                              \
    "adcxq %[lo], %[" t1 "]\n\t"                                                                   \
    "adoxq %[hi], %[" t2 "]\n\t"                                                                   \
    "mulxq 16(%[m]), %[lo], %[hi]\n\t"                                                             \
    "adcxq %[lo], %[" t2 "]\n\t"                                                                   \
    "adoxq %[hi], %[" t3 "]\n\t"                                                                   \
    "mulxq 24(%[m]), %[lo], %[hi]\n\t"                                                             \
    "adcxq %[lo], %[" t3 "]\n\t"                                                                   \
    "adoxq %[hi], %[" t4 "]\n\t"                                                                   \
    "adcxq %[" t0 "], %[" t4 "]\n\t"

/* The first row has nothing to add to. */
#define ADX_FIRST_ROW                                                                              \
    "movq 0(%[b]), %%rdx\n\t"                                                                      \
    "xorl %k[t4], %k[t4]\n\t"                                                                      \
    "mulxq 0(%[a]), %[t0], %[t1]\n\t"                                                              \
    "mulxq 8(%[a]), %[lo], %[t2]\n\t"                                                              \
    "adcxq %[lo], %[t1]\n\t"                                                                       \
    "mulxq 16(%[a]), %[lo], %[t3]\n\t"                                                             \
    "adcxq %[lo], %[t2]\n\t"                                                                       \
    "mulxq 24(%[a]), %[lo], %[hi]\n\t"                                                             \
    "adcxq %[lo], %[t3]\n\t"                                                                       \
    "adcxq %[hi], %[t4]\n\t"

/* out = a b / 2^256 mod m, inputs and output below m < 2^254; out may alias. */
static inline __attribute__((always_inline)) void adx_mont_mul(uint64_t out[4], const uint64_t a[4],
                                                               const uint64_t b[4],
                                                               const uint64_t m[4], uint64_t ninv)
{
    uint64_t t0, t1, t2, t3, t4, lo, hi;

    __asm__(ADX_FIRST_ROW ADX_REDUCE("t0", "t1", "t2", "t3", "t4")
                ADX_ROW("8(%[b])", "t1", "t2", "t3", "t4", "t0")
                    ADX_REDUCE("t1", "t2", "t3", "t4", "t0")
                        ADX_ROW("16(%[b])", "t2", "t3", "t4", "t0", "t1")
                            ADX_REDUCE("t2", "t3", "t4", "t0", "t1")
                                ADX_ROW("24(%[b])", "t3", "t4", "t0", "t1", "t2")
                                    ADX_REDUCE("t3", "t4", "t0", "t1", "t2")
            /* The result is t4, t0, t1, t2; less m when that is not negative. */
            "movq %[t4], %[t3]\n\t"
            "movq %[t0], %[lo]\n\t"
            "movq %[t1], %[hi]\n\t"
            "movq %[t2], %%rdx\n\t"
            "subq 0(%[m]), %[t3]\n\t"
            "sbbq 8(%[m]), %[lo]\n\t"
            "sbbq 16(%[m]), %[hi]\n\t"
            "sbbq 24(%[m]), %%rdx\n\t"
            "cmovncq %[t3], %[t4]\n\t"
            "cmovncq %[lo], %[t0]\n\t"
            "cmovncq %[hi], %[t1]\n\t"
            "cmovncq %%rdx, %[t2]\n\t"
            : [t0] "=&r"(t0), [t1] "=&r"(t1), [t2] "=&r"(t2), [t3] "=&r"(t3), [t4] "=&r"(t4),
              [lo] "=&r"(lo), [hi] "=&r"(hi)
            : [a] "r"(a), [b] "r"(b), [m] "r"(m), [ninv] "m"(ninv)
            : "rdx", "cc", "memory");
    out[0] = t4;
    out[1] = t0;
    out[2] = t1;
    out[3] = t2;
}

static inline __attribute__((always_inline)) void adx_add(uint64_t out[4], const uint64_t a[4],
                                                          const uint64_t b[4], const uint64_t m[4])
{
    uint64_t t0 = a[0], t1 = a[1], t2 = a[2], t3 = a[3], s0, s1, s2, s3;

    __asm__("addq 0(%[b]), %[t0]\n\t"
            "adcq 8(%[b]), %[t1]\n\t"
            "adcq 16(%[b]), %[t2]\n\t"
            "adcq 24(%[b]), %[t3]\n\t"
            "movq %[t0], %[s0]\n\t"
            "movq %[t1], %[s1]\n\t"
            "movq %[t2], %[s2]\n\t"
            "movq %[t3], %[s3]\n\t"
            "subq 0(%[m]), %[t0]\n\t"
            "sbbq 8(%[m]), %[t1]\n\t"
            "sbbq 16(%[m]), %[t2]\n\t"
            "sbbq 24(%[m]), %[t3]\n\t"
            "cmovcq %[s0], %[t0]\n\t"
            "cmovcq %[s1], %[t1]\n\t"
            "cmovcq %[s2], %[t2]\n\t"
            "cmovcq %[s3], %[t3]\n\t"
            : [t0] "+&r"(t0), [t1] "+&r"(t1), [t2] "+&r"(t2), [t3] "+&r"(t3), [s0] "=&r"(s0),
              [s1] "=&r"(s1), [s2] "=&r"(s2), [s3] "=&r"(s3)
            : [b] "r"(b), [m] "r"(m)
            : "cc", "memory");
    out[0] = t0;
    out[1] = t1;
    out[2] = t2;
    out[3] = t3;
}

static inline __attribute__((always_inline)) void adx_sub(uint64_t out[4], const uint64_t a[4],
                                                          const uint64_t b[4], const uint64_t m[4])
{
    uint64_t t0 = a[0], t1 = a[1], t2 = a[2], t3 = a[3], s0 = m[0], s1 = m[1], s2 = m[2], s3 = m[3];
    uint64_t zero = 0;

    __asm__("subq 0(%[b]), %[t0]\n\t"
            "sbbq 8(%[b]), %[t1]\n\t"
            "sbbq 16(%[b]), %[t2]\n\t"
            "sbbq 24(%[b]), %[t3]\n\t"
            "cmovncq %[zero], %[s0]\n\t"
            "cmovncq %[zero], %[s1]\n\t"
            "cmovncq %[zero], %[s2]\n\t"
            "cmovncq %[zero], %[s3]\n\t"
            "addq %[s0], %[t0]\n\t"
            "adcq %[s1], %[t1]\n\t"
            "adcq %[s2], %[t2]\n\t"
            "adcq %[s3], %[t3]\n\t"
            : [t0] "+&r"(t0), [t1] "+&r"(t1), [t2] "+&r"(t2), [t3] "+&r"(t3), [s0] "+&r"(s0),
              [s1] "+&r"(s1), [s2] "+&r"(s2), [s3] "+&r"(s3)
            : [b] "r"(b), [zero] "rm"(zero)
            : "cc", "memory");
    out[0] = t0;
    out[1] = t1;
    out[2] = t2;
    out[3] = t3;
}

#endif
