import { clocks } from "./readiness/clock.ts";
import { onMariaDb } from "./readiness/mariadb.ts";
import { onSqlite } from "./readiness/sqlite.ts";
import { closeVaults } from "./support/vault.ts";

// Processes begin and end here, on a machine that may have other things to do.
jest.setTimeout(90_000);

/** A server is ready when calls get through, and at no other time. */
describe("readiness", () => {
  afterAll(closeVaults, 60_000);

  describe("of a server on MariaDB", onMariaDb);
  describe("of a server on SQLite", onSqlite);
  describe("and the clock:", clocks);
});
