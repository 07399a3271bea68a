import { starting } from "./process/starting.ts";
import { stopping } from "./process/stopping.ts";
import { closeVaults } from "./support/vault.ts";

/** `zsc serve` as an operator meets it. */
describe("the server's process", () => {
  afterAll(closeVaults, 60_000);

  describe("starting", starting);
  describe("stopping", stopping);
});
