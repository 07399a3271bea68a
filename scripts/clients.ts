// Runs clients that are not ours against a real server: grpcurl through reflection, and clients in Go and Python that
// are generated from the protos. Their receipts are looked up in the audit log. See test/clients/README.md.
import { closeVaults } from "../test/e2e/support/vault.ts";
import { goChecks } from "./clients/go-client.ts";
import { grpcurlChecks } from "./clients/grpcurl.ts";
import { oneclawChecks, pythonChecks } from "./clients/python-client.ts";
import { type Check, openScene, type Scene } from "./clients/scene.ts";

const clients: readonly (readonly [string, (scene: Scene) => Promise<readonly Check[]>])[] = [
  ["grpcurl", grpcurlChecks],
  ["Go", goChecks],
  ["Python", pythonChecks],
  ["oneclaw (Python), 1Claw's own", oneclawChecks],
];

const fewestChecks = 5;

async function main(): Promise<number> {
  const scene = await openScene();
  const checks: Check[] = [];
  for (const [client, run] of clients) {
    console.log(`\n${client}`);
    for (const check of await checksOf(run, scene)) {
      console.log(`  ${check.ok ? "ok    " : "FAILED"} ${check.what}: ${check.saw}${receiptOf(check)}`);
      checks.push(check);
    }
  }
  const { code } = await scene.vault.verify();
  checks.push({ what: "the chain verifies", ok: code === 0, saw: "" });
  const failed = checks.filter(({ ok }) => !ok).length;
  console.log(`\nclients: ${checks.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

/** A client that ends without its checks has failed, whatever else it says. */
async function checksOf(run: (scene: Scene) => Promise<readonly Check[]>, scene: Scene): Promise<readonly Check[]> {
  try {
    const checks = await run(scene);
    const complete = {
      what: "goes through all of its checks",
      ok: checks.length >= fewestChecks,
      saw: `${checks.length}`,
    };
    return [...(await Promise.all(checks.map((check) => withReceipt(check, scene)))), complete];
  } catch (error) {
    return [{ what: "runs at all", ok: false, saw: error instanceof Error ? error.message : String(error) }];
  }
}

/** A receipt must name a row of the log with just that hash. */
async function withReceipt(check: Check, { vault }: Scene): Promise<Check> {
  if (check.receipt === undefined || check.receipt === "") {
    return check;
  }
  const [seq, rowHash] = check.receipt.split(".");
  const rows = await vault.sql(`SELECT row_hash FROM audit_log WHERE seq = ${Number(seq)}`);
  const isThere = rows[0]?.[0] === rowHash;
  return isThere ? check : { ...check, ok: false, saw: `${check.saw}, but its receipt is not in the log` };
}

function receiptOf({ receipt = "" }: Check): string {
  return receipt === "" ? "" : `, receipt ${receipt.slice(0, receipt.indexOf(".") + 9)}…`;
}

try {
  process.exitCode = await main();
} finally {
  await closeVaults();
}
