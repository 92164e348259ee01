/* proof.c - see proof.h. */
#include "groth16/proof.h"

#include "groth16/field_io.h"

void proof_to_bytes(uint8_t out[PROOF_BYTES], const struct groth16_proof *p)
{
    g1_to_plain(out, &p->a);
    g2_to_plain(out + G1_BYTES, &p->b);
    g1_to_plain(out + G1_BYTES + G2_BYTES, &p->c);
}

int proof_from_bytes(struct groth16_proof *out, const uint8_t b[PROOF_BYTES], struct err *err)
{
    struct groth16_proof p;

    if (!g1_from_plain(&p.a, b))
        return err_set(err, VCP_EFORMAT, "proof: A is not a point of G1 in canonical form");
    if (!g2_from_plain(&p.b, b + G1_BYTES))
        return err_set(err, VCP_EFORMAT,
                       "proof: B is not a point of G2's subgroup of order r in canonical form");
    if (!g1_from_plain(&p.c, b + G1_BYTES + G2_BYTES))
        return err_set(err, VCP_EFORMAT, "proof: C is not a point of G1 in canonical form");
    *out = p;
    return VCP_OK;
}
