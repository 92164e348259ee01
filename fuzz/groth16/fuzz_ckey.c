/* fuzz_ckey.c - any bytes as a key of a committed first stage: refused, or usable. */
#include <stdint.h>
#include <stdlib.h>

#include "groth16/ckey.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int no_rows(void *arg, fr a[], fr b[], fr_bits z[], struct threads *threads, struct err *err)
{
    const struct ckey *k = arg;
    (void)z;
    (void)threads;
    (void)err;
    for (size_t i = 0; i < (size_t)1 << k->log_domain; i++)
        a[i] = b[i] = fr_zero;
    return VCP_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ckey k;
    struct ckey_opening opening;
    struct groth16_proof proof;
    struct work work = {0};
    struct err e;
    g1_affine d;

    if (ckey_parse(&k, "fuzz", data, size, &e) < 0)
        return 0;
    fr_bits *z = calloc(k.n_wires, sizeof *z);
    if (!z)
        abort();
    z[0].l[0] = 1;
    struct ckey_rows rows = {no_rows, &k, k.n_wires, k.n_rows, k.log_domain};
    bool thorough = data[size - 1] % 16 == 7; /* slow: on one input in 16 */
    if (thorough && k.log_domain <= 6 && ckey_commit(&d, &opening, &k, z, &work, &e) == VCP_OK)
        (void)ckey_prove(&proof, &k, rows, z, &opening, &work, &e);
    if (work.memory_now_bytes != 0)
        abort();
    free(z);
    if (thorough)
        (void)ckey_check_points(&k, NULL, &e);
    ckey_release(&k);
    return 0;
}
