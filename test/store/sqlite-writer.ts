// A server of its own on one SQLite file: node test/store/sqlite-writer.ts FILE BATCHES
// It says that it is ready, begins when it is told something, and says which key check is the one.
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { StoreFailure } from "../../src/ledger/store.ts";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import { tables } from "../../src/tables.ts";
import { rowsAfter, write } from "../support/ledger.ts";

const [, , path = "", batches = "0"] = process.argv;
console.log("ready");
await once(process.stdin, "data");
process.stdin.destroy();
const store = openSqliteStore(path, tables);
const keyCheck = await store.initKeyCheck(Buffer.from(String(process.pid)));
console.log(Buffer.from(keyCheck).toString());
for (let written = 0; written < Number(batches); ) {
  try {
    await write(store, (head) => ({ rows: rowsAfter(head, [{}, {}]) }));
    written += 1;
  } catch (error) {
    if (!(error instanceof StoreFailure && error.kind === "conflict")) {
      throw error;
    }
    await sleep(Math.random() * 5);
  }
}
await store.close();
