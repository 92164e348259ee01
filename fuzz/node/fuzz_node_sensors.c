/* Any text as a file of /proc or /sys: values are in range or absent. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "node/sensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct cpu_times before = {10, 100};
    struct memory_state m = {1 << 20, 1 << 19};
    struct cpu_times cpu;
    char *text = malloc(size + 1), path[64];
    double v;

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = 0;
    if (cpu_times_parse(&cpu, text)) {
        v = cpu_times_percent(&before, &cpu);
        assert(isnan(v) || (v >= 0 && v <= 100));
    }
    memory_narrow(&m, text, text);
    if (memory_parse(&m, text))
        assert(m.available_bytes <= m.total_bytes && m.total_bytes > 0);
    memory_narrow(&m, "1000", text);
    memory_narrow(&m, text, "1000");
    if (cgroup_path_parse(path, sizeof path, text, "memory") ||
        cgroup_path_parse(path, sizeof path, text, ""))
        assert(path[0] == '/' && strlen(path) < sizeof path && !strstr(path, ".."));
    v = temperature_parse(text);
    assert(isnan(v) || (v >= -40 && v <= 150));
    v = cgroup_cpus_parse(text);
    assert(isnan(v) || v > 0);
    free(text);
    return 0;
}
