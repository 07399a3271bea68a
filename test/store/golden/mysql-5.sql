CREATE TABLE IF NOT EXISTS organisation (slot VARBINARY(16) NOT NULL PRIMARY KEY, version BIGINT UNSIGNED NOT NULL, id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, public_key VARBINARY(32) NOT NULL, sealed_key VARBINARY(255) NOT NULL, created_at CHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, mac VARBINARY(255) NOT NULL) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS person (sub VARBINARY(48) NOT NULL PRIMARY KEY, version BIGINT UNSIGNED NOT NULL, email VARBINARY(320) NULL, name VARBINARY(1020) NOT NULL, description MEDIUMBLOB NOT NULL, zid VARBINARY(128) NULL, role VARBINARY(16) NOT NULL, scopes MEDIUMBLOB NOT NULL, vault_ids MEDIUMBLOB NOT NULL, is_active BIGINT UNSIGNED NOT NULL, key_prefix VARBINARY(12) NULL, key_hash VARBINARY(32) NULL, token_ttl_seconds BIGINT UNSIGNED NULL, expires_at_ms BIGINT UNSIGNED NULL, key_expires_at_ms BIGINT UNSIGNED NULL, created_by VARBINARY(48) NULL, created_at CHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, mac VARBINARY(255) NOT NULL, KEY person_by_email (email), KEY person_by_key (key_prefix), KEY person_by_role (role)) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS api_key (id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY, version BIGINT UNSIGNED NOT NULL, sub VARBINARY(48) NOT NULL, name VARBINARY(1020) NOT NULL, scopes MEDIUMBLOB NOT NULL, is_active BIGINT UNSIGNED NOT NULL, prefix VARBINARY(12) NOT NULL, hash VARBINARY(32) NOT NULL, expires_at_ms BIGINT UNSIGNED NULL, created_at CHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, mac VARBINARY(255) NOT NULL, KEY api_key_by_sub (sub), KEY api_key_by_prefix (prefix)) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS revoked_token (seq BIGINT UNSIGNED NOT NULL PRIMARY KEY, jti CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, zeqond BIGINT UNSIGNED NOT NULL, KEY revoked_token_by_jti (jti, zeqond)) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS vault (id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY, version BIGINT UNSIGNED NOT NULL, org VARBINARY(16) NOT NULL, name VARBINARY(1020) NOT NULL, description MEDIUMBLOB NOT NULL, created_by VARBINARY(48) NOT NULL, created_at CHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, mac VARBINARY(255) NOT NULL, KEY vault_by_name (name), KEY vault_by_org (org)) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS vault_secret (place VARBINARY(1061) NOT NULL PRIMARY KEY, version BIGINT UNSIGNED NOT NULL, is_deleted BIGINT UNSIGNED NOT NULL, first_number BIGINT UNSIGNED NOT NULL, is_disabled BIGINT UNSIGNED NOT NULL, reads_ BIGINT UNSIGNED NOT NULL, older MEDIUMBLOB NOT NULL, rotation_policy MEDIUMBLOB NULL, id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, number BIGINT UNSIGNED NOT NULL, type VARBINARY(16) NOT NULL, metadata MEDIUMBLOB NOT NULL, created_by VARBINARY(48) NOT NULL, created_at CHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, expires_at_ms BIGINT UNSIGNED NULL, max_reads BIGINT UNSIGNED NULL, sealed_key VARBINARY(255) NOT NULL, sealed_value MEDIUMBLOB NOT NULL, mac VARBINARY(255) NOT NULL) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS vault_version (place VARBINARY(1061) NOT NULL, id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, number BIGINT UNSIGNED NOT NULL, type VARBINARY(16) NOT NULL, metadata MEDIUMBLOB NOT NULL, created_by VARBINARY(48) NOT NULL, created_at CHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, expires_at_ms BIGINT UNSIGNED NULL, max_reads BIGINT UNSIGNED NULL, sealed_key VARBINARY(255) NOT NULL, sealed_value MEDIUMBLOB NOT NULL, mac VARBINARY(255) NOT NULL, PRIMARY KEY (place, number), KEY vault_version_by_place (place)) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS policy (id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY, version BIGINT UNSIGNED NOT NULL, vault_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, principal VARBINARY(48) NOT NULL, pattern VARBINARY(1024) NOT NULL, permissions MEDIUMBLOB NOT NULL, effect VARBINARY(8) NOT NULL, priority BIGINT UNSIGNED NOT NULL, expires_at_ms BIGINT UNSIGNED NULL, conditions MEDIUMBLOB NOT NULL, created_by VARBINARY(48) NOT NULL, created_at CHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, mac VARBINARY(255) NOT NULL, KEY policy_by_vault (vault_id), KEY policy_by_holder (vault_id, principal), KEY policy_by_principal (principal)) ENGINE=InnoDB;

ALTER TABLE audit_log MODIFY origin_id VARBINARY(1100) NOT NULL;

ALTER TABLE audit_log ADD COLUMN changed_origin VARBINARY(1100) GENERATED ALWAYS AS
       (IF(LEFT(RIGHT(payload_json, 83), 17) = '"sealed_digest":"'
         OR transition_type IN ('secret_deleted', 'vault.delete', 'policy.delete'), origin_id, NULL)) VIRTUAL
       /*!80023 INVISIBLE */ /*M!100303 INVISIBLE */;

ALTER TABLE audit_log ADD KEY audit_log_of_changes (changed_origin, seq);

ALTER TABLE audit_log DROP KEY audit_log_by_change, DROP COLUMN change_of;
