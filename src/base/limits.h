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

/* wasi: what one call of a guest can make the host look at, and what it is started with. */
#define WASI_IOVS_MAX          1024u      /* buffers of one fd_read or fd_write: POSIX's IOV_MAX */
#define WASI_POLL_MAX          1024u      /* subscriptions of one poll_oneoff */
#define WASI_STRINGS_MAX       4096u      /* arguments, and environment variables */
#define WASI_STRINGS_BYTES_MAX (1u << 20) /* bytes of arguments, and of environment */

/* mesh: one task's description.  Together these keep a spec under 2 MiB of JSON. */
#define TASK_ARGS_MAX        1024u       /* as many as a command line is worth */
#define TASK_ARG_BYTES_MAX   (64u << 10) /* one argument or environment entry */
#define TASK_ENV_MAX         256u
#define TASK_INPUT_BYTES_MAX (1u << 20)         /* all arguments and environment together */
#define TASK_REPLICAS_MAX    1000u              /* min_nodes of the predecessor's API */
#define TASK_BUDGET_MAX      1000000000000000ll /* keeps every sum of the ledger in 63 bits */

/* store: what one database keeps of things that would grow for ever. */
/* The largest module, input or output: 64 MiB, and the results that follow a full output. */
#define STORE_BLOB_MAX_BYTES ((64u << 20) + RUN_RESULT_BYTES_MAX)
#define STORE_HEARTBEATS_MAX 64u        /* rows for each node: an hour at one a minute */
#define STORE_DECISIONS_MAX  32u        /* rows for each task: the last placements explain it */
#define STORE_AUDIT_MAX      100000u    /* rows; older ones go */
#define STORE_ROW_BYTES_MAX  (8u << 20) /* bytes of one text or blob column */
#define STORE_LIST_MAX       1000u      /* rows of one page */
#define STORE_READERS_MAX    64u        /* connections: each costs files and a page cache */

/* coord: work done for one decision. */
#define COORD_VISITS_MAX     1024u /* nodes or tasks looked at by one search */
#define COORD_EXPLAIN_NODES  50u   /* nodes listed one by one in a decision */
#define COORD_SLOTS_MAX      1024u /* tasks a node may say it runs at once */
#define COORD_SWEEP_BATCH    64u   /* things done by one transaction of a sweep */
#define COORD_HELD_MAX       1024u /* leases a node may name in one call */
#define COORD_KEY_BYTES_MAX  128u  /* idempotency key */
#define COORD_NOTE_BYTES_MAX 256u  /* a node's reason for giving a lease back */

/* ---- groth16 ---- */

/* Rows of a constraint system, and its padded domain: snarkjs keys need roots of
 * unity of twice the domain, and r - 1 has 2^28. */
#define GROTH16_ROWS_MAX (1u << 27)

/* Wires of a constraint system: keeps every byte count of a key below 2^38. */
#define GROTH16_WIRES_MAX (1u << 28)

/* Public inputs of one key: each costs the verifier a scalar multiplication (60 us). */
#define GROTH16_PUBLIC_MAX (1u << 20)

/* Bytes of a proof, public-input or verifying-key file in JSON; 2^20 public inputs
 * of 77 digits fit. */
#define GROTH16_JSON_BYTES_MAX (256u << 20)

/* Contributions of one setup: the largest ceremony so far had some five thousand. */
#define GROTH16_CONTRIBUTIONS_MAX 65536u

/* SHA-256 hashes repeated to check the beacons of one file: two to four minutes. */
#define GROTH16_BEACON_HASHES_MAX ((uint64_t)1 << 31)
#define GROTH16_BEACON_LOG_MAX    30u /* 2^30 hashes for one beacon; more would only be in vain */

/* http: what one connection or one request may hold. */
#define HTTP_CONNECTIONS_MAX   16384u      /* sockets at once, whatever the configuration says */
#define HTTP_HEADER_BYTES_MAX  (32u << 10) /* bytes of one connection's headers and line buffers */
#define HTTP_SEGMENTS_MAX      16u         /* parts of a path: routes have at most six */
#define HTTP_QUERY_MAX         32u         /* members of a query */
#define HTTP_ARENA_BYTES_MAX   (64u << 20) /* bytes of rows and text made for one request */
#define HTTP_BODY_MEMORY_BYTES (64u << 10) /* a longer body goes to a temporary file */
#define HTTP_BODIES_BYTES_MAX  (1u << 30)  /* bodies of all requests together */
#define HTTP_WAITS_MAX         16384u      /* long polls at once: one for each connection */
#define HTTP_REPLY_BYTES_MAX   (64u << 20) /* what the client accepts unless told otherwise */

/* api: requests and what is kept about callers. */
#define API_BODY_BYTES_MAX (64u << 10) /* JSON of ordinary calls */
#define API_TASK_BYTES_MAX (16u << 20) /* a submission with a 10 MB module in base64 */
#define API_RESULT_BYTES_MAX                                                                       \
    (384u << 10) /* outputs and receipt, 64 KiB each in base64, and the rest */
#define API_INLINE_BYTES_MAX (64u << 10) /* an output inside JSON; larger ones are blobs */
#define API_JSON_VALUES_MAX  100000u     /* values in one body: bounds the parser's memory */
#define API_JSON_DEPTH_MAX   32u         /* nesting of one body */
#define API_WAIT_MS_MAX      30000       /* of a long poll: below every proxy's patience */
#define API_PROBE_BYTES_MAX  (8u << 20)  /* of a bandwidth probe, either direction */
#define API_LIST_DEFAULT     100u        /* rows of a page that names no limit */
#define API_KEYS_MAX         100u        /* live API keys of one user */
#define API_RATE_BUCKETS_MAX 65536u      /* callers remembered by the rate limiter */

/* node: what the agent takes from a server or a worker process. */
#define NODE_SLOTS_MAX        256u       /* tasks at once: each is a thread and a process */
#define NODE_WORKERS_MAX      1024u      /* processes of one keeper, spares included */
#define NODE_JOB_BYTES_MAX    (4u << 20) /* arguments and environment with their lengths */
#define NODE_INPUT_BYTES_MAX  STORE_BLOB_MAX_BYTES /* standard input: any blob */
#define NODE_OUTPUT_BYTES_MAX (256u << 20)         /* both outputs, whatever the task's limit */
#define NODE_REPORT_BYTES_MAX 4096u                /* fixed fields and three short texts */
#define NODE_BODY_BYTES_MAX   (4u << 20)           /* a JSON answer of the server */
#define NODE_FILE_BYTES_MAX   65536u               /* one file of /proc or /sys */
#define NODE_HELD_MAX         512u   /* leases run or not yet delivered; the server takes 1024 */
#define NODE_CACHE_FILES_MAX  20000u /* files of the cache, which are searched one by one */

/* cli: the program's own patience and appetite. */
#define CLI_CONFIG_BYTES_MAX  (64u << 10)  /* bytes of a config file of three lines */
#define CLI_INPUT_BYTES_MAX   (512u << 20) /* bytes of one module or standard input read */
#define CLI_RETRIES_MAX       5      /* calls repeated because the server asked for patience */
#define CLI_RETRY_SECONDS_MAX 30     /* a longer Retry-After is told, not waited out */
#define CLI_TRANSFER_MS_MAX   600000 /* of one upload or download */

/* wasm: the lowered form and a run. */
#define WASM_INSNS_MAX         (24u << 20) /* lowered instructions of a module, 32 bytes each */
#define CODE_FRAME_SLOTS_MAX   65000u      /* slots of a frame: operands have 16 bits */
#define WASM_TABLE_ENTRIES_MAX 1000000u    /* entries of one table: one instruction fills it */
#define RUN_MEMORY_BYTES_MAX   ((uint64_t)1 << 40)    /* of run_limits; address space, not memory */
#define RUN_OUTPUT_BYTES_MAX   ((uint64_t)1 << 30)    /* of run_limits */
#define RUN_RESULT_BYTES_MAX   (8u * WASM_PARAMS_MAX) /* results of an entry, after its output */
#define RUN_CALL_DEPTH_MAX     (1u << 24)             /* of run_limits */
#define RUN_STACK_SLOTS_MAX    (1u << 26)             /* of run_limits: 512 MiB */

/* ---- circom ---- */

/* Signals of one input file and their values, in memory: 2^23 values. */
#define CIRCOM_INPUT_BYTES_MAX (256u << 20)

/* Qualified name of one signal. */
#define CIRCOM_NAME_BYTES_MAX 1024u

/* Digits of one input value: reducing them is quadratic work for nobody's benefit. */
#define CIRCOM_DIGITS_MAX 1024u

/* zkvm: receipts and what a verifier does for one. */
#define ZKVM_PROOFS_MAX        65536u /* proofs of a receipt: with 2^27 rows each, counts < 2^44 */
#define ZKVM_KEYS_MAX          32u    /* different keys of a receipt */
#define ZKVM_RECEIPT_BYTES_MAX (16u << 20)  /* ZKVM_PROOFS_MAX proofs of 193 bytes, and the rest */
#define ZKVM_TERMS_MAX         (1u << 26)   /* the verifier's own tuples: code, image, cells */
#define ZKVM_RANDOM_WORDS_MAX  (1u << 22)   /* that a receipt can make a verifier draw */
#define ZKVM_RING_KEYS_MAX     256u         /* keys of a verifier's folder */
#define ZKVM_PROFILE_BYTES_MAX (128u << 10) /* a profile of 4096 lines */
#define ZKVM_VKEY_BYTES_MAX    (64u << 10)  /* a verifying key of 1000 public inputs */

/* attest: what a node takes from a server's list of keys. */
#define KEYSET_FILE_BYTES_MAX ((int64_t)4 << 30) /* bytes; a proving key of 2^23 constraints */

#endif
