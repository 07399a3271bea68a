import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { loadConfig } from "../../src/config/load.ts";
import { problemsOf, production, useFolder } from "./config-fixtures.ts";

const folder = useFolder();

function makeCertificate(name: string): { cert: string; key: string } {
  const made = { cert: folder.path(`${name}.pem`), key: folder.path(`${name}.key`) };
  const subject = ["-subj", "/CN=localhost", "-days", "1", "-nodes"];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", made.key];
  execFileSync("openssl", ["req", "-x509", ...key, "-out", made.cert, ...subject], { stdio: "ignore" });
  return made;
}

describe("certificate and key", () => {
  test("are read, and the key does not print", () => {
    const { cert, key } = makeCertificate("one");
    const config = loadConfig({ ...production, ZSC_TLS_CERT_FILE: cert, ZSC_TLS_KEY_FILE: key });
    expect(config.tls?.cert).toBe(readFileSync(cert, "utf8"));
    expect(config.tls?.key.text()).toBe(readFileSync(key, "utf8"));
    expect(inspect(config, { depth: 9 })).not.toContain("PRIVATE KEY");
  });

  test("make a warning about the network needless", () => {
    const { cert, key } = makeCertificate("one");
    const env = { ...production, ZSC_LISTEN: "0.0.0.0:7777", ZSC_TLS_CERT_FILE: cert, ZSC_TLS_KEY_FILE: key };
    expect(loadConfig(env).warnings).toEqual([]);
  });

  test("must belong together", () => {
    const [one, other] = [makeCertificate("one"), makeCertificate("other")];
    const env = { ...production, ZSC_TLS_CERT_FILE: one.cert, ZSC_TLS_KEY_FILE: other.key };
    expect(problemsOf(() => loadConfig(env))).toEqual([
      expect.stringMatching(/^ZSC_TLS_CERT_FILE and ZSC_TLS_KEY_FILE must be a certificate and its key/),
    ]);
  });

  test("must be PEM", () => {
    const [cert, key] = [folder.write("cert", "canary"), folder.write("key", "canary")];
    const problems = problemsOf(() => loadConfig({ ...production, ZSC_TLS_CERT_FILE: cert, ZSC_TLS_KEY_FILE: key }));
    expect(problems).toEqual([expect.stringMatching(/^ZSC_TLS_CERT_FILE and ZSC_TLS_KEY_FILE must be/)]);
    expect(problems.join()).not.toContain("canary");
  });

  test.each(["ZSC_TLS_CERT_FILE", "ZSC_TLS_KEY_FILE"])("are refused when only %s is set", (name) => {
    const problems = problemsOf(() => loadConfig({ ...production, [name]: folder.write("pem", "x") }));
    expect(problems).toEqual([expect.stringMatching(/must be set too, or neither of ZSC_TLS_\*_FILE$/)]);
  });
});
