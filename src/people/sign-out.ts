import type { Operation } from "../ledger/index.ts";
import { type Asked, callOperation } from "./events.ts";
import { revokedTokens } from "./tables.ts";

/** Signs out the token with which this is called. */
export function logout(asked: Asked): Operation<void> {
  const { sub, jti } = asked.credential;
  return callOperation({
    asked,
    action: "auth.logout",
    subject: {
      type: sub.startsWith("agent:") ? "agent" : "user",
      id: sub.slice(sub.indexOf(":") + 1),
      originId: sub,
      details: {},
    },
    needs: jti === null ? [] : [{ table: revokedTokens, lookup: "jti", by: [jti] }],
    decide() {
      if (jti === null) {
        throw new Error("a key cannot be signed out");
      }
      return { value: undefined, changes: [{ kind: "append", table: revokedTokens, draft: 0 }], details: { jti } };
    },
  });
}
