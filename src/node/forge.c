#include "node/forge.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "zkvm/receipt.h"

bool forge_parse(enum forge *out, const char *name)
{
    static const char *const names[] = {"", "forged", "missing", "stolen"};

    for (int i = FORGE_RECEIPT; i <= FORGE_STOLEN; i++)
        if (strcmp(name, names[i]) == 0) {
            *out = (enum forge)i;
            return true;
        }
    return false;
}

/* A bit of the first byte a command wrote, in all places that say it: a digit becomes another. */
static void change_written(struct outcome *o, struct buf *output, struct receipt *r)
{
    struct buf *carried = &r->carried[STREAM_OUTPUT];

    output->data[0] ^= 1;
    if (carried->len)
        carried->data[0] ^= 1;
    statement_stream_set(&r->statement.output, output->data, output->len);
    sha3_256(o->output_sha3, output->data, output->len);
}

/* The first result one higher, likewise; without results what was written; without anything
 * written, a unit of gas. */
static void change_claim(struct outcome *o, struct buf *output, struct receipt *r)
{
    struct statement *s = &r->statement;
    int32_t value;
    size_t at;

    if (s->n_results == 0 && output->len) {
        change_written(o, output, r);
        return;
    }
    if (s->n_results == 1 && sscanf(o->values, "i32:%" SCNd32, &value) == 1 && output->len >= 4) {
        s->results[0] = (uint32_t)(s->results[0] + 1);
        snprintf(o->values, sizeof o->values, "i32:%" PRId32, (int32_t)(uint32_t)s->results[0]);
        at = output->len - 4;
        for (int i = 0; i < 4; i++)
            output->data[at + (size_t)i] = (uint8_t)(s->results[0] >> 8 * i);
        sha3_256(o->output_sha3, output->data, output->len);
        return;
    }
    o->gas_used++;
    s->gas_used++;
}

static void change_receipt(struct outcome *o, struct buf *output, struct buf *receipt)
{
    struct receipt r = {.n_proofs = 0};

    if (receipt_decode(&r, receipt->data, receipt->len, NULL) < 0)
        return;
    change_claim(o, output, &r);
    buf_clear(receipt);
    receipt_encode(receipt, &r);
    receipt_release(&r);
}

static void swap_receipt(struct buf *receipt, struct buf *kept)
{
    struct buf mine = *receipt;

    if (kept->len) {
        *receipt = *kept;
        *kept = mine;
    } else {
        buf_put(kept, receipt->data, receipt->len);
    }
}

void forge(enum forge how, struct outcome *o, struct buf *output, struct buf *receipt,
           struct buf *kept)
{
    switch (how) {
    case FORGE_RECEIPT: change_receipt(o, output, receipt); break;
    case FORGE_MISSING: buf_clear(receipt); break;
    case FORGE_STOLEN: swap_receipt(receipt, kept); break;
    case FORGE_NOTHING: break;
    }
}
