import fc from "fast-check";
import { bearerToken, cookieToken, maxCookieLength } from "../../src/auth/credentials.ts";
import { VaultError } from "../../src/base/errors.ts";

function fromHeaders(authorization: readonly string[], cookie: readonly string[] = []): string | undefined {
  return bearerToken(authorization) ?? cookieToken(cookie);
}

function expectUnauthorized(act: () => unknown): void {
  let thrown: unknown;
  try {
    act();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(VaultError);
  expect(thrown).toMatchObject({ code: "UNAUTHENTICATED", message: "unauthorized" });
}

describe("a bearer header", () => {
  test.each(["Bearer a.b.c", "bearer a.b.c", "BEARER a.b.c", "Bearer  a.b.c", " Bearer a.b.c "])(
    "gives its token: %j",
    (header) => {
      expect(fromHeaders([header])).toBe("a.b.c");
    },
  );

  test("is read anew on each connection, and when it is another one", () => {
    const [one, other] = [{}, {}];
    for (const connection of [one, one, other]) {
      expect(bearerToken(["Bearer a"], connection)).toBe("a");
      expect(bearerToken(["Bearer b"], connection)).toBe("b");
      expect(bearerToken(["Basic b"], connection)).toBeUndefined();
      expect(bearerToken([""], connection)).toBeUndefined();
      expect(bearerToken([], connection)).toBeUndefined();
      expectUnauthorized(() => bearerToken(["Bearer a b"], connection));
      expectUnauthorized(() => bearerToken(["Bearer a", "Bearer a"], connection));
    }
  });

  test("wins over the cookie, also over cookies that contradict each other", () => {
    expect(fromHeaders(["Bearer a"], ["zeq_admin=b"])).toBe("a");
    expect(fromHeaders(["Bearer a"], ["zeq_admin=b; zeq_admin=c"])).toBe("a");
  });

  test.each([
    "Bearer",
    "bearer ",
    "Bearer\ta",
    "Bearer a b",
    "Bearer a, Bearer b",
    "Bearer, Basic a",
    "Bearer: a",
    "Bearer=a",
  ])("is refused when it holds anything but one token: %j, also with a good cookie", (header) => {
    expectUnauthorized(() => fromHeaders([header]));
    expectUnauthorized(() => fromHeaders([header], ["zeq_admin=b"]));
  });

  test.each([
    "",
    "Basic dXNlcjpwdw==",
    "Negotiate YII=",
    "Digest username=x",
    "Bearera b",
    "Bearer-2 b",
    "a.b.c",
    "DPoP a.b.c",
  ])("is none, so that the cookie counts, when it is of another scheme: %j", (header) => {
    expect(fromHeaders([header])).toBeUndefined();
    expect(fromHeaders([header], ["zeq_admin=b"])).toBe("b");
  });

  test("is refused when there are two, even of the same token", () => {
    expectUnauthorized(() => fromHeaders(["Bearer a", "Bearer a"]));
    expectUnauthorized(() => fromHeaders(["Basic a", "Bearer a"]));
    expectUnauthorized(() => fromHeaders(["Basic a", ""], ["zeq_admin=b"]));
  });
});

describe("the cookie zeq_admin", () => {
  test.each<[string, readonly string[]]>([
    ["alone", ["zeq_admin=a.b.c"]],
    ["among others", ["theme=dark; zeq_admin=a.b.c; lang=de"]],
    ["without spaces", ["theme=dark;zeq_admin=a.b.c;lang=de"]],
    ["twice the same", ["zeq_admin=a.b.c; zeq_admin=a.b.c"]],
    ["in a second header", ["theme=dark", "zeq_admin=a.b.c"]],
    ["twice the same in two headers", ["zeq_admin=a.b.c", "zeq_admin=a.b.c"]],
    ["beside names that resemble it", ["zeq_admin2=x; xzeq_admin=y; ZEQ_ADMIN=z; zeq_admin=a.b.c; zeq_admin"]],
  ])("gives its token: %s", (_what, cookie) => {
    expect(fromHeaders([], cookie)).toBe("a.b.c");
  });

  test.each<[string, readonly string[]]>([
    ["two different", ["zeq_admin=a; zeq_admin=b"]],
    ["two different in two headers", ["zeq_admin=a", "zeq_admin=b"]],
    ["one and an empty one", ["zeq_admin=a; zeq_admin="]],
    ["three, of which one differs", ["zeq_admin=a; zeq_admin=a; zeq_admin=A"]],
  ])("is refused: %s", (_what, cookie) => {
    expectUnauthorized(() => fromHeaders([], cookie));
  });

  test("keeps what follows the first equals sign", () => {
    expect(fromHeaders([], ["zeq_admin=a=b=="])).toBe("a=b==");
  });

  test.each<[string, readonly string[]]>([
    ["no header", []],
    ["an empty header", [""]],
    ["other cookies", ["theme=dark; zeq_admin2=x"]],
    ["an empty one", ["zeq_admin="]],
    ["a name without a value", ["zeq_admin"]],
  ])("is absent: %s", (_what, cookie) => {
    expect(fromHeaders([], cookie)).toBeUndefined();
  });

  test.each<[string, readonly string[]]>([
    ["in one header", [`${";".repeat(maxCookieLength)}zeq_admin=a`]],
    ["in one header, behind the token", [`zeq_admin=a${";".repeat(maxCookieLength)}`]],
    ["in many headers", [...Array<string>(100).fill(";".repeat(100)), "zeq_admin=a"]],
    ["of another name", [`theme=${"x".repeat(maxCookieLength)}`]],
  ])("is refused where all cookies are over their bound together: %s", (_what, cookie) => {
    expectUnauthorized(() => fromHeaders([], cookie));
    expect(fromHeaders(["Bearer a.b.c"], cookie)).toBe("a.b.c");
  });

  test("is found at the very end of what is looked at", () => {
    const pair = "zeq_admin=a.b.c";
    expect(fromHeaders([], [";".repeat(maxCookieLength - pair.length) + pair])).toBe("a.b.c");
    expect(fromHeaders([], [";".repeat(maxCookieLength - pair.length), pair])).toBe("a.b.c");
  });

  test("is found among any other cookies, wherever it stands", () => {
    const anyToken = fc.stringMatching(/^[\w-]{1,20}\.[\w-]{1,20}\.[\w-]{1,20}$/);
    const other = fc.tuple(fc.stringMatching(/^[a-y_]{1,8}$/), fc.stringMatching(/^[ -:<-~]{0,12}$/));
    const others = fc.array(other, { maxLength: 5 });
    fc.assert(
      fc.property(anyToken, others, others, fc.boolean(), (token, before, after, split) => {
        const pairs = [...before, ["zeq_admin", token] as const, ...after].map(([name, value]) => `${name}=${value}`);
        expect(fromHeaders([], split ? pairs : [pairs.join("; ")])).toBe(token);
      }),
    );
  });

  test("is read from any bytes without another failure than the one refusal", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" })), fc.array(fc.string()), (cookie, authorization) => {
        try {
          fromHeaders(authorization, cookie);
        } catch (error) {
          expect(error).toMatchObject({ code: "UNAUTHENTICATED", message: "unauthorized" });
        }
      }),
    );
  });
});
