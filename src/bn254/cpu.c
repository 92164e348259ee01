#include "bn254/cpu.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "bn254/kernels.h"

static const char *const level_names[] = {"c", "adx", "ifma"};

/* x86/detect.c; elsewhere only the portable table is linked. */
#ifdef BN254_X86
const struct bn254_kernels *x86_kernels(enum bn254_level level);
#else
static const struct bn254_kernels *x86_kernels(enum bn254_level level)
{
    (void)level;
    return NULL;
}
#endif

/* The table in force; NULL before the first use.  Racing first uses agree. */
static _Atomic(const struct bn254_kernels *) current;

const struct bn254_kernels *bn254_kernels_at(enum bn254_level level)
{
    return level == BN254_C ? &kernels_c : x86_kernels(level);
}

enum bn254_level bn254_level_best(void)
{
    int level = BN254_IFMA;

    while (!bn254_kernels_at((enum bn254_level)level))
        level--;
    return (enum bn254_level)level;
}

/* The best level, or what AMBIENT_CPU names when the machine has it; an unknown name is
 * ignored. */
static const struct bn254_kernels *first_choice(void)
{
    const char *name = getenv("AMBIENT_CPU");
    int level = bn254_level_best();

    for (int i = 0; name && i < level; i++)
        if (strcmp(name, level_names[i]) == 0)
            level = i;
    return bn254_kernels_at((enum bn254_level)level);
}

const struct bn254_kernels *bn254_kernels(void)
{
    const struct bn254_kernels *k = atomic_load_explicit(&current, memory_order_acquire);
    const struct bn254_kernels *none = NULL;

    if (k)
        return k;
    k = first_choice();
    return atomic_compare_exchange_strong(&current, &none, k) ? k : none;
}

enum bn254_level bn254_level(void)
{
    return bn254_kernels()->level;
}

int bn254_level_set(enum bn254_level level)
{
    const struct bn254_kernels *k = bn254_kernels_at(level);

    if (!k)
        return -1;
    atomic_store(&current, k);
    return 0;
}

const char *bn254_level_name(enum bn254_level level)
{
    return level_names[level];
}
