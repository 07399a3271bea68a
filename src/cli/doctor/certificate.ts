import type { X509Certificate } from "node:crypto";
import { type Check, fail, ok, type TimeText, warn } from "./check.ts";

/** How long before its end a certificate is worth a warning. */
const renewalMs = 1_209_600_000;
const renew = "renew it on the vault's machine";

/** A chain whose signatures are not in doubt, by the first of its certificates to end. */
export function checkEnd(chain: readonly X509Certificate[], nowMs: number, timeText: TimeText): Check {
  const endsAtMs = endOf(chain);
  const detail = describeChain(chain, nowMs, timeText);
  if (endsAtMs <= nowMs) {
    return fail("tls", detail, renew);
  }
  return endsAtMs - nowMs < renewalMs ? warn("tls", detail, renew) : ok("tls", detail);
}

/** `certificate of DNS:vault.example, from Example CA, ends in 61 d (2027-01-27T08:00:00.000Z)`. */
export function describeChain(chain: readonly X509Certificate[], nowMs: number, timeText: TimeText): string {
  const [leaf] = chain;
  const endsAtMs = endOf(chain);
  const end = `${endsAtMs > nowMs ? "ends" : "ended"} ${timeText(endsAtMs)}`;
  const names = shortened(leaf?.subjectAltName ?? "no name");
  return `certificate of ${names}, from ${shortened(issuerIn(leaf?.issuer ?? ""))}, ${end}`;
}

function endOf(chain: readonly X509Certificate[]): number {
  return Math.min(...chain.map(({ validTo }) => Date.parse(validTo)));
}

/** A name of an issuer has a line for each part. */
function issuerIn(issuer: string): string {
  return /^(?:CN|O)=(.*)$/m.exec(issuer.split("\n").reverse().join("\n"))?.[1] ?? "an issuer without a name";
}

const maxShownLength = 100;

/** Certificates may have hundreds of names. */
function shortened(text: string): string {
  return text.length > maxShownLength ? `${text.slice(0, maxShownLength)}…` : text;
}
