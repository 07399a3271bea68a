import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { type Certificate, issue, makeCertificate, renew } from "../e2e/support/certificate.ts";
import { startZsc, type ZscProcess } from "../e2e/support/zsc-process.ts";
import { cleanUp, diagnose, freshUser, listen, newFolder } from "./doctor-run.ts";

describe("zsc doctor over TLS", () => {
  const user = freshUser();
  const folder = newFolder();
  let certificate: Certificate;
  let server: ZscProcess;
  let port = "";
  const start = async () => {
    const { certFile, keyFile } = certificate;
    const tls = { ZSC_TLS_CERT_FILE: certFile, ZSC_TLS_KEY_FILE: keyFile };
    server = startZsc(["serve", "--dev"], { ZSC_LISTEN: "127.0.0.1:0", ...tls }, folder);
    await server.logged("listening");
    port = new URL(JSON.parse(readFileSync(join(folder, ".zsc", "vault.json"), "utf8")).url).port;
  };
  /** From here on. */
  const useCertificate = async (days: number) => {
    const reloaded = server.log().length;
    renew(certificate, days);
    server.signal("SIGHUP");
    while (server.log().length === reloaded) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  beforeAll(async () => {
    certificate = makeCertificate();
    await start();
  }, 90_000);
  afterAll(async () => {
    await server.end();
    rmSync(certificate.folder, { recursive: true });
    cleanUp();
  });
  const doctor = (args: readonly string[], host = "127.0.0.1") =>
    diagnose(["--url", `https://${host}:${port}`, ...args], user, { cwd: newFolder() });
  const trusting = () => ["--ca-file", certificate.certFile];

  test("an end within 14 days is a warning, and one that is far off is none", async () => {
    const soon = await doctor(trusting());
    expect(soon.states.slice(2)).toEqual([
      ...["ok vault", "ok tcp", "warn tls", "ok http2", "ok server", "ok clock", "ok ready", "FAIL token"],
    ]);
    expect(soon.of("tls")?.detail).toMatch(/^certificate of IP Address:127\.0\.0\.1, from zsc test, ends 2[-\dT:.]+Z$/);
    expect(soon.of("http2")?.detail).toBe("h2, agreed on by ALPN");
    await useCertificate(90);
    expect((await doctor(trusting())).of("tls")).toMatchObject({
      ...{ state: "ok", detail: expect.stringMatching(/, ends 2[-\dT:.]+Z$/) },
    });
  }, 90_000);

  test("an authority that is not known, and a certificate of another host", async () => {
    const unknown = await doctor([]);
    expect(unknown.states.slice(2)).toEqual(["ok vault", "ok tcp", "FAIL tls", "FAIL token"]);
    expect(unknown.of("tls")).toMatchObject({
      next: "--ca-file FILE with its authority, in PEM",
      detail: expect.stringContaining("has a certificate of an authority that is not known here: certificate of"),
    });
    expect((await doctor(trusting(), "localhost")).of("tls")).toMatchObject({
      ...{ state: "FAIL", next: "check the URL" },
      detail: expect.stringContaining("has a certificate of another host: certificate of IP Address:127.0.0.1,"),
    });
    expect((await doctor(["--ca-file", join(folder, "none.pem")])).of("tls")).toMatchObject({
      ...{ state: "FAIL", detail: `the CA file ${join(folder, "none.pem")} cannot be read (ENOENT)` },
    });
    const damaged = join(newFolder(), "ca.pem");
    writeFileSync(damaged, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    expect((await doctor(["--ca-file", damaged])).of("tls")).toMatchObject({
      ...{ state: "FAIL", detail: `${damaged} holds a certificate that is damaged` },
    });
  }, 90_000);

  test("a certificate that has expired", async () => {
    await useCertificate(-1);
    expect((await doctor(trusting())).of("tls")).toMatchObject({
      ...{ state: "FAIL", next: "renew it on the vault's machine" },
      detail: expect.stringMatching(/has a certificate that has expired: .*, ended 2[-\dT:.]+Z/),
    });
  }, 90_000);

  test("a chain ends with the first of its certificates", async () => {
    const authority = makeCertificate();
    port = String(await listen(createTlsServer(issue(authority, 90))));
    expect((await doctor(["--ca-file", authority.certFile])).of("tls")).toMatchObject({
      ...{
        state: "warn",
        detail: expect.stringMatching(/^certificate of IP Address:127\.0\.0\.1, .*, ends 2[-\dT:.]+Z/),
      },
    });
    rmSync(authority.folder, { recursive: true });
  }, 60_000);

  test("a server of TLS that speaks no HTTP/2, and one that speaks no TLS", async () => {
    renew(certificate, 90);
    const pem = { cert: readFileSync(certificate.certFile), key: readFileSync(certificate.keyFile) };
    const secure = createTlsServer({ ...pem, ALPNProtocols: ["http/1.1"] }, (socket) =>
      socket.end("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello"),
    );
    port = String(await listen(secure));
    const old = await doctor(trusting());
    expect(old.states.slice(2, -1)).toEqual(["ok vault", "ok tcp", "ok tls", "FAIL http2", "FAIL server"]);
    expect(old.of("http2")?.detail).toBe(`https://127.0.0.1:${port} speaks http/1.1, and no HTTP/2`);
    port = String(await listen(createServer()));
    expect((await doctor(trusting())).of("tls")).toMatchObject({ state: "FAIL", next: "check scheme and port" });
  }, 60_000);
});
