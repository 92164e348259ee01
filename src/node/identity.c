#include "node/identity.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

int identity_key(struct sign_key *k, const char *state_dir, struct err *err)
{
    char *path = NULL;
    int rc = file_make_dirs(state_dir, err);

    if (rc < 0)
        return rc;
    if (asprintf(&path, "%s/node.key", state_dir) < 0)
        return err_set(err, VCP_ENOMEM, "no memory for a path");
    rc = sign_key_load(k, path, err);
    if (rc == VCP_ENOTFOUND) {
        sign_key_new(k);
        rc = sign_key_save(k, path, err);
    }
    free(path);
    return rc;
}

static bool id_char(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '_';
}

void identity_default_id(char out[IDENTITY_NODE_ID_BYTES], const char *hostname,
                         const struct sign_key *k)
{
    char print[9];
    size_t n = 0;

    for (; *hostname && *hostname != '.' && n < 40; hostname++)
        out[n++] = id_char(*hostname) ? *hostname : '-';
    if (n == 0)
        out[n++] = 'n';
    hex_encode(print, k->public_key, 4);
    snprintf(out + n, IDENTITY_NODE_ID_BYTES - n, "-%s", print);
}

int identity_check_id(const char *node_id, struct err *err)
{
    size_t n = 0;

    while (node_id[n] && id_char(node_id[n]))
        n++;
    if (n == 0 || n > 64 || node_id[n])
        return err_set(err, VCP_EINVAL,
                       "a node id has 1 to 64 letters, digits, '-' or '_', not \"%.80s\"", node_id);
    return VCP_OK;
}

static double between(double v, double min, double max)
{
    return isnan(v) || v < min ? min : v > max ? max : v;
}

json_t *identity_registration(const char *node_id, const char *region, const char *node_type,
                              const struct capabilities *c, const struct sign_key *k)
{
    char public_key[2 * SIGN_PUBLIC_BYTES + 1];

    hex_encode(public_key, k->public_key, SIGN_PUBLIC_BYTES);
    return json_pack("{s:s, s:s, s:s, s:s, s:{s:f, s:i, s:f, s:b}}", "node_id", node_id, "region",
                     region, "node_type", node_type, "public_key", public_key, "capabilities",
                     "bandwidth_mbps", between(c->bandwidth_mbps, 10, 100000), "cpu_cores",
                     (int)between(c->cpu_cores, 1, 256), "memory_gb",
                     between(c->memory_gb, 1, 2048), "gpu_available", (int)c->gpu_available);
}
