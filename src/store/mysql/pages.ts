import type { RowDataPacket } from "mysql2/promise";
import { metadataOf, type SecretMetadata } from "../../domain/secret.ts";
import { countOfPage } from "../pages.ts";
import { secretFromRow, selectMetadata } from "./load.ts";

export type Read = (sql: string, values: readonly unknown[]) => Promise<readonly RowDataPacket[]>;

/**
 * Metadata of the secrets after `afterName`: at most `limit`, and no more than a page. How large they are is asked first:
 * a thousand large ones would be on their way before anybody could count.
 */
export async function listPage(
  read: Read,
  afterName: string | null,
  limit: number,
): Promise<readonly SecretMetadata[]> {
  const after = afterName ?? "";
  const some = "FROM secret s WHERE s.name > ? ORDER BY s.name LIMIT ?";
  const sizes = await read(`SELECT LENGTH(s.permissions) AS size ${some}`, [after, limit]);
  const count = countOfPage(sizes.map(({ size }) => Number(size ?? 0)));
  if (count === 0) {
    return [];
  }
  const rows = await read(`${selectMetadata} WHERE s.name > ? ORDER BY s.name LIMIT ?`, [after, count]);
  return rows.map(secretFromRow).map(metadataOf);
}
