#include "wasm/limits.h"

#include <string.h>

#include "base/limits.h"

static const struct {
    const char *name;
    struct run_limits limits;
} presets[] = {
    {"default",
     {.memory_bytes_max = 512ull << 20,
      .gas_max = 10000000000ull,
      .output_bytes_max = 16ull << 20,
      .timeout_ms = 30000,
      .call_depth_max = 32768,
      .stack_slots_max = 1u << 20}},
    {"strict",
     {.memory_bytes_max = 256ull << 20,
      .gas_max = 1000000000ull,
      .output_bytes_max = 4ull << 20,
      .timeout_ms = 10000,
      .call_depth_max = 8192,
      .stack_slots_max = 1u << 18}},
    {"relaxed",
     {.memory_bytes_max = 1024ull << 20,
      .gas_max = 50000000000ull,
      .output_bytes_max = 64ull << 20,
      .timeout_ms = 60000,
      .call_depth_max = 65536,
      .stack_slots_max = 1u << 21}},
};

int run_limits_preset(struct run_limits *out, const char *name, struct err *err)
{
    for (unsigned i = 0; i < sizeof presets / sizeof *presets; i++)
        if (strcmp(name, presets[i].name) == 0) {
            *out = presets[i].limits;
            return VCP_OK;
        }
    return err_set(err, VCP_EINVAL, "limits \"%.50s\": want \"default\", \"strict\" or \"relaxed\"",
                   name);
}

static int check(const char *name, uint64_t value, uint64_t min, uint64_t max, struct err *err)
{
    if (value >= min && value <= max)
        return VCP_OK;
    return err_set(err, VCP_EINVAL, "%s is %llu: want %llu to %llu", name,
                   (unsigned long long)value, (unsigned long long)min, (unsigned long long)max);
}

int run_limits_check(const struct run_limits *l, struct err *err)
{
    int rc = check("memory_bytes_max", l->memory_bytes_max, 0, RUN_MEMORY_BYTES_MAX, err);

    if (rc == VCP_OK)
        rc = check("gas_max", l->gas_max, 0, UINT64_MAX / 4, err);
    if (rc == VCP_OK)
        rc = check("output_bytes_max", l->output_bytes_max, 0, RUN_OUTPUT_BYTES_MAX, err);
    if (rc == VCP_OK)
        rc = check("call_depth_max", l->call_depth_max, 1, RUN_CALL_DEPTH_MAX, err);
    if (rc == VCP_OK)
        rc = check("stack_slots_max", l->stack_slots_max, 1, RUN_STACK_SLOTS_MAX, err);
    return rc;
}

const char *run_status_name(enum run_status status)
{
    switch (status) {
    case RUN_OK: return "ok";
    case RUN_EXIT: return "exit";
    case RUN_TRAP: return "trap";
    case RUN_OUT_OF_GAS: return "out of gas";
    case RUN_TIMEOUT: return "timeout";
    case RUN_CANCELLED: return "cancelled";
    case RUN_OUT_OF_MEMORY: return "out of memory";
    }
    return "?";
}
