/* field_io.c - see field_io.h.  The machine is little-endian, as every target of ours is. */
#include "groth16/field_io.h"

#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "limbs are copied to and from little-endian files as they are"
#endif

static const uint64_t *modulus(enum field_id which)
{
    return which == FIELD_FP ? fp_modulus : fr_modulus;
}

int field_read_modulus(struct cursor *c, const char *name, enum field_id which, struct err *err)
{
    uint32_t n8;
    const unsigned char *p;

    if (!cursor_u32le(c, &n8))
        return err_set(err, VCP_EFORMAT, "%s: the header ends before the field size", name);
    if (n8 != 32)
        return err_set(err, VCP_EUNSUPPORTED,
                       "%s: field elements of %u bytes, want 32 (only BN254 is supported)", name,
                       n8);
    if (!cursor_bytes(c, 32, &p))
        return err_set(err, VCP_EFORMAT, "%s: the header ends inside the prime", name);
    if (memcmp(p, modulus(which), 32) != 0)
        return err_set(err, VCP_EUNSUPPORTED, "%s: its prime is not BN254's %s", name,
                       which == FIELD_FP ? "p" : "r");
    return VCP_OK;
}

void field_put_modulus(struct binfile_writer *w, enum field_id which)
{
    binfile_put_u32(w, 32);
    binfile_put(w, modulus(which), 32);
}

int field_read_g1(g1_affine *out, struct cursor *c, const char *name, const char *what,
                  struct err *err)
{
    const unsigned char *p;
    if (!cursor_bytes(c, G1_BYTES, &p))
        return err_set(err, VCP_EFORMAT, "%s: the header ends before %s", name, what);
    if (!g1_load(out, p) || g1_affine_is_infinity(out))
        return err_set(err, VCP_EFORMAT, "%s: %s is not a point of G1 other than infinity", name,
                       what);
    return VCP_OK;
}

int field_read_g2(g2_affine *out, struct cursor *c, const char *name, const char *what,
                  struct err *err)
{
    const unsigned char *p;
    if (!cursor_bytes(c, G2_BYTES, &p))
        return err_set(err, VCP_EFORMAT, "%s: the header ends before %s", name, what);
    if (!g2_load(out, p) || g2_affine_is_infinity(out))
        return err_set(err, VCP_EFORMAT, "%s: %s is not a point of G2 other than infinity", name,
                       what);
    return VCP_OK;
}

bool fr_bytes_canonical(const unsigned char b[32])
{
    fr_bits v;
    fr_bits_load(&v, b);
    return fr_bits_is_canonical(&v);
}

void fr_bits_load(fr_bits *out, const unsigned char b[32])
{
    memcpy(out, b, 32);
}

void fr_bits_store(unsigned char b[32], const fr_bits *a)
{
    memcpy(b, a, 32);
}

bool g1_load(g1_affine *out, const unsigned char b[G1_BYTES])
{
    g1_affine p;
    memcpy(&p, b, sizeof p);
    if (!g1_affine_is_on_curve(&p))
        return false;
    *out = p;
    return true;
}

bool g2_load(g2_affine *out, const unsigned char b[G2_BYTES])
{
    g2_affine p;
    memcpy(&p, b, sizeof p);
    if (!g2_affine_is_valid(&p))
        return false;
    *out = p;
    return true;
}

void g1_store(unsigned char b[G1_BYTES], const g1_affine *p)
{
    memcpy(b, p, G1_BYTES);
}

void g2_store(unsigned char b[G2_BYTES], const g2_affine *p)
{
    memcpy(b, p, G2_BYTES);
}

bool g1_from_plain(g1_affine *out, const unsigned char b[G1_BYTES])
{
    g1_affine p;
    if (!fp_from_be(&p.x, b) || !fp_from_be(&p.y, b + 32) || !g1_affine_is_on_curve(&p))
        return false;
    *out = p;
    return true;
}

bool g2_from_plain(g2_affine *out, const unsigned char b[G2_BYTES])
{
    g2_affine p;
    if (!fp_from_be(&p.x.c1, b) || !fp_from_be(&p.x.c0, b + 32) || !fp_from_be(&p.y.c1, b + 64) ||
        !fp_from_be(&p.y.c0, b + 96) || !g2_affine_is_valid(&p))
        return false;
    *out = p;
    return true;
}

void g1_to_plain(unsigned char b[G1_BYTES], const g1_affine *p)
{
    fp_to_be(b, &p->x);
    fp_to_be(b + 32, &p->y);
}

void g2_to_plain(unsigned char b[G2_BYTES], const g2_affine *p)
{
    fp_to_be(b, &p->x.c1);
    fp_to_be(b + 32, &p->x.c0);
    fp_to_be(b + 64, &p->y.c1);
    fp_to_be(b + 96, &p->y.c0);
}
