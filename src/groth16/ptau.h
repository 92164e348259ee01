/* ptau.h - snarkjs's powers of tau, phase 1 of a setup, mapped.
 *
 * Sections: 1 header (p, power, ceremony power); 2 [tau^i]1 for i < 2^(power+1) - 1;
 * 3 [tau^i]2, 4 [alpha tau^i]1, 5 [beta tau^i]1 for i < 2^power; 6 [beta]2; 7 the
 * contributions.  A prepared file has the Lagrange bases of 2, 3, 4 and 5 in 12, 13, 14
 * and 15: for every domain 2^p, p = 0 .. power (section 12 also power + 1), 2^p points
 * one after the other.
 *
 * ptau_open checks the shape; ptau_check_domain the points a circuit of one domain
 * uses, and that they are what they claim: on their curves, powers of one tau with the
 * same alpha and beta, and the Lagrange points consistent with the powers.  ptau_check
 * does that for all of the file, and checks the contributions (ptau_chain.h): what
 * `snarkjs powersoftau verify` does. */
#ifndef GROTH16_PTAU_H
#define GROTH16_PTAU_H

#include "groth16/binfile.h"
#include "groth16/work.h"

#define PTAU_POWER_MAX 28u

struct ptau {
    struct binfile file;
    unsigned power, ceremony_power; /* the second is larger in a file cut down to fewer powers */
    bool prepared;                  /* has the Lagrange bases */
    /* memory form, any alignment */
    const unsigned char *tau1, *tau2, *alpha1, *beta1, *beta2;
    const unsigned char *lagrange1, *lagrange2, *lagrange_alpha1, *lagrange_beta1;
};

int ptau_open(struct ptau *p, const char *path, struct err *err);
int ptau_parse(struct ptau *p, const char *name, const void *bytes, size_t n, struct err *err);
void ptau_release(struct ptau *p);

/* VCP_EFORMAT when the Lagrange bases are missing, which a setup needs. */
int ptau_check_prepared(const struct ptau *p, struct err *err);

/* Start of the Lagrange basis of domain 2^log_n inside lagrange1 etc. */
const unsigned char *ptau_lagrange(const unsigned char *section, unsigned log_n,
                                   size_t point_bytes);

/* The whole check for one domain; random combinations, false with probability 2^-120. */
int ptau_check_domain(const struct ptau *p, unsigned log_n, struct work *work, struct err *err);

/* All powers, all bases if there are any, and the contributions; false with the same
 * probability. */
int ptau_check(const struct ptau *p, struct work *work, struct err *err);

/* What snarkjs hashes as H point i of domain n when it makes a key: [tau^(n+i) - tau^i]1,
 * read from the raw file so that the one point it reads past section 2 (when the domain
 * is the whole power) gives the bytes snarkjs sees.  False when the file ends before. */
bool ptau_h_point(g1_affine *hi, g1_affine *lo, const struct ptau *p, size_t n, size_t i);

#endif
