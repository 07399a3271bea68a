import { VaultError } from "../base/index.ts";
import {
  type AuditRow,
  boundsOf,
  type Head,
  type Reader,
  type RowSelection,
  rowsOf,
  type TimeWindow,
} from "../ledger/index.ts";
import { type Audience, type AuditEvent, actorsOf, type EventFilter, eventOf, isFor, isWanted } from "./audit-event.ts";

/** Rows that one search looks at. */
const maxRows = 500_000;
const maxSearches = 4;

/** Looks into the log, beside the chain. */
interface AuditSearch {
  /**
   * Events of rows up to `atLeast`, newest first: at most `limit`, after the first `offset` of them.
   *
   * @throws VaultError `INVALID_ARGUMENT` when it would have to look at more rows than one search may, `OVERLOADED` when too
   * many are under way; else as `Reader.page`
   */
  find(filter: EventFilter, audience: Audience, page: EventPage, atLeast: Head): Promise<readonly AuditEvent[]>;
  /** The newest rows of a time before `atLeast`, at most `limit`. Throws as `find`. */
  window(time: TimeWindow, limit: number, atLeast: Head): Promise<LogWindow>;
}

interface EventPage {
  readonly limit: number;
  readonly offset: number;
}

/** A part of the log. */
interface LogWindow {
  /** In the order of `seq`. */
  readonly rows: readonly AuditRow[];
  /** The row before them; undefined when there is none. */
  readonly before: AuditRow | undefined;
}

export function createAuditSearch(reader: Reader): AuditSearch {
  let searches = 0;

  async function counted<T>(search: () => Promise<T>): Promise<T> {
    if (searches >= maxSearches) {
      throw new VaultError("OVERLOADED", "too many searches of the audit log are under way", { retryAfterMs: 1_000 });
    }
    searches += 1;
    try {
      return await search();
    } finally {
      searches -= 1;
    }
  }

  async function find(filter: EventFilter, audience: Audience, { limit, offset }: EventPage, atLeast: Head) {
    const { start, end } = await boundsOf(reader, filter, atLeast);
    const from = Math.max(start, end - maxRows);
    const events: AuditEvent[] = [];
    let skipped = 0;
    for await (const found of rowsOf(reader, selectionOf(filter, audience), [from, end], atLeast)) {
      const event = eventOf(found);
      if (isFor(audience, found.row, event) && isWanted(filter, event)) {
        skipped += 1;
        if (skipped > offset && events.push(event) === limit) {
          return events;
        }
      }
    }
    if (from > start) {
      const sentence = `the newest ${maxRows} events of that time do not fill the page: narrow it with from and to`;
      throw new VaultError("INVALID_ARGUMENT", sentence);
    }
    return events;
  }

  async function window(time: TimeWindow, limit: number, atLeast: Head): Promise<LogWindow> {
    const { fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY } = time;
    const { end } = await boundsOf(reader, time, atLeast);
    const rows: AuditRow[] = [];
    for await (const { row } of rowsOf(reader, {}, [1, Math.min(end, atLeast.seq)], atLeast)) {
      const createdMs = Date.parse(row.createdAt);
      if (rows.length === limit || createdMs < fromMs) {
        return { rows: rows.reverse(), before: row };
      }
      if (rows.length > 0 || !(createdMs > toMs)) {
        rows.push(row);
      }
    }
    return { rows: rows.reverse(), before: undefined };
  }

  return {
    find: (...options) => counted(() => find(...options)),
    window: (...options) => counted(() => window(...options)),
  };
}

/** What the database can tell by itself. */
function selectionOf({ action, actorId, resourceId }: EventFilter, audience: Audience): Partial<RowSelection> {
  const own = audience.kind === "own" && audience.vaultIds.size === 0 ? [audience.sub] : undefined;
  const actors = actorId === undefined ? own : actorsOf(actorId);
  return {
    ...(action === undefined ? {} : { types: [action] }),
    ...(actors === undefined ? {} : { actors }),
    ...(resourceId === undefined ? {} : { mentions: resourceId }),
  };
}
