// Generates the code of the clients in Python and Go (clients/buf.gen.yaml). With `--check`: into a temporary folder,
// and exit code 1 when what is checked in differs.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathWith, run } from "./clients/tools.ts";
import { goPlugins, pythonPlugins } from "./clients/versions.ts";
import { isFresh } from "./generated.ts";

const folders = ["clients/go/zscv1", "clients/python/zsc_vault/gen"];

async function generate(output: string): Promise<void> {
  for (const folder of folders) {
    rmSync(join(output, folder), { recursive: true, force: true });
  }
  const env = { PATH: pathWith(dirname(await pythonPlugins()), ...(await goPlugins())) };
  await run("buf", ["generate", "--template", join("clients", "buf.gen.yaml"), "--output", output], { env });
}

async function check(): Promise<boolean> {
  const fresh = mkdtempSync(join(tmpdir(), "zsc-clients-"));
  try {
    await generate(fresh);
    return folders.filter((folder) => !isFresh(folder, join(fresh, folder), "npm run generate:clients")).length === 0;
  } finally {
    rmSync(fresh, { recursive: true });
  }
}

if (process.argv.includes("--check")) {
  process.exitCode = (await check()) ? 0 : 1;
} else {
  await generate(".");
}
