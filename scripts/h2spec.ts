// Runs h2spec against the port, in plain text and over TLS, strict cases too: generic, HTTP/2 (RFC 7540) and HPACK. It
// is a Go program; it is installed on the first run. Arguments go to it: npm run h2spec -- http2/5.1 -v
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync } from "node:fs";
import { createServer, type ServerOptions } from "../src/transport/index.ts";
import { makeCertificate } from "../test/e2e/support/certificate.ts";
import { installGoProgram } from "./go-program.ts";

const program = installGoProgram("github.com/summerwind/h2spec/cmd/h2spec", "v2.2.1+incompatible");
const certificate = makeCertificate();
let failed = 0;
try {
  await judge("plain text", undefined, []);
  const tls = { cert: certificate.cert, key: readFileSync(certificate.keyFile, "utf8") };
  await judge("TLS", tls, ["--tls", "--insecure"]);
} finally {
  rmSync(certificate.folder, { recursive: true });
}
console.log(failed === 0 ? "h2spec: all cases passed, in plain text and over TLS" : `h2spec: ${failed} runs failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** One run against a server of its own. */
async function judge(over: string, tls: ServerOptions["tls"], args: readonly string[]): Promise<void> {
  console.log(`\nh2spec, ${over}`);
  const ready = async () => ({ ready: true, durable: true });
  const server = createServer({ services: [], health: { ready }, ...(tls === undefined ? {} : { tls }) });
  const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
  const all = ["--strict", "--port", String(port), "--path", "/healthz", ...args, ...process.argv.slice(2)];
  const run = spawn(program, all, { stdio: "inherit" });
  const [code] = await once(run, "exit");
  failed += code === 0 ? 0 : 1;
  await server.close(1_000);
}
