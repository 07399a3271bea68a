import { VaultError } from "../base/index.ts";

/**
 * Gives an `Idempotency-Key` back when it is one: 1 to 255 visible ASCII characters, which are compared byte by byte.
 *
 * @throws VaultError `INVALID_ARGUMENT`.
 */
export function parseIdempotencyKey(text: string): string {
  if (!/^[!-~]{1,255}$/.test(text)) {
    throw new VaultError("INVALID_ARGUMENT", "Idempotency-Key must be 1 to 255 visible ASCII characters");
  }
  return text;
}
