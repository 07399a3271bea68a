CREATE INDEX IF NOT EXISTS audit_log_by_change ON audit_log (origin_id, seq)
  WHERE transition_type = 'secret_set' OR transition_type = 'secret_rotated' OR transition_type = 'secret_deleted';
