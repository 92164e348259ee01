-- Receipts of execution and audits.

-- The set of proving keys a node can prove with, NULL for none.
ALTER TABLE nodes ADD COLUMN keyset TEXT;

-- The budget is divided into so many equal parts, one for each accepted run.
ALTER TABLE tasks ADD COLUMN shares INTEGER NOT NULL DEFAULT 1 CHECK (shares > 0);
UPDATE tasks SET shares = min_nodes;
-- What an audit asks for: the receipt of who delivered, or another run; NULL: no audit (yet).
ALTER TABLE tasks ADD COLUMN audit TEXT CHECK (audit IN ('proof', 'rerun'));

ALTER TABLE results ADD COLUMN receipt_sha3 TEXT;
ALTER TABLE results ADD COLUMN receipt_bytes INTEGER NOT NULL DEFAULT 0;
-- Digest of the statement the receipt proves: its identity.
ALTER TABLE results ADD COLUMN statement BLOB CHECK (length(statement) = 32);
ALTER TABLE results ADD COLUMN n_proofs INTEGER NOT NULL DEFAULT 0;
ALTER TABLE results ADD COLUMN prove_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE results ADD COLUMN verify_us INTEGER NOT NULL DEFAULT 0;

CREATE TABLE task_blobs_3 (
    sha3    TEXT NOT NULL REFERENCES blobs,
    task_id TEXT NOT NULL REFERENCES tasks (task_id),
    role    TEXT NOT NULL CHECK (role IN ('module', 'input', 'output', 'receipt', 'evidence')),
    PRIMARY KEY (sha3, task_id, role)
) STRICT, WITHOUT ROWID;
INSERT INTO task_blobs_3 SELECT sha3, task_id, role FROM task_blobs;
DROP TABLE task_blobs;
ALTER TABLE task_blobs_3 RENAME TO task_blobs;
