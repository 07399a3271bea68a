import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import { Plaintext } from "../../src/base/plaintext.ts";
import { setSecret as setOperation } from "../../src/secrets/set.ts";
import { findProgram, requireInstalled } from "../support/programs.ts";
import {
  createPrivateFolder,
  findFreePort,
  launchServer,
  type PrivateFolder,
  type ServerProcess,
} from "../support/server-process.ts";
import { until } from "../support/until.ts";
import { runBeside } from "./support/beside.ts";
import { type HttpClient, http1Client } from "./support/http.ts";
import { grpcJsClient } from "./support/rpc-clients.ts";
import { setSecret } from "./support/secrets.ts";
import { tokenOf } from "./support/tokens.ts";
import { admin, closeVaults, openVault, type Vault } from "./support/vault.ts";

const example = readFileSync("examples/nginx.conf", "utf8");

/** The example that operators copy, on free ports of loopback and without a certificate. */
function configuration(folder: string, vault: Vault, httpPort: number, grpcPort: number): string {
  const listens = `listen 127.0.0.1:${httpPort}; listen 127.0.0.1:${grpcPort} http2;`;
  const servers = example
    .replaceAll("server 127.0.0.1:7777;", `server ${vault.host}:${vault.port};`)
    .replace("listen 443 ssl http2;", listens)
    .replace(/^ *ssl_.*$/gm, "");
  return `daemon off; master_process off; worker_processes 1; pid ${folder}/pid; error_log stderr;
    events {}
    http {
      access_log off;
      client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
      uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
      ${servers}
    }`;
}

describe("behind nginx, as examples/nginx.conf has it", () => {
  let vault: Vault;
  let folder: PrivateFolder;
  let nginx: ServerProcess;
  let http: HttpClient;
  let grpcPort: number;
  let token: string;

  beforeAll(async () => {
    const program = await requireInstalled("nginx", ["nginx-light"], () => findProgram("nginx"));
    vault = await openVault();
    folder = createPrivateFolder("zsc-nginx-");
    const httpPort = await findFreePort();
    grpcPort = await findFreePort();
    const file = join(folder.path, "nginx.conf");
    writeFileSync(file, configuration(folder.path, vault, httpPort, grpcPort));
    nginx = launchServer(program, ["-p", folder.path, "-c", file], join(folder.path, "log"));
    http = http1Client("127.0.0.1", httpPort);
    token = await tokenOf(vault.jwtSecret, "admin", admin);
    await until(async () => {
      if (nginx.hasExited()) {
        throw new Error(`nginx ended: ${nginx.logTail()}`);
      }
      return await http.send("GET", "/api/zsc/list", { token }).then(
        ({ status }) => status === 200,
        () => false,
      );
    });
  }, 120_000);

  afterAll(async () => {
    http?.close();
    await nginx?.end("SIGTERM");
    folder?.remove();
    await closeVaults();
  }, 60_000);

  const send = async (method: string, path: string) => {
    const { status, json } = await http.send(method, `/api/zsc/${path}`, { token });
    return [status, json];
  };
  const info = async (segment: string) => (await send("GET", `info/${segment}`))[0];
  const existing = (name: string) =>
    runBeside(vault, (by, sealer) => setOperation({ name, value: Plaintext.fromString("v") }, by, sealer));

  test.each([
    ["team/db", "team%2Fdb"],
    ["a%2Fb", "a%252Fb"],
    ["a b+c?d#e", "a%20b+c%3Fd%23e"],
    ["ü", "%c3%bc"],
    ["a\\b", "a%5Cb"],
  ])("%j is reached by every call", async (name, segment) => {
    await setSecret(vault, { name });
    expect(await send("GET", `info/${segment}`)).toMatchObject([200, { secret: { name } }]);
    expect(await send("POST", `rotate/${segment}`)).toEqual([200, { ok: true, name, rotated: true }]);
    expect(await send("GET", `audit/${segment}`)).toMatchObject([200, { name, count: 2 }]);
    expect(await send("DELETE", segment)).toEqual([200, { ok: true, name, deleted: true }]);
  });

  test.each(["old%2F..%2Fvictim", "old%2f..%2fvictim", "%2Fvictim", "victim%2F", "x%2F%2e%2e%2Fvictim", ".%2Fvictim"])(
    "DELETE of %s deletes no other secret",
    async (segment) => {
      await setSecret(vault, { name: "victim" });
      expect(await send("DELETE", segment)).toEqual([404, { ok: false, error: "NOT_FOUND" }]);
      expect(await info("victim")).toBe(200);
    },
  );

  test.each(["old/../victim", "//victim"])(
    "a secret that has the name %j from before is what is deleted",
    async (name) => {
      await setSecret(vault, { name: "victim" });
      await existing(name);
      expect(await send("DELETE", encodeURIComponent(name))).toEqual([200, { ok: true, name, deleted: true }]);
      expect(await info("victim")).toBe(200);
    },
  );

  test("gRPC gets through, on a port that speaks HTTP/2", async () => {
    await setSecret(vault, { name: "grpc", boundZid: "ZEQ-APP", value: "through nginx" });
    const client = grpcJsClient({ host: "127.0.0.1", port: grpcPort });
    const caller = await vault.token("caller", "ZEQ-APP");
    const outcome = await client.call(ZeqContext.method.read, { name: "grpc" }, { token: caller });
    client.close();
    expect(outcome).toMatchObject({ message: { value: "through nginx" } });
  });
});
