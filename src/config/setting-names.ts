import { editDistance, nearestOf } from "../base/index.ts";
import { isServiceLink } from "./service-links.ts";

/** Settings that hold a secret. Each has a counterpart with the suffix `_FILE`, which names a file with the secret. */
const secretSettings = ["ZSC_MASTER_KEY", "ZSC_JWT_SECRET", "ZSC_DATABASE_URL"] as const;

const plainSettings = [
  "ZSC_MODE",
  "ZSC_LISTEN",
  "ZSC_JWT_ISSUER",
  "ZSC_JWT_AUDIENCE",
  "ZSC_TLS_CERT_FILE",
  "ZSC_TLS_KEY_FILE",
  "ZSC_CALLER_JWKS_URL",
  "ZSC_CALLER_ISSUER",
  "ZSC_CALLER_AUDIENCE",
  "ZSC_CALLER_ZID_CLAIM",
  "ZSC_DATA_DIR",
  "ZSC_LOG_LEVEL",
  "ZSC_CALL_SECONDS",
  "ZSC_REQUIRE_VAULT",
  "ZSC_SHUTDOWN_SECONDS",
  "ZSC_RATE_LIMIT",
  "ZSC_AUTH_RATE_LIMIT",
  "ZSC_TRUSTED_PROXIES",
  "ZSC_SIGNUP",
  "ZSC_USER_TOKEN_SECONDS",
  "ZSC_AGENT_TOKEN_SECONDS",
] as const;

/** Variables of the client commands: the server knows and ignores them (contract people.md, section 1). */
const clientNames: readonly string[] = [
  "ZSC_URL",
  "ZSC_PROFILE",
  "ZSC_TOKEN",
  "ZSC_TOKEN_FILE",
  "ZSC_READER_TOKEN_FILE",
  "ZSC_CA_FILE",
  "ZSC_TIMEOUT",
  "ZSC_NO_INPUT",
  "ZSC_COMPLETE_NAMES",
];

export type SecretSetting = (typeof secretSettings)[number];
export type PlainSetting = (typeof plainSettings)[number];

const known: readonly string[] = [
  ...plainSettings,
  ...secretSettings,
  ...secretSettings.map((name) => `${name}_FILE`),
  ...clientNames,
];

const prefix = "ZSC_";
const testPrefix = "ZSC_TEST_";

interface ForeignNames {
  /** One sentence per unknown name with our prefix: a misspelt setting must not be treated as "not set". */
  readonly problems: readonly string[];
  /** Variables that an orchestrator sets for a service named `zsc`. */
  readonly serviceLinks: readonly string[];
}

/** Classifies the variables that have our prefix and are not settings. */
export function foreignNames(env: Readonly<Record<string, string | undefined>>): ForeignNames {
  const foreign = Object.keys(env).filter(
    (name) => name.startsWith(prefix) && !name.startsWith(testPrefix) && !known.includes(name),
  );
  const serviceLinks = foreign.filter((name) => isServiceLink(name, env[name] ?? ""));
  const unknown = foreign.filter((name) => !serviceLinks.includes(name));
  return { problems: unknown.map((name) => `${name} is no setting${suggestion(name)}`), serviceLinks };
}

/** One sentence for each variable that has our prefix and that neither a command nor the server knows. */
export function foreignClientNames(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  return foreignNames(env).problems;
}

function suggestion(name: string): string {
  const names = known.map((each) => each.slice(prefix.length));
  const nearest = nearestOf(name.slice(prefix.length), names, distanceOf);
  return nearest === undefined ? ": remove it" : `: did you mean ${prefix}${nearest}?`;
}

/** A prefix of another name, such as `TLS_CERT`, is treated as truncated rather than misspelt. */
function distanceOf(own: string, candidate: string): number {
  return own.length > 2 && candidate.startsWith(`${own}_`) ? 1 : editDistance(own, candidate);
}
