import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Environment, runZsc } from "../e2e/support/zsc-process.ts";

/** A line of the doctor, as scripts read it. */
export interface Found {
  readonly name: string;
  readonly state: "ok" | "warn" | "FAIL";
  readonly detail: string;
  readonly next: string | null;
}

export interface Diagnosis {
  readonly code: number | null;
  readonly checks: readonly Found[];
  /** `ok node`, `FAIL tls`, …, in their order. */
  readonly states: readonly string[];
  /** The first check of this name. */
  of(name: string): Found | undefined;
}

/** What must never be printed. */
export const canaries = new Set<string>();

export function expectNoCanary(text: string): void {
  expect([...canaries].filter((canary) => text.includes(canary))).toEqual([]);
}

/** `zsc doctor --json`, whose exit code must be what its checks say, and which must print no canary. */
export async function diagnose(
  args: readonly string[],
  env: Environment,
  options: { readonly cwd?: string } = {},
): Promise<Diagnosis> {
  const { code, stdout, stderr } = await runZsc(["doctor", "--json", ...args], env, options);
  expectNoCanary(`${stdout}${stderr}`);
  expect(stderr).toBe("");
  const { ok, checks } = JSON.parse(stdout) as { readonly ok: boolean; readonly checks: readonly Found[] };
  const hasFailed = checks.some(({ state }) => state === "FAIL");
  expect([ok, code]).toEqual(hasFailed ? [false, 1] : [true, 0]);
  for (const check of checks) {
    expect(Object.keys(check)).toEqual(["name", "state", "detail", "next"]);
    expect([check, check.next === null]).toEqual([check, check.state === "ok"]);
  }
  return {
    code,
    checks,
    states: checks.map(({ name, state }) => `${state} ${name}`),
    of: (name) => checks.find((check) => check.name === name),
  };
}

const folders: string[] = [];
const servers: Server[] = [];

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "zsc-doctor-"));
  folders.push(folder);
  return folder;
}

/** A user who has no file yet, and has chosen nothing. */
export function freshUser(): Environment {
  return { XDG_CONFIG_HOME: newFolder(), XDG_STATE_HOME: newFolder() };
}

/** On loopback; answers its port. */
export async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** Closes and removes all that this suite got here; for `afterAll`. */
export function cleanUp(): void {
  for (const server of servers) {
    server.close();
  }
  for (const folder of folders) {
    rmSync(folder, { recursive: true });
  }
}
