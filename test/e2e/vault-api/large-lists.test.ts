import { readFileSync } from "node:fs";
import { closeVaults } from "../support/vault.ts";
import { newVault, openApi, problem } from "./support.ts";

afterAll(closeVaults);

describe("large lists of the vault API", () => {
  test("a list of too many bytes is refused, and many at once neither end the server nor hold others up", async () => {
    const { vault, ann } = await openApi("SQLite");
    const { base } = await newVault(ann, "large");
    const metadata = { k: "m".repeat(65_000) };
    for (let round = 0; round < 14; round++) {
      const put = (index: number) =>
        ann.ask("PUT", `${base}/secrets/p${round}/s${index}`, { body: { value: "v", metadata } });
      await Promise.all(Array.from({ length: 10 }, (_, index) => put(index)));
    }
    expect(await ann.ask("GET", `${base}/secrets`)).toMatchObject(
      problem(403, "Resource Limit Exceeded", expect.stringContaining("prefix"), "resource_limit_exceeded"),
    );
    const some = await ann.ask("GET", `${base}/secrets?prefix=p1/`);
    expect([some.status, some.body.secrets.length]).toEqual([200, 10]);
    const lists = Promise.all(Array.from({ length: 120 }, () => ann.ask("GET", `${base}/secrets`)));
    const read = await ann.ask("GET", `${base}/secrets/p0/s0`);
    expect(read.status).toBe(200);
    for (const { status } of await lists) {
      expect([403, 503]).toContain(status);
    }
    const [, kib] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${vault.process.pid}/status`, "utf8")) ?? [];
    expect(Number(kib)).toBeLessThan(700_000);
    await vault.close();
  }, 120_000);
});
