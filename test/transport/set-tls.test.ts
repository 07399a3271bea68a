import { once } from "node:events";
import { readFileSync, rmSync } from "node:fs";
import { connect, type TLSSocket } from "node:tls";
import { makeCertificate } from "../e2e/support/certificate.ts";
import { startEcho } from "./echo-server.ts";

const certificates = [makeCertificate(), makeCertificate()] as const;
const [first, second] = certificates.map(({ cert, keyFile }) => ({ cert, key: readFileSync(keyFile, "utf8") })) as [
  { cert: string; key: string },
  { cert: string; key: string },
];
afterAll(() => {
  for (const { folder } of certificates) {
    rmSync(folder, { recursive: true });
  }
});

async function open(port: number, ca: string): Promise<TLSSocket> {
  const socket = connect({ host: "127.0.0.1", port, ca });
  await once(socket, "secureConnect");
  return socket;
}

async function ask(socket: TLSSocket): Promise<string> {
  socket.write("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
  return String((await once(socket, "data"))[0]);
}

test("another certificate is for new connections, and those that are open go on", async () => {
  const { server, port } = await startEcho({ tls: first });
  const before = await open(port, first.cert);
  server.setTls(second);
  const after = await open(port, second.cert);
  await expect(open(port, first.cert)).rejects.toThrow();
  expect(await ask(before)).toMatch(/ 200 /);
  expect(await ask(after)).toMatch(/ 200 /);
  expect(after.getProtocol()).toBe("TLSv1.3");
  before.destroy();
  after.destroy();
  await server.close(0);
});

test.each([
  ["a key of another certificate", { cert: first.cert, key: second.key }],
  ["no certificate", { cert: "x", key: first.key }],
  ["no key", { cert: first.cert, key: "" }],
])("%s is refused, and the old stays", async (_what, bad) => {
  const { server, port } = await startEcho({ tls: first });
  expect(() => server.setTls(bad)).toThrow();
  const socket = await open(port, first.cert);
  expect(await ask(socket)).toMatch(/ 200 /);
  socket.destroy();
  await server.close(0);
});

test("a port that speaks plain text takes no certificate", async () => {
  const { server } = await startEcho();
  expect(() => server.setTls(first)).toThrow("plain text");
  await server.close(0);
});
