import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { makeCertificate } from "../e2e/support/certificate.ts";
import { closeVaults, openVault, type Vault } from "../e2e/support/vault.ts";
import { until } from "../support/until.ts";
import { playCase } from "./attack.ts";
import { startBystander } from "./bystander.ts";
import type { Target } from "./target.ts";

const lanes = 6;
/** A server under load takes some 185 MB; what is beyond this is held for peers who are gone. */
const mostResidentMb = 400;
/** Connections whose peers are gone are let go of; a few files more than before are the database's. */
const mostFilesMore = 20;

interface Options {
  readonly seed: number;
  readonly ms: number;
  /** One case alone, again and again for the time given. */
  readonly only: number | undefined;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { seed: { type: "string" }, minutes: { type: "string", default: "1" }, case: { type: "string" } },
  });
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  const only = values.case === undefined ? undefined : Number(values.case);
  const ms = Number(values.minutes) * 60_000;
  if (!Number.isSafeInteger(seed) || !(ms > 0) || (only !== undefined && !Number.isSafeInteger(only))) {
    throw new Error("usage: npm run fuzz -- [--seed N] [--minutes M] [--case K]");
  }
  if (only === undefined) {
    fuzzSessions(seed, ms / 2_000);
  }
  console.log(`fuzz: seed ${seed}, ${ms / 1_000} s`);
  const certificate = makeCertificate();
  try {
    const findings = await Promise.all([
      attackServer("plain text", undefined, {}, { seed, ms, only }),
      attackServer(
        "TLS",
        certificate.cert,
        { ZSC_TLS_CERT_FILE: certificate.certFile, ZSC_TLS_KEY_FILE: certificate.keyFile },
        { seed, ms, only },
      ),
    ]);
    for (const finding of findings.flat()) {
      console.error(`FOUND ${finding}`);
    }
    if (findings.flat().length > 0) {
      console.error(`again: npm run fuzz -- --seed ${seed} --minutes ${ms / 60_000}, or one case with --case K`);
      process.exitCode = 1;
    }
  } finally {
    await closeVaults();
    rmSync(certificate.folder, { recursive: true });
  }
}

/** HTTP/2 connections without a network, in a process of their own. */
function fuzzSessions(seed: number, seconds: number): void {
  const args = ["test/fuzz/sessions.ts", "--seed", String(seed), "--seconds", String(seconds)];
  const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
  if (status !== 0) {
    process.exitCode = 1;
  }
}

/** Attacks one server for a time; answers all that is wrong with it then. */
async function attackServer(
  title: string,
  ca: string | undefined,
  env: Readonly<Record<string, string>>,
  { seed, ms, only }: Options,
): Promise<readonly string[]> {
  const vault = await openVault({ env });
  const { host, port } = vault;
  const zids = [
    ["admin", "ZEQ-FUZZ-ADMIN"],
    ["caller", "ZEQ-FUZZ"],
  ] as const;
  const tokens = await Promise.all(zids.map(([role, zid]) => vault.token(role, zid)));
  const target: Target = { host, port, ca, tokens };
  const bystander = await startBystander(vault, ca);
  const filesBefore = countFiles(vault);
  const endAt = performance.now() + ms;
  const underWay = new Set<number>();
  let next = 0;
  const lane = async () => {
    while (performance.now() < endAt && !vault.process.hasEnded()) {
      const number = only ?? next++;
      underWay.add(number);
      await playCase(seed, number, target);
      underWay.delete(number);
    }
  };
  const playing = Promise.all(Array.from({ length: lanes }, lane));
  await Promise.race([playing, vault.process.ended()]);
  if (vault.process.hasEnded()) {
    return [
      `${title}: the server ended, with cases ${[...underWay].join(", ")} under way\n${errorsOf(vault).join("\n")}`,
    ];
  }
  await bystander.stop();
  const findings = [...bystander.failures.map((failure) => `${title}: another caller was not served: ${failure}`)];
  findings.push(...errorsOf(vault).map((line) => `${title}: logged as an error of ours: ${line}`));
  console.log(
    `${title}: ${next} cases, ${bystander.calls} calls of another caller answered, ` +
      `the slowest in ${Math.round(bystander.slowestMs)} ms, ${residentMb(vault)} MB`,
  );
  findings.push(...(await lookAtRest(title, vault, filesBefore)));
  return findings;
}

async function lookAtRest(title: string, vault: Vault, filesBefore: number): Promise<readonly string[]> {
  const findings: string[] = [];
  await until(() => countFiles(vault) <= filesBefore + mostFilesMore).catch(() => {
    findings.push(`${title}: ${countFiles(vault)} files are open, before it were ${filesBefore}`);
  });
  if (residentMb(vault) > mostResidentMb) {
    findings.push(`${title}: the server holds ${residentMb(vault)} MB`);
  }
  const { code, stdout, stderr } = await vault.verify();
  if (code !== 0) {
    findings.push(`${title}: zsc audit verify says\n${stdout}${stderr}`);
  }
  const ended = await Promise.race([vault.process.end(), sleep(60_000)]);
  if (ended?.code !== 0) {
    findings.push(`${title}: the server did not stop in order`);
  }
  return findings;
}

/** All lines at the level of errors: what strangers send is never one. */
function errorsOf(vault: Vault): readonly string[] {
  const lines = vault.process.stdout().split("\n");
  return [
    ...lines.filter((line) => /^\{"level":"(error|fatal)"/.test(line)).slice(0, 5),
    vault.process.stderr(),
  ].filter((line) => line !== "");
}

function countFiles(vault: Vault): number {
  return readdirSync(`/proc/${vault.process.pid}/fd`).length;
}

function residentMb(vault: Vault): number {
  const status = readFileSync(`/proc/${vault.process.pid}/status`, "utf8");
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024);
}

await main();
// All is done, and said. Node's own clean-up of the clients' handles may go round for ever instead of ending the process.
process.exit();
