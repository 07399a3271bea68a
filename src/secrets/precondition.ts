import { VaultError } from "../base/index.ts";
import type { Secret } from "./secret.ts";

/** What a change asks of the secret as it is, decided under the lock: of two writers that saw the same, one is refused. */
export interface Precondition {
  /** It has this version. */
  readonly ifVersion?: number | undefined;
  /** There is none of that name. Only of a set. */
  readonly createOnly?: boolean;
}

/** The refusal when a precondition is not met; undefined when it is. */
export function unmet({ ifVersion, createOnly = false }: Precondition, before: Secret | undefined) {
  if (createOnly && before !== undefined) {
    return new VaultError("CONFLICT", "there is a secret of that name");
  }
  if (ifVersion !== undefined && before?.version !== ifVersion) {
    const is = before === undefined ? "there is no secret of that name" : `the secret is of version ${before.version}`;
    return new VaultError("CONFLICT", is);
  }
  return undefined;
}
