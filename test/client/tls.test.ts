import { once } from "node:events";
import { readFileSync, rmSync } from "node:fs";
import http2 from "node:http2";
import { type AddressInfo, createServer } from "node:net";
import { TLSSocket } from "node:tls";
import { createZscClient, type TlsOptions, ZscError } from "../../src/client/index.ts";
import { makeCertificate } from "../e2e/support/certificate.ts";
import { answerRead } from "./gateway.ts";

const certificate = makeCertificate("IP:127.0.0.1,DNS:vault.internal");
const key = readFileSync(certificate.keyFile, "utf8");
const { cert } = certificate;

/** A server that shows the certificate, and wants one of its callers that it knows. */
const server = http2.createSecureServer({ cert, key, ca: cert, requestCert: true, rejectUnauthorized: false });
const seen: unknown[] = [];
server.on("stream", (stream) => {
  const socket = stream.session?.socket;
  seen.push(socket instanceof TLSSocket && [socket.authorized, socket.servername ?? false]);
  answerRead(stream);
});
let port = 0;
beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.close();
  rmSync(certificate.folder, { recursive: true });
});

const read = (tls: TlsOptions, baseUrl = `https://127.0.0.1:${port}`) =>
  createZscClient({ baseUrl, token: "t", env: { name: "own" }, tls })
    .read("name")
    .catch((error: unknown) => (error instanceof ZscError ? error.code : error));

describe("tls", () => {
  test("knows the authorities that it is given, and no others", async () => {
    expect(await read({ ca: cert })).toBe("the value");
    expect(await read({})).toBe("UNAVAILABLE");
    expect(seen).toEqual([[false, false]]);
  });

  test("shows a certificate of its own", async () => {
    expect(await read({ ca: cert, cert, key })).toBe("the value");
    expect(seen.at(-1)).toEqual([true, false]);
  });

  test("expects the name that it is told", async () => {
    expect(await read({ ca: cert, serverName: "vault.internal" })).toBe("the value");
    expect(seen.at(-1)).toEqual([false, "vault.internal"]);
    expect(await read({ ca: cert, serverName: "another.internal" })).toBe("UNAVAILABLE");
  });

  test("gives a connection up that is not made within 5 s", async () => {
    const silent = createServer(() => undefined).listen(0, "127.0.0.1");
    await once(silent, "listening");
    expect(await read({}, `https://127.0.0.1:${(silent.address() as AddressInfo).port}`)).toBe("UNAVAILABLE");
    silent.close();
  }, 20_000);
});
