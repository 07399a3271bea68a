import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Finished, runZsc, startZsc, type ZscProcess } from "../e2e/support/zsc-process.ts";
import { openTypedTerminal, type TypedTerminal } from "./typed-terminal.ts";

export const ctrlC = "\u0003";
const ctrlD = "\u0004";
export const prompt = "pulse> ";
/** A value that must be nowhere but in the vault. */
export const canary = "cAnArY-8f3e1d";

interface Place {
  folder: string;
  /** XDG_STATE_HOME, of each test its own. */
  state: string;
  url: string;
  adminToken: string;
  server: ZscProcess;
  /** Accepts connections and says nothing. */
  silent: Server;
  silentUrl: string;
}

const names = ["db-password", "db-user", "two words", "evil/\u202egnp.exe", "\u{1f469}\u200d\u{1f680}e\u0301"];

/** A development vault with some secrets, for the tests of a file, and shells in its folder. */
export function usePulseVault() {
  const at = {} as Place;
  const envOf = () => ({ XDG_CONFIG_HOME: join(at.folder, "config"), XDG_STATE_HOME: at.state });
  beforeAll(async () => {
    at.folder = mkdtempSync(join(tmpdir(), "zsc-pulse-"));
    at.state = at.folder;
    at.server = startZsc(["serve", "--dev"], { ZSC_LISTEN: "127.0.0.1:0" }, at.folder);
    await at.server.logged("listening");
    at.url = JSON.parse(readFileSync(join(at.folder, ".zsc", "vault.json"), "utf8")).url;
    at.adminToken = (await zsc(["token", "--dev", "--role", "admin", "--zid", "ZEQ-ALICE"])).stdout.trim();
    writeFileSync(join(at.folder, "admin.jwt"), at.adminToken, { mode: 0o600 });
    at.silent = createServer(() => undefined).listen(0, "127.0.0.1");
    await once(at.silent, "listening");
    at.silentUrl = `http://127.0.0.1:${(at.silent.address() as AddressInfo).port}`;
    for (const name of names) {
      expect(await zsc(["context", "set", name, "--owner", "ZEQ-DEV"], { input: "v" })).toMatchObject({ code: 0 });
    }
  }, 120_000);
  beforeEach(() => {
    at.state = mkdtempSync(join(at.folder, "state-"));
  });
  afterAll(async () => {
    at.silent.close();
    await at.server.end();
    rmSync(at.folder, { recursive: true });
  });

  const zsc = (
    args: readonly string[],
    { input, env = {} }: { input?: string; env?: Record<string, string> } = {},
  ): Promise<Finished> =>
    runZsc(args, { ...envOf(), ...env }, { cwd: at.folder, ...(input === undefined ? {} : { input }) });
  return {
    at,
    zsc,
    /** Lines that are piped. */
    script: async (lines: readonly string[], ...flags: readonly string[]) => {
      const input = lines.map((line) => `${line}\n`).join("");
      const { code, stdout, stderr } = await zsc(["pulse", ...flags], { input, env: { ZSC_NO_INPUT: "1" } });
      return { code, stdout, stderr };
    },
    /** A shell on a terminal, whose first prompt is there. */
    open: async (
      flags: readonly string[] = [],
      { env = {}, columns = 100 }: { env?: Record<string, string>; columns?: number } = {},
    ): Promise<TypedTerminal> => {
      const settings = { cwd: at.folder, env: { ...envOf(), ...env }, columns };
      const shell = openTypedTerminal(["pulse", ...flags], settings);
      await shell.shows(prompt);
      return shell;
    },
    leave: async (shell: TypedTerminal) => {
      shell.type(ctrlD);
      expect(await shell.ended()).toBe(0);
    },
    /** How many rows of a type the log has. */
    rowsOf: async (type: string): Promise<number> => {
      const headers = { authorization: `Bearer ${at.adminToken}` };
      const answer = await fetch(`${at.url}/api/zsc/log?type=${type}&limit=500`, { headers });
      return ((await answer.json()) as { rows: unknown[] }).rows.length;
    },
    history: () => readFileSync(join(at.state, "zsc", "pulse-history"), "utf8"),
  };
}
