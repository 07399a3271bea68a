import { VaultError } from "../../src/base/errors.ts";

/** The message with which a call is refused as INVALID_ARGUMENT; any other end of it fails the test. */
export function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof VaultError && error.code === "INVALID_ARGUMENT") {
      return error.message;
    }
    throw error;
  }
  throw new Error("the call was not refused");
}

/** Whether a call is refused as INVALID_ARGUMENT. */
export function isRefused(call: () => unknown): boolean {
  try {
    call();
    return false;
  } catch (error) {
    if (error instanceof VaultError && error.code === "INVALID_ARGUMENT") {
      return true;
    }
    throw error;
  }
}
