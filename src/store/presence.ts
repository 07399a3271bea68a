/** A vault has been made where one of these has a row; a database with empty tables holds none. */
export const tablesOfVault = ["key_check", "secret", "audit_log"] as const;
