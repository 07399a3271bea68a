// Generates the code again into a temporary folder and compares: exit code 1 when gen/ is not what the schema gives.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isFresh } from "./generated.ts";

const fresh = mkdtempSync(join(tmpdir(), "zsc-gen-"));
try {
  execFileSync("buf", ["generate", "--output", fresh], { stdio: "inherit" });
  process.exitCode = isFresh("gen", join(fresh, "gen"), "npm run generate") ? 0 : 1;
} finally {
  rmSync(fresh, { recursive: true });
}
