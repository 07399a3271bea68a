-- a table upgrade_probe is created, altered, renamed and dropped;

ALTER TABLE audit_log ADD COLUMN before_seq BIGINT UNSIGNED NULL;

CREATE TABLE IF NOT EXISTS audit_origin (
origin_id VARBINARY(1100) NOT NULL PRIMARY KEY,
last_seq BIGINT UNSIGNED NOT NULL,
read_count BIGINT UNSIGNED NOT NULL DEFAULT 0,
last_read_zeqond BIGINT UNSIGNED NULL
     ) ENGINE=InnoDB ROW_FORMAT=DYNAMIC;

-- audit_log.before_seq and audit_origin.last_seq are filled from the log, in the order of seq;

-- read_counter is renamed, its counters are added to those in audit_origin, and it is dropped;

ALTER TABLE audit_log DROP KEY audit_log_by_origin;
