import { failing } from "./process/failing.ts";
import { opening } from "./process/opening.ts";
import { signals } from "./process/signals.ts";
import { starting } from "./process/starting.ts";
import { stopping } from "./process/stopping.ts";
import { closeVaults } from "./support/vault.ts";

// Processes begin and end here, on a machine that may have other things to do.
jest.setTimeout(90_000);

/** `zsc serve` as an operator meets it. */
describe("the server's process", () => {
  afterAll(closeVaults, 60_000);

  describe("starting", starting);
  describe("failing to start", failing);
  describe("opening a vault", opening);
  describe("signals", signals);
  describe("stopping", stopping);
});
