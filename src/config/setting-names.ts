import { isServiceLink } from "./service-links.ts";

/** Settings that hold a secret: each has a twin with `_FILE` at its end, which names a file that holds it. */
export const secretSettings = ["ZSC_MASTER_KEY", "ZSC_JWT_SECRET", "ZSC_DATABASE_URL"] as const;

export const plainSettings = [
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
] as const;

export type SecretSetting = (typeof secretSettings)[number];
export type PlainSetting = (typeof plainSettings)[number];

const known: readonly string[] = [...plainSettings, ...secretSettings, ...secretSettings.map((name) => `${name}_FILE`)];

const prefix = "ZSC_";
const testPrefix = "ZSC_TEST_";
/** One typing error in three letters, and no more than this, still looks like the name that was meant. */
const lettersPerTypo = 3;
const maxTypos = 4;

export interface ForeignNames {
  /** A sentence for each name that begins like ours and is none: a typing error must not pass for "not set". */
  readonly problems: readonly string[];
  /** What an orchestrator sets beside a service of our name. */
  readonly serviceLinks: readonly string[];
}

/** Sorts out the names that begin like ours and are no settings. */
export function foreignNames(env: Readonly<Record<string, string | undefined>>): ForeignNames {
  const foreign = Object.keys(env).filter(
    (name) => name.startsWith(prefix) && !name.startsWith(testPrefix) && !known.includes(name),
  );
  const serviceLinks = foreign.filter((name) => isServiceLink(name, env[name] ?? ""));
  const unknown = foreign.filter((name) => !serviceLinks.includes(name));
  return { problems: unknown.map((name) => `${name} is no setting${suggestion(name)}`), serviceLinks };
}

function suggestion(name: string): string {
  const own = name.slice(prefix.length);
  const near = known
    .map((candidate) => ({ candidate, distance: distanceOf(own, candidate.slice(prefix.length)) }))
    .filter(({ distance }) => distance <= Math.min(maxTypos, Math.floor(own.length / lettersPerTypo)))
    .sort((a, b) => a.distance - b.distance);
  const [nearest] = near;
  return nearest === undefined ? ": remove it" : `: did you mean ${nearest.candidate}?`;
}

/** A name that lacks the end of another, such as `TLS_CERT`, was cut short rather than mistyped. */
function distanceOf(own: string, candidate: string): number {
  return own.length > 2 && candidate.startsWith(`${own}_`) ? 1 : editDistance(own, candidate);
}

/** Optimal string alignment: how many characters to insert, delete, replace or swap with their neighbour. */
function editDistance(from: string, to: string): number {
  let before: readonly number[] = [];
  let row: readonly number[] = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      const swapped = from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1] ? (before[j - 2] ?? 0) + 1 : replaced;
      next.push(Math.min(replaced, swapped, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    before = row;
    row = next;
  }
  return row[to.length] ?? 0;
}
