import { randomUUID } from "node:crypto";
import type { DescMethod } from "@bufbuild/protobuf";
import { type ContextValues, createContextKey } from "@connectrpc/connect";
import { ZscAdmin } from "#gen/zsc/v1/zsc_admin_pb.js";
import type { Authenticator } from "../auth/authenticator.ts";
import { tokenFrom } from "../auth/credentials.ts";
import { VaultError } from "../domain/errors.ts";
import type { Principal } from "../domain/principal.ts";

const principalKey = createContextKey<Principal | undefined>(undefined, { description: "who is calling" });

const requestIdKey = createContextKey("", { description: "names the call in the log" });

/** The caller's `x-request-id` when it is harmless, or one of ours. */
export function requestIdOf(values: ContextValues): string {
  return values.get(requestIdKey);
}

/** Who is calling. Only after `admit`. */
export function principalOf(values: ContextValues): Principal {
  const principal = values.get(principalKey);
  if (principal === undefined) {
    throw new Error("a call that was not admitted");
  }
  return principal;
}

/** The ZID for the log, once there is one. */
export function zidOf(values: ContextValues): string | undefined {
  return values.get(principalKey)?.zid;
}

/** The headers of a call; `all` gives each as often as it was sent. */
export interface CallHeaders {
  all(name: string): readonly string[];
}

export type Admit = (method: DescMethod, headers: CallHeaders, values: ContextValues) => Promise<void> | void;

/**
 * Authenticates, then authorizes, before anything else of a call is looked at: admins manage, callers and the system
 * read. Puts the principal into the context.
 *
 * @throws VaultError `UNAUTHENTICATED`, `FORBIDDEN`
 */
export function createAdmission(authenticator: Authenticator): Admit {
  return (method, headers, values) => {
    values.set(requestIdKey, requestIdFrom(headers));
    const token = tokenFrom({ authorization: headers.all("authorization"), cookie: headers.all("cookie") });
    if (token === undefined) {
      throw new VaultError("UNAUTHENTICATED", "unauthorized");
    }
    const principal = authenticator.authenticate(token);
    const enter = (who: Principal) => {
      authorize(method, who);
      values.set(principalKey, who);
    };
    return principal instanceof Promise ? principal.then(enter) : enter(principal);
  };
}

function authorize(method: DescMethod, { role }: Principal): void {
  const manages = method.parent.typeName === ZscAdmin.typeName;
  if (manages !== (role === "admin")) {
    throw new VaultError("FORBIDDEN", "forbidden");
  }
}

function requestIdFrom(headers: CallHeaders): string {
  const [given] = headers.all("x-request-id");
  return given !== undefined && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
}
