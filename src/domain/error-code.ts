/**
 * The `code` of an error of the system or of a library, such as `ENOENT`; undefined when it has none. By its shape, not
 * its class: errors come from several realms.
 */
export function errorCode(error: unknown): string | undefined {
  const hasCode = typeof error === "object" && error !== null && "code" in error;
  return hasCode && typeof error.code === "string" ? error.code : undefined;
}
