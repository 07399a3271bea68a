import fc from "fast-check";
import { momentOf } from "../../src/base/moment.ts";
import { tryParseAddress } from "../../src/vaults/address.ts";
import { parseConditions, restoreConditions } from "../../src/vaults/conditions.ts";
import { parsePattern } from "../../src/vaults/pattern.ts";
import { type Permission, parsePermissions } from "../../src/vaults/permission.ts";
import { type AccessContext, createAccess, decideAccess, type Policy, type Wanted } from "../../src/vaults/policy.ts";
import { parseScopes } from "../../src/vaults/scope.ts";
import { isMatch, paths, patterns } from "./pattern-model.ts";
import { refusal } from "./refusal.ts";

const noonMs = Date.parse("2026-06-01T12:00:00Z");
const vaultId = "11111111-1111-4111-8111-111111111111";
const otherVaultId = "22222222-2222-4222-8222-222222222222";
const maker = "3a333333-3333-4333-8333-333333333333";
const guest = "44444444-4444-4444-8444-444444444444";

interface Rule {
  readonly vault?: string;
  readonly type?: "user" | "agent";
  readonly id?: string;
  readonly pattern?: string;
  readonly permissions?: readonly Permission[];
  readonly effect?: "allow" | "deny";
  readonly priority?: number;
  readonly expiresAtMs?: number | null;
  readonly conditions?: unknown;
}

function policy(rule: Rule): Policy {
  return {
    vaultId: rule.vault ?? vaultId,
    principal: { type: rule.type ?? "agent", id: rule.id ?? guest },
    pattern: parsePattern(rule.pattern ?? "**"),
    permissions: rule.permissions ?? ["read"],
    effect: rule.effect ?? "allow",
    priority: rule.priority ?? 0,
    expiresAtMs: rule.expiresAtMs ?? null,
    conditions: restoreConditions(JSON.stringify(rule.conditions ?? {})),
  };
}

interface Situation {
  readonly type?: "user" | "agent";
  readonly id?: string;
  readonly creator?: { readonly type: "user" | "agent"; readonly id: string };
  readonly vaultIds?: readonly string[];
  readonly scopes?: readonly string[];
  readonly rules?: readonly Rule[];
  readonly address?: string | null;
}

function context(situation: Situation): AccessContext {
  const { address = "192.0.2.1" } = situation;
  return {
    vault: { id: vaultId, creator: situation.creator ?? { type: "user", id: maker } },
    principal: {
      type: situation.type ?? "agent",
      id: situation.id ?? guest,
      vaultIds: situation.vaultIds ?? [],
      ceiling: parseScopes(situation.scopes ?? []),
    },
    policies: (situation.rules ?? []).map(policy),
    now: momentOf({ nowMs: () => noonMs }),
    address: address === null ? null : tryParseAddress(address),
  };
}

const use = (path: string, ...anyOf: readonly Permission[]): Wanted => ({ kind: "use", path, anyOf });
const own: Wanted = { kind: "own" };
const see: Wanted = { kind: "see" };

/** The decision in one word. */
function decide(situation: Situation, wanted: Wanted): string {
  const decision = decideAccess(context(situation), wanted);
  return decision.kind === "allowed" ? decision.by : decision.because;
}

const read = use("prod/db", "read");
const everything: Rule = { permissions: ["read", "write", "delete", "rotate"] };
const makerAsAgent = { type: "agent", id: maker } as const;

describe("the order of the checks", () => {
  test.each<[string, Situation, Wanted, string]>([
    ["no policy refuses", {}, read, "no_policy"],
    ["one policy is enough", { rules: [{}] }, read, "policy"],
    ["the creator reads", { type: "user", id: maker }, read, "creator"],
    ["the creator owns", { type: "user", id: maker }, own, "creator"],
    ["the creator sees", { type: "user", id: maker }, see, "creator"],
    ["the creator is not denied", { type: "user", id: maker, rules: [{ id: maker, effect: "deny" }] }, read, "creator"],
    ["a ceiling refuses the creator", { ...makerAsAgent, creator: makerAsAgent, scopes: ["x"] }, read, "ceiling"],
    ["a ceiling refuses a key of the creator", { type: "user", id: maker, scopes: ["x"] }, read, "ceiling"],
    [
      "a ceiling that covers the path leaves the creator",
      { type: "user", id: maker, scopes: ["prod/*"] },
      read,
      "creator",
    ],
    ["under a ceiling nobody owns", { type: "user", id: maker, scopes: ["**"] }, own, "ceiling"],
    ["under a ceiling the creator sees", { type: "user", id: maker, scopes: ["x"] }, see, "creator"],
    ["a scope of everything is no ceiling", { type: "user", id: maker, scopes: ["*", "x"] }, own, "creator"],
    ["an agent with the id of the user who made it is another", { ...makerAsAgent }, read, "no_policy"],
    [
      "a user with the id of the agent who made it is another",
      { type: "user", id: maker, creator: makerAsAgent },
      own,
      "not_creator",
    ],
    [
      "ids are compared as they stand",
      { type: "user", id: maker.toUpperCase(), creator: { type: "user", id: maker } },
      own,
      "not_creator",
    ],
    ["nobody else owns", { rules: [everything] }, own, "not_creator"],
    ["a binding to this vault lets pass", { vaultIds: [otherVaultId, vaultId], rules: [{}] }, read, "policy"],
    ["a binding to another refuses", { vaultIds: [otherVaultId], rules: [{}] }, read, "binding"],
    ["a binding to another refuses to see", { vaultIds: [otherVaultId], rules: [{}] }, see, "binding"],
    [
      "a binding comes before the creator",
      { ...makerAsAgent, creator: makerAsAgent, vaultIds: [otherVaultId] },
      own,
      "binding",
    ],
    [
      "a binding is one of agents",
      { type: "user", vaultIds: [otherVaultId], rules: [{ type: "user" }] },
      read,
      "policy",
    ],
    ["a ceiling refuses", { scopes: ["test/**"], rules: [{}] }, read, "ceiling"],
    ["a ceiling refuses without a policy too", { scopes: ["test/**"] }, read, "ceiling"],
    ["a ceiling gives nothing", { scopes: ["**"] }, read, "no_policy"],
    ["a ceiling that covers the path lets pass", { scopes: ["prod/*"], rules: [{}] }, read, "policy"],
    [
      "a ceiling of a user's key is the same",
      { type: "user", scopes: ["test/**"], rules: [{ type: "user" }] },
      read,
      "ceiling",
    ],
    ["a ceiling says nothing without a path", { scopes: ["test/**"], rules: [{}] }, see, "policy"],
    ["scopes of the API are no ceiling", { scopes: ["vaults:read"], rules: [{}] }, read, "policy"],
  ])("%s", (_what, situation, wanted, expected) => expect(decide(situation, wanted)).toBe(expected));
});

describe("policies", () => {
  const outside = { ip_allowlist: ["10.0.0.0/8"] };
  const inside = { ip_allowlist: ["192.0.2.0/24"] };
  const night = { time_window: { after: "22:00", before: "06:00", timezone: "UTC" } };
  const deny = { effect: "deny" } as const;

  test.each<[string, readonly Rule[], string]>([
    ["of another vault", [{ vault: otherVaultId }], "no_policy"],
    ["of a user with the same id", [{ type: "user" }], "no_policy"],
    ["of another agent", [{ id: maker }], "no_policy"],
    ["of another path", [{ pattern: "test/*" }], "no_policy"],
    ["of another permission", [{ permissions: ["write", "delete", "rotate"] }], "no_policy"],
    ["that expire in a millisecond", [{ expiresAtMs: noonMs + 1 }], "policy"],
    ["that expire now", [{ expiresAtMs: noonMs }], "no_policy"],
    ["that expired at the epoch", [{ expiresAtMs: 0 }], "no_policy"],
    ["whose conditions hold", [{ conditions: inside }], "policy"],
    ["whose conditions do not hold", [{ conditions: outside }], "no_policy"],
    ["for the night", [{ conditions: night }], "no_policy"],
    ["that allow and deny", [{}, deny], "denied"],
    ["that deny and allow", [deny, {}], "denied"],
    ["that allow above a deny", [deny, { priority: 1 }], "policy"],
    ["that allow below a deny", [{ priority: 1 }, { ...deny, priority: 2 }], "denied"],
    ["that deny at 10 and allow at 5", [{ priority: 5 }, { ...deny, priority: 10 }], "denied"],
    ["of three priorities", [deny, { priority: 2 }, { ...deny, priority: 1 }], "policy"],
    ["of priorities that text would sort otherwise", [{ ...deny, priority: 9 }, { priority: 10 }], "policy"],
    ["that deny another path", [{}, { ...deny, pattern: "prod/x", priority: 9 }], "policy"],
    ["that deny another permission", [{}, { ...deny, permissions: ["write"], priority: 9 }], "policy"],
    ["that denied until now", [{}, { ...deny, priority: 9, expiresAtMs: noonMs }], "policy"],
    ["that deny elsewhere", [{}, { ...deny, priority: 9, conditions: outside }], "policy"],
    ["that deny here", [{}, { ...deny, priority: 9, conditions: inside }], "denied"],
  ])("%s", (_what, rules, expected) => expect(decide({ rules }, read)).toBe(expected));

  test.each<[string, readonly Rule[], readonly Permission[], string]>([
    ["either", [{ permissions: ["rotate"] }], ["rotate", "write"], "policy"],
    ["either", [{ permissions: ["write"] }], ["rotate", "write"], "policy"],
    ["neither", [{ permissions: ["read", "delete"] }], ["rotate", "write"], "no_policy"],
    [
      "a deny of one above an allow of the other",
      [{ permissions: ["write"] }, { ...deny, permissions: ["delete"], priority: 1 }],
      ["delete", "write"],
      "denied",
    ],
    [
      "a deny of one beside an allow of the other",
      [{ permissions: ["write"] }, { ...deny, permissions: ["delete"] }],
      ["delete", "write"],
      "denied",
    ],
    [
      "a deny of one below an allow of the other",
      [
        { permissions: ["write"], priority: 1 },
        { ...deny, permissions: ["delete"] },
      ],
      ["delete", "write"],
      "policy",
    ],
    ["nothing", [everything], [], "no_policy"],
  ])("two permissions are one list: %s (%#)", (_what, rules, anyOf, expected) =>
    expect(decide({ rules }, use("prod/db", ...anyOf))).toBe(expected),
  );

  test.each<[string, readonly Rule[], string]>([
    ["none", [], "no_policy"],
    ["one for any path and permission", [{ pattern: "x/y/z", permissions: ["delete"] }], "policy"],
    ["one that denies", [deny], "no_policy"],
    ["one that allows below a deny", [{}, { ...deny, priority: 9 }], "policy"],
    ["one that has expired", [{ expiresAtMs: noonMs }], "no_policy"],
    ["one whose conditions do not hold", [{ conditions: outside }], "no_policy"],
    ["one of another", [{ id: maker }, { vault: otherVaultId }], "no_policy"],
  ])("a vault is seen with one live allow: %s", (_what, rules, expected) =>
    expect(decide({ rules }, see)).toBe(expected),
  );

  test.each<[string, Situation, Wanted, string]>([
    ["an allow of some addresses", { address: null, rules: [{ conditions: inside }] }, read, "no_policy"],
    ["an allow of some addresses, to see", { address: null, rules: [{ conditions: inside }] }, see, "no_policy"],
    ["a deny of some addresses", { address: null, rules: [{}, { ...deny, conditions: outside }] }, read, "denied"],
    [
      "a deny of the night",
      { address: null, rules: [{}, { ...deny, conditions: { ...outside, ...night } }] },
      read,
      "policy",
    ],
    ["a deny that cannot be read", { rules: [{}, { ...deny, conditions: { days: ["mon"] } }] }, read, "denied"],
    ["an allow that cannot be read", { rules: [{ conditions: { days: ["mon"] } }] }, read, "no_policy"],
  ])("what is not known to hold refuses: %s", (_what, situation, wanted, expected) =>
    expect(decide(situation, wanted)).toBe(expected),
  );

  test("decide for each path of a list as for one", () => {
    const situation = { rules: [{ pattern: "prod/**" }, { ...deny, pattern: "**/key", priority: 1 }] };
    const access = createAccess(context(situation));
    const all = ["prod", "prod/db", "prod/key", "prod/a/key", "key", "test/db"];
    expect(all.filter((path) => access(use(path, "read")).kind === "allowed")).toEqual(["prod", "prod/db"]);
    expect(all.map((path) => access(use(path, "read")))).toEqual(
      all.map((path) => decideAccess(context(situation), use(path, "read"))),
    );
  });

  test("are left as they were given", () => {
    const given = context({ rules: [{ priority: 1 }, { priority: 3 }, { priority: 2 }] });
    decideAccess(given, read);
    expect(given.policies.map(({ priority }) => priority)).toEqual([1, 3, 2]);
  });
});

describe("a decision", () => {
  const ids = fc.constantFrom(maker, guest);
  const vaults = fc.constantFrom(vaultId, vaultId, vaultId, otherVaultId);
  const types = fc.constantFrom("user" as const, "agent" as const);
  const some = fc.subarray<Permission>(["read", "write", "delete", "rotate"], { minLength: 1 });
  const rules: fc.Arbitrary<Required<Rule>> = fc.record({
    vault: vaults,
    type: types,
    id: ids,
    pattern: fc.oneof(patterns, fc.constant("**")),
    permissions: some,
    effect: fc.constantFrom("allow" as const, "allow" as const, "deny" as const),
    priority: fc.constantFrom(0, 0, 1, 2, 10),
    expiresAtMs: fc.constantFrom(null, null, noonMs - 1, noonMs, noonMs + 1),
    conditions: fc.constantFrom({}, {}, { ip_allowlist: ["192.0.2.0/24"] }, { ip_allowlist: ["10.0.0.0/8"] }),
  });
  const situations: fc.Arbitrary<Required<Situation>> = fc.record({
    type: types,
    id: ids,
    creator: fc.record({ type: types, id: ids }),
    vaultIds: fc.array(vaults, { maxLength: 2 }),
    scopes: fc.array(fc.oneof(patterns, fc.constantFrom("*", "vaults:read")), { maxLength: 2 }),
    rules: fc.array(rules, { maxLength: 8 }),
    address: fc.constantFrom("192.0.2.1", "10.1.2.3", "203.0.113.1", null),
  });
  const wishes: fc.Arbitrary<Wanted> = fc.oneof(
    { weight: 6, arbitrary: fc.tuple(paths, some).map(([path, anyOf]) => use(path, ...anyOf.slice(0, 2))) },
    { weight: 1, arbitrary: fc.constantFrom(own, see) },
  );

  /** The contract's words one after the other: no order of policies, no early end. */
  function model(situation: Required<Situation>, wanted: Wanted): boolean {
    const { type, id, creator, vaultIds, scopes, address } = situation;
    const match = (pattern: string, path: string) => isMatch(pattern.split("/"), path.split("/"));
    if (type === "agent" && vaultIds.length > 0 && vaultIds.every((each) => each !== vaultId)) {
      return false;
    }
    const ofPaths = scopes.filter((scope) => !scope.includes(":"));
    const isLimited = ofPaths.length > 0 && !ofPaths.includes("*");
    const covers = wanted.kind === "use" && ofPaths.some((scope) => match(scope, wanted.path));
    if (`${creator.type}:${creator.id}` === `${type}:${id}`) {
      return !isLimited || wanted.kind === "see" || covers;
    }
    const theirs = (situation.rules as readonly Required<Rule>[]).filter(
      (rule) => `${rule.vault} ${rule.type} ${rule.id}` === `${vaultId} ${type} ${id}`,
    );
    const unexpired = theirs.filter(({ expiresAtMs }) => expiresAtMs === null || expiresAtMs > noonMs);
    const live = unexpired.filter(({ conditions, effect }) => {
      const [range] = (conditions as { ip_allowlist?: string[] }).ip_allowlist ?? [];
      if (range !== undefined && address === null) {
        return effect === "deny";
      }
      return range === undefined || address?.startsWith(range === "10.0.0.0/8" ? "10." : "192.0.2.") === true;
    });
    if (wanted.kind !== "use") {
      return wanted.kind === "see" && live.some(({ effect }) => effect === "allow");
    }
    if (isLimited && !covers) {
      return false;
    }
    const speaking = live.filter(
      ({ pattern, permissions }) =>
        match(pattern, wanted.path) && wanted.anyOf.some((permission) => permissions.includes(permission)),
    );
    const highest = Math.max(...speaking.map(({ priority }) => priority));
    const decisive = speaking.filter(({ priority }) => priority === highest);
    return decisive.length > 0 && decisive.every(({ effect }) => effect === "allow");
  }

  test("is what the plain model decides", () => {
    const seen = { allowed: 0, refused: 0 };
    fc.assert(
      fc.property(situations, wishes, (situation, wanted) => {
        const { kind } = decideAccess(context(situation), wanted);
        seen[kind] += 1;
        expect(kind).toBe(model(situation, wanted) ? "allowed" : "refused");
      }),
      { numRuns: 10_000 },
    );
    expect(seen.allowed).toBeGreaterThan(1_000);
    expect(seen.refused).toBeGreaterThan(1_000);
  });

  test("does not depend on the order of the policies", () => {
    fc.assert(
      fc.property(situations, wishes, (situation, wanted) => {
        const turned = { ...situation, rules: situation.rules.toReversed() };
        expect(decide(turned, wanted)).toBe(decide(situation, wanted));
      }),
      { numRuns: 2_000 },
    );
  });

  test("is never opened by one more deny, a scope or a binding", () => {
    fc.assert(
      fc.property(situations, wishes, rules, patterns, (situation, wanted, rule, scope) => {
        const before = decideAccess(context(situation), wanted).kind;
        const denied = { ...situation, rules: [...situation.rules, { ...rule, effect: "deny" as const }] };
        const bound = { ...situation, vaultIds: [otherVaultId] };
        const under = { ...situation, scopes: [scope] };
        fc.pre(before === "refused");
        expect(decideAccess(context(denied), wanted).kind).toBe("refused");
        expect(decideAccess(context(bound), wanted).kind).toBe(situation.type === "user" ? before : "refused");
        if (situation.scopes.length === 0) {
          expect(decideAccess(context(under), wanted).kind).toBe("refused");
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("permissions", () => {
  test("are one or more of four, each once", () => {
    expect(parsePermissions(["read"])).toEqual(["read"]);
    expect(parsePermissions(["rotate", "delete", "write", "read"])).toEqual(["rotate", "delete", "write", "read"]);
    expect(parsePermissions(["write", "read", "write"])).toEqual(["write", "read"]);
  });

  test.each([[[]], [["admin"]], [["read", "READ"]], [["read", ""]], [["*"]], [["toString"]], [["read,write"]]])(
    "refuse %j",
    (texts) =>
      expect(refusal(() => parsePermissions(texts))).toBe(
        "permissions must be one or more of read, write, delete, rotate",
      ),
  );
});

test("conditions of a policy are those that were parsed", () => {
  const { conditions } = policy({ conditions: { ip_allowlist: ["10.0.0.0/8"] } });
  expect(conditions).toEqual(parseConditions({ ip_allowlist: ["10.0.0.0/8"] }));
});
