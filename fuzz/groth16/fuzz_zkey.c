/* fuzz_zkey.c - any bytes as a .zkey: refused, or proven with (the proof need not hold),
 * its points checked, its contributions read and its verifying key derived. */
#include <stdint.h>
#include <stdlib.h>

#include "groth16/mpc.h"
#include "groth16/prove.h"
#include "groth16/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void prove(const struct zkey *k)
{
    struct work work = {0};
    struct groth16_proof proof;
    struct err e;
    fr_bits *z = calloc(k->h.n_wires, sizeof *z);

    if (!z)
        abort();
    for (uint32_t i = 0; i < k->h.n_wires; i++)
        z[i].l[0] = i * i + 1;
    if (groth16_prove(&proof, k, z, &work, &e) < 0 || work.memory_now_bytes != 0)
        abort();
    free(z);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zkey k;
    struct mpc m;
    struct vkey *vk;
    struct err e;

    if (zkey_parse(&k, "fuzz", data, size, &e) < 0)
        return 0;
    /* Pairings and proofs take a thousand times as long as reading: on one input in 16. */
    bool thorough = data[size - 1] % 16 == 15;
    if (mpc_read(&m, &k.file, &e) == VCP_OK)
        mpc_release(&m);
    if (thorough && vkey_from_zkey(&vk, &k, &e) == VCP_OK)
        vkey_free(vk);
    if (thorough && k.h.domain <= 64)
        prove(&k);
    if (thorough)
        (void)zkey_check_points(&k, NULL, &e);
    zkey_release(&k);
    return 0;
}
