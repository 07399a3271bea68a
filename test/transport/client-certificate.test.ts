import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect, createServer, type TLSSocket } from "node:tls";
import { certificateOf } from "../../src/transport/http/peer.ts";
import { makeCertificate } from "../e2e/support/certificate.ts";

const [server, client, stranger] = [makeCertificate(), makeCertificate(), makeCertificate()];

/** What the server's side sees of a client that shows this certificate, or none. */
async function seen(shown: typeof client | undefined) {
  const listener = createServer({
    ...{ cert: server.cert, key: readFileSync(server.keyFile), ca: client.cert },
    ...{ requestCert: true, rejectUnauthorized: false },
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const address = listener.address();
  const accepted = new Promise<TLSSocket>((resolve) => listener.once("secureConnection", resolve));
  const socket = connect({
    ...{ host: "127.0.0.1", port: typeof address === "object" ? (address?.port ?? 0) : 0, ca: server.cert },
    ...(shown === undefined ? {} : { cert: shown.cert, key: readFileSync(shown.keyFile) }),
  });
  socket.on("error", () => undefined);
  try {
    return certificateOf(await accepted);
  } finally {
    socket.destroy();
    listener.close();
  }
}

test("a verified client certificate is told by subject and fingerprint", async () => {
  const { subject, fingerprint256 } = new X509Certificate(client.cert);
  expect(await seen(client)).toEqual({ subject, fingerprint256 });
});

test("none, one that nobody has signed, and plain text are no certificate", async () => {
  expect([await seen(undefined), await seen(stranger), certificateOf(undefined)]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
