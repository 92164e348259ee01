/* task_spec.c - parsing and printing of task specs; see task_spec.h for the form.
 *
 * Order of checks as the predecessor's: type, module allowed, time within the
 * type's cap, inputs, then ranges. */
#include "mesh/task_spec.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

static const struct task_type types[] = {
    {"wasm_execution", "compute", 100, 4, 8, false, 900, 10, true},
    {"federated_learning", "compute", 500, 8, 32, false, 3600, 50, false},
    {"zk_proof", "compute", 100, 8, 16, false, 1800, 25, false},
    {"computation", "compute", 50, 4, 8, false, 1800, 20, false},
};

const struct task_type *task_type_find(const char *name)
{
    size_t i;

    for (i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(types[i].name, name) == 0)
            return &types[i];
    return NULL;
}

#define PROVING_SECONDS_DEFAULT 300

static const char *const policy_names[] = {"none", "replicate", "audit", "proof"};
static const char *const strategy_names[] = {"default", "weighted", "round-robin", "least-loaded",
                                             "latency-aware"};

const char *task_policy_name(enum task_policy_kind k)
{
    return policy_names[k];
}

const char *task_strategy_name(enum task_strategy s)
{
    return strategy_names[s];
}

/* Index of name in names[n], or -1. */
static int name_index(const char *const names[], int n, const char *name)
{
    int i;

    for (i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

int task_strategy_parse(enum task_strategy *out, const char *name)
{
    int i = name_index(strategy_names, 5, name);

    if (i < 0)
        return VCP_EINVAL;
    *out = (enum task_strategy)i;
    return VCP_OK;
}

uint32_t task_spec_shares(const struct task_spec *s)
{
    return s->policy == TASK_POLICY_AUDIT ? 2 : s->requirements.min_nodes;
}

static int no_memory(struct err *err)
{
    return err_set(err, VCP_ENOMEM, "no memory for the task");
}

/* Copies an optional string member into the arena. */
static int get_copy(const char **out, struct arena *a, json_t *j, const char *key, size_t max_bytes,
                    struct err *err)
{
    const char *s = NULL;
    int rc = json_get_str(&s, j, key, max_bytes, err);

    if (rc < 0 || !s)
        return rc;
    *out = arena_strdup(a, s);
    return *out ? VCP_OK : no_memory(err);
}

static int get_digest(const char **out, struct arena *a, json_t *j, const char *key,
                      struct err *err)
{
    const char *s = NULL;
    int rc = get_copy(&s, a, j, key, 64, err);

    if (rc < 0 || !s)
        return rc;
    if (!sha3_hex_is_valid(s))
        return err_set(err, VCP_EINVAL, "%s must be a SHA3-256 digest of 64 lower-case hex digits",
                       key);
    *out = s;
    return VCP_OK;
}

/* A number or boolean argument is taken as its text, so that args: [7] works. */
static const char *argument_text(struct arena *a, json_t *v)
{
    if (json_is_string(v) && strlen(json_string_value(v)) == json_string_length(v))
        return arena_strdup(a, json_string_value(v));
    if (json_is_integer(v))
        return arena_printf(a, "%lld", (long long)json_integer_value(v));
    if (json_is_real(v))
        return arena_printf(a, "%.17g", json_real_value(v));
    return NULL;
}

static int parse_args(struct task_inputs *in, struct arena *a, json_t *j, struct err *err)
{
    json_t *list = json_object_get(j, "args"), *v;
    const char **args;
    size_t i, total = 0;

    if (!list || json_is_null(list))
        return VCP_OK;
    if (!json_is_array(list) || json_array_size(list) > TASK_ARGS_MAX)
        return err_set(err, VCP_EINVAL, "inputs.args must be an array of at most %u values",
                       TASK_ARGS_MAX);
    args = arena_array(a, json_array_size(list) + 1, sizeof args[0]);
    if (!args)
        return no_memory(err);
    json_array_foreach(list, i, v)
    {
        args[i] = argument_text(a, v);
        if (!args[i] || strlen(args[i]) > TASK_ARG_BYTES_MAX)
            return err_set(err, VCP_EINVAL,
                           "inputs.args[%zu] must be a string of at most %u bytes or a number", i,
                           TASK_ARG_BYTES_MAX);
        total += strlen(args[i]) + 1;
    }
    if (total > TASK_INPUT_BYTES_MAX)
        return err_set(err, VCP_EINVAL, "inputs.args cannot exceed %u bytes together",
                       TASK_INPUT_BYTES_MAX);
    in->args = args;
    in->n_args = (uint32_t)json_array_size(list);
    return VCP_OK;
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* env is an object; entries are sorted so that equal objects give equal digests. */
static int parse_env(struct task_inputs *in, struct arena *a, json_t *j, struct err *err)
{
    json_t *o = json_object_get(j, "env"), *v;
    const char *key, **env;
    size_t total = 0;
    uint32_t n = 0;

    if (!o || json_is_null(o))
        return VCP_OK;
    if (!json_is_object(o) || json_object_size(o) > TASK_ENV_MAX)
        return err_set(err, VCP_EINVAL, "inputs.env must be an object of at most %u names",
                       TASK_ENV_MAX);
    env = arena_array(a, json_object_size(o) + 1, sizeof env[0]);
    if (!env)
        return no_memory(err);
    json_object_foreach(o, key, v)
    {
        if (!key[0] || strchr(key, '=') || !json_is_string(v) ||
            strlen(json_string_value(v)) != json_string_length(v))
            return err_set(
                err, VCP_EINVAL,
                "inputs.env: \"%.64s\" must be a name without '=' and have a string value", key);
        env[n] = arena_printf(a, "%s=%s", key, json_string_value(v));
        if (!env[n])
            return no_memory(err);
        total += strlen(env[n++]) + 1;
    }
    if (total > TASK_INPUT_BYTES_MAX)
        return err_set(err, VCP_EINVAL, "inputs.env cannot exceed %u bytes together",
                       TASK_INPUT_BYTES_MAX);
    if (n > 1)
        qsort(env, n, sizeof env[0], compare_text);
    in->env = env;
    in->n_env = n;
    return VCP_OK;
}

int task_inputs_parse(struct task_inputs *out, struct arena *a, json_t *j, struct err *err)
{
    struct task_inputs in = {0};
    int64_t seed = 0, stdin_bytes = 0;
    int rc;

    if (!json_is_object(j))
        return err_set(err, VCP_EINVAL, "inputs must be an object");
    if ((rc = get_copy(&in.entry, a, j, "entry", 1024, err)) < 0 ||
        (rc = parse_args(&in, a, j, err)) < 0 || (rc = parse_env(&in, a, j, err)) < 0 ||
        (rc = get_digest(&in.stdin_sha3, a, j, "stdin_sha3", err)) < 0 ||
        (rc = json_get_int(&stdin_bytes, j, "stdin_bytes", 0, INT64_MAX, err)) < 0 ||
        (rc = json_get_int(&seed, j, "seed", 0, INT64_MAX, err)) < 0)
        return rc;
    if (in.entry && !in.entry[0])
        in.entry = NULL;
    in.stdin_bytes = in.stdin_sha3 ? (uint64_t)stdin_bytes : 0;
    in.seed = (uint64_t)seed;
    *out = in;
    return VCP_OK;
}

/* The sandbox presets of the specification; a member of `limits` overrides one number. */
static const struct preset {
    const char *name;
    struct task_limits limits;
} presets[] = {
    {"default", {512ull << 20, 30000, 10000000000ull, 4096, 16ull << 20}},
    {"strict", {256ull << 20, 10000, 1000000000ull, 1024, 4ull << 20}},
    {"relaxed", {1024ull << 20, 60000, 50000000000ull, 16384, 64ull << 20}},
};

static int preset_find(struct task_limits *out, const char *name, struct err *err)
{
    size_t i;

    for (i = 0; i < sizeof presets / sizeof presets[0]; i++) {
        if (strcmp(presets[i].name, name) == 0) {
            *out = presets[i].limits;
            return VCP_OK;
        }
    }
    return err_set(err, VCP_EINVAL, "limits.preset must be default, strict or relaxed, not \"%s\"",
                   name);
}

int task_limits_parse(struct task_limits *out, json_t *j, struct err *err)
{
    const char *preset = "default";
    struct task_limits l = {0};
    int64_t memory, timeout, gas, depth, output;
    int rc;

    if (j && !json_is_null(j) && !json_is_object(j))
        return err_set(err, VCP_EINVAL, "limits must be an object");
    if ((rc = json_get_str(&preset, j, "preset", 32, err)) < 0 ||
        (rc = preset_find(&l, preset, err)) < 0)
        return rc;
    memory = (int64_t)l.memory_bytes;
    timeout = l.timeout_ms;
    gas = (int64_t)l.gas;
    depth = l.call_depth;
    output = (int64_t)l.output_bytes;
    if ((rc = json_get_int(&memory, j, "memory_bytes", 65536, 4ll << 30, err)) < 0 ||
        (rc = json_get_int(&timeout, j, "timeout_ms", 1, 3600000, err)) < 0 ||
        (rc = json_get_int(&gas, j, "gas", 1, INT64_MAX, err)) < 0 ||
        (rc = json_get_int(&depth, j, "call_depth", 1, 65536, err)) < 0 ||
        (rc = json_get_int(&output, j, "output_bytes", 0, 256ll << 20, err)) < 0)
        return rc;
    *out = (struct task_limits){(uint64_t)memory, (uint32_t)timeout, (uint64_t)gas, (uint32_t)depth,
                                (uint64_t)output};
    return VCP_OK;
}

static int parse_requirements(struct task_spec *s, struct arena *a, json_t *j, struct err *err)
{
    struct task_requirements r = {.min_nodes = 1,
                                  .max_execution_time_sec = 60,
                                  .require_gpu = s->type->gpu,
                                  .node_type = s->type->preferred_node_type,
                                  .bandwidth_mbps_min = s->type->bandwidth_mbps_min,
                                  .cpu_cores_min = s->type->cpu_cores_min,
                                  .memory_gb_min = s->type->memory_gb_min};
    int64_t nodes = r.min_nodes, seconds = r.max_execution_time_sec, cores = r.cpu_cores_min;
    int rc;

    if (!json_is_object(j))
        return err_set(err, VCP_EINVAL, "requirements must be an object");
    if ((rc = json_get_int(&nodes, j, "min_nodes", 1, TASK_REPLICAS_MAX, err)) < 0 ||
        (rc = json_get_int(&seconds, j, "max_execution_time_sec", 1, s->type->seconds_max, err)) <
            0 ||
        (rc = json_get_bool(&r.require_gpu, j, "require_gpu", err)) < 0 ||
        (rc = json_get_bool(&r.require_proof, j, "require_proof", err)) < 0 ||
        (rc = get_copy(&r.node_type, a, j, "preferred_node_type", 32, err)) < 0 ||
        (rc = json_get_real(&r.bandwidth_mbps_min, j, "min_bandwidth_mbps", 0, 100000, err)) < 0 ||
        (rc = json_get_int(&cores, j, "min_cpu_cores", 1, 256, err)) < 0 ||
        (rc = json_get_real(&r.memory_gb_min, j, "min_memory_gb", 0, 2048, err)) < 0 ||
        (rc = get_copy(&r.region, a, j, "region", 32, err)) < 0)
        return rc;
    r.min_nodes = (uint32_t)nodes;
    r.max_execution_time_sec = (uint32_t)seconds;
    r.cpu_cores_min = (uint32_t)cores;
    s->requirements = r;
    return VCP_OK;
}

static int parse_audit(struct task_spec *s, json_t *j, struct err *err)
{
    double p = 0;
    int rc = json_need_real(&p, j, "p", 0, 1, err);

    if (rc == VCP_OK && !(p > 0))
        rc = err_set(err, VCP_EINVAL, "policy.p must be above 0: how often a result is audited");
    s->audit_p = p;
    return rc;
}

static int parse_replicate(struct task_spec *s, json_t *j, int64_t k, struct err *err)
{
    int rc = json_get_int(&k, j, "k", 2, TASK_REPLICAS_MAX, err);

    if (rc == VCP_OK && k < 2)
        rc = err_set(err, VCP_EINVAL, "policy.k must be at least 2: min_nodes is %lld",
                     (long long)k);
    s->replicas = (uint32_t)k;
    return rc;
}

/* What the predecessor's members say must fit the policy. */
static int check_policy(const struct task_spec *s, bool min_nodes_given, struct err *err)
{
    const char *name = policy_names[s->policy];

    if (s->requirements.require_proof && s->policy != TASK_POLICY_PROOF)
        return err_set(err, VCP_EINVAL,
                       "requirements.require_proof is true but the policy is %s: use proof", name);
    if (min_nodes_given && s->requirements.min_nodes != s->replicas)
        return err_set(err, VCP_EINVAL,
                       "requirements.min_nodes is %u but the policy %s uses %u node(s)",
                       s->requirements.min_nodes, name, s->replicas);
    return VCP_OK;
}

/* min_nodes > 1 alone means replicate, require_proof alone proof; a policy and they must agree. */
static int parse_policy(struct task_spec *s, json_t *j, bool min_nodes_given, struct err *err)
{
    const char *name = s->requirements.require_proof   ? "proof"
                       : s->requirements.min_nodes > 1 ? "replicate"
                                                       : "none";
    int64_t k = s->requirements.min_nodes;
    int i, rc;

    if (j && !json_is_null(j) && !json_is_object(j))
        return err_set(err, VCP_EINVAL, "policy must be an object");
    if (k == 1 && !min_nodes_given)
        k = 3;
    if ((rc = json_get_str(&name, j, "kind", 32, err)) < 0)
        return rc;
    i = name_index(policy_names, 4, name);
    if (i < 0)
        return err_set(err, VCP_EINVAL,
                       "policy.kind must be none, replicate, audit or proof, not \"%s\"", name);
    s->policy = (enum task_policy_kind)i;
    s->replicas = 1;
    if (s->policy == TASK_POLICY_REPLICATE)
        rc = parse_replicate(s, j, k, err);
    else if (s->policy == TASK_POLICY_AUDIT)
        rc = parse_audit(s, j, err);
    if (rc < 0 || (rc = check_policy(s, min_nodes_given, err)) < 0)
        return rc;
    s->requirements.min_nodes = s->replicas;
    s->requirements.require_proof = s->policy == TASK_POLICY_PROOF;
    return VCP_OK;
}

/* Proving takes far longer than running. */
static void allow_for_proving(struct task_spec *s, const json_t *requirements)
{
    if (json_is_null(json_object_get(requirements, "max_execution_time_sec")) ||
        !json_object_get(requirements, "max_execution_time_sec"))
        if (s->policy == TASK_POLICY_PROOF || s->policy == TASK_POLICY_AUDIT)
            s->requirements.max_execution_time_sec = PROVING_SECONDS_DEFAULT;
}

static int parse_strategy(struct task_spec *s, json_t *j, struct err *err)
{
    const char *name = "default";
    int rc = json_get_str(&name, j, "strategy", 32, err);

    if (rc == VCP_OK && task_strategy_parse(&s->strategy, name) < 0)
        rc = err_set(
            err, VCP_EINVAL,
            "strategy must be weighted, round-robin, least-loaded or latency-aware, not \"%s\"",
            name);
    return rc;
}

static int parse_type(struct task_spec *s, struct arena *a, json_t *j, struct err *err)
{
    const char *name = NULL;
    int rc = json_need_str(&name, j, "task_type", 64, err);

    if (rc < 0)
        return rc;
    s->type = task_type_find(name);
    if (!s->type)
        return err_set(err, VCP_EINVAL, "task_type \"%s\" is not known", name);
    if (!s->type->takes_module)
        return err_set(err, VCP_EUNSUPPORTED,
                       "task_type %s is not run by this version; use wasm_execution", name);
    rc = get_digest(&s->module_sha3, a, j, "module_sha3", err);
    if (rc == VCP_OK && !s->module_sha3)
        rc = err_set(err, VCP_EINVAL,
                     "a task of type %s needs a module (module_sha3 or wasm_module)", name);
    return rc;
}

int task_spec_parse(struct task_spec *out, struct arena *a, json_t *j, struct err *err)
{
    struct task_spec s = {0};
    json_t *requirements = json_object_get(j, "requirements");
    int rc;

    if (!json_is_object(j))
        return err_set(err, VCP_EINVAL, "a task must be a JSON object");
    if (!json_object_get(j, "inputs"))
        return err_set(err, VCP_EINVAL, "inputs is required");
    if (!requirements)
        return err_set(err, VCP_EINVAL, "requirements is required");
    if ((rc = parse_type(&s, a, j, err)) < 0 ||
        (rc = parse_requirements(&s, a, requirements, err)) < 0 ||
        (rc = task_inputs_parse(&s.inputs, a, json_object_get(j, "inputs"), err)) < 0 ||
        (rc = task_limits_parse(&s.limits, json_object_get(j, "limits"), err)) < 0 ||
        (rc = parse_policy(&s, json_object_get(j, "policy"),
                           json_object_get(requirements, "min_nodes") != NULL, err)) < 0 ||
        (rc = json_get_int(&s.budget, j, "budget", 0, TASK_BUDGET_MAX, err)) < 0 ||
        (rc = parse_strategy(&s, j, err)) < 0)
        return rc;
    allow_for_proving(&s, requirements);
    if (s.limits.timeout_ms > s.requirements.max_execution_time_sec * 1000u)
        s.limits.timeout_ms = s.requirements.max_execution_time_sec * 1000u;
    *out = s;
    return VCP_OK;
}

static json_t *strings_to_json(const char *const *list, uint32_t n)
{
    json_t *j = json_array();
    uint32_t i;

    for (i = 0; i < n; i++)
        json_array_append_new(j, json_string(list[i]));
    return j;
}

static json_t *env_to_json(const struct task_inputs *in)
{
    json_t *j = json_object();
    uint32_t i;

    for (i = 0; i < in->n_env; i++) {
        const char *eq = strchr(in->env[i], '=');

        json_object_setn_new(j, in->env[i], (size_t)(eq - in->env[i]), json_string(eq + 1));
    }
    return j;
}

json_t *task_inputs_to_json(const struct task_inputs *in)
{
    return json_pack("{s:s?, s:o, s:o, s:s?, s:I, s:I}", "entry", in->entry, "args",
                     strings_to_json(in->args, in->n_args), "env", env_to_json(in), "stdin_sha3",
                     in->stdin_sha3, "stdin_bytes", (json_int_t)in->stdin_bytes, "seed",
                     (json_int_t)in->seed);
}

json_t *task_limits_to_json(const struct task_limits *l)
{
    return json_pack("{s:I, s:i, s:I, s:i, s:I}", "memory_bytes", (json_int_t)l->memory_bytes,
                     "timeout_ms", (int)l->timeout_ms, "gas", (json_int_t)l->gas, "call_depth",
                     (int)l->call_depth, "output_bytes", (json_int_t)l->output_bytes);
}

static json_t *policy_to_json(const struct task_spec *s)
{
    if (s->policy == TASK_POLICY_REPLICATE)
        return json_pack("{s:s, s:i}", "kind", "replicate", "k", (int)s->replicas);
    if (s->policy == TASK_POLICY_AUDIT)
        return json_pack("{s:s, s:f}", "kind", "audit", "p", s->audit_p);
    return json_pack("{s:s}", "kind", task_policy_name(s->policy));
}

static json_t *requirements_to_json(const struct task_requirements *r)
{
    return json_pack("{s:i, s:i, s:b, s:b, s:s, s:f, s:i, s:f, s:s?}", "min_nodes",
                     (int)r->min_nodes, "max_execution_time_sec", (int)r->max_execution_time_sec,
                     "require_gpu", (int)r->require_gpu, "require_proof", (int)r->require_proof,
                     "preferred_node_type", r->node_type, "min_bandwidth_mbps",
                     r->bandwidth_mbps_min, "min_cpu_cores", (int)r->cpu_cores_min, "min_memory_gb",
                     r->memory_gb_min, "region", r->region);
}

json_t *task_spec_to_json(const struct task_spec *s)
{
    return json_pack("{s:s, s:s?, s:o, s:o, s:o, s:o, s:I, s:s}", "task_type", s->type->name,
                     "module_sha3", s->module_sha3, "inputs", task_inputs_to_json(&s->inputs),
                     "requirements", requirements_to_json(&s->requirements), "limits",
                     task_limits_to_json(&s->limits), "policy", policy_to_json(s), "budget",
                     (json_int_t)s->budget, "strategy", task_strategy_name(s->strategy));
}

static void put_u64(struct sha3 *s, uint64_t v)
{
    uint8_t b[8];
    int i;

    for (i = 0; i < 8; i++)
        b[i] = (uint8_t)(v >> 8 * i);
    sha3_update(s, b, sizeof b);
}

/* NULL and "" differ: absent is length 2^64 - 1. */
static void put_str(struct sha3 *s, const char *text)
{
    put_u64(s, text ? strlen(text) : UINT64_MAX);
    if (text)
        sha3_update(s, text, strlen(text));
}

void task_spec_inputs_digest(uint8_t out[SHA3_256_BYTES], const struct task_inputs *in,
                             const struct task_limits *l)
{
    struct sha3 s;
    uint32_t i;

    if (sha3_init(&s) != VCP_OK)
        abort(); /* see sha3_256 */
    put_str(&s, "ambient-inputs-v1");
    put_str(&s, in->entry);
    put_u64(&s, in->n_args);
    for (i = 0; i < in->n_args; i++)
        put_str(&s, in->args[i]);
    put_u64(&s, in->n_env);
    for (i = 0; i < in->n_env; i++)
        put_str(&s, in->env[i]);
    put_str(&s, in->stdin_sha3);
    put_u64(&s, in->stdin_bytes);
    put_u64(&s, in->seed);
    put_u64(&s, l->memory_bytes);
    put_u64(&s, l->timeout_ms);
    put_u64(&s, l->gas);
    put_u64(&s, l->call_depth);
    put_u64(&s, l->output_bytes);
    sha3_final(&s, out);
}
