/* snarkjs_json.c - see snarkjs_json.h.  Writing goes through a few lines of our own
 * because the indentation of JSON.stringify(x, null, 1) is part of the format here. */
#include "groth16/snarkjs_json.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"

/* ---- reading ---- */

static int bad(struct err *err, const char *member, const char *want)
{
    return err_set(err, VCP_EFORMAT, "%s is not %s", member, want);
}

static bool read_fp(fp *out, const json_t *v)
{
    return json_is_string(v) && fp_from_dec(out, json_string_value(v), json_string_length(v));
}

static bool read_fp2(fp2 *out, const json_t *v)
{
    return json_is_array(v) && json_array_size(v) == 2 && read_fp(&out->c0, json_array_get(v, 0)) &&
           read_fp(&out->c1, json_array_get(v, 1));
}

static int read_g1(g1_affine *out, const json_t *v, const char *member, struct err *err)
{
    g1_affine p;
    fp z;

    if (!json_is_array(v) || json_array_size(v) != 3 || !read_fp(&p.x, json_array_get(v, 0)) ||
        !read_fp(&p.y, json_array_get(v, 1)) || !read_fp(&z, json_array_get(v, 2)))
        return bad(err, member, "[x, y, z] of three decimal strings below p");
    if (fp_is_zero(&z) && fp_is_zero(&p.x) && fp_eq(&p.y, &fp_one))
        p = (g1_affine){fp_zero, fp_zero};
    else if (!fp_eq(&z, &fp_one))
        return bad(err, member, "an affine point: its third coordinate is not \"1\"");
    if (!g1_affine_is_on_curve(&p))
        return bad(err, member, "on the curve");
    *out = p;
    return VCP_OK;
}

static int read_g2(g2_affine *out, const json_t *v, const char *member, struct err *err)
{
    g2_affine p;
    fp2 z;

    if (!json_is_array(v) || json_array_size(v) != 3 || !read_fp2(&p.x, json_array_get(v, 0)) ||
        !read_fp2(&p.y, json_array_get(v, 1)) || !read_fp2(&z, json_array_get(v, 2)))
        return bad(err, member, "[[x0, x1], [y0, y1], [z0, z1]] of decimal strings below p");
    if (fp2_is_zero(&z) && fp2_is_zero(&p.x) && fp2_eq(&p.y, &fp2_one))
        p = (g2_affine){fp2_zero, fp2_zero};
    else if (!fp2_eq(&z, &fp2_one))
        return bad(err, member, "an affine point: its third coordinate is not [\"1\", \"0\"]");
    if (!g2_affine_is_on_curve(&p))
        return bad(err, member, "on the curve");
    if (!g2_affine_in_subgroup(&p))
        return bad(err, member, "in the subgroup of order r");
    *out = p;
    return VCP_OK;
}

static int check_text(json_t *o, const char *key, bool required, const char *a, const char *b,
                      struct err *err)
{
    const json_t *v = json_object_get(o, key);
    const char *s = json_string_value(v);
    if (!v && !required)
        return VCP_OK;
    if (s && (strcmp(s, a) == 0 || strcmp(s, b) == 0))
        return VCP_OK;
    return err_set(err, v ? VCP_EUNSUPPORTED : VCP_EFORMAT, "%s is %s%s, want \"%s\"", key,
                   !v  ? "missing"
                   : s ? ""
                       : "not a string",
                   s ? s : "", a);
}

/* The object in text; *out is to be decref'd. */
static int read_object(json_t **out, const void *text, size_t n, struct err *err)
{
    int rc = json_parse(out, text, n, err);
    if (rc < 0)
        return rc;
    if (json_is_object(*out))
        return VCP_OK;
    json_decref(*out);
    return err_set(err, VCP_EFORMAT, "not a JSON object");
}

static int proof_from_json(struct groth16_proof *p, json_t *o, struct err *err)
{
    int rc;
    if ((rc = check_text(o, "protocol", true, "groth16", "groth16", err)) < 0 ||
        (rc = check_text(o, "curve", false, "bn128", "bn254", err)) < 0 ||
        (rc = read_g1(&p->a, json_object_get(o, "pi_a"), "pi_a", err)) < 0 ||
        (rc = read_g2(&p->b, json_object_get(o, "pi_b"), "pi_b", err)) < 0)
        return rc;
    return read_g1(&p->c, json_object_get(o, "pi_c"), "pi_c", err);
}

int snarkjs_read_proof(struct groth16_proof *out, const char *name, const void *text, size_t n,
                       struct err *err)
{
    struct groth16_proof p;
    json_t *o;
    int rc = read_object(&o, text, n, err);

    if (rc == VCP_OK) {
        rc = proof_from_json(&p, o, err);
        json_decref(o);
    }
    if (rc < 0) {
        err_prefix(err, "%s", name);
        return rc;
    }
    *out = p;
    return VCP_OK;
}

static int public_from_json(fr_bits values[], const json_t *a, struct err *err)
{
    for (size_t i = 0; i < json_array_size(a); i++) {
        const json_t *v = json_array_get(a, i);
        fr x;
        if (!json_is_string(v) || !fr_from_dec(&x, json_string_value(v), json_string_length(v)))
            return err_set(err, VCP_EFORMAT, "public input %zu is not a decimal string below r", i);
        fr_to_bits(&values[i], &x);
    }
    return VCP_OK;
}

static int public_parse(fr_bits **out, size_t *n_out, const void *text, size_t n, struct err *err)
{
    json_t *a;
    int rc = json_parse(&a, text, n, err);

    if (rc < 0)
        return rc;
    *n_out = json_array_size(a);
    *out = malloc((*n_out + 1) * sizeof **out);
    if (!json_is_array(a))
        rc = err_set(err, VCP_EFORMAT, "not a JSON array");
    else if (*n_out > GROTH16_PUBLIC_MAX)
        rc = err_set(err, VCP_ELIMIT, "%zu public inputs, at most %u", *n_out, GROTH16_PUBLIC_MAX);
    else if (!*out)
        rc = err_set(err, VCP_ENOMEM, "no memory for %zu public inputs", *n_out);
    else
        rc = public_from_json(*out, a, err);
    json_decref(a);
    return rc;
}

int snarkjs_read_public(fr_bits **out, size_t *n_out, const char *name, const void *text, size_t n,
                        struct err *err)
{
    fr_bits *values = NULL;
    size_t count = 0;
    int rc = public_parse(&values, &count, text, n, err);

    if (rc < 0) {
        free(values);
        err_prefix(err, "%s", name);
        return rc;
    }
    *out = values;
    *n_out = count;
    return VCP_OK;
}

static int ic_from_json(struct vkey *k, const json_t *ic, struct err *err)
{
    char member[32];
    for (uint32_t i = 0; i <= k->n_public; i++) {
        snprintf(member, sizeof member, "IC[%u]", i);
        int rc = read_g1(&k->ic[i], json_array_get(ic, i), member, err);
        if (rc < 0)
            return rc;
    }
    return VCP_OK;
}

static int vkey_members(struct vkey *k, json_t *o, const json_t *ic, struct err *err)
{
    int rc;
    if ((rc = read_g1(&k->alpha1, json_object_get(o, "vk_alpha_1"), "vk_alpha_1", err)) < 0 ||
        (rc = read_g2(&k->beta2, json_object_get(o, "vk_beta_2"), "vk_beta_2", err)) < 0 ||
        (rc = read_g2(&k->gamma2, json_object_get(o, "vk_gamma_2"), "vk_gamma_2", err)) < 0 ||
        (rc = read_g2(&k->delta2, json_object_get(o, "vk_delta_2"), "vk_delta_2", err)) < 0 ||
        (rc = ic_from_json(k, ic, err)) < 0)
        return rc;
    return vkey_prepare(k, err);
}

/* Ours: snarkjs ignores it. */
#define LOCAL_MEMBER "ambient_local_test"

static int read_stamp(bool *out, json_t *o, struct err *err)
{
    const json_t *v = json_object_get(o, LOCAL_MEMBER);
    if (v && !json_is_boolean(v))
        return bad(err, LOCAL_MEMBER, "true or false");
    *out = json_is_true(v);
    return VCP_OK;
}

static int vkey_from_json(struct vkey **out, json_t *o, struct err *err)
{
    const json_t *ic = json_object_get(o, "IC");
    int64_t n_public;
    int rc;

    if ((rc = check_text(o, "protocol", true, "groth16", "groth16", err)) < 0 ||
        (rc = check_text(o, "curve", false, "bn128", "bn254", err)) < 0 ||
        (rc = json_need_int(&n_public, o, "nPublic", 0, GROTH16_PUBLIC_MAX, err)) < 0)
        return rc;
    if (!json_is_array(ic) || json_array_size(ic) != (size_t)n_public + 1)
        return err_set(err, VCP_EFORMAT, "IC has %zu points, nPublic %lld wants %lld",
                       json_array_size(ic), (long long)n_public, (long long)n_public + 1);
    struct vkey *k = vkey_new((uint32_t)n_public);
    if (!k)
        return err_set(err, VCP_ENOMEM, "no memory for a key of %lld inputs", (long long)n_public);
    rc = read_stamp(&k->local_test, o, err);
    if (rc == VCP_OK)
        rc = vkey_members(k, o, ic, err);
    if (rc < 0) {
        vkey_free(k);
        return rc;
    }
    *out = k;
    return VCP_OK;
}

int snarkjs_read_vkey(struct vkey **out, const char *name, const void *text, size_t n,
                      struct err *err)
{
    json_t *o;
    int rc = read_object(&o, text, n, err);

    if (rc == VCP_OK) {
        rc = vkey_from_json(out, o, err);
        json_decref(o);
    }
    if (rc < 0)
        err_prefix(err, "%s", name);
    return rc;
}

/* ---- writing ---- */

/* A writer that knows how deep it is and whether a comma is due. */
struct writer {
    struct buf *out;
    int depth;
    bool first;
};

static void next_item(struct writer *w)
{
    if (w->depth == 0)
        return;
    buf_puts(w->out, w->first ? "\n" : ",\n");
    for (int i = 0; i < w->depth; i++)
        buf_putc(w->out, ' ');
    w->first = false;
}

static void put_key(struct writer *w, const char *key)
{
    next_item(w);
    buf_printf(w->out, "\"%s\": ", key);
}

static void open_bracket(struct writer *w, char c)
{
    buf_putc(w->out, (unsigned char)c);
    w->depth++;
    w->first = true;
}

static void close_bracket(struct writer *w, char c)
{
    w->depth--;
    if (!w->first) {
        buf_putc(w->out, '\n');
        for (int i = 0; i < w->depth; i++)
            buf_putc(w->out, ' ');
    }
    buf_putc(w->out, (unsigned char)c);
    w->first = false;
}

static void put_fp(struct writer *w, const fp *a)
{
    char dec[FP_DEC_BYTES];
    fp_to_dec(dec, a);
    next_item(w);
    buf_printf(w->out, "\"%s\"", dec);
}

static void put_fp2(struct writer *w, const fp2 *a)
{
    next_item(w);
    open_bracket(w, '[');
    put_fp(w, &a->c0);
    put_fp(w, &a->c1);
    close_bracket(w, ']');
}

static void put_g1(struct writer *w, const g1_affine *p)
{
    bool inf = g1_affine_is_infinity(p);
    open_bracket(w, '[');
    put_fp(w, &p->x);
    put_fp(w, inf ? &fp_one : &p->y);
    put_fp(w, inf ? &fp_zero : &fp_one);
    close_bracket(w, ']');
}

static void put_g2(struct writer *w, const g2_affine *p)
{
    bool inf = g2_affine_is_infinity(p);
    open_bracket(w, '[');
    put_fp2(w, &p->x);
    put_fp2(w, inf ? &fp2_one : &p->y);
    put_fp2(w, inf ? &fp2_zero : &fp2_one);
    close_bracket(w, ']');
}

static void put_fp6(struct writer *w, const fp6 *a)
{
    next_item(w);
    open_bracket(w, '[');
    put_fp2(w, &a->c0);
    put_fp2(w, &a->c1);
    put_fp2(w, &a->c2);
    close_bracket(w, ']');
}

static void put_text(struct writer *w, const char *key, const char *value)
{
    put_key(w, key);
    buf_printf(w->out, "\"%s\"", value);
}

void snarkjs_write_proof(struct buf *out, const struct groth16_proof *p)
{
    struct writer w = {out, 0, true};
    open_bracket(&w, '{');
    put_key(&w, "pi_a");
    put_g1(&w, &p->a);
    put_key(&w, "pi_b");
    put_g2(&w, &p->b);
    put_key(&w, "pi_c");
    put_g1(&w, &p->c);
    put_text(&w, "protocol", "groth16");
    put_text(&w, "curve", "bn128");
    close_bracket(&w, '}');
}

void snarkjs_write_public(struct buf *out, const fr_bits values[], size_t n)
{
    struct writer w = {out, 0, true};
    open_bracket(&w, '[');
    for (size_t i = 0; i < n; i++) {
        char dec[FR_DEC_BYTES];
        fr x = fr_zero;
        fr_from_bits(&x, &values[i]);
        fr_to_dec(dec, &x);
        next_item(&w);
        buf_printf(out, "\"%s\"", dec);
    }
    close_bracket(&w, ']');
}

void snarkjs_write_vkey(struct buf *out, const struct vkey *k)
{
    struct writer w = {out, 0, true};
    fp12 ab;

    assert(!k->committed);
    pairing(&ab, &k->alpha1, &k->beta2);
    open_bracket(&w, '{');
    put_text(&w, "protocol", "groth16");
    put_text(&w, "curve", "bn128");
    put_key(&w, "nPublic");
    buf_printf(out, "%u", k->n_public);
    put_key(&w, "vk_alpha_1");
    put_g1(&w, &k->alpha1);
    put_key(&w, "vk_beta_2");
    put_g2(&w, &k->beta2);
    put_key(&w, "vk_gamma_2");
    put_g2(&w, &k->gamma2);
    put_key(&w, "vk_delta_2");
    put_g2(&w, &k->delta2);
    put_key(&w, "vk_alphabeta_12");
    open_bracket(&w, '[');
    put_fp6(&w, &ab.c0);
    put_fp6(&w, &ab.c1);
    close_bracket(&w, ']');
    put_key(&w, "IC");
    open_bracket(&w, '[');
    for (uint32_t i = 0; i <= k->n_public; i++) {
        next_item(&w);
        put_g1(&w, &k->ic[i]);
    }
    close_bracket(&w, ']');
    if (k->local_test) {
        put_key(&w, LOCAL_MEMBER);
        buf_puts(out, "true");
    }
    close_bracket(&w, '}');
}
