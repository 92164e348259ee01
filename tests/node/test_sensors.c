/* What machines print in /proc and /sys, ours and others', and what must come of it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "node/sensors.h"
#include "test.h"

static void cpu_percent_is_the_busy_share_between_two_readings(void **state)
{
    struct cpu_times a, b;

    (void)state;
    assert_true(cpu_times_parse(&a, "cpu  100 20 30 800 50 0 0 0 0 0\ncpu0 1 2 3 4\n"));
    assert_true(a.total == 1000 && a.busy == 150);
    assert_true(cpu_times_parse(&b, "cpu  150 20 80 880 70 0 0 0 0 0\n"));
    assert_true(fabs(cpu_times_percent(&a, &b) - 50) < 1e-9);
    assert_true(isnan(cpu_times_percent(&b, &b)));
    assert_true(isnan(cpu_times_percent(&b, &a)));
    assert_true(cpu_times_parse(&a, "cpu 1 2 3 4")); /* an old kernel's four columns */
    assert_false(cpu_times_parse(&a, "cpu 1 2 3"));
    assert_false(cpu_times_parse(&a, "intr 1 2 3 4"));
    assert_false(cpu_times_parse(&a, ""));
}

static void memory_comes_from_memavailable(void **state)
{
    struct memory_state m;

    (void)state;
    assert_true(
        memory_parse(&m, "MemTotal:       1000 kB\nMemFree:  10 kB\nMemAvailable:    400 kB\n"));
    assert_true(m.total_bytes == 1024000 && m.available_bytes == 409600);
    assert_false(memory_parse(&m, "MemTotal: 1000 kB\nMemFree: 10 kB\n"));
    assert_false(memory_parse(&m, "XMemTotal: 1 kB\nMemAvailable: 1 kB\n"));
    assert_false(memory_parse(&m, "MemTotal: 0 kB\nMemAvailable: 0 kB\n"));
    assert_true(memory_parse(&m, "MemTotal: 10 kB\nMemAvailable: 99 kB\n"));
    assert_true(m.available_bytes == m.total_bytes);
}

static void a_cgroup_narrows_memory_and_cpus(void **state)
{
    struct memory_state m = {8000, 6000};

    (void)state;
    memory_narrow(&m, "max\n", "5\n");
    memory_narrow(&m, "9223372036854771712\n", "5\n");
    assert_true(m.total_bytes == 8000 && m.available_bytes == 6000);
    memory_narrow(&m, "4000\n", "1000\n");
    assert_true(m.total_bytes == 4000 && m.available_bytes == 3000);
    memory_narrow(&m, "2000\n", "5000\n");
    assert_true(m.total_bytes == 2000 && m.available_bytes == 0);
    assert_true(fabs(cgroup_cpus_parse("150000 100000\n") - 1.5) < 1e-9);
    assert_true(isnan(cgroup_cpus_parse("max 100000\n")));
    assert_true(isnan(cgroup_cpus_parse("0 0")));
    assert_true(isnan(cgroup_cpus_parse("")));
}

static void cgroup_paths_of_both_versions_are_found(void **state)
{
    const char *v1 = "9:name=systemd:/\n4:cpu,memory:/a/b\n0::/\n", *v2 = "0::/user.slice/x\n";
    char path[64];

    (void)state;
    assert_true(cgroup_path_parse(path, sizeof path, v1, "memory"));
    assert_string_equal(path, "/a/b");
    assert_true(cgroup_path_parse(path, sizeof path, v2, ""));
    assert_string_equal(path, "/user.slice/x");
    assert_false(cgroup_path_parse(path, sizeof path, v2, "memory"));
    assert_false(cgroup_path_parse(path, sizeof path, "0::/../../etc\n", ""));
    assert_false(cgroup_path_parse(path, 4, v2, ""));
    assert_false(cgroup_path_parse(path, sizeof path, "", ""));
}

static void implausible_temperatures_are_absent(void **state)
{
    (void)state;
    assert_true(fabs(temperature_parse("45500\n") - 45.5) < 1e-9);
    assert_true(fabs(temperature_parse("-5000") + 5) < 1e-9);
    assert_true(isnan(temperature_parse("0\n")));
    assert_true(isnan(temperature_parse("-273200\n")));
    assert_true(isnan(temperature_parse("200000\n")));
    assert_true(isnan(temperature_parse("")));
    assert_true(isnan(temperature_parse("12x")));
    assert_true(isnan(temperature_parse("99999999999999999999999")));
}

static void power_is_energy_over_time_and_survives_the_wrap(void **state)
{
    struct energy a = {1000000, 5000000, 0}, b = {3000000, 5000000, 1000000000};
    struct energy wrapped = {500000, 5000000, 2000000000};

    (void)state;
    assert_true(fabs(energy_watts(&a, &b) - 2) < 1e-9);
    assert_true(fabs(energy_watts(&b, &wrapped) - 2.5) < 1e-9);
    b.at_ns = 50000000;
    assert_true(isnan(energy_watts(&a, &b)));
    wrapped.range = 0;
    b.at_ns = 1000000000;
    assert_true(isnan(energy_watts(&b, &wrapped)));
}

/* ---- a machine made of files ---- */

static char root[64];

static void put(const char *path, const char *text)
{
    char full[256], *slash;
    struct err err;

    snprintf(full, sizeof full, "%s%s", root, path);
    slash = strrchr(full, '/');
    *slash = 0;
    assert_ok(file_make_dirs(full, &err), err);
    *slash = '/';
    assert_ok(file_write(full, text, strlen(text), 0644, &err), err);
}

static int make_root(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "/tmp/ambient-sensors-XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command);
}

static void an_empty_machine_has_no_readings(void **state)
{
    struct sensors s;
    struct telemetry t;

    (void)state;
    telemetry_init(&t);
    sensors_init(&s, root);
    sensors_read(&s, &t);
    assert_true(isnan(t.cpu_usage_percent) && isnan(t.memory_usage_percent));
    assert_true(isnan(t.temperature_c) && isnan(t.power_watts));
    assert_true(t.timestamp > 0);
}

static void the_hottest_plausible_sensor_counts(void **state)
{
    struct sensors s;
    struct telemetry t;

    (void)state;
    put("/proc/stat", "cpu 0 0 0 100 0 0 0 0\n");
    put("/proc/meminfo", "MemTotal: 1000 kB\nMemAvailable: 250 kB\n");
    put("/proc/self/cgroup", "0::/box\n");
    put("/sys/fs/cgroup/box/memory.max", "512000\n");
    put("/sys/fs/cgroup/box/memory.current", "384000\n");
    put("/sys/class/thermal/thermal_zone0/type", "acpitz\n");
    put("/sys/class/thermal/thermal_zone0/temp", "40000\n");
    put("/sys/class/thermal/thermal_zone1/type", "iwlwifi_1\n");
    put("/sys/class/thermal/thermal_zone1/temp", "99000\n");
    put("/sys/class/hwmon/hwmon0/name", "nvme\n");
    put("/sys/class/hwmon/hwmon0/temp1_input", "90000\n");
    put("/sys/class/hwmon/hwmon3/name", "k10temp\n");
    put("/sys/class/hwmon/hwmon3/temp1_input", "61250\n");
    put("/sys/class/powercap/intel-rapl:0/energy_uj", "1000\n");
    put("/sys/class/powercap/intel-rapl:0/max_energy_range_uj", "262143328850\n");
    sensors_init(&s, root);
    clock_sleep_ms(120);
    put("/proc/stat", "cpu 25 0 0 175 0 0 0 0\n");
    put("/sys/class/powercap/intel-rapl:0/energy_uj", "1001000\n");
    sensors_read(&s, &t);
    assert_true(fabs(t.cpu_usage_percent - 25) < 1e-9);
    assert_true(fabs(t.memory_usage_percent - 75) < 1e-9);
    assert_true(fabs(t.temperature_c - 61.25) < 1e-9);
    assert_true(t.power_watts > 0.5 && t.power_watts < 9);
}

static void this_machine_has_load_and_memory(void **state)
{
    struct sensors s;
    struct telemetry t;
    struct machine m;

    (void)state;
    sensors_init(&s, "");
    clock_sleep_ms(60);
    sensors_read(&s, &t);
    assert_true(t.memory_usage_percent > 0 && t.memory_usage_percent <= 100);
    assert_true(isnan(t.cpu_usage_percent) ||
                (t.cpu_usage_percent >= 0 && t.cpu_usage_percent <= 100));
    machine_read(&m, "");
    assert_true(m.cpu_cores >= 1 && m.memory_gb > 0.1 && m.hostname[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cpu_percent_is_the_busy_share_between_two_readings),
        cmocka_unit_test(memory_comes_from_memavailable),
        cmocka_unit_test(a_cgroup_narrows_memory_and_cpus),
        cmocka_unit_test(cgroup_paths_of_both_versions_are_found),
        cmocka_unit_test(implausible_temperatures_are_absent),
        cmocka_unit_test(power_is_energy_over_time_and_survives_the_wrap),
        cmocka_unit_test_setup_teardown(an_empty_machine_has_no_readings, make_root, remove_root),
        cmocka_unit_test_setup_teardown(the_hottest_plausible_sensor_counts, make_root,
                                        remove_root),
        cmocka_unit_test(this_machine_has_load_and_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
