-- Outputs that a node stores are its owner's until the task accepts them: they count as what he
-- stores, and only he can have a result of his nodes name them.

ALTER TABLE blob_owners ADD COLUMN by_node INTEGER NOT NULL DEFAULT 0;

CREATE TRIGGER blob_owners_uncount AFTER DELETE ON blob_owners
BEGIN
    UPDATE blob_usage SET bytes = bytes - OLD.size WHERE user_id = OLD.user_id;
END;
