import type { Code } from "@connectrpc/connect";
import type { Authenticator } from "../../auth/index.ts";
import type { VaultErrorCode } from "../../base/index.ts";
import type { CallOrigin, JsonSurface, Page, ServiceBinding } from "../../transport/index.ts";
import type { AccessTable } from "./access.ts";

/** How one error looks on the wire. */
export interface Status {
  readonly grpc: Code;
  readonly http: number;
}

/** One API of the vault: what it serves, to whom, and how its errors look. Add one as a folder beside `zsc/`. */
export interface Surface {
  readonly services: readonly ServiceBinding[];
  /** Who it is that calls. Absent: a token of ZSC, in a header or in the cookie. */
  readonly authenticator?: Authenticator;
  /** The address of a caller, for surfaces with an authenticator of their own that record or judge it. */
  readonly clientAddress?: (from: CallOrigin) => string;
  /** Who may call what. A method of `services` without an entry keeps the server from starting. */
  readonly access: AccessTable;
  /** The status of each error; its code is the `reason` of `google.rpc.ErrorInfo`. */
  readonly status: Readonly<Record<VaultErrorCode, Status>>;
  /** The `domain` of `google.rpc.ErrorInfo`. */
  readonly errorDomain: string;
  /** The dialect of its JSON routes. */
  readonly json?: JsonSurface;
  /** Resources outside of any schema. */
  readonly pages?: readonly Page[];
}
