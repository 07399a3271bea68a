import { openMysqlStore } from "../../src/store/mysql/store.ts";
import { tables } from "../../src/tables.ts";
import { cleanUpDatabases, freshMysqlUrl } from "../support/databases.ts";
import { openFaultProxy } from "../support/fault-proxy.ts";
import { request, write } from "../support/ledger.ts";
import { queryText } from "../support/mysql-admin.ts";
import { mysqlOptionsOf } from "../support/places.ts";

afterAll(cleanUpDatabases);

describe("a row of the log that a batch only looks for", () => {
  test("is on the disk before the batch is answered: InnoDB shows rows earlier", async () => {
    const url = await freshMysqlUrl();
    const proxy = await openFaultProxy(url);
    const store = await openMysqlStore(mysqlOptionsOf(proxy.url(url)), tables);
    const { to } = await write(store, () => ({}));
    const commits = proxy.commits();
    await store.transact(request({ rowHashesAt: [to.seq] }), () => null);
    expect(proxy.commits()).toBe(commits + 1);
    expect(await queryText(url, "SELECT COUNT(*) FROM denial")).toEqual([["0"]]);
    await store.close();
    await proxy.close();
  });

  test("leaves nothing to be synced when it is not there", async () => {
    const url = await freshMysqlUrl();
    const proxy = await openFaultProxy(url);
    const store = await openMysqlStore(mysqlOptionsOf(proxy.url(url)), tables);
    const commits = proxy.commits();
    await store.transact(request({ rowHashesAt: [7] }), () => null);
    expect(proxy.commits()).toBe(commits);
    await store.close();
    await proxy.close();
  });
});
