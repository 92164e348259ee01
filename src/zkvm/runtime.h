/* runtime.h - routines: what is too big for one row, proven as ordinary integer code.
 *
 * The runtime module is WebAssembly of ours (runtime/, C compiled ahead and committed as
 * bytes), lowered by the same engine as the guest.  Its functions are appended to the
 * guest's entries, those that the guest's code can reach; an entry ROUTINE of the guest
 * calls one with its operands in consecutive slots.  Their loads and stores go to the guest's
 * memory; their entries weigh no gas.  What they import from "vcp" are primitives, one row
 * each.  The digest of the bytes is part of every statement, so that a receipt of other
 * routines is refused. */
#ifndef ZKVM_RUNTIME_H
#define ZKVM_RUNTIME_H

#include "wasm/code.h"
#include "zkvm/zkop.h"

/* Export names of the runtime module.  X(id, name, parameters, results) */
#define ROUTINES(X)                                                                                \
    ROUTINES_MEMORY(X)                                                                             \
    ROUTINES_TABLES(X)                                                                             \
    ROUTINES_FLOAT(X, F32, "f32")                                                                  \
    ROUTINES_FLOAT(X, F64, "f64")                                                                  \
    X(F32_DEMOTE_F64, "f32.demote_f64", 1, 1)                                                      \
    X(F64_PROMOTE_F32, "f64.promote_f32", 1, 1)                                                    \
    ROUTINES_WASI(X)
#define ROUTINES_MEMORY(X)                                                                         \
    X(MEMORY_GROW, "memory.grow", 1, 1)                                                            \
    X(MEMORY_FILL, "memory.fill", 3, 0)                                                            \
    X(MEMORY_COPY, "memory.copy", 3, 0)                                                            \
    X(MEMORY_INIT, "memory.init", 5, 0)
#define ROUTINES_TABLES(X)                                                                         \
    X(TABLE_GROW, "table.grow", 4, 1)                                                              \
    X(TABLE_FILL, "table.fill", 4, 0)                                                              \
    X(TABLE_COPY, "table.copy", 5, 0)
#define ROUTINES_FLOAT(X, T, t)                                                                    \
    X(T##_ADD, t ".add", 2, 1)                                                                     \
    X(T##_MUL, t ".mul", 2, 1)                                                                     \
    X(T##_DIV, t ".div", 2, 1)                                                                     \
    X(T##_MIN, t ".min", 2, 1)                                                                     \
    X(T##_MAX, t ".max", 2, 1)                                                                     \
    X(T##_EQ, t ".eq", 2, 1)                                                                       \
    X(T##_LT, t ".lt", 2, 1)                                                                       \
    X(T##_LE, t ".le", 2, 1)                                                                       \
    X(T##_SQRT, t ".sqrt", 1, 1)                                                                   \
    X(T##_CEIL, t ".ceil", 1, 1)                                                                   \
    X(T##_FLOOR, t ".floor", 1, 1)                                                                 \
    X(T##_TRUNC, t ".trunc", 1, 1)                                                                 \
    X(T##_NEAREST, t ".nearest", 1, 1)                                                             \
    X(I32_TRUNC_##T##_S, "i32.trunc_" t "_s", 1, 1)                                                \
    X(I32_TRUNC_##T##_U, "i32.trunc_" t "_u", 1, 1)                                                \
    X(I64_TRUNC_##T##_S, "i64.trunc_" t "_s", 1, 1)                                                \
    X(I64_TRUNC_##T##_U, "i64.trunc_" t "_u", 1, 1)                                                \
    X(I32_TRUNC_SAT_##T##_S, "i32.trunc_sat_" t "_s", 1, 1)                                        \
    X(I32_TRUNC_SAT_##T##_U, "i32.trunc_sat_" t "_u", 1, 1)                                        \
    X(I64_TRUNC_SAT_##T##_S, "i64.trunc_sat_" t "_s", 1, 1)                                        \
    X(I64_TRUNC_SAT_##T##_U, "i64.trunc_sat_" t "_u", 1, 1)                                        \
    X(T##_CONVERT_I32_S, t ".convert_i32_s", 1, 1)                                                 \
    X(T##_CONVERT_I32_U, t ".convert_i32_u", 1, 1)                                                 \
    X(T##_CONVERT_I64_S, t ".convert_i64_s", 1, 1)                                                 \
    X(T##_CONVERT_I64_U, t ".convert_i64_u", 1, 1)
#define ROUTINES_WASI(X)                                                                           \
    X(WASI_ARGS_GET, "wasi.args_get", 2, 1)                                                        \
    X(WASI_ARGS_SIZES_GET, "wasi.args_sizes_get", 2, 1)                                            \
    X(WASI_ENVIRON_GET, "wasi.environ_get", 2, 1)                                                  \
    X(WASI_ENVIRON_SIZES_GET, "wasi.environ_sizes_get", 2, 1)                                      \
    X(WASI_CLOCK_RES_GET, "wasi.clock_res_get", 2, 1)                                              \
    X(WASI_CLOCK_TIME_GET, "wasi.clock_time_get", 3, 1)                                            \
    X(WASI_FD_ADVISE, "wasi.fd_advise", 4, 1)                                                      \
    X(WASI_FD_ALLOCATE, "wasi.fd_allocate", 3, 1)                                                  \
    X(WASI_FD_CLOSE, "wasi.fd_close", 1, 1)                                                        \
    X(WASI_FD_DATASYNC, "wasi.fd_datasync", 1, 1)                                                  \
    X(WASI_FD_FDSTAT_GET, "wasi.fd_fdstat_get", 2, 1)                                              \
    X(WASI_FD_FDSTAT_SET_FLAGS, "wasi.fd_fdstat_set_flags", 2, 1)                                  \
    X(WASI_FD_FDSTAT_SET_RIGHTS, "wasi.fd_fdstat_set_rights", 3, 1)                                \
    X(WASI_FD_FILESTAT_GET, "wasi.fd_filestat_get", 2, 1)                                          \
    X(WASI_FD_FILESTAT_SET_SIZE, "wasi.fd_filestat_set_size", 2, 1)                                \
    X(WASI_FD_FILESTAT_SET_TIMES, "wasi.fd_filestat_set_times", 4, 1)                              \
    X(WASI_FD_PREAD, "wasi.fd_pread", 5, 1)                                                        \
    X(WASI_FD_PRESTAT_DIR_NAME, "wasi.fd_prestat_dir_name", 3, 1)                                  \
    X(WASI_FD_PRESTAT_GET, "wasi.fd_prestat_get", 2, 1)                                            \
    X(WASI_FD_PWRITE, "wasi.fd_pwrite", 5, 1)                                                      \
    X(WASI_FD_READ, "wasi.fd_read", 4, 1)                                                          \
    X(WASI_FD_READDIR, "wasi.fd_readdir", 5, 1)                                                    \
    X(WASI_FD_RENUMBER, "wasi.fd_renumber", 2, 1)                                                  \
    X(WASI_FD_SEEK, "wasi.fd_seek", 4, 1)                                                          \
    X(WASI_FD_SYNC, "wasi.fd_sync", 1, 1)                                                          \
    X(WASI_FD_TELL, "wasi.fd_tell", 2, 1)                                                          \
    X(WASI_FD_WRITE, "wasi.fd_write", 4, 1)                                                        \
    X(WASI_PATH_CREATE_DIRECTORY, "wasi.path_create_directory", 3, 1)                              \
    X(WASI_PATH_FILESTAT_GET, "wasi.path_filestat_get", 5, 1)                                      \
    X(WASI_PATH_FILESTAT_SET_TIMES, "wasi.path_filestat_set_times", 7, 1)                          \
    X(WASI_PATH_LINK, "wasi.path_link", 7, 1)                                                      \
    X(WASI_PATH_OPEN, "wasi.path_open", 9, 1)                                                      \
    X(WASI_PATH_READLINK, "wasi.path_readlink", 6, 1)                                              \
    X(WASI_PATH_REMOVE_DIRECTORY, "wasi.path_remove_directory", 3, 1)                              \
    X(WASI_PATH_RENAME, "wasi.path_rename", 6, 1)                                                  \
    X(WASI_PATH_SYMLINK, "wasi.path_symlink", 5, 1)                                                \
    X(WASI_PATH_UNLINK_FILE, "wasi.path_unlink_file", 3, 1)                                        \
    X(WASI_POLL_ONEOFF, "wasi.poll_oneoff", 4, 1)                                                  \
    X(WASI_PROC_EXIT, "wasi.proc_exit", 1, 0)                                                      \
    X(WASI_PROC_RAISE, "wasi.proc_raise", 1, 1)                                                    \
    X(WASI_RANDOM_GET, "wasi.random_get", 2, 1)                                                    \
    X(WASI_SCHED_YIELD, "wasi.sched_yield", 0, 1)                                                  \
    X(WASI_SOCK_ACCEPT, "wasi.sock_accept", 3, 1)                                                  \
    X(WASI_SOCK_RECV, "wasi.sock_recv", 6, 1)                                                      \
    X(WASI_SOCK_SEND, "wasi.sock_send", 5, 1)                                                      \
    X(WASI_SOCK_SHUTDOWN, "wasi.sock_shutdown", 2, 1)

enum routine {
#define X(id, name, params, results) ROUTINE_##id,
    ROUTINES(X)
#undef X
        ROUTINE_COUNT
};

struct primitive {
    const char *name; /* of the import from "vcp" */
    uint8_t op;       /* enum zk_one; operands and result in slots from TOP on */
    uint8_t n_params, n_results;
    uint64_t imm;
};

struct runtime {
    struct code *code;
    uint32_t funcs[ROUTINE_COUNT]; /* function of each routine */
    uint32_t *slots; /* by function: of its frame and all that it calls, above its first */
};

/* Loads and checks the module: no recursion, globals, tables, data, references or floats.
 * An error is a defect of this build. */
int runtime_open(struct runtime **out, struct err *err);
/* The same with another module, for tests of what is refused. */
int runtime_open_bytes(struct runtime **out, const uint8_t *module, size_t n, struct err *err);
void runtime_free(struct runtime *r);
/* The module, for those who run it otherwise. */
const uint8_t *runtime_module(size_t *n);
/* SHA3-256 of the module's bytes. */
void runtime_digest(uint8_t out[32]);
/* The routine named prefix + name, or -1. */
int runtime_routine(const char *prefix, const struct name *name);
/* What import function `func` of the module is. */
const struct primitive *runtime_primitive(const struct code *code, uint32_t func);
/* The function that instruction `insn`, a call, calls. */
uint32_t runtime_callee(const struct code *code, uint32_t insn);

#endif
