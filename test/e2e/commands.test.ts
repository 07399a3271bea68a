import { commands } from "./process/commands.ts";
import { development } from "./process/development.ts";
import { closeVaults } from "./support/vault.ts";

/** The command `zsc` as an operator, and a newcomer, meets it. */
describe("the command line", () => {
  afterAll(closeVaults, 60_000);

  describe("commands", commands);
  describe("development", development);
});
