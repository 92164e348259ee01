/* mpc_label.c - see mpc_label.h. */
#include "groth16/mpc_label.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/rng.h"

enum { PARAM_NAME = 1, PARAM_BEACON_LOG = 2, PARAM_BEACON = 3, NAME_WRITTEN_MAX = 64 };

int mpc_label_init(struct mpc_label *l, const char *name, struct err *err)
{
    size_t n = name ? strlen(name) : 0;

    if (n > NAME_WRITTEN_MAX)
        return err_set(err, VCP_EINVAL, "the name of a contribution has %zu bytes, at most %d", n,
                       NAME_WRITTEN_MAX);
    *l = (struct mpc_label){.name_bytes = (uint8_t)n};
    memcpy(l->name, name ? name : "", n);
    return VCP_OK;
}

int mpc_label_init_beacon(struct mpc_label *l, const char *name, const uint8_t *beacon, size_t n,
                          unsigned log, struct err *err)
{
    int rc = mpc_label_init(l, name, err);

    if (rc < 0)
        return rc;
    if (n < 1 || n > MPC_BEACON_MAX)
        return err_set(err, VCP_EINVAL, "a beacon of %zu bytes, want 1 to %d", n, MPC_BEACON_MAX);
    if (log < MPC_BEACON_LOG_MIN || log > GROTH16_BEACON_LOG_MAX)
        return err_set(err, VCP_EINVAL, "2^%u iterations of the beacon, want 2^%u to 2^%u", log,
                       MPC_BEACON_LOG_MIN, GROTH16_BEACON_LOG_MAX);
    l->is_beacon = true;
    memcpy(l->beacon, beacon, n);
    l->beacon_bytes = (uint8_t)n;
    l->beacon_log = (uint8_t)log;
    return VCP_OK;
}

/* ---- in files ---- */

static bool read_string(void *out, uint8_t *len, struct cursor *in)
{
    const unsigned char *p;
    if (!cursor_u8(in, len) || !cursor_bytes(in, *len, &p))
        return false;
    memcpy(out, p, *len);
    return true;
}

static bool read_params(struct mpc_label *l, struct cursor *in)
{
    uint8_t type, last = 0;

    while (cursor_left(in) > 0) {
        if (!cursor_u8(in, &type) || type <= last)
            return false;
        last = type;
        bool ok = type == PARAM_NAME         ? read_string(l->name, &l->name_bytes, in)
                  : type == PARAM_BEACON_LOG ? cursor_u8(in, &l->beacon_log)
                  : type == PARAM_BEACON     ? read_string(l->beacon, &l->beacon_bytes, in)
                                             : false;
        if (!ok)
            return false;
    }
    return true;
}

int mpc_label_read(struct mpc_label *l, struct cursor *in, uint32_t i, const char *name,
                   struct err *err)
{
    const unsigned char *p;
    uint32_t type, n_params;

    memset(l, 0, sizeof *l);
    if (!cursor_u32le(in, &type) || !cursor_u32le(in, &n_params) ||
        !cursor_bytes(in, n_params, &p) || type > 1)
        return err_set(err, VCP_EFORMAT, "%s: contribution %u is cut off or of an unknown type",
                       name, i + 1);
    struct cursor params = {p, p + n_params};
    if (!read_params(l, &params))
        return err_set(err, VCP_EFORMAT, "%s: contribution %u has malformed parameters", name,
                       i + 1);
    l->is_beacon = type == 1;
    if (l->is_beacon && (l->beacon_bytes == 0 || l->beacon_log < MPC_BEACON_LOG_MIN ||
                         l->beacon_log > MPC_BEACON_LOG_MAX))
        return err_set(err, VCP_EFORMAT, "%s: contribution %u is a beacon without its parameters",
                       name, i + 1);
    return VCP_OK;
}

void mpc_label_put(struct binfile_writer *w, const struct mpc_label *l)
{
    uint32_t n = (l->name_bytes ? 2u + l->name_bytes : 0u) +
                 (l->is_beacon ? 4u + l->beacon_bytes : 0u);
    unsigned char b[2];

    binfile_put_u32(w, l->is_beacon);
    binfile_put_u32(w, n);
    if (l->name_bytes) {
        b[0] = PARAM_NAME;
        b[1] = l->name_bytes;
        binfile_put(w, b, 2);
        binfile_put(w, l->name, l->name_bytes);
    }
    if (l->is_beacon) {
        b[0] = PARAM_BEACON_LOG;
        b[1] = l->beacon_log;
        binfile_put(w, b, 2);
        b[0] = PARAM_BEACON;
        b[1] = l->beacon_bytes;
        binfile_put(w, b, 2);
        binfile_put(w, l->beacon, l->beacon_bytes);
    }
}

/* ---- what labels say ---- */

const char *mpc_label_text(char out[MPC_NAME_TEXT_BYTES], const struct mpc_label *l)
{
    size_t n = 0;

    for (unsigned i = 0; i < l->name_bytes; i++) {
        unsigned char b = (unsigned char)l->name[i];

        if (b >= 0x20 && b < 0x7f)
            out[n++] = (char)b;
        else
            n += (size_t)snprintf(out + n, 5, "\\x%02x", b);
    }
    out[n] = '\0';
    return n > 0 ? out : "unnamed";
}

int mpc_label_count(uint64_t *total, const struct mpc_label *l, uint32_t i, const char *name,
                    struct err *err)
{
    if (!l->is_beacon)
        return VCP_OK;
    if (l->beacon_log > GROTH16_BEACON_LOG_MAX)
        return err_set(err, VCP_ELIMIT,
                       "%s: contribution %u: its beacon asks for 2^%u hashes, at most 2^%u", name,
                       i + 1, l->beacon_log, GROTH16_BEACON_LOG_MAX);
    *total += UINT64_C(1) << l->beacon_log;
    if (*total > GROTH16_BEACON_HASHES_MAX)
        return err_set(err, VCP_ELIMIT,
                       "%s: the beacons up to contribution %u ask for %" PRIu64
                       " hashes, at most %" PRIu64,
                       name, i + 1, *total, GROTH16_BEACON_HASHES_MAX);
    return VCP_OK;
}

void mpc_label_seed(uint8_t seed[32], const struct mpc_label *l)
{
    crypto_hash_sha256(seed, l->beacon, l->beacon_bytes);
    for (uint64_t i = 1; i < UINT64_C(1) << l->beacon_log; i++)
        crypto_hash_sha256(seed, seed, 32);
}

void mpc_fresh_seed(uint8_t seed[32], const char *entropy)
{
    crypto_generichash_blake2b_state h;
    uint8_t fresh[64], all[64];

    rng_bytes(fresh, sizeof fresh);
    crypto_generichash_blake2b_init(&h, NULL, 0, sizeof all);
    crypto_generichash_blake2b_update(&h, fresh, sizeof fresh);
    if (entropy)
        crypto_generichash_blake2b_update(&h, (const unsigned char *)entropy, strlen(entropy));
    crypto_generichash_blake2b_final(&h, all, sizeof all);
    memcpy(seed, all, 32);
    explicit_bzero(fresh, sizeof fresh);
    explicit_bzero(all, sizeof all);
    explicit_bzero(&h, sizeof h);
}
