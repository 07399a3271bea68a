import { generateKeyPairSync, type KeyObject } from "node:crypto";
import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { createAuthenticator } from "../../src/auth/authenticator.ts";
import type { IssuerState } from "../../src/auth/issuer-keys.ts";
import { until } from "../support/until.ts";
import {
  failureOf,
  goodClaims,
  type HandClock,
  handClock,
  hmacToken,
  nowSeconds,
  reasonOf,
  secret,
  signedToken,
} from "./hand-made-tokens.ts";
import { type KeyServer, openKeyServer } from "./key-server.ts";

const pairs = Array.from({ length: 20 }, () => generateKeyPairSync("ec", { namedCurve: "P-256" }));
const claims = { sub: "ZEQ-CALLER-1", iss: "https://issuer.example", aud: "vault", exp: nowSeconds + 86_400 };
const unknownKey = "unknown key: no usable key of the issuer has its kid and algorithm";

/** The public key of a pair, with or without a `kid`. */
function jwk(index: number, kid?: string) {
  return { ...publicKey(index).export({ format: "jwk" }), ...(kid === undefined ? {} : { kid }) };
}

function publicKey(index: number): KeyObject {
  return pairs[index]?.publicKey as KeyObject;
}

let subjects = 0;

/** Another token each time, so that none is remembered. */
function token(index: number, kid?: string): string {
  subjects += 1;
  const header = { alg: "ES256", ...(kid === undefined ? {} : { kid }) };
  return signedToken({ ...claims, sub: `ZEQ-${subjects}` }, header, pairs[index]?.privateKey as KeyObject);
}

let server: KeyServer;
let clock: HandClock;
let states: IssuerState[];
let authenticate: (token: string) => Promise<unknown>;

beforeAll(async () => {
  server = await openKeyServer();
});
afterAll(() => server.close());

beforeEach(() => {
  clock = handClock(nowSeconds * 1_000);
  states = [];
  server.serve([jwk(0, "k0")]);
  authenticate = authenticatorOf(server.url);
});

function authenticatorOf(jwksUrl: URL) {
  const external = { jwksUrl, issuer: claims.iss, audience: claims.aud, zidClaim: "sub" };
  const onIssuerState = (state: IssuerState) => void states.push(state);
  const one = createAuthenticator({ secret, issuer: "zsc", audience: "zsc", clock, external, onIssuerState });
  return async (text: string) => await one.authenticate(text);
}

const passMs = (ms: number) => clock.turnTo(clock.nowMs() + ms);

async function refusal(text: string): Promise<readonly [string, string]> {
  const failure = await failureOf(() => authenticate(text));
  return [failure.code, reasonOf(failure)];
}

/** How often the issuer is asked while `act` runs. */
async function fetchesOf(act: () => Promise<unknown>): Promise<number> {
  const before = server.fetches;
  await act();
  return server.fetches - before;
}

describe("the keys of an issuer", () => {
  test("are fetched at the first external token, and once for many", async () => {
    expect(await fetchesOf(() => authenticate(hmacToken(goodClaims)))).toBe(0);
    const tokens = Array.from({ length: 20 }, () => token(0, "k0"));
    expect(await fetchesOf(() => Promise.all(tokens.map(authenticate)))).toBe(1);
    expect(states).toEqual([]);
  });

  test.each<[string, readonly unknown[], string]>([
    ["a token without kid, and one key", [jwk(0, "k0")], token(0)],
    ["a token without kid, and several keys", [jwk(1, "k1"), jwk(2, "k2"), jwk(0, "k0")], token(0)],
    ["a token without kid, and keys without", [jwk(1), jwk(2), jwk(0)], token(0)],
    ["a token with kid, and one key without", [jwk(0)], token(0, "k0")],
    ["a token with kid, and several keys without", [jwk(1), jwk(2), jwk(0), jwk(3, "k3")], token(0, "k0")],
    ["two keys of one kid", [jwk(1, "k0"), jwk(0, "k0")], token(0, "k0")],
    ["a key of another kind beside it", [{ kty: "OKP", crv: "X25519", x: "AA" }, { kty: "new" }, jwk(0)], token(0)],
    ["a key beside it that is broken", [{ ...jwk(1), x: "AA" }, jwk(0)], token(0)],
    ["the last of as many keys as are tried", Array.from({ length: 16 }, (_, index) => jwk(15 - index)), token(0)],
  ])("fit: %s", async (_what, keys, text) => {
    server.serve(keys);
    expect(await authenticate(text)).toMatchObject({ role: "caller" });
  });

  test("are tried without a kid in a bounded number", async () => {
    server.serve(Array.from({ length: 17 }, (_, index) => jwk(16 - index)));
    expect(await refusal(token(0))).toEqual(["UNAUTHENTICATED", "bad signature"]);
    expect(await authenticate(token(1))).toMatchObject({ role: "caller" });
  });

  test.each<[string, readonly unknown[], string, string]>([
    ["no key at all", [], token(0), unknownKey],
    ["a key of another kid", [jwk(0, "k0")], token(0, "k1"), unknownKey],
    ["a key for encryption", [{ ...jwk(0), use: "enc" }], token(0), unknownKey],
    ["a key for signing only", [{ ...jwk(0), key_ops: ["sign"] }], token(0), unknownKey],
    ["a key for another algorithm", [{ ...jwk(0), alg: "ES384" }], token(0), unknownKey],
    ["a private key", [pairs[0]?.privateKey.export({ format: "jwk" })], token(0), unknownKey],
    ["a secret", [{ kty: "oct", k: "AAAA" }], token(0), unknownKey],
    ["the kid of another key", [jwk(1, "k0"), jwk(0, "k1")], token(0, "k0"), "bad signature"],
    ["keys of strangers", [jwk(1), jwk(2)], token(0), "bad signature"],
  ])("do not fit: %s", async (_what, keys, text, reason) => {
    server.serve(keys);
    expect(await refusal(text)).toEqual(["UNAUTHENTICATED", reason]);
  });

  test("that are too weak do not fit", async () => {
    const weak = generateKeyPairSync("rsa", { modulusLength: 1_024 });
    server.serve([weak.publicKey.export({ format: "jwk" })]);
    expect(await refusal(signedToken(claims, { alg: "RS256" }, weak.privateKey))).toEqual([
      "UNAUTHENTICATED",
      unknownKey,
    ]);
  });
});

describe("a new key of an issuer", () => {
  beforeEach(async () => {
    await authenticate(token(0, "k0"));
    server.serve([jwk(0, "k0"), jwk(1, "k1")]);
  });

  test("is fetched when its kid comes, but at most once in 5 s", async () => {
    passMs(4_999);
    expect(
      await fetchesOf(async () => expect(await refusal(token(1, "k1"))).toEqual(["UNAUTHENTICATED", unknownKey])),
    ).toBe(0);
    passMs(1);
    const tokens = Array.from({ length: 20 }, () => token(1, "k1"));
    expect(await fetchesOf(() => Promise.all(tokens.map(authenticate)))).toBe(1);
  });

  test("is fetched as well when no token names a kid", async () => {
    passMs(5_000);
    expect(await fetchesOf(() => authenticate(token(1)))).toBe(1);
  });

  test("costs one fetch in 5 s, however many tokens name keys that nobody has", async () => {
    passMs(5_000);
    const refuseMany = () => Promise.all(Array.from({ length: 50 }, (_, index) => refusal(token(2, `no${index}`))));
    expect(await fetchesOf(refuseMany)).toBe(1);
    expect(await fetchesOf(refuseMany)).toBe(0);
    passMs(5_000);
    expect(await fetchesOf(refuseMany)).toBe(1);
  });

  test("is not looked for when the key that a token names did not sign it", async () => {
    passMs(5_000);
    expect(await fetchesOf(() => refusal(token(1, "k0")))).toBe(0);
  });
});

describe("a key that an issuer has taken away", () => {
  test.each([599_999, 600_000, 86_000_000])("is refused after %d ms at the latest, remembered or not", async (ms) => {
    const remembered = token(0, "k0");
    await authenticate(remembered);
    server.serve([jwk(1, "k1")]);
    passMs(ms);
    if (ms < 600_000) {
      await authenticate(token(0, "k0"));
      passMs(1);
    }
    expect(await refusal(remembered)).toEqual(["UNAUTHENTICATED", unknownKey]);
  });

  test("is refused also when a clock that was ahead is set back", async () => {
    passMs(3_600_000);
    const remembered = token(0, "k0");
    await authenticate(remembered);
    server.serve([jwk(1, "k1")]);
    passMs(-3_600_000);
    expect(await refusal(remembered)).toEqual(["UNAUTHENTICATED", unknownKey]);
  });
});

describe("an issuer out of reach", () => {
  const unavailable = (response: ServerResponse) => void response.writeHead(503).end();

  test("is asked once in 5 s, however many tokens come, and its callers hear when to come back", async () => {
    server.answer(unavailable);
    const many = () => Promise.all(Array.from({ length: 50 }, () => failureOf(() => authenticate(token(0, "k0")))));
    expect(await fetchesOf(many)).toBe(1);
    passMs(4_000);
    expect(await fetchesOf(many)).toBe(0);
    for (const failure of await many()) {
      expect(failure).toMatchObject({ code: "ISSUER_UNAVAILABLE", retryAfterMs: 1_000 });
      expect(reasonOf(failure)).toBe("the issuer's keys are out of reach: HTTP status 503");
    }
    passMs(1_000);
    expect(await fetchesOf(many)).toBe(1);
  });

  test("tells its state when it changes, and not for each token", async () => {
    server.answer(unavailable);
    for (let turn = 0; turn < 3; turn += 1) {
      await refusal(token(0, "k0"));
      passMs(5_000);
    }
    server.answer((response) => void response.writeHead(500).end());
    await refusal(token(0, "k0"));
    passMs(5_000);
    server.serve([jwk(0, "k0")]);
    await authenticate(token(0, "k0"));
    await authenticate(token(0, "k0"));
    expect(states).toEqual([
      { reachable: false, reason: "HTTP status 503" },
      { reachable: false, reason: "HTTP status 500" },
      { reachable: true },
    ]);
  });

  test("is not noticed by callers for 10 minutes, when its keys are known", async () => {
    const remembered = token(0, "k0");
    await authenticate(remembered);
    server.answer(unavailable);
    passMs(300_000);
    expect(await authenticate(remembered)).toMatchObject({ role: "caller" });
    passMs(299_999);
    expect(await authenticate(token(0, "k0"))).toMatchObject({ role: "caller" });
    expect(await authenticate(remembered)).toMatchObject({ role: "caller" });
    passMs(1);
    expect((await refusal(remembered))[0]).toBe("ISSUER_UNAVAILABLE");
  });

  test("is asked again before its keys are too old, by tokens that are remembered too", async () => {
    const remembered = token(0, "k0");
    await authenticate(remembered);
    server.answer(unavailable);
    passMs(300_000);
    await authenticate(remembered);
    // The token did not wait for the keys that it asked for: the clock goes on once the issuer has refused them.
    await until(() => states.length === 1);
    passMs(30_000);
    const renewed = new Promise<void>((resolve) => {
      server.answer((response) => {
        response.end(JSON.stringify({ keys: [jwk(0, "k0")] }));
        resolve();
      });
    });
    await authenticate(remembered);
    await renewed;
  });

  test("does not judge a token of a key that it may have by now", async () => {
    await authenticate(token(0, "k0"));
    server.answer(unavailable);
    passMs(5_000);
    expect((await refusal(token(1, "k1")))[0]).toBe("ISSUER_UNAVAILABLE");
    expect((await refusal(token(1, "k0")))[0]).toBe("UNAUTHENTICATED");
    expect(await authenticate(token(0, "k0"))).toMatchObject({ role: "caller" });
  });

  test("leaves our own tokens alone", async () => {
    server.answer(unavailable);
    await refusal(token(0, "k0"));
    expect(await authenticate(hmacToken(goodClaims))).toMatchObject({ role: "admin" });
  });
});

describe("an answer that is no key set", () => {
  const good = JSON.stringify({ keys: [jwk(0, "k0")] });
  const redirect = (status: number) => (response: ServerResponse, path: string) => {
    if (path === "/good") {
      response.end(good);
    } else {
      response.writeHead(status, { location: "/good" }).end();
    }
  };
  const body = (text: string | Uint8Array, headers: Record<string, string> = {}) => {
    return (response: ServerResponse) => void response.writeHead(200, headers).end(text);
  };
  const big = `{"keys":[${JSON.stringify(jwk(0, "k0"))}],"x":"${"x".repeat(1_048_576)}"}`;

  test.each<[string, (response: ServerResponse, path: string) => void, string]>([
    ["not found", (response) => void response.writeHead(404).end(good), "HTTP status 404"],
    ["no content", (response) => void response.writeHead(204).end(), "HTTP status 204"],
    ["moved", redirect(301), "HTTP status 301, and redirects are not followed"],
    ["elsewhere", redirect(307), "HTTP status 307, and redirects are not followed"],
    ["empty", body(""), "the answer is not JSON"],
    ["a page", body("<html>"), "the answer is not JSON"],
    ["not UTF-8", body(Buffer.from([0xff, 0xfe])), "it could not be fetched: ERR_ENCODING_INVALID_ENCODED_DATA"],
    ["null", body("null"), "the answer is not a JSON Web Key Set"],
    ["a list", body(`[${good}]`), "the answer is not a JSON Web Key Set"],
    ["keys that are no list", body('{"keys":{}}'), "the answer is not a JSON Web Key Set"],
    ["keys that are no keys", body('{"keys":["k"]}'), "the answer is not a JSON Web Key Set"],
    [
      "more than 100 keys",
      body(JSON.stringify({ keys: Array(101).fill(jwk(0)) })),
      "the key set holds more than 100 keys",
    ],
    ["more than 1 MiB", body(big), "the answer is larger than 1 MiB"],
    [
      "more than 1 MiB, compressed",
      body(gzipSync(big), { "content-encoding": "gzip" }),
      "the answer is larger than 1 MiB",
    ],
    ["compressed badly", body(good, { "content-encoding": "gzip" }), "it could not be fetched: Z_DATA_ERROR"],
    [
      "cut off",
      (response) => void response.writeHead(200, { "content-length": "9999" }).write(good, () => response.destroy()),
      "it could not be fetched: UND_ERR_SOCKET",
    ],
  ])("is refused: %s", async (_what, answer, reason) => {
    server.answer(answer);
    expect(await refusal(token(0, "k0"))).toEqual([
      "ISSUER_UNAVAILABLE",
      `the issuer's keys are out of reach: ${reason}`,
    ]);
    expect(states).toEqual([{ reachable: false, reason }]);
  });

  test("is refused when it does not end", async () => {
    server.answer((response) => {
      response.write(" ");
      const drip = setInterval(() => response.write(" "), 50);
      response.once("close", () => clearInterval(drip));
    });
    await refusal(token(0, "k0"));
    expect(states).toEqual([{ reachable: false, reason: "no complete answer within 5 s" }]);
  }, 30_000);

  test("is refused when nobody listens", async () => {
    const gone = await openKeyServer();
    await gone.close();
    authenticate = authenticatorOf(gone.url);
    await refusal(token(0, "k0"));
    expect(states).toEqual([{ reachable: false, reason: "it could not be fetched: ECONNREFUSED" }]);
  });
});
