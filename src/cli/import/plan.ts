import type { Connection } from "../vault/connect.ts";
import type { ImportEntry } from "./entries.ts";

/** What is to be done with each entry. */
export interface Plan {
  readonly fresh: readonly ImportEntry[];
  /** With the version that was seen, which must still be there. */
  readonly existing: readonly (ImportEntry & { readonly version: bigint })[];
}

const pageSize = 1_000;
/** Fewer entries are looked at one by one. */
const oneByOne = 20;

/** Looks which names the vault has. */
export async function planImport(connection: Connection, entries: readonly ImportEntry[]): Promise<Plan> {
  const versions = await versionsOf(
    connection,
    entries.map(({ name }) => name),
  );
  const fresh: ImportEntry[] = [];
  const existing: (ImportEntry & { readonly version: bigint })[] = [];
  for (const entry of entries) {
    const version = versions.get(entry.name);
    if (version === undefined) {
      fresh.push(entry);
    } else {
      existing.push({ ...entry, version });
    }
  }
  return { fresh, existing };
}

async function versionsOf(connection: Connection, names: readonly string[]): Promise<ReadonlyMap<string, bigint>> {
  const versions = new Map<string, bigint>();
  const wanted = new Set(names);
  // What lies below the longest common beginning is listed: every call is a row of the log.
  const prefixes = names.length <= oneByOne ? names : [commonPrefix(names)];
  for (const prefix of prefixes) {
    for (let pageToken: string | undefined; ; ) {
      const request = { prefix, pageSize, ...(pageToken === undefined ? {} : { pageToken }) };
      const { answer } = await connection.call("List", ({ admin }, options) => admin.list(request, options));
      for (const { name, version } of answer.secrets) {
        if (wanted.has(name)) {
          versions.set(name, version);
        }
      }
      pageToken = answer.nextPageToken;
      if (pageToken === undefined) {
        break;
      }
    }
  }
  return versions;
}

function commonPrefix(names: readonly string[]): string {
  return names.reduce((prefix, name) => {
    let length = 0;
    while (length < prefix.length && prefix[length] === name[length]) {
      length++;
    }
    // Half of a surrogate pair is no text.
    return prefix.slice(0, length).replace(/[\ud800-\udbff]$/, "");
  });
}
