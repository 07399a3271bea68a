import { once } from "node:events";
import { rmSync } from "node:fs";
import { connect as connectPlain, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { makeCertificate } from "./support/certificate.ts";
import { closeVaults, openVault, type Vault } from "./support/vault.ts";

const certificate = makeCertificate();

const paths = [
  "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
  "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
  "/grpc.health.v1.Health/Watch",
  "/grpc.health.v1.Health/Check",
  "/zsc.v1.ZeqContext/Read",
  "/zsc.v1.ZscAdmin/List",
  "/api/zsc/list",
  "/api/zsc/set",
  "/healthz",
  "/readyz",
  "/nowhere",
];

/** Requests that are complete, half sent, or wait for something, each two and three times in a row. */
const requests = paths.flatMap((path) =>
  [
    `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`,
    `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/grpc-web+proto\r\nContent-Length: 5\r\n\r\n\0\0\0\0\0`,
    `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/connect+proto\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n\0\0\0\0\0\r\n`,
    `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{}`,
    `POST ${path} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n`,
  ].flatMap((request) => [request.repeat(2), request.repeat(3)]),
);

/** What is spoken on, and the TCP connection below it. */
interface Spoken {
  readonly socket: Socket;
  readonly wire: Socket;
}

const farewells: Readonly<Record<string, (spoken: Spoken) => void>> = {
  "closed in order": ({ socket }) => socket.end(),
  "closed at once": ({ wire }) => wire.destroy(),
  reset: ({ wire }) => wire.resetAndDestroy(),
};

describe.each(["plain text", "TLS"])("a pipeline of HTTP/1.1 over %s that is cut off", (kind) => {
  let vault: Vault;
  beforeAll(async () => {
    const tls = { ZSC_TLS_CERT_FILE: certificate.certFile, ZSC_TLS_KEY_FILE: certificate.keyFile };
    vault = await openVault({ env: kind === "TLS" ? tls : {} });
  }, 90_000);
  afterAll(async () => {
    await closeVaults();
    if (kind === "TLS") {
      rmSync(certificate.folder, { recursive: true });
    }
  }, 60_000);

  async function open(): Promise<Spoken> {
    const wire = connectPlain(vault.port, vault.host);
    const socket = kind === "TLS" ? connectTls({ socket: wire, rejectUnauthorized: false }) : wire;
    for (const one of [wire, socket]) {
      one.on("error", () => undefined);
    }
    socket.resume();
    await once(socket, kind === "TLS" ? "secureConnect" : "connect");
    return { socket, wire };
  }

  test.each(Object.entries(farewells))("costs its own connection and nothing else when %s", async (_how, leave) => {
    for (const request of requests) {
      const spoken = await open();
      const { socket } = spoken;
      socket.write(request);
      // Some of them are never answered: then there is nothing that could be waited for.
      await Promise.race([once(socket, "data").catch(() => undefined), sleep(25)]);
      leave(spoken);
      await Promise.race([once(socket, "close").catch(() => undefined), sleep(25)]);
      spoken.wire.destroy();
    }
    const { socket } = await open();
    socket.write("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    expect(String(await once(socket, "data"))).toMatch(/^HTTP\/1\.1 200 /);
    expect(vault.process.hasEnded()).toBe(false);
    expect(vault.process.stderr()).toBe("");
    expect(vault.process.log().filter(({ level }) => level === "error")).toEqual([]);
  });
});
