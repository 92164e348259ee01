/* sensors.h - what Linux says of this machine: load, memory, heat, power.
 *
 * Every parser takes the text of a file, so that tests can feed it samples from
 * other machines; sensors_* at the end open the real files.  A value that cannot
 * be read is absent (NAN), never zero.  Roots other than "" let tests offer a
 * folder that looks like / to the reader. */
#ifndef NODE_SENSORS_H
#define NODE_SENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mesh/telemetry.h"

/* Jiffies since boot, of the first line of /proc/stat. */
struct cpu_times {
    uint64_t busy, total;
};

/* idle and iowait count as idle; guest time is already part of user time. */
bool cpu_times_parse(struct cpu_times *out, const char *text);
/* 0..100 between two readings; NAN when no time has passed or the counters went back. */
double cpu_times_percent(const struct cpu_times *before, const struct cpu_times *after);

struct memory_state {
    uint64_t total_bytes, available_bytes;
};

/* MemTotal and MemAvailable of /proc/meminfo. */
bool memory_parse(struct memory_state *out, const char *meminfo);
/* Narrows the state to a cgroup's limit: limit and usage are the texts of
 * memory.max and memory.current (v2) or memory.limit_in_bytes and
 * memory.usage_in_bytes (v1); "max" or a limit beyond the machine changes nothing. */
void memory_narrow(struct memory_state *m, const char *limit, const char *usage);

/* The path of this process in a cgroup hierarchy, from /proc/self/cgroup: the line
 * of controller ("memory"; "" for v2).  false when it is not there. */
bool cgroup_path_parse(char *out, size_t size, const char *text, const char *controller);
/* CPUs granted by "quota period" (cpu.max), NAN for "max" or nonsense. */
double cgroup_cpus_parse(const char *cpu_max);

/* Millidegrees as sysfs prints them to degrees; NAN outside -40..150 C, and for
 * exactly 0, which is what absent sensors say. */
double temperature_parse(const char *text);

/* Microjoules counted by RAPL, which wraps at range. */
struct energy {
    uint64_t microjoules, range;
    int64_t at_ns;
};
/* Watts between two readings; NAN when less than 100 ms apart. */
double energy_watts(const struct energy *before, const struct energy *after);

#define SENSORS_PACKAGES_MAX 8 /* CPU packages with RAPL counters */

/* Readings that only make sense as differences. */
struct sensors {
    const char *root; /* "" for this machine */
    struct cpu_times cpu;
    bool has_cpu;
    struct energy energy[SENSORS_PACKAGES_MAX];
    bool has_energy[SENSORS_PACKAGES_MAX];
};

/* Takes the first readings. */
void sensors_init(struct sensors *s, const char *root);
/* CPU, memory, temperature and power into *t; latency, bandwidth and the rest are untouched. */
void sensors_read(struct sensors *s, struct telemetry *t);

/* What this machine can give: affinity and cgroup limits respected. */
struct machine {
    unsigned cpu_cores;
    double memory_gb; /* 2^30 bytes */
    bool gpu;
    char hostname[64];
};
void machine_read(struct machine *m, const char *root);

#endif
