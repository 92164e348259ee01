/* sensors.c - see sensors.h.  Formats: proc(5), cgroups(7), and the kernel's
 * Documentation/ABI/testing/sysfs-class-thermal, -hwmon, -powercap. */
#include "node/sensors.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/threads.h"

#define PATH_BYTES  512
#define JIFFIES_MIN 5 /* between two readings that say anything about load */

bool cpu_times_parse(struct cpu_times *out, const char *text)
{
    /* user nice system idle iowait irq softirq steal; guest and guest_nice are in user and nice */
    unsigned long long v[8] = {0};
    uint64_t total = 0;
    int i, n;

    n = sscanf(text, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &v[0], &v[1], &v[2], &v[3],
               &v[4], &v[5], &v[6], &v[7]);
    if (n < 4)
        return false;
    for (i = 0; i < n; i++)
        total += v[i];
    out->total = total;
    out->busy = total - v[3] - v[4];
    return true;
}

double cpu_times_percent(const struct cpu_times *before, const struct cpu_times *after)
{
    if (after->total < before->total + JIFFIES_MIN || after->busy < before->busy)
        return NAN;
    return fmin(100, 100 * (double)(after->busy - before->busy) /
                         (double)(after->total - before->total));
}

/* The number after "\nName:" or at the start; false when absent. */
static bool meminfo_bytes(uint64_t *out, const char *text, const char *name)
{
    size_t n = strlen(name);
    const char *line = text;
    unsigned long long kb;

    while (line) {
        if (strncmp(line, name, n) == 0 && line[n] == ':') {
            if (sscanf(line + n + 1, "%llu", &kb) != 1 || kb > UINT64_MAX / 1024)
                return false;
            *out = kb * 1024;
            return true;
        }
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    return false;
}

bool memory_parse(struct memory_state *out, const char *meminfo)
{
    struct memory_state m;

    if (!meminfo_bytes(&m.total_bytes, meminfo, "MemTotal") ||
        !meminfo_bytes(&m.available_bytes, meminfo, "MemAvailable") || m.total_bytes == 0)
        return false;
    if (m.available_bytes > m.total_bytes)
        m.available_bytes = m.total_bytes;
    *out = m;
    return true;
}

void memory_narrow(struct memory_state *m, const char *limit, const char *usage)
{
    unsigned long long max, used;

    if (sscanf(limit, "%llu", &max) != 1 || sscanf(usage, "%llu", &used) != 1 || max == 0 ||
        max >= m->total_bytes)
        return;
    m->total_bytes = max;
    if (used >= max)
        m->available_bytes = 0;
    else if (max - used < m->available_bytes)
        m->available_bytes = max - used;
}

/* Lines are "id:controller,controller:path"; v2's has no controller. */
bool cgroup_path_parse(char *out, size_t size, const char *text, const char *controller)
{
    const char *line;
    char list[128], path[PATH_BYTES];

    for (line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        char *item, *save = NULL;
        bool found = false;

        path[0] = 0;
        if (!*controller) {
            found = sscanf(line, "0::%511[^\n]", path) == 1;
        } else if (sscanf(line, "%*d:%127[^:\n]:%511[^\n]", list, path) == 2) {
            for (item = strtok_r(list, ",", &save); item; item = strtok_r(NULL, ",", &save))
                found |= strcmp(item, controller) == 0;
        }
        if (found && path[0] == '/' && !strstr(path, "..") && strlen(path) < size) {
            memcpy(out, path, strlen(path) + 1);
            return true;
        }
    }
    return false;
}

double cgroup_cpus_parse(const char *cpu_max)
{
    double quota, period;

    if (sscanf(cpu_max, "%lf %lf", &quota, &period) != 2 || !(quota > 0) || !(period > 0))
        return NAN;
    return quota / period;
}

double temperature_parse(const char *text)
{
    char *end;
    double c;

    errno = 0;
    c = (double)strtol(text, &end, 10) / 1000;
    if (end == text || errno || (*end && !isspace((unsigned char)*end)) || c == 0 || c < -40 ||
        c > 150)
        return NAN;
    return c;
}

double energy_watts(const struct energy *before, const struct energy *after)
{
    int64_t ns = after->at_ns - before->at_ns;
    uint64_t spent;

    if (ns < 100000000)
        return NAN;
    if (after->microjoules >= before->microjoules)
        spent = after->microjoules - before->microjoules;
    else if (after->range >= before->microjoules)
        spent = after->range - before->microjoules + after->microjoules;
    else
        return NAN;
    return (double)spent * 1000 / (double)ns;
}

/* The content of root + path in *out, cleared first; false when it cannot be read. */
static bool slurp(struct buf *out, const char *root, const char *path)
{
    char full[2 * PATH_BYTES];

    buf_clear(out);
    if ((size_t)snprintf(full, sizeof full, "%s%s", root, path) >= sizeof full)
        return false;
    return file_read(out, full, NODE_FILE_BYTES_MAX, NULL) == VCP_OK;
}

static void consider(double *hottest, double c)
{
    if (!isnan(c) && !(c <= *hottest)) /* also true while *hottest is NAN */
        *hottest = c;
}

/* thermal_zone types that are not the machine's own heat. */
static bool zone_counts(const char *type)
{
    return !strstr(type, "wlan") && !strstr(type, "iwlwifi") && !strstr(type, "battery");
}

static void read_zones(struct buf *b, const char *root, double *hottest)
{
    char path[PATH_BYTES];
    int i;

    for (i = 0; i < 64; i++) {
        snprintf(path, sizeof path, "/sys/class/thermal/thermal_zone%d/type", i);
        if (!slurp(b, root, path))
            return; /* zones are numbered without gaps */
        if (!zone_counts(buf_str(b)))
            continue;
        snprintf(path, sizeof path, "/sys/class/thermal/thermal_zone%d/temp", i);
        if (slurp(b, root, path))
            consider(hottest, temperature_parse(buf_str(b)));
    }
}

static bool chip_counts(const char *name)
{
    static const char *const known[] = {"coretemp", "k10temp", "zenpower", "cpu", "soc", "acpitz"};
    size_t i;

    for (i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strstr(name, known[i]))
            return true;
    return false;
}

static void read_hwmon(struct buf *b, const char *root, double *hottest)
{
    char path[PATH_BYTES];
    int i, k;

    for (i = 0; i < 32; i++) {
        snprintf(path, sizeof path, "/sys/class/hwmon/hwmon%d/name", i);
        if (!slurp(b, root, path) || !chip_counts(buf_str(b)))
            continue;
        for (k = 1; k <= 32; k++) {
            snprintf(path, sizeof path, "/sys/class/hwmon/hwmon%d/temp%d_input", i, k);
            if (slurp(b, root, path))
                consider(hottest, temperature_parse(buf_str(b)));
        }
    }
}

static bool read_energy(struct buf *b, const char *root, int package, struct energy *out)
{
    char path[PATH_BYTES];
    unsigned long long uj, range = 0;

    snprintf(path, sizeof path, "/sys/class/powercap/intel-rapl:%d/energy_uj", package);
    if (!slurp(b, root, path) || sscanf(buf_str(b), "%llu", &uj) != 1)
        return false;
    out->at_ns = clock_mono_ns();
    snprintf(path, sizeof path, "/sys/class/powercap/intel-rapl:%d/max_energy_range_uj", package);
    if (slurp(b, root, path) && sscanf(buf_str(b), "%llu", &range) != 1)
        range = 0;
    out->microjoules = uj;
    out->range = range;
    return true;
}

/* The sum over packages; NAN unless every package that counts gave a difference. */
static double read_power(struct sensors *s, struct buf *b)
{
    double watts = NAN;
    int i;

    for (i = 0; i < SENSORS_PACKAGES_MAX; i++) {
        struct energy now;
        double w = NAN;

        if (!read_energy(b, s->root, i, &now)) {
            s->has_energy[i] = false;
            continue;
        }
        if (s->has_energy[i])
            w = energy_watts(&s->energy[i], &now);
        if (!isnan(w))
            watts = isnan(watts) ? w : watts + w;
        s->energy[i] = now;
        s->has_energy[i] = true;
    }
    return watts;
}

/* One level of a cgroup hierarchy: v2 first, v1 otherwise. */
static void narrow_by_cgroup(struct memory_state *m, struct buf *b, const char *root)
{
    struct buf usage;
    char path[PATH_BYTES], file[2 * PATH_BYTES];
    const char *base = "/sys/fs/cgroup", *limit_name = "memory.max", *usage_name = "memory.current";

    if (!slurp(b, root, "/proc/self/cgroup"))
        return;
    if (cgroup_path_parse(path, sizeof path, buf_str(b), "memory")) {
        base = "/sys/fs/cgroup/memory";
        limit_name = "memory.limit_in_bytes";
        usage_name = "memory.usage_in_bytes";
    } else if (!cgroup_path_parse(path, sizeof path, buf_str(b), "")) {
        return;
    }
    buf_init(&usage, 0);
    snprintf(file, sizeof file, "%s%s/%s", base, path, usage_name);
    if (slurp(&usage, root, file)) {
        snprintf(file, sizeof file, "%s%s/%s", base, path, limit_name);
        if (slurp(b, root, file))
            memory_narrow(m, buf_str(b), buf_str(&usage));
    }
    buf_release(&usage);
}

static bool read_memory(struct memory_state *m, struct buf *b, const char *root)
{
    if (!slurp(b, root, "/proc/meminfo") || !memory_parse(m, buf_str(b)))
        return false;
    narrow_by_cgroup(m, b, root);
    return true;
}

static double read_cpu(struct sensors *s, struct buf *b)
{
    struct cpu_times now;
    double percent = NAN;

    if (!slurp(b, s->root, "/proc/stat") || !cpu_times_parse(&now, buf_str(b))) {
        s->has_cpu = false;
        return NAN;
    }
    if (s->has_cpu)
        percent = cpu_times_percent(&s->cpu, &now);
    s->cpu = now;
    s->has_cpu = true;
    return percent;
}

void sensors_init(struct sensors *s, const char *root)
{
    struct telemetry ignored;

    memset(s, 0, sizeof *s);
    s->root = root;
    sensors_read(s, &ignored);
}

void sensors_read(struct sensors *s, struct telemetry *t)
{
    struct memory_state m;
    struct buf b;

    buf_init(&b, 0);
    t->cpu_usage_percent = read_cpu(s, &b);
    t->memory_usage_percent = read_memory(&m, &b, s->root)
                                  ? 100 * (double)(m.total_bytes - m.available_bytes) /
                                        (double)m.total_bytes
                                  : NAN;
    t->temperature_c = NAN;
    read_zones(&b, s->root, &t->temperature_c);
    read_hwmon(&b, s->root, &t->temperature_c);
    t->power_watts = read_power(s, &b);
    t->timestamp = clock_wall_ms() / 1000;
    buf_release(&b);
}

/* A graphics processor that can compute has a render node. */
static bool has_gpu(const char *root)
{
    char path[PATH_BYTES];

    snprintf(path, sizeof path, "%s/dev/dri/renderD128", root);
    if (access(path, F_OK) == 0)
        return true;
    snprintf(path, sizeof path, "%s/dev/nvidia0", root);
    return access(path, F_OK) == 0;
}

static unsigned granted_cpus(struct buf *b, const char *root)
{
    char path[PATH_BYTES], file[2 * PATH_BYTES];
    unsigned n = threads_cpus();
    double cpus = NAN;

    if (slurp(b, root, "/proc/self/cgroup") &&
        cgroup_path_parse(path, sizeof path, buf_str(b), "")) {
        snprintf(file, sizeof file, "/sys/fs/cgroup%s/cpu.max", path);
        if (slurp(b, root, file))
            cpus = cgroup_cpus_parse(buf_str(b));
    }
    if (!isnan(cpus) && cpus < n)
        n = cpus < 1 ? 1 : (unsigned)cpus;
    return n;
}

void machine_read(struct machine *m, const char *root)
{
    struct memory_state memory;
    struct buf b;

    buf_init(&b, 0);
    memset(m, 0, sizeof *m);
    m->cpu_cores = granted_cpus(&b, root);
    if (read_memory(&memory, &b, root))
        m->memory_gb = (double)memory.total_bytes / (double)(1u << 30);
    m->gpu = has_gpu(root);
    if (gethostname(m->hostname, sizeof m->hostname - 1) < 0)
        snprintf(m->hostname, sizeof m->hostname, "node");
    buf_release(&b);
}
