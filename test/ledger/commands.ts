import fc from "fast-check";
import type { Operation } from "../../src/ledger/operation.ts";
import type { Sealer } from "../../src/sealing/envelope.ts";
import { deleteSecret } from "../../src/secrets/delete.ts";
import { infoSecret, recordAudit, recordList } from "../../src/secrets/metadata.ts";
import { grantSecret, revokeSecret } from "../../src/secrets/permissions.ts";
import { probePermission } from "../../src/secrets/probe.ts";
import { readSecret } from "../../src/secrets/read.ts";
import { rotateIfDue, rotateSecret } from "../../src/secrets/rotate.ts";
import { setSecret } from "../../src/secrets/set.ts";
import { answerLost, commitLost, conflict, type Fate } from "../support/faulty-store.ts";
import { admin, plain, startZeqond } from "../support/ledger.ts";

/** What an admin or a caller asks of the vault. */
export type Command =
  | {
      readonly do: "set";
      readonly name: string;
      readonly value: string;
      readonly purposeTag?: string | null;
      readonly boundZid?: string;
      readonly permissions?: readonly string[];
      readonly expiresZeqond?: number | null;
    }
  | { readonly do: "read" | "probe"; readonly name: string; readonly zid: string; readonly purpose: string }
  | { readonly do: "rotate" | "rotate_if_due" | "delete" | "info"; readonly name: string }
  | { readonly do: "grant" | "revoke"; readonly name: string; readonly zid: string }
  | { readonly do: "list" }
  | { readonly do: "audit"; readonly name: string; readonly limit: number };

/** The operation of the vault that a command of the model means. */
export function operationOf(command: Command, sealer: Sealer): Operation<unknown> {
  switch (command.do) {
    case "set": {
      const { do: _do, value, ...input } = command;
      return setSecret({ ...input, value: plain(value) }, admin, sealer);
    }
    case "read":
      return readSecret(command, sealer);
    case "probe":
      return probePermission({ ...command, by: admin.zid }, sealer);
    case "rotate":
      return rotateSecret(command.name, admin, sealer);
    case "rotate_if_due":
      return rotateIfDue(command.name, sealer);
    case "grant":
      return grantSecret(command.name, command.zid, admin, sealer);
    case "revoke":
      return revokeSecret(command.name, command.zid, admin, sealer);
    case "delete":
      return deleteSecret(command.name, admin);
    case "info":
      return infoSecret(command.name, admin);
    case "list":
      return recordList(admin, {});
    case "audit":
      return recordAudit(command.name, command.limit, admin);
  }
}

export const names: readonly string[] = ["a", "a ", "É🔑'\\"];
export const zids: readonly string[] = ["ZEQ1", "ZEQ2", "ZEQ-Ä", "ZEQ-SYS"];

const name = fc.constantFrom(...names);
const zid = fc.constantFrom(...zids);
const purpose = fc.constantFrom("read", "probe_check", "nightly 'ü'");

const set = fc.record(
  {
    do: fc.constant("set" as const),
    name,
    value: fc.string({ unit: "binary", minLength: 1, maxLength: 40 }),
    purposeTag: fc.constantFrom(null, "", "billing", "ß"),
    boundZid: zid,
    permissions: fc.array(zid, { maxLength: 5 }),
    expiresZeqond: fc.option(fc.integer({ min: startZeqond - 2, max: startZeqond + 200 }), { nil: null }),
  },
  { requiredKeys: ["do", "name", "value"] },
);

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 5, arbitrary: set },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom("read" as const, "probe" as const), name, zid, purpose }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("grant" as const, "revoke" as const), name, zid }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom("rotate" as const, "rotate_if_due" as const, "delete" as const, "info" as const),
      name,
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "list" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("audit" as const), name, limit: fc.integer({ min: 1, max: 500 }) }),
  },
);

/** A stranger who tries too often: what a random sequence would seldom come to. */
const insistence: fc.Arbitrary<readonly Command[]> = fc
  .record({ name, zid, count: fc.integer({ min: 3, max: 8 }) })
  .map(({ count, name, zid }) => [
    { do: "set", name, value: "v", boundZid: "ZEQ1", permissions: [] },
    ...Array(count).fill({ do: "read", purpose: "read", name, zid }),
  ]);

/** Commands that are submitted at once, in this order, after the clock has moved. */
export interface Group {
  readonly advanceMs: number;
  readonly commands: readonly Command[];
  /** What happens to the transaction before it succeeds. */
  readonly fates: readonly FateName[];
}

const fateNames = ["conflict", "answerLost", "commitLost"] as const;
type FateName = (typeof fateNames)[number];
export const fatesByName: Readonly<Record<FateName, Fate>> = { conflict, answerLost, commitLost };

export const groups: fc.Arbitrary<readonly Group[]> = fc.array(
  fc.record({
    advanceMs: fc.oneof(
      fc.constant(0),
      fc.integer({ min: 0, max: 2_000 }),
      fc.integer({ min: 58, max: 62 }).map((zeqonds) => zeqonds * 777),
      fc.constant(90_000 * 777),
    ),
    commands: fc.oneof(
      { weight: 4, arbitrary: fc.array(command, { minLength: 1, maxLength: 16 }) },
      { weight: 1, arbitrary: insistence },
    ),
    fates: fc.oneof(
      { weight: 4, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(fc.constantFrom(...fateNames), { maxLength: 2 }) },
    ),
  }),
  { minLength: 1, maxLength: 12, size: "max" },
);
