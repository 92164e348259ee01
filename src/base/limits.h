/* limits.h - every ceiling of the project, with its unit and its reason.
 *
 * A buffer, queue, table or recursion that hostile input can grow has its line
 * here.  Limits of one task (memory, gas, time, stack) are data, not constants:
 * see wasm/limits.h. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

/* Threads in one pool: more never helps one proof and each costs a stack. */
#define THREADS_MAX 256u

/* wasm: ceilings on one module (module_limits_default).  What compilers emit stays
 * far below; what a compile bomb needs lies above. */
#define WASM_MODULE_BYTES_MAX (64u << 20) /* bytes; several times the largest real programs */
#define WASM_ARENA_BYTES_MAX  (1u << 30)  /* bytes; decoded form of the largest module */
#define WASM_TYPES_MAX        100000u     /* function types */
#define WASM_FUNCTIONS_MAX    1000000u    /* functions, imports included */
#define WASM_IMPORTS_MAX      100000u     /* imports of every kind */
#define WASM_EXPORTS_MAX      100000u     /* exports of every kind */
#define WASM_GLOBALS_MAX      100000u     /* globals: each is a cell of every instance */
#define WASM_TABLES_MAX       1024u       /* tables: each is an allocation of every instance */
#define WASM_SEGMENTS_MAX     100000u     /* element segments, and data segments */
#define WASM_PARAMS_MAX       255u        /* per type, and results: what one call or branch moves */
#define WASM_LOCALS_MAX       50000u      /* per function: zeroed by every call */
#define WASM_BODY_BYTES_MAX   (8u << 20)  /* bytes of one function's code */
#define WASM_BR_TABLE_MAX     65536u      /* entries of one br_table */
#define WASM_NESTING_MAX      65536u      /* control frames of one function */
#define WASM_OPERANDS_MAX     65536u      /* operands at once: slots of a frame */

/* mesh: one task's description.  Together these keep a spec under 2 MiB of JSON. */
#define TASK_ARGS_MAX        1024u       /* as many as a command line is worth */
#define TASK_ARG_BYTES_MAX   (64u << 10) /* one argument or environment entry */
#define TASK_ENV_MAX         256u
#define TASK_INPUT_BYTES_MAX (1u << 20)         /* all arguments and environment together */
#define TASK_REPLICAS_MAX    1000u              /* min_nodes of the predecessor's API */
#define TASK_BUDGET_MAX      1000000000000000ll /* keeps every sum of the ledger in 63 bits */

/* store: what one database keeps of things that would grow for ever. */
#define STORE_BLOB_MAX_BYTES (64u << 20) /* bytes: the largest module, input or output */
#define STORE_HEARTBEATS_MAX 64u         /* rows for each node: an hour at one a minute */
#define STORE_DECISIONS_MAX  32u         /* rows for each task: the last placements explain it */
#define STORE_AUDIT_MAX      100000u     /* rows; older ones go */
#define STORE_ROW_BYTES_MAX  (8u << 20)  /* bytes of one text or blob column */
#define STORE_LIST_MAX       1000u       /* rows of one page */
#define STORE_READERS_MAX    64u         /* connections: each costs files and a page cache */

/* coord: work done for one decision. */
#define COORD_VISITS_MAX      1024u /* nodes or tasks looked at by one search */
#define COORD_EXPLAIN_NODES   50u   /* nodes listed one by one in a decision */
#define COORD_SLOTS_MAX       1024u /* tasks a node may say it runs at once */
#define COORD_SWEEP_BATCH     64u   /* things done by one transaction of a sweep */
#define COORD_HELD_MAX        1024u /* leases a node may name in one call */
#define COORD_KEY_BYTES_MAX   128u  /* idempotency key */
#define COORD_NOTE_BYTES_MAX  256u  /* a node's reason for giving a lease back */

#endif
