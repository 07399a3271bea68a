import type { Role } from "../../base/index.ts";
/** The roles that may call a method; `public`: any client, with or without a token. */
export type Access = readonly Role[] | "public";

/** The access of every served method, by its full name. A method that is not in a table cannot be served. */
export type AccessTable = Readonly<Record<string, Access>>;

/** The services that every port serves besides ZSC's own. */
export const portAccess: AccessTable = {
  "grpc.health.v1.Health/Check": "public",
  "grpc.health.v1.Health/List": "public",
  "grpc.health.v1.Health/Watch": "public",
  "grpc.reflection.v1.ServerReflection/ServerReflectionInfo": "public",
  "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": "public",
};

/**
 * The entry of a method.
 *
 * @throws Error when there is none, or more than one
 */
export function accessOf(tables: readonly AccessTable[], fullName: string): Access {
  const [access, ...more] = tables.flatMap((table) => (Object.hasOwn(table, fullName) ? [table[fullName]] : []));
  if (access === undefined || more.length > 0) {
    throw new Error(
      `${fullName} must have one entry that says who may call it, and has ${access ? "several" : "none"}`,
    );
  }
  return access;
}
