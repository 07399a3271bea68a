import { isZid, systemZid } from "../../../base/index.ts";
import { usage } from "../../failure.ts";
import { failureOnMachine } from "./machine.ts";

/** An e-mail as it is compared. @throws CliFailure */
export async function emailOf(text: string): Promise<string> {
  const { parseEmail } = await import("../../../people/index.ts");
  try {
    return parseEmail(text);
  } catch (error) {
    throw failureOnMachine(error);
  }
}

/** Whose a user is on ZSC's own surface. @throws CliFailure */
export function zidOf(text: string): string {
  if (text === systemZid) {
    throw usage(`${systemZid} is the vault's own ZID, and no user's`, "a ZID such as ZEQ-ANN");
  }
  if (!isZid(text)) {
    throw usage("a ZID is 1 to 128 bytes of text without control characters and |", "a ZID such as ZEQ-ANN");
  }
  return text;
}
