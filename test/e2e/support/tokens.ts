import { randomBytes } from "node:crypto";
import { mintToken } from "../../../src/auth/own-tokens.ts";
import { systemClock } from "../../../src/base/clock.ts";
import type { TokenRole } from "../../../src/base/principal.ts";

/** The keys of one vault, as an operator would make them. */
export interface Keys {
  readonly masterKey: string;
  readonly jwtSecret: string;
}

export function freshKeys(): Keys {
  return { masterKey: randomBytes(32).toString("hex"), jwtSecret: randomBytes(48).toString("base64") };
}

export async function tokenOf(jwtSecret: string, role: TokenRole, zid: string, ttlMs = 3_600_000): Promise<string> {
  const secret = Buffer.from(jwtSecret, "utf8");
  return await mintToken({ secret, issuer: "zsc", audience: "zsc", zid, role, ttlMs, clock: systemClock });
}
