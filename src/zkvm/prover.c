/* prover.c - profiles and keys of a folder at work; see prover.h. */
#include "zkvm/prover.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/limits.h"

#define SUFFIX     ".profile"
#define PATH_BYTES 1024

static int path_of(char out[PATH_BYTES], const char *dir, const char *name, struct err *err)
{
    if (snprintf(out, PATH_BYTES, "%s/%s%s", dir, name, SUFFIX) >= PATH_BYTES)
        return err_set(err, VCP_EINVAL, "the folder's name is too long: %.200s", dir);
    return VCP_OK;
}

int prover_setup(uint8_t digest[32], const char *dir, const struct profile *profile,
                 const uint8_t seed[32], struct work *work, struct err *err)
{
    struct catalog *chips = catalog_new();
    struct circuit circuit = {.n_parts = 0};
    struct cs cs;
    char path[PATH_BYTES];
    struct buf text;
    int rc = chips ? VCP_OK : err_set(err, VCP_ENOMEM, "no memory for the chips");

    buf_init(&text, 0);
    profile_write(&text, profile);
    if (rc == VCP_OK && (rc = path_of(path, dir, profile->name, err)) == VCP_OK &&
        (rc = profile_circuit(&circuit, profile, chips, err)) == VCP_OK) {
        if ((rc = circuit_system(&cs, &circuit, err)) == VCP_OK) {
            rc = keys_setup(digest, dir, profile->name, &cs, seed, work, err);
            cs_release(&cs);
        }
        circuit_release(&circuit);
    }
    if (rc == VCP_OK)
        rc = text.failed ? err_set(err, VCP_ENOMEM, "no memory for a profile")
                         : file_write(path, text.data, text.len, 0644, err);
    buf_release(&text);
    catalog_free(chips);
    return rc;
}

/* ---- opening ---- */

static int open_profile(struct prover_profile *out, struct catalog *chips, const char *dir,
                        const char *name, struct err *err)
{
    char path[PATH_BYTES];
    struct cs_shape shape;
    struct buf text;
    int rc = path_of(path, dir, name, err);

    if (rc < 0)
        return rc;
    buf_init(&text, 0);
    if ((rc = file_read(&text, path, ZKVM_PROFILE_BYTES_MAX, err)) == VCP_OK &&
        (rc = profile_read(&out->profile, name, text.data, text.len, err)) == VCP_OK &&
        (rc = profile_circuit(&out->circuit, &out->profile, chips, err)) == VCP_OK &&
        ((rc = circuit_shape(&shape, &out->circuit, err)) < 0 ||
         (rc = keys_open(&out->key, dir, name, &shape, err)) < 0))
        circuit_release(&out->circuit);
    buf_release(&text);
    return rc;
}

static int add_file(struct prover *p, const char *dir, const char *file, struct err *err)
{
    char name[KEY_NAME_BYTES];
    size_t len = strlen(file), tail = sizeof SUFFIX - 1;
    struct prover_profile *grown;
    int rc;

    if (len <= tail || len - tail >= sizeof name || strcmp(file + len - tail, SUFFIX) != 0)
        return VCP_OK;
    memcpy(name, file, len - tail);
    name[len - tail] = '\0';
    if (p->n == ZKVM_KEYS_MAX)
        return err_set(err, VCP_ELIMIT, "%s holds more than %u profiles", dir, ZKVM_KEYS_MAX);
    grown = realloc(p->profiles, (p->n + 1) * sizeof *grown);
    if (!grown)
        return err_set(err, VCP_ENOMEM, "no memory for %u profiles", p->n + 1);
    p->profiles = grown;
    memset(&grown[p->n], 0, sizeof *grown);
    rc = open_profile(&grown[p->n], p->chips, dir, name, err);
    p->n += rc == VCP_OK;
    return rc;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct prover_profile *)a)->profile.name,
                  ((const struct prover_profile *)b)->profile.name);
}

static int open_all(struct prover *p, const char *dir, struct err *err)
{
    DIR *d = opendir(dir);
    struct dirent *f;
    int rc = VCP_OK;

    if (!d)
        return err_set(err, errno == ENOENT ? VCP_ENOTFOUND : VCP_EIO,
                       "keys: %s: %s (ambient keys profiles setup makes them)", dir,
                       strerror(errno));
    while (rc == VCP_OK && (f = readdir(d)))
        rc = add_file(p, dir, f->d_name, err);
    closedir(d);
    if (rc == VCP_OK && p->n == 0)
        rc = err_set(err, VCP_ENOTFOUND,
                     "%s holds no profiles (ambient keys profiles setup makes them)", dir);
    return rc;
}

int prover_open(struct prover **out, const char *dir, struct err *err)
{
    struct prover *p = calloc(1, sizeof *p);
    int rc;

    if (!p || !(p->chips = catalog_new())) {
        prover_free(p);
        return err_set(err, VCP_ENOMEM, "no memory for a prover");
    }
    if ((rc = open_all(p, dir, err)) < 0) {
        prover_free(p);
        return rc;
    }
    qsort(p->profiles, p->n, sizeof *p->profiles, by_name);
    *out = p;
    return VCP_OK;
}

void prover_free(struct prover *p)
{
    if (!p)
        return;
    for (uint32_t i = 0; i < p->n; i++) {
        ckey_release(&p->profiles[i].key);
        circuit_release(&p->profiles[i].circuit);
    }
    free(p->profiles);
    catalog_free(p->chips);
    free(p);
}

/* ---- proving ---- */

int prover_prove(struct receipt *out, const struct prover *p, const struct execution *e,
                 struct work *work, struct prover_report *report, struct err *err)
{
    struct segment_profile profiles[ZKVM_KEYS_MAX];
    const struct ckey *keys[ZKVM_KEYS_MAX];
    struct prover_report r = {0};
    struct prove_source source;
    struct segment s;
    int rc;

    for (uint32_t i = 0; i < p->n; i++) {
        const struct prover_profile *x = &p->profiles[i];
        profiles[i] = (struct segment_profile){&x->profile, &x->circuit};
        keys[i] = &x->key;
    }
    if ((rc = segment_init(&s, profiles, p->n, e->rows, work->threads, err)) < 0)
        return rc;
    r.n_proofs = s.n_instances;
    r.constraints_used = s.constraints_used;
    r.constraints_paid = s.constraints_paid;
    source = segment_source(&s);
    rc = receipt_prove(out, &e->statement, &e->lists, keys, p->n, &source, work, &r.times, err);
    segment_release(&s);
    if (rc == VCP_OK) {
        rc = receipt_carry(out, &e->streams, err);
        if (rc < 0)
            receipt_release(out);
    }
    if (rc == VCP_OK && report)
        *report = r;
    return rc;
}
