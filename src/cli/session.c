/* session.c - see session.h. */
#include "cli/session.h"

#include <string.h>

#include "base/hash.h"
#include "base/limits.h"

void session_open_alone(struct session *s, struct cli *cli, const struct args *args)
{
    memset(s, 0, sizeof *s);
    s->cli = cli;
    s->args = args;
    progress_init(&s->bar, args_flag(args, "quiet") || args_flag(args, "json"));
    s->work.progress = progress_draw;
    s->work.progress_arg = &s->bar;
}

int session_open(struct session *s, struct cli *cli, const struct args *args)
{
    int64_t threads = args_int(args, "threads", 0);

    session_open_alone(s, cli, args);
    if (threads < 0 || threads > (int64_t)THREADS_MAX)
        return err_set(&s->err, VCP_EINVAL, "--threads %lld, want 0 to %u", (long long)threads,
                       THREADS_MAX);
    s->work.threads = threads_new((unsigned)threads);
    return s->work.threads ? VCP_OK : err_set(&s->err, VCP_ENOMEM, "threads cannot be started");
}

int session_fail(const struct cli *cli, const struct err *err)
{
    int code = cli_fail(cli, err);
    return code == CLI_REFUSED ? CLI_USAGE : code;
}

int session_close(struct session *s, int rc)
{
    progress_clear(&s->bar);
    threads_free(s->work.threads);
    return rc < 0 ? session_fail(s->cli, &s->err) : rc;
}

static void print_hash(FILE *out, const char *title, const uint8_t hash[MPC_HASH_BYTES])
{
    char hex[2 * MPC_HASH_BYTES + 1];
    hex_encode(hex, hash, MPC_HASH_BYTES);
    fprintf(out, "%s %s\n", title, hex);
}

int session_report_hash(struct session *s, const char *member, const char *title,
                        const uint8_t hash[MPC_HASH_BYTES])
{
    char hex[2 * MPC_HASH_BYTES + 1];

    progress_clear(&s->bar);
    hex_encode(hex, hash, MPC_HASH_BYTES);
    if (args_flag(s->args, "json"))
        return cli_print_json(s->cli, json_pack("{s:s}", member, hex));
    print_hash(s->cli->out, title, hash);
    return CLI_OK;
}

int session_read_beacon(struct session *s, uint8_t out[MPC_BEACON_MAX], size_t *n, unsigned *log)
{
    const char *hex = args_text(s->args, "beacon");
    int64_t iterations = args_int(s->args, "iterations", 10);
    size_t len;

    if (strncmp(hex, "0x", 2) == 0)
        hex += 2;
    len = strlen(hex);
    *n = len / 2;
    if (len == 0 || len % 2 != 0 || *n > MPC_BEACON_MAX || !hex_decode(out, *n, hex))
        return err_set(&s->err, VCP_EINVAL, "--beacon is not 1 to %d bytes in hexadecimal",
                       MPC_BEACON_MAX);
    if (iterations < 0 || iterations > (int64_t)MPC_BEACON_LOG_MAX)
        return err_set(&s->err, VCP_EINVAL, "--iterations %lld, want %u to %u",
                       (long long)iterations, MPC_BEACON_LOG_MIN, GROTH16_BEACON_LOG_MAX);
    *log = (unsigned)iterations;
    return VCP_OK;
}

void session_print_contribution(struct session *s, uint32_t i, const struct mpc_label *l,
                                const uint8_t hash[MPC_HASH_BYTES])
{
    FILE *out = s->cli->out;

    fprintf(out, "contribution %u%s ", i + 1, l->is_beacon ? " (beacon)" : "");
    cli_put_safe(out, l->name_bytes ? l->name : "unnamed");
    print_hash(out, ":", hash);
}

json_t *session_contribution_json(const struct mpc_label *l, const uint8_t hash[MPC_HASH_BYTES])
{
    json_t *name = json_stringn(l->name, l->name_bytes);
    char hex[2 * MPC_HASH_BYTES + 1];

    hex_encode(hex, hash, MPC_HASH_BYTES);
    return json_pack("{s:o, s:b, s:s}", "name", name ? name : json_string("(not UTF-8)"), "beacon",
                     (int)l->is_beacon, "hash", hex);
}
