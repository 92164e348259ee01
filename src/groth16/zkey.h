/* zkey.h - snarkjs's Groth16 proving key, mapped.
 *
 * Sections: 1 protocol (1 = Groth16); 2 header: p, r, wires, public inputs, domain,
 * [alpha]1 [beta]1 [beta]2 [gamma]2 [delta]1 [delta]2; 3 IC; 4 the coefficients of A
 * and B as (matrix u32, row u32, wire u32, value) with the value times R^2 (R = 2^256),
 * so that one Montgomery product with a plain witness value gives a Montgomery result;
 * 5 A, 6 B1, 7 B2: a point a wire; 8 C: a point a private wire; 9 H: a point a row, the
 * odd half of the Lagrange basis of twice the domain; 10 the contributions (mpc.h).
 *
 * zkey_open checks sizes, header points and every coefficient.  The millions of
 * points of sections 3 and 5 to 9 are checked by zkey_check_points, which costs
 * about as much as a proof: do it once per file and remember it (keycache.h).  The
 * mapping may change under us if someone rewrites the file, so code that
 * indexes by file content checks again; a truncated mapping raises SIGBUS. */
#ifndef GROTH16_ZKEY_H
#define GROTH16_ZKEY_H

#include <string.h>

#include "base/threads.h"
#include "bn254/fr.h"
#include "bn254/g1.h"
#include "bn254/g2.h"
#include "groth16/binfile.h"

#define ZKEY_COEF_BYTES 44

struct zkey_header {
    uint32_t n_wires, n_public, domain; /* domain is a power of two >= 2 */
    g1_affine alpha1, beta1, delta1;
    g2_affine beta2, gamma2, delta2;
};

struct zkey {
    struct binfile file;
    struct zkey_header h;
    unsigned log_domain;
    uint32_t n_coefs;
    bool coefs_sorted;          /* by row: the work can be cut into ranges of rows */
    const unsigned char *coefs; /* n_coefs times ZKEY_COEF_BYTES */
    /* points in memory form, any alignment */
    const unsigned char *ic;   /* n_public + 1 */
    const unsigned char *a;    /* n_wires */
    const unsigned char *b1;   /* n_wires */
    const unsigned char *b2;   /* n_wires, G2 */
    const unsigned char *c;    /* n_wires - n_public - 1 */
    const unsigned char *hpts; /* domain */
};

struct zkey_place {
    uint32_t matrix, row, wire; /* matrix 0 is A, 1 is B */
};

int zkey_open(struct zkey *k, const char *path, struct err *err);
int zkey_parse(struct zkey *k, const char *name, const void *p, size_t n, struct err *err);
void zkey_release(struct zkey *k);

/* Where coefficient i stands, and the 32 bytes of its value times R^2, at any alignment. */
static inline struct zkey_place zkey_coef_place(const struct zkey *k, uint32_t i)
{
    struct zkey_place at;

    memcpy(&at, k->coefs + (size_t)i * ZKEY_COEF_BYTES, sizeof at);
    return at;
}

static inline const unsigned char *zkey_coef_value(const struct zkey *k, uint32_t i)
{
    return k->coefs + (size_t)i * ZKEY_COEF_BYTES + sizeof(struct zkey_place);
}

/* Every point on its curve and in its group, and the header's pairs consistent:
 * [beta]1 with [beta]2 and [delta]1 with [delta]2.  Names the first bad point. */
int zkey_check_points(const struct zkey *k, struct threads *threads, struct err *err);

/* Keys of the quick local setup carry this in place of the circuit hash. */
bool zkey_is_local_test(const struct zkey *k);
#define ZKEY_LOCAL_STAMP "AMBIENT-VCP LOCAL KEY, NO CEREMONY: FOR TESTS ONLY"

void zkey_put_header(struct binfile_writer *w, const struct zkey_header *h);

#endif
