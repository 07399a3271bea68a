import { openMysqlStore } from "../../src/store/mysql/store.ts";
import { tables } from "../../src/tables.ts";
import { cleanUpDatabases, freshMysqlUrl } from "../support/databases.ts";
import { rowsAfter, write } from "../support/ledger.ts";
import { mysqlOptionsOf } from "../support/places.ts";

afterAll(cleanUpDatabases);

test("a snapshot that is closed in the middle of its rows keeps no process alive", async () => {
  const store = await openMysqlStore(mysqlOptionsOf(await freshMysqlUrl()), tables);
  await write(store, (head) => ({ rows: rowsAfter(head, Array(2_500).fill({})) }));
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  const before = timers();
  const snapshot = await store.openSnapshot();
  for await (const page of snapshot.rows()) {
    expect(page.length).toBeGreaterThan(0);
    // The next page has been asked for.
    break;
  }
  await snapshot.close();
  expect(timers()).toBeLessThanOrEqual(before);
  await store.close();
});
