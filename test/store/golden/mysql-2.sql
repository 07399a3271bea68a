ALTER TABLE audit_log ADD COLUMN change_of VARBINARY(259) GENERATED ALWAYS AS
         (IF(transition_type IN ('secret_set', 'secret_rotated', 'secret_deleted'), origin_id, NULL)) VIRTUAL
         /*!80023 INVISIBLE */ /*M!100303 INVISIBLE */;

ALTER TABLE audit_log ADD KEY audit_log_by_change (change_of, seq);
