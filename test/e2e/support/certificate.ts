import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Certificate {
  readonly folder: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** In PEM; it is its own authority. */
  readonly cert: string;
}

/** A certificate for 127.0.0.1 that has signed itself. Its folder is the caller's to remove. */
export function makeCertificate(names = "IP:127.0.0.1"): Certificate {
  const folder = mkdtempSync(join(tmpdir(), "zsc-tls-"));
  const certFile = join(folder, "cert.pem");
  const keyFile = join(folder, "key.pem");
  const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  const subject = ["-subj", "/CN=zsc test", "-addext", `subjectAltName=${names}`];
  execFileSync("openssl", [...request, ...subject, "-keyout", keyFile, "-out", certFile], { stdio: "pipe" });
  return { folder, certFile, keyFile, cert: readFileSync(certFile, "utf8") };
}

/** Signs it anew, good from now on for so many days; a negative number: it has expired. */
export function renew({ certFile, keyFile }: Certificate, days: number): void {
  const files = ["-in", certFile, "-signkey", keyFile, "-out", certFile];
  execFileSync("openssl", ["x509", "-days", String(days), ...files], { stdio: "pipe" });
}
