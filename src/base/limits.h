/* limits.h - every ceiling of the project, with its unit and its reason.
 *
 * A buffer, queue, table or recursion that hostile input can grow has its line
 * here.  Limits of one task (memory, gas, time, stack) are data, not constants:
 * see wasm/limits.h. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

/* Threads in one pool: more never helps one proof and each costs a stack. */
#define THREADS_MAX 256u

#endif
