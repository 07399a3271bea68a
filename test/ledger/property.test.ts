import fc from "fast-check";
import { VaultError } from "../../src/base/errors.ts";
import { Plaintext } from "../../src/base/plaintext.ts";
import { type AuditRow, originIdOf } from "../../src/ledger/row.ts";
import { createSequencer, type Sequencer } from "../../src/ledger/sequencer.ts";
import type { Store } from "../../src/ledger/store.ts";
import { metadataOf } from "../../src/secrets/secret.ts";
import { cleanUpDatabases } from "../support/databases.ts";
import { faultyStore } from "../support/faulty-store.ts";
import {
  auditRows,
  collect,
  emptyHead,
  handClock,
  listSecrets,
  load,
  secretRowDigest,
  secretRows,
  testSealer,
} from "../support/ledger.ts";
import { mysqlPlace, type NewPlace, sqlitePlace } from "../support/places.ts";
import { firstWrongRow } from "./chain-by-hand.ts";
import { type Command, fatesByName, type Group, groups, names, operationOf, zids } from "./commands.ts";
import { type Answer, Model } from "./model.ts";

const sealer = testSealer();
/** On a busy machine; it takes seconds. */
const timeoutMs = 120_000;

describe.each<[string, NewPlace, number]>([
  ["SQLite", sqlitePlace, 80],
  ["MySQL", mysqlPlace, 30],
])("the ledger over %s", (_database, newPlace, numRuns) => {
  afterAll(cleanUpDatabases);

  test(
    "does what the model of the contract does, whatever comes",
    async () => {
      await fc.assert(
        fc.asyncProperty(groups, async (sequence) => {
          const place = await newPlace();
          try {
            await compareWithModel(await place.open(), sequence);
          } finally {
            await place.close();
          }
        }),
        { numRuns },
      );
    },
    timeoutMs,
  );
});

async function compareWithModel(store: Store, sequence: readonly Group[]): Promise<void> {
  // Both orders of answering, whatever the store says of itself.
  const inProcess = sequence.length % 2 === 0;
  const model = new Model();
  const ids = new Ids();
  const clock = handClock();
  const faulty = faultyStore(store, inProcess);
  const sequencer = createSequencer({ store: faulty, clock });
  for (const { advanceMs, commands, fates } of sequence) {
    clock.advanceMs(advanceMs);
    model.nowMs = clock.nowMs();
    if (commands.some(({ do: call }) => call !== "rotate_if_due")) {
      faulty.plan(...fates.map((fate) => fatesByName[fate]));
    }
    const answers = await Promise.all(commands.map((command) => answerOf(sequencer, command)));
    const expected = commands.map((command) => model.run(command));
    expect(answers.map((answer, index) => ids.replaceIn(answer, expected[index]))).toEqual(expected);
  }
  await sequencer.close();
  await compareVault(store, model, ids);
  await compareLog(store, model);
}

async function answerOf(sequencer: Sequencer, command: Command): Promise<Answer> {
  try {
    const { value } = await sequencer.submit(operationOf(command, sealer));
    return { value: textIn(value) };
  } catch (error) {
    if (!(error instanceof VaultError)) {
      throw error;
    }
    const { code, retryAfterMs } = error;
    return retryAfterMs === undefined ? { code } : { code, retryAfterMs };
  }
}

/** What is in the vault at the end: metadata, values, counters, denials that count. */
async function compareVault(store: Store, model: Model, ids: Ids): Promise<void> {
  const request = { secrets: names, denials: zids, nowZeqond: model.zeqond };
  const { secrets, denials } = await load(store, request);
  const expected = [...model.secrets].map(([name, { value, ...rest }]) => ({ name, ...rest })).sort(byName);
  const found = [...secrets.values()].map((secret) => {
    const { id, ...metadata } = metadataOf(secret);
    const { version } = secret;
    return { ...metadata, generation: ids.generationOf(id, model.secrets.get(secret.name)?.generation), version };
  });
  expect(found.sort(byName)).toEqual(expected);
  expect((await listSecrets(store, null, 10, emptyHead)).map(({ name }) => name)).toEqual(
    expected.map(({ name }) => name),
  );
  for (const zid of zids) {
    const counting = model.denials.filter((denial) => denial.zid === zid && model.zeqond - denial.zeqond < 60);
    const found = (denials.get(zid) ?? []).filter((zeqond) => model.zeqond - zeqond < 60);
    expect(found.sort()).toEqual(counting.map(({ zeqond }) => zeqond));
  }
}

/** The rows, the chain, and the digests that tie the vault to the log. */
async function compareLog(store: Store, model: Model): Promise<void> {
  const snapshot = await store.openSnapshot();
  const rows = await collect(snapshot.rows());
  const secrets = await secretRows(snapshot);
  await snapshot.close();
  expect(rows.map(modelRowOf)).toEqual(model.rows);
  expect(firstWrongRow(rows)).toBeUndefined();
  expect(snapshot.head).toEqual({ seq: rows.length, rowHash: rows.at(-1)?.rowHash ?? "0".repeat(64) });
  for (const secret of secrets) {
    const last = rows.findLast((row) => row.originId === originIdOf(secret.name) && "sealed_digest" in payloadOf(row));
    expect(payloadOf(last)["sealed_digest"]).toBe(secretRowDigest(secret));
  }
  for (const name of names) {
    const about = rows.filter((row) => row.originId === originIdOf(name) && row.transitionType.startsWith("secret_"));
    expect(await auditRows(store, originIdOf(name), 7, emptyHead)).toEqual(about.reverse().slice(0, 7));
  }
}

function modelRowOf(row: AuditRow) {
  const { sealed_digest: _digest, ...payload } = payloadOf(row);
  const { transitionType: type, actorZid: actor, proofPurpose: purpose, zeqondNumber: zeqond, createdAt } = row;
  return { type, name: row.originId.slice("zsc:".length), actor, purpose, payload, zeqond, createdAt };
}

function payloadOf(row: AuditRow | undefined): Record<string, unknown> {
  return JSON.parse(row?.payloadJson ?? "{}");
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return Buffer.compare(Buffer.from(a.name), Buffer.from(b.name));
}

function textIn(value: unknown): unknown {
  const isRead = typeof value === "object" && value !== null && "value" in value && value.value instanceof Plaintext;
  return isRead ? { ...value, value: (value.value as Plaintext).text() } : value;
}

/** The model counts creations where the vault makes up UUIDs: one UUID must always be one and the same creation. */
class Ids {
  readonly #generations = new Map<string, unknown>();

  generationOf(id: string, expected: unknown): unknown {
    const taken = [...this.#generations.values()].includes(expected);
    if (!this.#generations.has(id) && !taken) {
      this.#generations.set(id, expected);
    }
    return this.#generations.get(id);
  }

  /** The answer with the creation in place of the UUID. */
  replaceIn(answer: Answer, expected: Answer | undefined): Answer {
    const [id, generation] = [answer, expected].map(idIn);
    if (typeof id !== "string" || !("value" in answer)) {
      return answer;
    }
    return { value: { ...(answer.value as object), id: this.generationOf(id, generation) } };
  }
}

function idIn(answer: Answer | undefined): unknown {
  if (answer === undefined || !("value" in answer)) {
    return undefined;
  }
  const { value } = answer;
  return typeof value === "object" && value !== null && "id" in value ? value.id : undefined;
}
