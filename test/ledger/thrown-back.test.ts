import type { Plaintext } from "../../src/base/plaintext.ts";
import type { Operation } from "../../src/ledger/operation.ts";
import type { SequencerOptions } from "../../src/ledger/sequencer.ts";
import { StoreFailure } from "../../src/ledger/store.ts";
import type { Sealer } from "../../src/sealing/envelope.ts";
import { type ReadSecret, readSecret, readSecrets } from "../../src/secrets/read.ts";
import { secrets } from "../../src/secrets/tables.ts";
import { cleanUpDatabases } from "../support/databases.ts";
import { answerLost, commitLost, conflict, type Doomed, type Fate, unavailable } from "../support/faulty-store.ts";
import { type LedgerUnderTest, openLedger, sealer } from "./ledger-under-test.ts";

/** The real sealer, and every plaintext that it has opened. */
function keptSealer(): { readonly sealer: Sealer; readonly opened: readonly Plaintext[] } {
  const opened: Plaintext[] = [];
  const open: Sealer["open"] = (sealed, binding) => {
    const plaintext = sealer.open(sealed, binding);
    opened.push(plaintext);
    return plaintext;
  };
  return { sealer: { ...sealer, open }, opened };
}

function isWiped(plaintext: Plaintext): boolean {
  try {
    return plaintext.bytes.length === 0;
  } catch {
    return true;
  }
}

const failing = (kind: "unavailable" | "in_doubt"): Fate => {
  return async ({ rollBack }: Doomed) => {
    await rollBack();
    throw new StoreFailure(kind, "away");
  };
};

describe("plaintexts of attempts that were thrown back", () => {
  let ledger: LedgerUnderTest;
  const open = async (options: Partial<SequencerOptions> = {}) => {
    ledger = await openLedger(options);
    await ledger.set("a", "value a");
    await ledger.set("b", "value b");
    return keptSealer();
  };
  afterEach(() => ledger.close());
  afterAll(cleanUpDatabases);

  const one = (name: string, by: Sealer) => readSecret({ name, zid: "ZEQ-SYS", purpose: "read" }, by);
  const both = (by: Sealer) => {
    const requests = ["a", "b"].map((name) => ({ name, zid: "ZEQ-SYS", purpose: "read" }));
    return readSecrets(requests, by, { maxBytes: 1_000, bytesOf: () => 1 });
  };

  const answered: [string, readonly Fate[], number][] = [
    ["by a conflict", [conflict, conflict], 9],
    ["because the database went away after the decision", [failing("unavailable")], 6],
    ["in doubt, and carried out", [answerLost], 3],
    ["in doubt, and not carried out", [commitLost, commitLost], 9],
    ["in doubt, and carried out the second time", [commitLost, conflict, answerLost, unavailable], 9],
  ];

  test.each(answered)("%s are wiped, and those of the answer are not", async (_how, fates, count) => {
    const { sealer: by, opened } = await open();
    ledger.faulty.plan(...fates);
    const [read, reads] = await Promise.all([ledger.sequencer.submit(one("a", by)), ledger.sequencer.submit(both(by))]);
    const values = reads.value.map((item) => (item.kind === "read" ? item.secret.value.text() : item.kind));
    expect([read.value.value.text(), ...values]).toEqual(["value a", "value a", "value b"]);
    expect(opened.length).toBe(count);
    expect(opened.filter((plaintext) => !isWiped(plaintext)).length).toBe(3);
  });

  const refused: [string, readonly Fate[]][] = [
    ["when the database stays away", [failing("unavailable"), failing("unavailable")]],
    ["when conflicts do not end", Array<Fate>(40).fill(conflict)],
    ["when the commit stays in doubt", [answerLost, ...Array<Fate>(39).fill(unavailable)]],
    ["when no commit arrives", Array<Fate>(40).fill(commitLost)],
    [
      "when the store has a bug",
      [
        async ({ rollBack }) => {
          await rollBack();
          throw new TypeError("a bug");
        },
      ],
    ],
  ];

  test.each(refused)(
    "are wiped for good %s",
    async (_when, fates) => {
      const { sealer: by, opened } = await open();
      ledger.faulty.plan(...fates);
      const outcomes = await Promise.allSettled([
        ledger.sequencer.submit(one("a", by)),
        ledger.sequencer.submit(both(by)),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
      expect(opened.length).toBeGreaterThan(0);
      expect(opened.every(isWiped)).toBe(true);
    },
    30_000,
  );

  test("are wiped when their row cannot be written down, or a change cannot be made", async () => {
    const { sealer: by, opened } = await open();
    const read = one("a", by);
    const broken: Operation<ReadSecret>[] = [
      { ...read, apply: (view) => ({ ...read.apply(view), drafts: [{ ...draftOf(), payload: { count: 1n } }] }) },
      {
        ...read,
        apply: (view) => ({ ...read.apply(view), changes: [{ kind: "count", table: secrets, key: ["nowhere"] }] }),
      },
    ];
    const outcomes = await Promise.allSettled(broken.map((operation) => ledger.sequencer.submit(operation)));
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(opened.map(isWiped)).toEqual([true, true]);
  });

  test("are wiped when they did not fit into the batch, and read again in the next", async () => {
    const { sealer: by, opened } = await open({ maxBatchBytes: 60 });
    const [first, second] = await Promise.all([
      ledger.sequencer.submit(one("a", by)),
      ledger.sequencer.submit(one("b", by)),
    ]);
    expect([first.value.value.text(), second.value.value.text()]).toEqual(["value a", "value b"]);
    expect(opened.map(isWiped)).toEqual([false, true, false]);
  });

  test("are wiped when the answer has no room for them, and none of them was read", async () => {
    const { sealer: by, opened } = await open();
    const requests = ["a", "b", "a"].map((name) => ({ name, zid: "ZEQ-SYS", purpose: "read" }));
    const reads = readSecrets(requests, by, { maxBytes: 2, bytesOf: () => 1 });
    await expect(ledger.sequencer.submit(reads)).rejects.toMatchObject({ code: "MESSAGE_TOO_LARGE" });
    expect(opened.map(isWiped)).toEqual([true, true, true]);
    expect((await ledger.rows()).map(({ transitionType }) => transitionType)).toEqual(["secret_set", "secret_set"]);
  });
});

function draftOf() {
  return { type: "secret_read", originId: "zsc:a", actorZid: "ZEQ-SYS", purpose: "read", payload: {} } as const;
}
