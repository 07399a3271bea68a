import { cleanUpDatabases } from "../support/databases.ts";
import type { NewPlace } from "../support/places.ts";
import { describeKnown } from "./contract-known.ts";
import { describeMetadata } from "./contract-metadata.ts";
import { describeSecrets } from "./contract-secrets.ts";
import { describeSelections } from "./contract-selections.ts";
import { describeServers } from "./contract-servers.ts";
import { describeSnapshots } from "./contract-snapshots.ts";
import { describeTables } from "./contract-tables.ts";
import { describeTexts } from "./contract-texts.ts";
import { describeTransact } from "./contract-transact.ts";

/** What every store keeps, whatever the database. */
export function storeContract(newPlace: NewPlace): void {
  afterAll(cleanUpDatabases);
  describe("a transaction", () => describeTransact(newPlace));
  describe("secrets, counters and denials", () => describeSecrets(newPlace));
  describe("texts, bytes and numbers", () => describeTexts(newPlace));
  describe("metadata", () => describeMetadata(newPlace));
  describe("a selection", () => describeSelections(newPlace));
  describe("a snapshot", () => describeSnapshots(newPlace));
  describe("any declared table", () => describeTables(newPlace));
  describe("what is known", () => describeKnown(newPlace));
  describe("several servers", () => describeServers(newPlace));
}
