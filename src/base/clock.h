/* clock.h - the two clocks: wall time for people and the store, monotonic time for intervals. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds since 1970-01-01 UTC. */
int64_t clock_wall_ms(void);
/* Nanoseconds that never go back; zero is arbitrary. */
int64_t clock_mono_ns(void);
/* Processor time of this process, all its threads. */
int64_t clock_process_ns(void);
void clock_sleep_ms(int64_t ms);

#define CLOCK_RFC3339_BYTES 36
/* "2026-01-02T03:04:05.678+00:00" */
void clock_rfc3339(char out[CLOCK_RFC3339_BYTES], int64_t wall_ms);

#endif
