import { type Log, zeqondMs } from "../base/index.ts";
import type { Key, Sequencer, Store, Table } from "../ledger/index.ts";
import { type Held, olderVersions, policies, purgeHeld, vaultSecrets, vaults } from "../vaults/index.ts";
import type { Job } from "./loop.ts";

/** How often the job looks. */
const intervalZeqonds = 100;
/** Secrets or versions of one step: each may have a value of 4 MiB. */
const maxStepRecords = 8;
const maxStepPolicies = 50;
const pageRecords = 500;
const vaultIdCharacters = 36;

interface PurgeOptions {
  readonly store: Pick<Store, "page">;
  readonly sequencer: Pick<Sequencer, "submit">;
  readonly log: Pick<Log, "info">;
}

const nothing: Held = { secrets: [], versions: [], policies: [] };

/**
 * Removes what deleted vaults held, in steps, and resolves to how many records went. What is found here decides nothing: each step
 * is an operation, so several servers may purge at once, and one that is killed goes on where it was.
 */
async function purgeDeleted(options: PurgeOptions, signal?: AbortSignal): Promise<number> {
  const living = await livingVaults(options, signal);
  const secrets = await purgePlaces(options, vaultSecrets, living, signal, (page) => ({
    ...nothing,
    secrets: page.map(({ place }) => place),
  }));
  const versions = await purgePlaces(options, olderVersions, living, signal, (page) => ({
    ...nothing,
    versions: page.map(({ place, number }) => [place, number] as const),
  }));
  return secrets + versions + (await purgePolicies(options, living, signal));
}

/** Vaults that are there: at most as many as there may be. A newer one is not among them, and is kept by the operation. */
async function livingVaults({ store }: PurgeOptions, signal: AbortSignal | undefined): Promise<ReadonlySet<string>> {
  const living = new Set<string>();
  for await (const page of pagesOf(store, vaults, pageRecords, signal)) {
    for (const { id } of page) {
      living.add(id);
    }
  }
  return living;
}

/** Visits each vault's first record, and the others of those that are gone. */
async function purgePlaces<R extends Placed>(
  options: PurgeOptions,
  table: Table<R>,
  living: ReadonlySet<string>,
  signal: AbortSignal | undefined,
  heldIn: (page: readonly R[]) => Held,
): Promise<number> {
  let removed = 0;
  let after: Key | null = null;
  while (!signal?.aborted) {
    const page: readonly R[] = await options.store.page(table, { after }, 1);
    const [first] = page;
    if (first === undefined) {
      break;
    }
    const vaultId = first.place.slice(0, vaultIdCharacters);
    removed += living.has(vaultId) ? 0 : await purgeVault(options, table, { vaultId, after }, signal, heldIn);
    after = endOf(vaultId, table, first);
  }
  return removed;
}

interface Placed {
  readonly place: string;
}

/** Removes the records of one vault, from the first one after a key. */
async function purgeVault<R extends Placed>(
  { store, sequencer }: PurgeOptions,
  table: Table<R>,
  from: { readonly vaultId: string; readonly after: Key | null },
  signal: AbortSignal | undefined,
  heldIn: (page: readonly R[]) => Held,
): Promise<number> {
  const { vaultId } = from;
  let removed = 0;
  for (let { after } = from; !signal?.aborted; ) {
    const page: readonly R[] = await store.page(table, { after }, maxStepRecords);
    const own = page.filter(({ place }) => place.startsWith(`${vaultId}/`));
    const last = own.at(-1);
    if (last === undefined) {
      break;
    }
    const { value } = await sequencer.submit(purgeHeld(vaultId, heldIn(own)), signal);
    if (value.kind === "kept") {
      break;
    }
    removed += value.records;
    after = keyIn(table, last);
  }
  return removed;
}

/** The end of all places of a vault, or the record itself where somebody put it beyond that by hand. "0" follows "/". */
function endOf<R extends Placed>(vaultId: string, table: Table<R>, first: R): Key {
  const end = `${vaultId}0`;
  if (Buffer.compare(Buffer.from(first.place), Buffer.from(end)) >= 0) {
    return keyIn(table, first);
  }
  return table.key.length === 1 ? [end] : [end, 0];
}

async function purgePolicies(
  { store, sequencer }: PurgeOptions,
  living: ReadonlySet<string>,
  signal: AbortSignal | undefined,
): Promise<number> {
  let removed = 0;
  for await (const page of pagesOf(store, policies, pageRecords, signal)) {
    const ownerless = Map.groupBy(
      page.filter(({ vaultId }) => !living.has(vaultId)),
      ({ vaultId }) => vaultId,
    );
    for (const [vaultId, held] of ownerless) {
      for (let at = 0; at < held.length && !signal?.aborted; at += maxStepPolicies) {
        const ids = held.slice(at, at + maxStepPolicies).map(({ id }) => id);
        const { value } = await sequencer.submit(purgeHeld(vaultId, { ...nothing, policies: ids }), signal);
        removed += value.kind === "purged" ? value.records : 0;
      }
    }
  }
  return removed;
}

async function* pagesOf<R extends object>(
  store: PurgeOptions["store"],
  table: Table<R>,
  limit: number,
  signal: AbortSignal | undefined,
): AsyncIterable<readonly R[]> {
  for (let after: Key | null = null; !signal?.aborted; ) {
    const page: readonly R[] = await store.page(table, { after }, limit);
    const last = page.at(-1);
    if (last === undefined) {
      return;
    }
    yield page;
    after = keyIn(table, last);
  }
}

function keyIn<R extends object>(table: Table<R>, record: R): Key {
  return table.key.map((field) => (record as Readonly<Record<string, string | number>>)[field] as string | number);
}

/** Purges once at start, and then every 100 Zeqonds. */
export function purgeJob(options: PurgeOptions): Job {
  return {
    name: "purge",
    intervalMs: intervalZeqonds * zeqondMs,
    async run(signal) {
      const count = await purgeDeleted(options, signal);
      if (count > 0) {
        options.log.info({ count }, "records of deleted vaults removed");
      }
    },
  };
}
