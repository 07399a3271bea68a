import { isSecretName } from "../../base/index.ts";

const unsafeSlash = /^\/|\/\/|\/$/;
const dotSegment =
  /(?:^|[/\\]|%(?:25)*(?:2[fF]|5[cC]))(?:[.]|%(?:25)*2[eE]){1,2}(?:;[^/\\]*)?(?:[/\\]|%(?:25)*(?:2[fF]|5[cC])|$)/;

/** Whether the vault lets a secret of this name be set (`new_secret_name` in proto/zsc/v1/rules.proto). */
export function isNewSecretName(name: string): boolean {
  return isSecretName(name) && !unsafeSlash.test(name) && !dotSegment.test(name);
}

const maxShown = 255;

/** A name as an outcome tells it: whatever an input holds, of bounded length and well-formed. */
export function shownName(name: string): string {
  return (name.length <= maxShown ? name : `${name.slice(0, maxShown)}…`).toWellFormed();
}
