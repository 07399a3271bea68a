import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Contender, measureInTurn } from "../measure.ts";
import { cpuSecondsOfEndedChildren } from "../process-facts.ts";
import type { Sample } from "../results.ts";
import { databaseKinds, databaseTitles, onScene } from "../scene.ts";
import type { Section } from "./section.ts";

const program = join(import.meta.dirname, "../../bin/zsc.mjs");

export const verifySection: Section = {
  name: "verify",
  title: "`zsc audit verify`",
  about:
    "Rows a second as the command itself tells, its start left out. CPU is the verifier's own for each row, its start " +
    "included; the database works beside it.",
  unit: "rows/s",
  measure: (stage) =>
    onScene(stage, async (scene) => {
      const { quick, large } = stage.options;
      const size = { secrets: 1_000, reads: quick ? 10_000 : large ? 1_000_000 : 200_000 };
      const contenders: Contender[] = [];
      for (const kind of databaseKinds) {
        const { url } = await scene.vault(kind, size);
        const rows = (size.secrets + size.reads).toLocaleString("en");
        contenders.push({
          id: `verify/${kind}`,
          what: `${databaseTitles[kind]}, ${rows} rows`,
          measure: () => verifyOnce(url),
        });
      }
      return await measureInTurn(stage, contenders);
    }),
};

/** Rejects when the log is not whole: then the generator of the vault is wrong. */
async function verifyOnce(url: string): Promise<Sample> {
  const before = cpuSecondsOfEndedChildren();
  const env = { PATH: process.env["PATH"] ?? "", ZSC_MODE: "production", ZSC_DATABASE_URL: url };
  const { stdout } = await promisify(execFile)(process.execPath, [program, "audit", "verify", "--json"], { env });
  const { rows, rowsPerSecond } = JSON.parse(stdout) as { readonly rows: number; readonly rowsPerSecond: number };
  return { value: rowsPerSecond, serverCpuUs: (1_000_000 * (cpuSecondsOfEndedChildren() - before)) / rows };
}
