/**
 * The types of rows that remove a record, of all tables that there will be: an index of the log knows them. A new one needs a
 * new index, by a step of the schema.
 */
export const removals = ["secret_deleted", "vault.delete", "policy.delete"] as const;
