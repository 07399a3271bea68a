ALTER TABLE audit_log ADD COLUMN before_seq INTEGER;

CREATE TABLE IF NOT EXISTS audit_origin (
origin_id TEXT NOT NULL PRIMARY KEY,
last_seq INTEGER NOT NULL
     ) STRICT, WITHOUT ROWID;

-- audit_log.before_seq and audit_origin.last_seq are filled from the log, in the order of seq;

DROP INDEX IF EXISTS audit_log_by_origin;
