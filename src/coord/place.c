/* place.c - which node for a task, which task for a node, and the record of why.
 *
 * A task looks for nodes along the tree of its strategy, best first; a node looks
 * for tasks along the queue, oldest first.  Whole subtrees are left out when the
 * most they offer is too little or the least they want too much, and a search looks
 * at COORD_VISITS_MAX elements at most.  A search that gives up leaves the task
 * waiting; each node that gets room or sends a heartbeat looks again from its side,
 * going on where its own last search stopped, so every pair is met in the end. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/limits.h"
#include "coord/op.h"

/* Why a node cannot have a task; the names are what explain shows. */
enum reason {
    FITS,
    OFFLINE,
    REJECTED,
    SAFE_MODE,
    AT_CAP,
    NOT_ASKING,
    NODE_TYPE,
    CPU_CORES,
    MEMORY,
    BANDWIDTH,
    REGION,
    ATTACHED,
    BACK_OFF,
    SAME_OWNER,
    PROOF_KEYS,
    N_REASONS
};

static const char *const reason_names[N_REASONS] = {
    [FITS] = "",
    [OFFLINE] = "offline",
    [REJECTED] = "rejected",
    [SAFE_MODE] = "safe_mode",
    [AT_CAP] = "at_capacity",
    [NOT_ASKING] = "not_asking_for_work",
    [NODE_TYPE] = "node_type",
    [CPU_CORES] = "cpu_cores",
    [MEMORY] = "memory_gb",
    [BANDWIDTH] = "bandwidth_mbps",
    [REGION] = "region",
    [ATTACHED] = "already_assigned",
    [BACK_OFF] = "back_off",
    [SAME_OWNER] = "same_owner",
    [PROOF_KEYS] = "no_proving_keys",
};

/* What the want of a task asks beyond an offer; both may be sums over subtrees. */
static enum reason lacks(const struct want *w, double bandwidth_mbps, double memory_gb,
                         uint32_t cpu_cores, uint32_t traits, uint64_t regions)
{
    if (!(w->traits & traits)) /* and with the keys it would do */
        return w->traits & traits << TRAIT_PROOF_BITS ? PROOF_KEYS : NODE_TYPE;
    if (cpu_cores < w->cpu_cores)
        return CPU_CORES;
    if (memory_gb < w->memory_gb)
        return MEMORY;
    if (bandwidth_mbps < w->bandwidth_mbps)
        return BANDWIDTH;
    return w->regions & regions ? FITS : REGION;
}

static enum reason node_lacks(const struct want *w, const struct cnode *n)
{
    return lacks(w, n->row.bandwidth_mbps, n->row.memory_gb, n->row.cpu_cores, n->trait,
                 n->region_bit);
}

static enum reason state_reason(const struct cnode *n)
{
    static const enum reason of[N_NODE_STATES] = {
        [NODE_OPEN] = FITS,         [NODE_FULL] = AT_CAP,     [NODE_SAFE] = SAFE_MODE,
        [NODE_ABSENT] = NOT_ASKING, [NODE_OFFLINE] = OFFLINE, [NODE_REJECTED] = REJECTED,
        [NODE_DELETED] = REJECTED,
    };

    return of[n->state];
}

/* ---- the record ---- */

struct record {
    json_t *nodes;
    bool whole; /* the cluster is small enough to record every node */
    uint32_t excluded[N_REASONS];
    uint32_t n_listed, ranked_lower;
};

static double score_of(const struct cnode *n, enum task_strategy s)
{
    switch (s) {
    case TASK_STRATEGY_ROUND_ROBIN: return (double)n->row.turn;
    case TASK_STRATEGY_LEAST_LOADED: return n->row.telemetry.cpu_usage_percent;
    case TASK_STRATEGY_LATENCY_AWARE: return n->row.telemetry.avg_latency_ms;
    default: return n->row.has_health ? n->row.health_score : (double)NAN;
    }
}

static void list_node(struct record *r, const struct cnode *n, enum task_strategy s,
                      enum reason why)
{
    double score = score_of(n, s);

    if (r->n_listed >= COORD_EXPLAIN_NODES)
        return;
    r->n_listed++;
    json_t *score_json = isnan(score) ? json_null() : json_real(score);
    json_array_append_new(r->nodes, json_pack("{s:s, s:o, s:I, s:s?}", "node_id", n->id, "score",
                                              score_json, "active_tasks", (json_int_t)n->n_active,
                                              "excluded", why == FITS ? NULL : reason_names[why]));
}

static json_t *excluded_json(const struct record *r)
{
    json_t *o = json_object();

    for (int i = FITS + 1; i < N_REASONS; i++)
        if (r->excluded[i])
            json_object_set_new(o, reason_names[i], json_integer(r->excluded[i]));
    return o;
}

int op_keep_decision(struct op *op, const char *task_id, json_t *decision)
{
    char *text = decision ? json_text(decision) : NULL;
    struct store_decision d = {op->now_ms, text};
    int rc = text ? store_decision_add(op->tx, task_id, &d, op->err) : op_no_memory(op);

    json_decref(decision);
    free(text);
    return rc;
}

/* ---- a task looks for nodes ---- */

struct search {
    struct op *op;
    struct ctask *task;
    enum task_strategy strategy;
    uint64_t mark; /* on nodes and owners that are out */
    bool by_owner; /* owners may not repeat */
    struct cnode **found;
    uint32_t n_found, n_wanted, n_visits;
    uint32_t n_seen; /* nodes of the tree accounted for */
    struct record *record;
};

static enum task_strategy strategy_of(const struct op *op, const struct ctask *t)
{
    return t->strategy ? t->strategy : op->c->strategy;
}

/* Marks what the task may not have, so that a visit is a comparison. */
static void mark_excluded(struct search *s)
{
    struct index *x = s->op->x;

    s->mark = ++x->mark;
    s->by_owner = s->task->min_nodes > 1 && !s->op->c->config.replicas_share_owner;
    for (const struct catt *m = s->task->atts; m; m = m->task_next) {
        m->node->mark = s->mark;
        if (s->by_owner)
            m->node->owner->mark = s->mark;
    }
    for (const struct cback *b = s->task->backs; b; b = b->next) {
        struct cnode *n = b->until_ms > s->op->now_ms ? index_node(x, b->node_id) : NULL;

        if (n)
            n->mark = s->mark;
    }
}

static enum reason relation(const struct search *s, const struct cnode *n)
{
    if (n->mark == s->mark)
        return index_att(s->task, n) ? ATTACHED : BACK_OFF;
    return s->by_owner && n->owner->mark == s->mark ? SAME_OWNER : FITS;
}

static enum reason judge(const struct search *s, const struct cnode *n)
{
    enum reason why = state_reason(n);

    if (why == FITS)
        why = node_lacks(&s->task->want, n);
    if (why == FITS && s->task->region[0] && strcmp(s->task->region, n->region) != 0)
        why = REGION; /* the bit was another region's */
    return why == FITS ? relation(s, n) : why;
}

static bool finished(const struct search *s)
{
    return s->n_found == s->n_wanted || s->n_visits >= COORD_VISITS_MAX;
}

static void visit(struct search *s, struct cnode *n)
{
    enum reason why = judge(s, n);

    s->n_visits++;
    s->n_seen++;
    if (s->record && !s->record->whole) {
        s->record->excluded[why]++;
        list_node(s->record, n, s->strategy, why);
    }
    if (why != FITS)
        return;
    s->found[s->n_found++] = n;
    n->mark = s->mark;
    if (s->by_owner)
        n->owner->mark = s->mark;
}

/* The reason why nothing below can match, or FITS. */
static enum reason prune(const struct search *s, const struct offer *o)
{
    enum reason why = lacks(&s->task->want, o->bandwidth_mbps, o->memory_gb, o->cpu_cores,
                            o->traits, o->regions);

    if (why == FITS && s->by_owner && o->owner && o->owner->mark == s->mark)
        why = SAME_OWNER;
    return why;
}

static void walk_nodes(struct search *s, struct tree_link *e)
{
    if (e == NULL || finished(s))
        return;
    struct rank *r = tree_entry(e, struct rank, link);
    enum reason why = prune(s, &r->offer);
    if (why != FITS) {
        s->n_seen += r->offer.n;
        if (s->record && !s->record->whole)
            s->record->excluded[why] += r->offer.n;
        return;
    }
    walk_nodes(s, e->left);
    if (!finished(s))
        visit(s, r->node);
    walk_nodes(s, e->right);
}

static void search_nodes(struct search *s)
{
    mark_excluded(s);
    walk_nodes(s, s->op->x->by[s->strategy - 1].root);
    s->op->c->placement_visits += s->n_visits;
}

static bool is_found(const struct search *s, const struct cnode *n)
{
    for (uint32_t i = 0; i < s->n_found; i++)
        if (s->found[i] == n)
            return true;
    return false;
}

/* Judges one node for the record alone, after the search. */
static void note_node(struct search *s, const struct cnode *n)
{
    enum reason why = is_found(s, n) ? FITS : judge(s, n);

    s->record->excluded[why]++;
    list_node(s->record, n, s->strategy, why);
}

/* A small cluster is recorded whole, in order of rank, those out of the running last;
 * of a large one the search left what it looked at and what it could rule out. */
static void note_others(struct search *s)
{
    const struct index *x = s->op->x;
    struct record *r = s->record;

    if (!r->whole) {
        r->excluded[OFFLINE] = (uint32_t)x->in_state[NODE_OFFLINE];
        r->excluded[REJECTED] = (uint32_t)x->in_state[NODE_REJECTED];
        r->excluded[SAFE_MODE] = (uint32_t)x->in_state[NODE_SAFE];
        r->excluded[AT_CAP] = (uint32_t)x->in_state[NODE_FULL];
        r->excluded[NOT_ASKING] = (uint32_t)x->in_state[NODE_ABSENT];
        r->ranked_lower = (uint32_t)x->by[s->strategy - 1].n - s->n_seen;
        return;
    }
    for (struct tree_link *e = tree_first(&x->by[s->strategy - 1]); e; e = tree_next(e))
        note_node(s, tree_entry(e, struct rank, link)->node);
    for (const struct cnode *n = x->all; n; n = n->next)
        if (n->state != NODE_OPEN && n->state != NODE_DELETED)
            note_node(s, n);
    /* Whoever shares an owner with one that was chosen ranks lower and is not wanted
     * for that too; the record says same_owner. */
    r->ranked_lower = r->excluded[FITS] - s->n_found;
}

static json_t *task_decision(const struct search *s, const char *trigger)
{
    const struct index *x = s->op->x;
    uint32_t in_tree = (uint32_t)x->by[s->strategy - 1].n;
    json_t *chosen = json_array();

    for (uint32_t i = 0; i < s->n_found; i++)
        json_array_append_new(chosen, json_string(s->found[i]->id));
    return json_pack("{s:s, s:s, s:I, s:o, s:I, s:I, s:I, s:o, s:O, s:b}", "trigger", trigger,
                     "strategy", task_strategy_name(s->strategy), "wanted", (json_int_t)s->n_wanted,
                     "chosen", chosen, "nodes_known",
                     (json_int_t)(x->nodes.n - x->in_state[NODE_DELETED]), "nodes_open",
                     (json_int_t)in_tree, "ranked_lower", (json_int_t)s->record->ranked_lower,
                     "excluded", excluded_json(s->record), "nodes", s->record->nodes,
                     "search_gave_up", s->n_found < s->n_wanted && s->n_seen < in_tree);
}

/* The search first and the changes after: attaching moves nodes in the tree. */
static int place_found(struct op *op, struct search *s, const char *trigger)
{
    note_others(s);
    int rc = op_keep_decision(op, s->task->id, task_decision(s, trigger));

    for (uint32_t i = 0; rc == VCP_OK && i < s->n_found; i++)
        rc = op_attach(op, s->task, s->found[i]);
    return rc;
}

int op_place(struct op *op, struct ctask *t, const char *trigger)
{
    struct record record = {0};
    struct search s = {.op = op,
                       .task = t,
                       .strategy = strategy_of(op, t),
                       .n_wanted = t->min_nodes - t->n_active,
                       .record = &record};

    if (t->n_active >= t->min_nodes)
        return VCP_OK;
    s.found = calloc(s.n_wanted, sizeof *s.found);
    record.nodes = json_array();
    record.whole = op->x->nodes.n <= COORD_EXPLAIN_NODES;
    if (s.found == NULL || record.nodes == NULL) {
        free(s.found);
        return op_no_memory(op);
    }
    op->touched = true;
    search_nodes(&s);
    int rc = place_found(op, &s, trigger);
    json_decref(record.nodes);
    free(s.found);
    return rc;
}

bool op_has_candidate(struct op *op, struct ctask *t, bool idle)
{
    struct cnode *found = NULL;
    struct search s = {.op = op,
                       .task = t,
                       .strategy = TASK_STRATEGY_LEAST_LOADED,
                       .found = &found,
                       .n_wanted = 1};

    search_nodes(&s);
    return s.n_found == 1 && (!idle || found->n_open == 0);
}

/* ---- a node looks for tasks ---- */

struct queue_search {
    struct op *op;
    struct cnode *node;
    struct ctask *found;
    uint32_t n_visits;
    int64_t after, last_seen; /* seq: from where, how far it came */
};

static bool owner_attached(const struct ctask *t, const struct cowner *o)
{
    for (const struct catt *m = t->atts; m; m = m->task_next)
        if (m->node->owner == o)
            return true;
    return false;
}

static bool takes(const struct queue_search *s, const struct ctask *t)
{
    const struct cnode *n = s->node;
    const struct cback *b;

    if (node_lacks(&t->want, n) != FITS || (t->region[0] && strcmp(t->region, n->region) != 0))
        return false;
    if (t->n_active && index_att(t, n))
        return false;
    if (t->min_nodes > 1 && !s->op->c->config.replicas_share_owner && owner_attached(t, n->owner))
        return false;
    b = task_back(t, n->id);
    return b == NULL || b->until_ms <= s->op->now_ms;
}

static void walk_queue(struct queue_search *s, struct tree_link *e)
{
    if (e == NULL || s->found || s->n_visits >= COORD_VISITS_MAX)
        return;
    struct ctask *t = tree_entry(e, struct ctask, waiting);
    const struct cnode *n = s->node;
    if (lacks(&t->least, n->row.bandwidth_mbps, n->row.memory_gb, n->row.cpu_cores, n->trait,
              n->region_bit) != FITS)
        return;
    if (t->seq > s->after)
        walk_queue(s, e->left);
    if (t->seq > s->after && !s->found && s->n_visits < COORD_VISITS_MAX) {
        s->n_visits++;
        s->last_seen = t->seq;
        if (takes(s, t))
            s->found = t;
    }
    walk_queue(s, e->right);
}

/* The oldest task the node can take, or NULL. */
static struct ctask *next_task(struct op *op, struct cnode *n)
{
    struct queue_search s = {.op = op, .node = n, .after = n->fill_after};

    walk_queue(&s, op->x->waiting.root);
    op->c->placement_visits += s.n_visits;
    if (s.found == NULL)
        n->fill_after = s.n_visits >= COORD_VISITS_MAX ? s.last_seen : 0;
    return s.found;
}

static json_t *node_decision(const struct op *op, const struct ctask *t, const struct cnode *n)
{
    enum task_strategy st = strategy_of(op, t);
    double score = score_of(n, st);

    return json_pack("{s:s, s:s, s:I, s:[s], s:[{s:s, s:o, s:I, s:n}]}", "trigger", "node_has_room",
                     "strategy", task_strategy_name(st), "wanted",
                     (json_int_t)(t->min_nodes - t->n_active), "chosen", n->id, "nodes", "node_id",
                     n->id, "score", isnan(score) ? json_null() : json_real(score), "active_tasks",
                     (json_int_t)n->n_active, "excluded");
}

int op_fill(struct op *op, struct cnode *n)
{
    int rc = VCP_OK;

    while (rc == VCP_OK && n->state == NODE_OPEN) {
        struct ctask *t = next_task(op, n);

        if (t == NULL)
            break;
        op->touched = true;
        rc = op_keep_decision(op, t->id, node_decision(op, t, n));
        if (rc == VCP_OK)
            rc = op_attach(op, t, n);
    }
    return rc;
}
