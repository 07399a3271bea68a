import { createPrivateKey, X509Certificate } from "node:crypto";
import { Plaintext } from "../base/index.ts";
import type { TlsConfig } from "./config.ts";
import type { Settings } from "./settings.ts";

/** The server's certificate and key: both or neither, and they must match. */
export function readTls(settings: Settings): TlsConfig | undefined {
  const names = ["ZSC_TLS_CERT_FILE", "ZSC_TLS_KEY_FILE"] as const;
  const missing = names.filter((name) => settings.text(name) === undefined);
  if (missing.length === names.length) {
    return undefined;
  }
  if (missing.length > 0) {
    settings.problem(`${missing.join(", ")} must be set too, or neither of ZSC_TLS_*_FILE`);
  }
  const cert = settings.file("ZSC_TLS_CERT_FILE", { isSecret: false });
  const key = settings.file("ZSC_TLS_KEY_FILE", { isSecret: true });
  if (cert === undefined || key === undefined) {
    return undefined;
  }
  if (!belongTogether(cert, key)) {
    settings.problem("ZSC_TLS_CERT_FILE and ZSC_TLS_KEY_FILE must be a certificate and its key, unencrypted, in PEM");
  }
  return { cert, key: Plaintext.fromString(key) };
}

function belongTogether(cert: string, key: string): boolean {
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}
