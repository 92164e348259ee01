/* index.c - see index.h. */
#include "coord/index.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

static const char *const node_types[N_NODE_TYPES] = {
    "compute", "gateway", "storage", "validator", "open_internet", "any", "feen_resonator"};

int node_type_index(const char *name)
{
    for (int i = 0; i < N_NODE_TYPES; i++)
        if (strcmp(name, node_types[i]) == 0)
            return i;
    return -1;
}

const char *node_type_name(int i)
{
    return node_types[i];
}

bool coord_node_type_is_valid(const char *name)
{
    return node_type_index(name) >= 0;
}

/* ---- orders ---- */

static int cmp_i64(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int cmp_real(double a, double b)
{
    return (a > b) - (a < b);
}

/* Ties of every strategy: fewer active tasks, then the id. */
static int cmp_tie(const struct cnode *a, const struct cnode *b)
{
    int c = cmp_i64(a->n_active, b->n_active);

    return c ? c : strcmp(a->id, b->id);
}

/* A value that is not known ranks behind every known one. */
static int cmp_known(bool ka, double a, bool kb, double b)
{
    if (ka != kb)
        return ka ? -1 : 1;
    return ka ? cmp_real(a, b) : 0;
}

static const struct cnode *ranked(const struct tree_link *e)
{
    return tree_entry(e, const struct rank, link)->node;
}

static int by_health(const struct tree_link *ea, const struct tree_link *eb)
{
    const struct cnode *a = ranked(ea), *b = ranked(eb);
    int c = cmp_known(a->row.has_health, -a->row.health_score, b->row.has_health,
                      -b->row.health_score);

    return c ? c : cmp_tie(a, b);
}

static int by_turn(const struct tree_link *ea, const struct tree_link *eb)
{
    const struct cnode *a = ranked(ea), *b = ranked(eb);
    int c = cmp_known(a->row.has_health, 0, b->row.has_health, 0);

    if (c == 0)
        c = (a->row.turn > b->row.turn) - (a->row.turn < b->row.turn);
    return c ? c : cmp_tie(a, b);
}

static int by_load(const struct tree_link *ea, const struct tree_link *eb)
{
    const struct cnode *a = ranked(ea), *b = ranked(eb);
    double la = a->row.telemetry.cpu_usage_percent, lb = b->row.telemetry.cpu_usage_percent;
    int c = cmp_known(!isnan(la), la, !isnan(lb), lb);

    return c ? c : cmp_tie(a, b);
}

static int by_latency(const struct tree_link *ea, const struct tree_link *eb)
{
    const struct cnode *a = ranked(ea), *b = ranked(eb);
    double la = a->row.telemetry.avg_latency_ms, lb = b->row.telemetry.avg_latency_ms;
    int c = cmp_known(!isnan(la), la, !isnan(lb), lb);

    return c ? c : cmp_tie(a, b);
}

static int by_seq(const struct tree_link *ea, const struct tree_link *eb)
{
    return cmp_i64(tree_entry(ea, const struct ctask, waiting)->seq,
                   tree_entry(eb, const struct ctask, waiting)->seq);
}

static int by_patience(const struct tree_link *ea, const struct tree_link *eb)
{
    const struct ctask *a = tree_entry(ea, const struct ctask, patience);
    const struct ctask *b = tree_entry(eb, const struct ctask, patience);
    int c = cmp_i64(a->patience_ms, b->patience_ms);

    return c ? c : cmp_i64(a->seq, b->seq);
}

static int by_deadline(const struct tree_link *ea, const struct tree_link *eb)
{
    const struct catt *a = tree_entry(ea, const struct catt, deadline);
    const struct catt *b = tree_entry(eb, const struct catt, deadline);
    int c = cmp_i64(a->deadline_ms, b->deadline_ms);

    if (c == 0)
        c = cmp_i64(a->task->seq, b->task->seq);
    return c ? c : strcmp(a->node->id, b->node->id);
}

static int by_silence(const struct tree_link *ea, const struct tree_link *eb)
{
    const struct cnode *a = tree_entry(ea, const struct cnode, silence);
    const struct cnode *b = tree_entry(eb, const struct cnode, silence);
    int c = cmp_i64(a->silence_ms, b->silence_ms);

    return c ? c : strcmp(a->id, b->id);
}

/* ---- what subtrees know ---- */

static void offer_join(struct offer *o, const struct offer *p)
{
    if (p->bandwidth_mbps > o->bandwidth_mbps)
        o->bandwidth_mbps = p->bandwidth_mbps;
    if (p->memory_gb > o->memory_gb)
        o->memory_gb = p->memory_gb;
    if (p->cpu_cores > o->cpu_cores)
        o->cpu_cores = p->cpu_cores;
    o->n += p->n;
    o->traits |= p->traits;
    o->regions |= p->regions;
    if (p->owner != o->owner)
        o->owner = NULL;
}

static void pull_rank(struct tree_link *e)
{
    struct rank *r = tree_entry(e, struct rank, link);
    const struct cnode *n = r->node;

    r->offer = (struct offer){
        n->row.bandwidth_mbps, n->row.memory_gb, n->row.cpu_cores, 1, n->trait,
        n->region_bit,         n->owner};
    if (e->left)
        offer_join(&r->offer, &tree_entry(e->left, struct rank, link)->offer);
    if (e->right)
        offer_join(&r->offer, &tree_entry(e->right, struct rank, link)->offer);
}

static void want_join(struct want *w, const struct want *v)
{
    if (v->bandwidth_mbps < w->bandwidth_mbps)
        w->bandwidth_mbps = v->bandwidth_mbps;
    if (v->memory_gb < w->memory_gb)
        w->memory_gb = v->memory_gb;
    if (v->cpu_cores < w->cpu_cores)
        w->cpu_cores = v->cpu_cores;
    w->n += v->n;
    w->traits |= v->traits;
    w->regions |= v->regions;
}

static void pull_waiting(struct tree_link *e)
{
    struct ctask *t = tree_entry(e, struct ctask, waiting);

    t->least = t->want;
    if (e->left)
        want_join(&t->least, &tree_entry(e->left, struct ctask, waiting)->least);
    if (e->right)
        want_join(&t->least, &tree_entry(e->right, struct ctask, waiting)->least);
}

/* ---- the whole ---- */

void index_init(struct index *x, const struct coord_config *config)
{
    memset(x, 0, sizeof *x);
    idtable_init(&x->nodes);
    idtable_init(&x->tasks);
    idtable_init(&x->owners);
    tree_init(&x->by[TASK_STRATEGY_WEIGHTED - 1], by_health, pull_rank);
    tree_init(&x->by[TASK_STRATEGY_ROUND_ROBIN - 1], by_turn, pull_rank);
    tree_init(&x->by[TASK_STRATEGY_LEAST_LOADED - 1], by_load, pull_rank);
    tree_init(&x->by[TASK_STRATEGY_LATENCY_AWARE - 1], by_latency, pull_rank);
    tree_init(&x->waiting, by_seq, pull_waiting);
    tree_init(&x->deadlines, by_deadline, NULL);
    tree_init(&x->silence, by_silence, NULL);
    tree_init(&x->patience, by_patience, NULL);
    x->node_tasks_max = config->node_tasks_max;
    x->heartbeat_timeout_ms = config->heartbeat_timeout_ms;
    x->removal_timeout_ms = config->removal_timeout_ms;
    x->queue_timeout_ms = config->queue_timeout_ms;
    x->keyset = config->verifier.keyset;
}

static void free_task(struct ctask *t)
{
    for (struct catt *m = t->atts, *next; m; m = next) {
        next = m->task_next;
        free(m);
    }
    for (struct cback *b = t->backs, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    free(t);
}

static void free_chains(struct idtable *t, void (*drop)(struct table_link *e))
{
    for (size_t i = 0; i < t->n_chains; i++)
        for (struct table_link *e = t->chains[i], *next; e; e = next) {
            next = e->next;
            drop(e);
        }
    idtable_release(t);
}

static void drop_task_link(struct table_link *e)
{
    free_task(tree_entry(e, struct ctask, by_id));
}

static void drop_node_link(struct table_link *e)
{
    free(tree_entry(e, struct cnode, by_id));
}

static void drop_owner_link(struct table_link *e)
{
    free(tree_entry(e, struct cowner, by_id));
}

void index_release(struct index *x)
{
    free_chains(&x->tasks, drop_task_link);
    free_chains(&x->nodes, drop_node_link);
    free_chains(&x->owners, drop_owner_link);
    memset(x, 0, sizeof *x);
}

/* ---- nodes ---- */

struct cnode *index_node(const struct index *x, const char *node_id)
{
    struct table_link *e = idtable_find(&x->nodes, node_id);

    return e ? tree_entry(e, struct cnode, by_id) : NULL;
}

static struct cowner *owner_of(struct index *x, const char *user_id)
{
    struct table_link *e = idtable_find(&x->owners, user_id);

    if (e)
        return tree_entry(e, struct cowner, by_id);
    struct cowner *o = calloc(1, sizeof *o);
    if (o == NULL || strlen(user_id) >= sizeof o->id) {
        free(o);
        return NULL;
    }
    strcpy(o->id, user_id);
    if (idtable_insert(&x->owners, &o->by_id, o->id) < 0) {
        free(o);
        return NULL;
    }
    return o;
}

static uint64_t region_bit(const char *region)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a */

    for (const char *p = region; *p; p++)
        h = (h ^ (uint8_t)*p) * 1099511628211u;
    return 1ull << (h >> 58);
}

static enum node_state state_of(const struct index *x, const struct cnode *n)
{
    if (n->row.deleted_at_ms)
        return NODE_DELETED;
    if (n->row.status == STORE_NODE_REJECTED)
        return NODE_REJECTED;
    if (n->row.status == STORE_NODE_OFFLINE)
        return NODE_OFFLINE;
    if (n->row.safe_mode)
        return NODE_SAFE;
    if (n->absent)
        return NODE_ABSENT;
    if (n->n_active >= x->node_tasks_max || (n->row.slots && n->n_open >= n->row.slots))
        return NODE_FULL;
    return NODE_OPEN;
}

static void count(struct index *x, struct cnode *n)
{
    bool there = n->state < NODE_REJECTED, online = n->state < NODE_OFFLINE;
    bool known = there && n->row.has_health;

    x->sums.nodes += there - n->counted.nodes;
    x->sums.online += online - n->counted.online;
    bool healthy = online && known && n->row.health_score >= 70;
    x->sums.healthy += healthy - n->counted.healthy;
    int64_t health = known ? llround(n->row.health_score * 1e6) : 0;
    x->sums.health_e6 += health - n->counted.health_e6;
    x->sums.has_health += known - n->counted.has_health;
    int64_t capacity = there ? llround(n->row.cpu_cores * n->row.memory_gb * 1e3) : 0;
    x->sums.capacity_e3 += capacity - n->counted.capacity_e3;
    bool proving = online && n->proves;
    x->sums.proving += proving - n->counted.proving;
    n->counted.proving = proving;
    n->counted.nodes = there;
    n->counted.online = online;
    n->counted.healthy = healthy;
    n->counted.health_e6 = health;
    n->counted.has_health = known;
    n->counted.capacity_e3 = capacity;
}

static void leave_orders(struct index *x, struct cnode *n)
{
    if (n->state == NODE_OPEN)
        for (int s = 0; s < N_STRATEGIES; s++)
            tree_remove(&x->by[s], &n->rank[s].link);
    if (n->in_silence)
        tree_remove(&x->silence, &n->silence);
    n->in_silence = false;
    x->in_state[n->state]--;
}

static void enter_orders(struct index *x, struct cnode *n)
{
    n->state = state_of(x, n);
    x->in_state[n->state]++;
    if (n->state == NODE_OPEN)
        for (int s = 0; s < N_STRATEGIES; s++)
            tree_insert(&x->by[s], &n->rank[s].link);
    if (n->state >= NODE_REJECTED)
        return;
    n->silence_ms = n->state == NODE_OFFLINE
                        ? n->row.updated_at_ms + x->removal_timeout_ms
                        : n->row.last_heartbeat_at_ms + x->heartbeat_timeout_ms;
    tree_insert(&x->silence, &n->silence);
    n->in_silence = true;
}

/* Keys of trees are read from the node while it leaves: what is a key changes only
 * between node_leave and node_enter. */
static void node_leave(struct index *x, struct cnode *n)
{
    leave_orders(x, n);
}

static void node_enter(struct index *x, struct cnode *n)
{
    enter_orders(x, n);
    count(x, n);
}

void node_refresh(struct index *x, struct cnode *n)
{
    node_leave(x, n);
    node_enter(x, n);
}

void node_set_absent(struct index *x, struct cnode *n, bool absent)
{
    n->absent = absent;
    node_refresh(x, n);
}

static int copy_row(struct index *x, struct cnode *n, const struct store_node *row)
{
    int type = node_type_index(row->node_type);
    struct cowner *owner;

    if (type < 0 || strlen(row->node_id) >= sizeof n->id ||
        strlen(row->owner_id) >= sizeof n->owner_id || strlen(row->region) >= sizeof n->region ||
        (row->keyset && strlen(row->keyset) >= sizeof n->keyset))
        return VCP_EFORMAT;
    owner = owner_of(x, row->owner_id);
    if (owner == NULL)
        return VCP_ENOMEM;
    n->row = *row;
    memmove(n->id, row->node_id, strlen(row->node_id) + 1);
    memmove(n->owner_id, row->owner_id, strlen(row->owner_id) + 1);
    memmove(n->region, row->region, strlen(row->region) + 1);
    if (row->keyset)
        memmove(n->keyset, row->keyset, strlen(row->keyset) + 1);
    else
        n->keyset[0] = '\0';
    n->proves = x->keyset && strcmp(n->keyset, x->keyset) == 0;
    n->row.keyset = n->keyset[0] ? n->keyset : NULL;
    n->row.node_id = n->id;
    n->row.owner_id = n->owner_id;
    n->row.region = n->region;
    n->row.node_type = node_types[type];
    n->owner = owner;
    n->trait = 1u << (type + (row->gpu_available ? TRAIT_GPU_BITS : 0) +
                      (n->proves ? TRAIT_PROOF_BITS : 0));
    n->region_bit = region_bit(n->region);
    if (row->turn > x->turn)
        x->turn = row->turn;
    return VCP_OK;
}

struct cnode *index_add_node(struct index *x, const struct store_node *row)
{
    struct cnode *n = calloc(1, sizeof *n);

    if (n == NULL || copy_row(x, n, row) < 0 || idtable_insert(&x->nodes, &n->by_id, n->id) < 0) {
        free(n);
        return NULL;
    }
    for (int s = 0; s < N_STRATEGIES; s++)
        n->rank[s].node = n;
    n->next = x->all;
    if (n->next)
        n->next->prev = n;
    x->all = n;
    node_enter(x, n);
    return n;
}

int node_set_row(struct index *x, struct cnode *n, const struct store_node *row)
{
    node_leave(x, n);
    int rc = copy_row(x, n, row);
    node_enter(x, n);
    return rc;
}

void index_drop_node(struct index *x, struct cnode *n)
{
    n->row.deleted_at_ms = n->row.deleted_at_ms ? n->row.deleted_at_ms : 1;
    node_refresh(x, n);
    x->in_state[NODE_DELETED]--;
    idtable_remove(&x->nodes, &n->by_id);
    if (n->next)
        n->next->prev = n->prev;
    if (n->prev)
        n->prev->next = n->next;
    else
        x->all = n->next;
    free(n);
}

/* ---- tasks ---- */

struct ctask *index_task(const struct index *x, const char *task_id)
{
    struct table_link *e = idtable_find(&x->tasks, task_id);

    return e ? tree_entry(e, struct ctask, by_id) : NULL;
}

static uint32_t acceptable(const struct task_spec *spec)
{
    const struct task_requirements *r = &spec->requirements;
    int type = node_type_index(r->node_type);
    uint32_t types = 1u << NODE_TYPE_ANY;

    types |= type >= 0 ? 1u << type : 0;
    if (type == NODE_TYPE_ANY) /* wants no particular one */
        types = (1u << N_NODE_TYPES) - 1;
    types = types << TRAIT_GPU_BITS | (r->require_gpu ? 0 : types);
    return types << TRAIT_PROOF_BITS | (spec->policy == TASK_POLICY_PROOF ? 0 : types);
}

/* As much as is asked for, and as much as the task may use. */
static double memory_gb_wanted(const struct task_spec *spec)
{
    double limit_gb = (double)spec->limits.memory_bytes / (1u << 30);

    return fmax(spec->requirements.memory_gb_min, limit_gb);
}

struct ctask *index_add_task(struct index *x, const struct store_task *row,
                             const struct task_spec *spec, int64_t grace_ms)
{
    const struct task_requirements *r = &spec->requirements;
    struct ctask *t = calloc(1, sizeof *t);

    if (t == NULL || strlen(row->task_id) >= sizeof t->id ||
        strlen(row->creator_id) >= sizeof t->creator_id ||
        (r->region && strlen(r->region) >= sizeof t->region))
        goto fail;
    strcpy(t->id, row->task_id);
    strcpy(t->creator_id, row->creator_id);
    strcpy(t->region, r->region ? r->region : "");
    t->want = (struct want){r->bandwidth_mbps_min, memory_gb_wanted(spec),
                            r->cpu_cores_min,      1,
                            acceptable(spec),      r->region ? region_bit(r->region) : UINT64_MAX};
    t->seq = row->seq;
    t->budget = row->budget;
    t->updated_ms = row->updated_at_ms;
    t->lease_ms = (int64_t)r->max_execution_time_sec * 1000 + grace_ms;
    t->gas_max = spec->limits.gas;
    t->output_bytes_max = spec->limits.output_bytes;
    if (spec->module_sha3)
        hex_decode(t->module_sha3, sizeof t->module_sha3, spec->module_sha3);
    memcpy(t->inputs_sha3, row->inputs_sha3, sizeof t->inputs_sha3);
    t->strategy = spec->strategy;
    t->policy = spec->policy;
    t->audit_p = spec->audit_p;
    t->audit = row->audit;
    t->status = row->status;
    t->min_nodes = row->min_nodes;
    t->shares = row->shares ? row->shares : row->min_nodes;
    t->attempts = row->attempts;
    if (idtable_insert(&x->tasks, &t->by_id, t->id) < 0)
        goto fail;
    task_refresh(x, t);
    return t;
fail:
    free(t);
    return NULL;
}

void task_refresh(struct index *x, struct ctask *t)
{
    bool waits = t->n_active < t->min_nodes;

    if (waits == t->is_waiting)
        return;
    t->is_waiting = waits;
    /* Counts anew each time, so that a task which lost a node late has its time too. */
    if (waits)
        t->patience_ms = (x->now_ms ? x->now_ms : t->updated_ms) + x->queue_timeout_ms;
    if (waits) {
        tree_insert(&x->waiting, &t->waiting);
        tree_insert(&x->patience, &t->patience);
    } else {
        tree_remove(&x->waiting, &t->waiting);
        tree_remove(&x->patience, &t->patience);
    }
}

void task_set_audit(struct index *x, struct ctask *t, enum store_task_audit audit,
                    uint32_t min_nodes)
{
    t->audit = audit;
    t->min_nodes = min_nodes;
    task_refresh(x, t);
}

void index_drop_task(struct index *x, struct ctask *t)
{
    while (t->atts)
        index_detach(x, t->atts);
    if (t->is_waiting) {
        tree_remove(&x->waiting, &t->waiting);
        tree_remove(&x->patience, &t->patience);
    }
    idtable_remove(&x->tasks, &t->by_id);
    free_task(t);
}

/* ---- assignments ---- */

struct catt *index_attach(struct index *x, struct ctask *t, struct cnode *n)
{
    struct catt *m = calloc(1, sizeof *m);

    if (m == NULL)
        return NULL;
    m->task = t;
    m->node = n;
    m->execution = STORE_ASSIGNED;
    m->task_next = t->atts;
    if (t->atts)
        t->atts->task_prev = m;
    t->atts = m;
    m->node_prev = n->last;
    if (n->last)
        n->last->node_next = m;
    else
        n->first = m;
    n->last = m;
    node_leave(x, n);
    n->n_active++;
    n->n_open++;
    node_enter(x, n);
    t->n_active++;
    x->n_active++;
    task_refresh(x, t);
    return m;
}

static void count_state(struct index *x, struct catt *m, int by)
{
    x->n_leases += m->execution == STORE_IN_PROGRESS ? by : 0;
    if (m->execution == STORE_DONE)
        m->task->n_done = (uint32_t)((int)m->task->n_done + by);
    else
        m->node->n_open = (uint32_t)((int)m->node->n_open + by);
}

void att_set(struct index *x, struct catt *m, enum store_execution e, int64_t deadline_ms)
{
    if (m->in_deadlines)
        tree_remove(&x->deadlines, &m->deadline);
    node_leave(x, m->node);
    count_state(x, m, -1);
    m->execution = e;
    count_state(x, m, 1);
    node_enter(x, m->node);
    m->deadline_ms = deadline_ms;
    m->in_deadlines = deadline_ms != 0;
    if (m->in_deadlines)
        tree_insert(&x->deadlines, &m->deadline);
}

static void unlink_att(struct catt *m)
{
    struct ctask *t = m->task;
    struct cnode *n = m->node;

    if (m->task_next)
        m->task_next->task_prev = m->task_prev;
    if (m->task_prev)
        m->task_prev->task_next = m->task_next;
    else
        t->atts = m->task_next;
    if (m->node_next)
        m->node_next->node_prev = m->node_prev;
    else
        n->last = m->node_prev;
    if (m->node_prev)
        m->node_prev->node_next = m->node_next;
    else
        n->first = m->node_next;
}

void index_detach(struct index *x, struct catt *m)
{
    struct ctask *t = m->task;
    struct cnode *n = m->node;

    if (m->in_deadlines)
        tree_remove(&x->deadlines, &m->deadline);
    unlink_att(m);
    node_leave(x, n);
    count_state(x, m, -1);
    n->n_active--;
    node_enter(x, n);
    t->n_active--;
    x->n_active--;
    free(m);
    task_refresh(x, t);
    if (n->state == NODE_DELETED && n->n_active == 0)
        index_drop_node(x, n); /* it stayed for what it had delivered */
}

struct catt *index_att(const struct ctask *t, const struct cnode *n)
{
    /* Whichever list is shorter: a node has at most its cap, a task its replicas. */
    if (t->n_active <= n->n_active) {
        for (struct catt *m = t->atts; m; m = m->task_next)
            if (m->node == n)
                return m;
    } else {
        for (struct catt *m = n->first; m; m = m->node_next)
            if (m->task == t)
                return m;
    }
    return NULL;
}

struct cback *task_back(const struct ctask *t, const char *node_id)
{
    for (struct cback *b = t->backs; b; b = b->next)
        if (strcmp(b->node_id, node_id) == 0)
            return b;
    return NULL;
}

struct cback *task_back_set(struct ctask *t, const char *node_id, int64_t until_ms)
{
    struct cback *b = task_back(t, node_id);

    if (b == NULL) {
        b = calloc(1, sizeof *b);
        if (b == NULL || strlen(node_id) >= sizeof b->node_id) {
            free(b);
            return NULL;
        }
        strcpy(b->node_id, node_id);
        b->next = t->backs;
        t->backs = b;
    }
    b->until_ms = until_ms;
    b->failures++;
    return b;
}
