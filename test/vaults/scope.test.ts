import fc from "fast-check";
import { splitPath } from "../../src/vaults/path.ts";
import { isUnderCeiling, parseScopes } from "../../src/vaults/scope.ts";
import { isMatch, paths, patterns } from "./pattern-model.ts";
import { refusal } from "./refusal.ts";

const covers = (scopes: readonly string[], path: string) => isUnderCeiling(parseScopes(scopes), splitPath(path));

describe("scopes", () => {
  test.each<[readonly string[]]>([
    [[]],
    [["*"]],
    [["vaults:read"]],
    [["vaults:read", "secrets:write"]],
    [[":"]],
    [["*:*"]],
    [["prod/**", "*"]],
    [["*", "prod/db"]],
    [["vaults:read", "*"]],
  ])("%j are no ceiling", (scopes) => {
    expect(parseScopes(scopes)).toBeNull();
    expect(covers(scopes, "a/b")).toBe(true);
  });

  test.each<[readonly string[], string, boolean]>([
    [["**"], "a/b", true],
    [["prod/**"], "prod/db", true],
    [["prod/**"], "prod", true],
    [["prod/**"], "test/db", false],
    [["prod/*", "test/db"], "test/db", true],
    [["prod/*", "test/db"], "test/x", false],
    [["*/db"], "prod/db", true],
    [["*/*"], "prod", false],
    // What looks like a scope of the API, without its colon, is a path like any other.
    [["read"], "read", true],
    [["read"], "a", false],
    // A scope that is none of paths opens nothing beside one that is.
    [["vaults:read", "prod/*"], "prod/db", true],
    [["vaults:read", "prod/*"], "test/db", false],
    [["prod/*:read"], "test/db", true],
  ])("%j cover %s: %s", (scopes, path, covered) => expect(covers(scopes, path)).toBe(covered));

  test.each<[string, readonly string[]]>([
    ["an empty one", [""]],
    ["a star within a segment", ["prod*"]],
    ["a leading slash", ["/prod"]],
    ["a space", ["prod/*", "a b"]],
    ["one beside everything", ["*", "a//b"]],
  ])("refuse %s", (_what, scopes) => {
    expect(refusal(() => parseScopes(scopes))).toMatch(/^pattern must be segments of/);
  });

  test("are bounded in number and length", () => {
    expect(parseScopes(Array(100).fill("a"))).toHaveLength(100);
    expect(refusal(() => parseScopes(Array(101).fill("a")))).toBe("too many scopes (>100)");
    expect(parseScopes([`${"v".repeat(1_023)}:`])).toBeNull();
    const message = "a scope must be well-formed text of at most 1024 characters";
    expect(refusal(() => parseScopes([`${"v".repeat(1_024)}:`]))).toBe(message);
    expect(refusal(() => parseScopes(["\ud800:"]))).toBe(message);
  });

  test("cover what one of them matches, and all when one is a single star", () => {
    const scopes = fc.array(fc.oneof(patterns, fc.constantFrom("*", "vaults:read", "a:*")), { maxLength: 4 });
    fc.assert(
      fc.property(scopes, paths, (texts, path) => {
        const ofPaths = texts.filter((text) => text.indexOf(":") < 0);
        const covered =
          ofPaths.length === 0 || ofPaths.some((text) => text === "*" || isMatch(text.split("/"), path.split("/")));
        expect(covers(texts, path)).toBe(covered);
      }),
      { numRuns: 3_000 },
    );
  });
});
