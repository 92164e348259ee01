/* fake_server.h - as much of a coordinator as a node needs to see: it checks every signature,
 * hands out the leases a test queues, records what comes back, and fails on request. */
#ifndef TESTS_NODE_FAKE_SERVER_H
#define TESTS_NODE_FAKE_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "mesh/sign.h"

#define FAKE_KEY "vcp_owner"

struct fake_server;

/* port 0: any free one. */
struct fake_server *fake_start(unsigned port);
void fake_stop(struct fake_server *f);
unsigned fake_port(struct fake_server *f);

/* Queues a lease of a module (bytes are kept by reference); inputs is a JSON text.  The
 * limits are strict's with this timeout. */
void fake_lease(struct fake_server *f, const char *lease_id, const void *module, size_t n,
                const char *inputs, int timeout_ms);
/* Makes a blob fetchable. */
void fake_blob(struct fake_server *f, char hex[65], const void *p, size_t n);

/* Watches and heartbeats call this lease cancelled. */
void fake_cancel(struct fake_server *f, const char *lease_id);
/* While set, results are answered with 503, modules are served with a flipped bit. */
void fake_refuse_results(struct fake_server *f, bool on);
void fake_spoil_modules(struct fake_server *f, bool on);
void fake_forget_node(struct fake_server *f);
/* The server's clock goes this far ahead of ours, in its Date header and its judgement. */
void fake_set_clock(struct fake_server *f, int64_t ahead_ms);

/* Waits up to 20 s for the result of a lease; a new reference, or NULL.  Signatures of
 * completed results were verified before they are here. */
json_t *fake_result(struct fake_server *f, const char *lease_id);
/* Waits for n heartbeats since the start; the last one's telemetry (new reference). */
json_t *fake_telemetry(struct fake_server *f, unsigned n);
/* Of uploads: 0 when there is none with that digest. */
size_t fake_uploaded_bytes(struct fake_server *f, const char *hex);

struct fake_counts {
    unsigned registrations, heartbeats, polls, leases_given, results, bad_signatures;
    unsigned module_gets, running; /* leases named in the last heartbeat */
    unsigned watches, leaving;     /* watches answered; heartbeats that said so */
    double bandwidth_mbps;         /* last registered */
};
struct fake_counts fake_counts(struct fake_server *f);

#endif
