import type { BatchReadItem } from "#gen/zsc/v1/zeq_context_pb.js";
import { CliFailure, kindOfCode } from "../failure.ts";
import { joinNames } from "../name-list.ts";
import { shellArgument, shellWord } from "../output/shell-word.ts";
import { batchRead } from "../vault/batch-read.ts";
import { nextOfKind, refusalOf } from "../vault/call-failure.ts";
import type { Connection } from "../vault/connect.ts";
import type { WantedSecret } from "./wanted.ts";

const batch = 100;
const maxNames = 1_000;

interface ReadingOptions {
  readonly purpose: string;
  /** The ZID on whose behalf a token of the system reads. */
  readonly onBehalfOf?: string | undefined;
  /** The caller's own variables, which stand in for secrets that do not exist. */
  readonly own: Readonly<Record<string, string | undefined>>;
  /** Names that may be missing. */
  readonly optional: ReadonlySet<string>;
  /** Who reads, where it is known. */
  readonly zid: string | undefined;
}

/**
 * Reads all secrets, or fails with all that stands in the way. What does not exist falls through to the caller's own
 * environment; a refusal never does.
 */
export async function readAll(
  connection: Connection,
  wanted: readonly WantedSecret[],
  { purpose, onBehalfOf, own, optional, zid }: ReadingOptions,
): Promise<ReadonlyMap<string, string>> {
  const given = new Map<string, string>();
  const missing: string[] = [];
  const refused: Refused[] = [];
  for (let at = 0; at < wanted.length; at += batch) {
    const some = wanted.slice(at, at + batch);
    const items = await batchRead(connection, { names: some.map(({ name }) => name), purpose, onBehalfOf });
    for (const [index, item] of items.entries()) {
      const { variable = "", name = "" } = some[index] ?? {};
      const value = readOf(item);
      if (typeof value === "string") {
        given.set(variable, value);
      } else if (value.reason !== "NOT_FOUND") {
        refused.push({ name, ...value });
      } else if (Object.hasOwn(own, variable) && own[variable] !== undefined) {
        given.set(variable, own[variable]);
      } else if (!optional.has(name)) {
        missing.push(name);
      }
    }
  }
  refuseUnless(refused, missing, zid);
  return given;
}

interface Refused {
  readonly name: string;
  readonly reason: string;
  readonly message: string;
}

function refuseUnless(refused: readonly Refused[], missing: readonly string[], zid: string | undefined): void {
  const quoted = (names: readonly string[]) => names.map((name) => JSON.stringify(name)).join(", ");
  const sentences = refused.map(({ name, reason, message }) => `${reason} ${quoted([name])} (${message})`);
  if (missing.length > 0) {
    sentences.push(`NOT_FOUND ${quoted(missing)}`);
  }
  if (sentences.length === 0) {
    return;
  }
  const denied = refused.filter(({ reason }) => reason === "DENIED").map(({ name }) => name);
  const grant = denied.map((name) => `zsc context grant ${shellArgument(name)} ${zid ?? "ZID"}`).join("; ");
  const [first] = refused;
  const kind = denied.length > 0 ? "forbidden" : first === undefined ? "not_found" : kindOfCode(first.reason);
  const next = grant || (kind === "not_found" ? `--optional ${shellWord(joinNames(missing))}` : nextOfKind[kind]);
  const message = `the command was not started: ${sentences.join("; ")}`;
  throw new CliFailure(kind, message, { next });
}

function readOf({ result }: BatchReadItem): string | { readonly reason: string; readonly message: string } {
  return result.case === "secret" ? result.value.value : refusalOf(result.value);
}

/** The names below a prefix that the caller may read. */
export async function namesBelow(connection: Connection, prefix: string): Promise<readonly string[]> {
  const names: string[] = [];
  for (let pageToken: string | undefined; ; ) {
    const request = { prefix, ...(pageToken === undefined ? {} : { pageToken }) };
    const { answer } = await connection.call("ListNames", ({ context }, options) =>
      context.listNames(request, options),
    );
    names.push(...answer.names);
    pageToken = answer.nextPageToken;
    if (names.length > maxNames) {
      throw new CliFailure("usage", `more than ${maxNames} names begin with ${JSON.stringify(prefix)}`, {
        next: "a longer --prefix",
      });
    }
    if (pageToken === undefined) {
      return names;
    }
  }
}
