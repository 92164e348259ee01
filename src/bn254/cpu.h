/* cpu.h - which of the three implementations of the heavy kernels runs.
 *
 * C is portable, ADX needs BMI2 and ADX, IFMA needs AVX-512 F/VL/DQ/BW and IFMA (and
 * ADX).  Whole kernels are dispatched: an MSM, an NTT, a pairing.  The level starts at
 * the best the processor and the operating system support; the environment variable
 * AMBIENT_CPU (c, adx or ifma) and bn254_level_set can lower it, nothing can raise it
 * above what the machine has. */
#ifndef BN254_CPU_H
#define BN254_CPU_H

enum bn254_level { BN254_C, BN254_ADX, BN254_IFMA };

/* The level in force. */
enum bn254_level bn254_level(void);
/* The best level of this machine, whatever is in force. */
enum bn254_level bn254_level_best(void);
/* 0, or -1 when the machine lacks it.  Safe at any time from any thread; a kernel
 * already running keeps the level it started with. */
int bn254_level_set(enum bn254_level level);
const char *bn254_level_name(enum bn254_level level);

#endif
