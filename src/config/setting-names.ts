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
  "ZSC_REQUIRE_VAULT",
  "ZSC_SHUTDOWN_SECONDS",
] as const;

export type SecretSetting = (typeof secretSettings)[number];
export type PlainSetting = (typeof plainSettings)[number];

const known: readonly string[] = [...plainSettings, ...secretSettings, ...secretSettings.map((name) => `${name}_FILE`)];

const prefix = "ZSC_";
const testPrefix = "ZSC_TEST_";
const maxTypos = 4;

/** Problems with names that begin like ours and are none: a typo must not pass for "not set". */
export function unknownSettings(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  return Object.keys(env)
    .filter((name) => name.startsWith(prefix) && !name.startsWith(testPrefix) && !known.includes(name))
    .map((name) => `${name} is no setting${suggestion(name)}`);
}

function suggestion(name: string): string {
  const ranked = known.map((candidate) => ({ candidate, distance: editDistance(name, candidate) }));
  const [nearest] = ranked.sort((a, b) => a.distance - b.distance);
  const near = nearest !== undefined && nearest.distance <= maxTypos;
  return near ? `: did you mean ${nearest.candidate}?` : ": remove it";
}

/** Levenshtein's distance: how many characters to insert, delete or replace. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [i, character] of [...from].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...to].entries()) {
      const replaced = (row[j] ?? 0) + (character === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
