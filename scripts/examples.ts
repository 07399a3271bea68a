// Runs examples/ against a server, with our clients installed as users install them (the packed package, a wheel, the
// module), looks up the receipts that they keep, and runs the tests of clients/ against a server over TLS.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCertificate } from "../test/e2e/support/certificate.ts";
import { closeVaults, openVault, type Vault } from "../test/e2e/support/vault.ts";
import {
  curlExample,
  goExample,
  goTests,
  grpcurlExample,
  type Program,
  pythonExample,
  pythonTests,
  pythonWithWheel,
  typescriptExample,
} from "./clients/installed.ts";
import { attempt, type Finished, run } from "./clients/tools.ts";

/** Set, refused, granted, read, deleted. */
const types = ["secret_set", "secret_denied", "secret_set", "secret_read", "secret_deleted"].join(" ");

const folder = mkdtempSync(join(tmpdir(), "zsc-examples-"));

/** Each program as a ZID of its own, so that the denials of one do not shut another out. */
async function runProgram(vault: Vault, url: string, zid: string, { command, args, env }: Program): Promise<Finished> {
  const cwd = folderOf(zid);
  mkdirSync(cwd);
  const [adminFile, callerFile] = [join(cwd, "admin.jwt"), join(cwd, "caller.jwt")];
  writeFileSync(adminFile, await vault.token("admin", "ZEQ-ADMIN"), { mode: 0o600 });
  writeFileSync(callerFile, `${await vault.token("caller", zid)}\n`, { mode: 0o600 });
  const settings = { ZSC_URL: url, ZSC_ZID: zid, ZSC_ADMIN_TOKEN_FILE: adminFile, ZSC_TOKEN_FILE: callerFile };
  return await attempt(command, args, { cwd, env: { ...settings, ...env } });
}

function folderOf(zid: string): string {
  return join(folder, zid);
}

/** What is wrong with an example that has run: nothing when its receipts name the rows of what it did, in this order. */
async function faultOf({ code, stdout, stderr }: Finished, vault: Vault, zid: string): Promise<string> {
  const kept = join(folderOf(zid), "receipts.txt");
  const receipts = existsSync(kept) ? readFileSync(kept, "utf8").trim().split("\n") : [];
  const rows = await Promise.all(receipts.map((receipt) => rowOf(receipt, vault)));
  if (code !== 0 || rows.join(" ") !== types) {
    return `ended with ${code}, rows: ${rows.join(" ")}\n${stdout}${stderr}`;
  }
  const verifier = [join("examples", "verify_audit_log.py"), "--receipt", receipts[0] ?? ""];
  await run("python3", [...verifier, "sqlite", vault.databaseUrl.slice("sqlite:".length)]);
  return "";
}

/** The type of the row that a receipt names. */
async function rowOf(receipt: string, { sql }: Vault): Promise<string> {
  if (!/^[1-9]\d*\.[0-9a-f]{64}$/.test(receipt)) {
    return "none";
  }
  const [seq, rowHash] = receipt.split(".");
  const where = `WHERE seq = ${seq} AND row_hash = '${rowHash}'`;
  return (await sql(`SELECT transition_type FROM audit_log ${where}`))[0]?.[0] ?? "none";
}

async function runExamples(python: string): Promise<number> {
  const vault = await openVault();
  const programs: readonly (readonly [string, () => Program | Promise<Program>])[] = [
    ["TypeScript", () => typescriptExample(join(folder, "typescript"))],
    ["Python", () => pythonExample(python)],
    ["Go", goExample],
    ["curl", curlExample],
    ["grpcurl", grpcurlExample],
  ];
  let failed = 0;
  for (const [language, prepare] of programs) {
    const zid = `ZEQ-EXAMPLE-${language.toUpperCase()}`;
    const url = `http://${vault.host}:${vault.port}`;
    const fault = await faultOf(await runProgram(vault, url, zid, await prepare()), vault, zid);
    console.log(`${fault === "" ? "ok     example in" : "FAILED example in"} ${language} ${fault}`);
    failed += fault === "" ? 0 : 1;
  }
  return failed;
}

async function runTests(python: string): Promise<number> {
  const certificate = makeCertificate();
  const vault = await openVault({
    env: { ZSC_TLS_CERT_FILE: certificate.certFile, ZSC_TLS_KEY_FILE: certificate.keyFile },
  });
  let failed = 0;
  for (const [client, program] of [
    ["Python", pythonTests(python)],
    ["Go", await goTests()],
  ] as const) {
    const zid = `ZEQ-TEST-${client.toUpperCase()}`;
    const withCa = { ...program, env: { ...program.env, ZSC_CA_FILE: certificate.certFile } };
    const { code, stdout, stderr } = await runProgram(vault, `https://${vault.host}:${vault.port}`, zid, withCa);
    console.log(`${code === 0 ? "ok    " : "FAILED"} tests of the client in ${client}\n${stdout}${stderr}`);
    failed += code === 0 ? 0 : 1;
  }
  rmSync(certificate.folder, { recursive: true });
  return failed;
}

try {
  const python = await pythonWithWheel();
  const failed = (await runExamples(python)) + (await runTests(python));
  console.log(`examples: ${failed === 0 ? "all is well" : `${failed} failed`}`);
  process.exitCode = failed === 0 ? 0 : 1;
} finally {
  await closeVaults();
  rmSync(folder, { recursive: true, force: true });
}
