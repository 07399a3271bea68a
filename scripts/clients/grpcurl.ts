import type { Check, Scene } from "./scene.ts";
import { attempt, type Finished } from "./tools.ts";
import { grpcurl } from "./versions.ts";

/** How grpcurl ends on a refused call: 64 and the code. */
const permissionDenied = 64 + 7;

type Ask = (...args: readonly string[]) => Promise<Finished>;

/** What grpcurl sees, which has no proto files and must ask the server for everything. */
export async function grpcurlChecks(scene: Scene): Promise<readonly Check[]> {
  const program = await grpcurl();
  const ask: Ask = (...args) => attempt(program, ["-plaintext", "-max-time", "30", ...args]);
  return [await list(ask, scene), await describe(ask, scene), ...(await calls(ask, scene))];
}

async function list(ask: Ask, { address }: Scene): Promise<Check> {
  const { code, stdout } = await ask(address, "list");
  const services = stdout.trim().split("\n");
  const ok = code === 0 && services.includes("zsc.v1.ZeqContext") && services.includes("zsc.v1.ZscAdmin");
  return { what: "lists the services by reflection", ok, saw: services.join(", ") };
}

async function describe(ask: Ask, { address }: Scene): Promise<Check> {
  const { code, stdout } = await ask(address, "describe", "zsc.v1.ZeqContext");
  const ok = code === 0 && stdout.includes("rpc Read ( .zsc.v1.ReadRequest ) returns ( .zsc.v1.ReadResponse );");
  return { what: "describes a service by reflection", ok, saw: firstLine(stdout) };
}

async function calls(ask: Ask, scene: Scene): Promise<readonly Check[]> {
  const { address, secret, value, owner, ownerToken, adminToken } = scene;
  const call = (token: string, method: string, request: unknown) =>
    ask("-v", "-H", `Authorization: Bearer ${token}`, "-d", JSON.stringify(request), address, method);

  const health = await ask(address, "grpc.health.v1.Health/Check");
  const read = await call(ownerToken, "zsc.v1.ZeqContext/Read", { name: secret });
  const denied = await call(await scene.strangerToken("GRPCURL"), "zsc.v1.ZeqContext/Read", { name: secret });
  const batch = await call(ownerToken, "zsc.v1.ZeqContext/BatchRead", { names: [secret, "no-such-secret"] });
  const info = await call(adminToken, "zsc.v1.ZscAdmin/Info", { name: secret });
  const { stdout, stderr } = denied;
  return [
    { what: "asks for health", ok: health.stdout.includes('"SERVING"'), saw: health.stdout.replace(/\s+/g, "") },
    recorded("reads a secret", read, read.stdout.includes(`"value": "${value}"`), value),
    recorded(
      "is denied a secret, with the reason",
      denied,
      denied.code === permissionDenied && stderr.includes('"reason": "DENIED"'),
      stderr.replace(/\s+/g, " ").trim(),
    ),
    recorded(
      "reads a batch, and shows the reason inside of it",
      batch,
      batch.stdout.includes('"reason": "NOT_FOUND"') && batch.stdout.includes(value),
      `${value}, NOT_FOUND`,
    ),
    recorded("manages as an admin", info, info.stdout.includes(`"bound_zid": "${owner}"`), `bound to ${owner}`),
    { what: "shows no value to a stranger", ok: !(stdout + stderr).includes(value), saw: "nothing" },
  ];
}

/** A call that must have left a row. */
function recorded(what: string, call: Finished, ok: boolean, saw: string): Check {
  const receipt = receiptIn(call);
  return { what, ok: ok && receipt !== "", saw: ok ? saw : call.stdout + call.stderr, receipt };
}

/** It prints headers and trailers alike: `zsc-receipt: 7.ab12…`. */
function receiptIn({ stdout, stderr }: Finished): string {
  return /^zsc-receipt: (\S+)$/m.exec(stdout + stderr)?.[1] ?? "";
}

function firstLine(text: string): string {
  return text.slice(0, text.indexOf("\n"));
}
