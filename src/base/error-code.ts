/**
 * The `code` of a system or library error, such as `ENOENT`; undefined when it has none. Checks the shape, not the
 * class: `instanceof` fails for errors from another realm.
 */
export function errorCode(error: unknown): string | undefined {
  const hasCode = typeof error === "object" && error !== null && "code" in error;
  return hasCode && typeof error.code === "string" ? error.code : undefined;
}
