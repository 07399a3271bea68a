import type { Answer } from "./http.ts";
import type { Vault } from "./vault.ts";

/** META of the contract's section 2. */
export interface Metadata {
  readonly id: string;
  readonly name: string;
  readonly purpose_tag: string | null;
  readonly bound_zid: string;
  readonly expires_zeqond: number | null;
  readonly last_read_zeqond: number | null;
  readonly read_count: number;
  readonly permissions: readonly string[];
  readonly created_at: string;
  readonly updated_at: string;
}

/** ROW of the contract's section 2. */
export interface Row {
  readonly id: string;
  readonly zeqondNumber: string;
  readonly transitionId: string;
  readonly transitionType: string;
  readonly proofDigest: string;
  readonly createdAt: string;
}

export const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
export const hex64 = /^[0-9a-f]{64}$/;
export const isoTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;
export const receiptText = /^[1-9]\d*\.[0-9a-f]{64}$/;

let names = 0;

/** A name that no other test of this file uses. */
export function freshName(prefix = "secret"): string {
  names += 1;
  return `${prefix}-${names}`;
}

/** Sets a secret as the admin; what is not named takes its default. */
export async function setSecret(vault: Vault, fields: Readonly<Record<string, unknown>>): Promise<Answer> {
  const answer = await vault.send("POST", "/api/zsc/set", { body: { value: "a value", ...fields } });
  if (answer.status !== 200) {
    throw new Error(`set was refused: ${answer.text}`);
  }
  return answer;
}

/** Sets a secret with a fresh name and answers the name. */
export async function newSecret(vault: Vault, fields: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const name = freshName();
  await setSecret(vault, { name, ...fields });
  return name;
}

export async function metadataOf(vault: Vault, name: string): Promise<Metadata> {
  const answer = await vault.send("GET", `/api/zsc/info/${encodeURIComponent(name)}`);
  if (answer.status !== 200) {
    throw new Error(`info was refused: ${answer.text}`);
  }
  return (answer.json as { readonly secret: Metadata }).secret;
}

export async function rowsOf(vault: Vault, name: string, query = ""): Promise<readonly Row[]> {
  const answer = await vault.send("GET", `/api/zsc/audit/${encodeURIComponent(name)}${query}`);
  if (answer.status !== 200) {
    throw new Error(`audit was refused: ${answer.text}`);
  }
  return (answer.json as { readonly rows: readonly Row[] }).rows;
}

export async function probe(vault: Vault, name: string, asZid: string, purpose?: string): Promise<unknown> {
  const answer = await vault.send("POST", "/api/zsc/probe-permission", { body: { name, asZid, purpose } });
  if (answer.status !== 200) {
    throw new Error(`probe was refused: ${answer.text}`);
  }
  return answer.json;
}

/** The Zeqond of now. */
export function nowZeqond(): number {
  return Math.floor(Date.now() / 777);
}

/** The payloads of a name's rows, oldest first, as the log holds them. */
export async function payloadsOf(vault: Vault, name: string): Promise<readonly Record<string, unknown>[]> {
  const sql = `SELECT payload_json FROM audit_log WHERE origin_id = 'zsc:${name}' ORDER BY seq`;
  return (await vault.sql(sql)).map(([payload]) => JSON.parse(payload ?? "") as Record<string, unknown>);
}

/** Does something while a secret's row in the database is altered by hand, and puts the row back as it was. */
export async function whileAltered(
  vault: Vault,
  name: string,
  change: string,
  work: () => Promise<unknown>,
): Promise<void> {
  await vault.sql(`CREATE TABLE kept_secret AS SELECT * FROM secret WHERE name = '${name}'`);
  await vault.sql(`UPDATE secret SET ${change} WHERE name = '${name}'`);
  try {
    await work();
  } finally {
    await vault.sql(`DELETE FROM secret WHERE name = '${name}'`);
    await vault.sql("INSERT INTO secret SELECT * FROM kept_secret");
    await vault.sql("DROP TABLE kept_secret");
  }
}
