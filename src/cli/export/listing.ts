import type { SecretMetadata } from "#gen/zsc/v1/zsc_admin_pb.js";
import { CliFailure } from "../failure.ts";
import { shellArgument } from "../output/shell-word.ts";
import { nonsense } from "../vault/call-failure.ts";
import type { Connection } from "../vault/connect.ts";

/** Which secrets are to be exported: all, those below a prefix, or those that are named. */
export interface ExportChoice {
  readonly prefix?: string;
  readonly only?: readonly string[];
}

/** Secrets without their values, as many as one BatchRead takes. */
type ExportPage = readonly SecretMetadata[];

/** BatchRead takes as many names. */
const pageSize = 100;
const namesShown = 10;

/** What an admin sees of the secrets, page by page. @throws CliFailure that lists the names that do not exist */
export async function* pagesOf(connection: Connection, choice: ExportChoice): AsyncGenerator<ExportPage, void> {
  if (choice.only !== undefined) {
    yield* namedPages(connection, choice.only);
    return;
  }
  const { prefix = "" } = choice;
  let last: Buffer | undefined;
  for (let pageToken: string | undefined; ; ) {
    const request = { prefix, pageSize, ...(pageToken === undefined ? {} : { pageToken }) };
    const { answer } = await connection.call("List", ({ admin }, options) => admin.list(request, options));
    last = requirePage(answer, prefix, last);
    yield answer.secrets;
    pageToken = answer.nextPageToken;
    if (pageToken === undefined) {
      return;
    }
  }
}

/**
 * Pages come in the order of their names' bytes, so that none comes twice, and they end. Answers the last name.
 *
 * @throws CliFailure when it is no such page
 */
function requirePage(
  { secrets, nextPageToken }: { readonly secrets: ExportPage; readonly nextPageToken?: string | undefined },
  prefix: string,
  before: Buffer | undefined,
): Buffer | undefined {
  let last = before;
  for (const { name } of secrets) {
    const bytes = Buffer.from(name, "utf8");
    if (!name.startsWith(prefix) || (last !== undefined && Buffer.compare(last, bytes) >= 0)) {
      throw nonsense("a page of its list is out of order");
    }
    last = bytes;
  }
  if (secrets.length > pageSize || (secrets.length === 0 && nextPageToken !== undefined)) {
    throw nonsense("a page of its list has no end");
  }
  return last;
}

async function* namedPages(connection: Connection, names: readonly string[]): AsyncGenerator<ExportPage, void> {
  const found: SecretMetadata[] = [];
  const missing: string[] = [];
  for (const name of new Set(names)) {
    try {
      const { answer } = await connection.call("Info", ({ admin }, options) => admin.info({ name }, options));
      if (answer.secret?.name !== name) {
        throw nonsense("it was asked for another secret");
      }
      found.push(answer.secret);
    } catch (error) {
      if (!(error instanceof CliFailure && error.kind === "not_found")) {
        throw error;
      }
      missing.push(name);
    }
  }
  if (missing.length > 0) {
    const message = `nothing was exported: no secret ${missing.map((name) => JSON.stringify(name)).join(", ")}`;
    throw new CliFailure("not_found", message, { code: "NOT_FOUND", next: "zsc context list" });
  }
  for (let at = 0; at < found.length; at += pageSize) {
    yield found.slice(at, at + pageSize);
  }
}

/** Whether a ZID owns a secret or is permitted to read it; one that is not known may read all, and the vault decides. */
export function mayRead(zid: string | undefined, { boundZid, permissions }: SecretMetadata): boolean {
  return zid === undefined || boundZid === zid || permissions.includes(zid);
}

/**
 * Looks before any value is asked for, so that no denial is counted.
 *
 * @throws CliFailure when the reader may not read all of them
 */
export async function requireReadable(
  connection: Connection,
  choice: ExportChoice,
  zid: string | undefined,
): Promise<void> {
  if (zid === undefined || (choice.only === undefined && (await areAllReadable(connection, choice, zid)))) {
    return;
  }
  const refused: string[] = [];
  for await (const secrets of pagesOf(connection, choice)) {
    refused.push(...secrets.filter((secret) => !mayRead(zid, secret)).map(({ name }) => name));
  }
  if (refused.length > 0) {
    throw unreadable(refused, zid);
  }
}

/** The newest row of the log: that of the call that asks. */
export async function headOf(
  connection: Connection,
): Promise<{ readonly seq: number; readonly rowHash: string } | null> {
  const { receipt } = await connection.call("List", ({ admin }, options) => admin.list({ pageSize: 1 }, options));
  const [seq, rowHash] = receipt?.split(".") ?? [];
  return seq === undefined || rowHash === undefined ? null : { seq: Number(seq), rowHash };
}

/** Two counts are a hundred times fewer rows than a walk through the whole list. */
async function areAllReadable(connection: Connection, { prefix = "" }: ExportChoice, zid: string): Promise<boolean> {
  const totalOf = async (filter: { readonly readerZid?: string }) => {
    const request = { prefix, pageSize: 1, ...filter };
    const { answer } = await connection.call("List", ({ admin }, options) => admin.list(request, options));
    return answer.total;
  };
  return (await totalOf({})) === (await totalOf({ readerZid: zid }));
}

/** That some secrets are refused to the reader, and what to do. */
export function unreadable(names: readonly string[], zid = "the reader"): CliFailure {
  const some = names.slice(0, namesShown).map((name) => JSON.stringify(name));
  const more = names.length > namesShown ? ` and ${names.length - namesShown} more` : "";
  const [first = ""] = names;
  const next = `zsc context grant ${shellArgument(first)} ${zid === "the reader" ? "ZID" : zid}, or --partial`;
  const message = `nothing was exported: ${zid} may not read ${some.join(", ")}${more}`;
  return new CliFailure("forbidden", message, { code: "DENIED", next });
}
