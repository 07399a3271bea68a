import { once } from "node:events";
import { rmSync } from "node:fs";
import { connect as connectPlain } from "node:net";
import { connect } from "node:tls";
import { ZeqContext } from "#gen/zsc/v1/zeq_context_pb.js";
import { type Certificate, makeCertificate } from "./support/certificate.ts";
import { http1Client, http2Client } from "./support/http.ts";
import { rpcClients } from "./support/rpc-clients.ts";
import { closeVaults, openVault, type Vault } from "./support/vault.ts";
import { runZsc } from "./support/zsc-process.ts";

describe("TLS", () => {
  let certificate: Certificate;
  let vault: Vault;
  beforeAll(async () => {
    certificate = makeCertificate();
    vault = await openVault({
      env: { ZSC_TLS_CERT_FILE: certificate.certFile, ZSC_TLS_KEY_FILE: certificate.keyFile },
    });
  }, 90_000);
  afterAll(async () => {
    rmSync(certificate.folder, { recursive: true });
    await closeVaults();
  }, 60_000);

  test.each([
    ["HTTP/1.1", http1Client],
    ["HTTP/2", http2Client],
  ])("carries the JSON surface over %s", async (_version, clientOf) => {
    const client = clientOf(vault.host, vault.port, certificate.cert);
    const token = await vault.token("admin", "ZEQ-ADMIN");
    const body = { name: "over-tls", value: "v", boundZid: "ZEQ-TLS" };
    const answer = await client.send("POST", "/api/zsc/set", { token, body });
    expect([answer.status, answer.json]).toEqual([200, { ok: true, name: "over-tls" }]);
    client.close();
  });

  test.each(rpcClients)("carries a read through %s", async (_name, open) => {
    const client = open({ host: vault.host, port: vault.port, ca: certificate.cert });
    const token = await vault.token("caller", "ZEQ-TLS");
    const outcome = await client.call(ZeqContext.method.read, { name: "over-tls" }, { token });
    expect(outcome.message?.value).toBe("v");
    client.close();
  });

  test("carries the command line once that knows the authority", async () => {
    const url = `https://${vault.host}:${vault.port}`;
    const env = { ZSC_TOKEN: await vault.token("admin", "ZEQ-ADMIN") };
    expect(await runZsc(["context", "list", "--url", url], env)).toMatchObject({
      code: 8,
      stdout: "",
      stderr: expect.stringContaining("of an authority that is not known here\n  next: --ca-file FILE"),
    });
    const known = await runZsc(["context", "list", "--url", url, "--ca-file", certificate.certFile, "--json"], env);
    expect(known).toMatchObject({ code: 0, stderr: "", stdout: expect.stringContaining('"ok":true') });
    const none = await runZsc(["context", "list", "--url", url, "--ca-file", "/no/such"], env);
    expect(none).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^zsc: the CA file \/no\/such cannot be read \(ENOENT\)\n {2}next: /),
    });
  }, 60_000);

  test("does not speak TLS 1.1", async () => {
    const socket = connect({
      host: vault.host,
      port: vault.port,
      ca: certificate.cert,
      minVersion: "TLSv1.1",
      maxVersion: "TLSv1.1",
      ciphers: "DEFAULT@SECLEVEL=0",
    });
    const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
    expect(error.code).toMatch(/PROTOCOL|ECONNRESET/);
  });

  test("does not answer plain text, and goes on serving", async () => {
    const socket = connectPlain(vault.port, vault.host);
    let answer = "";
    socket.on("data", (chunk: Buffer) => {
      answer += chunk.toString("latin1");
    });
    socket.on("error", () => undefined);
    socket.write("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
    await once(socket, "close");
    expect(answer).not.toContain("HTTP/1.1 200");
    const client = http1Client(vault.host, vault.port, certificate.cert);
    expect((await client.send("GET", "/readyz")).status).toBe(200);
    client.close();
  });
});
