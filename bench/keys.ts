import { randomBytes } from "node:crypto";
import { mintToken } from "../src/auth/own-tokens.ts";
import { systemClock } from "../src/base/clock.ts";
import type { TokenRole } from "../src/base/principal.ts";
import type { Tokens } from "./calls.ts";
import { ownerZid } from "./vault-content.ts";

/** The keys of the benchmarks' vaults. */
export interface Keys {
  readonly masterKey: string;
  readonly jwtSecret: string;
}

const ttlMs = 24 * 3_600_000;

export function freshKeys(): Keys {
  return { masterKey: randomBytes(32).toString("hex"), jwtSecret: randomBytes(48).toString("base64") };
}

export async function mintTokens({ jwtSecret }: Keys): Promise<Tokens> {
  const own = { secret: Buffer.from(jwtSecret, "utf8"), issuer: "zsc", audience: "zsc" };
  const mint = (role: TokenRole, zid: string) => mintToken({ ...own, zid, role, ttlMs, clock: systemClock });
  return { reader: await mint("caller", ownerZid), admin: await mint("admin", "ZEQ-BENCH-ADMIN") };
}
