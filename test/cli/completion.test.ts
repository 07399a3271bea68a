import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { runZsc, startZsc, type ZscProcess } from "../e2e/support/zsc-process.ts";
import { findProgram, requireInstalled } from "../support/programs.ts";

const execute = promisify(execFile);

/** The scripts are executed by the shells that they are for. */
describe("completion", () => {
  let folder = "";
  let server: ZscProcess;
  const shells: Record<string, string> = {};
  beforeAll(async () => {
    for (const shell of ["bash", "zsh", "fish"]) {
      shells[shell] = await requireInstalled(shell, [shell], () => findProgram(shell));
    }
    folder = mkdtempSync(join(tmpdir(), "zsc-completion-"));
    for (const shell of ["bash", "zsh", "fish"]) {
      const { code, stdout } = await runZsc(["completion", shell], {});
      expect(code).toBe(0);
      writeFileSync(join(folder, `zsc.${shell}`), stdout);
    }
    server = startZsc(["serve", "--dev"], { ZSC_LISTEN: "127.0.0.1:0" }, folder);
    await server.logged("listening");
    for (const name of ["db-password", "db-user", "other"]) {
      await runZsc(["context", "set", name], {}, { cwd: folder, input: "v" });
    }
    writeFileSync(
      join(folder, "zsc"),
      `#!/bin/sh\nexec ${process.execPath} ${join(process.cwd(), "bin/zsc.mjs")} "$@"\n`,
      { mode: 0o755 },
    );
  }, 180_000);
  afterAll(async () => {
    await server?.end();
    rmSync(folder, { recursive: true });
  });

  const run = async (shell: string, script: string, env: Record<string, string> = {}) => {
    const all = { PATH: `${folder}:${process.env["PATH"]}`, HOME: folder, ...env };
    const { stdout } = await execute(shells[shell] ?? "", ["-c", script], { cwd: folder, env: all });
    return stdout
      .split("\n")
      .map((line) => line.split("\t")[0] ?? "")
      .filter((line) => line !== "")
      .sort();
  };
  const bash = (line: readonly string[], env?: Record<string, string>) => {
    const words = line.map((word) => `'${word}'`).join(" ");
    return run(
      "bash",
      `source zsc.bash; COMP_WORDS=(${words}); COMP_CWORD=${line.length - 1}; _zsc; printf '%s\\n' "\${COMPREPLY[@]}"`,
      env,
    );
  };
  // Unlike bash's, zsh's own machinery leaves out what does not begin with the word.
  const zsh = (line: readonly string[], env?: Record<string, string>) => {
    const words = line.map((word) => `'${word}'`).join(" ");
    return run(
      "zsh",
      `source zsc.zsh; setopt ksharrays; COMP_WORDS=(${words}); COMP_CWORD=${line.length - 1}; _zsc; unsetopt ksharrays; print -l -- \${(M)COMPREPLY:#${line.at(-1)}*}`,
      env,
    );
  };
  const fish = (line: readonly string[], env?: Record<string, string>) =>
    run("fish", `source zsc.fish; complete -C ${JSON.stringify(line.join(" "))}`, env);
  const each = [
    ["bash", bash],
    ["zsh", zsh],
    ["fish", fish],
  ] as const;

  describe.each(each)("in %s", (_shell, complete) => {
    test("completes commands, those of a command, flags and choices", async () => {
      expect(await complete(["zsc", "con"])).toEqual(["context"]);
      expect(await complete(["zsc", "context", "r"])).toEqual(["revoke", "rotate"]);
      expect(await complete(["zsc", "context", "list", "--nev"])).toEqual(["--never-read"]);
      expect(await complete(["zsc", "context", "list", "--sort", "la"])).toEqual(["last-read"]);
      expect(await complete(["zsc", "completion", "fi"])).toEqual(["fish"]);
    }, 60_000);

    test("looks up names only when that is wanted", async () => {
      expect(await complete(["zsc", "context", "info", "db-"])).toEqual([]);
      expect(await complete(["zsc", "context", "info", "db-"], { ZSC_COMPLETE_NAMES: "1" })).toEqual([
        "db-password",
        "db-user",
      ]);
      expect(existsSync(join(folder, ".zsc"))).toBe(true);
    }, 60_000);
  });

  test("gives up in silence where there is no vault", async () => {
    const found = await run(
      "bash",
      `cd /; source ${folder}/zsc.bash; COMP_WORDS=(zsc read d); COMP_CWORD=2; _zsc 2>&1; printf '%s\\n' "\${COMPREPLY[@]}"`,
      { ZSC_COMPLETE_NAMES: "1" },
    );
    expect(found).toEqual([]);
  }, 60_000);
});
