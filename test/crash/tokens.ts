import { randomBytes } from "node:crypto";
import { mintToken } from "../../src/auth/own-tokens.ts";
import { systemClock } from "../../src/base/clock.ts";
import type { TokenRole } from "../../src/base/principal.ts";

/** The keys of one vault, as an operator would make them. */
export interface Keys {
  readonly masterKey: string;
  readonly jwtSecret: string;
}

export function freshKeys(): Keys {
  return { masterKey: randomBytes(32).toString("hex"), jwtSecret: randomBytes(48).toString("base64") };
}

/** Mints tokens, and keeps those of ZIDs that come again. */
export interface Tokens {
  /** For one call: an admin whose ZID is the call's label, so that its row can be found. */
  forAdmin(label: string): Promise<string>;
  forReader(zid: string): Promise<string>;
}

const systemZid = "ZEQ-SYS";

export function createTokens({ jwtSecret }: Keys): Tokens {
  const secret = Buffer.from(jwtSecret, "utf8");
  const kept = new Map<string, Promise<string>>();
  const mint = (role: TokenRole, zid: string) =>
    mintToken({ secret, issuer: "zsc", audience: "zsc", zid, role, ttlMs: 3_600_000, clock: systemClock });
  return {
    forAdmin: (label) => mint("admin", label),
    forReader(zid) {
      const known = kept.get(zid) ?? mint(zid === systemZid ? "system" : "caller", zid);
      kept.set(zid, known);
      return known;
    },
  };
}
