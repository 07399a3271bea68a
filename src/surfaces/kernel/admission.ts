import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { type ContextValues, createContextKey } from "@connectrpc/connect";
import { type Authenticator, bearerToken, cookieToken, forbidden, unauthenticated } from "../../auth/index.ts";
import { type Principal, type Role, randomUuid, VaultError } from "../../base/index.ts";
import type { CallHeader, CallOrigin } from "../../transport/index.ts";
import { type AccessTable, accessOf } from "./access.ts";
import { isCrossSite } from "./cross-site.ts";

const principalKey = createContextKey<Principal | undefined>(undefined, { description: "who is calling" });

const requestIdKey = createContextKey("", { description: "names the call in the log" });

/** The caller's `x-request-id` if it is safe to log, else a generated one. */
export function requestIdOf(values: ContextValues): string {
  return values.get(requestIdKey);
}

const addressKey = createContextKey("", { description: "where the call came from" });

/** The address of the caller, of surfaces that say how it is found; empty when it is not known. */
export function addressOf(values: ContextValues): string {
  return values.get(addressKey);
}

/** The authenticated caller. MUST NOT be called before `admit`. */
export function principalOf(values: ContextValues): Principal {
  const principal = values.get(principalKey);
  if (principal === undefined) {
    throw new Error("a call that was not admitted");
  }
  return principal;
}

/** The caller's ZID for the log, once authenticated. */
export function zidOf(values: ContextValues): string | undefined {
  return values.get(principalKey)?.zid;
}

interface Admission {
  /**
   * Must be called for every served method, before the first call.
   *
   * @throws Error when no table lists the method, or the table contradicts `isPublic`
   */
  approve(method: DescMethod, isPublic: boolean): void;
  /**
   * Authenticates, then authorizes, before the body of a call is read. Puts the principal into the context.
   *
   * @throws VaultError `UNAUTHENTICATED`, `FORBIDDEN`, `ISSUER_UNAVAILABLE`
   */
  admit(method: DescMethod, from: CallOrigin, values: ContextValues): Promise<void> | void;
}

/** How the callers of a surface of its own are known. */
interface OwnCallers {
  readonly authenticator: Authenticator;
  clientAddress?(from: CallOrigin): string;
}

/** @param ownOf the services that have an authenticator of their own; no cookie counts for them */
export function createAdmission(
  authenticator: Authenticator,
  tables: readonly AccessTable[],
  ownOf: ReadonlyMap<DescService, OwnCallers> = new Map(),
): Admission {
  const rolesOf = new Map<DescMethod, readonly Role[]>();
  return {
    approve(method, isPublic) {
      const fullName = `${method.parent.typeName}/${method.name}`;
      const access = accessOf(tables, fullName);
      if ((access === "public") !== isPublic) {
        throw new Error(`${fullName} is ${isPublic ? "" : "not "}served to everybody, and its entry says otherwise`);
      }
      if (access !== "public") {
        rolesOf.set(method, access);
      }
    },

    admit(method, from, values) {
      values.set(requestIdKey, requestIdFrom(from.header));
      const bearer = bearerToken(from.header.all("authorization"), from.peer.connection);
      const own = ownOf.size === 0 ? undefined : ownOf.get(method.parent);
      const token = bearer ?? (own === undefined ? cookieToken(from.header.all("cookie")) : undefined);
      if (token === undefined) {
        throw unauthenticated("no token");
      }
      const principal = (own?.authenticator ?? authenticator).authenticate(token, from.peer.connection);
      if (own?.clientAddress !== undefined) {
        values.set(addressKey, own.clientAddress(from));
      }
      const roles = rolesOf.get(method);
      const cookieFrom = bearer === undefined ? from : undefined;
      return principal instanceof Promise
        ? principal.then((who) => enter(who, roles, cookieFrom, values))
        : enter(principal, roles, cookieFrom, values);
    },
  };
}

/** @param cookieFrom where the call came from, when a cookie authenticates it */
function enter(
  principal: Principal,
  roles: readonly Role[] | undefined,
  cookieFrom: CallOrigin | undefined,
  values: ContextValues,
): void {
  authorize(roles, principal);
  if (cookieFrom !== undefined) {
    judgeCookie(principal, cookieFrom);
  }
  values.set(principalKey, principal);
}

function authorize(roles: readonly Role[] | undefined, { role }: Principal): void {
  if (roles?.includes(role) !== true) {
    throw forbidden("its role may not call this method");
  }
}

/** Rejects cross-site calls (CSRF): browsers attach cookies to every request, whichever site caused it. */
function judgeCookie({ role }: Principal, from: CallOrigin): void {
  if (role !== "admin") {
    throw forbidden("a cookie counts for admins only");
  }
  if (isCrossSite(from)) {
    throw new VaultError("FORBIDDEN", "cross-site request");
  }
}

function requestIdFrom(headers: Pick<CallHeader, "all">): string {
  const [given] = headers.all("x-request-id");
  return given !== undefined && /^[\w.-]{1,64}$/.test(given) ? given : randomUuid();
}
