import { metadataOf, type SecretMetadata } from "../../domain/secret.ts";
import { countOfPage } from "../pages.ts";
import type { Connection } from "./connection.ts";
import { rowsAt, secretFromRow, selectMetadata } from "./load.ts";

/**
 * Metadata of the secrets after `afterName`: at most `limit`, and no more than a page. How large they are is asked first:
 * a thousand large ones would be on their way before anybody could count.
 */
export async function listPage(
  connection: Connection,
  afterName: string | null,
  limit: number,
): Promise<readonly SecretMetadata[]> {
  const after = Buffer.from(afterName ?? "", "utf8");
  const some = "FROM secret s WHERE s.name > ? ORDER BY s.name LIMIT ?";
  const count = countOfPage(await connection.rows(`SELECT LENGTH(s.permissions) ${some}`, [after, limit]));
  if (count === 0) {
    return [];
  }
  const sql = `${selectMetadata} WHERE s.name > ? ORDER BY s.name LIMIT ?`;
  return rowsAt(await connection.run(sql, [after, count]), 0)
    .map(secretFromRow)
    .map(metadataOf);
}
