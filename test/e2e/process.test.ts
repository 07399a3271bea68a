import { commands } from "./process/commands.ts";
import { development } from "./process/development.ts";
import { starting } from "./process/starting.ts";
import { stopping } from "./process/stopping.ts";
import { closeVaults } from "./support/vault.ts";

/** The command `zsc` as an operator meets it. */
describe("the process", () => {
  afterAll(closeVaults, 60_000);

  describe("starting", starting);
  describe("stopping", stopping);
  describe("commands", commands);
  describe("development", development);
});
