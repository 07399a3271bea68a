import { metadataOf } from "../../domain/secret.ts";
import type { Listing } from "../../ledger/store.ts";
import { pageOf } from "../pages.ts";
import { failureOf, openReadOnly } from "./database.ts";
import { type SecretRecord, secretFromRecord, selectMetadata } from "./statements.ts";

/** A read transaction on a connection of its own: it sees the file as it is now, and so what was committed before. */
export function openSqliteListing(path: string, afterName: string | null): Listing {
  const database = openReadOnly(path);
  try {
    database.exec("BEGIN");
    const count = database.prepare<[string], number>("SELECT COUNT(*) FROM secret WHERE name > ?").pluck();
    const list = database.prepare<[string, number], SecretRecord>(
      `${selectMetadata} WHERE s.name > ? ORDER BY s.name LIMIT ?`,
    );
    return {
      count: count.get(afterName ?? "") ?? 0,
      async next(name, limit) {
        try {
          return pageOf(list.iterate(name ?? "", limit), metadataBytes)
            .map(secretFromRecord)
            .map(metadataOf);
        } catch (error) {
          throw failureOf(error);
        }
      },
      close: async () => void database.close(),
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

export function metadataBytes({ permissions }: SecretRecord): number {
  return permissions.length;
}
