#include "api/modules.h"

#include <string.h>

#include "wasm/decode.h"
#include "wasm/validate.h"

void modules_init(struct modules *m)
{
    memset(m, 0, sizeof *m);
    pthread_mutex_init(&m->lock, NULL);
}

void modules_release(struct modules *m)
{
    pthread_mutex_destroy(&m->lock);
}

/* Digest of (module, entry): what the memory of good answers is keyed by. */
static void question(uint8_t out[SHA3_256_BYTES], const uint8_t sha3[SHA3_256_BYTES],
                     const char *entry)
{
    struct sha3 s;

    memset(out, 0, SHA3_256_BYTES);
    if (sha3_init(&s) < 0)
        return; /* all zeros is never known */
    sha3_update(&s, sha3, SHA3_256_BYTES);
    sha3_update(&s, entry ? "e" : "c", 1);
    if (entry)
        sha3_update(&s, entry, strlen(entry));
    sha3_final(&s, out);
}

static bool is_zero(const uint8_t q[SHA3_256_BYTES])
{
    static const uint8_t zero[SHA3_256_BYTES];

    return memcmp(q, zero, sizeof zero) == 0;
}

static bool known_locked(const struct modules *m, const uint8_t q[SHA3_256_BYTES])
{
    size_t i;

    for (i = 0; i < MODULES_KNOWN; i++)
        if (memcmp(m->known[i], q, SHA3_256_BYTES) == 0)
            return !is_zero(q);
    return false;
}

bool modules_is_known(struct modules *m, const uint8_t sha3[SHA3_256_BYTES], const char *entry)
{
    uint8_t q[SHA3_256_BYTES];
    bool known;

    question(q, sha3, entry);
    pthread_mutex_lock(&m->lock);
    known = known_locked(m, q);
    pthread_mutex_unlock(&m->lock);
    return known;
}

static void remember(struct modules *m, const uint8_t sha3[SHA3_256_BYTES], const char *entry)
{
    uint8_t q[SHA3_256_BYTES];

    question(q, sha3, entry);
    pthread_mutex_lock(&m->lock);
    if (!known_locked(m, q)) {
        memcpy(m->known[m->next], q, sizeof q);
        m->next = (m->next + 1) % MODULES_KNOWN;
    }
    pthread_mutex_unlock(&m->lock);
}

static int find_entry(const struct module *m, const char *entry, struct err *err)
{
    const char *name = entry ? entry : "_start";

    if (entry && !entry[0])
        return VCP_OK;
    if (module_export(m, EXTERN_FUNC, name, strlen(name)))
        return VCP_OK;
    if (!entry)
        return err_set(err, VCP_EINVAL,
                       "the module exports no function _start, so it is no WASI command; name one "
                       "of its functions in inputs.entry");
    return err_set(err, VCP_EINVAL, "the module exports no function \"%.128s\" (inputs.entry)",
                   entry);
}

int modules_check(struct modules *m, const uint8_t sha3[SHA3_256_BYTES], const void *bytes,
                  size_t n, const char *entry, struct err *err)
{
    struct module *module = NULL;
    int rc;

    if (modules_is_known(m, sha3, entry))
        return VCP_OK;
    rc = module_decode(&module, bytes, n, NULL, err);
    if (rc == VCP_OK)
        rc = module_validate(module, err);
    if (rc < 0) {
        /* What is wrong with a module is wrong with the request, also where it is that this
         * engine lacks a proposal. */
        if (rc != VCP_ENOMEM)
            err->code = rc = VCP_EINVAL;
        err_prefix(err, "the module cannot be run");
    }
    if (rc == VCP_OK)
        rc = find_entry(module, entry, err);
    module_free(module);
    if (rc == VCP_OK)
        remember(m, sha3, entry);
    return rc;
}
