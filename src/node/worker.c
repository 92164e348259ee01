/* worker.c - the worker: one task's life between two frames; see keeper.c for its parent. */
#include "node/worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/limits.h"
#include "node/jail.h"
#include "node/wire.h"

static bool read_exactly(uint8_t *p, size_t n)
{
    while (n > 0) {
        ssize_t k = read(WORKER_JOB_FD, p, n);

        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return false;
        p += k;
        n -= (size_t)k;
    }
    return true;
}

static bool write_exactly(const uint8_t *p, size_t n)
{
    while (n > 0) {
        ssize_t k = write(WORKER_JOB_FD, p, n);

        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return false;
        p += k;
        n -= (size_t)k;
    }
    return true;
}

bool worker_send_frame(enum wire_kind kind, const void *p, size_t n)
{
    struct wire_header h = {(uint32_t)kind, n};
    uint8_t head[WIRE_HEADER_BYTES];

    wire_header_encode(head, &h);
    return write_exactly(head, sizeof head) && write_exactly(p, n);
}

/* Appends the payload of the frame that must come now. */
bool worker_receive_frame(struct buf *out, enum wire_kind kind, uint64_t length_max)
{
    uint8_t head[WIRE_HEADER_BYTES];
    struct wire_header h;

    if (!read_exactly(head, sizeof head) ||
        wire_header_decode(&h, head, kind, length_max, NULL) < 0 ||
        !buf_reserve(out, h.length + 1) || !read_exactly(out->data + out->len, h.length))
        return false;
    out->len += h.length;
    return true;
}

/* What a run maps at most beyond its linear memory: the decoded module and its code,
 * input and outputs (which grow by doubling), the stack of the guest, and slack for malloc. */
uint64_t worker_address_bytes(const struct run_request *job)
{
    return job->limits.memory_bytes_max + 64 * (uint64_t)job->module_bytes + 2 * job->input_bytes +
           6 * job->limits.output_bytes_max + 8 * (uint64_t)job->limits.stack_slots_max +
           (128u << 20);
}

bool worker_send_ready(unsigned walls, const struct err *err)
{
    struct wire_ready ready = {.walls = walls};
    struct buf b;
    bool ok;

    if (err)
        snprintf(ready.message, sizeof ready.message, "%.255s", err->msg);
    buf_init(&b, 0);
    wire_ready_encode(&b, &ready);
    ok = !b.failed && worker_send_frame(WIRE_READY, b.data, b.len);
    buf_release(&b);
    return ok;
}

static bool send_report(struct wire_report *report, const struct run_result *result)
{
    struct rusage usage;
    struct buf b;
    bool ok;

    if (getrusage(RUSAGE_SELF, &usage) == 0)
        report->process_bytes_peak = (uint64_t)usage.ru_maxrss * 1024;
    buf_init(&b, 0);
    wire_report_encode(&b, report);
    ok = !b.failed && worker_send_frame(WIRE_REPORT, b.data, b.len) &&
         worker_send_frame(WIRE_OUTPUT, result->output.data, report->output_bytes) &&
         worker_send_frame(WIRE_ERROR, result->error_output.data, report->error_bytes);
    buf_release(&b);
    return ok;
}

static bool run_and_report(const struct run_request *job)
{
    struct run_result result = {0};
    struct wire_report report = {0};
    struct err err = {0};

    if (run_module(&result, job, NULL, &err) == VCP_OK) {
        wire_report_of(&report, &result);
    } else {
        report.refused = true;
        snprintf(report.message, sizeof report.message, "%s", err.msg);
    }
    return send_report(&report, &result); /* the process ends: nothing to release */
}

/* The job comes from the agent and is trusted; module and input are not, and are read
 * only when every wall stands. */
static bool serve(unsigned walls)
{
    struct buf head, module, input;
    struct run_request job;
    struct jail_limits limits = {0};
    struct arena arena;
    struct err err = {0};

    arena_init(&arena, NODE_JOB_BYTES_MAX * 4);
    buf_init(&head, 0);
    buf_init(&module, 0);
    buf_init(&input, 0);
    if (!worker_receive_frame(&head, WIRE_JOB, NODE_JOB_BYTES_MAX) ||
        wire_job_decode(&job, &arena, head.data, head.len, &err) < 0)
        return false;
    limits.address_bytes = worker_address_bytes(&job);
    limits.cpu_seconds = job.limits.timeout_ms ? job.limits.timeout_ms / 1000 + 3 : 0;
    if (jail_lock(&limits, &walls, &err) < 0) {
        worker_send_ready(walls, &err);
        return false;
    }
    if (!worker_send_ready(walls, NULL) ||
        !worker_receive_frame(&module, WIRE_MODULE, job.module_bytes) ||
        !worker_receive_frame(&input, WIRE_INPUT, job.input_bytes))
        return false;
    job.module = module.data;
    job.module_bytes = module.len;
    job.input = input.data;
    job.input_bytes = input.len;
    return run_and_report(&job);
}

void worker_serve(int fd, unsigned walls)
{
    struct err err = {0};

    if (jail_enter(fd, &walls, &err) < 0) {
        worker_send_ready(walls, &err); /* reaches the agent if the descriptor was moved */
        _exit(1);
    }
    _exit(serve(walls) ? 0 : 1);
}
