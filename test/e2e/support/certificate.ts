import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
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

/** A certificate for 127.0.0.1 that `authority` has signed, followed by the authority's own: a chain, with its key. */
export function issue(authority: Certificate, days: number): { readonly cert: string; readonly key: string } {
  const path = (name: string) => join(authority.folder, name);
  const [request, extensions, cert, key] = [path("leaf.csr"), path("leaf.ext"), path("leaf.pem"), path("leaf.key")];
  writeFileSync(extensions, "subjectAltName=IP:127.0.0.1\n");
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key];
  execFileSync("openssl", ["req", ...newKey, "-subj", "/CN=leaf", "-out", request], { stdio: "pipe" });
  const signed = ["-CA", authority.certFile, "-CAkey", authority.keyFile, "-set_serial", "2", "-extfile", extensions];
  execFileSync("openssl", ["x509", "-req", "-days", String(days), "-in", request, ...signed, "-out", cert], {
    stdio: "pipe",
  });
  return { cert: `${readFileSync(cert, "utf8")}${authority.cert}`, key: readFileSync(key, "utf8") };
}
