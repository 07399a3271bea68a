ALTER TABLE audit_origin ADD COLUMN read_count INTEGER NOT NULL DEFAULT 0;

ALTER TABLE audit_origin ADD COLUMN last_read_zeqond INTEGER;

UPDATE audit_origin SET read_count = c.read_count, last_read_zeqond = c.last_read_zeqond
FROM secret s JOIN read_counter c ON c.secret_id = s.id WHERE audit_origin.origin_id = 'zsc:' || s.name;

DROP TABLE IF EXISTS read_counter;
