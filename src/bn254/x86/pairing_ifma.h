/* pairing_ifma.h - Miller loops of eight pairs side by side; internal. */
#ifndef BN254_X86_PAIRING_IFMA_H
#define BN254_X86_PAIRING_IFMA_H

#include "bn254/pairing.h"

size_t pairing_miller_ifma(fp12 *out, const struct pairing_pair pairs[], size_t n);

#endif
