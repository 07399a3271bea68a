import type { Operation } from "../../src/ledger/operation.ts";
import { deleteSecret } from "../../src/secrets/delete.ts";
import { grantSecret, revokeSecret } from "../../src/secrets/permissions.ts";
import { probePermission } from "../../src/secrets/probe.ts";
import { readSecret } from "../../src/secrets/read.ts";
import { rotateIfDue, rotateSecret } from "../../src/secrets/rotate.ts";
import { type SetInput, setSecret } from "../../src/secrets/set.ts";
import { admin, plain, testSealer } from "../support/ledger.ts";
import type { MemoryVault } from "../support/memory-vault.ts";

export const sealer = testSealer();

export const set = (name: string, input: Omit<SetInput, "name" | "value"> & { readonly value?: string } = {}) => {
  const { value = "the value", ...rest } = input;
  return setSecret({ name, value: plain(value), ...rest }, admin, sealer);
};
export const read = (name: string, zid = "ZEQ-SYS", purpose = "read", by?: string) =>
  readSecret({ name, zid, purpose, by }, sealer);
export const probe = (name: string, zid: string, purpose = "probe_check") =>
  probePermission({ name, zid, purpose, by: admin.zid }, sealer);
export const grant = (name: string, zid: string) => grantSecret(name, zid, admin, sealer);
export const revoke = (name: string, zid: string) => revokeSecret(name, zid, admin, sealer);
export const rotate = (name: string) => rotateSecret(name, admin, sealer);
export const rotateDue = (name: string) => rotateIfDue(name, sealer);
export const remove = (name: string) => deleteSecret(name, admin);

/** The plaintext that the system reads, or the code of the refusal. */
export function clearOf(vault: MemoryVault, name: string): string {
  const { value, error } = vault.run(read(name));
  return error === undefined ? value.value.text() : error.code;
}

/** `granted`, or the code of the refusal. */
export function outcomeOf<T>(vault: MemoryVault, operation: Operation<T>): string {
  return vault.run(operation).error?.code ?? "granted";
}

export function payloadOf(row: { readonly payloadJson: string } | undefined): Record<string, unknown> {
  return JSON.parse(row?.payloadJson ?? "null");
}
