import { inspect } from "node:util";
import type { Operation } from "../../src/ledger/operation.ts";
import { infoSecret, recordAudit, recordList } from "../../src/secrets/metadata.ts";
import { sha256 } from "../ledger/chain-by-hand.ts";
import { admin, secretRowDigest } from "../support/ledger.ts";
import { type MemoryVault, memoryVault } from "../support/memory-vault.ts";
import { grant, payloadOf, probe, read, remove, revoke, rotate, rotateDue, set } from "./calls.ts";

const name = "a";

describe("the row of", () => {
  let vault: MemoryVault;

  beforeEach(() => {
    vault = memoryVault();
    vault.run(set(name, { purposeTag: "billing", boundZid: "ZEQ1", permissions: ["ZEQ2"], expiresZeqond: 7 }));
  });

  /** Type, actor, 4th input of the digest, payload; the digests of changes are looked at below. */
  const rowOf = (operation: Operation<unknown>) => {
    const { rows } = vault.run(operation);
    expect(rows.length).toBe(1);
    const [{ transitionType, actorZid, proofPurpose, ...row }] = rows as [(typeof rows)[0] & object];
    const { sealed_digest, ...payload } = payloadOf(row);
    return [transitionType, actorZid, proofPurpose, payload];
  };

  const described = { name, purpose_tag: "billing", bound_zid: "ZEQ1", permissions: ["ZEQ2"], expires_zeqond: 7 };
  const rows: readonly [string, Operation<unknown>, readonly unknown[]][] = [
    [
      "a set that updates",
      set(name, { expiresZeqond: 7 }),
      ["secret_set", "ZEQ-ADMIN", "set", { ...described, purpose: "updated", version: 2 }],
    ],
    [
      "a set that creates",
      set("b", { expiresZeqond: null }),
      [
        "secret_set",
        "ZEQ-ADMIN",
        "set",
        {
          name: "b",
          purpose_tag: null,
          bound_zid: "ZEQ-SYS",
          permissions: [],
          expires_zeqond: null,
          purpose: "created",
          version: 1,
        },
      ],
    ],
    [
      "a grant",
      grant(name, "ZEQ3"),
      [
        "secret_set",
        "ZEQ-ADMIN",
        "granted",
        { name, purpose: "granted", granted_zid: "ZEQ3", permissions: ["ZEQ2", "ZEQ3"], version: 2 },
      ],
    ],
    [
      "a revoke",
      revoke(name, "ZEQ2"),
      [
        "secret_set",
        "ZEQ-ADMIN",
        "revoked",
        { name, purpose: "revoked", revoked_zid: "ZEQ2", permissions: [], version: 2 },
      ],
    ],
    [
      "a rotation",
      rotate(name),
      ["secret_rotated", "ZEQ-ADMIN", "manual_rotated", { name, purpose: "manual_rotated", version: 2 }],
    ],
    [
      "the daemon's rotation",
      rotateDue(name),
      ["secret_rotated", "ZEQ-SYS", "auto_rotated", { name, purpose: "auto_rotated", version: 2 }],
    ],
    [
      "a read",
      read(name, "ZEQ2", "nightly"),
      ["secret_read", "ZEQ2", "nightly", { name, purpose: "nightly", purpose_tag: "billing" }],
    ],
    [
      "a probe",
      probe(name, "ZEQ1"),
      ["secret_read", "ZEQ1", "probe_check", { name, purpose: "probe_check", purpose_tag: "billing", by: admin.zid }],
    ],
    [
      "a read on behalf of another",
      read(name, "ZEQ2", "nightly", "ZEQ-BROKER"),
      ["secret_read", "ZEQ2", "nightly", { name, purpose: "nightly", purpose_tag: "billing", by: "ZEQ-BROKER" }],
    ],
    [
      "a refused read on behalf of another",
      read(name, "ZEQ9", "nightly", "ZEQ-BROKER"),
      ["secret_denied", "ZEQ9", "denied", { name, purpose: "nightly", reason: "denied", by: "ZEQ-BROKER" }],
    ],
    [
      "a read of nothing on behalf of another",
      read("b", "ZEQ9", "nightly", "ZEQ-BROKER"),
      ["secret_denied", "ZEQ9", "not_found", { name: "b", purpose: "nightly", reason: "not_found", by: "ZEQ-BROKER" }],
    ],
    [
      "a refused read",
      read(name, "ZEQ9", "nightly"),
      ["secret_denied", "ZEQ9", "denied", { name, purpose: "nightly", reason: "denied" }],
    ],
    [
      "a refused probe",
      probe(name, "ZEQ9"),
      ["secret_denied", "ZEQ9", "denied", { name, purpose: "probe_check", reason: "denied", by: admin.zid }],
    ],
    [
      "a read of nothing",
      read("b", "ZEQ9"),
      ["secret_denied", "ZEQ9", "not_found", { name: "b", purpose: "read", reason: "not_found" }],
    ],
    ...(["rotate", "grant", "revoke", "delete"] as const).map(
      (call): [string, Operation<unknown>, readonly unknown[]] => {
        const operations = {
          rotate: rotate("b"),
          grant: grant("b", "Z"),
          revoke: revoke("b", "Z"),
          delete: remove("b"),
        };
        const payload = { name: "b", purpose: call, reason: "not_found" };
        return [`a ${call} of nothing`, operations[call], ["secret_denied", "ZEQ-ADMIN", "not_found", payload]];
      },
    ),
    ["a deletion", remove(name), ["secret_deleted", "ZEQ-ADMIN", "deleted", { name, purpose: "deleted" }]],
    ["an info", infoSecret(name, admin), ["admin_info", "ZEQ-ADMIN", "info", { name }]],
    ["an info of nothing", infoSecret("b", admin), ["admin_info", "ZEQ-ADMIN", "info", { name: "b" }]],
    ["an audit", recordAudit(name, 50, admin), ["admin_audit", "ZEQ-ADMIN", "audit", { name, limit: 50 }]],
    ["a list", recordList(admin, { page_size: 5 }), ["admin_list", "ZEQ-ADMIN", "list", { page_size: 5 }]],
  ];

  test.each(rows)("%s is what the contract says", (_what, operation, expected) => {
    expect(rowOf(operation)).toEqual(expected);
  });

  test("each change ties its row in the vault to the log, and no other row does", () => {
    const changes: readonly Operation<unknown>[] = [
      set(name),
      grant(name, "ZEQ3"),
      revoke(name, "ZEQ2"),
      rotate(name),
      rotateDue(name),
    ];
    vault.run(set(name, { expiresZeqond: 0 }));
    for (const [index, operation] of changes.entries()) {
      if (index === 4) {
        vault.run(set(name, { expiresZeqond: 0 }));
      }
      const [row] = vault.run(operation).rows;
      const secret = vault.secret(name);
      const digest = secretRowDigest({ ...secret, permissionsJson: JSON.stringify(secret.permissions) });
      expect(payloadOf(row)).toMatchObject({ version: secret.version, sealed_digest: digest });
    }
    vault.runAll([read(name), probe(name, "ZEQ9"), remove(name), infoSecret(name, admin)]);
    for (const row of vault.log.slice(-4)) {
      expect(payloadOf(row)).not.toHaveProperty("sealed_digest");
    }
  });

  test("who acts in another's name is told at the very end of the row, whatever the outcome", () => {
    const zid = "ZEQ9";
    const operations = () => [read("b", zid, "r", "ZEQ-BROKER"), read(name, zid, "r", "ZEQ-BROKER"), probe(name, zid)];
    vault.runAll([...operations(), ...operations(), ...operations()]);
    vault.secrets.set("broken", { ...vault.secret(name), name: "broken", boundZid: "ZEQ8" });
    vault.runAll([read("broken", "ZEQ8", "r", "ZEQ-BROKER"), probe("broken", "ZEQ8"), read(name, "ZEQ2"), read("b")]);
    const rows = vault.log.slice(1);
    const reasons = new Set(rows.map((row) => payloadOf(row)["reason"]));
    expect([...reasons]).toEqual(["not_found", "denied", "rate_limited", "error", undefined]);
    const endings = rows.map(({ payloadJson }) => /,"by":"[^"]*"\}$/.exec(payloadJson)?.[0]);
    const [byBroker, byAdmin] = [',"by":"ZEQ-BROKER"}', `,"by":"${admin.zid}"}`];
    const round = [byBroker, byBroker, byAdmin];
    expect(endings).toEqual([...round, ...round, ...round, byBroker, byAdmin, undefined, undefined]);
  });

  test("a list is about all of them, of anything else about its name", () => {
    vault.runAll([recordList(admin, {}), recordAudit("b", 1, admin), read("nowhere")]);
    expect(vault.log.map(({ originId }) => originId)).toEqual(["zsc:a", "zsc:*", "zsc:b", "zsc:nowhere"]);
    for (const { originId, actorZid, transitionId, proofPurpose, proofDigest } of vault.log) {
      expect(proofDigest).toBe(sha256(`${originId.slice(4)}|${actorZid}|${transitionId}|${proofPurpose}`));
    }
  });
});

test("a plaintext is in no row, no error and nothing that is printed", () => {
  const canary = "canary-7f3a";
  const forms = [canary, Buffer.from(canary).toString("hex"), Buffer.from(canary).toString("base64").slice(0, -2)];
  const vault = memoryVault();
  const calls: Operation<unknown>[] = [
    ...[set(name, { value: canary }), set(name, { value: `${canary}${canary}` }), read(name), read(name, "ZEQ9")],
    ...[probe(name, "ZEQ-SYS"), probe(name, "ZEQ9"), grant(name, "ZEQ2"), revoke(name, "ZEQ2"), rotate(name)],
    ...[infoSecret(name, admin), recordList(admin, {}), recordAudit(name, 5, admin)],
  ];
  const ran = [...vault.runAll(calls)];
  vault.secrets.set(name, { ...vault.secret(name), boundZid: "ZEQ-THIEF" });
  ran.push(...vault.runAll([...calls.slice(1), remove(name), ...calls.slice(1)]));
  const printed = [
    JSON.stringify(ran),
    inspect(ran, { depth: 20, showHidden: true, maxArrayLength: null }),
    JSON.stringify(vault.log),
  ];
  const stored = [...vault.secrets.values()].map(
    (secret) => inspect(secret) + Buffer.from(secret.sealedValue).toString("latin1"),
  );
  for (const text of [...printed, ...stored]) {
    for (const form of forms) {
      expect(text).not.toContain(form);
    }
  }
});
