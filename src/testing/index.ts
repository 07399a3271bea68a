export type { FailNextOptions, FailureReason } from "./failures.ts";
export type { TestRow } from "./rows.ts";
export { startTestVault, type TestSecret, type TestVault, type TestVaultOptions } from "./test-vault.ts";
