import { CliFailure, interrupted } from "../failure.ts";
import type { Connection } from "../vault/connect.ts";
import { patiently } from "../vault/patience.ts";
import type { ImportEntry } from "./entries.ts";
import type { Journal } from "./journal.ts";

const maxInFlight = 16;
/** A vault that is away for longer ends the import. */
const patienceMs = 60_000;

/** What of an entry the flags say, for all of them. */
export interface ImportSettings {
  readonly owner?: string | undefined;
  readonly grant?: readonly string[] | undefined;
  readonly tag?: string | undefined;
}

export interface Written {
  readonly written: number;
  readonly failed: readonly { readonly name: string; readonly error: string; readonly kind: CliFailure["kind"] }[];
  /** Why not all were tried; undefined when all were. */
  readonly stopped: CliFailure | undefined;
}

type Entry = ImportEntry & { readonly version?: bigint };

/** Writes entries, several at a time. What is in flight is always awaited; `journal` keeps what is written. */
export async function writeAll(
  connection: Connection,
  entries: readonly Entry[],
  settings: ImportSettings,
  { journal, signal, onProgress }: { journal: Journal; signal: AbortSignal; onProgress(done: number): void },
): Promise<Written> {
  const left = entries.filter(({ name }) => !journal.done.has(name)).values();
  const failed: { name: string; error: string; kind: CliFailure["kind"] }[] = [];
  let written = 0;
  let stopped: CliFailure | undefined;
  const work = async (): Promise<void> => {
    for (const entry of left) {
      if (stopped !== undefined || signal.aborted) {
        stopped ??= interrupted();
        return;
      }
      const sending: Sending = { isInDoubt: false };
      try {
        const request = requestOf(entry, settings);
        await write(connection, request, sending);
        journal.add(entry.name);
        written += 1;
        onProgress(written);
      } catch (error) {
        const failure =
          error instanceof CliFailure ? error : new CliFailure("bug", String(error), { next: "report it" });
        const isEnd = endsAll.has(failure.kind);
        if (sending.isInDoubt) {
          failed.push({ name: entry.name, error: "IN_DOUBT", kind: "conflict" });
        } else if (!isEnd) {
          failed.push({ name: entry.name, error: failure.code ?? failure.kind, kind: failure.kind });
        }
        if (isEnd) {
          stopped ??= failure;
          return;
        }
      }
    }
  };
  await Promise.all(Array.from({ length: maxInFlight }, work));
  return { written, failed, stopped };
}

/**
 * A change of a version that was seen happens once, however often it is sent. A create whose answer was lost is sent again only
 * when there is still nothing of its name: else it may be our own, or somebody else's.
 */
async function write(connection: Connection, request: ReturnType<typeof requestOf>, sending: Sending): Promise<void> {
  const set = async () => {
    try {
      await connection.call("Set", ({ admin }, options) => admin.set(request, options));
    } catch (error) {
      sending.isInDoubt ||= error instanceof CliFailure && error.mayHaveHappened === true;
      throw error;
    }
  };
  if ("ifVersion" in request) {
    await patiently(patienceMs, set);
    return;
  }
  const { name } = request;
  for (;;) {
    try {
      await set();
      return;
    } catch (error) {
      if (!isLost(error)) {
        throw error;
      }
    }
    const info = () => connection.call("Info", ({ admin }, options) => admin.info({ name }, options));
    const isThere = await patiently(patienceMs, info).then(
      () => true,
      (error: unknown) => {
        if (error instanceof CliFailure && error.kind === "not_found") {
          return false;
        }
        throw error;
      },
    );
    if (isThere) {
      throw new CliFailure("conflict", "it may have been written", { next: "zsc context info NAME" });
    }
  }
}

/** Whether an attempt may have been carried out though its answer was lost: a later one may be refused because of that. */
interface Sending {
  isInDoubt: boolean;
}

function isLost(error: unknown): boolean {
  return error instanceof CliFailure && error.kind === "no_answer";
}

/** After these no other entry would fare better. */
const endsAll: ReadonlySet<CliFailure["kind"]> = new Set([
  "unauthenticated",
  "forbidden",
  "no_answer",
  "interrupted",
  "bug",
]);

/** Of an entry that is there, what neither file nor flags say stays as it is. */
function requestOf(entry: Entry, { owner, grant, tag }: ImportSettings) {
  const { name, value, version, purposeTag = tag, boundZid = owner, permissions = grant, expiresZeqond } = entry;
  return {
    ...{ name, value },
    ...(version === undefined ? { createOnly: true } : { ifVersion: version }),
    ...(tag !== undefined || purposeTag !== undefined ? { purposeTag: tag ?? purposeTag ?? "" } : {}),
    ...(owner !== undefined || boundZid !== undefined ? { boundZid: owner ?? boundZid ?? "" } : {}),
    ...(grant !== undefined || permissions !== undefined
      ? { permissions: { zids: [...(grant ?? permissions ?? [])] } }
      : {}),
    ...(expiresZeqond === null ? { expiresNever: true } : {}),
    ...(typeof expiresZeqond === "number" ? { expiresZeqond: BigInt(expiresZeqond) } : {}),
  };
}
