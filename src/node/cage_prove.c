/* cage_prove.c - the agent's side of a proof: the same conversation as for a run, with progress. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "node/cage_state.h"

static int send_job(struct talk *t, const struct wire_prove *job, struct err *err)
{
    struct buf b;
    int rc;

    buf_init(&b, NODE_JOB_BYTES_MAX);
    wire_prove_encode(&b, job);
    if (b.failed)
        rc = err_set(err, VCP_ELIMIT, "the arguments and environment exceed %u bytes",
                     NODE_JOB_BYTES_MAX);
    else
        rc = talk_send_frame(t, WIRE_PROVE, b.data, b.len, err);
    buf_release(&b);
    return rc;
}

/* Progress, until the proof's report is in b. */
static int await_report(struct talk *t, const struct cage_prove *job, struct buf *b,
                        struct err *err)
{
    static const enum wire_kind kinds[2] = {WIRE_PROGRESS, WIRE_PROOF};
    enum wire_kind kind = WIRE_PROGRESS;
    int rc = VCP_OK;

    while (rc == VCP_OK && kind == WIRE_PROGRESS) {
        struct wire_progress progress;

        buf_clear(b);
        rc = talk_receive_any(t, kinds, NODE_REPORT_BYTES_MAX, &kind, b, err);
        if (rc < 0 || kind != WIRE_PROGRESS)
            break;
        rc = wire_progress_decode(&progress, b->data, b->len, err);
        if (rc == VCP_OK && job->progress)
            job->progress(job->progress_arg, progress.stage, progress.permille);
    }
    return rc;
}

static int receive_proof(struct talk *t, const struct cage_prove *job, struct cage_proof *out,
                         struct err *err)
{
    struct buf b;
    int rc;

    buf_init(&b, 0);
    rc = await_report(t, job, &b, err);
    if (rc == VCP_OK)
        rc = wire_proof_decode(&out->report, b.data, b.len, err);
    buf_release(&b);
    if (rc == VCP_OK && out->report.status == PROOF_MADE)
        rc = talk_receive_frame(t, WIRE_RECEIPT, out->report.receipt_bytes, &out->receipt, err);
    if (rc == VCP_OK && out->receipt.len != out->report.receipt_bytes)
        rc = err_set(err, VCP_EFORMAT, "proof: announces another size than follows");
    return rc;
}

static int converse(struct cage *c, struct talk *t, const struct cage_prove *job,
                    struct cage_proof *out, struct err *err)
{
    const struct run_request *run = &job->job.run;
    int rc = cage_begin(c, t, err);

    if (rc == VCP_OK)
        rc = send_job(t, &job->job, err);
    if (rc == VCP_OK)
        rc = talk_receive_ready(t, &out->walls, err);
    if (rc < 0)
        return rc;
    t->ready = true;
    rc = talk_send_frame(t, WIRE_MODULE, run->module, run->module_bytes, err);
    if (rc == VCP_OK)
        rc = talk_send_frame(t, WIRE_INPUT, run->input, run->input_bytes, err);
    if (rc == VCP_OK || rc == VCP_EIO)
        rc = receive_proof(t, job, out, err);
    return rc;
}

static int start_prover(struct cage *c, const struct cage_prove *job, struct talk *t,
                        struct err *err)
{
    int keys_fd = open(job->keys_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int rc;

    if (keys_fd < 0)
        return err_set(err, VCP_EIO, "keys: %s: %s", job->keys_dir, strerror(errno));
    pthread_mutex_lock(&c->lock);
    rc = cage_spawn(c, &t->ends, keys_fd, err);
    pthread_mutex_unlock(&c->lock);
    close(keys_fd);
    return rc;
}

int cage_prove(struct cage *c, struct cage_proof *out, const struct cage_prove *job,
               struct cage_cancel *cancel, struct err *err)
{
    struct talk t = {.pidfd = -1, .cancel_fd = cancel ? cancel->event_fd : -1};
    struct cage_proof proof = {.walls = 0};
    struct err local = {0};
    int64_t began = clock_mono_ns();
    int rc;

    buf_init(&proof.receipt, ZKVM_RECEIPT_BYTES_MAX + 1);
    rc = start_prover(c, job, &t, err);
    if (rc < 0)
        return rc;
    t.deadline_ns = job->job.timeout_ms ? began + (job->job.timeout_ms + 0ll) * 1000000 : INT64_MAX;
    rc = converse(c, &t, job, &proof, &local);
    if (rc == VCP_EIO)
        talk_explain_death(&t, &local);
    talk_end(&t);
    atomic_store(&c->worker_pid, -1);
    if (rc < 0) {
        cage_proof_release(&proof);
        return err_set(err, rc, "%s", local.msg);
    }
    proof.wall_ns = clock_mono_ns() - began;
    *out = proof;
    return VCP_OK;
}

void cage_proof_release(struct cage_proof *p)
{
    buf_release(&p->receipt);
    memset(p, 0, sizeof *p);
}
