export { inspectMysql } from "./inspect.ts";
export { mysqlHoldsVault } from "./presence.ts";
export { openMysqlSnapshot } from "./snapshot.ts";
export { openMysqlStore } from "./store.ts";
