import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningVault, startVault } from "../../src/compose.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Log } from "../../src/domain/log.ts";
import { freshKeys, tokenOf } from "../e2e/support/tokens.ts";
import { type Meter, openMeter } from "./ask.ts";
import { type Tokens, worstRequests } from "./worst-requests.ts";

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };
const mostMs = 20;
const tries = 8;

let folder: string;
let vault: RunningVault;
let meter: Meter;
let tokens: Tokens;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "zsc-limits-"));
  const { masterKey, jwtSecret } = freshKeys();
  const config = loadConfig({
    ZSC_MASTER_KEY: masterKey,
    ZSC_JWT_SECRET: jwtSecret,
    ZSC_DATABASE_URL: `sqlite:${join(folder, "zsc.db")}`,
    ZSC_LISTEN: "127.0.0.1:0",
  });
  vault = await startVault(config, silent);
  tokens = {
    admin: await tokenOf(jwtSecret, "admin", "ZEQ-ADMIN"),
    caller: await tokenOf(jwtSecret, "caller", "ZEQ-APP"),
  };
  meter = openMeter(vault.address.port);
});
afterAll(async () => {
  await meter.close();
  await vault.stop();
  rmSync(folder, { recursive: true });
});

describe(`no request holds the thread for ${mostMs} ms:`, () => {
  test.each(worstRequests)("$name", async ({ make, answer }) => {
    const asked = make(tokens);
    let leastMs = Number.POSITIVE_INFINITY;
    for (let left = tries; left > 0 && (leastMs > mostMs / 4 || left === tries); left--) {
      const held = await meter.ask(asked);
      leastMs = Math.min(leastMs, held.heldMs);
      expect(held.answer).toMatch(answer);
    }
    if (process.env["ZSC_TEST_SHOW"]) {
      console.log(expect.getState().currentTestName, leastMs);
    }
    expect(leastMs).toBeLessThan(mostMs);
  });
});
