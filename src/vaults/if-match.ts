import { VaultError } from "../base/index.ts";

/** What a PUT asks of the current version of its path. */
export interface Precondition {
  /** `If-Match`: one of these versions (none, when no tag was one that a version has), or `any`; null: nothing asked. */
  readonly match: readonly number[] | "any" | null;
  /** `If-None-Match: *`: the path has no current version. */
  readonly isNew: boolean;
}

// RFC 9110 §8.8.3, and a bare version.
const tag = String.raw`(?:W/)?"[!#-~\x80-\xff]*"|[1-9][0-9]*`;
const tags = new RegExp(`^(?:${tag})(?:[ \\t]*,[ \\t]*(?:${tag}))*$`);
const anyTag = new RegExp(tag, "g");
const versionTag = /^(?:"([1-9][0-9]*)"|([1-9][0-9]*))$/;

/**
 * Parses the two fields of a PUT, without white space at their ends; undefined: absent. `If-Match` is `*` or a list of
 * entity tags, of which `"3"`, or `3` without quotes, is version 3. A weak tag and a tag of anything else are well formed
 * and match no version (RFC 9110 §13.1.1: the comparison is strong). `If-None-Match` can only be `*`.
 *
 * @throws VaultError `INVALID_ARGUMENT` when one is malformed.
 */
export function parsePrecondition(ifMatch: string | undefined, ifNoneMatch: string | undefined): Precondition {
  if (ifNoneMatch !== undefined && ifNoneMatch !== "*") {
    throw new VaultError("INVALID_ARGUMENT", "If-None-Match must be *");
  }
  return { match: ifMatch === undefined ? null : parseIfMatch(ifMatch), isNew: ifNoneMatch !== undefined };
}

/**
 * Whether a precondition is met.
 *
 * @param current the newest version, also when it is expired, used up or disabled; null: the path is unknown or deleted
 */
export function isPreconditionMet({ match, isNew }: Precondition, current: number | null): boolean {
  const isMatch = match === null || (current !== null && (match === "any" || match.includes(current)));
  return isMatch && !(isNew && current !== null);
}

function parseIfMatch(text: string): readonly number[] | "any" {
  if (text === "*") {
    return "any";
  }
  if (!tags.test(text)) {
    throw new VaultError("INVALID_ARGUMENT", "If-Match must be *, a version or entity tags");
  }
  return [...text.matchAll(anyTag)].flatMap(([each]) => {
    const [, quoted, bare] = versionTag.exec(each) ?? [];
    const digits = quoted ?? bare;
    return digits === undefined ? [] : [Number(digits)];
  });
}
