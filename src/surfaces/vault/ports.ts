import type { HandlerContext } from "@connectrpc/connect";
import type { JudgePassword, PasswordHasher, SessionTokens } from "../../auth/index.ts";
import type { Clock, Readiness } from "../../base/index.ts";
import type { Reader } from "../../ledger/index.ts";
import type { Asked } from "../../people/index.ts";
import type { Sealer } from "../../sealing/index.ts";
import { addressOf, type KernelPorts, principalOf } from "../kernel/index.ts";

/** What the handlers of the vault surface depend on. */
export interface VaultPorts extends KernelPorts {
  readonly sealer: Sealer;
  readonly reader: Reader;
  readonly clock: Clock;
  /** The organisation, with its UUID. Rejects while the database is away. */
  organisation(): Promise<{ readonly id: string; readonly tokens: SessionTokens }>;
  /** Tells requests apart, under a key of the vault: what was in them cannot be guessed from it. */
  fingerprint(text: string, bytes: Uint8Array): string;
  readonly passwords: PasswordHasher & { readonly judge: JudgePassword };
  /** Whether anybody may make himself a user. */
  readonly signUpIsOpen: boolean;
  readonly userTokenSeconds: number;
  readonly agentTokenSeconds: number;
  /** Never rejects. */
  readiness(): Promise<Pick<Readiness, "ready">>;
  readonly serverVersion: string;
}

/** Who asks. */
export function askedIn({ values }: HandlerContext): Asked {
  const principal = principalOf(values);
  if (principal.role !== "person") {
    throw new Error("a caller of another surface");
  }
  return { credential: principal.credential, address: addressOf(values) };
}
