import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newSecret } from "../support/secrets.ts";
import { databaseKinds, openVault } from "../support/vault.ts";

/** Environment of a server whose clock is that much ahead. */
const clockAhead = (ms: number) => ({
  NODE_OPTIONS: `--import=data:text/javascript,const%20now=Date.now;Date.now=()=>now()+${ms}`,
});

/** A clock that cannot be right does not stop the vault, but is told. */
export function clocks(): void {
  test.each(databaseKinds)("a row from the future is told by the next server on %s", async (database) => {
    const ahead = await openVault({ database, env: clockAhead(600_000) });
    await newSecret(ahead);
    const right = await openVault({ databaseUrl: ahead.databaseUrl, keys: ahead });
    const clock = expect.stringMatching(/^the newest row of the log is (59\d|600) s ahead of the server's clock$/);
    const { status, json } = await right.sendBare("GET", "/readyz");
    expect([status, json]).toEqual([200, { status: "ready", durable: true, clock }]);
    const warning = "the clock is not to be trusted";
    await right.process.logged(warning);
    await right.sendBare("GET", "/readyz");
    expect(right.process.log().filter(({ msg }) => msg === warning)).toEqual([
      expect.objectContaining({ level: "warn", reason: clock }),
    ]);
    expect((await ahead.sendBare("GET", "/readyz")).json).toEqual({ status: "ready", durable: true });
    await ahead.process.end();
    await right.close();
  });

  test("a clock that is set under a running server is told, though nobody asks", async () => {
    const dir = mkdtempSync(join(tmpdir(), "zsc-clock-"));
    const isSet = join(dir, "set");
    const script = `import{existsSync}from"node:fs";const now=Date.now;Date.now=()=>now()+(existsSync("${isSet}")?3600000:0)`;
    const loaded = `--import=data:text/javascript,${encodeURIComponent(script)}`;
    const vault = await openVault({ env: { NODE_OPTIONS: loaded } });
    writeFileSync(isSet, "");
    const { reason } = await vault.process.logged("the clock is not to be trusted");
    expect(reason).toBe("the server's clock jumped by 3600 s");
    expect((await vault.sendBare("GET", "/readyz")).json).toEqual({ status: "ready", durable: true, clock: reason });
    await vault.close();
    rmSync(dir, { recursive: true });
  });
}
