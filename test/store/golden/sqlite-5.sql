CREATE TABLE IF NOT EXISTS organisation (slot TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL, id TEXT NOT NULL, public_key BLOB NOT NULL, sealed_key BLOB NOT NULL, created_at TEXT NOT NULL, mac BLOB NOT NULL) STRICT;

CREATE TABLE IF NOT EXISTS person (sub TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL, email TEXT, name TEXT NOT NULL, description TEXT NOT NULL, zid TEXT, role TEXT NOT NULL, scopes TEXT NOT NULL, vault_ids TEXT NOT NULL, is_active INTEGER NOT NULL, key_prefix TEXT, key_hash BLOB, token_ttl_seconds INTEGER, expires_at_ms INTEGER, key_expires_at_ms INTEGER, created_by TEXT, created_at TEXT NOT NULL, password_hash TEXT, token_epoch INTEGER NOT NULL, marketing_emails INTEGER NOT NULL, mac BLOB NOT NULL) STRICT;

CREATE INDEX IF NOT EXISTS person_by_email ON person (email);

CREATE INDEX IF NOT EXISTS person_by_key ON person (key_prefix);

CREATE INDEX IF NOT EXISTS person_by_role ON person (role);

CREATE TABLE IF NOT EXISTS api_key (id TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL, sub TEXT NOT NULL, name TEXT NOT NULL, scopes TEXT NOT NULL, is_active INTEGER NOT NULL, prefix TEXT NOT NULL, hash BLOB NOT NULL, expires_at_ms INTEGER, created_at TEXT NOT NULL, mac BLOB NOT NULL) STRICT;

CREATE INDEX IF NOT EXISTS api_key_by_sub ON api_key (sub);

CREATE INDEX IF NOT EXISTS api_key_by_prefix ON api_key (prefix);

CREATE TABLE IF NOT EXISTS revoked_token (seq INTEGER NOT NULL PRIMARY KEY, jti TEXT NOT NULL, zeqond INTEGER NOT NULL) STRICT;

CREATE INDEX IF NOT EXISTS revoked_token_by_jti ON revoked_token (jti, zeqond);

CREATE TABLE IF NOT EXISTS failure_of_account (seq INTEGER NOT NULL PRIMARY KEY, account TEXT NOT NULL, network TEXT NOT NULL, zeqond INTEGER NOT NULL) STRICT;

CREATE INDEX IF NOT EXISTS failure_of_account_by_account ON failure_of_account (account, zeqond);

CREATE TABLE IF NOT EXISTS failure_of_network (seq INTEGER NOT NULL PRIMARY KEY, account TEXT NOT NULL, network TEXT NOT NULL, zeqond INTEGER NOT NULL) STRICT;

CREATE INDEX IF NOT EXISTS failure_of_network_by_network ON failure_of_network (network, zeqond);

CREATE TABLE IF NOT EXISTS vault (id TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL, org TEXT NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL, created_by TEXT NOT NULL, created_at TEXT NOT NULL, mac BLOB NOT NULL) STRICT;

CREATE INDEX IF NOT EXISTS vault_by_name ON vault (name);

CREATE INDEX IF NOT EXISTS vault_by_org ON vault (org);

CREATE TABLE IF NOT EXISTS vault_secret (place TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL, is_deleted INTEGER NOT NULL, first_number INTEGER NOT NULL, is_disabled INTEGER NOT NULL, reads_ INTEGER NOT NULL, older TEXT NOT NULL, rotation_policy TEXT, id TEXT NOT NULL, number INTEGER NOT NULL, type TEXT NOT NULL, metadata TEXT NOT NULL, created_by TEXT NOT NULL, created_at TEXT NOT NULL, expires_at_ms INTEGER, max_reads INTEGER, sealed_key BLOB NOT NULL, sealed_value BLOB NOT NULL, mac BLOB NOT NULL) STRICT;

CREATE TABLE IF NOT EXISTS vault_version (place TEXT NOT NULL, id TEXT NOT NULL, number INTEGER NOT NULL, type TEXT NOT NULL, metadata TEXT NOT NULL, created_by TEXT NOT NULL, created_at TEXT NOT NULL, expires_at_ms INTEGER, max_reads INTEGER, sealed_key BLOB NOT NULL, sealed_value BLOB NOT NULL, mac BLOB NOT NULL, PRIMARY KEY (place, number)) STRICT;

CREATE INDEX IF NOT EXISTS vault_version_by_place ON vault_version (place);

CREATE TABLE IF NOT EXISTS policy (id TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL, vault_id TEXT NOT NULL, principal TEXT NOT NULL, pattern TEXT NOT NULL, permissions TEXT NOT NULL, effect TEXT NOT NULL, priority INTEGER NOT NULL, expires_at_ms INTEGER, conditions TEXT NOT NULL, created_by TEXT NOT NULL, created_at TEXT NOT NULL, mac BLOB NOT NULL) STRICT;

CREATE INDEX IF NOT EXISTS policy_by_vault ON policy (vault_id);

CREATE INDEX IF NOT EXISTS policy_by_holder ON policy (vault_id, principal);

CREATE INDEX IF NOT EXISTS policy_by_principal ON policy (principal);

CREATE TABLE IF NOT EXISTS keyed_answer (seq INTEGER NOT NULL PRIMARY KEY, id TEXT NOT NULL, fingerprint TEXT NOT NULL, number INTEGER NOT NULL, zeqond INTEGER NOT NULL) STRICT;

CREATE INDEX IF NOT EXISTS keyed_answer_by_id ON keyed_answer (id, zeqond);

CREATE INDEX IF NOT EXISTS audit_log_of_changes ON audit_log (origin_id, seq) WHERE (substr(payload_json, -83, 17) = '"sealed_digest":"' OR transition_type = 'secret_set' OR transition_type = 'secret_rotated' OR transition_type GLOB '*delete' OR transition_type GLOB '*deleted' OR transition_type GLOB '*removed');

DROP INDEX IF EXISTS audit_log_by_change;
