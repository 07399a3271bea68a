CREATE TABLE IF NOT EXISTS secret (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  purpose_tag TEXT,
  bound_zid TEXT NOT NULL,
  permissions TEXT NOT NULL,
  expires_zeqond INTEGER,
  version INTEGER NOT NULL,
  sealed_key BLOB NOT NULL,
  sealed_value BLOB NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) STRICT;

CREATE INDEX IF NOT EXISTS secret_by_expiry ON secret (expires_zeqond);

CREATE TABLE IF NOT EXISTS denial (
  seq INTEGER NOT NULL PRIMARY KEY,
  zid TEXT NOT NULL,
  zeqond INTEGER NOT NULL
) STRICT;

CREATE INDEX IF NOT EXISTS denial_by_zid ON denial (zid, zeqond);

CREATE TABLE IF NOT EXISTS audit_log (
  seq INTEGER NOT NULL PRIMARY KEY,
  id TEXT NOT NULL,
  origin_id TEXT NOT NULL,
  zeqond_number INTEGER NOT NULL,
  actor_zid TEXT NOT NULL,
  transition_type TEXT NOT NULL,
  transition_id TEXT NOT NULL,
  payload_json TEXT NOT NULL,
  proof_purpose TEXT NOT NULL,
  proof_digest TEXT NOT NULL,
  prev_hash TEXT NOT NULL,
  row_hash TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT;

CREATE INDEX IF NOT EXISTS audit_log_by_origin ON audit_log (origin_id, seq);

CREATE TABLE IF NOT EXISTS audit_head (
  id INTEGER NOT NULL PRIMARY KEY,
  seq INTEGER NOT NULL,
  row_hash TEXT NOT NULL
) STRICT;

INSERT INTO audit_head (id, seq, row_hash) VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000') ON CONFLICT DO NOTHING;

CREATE TABLE IF NOT EXISTS key_check (
  id INTEGER NOT NULL PRIMARY KEY,
  sealed BLOB NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS read_counter (
  secret_id TEXT NOT NULL PRIMARY KEY,
  read_count INTEGER NOT NULL,
  last_read_zeqond INTEGER
) STRICT, WITHOUT ROWID;
