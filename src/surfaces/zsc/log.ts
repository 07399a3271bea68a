import { create } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import { type LogRequest, type LogResponse, LogResponseSchema } from "#gen/zsc/v1/zsc_admin_pb.js";
import { parseTimestamp, VaultError } from "../../base/index.ts";
import {
  type AuditRow,
  boundsOf,
  type Head,
  originIdOf,
  type Reader,
  type RowSelection,
  rowsOf,
  type TimeWindow,
} from "../../ledger/index.ts";
import { recordLog } from "../../secrets/index.ts";
import { principalOf, recordAndSign } from "../kernel/index.ts";
import { logRowMessage } from "./messages.ts";
import type { ZscPorts } from "./ports.ts";

const defaultRows = 100;
/** Rows that one page looks at. */
const maxLookedAt = 200_000;
/** Rows of one name that are looked at together. */
const rowsAtOnce = 500;
/** A response stays below 4 MiB in every encoding, the default limit of gRPC clients. */
const maxLogBytes = 4_190_208;
const maxLogSearches = 4;

/** `Log`: writes its own row first, then reads beside the chain. */
export function logHandler(ports: ZscPorts) {
  const { reader } = ports;
  let searches = 0;
  return async (request: LogRequest, context: HandlerContext): Promise<LogResponse> => {
    const search = searchOf(request);
    const receipt = await recordAndSign(ports, recordLog(principalOf(context.values), askedOf(request)), context);
    if (searches >= maxLogSearches) {
      throw new VaultError("OVERLOADED", "too many searches of the log are under way", { retryAfterMs: 1_000 });
    }
    searches += 1;
    try {
      const { rows, next } = await pageOf(reader, search, receipt);
      return create(LogResponseSchema, {
        count: rows.length,
        rows: rows.map(logRowMessage),
        ...(next === undefined ? {} : { nextBeforeSeq: BigInt(next) }),
      });
    } finally {
      searches -= 1;
    }
  };
}

interface LogSearch extends TimeWindow {
  readonly name: string | undefined;
  readonly actor: string | undefined;
  readonly types: readonly string[];
  readonly beforeSeq: number | undefined;
  readonly limit: number;
}

function searchOf({ name, actor, type, from, to, beforeSeq, limit = defaultRows }: LogRequest): LogSearch {
  return {
    ...{ name, actor, types: type, limit },
    beforeSeq: beforeSeq === undefined ? undefined : Number(beforeSeq),
    fromMs: from ? parseTimestamp(from) : undefined,
    toMs: to ? parseTimestamp(to) : undefined,
  };
}

/** What is given, as the log keeps it. */
function askedOf({ name, actor, type, from, to, beforeSeq, limit }: LogRequest): Readonly<Record<string, unknown>> {
  const before = beforeSeq === undefined ? undefined : Number(beforeSeq);
  return { name, actor, type: type.length === 0 ? undefined : type, from, to, before_seq: before, limit };
}

interface LogPage {
  readonly rows: readonly AuditRow[];
  /** Where the next page begins; undefined at the end. */
  readonly next: number | undefined;
}

async function pageOf(reader: Reader, search: LogSearch, atLeast: Head): Promise<LogPage> {
  const { start, end } = await boundsOf(reader, search, atLeast);
  const before = Math.min(end, search.beforeSeq ?? end);
  const found =
    search.name === undefined
      ? allRows(reader, search, [start, before], atLeast)
      : rowsOfName(reader, search.name, [start, before], atLeast);
  const rows: AuditRow[] = [];
  let bytes = 0;
  for await (const step of found) {
    if (step.row !== undefined && isWanted(search, step.row)) {
      bytes += bytesInAnswer(step.row);
      if (rows.length === search.limit || (rows.length > 0 && bytes > maxLogBytes)) {
        return { rows, next: step.row.seq + 1 };
      }
      rows.push(step.row);
    }
    if (step.next !== undefined) {
      return { rows, next: step.next };
    }
  }
  return { rows, next: undefined };
}

/** A row that was found, or where to carry on when enough were looked at. */
interface Step {
  readonly row?: AuditRow;
  readonly next?: number;
}

async function* allRows(
  reader: Reader,
  { actor, types }: LogSearch,
  [start, before]: readonly [number, number],
  atLeast: Head,
): AsyncIterable<Step> {
  const select: Partial<RowSelection> = {
    ...(actor === undefined ? {} : { actors: [actor] }),
    ...(types.length === 0 ? {} : { types }),
  };
  const from = Math.max(start, before - maxLookedAt);
  for await (const { row } of rowsOf(reader, select, [from, before], atLeast)) {
    yield { row };
  }
  if (from > start) {
    yield { next: from };
  }
}

/** The rows of a name are found one by the other, however many of others stand between. */
async function* rowsOfName(
  reader: Reader,
  name: string,
  [start, before]: readonly [number, number],
  atLeast: Head,
): AsyncIterable<Step> {
  const origin = { originId: originIdOf(name), typePrefix: "" };
  let beforeSeq = before;
  for (let looked = 0; looked < maxLookedAt; ) {
    const listed = await reader.auditRows({ ...origin, beforeSeq }, rowsAtOnce, atLeast);
    const seqs = listed.map(({ seq }) => seq).filter((seq) => seq >= start);
    const [newest] = seqs;
    const oldest = seqs.at(-1);
    if (newest === undefined || oldest === undefined) {
      return;
    }
    for await (const row of wholeRows(reader, seqs, atLeast)) {
      yield { row };
    }
    looked += seqs.length;
    beforeSeq = oldest;
  }
  yield { next: beforeSeq };
}

async function* wholeRows(reader: Reader, seqs: readonly number[], atLeast: Head): AsyncIterable<AuditRow> {
  for (let rest = seqs; rest.length > 0; ) {
    const [newest = 0] = rest;
    const bounds = { fromSeq: rest.at(-1) ?? newest, beforeSeq: newest + 1 };
    const page = await reader.rowsBefore({ ...bounds, seqs: rest }, rest.length, atLeast);
    const last = page.at(-1)?.row.seq;
    if (last === undefined) {
      return;
    }
    yield* page.map(({ row }) => row);
    rest = rest.filter((seq) => seq < last);
  }
}

function isWanted({ actor, types, fromMs, toMs }: LogSearch, row: AuditRow): boolean {
  const createdMs = Date.parse(row.createdAt);
  return (
    (actor === undefined || row.actorZid === actor) &&
    (types.length === 0 || types.includes(row.transitionType)) &&
    // A time that was altered is shown, rather than hidden.
    !(fromMs !== undefined && createdMs < fromMs) &&
    !(toMs !== undefined && createdMs > toMs)
  );
}

/** An upper bound for every encoding: JSON repeats the field names, and escapes the payload. */
function bytesInAnswer(row: AuditRow): number {
  return Buffer.byteLength(JSON.stringify(row)) + 512;
}
