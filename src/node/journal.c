#include "node/journal.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"

int journal_open(struct journal *j, const char *dir, struct err *err)
{
    int rc = file_make_dirs(dir, err);

    if (rc < 0)
        return rc;
    j->dir = strdup(dir);
    return j->dir ? VCP_OK : err_set(err, VCP_ENOMEM, "no memory for the journal");
}

void journal_release(struct journal *j)
{
    free(j->dir);
    j->dir = NULL;
}

/* Lease ids come from the server: only what cannot leave the folder is a file name. */
static bool is_name(const char *s)
{
    size_t n = strspn(s, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_");

    return n > 0 && n <= 64 && !s[n];
}

static char *entry_path(const struct journal *j, const char *lease_id, const char *suffix)
{
    char *path = NULL;

    return asprintf(&path, "%s/%s%s", j->dir, lease_id, suffix) < 0 ? NULL : path;
}

int journal_put(const struct journal *j, const char *task_id, const char *lease_id,
                const char *node_id, json_t *result, struct err *err)
{
    char *path, *text = NULL;
    json_t *entry;
    int rc = VCP_OK;

    if (!is_name(lease_id))
        return err_set(err, VCP_EINVAL, "\"%.64s\" cannot be a lease id", lease_id);
    path = entry_path(j, lease_id, ".json");
    entry = json_pack("{s:s, s:s, s:s, s:O}", "task_id", task_id, "lease_id", lease_id, "node_id",
                      node_id, "result", result);
    if (entry)
        text = json_text(entry);
    rc = path && text ? file_write_unsynced(path, text, strlen(text), 0600, err)
                      : err_set(err, VCP_ENOMEM, "no memory for the journal");
    json_decref(entry);
    free(text);
    free(path);
    return rc;
}

void journal_remove(const struct journal *j, const char *lease_id)
{
    char *path = is_name(lease_id) ? entry_path(j, lease_id, ".json") : NULL;

    if (path)
        unlink(path);
    free(path);
}

/* One file's entry, or NULL when it is not one. */
static json_t *load_entry(const char *path)
{
    const char *task, *lease, *node;
    json_t *entry = NULL;
    struct buf text;

    buf_init(&text, 0);
    if (file_read(&text, path, NODE_BODY_BYTES_MAX, NULL) == VCP_OK &&
        json_parse(&entry, buf_str(&text), text.len, NULL) == VCP_OK &&
        (!json_is_object(entry) || json_need_str(&task, entry, "task_id", 64, NULL) < 0 ||
         json_need_str(&lease, entry, "lease_id", 64, NULL) < 0 || !is_name(lease) ||
         json_need_str(&node, entry, "node_id", 64, NULL) < 0 ||
         !json_is_object(json_object_get(entry, "result")))) {
        json_decref(entry);
        entry = NULL;
    }
    buf_release(&text);
    return entry;
}

/* Anything else is what a crash left of a write. */
static bool is_entry(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot && strcmp(dot, ".json") == 0;
}

json_t *journal_load(const struct journal *j, struct err *err)
{
    json_t *list = json_array();
    DIR *d = opendir(j->dir);
    struct dirent *f;

    if (!d || !list) {
        err_set(err, VCP_EIO, "%s: %s", j->dir, strerror(errno));
        json_decref(list);
        if (d)
            closedir(d);
        return NULL;
    }
    while ((f = readdir(d))) {
        char *path = f->d_name[0] == '.' ? NULL : entry_path(j, f->d_name, "");
        json_t *entry = path && is_entry(f->d_name) ? load_entry(path) : NULL;

        if (entry)
            json_array_append_new(list, entry);
        else if (path)
            unlink(path);
        free(path);
    }
    closedir(d);
    return list;
}
