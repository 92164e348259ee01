#include "wasm/rop.h"

/* clang-format off */
#define ROW(id, name, fam, cin, cout, ends) \
    [R_##name] = {#name, R_##id, FAMILY_##fam, CLASS_##cout, CLASS_##cin, ends},
#define ROW_N(id, name, fam, cin, cout) \
    ROW(id, name, fam, cin, cout, 0) ROW(id, name##_n, fam, cin, cout, 0)

const struct rop_info rop_info[ROP_COUNT] = {
#define X(id, in, out) \
    ROW_N(id, id##_ss, BIN, in, out) ROW_N(id, id##_as, BIN, in, out) \
    ROW_N(id, id##_sa, BIN, in, out) ROW_N(id, id##_si, BIN, in, out) \
    ROW_N(id, id##_ai, BIN, in, out) ROW_N(id, id##_is, BIN, in, out) \
    ROW_N(id, id##_ia, BIN, in, out)
    ROP_BIN(X)
#undef X
#define X(id, in, out) ROW_N(id, id##_s, UN, in, out) ROW_N(id, id##_a, UN, in, out)
    ROP_UN(X)
#undef X
#define X(id, type, out, lg) \
    ROW_N(id, id##_s, LOAD, I32, out) ROW_N(id, id##_a, LOAD, I32, out) \
    ROW_N(id, id##_x_ss, LOAD, I32, out) ROW_N(id, id##_x_as, LOAD, I32, out) \
    ROW_N(id, id##_k_ss, LOAD, I32, out) ROW_N(id, id##_k_sa, LOAD, I32, out) \
    ROW_N(id, id##_k_as, LOAD, I32, out) \
    ROW_N(id, id##_h_s, LOAD, I32, out) ROW_N(id, id##_h_a, LOAD, I32, out) \
    ROW_N(id, id##_i, LOAD, I32, out)
    ROP_LOAD(X)
#undef X
#define STORE3(id, m) \
    ROW(id, id##_##m##_s, STORE, I32, NONE, 0) ROW(id, id##_##m##_a, STORE, I32, NONE, 0) \
    ROW(id, id##_##m##_i, STORE, I32, NONE, 0)
#define X(id, type, lg) STORE3(id, s) STORE3(id, a) STORE3(id, x) STORE3(id, k) STORE3(id, h) STORE3(id, i)
    ROP_STORE(X)
#undef X
#define X(id, type, in, lg) \
    ROW(id, id##_s, FSTORE, in, NONE, 0) ROW(id, id##_a, FSTORE, in, NONE, 0) \
    ROW(id, id##_x, FSTORE, in, NONE, 0) ROW(id, id##_k, FSTORE, in, NONE, 0) \
    ROW(id, id##_h, FSTORE, in, NONE, 0) ROW(id, id##_i, FSTORE, in, NONE, 0)
    ROP_FSTORE(X)
#undef X
#define X(id, in) \
    ROW(id, id##_ss, BR, in, NONE, 1) ROW(id, id##_as, BR, in, NONE, 1) \
    ROW(id, id##_si, BR, in, NONE, 1) ROW(id, id##_ai, BR, in, NONE, 1)
    ROP_BR(X)
#undef X
#define X(id) ROW(id, id##_s, LATCH, I32, NONE, 1) ROW(id, id##_i, LATCH, I32, NONE, 1)
    ROP_LATCH(X)
#undef X
#define X(id, out, ends) ROW(id, id, ONE, NONE, out, ends)
    ROP_ONE(X)
#undef X
};
/* clang-format on */
