import { CliFailure } from "../failure.ts";
import type { Connection } from "./connect.ts";
import type { ChosenToken } from "./token.ts";

/** No secret can have been meant by it. */
const probeName = "zsc-login";

/**
 * One call that needs the token, and changes nothing but the log.
 *
 * @param purpose kept in its row, where the token is a caller's
 * @throws CliFailure when the vault does not take the token
 */
export async function proveToken(connection: Connection, { role }: ChosenToken, purpose: string): Promise<void> {
  if (role === "admin") {
    await connection.call("List", ({ admin }, options) => admin.list({ pageSize: 1 }, options));
    return;
  }
  await connection
    .call("Read", ({ context }, options) => context.read({ name: probeName, purpose }, options))
    .catch((error: unknown) => {
      const isKnown = error instanceof CliFailure && ["not_found", "forbidden", "wait"].includes(error.kind);
      if (!isKnown || (error instanceof CliFailure && error.code === "FORBIDDEN")) {
        throw error;
      }
    });
}
