import { commands } from "./process/commands.ts";
import { development } from "./process/development.ts";
import { closeVaults } from "./support/vault.ts";

// Processes begin and end here, on a machine that may have other things to do.
jest.setTimeout(90_000);

/** The command `zsc` as an operator, and a newcomer, meets it. */
describe("the command line", () => {
  afterAll(closeVaults, 60_000);

  describe("commands", commands);
  describe("development", development);
});
