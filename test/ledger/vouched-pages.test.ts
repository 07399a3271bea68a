import { createReader } from "../../src/ledger/reader.ts";
import { vaultSecrets } from "../../src/vaults/tables.ts";
import { cleanUpDatabases } from "../support/databases.ts";
import { emptyHead } from "../support/ledger.ts";
import { mysqlPlace, sqlitePlace } from "../support/places.ts";

afterAll(cleanUpDatabases);

test.each([
  ["SQLite", sqlitePlace],
  ["MariaDB", mysqlPlace],
])("between two pages of whole records, others get their turn: on %s", async (_kind, newPlace) => {
  const place = await newPlace();
  const reader = createReader(await place.open());
  for (let page = 0; page < 3; page++) {
    let isTheirTurn = false;
    setImmediate(() => {
      isTheirTurn = true;
    });
    await reader.vouchedPage(vaultSecrets, { after: null }, 1, emptyHead);
    expect(isTheirTurn).toBe(true);
  }
  await place.close();
});
