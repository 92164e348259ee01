/* verify.c - see verify.h. */
#include "groth16/verify.h"

#include <assert.h>

#include "groth16/verify_checks.h"

/* ---- the public inputs' point ---- */

void verify_sum_init(struct verify_sum *s, const struct vkey *vk)
{
    s->vk = vk;
    s->n = 0;
    g1_from_affine(&s->point, &vk->ic[0]);
}

void verify_sum_add(struct verify_sum *s, const fr_bits inputs[], size_t n)
{
    g1 part;

    assert(n <= s->vk->n_public - s->n);
    g1_mul_sum_var(&part, s->vk->ic + 1 + s->n, inputs, n);
    g1_add(&s->point, &s->point, &part);
    s->n += n;
}

/* ---- checks before the equation ---- */

int verify_check_inputs(const struct vkey *vk, const fr_bits in[], size_t n, struct err *err)
{
    if (n != vk->n_public)
        return err_set(err, VCP_EINVAL, "%zu public inputs, but the key wants %u", n, vk->n_public);
    for (size_t i = 0; i < n; i++)
        if (!fr_bits_is_canonical(&in[i]))
            return err_set(err, VCP_EINVAL, "public input %zu is not below r", i);
    return VCP_OK;
}

static int check_g1(const g1_affine *p, char name, struct err *err)
{
    if (!g1_affine_is_on_curve(p))
        return err_set(err, VCP_EVERIFY, "proof: %c is not on the curve", name);
    if (g1_affine_is_infinity(p))
        return err_set(err, VCP_EVERIFY, "proof: %c is the point at infinity", name);
    return VCP_OK;
}

int verify_check_points(const struct groth16_proof *p, const g1_affine *d, struct err *err)
{
    int rc;
    if ((rc = check_g1(&p->a, 'A', err)) < 0 || (rc = check_g1(&p->c, 'C', err)) < 0 ||
        (d && (rc = check_g1(d, 'D', err)) < 0))
        return rc;
    if (!g2_affine_is_on_curve(&p->b))
        return err_set(err, VCP_EVERIFY, "proof: B is not on the curve");
    if (g2_affine_is_infinity(&p->b))
        return err_set(err, VCP_EVERIFY, "proof: B is the point at infinity");
    return VCP_OK;
}

int verify_check_kind(const struct vkey *vk, const g1_affine *d, struct err *err)
{
    if (vk->committed == (d != NULL))
        return VCP_OK;
    return err_set(err, VCP_EINVAL,
                   vk->committed ? "the key wants a stage-1 commitment and there is none"
                                 : "a stage-1 commitment, but the key is plain Groth16");
}

/* ---- one proof ---- */

int groth16_verify_sum(const struct verify_sum *s, const g1_affine *d,
                       const struct groth16_proof *proof, struct err *err)
{
    const struct vkey *vk = s->vk;
    struct pairing_pair pairs[4] = {{.q = &proof->b},
                                    {.q = &vk->gamma2, .lines = &vk->gamma_lines},
                                    {.q = &vk->delta2, .lines = &vk->delta2_lines},
                                    {.q = &vk->delta1, .lines = &vk->delta1_lines}};
    fp12 f;
    int rc;

    if ((rc = verify_check_kind(vk, d, err)) < 0 || (rc = verify_check_points(proof, d, err)) < 0)
        return rc;
    if (s->n != vk->n_public)
        return err_set(err, VCP_EINVAL, "%zu public inputs, but the key wants %u", s->n,
                       vk->n_public);
    g1_affine_neg(&pairs[0].p, &proof->a);
    g1_to_affine(&pairs[1].p, &s->point);
    pairs[2].p = proof->c;
    if (d)
        pairs[3].p = *d;
    if (pairing_miller(&f, pairs, d ? 4 : 3) == 0)
        return err_set(err, VCP_EVERIFY, "proof: B is not in the subgroup of order r");
    fp12_mul(&f, &f, &vk->alpha_beta);
    pairing_final_exp(&f, &f);
    if (!fp12_is_one(&f))
        return err_set(err, VCP_EVERIFY, "the proof does not hold for this key and these inputs");
    return VCP_OK;
}

static int verify_one(const struct vkey *vk, const fr_bits in[], size_t n_in, const g1_affine *d,
                      const struct groth16_proof *proof, struct err *err)
{
    struct verify_sum sum;
    int rc = verify_check_kind(vk, d, err);

    if (rc == VCP_OK)
        rc = verify_check_inputs(vk, in, n_in, err);
    if (rc < 0)
        return rc;
    verify_sum_init(&sum, vk);
    verify_sum_add(&sum, in, n_in);
    return groth16_verify_sum(&sum, d, proof, err);
}

int groth16_verify(const struct vkey *vk, const fr_bits public_inputs[], size_t n_public,
                   const struct groth16_proof *proof, struct err *err)
{
    return verify_one(vk, public_inputs, n_public, NULL, proof, err);
}

int groth16_verify_committed(const struct vkey *vk, const fr_bits public_inputs[], size_t n_public,
                             const g1_affine *d, const struct groth16_proof *proof, struct err *err)
{
    return verify_one(vk, public_inputs, n_public, d, proof, err);
}
