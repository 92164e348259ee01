/* Which tables this processor and operating system can run. */
#include <cpuid.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bn254/kernels.h"
#include "bn254/x86/x86_kernels.h"

/* XCR0: the register files the operating system saves. */
static uint64_t saved_state(void)
{
    uint32_t lo, hi;

    __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return (uint64_t)hi << 32 | lo;
}

static bool has_ifma(unsigned leaf1_ecx, unsigned leaf7_ebx)
{
    const unsigned osxsave = 1u << 27, zmm_state = 0xe6;
    const unsigned f = 1u << 16, dq = 1u << 17, ifma = 1u << 21, bw = 1u << 30, vl = 1u << 31;
    const unsigned all = f | dq | ifma | bw | vl;

    return (leaf1_ecx & osxsave) && (saved_state() & zmm_state) == zmm_state &&
           (leaf7_ebx & all) == all;
}

static enum bn254_level detect(void)
{
    const unsigned bmi2 = 1u << 8, adx = 1u << 19;
    unsigned a, b, c, d, leaf1_ecx;

    if (!__get_cpuid(1, &a, &b, &c, &d))
        return BN254_C;
    leaf1_ecx = c;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (b & (bmi2 | adx)) != (bmi2 | adx))
        return BN254_C;
    return has_ifma(leaf1_ecx, b) ? BN254_IFMA : BN254_ADX;
}

/* Asked once: under a hypervisor cpuid takes tens of microseconds.  Racing first calls agree. */
const struct bn254_kernels *x86_kernels(enum bn254_level level)
{
    static const struct bn254_kernels *const table[] = {
        [BN254_ADX] = &kernels_adx, [BN254_IFMA] = &kernels_ifma};
    static atomic_int best = -1;
    int known = atomic_load_explicit(&best, memory_order_relaxed);

    if (known < 0) {
        known = (int)detect();
        atomic_store_explicit(&best, known, memory_order_relaxed);
    }
    return (int)level <= known ? table[level] : NULL;
}
