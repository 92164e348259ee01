-- Users, nodes, tasks, money.  Times are milliseconds since 1970 UTC, NULL for "not".
-- What must hold for ever stands here as a constraint, not only in the program.

CREATE TABLE users (
    user_id     TEXT PRIMARY KEY,
    username    TEXT NOT NULL UNIQUE COLLATE NOCASE,
    role        TEXT NOT NULL CHECK (role IN ('user', 'admin')),
    created_at  INTEGER NOT NULL,
    disabled_at INTEGER
) STRICT;

CREATE TABLE api_keys (
    key_id       TEXT PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES users,
    name         TEXT NOT NULL,
    prefix       TEXT NOT NULL,
    hash         BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    scopes       TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER,
    revoked_at   INTEGER
) STRICT;
CREATE INDEX api_keys_by_user ON api_keys (user_id, created_at);

CREATE TABLE nodes (
    node_id            TEXT PRIMARY KEY,
    owner_id           TEXT NOT NULL REFERENCES users,
    region             TEXT NOT NULL,
    node_type          TEXT NOT NULL,
    bandwidth_mbps     REAL NOT NULL,
    memory_gb          REAL NOT NULL,
    cpu_cores          INTEGER NOT NULL,
    gpu_available      INTEGER NOT NULL CHECK (gpu_available IN (0, 1)),
    slots              INTEGER NOT NULL,
    observability_port INTEGER NOT NULL,
    public_key         BLOB NOT NULL UNIQUE CHECK (length(public_key) = 32),
    status             TEXT NOT NULL CHECK (status IN ('online', 'offline', 'rejected')),
    health_score       REAL,
    telemetry          TEXT,
    completed          INTEGER NOT NULL,
    failed             INTEGER NOT NULL,
    disputes           INTEGER NOT NULL,
    compute_time_ms    INTEGER NOT NULL,
    error_count        INTEGER NOT NULL,
    safe_mode          INTEGER NOT NULL CHECK (safe_mode IN (0, 1)),
    turn               INTEGER NOT NULL,
    registered_at      INTEGER NOT NULL,
    last_heartbeat_at  INTEGER NOT NULL,
    updated_at         INTEGER NOT NULL,
    deleted_at         INTEGER
) STRICT;
CREATE INDEX nodes_by_owner ON nodes (owner_id);
CREATE INDEX nodes_listed ON nodes (registered_at, node_id)
    WHERE deleted_at IS NULL AND status <> 'rejected';

CREATE TABLE node_heartbeats (
    node_id      TEXT NOT NULL REFERENCES nodes,
    seq          INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    event        TEXT NOT NULL,
    metadata     TEXT,
    health_score REAL,
    active_tasks INTEGER NOT NULL,
    cpu          REAL,
    memory       REAL,
    latency      REAL,
    temperature  REAL,
    PRIMARY KEY (node_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE tasks (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id         TEXT NOT NULL UNIQUE,
    creator_id      TEXT NOT NULL REFERENCES users,
    task_type       TEXT NOT NULL,
    status          TEXT NOT NULL
        CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
    reason          TEXT,
    spec            TEXT NOT NULL,
    module_sha3     TEXT,
    inputs_sha3     BLOB NOT NULL CHECK (length(inputs_sha3) = 32),
    min_nodes       INTEGER NOT NULL CHECK (min_nodes > 0),
    budget          INTEGER NOT NULL CHECK (budget >= 0),
    paid            INTEGER NOT NULL CHECK (paid BETWEEN 0 AND budget),
    attempts        INTEGER NOT NULL,
    idempotency_key TEXT,
    result          TEXT,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    completed_at    INTEGER,
    hidden_at       INTEGER,
    CHECK ((completed_at IS NULL) = (status IN ('pending', 'running'))),
    UNIQUE (creator_id, idempotency_key)
) STRICT;
CREATE INDEX tasks_by_creator ON tasks (creator_id, seq);
CREATE INDEX tasks_by_status ON tasks (status, seq);
CREATE INDEX tasks_live ON tasks (seq) WHERE completed_at IS NULL;

-- An end is final: no later write can reopen a task or change what it came to.
CREATE TRIGGER tasks_end_is_final BEFORE UPDATE ON tasks
WHEN OLD.completed_at IS NOT NULL
    AND (NEW.status IS NOT OLD.status OR NEW.result IS NOT OLD.result OR NEW.paid IS NOT OLD.paid
         OR NEW.completed_at IS NOT OLD.completed_at)
BEGIN
    SELECT RAISE(ABORT, 'the task has ended');
END;

CREATE TABLE task_counts (
    status TEXT PRIMARY KEY,
    n      INTEGER NOT NULL CHECK (n >= 0)
) STRICT, WITHOUT ROWID;
INSERT INTO task_counts VALUES
    ('pending', 0), ('running', 0), ('completed', 0), ('failed', 0), ('cancelled', 0);
CREATE TRIGGER tasks_count_insert AFTER INSERT ON tasks
BEGIN
    UPDATE task_counts SET n = n + 1 WHERE status = NEW.status;
END;
CREATE TRIGGER tasks_count_update AFTER UPDATE OF status ON tasks
WHEN OLD.status <> NEW.status
BEGIN
    UPDATE task_counts SET n = n - 1 WHERE status = OLD.status;
    UPDATE task_counts SET n = n + 1 WHERE status = NEW.status;
END;

CREATE TABLE task_assignments (
    task_id          TEXT NOT NULL REFERENCES tasks (task_id),
    node_id          TEXT NOT NULL REFERENCES nodes,
    execution_status TEXT NOT NULL
        CHECK (execution_status IN ('assigned', 'in_progress', 'completed', 'failed')),
    lease_id         TEXT,
    attempts         INTEGER NOT NULL,
    assigned_at      INTEGER NOT NULL,
    started_at       INTEGER,
    finished_at      INTEGER,
    disconnected_at  INTEGER,
    deadline_at      INTEGER,
    backoff_until    INTEGER,
    note             TEXT,
    PRIMARY KEY (task_id, node_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX task_assignments_active ON task_assignments (node_id, assigned_at)
    WHERE disconnected_at IS NULL;

CREATE TABLE results (
    task_id           TEXT NOT NULL,
    node_id           TEXT NOT NULL,
    owner_id          TEXT NOT NULL REFERENCES users,
    lease_id          TEXT NOT NULL,
    outcome           TEXT NOT NULL,
    digest            BLOB NOT NULL CHECK (length(digest) = 32),
    signature         BLOB NOT NULL CHECK (length(signature) = 64),
    public_key        BLOB NOT NULL CHECK (length(public_key) = 32),
    execution_time_ms INTEGER NOT NULL,
    submitted_at      INTEGER NOT NULL,
    verdict           TEXT NOT NULL CHECK (verdict IN ('pending', 'accepted', 'rejected', 'void')),
    paid              INTEGER NOT NULL CHECK (paid >= 0),
    PRIMARY KEY (task_id, node_id),
    FOREIGN KEY (task_id, node_id) REFERENCES task_assignments
) STRICT, WITHOUT ROWID;

CREATE TABLE disputes (
    seq      INTEGER PRIMARY KEY,
    task_id  TEXT NOT NULL REFERENCES tasks (task_id),
    node_id  TEXT NOT NULL REFERENCES nodes,
    kind     TEXT NOT NULL,
    evidence TEXT NOT NULL,
    at       INTEGER NOT NULL,
    UNIQUE (task_id, node_id, kind)
) STRICT;
CREATE INDEX disputes_by_node ON disputes (node_id, seq);

CREATE TABLE decisions (
    task_id TEXT NOT NULL REFERENCES tasks (task_id),
    n       INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    detail  TEXT NOT NULL,
    PRIMARY KEY (task_id, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE blobs (
    sha3       TEXT PRIMARY KEY CHECK (length(sha3) = 64),
    size       INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE blob_owners (
    user_id    TEXT NOT NULL REFERENCES users,
    sha3       TEXT NOT NULL REFERENCES blobs,
    size       INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, sha3)
) STRICT, WITHOUT ROWID;

-- What each user's blobs come to, so that a quota costs one row to look at.
CREATE TABLE blob_usage (
    user_id TEXT PRIMARY KEY REFERENCES users,
    bytes   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER blob_owners_count AFTER INSERT ON blob_owners
BEGIN
    INSERT INTO blob_usage VALUES (NEW.user_id, NEW.size)
        ON CONFLICT (user_id) DO UPDATE SET bytes = bytes + NEW.size;
END;

CREATE TABLE task_blobs (
    sha3    TEXT NOT NULL REFERENCES blobs,
    task_id TEXT NOT NULL REFERENCES tasks (task_id),
    role    TEXT NOT NULL CHECK (role IN ('module', 'input', 'output')),
    PRIMARY KEY (sha3, task_id, role)
) STRICT, WITHOUT ROWID;

-- Money.  The issuer is where credits come from, the only account below zero.
CREATE TABLE accounts (
    account TEXT PRIMARY KEY,
    balance INTEGER NOT NULL CHECK (balance >= 0 OR account = 'issuer')
) STRICT, WITHOUT ROWID;

CREATE TABLE transfers (
    seq     INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    key     TEXT NOT NULL UNIQUE,
    kind    TEXT NOT NULL CHECK (kind IN ('issue', 'escrow', 'pay', 'refund')),
    task_id TEXT REFERENCES tasks (task_id),
    node_id TEXT REFERENCES nodes,
    hash    BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE INDEX transfers_by_task ON transfers (task_id, seq) WHERE task_id IS NOT NULL;

CREATE TABLE postings (
    seq     INTEGER NOT NULL REFERENCES transfers,
    n       INTEGER NOT NULL,
    account TEXT NOT NULL REFERENCES accounts,
    amount  INTEGER NOT NULL,
    PRIMARY KEY (seq, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX postings_by_account ON postings (account, seq);

CREATE TRIGGER transfers_append_only_u BEFORE UPDATE ON transfers
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER transfers_append_only_d BEFORE DELETE ON transfers
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER postings_append_only_u BEFORE UPDATE ON postings
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER postings_append_only_d BEFORE DELETE ON postings
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TABLE settings (
    key        TEXT PRIMARY KEY,
    value      TEXT NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    seq     INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    actor   TEXT NOT NULL,
    action  TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail  TEXT
) STRICT;
