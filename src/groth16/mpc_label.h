/* mpc_label.h - who made a contribution to a ceremony and from what: the part that the
 * records of phase 1 (ptau_chain.h) and phase 2 (mpc.h) share.
 *
 * In files: type u32 (1: beacon), bytes u32, then parameters in order of their tag: 1 name
 * (length u8, UTF-8), 2 log2 of the beacon's iterations (u8), 3 beacon (length u8, bytes). */
#ifndef GROTH16_MPC_LABEL_H
#define GROTH16_MPC_LABEL_H

#include <stdbool.h>
#include <stdint.h>

#include "groth16/binfile.h"

#define MPC_NAME_MAX       255
#define MPC_BEACON_MAX     255
#define MPC_BEACON_LOG_MIN 10u /* snarkjs takes 10 to 63 */
#define MPC_BEACON_LOG_MAX 63u

struct mpc_label {
    bool is_beacon;
    uint8_t name_bytes, beacon_bytes, beacon_log; /* 2^beacon_log iterations of SHA-256 */
    char name[MPC_NAME_MAX + 1];
    uint8_t beacon[MPC_BEACON_MAX];
};

/* Labels of our own making: name may be NULL and has at most the 64 bytes that snarkjs keeps;
 * a beacon has 1 to 255 bytes and log from MPC_BEACON_LOG_MIN to GROTH16_BEACON_LOG_MAX. */
int mpc_label_init(struct mpc_label *l, const char *name, struct err *err);
int mpc_label_init_beacon(struct mpc_label *l, const char *name, const uint8_t *beacon, size_t n,
                          unsigned log, struct err *err);

/* i counts from 0 and is for messages, as is the file's name. */
int mpc_label_read(struct mpc_label *l, struct cursor *in, uint32_t i, const char *name,
                   struct err *err);
void mpc_label_put(struct binfile_writer *w, const struct mpc_label *l);

/* Adds the hashes that checking this label's beacon takes to *total; VCP_ELIMIT when they are
 * more than GROTH16_BEACON_HASHES_MAX, or 2^GROTH16_BEACON_LOG_MAX for this one. */
int mpc_label_count(uint64_t *total, const struct mpc_label *l, uint32_t i, const char *name,
                    struct err *err);

/* Name for a sentence: what is not printable ASCII as \xNN; "unnamed" without one. */
#define MPC_NAME_TEXT_BYTES (4 * MPC_NAME_MAX + 1)
const char *mpc_label_text(char out[MPC_NAME_TEXT_BYTES], const struct mpc_label *l);

/* The seed of the contributor's random generator: the beacon's, by SHA-256 iterated 2^log
 * times; or fresh, from the operating system with entropy (may be NULL) stirred in. */
void mpc_label_seed(uint8_t seed[32], const struct mpc_label *l);
void mpc_fresh_seed(uint8_t seed[32], const char *entropy);

#endif
