import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openVault } from "../../test/e2e/support/vault.ts";
import { runZsc } from "../../test/e2e/support/zsc-process.ts";
import { type Check, checksIn, environmentOf, type Scene } from "./scene.ts";
import { cacheFolder, pythonTool, run } from "./tools.ts";

const source = join(process.cwd(), "test", "clients", "python");
const generated = join(cacheFolder, "python-client");
const protos = [
  "zsc/v1/zeq_context.proto",
  "zsc/v1/receipt.proto",
  "zsc/v1/rules.proto",
  "buf/validate/validate.proto",
  "google/rpc/status.proto",
  "google/rpc/error_details.proto",
];

/** Generates and runs the client in Python. */
export async function pythonChecks(scene: Scene): Promise<readonly Check[]> {
  const python = await pythonWithPackages();
  rmSync(generated, { recursive: true, force: true });
  mkdirSync(generated, { recursive: true });
  const out = ["--proto_path=proto", "--proto_path=third_party"];
  const into = [`--python_out=${generated}`, `--grpc_python_out=${generated}`];
  await run(python, ["-m", "grpc_tools.protoc", ...out, ...into, ...protos]);
  const env = { ...(await environmentOf(scene, "PYTHON")), PYTHONPATH: generated };
  return checksIn(await run(python, [join(source, "client.py")], { env }));
}

/** The vendor's client of the vault API, unchanged, against a server of its own. */
export async function oneclawChecks(): Promise<readonly Check[]> {
  const python = await pythonWithPackages();
  const limits = { ZSC_RATE_LIMIT: "off", ZSC_AUTH_RATE_LIMIT: "off", ZSC_SIGNUP: "on" };
  const vault = await openVault({ env: limits });
  const made = await runZsc(["user", "create", "owner@example.com", "--owner", "--json"], vault.env);
  const { api_key: key } = JSON.parse(made.stdout);
  const env = { ZSC_BASE: `http://${vault.host}:${vault.port}`, ZSC_OWNER_KEY: key };
  const checks = checksIn(await run(python, [join(source, "oneclaw_client.py")], { env }));
  const { code } = await vault.verify();
  return [...checks, { what: "the chain verifies", ok: code === 0, saw: "" }];
}

function pythonWithPackages(): Promise<string> {
  return pythonTool("python", join(source, "requirements.txt"));
}
