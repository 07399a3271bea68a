export { openChangeIndex } from "./change-index.ts";
export { openReadOnly } from "./database.ts";
export { inspectSqlite } from "./inspect.ts";
export { sqliteHoldsVault } from "./presence.ts";
export { openSqliteSnapshot } from "./snapshot.ts";
export { openSqliteStore } from "./store.ts";
